// link: zub_core zub_placing zub_town_file zub_city zub_base m
/* bench_core TOWN.zmap [VEHICLES] [REQUESTS]: how long the core takes per request with plans filled, as JSON lines.
 * bench_core TOWN.zmap --fleet REQUESTS VEHICLES...: the same in services under way of so many vehicles each: they
 * drive and serve, each is asked for RATE rides an hour; processor time per request after a while of running in, and
 * the power of the fleet's size with which it grows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "core.h"
#include "placing.h"
#include "rng.h"

#define RATE 4	 /* requests an hour and vehicle */
#define RUN_IN 2 /* hours of requests per vehicle, in quarters, before anything is measured */

static double cpu_ms(void)
{
	struct timespec at;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

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

/* ---- a service under way ---- */

struct service {
	const struct town *town;
	struct placing placing;
	struct core *core;
	struct updates updates;
	struct rng rng;
	instant_ms at;
	uint32_t n_vehicles;
	uint8_t *at_stop;   /* [n_vehicles + 1] by number */
	uint32_t *sequence; /* [n_vehicles + 1] */
};

static void vehicle_says(struct service *s, uint32_t vehicle, uint8_t kind, const struct core_task *task)
{
	struct command command = {.kind = CMD_VEHICLE_EVENT, .at = s->at};
	struct wire_event *event = &command.vehicle_event.event;
	command.vehicle_event.vehicle = vehicle;
	event->boot = 1;
	event->sequence = ++s->sequence[vehicle];
	event->at = s->at;
	event->kind = kind;
	event->battery_permille = 900;
	event->place.arc = NONE;
	if (task) {
		event->ride = task->ride;
		event->task_kind = task->kind;
		event->evidence = WIRE_EVIDENCE_CODE;
		event->place = (struct wire_place){task->place.point.lat_e7, task->place.point.lon_e7,
						   task->place.road.arc, task->place.road.offset_mm, 0};
	}
	(void)step(s->core, &command, &s->updates);
}

static int is_here(const struct service *s, uint32_t vehicle, const struct core_task *task)
{
	const struct spot *spot = &core_vehicle(s->core, vehicle)->anchor.road;
	return task->place.road.arc == spot->arc && task->place.road.offset_mm == spot->offset_mm;
}

/* When this vehicle has something to say; INT64_MAX = waits for a task. */
static instant_ms vehicle_due(const struct service *s, uint32_t vehicle)
{
	uint32_t n;
	const struct core_task *tasks = core_plan(s->core, vehicle, &n);
	if (!s->at_stop[vehicle])
		return n ? tasks[0].arrive : INT64_MAX;
	return n && is_here(s, vehicle, &tasks[0]) ? tasks[0].end : s->at;
}

static void vehicle_serves(struct service *s, uint32_t vehicle, const struct core_task *task)
{
	if (task->kind != WIRE_PICKUP) {
		vehicle_says(s, vehicle, WIRE_ALIGHTED, task);
		return;
	}
	struct command evidence = {.kind = CMD_BOARD_EVIDENCE, .at = s->at};
	evidence.board_evidence.ride = task->ride;
	evidence.board_evidence.evidence = WIRE_EVIDENCE_CODE;
	evidence.board_evidence.code = core_ride(s->core, task->ride)->boarding_code;
	(void)step(s->core, &evidence, &s->updates);
	vehicle_says(s, vehicle, WIRE_BOARDED, task);
}

/* Punctual to the millisecond; everybody comes. */
static void vehicle_acts(struct service *s, uint32_t vehicle)
{
	uint32_t n;
	const struct core_task *tasks = core_plan(s->core, vehicle, &n);
	const struct core_task task = n ? tasks[0] : (struct core_task){0};
	if (!s->at_stop[vehicle]) {
		const int is_ride = task.kind == WIRE_PICKUP || task.kind == WIRE_DROPOFF;
		vehicle_says(s, vehicle,
			     is_ride		      ? WIRE_ARRIVED
			     : task.kind == WIRE_PARK ? WIRE_PARKED
						      : WIRE_CHARGE_ENDED,
			     &task);
		s->at_stop[vehicle] = (uint8_t)is_ride;
	} else if (n && is_here(s, vehicle, &task)) {
		vehicle_serves(s, vehicle, &task);
	} else {
		s->at_stop[vehicle] = 0;
		vehicle_says(s, vehicle, WIRE_DEPARTED, NULL);
	}
}

/* All that happens until then. */
static void service_run(struct service *s, instant_ms until)
{
	for (;;) {
		uint32_t next = 0;
		instant_ms at = core_due(s->core);
		for (uint32_t v = 1; v <= s->n_vehicles; v++) {
			instant_ms due = vehicle_due(s, v);
			if (due < at) {
				at = due;
				next = v;
			}
		}
		if (at > until)
			break;
		s->at = at > s->at ? at : s->at;
		if (next)
			vehicle_acts(s, next);
		else
			(void)step(s->core, &(struct command){.kind = CMD_TICK, .at = s->at}, &s->updates);
	}
	s->at = until;
}

struct tally {
	uint32_t asked, promised, refused;
	uint64_t tried, feasible;
	double *ms;
};

static void service_ask(struct service *s, uint64_t ride, struct tally *tally)
{
	struct command request = {.kind = CMD_REQUEST, .at = s->at};
	request.request.ride = ride;
	request.request.from = place_random(&s->placing, s->town, &s->rng);
	request.request.to = place_random(&s->placing, s->town, &s->rng);
	request.request.need_count[0] = 1;
	request.request.walk_max_mm = s->town->rules.walk_max_mm;
	double from = cpu_ms();
	struct upd_result result = step(s->core, &request, &s->updates);
	tally->ms[tally->asked++] = cpu_ms() - from;
	tally->refused += result.code != 0;
	if (result.code)
		return;
	const struct offer *offer = &core_ride(s->core, ride)->offers[0];
	tally->tried += offer->n_vehicles_tried;
	tally->feasible += offer->n_vehicles_feasible;
	struct command accept = {.kind = CMD_ACCEPT, .at = s->at};
	accept.accept.ride = ride;
	tally->promised += !step(s->core, &accept, &s->updates).code;
}

static uint64_t service_state(struct service *s)
{
	const struct core_figures *f = core_figures(s->core);
	return f->kept * 1000003 + f->done * 10007 + f->refused + f->wait_ms_sum + f->loaded_mm + f->empty_mm;
}

static int bench_fleet(struct service *s, uint32_t n, double *ret_ms)
{
	const uint32_t before = s->n_vehicles * RATE * RUN_IN / 4;
	struct tally in = {.ms = calloc(before + 1, sizeof(double))}, t = {.ms = calloc(n + 1, sizeof(double))};
	double sum = 0, begin = cpu_ms();
	for (uint32_t i = 0; i < before + n; i++) {
		service_run(s, s->at + HOUR_MS / (s->n_vehicles * RATE));
		service_ask(s, i + 1, i < before ? &in : &t);
	}
	for (uint32_t i = 0; i < n; i++)
		sum += t.ms[i];
	qsort(t.ms, n, sizeof *t.ms, compare);
	const struct core_figures *f = core_figures(s->core);
	uint32_t feasible = t.asked - t.refused;
	printf("{\"vehicles\": %u, \"stops\": %u, \"requests\": %u, \"promised\": %u, \"refused\": %u, "
	       "\"vehicles_tried\": %.1f, \"vehicles_feasible\": %.1f, \"cpu_ms_mean\": %.3f, \"p50\": %.3f, \"p99\": "
	       "%.3f, \"max\": %.3f, \"cpu_s_all\": %.1f, \"done\": %llu, \"broken\": %llu, \"state\": \"%016llx\"}\n",
	       s->n_vehicles, s->town->n_stops, n, t.promised, t.refused, feasible ? (double)t.tried / feasible : 0,
	       feasible ? (double)t.feasible / feasible : 0, sum / n, t.ms[n / 2], t.ms[n * 99 / 100], t.ms[n - 1],
	       (cpu_ms() - begin) / 1e3, (unsigned long long)f->done, (unsigned long long)f->broken,
	       (unsigned long long)service_state(s));
	fflush(stdout);
	free(in.ms);
	free(t.ms);
	*ret_ms = sum / n;
	return f->broken != 0;
}

static int core_start(struct core **ret_core, struct arena *arena, struct core_settings *settings,
		      const struct town *town, struct updates *updates, instant_ms at)
{
	if (arena_open(arena, core_size(settings, town)) || core_open(ret_core, settings, town, arena))
		return 1;
	*updates = (struct updates){calloc(core_updates_max(*ret_core), sizeof(struct update)), 0,
				    core_updates_max(*ret_core)};
	struct command start = {.kind = CMD_START, .at = at};
	start.start.area = start.start.epoch = 1;
	start.start.engine_version = CORE_ENGINE_VERSION;
	start.start.settings = *settings;
	memcpy(start.start.town_hash, town->hash, TOWN_HASH_BYTES);
	return updates->items ? step(*ret_core, &start, updates).code : 1;
}

static int run_fleet(const struct town *town, struct placing *placing, uint32_t vehicles, uint32_t n, double *ret_ms)
{
	struct arena arena;
	struct core_settings settings;
	struct service s = {.town = town, .placing = *placing, .n_vehicles = vehicles};
	core_settings_default(&settings);
	settings.vehicles_max = vehicles;
	settings.plan_valid_ms = (uint32_t)DAY_MS; /* nobody here sends states */
	settings.rides_max = 65536;
	settings.notices_max = 65536;
	s.at = town->timetable.n_days ? town->timetable.day_start[0] + 8 * HOUR_MS : 8 * HOUR_MS;
	s.at_stop = calloc(vehicles + 1, 1);
	s.sequence = calloc(vehicles + 1, sizeof *s.sequence);
	rng_seed(&s.rng, 1);
	if (!s.at_stop || !s.sequence || core_start(&s.core, &arena, &settings, town, &s.updates, s.at))
		return 1;
	fleet(s.core, &s.placing, &s.rng, vehicles, s.at, &s.updates);
	int failed = bench_fleet(&s, n, ret_ms);
	free(s.updates.items);
	free(s.at_stop);
	free(s.sequence);
	arena_close(&arena);
	return failed;
}

static int run_fleets(const struct town *town, struct placing *placing, uint32_t n, char *const *vehicles, int count)
{
	double first = 0, last = 0;
	for (int i = 0; i < count; i++) {
		if (run_fleet(town, placing, (uint32_t)atoi(vehicles[i]), n, &last))
			return 1;
		first = i ? first : last;
	}
	if (count > 1)
		printf("{\"growth\": \"processor time of a request against vehicles\", \"from\": %s, \"to\": %s, "
		       "\"power\": %.2f}\n",
		       vehicles[0], vehicles[count - 1],
		       log(last / first) / log(atof(vehicles[count - 1]) / atof(vehicles[0])));
	return 0;
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
	if (argc > 4 && !strcmp(argv[2], "--fleet"))
		return run_fleets(&town, &placing, (uint32_t)atoi(argv[3]), argv + 4, argc - 4);
	core_settings_default(&settings);
	settings.vehicles_max = vehicles;
	double t0 = now_ms();
	struct updates updates;
	instant_ms at = town.timetable.n_days ? town.timetable.day_start[0] + 8 * HOUR_MS : 8 * HOUR_MS;
	if (core_start(&core, &arena, &settings, &town, &updates, at))
		return 1;
	printf("{\"open_ms\": %.1f, \"bytes\": %zu, \"used\": %zu}\n", now_ms() - t0, arena.size, arena.used);
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
