#include "tiles.h"
#include "array.h"
#include "tile_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_TILES 256
#define WORLD 4294967296.0 /* the web-mercator world is 2^32 units wide */

struct world_point {
	uint32_t x, y;
};
struct shape { /* one line, ring or point with its box, so that a tile finds its own by one scan */
	struct world_point low, high;
	uint32_t first, n;
	uint32_t source; /* index in the town's columns */
	uint8_t layer, type, zoom_min, kind;
};
struct cached {
	uint32_t z, x, y;
	uint64_t used;
	void *bytes;
	size_t n;
};
struct tiles {
	const struct town *town;
	struct world_point *points;
	size_t n_points, cap_points;
	struct shape *shapes;
	size_t n_shapes, cap_shapes;
	struct tile_points line, cut, scratch;
	struct tile_writer *writer;
	struct cached cache[CACHE_TILES];
	uint64_t uses;
};

static struct world_point world(struct geo_point point)
{
	double lat = point.lat_e7 / 1e7 * M_PI / 180, x = (point.lon_e7 / 1e7 + 180) / 360;
	double y = (1 - asinh(tan(lat)) / M_PI) / 2;
	x = x < 0 ? 0 : x >= 1 ? 1 - 1e-9 : x;
	y = y < 0 ? 0 : y >= 1 ? 1 - 1e-9 : y;
	return (struct world_point){(uint32_t)(x * WORLD), (uint32_t)(y * WORLD)};
}

/* ---- gathering the town's lines once ---- */
static int add(struct tiles *tiles, const struct geo_point *points, uint32_t n, struct shape shape)
{
	shape.first = (uint32_t)tiles->n_points;
	shape.n = n;
	shape.low = (struct world_point){UINT32_MAX, UINT32_MAX};
	shape.high = (struct world_point){0, 0};
	for (uint32_t i = 0; i < n; i++) {
		struct world_point p = world(points[i]);
		shape.low.x = p.x < shape.low.x ? p.x : shape.low.x;
		shape.low.y = p.y < shape.low.y ? p.y : shape.low.y;
		shape.high.x = p.x > shape.high.x ? p.x : shape.high.x;
		shape.high.y = p.y > shape.high.y ? p.y : shape.high.y;
		if (array_push(tiles->points, tiles->n_points, tiles->cap_points, p))
			return ERR_MEMORY;
	}
	return array_push(tiles->shapes, tiles->n_shapes, tiles->cap_shapes, shape);
}

static uint8_t road_zoom(uint8_t kind)
{
	static const uint8_t zooms[ROAD_KINDS] = {13, 8, 8, 9, 10, 11, 12, 13, 13, 14, 13, 14, 15, 15};
	return kind < ROAD_KINDS ? zooms[kind] : 14;
}

/* Each road once: of the two directions the lower arc, unless only the other has a name. */
static int add_roads(struct tiles *tiles, const struct network *network, int only_paths)
{
	for (uint32_t a = 0; a < network->n_arcs; a++) {
		uint8_t kind = network->kind[a];
		if (network->reverse_arc[a] < a || (only_paths && kind < ROAD_TRACK))
			continue;
		uint32_t first = network->shape_first[a], n = network->shape_first[a + 1] - first;
		struct shape shape = {
			.layer = TILE_ROADS, .type = TILE_LINE, .kind = kind, .zoom_min = road_zoom(kind), .source = a};
		if (only_paths)
			shape.source = NONE;
		if (n >= 2 && add(tiles, network->shape_point + first, n, shape))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static int add_shapes(struct tiles *tiles)
{
	const struct town *town = tiles->town;
	static const struct {
		uint8_t layer, type, zoom;
	} kinds[] = {
		[MAP_WATER] = {TILE_WATER, TILE_POLYGON, 6}, [MAP_RIVER] = {TILE_RIVER, TILE_LINE, 9},
		[MAP_GREEN] = {TILE_GREEN, TILE_POLYGON, 9}, [MAP_RAIL] = {TILE_RAIL, TILE_LINE, 10},
		[MAP_BUILT] = {TILE_BUILT, TILE_POLYGON, 8},
	};
	for (uint32_t i = 0; i < town->n_shapes; i++) {
		uint8_t kind = town->shape_kind[i];
		uint32_t first = town->shape_first[i], n = town->shape_first[i + 1] - first;
		if (kind >= COUNT_OF(kinds) || n < (uint32_t)kinds[kind].type)
			continue;
		const struct geo_point *points = town->shape_point + first;
		if (kinds[kind].type == TILE_POLYGON && points[0].lat_e7 == points[n - 1].lat_e7 &&
		    points[0].lon_e7 == points[n - 1].lon_e7)
			n--; /* rings close by themselves */
		struct shape shape = {.layer = kinds[kind].layer,
				      .type = kinds[kind].type,
				      .zoom_min = kinds[kind].zoom,
				      .kind = kind,
				      .source = i};
		if (n >= (uint32_t)kinds[kind].type && add(tiles, points, n, shape))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static int add_points(struct tiles *tiles, const struct geo_point *points, uint32_t n, uint8_t layer, uint8_t zoom)
{
	for (uint32_t i = 0; i < n; i++) {
		if (add(tiles, &points[i], 1,
			(struct shape){.layer = layer, .type = TILE_POINT, .zoom_min = zoom, .source = i}))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static int add_houses(struct tiles *tiles)
{
	const struct town *town = tiles->town;
	for (uint32_t i = 0; i < town->n_addresses; i++) {
		if (town->address_kind[i] == ADDRESS_HOUSE &&
		    add(tiles, &town->address_point[i], 1,
			(struct shape){.layer = TILE_HOUSES, .type = TILE_POINT, .zoom_min = 16, .source = i}))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

int tiles_open(struct tiles **ret_tiles, const struct town *town)
{
	struct tiles *tiles = calloc(1, sizeof *tiles);
	if (!tiles)
		return ERR_MEMORY;
	tiles->town = town;
	if (tile_writer_open(&tiles->writer) || add_shapes(tiles) || add_roads(tiles, &town->walk, 1) ||
	    add_roads(tiles, &town->road, 0) ||
	    add_points(tiles, town->timetable.stop_point, town->timetable.n_stops, TILE_TRANSIT, 14) ||
	    add_points(tiles, town->stop_point, town->n_stops, TILE_STOPS, 13) || add_houses(tiles)) {
		tiles_close(tiles);
		return ERR_MEMORY;
	}
	*ret_tiles = tiles;
	return ERR_OK;
}

void tiles_close(struct tiles *tiles)
{
	if (!tiles)
		return;
	for (int i = 0; i < CACHE_TILES; i++)
		free(tiles->cache[i].bytes);
	tile_writer_close(tiles->writer);
	free(tiles->points);
	free(tiles->shapes);
	free(tiles->line.items);
	free(tiles->cut.items);
	free(tiles->scratch.items);
	free(tiles);
}

/* ---- one tile ---- */
struct drawing {
	struct tiles *tiles;
	const struct shape *shape;
	struct tile_tag tags[4];
	size_t n_tags;
	uint32_t tolerance;
};

static const char *road_name(uint8_t kind)
{
	static const char *const names[ROAD_KINDS] = {
		"other",	 "motorway", "trunk", "primary",    "secondary", "tertiary", "residential",
		"living_street", "service",  "track", "pedestrian", "cycleway",	 "footway",  "steps"};
	return names[kind < ROAD_KINDS ? kind : 0];
}

/* The house number: what follows the last space. */
static const char *number_of(const char *address)
{
	const char *space = strrchr(address, ' ');
	return space && space[1] >= '0' && space[1] <= '9' ? space + 1 : "";
}

static void tag(struct drawing *drawing, const char *key, const char *text, uint64_t number)
{
	if (!text || text[0])
		drawing->tags[drawing->n_tags++] = (struct tile_tag){key, text, number};
}

static void describe_road(struct drawing *drawing, uint32_t z)
{
	const struct network *road = &drawing->tiles->town->road;
	uint32_t arc = drawing->shape->source;
	tag(drawing, "kind", road_name(drawing->shape->kind), 0);
	if (arc == NONE)
		return;
	if (z >= 13)
		tag(drawing, "name", town_text(drawing->tiles->town, road->name[arc]), 0);
	if (road->flags[arc] & ARC_BRIDGE)
		tag(drawing, "bridge", NULL, 1);
	if (z >= 15 && road->reverse_arc[arc] == NONE)
		tag(drawing, "oneway", NULL, 1);
}

static void describe(struct drawing *drawing, uint32_t z)
{
	const struct town *town = drawing->tiles->town;
	uint32_t source = drawing->shape->source;
	drawing->n_tags = 0;
	switch (drawing->shape->layer) {
	case TILE_ROADS:
		describe_road(drawing, z);
		break;
	case TILE_STOPS:
		tag(drawing, "name", town_text(town, town->stop_name[source]), 0);
		tag(drawing, "stop", NULL, source);
		break;
	case TILE_TRANSIT:
		tag(drawing, "name", town_text(town, town->timetable.stop_name[source]), 0);
		tag(drawing, "type", NULL, town->timetable.stop_type[source]);
		break;
	case TILE_HOUSES:
		tag(drawing, "number", number_of(town_text(town, town->address_text[source])), 0);
		break;
	default:
		break;
	}
}

static int draw_line(void *self, const struct tile_point *points, size_t n)
{
	struct drawing *drawing = self;
	size_t kept =
		tile_simplify((struct tile_point *)(uintptr_t)points, n, drawing->tolerance); /* our own scratch */
	return tile_writer_add(drawing->tiles->writer, drawing->shape->layer, TILE_LINE, points, kept, 0, drawing->tags,
			       drawing->n_tags);
}

static int draw_ring(struct drawing *drawing)
{
	struct tiles *tiles = drawing->tiles;
	if (tile_clip_ring(tiles->line.items, tiles->line.n, &tiles->cut, &tiles->scratch))
		return ERR_MEMORY;
	size_t kept = tile_simplify(tiles->cut.items, tiles->cut.n, drawing->tolerance);
	return tile_writer_add(tiles->writer, drawing->shape->layer, TILE_POLYGON, tiles->cut.items, kept, 0,
			       drawing->tags, drawing->n_tags);
}

static int draw_point(struct drawing *drawing)
{
	struct tile_point p = drawing->tiles->line.items[0];
	if (p.x < 0 || p.y < 0 || p.x >= TILE_EXTENT || p.y >= TILE_EXTENT) /* each point in one tile only */
		return ERR_OK;
	return tile_writer_add(drawing->tiles->writer, drawing->shape->layer, TILE_POINT, &p, 1,
			       drawing->shape->source + UINT64_C(1), drawing->tags, drawing->n_tags);
}

/* World units -> units of this tile. */
static int place_points(struct tiles *tiles, const struct shape *shape, uint32_t z, uint32_t x, uint32_t y)
{
	double unit = ldexp(1, (int)(32 - z)) / TILE_EXTENT, left = ldexp(x, (int)(32 - z)),
	       top = ldexp(y, (int)(32 - z));
	tiles->line.n = 0;
	if (array_reserve(tiles->line.items, shape->n, tiles->line.cap))
		return ERR_MEMORY;
	for (uint32_t i = 0; i < shape->n; i++) {
		struct world_point p = tiles->points[shape->first + i];
		tiles->line.items[tiles->line.n++] =
			(struct tile_point){(int32_t)floor((p.x - left) / unit), (int32_t)floor((p.y - top) / unit)};
	}
	return ERR_OK;
}

static int draw(struct drawing *drawing, uint32_t z, uint32_t x, uint32_t y)
{
	if (place_points(drawing->tiles, drawing->shape, z, x, y))
		return ERR_MEMORY;
	describe(drawing, z);
	switch (drawing->shape->type) {
	case TILE_POINT:
		return draw_point(drawing);
	case TILE_LINE:
		return tile_clip_line(drawing->tiles->line.items, drawing->tiles->line.n, &drawing->tiles->cut,
				      draw_line, drawing);
	default:
		return draw_ring(drawing);
	}
}

static int make(struct tiles *tiles, uint32_t z, uint32_t x, uint32_t y, void **ret_bytes, size_t *ret_n)
{
	double side = ldexp(1, (int)(32 - z)), margin = side * TILE_MARGIN / TILE_EXTENT;
	double left = x * side - margin, right = (x + 1) * side + margin, top = y * side - margin,
	       bottom = (y + 1) * side + margin;
	struct drawing drawing = {.tiles = tiles, .tolerance = z >= TILES_ZOOM_MAX ? 1 : 4};
	tile_writer_begin(tiles->writer);
	for (size_t i = 0; i < tiles->n_shapes; i++) {
		const struct shape *shape = &tiles->shapes[i];
		if (shape->zoom_min > z || shape->high.x < left || shape->low.x > right || shape->high.y < top ||
		    shape->low.y > bottom)
			continue;
		drawing.shape = shape;
		if (draw(&drawing, z, x, y))
			return ERR_MEMORY;
	}
	return tile_writer_finish(tiles->writer, ret_bytes, ret_n);
}

/* The place of this tile in the cache, or the one used longest ago. */
static struct cached *cache_find(struct tiles *tiles, uint32_t z, uint32_t x, uint32_t y)
{
	struct cached *oldest = &tiles->cache[0];
	for (int i = 0; i < CACHE_TILES; i++) {
		struct cached *item = &tiles->cache[i];
		if (item->bytes && item->z == z && item->x == x && item->y == y)
			return item;
		if (item->used < oldest->used)
			oldest = item;
	}
	return oldest;
}

int tiles_get(struct tiles *tiles, uint32_t z, uint32_t x, uint32_t y, const void **ret_bytes, size_t *ret_n)
{
	if (z > TILES_ZOOM_MAX || x >= UINT32_C(1) << z || y >= UINT32_C(1) << z)
		return ERR_RANGE;
	struct cached *item = cache_find(tiles, z, x, y);
	if (!item->bytes || item->z != z || item->x != x || item->y != y) {
		void *bytes;
		size_t n;
		int code = make(tiles, z, x, y, &bytes, &n);
		if (code)
			return code;
		free(item->bytes);
		*item = (struct cached){.z = z, .x = x, .y = y, .bytes = bytes, .n = n};
	}
	item->used = ++tiles->uses;
	*ret_bytes = item->bytes;
	*ret_n = item->n;
	return ERR_OK;
}
