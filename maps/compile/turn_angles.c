#include "turn_angles.h"

#include <stdlib.h>

#include "err.h"

int turn_angles_open(struct turn_angles *ret_angles, const struct network *road)
{
	uint32_t *first = calloc((size_t)road->n_nodes + 1, sizeof *first);
	uint32_t *in = malloc(((size_t)road->n_arcs + 1) * sizeof *in);

	*ret_angles = (struct turn_angles){road, first, in};
	if (!first || !in)
		return ERR_MEMORY;
	for (uint32_t a = 0; a < road->n_arcs; a++)
		first[road->head[a]]++;
	for (uint32_t v = 0, sum = 0; v <= road->n_nodes; v++) {
		uint32_t n = v < road->n_nodes ? first[v] : 0;

		first[v] = sum;
		sum += n;
	}
	for (uint32_t a = 0; a < road->n_arcs; a++)
		in[first[road->head[a]]++] = a;
	for (uint32_t v = road->n_nodes; v > 0; v--)
		first[v] = first[v - 1];
	first[0] = 0;
	return ERR_OK;
}

void turn_angles_close(struct turn_angles *angles)
{
	free(angles->first_in);
	free(angles->in_arc);
}

/* Small enough that products of products fit. */
struct way {
	int64_t x, y;
};

static struct way way_of(struct geo_xy from, struct geo_xy to)
{
	struct way way = {(int64_t)to.x_mm - from.x_mm, (int64_t)to.y_mm - from.y_mm};

	while (llabs(way.x) > 16000 || llabs(way.y) > 16000) {
		way.x /= 2;
		way.y /= 2;
	}
	return way;
}

/* Where the arc leads when it arrives, and when it sets off. */
static struct way way_in(const struct network *road, uint32_t arc)
{
	const struct geo_xy *end = road->shape_xy + road->shape_first[arc + 1];

	return way_of(end[-2], end[-1]);
}

static struct way way_out(const struct network *road, uint32_t arc)
{
	const struct geo_xy *first = road->shape_xy + road->shape_first[arc];

	return way_of(first[0], first[1]);
}

static int64_t along(struct way a, struct way b)
{
	return a.x * b.x + a.y * b.y;
}

/* Positive: b leads to the left of a. */
static int64_t across(struct way a, struct way b)
{
	return a.x * b.y - a.y * b.x;
}

/* Does somebody come the other way, within 45 degrees, from a street that is not the one turned into? */
static int is_met(const struct turn_angles *angles, uint32_t from, uint32_t to)
{
	const struct network *road = angles->road;
	uint32_t node = road->head[from];
	struct way in = way_in(road, from);

	for (uint32_t i = angles->first_in[node]; i < angles->first_in[node + 1]; i++) {
		uint32_t other = angles->in_arc[i];
		struct way way = way_in(road, other);

		if (other != from && other != road->reverse_arc[to] && -along(in, way) > llabs(across(in, way)))
			return 1;
	}
	return 0;
}

int turn_is_left_across(const struct turn_angles *angles, uint32_t from, uint32_t to)
{
	struct way in = way_in(angles->road, from), out = way_out(angles->road, to);

	return angles->road->reverse_arc[from] != to && across(in, out) > 0 && along(in, out) < across(in, out) &&
	       is_met(angles, from, to);
}

int turn_is_sharp(const struct turn_angles *angles, uint32_t from, uint32_t to)
{
	struct way in = way_in(angles->road, from), out = way_out(angles->road, to);
	int64_t back = -along(in, out);

	/* cos 120 degrees = -1/2 */
	return angles->road->reverse_arc[from] != to && back > 0 && 4 * back * back > along(in, in) * along(out, out);
}
