// link: zub_http zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson PkgConfig::libfyaml
/* openapi.yaml and the server hold together: every route is described and answers; every answer has exactly the
 * described fields, of the described kinds; every described field of a body is taken. Whatever schema no answer showed
 * fails the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libfyaml.h>

#include "http_rig.h"
#include "http_server.h"

static struct http_rig rig;
static json_t *document;
static json_t *seen_fields; /* "Ride.state": true, once an answer had it */

static json_t *at(json_t *json, const char *key)
{
	return json_object_get(json, key);
}

static json_t *read_document(void)
{
	char path[512];
	const char *source = getenv("ZUB_SOURCE");
	snprintf(path, sizeof path, "%s/dispatcher/net/openapi.yaml", source ? source : ".");
	struct fy_document *yaml = fy_document_build_from_file(NULL, path);
	assert_non_null(yaml);
	char *text = fy_emit_document_to_string(yaml, FYECF_MODE_JSON_ONELINE);
	assert_non_null(text);
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!json)
		print_message("%s line %d: %s\n", path, error.line, error.text);
	free(text);
	fy_document_destroy(yaml);
	assert_non_null(json);
	return json;
}

static json_t *schema_named(const char *name)
{
	return at(at(at(document, "components"), "schemas"), name);
}

/* ---- an answer against a schema ---- */
static int differs(const char *where, const char *what)
{
	print_message("%s: %s\n", where, what);
	return 0;
}

static int type_fits(const json_t *value, const char *type)
{
	return (json_is_string(value) && !strcmp(type, "string")) ||
	       (json_is_integer(value) && !strcmp(type, "integer")) ||
	       (json_is_number(value) && !strcmp(type, "number")) ||
	       (json_is_boolean(value) && !strcmp(type, "boolean")) || (json_is_null(value) && !strcmp(type, "null")) ||
	       (json_is_array(value) && !strcmp(type, "array")) || (json_is_object(value) && !strcmp(type, "object"));
}

static int fits(json_t *value, json_t *schema, const char *name, const char *where);

static int object_fits(json_t *value, json_t *schema, const char *name, const char *where)
{
	json_t *properties = at(schema, "properties"), *extra = at(schema, "additionalProperties"), *item;
	const char *key;
	char path[256];
	size_t i;
	json_object_foreach(value, key, item)
	{
		snprintf(path, sizeof path, "%s.%s", where, key);
		json_t *of = at(properties, key);
		if (!of && json_is_object(extra))
			of = extra;
		if (!of)
			return differs(path, "is not in the document");
		if (!fits(item, of, "", path))
			return 0;
		snprintf(path, sizeof path, "%s.%s", name, key);
		json_object_set_new(seen_fields, path, json_true());
	}
	json_array_foreach(at(schema, "required"), i, item)
	{
		if (!at(value, json_string_value(item))) {
			snprintf(path, sizeof path, "%s.%s", where, json_string_value(item));
			return differs(path, "is missing");
		}
	}
	return 1;
}

static int any_fits(json_t *value, json_t *choices, const char *where)
{
	size_t i;
	json_t *choice;
	json_array_foreach(choices, i, choice)
	{
		int is_null = at(choice, "type") && !strcmp(json_string_value(at(choice, "type")), "null");
		if (is_null != json_is_null(value))
			continue;
		return is_null || fits(value, choice, "", where);
	}
	return differs(where, "fits none of the choices");
}

static int enum_fits(const json_t *value, json_t *choices)
{
	size_t i;
	json_t *choice;
	json_array_foreach(choices, i, choice)
	{
		if (json_equal(value, choice))
			return 1;
	}
	return choices == NULL;
}

static int fits(json_t *value, json_t *schema, const char *name, const char *where)
{
	const char *ref = json_string_value(at(schema, "$ref"));
	if (ref)
		return fits(value, schema_named(strrchr(ref, '/') + 1), strrchr(ref, '/') + 1, where);
	if (at(schema, "anyOf"))
		return any_fits(value, at(schema, "anyOf"), where);
	json_t *type = at(schema, "type"), *item;
	int known = json_is_string(type) ? type_fits(value, json_string_value(type)) : 0;
	size_t i;
	json_array_foreach(type, i, item) known |= type_fits(value, json_string_value(item));
	if (!known)
		return differs(where, "is of another kind");
	if (!enum_fits(value, at(schema, "enum")))
		return differs(where, "is none of the values");
	if (json_is_object(value))
		return object_fits(value, schema, name, where);
	json_array_foreach(value, i, item)
	{
		if (!fits(item, at(schema, "items"), "", where))
			return 0;
	}
	return 1;
}

/* ---- calls ---- */
static json_t *operation(const char *path, const char *method)
{
	char name[8];
	snprintf(name, sizeof name, "%s", !strcmp(method, "GET") ? "get" : "post");
	json_t *found = at(at(at(document, "paths"), path), name);
	if (!found)
		print_message("%s %s is not in the document\n", method, path);
	assert_non_null(found);
	return found;
}

static void check_answer(const struct http_answer *answer, const char *path, const char *method)
{
	char status[8];
	snprintf(status, sizeof status, "%d", answer->status);
	json_t *described = at(at(operation(path, method), "responses"), status);
	json_t *schema = at(at(at(described, "content"), "application/json"), "schema");
	if (!described)
		schema = schema_named("ErrorAnswer"); /* "default" */
	const char *name = described ? "" : "ErrorAnswer";
	if (!answer->json || !schema || !fits(answer->json, schema, name, path))
		print_message("%s %s -> %s %s\n", method, path, status, answer->body ? answer->body : "");
	assert_non_null(answer->json);
	assert_non_null(schema);
	assert_true(fits(answer->json, schema, "", path));
}

/* Every field of the body that the document names is sent, and taken. */
static void check_body(const char *body, const char *path)
{
	json_t *schema =
		at(at(at(at(operation(path, "POST"), "requestBody"), "content"), "application/json"), "schema");
	json_t *json = json_loads(body, 0, NULL);
	assert_non_null(json);
	assert_non_null(schema);
	assert_true(fits(json, schema, "", path));
	json_decref(json);
}

static struct http_answer get_it(const char *path, const char *url)
{
	struct http_answer answer = http_get(&rig, url);
	check_answer(&answer, path, "GET");
	return answer;
}

static void get(const char *path, const char *url)
{
	struct http_answer answer = get_it(path, url);
	if (answer.status != 200)
		print_message("%s -> %d %s\n", url, answer.status, answer.body);
	assert_int_equal(answer.status, 200);
	http_forget(&answer);
}

static struct http_answer post_it(const char *path, const char *url, const char *body)
{
	check_body(body, path);
	struct http_answer answer = http_post(&rig, url, body);
	check_answer(&answer, path, "POST");
	return answer;
}

static void post(const char *path, const char *url, const char *body, int status)
{
	struct http_answer answer = post_it(path, url, body);
	if (answer.status != status)
		print_message("%s %s -> %d %s\n", url, body, answer.status, answer.body);
	assert_int_equal(answer.status, status);
	http_forget(&answer);
}

static void stream_answers(const char *url)
{
	char text[65536], head[512];
	int fd = http_connect(&rig);
	int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n", url,
			 rig.token);
	http_write(&rig, fd, head, (size_t)n);
	http_read(&rig, fd, text, sizeof text, "\ndata: ", 1000);
	assert_non_null(strstr(text, "text/event-stream"));
	close(fd);
	http_rig_pump(&rig, 5);
}

/* ---- the tests ---- */
static void routes_and_document_agree(void **state)
{
	(void)state;
	uint32_t n, described = 0;
	const struct http_route *routes = http_routes(&n);
	for (uint32_t i = 0; i < n; i++) {
		json_t *found = operation(routes[i].path, routes[i].method);
		assert_int_equal(routes[i].is_operator, at(found, "security") != NULL);
		assert_int_equal(!strcmp(routes[i].method, "POST"), at(found, "requestBody") != NULL);
	}
	const char *path;
	json_t *methods;
	json_object_foreach(at(document, "paths"), path, methods) described += (uint32_t)json_object_size(methods);
	assert_int_equal(described, n);
}

static void town_and_places(void)
{
	struct http_answer town = get_it("/api/v1/town", "/api/v1/town");
	assert_true(json_is_true(at(town.json, "live_invented"))); /* as the rig is set */
	http_forget(&town);
	struct http_answer found = get_it("/api/v1/search", "/api/v1/search?q=pla%20b");
	assert_int_equal(json_array_size(at(found.json, "results")), 1);
	http_forget(&found);
	get("/api/v1/stops", "/api/v1/stops");
	char url[128];
	snprintf(url, sizeof url, "/api/v1/departures?stop=%u&after=2022-06-07T05:00:00Z",
		 drawn_stop(&rig.drawn, "CD"));
	struct http_answer board = get_it("/api/v1/departures", url);
	assert_true(json_array_size(at(board.json, "departures")) > 0);
	http_forget(&board);
	strcat(url, "&kind=arrivals");
	get("/api/v1/departures", url);
	struct http_answer wrong = get_it("/api/v1/departures", "/api/v1/departures?stop=99999");
	assert_int_equal(wrong.status, 422);
	http_forget(&wrong);
	struct geo_point a = drawn_point(&rig.drawn, 'A'), h = drawn_point(&rig.drawn, 'H');
	char journeys[256];
	snprintf(journeys, sizeof journeys,
		 "/api/v1/journeys?from=%.7f,%.7f&to=%.7f,%.7f&time=2022-06-07T06:30:00Z&kind=leave_at&walk_max_m=300",
		 a.lat_e7 / 1e7, a.lon_e7 / 1e7, h.lat_e7 / 1e7, h.lon_e7 / 1e7);
	struct http_answer ways = get_it("/api/v1/journeys", journeys);
	assert_true(json_array_size(at(ways.json, "journeys")) >= 2);
	http_forget(&ways);
	struct http_answer nowhere = get_it("/api/v1/journeys", "/api/v1/journeys?from=1,2,3&to=1,2");
	assert_int_equal(nowhere.status, 400);
	http_forget(&nowhere);
	get("/api/v1/fleet/positions", "/api/v1/fleet/positions");
	get("/health", "/health");
	struct http_answer shuttles =
		get_it("/feeds/gtfs-rt/vehicle-positions.json", "/feeds/gtfs-rt/vehicle-positions.json");
	assert_int_equal(json_array_size(at(shuttles.json, "entity")), 1);
	http_forget(&shuttles);
}

/* A wish with every field the document knows; the connection is the first departure at the stop. */
static void whole_wish(char *body, size_t size, const char *time, int tied)
{
	char url[128], *key = NULL;
	struct geo_point from = drawn_point(&rig.drawn, 'E');
	snprintf(url, sizeof url, "/api/v1/departures?stop=%u&after=2022-06-07T07:00:00Z",
		 drawn_stop(&rig.drawn, "CD"));
	struct http_answer board = http_get(&rig, url);
	if (tied)
		key = json_dumps(at(json_array_get(at(board.json, "departures"), 0), "connection"), 0);
	snprintf(body, size,
		 "{\"from\":{\"lat\":%.7f,\"lon\":%.7f},\"to\":{\"stop\":%u},\"time\":\"%s\",\"at\":%s,\"needs\":{"
		 "\"seat\":1,\"companion\":1},\"walk_max_m\":300,"
		 "\"connection\":%s,\"name\":\"Ada\",\"contact\":\"0123\",\"note\":\"bell\"}",
		 from.lat_e7 / 1e7, from.lon_e7 / 1e7, drawn_stop(&rig.drawn, "CD"), time,
		 strcmp(time, "now") ? "\"2022-06-07T06:30:00Z\"" : "null", key ? key : "null");
	free(key);
	http_forget(&board);
}

static void open_url(char *url, size_t size, const struct http_answer *ride, const char *what)
{
	snprintf(url, size, "/api/v1/rides/%s%s", http_text(ride, "ride", "secret", NULL), what);
}

static void a_whole_ride(void)
{
	char body[1024], url[160];
	whole_wish(body, sizeof body, "leave_at", 1);
	struct http_answer tied = post_it("/api/v1/requests", "/api/v1/requests", body);
	http_forget(&tied);
	whole_wish(body, sizeof body, "now", 0);
	struct http_answer ride = post_it("/api/v1/requests", "/api/v1/requests", body);
	assert_int_equal(ride.status, 201);
	open_url(url, sizeof url, &ride, "/accept");
	post("/api/v1/rides/{secret}/accept", url, "{\"offer\":0}", 200);
	get("/api/v1/operator/notices", "/api/v1/operator/notices"); /* queued: the rider has not looked yet */
	open_url(url, sizeof url, &ride, "");
	struct http_answer now = get_it("/api/v1/rides/{secret}", url);
	char notice[256];
	json_t *notices = at(at(now.json, "ride"), "notices");
	snprintf(notice, sizeof notice, "%s/notices/%s", url,
		 json_string_value(at(json_array_get(notices, 0), "notice")));
	post("/api/v1/rides/{secret}/notices/{notice}", notice, "{\"state\":\"acknowledged\"}", 200);
	open_url(url, sizeof url, &ride, "/stream");
	stream_answers(url);
	open_url(url, sizeof url, &ride, "/coming");
	struct http_answer coming =
		post_it("/api/v1/rides/{secret}/coming", url, "{}"); /* too early is an answer, too */
	http_forget(&coming);
	open_url(url, sizeof url, &ride, "/board");
	struct http_answer board = post_it("/api/v1/rides/{secret}/board", url, "{\"code\":\"0000\"}");
	http_forget(&board);
	get("/api/v1/operator/rides", "/api/v1/operator/rides");
	get("/api/v1/operator/fleet", "/api/v1/operator/fleet");
	open_url(url, sizeof url, &ride, "/cancel");
	post("/api/v1/rides/{secret}/cancel", url, "{\"reason\":\"rain\"}", 200);
	http_forget(&ride);
	http_forget(&now);
	struct http_answer unknown = get_it("/api/v1/rides/{secret}", "/api/v1/rides/nonsense");
	assert_int_equal(unknown.status, 404);
	http_forget(&unknown);
}

static void a_wish_that_cannot_be_met(void)
{
	struct http_answer refused =
		post_it("/api/v1/requests", "/api/v1/requests", "{\"from\":{\"stop\":0},\"to\":{\"stop\":0}}");
	assert_int_equal(refused.status, 200);
	assert_string_equal(http_text(&refused, "ride", "state", "code"), "refused");
	http_forget(&refused);
}

/* An offer nobody took, accepted long after. */
static void an_offer_that_is_gone(void)
{
	char body[1024], url[160];
	whole_wish(body, sizeof body, "now", 0);
	struct http_answer ride = post_it("/api/v1/requests", "/api/v1/requests", body);
	rig_tick(&rig.rig, rig.rig.now + 10 * MINUTE_MS);
	open_url(url, sizeof url, &ride, "/accept");
	struct http_answer late = post_it("/api/v1/rides/{secret}/accept", url, "{\"offer\":0}");
	assert_true(late.status == 410 || late.status == 409);
	http_forget(&late);
	http_forget(&ride);
}

static void the_control_room(void)
{
	char body[1024], url[160];
	get("/api/v1/operator/status", "/api/v1/operator/status");
	get("/api/v1/operator/supervisors", "/api/v1/operator/supervisors");
	stream_answers("/api/v1/operator/stream");
	stream_answers("/api/v1/fleet/stream");
	whole_wish(body, sizeof body, "now", 0);
	struct http_answer asked = post_it("/api/v1/operator/requests", "/api/v1/operator/requests", body);
	assert_int_equal(asked.status, 201);
	const char *number = http_text(&asked, "ride", "ride", NULL);
	static const struct {
		const char *what, *body;
	} acts[] = {
		{"accept", "{\"offer\":0}"},
		{"coming", "{\"by\":\"Anna\",\"reason\":\"\",\"seen_epoch\":0,\"seen_version\":0}"},
		{"board", "{}"},
		{"undo-no-show", "{\"by\":\"Anna\"}"},
		{"cancel", "{\"reason\":\"caller\"}"},
	};
	for (size_t i = 0; i < COUNT_OF(acts); i++) {
		char path[160];
		snprintf(url, sizeof url, "/api/v1/operator/rides/%s/%s", number, acts[i].what);
		snprintf(path, sizeof path, "/api/v1/operator/rides/{ride}/%s", acts[i].what);
		struct http_answer answer = post_it(path, url, acts[i].body);
		http_forget(&answer);
	}
	snprintf(url, sizeof url, "/api/v1/operator/rides/%s", number);
	get("/api/v1/operator/rides/{ride}", url);
	strcat(url, "/story");
	get("/api/v1/operator/rides/{ride}/story", url);
	http_forget(&asked);
	struct http_answer refused = post_it("/api/v1/operator/requests", "/api/v1/operator/requests",
					     "{\"from\":{\"stop\":0},\"to\":{\"stop\":0}}");
	http_forget(&refused);
	get("/api/v1/operator/figures", "/api/v1/operator/figures");
}

static void a_caller_is_told(void)
{
	char body[1024], url[200];
	whole_wish(body, sizeof body, "now", 0);
	struct http_answer asked = post_it("/api/v1/operator/requests", "/api/v1/operator/requests", body);
	snprintf(url, sizeof url, "/api/v1/operator/rides/%s/accept", http_text(&asked, "ride", "ride", NULL));
	struct http_answer ride = post_it("/api/v1/operator/rides/{ride}/accept", url, "{\"offer\":0}");
	json_t *notice = json_array_get(at(at(ride.json, "ride"), "notices"), 0);
	snprintf(url, sizeof url, "/api/v1/operator/rides/%s/notices/%s", http_text(&asked, "ride", "ride", NULL),
		 json_string_value(at(notice, "notice")));
	post("/api/v1/operator/rides/{ride}/notices/{notice}", url, "{\"state\":\"acknowledged\"}", 200);
	http_forget(&ride);
	http_forget(&asked);
}

static void reports_in_a_sandbox(void)
{
	struct http_answer list = get_it("/api/v1/operator/reports", "/api/v1/operator/reports");
	json_t *report = json_array_get(at(list.json, "reports"), 0);
	assert_string_equal(json_string_value(at(report, "name")), "index.html");
	const char *page = json_string_value(at(report, "page"));
	struct http_answer whole = http_get(&rig, page);
	assert_int_equal(whole.status, 200);
	assert_string_equal(whole.body, "<!doctype html><title>page</title>");
	assert_non_null(strstr(whole.head, "Content-Security-Policy: sandbox allow-scripts; default-src 'none';"));
	assert_null(strstr(whole.head, "script-src 'self'"));
	char other[256];
	snprintf(other, sizeof other, "%.42s%s", page, "operator.token");
	assert_int_equal(strncmp(other, "/reports/", 9), 0);
	static const char *const names[] = {"operator.token", "..", "..%2Foperator.token", "index.htm"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(other, sizeof other, "%.42s%s", page, names[i]);
		struct http_answer nothing = http_get(&rig, other);
		assert_int_equal(nothing.status, 404);
		http_forget(&nothing);
	}
	struct http_answer guessed =
		get_it("/reports/{ticket}/{name}", "/reports/00000000000000000000000000000000/index.html");
	assert_int_equal(guessed.status, 404);
	http_forget(&guessed);
	http_forget(&whole);
	http_forget(&list);
}

static void orders(void)
{
	post("/api/v1/operator/vehicles/{vehicle}/{order}", "/api/v1/operator/vehicles/1/hold",
	     "{\"by\":\"Anna\",\"reason\":\"test\",\"seen_epoch\":0,\"seen_version\":0}", 200);
	post("/api/v1/operator/vehicles/{vehicle}/release", "/api/v1/operator/vehicles/1/release",
	     "{\"by\":\"Anna\",\"approval\":\"KBA 1\",\"until\":\"2022-06-09T00:00:00Z\"}", 200);
	post("/api/v1/operator/vehicles/{vehicle}/standstill", "/api/v1/operator/vehicles/1/standstill",
	     "{\"by\":\"Anna\",\"reason\":\"test\"}", 200);
	post("/api/v1/operator/standstill", "/api/v1/operator/standstill", "{\"by\":\"Anna\"}", 200);
	struct http_answer approval = post_it("/api/v1/operator/approvals", "/api/v1/operator/approvals",
					      "{\"vehicle\":1,\"request\":\"0000000000000001\",\"granted\":true,\"by\":"
					      "\"Anna\",\"reason\":\"clear\"}");
	http_forget(&approval);
	post("/api/v1/operator/vehicles/{vehicle}/shift", "/api/v1/operator/vehicles/1/shift",
	     "{\"from\":\"2022-06-07T04:00:00Z\",\"to\":\"2022-06-08T04:00:00Z\",\"by\":\"Anna\",\"reason\":\"plan\"}",
	     200);
	post("/api/v1/operator/bookings", "/api/v1/operator/bookings",
	     "{\"paused\":true,\"by\":\"Anna\",\"reason\":\"storm\"}", 200);
	post("/api/v1/operator/bookings", "/api/v1/operator/bookings",
	     "{\"paused\":false,\"by\":\"Anna\",\"reason\":\"\"}", 200);
	post("/api/v1/operator/sign-on", "/api/v1/operator/sign-on",
	     "{\"who\":\"Berta\",\"vehicles_max\":4,\"simulated\":true}", 200);
	post("/api/v1/operator/sign-off", "/api/v1/operator/sign-off", "{\"who\":\"Anna\",\"to\":\"Berta\"}", 200);
	post("/api/v1/operator/handover", "/api/v1/operator/handover", "{\"who\":\"Berta\"}", 200);
}

static void closures(void)
{
	char body[512], url[128];
	struct geo_point a = drawn_point(&rig.drawn, 'A'), b = drawn_point(&rig.drawn, 'B');
	snprintf(body, sizeof body,
		 "{\"points\":[{\"lat\":%.7f,\"lon\":%.7f}],\"one_direction\":true,\"slow_percent\":300,"
		 "\"until\":\"2030-01-01T00:00:00Z\",\"by\":\"Anna\",\"reason\":\"crane\"}",
		 (a.lat_e7 / 1e7 + b.lat_e7 / 1e7) / 2, (a.lon_e7 / 1e7 + b.lon_e7 / 1e7) / 2);
	post("/api/v1/operator/closures", "/api/v1/operator/closures", body, 200);
	get("/api/v1/operator/closures", "/api/v1/operator/closures");
	snprintf(url, sizeof url, "/api/v1/operator/closures/%016llx/lift",
		 (unsigned long long)core_closure_at(rig.rig.core, 0)->closure);
	post("/api/v1/operator/closures/{closure}/lift", url, "{\"reason\":\"over\"}", 200);
	post("/api/v1/operator/conditions", "/api/v1/operator/conditions",
	     "{\"name\":\"snow\",\"on\":true,\"by\":\"Anna\",\"reason\":\"it snows\"}", 200);
	get("/api/v1/operator/conditions", "/api/v1/operator/conditions");
	post("/api/v1/operator/conditions", "/api/v1/operator/conditions",
	     "{\"name\":\"snow\",\"on\":false,\"by\":\"Anna\",\"reason\":\"it has melted\"}", 200);
}

/* A vehicle fails with a rider's promise: a case for a person. */
static void a_broken_promise(void)
{
	char body[1024], url[160];
	whole_wish(body, sizeof body, "now", 0);
	struct http_answer ride = post_it("/api/v1/operator/requests", "/api/v1/operator/requests", body);
	assert_int_equal(ride.status, 201);
	snprintf(url, sizeof url, "/api/v1/operator/rides/%s/accept", http_text(&ride, "ride", "ride", NULL));
	post("/api/v1/operator/rides/{ride}/accept", url, "{\"offer\":0}", 200);
	struct robot *robot = &rig.rig.robots[0];
	assert_int_equal(rig_say(&rig.rig, robot, WIRE_FAULT_BEGAN, 0, 0, 0), 0);
	rig_tick(&rig.rig, rig.rig.now + 40 * MINUTE_MS);
	struct http_answer cases = get_it("/api/v1/operator/cases", "/api/v1/operator/cases");
	size_t i;
	json_t *item;
	int found = 0;
	json_array_foreach(at(cases.json, "cases"), i, item)
	{
		if (!json_is_string(at(item, "ride")))
			continue;
		snprintf(url, sizeof url, "/api/v1/operator/cases/%s/own", json_string_value(at(item, "case")));
		post("/api/v1/operator/cases/{case}/own", url, "{\"who\":\"Berta\"}", 200);
		snprintf(url, sizeof url, "/api/v1/operator/cases/%s/close", json_string_value(at(item, "case")));
		post("/api/v1/operator/cases/{case}/close", url,
		     "{\"who\":\"Berta\",\"outcome\":\"home_by_fallback\",\"note\":\"taxi\"}", 200);
		found = 1;
	}
	assert_true(found);
	snprintf(url, sizeof url, "/api/v1/operator/rides/%s", http_text(&ride, "ride", "ride", NULL));
	get("/api/v1/operator/rides/{ride}", url);
	get("/api/v1/operator/cases", "/api/v1/operator/cases?state=all");
	http_forget(&cases);
	http_forget(&ride);
}

static void every_described_field_was_seen(void)
{
	const char *name, *field;
	json_t *schema, *ignored;
	char path[256];
	uint32_t missing = 0;
	json_object_foreach(at(at(document, "components"), "schemas"), name, schema)
	{
		json_object_foreach(at(schema, "properties"), field, ignored)
		{
			snprintf(path, sizeof path, "%s.%s", name, field);
			if (at(seen_fields, path))
				continue;
			print_message("%s stands in the document, but no answer or body had it\n", path);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

static void answers_and_document_agree(void **state)
{
	(void)state;
	get("/api/v1/operator/figures", "/api/v1/operator/figures"); /* the day begins */
	town_and_places();
	post("/api/v1/operator/sign-on", "/api/v1/operator/sign-on", "{\"who\":\"Anna\"}", 200);
	a_whole_ride();
	a_wish_that_cannot_be_met();
	an_offer_that_is_gone();
	the_control_room();
	a_caller_is_told();
	reports_in_a_sandbox();
	a_broken_promise();
	orders();
	closures();
	struct http_answer metrics = http_get(&rig, "/metrics"), tile = http_get(&rig, "/tiles/14/8587/5619.mvt");
	assert_int_equal(metrics.status, 200);
	assert_int_equal(tile.status, 200);
	http_forget(&metrics);
	http_forget(&tile);
	every_described_field_was_seen();
}

static int open_rig(void **state)
{
	(void)state;
	document = read_document();
	seen_fields = json_object();
	http_rig_open(
		&rig,
		&(struct drawn_options){
			.drawing =
				"A-----B-----C-----D\n|     |     |     |\n|     |     |     |\nE-----F-----G-----H\n",
			.metres_per_char = 50,
			.stops = "CD=S1 EF",
			.profiles = "condition snow 1500\n",
			.timetable = "stop S1 C\nstop S2 H\ntrip T1 1 S1 09:00 S2 09:20\ntrip T2 1 S2 09:30 S1 "
				     "09:50\ntrip T3 1 S1 10:00 S2 10:20\n"});
	return rig_vehicle(&rig.rig, 1, 'A', 'B') != 0;
}

static int close_rig(void **state)
{
	(void)state;
	http_rig_close(&rig);
	json_decref(document);
	json_decref(seen_fields);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(routes_and_document_agree, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(answers_and_document_agree, open_rig, close_rig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
