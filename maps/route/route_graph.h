/* Private to maps/route: the turn-expanded state graph (an Aho-Corasick automaton over the turn rows).
 *
 * State s < n_arcs means "on arc s, nothing before it matters". Each further state is a longer driven sequence that
 * some row of three or more arcs starts with. Driving arc b from state s leads to the longest suffix of (history of s,
 * b) that is a state. Edge i of a state belongs to the i-th arc out of the head of its last arc. A state is entered at
 * the tail of its arc: edges carry turn costs, states carry the time of their arc. */
#ifndef ZUB_ROUTE_GRAPH_H
#define ZUB_ROUTE_GRAPH_H

#include "route.h"

struct route_edge {
	uint32_t state; /* forward: where it leads; backward: where it comes from */
	uint32_t turn;	/* row of turn_ms, 0 = free */
};

struct route_graph {
	const struct network *network;
	uint32_t n_states, n_edges, n_turns, depth_max;
	uint32_t *state_arc;  /* [n_states] the last arc */
	uint32_t *state_fail; /* [n_states] longest proper suffix that is a state; NONE for a single arc */
	uint32_t *state_next; /* [n_states] another state of the same arc, or NONE; starts at the state of the arc alone
			       */
	uint32_t *state_depth;	 /* [n_states] arcs in the history */
	uint32_t *first_edge;	 /* [n_states + 1] */
	struct route_edge *edge; /* [n_edges] */
	uint32_t *first_back;	 /* [n_states + 1] */
	struct route_edge *back; /* [n_edges] */
	struct cch *cch;	 /* NULL = the network has no order */
	int32_t *turn_ms;	 /* [n_classes * n_turns], row = class; -1 forbidden; column 0 is 0 */
};

#endif
