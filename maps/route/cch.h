/* Private to maps/route: customizable contraction hierarchies (Dibbelt, Strasser, Wagner, JEA 2016).
 *
 * Vertices are numbered by rank. The neighbours above a vertex are all its ancestors in the elimination tree, so a
 * place among them is told by its depth (root = 0), and what a search knows fits an array over the depths of one root
 * path. The numbering is a depth-first walk: the subtree of x is below .. x.
 *
 * Blocks (supernodes of sparse Cholesky factorisation) are runs of vertices whose neighbours nest: above every vertex
 * of the block lie the later ones of the block, then the common rest. Customisation is a multifrontal min-plus
 * factorisation: one dense matrix, the front, per block.
 *
 * With turns most ways have one direction only (a street that leads into a region is no way out of it). So of the
 * common rest only those vertices have a row in the front from which a way into the block's subtree exists at all, and
 * only those a column to which one leads: with turns a third of the whole square. Weights outside are infinite in any
 * metric and never written. */
#ifndef ZUB_CCH_H
#define ZUB_CCH_H

#include "cch_edges.h"
#include "cch_label.h"

struct arena;

#define CCH_DEPTH_MAX 60000u

struct cch_vertex {
	uint32_t first;	 /* of its arcs upwards */
	uint32_t parent; /* NONE = a root */
	uint32_t below;	 /* lowest vertex of its subtree */
	uint32_t depth;
};

/* An edge of the search graph, seen from its lower end. */
struct cch_base {
	uint32_t slot; /* 2 * upward arc + (1 = the edge leads down) */
	uint32_t arc, turn;
	uint32_t cell; /* of the front of the block of the lower end; in a low subtree: of the weights, CCH_FIRST */
};

struct cch_low {
	uint32_t up, tail;
};

/* Triangles below an arc over all vertices of one block. */
struct cch_over {
	uint32_t
		near; /* arc from the block's last vertex to the lower end; that to the higher end is `gap` behind it */
	uint16_t gap;
	uint16_t n_out; /* vertices of the block */
};

struct cch_block {
	uint32_t first;		 /* lowest vertex; the block ends before the first of the next */
	uint32_t parent;	 /* block, or NONE */
	uint32_t n_rest;	 /* common neighbours above */
	uint32_t child, sibling; /* first child, next child of the same parent; NONE */
	uint32_t n_rows, n_cols; /* common neighbours with a way into the block's subtree, out of it */
	size_t line_at;		 /* of its rows and columns in cch_lines */
	size_t nest_at;		 /* of its rows of nest */
	size_t stack_at;	 /* customisation: where what it hands to its parent lies on the stack */
	size_t path_at;		 /* perfect customisation: where its front lies above those of its ancestors */
};

/* Rows, or columns, of the common neighbours in the fronts, ascending. */
struct cch_lines {
	uint16_t *rest;	 /* place among the common neighbours */
	uint16_t *above; /* row, or column, in the front of the parent block */
};

/* Low subtrees: where fronts are tiny, finding one's way costs more than the ways. There the lower triangles are listed
 * once, in the order in which they must be weighed, and customisation just walks the list:
 * weight[to] = min(weight[to], weight[in] + weight[out]). */
struct cch_triangle {
	uint32_t to, in, out; /* upward arc, or m + upward arc for the way down; `to` may be a cell of the result */
};

/* In a list, of what is written: by nobody before, so that nothing need be made infinite first. */
#define CCH_FIRST 0x80000000u

/* Customisation takes these one after the other: a block, or a whole low subtree. */
struct cch_step {
	uint32_t block;	 /* the block, or the root of the subtree */
	uint32_t lowest; /* block; NONE: no low subtree */
	uint32_t inner,
		outer; /* of the triangles: those within; those that make the result, up to the inner of the next
			*/
};

struct cch_kernels;

struct cch {
	const struct route_graph *graph;
	const struct cch_kernels *kernels;
	const uint32_t *rank;	 /* [n] of a vertex of cch_edges; of the network */
	const uint32_t *up_head; /* [m] of the network */
	uint32_t n, m, n_base, n_blocks, depth_max /* of any vertex */, front_max;
	size_t stack_max, path_max; /* labels on the stack of customisation, of perfect customisation */
	size_t work;		    /* labels of scratch that either needs */
	struct cch_vertex *vertex;  /* [n + 1] */
	uint32_t *up_tail;	    /* [m] */
	uint16_t *up_depth;	    /* [m] depth of the head */
	uint16_t *up_rest; /* [m] arcs of the last vertex of a block: place of the head in the front of the parent block
			    */
	uint32_t *low_first;	 /* [n + 1] */
	struct cch_low *low;	 /* [m] upward arcs by head, tails ascending */
	uint32_t *base_first;	 /* [n + 1] by lower end */
	struct cch_base *base;	 /* [n_base] */
	uint32_t *arc_first;	 /* [n_arcs + 1] */
	uint32_t *arc_base;	 /* [n_base] edges that drive an arc */
	struct cch_block *block; /* [n_blocks + 1] */
	struct cch_lines row, col;
	uint32_t n_steps;
	struct cch_step *step; /* [n_steps + 1] */
	struct cch_triangle *triangle;
	uint32_t *block_of; /* [n] */
	/* for each block and each pair p < q of its common neighbours: the place of the q-th among the neighbours of
	 * the p-th; rows p of n_rest - 1 - p places */
	uint16_t *nest;
	uint32_t *over_first;  /* [m + 1] by upward arc */
	struct cch_over *over; /* what lies below each arc, but for the vertices of the block of its tail; ways that
				  cannot exist are left out */
};

/* Bytes at most for a network that has an order; 0 where it has none. */
size_t cch_size(const struct network *network, size_t n_edges_most);
/* Errors: ERR_MEMORY, ERR_RANGE (the order does not fit the network). */
int cch_open(struct cch **ret_cch, const struct route_graph *graph, struct arena *arena);

/* Low subtrees (cch_low.c): finds them once all else is there. */
size_t cch_low_size(const struct network *network);
int cch_low_open(struct cch *cch, struct arena *arena); /* ERR_MEMORY */

/* Vertices of the front of a block. */
static inline uint32_t cch_front_size(const struct cch *cch, uint32_t b)
{
	return cch->block[b + 1].first - cch->block[b].first + cch->block[b].n_rest;
}
/* Vertices of a block. */
static inline uint32_t cch_n_vertices(const struct cch *cch, uint32_t block)
{
	return cch->block[block + 1].first - cch->block[block].first;
}
/* The places of the later common neighbours of a block among those of its p-th. */
static inline const uint16_t *cch_nest(const struct cch *cch, uint32_t block, uint32_t p)
{
	size_t n = cch->block[block].n_rest;
	return cch->nest + cch->block[block].nest_at + p * (2 * n - p - 1) / 2;
}
/* The upward arc x -> y (x below y), or NONE. */
uint32_t cch_up_find(const struct cch *cch, uint32_t x, uint32_t y);

/* --- weights (cch_customize.c) --- */

/* What a search climbs: arcs out of x towards its ancestors, in one driving direction. */
struct cch_side {
	const uint32_t *first; /* [n + 1] */
	const uint16_t *depth; /* of the heads */
	const cch_label *weight;
};

struct route_weights {
	const struct cch *cch;
	uint32_t class_index;
	const uint32_t *time_ms;	   /* [n_arcs], borrowed */
	cch_label *up, *down;		   /* [m] best way x -> y, y -> x over vertices below x and y; down = up + m */
	struct cch_side forward, backward; /* what queries use: the above, or what perfect customisation left of it */
	uint32_t *up_first;		   /* [n + 1] */
	struct cch_kept {
		uint32_t *first;
		uint16_t *depth;
		cch_label *weight;
	} kept[2]; /* forward, backward */
	/* scratch */
	cch_label *front, *stack;
	uint8_t *is_kept;    /* [m] bit 0 up, bit 1 down */
	uint64_t *bits;	     /* [cch_wait_words] upward arcs waiting for an update */
	uint8_t *is_waiting; /* [m] */
};

static inline size_t cch_wait_words(size_t m)
{
	return m / 64 + 1 + m / 4096 + 1;
}

/* Scratch of one thread, and where results of blocks lie. */
struct cch_place {
	cch_label *front, *stack;
	size_t base;		   /* of the subtree at hand on the stack */
	uint32_t root;		   /* the block whose result goes to `shared`; NONE */
	cch_label *shared;	   /* what several threads see */
	const uint32_t *shared_at; /* [n_blocks] all results are there; NULL */
};
void cch_customize_steps(struct route_weights *weights, const struct cch_place *place, uint32_t first, uint32_t end);
/* Perfects the arcs of one block; front[n * n] receives the shortest ways between its vertices and neighbours above,
 * `parent` has those of its parent. */
void cch_perfect_block(struct route_weights *weights, uint32_t b, cch_label *front, const cch_label *parent);
/* Lays what is kept of one direction (0 forward) close together; queries use it once both are. */
void cch_keep(struct route_weights *weights, int bit);
void cch_use_kept(struct route_weights *weights);

/* All weights anew. */
void cch_customize(struct route_weights *weights, uint32_t class_index, const uint32_t *time_ms);
/* After times of the arcs changed in place: the same weights as cch_customize would give. */
void cch_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n);
/* Leaves out of the queries what no shortest path needs. Undone by cch_customize and cch_update. */
void cch_perfect(struct route_weights *weights);
/* Queries use all arcs. */
void cch_use_all(struct route_weights *weights);
cch_label cch_base_label(const struct route_weights *weights, const struct cch_base *base);

/* --- kernels: compiled for several processors, all with the same results --- */

struct route_hub;
struct cch_kernels {
	/* Takes the first n_out vertices out of a dense matrix of n_rows x n_cols ways (row and column i belong to
	 * vertex i below n_out): the ways between the others become no longer than those over them, and are written to
	 * rest[(n_rows - n_out) * (n_cols - n_out)]. The diagonal is never needed. */
	void (*eliminate)(cch_label *front, uint32_t n_rows, uint32_t n_cols, uint32_t n_out, cch_label *rest);
	/* least a[i] + b[i] */
	cch_label (*meet)(const cch_label *a, const cch_label *b, uint32_t n);
	/* Makes row and column i of the matrix shortest ways; those between later vertices are already, `up` and `down`
	 * are the weights between i and them. The diagonal is infinite. */
	void (*perfect)(cch_label *front, uint32_t n, uint32_t i, const cch_label *up, const cch_label *down);
	/* best[i] = min(itself, add + row[i]) */
	void (*join)(int32_t *best, const int32_t *row, int32_t add, uint32_t n);
	/* best[l] = least over the hubs of time + table[vertex * n_lanes + l], ROUTE_HUB_FAR at most; n_lanes a
	 * multiple of 16 */
	void (*lanes)(int32_t *best, const int32_t *table, const struct route_hub *hub, uint32_t n, uint32_t n_lanes);
	/* Rows of hubs (route_hubs.c) as columns: table[d * n_lanes + l] = time of row[l][d] where it is a hub's, else
	 * ROUTE_HUB_FAR; least[d] of all lanes. Up to three rows more than n_rows are read and written. */
	void (*columns)(int32_t *table, const int32_t *const *row, uint32_t n_lanes, uint32_t n_rows, int32_t *least);
};
extern const struct cch_kernels cch_kernels_base, cch_kernels_avx2, cch_kernels_avx512;
const struct cch_kernels *cch_kernels_best(void);

#endif
