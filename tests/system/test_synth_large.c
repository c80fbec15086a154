// link: zub_compile zub_city zub_base
// slow
/* The largest town: same checks, within a minute and 4 GB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "err.h"
#include "synth.h"
#include "synth_checks.h"

static void a_million(void **state)
{
	(void)state;
	struct synth_options options = {1, 1000000, "/tmp/zub-million.osm.pbf", "/tmp/zub-million.zip"};
	struct timespec before, after;
	struct rusage usage;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(synth_write(&options, NULL), ERR_OK);
	clock_gettime(CLOCK_MONOTONIC, &after);
	getrusage(RUSAGE_SELF, &usage);
	print_message("1,000,000 inhabitants: %ld s, %ld MB\n", (long)(after.tv_sec - before.tv_sec),
		      usage.ru_maxrss / 1024);
	assert_true(after.tv_sec - before.tv_sec < 60);
	assert_true(usage.ru_maxrss < 4L * 1024 * 1024);
	remove(options.osm_path);
	remove(options.gtfs_path);
	synth_check_town(1, 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_million)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
