/* Pinned places: the climb of each is kept as a row over the depths of its root path (a label of hierarchical hub
 * labelling), so a query climbs once and meets each row in the common part of the two root paths. */
#include "arena.h"
#include "cch_query.h"
#include "err.h"
#include "route_graph.h"

/* A place whose arc has more histories than this is asked by itself. */
#define SEEDS_MAX 4

struct route_pins {
	struct route_metric metric;
	uint32_t n;
	int is_start;
	struct spot *spot; /* [n] */
	uint8_t *is_alone; /* [n] not pinned: too many seeds */
	cch_label *label;  /* [n] scratch */
	struct cch_pins pins;
};

/* Rows of the pins of n places: most have one state, and a few in hundred have more. */
static uint32_t rows_of(uint32_t n)
{
	return n + n / 8 + SEEDS_MAX;
}

size_t route_pins_size(const struct network *network, uint32_t n)
{
	return sizeof(struct route_pins) + ((size_t)n + 2) * (sizeof(struct spot) + 1 + sizeof(cch_label)) +
	       cch_pins_size(network, rows_of(n)) + 256;
}

int route_pins_open(struct route_pins **ret_pins, const struct route_graph *graph, const struct route_metric *metric,
		    uint32_t n, int is_start, struct arena *arena)
{
	struct route_pins *pins = arena_take(arena, 1, sizeof *pins);
	if (!pins)
		return ERR_MEMORY;
	pins->metric = *metric;
	pins->n = n;
	pins->is_start = is_start;
	pins->spot = arena_take(arena, (size_t)n + 1, sizeof *pins->spot);
	pins->is_alone = arena_take(arena, (size_t)n + 1, 1);
	pins->label = arena_take(arena, (size_t)n + 1, sizeof *pins->label);
	if (!pins->spot || !pins->is_alone || !pins->label || cch_pins_open(&pins->pins, graph->cch, rows_of(n), arena))
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n; i++)
		pins->spot[i].arc = NONE;
	*ret_pins = pins;
	return ERR_OK;
}

/* 1 = done */
static int set_end(struct route_pins *pins, uint32_t i)
{
	const struct route_weights *weights = pins->metric.weights;
	struct cch_ends ends = cch_ends_of(weights, pins->spot[i], 0);
	struct cch_seed seeds[SEEDS_MAX], seed;
	uint32_t n = 0;
	while (cch_ends_next(&ends, &seed)) {
		if (n == SEEDS_MAX)
			return 0;
		seeds[n++] = seed;
	}
	if (n > pins->pins.most - pins->pins.n)
		return 0;
	for (uint32_t k = 0; k < n; k++)
		cch_pins_add(&pins->pins, weights->cch, &weights->backward, seeds[k], i);
	return 1;
}

void route_pins_set(struct route_pins *pins, uint32_t i, struct spot spot)
{
	const struct route_weights *weights = pins->metric.weights;
	if (pins->spot[i].arc != NONE && !pins->is_alone[i])
		cch_pins_remove(&pins->pins, i);
	pins->spot[i] = spot;
	pins->is_alone[i] = 0;
	if (!cch_spot_ok(weights, spot))
		return;
	if (!pins->is_start)
		pins->is_alone[i] = !set_end(pins, i);
	else
		cch_pins_add(&pins->pins, weights->cch, &weights->forward, cch_seed_from(weights, spot), i);
}

static cch_label whole_of(const struct route_pins *pins, struct spot to)
{
	const struct network *network = pins->metric.weights->cch->graph->network;
	return cch_edges_by_state(pins->metric.weights->cch->graph)
		       ? cch_label_of(pins->metric.time_ms[to.arc], network->dist_mm[to.arc])
		       : 0;
}

static void climb_all(struct route_pins *pins, struct cch_search *search, struct spot spot)
{
	const struct route_weights *weights = pins->metric.weights;
	struct cch_seed seed;
	if (!pins->is_start) {
		cch_climb(search->cch, &weights->forward, cch_seed_from(weights, spot), &search->forward);
		cch_pins_meet(&pins->pins, search->cch, &search->forward, pins->label);
		return;
	}
	struct cch_ends ends = cch_ends_of(weights, spot, 0);
	while (cch_ends_next(&ends, &seed)) {
		cch_climb(search->cch, &weights->backward, seed, &search->backward);
		cch_pins_meet(&pins->pins, search->cch, &search->backward, pins->label);
	}
}

void route_pins_query(struct route_pins *pins, struct route_query *query, struct spot spot,
		      struct route_result *ret_results)
{
	const struct route_weights *weights = pins->metric.weights;
	struct cch_search *search = route_query_search(query);
	for (uint32_t i = 0; i < pins->n; i++)
		pins->label[i] = CCH_INFINITE;
	if (cch_spot_ok(weights, spot))
		climb_all(pins, search, spot);
	for (uint32_t i = 0; i < pins->n; i++) {
		struct spot from = pins->is_start ? pins->spot[i] : spot, to = pins->is_start ? spot : pins->spot[i];
		if (pins->is_alone[i] || from.arc == to.arc) {
			cch_to_many(search, weights, from, &to, 1, &ret_results[i]);
			continue;
		}
		cch_label label = pins->label[i];
		ret_results[i] = cch_label_result(label < CCH_INFINITE ? label - whole_of(pins, to) : CCH_INFINITE);
	}
}
