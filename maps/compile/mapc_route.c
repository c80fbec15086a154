/* mapc route: one way, many pairs from a CSV file, or all that is within reach. */
#include "arena.h"
#include "mapc.h"
#include "pairs.h"
#include "projection.h"
#include "route.h"
#include "route_threads.h"
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 2
#define CANDIDATES_MOST 8
#define WALK_MM_PER_S 1300u /* to a road that is not the nearest one */
#define SNAP_MM 1000000u    /* places further from any road are refused */

struct router {
	struct town town;
	struct projection *projection;
	struct arena graph_arena, query_arena, tree_arena; /* the query's size is known only once the graph is open */
	struct network_tree *tree;
	uint32_t n_candidates; /* roads tried at each end */
	struct route_graph *graph;
	struct route_query *query;
	struct route_weights *weights;
	struct route_metric metric;
};

static void router_close(struct router *router)
{
	arena_close(&router->query_arena);
	arena_close(&router->graph_arena);
	arena_close(&router->tree_arena);
	if (router->projection)
		projection_close(router->projection);
	town_close(&router->town);
}

static int open_search(struct router *router)
{
	const struct network *road = &router->town.road;
	int code = arena_open(&router->graph_arena, route_graph_size(road));

	if (!code)
		code = route_graph_open(&router->graph, road, &router->graph_arena);
	if (!code)
		code = arena_open(&router->query_arena, route_query_size(router->graph) + route_weights_size(road));
	if (!code)
		code = route_query_open(&router->query, router->graph, &router->query_arena);
	if (!code)
		code = arena_open(&router->tree_arena, network_tree_size(road));
	if (!code)
		code = network_tree_open(&router->tree, road, &router->tree_arena);
	return code ? code : route_weights_open(&router->weights, router->graph, &router->query_arena);
}

static int set_weights(struct router *router)
{
	struct route_threads *threads = NULL;
	int code = route_threads_open(&threads, router->graph, THREADS);

	if (!code)
		route_threads_set(threads, router->weights, router->metric.class_index, router->metric.time_ms, 0);
	route_threads_close(threads);
	return code;
}

static int router_open(struct router *router, const char *path, const char *class_name)
{
	struct err_detail detail = {0};
	uint32_t class_index;
	int status;

	*router = (struct router){0};
	if (town_open(&router->town, path, &detail))
		return mapc_fail("route", MAPC_FAILED, "%s", detail.text);
	status = mapc_class("route", &router->town, class_name, &class_index);
	if (!status && projection_open(&router->projection, town_text(&router->town, router->town.crs),
				       router->town.origin, &detail))
		status = mapc_fail("route", MAPC_FAILED, "%s: %s", path, detail.text);
	if (!status && open_search(router))
		status = mapc_fail("route", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	if (status) {
		router_close(router);
		return status;
	}
	router->metric.class_index = class_index;
	router->metric.time_ms = router->town.road.time_ms + (size_t)class_index * router->town.road.n_arcs;
	router->metric.weights = router->weights;
	if (set_weights(router))
		status = mapc_fail("route", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	if (status)
		router_close(router);
	return status;
}

/* The nearest roads of the class, nearest first; 0 = none. */
static uint32_t snap_many(const struct router *router, struct geo_point point, struct snap *ret_snaps, uint32_t most)
{
	struct geo_xy xy;

	if (projection_forward(router->projection, point, &xy))
		return 0;
	return network_tree_snap(router->tree, router->metric.class_index, xy, SNAP_MM, 0, ret_snaps, most);
}

static int snap(const struct router *router, struct geo_point point, struct spot *ret_spot)
{
	struct snap found;

	if (snap_many(router, point, &found, 1) == 0)
		return ERR_NOT_FOUND;
	*ret_spot = found.spot;
	return ERR_OK;
}

/* --- one way ------------------------------------------------------------------------------------------------------ */

struct way {
	struct spot from, to;
	struct route_result result;
	uint32_t *arcs, n;
};

static int find_way(const struct router *router, struct way *way)
{
	uint32_t most = 4096;
	int code;

	do {
		most *= 4;
		free(way->arcs);
		way->arcs = malloc(most * sizeof *way->arcs);
		if (!way->arcs)
			return ERR_MEMORY;
		code = route_path(router->query, &router->metric, way->from, way->to, &way->result, way->arcs, &way->n,
				  most);
	} while (code == ERR_FULL);
	return code;
}

static int add_point(json_t *line, struct geo_point point)
{
	size_t n = json_array_size(line);
	json_t *last = n ? json_array_get(line, n - 1) : NULL;
	double lon = point.lon_e7 / 1e7, lat = point.lat_e7 / 1e7;

	if (last && json_real_value(json_array_get(last, 0)) == lon && json_real_value(json_array_get(last, 1)) == lat)
		return 0;
	return json_array_append_new(line, json_pack("[f,f]", lon, lat));
}

/* How far along the arc, by the drawn length, each shape point lies: points strictly between from and to are added. */
static void add_between(json_t *line, const struct network *road, uint32_t arc, uint32_t from_mm, uint32_t to_mm)
{
	uint32_t first = road->shape_first[arc], last = road->shape_first[arc + 1];
	double whole = 0, done = 0;

	for (uint32_t i = first; i + 1 < last; i++)
		whole += (double)geo_distance_mm(road->shape_xy[i], road->shape_xy[i + 1]);
	for (uint32_t i = first; i < last; i++) {
		double at = whole > 0 ? done / whole * road->dist_mm[arc] : 0;

		if (at > from_mm && at < to_mm)
			add_point(line, road->shape_point[i]);
		if (i + 1 < last)
			done += (double)geo_distance_mm(road->shape_xy[i], road->shape_xy[i + 1]);
	}
}

static json_t *way_line(const struct network *road, const struct way *way)
{
	json_t *line = json_array();

	for (uint32_t i = 0; i < way->n; i++) {
		uint32_t arc = way->arcs[i], from = i == 0 ? way->from.offset_mm : 0;
		uint32_t to = i + 1 == way->n ? way->to.offset_mm : road->dist_mm[arc];

		add_point(line, network_spot_point(road, (struct spot){arc, from}));
		add_between(line, road, arc, from, to);
		add_point(line, network_spot_point(road, (struct spot){arc, to}));
	}
	if (json_array_size(line) == 1) /* from = to: GeoJSON wants two points */
		json_array_append(line, json_array_get(line, 0));
	return line;
}

static void print_geojson(const struct router *router, const struct way *way)
{
	json_t *arcs = json_array(), *root;
	char *text;

	for (uint32_t i = 0; i < way->n; i++)
		json_array_append_new(arcs, json_integer(way->arcs[i]));
	root = json_pack("{s:s,s:{s:I,s:I,s:s,s:o},s:{s:s,s:o}}", "type", "Feature", "properties", "time_ms",
			 (json_int_t)way->result.time_ms, "dist_mm", (json_int_t)way->result.dist_mm, "class",
			 town_text(&router->town, router->town.class_name[router->metric.class_index]), "arcs", arcs,
			 "geometry", "type", "LineString", "coordinates", way_line(&router->town.road, way));
	text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(10));
	puts(text ? text : "");
	free(text);
	json_decref(root);
}

static void print_way(const struct router *router, const struct way *way)
{
	const struct network *road = &router->town.road;
	uint32_t name = NONE;

	printf("%" PRIu32 ".%03" PRIu32 " s, %" PRIu32 ".%03" PRIu32 " m, %" PRIu32 " arcs, from arc %" PRIu32
	       " at %" PRIu32 " mm to arc %" PRIu32 " at %" PRIu32 " mm\n",
	       way->result.time_ms / 1000, way->result.time_ms % 1000, way->result.dist_mm / 1000,
	       way->result.dist_mm % 1000, way->n, way->from.arc, way->from.offset_mm, way->to.arc, way->to.offset_mm);
	for (uint32_t i = 0; i < way->n; i++) {
		if (road->name[way->arcs[i]] == name && i > 0)
			continue;
		name = road->name[way->arcs[i]];
		printf("  %s\n", name == NONE ? "(no name)" : town_text(&router->town, name));
	}
}

static uint64_t walk_ms(const struct snap *snap)
{
	return (uint64_t)snap->away_mm * 1000 / WALK_MM_PER_S;
}

/* Of the roads near both ends the pair with the least time, walking to them included; of equals the nearest. */
static void choose(const struct router *router, const struct snap *from, uint32_t n_from, const struct snap *to,
		   uint32_t n_to, struct way *way)
{
	struct spot starts[CANDIDATES_MOST], ends[CANDIDATES_MOST];
	struct route_result results[CANDIDATES_MOST * CANDIDATES_MOST];
	uint64_t best = UINT64_MAX;

	for (uint32_t i = 0; i < n_from; i++)
		starts[i] = from[i].spot;
	for (uint32_t j = 0; j < n_to; j++)
		ends[j] = to[j].spot;
	route_matrix(router->query, &router->metric, starts, n_from, ends, n_to, results);
	way->from = starts[0];
	way->to = ends[0];
	for (uint32_t i = 0; i < n_from; i++)
		for (uint32_t j = 0; j < n_to; j++) {
			uint32_t time = results[i * n_to + j].time_ms;
			uint64_t all = time + walk_ms(&from[i]) + walk_ms(&to[j]);

			if (time == TIME_INFINITE || all >= best)
				continue;
			best = all;
			way->from = starts[i];
			way->to = ends[j];
		}
}

static int route_single(const struct router *router, const char *from, const char *to, int geojson)
{
	const char *texts[2] = {from, to}, *names[2] = {"--from", "--to"};
	struct snap snaps[2][CANDIDATES_MOST];
	struct way way = {0};
	uint32_t n[2];
	int code;

	for (int i = 0; i < 2; i++) {
		struct geo_point point;

		if (geo_parse(texts[i], &point))
			return mapc_fail("route", MAPC_USAGE, "%s \"%s\": expected LAT,LON in degrees", names[i],
					 texts[i]);
		n[i] = snap_many(router, point, snaps[i], router->n_candidates);
		if (n[i] == 0)
			return mapc_fail("route", MAPC_FAILED, "%s %s: no road of the class within 1,000 m", names[i],
					 texts[i]);
	}
	choose(router, snaps[0], n[0], snaps[1], n[1], &way);
	code = find_way(router, &way);
	if (code)
		mapc_fail("route", MAPC_FAILED, "%s", err_text(code));
	else if (geojson)
		print_geojson(router, &way);
	else
		print_way(router, &way);
	free(way.arcs);
	return code ? MAPC_FAILED : MAPC_OK;
}

/* --- within reach ------------------------------------------------------------------------------------------------- */

static int find_within(const struct router *router, struct spot from, uint32_t most_ms,
		       struct route_reach **ret_reaches, uint32_t *ret_n)
{
	/* each arc comes once, that of the start twice */
	uint32_t most = router->town.road.n_arcs + 1;
	struct route_reach *reaches = malloc(most * sizeof *reaches);
	int code = reaches ? route_within(router->query, &router->metric, from, most_ms, reaches, ret_n, most)
			   : ERR_MEMORY;

	if (code)
		free(reaches);
	else
		*ret_reaches = reaches;
	return code;
}

static void print_within(const struct route_reach *reaches, uint32_t n)
{
	puts("arc,time_ms,from_mm,to_mm");
	for (uint32_t i = 0; i < n; i++)
		printf("%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "\n", reaches[i].arc, reaches[i].time_ms,
		       reaches[i].from_mm, reaches[i].to_mm);
}

static void print_within_geojson(const struct router *router, const struct route_reach *reaches, uint32_t n)
{
	json_t *features = json_array(), *root;
	char *text;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t arc = reaches[i].arc;
		struct way way = {{arc, reaches[i].from_mm}, {arc, reaches[i].to_mm}, {0}, &arc, 1};

		json_array_append_new(
			features, json_pack("{s:s,s:{s:I,s:I},s:{s:s,s:o}}", "type", "Feature", "properties", "arc",
					    (json_int_t)arc, "time_ms", (json_int_t)reaches[i].time_ms, "geometry",
					    "type", "LineString", "coordinates", way_line(&router->town.road, &way)));
	}
	root = json_pack("{s:s,s:o}", "type", "FeatureCollection", "features", features);
	text = json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(10));
	puts(text ? text : "");
	free(text);
	json_decref(root);
}

static int route_isochrone(const struct router *router, const char *from, const char *minutes, int geojson)
{
	struct route_reach *reaches = NULL;
	struct geo_point point;
	struct spot spot;
	int64_t most;
	uint32_t n;

	if (mapc_number("route", "--isochrone", minutes, 0, 1440, &most))
		return MAPC_USAGE;
	if (geo_parse(from, &point))
		return mapc_fail("route", MAPC_USAGE, "--from \"%s\": expected LAT,LON in degrees", from);
	if (snap(router, point, &spot))
		return mapc_fail("route", MAPC_FAILED, "--from %s: no road of the class within 1,000 m", from);
	if (find_within(router, spot, (uint32_t)most * 60000, &reaches, &n))
		return mapc_fail("route", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	if (geojson)
		print_within_geojson(router, reaches, n);
	else
		print_within(reaches, n);
	free(reaches);
	return MAPC_OK;
}

/* --- pairs -------------------------------------------------------------------------------------------------------- */

static void print_spot(struct spot spot)
{
	if (spot.arc == NONE)
		fputs("-1,-1,", stdout);
	else
		printf("%" PRIu32 ",%" PRIu32 ",", spot.arc, spot.offset_mm);
}

static void print_results(const struct pairs *pairs, size_t first, size_t n, const struct route_result *results)
{
	for (size_t i = 0; i < n; i++) {
		print_spot(pairs->rows[first + i].spots[0]);
		print_spot(pairs->rows[first + i].spots[1]);
		if (results[i].time_ms == TIME_INFINITE)
			puts("-1,-1");
		else
			printf("%" PRIu32 ",%" PRIu32 "\n", results[i].time_ms, results[i].dist_mm);
	}
}

/* Rows first .. first + n - 1 start at the same spot: one search. */
static void answer_group(const struct router *router, struct pairs *pairs, size_t first, size_t n, struct spot *spots,
			 struct route_result *results, struct route_result *found)
{
	uint32_t n_asked = 0;

	for (size_t i = 0; i < n; i++) {
		results[i] = (struct route_result){TIME_INFINITE, UINT32_MAX};
		if (pairs->rows[first].spots[0].arc != NONE && pairs->rows[first + i].spots[1].arc != NONE)
			spots[n_asked++] = pairs->rows[first + i].spots[1];
	}
	if (n_asked > 0)
		route_to_many(router->query, &router->metric, pairs->rows[first].spots[0], spots, n_asked, found);
	for (size_t i = 0, k = 0; i < n; i++)
		if (pairs->rows[first].spots[0].arc != NONE && pairs->rows[first + i].spots[1].arc != NONE)
			results[i] = found[k++];
	print_results(pairs, first, n, results);
}

static int answer_pairs(const struct router *router, struct pairs *pairs)
{
	struct spot *spots = malloc((pairs->n + 1) * sizeof *spots);
	struct route_result *results = malloc((pairs->n + 1) * sizeof *results),
			    *found = malloc((pairs->n + 1) * sizeof *found);
	size_t first = 0;
	int is_open = spots && results && found;

	puts("from_arc,from_mm,to_arc,to_mm,time_ms,dist_mm");
	for (size_t i = 1; is_open && i <= pairs->n; i++)
		if (i == pairs->n || pairs->rows[i].spots[0].arc != pairs->rows[first].spots[0].arc ||
		    pairs->rows[i].spots[0].offset_mm != pairs->rows[first].spots[0].offset_mm) {
			answer_group(router, pairs, first, i - first, spots, results, found);
			first = i;
		}
	free(spots);
	free(results);
	free(found);
	return is_open ? MAPC_OK : mapc_fail("route", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
}

/* A place without a road near stays arc NONE. */
static void snap_pairs(const struct router *router, struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++)
		for (int end = 0; end < 2; end++)
			if (snap(router, pairs->rows[i].points[end], &pairs->rows[i].spots[end]))
				pairs->rows[i].spots[end] = (struct spot){NONE, 0};
}

static int route_pairs(const struct router *router, const char *path)
{
	struct err_detail detail = {""};
	struct pairs pairs;

	if (pairs_read(&pairs, path, &router->town.road, &detail))
		return mapc_fail("route", MAPC_FAILED, "%s", detail.text);
	if (!pairs.by_arc)
		snap_pairs(router, &pairs);
	int status = answer_pairs(router, &pairs);
	pairs_free(&pairs);
	return status;
}

int mapc_route(int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *class_name = NULL, *geojson = NULL, *pairs = NULL, *path = NULL;
	const char *minutes = NULL, *candidates = NULL;
	int64_t n_candidates = 1;
	struct mapc_option options[] = {{"from", 0, 0, &from},
					{"to", 0, 0, &to},
					{"class", 0, 0, &class_name},
					{"geojson", 1, 0, &geojson},
					{"pairs", 0, 0, &pairs},
					{"isochrone", 0, 0, &minutes},
					{"candidates", 0, 0, &candidates}};
	int status = mapc_options(argc, argv, options, 7, 1, &path);
	struct router router;

	if (status)
		return status;
	if (pairs ? from || to || geojson || minutes || candidates
		  : !from || !to == !minutes || (minutes && candidates))
		return mapc_fail("route", MAPC_USAGE,
				 "expected either --from and --to, or --from and --isochrone, or --pairs "
				 "(see mapc --help)");
	if (candidates &&
	    mapc_number("route", "--candidates", candidates, 1, CANDIDATES_MOST, &n_candidates) != MAPC_OK)
		return MAPC_USAGE;
	status = router_open(&router, path, class_name);
	if (status)
		return status;
	router.n_candidates = (uint32_t)n_candidates;
	if (pairs)
		status = route_pairs(&router, pairs);
	else if (minutes)
		status = route_isochrone(&router, from, minutes, geojson != NULL);
	else
		status = route_single(&router, from, to, geojson != NULL);
	router_close(&router);
	return status;
}
