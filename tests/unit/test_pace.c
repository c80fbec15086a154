// link: zub_dock zub_core zub_route zub_drawn_town
/* What vehicles found of streets: learned, bounded, forgotten, told only when seen often enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rig.h"
#include "pace.h"

static const char *const grid = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"E-----F-----G-----H\n";
static struct drawn_town drawn;
static struct rig rig;
static struct arena arena;
static struct dock *dock;
static struct pace *pace;
static struct command command;
static instant_ms now;

static int open_all(void **state)
{
	const struct dock_settings settings = {.vehicles_max = 4, .speed_permille = 1000, .simulated = 1};
	(void)state;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = grid, .metres_per_char = 50});
	rig_open(&rig, &drawn, NULL);
	assert_int_equal(arena_open(&arena, dock_size(&settings) + pace_size(4) + 4096), 0);
	assert_int_equal(dock_open(&dock, &settings, rig.core, &arena), 0);
	assert_int_equal(pace_open(&pace, &(struct pace_settings){0}, rig.core, 4, &arena), 0);
	now = rig.now;
	assert_int_equal(pace_tick(pace, dock, now, &command), 0);
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	arena_close(&arena);
	rig_close(&rig);
	drawn_town_close(&drawn);
	return 0;
}

/* A vehicle drives a street of 300 m, a minute on the map, from end to end. */
static void drives(char from, char to, uint32_t seconds)
{
	pace_see(pace, 0, drawn_spot(&drawn, from, to, 0), drawn_spot(&drawn, from, to, 300), seconds * 1000);
}

static uint32_t believed(char from, char to)
{
	return pace_permille(pace, drawn_arc(&drawn, from, to));
}

/* 1: a new list was said and taken. */
static int tells_after(instant_ms ms)
{
	now += ms;
	if (!pace_tick(pace, dock, now, &command))
		return 0;
	assert_int_equal(command.kind, CMD_STREET_SPEEDS);
	command.at = rig.now = now;
	assert_int_equal(rig_step(&rig, &command).code, 0);
	return 1;
}

static void test_learns_and_tells(void **state)
{
	(void)state;
	drives('A', 'B', 60);
	assert_int_equal(believed('A', 'B'), 1000);
	drives('A', 'B', 150);
	drives('A', 'B', 150);
	assert_true(believed('A', 'B') > 1900);
	assert_int_equal(tells_after(5 * MINUTE_MS), 0); /* seen twice only */
	drives('A', 'B', 150);
	assert_int_equal(tells_after(MINUTE_MS), 0); /* not yet time for a list */
	assert_int_equal(tells_after(4 * MINUTE_MS), 1);
	assert_int_equal(command.street_speeds.n, 1);
	assert_int_equal(command.street_speeds.arcs[0], drawn_arc(&drawn, 'A', 'B'));
	assert_in_range(command.street_speeds.slow_permille[0], 2000, 2600);
	assert_int_equal(command.street_speeds.slow_permille[0] % 100, 0);
	assert_int_equal(core_speeds(rig.core)->n, 1);
	uint32_t n;
	const struct wire_street *streets = core_streets(rig.core, &n);
	assert_int_equal(n, 1);
	assert_int_equal(streets[0].seen, 1);
	drives('A', 'B', 150); /* the same again: nothing new */
	assert_int_equal(tells_after(5 * MINUTE_MS), 0);
}

/* Kept over a restart of the estimator: it begins with what the core was told. */
static void test_begins_again(void **state)
{
	struct arena more;
	struct pace *other;
	(void)state;
	for (int i = 0; i < 3; i++)
		drives('A', 'B', 150);
	assert_int_equal(tells_after(5 * MINUTE_MS), 1);
	uint32_t told = command.street_speeds.slow_permille[0];
	assert_int_equal(arena_open(&more, pace_size(4) + 4096), 0);
	assert_int_equal(pace_open(&other, &(struct pace_settings){0}, rig.core, 4, &more), 0);
	assert_int_equal(pace_tick(other, dock, now, &command), 0);
	assert_int_equal(pace_permille(other, drawn_arc(&drawn, 'A', 'B')), told);
	arena_close(&more);
}

static void test_bounds(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		drives('A', 'B', 100000);
	assert_in_range(believed('A', 'B'), 3900, 4000);
	for (int i = 0; i < 50; i++)
		drives('B', 'C', 1);
	assert_in_range(believed('B', 'C'), 500, 510);
	assert_int_equal(tells_after(5 * MINUTE_MS), 1);
	assert_int_equal(command.street_speeds.n, 1); /* quicker than the map is never told */
	assert_in_range(command.street_speeds.slow_permille[0], 3500, 4000);
}

static void test_decays(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		drives('A', 'B', 180);
	uint32_t was = believed('A', 'B');
	assert_int_equal(tells_after(5 * MINUTE_MS), 1);
	uint32_t before = was;
	for (int i = 0; i < 12; i++) {
		tells_after(5 * MINUTE_MS);
		assert_true(believed('A', 'B') < before);
		before = believed('A', 'B');
	}
	assert_in_range(before, 1000 + (was - 1000) / 5, 1000 + (was - 1000) * 2 / 5); /* two half-lives */
	for (int i = 0; i < 48; i++)
		tells_after(5 * MINUTE_MS);
	assert_int_equal(believed('A', 'B'), 1000);
	assert_int_equal(core_speeds(rig.core)->n, 0);
	uint32_t n;
	core_streets(rig.core, &n);
	assert_int_equal(n, 0);
}

/* The core's own guard: a list that nobody renews ends by itself. */
static void test_list_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		drives('A', 'B', 150);
	assert_int_equal(tells_after(5 * MINUTE_MS), 1);
	assert_int_equal(rig_tick(&rig, core_speeds(rig.core)->until), 0);
	assert_int_equal(core_speeds(rig.core)->n, 0);
}

/* A closure is worse than any pace; a person's word about a slow street counts where it is the worse. */
static void test_beside_closures(void **state)
{
	struct command closure = {.kind = CMD_CLOSURE,
				  .closure = {.closure = 1, .n = 1, .by = "Anna", .reason = "a crane"}};
	(void)state;
	for (int i = 0; i < 9; i++) {
		drives('A', 'B', 150);
		drives('B', 'C', 150);
	}
	assert_int_equal(tells_after(5 * MINUTE_MS), 1);
	closure.closure.arcs[0] = drawn_arc(&drawn, 'A', 'B');
	assert_int_equal(rig_step(&rig, &closure).code, 0);
	closure.closure.closure = 2;
	closure.closure.arcs[0] = drawn_arc(&drawn, 'B', 'C');
	closure.closure.slow_permille = 9000;
	assert_int_equal(rig_step(&rig, &closure).code, 0);
	uint32_t n;
	const struct wire_street *streets = core_streets(rig.core, &n);
	assert_int_equal(n, 2);
	for (uint32_t i = 0; i < n; i++) {
		int is_closed = streets[i].arc == drawn_arc(&drawn, 'A', 'B');
		assert_int_equal(streets[i].slow_permille, is_closed ? 0 : 9000);
		assert_int_equal(streets[i].seen, 0);
	}
	/* what a person said is no news: driven so slowly, it is as expected */
	uint32_t was = believed('B', 'C');
	drives('B', 'C', 540);
	assert_true(believed('B', 'C') < was);
}

static void test_damaged_lists(void **state)
{
	struct command bad = {.kind = CMD_STREET_SPEEDS, .at = now};
	(void)state;
	bad.street_speeds = (struct cmd_street_speeds){.until = now + HOUR_MS, .n = 2, .arcs = {3, 3}};
	bad.street_speeds.slow_permille[0] = bad.street_speeds.slow_permille[1] = 2000;
	assert_int_equal(rig_step(&rig, &bad).code, ERR_RANGE);
	bad.street_speeds.arcs[1] = 4;
	bad.street_speeds.slow_permille[1] = 1000;
	assert_int_equal(rig_step(&rig, &bad).code, ERR_RANGE);
	bad.street_speeds.n = COMMAND_SPEEDS_MAX + 1;
	assert_int_equal(rig_step(&rig, &bad).code, ERR_RANGE);
	bad.street_speeds.n = 1;
	bad.street_speeds.until = now;
	assert_int_equal(rig_step(&rig, &bad).code, ERR_STALE);
	assert_int_equal(core_speeds(rig.core)->n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)
	const struct CMUnitTest tests[] = {
		TEST(test_learns_and_tells), TEST(test_begins_again),	 TEST(test_bounds),	   TEST(test_decays),
		TEST(test_list_ends),	     TEST(test_beside_closures), TEST(test_damaged_lists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
