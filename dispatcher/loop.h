/* The live loop: gathers commands (HTTP, vehicles, clock), steps the core, writes commands, outcomes and digest in one
 * durable commit, and only then releases the updates (replies, plans, streams). If the commit fails the process ends
 * (exit 75) and is started again from the journal: what was not durable was never told to anybody. If only the store's
 * server is away, the same commit is tried until it is durable; meanwhile the loop holds: standstill goes out,
 * everything else is answered "not available". One thread, one libevent base. */
#ifndef ZUB_LOOP_H
#define ZUB_LOOP_H

#include "err.h"
#include "settings.h"
#include "town.h"

#define LOOP_EXIT_RESTART 75

struct loop;
/* Opens store, recovers the core, opens link and HTTP. On ERR_INTERRUPTED from recovery the loop runs in hold mode:
 * standstill works, no promises are made. `settings` and `fleet` are borrowed until close. */
int loop_open(struct loop **ret_loop, const struct settings *settings, const struct fleet *fleet,
	      struct err_detail *detail);
/* Runs until loop_stop (SIGINT, SIGTERM). Returns the exit status. */
int loop_run(struct loop *loop);
void loop_close(struct loop *loop);

#endif
