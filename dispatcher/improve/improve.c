/* The search: ruin, recreate, accept or not, cool down; and the same with one vehicle fewer. */
#include "improve.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "improve_inner.h"

#define COOL_SHIFT 10 /* hot to hot / 1024 */

static size_t plan_words(const struct improve_problem *p, uint32_t width)
{
	return (size_t)p->n_vehicles * (width + 1) + 2 * (size_t)p->n_requests;
}

static uint32_t width_of(const struct improve_problem *p)
{
	return 2 * p->n_requests + 2;
}

size_t improve_size(const struct improve_problem *p)
{
	const size_t width = width_of(p), cells = p->n_vehicles * width, nodes = p->n_nodes;
	return sizeof(struct improve) + 3 * plan_words(p, (uint32_t)width) * sizeof(uint32_t) +
	       cells * (2 + p->n_dims) * sizeof(int32_t) + 2 * (width + 2) * sizeof(uint32_t) +
	       (2 * nodes + nodes * nodes) * sizeof(uint32_t) +
	       (p->n_requests + p->n_vehicles + 2 * width) * sizeof(uint32_t) + p->n_requests * sizeof(uint64_t) +
	       p->n_vehicles + 20 * 64;
}

/* ---- opening ---- */

static int nodes_valid(const struct improve_problem *p)
{
	if (!p->n_requests || !p->n_vehicles || !p->n_dims || p->n_dims > IMPROVE_DIMS_MAX || p->n_nodes > 65535 ||
	    p->n_requests > 32766 || p->start >= p->n_nodes || p->end >= p->n_nodes)
		return 0;
	for (uint32_t i = 0; i < p->n_nodes; i++)
		if (p->earliest[i] < 0 || p->latest[i] < p->earliest[i] || p->latest[i] > INT32_MAX / 4 ||
		    p->service[i] < 0 || p->service[i] > INT32_MAX / 8)
			return 0;
	for (size_t i = 0; i < (size_t)p->n_nodes * p->n_nodes; i++)
		if (p->time[i] < 0 || p->cost[i] < 0 || p->time[i] > INT32_MAX / 8)
			return 0;
	return 1;
}

static int requests_valid(const struct improve_problem *p)
{
	for (uint32_t r = 0; r < p->n_requests; r++) {
		if (p->pickup[r] >= p->n_nodes || p->dropoff[r] >= p->n_nodes || p->pickup[r] == p->dropoff[r] ||
		    p->pickup[r] == p->start || p->pickup[r] == p->end || p->dropoff[r] == p->start ||
		    p->dropoff[r] == p->end || p->ride_max[r] < 0)
			return 0;
		for (uint32_t d = 0; d < p->n_dims; d++)
			if (p->load[(size_t)r * p->n_dims + d] < 0 || p->capacity[d] > INT32_MAX / 4 ||
			    p->load[(size_t)r * p->n_dims + d] > INT32_MAX / 4)
				return 0;
	}
	return p->duration_max >= 0;
}

static int plan_open(struct improve *s, struct plan *plan, struct arena *arena)
{
	const struct improve_problem *p = s->problem;
	uint32_t *words = arena_take(arena, plan_words(p, s->width), sizeof *words);
	if (!words)
		return ERR_MEMORY;
	s->block = plan_words(p, s->width) * sizeof *words;
	plan->node = words;
	plan->length = plan->node + (size_t)p->n_vehicles * s->width;
	plan->route = plan->length + p->n_vehicles;
	plan->absent = plan->route + p->n_requests;
	plan->n_routes = p->n_vehicles;
	plan->n_absent = p->n_requests;
	for (uint32_t v = 0; v < p->n_vehicles; v++) {
		route_nodes(s, plan, v)[0] = p->start;
		route_nodes(s, plan, v)[1] = p->end;
		plan->length[v] = 2;
	}
	for (uint32_t r = 0; r < p->n_requests; r++) {
		plan->route[r] = NONE;
		plan->absent[r] = r;
	}
	return ERR_OK;
}

/* The stops by cost from each stop, itself first; ties to the lower node. Insertion by binary merging is not worth it
 * here: a heap sort per row. */
static void sift(uint32_t *list, uint32_t n, uint32_t at, const int32_t *key)
{
	for (;;) {
		uint32_t child = 2 * at + 1, moved = list[at];
		if (child >= n)
			return;
		if (child + 1 < n && (key[list[child + 1]] > key[list[child]] ||
				      (key[list[child + 1]] == key[list[child]] && list[child + 1] > list[child])))
			child++;
		if (key[list[child]] < key[moved] || (key[list[child]] == key[moved] && list[child] < moved))
			return;
		list[at] = list[child];
		list[child] = moved;
		at = child;
	}
}

static void sort_near(uint32_t *list, uint32_t n, const int32_t *key)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift(list, n, i, key);
	for (uint32_t i = n; i-- > 1;) {
		uint32_t last = list[i];
		list[i] = list[0];
		list[0] = last;
		sift(list, i, 0, key);
	}
}

static void near_fill(struct improve *s)
{
	const struct improve_problem *p = s->problem;
	for (uint32_t i = 0; i < p->n_nodes; i++)
		s->request_of[i] = NONE;
	for (uint32_t r = 0; r < p->n_requests; r++)
		s->request_of[p->pickup[r]] = s->request_of[p->dropoff[r]] = r;
	s->n_near = 0;
	for (uint32_t i = 0; i < p->n_nodes; i++)
		s->n_near += s->request_of[i] != NONE;
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		uint32_t *row = s->near + (size_t)i * s->n_near, n = 0;
		for (uint32_t k = 0; k < p->n_nodes; k++)
			if (s->request_of[k] != NONE)
				row[n++] = k;
		sort_near(row, n, p->cost + (size_t)i * p->n_nodes);
	}
}

static int columns_open(struct improve *s, struct arena *arena)
{
	const struct improve_problem *p = s->problem;
	const size_t cells = (size_t)p->n_vehicles * s->width;
	s->request_of = arena_take(arena, p->n_nodes, sizeof *s->request_of);
	s->near = arena_take(arena, (size_t)p->n_nodes * p->n_nodes, sizeof *s->near);
	s->soon = arena_take(arena, cells, sizeof *s->soon);
	s->latest = arena_take(arena, cells, sizeof *s->latest);
	s->load = arena_take(arena, cells * p->n_dims, sizeof *s->load);
	s->times = arena_take(arena, s->width + 2, sizeof *s->times);
	s->trial = arena_take(arena, s->width + 2, sizeof *s->trial);
	s->place = arena_take(arena, p->n_nodes, sizeof *s->place);
	s->order = arena_take(arena, 2 * (size_t)s->width + p->n_requests + p->n_vehicles, sizeof *s->order);
	s->missed = arena_take(arena, p->n_requests, sizeof *s->missed);
	s->is_ruined = arena_take(arena, p->n_vehicles, sizeof *s->is_ruined);
	if (!s->request_of || !s->near || !s->soon || !s->latest || !s->load || !s->times || !s->trial || !s->place ||
	    !s->order || !s->missed || !s->is_ruined)
		return ERR_MEMORY;
	return plan_open(s, &s->now, arena) || plan_open(s, &s->next, arena) || plan_open(s, &s->best, arena)
		       ? ERR_MEMORY
		       : ERR_OK;
}

int improve_open(struct improve **ret_improve, const struct improve_problem *problem, uint64_t seed,
		 struct arena *arena)
{
	if (!nodes_valid(problem) || !requests_valid(problem))
		return ERR_RANGE;
	struct improve *s = arena_take(arena, 1, sizeof *s);
	if (!s)
		return ERR_MEMORY;
	s->problem = problem;
	s->width = width_of(problem);
	rng_seed(&s->rng, seed);
	s->has_limits = problem->duration_max != IMPROVE_NO_LIMIT;
	for (uint32_t r = 0; r < problem->n_requests; r++)
		s->has_limits |= problem->ride_max[r] != IMPROVE_NO_LIMIT;
	if (columns_open(s, arena))
		return ERR_MEMORY;
	near_fill(s);
	*ret_improve = s;
	return ERR_OK;
}

/* ---- searching ---- */

static int is_better(const struct plan *plan, const struct plan *than)
{
	return plan->n_absent < than->n_absent || (plan->n_absent == than->n_absent && plan->cost < than->cost);
}

/* What is known of the routes belongs to `next`; after another plan came there it is measured anew. */
static void next_from(struct improve *s, const struct plan *plan)
{
	plan_copy(s, &s->next, plan);
	for (uint32_t v = 0; v < plan->n_routes; v++)
		route_measure(s, v);
}

void improve_construct(struct improve *s)
{
	memset(s->is_ruined, 1, s->problem->n_vehicles);
	recreate(s);
	plan_copy(s, &s->now, &s->next);
	if (!s->has_best || is_better(&s->next, &s->best))
		plan_copy(s, &s->best, &s->next);
	s->has_best = 1;
}

/* -ln(u) for u uniform in (0, 1], times 65536: binary logarithm bit by bit, without floats. */
static int64_t exponential(struct rng *rng)
{
	uint64_t u = (rng_next(rng) >> 33) + 1, y; /* 1 .. 2^31 */
	int64_t log2 = 0;
	int shift = 63 - __builtin_clzll(u);
	y = u << (31 - shift); /* 2^31 <= y < 2^32: 1 <= y / 2^31 < 2 */
	for (int bit = 15; bit >= 0; bit--) {
		y = (y * y) >> 31;
		if (y >> 32) {
			y >>= 1;
			log2 |= INT64_C(1) << bit;
		}
	}
	log2 += (int64_t)shift << 16;
	return (((INT64_C(31) << 16) - log2) * 45426) >> 16; /* ln 2 = 45426 / 65536 */
}

static void routes_restore(struct improve *s, const struct plan *plan)
{
	for (uint32_t v = 0; v < plan->n_routes; v++) {
		if (s->next.length[v] == plan->length[v] &&
		    !memcmp(route_nodes(s, &s->next, v), route_nodes(s, plan, v), plan->length[v] * sizeof(uint32_t)))
			continue;
		memcpy(route_nodes(s, &s->next, v), route_nodes(s, plan, v), plan->length[v] * sizeof(uint32_t));
		s->next.length[v] = plan->length[v];
		route_measure(s, v);
	}
	memcpy(s->next.route, plan->route, 2 * (size_t)s->problem->n_requests * sizeof(uint32_t));
	s->next.n_absent = plan->n_absent;
	s->next.n_routes = plan->n_routes;
	s->next.cost = plan->cost;
}

static void routes_take(struct improve *s, struct plan *plan)
{
	for (uint32_t v = 0; v < s->problem->n_vehicles; v++)
		memcpy(route_nodes(s, plan, v), route_nodes(s, &s->next, v), s->next.length[v] * sizeof(uint32_t));
	memcpy(plan->length, s->next.length, s->problem->n_vehicles * sizeof(uint32_t));
	memcpy(plan->route, s->next.route, 2 * (size_t)s->problem->n_requests * sizeof(uint32_t));
	plan->n_absent = s->next.n_absent;
	plan->n_routes = s->next.n_routes;
	plan->cost = s->next.cost;
}

void improve_heat(struct improve *s, uint64_t iterations, int32_t hot)
{
	assert(s->has_best && iterations);
	next_from(s, &s->best);
	plan_copy(s, &s->now, &s->best);
	s->hot = (int64_t)hot << 16;
	s->cooling = s->left = iterations;
}

/* Halved ten times over the whole cooling, in a straight line between. */
static int64_t temperature(const struct improve *s)
{
	uint64_t done = (s->cooling - s->left) * COOL_SHIFT, step = done / s->cooling;
	int64_t high = s->hot >> step;
	return high - high / 2 / (int64_t)s->cooling * (int64_t)(done - step * s->cooling);
}

static int is_accepted(struct improve *s)
{
	if (s->next.n_absent != s->now.n_absent)
		return s->next.n_absent < s->now.n_absent;
	if (s->next.cost <= s->now.cost)
		return 1;
	int64_t chance = exponential(&s->rng);
	return (__int128)(s->next.cost - s->now.cost) << 32 < (__int128)s->heat * chance;
}

uint64_t improve_cool(struct improve *s, uint64_t n)
{
	for (; n > 0 && s->left > 0; n--, s->left--) {
		if (s->left % 64 == 0 || s->left == s->cooling)
			s->heat = temperature(s);
		ruin(s);
		recreate(s);
		if (!is_accepted(s)) {
			routes_restore(s, &s->now);
			continue;
		}
		routes_take(s, &s->now);
		if (is_better(&s->now, &s->best))
			plan_copy(s, &s->best, &s->now);
	}
	return s->left;
}

/* ---- fewer vehicles ---- */

static uint64_t missed_sum(const struct improve *s, const struct plan *plan)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < plan->n_absent; i++)
		sum += s->missed[plan->absent[i]];
	return sum;
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
			sum += plan->route[r] == v ? 1 + s->missed[r] : 0;
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
	route_nodes(s, plan, last)[1] = s->problem->end;
	plan->length[last] = 2;
	for (uint32_t r = 0; r < s->problem->n_requests; r++)
		if (plan->route[r] == last)
			plan->route[r] = worst;
	plan->cost = plan_cost(s, plan);
	for (uint32_t v = 0; v < plan->n_routes; v++)
		route_measure(s, v);
}

/* Accepts by how hard the absent were to place (SISR section 5.4); when all are placed it has one vehicle fewer. */
int improve_shrink(struct improve *s, uint64_t iterations)
{
	assert(s->has_best);
	if (s->now.n_routes >= s->best.n_routes || s->now.n_absent == 0) { /* begins, or the newest was found */
		next_from(s, &s->best);
		uint32_t used = plan_vehicles(&s->next);
		if (used <= 1)
			return 0;
		while (s->next.n_routes >= used)
			drop_route(s);
		routes_take(s, &s->now);
	}
	uint64_t now_sum = missed_sum(s, &s->now);
	for (; iterations > 0; iterations--) {
		ruin(s);
		recreate(s);
		uint64_t sum = missed_sum(s, &s->next);
		int better = s->next.n_absent == 0 || sum < now_sum ||
			     (s->next.n_absent == s->now.n_absent && s->next.cost < s->now.cost);
		if (!better) {
			routes_restore(s, &s->now);
			continue;
		}
		routes_take(s, &s->now);
		now_sum = missed_sum(s, &s->now);
		if (s->now.n_absent == 0) {
			plan_copy(s, &s->best, &s->now);
			return 1;
		}
	}
	return 0;
}

/* ---- the answer ---- */

struct improve_answer improve_best(const struct improve *s)
{
	return (struct improve_answer){s->best.cost, plan_vehicles(&s->best), s->best.n_absent};
}

const uint32_t *improve_route(const struct improve *s, uint32_t vehicle, uint32_t *ret_n)
{
	assert(vehicle < s->problem->n_vehicles);
	*ret_n = s->best.length[vehicle];
	return route_nodes(s, &s->best, vehicle);
}
