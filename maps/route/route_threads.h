/* Work on routes with POSIX threads; the part of maps/route that is not pure (library zub_route_threads). A thread that
 * cannot be had is done without. */
#ifndef ZUB_ROUTE_THREADS_H
#define ZUB_ROUTE_THREADS_H

#include "route_crew.h"

struct route_threads;
/* Threads (1 .. ROUTE_CREW_MAX) for metrics of one graph, which is borrowed until close. ERR_MEMORY. */
int route_threads_open(struct route_threads **ret_threads, const struct route_graph *graph, uint32_t n_threads);
void route_threads_close(struct route_threads *threads); /* NULL is fine */
/* route_weights_set, byte for byte. is_basic: see route_crew_begin_basic. */
void route_threads_set(struct route_threads *threads, struct route_weights *weights, uint32_t class_index,
		       const uint32_t *time_ms, int is_basic);
/* route_matrix, rows shared out between n_threads (1 .. ROUTE_CREW_MAX): one query object for each. Same results. */
void route_threads_matrix(struct route_query *const *queries, uint32_t n_threads, const struct route_metric *metric,
			  const struct spot *from, uint32_t n_from, const struct spot *to, uint32_t n_to,
			  struct route_result *ret_results);

#endif
