/* What the journal says of one ride, for the control room. */
#ifndef ZUB_STORY_H
#define ZUB_STORY_H

#include "host.h"
#include "store.h"

/* Finds the time of asking by bisection, then reads on to the end, or to STORY_RECORDS_MAX records (ERR_FULL). */
#define STORY_RECORDS_MAX 400000
int story_read(struct store *store, uint64_t ride, instant_ms asked_at, host_story_each *each, void *arg);

#endif
