/* `sim compare`: what differs between two runs, seed by seed. Both have drawn the same wishes for the same seed (common
 * random numbers), so the mean of the differences is known far better than the difference of the means. */
#ifndef ZUB_COMPARE_H
#define ZUB_COMPARE_H

#include "err.h"
#include <stdio.h>

/* Two folders that `sim run` wrote. A table to `out`; with a folder (may be NULL) also compare.csv there. Only seeds
 * that both have count. Said in words, and no error: other wishes for a seed, other towns. ERR_IO, ERR_FORMAT with the
 * file; ERR_NOT_FOUND: no seed in common. */
int compare_folders(const char *a, const char *b, const char *folder, FILE *out, struct err_detail *detail);

#endif
