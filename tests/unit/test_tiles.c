// link: zub_tiles zub_tile_proto zub_city zub_drawn_town m
/* Tiles read back: right layers, coordinates in range and near the town's, lines whole after clipping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drawn_town.h"
#include "tile_parts.h"
#include "tiles.h"
#include "vector_tile.pb-c.h"

static struct drawn_town drawn;
static struct tiles *tiles;

static int open_town(void **state)
{
	(void)state;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A-----B>>>>>C\n|     |     |\nD-----E-----F\n",
							.metres_per_char = 100,
							.stops = "AB EF"});
	return tiles_open(&tiles, &drawn.town);
}

static int close_town(void **state)
{
	(void)state;
	tiles_close(tiles);
	drawn_town_close(&drawn);
	return 0;
}

static void tile_of(struct geo_point point, uint32_t z, double *ret_x, double *ret_y)
{
	double lat = point.lat_e7 / 1e7 * M_PI / 180, n = ldexp(1, (int)z);
	*ret_x = (point.lon_e7 / 1e7 + 180) / 360 * n;
	*ret_y = (1 - asinh(tan(lat)) / M_PI) / 2 * n;
}

static Zub__Tile__Tile *get(uint32_t z, uint32_t x, uint32_t y)
{
	const void *bytes;
	size_t n;
	assert_int_equal(tiles_get(tiles, z, x, y, &bytes, &n), ERR_OK);
	Zub__Tile__Tile *tile = zub__tile__tile__unpack(NULL, n, bytes);
	assert_non_null(tile);
	return tile;
}

static const Zub__Tile__Layer *layer(const Zub__Tile__Tile *tile, const char *name)
{
	for (size_t i = 0; i < tile->n_layers; i++) {
		if (strcmp(tile->layers[i]->name, name) == 0)
			return tile->layers[i];
	}
	return NULL;
}

static int32_t unzigzag(uint32_t value)
{
	return (int32_t)(value >> 1) ^ -(int32_t)(value & 1);
}

/* Walks the commands as the specification says; counts points, checks the margin. */
static size_t walk(const Zub__Tile__Feature *feature, struct tile_point *points, size_t most)
{
	int32_t x = 0, y = 0;
	size_t n = 0;
	for (size_t i = 0; i < feature->n_geometry;) {
		uint32_t id = feature->geometry[i] & 7, count = feature->geometry[i] >> 3;
		i++;
		assert_true(id == 1 || id == 2 || id == 7);
		if (id == 7) {
			assert_int_equal(count, 1);
			continue;
		}
		for (uint32_t k = 0; k < count; k++, i += 2) {
			assert_true(i + 1 < feature->n_geometry);
			x += unzigzag(feature->geometry[i]);
			y += unzigzag(feature->geometry[i + 1]);
			assert_in_range(x + 1000, 1000 - TILE_MARGIN, 1000 + TILE_EXTENT + TILE_MARGIN);
			assert_in_range(y + 1000, 1000 - TILE_MARGIN, 1000 + TILE_EXTENT + TILE_MARGIN);
			if (n < most)
				points[n] = (struct tile_point){x, y};
			n++;
		}
	}
	return n;
}

static void streets_are_where_they_are(void **state)
{
	(void)state;
	double x, y;
	tile_of(drawn_point(&drawn, 'A'), 16, &x, &y);
	Zub__Tile__Tile *tile = get(16, (uint32_t)x, (uint32_t)y);
	const Zub__Tile__Layer *roads = layer(tile, "roads");
	assert_non_null(roads);
	assert_int_equal(roads->version, 2);
	assert_int_equal(roads->extent, TILE_EXTENT);
	int32_t want_x = (int32_t)((x - floor(x)) * TILE_EXTENT), want_y = (int32_t)((y - floor(y)) * TILE_EXTENT);
	int near = 0;
	for (size_t i = 0; i < roads->n_features; i++) {
		struct tile_point points[64];
		const Zub__Tile__Feature *feature = roads->features[i];
		assert_int_equal(feature->type, ZUB__TILE__GEOMETRY_TYPE__LINESTRING);
		assert_int_equal(feature->n_tags % 2, 0);
		for (size_t k = 0; k < feature->n_tags; k += 2) {
			assert_true(feature->tags[k] < roads->n_keys);
			assert_true(feature->tags[k + 1] < roads->n_values);
		}
		size_t n = walk(feature, points, COUNT_OF(points));
		for (size_t k = 0; k < n; k++)
			near |= abs(points[k].x - want_x) <= 2 && abs(points[k].y - want_y) <= 2;
	}
	assert_true(near);
	zub__tile__tile__free_unpacked(tile, NULL);
}

/* A street through several tiles is in each of them, up to the edge. */
static void cut_streets_meet(void **state)
{
	(void)state;
	double x, y, x2, y2;
	tile_of(drawn_point(&drawn, 'D'), 16, &x, &y);
	tile_of(drawn_point(&drawn, 'F'), 16, &x2, &y2);
	assert_true((uint32_t)x2 > (uint32_t)x);
	for (uint32_t column = (uint32_t)x; column <= (uint32_t)x2; column++) {
		Zub__Tile__Tile *tile = get(16, column, (uint32_t)y);
		const Zub__Tile__Layer *roads = layer(tile, "roads");
		assert_non_null(roads);
		int32_t low = INT32_MAX, high = INT32_MIN;
		for (size_t i = 0; i < roads->n_features; i++) {
			struct tile_point points[64];
			size_t n = walk(roads->features[i], points, COUNT_OF(points));
			for (size_t k = 0; k < n && k < COUNT_OF(points); k++) {
				low = points[k].x < low ? points[k].x : low;
				high = points[k].x > high ? points[k].x : high;
			}
		}
		assert_true(column == (uint32_t)x || low == -TILE_MARGIN);
		assert_true(column == (uint32_t)x2 || high == TILE_EXTENT + TILE_MARGIN);
		zub__tile__tile__free_unpacked(tile, NULL);
	}
}

static void stops_stand_once(void **state)
{
	(void)state;
	size_t found = 0;
	double x, y;
	tile_of(drawn_point(&drawn, 'A'), 16, &x, &y);
	for (uint32_t column = (uint32_t)x - 2; column < x + 6; column++) {
		for (uint32_t row = (uint32_t)y - 2; row < y + 6; row++) {
			Zub__Tile__Tile *tile = get(16, column, row);
			const Zub__Tile__Layer *stops = layer(tile, "stops");
			found += stops ? stops->n_features : 0;
			zub__tile__tile__free_unpacked(tile, NULL);
		}
	}
	assert_int_equal(found, 2);
}

static void no_such_tile(void **state)
{
	(void)state;
	const void *bytes;
	size_t n;
	assert_int_equal(tiles_get(tiles, TILES_ZOOM_MAX + 1, 0, 0, &bytes, &n), ERR_RANGE);
	assert_int_equal(tiles_get(tiles, 3, 8, 0, &bytes, &n), ERR_RANGE);
	assert_int_equal(tiles_get(tiles, 0, 0, 1, &bytes, &n), ERR_RANGE);
	assert_int_equal(tiles_get(tiles, 0, 0, 0, &bytes, &n), ERR_OK);
	for (uint32_t x = 0; x < 600; x++) /* more than the cache holds */
		assert_int_equal(tiles_get(tiles, 12, x, 1000, &bytes, &n), ERR_OK);
}

static void rings_are_cut_and_wound(void **state)
{
	(void)state;
	/* a square around the whole tile, counter-clockwise on the screen */
	const struct tile_point big[] = {{-9000, -9000}, {-9000, 9000}, {9000, 9000}, {9000, -9000}};
	struct tile_points ring = {0}, scratch = {0};
	assert_int_equal(tile_clip_ring(big, 4, &ring, &scratch), ERR_OK);
	assert_int_equal(ring.n, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_true(ring.items[i].x == -TILE_MARGIN || ring.items[i].x == TILE_EXTENT + TILE_MARGIN);
		assert_true(ring.items[i].y == -TILE_MARGIN || ring.items[i].y == TILE_EXTENT + TILE_MARGIN);
	}
	struct tile_writer *writer;
	void *bytes;
	size_t n;
	assert_int_equal(tile_writer_open(&writer), ERR_OK);
	tile_writer_begin(writer);
	assert_int_equal(tile_writer_add(writer, TILE_WATER, TILE_POLYGON, ring.items, ring.n, 0, NULL, 0), ERR_OK);
	assert_int_equal(tile_writer_finish(writer, &bytes, &n), ERR_OK);
	Zub__Tile__Tile *tile = zub__tile__tile__unpack(NULL, n, bytes);
	struct tile_point points[8];
	size_t count = walk(tile->layers[0]->features[0], points, COUNT_OF(points));
	int64_t area = 0;
	for (size_t i = 0; i < count; i++)
		area += (int64_t)points[i].x * points[(i + 1) % count].y -
			(int64_t)points[(i + 1) % count].x * points[i].y;
	assert_true(area > 0); /* an outer ring */
	zub__tile__tile__free_unpacked(tile, NULL);
	free(bytes);
	tile_writer_close(writer);
	const struct tile_point away[] = {{-9000, -9000}, {-9000, -8000}, {-8000, -8000}};
	assert_int_equal(tile_clip_ring(away, 3, &ring, &scratch), ERR_OK);
	assert_int_equal(ring.n, 0);
	free(ring.items);
	free(scratch.items);
}

static void thinning_keeps_the_shape(void **state)
{
	(void)state;
	struct tile_point line[] = {{0, 0}, {10, 1}, {20, 0}, {30, 1}, {40, 200}, {40, 200}, {50, 0}};
	size_t n = tile_simplify(line, COUNT_OF(line), 4);
	assert_int_equal(n, 4);
	assert_int_equal(line[0].x, 0);
	assert_int_equal(line[1].x, 30);
	assert_int_equal(line[2].y, 200);
	assert_int_equal(line[3].x, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streets_are_where_they_are), cmocka_unit_test(cut_streets_meet),
		cmocka_unit_test(stops_stand_once),	      cmocka_unit_test(no_such_tile),
		cmocka_unit_test(rings_are_cut_and_wound),    cmocka_unit_test(thinning_keeps_the_shape),
	};
	return cmocka_run_group_tests(tests, open_town, close_town);
}
