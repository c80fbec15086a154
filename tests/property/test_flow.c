// link: zub_core
/* Who goes where at the least cost, against trying everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "flow.h"
#include "rng.h"

#define LEFT 6
#define RIGHT 4

struct problem {
	uint32_t n_left, n_right;
	int64_t cost[LEFT * RIGHT];
	uint32_t room[RIGHT];
};

static int64_t least(const struct problem *p, uint32_t left, uint32_t *room)
{
	if (left == p->n_left)
		return 0;
	int64_t best = least(p, left + 1, room);
	for (uint32_t r = 0; r < p->n_right; r++) {
		if (!room[r])
			continue;
		room[r]--;
		int64_t sum = p->cost[left * p->n_right + r] + least(p, left + 1, room);
		room[r]++;
		best = sum < best ? sum : best;
	}
	return best;
}

static void random_problem(struct rng *rng, struct problem *p)
{
	p->n_left = rng_below(rng, LEFT + 1);
	p->n_right = 1 + rng_below(rng, RIGHT);
	for (uint32_t i = 0; i < p->n_left * p->n_right; i++) /* few values: many ties */
		p->cost[i] = rng_between(rng, -9, 5);
	for (uint32_t r = 0; r < p->n_right; r++)
		p->room[r] = rng_below(rng, 3);
}

static void least_of_all(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	struct rng rng;
	rng_seed(&rng, seed);
	printf("seed %llu\n", (unsigned long long)seed);
	for (int round = 0; round < 3000; round++) {
		struct problem p;
		uint32_t goes[LEFT], room[RIGHT], used[RIGHT] = {0};
		int64_t sum = 0;
		random_problem(&rng, &p);
		for (uint32_t r = 0; r < p.n_right; r++)
			room[r] = p.room[r];
		flow_assign(p.cost, p.n_left, p.room, p.n_right, goes);
		for (uint32_t i = 0; i < p.n_left; i++) {
			if (goes[i] == FLOW_STAYS)
				continue;
			assert_true(goes[i] < p.n_right);
			assert_true(++used[goes[i]] <= p.room[goes[i]]);
			sum += p.cost[i * p.n_right + goes[i]];
		}
		if (sum != least(&p, 0, room))
			fail_msg("seed %llu, round %d: %lld, the least is %lld", (unsigned long long)seed, round,
				 (long long)sum, (long long)least(&p, 0, room));
	}
}

static void nobody_and_all(void **state)
{
	(void)state;
	static int64_t cost[FLOW_LEFT_MAX * FLOW_RIGHT_MAX];
	uint32_t room[FLOW_RIGHT_MAX], goes[FLOW_LEFT_MAX], n = 0;
	for (uint32_t i = 0; i < FLOW_LEFT_MAX * FLOW_RIGHT_MAX; i++)
		cost[i] = -(int64_t)(1 + i % 977);
	for (uint32_t r = 0; r < FLOW_RIGHT_MAX; r++)
		room[r] = 3;
	flow_assign(cost, FLOW_LEFT_MAX, room, FLOW_RIGHT_MAX, goes);
	for (uint32_t i = 0; i < FLOW_LEFT_MAX; i++)
		n += goes[i] != FLOW_STAYS;
	assert_int_equal(n, 3 * FLOW_RIGHT_MAX);
	room[0] = 0;
	cost[0] = 1;
	flow_assign(cost, 1, room, 1, goes);
	assert_int_equal(goes[0], FLOW_STAYS);
	flow_assign(cost, 0, room, 1, goes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(least_of_all), cmocka_unit_test(nobody_and_all)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
