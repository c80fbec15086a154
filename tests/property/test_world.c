// link: zub_sim zub_town_file
/* The whole service in a virtual world, with everything that can go wrong drawn at random. ZUB_SEEDS=N for more seeds,
 * ZUB_SEED=N for that one alone, ZUB_KEEP=FILE for the journal of a run that failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keep.h"
#include "replay.h"
#include "rng.h"
#include "scenario.h"

#define RUN_MINUTES 150

static struct town town;
static char folder[64] = "/tmp/zub-world-XXXXXX";

/* ---- a small generated town ---- */

static int open_town(void **state)
{
	char command[1024], path[128];
	const char *bin = getenv("ZUB_BIN");
	struct err_detail detail = {""};
	(void)state;
	if (!bin || !mkdtemp(folder))
		return -1;
	snprintf(command, sizeof command,
		 "%s/mapc synth --seed 3 --inhabitants 9000 --osm %s/t.osm.pbf --gtfs %s/t.zip >/dev/null && "
		 "%s/mapc build --osm %s/t.osm.pbf --gtfs %s/t.zip -o %s/t.zmap >/dev/null 2>&1",
		 bin, folder, folder, bin, folder, folder, folder);
	snprintf(path, sizeof path, "%s/t.zmap", folder);
	if (system(command) || town_open(&town, path, &detail)) {
		fprintf(stderr, "no town: %s\n", detail.text);
		return -1;
	}
	return 0;
}

static int close_town(void **state)
{
	char command[128];
	(void)state;
	town_close(&town);
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

/* ---- one run ---- */

struct outcome {
	struct checker_figures figures;
	struct world_counts counts;
	uint64_t digest, journal;
};

static void prepare(struct scenario *scenario, uint64_t seed)
{
	struct err_detail detail = {""};
	scenario_default(scenario);
	scenario->minutes = RUN_MINUTES;
	scenario->demand.per_hour = 60;
	scenario->demand.seed = scenario->world.seed = seed;
	scenario->world.core.rides_max = 1024;
	scenario->world.core.vehicles_max = 8;
	if (seed % 2) { /* idle vehicles are sent about, chargers are few, groups are bounded */
		scenario->world.core.rebalance_ms = 120000;
		scenario->world.core.charger_slots = 1;
		scenario->world.core.fair_gap_permille = 100;
	}
	if (seed % 4 < 2) { /* vehicles are cleaned */
		scenario->world.core.clean_every_ms = 40 * (uint32_t)MINUTE_MS;
		scenario->world.core.clean_early_ms = 15 * (uint32_t)MINUTE_MS;
		scenario->world.core.clean_ms = 6 * (uint32_t)MINUTE_MS;
	}
	scenario->world.check_every = 50;
	scenario->world.snapshot_every = 500;
	if (scenario_resolve(scenario, &town, &detail))
		fail_msg("seed %llu: %s", (unsigned long long)seed, detail.text);
}

static void check_replay(struct store *store, uint64_t seed)
{
	static struct replay_report report;
	struct err_detail detail = {""};
	if (replay_run(store, &town, 1, &report, &detail))
		fail_msg("seed %llu: replay: %s", (unsigned long long)seed, detail.text);
	if (report.differing || report.digest != report.recorded_digest || report.fault[0])
		fail_msg("seed %llu: replay: %llu outcomes differ, the first at %llu; %s", (unsigned long long)seed,
			 (unsigned long long)report.differing, (unsigned long long)report.first_differing,
			 report.fault);
}

static void give_up(struct store *store, uint64_t seed, const struct err_detail *detail)
{
	struct err_detail unused;
	struct store *file;
	if (getenv("ZUB_KEEP") && !store_open(&file, getenv("ZUB_KEEP"), &unused)) {
		keep_journal(store, file, &unused);
		store_close(file);
	}
	fail_msg("seed %llu: %s", (unsigned long long)seed, detail->text);
}

static struct outcome run(const struct scenario *scenario)
{
	uint64_t seed = scenario->world.seed;
	struct err_detail detail = {""};
	struct demand demand;
	struct store *store = NULL;
	struct world *world = NULL;
	struct outcome outcome;
	if (demand_draw(&demand, &town, &scenario->demand, &detail) || store_open(&store, "memory:1", &detail) ||
	    world_open(&world, &scenario->world, &town, &demand, store, &detail))
		fail_msg("seed %llu: %s", (unsigned long long)seed, detail.text);
	if (world_run(world, NULL, NULL, &detail))
		give_up(store, seed, &detail);
	checker_figures(world_checker(world), &outcome.figures);
	outcome.counts = world_counts(world);
	outcome.digest = core_digest(world_core(world));
	assert_int_equal(keep_hash(store, &outcome.journal, &detail), 0);
	check_replay(store, seed);
	world_close(world);
	store_close(store);
	demand_free(&demand);
	return outcome;
}

static uint64_t first_seed(void)
{
	return getenv("ZUB_SEED") ? strtoull(getenv("ZUB_SEED"), NULL, 10) : 1;
}

static uint64_t n_seeds(uint64_t fallback)
{
	return getenv("ZUB_SEED") ? 1 : getenv("ZUB_SEEDS") ? strtoull(getenv("ZUB_SEEDS"), NULL, 10) : fallback;
}

/* ---- properties ---- */

static void test_same_seed_same_bytes(void **state)
{
	static struct scenario scenario;
	(void)state;
	prepare(&scenario, 7);
	scenario.world.loss_permille = scenario.world.repeat_permille = 100;
	struct outcome one = run(&scenario), two = run(&scenario);
	assert_true(one.digest == two.digest);
	assert_true(one.journal == two.journal);
	scenario.world.seed++;
	assert_true(run(&scenario).journal != one.journal);
}

static void test_nothing_breaks_by_itself(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed(), end = seed + n_seeds(3); seed < end; seed++) {
		static struct scenario scenario;
		prepare(&scenario, seed);
		struct outcome outcome = run(&scenario);
		print_message("seed %llu: %llu of %llu promised, %llu done\n", (unsigned long long)seed,
			      (unsigned long long)outcome.figures.promised,
			      (unsigned long long)outcome.figures.requests, (unsigned long long)outcome.figures.done);
		assert_int_equal(outcome.figures.promises_broken, 0);
		assert_true(outcome.figures.done > 50);
	}
}

static void draw_faults(struct scenario *scenario, struct rng *rng, uint32_t n)
{
	struct world_options *world = &scenario->world;
	for (uint32_t i = 0; i < n; i++) {
		struct world_fault *fault = &world->faults[world->n_faults++];
		fault->at = rng_between(rng, world->from + 10 * MINUTE_MS, world->to);
		fault->vehicle = 1 + rng_below(rng, world->n_vehicles);
		fault->kind = (uint8_t)(1 + rng_below(rng, WORLD_FAULT_KINDS - 1));
		fault->duration_ms = (uint32_t)rng_between(rng, 1, 20 * MINUTE_MS);
		if (fault->kind >= WORLD_FAULT_AGENT)
			fault->duration_ms = rng_chance(rng, 800) ? 0 : (uint32_t)rng_between(rng, 1, 90000);
		else if (rng_chance(rng, 100))
			fault->duration_ms = 0; /* for good */
	}
}

static void test_killed_at_random(void **state)
{
	uint64_t restarts = 0;
	(void)state;
	for (uint64_t seed = first_seed(), end = seed + n_seeds(3); seed < end; seed++) {
		static struct scenario scenario;
		struct rng rng;
		rng_seed(&rng, seed);
		prepare(&scenario, seed);
		for (int i = 0; i < 20; i++)
			scenario.world.faults[scenario.world.n_faults++] =
				(struct world_fault){.at = rng_between(&rng, scenario.world.from, scenario.world.to),
						     .vehicle = 1 + rng_below(&rng, 6),
						     .kind = (uint8_t)(WORLD_FAULT_AGENT + rng_below(&rng, 2))};
		struct outcome outcome = run(&scenario);
		restarts += outcome.counts.agent_restarts + outcome.counts.dispatcher_restarts;
		print_message("seed %llu: %llu and %llu restarts, %llu done, %llu broken\n", (unsigned long long)seed,
			      (unsigned long long)outcome.counts.agent_restarts,
			      (unsigned long long)outcome.counts.dispatcher_restarts,
			      (unsigned long long)outcome.figures.done,
			      (unsigned long long)outcome.figures.promises_broken);
	}
	assert_true(restarts > 0);
}

static void test_everything_goes_wrong(void **state)
{
	uint64_t broken = 0;
	(void)state;
	for (uint64_t seed = first_seed(), end = seed + n_seeds(4); seed < end; seed++) {
		static struct scenario scenario;
		struct rng rng;
		rng_seed(&rng, seed);
		prepare(&scenario, seed);
		scenario.world.loss_permille = scenario.world.repeat_permille = 100;
		scenario.world.latency_ms_max = 5000;
		scenario.world.slow_permille = rng_chance(&rng, 300) ? 150 : 0;
		scenario.world.trains_late_permille = 300;
		scenario.world.trains_cancelled_permille = 50;
		scenario.world.desk_errs_permille = 200;
		draw_faults(&scenario, &rng, 30);
		struct outcome outcome = run(&scenario);
		broken += outcome.figures.promises_broken;
		print_message("seed %llu: %llu promised, %llu done, %llu broken, %llu restarts\n",
			      (unsigned long long)seed, (unsigned long long)outcome.figures.promised,
			      (unsigned long long)outcome.figures.done,
			      (unsigned long long)outcome.figures.promises_broken,
			      (unsigned long long)(outcome.counts.agent_restarts + outcome.counts.dispatcher_restarts));
	}
	if (n_seeds(4) >= 4)
		assert_true(broken > 0); /* else the faults reached nobody */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_seed_same_bytes),
		cmocka_unit_test(test_nothing_breaks_by_itself),
		cmocka_unit_test(test_killed_at_random),
		cmocka_unit_test(test_everything_goes_wrong),
	};
	return cmocka_run_group_tests(tests, open_town, close_town);
}
