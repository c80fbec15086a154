// link: zub_match zub_compile zub_route zub_city zub_base
/* Riders who walk: pickup and drop-off among the junctions around both ends, against the obvious matcher that tries
 * every street into every junction: the same cost for each request, the same plans after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "arena.h"
#include "match_streets.h"
#include "match_twin.h"
#include "order.h"
#include "rng.h"
#include "route.h"

#define VEHICLES_MAX 6
#define PLACES_MAX 20
#define REQUESTS 40
#define WORLDS 40
#define PLAN_MOST 24

struct world {
	struct streets streets;
	struct arena arena, match_arena;
	struct route_graph *graph;
	struct route_weights *weights;
	struct route_metric metric;
	struct match_options options;
	struct match *match;
	struct matcher_twin twin;
	struct match_place pickup[PLACES_MAX], dropoff[PLACES_MAX];
	uint32_t reach, pace; /* junctions at most around an end; time on foot between two */
};

static void open_all(struct world *world)
{
	const struct network *network = &world->streets.network;
	assert_int_equal(arena_open(&world->arena, route_graph_size(network) + route_weights_size(network)), 0);
	assert_int_equal(route_graph_open(&world->graph, network, &world->arena), 0);
	assert_int_equal(route_weights_open(&world->weights, world->graph, &world->arena), 0);
	route_weights_set(world->weights, 0, world->streets.time);
	world->metric = (struct route_metric){0, world->streets.time, world->weights};
	assert_int_equal(arena_open(&world->match_arena, match_size(world->graph, &world->options)), 0);
	assert_int_equal(match_open(&world->match, world->graph, &world->metric, &world->options, &world->match_arena),
			 0);
	twin_open(&world->twin, network, world->streets.time, &world->options.rules, world->options.n_vehicles);
}

static void fleet_make(struct world *world, struct rng *rng)
{
	uint32_t stop = 1 + rng_below(rng, 25);
	world->options = (struct match_options){.rules = {stop, rng_below(rng, 200), 1000 + rng_below(rng, 1500),
							  rng_below(rng, 300), rng_below(rng, 12),
							  rng_chance(rng, 500) ? rng_below(rng, 4) : 0},
						.n_vehicles = 1 + rng_below(rng, VEHICLES_MAX),
						.plan_most = PLAN_MOST,
						.stops_most = 300,
						.entries_most = rng_chance(rng, 200) ? 1 + rng_below(rng, 400) : 0,
						.places_most = PLACES_MAX};
	world->reach = 1 + rng_below(rng, 6);
	world->pace = 1 + rng_below(rng, 60);
	open_all(world);
	for (uint32_t v = 0; v < world->options.n_vehicles; v++) {
		uint32_t arc = streets_arc(&world->streets, rng), seats = 1 + rng_below(rng, 4);
		int32_t start = rng_chance(rng, 300) ? (int32_t)rng_below(rng, 500) : 0;
		int32_t end = rng_chance(rng, 300) ? 300 + (int32_t)rng_below(rng, 3000) : 100000;
		match_vehicle(world->match, v, arc, seats, start, end);
		twin_vehicle(&world->twin, v, arc, seats, start, end);
	}
}

/* The first few junctions around, street by street. */
static uint32_t around(const struct world *world, struct rng *rng, uint32_t node, struct match_place *place)
{
	uint32_t n = 1;
	place[0] = (struct match_place){node, 0};
	for (uint32_t at = 0; at < n; at++)
		for (uint32_t arc = 0; arc < world->streets.network.n_arcs && n < world->reach; arc++) {
			uint32_t there = world->streets.head[arc], known = 0;
			for (uint32_t i = 0; i < n; i++)
				known |= place[i].node == there;
			if (world->streets.tail[arc] == place[at].node && !known)
				place[n++] = (struct match_place){
					there, place[at].walk + (int32_t)(1 + rng_below(rng, world->pace))};
		}
	return n;
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

/* 1 = taken, 2 = taken, and somebody walks */
static int serve(struct world *world, struct rng *rng, const struct match_request *request)
{
	struct match_answer answer, other;
	struct match_stop stops[2];
	struct match_walks walks = {world->pickup, world->dropoff, 0, 0};
	walks.n_pickup = around(world, rng, world->streets.head[request->from], world->pickup);
	walks.n_dropoff = around(world, rng, world->streets.head[request->to], world->dropoff);
	match_advance(world->match, request->time);
	twin_advance(&world->twin, request->time);
	match_find_places(world->match, request, &walks, &answer);
	other = twin_find_places(&world->twin, request, &walks);
	if (answer.cost != other.cost)
		print_message("from %u to %u at %d (direct %d): vehicle %d after %u, %u, cost %lld; the twin: %d after "
			      "%u, %u, %lld\n",
			      request->from, request->to, request->time, answer.direct, (int)answer.vehicle,
			      answer.pickup_after, answer.dropoff_after, (long long)answer.cost, (int)other.vehicle,
			      other.pickup_after, other.dropoff_after, (long long)other.cost);
	assert_int_equal(answer.cost, other.cost);
	if (answer.vehicle == NONE || match_take(world->match, &answer, stops))
		return 0;
	assert_int_equal(stops[0].arc, answer.from);
	assert_int_equal(stops[1].arc, answer.to);
	struct match_request met = {answer.from, answer.to, request->time};
	world->twin.walk_to = answer.walk_to;
	world->twin.walk_from = answer.walk_from;
	twin_searches(&world->twin, &met);
	twin_take(&world->twin, &met, &answer);
	compare_plans(world);
	return answer.walk_to + answer.walk_from > 0 ? 2 : 1;
}

static void run_world(struct world *world, struct rng *rng, uint32_t counts[3])
{
	struct build build;
	struct match_request request = {0, 0, 0};
	assert_int_equal(build_open(&build), 0);
	streets_make(&world->streets, rng);
	assert_int_equal(order_build(&build, &world->streets.network), 0);
	fleet_make(world, rng);
	uint32_t apart = 1 + rng_below(rng, 60), places = 2 + rng_below(rng, 60), place[64];
	for (uint32_t i = 0; i < places; i++)
		place[i] = streets_arc(&world->streets, rng);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		request.time += (int32_t)rng_below(rng, apart);
		request.from = place[rng_below(rng, places)];
		do
			request.to = rng_chance(rng, 900) ? place[rng_below(rng, places)]
							  : streets_arc(&world->streets, rng);
		while (world->streets.head[request.to] == world->streets.head[request.from]);
		counts[serve(world, rng, &request)]++;
	}
	twin_close(&world->twin);
	arena_close(&world->arena);
	arena_close(&world->match_arena);
	build_close(&build);
}

static void random_streets(void **state)
{
	(void)state;
	static struct world world;
	struct rng rng;
	uint64_t seed = streets_seed();
	uint32_t counts[3] = {0};
	print_message("seed %llu (ZUB_SEED)\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < WORLDS; i++)
		run_world(&world, &rng, counts);
	print_message("%u taken, %u of them on foot, %u not\n", counts[1] + counts[2], counts[2], counts[0]);
	assert_true(counts[1] + counts[2] > WORLDS * REQUESTS / 2);
	assert_true(counts[2] > WORLDS * REQUESTS / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_streets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
