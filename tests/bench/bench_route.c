// link: zub_compile zub_route_threads zub_route zub_town_file zub_city zub_base
/* bench_route TOWN.zmap [CLASS [no-turns]]: the contraction hierarchy, snapping and plain searches, as JSON lines.
 * Times are processor time of the thread (other work on the machine counts less), medians of several runs. "ratio" is
 * the Dijkstra of bench_dijkstra.h in the same run divided by the figure, "ratio_bidirectional" that from both ends;
 * "floor" the time that moving the bytes takes which must be moved, at the speed this machine reads memory (where that
 * can be said). "no-turns": the same streets without turn rows. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "bench_dijkstra.h"
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
	double dijkstra_us, both_us; /* 0 = not measured yet */
	double bytes_per_us;
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

static void say_floor(const struct bench *bench, const char *name, double ms, double floor_bytes)
{
	double us = ms * 1e3;
	printf("{\"bench\":\"route\",\"town\":\"%s\",\"turns\":\"%s\",\"class\":%u,\"name\":\"%s\",", bench->town,
	       bench->turns, bench->class_index, name);
	printf(us >= 1000 ? "\"ms\":%.2f" : "\"us\":%.2f", us >= 1000 ? ms : us);
	if (bench->dijkstra_us > 0)
		printf(",\"ratio\":%.4g,\"ratio_bidirectional\":%.4g", bench->dijkstra_us / us, bench->both_us / us);
	if (floor_bytes > 0)
		printf(",\"floor_us\":%.3g", floor_bytes / bench->bytes_per_us);
	puts("}");
	fflush(stdout);
}

static void say(const struct bench *bench, const char *name, double ms)
{
	say_floor(bench, name, ms, 0);
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

/* Edges and lists read, weights of both directions written, each once. */
static double customize_bytes(const struct route_graph *graph)
{
	const struct cch *cch = graph->cch;
	return (double)cch->n_base * (sizeof *cch->base + 8) + (double)cch->m * 2 * sizeof(cch_label) +
	       (double)cch->step[cch->n_steps].inner * sizeof *cch->triangle;
}

/* Memory read in order, larger than the caches. */
static int bench_memory(struct bench *bench)
{
	size_t n = (size_t)32 << 20;
	uint64_t *words = malloc(n * sizeof *words), sum = 0;
	double times[RUNS];
	if (!words)
		return 1;
	memset(words, 1, n * sizeof *words);
	for (int run = 0; run < RUNS; run++) {
		double start = cpu_ms();
		for (size_t i = 0; i < n; i++)
			sum += words[i];
		times[run] = cpu_ms() - start;
		__asm__ volatile("" : : "r"(sum));
	}
	bench->bytes_per_us = (double)(n * sizeof *words) / (median(times, RUNS) * 1e3);
	printf("{\"bench\":\"memory\",\"read_gb_per_s\":%.2f}\n", bench->bytes_per_us / 1e3);
	free(words);
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
	say_floor(bench, "customize", median(basic, RUNS), customize_bytes(bench->graph));
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

static int bench_dijkstra(struct bench *bench, const struct spot *from, const struct spot *to)
{
	struct dijkstra dijkstra;
	double start;
	if (dijkstra_open(&dijkstra, bench->graph, bench->class_index, bench->time_ms))
		return 1;
	uint32_t tails[PLAIN_PAIRS], heads[PLAIN_PAIRS], times[PLAIN_PAIRS];
	for (int i = 0; i < PLAIN_PAIRS; i++) {
		tails[i] = dijkstra_vertex(&dijkstra, from[i].arc, 1);
		heads[i] = dijkstra_vertex(&dijkstra, to[i].arc, 0);
	}
	start = cpu_ms();
	for (int i = 0; i < PLAIN_PAIRS; i++)
		times[i] = dijkstra_one(&dijkstra, tails[i], heads[i]);
	double one_us = (cpu_ms() - start) / PLAIN_PAIRS * 1e3;
	start = cpu_ms();
	for (int i = 0; i < PLAIN_PAIRS; i++)
		if (dijkstra_both(&dijkstra, tails[i], heads[i]) != times[i])
			return 1; /* they must agree */
	bench->both_us = (cpu_ms() - start) / PLAIN_PAIRS * 1e3;
	bench->dijkstra_us = one_us;
	dijkstra_close(&dijkstra);
	say(bench, "dijkstra", one_us / 1e3);
	say(bench, "dijkstra_bidirectional", bench->both_us / 1e3);
	return 0;
}

/* The search behind the same interface. */
static void bench_plain(struct bench *bench, const struct spot *from, const struct spot *to)
{
	double start = cpu_ms();
	for (int i = 0; i < PLAIN_PAIRS; i++)
		route_one(bench->query, &bench->plain, from[i], to[i]);
	say(bench, "plain_search", (cpu_ms() - start) / PLAIN_PAIRS);
}

static int bench_within(struct bench *bench, const struct spot *from)
{
	uint32_t most = bench->network.n_arcs + 1, n = 0, sum = 0;
	struct route_reach *reaches = malloc(most * sizeof *reaches);
	if (!reaches)
		return 1;
	double start = cpu_ms();
	for (int i = 0; i < PLAIN_PAIRS; i++) {
		route_within(bench->query, &bench->fast, from[i], 600000, reaches, &n, most);
		sum += n;
	}
	say(bench, "within_10_minutes", (cpu_ms() - start) / PLAIN_PAIRS);
	printf("{\"bench\":\"route\",\"town\":\"%s\",\"turns\":\"%s\",\"within_10_minutes_arcs_mean\":%u}\n",
	       bench->town, bench->turns, sum / PLAIN_PAIRS);
	free(reaches);
	return 0;
}

/* Places up to 30 m from a road's bend, four candidates where anybody may stop. */
static int bench_snap(struct bench *bench)
{
	const struct network *road = &bench->network;
	struct network_tree *tree;
	struct arena arena;
	struct snap snaps[4];
	double times[2][RUNS];
	if (arena_open(&arena, network_tree_size(road)))
		return 1;
	double start = cpu_ms();
	if (network_tree_open(&tree, road, &arena))
		return 1;
	say(bench, "snap_tree_open", cpu_ms() - start);
	for (int run = 0; run < 2 * RUNS; run++) {
		start = cpu_ms();
		for (int i = 0; i < PAIRS; i++) {
			struct geo_xy p = road->shape_xy[rng_below(&bench->rng, road->n_shape_points)];
			p.x_mm += (int32_t)rng_below(&bench->rng, 30000);
			p.y_mm += (int32_t)rng_below(&bench->rng, 30000);
			if (run % 2)
				network_snap(road, bench->class_index, p, 1000000, 1, snaps, 4);
			else
				network_tree_snap(tree, bench->class_index, p, 1000000, 1, snaps, 4);
		}
		times[run % 2][run / 2] = (cpu_ms() - start) / PAIRS;
	}
	say(bench, "snap_tree", median(times[0], RUNS));
	say(bench, "snap_grid", median(times[1], RUNS));
	arena_close(&arena);
	return 0;
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
	say_floor(bench, "matrix_1000_two_threads_wall", median(wall, RUNS), (double)STOPS * STOPS * sizeof *results);
	say(bench, "matrix_1000_two_threads_cpu_sum", median(cpu, RUNS));
	arena_close(&arena);
	free(results);
	return 0;
}

static int bench_all(struct bench *bench)
{
	static struct spot from[PAIRS], to[PAIRS];
	rng_seed(&bench->rng, 1);
	if (bench_memory(bench) || bench_order(bench) || bench_open(bench))
		return 1;
	for (int i = 0; i < PAIRS; i++) {
		from[i] = spot_random(bench);
		to[i] = spot_random(bench);
	}
	if (bench_dijkstra(bench, from, to))
		return 1;
	bench_plain(bench, from, to);
	bench_customize(bench);
	if (bench_threads(bench))
		return 1;
	route_weights_update(bench->weights, NULL, 0);
	bench_pairs(bench, from, to, "_all_arcs");
	route_weights_trim(bench->weights);
	bench_pairs(bench, from, to, "");
	bench_path(bench, from, to);
	return bench_pins(bench, from, to) || bench_matrix(bench) || bench_within(bench, from) || bench_snap(bench);
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
