/* Lower bounds of ways by landmarks (ALT: Goldberg, Harrelson, SODA 2005): some far places, and from and to each of
 * them the times of all vertices of a prepared metric. No way is shorter than the difference of two such times. For
 * whoever would ask many ways of which only the shortest matter. Times are in the unit of the metric. */
#ifndef ZUB_ROUTE_SIGNS_H
#define ZUB_ROUTE_SIGNS_H

#include "route.h"

#define ROUTE_SIGN_POSTS 8

/* Of the end of an arc: times to the landmarks, and from them. */
struct route_sign {
	int32_t to[ROUTE_SIGN_POSTS], from[ROUTE_SIGN_POSTS];
};

struct route_signs;
size_t route_signs_size(const struct route_graph *graph);
/* The metric's weights are read, not kept. ERR_MEMORY; ERR_RANGE: no weights. */
int route_signs_open(struct route_signs **ret_signs, const struct route_graph *graph, const struct route_metric *metric,
		     struct arena *arena);
/* As the beginning of a way, as its end. Where turn rules know the arc by several histories nothing is known: bounds
 * are 0.
 */
const struct route_sign *route_signs_start(const struct route_signs *signs, uint32_t arc);
const struct route_sign *route_signs_end(const struct route_signs *signs, uint32_t arc);

/* The same of a junction, on networks without turn rules. */
const struct route_sign *route_signs_at(const struct route_signs *signs, uint32_t node);

/* No way from the end of the one to the end of the other is shorter. */
static inline int32_t route_sign_least(const struct route_sign *from, const struct route_sign *to)
{
	int32_t most[ROUTE_SIGN_POSTS], least = 0;
	for (int i = 0; i < ROUTE_SIGN_POSTS; i++) {
		int32_t there = from->to[i] - to->to[i], back = to->from[i] - from->from[i];
		most[i] = there > back ? there : back;
	}
	for (int i = 0; i < ROUTE_SIGN_POSTS; i++)
		least = most[i] > least ? most[i] : least;
	return least;
}

#endif
