/* Where riders of `bench match --walk` may be met: junctions of the main part within a walk along the streets, whatever
 * their direction, at the town's walking speed. */
#ifndef ZUB_BENCH_MATCH_WALKS_H
#define ZUB_BENCH_MATCH_WALKS_H

#include <assert.h>
#include <stdlib.h>

#include "match_fleet.h"
#include "town.h"

struct footpath {
	uint32_t node;
	int32_t time;
};

struct walking_node {
	uint32_t first;
	int32_t far; /* INT32_MAX but within a search */
	int is_place;
};

struct walking {
	const struct network *road;
	struct walking_node *node; /* [n_nodes + 1] */
	struct footpath *path;
	int32_t limit;
	uint64_t *queue; /* [2 * n_arcs] time and node, a binary heap */
	uint32_t n_queue;
	uint32_t *seen, n_seen, places_most;
	struct match_place *place[2]; /* [n_nodes] each end */
};

static inline void *walking_alloc(size_t n, size_t size)
{
	void *memory = calloc(n + 1, size);
	assert(memory);
	return memory;
}

static inline void walking_open(struct walking *walking, const struct town *town, const uint32_t *time,
				uint32_t tick_ms, int32_t limit)
{
	const struct network *road = &town->road;
	uint64_t pace = (uint64_t)town->rules.walk_mm_per_s * tick_ms;
	uint32_t n = road->n_nodes, *at;
	*walking = (struct walking){.road = road, .limit = limit};
	walking->node = walking_alloc((size_t)n + 1, sizeof *walking->node);
	walking->path = walking_alloc(2 * (size_t)road->n_arcs, sizeof *walking->path);
	walking->seen = walking_alloc(n, sizeof *walking->seen);
	walking->place[0] = walking_alloc(n, sizeof *walking->place[0]);
	walking->place[1] = walking_alloc(n, sizeof *walking->place[1]);
	at = walking_alloc(n, sizeof *at);
	walking->queue = walking_alloc(2 * (size_t)road->n_arcs, sizeof *walking->queue);
	for (uint32_t v = 0; v < n; v++)
		walking->node[v].far = INT32_MAX;
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		walking->node[road->tail[a] + 1].first++;
		walking->node[road->head[a] + 1].first++;
		walking->node[road->head[a]].is_place |= time[a] != TIME_INFINITE && (road->main_mask[a] & 1);
	}
	for (uint32_t v = 0; v < n; v++)
		at[v] = walking->node[v + 1].first += walking->node[v].first;
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		int32_t ticks = (int32_t)(((uint64_t)road->dist_mm[a] * 1000 + pace - 1) / pace);
		walking->path[--at[road->tail[a]]] = (struct footpath){road->head[a], ticks};
		walking->path[--at[road->head[a]]] = (struct footpath){road->tail[a], ticks};
	}
	free(at);
}

static inline void walking_push(struct walking *walking, uint32_t node, int32_t time)
{
	uint64_t entry = (uint64_t)time << 32 | node;
	uint32_t at = walking->n_queue++;
	if (walking->node[node].far == INT32_MAX)
		walking->seen[walking->n_seen++] = node;
	walking->node[node].far = time;
	for (; at > 0 && entry < walking->queue[(at - 1) / 2]; at = (at - 1) / 2)
		walking->queue[at] = walking->queue[(at - 1) / 2];
	walking->queue[at] = entry;
}

static inline uint64_t walking_pop(struct walking *walking)
{
	uint64_t *queue = walking->queue, first = queue[0], last = queue[--walking->n_queue];
	uint32_t at = 0, n = walking->n_queue;
	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		child += child + 1 < n && queue[child + 1] < queue[child];
		if (queue[child] >= last)
			break;
		queue[at] = queue[child];
	}
	queue[at] = last;
	return first;
}

/* From the junction at the end of an arc; nearest first. Returns how many places. */
static inline uint32_t walking_find(struct walking *walking, uint32_t arc, struct match_place *ret_places)
{
	uint32_t n = 0;
	walking_push(walking, walking->road->head[arc], 0);
	while (walking->n_queue > 0) {
		uint64_t entry = walking_pop(walking);
		uint32_t node = (uint32_t)entry;
		int32_t time = (int32_t)(entry >> 32);
		if (time > walking->node[node].far)
			continue;
		if (walking->node[node].is_place || time == 0)
			ret_places[n++] = (struct match_place){node, time};
		for (uint32_t k = walking->node[node].first; k < walking->node[node + 1].first; k++) {
			struct footpath path = walking->path[k];
			if (time + path.time <= walking->limit && time + path.time < walking->node[path.node].far)
				walking_push(walking, path.node, time + path.time);
		}
	}
	while (walking->n_seen > 0)
		walking->node[walking->seen[--walking->n_seen]].far = INT32_MAX;
	return n;
}

static inline struct match_walks walking_around(struct walking *walking, const struct match_request *request)
{
	struct match_walks walks = {walking->place[0], walking->place[1], 0, 0};
	walks.n_pickup = walking_find(walking, request->from, walks.pickup);
	walks.n_dropoff = walking_find(walking, request->to, walks.dropoff);
	return walks;
}

/* The most places that any of the requests has at one end. */
static inline void walking_measure(struct walking *walking, const struct match_request *request, uint32_t n)
{
	for (uint32_t r = 0; r < n; r++) {
		struct match_walks walks = walking_around(walking, &request[r]);
		uint32_t most = walks.n_pickup > walks.n_dropoff ? walks.n_pickup : walks.n_dropoff;
		walking->places_most = most > walking->places_most ? most : walking->places_most;
	}
}

#endif
