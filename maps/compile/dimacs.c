#include "dimacs.h"
#include "array.h"
#include "gtfs.h"
#include "order.h"
#include "turns.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define NODES_MOST 50000000u
#define ARCS_MOST 200000000u
#define DAYS_AROUND 20250101u

struct dimacs {
	gzFile file;
	const char *path;
	unsigned long line;
	char text[256];
	struct err_detail *detail;
};

static int open_file(struct dimacs *dimacs, const char *path, struct err_detail *detail)
{
	*dimacs = (struct dimacs){.path = path, .detail = detail};
	dimacs->file = gzopen(path, "rb");
	return dimacs->file ? ERR_OK : err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
}

static int expected(const struct dimacs *dimacs, const char *what)
{
	return err_set(dimacs->detail, ERR_FORMAT, "%s: line %lu: expected %s", dimacs->path, dimacs->line, what);
}

/* Next line that is no comment; *ret_end at the end of the file. */
static int next_line(struct dimacs *dimacs, int *ret_end)
{
	*ret_end = 0;
	do {
		int code;
		const char *message;

		dimacs->line++;
		if (gzgets(dimacs->file, dimacs->text, sizeof dimacs->text)) {
			if (!strchr(dimacs->text, '\n') && !gzeof(dimacs->file))
				return expected(dimacs, "a line of at most 254 characters");
			continue;
		}
		message = gzerror(dimacs->file, &code);
		if (code != Z_OK && code != Z_STREAM_END)
			return err_set(dimacs->detail, ERR_TRUNCATED, "%s: line %lu: damaged or cut gzip data (%s)",
				       dimacs->path, dimacs->line, message);
		*ret_end = 1;
		return ERR_OK;
	} while (dimacs->text[0] == 'c' || dimacs->text[0] == '\n' || dimacs->text[0] == '\r');
	return ERR_OK;
}

/* n whole numbers after the letters of the line; 0 = there are just these. */
static int numbers(const char *text, int64_t *ret_values, int n)
{
	for (int i = 0; i < n; i++) {
		char *end;

		errno = 0;
		ret_values[i] = strtoll(text, &end, 10);
		if (end == text || errno)
			return ERR_FORMAT;
		text = end;
	}
	text += strspn(text, " \t\r\n");
	return *text ? ERR_FORMAT : ERR_OK;
}

/* "p sp N M" or "p aux sp co N" */
static int read_sizes(struct dimacs *dimacs, const char *prefix, int64_t *ret_sizes, int n, const char *what)
{
	int at_end, code = next_line(dimacs, &at_end);

	if (code)
		return code;
	if (at_end || strncmp(dimacs->text, prefix, strlen(prefix)) != 0 ||
	    numbers(dimacs->text + strlen(prefix), ret_sizes, n))
		return expected(dimacs, what);
	return ERR_OK;
}

struct graph {
	struct build *build;
	const struct dimacs_options *options;
	uint32_t n_nodes, n_arcs;
	uint32_t *tail, *head, *time, *dist, *reverse;
	struct geo_point *point;
};

/* Reads the arcs of a .gr file; the first file gives the ends, the second (lengths) must repeat them. */
static int read_arcs(struct graph *graph, const char *path, uint32_t unit, uint32_t *weights, int repeats,
		     struct err_detail *detail)
{
	struct dimacs dimacs;
	int64_t sizes[2] = {0, 0};
	int at_end = 0, code = open_file(&dimacs, path, detail);

	if (code)
		return code;
	code = read_sizes(&dimacs, "p sp ", sizes, 2, "\"p sp NODES ARCS\"");
	if (!code && (sizes[0] != graph->n_nodes || sizes[1] != graph->n_arcs))
		code = expected(&dimacs, "the same counts as in the other files");
	for (uint32_t a = 0; a < graph->n_arcs && !code; a++) {
		int64_t row[3];

		code = next_line(&dimacs, &at_end);
		if (code)
			break;
		if (at_end || dimacs.text[0] != 'a' || numbers(dimacs.text + 1, row, 3) || row[0] < 1 ||
		    row[0] > graph->n_nodes || row[1] < 1 || row[1] > graph->n_nodes || row[2] < 0 ||
		    row[2] > (TIME_INFINITE - 1) / unit)
			code = expected(&dimacs, at_end ? "more arcs, as many as the first line says"
							: "\"a TAIL HEAD WEIGHT\" in range");
		else if (repeats && (graph->tail[a] != row[0] - 1 || graph->head[a] != row[1] - 1))
			code = expected(&dimacs, "the arcs in the order of the first file");
		if (code)
			break;
		graph->tail[a] = (uint32_t)(row[0] - 1);
		graph->head[a] = (uint32_t)(row[1] - 1);
		weights[a] = (uint32_t)row[2] * unit;
	}
	if (!code)
		code = next_line(&dimacs, &at_end);
	if (!code && !at_end)
		code = expected(&dimacs, "the end of the file after the arcs");
	gzclose(dimacs.file);
	return code;
}

static int read_nodes(struct graph *graph, struct err_detail *detail)
{
	struct dimacs dimacs;
	int64_t n_nodes = 0;
	uint8_t *seen = calloc((size_t)graph->n_nodes + 1, 1);
	int at_end = 0, code = open_file(&dimacs, graph->options->co_path, detail);

	if (code || !seen) {
		free(seen);
		return code ? code : ERR_MEMORY;
	}
	code = read_sizes(&dimacs, "p aux sp co ", &n_nodes, 1, "\"p aux sp co NODES\"");
	if (!code && n_nodes != graph->n_nodes)
		code = expected(&dimacs, "as many nodes as the graph has");
	for (uint32_t i = 0; i < graph->n_nodes && !code; i++) {
		int64_t row[3];

		code = next_line(&dimacs, &at_end);
		if (!code && (at_end || dimacs.text[0] != 'v' || numbers(dimacs.text + 1, row, 3) || row[0] < 1 ||
			      row[0] > graph->n_nodes || seen[row[0]] || row[1] < -180000000 || row[1] > 180000000 ||
			      row[2] < -90000000 || row[2] > 90000000))
			code = expected(&dimacs, "\"v NODE LON LAT\", each node once, in 1e-6 degrees");
		if (code)
			break;
		seen[row[0]] = 1;
		graph->point[row[0] - 1] = (struct geo_point){(int32_t)row[2] * 10, (int32_t)row[1] * 10};
	}
	free(seen);
	gzclose(dimacs.file);
	return code;
}

static int read_counts(struct graph *graph, struct err_detail *detail)
{
	struct dimacs dimacs;
	int64_t sizes[2] = {0, 0};
	int code = open_file(&dimacs, graph->options->gr_path, detail);

	if (code)
		return code;
	code = read_sizes(&dimacs, "p sp ", sizes, 2, "\"p sp NODES ARCS\"");
	if (!code && (sizes[0] < 1 || sizes[0] > NODES_MOST || sizes[1] < 1 || sizes[1] > ARCS_MOST))
		code = expected(&dimacs, "1 to 50,000,000 nodes and 1 to 200,000,000 arcs");
	gzclose(dimacs.file);
	graph->n_nodes = (uint32_t)sizes[0];
	graph->n_arcs = (uint32_t)sizes[1];
	return code;
}

/* --- pairs of directions ------------------------------------------------------------------------------------------ */

struct end_pair {
	uint32_t low, high, arc; /* node numbers, low <= high */
	int is_up;		 /* tail is low */
};

static int pair_order(const void *left, const void *right)
{
	const struct end_pair *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	return a->arc < b->arc ? -1 : a->arc > b->arc;
}

/* Within one pair of nodes the k-th arc up and the k-th arc down are the same road. */
static void join_group(struct graph *graph, const struct end_pair *pairs, size_t n)
{
	size_t down = 0;

	for (size_t up = 0; up < n; up++) {
		if (!pairs[up].is_up)
			continue;
		while (down < n && pairs[down].is_up)
			down++;
		if (down == n)
			return;
		graph->reverse[pairs[up].arc] = pairs[down].arc;
		graph->reverse[pairs[down].arc] = pairs[up].arc;
		down++;
	}
}

static int join_directions(struct graph *graph)
{
	struct end_pair *pairs = malloc(graph->n_arcs * sizeof *pairs);
	size_t first = 0;

	if (!pairs)
		return ERR_MEMORY;
	for (uint32_t a = 0; a < graph->n_arcs; a++) {
		uint32_t tail = graph->tail[a], head = graph->head[a];

		graph->reverse[a] = NONE;
		pairs[a] = (struct end_pair){tail < head ? tail : head, tail < head ? head : tail, a, tail < head};
	}
	qsort(pairs, graph->n_arcs, sizeof *pairs, pair_order);
	for (size_t i = 1; i <= graph->n_arcs; i++)
		if (i == graph->n_arcs || pairs[i].low != pairs[first].low || pairs[i].high != pairs[first].high) {
			if (pairs[first].low != pairs[first].high)
				join_group(graph, pairs + first, i - first);
			first = i;
		}
	free(pairs);
	return ERR_OK;
}

/* --- the network -------------------------------------------------------------------------------------------------- */

static int fill_network(struct graph *graph)
{
	struct build *build = graph->build;
	struct network *road = &build->town.road;
	uint32_t n = graph->n_arcs;
	uint32_t *shape_first = build_alloc(build, (size_t)n + 1, sizeof *shape_first),
		 *name = build_alloc(build, n, sizeof *name);
	struct geo_point *shape = build_alloc(build, (size_t)n * 2, sizeof *shape);
	uint8_t *kind = build_alloc(build, n, 1), *speed = build_alloc(build, n, 1);
	int64_t *way = build_alloc(build, n, sizeof *way);

	if (!shape_first || !name || !shape || !kind || !speed || !way)
		return ERR_MEMORY;
	for (uint32_t a = 0; a < n; a++) {
		shape[2 * (size_t)a] = graph->point[graph->tail[a]];
		shape[2 * (size_t)a + 1] = graph->point[graph->head[a]];
		shape_first[a + 1] = 2 * (a + 1);
		name[a] = NONE;
	}
	*road = (struct network){
		.n_nodes = graph->n_nodes,
		.n_arcs = n,
		.n_classes = 1,
		.n_shape_points = 2 * n,
		.node_point = graph->point,
		.tail = graph->tail,
		.head = graph->head,
		.reverse_arc = graph->reverse,
		.dist_mm = graph->dist,
		.time_ms = graph->time,
		.kind = kind,
		.speed_kmh = speed,
		.name = name,
		.osm_way = way,
		.shape_first = shape_first,
		.shape_point = shape,
	};
	return build_network_index(build, road);
}

static struct geo_point middle(const struct graph *graph)
{
	int64_t lat = 0, lon = 0;

	for (uint32_t v = 0; v < graph->n_nodes; v++) {
		lat += graph->point[v].lat_e7;
		lon += graph->point[v].lon_e7;
	}
	return (struct geo_point){(int32_t)(lat / graph->n_nodes), (int32_t)(lon / graph->n_nodes)};
}

static int open_projection(struct graph *graph, struct err_detail *detail)
{
	struct build *build = graph->build;
	const char *crs = graph->options->settings->crs;
	int code;

	build->town.origin = middle(graph);
	code = projection_open(&build->projection, *crs ? crs : NULL, build->town.origin, detail);
	if (code)
		return code;
	build->town.crs = build_string(build, projection_crs(build->projection));
	if (graph->options->len_path)
		return ERR_OK;
	for (uint32_t a = 0; a < graph->n_arcs; a++)
		graph->dist[a] = projection_geodesic_mm(build->projection, graph->point[graph->tail[a]],
							graph->point[graph->head[a]]);
	return ERR_OK;
}

/* A network of nobody: a DIMACS graph has no footpaths. */
static int empty_walk(struct build *build)
{
	struct network *walk = &build->town.walk;
	void *none = build_alloc(build, 16, 1);

	if (!none)
		return ERR_MEMORY;
	*walk = (struct network){
		.n_classes = 1,
		.node_point = none,
		.tail = none,
		.head = none,
		.reverse_arc = none,
		.dist_mm = none,
		.time_ms = none,
		.flags = none,
		.kind = none,
		.speed_kmh = none,
		.name = none,
		.osm_way = none,
		.shape_first = none,
		.shape_point = none,
		.main_mask = none,
	};
	if (turns_none(build, walk))
		return ERR_MEMORY;
	return build_network_index(build, walk);
}

static int alloc_graph(struct graph *graph)
{
	struct build *build = graph->build;

	graph->tail = build_alloc(build, graph->n_arcs, sizeof *graph->tail);
	graph->head = build_alloc(build, graph->n_arcs, sizeof *graph->head);
	graph->time = build_alloc(build, graph->n_arcs, sizeof *graph->time);
	graph->dist = build_alloc(build, graph->n_arcs, sizeof *graph->dist);
	graph->reverse = build_alloc(build, graph->n_arcs, sizeof *graph->reverse);
	graph->point = build_alloc(build, graph->n_nodes, sizeof *graph->point);
	return graph->tail && graph->head && graph->time && graph->dist && graph->reverse && graph->point ? ERR_OK
													  : ERR_MEMORY;
}

static int read_files(struct graph *graph, struct err_detail *detail)
{
	const struct dimacs_options *options = graph->options;
	int code = read_arcs(graph, options->gr_path, options->unit_ms, graph->time, 0, detail);

	if (!code && options->len_path)
		code = read_arcs(graph, options->len_path, options->len_mm, graph->dist, 1, detail);
	return code ? code : read_nodes(graph, detail);
}

static int make_town(struct graph *graph, struct err_detail *detail)
{
	struct build *build = graph->build;
	const char *names[] = {graph->options->settings->classes[0].name};
	int code = open_projection(graph, detail);

	if (!code)
		code = join_directions(graph);
	if (!code)
		code = fill_network(graph);
	if (!code)
		code = turns_none(build, &build->town.road);
	if (!code)
		code = components_build(build, &build->town.road, names, "road");
	if (!code)
		code = order_build(build, &build->town.road);
	if (!code)
		code = empty_walk(build);
	if (code)
		return code;
	roads_box(build);
	code = gtfs_build_days(build, DAYS_AROUND, detail);
	return code ? code : build_finish_strings(build);
}

int dimacs_build(struct build *build, const struct dimacs_options *options, struct err_detail *detail)
{
	struct graph graph = {.build = build, .options = options};
	struct err_detail said = {""}; /* what went wrong with no text of its own is still told */
	int code = town_settings_store(options->settings, build);

	build->town.n_classes = 1;
	if (!code)
		code = read_counts(&graph, &said);
	if (!code)
		code = alloc_graph(&graph);
	if (!code)
		code = read_files(&graph, &said);
	if (!code)
		code = make_town(&graph, &said);
	if (code && said.text[0])
		return err_set(detail, code, "%s", said.text);
	return code ? err_set(detail, code, "%s: %s%s", options->gr_path, err_text(code),
			      code == ERR_RANGE ? " (are the coordinates of one place, in 1e-6 degrees?)" : "")
		    : ERR_OK;
}
