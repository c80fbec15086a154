/* Timetable search with live delays: earliest arrival and Pareto (arrival, changes), round-based (RAPTOR: Delling,
 * Pajor, Werneck, Transportation Science 49, 2015). Pure; scratch from an arena. */
#ifndef ZUB_TRANSIT_H
#define ZUB_TRANSIT_H

#include "arena.h"
#include "town.h"
#include <stdint.h>

#define TRANSIT_CHANGES_MAX 4
#define TRANSIT_LEGS_MAX 12 /* 5 rides and the walks before, between and after them */

struct transit_leg {
	uint32_t trip, board_event, alight_event; /* stop-time indices; trip NONE = walk between stops */
	uint32_t from_stop, to_stop;
	instant_ms departs, arrives; /* with live delays */
	uint32_t day;		     /* service day of the trip; NONE for a walk */
};
struct transit_journey {
	instant_ms departs, arrives; /* the way to the first and from the last stop included */
	uint32_t from, to;	     /* which of the ends */
	uint32_t n_legs;
	struct transit_leg legs[TRANSIT_LEGS_MAX];
};

struct transit;
size_t transit_size(const struct town *town, uint32_t delays_max);
int transit_open(struct transit **ret_transit, const struct town *town, uint32_t delays_max, struct arena *arena);

/* Live delay of one trip on one day from stop_sequence on, seconds late (negative = early), until replaced:
 * arrival_late_s holds for that stop, departure_late_s for it and all later stops, so what was said before of later
 * stops is forgotten (give the stops of a trip in ascending order). Live times never run backwards along a trip: what
 * would is pushed on. Only late trips take room: on time from its first stop on frees it. ERR_NOT_FOUND, ERR_RANGE
 * (over 24 h), ERR_FULL. */
enum transit_word {
	TRANSIT_RUNS,
	TRANSIT_CANCELLED, /* the trip does not run on that day, until a word for its first stop lets it run again */
	TRANSIT_SKIPS	   /* it does not call at this stop, but runs on */
};
int transit_delay(struct transit *transit, const struct trip_key *key, int32_t arrival_late_s, int32_t departure_late_s,
		  enum transit_word word);
/* Forgets all delays. */
void transit_forget(struct transit *transit);
/* Live arrival and departure of a stop time on a day; both INSTANT_NONE when the trip does not call there.
 * ERR_RANGE (no such event or day), ERR_NOT_FOUND (the trip does not run on that day). */
int transit_times(const struct transit *transit, uint32_t event, uint32_t day, instant_ms *ret_arrival,
		  instant_ms *ret_departure);

/* Seconds to walk from stop to stop when changing (from == to: to change at that stop), NONE = not possible.
 * transfers.txt decides where it has a row; else stops of the same station within 1 km and any stops within 250 m are
 * linked by the line between them times 1.3 at the town's walking pace, at least 60 s; at the same stop a change takes
 * no time. */
uint32_t transit_walk_s(const struct transit *transit, uint32_t from_stop, uint32_t to_stop);

/* A stop, and how long the way to it (from it) takes, whatever the way is. */
struct transit_end {
	uint32_t stop, seconds;
};
/* Journeys from where the ways to `from` begin, at or after `depart`, to where the ways from `to` end: Pareto in
 * (arrival, changes), fewest changes first; returns how many. At most TRANSIT_CHANGES_MAX changes; one walk
 * (transit_walk_s) before, between and after rides. Looks at trips of the service day of `depart`, the next one, and
 * earlier days' trips that still run. A walk between two ends is a journey without a ride; nothing is said of an end
 * that is in both lists. Ties: the earlier end, the lower stop. */
uint32_t transit_search(struct transit *transit, const struct transit_end *from, uint32_t n_from,
			const struct transit_end *to, uint32_t n_to, instant_ms depart,
			struct transit_journey *ret_journeys, uint32_t most);
/* All stops of the station of this one, on the spot: ends for transit_search. Returns how many there are, `most` at
 * most are written. */
uint32_t transit_station(const struct transit *transit, uint32_t stop, struct transit_end *ret_ends, uint32_t most);
/* Next departures (arriving == 0) or arrivals at a stop or any platform of its station whose live time is at or after
 * `at`, in order of live time (ties: event, day); cancelled ones stay with their planned time as live. Until the end of
 * the service day after that of `at`. Stops where nobody may board (alight) are left out. */
struct transit_call {
	uint32_t event, day;
	instant_ms planned, live;
	uint8_t cancelled;
};
uint32_t transit_board(const struct transit *transit, uint32_t stop, instant_ms at, int arriving,
		       struct transit_call *ret_calls, uint32_t most);

#endif
