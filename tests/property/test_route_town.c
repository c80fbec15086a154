// link: zub_compile zub_route zub_city zub_base
/* The route search on the real Heidelberg network: searches from both ends, one by one and in matrices agree; each path
 * drives from arc to arc as the turn rows allow and costs what the search says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "compile.h"
#include "rng.h"
#include "route.h"

#define SEED 20260102
#define SPOTS 40
#define ARCS_MOST 20000

struct real {
	struct build build;
	struct arena arena;
	struct route_graph *graph;
	struct route_query *query;
	struct route_metric metric;
	struct spot from[SPOTS], to[SPOTS];
};

static int real_open(struct real *real, uint32_t class_index)
{
	static struct town_settings settings;
	char path[512];
	struct err_detail detail = {{0}};
	snprintf(path, sizeof path, "%s/heidelberg/heidelberg.test.pbf", getenv("ZUB_DATA") ? getenv("ZUB_DATA") : "");
	if (access(path, R_OK)) {
		print_message("skipped: %s is missing\n", path);
		return 0;
	}
	struct compile_options options = {.osm_path = path, .settings = &settings};
	assert_int_equal(town_settings_default(&settings), 0);
	assert_int_equal(build_open(&real->build), 0);
	assert_int_equal(compile_town(&real->build, &options, &detail), 0);
	const struct network *road = &real->build.town.road;
	assert_int_equal(arena_open(&real->arena, route_graph_size(road) + (64u << 20)), 0);
	assert_int_equal(route_graph_open(&real->graph, road, &real->arena), 0);
	assert_int_equal(route_query_open(&real->query, real->graph, &real->arena), 0);
	real->metric = (struct route_metric){class_index, &road->time_ms[(size_t)class_index * road->n_arcs]};
	return 1;
}

static void real_close(struct real *real)
{
	arena_close(&real->arena);
	build_close(&real->build);
}

/* Mostly in the class's main part, sometimes where no way may lead. */
static struct spot spot_random(const struct real *real, struct rng *rng)
{
	const struct network *road = &real->build.town.road;
	int is_main = rng_chance(rng, 850);
	uint32_t arc;
	do
		arc = rng_below(rng, road->n_arcs);
	while (real->metric.time_ms[arc] == TIME_INFINITE ||
	       (is_main && !(road->main_mask[arc] >> real->metric.class_index & 1)));
	return (struct spot){arc, rng_below(rng, road->dist_mm[arc] + 1)};
}

/* A spot part of the way along an arc costs its share of the arc's time, rounded up. */
static uint64_t part_ms(const struct real *real, uint32_t arc, uint32_t part_mm)
{
	uint64_t length = real->build.town.road.dist_mm[arc];
	return length ? (real->metric.time_ms[arc] * (uint64_t)part_mm + length - 1) / length : 0;
}

static void check_drive(const struct real *real, struct spot from, struct spot to, const uint32_t *arcs, uint32_t n,
			struct route_result result)
{
	const struct network *road = &real->build.town.road;
	uint32_t rest = road->dist_mm[from.arc] - from.offset_mm;
	uint64_t time = part_ms(real, from.arc, rest), dist = rest;
	for (uint32_t i = 1; i < n; i++) {
		int32_t turn = route_turn_ms(real->graph, real->metric.class_index, arcs, i, arcs[i]);
		assert_true(turn >= 0);
		assert_int_equal(road->tail[arcs[i]], road->head[arcs[i - 1]]);
		uint32_t part = i + 1 == n ? to.offset_mm : road->dist_mm[arcs[i]];
		time += (uint64_t)turn + (i + 1 == n ? part_ms(real, arcs[i], part) : real->metric.time_ms[arcs[i]]);
		dist += part;
	}
	assert_int_equal(time, result.time_ms);
	assert_int_equal(dist, result.dist_mm);
}

static void check_path(struct real *real, struct spot from, struct spot to, struct route_result expected)
{
	static uint32_t arcs[ARCS_MOST];
	struct route_result result;
	uint32_t n = 0;
	int code = route_path(real->query, &real->metric, from, to, &result, arcs, &n, ARCS_MOST);
	assert_true((code == ERR_UNREACHABLE) == (expected.time_ms == TIME_INFINITE));
	if (code)
		return;
	assert_int_equal(result.time_ms, expected.time_ms);
	assert_int_equal(result.dist_mm, expected.dist_mm);
	assert_int_equal(arcs[0], from.arc);
	assert_int_equal(arcs[n - 1], to.arc);
	if (n > 1)
		check_drive(real, from, to, arcs, n, result);
}

static void all_searches_agree(uint32_t class_index)
{
	static struct real real;
	static struct route_result matrix[SPOTS * SPOTS], row[SPOTS], column[SPOTS];
	struct rng rng;
	uint32_t n_reached = 0;
	if (!real_open(&real, class_index))
		skip();
	rng_seed(&rng, SEED + class_index);
	for (int i = 0; i < SPOTS; i++) {
		real.from[i] = spot_random(&real, &rng);
		real.to[i] = spot_random(&real, &rng);
	}
	route_matrix(real.query, &real.metric, real.from, SPOTS, real.to, SPOTS, matrix);
	for (uint32_t i = 0; i < SPOTS; i++) {
		route_to_many(real.query, &real.metric, real.from[i], real.to, SPOTS, row);
		route_from_many(real.query, &real.metric, real.from, SPOTS, real.to[i], column);
		for (uint32_t j = 0; j < SPOTS; j++) {
			assert_memory_equal(&row[j], &matrix[i * SPOTS + j], sizeof row[j]);
			assert_memory_equal(&column[j], &matrix[j * SPOTS + i], sizeof column[j]);
			check_path(&real, real.from[i], real.to[j], row[j]);
			n_reached += row[j].time_ms != TIME_INFINITE;
		}
	}
	print_message("seed %d, class %u: %u of %d pairs reached\n", SEED, class_index, n_reached, SPOTS * SPOTS);
	assert_true(n_reached > SPOTS * SPOTS / 4);
	real_close(&real);
}

static void shuttle_searches_agree(void **state)
{
	(void)state;
	all_searches_agree(0);
}

static void van_searches_agree(void **state)
{
	(void)state;
	all_searches_agree(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shuttle_searches_agree),
		cmocka_unit_test(van_searches_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
