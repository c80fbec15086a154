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
		     last = offsetof(struct demand_options, pace_max_mm_s) + sizeof demand.pace_max_mm_s;
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

/* A ring of three files is named at the line that closes it; a long chain that is no ring, too. */
static void test_extends_in_a_ring(void **state)
{
	char path[128], name[32], text[64];
	struct err_detail detail = {""};
	(void)state;
	write_file("a.yaml", "extends: b.yaml\n");
	write_file("b.yaml", "seed: 2\nextends: c.yaml\n");
	write_file("c.yaml", "vehicles: 2\nseats: 3\nextends: ./a.yaml\n");
	snprintf(path, sizeof path, "%s/a.yaml", folder);
	scenario_default(&scenario);
	assert_int_equal(scenario_read(&scenario, path, &detail), ERR_CONFLICT);
	assert_non_null(strstr(detail.text, "c.yaml:3:10: extends: "));
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof name, "n%d.yaml", i);
		snprintf(text, sizeof text, "extends: n%d.yaml\n", i + 1);
		write_file(name, text);
	}
	snprintf(path, sizeof path, "%s/n0.yaml", folder);
	scenario_default(&scenario);
	assert_int_equal(scenario_read(&scenario, path, &detail), ERR_RANGE);
	assert_non_null(strstr(detail.text, "n8.yaml:1:10: extends: more than 8 files deep"));
}

static void test_fleet(void **state)
{
	struct err_detail detail = {""};
	uint32_t group = 77;
	(void)state;
	write_file("base.yaml",
		   "seats: 6\nfleet:\n  - {vehicles: 2}\n  - {vehicles: 3, class: van, seats: 7, wheelchair_bays: "
		   "2, depot: \"49.4,8.7\", from: \"06:00\", to: \"14:30\"}\n");
	assert_int_equal(read_scenario("extends: base.yaml\n", &detail), 0);
	assert_int_equal(scenario.world.n_vehicles, 5);
	struct world_group van = world_group_of(&scenario.world, 2, &group),
			   shuttle = world_group_of(&scenario.world, 1, NULL);
	assert_int_equal(group, 1);
	assert_string_equal(van.class_name, "van");
	assert_int_equal(van.spaces[0], 7);
	assert_int_equal(van.spaces[1], 2);
	assert_int_equal(van.depot.lat_e7, 494000000);
	assert_int_equal(van.shift_to_s, 14 * 3600 + 1800);
	assert_int_equal(shuttle.spaces[0], 6);
	assert_false(shuttle.has_depot);
	assert_int_equal(scenario_set(&scenario, "vehicles=9", &detail), 0); /* in place of the fleet */
	assert_int_equal(scenario.world.n_vehicles, 9);
	assert_int_equal(world_group_of(&scenario.world, 8, NULL).spaces[0], 6);
	assert_int_equal(read_scenario("extends: base.yaml\nvehicles: 4\n", &detail), 0);
	assert_int_equal(scenario.world.n_vehicles, 4);
	assert_int_equal(read_scenario("extends: base.yaml\nfleet:\n  - {vehicles: 1}\n", &detail), 0);
	assert_int_equal(scenario.world.n_vehicles, 1);
}

/* What is written says the same when it is read again: byte for byte. */
static void test_written_and_read(void **state)
{
	char *first = NULL, *second = NULL;
	size_t n = 0;
	struct err_detail detail = {""};
	(void)state;
	assert_int_equal(
		read_scenario("town: \"a \\\"b\\\".zmap\"\nseed: 9\nfleet:\n  - {vehicles: 2, class: van, depot: "
			      "\"49.4,-8.7\", from: \"05:30\", to: \"26:15\"}\n  - {vehicles: 1}\nrequests_by_hour: "
			      "{6: 10, 25: "
			      "2}\nriders: {pace_min: 0.75}\nnetwork: {latency_max: 3 s}\nfaults:\n  - {at: 5 min, "
			      "vehicle: 1, kind: "
			      "mrc, for: 3 min}\n  - {at: 90 s, kind: dispatcher}\nstreets: {live: true}\njams:\n  - "
			      "{at: 10 min, for: "
			      "1 h, middle: \"49.4,-8.7\", radius_m: 80, times: 2.25}\n",
			      &detail),
		0);
	FILE *out = open_memstream(&first, &n);
	scenario_write(&scenario, 1, out);
	fclose(out);
	if (read_scenario(first, &detail))
		fail_msg("%s in\n%s", detail.text, first);
	strcpy(scenario.town, "a \"b\".zmap"); /* the folder comes before it at each reading */
	out = open_memstream(&second, &n);
	scenario_write(&scenario, 1, out);
	fclose(out);
	char *town = strstr(first, "town: ");
	assert_non_null(town);
	assert_string_equal(strchr(town, '\n'), strchr(strstr(second, "town: "), '\n'));
	assert_int_equal(scenario.demand.pace_min_mm_s, 750);
	assert_int_equal(scenario.demand.totals[25], 2);
	assert_int_equal(scenario.world.n_faults, 2);
	assert_int_equal(scenario.world.live_speeds, 1);
	assert_int_equal(scenario.world.n_jams, 1);
	assert_int_equal(scenario.world.jams[0].slow_permille, 2250);
	assert_int_equal(scenario.world.jams[0].middle.lon_e7, -87000000);
	free(first);
	free(second);
}

static void test_resolves(void **state)
{
	struct drawn_town drawn;
	struct err_detail detail = {""};
	(void)state;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A---B",
							.timetable = "stop S A\nstop T B\ntrip T1 R S 08:00 T 08:05"});
	assert_int_equal(
		read_scenario("minutes: 60\nfaults:\n  - {at: 5 min, kind: dispatcher}\n  - {at: "
			      "2022-06-08T10:00:00Z, vehicle: 2, kind: link}\njams:\n  - {at: 5 min, for: 10 min, "
			      "middle: \"49.4,8.7\", radius_m: 5, times: 2}\n",
			      &detail),
		0);
	assert_int_equal(scenario_resolve(&scenario, &drawn.town, &detail), 0);
	assert_int_equal(scenario.world.from, drawn_instant(&drawn, 0, "06:00"));
	assert_int_equal(scenario.demand.to, drawn_instant(&drawn, 0, "07:00"));
	assert_int_equal(scenario.world.faults[0].at, drawn_instant(&drawn, 0, "06:05"));
	assert_int_equal(scenario.world.faults[1].at, drawn_instant(&drawn, 1, "12:00"));
	assert_int_equal(scenario.world.jams[0].from, drawn_instant(&drawn, 0, "06:05"));
	assert_int_equal(scenario.world.jams[0].to, drawn_instant(&drawn, 0, "06:15"));
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
	expect_error("jams:\n  - {at: 5 min, for: 1 h, radius_m: 5, times: 2}\n", "s.yaml:2:6: a jam needs middle");
	expect_error("jams:\n  - {at: 5 min, for: 1 h, middle: \"49.4,8.7\", radius_m: 5, times: 0.9}\n", "s.yaml:2:");
	expect_error("faults:\n  - {at: 5 min, vehicle: 1, kind: mrc, why: so}\n", "s.yaml:2:");
	expect_error("extends: nothing.yaml\n", "nothing.yaml");
	expect_error("extends: s.yaml\n", "s.yaml:1:10: extends: ");
	expect_error("extends: s.yaml\n", "extends itself in the end");
	expect_error("vehicles: 3\nfleet:\n  - {vehicles: 2}\n", "s.yaml:1:11: vehicles: the fleet says");
	expect_error("fleet: 3\n", "s.yaml:1:8: fleet: a list of 1 to");
	expect_error("fleet: []\n", "fleet: a list of 1 to");
	expect_error("fleet:\n  - {seats: 2}\n", "s.yaml:2:6: a group of the fleet needs vehicles");
	expect_error("fleet:\n  - {vehicles: 2, from: \"06:00\"}\n", "s.yaml:2:6: a shift needs from and to");
	expect_error("fleet:\n  - {vehicles: 2, from: \"14:00\", to: \"06:00\"}\n",
		     "s.yaml:2:39: the shift ends before");
	expect_error("fleet:\n  - {vehicles: 2, wheels: 4}\n", "s.yaml:2:19: ");
	expect_error("requests_by_hour: {6: 10, 30: 1}\n", "s.yaml:1:27: ");
	expect_error("requests_by_hour: {6: -1}\n", "s.yaml:1:23: ");
	expect_error("requests_by_hour: {6: 0}\n", "s.yaml:1:20: requests_by_hour: nobody asks");
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
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_extends),
		cmocka_unit_test(test_resolves),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_manual_names_all),
		cmocka_unit_test(test_extends_in_a_ring),
		cmocka_unit_test(test_fleet),
		cmocka_unit_test(test_written_and_read),
	};
	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
