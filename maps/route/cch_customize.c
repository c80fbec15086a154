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
	       2 * rounded(m, 1) + rounded(cch_wait_words(m), 8) + 256;
}

static void fill(cch_label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++)
		labels[i] = CCH_INFINITE;
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
	weights->up = arena_take(arena, 2 * (size_t)cch->m, sizeof *weights->up);
	weights->down = weights->up + cch->m;
	weights->up_first = arena_take(arena, (size_t)cch->n + 1, sizeof *weights->up_first);
	weights->stack = arena_take(arena, cch->work, sizeof *weights->stack);
	weights->is_kept = arena_take(arena, cch->m, 1);
	weights->is_waiting = arena_take(arena, cch->m, 1);
	weights->bits = arena_take(arena, cch_wait_words(cch->m), sizeof *weights->bits);
	return weights->up && weights->up_first && weights->stack && weights->is_kept && weights->is_waiting &&
			       weights->bits && !kept_take(&weights->kept[0], cch, arena) &&
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
	fill(weights->up, 2 * (size_t)cch->m); /* what no way can become is never written */
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
	/* a closed arc and a forbidden turn are numbers too large for a label */
	uint64_t time = (uint64_t)costs->time_ms[base->arc] + (uint32_t)costs->turn_ms[base->turn];
	return cch_label_of(time, costs->dist_mm[base->arc]);
}

cch_label cch_base_label(const struct route_weights *weights, const struct cch_base *base)
{
	struct costs costs = costs_of(weights);
	return base_label(&costs, base);
}

/* The edges of the search graph between the block's vertices, and from them upwards. */
static void front_base(const struct cch *cch, const struct costs *costs, uint32_t b, cch_label *front)
{
	uint32_t first = cch->base_first[cch->block[b].first], end = cch->base_first[cch->block[b + 1].first];
	for (const struct cch_base *base = cch->base + first; base < cch->base + end; base++) {
		cch_label *cell = &front[base->cell];
		*cell = cch_label_min(*cell, base_label(costs, base));
	}
}

/* What a child found between its neighbours above. */
static void front_child(const struct cch *cch, uint32_t child, const cch_label *from, cch_label *front, size_t n_cols)
{
	const struct cch_block *block = &cch->block[child];
	const uint16_t *row_above = cch->row.above + block->line_at, *col_above = cch->col.above + block->line_at;
	for (uint32_t i = 0; i < block->n_rows; i++, from += block->n_cols) {
		cch_label *row = front + row_above[i] * n_cols;
		for (uint32_t j = 0; j < block->n_cols; j++)
			row[col_above[j]] = cch_label_min(row[col_above[j]], from[j]);
	}
}

/* weights[places[i]] = from[i * stride] */
static void lines_write(cch_label *weights, const uint16_t *places, uint32_t n, const cch_label *from, size_t stride)
{
	for (uint32_t i = 0; i < n; i++)
		weights[places[i]] = from[i * stride];
}

/* The weights of the block's own arcs. */
static void front_write(struct route_weights *weights, uint32_t b, const cch_label *front, size_t n_cols)
{
	const struct cch *cch = weights->cch;
	const struct cch_block *block = &cch->block[b];
	uint32_t n_out = cch_n_vertices(cch, b);
	for (uint32_t i = 0; i < n_out; i++) {
		uint32_t first = cch->vertex[block->first + i].first, n_later = n_out - i - 1;
		const cch_label *row = front + i * n_cols + i + 1, *below = front + (i + 1) * n_cols + i;
		memcpy(weights->up + first, row, n_later * sizeof *row);
		for (uint32_t j = 0; j < n_later; j++)
			weights->down[first + j] = below[j * n_cols];
		lines_write(weights->up + first + n_later, cch->col.rest + block->line_at, block->n_cols, row + n_later,
			    1);
		lines_write(weights->down + first + n_later, cch->row.rest + block->line_at, block->n_rows,
			    below + n_later * n_cols, n_cols);
	}
}

static cch_label *result_of(const struct cch *cch, const struct cch_place *place, uint32_t b)
{
	if (place->shared_at)
		return place->shared + place->shared_at[b];
	if (b == place->root)
		return place->shared;
	return place->stack + (cch->block[b].stack_at - place->base);
}

static void block(struct route_weights *weights, const struct costs *costs, const struct cch_place *place, uint32_t b)
{
	const struct cch *cch = weights->cch;
	uint32_t n_out = cch_n_vertices(cch, b), n_rows = n_out + cch->block[b].n_rows;
	uint32_t n_cols = n_out + cch->block[b].n_cols;
	cch_label *front = place->front;
	fill(front, (size_t)n_rows * n_cols);
	front_base(cch, costs, b, front);
	for (uint32_t child = cch->block[b].child; child != NONE; child = cch->block[child].sibling)
		front_child(cch, child, result_of(cch, place, child), front, n_cols);
	cch->kernels->eliminate(front, n_rows, n_cols, n_out, result_of(cch, place, b));
	front_write(weights, b, front, n_cols);
}

/* cells[at] becomes no more than way; what nobody wrote before counts as infinite. */
static inline void least(cch_label *cells, uint32_t at, cch_label way)
{
	cch_label *cell = &cells[at & ~CCH_FIRST], now = *cell;
	now = at & CCH_FIRST ? CCH_INFINITE : now;
	*cell = cch_label_min(now, way);
}

static void relax_all(cch_label *to, const cch_label *weight, const struct cch_triangle *triangle,
		      const struct cch_triangle *end)
{
	for (; triangle < end; triangle++) {
		cch_label way = weight[triangle->in] + weight[triangle->out];
		least(to, triangle->to, way);
	}
}

static void low_subtree(struct route_weights *weights, const struct costs *costs, const struct cch_place *place,
			const struct cch_step *step)
{
	const struct cch *cch = weights->cch;
	uint32_t lowest = cch->block[step->lowest].first, behind = cch->block[step->block + 1].first;
	cch_label *result = result_of(cch, place, step->block);
	for (uint32_t k = cch->base_first[lowest]; k < cch->base_first[behind]; k++)
		least(weights->up, cch->base[k].cell, base_label(costs, &cch->base[k]));
	relax_all(weights->up, weights->up, cch->triangle + step->inner, cch->triangle + step->outer);
	fill(result, (size_t)cch->block[step->block].n_rows * cch->block[step->block].n_cols);
	relax_all(result, weights->up, cch->triangle + step->outer, cch->triangle + step[1].inner);
}

void cch_customize_steps(struct route_weights *weights, const struct cch_place *place, uint32_t first, uint32_t end)
{
	const struct cch *cch = weights->cch;
	struct costs costs = costs_of(weights);
	for (const struct cch_step *step = cch->step + first; step < cch->step + end; step++) {
		if (step->lowest == NONE)
			block(weights, &costs, place, step->block);
		else
			low_subtree(weights, &costs, place, step);
	}
}

void cch_customize(struct route_weights *weights, uint32_t class_index, const uint32_t *time_ms)
{
	struct cch_place place = {.front = weights->front, .stack = weights->stack, .root = NONE};
	weights->class_index = class_index;
	weights->time_ms = time_ms;
	cch_customize_steps(weights, &place, 0, weights->cch->n_steps);
	cch_use_all(weights);
}

void cch_use_all(struct route_weights *weights)
{
	weights->forward = (struct cch_side){weights->up_first, weights->cch->up_depth, weights->up};
	weights->backward = (struct cch_side){weights->up_first, weights->cch->up_depth, weights->down};
}
