/* What the steps of mapc synth share. Steps, in order: layout (radial roads, rings, river, railway, villages), blocks
 * (districts are cut into blocks), streets (links, names, one-ways, restrictions), places (addresses, parks, names),
 * lines (buses, trains), then the two files. Out of memory leaves through synth->fail. Private to synth*.c. */
#ifndef ZUB_SYNTH_TOWN_H
#define ZUB_SYNTH_TOWN_H

#include "array.h"
#include "err.h"
#include "geo.h"
#include "osm_write.h"
#include "rng.h"
#include "synth.h"
#include "synth_plane.h"
#include "units.h"
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#define METRES(n) (INT64_C(1000) * (n))
#define SQUARE_METRES(n) (INT64_C(1000000) * (n))
#define DEGREES(n) ((uint32_t)(INT64_C(4294967296) * (n) / 360))

#define SYNTH_PUSH(synth, items, n, cap, ...)               \
	do {                                                \
		if (array_push(items, n, cap, __VA_ARGS__)) \
			longjmp((synth)->fail, ERR_MEMORY); \
	} while (0)

enum street_kind {
	STREET_NONE,
	STREET_PRIMARY,
	STREET_SECONDARY,
	STREET_TERTIARY,
	STREET_UNCLASSIFIED,
	STREET_RESIDENTIAL,
	STREET_LIVING,
	STREET_LAST_DRIVABLE = STREET_LIVING,
	STREET_PEDESTRIAN,
	STREET_FOOT,
	STREET_KINDS
};
enum street_flag { STREET_BRIDGE = 1, STREET_TUNNEL = 2, STREET_LEVEL_CROSSING = 4, STREET_SPUR = 8 };
enum face_kind {
	FACE_COUNTRY,
	FACE_VILLAGE,
	FACE_SUBURB,
	FACE_INNER,
	FACE_OLD,
	FACE_INDUSTRY,
	FACE_PARK,
	FACE_RIVER,
	FACE_RAIL
};

#define RADIALS_MAX 12
#define RINGS_MAX 12
#define VILLAGES_MAX 24
#define WAVES 3

struct synth_wave { /* bends the plan: one sine per axis and wave length */
	int64_t length_mm, size_mm;
	uint32_t direction[2], phase[2];
};

struct synth_link { /* a street between two vertices */
	uint32_t from, to, street;
	uint32_t way; /* of the OSM file, filled while writing */
	uint8_t kind, zone /* enum face_kind */, flags;
	int8_t oneway; /* 1 from -> to, -1 back, 0 both */
	uint8_t maxspeed;
	uint32_t length_mm;
};

struct synth_node {		  /* of the OSM file besides vertices */
	struct plane_point point; /* bent */
	uint32_t first_tag, n_tags;
};

struct synth_area {
	const char *key, *value;
	char name[64];
	size_t first_point, n_points;
};

struct synth_village {
	char name[64];
	uint32_t radial;
	struct plane_point point;
};

struct synth_restriction {
	const char *kind;
	uint32_t from, via, to; /* link, vertex, link */
};

struct synth_halt { /* on the railway, west to east */
	char name[80];
	int64_t x;
	struct plane_point platform[2]; /* bent; for trains to the east, to the west */
	int is_main, is_end;
};

struct synth_stop { /* a pair of bus stops, one on each side of a link */
	char name[80];
	uint32_t link;
	struct plane_point point[2]; /* bent; for from -> to, to -> from */
	int is_station, is_step_free;
};

struct synth_call {
	uint32_t stop, side; /* side 0: driven from -> to on the way out */
	uint32_t at_s;	     /* after the start of the line */
};

struct synth_run;

struct synth_line {
	char name[16];
	size_t first_call, n_calls;  /* the way out; the way back is its mirror image */
	uint32_t headway_s, first_s; /* first_s: minute of the first start within the headway */
};

struct synth {
	jmp_buf fail;
	const struct synth_options *options;
	struct rng rng;
	void **blocks;
	size_t n_blocks, cap_blocks;
	char town_name[48];

	/* layout, mm */
	struct plane plane;
	int64_t radius, old_radius, reach;
	int64_t river_low, river_high, rail_low, rail_high;
	int64_t station_x;
	uint32_t n_radials, n_rings, n_south;
	struct plane_point radial[RADIALS_MAX]; /* directions, scaled by 2^15 */
	uint32_t radial_street[RADIALS_MAX], ring_street[RINGS_MAX],
		bank_street[4]; /* river low, high, rail low, high */
	uint32_t centre;	/* vertex */
	uint32_t n_villages;
	struct synth_village villages[VILLAGES_MAX];
	uint32_t n_streets;
	uint32_t turn; /* of the whole plan */
	struct synth_wave waves[WAVES];

	/* links[n_links], made once the plan is final; the ends of spurs and footpaths come before as pairs */
	struct synth_link *spurs;
	size_t n_spurs, cap_spurs;
	struct synth_link *links;
	size_t n_links, cap_links;
	uint32_t *first_at,
		*at; /* links by vertex: at[first_at[v] .. first_at[v + 1]) = 2 * link + (1 when v is its to) */
	uint32_t *chain, *chain_first; /* links of a street end to end: 2 * link + (1 when passed from to to from) */
	uint32_t n_chain, n_chains;
	char (*street_name)[64]; /* [n_streets], "" = none */
	uint8_t *is_signal;	 /* by vertex */
	uint8_t *is_break;	 /* by vertex: a way must end here */
	struct synth_restriction *restrictions;
	size_t n_restrictions, cap_restrictions;
	uint32_t n_junctions;

	struct synth_node *nodes;
	size_t n_nodes, cap_nodes;
	struct osm_write_tag *tags; /* values live in texts */
	size_t n_tags, cap_tags;
	struct synth_area *areas;
	size_t n_areas, cap_areas;
	struct plane_point *area_points; /* bent */
	size_t n_area_points, cap_area_points;

	struct synth_halt *halts;
	size_t n_halts, cap_halts;
	struct synth_stop *stops;
	size_t n_stops, cap_stops;
	struct synth_call *calls;
	size_t n_calls, cap_calls;
	struct synth_line *lines;
	size_t n_lines, cap_lines;

	struct synth_run *runs; /* trips of the timetable, until their stop times are written */
	size_t n_runs, cap_runs;

	int is_osm_written;
	struct osm_writer *osm;
	struct gtfs_writer *gtfs;
};

/* Zeroed memory that lives as long as the synth. */
void *synth_alloc(struct synth *synth, size_t n, size_t size);
/* A copy that lives as long. */
const char *synth_text(struct synth *synth, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* sin and cos scaled by 2^30; full circle = 2^32. Integers only, the same on every machine. */
int64_t synth_sin(uint32_t angle);
int64_t synth_cos(uint32_t angle);
/* Direction of (x, y), full circle = 2^32, within half a degree. */
uint32_t synth_angle(int64_t x, int64_t y);
struct plane_point synth_polar(uint32_t angle, int64_t radius);

/* The steps. */
void synth_layout(struct synth *synth);
void synth_blocks(struct synth *synth);
void synth_streets(struct synth *synth);
void synth_names(struct synth *synth);
void synth_places(struct synth *synth);
void synth_lines(struct synth *synth);
int synth_write_osm(struct synth *synth, struct err_detail *detail);
int synth_write_gtfs(struct synth *synth, struct err_detail *detail);

/* From the plan into the bent town, and on to degrees. The bend is smooth and one to one (the waves' slopes sum to less
 * than one), so what does not cross in the plan does not cross in the town. */
struct plane_point synth_bend(const struct synth *synth, struct plane_point point);
struct geo_point synth_geo(struct plane_point bent);
/* Point of a link: part per 1024 of the way from -> to, `aside` mm to the right, bent. */
struct plane_point synth_link_point(const struct synth *synth, const struct synth_link *link, int64_t part,
				    int64_t aside);
int synth_is_drivable(const struct synth_link *link);
/* A number drawn once for a street (or any other number): the same for all of its links. */
uint64_t synth_draw(const struct synth *synth, uint32_t street);
/* Adds a node with tags (key, value, ..., NULL); strings are borrowed for the life of synth. Returns its index. */
uint32_t synth_node_add(struct synth *synth, struct plane_point bent, ...) __attribute__((sentinel));
void synth_area_add(struct synth *synth, const char *key, const char *value, const char *name,
		    const struct plane_point *plan_points, size_t n);

#endif
