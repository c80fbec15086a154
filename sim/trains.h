/* Simulated trains and buses: which of them are late, by how much, and when that becomes known; all of it follows from
 * the timetable and a seed. Written as GTFS-Realtime trip updates, as a transport company would publish them. Nobody
 * may take them for real: only simulated services poll them. */
#ifndef ZUB_TRAINS_H
#define ZUB_TRAINS_H

#include "err.h"
#include "feed.h"

struct trains_options {
	uint64_t seed;
	uint32_t late_permille; /* of the trips */
	int32_t late_min_s, late_max_s;
};
void trains_options_default(struct trains_options *options);
/* One file for each timetable of the town: PREFIX-NUMBER.pb, put there by renaming. ERR_IO, ERR_MEMORY. */
int trains_write(const struct trains_options *options, const struct town *town, instant_ms now, const char *prefix,
		 struct err_detail *detail);
/* The setting that polls these files: "NAME=file://PREFIX-0.pb NAME=file://PREFIX-1.pb"; ERR_FULL. */
int trains_setting(const struct town *town, const char *prefix, char *text, size_t size);

#endif
