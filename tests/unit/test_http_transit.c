// link: zub_http zub_feed zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson
/* Live times over HTTP: boards, tied rides, journeys whose shuttle legs book as they are, positions as a feed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feed.h"
#include "http_json.h"
#include "http_rig.h"

static struct http_rig rig;

static json_t *at(json_t *json, const char *key)
{
	return json_object_get(json, key);
}

static int open_rig(void **state)
{
	(void)state;
	http_rig_open_watched(
		&rig,
		&(struct drawn_options){.drawing = "A-----B-----C-----D-----E\n"
						   "|     |     |     |     |\n"
						   "|     |     |     |     |\n"
						   "F-----G-----H-----I-----J\n",
					.metres_per_char = 200,
					.stops = "AB=S1 DE=S2",
					.timetable = "stop S1 A\nstop S2 E\ntrip T1 1 S1 09:00 S2 09:04\n"
						     "trip T2 1 S2 09:08 S1 09:09\ntrip T3 1 S1 09:20 S2 09:24\n"},
		'G', 'H');
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	http_rig_close(&rig);
	return 0;
}

static void trip_says(const char *trip, uint32_t sequence, int32_t late_s, uint8_t cancelled)
{
	struct command command = {.kind = CMD_TRIP_DELAY};
	command.trip_delay = (struct cmd_trip_delay){
		{.feed = "drawn", .start_s = -1, .yyyymmdd = 20220607, .stop_sequence = sequence},
		late_s,
		late_s,
		cancelled};
	snprintf(command.trip_delay.trip.trip_id, sizeof command.trip_delay.trip.trip_id, "%s", trip);
	assert_int_equal(rig_submit(&rig, &command, NULL, NULL, NULL), 0);
	http_rig_commit(&rig);
}

/* The row of a trip on the board; owned by *board. */
static json_t *row(struct http_answer *board, const char *stop, const char *kind, const char *trip)
{
	char url[128];
	size_t i;
	json_t *item;
	snprintf(url, sizeof url, "/api/v1/departures?stop=%u&kind=%s&after=2022-06-07T06:30:00Z",
		 drawn_stop(&rig.drawn, stop), kind);
	*board = http_get(&rig, url);
	json_array_foreach(at(board->json, "departures"), i, item)
	{
		if (!strcmp(json_string_value(at(at(item, "connection"), "trip_id")), trip))
			return item;
	}
	return NULL;
}

static void expect_row(const char *stop, const char *kind, const char *trip, const char *live, int late_s)
{
	struct http_answer board;
	json_t *item = row(&board, stop, kind, trip);
	assert_non_null(item);
	assert_int_equal(json_is_true(at(item, "cancelled")), live == NULL);
	if (live)
		assert_string_equal(json_string_value(at(item, "live")), live);
	else
		assert_true(json_is_null(at(item, "live")));
	assert_int_equal(json_integer_value(at(item, "late_s")), late_s);
	http_forget(&board);
}

static void boards_are_live(void **state)
{
	(void)state;
	expect_row("AB", "departures", "T1", "2022-06-07T07:00:00.000Z", 0);
	trip_says("T1", 1, 120, TRIP_RUNS);
	trip_says("T1", 2, 240, TRIP_RUNS);
	expect_row("AB", "departures", "T1", "2022-06-07T07:02:00.000Z", 120);
	expect_row("DE", "arrivals", "T1", "2022-06-07T07:08:00.000Z", 240);
	trip_says("T1", 1, 60, TRIP_RUNS); /* makes void what was said of later stops */
	expect_row("DE", "arrivals", "T1", "2022-06-07T07:05:00.000Z", 60);
	trip_says("T1", 1, 0, TRIP_CANCELLED);
	expect_row("AB", "departures", "T1", NULL, 0);
	expect_row("DE", "arrivals", "T1", NULL, 0);
	trip_says("T1", 1, 0, TRIP_RUNS);
	expect_row("DE", "arrivals", "T1", "2022-06-07T07:04:00.000Z", 0);
	trip_says("T1", 2, 0, TRIP_SKIPS_STOP);
	expect_row("AB", "departures", "T1", "2022-06-07T07:00:00.000Z", 0);
	expect_row("DE", "arrivals", "T1", NULL, 0);
}

/* While the core is ahead of its journal, boards show what was known before. */
static void nothing_is_told_that_may_be_lost(void **state)
{
	(void)state;
	expect_row("AB", "departures", "T1", "2022-06-07T07:00:00.000Z", 0);
	struct command command = {.kind = CMD_TRIP_DELAY};
	command.trip_delay = (struct cmd_trip_delay){
		{.feed = "drawn", .trip_id = "T1", .start_s = -1, .yyyymmdd = 20220607, .stop_sequence = 1},
		300,
		300,
		0};
	rig.hold_replies = 1;
	assert_int_equal(rig_submit(&rig, &command, NULL, NULL, NULL), 0);
	expect_row("AB", "departures", "T1", "2022-06-07T07:00:00.000Z", 0);
	rig.hold_replies = 0;
	http_rig_commit(&rig);
	expect_row("AB", "departures", "T1", "2022-06-07T07:05:00.000Z", 300);
}

static struct http_answer journeys(char from, char to, const char *more)
{
	char url[256];
	struct geo_point a = drawn_point(&rig.drawn, from), b = drawn_point(&rig.drawn, to);
	snprintf(url, sizeof url, "/api/v1/journeys?from=%.7f,%.7f&to=%.7f,%.7f%s", a.lat_e7 / 1e7, a.lon_e7 / 1e7,
		 b.lat_e7 / 1e7, b.lon_e7 / 1e7, more);
	struct http_answer answer = http_get(&rig, url);
	assert_int_equal(answer.status, 200);
	return answer;
}

/* The first shuttle leg that is tied to a trip. */
static json_t *tied_leg(const struct http_answer *answer)
{
	size_t i, k;
	json_t *journey, *leg;
	json_array_foreach(at(answer->json, "journeys"), i, journey)
	{
		json_array_foreach(at(journey, "legs"), k, leg)
		{
			if (json_is_object(at(at(leg, "request"), "connection")))
				return leg;
		}
	}
	return NULL;
}

/* A leg's request is a body of the booking as it stands, and the ride then knows its train. */
static void a_journey_books(void **state)
{
	(void)state;
	char path[160];
	struct http_answer ways = journeys('I', 'A', "&time=2022-06-07T06:56:00Z&walk_max_m=1500");
	json_t *leg = tied_leg(&ways);
	assert_non_null(leg);
	char *body = json_dumps(at(leg, "request"), 0);
	struct http_answer asked = http_post(&rig, "/api/v1/requests", body);
	assert_int_equal(asked.status, 201);
	snprintf(path, sizeof path, "/api/v1/rides/%s/accept", http_text(&asked, "ride", "secret", NULL));
	struct http_answer ride = http_post(&rig, path, "{\"offer\":0}");
	assert_int_equal(ride.status, 200);
	json_t *tie = at(at(ride.json, "ride"), "connection");
	assert_string_equal(json_string_value(at(at(tie, "connection"), "kind")), "to_trip");
	assert_string_equal(json_string_value(at(at(tie, "connection"), "trip_id")), "T2");
	assert_int_equal(json_integer_value(at(tie, "late_s")), 0);
	trip_says("T2", 1, 90, TRIP_RUNS);
	*strrchr(path, '/') = 0;
	struct http_answer later = http_get(&rig, path);
	assert_int_equal(json_integer_value(at(at(at(later.json, "ride"), "connection"), "late_s")), 90);
	free(body);
	http_forget(&later);
	http_forget(&ride);
	http_forget(&asked);
	http_forget(&ways);
}

static void questions_that_make_no_sense(void **state)
{
	static const char *const wrong[] = {"from=1&to=1,2",
					    "from=49.4,8.68&to=49.4,8.68x",
					    "from=91,0&to=1,2",
					    "from=49.4,181&to=1,2",
					    "from=--1,2&to=1,2",
					    "from=1.2.3,2&to=1,2",
					    "from=,&to=1,2",
					    "to=1,2",
					    "from=99999999999999999999999,1&to=1,2",
					    "from=49.4,8.68&to=49.4,8.681&time=tomorrow",
					    "from=49.4,8.68&to=49.4,8.681&kind=when",
					    "from=49.4,8.68&to=49.4,8.681&walk_max_m=-1",
					    "from=49.4,8.68&to=49.4,8.681&walk_max_m=5001",
					    "from=10,8.68&to=49.4,8.681"};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		char url[256];
		snprintf(url, sizeof url, "/api/v1/journeys?%s", wrong[i]);
		struct http_answer answer = http_get(&rig, url);
		if (answer.status / 100 != 4)
			print_error("%s -> %d\n", url, answer.status);
		assert_int_equal(answer.status / 100, 4);
		http_forget(&answer);
	}
}

static void points_are_read(void **state)
{
	struct geo_point point;
	(void)state;
	assert_int_equal(http_json_read_point("49.4,8.68", &point), 0);
	assert_true(point.lat_e7 == 494000000 && point.lon_e7 == 86800000);
	assert_int_equal(http_json_read_point("-0.00000019,-180", &point), 0);
	assert_true(point.lat_e7 == -1 && point.lon_e7 == -1800000000);
	assert_int_equal(http_json_read_point("90,.5", &point), 0);
	assert_true(point.lat_e7 == 900000000 && point.lon_e7 == 5000000);
}

/* Read with the decoder of feeds in general. */
static void positions_as_a_feed(void **state)
{
	(void)state;
	struct feed *feed;
	struct feed_message message;
	struct err_detail detail = {""};
	struct http_answer answer = http_get(&rig, "/feeds/gtfs-rt/vehicle-positions.pb");
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.head, "application/x-protobuf"));
	assert_int_equal(feed_open(&feed, &rig.drawn.town, "drawn", &detail), 0);
	assert_int_equal(feed_decode(feed, answer.body, answer.body_n, 0, &message, &detail), 0);
	assert_int_equal(message.n_vehicles, 1);
	assert_int_equal(message.at, rig.rig.now / 1000 * 1000);
	feed_message_free(&message);
	feed_close(feed);
	http_forget(&answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(boards_are_live, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(nothing_is_told_that_may_be_lost, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_journey_books, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(questions_that_make_no_sense, open_rig, close_rig),
		cmocka_unit_test(points_are_read),
		cmocka_unit_test_setup_teardown(positions_as_a_feed, open_rig, close_rig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
