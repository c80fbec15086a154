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

/* Places of all blocks; the columns may still be damaged. */
static size_t nest_count(const struct network *network)
{
	const uint32_t *first = network->up_first, n = network->n_order;
	size_t count = 0;
	for (uint32_t x = 0; x < n; x++) {
		if (first[x + 1] <= first[x] || first[x + 1] > network->n_up)
			continue;
		size_t n_rest = first[x + 1] - first[x];
		if (network->up_head[first[x]] != x + 1 || x + 1 == n || first[x + 2] - first[x + 1] + 1 != n_rest)
			count += n_rest * (n_rest - 1) / 2;
	}
	return count;
}

size_t cch_size(const struct network *network, size_t n_edges_most)
{
	size_t n = network->n_order, m = network->n_up;
	if (n == 0)
		return 0;
	return rounded(1, sizeof(struct cch)) + rounded(n + 1, sizeof(struct cch_vertex)) + rounded(m, 4) +
	       2 * rounded(m, 2) + rounded(n + 1, 4) + rounded(m, sizeof(struct cch_low)) + rounded(n + 1, 4) +
	       rounded(nest_count(network), 2) + rounded(n_edges_most, sizeof(struct cch_base)) +
	       rounded((size_t)network->n_arcs + 1, 4) + rounded(n_edges_most, 4) +
	       rounded(n + 1, sizeof(struct cch_block)) + rounded(n, 4) + (n_edges_most + 2) * sizeof(struct cch_edge) +
	       256;
}

static int columns_take(struct cch *cch, struct arena *arena)
{
	size_t n = cch->n, m = cch->m, n_arcs = cch->graph->network->n_arcs;
	cch->vertex = arena_take(arena, n + 1, sizeof *cch->vertex);
	cch->up_tail = arena_take(arena, m, sizeof *cch->up_tail);
	cch->up_depth = arena_take(arena, m, sizeof *cch->up_depth);
	cch->up_rest = arena_take(arena, m, sizeof *cch->up_rest);
	cch->low_first = arena_take(arena, n + 1, sizeof *cch->low_first);
	cch->low = arena_take(arena, m, sizeof *cch->low);
	cch->nest = arena_take(arena, nest_count(cch->graph->network), sizeof *cch->nest);
	cch->base_first = arena_take(arena, n + 1, sizeof *cch->base_first);
	cch->arc_first = arena_take(arena, n_arcs + 1, sizeof *cch->arc_first);
	cch->block = arena_take(arena, n + 1, sizeof *cch->block);
	cch->block_of = arena_take(arena, n, sizeof *cch->block_of);
	return cch->vertex && cch->up_tail && cch->up_depth && cch->up_rest && cch->low_first && cch->low &&
			       cch->nest && cch->base_first && cch->arc_first && cch->block && cch->block_of
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

/* Where fronts will lie: a block takes what its children left on the stack and leaves its own. */
static void stack_plan(struct cch *cch)
{
	size_t at = 0;
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		struct cch_block *block = &cch->block[b];
		if (block->child != NONE)
			at = cch->block[block->child].stack_at;
		block->stack_at = at;
		at += (size_t)block->n_rest * block->n_rest;
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
	arcs_open(cch);
	blocks_open(cch);
	nest_open(cch);
	stack_plan(cch);
	path_plan(cch);
	cch->work = cch->stack_max + (size_t)cch->front_max * cch->front_max;
	if (cch->work < cch->path_max)
		cch->work = cch->path_max;
	if (cch->work > cch->graph->network->up_work || cch->depth_max > cch->graph->network->up_depth)
		return ERR_RANGE;
	return base_open(cch, &edges, arena);
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
	if (network->up_first[cch->n] != cch->m)
		return ERR_RANGE;
	int code = cch_fill(cch, arena);
	if (!code)
		*ret_cch = cch;
	return code;
}
