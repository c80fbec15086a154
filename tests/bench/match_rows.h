/* Vehicles and requests of `bench match` from CSV files (plain or gzip), each row checked: what is wrong is said with
 * file, line and what was expected. A place is an arc, or a latitude and a longitude: then the nearer end of the
 * nearest road of the main part. */
#ifndef ZUB_BENCH_MATCH_ROWS_H
#define ZUB_BENCH_MATCH_ROWS_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "arena.h"
#include "network.h"
#include "projection.h"
#include "town.h"

#define ROWS_CELLS 32
#define ROWS_AWAY_MM 500000 /* further from any road is off the map */

struct rows {
	const char *path;
	gzFile file;
	uint32_t line, n_names, n_cells;
	char head[512], text[512];
	char *name[ROWS_CELLS], *cell[ROWS_CELLS];
};

/* Where coordinates lie on the map. */
struct places {
	const struct town *town;
	const uint32_t *time; /* [n_arcs] TIME_INFINITE: closed */
	struct projection *projection;
	struct network_tree *tree;
	struct arena arena;
};

static inline int rows_fail(const struct rows *rows, const char *name, const char *expected)
{
	fprintf(stderr, "bench match: %s: line %u: %s%sexpected %s\n", rows->path, rows->line, name, *name ? ": " : "",
		expected);
	return 1;
}

static inline uint32_t rows_split(char *text, char **cell)
{
	uint32_t n = 0;
	text[strcspn(text, "\r\n")] = 0;
	for (char *at = text; at && n < ROWS_CELLS; n++) {
		cell[n] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = 0;
	}
	return n;
}

/* 1 = said what is wrong */
static inline int rows_open(struct rows *rows, const char *path)
{
	*rows = (struct rows){.path = path, .file = gzopen(path, "rb"), .line = 1};
	if (!rows->file) {
		fprintf(stderr, "bench match: cannot read %s: %s\n", path, strerror(errno));
		return 1;
	}
	if (!gzgets(rows->file, rows->head, sizeof rows->head))
		return rows_fail(rows, "", "a line of column names");
	rows->n_names = rows_split(rows->head, rows->name);
	return 0;
}

static inline void rows_close(struct rows *rows)
{
	if (rows->file)
		gzclose(rows->file);
	rows->file = NULL;
}

/* 1 = a row, 0 = no more, -1 = said what is wrong */
static inline int rows_next(struct rows *rows)
{
	int code;
	rows->line++;
	if (!gzgets(rows->file, rows->text, sizeof rows->text)) {
		gzerror(rows->file, &code);
		return code == Z_OK || code == Z_STREAM_END ? 0 : -rows_fail(rows, "", "a whole gzip file");
	}
	if (!strchr(rows->text, '\n') && strlen(rows->text) + 1 == sizeof rows->text)
		return -rows_fail(rows, "", "a line of at most 510 characters");
	rows->n_cells = rows_split(rows->text, rows->cell);
	if (rows->n_cells != rows->n_names)
		return -rows_fail(rows, "", "as many cells as column names");
	return 1;
}

static inline int rows_column(const struct rows *rows, const char *name)
{
	for (uint32_t i = 0; i < rows->n_names; i++)
		if (!strcmp(rows->name[i], name))
			return (int)i;
	return -1;
}

static inline int rows_number(const struct rows *rows, const char *name, int64_t low, int64_t high, int64_t *ret_value)
{
	char expected[96], *end;
	int column = rows_column(rows, name);
	const char *text = column < 0 ? "" : rows->cell[column];
	snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)low, (long long)high);
	errno = 0;
	*ret_value = strtoll(text, &end, 10);
	return end == text || *end || errno || *ret_value < low || *ret_value > high ? rows_fail(rows, name, expected)
										     : 0;
}

/* --- places --- */

static inline int places_open(struct places *places, const struct town *town, const uint32_t *time)
{
	struct err_detail detail = {""};
	const char *crs = town->string_bytes + town->string_first[town->crs];
	if (places->town)
		return 0;
	if (projection_open(&places->projection, *crs ? crs : NULL, town->origin, &detail) ||
	    arena_open(&places->arena, network_tree_size(&town->road)) ||
	    network_tree_open(&places->tree, &town->road, &places->arena)) {
		fprintf(stderr, "bench match: no room for the map's index %s\n", detail.text);
		return 1;
	}
	places->town = town;
	places->time = time;
	return 0;
}

static inline void places_close(struct places *places)
{
	if (!places->town)
		return;
	projection_close(places->projection);
	arena_close(&places->arena);
}

/* NONE: off the map */
static inline uint32_t places_find(const struct places *places, struct geo_point point)
{
	const struct network *road = &places->town->road;
	struct geo_xy xy;
	struct snap snap;
	if (projection_forward(places->projection, point, &xy) ||
	    !network_tree_snap(places->tree, 0, xy, ROWS_AWAY_MM, 0, &snap, 1))
		return NONE;
	uint32_t arc = snap.spot.arc, other = road->reverse_arc[arc];
	if (other != NONE && places->time[other] != TIME_INFINITE && (road->main_mask[other] & 1) &&
	    snap.spot.offset_mm < road->dist_mm[arc] / 2)
		arc = other;
	return places->time[arc] == TIME_INFINITE ? NONE : arc;
}

/* The arc of the column, or of lat and lon in two others. */
static inline int rows_place(const struct rows *rows, struct places *places, const struct town *town,
			     const uint32_t *time, const char *const names[3], uint32_t *ret_arc)
{
	char text[132];
	struct geo_point point;
	int64_t arc;
	int lat = rows_column(rows, names[1]), lon = rows_column(rows, names[2]);
	if (rows_column(rows, names[0]) >= 0) {
		if (rows_number(rows, names[0], 0, (int64_t)town->road.n_arcs - 1, &arc))
			return 1;
		*ret_arc = (uint32_t)arc;
		return time[arc] == TIME_INFINITE ? rows_fail(rows, names[0], "an arc that is open to vehicles") : 0;
	}
	if (lat < 0 || lon < 0)
		return rows_fail(rows, names[0], "this column, or latitude and longitude in two (see the usage)");
	snprintf(text, sizeof text, "%.64s,%.64s", rows->cell[lat], rows->cell[lon]);
	if (geo_parse(text, &point))
		return rows_fail(rows, names[1], "degrees of latitude and longitude");
	if (places_open(places, town, time))
		return 1;
	*ret_arc = places_find(places, point);
	return *ret_arc == NONE ? rows_fail(rows, names[1], "a place within 500 m of the map's main roads") : 0;
}

#endif
