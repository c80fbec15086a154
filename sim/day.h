/* The books of a simulated day, written while it runs: what became of each wish, what each vehicle did, what drove over
 * each street. Rides are taken from the core as it tells of them; vehicles and streets from the vehicles' own bodies.
 * The planner's figures (indicators.h), tables and maps are made from these books alone. Pure. */
#ifndef ZUB_DAY_H
#define ZUB_DAY_H

#include "core.h"
#include "demand.h"
#include "err.h"
#include "town.h"

/* What a vehicle's time is spent on. */
enum day_state { DAY_IDLE, DAY_EMPTY, DAY_LOADED, DAY_STOP, DAY_CHARGING, DAY_CLEANING, DAY_DOWN, DAY_OFF, DAY_STATES };
/* Names as they stand in vehicles.csv. */
const char *day_state_name(enum day_state state);

enum day_outcome { DAY_OPEN, DAY_KEPT, DAY_BROKEN };

/* One wish of the demand; instants are INSTANT_NONE before they are known. */
struct day_ride {
	const struct demand_trip *trip; /* borrowed */
	uint64_t ride;
	uint8_t state; /* enum ride_state; 0 = never asked: outside the map */
	uint8_t refusal, cause;
	uint8_t outcome; /* enum day_outcome: of the promise */
	uint8_t prebooked, shared;
	uint8_t n_offers; /* of the first answer */
	uint8_t persons;  /* places for persons: need units that are persons, companions included */
	instant_ms asked_at;
	instant_ms
		wished_at; /* waiting begins: asked, or the wished departure; by arrival or trip: the window's begin */
	instant_ms promised_at, earliest_pickup, latest_pickup, latest_arrival, planned_pickup; /* as promised */
	instant_ms at_stop_at, boarded_at, alighted_at;
	instant_ms trip_at;		    /* the tied trip, as it really ran; INSTANT_NONE without one */
	uint32_t vehicle, walk_mm;	    /* walk: both ends */
	uint32_t direct_ms, direct_mm;	    /* driving from stop to stop without detour */
	uint32_t pickup_stop, dropoff_stop; /* virtual stops; NONE = at the door, or not promised */
	uint32_t n_reassigned;
	double boarding_s; /* what the party's needs take to board, by the town's table */
};

struct day_vehicle {
	uint64_t state_ms[DAY_STATES];
	uint64_t driven_mm, empty_mm, person_mm; /* person: persons aboard times way */
	uint32_t rides, persons, most_aboard;	 /* persons */
	uint32_t group;				 /* of the scenario's fleet */
	uint16_t battery_permille, battery_permille_least;
	instant_ms shift_from, shift_to; /* INT64_MIN, INT64_MAX = always on duty */
	/* since when it is in this state */
	instant_ms since;
	uint8_t state, aboard;
};

struct day_hour { /* of the whole fleet */
	uint64_t state_ms[DAY_STATES];
	uint64_t driven_mm, empty_mm, person_mm;
};

struct day_flow { /* over one arc, in mm: divided by the arc's length these are passes */
	uint64_t vehicle_mm, person_mm;
};

#define DAY_HOURS_MAX 256 /* a run is at most 10 days and its end */

struct day {
	const struct town *town;
	instant_ms midnight; /* "noon minus 12 h" of the service day on which it begins */
	instant_ms from, to; /* to: of the demand */
	uint32_t n_rides, n_vehicles;
	struct day_ride *rides; /* by rider: in the order of the demand */
	struct day_vehicle *vehicles;
	struct day_hour hours[DAY_HOURS_MAX]; /* by hours since `midnight` */
	struct day_flow *flows;		      /* [n_arcs] of the roads */
};

int day_open(struct day **ret_day, const struct town *town, const struct demand *demand, uint32_t n_vehicles,
	     instant_ms from, instant_ms to);
void day_close(struct day *day);
/* The core tells of a ride, and of its promise. */
void day_note_ride(struct day *day, uint32_t index, const struct core_ride *ride);
void day_note_outcome(struct day *day, uint32_t index, int kept, uint8_t cause);
/* The tied trip will be at the stop at this instant. */
void day_note_trip(struct day *day, uint32_t index, instant_ms at);
/* From now on a vehicle is in this state with so many persons aboard. */
void day_note_state(struct day *day, uint32_t vehicle, instant_ms now, enum day_state state, uint32_t persons);
/* It is on duty from .. to: what it stands idle or charges outside of that is DAY_OFF. */
void day_note_shift(struct day *day, uint32_t vehicle, instant_ms from, instant_ms to);
void day_note_battery(struct day *day, uint32_t vehicle, uint16_t permille);
/* It has driven so much of an arc, in the state that it is noted in. */
void day_note_driven(struct day *day, uint32_t vehicle, instant_ms now, uint32_t arc, uint32_t mm);
/* When all is over: who shared a vehicle with another party, and what each vehicle carried. */
void day_end(struct day *day, instant_ms now);

/* Hours since midnight of the service day (25 = one o'clock in the night after); folded to 0 .. 23 when the demand is
 * longer than a day. */
uint32_t day_hour_of(const struct day *day, instant_ms at);
/* In seconds; < 0 = not known. */
double day_wait_s(const struct day_ride *ride);

#endif
