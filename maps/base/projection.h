/* The only user of PROJ: WGS84 <-> the town's own CRS, and geodesic lengths. One object per thread; network is off. */
#ifndef ZUB_PROJECTION_H
#define ZUB_PROJECTION_H

#include "err.h"
#include "geo.h"
#include <stdint.h>

struct projection;

/* crs: anything PROJ reads ("EPSG:25832"), or NULL for the WGS84 UTM zone of `origin`. Coordinates are mm relative to
 * the projected origin. Errors: ERR_FORMAT (unknown crs), ERR_MEMORY. */
int projection_open(struct projection **ret_projection, const char *crs, struct geo_point origin,
		    struct err_detail *detail);
void projection_close(struct projection *projection);
/* The CRS as PROJ understood it, e.g. "EPSG:32632"; borrowed until close. */
const char *projection_crs(const struct projection *projection);
/* ERR_RANGE when the point does not project or lies more than 2,000 km off. */
int projection_forward(struct projection *projection, struct geo_point point, struct geo_xy *ret_xy);
/* Geodesic length (WGS84 ellipsoid), mm, rounded to nearest. */
uint32_t projection_geodesic_mm(struct projection *projection, struct geo_point a, struct geo_point b);

#endif
