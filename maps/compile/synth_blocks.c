/* Districts are cut in two again and again until blocks are left: in the old town at a slant, in grids elsewhere, each
 * district along its own direction. Then spurs, footpaths and parks inside the blocks. */
#include "synth_town.h"

struct style {
	int64_t block_m2;      /* typical */
	int64_t width_mm;      /* no strip narrower than this is cut off */
	int64_t snap_mm;       /* an end this near to a junction moves onto it */
	uint32_t slant;	       /* largest turn against the district's direction, full circle = 2^32 */
	uint32_t spread;       /* per 1024: how far a cut may lie off its regular place */
	int64_t turn_permille; /* sine by which moved ends may turn a cut */
	uint8_t kind;
	uint32_t spurs, parks; /* permille of blocks */
};

static const struct style styles[] = {
	[FACE_VILLAGE] = {15000, 45000, 26000, DEGREES(9), 160, 160, STREET_RESIDENTIAL, 320, 30},
	[FACE_SUBURB] = {18500, 52000, 30000, DEGREES(3), 70, 70, STREET_RESIDENTIAL, 420, 35},
	[FACE_INNER] = {11500, 46000, 27000, DEGREES(2), 60, 70, STREET_RESIDENTIAL, 60, 40},
	[FACE_OLD] = {5200, 28000, 15000, DEGREES(14), 220, 200, STREET_RESIDENTIAL, 90, 40},
	[FACE_INDUSTRY] = {62000, 90000, 45000, DEGREES(1), 60, 70, STREET_UNCLASSIFIED, 350, 0},
};

struct cut {		  /* a straight cut through the loaded face */
	uint32_t half[2]; /* edges it meets */
	struct plane_point point[2];
	uint32_t vertex[2]; /* NONE = the edge has to be cut */
};

struct unit { /* scaled by 2^15 */
	int64_t x, y;
};

static struct unit unit_of(uint32_t angle)
{
	return (struct unit){synth_cos(angle) >> 15, synth_sin(angle) >> 15};
}

static int64_t along(struct unit unit, struct plane_point point)
{
	return (unit.x * point.x + unit.y * point.y) >> 15;
}

static int64_t extent(const struct plane *plane, struct unit unit, int64_t *ret_low)
{
	int64_t low = INT64_MAX, high = INT64_MIN;
	for (size_t i = 0; i < plane->n_ring; i++) {
		int64_t at = along(unit, plane_tail(plane, plane->ring[i]));
		low = at < low ? at : low;
		high = at > high ? at : high;
	}
	*ret_low = low;
	return high - low;
}

static uint32_t degree(const struct plane *plane, uint32_t vertex)
{
	uint32_t n = 0, first = plane->vertices[vertex].half, half = first;
	do {
		n += plane->edges[half / 2].kind != STREET_NONE;
		half = plane->halves[half ^ 1].next;
	} while (half != first);
	return n;
}

/* The end of a cut moves onto a junction that is near; one with four streets is full. */
static int snap(const struct plane *plane, const struct style *style, uint32_t half, struct plane_point point,
		uint32_t *ret_vertex)
{
	int64_t to_tail = plane_distance(point, plane_tail(plane, half));
	int64_t to_head = plane_distance(point, plane_head(plane, half));
	uint32_t vertex = to_tail <= to_head ? plane->halves[half].tail : plane->halves[half ^ 1].tail;
	if ((to_tail < to_head ? to_tail : to_head) > style->snap_mm)
		vertex = NONE;
	*ret_vertex = vertex;
	return vertex == NONE || degree(plane, vertex) < 4;
}

/* Sine of the corner between a direction and the edge a-b, per 1000, without sign. */
static int64_t corner_sine(struct unit direction, struct plane_point a, struct plane_point b)
{
	int64_t length = plane_distance(a, b);
	int64_t cross = (direction.x * (b.y - a.y) - direction.y * (b.x - a.x)) >> 15;
	return length == 0 ? 0 : (cross < 0 ? -cross : cross) * 1000 / length;
}

/* Where the line `along(unit, p) == at` meets the loaded convex face. */
static int cut_find(struct plane *plane, const struct style *style, struct unit unit, int64_t at, int64_t least,
		    struct cut *cut)
{
	struct unit across = {-unit.y, unit.x};
	int n = 0;
	for (size_t i = 0; i < plane->n_ring; i++) {
		uint32_t half = plane->ring[i];
		struct plane_point a = plane_tail(plane, half), b = plane_head(plane, half);
		int64_t from = along(unit, a), to = along(unit, b);
		if ((from < at) == (to < at))
			continue;
		if (n == 2 || corner_sine(across, a, b) < least)
			return 0;
		cut->half[n] = half;
		cut->point[n] = (struct plane_point){a.x + (b.x - a.x) * (at - from) / (to - from),
						     a.y + (b.y - a.y) * (at - from) / (to - from)};
		if (!snap(plane, style, half, cut->point[n], &cut->vertex[n]))
			return 0;
		if (cut->vertex[n] != NONE)
			cut->point[n] = plane->vertices[cut->vertex[n]].point;
		n++;
	}
	/* moving the ends must not turn the street much */
	return n == 2 && corner_sine(across, cut->point[0], cut->point[1]) <= style->turn_permille;
}

/* Share of the face left of the cut, per 1024. */
static int64_t cut_share(const struct plane *plane, const struct cut *cut, int64_t area2)
{
	struct plane_point origin = cut->point[0];
	int64_t sum = 0;
	size_t n = plane->n_ring, i = 0;
	while (plane->ring[i] != cut->half[0])
		i++;
	struct plane_point before = origin;
	for (; plane->ring[i % n] != cut->half[1]; i++) {
		struct plane_point next = plane_head(plane, plane->ring[i % n]);
		sum += (before.x - origin.x) * (next.y - origin.y) - (next.x - origin.x) * (before.y - origin.y);
		before = next;
	}
	sum += (before.x - origin.x) * (cut->point[1].y - origin.y) -
	       (cut->point[1].x - origin.x) * (before.y - origin.y);
	return sum / (area2 / 1024 + 1);
}

/* The street that already ends at this vertex from the other side, straight on: the new one carries its name on. */
static uint32_t street_before(const struct plane *plane, uint32_t vertex, struct plane_point towards, uint8_t kind)
{
	struct plane_point at = plane->vertices[vertex].point;
	uint32_t first = plane->vertices[vertex].half, half = first, found = NONE, n_streets = 0;
	do {
		const struct plane_edge *edge = &plane->edges[half / 2];
		struct plane_point other = plane_head(plane, half);
		int64_t dot = ((at.x - other.x) >> 4) * ((towards.x - at.x) >> 4) +
			      ((at.y - other.y) >> 4) * ((towards.y - at.y) >> 4);
		int64_t lengths = (plane_distance(at, other) >> 4) * (plane_distance(at, towards) >> 4);
		if (edge->kind == kind && dot > lengths / 100 * 94)
			found = edge->street;
		half = plane->halves[half ^ 1].next;
	} while (half != first);
	half = first;
	do { /* a street that passes here already is not this one's beginning */
		n_streets += found != NONE && plane->edges[half / 2].street == found;
		half = plane->halves[half ^ 1].next;
	} while (half != first);
	return n_streets == 1 ? found : NONE;
}

static void cut_apply(struct synth *synth, uint32_t face, struct cut *cut, uint8_t kind)
{
	struct plane *plane = &synth->plane;
	for (int i = 0; i < 2; i++)
		if (cut->vertex[i] == NONE)
			cut->vertex[i] = plane_cut(plane, cut->half[i], cut->point[i]);
	uint32_t a = plane_half_at(plane, face, cut->vertex[0]), b = plane_half_at(plane, face, cut->vertex[1]);
	struct plane_edge edge = {kind, 0, street_before(plane, cut->vertex[0], cut->point[1], kind)};
	if (edge.street == NONE)
		edge.street = street_before(plane, cut->vertex[1], cut->point[0], kind);
	if (edge.street == NONE)
		edge.street = synth->n_streets++;
	plane_join(plane, a, b, edge);
}

static uint8_t kind_of_cut(const struct style *style, uint8_t face_kind, int64_t area2)
{
	if (face_kind != FACE_INNER && face_kind != FACE_SUBURB)
		return style->kind;
	if (area2 > 2 * SQUARE_METRES(1100000))
		return STREET_SECONDARY;
	return area2 > 2 * SQUARE_METRES(330000) ? STREET_TERTIARY : style->kind;
}

/* The direction that fits all sides of the loaded face best, up to quarter turns: the length-weighted mean of four
 * times the sides' angles (fourth powers of their unit vectors). */
static uint32_t orientation(const struct plane *plane)
{
	int64_t x = 0, y = 0;
	for (size_t i = 0; i < plane->n_ring; i++) {
		struct plane_point a = plane_tail(plane, plane->ring[i]), b = plane_head(plane, plane->ring[i]);
		int64_t length = plane_distance(a, b);
		if (length == 0)
			continue;
		int64_t cosine = (b.x - a.x) * 32768 / length, sine = (b.y - a.y) * 32768 / length;
		for (int i_square = 0; i_square < 2; i_square++) {
			int64_t squared = (cosine * cosine - sine * sine) >> 15;
			sine = cosine * sine >> 14;
			cosine = squared;
		}
		x += cosine * (length / 1000);
		y += sine * (length / 1000);
	}
	return synth_angle(x, y) / 4;
}

/* A junction of three on the ring near the line is aimed at, so that streets go on across. */
static int64_t aim(const struct plane *plane, const struct style *style, struct unit unit, int64_t at)
{
	int64_t best = at, best_off = style->snap_mm * 3 / 2;
	for (size_t i = 0; i < plane->n_ring; i++) {
		uint32_t vertex = plane->halves[plane->ring[i]].tail;
		int64_t place = along(unit, plane->vertices[vertex].point), off = place > at ? place - at : at - place;
		if (off >= best_off || degree(plane, vertex) != 3)
			continue;
		best = place;
		best_off = off;
	}
	return best;
}

/* Cuts the loaded face across its longer side; later attempts look along the other side and take sharper corners. */
static int try_cut(struct synth *synth, uint32_t face, const struct style *style, int64_t area2, int attempt)
{
	struct plane *plane = &synth->plane;
	uint8_t face_kind = plane->faces[face].kind;
	int64_t low, other_low;
	uint32_t angle = orientation(plane) + (uint32_t)rng_between(&synth->rng, -(int64_t)style->slant, style->slant);
	struct unit unit = unit_of(angle), other = unit_of(angle + DEGREES(90));
	int64_t width = extent(plane, unit, &low), other_width = extent(plane, other, &other_low);
	if ((other_width > width) != (attempt >= 8)) {
		unit = other;
		width = other_width;
		low = other_low;
	}
	if (width < 2 * style->width_mm)
		return 0;
	int64_t ideal = (int64_t)geo_sqrt((uint64_t)style->block_m2) * 1000;
	int64_t n = (width + ideal / 2) / ideal;
	n = n < 2 ? 2 : n;
	int64_t k = n / 2 + (n % 2 && rng_chance(&synth->rng, 500));
	int64_t spread = ideal * style->spread * (2 + attempt) / 2048;
	int64_t at = low + width * k / n + rng_between(&synth->rng, -spread, spread);
	struct cut cut;
	if (attempt % 2 == 0)
		at = aim(plane, style, unit, at);
	if (!cut_find(plane, style, unit, at, attempt < 6 ? 760 : 600, &cut) ||
	    (cut.vertex[0] != NONE && cut.vertex[0] == cut.vertex[1]))
		return 0;
	int64_t share = cut_share(plane, &cut, area2);
	if (share < 200 || share > 824)
		return 0;
	cut_apply(synth, face, &cut, kind_of_cut(style, face_kind, area2));
	return 1;
}

static void split(struct synth *synth, uint32_t face)
{
	struct plane *plane = &synth->plane;
	const struct style *style = &styles[plane->faces[face].kind];
	for (;;) {
		plane_load(plane, face);
		int64_t area2 = plane_area2(plane);
		int64_t wanted = style->block_m2 * rng_between(&synth->rng, 900, 1900) * 2000;
		int is_cut = 0;
		for (int i = 0; area2 > wanted && i < 12 && !is_cut; i++)
			is_cut = try_cut(synth, face, style, area2, i);
		if (!is_cut)
			return;
	}
}

/* --- inside the blocks --- */

static void spur_add(struct synth *synth, uint32_t from, uint32_t to, uint8_t kind, uint8_t zone, uint32_t street)
{
	struct synth_link link = {
		.from = from, .to = to, .street = street, .kind = kind, .zone = zone, .flags = STREET_SPUR};
	SYNTH_PUSH(synth, synth->spurs, synth->n_spurs, synth->cap_spurs, link);
}

/* The longest edge with a street, or NONE. */
static uint32_t longest_edge(const struct plane *plane)
{
	uint32_t best = NONE;
	int64_t best_length = 0;
	for (size_t i = 0; i < plane->n_ring; i++) {
		const struct plane_edge *edge = &plane->edges[plane->ring[i] / 2];
		int64_t length = plane_length(plane, plane->ring[i]);
		if (edge->kind < STREET_TERTIARY || edge->flags || length <= best_length)
			continue;
		best = plane->ring[i];
		best_length = length;
	}
	return best;
}

static struct plane_point towards(struct plane_point a, struct plane_point b, int64_t part)
{
	return (struct plane_point){a.x + (b.x - a.x) * part / 1024, a.y + (b.y - a.y) * part / 1024};
}

/* The vertex of the loaded face farthest from a point: where a footpath comes out. */
static uint32_t farthest_vertex(const struct plane *plane, struct plane_point from)
{
	uint32_t best = NONE;
	int64_t best_away = -1;
	for (size_t i = 0; i < plane->n_ring; i++) {
		uint32_t vertex = plane->halves[plane->ring[i]].tail;
		int64_t away = plane_distance(plane->vertices[vertex].point, from);
		if (away > best_away && degree(plane, vertex) >= 2) {
			best = vertex;
			best_away = away;
		}
	}
	return best;
}

/* A cul-de-sac from the middle of the longest side inward, sometimes with a footpath on. */
static void spur(struct synth *synth, uint32_t face)
{
	struct plane *plane = &synth->plane;
	plane_load(plane, face);
	uint32_t half = longest_edge(plane);
	struct plane_point centre = plane_centre(plane);
	if (half == NONE || plane_length(plane, half) < METRES(70))
		return;
	struct plane_point middle =
		towards(plane_tail(plane, half), plane_head(plane, half), rng_between(&synth->rng, 430, 600));
	struct plane_point end = towards(middle, centre, rng_between(&synth->rng, 900, 1200));
	if (plane_distance(middle, end) < METRES(28))
		return;
	uint8_t zone = plane->faces[face].kind;
	uint32_t start = plane_cut(plane, half, middle), tip = plane_vertex_add(plane, end),
		 street = synth->n_streets++;
	uint8_t kind = zone == FACE_INDUSTRY	      ? STREET_UNCLASSIFIED
		       : rng_chance(&synth->rng, 300) ? STREET_LIVING
						      : STREET_RESIDENTIAL;
	spur_add(synth, start, tip, kind, zone, street);
	if (zone == FACE_INDUSTRY || !rng_chance(&synth->rng, 450))
		return;
	plane_load(plane, face);
	uint32_t out = farthest_vertex(plane, middle);
	if (out != NONE && out != start)
		spur_add(synth, tip, out, STREET_FOOT, zone, NONE);
}

/* A green block with a path across. */
static void park(struct synth *synth, uint32_t face)
{
	struct plane *plane = &synth->plane;
	struct plane_point points[64];
	plane_load(plane, face);
	if (plane->n_ring > COUNT_OF(points) || plane->n_ring < 3)
		return;
	struct plane_point centre = plane_centre(plane);
	for (size_t i = 0; i < plane->n_ring; i++) {
		struct plane_point corner = plane_tail(plane, plane->ring[i]);
		int64_t away = plane_distance(corner, centre);
		points[i] = towards(corner, centre, away > METRES(40) ? METRES(11) * 1024 / away : 300);
	}
	synth_area_add(synth, "leisure", "park", "", points, plane->n_ring);
	uint32_t a = farthest_vertex(plane, centre);
	if (a == NONE)
		return;
	uint32_t b = farthest_vertex(plane, plane->vertices[a].point);
	plane->faces[face].kind = FACE_PARK;
	if (b == NONE || a == b)
		return;
	uint32_t middle = plane_vertex_add(plane, centre);
	spur_add(synth, a, middle, STREET_FOOT, FACE_PARK, NONE);
	spur_add(synth, middle, b, STREET_FOOT, FACE_PARK, NONE);
}

void synth_blocks(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	uint32_t n_districts = (uint32_t)plane->n_faces;
	for (uint32_t face = 0; face < n_districts; face++) {
		uint8_t kind = plane->faces[face].kind;
		if (kind < FACE_VILLAGE || kind > FACE_INDUSTRY)
			continue;
		split(synth, face);
	}
	/* Each cut leaves a new face with the rest: they follow behind and are cut in turn. */
	for (uint32_t face = n_districts; face < plane->n_faces; face++)
		split(synth, face);
	for (uint32_t face = 0; face < plane->n_faces; face++) {
		uint8_t kind = plane->faces[face].kind;
		if (kind < FACE_VILLAGE || kind > FACE_INDUSTRY)
			continue;
		if (rng_chance(&synth->rng, styles[kind].parks))
			park(synth, face);
		else if (rng_chance(&synth->rng, styles[kind].spurs))
			spur(synth, face);
	}
}
