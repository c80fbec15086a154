#include "transit_model.h"

#include <string.h>

static int before(const struct delay *delay, uint32_t day, uint32_t trip, uint32_t event)
{
	if (delay->day != day)
		return delay->day < day;
	if (delay->trip != trip)
		return delay->trip < trip;
	return delay->event < event;
}

/* Where (day, trip, event) stands or would stand. */
static uint32_t place(const struct transit *transit, uint32_t day, uint32_t trip, uint32_t event)
{
	uint32_t low = 0, high = transit->n_delays;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (before(&transit->delays[middle], day, trip, event))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The delays of a run are delays[*ret_first .. returned - 1]. */
static uint32_t delays_of(const struct transit *transit, uint32_t day, uint32_t trip, uint32_t *ret_first)
{
	uint32_t end = place(transit, day, trip, 0);
	*ret_first = end;
	while (end < transit->n_delays && transit->delays[end].day == day && transit->delays[end].trip == trip)
		end++;
	return end;
}

int run_is_live(const struct transit *transit, uint32_t trip, uint32_t day)
{
	uint32_t first;
	return transit->n_delays > 0 && delays_of(transit, day, trip, &first) > first;
}

int live_run_open(struct live_run *run, const struct transit *transit, uint32_t trip, uint32_t day)
{
	*run = (struct live_run){
		.transit = transit, .start = transit->town->timetable.day_start[day], .latest = INSTANT_NONE};
	if (transit->n_delays > 0)
		run->end = delays_of(transit, day, trip, &run->at);
	return run->at == run->end || transit->delays[run->at].event != NONE;
}

int live_run_next(struct live_run *run, uint32_t event, instant_ms *ret_arrival, instant_ms *ret_departure)
{
	const struct timetable *timetable = &run->transit->town->timetable;
	int32_t arrival_late_s = run->late_s;
	int calls = 1;
	if (run->at < run->end && run->transit->delays[run->at].event == event) {
		calls = !run->transit->delays[run->at].skips;
		arrival_late_s = run->transit->delays[run->at].arrival_late_s;
		run->late_s = run->transit->delays[run->at].departure_late_s;
		run->at++;
	}
	instant_ms arrival = run->start + ((int64_t)timetable->time_arrival_s[event] + arrival_late_s) * SECOND_MS;
	instant_ms departure = run->start + ((int64_t)timetable->time_departure_s[event] + run->late_s) * SECOND_MS;
	*ret_arrival = arrival > run->latest ? arrival : run->latest;
	*ret_departure = departure > *ret_arrival ? departure : *ret_arrival;
	run->latest = *ret_departure;
	return calls;
}

int transit_times(const struct transit *transit, uint32_t event, uint32_t day, instant_ms *ret_arrival,
		  instant_ms *ret_departure)
{
	const struct timetable *timetable = &transit->town->timetable;
	struct live_run run;
	instant_ms arrival = INSTANT_NONE, departure = INSTANT_NONE;
	int calls = 0;
	if (event >= timetable->n_stop_times || day >= timetable->n_days)
		return ERR_RANGE;
	uint32_t trip = timetable->event_trip[event];
	if (!timetable_runs(timetable, trip, day))
		return ERR_NOT_FOUND;
	if (live_run_open(&run, transit, trip, day))
		for (uint32_t at = timetable->trip_first[trip]; at <= event; at++)
			calls = live_run_next(&run, at, &arrival, &departure);
	*ret_arrival = calls ? arrival : INSTANT_NONE;
	*ret_departure = calls ? departure : INSTANT_NONE;
	return 0;
}

static void erase(struct transit *transit, uint32_t first, uint32_t end)
{
	memmove(transit->delays + first, transit->delays + end, (transit->n_delays - end) * sizeof *transit->delays);
	transit->n_delays -= end - first;
}

/* Everything of the run from `event` on gives way to the new word; whether that needs room is known before. */
static int replace(struct transit *transit, const struct delay *delay, int needed)
{
	uint32_t first, end = delays_of(transit, delay->day, delay->trip, &first);
	uint32_t at = place(transit, delay->day, delay->trip, delay->event == NONE ? 0 : delay->event);
	needed = needed || at > first; /* "on time" must be kept after an earlier delay */
	if (needed && at == end && transit->n_delays == transit->delays_max)
		return ERR_FULL;
	erase(transit, at, end);
	if (!needed)
		return 0;
	memmove(transit->delays + at + 1, transit->delays + at, (transit->n_delays - at) * sizeof *transit->delays);
	transit->delays[at] = *delay;
	transit->n_delays++;
	return 0;
}

int transit_delay(struct transit *transit, const struct trip_key *key, int32_t arrival_late_s, int32_t departure_late_s,
		  enum transit_word word)
{
	const struct timetable *timetable = &transit->town->timetable;
	if (arrival_late_s < -DELAY_MAX_S || arrival_late_s > DELAY_MAX_S || departure_late_s < -DELAY_MAX_S ||
	    departure_late_s > DELAY_MAX_S)
		return ERR_RANGE;
	struct delay delay = {.day = timetable_day(timetable, key->yyyymmdd),
			      .trip = trip_find(transit, key),
			      .arrival_late_s = arrival_late_s,
			      .departure_late_s = departure_late_s,
			      .skips = word == TRANSIT_SKIPS};
	if (delay.day == NONE || delay.trip == NONE || !timetable_runs(timetable, delay.trip, delay.day))
		return ERR_NOT_FOUND;
	if (word == TRANSIT_CANCELLED) {
		delay.event = NONE;
		return replace(transit, &delay, 1);
	}
	delay.event = timetable->trip_first[delay.trip];
	while (delay.event < timetable->trip_first[delay.trip + 1] &&
	       timetable->time_sequence[delay.event] != key->stop_sequence)
		delay.event++;
	if (delay.event == timetable->trip_first[delay.trip + 1])
		return ERR_NOT_FOUND;
	return replace(transit, &delay, delay.skips || arrival_late_s != 0 || departure_late_s != 0);
}

void transit_forget(struct transit *transit)
{
	transit->n_delays = 0;
}
