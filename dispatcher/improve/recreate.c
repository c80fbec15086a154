/* Recreate: the absent, in an order that is drawn, each where it costs least over all routes and pairs of positions;
 * a pair is overlooked now and then (blinks, SISR section 5.3). Windows and loads decide in constant time per pair,
 * limits on ride time and duration by the exact times of the candidate. */
#include <string.h>

#include "improve_inner.h"

#define BLINK_PERMILLE 10

struct spot_found {
	uint32_t vehicle, pickup_after, dropoff_after; /* positions before insertion */
	int64_t cost;
};

struct look { /* one request at one route */
	struct improve *s;
	const struct improve_problem *p;
	const uint32_t *node;
	const int32_t *soon, *latest, *load, *need;
	uint32_t request, vehicle, n, pickup, dropoff;
};

static int fits(const struct look *look, uint32_t after)
{
	for (uint32_t d = 0; d < look->p->n_dims; d++)
		if (look->load[(size_t)after * look->p->n_dims + d] + look->need[d] > look->p->capacity[d])
			return 0;
	return 1;
}

static int32_t begin_at(const struct improve_problem *p, uint32_t node, uint32_t before, int32_t begun)
{
	int32_t at = begun + p->service[before] + travel(p, before, node);
	return at > p->earliest[node] ? at : p->earliest[node];
}

/* The candidate as a sequence, timed exactly. */
static int is_timely(const struct look *look, uint32_t i, uint32_t j)
{
	struct improve *s = look->s;
	uint32_t n = 0;
	if (!s->has_limits)
		return 1;
	for (uint32_t k = 0; k < look->n; k++) {
		s->trial[n++] = look->node[k];
		if (k == i)
			s->trial[n++] = look->pickup;
		if (k == j)
			s->trial[n++] = look->dropoff;
	}
	return route_times(s, s->trial, n, s->times, s->place) == 0;
}

static void keep(const struct look *look, uint32_t i, uint32_t j, int64_t cost, struct spot_found *best)
{
	if (cost >= best->cost || rng_chance(&look->s->rng, BLINK_PERMILLE) || !is_timely(look, i, j))
		return;
	*best = (struct spot_found){look->vehicle, i, j, cost};
}

/* Pickup after i; the drop-off right behind it, or after each j that can still be reached in time. */
static void try_pickup(const struct look *look, uint32_t i, int64_t base, struct spot_found *best)
{
	const struct improve_problem *p = look->p;
	const uint32_t *node = look->node;
	const int32_t up = begin_at(p, look->pickup, node[i], look->soon[i]);
	if (up > p->latest[look->pickup] || !fits(look, i))
		return;
	int32_t down = begin_at(p, look->dropoff, look->pickup, up);
	int64_t cost = price(p, node[i], look->pickup);
	if (down <= p->latest[look->dropoff] && begin_at(p, node[i + 1], look->dropoff, down) <= look->latest[i + 1])
		keep(look, i, i,
		     base + cost + price(p, look->pickup, look->dropoff) + price(p, look->dropoff, node[i + 1]) -
			     price(p, node[i], node[i + 1]),
		     best);
	cost += base + price(p, look->pickup, node[i + 1]) - price(p, node[i], node[i + 1]);
	int32_t at = begin_at(p, node[i + 1], look->pickup, up);
	for (uint32_t j = i + 1; j + 1 < look->n; j++) {
		if (at > look->latest[j] || !fits(look, j))
			return;
		down = begin_at(p, look->dropoff, node[j], at);
		if (down <= p->latest[look->dropoff] &&
		    begin_at(p, node[j + 1], look->dropoff, down) <= look->latest[j + 1])
			keep(look, i, j,
			     cost + price(p, node[j], look->dropoff) + price(p, look->dropoff, node[j + 1]) -
				     price(p, node[j], node[j + 1]),
			     best);
		at = begin_at(p, node[j + 1], node[j], at);
	}
}

static void try_route(struct improve *s, uint32_t request, uint32_t vehicle, struct spot_found *best)
{
	const struct improve_problem *p = s->problem;
	const size_t at = (size_t)vehicle * s->width;
	struct look look = {.s = s,
			    .p = p,
			    .node = route_nodes(s, &s->next, vehicle),
			    .soon = s->soon + at,
			    .latest = s->latest + at,
			    .load = s->load + at * p->n_dims,
			    .need = p->load + (size_t)request * p->n_dims,
			    .request = request,
			    .vehicle = vehicle,
			    .n = s->next.length[vehicle],
			    .pickup = p->pickup[request],
			    .dropoff = p->dropoff[request]};
	/* the first stop of an unused vehicle also costs the way from depot to depot that was not counted */
	int64_t base = look.n == 2 ? price(p, look.node[0], look.node[1]) : 0;
	for (uint32_t i = 0; i + 1 < look.n; i++) {
		if (look.soon[i] + p->service[look.node[i]] > p->latest[look.pickup])
			return; /* only later from here on */
		try_pickup(&look, i, base, best);
	}
}

static void put_in(struct improve *s, uint32_t request, const struct spot_found *found)
{
	const struct improve_problem *p = s->problem;
	uint32_t *node = route_nodes(s, &s->next, found->vehicle), *length = &s->next.length[found->vehicle];
	memmove(node + found->dropoff_after + 3, node + found->dropoff_after + 1,
		(*length - found->dropoff_after - 1) * sizeof *node);
	memmove(node + found->pickup_after + 2, node + found->pickup_after + 1,
		(found->dropoff_after - found->pickup_after) * sizeof *node);
	node[found->pickup_after + 1] = p->pickup[request];
	node[found->dropoff_after + 2] = p->dropoff[request];
	*length += 2;
	s->next.route[request] = found->vehicle;
	s->next.cost += found->cost;
	route_measure(s, found->vehicle);
}

/* What comes first: by chance, the largest, the farthest from the depot, the nearest, the narrowest window, the
 * earliest, the latest. */
static int64_t rank_of(const struct improve *s, uint32_t how, uint32_t request)
{
	const struct improve_problem *p = s->problem;
	const uint32_t up = p->pickup[request], down = p->dropoff[request];
	switch (how) {
	case 1:
		return -(int64_t)p->load[(size_t)request * p->n_dims];
	case 2:
		return -price(p, p->start, up) - price(p, p->start, down);
	case 3:
		return price(p, p->start, up) + price(p, p->start, down);
	case 4:
		return (int64_t)p->latest[up] - p->earliest[up] + p->latest[down] - p->earliest[down];
	case 5:
		return (int64_t)p->earliest[up] + p->earliest[down];
	default:
		return -(int64_t)p->latest[up] - p->latest[down];
	}
}

static void sort_absent(struct improve *s)
{
	static const uint8_t weights[] = {0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 4, 5, 6};
	uint32_t how = weights[rng_below(&s->rng, sizeof weights)], *absent = s->next.absent;
	for (uint32_t i = s->next.n_absent; i > 1; i--) {
		uint32_t k = rng_below(&s->rng, i), last = absent[i - 1];
		absent[i - 1] = absent[k];
		absent[k] = last;
	}
	for (uint32_t i = 1; how && i < s->next.n_absent; i++) {
		uint32_t request = absent[i], k = i;
		int64_t rank = rank_of(s, how, request);
		for (; k > 0 && rank_of(s, how, absent[k - 1]) > rank; k--)
			absent[k] = absent[k - 1];
		absent[k] = request;
	}
}

void recreate(struct improve *s)
{
	struct plan *plan = &s->next;
	uint32_t n = 0;
	for (uint32_t v = 0; v < plan->n_routes; v++)
		if (s->is_ruined[v])
			route_measure(s, v);
	plan->cost = plan_cost(s, plan);
	sort_absent(s);
	for (uint32_t i = 0; i < plan->n_absent; i++) {
		uint32_t request = plan->absent[i];
		struct spot_found best = {.vehicle = NONE, .cost = INT64_MAX};
		int is_empty_seen = 0; /* unused vehicles are alike */
		for (uint32_t v = 0; v < plan->n_routes; v++) {
			if (plan->length[v] == 2 && is_empty_seen)
				continue;
			is_empty_seen |= plan->length[v] == 2;
			try_route(s, request, v, &best);
		}
		if (best.vehicle == NONE) {
			s->missed[request]++;
			plan->absent[n++] = request;
		} else {
			put_in(s, request, &best);
		}
	}
	plan->n_absent = n;
}
