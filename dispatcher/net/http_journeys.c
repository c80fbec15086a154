/* GET /api/v1/journeys: from door to door, each leg with what to book. */
#include "http_server.h"
#include "journeys.h"
#include "transit.h"
#include <stdlib.h>
#include <string.h>

#define WALK_MAX_M 5000

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

/* ---- what is asked ---- */

/* "49.41,8.69" */
static int read_place(struct call *call, const char *field, struct place *ret_place)
{
	const char *text = evhttp_find_header(&call->query, field);
	struct geo_point point;
	if (!text || !text[0]) {
		reply_error(call, "missing", field);
		return ERR_FORMAT;
	}
	if (http_json_read_point(text, &point)) {
		reply_error(call, "out_of_range", field);
		return ERR_FORMAT;
	}
	if (call->http->host.place(call->http->host.self, point, ret_place)) {
		reply_error(call, "outside_map", field);
		return ERR_RANGE;
	}
	ret_place->stop = NONE;
	return ERR_OK;
}

static int read_walk(struct call *call, uint32_t *ret_mm)
{
	const char *text = evhttp_find_header(&call->query, "walk_max_m");
	char *end = NULL;
	unsigned long metres = text ? strtoul(text, &end, 10) : 0;
	*ret_mm = http_town(call->http)->rules.walk_max_mm;
	if (!text)
		return ERR_OK;
	if (end == text || *end || metres > WALK_MAX_M) {
		reply_error(call, "out_of_range", "walk_max_m");
		return ERR_RANGE;
	}
	*ret_mm = (uint32_t)metres * 1000;
	return ERR_OK;
}

static int read_ask(struct call *call, struct journey_ask *ask)
{
	const char *time = evhttp_find_header(&call->query, "time"), *kind = evhttp_find_header(&call->query, "kind");
	*ask = (struct journey_ask){.at = call->http->host.now(call->http->host.self)};
	if (read_place(call, "from", &ask->from) || read_place(call, "to", &ask->to) ||
	    read_walk(call, &ask->walk_max_mm))
		return ERR_FORMAT;
	if (time && http_json_read_instant(time, &ask->at)) {
		reply_error(call, "out_of_range", "time");
		return ERR_FORMAT;
	}
	if (kind && strcmp(kind, "leave_at") && strcmp(kind, "arrive_by")) {
		reply_error(call, "out_of_range", "kind");
		return ERR_FORMAT;
	}
	ask->arrive_by = kind && !strcmp(kind, "arrive_by");
	return ERR_OK;
}

/* ---- what is answered ---- */

static json_t *place_view(const struct town *town, const struct journey_place *place)
{
	json_t *json = view_point(place->point);
	uint32_t name = place->transit_stop != NONE ? town->timetable.stop_name[place->transit_stop]
			: place->stop != NONE	    ? town->stop_name[place->stop]
						    : NONE;
	set(json, "stop", place->stop != NONE ? json_integer(place->stop) : json_null());
	set(json, "name", view_town_text(town, name));
	return json;
}

/* One side of a body for POST /api/v1/requests. */
static json_t *place_body(const struct journey_place *place)
{
	if (place->stop == NONE)
		return view_point(place->point);
	json_t *json = json_object();
	set(json, "stop", json_integer(place->stop));
	return json;
}

static json_t *tie_body(const struct town *town, const struct journey_leg *leg)
{
	int arriving = leg->alight_event != NONE;
	struct trip_key key;
	uint32_t event = arriving ? leg->alight_event : leg->board_event;
	if (event == NONE || timetable_key(town, event, leg->day, &key))
		return NULL;
	return view_connection_key(&key, arriving);
}

static int rides_between(const struct journey *journey, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		if (journey->legs[i].mode == JOURNEY_RIDE)
			return 1;
	return 0;
}

static void set_time(json_t *json, const char *kind, instant_ms at)
{
	set(json, "time", json_string(kind));
	set(json, "at", http_json_instant(at));
}

/* The shuttle leg as a wish: tied to its train, or to be there in time for it, or not before it. How far one walks to
 * and from the shuttle is for the offer to say: the places are the rider's own. */
static json_t *request_body(const struct http *http, const struct journey_ask *ask, const struct journey *journey,
			    uint32_t index)
{
	const struct journey_leg *leg = &journey->legs[index];
	int before = rides_between(journey, 0, index), after = rides_between(journey, index, journey->n_legs);
	json_t *json = json_object(), *tie = tie_body(http_town(http), leg);
	set(json, "from", place_body(before ? &leg->from : &journey->legs[0].from));
	set(json, "to", place_body(after ? &leg->to : &journey->legs[journey->n_legs - 1].to));
	set(json, "walk_max_m", json_integer(ask->walk_max_mm / 1000));
	if (tie)
		set(json, "connection", tie);
	else if (after)
		set_time(json, "arrive_by", leg->arrives);
	else if (before)
		set_time(json, "leave_at", leg->departs);
	else if (ask->arrive_by)
		set_time(json, "arrive_by", ask->at);
	else if (ask->at > http->host.now(http->host.self) + MINUTE_MS)
		set_time(json, "leave_at", ask->at);
	else
		set(json, "time", json_string("now"));
	return json;
}

static instant_ms planned(const struct timetable *timetable, const struct journey_leg *leg, int arriving)
{
	int32_t seconds =
		arriving ? timetable->time_arrival_s[leg->alight_event] : timetable->time_departure_s[leg->board_event];
	return timetable->day_start[leg->day] + seconds * SECOND_MS;
}

static json_t *ride_view(const struct town *town, const struct journey_leg *leg)
{
	json_t *json = json_object();
	view_line(json, town, leg->board_event);
	set(json, "planned_departs", http_json_instant(planned(&town->timetable, leg, 0)));
	set(json, "planned_arrives", http_json_instant(planned(&town->timetable, leg, 1)));
	return json;
}

static json_t *leg_view(const struct http *http, const struct journey_ask *ask, const struct journey *journey,
			uint32_t index)
{
	static const char *const modes[] = {"walk", "shuttle", "ride"};
	const struct town *town = http_town(http);
	const struct journey_leg *leg = &journey->legs[index];
	json_t *json = json_object();
	set(json, "mode", json_string(modes[leg->mode]));
	set(json, "from", place_view(town, &leg->from));
	set(json, "to", place_view(town, &leg->to));
	set(json, "departs", http_json_instant(leg->departs));
	set(json, "arrives", http_json_instant(leg->arrives));
	set(json, "distance_m", leg->mm ? json_integer((leg->mm + 999) / 1000) : json_null());
	set(json, "ride", leg->mode == JOURNEY_RIDE ? ride_view(town, leg) : json_null());
	set(json, "request", leg->mode == JOURNEY_SHUTTLE ? request_body(http, ask, journey, index) : json_null());
	return json;
}

static json_t *journey_view(const struct http *http, const struct journey_ask *ask, const struct journey *journey)
{
	json_t *json = json_object(), *legs = json_array();
	for (uint32_t i = 0; i < journey->n_legs; i++)
		json_array_append_new(legs, leg_view(http, ask, journey, i));
	set(json, "departs", http_json_instant(journey->departs));
	set(json, "arrives", http_json_instant(journey->arrives));
	set(json, "changes", json_integer(journey->changes));
	set(json, "shuttles", json_integer(journey->shuttles));
	set(json, "legs", legs);
	return json;
}

void handle_journeys(struct call *call)
{
	struct journey_ask ask;
	struct journey found[JOURNEYS_MAX];
	if (read_ask(call, &ask))
		return;
	struct transit *transit = http_transit(call->http);
	uint32_t n = transit ? journeys_find(http_core(call->http), transit, &ask, found, JOURNEYS_MAX) : 0;
	json_t *json = json_object(), *list = json_array();
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, journey_view(call->http, &ask, &found[i]));
	set(json, "now", http_json_instant(call->http->host.now(call->http->host.self)));
	set(json, "kind", json_string(ask.arrive_by ? "arrive_by" : "leave_at"));
	set(json, "time", http_json_instant(ask.at));
	set(json, "journeys", list);
	reply_json(call, 200, json);
}
