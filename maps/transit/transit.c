#include "transit_model.h"

#include <string.h>

uint32_t day_at(const struct timetable *timetable, instant_ms at)
{
	uint32_t low = 0, high = timetable->n_days;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (timetable->day_start[middle] <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? NONE : low - 1;
}

static uint64_t trip_hash(const char *feed, const char *trip_id, int32_t start_s)
{
	uint64_t hash = hash_bytes(feed, strlen(feed), (uint64_t)(uint32_t)start_s);
	hash = hash_bytes(trip_id, strlen(trip_id), hash);
	return hash ? hash : 1;
}

static int trip_is(const struct town *town, uint32_t trip, const struct trip_key *key)
{
	const struct timetable *timetable = &town->timetable;
	return timetable->trip_start_s[trip] == key->start_s &&
	       strcmp(town_text(town, timetable->trip_id[trip]), key->trip_id) == 0 &&
	       strcmp(town_text(town, timetable->feed_name[timetable->trip_feed[trip]]), key->feed) == 0;
}

uint32_t trip_find(const struct transit *transit, const struct trip_key *key)
{
	uint32_t trip = hash_map_get(&transit->trip_of, trip_hash(key->feed, key->trip_id, key->start_s));
	if (trip == NONE || trip_is(transit->town, trip, key))
		return trip;
	/* Two trips share a hash: the map kept one of them. */
	for (trip = 0; trip < transit->town->timetable.n_trips; trip++)
		if (trip_is(transit->town, trip, key))
			return trip;
	return NONE;
}

static int trips_index(struct transit *transit, struct arena *arena)
{
	const struct town *town = transit->town;
	const struct timetable *timetable = &town->timetable;
	int result = hash_map_open(&transit->trip_of, arena, timetable->n_trips + 1);
	for (uint32_t trip = 0; trip < timetable->n_trips && !result; trip++)
		result = hash_map_put(&transit->trip_of,
				      trip_hash(town_text(town, timetable->feed_name[timetable->trip_feed[trip]]),
						town_text(town, timetable->trip_id[trip]),
						timetable->trip_start_s[trip]),
				      trip);
	return result;
}

/* A boarding area belongs to a platform, which belongs to a station. */
static uint32_t station_of(const struct timetable *timetable, uint32_t stop)
{
	for (int step = 0; step < 2 && timetable->stop_parent[stop] != NONE; step++)
		stop = timetable->stop_parent[stop];
	return stop;
}

static int stations_make(struct transit *transit, struct arena *arena)
{
	const struct timetable *timetable = &transit->town->timetable;
	transit->station = arena_take(arena, timetable->n_stops + 1, sizeof *transit->station);
	if (!transit->station)
		return ERR_MEMORY;
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++)
		transit->station[stop] = station_of(timetable, stop);
	for (uint32_t event = 0; event < timetable->n_stop_times; event++)
		if (timetable->time_departure_s[event] > transit->latest_s)
			transit->latest_s = timetable->time_departure_s[event];
	return 0;
}

static int scratch_make(struct transit *transit, struct arena *arena)
{
	uint32_t n_stops = transit->town->timetable.n_stops;
	transit->delays = arena_take(arena, (size_t)transit->delays_max + 1, sizeof *transit->delays);
	transit->labels = arena_take(arena, (size_t)ROUNDS * n_stops + 1, sizeof *transit->labels);
	transit->best = arena_take(arena, (size_t)n_stops + 1, sizeof *transit->best);
	transit->best_ready = arena_take(arena, (size_t)n_stops + 1, sizeof *transit->best_ready);
	transit->start_end = arena_take(arena, (size_t)n_stops + 1, sizeof *transit->start_end);
	transit->exit_end = arena_take(arena, (size_t)n_stops + 1, sizeof *transit->exit_end);
	transit->pattern_from = arena_take(arena, (size_t)transit->n_patterns + 1, sizeof *transit->pattern_from);
	transit->queue = arena_take(arena, (size_t)transit->n_patterns + 1, sizeof *transit->queue);
	if (!transit->delays || !transit->labels || !transit->best || !transit->best_ready || !transit->start_end ||
	    !transit->exit_end || !transit->pattern_from || !transit->queue)
		return ERR_MEMORY;
	memset(transit->pattern_from, 0xFF, ((size_t)transit->n_patterns + 1) * sizeof *transit->pattern_from);
	return 0;
}

size_t transit_size(const struct town *town, uint32_t delays_max)
{
	const struct timetable *timetable = &town->timetable;
	size_t n_stops = timetable->n_stops + 1, n_trips = timetable->n_trips + 1;
	size_t size = SIZE_OF(1, struct transit) + SIZE_OF(n_stops, uint32_t);
	/* A hash map takes a power of two of at least twice its capacity: less than four times, 12 bytes each. */
	size += (n_trips + 2) * 4 * 12 + 64;
	size += SIZE_OF((size_t)delays_max + 1, struct delay) + SIZE_OF(ROUNDS * n_stops + 1, struct label);
	size += SIZE_OF(n_stops, instant_ms) * 2 + SIZE_OF(n_stops, uint32_t) * 2 + SIZE_OF(n_trips, uint32_t) * 2;
	return size + patterns_size(town) + walks_size(town) + 64;
}

int transit_open(struct transit **ret_transit, const struct town *town, uint32_t delays_max, struct arena *arena)
{
	struct transit *transit = arena_take(arena, 1, sizeof *transit);
	if (!transit)
		return ERR_MEMORY;
	transit->town = town;
	transit->delays_max = delays_max;
	int result = stations_make(transit, arena);
	if (!result)
		result = trips_index(transit, arena);
	if (!result)
		result = patterns_make(transit, arena);
	if (!result)
		result = walks_make(transit, arena);
	if (!result)
		result = scratch_make(transit, arena);
	if (!result)
		*ret_transit = transit;
	return result;
}
