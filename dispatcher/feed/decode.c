#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "gtfs-realtime.pb-c.h"

#define SKIPPED TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__SCHEDULE_RELATIONSHIP__SKIPPED
#define NO_DATA TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__SCHEDULE_RELATIONSHIP__NO_DATA
#define SECONDS_MAX INT64_C(100000000000) /* what a timestamp may say: the year 5138 */

struct decoder {
	const struct feed *feed;
	struct feed_message *message;
	size_t cap_delays;
};

void feed_message_free(struct feed_message *message)
{
	free(message->delays);
	*message = (struct feed_message){0};
}

static instant_ms instant_of(uint64_t seconds)
{
	return seconds > 0 && seconds < (uint64_t)SECONDS_MAX ? (instant_ms)seconds * SECOND_MS : INSTANT_NONE;
}

/* ---- trip updates ---- */

/* What is known so far along a trip. */
struct along {
	uint32_t trip, day, next_event;
	int32_t late_s;	  /* carried on from the last stop */
	int first, known; /* no entry made yet; late_s was said */
};

static int add_delay(struct decoder *decoder, const struct along *along, uint32_t event,
		     const struct feed_trip_delay *said)
{
	struct feed_message *message = decoder->message;
	struct feed_trip_delay delay = *said;
	delay.event = event;
	delay.day = along->day;
	if (timetable_key(decoder->feed->town, event, along->day, &delay.key)) {
		message->n_trips_unknown++; /* an id too long to name a connection by */
		return 0;
	}
	return array_push(message->delays, message->n_delays, decoder->cap_delays, delay);
}

/* Seconds late by a stop time event; 0 = says nothing. */
static int late_of(const TransitRealtime__TripUpdate__StopTimeEvent *event, instant_ms planned, int64_t *ret_late_s)
{
	if (!event)
		return 0;
	if (event->has_time && event->time > 0 && event->time < SECONDS_MAX) {
		*ret_late_s = event->time - planned / SECOND_MS;
		return 1;
	}
	*ret_late_s = event->delay;
	return event->has_delay;
}

/* By sequence; else the next stop with that id from where the last one was found. */
static uint32_t find_event(const struct decoder *decoder, const struct along *along,
			   const TransitRealtime__TripUpdate__StopTimeUpdate *update)
{
	const struct timetable *t = &decoder->feed->town->timetable;
	uint32_t end = t->trip_first[along->trip + 1];
	if (update->has_stop_sequence) {
		for (uint32_t event = t->trip_first[along->trip]; event < end; event++)
			if (t->time_sequence[event] == update->stop_sequence)
				return event;
		return NONE;
	}
	uint32_t stop = update->stop_id ? match_stop(decoder->feed, update->stop_id) : NONE;
	for (uint32_t event = along->next_event; event < end && stop != NONE; event++)
		if (t->time_stop[event] == stop)
			return event;
	return NONE;
}

/* A missing arrival is as late as the trip was before, a missing departure as late as the arrival. */
static int lateness(const struct decoder *decoder, const struct along *along, uint32_t event,
		    const TransitRealtime__TripUpdate__StopTimeUpdate *update, struct feed_trip_delay *ret_said)
{
	const struct timetable *t = &decoder->feed->town->timetable;
	instant_ms start = t->day_start[along->day];
	int64_t arrival = along->late_s, departure = along->late_s;
	int by_arrival = late_of(update->arrival, start + t->time_arrival_s[event] * SECOND_MS, &arrival);
	int by_departure = late_of(update->departure, start + t->time_departure_s[event] * SECOND_MS, &departure);
	if (!by_departure)
		departure = by_arrival ? arrival : along->late_s;
	if (!by_arrival)
		arrival = by_departure && !along->known ? departure : along->late_s;
	if (update->schedule_relationship == NO_DATA)
		arrival = departure = 0;
	if (arrival < -FEED_LATE_MAX_S || arrival > FEED_LATE_MAX_S || departure < -FEED_LATE_MAX_S ||
	    departure > FEED_LATE_MAX_S)
		return 0;
	ret_said->arrival_late_s = (int32_t)arrival;
	ret_said->departure_late_s = (int32_t)departure;
	return 1;
}

static int stop_update(struct decoder *decoder, struct along *along,
		       const TransitRealtime__TripUpdate__StopTimeUpdate *update)
{
	struct feed_trip_delay said = {.skipped = update->schedule_relationship == SKIPPED};
	uint32_t event = find_event(decoder, along, update);
	if (event == NONE || event < along->next_event) {
		decoder->message->n_stops_unknown++;
		return 0;
	}
	if (!lateness(decoder, along, event, update, &said)) {
		decoder->message->n_implausible++;
		return 0;
	}
	int changes = along->first || said.skipped || said.arrival_late_s != along->late_s ||
		      said.departure_late_s != along->late_s;
	along->next_event = event + 1;
	along->late_s = said.departure_late_s;
	along->known = along->known || !said.skipped;
	along->first = 0;
	return changes ? add_delay(decoder, along, event, &said) : 0;
}

/* Finds trip and day; 0 = neither a trip of ours nor one to be told of. */
static int find_run(struct decoder *decoder, const TransitRealtime__TripDescriptor *trip, struct along *along)
{
	struct feed_message *message = decoder->message;
	switch (trip->has_schedule_relationship ? trip->schedule_relationship : 0) {
	case TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__SCHEDULED:
	case TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__UNSCHEDULED: /* runs of frequencies */
	case TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__CANCELED:
	case TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__DELETED:
		break;
	default:
		message->n_trips_added++;
		return 0;
	}
	int32_t start_s = trip->start_time ? match_seconds(trip->start_time) : -1;
	along->trip = trip->trip_id ? match_trip(decoder->feed, trip->trip_id, start_s) : NONE;
	along->day = along->trip == NONE ? NONE : match_day(decoder->feed, along->trip, trip->start_date, message->at);
	if (along->day == NONE) {
		message->n_trips_unknown++;
		return 0;
	}
	along->next_event = decoder->feed->town->timetable.trip_first[along->trip];
	along->first = 1;
	return 1;
}

static int is_cancelled(const TransitRealtime__TripDescriptor *trip)
{
	return trip->has_schedule_relationship &&
	       (trip->schedule_relationship == TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__CANCELED ||
		trip->schedule_relationship == TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__DELETED);
}

static int trip_update(struct decoder *decoder, const TransitRealtime__TripUpdate *update)
{
	struct along along = {0};
	decoder->message->n_trips++;
	if (!find_run(decoder, update->trip, &along))
		return 0;
	if (is_cancelled(update->trip)) {
		struct feed_trip_delay said = {.cancelled = 1};
		return add_delay(decoder, &along, along.next_event, &said);
	}
	if (update->n_stop_time_update == 0 && update->has_delay) {
		struct feed_trip_delay said = {.arrival_late_s = update->delay, .departure_late_s = update->delay};
		if (update->delay >= -FEED_LATE_MAX_S && update->delay <= FEED_LATE_MAX_S)
			return add_delay(decoder, &along, along.next_event, &said);
		decoder->message->n_implausible++;
	}
	for (size_t i = 0; i < update->n_stop_time_update; i++)
		if (stop_update(decoder, &along, update->stop_time_update[i]))
			return ERR_MEMORY;
	return 0;
}

/* ---- the message ---- */

static int entity(struct decoder *decoder, const TransitRealtime__FeedEntity *from)
{
	decoder->message->n_entities++;
	if (from->has_is_deleted && from->is_deleted)
		return 0;
	decoder->message->n_vehicles += from->vehicle != NULL;
	decoder->message->n_alerts += from->alert != NULL;
	return from->trip_update ? trip_update(decoder, from->trip_update) : 0;
}

int feed_decode(const struct feed *feed, const void *bytes, size_t size, instant_ms received,
		struct feed_message *ret_message, struct err_detail *detail)
{
	struct feed_message message = {.at = received};
	struct decoder decoder = {.feed = feed, .message = &message};
	if (size > FEED_BYTES_MAX)
		return err_set(detail, ERR_RANGE, "live feed: %zu bytes, expected at most %u", size, FEED_BYTES_MAX);
	TransitRealtime__FeedMessage *in = transit_realtime__feed_message__unpack(NULL, size, bytes);
	if (!in)
		return err_set(detail, ERR_FORMAT, "live feed: %zu bytes that are no complete GTFS-Realtime message",
			       size);
	if (in->header->has_timestamp && instant_of(in->header->timestamp) != INSTANT_NONE)
		message.at = instant_of(in->header->timestamp);
	int result = 0;
	for (size_t i = 0; i < in->n_entity && !result; i++)
		result = entity(&decoder, in->entity[i]);
	transit_realtime__feed_message__free_unpacked(in, NULL);
	if (result) {
		feed_message_free(&message);
		return err_set(detail, result, "live feed: out of memory");
	}
	*ret_message = message;
	return 0;
}
