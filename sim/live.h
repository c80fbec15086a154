/* Simulated riders and a simulated service desk who use a running dispatcher over HTTP, as people would: the demo's
 * life. Requests repeat with the same Idempotency-Key until answered, streams reconnect: the dispatcher may be killed
 * at any time. */
#ifndef ZUB_LIVE_H
#define ZUB_LIVE_H

#include "demand.h"
#include "err.h"
#include "town.h"

struct live_options {
	const char *address; /* "127.0.0.1" */
	uint16_t port;
	const char *token_path;	      /* operator token */
	const char *memory_path;      /* who asked what, kept over restarts of this program */
	uint64_t minutes;	      /* service minutes from the dispatcher's present; 0 = until stopped */
	int show_status;	      /* one live status line on stderr */
	const char *trains;	      /* writes simulated trip updates there (trains.h), or NULL */
	struct demand_options demand; /* from, to are set from the dispatcher's clock */
};
/* Runs until the minutes are over, or SIGINT/SIGTERM (ERR_INTERRUPTED). ERR_UNAVAILABLE: no dispatcher answers for two
 * minutes. */
int live_run(const struct live_options *options, const struct town *town, struct err_detail *detail);

#endif
