// link: zub_agent zub_drawn_town
/* The kinematic vehicle drives exactly the times of the town file, wherever it is asked to go, however often it is
 * looked at, stopped, saved and loaded on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "body.h"
#include "drawn_town.h"
#include "rng.h"

#define NOW (DRAWN_DAY_START + 8 * HOUR_MS)

static struct rng rng;

struct stage {
	struct drawn_town drawn;
	struct arena arena;
	struct route_graph *graph;
	struct route_query *query;
	struct route_metric metric;
};

static void stage_open(struct stage *stage)
{
	struct drawn_options options = {.drawing = "A---B-------C---D\n"
						   "|   |       v   |\n"
						   "E---F>>>>>>>G---H\n"
						   "|   ^       |   |\n"
						   "I---J-------K---L\n",
					.turns = "ABF FGK:4000 ABA:15000 JKL JFE:2500 GHD EFB:1000"};

	drawn_town_open(&stage->drawn, &options);
	assert_int_equal(arena_open(&stage->arena, 16 << 20), 0);
	assert_int_equal(route_graph_open(&stage->graph, &stage->drawn.town.road, &stage->arena), 0);
	assert_int_equal(route_query_open(&stage->query, stage->graph, &stage->arena), 0);
	stage->metric = (struct route_metric){0, stage->drawn.town.road.time_ms};
}

static void stage_close(struct stage *stage)
{
	arena_close(&stage->arena);
	drawn_town_close(&stage->drawn);
}

static struct body *body_at(struct stage *stage, struct arena *arena, struct spot start, uint32_t slow,
			    uint16_t battery)
{
	struct body_options options = {.battery_wh = 40000,
				       .charge_w = 22000,
				       .wh_per_km = 200,
				       .slow_permille = slow,
				       .start = start,
				       .battery_permille = battery,
				       .query = stage->query};
	struct body *body = NULL;

	arena->used = 0;
	assert_int_equal(body_open(&body, &options, &stage->drawn.town, stage->graph, arena), 0);
	return body;
}

static struct spot any_spot(const struct stage *stage)
{
	uint32_t arc = rng_below(&rng, stage->drawn.town.road.n_arcs);

	return (struct spot){arc, rng_below(&rng, stage->drawn.town.road.dist_mm[arc] + 1)};
}

static void test_drives_the_very_times(void **state)
{
	struct stage stage;
	struct arena arena;
	struct body_report report;
	uint32_t n_driven = 0;

	(void)state;
	stage_open(&stage);
	assert_int_equal(arena_open(&arena, body_size(&stage.drawn.town) + 4096), 0);
	for (int i = 0; i < 3000; i++) {
		struct spot from = any_spot(&stage), to = any_spot(&stage);
		uint32_t slow = i % 3 ? 0 : rng_below(&rng, 500);
		struct route_result route = route_one(stage.query, &stage.metric, from, to);
		struct body *body = body_at(&stage, &arena, from, slow, 1000);
		struct drive_command go = {.wish = DRIVE_GO, .target = to, .leg = 1};
		if (route.time_ms == TIME_INFINITE)
			continue;
		n_driven++;
		instant_ms now = NOW, takes = ((instant_ms)route.time_ms * (1000 + slow) + 999) / 1000;
		body_step(body, now, 0, &report);
		body_command(body, &go, now);
		assert_true(body_next(body) ==
			    (takes || from.arc != to.arc || from.offset_mm != to.offset_mm ? NOW + takes : INT64_MAX));
		while (now + 1 < NOW + takes) { /* looked at now and then, told the same again */
			now += rng_between(&rng, 1, NOW + takes - 1 - now);
			body_step(body, now, 0, &report);
			assert_int_equal(report.state, BODY_DRIVING);
			assert_int_equal(report.remaining_ms, NOW + takes - now);
			body_command(body, &go, now);
		}
		body_step(body, NOW + takes, 0, &report);
		assert_int_equal(report.state, BODY_ARRIVED);
		assert_int_equal(report.leg, 1);
		assert_int_equal(report.place.arc, to.arc);
		assert_int_equal(report.place.offset_mm, to.offset_mm);
		assert_true(body_next(body) == INT64_MAX);
	}
	assert_true(n_driven > 2000);
	arena_close(&arena);
	stage_close(&stage);
}

/* Saved and loaded on the way: as if nothing had been. Stopped on the way: goes on from where it stood. */
static void test_interrupted(void **state)
{
	struct stage stage;
	struct arena one, two;
	uint8_t bytes[1024];
	size_t n;

	(void)state;
	stage_open(&stage);
	assert_int_equal(arena_open(&one, body_size(&stage.drawn.town) + 4096), 0);
	assert_int_equal(arena_open(&two, body_size(&stage.drawn.town) + 4096), 0);
	for (int i = 0; i < 1000; i++) {
		struct spot from = any_spot(&stage), to = any_spot(&stage);
		struct drive_command go = {.wish = DRIVE_GO, .target = to, .leg = 1}, stop = {.wish = DRIVE_STOP_NOW};
		struct route_result route = route_one(stage.query, &stage.metric, from, to);
		struct body_report a, b;
		if (route.time_ms == TIME_INFINITE || route.time_ms < 10)
			continue;
		instant_ms at = NOW + 1 + rng_below(&rng, route.time_ms - 1), later = at + rng_below(&rng, 20000);
		struct body *body = body_at(&stage, &one, from, 0, 1000),
			    *loaded = body_at(&stage, &two, any_spot(&stage), 0, 500);
		body_command(body, &go, NOW);
		body_step(body, at, 0, &a);
		assert_int_equal(body_save(body, bytes, sizeof bytes, &n), 0);
		assert_int_equal(body_load(loaded, bytes, n, NULL), 0);
		body_step(body, later, 0, &a);
		body_step(loaded, later, 0, &b);
		assert_memory_equal(&a, &b, sizeof a);
		assert_true(body_next(body) == body_next(loaded));

		body_command(body, &stop, later);
		body_step(body, later + 60000, 0, &b);
		assert_int_equal(b.place.arc, a.place.arc);
		assert_int_equal(b.place.offset_mm, a.place.offset_mm);
		assert_int_equal(b.speed_mm_s, 0);
		body_command(body, &go, later + 60000);
		route = route_one(stage.query, &stage.metric, (struct spot){b.place.arc, b.place.offset_mm}, to);
		if (a.state == BODY_DRIVING && route.time_ms != TIME_INFINITE && route.time_ms)
			assert_true(body_next(body) == later + 60000 + route.time_ms);
	}
	arena_close(&one);
	arena_close(&two);
	stage_close(&stage);
}

/* Times with these streets, as somebody at `from` meets them: his own street he may leave. */
static struct route_result way_now(struct stage *stage, const struct wire_street *streets, uint32_t n, struct spot from,
				   struct spot to)
{
	static uint32_t times[4096];
	const struct network *road = &stage->drawn.town.road;
	assert_true(road->n_arcs <= COUNT_OF(times));
	memcpy(times, road->time_ms, road->n_arcs * sizeof *times);
	for (uint32_t i = 0; i < n; i++)
		if (streets[i].slow_permille)
			times[streets[i].arc] =
				(uint32_t)(((uint64_t)road->time_ms[streets[i].arc] * streets[i].slow_permille + 999) /
					   1000);
		else if (streets[i].arc != from.arc)
			times[streets[i].arc] = TIME_INFINITE;
	struct route_metric metric = {0, times};
	return route_one(stage->query, &metric, from, to);
}

static uint32_t any_streets(const struct stage *stage, struct wire_street *streets)
{
	uint32_t n = 0;
	for (uint32_t arc = rng_below(&rng, 8); arc < stage->drawn.town.road.n_arcs; arc += 1 + rng_below(&rng, 8))
		streets[n++] = (struct wire_street){arc, rng_below(&rng, 2) ? 1001 + rng_below(&rng, 4000) : 0};
	return n;
}

/* Streets close and slow down before it sets off and while it drives; it goes on by the way that is best then, also
 * when it was saved and loaded in between. */
static void test_streets(void **state)
{
	struct stage stage;
	struct arena one, two;
	uint8_t bytes[4096];
	size_t n;
	uint32_t n_driven = 0, n_stuck = 0;

	(void)state;
	stage_open(&stage);
	assert_int_equal(arena_open(&one, body_size(&stage.drawn.town) + 4096), 0);
	assert_int_equal(arena_open(&two, body_size(&stage.drawn.town) + 4096), 0);
	for (int i = 0; i < 2000; i++) {
		struct wire_street before[64], after[64];
		struct spot from = any_spot(&stage), to = any_spot(&stage);
		struct drive_command go = {.wish = DRIVE_GO, .target = to, .leg = 1, .streets = before};
		struct body_report a, b;
		go.n_streets = any_streets(&stage, before);
		struct route_result way = way_now(&stage, before, go.n_streets, from, to);
		struct body *body = body_at(&stage, &one, from, 0, 1000),
			    *loaded = body_at(&stage, &two, any_spot(&stage), 0, 500);
		body_command(body, &go, NOW);
		if (way.time_ms == TIME_INFINITE) {
			body_step(body, NOW + 1, 0, &a);
			assert_int_equal(a.state, BODY_MRC);
			n_stuck++;
			continue;
		}
		if (way.time_ms < 10)
			continue;
		assert_true(body_next(body) == NOW + way.time_ms);
		instant_ms at = NOW + 1 + rng_below(&rng, way.time_ms - 1);
		body_step(body, at, 0, &a);
		assert_int_equal(body_save(body, bytes, sizeof bytes, &n), 0);
		assert_int_equal(body_load(loaded, bytes, n, NULL), 0);
		go.streets = after;
		go.n_streets = any_streets(&stage, after);
		struct spot here = {a.place.arc, a.place.offset_mm};
		way = way_now(&stage, after, go.n_streets, here, to);
		body_command(body, &go, at);
		body_command(loaded, &go, at);
		body_step(body, at + 5, 0, &a);
		body_step(loaded, at + 5, 0, &b);
		assert_memory_equal(&a, &b, sizeof a);
		if (way.time_ms != TIME_INFINITE && way.time_ms > 5) {
			assert_true(body_next(body) == at + way.time_ms);
			n_driven++;
		}
	}
	print_message("%u drives met other streets under way, %u had no way\n", n_driven, n_stuck);
	assert_true(n_driven > 500 && n_stuck > 100);
	arena_close(&one);
	arena_close(&two);
	stage_close(&stage);
}

static void test_battery(void **state)
{
	struct stage stage;
	struct arena arena;
	struct body_report report;

	(void)state;
	stage_open(&stage);
	assert_int_equal(arena_open(&arena, body_size(&stage.drawn.town) + 4096), 0);
	struct spot a = drawn_spot(&stage.drawn, 'E', 'F', 0), b = drawn_spot(&stage.drawn, 'F', 'E', 0);
	struct body *body = body_at(&stage, &arena, a, 0, 900);
	instant_ms now = NOW;
	uint64_t leg = 0;
	body_step(body, now, 0, &report);
	for (int i = 0; i < 100; i++) { /* to and fro, 40 m and the way round: at least 4 km at 200 Wh/km of 40 kWh */
		struct drive_command go = {.wish = DRIVE_GO, .target = i % 2 ? a : b, .leg = ++leg};
		body_command(body, &go, now);
		now = body_next(body) == INT64_MAX ? now : body_next(body);
		body_step(body, now, 0, &report);
	}
	uint16_t low = report.battery_permille;
	assert_true(low < 900 && low > 800);
	body_step(body, now + 360000, 1, &report); /* 22 kW for 6 minutes: 2.2 kWh = 55 permille */
	assert_in_range(report.battery_permille, low + 55, low + 56);
	body_step(body, now + 36000000, 1, &report);
	assert_int_equal(report.battery_permille, 1000);
	arena_close(&arena);
	stage_close(&stage);
}

static void test_empty_battery_and_no_way(void **state)
{
	struct stage stage;
	struct arena arena;
	struct body_report report;
	struct drive_command go = {.wish = DRIVE_GO, .leg = 1};

	(void)state;
	stage_open(&stage);
	assert_int_equal(arena_open(&arena, body_size(&stage.drawn.town) + 4096), 0);
	struct body *body = body_at(&stage, &arena, drawn_spot(&stage.drawn, 'A', 'B', 0), 0, 0);
	go.target = drawn_spot(&stage.drawn, 'K', 'L', 10);
	body_command(body, &go, NOW);
	body_step(body, NOW + 1000, 0, &report);
	assert_int_equal(report.state, BODY_MRC);
	assert_string_equal(report.reason, "battery empty");

	body = body_at(&stage, &arena, drawn_spot(&stage.drawn, 'A', 'B', 0), 0, 1000);
	body_inject(body, BODY_FAULT_DEAD, "smoke", NOW);
	body_command(body, &go, NOW);
	body_step(body, NOW + 1000, 0, &report);
	assert_int_equal(report.state, BODY_FAULT);
	assert_string_equal(report.reason, "smoke");
	assert_int_equal(report.place.offset_mm, 0);
	arena_close(&arena);
	stage_close(&stage);
}

static void test_opening_fails_cleanly(void **state)
{
	struct stage stage;
	struct arena arena;
	struct body *body = NULL;
	struct agent *agent = NULL;
	struct agent_settings settings = {.class_name = "shuttle"};
	struct body_options options = {.battery_wh = 40000, .battery_permille = 1000};

	(void)state;
	stage_open(&stage);
	size_t enough = body_size(&stage.drawn.town) + route_query_size(stage.graph) + 256;
	for (size_t size = 0; size < enough; size += 97) {
		assert_int_equal(arena_open(&arena, size), 0);
		int code = body_open(&body, &options, &stage.drawn.town, stage.graph, &arena);
		assert_true(code == ERR_MEMORY || (code == 0 && size + 1024 > enough));
		arena_close(&arena);
	}
	assert_int_equal(arena_open(&arena, 100), 0);
	assert_int_equal(agent_open(&agent, &settings, &stage.drawn.town, &arena), ERR_MEMORY);
	arena_close(&arena);
	assert_int_equal(arena_open(&arena, enough + agent_size()), 0);
	assert_int_equal(agent_open(&agent, &settings, &stage.drawn.town, &arena), 0);
	settings.class_name[0] = 'x';
	assert_int_equal(agent_open(&agent, &settings, &stage.drawn.town, &arena), ERR_NOT_FOUND);
	options.start.arc = 9999;
	assert_int_equal(body_open(&body, &options, &stage.drawn.town, stage.graph, &arena), ERR_RANGE);
	options.start.arc = 0;
	options.class_index = 7;
	assert_int_equal(body_open(&body, &options, &stage.drawn.town, stage.graph, &arena), ERR_RANGE);
	options.class_index = 0;
	options.battery_wh = 0;
	assert_int_equal(body_open(&body, &options, &stage.drawn.town, stage.graph, &arena), ERR_RANGE);
	arena_close(&arena);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drives_the_very_times),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_streets),
		cmocka_unit_test(test_battery),
		cmocka_unit_test(test_empty_battery_and_no_way),
		cmocka_unit_test(test_opening_fails_cleanly),
	};
	const char *seed = getenv("ZUB_SEED");
	uint64_t value = seed ? strtoull(seed, NULL, 10) : 11;

	printf("seed %llu\n", (unsigned long long)value);
	rng_seed(&rng, value);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
