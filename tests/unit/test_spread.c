// link: zub_sim
/* Means, intervals and paired differences against numbers worked out by hand; seeds as people write them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "spread.h"
#include "sweep.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 5e-5)

/* 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squares sum to 32, sd = sqrt(32 / 7), half = 2.364624 * sd / sqrt(8) */
static void test_known_sample(void **state)
{
	(void)state;
	const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
	struct spread spread = spread_of(values, 8);
	assert_int_equal(spread.n, 8);
	NEAR(spread.mean, 5);
	NEAR(spread.sd, 2.138090);
	NEAR(spread.low, 5 - 1.787488);
	NEAR(spread.high, 5 + 1.787488);
	NEAR(spread.least, 2);
	NEAR(spread.most, 9);
}

static void test_far_from_zero(void **state)
{
	(void)state;
	const double values[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}; /* variance 30: sums of squares would lose it */
	NEAR(spread_of(values, 4).sd, sqrt(30));
}

static void test_few_values(void **state)
{
	(void)state;
	const double one[] = {7}, gaps[] = {NAN, 3, NAN, 5};
	struct spread spread = spread_of(one, 1);
	NEAR(spread.mean, 7);
	assert_true(isnan(spread.low) && isnan(spread.high) && isnan(spread.sd));
	assert_true(isnan(spread_of(one, 0).mean));
	spread = spread_of(gaps, 4); /* sd = sqrt 2, half = 12.7062 * 1 */
	assert_int_equal(spread.n, 2);
	NEAR(spread.high, 4 + 12.7062);
}

/* Differences 1, 1, 2, 0: the pairs' common part is gone. */
static void test_paired(void **state)
{
	(void)state;
	const double a[] = {10, 20, 30, 40}, b[] = {11, 21, 32, 40};
	struct spread spread = spread_paired(a, b, 4);
	NEAR(spread.mean, 1);
	NEAR(spread.high - spread.mean, 3.1824 * sqrt(2.0 / 3) / 2);
	const double missing[] = {11, NAN, 32, 40};
	assert_int_equal(spread_paired(a, missing, 4).n, 3);
}

static void test_student(void **state)
{
	(void)state;
	assert_true(isnan(spread_t95(0)));
	NEAR(spread_t95(1), 12.7062);
	NEAR(spread_t95(9), 2.2622);
	NEAR(spread_t95(30), 2.0423);
	assert_true(fabs(spread_t95(31) - 2.0395) < 2e-4);
	assert_true(fabs(spread_t95(60) - 2.0003) < 1e-4);
	assert_true(fabs(spread_t95(120) - 1.9799) < 1e-4);
	for (uint32_t n = 1; n < 200; n++)
		assert_true(spread_t95(n + 1) < spread_t95(n));
}

static void expect_seeds(const char *text, const uint64_t *wanted, uint32_t n)
{
	uint64_t seeds[SWEEP_RUNS_MAX];
	uint32_t n_seeds = 0;
	struct err_detail detail;
	assert_int_equal(sweep_seeds(text, seeds, &n_seeds, &detail), 0);
	assert_int_equal(n_seeds, n);
	assert_memory_equal(seeds, wanted, n * sizeof *wanted);
}

static void test_seeds(void **state)
{
	static const char *const wrong[] = {"",	       "x",	"3..1", "1,1",	 "1..3,2",
					    "1..1001", "1..",	"..3",	"1,",	 "-1",
					    "1.5",     "1...3", " 1",	"1..3x", "99999999999999999999"};
	uint64_t seeds[SWEEP_RUNS_MAX];
	uint32_t n = 77;
	struct err_detail detail;
	(void)state;
	expect_seeds("5", (const uint64_t[]){5}, 1);
	expect_seeds("0..3", (const uint64_t[]){0, 1, 2, 3}, 4);
	expect_seeds("9,1..2,4", (const uint64_t[]){9, 1, 2, 4}, 4);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		if (sweep_seeds(wrong[i], seeds, &n, &detail) == 0)
			fail_msg("\"%s\" was taken", wrong[i]);
		assert_non_null(strstr(detail.text, "--seeds"));
	}
	assert_int_equal(n, 77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_sample), cmocka_unit_test(test_far_from_zero),
		cmocka_unit_test(test_few_values),   cmocka_unit_test(test_paired),
		cmocka_unit_test(test_student),	     cmocka_unit_test(test_seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
