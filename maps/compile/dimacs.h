/* Road graphs of the 9th DIMACS challenge (.gr, .co; plain or gzip) as a town of one vehicle class. Arcs keep their
 * number (position of the a-line from 0), none is dropped, all turns are free. */
#ifndef ZUB_DIMACS_H
#define ZUB_DIMACS_H

#include "build.h"
#include "town_settings.h"

struct dimacs_options {
	const char *gr_path;  /* weights are travel times in units of unit_ms */
	const char *co_path;  /* 1e-6 degrees */
	const char *len_path; /* the same arcs with lengths in units of len_mm; NULL: geodesic distance of the ends */
	uint32_t unit_ms, len_mm;
	const struct town_settings *settings; /* its first class is the only one */
};

/* Errors name file and line. */
int dimacs_build(struct build *build, const struct dimacs_options *options, struct err_detail *detail);

#endif
