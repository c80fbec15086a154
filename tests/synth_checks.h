/* What must hold for every generated town, measured on the files it was written to and on what mapc makes of them. */
#ifndef ZUB_SYNTH_CHECKS_H
#define ZUB_SYNTH_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "compile.h"
#include "osm.h"
#include "synth.h"

struct files {
	char folder[64], osm[96], gtfs[96];
};

static void files_open(struct files *files)
{
	snprintf(files->folder, sizeof files->folder, "/tmp/zub-synth-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	snprintf(files->osm, sizeof files->osm, "%s/t.osm.pbf", files->folder);
	snprintf(files->gtfs, sizeof files->gtfs, "%s/t.zip", files->folder);
}

static void files_close(struct files *files)
{
	remove(files->osm);
	remove(files->gtfs);
	assert_int_equal(rmdir(files->folder), 0); /* nothing else was left there */
}

static void write_town(const struct files *files, uint64_t seed, uint32_t inhabitants)
{
	struct synth_options options = {seed, inhabitants, files->osm, files->gtfs};
	struct err_detail detail = {{0}};
	int code = synth_write(&options, &detail);
	if (code)
		print_error("%s\n", detail.text);
	assert_int_equal(code, ERR_OK);
}

/* --- geometry: nothing crosses without a node --- */

struct segment {
	struct geo_point a, b;
	int64_t from, to; /* node ids */
};

static int64_t side_of(struct geo_point a, struct geo_point b, struct geo_point p)
{
	return ((int64_t)b.lon_e7 - a.lon_e7) * ((int64_t)p.lat_e7 - a.lat_e7) -
	       ((int64_t)b.lat_e7 - a.lat_e7) * ((int64_t)p.lon_e7 - a.lon_e7);
}

static int is_crossing(const struct segment *one, const struct segment *two)
{
	if (one->from == two->from || one->from == two->to || one->to == two->from || one->to == two->to)
		return 0;
	int64_t a = side_of(one->a, one->b, two->a), b = side_of(one->a, one->b, two->b);
	int64_t c = side_of(two->a, two->b, one->a), d = side_of(two->a, two->b, one->b);
	return ((a > 0 && b < 0) || (a < 0 && b > 0)) && ((c > 0 && d < 0) || (c < 0 && d > 0));
}

static int by_south(const void *first, const void *second)
{
	const struct segment *a = first, *b = second;
	int32_t a_low = a->a.lat_e7 < a->b.lat_e7 ? a->a.lat_e7 : a->b.lat_e7;
	int32_t b_low = b->a.lat_e7 < b->b.lat_e7 ? b->a.lat_e7 : b->b.lat_e7;
	return a_low < b_low ? -1 : a_low > b_low;
}

static int32_t high_of(const struct segment *segment)
{
	return segment->a.lat_e7 > segment->b.lat_e7 ? segment->a.lat_e7 : segment->b.lat_e7;
}

static int32_t low_of(const struct segment *segment)
{
	return segment->a.lat_e7 < segment->b.lat_e7 ? segment->a.lat_e7 : segment->b.lat_e7;
}

static uint32_t crossings(struct segment *segments, size_t n)
{
	uint32_t n_crossings = 0;
	qsort(segments, n, sizeof *segments, by_south);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n && low_of(&segments[j]) <= high_of(&segments[i]); j++)
			n_crossings += is_crossing(&segments[i], &segments[j]) != 0;
	return n_crossings;
}

static void check_crossings(const struct osm *osm)
{
	struct segment *segments = calloc(osm->n_refs, sizeof *segments);
	size_t n = 0;
	assert_non_null(segments);
	for (uint32_t way = 0; way < osm->n_ways; way++) {
		if (!osm_tag(osm, osm->way_tags[way], "highway"))
			continue;
		for (uint32_t i = osm->way_first[way]; i + 1 < osm->way_first[way + 1]; i++) {
			uint32_t from = osm_node(osm, osm->ref[i]), to = osm_node(osm, osm->ref[i + 1]);
			assert_true(from != NONE && to != NONE);
			segments[n++] = (struct segment){osm->node_point[from], osm->node_point[to], osm->ref[i],
							 osm->ref[i + 1]};
		}
	}
	assert_int_equal(crossings(segments, n), 0);
	free(segments);
}

/* --- shares of the OSM file --- */

struct shares {
	uint32_t n_restrictions, n_addresses, n_signals, n_places, n_bridges, n_rail, n_water, n_parks;
};

static void check_osm(const char *path, uint32_t inhabitants, struct shares *shares)
{
	struct osm osm = {0};
	struct err_detail detail = {{0}};
	assert_int_equal(osm_read(&osm, path, &detail), ERR_OK);
	for (uint32_t node = 0; node < osm.n_nodes; node++) {
		const char *highway = osm_tag(&osm, osm.node_tags[node], "highway");
		shares->n_addresses += osm_tag(&osm, osm.node_tags[node], "addr:housenumber") != NULL;
		shares->n_signals += highway && strcmp(highway, "traffic_signals") == 0;
		shares->n_places += osm_tag(&osm, osm.node_tags[node], "amenity") != NULL;
	}
	for (uint32_t way = 0; way < osm.n_ways; way++) {
		const char *leisure = osm_tag(&osm, osm.way_tags[way], "leisure");
		shares->n_bridges += osm_tag(&osm, osm.way_tags[way], "bridge") != NULL;
		shares->n_rail += osm_tag(&osm, osm.way_tags[way], "railway") != NULL;
		shares->n_water += osm_tag(&osm, osm.way_tags[way], "waterway") != NULL;
		shares->n_parks += leisure && strcmp(leisure, "park") == 0;
	}
	for (uint32_t relation = 0; relation < osm.n_relations; relation++)
		shares->n_restrictions += osm_tag(&osm, osm.relation_tags[relation], "restriction") != NULL;
	assert_in_range(shares->n_addresses, inhabitants / 5 * 95 / 100, inhabitants / 5 * 105 / 100);
	assert_in_range(shares->n_bridges, 1, 4);
	assert_true(shares->n_signals > 0 && shares->n_places > 5 && shares->n_rail > 0 && shares->n_water > 0 &&
		    shares->n_parks > 0);
	if (inhabitants <= 200000)
		check_crossings(&osm);
	osm_free(&osm);
}

/* --- shares of the compiled town --- */

/* Of the arcs the class may drive, how many lie in its main part, permille. */
static uint32_t main_permille(const struct network *road, uint32_t class_index)
{
	uint64_t n = 0, n_main = 0;
	for (uint32_t arc = 0; arc < road->n_arcs; arc++) {
		n += road->time_ms[(size_t)class_index * road->n_arcs + arc] != TIME_INFINITE;
		n_main += road->main_mask[arc] >> class_index & 1;
	}
	return n ? (uint32_t)(n_main * 1000 / n) : 0;
}

static uint32_t oneway_permille(const struct network *road)
{
	uint32_t n_oneway = 0, n_roads = 0;
	for (uint32_t arc = 0; arc < road->n_arcs; arc++) {
		n_oneway += road->reverse_arc[arc] == NONE;
		n_roads += road->reverse_arc[arc] == NONE || road->reverse_arc[arc] > arc;
	}
	return n_roads ? n_oneway * 1000 / n_roads : 0;
}

/* Nodes where at least three roads meet. */
static uint32_t junctions(const struct network *road)
{
	uint32_t *degree = calloc(road->n_nodes, sizeof *degree), n = 0;
	assert_non_null(degree);
	for (uint32_t arc = 0; arc < road->n_arcs; arc++)
		if (road->reverse_arc[arc] == NONE || road->reverse_arc[arc] > arc) {
			degree[road->tail[arc]]++;
			degree[road->head[arc]]++;
		}
	for (uint32_t node = 0; node < road->n_nodes; node++)
		n += degree[node] >= 3;
	free(degree);
	return n;
}

static uint32_t dead_ends(const struct network *road)
{
	uint32_t n = 0;
	for (uint32_t arc = 0; arc < road->n_arcs; arc++)
		n += (road->flags[arc] & ARC_DEAD_END) != 0;
	return n;
}

static uint32_t stops_on_roads(const struct town *town)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t n = 0;
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++)
		n += timetable->stop_road[stop].arc != NONE;
	return n;
}

static void check_compiled(const struct town *town, const struct shares *shares, uint32_t inhabitants)
{
	const struct network *road = &town->road;
	uint32_t n_junctions = junctions(road), n_dead = dead_ends(road), oneway = oneway_permille(road);
	uint32_t shuttle = town_class(town, "shuttle"), van = town_class(town, "van");
	print_message("%u inhabitants: %u arcs, %u junctions, %u dead ends, one-way %u permille, %u restrictions, "
		      "%u bridges, main part %u (van) and %u (shuttle) permille, %u addresses, %u timetable stops "
		      "(%u on roads), %u trips\n",
		      inhabitants, road->n_arcs, n_junctions, n_dead, oneway, shares->n_restrictions, shares->n_bridges,
		      main_permille(road, van), main_permille(road, shuttle), shares->n_addresses,
		      town->timetable.n_stops, stops_on_roads(town), town->timetable.n_trips);
	assert_true(oneway >= 100);
	assert_true(n_dead > 20);
	assert_true(shares->n_restrictions * 100 >= n_junctions);
	assert_true(main_permille(road, van) >= 970);
	assert_true(main_permille(road, shuttle) >= 970);
	assert_true(n_junctions >= inhabitants / 50); /* grows like real towns do */
	assert_true(stops_on_roads(town) * 100 >= town->timetable.n_stops * 70);
	assert_true(town->timetable.n_trips > 300);
	assert_true(town->n_addresses >= shares->n_addresses);
}

/* Writes the town of this seed and size into a folder of its own, compiles it and checks the shares; prints figures. */
static inline void synth_check_town(uint64_t seed, uint32_t inhabitants)
{
	struct files files;
	struct shares shares = {0};
	struct err_detail detail = {{0}};
	struct build build;
	struct town_settings *settings = calloc(1, sizeof *settings);
	assert_non_null(settings);
	files_open(&files);
	write_town(&files, seed, inhabitants);
	check_osm(files.osm, inhabitants, &shares);
	const char *gtfs[] = {files.gtfs};
	struct compile_options options = {.osm_path = files.osm, .gtfs_paths = gtfs, .n_gtfs = 1, .settings = settings};
	assert_int_equal(town_settings_default(settings), ERR_OK);
	assert_int_equal(build_open(&build), ERR_OK);
	int code = compile_town(&build, &options, &detail);
	if (code)
		print_error("%s\n", detail.text);
	assert_int_equal(code, ERR_OK);
	check_compiled(&build.town, &shares, inhabitants);
	build_close(&build);
	free(settings);
	files_close(&files);
}

/* --- bytes --- */

static inline int is_same(const char *one, const char *two)
{
	FILE *a = fopen(one, "rb"), *b = fopen(two, "rb");
	int from_a, from_b;
	assert_true(a && b);
	do {
		from_a = getc(a);
		from_b = getc(b);
	} while (from_a == from_b && from_a != EOF);
	fclose(a);
	fclose(b);
	return from_a == from_b;
}

/* Two runs, same bytes; another seed, other bytes. */
static inline void synth_check_same_bytes(uint64_t seed, uint32_t inhabitants)
{
	struct files first, second, other;
	files_open(&first);
	files_open(&second);
	files_open(&other);
	write_town(&first, seed, inhabitants);
	write_town(&second, seed, inhabitants);
	write_town(&other, seed + 1, inhabitants);
	assert_true(is_same(first.osm, second.osm));
	assert_true(is_same(first.gtfs, second.gtfs));
	assert_false(is_same(first.osm, other.osm));
	assert_false(is_same(first.gtfs, other.gtfs));
	files_close(&first);
	files_close(&second);
	files_close(&other);
}

#endif
