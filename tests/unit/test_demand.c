// link: zub_sim zub_drawn_town
/* Demand: from a table of trips, with mistakes named by line; drawn from addresses and the timetable, the same for the
 * same seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "demand.h"
#include "drawn_town.h"

#define N_HOMES 200
#define HEADER "ask_at,from_lat,from_lon,to_lat,to_lon"

static struct drawn_town drawn;
static struct geo_point homes[N_HOMES];
static char path[64];

/* A street of 4 km with a station in its middle and houses all along. */
static int open_town(void **state)
{
	char timetable[8192] = "stop S C\nstop E E\nstop W A\n";
	(void)state;
	for (int i = 0; i < 60; i++)
		snprintf(timetable + strlen(timetable), sizeof timetable - strlen(timetable),
			 "trip T%d R W %02d:%02d S %02d:%02d E %02d:%02d\n", i, 6 + i / 6, i % 6 * 10, 6 + i / 6,
			 i % 6 * 10 + 4, 6 + i / 6, i % 6 * 10 + 8);
	drawn_town_open(
		&drawn,
		&(struct drawn_options){
			.drawing = "A-------------------B-------------------C-------------------D-------------------E",
			.metres_per_char = 50,
			.stops = "AB BC CD DE",
			.timetable = timetable});
	struct geo_xy west = drawn_xy(&drawn, 'A'), east = drawn_xy(&drawn, 'E');
	for (int i = 0; i < N_HOMES; i++)
		homes[i] = drawn_point_of(
			(struct geo_xy){west.x_mm + (east.x_mm - west.x_mm) * i / N_HOMES, west.y_mm + 1000});
	drawn.town.n_addresses = N_HOMES;
	drawn.town.address_point = homes;
	strcpy(path, "/tmp/zub-demand-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 || close(fd);
}

static int close_town(void **state)
{
	(void)state;
	drawn_town_close(&drawn);
	return unlink(path);
}

/* ---- drawn ---- */

static struct demand draw(const struct demand_options *options)
{
	struct err_detail detail = {""};
	struct demand demand;
	if (demand_draw(&demand, &drawn.town, options, &detail))
		fail_msg("%s", detail.text);
	return demand;
}

static struct demand_options options_of(uint64_t seed, uint32_t per_hour)
{
	struct demand_options options;
	demand_default(&options);
	options.seed = seed;
	options.per_hour = per_hour;
	options.from = drawn_instant(&drawn, 0, "06:00");
	options.to = drawn_instant(&drawn, 0, "14:00");
	return options;
}

static void test_same_seed_same_trips(void **state)
{
	struct demand_options options = options_of(4, 60);
	struct demand one = draw(&options), two = draw(&options);
	(void)state;
	assert_int_equal(one.n, two.n);
	assert_memory_equal(one.trips, two.trips, one.n * sizeof *one.trips);
	options.seed = 5;
	struct demand other = draw(&options);
	assert_true(other.n != one.n || memcmp(other.trips, one.trips, one.n * sizeof *one.trips));
	demand_free(&one);
	demand_free(&two);
	demand_free(&other);
}

static int near(uint32_t count, uint32_t n, uint32_t permille)
{
	int64_t off = (int64_t)count * 1000 - (int64_t)n * permille;
	return off < 35 * (int64_t)n && off > -35 * (int64_t)n;
}

static void test_shares(void **state)
{
	struct demand_options options = options_of(1, 500);
	struct demand demand = draw(&options);
	uint32_t wheelchair = town_need(&drawn.town, "wheelchair"), tied = 0, chairs = 0, cancels = 0, no_shows = 0,
		 from_station = 0;
	struct geo_point station = drawn.town.timetable.stop_point[drawn_transit_stop(&drawn, "S")];
	(void)state;
	assert_true(demand.n >= 4000 && demand.n < 4010);
	for (uint32_t i = 0; i < demand.n; i++) {
		const struct demand_trip *trip = &demand.trips[i];
		assert_true(trip->ask_at >= options.from && trip->ask_at < options.to);
		assert_true(i == 0 || trip->ask_at >= demand.trips[i - 1].ask_at);
		assert_true(trip->need_count[0] || trip->need_count[wheelchair]);
		tied += trip->tie_kind != TIE_NONE;
		chairs += trip->need_count[wheelchair];
		cancels += trip->cancel_after_ms != 0;
		no_shows += trip->no_show;
		from_station += !memcmp(&trip->from, &station, sizeof station);
	}
	assert_true(near(chairs, demand.n, options.wheelchair));
	assert_true(near(cancels, demand.n, options.cancel));
	assert_true(near(no_shows, demand.n, options.no_show));
	assert_true(from_station > demand.n / 4);
	assert_true(tied > demand.n / 10);
	demand_free(&demand);
}

static void test_ties_name_real_trips(void **state)
{
	struct demand_options options = options_of(2, 100);
	struct demand demand = draw(&options);
	uint32_t seen = 0;
	(void)state;
	for (uint32_t i = 0; i < demand.n; i++) {
		const struct demand_trip *trip = &demand.trips[i];
		uint32_t day = 0;
		if (trip->tie_kind == TIE_NONE)
			continue;
		uint32_t event = timetable_find(&drawn.town, &trip->tie, &day);
		assert_int_not_equal(event, NONE);
		assert_int_equal(drawn.town.timetable.time_stop[event], drawn_transit_stop(&drawn, "S"));
		seen++;
	}
	assert_true(seen > 10);
	demand_free(&demand);
}

/* Every hour has exactly what the table says, whatever the trains do; an hour without one has nobody. */
static void test_totals_by_hour(void **state)
{
	struct demand_options options = options_of(3, 0);
	uint32_t asked[DEMAND_HOURS] = {0};
	const uint32_t table[] = {40, 120, 77, 1, 0, 33, 60, 9};
	(void)state;
	options.has_totals = 1;
	for (uint32_t h = 0; h < COUNT_OF(table); h++)
		options.totals[6 + h] = table[h];
	struct demand demand = draw(&options);
	for (uint32_t i = 0; i < demand.n; i++)
		asked[(demand.trips[i].ask_at - drawn_instant(&drawn, 0, "00:00")) / HOUR_MS]++;
	assert_memory_equal(asked, options.totals, sizeof asked);
	assert_int_equal(demand.n, 340);
	demand_free(&demand);
}

static void test_totals_outside_the_time(void **state)
{
	struct demand_options options = options_of(3, 0);
	struct demand demand;
	struct err_detail detail = {""};
	(void)state;
	options.has_totals = 1;
	options.totals[14] = 5; /* the demand ends at 14:00 */
	assert_int_equal(demand_draw(&demand, &drawn.town, &options, &detail), ERR_RANGE);
	assert_non_null(strstr(detail.text, "hours outside"));
	options.from += 30 * MINUTE_MS; /* half of an hour takes all of its total */
	options.totals[14] = 0;
	options.totals[6] = 20;
	demand = draw(&options);
	assert_int_equal(demand.n, 20);
	demand_free(&demand);
}

/* Two days: the table holds for each. */
static void test_totals_of_two_days(void **state)
{
	struct demand_options options = options_of(3, 0);
	(void)state;
	options.to = options.from + 2 * DAY_MS;
	options.has_totals = 1;
	options.totals[7] = 25;
	struct demand demand = draw(&options);
	assert_int_equal(demand.n, 50);
	for (uint32_t i = 0; i < demand.n; i++)
		assert_int_equal((demand.trips[i].ask_at - drawn_instant(&drawn, 0, "00:00")) / HOUR_MS % 24, 7);
	demand_free(&demand);
}

/* Common random numbers: another share of no-shows or wheelchairs changes nothing but that; more riders are the same
 * ones and some besides. */
static void test_one_change_changes_one_thing(void **state)
{
	struct demand_options options = options_of(6, 60), other = options;
	struct demand one = draw(&options);
	uint32_t wheelchair = town_need(&drawn.town, "wheelchair"), changed = 0, found = 0;
	(void)state;
	other.no_show = 500;
	other.patience_max_ms = 3 * HOUR_MS;
	struct demand two = draw(&other);
	assert_int_equal(one.n, two.n);
	for (uint32_t i = 0; i < one.n; i++) {
		struct demand_trip trip = two.trips[i];
		changed += trip.no_show != one.trips[i].no_show;
		assert_true(trip.no_show >= one.trips[i].no_show);
		trip.no_show = one.trips[i].no_show;
		trip.patience_ms = one.trips[i].patience_ms;
		assert_memory_equal(&trip, &one.trips[i], sizeof trip);
	}
	assert_true(changed > one.n / 4);
	demand_free(&two);
	other = options;
	other.per_hour = 70;
	other.wheelchair = 0;
	two = draw(&other);
	for (uint32_t i = 0; i < one.n; i++)
		for (uint32_t j = 0; j < two.n; j++)
			if (one.trips[i].number == two.trips[j].number) {
				assert_int_equal(one.trips[i].ask_at, two.trips[j].ask_at);
				assert_memory_equal(&one.trips[i].to, &two.trips[j].to, sizeof two.trips[j].to);
				assert_int_equal(one.trips[i].late_ms, two.trips[j].late_ms);
				assert_int_equal(two.trips[j].need_count[wheelchair], 0);
				found++;
			}
	assert_int_equal(found, one.n);
	demand_free(&one);
	demand_free(&two);
}

static void test_nothing_to_draw_from(void **state)
{
	struct drawn_town empty;
	struct err_detail detail = {""};
	struct demand demand;
	struct demand_options options = options_of(1, 10);
	(void)state;
	drawn_town_plain(&empty, "A---B");
	assert_int_equal(demand_draw(&demand, &empty.town, &options, &detail), ERR_NOT_FOUND);
	assert_non_null(strstr(detail.text, "no stop with addresses"));
	drawn_town_close(&empty);
}

static void test_hub_and_day(void **state)
{
	struct geo_point hub;
	instant_ms start;
	(void)state;
	assert_int_equal(demand_hub(&drawn.town, &hub), 0);
	assert_int_equal(demand_show_day(&drawn.town, &start), 0);
	assert_int_equal(start, drawn_instant(&drawn, 0, "06:00"));
}

/* ---- read ---- */

static int read_text(const char *text, struct demand *demand, struct err_detail *detail)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return demand_read(demand, &drawn.town, path, DRAWN_DAY_START, detail);
}

static void test_reads(void **state)
{
	struct demand demand;
	struct err_detail detail = {""};
	uint32_t wheelchair = town_need(&drawn.town, "wheelchair");
	(void)state;
	assert_int_equal(read_text("\xef\xbb\xbf" HEADER ",time_kind,time,persons,wheelchair,late_s,what\r\n"
				   "\r\n"
				   "60,49.4,8.68,49.41,8.69,leave_at,4000,2,,30,\"a, b\"\r\n"
				   "5,49.4,8.68,49.41,8.69,,,,1,,\r\n",
				   &demand, &detail),
			 0);
	assert_int_equal(demand.n, 2);
	assert_int_equal(demand.trips[0].ask_at, DRAWN_DAY_START + 5000);
	assert_int_equal(demand.trips[0].need_count[0], 0);
	assert_int_equal(demand.trips[0].need_count[wheelchair], 1);
	assert_int_equal(demand.trips[1].time_kind, TIME_LEAVE_AT);
	assert_int_equal(demand.trips[1].time, DRAWN_DAY_START + 4000000);
	assert_int_equal(demand.trips[1].need_count[0], 2);
	assert_int_equal(demand.trips[1].late_ms, 30000);
	assert_int_equal(demand.trips[1].from.lat_e7, 494000000);
	demand_free(&demand);
}

static void test_reads_needs_and_ties(void **state)
{
	struct demand demand;
	struct err_detail detail = {""};
	struct trip_key key;
	char text[1024];
	uint32_t walker = town_need(&drawn.town, "walker"), companion = town_need(&drawn.town, "companion");
	(void)state;
	uint32_t stop = drawn_transit_stop(&drawn, "S"),
		 event = drawn.town.timetable.stop_event[drawn.town.timetable.stop_first[stop]];
	assert_int_equal(timetable_key(&drawn.town, event, 0, &key), 0);
	snprintf(text, sizeof text,
		 HEADER ",needs,patience_s,pace_m_s,tie,feed,trip_id,date,stop_sequence\n"
			"5,49.4,8.68,49.41,8.69,walker "
			"companion:2,600,0.85,from_trip,%s,%s,%u,%u\n9,49.4,8.68,49.41,8.69,,,,,,,,\n",
		 key.feed, key.trip_id, key.yyyymmdd, key.stop_sequence);
	if (read_text(text, &demand, &detail))
		fail_msg("%s", detail.text);
	assert_int_equal(demand.trips[0].need_count[walker], 1);
	assert_int_equal(demand.trips[0].need_count[companion], 2);
	assert_int_equal(demand.trips[0].patience_ms, 600000);
	assert_int_equal(demand.trips[0].pace_mm_s, 850);
	assert_int_equal(demand.trips[0].tie_kind, TIE_FROM_TRIP);
	assert_string_equal(demand.trips[0].tie.trip_id, key.trip_id);
	assert_int_equal(demand.trips[1].tie_kind, TIE_NONE);
	assert_int_equal(demand.trips[1].patience_ms, 3600000);
	assert_int_equal(demand.trips[1].pace_mm_s, 0);
	demand_free(&demand);
}

static void expect_error(const char *text, const char *wanted)
{
	struct demand demand;
	struct err_detail detail = {""};
	char place[128];
	assert_int_not_equal(read_text(text, &demand, &detail), 0);
	snprintf(place, sizeof place, "%s:%s", path, wanted);
	if (strncmp(detail.text, place, strlen(place)))
		fail_msg("expected \"%s\", got \"%s\"", place, detail.text);
}

static void test_mistakes(void **state)
{
	(void)state;
	expect_error("", "0: header: expected the columns");
	expect_error("ask_at,from_lat\n1,2\n", "1: header: expected the columns");
	expect_error(HEADER ",ask_at\n", "1: ask_at: stands twice");
	expect_error(HEADER "\n1,49.4,8.68,49.41,8.69\nx,49.4,8.68,49.41,8.69\n",
		     "3: ask_at: \"x\" is not a whole number");
	expect_error(HEADER "\n\n\n-1,49.4,8.68,49.41,8.69\n", "4: ask_at: \"-1\"");
	expect_error(HEADER "\n,49.4,8.68,49.41,8.69\n", "2: ask_at: is missing");
	expect_error(HEADER "\n1,49.4,east,49.41,8.69\n", "2: from_lat: \"49.4,east\" is not a place");
	expect_error(HEADER "\n1,49.4,8.68,99.41,8.69\n", "2: to_lat: ");
	expect_error(HEADER ",time_kind\n1,49.4,8.68,49.41,8.69,later\n",
		     "2: time_kind: expected now, leave_at or arrive_by");
	expect_error(HEADER ",time_kind\n1,49.4,8.68,49.41,8.69,leave_at\n", "2: time: is missing");
	expect_error(HEADER ",persons\n1,49.4,8.68,49.41,8.69,101\n", "2: persons: ");
	expect_error(HEADER ",persons\n1,49.4,8.68,49.41,8.69,0\n", "2: persons: nobody travels");
	expect_error(HEADER "\n1,49.4,8.68,49.41,\"8.69\n", "2: row: ");
	expect_error(HEADER ",needs\n1,49.4,8.68,49.41,8.69,wings\n", "2: needs: \"wings\": expected needs");
	expect_error(HEADER ",needs\n1,49.4,8.68,49.41,8.69,walker:0\n", "2: needs: ");
	expect_error(HEADER ",needs\n1,49.4,8.68,49.41,8.69,walker:1x\n", "2: needs: ");
	expect_error(HEADER ",needs\n1,49.4,8.68,49.41,8.69,seat:1\n", "2: needs: ");
	expect_error(HEADER ",pace_m_s\n1,49.4,8.68,49.41,8.69,nan\n", "2: pace_m_s: \"nan\" is no pace");
	expect_error(HEADER ",pace_m_s\n1,49.4,8.68,49.41,8.69,9\n", "2: pace_m_s: ");
	expect_error(HEADER ",tie\n1,49.4,8.68,49.41,8.69,train\n", "2: tie: expected from_trip or to_trip");
	expect_error(HEADER ",tie\n1,49.4,8.68,49.41,8.69,to_trip\n",
		     "2: trip_id: the timetable has no such stop time");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed_same_trips),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_ties_name_real_trips),
		cmocka_unit_test(test_nothing_to_draw_from),
		cmocka_unit_test(test_hub_and_day),
		cmocka_unit_test(test_totals_by_hour),
		cmocka_unit_test(test_totals_outside_the_time),
		cmocka_unit_test(test_totals_of_two_days),
		cmocka_unit_test(test_one_change_changes_one_thing),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_reads_needs_and_ties),
		cmocka_unit_test(test_mistakes),
	};
	return cmocka_run_group_tests(tests, open_town, close_town);
}
