/* Small random streets for tests of dispatcher/match. */
#ifndef ZUB_MATCH_STREETS_H
#define ZUB_MATCH_STREETS_H

#include <stdlib.h>

#include "network.h"
#include "rng.h"
#include "units.h"

#define WIDE_MAX 12
#define NODES_MAX (WIDE_MAX * WIDE_MAX)
#define ARCS_MAX (NODES_MAX * 5)

struct streets {
	struct network network;
	uint32_t first_out[NODES_MAX + 1], out_arc[ARCS_MAX], tail[ARCS_MAX], head[ARCS_MAX], dist[ARCS_MAX];
	uint32_t time[ARCS_MAX];
};

static inline uint64_t streets_seed(void)
{
	const char *text = getenv("ZUB_SEED");
	return text ? strtoull(text, NULL, 10) : 20260106;
}

static inline void streets_add(struct streets *streets, struct rng *rng, uint32_t tail, uint32_t head, uint32_t time)
{
	uint32_t arc = streets->network.n_arcs++;
	streets->tail[arc] = tail;
	streets->head[arc] = head;
	streets->time[arc] = rng_chance(rng, 15) ? TIME_INFINITE : time;
	streets->dist[arc] = 1 + rng_below(rng, 1000000); /* ways as fast as each other differ in length */
}

static inline void streets_index(struct streets *streets)
{
	struct network *network = &streets->network;
	uint32_t n = 0;
	for (uint32_t node = 0; node < network->n_nodes; node++) {
		streets->first_out[node] = n;
		for (uint32_t arc = 0; arc < network->n_arcs; arc++)
			if (streets->tail[arc] == node)
				streets->out_arc[n++] = arc;
	}
	streets->first_out[network->n_nodes] = n;
	network->first_out = streets->first_out;
	network->out_arc = streets->out_arc;
	network->tail = streets->tail;
	network->head = streets->head;
	network->dist_mm = streets->dist;
	network->time_ms = streets->time;
}

/* A grid with one-way streets, streets that are slow in one direction, a few bridges across. */
static inline void streets_make(struct streets *streets, struct rng *rng)
{
	uint32_t wide = 3 + rng_below(rng, WIDE_MAX - 2), n = wide * wide, slow = 1 + rng_below(rng, 30);
	streets->network = (struct network){.n_nodes = n, .n_classes = 1};
	for (uint32_t node = 0; node < n; node++) {
		uint32_t there[2] = {node % wide + 1 < wide ? node + 1 : NONE, node + wide < n ? node + wide : NONE};
		for (int i = 0; i < 2; i++) {
			if (there[i] == NONE)
				continue;
			uint32_t one_way = rng_below(rng, 8);
			if (one_way != 1)
				streets_add(streets, rng, node, there[i], 1 + rng_below(rng, slow));
			if (one_way != 2)
				streets_add(streets, rng, there[i], node, 1 + rng_below(rng, slow));
		}
		if (rng_chance(rng, 30)) {
			uint32_t bridge = rng_below(rng, n);
			streets_add(streets, rng, node, bridge, 1 + rng_below(rng, 10 * slow));
		}
	}
	streets_index(streets);
}

static inline uint32_t streets_arc(const struct streets *streets, struct rng *rng)
{
	uint32_t arc;
	do
		arc = rng_below(rng, streets->network.n_arcs);
	while (streets->time[arc] == TIME_INFINITE);
	return arc;
}

#endif
