// link: zub_route zub_city zub_base
/* The route search against a naive one written apart from it: labels over explicit histories of up to three arcs,
 * relaxed until nothing changes, with the turn rows compared arc by arc. Tiny random networks have all that is nasty:
 * parallel arcs, self loops, zero lengths, overlapping and repeated rows, closed arcs, rows for one class only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "err.h"
#include "rng.h"
#include "route.h"

#define NODES_MAX 7
#define ARCS_MAX 13
#define TURNS_MAX 14
#define HISTORY 3 /* rows have at most HISTORY + 1 arcs */
#define CODE_BASE (ARCS_MAX + 1)
#define CODES (CODE_BASE * CODE_BASE * CODE_BASE)
#define CLASSES 2

struct world {
	struct network network;
	uint32_t first_out[NODES_MAX + 1], out_arc[ARCS_MAX], tail[ARCS_MAX], head[ARCS_MAX], dist[ARCS_MAX];
	uint32_t time[CLASSES * ARCS_MAX];
	uint32_t turn_first[TURNS_MAX + 1], turn_arcs[TURNS_MAX * (HISTORY + 1)];
	int32_t turn_cost[TURNS_MAX];
	uint8_t turn_mask[TURNS_MAX];
};

static uint64_t seed_of_test(void)
{
	const char *text = getenv("ZUB_SEED");
	return text ? strtoull(text, NULL, 10) : 20260101;
}

static void world_index(struct world *world)
{
	struct network *network = &world->network;
	uint32_t n = 0;
	for (uint32_t node = 0; node < network->n_nodes; node++) {
		world->first_out[node] = n;
		for (uint32_t arc = 0; arc < network->n_arcs; arc++)
			if (world->tail[arc] == node)
				world->out_arc[n++] = arc;
	}
	world->first_out[network->n_nodes] = n;
	network->first_out = world->first_out;
	network->out_arc = world->out_arc;
	network->tail = world->tail;
	network->head = world->head;
	network->dist_mm = world->dist;
	network->time_ms = world->time;
	network->turn_first = world->turn_first;
	network->turn_arcs = world->turn_arcs;
	network->turn_cost_ms = world->turn_cost;
	network->turn_mask = world->turn_mask;
}

static void row_end(struct world *world, struct rng *rng)
{
	struct network *network = &world->network;
	uint32_t turn = network->n_turns++;
	world->turn_cost[turn] = rng_chance(rng, 500) ? -1 : (int32_t)rng_below(rng, 12);
	world->turn_mask[turn] = (uint8_t)(1 + rng_below(rng, 3));
	world->turn_first[turn + 1] = network->n_turn_arcs;
}

/* A random drive of two to four arcs becomes a row. */
static void row_make(struct world *world, struct rng *rng)
{
	struct network *network = &world->network;
	uint32_t arc = rng_below(rng, network->n_arcs), length = 2 + rng_below(rng, HISTORY),
		 first = network->n_turn_arcs;
	world->turn_arcs[network->n_turn_arcs++] = arc;
	for (uint32_t i = 1; i < length; i++) {
		uint32_t node = world->head[arc], degree = world->first_out[node + 1] - world->first_out[node];
		if (degree == 0)
			break;
		arc = world->out_arc[world->first_out[node] + rng_below(rng, degree)];
		world->turn_arcs[network->n_turn_arcs++] = arc;
	}
	if (network->n_turn_arcs - first < 2)
		network->n_turn_arcs = first;
	else
		row_end(world, rng);
}

static void world_make(struct world *world, struct rng *rng)
{
	memset(world, 0, sizeof *world);
	struct network *network = &world->network;
	network->n_classes = CLASSES;
	network->n_nodes = 1 + rng_below(rng, NODES_MAX);
	network->n_arcs = 1 + rng_below(rng, ARCS_MAX);
	for (uint32_t arc = 0; arc < network->n_arcs; arc++) {
		int is_back = arc > 0 && rng_chance(rng, 400);
		world->tail[arc] = is_back ? world->head[arc - 1] : rng_below(rng, network->n_nodes);
		world->head[arc] = is_back ? world->tail[arc - 1] : rng_below(rng, network->n_nodes);
		world->dist[arc] = rng_chance(rng, 100) ? 0 : rng_below(rng, 12);
		for (uint32_t class_index = 0; class_index < CLASSES; class_index++)
			world->time[class_index * network->n_arcs + arc] =
				rng_chance(rng, 60) ? TIME_INFINITE : rng_below(rng, 10);
	}
	world_index(world);
	uint32_t n = rng_below(rng, TURNS_MAX + 1);
	for (uint32_t i = 0; i < n; i++)
		row_make(world, rng);
}

/* --- the naive search --- */

static int row_ends_at(const struct network *network, uint32_t turn, const uint32_t *arcs, uint32_t n)
{
	uint32_t first = network->turn_first[turn], length = network->turn_first[turn + 1] - first;
	return length <= n && memcmp(&network->turn_arcs[first], &arcs[n - length], length * sizeof *arcs) == 0;
}

/* Cost of the last change of arc in arcs[0..n-1]; -1 = forbidden. */
static int32_t naive_turn(const struct network *network, uint32_t class_index, const uint32_t *arcs, uint32_t n)
{
	int32_t sum = 0;
	for (uint32_t turn = 0; turn < network->n_turns; turn++) {
		if (!(network->turn_mask[turn] >> class_index & 1) || !row_ends_at(network, turn, arcs, n))
			continue;
		if (network->turn_cost_ms[turn] < 0)
			return -1;
		sum += network->turn_cost_ms[turn];
	}
	return sum;
}

struct naive {
	uint64_t label[CODES]; /* by history: after driving its last arc to the end; UINT64_MAX = not reached */
};

static uint32_t code_of(const uint32_t *arcs, uint32_t n)
{
	uint32_t code = 0;
	for (uint32_t i = n > HISTORY ? n - HISTORY : 0; i < n; i++)
		code = code * CODE_BASE + arcs[i] + 1;
	return code;
}

static uint32_t arcs_of(uint32_t code, uint32_t *ret_arcs)
{
	uint32_t n = 0, reversed[HISTORY];
	for (; code; code /= CODE_BASE)
		reversed[n++] = code % CODE_BASE - 1;
	for (uint32_t i = 0; i < n; i++)
		ret_arcs[i] = reversed[n - 1 - i];
	return n;
}

static uint64_t pack(uint64_t time, uint64_t dist)
{
	return time << 32 | dist;
}

static uint64_t naive_part(const struct network *network, uint32_t class_index, uint32_t arc, uint32_t part)
{
	uint64_t time = network->time_ms[class_index * network->n_arcs + arc], length = network->dist_mm[arc];
	return pack(length == 0 ? 0 : (time * part + length - 1) / length, part);
}

static int is_closed(const struct network *network, uint32_t class_index, uint32_t arc)
{
	return network->time_ms[class_index * network->n_arcs + arc] == TIME_INFINITE;
}

static int naive_relax(const struct network *network, uint32_t class_index, struct naive *naive, uint32_t code)
{
	uint32_t arcs[HISTORY + 1], n = arcs_of(code, arcs);
	int is_changed = 0;
	for (uint32_t next = 0; next < network->n_arcs; next++) {
		arcs[n] = next;
		int32_t turn = naive_turn(network, class_index, arcs, n + 1);
		if (network->tail[next] != network->head[arcs[n - 1]] || turn < 0 ||
		    is_closed(network, class_index, next))
			continue;
		uint64_t label = naive->label[code] +
				 pack((uint64_t)turn + network->time_ms[class_index * network->n_arcs + next],
				      network->dist_mm[next]);
		uint32_t to = code_of(arcs, n + 1);
		if (label < naive->label[to]) {
			naive->label[to] = label;
			is_changed = 1;
		}
	}
	return is_changed;
}

static void naive_search(const struct network *network, uint32_t class_index, struct spot from, struct naive *naive)
{
	memset(naive, 0xff, sizeof *naive);
	if (is_closed(network, class_index, from.arc))
		return;
	naive->label[code_of(&from.arc, 1)] =
		naive_part(network, class_index, from.arc, network->dist_mm[from.arc] - from.offset_mm);
	for (int is_changed = 1; is_changed;) {
		is_changed = 0;
		for (uint32_t code = 1; code < CODES; code++)
			if (naive->label[code] != UINT64_MAX)
				is_changed |= naive_relax(network, class_index, naive, code);
	}
}

static struct route_result naive_result(const struct network *network, uint32_t class_index, const struct naive *naive,
					struct spot from, struct spot to)
{
	uint64_t best = UINT64_MAX;
	if (is_closed(network, class_index, from.arc) || is_closed(network, class_index, to.arc))
		return (struct route_result){TIME_INFINITE, 0};
	if (from.arc == to.arc && to.offset_mm >= from.offset_mm)
		best = naive_part(network, class_index, to.arc, to.offset_mm - from.offset_mm);
	for (uint32_t code = 1; code < CODES; code++) {
		uint32_t arcs[HISTORY + 1];
		if (naive->label[code] == UINT64_MAX)
			continue;
		uint32_t n = arcs_of(code, arcs);
		arcs[n] = to.arc;
		int32_t turn = naive_turn(network, class_index, arcs, n + 1);
		if (network->tail[to.arc] != network->head[arcs[n - 1]] || turn < 0)
			continue;
		uint64_t label = naive->label[code] + pack((uint64_t)turn, 0) +
				 naive_part(network, class_index, to.arc, to.offset_mm);
		best = label < best ? label : best;
	}
	if (best == UINT64_MAX)
		return (struct route_result){TIME_INFINITE, 0};
	return (struct route_result){(uint32_t)(best >> 32), (uint32_t)best};
}

/* --- comparing --- */

static void assert_same(struct route_result a, struct route_result b)
{
	assert_int_equal(a.time_ms, b.time_ms);
	assert_int_equal(a.dist_mm, b.dist_mm);
}

static struct spot spot_random(const struct network *network, struct rng *rng)
{
	uint32_t arc = rng_below(rng, network->n_arcs);
	return (struct spot){arc, rng_below(rng, network->dist_mm[arc] + 1)};
}

struct searcher {
	struct arena graph_arena, query_arena;
	struct route_graph *graph;
	struct route_query *query;
	struct route_metric metric;
	const struct network *network;
};

/* Takes exactly what the size functions promise. */
static void searcher_open(struct searcher *searcher, const struct network *network, uint32_t class_index)
{
	assert_int_equal(arena_open(&searcher->graph_arena, route_graph_size(network)), 0);
	assert_int_equal(route_graph_open(&searcher->graph, network, &searcher->graph_arena), 0);
	assert_int_equal(arena_open(&searcher->query_arena, route_query_size(searcher->graph)), 0);
	assert_int_equal(route_query_open(&searcher->query, searcher->graph, &searcher->query_arena), 0);
	searcher->network = network;
	searcher->metric = (struct route_metric){class_index, &network->time_ms[class_index * network->n_arcs]};
}

static void searcher_close(struct searcher *searcher)
{
	arena_close(&searcher->query_arena);
	arena_close(&searcher->graph_arena);
}

/* Drives the arcs one by one under the rows. */
static struct route_result drive(const struct network *network, uint32_t class_index, const uint32_t *arcs, uint32_t n,
				 struct spot from, struct spot to)
{
	if (n == 1) {
		uint64_t part = naive_part(network, class_index, to.arc, to.offset_mm - from.offset_mm);
		return (struct route_result){(uint32_t)(part >> 32), (uint32_t)part};
	}
	uint64_t sum = naive_part(network, class_index, from.arc, network->dist_mm[from.arc] - from.offset_mm);
	for (uint32_t i = 1; i < n; i++) {
		int32_t turn = naive_turn(network, class_index, arcs, i + 1);
		assert_int_equal(network->tail[arcs[i]], network->head[arcs[i - 1]]);
		assert_false(is_closed(network, class_index, arcs[i]));
		assert_true(turn >= 0);
		sum += pack((uint64_t)turn, 0);
		sum += i + 1 == n ? naive_part(network, class_index, to.arc, to.offset_mm)
				  : pack(network->time_ms[class_index * network->n_arcs + arcs[i]],
					 network->dist_mm[arcs[i]]);
	}
	return (struct route_result){(uint32_t)(sum >> 32), (uint32_t)sum};
}

static void check_path(struct searcher *searcher, struct spot from, struct spot to, struct route_result expected)
{
	const struct network *network = searcher->network;
	uint32_t arcs[CODES], cut[2] = {7777, 7777}, n = 0, n_cut = 0;
	struct route_result result = {1, 2};
	int code = route_path(searcher->query, &searcher->metric, from, to, &result, arcs, &n, COUNT_OF(arcs));
	if (expected.time_ms == TIME_INFINITE) {
		assert_int_equal(code, ERR_UNREACHABLE);
		assert_int_equal(result.time_ms, 1); /* untouched */
		return;
	}
	assert_int_equal(code, ERR_OK);
	assert_same(result, expected);
	assert_int_equal(arcs[0], from.arc);
	assert_int_equal(arcs[n - 1], to.arc);
	assert_same(drive(network, searcher->metric.class_index, arcs, n, from, to), expected);
	code = route_path(searcher->query, &searcher->metric, from, to, &result, cut, &n_cut, 1);
	assert_int_equal(code, n > 1 ? ERR_FULL : ERR_OK);
	assert_int_equal(n_cut, n);
	assert_int_equal(cut[0], from.arc);
	assert_int_equal(cut[1], 7777);
}

#define SPOTS 6

static void check_world(const struct world *world, struct rng *rng, struct naive *naive)
{
	const struct network *network = &world->network;
	uint32_t class_index = rng_below(rng, CLASSES);
	struct searcher searcher;
	struct spot from[SPOTS], to[SPOTS];
	struct route_result expected[SPOTS * SPOTS], got[SPOTS * SPOTS], column[SPOTS];
	searcher_open(&searcher, network, class_index);
	for (uint32_t i = 0; i < SPOTS; i++) {
		from[i] = spot_random(network, rng);
		to[i] = rng_chance(rng, 250) ? (struct spot){from[i].arc, spot_random(network, rng).offset_mm}
					     : spot_random(network, rng);
		if (to[i].offset_mm > network->dist_mm[to[i].arc])
			to[i].offset_mm = network->dist_mm[to[i].arc];
	}
	for (uint32_t i = 0; i < SPOTS; i++) {
		naive_search(network, class_index, from[i], naive);
		for (uint32_t j = 0; j < SPOTS; j++)
			expected[i * SPOTS + j] = naive_result(network, class_index, naive, from[i], to[j]);
		route_to_many(searcher.query, &searcher.metric, from[i], to, SPOTS, got);
		for (uint32_t j = 0; j < SPOTS; j++) {
			assert_same(got[j], expected[i * SPOTS + j]);
			assert_same(route_one(searcher.query, &searcher.metric, from[i], to[j]), got[j]);
			check_path(&searcher, from[i], to[j], expected[i * SPOTS + j]);
		}
	}
	for (uint32_t j = 0; j < SPOTS; j++) {
		route_from_many(searcher.query, &searcher.metric, from, SPOTS, to[j], column);
		for (uint32_t i = 0; i < SPOTS; i++)
			assert_same(column[i], expected[i * SPOTS + j]);
	}
	for (uint32_t n_from = 1; n_from <= SPOTS;
	     n_from++) { /* more rows and more columns: both directions of search */
		uint32_t n_to = SPOTS + 1 - n_from;
		route_matrix(searcher.query, &searcher.metric, from, n_from, to, n_to, got);
		for (uint32_t i = 0; i < n_from * n_to; i++)
			assert_same(got[i], expected[i / n_to * SPOTS + i % n_to]);
	}
	searcher_close(&searcher);
}

static void test_random_worlds(void **state)
{
	(void)state;
	struct rng rng;
	struct world world;
	struct naive *naive = malloc(sizeof *naive);
	uint64_t seed = seed_of_test();
	print_message("seed %llu\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < 3000; i++) {
		world_make(&world, &rng);
		check_world(&world, &rng, naive);
	}
	free(naive);
}

static void test_turn_cost_of_random_drives(void **state)
{
	(void)state;
	struct rng rng;
	struct world world;
	rng_seed(&rng, seed_of_test() + 1);
	for (int i = 0; i < 20000; i++) {
		world_make(&world, &rng);
		const struct network *network = &world.network;
		struct searcher searcher;
		searcher_open(&searcher, network, rng_below(&rng, CLASSES));
		uint32_t arcs[10], n = 0;
		for (arcs[n++] = rng_below(&rng, network->n_arcs); n < COUNT_OF(arcs); n++) {
			uint32_t node = world.head[arcs[n - 1]],
				 degree = world.first_out[node + 1] - world.first_out[node];
			if (degree == 0)
				break;
			arcs[n] = world.out_arc[world.first_out[node] + rng_below(&rng, degree)];
			assert_int_equal(route_turn_ms(searcher.graph, searcher.metric.class_index, arcs, n, arcs[n]),
					 naive_turn(network, searcher.metric.class_index, arcs, n + 1));
		}
		searcher_close(&searcher);
	}
}

/* A closed arc of the metric, though the town's own row allows it; NONE as a spot; two queries on one graph. */
static void test_metric_and_queries_are_separate(void **state)
{
	(void)state;
	struct world world = {0};
	struct network *network = &world.network;
	network->n_classes = 1;
	network->n_nodes = 3;
	network->n_arcs = 3;
	memcpy(world.tail, (uint32_t[]){0, 1, 1}, 12);
	memcpy(world.head, (uint32_t[]){1, 2, 2}, 12);
	memcpy(world.dist, (uint32_t[]){100, 100, 300}, 12);
	memcpy(world.time, (uint32_t[]){10, 10, 30}, 12);
	world_index(&world);
	struct searcher one, two;
	searcher_open(&one, network, 0);
	searcher_open(&two, network, 0);
	uint32_t closed[] = {10, TIME_INFINITE, 30};
	struct route_metric metric = {0, closed};
	struct spot from = {0, 50}, to = {1, 100}, nowhere = {NONE, 0};
	assert_int_equal(route_one(one.query, &one.metric, from, to).time_ms, 15);
	assert_int_equal(route_one(one.query, &metric, from, to).time_ms, TIME_INFINITE);
	assert_int_equal(route_one(two.query, &metric, from, (struct spot){2, 1}).time_ms, 6);
	assert_int_equal(route_one(one.query, &one.metric, from, nowhere).time_ms, TIME_INFINITE);
	assert_int_equal(route_one(one.query, &one.metric, nowhere, to).time_ms, TIME_INFINITE);
	assert_int_equal(route_turn_ms(one.graph, 0, (uint32_t[]){1}, 1, 0), -1); /* does not follow */
	searcher_close(&two);
	searcher_close(&one);
}

static void test_open_without_room_fails(void **state)
{
	(void)state;
	struct rng rng;
	struct world world;
	rng_seed(&rng, seed_of_test() + 2);
	world_make(&world, &rng);
	size_t size = route_graph_size(&world.network);
	for (size_t room = 0; room < size; room += 16) {
		struct arena arena;
		struct route_graph *graph = NULL;
		assert_int_equal(arena_open(&arena, room + 1), 0);
		int code = route_graph_open(&graph, &world.network, &arena);
		assert_true((code == ERR_OK) == (graph != NULL));
		struct route_query *query = NULL;
		if (code == ERR_OK)
			code = route_query_open(&query, graph, &arena);
		assert_true((code == ERR_OK) == (query != NULL));
		arena_close(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_worlds),
		cmocka_unit_test(test_turn_cost_of_random_drives),
		cmocka_unit_test(test_metric_and_queries_are_separate),
		cmocka_unit_test(test_open_without_room_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
