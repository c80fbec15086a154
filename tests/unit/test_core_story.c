// link: zub_core zub_route zub_drawn_town
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rig.h"

static const char *const grid = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"E-----F-----G-----H\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"I-----J-----K-----L\n";

static void open_grid(struct drawn_town *drawn, struct rig *rig)
{
	drawn_town_open(drawn, &(struct drawn_options){.drawing = grid, .metres_per_char = 50});
	drawn->town.rules.door_to_door = 1;
	rig_open(rig, drawn, NULL);
	rig->logging = 1;
	assert_int_equal(rig_sign_on(rig, "Anna", 4), 0);
}

static void one_ride(void **state)
{
	(void)state;
	struct drawn_town drawn;
	struct rig rig;
	open_grid(&drawn, &rig);
	assert_int_equal(rig_vehicle(&rig, 1, 'A', 'B'), 0);
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	printf("%s", rig.log);
	assert_int_equal(ride, 1);
	rig_run(&rig, rig.start + 15 * MINUTE_MS);
	printf("%s", rig.log);
	assert_int_equal(core_figures(rig.core)->done, 1);
	assert_int_equal(core_figures(rig.core)->kept, 1);
	rig_close(&rig);
	drawn_town_close(&drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_ride)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
