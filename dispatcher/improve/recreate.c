/* Recreate: the absent, in an order that is drawn, each where it costs least over all routes and pairs of positions;
 * the best of a route is overlooked now and then (blinks, SISR section 5.3). */
#include "improve_inner.h"

#define BLINK_PERMILLE 10

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

/* The vehicle whose spot is cheapest; NONE = it fits nowhere. */
static uint32_t place(struct improve *s, uint32_t request, struct spot *best)
{
	const struct plan *plan = &s->next;
	uint32_t vehicle = NONE;
	int is_empty_seen = 0; /* unused vehicles are alike */
	best->cost = INT64_MAX / 2;
	for (uint32_t v = 0; v < plan->n_routes; v++) {
		if (plan->length[v] == 2 && is_empty_seen)
			continue;
		is_empty_seen |= plan->length[v] == 2;
		const struct spots *spots = spots_of(s, request, v, best->cost);
		const struct spot *spot = &spots->first;
		if (spot->cost >= best->cost)
			continue;
		if (rng_chance(&s->rng, BLINK_PERMILLE))
			spot = &spots->second;
		if (spot->cost >= best->cost)
			continue;
		*best = *spot;
		vehicle = v;
	}
	return vehicle;
}

void recreate(struct improve *s)
{
	struct plan *plan = &s->next;
	uint32_t n = 0;
	for (uint32_t v = 0; v < plan->n_routes; v++)
		if (s->is_ruined[v])
			route_measure(s, v);
	plan->cost = plan_cost(plan);
	sort_absent(s);
	for (uint32_t i = 0; i < plan->n_absent; i++) {
		struct spot spot;
		uint32_t request = plan->absent[i], vehicle = place(s, request, &spot);
		if (vehicle == NONE)
			plan->absent[n++] = request;
		else
			route_put_in(s, request, vehicle, &spot);
	}
	plan->n_absent = n;
}
