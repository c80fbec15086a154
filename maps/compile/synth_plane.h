/* The generated town's plan: a planar map of straight edges (doubly connected edge list) that starts as one face and is
 * only ever cut, so no two streets can cross without a vertex. Integers of mm in the plan's own frame. Private to
 * synth*.c. */
#ifndef ZUB_SYNTH_PLANE_H
#define ZUB_SYNTH_PLANE_H

#include "units.h"
#include <stddef.h>
#include <stdint.h>

struct synth;

struct plane_point {
	int64_t x, y;
};
struct plane_vertex {
	struct plane_point point;
	uint32_t half; /* one that starts here; NONE for ends of spurs, which lie inside a face */
};
struct plane_half { /* half-edge; its twin is index ^ 1, its edge index / 2; the face lies to its left */
	uint32_t tail, next, previous, face;
};
struct plane_edge {
	uint8_t kind;  /* enum street_kind */
	uint8_t flags; /* enum street_flag */
	uint32_t street;
};
struct plane_face {
	uint32_t half;
	uint8_t kind; /* enum face_kind */
};

struct plane {
	struct synth *synth; /* for memory */
	struct plane_vertex *vertices;
	struct plane_half *halves;
	struct plane_edge *edges;
	struct plane_face *faces;
	size_t n_vertices, n_halves, n_edges, n_faces, cap_vertices, cap_halves, cap_edges, cap_faces;
	uint32_t *ring; /* half-edges of the face loaded last */
	size_t n_ring, cap_ring;
	uint32_t *scratch;
	size_t n_scratch, cap_scratch;
};

/* One face inside the ring of n points (counter-clockwise), NONE outside. */
void plane_start(struct plane *plane, const struct plane_point *points, uint32_t n);
/* A loose vertex. */
uint32_t plane_vertex_add(struct plane *plane, struct plane_point point);
/* Puts a vertex on the edge of `half`; `half` then ends there. Returns the vertex. */
uint32_t plane_cut(struct plane *plane, uint32_t half, struct plane_point point);
/* An edge from the tail of `a` to the tail of `b`, both of one face, which it splits: the old face keeps the part left
 * of the new edge (after b), the new one has the same attributes. Returns the edge; its half 2 * edge runs from a to b.
 */
uint32_t plane_join(struct plane *plane, uint32_t a, uint32_t b, struct plane_edge edge);
/* The half-edge of `face` that starts at `vertex`, or NONE. */
uint32_t plane_half_at(const struct plane *plane, uint32_t face, uint32_t vertex);
/* Joins two vertices through the face they share (the one other than outside); NONE when there is none or they are
 * neighbours already. */
uint32_t plane_connect(struct plane *plane, uint32_t a, uint32_t b, struct plane_edge edge);
/* Cuts everything along the line of height y. */
void plane_line(struct plane *plane, int64_t y, struct plane_edge edge);

/* Loads the half-edges of a face into plane->ring, counter-clockwise. */
void plane_load(struct plane *plane, uint32_t face);
/* Twice the area of the loaded face. */
int64_t plane_area2(const struct plane *plane);
struct plane_point plane_centre(const struct plane *plane);
struct plane_point plane_tail(const struct plane *plane, uint32_t half);
struct plane_point plane_head(const struct plane *plane, uint32_t half);
int64_t plane_length(const struct plane *plane, uint32_t half);
int64_t plane_distance(struct plane_point a, struct plane_point b);

#endif
