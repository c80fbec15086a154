// link: zub_http zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http_rig.h"

static const char *const grid = "A-----B-----C\n"
				"|     |     |\n"
				"D-----E-----F\n";

static struct http_rig rig;

static int open_rig(void **state)
{
	(void)state;
	http_rig_open(&rig, &(struct drawn_options){
				    .drawing = grid, .metres_per_char = 50, .profiles = "condition snow 1500\n"});
	assert_int_equal(rig_vehicle(&rig.rig, 1, 'A', 'B'), 0);
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	http_rig_close(&rig);
	return 0;
}

static void post_is(const char *path, const char *body, int status)
{
	struct http_answer answer = http_post(&rig, path, body);
	if (answer.status != status)
		print_message("%s %s -> %d %s\n", path, body, answer.status, answer.body ? answer.body : "");
	assert_int_equal(answer.status, status);
	http_forget(&answer);
}

static void nothing_without_the_token(void **state)
{
	(void)state;
	static const char *const headers[] = {"", "Authorization: Bearer \r\n",
					      "Authorization: Bearer wrong-token-wrong-token\r\n",
					      "Authorization: Basic YTpi\r\n"};
	for (size_t i = 0; i < COUNT_OF(headers); i++) {
		struct http_answer answer = http_ask(&rig, "GET", "/api/v1/operator/fleet", headers[i], NULL);
		assert_int_equal(answer.status, 401);
		assert_non_null(strstr(answer.head, "WWW-Authenticate"));
		http_forget(&answer);
		answer = http_ask(&rig, "POST", "/api/v1/operator/standstill", headers[i], "{}");
		assert_int_equal(answer.status, 401);
		http_forget(&answer);
	}
	assert_int_equal(rig.n_standstills, 0);
}

static void the_token_file_is_ours_alone(void **state)
{
	(void)state;
	char path[128];
	struct stat info;
	snprintf(path, sizeof path, "%s/operator.token", rig.folder);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	snprintf(path, sizeof path, "%s/operator.token.key", rig.folder);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
}

static void a_shift_and_its_orders(void **state)
{
	(void)state;
	post_is("/api/v1/operator/sign-on", "{\"who\":\"Anna\",\"vehicles_max\":3}", 200);
	struct http_answer status = http_get(&rig, "/api/v1/operator/status");
	json_t *on = json_object_get(status.json, "supervisors");
	assert_int_equal(json_array_size(on), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(on, 0), "who")), "Anna");
	http_forget(&status);
	post_is("/api/v1/operator/vehicles/1/hold", "{\"by\":\"Anna\",\"reason\":\"road works\"}", 200);
	struct http_answer fleet = http_get(&rig, "/api/v1/operator/fleet");
	assert_true(json_is_true(json_object_get(json_array_get(json_object_get(fleet.json, "vehicles"), 0), "held")));
	http_forget(&fleet);
	post_is("/api/v1/operator/vehicles/1/resume", "{\"by\":\"Anna\",\"reason\":\"done\"}", 200);
	post_is("/api/v1/operator/vehicles/1/fly", "{\"by\":\"Anna\",\"reason\":\"done\"}", 404);
	post_is("/api/v1/operator/vehicles/9/hold", "{\"by\":\"Anna\",\"reason\":\"done\"}", 404);
	post_is("/api/v1/operator/vehicles/1x/hold", "{\"by\":\"Anna\",\"reason\":\"done\"}", 404);
	post_is("/api/v1/operator/vehicles/1/hold", "{\"by\":\"Anna\"}", 400);
	post_is("/api/v1/operator/vehicles/1/out-of-service", "{\"by\":\"Anna\",\"reason\":\"washing\"}", 200);
	post_is("/api/v1/operator/vehicles/1/release",
		"{\"by\":\"Anna\",\"approval\":\"KBA 1\",\"until\":\"2022-06-08T00:00:00+02:00\"}", 200);
	post_is("/api/v1/operator/sign-off", "{\"who\":\"Anna\"}", 200);
}

/* Whatever is wrong with the order, the vehicles stop. */
static void standstill_is_never_refused(void **state)
{
	(void)state;
	char token[256];
	snprintf(token, sizeof token, "Authorization: Bearer %s\r\n", rig.token);
	static const char *const bodies[] = {"{}", "", "{\"by\":\"Anna\",\"reason\":\"child on the road\"}",
					     "not json at all", "{\"by\":7}"};
	for (uint32_t i = 0; i < COUNT_OF(bodies); i++) {
		struct http_answer answer = http_ask(&rig, "POST", "/api/v1/operator/standstill", token, bodies[i]);
		assert_int_equal(answer.status, 200);
		assert_int_equal(rig.n_standstills, i + 1);
		assert_int_equal(rig.last_standstill, 0);
		http_forget(&answer);
	}
	assert_true(core_vehicle(rig.rig.core, 1)->standstill);
	rig.refuse = ERR_UNAVAILABLE;
	struct http_answer answer = http_ask(&rig, "POST", "/api/v1/operator/vehicles/1/standstill", token, "{}");
	assert_int_equal(answer.status, 202);
	assert_int_equal(rig.n_standstills, COUNT_OF(bodies) + 1);
	assert_int_equal(rig.last_standstill, 1);
	http_forget(&answer);
	rig.refuse = 0;
}

static void a_store_that_is_away_is_said(void **state)
{
	(void)state;
	rig.refuse = ERR_UNAVAILABLE;
	struct http_answer health = http_get(&rig, "/health");
	assert_int_equal(health.status, 503);
	assert_string_equal(http_text(&health, "status", NULL, NULL), "holding");
	assert_string_equal(http_text(&health, "reason", NULL, NULL), "the store is away");
	http_forget(&health);
	post_is("/api/v1/operator/sign-on", "{\"who\":\"Anna\"}", 503);
	rig.refuse = 0;
	health = http_get(&rig, "/health");
	assert_int_equal(health.status, 200);
	http_forget(&health);
}

static void booking_for_a_caller(void **state)
{
	(void)state;
	char body[512], path[128];
	post_is("/api/v1/operator/sign-on", "{\"who\":\"Anna\"}", 200);
	struct geo_point a = drawn_point(&rig.drawn, 'C'), b = drawn_point(&rig.drawn, 'D');
	snprintf(body, sizeof body,
		 "{\"from\":{\"lat\":%.7f,\"lon\":%.7f},\"to\":{\"lat\":%.7f,\"lon\":%.7f},\"name\":\"Frau Weber\"}",
		 a.lat_e7 / 1e7, a.lon_e7 / 1e7, b.lat_e7 / 1e7, b.lon_e7 / 1e7);
	for (int i = 0; i < 2; i++) { /* the desk may have many open at once */
		struct http_answer asked = http_post(&rig, "/api/v1/operator/requests", body);
		assert_string_not_equal(http_text(&asked, "ride", "refusal", "code"), "open_request");
		if (i == 0)
			snprintf(path, sizeof path, "/api/v1/operator/rides/%s/accept",
				 http_text(&asked, "ride", "ride", NULL));
		http_forget(&asked);
	}
	post_is(path, "{\"offer\":0}", 200);
	*strrchr(path, '/') = 0;
	struct http_answer story = http_get(&rig, path);
	assert_string_equal(http_text(&story, "ride", "state", "code"), "promised");
	http_forget(&story);
	struct http_answer rides = http_get(&rig, "/api/v1/operator/rides");
	assert_null(strstr(rides.body, "Weber"));
	assert_null(strstr(rides.body, "\"lat\""));
	http_forget(&rides);
	strcat(path, "/cancel");
	post_is(path, "{\"reason\":\"caller changed her mind\"}", 200);
	post_is("/api/v1/operator/bookings", "{\"paused\":true,\"by\":\"Anna\",\"reason\":\"storm\"}", 200);
	struct http_answer paused = http_post(&rig, "/api/v1/requests", body);
	assert_string_equal(http_text(&paused, "ride", "refusal", "code"), "paused");
	http_forget(&paused);
}

static void streets_closed_and_opened(void **state)
{
	(void)state;
	char body[512], path[128];
	struct geo_point a = drawn_point(&rig.drawn, 'A'), b = drawn_point(&rig.drawn, 'B');
	snprintf(body, sizeof body, "{\"points\":[{\"lat\":%.7f,\"lon\":%.7f}],\"by\":\"Anna\",\"reason\":\"crane\"}",
		 (a.lat_e7 / 1e7 + b.lat_e7 / 1e7) / 2, (a.lon_e7 / 1e7 + b.lon_e7 / 1e7) / 2);
	post_is("/api/v1/operator/closures", body, 200);
	uint32_t n = 0;
	const struct wire_street *streets = core_streets(rig.rig.core, &n);
	assert_int_equal(n, 2); /* both directions */
	assert_int_equal(streets[0].slow_permille, 0);
	uint32_t one = drawn_arc(&rig.drawn, 'A', 'B');
	assert_true(streets[0].arc == one || streets[1].arc == one);
	struct http_answer list = http_get(&rig, "/api/v1/operator/closures");
	assert_int_equal(list.status, 200);
	json_t *closure = json_array_get(json_object_get(list.json, "closures"), 0);
	assert_string_equal(json_string_value(json_object_get(closure, "reason")), "crane");
	assert_int_equal(json_array_size(json_object_get(closure, "streets")), 2);
	struct command speeds = {.kind = CMD_STREET_SPEEDS,
				 .street_speeds = {.until = rig.rig.now + HOUR_MS, .n = 1, .arcs = {one}}};
	speeds.street_speeds.slow_permille[0] = 2400;
	assert_int_equal(rig_step(&rig.rig, &speeds).code, 0);
	struct http_answer more = http_get(&rig, "/api/v1/operator/closures");
	assert_int_equal(json_array_size(json_object_get(more.json, "found")), 1);
	const json_t *found = json_array_get(json_object_get(more.json, "found"), 0);
	assert_int_equal(json_integer_value(json_object_get(found, "slow_percent")), 240);
	http_forget(&more);
	speeds.street_speeds.n = 0;
	assert_int_equal(rig_step(&rig.rig, &speeds).code, 0);
	snprintf(path, sizeof path, "/api/v1/operator/closures/%s/lift",
		 json_string_value(json_object_get(closure, "closure")));
	http_forget(&list);
	post_is(path, "{\"reason\":\"crane is gone\"}", 200);
	core_streets(rig.rig.core, &n);
	assert_int_equal(n, 0);
	post_is(path, "{}", 404);
	post_is("/api/v1/operator/closures", "{\"points\":[],\"by\":\"Anna\",\"reason\":\"x\"}", 400);
	post_is("/api/v1/operator/closures", "{\"points\":[{\"lat\":1,\"lon\":1}],\"by\":\"Anna\",\"reason\":\"x\"}",
		422);
	snprintf(strrchr(body, '}'), 40, ",\"slow_percent\":50}");
	post_is("/api/v1/operator/closures", body, 422); /* nobody is made faster */
}

static void condition_is(int on)
{
	struct http_answer list = http_get(&rig, "/api/v1/operator/conditions");
	const json_t *snow = json_array_get(json_object_get(list.json, "conditions"), 0);
	assert_int_equal(list.status, 200);
	assert_int_equal(json_array_size(json_object_get(list.json, "conditions")), 1);
	assert_string_equal(json_string_value(json_object_get(snow, "name")), "snow");
	assert_int_equal(json_is_true(json_object_get(snow, "on")), on);
	http_forget(&list);
	assert_int_equal(core_conditions(rig.rig.core), on);
}

static void conditions_are_switched(void **state)
{
	static const char path[] = "/api/v1/operator/conditions";
	(void)state;
	condition_is(0);
	post_is(path, "{\"name\":\"snow\",\"on\":true,\"by\":\"Anna\",\"reason\":\"it snows\"}", 200);
	condition_is(1);
	post_is(path, "{\"name\":\"fog\",\"on\":true,\"by\":\"Anna\",\"reason\":\"x\"}", 404);
	post_is(path, "{\"name\":\"snow\",\"on\":true,\"by\":\"Anna\"}", 400);
	condition_is(1);
	post_is(path, "{\"name\":\"snow\",\"on\":false,\"by\":\"Anna\",\"reason\":\"it has melted\"}", 200);
	condition_is(0);
}

/* A case about a vehicle alone can be taken care of and closed like any other. */
static void a_case_about_a_vehicle_is_settled(void **state)
{
	(void)state;
	struct command call = {.kind = CMD_VEHICLE_EVENT, .at = rig.rig.now};
	call.vehicle_event.vehicle = 1;
	call.vehicle_event.event = (struct wire_event){.boot = 1,
						       .sequence = 1,
						       .at = rig.rig.now,
						       .kind = WIRE_PASSENGER_CALL,
						       .place = {.arc = NONE},
						       .reason = "a window is broken"};
	assert_int_equal(rig_step(&rig.rig, &call).code, 0);
	struct http_answer answer = http_get(&rig, "/api/v1/operator/cases");
	json_t *item = json_array_get(json_object_get(answer.json, "cases"), 0);
	assert_true(json_is_null(json_object_get(item, "ride")));
	char own[128], close[128];
	const char *id = json_string_value(json_object_get(item, "case"));
	snprintf(own, sizeof own, "/api/v1/operator/cases/%s/own", id);
	snprintf(close, sizeof close, "/api/v1/operator/cases/%s/close", id);
	http_forget(&answer);
	post_is(own, "{\"who\":\"Anna\"}", 200);
	answer = http_get(&rig, "/api/v1/operator/cases");
	item = json_array_get(json_object_get(answer.json, "cases"), 0);
	assert_string_equal(json_string_value(json_object_get(item, "owner")), "Anna");
	http_forget(&answer);
	post_is(close, "{\"who\":\"Anna\",\"outcome\":\"settled\",\"note\":\"glazier called\"}", 200);
	answer = http_get(&rig, "/api/v1/operator/cases");
	assert_int_equal(json_array_size(json_object_get(answer.json, "cases")), 0);
	http_forget(&answer);
	answer = http_get(&rig, "/api/v1/operator/cases?state=all");
	item = json_array_get(json_object_get(answer.json, "cases"), 0);
	assert_string_equal(json_string_value(json_object_get(item, "outcome")), "settled");
	http_forget(&answer);
	post_is(close, "{\"who\":\"Anna\",\"outcome\":\"settled\"}", 404); /* it is over */
	post_is("/api/v1/operator/cases/00000000000000ff/own", "{\"who\":\"Anna\"}", 404);
}

static void figures_for_prometheus(void **state)
{
	(void)state;
	struct http_answer answer = http_get(&rig, "/metrics");
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.head, "text/plain; version=0.0.4"));
	assert_non_null(strstr(answer.body, "zubringer_test 1\n"));
	char *rest = answer.body;
	char typed[64] = "";				  /* each series is explained: HELP, TYPE, then its lines */
	for (char *line; (line = strsep(&rest, "\n"));) { /* "name{labels} number" or a comment */
		if (sscanf(line, "# TYPE %63s", typed) == 1)
			continue;
		if (!line[0] || line[0] == '#')
			continue;
		char *space = strrchr(line, ' ');
		assert_non_null(space);
		assert_int_equal(strncmp(line, "zubringer_", 10), 0);
		if (strncmp(line, typed, strcspn(line, "{ ")) != 0 && strcmp(line, "zubringer_test 1"))
			fail_msg("no TYPE: %s", line);
		assert_int_equal(strspn(space + 1, "0123456789.-e"), strlen(space + 1));
	}
	http_forget(&answer);
}

static json_t *first_vehicle(struct http_answer *ret_fleet)
{
	*ret_fleet = http_get(&rig, "/api/v1/operator/fleet");
	return json_array_get(json_object_get(ret_fleet->json, "vehicles"), 0);
}

/* A vehicle asks, a person on duty answers with a reason, and the reason stands in the case. */
static void a_vehicle_asks_for_approval(void **state)
{
	(void)state;
	char body[256];
	struct http_answer fleet;
	post_is("/api/v1/operator/sign-on", "{\"who\":\"Anna\",\"vehicles_max\":3}", 200);
	assert_int_equal(rig_say(&rig.rig, &rig.rig.robots[0], WIRE_APPROVAL_REQUEST, 0, 0, 0), 0);
	const char *asked = json_string_value(json_object_get(first_vehicle(&fleet), "approval_asked"));
	assert_non_null(asked);
	snprintf(body, sizeof body, "{\"vehicle\":1,\"request\":\"%s\",\"granted\":false,\"by\":\"Berta\"}", asked);
	post_is("/api/v1/operator/approvals", body, 403); /* not on duty */
	snprintf(body, sizeof body,
		 "{\"vehicle\":1,\"request\":\"%s\",\"granted\":false,\"by\":\"Anna\",\"reason\":\"children play "
		 "there\"}",
		 asked);
	post_is("/api/v1/operator/approvals", body, 200);
	post_is("/api/v1/operator/approvals", body, 409); /* answered already */
	http_forget(&fleet);
	const json_t *left = json_object_get(first_vehicle(&fleet), "approval_asked");
	assert_true(json_is_null(left));
	http_forget(&fleet);
	struct http_answer cases = http_get(&rig, "/api/v1/operator/cases?state=all");
	json_t *item = json_array_get(json_object_get(cases.json, "cases"), 0);
	assert_string_equal(json_string_value(json_object_get(item, "kind")), "approval");
	assert_string_equal(json_string_value(json_object_get(item, "note")), "children play there");
	http_forget(&cases);
}

/* A case about a vehicle alone has an owner and an end like any other. */
static void a_case_without_a_ride(void **state)
{
	(void)state;
	char path[128];
	assert_int_equal(rig_say(&rig.rig, &rig.rig.robots[0], WIRE_APPROVAL_REQUEST, 0, 0, 0), 0);
	struct http_answer cases = http_get(&rig, "/api/v1/operator/cases");
	json_t *item = json_array_get(json_object_get(cases.json, "cases"), 0);
	assert_true(json_is_null(json_object_get(item, "ride")));
	const char *number = json_string_value(json_object_get(item, "case"));
	snprintf(path, sizeof path, "/api/v1/operator/cases/%s/own", number);
	post_is(path, "{\"who\":\"Anna\"}", 200);
	snprintf(path, sizeof path, "/api/v1/operator/cases/%s/close", number);
	post_is(path, "{\"who\":\"Anna\",\"outcome\":\"home_otherwise\",\"note\":\"seen to\"}", 200);
	post_is(path, "{\"who\":\"Anna\",\"outcome\":\"home_otherwise\"}", 404);
	http_forget(&cases);
	cases = http_get(&rig, "/api/v1/operator/cases");
	assert_int_equal(json_array_size(json_object_get(cases.json, "cases")), 0);
	http_forget(&cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_without_the_token, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(the_token_file_is_ours_alone, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_shift_and_its_orders, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(standstill_is_never_refused, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_store_that_is_away_is_said, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(booking_for_a_caller, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(streets_closed_and_opened, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(conditions_are_switched, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_vehicle_asks_for_approval, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_case_about_a_vehicle_is_settled, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_case_without_a_ride, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(figures_for_prometheus, open_rig, close_rig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
