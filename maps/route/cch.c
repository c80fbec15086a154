#include "cch.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "route_graph.h"

static size_t rounded(size_t n, size_t size)
{
	return (n * size + 15) / 16 * 16 + 16;
}

struct counts {
	size_t nest, lines; /* places of all blocks, common neighbours of all blocks */
};

/* The columns may still be damaged. */
static struct counts counts_of(const struct network *network)
{
	const uint32_t *first = network->up_first, n = network->n_order;
	struct counts counts = {0, 0};
	for (uint32_t x = 0; x < n; x++) {
		if (first[x + 1] <= first[x] || first[x + 1] > network->n_up)
			continue;
		size_t n_rest = first[x + 1] - first[x];
		if (network->up_head[first[x]] == x + 1 && x + 1 < n && first[x + 2] - first[x + 1] + 1 == n_rest)
			continue;
		counts.nest += n_rest * (n_rest - 1) / 2;
		counts.lines += n_rest;
	}
	return counts;
}

/* Vertices of a front at most: they lie on one root path. */
static size_t front_most(const struct network *network)
{
	return network->up_depth < network->n_order ? (size_t)network->up_depth + 1 : network->n_order;
}

/* While the rows and columns of one block are found: of each common neighbour, 0 = none. */
struct line_index {
	uint16_t row, col;
};

size_t cch_size(const struct network *network, size_t n_edges_most)
{
	size_t n = network->n_order, m = network->n_up;
	struct counts counts = counts_of(network);
	if (n == 0)
		return 0;
	return rounded(1, sizeof(struct cch)) + rounded(n + 1, sizeof(struct cch_vertex)) + rounded(m, 4) +
	       2 * rounded(m, 2) + rounded(n + 1, 4) + rounded(m, sizeof(struct cch_low)) + rounded(n + 1, 4) +
	       rounded(counts.nest, 2) + rounded(m + 1, 4) + rounded(counts.nest, sizeof(struct cch_over)) +
	       4 * rounded(counts.lines, 2) + rounded(front_most(network), sizeof(struct line_index)) +
	       rounded(n_edges_most, sizeof(struct cch_base)) + rounded((size_t)network->n_arcs + 1, 4) +
	       rounded(n_edges_most, 4) + rounded(n + 1, sizeof(struct cch_block)) + rounded(n, 4) +
	       (n_edges_most + 2) * sizeof(struct cch_edge) + cch_low_size(network) + 256;
}

static int columns_take(struct cch *cch, struct arena *arena)
{
	size_t n = cch->n, m = cch->m, n_arcs = cch->graph->network->n_arcs;
	struct counts counts = counts_of(cch->graph->network);
	cch->vertex = arena_take(arena, n + 1, sizeof *cch->vertex);
	cch->up_tail = arena_take(arena, m, sizeof *cch->up_tail);
	cch->up_depth = arena_take(arena, m, sizeof *cch->up_depth);
	cch->up_rest = arena_take(arena, m, sizeof *cch->up_rest);
	cch->low_first = arena_take(arena, n + 1, sizeof *cch->low_first);
	cch->low = arena_take(arena, m, sizeof *cch->low);
	cch->nest = arena_take(arena, counts.nest, sizeof *cch->nest);
	cch->row.rest = arena_take(arena, counts.lines, sizeof *cch->row.rest);
	cch->row.above = arena_take(arena, counts.lines, sizeof *cch->row.above);
	cch->col.rest = arena_take(arena, counts.lines, sizeof *cch->col.rest);
	cch->col.above = arena_take(arena, counts.lines, sizeof *cch->col.above);
	cch->over_first = arena_take(arena, m + 1, sizeof *cch->over_first);
	cch->base_first = arena_take(arena, n + 1, sizeof *cch->base_first);
	cch->arc_first = arena_take(arena, n_arcs + 1, sizeof *cch->arc_first);
	cch->block = arena_take(arena, n + 1, sizeof *cch->block);
	cch->block_of = arena_take(arena, n, sizeof *cch->block_of);
	return cch->vertex && cch->up_tail && cch->up_depth && cch->up_rest && cch->low_first && cch->low &&
			       cch->nest && cch->row.rest && cch->row.above && cch->col.rest && cch->col.above &&
			       cch->base_first && cch->arc_first && cch->block && cch->block_of
		       ? ERR_OK
		       : ERR_MEMORY;
}

/* --- the elimination tree --- */

/* Neighbours ascend above x, and those after the parent are neighbours of the parent too (chordality). */
static int neighbours_check(const struct cch *cch, uint32_t x)
{
	const uint32_t *head = cch->up_head;
	uint32_t i = cch->vertex[x].first, end = cch->vertex[x + 1].first;
	if (i == end)
		return ERR_OK;
	if (head[i] <= x || head[i] >= cch->n)
		return ERR_RANGE;
	uint32_t j = cch->vertex[head[i]].first, j_end = cch->vertex[head[i] + 1].first;
	for (i++; i < end; i++, j++) {
		while (j < j_end && head[j] < head[i])
			j++;
		if (j == j_end || head[j] != head[i] || head[i] <= head[i - 1])
			return ERR_RANGE;
	}
	return ERR_OK;
}

static int tree_open(struct cch *cch, const struct network *network)
{
	for (uint32_t x = 0; x <= cch->n; x++)
		cch->vertex[x] = (struct cch_vertex){.first = network->up_first[x], .parent = NONE, .below = x};
	if (cch->vertex[cch->n].first != cch->m)
		return ERR_RANGE;
	for (uint32_t x = cch->n; x-- > 0;) { /* from above: the parent is known */
		struct cch_vertex *vertex = &cch->vertex[x];
		if (cch->vertex[x].first > cch->vertex[x + 1].first || neighbours_check(cch, x))
			return ERR_RANGE;
		if (vertex->first == cch->vertex[x + 1].first)
			continue;
		vertex->parent = cch->up_head[vertex->first];
		vertex->depth = cch->vertex[vertex->parent].depth + 1;
		cch->depth_max = vertex->depth > cch->depth_max ? vertex->depth : cch->depth_max;
	}
	return cch->depth_max > CCH_DEPTH_MAX ? ERR_RANGE : ERR_OK;
}

/* The numbers are a depth-first walk: each vertex comes right after the subtree of its last child. */
static int subtrees_open(struct cch *cch)
{
	for (uint32_t x = 0; x < cch->n; x++) {
		uint32_t at = x; /* what lies below x must be its children's subtrees, without a gap */
		while (at > 0 && cch->vertex[at - 1].parent == x)
			at = cch->vertex[at - 1].below;
		cch->vertex[x].below = at;
	}
	for (uint32_t x = 0; x < cch->n; x++) {
		uint32_t parent = cch->vertex[x].parent;
		if (parent != NONE && x < cch->vertex[parent].below)
			return ERR_RANGE;
	}
	return ERR_OK;
}

static void arcs_open(struct cch *cch)
{
	uint32_t *at = cch->low_first;
	for (uint32_t x = 0; x < cch->n; x++)
		for (uint32_t e = cch->vertex[x].first; e < cch->vertex[x + 1].first; e++) {
			cch->up_tail[e] = x;
			cch->up_depth[e] = (uint16_t)cch->vertex[cch->up_head[e]].depth;
			at[cch->up_head[e]]++;
		}
	for (uint32_t x = 0, sum = 0; x <= cch->n; x++) {
		uint32_t n = x < cch->n ? at[x] : 0;
		at[x] = sum;
		sum += n;
	}
	for (uint32_t e = 0; e < cch->m; e++)
		cch->low[at[cch->up_head[e]]++] = (struct cch_low){e, cch->up_tail[e]};
	for (uint32_t x = cch->n; x > 0; x--)
		at[x] = at[x - 1];
	at[0] = 0;
}

/* --- blocks --- */

static uint32_t n_up(const struct cch *cch, uint32_t x)
{
	return cch->vertex[x + 1].first - cch->vertex[x].first;
}

static void blocks_open(struct cch *cch)
{
	for (uint32_t x = 0; x < cch->n; x++) {
		if (x == 0 || cch->vertex[x - 1].parent != x || n_up(cch, x - 1) != n_up(cch, x) + 1)
			cch->block[cch->n_blocks++] =
				(struct cch_block){.first = x, .parent = NONE, .child = NONE, .sibling = NONE};
		cch->block_of[x] = cch->n_blocks - 1;
		cch->block[cch->n_blocks - 1].n_rest = n_up(cch, x);
	}
	cch->block[cch->n_blocks] = (struct cch_block){.first = cch->n, .parent = NONE};
	for (uint32_t b = cch->n_blocks; b-- > 0;) {
		uint32_t parent = cch->vertex[cch->block[b + 1].first - 1].parent;
		if (parent == NONE)
			continue;
		parent = cch->block_of[parent];
		cch->block[b].parent = parent;
		cch->block[b].sibling = cch->block[parent].child;
		cch->block[parent].child = b;
	}
}

/* Where the common neighbours of block b stand in the front of its parent: both lists ascend. */
static void rest_place(struct cch *cch, uint32_t b)
{
	const struct cch_block *parent = &cch->block[cch->block[b].parent];
	uint32_t last = cch->block[b + 1].first - 1, n = cch_n_vertices(cch, cch->block[b].parent);
	const uint32_t *rest = cch->up_head + cch->vertex[parent->first + n].first - parent->n_rest;
	uint32_t j = 0;
	for (uint32_t e = cch->vertex[last].first; e < cch->vertex[last + 1].first; e++) {
		if (cch->up_head[e] < parent->first + n) {
			cch->up_rest[e] = (uint16_t)(cch->up_head[e] - parent->first);
			continue;
		}
		while (rest[j] != cch->up_head[e])
			j++;
		cch->up_rest[e] = (uint16_t)(n + j);
	}
}

static void nest_row(const struct cch *cch, const uint32_t *rest, uint32_t n, uint16_t *ret_places)
{
	const uint32_t *head = cch->up_head + cch->vertex[rest[0]].first;
	uint32_t at = 0;
	for (uint32_t q = 1; q < n; q++) {
		while (head[at] != rest[q])
			at++;
		ret_places[q - 1] = (uint16_t)at;
	}
}

static void nest_open(struct cch *cch)
{
	size_t at = 0;
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		const uint32_t *rest = cch->up_head + cch->vertex[cch->block[b + 1].first - 1].first;
		uint32_t n = cch->block[b].n_rest;
		cch->block[b].nest_at = at;
		for (uint32_t p = 0; p + 1 < n; p++) {
			nest_row(cch, rest + p, n - p, cch->nest + at);
			at += n - p - 1;
		}
	}
}

/* --- triangles by the arc above --- */

/* The arc between common neighbours p and q of a block. */
static uint32_t arc_above(const struct cch *cch, uint32_t b, uint32_t p, uint32_t q)
{
	const uint32_t *rest = cch->up_head + cch->vertex[cch->block[b + 1].first - 1].first;
	return cch->vertex[rest[p]].first + cch_nest(cch, b, p)[q - p - 1];
}

/* Calls `each` for pairs p < q of common neighbours between which a way over the block can exist. */
static void pairs_walk(struct cch *cch, struct line_index *index,
		       void (*each)(struct cch *cch, uint32_t up, uint32_t b, uint32_t p, uint32_t q))
{
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		const struct cch_block *block = &cch->block[b];
		memset(index, 0, block->n_rest * sizeof *index);
		for (uint32_t i = 0; i < block->n_rows; i++)
			index[cch->row.rest[block->line_at + i]].row = 1;
		for (uint32_t i = 0; i < block->n_cols; i++)
			index[cch->col.rest[block->line_at + i]].col = 1;
		for (uint32_t p = 0; p < block->n_rest; p++)
			for (uint32_t q = p + 1; q < block->n_rest; q++)
				if ((index[p].row && index[q].col) || (index[p].col && index[q].row))
					each(cch, arc_above(cch, b, p, q), b, p, q);
	}
}

static void over_count(struct cch *cch, uint32_t up, uint32_t b, uint32_t p, uint32_t q)
{
	(void)b, (void)p, (void)q;
	cch->over_first[up]++;
}

static void over_write(struct cch *cch, uint32_t up, uint32_t b, uint32_t p, uint32_t q)
{
	uint32_t near = cch->vertex[cch->block[b + 1].first - 1].first + p;
	cch->over[cch->over_first[up]++] = (struct cch_over){near, (uint16_t)(q - p), (uint16_t)cch_n_vertices(cch, b)};
}

static int over_open(struct cch *cch, struct line_index *index, struct arena *arena)
{
	uint32_t *at = cch->over_first, sum = 0;
	pairs_walk(cch, index, over_count);
	for (uint32_t e = 0; e <= cch->m; e++) {
		uint32_t n = e < cch->m ? at[e] : 0;
		at[e] = sum;
		sum += n;
	}
	cch->over = arena_take(arena, (size_t)sum + 1, sizeof *cch->over);
	if (!cch->over)
		return ERR_MEMORY;
	pairs_walk(cch, index, over_write);
	for (uint32_t e = cch->m; e > 0; e--)
		at[e] = at[e - 1];
	at[0] = 0;
	return ERR_OK;
}

/* --- scratch --- */

/* Where fronts will lie: a block takes what its children left on the stack and leaves its own. */
static void stack_plan(struct cch *cch)
{
	size_t at = 0;
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		struct cch_block *block = &cch->block[b];
		if (block->child != NONE)
			at = cch->block[block->child].stack_at;
		block->stack_at = at;
		at += (size_t)block->n_rows * block->n_cols;
		cch->stack_max = at > cch->stack_max ? at : cch->stack_max;
	}
}

static void path_plan(struct cch *cch)
{
	for (uint32_t b = cch->n_blocks; b-- > 0;) {
		struct cch_block *block = &cch->block[b];
		size_t n = (size_t)block->n_rest + cch_n_vertices(cch, b);
		if (block->parent != NONE) {
			const struct cch_block *parent = &cch->block[block->parent];
			size_t n_parent = (size_t)parent->n_rest + cch_n_vertices(cch, block->parent);
			block->path_at = parent->path_at + n_parent * n_parent;
			rest_place(cch, b);
		}
		size_t end = block->path_at + n * n;
		cch->path_max = end > cch->path_max ? end : cch->path_max;
		cch->front_max = n > cch->front_max ? (uint32_t)n : cch->front_max;
	}
}

/* --- edges --- */

uint32_t cch_up_find(const struct cch *cch, uint32_t x, uint32_t y)
{
	uint32_t low = cch->vertex[x].first, end = cch->vertex[x + 1].first, high = end;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (cch->up_head[middle] < y)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && cch->up_head[low] == y ? low : NONE;
}

static int base_place(struct cch *cch, const struct cch_edges *edges)
{
	uint32_t *at = cch->base_first;
	for (uint32_t i = 0; i < edges->n; i++) {
		uint32_t tail = cch->rank[edges->edge[i].tail], head = cch->rank[edges->edge[i].head];
		if (tail == head) /* driving round is never shorter */
			continue;
		uint32_t low = tail < head ? tail : head;
		uint32_t up = cch_up_find(cch, low, tail < head ? head : tail);
		if (up == NONE)
			return ERR_RANGE;
		cch->base[at[low]++] =
			(struct cch_base){2 * up + (tail > head), edges->edge[i].arc, edges->edge[i].turn};
	}
	for (uint32_t x = cch->n; x > 0; x--)
		at[x] = at[x - 1];
	at[0] = 0;
	return ERR_OK;
}

static void base_by_arc(struct cch *cch)
{
	uint32_t n_arcs = cch->graph->network->n_arcs, *at = cch->arc_first;
	for (uint32_t i = 0; i < cch->n_base; i++)
		at[cch->base[i].arc]++;
	for (uint32_t a = 0, sum = 0; a <= n_arcs; a++) {
		uint32_t n = a < n_arcs ? at[a] : 0;
		at[a] = sum;
		sum += n;
	}
	for (uint32_t i = 0; i < cch->n_base; i++)
		cch->arc_base[at[cch->base[i].arc]++] = i;
	for (uint32_t a = n_arcs; a > 0; a--)
		at[a] = at[a - 1];
	at[0] = 0;
}

static int base_open(struct cch *cch, const struct cch_edges *edges, struct arena *arena)
{
	for (uint32_t i = 0; i < edges->n; i++) {
		uint32_t tail = cch->rank[edges->edge[i].tail], head = cch->rank[edges->edge[i].head];
		cch->base_first[tail < head ? tail : head] += tail != head;
		cch->n_base += tail != head;
	}
	for (uint32_t x = 0, sum = 0; x <= cch->n; x++) {
		uint32_t n = x < cch->n ? cch->base_first[x] : 0;
		cch->base_first[x] = sum;
		sum += n;
	}
	cch->base = arena_take(arena, (size_t)cch->n_base + 1, sizeof *cch->base);
	cch->arc_base = arena_take(arena, (size_t)cch->n_base + 1, sizeof *cch->arc_base);
	if (!cch->base || !cch->arc_base)
		return ERR_MEMORY;
	int code = base_place(cch, edges);
	if (!code)
		base_by_arc(cch);
	return code;
}

/* --- rows and columns --- */

static void lines_mark_base(const struct cch *cch, uint32_t b, struct line_index *index)
{
	uint32_t n_rest = cch->block[b].n_rest;
	for (uint32_t x = cch->block[b].first; x < cch->block[b + 1].first; x++) {
		uint32_t rest = cch->vertex[x + 1].first - n_rest;
		for (uint32_t k = cch->base_first[x]; k < cch->base_first[x + 1]; k++) {
			uint32_t up = cch->base[k].slot / 2;
			if (up < rest)
				continue;
			if (cch->base[k].slot & 1)
				index[up - rest].row = 1;
			else
				index[up - rest].col = 1;
		}
	}
}

/* Where the neighbours of a child stand in the front: below n_out among the block's vertices, then the rest. */
static const uint16_t *places_above(const struct cch *cch, uint32_t child)
{
	return cch->up_rest + cch->vertex[cch->block[child + 1].first - 1].first;
}

static void lines_mark_child(const struct cch *cch, uint32_t child, uint32_t n_out, struct line_index *index)
{
	const struct cch_block *block = &cch->block[child];
	const uint16_t *above = places_above(cch, child);
	for (uint32_t i = 0; i < block->n_rows; i++) {
		uint32_t place = above[cch->row.rest[block->line_at + i]];
		if (place >= n_out)
			index[place - n_out].row = 1;
	}
	for (uint32_t i = 0; i < block->n_cols; i++) {
		uint32_t place = above[cch->col.rest[block->line_at + i]];
		if (place >= n_out)
			index[place - n_out].col = 1;
	}
}

/* Numbers what is marked and writes the lists. */
static void lines_number(struct cch *cch, uint32_t b, struct line_index *index)
{
	struct cch_block *block = &cch->block[b];
	uint32_t n_out = cch_n_vertices(cch, b);
	for (uint32_t j = 0; j < block->n_rest; j++) {
		if (index[j].row) {
			cch->row.rest[block->line_at + block->n_rows] = (uint16_t)j;
			index[j].row = (uint16_t)(n_out + block->n_rows++);
		}
		if (index[j].col) {
			cch->col.rest[block->line_at + block->n_cols] = (uint16_t)j;
			index[j].col = (uint16_t)(n_out + block->n_cols++);
		}
	}
}

static void lines_place_base(struct cch *cch, uint32_t b, const struct line_index *index)
{
	uint32_t first = cch->block[b].first, n_out = cch_n_vertices(cch, b), n_cols = n_out + cch->block[b].n_cols;
	for (uint32_t i = 0; i < n_out; i++)
		for (uint32_t k = cch->base_first[first + i]; k < cch->base_first[first + i + 1]; k++) {
			struct cch_base *base = &cch->base[k];
			uint32_t place = i + 1 + base->slot / 2 - cch->vertex[first + i].first;
			uint32_t row = place < n_out ? place : index[place - n_out].row;
			uint32_t col = place < n_out ? place : index[place - n_out].col;
			base->cell = base->slot & 1 ? row * n_cols + i : i * n_cols + col;
		}
}

static void lines_place_child(struct cch *cch, uint32_t child, uint32_t n_out, const struct line_index *index)
{
	const struct cch_block *block = &cch->block[child];
	const uint16_t *above = places_above(cch, child);
	for (uint32_t i = 0; i < block->n_rows; i++) {
		uint32_t place = above[cch->row.rest[block->line_at + i]];
		cch->row.above[block->line_at + i] = place < n_out ? (uint16_t)place : index[place - n_out].row;
	}
	for (uint32_t i = 0; i < block->n_cols; i++) {
		uint32_t place = above[cch->col.rest[block->line_at + i]];
		cch->col.above[block->line_at + i] = place < n_out ? (uint16_t)place : index[place - n_out].col;
	}
}

/* Children before parents: whatever a child has a row or column for, its parent has too, or it is one of its vertices.
 */
static void lines_open(struct cch *cch, struct line_index *index)
{
	size_t at = 0;
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		struct cch_block *block = &cch->block[b];
		uint32_t n_out = cch_n_vertices(cch, b);
		block->line_at = at;
		at += block->n_rest;
		memset(index, 0, block->n_rest * sizeof *index);
		lines_mark_base(cch, b, index);
		for (uint32_t child = block->child; child != NONE; child = cch->block[child].sibling)
			lines_mark_child(cch, child, n_out, index);
		lines_number(cch, b, index);
		lines_place_base(cch, b, index);
		for (uint32_t child = block->child; child != NONE; child = cch->block[child].sibling)
			lines_place_child(cch, child, n_out, index);
	}
}

static int order_check(const struct cch *cch, uint32_t *mark)
{
	for (uint32_t v = 0; v < cch->n; v++) {
		if (cch->rank[v] >= cch->n || mark[cch->rank[v]])
			return ERR_RANGE;
		mark[cch->rank[v]] = 1;
	}
	memset(mark, 0, cch->n * sizeof *mark);
	return ERR_OK;
}

static int cch_fill(struct cch *cch, struct arena *arena)
{
	struct cch_edges edges;
	int code = cch_edges_open(&edges, cch->graph, arena);
	if (code)
		return code;
	if (edges.n_vertices != cch->n || columns_take(cch, arena))
		return edges.n_vertices != cch->n ? ERR_RANGE : ERR_MEMORY;
	code = order_check(cch, cch->low_first);
	if (!code)
		code = tree_open(cch, cch->graph->network);
	if (!code)
		code = subtrees_open(cch);
	if (code)
		return code;
	if (cch->depth_max > cch->graph->network->up_depth)
		return ERR_RANGE;
	arcs_open(cch);
	blocks_open(cch);
	nest_open(cch);
	path_plan(cch);
	code = base_open(cch, &edges, arena);
	struct line_index *index = arena_take(arena, front_most(cch->graph->network), sizeof *index);
	if (code || !index)
		return code ? code : ERR_MEMORY;
	lines_open(cch, index);
	stack_plan(cch);
	code = over_open(cch, index, arena);
	if (!code)
		code = cch_low_open(cch, arena);
	if (code)
		return code;
	cch->work = cch->stack_max + (size_t)cch->front_max * cch->front_max;
	if (cch->work < cch->path_max)
		cch->work = cch->path_max;
	return cch->work > cch->graph->network->up_work ? ERR_RANGE : ERR_OK;
}

void cch_edges_room(const struct route_graph *graph, uint32_t *ret_work, uint32_t *ret_depth)
{
	*ret_work = (uint32_t)graph->cch->work;
	*ret_depth = graph->cch->depth_max;
}

int cch_open(struct cch **ret_cch, const struct route_graph *graph, struct arena *arena)
{
	const struct network *network = graph->network;
	struct cch *cch = arena_take(arena, 1, sizeof *cch);
	if (!cch)
		return ERR_MEMORY;
	cch->graph = graph;
	cch->kernels = cch_kernels_best();
	cch->rank = network->order;
	cch->up_head = network->up_head;
	cch->n = network->n_order;
	cch->m = network->n_up;
	if (network->up_first[cch->n] != cch->m || cch->m >= CCH_FIRST / 2)
		return ERR_RANGE;
	int code = cch_fill(cch, arena);
	if (!code)
		*ret_cch = cch;
	return code;
}
