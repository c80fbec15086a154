/* mapc check: what looks wrong in a town, for people to read, as JSON, or as GeoJSON to lay over a map. */
#include "check.h"
#include "mapc.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 10 /* of each kind; --json and --geojson show all */

static const char *const titles[CHECK_KINDS] = {
	[CHECK_ISLAND] = "islands: roads that a class may use, but not from the main part and back",
	[CHECK_RESTRICTION] = "cut off by forbidden turns only",
	[CHECK_FAST] = "implausibly fast",
	[CHECK_SLOW] = "implausibly slow",
	[CHECK_STOP] = "virtual stops that no class can reach",
	[CHECK_TRANSIT] = "stops of the timetable within the map without a road near",
};

static const char *ways_text(uint32_t ways)
{
	if (ways == CHECK_NO_WAY_IN)
		return "no way in";
	return ways == CHECK_NO_WAY_OUT ? "no way out" : "no way in or out";
}

static const char *stop_name(const struct town *town, const struct check_fault *fault)
{
	if (fault->kind == CHECK_STOP)
		return town_text(town, town->stop_name[fault->stop]);
	return town_text(town, town->timetable.stop_name[fault->stop]);
}

static const char *road_name(const struct town *town, const struct check *check, const struct check_fault *fault)
{
	for (uint32_t i = 0; i < fault->n; i++)
		if (town->road.name[check->arcs[fault->first + i]] != NONE)
			return town_text(town, town->road.name[check->arcs[fault->first + i]]);
	return "(no name)";
}

/* --- for people --------------------------------------------------------------------------------------------------- */

static void print_fault(const struct town *town, const struct check *check, const struct check_fault *fault)
{
	printf("  %.5f,%.5f ", fault->point.lat_e7 / 1e7, fault->point.lon_e7 / 1e7);
	if (fault->class_index != NONE)
		printf("%s: ", town_text(town, town->class_name[fault->class_index]));
	if (fault->stop != NONE) {
		printf("%s\n", stop_name(town, fault));
		return;
	}
	printf("%s, arc %" PRIu32, road_name(town, check, fault), check->arcs[fault->first]);
	if (fault->kind == CHECK_FAST || fault->kind == CHECK_SLOW)
		printf(", %" PRIu32 " km/h over %.1f m\n", fault->speed_kmh, (double)fault->length_mm / 1000);
	else
		printf(" and %" PRIu32 " more, %.1f m, %s\n", fault->n - 1, (double)fault->length_mm / 1000,
		       ways_text(fault->ways));
	if (fault->kind == CHECK_RESTRICTION && fault->turn != NONE) {
		printf("    forbidden: arcs");
		for (uint32_t i = town->road.turn_first[fault->turn]; i < town->road.turn_first[fault->turn + 1]; i++)
			printf(" %" PRIu32, town->road.turn_arcs[i]);
		puts("");
	}
}

/* Longest first. */
static int length_order(const void *left, const void *right)
{
	const struct check_fault *a = *(const struct check_fault *const *)left,
				 *b = *(const struct check_fault *const *)right;

	if (a->length_mm != b->length_mm)
		return a->length_mm > b->length_mm ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void print_kind(const struct town *town, const struct check *check, enum check_kind kind,
		       const struct check_fault **sorted)
{
	size_t n = 0;

	for (size_t i = 0; i < check->n_faults; i++)
		if (check->faults[i].kind == kind)
			sorted[n++] = &check->faults[i];
	if (n == 0)
		return;
	printf("%zu x %s\n", n, titles[kind]);
	qsort(sorted, n, sizeof *sorted, length_order);
	for (size_t i = 0; i < n && i < SHOWN; i++)
		print_fault(town, check, sorted[i]);
	if (n > SHOWN)
		printf("  ... and %zu more (--json shows all)\n", n - SHOWN);
}

static int print_text(const struct town *town, const struct check *check)
{
	const struct check_fault **sorted = malloc((check->n_faults + 1) * sizeof *sorted);

	if (!sorted)
		return ERR_MEMORY;
	for (int kind = 0; kind < CHECK_KINDS; kind++)
		print_kind(town, check, (enum check_kind)kind, sorted);
	if (check->n_faults == 0)
		puts("nothing found");
	free(sorted);
	return ERR_OK;
}

/* --- for programs ------------------------------------------------------------------------------------------------- */

static json_t *point_json(struct geo_point point)
{
	return json_pack("[f,f]", point.lon_e7 / 1e7, point.lat_e7 / 1e7);
}

static json_t *arcs_json(const uint32_t *arcs, uint32_t n)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(array, json_integer(arcs[i]));
	return array;
}

static json_t *fault_json(const struct town *town, const struct check *check, const struct check_fault *fault)
{
	const struct network *road = &town->road;
	json_t *json = json_pack("{s:s}", "kind", check_names[fault->kind]);

	if (fault->class_index != NONE)
		json_object_set_new(json, "class", json_string(town_text(town, town->class_name[fault->class_index])));
	if (fault->stop != NONE) {
		json_object_set_new(json, "name", json_string(stop_name(town, fault)));
		json_object_set_new(json, "stop", json_integer(fault->stop));
		return json;
	}
	json_object_set_new(json, "name", json_string(road_name(town, check, fault)));
	json_object_set_new(json, "length_mm", json_integer((json_int_t)fault->length_mm));
	json_object_set_new(json, "arcs", arcs_json(check->arcs + fault->first, fault->n));
	if (fault->kind == CHECK_FAST || fault->kind == CHECK_SLOW)
		json_object_set_new(json, "speed_kmh", json_integer(fault->speed_kmh));
	else
		json_object_set_new(json, "what", json_string(ways_text(fault->ways)));
	if (fault->turn != NONE)
		json_object_set_new(json, "forbidden",
				    arcs_json(road->turn_arcs + road->turn_first[fault->turn],
					      road->turn_first[fault->turn + 1] - road->turn_first[fault->turn]));
	return json;
}

static json_t *lines_json(const struct town *town, const struct check *check, const struct check_fault *fault)
{
	const struct network *road = &town->road;
	json_t *lines = json_array();

	for (uint32_t i = 0; i < fault->n; i++) {
		uint32_t arc = check->arcs[fault->first + i];
		json_t *line = json_array();

		for (uint32_t p = road->shape_first[arc]; p < road->shape_first[arc + 1]; p++)
			json_array_append_new(line, point_json(road->shape_point[p]));
		json_array_append_new(lines, line);
	}
	return lines;
}

static json_t *feature_json(const struct town *town, const struct check *check, const struct check_fault *fault)
{
	json_t *geometry = fault->stop != NONE
				   ? json_pack("{s:s,s:o}", "type", "Point", "coordinates", point_json(fault->point))
				   : json_pack("{s:s,s:o}", "type", "MultiLineString", "coordinates",
					       lines_json(town, check, fault));

	return json_pack("{s:s,s:o,s:o}", "type", "Feature", "properties", fault_json(town, check, fault), "geometry",
			 geometry);
}

static int print_json(const struct town *town, const struct check *check, int is_geojson)
{
	json_t *list = json_array(), *root;
	char *text;

	for (size_t i = 0; i < check->n_faults; i++) {
		const struct check_fault *fault = &check->faults[i];
		json_t *json = is_geojson ? feature_json(town, check, fault) : fault_json(town, check, fault);

		if (json && !is_geojson)
			json_object_set_new(json, "at", point_json(fault->point));
		json_array_append_new(list, json);
	}
	root = is_geojson ? json_pack("{s:s,s:o}", "type", "FeatureCollection", "features", list)
			  : json_pack("{s:s,s:o}", "name", town_text(town, town->name), "faults", list);
	text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
	if (text)
		puts(text);
	free(text);
	json_decref(root);
	return text ? ERR_OK : ERR_MEMORY;
}

int mapc_check(int argc, char **argv)
{
	const char *as_json = NULL, *as_geojson = NULL, *path = NULL;
	struct mapc_option options[] = {{"json", 1, 0, &as_json}, {"geojson", 1, 0, &as_geojson}};
	int status = mapc_options(argc, argv, options, 2, 1, &path), code;
	struct err_detail detail = {0};
	struct check check;
	struct town town;

	if (status)
		return status;
	if (as_json && as_geojson)
		return mapc_fail("check", MAPC_USAGE, "expected --json or --geojson, not both");
	if (town_open(&town, path, &detail))
		return mapc_fail("check", MAPC_FAILED, "%s", detail.text);
	code = check_town(&check, &town);
	if (!code)
		code = as_json || as_geojson ? print_json(&town, &check, as_geojson != NULL)
					     : print_text(&town, &check);
	if (code)
		status = mapc_fail("check", MAPC_FAILED, "%s", err_text(code));
	check_free(&check);
	town_close(&town);
	return status;
}
