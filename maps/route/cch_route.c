/* From spots to vertices and back. A spot to start from is one seed: the head of its arc, after the rest of it. A spot
 * to end on is, by nodes, the tail of its arc; by states, all states of its arc, after the whole arc, from which the
 * arc's own label is taken again. A way round the block back to the same arc ends on the states before it. */
#include <assert.h>

#include "cch_query.h"
#include "err.h"
#include "route_graph.h"
#include "route_spot.h"

#define CLOSED ((struct route_result){TIME_INFINITE, 0})

static struct route_metric metric_of(const struct route_weights *weights)
{
	return (struct route_metric){weights->class_index, weights->time_ms, weights};
}

static cch_label part_label(const struct route_weights *weights, uint32_t arc, uint32_t part_mm)
{
	const struct network *network = weights->cch->graph->network;
	return cch_label_of(route_spot_part_ms(network, weights->time_ms, arc, part_mm), part_mm);
}

struct cch_seed cch_seed_from(const struct route_weights *weights, struct spot from)
{
	const struct cch *cch = weights->cch;
	const struct network *network = cch->graph->network;
	uint32_t rest = network->dist_mm[from.arc] - route_spot_offset(network, from);
	uint32_t vertex = cch_edges_by_state(cch->graph) ? from.arc : network->head[from.arc];
	return (struct cch_seed){cch->rank[vertex], part_label(weights, from.arc, rest)};
}

struct cch_ends cch_ends_of(const struct route_weights *weights, struct spot to, int is_round)
{
	const struct cch *cch = weights->cch;
	const struct network *network = cch->graph->network;
	int by_state = cch_edges_by_state(cch->graph);
	struct cch_ends ends = {.weights = weights,
				.arc = to.arc,
				.state = to.arc,
				.is_round = is_round && by_state,
				.by_state = by_state};
	ends.part = part_label(weights, to.arc, route_spot_offset(network, to));
	if (by_state && !is_round)
		ends.whole = cch_label_of(weights->time_ms[to.arc], network->dist_mm[to.arc]);
	ends.back = cch->graph->first_back[to.arc];
	return ends;
}

/* The next edge into the arc that may be driven. */
static int ends_round(struct cch_ends *ends, struct cch_seed *ret_seed)
{
	const struct route_graph *graph = ends->weights->cch->graph;
	while (ends->state != NONE) {
		if (ends->back >= graph->first_back[ends->state + 1]) {
			ends->state = graph->state_next[ends->state];
			ends->back = ends->state == NONE ? 0 : graph->first_back[ends->state];
			continue;
		}
		struct route_edge edge = graph->back[ends->back++];
		int32_t turn = graph->turn_ms[(size_t)ends->weights->class_index * graph->n_turns + edge.turn];
		if (turn < 0)
			continue;
		*ret_seed = (struct cch_seed){ends->weights->cch->rank[edge.state],
					      ends->part + cch_label_of((uint32_t)turn, 0)};
		return 1;
	}
	return 0;
}

int cch_ends_next(struct cch_ends *ends, struct cch_seed *ret_seed)
{
	const struct cch *cch = ends->weights->cch;
	if (ends->is_round)
		return ends_round(ends, ret_seed);
	if (ends->state == NONE)
		return 0;
	uint32_t vertex = ends->by_state ? ends->state : cch->graph->network->tail[ends->arc];
	*ret_seed = (struct cch_seed){cch->rank[vertex], ends->part};
	ends->state = ends->by_state ? cch->graph->state_next[ends->state] : NONE;
	return 1;
}

static cch_label label_less(cch_label label, cch_label whole)
{
	return label < CCH_INFINITE ? label - whole : CCH_INFINITE;
}

/* What needs no search: 1 = *ret_result is it. */
static int is_trivial(const struct route_weights *weights, struct spot from, struct spot to,
		      struct route_result *ret_result)
{
	const struct network *network = weights->cch->graph->network;
	struct route_metric metric = metric_of(weights);
	if (!route_spot_usable(network, &metric, from) || !route_spot_usable(network, &metric, to)) {
		*ret_result = CLOSED;
		return 1;
	}
	if (!route_spot_is_ahead(network, from, to))
		return 0;
	uint32_t part = route_spot_offset(network, to) - route_spot_offset(network, from);
	*ret_result = cch_label_result(part_label(weights, from.arc, part));
#ifndef CCH_TIME_ONLY
	assert(ret_result->time_ms == TIME_INFINITE || ret_result->dist_mm == part);
#endif
	return 1;
}

int cch_spot_ok(const struct route_weights *weights, struct spot spot)
{
	struct route_metric metric = metric_of(weights);
	return route_spot_usable(weights->cch->graph->network, &metric, spot);
}

/* The forward climb is done; climbs back from each end. */
static struct route_result to_one(struct cch_search *search, const struct route_weights *weights, struct spot to,
				  int is_round)
{
	const struct cch *cch = search->cch;
	struct cch_ends ends = cch_ends_of(weights, to, is_round);
	struct cch_seed seed;
	cch_label best = CCH_INFINITE;
	while (cch_ends_next(&ends, &seed)) {
		uint32_t common = cch_common(cch, search->forward.vertex, seed.vertex);
		if (common == 0)
			continue;
		cch_climb(cch, &weights->backward, seed, &search->backward);
		best = cch_label_min(best, cch->kernels->meet(search->forward.reach, search->backward.reach, common));
	}
	return cch_label_result(label_less(best, ends.whole));
}

void cch_to_many(struct cch_search *search, const struct route_weights *weights, struct spot from,
		 const struct spot *to, uint32_t n, struct route_result *ret_results)
{
	int is_climbed = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (is_trivial(weights, from, to[i], &ret_results[i]))
			continue;
		if (!is_climbed)
			cch_climb(search->cch, &weights->forward, cch_seed_from(weights, from), &search->forward);
		is_climbed = 1;
		ret_results[i] = to_one(search, weights, to[i], from.arc == to[i].arc);
	}
}

static void keep_less(struct route_result *result, cch_label label)
{
	struct route_result other = cch_label_result(label);
	if (other.time_ms < result->time_ms || (other.time_ms == result->time_ms && other.dist_mm < result->dist_mm))
		*result = other;
}

/* The backward climb is done; climbs from each spot that is not on the same arc. ret_results[i * stride] */
static void from_each(struct cch_search *search, const struct route_weights *weights, const struct spot *from,
		      uint32_t n, struct spot to, cch_label whole, struct route_result *ret_results)
{
	const struct cch *cch = search->cch;
	for (uint32_t i = 0; i < n; i++) {
		if (!cch_spot_ok(weights, from[i]) || from[i].arc == to.arc)
			continue;
		struct cch_seed seed = cch_seed_from(weights, from[i]);
		uint32_t common = cch_common(cch, seed.vertex, search->backward.vertex);
		if (common == 0)
			continue;
		cch_climb(cch, &weights->forward, seed, &search->forward);
		cch_label way = cch->kernels->meet(search->forward.reach, search->backward.reach, common);
		keep_less(&ret_results[i], label_less(way, whole));
	}
}

void cch_from_many(struct cch_search *search, const struct route_weights *weights, const struct spot *from, uint32_t n,
		   struct spot to, struct route_result *ret_results)
{
	int usable = cch_spot_ok(weights, to);
	for (uint32_t i = 0; i < n; i++) {
		ret_results[i] = CLOSED;
		if (usable && cch_spot_ok(weights, from[i]) && from[i].arc == to.arc)
			cch_to_many(search, weights, from[i], &to, 1, &ret_results[i]);
	}
	if (!usable)
		return;
	struct cch_ends ends = cch_ends_of(weights, to, 0);
	struct cch_seed seed;
	while (cch_ends_next(&ends, &seed)) {
		cch_climb(search->cch, &weights->backward, seed, &search->backward);
		from_each(search, weights, from, n, to, ends.whole, ret_results);
	}
}

/* --- matrices --- */

/* Pins as many spots to end on as fit, from *at on; a spot needs one pin per state. Returns the spot after the last. */
static uint32_t pin_ends(struct cch_search *search, const struct route_weights *weights, const struct spot *to,
			 uint32_t n_to, uint32_t at)
{
	struct cch_pins *pins = &search->pins;
	uint32_t first = at;
	for (pins->n = 0; at < n_to; at++) {
		struct cch_seed seed;
		uint32_t n = 0;
		if (!cch_spot_ok(weights, to[at]))
			continue;
		struct cch_ends ends = cch_ends_of(weights, to[at], 0);
		for (struct cch_ends all = ends; cch_ends_next(&all, &seed);)
			n++;
		if (pins->n + n > pins->most)
			return at;
		while (cch_ends_next(&ends, &seed))
			cch_pins_add(pins, search->cch, &weights->backward, seed, at - first);
	}
	return at;
}

static void row_of_pins(struct cch_search *search, const struct route_weights *weights, struct spot from,
			const struct spot *to, uint32_t n, struct route_result *ret_results)
{
	const struct network *network = weights->cch->graph->network;
	int by_state = cch_edges_by_state(weights->cch->graph);
	cch_label labels[CCH_PINS];
	for (uint32_t j = 0; j < n; j++)
		labels[j] = CCH_INFINITE;
	if (cch_spot_ok(weights, from)) {
		cch_climb(search->cch, &weights->forward, cch_seed_from(weights, from), &search->forward);
		cch_pins_meet(&search->pins, search->cch, &search->forward, labels);
	}
	for (uint32_t j = 0; j < n; j++) {
		if (to[j].arc == from.arc) {
			cch_to_many(search, weights, from, &to[j], 1, &ret_results[j]);
			continue;
		}
		cch_label whole = by_state && labels[j] < CCH_INFINITE
					  ? cch_label_of(weights->time_ms[to[j].arc], network->dist_mm[to[j].arc])
					  : 0;
		ret_results[j] = cch_label_result(label_less(labels[j], whole));
	}
}

void cch_matrix(struct cch_search *search, const struct route_weights *weights, const struct spot *from,
		uint32_t n_from, const struct spot *to, uint32_t n_to, struct route_result *ret_results)
{
	for (uint32_t at = 0, next; at < n_to; at = next) {
		uint32_t room = n_to - at < CCH_PINS ? n_to : at + CCH_PINS;
		next = pin_ends(search, weights, to, room, at);
		for (uint32_t i = 0; next == at && i < n_from; i++) /* an arc with more histories than pins */
			cch_to_many(search, weights, from[i], &to[at], 1, &ret_results[(size_t)i * n_to + at]);
		if (next == at) {
			next++;
			continue;
		}
		for (uint32_t i = 0; i < n_from; i++)
			row_of_pins(search, weights, from[i], &to[at], next - at, &ret_results[(size_t)i * n_to + at]);
	}
}

/* --- paths --- */

int cch_route(struct cch_search *search, const struct route_weights *weights, struct spot from, struct spot to,
	      struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most)
{
	struct route_result result;
	uint32_t n = 1;
	if (!is_trivial(weights, from, to, &result)) {
		struct cch_ends ends = cch_ends_of(weights, to, from.arc == to.arc);
		struct cch_seed seed, end = {NONE, 0}, start = cch_seed_from(weights, from);
		cch_label best = CCH_INFINITE;
		cch_climb(search->cch, &weights->forward, start, &search->forward);
		while (cch_ends_next(&ends, &seed)) { /* the best end first, then its path */
			uint32_t common = cch_common(search->cch, start.vertex, seed.vertex);
			cch_climb(search->cch, &weights->backward, seed, &search->backward);
			cch_label way =
				search->cch->kernels->meet(search->forward.reach, search->backward.reach, common);
			if (way < best) {
				best = way;
				end = seed;
			}
		}
		if (end.vertex == NONE)
			return ERR_UNREACHABLE;
		cch_label found = cch_path(search, weights, start, end, ret_arcs, &n, most);
		assert(found == best);
		result = cch_label_result(label_less(best, ends.whole));
		if (!ends.by_state || ends.is_round) { /* the last edge leads to its tail only */
			if (n < most)
				ret_arcs[n] = to.arc;
			n++;
		}
	}
	if (result.time_ms == TIME_INFINITE)
		return ERR_UNREACHABLE;
	if (most > 0)
		ret_arcs[0] = from.arc;
	*ret_result = result;
	*ret_n = n;
	return n > most ? ERR_FULL : ERR_OK;
}
