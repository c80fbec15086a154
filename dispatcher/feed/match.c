#include "match.h"

#include <stdlib.h>
#include <string.h>

struct ids { /* for sorting: an id column and its texts */
	const struct town *town;
	const uint32_t *id;
	const int32_t *start_s; /* NULL = none */
};

static int by_id(const void *left, const void *right, void *context)
{
	const struct ids *ids = context;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int differ = strcmp(town_text(ids->town, ids->id[a]), town_text(ids->town, ids->id[b]));
	if (differ)
		return differ;
	if (ids->start_s && ids->start_s[a] != ids->start_s[b])
		return ids->start_s[a] < ids->start_s[b] ? -1 : 1;
	return a < b ? -1 : a > b;
}

static uint32_t *sort_ids(const struct ids *ids, const uint32_t *feed_of, uint32_t feed, uint32_t n, uint32_t *ret_n)
{
	uint32_t *rows = malloc(((size_t)n + 1) * sizeof *rows);
	*ret_n = 0;
	for (uint32_t i = 0; i < n && rows; i++)
		if (feed_of[i] == feed)
			rows[(*ret_n)++] = i;
	if (rows && *ret_n)
		qsort_r(rows, *ret_n, sizeof *rows, by_id, (void *)(uintptr_t)ids);
	return rows;
}

static uint32_t find_id(const struct ids *ids, const uint32_t *rows, uint32_t n, const char *id, int32_t start_s)
{
	uint32_t low = 0, high = n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int differ = strcmp(town_text(ids->town, ids->id[rows[middle]]), id);
		if (differ == 0 && ids->start_s)
			differ = ids->start_s[rows[middle]] < start_s ? -1 : ids->start_s[rows[middle]] > start_s;
		if (differ == 0)
			return rows[middle];
		if (differ < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

static uint32_t find_feed(const struct town *town, const char *feed_name)
{
	if (!feed_name)
		return town->timetable.n_feeds == 1 ? 0 : NONE;
	for (uint32_t i = 0; i < town->timetable.n_feeds; i++)
		if (strcmp(town_text(town, town->timetable.feed_name[i]), feed_name) == 0)
			return i;
	return NONE;
}

int feed_open(struct feed **ret_feed, const struct town *town, const char *feed_name, struct err_detail *detail)
{
	const struct timetable *t = &town->timetable;
	uint32_t index = find_feed(town, feed_name);
	if (index == NONE)
		return err_set(detail, ERR_NOT_FOUND,
			       "live feed: expected the name of one of the town's %u timetable feeds, found \"%s\"",
			       t->n_feeds, feed_name ? feed_name : "");
	struct feed *feed = calloc(1, sizeof *feed);
	if (!feed)
		return err_set(detail, ERR_MEMORY, "live feed: out of memory");
	feed->town = town;
	feed->feed = index;
	feed->trips = sort_ids(&(struct ids){town, t->trip_id, t->trip_start_s}, t->trip_feed, index, t->n_trips,
			       &feed->n_trips);
	feed->stops = sort_ids(&(struct ids){town, t->stop_id, NULL}, t->stop_feed, index, t->n_stops, &feed->n_stops);
	if (!feed->trips || !feed->stops) {
		feed_close(feed);
		return err_set(detail, ERR_MEMORY, "live feed: out of memory");
	}
	*ret_feed = feed;
	return 0;
}

void feed_close(struct feed *feed)
{
	if (!feed)
		return;
	free(feed->trips);
	free(feed->stops);
	free(feed);
}

uint32_t match_trip(const struct feed *feed, const char *trip_id, int32_t start_s)
{
	const struct timetable *t = &feed->town->timetable;
	const struct ids ids = {feed->town, t->trip_id, t->trip_start_s};
	uint32_t trip = find_id(&ids, feed->trips, feed->n_trips, trip_id, start_s);
	/* Many feeds name the start time of trips that are no frequencies. */
	return trip == NONE && start_s >= 0 ? find_id(&ids, feed->trips, feed->n_trips, trip_id, -1) : trip;
}

uint32_t match_stop(const struct feed *feed, const char *stop_id)
{
	const struct ids ids = {feed->town, feed->town->timetable.stop_id, NULL};
	return find_id(&ids, feed->stops, feed->n_stops, stop_id, 0);
}

static uint32_t named_day(const struct timetable *t, const char *start_date)
{
	uint32_t yyyymmdd = 0;
	if (strlen(start_date) != 8 || strspn(start_date, "0123456789") != 8)
		return NONE;
	for (int i = 0; i < 8; i++)
		yyyymmdd = yyyymmdd * 10 + (uint32_t)(start_date[i] - '0');
	return timetable_day(t, yyyymmdd);
}

/* How far `at` lies from the time the trip is under way on a day; 0 = inside. */
static int64_t away(const struct timetable *t, uint32_t trip, uint32_t day, instant_ms at)
{
	instant_ms from = t->day_start[day] + t->time_departure_s[t->trip_first[trip]] * SECOND_MS;
	instant_ms until = t->day_start[day] + t->time_arrival_s[t->trip_first[trip + 1] - 1] * SECOND_MS;
	if (at < from)
		return from - at;
	return at > until ? at - until : 0;
}

uint32_t match_day(const struct feed *feed, uint32_t trip, const char *start_date, instant_ms at)
{
	const struct timetable *t = &feed->town->timetable;
	uint32_t best = NONE;
	if (start_date && start_date[0]) {
		uint32_t day = named_day(t, start_date);
		return day != NONE && timetable_runs(t, trip, day) ? day : NONE;
	}
	/* Two days either side are enough: what is further off is no live news. */
	for (uint32_t day = 0; day < t->n_days; day++)
		if (t->day_start[day] > at - 9 * DAY_MS && t->day_start[day] < at + 2 * DAY_MS &&
		    timetable_runs(t, trip, day) && away(t, trip, day, at) <= 2 * DAY_MS &&
		    (best == NONE || away(t, trip, day, at) < away(t, trip, best, at)))
			best = day;
	return best;
}

int32_t match_seconds(const char *text)
{
	int32_t part[3] = {0};
	for (int i = 0; i < 3; i++) {
		int digits = 0;
		for (; *text >= '0' && *text <= '9' && digits < 3; text++, digits++)
			part[i] = part[i] * 10 + (*text - '0');
		if (digits == 0 || *text++ != (i < 2 ? ':' : '\0'))
			return -1;
	}
	return part[0] <= 168 && part[1] < 60 && part[2] < 60 ? part[0] * 3600 + part[1] * 60 + part[2] : -1;
}
