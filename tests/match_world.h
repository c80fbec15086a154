/* Random streets with a fleet on them, for dispatcher/match and the obvious matcher alike. Include cmocka.h first. */
#ifndef ZUB_MATCH_WORLD_H
#define ZUB_MATCH_WORLD_H

#include "arena.h"
#include "match_streets.h"
#include "match_twin.h"
#include "order.h"
#include "rng.h"
#include "route.h"

#define PLAN_MOST 24

struct match_world {
	struct streets streets;
	struct build build; /* of the order */
	struct arena arena, match_arena;
	struct route_graph *graph;
	struct route_weights *weights;
	struct route_metric metric;
	struct match_options options; /* set before match_world_open */
	struct match *match;
	struct matcher_twin twin;
};

/* Vehicles stand anywhere; some begin later, some end soon. */
static inline void match_world_fleet(struct match_world *world, struct rng *rng)
{
	for (uint32_t v = 0; v < world->options.n_vehicles; v++) {
		uint32_t arc = streets_arc(&world->streets, rng), seats = 1 + rng_below(rng, 4);
		int32_t start = rng_chance(rng, 300) ? (int32_t)rng_below(rng, 500) : 0;
		int32_t end = rng_chance(rng, 300) ? 300 + (int32_t)rng_below(rng, 3000) : 100000;
		match_vehicle(world->match, v, arc, seats, start, end);
		twin_vehicle(&world->twin, v, arc, seats, start, end);
	}
}

static inline void match_world_streets(struct match_world *world, struct rng *rng)
{
	assert_int_equal(build_open(&world->build), 0);
	streets_make(&world->streets, rng);
	assert_int_equal(order_build(&world->build, &world->streets.network), 0);
}

static inline void match_world_open(struct match_world *world, struct rng *rng)
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
	match_world_fleet(world, rng);
}

static inline void match_world_close(struct match_world *world)
{
	twin_close(&world->twin);
	arena_close(&world->arena);
	arena_close(&world->match_arena);
	build_close(&world->build);
}

/* Every plan is what the other has. */
static inline void match_world_compare(const struct match_world *world)
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

#endif
