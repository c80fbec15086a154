// link: zub_compile zub_transit zub_city zub_base
/* Journeys, live delays and departure boards on timetables written inline (Europe/Berlin, summer: UTC + 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gtfs_text.h"
#include "transit.h"

#define HEAD                                                                                                         \
	"== agency.txt\nagency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"                               \
	"== routes.txt\nroute_id,route_short_name,route_type\nR,1,3\n"                                               \
	"== calendar.txt\nservice_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n" \
	"all,1,1,1,1,1,1,1,20220101,20221231\nmonday,1,0,0,0,0,0,0,20220101,20221231\n"
/* a --- b --- c (far apart); s1, s2 platforms of station s, 100 m apart */
#define STOPS                                                                                                   \
	"== stops.txt\nstop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\na,A,49.40,8.60,,\n"    \
	"b,B,49.42,8.60,,\nc,C,49.44,8.60,,\ns,S,49.46,8.60,1,\ns1,S1,49.4600,8.60,,s\ns2,S2,49.4609,8.60,,s\n" \
	"near_c,C2,49.4412,8.60,,\n"
#define TIMES "== stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence,pickup_type,drop_off_type\n"

struct world {
	struct build build;
	struct arena arena;
	struct transit *transit;
	const struct town *town;
};

static void world_open(struct world *world, const char *text)
{
	gtfs_text_town(&world->build, text);
	world->town = &world->build.town;
	/* Exactly what transit_size asks for must be enough. */
	assert_int_equal(arena_open(&world->arena, transit_size(world->town, 8)), 0);
	assert_int_equal(transit_open(&world->transit, world->town, 8, &world->arena), 0);
}

static void world_close(struct world *world)
{
	arena_close(&world->arena);
	build_close(&world->build);
}

static uint32_t go(struct world *world, const char *from, const char *to, instant_ms depart,
		   struct transit_journey *journeys)
{
	struct transit_end start[8], end[8];
	uint32_t n_start = transit_station(world->transit, gtfs_text_stop(world->town, from), start, 8);
	uint32_t n_end = transit_station(world->transit, gtfs_text_stop(world->town, to), end, 8);
	assert_true(n_start <= 8 && n_end <= 8);
	return transit_search(world->transit, start, n_start, end, n_end, depart, journeys, 5);
}

static int delay(struct world *world, const char *trip, uint32_t yyyymmdd, uint32_t sequence, int32_t arrival,
		 int32_t departure, int cancelled)
{
	struct trip_key key = {.feed = "feed", .start_s = -1, .yyyymmdd = yyyymmdd, .stop_sequence = sequence};
	snprintf(key.trip_id, sizeof key.trip_id, "%s", trip);
	return transit_delay(world->transit, &key, arrival, departure, (enum transit_word)cancelled);
}

static const char *trip_name(const struct world *world, const struct transit_leg *leg)
{
	return leg->trip == NONE ? "walk" : town_text(world->town, world->town->timetable.trip_id[leg->trip]);
}

/* "t1 a-c 08:00-08:20 | walk ..." in UTC, so that a journey reads as one line */
static const char *story(const struct world *world, const struct transit_journey *journey)
{
	static char text[1024];
	const struct timetable *t = &world->town->timetable;
	size_t used = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < journey->n_legs; i++) {
		const struct transit_leg *leg = &journey->legs[i];
		time_t a = (time_t)(leg->departs / 1000), b = (time_t)(leg->arrives / 1000);
		struct tm from, to;
		gmtime_r(&a, &from);
		gmtime_r(&b, &to);
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s-%s %02d:%02d-%02d:%02d",
					 i ? " | " : "", trip_name(world, leg),
					 town_text(world->town, t->stop_id[leg->from_stop]),
					 town_text(world->town, t->stop_id[leg->to_stop]), from.tm_hour, from.tm_min,
					 to.tm_hour, to.tm_min);
	}
	return text;
}

#define MONDAY(hour, minute) gtfs_text_utc(20220613, hour, minute, 0)
#define TWO_LINES                                                                                              \
	HEAD STOPS "== trips.txt\nroute_id,service_id,trip_id\nR,all,slow\nR,all,quick1\nR,all,quick2\n" TIMES \
		   "slow,a,8:00:00,8:00:00,1\nslow,b,8:30:00,8:31:00,2\nslow,c,9:30:00,9:30:00,3\n"            \
		   "quick1,b,8:35:00,8:35:00,1\nquick1,c,8:50:00,8:50:00,2\n"                                  \
		   "quick2,b,8:55:00,8:55:00,1\nquick2,c,9:10:00,9:10:00,2\n"

static void fewest_changes_first(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	(void)state;
	world_open(&world, TWO_LINES);
	assert_int_equal(go(&world, "a", "c", MONDAY(5, 55), journeys), 2);
	assert_string_equal(story(&world, &journeys[0]), "slow a-c 06:00-07:30");
	assert_string_equal(story(&world, &journeys[1]), "slow a-b 06:00-06:30 | quick1 b-c 06:35-06:50");
	assert_int_equal(journeys[1].departs, MONDAY(6, 0));
	assert_int_equal(journeys[1].arrives, MONDAY(6, 50));
	assert_int_equal(world.town->timetable.day_yyyymmdd[journeys[1].legs[1].day], 20220613);
	/* After the last departure: tomorrow's. */
	assert_int_equal(go(&world, "a", "c", MONDAY(6, 1), journeys), 2);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20220614, 6, 0, 0));
	assert_int_equal(go(&world, "c", "a", MONDAY(6, 0), journeys), 0);
	assert_int_equal(go(&world, "a", "a", MONDAY(6, 0), journeys), 0);
	world_close(&world);
}

static void a_late_train_misses_and_a_later_one_serves(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	instant_ms arrival, departure;
	(void)state;
	world_open(&world, TWO_LINES);
	assert_int_equal(delay(&world, "slow", 20220613, 2, 600, 600, 0), 0);
	assert_int_equal(go(&world, "a", "c", MONDAY(5, 55), journeys), 2);
	assert_string_equal(story(&world, &journeys[0]), "slow a-c 06:00-07:40");
	assert_string_equal(story(&world, &journeys[1]), "slow a-b 06:00-06:40 | quick2 b-c 06:55-07:10");
	/* The connection waits: quick1 is late, too. */
	assert_int_equal(delay(&world, "quick1", 20220613, 1, 300, 300, 0), 0);
	assert_int_equal(go(&world, "a", "c", MONDAY(5, 55), journeys), 2);
	assert_string_equal(story(&world, &journeys[1]), "slow a-b 06:00-06:40 | quick1 b-c 06:40-06:55");
	/* Only that day is late. */
	uint32_t trip = journeys[0].legs[0].trip, event = world.town->timetable.trip_first[trip] + 2;
	uint32_t day = timetable_day(&world.town->timetable, 20220613);
	assert_int_equal(transit_times(world.transit, event, day, &arrival, &departure), 0);
	assert_int_equal(arrival, MONDAY(7, 40));
	assert_int_equal(transit_times(world.transit, event, day + 1, &arrival, &departure), 0);
	assert_int_equal(arrival, gtfs_text_utc(20220614, 7, 30, 0));
	/* Cancelled, and running again. */
	assert_int_equal(delay(&world, "slow", 20220613, 1, 0, 0, 1), 0);
	assert_int_equal(transit_times(world.transit, event, day, &arrival, &departure), 0);
	assert_int_equal(arrival, INSTANT_NONE);
	assert_int_equal(go(&world, "a", "b", MONDAY(5, 55), journeys), 1);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20220614, 6, 0, 0));
	assert_int_equal(delay(&world, "slow", 20220613, 1, 0, 0, 0), 0);
	assert_int_equal(go(&world, "a", "b", MONDAY(5, 55), journeys), 1);
	assert_string_equal(story(&world, &journeys[0]), "slow a-b 06:00-06:30");
	world_close(&world);
}

static void delays_run_on_until_replaced(void **state)
{
	struct world world;
	instant_ms arrival, departure;
	(void)state;
	world_open(&world, TWO_LINES);
	const struct timetable *t = &world.town->timetable;
	uint32_t day = timetable_day(t, 20220613), slow = 0;
	while (strcmp(town_text(world.town, t->trip_id[slow]), "slow") != 0)
		slow++;
	uint32_t first = t->trip_first[slow];
	/* An early arrival cannot come before the departure from the stop before it. */
	assert_int_equal(delay(&world, "slow", 20220613, 1, 0, 2400, 0), 0);
	assert_int_equal(delay(&world, "slow", 20220613, 2, -300, -600, 0), 0);
	transit_times(world.transit, first, day, &arrival, &departure);
	assert_int_equal(arrival, MONDAY(6, 0));
	assert_int_equal(departure, MONDAY(6, 40));
	transit_times(world.transit, first + 1, day, &arrival, &departure);
	assert_int_equal(arrival, MONDAY(6, 40));
	assert_int_equal(departure, MONDAY(6, 40));
	transit_times(world.transit, first + 2, day, &arrival, &departure);
	assert_int_equal(arrival, MONDAY(7, 20));
	/* A new word from the first stop on makes the older one for later stops void. */
	assert_int_equal(delay(&world, "slow", 20220613, 1, 60, 60, 0), 0);
	transit_times(world.transit, first + 2, day, &arrival, &departure);
	assert_int_equal(arrival, MONDAY(7, 31));
	/* What is not there, and what does not fit. */
	assert_int_equal(delay(&world, "slow", 20220613, 9, 60, 60, 0), ERR_NOT_FOUND);
	assert_int_equal(delay(&world, "ghost", 20220613, 1, 60, 60, 0), ERR_NOT_FOUND);
	assert_int_equal(delay(&world, "slow", 19990101, 1, 60, 60, 0), ERR_NOT_FOUND);
	assert_int_equal(delay(&world, "slow", 20220613, 1, 90000, 60, 0), ERR_RANGE);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(delay(&world, "slow", 20220614 + i, 1, 60, 60, 0), 0);
	assert_int_equal(delay(&world, "slow", 20220621, 1, 60, 60, 0), ERR_FULL);
	assert_int_equal(delay(&world, "slow", 20220613, 1, 0, 0, 0), 0); /* on time again: frees its place */
	assert_int_equal(delay(&world, "slow", 20220621, 1, 60, 60, 0), 0);
	/* A stop that is left out: the trip is as late behind it as before. */
	transit_forget(world.transit);
	assert_int_equal(delay(&world, "slow", 20220613, 1, 120, 120, TRANSIT_RUNS), 0);
	assert_int_equal(delay(&world, "slow", 20220613, 2, 120, 120, TRANSIT_SKIPS), 0);
	transit_times(world.transit, first + 1, day, &arrival, &departure);
	assert_true(arrival == INSTANT_NONE && departure == INSTANT_NONE);
	transit_times(world.transit, first + 2, day, &arrival, &departure);
	assert_int_equal(arrival, MONDAY(7, 32));
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(delay(&world, "slow", 20220614 + i, 1, 60, 60, 0), 0);
	assert_int_equal(delay(&world, "quick1", 20220621, 1, 60, 60, 0), ERR_FULL);
	transit_forget(world.transit);
	assert_int_equal(delay(&world, "quick1", 20220621, 1, 60, 60, 0), 0);
	world_close(&world);
}

/* "26:30" of Monday is 02:30 of Tuesday, and it is found by who asks on Tuesday. */
static void after_midnight(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	struct transit_call calls[4];
	(void)state;
	world_open(&world, HEAD STOPS "== trips.txt\nroute_id,service_id,trip_id\nR,monday,night\n" TIMES
				      "night,a,26:30:00,26:30:00,1\nnight,b,26:50:00,26:50:00,2\n");
	assert_int_equal(go(&world, "a", "b", gtfs_text_utc(20220614, 0, 15, 0), journeys), 1);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20220614, 0, 30, 0));
	assert_int_equal(world.town->timetable.day_yyyymmdd[journeys[0].legs[0].day], 20220613);
	assert_int_equal(transit_board(world.transit, gtfs_text_stop(world.town, "a"), gtfs_text_utc(20220614, 0, 0, 0),
				       0, calls, 4),
			 1);
	assert_int_equal(calls[0].planned, gtfs_text_utc(20220614, 0, 30, 0));
	world_close(&world);
}

/* The nights of both clock changes: "noon minus 12 h" is not midnight there. */
static void clock_changes(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	(void)state;
	world_open(&world, HEAD STOPS "== trips.txt\nroute_id,service_id,trip_id\nR,all,early\nR,all,noon\n" TIMES
				      "early,a,4:00:00,4:00:00,1\nearly,b,4:20:00,4:20:00,2\n"
				      "noon,a,12:00:00,12:00:00,1\nnoon,b,12:20:00,12:20:00,2\n");
	/* 2022-03-27: 04:00 of the service day is 04:00 CEST = 02:00 UTC; the evening before asked in winter time */
	assert_int_equal(go(&world, "a", "b", gtfs_text_utc(20220327, 0, 30, 0), journeys), 1);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20220327, 2, 0, 0));
	assert_int_equal(go(&world, "a", "b", gtfs_text_utc(20220327, 3, 0, 0), journeys), 1);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20220327, 10, 0, 0));
	assert_int_equal(go(&world, "a", "b", gtfs_text_utc(20221030, 0, 30, 0), journeys), 1);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20221030, 3, 0, 0));
	assert_int_equal(go(&world, "a", "b", gtfs_text_utc(20221030, 4, 0, 0), journeys), 1);
	assert_int_equal(journeys[0].departs, gtfs_text_utc(20221030, 11, 0, 0));
	world_close(&world);
}

static void walks_between_stops(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	(void)state;
	world_open(&world,
		   HEAD STOPS "== trips.txt\nroute_id,service_id,trip_id\nR,all,in\nR,all,out\nR,all,end\n" TIMES
			      "in,a,8:00:00,8:00:00,1\nin,c,8:20:00,8:20:00,2\n"
			      "out,near_c,8:25:00,8:25:00,1\nout,s2,8:40:00,8:40:00,2\n"
			      "end,s1,8:45:00,8:45:00,1\nend,b,8:50:00,8:50:00,2\n");
	uint32_t c = gtfs_text_stop(world.town, "c"), near_c = gtfs_text_stop(world.town, "near_c");
	uint32_t s1 = gtfs_text_stop(world.town, "s1"), s2 = gtfs_text_stop(world.town, "s2");
	uint32_t walk = transit_walk_s(world.transit, c, near_c); /* 133 m * 1.3 / 1.3 m/s */
	assert_true(walk >= 132 && walk <= 136);
	assert_int_equal(transit_walk_s(world.transit, c, c), 0);
	assert_true(transit_walk_s(world.transit, s1, s2) >= 98 && transit_walk_s(world.transit, s1, s2) <= 102);
	assert_int_equal(transit_walk_s(world.transit, c, s1), NONE);
	assert_int_equal(go(&world, "a", "s", MONDAY(5, 0), journeys), 1);
	assert_string_equal(story(&world, &journeys[0]),
			    "in a-c 06:00-06:20 | walk c-near_c 06:20-06:22 | out near_c-s2 06:25-06:40");
	assert_int_equal(go(&world, "a", "b", MONDAY(5, 0), journeys), 1);
	assert_string_equal(story(&world, &journeys[0]),
			    "in a-c 06:00-06:20 | walk c-near_c 06:20-06:22 | out near_c-s2 06:25-06:40 | "
			    "walk s2-s1 06:40-06:41 | end s1-b 06:45-06:50");
	/* On foot only; first and last walk. */
	assert_int_equal(go(&world, "c", "near_c", MONDAY(5, 0), journeys), 1);
	assert_int_equal(journeys[0].legs[0].trip, NONE);
	assert_int_equal(go(&world, "c", "s1", MONDAY(5, 0), journeys), 1);
	assert_string_equal(story(&world, &journeys[0]), "walk c-near_c 06:22-06:25 | out near_c-s2 06:25-06:40");
	world_close(&world);
}

static void transfers_rule(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	(void)state;
	world_open(&world,
		   TWO_LINES "== transfers.txt\nfrom_stop_id,to_stop_id,transfer_type,min_transfer_time\nb,b,2,400\n"
			     "c,near_c,3,\na,c,2,100\ns,s,2,77\n");
	assert_int_equal(go(&world, "a", "b", MONDAY(5, 0), journeys), 1);
	assert_int_equal(
		transit_walk_s(world.transit, gtfs_text_stop(world.town, "b"), gtfs_text_stop(world.town, "b")), 400);
	assert_int_equal(
		transit_walk_s(world.transit, gtfs_text_stop(world.town, "c"), gtfs_text_stop(world.town, "near_c")),
		NONE);
	/* 6:30 + 400 s is too late for quick1; but a walk of 100 s from a to c is now the best of all */
	assert_int_equal(go(&world, "a", "c", MONDAY(5, 55), journeys), 1);
	assert_string_equal(story(&world, &journeys[0]), "walk a-c 05:55-05:56");
	world_close(&world);
}

static void where_nobody_may_board(void **state)
{
	struct world world;
	struct transit_journey journeys[5];
	struct transit_call calls[4];
	(void)state;
	world_open(&world, HEAD STOPS "== trips.txt\nroute_id,service_id,trip_id\nR,all,t\n" TIMES
				      "t,a,8:00:00,8:00:00,1,0,0\nt,b,8:10:00,8:10:00,2,1,0\nt,c,8:20:00,8:20:00,3,0,"
				      "1\nt,s1,8:30:00,8:30:00,4,0,0\n");
	assert_int_equal(go(&world, "b", "s", MONDAY(5, 0), journeys), 0);
	assert_int_equal(go(&world, "a", "c", MONDAY(5, 0), journeys), 0);
	assert_int_equal(go(&world, "a", "b", MONDAY(5, 0), journeys), 1);
	assert_int_equal(go(&world, "c", "s", MONDAY(5, 0), journeys), 1);
	assert_int_equal(transit_board(world.transit, gtfs_text_stop(world.town, "b"), MONDAY(5, 0), 0, calls, 4), 0);
	assert_int_equal(transit_board(world.transit, gtfs_text_stop(world.town, "b"), MONDAY(5, 0), 1, calls, 4), 2);
	assert_int_equal(transit_board(world.transit, gtfs_text_stop(world.town, "s"), MONDAY(5, 0), 0, calls, 4), 0);
	assert_int_equal(transit_board(world.transit, gtfs_text_stop(world.town, "s2"), MONDAY(5, 0), 1, calls, 4), 2);
	world_close(&world);
}

static void a_board_shows_what_is_late(void **state)
{
	struct world world;
	struct transit_call calls[4];
	(void)state;
	world_open(&world, TWO_LINES);
	uint32_t b = gtfs_text_stop(world.town, "b");
	assert_int_equal(delay(&world, "slow", 20220613, 2, 1800, 1800, 0), 0);
	assert_int_equal(delay(&world, "quick1", 20220613, 1, 0, 0, 1), 0);
	assert_int_equal(transit_board(world.transit, b, MONDAY(6, 33), 0, calls, 4), 4);
	assert_int_equal(calls[0].planned, MONDAY(6, 35));
	assert_int_equal(calls[0].cancelled, 1);
	assert_int_equal(calls[1].planned, MONDAY(6, 55));
	assert_int_equal(calls[2].planned, MONDAY(6, 31)); /* left its plan behind, still to come */
	assert_int_equal(calls[2].live, MONDAY(7, 1));
	assert_int_equal(calls[3].planned, gtfs_text_utc(20220614, 6, 31, 0));
	assert_int_equal(transit_board(world.transit, b, MONDAY(6, 33), 0, calls, 1), 1);
	assert_int_equal(calls[0].planned, MONDAY(6, 35));
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fewest_changes_first),
		cmocka_unit_test(a_late_train_misses_and_a_later_one_serves),
		cmocka_unit_test(delays_run_on_until_replaced),
		cmocka_unit_test(after_midnight),
		cmocka_unit_test(clock_changes),
		cmocka_unit_test(walks_between_stops),
		cmocka_unit_test(transfers_rule),
		cmocka_unit_test(where_nobody_may_board),
		cmocka_unit_test(a_board_shows_what_is_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
