// link: PkgConfig::jansson m
/* `sim darp` and `sim pdptw` on public instances: each answer is checked stop by stop from the instance file alone, and
 * its cost against the proven optimum or the best known plan. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#define NODES_MAX 256
#define SMALL 2e-4 /* of distances rounded to 1e-5, summed over a route */

struct row {
	double x, y, load, earliest, latest, service;
	int mate, is_pickup;
};
struct file {
	int n, vehicles, is_darp;
	double duration_max, capacity, ride_max;
	struct row rows[NODES_MAX];
};

static int path_of(char *path, size_t size, const char *kind, const char *name)
{
	snprintf(path, size, "%s/%s/%s.txt", getenv("ZUB_DATA") ? getenv("ZUB_DATA") : "", kind, name);
	if (access(path, R_OK) == 0)
		return 1;
	print_message("skipped: %s is missing\n", path);
	return 0;
}

static void read_darp(struct file *file, FILE *in)
{
	int stops, id;
	struct row r;
	assert_int_equal(fscanf(in, "%d %d %lf %lf %lf", &file->vehicles, &stops, &file->duration_max, &file->capacity,
				&file->ride_max),
			 5);
	while (file->n <= stops && fscanf(in, "%d %lf %lf %lf %lf %lf %lf", &id, &r.x, &r.y, &r.service, &r.load,
					  &r.earliest, &r.latest) == 7) {
		r.is_pickup = id <= stops / 2;
		r.mate = r.is_pickup ? id + stops / 2 : id - stops / 2;
		file->rows[file->n++] = r;
	}
}

static void read_pdptw(struct file *file, FILE *in)
{
	int id, from, to, speed;
	struct row r;
	file->duration_max = file->ride_max = 1e9;
	assert_int_equal(fscanf(in, "%d %lf %d", &file->vehicles, &file->capacity, &speed), 3);
	while (fscanf(in, "%d %lf %lf %lf %lf %lf %lf %d %d", &id, &r.x, &r.y, &r.load, &r.earliest, &r.latest,
		      &r.service, &from, &to) == 9) {
		r.is_pickup = to != 0;
		r.mate = to ? to : from;
		file->rows[file->n++] = r;
	}
}

static double way(const struct file *file, int a, int b)
{
	return hypot(file->rows[a].x - file->rows[b].x, file->rows[a].y - file->rows[b].y);
}

static double route_holds(const struct file *file, json_t *route, json_t *times, int *seen)
{
	double load = 0, cost = 0, begun[NODES_MAX];
	size_t n = json_array_size(route);
	assert_true(n > 2 && json_array_size(times) == n);
	for (int i = 0; i < NODES_MAX; i++)
		begun[i] = -1;
	for (size_t k = 0; k < n; k++) {
		int id = (int)json_integer_value(json_array_get(route, k));
		double at = json_number_value(json_array_get(times, k));
		const struct row *row = &file->rows[id];
		assert_true(id >= 0 && id < file->n && (id == 0) == (k == 0 || k + 1 == n));
		assert_true(at >= row->earliest - SMALL && at <= row->latest + SMALL);
		if (k) {
			int last = (int)json_integer_value(json_array_get(route, k - 1));
			double left = json_number_value(json_array_get(times, k - 1)) + file->rows[last].service;
			cost += way(file, last, id);
			assert_true(at >= left + way(file, last, id) - SMALL);
		}
		if (id == 0)
			continue;
		load += row->load;
		assert_true(load <= file->capacity && load >= 0 && seen[id]++ == 0);
		begun[id] = at;
		if (!row->is_pickup) {
			assert_true(begun[row->mate] >= 0); /* before it, in this very route */
			assert_true(at - begun[row->mate] - file->rows[row->mate].service <= file->ride_max + SMALL);
		}
	}
	assert_true(load == 0); /* so every pickup has its drop-off in this route */
	assert_true(json_number_value(json_array_get(times, n - 1)) - json_number_value(json_array_get(times, 0)) <=
		    file->duration_max + SMALL);
	return cost;
}

static json_t *solved(const char *kind, const char *path, int seconds)
{
	char command[1024];
	json_error_t error;
	snprintf(command, sizeof command, "%s/sim %s %s --seconds %d --seed 1 --json", getenv("ZUB_BIN"), kind, path,
		 seconds);
	FILE *out = popen(command, "r");
	json_t *answer = json_loadf(out, 0, &error);
	assert_int_equal(pclose(out), 0);
	assert_non_null(answer);
	return answer;
}

/* Returns its cost; *ret_vehicles used. */
static double answer_holds(const char *kind, const char *path, int seconds, int *ret_vehicles)
{
	static struct file file;
	int seen[NODES_MAX] = {0};
	double cost = 0;
	FILE *in = fopen(path, "r");
	memset(&file, 0, sizeof file);
	if (!strcmp(kind, "darp"))
		read_darp(&file, in);
	else
		read_pdptw(&file, in);
	fclose(in);
	json_t *answer = solved(kind, path, seconds), *routes = json_object_get(answer, "routes"),
	       *times = json_object_get(answer, "times");
	for (size_t r = 0; r < json_array_size(routes); r++)
		cost += route_holds(&file, json_array_get(routes, r), json_array_get(times, r), seen);
	for (int i = 1; i < file.n; i++)
		assert_int_equal(seen[i], 1);
	*ret_vehicles = (int)json_array_size(routes);
	assert_int_equal(json_integer_value(json_object_get(answer, "vehicles")), *ret_vehicles);
	assert_true(*ret_vehicles <= file.vehicles);
	assert_true(fabs(json_number_value(json_object_get(answer, "cost")) - cost) < file.n * 1e-4);
	json_decref(answer);
	return cost;
}

static void dial_a_ride(void **state)
{
	static const struct {
		const char *name;
		double optimum;
	} known[] = {{"a2-16", 294.2480}, {"R1a", 190.0187}};
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char path[512];
		int vehicles;
		if (!path_of(path, sizeof path, "darp", known[i].name))
			return;
		double cost = answer_holds("darp", path, 1, &vehicles);
		assert_true(cost > known[i].optimum - 0.001 && cost < known[i].optimum * 1.01);
	}
}

static void pickup_and_delivery(void **state)
{
	char path[512];
	int vehicles;
	(void)state;
	if (!path_of(path, sizeof path, "pdptw", "lc101"))
		return;
	double cost = answer_holds("pdptw", path, 2, &vehicles);
	assert_int_equal(vehicles, 10);
	assert_true(cost > 828.93 && cost < 828.94 * 1.01);
}

static void refused(const char *kind, const char *text, const char *said)
{
	char command[1024], line[512] = "";
	FILE *file = fopen("routing-bad.txt", "w");
	fputs(text, file);
	fclose(file);
	snprintf(command, sizeof command, "%s/sim %s routing-bad.txt --seconds 1 2>&1", getenv("ZUB_BIN"), kind);
	FILE *out = popen(command, "r");
	assert_non_null(fgets(line, sizeof line, out));
	assert_int_not_equal(pclose(out), 0);
	if (!strstr(line, said))
		fail_msg("expected \"%s\", got: %s", said, line);
	remove("routing-bad.txt");
}

static void bad_files(void **state)
{
	(void)state;
	refused("darp", "", "expected vehicles");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 0 1440\n1 1 1 3 1 0 1440\n", "fewer rows");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 0 1440\n2 1 1 3 1 0 1440\n",
		"routing-bad.txt:3: expected the node numbers");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 0 1440\n1 1 x 3 1 0 1440\n",
		"routing-bad.txt:3: expected 7 to 7 numbers");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 0 1440\n1 1 1e9 3 1 0 1440\n", "not within");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 0 1440\n1 1 1 3 1 0 1440\n2 1 1 3 1 0 1440\n", "negative");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 9 8\n1 1 1 3 1 0 1440\n2 1 1 3 -1 0 1440\n", "cannot be");
	refused("darp", "1 2 480 3 30\n0 0 0 0 0 0 1440\n1 90 1 3 1 0 10\n2 1 1 3 -1 0 1440\n",
		"no plan found for 1 of 1");
	refused("pdptw", "1 200\n0 0 0 0 0 9 0 0 0\n1 1 1 5 0 9 0 0 3\n", "node 1: not one of a pair");
	refused("pdptw", "0.5 200 1\n", "expected vehicles and capacity");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dial_a_ride),
		cmocka_unit_test(pickup_and_delivery),
		cmocka_unit_test(bad_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
