/* What the town compiler builds up: a struct town whose columns are this build's own arrays, then written by
 * town_write. Steps, in order: settings (town_settings.h) -> OSM (osm.h) -> networks -> stops, addresses -> GTFS
 * (gtfs.h) -> town_write. */
#ifndef ZUB_BUILD_H
#define ZUB_BUILD_H

#include "err.h"
#include "projection.h"
#include "town.h"
#include <stdint.h>
#include <stdio.h>

/* What was questionable and left out, counted by kind; the first few of each kind are kept as text for the report. */
#define REPORT_KINDS_MAX 64
#define REPORT_EXAMPLES 3
struct report {
	uint32_t n_kinds;
	struct {
		char kind[64]; /* "stop far from any road" */
		uint32_t count;
		char example[REPORT_EXAMPLES][160];
	} kinds[REPORT_KINDS_MAX];
};
void report_add(struct report *report, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
void report_print(const struct report *report, FILE *out);

struct build_strings; /* deduplicating string pool */

struct build {
	struct town town;
	struct report report;
	struct projection *projection; /* opened once the town's centre is known */
	struct build_strings *strings;
	void **blocks; /* memory owned by the build */
	size_t n_blocks, cap_blocks;
};

int build_open(struct build *build);
void build_close(struct build *build);
/* Zeroed memory that lives until build_close; NULL when out of memory. */
void *build_alloc(struct build *build, size_t count, size_t size);
/* Takes ownership of malloc'ed memory (freed at build_close). ERR_MEMORY (then memory is freed at once). */
int build_own(struct build *build, void *memory);
/* Index of the text in the pool ("" is 0); NONE when out of memory. */
uint32_t build_string(struct build *build, const char *text);
/* The text of a pooled string; borrowed until the next build_string. "" for NONE. */
const char *build_text(const struct build *build, uint32_t string);
/* Moves the pool into build->town and sorts trips by name; call once, after the timetable, before town_write. */
int build_finish_strings(struct build *build);
/* After columns of a network are final: first_out/out_arc, reverse flags, grid index. Used by OSM, DIMACS and tests. */
int build_network_index(struct build *build, struct network *network);

#endif
