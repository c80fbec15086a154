/* The town as riders need it: what it is, when and where shuttles run, addresses, stops. */
#include "http_server.h"
#include <stdlib.h>
#include <string.h>

#define SEARCH_MOST 12

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

static json_t *hash_hex(const uint8_t *hash)
{
	char hex[2 * TOWN_HASH_BYTES + 1];
	for (int i = 0; i < TOWN_HASH_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return json_string(hex);
}

static json_t *area_view(const struct town *town)
{
	json_t *rings = json_array();
	for (uint32_t r = 0; r < town->n_area_rings; r++) {
		json_t *ring = json_array();
		for (uint32_t i = town->area_first[r]; i < town->area_first[r + 1]; i++)
			json_array_append_new(ring, view_point(town->area_point[i]));
		json_array_append_new(rings, ring);
	}
	return rings;
}

static json_t *needs_view(const struct town *town, enum language language)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < town->n_needs; i++) {
		json_t *need = json_object();
		uint32_t label = language == LANGUAGE_DE ? town->need_label_de[i] : town->need_label_en[i];
		set(need, "need", view_town_text(town, town->need_name[i]));
		set(need, "label", view_town_text(town, label));
		set(need, "person", json_boolean(i == 0 || town->need_flags[i] & NEED_IS_PERSON));
		set(need, "step_free", json_boolean(town->need_flags[i] & NEED_STEP_FREE));
		json_array_append_new(list, need);
	}
	return list;
}

/* "05:00"; hours past midnight count on, as timetables do. */
static json_t *time_of_day(int32_t seconds)
{
	char text[16];
	snprintf(text, sizeof text, "%02d:%02d", seconds / 3600, seconds / 60 % 60);
	return json_string(text);
}

static json_t *clock_view(const struct http *http)
{
	json_t *json = json_object();
	set(json, "now", http_json_instant(http->host.now(http->host.self)));
	set(json, "speed_permille", json_integer(http->host.speed_permille(http->host.self)));
	set(json, "time_zone", view_town_text(http_town(http), http_town(http)->time_zone));
	return json;
}

static json_t *feeds_view(const struct town *town)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < town->timetable.n_feeds; i++) {
		json_t *feed = json_object();
		set(feed, "name", view_town_text(town, town->timetable.feed_name[i]));
		set(feed, "publisher", view_town_text(town, town->timetable.feed_publisher[i]));
		set(feed, "invented", json_boolean(town->timetable.feed_invented[i]));
		json_array_append_new(list, feed);
	}
	return list;
}

static json_t *rules_view(const struct town_rules *rules)
{
	json_t *json = json_object();
	set(json, "pickup_window_s", json_integer(rules->pickup_window_ms / 1000));
	set(json, "walk_max_m", json_integer(rules->walk_max_mm / 1000));
	set(json, "prebook_max_s", json_integer(rules->prebook_max_ms / 1000));
	set(json, "wait_max_s", json_integer(rules->wait_max_ms / 1000));
	set(json, "fare_cents", json_integer(rules->fare_cents));
	set(json, "door_to_door", json_boolean(rules->door_to_door));
	set(json, "service_from", time_of_day(rules->service_from_s));
	set(json, "service_to", time_of_day(rules->service_to_s));
	return json;
}

void handle_town(struct call *call)
{
	const struct town *town = http_town(call->http);
	char why[256] = "";
	int holding = call->http->host.holding(call->http->host.self, why, sizeof why);
	json_t *json = json_object(), *box = json_object();
	set(box, "south_west", view_point(town->box_low));
	set(box, "north_east", view_point(town->box_high));
	set(json, "name", view_town_text(town, town->name));
	set(json, "hash", hash_hex(town->hash));
	set(json, "generated", view_town_text(town, town->generated));
	set(json, "attribution", view_town_text(town, town->attribution));
	set(json, "phone", view_town_text(town, town->phone));
	set(json, "fallback_name", view_town_text(town, town->fallback_name));
	set(json, "fallback_phone", view_town_text(town, town->fallback_phone));
	set(json, "privacy", view_town_text(town, town->privacy_text));
	set(json, "imprint", view_town_text(town, town->imprint_text));
	set(json, "box", box);
	set(json, "centre", view_point(town->origin));
	set(json, "area", area_view(town));
	set(json, "needs", needs_view(town, call->language));
	set(json, "rules", rules_view(&town->rules));
	set(json, "feeds", feeds_view(town));
	set(json, "live_invented", json_boolean(call->http->settings.live_invented));
	set(json, "clock", clock_view(call->http));
	set(json, "bookings",
	    json_string(holding					      ? "holding"
			: core_bookings_paused(http_core(call->http)) ? "paused"
								      : "open"));
	reply_json(call, 200, json);
}

void handle_search(struct call *call)
{
	static const char *const kinds[] = {"house", "street", "stop", "place"};
	const struct town *town = http_town(call->http);
	const char *query = evhttp_find_header(&call->query, "q");
	uint32_t found[SEARCH_MOST];
	if (!query || !query[0] || strlen(query) > 200) {
		reply_error(call, !query || !query[0] ? "missing" : "too_long", "q");
		return;
	}
	uint32_t n = town_search(town, query, found, SEARCH_MOST);
	json_t *list = json_array();
	for (uint32_t i = 0; i < n; i++) {
		json_t *item = view_point(town->address_point[found[i]]);
		set(item, "text", view_town_text(town, town->address_text[found[i]]));
		set(item, "kind",
		    json_string(
			    kinds[town->address_kind[found[i]] < COUNT_OF(kinds) ? town->address_kind[found[i]] : 3]));
		json_array_append_new(list, item);
	}
	json_t *json = json_object();
	set(json, "results", list);
	reply_json(call, 200, json);
}

void handle_stops(struct call *call)
{
	static const char *const step_free[] = {"unknown", "yes", "no"};
	const struct town *town = http_town(call->http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < town->n_stops; i++) {
		json_t *stop = view_point(town->stop_point[i]);
		set(stop, "stop", json_integer(i));
		set(stop, "name", view_town_text(town, town->stop_name[i]));
		const char *side = view_side(town, town->stop_spot[i], town->stop_side[i]);
		struct spot spot = town->stop_spot[i]; /* of class 0, the service's */
		set(stop, "side", side ? view_words(call->language, "side", side) : json_null());
		set(stop, "street",
		    spot.arc < town->road.n_arcs ? view_town_text(town, town->road.name[spot.arc]) : json_null());
		set(stop, "step_free",
		    json_string(step_free[town->stop_step_free[i] < 3 ? town->stop_step_free[i] : 0]));
		set(stop, "departures", json_boolean(town->stop_transit[i] != NONE));
		json_array_append_new(list, stop);
	}
	json_t *json = json_object();
	set(json, "stops", list);
	reply_json(call, 200, json);
}
