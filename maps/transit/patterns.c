#include "transit_model.h"

#include "heap.h"

static uint32_t trip_length(const struct timetable *timetable, uint32_t trip)
{
	return timetable->trip_first[trip + 1] - timetable->trip_first[trip];
}

/* Where one may board and alight, as bits. */
static uint32_t rules(const struct timetable *timetable, uint32_t event)
{
	return (timetable->time_pickup[event] != 1) | (uint32_t)(timetable->time_dropoff[event] != 1) << 1;
}

static uint64_t sequence_hash(const struct timetable *timetable, uint32_t trip)
{
	uint64_t hash = trip_length(timetable, trip);
	for (uint32_t event = timetable->trip_first[trip]; event < timetable->trip_first[trip + 1]; event++)
		hash = hash_u64(hash ^ ((uint64_t)timetable->time_stop[event] << 2 | rules(timetable, event)));
	return hash ? hash : 1;
}

/* Does `trip` call where `earlier` calls, never before it? */
static int follows(const struct timetable *timetable, uint32_t earlier, uint32_t trip)
{
	uint32_t length = trip_length(timetable, trip), a = timetable->trip_first[earlier],
		 b = timetable->trip_first[trip];
	if (trip_length(timetable, earlier) != length)
		return 0;
	for (uint32_t i = 0; i < length; i++)
		if (timetable->time_stop[a + i] != timetable->time_stop[b + i] ||
		    rules(timetable, a + i) != rules(timetable, b + i) ||
		    timetable->time_arrival_s[a + i] > timetable->time_arrival_s[b + i] ||
		    timetable->time_departure_s[a + i] > timetable->time_departure_s[b + i])
			return 0;
	return 1;
}

/* Patterns while they grow: chains of trips, chains of patterns with the same hash. */
struct growing {
	uint32_t *pattern_of, *next_pattern, *last_trip, *n_trips;
	struct hash_map by_hash;
	struct heap order;
};

static int growing_open(struct growing *growing, uint32_t n_trips, struct arena *arena)
{
	growing->pattern_of = arena_take(arena, (size_t)n_trips + 1, sizeof(uint32_t));
	growing->next_pattern = arena_take(arena, (size_t)n_trips + 1, sizeof(uint32_t));
	growing->last_trip = arena_take(arena, (size_t)n_trips + 1, sizeof(uint32_t));
	growing->n_trips = arena_take(arena, (size_t)n_trips + 1, sizeof(uint32_t));
	if (!growing->pattern_of || !growing->next_pattern || !growing->last_trip || !growing->n_trips)
		return ERR_MEMORY;
	int result = hash_map_open(&growing->by_hash, arena, n_trips + 1);
	return result ? result : heap_open(&growing->order, arena, n_trips + 1);
}

/* The pattern the trip joins; a new one when none fits. */
static uint32_t join(struct growing *growing, const struct timetable *timetable, uint32_t trip, uint32_t *n_patterns)
{
	uint64_t hash = sequence_hash(timetable, trip);
	uint32_t first = hash_map_get(&growing->by_hash, hash), last = NONE;
	for (uint32_t pattern = first; pattern != NONE; pattern = growing->next_pattern[pattern]) {
		if (follows(timetable, growing->last_trip[pattern], trip))
			return pattern;
		last = pattern;
	}
	uint32_t pattern = (*n_patterns)++;
	growing->next_pattern[pattern] = NONE;
	if (last != NONE)
		growing->next_pattern[last] = pattern;
	else
		hash_map_put(&growing->by_hash, hash, pattern);
	return pattern;
}

static int fill_trips(struct transit *transit, const struct growing *growing, const uint32_t *order,
		      struct arena *arena)
{
	uint32_t n_trips = transit->town->timetable.n_trips;
	transit->pattern_first = arena_take(arena, (size_t)transit->n_patterns + 2, sizeof(uint32_t));
	transit->pattern_trip = arena_take(arena, (size_t)n_trips + 1, sizeof(uint32_t));
	if (!transit->pattern_first || !transit->pattern_trip)
		return ERR_MEMORY;
	/* pattern_first[p + 1] is where the next trip of p goes until the filling has moved it to its end. */
	for (uint32_t pattern = 0; pattern + 1 < transit->n_patterns; pattern++)
		transit->pattern_first[pattern + 2] = transit->pattern_first[pattern + 1] + growing->n_trips[pattern];
	for (uint32_t i = 0; i < n_trips; i++)
		transit->pattern_trip[transit->pattern_first[growing->pattern_of[order[i]] + 1]++] = order[i];
	return 0;
}

static int fill_stops(struct transit *transit, struct arena *arena)
{
	const struct timetable *timetable = &transit->town->timetable;
	uint32_t total = 0;
	uint32_t *first = arena_take(arena, (size_t)timetable->n_stops + 2, sizeof(uint32_t));
	if (!first)
		return ERR_MEMORY;
	for (uint32_t pattern = 0; pattern < transit->n_patterns; pattern++) {
		uint32_t trip = transit->pattern_trip[transit->pattern_first[pattern]];
		for (uint32_t i = timetable->trip_first[trip]; i < timetable->trip_first[trip + 1]; i++, total++)
			first[timetable->time_stop[i] + 2]++;
	}
	for (uint32_t stop = 2; stop < timetable->n_stops + 2; stop++)
		first[stop] += first[stop - 1];
	transit->stop_pattern_first = first;
	transit->stop_pattern = arena_take(arena, (size_t)total + 1, sizeof(uint32_t));
	transit->stop_position = arena_take(arena, (size_t)total + 1, sizeof(uint32_t));
	if (!transit->stop_pattern || !transit->stop_position)
		return ERR_MEMORY;
	for (uint32_t pattern = 0; pattern < transit->n_patterns; pattern++) {
		uint32_t trip = transit->pattern_trip[transit->pattern_first[pattern]];
		for (uint32_t i = 0; i < trip_length(timetable, trip); i++) {
			uint32_t to = first[timetable->time_stop[timetable->trip_first[trip] + i] + 1]++;
			transit->stop_pattern[to] = pattern;
			transit->stop_position[to] = i;
		}
	}
	return 0;
}

/* Trips in order of their first departure (ties: lower trip) each join the first pattern whose last trip they follow.
 */
int patterns_make(struct transit *transit, struct arena *arena)
{
	const struct timetable *timetable = &transit->town->timetable;
	struct growing growing;
	uint32_t *order = arena_take(arena, (size_t)timetable->n_trips + 1, sizeof *order);
	int result = order ? growing_open(&growing, timetable->n_trips, arena) : ERR_MEMORY;
	if (result)
		return result;
	for (uint32_t trip = 0; trip < timetable->n_trips; trip++)
		heap_push(&growing.order, trip,
			  (uint64_t)((int64_t)timetable->time_departure_s[timetable->trip_first[trip]] - INT32_MIN));
	for (uint32_t i = 0; i < timetable->n_trips; i++) {
		uint32_t trip = order[i] = heap_pop(&growing.order, NULL);
		uint32_t pattern = join(&growing, timetable, trip, &transit->n_patterns);
		growing.pattern_of[trip] = pattern;
		growing.last_trip[pattern] = trip;
		growing.n_trips[pattern]++;
	}
	result = fill_trips(transit, &growing, order, arena);
	return result ? result : fill_stops(transit, arena);
}

size_t patterns_size(const struct town *town)
{
	size_t n_trips = town->timetable.n_trips + 2, n_stops = town->timetable.n_stops + 2;
	return SIZE_OF(n_trips, uint32_t) * 7 + (n_trips + 2) * 4 * 12 + 64 + SIZE_OF(n_trips, uint64_t) +
	       SIZE_OF(n_trips, uint32_t) * 2 + SIZE_OF(n_stops, uint32_t) +
	       SIZE_OF((size_t)town->timetable.n_stop_times + 1, uint32_t) * 2;
}
