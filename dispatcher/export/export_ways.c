#include "export_ways.h"

#include <stdlib.h>

#include "arena.h"
#include "route.h"

struct ways {
	const struct town *town;
	struct arena arena;
	struct route_graph *graph;
	struct route_query *query;
	struct route_metric metrics[NETWORK_CLASSES_MAX];
	uint8_t ready[NETWORK_CLASSES_MAX];
};

int ways_open(struct ways **ret_ways, struct err_detail *detail)
{
	*ret_ways = calloc(1, sizeof **ret_ways);
	return *ret_ways ? ERR_OK : err_set(detail, ERR_MEMORY, "export: out of memory");
}

void ways_close(struct ways *ways)
{
	if (ways)
		arena_close(&ways->arena);
	free(ways);
}

static int take_town(struct ways *ways, const struct town *town)
{
	const struct network *road = &town->road;
	size_t size = route_graph_size(road) + route_query_size_most(road) +
		      (size_t)town->n_classes * route_weights_size(road) + 4096;
	arena_close(&ways->arena);
	*ways = (struct ways){0};
	int code = arena_open(&ways->arena, size);
	if (!code)
		code = route_graph_open(&ways->graph, road, &ways->arena);
	if (!code)
		code = route_query_open(&ways->query, ways->graph, &ways->arena);
	if (!code)
		ways->town = town;
	return code;
}

static int take_class(struct ways *ways, uint32_t class_index)
{
	const struct network *road = &ways->town->road;
	struct route_metric *metric = &ways->metrics[class_index];
	struct route_weights *weights;
	metric->class_index = class_index;
	metric->time_ms = road->time_ms + (size_t)class_index * road->n_arcs;
	if (route_weights_open(&weights, ways->graph, &ways->arena))
		return ERR_MEMORY;
	route_weights_set(weights, class_index, metric->time_ms);
	metric->weights = weights;
	ways->ready[class_index] = 1;
	return ERR_OK;
}

int ways_mm(struct ways *ways, const struct town *town, uint32_t class_index, struct spot from, struct spot to,
	    uint32_t *ret_mm, struct err_detail *detail)
{
	*ret_mm = 0;
	if (class_index >= town->n_classes || from.arc >= town->road.n_arcs || to.arc >= town->road.n_arcs)
		return ERR_OK;
	int code = ways->town == town ? ERR_OK : take_town(ways, town);
	if (!code && !ways->ready[class_index])
		code = take_class(ways, class_index);
	if (code)
		return err_set(detail, code, "export: ways on %s: %s", town_text(town, town->name), err_text(code));
	struct route_result result = route_one(ways->query, &ways->metrics[class_index], from, to);
	if (result.time_ms != TIME_INFINITE)
		*ret_mm = result.dist_mm;
	return ERR_OK;
}
