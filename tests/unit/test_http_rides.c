// link: zub_http zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_rig.h"

static const char *const grid = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"E-----F-----G-----H\n";

static struct http_rig rig;

static int open_rig(void **state)
{
	(void)state;
	http_rig_open_watched(&rig, &(struct drawn_options){.drawing = grid, .metres_per_char = 50}, 'A', 'B');
	return 0;
}

static int open_stops(void **state)
{
	(void)state;
	http_rig_open_watched(&rig, &(struct drawn_options){.drawing = grid, .metres_per_char = 50, .stops = "AB GH"},
			      'A', 'B');
	rig.drawn.town.rules.door_to_door = 0;
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	http_rig_close(&rig);
	return 0;
}

static void wish(char *text, size_t size, char from, char to, const char *more)
{
	struct geo_point a = drawn_point(&rig.drawn, from), b = drawn_point(&rig.drawn, to);
	snprintf(text, size, "{\"from\":{\"lat\":%.7f,\"lon\":%.7f},\"to\":{\"lat\":%.7f,\"lon\":%.7f}%s}",
		 a.lat_e7 / 1e7, a.lon_e7 / 1e7, b.lat_e7 / 1e7, b.lon_e7 / 1e7, more);
}

static void path_of(char *path, size_t size, const struct http_answer *answer, const char *what)
{
	snprintf(path, size, "/api/v1/rides/%s%s", http_text(answer, "ride", "secret", NULL), what);
}

static struct http_answer book(char from, char to)
{
	char body[512], path[128];
	wish(body, sizeof body, from, to, ",\"name\":\"Ada\",\"contact\":\"0123\"");
	struct http_answer asked = http_post(&rig, "/api/v1/requests", body);
	assert_int_equal(asked.status, 201);
	path_of(path, sizeof path, &asked, "/accept");
	struct http_answer accepted = http_post(&rig, path, "{\"offer\":0}");
	assert_int_equal(accepted.status, 200);
	http_forget(&asked);
	return accepted;
}

static void a_ride_from_wish_to_door(void **state)
{
	(void)state;
	char path[128];
	struct http_answer ride = book('C', 'E');
	assert_string_equal(http_text(&ride, "ride", "state", "code"), "promised");
	assert_string_equal(rig.identity, "{\"contact\":\"0123\",\"name\":\"Ada\"}");
	assert_null(strstr(ride.body, "Ada")); /* what was sealed is not shown */
	assert_int_equal(strlen(http_text(&ride, "receipt", "hash", NULL)), 64);
	assert_int_equal(strlen(http_text(&ride, "ride", "boarding_code", NULL)), 4);
	rig_run(&rig.rig, rig.rig.now + 20 * MINUTE_MS);
	path_of(path, sizeof path, &ride, "");
	struct http_answer done = http_get(&rig, path);
	assert_int_equal(done.status, 200);
	assert_string_equal(http_text(&done, "ride", "state", "code"), "done");
	http_forget(&done);
	http_forget(&ride);
}

static void the_same_key_gets_the_same_answer(void **state)
{
	(void)state;
	char body[512], headers[] = "Idempotency-Key: once-and-again\r\nZubringer-Client: me\r\n";
	wish(body, sizeof body, 'B', 'H', "");
	struct http_answer first = http_ask(&rig, "POST", "/api/v1/requests", headers, body);
	struct http_answer second = http_ask(&rig, "POST", "/api/v1/requests", headers, body);
	assert_int_equal(first.status, 201);
	assert_int_equal(second.status, 201);
	assert_string_equal(http_text(&first, "ride", "secret", NULL), http_text(&second, "ride", "secret", NULL));
	assert_true(json_is_true(json_object_get(second.json, "repeated")));
	/* another client with the same key is another order */
	struct http_answer other = http_ask(&rig, "POST", "/api/v1/requests",
					    "Idempotency-Key: once-and-again\r\nZubringer-Client: you\r\n", body);
	assert_int_equal(other.status, 201);
	assert_string_not_equal(http_text(&first, "ride", "secret", NULL), http_text(&other, "ride", "secret", NULL));
	/* one open request per client */
	struct http_answer third = http_ask(&rig, "POST", "/api/v1/requests",
					    "Idempotency-Key: another-one\r\nZubringer-Client: me\r\n", body);
	assert_string_equal(http_text(&third, "ride", "refusal", "code"), "open_request");
	http_forget(&first);
	http_forget(&second);
	http_forget(&other);
	http_forget(&third);
}

/* Too far from a stop: the answer names the walk and the stops that would do, and with that walk there is an offer. */
static void a_longer_walk_is_proposed(void **state)
{
	(void)state;
	char body[512], more[64];
	wish(body, sizeof body, 'C', 'E', ",\"walk_max_m\":50");
	struct http_answer refused = http_post(&rig, "/api/v1/requests", body);
	assert_string_equal(http_text(&refused, "ride", "refusal", "code"), "no_stop_near");
	json_t *refusal = json_object_get(json_object_get(refused.json, "ride"), "refusal");
	json_t *foot = json_object_get(refusal, "would_work_on_foot");
	json_int_t walk_m = json_integer_value(json_object_get(foot, "walk_m"));
	assert_true(walk_m > 50);
	assert_true(json_is_integer(json_object_get(json_object_get(foot, "from"), "stop")));
	assert_true(json_is_null(json_object_get(refusal, "obstacle")));
	snprintf(more, sizeof more, ",\"walk_max_m\":%d", (int)walk_m);
	wish(body, sizeof body, 'C', 'E', more);
	struct http_answer offered = http_post(&rig, "/api/v1/requests", body);
	assert_int_equal(offered.status, 201);
	assert_true(json_array_size(json_object_get(json_object_get(offered.json, "ride"), "offers")) >= 2);
	http_forget(&offered);
	http_forget(&refused);
}

/* The link's secret and the order keys live in a file: a restarted server knows them. */
static void links_survive_a_restart(void **state)
{
	(void)state;
	char path[128];
	struct http_answer ride = book('A', 'H');
	http_close(rig.http);
	http_rig_serve(&rig, 64, 65536);
	path_of(path, sizeof path, &ride, "");
	struct http_answer again = http_get(&rig, path);
	assert_int_equal(again.status, 200);
	assert_string_equal(http_text(&again, "ride", "state", "code"), "promised");
	http_forget(&again);
	path_of(path, sizeof path, &ride, "/cancel");
	again = http_post(&rig, path, "{\"reason\":\"rain\"}");
	assert_int_equal(again.status, 200);
	assert_string_equal(http_text(&again, "ride", "state", "code"), "cancelled");
	http_forget(&again);
	http_forget(&ride);
}

static void wrong_secrets_open_nothing(void **state)
{
	(void)state;
	char path[128];
	struct http_answer ride = book('D', 'E');
	path_of(path, sizeof path, &ride, "");
	for (size_t i = strlen("/api/v1/rides/"); path[i]; i++) {
		char kept = path[i];
		path[i] = kept == 'A' ? 'B' : 'A';
		struct http_answer wrong = http_get(&rig, path);
		assert_int_equal(wrong.status, 404);
		http_forget(&wrong);
		path[i] = kept;
	}
	http_forget(&ride);
}

static void boarding_needs_the_right_code(void **state)
{
	(void)state;
	char path[128], body[64];
	struct http_answer ride = book('B', 'G');
	path_of(path, sizeof path, &ride, "/board");
	int code = atoi(http_text(&ride, "ride", "boarding_code", NULL));
	snprintf(body, sizeof body, "{\"code\":\"%04d\"}", (code + 1) % 10000);
	struct http_answer wrong = http_post(&rig, path, body);
	assert_int_not_equal(wrong.status, 200);
	http_forget(&wrong);
	wrong = http_post(&rig, path, "{}");
	assert_int_equal(wrong.status, 400);
	assert_string_equal(http_text(&wrong, "error", "field", NULL), "code");
	http_forget(&wrong);
	http_forget(&ride);
}

static void errors_are_kind_in_both_languages(void **state)
{
	(void)state;
	struct http_answer german =
		http_ask(&rig, "POST", "/api/v1/requests",
			 "Accept-Language: de-DE,de;q=0.9,en;q=0.5\r\nIdempotency-Key: k-1234567\r\n", "{}");
	assert_int_equal(german.status, 400);
	assert_string_equal(http_text(&german, "error", "code", NULL), "missing");
	assert_string_equal(http_text(&german, "error", "field", NULL), "from");
	assert_string_equal(http_text(&german, "error", "message", NULL), "Diese Angabe fehlt noch.");
	http_forget(&german);
	struct http_answer english = http_ask(&rig, "POST", "/api/v1/requests", NULL, "{}");
	assert_int_equal(english.status, 400);
	assert_string_equal(http_text(&english, "error", "code", NULL), "idempotency_key");
	http_forget(&english);
}

static void places_needs_and_times_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *more, *code, *field;
		int status;
	} rows[] = {
		{",\"needs\":{\"unicorn\":1}", "need_unknown", "unicorn", 422},
		{",\"needs\":{\"pram\":1}", "nobody", "needs", 422},
		{",\"needs\":{\"seat\":-1}", "out_of_range", "needs.seat", 400},
		{",\"time\":\"leave_at\"", "missing", "at", 400},
		{",\"time\":\"tomorrow\"", "bad_choice", "time", 400},
		{",\"at\":\"2022-13-01T00:00:00Z\"", "out_of_range", "at", 400},
		{",\"walk_max_m\":1.5", "wrong_type", "walk_max_m", 400},
		{",\"colour\":\"red\"", "unknown_field", "colour", 400},
		{",\"time\":\"now\",\"time\":\"now\"", "not_json", "", 400},
		{",\"connection\":{\"kind\":\"to_trip\"}", "missing", "connection.feed", 400},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char body[512];
		wish(body, sizeof body, 'A', 'H', rows[i].more);
		struct http_answer answer = http_post(&rig, "/api/v1/requests", body);
		assert_int_equal(answer.status, rows[i].status);
		assert_string_equal(http_text(&answer, "error", "code", NULL), rows[i].code);
		assert_string_equal(http_text(&answer, "error", "field", NULL), rows[i].field);
		http_forget(&answer);
	}
	struct http_answer far = http_post(&rig, "/api/v1/requests",
					   "{\"from\":{\"lat\":10,\"lon\":10},\"to\":{\"lat\":49.4,\"lon\":8.68}}");
	assert_int_equal(far.status, 422);
	assert_string_equal(http_text(&far, "error", "field", NULL), "from");
	http_forget(&far);
}

/* The client hangs up between its order and the commit: the answer goes nowhere, the order stands. */
static void a_client_that_left_does_no_harm(void **state)
{
	(void)state;
	char body[512], text[2048];
	uint32_t before = rig.n_commands;
	wish(body, sizeof body, 'C', 'E', "");
	rig.hold_replies = 1;
	int fd = http_connect(&rig);
	int n = snprintf(text, sizeof text,
			 "POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nIdempotency-Key: gone-soon\r\nZubringer-Client: "
			 "g\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(body), body);
	http_write(&rig, fd, text, (size_t)n);
	for (int i = 0; i < 50 && rig.n_commands == before; i++)
		http_rig_pump(&rig, 1);
	assert_int_equal(rig.n_commands, before + 1);
	close(fd);
	http_rig_pump(&rig, 20);
	rig.hold_replies = 0;
	http_rig_commit(&rig);
	http_rig_pump(&rig, 5);
	/* asked again with the same key: the same ride */
	struct http_answer again = http_ask(&rig, "POST", "/api/v1/requests",
					    "Idempotency-Key: gone-soon\r\nZubringer-Client: g\r\n", body);
	assert_int_equal(again.status, 201);
	assert_true(json_is_true(json_object_get(again.json, "repeated")));
	http_forget(&again);
}

static void a_ride_streams_to_its_rider(void **state)
{
	(void)state;
	char path[128], text[65536], head[256];
	struct http_answer ride = book('B', 'E');
	path_of(path, sizeof path, &ride, "/stream");
	int fd = http_connect(&rig);
	int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	http_write(&rig, fd, head, (size_t)n);
	assert_true(http_read(&rig, fd, text, sizeof text, "event: ride", 2000) > 0);
	assert_non_null(strstr(text, "text/event-stream"));
	path_of(path, sizeof path, &ride, "/cancel");
	struct http_answer cancelled = http_post(&rig, path, "{}");
	assert_int_equal(cancelled.status, 200);
	http_read(&rig, fd, text, sizeof text, "\"cancelled\"", 2000);
	assert_non_null(strstr(text, "\"cancelled\""));
	http_tick(rig.http);
	close(fd);
	http_rig_pump(&rig, 10);
	http_tick(rig.http);
	http_forget(&cancelled);
	http_forget(&ride);
}

/* Whoever reads a ride has been told: its queued notices count as sent. */
static void reading_a_ride_sends_its_notices(void **state)
{
	(void)state;
	char path[128], notice[160];
	struct http_answer ride = book('A', 'G');
	path_of(path, sizeof path, &ride, "");
	struct http_answer first = http_get(&rig, path), second = http_get(&rig, path);
	json_t *notices = json_object_get(json_object_get(second.json, "ride"), "notices");
	assert_true(json_array_size(notices) >= 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(notices, 0), "state")), "sent");
	snprintf(notice, sizeof notice, "%s/notices/%s", path,
		 json_string_value(json_object_get(json_array_get(notices, 0), "notice")));
	struct http_answer read = http_post(&rig, notice, "{\"state\":\"acknowledged\"}");
	assert_int_equal(read.status, 200);
	notices = json_object_get(json_object_get(read.json, "ride"), "notices");
	assert_string_equal(json_string_value(json_object_get(json_array_get(notices, 0), "state")), "acknowledged");
	http_forget(&first);
	http_forget(&second);
	http_forget(&read);
	http_forget(&ride);
}

/* The day's figures begin with the day, not with the process; a damaged note of it is left aside, never believed. */
static void the_day_survives_a_restart(void **state)
{
	(void)state;
	char note[160];
	struct http_answer begin = http_get(&rig, "/api/v1/operator/figures");
	assert_int_equal(json_integer_value(json_object_get(begin.json, "asked")), 0);
	struct http_answer ride = book('A', 'H');
	rig.rig.now += HOUR_MS;
	http_close(rig.http);
	http_rig_serve(&rig, 64, 65536);
	struct http_answer after = http_get(&rig, "/api/v1/operator/figures");
	assert_int_equal(json_integer_value(json_object_get(after.json, "promised")), 1);
	assert_string_equal(http_text(&after, "since", NULL, NULL), http_text(&begin, "since", NULL, NULL));
	snprintf(note, sizeof note, "%s/day", rig.folder);
	FILE *file = fopen(note, "r+");
	fprintf(file, "something else");
	fclose(file);
	http_close(rig.http);
	http_rig_serve(&rig, 64, 65536);
	struct http_answer anew = http_get(&rig, "/api/v1/operator/figures");
	assert_int_equal(json_integer_value(json_object_get(anew.json, "promised")), 0);
	assert_string_not_equal(http_text(&anew, "since", NULL, NULL), http_text(&begin, "since", NULL, NULL));
	http_forget(&begin);
	http_forget(&ride);
	http_forget(&after);
	http_forget(&anew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_ride_from_wish_to_door, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_longer_walk_is_proposed, open_stops, close_rig),
		cmocka_unit_test_setup_teardown(the_same_key_gets_the_same_answer, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(links_survive_a_restart, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(wrong_secrets_open_nothing, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(boarding_needs_the_right_code, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(errors_are_kind_in_both_languages, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(places_needs_and_times_are_checked, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_client_that_left_does_no_harm, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_ride_streams_to_its_rider, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(the_day_survives_a_restart, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(reading_a_ride_sends_its_notices, open_rig, close_rig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
