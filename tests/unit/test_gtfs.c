// link: zub_compile zub_city zub_base
/* The GTFS reader on small timetables written inline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gtfs_text.h"

#define AGENCY "== agency.txt\nagency_id,agency_name,agency_url,agency_timezone\nA,Bahn,http://x,Europe/Berlin\n"
#define STOPS                                                                                                        \
	"== stops.txt\nstop_id,stop_name,stop_lat,stop_lon\na,Alpha,49.4,8.6\nb,Beta,49.41,8.6\nc,Gamma,49.43,8.6\n" \
	"d,Delta,49.44,8.6\n"
#define ROUTES "== routes.txt\nroute_id,route_short_name,route_long_name,route_type\nR,1,Line one,3\n"
#define CALENDAR                                                                                                     \
	"== calendar.txt\nservice_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n" \
	"week,1,1,1,1,1,0,0,20220613,20220624\n"
#define TRIPS "== trips.txt\nroute_id,service_id,trip_id\nR,week,t1\n"
#define TIMES_HEAD "== stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence\n"
#define TIMES TIMES_HEAD "t1,a,8:00:00,08:00:30,1\nt1,b,08:05:00,08:05:00,2\n"
#define BASE AGENCY STOPS ROUTES CALENDAR

static void read_ok(struct build *build, const char *text, size_t size)
{
	struct err_detail detail = {{0}};
	int result = gtfs_text_build(build, text, size, &detail);
	if (result)
		print_error("%s\n", detail.text);
	assert_int_equal(result, 0);
}
#define READ(build, text) read_ok(build, text, sizeof(text) - 1)

static uint32_t reported(const struct build *build, const char *kind)
{
	for (uint32_t i = 0; i < build->report.n_kinds; i++)
		if (strncmp(build->report.kinds[i].kind, kind, strlen(kind)) == 0)
			return build->report.kinds[i].count;
	return 0;
}

static const char *text_of(const struct build *build, uint32_t string)
{
	return build_text(build, string);
}

static void expect_error(const char *text, int code, const char *const *words)
{
	struct build build;
	struct err_detail detail = {{0}};
	int result = gtfs_text_build(&build, text, strlen(text), &detail);
	build_close(&build);
	assert_int_equal(result, code);
	for (; *words; words++)
		if (!strstr(detail.text, *words))
			fail_msg("expected \"%s\" in: %s", *words, detail.text);
}
#define EXPECT_ERROR(text, code, ...) expect_error(text, code, (const char *const[]){__VA_ARGS__, NULL})

static void reads_a_small_feed(void **state)
{
	struct build build;
	(void)state;
	READ(&build, BASE TRIPS TIMES);
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_feeds, 1);
	assert_string_equal(text_of(&build, t->feed_name[0]), "feed");
	assert_int_equal(t->feed_invented[0], 0);
	assert_string_equal(text_of(&build, build.town.time_zone), "Europe/Berlin");
	assert_int_equal(t->n_stops, 4);
	assert_string_equal(text_of(&build, t->stop_name[1]), "Beta");
	assert_int_equal(t->stop_point[1].lat_e7, 494100000);
	assert_int_equal(t->stop_road[1].arc, NONE);
	assert_int_equal(t->n_trips, 1);
	assert_int_equal(t->trip_start_s[0], -1);
	assert_int_equal(t->trip_first[1], 2);
	assert_int_equal(t->time_arrival_s[0], 8 * 3600);
	assert_int_equal(t->time_departure_s[0], 8 * 3600 + 30);
	assert_int_equal(t->stop_first[4], 2);
	assert_int_equal(t->stop_event[0], 0);
	assert_int_equal(t->event_trip[1], 0);
	assert_int_equal(t->route_color[0], 0xFFFFFF);
	assert_int_equal(build.report.n_kinds, 0);
	build_close(&build);
}

static void marks_quotes_line_ends_and_unknown_columns(void **state)
{
	struct build build;
	(void)state;
	READ(&build,
	     AGENCY "== stops.txt\n\xEF\xBB\xBFstop_name,junk,stop_id,stop_lat,stop_lon\r\n\"Platz, "
		    "\"\"Alter\"\"\",x,a,49.4,8.6\r\n"
		    "\"two\nlines\",,b,49.5,-8.6123456789\r\n\r\nBad\xFF,,c,0.5,1\r\n" ROUTES CALENDAR TRIPS TIMES
		    "== unheard_of.txt\n\"never read\n");
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_stops, 3);
	assert_string_equal(text_of(&build, t->stop_name[0]), "Platz, \"Alter\"");
	assert_string_equal(text_of(&build, t->stop_name[1]), "two\nlines");
	assert_int_equal(t->stop_point[1].lon_e7, -86123457);
	assert_string_equal(text_of(&build, t->stop_name[2]), "Bad?");
	assert_int_equal(t->stop_point[2].lat_e7, 5000000);
	assert_int_equal(reported(&build, "text is not UTF-8"), 1);
	build_close(&build);
}

static void stations_platforms_and_what_they_inherit(void **state)
{
	struct build build;
	(void)state;
	READ(&build, AGENCY "== "
			    "stops.txt\nstop_id,stop_name,stop_lat,stop_lon,location_type,parent_station,wheelchair_"
			    "boarding,platform_code\n"
			    "a,Gleis 1,49.4,8.6,0,z,,1\nb,Gleis "
			    "2,49.4,8.6,,z,2,2\nx,Area,,,4,a,,\ny,Eingang,49.4,8.6,2,nowhere,,\nz,Hbf,49.4,8.6,1,,1,\n"
			    "q,Lost,,,0,,,\nz,Again,49.4,8.6,1,,,\n" ROUTES CALENDAR TRIPS TIMES);
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_stops, 5);
	assert_int_equal(t->stop_parent[0], 4);
	assert_int_equal(t->stop_wheelchair[0], 1);
	assert_int_equal(t->stop_wheelchair[1], 2);
	assert_int_equal(t->stop_parent[2], 0);
	assert_int_equal(t->stop_point[2].lat_e7, 494000000);
	assert_int_equal(t->stop_wheelchair[2], 1);
	assert_int_equal(t->stop_parent[3], NONE);
	assert_string_equal(text_of(&build, t->stop_platform[1]), "2");
	assert_int_equal(reported(&build, "stop with an unknown"), 1);
	assert_int_equal(reported(&build, "stop without a place"), 1);
	assert_int_equal(reported(&build, "id used twice"), 1);
	build_close(&build);
}

static void missing_times_follow_the_distance(void **state)
{
	struct build build;
	(void)state;
	/* a-b 0.01, b-c 0.02, c-d 0.01 degrees of latitude: quarters of 40 minutes */
	READ(&build, BASE TRIPS TIMES_HEAD "t1,d,26:40:00,,9\nt1,b,,,3\nt1,c,,,5\nt1,a,,26:00:00,1\n");
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_trips, 1);
	assert_int_equal(t->time_sequence[3], 9);
	assert_int_equal(t->time_arrival_s[0], 26 * 3600);
	assert_int_equal(t->time_arrival_s[1], 26 * 3600 + 600);
	assert_int_equal(t->time_departure_s[2], 26 * 3600 + 1800);
	assert_int_equal(t->time_departure_s[3], 26 * 3600 + 2400);
	build_close(&build);
	READ(&build, BASE TRIPS
	     "== stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence,shape_dist_traveled\n"
	     "t1,a,8:00:00,8:00:00,1,0\nt1,b,,,2,9\nt1,c,8:10:00,8:10:00,3,10\n");
	assert_int_equal(build.town.timetable.time_arrival_s[1], 8 * 3600 + 540);
	build_close(&build);
}

static void questionable_rows_are_counted_and_left_out(void **state)
{
	struct build build;
	(void)state;
	READ(&build, BASE "== "
			  "trips.txt\nroute_id,service_id,trip_id\nR,week,good\nR,week,back\nR,week,twice\nR,week,"
			  "single\nR,week,none\n"
			  "nope,week,u1\nR,nope,u2\nR,week,open\n" TIMES_HEAD
			  "good,a,8:00:00,8:00:00,1\ngood,ghost,8:01:00,8:01:00,2\ngood,b,8:02:00,8:02:00,3\n"
			  "back,a,8:00:00,8:00:00,1\nback,b,7:59:00,7:59:00,2\n"
			  "twice,a,8:00:00,8:00:00,1\ntwice,b,8:05:00,8:05:00,1\n"
			  "single,a,8:00:00,8:00:00,1\nphantom,a,8:00:00,8:00:00,1\n"
			  "open,a,8:00:00,8:00:00,1\nopen,b,,,2\nu1,a,8:00:00,8:00:00,1\n");
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_trips, 1);
	assert_string_equal(text_of(&build, t->trip_id[0]), "good");
	assert_int_equal(t->n_stop_times, 2);
	assert_int_equal(reported(&build, "stop time at an unknown stop"), 1);
	assert_int_equal(reported(&build, "trip out of order"), 2);
	assert_int_equal(reported(&build, "trip with a single stop"), 1);
	assert_int_equal(reported(&build, "trip without stop times"), 1);
	assert_int_equal(reported(&build, "trip of an unknown route"), 1);
	assert_int_equal(reported(&build, "trip of an unknown service"), 1);
	assert_int_equal(reported(&build, "trip without a first or last time"), 1);
	assert_int_equal(reported(&build, "stop time of an unknown trip"), 1);
	build_close(&build);
}

static void frequencies_become_single_runs(void **state)
{
	struct build build;
	(void)state;
	READ(&build, BASE TRIPS TIMES_HEAD "t1,a,0:00:00,0:00:10,1\nt1,b,00:05:00,00:05:00,2\n"
					   "== "
					   "frequencies.txt\ntrip_id,start_time,end_time,headway_secs\nt1,7:00:00,7:30:"
					   "00,600\nt1,23:55:00,24:05:00,300\n"
					   "t1,7:10:00,7:20:00,600\n");
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_trips, 5);
	assert_int_equal(t->trip_start_s[0], 7 * 3600);
	assert_int_equal(t->time_arrival_s[0], 7 * 3600 - 10);
	assert_int_equal(t->time_departure_s[2], 7 * 3600 + 610 - 10);
	assert_int_equal(t->trip_start_s[4], 24 * 3600);
	assert_int_equal(reported(&build, "frequencies that overlap"), 1);
	build_close(&build);
}

static void days_and_exceptions(void **state)
{
	struct build build;
	(void)state;
	/* One stray date far ahead moves the table; what falls outside is said. */
	READ(&build, BASE "== calendar_dates.txt\nservice_id,date,exception_type\nweek,20990101,1\n" TRIPS TIMES);
	assert_true(reported(&build, "service days outside") >= 1);
	build_close(&build);
	READ(&build, BASE "== "
			  "calendar_dates.txt\nservice_id,date,exception_type\nweek,20220616,2\nweek,20220618,1\nonly,"
			  "20220620,1\n" TRIPS TIMES);
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_days, 7305);
	assert_int_equal(t->day_yyyymmdd[0], 20120101);
	assert_int_equal(t->day_yyyymmdd[7304], 20311231);
	assert_int_equal(t->n_services, 2);
	assert_string_equal(text_of(&build, t->service_id[1]), "week");
	static const struct {
		uint32_t yyyymmdd;
		int runs;
	} days[] = {{20220612, 0}, {20220613, 1}, {20220615, 1}, {20220616, 0}, {20220617, 1},
		    {20220618, 1}, {20220619, 0}, {20220620, 1}, {20220624, 1}, {20220627, 0}};
	for (size_t i = 0; i < COUNT_OF(days); i++)
		assert_int_equal(timetable_runs(t, 0, timetable_day(t, days[i].yyyymmdd)), days[i].runs);
	build_close(&build);
}

/* Berlin: the day of 2022-03-27 has 23 hours, that of 2022-10-30 has 25; noon minus 12 h is 23:00 or 01:00 of wall
 * time. */
static void days_at_clock_changes(void **state)
{
	struct build build;
	(void)state;
	READ(&build, BASE TRIPS TIMES);
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->day_start[timetable_day(t, 20220326)], gtfs_text_utc(20220325, 23, 0, 0));
	assert_int_equal(t->day_start[timetable_day(t, 20220327)], gtfs_text_utc(20220326, 22, 0, 0));
	assert_int_equal(t->day_start[timetable_day(t, 20220613)], gtfs_text_utc(20220612, 22, 0, 0));
	assert_int_equal(t->day_start[timetable_day(t, 20221030)], gtfs_text_utc(20221029, 23, 0, 0));
	assert_int_equal(t->day_start[timetable_day(t, 20221031)], gtfs_text_utc(20221030, 23, 0, 0));
	build_close(&build);
}

static void transfers_and_feed_info(void **state)
{
	struct build build;
	(void)state;
	READ(&build, BASE TRIPS TIMES
	     "== "
	     "transfers.txt\nfrom_stop_id,to_stop_id,transfer_type,min_transfer_time,from_trip_id\na,b,2,120,\nb,a,3,,"
	     "\na,c,0,,\n"
	     "a,ghost,2,60,\na,b,2,90,t1\nb,c,1,,\n"
	     "== feed_info.txt\nfeed_publisher_name,feed_publisher_url,feed_lang,feed_version\nInvented: "
	     "test,http://x,de,7\n"
	     "== attributions.txt\norganization_name\nOpen Data\n");
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->feed_invented[0], 1);
	assert_string_equal(text_of(&build, t->feed_version[0]), "7");
	assert_string_equal(text_of(&build, build.town.attribution), "timetable: Open Data");
	assert_int_equal(t->n_transfers, 4);
	assert_int_equal(t->transfer_s[0], 120);
	assert_true(t->transfer_s[1] > 3000 && t->transfer_s[1] < 3600); /* 3.3 km on foot */
	assert_int_equal(t->transfer_s[2], NONE);
	assert_int_equal(t->transfer_s[3], 0);
	assert_int_equal(reported(&build, "transfer at an unknown stop"), 1);
	assert_int_equal(reported(&build, "transfer of single trips"), 1);
	build_close(&build);
}

static void errors_say_where(void **state)
{
	(void)state;
	EXPECT_ERROR(AGENCY, ERR_FORMAT, "/feed", "expected a table stops.txt");
	EXPECT_ERROR(AGENCY STOPS ROUTES TRIPS TIMES, ERR_FORMAT, "calendar.txt or calendar_dates.txt");
	EXPECT_ERROR(BASE TRIPS TIMES_HEAD "t1,a,8h00,8:00:00,1\n", ERR_FORMAT, "stop_times.txt line 2", "arrival_time",
		     "HH:MM:SS", "8h00");
	EXPECT_ERROR(BASE TRIPS TIMES_HEAD "t1,a,8:00:00,8:00:00,1\nt1,a,8:00:00,8:60:00,2\n", ERR_FORMAT, "line 3",
		     "departure_time");
	EXPECT_ERROR(BASE TRIPS TIMES_HEAD "t1,a,8:00:00,8:00:00,-1\n", ERR_FORMAT, "stop_sequence");
	EXPECT_ERROR(AGENCY "== stops.txt\nstop_id,stop_lat,stop_lon\na,91,0\n", ERR_FORMAT, "stops.txt line 2",
		     "stop_lat");
	EXPECT_ERROR(AGENCY "== stops.txt\nstop_name,stop_lat,stop_lon\na,91,0\n", ERR_FORMAT, "column stop_id");
	EXPECT_ERROR(AGENCY "== stops.txt\n\"stop_id,stop_lat\n", ERR_TRUNCATED, "stops.txt", "quoted");
	EXPECT_ERROR(AGENCY "== stops.txt\n", ERR_FORMAT, "stops.txt", "empty");
	EXPECT_ERROR("== agency.txt\nagency_name,agency_timezone\nX,Mars/Olympus\n" STOPS ROUTES CALENDAR TRIPS TIMES,
		     ERR_NOT_FOUND, "Mars/Olympus", "tzdata");
	EXPECT_ERROR(
		"== agency.txt\nagency_name,agency_timezone\nX,../../etc/passwd\n" STOPS ROUTES CALENDAR TRIPS TIMES,
		ERR_FORMAT, "time zone");
	EXPECT_ERROR(AGENCY STOPS ROUTES "== calendar_dates.txt\nservice_id,date,exception_type\nweek,20220230,1\n",
		     ERR_FORMAT, "calendar_dates.txt line 2", "date");
}

static void no_file_and_no_zip(void **state)
{
	struct build build;
	struct err_detail detail = {{0}};
	const char *missing[] = {"/nowhere/feed.zip"}, *text[] = {"/etc/passwd"};
	(void)state;
	assert_int_equal(build_open(&build), 0);
	assert_int_equal(gtfs_build(&build, missing, 1, &detail), ERR_IO);
	assert_non_null(strstr(detail.text, "/nowhere/feed.zip"));
	assert_int_equal(gtfs_build(&build, text, 1, &detail), ERR_FORMAT);
	build_close(&build);
}

/* A 20 MB field must not take memory without end. */
static void a_row_has_a_limit(void **state)
{
	struct build build;
	struct err_detail detail = {{0}};
	size_t head = strlen(AGENCY "== stops.txt\nstop_id\n"), size = head + 20000000;
	char *text = malloc(size);
	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, AGENCY "== stops.txt\nstop_id\n", head);
	assert_int_equal(gtfs_text_build(&build, text, size, &detail), ERR_RANGE);
	assert_non_null(strstr(detail.text, "stops.txt line 2"));
	build_close(&build);
	free(text);
}

/* One street from west to east, 725 m long, both ways: arc 0 eastwards, arc 1 westwards. */
static void lay_street(struct build *build)
{
	static const struct geo_point nodes[] = {{494000000, 86000000}, {494000000, 86100000}};
	static const struct geo_point shape[] = {
		{494000000, 86000000}, {494000000, 86100000}, {494000000, 86100000}, {494000000, 86000000}};
	static const uint32_t tail[] = {0, 1}, head[] = {1, 0}, reverse[] = {1, 0}, dist[] = {725000, 725000},
			      time[] = {100000, 100000};
	static const uint32_t shape_first[] = {0, 2, 4}, name[] = {NONE, NONE}, turn_first[] = {0};
	static const uint8_t mask[] = {1, 1}, flags[] = {0, 0}, kind[] = {0, 0}, speed[] = {30, 30};
	static const int64_t way[] = {1, 1};
	struct network *road = &build->town.road;
	assert_int_equal(projection_open(&build->projection, NULL, nodes[0], NULL), 0);
	*road = (struct network){.n_nodes = 2,
				 .n_arcs = 2,
				 .n_classes = 1,
				 .n_shape_points = 4,
				 .node_point = nodes,
				 .tail = tail,
				 .head = head,
				 .reverse_arc = reverse,
				 .dist_mm = dist,
				 .time_ms = time,
				 .main_mask = mask,
				 .flags = flags,
				 .kind = kind,
				 .speed_kmh = speed,
				 .name = name,
				 .osm_way = way,
				 .shape_first = shape_first,
				 .shape_point = shape,
				 .turn_first = turn_first};
	assert_int_equal(build_network_index(build, road), 0);
}

static void stops_are_linked_to_the_right_side(void **state)
{
	struct build build;
	struct err_detail detail;
	char root[64], folder[80];
	const char *paths[] = {folder};
	(void)state;
	static const char text[] = AGENCY
		"== stops.txt\nstop_id,stop_lat,stop_lon\na,49.4002,8.605\nb,49.3998,8.605\nc,49.41,8.605\n" ROUTES
			CALENDAR TRIPS TIMES;
	gtfs_text_write(text, sizeof text - 1, root, folder);
	assert_int_equal(build_open(&build), 0);
	lay_street(&build);
	assert_int_equal(gtfs_build(&build, paths, 1, &detail), 0);
	gtfs_text_remove(root);
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->stop_road[0].arc, 1); /* north of it: who drives west has it on the right */
	assert_int_equal(t->stop_road[1].arc, 0);
	assert_true(t->stop_road[1].offset_mm > 360000 && t->stop_road[1].offset_mm < 365000);
	assert_int_equal(t->stop_road[2].arc, NONE); /* 1.1 km away */
	assert_int_equal(reported(&build, "stop far from any road"), 1);
	assert_int_equal(reported(&build, "stop far from any footpath"), 0); /* this town has none */
	assert_int_equal(t->stop_walk[0].arc, NONE);
	build_close(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_small_feed),
		cmocka_unit_test(marks_quotes_line_ends_and_unknown_columns),
		cmocka_unit_test(stations_platforms_and_what_they_inherit),
		cmocka_unit_test(missing_times_follow_the_distance),
		cmocka_unit_test(questionable_rows_are_counted_and_left_out),
		cmocka_unit_test(frequencies_become_single_runs),
		cmocka_unit_test(days_and_exceptions),
		cmocka_unit_test(days_at_clock_changes),
		cmocka_unit_test(transfers_and_feed_info),
		cmocka_unit_test(errors_say_where),
		cmocka_unit_test(no_file_and_no_zip),
		cmocka_unit_test(a_row_has_a_limit),
		cmocka_unit_test(stops_are_linked_to_the_right_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
