#include "network_snap.h"

#include <assert.h>

__extension__ typedef unsigned __int128 uint128;

#define PART_BITS 20
#define WHOLE_PART (1u << PART_BITS)

/* value * times / over, rounded down; 0 when over is 0 */
static uint64_t scale(uint64_t value, uint64_t times, uint64_t over)
{
	if (!over)
		return 0;
	uint64_t product;
	if (!__builtin_mul_overflow(value, times, &product))
		return product / over;
	return (uint64_t)((uint128)value * times / over);
}

static int32_t between(int32_t from, int32_t to, uint64_t part, uint64_t whole)
{
	int64_t step = (int64_t)to - from;
	uint64_t moved = scale(step < 0 ? (uint64_t)-step : (uint64_t)step, part, whole);
	return (int32_t)(from + (step < 0 ? -(int64_t)moved : (int64_t)moved));
}

/* Length of the drawn shape between two of its points, in the plane */
static uint64_t drawn_mm(const struct network *network, uint32_t first, uint32_t last)
{
	uint64_t length = 0;
	for (uint32_t i = first; i < last; i++)
		length += geo_distance_mm(network->shape_xy[i], network->shape_xy[i + 1]);
	return length;
}

struct geo_point network_spot_point(const struct network *network, struct spot spot)
{
	assert(spot.arc < network->n_arcs);
	uint32_t first = network->shape_first[spot.arc], last = network->shape_first[spot.arc + 1] - 1;
	uint32_t length = network->dist_mm[spot.arc], offset = spot.offset_mm < length ? spot.offset_mm : length;
	/* Offsets are geodesic, the shape is plane: the same share of either length. */
	uint64_t left = scale(drawn_mm(network, first, last), offset, length);
	for (uint32_t i = first; i < last; i++) {
		uint64_t step = geo_distance_mm(network->shape_xy[i], network->shape_xy[i + 1]);
		if (left < step) {
			struct geo_point a = network->shape_point[i], b = network->shape_point[i + 1];
			return (struct geo_point){.lat_e7 = between(a.lat_e7, b.lat_e7, left, step),
						  .lon_e7 = between(a.lon_e7, b.lon_e7, left, step)};
		}
		left -= step;
	}
	return network->shape_point[last];
}

/* --- nearest road ------------------------------------------------------------------------------------------------- */

static int eligible(const struct snap_search *search, uint32_t arc)
{
	const struct network *network = search->network;
	if (!(network->main_mask[arc] >> search->class_index & 1))
		return 0;
	return !(search->stopping && network->flags[arc] & ARC_NO_STOPPING);
}

/* The nearest place of one arc */
struct foot {
	uint64_t away2;
	uint32_t segment; /* shape point index of its start */
	uint32_t part;
};

static struct foot foot_of(const struct network *network, uint32_t arc, struct geo_xy p)
{
	uint32_t first = network->shape_first[arc], last = network->shape_first[arc + 1] - 1;
	struct foot best = {.away2 = UINT64_MAX, .segment = first};
	for (uint32_t i = first; i < last; i++) {
		uint32_t part;
		uint64_t away2 = geo_segment_nearest(p, network->shape_xy[i], network->shape_xy[i + 1], &part);
		if (away2 < best.away2 || i == first)
			best = (struct foot){.away2 = away2, .segment = i, .part = part};
	}
	return best;
}

/* > 0 when p lies left of the arc. At a bend both adjoining segments are equally near and may disagree; there p lies on
 * the outer side of the bend. */
static int side_of_arc(const struct network *network, uint32_t arc, struct geo_xy p, struct foot foot)
{
	const struct geo_xy *xy = network->shape_xy + foot.segment;
	if (foot.part == WHOLE_PART && foot.segment + 2 < network->shape_first[arc + 1]) {
		int turn = geo_side(xy[2], xy[0], xy[1]);
		if (turn)
			return -turn;
	}
	return geo_side(p, xy[0], xy[1]);
}

static struct snap snap_of(const struct network *network, uint32_t arc, struct foot foot)
{
	uint32_t first = network->shape_first[arc], last = network->shape_first[arc + 1] - 1;
	struct geo_xy a = network->shape_xy[foot.segment], b = network->shape_xy[foot.segment + 1];
	uint64_t before = drawn_mm(network, first, foot.segment);
	uint64_t here = geo_distance_mm(a, b), after = drawn_mm(network, foot.segment + 1, last);
	uint64_t offset =
		scale(before + scale(here, foot.part, WHOLE_PART), network->dist_mm[arc], before + here + after);
	uint64_t away = geo_sqrt(foot.away2);
	int64_t dx = (int64_t)b.x_mm - a.x_mm, dy = (int64_t)b.y_mm - a.y_mm, half = INT64_C(1) << (PART_BITS - 1);
	return (struct snap){
		.spot = {.arc = arc,
			 .offset_mm = offset < network->dist_mm[arc] ? (uint32_t)offset : network->dist_mm[arc]},
		.away_mm = away < UINT32_MAX ? (uint32_t)away : UINT32_MAX,
		.xy = {(int32_t)(a.x_mm + ((dx * foot.part + half) >> PART_BITS)),
		       (int32_t)(a.y_mm + ((dy * foot.part + half) >> PART_BITS))},
	};
}

static int nearer(const struct snap *a, const struct snap *b)
{
	return a->away_mm != b->away_mm ? a->away_mm < b->away_mm : a->spot.arc < b->spot.arc;
}

static int same_road(const struct network *network, uint32_t a, uint32_t b)
{
	return a == b || network->reverse_arc[a] == b;
}

static void keep(struct snap_search *search, struct snap snap)
{
	for (uint32_t i = 0; i < search->n; i++)
		if (same_road(search->network, search->best[i].spot.arc, snap.spot.arc))
			return; /* an arc lies in many cells and is looked at again */
	if (search->n == search->most) {
		if (!nearer(&snap, &search->best[search->n - 1]))
			return;
		search->n--;
	}
	uint32_t at = search->n++;
	for (; at && nearer(&snap, &search->best[at - 1]); at--)
		search->best[at] = search->best[at - 1];
	search->best[at] = snap;
}

void snap_try(struct snap_search *search, uint32_t arc)
{
	const struct network *network = search->network;
	uint32_t other = network->reverse_arc[arc];
	int two_way = other != NONE && other != arc && eligible(search, other);
	if (!eligible(search, arc) && !two_way)
		return;
	if (two_way && (!eligible(search, arc) || other < arc)) {
		uint32_t swapped = arc;
		arc = other;
		other = swapped;
		two_way = eligible(search, other);
	}
	struct foot foot = foot_of(network, arc, search->p);
	uint64_t away = geo_sqrt(foot.away2);
	/* The other direction may round differently: leave out only what is clearly too far. */
	uint64_t limit = search->n == search->most ? search->best[search->n - 1].away_mm : search->max_away_mm;
	if (away > limit + ROUNDING_MM)
		return;
	int left = side_of_arc(network, arc, search->p, foot) > 0;
	if (left && two_way) {
		arc = other;
		foot = foot_of(network, arc, search->p);
		left = 0;
	}
	struct snap snap = snap_of(network, arc, foot);
	snap.side = left ? SIDE_LEFT : SIDE_RIGHT;
	if (snap.away_mm <= search->max_away_mm)
		keep(search, snap);
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t greatest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void try_cells(struct snap_search *search, int64_t row, int64_t from, int64_t to, int64_t step)
{
	const struct network *network = search->network;
	if (row < 0 || row >= network->grid_rows)
		return;
	for (int64_t column = from; column <= to; column += step) {
		if (column < 0 || column >= network->grid_columns)
			continue;
		size_t cell = (size_t)row * network->grid_columns + (size_t)column;
		for (uint32_t i = network->grid_first[cell]; i < network->grid_first[cell + 1]; i++)
			snap_try(search, network->grid_arc[i]);
	}
}

/* The cells at Chebyshev distance `ring` around (column, row), as far as they lie in the grid */
static void try_ring(struct snap_search *search, int64_t column, int64_t row, int64_t ring)
{
	const struct network *network = search->network;
	int64_t from = greatest(column - ring, 0), to = least(column + ring, (int64_t)network->grid_columns - 1);
	try_cells(search, row - ring, from, to, 1);
	if (ring)
		try_cells(search, row + ring, from, to, 1);
	int64_t top = least(row + ring - 1, (int64_t)network->grid_rows - 1);
	for (int64_t y = greatest(row - ring + 1, 0); y <= top; y++)
		try_cells(search, y, column - ring, column + ring, 2 * ring);
}

/* How many cells `at` lies outside of 0 .. n - 1 */
static int64_t outside(int64_t at, int64_t n)
{
	return at < 0 ? -at : greatest(at - (n - 1), 0);
}

uint32_t network_snap(const struct network *network, uint32_t class_index, struct geo_xy p, uint32_t max_away_mm,
		      int stopping, struct snap *ret_snaps, uint32_t most)
{
	assert(class_index < network->n_classes);
	if (!most || !network->n_grid_cells)
		return 0;
	struct snap_search search = {.network = network,
				     .class_index = class_index,
				     .max_away_mm = max_away_mm,
				     .stopping = stopping,
				     .p = p,
				     .best = ret_snaps,
				     .most = most};
	int64_t cell = network->grid_cell_mm, columns = network->grid_columns, rows = network->grid_rows;
	int64_t dx = (int64_t)p.x_mm - network->grid_origin.x_mm, dy = (int64_t)p.y_mm - network->grid_origin.y_mm;
	int64_t column = floor_div(dx, cell), row = floor_div(dy, cell);
	/* From p to the nearest border of its own cell: what lies in ring r is at least this plus r - 1 cells away. */
	int64_t inner = least(least(dx - column * cell, (column + 1) * cell - dx),
			      least(dy - row * cell, (row + 1) * cell - dy));
	int64_t first = greatest(outside(column, columns), outside(row, rows));
	int64_t last = greatest(greatest(column, columns - 1 - column), greatest(row, rows - 1 - row));
	for (int64_t ring = first; ring <= last; ring++) {
		int64_t bound = ring ? inner + (ring - 1) * cell - ROUNDING_MM : 0;
		if (bound > (int64_t)max_away_mm || (search.n == most && bound > (int64_t)ret_snaps[most - 1].away_mm))
			break;
		try_ring(&search, column, row, ring);
	}
	return search.n;
}
