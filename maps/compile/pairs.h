/* The CSV of `mapc route --pairs`: from_lat,from_lon,to_lat,to_lon, or from_arc,from_mm,to_arc,to_mm. */
#ifndef ZUB_PAIRS_H
#define ZUB_PAIRS_H

#include "err.h"
#include "geo.h"
#include "network.h"
#include <stddef.h>

struct pair {
	struct geo_point points[2]; /* from, to; by points */
	struct spot spots[2];	    /* by arc: in range of the network. By points: arc NONE, for the caller to fill */
};
struct pairs {
	int by_arc;
	size_t n, cap;
	struct pair *rows;
};
/* Errors by file and line. `road` says which arcs there are. */
int pairs_read(struct pairs *ret_pairs, const char *path, const struct network *road, struct err_detail *detail);
void pairs_free(struct pairs *pairs);

#endif
