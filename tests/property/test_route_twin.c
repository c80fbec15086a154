// link: zub_route_threads zub_route zub_town_file zub_city zub_base
// slow
/* The contraction hierarchy against the plain search on towns: 250 x 400 random pairs for every class, before and after
 * random closures and other speeds; each pair equal to the millisecond and millimetre, 250 paths driven arc by arc. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "route_twin.h"
#include "town.h"

#define SOURCES 250
#define TARGETS 400
#define CHANGES 300

static char folder[] = "/tmp/zub-route-twin-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

static uint64_t seed_of_test(void)
{
	const char *text = getenv("ZUB_SEED");
	return text ? strtoull(text, NULL, 10) : 20260105;
}

static void run(const char *format, ...)
{
	char command[4096];
	va_list list;
	va_start(list, format);
	vsnprintf(command, sizeof command, format, list);
	va_end(list);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static void compare(struct twin *twin, uint32_t n_from, struct rng *rng)
{
	static struct spot from[SOURCES], to[TARGETS];
	for (uint32_t i = 0; i < n_from; i++)
		from[i] = twin_spot(twin, rng);
	for (int i = 0; i < TARGETS; i++)
		to[i] = twin_spot(twin, rng);
	to[0] = from[0]; /* the same place, and before and behind it on its arc */
	to[1] = (struct spot){from[1].arc, 0};
	to[2] = (struct spot){from[2].arc, twin->network->dist_mm[from[2].arc]};
	twin_compare(twin, from, n_from, to, TARGETS, rng);
}

static void network_test(const struct network *network, const char *name)
{
	struct rng rng;
	struct twin twin;
	rng_seed(&rng, seed_of_test());
	print_message("%s: %u vertices, seed %llu (ZUB_SEED)\n", name, network->n_order,
		      (unsigned long long)seed_of_test());
	twin_open(&twin, network);
	for (uint32_t class_index = 0; class_index < network->n_classes; class_index++) {
		twin_class(&twin, class_index);
		compare(&twin, SOURCES, &rng);
		for (uint32_t n = 1; n < CHANGES; n *= 3) /* few are updated one by one, many as a whole */
			twin_change(&twin, n, &rng);
		twin_change(&twin, CHANGES, &rng);
		compare(&twin, SOURCES, &rng); /* with all arcs */
		route_weights_trim(twin.weights);
		compare(&twin, 50, &rng);
	}
	twin_close(&twin);
}

static void town_test(const char *name)
{
	struct town town;
	struct err_detail detail = {""};
	char path[128];
	snprintf(path, sizeof path, "%s/town.zmap", folder);
	if (town_open(&town, path, &detail))
		fail_msg("%s", detail.text);
	network_test(&town.road, name);
	if (town.walk.n_arcs > 0)
		network_test(&town.walk, "footpaths");
	town_close(&town);
	unlink(path);
}

static int is_there(const char *path)
{
	char full[4096];
	struct stat stat_of;
	const char *data = getenv("ZUB_DATA");
	snprintf(full, sizeof full, "%s/%s", data ? data : "", path);
	if (data && stat(full, &stat_of) == 0)
		return 1;
	print_message("skipped: no %s in ZUB_DATA\n", path);
	return 0;
}

static void osm_town(const char *name, const char *osm)
{
	if (!is_there(osm))
		return;
	run("%s/mapc build --osm %s/%s -o %s/town.zmap >/dev/null", getenv("ZUB_BIN"), getenv("ZUB_DATA"), osm, folder);
	town_test(name);
}

static void heidelberg(void **state)
{
	(void)state;
	osm_town("Heidelberg", "heidelberg/heidelberg.test.pbf");
}

static void kaiserslautern(void **state)
{
	(void)state;
	osm_town("Kaiserslautern", "kaiserslautern/kaiserslautern.osm.gz");
}

static void generated(void **state)
{
	(void)state;
	const char *bin = getenv("ZUB_BIN");
	run("%s/mapc synth --seed 7 --inhabitants 20000 --osm %s/t.osm.pbf --gtfs %s/t.zip >/dev/null", bin, folder,
	    folder);
	run("%s/mapc build --osm %s/t.osm.pbf -o %s/town.zmap >/dev/null", bin, folder, folder);
	run("rm %s/t.osm.pbf %s/t.zip", folder, folder);
	town_test("generated");
}

static void new_york(void **state)
{
	(void)state;
	const char *data = getenv("ZUB_DATA");
	if (!is_there("newyork/matching/newyork.gr.gz"))
		return;
	run("%s/mapc import-dimacs --gr %s/newyork/matching/newyork.gr.gz --co %s/newyork/matching/newyork.co.gz --len "
	    "%s/newyork/matching/newyork.length.gr.gz -o %s/town.zmap >/dev/null",
	    getenv("ZUB_BIN"), data, data, data, folder);
	town_test("New York");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heidelberg),
		cmocka_unit_test(kaiserslautern),
		cmocka_unit_test(generated),
		cmocka_unit_test(new_york),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
