// link: zub_compile zub_drawn_town zub_town_file
/* mapc check: drawn towns, each with one fault, and one with none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "check.h"
#include "drawn_town.h"
#include "err.h"

struct checked {
	struct drawn_town drawn;
	struct check check;
};

static void again(struct checked *checked)
{
	check_free(&checked->check);
	assert_int_equal(check_town(&checked->check, &checked->drawn.town), ERR_OK);
}

static void open_town(struct checked *checked, struct drawn_options options)
{
	drawn_town_open(&checked->drawn, &options);
	assert_int_equal(check_town(&checked->check, &checked->drawn.town), ERR_OK);
}

static void close_town(struct checked *checked)
{
	check_free(&checked->check);
	drawn_town_close(&checked->drawn);
}

/* Exactly one fault, of this kind. */
static const struct check_fault *only(const struct checked *checked, enum check_kind kind)
{
	assert_int_equal(checked->check.n_faults, 1);
	assert_string_equal(check_names[checked->check.faults[0].kind], check_names[kind]);
	return &checked->check.faults[0];
}

static void assert_arcs(const struct checked *checked, const struct check_fault *fault, const char *pairs)
{
	assert_int_equal(fault->n, strlen(pairs) / 2);
	for (uint32_t i = 0; i < fault->n; i++) {
		uint32_t arc = drawn_arc(&checked->drawn, pairs[2 * i], pairs[2 * i + 1]), k = 0;
		while (k < fault->n && checked->check.arcs[fault->first + k] != arc)
			k++;
		assert_true(k < fault->n);
	}
}

static void nothing(void **state)
{
	(void)state;
	struct checked checked;
	open_town(&checked, (struct drawn_options){.drawing = "A---B---C\n"
							      "|   v   |\n"
							      "D---E---F\n",
						   .stops = "AB CF10",
						   .van = 1});
	assert_int_equal(checked.check.n_faults, 0);
	close_town(&checked);
}

static void islands(void **state)
{
	(void)state;
	struct checked checked;
	/* G-H: a street of its own; I: only in; K: only out */
	open_town(&checked, (struct drawn_options){.drawing = "A---B>>>I\n"
							      "|   |    \n"
							      "D---E<<<K\n"
							      "         \n"
							      "G---H    \n"});
	assert_int_equal(checked.check.n_faults, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct check_fault *fault = &checked.check.faults[i];
		uint32_t first = checked.check.arcs[fault->first];
		assert_int_equal(fault->kind, CHECK_ISLAND);
		assert_int_equal(fault->class_index, 0);
		if (first == drawn_arc(&checked.drawn, 'B', 'I')) {
			assert_int_equal(fault->ways, CHECK_NO_WAY_OUT);
			assert_arcs(&checked, fault, "BI");
		} else if (first == drawn_arc(&checked.drawn, 'K', 'E')) {
			assert_int_equal(fault->ways, CHECK_NO_WAY_IN);
			assert_arcs(&checked, fault, "KE");
		} else {
			assert_int_equal(fault->ways, CHECK_NO_WAY_IN | CHECK_NO_WAY_OUT);
			assert_arcs(&checked, fault, "GHHG");
			assert_int_equal(fault->length_mm, 80000);
		}
	}
	close_town(&checked);
}

/* The only way to C and back: one forbidden turn cuts it off, the forbidden U-turn at its end another. */
static void restrictions(void **state)
{
	(void)state;
	struct checked checked;
	struct drawn_options options = {.drawing = "A---B---C\n"
						   "|   |    \n"
						   "D---E    \n",
					.turns = "ABC EBC"};
	open_town(&checked, options);
	const struct check_fault *fault = only(&checked, CHECK_RESTRICTION);
	assert_int_equal(fault->ways, CHECK_NO_WAY_IN);
	assert_true(fault->turn == 0);
	close_town(&checked);
	options.turns = "BCB";
	open_town(&checked, options);
	fault = only(&checked, CHECK_RESTRICTION);
	assert_arcs(&checked, fault, "BCCB");
	assert_int_equal(fault->ways, CHECK_NO_WAY_IN | CHECK_NO_WAY_OUT);
	close_town(&checked);
	options.turns = "ABC"; /* round by E one still gets there */
	open_town(&checked, options);
	assert_int_equal(checked.check.n_faults, 0);
	close_town(&checked);
}

static void speeds(void **state)
{
	(void)state;
	struct checked checked;
	open_town(&checked, (struct drawn_options){.drawing = "A---B\n"});
	struct network *road = &checked.drawn.town.road;
	uint32_t arc = drawn_arc(&checked.drawn, 'A', 'B'), *time = (uint32_t *)(uintptr_t)&road->time_ms[arc];
	uint32_t right = *time; /* 40 m at 18 km/h */
	assert_int_equal(checked.check.n_faults, 0);
	*time = right * 18 / 20; /* 20 km/h: faster than the class */
	again(&checked);
	const struct check_fault *fault = only(&checked, CHECK_FAST);
	assert_int_equal(fault->speed_kmh, 20);
	assert_arcs(&checked, fault, "AB");
	*time = right * 18 / 2;
	again(&checked);
	fault = only(&checked, CHECK_SLOW);
	assert_int_equal(fault->speed_kmh, 2);
	*time = right;
	((uint8_t *)(uintptr_t)road->speed_kmh)[arc] = 10; /* slower by law */
	again(&checked);
	only(&checked, CHECK_FAST);
	((uint8_t *)(uintptr_t)road->speed_kmh)[arc] = 250; /* a slip of the pen, though no class drives it */
	again(&checked);
	fault = only(&checked, CHECK_FAST);
	assert_int_equal(fault->class_index, NONE);
	assert_int_equal(fault->speed_kmh, 250);
	close_town(&checked);
}

static void stops(void **state)
{
	(void)state;
	struct checked checked;
	open_town(&checked, (struct drawn_options){.drawing = "A---B\n"
							      "|   |\n"
							      "D---E\n",
						   .stops = "AB DE=S1",
						   .timetable = "stop S1 D\n",
						   .van = 1});
	struct town *town = &checked.drawn.town;
	assert_int_equal(checked.check.n_faults, 0);
	struct spot *spot = (struct spot *)(uintptr_t)&town->stop_spot[drawn_stop(&checked.drawn, "AB")];
	spot->arc = NONE; /* the other class still comes */
	again(&checked);
	assert_int_equal(checked.check.n_faults, 0);
	spot[town->n_stops].arc = NONE;
	again(&checked);
	assert_int_equal(only(&checked, CHECK_STOP)->stop, drawn_stop(&checked.drawn, "AB"));
	spot[0].arc = spot[town->n_stops].arc = drawn_arc(&checked.drawn, 'A', 'B');
	town->box_high.lat_e7 = 900000000;
	town->box_high.lon_e7 = 1800000000;
	((struct spot *)(uintptr_t)town->timetable.stop_road)[0].arc = NONE;
	again(&checked);
	assert_int_equal(only(&checked, CHECK_TRANSIT)->stop, 0);
	close_town(&checked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing), cmocka_unit_test(islands), cmocka_unit_test(restrictions),
		cmocka_unit_test(speeds),  cmocka_unit_test(stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
