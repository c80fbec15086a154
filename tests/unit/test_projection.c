// link: zub_projection
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "projection.h"
#include "rng.h"
#include "units.h"

static const struct geo_point heidelberg = {494036000, 86755000};

static struct projection *open_or_fail(const char *crs, struct geo_point origin)
{
	struct projection *projection = NULL;
	struct err_detail detail = {""};
	int err = projection_open(&projection, crs, origin, &detail);
	if (err)
		fail_msg("%s: %s", err_text(err), detail.text);
	return projection;
}

static void zones(void **state)
{
	(void)state;
	const struct {
		struct geo_point origin;
		const char *crs;
	} rows[] = {
		{heidelberg, "EPSG:32632"},
		{{-338688000, 1512093000}, "EPSG:32756"},
		{{407128000, -740060000}, "EPSG:32618"},
		{{0, -1800000000}, "EPSG:32601"},
		{{0, 1800000000}, "EPSG:32601"},
		{{0, -1}, "EPSG:32630"},
		{{0, 60000000}, "EPSG:32632"},
		{{-1, 59999999}, "EPSG:32731"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct projection *projection = open_or_fail(NULL, rows[i].origin);
		assert_string_equal(projection_crs(projection), rows[i].crs);
		projection_close(projection);
	}
}

static void there_and_back(void **state)
{
	(void)state;
	struct projection *projection = open_or_fail("EPSG:25832", heidelberg);
	struct rng rng;
	struct geo_xy xy = {1, 1};
	rng_seed(&rng, 7);
	assert_string_equal(projection_crs(projection), "EPSG:25832");
	assert_int_equal(projection_forward(projection, heidelberg, &xy), 0);
	assert_true(xy.x_mm == 0 && xy.y_mm == 0);
	for (int i = 0; i < 2000; i++) {
		struct geo_point p = {heidelberg.lat_e7 + (int32_t)rng_between(&rng, -3000000, 3000000),
				      heidelberg.lon_e7 + (int32_t)rng_between(&rng, -3000000, 3000000)};
		assert_int_equal(projection_forward(projection, p, &xy), 0);
		/* The grid shrinks lengths by at most 400 ppm here; the rough distance is within 0.5 %. */
		uint64_t plane = geo_distance_mm(xy, (struct geo_xy){0, 0}),
			 exact = projection_geodesic_mm(projection, heidelberg, p);
		assert_true(plane + plane / 1000 + 2 >= exact && exact + exact / 1000 + 2 >= plane);
		uint64_t rough = geo_rough_mm(heidelberg, p);
		assert_true(rough + rough / 200 + 2 >= exact && exact + exact / 200 + 2 >= rough);
	}
	projection_close(projection);
}

static void known_lengths(void **state)
{
	(void)state;
	struct projection *projection = open_or_fail(NULL, heidelberg);
	/* One degree of the equator is a / 57.29578 = 111,319.491 m; the meridian from 0 to 1 degree is 110,574.389 m.
	 */
	assert_int_equal(projection_geodesic_mm(projection, (struct geo_point){0, 0}, (struct geo_point){0, 10000000}),
			 111319491);
	assert_int_equal(projection_geodesic_mm(projection, (struct geo_point){0, 0}, (struct geo_point){10000000, 0}),
			 110574389);
	assert_int_equal(projection_geodesic_mm(projection, heidelberg, heidelberg), 0);
	assert_true(projection_geodesic_mm(projection, (struct geo_point){0, 0}, (struct geo_point){0, 900000000}) ==
		    UINT32_MAX);
	projection_close(projection);
}

static void bad_input(void **state)
{
	(void)state;
	struct projection *projection = (struct projection *)&heidelberg;
	struct err_detail detail;
	const char *bad[] = {"EPSG:0", "nonsense", "", "EPSG:4326", "+proj=utm"};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(projection_open(&projection, bad[i], heidelberg, &detail), ERR_FORMAT);
		assert_non_null(strstr(detail.text, "crs"));
		assert_ptr_equal(projection, &heidelberg);
		assert_int_equal(projection_open(&projection, bad[i], heidelberg, NULL), ERR_FORMAT);
	}
	projection_close(NULL);
	projection = open_or_fail(NULL, heidelberg);
	struct geo_xy xy = {5, 5};
	assert_int_equal(projection_forward(projection, (struct geo_point){0, 900000000}, &xy), ERR_RANGE);
	assert_int_equal(projection_forward(projection, (struct geo_point){100000000, 86755000}, &xy), ERR_RANGE);
	assert_true(xy.x_mm == 5 && xy.y_mm == 5);
	projection_close(projection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones),
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(known_lengths),
		cmocka_unit_test(bad_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
