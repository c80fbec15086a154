#include "transit_model.h"

#include "geo.h"
#include "heap.h"

/* A stop where some trip calls. */
static int is_used(const struct timetable *timetable, uint32_t stop)
{
	return timetable->stop_first[stop + 1] > timetable->stop_first[stop];
}

static int same_place(const struct timetable *timetable, uint32_t stop, uint32_t place)
{
	uint32_t parent = timetable->stop_parent[stop];
	return stop == place || parent == place || (parent != NONE && timetable->stop_parent[parent] == place);
}

/* How many used stops a row of transfers.txt means: a station stands for all its platforms. */
static size_t place_count(const struct timetable *timetable, uint32_t place)
{
	size_t count = 0;
	if (timetable->stop_type[place] != 1)
		return 1;
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++)
		count += (size_t)(same_place(timetable, stop, place) && is_used(timetable, stop));
	return count;
}

static size_t given_count(const struct timetable *timetable)
{
	size_t count = 0;
	for (uint32_t i = 0; i < timetable->n_transfers; i++)
		count += place_count(timetable, timetable->transfer_from[i]) *
			 place_count(timetable, timetable->transfer_to[i]);
	return count;
}

static uint32_t give(const struct timetable *timetable, uint32_t row, struct walk *walks)
{
	uint32_t n = 0;
	uint32_t from_place = timetable->transfer_from[row], to_place = timetable->transfer_to[row];
	int from_station = timetable->stop_type[from_place] == 1, to_station = timetable->stop_type[to_place] == 1;
	for (uint32_t from = from_station ? 0 : from_place; from < (from_station ? timetable->n_stops : from_place + 1);
	     from++) {
		if (from_station && !(same_place(timetable, from, from_place) && is_used(timetable, from)))
			continue;
		for (uint32_t to = to_station ? 0 : to_place; to < (to_station ? timetable->n_stops : to_place + 1);
		     to++)
			if (!to_station || (same_place(timetable, to, to_place) && is_used(timetable, to)))
				walks[n++] = (struct walk){from, to, timetable->transfer_s[row], 0};
	}
	return n;
}

/* ---- walks of our own making ---- */

struct near {
	uint32_t stop;
	uint64_t mm;
};

/* Keeps the WALKS_MAX nearest, ties to the lower stop. */
static uint32_t keep_near(struct near *near, uint32_t n, uint32_t stop, uint64_t mm)
{
	uint32_t at = n;
	while (at > 0 && (near[at - 1].mm > mm || (near[at - 1].mm == mm && near[at - 1].stop > stop)))
		at--;
	if (at == WALKS_MAX)
		return n;
	for (uint32_t i = n < WALKS_MAX ? n : WALKS_MAX - 1; i > at; i--)
		near[i] = near[i - 1];
	near[at] = (struct near){stop, mm};
	return n < WALKS_MAX ? n + 1 : n;
}

static uint32_t walk_seconds(const struct town *town, uint64_t mm)
{
	uint64_t pace = town->rules.walk_mm_per_s ? town->rules.walk_mm_per_s : 1300;
	uint64_t seconds = (mm * 13 / 10 + pace - 1) / pace;
	return seconds < WALK_LEAST_S ? WALK_LEAST_S : (uint32_t)seconds;
}

/* Stops sorted by latitude: only a band of it can be near. */
static uint32_t near_stops(const struct transit *transit, const uint32_t *by_latitude, uint32_t n, uint32_t at,
			   struct near *near)
{
	const struct timetable *timetable = &transit->town->timetable;
	const int64_t band_e7 = STATION_LINE_MM / 11; /* a 1e-7 degree of latitude is over 11 mm */
	uint32_t stop = by_latitude[at], n_near = 0;
	for (int way = -1; way <= 1; way += 2)
		for (int64_t i = (int64_t)at + way; i >= 0 && i < (int64_t)n; i += way) {
			uint32_t other = by_latitude[i];
			int64_t apart =
				(int64_t)timetable->stop_point[other].lat_e7 - timetable->stop_point[stop].lat_e7;
			if (apart * way > band_e7)
				break;
			uint64_t mm = geo_rough_mm(timetable->stop_point[stop], timetable->stop_point[other]);
			if (mm <= (transit->station[stop] == transit->station[other] ? STATION_LINE_MM : WALK_LINE_MM))
				n_near = keep_near(near, n_near, other, mm);
		}
	return n_near;
}

static int make_own(struct transit *transit, struct arena *arena, struct walk *walks, uint32_t *n_walks)
{
	const struct timetable *timetable = &transit->town->timetable;
	struct heap heap;
	uint32_t n = 0;
	uint32_t *by_latitude = arena_take(arena, (size_t)timetable->n_stops + 1, sizeof *by_latitude);
	if (!by_latitude || heap_open(&heap, arena, timetable->n_stops + 1))
		return ERR_MEMORY;
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++)
		if (is_used(timetable, stop))
			heap_push(&heap, stop, (uint64_t)((int64_t)timetable->stop_point[stop].lat_e7 - INT32_MIN));
	for (uint32_t stop; (stop = heap_pop(&heap, NULL)) != NONE;)
		by_latitude[n++] = stop;
	for (uint32_t at = 0; at < n; at++) {
		struct near near[WALKS_MAX];
		uint32_t n_near = near_stops(transit, by_latitude, n, at, near);
		for (uint32_t i = 0; i < n_near; i++)
			walks[(*n_walks)++] = (struct walk){by_latitude[at], near[i].stop,
							    walk_seconds(transit->town, near[i].mm), 1};
	}
	return 0;
}

/* ---- both kinds in order, one per pair ---- */

static int precedes(const struct walk *a, const struct walk *b)
{
	if (a->to != b->to)
		return a->to < b->to;
	if (a->made != b->made)
		return a->made < b->made;
	return a->seconds < b->seconds;
}

static void sort_walks(struct walk *walks, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		struct walk walk = walks[i];
		uint32_t at = i;
		for (; at > 0 && precedes(&walk, &walks[at - 1]); at--)
			walks[at] = walks[at - 1];
		walks[at] = walk;
	}
}

/* Of the sorted walks from one stop keeps the first to each other stop; "not possible" only served to hide others. */
static void keep_first(struct transit *transit, const struct walk *sorted, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && sorted[i].to == sorted[i - 1].to)
			continue;
		if (sorted[i].to == sorted[i].from)
			transit->self_s[sorted[i].from] = sorted[i].seconds;
		else if (sorted[i].seconds != NONE)
			transit->walks[transit->n_walks++] = sorted[i];
	}
}

static int put_in_order(struct transit *transit, struct arena *arena, const struct walk *walks, uint32_t n)
{
	uint32_t n_stops = transit->town->timetable.n_stops;
	struct walk *sorted = arena_take(arena, (size_t)n + 1, sizeof *sorted);
	uint32_t *first = arena_take(arena, (size_t)n_stops + 2, sizeof *first);
	if (!sorted || !first)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n; i++)
		first[walks[i].from + 2]++;
	for (uint32_t stop = 2; stop < n_stops + 2; stop++)
		first[stop] += first[stop - 1];
	for (uint32_t i = 0; i < n; i++)
		sorted[first[walks[i].from + 1]++] = walks[i];
	for (uint32_t stop = 0; stop < n_stops; stop++) {
		sort_walks(sorted + first[stop], first[stop + 1] - first[stop]);
		transit->walk_first[stop] = transit->n_walks;
		keep_first(transit, sorted + first[stop], first[stop + 1] - first[stop]);
	}
	transit->walk_first[n_stops] = transit->n_walks;
	return 0;
}

int walks_make(struct transit *transit, struct arena *arena)
{
	const struct timetable *timetable = &transit->town->timetable;
	size_t most = given_count(timetable) + (size_t)timetable->n_stops * WALKS_MAX;
	struct walk *walks = arena_take(arena, most + 1, sizeof *walks);
	uint32_t n = 0;
	transit->walks = arena_take(arena, most + 1, sizeof *transit->walks);
	transit->walk_first = arena_take(arena, (size_t)timetable->n_stops + 1, sizeof(uint32_t));
	transit->self_s = arena_take(arena, (size_t)timetable->n_stops + 1, sizeof(uint32_t));
	if (!walks || !transit->walks || !transit->walk_first || !transit->self_s)
		return ERR_MEMORY;
	for (uint32_t row = 0; row < timetable->n_transfers; row++)
		n += give(timetable, row, walks + n);
	int result = make_own(transit, arena, walks, &n);
	return result ? result : put_in_order(transit, arena, walks, n);
}

size_t walks_size(const struct town *town)
{
	size_t n_stops = (size_t)town->timetable.n_stops + 2;
	size_t most = given_count(&town->timetable) + n_stops * WALKS_MAX;
	return SIZE_OF(most + 1, struct walk) * 3 + SIZE_OF(n_stops, uint32_t) * 4 + SIZE_OF(n_stops, uint64_t) +
	       SIZE_OF(n_stops, uint32_t) * 2;
}

uint32_t transit_walk_s(const struct transit *transit, uint32_t from_stop, uint32_t to_stop)
{
	if (from_stop == to_stop)
		return transit->self_s[from_stop];
	for (uint32_t i = transit->walk_first[from_stop]; i < transit->walk_first[from_stop + 1]; i++)
		if (transit->walks[i].to == to_stop)
			return transit->walks[i].seconds;
	return NONE;
}
