// link: zub_base
// slow
/* mapc route --pairs against a search of its own: this test reads nothing but the CSV files of mapc export and knows
 * nothing of the town file. A label lies at the end of an arc; what was driven before is kept as far as a turn row may
 * still need it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rng.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROW_ARCS_MOST 70
#define NO_TIME INT64_MAX

struct row {
	int64_t cost_ms;
	uint32_t n, arcs[ROW_ARCS_MOST];
};

struct graph {
	uint32_t n_nodes, n_arcs;
	uint32_t *tail, *head;
	int64_t *time, *dist;
	uint32_t *out_first, *out;
	struct row *rows; /* as in the file */
	uint32_t n_rows;
	uint32_t *pair_first, *pair_rows; /* rows of two arcs, by their first arc */
	uint32_t *long_rows, n_long;
};

static char folder[] = "/tmp/zub-route-pairs-XXXXXX";

static char *path_of(const char *name)
{
	static char paths[8][128];
	static int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static void run(const char *format, ...)
{
	char command[2048];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof command, format, list);
	va_end(list);
	if (system(command) != 0) {
		print_error("failed: %s\n", command);
		fail();
	}
}

/* --- reading the exported graph ----------------------------------------------------------------------------------- */

static FILE *open_csv(const char *name)
{
	FILE *file = fopen(path_of(name), "r");
	char header[256];

	assert_non_null(file);
	assert_non_null(fgets(header, sizeof header, file));
	return file;
}

static uint32_t count_rows(const char *name)
{
	FILE *file = open_csv(name);
	char line[2048];
	uint32_t n = 0;

	while (fgets(line, sizeof line, file))
		n++;
	fclose(file);
	return n;
}

static void read_arcs(struct graph *graph)
{
	FILE *file = open_csv("arcs.csv");

	graph->tail = calloc(graph->n_arcs, sizeof *graph->tail);
	graph->head = calloc(graph->n_arcs, sizeof *graph->head);
	graph->time = calloc(graph->n_arcs, sizeof *graph->time);
	graph->dist = calloc(graph->n_arcs, sizeof *graph->dist);
	graph->out_first = calloc(graph->n_nodes + 2, sizeof *graph->out_first);
	graph->out = calloc(graph->n_arcs, sizeof *graph->out);
	for (uint32_t a = 0; a < graph->n_arcs; a++) {
		assert_int_equal(fscanf(file, "%" SCNu32 ",%" SCNu32 ",%" SCNd64 ",%" SCNd64 "\n", &graph->tail[a],
					&graph->head[a], &graph->time[a], &graph->dist[a]),
				 4);
		graph->out_first[graph->tail[a] + 2]++;
	}
	fclose(file);
	for (uint32_t v = 0; v <= graph->n_nodes; v++)
		graph->out_first[v + 1] += graph->out_first[v];
	for (uint32_t a = 0; a < graph->n_arcs; a++)
		graph->out[graph->out_first[graph->tail[a] + 1]++] = a;
}

static void read_row(char *line, struct row *row)
{
	char *at = strchr(line, ',');

	row->cost_ms = strtoll(line, NULL, 10);
	for (row->n = 0; at; at = strchr(at + 1, ',')) {
		assert_true(row->n < ROW_ARCS_MOST);
		row->arcs[row->n++] = (uint32_t)strtoul(at + 1, NULL, 10);
	}
	assert_true(row->n >= 2);
}

static void read_turns(struct graph *graph)
{
	FILE *file = open_csv("turns.csv");
	char line[2048];

	graph->rows = calloc(graph->n_rows + 1, sizeof *graph->rows);
	graph->pair_first = calloc(graph->n_arcs + 2, sizeof *graph->pair_first);
	graph->pair_rows = calloc(graph->n_rows + 1, sizeof *graph->pair_rows);
	graph->long_rows = calloc(graph->n_rows + 1, sizeof *graph->long_rows);
	for (uint32_t r = 0; r < graph->n_rows; r++) {
		assert_non_null(fgets(line, sizeof line, file));
		read_row(line, &graph->rows[r]);
		if (graph->rows[r].n == 2)
			graph->pair_first[graph->rows[r].arcs[0] + 2]++;
		else
			graph->long_rows[graph->n_long++] = r;
	}
	fclose(file);
	for (uint32_t a = 0; a <= graph->n_arcs; a++)
		graph->pair_first[a + 1] += graph->pair_first[a];
	for (uint32_t r = 0; r < graph->n_rows; r++)
		if (graph->rows[r].n == 2)
			graph->pair_rows[graph->pair_first[graph->rows[r].arcs[0] + 1]++] = r;
}

static void read_graph(struct graph *graph)
{
	*graph = (struct graph){0};
	graph->n_nodes = count_rows("nodes.csv");
	graph->n_arcs = count_rows("arcs.csv");
	graph->n_rows = count_rows("turns.csv");
	read_arcs(graph);
	read_turns(graph);
}

static void free_graph(struct graph *graph)
{
	free(graph->tail);
	free(graph->head);
	free(graph->time);
	free(graph->dist);
	free(graph->out_first);
	free(graph->out);
	free(graph->rows);
	free(graph->pair_first);
	free(graph->pair_rows);
	free(graph->long_rows);
}

/* --- the search --------------------------------------------------------------------------------------------------- */

/* A label: at the end of the last of these arcs. */
struct label {
	int64_t time, dist;
	uint32_t n, driven[ROW_ARCS_MOST];
	int is_settled;
	uint32_t next_of_arc; /* chain of labels with the same last arc */
};

struct search {
	const struct graph *graph;
	struct label *labels;
	uint32_t n, cap;
	uint32_t *first_of_arc;
	uint32_t *queue, n_queue, cap_queue; /* binary heap of labels; stale entries are skipped */
	int64_t *queue_time, *queue_dist;
};

static int is_less(const struct search *search, uint32_t i, uint32_t k)
{
	if (search->queue_time[i] != search->queue_time[k])
		return search->queue_time[i] < search->queue_time[k];
	return search->queue_dist[i] < search->queue_dist[k];
}

static void swap_entries(struct search *search, uint32_t i, uint32_t k)
{
	uint32_t label = search->queue[i];
	int64_t time = search->queue_time[i], dist = search->queue_dist[i];

	search->queue[i] = search->queue[k];
	search->queue_time[i] = search->queue_time[k];
	search->queue_dist[i] = search->queue_dist[k];
	search->queue[k] = label;
	search->queue_time[k] = time;
	search->queue_dist[k] = dist;
}

static void push(struct search *search, uint32_t label)
{
	uint32_t i = search->n_queue++;

	if (search->n_queue > search->cap_queue) {
		search->cap_queue = search->cap_queue ? search->cap_queue * 2 : 1024;
		search->queue = realloc(search->queue, search->cap_queue * sizeof *search->queue);
		search->queue_time = realloc(search->queue_time, search->cap_queue * sizeof *search->queue_time);
		search->queue_dist = realloc(search->queue_dist, search->cap_queue * sizeof *search->queue_dist);
	}
	search->queue[i] = label;
	search->queue_time[i] = search->labels[label].time;
	search->queue_dist[i] = search->labels[label].dist;
	for (; i > 0 && is_less(search, i, (i - 1) / 2); i = (i - 1) / 2)
		swap_entries(search, i, (i - 1) / 2);
}

static uint32_t pop(struct search *search)
{
	uint32_t label = search->queue[0], i = 0;

	swap_entries(search, 0, --search->n_queue);
	for (;;) {
		uint32_t least = i;

		for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < search->n_queue && is_less(search, child, least))
				least = child;
		if (least == i)
			return label;
		swap_entries(search, i, least);
		i = least;
	}
}

static int is_prefix(const struct row *row, const uint32_t *arcs, uint32_t n)
{
	return n < row->n && memcmp(row->arcs, arcs, n * sizeof *arcs) == 0;
}

/* Forgets what no longer matters: more than the last arc only as far as it begins a long row. */
static void trim(const struct graph *graph, struct label *label)
{
	while (label->n > 1) {
		uint32_t i = 0;

		while (i < graph->n_long && !is_prefix(&graph->rows[graph->long_rows[i]], label->driven, label->n))
			i++;
		if (i < graph->n_long)
			return;
		label->n--;
		memmove(label->driven, label->driven + 1, label->n * sizeof *label->driven);
	}
}

/* What turning into arc costs after what the label has driven; -1 = forbidden. */
static int64_t turn_cost(const struct graph *graph, const struct label *label, uint32_t arc)
{
	uint32_t last = label->driven[label->n - 1];
	int64_t sum = 0;

	for (uint32_t i = graph->pair_first[last]; i < graph->pair_first[last + 1]; i++) {
		const struct row *row = &graph->rows[graph->pair_rows[i]];

		if (row->arcs[1] != arc)
			continue;
		if (row->cost_ms == -1)
			return -1;
		sum += row->cost_ms;
	}
	for (uint32_t i = 0; i < graph->n_long; i++) {
		const struct row *row = &graph->rows[graph->long_rows[i]];
		uint32_t before = row->n - 1;

		if (row->arcs[before] != arc || label->n < before ||
		    memcmp(row->arcs, label->driven + label->n - before, before * sizeof *row->arcs) != 0)
			continue;
		if (row->cost_ms == -1)
			return -1;
		sum += row->cost_ms;
	}
	return sum;
}

/* Adds a label, or lowers the one of the same history. */
static void add_label(struct search *search, struct label *label)
{
	uint32_t last = label->driven[label->n - 1], i;

	for (i = search->first_of_arc[last]; i != UINT32_MAX; i = search->labels[i].next_of_arc)
		if (search->labels[i].n == label->n &&
		    memcmp(search->labels[i].driven, label->driven, label->n * sizeof *label->driven) == 0)
			break;
	if (i != UINT32_MAX) {
		struct label *old = &search->labels[i];

		if (old->is_settled || old->time < label->time ||
		    (old->time == label->time && old->dist <= label->dist))
			return;
		old->time = label->time;
		old->dist = label->dist;
		push(search, i);
		return;
	}
	if (search->n == search->cap) {
		search->cap = search->cap ? search->cap * 2 : 1024;
		search->labels = realloc(search->labels, search->cap * sizeof *search->labels);
	}
	label->is_settled = 0;
	label->next_of_arc = search->first_of_arc[last];
	search->first_of_arc[last] = search->n;
	search->labels[search->n] = *label;
	push(search, search->n++);
}

static int64_t part_of(int64_t time, int64_t part, int64_t whole)
{
	return whole == 0 ? 0 : (time * part + whole - 1) / whole;
}

struct place {
	uint32_t arc;
	int64_t offset;
};

struct answer {
	int64_t time, dist;
};

static void offer(struct answer *answer, int64_t time, int64_t dist)
{
	if (answer->time == NO_TIME || time < answer->time || (time == answer->time && dist < answer->dist))
		*answer = (struct answer){time, dist};
}

/* Drives on from a settled label into every arc; every target on that arc is an answer. */
static void expand(struct search *search, uint32_t at, const struct place *targets, struct answer *answers,
		   uint32_t n_targets)
{
	const struct graph *graph = search->graph;
	struct label label = search->labels[at];
	uint32_t node = graph->head[label.driven[label.n - 1]];

	for (uint32_t i = graph->out_first[node]; i < graph->out_first[node + 1]; i++) {
		uint32_t arc = graph->out[i];
		int64_t cost = graph->time[arc] < 0 ? -1 : turn_cost(graph, &label, arc);
		struct label next = label;

		if (cost < 0)
			continue;
		for (uint32_t k = 0; k < n_targets; k++)
			if (targets[k].arc == arc)
				offer(&answers[k],
				      label.time + cost +
					      part_of(graph->time[arc], targets[k].offset, graph->dist[arc]),
				      label.dist + targets[k].offset);
		next.time = label.time + cost + graph->time[arc];
		next.dist = label.dist + graph->dist[arc];
		next.driven[next.n++] = arc;
		trim(graph, &next);
		add_label(search, &next);
	}
}

static void brute_force(const struct graph *graph, struct place from, const struct place *targets,
			struct answer *answers, uint32_t n_targets)
{
	struct search search = {.graph = graph};
	int64_t time = graph->time[from.arc], whole = graph->dist[from.arc];
	struct label start = {.n = 1, .driven = {from.arc}, .dist = whole - from.offset};

	for (uint32_t k = 0; k < n_targets; k++) {
		answers[k] = (struct answer){NO_TIME, 0};
		if (time >= 0 && targets[k].arc == from.arc && targets[k].offset >= from.offset)
			offer(&answers[k], part_of(time, targets[k].offset - from.offset, whole),
			      targets[k].offset - from.offset);
	}
	if (time < 0)
		return;
	search.first_of_arc = malloc(graph->n_arcs * sizeof *search.first_of_arc);
	memset(search.first_of_arc, 0xff, graph->n_arcs * sizeof *search.first_of_arc);
	start.time = part_of(time, whole - from.offset, whole);
	add_label(&search, &start);
	while (search.n_queue > 0) {
		uint32_t at = pop(&search);

		if (search.labels[at].is_settled)
			continue;
		search.labels[at].is_settled = 1;
		expand(&search, at, targets, answers, n_targets);
	}
	free(search.labels);
	free(search.first_of_arc);
	free(search.queue);
	free(search.queue_time);
	free(search.queue_dist);
}

/* --- comparing ---------------------------------------------------------------------------------------------------- */

static struct place random_place(struct rng *rng, const struct graph *graph)
{
	struct place place;

	do
		place.arc = rng_below(rng, graph->n_arcs);
	while (graph->time[place.arc] < 0);
	/* ends and beginnings are where off-by-one errors live */
	place.offset = rng_chance(rng, 100)   ? 0
		       : rng_chance(rng, 100) ? graph->dist[place.arc]
					      : (int64_t)rng_below(rng, (uint32_t)graph->dist[place.arc] + 1);
	return place;
}

static void write_pairs(struct rng *rng, const struct graph *graph, struct place *from, uint32_t n_from,
			struct place *to, uint32_t n_to)
{
	FILE *file = fopen(path_of("pairs.csv"), "w");

	assert_non_null(file);
	fputs("from_arc,from_mm,to_arc,to_mm\n", file);
	for (uint32_t i = 0; i < n_from; i++) {
		from[i] = random_place(rng, graph);
		for (uint32_t k = 0; k < n_to; k++) {
			struct place *target = &to[i * n_to + k];

			*target = random_place(rng, graph);
			if (k == 0) /* the same arc, before or behind */
				target->arc = from[i].arc,
				target->offset = (int64_t)rng_below(rng, (uint32_t)graph->dist[target->arc] + 1);
			fprintf(file, "%u,%" PRId64 ",%u,%" PRId64 "\n", from[i].arc, from[i].offset, target->arc,
				target->offset);
		}
	}
	assert_int_equal(fclose(file), 0);
}

static uint32_t compare_source(FILE *file, const struct graph *graph, struct place from, const struct place *to,
			       uint32_t n_to, uint32_t *n_reached)
{
	struct answer *answers = calloc(n_to, sizeof *answers);
	uint32_t n_wrong = 0;

	brute_force(graph, from, to, answers, n_to);
	for (uint32_t k = 0; k < n_to; k++) {
		int64_t got[6];

		assert_int_equal(fscanf(file,
					"%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 "\n",
					&got[0], &got[1], &got[2], &got[3], &got[4], &got[5]),
				 6);
		assert_true(got[0] == from.arc && got[1] == from.offset && got[2] == to[k].arc &&
			    got[3] == to[k].offset);
		if (answers[k].time == NO_TIME)
			answers[k] = (struct answer){-1, -1};
		*n_reached += answers[k].time >= 0;
		if (got[4] == answers[k].time && got[5] == answers[k].dist)
			continue;
		n_wrong++;
		print_error("from %u+%" PRId64 " to %u+%" PRId64 ": mapc %" PRId64 " ms %" PRId64
			    " mm, expected %" PRId64 " ms %" PRId64 " mm\n",
			    from.arc, from.offset, to[k].arc, to[k].offset, got[4], got[5], answers[k].time,
			    answers[k].dist);
	}
	free(answers);
	return n_wrong;
}

static void compare(const char *town, const char *class_name, uint64_t seed, uint32_t n_from, uint32_t n_to)
{
	const char *bin = getenv("ZUB_BIN");
	struct place *from = calloc(n_from, sizeof *from), *to = calloc((size_t)n_from * n_to, sizeof *to);
	uint32_t n_wrong = 0, n_reached = 0;
	struct graph graph;
	struct rng rng;
	FILE *file;

	run("%s/mapc export %s --class %s --nodes %s --arcs %s --turns %s", bin, path_of(town), class_name,
	    path_of("nodes.csv"), path_of("arcs.csv"), path_of("turns.csv"));
	read_graph(&graph);
	rng_seed(&rng, seed);
	write_pairs(&rng, &graph, from, n_from, to, n_to);
	run("%s/mapc route %s --class %s --pairs %s > %s", bin, path_of(town), class_name, path_of("pairs.csv"),
	    path_of("answers.csv"));
	file = open_csv("answers.csv");
	for (uint32_t i = 0; i < n_from; i++)
		n_wrong += compare_source(file, &graph, from[i], to + (size_t)i * n_to, n_to, &n_reached);
	fclose(file);
	print_message("%s, %s, seed %" PRIu64
		      ": %u pairs, %u reached, %u arcs, %u turn rows (%u longer than two arcs), %u wrong\n",
		      town, class_name, seed, n_from * n_to, n_reached, graph.n_arcs, graph.n_rows, graph.n_long,
		      n_wrong);
	assert_int_equal(n_wrong, 0);
	assert_true(n_reached * 2 > n_from * n_to || strcmp(class_name, "van") != 0);
	free_graph(&graph);
	free(from);
	free(to);
}

static int has_data(const char *file)
{
	char path[1024];

	snprintf(path, sizeof path, "%s/%s", getenv("ZUB_DATA"), file);
	if (access(path, R_OK) == 0)
		return 1;
	print_message("skipped: %s is not there\n", path);
	return 0;
}

static void heidelberg(void **state)
{
	(void)state;
	if (!has_data("heidelberg/heidelberg.test.pbf"))
		skip();
	run("%s/mapc build --osm %s/heidelberg/heidelberg.test.pbf -o %s > /dev/null", getenv("ZUB_BIN"),
	    getenv("ZUB_DATA"), path_of("heidelberg.zmap"));
	compare("heidelberg.zmap", "van", 1, 250, 40);
	compare("heidelberg.zmap", "shuttle", 2, 50, 40);
}

/* Has a restriction via a way; U-turns anywhere make it matter. */
static void kaiserslautern(void **state)
{
	FILE *file;

	(void)state;
	if (!has_data("kaiserslautern/kaiserslautern.osm.gz"))
		skip();
	file = fopen(path_of("town.yaml"), "w");
	assert_non_null(file);
	fputs("classes:\n  - name: van\n    u_turns: everywhere\n    u_turn: 1 s\n    roads: [motorway, trunk, "
	      "primary, secondary, tertiary, "
	      "unclassified, residential, living_street, service]\n    speed_kmh: 100\n",
	      file);
	fclose(file);
	run("%s/mapc build --osm %s/kaiserslautern/kaiserslautern.osm.gz --town %s -o %s > /dev/null",
	    getenv("ZUB_BIN"), getenv("ZUB_DATA"), path_of("town.yaml"), path_of("kaiserslautern.zmap"));
	compare("kaiserslautern.zmap", "van", 3, 50, 40);
}

#define GRID 14

/* A town of single blocks with many restrictions over one and two via ways, some "only": long rows everywhere. */
static void write_grid(uint64_t seed)
{
	FILE *file = fopen(path_of("grid.osm"), "w");
	struct rng rng;

	assert_non_null(file);
	rng_seed(&rng, seed);
	fputs("<osm version='0.6'>\n", file);
	for (int i = 0; i < GRID * GRID; i++)
		fprintf(file, "<node id='%d' lat='%.7f' lon='%.7f'/>\n", i + 1, 49.4 + 0.001 * (i / GRID),
			8.6 + 0.0015 * (i % GRID));
	for (int i = 0; i < GRID * GRID; i++) /* way 1000 + i leads east, 2000 + i north */
		for (int north = 0; north < 2; north++) {
			int to = north ? i + GRID : i + 1;

			if (north ? i / GRID == GRID - 1 : i % GRID == GRID - 1)
				continue;
			fprintf(file,
				"<way id='%d'><nd ref='%d'/><nd ref='%d'/><tag k='highway' v='residential'/><tag "
				"k='maxspeed' v='%u'/>%s</way>\n",
				(north ? 2000 : 1000) + i, i + 1, to + 1, 10 + 10 * rng_below(&rng, 4),
				rng_chance(&rng, 100) ? "<tag k='oneway' v='yes'/>" : "");
		}
	for (int r = 0; r < 150; r++) { /* east, then one or two blocks north, then east or north again */
		int row = (int)rng_below(&rng, GRID - 3), column = (int)rng_below(&rng, GRID - 3),
		    i = row * GRID + column;
		int n_via = 1 + rng_chance(&rng, 400), end = i + 1 + n_via * GRID;
		static const char *const kinds[] = {"no_right_turn", "no_straight_on", "only_right_turn"};

		fprintf(file, "<relation id='%d'><member type='way' ref='%d' role='from'/>", r + 1, 1000 + i);
		for (int k = 0; k < n_via; k++)
			fprintf(file, "<member type='way' ref='%d' role='via'/>", 2000 + i + 1 + k * GRID);
		fprintf(file,
			"<member type='way' ref='%d' role='to'/><tag k='type' v='restriction'/><tag k='restriction' "
			"v='%s'/>%s</relation>\n",
			(rng_chance(&rng, 500) ? 1000 : 2000) + end,
			kinds[rng_below(&rng, 10) == 0 ? 2 : rng_below(&rng, 2)],
			rng_chance(&rng, 100) ? "<tag k='except' v='motorcar'/>" : "");
	}
	fputs("</osm>\n", file);
	assert_int_equal(fclose(file), 0);
}

static void many_via_ways(void **state)
{
	(void)state;
	for (uint64_t seed = 10; seed < 14; seed++) {
		FILE *file = fopen(path_of("grid.yaml"), "w");

		assert_non_null(file);
		fprintf(file, "classes: [{name: van, u_turns: %s, u_turn: 2 s}]\n",
			seed & 1 ? "everywhere" : "dead_ends");
		fclose(file);
		write_grid(seed);
		run("%s/mapc build --osm %s --town %s -o %s > /dev/null", getenv("ZUB_BIN"), path_of("grid.osm"),
		    path_of("grid.yaml"), path_of("grid.zmap"));
		compare("grid.zmap", "van", seed, 40, 25);
	}
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(heidelberg), cmocka_unit_test(kaiserslautern),
					   cmocka_unit_test(many_via_ways)};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
