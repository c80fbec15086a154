// link: zub_http zub_journeys zub_transit zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson
/* Journeys from door to door on small drawn towns with random timetables and delays, against a slow obvious search: the
 * earliest arrival, and the latest departure for an arrival, with no, one and two shuttles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_rig.h"
#include "journeys.h"
#include "rng.h"

#define FAR INT64_MAX
#define RIDES (TRANSIT_CHANGES_MAX + 1)
#define STOPS 5
#define DRAWING                       \
	"A-----B-----C-----D-----E\n" \
	"|     |     |     |     |\n" \
	"|     |     |     |     |\n" \
	"F-----G-----H-----I-----J\n" \
	"|     |     |     |     |\n" \
	"|     |     |     |     |\n" \
	"K-----L-----M-----N-----O\n"

struct world {
	struct http_rig rig;
	struct arena arena;
	struct transit *transit;
	const struct town *town;
	const struct core *core;
	struct journey_ask ask;
	uint32_t from_s[2][STOPS], to_s[2][STOPS]; /* by walk (0) or by shuttle at the best (1); NONE = no way */
	uint32_t walk_s, drive_s;		   /* all the way; NONE = no way */
};
static struct world world;

static void random_timetable(struct rng *rng, char *text, size_t size)
{
	int n = snprintf(text, size, "stop S1 A\nstop S2 C\nstop S3 E\nstop S4 M\nstop S5 O\n");
	for (uint32_t trip = 0; trip < 10; trip++) {
		uint32_t at = 8 * 60 + rng_below(rng, 100), stop = rng_below(rng, STOPS);
		n += snprintf(text + n, size - (size_t)n, "trip T%u %u", trip, 1 + rng_below(rng, 3));
		for (uint32_t i = 0, length = 2 + rng_below(rng, 3); i < length; i++) {
			n += snprintf(text + n, size - (size_t)n, " S%u %02u:%02u", 1 + stop, at / 60, at % 60);
			stop = (stop + 1 + rng_below(rng, STOPS - 1)) % STOPS;
			at += 1 + rng_below(rng, 9);
		}
		n += snprintf(text + n, size - (size_t)n, "\n");
	}
}

static void world_open(struct rng *rng)
{
	char timetable[4096];
	random_timetable(rng, timetable, sizeof timetable);
	http_rig_open(&world.rig, &(struct drawn_options){.drawing = DRAWING,
							  .metres_per_char = 40,
							  .stops = "AB=S1 CD=S2 ED=S3 MN=S4",
							  .timetable = timetable});
	world.town = &world.rig.drawn.town;
	world.core = world.rig.rig.core;
	assert_int_equal(arena_open(&world.arena, transit_size(world.town, 32)), 0);
	assert_int_equal(transit_open(&world.transit, world.town, 32, &world.arena), 0);
	for (uint32_t i = rng_below(rng, 6); i > 0; i--) {
		struct trip_key key;
		uint32_t event = rng_below(rng, world.town->timetable.n_stop_times);
		assert_int_equal(
			timetable_key(world.town, event, timetable_day(&world.town->timetable, 20220607), &key), 0);
		transit_delay(world.transit, &key, (int32_t)rng_below(rng, 600), (int32_t)rng_below(rng, 600),
			      (enum transit_word)(rng_chance(rng, 200) + rng_chance(rng, 200)));
	}
}

static void world_close(void)
{
	arena_close(&world.arena);
	http_rig_close(&world.rig);
}

/* ---- ways to stops and all the way, one by one ---- */

static uint32_t shuttle_s(const struct place *from, const struct place *to)
{
	uint32_t ms, mm;
	core_drives(world.core, from, to, 1, 0, &ms, &mm);
	return ms == TIME_INFINITE ? NONE
				   : (ms + core_window_ms(world.core) + 2 * world.town->rules.stop_ms + 999) / 1000;
}

static uint32_t walking_s(const struct place *from, const struct place *to, uint32_t most_mm)
{
	uint32_t mm;
	core_walks(world.core, from, to, 1, 0, &mm);
	return mm > most_mm ? NONE : (mm + 1299) / 1300;
}

static void find_ways(void)
{
	const struct timetable *t = &world.town->timetable;
	uint32_t transfer_s = world.town->rules.transfer_ms / 1000;
	for (uint32_t stop = 0; stop < STOPS; stop++) {
		struct place place = {.point = t->stop_point[stop], .walk = t->stop_walk[stop]};
		world.from_s[0][stop] = walking_s(&world.ask.from, &place, world.ask.walk_max_mm);
		world.to_s[0][stop] = walking_s(&place, &world.ask.to, world.ask.walk_max_mm);
		world.from_s[1][stop] = world.to_s[1][stop] = NONE;
		if (t->stop_first[stop + 1] == t->stop_first[stop])
			world.from_s[0][stop] = world.to_s[0][stop] = NONE;
	}
	for (uint32_t stop = 0; stop < world.town->n_stops; stop++) {
		struct place place = core_stop_place(world.core, stop);
		uint32_t at = world.town->stop_transit[stop], there, back;
		if (at == NONE || t->stop_first[at + 1] == t->stop_first[at])
			continue;
		there = shuttle_s(&world.ask.from, &place);
		back = shuttle_s(&place, &world.ask.to);
		world.from_s[1][at] = there == NONE ? NONE : there + transfer_s;
		world.to_s[1][at] = back == NONE ? NONE : back + transfer_s;
	}
	world.walk_s = walking_s(&world.ask.from, &world.ask.to, 2 * world.ask.walk_max_mm);
	world.drive_s = shuttle_s(&world.ask.from, &world.ask.to);
}

/* ---- the slow search ---- */

static instant_ms sooner(instant_ms a, instant_ms b)
{
	return a < b ? a : b;
}

static uint32_t least(const uint32_t ways[2][STOPS], uint32_t stop, int shuttle)
{
	uint32_t walk = ways[0][stop], drive = shuttle ? ways[1][stop] : NONE;
	return walk < drive ? walk : drive;
}

static void ride_all(const instant_ms *ready, instant_ms *arrive)
{
	const struct timetable *t = &world.town->timetable;
	for (uint32_t trip = 0; trip < t->n_trips; trip++) {
		for (uint32_t day = 0; day < t->n_days; day++) {
			for (uint32_t i = t->trip_first[trip]; i < t->trip_first[trip + 1]; i++) {
				instant_ms arrival, departure, ignored;
				transit_times(world.transit, i, day, &ignored, &departure);
				if (departure == INSTANT_NONE || ready[t->time_stop[i]] > departure)
					continue;
				for (uint32_t k = i + 1; k < t->trip_first[trip + 1]; k++) {
					transit_times(world.transit, k, day, &arrival, &ignored);
					if (arrival != INSTANT_NONE)
						arrive[t->time_stop[k]] = sooner(arrive[t->time_stop[k]], arrival);
				}
			}
		}
	}
}

static void change(const instant_ms *arrive, instant_ms *ready, int start)
{
	for (uint32_t from = 0; from < STOPS; from++)
		for (uint32_t to = 0; to < STOPS && arrive[from] != FAR; to++) {
			uint32_t seconds = start && from == to ? 0 : transit_walk_s(world.transit, from, to);
			if (seconds != NONE)
				ready[to] = sooner(ready[to], arrive[from] + (int64_t)seconds * 1000);
		}
}

/* Behind a stop that is reached as early without any ride nothing is looked for. */
static instant_ms at_target(const instant_ms *start, const instant_ms *arrive, int rode, int at_end)
{
	instant_ms best = FAR;
	for (uint32_t stop = 0; stop < STOPS; stop++) {
		for (uint32_t from = 0; from < STOPS; from++) {
			uint32_t exit_s = least(world.to_s, stop, at_end);
			uint32_t seconds = from == stop ? 0 : transit_walk_s(world.transit, from, stop);
			if (exit_s == NONE || seconds == NONE || arrive[from] == FAR || (from == stop && !rode) ||
			    arrive[from] + (int64_t)seconds * 1000 >= start[stop])
				continue;
			best = sooner(best, arrive[from] + ((int64_t)seconds + exit_s) * 1000);
		}
	}
	return best;
}

static instant_ms slow_arrival(instant_ms depart, int at_start, int at_end)
{
	instant_ms start[STOPS], arrive[STOPS], ready[STOPS];
	for (uint32_t stop = 0; stop < STOPS; stop++) {
		uint32_t seconds = least(world.from_s, stop, at_start);
		arrive[stop] = start[stop] = seconds == NONE ? FAR : depart + (int64_t)seconds * 1000;
		ready[stop] = FAR;
	}
	instant_ms best = at_target(start, arrive, 0, at_end);
	change(arrive, ready, 1);
	for (uint32_t ride = 0; ride < RIDES; ride++) {
		for (uint32_t stop = 0; stop < STOPS; stop++)
			arrive[stop] = FAR;
		ride_all(ready, arrive);
		best = sooner(best, at_target(start, arrive, 1, at_end));
		change(arrive, ready, 0);
	}
	return best;
}

static instant_ms slow_best(instant_ms depart, uint32_t shuttles)
{
	instant_ms best = slow_arrival(depart, 0, 0);
	if (shuttles >= 1)
		best = sooner(best, sooner(slow_arrival(depart, 1, 0), slow_arrival(depart, 0, 1)));
	if (shuttles >= 2)
		best = sooner(best, slow_arrival(depart, 1, 1));
	return best;
}

static instant_ms slow_with_direct(instant_ms depart, uint32_t shuttles)
{
	instant_ms best = slow_best(depart, shuttles);
	if (world.walk_s != NONE)
		best = sooner(best, depart + (int64_t)world.walk_s * 1000);
	if (shuttles >= 1 && world.drive_s != NONE)
		best = sooner(best, depart + (int64_t)world.drive_s * 1000);
	return best;
}

/* ---- what is found ---- */

static void check_tie(const struct journey *journey, uint32_t i)
{
	const struct journey_leg *leg = &journey->legs[i];
	instant_ms arrival, departure, transfer = world.town->rules.transfer_ms;
	if (leg->mode != JOURNEY_SHUTTLE)
		return;
	assert_true(leg->board_event == NONE || leg->alight_event == NONE);
	if (leg->board_event != NONE) {
		assert_int_equal(journey->legs[i + 1].board_event, leg->board_event);
		transit_times(world.transit, leg->board_event, leg->day, &arrival, &departure);
		assert_true(leg->arrives + transfer <= departure);
	}
	if (leg->alight_event != NONE) {
		assert_int_equal(journey->legs[i - 1].alight_event, leg->alight_event);
		transit_times(world.transit, leg->alight_event, leg->day, &arrival, &departure);
		assert_true(leg->departs >= arrival + transfer);
	}
}

static void check_journey(const struct journey *journey)
{
	uint32_t rides = 0, shuttles = 0;
	instant_ms at = journey->departs;
	assert_true(journey->n_legs > 0 && journey->legs[journey->n_legs - 1].arrives == journey->arrives);
	for (uint32_t i = 0; i < journey->n_legs; i++) {
		const struct journey_leg *leg = &journey->legs[i];
		assert_true(leg->departs >= at && leg->arrives >= leg->departs);
		rides += leg->mode == JOURNEY_RIDE;
		shuttles += leg->mode == JOURNEY_SHUTTLE;
		check_tie(journey, i);
		at = leg->arrives;
	}
	assert_int_equal(shuttles, journey->shuttles);
	assert_int_equal(rides ? rides - 1 : 0, journey->changes);
}

static void tell(const char *what, uint32_t shuttles)
{
	print_error("%s with %u shuttles: walk %u drive %u, at %lld, from %d %d to %d %d, walk_max %u\n", what,
		    shuttles, world.walk_s, world.drive_s, (long long)world.ask.at, world.ask.from.point.lat_e7,
		    world.ask.from.point.lon_e7, world.ask.to.point.lat_e7, world.ask.to.point.lon_e7,
		    world.ask.walk_max_mm);
	for (uint32_t i = 0; i < STOPS; i++)
		print_error("  stop %u: from %d %d to %d %d\n", i, (int)world.from_s[0][i], (int)world.from_s[1][i],
			    (int)world.to_s[0][i], (int)world.to_s[1][i]);
}

static uint32_t compare_forward(void)
{
	struct journey found[64];
	uint32_t n = journeys_find(world.core, world.transit, &world.ask, found, 64);
	for (uint32_t i = 0; i < n; i++) {
		check_journey(&found[i]);
		assert_true(found[i].departs >= world.ask.at);
	}
	for (uint32_t shuttles = 0; shuttles <= 2; shuttles++) {
		instant_ms best = FAR;
		for (uint32_t i = 0; i < n; i++)
			if (found[i].shuttles <= shuttles)
				best = sooner(best, found[i].arrives);
		if (best != slow_with_direct(world.ask.at, shuttles))
			tell("earliest", shuttles);
		assert_int_equal(best, slow_with_direct(world.ask.at, shuttles));
	}
	return n;
}

/* The latest departure is a ride's own less the way to it (or the direct way's): all of them are tried. */
static instant_ms slow_latest(uint32_t shuttles)
{
	const struct timetable *t = &world.town->timetable;
	instant_ms latest = INSTANT_NONE;
	if (world.walk_s != NONE)
		latest = world.ask.at - (int64_t)world.walk_s * 1000;
	if (shuttles >= 1 && world.drive_s != NONE && world.ask.at - (int64_t)world.drive_s * 1000 > latest)
		latest = world.ask.at - (int64_t)world.drive_s * 1000;
	for (uint32_t event = 0; event < t->n_stop_times; event++) {
		for (uint32_t stop = 0; stop < STOPS; stop++) {
			uint32_t seconds = stop == t->time_stop[event]
						   ? 0
						   : transit_walk_s(world.transit, stop, t->time_stop[event]);
			for (int shuttle = 0; shuttle <= 1; shuttle++) {
				instant_ms arrival, departure;
				uint32_t way_s = world.from_s[shuttle][stop];
				transit_times(world.transit, event, timetable_day(t, 20220607), &arrival, &departure);
				if (departure == INSTANT_NONE || way_s == NONE || seconds == NONE)
					continue;
				instant_ms depart = departure - ((int64_t)seconds + way_s) * 1000;
				if (depart > latest && slow_best(depart, shuttles) <= world.ask.at)
					latest = depart;
			}
		}
	}
	return latest;
}

static uint32_t compare_backward(void)
{
	struct journey found[64];
	uint32_t n = journeys_find(world.core, world.transit, &world.ask, found, 64);
	for (uint32_t i = 0; i < n; i++) {
		check_journey(&found[i]);
		assert_true(found[i].arrives <= world.ask.at);
	}
	for (uint32_t shuttles = 0; shuttles <= 2; shuttles++) {
		instant_ms latest = INSTANT_NONE;
		for (uint32_t i = 0; i < n; i++)
			if (found[i].shuttles <= shuttles && found[i].departs > latest)
				latest = found[i].departs;
		if (latest != slow_latest(shuttles))
			tell("latest", shuttles);
		assert_int_equal(latest, slow_latest(shuttles));
	}
	return n;
}

static void random_ask(struct rng *rng)
{
	static const char letters[] = "ABCDEFGHIJKLMNO";
	uint32_t start = rng_below(rng, 15), end = (start + 1 + rng_below(rng, 14)) % 15;
	struct geo_point from = drawn_point(&world.rig.drawn, letters[start]);
	struct geo_point to = drawn_point(&world.rig.drawn, letters[end]);
	world.ask = (struct journey_ask){.walk_max_mm = rng_below(rng, 2) * 300000,
					 .at = drawn_instant(&world.rig.drawn, 0, "08:00") +
					       rng_between(rng, 0, 140) * MINUTE_MS};
	assert_int_equal(rig_find_place(&world.rig, from, &world.ask.from), 0);
	assert_int_equal(rig_find_place(&world.rig, to, &world.ask.to), 0);
	find_ways();
	if (world.walk_s == 0) /* both are put at the middle of the same street */
		random_ask(rng);
}

static void as_found_by_hand(void **state)
{
	struct rng rng;
	uint32_t journeys = 0;
	(void)state;
	rng_seed(&rng, 7);
	for (int round = 0; round < 25; round++) {
		world_open(&rng);
		for (int query = 0; query < 8; query++) {
			random_ask(&rng);
			journeys += compare_forward();
			world.ask.arrive_by = 1;
			journeys += compare_backward();
		}
		world_close();
	}
	print_message("400 questions on 25 towns (seed 7): %u journeys\n", journeys);
	assert_true(journeys > 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_found_by_hand)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
