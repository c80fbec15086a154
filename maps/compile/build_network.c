/* The parts of a network that follow from its arcs: outgoing lists, dead ends, metric shape, nearest-road grid. */
#include "array.h"
#include "build.h"
#include <assert.h>
#include <stdlib.h>

#define GRID_CELL_MM 100000u
#define GRID_CELLS_MOST 4000000u

static int index_out(struct build *build, struct network *network)
{
	uint32_t n_nodes = network->n_nodes, n_arcs = network->n_arcs;
	uint32_t *first = build_alloc(build, (size_t)n_nodes + 1, sizeof *first);
	uint32_t *out = build_alloc(build, n_arcs, sizeof *out);

	if (!first || !out)
		return ERR_MEMORY;
	for (uint32_t a = 0; a < n_arcs; a++)
		first[network->tail[a] + 1]++;
	for (uint32_t v = 0; v < n_nodes; v++)
		first[v + 1] += first[v];
	for (uint32_t a = 0; a < n_arcs; a++)
		out[first[network->tail[a]]++] = a;
	for (uint32_t v = n_nodes; v > 0; v--)
		first[v] = first[v - 1];
	first[0] = 0;
	network->first_out = first;
	network->out_arc = out;
	return ERR_OK;
}

/* An arc is a dead end when nothing but its own reverse leaves its head. */
static int flag_dead_ends(struct build *build, struct network *network)
{
	uint8_t *flags = build_alloc(build, network->n_arcs, sizeof *flags);

	if (!flags)
		return ERR_MEMORY;
	for (uint32_t a = 0; a < network->n_arcs; a++) {
		uint32_t head = network->head[a], n_on = 0;

		for (uint32_t i = network->first_out[head]; i < network->first_out[head + 1]; i++)
			n_on += network->out_arc[i] != network->reverse_arc[a];
		flags[a] = network->flags ? network->flags[a] : 0;
		if (n_on == 0)
			flags[a] |= ARC_DEAD_END;
	}
	network->flags = flags;
	return ERR_OK;
}

static int project_shapes(struct build *build, struct network *network)
{
	struct geo_xy *xy = build_alloc(build, network->n_shape_points, sizeof *xy);

	if (!xy)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < network->n_shape_points; i++) {
		int code = projection_forward(build->projection, network->shape_point[i], &xy[i]);

		if (code)
			return code;
	}
	network->shape_xy = xy;
	return ERR_OK;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a >= 0 ? a / b : -((-a + b - 1) / b);
}

struct grid {
	struct geo_xy origin;
	uint32_t cell_mm, columns, rows;
	struct grid_entry {
		uint32_t cell, arc;
	} * entries;
	size_t n, cap;
};

static void grid_box(const struct network *network, struct grid *grid)
{
	struct geo_xy low = {INT32_MAX, INT32_MAX}, high = {INT32_MIN, INT32_MIN};

	for (uint32_t i = 0; i < network->n_shape_points; i++) {
		struct geo_xy p = network->shape_xy[i];

		low.x_mm = p.x_mm < low.x_mm ? p.x_mm : low.x_mm;
		low.y_mm = p.y_mm < low.y_mm ? p.y_mm : low.y_mm;
		high.x_mm = p.x_mm > high.x_mm ? p.x_mm : high.x_mm;
		high.y_mm = p.y_mm > high.y_mm ? p.y_mm : high.y_mm;
	}
	grid->origin = low;
	for (grid->cell_mm = GRID_CELL_MM;; grid->cell_mm *= 2) {
		grid->columns = (uint32_t)(((int64_t)high.x_mm - low.x_mm) / grid->cell_mm) + 1;
		grid->rows = (uint32_t)(((int64_t)high.y_mm - low.y_mm) / grid->cell_mm) + 1;
		if ((uint64_t)grid->columns * grid->rows <= GRID_CELLS_MOST)
			return;
	}
}

/* The columns that the segment p-q touches within row, one mm wider on both sides against rounding. */
static void row_columns(const struct grid *grid, int64_t row, struct geo_xy p, struct geo_xy q, uint32_t ret_columns[2])
{
	int64_t x0 = (int64_t)p.x_mm - grid->origin.x_mm, y0 = (int64_t)p.y_mm - grid->origin.y_mm;
	int64_t dx = (int64_t)q.x_mm - p.x_mm, dy = (int64_t)q.y_mm - p.y_mm;
	int64_t low = dx < 0 ? x0 + dx : x0, high = dx < 0 ? x0 : x0 + dx;

	if (dy != 0) {
		int64_t y[2] = {row * grid->cell_mm, (row + 1) * grid->cell_mm}, x[2];

		for (int i = 0; i < 2; i++) {
			double part = (double)(y[i] - y0) / (double)dy;

			part = part < 0 ? 0 : part > 1 ? 1 : part;
			x[i] = x0 + (int64_t)(part * (double)dx);
		}
		low = x[0] < x[1] ? x[0] : x[1];
		high = x[0] < x[1] ? x[1] : x[0];
	}
	low = floor_div(low - 2, grid->cell_mm);
	high = floor_div(high + 2, grid->cell_mm);
	ret_columns[0] = (uint32_t)(low < 0 ? 0 : low);
	ret_columns[1] = (uint32_t)(high >= grid->columns ? grid->columns - 1 : high);
}

static int grid_segment(struct grid *grid, uint32_t arc, struct geo_xy p, struct geo_xy q)
{
	int64_t y[2] = {(int64_t)p.y_mm - grid->origin.y_mm, (int64_t)q.y_mm - grid->origin.y_mm};
	int64_t from = (y[0] < y[1] ? y[0] : y[1]) / grid->cell_mm, to = (y[0] < y[1] ? y[1] : y[0]) / grid->cell_mm;

	for (int64_t row = from; row <= to; row++) {
		uint32_t columns[2];

		row_columns(grid, row, p, q, columns);
		for (uint32_t c = columns[0]; c <= columns[1]; c++) {
			struct grid_entry entry = {(uint32_t)row * grid->columns + c, arc};

			if (array_push(grid->entries, grid->n, grid->cap, entry))
				return ERR_MEMORY;
		}
	}
	return ERR_OK;
}

static int entry_order(const void *left, const void *right)
{
	const struct grid_entry *a = left, *b = right;

	if (a->cell != b->cell)
		return a->cell < b->cell ? -1 : 1;
	return a->arc < b->arc ? -1 : a->arc > b->arc;
}

static int grid_store(struct build *build, struct network *network, const struct grid *grid)
{
	uint32_t n_cells = grid->columns * grid->rows;
	uint32_t *first = build_alloc(build, (size_t)n_cells + 1, sizeof *first);
	uint32_t *items = build_alloc(build, grid->n, sizeof *items);
	uint32_t n = 0, cell = 0;

	if (!first || !items)
		return ERR_MEMORY;
	for (size_t i = 0; i < grid->n; i++) {
		if (i > 0 && entry_order(&grid->entries[i - 1], &grid->entries[i]) == 0)
			continue;
		while (cell < grid->entries[i].cell)
			first[++cell] = n;
		items[n++] = grid->entries[i].arc;
	}
	while (cell < n_cells)
		first[++cell] = n;
	network->grid_origin = grid->origin;
	network->grid_cell_mm = grid->cell_mm;
	network->grid_columns = grid->columns;
	network->grid_rows = grid->rows;
	network->n_grid_cells = n_cells;
	network->n_grid_items = n;
	network->grid_first = first;
	network->grid_arc = items;
	return ERR_OK;
}

static int index_grid(struct build *build, struct network *network)
{
	struct grid grid = {.cell_mm = GRID_CELL_MM};
	int code = ERR_OK;

	if (network->n_shape_points > 0)
		grid_box(network, &grid);
	for (uint32_t a = 0; a < network->n_arcs && !code; a++)
		for (uint32_t i = network->shape_first[a]; i + 1 < network->shape_first[a + 1] && !code; i++)
			code = grid_segment(&grid, a, network->shape_xy[i], network->shape_xy[i + 1]);
	if (!code && grid.n > 0)
		qsort(grid.entries, grid.n, sizeof *grid.entries, entry_order);
	if (!code)
		code = grid_store(build, network, &grid);
	free(grid.entries);
	return code;
}

int build_network_index(struct build *build, struct network *network)
{
	int code = index_out(build, network);

	if (!code)
		code = flag_dead_ends(build, network);
	if (!code && !network->shape_xy)
		code = project_shapes(build, network);
	return code ? code : index_grid(build, network);
}
