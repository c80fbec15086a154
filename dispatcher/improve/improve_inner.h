/* The inside of the search. Private to this folder. */
#ifndef ZUB_IMPROVE_INNER_H
#define ZUB_IMPROVE_INNER_H

#include "improve.h"
#include "rng.h"
#include "units.h"

struct plan {			     /* all routes of one plan; columns of one block, so that it is copied at once */
	uint32_t *node;		     /* [n_vehicles * width], start and end included */
	uint32_t *length;	     /* [n_vehicles] */
	uint32_t *route;	     /* [n_requests] vehicle, or NONE = absent */
	uint32_t *absent;	     /* [n_requests] list */
	uint32_t n_absent, n_routes; /* routes 0 .. n_routes - 1 may be used */
	int64_t cost;
};

struct improve {
	const struct improve_problem *problem;
	struct rng rng;
	uint32_t width;	      /* nodes of a route at most */
	size_t block;	      /* bytes of a plan's columns */
	uint32_t *request_of; /* [n_nodes] or NONE */
	uint32_t *near;	      /* [n_nodes * n_nodes]: stops by cost from each stop, without depots */
	uint32_t n_near;
	struct plan now, next, best;
	uint8_t has_best;

	/* of `next`, route by route [n_vehicles * width] */
	int32_t *soon;	    /* earliest begin of service by windows alone */
	int32_t *latest;    /* latest begin for which the rest still fits by windows alone */
	int32_t *load;	    /* [n_vehicles * width * n_dims] after the stop */
	int32_t *times;	    /* [width + 2] scratch */
	uint32_t *trial;    /* [width + 2] scratch */
	uint32_t *place;    /* [n_nodes] scratch: position in the sequence */
	uint32_t *order;    /* [n_requests + n_vehicles] scratch */
	uint64_t *missed;   /* [n_requests] how often it found no place */
	uint8_t *is_ruined; /* [n_vehicles] */
	int has_limits;	    /* ride times or durations: windows alone do not decide */

	int64_t heat; /* temperature, cost * 65536 */
	int64_t hot;
	uint64_t cooling, left;
};

static inline int32_t travel(const struct improve_problem *p, uint32_t from, uint32_t to)
{
	return p->time[(size_t)from * p->n_nodes + to];
}
static inline int64_t price(const struct improve_problem *p, uint32_t from, uint32_t to)
{
	return p->cost[(size_t)from * p->n_nodes + to];
}
static inline uint32_t *route_nodes(const struct improve *s, const struct plan *plan, uint32_t vehicle)
{
	return plan->node + (size_t)vehicle * s->width;
}

/* route.c: what is known of a route of `next` */
void route_measure(struct improve *s, uint32_t vehicle);
int route_times(const struct improve *s, const uint32_t *nodes, uint32_t n, int32_t *times, uint32_t *place);
void plan_copy(const struct improve *s, struct plan *to, const struct plan *from);
int64_t plan_cost(const struct improve *s, const struct plan *plan);
uint32_t plan_vehicles(const struct plan *plan);

/* ruin.c, recreate.c: both work on `next` */
void ruin(struct improve *s);
void route_take_out(struct improve *s, uint32_t request);
void recreate(struct improve *s);

#endif
