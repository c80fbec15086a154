/* Private to maps/route: what labels are made from. */
#ifndef ZUB_ROUTE_HUBS_STATE_H
#define ZUB_ROUTE_HUBS_STATE_H

#include "cch_query.h"
#include "route_hubs.h"

#define ROW_FAR 0x3ffffffe

/* Arcs upwards as the search wants them: times alone, close together. */
struct hub_side {
	uint32_t *first; /* [n + 1] */
	uint16_t *depth; /* of the heads */
	int32_t *time;
};

/* What an upward arc in one direction stands for, once asked: two others (+ 1), or the arc of the network (+ 1) and 0.
 */
struct hub_part {
	uint32_t first, second;
};

/* A climb that knows how it came to each depth. */
struct hub_way {
	cch_label *reach;      /* [depth_most + 1] */
	uint32_t *by, *vertex; /* depth before, vertex at this depth */
};

struct route_hubs {
	const struct route_graph *graph;
	const struct route_weights *weights;
	const uint32_t *rank;
	uint32_t n, depth_most;
	int by_state;
	uint32_t *parent;
	uint16_t *depth;
	struct hub_side side[2]; /* forward, backward */
	int32_t *row[2];	 /* of all high vertices, forward, backward */
	uint32_t *row_at;	 /* [n] NONE = low */
	void (*join)(int32_t *best, const int32_t *row, int32_t add, uint32_t n);
	void (*lanes)(int32_t *best, const int32_t *table, const struct route_hub *hub, uint32_t n, uint32_t n_lanes);
	int32_t *arc_time; /* [n_arcs] */
	void (*columns)(int32_t *table, const int32_t *const *row, uint32_t n_lanes, uint32_t n_rows, int32_t *least);
	/* scratch */
	int32_t *reach, *exact; /* [depth_most + 1] */
	int32_t *both;		/* [depth_most + 1] rows joined */
	uint32_t *high;		/* [depth_most + 1] */
	uint32_t *path;		/* [depth_most + 1] */
	int32_t *at;		/* [n] ROUTE_HUB_FAR but within a call */
	struct hub_way way[2];
	uint32_t *slot;	       /* [2 * depth_most + 2] */
	struct hub_part *part; /* [2 * m] by slot */
};

#endif
