#include "route_signs.h"

#include "arena.h"
#include "cch.h"
#include "cch_edges.h"
#include "err.h"
#include "route_graph.h"

#define SIGN_FAR 0x3fffffff
#define EACH(value)                                                    \
	{                                                              \
		value, value, value, value, value, value, value, value \
	}

struct route_signs {
	const struct route_graph *graph;
	const uint32_t *rank;
	int by_state;
	struct route_sign *sign; /* [n] */
	/* scratch of open */
	int32_t *to, *from, *near; /* [n]; near: there and back to the nearest landmark so far */
};

size_t route_signs_size(const struct route_graph *graph)
{
	return sizeof(struct route_signs) + (size_t)graph->network->n_order * (sizeof(struct route_sign) + 12) + 512;
}

static int32_t sign_time(cch_label label)
{
	return label >= CCH_INFINITE ? SIGN_FAR : (int32_t)cch_label_result(label).time_ms;
}

static void lower(int32_t *time, int32_t other, int32_t add)
{
	if (other < SIGN_FAR && add < SIGN_FAR && other + add < *time)
		*time = other + add;
}

/* Times to and from one vertex: up from it, then down to all. */
static void measure(struct route_signs *signs, const struct route_weights *weights, uint32_t post)
{
	const struct cch *cch = weights->cch;
	for (uint32_t x = 0; x < cch->n; x++)
		signs->to[x] = signs->from[x] = SIGN_FAR;
	signs->to[post] = signs->from[post] = 0;
	for (uint32_t x = post; x != NONE; x = cch->vertex[x].parent)
		for (uint32_t e = cch->vertex[x].first; e < cch->vertex[x + 1].first; e++) {
			lower(&signs->from[cch->up_head[e]], signs->from[x], sign_time(weights->up[e]));
			lower(&signs->to[cch->up_head[e]], signs->to[x], sign_time(weights->down[e]));
		}
	for (uint32_t x = cch->n; x-- > 0;)
		for (uint32_t e = cch->vertex[x].first; e < cch->vertex[x + 1].first; e++) {
			lower(&signs->from[x], signs->from[cch->up_head[e]], sign_time(weights->down[e]));
			lower(&signs->to[x], signs->to[cch->up_head[e]], sign_time(weights->up[e]));
		}
}

/* What lies furthest from all landmarks so far, among what can be reached from the top of the hierarchy and back. */
static uint32_t furthest(const struct route_signs *signs, uint32_t n)
{
	uint32_t best = n - 1;
	for (uint32_t x = 0; x < n; x++)
		if (signs->near[x] < SIGN_FAR && (signs->near[best] >= SIGN_FAR || signs->near[x] > signs->near[best]))
			best = x;
	return best;
}

static void near_set(struct route_signs *signs, uint32_t n, int is_first)
{
	for (uint32_t x = 0; x < n; x++) {
		int is_cut = signs->to[x] >= SIGN_FAR / 2 || signs->from[x] >= SIGN_FAR / 2;
		int32_t both = is_cut ? SIGN_FAR : signs->to[x] + signs->from[x];
		signs->near[x] = is_first || both < signs->near[x] ? both : signs->near[x];
	}
}

int route_signs_open(struct route_signs **ret_signs, const struct route_graph *graph, const struct route_metric *metric,
		     struct arena *arena)
{
	if (!metric->weights)
		return ERR_RANGE;
	const struct cch *cch = graph->cch;
	struct route_signs *signs = arena_take(arena, 1, sizeof *signs);
	if (!signs)
		return ERR_MEMORY;
	*signs = (struct route_signs){.graph = graph, .rank = cch->rank, .by_state = cch_edges_by_state(graph)};
	signs->sign = arena_take(arena, (size_t)cch->n + 1, sizeof *signs->sign);
	signs->to = arena_take(arena, cch->n, sizeof *signs->to);
	signs->from = arena_take(arena, cch->n, sizeof *signs->from);
	signs->near = arena_take(arena, cch->n, sizeof *signs->near);
	/* one line of the cache each */
	signs->sign += ((uintptr_t)signs->sign & 63) != 0;
	signs->sign = (struct route_sign *)((uintptr_t)signs->sign & ~(uintptr_t)63);
	if (!signs->sign || !signs->to || !signs->from || !signs->near)
		return ERR_MEMORY;
	measure(signs, metric->weights, cch->n - 1);
	near_set(signs, cch->n, 1);
	for (int i = 0; i < ROUTE_SIGN_POSTS; i++) {
		measure(signs, metric->weights, furthest(signs, cch->n));
		near_set(signs, cch->n, i == 0);
		for (uint32_t x = 0; x < cch->n; x++) {
			signs->sign[x].to[i] = signs->to[x];
			signs->sign[x].from[i] = signs->from[x];
		}
	}
	*ret_signs = signs;
	return ERR_OK;
}

static uint32_t vertex_of(const struct route_signs *signs, uint32_t arc)
{
	if (!signs->by_state)
		return signs->rank[signs->graph->network->head[arc]];
	return signs->graph->state_next[arc] == NONE ? signs->rank[arc] : NONE;
}

const struct route_sign *route_signs_start(const struct route_signs *signs, uint32_t arc)
{
	static const struct route_sign unknown = {.from = EACH(SIGN_FAR)};
	uint32_t x = vertex_of(signs, arc);
	return x == NONE ? &unknown : &signs->sign[x];
}

const struct route_sign *route_signs_end(const struct route_signs *signs, uint32_t arc)
{
	static const struct route_sign unknown = {.to = EACH(SIGN_FAR)};
	uint32_t x = vertex_of(signs, arc);
	return x == NONE ? &unknown : &signs->sign[x];
}

const struct route_sign *route_signs_at(const struct route_signs *signs, uint32_t node)
{
	return &signs->sign[signs->rank[node]];
}
