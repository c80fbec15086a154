/* Inside the HTTP server: what its files share. Not for others: http.h is the interface. */
#ifndef ZUB_HTTP_SERVER_H
#define ZUB_HTTP_SERVER_H

#include "arena.h"
#include "http.h"
#include "http_json.h"
#include "http_secret.h"
#include "http_words.h"
#include "zone.h"
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>

#define HTTP_PARAMS_MAX 3
#define HTTP_PARAM_BYTES 64
#define HTTP_PATH_BYTES 256

struct call;
struct http_stream;
struct http_file;
struct http_hold;
struct tiles;
struct transit;

struct http {
	struct event_base *base;
	struct evhttp *evhttp;
	struct evconnlistener *listener;
	struct http_settings settings; /* texts are our own copies */
	struct host host;
	struct http_secret secret;
	char token[HTTP_TOKEN_BYTES];
	struct call *calls; /* under way: waiting for the host */
	struct http_stream *streams;
	uint32_t n_streams;
	struct http_hold *holds;  /* open connections */
	struct event *look_again; /* while nobody more is accepted */
	size_t n_connections, cap_holds;
	struct http_file *files;
	uint32_t n_files;
	const struct town *tiles_town; /* the town the tiles were made for */
	uint8_t tiles_hash[TOWN_HASH_BYTES];
	struct tiles *tiles;
	const struct town *transit_town; /* the town whose timetable transit is of */
	struct transit *transit;
	struct arena transit_arena;
	int transit_stale;	      /* the core's delays have changed since */
	const struct town *zone_town; /* the town whose time zone this is */
	struct zone zone;
	char *privacy, *imprint; /* texts of the operator's, or NULL */
	struct {
		uint32_t yyyymmdd; /* the service day, 0 = not looked yet */
		instant_ms since;
		struct core_figures at_begin;
	} day;
	int closing;
	struct {
		uint64_t requests, refused, client_errors, server_errors, commands, streams_opened, streams_dropped,
			gone;
	} counts;
};

/* One request while it is answered; copied to the heap when it must wait for a commit. */
typedef void call_finish(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence,
			 const uint8_t *hash);
struct call {
	struct http *http;
	struct evhttp_request *request;
	enum language language;
	uint8_t is_operator, head;
	uint8_t plain; /* a page for browsers without script: errors are pages, too */
	char path[HTTP_PATH_BYTES];
	char params[HTTP_PARAMS_MAX][HTTP_PARAM_BYTES];
	struct evkeyvalq query;
	const void *body; /* valid only inside the handler */
	size_t body_n;
	struct command_key key;
	call_finish *finish; /* when waiting */
	uint64_t ride;	     /* the ride it is about, 0 = none */
	uint8_t command_kind, already_sent;
	void *kept; /* what finish needs more; malloc'ed, freed with the call */
	struct call *previous, *next;
};

/* ---- routes (http_route.c) ---- */
struct http_route {
	const char *method, *path; /* "/api/v1/rides/{secret}/accept" */
	void (*handle)(struct call *call);
	uint8_t is_operator;
};
const struct http_route *http_routes(uint32_t *ret_n);
/* Pages made here, without script: not part of the API. */
const struct http_route *http_pages(uint32_t *ret_n);
void http_dispatch(struct evhttp_request *request, void *http);

/* ---- answers (http_reply.c) ---- */
void reply_json(struct call *call, int status, json_t *json);		  /* takes the reference */
void reply_error(struct call *call, const char *code, const char *field); /* status by code; field may be NULL */
void reply_fault(struct call *call, const struct json_error *error);
void reply_code(struct call *call, int err, const char *not_found); /* of the core or the host */
void reply_bytes(struct call *call, int status, const char *type, const char *cache, struct evbuffer *bytes);
void reply_headers(struct call *call, const char *type, const char *cache);
/* For documents that were not made here: NULL = the pages' own. Set before the reply. */
void reply_policy(struct call *call, const char *policy);
json_t *reply_error_json(enum language language, const char *code, const char *field);
const char *reply_header(const struct call *call, const char *name);

/* ---- waiting for a commit (http_wait.c) ---- */
/* Submits; `finish` runs after the commit when the core accepted the command and the client is still there. Errors are
 * answered. */
void call_submit(struct call *call, struct command *command, const char *identity_json, call_finish *finish);
/* The Idempotency-Key of this POST; answers the error itself. Not required: a missing or odd one counts as none. */
int call_key(struct call *call, int required);
void call_submit_alone(struct http *http, struct command *command); /* nobody waits for it */
void calls_close(struct http *http);

/* ---- what people see of the core (http_view.c) ---- */
json_t *view_ride(const struct http *http, const struct core_ride *ride, enum language language, int for_operator);
json_t *view_ride_line(const struct http *http, const struct core_ride *ride); /* for lists: no places, no names */
json_t *view_vehicle(const struct http *http, const struct core_vehicle *vehicle);
json_t *view_positions(const struct http *http);
json_t *view_case(const struct http *http, const struct core_case *item, enum language language);
json_t *view_notice(const struct core_notice *notice, enum language language);
json_t *view_supervisor(const struct core_supervisor *supervisor);
json_t *view_words(enum language language, const char *group, const char *name);
json_t *view_town_text(const struct town *town, uint32_t string);
json_t *view_point(struct geo_point point);
/* "north", "east", ...: where a spot's side of the street lies, for words; NULL = unknown. */
const char *view_side(const struct town *town, struct spot spot, uint8_t side);
/* Has a promise been given? */
int view_has_promise(const struct core_ride *ride);
json_t *view_result(const struct http *http, const struct core_ride *ride, const struct upd_result *result,
		    enum language language, int for_operator, uint64_t sequence, const uint8_t *hash);
/* Where a vehicle is now: its newest report, or what the core knows. heading: degrees from north, -1 = unknown. */
struct view_position {
	struct geo_point point;
	int heading;
	instant_ms at;
};
struct view_position view_position(const struct http *http, const struct core_vehicle *vehicle);
uint32_t view_aboard(const struct http *http, const struct core_vehicle *vehicle); /* rides aboard now */

/* ---- streams (http_stream.c) ---- */
enum stream_kind { STREAM_FLEET, STREAM_RIDE, STREAM_OPERATOR };
void stream_open(struct call *call, enum stream_kind kind, uint64_t ride);
void streams_update(struct http *http, const struct update *update);
void streams_tick(struct http *http);
void streams_close(struct http *http);
/* Marks queued notices of a ride as sent (somebody has just been shown them). */
void notices_shown(struct http *http, uint64_t ride);

/* ---- trains and buses (http_transit.c) ---- */
struct transit *http_transit(struct http *http); /* the timetable with live times as they stand; NULL = no memory */
void transit_update(struct http *http, const struct update *update);
json_t *view_connection_key(const struct trip_key *key, int arriving); /* what to send back as "connection" */
void view_line(json_t *json, const struct town *town, uint32_t event); /* line, headsign, platform, ... */
json_t *view_tie(const struct http *http, const struct cmd_request *request);

/* ---- pages (http_file.c) ---- */
int files_open(struct http *http, struct err_detail *detail);
void files_close(struct http *http);
void files_answer(struct call *call);
/* A text file of the built pages, NULL = not there; not NUL-terminated. */
const char *files_text(const struct http *http, const char *path, size_t *ret_n);

/* ---- riders' orders, whoever asks (http_rider.c) ---- */
/* The ride that the first parameter names; answers the error itself. */
const struct core_ride *rider_ride(struct call *call);
/* Makes the command of a request and submits it. */
void rider_request(struct call *call, const struct body_request *body, const char *client, call_finish *finish);
void rider_accept(struct call *call, uint8_t offer, call_finish *finish);
void rider_cancel(struct call *call, const char *reason, call_finish *finish);
void rider_board(struct call *call, uint16_t code, call_finish *finish);

/* ---- planners (http_planner.c) ---- */
/* Keeps the figures at the beginning of the service day. */
void planner_tick(struct http *http);

/* ---- pages without script (plain.c) ---- */
void plain_error(struct call *call, int status, const char *code);
/* Reads the texts that the settings name; a missing one is an error of the start, not of a reader. */
int plain_texts_open(struct http *http, struct err_detail *detail);

/* ---- handlers ---- */
void handle_town(struct call *call);
void handle_search(struct call *call);
void handle_stops(struct call *call);
void handle_departures(struct call *call);
void handle_journeys(struct call *call);
void handle_request(struct call *call);
void handle_ride(struct call *call);
void handle_accept(struct call *call);
void handle_cancel(struct call *call);
void handle_coming(struct call *call);
void handle_board(struct call *call);
void handle_notice(struct call *call);
void handle_ride_stream(struct call *call);
void handle_positions(struct call *call);
void handle_fleet_stream(struct call *call);
void handle_operator_fleet(struct call *call);
void handle_operator_rides(struct call *call);
void handle_operator_ride(struct call *call);
void handle_operator_cases(struct call *call);
void handle_operator_story(struct call *call);
void handle_operator_figures(struct call *call);
void handle_operator_reports(struct call *call);
void handle_operator_shift(struct call *call);
void handle_report(struct call *call);
void handle_operator_notices(struct call *call);
void handle_operator_supervisors(struct call *call);
void handle_operator_status(struct call *call);
void handle_operator_stream(struct call *call);
void handle_operator_sign_on(struct call *call);
void handle_operator_sign_off(struct call *call);
void handle_operator_handover(struct call *call);
void handle_operator_release(struct call *call);
void handle_operator_order(struct call *call);
void handle_operator_standstill(struct call *call);
void handle_operator_case_own(struct call *call);
void handle_operator_case_close(struct call *call);
void handle_operator_pause(struct call *call);
void handle_operator_closures(struct call *call);
void handle_operator_closure_set(struct call *call);
void handle_operator_closure_lift(struct call *call);
void handle_operator_conditions(struct call *call);
void handle_operator_condition_set(struct call *call);
void handle_operator_approval(struct call *call);
void handle_vehicle_positions(struct call *call);
void handle_vehicle_positions_json(struct call *call);
void handle_health(struct call *call);
void handle_metrics(struct call *call);
void handle_tile(struct call *call);

static inline const struct core *http_core(const struct http *http)
{
	return http->host.core(http->host.self);
}
static inline const struct town *http_town(const struct http *http)
{
	return core_town(http_core(http));
}

#endif
