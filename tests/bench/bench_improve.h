/* bench match --improve: the same day once more with dispatcher/match/tours.h, ruin and recreate between the requests.
 * What came of it is taken from the log of legs and visits after its check (tests/tours_log.h), with ways by the
 * hierarchy's queries. */
#ifndef ZUB_BENCH_IMPROVE_H
#define ZUB_BENCH_IMPROVE_H

#include "../tours_log.h"
#include "arena.h"
#include "err.h"
#include "route.h"

#define TIME_END (1 << 29)

struct improve_settings {
	uint32_t period; /* ticks between improvements */
	uint32_t steps;	 /* of an improvement, for each rider who waits; 0: none */
	uint32_t drive_permille, crowd_permille, worse_most;
	int32_t promise_extra;
	uint64_t seed;
};

struct improve_run {
	const struct improve_settings *settings;
	struct route_graph *graph;
	const struct route_metric *metric;
	const struct match_request *request;
	struct match_rules rules;
	struct tours *tours;
	struct tours_log log;
	struct route_query *query;
	struct arena arena, query_arena;
	int32_t next; /* improvement */
	double seconds;
};

static inline int64_t improve_way(void *context, uint32_t from, uint32_t to)
{
	struct improve_run *run = context;
	struct spot a = {from, UINT32_MAX}, b = {to, UINT32_MAX};
	return from == to ? 0 : route_one(run->query, run->metric, a, b).time_ms;
}

static inline double improve_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline int improve_open_run(struct improve_run *run)
{
	uint32_t n = run->log.n_riders;
	struct tours_options options = {.rules = run->rules,
					.promise_extra = (uint32_t)run->settings->promise_extra,
					.n_vehicles = run->log.n_vehicles,
					.plan_most = 64,
					.riders_most = n < 2600 ? n : 2600,
					.drive_permille = run->settings->drive_permille,
					.crowd_permille = run->settings->crowd_permille,
					.worse_most = run->settings->worse_most,
					.seed = run->settings->seed};
	struct tours_listener listener = {log_drove, log_visited, &run->log};
	if (arena_open(&run->arena, tours_size(run->graph, &options)) ||
	    tours_open(&run->tours, run->graph, run->metric, &options, &run->arena) ||
	    arena_open(&run->query_arena, route_query_size(run->graph)) ||
	    route_query_open(&run->query, run->graph, &run->query_arena))
		return 1;
	run->log.way = improve_way;
	run->log.context = run;
	tours_listen(run->tours, &listener);
	for (uint32_t v = 0; v < run->log.n_vehicles; v++) {
		const struct log_vehicle *vehicle = &run->log.vehicle[v];
		tours_vehicle(run->tours, v, vehicle->arc, vehicle->seats, vehicle->start, vehicle->end);
	}
	return 0;
}

/* Improvements due before `now`. */
static inline void improve_until(struct improve_run *run, int32_t now)
{
	for (; run->next < now && (now < TIME_END || tours_open_riders(run->tours) > 0);
	     run->next += (int32_t)run->settings->period) {
		tours_advance(run->tours, run->next);
		tours_improve(run->tours, run->settings->steps * tours_waiting(run->tours));
	}
}

static inline int improve_day(struct improve_run *run)
{
	double start = improve_seconds();
	if (improve_open_run(run))
		return 1;
	for (uint32_t r = 0; r < run->log.n_riders; r++) {
		struct log_rider *rider = &run->log.rider[r];
		rider->request = run->request[r];
		improve_until(run, rider->request.time);
		tours_advance(run->tours, rider->request.time);
		int code = tours_request(run->tours, &rider->request, r, &rider->answer);
		if (code) {
			fprintf(stderr, "request %u: code %d\n", r, code);
			return 1;
		}
	}
	improve_until(run, TIME_END);
	run->seconds = improve_seconds() - start;
	return 0;
}

struct improve_figures {
	int64_t cost;
	double driving_h, empty_h, wait_s, ride_s;
};

static inline struct improve_figures improve_say(const struct improve_run *run)
{
	const struct log_figures *f = &run->log.figures;
	struct tours_counts counts = tours_counts(run->tours);
	double n = f->riders;
	struct improve_figures say = {log_cost(&run->log), (double)f->driving / 36000, (double)f->empty / 36000,
				      (double)f->wait / n / 10, (double)f->ride / n / 10};
	printf("{\"bench\":\"match\",\"improve\":%s,\"riders\":%u,\"promises_broken\":%u,\"realised_cost_ds\":%lld,"
	       "\"driving_h\":%.1f,\"empty_h\":%.1f,\"mean_wait_s\":%.1f,\"mean_ride_s\":%.1f,\"late_s_mean\":%.1f,"
	       "\"turns\":%u,\"steps\":%llu,\"better\":%llu,\"moved\":%llu,\"processor_s\":%.1f}\n",
	       run->settings->steps ? "true" : "false", f->riders, f->broken, (long long)say.cost, say.driving_h,
	       say.empty_h, say.wait_s, say.ride_s, (double)f->late / n / 10, f->turns,
	       (unsigned long long)counts.steps, (unsigned long long)counts.better, (unsigned long long)counts.moved,
	       run->seconds);
	return say;
}

static inline void improve_say_ratios(const struct improve_figures *with, const struct improve_figures *without,
				      int64_t reference)
{
	printf("{\"bench\":\"match\",\"improved_by\":\"ratio\",\"realised_cost\":%.4f,\"driving\":%.4f,\"empty\":%.4f,"
	       "\"mean_wait\":%.4f,\"mean_ride\":%.4f",
	       (double)with->cost / (double)without->cost, with->driving_h / without->driving_h,
	       with->empty_h / without->empty_h, with->wait_s / without->wait_s, with->ride_s / without->ride_s);
	if (reference)
		printf(",\"reference_cost_ds\":%lld,\"realised_cost_to_reference\":%.4f", (long long)reference,
		       (double)with->cost / (double)reference);
	puts("}");
}

static inline void improve_close(struct improve_run *run)
{
	arena_close(&run->arena);
	arena_close(&run->query_arena);
	log_close(&run->log);
}

#endif
