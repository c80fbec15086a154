/* The objective, in one place. What an insertion costs, in weight * ms: the lowest wins, ties go to the lower vehicle
 * number, then the earlier pickup position, then the earlier drop-off position, then the nearer places. Weights are
 * settings.
 *
 *   weight_vehicle * what the vehicle drives and serves more (driving and dwell time, waiting not counted)
 * + weight_wait    * (window start - earliest the rider can be at the stop)
 *                    (arrive-by, and before a departing trip: planned arrival before the wished time counts instead)
 * + weight_ride    * (end of alighting - end of boarding)
 * + weight_walk    * both walks
 * + weight_wait    * what waiting riders' pickups move back + weight_ride * what riders' drop-offs move back
 * Waits count as much more as the rider's group weighs (fair.c).
 *
 * Whole plans are compared by the same weights (cost_of_plan). */
#ifndef ZUB_COST_H
#define ZUB_COST_H

#include "command.h"
#include "schedule.h"
#include <stdint.h>

#define COST_WAIT_MOST 8 /* a wait weighs so many times at most */

struct cost_parts { /* ms */
	int64_t vehicle, wait, ride, walk, others_wait, others_ride;
};
static inline int64_t cost_of(const struct core_settings *settings, const struct cost_parts *parts)
{
	return (int64_t)settings->weight_vehicle * parts->vehicle +
	       (int64_t)settings->weight_wait * (parts->wait + parts->others_wait) +
	       (int64_t)settings->weight_ride * (parts->ride + parts->others_ride) +
	       (int64_t)settings->weight_walk * parts->walk;
}

/* A wait as its rider's group weighs it; 0 = as it is. */
static inline int64_t cost_weighed(int64_t wait_ms, uint32_t permille)
{
	return permille ? wait_ms * permille / 1000 : wait_ms;
}

/* What is left of a whole plan, measured alike for every order of the same tasks: `times` of `sequence`, rest_ms =
 * what a vehicle without any task still drives. Waiting and riding count from now on; limits are not looked at. */
static inline int64_t cost_of_plan(const struct core_settings *settings, const struct sequence *sequence,
				   const struct times *times, int64_t rest_ms)
{
	struct cost_parts parts = {.vehicle = sequence->n ? 0 : rest_ms};
	for (uint32_t k = 0; k < sequence->n; k++) {
		const struct step *step = &sequence->steps[k];
		if (!step->joined)
			parts.vehicle += (k ? step->drive_ms : times->arrive[0] - sequence->now) + sequence->stop_ms;
		parts.vehicle += step->dwell_ms;
		if (step->kind == WIRE_PICKUP) {
			parts.others_wait += cost_weighed(times->begin[k] - sequence->now, step->wait_permille);
			parts.others_ride -= times->end[k] - sequence->now;
		} else if (step->kind == WIRE_DROPOFF) {
			parts.others_ride += times->end[k] - sequence->now;
		}
	}
	return cost_of(settings, &parts);
}

#endif
