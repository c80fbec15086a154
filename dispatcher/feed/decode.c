#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "gtfs-realtime.pb-c.h"

#define SKIPPED TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__SCHEDULE_RELATIONSHIP__SKIPPED
#define NO_DATA TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__SCHEDULE_RELATIONSHIP__NO_DATA
#define SECONDS_MAX INT64_C(100000000000) /* what a timestamp may say: the year 5138 */

/* Texts and lists of a message, freed with it. */
struct block {
	struct block *next;
	char bytes[];
};

struct decoder {
	const struct feed *feed;
	struct feed_message *message;
	const char *language;
	size_t cap_delays, cap_alerts;
};

static void *keep(struct decoder *decoder, size_t size)
{
	struct block *block = calloc(1, sizeof *block + size);
	if (!block)
		return NULL;
	block->next = decoder->message->blocks;
	decoder->message->blocks = block;
	return block->bytes;
}

void feed_message_free(struct feed_message *message)
{
	for (struct block *block = message->blocks; block;) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
	free(message->delays);
	free(message->alerts);
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

/* ---- alerts ---- */

static size_t utf8_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xF0 ? 4 : text[0] >= 0xE0 ? 3 : 2;
	if (length > 1 && (text[0] < 0xC2 || text[0] > 0xF4))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0; /* also at the closing NUL */
	if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F) ||
	    (text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F))
		return 0;
	return length;
}

/* Copies text for people: what is not UTF-8, and control characters but newlines, become '?'. */
static const char *clean(struct decoder *decoder, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	char *copy = keep(decoder, n + 1);
	for (size_t i = 0, to = 0; copy && i < n;) {
		size_t length = utf8_length((const unsigned char *)text + i);
		if (length == 0 || ((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7F) {
			copy[to++] = '?';
			i++;
			continue;
		}
		memcpy(copy + to, text + i, length);
		to += length;
		i += length;
	}
	return copy;
}

static const char *choose(const struct decoder *decoder, const TransitRealtime__TranslatedString *string)
{
	const char *plain = NULL;
	if (!string || string->n_translation == 0)
		return NULL;
	for (size_t i = 0; i < string->n_translation; i++) {
		const TransitRealtime__TranslatedString__Translation *translation = string->translation[i];
		if (translation->language && decoder->language &&
		    strncmp(translation->language, decoder->language, strlen(decoder->language)) == 0)
			return translation->text;
		if (!plain && (!translation->language || translation->language[0] == '\0'))
			plain = translation->text;
	}
	return plain ? plain : string->translation[0]->text;
}

/* 1 when the selector names something of this timetable, and nothing that it does not know. */
static int inform(const struct decoder *decoder, const TransitRealtime__EntitySelector *selector,
		  struct feed_informed *ret_informed)
{
	struct feed_informed informed = {NONE, NONE, NONE};
	const char *route_id = selector->route_id;
	if (selector->trip && selector->trip->trip_id) {
		int32_t start_s = selector->trip->start_time ? match_seconds(selector->trip->start_time) : -1;
		informed.trip = match_trip(decoder->feed, selector->trip->trip_id, start_s);
		if (informed.trip == NONE)
			return 0;
	} else if (selector->trip && selector->trip->route_id) {
		route_id = selector->trip->route_id;
	}
	if (selector->stop_id && (informed.stop = match_stop(decoder->feed, selector->stop_id)) == NONE)
		return 0;
	if (route_id && (informed.route = match_route(decoder->feed, route_id)) == NONE)
		return 0;
	*ret_informed = informed;
	return informed.trip != NONE || informed.stop != NONE || informed.route != NONE;
}

/* Cut between characters when too long. */
static void copy_id(char *to, size_t size, const char *text)
{
	size_t n = strlen(text);
	if (n >= size)
		for (n = size - 1; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;)
			n--;
	memcpy(to, text, n);
}

static int alert(struct decoder *decoder, const char *id, const TransitRealtime__Alert *from)
{
	struct feed_message *message = decoder->message;
	struct feed_alert to = {.from = INSTANT_NONE, .until = INSTANT_NONE, .effect = (uint32_t)from->effect};
	struct feed_informed *informed = keep(decoder, (from->n_informed_entity + 1) * sizeof *informed);
	to.header = clean(decoder, choose(decoder, from->header_text));
	to.description = clean(decoder, choose(decoder, from->description_text));
	const char *name = clean(decoder, id);
	if (!informed || !to.header || !to.description || !name)
		return ERR_MEMORY;
	copy_id(to.id, sizeof to.id, name);
	if (from->n_active_period > 0) {
		to.from = instant_of(from->active_period[0]->start);
		to.until = instant_of(from->active_period[0]->end);
	}
	for (size_t i = 0; i < from->n_informed_entity; i++) {
		if (inform(decoder, from->informed_entity[i], &informed[to.n_informed]))
			to.n_informed++;
		else
			to.n_foreign++;
	}
	to.informed = informed;
	return array_push(message->alerts, message->n_alerts, decoder->cap_alerts, to);
}

/* ---- the message ---- */

static int entity(struct decoder *decoder, const TransitRealtime__FeedEntity *from)
{
	decoder->message->n_entities++;
	if (from->has_is_deleted && from->is_deleted)
		return 0;
	decoder->message->n_vehicles += from->vehicle != NULL;
	int result = from->trip_update ? trip_update(decoder, from->trip_update) : 0;
	return result || !from->alert ? result : alert(decoder, from->id, from->alert);
}

int feed_decode(const struct feed *feed, const void *bytes, size_t size, instant_ms received, const char *language,
		struct feed_message *ret_message, struct err_detail *detail)
{
	struct feed_message message = {.at = received};
	struct decoder decoder = {.feed = feed, .message = &message, .language = language};
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
