/* A generated but believable town, written as OSM PBF and GTFS so that it takes the same path as real data. */
#ifndef ZUB_SYNTH_H
#define ZUB_SYNTH_H

#include "err.h"
#include <stdint.h>

struct synth_options {
	uint64_t seed;
	uint32_t inhabitants; /* 5,000 .. 1,000,000 */
	const char *osm_path, *gtfs_path;
};
/* Same options, same bytes. ERR_RANGE, ERR_IO. */
int synth_write(const struct synth_options *options, struct err_detail *detail);

#endif
