/* Private to the transit library.
 * A pattern is a set of trips with the same stops (and the same rules for boarding there), none of which overtakes
 * another, so that the earliest one that can be boarded is the best one: what RAPTOR calls a route. A run is a trip on
 * a day. Runs with live delays are searched one by one, since delays may make them overtake. */
#ifndef ZUB_TRANSIT_MODEL_H
#define ZUB_TRANSIT_MODEL_H

#include "hash.h"
#include "transit.h"

#define ROUNDS (TRANSIT_CHANGES_MAX + 2) /* round 0: where one is; round k: after k rides */
#define INSTANT_LATE INT64_MAX		 /* not reached */
#define WALKS_MAX 24			 /* made by us, per stop; the nearest */
#define WALK_LINE_MM 250000u
#define STATION_LINE_MM 1000000u
#define WALK_LEAST_S 60u
#define DELAY_MAX_S 86400

struct delay {
	uint32_t day, trip, event; /* ascending; event NONE: cancelled */
	int32_t arrival_late_s, departure_late_s;
	uint8_t skips;
};

struct walk {
	uint32_t from, to, seconds;
	uint32_t made; /* 1: not from transfers.txt */
};

struct label {
	instant_ms arrives; /* by a ride, in this round */
	instant_ms ready;   /* to board the next: after a change or a walk */
	uint32_t board_event, alight_event, day;
	uint32_t walked_from; /* whose `arrives` made `ready`; the stop itself = no walk */
};

struct transit {
	const struct town *town;
	/* patterns: pattern p holds pattern_trip[pattern_first[p] .. pattern_first[p+1]-1], earliest first */
	uint32_t n_patterns;
	uint32_t *pattern_first, *pattern_trip;
	/* which patterns call at a stop, and where: stop_pattern_first[stop] .. into two columns */
	uint32_t *stop_pattern_first, *stop_pattern, *stop_position;
	struct walk *walks; /* by from, to */
	uint32_t *walk_first, n_walks;
	uint32_t *self_s;	 /* [n_stops] to change at the stop itself; NONE = not possible */
	uint32_t *station;	 /* [n_stops] the station's stop index, or the stop itself */
	struct hash_map trip_of; /* hash of (feed, trip id, start) -> trip */
	int32_t latest_s;	 /* of all stop times */
	struct delay *delays;
	uint32_t n_delays, delays_max;
	/* scratch of a search */
	struct label *labels;		     /* [ROUNDS * n_stops] */
	instant_ms *best, *best_ready;	     /* [n_stops] over the rounds so far */
	uint32_t *pattern_from;		     /* [n_patterns] first position to look at, NONE = not queued */
	uint32_t *queue;		     /* [n_patterns] */
	const struct transit_end *from, *to; /* of the search under way */
	uint32_t *start_end, *exit_end;	     /* [n_stops] index into them, or NONE */
};

/* delays.c */
/* Live times along a run, event by event from its first on. */
struct live_run {
	const struct transit *transit;
	instant_ms start, latest;
	uint32_t at, end; /* delays yet to come */
	int32_t late_s;
};
/* Returns 0 when the run is cancelled. */
int live_run_open(struct live_run *run, const struct transit *transit, uint32_t trip, uint32_t day);
/* Returns 0 when it does not call there. */
int live_run_next(struct live_run *run, uint32_t event, instant_ms *ret_arrival, instant_ms *ret_departure);
int run_is_live(const struct transit *transit, uint32_t trip, uint32_t day);

/* patterns.c, walks.c: fill the columns; ERR_MEMORY. */
int patterns_make(struct transit *transit, struct arena *arena);
int walks_make(struct transit *transit, struct arena *arena);
size_t patterns_size(const struct town *town);
size_t walks_size(const struct town *town);

/* transit.c */
/* The last day that began at or before the instant; NONE before the first. */
uint32_t day_at(const struct timetable *timetable, instant_ms at);
uint32_t trip_find(const struct transit *transit, const struct trip_key *key);
#define SIZE_OF(count, type) ((size_t)(count) * sizeof(type) + 32)

#endif
