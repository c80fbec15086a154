/* `sim run`: a scenario, its seeds, and the folder with what came out. */
#ifndef ZUB_RUN_H
#define ZUB_RUN_H

#include "err.h"
#include "scenario.h"
#include <stdint.h>

struct run_options {
	const char *file, *folder;
	const char *town;  /* instead of the scenario's; NULL = as it says */
	const char *seeds; /* as sweep_seeds reads them; NULL = the scenario's own */
	const char *const *sets;
	uint32_t n_sets, n_threads;
	int journal, progress; /* progress: also where no terminal shows it */
};
/* Reads, runs, writes; a table of the figures to stdout, progress to stderr. What a checker stopped is written all the
 * same. Errors say file, line, column where there is one. */
int run_scenario(const struct run_options *options, struct err_detail *detail);

#endif
