// link: zub_city zub_base
/* The nearest-road search on the grid against looking at every arc; spots and their points go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "network.h"
#include "rng.h"

#define ARCS_MAX 60
#define POINTS_MAX (ARCS_MAX * 6)
#define SIDE_CELLS 9
#define CELLS (SIDE_CELLS * SIDE_CELLS)
#define WIDTH 900000 /* mm */
#define CELL_MM (WIDTH / SIDE_CELLS)

struct world {
	struct network network;
	uint32_t reverse[ARCS_MAX], dist[ARCS_MAX], shape_first[ARCS_MAX + 1], grid_first[CELLS + 1];
	uint32_t grid_arc[CELLS * ARCS_MAX];
	uint8_t mask[ARCS_MAX], flags[ARCS_MAX];
	struct geo_xy xy[POINTS_MAX];
	struct geo_point point[POINTS_MAX];
};

static struct rng rng;

static struct geo_xy any_point(int32_t margin)
{
	int32_t round = rng_chance(&rng, 300) ? 50000 : 1; /* some on a raster: ties, points exactly on roads */
	int32_t x = (int32_t)rng_between(&rng, -margin, WIDTH + margin),
		y = (int32_t)rng_between(&rng, -margin, WIDTH + margin);
	return (struct geo_xy){x / round * round, y / round * round};
}

static void add_arc(struct world *world, const struct geo_xy *points, uint32_t n, uint32_t reverse)
{
	uint32_t arc = world->network.n_arcs++, first = world->shape_first[arc];
	uint64_t length = 0;
	for (uint32_t i = 0; i < n; i++) {
		world->xy[first + i] = points[i];
		world->point[first + i] =
			(struct geo_point){494000000 + points[i].y_mm / 11, 86000000 + points[i].x_mm / 7};
		length += i ? geo_distance_mm(points[i - 1], points[i]) : 0;
	}
	world->shape_first[arc + 1] = first + n;
	world->dist[arc] = (uint32_t)(length + length * 3 / 10000); /* geodesic lengths differ from plane ones */
	world->reverse[arc] = reverse;
	world->mask[arc] = rng_chance(&rng, 900) ? 1 : 0;
	world->flags[arc] = rng_chance(&rng, 150) ? ARC_NO_STOPPING : 0;
}

static int32_t within(int64_t value)
{
	return (int32_t)(value < 0 ? 0 : value >= WIDTH ? WIDTH - 1 : value);
}

static struct geo_xy next_point(struct geo_xy from)
{
	struct geo_xy far = any_point(0),
		      step = {(int32_t)rng_between(&rng, -40000, 40000), (int32_t)rng_between(&rng, -40000, 40000)};
	if (rng_chance(&rng, 400))
		return (struct geo_xy){within(far.x_mm), within(far.y_mm)};
	return (struct geo_xy){within(from.x_mm + step.x_mm), within(from.y_mm + step.y_mm)};
}

static void add_road(struct world *world)
{
	struct geo_xy there[6], back[6];
	uint32_t n = 2 + rng_below(&rng, 4), arc = world->network.n_arcs;
	there[0] = next_point(any_point(0));
	for (uint32_t i = 1; i < n; i++)
		there[i] = next_point(there[i - 1]);
	for (uint32_t i = 0; i < n; i++)
		back[i] = there[n - 1 - i];
	if (arc + 2 <= ARCS_MAX && rng_chance(&rng, 600)) {
		add_arc(world, there, n, arc + 1);
		add_arc(world, back, n, arc);
	} else {
		add_arc(world, there, n, NONE);
	}
}

/* Every cell of the box around each segment: more than needed, which the index allows. */
static int in_cell(const struct world *world, uint32_t arc, int32_t column, int32_t row)
{
	for (uint32_t i = world->shape_first[arc]; i + 1 < world->shape_first[arc + 1]; i++) {
		struct geo_xy a = world->xy[i], b = world->xy[i + 1], o = world->network.grid_origin;
		int32_t x0 = (a.x_mm < b.x_mm ? a.x_mm : b.x_mm) - o.x_mm,
			x1 = (a.x_mm < b.x_mm ? b.x_mm : a.x_mm) - o.x_mm;
		int32_t y0 = (a.y_mm < b.y_mm ? a.y_mm : b.y_mm) - o.y_mm,
			y1 = (a.y_mm < b.y_mm ? b.y_mm : a.y_mm) - o.y_mm;
		if (x0 / CELL_MM <= column && column <= x1 / CELL_MM && y0 / CELL_MM <= row && row <= y1 / CELL_MM)
			return 1;
	}
	return 0;
}

static void make_world(struct world *world)
{
	memset(world, 0, sizeof *world);
	uint32_t n = rng_below(&rng, ARCS_MAX);
	while (world->network.n_arcs < n)
		add_road(world);
	struct network *network = &world->network;
	network->n_classes = 1;
	network->grid_cell_mm = CELL_MM;
	network->grid_columns = network->grid_rows = SIDE_CELLS;
	network->n_grid_cells = CELLS;
	for (uint32_t cell = 0; cell < CELLS; cell++) {
		uint32_t at = world->grid_first[cell];
		for (uint32_t arc = 0; arc < network->n_arcs; arc++)
			if (in_cell(world, arc, (int32_t)(cell % network->grid_columns),
				    (int32_t)(cell / network->grid_columns)))
				world->grid_arc[at++] = arc;
		world->grid_first[cell + 1] = at;
	}
	network->reverse_arc = world->reverse;
	network->dist_mm = world->dist;
	network->shape_first = world->shape_first;
	network->shape_xy = world->xy;
	network->shape_point = world->point;
	network->main_mask = world->mask;
	network->flags = world->flags;
	network->grid_first = world->grid_first;
	network->grid_arc = world->grid_arc;
}

static int may(const struct world *world, uint32_t arc, int stopping)
{
	return world->mask[arc] && !(stopping && world->flags[arc]);
}

static uint64_t away2_of(const struct world *world, uint32_t arc, struct geo_xy p)
{
	uint64_t best = UINT64_MAX;
	for (uint32_t i = world->shape_first[arc]; i + 1 < world->shape_first[arc + 1]; i++) {
		uint64_t away2 = geo_segment_nearest(p, world->xy[i], world->xy[i + 1], NULL);
		best = away2 < best ? away2 : best;
	}
	return best;
}

/* The least distances of all roads, ascending; the twin does not judge sides. */
static uint32_t all_distances(const struct world *world, struct geo_xy p, int stopping, uint64_t *ret_away)
{
	uint32_t n = 0;
	for (uint32_t arc = 0; arc < world->network.n_arcs; arc++) {
		uint32_t other = world->reverse[arc];
		int here = may(world, arc, stopping), there = other != NONE && may(world, other, stopping);
		if ((other != NONE && other < arc) || !(here || there))
			continue;
		uint64_t away = geo_sqrt(away2_of(world, here ? arc : other, p));
		uint32_t at = n++;
		for (; at && ret_away[at - 1] > away; at--)
			ret_away[at] = ret_away[at - 1];
		ret_away[at] = away;
	}
	return n;
}

static void check_snap(const struct world *world, const struct snap *snap, struct geo_xy p, int stopping)
{
	const struct network *network = &world->network;
	uint32_t arc = snap->spot.arc, other = world->reverse[arc];
	assert_true(may(world, arc, stopping));
	assert_true(snap->spot.offset_mm <= world->dist[arc]);
	assert_true(snap->side == SIDE_RIGHT || other == NONE || !may(world, other, stopping));
	/* away_mm is the distance to xy, and xy is where the offset says. */
	uint64_t away = geo_distance_mm(p, snap->xy);
	assert_true(away <= snap->away_mm + 1 && snap->away_mm <= away + 1);
	struct geo_point there = network_spot_point(network, snap->spot);
	int64_t dy = (int64_t)there.lat_e7 - (494000000 + snap->xy.y_mm / 11),
		dx = (int64_t)there.lon_e7 - (86000000 + snap->xy.x_mm / 7);
	assert_true(llabs(dx) <= 2 && llabs(dy) <= 2);
	/* A one-segment road has an obvious side. */
	uint32_t first = world->shape_first[arc];
	if (world->shape_first[arc + 1] - first != 2)
		return;
	int side = geo_side(p, world->xy[first], world->xy[first + 1]);
	if (side)
		assert_int_equal(snap->side, side > 0 ? SIDE_LEFT : SIDE_RIGHT);
	else if (other != NONE && may(world, other, stopping))
		assert_true(arc < other);
}

/* The R-tree has the very same answers. */
static void check_tree(const struct network_tree *tree, struct geo_xy p, uint32_t max_away, int stopping,
		       const struct snap *snaps, uint32_t n, uint32_t most)
{
	struct snap found[5];
	assert_int_equal(network_tree_snap(tree, 0, p, max_away, stopping, found, most), n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(found[i].spot.arc, snaps[i].spot.arc);
		assert_int_equal(found[i].spot.offset_mm, snaps[i].spot.offset_mm);
		assert_int_equal(found[i].side, snaps[i].side);
		assert_int_equal(found[i].away_mm, snaps[i].away_mm);
		assert_true(found[i].xy.x_mm == snaps[i].xy.x_mm && found[i].xy.y_mm == snaps[i].xy.y_mm);
	}
}

static void snap_finds_what_is_nearest(void **state)
{
	(void)state;
	static struct world world;
	for (int round = 0; round < 300; round++) {
		struct arena arena;
		struct network_tree *tree;
		make_world(&world);
		assert_int_equal(arena_open(&arena, network_tree_size(&world.network)), 0);
		assert_int_equal(network_tree_open(&tree, &world.network, &arena), 0);
		for (int query = 0; query < 200; query++) {
			struct geo_xy p = any_point(rng_chance(&rng, 100) ? 100000000 : 200000);
			uint32_t most = 1 + rng_below(&rng, 5),
				 max_away = rng_chance(&rng, 300) ? UINT32_MAX : rng_below(&rng, 300000);
			int stopping = rng_chance(&rng, 500);
			uint64_t away[ARCS_MAX];
			struct snap snaps[5];
			uint32_t n_all = all_distances(&world, p, stopping, away), expected = 0;
			while (expected < most && expected < n_all && away[expected] <= max_away)
				expected++;
			uint32_t n = network_snap(&world.network, 0, p, max_away, stopping, snaps, most);
			check_tree(tree, p, max_away, stopping, snaps, n, most);
			/* The other direction of a road may round 1 mm apart, which matters only at the very limit. */
			if (n != expected)
				assert_true(llabs((int64_t)away[n < expected ? n : expected] - max_away) <= 2);
			for (uint32_t i = 0; i < n && i < expected; i++)
				assert_true(llabs((int64_t)snaps[i].away_mm - (int64_t)away[i]) <= 2);
			for (uint32_t i = 0; i < n; i++)
				check_snap(&world, &snaps[i], p, stopping);
			for (uint32_t i = 1; i < n; i++)
				assert_true(snaps[i - 1].away_mm < snaps[i].away_mm ||
					    (snaps[i - 1].away_mm == snaps[i].away_mm &&
					     snaps[i - 1].spot.arc < snaps[i].spot.arc));
		}
		arena_close(&arena);
	}
}

/* Just right of the driving direction, a bend or not, is the right side; just left is the left one. */
static void sides_at_bends(void **state)
{
	(void)state;
	static struct world world;
	for (int round = 0; round < 5000; round++) {
		struct geo_xy bend[3] = {{400000, 400000}};
		bend[1] = (struct geo_xy){400000 + (int32_t)rng_between(&rng, -90000, 90000),
					  400000 + (int32_t)rng_between(&rng, -90000, 90000)};
		bend[2] = (struct geo_xy){bend[1].x_mm + (int32_t)rng_between(&rng, -90000, 90000),
					  bend[1].y_mm + (int32_t)rng_between(&rng, -90000, 90000)};
		int turn = geo_side(bend[2], bend[0], bend[1]);
		memset(&world, 0, sizeof world);
		add_arc(&world, bend, 3, NONE);
		world.mask[0] = 1;
		world.flags[0] = 0;
		struct network *network = &world.network;
		*network = (struct network){.n_arcs = 1,
					    .n_classes = 1,
					    .n_grid_cells = 1,
					    .grid_cell_mm = 2000000,
					    .grid_columns = 1,
					    .grid_rows = 1,
					    .grid_first = world.grid_first,
					    .grid_arc = world.grid_arc,
					    .reverse_arc = world.reverse,
					    .dist_mm = world.dist,
					    .shape_first = world.shape_first,
					    .shape_xy = world.xy,
					    .shape_point = world.point,
					    .main_mask = world.mask,
					    .flags = world.flags};
		world.grid_first[1] = 1;
		/* Straight on past the bend lies its outer side. */
		struct geo_xy p = {bend[1].x_mm + (bend[1].x_mm - bend[0].x_mm) / 3,
				   bend[1].y_mm + (bend[1].y_mm - bend[0].y_mm) / 3};
		struct snap snap;
		if (!turn || network_snap(network, 0, p, UINT32_MAX, 0, &snap, 1) != 1 || snap.away_mm < 100)
			continue;
		assert_int_equal(snap.side, turn > 0 ? SIDE_RIGHT : SIDE_LEFT);
	}
}

static void parts_of_arcs(void **state)
{
	(void)state;
	assert_int_equal(network_share_ms(7, 1000, 0), 0);
	assert_int_equal(network_share_ms(7, 1000, 1), 1);
	assert_int_equal(network_share_ms(7, 1000, 143), 2);
	assert_int_equal(network_share_ms(7, 1000, 1000), 7);
	assert_int_equal(network_share_ms(7, 1000, 5000), 7); /* no more than the whole */
	assert_int_equal(network_share_ms(5, 0, 0), 0);
	assert_int_equal(network_share_ms(UINT32_MAX - 1, UINT32_MAX, UINT32_MAX), UINT32_MAX - 1);
	assert_int_equal(network_share_ms(TIME_INFINITE, 0, 0), TIME_INFINITE);
	assert_int_equal(network_share_ms(9, 1000, 500), 5);
}

int main(void)
{
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 20260101;
	printf("seed %llu\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snap_finds_what_is_nearest),
		cmocka_unit_test(sides_at_bends),
		cmocka_unit_test(parts_of_arcs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
