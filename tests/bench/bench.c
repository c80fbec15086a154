/* bench match ...: best insertion over a day of requests (bench_match.c).
 * bench [TOWN.zmap]: the figures that matter, one JSON line each, each beside what it is compared to in the same run.
 * Without a town a generated one of 25,000 inhabitants. Routes also on Heidelberg and New York where the data is
 * there (ZUB_DATA, or ../shared/data beside the checkout). Runs the programs of build/bench/ for routes, insertion and
 * stores, and measures the codec, the core and the virtual world itself. Times are wall time: run it on a quiet
 * machine. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "codec.h"
#include "replay.h"
#include "scenario.h"

#define CODEC_ROUNDS 200000

static char home[256]; /* folder above bin/ */

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print(json_t *json)
{
	json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', stdout);
	fflush(stdout);
	json_decref(json);
}

/* ---- machine ---- */

static void print_machine(void)
{
	char line[256], model[256] = "unknown";
	FILE *file = fopen("/proc/cpuinfo", "r");
	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
			snprintf(model, sizeof model, "%s", strchr(line, ':') + 2);
			model[strcspn(model, "\n")] = 0;
			break;
		}
	if (file)
		fclose(file);
	print(json_pack("{s:s,s:s,s:i,s:s}", "bench", "machine", "cpu", model, "cores",
			(int)sysconf(_SC_NPROCESSORS_ONLN), "version", ZUB_VERSION));
}

/* ---- codec ---- */

static struct wire_message plan_message(void)
{
	struct wire_message message = {.kind = WIRE_KIND_PLAN};
	message.plan.epoch = 3;
	message.plan.version = 41;
	message.plan.valid_until = 1767338273874;
	message.plan.n_tasks = 8;
	for (uint32_t i = 0; i < 8; i++)
		message.plan.tasks[i] = (struct wire_task){.ride = 0x9e3779b97f4a7c15 * (i / 2 + 1),
							   .kind = i % 2 ? WIRE_DROPOFF : WIRE_PICKUP,
							   .place = {500079618, 99712540, 429 + i, 104880, 0},
							   .planned_at = 1767338273874 + i * 60000,
							   .not_before = 1767338273874,
							   .wait_until = 1767338423874,
							   .dwell_ms = 8000,
							   .boarding_code = 1234,
							   .party = 1};
	return message;
}

static int bench_codec(void)
{
	static struct wire_message message, back;
	static uint8_t bytes[CODEC_BYTES_MAX];
	struct err_detail detail = {""};
	size_t n = 0;
	message = plan_message();
	double begin = now_s();
	for (int i = 0; i < CODEC_ROUNDS; i++) {
		message.plan.version = (uint32_t)i;
		if (codec_encode(&message, bytes, sizeof bytes, &n) || codec_decode(bytes, n, &back, &detail))
			return 1;
	}
	double codec_ns = (now_s() - begin) * 1e9 / CODEC_ROUNDS;
	begin = now_s();
	for (int i = 0; i < CODEC_ROUNDS; i++) {
		message.plan.version = (uint32_t)i;
		memcpy(&back, &message, sizeof back);
		__asm__ volatile("" : : "r"(&back) : "memory");
	}
	double copy_ns = (now_s() - begin) * 1e9 / CODEC_ROUNDS;
	print(json_pack("{s:s,s:f,s:i,s:s,s:f}", "bench", "codec: a plan of 8 tasks there and back", "ns", codec_ns,
			"bytes", (int)n, "compared_to", "copying the struct, ns", "compared", copy_ns));
	return 0;
}

/* ---- core and world ---- */

static int run_world(const struct town *town, struct store *store, struct scenario *scenario,
		     struct world_counts *ret_counts, struct err_detail *detail)
{
	struct demand demand;
	struct world *world;
	int code = demand_draw(&demand, town, &scenario->demand, detail);
	if (code)
		return code;
	code = world_open(&world, &scenario->world, town, &demand, store, detail);
	if (!code) {
		code = world_run(world, NULL, NULL, detail);
		*ret_counts = world_counts(world);
		world_close(world);
	}
	demand_free(&demand);
	return code;
}

/* A day of 480 minutes: as a virtual world with agents and network, then its journal through the core alone. */
static int bench_world(const struct town *town, uint32_t vehicles, struct err_detail *detail)
{
	static struct replay_report report;
	static struct scenario scenario;
	struct world_counts counts;
	struct store *store;
	scenario_default(&scenario);
	scenario.world.n_vehicles = vehicles;
	scenario.demand.per_hour = 4 * vehicles;
	int code = scenario_resolve(&scenario, town, detail);
	if (!code)
		code = store_open(&store, "memory:", detail);
	if (code)
		return code;
	double begin = now_s();
	code = run_world(town, store, &scenario, &counts, detail);
	double world_s = now_s() - begin;
	begin = now_s();
	if (!code)
		code = replay_run(store, town, 1, &report, detail);
	double replay_s = now_s() - begin;
	store_close(store);
	if (code)
		return code;
	double service_s = (double)scenario.minutes * 60;
	print(json_pack("{s:s,s:i,s:f,s:I,s:I,s:s,s:f}", "bench", "world: service seconds per second", "vehicles",
			(int)vehicles, "speed", service_s / world_s, "rides_done", (json_int_t)report.figures.done,
			"messages", (json_int_t)counts.messages, "compared_to",
			"its journal replayed without agents and network, speed", "compared", service_s / replay_s));
	print(json_pack("{s:s,s:i,s:f,s:I,s:s,s:f}", "bench",
			"core: commands per second, decoded, stepped, compared, checked", "vehicles", (int)vehicles,
			"per_second", (double)report.commands / replay_s, "commands", (json_int_t)report.commands,
			"compared_to", "commands per second of the service itself", "compared",
			(double)report.commands / service_s));
	return report.differing || report.fault[0] ? err_set(detail, ERR_BROKEN, "replay: %s", report.fault) : ERR_OK;
}

/* ---- the others ---- */

/* Passes on the JSON lines of another program. */
static int run_other(const char *name, const char *arguments)
{
	char command[1024];
	snprintf(command, sizeof command, "%s/bench/%s %s", home, name, arguments);
	fflush(stdout);
	return system(command) != 0;
}

static int make_town(const char *folder, uint32_t inhabitants, char *path, size_t size)
{
	char command[2048];
	snprintf(path, size, "%s/t%" PRIu32 ".zmap", folder, inhabitants);
	snprintf(command, sizeof command,
		 "%s/bin/mapc synth --seed 7 --inhabitants %" PRIu32
		 " --osm %s/t.osm.pbf --gtfs %s/t.zip >/dev/null && "
		 "%s/bin/mapc build --osm %s/t.osm.pbf --gtfs %s/t.zip -o %s >/dev/null 2>&1",
		 home, inhabitants, folder, folder, home, folder, folder, path);
	return system(command) != 0;
}

/* Best insertion by the core with fleets of three sizes in one town. */
static int bench_fleets(const char *folder)
{
	char path[512], arguments[600];
	if (make_town(folder, 100000, path, sizeof path))
		return 1;
	snprintf(arguments, sizeof arguments, "%s --fleet 300 100 1000 3000", path);
	return run_other("bench_core", arguments);
}

/* Routes on the real towns beside the checkout, with turns and without; said aloud when they are not there. */
static int bench_real(const char *folder)
{
	char data[512], path[600], command[4096];
	const char *given = getenv("ZUB_DATA");
	if (given)
		snprintf(data, sizeof data, "%s", given);
	else
		snprintf(data, sizeof data, "%.400s/../../shared/data", home);
	snprintf(path, sizeof path, "%s/newyork/matching/newyork.gr.gz", data);
	if (access(path, R_OK)) {
		fprintf(stderr, "bench: skipped: Heidelberg and New York, no data in %s\n", data);
		return 0;
	}
	snprintf(command, sizeof command,
		 "%s/bin/mapc build --osm %s/heidelberg/heidelberg.test.pbf -o %s/heidelberg.zmap >/dev/null 2>&1 && "
		 "%s/bin/mapc import-dimacs --gr %s/newyork/matching/newyork.gr.gz --co "
		 "%s/newyork/matching/newyork.co.gz "
		 "--len %s/newyork/matching/newyork.length.gr.gz -o %s/newyork.zmap >/dev/null 2>&1",
		 home, data, folder, home, data, data, data, folder);
	if (system(command))
		return 1;
	snprintf(command, sizeof command, "%s/heidelberg.zmap", folder);
	int failed = run_other("bench_route", command);
	snprintf(command, sizeof command, "%s/heidelberg.zmap 0 no-turns", folder);
	failed |= run_other("bench_route", command);
	snprintf(command, sizeof command, "%s/newyork.zmap", folder);
	return failed | run_other("bench_route", command);
}

static void find_home(void)
{
	ssize_t n = readlink("/proc/self/exe", home, sizeof home - 1);
	home[n > 0 ? n : 0] = 0;
	for (int i = 0; i < 2 && strrchr(home, '/'); i++)
		*strrchr(home, '/') = 0;
}

static int bench_all(const char *path, const char *folder)
{
	struct err_detail detail = {""};
	struct town town;
	print_machine();
	if (town_open(&town, path, &detail)) {
		fprintf(stderr, "bench: %s\n", detail.text);
		return 1;
	}
	int failed = run_other("bench_route", path) | bench_real(folder) | run_other("bench_core", path) |
		     bench_fleets(folder) | run_other("bench_store", folder) | bench_codec();
	for (uint32_t vehicles = 6; vehicles <= 24 && !failed; vehicles += 18)
		if (bench_world(&town, vehicles, &detail)) {
			fprintf(stderr, "bench: %s\n", detail.text);
			failed = 1;
		}
	town_close(&town);
	return failed;
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/zub-bench-XXXXXX", path[512], command[128];
	find_home();
	if (argc > 1 && !strcmp(argv[1], "match")) {
		snprintf(path, sizeof path, "%s/bench/bench_match", home);
		execv(path, argv + 1);
		fprintf(stderr, "bench: cannot start %s\n", path);
		return 1;
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs("usage: bench [TOWN.zmap], or bench match ...\n", stderr);
		return 2;
	}
	if (!mkdtemp(folder))
		return 1;
	int failed = 0;
	if (argc == 2)
		snprintf(path, sizeof path, "%s", argv[1]);
	else
		failed = make_town(folder, 25000, path, sizeof path);
	if (!failed)
		failed = bench_all(path, folder);
	snprintf(command, sizeof command, "rm -r %s", folder);
	if (system(command))
		fprintf(stderr, "bench: %s stays behind\n", folder);
	return failed;
}
