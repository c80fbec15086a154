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

static int compare_name(const struct town *town, uint32_t trip, const char *id, const char *feed, int32_t start_s)
{
	const struct timetable *timetable = &town->timetable;
	int order = strcmp(town_text(town, timetable->trip_id[trip]), id);
	if (!order)
		order = strcmp(town_text(town, timetable->feed_name[timetable->trip_feed[trip]]), feed);
	return order ? order : (timetable->trip_start_s[trip] > start_s) - (timetable->trip_start_s[trip] < start_s);
}

int timetable_compare(const struct town *town, uint32_t trip, uint32_t other)
{
	const struct timetable *timetable = &town->timetable;
	int order = compare_name(town, trip, town_text(town, timetable->trip_id[other]),
				 town_text(town, timetable->feed_name[timetable->trip_feed[other]]),
				 timetable->trip_start_s[other]);
	return order ? order : (trip > other) - (trip < other);
}

/* Two sorted runs, one behind the other, into one. */
static void merge(const struct town *town, const uint32_t *left, uint32_t n_left, uint32_t n_right, uint32_t *ret_trips)
{
	const uint32_t *right = left + n_left;
	for (uint32_t i = 0, k = 0; i < n_left || k < n_right;)
		if (k == n_right || (i < n_left && timetable_compare(town, left[i], right[k]) < 0))
			*ret_trips++ = left[i++];
		else
			*ret_trips++ = right[k++];
}

void timetable_sort(const struct town *town, uint32_t *trips, uint32_t *scratch)
{
	uint32_t n = town->timetable.n_trips;
	for (uint32_t i = 0; i < n; i++)
		trips[i] = i;
	for (uint32_t width = 1; width < n; width *= 2) {
		for (uint32_t at = 0; at < n; at += 2 * width) {
			uint32_t left = n - at < width ? n - at : width;
			uint32_t right = n - at - left < width ? n - at - left : width;
			merge(town, trips + at, left, right, scratch + at);
		}
		memcpy(trips, scratch, n * sizeof *trips);
	}
}

/* The lowest trip of that name: a file may have one twice. */
static uint32_t find_trip(const struct town *town, const struct trip_key *key)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t low = 0, high = timetable->n_trips;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (compare_name(town, timetable->trip_by_name[middle], key->trip_id, key->feed, key->start_s) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	uint32_t trip = low < timetable->n_trips ? timetable->trip_by_name[low] : NONE;
	return trip != NONE && !compare_name(town, trip, key->trip_id, key->feed, key->start_s) ? trip : NONE;
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
