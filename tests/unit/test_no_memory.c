// link: zub_drawn_town zub_town_file zub_projection -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
/* Each allocation of base, projection and town file fails once: an error comes back, nothing is changed, nothing leaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "array.h"
#include "drawn_town.h"
#include "err.h"
#include "projection.h"

static int fail_next;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static int fails(void)
{
	int failing = fail_next;
	fail_next = 0;
	return failing;
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

static void arenas_and_arrays(void **state)
{
	(void)state;
	struct arena arena = {.size = 5};
	fail_next = 1;
	assert_int_equal(arena_open(&arena, 100), ERR_MEMORY);
	assert_int_equal(arena.size, 5);
	uint32_t *items = NULL;
	size_t n = 0, cap = 0;
	assert_int_equal(array_push(items, n, cap, 7), 0);
	uint32_t *before = items;
	size_t cap_before = cap;
	fail_next = 1;
	assert_int_equal(array_reserve(items, 1000, cap), ERR_MEMORY);
	assert_true(items == before && cap == cap_before && items[0] == 7);
	while (n < cap)
		assert_int_equal(array_push(items, n, cap, 8), 0);
	fail_next = 1;
	assert_int_equal(array_push(items, n, cap, 9), ERR_MEMORY);
	assert_int_equal(n, cap_before);
	free(items);
}

static void projections(void **state)
{
	(void)state;
	struct projection *projection = NULL;
	fail_next = 1;
	assert_int_equal(projection_open(&projection, NULL, (struct geo_point){494000000, 86000000}, NULL), ERR_MEMORY);
	assert_null(projection);
}

static void town_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/zub_no_memory_XXXXXX", path[64];
	struct drawn_town drawn;
	assert_non_null(mkdtemp(folder));
	strcat(strcpy(path, folder), "/town.zmap");
	drawn_town_plain(&drawn, "A---B");
	fail_next = 1;
	assert_int_equal(town_write(&drawn.town, path, NULL), ERR_MEMORY);
	assert_int_equal(fail_next, 0);
	assert_int_equal(rmdir(folder), 0); /* nothing was written */
	drawn_town_close(&drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arenas_and_arrays),
		cmocka_unit_test(projections),
		cmocka_unit_test(town_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
