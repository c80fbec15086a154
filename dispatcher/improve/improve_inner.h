/* The inside of the search. Private to this folder and its twin test. */
#ifndef ZUB_IMPROVE_INNER_H
#define ZUB_IMPROVE_INNER_H

#include "improve.h"
#include "rng.h"
#include "units.h"

#define SPARE_ROUTES 2 /* behind the vehicles' of `next`: for looks at what a route could be */

struct plan {			     /* all routes of one plan */
	uint64_t *stamp;	     /* [n_vehicles + SPARE_ROUTES] of what a route holds: equal stamps, equal stops */
	int64_t *way;		     /* [n_vehicles + SPARE_ROUTES] cost; 0 = unused */
	uint32_t *node;		     /* [(n_vehicles + SPARE_ROUTES) * width], start and end included */
	uint32_t *length;	     /* [n_vehicles + SPARE_ROUTES] */
	uint32_t *route;	     /* [n_requests] vehicle, or NONE = absent; right behind it: */
	uint32_t *absent;	     /* [n_requests] list */
	uint32_t n_absent, n_routes; /* routes 0 .. n_routes - 1 may be used */
	int64_t cost;
};

struct spot {
	int64_t cost;			      /* added; INT64_MAX = none */
	uint32_t pickup_after, dropoff_after; /* positions before insertion */
};

/* The two cheapest spots of a request in a route that cost less than `below`; of the second, under limits on ride time
 * or duration, nothing is known. */
struct spots {
	uint64_t stamp; /* of the route; 0 = never looked */
	int64_t below;
	struct spot first, second;
};

struct pickup { /* that can be reached in time */
	int64_t cost;
	uint32_t after;
	int32_t at; /* begin at the stop behind it */
};

struct improve {
	const struct improve_problem *problem;
	struct rng rng;
	uint32_t width;	      /* nodes of a route at most */
	uint32_t *request_of; /* [n_nodes] or NONE */
	uint32_t *near;	      /* [n_nodes * n_nodes]: stops by cost from each stop, without depots */
	uint32_t n_near;
	int32_t *change;		/* [n_nodes * n_dims] of the load */
	int32_t *leg;			/* [n_nodes * n_nodes], row = from: service there and the way */
	int32_t *leg_to, *price_to;	/* the same and the cost, row = to */
	int32_t far, horizon, heaviest; /* largest cost, latest begin, largest first load: for relatedness */
	struct plan now, next, best;
	uint8_t has_best;
	uint8_t is_scattered; /* `now` is where the next cooling begins, not `best` */

	/* of `next`, route by route [(n_vehicles + SPARE_ROUTES) * width] */
	uint64_t *measured;	    /* [n_vehicles + SPARE_ROUTES] the stamp that all this is of */
	int32_t *soon;		    /* earliest begin of service by windows alone */
	int32_t *latest;	    /* latest begin for which the rest still fits by windows alone */
	int32_t *step, *step_price; /* to the next stop, service included; what it costs */
	int32_t *load;		    /* [.. * n_dims] after the stop */

	/* What was found for each request in each route [2 * n_requests * n_vehicles]: one half of routes as they
	 * are in `now`, which mostly come back, the other of those that were changed since. */
	struct spots *spots;
	uint64_t stamp, settled; /* the newest; the newest when `next` was last equal to `now` */

	int32_t *times;			    /* [width + 2] scratch */
	uint32_t *trial;		    /* [width + 2] scratch */
	uint32_t *place;		    /* [n_nodes] scratch: position in the sequence */
	uint32_t *order;		    /* [2 * width + n_requests + n_vehicles] scratch */
	int32_t *key;			    /* [max(n_requests, n_nodes)] scratch: what is sorted by */
	struct pickup *pickups;		    /* [width] scratch */
	int64_t *dropping, *dropping_least; /* [width] scratch: cost of a drop-off after k; after k or later */
	uint64_t *missed;		    /* [n_requests] how often it found no place */
	uint8_t *is_ruined;		    /* [n_vehicles] */
	int has_limits;			    /* ride times or durations: windows alone do not decide */

	uint64_t calm; /* rounds of plain ruin and recreate that are left to shrink() */
	int64_t heat;  /* temperature, cost * 65536 */
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

/* improve.c: heap sort by key, ties to the lower entry; `next` against `now` */
void sort_by_key(uint32_t *list, uint32_t n, const int32_t *key);
void next_restore(struct improve *s);
void next_settle(struct improve *s);
int cost_accepted(struct improve *s, int64_t heat);

/* route.c: what is known of a route of `next` */
void route_measure(struct improve *s, uint32_t vehicle);
void route_take_out(struct improve *s, uint32_t request);
void route_put_in(struct improve *s, uint32_t request, uint32_t vehicle, const struct spot *spot);
int route_times(const struct improve *s, const uint32_t *nodes, uint32_t n, int32_t *times, uint32_t *place);
void plan_copy(const struct improve *s, struct plan *to, const struct plan *from);
int64_t plan_cost(const struct plan *plan);
uint32_t plan_vehicles(const struct plan *plan);

/* spots.c: where a request may go in a route of `next` */
const struct spots *spots_of(struct improve *s, uint32_t request, uint32_t vehicle, int64_t below);
/* Looks anew; the route may be a spare one. */
struct spots spots_look(struct improve *s, uint32_t request, uint32_t vehicle, int64_t below);
/* Any spot, each with the same chance; 0 = there is none. */
int spots_any(struct improve *s, uint32_t request, uint32_t vehicle, struct spot *ret_spot);

/* ruin.c, recreate.c: both work on `next` */
void ruin(struct improve *s);
void recreate(struct improve *s);

#endif
