/* From the public transport relations of OSM: lines, courses, stops. Times are invented in derive_write.c. */
#include "derive_model.h"
#include "gtfs_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "units.h"

static const char *tag(const struct derive *derive, uint32_t relation, const char *key)
{
	const char *value = osm_tag(&derive->osm, derive->osm.relation_tags[relation], key);
	return value ? value : "";
}

static int is_rail(uint16_t type)
{
	return type == 2;
}

/* GTFS route_type of a route relation; NONE = not public transport. */
static uint32_t route_type(const struct derive *derive, uint32_t relation)
{
	static const struct {
		const char *route;
		uint32_t type;
	} types[] = {{"bus", 3}, {"trolleybus", 11}, {"tram", 0}, {"train", 2}, {"light_rail", 2}, {"subway", 1}};
	if (strcmp(tag(derive, relation, "type"), "route") != 0)
		return NONE;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strcmp(tag(derive, relation, "route"), types[i].route) == 0)
			return types[i].type;
	return NONE;
}

static int line_find(struct derive *derive, uint32_t relation, uint16_t type, uint32_t *ret_line)
{
	struct derive_line line = {.type = type};
	const char *ref = tag(derive, relation, "ref"), *color = tag(derive, relation, "colour");
	snprintf(line.ref, sizeof line.ref, "%.31s", ref[0] ? ref : tag(derive, relation, "name"));
	for (uint32_t i = 0; i < derive->n_lines; i++)
		if (strcmp(derive->lines[i].ref, line.ref) == 0 && derive->lines[i].type == type) {
			*ret_line = i;
			return 0;
		}
	if (color[0] == '#' && strlen(color) == 7 && strspn(color + 1, "0123456789abcdefABCDEF") == 6)
		snprintf(line.color, sizeof line.color, "%s", color + 1);
	if (tag(derive, relation, "from")[0] && tag(derive, relation, "to")[0])
		snprintf(line.name, sizeof line.name, "%.90s - %.90s", tag(derive, relation, "from"),
			 tag(derive, relation, "to"));
	else
		snprintf(line.name, sizeof line.name, "%.190s", tag(derive, relation, "name"));
	if (array_push(derive->lines, derive->n_lines, derive->cap_lines, line))
		return ERR_MEMORY;
	*ret_line = (uint32_t)derive->n_lines - 1;
	return 0;
}

static uint8_t wheelchair(const char *value)
{
	if (value && strcmp(value, "yes") == 0)
		return 1;
	return value && strcmp(value, "no") == 0 ? 2 : 0; /* "limited" promises nothing */
}

static int stop_find(struct derive *derive, uint32_t node, uint32_t *ret_stop)
{
	const struct osm *osm = &derive->osm;
	if (derive->stop_of[node] == NONE) {
		struct derive_stop stop = {.point = osm->node_point[node], .area = NONE};
		const char *name = osm_tag(osm, osm->node_tags[node], "name");
		const char *platform = osm_tag(osm, osm->node_tags[node], "local_ref");
		platform = platform ? platform : osm_tag(osm, osm->node_tags[node], "ref");
		snprintf(stop.id, sizeof stop.id, "n%lld", (long long)osm->node_id[node]);
		snprintf(stop.name, sizeof stop.name, "%.127s", name ? name : stop.id);
		if (platform && strlen(platform) < sizeof stop.platform)
			snprintf(stop.platform, sizeof stop.platform, "%s", platform);
		stop.wheelchair = wheelchair(osm_tag(osm, osm->node_tags[node], "wheelchair"));
		if (array_push(derive->stops, derive->n_stops, derive->cap_stops, stop))
			return ERR_MEMORY;
		derive->stop_of[node] = (uint32_t)derive->n_stops - 1;
	}
	*ret_stop = derive->stop_of[node];
	return 0;
}

static int call(struct derive *derive, struct derive_course *course, uint32_t stop)
{
	if (course->n > 0 && derive->called[course->first + course->n - 1] == stop)
		return 0;
	if (array_push(derive->called, derive->n_called, derive->cap_called, stop))
		return ERR_MEMORY;
	course->n++;
	return 0;
}

/* The stop members in order; platforms only where a route names no stops. */
static int call_members(struct derive *derive, uint32_t relation, const char *role, struct derive_course *course)
{
	const struct osm *osm = &derive->osm;
	for (uint32_t i = osm->relation_first[relation]; i < osm->relation_first[relation + 1]; i++) {
		uint32_t stop = NONE;
		if (osm->member_type[i] != OSM_NODE ||
		    strncmp(osm_text(osm, osm->member_role[i]), role, strlen(role)) != 0)
			continue;
		uint32_t node = osm_node(osm, osm->member_id[i]);
		if (node == NONE) {
			report_add(derive->report, "stop of a route outside the file (left out)",
				   "relation %lld: node %lld", (long long)course->relation,
				   (long long)osm->member_id[i]);
			continue;
		}
		if (stop_find(derive, node, &stop) || call(derive, course, stop))
			return ERR_MEMORY;
	}
	return 0;
}

/* ---- where a railway leaves the map ---- */

struct edge {
	uint32_t node, way_order;
	uint64_t away_mm;
};

static struct edge farthest(const struct derive *derive, uint32_t relation, struct geo_point from)
{
	const struct osm *osm = &derive->osm;
	struct edge best = {NONE, 0, 0};
	for (uint32_t i = osm->relation_first[relation]; i < osm->relation_first[relation + 1]; i++) {
		uint32_t way = osm->member_type[i] == OSM_WAY ? osm_way(osm, osm->member_id[i]) : NONE;
		for (uint32_t k = way == NONE ? 1 : osm->way_first[way]; way != NONE && k < osm->way_first[way + 1];
		     k++) {
			uint32_t node = osm_node(osm, osm->ref[k]);
			uint64_t mm = node == NONE ? 0 : geo_rough_mm(from, osm->node_point[node]);
			if (mm > best.away_mm)
				best = (struct edge){node, i, mm};
		}
	}
	return best;
}

static int edge_stop(struct derive *derive, const struct edge *edge, const char *name, uint32_t *ret_stop)
{
	struct derive_stop stop = {.area = NONE};
	stop.point = derive->osm.node_point[edge->node];
	snprintf(stop.id, sizeof stop.id, "edge%lld", (long long)derive->osm.node_id[edge->node]);
	snprintf(stop.name, sizeof stop.name, "%.100s (beyond the map)", name);
	for (uint32_t i = 0; i < derive->n_stops; i++)
		if (strcmp(derive->stops[i].name, stop.name) == 0) {
			*ret_stop = i;
			return 0;
		}
	/* Lines to several places may leave the map at the same node. */
	for (uint32_t i = 0, n = 1; i < derive->n_stops; i++)
		if (strcmp(derive->stops[i].id, stop.id) == 0) {
			snprintf(stop.id, sizeof stop.id, "edge%lld-%u", (long long)derive->osm.node_id[edge->node],
				 ++n);
			i = UINT32_MAX; /* look through all of them again */
		}
	if (array_push(derive->stops, derive->n_stops, derive->cap_stops, stop))
		return ERR_MEMORY;
	*ret_stop = (uint32_t)derive->n_stops - 1;
	return 0;
}

static int starts_alike(const char *a, const char *b)
{
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);
	return n > 0 && strncmp(a, b, n) == 0;
}

/* Of the two ends of a line through the town: which one does the train come from? By its known stops, else by the order
 * of the ways. */
static int comes_from(const struct derive *derive, const struct derive_course *course, const struct edge *a,
		      const struct edge *b)
{
	struct geo_point first = derive->stops[derive->called[course->first]].point;
	struct geo_point last = derive->stops[derive->called[course->first + course->n - 1]].point;
	struct geo_point at_a = derive->osm.node_point[a->node], at_b = derive->osm.node_point[b->node];
	if (course->n < 2)
		return a->way_order <= b->way_order;
	return geo_rough_mm(at_a, first) + geo_rough_mm(last, at_b) <=
	       geo_rough_mm(at_b, first) + geo_rough_mm(last, at_a);
}

static int call_beyond(struct derive *derive, uint32_t relation, struct derive_course *course)
{
	const char *from = tag(derive, relation, "from"), *to = tag(derive, relation, "to");
	const struct derive_stop *first = &derive->stops[derive->called[course->first]];
	const struct derive_stop *last = &derive->stops[derive->called[course->first + course->n - 1]];
	int beyond_first = from[0] && !starts_alike(from, first->name),
	    beyond_last = to[0] && !starts_alike(to, last->name);
	struct edge a = farthest(derive, relation, beyond_first ? last->point : first->point);
	uint32_t stop = NONE;
	if (a.node == NONE || (!beyond_first && !beyond_last))
		return 0;
	struct edge b = farthest(derive, relation, derive->osm.node_point[a.node]);
	int a_is_first = beyond_first && (!beyond_last || b.node == NONE || comes_from(derive, course, &a, &b));
	if (beyond_first) {
		if (edge_stop(derive, a_is_first ? &a : &b, from, &stop) || call(derive, course, stop))
			return ERR_MEMORY;
		uint32_t *called = derive->called + course->first;
		memmove(called + 1, called, (course->n - 1) * sizeof *called);
		called[0] = stop;
	}
	if (beyond_last &&
	    (edge_stop(derive, beyond_first && a_is_first ? &b : &a, to, &stop) || call(derive, course, stop)))
		return ERR_MEMORY;
	return 0;
}

/* ---- courses ---- */

static int course_keep(struct derive *derive, const struct derive_course *course)
{
	struct derive_line *line = &derive->lines[course->line];
	if (array_push(derive->courses, derive->n_courses, derive->cap_courses, *course))
		return ERR_MEMORY;
	line->n_courses++;
	line->longest = course->n > line->longest ? course->n : line->longest;
	return 0;
}

static int course_add(struct derive *derive, uint32_t relation, uint16_t type)
{
	struct derive_course course = {.relation = derive->osm.relation_id[relation],
				       .first = (uint32_t)derive->n_called};
	int result = line_find(derive, relation, type, &course.line);
	if (!result)
		result = call_members(derive, relation, "stop", &course);
	if (!result && course.n == 0)
		result = call_members(derive, relation, "platform", &course);
	if (!result && course.n > 0 && is_rail(type))
		result = call_beyond(derive, relation, &course);
	if (result)
		return result;
	if (course.n < 2) {
		report_add(derive->report, "route with fewer than two stops in the file (left out)",
			   "relation %lld: %s %s", (long long)course.relation, tag(derive, relation, "route"),
			   tag(derive, relation, "ref"));
		return 0;
	}
	const char *last = derive->stops[derive->called[course.first + course.n - 1]].name;
	snprintf(course.headsign, sizeof course.headsign, "%.127s",
		 tag(derive, relation, "to")[0] ? tag(derive, relation, "to") : last);
	return course_keep(derive, &course);
}

/* A course whose line never comes back in the file is also run the other way. */
static int comes_back(const struct derive *derive, const struct derive_course *course)
{
	struct geo_point first = derive->stops[derive->called[course->first]].point;
	struct geo_point last = derive->stops[derive->called[course->first + course->n - 1]].point;
	for (size_t i = 0; i < derive->n_courses; i++) {
		const struct derive_course *other = &derive->courses[i];
		if (other->line != course->line || other == course)
			continue;
		struct geo_point from = derive->stops[derive->called[other->first]].point;
		struct geo_point to = derive->stops[derive->called[other->first + other->n - 1]].point;
		if (geo_rough_mm(from, last) + geo_rough_mm(to, first) <
		    geo_rough_mm(from, first) + geo_rough_mm(to, last))
			return 1;
	}
	return 0;
}

static int courses_return(struct derive *derive)
{
	size_t n = derive->n_courses;
	for (size_t i = 0; i < n; i++) {
		struct derive_course back = derive->courses[i];
		if (!is_rail(derive->lines[back.line].type) || comes_back(derive, &derive->courses[i]))
			continue;
		back.first = (uint32_t)derive->n_called;
		back.n = 0;
		back.is_return = 1;
		for (uint32_t k = derive->courses[i].n; k-- > 0;)
			if (call(derive, &back, derive->called[derive->courses[i].first + k]))
				return ERR_MEMORY;
		snprintf(back.headsign, sizeof back.headsign, "%.127s",
			 derive->stops[derive->called[back.first + back.n - 1]].name);
		if (course_keep(derive, &back))
			return ERR_MEMORY;
	}
	return 0;
}

/* ---- stop areas become stations ---- */

static int area_add(struct derive *derive, uint32_t relation)
{
	const struct osm *osm = &derive->osm;
	struct derive_area area = {.relation = osm->relation_id[relation]};
	int64_t lat = 0, lon = 0;
	snprintf(area.name, sizeof area.name, "%.127s", tag(derive, relation, "name"));
	for (uint32_t i = osm->relation_first[relation]; i < osm->relation_first[relation + 1]; i++) {
		uint32_t node = osm->member_type[i] == OSM_NODE ? osm_node(osm, osm->member_id[i]) : NONE;
		uint32_t stop = node == NONE ? NONE : derive->stop_of[node];
		if (stop == NONE || derive->stops[stop].area != NONE)
			continue;
		derive->stops[stop].area = (uint32_t)derive->n_areas;
		lat += derive->stops[stop].point.lat_e7;
		lon += derive->stops[stop].point.lon_e7;
		area.n_stops++;
	}
	if (area.n_stops == 0)
		return 0;
	area.point = (struct geo_point){(int32_t)(lat / area.n_stops), (int32_t)(lon / area.n_stops)};
	return array_push(derive->areas, derive->n_areas, derive->cap_areas, area);
}

static int gather(struct derive *derive)
{
	int result = 0;
	derive->stop_of = malloc(((size_t)derive->osm.n_nodes + 1) * sizeof *derive->stop_of);
	if (!derive->stop_of)
		return ERR_MEMORY;
	memset(derive->stop_of, 0xFF, ((size_t)derive->osm.n_nodes + 1) * sizeof *derive->stop_of);
	for (uint32_t i = 0; i < derive->osm.n_relations && !result; i++) {
		uint32_t type = route_type(derive, i);
		result = type == NONE ? 0 : course_add(derive, i, (uint16_t)type);
	}
	if (!result)
		result = courses_return(derive);
	for (uint32_t i = 0; i < derive->osm.n_relations && !result; i++)
		if (strcmp(tag(derive, i, "public_transport"), "stop_area") == 0)
			result = area_add(derive, i);
	return result;
}

static int check(const struct derive_options *options, struct err_detail *detail)
{
	if (options->first_yyyymmdd > options->last_yyyymmdd || gtfs_day_number(options->first_yyyymmdd) == INT32_MIN ||
	    gtfs_day_number(options->last_yyyymmdd) == INT32_MIN)
		return err_set(detail, ERR_RANGE,
			       "derive-timetable: expected a first and a last date, e.g. 20260101 and 20261231");
	if (options->headway_s && (options->headway_s < 60 || options->headway_s > 14400))
		return err_set(detail, ERR_RANGE, "derive-timetable: headway %u s: expected 60 to 14400",
			       options->headway_s);
	return 0;
}

int gtfs_derive(const struct derive_options *options, struct report *report, struct err_detail *detail)
{
	struct derive derive = {.options = options, .report = report};
	int result = check(options, detail);
	if (!result)
		result = osm_read(&derive.osm, options->osm_path, detail);
	if (result)
		return result;
	result = gather(&derive);
	if (result)
		err_set(detail, result, "%s: out of memory", options->osm_path);
	else if (derive.n_courses == 0)
		result = err_set(detail, ERR_NOT_FOUND, "%s: expected at least one bus route relation with two stops",
				 options->osm_path);
	else
		result = derive_write(&derive, detail);
	osm_free(&derive.osm);
	free(derive.stops);
	free(derive.areas);
	free(derive.courses);
	free(derive.lines);
	free(derive.called);
	free(derive.stop_of);
	return result;
}
