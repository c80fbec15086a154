/* One route: its times by windows alone (both ways), its loads, and its exact times under all limits. */
#include <assert.h>
#include <string.h>

#include "err.h"
#include "improve_inner.h"

static int32_t max32(int32_t a, int32_t b)
{
	return a > b ? a : b;
}

static void measure_loads(struct improve *s, uint32_t vehicle)
{
	const struct improve_problem *p = s->problem;
	const uint32_t *node = route_nodes(s, &s->next, vehicle);
	int32_t *load = s->load + (size_t)vehicle * s->width * p->n_dims;
	memset(load, 0, p->n_dims * sizeof *load);
	for (uint32_t k = 1; k < s->next.length[vehicle]; k++) {
		uint32_t request = s->request_of[node[k]];
		for (uint32_t d = 0; d < p->n_dims; d++) {
			int32_t change = request == NONE ? 0 : p->load[(size_t)request * p->n_dims + d];
			if (request != NONE && p->dropoff[request] == node[k])
				change = -change;
			load[(size_t)k * p->n_dims + d] = load[(size_t)(k - 1) * p->n_dims + d] + change;
		}
	}
}

void route_measure(struct improve *s, uint32_t vehicle)
{
	const struct improve_problem *p = s->problem;
	const uint32_t *node = route_nodes(s, &s->next, vehicle), n = s->next.length[vehicle];
	int32_t *soon = s->soon + (size_t)vehicle * s->width, *latest = s->latest + (size_t)vehicle * s->width;
	soon[0] = p->earliest[node[0]];
	for (uint32_t k = 1; k < n; k++)
		soon[k] = max32(p->earliest[node[k]],
				soon[k - 1] + p->service[node[k - 1]] + travel(p, node[k - 1], node[k]));
	latest[n - 1] = p->latest[node[n - 1]];
	for (uint32_t k = n - 1; k-- > 0;) {
		int32_t by = latest[k + 1] - travel(p, node[k], node[k + 1]) - p->service[node[k]];
		latest[k] = by < p->latest[node[k]] ? by : p->latest[node[k]];
	}
	measure_loads(s, vehicle);
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

void plan_copy(const struct improve *s, struct plan *to, const struct plan *from)
{
	memcpy(to->node, from->node, s->block);
	to->n_absent = from->n_absent;
	to->n_routes = from->n_routes;
	to->cost = from->cost;
}

int64_t plan_cost(const struct improve *s, const struct plan *plan)
{
	int64_t cost = 0;
	for (uint32_t v = 0; v < plan->n_routes; v++) {
		const uint32_t *node = route_nodes(s, plan, v);
		for (uint32_t k = 1; plan->length[v] > 2 && k < plan->length[v]; k++)
			cost += price(s->problem, node[k - 1], node[k]);
	}
	return cost;
}

uint32_t plan_vehicles(const struct plan *plan)
{
	uint32_t n = 0;
	for (uint32_t v = 0; v < plan->n_routes; v++)
		n += plan->length[v] > 2;
	return n;
}
