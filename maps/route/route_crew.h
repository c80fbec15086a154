/* Setting all times of a metric on several threads. The library itself starts none: its callers bring them and meet
 * between the phases (route_threads.h does it with POSIX threads). The weights are, byte for byte, those of
 * route_weights_set, whoever worked when on what. */
#ifndef ZUB_ROUTE_CREW_H
#define ZUB_ROUTE_CREW_H

#include "route.h"

#define ROUTE_CREW_MAX 16

struct route_crew;
/* How n_threads (1 .. ROUTE_CREW_MAX) share the work; *ret_crew is NULL when the network has no order. ERR_MEMORY. */
size_t route_crew_plan_size(const struct route_graph *graph);
int route_crew_plan(struct route_crew **ret_crew, const struct route_graph *graph, uint32_t n_threads,
		    struct arena *arena);
/* Takes the scratch; serves one metric at a time, of any weights of the graph. ERR_MEMORY. */
size_t route_crew_size(const struct route_crew *crew);
int route_crew_open(struct route_crew *crew, struct arena *arena);
/* Begins to set the times (borrowed as by route_weights_set). Then, until next gives 0:
 * route_crew_work(crew, i) for some or all i below n_threads, at the same time; when all are back, route_crew_next
 * once. */
void route_crew_begin(struct route_crew *crew, struct route_weights *weights, uint32_t class_index,
		      const uint32_t *time_ms);
void route_crew_work(struct route_crew *crew, uint32_t thread);
int route_crew_next(struct route_crew *crew);
/* As begin, but stops after the basic customisation: right for all queries, which are slower by half. */
void route_crew_begin_basic(struct route_crew *crew, struct route_weights *weights, uint32_t class_index,
			    const uint32_t *time_ms);

#endif
