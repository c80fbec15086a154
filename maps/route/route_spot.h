/* Private to maps/route: spots under a metric's own times. */
#ifndef ZUB_ROUTE_SPOT_H
#define ZUB_ROUTE_SPOT_H

#include <assert.h>

#include "route.h"

static inline uint32_t route_spot_part_ms(const struct network *network, const uint32_t *time_ms, uint32_t arc,
					  uint32_t part_mm)
{
	return network_share_ms(time_ms[arc], network->dist_mm[arc], part_mm);
}

static inline uint32_t route_spot_offset(const struct network *network, struct spot spot)
{
	uint32_t dist = network->dist_mm[spot.arc];
	return spot.offset_mm < dist ? spot.offset_mm : dist;
}

static inline int route_spot_is_ahead(const struct network *network, struct spot from, struct spot to)
{
	return from.arc == to.arc && route_spot_offset(network, to) >= route_spot_offset(network, from);
}

static inline int route_spot_usable(const struct network *network, const struct route_metric *metric, struct spot spot)
{
	if (spot.arc == NONE)
		return 0;
	assert(spot.arc < network->n_arcs);
	return metric->time_ms[spot.arc] != TIME_INFINITE;
}

#endif
