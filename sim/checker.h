/* Watches commands and updates from outside with its own books, knowing nothing of the core's: no rider lost, none carried twice,
 * no seat sold twice, every promise kept or broken with a cause that a journaled outside event explains. */
#ifndef ZUB_CHECKER_H
#define ZUB_CHECKER_H

#include "core.h"
#include "err.h"

struct checker;
int checker_open(struct checker **ret_checker, const struct town *town);
void checker_close(struct checker *checker);
/* A command and the updates it caused; called after each step, in order. */
void checker_step(struct checker *checker, const struct command *command, const struct update *updates, uint32_t n);
/* At the end: every promised ride must have ended. 0, or ERR_BROKEN with the first fault found at any time. */
int checker_end(struct checker *checker, int service_over, struct err_detail *detail);

/* What it counted; figure names as planners know them (MATSim DRT, FleetPy). Denominators are written at each. */
struct checker_figures {
	uint64_t requests;                 /* CMD_REQUEST answered with offers or a refusal */
	uint64_t promised, refused, declined /* offers that were not accepted */, cancelled, no_shows, done, broken;
	uint64_t rejections_by[REFUSALS];
	uint64_t wheelchair_done, prebooked_done, tied_done, shared_done; /* of done */
	uint64_t wait_ms_sum, wait_n;      /* boarded - max(asked, earliest pickup), per boarded ride */
	uint64_t wait_ms_p95;
	uint64_t in_vehicle_ms_sum;        /* alighted - boarded, per done ride */
	uint64_t origins;                  /* different places of origin among done rides */
	uint64_t vehicles_used;
	uint64_t promises_kept, promises_broken;
	uint64_t outside_events;           /* faults, lost links, delays, orders: what may explain a broken promise */
};
void checker_figures(const struct checker *checker, struct checker_figures *ret_figures);

#endif
