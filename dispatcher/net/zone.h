/* The town's local time for pages without script: reads the system's time-zone file (TZif, the 64-bit part), asks no
 * global state (TZ) and is exact on the nights when clocks change. */
#ifndef ZUB_ZONE_H
#define ZUB_ZONE_H

#include "units.h"
#include <stddef.h>
#include <stdint.h>

struct zone {
	uint32_t n;	 /* changes */
	int64_t *at_s;	 /* [n] seconds since 1970, ascending */
	int32_t *east_s; /* [n + 1] seconds east of UTC before the first change, and from each change on */
};
struct zone_time {
	int year, month, day, hour, minute, weekday; /* month 1..12, weekday 0 = Sunday */
};

/* "Europe/Berlin"; folder NULL = the system's. On an error (ERR_NOT_FOUND, ERR_FORMAT, ERR_MEMORY) the zone is UTC and
 * still usable. */
int zone_open(struct zone *ret_zone, const char *folder, const char *name);
/* The same from the bytes of such a file. */
int zone_read(struct zone *ret_zone, const uint8_t *bytes, size_t n);
void zone_close(struct zone *zone);
struct zone_time zone_local(const struct zone *zone, instant_ms at);
/* The instant of a local time; one that the clocks leave out is taken as if they had not changed yet, one that comes
 * twice is the first. INSTANT_NONE when it is no date. */
instant_ms zone_instant(const struct zone *zone, const struct zone_time *local);

#endif
