/* All steps from OSM, GTFS and settings to a town that town_write can write. */
#ifndef ZUB_COMPILE_H
#define ZUB_COMPILE_H

#include "build.h"
#include "town_settings.h"

struct compile_options {
	const char *osm_path;
	const char *const *gtfs_paths;
	uint32_t n_gtfs;
	const struct town_settings *settings;
	uint32_t yyyymmdd; /* a day that must have service; without GTFS the middle of the day table (0 = 20250101) */
	void (*progress)(void *context, const char *step); /* may be NULL */
	void *context;
};

/* build: opened by the caller, closed by the caller also after a failure. Errors name the file and place. */
int compile_town(struct build *build, const struct compile_options *options, struct err_detail *detail);

#endif
