/* Building the state graph. After Aho and Corasick, "Efficient string matching" (1975): the goto function is kept in
 * the edges themselves, the failure function fills the edges no row asks for. */
#include "route_graph.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "cch.h"
#include "err.h"

struct bounds {
	size_t n_states, n_edges, n_turns;
};

static uint32_t out_degree(const struct network *network, uint32_t arc)
{
	uint32_t node = network->head[arc];
	return network->first_out[node + 1] - network->first_out[node];
}

/* Upper bounds: every row brings all of its longer prefixes and one cost of its own. */
static struct bounds bounds_of(const struct network *network)
{
	struct bounds bounds = {.n_states = network->n_arcs, .n_turns = (size_t)network->n_turns + 1};
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		bounds.n_edges += out_degree(network, arc);
	for (uint32_t turn = 0; turn < network->n_turns; turn++) {
		uint32_t last = network->turn_first[turn + 1];
		for (uint32_t i = network->turn_first[turn] + 1; i + 1 < last; i++) {
			bounds.n_states++;
			bounds.n_edges += out_degree(network, network->turn_arcs[i]);
		}
	}
	return bounds;
}

static size_t rounded(size_t n, size_t size)
{
	return (n * size + 15) / 16 * 16 + 16;
}

size_t route_graph_size(const struct network *network)
{
	struct bounds bounds = bounds_of(network);
	size_t n_classes = network->n_classes;
	return rounded(1, sizeof(struct route_graph)) + 4 * rounded(bounds.n_states, sizeof(uint32_t)) +
	       2 * rounded(bounds.n_states + 1, sizeof(uint32_t)) +
	       2 * rounded(bounds.n_edges, sizeof(struct route_edge)) +
	       rounded(n_classes * bounds.n_turns, sizeof(int32_t)) + 64 + cch_size(network, bounds.n_edges);
}

/* Index of the edge of `state` that drives `arc`, or NONE when arc does not start where the state ends. */
static uint32_t route_graph_edge(const struct route_graph *graph, uint32_t state, uint32_t arc)
{
	const struct network *network = graph->network;
	uint32_t node = network->head[graph->state_arc[state]];
	uint32_t low = network->first_out[node], high = network->first_out[node + 1], first = low;
	while (low < high) { /* arcs ascend within a node */
		uint32_t middle = low + (high - low) / 2;
		if (network->out_arc[middle] < arc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == network->first_out[node + 1] || network->out_arc[low] != arc)
		return NONE;
	return graph->first_edge[state] + (low - first);
}

static uint32_t state_add(struct route_graph *graph, uint32_t arc, uint32_t depth)
{
	uint32_t state = graph->n_states++;
	uint32_t degree = out_degree(graph->network, arc);
	graph->state_arc[state] = arc;
	graph->state_fail[state] = NONE;
	graph->state_next[state] = NONE;
	graph->state_depth[state] = depth;
	graph->first_edge[state] = graph->n_edges;
	for (uint32_t i = 0; i < degree; i++)
		graph->edge[graph->n_edges + i] = (struct route_edge){NONE, 0};
	graph->n_edges += degree;
	graph->first_edge[state + 1] = graph->n_edges;
	if (depth > graph->depth_max)
		graph->depth_max = depth;
	return state;
}

/* The state for all but the last arc of a row, made where missing; NONE when the row is no drivable sequence. */
static uint32_t row_prefix(struct route_graph *graph, uint32_t turn)
{
	const struct network *network = graph->network;
	uint32_t first = network->turn_first[turn], last = network->turn_first[turn + 1];
	if (last < first + 2)
		return NONE;
	uint32_t state = network->turn_arcs[first];
	for (uint32_t i = first + 1; i + 1 < last; i++) {
		uint32_t edge = route_graph_edge(graph, state, network->turn_arcs[i]);
		if (edge == NONE)
			return NONE;
		if (graph->edge[edge].state == NONE) {
			uint32_t made = state_add(graph, network->turn_arcs[i], i - first + 1);
			graph->edge[edge].state = made;
			/* parent, until the failure function replaces it */
			graph->state_fail[made] = state;
		}
		state = graph->edge[edge].state;
	}
	return state;
}

static int32_t cost_join(int32_t a, int32_t b)
{
	if (a < 0 || b < 0)
		return -1;
	return a > INT32_MAX - b ? INT32_MAX : a + b;
}

/* Adds the row's own cost at its last change of arc. */
static void row_apply(struct route_graph *graph, uint32_t turn, size_t n_turns_max)
{
	const struct network *network = graph->network;
	uint32_t state = row_prefix(graph, turn);
	if (state == NONE)
		return;
	uint32_t edge = route_graph_edge(graph, state, network->turn_arcs[network->turn_first[turn + 1] - 1]);
	if (edge == NONE)
		return;
	if (graph->edge[edge].turn == 0)
		graph->edge[edge].turn = graph->n_turns++;
	for (uint32_t class_index = 0; class_index < network->n_classes; class_index++) {
		int32_t *cost = &graph->turn_ms[class_index * n_turns_max + graph->edge[edge].turn];
		if (network->turn_mask[turn] >> class_index & 1)
			*cost = cost_join(*cost, network->turn_cost_ms[turn]);
	}
}

/* The edges of a state that its own rows leave open are those of its failure state; costs of suffixes count too. */
static void state_complete(struct route_graph *graph, uint32_t state, size_t n_turns_max)
{
	uint32_t fail = graph->state_fail[state];
	uint32_t n = graph->first_edge[state + 1] - graph->first_edge[state];
	const struct route_edge *from = &graph->edge[graph->first_edge[fail]];
	struct route_edge *edge = &graph->edge[graph->first_edge[state]];
	for (uint32_t i = 0; i < n; i++) {
		if (edge[i].state == NONE)
			edge[i].state = from[i].state;
		else /* a longer sequence: it falls back to where the suffix leads */
			graph->state_fail[edge[i].state] = from[i].state;
		if (edge[i].turn == 0) {
			edge[i].turn = from[i].turn;
			continue;
		}
		for (uint32_t class_index = 0; class_index < graph->network->n_classes; class_index++) {
			int32_t *row = &graph->turn_ms[class_index * n_turns_max];
			row[edge[i].turn] = cost_join(row[edge[i].turn], row[from[i].turn]);
		}
	}
}

static void arcs_complete(struct route_graph *graph)
{
	const struct network *network = graph->network;
	for (uint32_t arc = 0; arc < network->n_arcs; arc++) {
		uint32_t first = graph->first_edge[arc], first_out = network->first_out[network->head[arc]];
		for (uint32_t i = 0; first + i < graph->first_edge[arc + 1]; i++) {
			struct route_edge *edge = &graph->edge[first + i];
			if (edge->state == NONE)
				edge->state = network->out_arc[first_out + i];
			else
				graph->state_fail[edge->state] = network->out_arc[first_out + i];
		}
	}
}

/* Shorter histories first: a state needs its failure state complete, which is always shorter. */
static void states_complete(struct route_graph *graph, size_t n_turns_max)
{
	arcs_complete(graph);
	for (uint32_t depth = 2; depth <= graph->depth_max; depth++)
		for (uint32_t state = graph->network->n_arcs; state < graph->n_states; state++)
			if (graph->state_depth[state] == depth)
				state_complete(graph, state, n_turns_max);
	for (uint32_t state = graph->network->n_arcs; state < graph->n_states; state++) {
		uint32_t arc = graph->state_arc[state];
		graph->state_next[state] = graph->state_next[arc];
		graph->state_next[arc] = state;
	}
}

static void edges_reverse(struct route_graph *graph)
{
	uint32_t *first = graph->first_back;
	memset(first, 0, ((size_t)graph->n_states + 1) * sizeof *first);
	for (uint32_t edge = 0; edge < graph->n_edges; edge++)
		first[graph->edge[edge].state + 1]++;
	for (uint32_t state = 0; state < graph->n_states; state++)
		first[state + 1] += first[state];
	for (uint32_t state = 0; state < graph->n_states; state++)
		for (uint32_t edge = graph->first_edge[state]; edge < graph->first_edge[state + 1]; edge++)
			graph->back[first[graph->edge[edge].state]++] =
				(struct route_edge){state, graph->edge[edge].turn};
	for (uint32_t state = graph->n_states; state > 0; state--) /* each was moved to the start of the next */
		first[state] = first[state - 1];
	first[0] = 0;
}

static int columns_take(struct route_graph *graph, struct arena *arena, struct bounds bounds)
{
	graph->state_arc = arena_take(arena, bounds.n_states, sizeof *graph->state_arc);
	graph->state_fail = arena_take(arena, bounds.n_states, sizeof *graph->state_fail);
	graph->state_next = arena_take(arena, bounds.n_states, sizeof *graph->state_next);
	graph->state_depth = arena_take(arena, bounds.n_states, sizeof *graph->state_depth);
	graph->first_edge = arena_take(arena, bounds.n_states + 1, sizeof *graph->first_edge);
	graph->first_back = arena_take(arena, bounds.n_states + 1, sizeof *graph->first_back);
	graph->edge = arena_take(arena, bounds.n_edges, sizeof *graph->edge);
	graph->back = arena_take(arena, bounds.n_edges, sizeof *graph->back);
	graph->turn_ms = arena_take(arena, graph->network->n_classes * bounds.n_turns, sizeof *graph->turn_ms);
	return graph->state_arc && graph->state_fail && graph->state_next && graph->state_depth && graph->first_edge &&
			       graph->first_back && graph->edge && graph->back && graph->turn_ms
		       ? ERR_OK
		       : ERR_MEMORY;
}

int route_graph_open(struct route_graph **ret_graph, const struct network *network, struct arena *arena)
{
	struct bounds bounds = bounds_of(network);
	struct route_graph *graph = arena_take(arena, 1, sizeof *graph);
	if (!graph || bounds.n_states >= NONE || bounds.n_edges >= NONE)
		return ERR_MEMORY;
	graph->network = network;
	if (columns_take(graph, arena, bounds))
		return ERR_MEMORY;
	graph->n_turns = 1;
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		state_add(graph, arc, 1);
	for (uint32_t turn = 0; turn < network->n_turns; turn++)
		row_apply(graph, turn, bounds.n_turns);
	assert(graph->n_states <= bounds.n_states && graph->n_edges <= bounds.n_edges);
	assert(graph->n_turns <= bounds.n_turns);
	states_complete(graph, bounds.n_turns);
	edges_reverse(graph);
	graph->n_turns = (uint32_t)bounds.n_turns;
	int code = network->n_order > 0 ? cch_open(&graph->cch, graph, arena) : ERR_OK;
	if (!code)
		*ret_graph = graph;
	return code;
}

int32_t route_turn_ms(const struct route_graph *graph, uint32_t class_index, const uint32_t *arcs, uint32_t n,
		      uint32_t next_arc)
{
	uint32_t first = n > graph->depth_max ? n - graph->depth_max : 0;
	uint32_t state = NONE;
	for (uint32_t i = first; i < n; i++) {
		uint32_t edge = state == NONE ? NONE : route_graph_edge(graph, state, arcs[i]);
		state = edge == NONE ? arcs[i] : graph->edge[edge].state;
	}
	uint32_t edge = state == NONE ? NONE : route_graph_edge(graph, state, next_arc);
	if (edge == NONE)
		return -1;
	return graph->turn_ms[(size_t)class_index * graph->n_turns + graph->edge[edge].turn];
}

const struct network *route_graph_network(const struct route_graph *graph)
{
	return graph->network;
}
