// link: zub_match zub_compile zub_route zub_city zub_base
/* Best insertion by buckets against the obvious matcher on random streets: 10,000 requests to fleets of one to twelve
 * vehicles, each answer the same (vehicle, positions, cost), each plan the same after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match_world.h"

#define VEHICLES_MAX 12
#define REQUESTS 50
#define WORLDS 200

static void fleet_make(struct match_world *world, struct rng *rng)
{
	uint32_t stop = 1 + rng_below(rng, 25);
	world->options = (struct match_options){.rules = {stop, rng_below(rng, 200), 1000 + rng_below(rng, 1500),
							  rng_below(rng, 300), rng_below(rng, 12)},
						.n_vehicles = 1 + rng_below(rng, VEHICLES_MAX),
						.plan_most = PLAN_MOST,
						.stops_most = 500,
						.entries_most = rng_chance(rng, 300) ? 1 + rng_below(rng, 400) : 0};
	match_world_open(world, rng);
}

/* 1 = taken */
static int serve(struct match_world *world, const struct match_request *request)
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
	match_world_compare(world);
	return 1;
}

/* Mostly one of the places where stops coincide. */
static uint32_t arc_of(const struct match_world *world, struct rng *rng, const uint32_t *place, uint32_t n)
{
	return rng_chance(rng, 900) ? place[rng_below(rng, n)] : streets_arc(&world->streets, rng);
}

static void run_world(struct match_world *world, struct rng *rng, uint32_t counts[3])
{
	struct match_request request = {0, 0, 0};
	match_world_streets(world, rng);
	fleet_make(world, rng);
	uint32_t apart = 1 + rng_below(rng, 60), places = 2 + rng_below(rng, 60), place[64];
	for (uint32_t i = 0; i < places; i++)
		place[i] = streets_arc(&world->streets, rng);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		request.time += (int32_t)rng_below(rng, apart);
		request.from = arc_of(world, rng, place, places);
		do
			request.to = arc_of(world, rng, place, places);
		while (request.to == request.from);
		counts[serve(world, &request)]++;
	}
	counts[2] += match_counts(world->match).loose > 0;
	match_world_close(world);
}

static void random_streets(void **state)
{
	(void)state;
	static struct match_world world;
	struct rng rng;
	uint64_t seed = streets_seed();
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
