#include "tours_state.h"

#include <string.h>

#include "arena.h"
#include "err.h"

#define FAR ROUTE_HUB_FAR

static uint32_t places_most(const struct tours_options *options)
{
	return 2 * options->riders_most;
}

size_t places_size(const struct route_graph *graph, const struct tours_options *options)
{
	size_t n = places_most(options), label = route_hubs_label_most(graph), vehicles = options->n_vehicles;
	return route_hubs_size(graph) + n * (n + vehicles) * 4 + n * n * 4 + vehicles * n * 4 +
	       2 * (n + vehicles) * label * sizeof(struct route_hub) + n * sizeof(struct tours_place) +
	       2 * (size_t)route_graph_network(graph)->n_order * 4 + 512;
}

int places_open(struct tours *tours, const struct route_graph *graph, const struct route_metric *metric,
		struct arena *arena)
{
	size_t n = tours->n_places, label = tours->label_most, vehicles = tours->n_vehicles;
	int code = route_hubs_open(&tours->hubs, graph, metric, arena);
	if (code)
		return code;
	tours->place = arena_take(arena, n, sizeof *tours->place);
	tours->way_to = arena_take(arena, n * tours->n_columns, sizeof *tours->way_to);
	tours->way_from = arena_take(arena, n * n, sizeof *tours->way_from);
	tours->turn_way = arena_take(arena, vehicles * n, sizeof *tours->turn_way);
	tours->from = arena_take(arena, n * label, sizeof *tours->from);
	tours->to = arena_take(arena, n * label, sizeof *tours->to);
	tours->start_label = arena_take(arena, vehicles * label, sizeof *tours->start_label);
	tours->turn_label = arena_take(arena, vehicles * label, sizeof *tours->turn_label);
	if (!tours->place || !tours->way_to || !tours->way_from || !tours->turn_way || !tours->from || !tours->to ||
	    !tours->start_label || !tours->turn_label)
		return ERR_MEMORY;
	uint32_t n_hubs = route_hubs_vertices(tours->hubs);
	for (int i = 0; i < 2; i++) {
		tours->fan[i] =
			(struct tours_fan){.at = arena_take(arena, n_hubs, sizeof *tours->fan[i].at), .place = NONE};
		if (!tours->fan[i].at)
			return ERR_MEMORY;
		for (uint32_t x = 0; x < n_hubs; x++)
			tours->fan[i].at[x] = FAR;
	}
	return ERR_OK;
}

static struct route_hub *label_from(const struct tours *tours, uint32_t place)
{
	return tours->from + (size_t)place * tours->label_most;
}

static struct route_hub *label_to(const struct tours *tours, uint32_t place)
{
	return tours->to + (size_t)place * tours->label_most;
}

static struct route_hub *label_start(const struct tours *tours, uint32_t vehicle)
{
	return tours->start_label + (size_t)vehicle * tours->label_most;
}

static struct route_hub *label_turn(const struct tours *tours, uint32_t vehicle)
{
	return tours->turn_label + (size_t)vehicle * tours->label_most;
}

static void fan_spread(struct tours_fan *fan, const struct route_hub *label, uint32_t n, uint32_t place)
{
	for (uint32_t i = 0; i < fan->n; i++)
		fan->at[fan->label[i].vertex] = FAR;
	*fan = (struct tours_fan){fan->at, label, n, place};
	for (uint32_t i = 0; i < n; i++) {
		int32_t *at = &fan->at[label[i].vertex];
		*at = label[i].time < *at ? label[i].time : *at;
	}
}

static int32_t fan_way(const struct tours_fan *fan, const struct route_hub *label, uint32_t n)
{
	int32_t best = FAR;
	for (uint32_t i = 0; i < n; i++) {
		int32_t way = label[i].time + fan->at[label[i].vertex];
		best = way < best ? way : best;
	}
	return best;
}

/* --- tables --- */

static int32_t with_stop(const struct tours *tours, int32_t way)
{
	return way ? way + tours->stop : 0;
}

static int32_t without_stop(const struct tours *tours, int32_t way)
{
	return way ? way - tours->stop : 0;
}

static void pair_set(struct tours *tours, uint32_t from, uint32_t to, int32_t way)
{
	tours->way_to[(size_t)to * tours->n_columns + tours->n_vehicles + from] = with_stop(tours, way);
	tours->way_from[(size_t)from * tours->n_places + to] = with_stop(tours, way);
}

static void pair_ask(struct tours *tours, uint32_t place, uint32_t other)
{
	const struct tours_place *it = &tours->place[place], *that = &tours->place[other];
	int is_same = it->arc == that->arc;
	pair_set(tours, other, place, is_same ? 0 : fan_way(&tours->fan[0], label_from(tours, other), that->n_from));
	pair_set(tours, place, other, is_same ? 0 : fan_way(&tours->fan[1], label_to(tours, other), that->n_to));
}

static void start_set(struct tours *tours, uint32_t vehicle, uint32_t place, int32_t way)
{
	tours->way_to[(size_t)place * tours->n_columns + vehicle] = way;
}

static void place_add(struct tours *tours, uint32_t place)
{
	struct tours_place *it = &tours->place[place];
	for (int i = 0; i < 2; i++)
		fan_spread(&tours->fan[i], NULL, 0, NONE); /* the label that it is spread from may be this one */
	it->n_from = route_hubs_from(tours->hubs, it->arc, label_from(tours, place));
	it->n_to = route_hubs_to(tours->hubs, it->arc, label_to(tours, place));
	fan_spread(&tours->fan[0], label_to(tours, place), it->n_to, place);
	fan_spread(&tours->fan[1], label_from(tours, place), it->n_from, place);
	for (uint32_t i = 0; i < tours->n_open; i++) {
		uint32_t rider = tours->open[i];
		if (tours->rider[rider].state == RIDER_WAITS && 2 * rider != place)
			pair_ask(tours, place, 2 * rider);
		if (2 * rider + 1 != place)
			pair_ask(tours, place, 2 * rider + 1);
	}
	pair_set(tours, place, place, 0);
	for (uint32_t v = 0; v < tours->n_vehicles; v++) {
		const struct tour *tour = &tours->tour[v];
		start_set(tours, v, place,
			  tour->arc == it->arc ? 0 : fan_way(&tours->fan[0], label_start(tours, v), tour->n_label));
		tours->turn_way[(size_t)v * tours->n_places + place] = TOURS_UNKNOWN;
	}
}

void places_add(struct tours *tours, uint32_t rider)
{
	tours->place[2 * rider + 1].n_from = tours->place[2 * rider + 1].n_to = 0;
	place_add(tours, 2 * rider);
	place_add(tours, 2 * rider + 1);
}

/* --- vehicles --- */

void places_start(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	tour->n_label = route_hubs_from(tours->hubs, tour->arc, label_start(tours, vehicle));
}

void places_reached(struct tours *tours, uint32_t vehicle, uint32_t place)
{
	struct tour *tour = &tours->tour[vehicle];
	const int32_t *row = tours_row_from(tours, place);
	tour->n_label = tours->place[place].n_from;
	memcpy(label_start(tours, vehicle), label_from(tours, place), tour->n_label * sizeof(struct route_hub));
	for (uint32_t i = 0; i < tours->n_open; i++) {
		uint32_t other = 2 * tours->open[i];
		start_set(tours, vehicle, other, without_stop(tours, row[other]));
		start_set(tours, vehicle, other + 1, without_stop(tours, row[other + 1]));
	}
}

struct route_hub_place places_turn(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	if (tour->turn_asked == tours->now)
		return tour->turn;
	tour->turn_asked = tours->now;
	tour->turn = (struct route_hub_place){tour->arc, tour->leave};
	if (tour->heading != tour->arc) {
		tour->turn = route_hubs_along(tours->hubs, tour->arc, tour->heading,
					      tour->heading_arrival - tour->leave, tours->now - tour->leave);
		tour->turn.time += tour->leave;
	}
	tour->n_turn_label = route_hubs_from(tours->hubs, tour->turn.arc, label_turn(tours, vehicle));
	memset(tours->turn_way + (size_t)vehicle * tours->n_places, 0xff, tours->n_places * sizeof(int32_t));
	return tour->turn;
}

static int32_t turn_way(struct tours *tours, uint32_t vehicle, uint32_t place)
{
	int32_t *way = &tours->turn_way[(size_t)vehicle * tours->n_places + place];
	if (*way != TOURS_UNKNOWN)
		return *way;
	if (tours->fan[0].place != place)
		fan_spread(&tours->fan[0], label_to(tours, place), tours->place[place].n_to, place);
	const struct tour *tour = &tours->tour[vehicle];
	*way = tour->turn.arc == tours->place[place].arc
		       ? 0
		       : fan_way(&tours->fan[0], label_turn(tours, vehicle), tour->n_turn_label);
	return *way;
}

int32_t places_arrival(struct tours *tours, uint32_t vehicle, uint32_t place)
{
	const struct tour *tour = &tours->tour[vehicle];
	if (!tours_is_driving(tours, tour))
		return places_leave(tours, vehicle) + tours_row_starts(tours, place)[vehicle];
	if (tours->place[place].arc == tour->heading)
		return tour->heading_arrival;
	return places_turn(tours, vehicle).time + turn_way(tours, vehicle, place);
}

void places_turned(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	for (uint32_t i = 0; i < tours->n_open; i++) {
		uint32_t rider = tours->open[i];
		if (tours->rider[rider].state == RIDER_WAITS)
			start_set(tours, vehicle, 2 * rider, turn_way(tours, vehicle, 2 * rider));
		start_set(tours, vehicle, 2 * rider + 1, turn_way(tours, vehicle, 2 * rider + 1));
	}
	tour->n_label = tour->n_turn_label;
	memcpy(label_start(tours, vehicle), label_turn(tours, vehicle), tour->n_label * sizeof(struct route_hub));
}
