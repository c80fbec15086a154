// link: zub_compile zub_town_file
/* Real OSM files, counted: objects as SOURCE.txt of the data says, and what the compiler made of them. A change of a
 * rule shows here; look at it, then write the new number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile.h"
#include "osm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int find(const char *file, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", getenv("ZUB_DATA"), file);
	if (access(path, R_OK) == 0)
		return 1;
	print_message("skipped: %s is not there\n", path);
	return 0;
}

static const struct {
	const char *file;
	uint32_t n_nodes, n_ways, n_relations;				 /* as others counted them */
	uint32_t road_nodes, road_arcs, walk_arcs, addresses, sequences; /* what we make of them */
	uint32_t main_arcs[2];						 /* shuttle, van */
} towns[] = {
	{"heidelberg/heidelberg.test.pbf", 221009, 31619, 1700, 12582, 26861, 81912, 3461, 0, {11483, 23756}},
	{"kaiserslautern/kaiserslautern.osm.gz", 98828, 21706, 216, 3800, 8870, 22166, 12711, 1, {8144, 8268}},
	{"kaiserslautern/kaiserslautern.derived.osm.pbf", 98828, 21706, 216, 3800, 8870, 22166, 12711, 1, {8144, 8268}},
	{"boeblingen/herrenberg-minimal.osm.pbf", 6503, 1781, 128, 1116, 2446, 5814, 278, 0, {2304, 2340}},
	{"boeblingen/boeblingen-minimal.osm.pbf", 1491, 476, 50, 287, 608, 1854, 58, 0, {477, 477}},
	{"boeblingen/deufringen-minimal.osm.pbf", 1058, 171, 20, 107, 238, 584, 34, 0, {218, 238}},
};

static void objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(towns); i++) {
		struct err_detail detail;
		char path[1024];
		struct osm osm;

		if (!find(towns[i].file, path, sizeof path))
			continue;
		assert_int_equal(osm_read(&osm, path, &detail), 0);
		assert_int_equal(osm.n_nodes, towns[i].n_nodes);
		assert_int_equal(osm.n_ways, towns[i].n_ways);
		assert_int_equal(osm.n_relations, towns[i].n_relations);
		osm_free(&osm);
	}
}

static uint32_t count_main(const struct network *network, uint32_t class_index)
{
	uint32_t n = 0;

	for (uint32_t a = 0; a < network->n_arcs; a++)
		n += network->main_mask[a] >> class_index & 1;
	return n;
}

static uint32_t count_sequences(const struct network *network)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < network->n_turns; t++)
		n += network->turn_first[t + 1] - network->turn_first[t] > 2;
	return n;
}

static int compare(size_t i, const struct town *town)
{
	uint32_t got[] = {
		town->road.n_nodes,	      town->road.n_arcs,	  town->walk.n_arcs,	     town->n_addresses,
		count_sequences(&town->road), count_main(&town->road, 0), count_main(&town->road, 1)};
	uint32_t want[] = {towns[i].road_nodes, towns[i].road_arcs,    towns[i].walk_arcs,   towns[i].addresses,
			   towns[i].sequences,	towns[i].main_arcs[0], towns[i].main_arcs[1]};
	static const char *const names[] = {"road nodes",
					    "road arcs",
					    "walk arcs",
					    "addresses",
					    "rows of more than two arcs",
					    "main arcs of shuttles",
					    "main arcs of vans"};
	int n_wrong = 0;

	for (size_t k = 0; k < COUNT_OF(got); k++)
		if (got[k] != want[k]) {
			print_error("%s: %u %s, expected %u\n", towns[i].file, got[k], names[k], want[k]);
			n_wrong++;
		}
	return n_wrong;
}

/* Every arc is sound, whatever the town: the search and the pages rely on it. */
static void check_network(const struct network *network)
{
	for (uint32_t a = 0; a < network->n_arcs; a++) {
		uint32_t first = network->shape_first[a], last = network->shape_first[a + 1] - 1,
			 reverse = network->reverse_arc[a];

		assert_true(last > first);
		assert_memory_equal(&network->shape_point[first], &network->node_point[network->tail[a]],
				    sizeof(struct geo_point));
		assert_memory_equal(&network->shape_point[last], &network->node_point[network->head[a]],
				    sizeof(struct geo_point));
		if (reverse != NONE) {
			assert_int_equal(network->reverse_arc[reverse], a);
			assert_int_equal(network->dist_mm[reverse], network->dist_mm[a]);
			assert_int_equal(network->tail[reverse], network->head[a]);
		}
		for (uint32_t c = 0; c < network->n_classes; c++) {
			uint32_t time = network->time_ms[(size_t)c * network->n_arcs + a];

			assert_true(time >= 1);
			assert_true(time != TIME_INFINITE || !(network->main_mask[a] >> c & 1));
		}
	}
}

static void compile_once(const char *path, const struct town_settings *settings, const char *out, struct build *build)
{
	struct compile_options options = {.osm_path = path, .settings = settings};
	struct err_detail detail = {""};

	assert_int_equal(build_open(build), 0);
	if (compile_town(build, &options, &detail) || town_write(&build->town, out, &detail)) {
		print_error("%s\n", detail.text);
		fail();
	}
}

static void compiled(void **state)
{
	char out[] = "/tmp/zub-golden-XXXXXX";
	struct town_settings settings;
	int n_wrong = 0, fd = mkstemp(out);

	(void)state;
	close(fd);
	assert_int_equal(town_settings_default(&settings), 0);
	strcpy(settings.name, "Golden");
	for (size_t i = 0; i < COUNT_OF(towns); i++) {
		struct build builds[2];
		char path[1024];

		if (!find(towns[i].file, path, sizeof path))
			continue;
		for (int k = 0; k < 2; k++)
			compile_once(path, &settings, out, &builds[k]);
		assert_memory_equal(builds[0].town.hash, builds[1].town.hash,
				    TOWN_HASH_BYTES); /* the same bytes again */
		n_wrong += compare(i, &builds[0].town);
		check_network(&builds[0].town.road);
		check_network(&builds[0].town.walk);
		build_close(&builds[0]);
		build_close(&builds[1]);
	}
	town_settings_close(&settings);
	unlink(out);
	assert_int_equal(n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(objects), cmocka_unit_test(compiled)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
