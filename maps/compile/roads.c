#include "roads.h"
#include "array.h"
#include "turns.h"
#include <stdlib.h>
#include <string.h>

/* --- where the town lies ------------------------------------------------------------------------------------------ */

static int int_order(const void *left, const void *right)
{
	int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;

	return a < b ? -1 : a > b;
}

static int32_t median(int32_t *values, size_t n)
{
	qsort(values, n, sizeof *values, int_order);
	return values[n / 2];
}

/* The median keeps a few far ends of long ways from pulling the origin away. */
static int street_median(const struct osm *osm, struct geo_point *ret_point)
{
	int32_t *lat = NULL, *lon = NULL;
	size_t n = 0, cap_lat = 0, cap_lon = 0;

	for (uint32_t w = 0; w < osm->n_ways; w++) {
		const char *highway = osm_tag(osm, osm->way_tags[w], "highway");

		if (!highway || classes_highway(highway) == HIGHWAY_NONE)
			continue;
		for (uint32_t i = osm->way_first[w]; i < osm->way_first[w + 1]; i++) {
			uint32_t node = osm_node(osm, osm->ref[i]);

			if (node == NONE)
				continue;
			if (array_reserve(lat, n + 1, cap_lat) || array_reserve(lon, n + 1, cap_lon)) {
				free(lat);
				free(lon);
				return ERR_MEMORY;
			}
			lat[n] = osm->node_point[node].lat_e7;
			lon[n++] = osm->node_point[node].lon_e7;
		}
	}
	if (n > 0)
		*ret_point = (struct geo_point){median(lat, n), median(lon, n)};
	free(lat);
	free(lon);
	return n > 0 ? ERR_OK : ERR_FORMAT;
}

static struct geo_point area_middle(const struct town_settings *settings)
{
	int64_t lat = 0, lon = 0;

	for (size_t i = 0; i < settings->n_area_points; i++) {
		lat += settings->area_points[i].lat_e7;
		lon += settings->area_points[i].lon_e7;
	}
	lat /= (int64_t)settings->n_area_points;
	lon /= (int64_t)settings->n_area_points;
	return (struct geo_point){(int32_t)lat, (int32_t)lon};
}

int roads_project(struct build *build, const struct osm *osm, const struct town_settings *settings,
		  struct err_detail *detail)
{
	struct geo_point origin;
	int code = street_median(osm, &origin);

	if (code == ERR_FORMAT)
		return err_set(detail, code,
			       "the OSM file has no streets: expected ways with highway=* and their nodes");
	if (code)
		return err_set(detail, code, "%s", err_text(code));
	if (settings->n_area_points > 0)
		origin = area_middle(settings);
	code = projection_open(&build->projection, settings->crs[0] ? settings->crs : NULL, origin, detail);
	if (code)
		return code;
	build->town.origin = origin;
	build->town.crs = build_string(build, projection_crs(build->projection));
	return build->town.crs == NONE ? err_set(detail, ERR_MEMORY, "%s", err_text(ERR_MEMORY)) : ERR_OK;
}

/* --- built-up or not ---------------------------------------------------------------------------------------------- */

#define URBAN_CELL_E7 20000 /* some 220 m by 150 m */
#define URBAN_LEAST 4

/* Cells with homes: nodes of residential streets and addresses are counted. */
struct urban {
	uint64_t *cells; /* sorted, repeated per hit */
	size_t n, cap;
};

static uint64_t urban_cell(struct geo_point point, int row, int column)
{
	uint32_t y = (uint32_t)(point.lat_e7 / URBAN_CELL_E7 + row) ^ 0x80000000u;
	uint32_t x =
		(uint32_t)(point.lon_e7 / URBAN_CELL_E7 + column) ^ 0x80000000u; /* so that negative ones sort first */

	return (uint64_t)y << 32 | x;
}

static int cell_order(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static int urban_open(struct urban *urban, const struct osm *osm, const uint32_t *ref_node)
{
	*urban = (struct urban){0};
	for (uint32_t w = 0; w < osm->n_ways; w++) {
		const char *highway = osm_tag(osm, osm->way_tags[w], "highway");

		if (!highway || (strcmp(highway, "residential") != 0 && strcmp(highway, "living_street") != 0))
			continue;
		for (uint32_t i = osm->way_first[w]; i < osm->way_first[w + 1]; i++)
			if (ref_node[i] != NONE && array_push(urban->cells, urban->n, urban->cap,
							      urban_cell(osm->node_point[ref_node[i]], 0, 0)))
				return ERR_MEMORY;
	}
	for (uint32_t v = 0; v < osm->n_nodes; v++)
		if (osm->node_tags[v].n > 0 && osm_tag(osm, osm->node_tags[v], "addr:housenumber") &&
		    array_push(urban->cells, urban->n, urban->cap, urban_cell(osm->node_point[v], 0, 0)))
			return ERR_MEMORY;
	if (urban->n > 0)
		qsort(urban->cells, urban->n, sizeof *urban->cells, cell_order);
	return ERR_OK;
}

/* First position whose cell is >= the one asked. */
static size_t urban_position(const struct urban *urban, uint64_t cell)
{
	size_t low = 0, high = urban->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (urban->cells[middle] < cell)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int urban_at(const struct urban *urban, struct geo_point point)
{
	size_t hits = 0;

	for (int row = -1; row <= 1; row++)
		hits += urban_position(urban, urban_cell(point, row, 1) + 1) -
			urban_position(urban, urban_cell(point, row, -1));
	return hits >= URBAN_LEAST;
}

/* Half of the way's nodes lie among homes. */
static int urban_way(const struct urban *urban, const struct osm *osm, const uint32_t *ref_node, uint32_t way)
{
	uint32_t n = 0, n_urban = 0;

	for (uint32_t i = osm->way_first[way]; i < osm->way_first[way + 1]; i++)
		if (ref_node[i] != NONE) {
			n++;
			n_urban += (uint32_t)urban_at(urban, osm->node_point[ref_node[i]]);
		}
	return n_urban * 2 >= n;
}

/* --- cutting ways into arcs --------------------------------------------------------------------------------------- */

enum node_mark { MARK_USED = 1, MARK_JUNCTION = 2, MARK_SIGNAL_ALONG = 4, MARK_SIGNAL_AGAINST = 8 };

struct maker {
	struct build *build;
	const struct osm *osm;
	const uint32_t *ref_node;
	const struct way_rules *rules; /* [n_ways] */
	uint8_t *mark;		       /* [osm nodes] enum node_mark */
	uint32_t *node_number;	       /* [osm nodes] */
	uint32_t *way_first_arc;       /* [n_ways + 1] */
	uint32_t n_classes;
	uint32_t class_speed[NETWORK_CLASSES_MAX]; /* road: km/h; walk: mm/s */
	int is_walk;
	/* columns being made */
	struct geo_point *node_point, *shape_point;
	uint32_t *tail, *head, *reverse, *dist, *name, *shape_first, *times; /* times[arc * n_classes + class] */
	uint8_t *flags, *kind, *speed;
	int64_t *way_id;
	size_t n_arcs, n_shape, n_nodes, cap_shape;
	size_t cap_tail, cap_head, cap_reverse, cap_dist, cap_name, cap_first, cap_times, cap_flags, cap_kind,
		cap_speed, cap_way;
};

static void maker_close(struct maker *maker)
{
	free(maker->mark);
	free(maker->node_point);
	free(maker->shape_point);
	free(maker->tail);
	free(maker->head);
	free(maker->reverse);
	free(maker->dist);
	free(maker->name);
	free(maker->shape_first);
	free(maker->times);
	free(maker->flags);
	free(maker->kind);
	free(maker->speed);
	free(maker->way_id);
}

static int is_kept(const struct way_rules *rules)
{
	return (rules->allowed[0] | rules->allowed[1]) != 0;
}

/* A node is a junction when a way ends there or it is used a second time. */
static void mark_way(struct maker *maker, uint32_t way)
{
	uint32_t previous = NONE;

	for (uint32_t i = maker->osm->way_first[way]; i < maker->osm->way_first[way + 1]; i++) {
		uint32_t node = maker->ref_node[i];
		int ends = i + 1 == maker->osm->way_first[way + 1] || maker->ref_node[i + 1] == NONE;

		if (node != NONE && node != previous) {
			if (previous == NONE || (maker->mark[node] & MARK_USED))
				maker->mark[node] |= MARK_JUNCTION;
			maker->mark[node] |= MARK_USED;
		}
		if (node != NONE && ends)
			maker->mark[node] |= MARK_JUNCTION;
		previous = node;
	}
}

static void mark_signal(struct maker *maker, uint32_t node)
{
	struct osm_tags tags = maker->osm->node_tags[node];
	const char *highway = osm_tag(maker->osm, tags, "highway"), *direction;

	if (!highway || (strcmp(highway, "traffic_signals") != 0 && strcmp(highway, "crossing") != 0))
		return;
	if (strcmp(highway, "crossing") == 0) {
		const char *crossing = osm_tag(maker->osm, tags, "crossing");

		if (!crossing || strcmp(crossing, "traffic_signals") != 0)
			return;
	}
	direction = osm_tag(maker->osm, tags, "traffic_signals:direction");
	if (!direction || strcmp(direction, "backward") != 0)
		maker->mark[node] |= MARK_SIGNAL_ALONG;
	if (!direction || strcmp(direction, "forward") != 0)
		maker->mark[node] |= MARK_SIGNAL_AGAINST;
}

/* Places where restrictions and barriers speak about become junctions too. */
static void mark_special(struct maker *maker, const struct town_settings *settings)
{
	const struct osm *osm = maker->osm;

	for (uint32_t v = 0; v < osm->n_nodes; v++) {
		if (!(maker->mark[v] & MARK_USED) || osm->node_tags[v].n == 0)
			continue;
		mark_signal(maker, v);
		if (maker->is_walk ? classes_walk_blocked(osm, osm->node_tags[v])
				   : classes_blocked(osm, osm->node_tags[v], settings->classes, settings->n_classes))
			maker->mark[v] |= MARK_JUNCTION;
	}
	if (maker->is_walk)
		return;
	for (uint32_t r = 0; r < osm->n_relations; r++) {
		const char *type = osm_tag(osm, osm->relation_tags[r], "type");

		if (!type || strncmp(type, "restriction", 11) != 0)
			continue;
		for (uint32_t i = osm->relation_first[r]; i < osm->relation_first[r + 1]; i++) {
			uint32_t node = osm->member_type[i] == OSM_NODE ? osm_node(osm, osm->member_id[i]) : NONE;

			if (node != NONE && (maker->mark[node] & MARK_USED))
				maker->mark[node] |= MARK_JUNCTION;
		}
	}
}

/* Network nodes in the order of OSM ids. */
static int number_nodes(struct maker *maker)
{
	size_t cap = 0;

	for (uint32_t v = 0; v < maker->osm->n_nodes; v++) {
		maker->node_number[v] = NONE;
		if (!(maker->mark[v] & MARK_JUNCTION))
			continue;
		maker->node_number[v] = (uint32_t)maker->n_nodes;
		if (array_push(maker->node_point, maker->n_nodes, cap, maker->osm->node_point[v]))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static int reserve_arcs(struct maker *maker, size_t n)
{
	return array_reserve(maker->tail, n, maker->cap_tail) || array_reserve(maker->head, n, maker->cap_head) ||
			       array_reserve(maker->reverse, n, maker->cap_reverse) ||
			       array_reserve(maker->dist, n, maker->cap_dist) ||
			       array_reserve(maker->name, n, maker->cap_name) ||
			       array_reserve(maker->shape_first, n + 1, maker->cap_first) ||
			       array_reserve(maker->times, n * maker->n_classes, maker->cap_times) ||
			       array_reserve(maker->flags, n, maker->cap_flags) ||
			       array_reserve(maker->kind, n, maker->cap_kind) ||
			       array_reserve(maker->speed, n, maker->cap_speed) ||
			       array_reserve(maker->way_id, n, maker->cap_way)
		       ? ERR_MEMORY
		       : ERR_OK;
}

/* ceil(dist / speed), at least 1. Road: km/h, that is 1e6 mm per 3.6e6 ms. */
static uint32_t arc_time(const struct maker *maker, const struct way_rules *rules, int direction, uint32_t class_index,
			 uint64_t dist)
{
	uint64_t speed = maker->class_speed[class_index], time;

	if (!(rules->allowed[direction] >> class_index & 1))
		return TIME_INFINITE;
	if (maker->is_walk) {
		speed = rules->flags[direction] & ARC_STEPS ? (speed + 1) / 2 : speed;
		time = (dist * 1000 + speed - 1) / speed;
	} else {
		speed = rules->speed_kmh[direction] < speed ? rules->speed_kmh[direction] : speed;
		time = (dist * 36 + speed * 10 - 1) / (speed * 10);
	}
	return time < 1 ? 1 : time >= TIME_INFINITE ? TIME_INFINITE - 1 : (uint32_t)time;
}

/* The refs of way from .. to (both junctions) driven in direction. */
static int add_arc(struct maker *maker, uint32_t way, uint32_t from, uint32_t to, int direction, uint32_t name,
		   uint32_t dist)
{
	const struct way_rules *rules = &maker->rules[way];
	uint32_t a = (uint32_t)maker->n_arcs, first = direction ? to : from, last = direction ? from : to,
		 previous = NONE;
	unsigned signal = direction ? MARK_SIGNAL_AGAINST : MARK_SIGNAL_ALONG, flags = rules->flags[direction];

	if (reserve_arcs(maker, maker->n_arcs + 1))
		return ERR_MEMORY;
	for (uint32_t i = first;; i = direction ? i - 1 : i + 1) {
		uint32_t node = maker->ref_node[i];

		if (node != previous) {
			if (array_push(maker->shape_point, maker->n_shape, maker->cap_shape,
				       maker->osm->node_point[node]))
				return ERR_MEMORY;
			if (i != first && (maker->mark[node] & signal))
				flags |= ARC_SIGNAL;
		}
		previous = node;
		if (i == last)
			break;
	}
	maker->tail[a] = maker->node_number[maker->ref_node[first]];
	maker->head[a] = maker->node_number[maker->ref_node[last]];
	maker->reverse[a] = NONE;
	maker->dist[a] = dist;
	maker->name[a] = name;
	maker->flags[a] = (uint8_t)flags;
	maker->kind[a] = rules->kind;
	maker->speed[a] = rules->speed_kmh[direction];
	maker->way_id[a] = maker->osm->way_id[way];
	for (uint32_t c = 0; c < maker->n_classes; c++)
		maker->times[(size_t)a * maker->n_classes + c] = arc_time(maker, rules, direction, c, dist);
	maker->shape_first[++maker->n_arcs] = (uint32_t)maker->n_shape;
	return ERR_OK;
}

static uint32_t length_of(const struct maker *maker, uint32_t from, uint32_t to)
{
	uint64_t length = 0;

	for (uint32_t i = from; i < to; i++)
		length += projection_geodesic_mm(maker->build->projection, maker->osm->node_point[maker->ref_node[i]],
						 maker->osm->node_point[maker->ref_node[i + 1]]);
	return length >= UINT32_MAX ? UINT32_MAX - 1 : (uint32_t)length;
}

static int add_road(struct maker *maker, uint32_t way, uint32_t from, uint32_t to, uint32_t name)
{
	const struct way_rules *rules = &maker->rules[way];
	uint32_t dist = length_of(maker, from, to), a = (uint32_t)maker->n_arcs;
	int code = ERR_OK;

	if (maker->ref_node[from] == maker->ref_node[to] && dist == 0)
		return ERR_OK; /* the same node twice in a row */
	for (int direction = 0; direction < 2 && !code; direction++)
		if (rules->allowed[direction])
			code = add_arc(maker, way, from, to, direction, name, dist);
	if (!code && maker->n_arcs == (size_t)a + 2) {
		maker->reverse[a] = a + 1;
		maker->reverse[a + 1] = a;
	}
	return code;
}

static uint32_t way_name(struct maker *maker, uint32_t way)
{
	struct osm_tags tags = maker->osm->way_tags[way];
	const char *name = osm_tag(maker->osm, tags, "name");

	name = name ? name : osm_tag(maker->osm, tags, "ref");
	return name && *name ? build_string(maker->build, name) : NONE;
}

static int cut_way(struct maker *maker, uint32_t way)
{
	uint32_t from = NONE, name = way_name(maker, way), first = maker->osm->way_first[way],
		 last = maker->osm->way_first[way + 1];

	for (uint32_t i = first; i < last; i++) {
		uint32_t node = maker->ref_node[i];
		int code;

		if (node == NONE) {
			from = NONE;
			report_add(&maker->build->report, "way leaves the file", "way %lld",
				   (long long)maker->osm->way_id[way]);
			continue;
		}
		if (!(maker->mark[node] & MARK_JUNCTION))
			continue;
		code = from != NONE ? add_road(maker, way, from, i, name) : ERR_OK;
		if (code)
			return code;
		from = i;
	}
	return ERR_OK;
}

static int cut_ways(struct maker *maker)
{
	int code = reserve_arcs(maker, 1);

	if (!code)
		maker->shape_first[0] = 0;
	for (uint32_t w = 0; w < maker->osm->n_ways && !code; w++) {
		if (is_kept(&maker->rules[w]))
			code = cut_way(maker, w);
		maker->way_first_arc[w + 1] = (uint32_t)maker->n_arcs;
	}
	return code;
}

/* times come by arc, the network wants them by class */
static uint32_t *times_by_class(struct maker *maker)
{
	uint32_t *times = build_alloc(maker->build, maker->n_arcs * maker->n_classes, sizeof *times);

	for (uint32_t c = 0; times && c < maker->n_classes; c++)
		for (size_t a = 0; a < maker->n_arcs; a++)
			times[c * maker->n_arcs + a] = maker->times[a * maker->n_classes + c];
	return times;
}

static int own(struct build *build, void **memory)
{
	void *taken = *memory;

	*memory = NULL;
	return build_own(build, taken);
}

static int give_columns(struct maker *maker, struct network *network)
{
	struct build *build = maker->build;

	*network = (struct network){
		.n_nodes = (uint32_t)maker->n_nodes,
		.n_arcs = (uint32_t)maker->n_arcs,
		.n_classes = maker->n_classes,
		.n_shape_points = (uint32_t)maker->n_shape,
		.node_point = maker->node_point,
		.tail = maker->tail,
		.head = maker->head,
		.reverse_arc = maker->reverse,
		.dist_mm = maker->dist,
		.flags = maker->flags,
		.kind = maker->kind,
		.speed_kmh = maker->speed,
		.name = maker->name,
		.osm_way = maker->way_id,
		.shape_first = maker->shape_first,
		.shape_point = maker->shape_point,
		.time_ms = times_by_class(maker),
	};
	if (!network->time_ms || own(build, (void **)&maker->node_point) || own(build, (void **)&maker->tail) ||
	    own(build, (void **)&maker->head) || own(build, (void **)&maker->reverse) ||
	    own(build, (void **)&maker->dist) || own(build, (void **)&maker->flags) ||
	    own(build, (void **)&maker->kind) || own(build, (void **)&maker->speed) ||
	    own(build, (void **)&maker->name) || own(build, (void **)&maker->way_id) ||
	    own(build, (void **)&maker->shape_first) || own(build, (void **)&maker->shape_point))
		return ERR_MEMORY;
	return ERR_OK;
}

static int make_network(struct maker *maker, const struct town_settings *settings, struct network *network)
{
	int code;

	maker->mark = calloc((size_t)maker->osm->n_nodes + 1, 1);
	if (!maker->mark)
		return ERR_MEMORY;
	for (uint32_t w = 0; w < maker->osm->n_ways; w++)
		if (is_kept(&maker->rules[w]))
			mark_way(maker, w);
	mark_special(maker, settings);
	code = number_nodes(maker);
	if (!code)
		code = cut_ways(maker);
	if (!code)
		code = give_columns(maker, network);
	return code ? code : build_network_index(maker->build, network);
}

/* --- roads -------------------------------------------------------------------------------------------------------- */

static uint32_t *resolve_refs(const struct osm *osm)
{
	uint32_t *ref_node = malloc(((size_t)osm->n_refs + 1) * sizeof *ref_node);

	for (uint32_t i = 0; ref_node && i < osm->n_refs; i++)
		ref_node[i] = osm_node(osm, osm->ref[i]);
	return ref_node;
}

static int make_rules(struct roads *roads, const struct town_settings *settings, struct report *report)
{
	const struct osm *osm = roads->osm;
	struct urban urban;
	int code = urban_open(&urban, osm, roads->ref_node);

	for (uint32_t w = 0; w < osm->n_ways && !code; w++) {
		struct osm_tags tags = osm->way_tags[w];

		if (!osm_tag(osm, tags, "highway"))
			continue;
		classes_road(osm, tags, settings->classes, settings->n_classes,
			     urban_way(&urban, osm, roads->ref_node, w), &roads->rules[w]);
		if (osm_tag(osm, tags, "access:conditional") || osm_tag(osm, tags, "motor_vehicle:conditional"))
			report_add(report, "access by the hour not read: the plain access tags count", "way %lld",
				   (long long)osm->way_id[w]);
	}
	free(urban.cells);
	return code;
}

static int find_blocked(struct roads *roads, const struct town_settings *settings, uint32_t n_nodes)
{
	const struct osm *osm = roads->osm;

	roads->blocked = calloc((size_t)n_nodes + 1, 1);
	if (!roads->blocked)
		return ERR_MEMORY;
	for (uint32_t v = 0; v < osm->n_nodes; v++)
		if (roads->node_number[v] != NONE && osm->node_tags[v].n > 0)
			roads->blocked[roads->node_number[v]] =
				classes_blocked(osm, osm->node_tags[v], settings->classes, settings->n_classes);
	return ERR_OK;
}

static int open_roads(struct roads *roads, const struct osm *osm)
{
	*roads = (struct roads){.osm = osm};
	roads->ref_node = resolve_refs(osm);
	roads->node_number = calloc((size_t)osm->n_nodes + 1, sizeof *roads->node_number);
	roads->way_first_arc = calloc((size_t)osm->n_ways + 1, sizeof *roads->way_first_arc);
	roads->rules = calloc((size_t)osm->n_ways + 1, sizeof *roads->rules);
	if (!roads->ref_node || !roads->node_number || !roads->way_first_arc || !roads->rules)
		return ERR_MEMORY;
	return ERR_OK;
}

void roads_close(struct roads *roads)
{
	free(roads->ref_node);
	free(roads->node_number);
	free(roads->way_first_arc);
	free(roads->blocked);
	free(roads->rules);
	*roads = (struct roads){0};
}

static int build_roads(struct build *build, const struct town_settings *settings, struct roads *roads)
{
	struct maker maker = {.build = build,
			      .osm = roads->osm,
			      .ref_node = roads->ref_node,
			      .rules = roads->rules,
			      .node_number = roads->node_number,
			      .way_first_arc = roads->way_first_arc,
			      .n_classes = settings->n_classes};
	int code = make_rules(roads, settings, &build->report);

	for (uint32_t c = 0; c < settings->n_classes; c++)
		maker.class_speed[c] = (uint32_t)settings->classes[c].speed_kmh;
	if (!code)
		code = make_network(&maker, settings, &build->town.road);
	maker_close(&maker);
	return code ? code : find_blocked(roads, settings, build->town.road.n_nodes);
}

int roads_build(struct build *build, const struct osm *osm, const struct town_settings *settings,
		struct roads *ret_roads, struct err_detail *detail)
{
	struct roads roads;
	int code = open_roads(&roads, osm);

	if (!code)
		code = build_roads(build, settings, &roads);
	if (!code && build->town.road.n_arcs == 0)
		code = err_set(detail, ERR_FORMAT, "no street of the OSM file is open to any vehicle class");
	else if (code)
		err_set(detail, code, "road network: %s", err_text(code));
	if (code)
		roads_close(&roads);
	else
		*ret_roads = roads;
	return code;
}

/* --- footpaths ---------------------------------------------------------------------------------------------------- */

/* Nodes that people may not pass split the ways there: nothing connects, for there are no turn rows on foot. */
static void cut_walk_barriers(struct roads *roads)
{
	const struct osm *osm = roads->osm;

	for (uint32_t i = 0; i < osm->n_refs; i++) {
		uint32_t node = roads->ref_node[i];

		if (node != NONE && osm->node_tags[node].n > 0 && classes_walk_blocked(osm, osm->node_tags[node]))
			roads->ref_node[i] = NONE;
	}
}

static int build_walk(struct build *build, const struct town_settings *settings, struct roads *roads)
{
	static const char *const names[] = {"foot"};
	struct report report = build->report;
	struct maker maker = {.build = build,
			      .osm = roads->osm,
			      .ref_node = roads->ref_node,
			      .rules = roads->rules,
			      .node_number = roads->node_number,
			      .way_first_arc = roads->way_first_arc,
			      .n_classes = 1,
			      .class_speed = {(uint32_t)settings->walk_mm_per_s},
			      .is_walk = 1};
	int code;

	for (uint32_t w = 0; w < roads->osm->n_ways; w++)
		classes_walk(roads->osm, roads->osm->way_tags[w], &roads->rules[w]);
	cut_walk_barriers(roads);
	code = make_network(&maker, settings, &build->town.walk);
	maker_close(&maker);
	build->report = report; /* what leaves the file was reported with the roads */
	if (!code)
		code = turns_none(build, &build->town.walk);
	return code ? code : components_build(build, &build->town.walk, names, "walk");
}

int roads_build_walk(struct build *build, const struct osm *osm, const struct town_settings *settings,
		     struct err_detail *detail)
{
	struct roads roads;
	int code = open_roads(&roads, osm);

	if (!code)
		code = build_walk(build, settings, &roads);
	roads_close(&roads);
	return code ? err_set(detail, code, "walk network: %s", err_text(code)) : ERR_OK;
}

/* --- box ---------------------------------------------------------------------------------------------------------- */

void roads_box(struct build *build)
{
	const struct network *road = &build->town.road;
	struct geo_point low = {INT32_MAX, INT32_MAX}, high = {INT32_MIN, INT32_MIN};

	for (uint32_t a = 0; a < road->n_arcs; a++)
		for (uint32_t i = road->shape_first[a]; road->main_mask[a] && i < road->shape_first[a + 1]; i++) {
			struct geo_point p = road->shape_point[i];

			low.lat_e7 = p.lat_e7 < low.lat_e7 ? p.lat_e7 : low.lat_e7;
			low.lon_e7 = p.lon_e7 < low.lon_e7 ? p.lon_e7 : low.lon_e7;
			high.lat_e7 = p.lat_e7 > high.lat_e7 ? p.lat_e7 : high.lat_e7;
			high.lon_e7 = p.lon_e7 > high.lon_e7 ? p.lon_e7 : high.lon_e7;
		}
	if (low.lat_e7 > high.lat_e7)
		low = high = build->town.origin;
	build->town.box_low = low;
	build->town.box_high = high;
}
