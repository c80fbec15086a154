/* The thread beside the loop that looks for better plans (improve/plans.h). It works on a copy; what it finds is handed
 * back to the loop, which proposes it to the core as commands. One round at a time; the loop never waits for it. */
#ifndef ZUB_IMPROVER_H
#define ZUB_IMPROVER_H

#include "core.h"
#include "plans.h"

struct improver;
/* ERR_MEMORY, ERR_IO (no thread). */
int improver_open(struct improver **ret_improver, uint32_t iterations);
void improver_close(struct improver *improver); /* NULL is allowed; waits for the round under way */
/* Copies a few plans and begins a round; 0: one is under way or not taken yet, or nothing is there to improve. */
int improver_begin(struct improver *improver, struct core *core, uint64_t round);
/* 1: a round is over, and this is what it found. */
int improver_take(struct improver *improver, struct plans_answer *ret_answer);

#endif
