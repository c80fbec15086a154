/* Timetable search with live delays: earliest arrival and Pareto (arrival, changes), round-based (RAPTOR: Delling, Pajor,
 * Werneck, Transportation Science 49, 2015). Pure; scratch from an arena. */
#ifndef ZUB_TRANSIT_H
#define ZUB_TRANSIT_H

#include <stdint.h>
#include "arena.h"
#include "town.h"

#define TRANSIT_LEGS_MAX 8

struct transit_leg {
	uint32_t trip, board_event, alight_event; /* stop-time indices; trip NONE = walk between stops */
	uint32_t from_stop, to_stop;
	instant_ms departs, arrives;              /* with live delays */
};
struct transit_journey {
	instant_ms departs, arrives;
	uint32_t n_legs;
	struct transit_leg legs[TRANSIT_LEGS_MAX];
};

struct transit;
size_t transit_size(const struct town *town, uint32_t delays_max);
int transit_open(struct transit **ret_transit, const struct town *town, uint32_t delays_max, struct arena *arena);

/* Live delay of one trip on one day from stop_sequence on, seconds late (negative = early), until replaced.
 * cancelled != 0: the trip does not run. ERR_NOT_FOUND, ERR_FULL. */
int transit_delay(struct transit *transit, const struct trip_key *key, int32_t arrival_late_s, int32_t departure_late_s, int cancelled);
/* Live arrival and departure of a stop time on a day; INSTANT_NONE when cancelled. */
int transit_times(const struct transit *transit, uint32_t event, uint32_t day, instant_ms *ret_arrival, instant_ms *ret_departure);

/* Journeys from a stop (or any platform of its station) at or after `depart`, Pareto in (arrival, changes), fewest changes
 * first; returns how many. At most 4 changes. */
uint32_t transit_search(struct transit *transit, uint32_t from_stop, uint32_t to_stop, instant_ms depart,
			struct transit_journey *ret_journeys, uint32_t most);
/* Next departures (arriving == 0) or arrivals at a stop or station from `at` on, in time order. */
struct transit_call {
	uint32_t event, day;
	instant_ms planned, live;
	uint8_t cancelled;
};
uint32_t transit_board(const struct transit *transit, uint32_t stop, instant_ms at, int arriving, struct transit_call *ret_calls, uint32_t most);

#endif
