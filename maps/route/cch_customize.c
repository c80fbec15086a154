/* Basic customisation: weights of the upward arcs such that a shortest way between any two vertices goes up, then down.
 */
#include <assert.h>
#include <string.h>

#include "arena.h"
#include "cch.h"
#include "err.h"
#include "route_graph.h"

static size_t rounded(size_t n, size_t size)
{
	return (n * size + 15) / 16 * 16 + 16;
}

size_t route_weights_size(const struct network *network)
{
	size_t n = network->n_order, m = network->n_up;
	if (n == 0)
		return 0;
	return rounded(1, sizeof(struct route_weights)) + 4 * rounded(m + 1, sizeof(cch_label)) +
	       3 * rounded(n + 1, 4) + 2 * rounded(m + 1, 2) + rounded(network->up_work, sizeof(cch_label)) +
	       2 * rounded(m, 1) + rounded(m, 4) + 256;
}

static int kept_take(struct cch_kept *kept, const struct cch *cch, struct arena *arena)
{
	kept->first = arena_take(arena, (size_t)cch->n + 1, sizeof *kept->first);
	kept->depth = arena_take(arena, (size_t)cch->m + 1, sizeof *kept->depth);
	kept->weight = arena_take(arena, (size_t)cch->m + 1, sizeof *kept->weight);
	return kept->first && kept->depth && kept->weight ? ERR_OK : ERR_MEMORY;
}

static int weights_take(struct route_weights *weights, const struct cch *cch, struct arena *arena)
{
	weights->up = arena_take(arena, cch->m, sizeof *weights->up);
	weights->down = arena_take(arena, cch->m, sizeof *weights->down);
	weights->up_first = arena_take(arena, (size_t)cch->n + 1, sizeof *weights->up_first);
	weights->stack = arena_take(arena, cch->work, sizeof *weights->stack);
	weights->is_kept = arena_take(arena, cch->m, 1);
	weights->is_waiting = arena_take(arena, cch->m, 1);
	weights->heap = arena_take(arena, cch->m, sizeof *weights->heap);
	return weights->up && weights->down && weights->up_first && weights->stack && weights->is_kept &&
			       weights->is_waiting && weights->heap && !kept_take(&weights->kept[0], cch, arena) &&
			       !kept_take(&weights->kept[1], cch, arena)
		       ? ERR_OK
		       : ERR_MEMORY;
}

int route_weights_open(struct route_weights **ret_weights, const struct route_graph *graph, struct arena *arena)
{
	const struct cch *cch = graph->cch;
	if (!cch) {
		*ret_weights = NULL;
		return ERR_OK;
	}
	struct route_weights *weights = arena_take(arena, 1, sizeof *weights);
	if (!weights || weights_take(weights, cch, arena))
		return ERR_MEMORY;
	weights->cch = cch;
	weights->front = weights->stack + cch->stack_max;
	for (uint32_t x = 0; x <= cch->n; x++)
		weights->up_first[x] = cch->vertex[x].first;
	*ret_weights = weights;
	return ERR_OK;
}

void route_weights_set(struct route_weights *weights, uint32_t class_index, const uint32_t *time_ms)
{
	if (!weights)
		return;
	cch_customize(weights, class_index, time_ms);
	cch_perfect(weights);
}

void route_weights_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n)
{
	if (weights)
		cch_update(weights, arcs, n);
}

void route_weights_trim(struct route_weights *weights)
{
	if (weights)
		cch_perfect(weights);
}

/* Where times and turn costs of the class lie. */
struct costs {
	const uint32_t *time_ms, *dist_mm;
	const int32_t *turn_ms;
};

static struct costs costs_of(const struct route_weights *weights)
{
	const struct route_graph *graph = weights->cch->graph;
	return (struct costs){weights->time_ms, graph->network->dist_mm,
			      graph->turn_ms + (size_t)weights->class_index * graph->n_turns};
}

static inline cch_label base_label(const struct costs *costs, const struct cch_base *base)
{
	uint32_t time = costs->time_ms[base->arc];
	int32_t turn = costs->turn_ms[base->turn];
	if (time == TIME_INFINITE || turn < 0)
		return CCH_INFINITE;
	return cch_label_of((uint64_t)time + (uint32_t)turn, costs->dist_mm[base->arc]);
}

cch_label cch_base_label(const struct route_weights *weights, const struct cch_base *base)
{
	struct costs costs = costs_of(weights);
	return base_label(&costs, base);
}

/* The edges of the search graph between the block's vertices, and from them upwards. */
static void front_base(const struct cch *cch, const struct costs *costs, uint32_t b, cch_label *front, uint32_t n)
{
	uint32_t first = cch->block[b].first, n_out = cch_n_vertices(cch, b);
	for (uint32_t i = 0; i < n_out; i++) {
		uint32_t x = first + i, up = 2 * cch->vertex[x].first;
		for (uint32_t k = cch->base_first[x]; k < cch->base_first[x + 1]; k++) {
			const struct cch_base *base = &cch->base[k];
			uint32_t place = i + 1 + (base->slot - up) / 2;
			cch_label *cell =
				base->slot & 1 ? &front[(size_t)place * n + i] : &front[(size_t)i * n + place];
			*cell = cch_label_min(*cell, base_label(costs, base));
		}
	}
}

/* What a child found between its neighbours above. */
static void front_child(const struct route_weights *weights, uint32_t child, cch_label *front, uint32_t n)
{
	const struct cch *cch = weights->cch;
	uint32_t n_rest = cch->block[child].n_rest;
	const cch_label *from = weights->stack + cch->block[child].stack_at;
	const uint16_t *place = cch->up_rest + cch->vertex[cch->block[child + 1].first - 1].first;
	for (uint32_t i = 0; i < n_rest; i++, from += n_rest) {
		cch_label *row = front + (size_t)place[i] * n;
		for (uint32_t j = 0; j < n_rest; j++)
			row[place[j]] = cch_label_min(row[place[j]], from[j]);
	}
}

/* The weights of the block's own arcs. */
static void front_write(struct route_weights *weights, uint32_t b, const cch_label *front, uint32_t n)
{
	const struct cch *cch = weights->cch;
	uint32_t first = cch->block[b].first, n_out = cch_n_vertices(cch, b);
	for (uint32_t i = 0; i < n_out; i++) {
		uint32_t up = cch->vertex[first + i].first;
		memcpy(weights->up + up, front + (size_t)i * n + i + 1, (n - i - 1) * sizeof *front);
		for (uint32_t j = i + 1; j < n; j++)
			weights->down[up + j - i - 1] = front[(size_t)j * n + i];
	}
}

/* A block of one vertex without children needs no matrix. */
static void leaf(struct route_weights *weights, const struct costs *costs, uint32_t b)
{
	const struct cch *cch = weights->cch;
	uint32_t x = cch->block[b].first, first = cch->vertex[x].first, n = cch->block[b].n_rest;
	cch_label *up = weights->up + first, *down = weights->down + first,
		  *rest = weights->stack + cch->block[b].stack_at;
	for (uint32_t i = 0; i < n; i++)
		up[i] = down[i] = CCH_INFINITE;
	for (uint32_t k = cch->base_first[x]; k < cch->base_first[x + 1]; k++) {
		const struct cch_base *base = &cch->base[k];
		cch_label *side = (base->slot & 1 ? down : up) + (base->slot / 2 - first);
		*side = cch_label_min(*side, base_label(costs, base));
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++)
			*rest++ = cch_label_min(down[i] + up[j], CCH_INFINITE);
}

static void block(struct route_weights *weights, const struct costs *costs, uint32_t b)
{
	const struct cch *cch = weights->cch;
	uint32_t n_out = cch_n_vertices(cch, b), n = n_out + cch->block[b].n_rest;
	cch_label *front = weights->front;
	for (size_t i = 0; i < (size_t)n * n; i++)
		front[i] = CCH_INFINITE;
	front_base(cch, costs, b, front, n);
	for (uint32_t child = cch->block[b].child; child != NONE; child = cch->block[child].sibling)
		front_child(weights, child, front, n);
	cch->kernels->eliminate(front, n, n_out, weights->stack + cch->block[b].stack_at);
	front_write(weights, b, front, n);
}

void cch_customize(struct route_weights *weights, uint32_t class_index, const uint32_t *time_ms)
{
	const struct cch *cch = weights->cch;
	weights->class_index = class_index;
	weights->time_ms = time_ms;
	struct costs costs = costs_of(weights);
	for (uint32_t b = 0; b < cch->n_blocks; b++) {
		if (cch->block[b].child == NONE && cch_n_vertices(cch, b) == 1)
			leaf(weights, &costs, b);
		else
			block(weights, &costs, b);
	}
	cch_use_all(weights);
}

void cch_use_all(struct route_weights *weights)
{
	weights->forward = (struct cch_side){weights->up_first, weights->cch->up_depth, weights->up};
	weights->backward = (struct cch_side){weights->up_first, weights->cch->up_depth, weights->down};
}
