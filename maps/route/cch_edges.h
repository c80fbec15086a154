/* The search graph that a contraction hierarchy orders: its vertices and the edges between them.
 *
 * Without turn rows a vertex is a node of the network and an edge an arc. With turn rows a vertex is a state of
 * route_graph.h ("at the head of this arc, having driven this before"), and an edge is a turn together with the arc
 * that it leads into; turns forbidden to every class are no edges. */
#ifndef ZUB_CCH_EDGES_H
#define ZUB_CCH_EDGES_H

#include "route.h"

struct cch_edge {
	uint32_t tail, head; /* vertices */
	uint32_t arc;	     /* driven */
	uint32_t turn;	     /* column of the turn costs, paid first; 0 = free */
};

struct cch_edges {
	uint32_t n_vertices, n;
	struct cch_edge *edge; /* [n] by tail, then arc */
};

/* Bytes that cch_edges_open takes from the arena. */
size_t cch_edges_size(const struct route_graph *graph);
int cch_edges_open(struct cch_edges *ret_edges, const struct route_graph *graph, struct arena *arena); /* ERR_MEMORY */
/* Are the vertices states? */
int cch_edges_by_state(const struct route_graph *graph);
/* ret_street[n_vertices]: the same vertex for all of one street (both directions, all histories); a node by itself. */
void cch_edges_streets(const struct route_graph *graph, uint32_t *ret_street);
/* up_work and up_depth of the network, once the graph was opened with both NONE. */
void cch_edges_room(const struct route_graph *graph, uint32_t *ret_work, uint32_t *ret_depth);

#endif
