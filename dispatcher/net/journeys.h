/* From door to door by public transport, with the shuttle or on foot to the first stop and from the last one. Shuttle
 * legs are estimates by the road: only an offer says what a shuttle can do. Pure; looks at the core, changes nothing.
 */
#ifndef ZUB_JOURNEYS_H
#define ZUB_JOURNEYS_H

#include "core.h"
#include "transit.h"

#define JOURNEYS_MAX 8
#define JOURNEY_LEGS_MAX (TRANSIT_LEGS_MAX + 4)

enum journey_mode { JOURNEY_WALK, JOURNEY_SHUTTLE, JOURNEY_RIDE };
struct journey_place {
	struct geo_point point;
	uint32_t transit_stop, stop; /* of the timetable; virtual; NONE = none */
};
struct journey_leg {
	uint8_t mode; /* enum journey_mode */
	struct journey_place from, to;
	instant_ms departs, arrives;
	uint32_t mm; /* walked or driven; 0 for rides */
	/* rides: what is ridden. Shuttles: the stop time of the trip it goes to (board_event) or comes from
	 * (alight_event) that the leg is to be tied to; NONE = none */
	uint32_t board_event, alight_event, day;
};
struct journey {
	instant_ms departs, arrives;
	uint32_t changes; /* between trains and buses */
	uint32_t shuttles, n_legs;
	struct journey_leg legs[JOURNEY_LEGS_MAX];
};
struct journey_ask {
	struct place from, to;
	instant_ms at;	      /* leave not before, or */
	int arrive_by;	      /* arrive not after */
	uint32_t walk_max_mm; /* on each side; 0 = not at all */
};

/* Journeys by arrival (with arrive_by: the latest departure first), none of them as good as another in changes,
 * shuttles and times at once: of times, a minute more under way is worth two minutes of earlier arrival (with
 * arrive_by: of later departure). The earliest arrival is among them (with arrive_by: the latest departure). At most
 * `most` (and JOURNEYS_MAX); returns how many. */
uint32_t journeys_find(const struct core *core, struct transit *transit, const struct journey_ask *ask,
		       struct journey *ret_journeys, uint32_t most);

#endif
