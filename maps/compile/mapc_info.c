/* mapc info: what a town file holds. */
#include "mapc.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct class_figures {
	uint32_t n_arcs, n_main;
	uint64_t km_mm, main_mm;
};

static struct class_figures figures_of(const struct network *network, uint32_t class_index)
{
	struct class_figures figures = {0};

	for (uint32_t a = 0; a < network->n_arcs; a++) {
		if (network->time_ms[(size_t)class_index * network->n_arcs + a] == TIME_INFINITE)
			continue;
		figures.n_arcs++;
		figures.km_mm += network->dist_mm[a];
		if (network->main_mask[a] >> class_index & 1) {
			figures.n_main++;
			figures.main_mm += network->dist_mm[a];
		}
	}
	return figures;
}

static json_t *class_json(const struct town *town, uint32_t c)
{
	struct class_figures figures = figures_of(&town->road, c);

	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I}", "name", town_text(town, town->class_name[c]), "speed_kmh",
			 (json_int_t)town->class_speed_kmh[c], "arcs", (json_int_t)figures.n_arcs, "main_arcs",
			 (json_int_t)figures.n_main, "length_m", (json_int_t)(figures.km_mm / 1000), "main_length_m",
			 (json_int_t)(figures.main_mm / 1000));
}

static uint32_t count_sequences(const struct network *road)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < road->n_turns; t++)
		n += road->turn_first[t + 1] - road->turn_first[t] > 2;
	return n;
}

static json_t *road_json(const struct town *town)
{
	json_t *classes = json_array();

	for (uint32_t c = 0; c < town->n_classes; c++)
		json_array_append_new(classes, class_json(town, c));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:o}", "nodes", (json_int_t)town->road.n_nodes, "arcs",
			 (json_int_t)town->road.n_arcs, "shape_points", (json_int_t)town->road.n_shape_points,
			 "turn_rows", (json_int_t)town->road.n_turns, "turn_rows_via_ways",
			 (json_int_t)count_sequences(&town->road), "classes", classes);
}

static json_t *feeds_json(const struct town *town)
{
	const struct timetable *timetable = &town->timetable;
	json_t *feeds = json_array();

	for (uint32_t i = 0; i < timetable->n_feeds; i++)
		json_array_append_new(feeds,
				      json_pack("{s:s,s:s,s:s,s:b}", "name", town_text(town, timetable->feed_name[i]),
						"publisher", town_text(town, timetable->feed_publisher[i]), "version",
						town_text(town, timetable->feed_version[i]), "invented",
						timetable->feed_invented[i] != 0));
	return feeds;
}

static json_t *timetable_json(const struct town *town)
{
	const struct timetable *timetable = &town->timetable;
	json_int_t linked = 0, first = 0, last = 0;

	for (uint32_t i = 0; i < timetable->n_stops; i++)
		linked += timetable->stop_road[i].arc != NONE;
	for (uint32_t d = 0; d < timetable->n_days; d++)
		for (uint32_t s = 0; s < timetable->n_services; s++)
			if (timetable->service_days[(size_t)s * timetable->n_day_words + d / 64] >> (d % 64) & 1) {
				first = first ? first : timetable->day_yyyymmdd[d];
				last = timetable->day_yyyymmdd[d];
			}
	return json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "feeds", feeds_json(town), "stops",
			 (json_int_t)timetable->n_stops, "stops_on_roads", linked, "routes",
			 (json_int_t)timetable->n_routes, "trips", (json_int_t)timetable->n_trips, "stop_times",
			 (json_int_t)timetable->n_stop_times, "first_service_day", first, "last_service_day", last);
}

static json_t *needs_json(const struct town *town)
{
	json_t *needs = json_array();

	for (uint32_t i = 0; i < town->n_needs; i++)
		json_array_append_new(needs, json_string(town_text(town, town->need_name[i])));
	return needs;
}

static json_t *stops_json(const struct town *town)
{
	json_int_t step_free = 0, transit = 0;

	for (uint32_t i = 0; i < town->n_stops; i++) {
		step_free += town->stop_step_free[i] == 1;
		transit += town->stop_transit[i] != NONE;
	}
	return json_pack("{s:I,s:I,s:I}", "count", (json_int_t)town->n_stops, "step_free", step_free, "at_transit",
			 transit);
}

static json_t *point_json(struct geo_point point)
{
	return json_pack("[f,f]", point.lat_e7 / 1e7, point.lon_e7 / 1e7);
}

static json_t *info_json(const struct town *town)
{
	char hash[2 * TOWN_HASH_BYTES + 1];

	for (size_t i = 0; i < TOWN_HASH_BYTES; i++)
		snprintf(hash + 2 * i, 3, "%02x", town->hash[i]);
	return json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:{s:I,s:I},s:o,s:o,s:I,s:I,s:I,s:o}", "name",
			 town_text(town, town->name), "hash", hash, "bytes", (json_int_t)town->map_size, "time_zone",
			 town_text(town, town->time_zone), "crs", town_text(town, town->crs), "generated",
			 town_text(town, town->generated), "attribution", town_text(town, town->attribution), "box_low",
			 point_json(town->box_low), "box_high", point_json(town->box_high), "road", road_json(town),
			 "walk", "nodes", (json_int_t)town->walk.n_nodes, "arcs", (json_int_t)town->walk.n_arcs,
			 "timetable", timetable_json(town), "stops", stops_json(town), "addresses",
			 (json_int_t)town->n_addresses, "shapes", (json_int_t)town->n_shapes, "area_rings",
			 (json_int_t)town->n_area_rings, "needs", needs_json(town));
}

/* The same as plain lines: "road.arcs: 123". */
static void print_lines(const char *prefix, const json_t *value)
{
	const char *key;
	json_t *item;
	size_t index;
	char name[256];

	if (json_is_object(value)) {
		json_object_foreach((json_t *)(uintptr_t)value, key, item)
		{
			snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
			print_lines(name, item);
		}
	} else if (json_is_array(value)) {
		json_array_foreach(value, index, item)
		{
			snprintf(name, sizeof name, "%s.%zu", prefix, index);
			print_lines(name, item);
		}
	} else if (json_is_string(value)) {
		printf("%s: %s\n", prefix, json_string_value(value));
	} else if (json_is_integer(value)) {
		printf("%s: %" JSON_INTEGER_FORMAT "\n", prefix, json_integer_value(value));
	} else if (json_is_real(value)) {
		printf("%s: %.7f\n", prefix, json_real_value(value));
	} else {
		printf("%s: %s\n", prefix, json_is_true(value) ? "yes" : "no");
	}
}

int mapc_info(int argc, char **argv)
{
	const char *as_json = NULL, *path = NULL;
	struct mapc_option options[] = {{"json", 1, 0, &as_json}};
	int status = mapc_options(argc, argv, options, 1, 1, &path);
	struct err_detail detail = {0};
	struct town town;
	json_t *info;

	if (status)
		return status;
	if (town_open(&town, path, &detail))
		return mapc_fail("info", MAPC_FAILED, "%s", detail.text);
	info = info_json(&town);
	if (!info) {
		status = mapc_fail("info", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	} else if (as_json) {
		char *text = json_dumps(info, JSON_INDENT(2) | JSON_REAL_PRECISION(10));

		puts(text ? text : "");
		free(text);
	} else {
		print_lines("", info);
	}
	json_decref(info);
	town_close(&town);
	return status;
}
