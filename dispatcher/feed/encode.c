#include "feed.h"

#include <stdlib.h>
#include <string.h>

#include "gtfs-realtime.pb-c.h"

#define E7 10000000.0

/* Everything of one entity, so that an array of these is the whole message. */
struct parts {
	TransitRealtime__FeedEntity entity;
	TransitRealtime__VehiclePosition position;
	TransitRealtime__VehicleDescriptor descriptor;
	TransitRealtime__Position place;
};

static int check(const struct feed_vehicle *vehicle, struct err_detail *detail)
{
	if (memchr(vehicle->id, '\0', sizeof vehicle->id) == NULL || vehicle->id[0] == '\0')
		return err_set(detail, ERR_RANGE, "vehicle position: expected an id of 1 to %zu bytes",
			       sizeof vehicle->id - 1);
	if (vehicle->bearing_degrees < -1 || vehicle->bearing_degrees > 359 || vehicle->occupancy_percent < -1 ||
	    vehicle->occupancy_percent > 100 || vehicle->at < 0)
		return err_set(detail, ERR_RANGE,
			       "vehicle %s: expected bearing -1..359, occupancy -1..100, a time after 1970",
			       vehicle->id);
	return 0;
}

static TransitRealtime__VehiclePosition__OccupancyStatus occupancy(int32_t percent)
{
	if (percent == 0)
		return TRANSIT_REALTIME__VEHICLE_POSITION__OCCUPANCY_STATUS__EMPTY;
	if (percent <= 50)
		return TRANSIT_REALTIME__VEHICLE_POSITION__OCCUPANCY_STATUS__MANY_SEATS_AVAILABLE;
	if (percent < 100)
		return TRANSIT_REALTIME__VEHICLE_POSITION__OCCUPANCY_STATUS__FEW_SEATS_AVAILABLE;
	return TRANSIT_REALTIME__VEHICLE_POSITION__OCCUPANCY_STATUS__FULL;
}

/* The generated structs want char *, but never write there. */
static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

static void fill(struct parts *parts, const struct feed_vehicle *vehicle)
{
	transit_realtime__feed_entity__init(&parts->entity);
	transit_realtime__vehicle_position__init(&parts->position);
	transit_realtime__vehicle_descriptor__init(&parts->descriptor);
	transit_realtime__position__init(&parts->place);
	parts->entity.id = parts->descriptor.id = parts->descriptor.label = unconst(vehicle->id);
	parts->entity.vehicle = &parts->position;
	parts->position.vehicle = &parts->descriptor;
	parts->position.position = &parts->place;
	parts->place.latitude = (float)(vehicle->point.lat_e7 / E7);
	parts->place.longitude = (float)(vehicle->point.lon_e7 / E7);
	parts->place.has_bearing = vehicle->bearing_degrees >= 0;
	parts->place.bearing = (float)(vehicle->bearing_degrees < 0 ? 0 : vehicle->bearing_degrees);
	parts->position.has_timestamp = 1;
	parts->position.timestamp = (uint64_t)(vehicle->at / SECOND_MS);
	if (vehicle->occupancy_percent >= 0) {
		parts->position.has_occupancy_percentage = 1;
		parts->position.occupancy_percentage = (uint32_t)vehicle->occupancy_percent;
		parts->position.has_occupancy_status = 1;
		parts->position.occupancy_status = occupancy(vehicle->occupancy_percent);
	}
}

static int pack(const TransitRealtime__FeedMessage *message, uint8_t **ret_bytes, size_t *ret_size,
		struct err_detail *detail)
{
	size_t size = transit_realtime__feed_message__get_packed_size(message);
	uint8_t *bytes = malloc(size + 1);
	if (!bytes)
		return err_set(detail, ERR_MEMORY, "vehicle positions: out of memory");
	*ret_size = transit_realtime__feed_message__pack(message, bytes);
	*ret_bytes = bytes;
	return 0;
}

int feed_encode_vehicles(const struct feed_vehicle *vehicles, uint32_t n, instant_ms at, uint8_t **ret_bytes,
			 size_t *ret_size, struct err_detail *detail)
{
	int result = at < 0 ? err_set(detail, ERR_RANGE, "vehicle positions: expected a time after 1970") : 0;
	for (uint32_t i = 0; i < n && !result; i++)
		result = check(&vehicles[i], detail);
	if (result)
		return result;
	struct parts *parts = calloc((size_t)n + 1, sizeof *parts);
	TransitRealtime__FeedEntity **entities = calloc((size_t)n + 1, sizeof(TransitRealtime__FeedEntity *));
	TransitRealtime__FeedHeader header = TRANSIT_REALTIME__FEED_HEADER__INIT;
	TransitRealtime__FeedMessage message = TRANSIT_REALTIME__FEED_MESSAGE__INIT;
	if (!parts || !entities) {
		result = err_set(detail, ERR_MEMORY, "vehicle positions: out of memory");
	} else {
		for (uint32_t i = 0; i < n; i++) {
			fill(&parts[i], &vehicles[i]);
			entities[i] = &parts[i].entity;
		}
		header.gtfs_realtime_version = unconst("2.0");
		header.has_incrementality = 1;
		header.incrementality = TRANSIT_REALTIME__FEED_HEADER__INCREMENTALITY__FULL_DATASET;
		header.has_timestamp = 1;
		header.timestamp = (uint64_t)(at / SECOND_MS);
		message.header = &header;
		message.n_entity = n;
		message.entity = entities;
		result = pack(&message, ret_bytes, ret_size, detail);
	}
	free(parts);
	free(entities);
	return result;
}
