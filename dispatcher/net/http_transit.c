/* Trains and buses: departure boards with live times, and the connection a ride is tied to. The live times are the
 * core's: whatever a restart finds in the journal is on the boards again. */
#include "http_server.h"
#include "transit.h"
#include <stdlib.h>
#include <string.h>

#define BOARD_MOST 40

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

/* ---- the timetable with the core's delays ---- */

static int by_stop(const void *a, const void *b)
{
	uint32_t x = ((const struct cmd_trip_delay *)a)->trip.stop_sequence;
	uint32_t y = ((const struct cmd_trip_delay *)b)->trip.stop_sequence;
	return (x > y) - (x < y);
}

/* Trips that this timetable does not know are those of an older town: they are left out. */
static void take_delays(struct http *http)
{
	const struct core *core = http_core(http);
	uint32_t n = core_n_delays(core);
	struct cmd_trip_delay *delays = calloc((size_t)n + 1, sizeof *delays);
	if (!delays)
		return;
	for (uint32_t i = 0; i < n; i++)
		core_delay_at(core, i, &delays[i]);
	qsort(delays, n, sizeof *delays, by_stop);
	transit_forget(http->transit);
	for (uint32_t i = 0; i < n; i++)
		transit_delay(http->transit, &delays[i].trip, delays[i].arrival_late_s, delays[i].departure_late_s,
			      (enum transit_word)delays[i].cancelled);
	free(delays);
	http->transit_stale = 0;
}

static int open_transit(struct http *http)
{
	const struct town *town = http_town(http);
	uint32_t most = core_settings(http_core(http))->delays_max;
	arena_close(&http->transit_arena);
	http->transit = NULL;
	http->transit_town = NULL;
	if (arena_open(&http->transit_arena, transit_size(town, most)) ||
	    transit_open(&http->transit, town, most, &http->transit_arena))
		return ERR_MEMORY;
	http->transit_town = town;
	http->transit_stale = 1;
	return ERR_OK;
}

struct transit *http_transit(struct http *http)
{
	char why[320];
	if (http->transit_town != http_town(http) && open_transit(http))
		return NULL;
	/* while the core is ahead of its journal, what was known before is shown */
	if (http->transit_stale && http->host.holding(http->host.self, why, sizeof why) < 2)
		take_delays(http);
	return http->transit;
}

void transit_update(struct http *http, const struct update *update)
{
	http->transit_stale |= update->kind == UPD_RESULT && update->result.command_kind == CMD_TRIP_DELAY;
}

/* ---- views ---- */

static json_t *color_text(uint32_t color)
{
	char text[8];
	snprintf(text, sizeof text, "#%06x", color & 0xffffffu);
	return json_string(text);
}

json_t *view_connection_key(const struct trip_key *key, int arriving)
{
	char date[16];
	snprintf(date, sizeof date, "%04u-%02u-%02u", key->yyyymmdd / 10000 % 10000, key->yyyymmdd / 100 % 100,
		 key->yyyymmdd % 100);
	json_t *json = json_object();
	set(json, "kind", json_string(arriving ? "from_trip" : "to_trip"));
	set(json, "feed", json_string(key->feed));
	set(json, "trip_id", json_string(key->trip_id));
	set(json, "start_s", json_integer(key->start_s));
	set(json, "service_date", json_string(date));
	set(json, "stop_sequence", json_integer(key->stop_sequence));
	return json;
}

void view_line(json_t *json, const struct town *town, uint32_t event)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t trip = timetable->event_trip[event], route = timetable->trip_route[trip];
	set(json, "line", view_town_text(town, timetable->route_short_name[route]));
	set(json, "headsign", view_town_text(town, timetable->trip_headsign[trip]));
	set(json, "platform", view_town_text(town, timetable->stop_platform[timetable->time_stop[event]]));
	set(json, "color", color_text(timetable->route_color[route]));
	set(json, "route_type", json_integer(timetable->route_type[route]));
	set(json, "invented", json_boolean(timetable->feed_invented[timetable->trip_feed[trip]]));
}

static void set_times(json_t *json, instant_ms planned, instant_ms live, int cancelled)
{
	set(json, "planned", http_json_instant(planned));
	set(json, "live", cancelled ? json_null() : http_json_instant(live));
	set(json, "late_s", json_integer(cancelled ? 0 : (live - planned) / SECOND_MS));
	set(json, "cancelled", json_boolean(cancelled));
}

static json_t *call_view(const struct town *town, const struct transit_call *item, int arriving)
{
	const struct timetable *timetable = &town->timetable;
	struct trip_key key;
	if (item->day >= timetable->n_days || timetable_key(town, item->event, item->day, &key))
		return NULL;
	json_t *json = json_object();
	view_line(json, town, item->event);
	set_times(json, item->planned, item->live, item->cancelled);
	set(json, "connection", view_connection_key(&key, arriving));
	return json;
}

/* What a ride is tied to, as it stands; null for other rides, and when the timetable no longer knows the trip. */
json_t *view_tie(const struct http *http, const struct cmd_request *request)
{
	const struct town *town = http_town(http);
	const struct timetable *timetable = &town->timetable;
	uint32_t day, event = request->tie_kind == TIE_NONE ? NONE : timetable_find(town, &request->tie, &day);
	int arriving = request->tie_kind == TIE_FROM_TRIP;
	instant_ms arrival = 0, departure = 0;
	if (event == NONE)
		return json_null();
	int code = core_connection(http_core(http), &request->tie, &arrival, &departure);
	int32_t planned_s = arriving ? timetable->time_arrival_s[event] : timetable->time_departure_s[event];
	json_t *json = json_object();
	view_line(json, town, event);
	set_times(json, timetable->day_start[day] + planned_s * SECOND_MS, arriving ? arrival : departure,
		  code != ERR_OK);
	set(json, "connection", view_connection_key(&request->tie, arriving));
	return json;
}

static int board_query(struct call *call, uint32_t *ret_stop, instant_ms *ret_after, int *ret_arriving)
{
	const struct town *town = http_town(call->http);
	const char *stop = evhttp_find_header(&call->query, "stop"), *after = evhttp_find_header(&call->query, "after");
	const char *kind = evhttp_find_header(&call->query, "kind");
	char *end = NULL;
	unsigned long number = stop ? strtoul(stop, &end, 10) : 0;
	*ret_after = call->http->host.now(call->http->host.self);
	*ret_arriving = kind && strcmp(kind, "arrivals") == 0;
	if (!stop || end == stop || *end) {
		reply_error(call, "missing", "stop");
		return ERR_FORMAT;
	}
	if (number >= town->n_stops) {
		reply_error(call, "stop_unknown", "stop");
		return ERR_NOT_FOUND;
	}
	if (after && http_json_read_instant(after, ret_after)) {
		reply_error(call, "out_of_range", "after");
		return ERR_FORMAT;
	}
	*ret_stop = (uint32_t)number;
	return ERR_OK;
}

void handle_departures(struct call *call)
{
	const struct town *town = http_town(call->http);
	struct transit_call found[BOARD_MOST];
	uint32_t stop, n = 0;
	instant_ms after;
	int arriving;
	if (board_query(call, &stop, &after, &arriving))
		return;
	struct transit *transit = http_transit(call->http);
	if (transit && town->stop_transit[stop] != NONE)
		n = transit_board(transit, town->stop_transit[stop], after, arriving, found, BOARD_MOST);
	json_t *list = json_array();
	for (uint32_t i = 0; i < n; i++) {
		json_t *item = call_view(town, &found[i], arriving);
		if (item)
			json_array_append_new(list, item);
	}
	json_t *json = json_object();
	set(json, "stop", json_integer(stop));
	set(json, "name", view_town_text(town, town->stop_name[stop]));
	set(json, "departures", list);
	reply_json(call, 200, json);
}
