/* A street network as columns: the road network (vehicles) and the walk network (people) have the same shape.
 * Nodes are junctions and ends; what bends in between is shape. An arc is one direction of a road between two nodes.
 * All pointers are borrowed from the town (mapped read-only) or, while compiling, from the compiler's arrays. */
#ifndef ZUB_NETWORK_H
#define ZUB_NETWORK_H

#include "geo.h"
#include "units.h"
#include <stdint.h>

#define NETWORK_CLASSES_MAX 8

enum arc_flag {
	ARC_ROUNDABOUT = 1,
	ARC_BRIDGE = 2,
	ARC_TUNNEL = 4,
	ARC_NO_STOPPING = 8, /* nobody may be picked up or set down here (motorway, tunnel, roundabout, ...) */
	ARC_DEAD_END = 16,   /* the head has no way on but back */
	ARC_SIGNAL = 32,     /* traffic signals at the head */
	ARC_STEPS = 64,	     /* walk: steps */
	ARC_PRIVATE = 128,   /* private or destination-only access */
};

enum road_kind { /* OSM highway=*; for drawing and class rules */
		 ROAD_OTHER,
		 ROAD_MOTORWAY,
		 ROAD_TRUNK,
		 ROAD_PRIMARY,
		 ROAD_SECONDARY,
		 ROAD_TERTIARY,
		 ROAD_RESIDENTIAL,
		 ROAD_LIVING_STREET,
		 ROAD_SERVICE,
		 ROAD_TRACK,
		 ROAD_PEDESTRIAN,
		 ROAD_CYCLEWAY,
		 ROAD_FOOTWAY,
		 ROAD_STEPS,
		 ROAD_KINDS
};

struct network {
	uint32_t n_nodes, n_arcs, n_classes, n_shape_points, n_turns, n_turn_arcs, n_grid_cells, n_grid_items;
	/* nodes */
	const struct geo_point *node_point; /* [n_nodes] */
	const uint32_t *first_out;	    /* [n_nodes + 1] into out_arc */
	const uint32_t *out_arc;	    /* [n_arcs] arcs by tail, ascending within a node */
	/* arcs: in the order they were made (an imported graph keeps its numbers) */
	const uint32_t *tail, *head; /* [n_arcs] */
	const uint32_t *reverse_arc; /* [n_arcs] the same road the other way, or NONE */
	const uint32_t *dist_mm;     /* [n_arcs] geodesic; >= 1 unless tail == head place */
	const uint32_t *time_ms;     /* [n_classes * n_arcs], row = class; TIME_INFINITE = not allowed */
	const uint8_t *main_mask;    /* [n_arcs] bit c: arc lies in the main strongly connected part of class c */
	const uint8_t *flags;	     /* [n_arcs] enum arc_flag */
	const uint8_t *kind;	     /* [n_arcs] enum road_kind */
	const uint8_t *speed_kmh;    /* [n_arcs] the legal speed the times were made from; 0 = unknown */
	const uint32_t *name;	     /* [n_arcs] string, or NONE */
	const int64_t *osm_way;	     /* [n_arcs] OSM way id; 0 = none (imported graphs) */
	/* shapes: points of arc a are shape_first[a] .. shape_first[a + 1] - 1, tail and head included, in driving
	 * order */
	const uint32_t *shape_first;	     /* [n_arcs + 1] */
	const struct geo_point *shape_point; /* [n_shape_points] */
	const struct geo_xy *shape_xy;	     /* [n_shape_points] the same in the town's CRS */
	/* turns: driving turn_arcs[turn_first[t] .. turn_first[t+1]-1] (>= 2 arcs, head to tail) one after the other
	 * costs turn_cost_ms[t] more at the last change of arc, or is forbidden when that is -1, for classes in
	 * turn_mask. Several rows that match the same change: forbidden wins, else costs add up. U-turns have no
	 * special rule in the search: the compiler writes a row for each pair (arc, reverse) of a class that forbids or
	 * prices it. */
	const uint32_t *turn_first;  /* [n_turns + 1] */
	const uint32_t *turn_arcs;   /* [n_turn_arcs] */
	const int32_t *turn_cost_ms; /* [n_turns] */
	const uint8_t *turn_mask;    /* [n_turns] bit per class */
	/* nearest-road index: square cells of grid_cell_mm over the box from grid_origin; arcs touching a cell */
	struct geo_xy grid_origin;
	uint32_t grid_cell_mm, grid_columns, grid_rows; /* n_grid_cells = columns * rows */
	const uint32_t *grid_first;			/* [n_grid_cells + 1] */
	const uint32_t *grid_arc;			/* [n_grid_items] */
	/* contraction order of the search graph (maps/route/cch.h): its vertices are the nodes, or, where there are
	 * turn rows, the states of maps/route; numbered by rank, so that the neighbours above in the chordal supergraph
	 * ascend */
	uint32_t n_order, n_up;	  /* n_order 0 = none was made */
	uint32_t up_work;	  /* numbers of scratch that preparing a metric takes */
	uint32_t up_depth;	  /* depth of the elimination tree, root = 0 */
	const uint32_t *order;	  /* [n_order] rank of a vertex, a permutation */
	const uint32_t *up_first; /* [n_order + 1] by rank, into up_head */
	const uint32_t
		*up_head; /* [n_up] ranks above, ascending; the first one is the parent in the elimination tree */
};

/* A point on a road. offset_mm runs from the tail, 0 .. dist_mm. Where both directions exist, the side is the choice of
 * arc (kerb = right of the driving direction); on a one-way road side tells on which side of the road the place is. */
enum side { SIDE_RIGHT = 0, SIDE_LEFT = 1 };
struct spot {
	uint32_t arc;
	uint32_t offset_mm;
};

/* ceil(time * part / length): what driving part_mm (at most length_mm counts) of a road of this time costs; length 0 ->
 * 0. TIME_INFINITE stays infinite. The one rule for parts of arcs: core, routes and vehicles agree to the millisecond.
 */
static inline uint32_t network_share_ms(uint32_t time_ms, uint32_t length_mm, uint32_t part_mm)
{
	if (time_ms == TIME_INFINITE || !length_mm)
		return time_ms == TIME_INFINITE ? TIME_INFINITE : 0;
	uint64_t part = part_mm < length_mm ? part_mm : length_mm;
	return (uint32_t)((time_ms * part + length_mm - 1) / length_mm);
}

struct snap {
	struct spot spot;
	uint8_t side;	  /* enum side */
	uint32_t away_mm; /* metric distance from the point asked to the road */
	struct geo_xy xy; /* the point on the road */
};
/* Nearest arcs of the class's main part to p (at most max_away_mm), best first, at most `most` of different roads; of a
 * two-way road the arc whose right side p lies on (on the line: the lower arc). stopping != 0 leaves out
 * ARC_NO_STOPPING. Ties: lower arc. Returns how many were found (0 = none). Pure. */
uint32_t network_snap(const struct network *network, uint32_t class_index, struct geo_xy p, uint32_t max_away_mm,
		      int stopping, struct snap *ret_snaps, uint32_t most);
/* The same answers from a packed R-tree over the roads, built at open (same network, same tree): quicker where roads
 * are far or dense, and few of them usable. Read-only after open. ERR_MEMORY. */
struct network_tree;
struct arena;
size_t network_tree_size(const struct network *network);
int network_tree_open(struct network_tree **ret_tree, const struct network *network, struct arena *arena);
uint32_t network_tree_snap(const struct network_tree *tree, uint32_t class_index, struct geo_xy p, uint32_t max_away_mm,
			   int stopping, struct snap *ret_snaps, uint32_t most);
/* The point of a spot, interpolated along the shape. */
struct geo_point network_spot_point(const struct network *network, struct spot spot);

#endif
