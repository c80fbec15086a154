#include "array.h"
#include "err.h"
#include "tile_parts.h"

#define LOW (-TILE_MARGIN)
#define HIGH (TILE_EXTENT + TILE_MARGIN)

/* Liang and Barsky 1984, in doubles: where the segment enters and leaves the square. 0 = outside. */
static int clip_part(struct tile_point a, struct tile_point b, double *ret_in, double *ret_out)
{
	double dx = (double)b.x - a.x, dy = (double)b.y - a.y, in = 0, out = 1;
	const double p[4] = {-dx, dx, -dy, dy};
	const double q[4] = {(double)a.x - LOW, (double)HIGH - a.x, (double)a.y - LOW, (double)HIGH - a.y};
	for (int i = 0; i < 4; i++) {
		if (p[i] == 0) {
			if (q[i] < 0)
				return 0;
			continue;
		}
		double r = q[i] / p[i];
		if (p[i] < 0 && r > in)
			in = r;
		if (p[i] > 0 && r < out)
			out = r;
	}
	*ret_in = in;
	*ret_out = out;
	return in < out;
}

static struct tile_point between(struct tile_point a, struct tile_point b, double part)
{
	double x = (double)a.x + part * ((double)b.x - a.x), y = (double)a.y + part * ((double)b.y - a.y);
	return (struct tile_point){(int32_t)(x < 0 ? x - 0.5 : x + 0.5), (int32_t)(y < 0 ? y - 0.5 : y + 0.5)};
}

int tile_clip_line(const struct tile_point *points, size_t n, struct tile_points *scratch,
		   int (*each)(void *self, const struct tile_point *points, size_t n), void *self)
{
	int code = ERR_OK;
	scratch->n = 0;
	for (size_t i = 0; i + 1 < n && !code; i++) {
		double in = 0, out = 0;
		int inside = clip_part(points[i], points[i + 1], &in, &out);
		if ((!inside || in > 0) && scratch->n) { /* the line left the tile before */
			code = scratch->n > 1 ? each(self, scratch->items, scratch->n) : ERR_OK;
			scratch->n = 0;
		}
		if (!inside || code)
			continue;
		if (scratch->n == 0)
			code = array_push(scratch->items, scratch->n, scratch->cap,
					  between(points[i], points[i + 1], in));
		if (!code)
			code = array_push(scratch->items, scratch->n, scratch->cap,
					  between(points[i], points[i + 1], out));
	}
	return !code && scratch->n > 1 ? each(self, scratch->items, scratch->n) : code;
}

/* Which side of edge 0..3 (left, right, top, bottom). */
static int is_inside(struct tile_point p, int edge)
{
	switch (edge) {
	case 0:
		return p.x >= LOW;
	case 1:
		return p.x <= HIGH;
	case 2:
		return p.y >= LOW;
	default:
		return p.y <= HIGH;
	}
}

static struct tile_point crossing(struct tile_point a, struct tile_point b, int edge)
{
	double border = edge % 2 ? HIGH : LOW;
	double part = edge < 2 ? (border - a.x) / ((double)b.x - a.x) : (border - a.y) / ((double)b.y - a.y);
	return between(a, b, part);
}

/* Sutherland and Hodgman 1974: one edge after the other. */
static int clip_edge(const struct tile_points *from, struct tile_points *to, int edge)
{
	to->n = 0;
	for (size_t i = 0; i < from->n; i++) {
		struct tile_point a = from->items[i], b = from->items[(i + 1) % from->n];
		if (is_inside(a, edge) && array_push(to->items, to->n, to->cap, a))
			return ERR_MEMORY;
		if (is_inside(a, edge) != is_inside(b, edge) &&
		    array_push(to->items, to->n, to->cap, crossing(a, b, edge)))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

int tile_clip_ring(const struct tile_point *points, size_t n, struct tile_points *ring, struct tile_points *scratch)
{
	ring->n = 0;
	if (array_reserve(ring->items, n + 1, ring->cap))
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		ring->items[ring->n++] = points[i];
	for (int edge = 0; edge < 4; edge++) {
		if (clip_edge(ring, scratch, edge))
			return ERR_MEMORY;
		struct tile_points swap = *ring;
		*ring = *scratch;
		*scratch = swap;
	}
	return ERR_OK;
}

/* Twice the area of the triangle over the base's length, squared: distance^2 of p from the line a-b (or from a). */
static double away_squared(struct tile_point p, struct tile_point a, struct tile_point b)
{
	double bx = (double)b.x - a.x, by = (double)b.y - a.y, px = (double)p.x - a.x, py = (double)p.y - a.y;
	double base = bx * bx + by * by, cross = bx * py - by * px;
	return base > 0 ? cross * cross / base : px * px + py * py;
}

/* Recursion over halves; depth is at most the number of points, which a tile keeps small, but lines may be long: so the
 * deeper side is walked in the loop and only the shorter one by a call (depth <= log2 n). Points to leave out get x =
 * INT32_MIN. */
static void thin(struct tile_point *points, size_t first, size_t last, double limit)
{
	while (last - first > 1) {
		size_t far = first;
		double most = -1;
		for (size_t i = first + 1; i < last; i++) {
			double away = away_squared(points[i], points[first], points[last]);
			if (away > most) {
				most = away;
				far = i;
			}
		}
		if (most <= limit) {
			for (size_t i = first + 1; i < last; i++)
				points[i].x = INT32_MIN;
			return;
		}
		if (far - first < last - far) {
			thin(points, first, far, limit);
			first = far;
		} else {
			thin(points, far, last, limit);
			last = far;
		}
	}
}

size_t tile_simplify(struct tile_point *points, size_t n, uint32_t tolerance)
{
	if (n < 2)
		return n;
	thin(points, 0, n - 1, (double)tolerance * tolerance);
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (points[i].x == INT32_MIN)
			continue;
		if (kept && points[kept - 1].x == points[i].x && points[kept - 1].y == points[i].y)
			continue;
		points[kept++] = points[i];
	}
	return kept;
}
