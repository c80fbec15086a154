/* The best way to serve one more ride: every vehicle, every pair of positions, every pair of places, exactly. Vehicles
 * whose bound (bound.h) cannot win are left out; the answer is the same. */
#ifndef ZUB_INSERTION_H
#define ZUB_INSERTION_H

#include "state.h"

struct end_place {	    /* a place that would do at one end of the ride */
	struct place place; /* road spot of class 0 for a door; of a stop the class's own spot is taken */
	uint32_t walk_mm, walk_ms;
};
struct ask {
	uint32_t n_from, n_to;
	struct end_place from[ENDS_MAX], to[ENDS_MAX];
	uint8_t units[TOWN_SPACES_MAX];
	uint8_t step_free;
	uint8_t fixed;	/* windows are promised already: earliest .. latest_pickup, latest_dropoff, ride_max_ms hold as
			   they are */
	uint8_t urgent; /* fixed: what broke the old plan came from outside; own no-show spare is not asked for */
	uint8_t held;	/* fixed: an offer held for this rider may use up the reserve of others, not their promises */
	uint32_t spare_ms; /* fixed: its own limits are kept with this in hand */
	uint8_t backward;  /* arrive-by: earliness at the end is priced, not the wait */
	uint32_t ride;	   /* slot */
	uint32_t boarding_ms;
	uint32_t party;
	uint32_t wait_permille; /* of its wait in the cost; 0 counts as 1000 */
	uint32_t walk_most_mm;	/* both ends together; 0 = whatever each end allows */
	uint32_t skip;		/* vehicle slot not to use, or NONE */
	uint32_t direct_ms[ENDS_MAX]
			  [ENDS_MAX]; /* filled by the search: driving time between the ends (class of the vehicle) */
	instant_ms earliest;	      /* the rider can start walking; fixed: window start */
	instant_ms latest_pickup;     /* window start at the latest; fixed: window end */
	instant_ms
		latest_dropoff; /* at the destination's door (walk included); fixed: latest arrival; INT64_MAX = none */
	uint32_t ride_max_ms;	/* fixed */
	instant_ms service_end; /* no drop-off after */
};
struct insertion {
	uint32_t vehicle;  /* slot, or NONE = nothing found */
	uint32_t from, to; /* indices of the ends */
	uint32_t pickup_at,
		dropoff_at; /* positions in the vehicle's plan; the drop-off goes before the task now at dropoff_at */
	int64_t cost;
	instant_ms window_from, window_to, planned_pickup, planned_dropoff, latest_arrival;
	instant_ms at_door; /* planned arrival, walk included */
	uint32_t direct_ms, direct_mm, ride_max_ms;
};
enum insertion_wish { /* what is looked for; in each, ties go to the lower cost, then as cost.h says */
		      INSERTION_CHEAPEST,   /* least cost */
		      INSERTION_SOONEST,    /* earliest at the destination's door */
		      INSERTION_LEAST_WALK, /* shortest way on foot, both ends together */
		      INSERTION_WISHES
};
struct insertion_result {
	struct insertion best[INSERTION_WISHES];
	uint32_t n_tried, n_feasible; /* vehicles that were worked out; one that could not be better than what was found
					 may count as not feasible, and mostly is not even tried */
	uint8_t refusal;  /* enum refusal, when nothing is feasible: what the vehicle that came furthest met, those
			     included that cannot be at the pickup in time wherever it is put in their plans */
	uint8_t obstacle; /* enum obstacle: what it was in detail */
};

struct search;
uint32_t search_ways_most(const struct core_settings *settings); /* measured at once */
size_t search_size(const struct core_settings *settings, const struct town *town);
int search_open(struct search **ret_search, const struct core_settings *settings, const struct town *town,
		struct arena *arena);
void insertion_search(struct core *core, struct ask *ask, struct insertion_result *ret_result);
/* vehicle NONE = none. */
static inline const struct insertion *insertion_cheapest(const struct insertion_result *result)
{
	return &result->best[INSERTION_CHEAPEST];
}
/* An end's place for a class; road.arc NONE = the class cannot stop there. */
struct place insertion_place(const struct core *core, uint32_t class_index, const struct end_place *end);

#endif
