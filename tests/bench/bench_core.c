// link: zub_core zub_placing zub_town_file zub_city zub_base
/* bench_core TOWN.zmap [VEHICLES] [REQUESTS]: how long the core takes per request with plans filled, as JSON lines. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "core.h"
#include "placing.h"
#include "rng.h"

static double now_ms(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct place place_random(struct placing *placing, const struct town *town, struct rng *rng)
{
	struct place place;
	for (;;) {
		struct geo_point point = town->n_addresses ? town->address_point[rng_below(rng, town->n_addresses)]
							   : town->stop_point[rng_below(rng, town->n_stops)];
		if (!placing_find(placing, point, &place) && place.road.arc != NONE)
			return place;
	}
}

static struct upd_result step(struct core *core, struct command *command, struct updates *updates)
{
	updates->n = 0;
	core_step(core, command, updates);
	return updates->items[updates->n - 1].result;
}

static void fleet(struct core *core, struct placing *placing, struct rng *rng, uint32_t n, instant_ms at,
		  struct updates *updates)
{
	struct command on = {.kind = CMD_SIGN_ON, .at = at};
	snprintf(on.duty.who, CORE_WHO_MAX, "bench");
	on.duty.vehicles_max = n;
	(void)step(core, &on, updates);
	for (uint32_t v = 1; v <= n; v++) {
		struct command enrol = {.kind = CMD_VEHICLE_ENROL, .at = at};
		enrol.vehicle_enrol.vehicle = v;
		enrol.vehicle_enrol.spaces[0] = 6;
		enrol.vehicle_enrol.spaces[1] = 1;
		enrol.vehicle_enrol.step_free = enrol.vehicle_enrol.simulated = 1;
		enrol.vehicle_enrol.depot = place_random(placing, core_town(core), rng);
		(void)step(core, &enrol, updates);
		struct command release = {.kind = CMD_VEHICLE_RELEASE, .at = at};
		release.vehicle_release.vehicle = v;
		release.vehicle_release.until = at + DAY_MS;
		strcpy(release.vehicle_release.by, "bench");
		(void)step(core, &release, updates);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct town town;
	struct err_detail detail = {{0}};
	struct placing placing;
	struct arena arena;
	struct core_settings settings;
	struct core *core;
	struct rng rng;
	const uint32_t vehicles = argc > 2 ? (uint32_t)atoi(argv[2]) : 256,
		       n = argc > 3 ? (uint32_t)atoi(argv[3]) : 1000;
	if (argc < 2 || town_open(&town, argv[1], &detail) || placing_open(&placing, &town, &detail)) {
		fprintf(stderr, "bench_core TOWN.zmap [VEHICLES] [REQUESTS]: %s\n", detail.text);
		return 2;
	}
	core_settings_default(&settings);
	settings.vehicles_max = vehicles;
	double t0 = now_ms();
	if (arena_open(&arena, core_size(&settings, &town)) || core_open(&core, &settings, &town, &arena))
		return 1;
	printf("{\"open_ms\": %.1f, \"bytes\": %zu, \"used\": %zu}\n", now_ms() - t0, arena.size, arena.used);
	struct updates updates = {calloc(core_updates_max(core), sizeof(struct update)), 0, core_updates_max(core)};
	instant_ms at = town.timetable.n_days ? town.timetable.day_start[0] + 8 * HOUR_MS : 8 * HOUR_MS;
	struct command start = {.kind = CMD_START, .at = at};
	start.start.area = start.start.epoch = 1;
	start.start.engine_version = CORE_ENGINE_VERSION;
	start.start.settings = settings;
	memcpy(start.start.town_hash, town.hash, TOWN_HASH_BYTES);
	if (step(core, &start, &updates).code)
		return 1;
	rng_seed(&rng, 1);
	fleet(core, &placing, &rng, vehicles, at, &updates);
	double *ms = calloc(n, sizeof *ms), *accept_ms = calloc(n, sizeof *accept_ms), sum = 0;
	uint32_t promised = 0, offered = 0, refusals[REFUSALS] = {0};
	for (uint32_t i = 0; i < n; i++) {
		at += 10; /* nobody drives here: all is planned at one instant, for the hours to come */
		struct command request = {.kind = CMD_REQUEST, .at = at};
		request.request.ride = i + 1;
		request.request.from = place_random(&placing, &town, &rng);
		request.request.to = place_random(&placing, &town, &rng);
		request.request.need_count[0] = 1;
		request.request.time_kind = TIME_LEAVE_AT;
		request.request.time = at + rng_between(&rng, 5, 240) * MINUTE_MS;
		request.request.walk_max_mm = town.rules.walk_max_mm;
		double from = now_ms();
		struct upd_result result = step(core, &request, &updates);
		ms[i] = now_ms() - from;
		sum += ms[i];
		refusals[result.refusal]++;
		if (result.code)
			continue;
		offered += core_ride(core, i + 1)->n_offers;
		struct command accept = {.kind = CMD_ACCEPT, .at = at};
		accept.accept.ride = i + 1;
		from = now_ms();
		promised += !step(core, &accept, &updates).code;
		accept_ms[i] = now_ms() - from;
	}
	qsort(ms, n, sizeof *ms, compare);
	qsort(accept_ms, n, sizeof *accept_ms, compare);
	printf("{\"vehicles\": %u, \"requests\": %u, \"promised\": %u, \"offers\": %u, \"mean_ms\": %.2f, \"p50_ms\": "
	       "%.2f, \"p99_ms\": %.2f, "
	       "\"max_ms\": %.2f, \"accept_p50_ms\": %.2f, \"accept_p99_ms\": %.2f}\n",
	       vehicles, n, promised, offered, sum / n, ms[n / 2], ms[n * 99 / 100], ms[n - 1], accept_ms[n / 2],
	       accept_ms[n * 99 / 100]);
	for (uint32_t r = 1; r < REFUSALS; r++)
		if (refusals[r])
			printf("{\"refused\": \"%s\", \"n\": %u}\n", core_refusal_name((uint8_t)r), refusals[r]);
	return 0;
}
