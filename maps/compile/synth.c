/* mapc synth: a generated town. Everything is integers from one seed, so the same seed gives the same bytes. */
#include "synth.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gtfs_write.h"
#include "hash.h"
#include "synth_town.h"

#define INHABITANTS_MIN 5000
#define INHABITANTS_MAX 1000000

/* Where the invented town lies: on 50 degrees north, 10 degrees east. One degree there, in mm. */
#define ORIGIN_LAT_E7 500000000
#define ORIGIN_LON_E7 100000000
#define LAT_DEGREE_MM INT64_C(111229000)
#define LON_DEGREE_MM INT64_C(71696000)

void *synth_alloc(struct synth *synth, size_t n, size_t size)
{
	void *block = calloc(n ? n : 1, size);
	if (!block)
		longjmp(synth->fail, ERR_MEMORY);
	if (array_push(synth->blocks, synth->n_blocks, synth->cap_blocks, block)) {
		free(block);
		longjmp(synth->fail, ERR_MEMORY);
	}
	return block;
}

const char *synth_text(struct synth *synth, const char *format, ...)
{
	char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	size_t n = strlen(text) + 1;
	return memcpy(synth_alloc(synth, n, 1), text, n);
}

/* Quarter wave as a polynomial in Q30 (error below 2e-6, Hastings). */
static int64_t quarter_sine(int64_t z)
{
	int64_t square = z * z >> 30;
	int64_t sum = 85569295 - (5026995 * square >> 30);
	sum = 693598342 - (sum * square >> 30);
	sum = 1686629713 - (sum * square >> 30);
	return sum * z >> 30;
}

int64_t synth_sin(uint32_t angle)
{
	int64_t part = angle & 0x3fffffff;
	switch (angle >> 30) {
	case 0:
		return quarter_sine(part);
	case 1:
		return quarter_sine(0x40000000 - part);
	case 2:
		return -quarter_sine(part);
	default:
		return -quarter_sine(0x40000000 - part);
	}
}

int64_t synth_cos(uint32_t angle)
{
	return synth_sin(angle + 0x40000000u);
}

struct plane_point synth_polar(uint32_t angle, int64_t radius)
{
	return (struct plane_point){(radius * (synth_cos(angle) >> 6)) >> 24, (radius * (synth_sin(angle) >> 6)) >> 24};
}

/* Halving the circle until the direction is met. */
uint32_t synth_angle(int64_t x, int64_t y)
{
	uint32_t angle = 0;
	if (x == 0 && y == 0)
		return 0;
	while (x > 1000000000 || x < -1000000000 || y > 1000000000 || y < -1000000000) {
		x /= 2;
		y /= 2;
	}
	if (y < 0) {
		angle = 0x80000000u;
		x = -x;
		y = -y;
	}
	for (uint32_t step = 0x40000000u; step > 0x400000u; step >>= 1) {
		uint32_t tried = angle + step;
		uint32_t turned = tried & 0x7fffffffu; /* within the upper half */
		int64_t cross = (synth_cos(turned) >> 15) * y - (synth_sin(turned) >> 15) * x;
		if (cross >= 0)
			angle = tried;
	}
	return angle;
}

struct plane_point synth_bend(const struct synth *synth, struct plane_point point)
{
	struct plane_point bent = point;
	for (int i = 0; i < WAVES; i++) {
		const struct synth_wave *wave = &synth->waves[i];
		int64_t moved[2];
		for (int axis = 0; axis < 2; axis++) {
			uint32_t direction = wave->direction[axis];
			int64_t along =
				(point.x * (synth_cos(direction) >> 10) + point.y * (synth_sin(direction) >> 10)) >> 20;
			int64_t turns = along % wave->length_mm;
			uint32_t phase = (uint32_t)(uint64_t)(turns * INT64_C(4294967296) / wave->length_mm);
			moved[axis] = wave->size_mm * (synth_sin(phase + wave->phase[axis]) >> 10) >> 20;
		}
		bent.x += moved[0];
		bent.y += moved[1];
	}
	int64_t cosine = synth_cos(synth->turn) >> 6, sine = synth_sin(synth->turn) >> 6;
	return (struct plane_point){(bent.x * cosine - bent.y * sine) >> 24, (bent.x * sine + bent.y * cosine) >> 24};
}

struct geo_point synth_geo(struct plane_point bent)
{
	return (struct geo_point){(int32_t)(ORIGIN_LAT_E7 + bent.y * 10000000 / LAT_DEGREE_MM),
				  (int32_t)(ORIGIN_LON_E7 + bent.x * 10000000 / LON_DEGREE_MM)};
}

struct plane_point synth_link_point(const struct synth *synth, const struct synth_link *link, int64_t part,
				    int64_t aside)
{
	struct plane_point a = synth->plane.vertices[link->from].point, b = synth->plane.vertices[link->to].point;
	int64_t length = link->length_mm ? link->length_mm : 1;
	struct plane_point point = {a.x + (b.x - a.x) * part / 1024, a.y + (b.y - a.y) * part / 1024};
	point.x += (b.y - a.y) * aside / length;
	point.y -= (b.x - a.x) * aside / length;
	return synth_bend(synth, point);
}

int synth_is_drivable(const struct synth_link *link)
{
	return link->kind != STREET_NONE && link->kind <= STREET_LAST_DRIVABLE;
}

uint64_t synth_draw(const struct synth *synth, uint32_t street)
{
	return hash_u64(hash_u64(synth->options->seed) + street);
}

uint32_t synth_node_add(struct synth *synth, struct plane_point bent, ...)
{
	struct synth_node node = {.point = bent, .first_tag = (uint32_t)synth->n_tags};
	va_list args;
	va_start(args, bent);
	for (const char *key = va_arg(args, const char *); key; key = va_arg(args, const char *)) {
		struct osm_write_tag tag = {key, va_arg(args, const char *)};
		SYNTH_PUSH(synth, synth->tags, synth->n_tags, synth->cap_tags, tag);
		node.n_tags++;
	}
	va_end(args);
	SYNTH_PUSH(synth, synth->nodes, synth->n_nodes, synth->cap_nodes, node);
	return (uint32_t)synth->n_nodes - 1;
}

void synth_area_add(struct synth *synth, const char *key, const char *value, const char *name,
		    const struct plane_point *plan_points, size_t n)
{
	struct synth_area area = {key, value, "", synth->n_area_points, n};
	snprintf(area.name, sizeof area.name, "%s", name);
	for (size_t i = 0; i < n; i++)
		SYNTH_PUSH(synth, synth->area_points, synth->n_area_points, synth->cap_area_points,
			   synth_bend(synth, plan_points[i]));
	SYNTH_PUSH(synth, synth->areas, synth->n_areas, synth->cap_areas, area);
}

static void synth_free(struct synth *synth)
{
	if (synth->osm)
		osm_write_abandon(synth->osm);
	gtfs_write_abandon(synth->gtfs);
	for (size_t i = 0; i < synth->n_blocks; i++)
		free(synth->blocks[i]);
	void *const arrays[] = {synth->blocks,	    synth->plane.vertices, synth->plane.halves,	 synth->plane.edges,
				synth->plane.faces, synth->plane.ring,	   synth->plane.scratch, synth->spurs,
				synth->links,	    synth->restrictions,   synth->nodes,	 synth->tags,
				synth->areas,	    synth->area_points,	   synth->halts,	 synth->stops,
				synth->calls,	    synth->lines,	   synth->runs};
	for (size_t i = 0; i < COUNT_OF(arrays); i++)
		free(arrays[i]);
	free(synth);
}

static void generate(struct synth *synth)
{
	synth_layout(synth);
	synth_blocks(synth);
	synth_streets(synth);
	synth_names(synth);
	synth_places(synth);
	synth_lines(synth);
}

int synth_write(const struct synth_options *options, struct err_detail *detail)
{
	if (options->inhabitants < INHABITANTS_MIN || options->inhabitants > INHABITANTS_MAX)
		return err_set(detail, ERR_RANGE, "%u inhabitants: expected %d .. %d", options->inhabitants,
			       INHABITANTS_MIN, INHABITANTS_MAX);
	struct synth *const synth = calloc(1, sizeof *synth);
	if (!synth)
		return err_set(detail, ERR_MEMORY, "out of memory");
	synth->options = options;
	synth->plane.synth = synth;
	rng_seed(&synth->rng, options->seed);
	if (setjmp(synth->fail)) {
		if (synth->is_osm_written)
			remove(options->osm_path);
		synth_free(synth);
		return err_set(detail, ERR_MEMORY, "out of memory while generating a town of %u inhabitants",
			       options->inhabitants);
	}
	generate(synth);
	int code = synth_write_osm(synth, detail);
	synth->is_osm_written = !code;
	if (!code)
		code = synth_write_gtfs(synth, detail);
	if (code && synth->is_osm_written)
		remove(options->osm_path); /* both files or none */
	synth_free(synth);
	return code;
}
