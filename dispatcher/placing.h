/* Raw degrees -> a place on the town's roads and footpaths, for the drivers of the core (live loop, simulator): the
 * core itself never projects. Places snap to the main part of class 0, the service's class, where stopping is allowed.
 */
#ifndef ZUB_PLACING_H
#define ZUB_PLACING_H

#include "command.h"
#include "err.h"
#include "projection.h"
#include "town.h"

#define PLACING_AWAY_MM 300000 /* farther than this from any road: outside the map */

struct placing {
	const struct town *town; /* borrowed */
	struct projection *projection;
};
int placing_open(struct placing *placing, const struct town *town, struct err_detail *detail);
void placing_close(struct placing *placing);
/* ERR_RANGE when neither a road nor a footpath is near. */
int placing_find(struct placing *placing, struct geo_point point, struct place *ret_place);
/* The road of class 0 nearest to a point, stopping allowed or not. ERR_RANGE. */
int placing_street(struct placing *placing, struct geo_point point, uint32_t *ret_arc);

#endif
