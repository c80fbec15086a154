/* From method and path to a handler. The same table is held against openapi.yaml by a test. */
#include "http_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct http_route routes[] = {
	{"GET", "/api/v1/town", handle_town, 0},
	{"GET", "/api/v1/search", handle_search, 0},
	{"GET", "/api/v1/stops", handle_stops, 0},
	{"GET", "/api/v1/departures", handle_departures, 0},
	{"GET", "/api/v1/journeys", handle_journeys, 0},
	{"POST", "/api/v1/requests", handle_request, 0},
	{"GET", "/api/v1/rides/{secret}", handle_ride, 0},
	{"GET", "/api/v1/rides/{secret}/stream", handle_ride_stream, 0},
	{"POST", "/api/v1/rides/{secret}/accept", handle_accept, 0},
	{"POST", "/api/v1/rides/{secret}/cancel", handle_cancel, 0},
	{"POST", "/api/v1/rides/{secret}/coming", handle_coming, 0},
	{"POST", "/api/v1/rides/{secret}/board", handle_board, 0},
	{"POST", "/api/v1/rides/{secret}/notices/{notice}", handle_notice, 0},
	{"GET", "/api/v1/fleet/positions", handle_positions, 0},
	{"GET", "/api/v1/fleet/stream", handle_fleet_stream, 0},
	{"GET", "/api/v1/operator/status", handle_operator_status, 1},
	{"GET", "/api/v1/operator/fleet", handle_operator_fleet, 1},
	{"GET", "/api/v1/operator/rides", handle_operator_rides, 1},
	{"GET", "/api/v1/operator/rides/{ride}", handle_operator_ride, 1},
	{"GET", "/api/v1/operator/rides/{ride}/story", handle_operator_story, 1},
	{"GET", "/api/v1/operator/figures", handle_operator_figures, 1},
	{"GET", "/api/v1/operator/reports", handle_operator_reports, 1},
	{"GET", "/api/v1/operator/cases", handle_operator_cases, 1},
	{"GET", "/api/v1/operator/notices", handle_operator_notices, 1},
	{"GET", "/api/v1/operator/supervisors", handle_operator_supervisors, 1},
	{"GET", "/api/v1/operator/stream", handle_operator_stream, 1},
	{"POST", "/api/v1/operator/sign-on", handle_operator_sign_on, 1},
	{"POST", "/api/v1/operator/sign-off", handle_operator_sign_off, 1},
	{"POST", "/api/v1/operator/handover", handle_operator_handover, 1},
	{"POST", "/api/v1/operator/standstill", handle_operator_standstill, 1},
	{"POST", "/api/v1/operator/vehicles/{vehicle}/standstill", handle_operator_standstill, 1},
	{"POST", "/api/v1/operator/vehicles/{vehicle}/release", handle_operator_release, 1},
	{"POST", "/api/v1/operator/vehicles/{vehicle}/shift", handle_operator_shift, 1},
	{"POST", "/api/v1/operator/vehicles/{vehicle}/{order}", handle_operator_order, 1},
	{"POST", "/api/v1/operator/approvals", handle_operator_approval, 1},
	{"POST", "/api/v1/operator/cases/{case}/own", handle_operator_case_own, 1},
	{"POST", "/api/v1/operator/cases/{case}/close", handle_operator_case_close, 1},
	{"POST", "/api/v1/operator/bookings", handle_operator_pause, 1},
	{"GET", "/api/v1/operator/closures", handle_operator_closures, 1},
	{"POST", "/api/v1/operator/closures", handle_operator_closure_set, 1},
	{"POST", "/api/v1/operator/closures/{closure}/lift", handle_operator_closure_lift, 1},
	{"GET", "/api/v1/operator/conditions", handle_operator_conditions, 1},
	{"POST", "/api/v1/operator/conditions", handle_operator_condition_set, 1},
	{"POST", "/api/v1/operator/requests", handle_request, 1},
	{"POST", "/api/v1/operator/rides/{ride}/accept", handle_accept, 1},
	{"POST", "/api/v1/operator/rides/{ride}/cancel", handle_cancel, 1},
	{"POST", "/api/v1/operator/rides/{ride}/board", handle_board, 1},
	{"POST", "/api/v1/operator/rides/{ride}/coming", handle_coming, 1},
	{"POST", "/api/v1/operator/rides/{ride}/notices/{notice}", handle_notice, 1},
	{"POST", "/api/v1/operator/rides/{ride}/undo-no-show", handle_coming, 1},
	{"GET", "/feeds/gtfs-rt/vehicle-positions.pb", handle_vehicle_positions, 0},
	{"GET", "/feeds/gtfs-rt/vehicle-positions.json", handle_vehicle_positions_json, 0},
	{"GET", "/health", handle_health, 0},
	{"GET", "/metrics", handle_metrics, 0},
	{"GET", "/tiles/{z}/{x}/{y}", handle_tile, 0},
	{"GET", "/reports/{ticket}/{name}", handle_report, 0},
};

const struct http_route *http_routes(uint32_t *ret_n)
{
	*ret_n = (uint32_t)COUNT_OF(routes);
	return routes;
}

/* One {name} stands for one segment. */
static int match(const char *pattern, const char *path, char params[HTTP_PARAMS_MAX][HTTP_PARAM_BYTES])
{
	int n = 0;
	while (*pattern && *path) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return 0;
			continue;
		}
		size_t length = strcspn(path, "/");
		if (n == HTTP_PARAMS_MAX || length == 0 || length >= HTTP_PARAM_BYTES)
			return 0;
		memcpy(params[n], path, length);
		params[n++][length] = 0;
		path += length;
		pattern += strcspn(pattern, "}") + 1;
	}
	return !*pattern && !*path;
}

static int token_fits(struct call *call)
{
	const char *given = reply_header(call, "Authorization");
	if (given && strncasecmp(given, "Bearer ", 7) == 0)
		return http_secret_equal(call->http->token, given + 7);
	return 0;
}

/* While the core is ahead of its journal (host.h) nothing of its state may be told. */
static int may_answer(struct call *call, const struct http_route *route)
{
	static void (*const without_state[])(struct call *) = {handle_operator_standstill,
							       handle_report,
							       handle_operator_reports,
							       handle_health,
							       handle_metrics,
							       handle_tile,
							       handle_search,
							       handle_stops,
							       handle_departures};
	char why[320];
	if (call->http->host.holding(call->http->host.self, why, sizeof why) < 2)
		return 1;
	for (size_t i = 0; i < COUNT_OF(without_state); i++)
		if (route->handle == without_state[i])
			return 1;
	return 0;
}

static void run(struct call *call, const struct http_route *route)
{
	if (route->is_operator && !token_fits(call)) {
		call->http->counts.refused++;
		reply_error(call, "token", NULL);
		return;
	}
	if (!may_answer(call, route)) {
		reply_code(call, ERR_UNAVAILABLE, "not_found");
		return;
	}
	call->is_operator = route->is_operator;
	struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
	call->body_n = evbuffer_get_length(input);
	call->body = call->body_n ? (const void *)evbuffer_pullup(input, -1) : "";
	if (!call->body)
		reply_error(call, "full", NULL);
	else
		route->handle(call);
}

static const char *method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
	case EVHTTP_REQ_HEAD:
		return "GET";
	case EVHTTP_REQ_POST:
		return "POST";
	default:
		return "";
	}
}

/* 1: answered. */
static int try_routes(struct call *call, const struct http_route *list, uint32_t n, const char *method,
		      const char **ret_other)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!match(list[i].path, call->path, call->params))
			continue;
		if (strcmp(list[i].method, method) == 0) {
			run(call, &list[i]);
			return 1;
		}
		*ret_other = list[i].method;
	}
	return 0;
}

static void route_call(struct call *call)
{
	const char *method = method_of(call->request), *other = NULL;
	uint32_t n_pages;
	const struct http_route *pages = http_pages(&n_pages);
	if (try_routes(call, routes, COUNT_OF(routes), method, &other) ||
	    try_routes(call, pages, n_pages, method, &other))
		return;
	if (other) {
		evhttp_add_header(evhttp_request_get_output_headers(call->request), "Allow", other);
		reply_error(call, "method", NULL);
	} else if (strcmp(method, "GET") == 0 && strncmp(call->path, "/api/", 5) != 0)
		files_answer(call);
	else
		reply_error(call, "not_found", NULL);
}

/* Pages without script know their language by the browser's wish, or by the switch on them. */
static void set_language(struct call *call)
{
	static const char *const pages[] = {"/privacy", "/imprint", "/licences"};
	const char *chosen = evhttp_find_header(&call->query, "lang");
	call->plain = strncmp(call->path, "/plain", 6) == 0 && (call->path[6] == 0 || call->path[6] == '/');
	for (size_t i = 0; i < COUNT_OF(pages); i++)
		call->plain |= strcmp(call->path, pages[i]) == 0;
	if (call->plain && chosen && (strcmp(chosen, "de") == 0 || strcmp(chosen, "en") == 0))
		call->language = strcmp(chosen, "de") == 0 ? LANGUAGE_DE : LANGUAGE_EN;
}

void http_dispatch(struct evhttp_request *request, void *arg)
{
	struct call call = {.http = arg, .request = request};
	call.http->counts.requests++;
	call.language = http_words_language(reply_header(&call, "Accept-Language"));
	call.head = evhttp_request_get_command(request) == EVHTTP_REQ_HEAD;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	if (!path || !path[0])
		path = "/";
	if (strlen(path) >= sizeof call.path || (query && evhttp_parse_query_str(query, &call.query) != 0)) {
		evhttp_clear_headers(&call.query);
		reply_error(&call, "not_found", NULL);
		return;
	}
	memcpy(call.path, path, strlen(path) + 1);
	set_language(&call);
	route_call(&call);
	evhttp_clear_headers(&call.query);
}
