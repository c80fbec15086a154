/* Private to maps/city: looking for the nearest roads, whatever index names the candidates. */
#ifndef ZUB_NETWORK_SNAP_H
#define ZUB_NETWORK_SNAP_H

#include "network.h"

#define ROUNDING_MM 3 /* feet are rounded to whole mm in x and y: tolerance, so that no tie is missed */

/* What is asked for, and the best found so far, sorted by (away_mm, arc) */
struct snap_search {
	const struct network *network;
	uint32_t class_index, max_away_mm;
	int stopping;
	struct geo_xy p;
	struct snap *best;
	uint32_t n, most;
};

/* Looks at the road that the arc belongs to, whichever of its directions the index named. */
void snap_try(struct snap_search *search, uint32_t arc);

#endif
