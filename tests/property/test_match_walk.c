// link: zub_match zub_compile zub_route zub_city zub_base
/* Riders who walk: pickup and drop-off among the junctions around both ends, against the obvious matcher that tries
 * every street into every junction: the same cost for each request, the same plans after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match_world.h"

#define VEHICLES_MAX 6
#define PLACES_MAX 20
#define REQUESTS 40
#define WORLDS 40

struct walkers {
	struct match_world world;
	struct match_place pickup[PLACES_MAX], dropoff[PLACES_MAX];
	uint32_t reach, pace; /* junctions at most around an end; time on foot between two */
};

static void fleet_make(struct walkers *walkers, struct rng *rng)
{
	struct match_world *world = &walkers->world;
	uint32_t stop = 1 + rng_below(rng, 25);
	world->options = (struct match_options){.rules = {stop, rng_below(rng, 200), 1000 + rng_below(rng, 1500),
							  rng_below(rng, 300), rng_below(rng, 12),
							  rng_chance(rng, 500) ? rng_below(rng, 4) : 0},
						.n_vehicles = 1 + rng_below(rng, VEHICLES_MAX),
						.plan_most = PLAN_MOST,
						.stops_most = 300,
						.entries_most = rng_chance(rng, 200) ? 1 + rng_below(rng, 400) : 0,
						.places_most = PLACES_MAX};
	walkers->reach = 1 + rng_below(rng, 6);
	walkers->pace = 1 + rng_below(rng, 60);
	match_world_open(world, rng);
}

/* The first few junctions around, street by street. */
static uint32_t around(const struct walkers *walkers, struct rng *rng, uint32_t node, struct match_place *place)
{
	const struct streets *streets = &walkers->world.streets;
	uint32_t n = 1;
	place[0] = (struct match_place){node, 0};
	for (uint32_t at = 0; at < n; at++)
		for (uint32_t arc = 0; arc < streets->network.n_arcs && n < walkers->reach; arc++) {
			uint32_t there = streets->head[arc], known = 0;
			for (uint32_t i = 0; i < n; i++)
				known |= place[i].node == there;
			if (streets->tail[arc] == place[at].node && !known)
				place[n++] = (struct match_place){
					there, place[at].walk + (int32_t)(1 + rng_below(rng, walkers->pace))};
		}
	return n;
}

/* 1 = taken, 2 = taken, and somebody walks */
static int serve(struct walkers *walkers, struct rng *rng, const struct match_request *request)
{
	struct match_world *world = &walkers->world;
	struct match_answer answer, other;
	struct match_stop stops[2];
	struct match_walks walks = {walkers->pickup, walkers->dropoff, 0, 0};
	walks.n_pickup = around(walkers, rng, world->streets.head[request->from], walkers->pickup);
	walks.n_dropoff = around(walkers, rng, world->streets.head[request->to], walkers->dropoff);
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
	match_world_compare(world);
	return answer.walk_to + answer.walk_from > 0 ? 2 : 1;
}

static void run_world(struct walkers *walkers, struct rng *rng, uint32_t counts[3])
{
	struct match_world *world = &walkers->world;
	struct match_request request = {0, 0, 0};
	match_world_streets(world, rng);
	fleet_make(walkers, rng);
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
		counts[serve(walkers, rng, &request)]++;
	}
	match_world_close(world);
}

static void random_streets(void **state)
{
	(void)state;
	static struct walkers walkers;
	struct rng rng;
	uint64_t seed = streets_seed();
	uint32_t counts[3] = {0};
	print_message("seed %llu (ZUB_SEED)\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < WORLDS; i++)
		run_world(&walkers, &rng, counts);
	print_message("%u taken, %u of them on foot, %u not\n", counts[1] + counts[2], counts[2], counts[0]);
	assert_true(counts[1] + counts[2] > WORLDS * REQUESTS / 2);
	assert_true(counts[2] > WORLDS * REQUESTS / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_streets)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
