// link: zub_base m
/* Every fast part of the base against a slow obvious twin. ZUB_SEED repeats a run. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arena.h"
#include "err.h"
#include "geo.h"
#include "hash.h"
#include "heap.h"
#include "rng.h"
#include "units.h"

static struct rng rng;

static void heap_is_a_sorted_list(void **state)
{
	(void)state;
	enum { ITEMS = 40 };
	struct arena arena;
	struct heap heap;
	uint64_t keys[ITEMS];
	uint8_t inside[ITEMS] = {0};
	assert_int_equal(arena_open(&arena, 1 << 16), 0);
	assert_int_equal(heap_open(&heap, &arena, ITEMS), 0);
	for (int step = 0; step < 200000; step++) {
		uint32_t dice = rng_below(&rng, 100), item = rng_below(&rng, ITEMS);
		if (dice < 60) {
			uint64_t key = rng_below(&rng, 20);
			heap_push(&heap, item, key);
			if (!inside[item] || key < keys[item])
				keys[item] = key;
			inside[item] = 1;
		} else if (dice < 99) {
			uint32_t least = NONE;
			for (uint32_t i = 0; i < ITEMS; i++)
				if (inside[i] && (least == NONE || keys[i] < keys[least]))
					least = i;
			uint64_t key = 77;
			assert_int_equal(heap_pop(&heap, &key), least);
			assert_true(key == (least == NONE ? 77 : keys[least]));
			if (least != NONE)
				inside[least] = 0;
		} else {
			heap_clear(&heap);
			for (uint32_t i = 0; i < ITEMS; i++)
				inside[i] = 0;
		}
	}
	arena_close(&arena);
}

static void hash_map_is_a_table(void **state)
{
	(void)state;
	enum { KEYS = 60, MOST = 40 };
	struct arena arena;
	struct hash_map map;
	uint32_t values[KEYS + 1], n = 0;
	assert_int_equal(arena_open(&arena, 1 << 16), 0);
	assert_int_equal(hash_map_open(&map, &arena, MOST), 0);
	for (uint32_t key = 0; key <= KEYS; key++)
		values[key] = NONE;
	for (int step = 0; step < 300000; step++) {
		uint32_t key = 1 + rng_below(&rng, KEYS), dice = rng_below(&rng, 100), value = rng_below(&rng, 1000);
		if (dice < 40) {
			int full = values[key] == NONE && n == MOST;
			assert_int_equal(hash_map_put(&map, key, value), full ? ERR_FULL : 0);
			n += (uint32_t)(!full && values[key] == NONE);
			if (!full)
				values[key] = value;
		} else if (dice < 80) {
			hash_map_remove(&map, key);
			n -= (uint32_t)(values[key] != NONE);
			values[key] = NONE;
		} else {
			assert_int_equal(hash_map_get(&map, key), values[key]);
		}
		assert_int_equal(map.n, n);
	}
	for (uint32_t key = 1; key <= KEYS; key++)
		assert_int_equal(hash_map_get(&map, key), values[key]);
	arena_close(&arena);
}

static void hash_spreads(void **state)
{
	(void)state;
	/* Flipping any one input bit flips about half of the output bits. */
	for (size_t n = 1; n <= 40; n++) {
		unsigned char bytes[40];
		for (size_t i = 0; i < n; i++)
			bytes[i] = (unsigned char)rng_next(&rng);
		uint64_t before = hash_bytes(bytes, n, 5);
		uint32_t flipped = 0;
		for (size_t bit = 0; bit < 8 * n; bit++) {
			bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ (1u << bit % 8));
			flipped += (uint32_t)__builtin_popcountll(before ^ hash_bytes(bytes, n, 5));
			bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ (1u << bit % 8));
		}
		assert_in_range(flipped / (8 * n), 24, 40);
	}
}

static void roots(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t value = rng_next(&rng) >> rng_below(&rng, 64), root = geo_sqrt(value);
		assert_true(root * root <= value);
		assert_true(root == UINT32_MAX || (root + 1) * (root + 1) > value);
	}
}

static struct geo_xy any_xy(int32_t most)
{
	return (struct geo_xy){(int32_t)rng_between(&rng, -most, most), (int32_t)rng_between(&rng, -most, most)};
}

static void nearest_on_segments(void **state)
{
	(void)state;
	const int32_t scales[] = {3, 1000, 100000, 50000000, 2000000000};
	for (int i = 0; i < 100000; i++) {
		int32_t most = scales[rng_below(&rng, COUNT_OF(scales))];
		struct geo_xy p = any_xy(most), a = any_xy(most), b = any_xy(most);
		uint32_t part;
		long double away = sqrtl((long double)geo_segment_nearest(p, a, b, &part));
		long double dx = (long double)b.x_mm - a.x_mm, dy = (long double)b.y_mm - a.y_mm,
			    length = hypotl(dx, dy);
		long double px = (long double)p.x_mm - a.x_mm, py = (long double)p.y_mm - a.y_mm;
		long double t = length > 0 ? (px * dx + py * dy) / (length * length) : 0;
		t = t < 0 ? 0 : t > 1 ? 1 : t;
		assert_true(fabsl(t - (long double)part / (1 << 20)) <= 1.0L / (1 << 20));
		long double expected = hypotl(px - t * dx, py - t * dy);
		if (expected < 4.2e9L)
			assert_true(fabsl(away - expected) <= 2 + length / (1 << 20));
	}
}

static void rough_distances(void **state)
{
	(void)state;
	/* Against the great ellipse's chord: exact enough under 50 km (curvature costs 1e-5). */
	for (int i = 0; i < 100000; i++) {
		struct geo_point a = {(int32_t)rng_between(&rng, -800000000, 800000000),
				      (int32_t)rng_between(&rng, -1800000000, 1800000000)};
		struct geo_point b = {a.lat_e7 + (int32_t)rng_between(&rng, -2000000, 2000000),
				      (int32_t)rng_between(&rng, -3000000, 3000000)};
		int64_t lon = (int64_t)a.lon_e7 + b.lon_e7;
		b.lon_e7 = (int32_t)(lon > 1800000000 ? lon - 3600000000 : lon < -1800000000 ? lon + 3600000000 : lon);
		long double xyz[2][3];
		const struct geo_point *points[2] = {&a, &b};
		for (int k = 0; k < 2; k++) {
			long double lat = points[k]->lat_e7 * M_PIl / 1.8e9L, east = points[k]->lon_e7 * M_PIl / 1.8e9L;
			long double e2 = 0.00669437999014L, normal = 6378137.0L / sqrtl(1 - e2 * sinl(lat) * sinl(lat));
			xyz[k][0] = normal * cosl(lat) * cosl(east);
			xyz[k][1] = normal * cosl(lat) * sinl(east);
			xyz[k][2] = normal * (1 - e2) * sinl(lat);
		}
		long double x = xyz[0][0] - xyz[1][0], y = xyz[0][1] - xyz[1][1], z = xyz[0][2] - xyz[1][2];
		long double mm = 1000 * sqrtl(x * x + y * y + z * z);
		if (mm < 5e7L && fabsl((long double)geo_rough_mm(a, b) - mm) > 0.005L * mm + 2)
			fail_msg("%d,%d to %d,%d: rough %llu, true %.0Lf", a.lat_e7, a.lon_e7, b.lat_e7, b.lon_e7,
				 (unsigned long long)geo_rough_mm(a, b), mm);
	}
}

static void inside_of_polygons(void **state)
{
	(void)state;
	/* A triangle contains p if p lies on the same side of its three edges, or on one of them. */
	for (int i = 0; i < 200000; i++) {
		struct geo_point ring[3], p = {(int32_t)rng_below(&rng, 12), (int32_t)rng_below(&rng, 12)};
		struct geo_xy corner[3], q = {p.lon_e7, p.lat_e7};
		for (int k = 0; k < 3; k++) {
			ring[k] = (struct geo_point){(int32_t)rng_below(&rng, 12), (int32_t)rng_below(&rng, 12)};
			corner[k] = (struct geo_xy){ring[k].lon_e7, ring[k].lat_e7};
		}
		int left = 0, right = 0, border = 0;
		for (int k = 0; k < 3; k++) {
			int side = geo_side(q, corner[k], corner[(k + 1) % 3]);
			left += side > 0;
			right += side < 0;
			border |= geo_segment_nearest(q, corner[k], corner[(k + 1) % 3], NULL) == 0 && side == 0;
		}
		assert_int_equal(geo_inside(p, ring, 3), border || left == 3 || right == 3);
	}
}

int main(void)
{
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 20260101;
	printf("seed %llu\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_is_a_sorted_list), cmocka_unit_test(hash_map_is_a_table),
		cmocka_unit_test(hash_spreads),		 cmocka_unit_test(roots),
		cmocka_unit_test(nearest_on_segments),	 cmocka_unit_test(rough_distances),
		cmocka_unit_test(inside_of_polygons),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
