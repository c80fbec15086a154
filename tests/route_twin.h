/* The hierarchy against the plain search on one network: every query of route.h must answer the same, to the
 * millisecond and millimetre, and every path must be drivable arc by arc and as long as it says. For tests; needs
 * cmocka. */
#ifndef ZUB_ROUTE_TWIN_H
#define ZUB_ROUTE_TWIN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cch.h"
#include "err.h"
#include "rng.h"
#include "route.h"
#include "route_graph.h"
#include "route_threads.h"

#define TWIN_PATH_MAX 20000

struct twin {
	const struct network *network;
	struct arena graph_arena, query_arena, weights_arena;
	struct route_graph *graph;
	struct route_query *query;
	struct route_weights *weights, *fresh;
	uint32_t *time_ms; /* a copy that closures may change */
	struct route_metric plain, fast;
	struct route_threads *threads;
};

static inline void twin_open(struct twin *twin, const struct network *network)
{
	*twin = (struct twin){.network = network};
	size_t size = route_weights_size(network);
	assert_int_equal(arena_open(&twin->graph_arena, route_graph_size(network)), 0);
	assert_int_equal(route_graph_open(&twin->graph, network, &twin->graph_arena), 0);
	assert_int_equal(arena_open(&twin->query_arena, route_query_size(twin->graph)), 0);
	assert_int_equal(route_query_open(&twin->query, twin->graph, &twin->query_arena), 0);
	assert_int_equal(arena_open(&twin->weights_arena, 2 * size), 0);
	assert_int_equal(route_weights_open(&twin->weights, twin->graph, &twin->weights_arena), 0);
	assert_int_equal(route_weights_open(&twin->fresh, twin->graph, &twin->weights_arena), 0);
	assert_non_null(twin->weights);
	assert_int_equal(route_threads_open(&twin->threads, twin->graph, 2 + network->n_order % 2), 0);
	twin->time_ms = malloc(((size_t)network->n_arcs + 1) * sizeof *twin->time_ms);
}

static inline void twin_close(struct twin *twin)
{
	free(twin->time_ms);
	route_threads_close(twin->threads);
	arena_close(&twin->graph_arena);
	arena_close(&twin->query_arena);
	arena_close(&twin->weights_arena);
}

/* Several threads leave the same bytes as one. */
static inline void twin_threads(struct twin *twin)
{
	const struct route_weights *alone = twin->weights, *many = twin->fresh;
	size_t n = twin->network->n_order, m = twin->network->n_up;
	route_threads_set(twin->threads, twin->fresh, twin->plain.class_index, twin->time_ms, 0);
	assert_memory_equal(many->up, alone->up, m * sizeof *many->up);
	assert_memory_equal(many->down, alone->down, m * sizeof *many->down);
	for (int bit = 0; bit < 2; bit++) {
		const struct cch_kept *a = &many->kept[bit], *b = &alone->kept[bit];
		assert_memory_equal(a->first, b->first, (n + 1) * sizeof *a->first);
		assert_memory_equal(a->depth, b->depth, a->first[n] * sizeof *a->depth);
		assert_memory_equal(a->weight, b->weight, a->first[n] * sizeof *a->weight);
	}
	route_threads_set(twin->threads, twin->fresh, twin->plain.class_index, twin->time_ms, 1);
	assert_true(many->forward.weight == many->up && many->backward.weight == many->down);
	assert_memory_equal(many->up, alone->up, m * sizeof *many->up);
	assert_memory_equal(many->down, alone->down, m * sizeof *many->down);
}

static inline void twin_class(struct twin *twin, uint32_t class_index)
{
	const struct network *network = twin->network;
	memcpy(twin->time_ms, network->time_ms + (size_t)class_index * network->n_arcs,
	       network->n_arcs * sizeof(uint32_t));
	twin->plain = (struct route_metric){class_index, twin->time_ms, NULL};
	twin->fast = (struct route_metric){class_index, twin->time_ms, twin->weights};
	route_weights_set(twin->weights, class_index, twin->time_ms);
	twin_threads(twin);
}

static inline void twin_same(struct route_result got, struct route_result wanted, struct spot from, struct spot to)
{
	if (got.time_ms == wanted.time_ms && (got.dist_mm == wanted.dist_mm || wanted.time_ms == TIME_INFINITE))
		return;
	fail_msg("arc %u + %u mm to arc %u + %u mm: %u ms %u mm, plain search %u ms %u mm", from.arc, from.offset_mm,
		 to.arc, to.offset_mm, got.time_ms, got.dist_mm, wanted.time_ms, wanted.dist_mm);
}

static inline uint32_t twin_part(const struct twin *twin, uint32_t arc, uint64_t part)
{
	uint64_t time = twin->time_ms[arc], length = twin->network->dist_mm[arc];
	return length == 0 ? 0 : (uint32_t)((time * part + length - 1) / length);
}

/* Drives the arcs as the turn rows say and adds up. */
static inline struct route_result twin_drive(const struct twin *twin, struct spot from, struct spot to,
					     const uint32_t *arcs, uint32_t n)
{
	const struct network *network = twin->network;
	struct route_result sum = {0, 0};
	assert_true(n >= 1 && arcs[0] == from.arc && arcs[n - 1] == to.arc);
	if (n == 1) {
		assert_true(to.offset_mm >= from.offset_mm);
		return (struct route_result){twin_part(twin, from.arc, to.offset_mm - from.offset_mm),
					     to.offset_mm - from.offset_mm};
	}
	uint64_t time = twin_part(twin, from.arc, network->dist_mm[from.arc] - from.offset_mm),
		 dist = network->dist_mm[from.arc] - from.offset_mm;
	for (uint32_t i = 1; i < n; i++) {
		int32_t turn = route_turn_ms(twin->graph, twin->plain.class_index, arcs, i, arcs[i]);
		assert_true(turn >= 0);
		assert_int_equal(network->tail[arcs[i]], network->head[arcs[i - 1]]);
		assert_true(twin->time_ms[arcs[i]] != TIME_INFINITE);
		time += (uint32_t)turn + (i + 1 < n ? twin->time_ms[arcs[i]] : twin_part(twin, to.arc, to.offset_mm));
		dist += i + 1 < n ? network->dist_mm[arcs[i]] : to.offset_mm;
	}
	sum.time_ms = (uint32_t)time;
	sum.dist_mm = (uint32_t)dist;
	return sum;
}

static inline void twin_path(struct twin *twin, struct spot from, struct spot to, struct route_result wanted)
{
	static uint32_t arcs[TWIN_PATH_MAX];
	struct route_result result = {1, 2};
	uint32_t n = 0, n_cut = 0, cut[2];
	int code = route_path(twin->query, &twin->fast, from, to, &result, arcs, &n, TWIN_PATH_MAX);
	if (wanted.time_ms == TIME_INFINITE) {
		assert_int_equal(code, ERR_UNREACHABLE);
		return;
	}
	assert_int_equal(code, ERR_OK);
	twin_same(result, wanted, from, to);
	twin_same(twin_drive(twin, from, to, arcs, n), wanted, from, to);
	code = route_path(twin->query, &twin->fast, from, to, &result, cut, &n_cut, 1);
	assert_int_equal(code, n > 1 ? ERR_FULL : ERR_OK);
	assert_int_equal(n_cut, n);
	assert_int_equal(cut[0], from.arc);
}

static inline struct spot twin_spot(const struct twin *twin, struct rng *rng)
{
	uint32_t arc = rng_below(rng, twin->network->n_arcs), dist = twin->network->dist_mm[arc];
	return (struct spot){arc, rng_chance(rng, 100) ? 0 : rng_chance(rng, 100) ? dist : rng_below(rng, dist + 1)};
}

/* Pins to end on and to begin on; a few are moved and taken out on the way. */
static inline void twin_pins(struct twin *twin, const struct spot *from, uint32_t n_from, const struct spot *to,
			     uint32_t n_to, struct rng *rng)
{
	struct arena arena;
	struct route_pins *ends, *starts;
	struct route_result *got = malloc(((size_t)n_from + n_to) * sizeof *got), wanted;
	assert_int_equal(
		arena_open(&arena, route_pins_size(twin->network, n_to) + route_pins_size(twin->network, n_from)), 0);
	assert_int_equal(route_pins_open(&ends, twin->graph, &twin->fast, n_to, 0, &arena), 0);
	assert_int_equal(route_pins_open(&starts, twin->graph, &twin->fast, n_from, 1, &arena), 0);
	for (uint32_t k = 0; k < n_to + n_to / 4; k++) { /* some somewhere else first */
		route_pins_set(ends, rng_below(rng, n_to), twin_spot(twin, rng));
		route_pins_set(ends, rng_below(rng, n_to), (struct spot){NONE, 0});
	}
	for (uint32_t j = 0; j < n_to; j++)
		route_pins_set(ends, j, to[j]);
	for (uint32_t i = 0; i < n_from; i++)
		route_pins_set(starts, i, from[i]);
	for (uint32_t i = 0; i < n_from; i += 1 + n_from / 8) {
		route_pins_query(ends, twin->query, from[i], got);
		for (uint32_t j = 0; j < n_to; j++) {
			wanted = route_one(twin->query, &twin->fast, from[i], to[j]);
			twin_same(got[j], wanted, from[i], to[j]);
		}
	}
	for (uint32_t j = 0; j < n_to; j += 1 + n_to / 8) {
		route_pins_query(starts, twin->query, to[j], got);
		for (uint32_t i = 0; i < n_from; i++) {
			wanted = route_one(twin->query, &twin->fast, from[i], to[j]);
			twin_same(got[i], wanted, from[i], to[j]);
		}
	}
	free(got);
	arena_close(&arena);
}

/* What is within reach: an arc is named exactly when its tail is, with the time of the plain search (to its first
 * millimetre, were there nothing of it to drive), and driven as far as the time lasts. */
static inline void twin_within(struct twin *twin, struct spot from, uint32_t most_ms)
{
	uint32_t n_arcs = twin->network->n_arcs, n = 0, n_cut, seen = 0;
	struct route_reach *reaches = malloc(((size_t)n_arcs + 1) * sizeof *reaches), cut;
	struct spot *starts = malloc((size_t)n_arcs * sizeof *starts);
	struct route_result *times = malloc((size_t)n_arcs * sizeof *times);
	assert_int_equal(route_within(twin->query, &twin->fast, from, most_ms, reaches, &n, n_arcs + 1), ERR_OK);
	assert_int_equal(route_within(twin->query, &twin->fast, from, most_ms, &cut, &n_cut, 1),
			 n > 1 ? ERR_FULL : ERR_OK);
	assert_int_equal(n_cut, n);
	for (uint32_t arc = 0; arc < n_arcs; arc++)
		starts[arc] = (struct spot){arc, 0};
	route_to_many(twin->query, &twin->plain, from, starts, n_arcs, times);
	for (uint32_t i = 0; i < n; i++) {
		const struct route_reach *reach = &reaches[i];
		uint32_t dist = twin->network->dist_mm[reach->arc];
		assert_true(reach->from_mm <= reach->to_mm && reach->to_mm <= dist && reach->time_ms <= most_ms);
		assert_true(i < 2 || reaches[i - 1].time_ms < reach->time_ms ||
			    (reaches[i - 1].time_ms == reach->time_ms && reaches[i - 1].arc != reach->arc));
		assert_true(reach->time_ms + twin_part(twin, reach->arc, reach->to_mm - reach->from_mm) <= most_ms);
		if (reach->to_mm < dist)
			assert_true(reach->time_ms + twin_part(twin, reach->arc, reach->to_mm + 1 - reach->from_mm) >
				    most_ms);
		if (i > 0 && reach->arc != from.arc)
			assert_int_equal(reach->time_ms, times[reach->arc].time_ms);
		seen += i > 0 && reach->arc != from.arc;
	}
	for (uint32_t arc = 0; arc < n_arcs; arc++)
		if (arc != from.arc && times[arc].time_ms <= most_ms)
			seen--;
	assert_int_equal(seen, 0);
	free(reaches);
	free(starts);
	free(times);
}

/* All queries between the spots; of each row, one path. */
static inline void twin_compare(struct twin *twin, const struct spot *from, uint32_t n_from, const struct spot *to,
				uint32_t n_to, struct rng *rng)
{
	struct route_result *wanted = malloc(n_to * sizeof *wanted), *got = malloc(n_to * sizeof *got);
	struct route_result *matrix = malloc((size_t)n_from * n_to * sizeof *matrix);
	route_matrix(twin->query, &twin->fast, from, n_from, to, n_to, matrix);
	for (uint32_t i = 0; i < n_from; i++) {
		route_to_many(twin->query, &twin->plain, from[i], to, n_to, wanted);
		route_to_many(twin->query, &twin->fast, from[i], to, n_to, got);
		for (uint32_t j = 0; j < n_to; j++) {
			twin_same(got[j], wanted[j], from[i], to[j]);
			twin_same(matrix[(size_t)i * n_to + j], wanted[j], from[i], to[j]);
		}
		uint32_t j = rng_below(rng, n_to);
		twin_path(twin, from[i], to[j], wanted[j]);
		twin_same(route_one(twin->query, &twin->fast, from[i], to[j]), wanted[j], from[i], to[j]);
	}
	for (uint32_t j = 0; j < n_to; j += 1 + n_to / 16) {
		struct route_result *column = malloc(n_from * sizeof *column);
		route_from_many(twin->query, &twin->fast, from, n_from, to[j], column);
		for (uint32_t i = 0; i < n_from; i++)
			twin_same(column[i], matrix[(size_t)i * n_to + j], from[i], to[j]);
		free(column);
	}
	twin_pins(twin, from, n_from, to, n_to, rng);
	/* it asks for every arc: once is enough where they are many */
	for (uint32_t i = 0; i < n_from; i += twin->network->n_arcs < 1000 ? 1 + n_from / 4 : n_from)
		if (from[i].arc != NONE)
			twin_within(twin, from[i], rng_below(rng, twin->network->n_arcs < 100 ? 60 : 900000));
	free(wanted);
	free(got);
	free(matrix);
}

/* Closes, opens and slows n random arcs: partly prepared must equal wholly prepared, weight by weight. */
static inline void twin_change(struct twin *twin, uint32_t n, struct rng *rng)
{
	uint32_t *arcs = malloc(n * sizeof *arcs);
	size_t m = twin->network->n_up;
	for (uint32_t i = 0; i < n; i++) {
		arcs[i] = rng_below(rng, twin->network->n_arcs);
		uint32_t *time = &twin->time_ms[arcs[i]];
		if (rng_chance(rng, 400))
			*time = TIME_INFINITE;
		else if (*time == TIME_INFINITE)
			*time = 1 + rng_below(rng, 60000);
		else
			*time = (uint32_t)((uint64_t)*time * (500 + rng_below(rng, 3000)) / 1000);
	}
	route_weights_update(twin->weights, arcs, n);
	route_weights_set(twin->fresh, twin->plain.class_index, twin->time_ms);
	assert_memory_equal(twin->weights->up, twin->fresh->up, m * sizeof *twin->weights->up);
	assert_memory_equal(twin->weights->down, twin->fresh->down, m * sizeof *twin->weights->down);
	free(arcs);
}

#endif
