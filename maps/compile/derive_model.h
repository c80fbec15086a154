/* Lines and courses found in OSM for the invented timetable. Private to derive*.c. */
#ifndef ZUB_DERIVE_MODEL_H
#define ZUB_DERIVE_MODEL_H

#include "gtfs.h"
#include "osm.h"

struct derive_stop {
	char id[32], name[128], platform[16];
	struct geo_point point;
	uint32_t area; /* index of its stop area, or NONE */
	uint8_t wheelchair;
};
struct derive_area {
	int64_t relation;
	char name[128];
	struct geo_point point;
	uint32_t n_stops;
};
struct derive_course { /* one relation, or one turned round */
	int64_t relation;
	uint32_t line, first, n; /* stops: derive.called[first .. first + n - 1] */
	uint8_t is_return;
	char headsign[128];
};
struct derive_line {
	char ref[32], name[200], color[8];
	uint16_t type; /* GTFS route_type */
	uint32_t n_courses, longest;
};

struct derive {
	const struct derive_options *options;
	struct osm osm;
	struct report *report;
	struct derive_stop *stops;
	struct derive_area *areas;
	struct derive_course *courses;
	struct derive_line *lines;
	uint32_t *called;  /* stop indices */
	uint32_t *stop_of; /* [osm.n_nodes] index of a stop, or NONE */
	size_t n_stops, n_areas, n_courses, n_lines, n_called;
	size_t cap_stops, cap_areas, cap_courses, cap_lines, cap_called;
};

/* derive.c gathers, derive_write.c invents the times and writes. */
int derive_write(const struct derive *derive, struct err_detail *detail);

#endif
