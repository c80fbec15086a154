/* Open feeds of our own: where the shuttles are, as GTFS-Realtime vehicle positions (protobuf and JSON). Only shuttles
 * in service, nothing of riders but how full a shuttle is. */
#include "feed.h"
#include "http_server.h"
#include <stdlib.h>

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

static int is_shown(const struct core_vehicle *vehicle)
{
	return vehicle->link_up && (vehicle->service == SERVICE_IN || vehicle->service == SERVICE_ENDING);
}

static int32_t percent_full(const struct http *http, const struct core_vehicle *vehicle)
{
	uint32_t aboard = view_aboard(http, vehicle), seats = vehicle->spaces[0];
	if (seats == 0)
		return -1;
	return aboard >= seats ? 100 : (int32_t)(aboard * 100 / seats);
}

/* malloc'ed, or NULL. */
static struct feed_vehicle *shown(const struct http *http, uint32_t *ret_n)
{
	const struct core *core = http_core(http);
	uint32_t n = 0;
	struct feed_vehicle *list = calloc((size_t)core_n_vehicles(core) + 1, sizeof *list);
	for (uint32_t i = 0; i < core_n_vehicles(core) && list; i++) {
		const struct core_vehicle *vehicle = core_vehicle_at(core, i);
		struct view_position position = view_position(http, vehicle);
		if (!is_shown(vehicle))
			continue;
		list[n] = (struct feed_vehicle){.point = position.point,
						.bearing_degrees = position.heading,
						.at = position.at,
						.occupancy_percent = percent_full(http, vehicle)};
		snprintf(list[n].id, sizeof list[n].id, "shuttle-%u", vehicle->number);
		n++;
	}
	*ret_n = n;
	return list;
}

void handle_vehicle_positions(struct call *call)
{
	struct err_detail detail = {""};
	struct evbuffer *out = evbuffer_new();
	uint8_t *bytes = NULL;
	size_t size = 0;
	uint32_t n = 0;
	struct feed_vehicle *list = shown(call->http, &n);
	if (!out || !list ||
	    feed_encode_vehicles(list, n, call->http->host.now(call->http->host.self), &bytes, &size, &detail)) {
		reply_error(call, "internal", NULL);
	} else {
		evbuffer_add(out, bytes, size);
		reply_bytes(call, 200, "application/x-protobuf", "no-cache", out);
	}
	free(bytes);
	free(list);
	if (out)
		evbuffer_free(out);
}

static json_t *entity_view(const struct feed_vehicle *vehicle)
{
	json_t *json = json_object(), *position = json_object(), *what = json_object(), *name = json_object();
	set(position, "latitude", http_json_degrees(vehicle->point.lat_e7));
	set(position, "longitude", http_json_degrees(vehicle->point.lon_e7));
	if (vehicle->bearing_degrees >= 0)
		set(position, "bearing", json_integer(vehicle->bearing_degrees));
	set(name, "id", json_string(vehicle->id));
	set(what, "vehicle", name);
	set(what, "position", position);
	set(what, "timestamp", json_integer(vehicle->at / SECOND_MS));
	if (vehicle->occupancy_percent >= 0)
		set(what, "occupancy_percentage", json_integer(vehicle->occupancy_percent));
	set(json, "id", json_string(vehicle->id));
	set(json, "vehicle", what);
	return json;
}

/* The same by the names of the GTFS-Realtime schema. */
void handle_vehicle_positions_json(struct call *call)
{
	uint32_t n = 0;
	struct feed_vehicle *list = shown(call->http, &n);
	json_t *json = json_object(), *header = json_object(), *entities = json_array();
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(entities, entity_view(&list[i]));
	free(list);
	set(header, "gtfs_realtime_version", json_string("2.0"));
	set(header, "incrementality", json_string("FULL_DATASET"));
	set(header, "timestamp", json_integer(call->http->host.now(call->http->host.self) / SECOND_MS));
	set(json, "header", header);
	set(json, "entity", entities);
	reply_json(call, 200, json);
}
