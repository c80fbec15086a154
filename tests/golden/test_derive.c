// link: zub_compile zub_transit zub_city zub_base
/* The invented timetable of Kaiserslautern: real lines, stops and courses; times made up, and labelled so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gtfs_text.h"
#include "transit.h"

static int derive_city(const char *file, const char *out, uint32_t headway_s)
{
	const char *data = getenv("ZUB_DATA");
	char path[512];
	struct report report = {0};
	struct err_detail detail = {{0}};
	snprintf(path, sizeof path, "%s/kaiserslautern/%s", data ? data : "../shared/data", file);
	if (access(path, R_OK)) {
		print_message("skipped: %s is not there\n", path);
		return 0;
	}
	struct derive_options options = {path, out, 20260101, 20261231, headway_s, NULL};
	int result = gtfs_derive(&options, &report, &detail);
	if (result)
		print_error("%s\n", detail.text);
	assert_int_equal(result, 0);
	return 1;
}

static size_t load(const char *path, char **ret_bytes)
{
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	*ret_bytes = malloc(4 << 20);
	assert_non_null(*ret_bytes);
	size_t n = fread(*ret_bytes, 1, 4 << 20, in);
	fclose(in);
	return n;
}

/* The same city as XML and as PBF gives the same bytes. */
static void same_bytes(void **state)
{
	char *a, *b, folder[] = "/tmp/zub-gtfs-XXXXXX", one[64], two[64];
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(one, sizeof one, "%s/one.zip", folder);
	snprintf(two, sizeof two, "%s/two.zip", folder);
	if (derive_city("kaiserslautern.osm.gz", one, 0) && derive_city("kaiserslautern.derived.osm.pbf", two, 0)) {
		size_t n_a = load(one, &a), n_b = load(two, &b);
		assert_int_equal(n_a, n_b);
		assert_memory_equal(a, b, n_a);
		free(a);
		free(b);
	}
	gtfs_text_remove(folder);
}

static void check_lines(const struct town *town)
{
	static const char *const lines[] = {"101", "102", "103", "104", "105", "106", "107", "111",
					    "112", "114", "115", "116", "117", "S1",  "S2",  "RE7"};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		uint32_t found = 0;
		for (uint32_t route = 0; route < town->timetable.n_routes; route++)
			found += strcmp(town_text(town, town->timetable.route_short_name[route]), lines[i]) == 0;
		assert_int_equal(found, 1);
	}
}

static void check_service_hours(const struct timetable *t)
{
	for (uint32_t trip = 0; trip < t->n_trips; trip++) {
		int32_t departs = t->time_departure_s[t->trip_first[trip]];
		assert_true(departs >= 5 * 3600 && departs <= 23 * 3600 + 1800);
	}
}

static void city(void **state)
{
	struct build build;
	struct err_detail detail = {{0}};
	char folder[] = "/tmp/zub-gtfs-XXXXXX", path[64];
	const char *paths[] = {path};
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/kl.zip", folder);
	if (!derive_city("kaiserslautern.osm.gz", path, 1200)) {
		gtfs_text_remove(folder);
		return;
	}
	assert_int_equal(build_open(&build), 0);
	assert_int_equal(gtfs_build(&build, paths, 1, &detail), 0);
	assert_int_equal(build.report.n_kinds, 0);
	assert_int_equal(build_finish_strings(&build), 0);
	gtfs_text_remove(folder);
	const struct town *town = &build.town;
	const struct timetable *t = &town->timetable;
	assert_int_equal(t->feed_invented[0], 1);
	assert_non_null(strstr(town_text(town, town->attribution), "invented:"));
	assert_non_null(strstr(town_text(town, town->attribution), "OpenStreetMap"));
	assert_int_equal(t->n_routes, 21);
	check_lines(town);
	check_service_hours(t);
	/* Trains come and go at the station, and its forecourt belongs to it. */
	uint32_t train = gtfs_text_stop(town, "n30959690"), bus = gtfs_text_stop(town, "n571524033");
	assert_true(t->stop_parent[train] != NONE && t->stop_parent[train] == t->stop_parent[bus]);
	struct arena arena;
	struct transit *transit;
	struct transit_call calls[400];
	struct transit_journey journeys[5];
	assert_int_equal(arena_open(&arena, transit_size(town, 8)), 0);
	assert_int_equal(transit_open(&transit, town, 8, &arena), 0);
	instant_ms morning = gtfs_text_utc(20260615, 6, 0, 0);
	for (int arriving = 0; arriving <= 1; arriving++) {
		uint32_t n = transit_board(transit, train, morning, arriving, calls, 400), trains = 0;
		for (uint32_t i = 0; i < n && calls[i].live < morning + HOUR_MS; i++)
			trains += t->route_type[t->trip_route[t->event_trip[calls[i].event]]] == 2;
		assert_true(trains >= 8);
	}
	/* From the town hall to the train. */
	struct transit_end from[8], to[8];
	uint32_t n_from = transit_station(transit, gtfs_text_stop(town, "n571512082"), from, 8);
	uint32_t n_to = transit_station(transit, train, to, 8);
	uint32_t n = transit_search(transit, from, n_from, to, n_to, morning, journeys, 5);
	assert_true(n >= 1 && journeys[n - 1].arrives < morning + HOUR_MS);
	arena_close(&arena);
	build_close(&build);
}

static void refusals(void **state)
{
	struct report report = {0};
	struct err_detail detail = {{0}};
	char folder[] = "/tmp/zub-gtfs-XXXXXX", osm[64], out[64];
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(osm, sizeof osm, "%s/a.osm", folder);
	snprintf(out, sizeof out, "%s/a.zip", folder);
	FILE *file = fopen(osm, "w");
	assert_non_null(file);
	fputs("<osm version='0.6'><node id='1' lat='49.4' lon='7.7'/></osm>", file);
	fclose(file);
	struct derive_options options = {osm, out, 20260101, 20261231, 0, NULL};
	assert_int_equal(gtfs_derive(&options, &report, &detail), ERR_NOT_FOUND);
	assert_non_null(strstr(detail.text, "expected at least one bus route"));
	options.first_yyyymmdd = 20260230;
	assert_int_equal(gtfs_derive(&options, &report, &detail), ERR_RANGE);
	options.first_yyyymmdd = 20260101;
	options.headway_s = 1;
	assert_int_equal(gtfs_derive(&options, &report, &detail), ERR_RANGE);
	assert_int_not_equal(access(out, F_OK), 0);
	gtfs_text_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(city),
		cmocka_unit_test(refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
