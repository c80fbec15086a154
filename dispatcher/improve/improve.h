/* Improvement of vehicle plans by ruin and recreate: strings of neighbouring stops are taken out of their routes and
 * put back where they cost least, now and then not quite the least; worse plans are accepted while the temperature
 * lasts. Slack induction by string removals: Christiaens, Vanden Berghe, Transportation Science 54 (2020), sections 5
 * and 6; pickups and drop-offs are removed and put back as pairs. A fixed sequence is timed exactly, with limits on
 * ride time and route duration: a pickup is served later where that shortens a ride (difference constraints on a chain,
 * as Firat, Woeginger, Operations Research Letters 39 (2011) solve the problem of Hunsaker and Savelsbergh).
 *
 * Pure, integer, seeded; no allocation after open. One thread per struct improve. */
#ifndef ZUB_IMPROVE_H
#define ZUB_IMPROVE_H

#include <stddef.h>
#include <stdint.h>

#define IMPROVE_DIMS_MAX 8
#define IMPROVE_NO_LIMIT INT32_MAX

struct arena;

/* All columns are borrowed for as long as the search lives. Times and costs are int32 of any one unit; sums of a route
 * stay below 2^31. */
struct improve_problem {
	uint32_t n_nodes, n_requests, n_vehicles, n_dims;
	const int32_t *time;	 /* [n_nodes * n_nodes], row = from: travel time */
	const int32_t *cost;	 /* [n_nodes * n_nodes]: what driving it costs */
	const int32_t *earliest; /* [n_nodes]: service begins not before; waiting is free */
	const int32_t *latest;	 /* [n_nodes]: service begins not after */
	const int32_t *service;	 /* [n_nodes]: duration */
	const uint32_t *pickup;	 /* [n_requests] node */
	const uint32_t *dropoff; /* [n_requests] node */
	const int32_t
		*ride_max; /* [n_requests]: begin of the drop-off - end of the pickup's service; or IMPROVE_NO_LIMIT */
	const int32_t *load; /* [n_requests * n_dims] >= 0 */
	/* vehicles are alike: */
	uint32_t start, end;	 /* nodes; their windows are the vehicle's shift */
	int32_t duration_max;	 /* end - start of the route; or IMPROVE_NO_LIMIT */
	const int32_t *capacity; /* [n_dims] */
};

struct improve;
size_t improve_size(const struct improve_problem *problem);
/* ERR_MEMORY; ERR_RANGE: a node, window, load or number that cannot be. */
int improve_open(struct improve **ret_improve, const struct improve_problem *problem, uint64_t seed,
		 struct arena *arena);

/* A first plan: every request where it costs least; some may find no place (improve_answer.n_absent). */
void improve_construct(struct improve *improve);
/* Looks for a plan with one vehicle fewer than the best, for at most so many iterations. 1 = found, it is the best now;
 * 0 = not yet: may be called again and goes on where it stood. */
int improve_shrink(struct improve *improve, uint64_t iterations);
/* Takes the best plan apart, or a part of its routes. */
void improve_scatter(struct improve *improve);
/* Puts it together otherwise, with as many vehicles, in at most so many iterations. 1 = done: the next cooling begins
 * there; 0 = not yet: may be called again and goes on where it stood. */
int improve_gather(struct improve *improve, uint64_t iterations);
/* Begins a cooling of so many iterations at the best plan (or improve_gather's): temperature from `hot` to a
 * thousandth of it, in cost. */
void improve_heat(struct improve *improve, uint64_t iterations, int32_t hot);
/* Goes on with it for n iterations; returns how many are left. */
uint64_t improve_cool(struct improve *improve, uint64_t n);

/* The best plan so far: most requests served, then cost. */
struct improve_answer {
	int64_t cost;
	uint32_t n_vehicles; /* used */
	uint32_t n_absent;
};
struct improve_answer improve_best(const struct improve *improve);
/* The nodes of a vehicle (below problem->n_vehicles) in the best plan, start and end included; n = 2: not used.
 * Borrowed until the next call that searches. */
const uint32_t *improve_route(const struct improve *improve, uint32_t vehicle, uint32_t *ret_n);

/* The earliest beginnings of service of a sequence of nodes (start .. end) under every limit but loads; ERR_UNREACHABLE
 * when there are none. ret_times[n]. For checkers and for the answer. */
int improve_times(const struct improve *improve, const uint32_t *nodes, uint32_t n, int32_t *ret_times);

#endif
