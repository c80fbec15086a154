/* Fastest paths on the road network under turn rules. This interface stays; today's search behind it is Dijkstra on
 * arcs.
 *
 * A path runs from a spot to a spot. It costs the rest of the first arc, whole arcs, turn costs, and the part of the
 * last arc, each part rounded up to a millisecond (network_share_ms). On the same arc with to.offset >= from.offset it
 * is that part alone. Of paths of equal time the shorter counts, so (time, distance) is unique and any two searches
 * agree. Sequences of arcs longer than two (via ways) hold: a state is an arc plus what was driven before it as far as
 * a rule still needs it (Aho-Corasick over the turn rows). */
#ifndef ZUB_ROUTE_H
#define ZUB_ROUTE_H

#include "network.h"
#include <stdint.h>

struct arena;

/* Turn-expanded topology of one network: shared by all classes and queries, read-only after open. */
struct route_graph;
/* Bytes that route_graph_open takes from the arena. */
size_t route_graph_size(const struct network *network);
/* Errors: ERR_MEMORY, ERR_RANGE (the order in the town file does not fit the streets). */
int route_graph_open(struct route_graph **ret_graph, const struct network *network, struct arena *arena);
const struct network *route_graph_network(const struct route_graph *graph);

/* A metric: travel time per arc of one class; row of the town file unless changed (closures, live speeds). */
struct route_metric {
	uint32_t class_index;
	const uint32_t *time_ms; /* [n_arcs], borrowed; TIME_INFINITE = closed */
	/* made from the same class and times by route_weights_set: queries take microseconds. NULL: plain search */
	const struct route_weights *weights;
};

/* A metric prepared for fast queries (customised contraction hierarchy), with the same results. Needs a network with an
 * order (mapc writes one into every town): without one route_weights_open gives NULL, which means plain search.
 * Exact for paths under 2^30 ms and 4,294 km. Read-only for queries, any number of threads; no query while it is set.
 */
struct route_weights;
size_t route_weights_size(const struct network *network);
int route_weights_open(struct route_weights **ret_weights, const struct route_graph *graph,
		       struct arena *arena); /* ERR_MEMORY */
/* Takes the times (borrowed until the next set) of a class as a whole. Does nothing when weights is NULL. */
void route_weights_set(struct route_weights *weights, uint32_t class_index, const uint32_t *time_ms);
/* After times of these arcs changed where they lie: the same as setting all again, but touches only what depends on
 * them. Queries are slower by half until route_weights_trim. */
void route_weights_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n);
/* Leaves out of the queries what no shortest path needs (route_weights_set does it too). */
void route_weights_trim(struct route_weights *weights);

/* Scratch of one thread's queries. */
struct route_query;
size_t route_query_size(const struct route_graph *graph);
/* The same or more, before the graph is open. */
size_t route_query_size_most(const struct network *network);
int route_query_open(struct route_query **ret_query, const struct route_graph *graph,
		     struct arena *arena); /* ERR_MEMORY */

struct route_result {
	uint32_t time_ms; /* TIME_INFINITE: no way */
	uint32_t dist_mm;
};

/* One pair. */
struct route_result route_one(struct route_query *query, const struct route_metric *metric, struct spot from,
			      struct spot to);
/* One pair with the arcs driven (first and last included); *ret_n arcs. ERR_FULL when more than `most` (the first
 * `most` are written, *ret_n is the full count); ERR_UNREACHABLE. */
int route_path(struct route_query *query, const struct route_metric *metric, struct spot from, struct spot to,
	       struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most);
/* From one to n, and from n to one; results in the order of the spots. Stops when all are settled. */
void route_to_many(struct route_query *query, const struct route_metric *metric, struct spot from,
		   const struct spot *to, uint32_t n, struct route_result *ret_results);
void route_from_many(struct route_query *query, const struct route_metric *metric, const struct spot *from, uint32_t n,
		     struct spot to, struct route_result *ret_results);
/* ret_results[i * n_to + j]. */
void route_matrix(struct route_query *query, const struct route_metric *metric, const struct spot *from,
		  uint32_t n_from, const struct spot *to, uint32_t n_to, struct route_result *ret_results);
/* What lies within reach of a spot. */
struct route_reach {
	uint32_t arc;
	uint32_t time_ms; /* when its tail is passed (of the spot's own arc: 0, at the spot) */
	uint32_t from_mm; /* 0, or the spot's offset on its own arc */
	uint32_t to_mm;	  /* how far one gets on it; its length when time is left at the end */
};
/* All arcs on which one can be within most_ms of the spot, each with its earliest time, ordered by it; a
 * search as far as that, whatever the metric has prepared. The spot's own arc comes again when it can be reached from
 * behind. *ret_n how many; ERR_FULL when more than `most` (the first `most` are written). */
int route_within(struct route_query *query, const struct route_metric *metric, struct spot from, uint32_t most_ms,
		 struct route_reach *ret_reaches, uint32_t *ret_n, uint32_t most);
/* Places kept ready under one prepared metric, each set, replaced or taken out by itself: all ways between a spot and n
 * pinned places cost little more than one query. Pins are where ways end, or, with is_start, where they begin. */
struct route_pins;
size_t route_pins_size(const struct network *network, uint32_t n);
/* The metric is borrowed and must have weights; after these change, set every pin anew. ERR_MEMORY. */
int route_pins_open(struct route_pins **ret_pins, const struct route_graph *graph, const struct route_metric *metric,
		    uint32_t n, int is_start, struct arena *arena);
/* Pin i (below n) is at spot; arc NONE: nowhere. */
void route_pins_set(struct route_pins *pins, uint32_t i, struct spot spot);
/* ret_results[n]: between the spot and each pin. */
void route_pins_query(struct route_pins *pins, struct route_query *query, struct spot spot,
		      struct route_result *ret_results);
/* Cost of passing from arc a (the last of a driven sequence arcs[0..n-1]) to arc b: -1 forbidden, else ms >= 0. For the
 * agent and the checkers; walks the turn rows. */
int32_t route_turn_ms(const struct route_graph *graph, uint32_t class_index, const uint32_t *arcs, uint32_t n,
		      uint32_t next_arc);

#endif
