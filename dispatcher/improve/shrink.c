/* One vehicle fewer: a route is given up and its requests are put elsewhere, first by plain ruin and recreate; when
 * that does not do, one by one: where one fits nowhere, others that were easier to place so far make room for it.
 * Guided ejection search: Nagata, Kobayashi, PPSN XI (2010); between, the plan is shaken by moves that keep it valid.
 */
#include <assert.h>
#include <string.h>

#include "improve_inner.h"

#define CALM_ROUNDS 1000   /* for each request, before others make room */
#define SCATTER_ROUNDS 100 /* the same after scattering */
#define EJECTED_MOST 3
#define TRIPLES_MOST 20 /* requests of a route of which three go at once */
#define SHAKES 100
#define TIDIES 10    /* rounds */
#define TIDY_SHARE 8 /* temperature: mean cost of a request divided by this */
#define SHAKE_PERMILLE 500

struct ejection {
	uint64_t penalty; /* of those that go; less is better */
	uint32_t vehicle, n, out[EJECTED_MOST];
	struct spot spot;
};

static uint64_t penalty_of(const struct improve *s, uint32_t request)
{
	return request == NONE ? 0 : 1 + s->missed[request];
}

/* The route whose riders were easiest to place so far is given up; the last one takes its number. */
static void drop_route(struct improve *s)
{
	struct plan *plan = &s->next;
	uint32_t worst = NONE;
	uint64_t least = UINT64_MAX;
	for (uint32_t v = 0; v < plan->n_routes; v++) {
		uint64_t sum = 0;
		for (uint32_t r = 0; r < s->problem->n_requests; r++)
			sum += plan->route[r] == v ? penalty_of(s, r) : 0;
		if (sum < least) {
			least = sum;
			worst = v;
		}
	}
	for (uint32_t r = 0; r < s->problem->n_requests; r++)
		if (plan->route[r] == worst)
			route_take_out(s, r);
	uint32_t last = --plan->n_routes;
	memcpy(route_nodes(s, plan, worst), route_nodes(s, plan, last), plan->length[last] * sizeof(uint32_t));
	plan->length[worst] = plan->length[last];
	plan->stamp[worst] = plan->stamp[last];
	plan->way[worst] = plan->way[last];
	route_nodes(s, plan, last)[1] = s->problem->end;
	plan->length[last] = 2;
	plan->way[last] = 0;
	plan->stamp[last] = ++s->stamp;
	for (uint32_t r = 0; r < s->problem->n_requests; r++)
		if (plan->route[r] == last)
			plan->route[r] = worst;
	plan->cost = plan_cost(&s->next);
}

/* The spare route becomes this one without some requests. */
static void spare_without(struct improve *s, uint32_t spare, uint32_t vehicle, const uint32_t *out, uint32_t n_out)
{
	struct plan *plan = &s->next;
	const uint32_t *from = route_nodes(s, plan, vehicle);
	uint32_t *to = route_nodes(s, plan, spare), n = 0;
	for (uint32_t k = 0; k < plan->length[vehicle]; k++) {
		uint32_t request = s->request_of[from[k]], i = 0;
		while (i < n_out && out[i] != request)
			i++;
		if (i == n_out)
			to[n++] = from[k];
	}
	plan->length[spare] = n;
	plan->stamp[spare] = ++s->stamp;
}

static void take_spare(struct improve *s, uint32_t vehicle, uint32_t spare)
{
	struct plan *plan = &s->next;
	memcpy(route_nodes(s, plan, vehicle), route_nodes(s, plan, spare), plan->length[spare] * sizeof(uint32_t));
	plan->length[vehicle] = plan->length[spare];
	plan->way[vehicle] = plan->way[spare];
	plan->stamp[vehicle] = ++s->stamp;
}

/* ---- shaking ---- */

/* To any place of another route, or of its own. */
static void shake_one(struct improve *s, uint32_t request, uint32_t to)
{
	const uint32_t from = s->next.route[request], spare = s->problem->n_vehicles;
	struct spot spot;
	if (from == to) {
		spare_without(s, spare, from, &request, 1);
		if (!spots_any(s, request, spare, &spot))
			return;
	} else if (!spots_any(s, request, to, &spot)) {
		return;
	}
	route_take_out(s, request);
	s->next.n_absent--;
	route_measure(s, from);
	route_put_in(s, request, to, &spot);
}

static void shake_two(struct improve *s, uint32_t a, uint32_t b)
{
	const uint32_t va = s->next.route[a], vb = s->next.route[b], spare = s->problem->n_vehicles;
	struct spot spot_a, spot_b;
	spare_without(s, spare, vb, &b, 1);
	if (!spots_any(s, a, spare, &spot_a))
		return;
	spare_without(s, spare + 1, va, &a, 1);
	if (!spots_any(s, b, spare + 1, &spot_b))
		return;
	take_spare(s, vb, spare);
	take_spare(s, va, spare + 1);
	route_put_in(s, a, vb, &spot_a);
	route_put_in(s, b, va, &spot_b);
}

static void shake(struct improve *s)
{
	const uint32_t n = s->problem->n_requests;
	for (uint32_t i = 0; i < SHAKES; i++) {
		uint32_t a = rng_below(&s->rng, n), b = rng_below(&s->rng, n);
		if (s->next.route[a] == NONE)
			continue;
		if (i % 2)
			shake_one(s, a, rng_below(&s->rng, s->next.n_routes));
		else if (s->next.route[b] != NONE && s->next.route[a] != s->next.route[b])
			shake_two(s, a, b);
	}
}

/* ---- tidying ---- */

static uint64_t penalty_sum(const struct improve *s, const struct plan *plan)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < plan->n_absent; i++)
		sum += penalty_of(s, plan->absent[i]);
	return sum;
}

/* Some rounds of ruin and recreate at a middling temperature, in which no harder requests become absent. */
static void tidy(struct improve *s)
{
	s->next.cost = plan_cost(&s->next);
	next_settle(s);
	const int64_t heat = (s->now.cost << 16) / s->problem->n_requests / TIDY_SHARE;
	uint64_t now_sum = penalty_sum(s, &s->now);
	for (uint32_t i = 0; i < TIDIES && s->now.n_absent; i++) {
		ruin(s);
		recreate(s);
		uint64_t sum = penalty_sum(s, &s->next);
		if (s->next.n_absent > s->now.n_absent || sum > now_sum ||
		    (sum == now_sum && !cost_accepted(s, heat))) {
			next_restore(s);
			continue;
		}
		next_settle(s);
		now_sum = sum;
	}
}

/* ---- making room ---- */

static void try_ejection(struct improve *s, uint32_t request, const struct ejection *tried, struct ejection *best)
{
	const uint32_t spare = s->problem->n_vehicles;
	spare_without(s, spare, tried->vehicle, tried->out, tried->n);
	struct spots spots = spots_look(s, request, spare, INT64_MAX / 2);
	if (spots.first.cost == INT64_MAX)
		return;
	*best = *tried;
	best->spot = spots.first;
}

/* Every choice of `more` from the rest of the list besides those that go already; the first of equals is taken. */
static void eject_more(struct improve *s, uint32_t request, const uint32_t *list, uint32_t n, uint32_t more,
		       const struct ejection *begun, struct ejection *best)
{
	if (!more) {
		try_ejection(s, request, begun, best);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		struct ejection tried = *begun;
		tried.penalty += penalty_of(s, list[i]);
		tried.out[tried.n++] = list[i];
		if (tried.penalty < best->penalty)
			eject_more(s, request, list + i + 1, n - i - 1, more - 1, &tried, best);
	}
}

/* So many of the route's requests, beginning anywhere. */
static void eject_from(struct improve *s, uint32_t request, uint32_t vehicle, uint32_t size, struct ejection *best)
{
	const struct improve_problem *p = s->problem;
	const uint32_t *node = route_nodes(s, &s->next, vehicle), length = s->next.length[vehicle];
	const uint32_t turn = length > 2 ? rng_below(&s->rng, length - 2) : 0;
	uint32_t *list = s->order, n = 0;
	for (uint32_t k = 0; k + 2 < length; k++) {
		uint32_t at = node[1 + (k + turn) % (length - 2)];
		if (p->pickup[s->request_of[at]] == at)
			list[n++] = s->request_of[at];
	}
	if (size <= 2 || n <= TRIPLES_MOST)
		eject_more(s, request, list, n, size, &(struct ejection){.vehicle = vehicle}, best);
}

static void make_room(struct improve *s, uint32_t request)
{
	const uint32_t n = s->next.n_routes, turn = rng_below(&s->rng, n);
	struct ejection best = {.penalty = UINT64_MAX};
	for (uint32_t size = 1; size <= EJECTED_MOST; size++)
		for (uint32_t v = 0; v < n; v++)
			eject_from(s, request, (v + turn) % n, size, &best);
	if (best.penalty == UINT64_MAX) {
		s->next.absent[s->next.n_absent++] = request;
		return;
	}
	for (uint32_t i = 0; i < best.n; i++)
		route_take_out(s, best.out[i]);
	route_measure(s, best.vehicle);
	route_put_in(s, request, best.vehicle, &best.spot);
}

/* The newest of the absent finds its cheapest place, or others make room. */
static void place_last(struct improve *s)
{
	struct plan *plan = &s->next;
	const uint32_t request = plan->absent[--plan->n_absent];
	struct spot best = {.cost = INT64_MAX / 2};
	uint32_t vehicle = NONE;
	for (uint32_t v = 0; v < plan->n_routes; v++) {
		const struct spots *spots = spots_of(s, request, v, best.cost);
		if (spots->first.cost < best.cost) {
			best = spots->first;
			vehicle = v;
		}
	}
	if (vehicle != NONE) {
		route_put_in(s, request, vehicle, &best);
		return;
	}
	s->missed[request]++;
	make_room(s, request);
	if (rng_chance(&s->rng, SHAKE_PERMILLE))
		shake(s);
	else
		tidy(s);
}

/* ---- searching ---- */

/* Ruin and recreate, accepted by how hard the absent were to place (SISR section 5.4): plans stay cheap. */
static void place_calmly(struct improve *s)
{
	ruin(s);
	recreate(s);
	for (uint32_t i = 0; i < s->next.n_absent; i++)
		s->missed[s->next.absent[i]]++;
	uint64_t sum = penalty_sum(s, &s->next), now_sum = penalty_sum(s, &s->now);
	if (s->next.n_absent == 0 || sum < now_sum ||
	    (s->next.n_absent == s->now.n_absent && s->next.cost < s->now.cost))
		next_settle(s);
	else
		next_restore(s);
}

/* Begins, or the newest was found. */
static int shrink_begin(struct improve *s)
{
	plan_copy(s, &s->next, &s->best);
	uint32_t used = plan_vehicles(&s->next);
	if (used <= 1)
		return 0;
	while (s->next.n_routes >= used)
		drop_route(s);
	next_settle(s);
	s->calm = (uint64_t)CALM_ROUNDS * s->problem->n_requests;
	return 1;
}

/* Until no more than so many are absent. */
static void place_all(struct improve *s, uint32_t absent, uint64_t iterations)
{
	for (; iterations > 0 && s->next.n_absent > absent; iterations--) {
		if (!s->calm) {
			place_last(s);
			continue;
		}
		place_calmly(s);
		if (!--s->calm) /* how often counts anew: those who block one another are others now */
			memset(s->missed, 0, s->problem->n_requests * sizeof *s->missed);
	}
	s->next.cost = plan_cost(&s->next);
	next_settle(s);
}

int improve_shrink(struct improve *s, uint64_t iterations)
{
	assert(s->has_best);
	if ((s->now.n_routes >= s->best.n_routes || s->now.n_absent == 0) && !shrink_begin(s))
		return 0;
	place_all(s, 0, iterations);
	if (s->now.n_absent > 0)
		return 0;
	plan_copy(s, &s->best, &s->now);
	return 1;
}

/* All routes are taken apart, or half or a quarter of them. */
void improve_scatter(struct improve *s)
{
	assert(s->has_best);
	const uint32_t n = s->problem->n_requests, share = 1U << rng_below(&s->rng, 3);
	plan_copy(s, &s->next, &s->best);
	memset(s->is_ruined, 0, s->problem->n_vehicles);
	for (uint32_t v = 0; v < s->next.n_routes; v++)
		s->is_ruined[v] = rng_below(&s->rng, 4) < share;
	for (uint32_t r = 0; r < n; r++)
		if (s->next.route[r] != NONE && s->is_ruined[s->next.route[r]])
			route_take_out(s, r);
	recreate(s);
	next_settle(s);
	memset(s->missed, 0, n * sizeof *s->missed);
	s->calm = (uint64_t)SCATTER_ROUNDS * n;
}

int improve_gather(struct improve *s, uint64_t iterations)
{
	place_all(s, s->best.n_absent, iterations);
	s->is_scattered = s->now.n_absent <= s->best.n_absent;
	return s->is_scattered;
}
