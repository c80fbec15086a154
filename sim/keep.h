/* The journal of a finished run as a file: records of one store written into another, group by group. */
#ifndef ZUB_KEEP_H
#define ZUB_KEEP_H

#include "err.h"
#include "store.h"

/* The target must be empty (ERR_EXISTS). Its keys are its own, so its chain hash is, too; replay finds the same
 * outcomes. */
int keep_journal(struct store *from, struct store *to, struct err_detail *detail);
/* A hash over all plain records: equal runs, equal values, whatever the keys. */
int keep_hash(struct store *store, uint64_t *ret_hash, struct err_detail *detail);

#endif
