/* The yardstick: Dijkstra's search on the search graph of the hierarchy (nodes, or with turns states), times only,
 * weights laid out for it, an addressable 4-ary heap, ending at the target; and the same from both ends. */
#ifndef ZUB_BENCH_DIJKSTRA_H
#define ZUB_BENCH_DIJKSTRA_H

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cch_edges.h"
#include "heap.h"
#include "route_graph.h"

#define DIJKSTRA_FAR UINT64_MAX

struct dijkstra_edge {
	uint32_t to, time_ms;
};

struct dijkstra_side {
	uint32_t *first; /* [n + 1] */
	struct dijkstra_edge *edge;
	uint32_t *stamp; /* [n] of the query that set time */
	uint64_t *time;	 /* [n] */
	struct heap heap;
};

struct dijkstra {
	const struct route_graph *graph;
	uint32_t n, stamp;
	int by_state;
	struct dijkstra_side side[2]; /* forward, backward */
	struct arena arena, edges_arena;
};

static inline void dijkstra_fill(struct dijkstra *dijkstra, const struct cch_edges *edges, int is_back,
				 uint32_t class_index, const uint32_t *time_ms)
{
	struct dijkstra_side *side = &dijkstra->side[is_back];
	const int32_t *turn = &dijkstra->graph->turn_ms[(size_t)class_index * dijkstra->graph->n_turns];
	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t e = 0; e < edges->n; e++) {
			struct cch_edge edge = edges->edge[e];
			uint32_t tail = is_back ? edge.head : edge.tail, head = is_back ? edge.tail : edge.head;
			if (time_ms[edge.arc] == TIME_INFINITE || turn[edge.turn] < 0)
				continue;
			if (pass == 0)
				side->first[tail + 1]++;
			else
				side->edge[side->first[tail]++] =
					(struct dijkstra_edge){head, time_ms[edge.arc] + (uint32_t)turn[edge.turn]};
		}
		for (uint32_t v = 0; v < dijkstra->n && pass == 0; v++)
			side->first[v + 1] += side->first[v];
	}
	for (uint32_t v = dijkstra->n; v > 0; v--)
		side->first[v] = side->first[v - 1];
	side->first[0] = 0;
}

static inline int dijkstra_open(struct dijkstra *dijkstra, const struct route_graph *graph, uint32_t class_index,
				const uint32_t *time_ms)
{
	struct cch_edges edges;
	*dijkstra = (struct dijkstra){.graph = graph, .by_state = cch_edges_by_state(graph)};
	if (arena_open(&dijkstra->edges_arena, cch_edges_size(graph)) ||
	    cch_edges_open(&edges, graph, &dijkstra->edges_arena))
		return 1;
	dijkstra->n = edges.n_vertices;
	if (arena_open(&dijkstra->arena, (size_t)dijkstra->n * 96 + (size_t)edges.n * 16 + 4096))
		return 1;
	for (int i = 0; i < 2; i++) {
		struct dijkstra_side *side = &dijkstra->side[i];
		side->first = arena_take(&dijkstra->arena, (size_t)dijkstra->n + 2, sizeof *side->first);
		side->edge = arena_take(&dijkstra->arena, edges.n, sizeof *side->edge);
		side->stamp = arena_take(&dijkstra->arena, dijkstra->n, sizeof *side->stamp);
		side->time = arena_take(&dijkstra->arena, dijkstra->n, sizeof *side->time);
		if (!side->first || !side->edge || !side->stamp || !side->time ||
		    heap_open(&side->heap, &dijkstra->arena, dijkstra->n))
			return 1;
		dijkstra_fill(dijkstra, &edges, i, class_index, time_ms);
	}
	return 0;
}

static inline void dijkstra_close(struct dijkstra *dijkstra)
{
	arena_close(&dijkstra->arena);
	arena_close(&dijkstra->edges_arena);
}

/* The vertex at the end of an arc, or at its start (with turns both are the arc itself). */
static inline uint32_t dijkstra_vertex(const struct dijkstra *dijkstra, uint32_t arc, int is_end)
{
	const struct network *network = dijkstra->graph->network;
	return dijkstra->by_state ? arc : is_end ? network->head[arc] : network->tail[arc];
}

static inline uint64_t dijkstra_time(const struct dijkstra *dijkstra, int side, uint32_t vertex)
{
	return dijkstra->side[side].stamp[vertex] == dijkstra->stamp ? dijkstra->side[side].time[vertex] : DIJKSTRA_FAR;
}

static inline void dijkstra_reach(struct dijkstra *dijkstra, int i, uint32_t vertex, uint64_t time)
{
	struct dijkstra_side *side = &dijkstra->side[i];
	if (side->stamp[vertex] == dijkstra->stamp && side->time[vertex] <= time)
		return;
	side->stamp[vertex] = dijkstra->stamp;
	side->time[vertex] = time;
	heap_push(&side->heap, vertex, time);
}

static inline void dijkstra_start(struct dijkstra *dijkstra, int i, uint32_t vertex)
{
	heap_clear(&dijkstra->side[i].heap);
	dijkstra_reach(dijkstra, i, vertex, 0);
}

/* Settles one vertex. */
static inline uint32_t dijkstra_step(struct dijkstra *dijkstra, int i, uint64_t *ret_time)
{
	struct dijkstra_side *side = &dijkstra->side[i];
	uint32_t vertex = heap_pop(&side->heap, ret_time);
	for (uint32_t e = vertex == NONE ? 0 : side->first[vertex]; vertex != NONE && e < side->first[vertex + 1]; e++)
		dijkstra_reach(dijkstra, i, side->edge[e].to, *ret_time + side->edge[e].time_ms);
	return vertex;
}

static inline uint32_t dijkstra_one(struct dijkstra *dijkstra, uint32_t from, uint32_t to)
{
	uint64_t time;
	uint32_t vertex;
	dijkstra->stamp++;
	dijkstra_start(dijkstra, 0, from);
	do
		vertex = dijkstra_step(dijkstra, 0, &time);
	while (vertex != NONE && vertex != to);
	return vertex == NONE ? TIME_INFINITE : (uint32_t)time;
}

/* From both ends in turn, until what both have settled is no less than the best meeting. */
static inline uint32_t dijkstra_both(struct dijkstra *dijkstra, uint32_t from, uint32_t to)
{
	uint64_t best = DIJKSTRA_FAR, at[2] = {0, 0};
	dijkstra->stamp++;
	dijkstra_start(dijkstra, 0, from);
	dijkstra_start(dijkstra, 1, to);
	for (int i = 0; best == DIJKSTRA_FAR || at[0] + at[1] < best; i = !i) {
		uint32_t vertex = dijkstra_step(dijkstra, i, &at[i]);
		if (vertex == NONE)
			break;
		uint64_t other = dijkstra_time(dijkstra, !i, vertex);
		if (other != DIJKSTRA_FAR && at[i] + other < best)
			best = at[i] + other;
	}
	return best == DIJKSTRA_FAR ? TIME_INFINITE : (uint32_t)best;
}

#endif
