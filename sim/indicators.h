/* The planner's figures: names, units, words and definitions stand once, in the table of indicators.c, beside the two
 * expressions (numerator, denominator) that compute them from the books of a day. Names are those that planners know
 * from MATSim DRT, FleetPy and GTFS; `known_as` says which. */
#ifndef ZUB_INDICATORS_H
#define ZUB_INDICATORS_H

#include "day.h"
#include "err.h"

enum indicator_scope {
	INDICATOR_RIDES, /* of riders: for every group */
	INDICATOR_FLEET	 /* of vehicles: not by need */
};
struct indicator {
	const char *name, *unit, *known_as;
	uint8_t scope, decimals;	   /* decimals: as shown to people; files hold what was computed */
	const char *en, *de;		   /* a few words */
	const char *define_en, *define_de; /* with the denominator */
};
extern const struct indicator indicators[];
extern const uint32_t n_indicators;
#define INDICATORS_MAX 64
/* Index, or NONE. */
uint32_t indicator_find(const char *name);

/* Whom the figures are of. */
enum indicator_group { GROUP_ALL, GROUP_HOUR, GROUP_NEED };
#define GROUP_NO_NEED TOWN_NEEDS_MAX /* `which` of a GROUP_NEED: seats are all that the party needs */
/* values[n_indicators]; NAN = denominator 0, or not of this group. ERR_MEMORY. `which`: hour by day_hour_of, or need.
 */
int indicators_of(const struct day *day, enum indicator_group group, uint32_t which, double *values);

/* How long boarded riders waited: bins of five minutes, the last one open. Adds to counts. */
#define INDICATOR_WAIT_BINS 13
void indicators_waits(const struct day *day, uint64_t *counts);

#endif
