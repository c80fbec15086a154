// link: zub_drawn_town zub_town_file
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "drawn_town.h"
#include "err.h"

static const char *const square = "A---B>>>C\n"
				  "|   ^   :\n"
				  "D---E-+-F\n"
				  "    |    \n"
				  "    G<<<H\n";

static void streets(void **state)
{
	(void)state;
	struct drawn_town drawn;
	drawn_town_plain(&drawn, square);
	const struct network *road = &drawn.town.road;
	assert_int_equal(road->n_nodes, 9);
	assert_int_equal(road->n_arcs, 2 * 7 + 3); /* AB AD CF DE E+ +F EG; one-way BC EB HG */
	uint32_t ab = drawn_arc(&drawn, 'A', 'B');
	assert_int_equal(road->reverse_arc[ab], drawn_arc(&drawn, 'B', 'A'));
	assert_int_equal(road->dist_mm[ab], 40000);
	assert_int_equal(road->time_ms[ab], 8000);
	assert_string_equal(town_text(&drawn.town, road->name[ab]), "AB");
	assert_int_equal(road->reverse_arc[drawn_arc(&drawn, 'B', 'C')], NONE);
	assert_int_equal(road->reverse_arc[drawn_arc(&drawn, 'E', 'B')], NONE);
	assert_int_equal(road->flags[drawn_arc(&drawn, 'C', 'F')], ARC_NO_STOPPING);
	assert_int_equal(road->main_mask[ab], 1);
	assert_int_equal(road->main_mask[drawn_arc(&drawn, 'H', 'G')], 0); /* nothing leads to H */
	assert_int_equal(drawn_xy(&drawn, 'F').x_mm, 80000);
	assert_int_equal(drawn_xy(&drawn, 'F').y_mm, -20000);
	assert_int_equal(drawn.town.walk.n_arcs, 20);
	/* Degrees and millimetres agree. */
	uint64_t mm = geo_rough_mm(drawn_point(&drawn, 'A'), drawn_point(&drawn, 'F'));
	assert_in_range(mm, 82300, 82700);
	drawn_town_close(&drawn);
}

static const struct drawn_options full = {
	.drawing = square,
	.van = 1,
	.metres_per_char = 100,
	.turns = NULL,
	.stops = "AB DE30? EG!=S2 CF10=S1",
	.timetable = "stop S1 C\n"
		     "stop S2 G\n"
		     "trip T1 10 S1 08:00 S2 08:10/08:12\n"
		     "\n"
		     "  trip T2 10 S2 07:00:30 S1 07:20",
};

static void turn_rows(void **state)
{
	(void)state;
	struct drawn_options options = full;
	struct drawn_town drawn;
	options.turns = "ABC ADA:700";
	drawn_town_open(&drawn, &options);
	const struct network *road = &drawn.town.road;
	assert_int_equal(road->n_turns, 2);
	assert_int_equal(road->turn_cost_ms[0], -1);
	assert_int_equal(road->turn_cost_ms[1], 700);
	assert_int_equal(road->turn_arcs[1], drawn_arc(&drawn, 'B', 'C'));
	drawn_town_close(&drawn);
}

static void stops_and_trips(void **state)
{
	(void)state;
	struct drawn_options options = full;
	options.turns = NULL;
	struct drawn_town drawn;
	drawn_town_open(&drawn, &options);
	const struct town *town = &drawn.town;
	assert_int_equal(town->n_classes, 2);
	assert_int_equal(town->road.time_ms[town->road.n_arcs + drawn_arc(&drawn, 'A', 'B')], 40000);
	uint32_t stop = drawn_stop(&drawn, "DE30");
	assert_int_equal(town->stop_step_free[stop], 0);
	assert_int_equal(town->stop_spot[town->n_stops + stop].offset_mm, 30000);
	stop = drawn_stop(&drawn, "EG");
	assert_int_equal(town->stop_step_free[stop], 2);
	assert_int_equal(town->stop_transit[stop], drawn_transit_stop(&drawn, "S2"));
	assert_int_equal(town->timetable.n_stop_times, 4);
	assert_true(town->timetable.day_start[0] == DRAWN_DAY_START);
	struct trip_key key, again;
	assert_int_equal(timetable_key(town, 1, 3, &key), 0);
	assert_string_equal(key.feed, "drawn");
	assert_string_equal(key.trip_id, "T1");
	assert_int_equal(key.yyyymmdd, 20220610);
	uint32_t day;
	assert_int_equal(timetable_find(town, &key, &day), 1);
	assert_int_equal(day, 3);
	assert_int_equal(timetable_key(town, 4, 0, &again), ERR_RANGE);
	assert_int_equal(timetable_key(town, 0, 14, &again), ERR_RANGE);
	key.stop_sequence = 3;
	assert_int_equal(timetable_find(town, &key, &day), NONE);
	key.stop_sequence = 2;
	key.start_s = 60;
	assert_int_equal(timetable_find(town, &key, &day), NONE);
	key.start_s = -1;
	key.yyyymmdd = 20220621;
	assert_int_equal(timetable_find(town, &key, &day), NONE);
	key.yyyymmdd = 20220607;
	strcpy(key.feed, "other");
	assert_int_equal(timetable_find(town, &key, &day), NONE);
	assert_true(drawn_instant(&drawn, 1, "08:00:30") == DRAWN_DAY_START + DAY_MS + 8 * HOUR_MS + 30 * SECOND_MS);
	assert_int_equal(timetable_runs(&town->timetable, 0, 13), 1);
	assert_int_equal(timetable_runs(&town->timetable, 0, 14), 0);
	drawn_town_close(&drawn);
}

/* Every trip of random names is found, by the same one as a look at all of them finds; nothing that is not there is. */
static void trips_are_found_by_name(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 20; seed++) {
		char text[4000] = "stop S1 A\nstop S2 B\n", id[16];
		size_t n = strlen(text);
		unsigned luck = seed;
		for (int i = 0; i < 60; i++) {
			luck = luck * 1103515245u + 12345u;
			snprintf(id, sizeof id, "t%u", luck >> 16 & 63); /* some stand twice */
			n += (size_t)snprintf(text + n, sizeof text - n, "trip %s R S1 08:%02d S2 09:%02d\n", id, i, i);
		}
		struct drawn_town drawn;
		drawn_town_open(&drawn, &(struct drawn_options){.drawing = square, .timetable = text});
		const struct timetable *timetable = &drawn.town.timetable;
		for (unsigned name = 0; name < 64; name++) {
			struct trip_key key = {
				.feed = "drawn", .start_s = -1, .yyyymmdd = 20220607, .stop_sequence = 2};
			uint32_t expected = NONE, day;
			snprintf(key.trip_id, sizeof key.trip_id, "t%u", name);
			for (uint32_t trip = timetable->n_trips; trip-- > 0;)
				if (!strcmp(town_text(&drawn.town, timetable->trip_id[trip]), key.trip_id))
					expected = timetable->trip_first[trip] + 1;
			assert_int_equal(timetable_find(&drawn.town, &key, &day), expected);
			key.start_s = 0;
			assert_int_equal(timetable_find(&drawn.town, &key, &day), NONE);
		}
		drawn_town_close(&drawn);
	}
}

static void drawn_towns_can_be_written(void **state)
{
	(void)state;
	char path[] = "/tmp/zub_drawn_XXXXXX";
	struct drawn_options options = full;
	options.turns = "ABC:5000 ADA EGE";
	struct drawn_town drawn;
	struct err_detail detail = {""};
	struct town town;
	close(mkstemp(path));
	drawn_town_open(&drawn, &options);
	int err = town_write(&drawn.town, path, &detail);
	if (err)
		fail_msg("%s", detail.text);
	assert_int_equal(town_open(&town, path, &detail), 0);
	assert_int_equal(town.road.n_arcs, drawn.town.road.n_arcs);
	town_close(&town);
	unlink(path);
	drawn_town_close(&drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streets),
		cmocka_unit_test(turn_rows),
		cmocka_unit_test(stops_and_trips),
		cmocka_unit_test(trips_are_found_by_name),
		cmocka_unit_test(drawn_towns_can_be_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
