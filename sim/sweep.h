/* One scenario, several seeds, all cores: each run has an engine, a store and a demand of its own and shares nothing
 * but the open town, read-only. What comes out depends on the seeds alone, never on how many threads there are. */
#ifndef ZUB_SWEEP_H
#define ZUB_SWEEP_H

#include "checker.h"
#include "day.h"
#include "demand.h"
#include "err.h"
#include "scenario.h"
#include "town.h"
#include "world.h"

#define SWEEP_RUNS_MAX 1000
#define SWEEP_THREADS_MAX 256

struct sweep_run { /* of one seed */
	uint64_t seed;
	struct demand demand;
	struct day *day; /* NULL when it could not begin */
	struct checker_figures counts;
	struct world_counts events;
	char fault[256]; /* of the checker, "" = nothing wrong */
	uint64_t digest, journal;
	uint64_t demand_hash; /* equal demands, equal hashes: may two scenarios be compared in pairs? */
	int code;
	struct err_detail detail;
};
struct sweep_options {
	const struct scenario *scenario; /* resolved; its own seed is not used */
	const uint64_t *seeds;
	uint32_t n_seeds, n_threads; /* threads 0 = one per core */
	const char *journal_folder;  /* NULL, or where each run leaves journal-SEED.db (a single one: journal.db) */
	/* Called by one thread at a time: so much of all simulated time is done. May be NULL. */
	void (*progress)(void *self, uint32_t permille, uint32_t n_done);
	void *self;
};
struct sweep {
	struct sweep_run *runs; /* [n], in the order of the seeds */
	uint32_t n;
};
/* The first error in the order of the seeds; runs that a checker stopped are in the sweep all the same, for looking
 * into. sweep_close after any return. */
int sweep_run(struct sweep *sweep, const struct sweep_options *options, const struct town *town,
	      struct err_detail *detail);
void sweep_close(struct sweep *sweep);
/* "5", "1..10" or "1,4,7..9" into at most SWEEP_RUNS_MAX different seeds, ascending as written. ERR_USAGE, ERR_RANGE.
 */
int sweep_seeds(const char *text, uint64_t *seeds, uint32_t *ret_n, struct err_detail *detail);

#endif
