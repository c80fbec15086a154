/* Do the receipts that riders hold still stand in the journal? A chain that its owner can rewrite proves nothing; what
 * people were handed does. */
#ifndef ZUB_RECEIPTS_H
#define ZUB_RECEIPTS_H

#include "err.h"
#include "store.h"

/* Lines "promise INDEX RECORD HASH" of the file that sim live keeps; each record must be in the journal with that hash.
 * Other lines, and one cut off by a crash, are no receipts.
 * *ret_n: how many receipts. ERR_BROKEN names the first that does not hold. */
int receipts_check(struct store *store, const char *path, uint64_t *ret_n, struct err_detail *detail);

#endif
