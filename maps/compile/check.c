#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "route.h"

/* Nobody believes more on a road of this kind; 0 = no limit but that of the class. */
static const uint8_t kind_kmh_most[ROAD_KINDS] = {
	[ROAD_RESIDENTIAL] = 70, [ROAD_LIVING_STREET] = 30, [ROAD_SERVICE] = 60,
	[ROAD_TRACK] = 60,	 [ROAD_PEDESTRIAN] = 30,
};
#define ANY_KMH_MOST 140u
#define KMH_LEAST 3u
#define SLOW_FROM_MM 20000u /* shorter pieces are rounded too much to judge */

const char *const check_names[CHECK_KINDS] = {"island", "restriction", "fast", "slow", "stop", "transit_stop"};

static uint32_t time_of(const struct town *town, uint32_t class_index, uint32_t arc)
{
	return town->road.time_ms[(size_t)class_index * town->road.n_arcs + arc];
}

static int fault_add(struct check *check, struct check_fault fault)
{
	return array_push(check->faults, check->n_faults, check->cap_faults, fault);
}

static int arc_add(struct check *check, uint32_t arc)
{
	return array_push(check->arcs, check->n_arcs, check->cap_arcs, arc);
}

static struct geo_point arc_middle(const struct network *road, uint32_t arc)
{
	return network_spot_point(road, (struct spot){arc, road->dist_mm[arc] / 2});
}

/* --- islands ------------------------------------------------------------------------------------------------------ */

enum { FROM_MAIN = 1, TO_MAIN = 2 };

struct islands {
	const struct town *town;
	uint32_t class_index, seed; /* an arc of the main part */
	uint8_t *reach;		    /* [n_arcs] FROM_MAIN, TO_MAIN */
	uint8_t *reach_free;	    /* the same as if all turns were free */
	uint32_t *root;		    /* [n_arcs] union-find: islands are told apart by their lowest arc */
	uint32_t *fault_of;	    /* [n_arcs] of roots */
	uint8_t *is_main_node;	    /* [n_nodes] */
	uint32_t *first_at_node;    /* [n_nodes] */
};

static int is_open(const struct islands *islands, uint32_t arc)
{
	return time_of(islands->town, islands->class_index, arc) != TIME_INFINITE;
}

static int is_island(const struct islands *islands, uint32_t arc)
{
	return is_open(islands, arc) && islands->reach[arc] != (FROM_MAIN | TO_MAIN);
}

/* What the search of routes reaches from the seed, and from where it finds back to it. */
static int reach_query(const struct islands *islands, struct route_query *query, uint8_t *reach)
{
	const struct network *road = &islands->town->road;
	const uint32_t *time_ms = road->time_ms + (size_t)islands->class_index * road->n_arcs;
	struct route_metric metric = {islands->class_index, time_ms, NULL};
	struct route_reach *reaches = malloc(((size_t)road->n_arcs + 1) * sizeof *reaches);
	struct spot *spots = malloc(((size_t)road->n_arcs + 1) * sizeof *spots), seed = {islands->seed, 0};
	struct route_result *results = malloc(((size_t)road->n_arcs + 1) * sizeof *results);
	int code = reaches && spots && results ? ERR_OK : ERR_MEMORY;
	uint32_t n = 0;

	if (!code)
		code = route_within(query, &metric, seed, TIME_INFINITE - 1, reaches, &n, road->n_arcs + 1);
	for (uint32_t i = 0; i < n && !code; i++)
		reach[reaches[i].arc] = FROM_MAIN;
	for (uint32_t a = 0; a < road->n_arcs && !code; a++)
		spots[a] = (struct spot){a, 0};
	if (!code)
		route_from_many(query, &metric, spots, road->n_arcs, (struct spot){seed.arc, road->dist_mm[seed.arc]},
				results);
	for (uint32_t a = 0; a < road->n_arcs && !code; a++)
		reach[a] |= results[a].time_ms != TIME_INFINITE ? TO_MAIN : 0;
	free(reaches);
	free(spots);
	free(results);
	return code;
}

static int reach_find(const struct islands *islands, int is_free, uint8_t *reach)
{
	struct network road = islands->town->road;
	struct arena graph_arena = {0}, query_arena = {0};
	struct route_graph *graph;
	struct route_query *query;
	int code;

	road.n_order = road.n_up = 0; /* two searches: nothing needs to be prepared */
	if (is_free)
		road.n_turns = road.n_turn_arcs = 0;
	memset(reach, 0, road.n_arcs);
	code = arena_open(&graph_arena, route_graph_size(&road));
	if (!code)
		code = route_graph_open(&graph, &road, &graph_arena);
	if (!code)
		code = arena_open(&query_arena, route_query_size(graph));
	if (!code)
		code = route_query_open(&query, graph, &query_arena);
	if (!code)
		code = reach_query(islands, query, reach);
	arena_close(&query_arena);
	arena_close(&graph_arena);
	return code;
}

static uint32_t root_of(uint32_t *root, uint32_t arc)
{
	while (root[arc] != arc)
		arc = root[arc] = root[root[arc]];
	return arc;
}

static void join(uint32_t *root, uint32_t a, uint32_t b)
{
	a = root_of(root, a);
	b = root_of(root, b);
	root[a < b ? b : a] = a < b ? a : b;
}

static void join_at(struct islands *islands, uint32_t arc, uint32_t node)
{
	if (islands->is_main_node[node])
		return;
	if (islands->first_at_node[node] == NONE)
		islands->first_at_node[node] = arc;
	join(islands->root, arc, islands->first_at_node[node]);
}

/* Arcs of islands belong together when they meet where the main part does not go, or are one road. */
static void islands_join(struct islands *islands)
{
	const struct network *road = &islands->town->road;

	memset(islands->is_main_node, 0, road->n_nodes);
	memset(islands->first_at_node, 0xff, road->n_nodes * sizeof *islands->first_at_node);
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		islands->root[a] = a;
		if (is_open(islands, a) && !is_island(islands, a))
			islands->is_main_node[road->tail[a]] = islands->is_main_node[road->head[a]] = 1;
	}
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		uint32_t other = road->reverse_arc[a];

		if (!is_island(islands, a))
			continue;
		if (other != NONE && is_island(islands, other))
			join(islands->root, a, other);
		join_at(islands, a, road->tail[a]);
		join_at(islands, a, road->head[a]);
	}
}

/* The lowest forbidden row that has an arc of the island and one of the main part. */
static void islands_turns(const struct islands *islands, struct check *check)
{
	const struct network *road = &islands->town->road;

	for (uint32_t t = 0; t < road->n_turns; t++) {
		uint32_t first = road->turn_first[t], end = road->turn_first[t + 1], inside = NONE, outside = NONE;

		if (road->turn_cost_ms[t] != -1 || !(road->turn_mask[t] >> islands->class_index & 1))
			continue;
		for (uint32_t i = first; i < end; i++)
			*(is_island(islands, road->turn_arcs[i]) ? &inside : &outside) = road->turn_arcs[i];
		if (inside == NONE || outside == NONE || !is_open(islands, outside))
			continue;
		struct check_fault *fault = &check->faults[islands->fault_of[root_of(islands->root, inside)]];
		if (fault->turn == NONE)
			fault->turn = t;
	}
}

/* One fault for each island: what is known of its arcs, added up. */
static int islands_add(struct islands *islands, struct check *check)
{
	const struct network *road = &islands->town->road;
	int code = ERR_OK;

	for (uint32_t a = 0; a < road->n_arcs && !code; a++) {
		if (!is_island(islands, a))
			continue;
		uint32_t root = root_of(islands->root, a);
		if (root == a) {
			islands->fault_of[a] = (uint32_t)check->n_faults;
			code = fault_add(check, (struct check_fault){.kind = CHECK_ISLAND,
								     .class_index = islands->class_index,
								     .stop = NONE,
								     .turn = NONE,
								     .point = arc_middle(road, a)});
		}
		if (code)
			break;
		struct check_fault *fault = &check->faults[islands->fault_of[root]];
		fault->n++;
		fault->length_mm += road->dist_mm[a];
		fault->ways |= (islands->reach[a] & FROM_MAIN ? 0u : CHECK_NO_WAY_IN) |
			       (islands->reach[a] & TO_MAIN ? 0u : CHECK_NO_WAY_OUT);
		if (islands->reach_free[a] == (FROM_MAIN | TO_MAIN))
			fault->kind = CHECK_RESTRICTION;
	}
	return code;
}

/* The arcs of all faults from `from` on, each ascending. */
static int islands_arcs(struct islands *islands, struct check *check, size_t from)
{
	uint32_t at = (uint32_t)check->n_arcs;
	int code = ERR_OK;

	for (size_t f = from; f < check->n_faults; f++) {
		check->faults[f].first = at;
		at += check->faults[f].n;
		check->faults[f].n = 0;
	}
	for (uint32_t i = (uint32_t)check->n_arcs; i < at && !code; i++)
		code = arc_add(check, NONE);
	for (uint32_t a = 0; a < islands->town->road.n_arcs && !code; a++) {
		if (!is_island(islands, a))
			continue;
		struct check_fault *fault = &check->faults[islands->fault_of[root_of(islands->root, a)]];
		check->arcs[fault->first + fault->n++] = a;
	}
	return code;
}

static int islands_of_class(struct islands *islands, struct check *check)
{
	const struct network *road = &islands->town->road;
	size_t from = check->n_faults;
	int code;

	islands->seed = 0;
	while (islands->seed < road->n_arcs && !(road->main_mask[islands->seed] >> islands->class_index & 1))
		islands->seed++;
	if (islands->seed == road->n_arcs)
		return ERR_OK;
	code = reach_find(islands, 0, islands->reach);
	if (!code)
		code = reach_find(islands, 1, islands->reach_free);
	if (code)
		return code;
	islands_join(islands);
	code = islands_add(islands, check);
	if (!code)
		code = islands_arcs(islands, check, from);
	if (!code)
		islands_turns(islands, check);
	return code;
}

static int check_islands(struct check *check, const struct town *town)
{
	size_t n_arcs = (size_t)town->road.n_arcs + 1, n_nodes = (size_t)town->road.n_nodes + 1;
	struct islands islands = {.town = town};
	int code = ERR_OK;

	islands.reach = malloc(n_arcs);
	islands.reach_free = malloc(n_arcs);
	islands.root = malloc(n_arcs * sizeof *islands.root);
	islands.fault_of = malloc(n_arcs * sizeof *islands.fault_of);
	islands.is_main_node = malloc(n_nodes);
	islands.first_at_node = malloc(n_nodes * sizeof *islands.first_at_node);
	if (!islands.reach || !islands.reach_free || !islands.root || !islands.fault_of || !islands.is_main_node ||
	    !islands.first_at_node)
		code = ERR_MEMORY;
	for (uint32_t c = 0; c < town->n_classes && !code; c++) {
		islands.class_index = c;
		code = islands_of_class(&islands, check);
	}
	free(islands.reach);
	free(islands.reach_free);
	free(islands.root);
	free(islands.fault_of);
	free(islands.is_main_node);
	free(islands.first_at_node);
	return code;
}

/* --- speeds ------------------------------------------------------------------------------------------------------- */

static uint32_t kmh_most(const struct town *town, uint32_t class_index, uint32_t arc)
{
	uint32_t most = ANY_KMH_MOST, kind = kind_kmh_most[town->road.kind[arc]], law = town->road.speed_kmh[arc];

	if (kind > 0 && kind < most)
		most = kind;
	if (law > 0 && law < most)
		most = law;
	if (town->class_speed_kmh[class_index] > 0 && town->class_speed_kmh[class_index] < most)
		most = town->class_speed_kmh[class_index];
	return most;
}

/* A kilometre an hour is rounding. */
static int check_speed(struct check *check, const struct town *town, uint32_t class_index, uint32_t arc)
{
	uint64_t dist = town->road.dist_mm[arc], time = time_of(town, class_index, arc);
	struct check_fault fault = {.class_index = class_index, .n = 1, .stop = NONE, .turn = NONE, .length_mm = dist};
	uint64_t most = kmh_most(town, class_index, arc) + 1u;
	int is_fast = dist * 18 > most * (time + 1) * 5; /* mm/ms = m/s = 3.6 km/h */

	if (time == TIME_INFINITE || !(is_fast || (dist >= SLOW_FROM_MM && dist * 18 < time * 5 * KMH_LEAST)))
		return ERR_OK;
	fault.kind = is_fast ? CHECK_FAST : CHECK_SLOW;
	fault.first = (uint32_t)check->n_arcs;
	fault.speed_kmh = (uint32_t)(dist * 18 / (5 * (time > 0 ? time : 1)));
	fault.point = arc_middle(&town->road, arc);
	int code = arc_add(check, arc);
	return code ? code : fault_add(check, fault);
}

/* A legal speed that no such road has is the map's fault, whether or not a class keeps below it. */
static int check_law(struct check *check, const struct town *town, uint32_t arc)
{
	uint32_t law = town->road.speed_kmh[arc], most = kind_kmh_most[town->road.kind[arc]];
	struct check_fault fault = {.kind = CHECK_FAST,
				    .class_index = NONE,
				    .first = (uint32_t)check->n_arcs,
				    .n = 1,
				    .stop = NONE,
				    .turn = NONE,
				    .speed_kmh = law,
				    .length_mm = town->road.dist_mm[arc]};

	if (law <= (most > 0 ? most : ANY_KMH_MOST))
		return ERR_OK;
	fault.point = arc_middle(&town->road, arc);
	int code = arc_add(check, arc);
	return code ? code : fault_add(check, fault);
}

static int check_speeds(struct check *check, const struct town *town)
{
	int code = ERR_OK;

	for (uint32_t c = 0; c < town->n_classes && !code; c++)
		for (uint32_t a = 0; a < town->road.n_arcs && !code; a++)
			code = check_speed(check, town, c, a);
	for (uint32_t a = 0; a < town->road.n_arcs && !code; a++)
		code = check_law(check, town, a);
	return code;
}

/* --- stops -------------------------------------------------------------------------------------------------------- */

static int is_served(const struct town *town, uint32_t stop)
{
	for (uint32_t c = 0; c < town->n_classes; c++) {
		uint32_t arc = town->stop_spot[(size_t)c * town->n_stops + stop].arc;

		if (arc != NONE && town->road.main_mask[arc] >> c & 1)
			return 1;
	}
	return 0;
}

static int is_in_box(const struct town *town, struct geo_point point)
{
	return point.lat_e7 >= town->box_low.lat_e7 && point.lat_e7 <= town->box_high.lat_e7 &&
	       point.lon_e7 >= town->box_low.lon_e7 && point.lon_e7 <= town->box_high.lon_e7;
}

static int check_stops(struct check *check, const struct town *town)
{
	const struct timetable *timetable = &town->timetable;
	struct check_fault fault = {.class_index = NONE, .turn = NONE};
	int code = ERR_OK;

	for (uint32_t s = 0; s < town->n_stops && !code; s++) {
		fault.kind = CHECK_STOP;
		fault.stop = s;
		fault.point = town->stop_point[s];
		if (!is_served(town, s))
			code = fault_add(check, fault);
	}
	for (uint32_t s = 0; s < timetable->n_stops && !code; s++) {
		fault.kind = CHECK_TRANSIT;
		fault.stop = s;
		fault.point = timetable->stop_point[s];
		if (timetable->stop_road[s].arc == NONE && is_in_box(town, fault.point) &&
		    (timetable->stop_type[s] == 0 || timetable->stop_type[s] == 1))
			code = fault_add(check, fault);
	}
	return code;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static int fault_order(const void *left, const void *right)
{
	const struct check_fault *a = left, *b = right;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->class_index != b->class_index)
		return a->class_index < b->class_index ? -1 : 1;
	if (a->stop != b->stop)
		return a->stop < b->stop ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

int check_town(struct check *check, const struct town *town)
{
	int code;

	*check = (struct check){0};
	code = check_islands(check, town);
	if (!code)
		code = check_speeds(check, town);
	if (!code)
		code = check_stops(check, town);
	if (check->n_faults > 0)
		qsort(check->faults, check->n_faults, sizeof *check->faults, fault_order);
	return code;
}

void check_free(struct check *check)
{
	free(check->faults);
	free(check->arcs);
}
