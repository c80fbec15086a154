#include "shapes.h"
#include "array.h"
#include <stdlib.h>
#include <string.h>

#define MARGIN_E7 50000 /* some 500 m around the town's box */
#define CORNERS_LEAST 4 /* of a ring that is drawn, the closing one included */

struct shapes {
	struct build *build;
	const struct osm *osm;
	int64_t low[2], high[2]; /* clip box: lat, lon */
	struct geo_point *points;
	uint32_t *first;
	uint8_t *kinds;
	size_t n, n_points, cap_points, cap_first, cap_kinds;
	struct geo_point *work[2]; /* a shape being clipped */
	size_t cap_work[2];
};

/* --- which kind --------------------------------------------------------------------------------------------------- */

static const struct {
	const char *key, *value;
	uint8_t kind;
} kind_rows[] = {
	{"natural", "water", MAP_WATER},       {"waterway", "riverbank", MAP_WATER},
	{"landuse", "reservoir", MAP_WATER},   {"landuse", "basin", MAP_WATER},
	{"waterway", "river", MAP_RIVER},      {"waterway", "canal", MAP_RIVER},
	{"waterway", "stream", MAP_RIVER},     {"landuse", "forest", MAP_GREEN},
	{"natural", "wood", MAP_GREEN},	       {"landuse", "meadow", MAP_GREEN},
	{"landuse", "grass", MAP_GREEN},       {"landuse", "cemetery", MAP_GREEN},
	{"landuse", "allotments", MAP_GREEN},  {"landuse", "vineyard", MAP_GREEN},
	{"landuse", "orchard", MAP_GREEN},     {"leisure", "park", MAP_GREEN},
	{"leisure", "garden", MAP_GREEN},      {"leisure", "nature_reserve", MAP_GREEN},
	{"leisure", "pitch", MAP_GREEN},       {"railway", "rail", MAP_RAIL},
	{"railway", "light_rail", MAP_RAIL},   {"railway", "tram", MAP_RAIL},
	{"landuse", "residential", MAP_BUILT}, {"landuse", "industrial", MAP_BUILT},
	{"landuse", "commercial", MAP_BUILT},  {"landuse", "retail", MAP_BUILT},
};

static int kind_of(const struct osm *osm, struct osm_tags tags)
{
	for (size_t i = 0; tags.n > 0 && i < COUNT_OF(kind_rows); i++) {
		const char *value = osm_tag(osm, tags, kind_rows[i].key);

		if (value && strcmp(value, kind_rows[i].value) == 0)
			return kind_rows[i].kind;
	}
	return -1;
}

static int is_line(int kind)
{
	return kind == MAP_RIVER || kind == MAP_RAIL;
}

/* --- clipping ----------------------------------------------------------------------------------------------------- */

static int64_t coordinate(struct geo_point point, int axis)
{
	return axis ? point.lon_e7 : point.lat_e7;
}

static struct geo_point at_border(struct geo_point a, struct geo_point b, int axis, int64_t border)
{
	int64_t from = coordinate(a, axis), to = coordinate(b, axis), other_from = coordinate(a, !axis),
		other_to = coordinate(b, !axis);
	double part = (double)(border - from) / (double)(to - from);
	int64_t other = other_from + (int64_t)(part * (double)(other_to - other_from));

	return axis ? (struct geo_point){(int32_t)other, (int32_t)border}
		    : (struct geo_point){(int32_t)border, (int32_t)other};
}

/* One border of Sutherland and Hodgman (1974): keeps what lies on the inner side. Returns the new count, or SIZE_MAX.
 */
static size_t clip_border(struct shapes *shapes, size_t n, int axis, int64_t border, int keep_high)
{
	const struct geo_point *in = shapes->work[0];
	struct geo_point *swap;
	size_t n_out = 0;

	if (array_reserve(shapes->work[1], n * 2 + 2, shapes->cap_work[1]))
		return SIZE_MAX;
	for (size_t i = 0; i < n; i++) {
		struct geo_point a = in[i ? i - 1 : n - 1], b = in[i];
		int a_in = keep_high ? coordinate(a, axis) >= border : coordinate(a, axis) <= border;
		int b_in = keep_high ? coordinate(b, axis) >= border : coordinate(b, axis) <= border;

		if (a_in != b_in)
			shapes->work[1][n_out++] = at_border(a, b, axis, border);
		if (b_in)
			shapes->work[1][n_out++] = b;
	}
	swap = shapes->work[0];
	shapes->work[0] = shapes->work[1];
	shapes->work[1] = swap;
	n = shapes->cap_work[0];
	shapes->cap_work[0] = shapes->cap_work[1];
	shapes->cap_work[1] = n;
	return n_out;
}

static int emit(struct shapes *shapes, int kind, const struct geo_point *points, size_t n)
{
	if (shapes->n_points + n > UINT32_MAX - 1 ||
	    array_reserve(shapes->points, shapes->n_points + n, shapes->cap_points) ||
	    array_reserve(shapes->first, shapes->n + 2, shapes->cap_first) ||
	    array_reserve(shapes->kinds, shapes->n + 1, shapes->cap_kinds))
		return ERR_MEMORY;
	memcpy(shapes->points + shapes->n_points, points, n * sizeof *points);
	shapes->n_points += n;
	shapes->kinds[shapes->n] = (uint8_t)kind;
	shapes->first[++shapes->n] = (uint32_t)shapes->n_points;
	return ERR_OK;
}

static int add_ring(struct shapes *shapes, int kind, const struct geo_point *points, size_t n)
{
	if (n < CORNERS_LEAST)
		return ERR_OK;
	if (array_reserve(shapes->work[0], n, shapes->cap_work[0]))
		return ERR_MEMORY;
	memcpy(shapes->work[0], points, n * sizeof *points);
	for (int axis = 0; axis < 2; axis++)
		for (int high = 0; high < 2; high++) {
			n = clip_border(shapes, n, axis, high ? shapes->high[axis] : shapes->low[axis], !high);
			if (n == SIZE_MAX)
				return ERR_MEMORY;
		}
	return n >= CORNERS_LEAST - 1 ? emit(shapes, kind, shapes->work[0], n) : ERR_OK;
}

static int in_box(const struct shapes *shapes, struct geo_point p)
{
	return p.lat_e7 >= shapes->low[0] && p.lat_e7 <= shapes->high[0] && p.lon_e7 >= shapes->low[1] &&
	       p.lon_e7 <= shapes->high[1];
}

/* A line is kept with one point beyond the border on each side: drawing cuts it. */
static int add_line(struct shapes *shapes, int kind, const struct geo_point *points, size_t n)
{
	size_t first = 0;
	int code = ERR_OK;

	for (size_t i = 0; i < n && !code; i++) {
		int here = in_box(shapes, points[i]) || (i + 1 < n && in_box(shapes, points[i + 1])) ||
			   (i > 0 && in_box(shapes, points[i - 1]));

		if (here && i + 1 < n)
			continue;
		if (i + (size_t)here >= first + 2)
			code = emit(shapes, kind, points + first, i + (size_t)here - first);
		first = i + 1;
	}
	return code;
}

/* --- ways and multipolygons --------------------------------------------------------------------------------------- */

/* Appends the known nodes of a way, forwards or backwards; skips the first when `skip`. */
static int append_way(const struct osm *osm, uint32_t way, int backwards, int skip, struct geo_point **points,
		      size_t *n, size_t *cap)
{
	uint32_t first = osm->way_first[way], count = osm->way_first[way + 1] - first;

	for (uint32_t i = (uint32_t)skip; i < count; i++) {
		uint32_t node = osm_node(osm, osm->ref[backwards ? first + count - 1 - i : first + i]);

		if (node != NONE && array_push(*points, *n, *cap, osm->node_point[node]))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static int add_way(struct shapes *shapes, uint32_t way)
{
	const struct osm *osm = shapes->osm;
	uint32_t first = osm->way_first[way], last = osm->way_first[way + 1];
	int kind = kind_of(osm, osm->way_tags[way]), code;
	struct geo_point *points = NULL;
	size_t n = 0, cap = 0;

	if (kind < 0 || last - first < 2 || (!is_line(kind) && osm->ref[first] != osm->ref[last - 1]))
		return ERR_OK;
	code = append_way(osm, way, 0, 0, &points, &n, &cap);
	if (!code)
		code = is_line(kind) ? add_line(shapes, kind, points, n) : add_ring(shapes, kind, points, n);
	free(points);
	return code;
}

struct piece {
	uint32_t way;
	int64_t ends[2];
	int is_used;
};

/* Joins pieces end to end, starting with `start`, until the ring closes; *ret_n 0 when it does not. */
static int join_ring(const struct osm *osm, struct piece *pieces, size_t n_pieces, size_t start,
		     struct geo_point **points, size_t *ret_n, size_t *cap)
{
	int64_t begin = pieces[start].ends[0], end = pieces[start].ends[1];
	int code = append_way(osm, pieces[start].way, 0, 0, points, ret_n, cap);

	pieces[start].is_used = 1;
	while (end != begin && !code) {
		size_t i = 0;

		while (i < n_pieces && (pieces[i].is_used || (pieces[i].ends[0] != end && pieces[i].ends[1] != end)))
			i++;
		if (i == n_pieces) {
			*ret_n = 0; /* a piece is missing from the file */
			return ERR_OK;
		}
		int backwards = pieces[i].ends[0] != end;

		pieces[i].is_used = 1;
		end = pieces[i].ends[backwards ? 0 : 1];
		code = append_way(osm, pieces[i].way, backwards, 1, points, ret_n, cap);
	}
	return code;
}

static int collect_outer(const struct osm *osm, uint32_t relation, struct piece **ret_pieces, size_t *ret_n)
{
	size_t cap = 0;

	for (uint32_t i = osm->relation_first[relation]; i < osm->relation_first[relation + 1]; i++) {
		uint32_t way = osm->member_type[i] == OSM_WAY ? osm_way(osm, osm->member_id[i]) : NONE;
		struct piece piece = {.way = way};

		if (way == NONE || strcmp(osm_text(osm, osm->member_role[i]), "inner") == 0 ||
		    osm->way_first[way + 1] - osm->way_first[way] < 2)
			continue;
		piece.ends[0] = osm->ref[osm->way_first[way]];
		piece.ends[1] = osm->ref[osm->way_first[way + 1] - 1];
		if (array_push(*ret_pieces, *ret_n, cap, piece))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static int add_relation(struct shapes *shapes, uint32_t relation)
{
	const struct osm *osm = shapes->osm;
	int kind = kind_of(osm, osm->relation_tags[relation]), code;
	const char *type = osm_tag(osm, osm->relation_tags[relation], "type");
	struct piece *pieces = NULL;
	size_t n_pieces = 0;

	if (kind < 0 || is_line(kind) || !type || strcmp(type, "multipolygon") != 0)
		return ERR_OK;
	code = collect_outer(osm, relation, &pieces, &n_pieces);
	for (size_t i = 0; i < n_pieces && !code; i++) {
		struct geo_point *points = NULL;
		size_t n = 0, cap = 0;

		if (pieces[i].is_used)
			continue;
		code = join_ring(osm, pieces, n_pieces, i, &points, &n, &cap);
		if (!code)
			code = add_ring(shapes, kind, points, n);
		free(points);
	}
	free(pieces);
	return code;
}

static int add_all(struct shapes *shapes)
{
	int code = array_reserve(shapes->first, 1, shapes->cap_first);

	if (!code)
		shapes->first[0] = 0;
	for (uint32_t w = 0; w < shapes->osm->n_ways && !code; w++)
		code = add_way(shapes, w);
	for (uint32_t r = 0; r < shapes->osm->n_relations && !code; r++)
		code = add_relation(shapes, r);
	return code;
}

static int give(struct shapes *shapes)
{
	struct town *town = &shapes->build->town;
	struct geo_point *points = shapes->points;
	uint32_t *first = shapes->first;
	uint8_t *kinds = shapes->kinds;
	int codes[3];

	town->n_shapes = (uint32_t)shapes->n;
	town->n_shape_points = (uint32_t)shapes->n_points;
	town->shape_point = points;
	town->shape_first = first;
	town->shape_kind = kinds;
	shapes->points = NULL;
	shapes->first = NULL;
	shapes->kinds = NULL;
	codes[0] = build_own(shapes->build, points);
	codes[1] = build_own(shapes->build, first);
	codes[2] = build_own(shapes->build, kinds);
	return codes[0] || codes[1] || codes[2] ? ERR_MEMORY : ERR_OK;
}

int shapes_build(struct build *build, const struct osm *osm)
{
	const struct town *town = &build->town;
	struct shapes shapes = {
		.build = build,
		.osm = osm,
		.low = {(int64_t)town->box_low.lat_e7 - MARGIN_E7, (int64_t)town->box_low.lon_e7 - MARGIN_E7},
		.high = {(int64_t)town->box_high.lat_e7 + MARGIN_E7, (int64_t)town->box_high.lon_e7 + MARGIN_E7}};
	int code;

	for (int axis = 0; axis < 2; axis++) { /* a border point must be a point on Earth */
		int64_t most = axis ? 1800000000 : 900000000;

		shapes.low[axis] = shapes.low[axis] < -most ? -most : shapes.low[axis];
		shapes.high[axis] = shapes.high[axis] > most ? most : shapes.high[axis];
	}
	code = add_all(&shapes);
	if (!code)
		code = give(&shapes);
	free(shapes.points);
	free(shapes.first);
	free(shapes.kinds);
	free(shapes.work[0]);
	free(shapes.work[1]);
	return code;
}
