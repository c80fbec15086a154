/* What people see of the core, as JSON. Riders see their own ride and where shuttles are; never another rider. */
#include "http_server.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

/* Text from outside may be cut within a character: then it is left out rather than breaking the answer. */
static json_t *text_or_null(const char *text)
{
	json_t *json = text && text[0] ? json_string(text) : NULL;
	return json ? json : json_null();
}

json_t *view_words(enum language language, const char *group, const char *name)
{
	return json_pack("{s:s, s:s}", "code", name, "message", http_words(language, group, name));
}

json_t *view_town_text(const struct town *town, uint32_t string)
{
	return text_or_null(town_text(town, string));
}

json_t *view_point(struct geo_point point)
{
	json_t *json = json_object();
	set(json, "lat", http_json_degrees(point.lat_e7));
	set(json, "lon", http_json_degrees(point.lon_e7));
	return json;
}

/* Direction of the arc at the offset; on the town's grid, which turns against true north by a degree or two at most. */
static int heading_of(const struct network *road, struct spot spot)
{
	if (spot.arc >= road->n_arcs)
		return -1;
	uint32_t first = road->shape_first[spot.arc], last = road->shape_first[spot.arc + 1] - 1;
	uint64_t done = 0;
	for (uint32_t i = first; i < last; i++) {
		struct geo_xy a = road->shape_xy[i], b = road->shape_xy[i + 1];
		done += geo_distance_mm(a, b);
		if ((done >= spot.offset_mm || i + 1 == last) && (a.x_mm != b.x_mm || a.y_mm != b.y_mm)) {
			double degrees = atan2((double)(b.x_mm - a.x_mm), (double)(b.y_mm - a.y_mm)) * 180.0 / M_PI;
			return (int)lround(degrees < 0 ? degrees + 360 : degrees) % 360;
		}
	}
	return -1;
}

const char *view_side(const struct town *town, struct spot spot, uint8_t side)
{
	static const char *const names[] = {"north", "north_east", "east", "south_east",
					    "south", "south_west", "west", "north_west"};
	int heading = heading_of(&town->road, spot);
	if (heading < 0)
		return NULL;
	int degrees = (heading + (side == SIDE_LEFT ? 270 : 90)) % 360;
	return names[(degrees * 2 + 45) / 90 % 8];
}

static json_t *side_view(const struct town *town, struct spot spot, uint8_t side, enum language language)
{
	const char *name = view_side(town, spot, side);
	return name ? view_words(language, "side", name) : json_null();
}

struct view_position view_position(const struct http *http, const struct core_vehicle *vehicle)
{
	const struct wire_state *state = http->host.vehicle_state(http->host.self, vehicle->number);
	struct view_position position = {.point = vehicle->anchor.point, .at = vehicle->anchor_at, .heading = -1};
	struct spot spot = vehicle->anchor.road;
	if (state && state->at >= vehicle->anchor_at) {
		position.point = (struct geo_point){state->place.lat_e7, state->place.lon_e7};
		position.at = state->at;
		spot = (struct spot){state->place.arc, state->place.offset_mm};
	}
	position.heading = heading_of(&http_town(http)->road, spot);
	return position;
}

static void set_position(json_t *json, const struct view_position *position)
{
	set(json, "lat", http_json_degrees(position->point.lat_e7));
	set(json, "lon", http_json_degrees(position->point.lon_e7));
	set(json, "heading", position->heading < 0 ? json_null() : json_integer(position->heading));
	set(json, "at", http_json_instant(position->at));
}

uint32_t view_aboard(const struct http *http, const struct core_vehicle *vehicle)
{
	const struct wire_state *state = http->host.vehicle_state(http->host.self, vehicle->number);
	return state && state->at >= vehicle->anchor_at ? state->n_aboard : vehicle->n_aboard;
}

json_t *view_positions(const struct http *http)
{
	const struct core *core = http_core(http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_vehicles(core); i++) {
		const struct core_vehicle *vehicle = core_vehicle_at(core, i);
		struct view_position position = view_position(http, vehicle);
		json_t *item = json_object();
		set(item, "vehicle", json_integer(vehicle->number));
		set(item, "name", text_or_null(vehicle->name));
		set_position(item, &position);
		set(item, "occupied", json_boolean(view_aboard(http, vehicle) > 0));
		set(item, "in_service",
		    json_boolean(vehicle->service == SERVICE_IN || vehicle->service == SERVICE_ENDING));
		set(item, "connected", json_boolean(vehicle->link_up));
		json_array_append_new(list, item);
	}
	json_t *json = json_object();
	set(json, "now", http_json_instant(http->host.now(http->host.self)));
	set(json, "speed_permille", json_integer(http->host.speed_permille(http->host.self)));
	set(json, "vehicles", list);
	return json;
}

/* ---- rides ---- */
static json_t *street_of(const struct town *town, const struct place *place)
{
	if (place->road.arc >= town->road.n_arcs)
		return json_null();
	return view_town_text(town, town->road.name[place->road.arc]);
}

static json_t *place_view(const struct http *http, const struct place *place, uint32_t stop, enum language language)
{
	const struct town *town = http_town(http);
	struct geo_point point = place->point;
	json_t *json = json_object();
	if (place->road.arc < town->road.n_arcs)
		point = network_spot_point(&town->road, place->road);
	set(json, "lat", http_json_degrees(point.lat_e7));
	set(json, "lon", http_json_degrees(point.lon_e7));
	set(json, "stop", stop < town->n_stops ? json_integer(stop) : json_null());
	set(json, "name", stop < town->n_stops ? view_town_text(town, town->stop_name[stop]) : json_null());
	set(json, "street", street_of(town, place));
	set(json, "side", side_view(town, place->road, place->side, language));
	return json;
}

static json_t *offer_view(const struct http *http, const struct offer *offer, uint32_t index, enum language language)
{
	const struct core_vehicle *vehicle = core_vehicle(http_core(http), offer->vehicle);
	json_t *json = json_object();
	set(json, "offer", json_integer(index));
	set(json, "vehicle", text_or_null(vehicle ? vehicle->name : ""));
	set(json, "pickup", place_view(http, &offer->pickup, offer->pickup_stop, language));
	set(json, "dropoff", place_view(http, &offer->dropoff, offer->dropoff_stop, language));
	set(json, "walk_from_m", json_integer((offer->walk_from_mm + 999) / 1000));
	set(json, "walk_to_m", json_integer((offer->walk_to_mm + 999) / 1000));
	set(json, "walk_from_s", json_integer((offer->walk_from_ms + 999) / 1000));
	set(json, "walk_to_s", json_integer((offer->walk_to_ms + 999) / 1000));
	set(json, "earliest_pickup", http_json_instant(offer->earliest_pickup));
	set(json, "latest_pickup", http_json_instant(offer->latest_pickup));
	set(json, "planned_pickup", http_json_instant(offer->planned_pickup));
	set(json, "planned_dropoff", http_json_instant(offer->planned_dropoff));
	set(json, "latest_arrival", http_json_instant(offer->latest_arrival));
	set(json, "direct_s", json_integer((offer->direct_ms + 999) / 1000));
	set(json, "distance_m", json_integer(offer->dist_mm / 1000));
	set(json, "price_cents", json_integer(offer->price_cents));
	set(json, "reason", view_words(language, "reason", core_reason_name(offer->reason)));
	set(json, "vehicles_tried", json_integer(offer->n_vehicles_tried));
	set(json, "vehicles_feasible", json_integer(offer->n_vehicles_feasible));
	return json;
}

static json_t *offers_view(const struct http *http, const struct core_ride *ride, enum language language)
{
	json_t *list = json_array();
	for (uint32_t i = 0; ride->state == RIDE_OFFERED && i < ride->n_offers && i < CORE_OFFERS_MAX; i++)
		json_array_append_new(list, offer_view(http, &ride->offers[i], i, language));
	return list;
}

json_t *view_notice(const struct core_notice *notice, enum language language)
{
	static const char *const states[] = {"queued", "sent", "acknowledged", "failed"};
	json_t *json = json_object();
	set(json, "notice", http_json_id(notice->notice));
	set(json, "kind", json_string(core_notice_name(notice->kind)));
	set(json, "text", json_string(http_words(language, "notice", core_notice_name(notice->kind))));
	set(json, "state", json_string(states[notice->state < COUNT_OF(states) ? notice->state : 0]));
	set(json, "made_at", http_json_instant(notice->made_at));
	set(json, "about", http_json_instant(notice->about));
	return json;
}

static json_t *notices_view(const struct http *http, uint64_t ride, enum language language)
{
	const struct core *core = http_core(http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_notices(core); i++) {
		if (core_notice_at(core, i)->ride == ride)
			json_array_append_new(list, view_notice(core_notice_at(core, i), language));
	}
	return list;
}

static json_t *vehicle_of_ride(const struct http *http, const struct core_ride *ride)
{
	const struct core_vehicle *vehicle = core_vehicle(http_core(http), ride->vehicle);
	if (!vehicle || ride->state < RIDE_PROMISED || ride->state > RIDE_ABOARD)
		return json_null();
	struct view_position position = view_position(http, vehicle);
	json_t *json = json_object();
	set(json, "vehicle", json_integer(vehicle->number));
	set(json, "name", text_or_null(vehicle->name));
	set_position(json, &position);
	set(json, "connected", json_boolean(vehicle->link_up));
	return json;
}

int view_has_promise(const struct core_ride *ride)
{
	return ride->promised_at != INSTANT_NONE && ride->promised_at != 0 && ride->latest_arrival != INSTANT_NONE &&
	       ride->latest_arrival != 0;
}

static json_t *promise_view(const struct core_ride *ride)
{
	if (!view_has_promise(ride))
		return json_null();
	json_t *json = json_object();
	set(json, "earliest_pickup", http_json_instant(ride->earliest_pickup));
	set(json, "latest_pickup", http_json_instant(ride->latest_pickup));
	set(json, "latest_arrival", http_json_instant(ride->latest_arrival));
	return json;
}

static json_t *needs_view(const struct http *http, const struct core_ride *ride)
{
	const struct town *town = http_town(http);
	json_t *json = json_object();
	for (uint32_t i = 0; i < town->n_needs && i < COMMAND_NEEDS_MAX; i++) {
		if (ride->request.need_count[i])
			set(json, town_text(town, town->need_name[i]), json_integer(ride->request.need_count[i]));
	}
	return json;
}

/* What would do for whoever walks so far; stops are given as in struct upd_result. */
static json_t *would_walk_view(const struct http *http, const struct upd_result *result, enum language language)
{
	const struct core *core = http_core(http);
	const uint32_t stops[] = {result->would_work_from, result->would_work_to};
	static const char *const names[] = {"from", "to"};
	if (!result->would_work_walk_mm)
		return json_null();
	json_t *json = json_pack("{s:I}", "walk_m", (json_int_t)(result->would_work_walk_mm + 999) / 1000);
	for (uint32_t i = 0; i < COUNT_OF(stops); i++) {
		int is_stop = stops[i] && stops[i] <= core_town(core)->n_stops;
		struct place place = is_stop ? core_stop_place(core, stops[i] - 1) : (struct place){0};
		set(json, names[i], is_stop ? place_view(http, &place, place.stop, language) : json_null());
	}
	return json;
}

static void set_refusal(const struct http *http, json_t *json, const struct upd_result *result, enum language language)
{
	const char *name = core_refusal_name(result->refusal);
	json_t *why = result->refusal ? view_words(language, "refusal", name) : json_null();
	if (result->refusal) {
		const char *advice = http_words(language, "advice", name);
		set(why, "obstacle",
		    result->obstacle ? view_words(language, "obstacle", core_obstacle_name(result->obstacle))
				     : json_null());
		set(why, "advice", strcmp(advice, name) == 0 ? json_null() : json_string(advice));
		set(why, "would_work_at", http_json_instant(result->would_work_at));
		set(why, "would_work_on_foot", would_walk_view(http, result, language));
	}
	set(json, "refusal", why);
}

static json_t *fallback_view(const struct http *http, const struct core_ride *ride)
{
	const struct town *town = http_town(http);
	if (ride->state != RIDE_BROKEN && ride->state != RIDE_REFUSED && ride->state != RIDE_NO_SHOW)
		return json_null();
	return json_pack("{s:o, s:o}", "name", view_town_text(town, town->fallback_name), "phone",
			 view_town_text(town, town->fallback_phone));
}

static void set_link(const struct http *http, json_t *json, uint64_t ride)
{
	char link[HTTP_LINK_CHARS], page[HTTP_LINK_CHARS + 256];
	http_secret_link(&http->secret, ride, link);
	snprintf(page, sizeof page, "%.200s/#/ride/%s", http->settings.public_url ? http->settings.public_url : "",
		 link);
	set(json, "secret", json_string(link));
	set(json, "page", json_string(page));
}

static void set_times(json_t *json, const struct core_ride *ride)
{
	int planned = ride->state >= RIDE_PROMISED && ride->state <= RIDE_DONE;
	set(json, "asked_at", http_json_instant(ride->asked_at));
	set(json, "offers_until", ride->state == RIDE_OFFERED ? http_json_instant(ride->offers_until) : json_null());
	set(json, "planned_pickup", planned ? http_json_instant(ride->planned_pickup) : json_null());
	set(json, "planned_dropoff", planned ? http_json_instant(ride->planned_dropoff) : json_null());
	set(json, "at_stop_at", ride->at_stop_at > 0 ? http_json_instant(ride->at_stop_at) : json_null());
	set(json, "boarded_at", ride->boarded_at > 0 ? http_json_instant(ride->boarded_at) : json_null());
	set(json, "alighted_at", ride->alighted_at > 0 ? http_json_instant(ride->alighted_at) : json_null());
	set(json, "closed_at", ride->closed_at > 0 ? http_json_instant(ride->closed_at) : json_null());
}

/* The stops that were promised; while offers are open, each offer has its own. */
static void set_stops(const struct http *http, json_t *json, const struct core_ride *ride, enum language language)
{
	const struct offer *offer = ride->accepted < CORE_OFFERS_MAX ? &ride->offers[ride->accepted] : NULL;
	int promised = view_has_promise(ride) && offer;
	set(json, "pickup", promised ? place_view(http, &ride->pickup, offer->pickup_stop, language) : json_null());
	set(json, "dropoff", promised ? place_view(http, &ride->dropoff, offer->dropoff_stop, language) : json_null());
	set(json, "walk_from_m", promised ? json_integer((offer->walk_from_mm + 999) / 1000) : json_null());
	set(json, "walk_to_m", promised ? json_integer((offer->walk_to_mm + 999) / 1000) : json_null());
	set(json, "price_cents", promised ? json_integer(offer->price_cents) : json_null());
}

json_t *view_ride(const struct http *http, const struct core_ride *ride, enum language language, int for_operator)
{
	json_t *json = json_object();
	char code[8];
	snprintf(code, sizeof code, "%04u", ride->boarding_code % 10000u);
	int shows_code = ride->state == RIDE_PROMISED || ride->state == RIDE_AT_STOP || ride->state == RIDE_NO_SHOW;
	set_link(http, json, ride->ride);
	if (for_operator)
		set(json, "ride", http_json_id(ride->ride));
	set(json, "state", view_words(language, "state", core_ride_state_name(ride->state)));
	set_refusal(http, json, &(struct upd_result){.refusal = ride->refusal, .would_work_at = INSTANT_NONE},
		    language);
	set(json, "cause", ride->cause ? view_words(language, "cause", core_cause_name(ride->cause)) : json_null());
	set(json, "from", view_point(ride->request.from.point));
	set(json, "to", view_point(ride->request.to.point));
	set(json, "needs", needs_view(http, ride));
	set(json, "prebooked", json_boolean(ride->prebooked));
	set(json, "connection", view_tie(http, &ride->request));
	set(json, "offers", offers_view(http, ride, language));
	set(json, "promise", promise_view(ride));
	set_times(json, ride);
	set_stops(http, json, ride, language);
	set(json, "boarding_code", shows_code ? json_string(code) : json_null());
	set(json, "coming_used", json_boolean(ride->coming_used));
	set(json, "vehicle", vehicle_of_ride(http, ride));
	set(json, "owner", text_or_null(ride->owner));
	set(json, "fallback", fallback_view(http, ride));
	set(json, "notices", notices_view(http, ride->ride, language));
	return json;
}

/* A refused wish may leave no ride in the core: the answer still has its shape. */
static json_t *refused_view(const struct http *http, const struct upd_result *result, enum language language,
			    int for_operator)
{
	struct core_ride nothing = {.ride = result->ride,
				    .state = RIDE_REFUSED,
				    .refusal = result->refusal,
				    .accepted = NONE,
				    .promised_at = INSTANT_NONE};
	return view_ride(http, &nothing, language, for_operator);
}

json_t *view_result(const struct http *http, const struct core_ride *ride, const struct upd_result *result,
		    enum language language, int for_operator, uint64_t sequence, const uint8_t *hash)
{
	char hex[65] = "";
	json_t *json = json_object();
	json_t *view = ride ? view_ride(http, ride, language, for_operator)
			    : refused_view(http, result, language, for_operator);
	if (result->refusal)
		set_refusal(http, view, result, language);
	for (int i = 0; hash && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	set(json, "ride", view);
	set(json, "receipt", json_pack("{s:I, s:s}", "record", (json_int_t)sequence, "hash", hex));
	set(json, "repeated", json_boolean(result->repeated));
	return json;
}

json_t *view_ride_line(const struct http *http, const struct core_ride *ride)
{
	const struct core_vehicle *vehicle = core_vehicle(http_core(http), ride->vehicle);
	json_t *json = json_object();
	set(json, "ride", http_json_id(ride->ride));
	set(json, "state", json_string(core_ride_state_name(ride->state)));
	set(json, "refusal", ride->refusal ? json_string(core_refusal_name(ride->refusal)) : json_null());
	set(json, "cause", ride->cause ? json_string(core_cause_name(ride->cause)) : json_null());
	set(json, "vehicle", vehicle ? json_integer(vehicle->number) : json_null());
	set(json, "vehicle_name", vehicle ? text_or_null(vehicle->name) : json_null());
	set(json, "needs", needs_view(http, ride));
	set(json, "prebooked", json_boolean(ride->prebooked));
	set(json, "tied", json_boolean(ride->request.tie_kind != TIE_NONE));
	set(json, "asked_at", http_json_instant(ride->asked_at));
	set(json, "promise", promise_view(ride));
	set(json, "planned_pickup", http_json_instant(ride->planned_pickup));
	set(json, "planned_dropoff", http_json_instant(ride->planned_dropoff));
	set(json, "owner", text_or_null(ride->owner));
	return json;
}

/* ---- for operators ---- */
static const char *task_name(uint8_t kind)
{
	static const char *const names[] = {"none", "pickup", "dropoff", "park", "charge", "clean"};
	return names[kind < COUNT_OF(names) ? kind : 0];
}

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = {"unknown", "idle", "driving",  "at_stop", "held",
					    "stopped", "mrc",  "charging", "fault",   "cleaning"};
	return names[mode < COUNT_OF(names) ? mode : 0];
}

static json_t *tasks_view(const struct http *http, uint32_t vehicle)
{
	uint32_t n = 0;
	const struct core_task *tasks = core_plan(http_core(http), vehicle, &n);
	json_t *list = json_array();
	for (uint32_t i = 0; tasks && i < n; i++) {
		json_t *json = view_point(tasks[i].place.point);
		set(json, "kind", json_string(task_name(tasks[i].kind)));
		set(json, "ride", tasks[i].ride ? http_json_id(tasks[i].ride) : json_null());
		set(json, "arrive", http_json_instant(tasks[i].arrive));
		set(json, "begin", http_json_instant(tasks[i].begin));
		set(json, "latest", http_json_instant(tasks[i].latest));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *spaces_view(const struct http *http, const struct core_vehicle *vehicle)
{
	const struct town *town = http_town(http);
	json_t *json = json_object();
	for (uint32_t i = 0; i < town->n_spaces && i < TOWN_SPACES_MAX; i++)
		set(json, town_text(town, town->space_name[i]), json_integer(vehicle->spaces[i]));
	return json;
}

static json_t *plan_view(const struct http *http, const struct core_vehicle *vehicle)
{
	json_t *json = json_object();
	set(json, "epoch", json_integer(vehicle->plan_epoch));
	set(json, "version", json_integer(vehicle->plan_version));
	set(json, "acknowledged",
	    json_boolean(vehicle->plan_epoch == vehicle->acked_epoch &&
			 vehicle->plan_version == vehicle->acked_version));
	set(json, "tasks", tasks_view(http, vehicle->number));
	return json;
}

static void set_service(const struct http *http, json_t *json, const struct core_vehicle *vehicle)
{
	const struct wire_state *state = http->host.vehicle_state(http->host.self, vehicle->number);
	set(json, "service", json_string(core_service_name(vehicle->service)));
	set(json, "connected", json_boolean(vehicle->link_up));
	set(json, "mode", json_string(mode_name(state ? state->mode : vehicle->mode)));
	set(json, "held", json_boolean(vehicle->held));
	set(json, "standstill", json_boolean(vehicle->standstill));
	set(json, "doors_open", json_boolean(state ? state->doors_open : vehicle->doors_open));
	set(json, "battery_permille", json_integer(state ? state->battery_permille : vehicle->battery_permille));
	set(json, "speed_mm_s", json_integer(state ? state->speed_mm_s : 0));
	set(json, "late_s", json_integer(vehicle->late_ms / 1000));
	set(json, "last_contact", http_json_instant(vehicle->last_contact));
	set(json, "released_until",
	    vehicle->released_until > 0 ? http_json_instant(vehicle->released_until) : json_null());
	set(json, "shift_from", vehicle->shift_to > 0 ? http_json_instant(vehicle->shift_from) : json_null());
	set(json, "shift_to", vehicle->shift_to > 0 ? http_json_instant(vehicle->shift_to) : json_null());
	set(json, "cleaned_at", http_json_instant(vehicle->cleaned_at));
	set(json, "clean_due", http_json_instant(core_clean_due(http_core(http), vehicle->number)));
	uint64_t asked = core_approval(http_core(http), vehicle->number);
	set(json, "approval_asked", asked ? http_json_id(asked) : json_null());
	set(json, "released_by", text_or_null(vehicle->released_by));
	set(json, "approval", text_or_null(vehicle->approval));
	set(json, "supervisor", text_or_null(vehicle->supervisor));
}

json_t *view_vehicle(const struct http *http, const struct core_vehicle *vehicle)
{
	const struct town *town = http_town(http);
	struct view_position position = view_position(http, vehicle);
	json_t *json = json_object(), *aboard = json_array();
	for (uint32_t i = 0; i < vehicle->n_aboard && i < WIRE_ABOARD_MAX; i++)
		json_array_append_new(aboard, http_json_id(vehicle->aboard[i]));
	set(json, "vehicle", json_integer(vehicle->number));
	set(json, "name", text_or_null(vehicle->name));
	set(json, "class",
	    vehicle->class_index < town->n_classes ? view_town_text(town, town->class_name[vehicle->class_index])
						   : json_null());
	set_position(json, &position);
	set_service(http, json, vehicle);
	set(json, "simulated", json_boolean(vehicle->simulated));
	set(json, "step_free", json_boolean(vehicle->step_free));
	set(json, "spaces", spaces_view(http, vehicle));
	set(json, "aboard", aboard);
	set(json, "plan", plan_view(http, vehicle));
	set(json, "empty_m", json_integer((json_int_t)(vehicle->empty_mm / 1000)));
	set(json, "loaded_m", json_integer((json_int_t)(vehicle->loaded_mm / 1000)));
	return json;
}

json_t *view_case(const struct http *http, const struct core_case *item, enum language language)
{
	static const char *const outcomes[] = {"open",		 "home_by_shuttle", "home_by_fallback",
					       "home_otherwise", "rider_declined",  "settled"};
	const struct core_vehicle *vehicle = core_vehicle(http_core(http), item->vehicle);
	(void)language;
	json_t *json = json_object();
	set(json, "case", http_json_id(item->case_id));
	set(json, "kind", json_string(core_case_name(item->kind)));
	set(json, "ride", item->ride ? http_json_id(item->ride) : json_null());
	set(json, "vehicle", item->vehicle ? json_integer(item->vehicle) : json_null());
	set(json, "vehicle_name", vehicle ? text_or_null(vehicle->name) : json_null());
	set(json, "outcome", json_string(outcomes[item->outcome < COUNT_OF(outcomes) ? item->outcome : 0]));
	set(json, "open", json_boolean(item->closed_at <= 0));
	set(json, "opened_at", http_json_instant(item->opened_at));
	set(json, "closed_at", item->closed_at > 0 ? http_json_instant(item->closed_at) : json_null());
	set(json, "owner", text_or_null(item->owner));
	set(json, "note", text_or_null(item->note));
	return json;
}

json_t *view_supervisor(const struct core_supervisor *supervisor)
{
	json_t *json = json_object();
	set(json, "who", text_or_null(supervisor->who));
	set(json, "handing_to", text_or_null(supervisor->handing_to));
	set(json, "vehicles_max", json_integer(supervisor->vehicles_max));
	set(json, "simulated", json_boolean(supervisor->simulated));
	set(json, "since", http_json_instant(supervisor->since));
	return json;
}
