/* Addresses, street names, stops and places for search. */
#ifndef ZUB_PLACES_H
#define ZUB_PLACES_H

#include "build.h"
#include "osm.h"

/* Fills the address columns; only what lies in the town's box. */
int places_build(struct build *build, const struct osm *osm);

#endif
