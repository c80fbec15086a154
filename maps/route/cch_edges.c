#include "cch_edges.h"

#include "arena.h"
#include "err.h"
#include "route_graph.h"

int cch_edges_by_state(const struct route_graph *graph)
{
	return graph->network->n_turns > 0;
}

size_t cch_edges_size(const struct route_graph *graph)
{
	size_t n = cch_edges_by_state(graph) ? graph->n_edges : graph->network->n_arcs;
	return (n + 1) * sizeof(struct cch_edge) + 32;
}

/* Forbidden to every class: no metric can open it. */
static int turn_is_closed(const struct route_graph *graph, uint32_t turn)
{
	for (uint32_t class_index = 0; class_index < graph->network->n_classes; class_index++)
		if (graph->turn_ms[(size_t)class_index * graph->n_turns + turn] >= 0)
			return 0;
	return 1;
}

static void edges_of_states(struct cch_edges *edges, const struct route_graph *graph)
{
	for (uint32_t state = 0; state < graph->n_states; state++)
		for (uint32_t i = graph->first_edge[state]; i < graph->first_edge[state + 1]; i++) {
			const struct route_edge *edge = &graph->edge[i];
			if (turn_is_closed(graph, edge->turn))
				continue;
			edges->edge[edges->n++] =
				(struct cch_edge){state, edge->state, graph->state_arc[edge->state], edge->turn};
		}
}

static void edges_of_nodes(struct cch_edges *edges, const struct network *network)
{
	for (uint32_t i = 0; i < network->n_arcs; i++) {
		uint32_t arc = network->out_arc[i];
		edges->edge[edges->n++] = (struct cch_edge){network->tail[arc], network->head[arc], arc, 0};
	}
}

void cch_edges_streets(const struct route_graph *graph, uint32_t *ret_street)
{
	const struct network *network = graph->network;
	int by_state = cch_edges_by_state(graph);
	uint32_t n = by_state ? graph->n_states : network->n_nodes;
	for (uint32_t v = 0; v < n; v++) {
		uint32_t arc = by_state ? graph->state_arc[v] : v, back = by_state ? network->reverse_arc[arc] : NONE;
		ret_street[v] = back < arc ? back : arc;
	}
}

int cch_edges_open(struct cch_edges *ret_edges, const struct route_graph *graph, struct arena *arena)
{
	int by_state = cch_edges_by_state(graph);
	size_t n = by_state ? graph->n_edges : graph->network->n_arcs;
	struct cch_edges edges = {.n_vertices = by_state ? graph->n_states : graph->network->n_nodes};
	edges.edge = arena_take(arena, n + 1, sizeof *edges.edge);
	if (!edges.edge)
		return ERR_MEMORY;
	if (by_state)
		edges_of_states(&edges, graph);
	else
		edges_of_nodes(&edges, graph->network);
	*ret_edges = edges;
	return ERR_OK;
}
