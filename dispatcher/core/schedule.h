/* The earliest schedule of a list of tasks, and whether it keeps what was promised. Knows nothing of vehicles or rides.
 *
 * A stop is a run of tasks at one spot (`joined`): the vehicle arrives once, opens doors (stop_ms), then serves the
 * tasks one after the other. A pickup begins no sooner than `ready`.
 *
 * Riders who do not come. Boarding is expected when vehicle and rider are there, but a vehicle must wait for a missing
 * rider until the window has ended and no_show_wait_ms have passed at the stop. That wait must not break anybody else's
 * promise. So each schedule is also walked, for each pickup in turn, with that rider missing, and again with nobody
 * coming at the next pickup stop either (up to SCHEDULE_NO_SHOWS stops in a row). The first of them may as well come at
 * the very last moment and board, which takes some longer than the margin that plans keep. The latest time of each task
 * over all those walks is its `worst`. A rider's own absence does not count against his own drop-off. */
#ifndef ZUB_SCHEDULE_H
#define ZUB_SCHEDULE_H

#include "units.h"
#include "wire.h"
#include <stdint.h>

#define SCHEDULE_NO_SHOWS 2
#define SEQUENCE_MAX (WIRE_TASKS_MAX + 2)

struct step {
	uint32_t drive_ms; /* from the step before; of step 0 from the start */
	uint32_t far_ms;   /* the same for who is not there by the sequence's border; at least drive_ms */
	uint32_t dwell_ms;
	uint32_t ride;		/* ties a drop-off to its pickup; NONE for none */
	uint32_t ride_max_ms;	/* drop-off: longest time since the end of boarding */
	uint32_t wait_permille; /* pickup: how much its rider's wait counts in a plan's cost (fair.c); 0 = 1000 */
	uint8_t kind;		/* enum wire_task_kind */
	uint8_t joined; /* at the same stop as the step before; step 0: the vehicle stands there, since `arrived_at` */
	uint8_t fixed;	/* nothing may come before it */
	instant_ms ready;      /* pickup: not before */
	instant_ms wait_until; /* pickup: a missing rider is waited for until this at least */
	instant_ms promised;   /* latest arrival of the vehicle (pickup), latest end (drop-off); INT64_MAX = none */
	instant_ms boarded_at; /* drop-off of a rider aboard; else INSTANT_NONE */
};
struct sequence {
	uint32_t n;
	instant_ms now;	   /* nothing begins before */
	instant_ms start;  /* sets off (or, joined, arrived_at) */
	instant_ms border; /* what is driven up to then takes drive_ms; 0: always */
	uint32_t stop_ms, no_show_wait_ms;
	uint32_t margin_ms;  /* what plans keep in hand beyond the worst: room for an ordinary boarding */
	uint32_t message_ms; /* until the vehicle, told that nobody comes, goes on, and that it had come was known */
	struct step steps[SEQUENCE_MAX];
};
struct times {
	instant_ms arrive[SEQUENCE_MAX], begin[SEQUENCE_MAX], end[SEQUENCE_MAX];
	instant_ms worst[SEQUENCE_MAX]; /* arrive (pickup) or end (others) */
};

/* How long a leg takes that is set out on at `at`: of who leaves later none arrives sooner. */
static inline uint32_t schedule_drive_ms(const struct sequence *sequence, uint32_t drive_ms, uint32_t far_ms,
					 instant_ms at)
{
	return sequence->border && at + drive_ms > sequence->border ? far_ms : drive_ms;
}
/* Fills arrive, begin, end. */
void schedule_run(const struct sequence *sequence, struct times *ret_times);
/* Fills worst, after schedule_run. */
void schedule_worst(const struct sequence *sequence, struct times *times);
/* The latest arrival at step `index` over the walks that start before it (at least arrive[index]). */
instant_ms schedule_worst_arrival(const struct sequence *sequence, const struct times *times, uint32_t index);
/* What each step's value (below) becomes at worst when the rider of pickup `missing` does not come: ret_worst[n]. */
void schedule_without(const struct sequence *sequence, const struct times *times, uint32_t missing,
		      instant_ms *ret_worst);
/* What a promise is measured by: arrival of a pickup, end of a drop-off. */
static inline instant_ms schedule_value(const struct step *step, instant_ms arrive, instant_ms end)
{
	return step->kind == WIRE_PICKUP ? arrive : end;
}
/* How long the rider of drop-off `index` sits in the vehicle; INSTANT_NONE = nobody knows since when. */
instant_ms schedule_ride_ms(const struct sequence *sequence, const struct times *times, uint32_t index);

#endif
