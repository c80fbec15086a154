/* Map background: water, green, rail and built-up areas, clipped to the town's box. */
#ifndef ZUB_SHAPES_H
#define ZUB_SHAPES_H

#include "build.h"
#include "osm.h"

int shapes_build(struct build *build, const struct osm *osm);

#endif
