/* What a vehicle could do for a rider at best, before any way to or from it is asked for: never more than what the
 * search finds, so a vehicle whose bound cannot win is left out without a wrong answer.
 *
 * Ways between stops are read from the rows of the matrix. From where a vehicle is under way, and from and to doors,
 * they are bounded by landmarks (Goldberg and Harrelson, SODA 2005: the triangle inequality over known distances), on
 * the bare streets: usual times of the class, no turn costs. Streets set slower and profiles only make ways longer.
 * When a task is over is taken from the plan as it was timed last, which is never later than what comes out now. */
#ifndef ZUB_BOUND_H
#define ZUB_BOUND_H

#include "insertion.h"

enum bound_ends { /* of which ends a bound speaks */
		  BOUND_ALL,
		  BOUND_SOONEST,    /* the pair by which a vehicle that waits there arrives first */
		  BOUND_LEAST_WALK, /* the pair with the least walk */
		  BOUND_ENDS
};
struct bound {
	int64_t cost;
	instant_ms at_door;
	uint8_t in_time; /* at a pickup place by the latest pickup, perhaps */
	uint8_t has_way; /* to a pickup place, perhaps */
};
struct bound_ask {
	const struct ask *ask;
	uint32_t class_index;
	const struct place *from, *to; /* [n_from], [n_to], of the class; road.arc NONE = not for it */
	const uint32_t *direct_ms;     /* [n_from * ENDS_MAX + n_to] */
};

struct bounds;
size_t bounds_size(const struct town *town);
int bounds_open(struct bounds **ret_bounds, const struct town *town, struct arena *arena);
/* For the vehicles of one class; all that `ask` names is borrowed until the next. */
void bounds_begin(struct core *core, struct bounds *bounds, const struct bound_ask *ask);
/* roughly: lower perhaps, for less work. */
void bounds_vehicle(struct core *core, struct bounds *bounds, uint32_t vehicle, enum bound_ends ends, int roughly,
		    struct bound *ret_bound);
/* Of all pairs that are allowed: INT64_MAX = there is none. */
int64_t bounds_least_walk_mm(const struct bounds *bounds);
/* No vehicle brings the rider sooner; only the pair of BOUND_SOONEST can do it so soon, unless that is not one pair. */
instant_ms bounds_soonest(const struct bounds *bounds);
/* Is it one pair that these ends are? */
int bounds_is_one(const struct bounds *bounds, enum bound_ends ends);

#endif
