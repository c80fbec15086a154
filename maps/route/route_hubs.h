/* Hub labels (Abraham et al., SEA 2011; ESA 2012) read off a prepared metric: for the end of an arc the vertices of the
 * hierarchy through which fastest ways run, each with its time. A fastest way from a to b passes a hub that the label
 * from a and the label to b have in common: its time is the least sum over common hubs. A vertex is in a label only if
 * no fastest way to it runs over a higher one, so labels are as short as the order allows.
 *
 * For whoever keeps entries of many places by hub (buckets) and changes them piecewise. Times are in the unit of the
 * metric and under 2^29. */
#ifndef ZUB_ROUTE_HUBS_H
#define ZUB_ROUTE_HUBS_H

#include "route.h"

#define ROUTE_HUB_FAR 0x3fffffff

struct route_hub {
	uint32_t vertex; /* below route_hubs_vertices */
	int32_t time;
};

/* What labels need laid close together, and scratch: of one thread. */
struct route_hubs;
size_t route_hubs_size(const struct route_graph *graph);
/* The metric and its weights are borrowed; after they change open anew. ERR_MEMORY; ERR_RANGE: no weights. */
int route_hubs_open(struct route_hubs **ret_hubs, const struct route_graph *graph, const struct route_metric *metric,
		    struct arena *arena);
uint32_t route_hubs_vertices(const struct route_hubs *hubs);
/* Hubs of a label at most; also before they are open. */
uint32_t route_hubs_label_most(const struct route_graph *graph);
int32_t route_hubs_arc_time(const struct route_hubs *hubs, uint32_t arc); /* ROUTE_HUB_FAR: closed */
/* From the end of an arc, whatever was driven before; to the end of an arc, the arc itself included. Return how many
 * hubs; 0 = no way (or a closed arc). The label to the end of an arc that turn rules know by several histories can name
 * a hub more than once. */
uint32_t route_hubs_from(struct route_hubs *hubs, uint32_t arc, struct route_hub *ret_label);
uint32_t route_hubs_to(struct route_hubs *hubs, uint32_t arc, struct route_hub *ret_label);
/* ret_times[n]: from each hub of a label from an arc on to where the other label (to) leads; ROUTE_HUB_FAR: no way. */
void route_hubs_onward(struct route_hubs *hubs, const struct route_hub *from, uint32_t n, const struct route_hub *to,
		       uint32_t n_to, int32_t *ret_times);
/* Somewhere on the fastest way (of equally fast ones the shortest) from the end of an arc to the end of another: the
 * first arc that ends at `after` or later, and when it ends. There is a way, and it takes `total`. */
struct route_hub_place {
	uint32_t arc;
	int32_t time;
};
struct route_hub_place route_hubs_along(struct route_hubs *hubs, uint32_t from_arc, uint32_t to_arc, int32_t total,
					int32_t after);

#endif
