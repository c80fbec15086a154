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
	rig_expect(&rig, "00:41 1.2 boarded 7\n00:41 1.3 departed 7\n01:01 1.4 arrived 7\n01:11 1.5 alighted 7\n01:11 "
			 "1.6 departed 7\n"
			 "01:31 1.7 parked 0\n");
	assert_int_equal(rig.state.mode, WIRE_IDLE);
	assert_int_equal(rig.state.n_done, 3);
	assert_int_equal(rig.state.n_aboard, 0);
	rig_close(&rig);
}

/* ---- boarding ---- */
static void test_waits_for_riders_and_earliest_time(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 7, 'A', 'B', 50)->not_before = RIG_START + 90000;
	rig_task(&rig, WIRE_PICKUP, 8, 'A', 'B', 50)->not_before = RIG_START + 30000;
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_DROPOFF, 8, 'B', 'C', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 20);
	rig_evidence(&rig, 9, WIRE_EVIDENCE_APP); /* nobody of ours */
	rig_evidence(&rig, 8, WIRE_EVIDENCE_APP);
	rig_evidence(&rig, 8, WIRE_EVIDENCE_APP);
	rig_run(&rig, 30);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n00:31 1.2 boarded 8\n");
	agent_code(rig.agent, 9999); /* no such code */
	agent_code(rig.agent, 7);
	rig_run(&rig, 60);
	/* boards at once, but the doors stay open until the earliest time that was promised to rider 7 */
	rig_expect(&rig, "01:01 1.3 boarded 7\n01:30 1.4 departed 7\n01:50 1.5 arrived 7\n");
	rig_run(&rig, 20);
	rig_expect(&rig, "02:00 1.6 alighted 7\n02:10 1.7 alighted 8\n02:10 1.8 departed 7\n");
	rig_close(&rig);
}

/* A prebooked ride: it stands there long before, but the doors stay closed until the window begins or the rider is
 * there.
 */
static void test_doors_open_when_the_window_begins(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 7, 'A', 'B', 50)->not_before = RIG_START + 1800000;
	rig_task(&rig, WIRE_PICKUP, 8, 'A', 'B', 50)->not_before = RIG_START + 1800000;
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_DROPOFF, 8, 'B', 'C', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 600);
	assert_int_equal(rig.state.mode, WIRE_AT_STOP);
	assert_int_equal(rig.state.doors_open, 0);
	rig_evidence(&rig, 7, WIRE_EVIDENCE_APP); /* the rider is there early */
	rig_run(&rig, 2);
	assert_int_equal(rig.state.doors_open, 1);
	rig_run(&rig, 30);
	assert_int_equal(rig.state.n_aboard, 1);
	assert_int_equal(rig.state.doors_open, 0); /* sits in the dry until the other one's time */
	rig_run(&rig, 1200);
	assert_int_equal(rig.state.doors_open, 1);
	rig_close(&rig);
}

static void test_no_show_is_the_dispatchers_word(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 3600);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n");
	rig_plan_begin(&rig); /* the ride is a no-show */
	rig_task(&rig, WIRE_PARK, 0, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 60);
	rig_expect(&rig, "60:01 plan 1.2 taken\n60:01 1.2 departed 7\n60:41 1.3 parked 0\n");
	rig_close(&rig);
}

static void test_rider_added_to_the_stop_where_it_stands(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 14);
	rig_evidence(&rig, 7, WIRE_EVIDENCE_BUTTON);
	rig_run(&rig, 5); /* rider 7 is in the door */
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 7, 'A', 'B', 50);
	rig_task(&rig, WIRE_PICKUP, 5, 'A', 'B', 50);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_DROPOFF, 5, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_evidence(&rig, 5, WIRE_EVIDENCE_BUTTON);
	rig_run(&rig, 30);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n00:20 plan 1.2 taken\n00:25 "
			 "1.2 boarded 7\n"
			 "00:35 1.3 boarded 5\n00:35 1.4 departed 7\n");
	assert_int_equal(rig.state.n_aboard, 2);
	assert_int_equal(rig.state.aboard[0], 5);
	rig_close(&rig);
}

static void test_doors_take_time(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig.settings.doors_ms = 5000;
	arena_close(&rig.arena);
	assert_int_equal(arena_open(&rig.arena, 4 << 20), 0);
	rig_vehicle(&rig, drawn_spot(&rig.drawn, 'A', 'B', 0));
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 10);
	rig_evidence(&rig, 7, WIRE_EVIDENCE_APP);
	rig_run(&rig, 60);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n00:26 1.2 boarded 7\n00:26 "
			 "1.3 departed 7\n"
			 "00:46 1.4 arrived 7\n01:01 1.5 alighted 7\n01:01 1.6 departed 7\n");
	rig_close(&rig);
}

/* ---- plans ---- */
static void board_one(struct rig *rig)
{
	rig_run(rig, 1);
	plan_one_rider(rig);
	rig_run(rig, 14);
	rig_evidence(rig, 7, WIRE_EVIDENCE_APP);
	rig_run(rig, 12);
	rig_expect(rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n00:25 1.2 boarded 7\n00:25 1.3 "
			"departed 7\n");
}

static void test_refusals(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, "A---------B---------C=========D\n          |\n          E>>>>>>>>>F", 'A', 'B', 0);
	board_one(&rig);

	rig_plan_begin(&rig); /* leaves the rider aboard without a drop-off */
	rig_task(&rig, WIRE_PARK, 0, 'B', 'C', 0);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:27 plan 1.2 refused 4\n");

	rig_plan_begin(&rig); /* another town */
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig.plan.town_hash[5] ^= 1;
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:28 plan 1.3 refused 2\n");

	rig_plan_begin(&rig); /* stopping forbidden there */
	rig_task(&rig, WIRE_DROPOFF, 7, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:29 plan 1.4 refused 3\n");

	rig_plan_begin(&rig); /* no arc of this town */
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50)->place.arc = 9999;
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:30 plan 1.5 refused 3\n");

	rig_plan_begin(&rig); /* into a dead end that has no way back */
	rig_task(&rig, WIRE_DROPOFF, 7, 'E', 'F', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:31 plan 1.6 refused 6\n");

	rig_plan_begin(&rig); /* a bus load */
	rig_task(&rig, WIRE_PICKUP, 8, 'B', 'C', 20)->party = 7;
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_DROPOFF, 8, 'B', 'C', 60)->party = 7;
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:32 plan 1.7 refused 5\n");

	rig_plan_begin(&rig); /* drops off somebody who was never aboard */
	rig_task(&rig, WIRE_DROPOFF, 9, 'B', 'C', 20);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:33 plan 1.8 refused 4\n");

	rig_plan_begin(&rig); /* picks up and never drops off */
	rig_task(&rig, WIRE_PICKUP, 9, 'B', 'C', 20);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:34 plan 1.9 refused 4\n");

	rig_plan_begin(&rig); /* older than its own */
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig.plan.version = 0;
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:35 plan 1.0 refused 1\n");

	rig_run(&rig, 20); /* all the while it does what it had promised */
	rig_expect(&rig, "00:45 1.4 arrived 7\n00:55 1.5 alighted 7\n00:55 1.6 departed 7\n");
	rig_close(&rig);
}

/* A plan that names its own stop's street as closed contradicts itself; a slow one is driven slowly. */
static void test_streets_of_a_plan(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, "A---------B---------C=========D\n          |\n          E>>>>>>>>>F", 'A', 'B', 0);
	board_one(&rig);
	uint32_t street = drawn_arc(&rig.drawn, 'B', 'C');

	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig.plan.streets[rig.plan.n_streets++] = (struct wire_street){street, 0};
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:27 plan 1.2 refused 6\n");

	rig_plan_begin(&rig); /* no arc of this town */
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig.plan.streets[rig.plan.n_streets++] = (struct wire_street){9999, 0};
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:28 plan 1.3 refused 6\n");

	rig_plan_begin(&rig); /* 10 of the 20 s lie in this street: they become 30 */
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig.plan.streets[rig.plan.n_streets++] = (struct wire_street){street, 3000};
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:29 plan 1.4 taken\n");
	rig_run(&rig, 60); /* 00:45 without it (test_refusals) */
	rig_expect(&rig, "01:05 1.4 arrived 7\n01:15 1.5 alighted 7\n01:15 1.6 departed 7\n");
	rig_close(&rig);
}

static void test_same_plan_twice_is_harmless(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_plan_send(&rig);
	rig_run(&rig, 20);
	rig_expect(&rig, "00:27 plan 1.1 taken\n00:45 1.4 arrived 7\n");
	rig_close(&rig);
}

/* The dispatcher made a plan before it knew of the boarding: pickups and drop-offs that have happened are simply done.
 */
static void test_plan_made_before_events_were_known(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 7, 'A', 'B', 50);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_PICKUP, 8, 'B', 'C', 80);
	rig_task(&rig, WIRE_DROPOFF, 8, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 30);
	rig_expect(&rig, "00:27 plan 1.2 taken\n00:45 1.4 arrived 7\n00:55 1.5 alighted 7\n00:55 1.6 departed 7\n");
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 7, 'A', 'B', 50);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_PARK, 0, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 30);
	rig_expect(&rig, "00:57 plan 1.3 taken\n01:15 1.7 parked 0\n");
	rig_close(&rig);
}

static void test_rider_in_the_door_is_not_left(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 14);
	rig_evidence(&rig, 7, WIRE_EVIDENCE_APP);
	rig_run(&rig, 1);
	rig_plan_begin(&rig); /* cancelled a moment too late */
	rig_task(&rig, WIRE_PARK, 0, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 12);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n00:16 plan 1.2 refused "
			 "4\n00:25 1.2 boarded 7\n"
			 "00:25 1.3 departed 7\n");
	rig_close(&rig);
}

static void test_turned_round_on_the_way(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 50);
	rig_run(&rig, 1);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 7, 'C', 'D', 50);
	rig_task(&rig, WIRE_DROPOFF, 7, 'C', 'D', 80);
	rig_plan_send(&rig);
	rig_run(&rig, 20); /* 50 m beyond B */
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 8, 'B', 'A', 20);
	rig_task(&rig, WIRE_DROPOFF, 8, 'B', 'A', 40);
	rig_plan_send(&rig);
	rig_run(&rig, 60);
	/* on to C, round, back to B and 20 m more: 50 + 100 + 20 m */
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:21 plan 1.2 taken\n00:55 1.1 arrived 8\n");
	rig_close(&rig);
}

/* ---- orders ---- */
static void test_standstill_hold_resume(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig.epoch = 0; /* a supervisor of an older epoch is obeyed all the same */
	rig_order(&rig, 501, WIRE_STANDSTILL);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:27 1.4 order done 501\n");
	assert_int_equal(rig.state.mode, WIRE_STOPPED);
	assert_int_equal(rig.state.speed_mm_s, 0);
	rig.epoch = 1;
	rig_run(&rig, 600);
	rig_order(&rig, 501, WIRE_STANDSTILL); /* repeated: reported again, carried out once */
	rig_order(&rig, 502, WIRE_HOLD);
	rig_order(&rig, 503, WIRE_RESUME);
	rig_order(&rig, 504, WIRE_HOLD);
	rig_run(&rig, 60);
	rig_expect(&rig, "10:28 1.5 order done 501\n10:28 1.6 order done 502\n10:28 1.7 order done 503\n10:28 1.8 "
			 "order done 504\n"
			 "10:46 1.9 arrived 7\n10:56 1.10 alighted 7\n");
	assert_int_equal(rig.state.mode, WIRE_HELD);
	rig_order(&rig, 505, WIRE_RESUME);
	rig_run(&rig, 60);
	rig_expect(&rig, "11:28 1.11 order done 505\n11:28 1.12 departed 7\n11:48 1.13 parked 0\n");
	rig_close(&rig);
}

/* A person has taken the rider out of a vehicle that stands still: a plan without that drop-off is taken then. */
static void test_rider_taken_out_by_a_person(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_order(&rig, 501, WIRE_STANDSTILL);
	rig_rider_out(&rig, 900, 7);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:27 1.4 taken out 7\n00:27 1.5 order done 501\n");
	assert_int_equal(rig.state.n_aboard, 0);
	rig_rider_out(&rig, 900, 7); /* not heard: said again, answered again */
	rig_run(&rig, 1);
	rig_expect(&rig, "00:28 1.6 taken out 7\n");
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PARK, 0, 'B', 'C', 0);
	rig_plan_send(&rig);
	rig_order(&rig, 502, WIRE_RESUME);
	rig_run(&rig, 30);
	rig_expect(&rig, "00:29 plan 1.2 taken\n00:29 1.7 order done 502\n00:37 1.8 parked 0\n");
	rig_close(&rig);
}

/* Two persons are aboard, and the cabin is counted: the vehicle believes what it sees. */
static void test_rider_is_still_aboard(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig.counts = 1;
	rig.persons = 1;
	rig_run(&rig, 1);
	rig_rider_out(&rig, 900, 7);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:28 1.4 still aboard 7\n");
	assert_int_equal(rig.state.n_aboard, 1);
	rig.persons = 0; /* now the rider is out, but the old order, come late, is about another moment */
	rig_rider_out(&rig, 900, 7);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:29 1.5 still aboard 7\n");
	rig_rider_out(&rig, 901, 7);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:30 1.6 taken out 7\n");
	assert_int_equal(rig.state.n_aboard, 0);
	rig_rider_out(&rig, 902, 12345); /* never seen here */
	rig_run(&rig, 1);
	rig_expect(&rig, "00:31 1.7 taken out 12345\n");
	rig_close(&rig);
}

/* In the door just then: that one is let out as planned, then the order is answered. */
static void test_rider_taken_out_in_the_door(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_run(&rig, 20); /* stands at the drop-off, the rider is leaving */
	rig_rider_out(&rig, 900, 7);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:45 1.4 arrived 7\n");
	rig_run(&rig, 20);
	rig_rider_out(&rig, 900, 7);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:55 1.5 alighted 7\n00:55 1.6 departed 7\n01:08 1.7 taken out 7\n");
	rig_close(&rig);
}

static void test_out_of_service(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 8, 'B', 'C', 20);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_task(&rig, WIRE_DROPOFF, 8, 'B', 'C', 60);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_order(&rig, 501, WIRE_OUT_OF_SERVICE);
	rig_run(&rig, 40); /* passes rider 8, brings rider 7 home */
	rig_expect(&rig, "00:27 plan 1.2 taken\n00:28 1.4 order done 501\n00:45 1.5 arrived 7\n00:55 1.6 alighted "
			 "7\n00:55 1.7 departed 7\n");
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PICKUP, 9, 'B', 'C', 70);
	rig_task(&rig, WIRE_DROPOFF, 9, 'C', 'D', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_order(&rig, 502, WIRE_INTO_SERVICE);
	rig_plan_send(&rig);
	rig_run(&rig, 10);
	rig_expect(&rig,
		   "01:08 plan 1.3 refused 8\n01:09 plan 1.3 taken\n01:09 1.8 order done 502\n01:13 1.9 arrived 9\n");
	rig_close(&rig);
}

static void test_buttons(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	agent_button(rig.agent, WIRE_PASSENGER_CALL);
	agent_button(rig.agent, WIRE_STOP_WISH);
	agent_button(rig.agent, WIRE_BOARDED); /* no button */
	rig_run(&rig, 2);
	agent_button(rig.agent, WIRE_EMERGENCY);
	rig_run(&rig, 60);
	rig_expect(&rig, "00:27 1.4 passenger call 0\n00:27 1.5 stop wish 0\n00:29 1.6 emergency 0\n");
	assert_int_equal(rig.state.mode, WIRE_STOPPED);
	rig_order(&rig, 501, WIRE_RESUME);
	rig_run(&rig, 20);
	rig_expect(&rig, "01:29 1.7 order done 501\n01:45 1.8 arrived 7\n");
	rig_close(&rig);
}

static void test_buttons_held_down_while_nobody_listens(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig.link = 0;
	for (int i = 0; i < 5000; i++)
		agent_button(rig.agent, (uint8_t)(WIRE_PASSENGER_CALL + i % 3));
	rig_order(&rig, 501, WIRE_RESUME);
	rig_run(&rig, 60);
	rig.link = 1;
	rig_run(&rig, 10);
	assert_non_null(strstr(rig.trace, "alighted 7")); /* there was room left for what matters */
	rig_close(&rig);
}

/* ---- minimal-risk condition, faults ---- */
static void approve(struct rig *rig, uint64_t request, uint8_t granted)
{
	struct wire_message message = {.kind = WIRE_KIND_APPROVAL_REPLY};

	message.approval_reply = (struct wire_approval_reply){.request = request, .granted = granted, .by = "Kim"};
	rig_tell(rig, &message);
}

static void test_mrc_and_approval(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	body_inject(rig.body, BODY_FAULT_MRC, "parked car in the lane", rig.service);
	rig_run(&rig, 10);
	rig_expect(
		&rig,
		"00:27 1.4 mrc began 0 parked car in the lane\n00:27 1.5 approval request 0 parked car in the lane\n");
	assert_int_equal(rig.state.mode, WIRE_MRC);
	approve(&rig, 5, 0);
	approve(&rig, 4, 1); /* an answer to something else */
	rig_run(&rig, 10);
	rig_expect(&rig, "");
	approve(&rig, 5, 1);
	approve(&rig, 5, 1);
	rig_run(&rig, 20);
	rig_expect(&rig, "00:47 1.6 mrc ended 0\n01:05 1.7 arrived 7\n");
	rig_close(&rig);
}

static void test_fault_and_recovery(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	body_inject(rig.body, BODY_FAULT_DEAD, "brake circuit 2", rig.service);
	rig_run(&rig, 10);
	assert_int_equal(rig.state.mode, WIRE_FAULT);
	assert_int_equal(rig.state.n_aboard, 1);
	body_inject(rig.body, BODY_FAULT_NONE, "", rig.service);
	rig_run(&rig, 20);
	rig_expect(&rig, "00:27 1.4 fault began 0 brake circuit 2\n00:37 1.5 fault ended 0\n00:55 1.6 arrived 7\n");
	rig_close(&rig);
}

static void test_charging(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_CHARGE, 0, 'A', 'B', 50)->dwell_ms = 600000;
	rig_task(&rig, WIRE_PARK, 0, 'A', 'B', 60);
	rig_plan_send(&rig);
	rig_run(&rig, 30); /* 10 m of driving are charged in no time */
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 charge began 0\n00:13 1.2 charge ended "
			 "0\n00:15 1.3 parked 0\n");
	rig_close(&rig);
}

/* Its memory and its body's are written and read back. */
static void reload(struct rig *rig)
{
	static uint8_t bytes[1 << 18], body[1024];
	size_t n, n_body;

	assert_true(agent_save_size() <= sizeof bytes);
	assert_int_equal(agent_save(rig->agent, bytes, sizeof bytes, &n), 0);
	assert_int_equal(agent_dirty(rig->agent), 0);
	assert_int_equal(body_save(rig->body, body, sizeof body, &n_body), 0);
	arena_close(&rig->arena);
	assert_int_equal(arena_open(&rig->arena, 4 << 20), 0);
	rig_vehicle(rig, drawn_spot(&rig->drawn, 'A', 'B', 0));
	assert_int_equal(agent_load(rig->agent, bytes, n, NULL), 0);
	assert_int_equal(body_load(rig->body, body, n_body, NULL), 0);
}

/* It takes its time, also over a start of the agent; a newer plan without it breaks it off. */
static void test_cleaning(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_CLEAN, 0, 'A', 'B', 50)->dwell_ms = 60000;
	rig_plan_send(&rig);
	rig_run(&rig, 20);
	assert_int_equal(rig.state.mode, WIRE_CLEANING);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 clean began 0\n");
	reload(&rig);
	rig_run(&rig, 60);
	rig_expect(&rig, "00:21 hello boot 1\n01:11 1.2 clean ended 0\n");
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_CLEAN, 0, 'A', 'B', 50)->dwell_ms = 60000;
	rig_plan_send(&rig);
	rig_run(&rig, 20);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_PARK, 0, 'A', 'B', 60);
	rig_plan_send(&rig);
	rig_run(&rig, 20);
	rig_expect(&rig,
		   "01:21 plan 1.2 taken\n01:21 1.3 clean began 0\n01:41 plan 1.3 taken\n01:41 1.4 clean ended 0\n"
		   "01:43 1.5 parked 0\n");
	rig_close(&rig);
}

static void test_nobody_aboard_is_cleaned(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_CLEAN, 0, 'A', 'B', 50)->dwell_ms = 60000;
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:27 plan 1.2 refused 4\n");
	rig_close(&rig);
}

/* ---- the link is lost ---- */
static void test_lost_link_brings_riders_home_and_picks_nobody_up(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig_plan_begin(&rig);
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 50)->dwell_ms = 60000;
	rig_task(&rig, WIRE_PICKUP, 8, 'C', 'D', 50);
	rig_task(&rig, WIRE_DROPOFF, 8, 'C', 'D', 80);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig.link = 0; /* the plan is valid until 0:27 + 30 s */
	rig_run(&rig, 300);
	rig_expect(&rig, "00:27 plan 1.2 taken\n");
	rig.link = 1;
	rig_run(&rig,
		1); /* what it did meanwhile; then it takes the plan up again, for it has not heard that it is void */
	rig_expect(&rig, "05:28 hello boot 1\n05:28 1.4 arrived 7 (earlier)\n05:28 1.5 alighted 7 (earlier)\n05:28 1.6 "
			 "departed 7 (earlier)\n");
	assert_int_equal(rig.state.n_aboard, 0);
	rig_run(&rig, 30);
	rig_expect(&rig, "05:48 1.7 arrived 8\n");
	rig_close(&rig);
}

static void test_nobody_boards_after_the_plan_ran_out(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 20);
	rig.link = 0;
	rig_run(&rig, 31);
	agent_code(rig.agent, 7); /* somebody else may be on the way to this rider */
	rig_run(&rig, 60);
	rig.link = 1;
	rig_run(&rig, 5);
	agent_code(rig.agent, 7);
	rig_run(&rig, 20);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n01:52 hello boot 1\n01:52 1.2 "
			 "departed 7 (earlier)\n"
			 "01:52 1.3 parked 0 (earlier)\n");
	rig_close(&rig);
}

static void test_events_are_repeated_until_acknowledged(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig.acks = 0;
	rig_run(&rig, 14);
	rig.acks = 1;
	rig_run(&rig, 5);
	rig_expect(&rig,
		   "00:00 hello boot 1\n00:01 plan 1.1 taken\n00:11 1.1 arrived 7\n00:12 1.1 arrived 7 (earlier)\n"
		   "00:14 1.1 arrived 7 (earlier)\n00:16 1.1 arrived 7 (earlier)\n");
	rig_close(&rig);
}

static void test_restored_dispatcher_is_told_again(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	rig.epoch = 2;
	rig_welcome(&rig); /* a dispatcher that has just started: unasked */
	rig_run(&rig, 1);
	rig_expect(&rig, "00:27 hello boot 1\n00:27 1.1 arrived 7 (earlier)\n00:27 1.2 boarded 7 (earlier)\n00:27 1.3 "
			 "departed 7 (earlier)\n");
	rig_plan_begin(&rig);
	rig.plan.epoch = 1;
	rig_task(&rig, WIRE_DROPOFF, 7, 'B', 'C', 60);
	rig_plan_send(&rig);
	rig_run(&rig, 1);
	rig_expect(&rig, "00:28 plan 1.2 refused 1\n"); /* the old dispatcher still speaks */
	rig_close(&rig);
}

/* The dispatcher's backup is older than what the vehicle has kept: its events are numbered anew. */
static void test_dispatcher_restored_from_long_ago(void **state)
{
	struct rig rig;
	struct wire_message ack = {.kind = WIRE_KIND_ACK};

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig_run(&rig, 1);
	for (int i = 0; i < 200; i++) {
		agent_button(rig.agent, WIRE_PASSENGER_CALL);
		rig_run(&rig, 1);
	}
	rig.trace[0] = '\0';
	rig.acks = 0;
	rig.epoch = 2;
	rig_welcome(&rig);
	ack.ack = (struct wire_ack){1, 3}; /* all it knows */
	rig_tell(&rig, &ack);
	assert_int_equal(agent_boot_number(rig.agent), 2);
	rig.acks = 1;
	rig_run(&rig, 1);
	assert_non_null(strstr(rig.trace, " 2.1 passenger call 0"));
	assert_non_null(strstr(rig.trace, " 2.60 passenger call 0"));
	rig_close(&rig);
}

/* ---- clock ---- */
static void test_simulated_clock_is_refused_by_a_real_vehicle(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig.settings.simulated = 0;
	arena_close(&rig.arena);
	assert_int_equal(arena_open(&rig.arena, 4 << 20), 0);
	rig_vehicle(&rig, drawn_spot(&rig.drawn, 'A', 'B', 0));
	rig_run(&rig, 1);
	plan_one_rider(&rig);
	rig_run(&rig, 60);
	rig_expect(&rig, "00:00 hello boot 1\n00:01 plan 1.1 refused 7\n");
	rig_close(&rig);
}

static void test_clock_runs_at_its_speed_and_never_back(void **state)
{
	struct rig rig;
	instant_ms before;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	rig.speed_permille = 120000;
	rig_run(&rig, 2);
	assert_int_equal(agent_service_now(rig.agent, rig.wall), rig.service);
	rig.link = 0;
	rig_run(&rig, 5); /* the dispatcher is away and starts again where it was */
	before = agent_service_now(rig.agent, rig.wall);
	assert_int_equal(before, rig.service);
	rig.service -= 500000;
	rig.link = 1;
	rig_welcome(&rig);
	assert_true(agent_service_now(rig.agent, rig.wall) >= before);
	assert_int_equal(agent_service_now(rig.agent, rig.wall + 4000), before);
	assert_int_equal(agent_service_now(rig.agent, rig.wall + 5000), before + 100000);
	rig_close(&rig);
}

/* ---- memory ---- */
/* The same hour twice: once straight on, once through agent_save, agent_load and body_save, body_load after every
 * second. */
static void story(struct rig *rig, int restarts)
{
	for (int second = 0; second < 300; second++) {
		if (second == 1 || second == 150)
			plan_one_rider(rig);
		if (second == 20 || second == 25)
			rig_evidence(rig, 7, WIRE_EVIDENCE_APP);
		if (second == 40)
			rig_order(rig, 77, WIRE_HOLD);
		if (second == 90)
			rig_order(rig, 78, WIRE_RESUME);
		rig_run(rig, 1);
		if (restarts)
			reload(rig);
	}
}

static void without_hellos(char *trace)
{
	char *line_start = trace;

	while (*line_start) {
		char *end = strchr(line_start, '\n') + 1;
		if (strstr(line_start, "hello") && strstr(line_start, "hello") < end)
			memmove(line_start, end, strlen(end) + 1);
		else
			line_start = end;
	}
}

static void test_restart_at_any_second(void **state)
{
	struct rig straight, restarted;

	(void)state;
	rig_open(&straight, line, 'A', 'B', 0);
	story(&straight, 0);
	rig_open(&restarted, line, 'A', 'B', 0);
	story(&restarted, 1);
	without_hellos(straight.trace);
	without_hellos(restarted.trace);
	assert_non_null(strstr(straight.trace, "alighted 7"));
	assert_string_equal(straight.trace, restarted.trace);
	rig_close(&straight);
	rig_close(&restarted);
}

static void test_damaged_memory_is_refused(void **state)
{
	static uint8_t bytes[1 << 18], again[1 << 18];
	struct rig rig;
	size_t n, n_again;

	(void)state;
	rig_open(&rig, line, 'A', 'B', 0);
	board_one(&rig);
	assert_int_equal(agent_save(rig.agent, bytes, sizeof bytes, &n), 0);
	for (size_t cut = 0; cut < n; cut += 7)
		assert_int_not_equal(agent_load(rig.agent, bytes, cut, NULL), 0);
	assert_int_not_equal(agent_load(rig.agent, bytes, n + 1, NULL), 0);
	assert_int_equal(agent_save(rig.agent, again, 10, &n_again), ERR_FULL);
	assert_int_equal(agent_save(rig.agent, again, sizeof again, &n_again), 0);
	assert_int_equal(n, n_again); /* refused loads changed nothing */
	assert_memory_equal(bytes, again, n);
	for (size_t i = 0; i < n; i++) { /* whatever it takes it can go on with */
		bytes[i] ^= 0xFF;
		if (agent_load(rig.agent, bytes, n, NULL) == 0)
			rig_run(&rig, 3);
		bytes[i] ^= 0xFF;
	}
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_ride),
		cmocka_unit_test(test_waits_for_riders_and_earliest_time),
		cmocka_unit_test(test_doors_open_when_the_window_begins),
		cmocka_unit_test(test_no_show_is_the_dispatchers_word),
		cmocka_unit_test(test_rider_added_to_the_stop_where_it_stands),
		cmocka_unit_test(test_doors_take_time),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_streets_of_a_plan),
		cmocka_unit_test(test_same_plan_twice_is_harmless),
		cmocka_unit_test(test_plan_made_before_events_were_known),
		cmocka_unit_test(test_rider_in_the_door_is_not_left),
		cmocka_unit_test(test_turned_round_on_the_way),
		cmocka_unit_test(test_standstill_hold_resume),
		cmocka_unit_test(test_rider_taken_out_by_a_person),
		cmocka_unit_test(test_rider_is_still_aboard),
		cmocka_unit_test(test_rider_taken_out_in_the_door),
		cmocka_unit_test(test_out_of_service),
		cmocka_unit_test(test_buttons),
		cmocka_unit_test(test_buttons_held_down_while_nobody_listens),
		cmocka_unit_test(test_mrc_and_approval),
		cmocka_unit_test(test_fault_and_recovery),
		cmocka_unit_test(test_charging),
		cmocka_unit_test(test_cleaning),
		cmocka_unit_test(test_nobody_aboard_is_cleaned),
		cmocka_unit_test(test_lost_link_brings_riders_home_and_picks_nobody_up),
		cmocka_unit_test(test_nobody_boards_after_the_plan_ran_out),
		cmocka_unit_test(test_events_are_repeated_until_acknowledged),
		cmocka_unit_test(test_restored_dispatcher_is_told_again),
		cmocka_unit_test(test_dispatcher_restored_from_long_ago),
		cmocka_unit_test(test_simulated_clock_is_refused_by_a_real_vehicle),
		cmocka_unit_test(test_clock_runs_at_its_speed_and_never_back),
		cmocka_unit_test(test_restart_at_any_second),
		cmocka_unit_test(test_damaged_memory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
