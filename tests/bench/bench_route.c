// link: zub_compile zub_route_threads zub_route zub_town_file zub_city zub_base
/* bench_route TOWN.zmap [CLASS [no-turns]]: the contraction hierarchy and the plain search, as JSON lines.
 * Times are processor time of the thread (other work on the machine counts less), medians of several runs; "ratio" is
 * our own plain search of the same run divided by the figure. "no-turns": the same streets without turn rows. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "cch.h"
#include "order.h"
#include "rng.h"
#include "route.h"
#include "route_graph.h"
#include "route_threads.h"
#include "town.h"

#define PAIRS 1000
#define PLAIN_PAIRS 40
#define RUNS 9
#define PINS 500
#define STOPS 1000
#define CHANGED 100

struct bench {
	struct network network;
	struct build build;
	uint32_t class_index;
	uint32_t *time_ms;
	struct route_graph *graph;
	struct route_query *query;
	struct route_weights *weights;
	struct route_metric plain, fast;
	struct rng rng;
	double plain_us;
	const char *town, *turns;
};

static double now_ms(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
	return now_ms(CLOCK_THREAD_CPUTIME_ID);
}

static int less_first(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return a < b ? -1 : a > b;
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof *values, less_first);
	return values[n / 2];
}

static void say(const struct bench *bench, const char *name, double ms)
{
	printf("{\"bench\":\"route\",\"town\":\"%s\",\"turns\":\"%s\",\"class\":%u,\"name\":\"%s\",", bench->town,
	       bench->turns, bench->class_index, name);
	if (ms >= 1)
		printf("\"ms\":%.2f", ms);
	else
		printf("\"us\":%.2f", ms * 1e3);
	if (bench->plain_us > 0)
		printf(",\"ratio\":%.0f", bench->plain_us / (ms * 1e3));
	puts("}");
	fflush(stdout);
}

static struct spot spot_random(struct bench *bench)
{
	const struct network *road = &bench->network;
	uint32_t arc;
	do
		arc = rng_below(&bench->rng, road->n_arcs);
	while (!(road->main_mask[arc] >> bench->class_index & 1));
	return (struct spot){arc, rng_below(&bench->rng, road->dist_mm[arc] + 1)};
}

/* --- preparing --- */

static int bench_order(struct bench *bench)
{
	double times[3];
	for (int i = 0; i < 3; i++) {
		bench->network.n_order = bench->network.n_up = 0;
		double start = cpu_ms();
		if (order_build(&bench->build, &bench->network))
			return 1;
		times[i] = cpu_ms() - start;
	}
	say(bench, "order", median(times, 3));
	printf("{\"bench\":\"route\",\"town\":\"%s\",\"turns\":\"%s\",\"vertices\":%u,\"upward_arcs\":%u,\"depth\":%u}"
	       "\n",
	       bench->town, bench->turns, bench->network.n_order, bench->network.n_up, bench->network.up_depth);
	return 0;
}

static int bench_open(struct bench *bench)
{
	struct arena *arenas = calloc(3, sizeof *arenas);
	const struct network *road = &bench->network;
	double start = cpu_ms();
	if (arena_open(&arenas[0], route_graph_size(road)) || route_graph_open(&bench->graph, road, &arenas[0]))
		return 1;
	say(bench, "open", cpu_ms() - start);
	if (arena_open(&arenas[1], route_query_size(bench->graph)) ||
	    route_query_open(&bench->query, bench->graph, &arenas[1]) ||
	    arena_open(&arenas[2], route_weights_size(road)) ||
	    route_weights_open(&bench->weights, bench->graph, &arenas[2]))
		return 1;
	bench->time_ms = malloc(road->n_arcs * sizeof *bench->time_ms);
	memcpy(bench->time_ms, road->time_ms + (size_t)bench->class_index * road->n_arcs,
	       road->n_arcs * sizeof *bench->time_ms);
	bench->plain = (struct route_metric){bench->class_index, bench->time_ms, NULL};
	bench->fast = (struct route_metric){bench->class_index, bench->time_ms, bench->weights};
	return 0;
}

static void bench_customize(struct bench *bench)
{
	double basic[RUNS], perfect[RUNS], part[RUNS];
	for (int i = 0; i < RUNS; i++) {
		double start = cpu_ms();
		cch_customize(bench->weights, bench->class_index, bench->time_ms);
		basic[i] = cpu_ms() - start;
		start = cpu_ms();
		cch_perfect(bench->weights);
		perfect[i] = cpu_ms() - start;
	}
	say(bench, "customize", median(basic, RUNS));
	say(bench, "customize_perfect", median(perfect, RUNS));
	for (int i = 0; i < RUNS; i++) {
		uint32_t arcs[CHANGED], before[CHANGED];
		for (int k = 0; k < CHANGED; k++) {
			arcs[k] = spot_random(bench).arc;
			before[k] = bench->time_ms[arcs[k]];
			bench->time_ms[arcs[k]] = before[k] / 2 + rng_below(&bench->rng, 2 * before[k] + 1);
		}
		double start = cpu_ms();
		route_weights_update(bench->weights, arcs, CHANGED);
		part[i] = cpu_ms() - start;
		for (int k = CHANGED; k-- > 0;)
			bench->time_ms[arcs[k]] = before[k];
		route_weights_update(bench->weights, arcs, CHANGED);
	}
	say(bench, "update_100_arcs", median(part, RUNS));
}

/* What two threads share and what one does alone, each measured by itself: tells on a busy machine what two would take.
 */
static int bench_shares(struct bench *bench)
{
	struct arena arenas[2] = {{0}};
	struct route_crew *crew;
	double shared[RUNS], alone[RUNS], both[RUNS];
	if (arena_open(&arenas[0], route_crew_plan_size(bench->graph)) ||
	    route_crew_plan(&crew, bench->graph, 2, &arenas[0]) || arena_open(&arenas[1], route_crew_size(crew)) ||
	    route_crew_open(crew, &arenas[1]))
		return 1;
	for (int i = 0; i < RUNS; i++) {
		double start = cpu_ms();
		route_crew_begin_basic(crew, bench->weights, bench->class_index, bench->time_ms);
		route_crew_work(crew, 0);
		shared[i] = cpu_ms() - start;
		start = cpu_ms();
		route_crew_next(crew);
		alone[i] = cpu_ms() - start;
		both[i] = shared[i] / 2 + alone[i];
	}
	say(bench, "customize_subtrees_cpu", median(shared, RUNS));
	say(bench, "customize_top_cpu", median(alone, RUNS));
	say(bench, "customize_two_threads_half_and_top_cpu", median(both, RUNS));
	arena_close(&arenas[0]);
	arena_close(&arenas[1]);
	return 0;
}

static int bench_threads(struct bench *bench)
{
	struct route_threads *threads;
	double basic[RUNS], all[RUNS], cpu[RUNS];
	if (route_threads_open(&threads, bench->graph, 2))
		return 1;
	for (int i = 0; i < RUNS; i++) {
		double start = now_ms(CLOCK_MONOTONIC), start_cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		route_threads_set(threads, bench->weights, bench->class_index, bench->time_ms, 1);
		basic[i] = now_ms(CLOCK_MONOTONIC) - start;
		cpu[i] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
		start = now_ms(CLOCK_MONOTONIC);
		route_threads_set(threads, bench->weights, bench->class_index, bench->time_ms, 0);
		all[i] = now_ms(CLOCK_MONOTONIC) - start;
	}
	route_threads_close(threads);
	if (bench_shares(bench))
		return 1;
	say(bench, "customize_two_threads_wall", median(basic, RUNS));
	say(bench, "customize_two_threads_cpu_sum", median(cpu, RUNS));
	say(bench, "customize_and_perfect_two_threads_wall", median(all, RUNS));
	return 0;
}

/* --- queries --- */

static void bench_plain(struct bench *bench, const struct spot *from, const struct spot *to)
{
	double start = cpu_ms();
	for (int i = 0; i < PLAIN_PAIRS; i++)
		route_one(bench->query, &bench->plain, from[i], to[i]);
	bench->plain_us = (cpu_ms() - start) / PLAIN_PAIRS * 1e3;
	double ms = bench->plain_us / 1e3;
	say(bench, "plain_search", ms);
}

static void bench_pairs(struct bench *bench, const struct spot *from, const struct spot *to, const char *name)
{
	static double single[PAIRS], means[RUNS];
	char text[64];
	for (int run = 0; run < RUNS; run++) {
		double start = cpu_ms();
		for (int i = 0; i < PAIRS; i++)
			route_one(bench->query, &bench->fast, from[i], to[i]);
		means[run] = (cpu_ms() - start) / PAIRS;
	}
	snprintf(text, sizeof text, "query%s_mean", name);
	say(bench, text, median(means, RUNS));
	for (int i = 0; i < PAIRS; i++) {
		double start = now_ms(CLOCK_MONOTONIC);
		route_one(bench->query, &bench->fast, from[i], to[i]);
		single[i] = now_ms(CLOCK_MONOTONIC) - start;
	}
	qsort(single, PAIRS, sizeof *single, less_first);
	snprintf(text, sizeof text, "query%s_p99", name);
	say(bench, text, single[PAIRS * 99 / 100]);
}

static void bench_path(struct bench *bench, const struct spot *from, const struct spot *to)
{
	static uint32_t arcs[100000];
	uint32_t n, sum = 0;
	struct route_result result;
	double start = cpu_ms();
	for (int i = 0; i < PAIRS / 4; i++)
		if (!route_path(bench->query, &bench->fast, from[i], to[i], &result, arcs, &n, 100000))
			sum += n;
	say(bench, "path_mean", (cpu_ms() - start) / (PAIRS / 4));
	printf("{\"bench\":\"route\",\"town\":\"%s\",\"turns\":\"%s\",\"path_arcs_mean\":%u}\n", bench->town,
	       bench->turns, sum / (PAIRS / 4));
}

static int bench_pins(struct bench *bench, const struct spot *from, const struct spot *to)
{
	static struct route_result results[PINS];
	struct arena arena;
	struct route_pins *pins;
	double times[RUNS];
	if (arena_open(&arena, route_pins_size(&bench->network, PINS)) ||
	    route_pins_open(&pins, bench->graph, &bench->fast, PINS, 0, &arena))
		return 1;
	double start = cpu_ms();
	for (uint32_t i = 0; i < PINS; i++)
		route_pins_set(pins, i, to[i]);
	say(bench, "pin_one", (cpu_ms() - start) / PINS);
	for (int run = 0; run < RUNS; run++) {
		start = cpu_ms();
		for (int i = 0; i < 100; i++)
			route_pins_query(pins, bench->query, from[(run * 100 + i) % PAIRS], results);
		times[run] = (cpu_ms() - start) / 100;
	}
	say(bench, "one_to_500_pinned", median(times, RUNS));
	for (int run = 0; run < RUNS; run++) {
		start = cpu_ms();
		for (uint32_t i = 0; i < PINS; i++)
			results[i] = route_one(bench->query, &bench->fast, from[run], to[i]);
		times[run] = cpu_ms() - start;
	}
	say(bench, "500_single_queries", median(times, RUNS));
	arena_close(&arena);
	return 0;
}

struct half {
	struct bench *bench;
	struct route_query *query;
	const struct spot *stops;
	struct route_result *results;
	uint32_t first, n;
};

static void *half_run(void *context)
{
	struct half *half = context;
	route_matrix(half->query, &half->bench->fast, half->stops + half->first, half->n, half->stops, STOPS,
		     half->results + (size_t)half->first * STOPS);
	return NULL;
}

static int bench_matrix(struct bench *bench)
{
	static struct spot stops[STOPS];
	struct route_result *results = malloc((size_t)STOPS * STOPS * sizeof *results);
	struct arena arena;
	struct half halves[2] = {{bench, bench->query, stops, results, 0, STOPS / 2},
				 {bench, NULL, stops, results, STOPS / 2, STOPS - STOPS / 2}};
	double wall[RUNS], cpu[RUNS];
	for (int i = 0; i < STOPS; i++)
		stops[i] = spot_random(bench);
	if (!results || arena_open(&arena, route_query_size(bench->graph)) ||
	    route_query_open(&halves[1].query, bench->graph, &arena))
		return 1;
	memset(results, 0, (size_t)STOPS * STOPS * sizeof *results);
	for (int run = 0; run < RUNS; run++) {
		pthread_t other;
		double start = now_ms(CLOCK_MONOTONIC), start_cpu = now_ms(CLOCK_PROCESS_CPUTIME_ID);
		if (pthread_create(&other, NULL, half_run, &halves[1]))
			return 1;
		half_run(&halves[0]);
		pthread_join(other, NULL);
		wall[run] = now_ms(CLOCK_MONOTONIC) - start;
		cpu[run] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
	}
	say(bench, "matrix_1000_two_threads_wall", median(wall, RUNS));
	say(bench, "matrix_1000_two_threads_cpu_sum", median(cpu, RUNS));
	arena_close(&arena);
	free(results);
	return 0;
}

static int bench_all(struct bench *bench)
{
	static struct spot from[PAIRS], to[PAIRS];
	rng_seed(&bench->rng, 1);
	if (bench_order(bench) || bench_open(bench))
		return 1;
	for (int i = 0; i < PAIRS; i++) {
		from[i] = spot_random(bench);
		to[i] = spot_random(bench);
	}
	bench_plain(bench, from, to);
	bench_customize(bench);
	if (bench_threads(bench))
		return 1;
	route_weights_update(bench->weights, NULL, 0);
	bench_pairs(bench, from, to, "_all_arcs");
	route_weights_trim(bench->weights);
	bench_pairs(bench, from, to, "");
	bench_path(bench, from, to);
	return bench_pins(bench, from, to) || bench_matrix(bench);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	struct town town;
	struct err_detail detail = {""};
	if (argc < 2 || town_open(&town, argv[1], &detail) || build_open(&bench.build)) {
		fprintf(stderr, "usage: bench_route TOWN.zmap [CLASS [no-turns]]\n%s\n", detail.text);
		return 2;
	}
	const char *slash = strrchr(argv[1], '/');
	bench.town = slash ? slash + 1 : argv[1];
	bench.network = town.road;
	bench.class_index = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	bench.turns = argc > 3 || town.road.n_turns == 0 ? "none" : "all";
	if (argc > 3)
		bench.network.n_turns = bench.network.n_turn_arcs = 0;
	return bench.class_index >= town.n_classes || bench_all(&bench);
}
