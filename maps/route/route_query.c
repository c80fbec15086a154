/* Dijkstra on the state graph, and the way to the hierarchy (cch_route.c) for metrics that are prepared for it. A label
 * is the least (time, distance) in one 64-bit number, so that comparing labels is comparing lexicographically. Stamps
 * tell this query's labels from older ones, so nothing is cleared between queries.
 */
#include "route_graph.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "cch_query.h"
#include "err.h"
#include "heap.h"
#include "route_spot.h"

#define LABEL_INFINITE UINT64_MAX

struct visit {
	uint64_t label;
	uint32_t stamp;
	uint32_t parent; /* state before (forward), NONE = the start */
};

struct route_query {
	const struct route_graph *graph;
	uint32_t stamp;
	uint32_t n_wanted;   /* arcs still to settle */
	struct visit *visit; /* [n_states] */
	uint32_t *wanted;    /* [n_arcs] == stamp: to be settled */
	struct heap heap;
	struct cch_search *search; /* NULL = the network has no order */
};

static size_t query_size(const struct network *network, size_t n_states)
{
	/* the heap: keys, items, positions */
	return sizeof(struct route_query) + n_states * (sizeof(struct visit) + 16) +
	       network->n_arcs * sizeof(uint32_t) + 256 + (network->n_order > 0 ? cch_search_size(network) : 0);
}

size_t route_query_size(const struct route_graph *graph)
{
	return query_size(graph->network, graph->n_states);
}

size_t route_query_size_most(const struct network *network)
{
	return query_size(network, (size_t)network->n_arcs + network->n_turn_arcs);
}

int route_query_open(struct route_query **ret_query, const struct route_graph *graph, struct arena *arena)
{
	struct route_query *query = arena_take(arena, 1, sizeof *query);
	if (!query)
		return ERR_MEMORY;
	query->graph = graph;
	query->visit = arena_take(arena, graph->n_states, sizeof *query->visit);
	query->wanted = arena_take(arena, graph->network->n_arcs, sizeof *query->wanted);
	if (!query->visit || !query->wanted || heap_open(&query->heap, arena, graph->n_states))
		return ERR_MEMORY;
	if (graph->cch && cch_search_open(&query->search, graph->cch, arena))
		return ERR_MEMORY;
	*ret_query = query;
	return ERR_OK;
}

struct cch_search *route_query_search(struct route_query *query)
{
	return query->search;
}

static void query_start(struct route_query *query)
{
	heap_clear(&query->heap);
	query->n_wanted = 0;
	if (++query->stamp)
		return;
	memset(query->visit, 0, query->graph->n_states * sizeof *query->visit);
	memset(query->wanted, 0, query->graph->network->n_arcs * sizeof *query->wanted);
	query->stamp = 1;
}

static uint64_t label_add(uint64_t label, uint32_t time_ms, uint32_t dist_mm)
{
	uint64_t time = (label >> 32) + time_ms, dist = (label & UINT32_MAX) + dist_mm;
	if (label == LABEL_INFINITE || time_ms == TIME_INFINITE || time >= TIME_INFINITE || dist > UINT32_MAX)
		return LABEL_INFINITE;
	return time << 32 | dist;
}

static struct route_result result_of(uint64_t label)
{
	if (label == LABEL_INFINITE)
		return (struct route_result){TIME_INFINITE, 0};
	return (struct route_result){(uint32_t)(label >> 32), (uint32_t)label};
}

static uint64_t label_rest(const struct network *network, const struct route_metric *metric, uint64_t label,
			   struct spot from)
{
	uint32_t rest = network->dist_mm[from.arc] - route_spot_offset(network, from);
	return label_add(label, route_spot_part_ms(network, metric->time_ms, from.arc, rest), rest);
}

static uint64_t label_part(const struct network *network, const struct route_metric *metric, uint64_t label,
			   struct spot to)
{
	uint32_t part = route_spot_offset(network, to);
	return label_add(label, route_spot_part_ms(network, metric->time_ms, to.arc, part), part);
}

static uint64_t label_ahead(const struct network *network, const struct route_metric *metric, struct spot from,
			    struct spot to)
{
	uint32_t part = route_spot_offset(network, to) - route_spot_offset(network, from);
	return label_add(0, route_spot_part_ms(network, metric->time_ms, from.arc, part), part);
}

static void want(struct route_query *query, uint32_t arc)
{
	if (query->wanted[arc] == query->stamp)
		return;
	query->wanted[arc] = query->stamp;
	query->n_wanted++;
}

/* Takes the arc off the list at the first (that is, best) state settled on it. */
static void settle(struct route_query *query, uint32_t arc)
{
	if (query->wanted[arc] != query->stamp)
		return;
	query->wanted[arc] = query->stamp - 1;
	query->n_wanted--;
}

static void reach(struct route_query *query, uint32_t state, uint64_t label, uint32_t parent)
{
	struct visit *visit = &query->visit[state];
	if (visit->stamp == query->stamp && visit->label <= label)
		return;
	*visit = (struct visit){label, query->stamp, parent};
	heap_push(&query->heap, state, label);
}

static const int32_t *turns_of(const struct route_graph *graph, const struct route_metric *metric)
{
	return &graph->turn_ms[(size_t)metric->class_index * graph->n_turns];
}

/* From the head of the arc of `state`, reached at `label`, into all arcs that may follow. */
static void relax_forward(struct route_query *query, const struct route_metric *metric, const int32_t *turn_ms,
			  uint32_t state, uint64_t label, uint32_t parent)
{
	const struct route_graph *graph = query->graph;
	for (uint32_t edge = graph->first_edge[state]; edge < graph->first_edge[state + 1]; edge++) {
		uint32_t next = graph->edge[edge].state;
		int32_t turn = turn_ms[graph->edge[edge].turn];
		if (turn < 0 || metric->time_ms[graph->state_arc[next]] == TIME_INFINITE)
			continue;
		uint64_t at = label_add(label, (uint32_t)turn, 0);
		if (at != LABEL_INFINITE)
			reach(query, next, at, parent);
	}
}

/* Labels: from the spot to the tail of each state's arc. Ends when every wanted arc is settled. */
static void search_forward(struct route_query *query, const struct route_metric *metric, struct spot from)
{
	const struct route_graph *graph = query->graph;
	const struct network *network = graph->network;
	const int32_t *turn_ms = turns_of(graph, metric);
	uint64_t label = label_rest(network, metric, 0, from);
	relax_forward(query, metric, turn_ms, from.arc, label, NONE);
	while (query->n_wanted > 0) {
		uint32_t state = heap_pop(&query->heap, &label);
		if (state == NONE)
			break;
		uint32_t arc = graph->state_arc[state];
		settle(query, arc);
		label = label_add(label, metric->time_ms[arc], network->dist_mm[arc]);
		if (label != LABEL_INFINITE)
			relax_forward(query, metric, turn_ms, state, label, state);
	}
}

/* Towards the tail of the arc of `state`, from where `label` is left to drive. */
static void relax_backward(struct route_query *query, const struct route_metric *metric, const int32_t *turn_ms,
			   uint32_t state, uint64_t label)
{
	const struct route_graph *graph = query->graph;
	for (uint32_t edge = graph->first_back[state]; edge < graph->first_back[state + 1]; edge++) {
		uint32_t before = graph->back[edge].state;
		int32_t turn = turn_ms[graph->back[edge].turn];
		if (turn < 0 || metric->time_ms[graph->state_arc[before]] == TIME_INFINITE)
			continue;
		uint64_t at = label_add(label, (uint32_t)turn, 0);
		if (at != LABEL_INFINITE)
			reach(query, before, at, NONE);
	}
}

/* Labels: from the head of each state's arc to the spot. A trip starts without history, so only the states of single
 * arcs settle a wanted arc. */
static void search_backward(struct route_query *query, const struct route_metric *metric, struct spot to)
{
	const struct route_graph *graph = query->graph;
	const struct network *network = graph->network;
	const int32_t *turn_ms = turns_of(graph, metric);
	uint64_t label = label_part(network, metric, 0, to);
	for (uint32_t state = to.arc; state != NONE; state = graph->state_next[state])
		relax_backward(query, metric, turn_ms, state, label);
	while (query->n_wanted > 0) {
		uint32_t state = heap_pop(&query->heap, &label);
		if (state == NONE)
			break;
		uint32_t arc = graph->state_arc[state];
		if (state == arc)
			settle(query, arc);
		label = label_add(label, metric->time_ms[arc], network->dist_mm[arc]);
		if (label != LABEL_INFINITE)
			relax_backward(query, metric, turn_ms, state, label);
	}
}

/* Best state on the arc after a forward search, or NONE. */
static uint32_t state_best(const struct route_query *query, uint32_t arc)
{
	uint32_t best = NONE;
	for (uint32_t state = arc; state != NONE; state = query->graph->state_next[state])
		if (query->visit[state].stamp == query->stamp &&
		    (best == NONE || query->visit[state].label < query->visit[best].label))
			best = state;
	return best;
}

static uint64_t label_to(const struct route_query *query, const struct route_metric *metric, struct spot to)
{
	uint32_t state = state_best(query, to.arc);
	return state == NONE ? LABEL_INFINITE
			     : label_part(query->graph->network, metric, query->visit[state].label, to);
}

/* The weights of the metric; they must have been made from its own times. */
static const struct route_weights *prepared(const struct route_metric *metric)
{
	assert(metric->weights->time_ms == metric->time_ms && metric->weights->class_index == metric->class_index);
	return metric->weights;
}

void route_to_many(struct route_query *query, const struct route_metric *metric, struct spot from,
		   const struct spot *to, uint32_t n, struct route_result *ret_results)
{
	if (metric->weights) {
		cch_to_many(query->search, prepared(metric), from, to, n, ret_results);
		return;
	}
	const struct network *network = query->graph->network;
	int usable = route_spot_usable(network, metric, from);
	query_start(query);
	for (uint32_t i = 0; usable && i < n; i++)
		if (route_spot_usable(network, metric, to[i]) && !route_spot_is_ahead(network, from, to[i]))
			want(query, to[i].arc);
	if (query->n_wanted > 0)
		search_forward(query, metric, from);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t label = LABEL_INFINITE;
		if (usable && route_spot_usable(network, metric, to[i]))
			label = route_spot_is_ahead(network, from, to[i]) ? label_ahead(network, metric, from, to[i])
									  : label_to(query, metric, to[i]);
		ret_results[i] = result_of(label);
	}
}

static uint64_t label_from(const struct route_query *query, const struct route_metric *metric, struct spot from)
{
	if (query->visit[from.arc].stamp != query->stamp)
		return LABEL_INFINITE;
	return label_rest(query->graph->network, metric, query->visit[from.arc].label, from);
}

/* ret_results[i * stride]: a column of a matrix has the stride of its rows. */
static void from_many(struct route_query *query, const struct route_metric *metric, const struct spot *from, uint32_t n,
		      struct spot to, struct route_result *ret_results, size_t stride)
{
	const struct network *network = query->graph->network;
	int usable = route_spot_usable(network, metric, to);
	query_start(query);
	for (uint32_t i = 0; usable && i < n; i++)
		if (route_spot_usable(network, metric, from[i]) && !route_spot_is_ahead(network, from[i], to))
			want(query, from[i].arc);
	if (query->n_wanted > 0)
		search_backward(query, metric, to);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t label = LABEL_INFINITE;
		if (usable && route_spot_usable(network, metric, from[i]))
			label = route_spot_is_ahead(network, from[i], to) ? label_ahead(network, metric, from[i], to)
									  : label_from(query, metric, from[i]);
		ret_results[i * stride] = result_of(label);
	}
}

void route_from_many(struct route_query *query, const struct route_metric *metric, const struct spot *from, uint32_t n,
		     struct spot to, struct route_result *ret_results)
{
	if (metric->weights) {
		cch_from_many(query->search, prepared(metric), from, n, to, ret_results);
		return;
	}
	from_many(query, metric, from, n, to, ret_results, 1);
}

struct route_result route_one(struct route_query *query, const struct route_metric *metric, struct spot from,
			      struct spot to)
{
	struct route_result result;
	route_to_many(query, metric, from, &to, 1, &result);
	return result;
}

/* Writes the arcs back from the last one; the first `most` of them fit. */
static uint32_t path_write(const struct route_query *query, struct spot from, uint32_t state, uint32_t *ret_arcs,
			   uint32_t most)
{
	uint32_t n = 1;
	for (uint32_t at = state; at != NONE; at = query->visit[at].parent)
		n++;
	uint32_t i = n;
	for (uint32_t at = state; at != NONE; at = query->visit[at].parent)
		if (--i < most)
			ret_arcs[i] = query->graph->state_arc[at];
	if (most > 0)
		ret_arcs[0] = from.arc;
	return n;
}

int route_path(struct route_query *query, const struct route_metric *metric, struct spot from, struct spot to,
	       struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most)
{
	if (metric->weights)
		return cch_route(query->search, prepared(metric), from, to, ret_result, ret_arcs, ret_n, most);
	struct route_result result = route_one(query, metric, from, to);
	if (result.time_ms == TIME_INFINITE)
		return ERR_UNREACHABLE;
	uint32_t state = route_spot_is_ahead(query->graph->network, from, to) ? NONE : state_best(query, to.arc);
	*ret_result = result;
	*ret_n = path_write(query, from, state, ret_arcs, most);
	return *ret_n > most ? ERR_FULL : ERR_OK;
}

void route_matrix(struct route_query *query, const struct route_metric *metric, const struct spot *from,
		  uint32_t n_from, const struct spot *to, uint32_t n_to, struct route_result *ret_results)
{
	if (metric->weights) {
		cch_matrix(query->search, prepared(metric), from, n_from, to, n_to, ret_results);
		return;
	}
	if (n_to < n_from) {
		for (uint32_t j = 0; j < n_to; j++)
			from_many(query, metric, from, n_from, to[j], &ret_results[j], n_to);
		return;
	}
	for (uint32_t i = 0; i < n_from; i++)
		route_to_many(query, metric, from[i], to, n_to, &ret_results[(size_t)i * n_to]);
}

/* --- what is within reach --- */

/* The most of the arc, from from_mm on, that takes no longer than left_ms with times rounded up. */
static uint32_t reach_mm(uint32_t from_mm, uint32_t dist_mm, uint32_t time_ms, uint64_t left_ms)
{
	uint64_t rest = dist_mm - from_mm, part = time_ms == 0 ? rest : left_ms * dist_mm / time_ms;
	return (uint32_t)(from_mm + (part < rest ? part : rest));
}

struct within {
	struct route_reach *reaches;
	uint32_t n, most, most_ms;
};

static void within_add(struct within *within, const struct route_query *query, const struct route_metric *metric,
		       uint32_t arc, uint32_t from_mm, uint32_t time_ms)
{
	uint32_t dist = query->graph->network->dist_mm[arc];
	uint32_t to_mm = reach_mm(from_mm, dist, metric->time_ms[arc], within->most_ms - time_ms);
	if (within->n < within->most)
		within->reaches[within->n] = (struct route_reach){arc, time_ms, from_mm, to_mm};
	within->n++;
}

int route_within(struct route_query *query, const struct route_metric *metric, struct spot from, uint32_t most_ms,
		 struct route_reach *ret_reaches, uint32_t *ret_n, uint32_t most)
{
	const struct route_graph *graph = query->graph;
	const struct network *network = graph->network;
	struct within within = {ret_reaches, 0, most, most_ms};
	uint64_t label;
	query_start(query);
	if (route_spot_usable(network, metric, from)) {
		within_add(&within, query, metric, from.arc, route_spot_offset(network, from), 0);
		label = label_rest(network, metric, 0, from);
		if (label >> 32 <= most_ms)
			relax_forward(query, metric, turns_of(graph, metric), from.arc, label, NONE);
	}
	for (uint32_t state; (state = heap_pop(&query->heap, &label)) != NONE && label >> 32 <= most_ms;) {
		uint32_t arc = graph->state_arc[state];
		if (query->wanted[arc] != query->stamp) { /* later histories of the arc are no earlier */
			query->wanted[arc] = query->stamp;
			within_add(&within, query, metric, arc, 0, (uint32_t)(label >> 32));
		}
		label = label_add(label, metric->time_ms[arc], network->dist_mm[arc]);
		if (label != LABEL_INFINITE)
			relax_forward(query, metric, turns_of(graph, metric), state, label, state);
	}
	*ret_n = within.n;
	return within.n > most ? ERR_FULL : ERR_OK;
}
