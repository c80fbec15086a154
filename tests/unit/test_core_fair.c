// link: zub_core zub_route zub_drawn_town
/* Fair by bound: who waits longer than the settings allow weighs more until it is over; small groups, lack of access
 * and other people's needs change nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rig.h"
#include "rng.h"
#include "state.h"

#define WHEELCHAIR 2
static struct drawn_town drawn;
static struct rig rig;
static const struct core_ride seat = {.request.need_count = {1}};
static const struct core_ride wheelchair = {.request.need_count = {[WHEELCHAIR] = 1}};

static void settings_of(struct core_settings *settings, uint32_t gap_permille, uint32_t wait_ms)
{
	core_settings_default(settings);
	settings->vehicles_max = RIG_VEHICLES_MAX;
	settings->rides_max = settings->keys_max = settings->cases_max = settings->notices_max = 64;
	settings->delays_max = 16;
	settings->fair_gap_permille = gap_permille;
	settings->fair_wait_ms = wait_ms;
}

static void open_with(uint32_t gap_permille, uint32_t wait_ms)
{
	struct core_settings settings;
	settings_of(&settings, gap_permille, wait_ms);
	drawn_town_plain(&drawn, "A-----B-----C\n");
	rig_open(&rig, &drawn, &settings);
	assert_int_equal(rig.core->fair[WHEELCHAIR].weight, 4000); /* who needs a step-free way begins so */
	rig.core->fair[WHEELCHAIR].weight = 1000;		   /* here all begin alike */
	snapshot_digest_all(rig.core);
}

static int open_bounded(void **state)
{
	(void)state;
	open_with(100, 0);
	return 0;
}

static int open_level(void **state)
{
	(void)state;
	open_with(100, 900000);
	return 0;
}

static int open_free(void **state)
{
	(void)state;
	open_with(0, 0);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	rig_close(&rig);
	drawn_town_close(&drawn);
	return 0;
}

/* An hour in which so many of each board after these waits. */
static void hour(uint32_t n, uint32_t seat_s, uint32_t wheelchair_s)
{
	for (uint32_t i = 0; i < n; i++) {
		fair_boarded(rig.core, &seat, seat_s * 1000);
		fair_boarded(rig.core, &wheelchair, wheelchair_s * 1000);
	}
	rig.now += HOUR_MS;
	assert_int_equal(rig_step(&rig, &(struct command){.kind = CMD_TICK}).code, 0);
	fair_asked(rig.core, &seat, REFUSAL_NONE); /* the hour is seen to have passed with the next rider */
}

static void weight_follows_the_gap(void **state)
{
	(void)state;
	hour(10, 300, 300);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 1000);
	hour(10, 300, 900);
	uint32_t weight = fair_weight(rig.core, &wheelchair);
	assert_true(weight > 1000);
	assert_int_equal(fair_weight(rig.core, &seat), 1000); /* the others are as they were */
	for (int i = 0; i < 20; i++)
		hour(10, 300, 900);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 8000); /* and no further */
	for (int i = 0; i < 100; i++)
		hour(10, 300, 200);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 1000);
}

/* Everybody waits alike, but a group with a need longer than the level. */
static void weight_follows_the_level(void **state)
{
	(void)state;
	hour(10, 500, 500);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 1000);
	hour(10, 1500, 1500);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 2000);
}

static void few_say_nothing(void **state)
{
	(void)state;
	hour(2, 300, 3000);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 1000);
}

static void refused_for_want_of_vehicles(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		fair_asked(rig.core, &seat, REFUSAL_NONE);
		fair_asked(rig.core, &wheelchair, REFUSAL_NOT_STEP_FREE);
	}
	hour(0, 0, 0);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 1000);
	for (int i = 0; i < 20; i++)
		fair_asked(rig.core, &wheelchair, i % 2 ? REFUSAL_NO_TIME : REFUSAL_NONE);
	hour(0, 0, 0);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 3000);
}

static void survives_a_snapshot(void **state)
{
	(void)state;
	hour(10, 300, 900);
	struct core_settings settings;
	struct arena arena;
	struct core *again;
	size_t n = 0;
	settings_of(&settings, 100, 0);
	assert_int_equal(rig_step(&rig, &(struct command){.kind = CMD_TICK}).code, 0);
	(void)core_snapshot(rig.core, NULL, 0, &n);
	void *bytes = malloc(n);
	assert_int_equal(core_snapshot(rig.core, bytes, n, &n), 0);
	assert_int_equal(arena_open(&arena, core_size(&settings, &drawn.town)), 0);
	assert_int_equal(core_open(&again, &settings, &drawn.town, &arena), 0);
	assert_int_equal(core_restore(again, bytes, n, NULL), 0);
	assert_int_equal(core_digest(again), core_digest(rig.core));
	assert_int_equal(fair_weight(again, &wheelchair), fair_weight(rig.core, &wheelchair));
	assert_int_equal(fair_weight(again, &wheelchair), 3000);
	arena_close(&arena);
	free(bytes);
}

/* A made-up service in which a weighed wait gets shorter, up to a limit, and each wait has much of chance in it: after
 * two days the gap is within the bound on the mean of each further day, wherever that can be had at all. */
static void keeps_the_gap_within_the_bound(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	const uint64_t seed = text ? strtoull(text, NULL, 10) : 7;
	for (uint64_t s = seed; s < seed + 5; s++) {
		struct rng rng;
		rng_seed(&rng, s);
		open_with(150, 0);
		const uint32_t behind = 100 + 100 * (uint32_t)(s - seed); /* permille without any weight */
		for (uint32_t day = 0; day < 12; day++) {
			int64_t sum = 0, sum_all = 0, n = 0, n_all = 0;
			for (uint32_t h = 0; h < 24; h++) {
				int64_t gap = (int64_t)behind * 1000 / fair_weight(rig.core, &wheelchair);
				for (uint32_t i = 0; i < 44; i++) {
					int64_t wait_s = rng_between(&rng, 0, 1200);
					wait_s = i < 4 ? wait_s * (1000 + gap) / 1000 : wait_s;
					fair_boarded(rig.core, i < 4 ? &wheelchair : &seat, (uint64_t)wait_s * 1000);
					sum += i < 4 ? wait_s : 0;
					n += i < 4;
					sum_all += wait_s;
					n_all++;
				}
				hour(0, 0, 0);
			}
			/* chance: a day's mean over 96 riders is off by a sixteenth or so, seldom by three */
			const int64_t gap = sum * n_all * 1000 / (n * sum_all) - 1000;
			if (day >= 2 && gap > 150 + 180)
				fail_msg("seed %llu, day %u: %lld permille", (unsigned long long)s, day,
					 (long long)gap);
		}
		assert_true(behind < 300 || fair_weight(rig.core, &wheelchair) > 1000);
		(void)close_all(NULL);
	}
}

static void off_unless_set(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		hour(10, 300, 3000);
	assert_int_equal(fair_weight(rig.core, &wheelchair), 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(weight_follows_the_gap, open_bounded, close_all),
		cmocka_unit_test_setup_teardown(weight_follows_the_level, open_level, close_all),
		cmocka_unit_test_setup_teardown(few_say_nothing, open_bounded, close_all),
		cmocka_unit_test_setup_teardown(refused_for_want_of_vehicles, open_bounded, close_all),
		cmocka_unit_test_setup_teardown(survives_a_snapshot, open_bounded, close_all),
		cmocka_unit_test(keeps_the_gap_within_the_bound),
		cmocka_unit_test_setup_teardown(off_unless_set, open_free, close_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
