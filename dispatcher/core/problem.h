/* What a search beside the loop is given: the plans of a few neighbouring vehicles, copied out of the core with all
 * that decides about them: what each task needs and promises, which vehicles may carry whom, the driving times between
 * all places. Nothing in it is shared with the core. Its answer is a CMD_IMPROVE, which the core checks for itself
 * (proposal.c). */
#ifndef ZUB_PROBLEM_H
#define ZUB_PROBLEM_H

#include "core.h"
#include "schedule.h"

#define PROBLEM_VEHICLES_MAX COMMAND_PLANS_MAX
#define PROBLEM_TASKS_MAX COMMAND_PLAN_TASKS_MAX
#define PROBLEM_PLACES_MAX (PROBLEM_TASKS_MAX + PROBLEM_VEHICLES_MAX)
#define PROBLEM_LEAD_MS 2000	/* the answer is expected within this */
#define PROPOSAL_AHEAD_MS 60000 /* who is picked up sooner keeps the vehicle he was told */

struct proposal_limits {  /* what a task may come to in another order; INT64_MAX = no limit */
	instant_ms value; /* schedule_value: with the reserve before the promise, or no later than it is now */
	instant_ms worst; /* with no-shows (schedule.h) */
	instant_ms begin; /* pickup: boarding within the window */
	instant_ms ride_ms;
};
/* From what the task comes to now. */
void proposal_limits(const struct core_settings *settings, const struct step *step, instant_ms value, instant_ms worst,
		     instant_ms begin, instant_ms ride_ms, struct proposal_limits *ret_limits);
/* Is its promise at risk when somebody does not come? Then nobody may be picked up before it who was not before. */
int proposal_at_risk(const struct core_settings *settings, const struct step *step, instant_ms worst);

struct problem_task {
	uint64_t ride;	  /* 0 = for nobody */
	struct step step; /* drive_ms and joined as they are now */
	uint32_t place;
	uint32_t vehicle, at; /* whose task it is now, and where in its plan */
	uint32_t other;	      /* the ride's drop-off (of a pickup) or pickup (of a drop-off); NONE */
	uint32_t may_go;      /* bit v: vehicle v may have it */
	uint8_t units[TOWN_SPACES_MAX];
	struct proposal_limits limits;
};
struct problem_vehicle {
	uint32_t number, epoch, version;
	uint32_t first, n; /* tasks */
	uint32_t first_free;
	uint32_t start_place; /* it can go anywhere from here at start_at */
	uint32_t stands_at;   /* place of the stop it stands at since stands_since, or NONE */
	uint32_t heads_for;   /* place it is driving to and reaches at heads_at, or NONE */
	instant_ms start_at, stands_since, heads_at, ends_at;
	int64_t rest_ms; /* of its way, when it has nothing left to do */
	uint64_t range_mm;
	uint32_t spaces[TOWN_SPACES_MAX], load[TOWN_SPACES_MAX]; /* load: aboard now */
};
struct problem {
	struct core_settings settings;
	instant_ms now;
	struct sequence sequence; /* its numbers; no steps */
	uint32_t n_vehicles, n_tasks, n_places;
	uint32_t n_free; /* rides that may change their vehicle */
	struct problem_vehicle vehicles[PROBLEM_VEHICLES_MAX];
	struct problem_task tasks[PROBLEM_TASKS_MAX];
	struct place places[PROBLEM_PLACES_MAX];
	uint32_t drive_ms[PROBLEM_PLACES_MAX][PROBLEM_PLACES_MAX]; /* row = from; TIME_INFINITE = no way */
	uint32_t drive_mm[PROBLEM_PLACES_MAX][PROBLEM_PLACES_MAX];
};

/* Fills in the vehicle of a ride drawn by `round` among those that can be moved, and those of its class that are
 * nearest to its pickup when that is due. 0: nothing there to improve. Any round gives a good problem; the same core
 * and round give the same. */
int problem_take(struct core *core, uint64_t round, struct problem *ret_problem);

#endif
