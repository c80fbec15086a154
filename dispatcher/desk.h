/* Private to the program: a journal taken up beside the service, to work on it: decisions, what a restored copy must
 * forget. */
#ifndef ZUB_DESK_H
#define ZUB_DESK_H

#include "journal.h"
#include "tools.h"
#include "towns.h"

struct desk {
	struct towns towns;
	struct towns_entry *town;
	struct store *store;
	struct arena arena;
	struct core *core;
	struct journal *journal;
	struct deciders deciders;
	uint32_t epoch;
	uint64_t recovered; /* sequence, or of the record that holds */
	int held;
};

/* The settings' journal with its towns, recovered; `desk` is zeroed memory of the caller's, freed by desk_close, also
 * after an error. ERR_BUSY: a dispatcher runs. A record that holds it is no error: held, recovered. */
int desk_open(struct desk *desk, const struct settings *settings, struct err_detail *detail);
void desk_close(struct desk *desk);

#endif
