/* The search beside the loop: ruin and recreate on the plans of a few vehicles (problem.h). Rides are taken out, in
 * strings of neighbouring tasks, by likeness (Shaw 1998) or by chance, and put back where they cost least, under all
 * that the core asks of a plan and by its own costs; sometimes a good place is passed over (blinks). Worse plans are
 * accepted within a falling threshold, the best is kept. Pure, integer; what comes out depends on problem, seed and
 * iterations alone. */
#ifndef ZUB_PLANS_H
#define ZUB_PLANS_H

#include "problem.h"

#define PLANS_MOVE_MS 60000 /* a usual move_ms */

struct arena;
struct plans;
struct plans_options {
	uint64_t seed;
	uint32_t iterations;
	uint32_t move_ms; /* what it must save per rider who is told another vehicle, in weighted ms of waiting */
};
struct plans_answer { /* proposals that do not depend on each other */
	uint32_t n;
	struct {
		struct cmd_improve command;
		int64_t saved;	  /* cost.h */
		uint32_t n_moved; /* riders who change their vehicle */
	} proposals[PROBLEM_VEHICLES_MAX];
};

size_t plans_size(void);
int plans_open(struct plans **ret_plans, struct arena *arena); /* ERR_MEMORY */
/* The problem is borrowed for the call. Only proposals that lower the cost are in the answer. */
void plans_improve(struct plans *plans, const struct problem *problem, const struct plans_options *options,
		   struct plans_answer *ret_answer);

#endif
