#include "compile.h"
#include "gtfs.h"
#include "order.h"
#include "osm.h"
#include "places.h"
#include "roads.h"
#include "shapes.h"
#include "stops.h"
#include "turns.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_AROUND 20250101u

static void tell(const struct compile_options *options, const char *step)
{
	if (options->progress)
		options->progress(options->context, step);
}

static int fail(int code, const char *what, struct err_detail *detail)
{
	return code ? err_set(detail, code, "%s: %s", what, err_text(code)) : ERR_OK;
}

/* The node of the town's own place: the highest kind (city, town, village), then the most inhabitants, then the lowest
 * id. */
static uint32_t find_place(const struct osm *osm)
{
	static const char *const kinds[] = {"village", "town", "city"};
	uint32_t best = NONE;
	long best_rank = -1;

	for (uint32_t i = 0; i < osm->n_nodes; i++) {
		const char *place = osm_tag(osm, osm->node_tags[i], "place"), *count;
		long rank = -1;
		for (long k = 0; place && k < (long)COUNT_OF(kinds); k++)
			if (!strcmp(place, kinds[k]))
				rank = k * 100000000;
		if (rank < 0 || !osm_tag(osm, osm->node_tags[i], "name"))
			continue;
		count = osm_tag(osm, osm->node_tags[i], "population");
		long inhabitants = count ? strtol(count, NULL, 10) : 0;
		rank += inhabitants > 0 && inhabitants < 100000000 ? inhabitants : 0;
		if (rank > best_rank) {
			best_rank = rank;
			best = i;
		}
	}
	return best;
}

/* What the settings leave open: a town is called like its place, or like its file ("heidelberg" of
 * ../heidelberg.osm.pbf). A town that is not real says so itself (tag "generated" of its place); nobody else is then
 * owed anything for its map. */
static int name_town(struct build *build, const struct osm *osm, const struct compile_options *options)
{
	const char *slash = strrchr(options->osm_path, '/'), *file = slash ? slash + 1 : options->osm_path;
	uint32_t place = find_place(osm);
	const char *called = place == NONE ? NULL : osm_tag(osm, osm->node_tags[place], "name");
	const char *generated = place == NONE ? NULL : osm_tag(osm, osm->node_tags[place], "generated");
	struct town *town = &build->town;
	char name[128];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(file, "."), file);
	if (!*build_text(build, town->name))
		town->name = build_string(build, called ? called : name);
	if (generated && !*build_text(build, town->generated)) {
		town->generated = build_string(build, generated);
		if (!strcmp(build_text(build, town->attribution), TOWN_ATTRIBUTION))
			town->attribution = build_string(build, generated);
	}
	return town->name == NONE || town->generated == NONE || town->attribution == NONE ? ERR_MEMORY : ERR_OK;
}

static int build_turns(struct build *build, const struct roads *roads, const struct town_settings *settings)
{
	const char *names[NETWORK_CLASSES_MAX];
	int code = turns_build(build, roads, settings);

	for (uint32_t c = 0; c < settings->n_classes; c++)
		names[c] = settings->classes[c].name;
	return code ? code : components_build(build, &build->town.road, names, "road");
}

static int build_networks(struct build *build, const struct osm *osm, const struct compile_options *options,
			  struct err_detail *detail)
{
	struct roads roads;
	int code = roads_project(build, osm, options->settings, detail);

	tell(options, "streets");
	if (!code)
		code = roads_build(build, osm, options->settings, &roads, detail);
	if (code)
		return code;
	tell(options, "turns");
	code = fail(build_turns(build, &roads, options->settings), "turns", detail);
	roads_close(&roads);
	if (code)
		return code;
	roads_box(build);
	tell(options, "footpaths");
	code = roads_build_walk(build, osm, options->settings, detail);
	tell(options, "contraction order");
	if (!code)
		code = fail(order_build(build, &build->town.road), "contraction order of the streets", detail);
	return code ? code : fail(order_build(build, &build->town.walk), "contraction order of the footpaths", detail);
}

/* A day that is asked for must have service, or the town would stand still on it. */
static int check_day(const struct build *build, const struct compile_options *options, struct err_detail *detail)
{
	const struct timetable *timetable = &build->town.timetable;
	uint32_t day = timetable_day(timetable, options->yyyymmdd), first = NONE, last = 0;
	for (uint32_t trip = 0; trip < timetable->n_trips; trip++)
		if (day != NONE && timetable_runs(timetable, trip, day))
			return ERR_OK;
	for (uint32_t d = 0; d < timetable->n_days; d++)
		for (uint32_t trip = 0; trip < timetable->n_trips; trip++)
			if (timetable_runs(timetable, trip, d)) {
				first = first == NONE ? d : first;
				last = d;
				break;
			}
	return err_set(detail, ERR_RANGE, "--date %u: no trip of the timetable runs that day, only from %u to %u",
		       options->yyyymmdd, first == NONE ? 0 : timetable->day_yyyymmdd[first],
		       first == NONE ? 0 : timetable->day_yyyymmdd[last]);
}

static int build_timetable(struct build *build, const struct compile_options *options, struct err_detail *detail)
{
	tell(options, "timetable");
	if (options->n_gtfs > 0) {
		int code = gtfs_build(build, options->gtfs_paths, options->n_gtfs, detail);
		return code || !options->yyyymmdd ? code : check_day(build, options, detail);
	}
	return gtfs_build_days(build, options->yyyymmdd ? options->yyyymmdd : DAYS_AROUND, detail);
}

static int build_all(struct build *build, const struct osm *osm, const struct compile_options *options,
		     struct err_detail *detail)
{
	int code = build_networks(build, osm, options, detail);

	if (!code)
		code = build_timetable(build, options, detail);
	tell(options, "addresses");
	if (!code)
		code = fail(places_build(build, osm), "addresses", detail);
	tell(options, "stops");
	if (!code)
		code = fail(stops_build(build, osm, options->settings), "stops", detail);
	tell(options, "map background");
	if (!code)
		code = fail(shapes_build(build, osm), "map background", detail);
	return code ? code : fail(build_finish_strings(build), "texts", detail);
}

int compile_town(struct build *build, const struct compile_options *options, struct err_detail *detail)
{
	struct osm osm;
	int code = fail(town_settings_store(options->settings, build), "settings", detail);

	tell(options, "reading OSM");
	if (!code)
		code = osm_read(&osm, options->osm_path, detail);
	if (code)
		return code;
	code = fail(name_town(build, &osm, options), "settings", detail);
	if (!code)
		code = build_all(build, &osm, options, detail);
	osm_free(&osm);
	return code;
}
