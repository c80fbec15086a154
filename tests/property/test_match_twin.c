// link: zub_match zub_compile zub_route zub_city zub_base
/* Best insertion by buckets against the obvious matcher on random streets: 10,000 requests to fleets of one to twelve
 * vehicles, each answer the same (vehicle, positions, cost), each plan the same after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "arena.h"
#include "match_twin.h"
#include "order.h"
#include "rng.h"
#include "route.h"

#define WIDE_MAX 12
#define NODES_MAX (WIDE_MAX * WIDE_MAX)
#define ARCS_MAX (NODES_MAX * 5)
#define VEHICLES_MAX 12
#define REQUESTS 50
#define WORLDS 200
#define PLAN_MOST 24

struct world {
	struct network network;
	uint32_t first_out[NODES_MAX + 1], out_arc[ARCS_MAX], tail[ARCS_MAX], head[ARCS_MAX], dist[ARCS_MAX];
	uint32_t time[ARCS_MAX];
	struct arena arena, match_arena;
	struct route_graph *graph;
	struct route_weights *weights;
	struct route_metric metric;
	struct match_options options;
	struct match *match;
	struct matcher_twin twin;
};

static uint64_t seed_of_test(void)
{
	const char *text = getenv("ZUB_SEED");
	return text ? strtoull(text, NULL, 10) : 20260106;
}

static void arc_add(struct world *world, struct rng *rng, uint32_t tail, uint32_t head, uint32_t time)
{
	uint32_t arc = world->network.n_arcs++;
	world->tail[arc] = tail;
	world->head[arc] = head;
	world->time[arc] = rng_chance(rng, 15) ? TIME_INFINITE : time;
	world->dist[arc] = 1 + rng_below(rng, 1000000); /* ways as fast as each other differ in length */
}

/* A grid with one-way streets, streets that are slow in one direction, a few bridges across. */
static void streets_make(struct world *world, struct rng *rng)
{
	uint32_t wide = 3 + rng_below(rng, WIDE_MAX - 2), n = wide * wide, slow = 1 + rng_below(rng, 30);
	world->network = (struct network){.n_nodes = n, .n_classes = 1};
	for (uint32_t node = 0; node < n; node++) {
		uint32_t there[2] = {node % wide + 1 < wide ? node + 1 : NONE, node + wide < n ? node + wide : NONE};
		for (int i = 0; i < 2; i++) {
			if (there[i] == NONE)
				continue;
			uint32_t one_way = rng_below(rng, 8);
			if (one_way != 1)
				arc_add(world, rng, node, there[i], 1 + rng_below(rng, slow));
			if (one_way != 2)
				arc_add(world, rng, there[i], node, 1 + rng_below(rng, slow));
		}
		if (rng_chance(rng, 30))
			arc_add(world, rng, node, rng_below(rng, n), 1 + rng_below(rng, 10 * slow));
	}
}

static void streets_index(struct world *world)
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
}

static uint32_t arc_random(const struct world *world, struct rng *rng)
{
	uint32_t arc;
	do
		arc = rng_below(rng, world->network.n_arcs);
	while (world->time[arc] == TIME_INFINITE);
	return arc;
}

static void open_all(struct world *world)
{
	const struct network *network = &world->network;
	assert_int_equal(arena_open(&world->arena, route_graph_size(network) + route_weights_size(network)), 0);
	assert_int_equal(route_graph_open(&world->graph, network, &world->arena), 0);
	assert_int_equal(route_weights_open(&world->weights, world->graph, &world->arena), 0);
	route_weights_set(world->weights, 0, world->time);
	world->metric = (struct route_metric){0, world->time, world->weights};
	assert_int_equal(arena_open(&world->match_arena, match_size(world->graph, &world->options)), 0);
	assert_int_equal(match_open(&world->match, world->graph, &world->metric, &world->options, &world->match_arena),
			 0);
	twin_open(&world->twin, network, world->time, &world->options.rules, world->options.n_vehicles);
}

static void fleet_make(struct world *world, struct rng *rng)
{
	uint32_t stop = 1 + rng_below(rng, 25);
	world->options = (struct match_options){.rules = {stop, rng_below(rng, 200), 1000 + rng_below(rng, 1500),
							  rng_below(rng, 300), rng_below(rng, 12)},
						.n_vehicles = 1 + rng_below(rng, VEHICLES_MAX),
						.plan_most = PLAN_MOST,
						.stops_most = 500,
						.entries_most = rng_chance(rng, 300) ? 1 + rng_below(rng, 400) : 0};
	open_all(world);
	for (uint32_t v = 0; v < world->options.n_vehicles; v++) {
		uint32_t arc = arc_random(world, rng), seats = 1 + rng_below(rng, 4);
		int32_t start = rng_chance(rng, 300) ? (int32_t)rng_below(rng, 500) : 0;
		int32_t end = rng_chance(rng, 300) ? 300 + (int32_t)rng_below(rng, 3000) : 100000;
		match_vehicle(world->match, v, arc, seats, start, end);
		twin_vehicle(&world->twin, v, arc, seats, start, end);
	}
}

static void close_all(struct world *world)
{
	twin_close(&world->twin);
	arena_close(&world->arena);
	arena_close(&world->match_arena);
}

static void compare_plans(struct world *world)
{
	static struct match_stop stops[PLAN_MOST];
	for (uint32_t v = 0; v < world->options.n_vehicles; v++) {
		const struct twin_vehicle *vehicle = &world->twin.vehicle[v];
		uint32_t n = match_plan(world->match, v, stops, PLAN_MOST);
		assert_int_equal(n, vehicle->n_stops);
		for (uint32_t k = 0; k < n; k++) {
			assert_int_equal(stops[k].arc, vehicle->stop[k].arc);
			assert_int_equal(stops[k].arrival, vehicle->stop[k].arrival);
			assert_int_equal(stops[k].departure, vehicle->stop[k].departure);
		}
	}
}

/* 1 = taken */
static int serve(struct world *world, const struct match_request *request)
{
	struct match_answer answer, other;
	struct match_stop stops[2];
	match_advance(world->match, request->time);
	twin_advance(&world->twin, request->time);
	match_find(world->match, request, &answer);
	other = twin_find(&world->twin, request);
	if (answer.cost != other.cost || answer.vehicle != other.vehicle || answer.pickup_after != other.pickup_after ||
	    answer.dropoff_after != other.dropoff_after)
		print_message("from %u to %u at %d (direct %d): vehicle %d after %u, %u, cost %lld; the twin: %d after "
			      "%u, %u, "
			      "%lld\n",
			      request->from, request->to, request->time, answer.direct, (int)answer.vehicle,
			      answer.pickup_after, answer.dropoff_after, (long long)answer.cost, (int)other.vehicle,
			      other.pickup_after, other.dropoff_after, (long long)other.cost);
	assert_int_equal(answer.cost, other.cost);
	assert_int_equal(answer.vehicle, other.vehicle);
	if (answer.vehicle == NONE)
		return 0;
	assert_int_equal(answer.pickup_after, other.pickup_after);
	assert_int_equal(answer.dropoff_after, other.dropoff_after);
	if (match_take(world->match, &answer, stops))
		return 0;
	assert_int_equal(stops[0].arc, request->from);
	assert_int_equal(stops[1].arc, request->to);
	twin_take(&world->twin, request, &answer);
	compare_plans(world);
	return 1;
}

/* Mostly one of the places where stops coincide. */
static uint32_t arc_of(const struct world *world, struct rng *rng, const uint32_t *place, uint32_t n)
{
	return rng_chance(rng, 900) ? place[rng_below(rng, n)] : arc_random(world, rng);
}

static void run_world(struct world *world, struct rng *rng, uint32_t counts[3])
{
	struct build build;
	struct match_request request = {0, 0, 0};
	assert_int_equal(build_open(&build), 0);
	streets_make(world, rng);
	streets_index(world);
	assert_int_equal(order_build(&build, &world->network), 0);
	fleet_make(world, rng);
	uint32_t apart = 1 + rng_below(rng, 60), places = 2 + rng_below(rng, 60), place[64];
	for (uint32_t i = 0; i < places; i++)
		place[i] = arc_random(world, rng);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		request.time += (int32_t)rng_below(rng, apart);
		request.from = arc_of(world, rng, place, places);
		do
			request.to = arc_of(world, rng, place, places);
		while (request.to == request.from);
		counts[serve(world, &request)]++;
	}
	counts[2] += match_counts(world->match).loose > 0;
	close_all(world);
	build_close(&build);
}

static void random_streets(void **state)
{
	(void)state;
	static struct world world;
	struct rng rng;
	uint64_t seed = seed_of_test();
	uint32_t counts[3] = {0};
	print_message("seed %llu (ZUB_SEED)\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < WORLDS; i++)
		run_world(&world, &rng, counts);
	print_message("%u taken, %u not, %u fleets without room in the buckets\n", counts[1], counts[0], counts[2]);
	assert_true(counts[1] > WORLDS * REQUESTS / 2);
	assert_true(counts[0] > 100);
	assert_true(counts[2] > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_streets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
