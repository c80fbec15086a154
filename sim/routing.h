/* Public benchmark instances of dial-a-ride (Cordeau and Laporte 2003, Cordeau 2006) and of pickup and delivery with
 * time windows (Li and Lim 2001), solved with the engine of dispatcher/improve. Coordinates are scaled by 100,000 and
 * rounded to nearest, travel times and costs are Euclidean distances of these, rounded to nearest. */
#ifndef ZUB_ROUTING_H
#define ZUB_ROUTING_H

#include "err.h"
#include <stdint.h>
#include <stdio.h>

enum routing_kind {
	ROUTING_DARP, /* all vehicles may be used; cost is the distance */
	ROUTING_PDPTW /* fewest vehicles first, then distance */
};
struct routing_options {
	const char *path;
	enum routing_kind kind;
	uint32_t seconds; /* of processor time, 1 .. 86400 */
	uint64_t seed;
	FILE *progress; /* NULL = none */
};
/* Prints one JSON object: {"instance", "cost", "vehicles", "seconds", "routes", "times"}; the depot stands at both ends
 * of a route; times are in the units of the file. ERR_IO, ERR_FORMAT (file, line, what was expected), ERR_MEMORY,
 * ERR_UNREACHABLE: no plan that serves all was found. */
int routing_solve(const struct routing_options *options, FILE *out, struct err_detail *detail);

#endif
