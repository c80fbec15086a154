// link: zub_agent zub_drawn_town
/* Stories of one vehicle: what it is told and what it says. The town: 100 m are driven in 20 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent_rig.h"

static const char *const line = "A---------B---------C---------D";

static void plan_one_rider(struct rig *rig)
{
	rig_plan_begin(rig);
	rig_task(rig, WIRE_PICKUP, 7, 'A', 'B', 50);
	rig_task(rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(rig, WIRE_PARK, 0, 'C', 'D', 50);
	rig_plan_send(rig);
}

static void test_one_ride(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 30);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n");
	assert_int_equal(rig.state.mode, WIRE_AT_STOP);
	assert_int_equal(rig.state.doors_open, 1);
	rig_evidence(&rig, 7, WIRE_EVIDENCE_APP);
	rig_run(&rig, 60);
	rig_expect(&rig, "00:41 1.2 boarded 7\n00:41 1.3 departed 7\n01:01 1.4 arrived 7\n01:11 1.5 alighted 7\n01:11 1.6 departed 7\n"
			 "01:31 1.7 parked 0\n");
	assert_int_equal(rig.state.mode, WIRE_IDLE);
	assert_int_equal(rig.state.n_done, 3);
	assert_int_equal(rig.state.n_aboard, 0);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_ride),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
