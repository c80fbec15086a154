#include "routing.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "improve.h"

#define SCALE 100000
#define NODES_MAX 2001
#define VALUE_MAX 10000.0 /* beyond it sums would not fit */
#define CHUNK 500	  /* iterations between looks at the clock */
#define SHRINK_CHUNK 50
#define GATHER_SHARE 0.05 /* of all the time, for one plan */
#define PDPTW_ROUNDS 5	  /* the first of these begins at the best plan, the others elsewhere */

struct node {
	double x, y, service, earliest, latest;
	int32_t load;
	uint32_t pickup, dropoff; /* of pdptw: the other stop, 0 = none */
};

struct instance {
	const char *path;
	uint32_t vehicles, n_nodes; /* node 0 is the depot */
	double duration_max, ride_max;
	int32_t capacity;
	struct node nodes[NODES_MAX];
	/* columns */
	int32_t *time, *earliest, *latest, *service, *ride, *load;
	uint32_t *pickup, *dropoff;
	struct improve_problem problem;
};

/* ---- reading ---- */

struct reader {
	FILE *file;
	const char *path;
	int line;
	char text[512];
	struct err_detail *detail;
};

/* The next line with something on it, as n numbers at least; returns how many there are, 0 at the end, -1 wrong. */
static int numbers(struct reader *reader, double *values, int least, int most)
{
	while (fgets(reader->text, sizeof reader->text, reader->file)) {
		char *at = reader->text, *end;
		int n = 0;
		reader->line++;
		if (strspn(at, " \t\r\n") == strlen(at))
			continue;
		for (; n < most; n++, at = end) {
			values[n] = strtod(at, &end);
			if (end == at || !isfinite(values[n]))
				break;
		}
		if (n >= least && strspn(at, " \t\r\n") == strlen(at))
			return n;
		err_set(reader->detail, ERR_FORMAT, "%s:%d: expected %d to %d numbers", reader->path, reader->line,
			least, most);
		return -1;
	}
	return 0;
}

static int in_range(struct reader *reader, const double *values, int n)
{
	for (int i = 0; i < n; i++)
		if (fabs(values[i]) > VALUE_MAX)
			return err_set(reader->detail, ERR_FORMAT, "%s:%d: %g is not within -%g .. %g", reader->path,
				       reader->line, values[i], VALUE_MAX, VALUE_MAX);
	return ERR_OK;
}

static int is_count(double value, double most)
{
	return value >= 0 && value <= most && value == floor(value);
}

static int wrong(struct reader *reader, const char *what)
{
	return err_set(reader->detail, ERR_FORMAT, "%s:%d: %s", reader->path, reader->line, what);
}

static int put_node(struct reader *reader, struct instance *in, const double *v, double load)
{
	if (!is_count(v[0], NODES_MAX - 1) || v[0] != in->n_nodes)
		return wrong(reader, "expected the node numbers 0, 1, 2, ... in order");
	if (load != floor(load))
		return wrong(reader, "a load is a whole number");
	in->nodes[in->n_nodes++] = (struct node){.x = v[1], .y = v[2], .load = (int32_t)load};
	return ERR_OK;
}

static int read_darp_rows(struct reader *reader, struct instance *in, uint32_t n_stops)
{
	double v[7];
	int n;
	while ((n = numbers(reader, v, 7, 7)) > 0) {
		if (in->n_nodes > n_stops) { /* some files end with a second depot: the same place */
			if (v[0] == n_stops + 1 && v[1] == in->nodes[0].x && v[2] == in->nodes[0].y)
				continue;
			return wrong(reader, "a row too many");
		}
		if (in_range(reader, v, 7) || put_node(reader, in, v, v[4]))
			return ERR_FORMAT;
		struct node *node = &in->nodes[in->n_nodes - 1];
		node->service = v[3];
		node->earliest = v[5];
		node->latest = v[6];
	}
	if (n == 0 && in->n_nodes != n_stops + 1)
		return wrong(reader, "fewer rows than the first line says");
	return n ? ERR_FORMAT : ERR_OK;
}

static int read_darp(struct reader *reader, struct instance *in)
{
	double v[5];
	if (numbers(reader, v, 5, 5) <= 0 || in_range(reader, v, 5))
		return reader->detail->text[0] ? ERR_FORMAT : wrong(reader, "expected vehicles, stops, durations");
	if (!is_count(v[0], 1000) || !is_count(v[1], NODES_MAX - 1) || v[0] < 1 || v[1] < 2 || fmod(v[1], 2) != 0 ||
	    v[2] < 0 || v[4] < 0 || !is_count(v[3], 10000))
		return wrong(reader, "expected vehicles, 2 x requests, longest route, capacity, longest ride");
	in->vehicles = (uint32_t)v[0];
	in->duration_max = v[2];
	in->capacity = (int32_t)v[3];
	in->ride_max = v[4];
	int code = read_darp_rows(reader, in, (uint32_t)v[1]);
	for (uint32_t i = 1; !code && i <= (uint32_t)v[1] / 2; i++) {
		in->nodes[i].dropoff = i + (uint32_t)v[1] / 2;
		if (in->nodes[i].load < 0 || in->nodes[i].load != -in->nodes[in->nodes[i].dropoff].load)
			return wrong(reader, "the load of a drop-off is that of its pickup, negative");
	}
	return code;
}

static int read_pdptw(struct reader *reader, struct instance *in)
{
	double v[9];
	int n;
	if (numbers(reader, v, 2, 3) <= 0 || in_range(reader, v, 2))
		return reader->detail->text[0] ? ERR_FORMAT : wrong(reader, "expected vehicles and capacity");
	if (!is_count(v[0], 1000) || v[0] < 1 || !is_count(v[1], 10000))
		return wrong(reader, "expected vehicles and capacity");
	in->vehicles = (uint32_t)v[0];
	in->capacity = (int32_t)v[1];
	in->duration_max = in->ride_max = -1;
	while ((n = numbers(reader, v, 9, 9)) > 0) {
		if (in_range(reader, v, 9) || put_node(reader, in, v, v[3]))
			return ERR_FORMAT;
		struct node *node = &in->nodes[in->n_nodes - 1];
		if (!is_count(v[7], NODES_MAX - 1) || !is_count(v[8], NODES_MAX - 1))
			return wrong(reader, "expected the number of the pickup and of the delivery");
		node->earliest = v[4];
		node->latest = v[5];
		node->service = v[6];
		node->pickup = (uint32_t)v[7];
		node->dropoff = (uint32_t)v[8];
	}
	for (uint32_t i = 1; n == 0 && i < in->n_nodes; i++) {
		const struct node *node = &in->nodes[i];
		uint32_t other = node->pickup ? node->pickup : node->dropoff;
		if (!other || other >= in->n_nodes || (node->pickup && node->dropoff) ||
		    (node->dropoff && in->nodes[other].pickup != i) ||
		    (node->pickup && in->nodes[other].dropoff != i) || node->load != -in->nodes[other].load)
			return err_set(reader->detail, ERR_FORMAT, "%s: node %u: not one of a pair", reader->path, i);
	}
	return n ? ERR_FORMAT : in->n_nodes > 2 ? ERR_OK : wrong(reader, "no stops");
}

static int read_instance(struct instance *in, const struct routing_options *options, struct err_detail *detail)
{
	struct reader reader = {.path = options->path, .detail = detail};
	reader.file = fopen(options->path, "r");
	if (!reader.file)
		return err_set(detail, ERR_IO, "%s: %s", options->path, strerror(errno));
	detail->text[0] = 0;
	int code = options->kind == ROUTING_DARP ? read_darp(&reader, in) : read_pdptw(&reader, in);
	fclose(reader.file);
	return code;
}

/* ---- as columns ---- */

static int32_t scaled(double value)
{
	return (int32_t)llround(value * SCALE);
}

static void fill_nodes(struct instance *in)
{
	for (uint32_t i = 0; i < in->n_nodes; i++) {
		const struct node *a = &in->nodes[i];
		in->earliest[i] = scaled(a->earliest);
		in->latest[i] = scaled(a->latest);
		in->service[i] = scaled(a->service);
		for (uint32_t k = 0; k < in->n_nodes; k++) {
			const struct node *b = &in->nodes[k];
			double x = (double)scaled(a->x) - scaled(b->x), y = (double)scaled(a->y) - scaled(b->y);
			in->time[(size_t)i * in->n_nodes + k] = (int32_t)llround(sqrt(x * x + y * y));
		}
	}
}

static void fill_requests(struct instance *in)
{
	struct improve_problem *p = &in->problem;
	for (uint32_t i = 1; i < in->n_nodes; i++) {
		if (!in->nodes[i].dropoff)
			continue;
		in->pickup[p->n_requests] = i;
		in->dropoff[p->n_requests] = in->nodes[i].dropoff;
		in->load[p->n_requests] = in->nodes[i].load;
		in->ride[p->n_requests] = in->ride_max < 0 ? IMPROVE_NO_LIMIT : scaled(in->ride_max);
		p->n_requests++;
	}
}

static int columns(struct instance *in, struct arena *arena)
{
	const size_t n = in->n_nodes;
	if (arena_open(arena, (n * n + 8 * n) * sizeof(int32_t) + 4096))
		return ERR_MEMORY;
	in->time = arena_take(arena, n * n, sizeof *in->time);
	in->earliest = arena_take(arena, n, sizeof *in->earliest);
	in->latest = arena_take(arena, n, sizeof *in->latest);
	in->service = arena_take(arena, n, sizeof *in->service);
	in->ride = arena_take(arena, n, sizeof *in->ride);
	in->load = arena_take(arena, n, sizeof *in->load);
	in->pickup = arena_take(arena, n, sizeof *in->pickup);
	in->dropoff = arena_take(arena, n, sizeof *in->dropoff);
	in->problem = (struct improve_problem){.n_nodes = in->n_nodes,
					       .n_vehicles = in->vehicles,
					       .n_dims = 1,
					       .time = in->time,
					       .cost = in->time,
					       .earliest = in->earliest,
					       .latest = in->latest,
					       .service = in->service,
					       .pickup = in->pickup,
					       .dropoff = in->dropoff,
					       .ride_max = in->ride,
					       .load = in->load,
					       .duration_max = in->duration_max < 0 ? IMPROVE_NO_LIMIT
										    : scaled(in->duration_max),
					       .capacity = &in->capacity};
	fill_nodes(in);
	fill_requests(in);
	return ERR_OK;
}

/* ---- searching and telling ---- */

static double spent(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A typical way between two stops: what one bad decision costs. */
static int32_t mean_way(const struct instance *in)
{
	int64_t sum = 0, n = (int64_t)in->n_nodes * in->n_nodes;
	for (int64_t i = 0; i < n; i++)
		sum += in->time[i];
	return (int32_t)(sum / n) + 1;
}

/* A cooling that begins at the best plan ends there again where vehicles are few: it begins at another plan. */
static void elsewhere(struct improve *improve, double seconds, double end)
{
	const double until = fmin(spent() + seconds * GATHER_SHARE, end);
	improve_scatter(improve);
	while (!improve_gather(improve, SHRINK_CHUNK) && spent() < until)
		;
}

static void search(struct improve *improve, const struct instance *in, const struct routing_options *options)
{
	const double end = spent() + options->seconds, shrink_end = spent() + options->seconds * 0.3;
	const int32_t hot = mean_way(in) / 4;
	uint64_t cooling = (uint64_t)20000 + 400 * (uint64_t)in->n_nodes;
	improve_construct(improve);
	while (options->kind == ROUTING_PDPTW && spent() < shrink_end)
		improve_shrink(improve, SHRINK_CHUNK);
	for (uint32_t round = 0; spent() < end; round++) {
		if (options->kind == ROUTING_PDPTW && round % PDPTW_ROUNDS)
			elsewhere(improve, options->seconds, end);
		improve_heat(improve, cooling, hot);
		while (improve_cool(improve, CHUNK) && spent() < end)
			;
		if (options->kind == ROUTING_DARP)
			cooling += cooling / 2; /* each round searches longer */
		else if (round % PDPTW_ROUNDS == 0)
			cooling += cooling / 4;
		if (options->progress)
			fprintf(options->progress, "%.0f s left, cost %.4f\n", end - spent(),
				(double)improve_best(improve).cost / SCALE);
	}
}

static json_t *route_json(const struct improve *improve, const uint32_t *nodes, uint32_t n, json_t *times)
{
	int32_t begins[NODES_MAX + 1];
	json_t *route = json_array(), *list = json_array();
	if (improve_times(improve, nodes, n, begins)) {
		json_decref(list);
		return route;
	}
	for (uint32_t k = 0; k < n; k++) {
		json_array_append_new(route, json_integer(nodes[k]));
		json_array_append_new(list, json_real((double)begins[k] / SCALE));
	}
	json_array_append_new(times, list);
	return route;
}

static int tell(const struct improve *improve, const struct instance *in, double seconds, FILE *out,
		struct err_detail *detail)
{
	struct improve_answer answer = improve_best(improve);
	const char *name = strrchr(in->path, '/');
	if (answer.n_absent)
		return err_set(detail, ERR_UNREACHABLE, "%s: no plan found for %u of %u requests", in->path,
			       answer.n_absent, in->problem.n_requests);
	json_t *routes = json_array(), *times = json_array();
	for (uint32_t v = 0; v < in->vehicles; v++) {
		uint32_t n;
		const uint32_t *nodes = improve_route(improve, v, &n);
		if (n > 2)
			json_array_append_new(routes, route_json(improve, nodes, n, times));
	}
	json_t *all = json_pack("{s:s, s:f, s:i, s:f, s:o, s:o}", "instance", name ? name + 1 : in->path, "cost",
				(double)answer.cost / SCALE, "vehicles", (int)answer.n_vehicles, "seconds", seconds,
				"routes", routes, "times", times);
	json_dumpf(all, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	fputc('\n', out);
	json_decref(all);
	return ERR_OK;
}

int routing_solve(const struct routing_options *options, FILE *out, struct err_detail *detail)
{
	struct instance *in = calloc(1, sizeof *in);
	struct arena arena = {0}, scratch = {0};
	struct improve *improve = NULL;
	if (!in)
		return err_set(detail, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	in->path = options->path;
	int code = read_instance(in, options, detail);
	double begun = spent();
	if (!code && (code = columns(in, &arena) || arena_open(&scratch, improve_size(&in->problem)) ? ERR_MEMORY : 0))
		err_set(detail, code, "%s: %s", options->path, err_text(code));
	if (!code && (code = improve_open(&improve, &in->problem, options->seed, &scratch)))
		err_set(detail, code, "%s: windows, loads or durations that cannot be", options->path);
	if (!code) {
		search(improve, in, options);
		code = tell(improve, in, spent() - begun, out, detail);
	}
	arena_close(&scratch);
	arena_close(&arena);
	free(in);
	return code;
}
