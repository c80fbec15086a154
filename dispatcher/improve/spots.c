/* Where a request may go in a route: every pair of positions, windows and loads in constant time per pair, limits on
 * ride time and duration by the exact times of the candidate. What was found is kept until the route changes. */
#include "improve_inner.h"

struct look { /* one request at one route */
	struct improve *s;
	const struct improve_problem *p;
	const uint32_t *node;
	const int32_t *soon, *latest, *load, *need, *step, *step_price;
	const int32_t *leg_up, *leg_down; /* to its stops */
	uint32_t n, pickup, dropoff;
	uint32_t any; /* how many were seen, when each shall have the same chance; else NONE */
	struct spots found;
};

static inline int fits(const struct look *look, uint32_t after)
{
	const uint32_t n_dims = look->p->n_dims;
	const int32_t *load = look->load + (size_t)after * n_dims;
	for (uint32_t d = 0; d < n_dims; d++)
		if (load[d] + look->need[d] > look->p->capacity[d])
			return 0;
	return 1;
}

static inline int32_t later(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static inline int32_t leg(const struct look *look, uint32_t from, uint32_t to)
{
	return look->s->leg[(size_t)from * look->p->n_nodes + to];
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

static void keep(struct look *look, uint32_t i, uint32_t j, int64_t cost)
{
	struct spots *found = &look->found;
	const struct spot spot = {cost, i, j};
	if (!is_timely(look, i, j))
		return;
	if (look->any != NONE) {
		if (!rng_below(&look->s->rng, ++look->any))
			found->first = spot;
	} else if (look->s->has_limits) { /* exact times are dear: the second is not looked for */
		found->first = found->second = spot;
	} else if (cost < found->first.cost) {
		found->second = found->first;
		found->first = spot;
	} else {
		found->second = spot;
	}
}

/* What the drop-off costs after each stop from `first` on, and the least of that from each on. */
static void price_dropoffs(const struct look *look, uint32_t first)
{
	struct improve *s = look->s;
	const int32_t *to = s->price_to + (size_t)look->dropoff * look->p->n_nodes;
	const int32_t *from = look->p->cost + (size_t)look->dropoff * look->p->n_nodes;
	int64_t least = INT64_MAX / 4;
	for (uint32_t j = look->n - 1; j-- > first;) {
		s->dropping[j] = (int64_t)to[look->node[j]] + from[look->node[j + 1]] - look->step_price[j];
		s->dropping_least[j] = least = s->dropping[j] < least ? s->dropping[j] : least;
	}
}

/* The drop-off after each stop behind the pickup that can still be reached in time; `at`: begin at the first of them,
 * `cost`: of the pickup. */
static void try_dropoffs(struct look *look, uint32_t i, int32_t at, int64_t cost)
{
	const struct improve *s = look->s;
	const int32_t earliest = look->p->earliest[look->dropoff], latest = look->p->latest[look->dropoff];
	const int64_t *below = &look->found.second.cost;
	for (uint32_t j = i + 1; j + 1 < look->n; j++) {
		const uint32_t b = look->node[j + 1];
		if (at > look->latest[j] || cost + s->dropping_least[j] >= *below || !fits(look, j))
			return;
		if (cost + s->dropping[j] < *below) {
			int32_t down = later(earliest, at + look->leg_down[look->node[j]]);
			if (down <= latest &&
			    later(look->p->earliest[b], down + leg(look, look->dropoff, b)) <= look->latest[j + 1])
				keep(look, i, j, cost + s->dropping[j]);
		}
		at = later(look->p->earliest[b], at + look->step[j]);
	}
}

/* The drop-off right behind the pickup. */
static void try_pair(struct look *look, uint32_t i, int32_t up, int64_t cost)
{
	const struct improve_problem *p = look->p;
	const uint32_t b = look->node[i + 1];
	cost += price(p, look->pickup, look->dropoff) + price(p, look->dropoff, b);
	if (cost >= look->found.second.cost)
		return;
	int32_t down = later(p->earliest[look->dropoff], up + leg(look, look->pickup, look->dropoff));
	if (down <= p->latest[look->dropoff] &&
	    later(p->earliest[b], down + leg(look, look->dropoff, b)) <= look->latest[i + 1])
		keep(look, i, i, cost);
}

/* First all pairs, which are cheap to look at; what they cost bounds the search for drop-offs farther away. */
static void try_route(struct look *look)
{
	const struct improve_problem *p = look->p;
	const int32_t *from = p->cost + (size_t)look->pickup * p->n_nodes;
	const int32_t *to = look->s->price_to + (size_t)look->pickup * p->n_nodes;
	struct pickup *list = look->s->pickups;
	/* the first stop of an unused vehicle also costs the way from depot to depot that was not counted */
	const int64_t base = look->n == 2 ? price(p, look->node[0], look->node[1]) : 0;
	uint32_t n = 0;
	for (uint32_t i = 0; i + 1 < look->n; i++) {
		const uint32_t a = look->node[i];
		if (look->soon[i] + p->service[a] > p->latest[look->pickup])
			break; /* only later from here on */
		int32_t up = later(p->earliest[look->pickup], look->soon[i] + look->leg_up[a]);
		if (up > p->latest[look->pickup] || up + p->service[look->pickup] > look->latest[i + 1] ||
		    !fits(look, i))
			continue;
		const int64_t cost = base - look->step_price[i] + to[a];
		try_pair(look, i, up, cost);
		const uint32_t b = look->node[i + 1];
		list[n++] = (struct pickup){cost + from[b], i, later(p->earliest[b], up + leg(look, look->pickup, b))};
	}
	if (n)
		price_dropoffs(look, list[0].after);
	for (uint32_t k = 0; k < n; k++)
		try_dropoffs(look, list[k].after, list[k].at, list[k].cost);
}

static struct look look_at(struct improve *s, uint32_t request, uint32_t vehicle, int64_t below)
{
	const struct improve_problem *p = s->problem;
	const size_t at = (size_t)vehicle * s->width;
	route_measure(s, vehicle);
	return (struct look){.s = s,
			     .p = p,
			     .node = route_nodes(s, &s->next, vehicle),
			     .soon = s->soon + at,
			     .latest = s->latest + at,
			     .load = s->load + at * p->n_dims,
			     .step = s->step + at,
			     .step_price = s->step_price + at,
			     .need = p->load + (size_t)request * p->n_dims,
			     .leg_up = s->leg_to + (size_t)p->pickup[request] * p->n_nodes,
			     .leg_down = s->leg_to + (size_t)p->dropoff[request] * p->n_nodes,
			     .n = s->next.length[vehicle],
			     .pickup = p->pickup[request],
			     .dropoff = p->dropoff[request],
			     .any = NONE,
			     .found = {s->next.stamp[vehicle], below, {below, NONE, NONE}, {below, NONE, NONE}}};
}

struct spots spots_look(struct improve *s, uint32_t request, uint32_t vehicle, int64_t below)
{
	struct look look = look_at(s, request, vehicle, below);
	try_route(&look);
	if (look.found.first.pickup_after == NONE)
		look.found.first.cost = INT64_MAX;
	if (look.found.second.pickup_after == NONE || s->has_limits)
		look.found.second.cost = INT64_MAX;
	return look.found;
}

int spots_any(struct improve *s, uint32_t request, uint32_t vehicle, struct spot *ret_spot)
{
	struct look look = look_at(s, request, vehicle, INT64_MAX / 2);
	look.any = 0;
	try_route(&look);
	if (look.any)
		*ret_spot = look.found.first;
	return look.any > 0;
}

const struct spots *spots_of(struct improve *s, uint32_t request, uint32_t vehicle, int64_t below)
{
	const size_t cells = (size_t)s->problem->n_requests * s->problem->n_vehicles;
	const uint64_t stamp = s->next.stamp[vehicle];
	struct spots *old = s->spots + (size_t)request * s->problem->n_vehicles + vehicle, *new = old + cells;
	struct spots *known = old->stamp == stamp ? old : new->stamp == stamp ? new : NULL;
	if (known && (known->first.cost != INT64_MAX || known->below >= below))
		return known;
	if (!known)
		known = stamp > s->settled ? new : old;
	*known = spots_look(s, request, vehicle, below);
	return known;
}
