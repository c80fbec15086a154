// link: zub_compile zub_transit zub_city zub_base
/* The timetable search against a slow obvious one: every run, every pair of its stops, round by round; on random small
 * timetables with delays, and on Heidelberg. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gtfs_text.h"
#include "rng.h"
#include "transit.h"

#define RIDES (TRANSIT_CHANGES_MAX + 1)
#define FAR INT64_MAX
#define DELAYS_MAX 64
#define ENDS_MAX 8

struct world {
	struct build build;
	struct arena arena;
	struct transit *transit;
	const struct timetable *t;
	uint32_t *walk_s; /* [n_stops * n_stops] */
	instant_ms *arrive, *ready, *before, *times;
	struct transit_end from[ENDS_MAX], to[ENDS_MAX];
	uint32_t n_from, n_to;
};

static void world_open(struct world *world)
{
	const struct town *town = &world->build.town;
	uint32_t n = town->timetable.n_stops;
	world->t = &town->timetable;
	assert_int_equal(arena_open(&world->arena, transit_size(town, DELAYS_MAX)), 0);
	assert_int_equal(transit_open(&world->transit, town, DELAYS_MAX, &world->arena), 0);
	world->walk_s = calloc((size_t)n * n + 1, sizeof *world->walk_s);
	world->arrive = calloc(n + 1, sizeof(instant_ms));
	world->ready = calloc(n + 1, sizeof(instant_ms));
	world->before = calloc(n + 1, sizeof(instant_ms));
	world->times = calloc(2 * (size_t)world->t->n_stop_times + 2, sizeof(instant_ms));
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n; k++)
			world->walk_s[(size_t)i * n + k] = transit_walk_s(world->transit, i, k);
}

static void world_close(struct world *world)
{
	free(world->walk_s);
	free(world->arrive);
	free(world->ready);
	free(world->before);
	free(world->times);
	arena_close(&world->arena);
	build_close(&world->build);
}

static uint32_t today(const struct timetable *t, instant_ms at)
{
	uint32_t day = 0;
	while (day + 1 < t->n_days && t->day_start[day + 1] <= at)
		day++;
	return day;
}

static void ride_run(struct world *world, uint32_t trip, uint32_t day)
{
	const struct timetable *t = world->t;
	uint32_t first = t->trip_first[trip], end = t->trip_first[trip + 1];
	instant_ms *times = world->times;
	for (uint32_t i = first; i < end; i++) {
		assert_int_equal(
			transit_times(world->transit, i, day, &times[2 * (i - first)], &times[2 * (i - first) + 1]), 0);
	}
	for (uint32_t i = first; i < end; i++) { /* INSTANT_NONE: it does not call there */
		if (times[2 * (i - first)] == INSTANT_NONE || t->time_pickup[i] == 1 ||
		    world->before[t->time_stop[i]] > times[2 * (i - first) + 1])
			continue;
		for (uint32_t k = i + 1; k < end; k++)
			if (times[2 * (k - first)] != INSTANT_NONE && t->time_dropoff[k] != 1 &&
			    times[2 * (k - first)] < world->arrive[t->time_stop[k]])
				world->arrive[t->time_stop[k]] = times[2 * (k - first)];
	}
}

static void change(struct world *world, int start)
{
	uint32_t n = world->t->n_stops;
	for (uint32_t stop = 0; stop < n; stop++)
		world->ready[stop] = FAR;
	for (uint32_t from = 0; from < n; from++)
		for (uint32_t to = 0; to < n && world->arrive[from] != FAR; to++) {
			uint32_t seconds = start && from == to ? 0 : world->walk_s[(size_t)from * n + to];
			if (seconds != NONE && world->arrive[from] + (int64_t)seconds * 1000 < world->ready[to])
				world->ready[to] = world->arrive[from] + (int64_t)seconds * 1000;
		}
}

/* Best arrival behind any end after exactly this round, riding or on a last walk. */
static instant_ms at_target(const struct world *world, int rode)
{
	uint32_t n = world->t->n_stops;
	instant_ms best = FAR;
	for (uint32_t i = 0; i < world->n_to; i++) {
		uint32_t stop = world->to[i].stop;
		instant_ms behind = (int64_t)world->to[i].seconds * 1000;
		if (rode && world->arrive[stop] != FAR && world->arrive[stop] + behind < best)
			best = world->arrive[stop] + behind;
		for (uint32_t from = 0; from < n; from++) {
			uint32_t seconds = world->walk_s[(size_t)from * n + stop];
			if (from != stop && world->arrive[from] != FAR && seconds != NONE &&
			    world->arrive[from] + (int64_t)seconds * 1000 + behind < best)
				best = world->arrive[from] + (int64_t)seconds * 1000 + behind;
		}
	}
	return best;
}

/* What was reached in an earlier round as early is no news. */
static void forget_old(struct world *world, instant_ms *best)
{
	for (uint32_t stop = 0; stop < world->t->n_stops; stop++) {
		if (world->arrive[stop] < best[stop])
			best[stop] = world->arrive[stop];
		else
			world->arrive[stop] = FAR;
	}
}

static uint32_t slow_search(struct world *world, instant_ms depart, instant_ms *ret_arrivals)
{
	const struct timetable *t = world->t;
	uint32_t day = today(t, depart), n = 0;
	instant_ms best = FAR, *known = calloc(t->n_stops + 1, sizeof *known);
	for (uint32_t stop = 0; stop < t->n_stops; stop++)
		world->arrive[stop] = known[stop] = FAR;
	for (uint32_t i = 0; i < world->n_from; i++) {
		instant_ms at = depart + (int64_t)world->from[i].seconds * 1000;
		if (at < world->arrive[world->from[i].stop])
			world->arrive[world->from[i].stop] = at;
	}
	for (uint32_t rides = 0; rides <= RIDES; rides++) {
		if (rides > 0) {
			memcpy(world->before, world->ready, t->n_stops * sizeof(instant_ms));
			for (uint32_t stop = 0; stop < t->n_stops; stop++)
				world->arrive[stop] = FAR;
			for (uint32_t trip = 0; trip < t->n_trips; trip++)
				for (uint32_t d = day < 4 ? 0 : day - 4; d <= day + 1 && d < t->n_days; d++)
					if (timetable_runs(t, trip, d))
						ride_run(world, trip, d);
		}
		forget_old(world, known);
		instant_ms arrival = at_target(world, rides > 0);
		if (arrival < best)
			best = ret_arrivals[n++] = arrival;
		change(world, rides == 0);
	}
	free(known);
	return n;
}

/* Each leg must be true by itself and fit to the one before it. */
static void check_journey(const struct world *world, const struct transit_journey *journey, instant_ms depart)
{
	const struct timetable *t = world->t;
	assert_true(journey->n_legs > 0 && journey->departs >= depart);
	assert_true(journey->from < world->n_from && journey->to < world->n_to);
	const struct transit_end *from = &world->from[journey->from], *to = &world->to[journey->to];
	const struct transit_leg *end = &journey->legs[journey->n_legs - 1];
	assert_int_equal(journey->legs[0].from_stop, from->stop);
	assert_int_equal(end->to_stop, to->stop);
	assert_int_equal(journey->departs, journey->legs[0].departs - (int64_t)from->seconds * 1000);
	assert_int_equal(journey->arrives, end->arrives + (int64_t)to->seconds * 1000);
	instant_ms at = depart + (int64_t)from->seconds * 1000;
	for (uint32_t i = 0; i < journey->n_legs; i++) {
		const struct transit_leg *leg = &journey->legs[i];
		const struct transit_leg *last = i ? leg - 1 : NULL;
		assert_true(leg->departs >= at && leg->arrives >= leg->departs);
		if (last)
			assert_int_equal(last->to_stop, leg->from_stop);
		if (leg->trip == NONE) {
			uint32_t seconds = transit_walk_s(world->transit, leg->from_stop, leg->to_stop);
			assert_true(leg->from_stop != leg->to_stop && seconds != NONE && (!last || last->trip != NONE));
			assert_int_equal(leg->arrives - leg->departs, (int64_t)seconds * 1000);
		} else {
			instant_ms arrival, departure;
			assert_true(leg->board_event < leg->alight_event &&
				    t->event_trip[leg->board_event] == leg->trip &&
				    t->event_trip[leg->alight_event] == leg->trip);
			assert_int_equal(
				transit_times(world->transit, leg->board_event, leg->day, &arrival, &departure), 0);
			assert_int_equal(departure, leg->departs);
			assert_int_equal(
				transit_times(world->transit, leg->alight_event, leg->day, &arrival, &departure), 0);
			assert_int_equal(arrival, leg->arrives);
			assert_int_equal(t->time_stop[leg->board_event], leg->from_stop);
			assert_int_equal(t->time_stop[leg->alight_event], leg->to_stop);
			if (last && last->trip != NONE)
				assert_true(leg->departs >= at + (int64_t)transit_walk_s(world->transit, leg->from_stop,
											 leg->from_stop) *
									    1000);
		}
		at = leg->arrives;
	}
}

static uint32_t compare(struct world *world, instant_ms depart)
{
	struct transit_journey journeys[RIDES + 1];
	instant_ms arrivals[RIDES + 1];
	uint32_t n_slow = slow_search(world, depart, arrivals);
	uint32_t n = transit_search(world->transit, world->from, world->n_from, world->to, world->n_to, depart,
				    journeys, RIDES + 1);
	if (n != n_slow)
		print_error("from %u to %u at %lld: %u journeys, expected %u\n", world->from[0].stop, world->to[0].stop,
			    (long long)depart, n, n_slow);
	assert_int_equal(n, n_slow);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(journeys[i].arrives, arrivals[i]);
		check_journey(world, &journeys[i], depart);
	}
	return n;
}

/* A whole station on the spot, or a few stops that take some time to get to. */
static uint32_t random_ends(const struct world *world, struct rng *rng, struct transit_end *ends)
{
	uint32_t n = 1 + rng_below(rng, 4), stop = rng_below(rng, world->t->n_stops);
	if (rng_chance(rng, 500)) {
		n = transit_station(world->transit, stop, ends, ENDS_MAX);
		return n < ENDS_MAX ? n : ENDS_MAX;
	}
	for (uint32_t i = 0; i < n; i++)
		ends[i] = (struct transit_end){rng_below(rng, world->t->n_stops), rng_below(rng, 1200)};
	return n;
}

static void random_query(struct world *world, struct rng *rng)
{
	world->n_from = random_ends(world, rng, world->from);
	uint32_t n = random_ends(world, rng, world->to);
	world->n_to = 0;
	for (uint32_t i = 0; i < n; i++) { /* of an end in both lists nothing is said */
		int is_both = 0;
		for (uint32_t k = 0; k < world->n_from; k++)
			is_both |= world->from[k].stop == world->to[i].stop;
		if (!is_both)
			world->to[world->n_to++] = world->to[i];
	}
}

/* ---- random timetables ---- */

static char *text;
static size_t text_size;

static void random_text(struct rng *rng)
{
	FILE *out = open_memstream(&text, &text_size);
	uint32_t n_stops = 4 + rng_below(rng, 8), n_trips = 4 + rng_below(rng, 20), n_times = 0;
	fputs("== agency.txt\nagency_name,agency_timezone\nA,Europe/Berlin\n== routes.txt\nroute_id,route_type\nR,3\n"
	      "== calendar_dates.txt\nservice_id,date,exception_type\n",
	      out);
	for (uint32_t service = 0; service < 4; service++)
		for (uint32_t day = 0; day < 5; day++)
			if (service == 0 || rng_chance(rng, 500))
				fprintf(out, "v%u,202203%02u,1\n", service, 25 + day);
	fputs("== stops.txt\nstop_id,stop_lat,stop_lon,location_type,parent_station\nst,49.4,8.6,1,\n", out);
	for (uint32_t stop = 0; stop < n_stops; stop++)
		fprintf(out, "p%u,49.4%03u,8.6%03u,0,%s\n", stop, rng_below(rng, 90), rng_below(rng, 90),
			stop < 3 ? "st" : "");
	fputs("== trips.txt\nroute_id,service_id,trip_id\n", out);
	for (uint32_t trip = 0; trip < n_trips; trip++)
		fprintf(out, "R,v%u,t%u\n", rng_below(rng, 4), trip);
	fputs("== "
	      "stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence,pickup_type,drop_off_type\n",
	      out);
	for (uint32_t trip = 0; trip < n_trips; trip++) {
		/* Some trips share their stops, so that patterns of several trips and overtaking arise. */
		uint32_t shape = rng_below(rng, 5), at = rng_below(rng, 30 * 60), pace = 1 + rng_below(rng, 8);
		struct rng course;
		rng_seed(&course, shape);
		uint32_t length = 2 + rng_below(&course, 5);
		for (uint32_t i = 0; i < length; i++, n_times++) {
			uint32_t departs = at + rng_below(rng, 3);
			fprintf(out, "t%u,p%u,%u:%02u:00,%u:%02u:00,%u,%u,%u\n", trip, rng_below(&course, n_stops),
				at / 60, at % 60, departs / 60, departs % 60, i * 3, rng_chance(rng, 60),
				rng_chance(rng, 60));
			at = departs + pace;
		}
	}
	fputs("== transfers.txt\nfrom_stop_id,to_stop_id,transfer_type,min_transfer_time\n", out);
	for (uint32_t i = 0; i < 4; i++)
		fprintf(out, "p%u,p%u,%u,%u\n", rng_below(rng, n_stops), rng_below(rng, n_stops),
			2 + rng_chance(rng, 200), rng_below(rng, 900));
	fclose(out);
}

static void random_delays(struct world *world, struct rng *rng, uint32_t n, uint32_t first_day, uint32_t n_days)
{
	const struct timetable *t = world->t;
	for (uint32_t i = 0; i < n; i++) {
		struct trip_key key;
		uint32_t event = rng_below(rng, t->n_stop_times), day = first_day + rng_below(rng, n_days);
		assert_int_equal(timetable_key(&world->build.town, event, day, &key), 0);
		int result = transit_delay(world->transit, &key, (int32_t)rng_between(rng, -300, 3600),
					   (int32_t)rng_between(rng, -300, 3600),
					   (enum transit_word)(rng_chance(rng, 150) + 2 * rng_chance(rng, 200)) % 3);
		assert_true(result == 0 || result == ERR_NOT_FOUND || result == ERR_FULL);
	}
}

static void on_random_timetables(void **state)
{
	uint32_t journeys = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct world world;
		struct rng rng;
		rng_seed(&rng, seed);
		random_text(&rng);
		gtfs_text_town(&world.build, text);
		free(text);
		world_open(&world);
		uint32_t first_day = timetable_day(world.t, 20220325);
		random_delays(&world, &rng, rng_below(&rng, 40), first_day, 5);
		for (uint32_t query = 0; query < 25; query++) {
			random_query(&world, &rng);
			instant_ms depart = world.t->day_start[first_day] + rng_between(&rng, -2 * HOUR_MS, 5 * DAY_MS);
			journeys += compare(&world, depart);
		}
		world_close(&world);
	}
	print_message("10000 queries on 400 timetables (seeds 1 to 400): %u journeys\n", journeys);
	assert_true(journeys > 4000);
}

static void on_heidelberg(void **state)
{
	const char *data = getenv("ZUB_DATA");
	char path[512];
	struct world world;
	struct rng rng;
	struct err_detail detail;
	uint32_t journeys = 0;
	(void)state;
	snprintf(path, sizeof path, "%s/heidelberg/vrn_gtfs_cut.zip", data ? data : "../shared/data");
	if (access(path, R_OK)) {
		print_message("skipped: %s is not there\n", path);
		return;
	}
	const char *paths[] = {path};
	assert_int_equal(build_open(&world.build), 0);
	assert_int_equal(gtfs_build(&world.build, paths, 1, &detail), 0);
	assert_int_equal(build_finish_strings(&world.build), 0);
	world_open(&world);
	rng_seed(&rng, 20220613);
	uint32_t day = timetable_day(world.t, 20220613);
	for (uint32_t query = 0; query < 60; query++) {
		if (query == 20)
			random_delays(&world, &rng, 400, day, 5);
		random_query(&world, &rng);
		journeys += compare(&world, world.t->day_start[day] + rng_between(&rng, 0, 5 * DAY_MS));
	}
	print_message("60 queries on Heidelberg (seed 20220613): %u journeys\n", journeys);
	assert_true(journeys > 30);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(on_random_timetables),
		cmocka_unit_test(on_heidelberg),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
