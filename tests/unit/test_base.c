// link: zub_base
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "array.h"
#include "err.h"
#include "geo.h"
#include "hash.h"
#include "heap.h"
#include "rng.h"
#include "units.h"

/* So that the sanitizer's malloc refuses like the real one instead of ending the program */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void err_texts(void **state)
{
	(void)state;
	assert_string_equal(err_text(ERR_OK), "ok");
	assert_string_equal(err_text(ERR_INTERRUPTED), "stopped before the end");
	assert_string_equal(err_text(ERR_COUNT), "unknown error code");
	assert_string_equal(err_text(-1), "unknown error code");
	assert_int_equal(ERR_MEMORY, 2); /* array.h relies on it */
	for (int code = 0; code < ERR_COUNT; code++)
		assert_true(strlen(err_text(code)) > 0);
}

static void err_details(void **state)
{
	(void)state;
	struct err_detail detail;
	assert_int_equal(err_set(NULL, ERR_IO, "%s", "nobody reads this"), ERR_IO);
	assert_int_equal(err_set(&detail, ERR_FORMAT, "line %d", 7), ERR_FORMAT);
	assert_string_equal(detail.text, "line 7");
	err_set(&detail, ERR_FORMAT, "file: %s", detail.text); /* its own text as an argument */
	assert_string_equal(detail.text, "file: line 7");
	char large[2000];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	err_set(&detail, ERR_FORMAT, "%s", large);
	assert_int_equal(strlen(detail.text), sizeof detail.text - 1);
}

static void arena_takes(void **state)
{
	(void)state;
	struct arena arena;
	assert_int_equal(arena_open(&arena, 1000), 0);
	memset(arena.base, 0xff, arena.size);
	unsigned char *a = arena_take(&arena, 3, 1), *b = arena_take(&arena, 5, 8);
	assert_true(a && b && (uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0 && b >= a + 3);
	for (int i = 0; i < 40; i++)
		assert_int_equal(b[i], 0);
	assert_null(arena_take(&arena, SIZE_MAX / 2, 3)); /* overflows */
	assert_null(arena_take(&arena, 1, 1000));	  /* too much by now */
	size_t used = arena.used;
	assert_non_null(arena_take(&arena, 0, 8));
	assert_true(arena.used - used < 16);
	arena_close(&arena);
	assert_null(arena_take(&arena, 1, 1));
}

static void arena_wraps_odd_memory(void **state)
{
	(void)state;
	_Alignas(16) char memory[64];
	struct arena arena;
	arena_wrap(&arena, memory + 1, 63);
	char *a = arena_take(&arena, 1, 48);
	assert_ptr_equal(a, memory + 16);
	assert_null(arena_take(&arena, 1, 1));
	arena_close(&arena);
}

static void arena_refuses_what_malloc_refuses(void **state)
{
	(void)state;
	struct arena arena = {.size = 7};
	assert_int_equal(arena_open(&arena, (size_t)PTRDIFF_MAX), ERR_MEMORY);
	assert_int_equal(arena.size, 7); /* untouched */
}

static void arrays_grow(void **state)
{
	(void)state;
	uint32_t *items = NULL;
	size_t n = 0, cap = 0;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(array_push(items, n, cap, i * 3), 0);
	assert_true(n == 1000 && cap >= 1000 && cap <= 2048);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(items[i], i * 3);
	for (size_t i = n; i < cap; i++)
		assert_int_equal(items[i], 0);
	uint32_t *before = items;
	assert_int_equal(array_reserve(items, SIZE_MAX / 2, cap), ERR_MEMORY);
	assert_ptr_equal(items, before);
	assert_int_equal(items[999], 2997);
	free(items);
}

static void hash_is_the_same_everywhere(void **state)
{
	(void)state;
	/* These values are format: digests and section checksums contain them. */
	assert_true(hash_bytes("", 0, 0) == UINT64_C(0xa706dd2f4d197e6f));
	assert_true(hash_bytes("Zubringer", 9, 1) == UINT64_C(0xab79aee03027789e));
	assert_true(hash_bytes("a", 1, 0) != hash_bytes("a\0", 2, 0));
	assert_true(hash_bytes("a", 1, 0) != hash_bytes("a", 1, 1));
	char unaligned[32] = "xZubringer dispatches";
	assert_true(hash_bytes(unaligned + 1, 20, 9) == hash_bytes("Zubringer dispatches", 20, 9));
}

static void hash_map_when_full(void **state)
{
	(void)state;
	struct arena arena;
	struct hash_map map;
	assert_int_equal(arena_open(&arena, 4096), 0);
	assert_int_equal(hash_map_open(&map, &arena, 3), 0);
	assert_true(map.mask + 1 >= 6);
	for (uint64_t key = 1; key <= 3; key++)
		assert_int_equal(hash_map_put(&map, key, (uint32_t)key * 10), 0);
	assert_int_equal(hash_map_put(&map, 4, 40), ERR_FULL);
	assert_int_equal(hash_map_put(&map, 2, 21), 0); /* replacing needs no room */
	assert_int_equal(hash_map_get(&map, 2), 21);
	assert_int_equal(hash_map_get(&map, 4), NONE);
	assert_int_equal(hash_map_get(&map, 0), NONE);
	hash_map_remove(&map, 0);
	hash_map_remove(&map, 99);
	assert_int_equal(map.n, 3);
	assert_int_equal(hash_map_open(&map, &arena, UINT32_MAX), ERR_MEMORY);
	assert_int_equal(hash_map_open(&map, &arena, 1000), ERR_MEMORY);
	arena_close(&arena);
}

static void heap_ties_and_lowering(void **state)
{
	(void)state;
	struct arena arena;
	struct heap heap;
	uint64_t key = 0;
	assert_int_equal(arena_open(&arena, 4096), 0);
	assert_int_equal(heap_open(&heap, &arena, 10), 0);
	assert_int_equal(heap_pop(&heap, &key), NONE);
	heap_push(&heap, 7, 5);
	heap_push(&heap, 3, 5);
	heap_push(&heap, 9, 6);
	heap_push(&heap, 3, 8); /* a higher key is ignored */
	heap_push(&heap, 9, 1);
	assert_int_equal(heap_pop(&heap, NULL), 9);
	assert_int_equal(heap_pop(&heap, NULL), 3);
	heap_clear(&heap);
	assert_int_equal(heap_pop(&heap, NULL), NONE);
	heap_push(&heap, 7, 2); /* can come back after a clear */
	assert_int_equal(heap_pop(&heap, &key), 7);
	assert_int_equal(key, 2);
	assert_int_equal(heap_open(&heap, &arena, 100000), ERR_MEMORY);
	arena_close(&arena);
}

static void rng_known_answers(void **state)
{
	(void)state;
	/* The reference implementation's first outputs from the state 1, 2, 3, 4 */
	struct rng rng = {{1, 2, 3, 4}};
	const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
	for (size_t i = 0; i < COUNT_OF(expected); i++)
		assert_true(rng_next(&rng) == expected[i]);
	rng_seed(&rng, 0); /* splitmix64 from 0 */
	assert_true(rng.state[0] == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(rng.state[1] == UINT64_C(0x6e789e6aa1b965f4));
}

static void rng_ranges(void **state)
{
	(void)state;
	struct rng rng;
	uint32_t counts[7] = {0}, hits = 0;
	rng_seed(&rng, 42);
	for (int i = 0; i < 70000; i++)
		counts[rng_below(&rng, 7)]++;
	for (int i = 0; i < 7; i++)
		assert_in_range(counts[i], 9500, 10500);
	for (int i = 0; i < 1000; i++) {
		int64_t value = rng_between(&rng, -3, 3);
		assert_true(value >= -3 && value <= 3);
		hits += (uint32_t)(rng_chance(&rng, 250) != 0);
		assert_false(rng_chance(&rng, 0));
		assert_true(rng_chance(&rng, 1000));
	}
	assert_in_range(hits, 180, 320);
	assert_true(rng_between(&rng, INT64_MIN, INT64_MAX) != rng_between(&rng, INT64_MIN, INT64_MAX));
	assert_true(rng_between(&rng, INT64_MAX, INT64_MAX) == INT64_MAX);
}

static void geo_parses(void **state)
{
	(void)state;
	struct geo_point p = {1, 2};
	assert_int_equal(geo_parse("49.4012345,8.6712345", &p), 0);
	assert_int_equal(p.lat_e7, 494012345);
	assert_int_equal(p.lon_e7, 86712345);
	assert_int_equal(geo_parse("  -0.5 , -180.0 ", &p), 0);
	assert_int_equal(p.lat_e7, -5000000);
	assert_int_equal(p.lon_e7, -1800000000);
	const char *bad[] = {"",      "49",    "49,8",	  "49.,8.1",  "49.4 8.6",  "49.40123456,8.1", "49.4,8.6x",
			     "49.4,", ".5,.5", "a.1,2.2", "49.4;8.6", "--1.0,2.0", "1e1.0,2.0"};
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(geo_parse(bad[i], &p), ERR_FORMAT);
	const char *far[] = {"90.0000001,0.0", "0.0,180.0000001", "-91.0,0.0", "99999999999999999999.0,0.0"};
	for (size_t i = 0; i < COUNT_OF(far); i++)
		assert_int_equal(geo_parse(far[i], &p), ERR_RANGE);
	assert_int_equal(p.lat_e7, -5000000); /* untouched */
}

static void geo_extremes(void **state)
{
	(void)state;
	struct geo_xy low = {INT32_MIN, INT32_MIN}, high = {INT32_MAX, INT32_MAX};
	uint64_t distance = geo_distance_mm(low, high);
	assert_true(distance > UINT64_C(6074000990) && distance < UINT64_C(6074001010));
	assert_int_equal(geo_sqrt(UINT64_MAX), UINT32_MAX);
	uint32_t part = 7;
	assert_int_equal(
		geo_segment_nearest((struct geo_xy){5, 5}, (struct geo_xy){2, 1}, (struct geo_xy){2, 1}, &part), 25);
	assert_int_equal(part, 0);
	assert_true(geo_segment_nearest(low, high, high, NULL) == UINT64_MAX); /* 3.7e19 mm^2 does not fit */
	assert_true(geo_segment_nearest((struct geo_xy){0, 1}, low, high, &part) < 100);
	assert_int_equal(geo_side(low, high, (struct geo_xy){INT32_MAX, INT32_MIN}), -1);
	struct geo_point pole = {900000000, 0}, other = {900000000, 1800000000};
	assert_true(geo_rough_mm(pole, other) < 1000000);
	struct geo_point west = {0, -1799999999}, east = {0, 1799999999}; /* 2e-7 degrees apart across the date line */
	assert_true(geo_rough_mm(west, east) < 30);
}

static void geo_sides(void **state)
{
	(void)state;
	struct geo_xy a = {0, 0}, b = {10, 0};
	assert_int_equal(geo_side((struct geo_xy){5, 1}, a, b), 1);
	assert_int_equal(geo_side((struct geo_xy){5, -1}, a, b), -1);
	assert_int_equal(geo_side((struct geo_xy){50, 0}, a, b), 0);
}

static void geo_inside_a_ring(void **state)
{
	(void)state;
	const struct geo_point ring[] = {{0, 0}, {0, 100}, {100, 100}, {50, 50}, {100, 0}}; /* a square with a notch */
	const struct geo_point in[] = {{10, 10}, {0, 50}, {0, 0}, {100, 100}, {50, 50}, {49, 50}, {70, 90}, {75, 75}};
	const struct geo_point out[] = {{51, 50}, {100, 50}, {-1, 50}, {50, 101}, {50, -1}, {101, 100}};
	for (size_t i = 0; i < COUNT_OF(in); i++)
		assert_true(geo_inside(in[i], ring, COUNT_OF(ring)));
	for (size_t i = 0; i < COUNT_OF(out); i++)
		assert_false(geo_inside(out[i], ring, COUNT_OF(ring)));
	assert_false(geo_inside(in[0], ring, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_texts),
		cmocka_unit_test(err_details),
		cmocka_unit_test(arena_takes),
		cmocka_unit_test(arena_wraps_odd_memory),
		cmocka_unit_test(arena_refuses_what_malloc_refuses),
		cmocka_unit_test(arrays_grow),
		cmocka_unit_test(hash_is_the_same_everywhere),
		cmocka_unit_test(hash_map_when_full),
		cmocka_unit_test(heap_ties_and_lowering),
		cmocka_unit_test(rng_known_answers),
		cmocka_unit_test(rng_ranges),
		cmocka_unit_test(geo_parses),
		cmocka_unit_test(geo_extremes),
		cmocka_unit_test(geo_sides),
		cmocka_unit_test(geo_inside_a_ring),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
