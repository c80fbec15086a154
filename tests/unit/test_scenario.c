// link: zub_sim zub_drawn_town
/* Scenario files: what they set, what they take from others, and what they say about mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "drawn_town.h"
#include "scenario.h"

static char folder[64];
static struct scenario scenario;

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/zub-scenario-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int read_scenario(const char *text, struct err_detail *detail)
{
	char path[128];
	write_file("s.yaml", text);
	snprintf(path, sizeof path, "%s/s.yaml", folder);
	scenario_default(&scenario);
	return scenario_read(&scenario, path, detail);
}

/* The message without the folder. */
static void expect_error(const char *text, const char *wanted)
{
	struct err_detail detail = {""};
	assert_int_not_equal(read_scenario(text, &detail), 0);
	if (!strstr(detail.text, wanted))
		fail_msg("expected \"%s\" in \"%s\"", wanted, detail.text);
}

static void test_defaults(void **state)
{
	(void)state;
	scenario_default(&scenario);
	struct demand_options demand;
	demand_default(&demand);
	/* the table's words say what the code does; all rows are uint32_t without gaps */
	const size_t first = offsetof(struct demand_options, per_hour),
		     last = offsetof(struct demand_options, late) + sizeof demand.late;
	assert_memory_equal((char *)&demand + first, (char *)&scenario.demand + first, last - first);
	assert_int_equal(scenario.world.n_vehicles, 6);
	assert_int_equal(scenario.minutes, 480);
}

static void test_reads(void **state)
{
	struct err_detail detail = {""};
	(void)state;
	assert_int_equal(read_scenario("vehicles: 20\nseats: 6\nseed: 5\ndemand:\n  per_hour: 100\n  tied: "
				       "0.25\nnetwork: {loss: 0.1, latency_max: 3 s}\n",
				       &detail),
			 0);
	assert_int_equal(scenario.world.n_vehicles, 20);
	assert_int_equal(scenario.world.spaces[0], 6);
	assert_int_equal(scenario.world.seed, 5);
	assert_int_equal(scenario.demand.seed, 5);
	assert_int_equal(scenario.demand.per_hour, 100);
	assert_int_equal(scenario.demand.tied, 250);
	assert_int_equal(scenario.world.loss_permille, 100);
	assert_int_equal(scenario.world.latency_ms_max, 3000);
}

static void test_extends(void **state)
{
	char path[256];
	struct err_detail detail = {""};
	(void)state;
	write_file("base.yaml",
		   "town: b.zmap\nvehicles: 9\nseats: 4\nfaults:\n  - {at: 5 min, vehicle: 1, kind: mrc}\n");
	assert_int_equal(
		read_scenario(
			"extends: base.yaml\nseats: 5\nfaults:\n  - {at: 6 min, vehicle: 2, kind: dead, for: 2 min}\n",
			&detail),
		0);
	assert_int_equal(scenario.world.n_vehicles, 9);
	assert_int_equal(scenario.world.spaces[0], 5);
	assert_int_equal(scenario.world.n_faults, 2);
	assert_int_equal(scenario.world.faults[0].kind, WORLD_FAULT_MRC);
	assert_int_equal(scenario.world.faults[1].duration_ms, 120000);
	snprintf(path, sizeof path, "%s/b.zmap", folder);
	assert_string_equal(scenario.town, path);
}

static void test_resolves(void **state)
{
	struct drawn_town drawn;
	struct err_detail detail = {""};
	(void)state;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A---B",
							.timetable = "stop S A\nstop T B\ntrip T1 R S 08:00 T 08:05"});
	assert_int_equal(read_scenario("minutes: 60\nfaults:\n  - {at: 5 min, kind: dispatcher}\n  - {at: "
				       "2022-06-08T10:00:00Z, vehicle: 2, kind: link}\n",
				       &detail),
			 0);
	assert_int_equal(scenario_resolve(&scenario, &drawn.town, &detail), 0);
	assert_int_equal(scenario.world.from, drawn_instant(&drawn, 0, "06:00"));
	assert_int_equal(scenario.demand.to, drawn_instant(&drawn, 0, "07:00"));
	assert_int_equal(scenario.world.faults[0].at, drawn_instant(&drawn, 0, "06:05"));
	assert_int_equal(scenario.world.faults[1].at, drawn_instant(&drawn, 1, "12:00"));
	assert_int_equal(read_scenario("from: 2022-06-08T10:00:00Z\n", &detail), 0);
	assert_int_equal(scenario_resolve(&scenario, &drawn.town, &detail), 0);
	assert_int_equal(scenario.world.from, drawn_instant(&drawn, 1, "12:00"));
	assert_int_equal(read_scenario("from: noon\n", &detail), 0);
	assert_int_not_equal(scenario_resolve(&scenario, &drawn.town, &detail), 0);
	drawn_town_close(&drawn);
}

static void test_mistakes(void **state)
{
	(void)state;
	expect_error("vehicels: 3\n", "s.yaml:1:1: ");
	expect_error("seed: 1\nvehicles: many\n", "s.yaml:2:11: ");
	expect_error("vehicles: 0\n", "s.yaml:1:11: ");
	expect_error("demand: {tied: 1.5}\n", "s.yaml:1:16: ");
	expect_error("faults:\n  - {at: 5 min, vehicle: 1, kind: sneezes}\n", "s.yaml:2:35: ");
	expect_error("faults:\n  - {at: 5 min, kind: mrc}\n", "s.yaml:2:6: vehicle is missing");
	expect_error("faults:\n  - {vehicle: 1, kind: mrc}\n", "s.yaml:2:6: a fault needs at");
	expect_error("faults:\n  - {at: 1 min, vehicle: 1, kind: dispatcher}\n", "s.yaml:2:6: a dispatcher has no");
	expect_error("faults:\n  - {at: soon, vehicle: 1, kind: mrc}\n", "s.yaml:2:10: ");
	expect_error("faults:\n  - {at: 5 min, vehicle: 1, kind: mrc, why: so}\n", "s.yaml:2:");
	expect_error("extends: nothing.yaml\n", "nothing.yaml");
	expect_error("extends: s.yaml\n", "more than 8 files deep");
	expect_error("seed: [1\n", "s.yaml:");
}

static void test_set(void **state)
{
	struct err_detail detail = {""};
	(void)state;
	scenario_default(&scenario);
	assert_int_equal(scenario_set(&scenario, "vehicles=12", &detail), 0);
	assert_int_equal(scenario_set(&scenario, "demand.per_hour=7", &detail), 0);
	assert_int_equal(scenario.world.n_vehicles, 12);
	assert_int_equal(scenario.demand.per_hour, 7);
	assert_int_not_equal(scenario_set(&scenario, "vehicles", &detail), 0);
	assert_int_not_equal(scenario_set(&scenario, "vehicle=1", &detail), 0);
	assert_int_not_equal(scenario_set(&scenario, "vehicles=x", &detail), 0);
	assert_non_null(strstr(detail.text, "vehicles"));
}

static void test_manual_names_all(void **state)
{
	char *text = NULL;
	size_t n = 0;
	(void)state;
	FILE *out = open_memstream(&text, &n);
	scenario_print_manual(out);
	fclose(out);
	assert_non_null(strstr(text, "`trains.late_max`"));
	assert_non_null(strstr(text, "`demand.per_hour`"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),	 cmocka_unit_test(test_reads),
		cmocka_unit_test(test_extends),		 cmocka_unit_test(test_resolves),
		cmocka_unit_test(test_mistakes),	 cmocka_unit_test(test_set),
		cmocka_unit_test(test_manual_names_all),
	};
	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
