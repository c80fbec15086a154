/* Bus lines through station and market, stops on both sides of the street, halts of the railway. */
#include "synth_town.h"

#include <stdio.h>

#include "arena.h"
#include "heap.h"

#define STOP_GAP METRES(380)
#define COVERED METRES(450)
#define CANDIDATES 96
#define BUS_MM_PER_S 8300
#define COUNTRY_BUS_MM_PER_S 14500
#define DWELL_S 18

struct tree {		   /* shortest ways of a bus to one root */
	uint32_t *towards; /* by vertex: at-entry (2 * link + side) of the first link, NONE = root or not reachable */
	uint64_t *length;
};

struct router {
	struct arena arena;
	struct heap heap;
	struct tree station, market;
	uint32_t station_vertex;
	uint8_t *is_covered;	/* by vertex */
	uint32_t *stop_of_link; /* stop, or NONE */
	uint8_t *street_stops;	/* stops named after the street so far */
	uint32_t *path;		/* at-entries; room for any two ways there and back */
	size_t n_path;
};

static int is_bus_street(const struct synth_link *link)
{
	return synth_is_drivable(link) && link->oneway == 0 && link->kind != STREET_LIVING;
}

static uint32_t far_end(const struct synth *synth, uint32_t at)
{
	const struct synth_link *link = &synth->links[at / 2];
	return at & 1 ? link->from : link->to;
}

static void tree_grow(struct synth *synth, struct router *router, struct tree *tree, uint32_t root)
{
	size_t n = synth->plane.n_vertices;
	tree->towards = synth_alloc(synth, n, sizeof *tree->towards);
	tree->length = synth_alloc(synth, n, sizeof *tree->length);
	for (size_t i = 0; i < n; i++) {
		tree->towards[i] = NONE;
		tree->length[i] = UINT64_MAX;
	}
	tree->length[root] = 0;
	heap_push(&router->heap, root, 0);
	for (uint32_t vertex = heap_pop(&router->heap, NULL); vertex != NONE; vertex = heap_pop(&router->heap, NULL))
		for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++) {
			const struct synth_link *link = &synth->links[synth->at[j] / 2];
			uint32_t other = far_end(synth, synth->at[j]);
			uint64_t cost = link->kind >= STREET_RESIDENTIAL ? 22 : link->kind == STREET_TERTIARY ? 11 : 10;
			uint64_t length = tree->length[vertex] + link->length_mm * cost;
			if (!is_bus_street(link) || length >= tree->length[other])
				continue;
			tree->length[other] = length;
			tree->towards[other] = synth->at[j] ^ 1;
			heap_push(&router->heap, other, length);
		}
}

static uint32_t nearest_vertex(const struct synth *synth, struct plane_point point)
{
	uint32_t best = synth->centre;
	int64_t best_away = INT64_MAX;
	for (uint32_t vertex = 0; vertex < synth->plane.n_vertices; vertex++) {
		uint32_t n = 0;
		for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++)
			n += is_bus_street(&synth->links[synth->at[j] / 2]) != 0;
		int64_t away = plane_distance(synth->plane.vertices[vertex].point, point);
		if (n < 2 || away >= best_away)
			continue;
		best = vertex;
		best_away = away;
	}
	return best;
}

static const char *village_name(const struct synth *synth, struct plane_point point)
{
	const char *best = synth->town_name;
	int64_t best_away = INT64_MAX;
	for (uint32_t i = 0; i < synth->n_villages; i++) {
		int64_t away = plane_distance(synth->villages[i].point, point);
		if (away < best_away) {
			best = synth->villages[i].name;
			best_away = away;
		}
	}
	return best;
}

/* --- stops --- */

static const char *cross_street(const struct synth *synth, const struct synth_link *link)
{
	const uint32_t ends[2] = {link->to, link->from};
	for (int i = 0; i < 2; i++)
		for (uint32_t j = synth->first_at[ends[i]]; j < synth->first_at[ends[i] + 1]; j++) {
			const struct synth_link *other = &synth->links[synth->at[j] / 2];
			if (synth_is_drivable(other) && other->street != link->street &&
			    synth->street_name[other->street][0])
				return synth->street_name[other->street];
		}
	return "Mitte";
}

static void stop_name(const struct synth *synth, struct router *router, const struct synth_link *link,
		      struct synth_stop *stop)
{
	const char *street = synth->street_name[link->street];
	int is_first = router->street_stops[link->street]++ == 0;
	if (stop->is_station)
		snprintf(stop->name, sizeof stop->name, "Hauptbahnhof");
	else if (link->from == synth->centre || link->to == synth->centre)
		snprintf(stop->name, sizeof stop->name, "Marktplatz");
	else if (link->zone == FACE_VILLAGE)
		snprintf(stop->name, sizeof stop->name, "%.36s, %.36s",
			 village_name(synth, synth->plane.vertices[link->from].point),
			 is_first ? street : cross_street(synth, link));
	else if (is_first)
		snprintf(stop->name, sizeof stop->name, "%s", street);
	else
		snprintf(stop->name, sizeof stop->name, "%.36s/%.36s", street, cross_street(synth, link));
}

static void cover(struct synth *synth, struct router *router, const struct synth_link *link)
{
	struct plane_point at = synth->plane.vertices[link->from].point;
	for (uint32_t vertex = 0; vertex < synth->plane.n_vertices; vertex++) {
		int64_t dx = synth->plane.vertices[vertex].point.x - at.x,
			dy = synth->plane.vertices[vertex].point.y - at.y;
		if (dx * dx + dy * dy < COVERED * COVERED)
			router->is_covered[vertex] = 1;
	}
}

static uint32_t stop_on(struct synth *synth, struct router *router, uint32_t link_index)
{
	if (router->stop_of_link[link_index] != NONE)
		return router->stop_of_link[link_index];
	const struct synth_link *link = &synth->links[link_index];
	struct synth_stop stop = {.link = link_index};
	stop.is_station = link->from == router->station_vertex || link->to == router->station_vertex;
	stop.is_step_free = stop.is_station || rng_chance(&synth->rng, 800);
	stop.point[0] = synth_link_point(synth, link, 620, METRES(5));
	stop.point[1] = synth_link_point(synth, link, 404, -METRES(5));
	stop_name(synth, router, link, &stop);
	const char *name = synth_text(synth, "%s", stop.name);
	for (int side = 0; side < 2; side++)
		synth_node_add(synth, stop.point[side], "highway", "bus_stop", "public_transport", "platform", "bus",
			       "yes", "name", name, "wheelchair", stop.is_step_free ? "yes" : "limited", NULL);
	cover(synth, router, link);
	SYNTH_PUSH(synth, synth->stops, synth->n_stops, synth->cap_stops, stop);
	router->stop_of_link[link_index] = (uint32_t)synth->n_stops - 1;
	return (uint32_t)synth->n_stops - 1;
}

static int may_stop(const struct synth_link *link)
{
	return link->zone != FACE_COUNTRY && link->flags == 0 && link->length_mm >= 36000;
}

static int has_call(const struct synth *synth, const struct synth_line *line, uint32_t stop)
{
	for (size_t i = line->first_call; i < synth->n_calls; i++)
		if (synth->calls[i].stop == stop)
			return 1;
	return 0;
}

/* Is there a stop of another line soon on the path? Then none is put up here. */
static int is_stop_ahead(const struct synth *synth, const struct router *router, size_t i)
{
	int64_t length = 0;
	for (i++; i < router->n_path && length < STOP_GAP * 3 / 4; i++) {
		if (router->stop_of_link[router->path[i] / 2] != NONE)
			return 1;
		length += synth->links[router->path[i] / 2].length_mm;
	}
	return 0;
}

/* The stop to call at on link i of the path, `since` after the last one: both ends, station and market always, stops of
 * other lines where they come in handy, else a new one. NONE = go on. */
static uint32_t stop_for(struct synth *synth, struct router *router, const struct synth_line *line, size_t i,
			 int64_t since)
{
	uint32_t at = router->path[i], vertex = at & 1 ? synth->links[at / 2].to : synth->links[at / 2].from;
	uint32_t stop = router->stop_of_link[at / 2];
	int is_hub = vertex == router->station_vertex || vertex == synth->centre;
	int is_end = i + 1 == router->n_path || i == 0;
	if (!may_stop(&synth->links[at / 2]))
		return NONE;
	if (stop == NONE && (is_hub || is_end || (since >= STOP_GAP && !is_stop_ahead(synth, router, i))))
		stop = stop_on(synth, router, at / 2);
	else if (stop != NONE && !is_hub && !is_end && since < STOP_GAP * 3 / 5)
		return NONE;
	return stop != NONE && !has_call(synth, line, stop) ? stop : NONE;
}

static void calls_add(struct synth *synth, struct router *router, struct synth_line *line)
{
	int64_t since = STOP_GAP;
	uint64_t at_ms = 0;
	line->first_call = synth->n_calls;
	for (size_t i = 0; i < router->n_path; i++) {
		const struct synth_link *link = &synth->links[router->path[i] / 2];
		uint32_t speed = link->zone == FACE_COUNTRY ? COUNTRY_BUS_MM_PER_S : BUS_MM_PER_S;
		uint32_t half_ms = link->length_mm / 2 * 1000u / speed;
		at_ms += half_ms;
		since += link->length_mm / 2;
		uint32_t stop = stop_for(synth, router, line, i, since);
		if (stop != NONE) {
			struct synth_call call = {stop, router->path[i] & 1, (uint32_t)(at_ms / 1000)};
			SYNTH_PUSH(synth, synth->calls, synth->n_calls, synth->cap_calls, call);
			at_ms += DWELL_S * 1000;
			since = 0;
		}
		at_ms += half_ms;
		since += link->length_mm / 2;
	}
	line->n_calls = synth->n_calls - line->first_call;
	uint32_t start_s = line->n_calls ? synth->calls[line->first_call].at_s : 0;
	for (size_t i = line->first_call; i < synth->n_calls; i++)
		synth->calls[i].at_s -= start_s;
}

/* --- lines --- */

static void path_towards(const struct synth *synth, struct router *router, const struct tree *tree, uint32_t vertex)
{
	for (uint32_t at = tree->towards[vertex]; at != NONE; at = tree->towards[vertex]) {
		router->path[router->n_path++] = at;
		vertex = far_end(synth, at);
	}
}

static void path_reverse(struct router *router, size_t first)
{
	for (size_t i = first, j = router->n_path; i < j--; i++) {
		uint32_t front = router->path[i] ^ 1, back = router->path[j] ^ 1;
		router->path[i] = back;
		router->path[j] = front;
	}
}

/* From a by the station and the market to b. */
static void line_add(struct synth *synth, struct router *router, uint32_t a, uint32_t b, uint32_t headway_s,
		     const char *name)
{
	struct synth_line line = {.headway_s = headway_s, .first_s = 60 * rng_below(&synth->rng, headway_s / 60)};
	snprintf(line.name, sizeof line.name, "%s", name);
	router->n_path = 0;
	path_towards(synth, router, &router->station, a);
	path_towards(synth, router, &router->market, router->station_vertex);
	size_t first = router->n_path;
	path_towards(synth, router, &router->market, b);
	path_reverse(router, first);
	calls_add(synth, router, &line);
	if (line.n_calls >= 2)
		SYNTH_PUSH(synth, synth->lines, synth->n_lines, synth->cap_lines, line);
	else
		synth->n_calls = line.first_call;
}

/* Far from the market, best not served yet, and on the other side of the town than `other` (NONE = anywhere). */
static uint32_t terminal(struct synth *synth, const struct router *router, uint32_t other)
{
	const struct plane_vertex *vertices = synth->plane.vertices;
	uint32_t best = NONE;
	int64_t best_score = 0;
	for (int i = 0; i < CANDIDATES; i++) {
		const struct synth_link *link = &synth->links[rng_below(&synth->rng, (uint32_t)synth->n_links)];
		uint32_t vertex = link->from;
		if (!is_bus_street(link) || !may_stop(link) || link->zone == FACE_VILLAGE ||
		    router->market.length[vertex] == UINT64_MAX)
			continue;
		struct plane_point at = vertices[vertex].point;
		int64_t score = plane_distance(at, (struct plane_point){0, 0}) + 1;
		if (other != NONE) {
			struct plane_point there = vertices[other].point;
			int64_t dot = (at.x >> 10) * (there.x >> 10) + (at.y >> 10) * (there.y >> 10);
			score = dot < 0 ? score * 3 : score;
		}
		score = router->is_covered[vertex] ? score : score * 5;
		if (score > best_score) {
			best = vertex;
			best_score = score;
		}
	}
	return best;
}

static void town_lines(struct synth *synth, struct router *router)
{
	uint32_t inhabitants = synth->options->inhabitants, n = 2 + inhabitants / 11000;
	n = n > 80 ? 80 : n;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t a = terminal(synth, router, NONE), b = terminal(synth, router, a);
		uint32_t headway_s = inhabitants < 20000 ? 1800 : i < n / 3 ? 900 : i < n * 2 / 3 ? 1200 : 1800;
		char name[16];
		snprintf(name, sizeof name, "%u", i + 1);
		if (a != NONE && b != NONE)
			line_add(synth, router, a, b, headway_s, name);
	}
}

/* Hourly from village to village through the town. */
static void country_lines(struct synth *synth, struct router *router)
{
	uint32_t half = (synth->n_villages + 1) / 2;
	for (uint32_t i = 0; i < half; i++) {
		uint32_t a = nearest_vertex(synth, synth->villages[i].point);
		uint32_t b = i + half < synth->n_villages ? nearest_vertex(synth, synth->villages[i + half].point)
							  : synth->centre;
		char name[16];
		snprintf(name, sizeof name, "%u", 500 + 10 * i);
		line_add(synth, router, a, b, 3600, name);
	}
}

/* --- railway --- */

static void halt_add(struct synth *synth, int64_t x, int is_main, int is_end, const char *name)
{
	struct synth_halt halt = {.x = x, .is_main = is_main, .is_end = is_end};
	snprintf(halt.name, sizeof halt.name, "%s", name);
	const char *copy = synth_text(synth, "%s", halt.name);
	for (int i = 0; i < 2; i++) {
		int64_t y = i == 0 ? synth->rail_low + METRES(4) : synth->rail_high - METRES(4);
		halt.platform[i] = synth_bend(synth, (struct plane_point){x, y});
		synth_node_add(synth, halt.platform[i], "public_transport", "platform", "railway", "platform", "ref",
			       i ? "2" : "1", "name", copy, "wheelchair", "yes", NULL);
	}
	synth_node_add(synth, synth_bend(synth, (struct plane_point){x, (synth->rail_low + synth->rail_high) / 2}),
		       "railway", is_main ? "station" : "halt", "public_transport", "station", "name", copy, NULL);
	SYNTH_PUSH(synth, synth->halts, synth->n_halts, synth->cap_halts, halt);
}

static void halt_between(struct synth *synth, int64_t x)
{
	uint32_t vertex = nearest_vertex(synth, (struct plane_point){x, synth->rail_low});
	char name[96];
	for (uint32_t j = synth->first_at[vertex]; j < synth->first_at[vertex + 1]; j++) {
		const struct synth_link *link = &synth->links[synth->at[j] / 2];
		const char *street = synth->street_name[link->street];
		if (!synth_is_drivable(link) || link->street == synth->bank_street[2] ||
		    link->street == synth->bank_street[3])
			continue;
		snprintf(name, sizeof name, "%s %.40s", synth->town_name, street);
		halt_add(synth, x, 0, 0, name);
		return;
	}
}

/* At both ends where the roads out meet the line, at the station, and in large towns every two kilometres between. */
static void halts(struct synth *synth)
{
	int64_t end = synth->radius + METRES(1500), gap = METRES(2100);
	char name[96];
	snprintf(name, sizeof name, "%s Bahnhof", village_name(synth, (struct plane_point){-end, synth->rail_low}));
	halt_add(synth, -end + METRES(70), 0, 1, name);
	for (int64_t x = synth->station_x - synth->radius / gap * gap; x < synth->radius * 9 / 10; x += gap) {
		if (x == synth->station_x) {
			snprintf(name, sizeof name, "%s Hauptbahnhof", synth->town_name);
			halt_add(synth, x, 1, 0, name);
		} else if (x > -synth->radius * 9 / 10) {
			halt_between(synth, x);
		}
	}
	snprintf(name, sizeof name, "%s Bahnhof", village_name(synth, (struct plane_point){end, synth->rail_low}));
	halt_add(synth, end - METRES(70), 0, 1, name);
}

void synth_lines(struct synth *synth)
{
	size_t n = synth->plane.n_vertices;
	struct router router = {0};
	size_t size = n * 20 + 1024;
	arena_wrap(&router.arena, synth_alloc(synth, size, 1), size);
	if (heap_open(&router.heap, &router.arena, (uint32_t)n))
		longjmp(synth->fail, ERR_MEMORY);
	router.is_covered = synth_alloc(synth, n, 1);
	router.path = synth_alloc(synth, 3 * n, sizeof *router.path);
	router.street_stops = synth_alloc(synth, synth->n_streets, 1);
	router.stop_of_link = synth_alloc(synth, synth->n_links, sizeof *router.stop_of_link);
	for (size_t i = 0; i < synth->n_links; i++)
		router.stop_of_link[i] = NONE;
	router.station_vertex = nearest_vertex(synth, (struct plane_point){synth->station_x, synth->rail_low});
	tree_grow(synth, &router, &router.station, router.station_vertex);
	tree_grow(synth, &router, &router.market, synth->centre);
	halts(synth);
	town_lines(synth, &router);
	country_lines(synth, &router);
	arena_close(&router.arena);
}
