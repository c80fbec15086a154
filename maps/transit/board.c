#include "transit_model.h"

static int later(const struct transit_call *a, const struct transit_call *b)
{
	if (a->live != b->live)
		return a->live > b->live;
	return a->event != b->event ? a->event > b->event : a->day > b->day;
}

static uint32_t insert(struct transit_call *calls, uint32_t n, uint32_t most, const struct transit_call *call)
{
	uint32_t at = n;
	while (at > 0 && later(&calls[at - 1], call))
		at--;
	if (at == most)
		return n;
	for (uint32_t i = n < most ? n : most - 1; i > at; i--)
		calls[i] = calls[i - 1];
	calls[at] = *call;
	return n < most ? n + 1 : n;
}

/* Can one board (alight) here? Not at the last (first) stop of a trip. */
static int counts(const struct timetable *timetable, uint32_t event, int arriving)
{
	uint32_t trip = timetable->event_trip[event];
	if (arriving)
		return event != timetable->trip_first[trip] && timetable->time_dropoff[event] != 1;
	return event + 1 != timetable->trip_first[trip + 1] && timetable->time_pickup[event] != 1;
}

static struct transit_call call_at(const struct transit *transit, uint32_t event, uint32_t day, int arriving)
{
	const struct timetable *timetable = &transit->town->timetable;
	int32_t planned_s = arriving ? timetable->time_arrival_s[event] : timetable->time_departure_s[event];
	struct transit_call call = {
		.event = event, .day = day, .planned = timetable->day_start[day] + planned_s * SECOND_MS};
	call.live = call.planned;
	if (run_is_live(transit, timetable->event_trip[event], day)) {
		instant_ms arrival = INSTANT_NONE, departure = INSTANT_NONE;
		transit_times(transit, event, day, &arrival, &departure);
		call.cancelled = arrival == INSTANT_NONE;
		if (!call.cancelled)
			call.live = arriving ? arrival : departure;
	}
	return call;
}

uint32_t transit_board(const struct transit *transit, uint32_t stop, instant_ms at, int arriving,
		       struct transit_call *ret_calls, uint32_t most)
{
	const struct timetable *timetable = &transit->town->timetable;
	uint32_t last = day_at(timetable, at), n = 0;
	if (most == 0 || stop >= timetable->n_stops || last == NONE)
		return 0;
	uint32_t first = day_at(timetable, at - transit->latest_s * SECOND_MS - DELAY_MAX_S * SECOND_MS);
	first = first == NONE ? 0 : first;
	last = last + 1 < timetable->n_days ? last + 1 : last;
	for (uint32_t platform = 0; platform < timetable->n_stops; platform++) {
		if (transit->station[platform] != transit->station[stop])
			continue;
		for (uint32_t i = timetable->stop_first[platform]; i < timetable->stop_first[platform + 1]; i++) {
			uint32_t event = timetable->stop_event[i];
			for (uint32_t day = first; day <= last && counts(timetable, event, arriving); day++) {
				if (!timetable_runs(timetable, timetable->event_trip[event], day))
					continue;
				struct transit_call call = call_at(transit, event, day, arriving);
				if (call.live >= at)
					n = insert(ret_calls, n, most, &call);
			}
		}
	}
	return n;
}
