#include "synth_plane.h"

#include <stdlib.h>

#include "geo.h"
#include "synth_town.h"

int64_t plane_distance(struct plane_point a, struct plane_point b)
{
	int64_t dx = a.x - b.x, dy = a.y - b.y;
	return (int64_t)geo_sqrt((uint64_t)(dx * dx) + (uint64_t)(dy * dy));
}

struct plane_point plane_tail(const struct plane *plane, uint32_t half)
{
	return plane->vertices[plane->halves[half].tail].point;
}

struct plane_point plane_head(const struct plane *plane, uint32_t half)
{
	return plane_tail(plane, half ^ 1);
}

int64_t plane_length(const struct plane *plane, uint32_t half)
{
	return plane_distance(plane_tail(plane, half), plane_head(plane, half));
}

uint32_t plane_vertex_add(struct plane *plane, struct plane_point point)
{
	SYNTH_PUSH(plane->synth, plane->vertices, plane->n_vertices, plane->cap_vertices,
		   (struct plane_vertex){point, NONE});
	return (uint32_t)plane->n_vertices - 1;
}

/* Two half-edges without neighbours yet. Returns the one from a. */
static uint32_t edge_add(struct plane *plane, uint32_t a, uint32_t b, struct plane_edge edge)
{
	SYNTH_PUSH(plane->synth, plane->edges, plane->n_edges, plane->cap_edges, edge);
	SYNTH_PUSH(plane->synth, plane->halves, plane->n_halves, plane->cap_halves,
		   (struct plane_half){a, NONE, NONE, NONE});
	SYNTH_PUSH(plane->synth, plane->halves, plane->n_halves, plane->cap_halves,
		   (struct plane_half){b, NONE, NONE, NONE});
	return (uint32_t)plane->n_halves - 2;
}

static void link_halves(struct plane *plane, uint32_t first, uint32_t second)
{
	plane->halves[first].next = second;
	plane->halves[second].previous = first;
}

void plane_start(struct plane *plane, const struct plane_point *points, uint32_t n)
{
	SYNTH_PUSH(plane->synth, plane->faces, plane->n_faces, plane->cap_faces, (struct plane_face){.half = 0});
	for (uint32_t i = 0; i < n; i++)
		plane_vertex_add(plane, points[i]);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t half = edge_add(plane, i, (i + 1) % n, (struct plane_edge){.street = NONE});
		plane->halves[half].face = 0;
		plane->vertices[i].half = half;
	}
	for (uint32_t i = 0; i < n; i++) {
		link_halves(plane, 2 * i, 2 * ((i + 1) % n));
		link_halves(plane, 2 * ((i + 1) % n) + 1, 2 * i + 1);
	}
}

uint32_t plane_cut(struct plane *plane, uint32_t half, struct plane_point point)
{
	uint32_t twin = half ^ 1, end = plane->halves[twin].tail;
	uint32_t vertex = plane_vertex_add(plane, point);
	uint32_t added = edge_add(plane, vertex, end, plane->edges[half / 2]);
	plane->halves[added].face = plane->halves[half].face;
	plane->halves[added ^ 1].face = plane->halves[twin].face;
	link_halves(plane, added, plane->halves[half].next);
	link_halves(plane, half, added);
	link_halves(plane, plane->halves[twin].previous, added ^ 1);
	link_halves(plane, added ^ 1, twin);
	plane->halves[twin].tail = vertex;
	plane->vertices[vertex].half = added;
	plane->vertices[end].half = added ^ 1;
	return vertex;
}

uint32_t plane_join(struct plane *plane, uint32_t a, uint32_t b, struct plane_edge edge)
{
	uint32_t face = plane->halves[a].face;
	uint32_t before_a = plane->halves[a].previous, before_b = plane->halves[b].previous;
	struct plane_face made = plane->faces[face];
	uint32_t half = edge_add(plane, plane->halves[a].tail, plane->halves[b].tail, edge);
	link_halves(plane, before_a, half);
	link_halves(plane, half, b);
	link_halves(plane, before_b, half ^ 1);
	link_halves(plane, half ^ 1, a);
	plane->halves[half].face = face;
	plane->faces[face].half = half;
	made.half = half ^ 1;
	SYNTH_PUSH(plane->synth, plane->faces, plane->n_faces, plane->cap_faces, made);
	uint32_t at = half ^ 1;
	do {
		plane->halves[at].face = (uint32_t)plane->n_faces - 1;
		at = plane->halves[at].next;
	} while (at != (half ^ 1));
	return half / 2;
}

uint32_t plane_half_at(const struct plane *plane, uint32_t face, uint32_t vertex)
{
	uint32_t first = plane->vertices[vertex].half, half = first;
	do {
		if (plane->halves[half].face == face)
			return half;
		half = plane->halves[half ^ 1].next;
	} while (half != first);
	return NONE;
}

uint32_t plane_connect(struct plane *plane, uint32_t a, uint32_t b, struct plane_edge edge)
{
	uint32_t first = plane->vertices[a].half, half = first, found = NONE;
	do {
		if (plane->halves[half ^ 1].tail == b)
			return NONE;
		uint32_t face = plane->halves[half].face;
		if (found == NONE && face != NONE && plane_half_at(plane, face, b) != NONE)
			found = half;
		half = plane->halves[half ^ 1].next;
	} while (half != first);
	if (found == NONE)
		return NONE;
	return plane_join(plane, found, plane_half_at(plane, plane->halves[found].face, b), edge);
}

static struct plane_point crossing(struct plane_point a, struct plane_point b, int64_t y)
{
	return (struct plane_point){a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y), y};
}

static int order_by_x(const void *first, const void *second, void *context)
{
	const struct plane *plane = context;
	uint32_t a = *(const uint32_t *)first, b = *(const uint32_t *)second;
	int64_t a_x = plane->vertices[a].point.x, b_x = plane->vertices[b].point.x;
	if (a_x != b_x)
		return a_x < b_x ? -1 : 1;
	return a < b ? -1 : a > b;
}

void plane_line(struct plane *plane, int64_t y, struct plane_edge edge)
{
	for (uint32_t half = 0; half < plane->n_halves; half += 2) {
		struct plane_point a = plane_tail(plane, half), b = plane_head(plane, half);
		if ((a.y < y && b.y > y) || (a.y > y && b.y < y))
			plane_cut(plane, half, crossing(a, b, y));
	}
	plane->n_scratch = 0;
	for (uint32_t vertex = 0; vertex < plane->n_vertices; vertex++)
		if (plane->vertices[vertex].point.y == y && plane->vertices[vertex].half != NONE)
			SYNTH_PUSH(plane->synth, plane->scratch, plane->n_scratch, plane->cap_scratch, vertex);
	qsort_r(plane->scratch, plane->n_scratch, sizeof *plane->scratch, order_by_x, plane);
	for (size_t i = 0; i + 1 < plane->n_scratch; i++)
		plane_connect(plane, plane->scratch[i], plane->scratch[i + 1], edge);
}

void plane_load(struct plane *plane, uint32_t face)
{
	uint32_t first = plane->faces[face].half, half = first;
	plane->n_ring = 0;
	do {
		SYNTH_PUSH(plane->synth, plane->ring, plane->n_ring, plane->cap_ring, half);
		half = plane->halves[half].next;
	} while (half != first);
}

int64_t plane_area2(const struct plane *plane)
{
	struct plane_point origin = plane_tail(plane, plane->ring[0]);
	int64_t sum = 0;
	for (size_t i = 0; i < plane->n_ring; i++) {
		struct plane_point a = plane_tail(plane, plane->ring[i]), b = plane_head(plane, plane->ring[i]);
		sum += (a.x - origin.x) * (b.y - origin.y) - (b.x - origin.x) * (a.y - origin.y);
	}
	return sum;
}

/* Mean of the edges' middles weighted by length: good enough for convex faces, and no overflow. */
struct plane_point plane_centre(const struct plane *plane)
{
	struct plane_point origin = plane_tail(plane, plane->ring[0]);
	int64_t x = 0, y = 0, weight = 0;
	for (size_t i = 0; i < plane->n_ring; i++) {
		struct plane_point a = plane_tail(plane, plane->ring[i]), b = plane_head(plane, plane->ring[i]);
		int64_t length = plane_distance(a, b) / 1000 + 1;
		x += (a.x + b.x - 2 * origin.x) / 2 * length;
		y += (a.y + b.y - 2 * origin.y) / 2 * length;
		weight += length;
	}
	return (struct plane_point){origin.x + x / weight, origin.y + y / weight};
}
