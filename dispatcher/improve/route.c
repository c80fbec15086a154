/* One route: its times by windows alone (both ways), its loads, and its exact times under all limits. */
#include <assert.h>
#include <string.h>

#include "err.h"
#include "improve_inner.h"

static int32_t max32(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static int32_t min32(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

static void measure_loads(struct improve *s, uint32_t vehicle)
{
	const uint32_t n_dims = s->problem->n_dims, n = s->next.length[vehicle];
	const uint32_t *node = route_nodes(s, &s->next, vehicle);
	int32_t *load = s->load + (size_t)vehicle * s->width * n_dims;
	for (uint32_t d = 0; d < n_dims; d++) {
		int32_t sum = 0;
		for (uint32_t k = 0; k < n; k++)
			load[(size_t)k * n_dims + d] = sum += s->change[(size_t)node[k] * n_dims + d];
	}
}

static int64_t measure_steps(const struct improve *s, const uint32_t *node, uint32_t n, int32_t *step,
			     int32_t *step_price)
{
	const struct improve_problem *p = s->problem;
	int64_t way = 0;
	for (uint32_t k = 0; k + 1 < n; k++) {
		const size_t at = (size_t)node[k] * p->n_nodes + node[k + 1];
		step[k] = s->leg[at];
		step_price[k] = p->cost[at];
		way += p->cost[at];
	}
	return n > 2 ? way : 0;
}

/* When it is not known already. */
void route_measure(struct improve *s, uint32_t vehicle)
{
	const struct improve_problem *p = s->problem;
	const uint32_t *node = route_nodes(s, &s->next, vehicle), n = s->next.length[vehicle];
	const size_t at = (size_t)vehicle * s->width;
	int32_t *soon = s->soon + at, *latest = s->latest + at, *step = s->step + at;
	if (s->measured[vehicle] == s->next.stamp[vehicle])
		return;
	s->measured[vehicle] = s->next.stamp[vehicle];
	s->next.way[vehicle] = measure_steps(s, node, n, step, s->step_price + at);
	int32_t now = p->earliest[node[0]], by = p->latest[node[n - 1]];
	soon[0] = now;
	for (uint32_t k = 1; k < n; k++)
		soon[k] = now = max32(p->earliest[node[k]], now + step[k - 1]);
	latest[n - 1] = by;
	for (uint32_t k = n - 1; k-- > 0;)
		latest[k] = by = min32(p->latest[node[k]], by - step[k]);
	measure_loads(s, vehicle);
}

void route_take_out(struct improve *s, uint32_t request)
{
	const struct improve_problem *p = s->problem;
	struct plan *plan = &s->next;
	uint32_t vehicle = plan->route[request], *node = route_nodes(s, plan, vehicle), n = 0;
	for (uint32_t k = 0; k < plan->length[vehicle]; k++)
		if (node[k] != p->pickup[request] && node[k] != p->dropoff[request])
			node[n++] = node[k];
	plan->length[vehicle] = n;
	plan->stamp[vehicle] = ++s->stamp;
	plan->route[request] = NONE;
	plan->absent[plan->n_absent++] = request;
	s->is_ruined[vehicle] = 1;
}

void route_put_in(struct improve *s, uint32_t request, uint32_t vehicle, const struct spot *spot)
{
	const struct improve_problem *p = s->problem;
	struct plan *plan = &s->next;
	uint32_t *node = route_nodes(s, plan, vehicle), *length = &plan->length[vehicle];
	memmove(node + spot->dropoff_after + 3, node + spot->dropoff_after + 1,
		(*length - spot->dropoff_after - 1) * sizeof *node);
	memmove(node + spot->pickup_after + 2, node + spot->pickup_after + 1,
		(spot->dropoff_after - spot->pickup_after) * sizeof *node);
	node[spot->pickup_after + 1] = p->pickup[request];
	node[spot->dropoff_after + 2] = p->dropoff[request];
	*length += 2;
	plan->stamp[vehicle] = ++s->stamp;
	plan->route[request] = vehicle;
	plan->way[vehicle] += spot->cost;
	plan->cost += spot->cost;
}

/* What the end of position k asks of an earlier one: its begin not before this; INT32_MIN = nothing. */
static int32_t pulled(const struct improve *s, const uint32_t *nodes, uint32_t n, uint32_t k, const int32_t *times,
		      const uint32_t *place, uint32_t *ret_at)
{
	const struct improve_problem *p = s->problem;
	uint32_t request = s->request_of[nodes[k]];
	if (k + 1 == n && p->duration_max != IMPROVE_NO_LIMIT) {
		*ret_at = 0;
		return times[k] - p->duration_max;
	}
	if (request == NONE || p->dropoff[request] != nodes[k] || p->ride_max[request] == IMPROVE_NO_LIMIT)
		return INT32_MIN;
	*ret_at = place[p->pickup[request]];
	return times[k] - p->ride_max[request] - p->service[p->pickup[request]];
}

/* The least times that satisfy t[k] >= t[k-1] + ..., windows, and t[pickup] >= t[dropoff] - limit: each round pushes
 * forward, then lets the first stop whose rider would sit too long wait. A round that changes nothing has them. Every
 * round but the last settles at least one more limit for good or runs into a window's end (Bellman-Ford on a chain:
 * more rounds than stops mean a cycle that never ends). */
int route_times(const struct improve *s, const uint32_t *nodes, uint32_t n, int32_t *times, uint32_t *place)
{
	const struct improve_problem *p = s->problem;
	for (uint32_t k = 0; k < n; k++) {
		times[k] = p->earliest[nodes[k]];
		place[nodes[k]] = k;
	}
	uint32_t from = 1;
	for (uint32_t round = 0; round <= n + 1; round++) {
		uint32_t lowest = n;
		for (uint32_t k = from; k < n; k++) {
			int32_t by = times[k - 1] + p->service[nodes[k - 1]] + travel(p, nodes[k - 1], nodes[k]);
			times[k] = max32(times[k], by);
			if (times[k] > p->latest[nodes[k]])
				return ERR_UNREACHABLE;
		}
		for (uint32_t k = 1; k < n; k++) {
			uint32_t at = 0;
			int32_t least = pulled(s, nodes, n, k, times, place, &at);
			if (least <= times[at] || least == INT32_MIN)
				continue;
			if (least > p->latest[nodes[at]])
				return ERR_UNREACHABLE;
			times[at] = least;
			lowest = at < lowest ? at : lowest;
		}
		if (lowest == n)
			return ERR_OK;
		from = lowest + 1;
	}
	return ERR_UNREACHABLE;
}

int improve_times(const struct improve *s, const uint32_t *nodes, uint32_t n, int32_t *ret_times)
{
	assert(n >= 2 && n <= s->width);
	return route_times(s, nodes, n, ret_times, s->place);
}

/* Routes that are the same already stay. */
void plan_copy(const struct improve *s, struct plan *to, const struct plan *from)
{
	for (uint32_t v = 0; v < s->problem->n_vehicles; v++) {
		if (to->stamp[v] == from->stamp[v])
			continue;
		memcpy(route_nodes(s, to, v), route_nodes(s, from, v), from->length[v] * sizeof(uint32_t));
		to->length[v] = from->length[v];
		to->way[v] = from->way[v];
		to->stamp[v] = from->stamp[v];
	}
	memcpy(to->route, from->route, 2 * (size_t)s->problem->n_requests * sizeof(uint32_t));
	to->n_absent = from->n_absent;
	to->n_routes = from->n_routes;
	to->cost = from->cost;
}

int64_t plan_cost(const struct plan *plan)
{
	int64_t cost = 0;
	for (uint32_t v = 0; v < plan->n_routes; v++)
		cost += plan->way[v];
	return cost;
}

uint32_t plan_vehicles(const struct plan *plan)
{
	uint32_t n = 0;
	for (uint32_t v = 0; v < plan->n_routes; v++)
		n += plan->length[v] > 2;
	return n;
}
