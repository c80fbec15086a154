#include "timetable.h"

#include <string.h>

#include "err.h"
#include "town.h"

uint32_t timetable_day(const struct timetable *timetable, uint32_t yyyymmdd)
{
	uint32_t low = 0, high = timetable->n_days;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (timetable->day_yyyymmdd[middle] < yyyymmdd)
			low = middle + 1;
		else
			high = middle;
	}
	return low < timetable->n_days && timetable->day_yyyymmdd[low] == yyyymmdd ? low : NONE;
}

int timetable_runs(const struct timetable *timetable, uint32_t trip, uint32_t day)
{
	if (trip >= timetable->n_trips || day >= timetable->n_days)
		return 0;
	size_t row = (size_t)timetable->trip_service[trip] * timetable->n_day_words;
	return timetable->service_days[row + day / 64] >> (day % 64) & 1;
}

static uint32_t find_trip(const struct town *town, const struct trip_key *key)
{
	const struct timetable *timetable = &town->timetable;
	for (uint32_t trip = 0; trip < timetable->n_trips; trip++) {
		if (timetable->trip_start_s[trip] != key->start_s)
			continue;
		if (strcmp(town_text(town, timetable->trip_id[trip]), key->trip_id) != 0)
			continue;
		uint32_t feed = timetable->trip_feed[trip];
		if (strcmp(town_text(town, timetable->feed_name[feed]), key->feed) == 0)
			return trip;
	}
	return NONE;
}

uint32_t timetable_find(const struct town *town, const struct trip_key *key, uint32_t *ret_day)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t day = timetable_day(timetable, key->yyyymmdd), trip = day == NONE ? NONE : find_trip(town, key);
	if (trip == NONE || !timetable_runs(timetable, trip, day))
		return NONE;
	for (uint32_t event = timetable->trip_first[trip]; event < timetable->trip_first[trip + 1]; event++) {
		if (timetable->time_sequence[event] != key->stop_sequence)
			continue;
		if (ret_day)
			*ret_day = day;
		return event;
	}
	return NONE;
}

int timetable_key(const struct town *town, uint32_t event, uint32_t day, struct trip_key *ret_key)
{
	const struct timetable *timetable = &town->timetable;
	if (event >= timetable->n_stop_times || day >= timetable->n_days)
		return ERR_RANGE;
	uint32_t trip = timetable->event_trip[event];
	const char *feed = town_text(town, timetable->feed_name[timetable->trip_feed[trip]]);
	const char *id = town_text(town, timetable->trip_id[trip]);
	struct trip_key key = {.start_s = timetable->trip_start_s[trip],
			       .yyyymmdd = timetable->day_yyyymmdd[day],
			       .stop_sequence = timetable->time_sequence[event]};
	if (strlen(feed) >= sizeof key.feed || strlen(id) >= sizeof key.trip_id)
		return ERR_RANGE;
	memcpy(key.feed, feed, strlen(feed));
	memcpy(key.trip_id, id, strlen(id));
	*ret_key = key;
	return 0;
}
