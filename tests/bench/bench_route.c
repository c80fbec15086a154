// link: zub_route zub_town_file zub_city zub_base
/* bench_route TOWN.zmap: how long searches take, as JSON lines. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "rng.h"
#include "route.h"
#include "town.h"

#define MANY 100
#define ROUNDS 50

static double now_ms(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct spot spot_random(const struct network *road, struct rng *rng)
{
	uint32_t arc;
	do
		arc = rng_below(rng, road->n_arcs);
	while (!(road->main_mask[arc] & 1));
	return (struct spot){arc, rng_below(rng, road->dist_mm[arc] + 1)};
}

int main(int argc, char **argv)
{
	struct town town;
	struct err_detail detail;
	struct arena arena;
	struct route_graph *graph;
	struct route_query *query;
	struct rng rng;
	static struct spot spots[MANY];
	static struct route_result results[MANY];
	if (argc != 2 || town_open(&town, argv[1], &detail)) {
		fprintf(stderr, "usage: bench_route TOWN.zmap\n");
		return 2;
	}
	const struct network *road = &town.road;
	size_t size = route_graph_size(road);
	double start = now_ms();
	if (arena_open(&arena, 2 * size + (64u << 20)) || route_graph_open(&graph, road, &arena) ||
	    route_query_open(&query, graph, &arena))
		return 1;
	printf("{\"name\":\"route_open\",\"arcs\":%u,\"ms\":%.2f,\"mb\":%.1f}\n", road->n_arcs, now_ms() - start,
	       (double)size / 1e6);
	struct route_metric metric = {0, road->time_ms};
	double one = 0, to_many = 0, from_many = 0;
	rng_seed(&rng, 1);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < MANY; i++)
			spots[i] = spot_random(road, &rng);
		start = now_ms();
		route_one(query, &metric, spots[0], spots[1]);
		one += now_ms() - start;
		start = now_ms();
		route_to_many(query, &metric, spots[0], spots, MANY, results);
		to_many += now_ms() - start;
		start = now_ms();
		route_from_many(query, &metric, spots, MANY, spots[0], results);
		from_many += now_ms() - start;
	}
	printf("{\"name\":\"route_one\",\"ms\":%.3f}\n{\"name\":\"route_to_%d\",\"ms\":%.3f}\n"
	       "{\"name\":\"route_from_%d\",\"ms\":%.3f}\n",
	       one / ROUNDS, MANY, to_many / ROUNDS, MANY, from_many / ROUNDS);
	arena_close(&arena);
	town_close(&town);
	return 0;
}
