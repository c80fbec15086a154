/* Low subtrees: their lower triangles as lists. Only ways that can exist at all are listed: which, follows from the
 * edges of the search graph, whatever their times. */
#include "cch.h"

#include <assert.h>

#include "arena.h"
#include "err.h"
#include "route_graph.h"

/* A low block has at most so many triangles, and so many vertices in its front. */
#define LOW_TRIANGLES 512u
#define LOW_FRONT 64u

static size_t bound(const struct network *network)
{
	size_t n = 0;
	for (uint32_t x = 0; x < network->n_order; x++) {
		size_t n_up = network->up_first[x + 1] - network->up_first[x];
		if (network->up_first[x + 1] >= network->up_first[x])
			n += n_up * n_up < LOW_TRIANGLES ? n_up * n_up : LOW_TRIANGLES;
	}
	return n;
}

size_t cch_low_size(const struct network *network)
{
	return (bound(network) + 2) * sizeof(struct cch_triangle) +
	       ((size_t)network->n_order + 2) * sizeof(struct cch_step) + 2 * (size_t)network->n_up +
	       (size_t)network->n_order + ((size_t)network->n_up / 32 + 2) * sizeof(uint64_t) + 64;
}

struct lister {
	struct cch *cch;
	uint8_t *can_be; /* [2 * m] this weight can be finite */
	uint8_t *is_low; /* [n_blocks] */
	uint64_t *has;	 /* bit [2 * m]: something was written to this weight */
	const struct cch_step *step;
	uint32_t n;   /* triangles so far */
	uint32_t end; /* the first vertex above the subtree */
	int is_outer;
};

/* --- which blocks are low --- */

static uint32_t slot_cell(const struct cch *cch, uint32_t slot)
{
	return (slot & 1) * cch->m + slot / 2;
}

/* The weight for ways from tail to head. */
static uint32_t cell_between(const struct cch *cch, uint32_t tail, uint32_t head)
{
	uint32_t up = cch_up_find(cch, tail < head ? tail : head, tail < head ? head : tail);
	return tail < head ? up : cch->m + up;
}

/* Ways that can exist over the vertices of the block, and how many they are; counts no further than `most`. */
static size_t spread(struct lister *lister, uint32_t b, size_t most)
{
	const struct cch *cch = lister->cch;
	size_t n = 0;
	for (uint32_t x = cch->block[b].first; x < cch->block[b + 1].first && n <= most; x++) {
		uint32_t first = cch->vertex[x].first, end = cch->vertex[x + 1].first;
		for (uint32_t k = cch->base_first[x]; k < cch->base_first[x + 1]; k++)
			lister->can_be[slot_cell(cch, cch->base[k].slot)] = 1;
		for (uint32_t in = first; in < end; in++)
			for (uint32_t out = first; out < end && lister->can_be[cch->m + in]; out++) {
				if (in == out || !lister->can_be[out])
					continue;
				lister->can_be[cell_between(cch, cch->up_head[in], cch->up_head[out])] = 1;
				n++;
			}
	}
	return n;
}

/* How many listed triangles take as long as a dense front (measured): a fixed part, its cells, and its triangles. */
static size_t front_cost(const struct cch *cch, uint32_t b)
{
	const struct cch_block *block = &cch->block[b];
	size_t n_out = cch_n_vertices(cch, b), n = 0;
	for (size_t later = n_out; later-- > 0;)
		n += (later + block->n_rows) * (later + block->n_cols);
	return 100 + (n_out + block->n_rows) * (n_out + block->n_cols) / 2 + n / 3;
}

/* Lists pay for the block, and for all below. Sets can_be for what lies above, when it is. */
static int block_is_low(struct lister *lister, uint32_t b)
{
	const struct cch *cch = lister->cch;
	if (cch_n_vertices(cch, b) + cch->block[b].n_rest > LOW_FRONT)
		return 0;
	for (uint32_t child = cch->block[b].child; child != NONE; child = cch->block[child].sibling)
		if (!lister->is_low[child])
			return 0;
	size_t most = front_cost(cch, b);
	most = most < LOW_TRIANGLES ? most : LOW_TRIANGLES;
	return spread(lister, b, most) <= most;
}

/* One step for each maximal low subtree and each other block. */
static void steps_find(struct lister *lister)
{
	struct cch *cch = lister->cch;
	for (uint32_t b = 0; b < cch->n_blocks; b++)
		lister->is_low[b] = (uint8_t)block_is_low(lister, b);
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		uint32_t parent = cch->block[b].parent;
		if (lister->is_low[b] && parent != NONE && lister->is_low[parent])
			continue;
		struct cch_step *step = &cch->step[cch->n_steps++];
		*step = (struct cch_step){.block = b, .lowest = NONE};
		if (lister->is_low[b])
			step->lowest = cch->block_of[cch->vertex[cch->block[b + 1].first - 1].below];
	}
}

/* --- the lists of one subtree --- */

/* Place of a value in an ascending list that has it. */
static uint32_t place_of(const uint16_t *list, uint32_t n, uint32_t value)
{
	uint32_t i = 0;
	while (i < n && list[i] != value)
		i++;
	assert(i < n);
	return i;
}

/* The cell of the result for a way between two vertices above the subtree. */
static uint32_t result_cell(const struct cch *cch, uint32_t b, uint32_t tail, uint32_t head)
{
	const struct cch_block *block = &cch->block[b];
	uint32_t last = cch->block[b + 1].first - 1, first = cch->vertex[last].first;
	uint32_t row = place_of(cch->row.rest + block->line_at, block->n_rows, cch_up_find(cch, last, tail) - first);
	uint32_t col = place_of(cch->col.rest + block->line_at, block->n_cols, cch_up_find(cch, last, head) - first);
	return row * block->n_cols + col;
}

/* A cell of the weights, marked when nobody wrote to it before. */
static uint32_t marked(struct lister *lister, uint32_t cell)
{
	uint64_t bit = UINT64_C(1) << cell % 64, *word = &lister->has[cell / 64];
	uint32_t first = *word & bit ? 0 : CCH_FIRST;
	*word |= bit;
	return cell | first;
}

/* The way from the head of `in` over their common tail to the head of `out`. */
static void list_one(struct lister *lister, uint32_t in, uint32_t out)
{
	struct cch *cch = lister->cch;
	uint32_t tail = cch->up_head[in], head = cch->up_head[out], lower = tail < head ? tail : head, to;
	if ((lower >= lister->end) != lister->is_outer)
		return;
	if (lister->is_outer) {
		to = result_cell(cch, lister->step->block, tail, head);
	} else {
		to = marked(lister, cell_between(cch, tail, head));
	}
	cch->triangle[lister->n++] = (struct cch_triangle){to, cch->m + in, out};
}

static void list_vertex(struct lister *lister, uint32_t x)
{
	struct cch *cch = lister->cch;
	uint32_t first = cch->vertex[x].first, end = cch->vertex[x + 1].first;
	for (uint32_t in = first; in < end; in++)
		for (uint32_t out = first; out < end && lister->can_be[cch->m + in]; out++)
			if (in != out && lister->can_be[out])
				list_one(lister, in, out);
}

static void list_subtree(struct lister *lister, struct cch_step *step)
{
	struct cch *cch = lister->cch;
	lister->step = step;
	lister->end = cch->block[step->block + 1].first;
	uint32_t first = cch->block[step->lowest].first;
	for (uint32_t k = cch->base_first[first]; k < cch->base_first[lister->end]; k++)
		cch->base[k].cell = marked(lister, slot_cell(cch, cch->base[k].slot));
	step->inner = lister->n;
	lister->is_outer = 0;
	for (uint32_t x = first; x < lister->end; x++)
		list_vertex(lister, x);
	step->outer = lister->n;
	lister->is_outer = 1;
	for (uint32_t x = first; x < lister->end; x++)
		list_vertex(lister, x);
}

/* Triangles of all low blocks. */
static size_t count(const struct lister *lister)
{
	const struct cch *cch = lister->cch;
	size_t n = 0;
	for (uint32_t x = 0; x < cch->n; x++) {
		uint32_t first = cch->vertex[x].first, end = cch->vertex[x + 1].first;
		size_t n_in = 0, n_out = 0, n_both = 0;
		for (uint32_t e = first; e < end && lister->is_low[cch->block_of[x]]; e++) {
			n_in += lister->can_be[cch->m + e];
			n_out += lister->can_be[e];
			n_both += lister->can_be[cch->m + e] && lister->can_be[e];
		}
		n += n_in * n_out - n_both;
	}
	return n;
}

int cch_low_open(struct cch *cch, struct arena *arena)
{
	struct lister lister = {.cch = cch};
	cch->step = arena_take(arena, (size_t)cch->n_blocks + 1, sizeof *cch->step);
	lister.can_be = arena_take(arena, 2 * (size_t)cch->m, 1);
	lister.is_low = arena_take(arena, cch->n_blocks, 1);
	lister.has = arena_take(arena, (size_t)cch->m / 32 + 1, sizeof *lister.has);
	if (!cch->step || !lister.can_be || !lister.is_low || !lister.has)
		return ERR_MEMORY;
	steps_find(&lister);
	cch->triangle = arena_take(arena, count(&lister) + 1, sizeof *cch->triangle);
	if (!cch->triangle)
		return ERR_MEMORY;
	for (uint32_t s = 0; s < cch->n_steps; s++) {
		if (cch->step[s].lowest == NONE)
			cch->step[s].inner = cch->step[s].outer = lister.n;
		else
			list_subtree(&lister, &cch->step[s]);
	}
	cch->step[cch->n_steps].inner = lister.n;
	return ERR_OK;
}
