/* The large shape: radial roads from the market, rings, river and railway as bands across, villages on the roads out.
 */
#include "synth_town.h"

static int64_t between(struct synth *synth, int64_t low, int64_t high)
{
	return rng_between(&synth->rng, low, high);
}

static uint32_t log2_of(uint32_t n)
{
	return 31u - (uint32_t)__builtin_clz(n);
}

/* People per square kilometre grow with the town. */
static void sizes(struct synth *synth)
{
	uint32_t inhabitants = synth->options->inhabitants;
	int64_t density = 1500 + 220 * (int64_t)log2_of(inhabitants / 1000);
	int64_t square_mm = (int64_t)inhabitants * 1000000 / density * 1000000 / 3142 * 1000;
	synth->radius = (int64_t)geo_sqrt((uint64_t)square_mm);
	synth->old_radius = METRES(230) + synth->radius / 26;
	synth->reach = synth->radius + METRES(2600) + synth->radius / 3;
	int64_t river = synth->old_radius + METRES(110) + synth->radius / 9;
	int64_t rail = synth->old_radius + METRES(200) + synth->radius / 11;
	synth->river_low = -river - METRES(22) - synth->radius / 300;
	synth->river_high = -river;
	synth->rail_low = rail;
	synth->rail_high = rail + METRES(26);
	synth->station_x = between(synth, -synth->radius / 8, synth->radius / 8);
	synth->n_south = inhabitants < 15000 ? 2 : inhabitants < 80000 ? 3 : 4;
	synth->n_radials = 2 + 2 * synth->n_south;
	int64_t step = METRES(420) + synth->radius / 14;
	synth->n_rings = (uint32_t)((synth->radius - synth->old_radius + step / 2) / step) + 1;
	if (synth->n_rings < 2)
		synth->n_rings = 2;
	if (synth->n_rings > RINGS_MAX)
		synth->n_rings = RINGS_MAX;
}

static void waves(struct synth *synth)
{
	const int64_t lengths[WAVES] = {METRES(3200) + synth->radius * 3 / 2, METRES(1150), METRES(340)};
	const int64_t slope_divisor[WAVES] = {26, 27, 48}; /* size = length / divisor: slopes 0.24, 0.23, 0.13 */
	for (int i = 0; i < WAVES; i++) {
		struct synth_wave *wave = &synth->waves[i];
		wave->length_mm = lengths[i];
		wave->size_mm = lengths[i] / slope_divisor[i];
		for (int axis = 0; axis < 2; axis++) {
			wave->direction[axis] = (uint32_t)rng_next(&synth->rng);
			wave->phase[axis] = (uint32_t)rng_next(&synth->rng);
		}
	}
	synth->turn = (uint32_t)rng_next(&synth->rng);
}

static void outline(struct synth *synth)
{
	struct plane_point points[24];
	for (uint32_t i = 0; i < COUNT_OF(points); i++)
		points[i] = synth_polar(i * DEGREES(15), synth->reach);
	plane_start(&synth->plane, points, COUNT_OF(points));
}

/* Directions counter-clockwise from the east: one to the railway's eastern end, some north, the western one, some
 * south. */
static void radial_directions(struct synth *synth)
{
	uint32_t n_north = synth->n_radials - 2 - synth->n_south, n = 0;
	int64_t end = synth->radius + METRES(1500);
	uint32_t east = synth_angle(end, synth->rail_low), west = synth_angle(-end, synth->rail_low);
	synth->radial[n++] = (struct plane_point){end, synth->rail_low};
	for (uint32_t i = 0; i < n_north; i++) {
		uint32_t step = (west - east) / (n_north + 1);
		uint32_t angle =
			east + step * (i + 1) + (uint32_t)between(synth, -(int64_t)step / 7, (int64_t)step / 7);
		synth->radial[n++] = synth_polar(angle, end);
	}
	synth->radial[n++] = (struct plane_point){-end, synth->rail_low};
	for (uint32_t i = 0; i < synth->n_south; i++) {
		uint32_t step = DEGREES(130) / synth->n_south;
		uint32_t angle = DEGREES(205) + step / 2 + step * i +
				 (uint32_t)between(synth, -(int64_t)step / 6, (int64_t)step / 6);
		synth->radial[n++] = synth_polar(angle, end);
	}
}

/* Where the ray from the origin leaves the outline: a new vertex there. */
static uint32_t outline_cut(struct synth *synth, struct plane_point direction)
{
	struct plane *plane = &synth->plane;
	for (uint32_t half = 0; half < plane->n_halves; half += 2) {
		struct plane_point a = plane_tail(plane, half), b = plane_head(plane, half);
		if (plane->halves[half ^ 1].face != NONE)
			continue;
		int64_t side_a = (direction.x >> 8) * (a.y >> 8) - (direction.y >> 8) * (a.x >> 8);
		int64_t side_b = (direction.x >> 8) * (b.y >> 8) - (direction.y >> 8) * (b.x >> 8);
		int64_t ahead = (direction.x >> 8) * (a.x >> 8) + (direction.y >> 8) * (a.y >> 8);
		if (side_a >= 0 || side_b < 0 || ahead < 0)
			continue;
		int64_t part = side_a * -1024 / (side_b - side_a);
		return plane_cut(
			plane, half,
			(struct plane_point){a.x + (b.x - a.x) * part / 1024, a.y + (b.y - a.y) * part / 1024});
	}
	return 0;
}

static void radials(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	uint32_t ends[RADIALS_MAX];
	for (uint32_t i = 0; i < synth->n_radials; i++) {
		ends[i] = outline_cut(synth, synth->radial[i]);
		synth->radial_street[i] = synth->n_streets++;
	}
	struct plane_edge edge = {STREET_PRIMARY, 0, synth->radial_street[0]};
	uint32_t across = synth->n_radials / 2;
	uint32_t first = plane_connect(plane, ends[0], ends[across], edge);
	synth->centre = plane_cut(plane, 2 * first, (struct plane_point){0, 0});
	plane->edges[plane->n_edges - 1].street = synth->radial_street[across];
	for (uint32_t i = 1; i < synth->n_radials; i++) {
		edge.street = synth->radial_street[i];
		if (i != across)
			plane_connect(plane, synth->centre, ends[i], edge);
	}
}

/* The edge of radial i from the centre outward whose far end lies beyond `distance`. */
static uint32_t radial_half(const struct synth *synth, uint32_t i, int64_t distance)
{
	const struct plane *plane = &synth->plane;
	for (uint32_t half = 0; half < plane->n_halves; half++) {
		if (plane->edges[half / 2].street != synth->radial_street[i])
			continue;
		int64_t near = plane_distance(plane_tail(plane, half), (struct plane_point){0, 0});
		int64_t far = plane_distance(plane_head(plane, half), (struct plane_point){0, 0});
		if (near < distance && far > distance)
			return half;
	}
	return NONE;
}

static uint32_t radial_cut(struct synth *synth, uint32_t i, int64_t distance)
{
	struct plane *plane = &synth->plane;
	uint32_t half = radial_half(synth, i, distance);
	if (half == NONE)
		return NONE;
	struct plane_point end = plane_head(plane, half);
	int64_t far = plane_distance(end, (struct plane_point){0, 0});
	return plane_cut(
		plane, half,
		(struct plane_point){end.x * (distance >> 8) / (far >> 8), end.y * (distance >> 8) / (far >> 8)});
}

/* One ring: a vertex on each radial, joined over a middle that bulges outward. Spokes join the middles of two rings. */
static void ring(struct synth *synth, uint32_t k, uint32_t *middles)
{
	struct plane *plane = &synth->plane;
	uint32_t at[RADIALS_MAX], n = synth->n_radials, street = synth->n_streets++;
	synth->ring_street[k] = street;
	int64_t step = (synth->radius - synth->old_radius) / (synth->n_rings - 1), base = synth->old_radius + step * k;
	int64_t swing = k == 0 ? base / 14 : step / 7;
	for (uint32_t i = 0; i < n; i++)
		at[i] = radial_cut(synth, i, base + between(synth, -swing, swing));
	for (uint32_t i = 0; i < n; i++) {
		struct plane_edge edge = {k % 3 == 0 ? STREET_SECONDARY : STREET_TERTIARY, 0, street};
		if (k + 1 == synth->n_rings && rng_chance(&synth->rng, 400)) /* the town ends without a road around */
			edge.kind = STREET_NONE;
		uint32_t made = plane_connect(plane, at[i], at[(i + 1) % n], edge);
		struct plane_point a = plane->vertices[at[i]].point, b = plane->vertices[at[(i + 1) % n]].point;
		struct plane_point half_way = {(a.x + b.x) / 2, (a.y + b.y) / 2};
		int64_t wanted = (plane_distance(a, (struct plane_point){0, 0}) +
				  plane_distance(b, (struct plane_point){0, 0})) /
					 2 +
				 between(synth, -swing / 2, swing / 2);
		int64_t now = plane_distance(half_way, (struct plane_point){0, 0});
		if (wanted < now + METRES(5))
			wanted = now + METRES(5);
		uint32_t middle = plane_cut(plane, 2 * made,
					    (struct plane_point){half_way.x * (wanted >> 8) / (now >> 8),
								 half_way.y * (wanted >> 8) / (now >> 8)});
		if (k > 0)
			plane_connect(plane, middles[i], middle,
				      (struct plane_edge){STREET_TERTIARY, 0, synth->n_streets++});
		middles[i] = middle;
	}
}

static int in_band(const struct plane *plane, int64_t low, int64_t high)
{
	for (size_t i = 0; i < plane->n_ring; i++) {
		int64_t y = plane_tail(plane, plane->ring[i]).y;
		if (y < low || y > high)
			return 0;
	}
	return 1;
}

/* Faces by where they lie; the bands of river and railway first. */
static void classify(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	for (uint32_t face = 0; face < plane->n_faces; face++) {
		plane_load(plane, face);
		int64_t farthest = 0;
		for (size_t i = 0; i < plane->n_ring; i++) {
			int64_t away = plane_distance(plane_tail(plane, plane->ring[i]), (struct plane_point){0, 0});
			farthest = away > farthest ? away : farthest;
		}
		int64_t away = plane_distance(plane_centre(plane), (struct plane_point){0, 0});
		uint8_t kind = away < synth->old_radius		? FACE_OLD
			       : away < synth->radius * 11 / 20 ? FACE_INNER
								: FACE_SUBURB;
		if (farthest > synth->radius * 5 / 4)
			kind = FACE_COUNTRY;
		if (in_band(plane, synth->river_low, synth->river_high))
			kind = FACE_RIVER;
		if (in_band(plane, synth->rail_low, synth->rail_high))
			kind = FACE_RAIL;
		plane->faces[face].kind = kind;
	}
}

static uint8_t face_kind(const struct plane *plane, uint32_t half)
{
	uint32_t face = plane->halves[half].face;
	return face == NONE ? FACE_COUNTRY : plane->faces[face].kind;
}

static int is_built(uint8_t kind)
{
	return kind == FACE_OLD || kind == FACE_INNER || kind == FACE_SUBURB || kind == FACE_INDUSTRY;
}

/* What happens to the edges inside and beside the bands: only the radials pass the river, on bridges; the railway is
 * passed below within the town, on the level outside. Streets run along both where the town touches them. */
static void bands(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	for (uint32_t edge = 0; edge < plane->n_edges; edge++) {
		uint8_t left = face_kind(plane, 2 * edge), right = face_kind(plane, 2 * edge + 1);
		struct plane_edge *it = &plane->edges[edge];
		if (left == FACE_RIVER && right == FACE_RIVER) {
			if (it->kind == STREET_PRIMARY)
				it->flags = STREET_BRIDGE;
			else
				it->kind = STREET_NONE;
		} else if (left == FACE_RAIL && right == FACE_RAIL) {
			int64_t away = plane_distance(plane_tail(plane, 2 * edge), (struct plane_point){0, 0});
			if (it->kind != STREET_NONE)
				it->flags = away > synth->radius ? STREET_LEVEL_CROSSING : STREET_TUNNEL;
		} else if (left == FACE_RIVER || right == FACE_RIVER || left == FACE_RAIL || right == FACE_RAIL) {
			if (is_built(left) || is_built(right))
				it->kind = STREET_RESIDENTIAL;
		}
	}
}

static void banks(struct synth *synth)
{
	const int64_t heights[4] = {synth->river_low, synth->river_high, synth->rail_low, synth->rail_high};
	for (int i = 0; i < 4; i++) {
		synth->bank_street[i] = synth->n_streets++;
		plane_line(&synth->plane, heights[i], (struct plane_edge){STREET_NONE, 0, synth->bank_street[i]});
	}
}

/* Works lie beyond the railway, on the outer rings. */
static void industry(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	uint32_t left = 1 + synth->options->inhabitants / 60000;
	uint32_t start = rng_below(&synth->rng, (uint32_t)plane->n_faces);
	for (uint32_t i = 0; i < plane->n_faces && left > 0; i++) {
		uint32_t face = (start + i * 7 + i / 11) % (uint32_t)plane->n_faces;
		if (plane->faces[face].kind != FACE_SUBURB)
			continue;
		plane_load(plane, face);
		struct plane_point centre = plane_centre(plane);
		int64_t away = plane_distance(centre, (struct plane_point){0, 0});
		if (centre.y < synth->rail_high || away < synth->radius * 3 / 5 ||
		    plane_area2(plane) < SQUARE_METRES(160000))
			continue;
		plane->faces[face].kind = FACE_INDUSTRY;
		left--;
	}
}

/* --- villages --- */

struct bulge {		/* one side of a village; NONE = nothing there */
	uint32_t top;	/* its vertex farthest from the road */
	uint32_t near;	/* its corner towards the town */
	uint32_t entry; /* the edge from there to the road */
};
struct bulges {
	struct bulge left, right; /* looking out of the town */
};

/* A bulge beside the road from p to q: the chord is bent into a half octagon, its top joined to the road's middle. */
static struct bulge village_half(struct synth *synth, uint32_t p, uint32_t middle, uint32_t q, int64_t depth,
				 int to_left)
{
	struct plane *plane = &synth->plane;
	struct plane_point a = plane->vertices[p].point, b = plane->vertices[q].point;
	int64_t length = plane_distance(a, b), side = to_left ? depth : -depth;
	struct plane_point out = {-(b.y - a.y) * (side >> 4) / (length >> 4),
				  (b.x - a.x) * (side >> 4) / (length >> 4)};
	uint32_t along = NONE; /* the half of the road that has this side's face to its left, from p or from q */
	uint32_t first = to_left ? p : q, last = to_left ? q : p;
	uint32_t start = plane->vertices[first].half, half = start;
	do {
		if (plane->halves[half ^ 1].tail == middle)
			along = half;
		half = plane->halves[half ^ 1].next;
	} while (half != start);
	uint32_t face = along == NONE ? NONE : plane->halves[along].face;
	if (face == NONE || plane->faces[face].kind != FACE_COUNTRY || plane_half_at(plane, face, last) == NONE)
		return (struct bulge){NONE, NONE, NONE};
	/* joining last -> first leaves the part beside the road to the left of the new edge, which keeps the old number
	 */
	uint32_t edge = plane_join(plane, plane_half_at(plane, face, last), along, (struct plane_edge){.street = NONE});
	plane->faces[face].kind = FACE_VILLAGE;
	struct plane_point from = plane->vertices[last].point, to = plane->vertices[first].point;
	static const int64_t parts[3][2] = {{160, 700}, {512, 1024}, {864, 700}}; /* along, out; per 1024 */
	uint32_t corners[3];
	half = 2 * edge;
	for (int i = 0; i < 3; i++) {
		struct plane_point point = {from.x + (to.x - from.x) * parts[i][0] / 1024 + out.x * parts[i][1] / 1024,
					    from.y + (to.y - from.y) * parts[i][0] / 1024 + out.y * parts[i][1] / 1024};
		corners[i] = plane_cut(plane, half, point);
		half = (uint32_t)plane->n_halves - 2;
	}
	plane_connect(plane, corners[1], middle, (struct plane_edge){STREET_RESIDENTIAL, 0, synth->n_streets++});
	return (struct bulge){corners[1], corners[to_left ? 2 : 0], to_left ? half / 2 : edge};
}

static int near_band(int64_t y, int64_t low, int64_t high)
{
	return y > low - METRES(500) && y < high + METRES(500);
}

static struct bulges village(struct synth *synth, uint32_t i, int64_t distance)
{
	struct bulges bulges = {{NONE, NONE, NONE}, {NONE, NONE, NONE}};
	int64_t half_length = between(synth, METRES(190), METRES(330));
	uint32_t middle = radial_cut(synth, i, distance);
	if (middle == NONE)
		return bulges;
	struct plane_point at = synth->plane.vertices[middle].point;
	int is_by_rail = near_band(at.y, synth->rail_low, synth->rail_high);
	if (near_band(at.y, synth->river_low, synth->river_high))
		return bulges;
	uint32_t p = radial_cut(synth, i, distance - half_length), q = radial_cut(synth, i, distance + half_length);
	if (p == NONE || q == NONE)
		return bulges;
	/* Beside the railway only the side turned away from it is built on. */
	int may_left = !is_by_rail || (at.x > 0) == (at.y > synth->rail_high);
	int may_right = !is_by_rail || (at.x > 0) != (at.y > synth->rail_high);
	if (may_left)
		bulges.left = village_half(synth, p, middle, q, between(synth, METRES(150), METRES(300)), 1);
	if (may_right)
		bulges.right = village_half(synth, p, middle, q, between(synth, METRES(150), METRES(300)), 0);
	if (synth->n_villages < VILLAGES_MAX && (bulges.left.top != NONE || bulges.right.top != NONE))
		synth->villages[synth->n_villages++] = (struct synth_village){.radial = i, .point = at};
	return bulges;
}

/* A quiet road besides the fast one: from the edge of the town to the village's corner and on to its first houses. */
static int quiet_road(struct synth *synth, struct bulge bulge, uint32_t edge_of_town)
{
	struct plane *plane = &synth->plane;
	struct plane_edge edge = {STREET_UNCLASSIFIED, 0, synth->n_streets};
	if (bulge.near == NONE || plane_connect(plane, bulge.near, edge_of_town, edge) == NONE)
		return 0;
	plane->edges[bulge.entry] = edge;
	synth->n_streets++;
	return 1;
}

/* One or two on each road, and some roads from one to the next. */
static void villages(struct synth *synth, const uint32_t *middles)
{
	struct bulges bulges[RADIALS_MAX];
	uint32_t n = synth->n_radials;
	int64_t room = synth->reach - synth->radius;
	for (uint32_t i = 0; i < n; i++) {
		/* the two roads to the railway have theirs just before it */
		int is_by_rail = i == 0 || i == n - 1 - synth->n_south;
		int64_t further = is_by_rail ? METRES(100) : between(synth, 0, room / 6);
		bulges[i] = village(synth, i, synth->radius + METRES(1000) + further);
		if (!quiet_road(synth, bulges[i].left, middles[i]))
			quiet_road(synth, bulges[i].right, middles[(i + n - 1) % n]);
		if (room > METRES(4200))
			village(synth, i, synth->reach - METRES(800) - between(synth, 0, room / 5));
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t next = (i + 1) % n;
		if (bulges[i].left.top != NONE && bulges[next].right.top != NONE && rng_chance(&synth->rng, 750))
			plane_connect(&synth->plane, bulges[i].left.top, bulges[next].right.top,
				      (struct plane_edge){STREET_SECONDARY, 0, synth->n_streets++});
	}
}

/* Within the old town the radials are lanes, but for one way through from north to south. */
static void old_town(struct synth *synth)
{
	struct plane *plane = &synth->plane;
	uint32_t through[2] = {1, synth->n_radials / 2 + 1};
	for (uint32_t edge = 0; edge < plane->n_edges; edge++) {
		if (plane->edges[edge].kind != STREET_PRIMARY || face_kind(plane, 2 * edge) != FACE_OLD ||
		    face_kind(plane, 2 * edge + 1) != FACE_OLD)
			continue;
		int is_through = plane->edges[edge].street == synth->radial_street[through[0]] ||
				 plane->edges[edge].street == synth->radial_street[through[1]];
		plane->edges[edge].kind = is_through ? STREET_TERTIARY : STREET_RESIDENTIAL;
	}
}

void synth_layout(struct synth *synth)
{
	uint32_t middles[RADIALS_MAX];
	sizes(synth);
	waves(synth);
	outline(synth);
	radial_directions(synth);
	radials(synth);
	for (uint32_t k = 0; k < synth->n_rings; k++)
		ring(synth, k, middles);
	banks(synth);
	classify(synth);
	bands(synth);
	old_town(synth);
	industry(synth);
	villages(synth, middles);
}
