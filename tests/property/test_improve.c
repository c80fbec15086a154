// link: zub_improve zub_base
/* The improvement search on tiny random problems against every plan there is, and the times of a fixed sequence against
 * plain relaxation of its difference constraints; and what the search keeps of where a request may go against every
 * pair of positions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "err.h"
#include "improve.h"
#include "improve_inner.h"
#include "rng.h"
#include "units.h"

#define REQUESTS_MAX 4
#define NODES_MAX (2 * REQUESTS_MAX + 2)
#define VEHICLES 2

struct tiny {
	int32_t time[NODES_MAX * NODES_MAX], cost[NODES_MAX * NODES_MAX], earliest[NODES_MAX], latest[NODES_MAX],
		service[NODES_MAX], ride_max[REQUESTS_MAX], load[2 * REQUESTS_MAX], capacity[2];
	uint32_t pickup[REQUESTS_MAX], dropoff[REQUESTS_MAX];
	struct improve_problem problem;
};

static int32_t drawn(struct rng *rng, int32_t low, int32_t high)
{
	return (int32_t)rng_between(rng, low, high);
}

static void tiny_ways(struct tiny *tiny, struct rng *rng, uint32_t n)
{
	int32_t x[NODES_MAX], y[NODES_MAX];
	for (uint32_t i = 0; i < n; i++) {
		x[i] = drawn(rng, 0, 40);
		y[i] = drawn(rng, 0, 40);
	}
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < n; k++) {
			int32_t air = abs(x[i] - x[k]) + abs(y[i] - y[k]);
			tiny->time[i * n + k] = air; /* a metric */
			tiny->cost[i * n + k] = air * 3 + (i < k);
		}
}

static void tiny_draw(struct tiny *tiny, struct rng *rng)
{
	uint32_t requests = 1 + rng_below(rng, REQUESTS_MAX), n = 2 * requests + 2;
	memset(tiny, 0, sizeof *tiny);
	tiny_ways(tiny, rng, n);
	for (uint32_t i = 0; i < n; i++) {
		tiny->earliest[i] = i < 2 ? 0 : drawn(rng, 0, 150);
		tiny->latest[i] = i < 2 ? 600 : tiny->earliest[i] + drawn(rng, 0, 150);
		tiny->service[i] = i < 2 ? 0 : drawn(rng, 0, 8);
	}
	for (uint32_t r = 0; r < requests; r++) {
		tiny->pickup[r] = 2 + r;
		tiny->dropoff[r] = 2 + requests + r;
		tiny->ride_max[r] = rng_below(rng, 3) ? drawn(rng, 20, 120) : IMPROVE_NO_LIMIT;
		tiny->load[2 * r] = drawn(rng, 0, 2);
		tiny->load[2 * r + 1] = drawn(rng, 0, 1);
	}
	tiny->capacity[0] = 3;
	tiny->capacity[1] = 1;
	tiny->problem =
		(struct improve_problem){.n_nodes = n,
					 .n_requests = requests,
					 .n_vehicles = VEHICLES,
					 .n_dims = 2,
					 .time = tiny->time,
					 .cost = tiny->cost,
					 .earliest = tiny->earliest,
					 .latest = tiny->latest,
					 .service = tiny->service,
					 .pickup = tiny->pickup,
					 .dropoff = tiny->dropoff,
					 .ride_max = tiny->ride_max,
					 .load = tiny->load,
					 .start = 0,
					 .end = 1,
					 .duration_max = rng_below(rng, 2) ? drawn(rng, 150, 400) : IMPROVE_NO_LIMIT,
					 .capacity = tiny->capacity};
}

/* ---- the slow twin ---- */

static uint32_t index_of(const uint32_t *nodes, uint32_t n, uint32_t node)
{
	uint32_t k = 0;
	while (k < n && nodes[k] != node)
		k++;
	return k;
}

/* Relaxes every constraint t[b] >= t[a] + d again and again; feasible when nothing moves after n rounds. */
static int twin_times(const struct improve_problem *p, const uint32_t *nodes, uint32_t n, int32_t *times)
{
	for (uint32_t k = 0; k < n; k++)
		times[k] = p->earliest[nodes[k]];
	for (uint32_t round = 0, moved = 1; moved; round++) {
		moved = 0;
		if (round > 1000)
			return 0;
#define AT_LEAST(at, value)          \
	if (times[at] < (value)) {   \
		times[at] = (value); \
		moved = 1;           \
	}
		for (uint32_t k = 1; k < n; k++)
			AT_LEAST(k, times[k - 1] + p->service[nodes[k - 1]] +
					    p->time[nodes[k - 1] * p->n_nodes + nodes[k]])
		for (uint32_t r = 0; r < p->n_requests; r++) {
			uint32_t up = index_of(nodes, n, p->pickup[r]), down = index_of(nodes, n, p->dropoff[r]);
			if (up < n && p->ride_max[r] != IMPROVE_NO_LIMIT)
				AT_LEAST(up, times[down] - p->ride_max[r] - p->service[p->pickup[r]])
		}
		if (p->duration_max != IMPROVE_NO_LIMIT)
			AT_LEAST(0, times[n - 1] - p->duration_max)
		for (uint32_t k = 0; k < n; k++)
			if (times[k] > p->latest[nodes[k]])
				return 0;
	}
	return 1;
}

struct all {
	const struct improve_problem *p;
	uint32_t nodes[VEHICLES][NODES_MAX], n[VEHICLES];
	int64_t best_cost;
	uint32_t best_absent;
};

static int route_ok(const struct improve_problem *p, const uint32_t *nodes, uint32_t n, int64_t *cost)
{
	int32_t times[NODES_MAX], load[2] = {0, 0};
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t r = 0; r < p->n_requests; r++)
			for (uint32_t d = 0; d < 2; d++) {
				load[d] += nodes[k] == p->pickup[r]    ? p->load[2 * r + d]
					   : nodes[k] == p->dropoff[r] ? -p->load[2 * r + d]
								       : 0;
				if (load[d] > p->capacity[d])
					return 0;
			}
	for (uint32_t k = 1; n > 2 && k < n; k++)
		*cost += p->cost[nodes[k - 1] * p->n_nodes + nodes[k]];
	return n == 2 || twin_times(p, nodes, n, times);
}

static void insert(uint32_t *nodes, uint32_t n, uint32_t at, uint32_t node)
{
	memmove(nodes + at + 1, nodes + at, (n - at) * sizeof *nodes);
	nodes[at] = node;
}

static void all_plans(struct all *all, uint32_t request, uint32_t absent)
{
	const struct improve_problem *p = all->p;
	if (request == p->n_requests) {
		int64_t cost = 0;
		for (uint32_t v = 0; v < VEHICLES; v++)
			if (!route_ok(p, all->nodes[v], all->n[v], &cost))
				return;
		if (absent < all->best_absent || (absent == all->best_absent && cost < all->best_cost)) {
			all->best_absent = absent;
			all->best_cost = cost;
		}
		return;
	}
	all_plans(all, request + 1, absent + 1);
	for (uint32_t v = 0; v < VEHICLES; v++) {
		uint32_t before[NODES_MAX], n = all->n[v];
		memcpy(before, all->nodes[v], sizeof before);
		for (uint32_t i = 1; i < n; i++)
			for (uint32_t j = i + 1; j < n + 1; j++) {
				insert(all->nodes[v], n, i, p->pickup[request]);
				insert(all->nodes[v], n + 1, j, p->dropoff[request]);
				all->n[v] = n + 2;
				all_plans(all, request + 1, absent);
				memcpy(all->nodes[v], before, sizeof before);
				all->n[v] = n;
			}
	}
}

/* ---- */

static void routes_hold(const struct improve *improve, const struct improve_problem *p)
{
	struct improve_answer answer = improve_best(improve);
	uint32_t seen = 0;
	int64_t cost = 0;
	for (uint32_t v = 0; v < VEHICLES; v++) {
		uint32_t n;
		int32_t got[NODES_MAX], want[NODES_MAX];
		const uint32_t *nodes = improve_route(improve, v, &n);
		assert_true(route_ok(p, nodes, n, &cost));
		for (uint32_t r = 0; r < p->n_requests; r++) {
			uint32_t up = index_of(nodes, n, p->pickup[r]), down = index_of(nodes, n, p->dropoff[r]);
			assert_true((up == n && down == n) || up < down);
			seen += up < n;
		}
		if (n == 2)
			continue;
		assert_int_equal(improve_times(improve, nodes, n, got), 0);
		assert_true(twin_times(p, nodes, n, want));
		assert_memory_equal(got, want, n * sizeof *got);
	}
	assert_int_equal(seen, p->n_requests - answer.n_absent);
	assert_int_equal(cost, answer.cost);
}

static void best_of_all_plans(void **state)
{
	const char *text = getenv("ZUB_SEED");
	struct rng rng;
	uint32_t optimal = 0, rounds = 300, complete = 0;
	(void)state;
	rng_seed(&rng, text ? strtoull(text, NULL, 10) : 20261123);
	for (uint32_t round = 0; round < rounds; round++) {
		struct tiny tiny;
		struct arena arena;
		struct improve *improve;
		struct all all = {.p = &tiny.problem, .best_absent = UINT32_MAX};
		tiny_draw(&tiny, &rng);
		for (uint32_t v = 0; v < VEHICLES; v++) {
			all.nodes[v][1] = 1;
			all.n[v] = 2;
		}
		all_plans(&all, 0, 0);
		assert_int_equal(arena_open(&arena, improve_size(&tiny.problem)), 0);
		assert_int_equal(improve_open(&improve, &tiny.problem, round, &arena), 0);
		improve_construct(improve);
		improve_heat(improve, 2000, 60);
		assert_int_equal(improve_cool(improve, 2000), 0);
		struct improve_answer answer = improve_best(improve);
		routes_hold(improve, &tiny.problem);
		assert_true(answer.n_absent > all.best_absent ||
			    (answer.n_absent == all.best_absent && answer.cost >= all.best_cost));
		optimal += answer.n_absent == all.best_absent && answer.cost == all.best_cost;
		complete += all.best_absent == 0;
		arena_close(&arena);
	}
	print_message("optimal in %u of %u, %u of them with all served\n", optimal, rounds, complete);
	assert_int_equal(optimal, rounds);
	assert_true(complete > rounds / 10);
}

/* Any sequence, feasible or not: the same verdict and the same times. */
static void times_of_any_sequence(void **state)
{
	struct rng rng;
	uint32_t feasible = 0;
	(void)state;
	rng_seed(&rng, 7);
	for (uint32_t round = 0; round < 20000; round++) {
		struct tiny tiny;
		struct arena arena;
		struct improve *improve;
		uint32_t nodes[NODES_MAX], n = 2;
		int32_t got[NODES_MAX], want[NODES_MAX];
		tiny_draw(&tiny, &rng);
		nodes[0] = 0;
		nodes[1] = 1;
		for (uint32_t r = 0; r < tiny.problem.n_requests; r++, n += 2) {
			uint32_t up = 1 + rng_below(&rng, n - 1);
			insert(nodes, n, up, tiny.pickup[r]);
			insert(nodes, n + 1, up + 1 + rng_below(&rng, n - up), tiny.dropoff[r]);
		}
		assert_int_equal(arena_open(&arena, improve_size(&tiny.problem)), 0);
		assert_int_equal(improve_open(&improve, &tiny.problem, 1, &arena), 0);
		int is_feasible = improve_times(improve, nodes, n, got) == 0;
		assert_int_equal(is_feasible, twin_times(&tiny.problem, nodes, n, want));
		if (is_feasible)
			assert_memory_equal(got, want, n * sizeof *got);
		feasible += (uint32_t)is_feasible;
		arena_close(&arena);
	}
	print_message("%u of 20000 sequences feasible\n", feasible);
	assert_true(feasible > 1000);
}

static void fewer_vehicles(void **state)
{
	struct rng rng;
	uint32_t saved = 0;
	(void)state;
	rng_seed(&rng, 11);
	for (uint32_t round = 0; round < 2000; round++) {
		struct tiny tiny;
		struct arena arena;
		struct improve *improve;
		tiny_draw(&tiny, &rng);
		assert_int_equal(arena_open(&arena, improve_size(&tiny.problem)), 0);
		assert_int_equal(improve_open(&improve, &tiny.problem, round, &arena), 0);
		improve_construct(improve);
		struct improve_answer before = improve_best(improve);
		if (before.n_absent == 0 && improve_shrink(improve, 500)) {
			assert_int_equal(improve_best(improve).n_absent, 0);
			assert_int_equal(improve_best(improve).n_vehicles, before.n_vehicles - 1);
			saved++;
		}
		routes_hold(improve, &tiny.problem);
		arena_close(&arena);
	}
	print_message("one vehicle fewer in %u of 2000\n", saved);
	assert_true(saved > 5);
}

/* The two least costs of a request put into a route, over every pair of positions; INT64_MAX = none. */
static void twin_spots(const struct improve_problem *p, const uint32_t *nodes, uint32_t n, uint32_t request,
		       int64_t *least)
{
	int64_t before = 0;
	least[0] = least[1] = INT64_MAX;
	assert_true(route_ok(p, nodes, n, &before));
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t j = i + 1; j < n + 1; j++) {
			uint32_t tried[NODES_MAX];
			int64_t cost = -before;
			memcpy(tried, nodes, n * sizeof *tried);
			insert(tried, n, i, p->pickup[request]);
			insert(tried, n + 1, j, p->dropoff[request]);
			if (!route_ok(p, tried, n + 2, &cost) || cost >= least[1])
				continue;
			least[1] = cost < least[0] ? least[0] : cost;
			least[0] = cost < least[0] ? cost : least[0];
		}
}

static uint32_t spots_hold(struct improve *s, const struct improve_problem *p, struct rng *rng)
{
	uint32_t n = 0;
	for (uint32_t r = 0; r < p->n_requests; r++)
		for (uint32_t v = 0; v < s->next.n_routes; v++) {
			int64_t least[2], below = rng_below(rng, 2) ? INT64_MAX / 2 : drawn(rng, 0, 300);
			if (s->next.route[r] == v)
				continue;
			twin_spots(p, route_nodes(s, &s->next, v), s->next.length[v], r, least);
			const struct spots *spots = spots_of(s, r, v, below);
			assert_true(spots->below >= below || spots->first.cost < spots->below);
			assert_int_equal(spots->first.cost, least[0] < spots->below ? least[0] : INT64_MAX);
			if (!s->has_limits)
				assert_int_equal(spots->second.cost, least[1] < spots->below ? least[1] : INT64_MAX);
			n += least[0] < below;
		}
	return n;
}

static void kept_spots_are_true(void **state)
{
	struct rng rng;
	uint32_t n = 0, gathered = 0;
	(void)state;
	rng_seed(&rng, 17);
	for (uint32_t round = 0; round < 600; round++) {
		struct tiny tiny;
		struct arena arena;
		struct improve *improve;
		tiny_draw(&tiny, &rng);
		assert_int_equal(arena_open(&arena, improve_size(&tiny.problem)), 0);
		assert_int_equal(improve_open(&improve, &tiny.problem, round, &arena), 0);
		improve_construct(improve);
		for (uint32_t step = 0; step < 20; step++) {
			n += spots_hold(improve, &tiny.problem, &rng);
			if (step % 5 == 4 && improve_best(improve).n_absent == 0)
				improve_shrink(improve, 3);
			else if (step % 5 == 3) {
				improve_scatter(improve);
				gathered += (uint32_t)improve_gather(improve, 3);
			}
			improve_heat(improve, 8, 100);
			improve_cool(improve, 1 + rng_below(&rng, 8));
			ruin(improve);
			recreate(improve);
			routes_hold(improve, &tiny.problem);
		}
		arena_close(&arena);
	}
	print_message("%u spots held, put together otherwise %u times\n", n, gathered);
	assert_true(n > 5000);
	assert_true(gathered > 500);
}

static void wrong_problems(void **state)
{
	struct rng rng;
	struct tiny tiny;
	struct arena arena;
	struct improve *improve;
	(void)state;
	rng_seed(&rng, 3);
	tiny_draw(&tiny, &rng);
	assert_int_equal(arena_open(&arena, improve_size(&tiny.problem)), 0);
	tiny.latest[2] = tiny.earliest[2] - 1;
	assert_int_equal(improve_open(&improve, &tiny.problem, 1, &arena), ERR_RANGE);
	tiny_draw(&tiny, &rng);
	tiny.pickup[0] = tiny.problem.n_nodes;
	assert_int_equal(improve_open(&improve, &tiny.problem, 1, &arena), ERR_RANGE);
	tiny_draw(&tiny, &rng);
	arena.size = 64;
	assert_int_equal(improve_open(&improve, &tiny.problem, 1, &arena), ERR_MEMORY);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(best_of_all_plans), cmocka_unit_test(times_of_any_sequence),
		cmocka_unit_test(fewer_vehicles),    cmocka_unit_test(kept_spots_are_true),
		cmocka_unit_test(wrong_problems),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
