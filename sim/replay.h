/* Replays a journal through the core and compares every outcome with the recorded one, byte for byte; the checker
 * watches. */
#ifndef ZUB_REPLAY_H
#define ZUB_REPLAY_H

#include "checker.h"
#include "err.h"
#include "journal.h"
#include "store.h"
#include "town.h"

struct replay_report {
	uint64_t commands, differing, first_differing; /* sequence of the first outcome that is not the same */
	uint64_t digest, recorded_digest;
	struct checker_figures figures;
	uint64_t empty_mm, loaded_mm; /* driven by the fleet */
	char fault[512];	      /* what the checker found, "" = nothing */
};
/* service_over: every promised ride must have ended. Errors: what the store or the records have wrong; differing
 * outcomes are in the report. */
int replay_run(struct store *store, const struct town *town, int service_over, struct replay_report *ret_report,
	       struct err_detail *detail);

/* The same for journals with town swaps: `give` hands over the towns that they name (journal.h), `town` is the one the
 * journal was begun with. */
int replay_run_with(struct store *store, const struct town *town, journal_town_source give, void *self,
		    int service_over, struct replay_report *ret_report, struct err_detail *detail);

#endif
