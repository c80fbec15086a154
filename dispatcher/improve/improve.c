/* The search: ruin, recreate, accept or not, cool down. */
#include "improve.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "improve_inner.h"

#define COOL_SHIFT 10 /* hot to hot / 1024 */

static size_t rows_of(const struct improve_problem *p)
{
	return (size_t)p->n_vehicles + SPARE_ROUTES;
}

/* Bytes of a plan's columns. */
static size_t plan_bytes(const struct improve_problem *p, size_t width)
{
	return rows_of(p) * (2 * sizeof(uint64_t) + (width + 1) * sizeof(uint32_t)) +
	       2 * (size_t)p->n_requests * sizeof(uint32_t);
}

static uint32_t width_of(const struct improve_problem *p)
{
	return 2 * p->n_requests + 2;
}

size_t improve_size(const struct improve_problem *p)
{
	const size_t width = width_of(p), cells = rows_of(p) * width, nodes = p->n_nodes;
	return sizeof(struct improve) + 3 * plan_bytes(p, width) + cells * (4 + p->n_dims) * sizeof(int32_t) +
	       rows_of(p) * sizeof(int64_t) + 2 * (size_t)p->n_requests * p->n_vehicles * sizeof(struct spots) +
	       (3 * nodes + 4 * nodes * nodes) * sizeof(uint32_t) +
	       (2 * (width + 2) + p->n_requests + p->n_vehicles + 2 * width) * sizeof(uint32_t) +
	       width * (2 * sizeof(int64_t) + sizeof(struct pickup)) + nodes * p->n_dims * sizeof(int32_t) +
	       p->n_requests * sizeof(uint64_t) + p->n_vehicles + 40 * 16;
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
	const size_t rows = rows_of(p);
	plan->stamp = arena_take(arena, plan_bytes(p, s->width), 1);
	if (!plan->stamp)
		return ERR_MEMORY;
	plan->way = (int64_t *)(plan->stamp + rows);
	plan->node = (uint32_t *)(plan->way + rows);
	plan->length = plan->node + rows * s->width;
	plan->route = plan->length + rows;
	plan->absent = plan->route + p->n_requests;
	plan->n_routes = p->n_vehicles;
	plan->n_absent = p->n_requests;
	for (uint32_t v = 0; v < rows; v++) {
		plan->stamp[v] = 1;
		route_nodes(s, plan, v)[0] = p->start;
		route_nodes(s, plan, v)[1] = p->end;
		plan->length[v] = 2;
	}
	for (uint32_t r = 0; r < p->n_requests; r++) {
		plan->route[r] = NONE;
		plan->absent[r] = r;
	}
	s->stamp = s->settled = 1;
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

void sort_by_key(uint32_t *list, uint32_t n, const int32_t *key)
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
		sort_by_key(row, n, p->cost + (size_t)i * p->n_nodes);
	}
}

static void legs_fill(struct improve *s)
{
	const struct improve_problem *p = s->problem;
	const size_t n = p->n_nodes;
	s->far = s->horizon = s->heaviest = 1;
	for (size_t i = 0; i < n; i++) {
		s->horizon = p->latest[i] > s->horizon ? p->latest[i] : s->horizon;
		for (size_t k = 0; k < n; k++) {
			s->leg[i * n + k] = s->leg_to[k * n + i] = p->service[i] + p->time[i * n + k];
			s->price_to[k * n + i] = p->cost[i * n + k];
			s->far = p->cost[i * n + k] > s->far ? p->cost[i * n + k] : s->far;
		}
	}
	for (size_t r = 0; r < p->n_requests; r++)
		for (size_t d = 0; d < p->n_dims; d++) {
			s->change[p->pickup[r] * p->n_dims + d] = p->load[r * p->n_dims + d];
			s->change[p->dropoff[r] * p->n_dims + d] = -p->load[r * p->n_dims + d];
		}
	for (size_t r = 0; r < p->n_requests; r++)
		s->heaviest = p->load[r * p->n_dims] > s->heaviest ? p->load[r * p->n_dims] : s->heaviest;
}

static int routes_open(struct improve *s, struct arena *arena)
{
	const struct improve_problem *p = s->problem;
	const size_t cells = rows_of(p) * s->width;
	s->soon = arena_take(arena, cells, sizeof *s->soon);
	s->latest = arena_take(arena, cells, sizeof *s->latest);
	s->step = arena_take(arena, cells, sizeof *s->step);
	s->step_price = arena_take(arena, cells, sizeof *s->step_price);
	s->load = arena_take(arena, cells * p->n_dims, sizeof *s->load);
	s->measured = arena_take(arena, rows_of(p), sizeof *s->measured);
	s->spots = arena_take(arena, 2 * (size_t)p->n_requests * p->n_vehicles, sizeof *s->spots);
	if (!s->soon || !s->latest || !s->step || !s->step_price || !s->load || !s->measured || !s->spots)
		return ERR_MEMORY;
	return plan_open(s, &s->now, arena) || plan_open(s, &s->next, arena) || plan_open(s, &s->best, arena)
		       ? ERR_MEMORY
		       : ERR_OK;
}

static int columns_open(struct improve *s, struct arena *arena)
{
	const struct improve_problem *p = s->problem;
	const size_t nodes = p->n_nodes, square = nodes * nodes;
	s->request_of = arena_take(arena, nodes, sizeof *s->request_of);
	s->near = arena_take(arena, square, sizeof *s->near);
	s->leg = arena_take(arena, square, sizeof *s->leg);
	s->leg_to = arena_take(arena, square, sizeof *s->leg_to);
	s->price_to = arena_take(arena, square, sizeof *s->price_to);
	s->times = arena_take(arena, s->width + 2, sizeof *s->times);
	s->trial = arena_take(arena, s->width + 2, sizeof *s->trial);
	s->place = arena_take(arena, nodes, sizeof *s->place);
	s->order = arena_take(arena, 2 * (size_t)s->width + p->n_requests + p->n_vehicles, sizeof *s->order);
	s->key = arena_take(arena, nodes, sizeof *s->key);
	s->change = arena_take(arena, nodes * p->n_dims, sizeof *s->change);
	s->pickups = arena_take(arena, s->width, sizeof *s->pickups);
	s->dropping = arena_take(arena, s->width, sizeof *s->dropping);
	s->dropping_least = arena_take(arena, s->width, sizeof *s->dropping_least);
	s->missed = arena_take(arena, p->n_requests, sizeof *s->missed);
	s->is_ruined = arena_take(arena, p->n_vehicles, sizeof *s->is_ruined);
	if (!s->request_of || !s->near || !s->leg || !s->leg_to || !s->price_to || !s->times || !s->trial ||
	    !s->place || !s->order || !s->key || !s->change || !s->pickups || !s->dropping || !s->dropping_least ||
	    !s->missed || !s->is_ruined)
		return ERR_MEMORY;
	return routes_open(s, arena);
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
	legs_fill(s);
	*ret_improve = s;
	return ERR_OK;
}

/* ---- searching ---- */

static int is_better(const struct plan *plan, const struct plan *than)
{
	return plan->n_absent < than->n_absent || (plan->n_absent == than->n_absent && plan->cost < than->cost);
}

void next_restore(struct improve *s)
{
	plan_copy(s, &s->next, &s->now);
	s->settled = s->stamp;
}

void next_settle(struct improve *s)
{
	plan_copy(s, &s->now, &s->next);
	s->settled = s->stamp;
}

void improve_construct(struct improve *s)
{
	memset(s->is_ruined, 1, s->problem->n_vehicles);
	recreate(s);
	next_settle(s);
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

void improve_heat(struct improve *s, uint64_t iterations, int32_t hot)
{
	assert(s->has_best && iterations);
	plan_copy(s, &s->next, s->is_scattered ? &s->now : &s->best);
	next_settle(s);
	s->is_scattered = 0;
	if (is_better(&s->now, &s->best))
		plan_copy(s, &s->best, &s->now);
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

int cost_accepted(struct improve *s, int64_t heat)
{
	if (s->next.cost <= s->now.cost)
		return 1;
	int64_t chance = exponential(&s->rng);
	return (__int128)(s->next.cost - s->now.cost) << 32 < (__int128)heat * chance;
}

static int is_accepted(struct improve *s)
{
	if (s->next.n_absent != s->now.n_absent)
		return s->next.n_absent < s->now.n_absent;
	return cost_accepted(s, s->heat);
}

uint64_t improve_cool(struct improve *s, uint64_t n)
{
	for (; n > 0 && s->left > 0; n--, s->left--) {
		if (s->left % 64 == 0 || s->left == s->cooling)
			s->heat = temperature(s);
		ruin(s);
		recreate(s);
		if (!is_accepted(s)) {
			next_restore(s);
			continue;
		}
		next_settle(s);
		if (is_better(&s->now, &s->best))
			plan_copy(s, &s->best, &s->now);
	}
	return s->left;
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
