// link: zub_core zub_route zub_town_file
/* Driving times of the core while streets close, slow down and open again, on the generated town with its hierarchy,
 * pins and kept rows, against one plain search per pair on times changed by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "distance.h"
#include "rng.h"
#include "town.h"

#define ROUNDS 12
#define PLACES 24

struct stage {
	struct town file;
	const struct town *town;
	struct arena arena;
	struct distance *distance;
	struct route_graph *graph;
	struct route_query *query;
	uint32_t *times;
	uint32_t profiles, slowest; /* that hold; of the slowest metrics */
	struct wire_street streets[WIRE_STREETS_MAX];
	uint32_t n_streets;
	struct rng rng;
};

static void stage_open(struct stage *stage)
{
	struct err_detail detail;
	char command[1024];
	snprintf(command, sizeof command,
		 "m=%s/mapc; d=$(mktemp -d) && $m synth --seed 5 --inhabitants 5000 --osm $d/a.pbf --gtfs $d/a.zip "
		 ">/dev/null 2>&1 && printf 'profiles:\\n- {slow: 1.5, roads: {tertiary: 3}}\\n- {speed_kmh: 9, roads: "
		 "{residential: "
		 "2}}\\n- {name: snow, condition: true, slow: 1.2, closed: [tertiary], classes: [van]}\\n' >$d/t.yaml "
		 "&& $m build --osm $d/a.pbf --gtfs $d/a.zip --town $d/t.yaml -o streets.zmap "
		 ">/dev/null 2>&1; rm -r $d",
		 getenv("ZUB_BIN"));
	assert_int_equal(system(command), 0);
	memset(stage, 0, sizeof *stage);
	assert_int_equal(town_open(&stage->file, "streets.zmap", &detail), 0);
	stage->town = &stage->file;
	const struct network *road = &stage->town->road;
	assert_int_equal(arena_open(&stage->arena, distance_size(stage->town, PLACES) + 2 * route_graph_size(road) +
							   2 * route_query_size_most(road) +
							   road->n_arcs * sizeof(uint32_t) + (16u << 20)),
			 0);
	assert_int_equal(distance_open(&stage->distance, stage->town, PLACES, &stage->arena), 0);
	assert_int_equal(route_graph_open(&stage->graph, road, &stage->arena), 0);
	assert_int_equal(route_query_open(&stage->query, stage->graph, &stage->arena), 0);
	stage->times = arena_take(&stage->arena, road->n_arcs, sizeof *stage->times);
	const char *seed = getenv("ZUB_SEED");
	rng_seed(&stage->rng, seed ? strtoull(seed, NULL, 10) : 20261123);
}

/* Near the places too, so that some are caught on a closed street. */
static void streets_draw(struct stage *stage, const struct place *places)
{
	const uint32_t n_arcs = stage->town->road.n_arcs;
	uint8_t *is_drawn = calloc(n_arcs, 1);
	uint32_t n = rng_below(&stage->rng, WIRE_STREETS_MAX + 1);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = rng_below(&stage->rng, 4) ? NONE : places[rng_below(&stage->rng, PLACES)].road.arc;
		is_drawn[at == NONE ? rng_below(&stage->rng, n_arcs) : at] = 1;
	}
	stage->n_streets = 0;
	for (uint32_t arc = 0; arc < n_arcs; arc++)
		if (is_drawn[arc])
			stage->streets[stage->n_streets++] = (struct wire_street){
				arc, rng_chance(&stage->rng, 500) ? 0 : 1001 + rng_below(&stage->rng, 8000)};
	free(is_drawn);
	distance_streets(stage->distance, stage->streets, stage->n_streets);
}

static struct place place_draw(struct stage *stage, uint32_t class_index)
{
	const struct town *town = stage->town;
	struct place place = {.stop = NONE};
	if (rng_below(&stage->rng, 2)) {
		place.stop = rng_below(&stage->rng, town->n_stops);
		place.road = town->stop_spot[(size_t)class_index * town->n_stops + place.stop];
	} else {
		place.road.arc = rng_below(&stage->rng, town->road.n_arcs);
		place.road.offset_mm = rng_below(&stage->rng, town->road.dist_mm[place.road.arc] + 1);
	}
	return place;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* By the words of the settings above. */
static uint32_t in_the_hour(const struct stage *stage, uint32_t class_index, uint32_t profiles, uint32_t arc,
			    uint32_t time)
{
	const struct network *road = &stage->town->road;
	uint64_t first = (uint64_t)time * (road->kind[arc] == ROAD_TERTIARY ? 30 : 15), second = (uint64_t)time * 10;
	if (time == TIME_INFINITE)
		return TIME_INFINITE;
	if (road->kind[arc] == ROAD_RESIDENTIAL)
		second *= 2;
	first = profiles & 1 ? (first + 9) / 10 : 0;
	second = profiles & 2 ? most((second + 9) / 10, ((uint64_t)road->dist_mm[arc] * 36 + 89) / 90) : 0;
	if (profiles & 4 && class_index == 1) {
		if (road->kind[arc] == ROAD_TERTIARY)
			return TIME_INFINITE;
		second = most(second, ((uint64_t)time * 12 + 9) / 10);
	}
	return (uint32_t)most(time, most(first, second));
}

static struct route_result slow_twin(struct stage *stage, uint32_t metric_index, const struct place *from,
				     const struct place *to)
{
	const struct network *road = &stage->town->road;
	const uint32_t class_index = metric_index % stage->town->n_classes;
	const uint32_t profiles = metric_index == class_index ? stage->profiles : stage->slowest;
	static uint32_t usual[1 << 16];
	assert_true(road->n_arcs <= sizeof usual / sizeof *usual);
	for (uint32_t arc = 0; arc < road->n_arcs; arc++)
		usual[arc] = in_the_hour(stage, class_index, profiles, arc,
					 road->time_ms[(size_t)class_index * road->n_arcs + arc]);
	if (from->road.arc == NONE || to->road.arc == NONE)
		return (struct route_result){TIME_INFINITE, TIME_INFINITE};
	if (from->road.arc == to->road.arc && from->road.offset_mm == to->road.offset_mm)
		return (struct route_result){0, 0};
	memcpy(stage->times, usual, road->n_arcs * sizeof *usual);
	for (uint32_t i = 0; i < stage->n_streets; i++) {
		uint64_t time = usual[stage->streets[i].arc];
		uint32_t slow = stage->streets[i].slow_permille;
		if (time == TIME_INFINITE)
			continue;
		if (slow)
			stage->times[stage->streets[i].arc] = (uint32_t)((time * slow + 999) / 1000);
		else if (stage->streets[i].arc != from->road.arc)
			stage->times[stage->streets[i].arc] = TIME_INFINITE;
	}
	uint32_t first_ms = road->time_ms[(size_t)class_index * road->n_arcs + from->road.arc];
	if (usual[from->road.arc] == TIME_INFINITE) /* it can be left */
		stage->times[from->road.arc] = first_ms;
	struct route_metric metric = {class_index, stage->times, NULL};
	return route_one(stage->query, &metric, from->road, to->road);
}

static void same(struct stage *stage, uint32_t class_index, const struct place *from, const struct place *to,
		 struct route_result got)
{
	struct route_result want = slow_twin(stage, class_index, from, to);
	assert_int_equal(got.time_ms, want.time_ms);
	if (want.time_ms != TIME_INFINITE)
		assert_int_equal(got.dist_mm, want.dist_mm);
}

static void all_ways_agree(struct stage *stage, uint32_t class_index, const struct place *places)
{
	const struct place *list[PLACES];
	struct route_result found[PLACES];
	for (uint32_t i = 0; i < PLACES; i++)
		list[i] = &places[i];
	for (uint32_t i = 0; i < PLACES; i++) {
		distance_scatter(stage->distance, class_index, &places[i], list, PLACES, found);
		for (uint32_t k = 0; k < PLACES; k++) {
			same(stage, class_index, &places[i], &places[k], found[k]);
			same(stage, class_index, &places[i], &places[k],
			     distance_between(stage->distance, class_index, &places[i], &places[k]));
		}
		distance_gather(stage->distance, class_index, list, PLACES, &places[i], found);
		for (uint32_t k = 0; k < PLACES; k++)
			same(stage, class_index, &places[k], &places[i], found[k]);
	}
}

static void streets_change(void **state)
{
	static struct stage stage;
	(void)state;
	stage_open(&stage);
	stage.slowest = 3;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct place places[PLACES];
		uint32_t class_index = round % stage.town->n_classes;
		for (uint32_t i = 0; i < PLACES; i++)
			places[i] = place_draw(&stage, class_index);
		if (round + 1 < ROUNDS)
			streets_draw(&stage, places);
		else { /* all open again: as in the town file */
			stage.n_streets = 0;
			distance_streets(stage.distance, NULL, 0);
		}
		if (round % 2) {
			uint32_t snow = rng_below(&stage.rng, 2) * 4;
			stage.profiles = rng_below(&stage.rng, 4) | snow;
			stage.slowest = 3 | snow;
			distance_profiles(stage.distance, stage.profiles, stage.slowest);
		}
		assert_int_equal(stage.town->n_profiles, 3);
		all_ways_agree(&stage, class_index, places);
		if (round % 3 == 0)
			all_ways_agree(&stage, distance_slowest(stage.distance, class_index), places);
	}
	arena_close(&stage.arena);
	town_close(&stage.file);
	remove("streets.zmap");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(streets_change)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
