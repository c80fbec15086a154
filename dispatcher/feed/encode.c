#include "feed.h"

#include <stdio.h>
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

static int pack(TransitRealtime__FeedEntity **entities, uint32_t n, instant_ms at, uint8_t **ret_bytes,
		size_t *ret_size, struct err_detail *detail)
{
	TransitRealtime__FeedHeader header = TRANSIT_REALTIME__FEED_HEADER__INIT;
	TransitRealtime__FeedMessage message = TRANSIT_REALTIME__FEED_MESSAGE__INIT;
	header.gtfs_realtime_version = unconst("2.0");
	header.has_incrementality = 1;
	header.incrementality = TRANSIT_REALTIME__FEED_HEADER__INCREMENTALITY__FULL_DATASET;
	header.has_timestamp = 1;
	header.timestamp = (uint64_t)(at / SECOND_MS);
	message.header = &header;
	message.n_entity = n;
	message.entity = entities;
	size_t size = transit_realtime__feed_message__get_packed_size(&message);
	uint8_t *bytes = malloc(size + 1);
	if (!bytes)
		return err_set(detail, ERR_MEMORY, "live feed: out of memory");
	*ret_size = transit_realtime__feed_message__pack(&message, bytes);
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
	if (!parts || !entities) {
		result = err_set(detail, ERR_MEMORY, "live feed: out of memory");
	} else {
		for (uint32_t i = 0; i < n; i++) {
			fill(&parts[i], &vehicles[i]);
			entities[i] = &parts[i].entity;
		}
		result = pack(entities, n, at, ret_bytes, ret_size, detail);
	}
	free(parts);
	free(entities);
	return result;
}

/* ---- trip updates ---- */

/* Everything of one entry; those of a trip's first entry stand for the whole trip. */
struct word {
	TransitRealtime__FeedEntity entity;
	TransitRealtime__TripUpdate update;
	TransitRealtime__TripDescriptor trip;
	TransitRealtime__TripUpdate__StopTimeUpdate stop;
	TransitRealtime__TripUpdate__StopTimeEvent arrival, departure;
	char id[128], date[16], start[16];
};

static int same_run(const struct trip_key *a, const struct trip_key *b)
{
	return a->start_s == b->start_s && a->yyyymmdd == b->yyyymmdd && strcmp(a->trip_id, b->trip_id) == 0 &&
	       strcmp(a->feed, b->feed) == 0;
}

static void fill_trip(struct word *word, const struct feed_trip_delay *delay)
{
	const struct trip_key *key = &delay->key;
	transit_realtime__feed_entity__init(&word->entity);
	transit_realtime__trip_update__init(&word->update);
	transit_realtime__trip_descriptor__init(&word->trip);
	snprintf(word->id, sizeof word->id, "%s:%u:%d", key->trip_id, key->yyyymmdd, key->start_s);
	snprintf(word->date, sizeof word->date, "%08u", key->yyyymmdd);
	snprintf(word->start, sizeof word->start, "%02d:%02d:%02d", key->start_s / 3600, key->start_s / 60 % 60,
		 key->start_s % 60);
	word->entity.id = word->id;
	word->entity.trip_update = &word->update;
	word->update.trip = &word->trip;
	word->trip.trip_id = unconst(key->trip_id);
	word->trip.start_date = word->date;
	word->trip.start_time = key->start_s >= 0 ? word->start : NULL;
	word->trip.has_schedule_relationship = delay->cancelled;
	word->trip.schedule_relationship = TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__CANCELED;
}

static void fill_stop(struct word *word, const struct feed_trip_delay *delay)
{
	transit_realtime__trip_update__stop_time_update__init(&word->stop);
	transit_realtime__trip_update__stop_time_event__init(&word->arrival);
	transit_realtime__trip_update__stop_time_event__init(&word->departure);
	word->stop.has_stop_sequence = 1;
	word->stop.stop_sequence = delay->key.stop_sequence;
	word->stop.arrival = &word->arrival;
	word->stop.departure = &word->departure;
	word->arrival.has_delay = word->departure.has_delay = 1;
	word->arrival.delay = delay->arrival_late_s;
	word->departure.delay = delay->departure_late_s;
	word->stop.has_schedule_relationship = delay->skipped;
	word->stop.schedule_relationship =
		TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__SCHEDULE_RELATIONSHIP__SKIPPED;
}

static uint32_t fill_words(struct word *words, const struct feed_trip_delay *delays, uint32_t n,
			   TransitRealtime__FeedEntity **entities, TransitRealtime__TripUpdate__StopTimeUpdate **stops)
{
	uint32_t n_entities = 0;
	struct word *first = words;
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || !same_run(&delays[i].key, &delays[i - 1].key)) {
			first = &words[i];
			fill_trip(first, &delays[i]);
			first->update.stop_time_update = stops + i;
			entities[n_entities++] = &first->entity;
		}
		fill_stop(&words[i], &delays[i]);
		stops[i] = &words[i].stop;
		first->update.n_stop_time_update += !delays[i].cancelled;
	}
	return n_entities;
}

static int texts_end(const struct feed_trip_delay *delays, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!memchr(delays[i].key.trip_id, 0, sizeof delays[i].key.trip_id) ||
		    !memchr(delays[i].key.feed, 0, sizeof delays[i].key.feed) || delays[i].key.yyyymmdd > 99999999)
			return 0;
	return 1;
}

int feed_encode_delays(const struct feed_trip_delay *delays, uint32_t n, instant_ms at, uint8_t **ret_bytes,
		       size_t *ret_size, struct err_detail *detail)
{
	if (at < 0 || !texts_end(delays, n))
		return err_set(detail, ERR_RANGE,
			       "trip updates: expected a time after 1970, ids that end, dates YYYYMMDD");
	struct word *words = calloc((size_t)n + 1, sizeof *words);
	TransitRealtime__FeedEntity **entities = calloc((size_t)n + 1, sizeof(TransitRealtime__FeedEntity *));
	TransitRealtime__TripUpdate__StopTimeUpdate **stops =
		calloc((size_t)n + 1, sizeof(TransitRealtime__TripUpdate__StopTimeUpdate *));
	int result;
	if (!words || !entities || !stops)
		result = err_set(detail, ERR_MEMORY, "live feed: out of memory");
	else
		result = pack(entities, fill_words(words, delays, n, entities, stops), at, ret_bytes, ret_size, detail);
	free(words);
	free(entities);
	free(stops);
	return result;
}
