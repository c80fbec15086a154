// link: zub_compile zub_city zub_base
/* Generated towns of several sizes, measured on what mapc makes of their files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "synth.h"
#include "synth_checks.h"

static void same_seed_same_bytes(void **state)
{
	(void)state;
	synth_check_same_bytes(1, 5000);
	synth_check_same_bytes(77, 50000);
}

static void small_town(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		synth_check_town(seed, 5000);
}

static void middle_town(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++)
		synth_check_town(seed, 50000);
}

static void large_town(void **state)
{
	(void)state;
	synth_check_town(1, 200000);
}

static void odd_sizes(void **state)
{
	(void)state;
	static const uint32_t sizes[] = {7777, 14999, 15000, 33000, 79999, 90001, 123456};
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		synth_check_town(100 + i, sizes[i]);
}

static void wrong_use(void **state)
{
	(void)state;
	struct err_detail detail = {{0}};
	struct synth_options options = {1, 4999, "/tmp/zub-no.osm.pbf", "/tmp/zub-no.zip"};
	assert_int_equal(synth_write(&options, &detail), ERR_RANGE);
	assert_true(detail.text[0]);
	options.inhabitants = 1000001;
	assert_int_equal(synth_write(&options, NULL), ERR_RANGE);
	options = (struct synth_options){1, 5000, "/no-such-folder/t.osm.pbf", "/tmp/zub-no.zip"};
	detail.text[0] = 0;
	assert_int_equal(synth_write(&options, &detail), ERR_IO);
	assert_true(detail.text[0]);
	assert_int_not_equal(access("/tmp/zub-no.zip", F_OK), 0);
	options = (struct synth_options){1, 5000, "/tmp/zub-no.osm.pbf", "/no-such-folder/t.zip"};
	assert_int_equal(synth_write(&options, &detail), ERR_IO);
	assert_int_not_equal(access("/tmp/zub-no.osm.pbf", F_OK), 0); /* both files or none */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_same_bytes), cmocka_unit_test(small_town), cmocka_unit_test(middle_town),
		cmocka_unit_test(large_town),		cmocka_unit_test(odd_sizes),  cmocka_unit_test(wrong_use),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
