#include "stops.h"
#include "array.h"
#include "hash.h"
#include <stdlib.h>
#include <string.h>

#define LISTED_ROAD_MM 100000u /* a stop of the settings may lie so far from its road */
#define TRANSIT_ROAD_MM 60000u
#define AUTOMATIC_ROAD_MM 20000u
#define WALK_MM 100000u
#define SAME_STOP_MM 150000u /* platforms of one name nearer than this share a virtual stop */
#define NAME_MM 80000u	     /* a house number names a stop no further away */
#define TAGGED_MM 60000u     /* wheelchair=* of an OSM stop counts for stops no further away */

/* --- points by place ---------------------------------------------------------------------------------------------- */

/* Hashed square cells; asks reach at most one cell around. */
struct point_grid {
	uint32_t cell_mm, mask;
	uint32_t *heads;       /* [mask + 1] */
	uint32_t *next;	       /* [n] */
	struct geo_xy *points; /* [n] */
	uint32_t *items;       /* [n] what lies there */
	size_t n, cap_next, cap_points, cap_items;
};

static int grid_open(struct point_grid *grid, uint32_t cell_mm, size_t n_expected)
{
	uint32_t size = 1024;

	while (size < n_expected && size < 1u << 24)
		size *= 2;
	*grid = (struct point_grid){.cell_mm = cell_mm, .mask = size - 1};
	grid->heads = malloc(size * sizeof *grid->heads);
	if (!grid->heads)
		return ERR_MEMORY;
	memset(grid->heads, 0xff, size * sizeof *grid->heads);
	return ERR_OK;
}

static void grid_close(struct point_grid *grid)
{
	free(grid->heads);
	free(grid->next);
	free(grid->points);
	free(grid->items);
}

static int32_t cell_of(const struct point_grid *grid, int32_t mm)
{
	int32_t cell = (int32_t)grid->cell_mm;

	return mm >= 0 ? mm / cell : -((-(mm + 1)) / cell) - 1;
}

static uint32_t *head_of(const struct point_grid *grid, int32_t x, int32_t y)
{
	return &grid->heads[hash_u64((uint64_t)(uint32_t)x << 32 | (uint32_t)y) & grid->mask];
}

static int grid_add(struct point_grid *grid, struct geo_xy point, uint32_t item)
{
	uint32_t *head = head_of(grid, cell_of(grid, point.x_mm), cell_of(grid, point.y_mm));

	if (array_reserve(grid->next, grid->n + 1, grid->cap_next) ||
	    array_reserve(grid->points, grid->n + 1, grid->cap_points) ||
	    array_reserve(grid->items, grid->n + 1, grid->cap_items))
		return ERR_MEMORY;
	grid->next[grid->n] = *head;
	grid->points[grid->n] = point;
	grid->items[grid->n] = item;
	*head = (uint32_t)grid->n++;
	return ERR_OK;
}

/* Nearest item within mm (at most a cell) that fits; ties to the lower item; NONE. */
static uint32_t grid_nearest(const struct point_grid *grid, struct geo_xy point, uint32_t mm,
			     int (*fits)(const void *context, uint32_t item), const void *context)
{
	uint64_t best_mm = mm;
	uint32_t best = NONE;

	for (int32_t dx = -1; dx <= 1; dx++)
		for (int32_t dy = -1; dy <= 1; dy++) {
			uint32_t *head = head_of(grid, cell_of(grid, point.x_mm) + dx, cell_of(grid, point.y_mm) + dy);

			for (uint32_t i = *head; i != NONE; i = grid->next[i]) {
				uint64_t away = geo_distance_mm(point, grid->points[i]);

				if (away > best_mm || (away == best_mm && best != NONE && grid->items[i] >= best) ||
				    (fits && !fits(context, grid->items[i])))
					continue;
				best_mm = away;
				best = grid->items[i];
			}
		}
	return best;
}

/* --- stops being made --------------------------------------------------------------------------------------------- */

struct stop {
	uint32_t name;
	struct geo_point point;
	struct spot spots[NETWORK_CLASSES_MAX], walk;
	uint8_t side, step_free;
	uint32_t transit;
};

struct stops {
	struct build *build;
	const struct osm *osm;
	const struct town_settings *settings;
	struct stop *items;
	size_t n, cap;
	struct point_grid accepted; /* stops so far */
	struct point_grid houses;   /* addresses with a number */
	struct point_grid tagged;   /* OSM nodes: stops with wheelchair=* */
};

static int step_free_word(const char *word)
{
	return strcmp(word, "yes") == 0 ? 1 : strcmp(word, "no") == 0 ? 2 : 0;
}

/* What a source says about a stop nobody described: the nearest tagged OSM stop, else the town's settings. */
static uint8_t step_free_at(const struct stops *stops, struct geo_xy xy)
{
	uint32_t node = grid_nearest(&stops->tagged, xy, TAGGED_MM, NULL, NULL);

	if (node != NONE)
		return (uint8_t)step_free_word(osm_tag(stops->osm, stops->osm->node_tags[node], "wheelchair"));
	return (uint8_t)step_free_word(stops->settings->stops_step_free);
}

/* Finds the spots of a stop; 0 when no class can serve it. */
static int place_stop(const struct stops *stops, struct stop *stop, struct geo_xy xy, uint32_t road_mm)
{
	const struct town *town = &stops->build->town;
	struct snap snap;
	int n_served = 0;

	for (uint32_t c = 0; c < town->n_classes; c++) {
		stop->spots[c] = (struct spot){NONE, 0};
		if (network_snap(&town->road, c, xy, road_mm, 1, &snap, 1) == 0)
			continue;
		stop->spots[c] = snap.spot;
		if (n_served++ == 0)
			stop->side = snap.side;
	}
	stop->walk = (struct spot){NONE, 0};
	if (network_snap(&town->walk, 0, xy, WALK_MM, 0, &snap, 1) > 0)
		stop->walk = snap.spot;
	return n_served;
}

static int accept(struct stops *stops, const struct stop *stop, struct geo_xy xy)
{
	int code = grid_add(&stops->accepted, xy, (uint32_t)stops->n);

	return code ? code : array_push(stops->items, stops->n, stops->cap, *stop);
}

static int is_full(struct stops *stops)
{
	return stops->n >= (size_t)stops->settings->stops_most;
}

/* --- those of the settings ---------------------------------------------------------------------------------------- */

static int add_listed(struct stops *stops)
{
	int code = ERR_OK;

	for (size_t i = 0; i < stops->settings->n_stops && !code; i++) {
		const struct settings_stop *listed = &stops->settings->stops[i];
		struct stop stop = {.point = listed->point, .step_free = listed->step_free, .transit = NONE};
		struct geo_xy xy;

		if (projection_forward(stops->build->projection, listed->point, &xy) ||
		    !place_stop(stops, &stop, xy, LISTED_ROAD_MM)) {
			report_add(&stops->build->report, "stop of the settings without a road where one may stop",
				   "%s", listed->name);
			continue;
		}
		stop.name = build_string(stops->build, listed->name);
		code = stop.name == NONE ? ERR_MEMORY : accept(stops, &stop, xy);
	}
	return code;
}

/* --- at transit stops --------------------------------------------------------------------------------------------- */

struct same_name {
	const struct stops *stops;
	uint32_t name;
};

static int is_same_name(const void *context, uint32_t item)
{
	const struct same_name *same = context;

	return same->stops->items[item].name == same->name;
}

static int add_transit_stop(struct stops *stops, uint32_t name, struct geo_point point, uint8_t step_free,
			    uint32_t transit)
{
	struct stop stop = {.name = name, .point = point, .step_free = step_free, .transit = transit};
	struct same_name same = {stops, name};
	struct geo_xy xy;

	if (is_full(stops) || name == NONE || !town_in_area(&stops->build->town, point) ||
	    projection_forward(stops->build->projection, point, &xy) ||
	    grid_nearest(&stops->accepted, xy, SAME_STOP_MM, is_same_name, &same) != NONE ||
	    !place_stop(stops, &stop, xy, TRANSIT_ROAD_MM))
		return ERR_OK;
	if (!stop.step_free)
		stop.step_free = step_free_at(stops, xy);
	return accept(stops, &stop, xy);
}

static int add_timetable_stops(struct stops *stops)
{
	const struct timetable *timetable = &stops->build->town.timetable;
	int code = ERR_OK;

	for (uint32_t i = 0; i < timetable->n_stops && !code; i++) {
		uint8_t wheelchair = timetable->stop_wheelchair[i];

		if (timetable->stop_type[i] == 0)
			code = add_transit_stop(stops, timetable->stop_name[i], timetable->stop_point[i],
						wheelchair <= 2 ? wheelchair : 0, i);
	}
	return code;
}

/* Without a timetable: the stops that OSM knows by name. */
static int add_named_stops(struct stops *stops)
{
	const struct town *town = &stops->build->town;
	int code = ERR_OK;

	for (uint32_t i = 0; i < town->n_addresses && !code; i++)
		if (town->address_kind[i] == ADDRESS_STOP)
			code = add_transit_stop(stops, town->address_text[i], town->address_point[i], 0, NONE);
	return code;
}

/* --- along streets ------------------------------------------------------------------------------------------------ */

static int is_stoppable(const struct network *road, uint32_t arc)
{
	switch (road->kind[arc]) {
	case ROAD_RESIDENTIAL:
	case ROAD_LIVING_STREET:
	case ROAD_TERTIARY:
	case ROAD_SECONDARY:
	case ROAD_OTHER:
		break;
	default:
		return 0;
	}
	return (road->main_mask[arc] & 1) && !(road->flags[arc] & (ARC_NO_STOPPING | ARC_PRIVATE | ARC_BRIDGE)) &&
	       (road->reverse_arc[arc] == NONE || road->reverse_arc[arc] > arc);
}

struct on_street {
	const struct build *build;
	const char *street;
};

static int is_on_street(const void *context, uint32_t address)
{
	const struct on_street *on = context;
	const char *text = build_text(on->build, on->build->town.address_text[address]);
	size_t n = strlen(on->street);

	return strncmp(text, on->street, n) == 0 && (n == 0 || text[n] == ' ');
}

/* "Ludwigstrasse 12" if a house is near, else the street, else the nearest house. */
static uint32_t name_of(struct stops *stops, uint32_t arc, struct geo_xy xy)
{
	const struct town *town = &stops->build->town;
	uint32_t street = town->road.name[arc];
	struct on_street on = {stops->build, build_text(stops->build, street)};
	uint32_t house = grid_nearest(&stops->houses, xy, NAME_MM, is_on_street, &on);

	if (house != NONE)
		return town->address_text[house];
	return street != NONE ? street : build_string(stops->build, "Halt");
}

static int add_street_stop(struct stops *stops, uint32_t arc, uint32_t offset_mm)
{
	const struct town *town = &stops->build->town;
	struct stop stop = {.point = network_spot_point(&town->road, (struct spot){arc, offset_mm}), .transit = NONE};
	uint32_t apart_mm = (uint32_t)stops->settings->stops_spacing_m * 800;
	struct geo_xy xy;

	if (!town_in_area(town, stop.point) || projection_forward(stops->build->projection, stop.point, &xy) ||
	    grid_nearest(&stops->accepted, xy, apart_mm, NULL, NULL) != NONE ||
	    !place_stop(stops, &stop, xy, AUTOMATIC_ROAD_MM))
		return ERR_OK;
	stop.name = name_of(stops, arc, xy);
	stop.step_free = step_free_at(stops, xy);
	return stop.name == NONE ? ERR_MEMORY : accept(stops, &stop, xy);
}

static int add_street_stops(struct stops *stops)
{
	const struct network *road = &stops->build->town.road;
	uint32_t spacing_mm = (uint32_t)stops->settings->stops_spacing_m * 1000;
	int code = ERR_OK;

	for (uint32_t a = 0; a < road->n_arcs && !code; a++) {
		uint32_t n = is_stoppable(road, a) ? road->dist_mm[a] / spacing_mm + 1 : 0;

		for (uint32_t i = 0; i < n && !code && !is_full(stops); i++) /* in the middle of n equal parts */
			code = add_street_stop(stops, a,
					       (uint32_t)((uint64_t)road->dist_mm[a] * (2 * i + 1) / (2 * n)));
	}
	if (is_full(stops))
		report_add(&stops->build->report, "as many stops as allowed (stops.most): some streets have none",
			   "%zu", stops->n);
	return code;
}

/* --- names, columns ----------------------------------------------------------------------------------------------- */

struct named {
	uint32_t name, stop;
};

static int named_order(const void *left, const void *right)
{
	const struct named *a = left, *b = right;

	if (a->name != b->name)
		return a->name < b->name ? -1 : 1;
	return a->stop < b->stop ? -1 : a->stop > b->stop;
}

/* The second "Ludwigstrasse" becomes "Ludwigstrasse (2)". */
static int number_names(struct stops *stops)
{
	struct named *named = malloc((stops->n + 1) * sizeof *named);
	uint32_t count = 1;
	int code = ERR_OK;

	if (!named)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < stops->n; i++)
		named[i] = (struct named){stops->items[i].name, i};
	qsort(named, stops->n, sizeof *named, named_order);
	for (size_t i = 1; i < stops->n && !code; i++) {
		char text[320];

		count = named[i].name == named[i - 1].name ? count + 1 : 1;
		if (count == 1)
			continue;
		snprintf(text, sizeof text, "%.255s (%u)", build_text(stops->build, named[i].name), count);
		stops->items[named[i].stop].name = build_string(stops->build, text);
		code = stops->items[named[i].stop].name == NONE ? ERR_MEMORY : ERR_OK;
	}
	free(named);
	return code;
}

static int store(const struct stops *stops)
{
	struct build *build = stops->build;
	struct town *town = &build->town;
	size_t n = stops->n;
	uint32_t *name = build_alloc(build, n, sizeof *name), *transit = build_alloc(build, n, sizeof *transit);
	struct geo_point *point = build_alloc(build, n, sizeof *point);
	struct spot *spot = build_alloc(build, n * town->n_classes, sizeof *spot),
		    *walk = build_alloc(build, n, sizeof *walk);
	uint8_t *side = build_alloc(build, n, 1), *step_free = build_alloc(build, n, 1);

	if (!name || !transit || !point || !spot || !walk || !side || !step_free)
		return ERR_MEMORY;
	for (size_t i = 0; i < n; i++) {
		const struct stop *stop = &stops->items[i];

		name[i] = stop->name;
		transit[i] = stop->transit;
		point[i] = stop->point;
		walk[i] = stop->walk;
		side[i] = stop->side;
		step_free[i] = stop->step_free;
		for (uint32_t c = 0; c < town->n_classes; c++)
			spot[c * n + i] = stop->spots[c];
	}
	town->n_stops = (uint32_t)n;
	town->stop_name = name;
	town->stop_transit = transit;
	town->stop_point = point;
	town->stop_spot = spot;
	town->stop_walk = walk;
	town->stop_side = side;
	town->stop_step_free = step_free;
	return ERR_OK;
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static int index_houses(struct stops *stops)
{
	const struct town *town = &stops->build->town;
	int code = ERR_OK;

	for (uint32_t i = 0; i < town->n_addresses && !code; i++) {
		struct geo_xy xy;

		if (town->address_kind[i] == ADDRESS_HOUSE &&
		    projection_forward(stops->build->projection, town->address_point[i], &xy) == ERR_OK)
			code = grid_add(&stops->houses, xy, i);
	}
	return code;
}

static int index_tagged(struct stops *stops)
{
	const struct osm *osm = stops->osm;
	int code = ERR_OK;

	for (uint32_t v = 0; v < osm->n_nodes && !code; v++) {
		struct osm_tags tags = osm->node_tags[v];
		struct geo_xy xy;

		if (tags.n == 0 || !osm_tag(osm, tags, "wheelchair") ||
		    (!osm_tag(osm, tags, "public_transport") && !osm_tag(osm, tags, "highway") &&
		     !osm_tag(osm, tags, "railway")))
			continue;
		if (projection_forward(stops->build->projection, osm->node_point[v], &xy) == ERR_OK)
			code = grid_add(&stops->tagged, xy, v);
	}
	return code;
}

static int make_stops(struct stops *stops)
{
	int code = index_houses(stops);

	if (!code)
		code = index_tagged(stops);
	if (!code)
		code = add_listed(stops);
	if (!code && stops->settings->stops_at_transit)
		code = stops->build->town.timetable.n_stops > 0 ? add_timetable_stops(stops) : add_named_stops(stops);
	if (!code && stops->settings->stops_automatic)
		code = add_street_stops(stops);
	if (!code)
		code = number_names(stops);
	return code ? code : store(stops);
}

int stops_build(struct build *build, const struct osm *osm, const struct town_settings *settings)
{
	struct stops stops = {.build = build, .osm = osm, .settings = settings};
	uint32_t spacing_mm = (uint32_t)settings->stops_spacing_m * 1000;
	int code = grid_open(&stops.accepted, spacing_mm > SAME_STOP_MM ? spacing_mm : SAME_STOP_MM, 4096);

	if (!code)
		code = grid_open(&stops.houses, NAME_MM, build->town.n_addresses);
	if (!code)
		code = grid_open(&stops.tagged, TAGGED_MM, 1024);
	if (!code)
		code = make_stops(&stops);
	grid_close(&stops.accepted);
	grid_close(&stops.houses);
	grid_close(&stops.tagged);
	free(stops.items);
	return code;
}
