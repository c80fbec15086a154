// link: zub_compile zub_city zub_base -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup
/* Allocations of the town generator fail one at a time: an error comes back, no file is left, nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "err.h"
#include "synth.h"

static uint64_t n_allocations, fail_at; /* fail_at 0 = never */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static int fails(void)
{
	return ++n_allocations == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

static char folder[] = "/tmp/zub-synth-memory-XXXXXX";

static int write_town(uint64_t failing)
{
	char osm[64], gtfs[64];
	struct err_detail detail = {{0}};
	snprintf(osm, sizeof osm, "%s/t.osm.pbf", folder);
	snprintf(gtfs, sizeof gtfs, "%s/t.zip", folder);
	struct synth_options options = {1, 5000, osm, gtfs};
	n_allocations = 0;
	fail_at = failing;
	int code = synth_write(&options, &detail);
	fail_at = 0;
	assert_true(!code == !detail.text[0]);
	assert_true(code || (access(osm, F_OK) == 0 && access(gtfs, F_OK) == 0));
	if (!code) {
		remove(osm);
		remove(gtfs);
	}
	return code; /* after a failure the folder must be empty: rmdir at the end says so */
}

static void each_allocation(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(write_town(0), ERR_OK);
	uint64_t n = n_allocations, step = n / 400 + 1;
	for (uint64_t i = 1; i <= n; i += i < 100 ? 1 : step)
		assert_int_equal(write_town(i), ERR_MEMORY);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
