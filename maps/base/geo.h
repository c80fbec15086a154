/* Plane and spherical helpers on integers. Exact lengths (geodesic) are the projection's. */
#ifndef ZUB_GEO_H
#define ZUB_GEO_H

#include <stdint.h>

struct geo_point { /* WGS84, 1e-7 degrees */
	int32_t lat_e7, lon_e7;
};
struct geo_xy { /* the town's own CRS relative to its origin, mm; x east, y north */
	int32_t x_mm, y_mm;
};

/* Floor of the square root. */
uint64_t geo_sqrt(uint64_t value);
/* Distance in the plane, rounded down. */
uint64_t geo_distance_mm(struct geo_xy a, struct geo_xy b);
/* Rough distance (equirectangular, integer), within 0.5 % under 50 km: for screening only. */
uint64_t geo_rough_mm(struct geo_point a, struct geo_point b);
/* Nearest point on the segment a-b to p, rounded to whole mm: returns its squared distance in mm^2 (UINT64_MAX when
 * that does not fit), *ret_part = 0 .. 1 << 20 along a-b. */
uint64_t geo_segment_nearest(struct geo_xy p, struct geo_xy a, struct geo_xy b, uint32_t *ret_part);
/* > 0 when p lies left of a->b, < 0 right, 0 on the line. */
int geo_side(struct geo_xy p, struct geo_xy a, struct geo_xy b);
/* "49.4012345,8.6712345" -> point; accepts 1 to 7 decimals, spaces around. ERR_FORMAT, ERR_RANGE. */
int geo_parse(const char *text, struct geo_point *ret_point);
/* Is p inside the ring (n points, closed implicitly)? Even-odd, border counts as inside. */
int geo_inside(struct geo_point p, const struct geo_point *ring, uint32_t n);

#endif
