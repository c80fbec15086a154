// link: zub_core zub_route zub_drawn_town
/* Stories of a small town, as readable traces: what was asked, what the core said. Times are minutes:seconds since the
 * start. */
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
static struct drawn_town drawn;
static struct rig rig;

static void open_with(const struct drawn_options *options, uint32_t vehicles)
{
	static const char *const depots[] = {"AB", "KL", "EF"};
	drawn_town_open(&drawn, options);
	drawn.town.rules.door_to_door = 1;
	rig_open(&rig, &drawn, NULL);
	assert_int_equal(rig_sign_on(&rig, "Anna", 4), 0);
	for (uint32_t v = 0; v < vehicles; v++)
		assert_int_equal(rig_vehicle(&rig, v + 1, depots[v][0], depots[v][1]), 0);
	rig.logging = 1;
}

static int open_one(void **state)
{
	(void)state;
	open_with(&(struct drawn_options){.drawing = grid, .metres_per_char = 50}, 1);
	return 0;
}

static int open_few_notices(void **state)
{
	(void)state;
	struct core_settings settings;
	core_settings_default(&settings);
	settings.vehicles_max = RIG_VEHICLES_MAX;
	settings.rides_max = settings.keys_max = settings.cases_max = 64;
	settings.delays_max = 16;
	settings.notices_max = 3;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = grid, .metres_per_char = 50});
	drawn.town.rules.door_to_door = 1;
	rig_open(&rig, &drawn, &settings);
	rig_sign_on(&rig, "Anna", 5);
	for (uint32_t number = 1; number <= 2; number++)
		assert_int_equal(rig_vehicle(&rig, number, 'A', 'B'), 0);
	return 0;
}

static int open_two(void **state)
{
	(void)state;
	open_with(&(struct drawn_options){.drawing = grid, .metres_per_char = 50}, 2);
	return 0;
}

static int open_train(void **state)
{
	(void)state;
	open_with(
		&(struct drawn_options){
			.drawing = grid,
			.metres_per_char = 50,
			.stops = "CD=S1 IJ AE? FG!",
			.timetable = "stop S1 C\ntrip T1 10 S1 08:30 S1 08:50\ntrip T2 10 S1 09:00 S1 09:20\n"},
		1);
	return 0;
}

static int open_stops(void **state)
{
	(void)state;
	open_with(&(struct drawn_options){.drawing = grid, .metres_per_char = 50, .stops = "CD IJ"}, 1);
	return 0;
}

static int open_rebalanced(void **state)
{
	(void)state;
	struct core_settings settings;
	core_settings_default(&settings);
	settings.vehicles_max = RIG_VEHICLES_MAX;
	settings.rides_max = settings.keys_max = settings.cases_max = 64;
	settings.delays_max = 16;
	settings.notices_max = 64;
	settings.rebalance_ms = 300000;
	settings.charger_slots = 1;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A-----B-----C-----D-----E-----F-----G\n",
							.metres_per_char = 60,
							.stops = "AB FG"});
	rig_open(&rig, &drawn, &settings);
	rig_sign_on(&rig, "Anna", 5);
	for (uint32_t number = 1; number <= 2; number++)
		assert_int_equal(rig_vehicle(&rig, number, 'A', 'B'), 0);
	rig.logging = 1;
	return 0;
}

static int close_all(void **state)
{
	(void)state;
	rig_close(&rig);
	drawn_town_close(&drawn);
	return 0;
}

static void says(const char *text)
{
	const char *at = strstr(rig.log, text);
	if (!at)
		fail_msg("not said: \"%s\"\n%s", text, rig.log);
}

static void never_says(const char *text)
{
	if (strstr(rig.log, text))
		fail_msg("said: \"%s\"\n%s", text, rig.log);
}

static instant_ms minute(int64_t minutes)
{
	return rig.start + minutes * MINUTE_MS;
}

/* From C to I, to leave so many minutes after the beginning. */
static uint64_t books_ahead(int64_t leave_min)
{
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.time_kind = TIME_LEAVE_AT;
	command.request.time = minute(leave_min);
	assert_int_equal(rig_step(&rig, &command).code, 0);
	assert_int_equal(rig_accept(&rig, command.request.ride, 0).code, 0);
	return command.request.ride;
}

static uint8_t state_of(uint64_t ride)
{
	return core_ride(rig.core, ride)->state;
}

static void one_ride(void **state)
{
	(void)state;
	assert_int_equal(rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J')), 1);
	rig_run(&rig, minute(12));
	const char *const trace = "0:00 request\n"
				  "  ride 1 offered\n"
				  "0:00 accept\n"
				  "  notice 1 promised\n"
				  "  ride 1 promised by 1 window 2:30..5:00 latest 11:25\n"
				  "  plan 1 v2: pickup 1 2:30 dropoff 1 7:50\n";
	if (strncmp(rig.log, trace, strlen(trace)) != 0)
		fail_msg("%s", rig.log);
	says("  notice 1 vehicle_at_stop\n  ride 1 at_stop\n");
	says("  evidence 1 to 1\n");
	says("  ride 1 aboard\n");
	says("  outcome 1 kept none\n  ride 1 done\n");
	assert_int_equal(core_figures(rig.core)->kept, 1);
}

static void offer_expires_and_client_waits(void **state)
{
	(void)state;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.client = 7;
	assert_int_equal(rig_step(&rig, &command).code, 0);
	struct command again = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	again.request.client = 7;
	assert_int_equal(rig_step(&rig, &again).refusal, REFUSAL_OPEN_REQUEST);
	assert_int_equal(core_vehicle(rig.core, 1)->n_tasks, 0); /* a reservation is not told to the vehicle */
	rig_run(&rig, minute(2));
	assert_int_equal(state_of(command.request.ride), RIDE_EXPIRED);
	assert_int_equal(rig_accept(&rig, command.request.ride, 0).code, ERR_GONE);
	again = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	again.request.client = 7;
	assert_int_equal(rig_step(&rig, &again).code, 0);
	rig_run(&rig, minute(120)); /* closed rides leave the memory, open ones never */
	assert_null(core_ride(rig.core, command.request.ride));
}

static void same_key_same_answer(void **state)
{
	(void)state;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.key = (struct command_key){1, 2};
	uint64_t first = command.request.ride;
	assert_int_equal(rig_step(&rig, &command).code, 0);
	command.request.ride = 99;
	command.at = 0;
	struct upd_result result = rig_step(&rig, &command);
	assert_int_equal(result.repeated, 1);
	assert_int_equal(result.ride, first);
	assert_null(core_ride(rig.core, 99));
}

static void no_show_after_last_call(void **state)
{
	(void)state;
	rig.no_shows[rig.n_no_shows++] = 1;
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig_run(&rig, minute(10));
	says("4:00 tick\n  notice 1 last_call\n");
	says("5:00 tick\n  outcome 1 kept none\n  notice 1 no_show\n  ride 1 no_show\n");
	/* a person undoes it: a fresh promise */
	struct command undo = {.kind = CMD_NO_SHOW_UNDO};
	undo.ride.ride = 1;
	rig.n_no_shows = 0;
	assert_int_equal(rig_step(&rig, &undo).code, 0);
	rig_run(&rig, minute(30));
	assert_int_equal(state_of(1), RIDE_DONE);
	assert_int_equal(core_figures(rig.core)->no_show, 0);
}

static void coming_extends_once(void **state)
{
	(void)state;
	rig.no_shows[rig.n_no_shows++] = 1;
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig_run(&rig, minute(3));
	struct command coming = {.kind = CMD_COMING};
	coming.ride.ride = 1;
	assert_int_equal(rig_step(&rig, &coming).code, 0);
	coming.at = 0;
	assert_int_equal(rig_step(&rig, &coming).code, ERR_CONFLICT);
	rig_run(&rig, rig.start + 6 * MINUTE_MS + 50 * SECOND_MS);
	assert_int_equal(state_of(1), RIDE_AT_STOP);
	rig_run(&rig, minute(8));
	assert_int_equal(state_of(1), RIDE_NO_SHOW);
}

static void wrong_code(void **state)
{
	(void)state;
	rig.no_shows[rig.n_no_shows++] = 1;
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	struct command evidence = {.kind = CMD_BOARD_EVIDENCE};
	evidence.board_evidence = (struct cmd_board_evidence){1, WIRE_EVIDENCE_CODE, 1234};
	assert_int_equal(rig_step(&rig, &evidence).code, ERR_CONFLICT); /* no vehicle there yet */
	rig_run(&rig, minute(3));
	evidence.at = 0;
	evidence.board_evidence.code = 1235;
	assert_int_equal(rig_step(&rig, &evidence).code, ERR_DENIED);
	evidence.at = 0;
	evidence.board_evidence.code = 1234;
	assert_int_equal(rig_step(&rig, &evidence).code, ERR_OK);
}

static void fault_moves_the_rider(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'K', 'L'), rig_place(&rig, 'A', 'B'));
	uint32_t first = core_ride(rig.core, ride)->vehicle;
	struct robot *robot = &rig.robots[first - 1];
	robot->state = ROBOT_DEAD;
	/* the pickup is now, the other vehicle is far: the promise cannot be kept, the next best is told, a case is
	 * open */
	rig_say(&rig, robot, WIRE_FAULT_BEGAN, 0, 0, 0);
	const struct core_ride *r = core_ride(rig.core, ride);
	assert_int_not_equal(r->vehicle, first);
	says("down\n");
	if (r->n_reassigned && r->cause == CAUSE_NONE) {
		says("notice 1 vehicle_changed");
	} else {
		says("outcome 1 broken vehicle_fault");
		says("case broken_ride ride 1");
	}
	rig_run(&rig, minute(25));
	assert_int_equal(state_of(ride), RIDE_DONE);
}

static void fault_without_another_vehicle(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig.robots[0].state = ROBOT_DEAD;
	rig_say(&rig, &rig.robots[0], WIRE_FAULT_BEGAN, 0, 0, 0);
	says("  outcome 1 broken vehicle_fault\n");
	says("  case broken_ride ride 1 vehicle 1 open\n");
	says("  notice 1 broken\n  ride 1 broken\n");
	rig_run(&rig, minute(180)); /* stays open, however long, until a named person closes it */
	assert_int_equal(state_of(ride), RIDE_BROKEN);
	struct command close = {.kind = CMD_CASE_CLOSE};
	close.case_.ride = ride;
	close.case_.outcome = CASE_HOME_BY_FALLBACK;
	assert_int_equal(rig_step(&rig, &close).code, ERR_RANGE); /* who? */
	close.at = 0;
	strcpy(close.case_.who, "Anna");
	assert_int_equal(rig_step(&rig, &close).code, ERR_OK);
	assert_true(core_ride(rig.core, ride)->closed_at != INSTANT_NONE);
}

static void silence_is_unknown(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'K', 'L'), rig_place(&rig, 'A', 'B'));
	uint32_t first = core_ride(rig.core, ride)->vehicle;
	struct command link = {.kind = CMD_VEHICLE_LINK};
	link.vehicle_link = (struct cmd_vehicle_link){first, 0, rig.now};
	rig.robots[first - 1].state = ROBOT_DEAD;
	assert_int_equal(rig_step(&rig, &link).code, 0);
	says("case vehicle_unknown ride 0");
	rig_run(&rig, rig.start + 124 * SECOND_MS);
	assert_int_equal(core_ride(rig.core, ride)->vehicle, first); /* it may still be carrying out its plan */
	rig_run(&rig, rig.start + 127 * SECOND_MS);
	assert_int_not_equal(core_ride(rig.core, ride)->vehicle, first);
}

static void vehicle_has_the_last_word(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	uint32_t first = core_ride(rig.core, ride)->vehicle, other = 3 - first;
	/* the other one says that this rider got in: he is there, once, and the first one's plan lets him go */
	rig_say(&rig, &rig.robots[other - 1], WIRE_BOARDED, ride, 0, WIRE_EVIDENCE_CODE);
	assert_int_equal(state_of(ride), RIDE_ABOARD);
	assert_int_equal(core_ride(rig.core, ride)->vehicle, other);
	assert_int_equal(core_vehicle(rig.core, first)->n_tasks, 0);
	assert_int_equal(core_vehicle(rig.core, other)->n_tasks, 1);
}

static int answer_notice(uint64_t notice)
{
	struct command command = {.kind = CMD_NOTICE_STATE};
	command.notice_state.notice = notice;
	command.notice_state.state = NOTICE_ACKNOWLEDGED;
	return rig_step(&rig, &command).code;
}

static const struct core_case *last_case(void)
{
	return core_case_at(rig.core, core_n_cases(rig.core) - 1);
}

/* With room for three: what is not answered yet is not overwritten, a person is asked instead. */
static void notices_are_not_lost(void **state)
{
	(void)state;
	uint64_t ride = 0;
	for (int i = 0; i < 3; i++)
		rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(core_n_cases(rig.core), 0);
	ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(last_case()->kind, CASE_NOTICE_FAILED);
	assert_true(last_case()->ride == ride);
	assert_int_equal(answer_notice(4), ERR_NOT_FOUND);
	assert_int_equal(answer_notice(2), 0);
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(core_n_cases(rig.core), 1);
	assert_int_equal(answer_notice(2), ERR_GONE);
	assert_int_equal(answer_notice(5), 0); /* the place of the second: 4 was left out */
	assert_int_equal(answer_notice(1), 0);
	assert_int_equal(answer_notice(3), 0);
}

static uint32_t n_said(uint16_t kind)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rig.updates.n; i++)
		n += rig.updates.items[i].kind == kind;
	return n;
}

static void plan_ack(uint32_t number, uint8_t refusal)
{
	const struct core_vehicle *vehicle = core_vehicle(rig.core, number);
	struct command command = {.kind = CMD_VEHICLE_PLAN_ACK};
	command.vehicle_plan_ack.vehicle = number;
	command.vehicle_plan_ack.ack = (struct wire_plan_ack){vehicle->plan_epoch, vehicle->plan_version, refusal};
	assert_int_equal(rig_step(&rig, &command).code, 0);
}

/* With another town file it takes no plan at all: nothing is made anew and nobody moved until it says hello. */
static void vehicle_with_another_town(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	uint32_t first = core_ride(rig.core, ride)->vehicle;
	for (int i = 0; i < 20; i++) {
		plan_ack(first, WIRE_REFUSED_TOWN);
		assert_int_equal(n_said(UPD_PLAN), 0);
		assert_int_equal(n_said(UPD_NOTICE), 0);
		assert_int_equal(n_said(UPD_CASE), i == 0);
		assert_int_equal(core_ride(rig.core, ride)->vehicle, first);
	}
	uint64_t next = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(core_ride(rig.core, next)->vehicle, 3 - first);
	struct command hello = {.kind = CMD_VEHICLE_HELLO};
	hello.vehicle_hello.vehicle = first;
	hello.vehicle_hello.hello = (struct wire_hello){.boot = 2, .simulated = 1, .class_name = "shuttle"};
	assert_int_equal(rig_step(&rig, &hello).code, 0);
	assert_int_equal(n_said(UPD_PLAN), 1);
	assert_int_equal(core_ride(rig.core, ride)->vehicle, first);
	plan_ack(first, WIRE_REFUSED_NONE);
	assert_int_equal(n_said(UPD_CASE), 1); /* ended */
	/* once more, and it does not come back: another one takes its rider over after a minute */
	rig_step(&rig, &hello);
	plan_ack(first, WIRE_REFUSED_TOWN);
	rig_tick(&rig, rig.now + MINUTE_MS - 1000);
	assert_int_equal(core_ride(rig.core, ride)->vehicle, first);
	rig_tick(&rig, rig.now + 2000);
	assert_int_equal(core_ride(rig.core, ride)->vehicle, 3 - first);
}

/* A place that no vehicle drives to: each is asked once, then a person is. */
static void vehicles_refuse_a_ride(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	uint32_t first = core_ride(rig.core, ride)->vehicle;
	plan_ack(first, WIRE_REFUSED_ODD);
	assert_int_equal(core_ride(rig.core, ride)->vehicle, 3 - first);
	plan_ack(3 - first, WIRE_REFUSED_ODD);
	assert_int_equal(state_of(ride), RIDE_BROKEN);
	uint64_t next = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(state_of(next), RIDE_PROMISED); /* others are still asked for */
}

static void events_once_and_in_order(void **state)
{
	(void)state;
	struct robot *robot = &rig.robots[0];
	assert_int_equal(rig_say(&rig, robot, WIRE_PASSENGER_CALL, 0, 0, 0), 0);
	robot->sequence = 0;
	assert_int_equal(rig_say(&rig, robot, WIRE_PASSENGER_CALL, 0, 0, 0), ERR_STALE); /* known: acknowledged again */
	assert_int_equal(rig.updates.items[0].kind, UPD_ACK);
	robot->sequence = 2;
	assert_int_equal(rig_say(&rig, robot, WIRE_PASSENGER_CALL, 0, 0, 0),
			 ERR_CONFLICT); /* a gap: not acknowledged */
	assert_int_equal(rig.updates.items[0].kind, UPD_RESULT);
}

static void nobody_rides_unwatched(void **state)
{
	(void)state;
	struct command off = {.kind = CMD_SIGN_OFF};
	strcpy(off.duty.who, "Anna");
	assert_int_equal(rig_step(&rig, &off).code, 0);
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_NO_SUPERVISOR);
	assert_int_equal(rig_sign_on(&rig, "Bela", 1), 0);
	assert_int_equal(rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J')), 2);
	/* handing over is accepted, not assumed */
	assert_int_equal(rig_sign_on(&rig, "Cem", 3), 0);
	strcpy(off.duty.who, "Bela");
	strcpy(off.duty.to, "Cem");
	off.at = 0;
	assert_int_equal(rig_step(&rig, &off).code, 0);
	assert_int_equal(core_n_supervisors(rig.core), 2);
	struct command accept = {.kind = CMD_HANDOVER_ACCEPT};
	strcpy(accept.duty.who, "Cem");
	assert_int_equal(rig_step(&rig, &accept).code, 0);
	assert_int_equal(core_n_supervisors(rig.core), 1);
	assert_string_equal(core_vehicle(rig.core, 1)->supervisor, "Cem");
	never_says("case unsupervised");
}

static void out_of_service_keeps_nobody_waiting(void **state)
{
	(void)state;
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	uint32_t first = core_ride(rig.core, 1)->vehicle;
	struct command order = {.kind = CMD_VEHICLE_ORDER};
	order.vehicle_order.vehicle = first;
	order.vehicle_order.order = 5;
	order.vehicle_order.kind = WIRE_OUT_OF_SERVICE;
	assert_int_equal(rig_step(&rig, &order).code, 0);
	assert_int_not_equal(core_ride(rig.core, 1)->vehicle, first);
	rig_run(&rig, minute(25));
	assert_int_equal(state_of(1), RIDE_DONE);
	assert_int_equal(core_vehicle(rig.core, first)->service, SERVICE_OUT);
}

static void restart_repeats_all_plans(void **state)
{
	(void)state;
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig.epoch = 2;
	struct command start = rig_start_command(&rig);
	assert_int_equal(rig_step(&rig, &start).code, 0);
	assert_int_equal(core_vehicle(rig.core, 1)->plan_epoch, 2);
	assert_int_equal(core_vehicle(rig.core, 1)->plan_version, 1);
	says("start\n  plan 1 v1: pickup 1");
	start.at = 0;
	assert_int_equal(rig_step(&rig, &start).code, ERR_STALE);
}

static struct command train_request(uint8_t kind, const char *trip, uint32_t sequence)
{
	struct place station = rig_place(&rig, 'C', 'D'), home = rig_place(&rig, 'I', 'J');
	struct command command = rig_request_command(&rig, kind == TIE_FROM_TRIP ? station : home,
						     kind == TIE_FROM_TRIP ? home : station);
	command.request.tie_kind = kind;
	strcpy(command.request.tie.feed, "drawn");
	strcpy(command.request.tie.trip_id, trip);
	command.request.tie.start_s = -1;
	command.request.tie.yyyymmdd = 20220607;
	command.request.tie.stop_sequence = sequence;
	return command;
}

/* The vehicle stands at a pickup an hour ahead, says so late, and a nearer ride was promised meanwhile: that one stays
 * first. */
static void standing_early_changes_no_order(void **state)
{
	(void)state;
	const uint64_t ahead = books_ahead(60);
	uint64_t near = rig_book(&rig, rig_place(&rig, 'E', 'F'), rig_place(&rig, 'G', 'H'));
	assert_int_not_equal(near, 0);
	instant_ms planned = core_ride(rig.core, near)->planned_pickup;
	rig.robots[0].spot = core_ride(rig.core, ahead)->pickup.road;
	rig_say(&rig, &rig.robots[0], WIRE_ARRIVED, ahead, WIRE_PICKUP, 0);
	uint32_t n;
	const struct core_task *plan = core_plan(rig.core, 1, &n);
	assert_int_equal(n, 4);
	assert_int_equal(plan[0].ride, near);
	assert_int_equal(plan[2].ride, ahead);
	assert_true(core_ride(rig.core, near)->planned_pickup < planned + 5 * MINUTE_MS);
	assert_int_equal(state_of(ahead), RIDE_PROMISED); /* not yet waited for */
}

static void late_train_is_waited_for(void **state)
{
	(void)state;
	struct command command = train_request(TIE_FROM_TRIP, "T1", 1); /* arrives 8:30 */
	struct upd_result result = rig_step(&rig, &command);
	if (result.code)
		fail_msg("refused: %s", core_refusal_name(result.refusal));
	assert_int_equal(rig_accept(&rig, 1, 0).code, 0);
	instant_ms earliest = core_ride(rig.core, 1)->earliest_pickup;
	assert_true(earliest >= minute(32));
	rig_run(&rig, minute(20));
	struct command delay = {.kind = CMD_TRIP_DELAY};
	delay.trip_delay.trip = command.request.tie;
	delay.trip_delay.arrival_late_s = delay.trip_delay.departure_late_s = 420;
	assert_int_equal(rig_step(&rig, &delay).code, 0);
	assert_true(core_ride(rig.core, 1)->earliest_pickup >= minute(39));
	says("  notice 1 connection_at_risk\n");
	rig_run(&rig, minute(60));
	assert_int_equal(state_of(1), RIDE_DONE);
	assert_true(core_ride(rig.core, 1)->boarded_at >= minute(39));
	says("  outcome 1 kept late_trip\n");
}

static void departing_train_is_reached(void **state)
{
	(void)state;
	struct command command = train_request(TIE_TO_TRIP, "T2", 1); /* departs 9:00 */
	assert_int_equal(rig_step(&rig, &command).code, 0);
	assert_int_equal(rig_accept(&rig, 1, 0).code, 0);
	assert_true(core_ride(rig.core, 1)->latest_arrival <= minute(60) - drawn.town.rules.transfer_ms);
	rig_run(&rig, minute(70));
	assert_int_equal(state_of(1), RIDE_DONE);
	assert_true(core_ride(rig.core, 1)->alighted_at <= minute(58));
	/* nobody can reach a train that leaves in a minute */
	command = train_request(TIE_TO_TRIP, "T2", 2);
	rig_run(&rig, minute(78));
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_CONNECTION);
	command = train_request(TIE_TO_TRIP, "T9", 1);
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_TRIP_UNKNOWN);
}

static void unknown_access_is_not_offered(void **state)
{
	(void)state;
	drawn.town.rules.door_to_door = 0;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'A', 'E'), rig_place(&rig, 'C', 'D'));
	command.request.need_count[0] = 0;
	command.request.need_count[2] = 1; /* wheelchair */
	command.request.from.stop = drawn_stop(&drawn, "AE");
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_NOT_STEP_FREE);
	command = rig_request_command(&rig, rig_place(&rig, 'I', 'J'), rig_place(&rig, 'C', 'D'));
	command.request.need_count[0] = 0;
	command.request.need_count[2] = 1;
	command.request.walk_max_mm = 100000;
	struct upd_result result = rig_step(&rig, &command);
	assert_int_equal(result.code, 0);
	assert_int_equal(core_ride(rig.core, command.request.ride)->units[1], 1);
}

/* Each refusal names what was in the way last, and what would do instead: later, or from a stop farther off. */
static void refusals_say_what_would_do(void **state)
{
	(void)state;
	drawn.town.rules.door_to_door = 0;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'A', 'E'), rig_place(&rig, 'G', 'H'));
	command.request.walk_max_mm = 20000;
	struct upd_result result = rig_step(&rig, &command);
	assert_int_equal(result.refusal, REFUSAL_NO_STOP_NEAR);
	assert_true(result.would_work_walk_mm > 20000);
	assert_true(result.would_work_from > 0 && result.would_work_to > 0);
	/* with that walk it does work, between those stops or better ones */
	command.request.ride = ++rig.last_ride;
	command.request.walk_max_mm = result.would_work_walk_mm;
	result = rig_step(&rig, &command);
	assert_int_equal(result.code, 0);
	assert_int_equal(result.would_work_walk_mm, 0);
	struct command cancel = {.kind = CMD_CANCEL, .cancel = {.ride = command.request.ride}};
	rig_step(&rig, &cancel);
	/* nobody could be there in time: the time that would do does */
	drawn.town.rules.wait_max_ms = 1000;
	command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.walk_max_mm = 20000;
	result = rig_step(&rig, &command);
	assert_int_equal(result.refusal, REFUSAL_NO_TIME);
	assert_int_equal(result.obstacle, OBSTACLE_PICKUP);
	assert_true(result.would_work_at > rig.now);
	drawn.town.rules.wait_max_ms = 3600000;
	command.request.ride = ++rig.last_ride;
	command.request.time_kind = TIME_LEAVE_AT;
	command.request.time = result.would_work_at;
	assert_int_equal(rig_step(&rig, &command).code, 0);
}

/* Whoever would have one choice only is shown another departure, and can take it. */
static void a_choice_of_two(void **state)
{
	(void)state;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'A', 'E'), rig_place(&rig, 'C', 'D'));
	uint64_t number = command.request.ride;
	assert_int_equal(rig_step(&rig, &command).code, 0);
	const struct core_ride *ride = core_ride(rig.core, number);
	assert_int_equal(ride->n_offers, 2);
	assert_int_equal(ride->offers[0].reason, OFFER_SOONEST);
	assert_int_equal(ride->offers[1].reason, OFFER_LATER);
	assert_true(ride->offers[1].earliest_pickup >= ride->offers[0].earliest_pickup + 300000);
	instant_ms latest = ride->offers[1].latest_pickup;
	assert_int_equal(rig_accept(&rig, number, 1).code, 0);
	assert_int_equal(core_ride(rig.core, number)->latest_pickup, latest);
}

static void refusals_say_why(void **state)
{
	(void)state;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'C', 'D'));
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_SAME_PLACE);
	command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.need_count[0] = 20;
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_PARTY_TOO_LARGE);
	command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.need_count[15] = 1;
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_NEED_UNKNOWN);
	command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.time_kind = TIME_LEAVE_AT;
	command.request.time = rig.now - HOUR_MS;
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_IN_THE_PAST);
	command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.time_kind = TIME_LEAVE_AT;
	command.request.time = rig.now + 30 * DAY_MS;
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_TOO_FAR_AHEAD);
	struct command pause = {.kind = CMD_BOOKINGS_PAUSE};
	pause.bookings_pause.paused = 1;
	rig_step(&rig, &pause);
	command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(rig_step(&rig, &command).refusal, REFUSAL_PAUSED);
	assert_int_equal(core_figures(rig.core)->refused, 6);
}

static void empty_battery_charges(void **state)
{
	(void)state;
	struct command states = {.kind = CMD_FLEET_STATES};
	states.fleet_states.n = 1;
	states.fleet_states.states[0].vehicle = 1;
	states.fleet_states.states[0].state.at = rig.now;
	states.fleet_states.states[0].state.place.arc = NONE;
	states.fleet_states.states[0].state.mode = WIRE_IDLE;
	states.fleet_states.states[0].state.battery_permille = 300;
	assert_int_equal(rig_step(&rig, &states).code, 0);
	says("charge 0");
	/* too little left for any ride: refused, not stranded */
	struct command low = states;
	low.at = 0;
	low.fleet_states.states[0].state.battery_permille = 201;
	drawn.town.rules.wait_max_ms = 600000;
	rig_step(&rig, &low);
	assert_int_equal(rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J')), 0);
}

static void report(uint16_t battery_permille)
{
	struct command states = {.kind = CMD_FLEET_STATES};
	states.fleet_states.n = 1;
	states.fleet_states.states[0] = (struct fleet_state){
		1, {.at = rig.now, .place = {.arc = NONE}, .mode = WIRE_IDLE, .battery_permille = battery_permille}};
	assert_int_equal(rig_step(&rig, &states).code, 0);
}

/* With time before its next rider a vehicle charges; whoever asks meanwhile is promised what it can do after. */
static void charges_before_a_later_rider(void **state)
{
	(void)state;
	const uint64_t booked = books_ahead(120);
	const struct core_ride *ride = core_ride(rig.core, booked);
	const instant_ms planned = ride->planned_pickup;
	uint32_t n;
	report(650);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_PICKUP);
	report(450);
	const struct core_task *plan = core_plan(rig.core, 1, &n);
	assert_int_equal(n, 3);
	assert_int_equal(plan[0].kind, WIRE_CHARGE);
	assert_true(plan[0].end - plan[0].begin >= 10 * MINUTE_MS);
	assert_true(plan[1].arrive <= plan[1].not_before);
	assert_int_equal(ride->planned_pickup, planned);
	assert_int_equal(core_check(rig.core, NULL), 0);
	rig_run(&rig, minute(140));
	assert_int_equal(state_of(booked), RIDE_DONE);
	assert_int_equal(core_figures(rig.core)->kept, 1);
}

/* All ask at the far end: of two idle vehicles both go there, within minutes; who is promised one on its way has it
 * turn. */
static void idle_vehicles_go_where_riders_are(void **state)
{
	(void)state;
	uint32_t n;
	for (int i = 0; i < 12; i++) {
		struct command command =
			rig_request_command(&rig, rig_place(&rig, 'F', 'G'), rig_place(&rig, 'A', 'B'));
		command.request.walk_max_mm = 100000;
		assert_int_equal(rig_step(&rig, &command).code, 0);
		struct command cancel = {.kind = CMD_CANCEL, .cancel = {.ride = command.request.ride}};
		rig_step(&rig, &cancel);
	}
	rig_run(&rig, minute(6));
	const struct core_task *first = core_plan(rig.core, 1, &n);
	assert_int_equal(n, 1);
	assert_int_equal(first->kind, WIRE_PARK);
	assert_int_equal(first->place.stop, drawn_stop(&drawn, "FG"));
	assert_int_equal(core_check(rig.core, NULL), 0);
	/* under way it is as free as one that stands */
	struct command command = rig_request_command(&rig, rig_place(&rig, 'A', 'B'), rig_place(&rig, 'C', 'D'));
	command.request.walk_max_mm = 1500000;
	assert_int_equal(rig_step(&rig, &command).code, 0);
	assert_int_equal(rig_accept(&rig, command.request.ride, 0).code, 0);
	const struct core_ride *ride = core_ride(rig.core, command.request.ride);
	const struct core_task *plan = core_plan(rig.core, ride->vehicle, &n);
	assert_int_equal(n, 2); /* nothing of the errand is left */
	assert_int_equal(plan[0].kind, WIRE_PICKUP);
	rig_run(&rig, minute(40));
	assert_int_equal(state_of(command.request.ride), RIDE_DONE);
	says("park 0");
}

/* One charger: the second low vehicle waits for it. */
static void chargers_are_few(void **state)
{
	(void)state;
	uint32_t n_first, n_second;
	struct command states = {.kind = CMD_FLEET_STATES};
	states.fleet_states.n = 2;
	for (uint32_t i = 0; i < 2; i++)
		states.fleet_states.states[i] = (struct fleet_state){
			i + 1, {.at = rig.now, .place = {.arc = NONE}, .mode = WIRE_IDLE, .battery_permille = 300}};
	assert_int_equal(rig_step(&rig, &states).code, 0);
	assert_int_equal(core_plan(rig.core, 1, &n_first)->kind, WIRE_CHARGE);
	(void)core_plan(rig.core, 2, &n_second);
	assert_int_equal(n_first, 1);
	assert_int_equal(n_second, 0);
}

/* The rider boarded before the vehicle heard of the charger: nobody is ever taken there. */
static void no_rider_is_taken_to_a_charger(void **state)
{
	(void)state;
	uint32_t n;
	const uint64_t booked = books_ahead(60);
	report(300);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_CHARGE);
	assert_int_equal(rig_say(&rig, &rig.robots[0], WIRE_BOARDED, booked, WIRE_PICKUP, 0), 0);
	const struct core_task *plan = core_plan(rig.core, 1, &n);
	assert_int_equal(n, 1);
	assert_int_equal(plan[0].kind, WIRE_DROPOFF);
	assert_int_equal(core_check(rig.core, NULL), 0);
}

/* Held up on its way to the charger: it goes for its rider in time, charged or not. */
static void charging_makes_nobody_late(void **state)
{
	(void)state;
	const uint64_t booked = books_ahead(40);
	const struct core_ride *ride = core_ride(rig.core, booked);
	uint32_t n;
	report(250);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_CHARGE);
	struct robot *robot = &rig.robots[0];
	rig.now = minute(20); /* so late is it there */
	assert_int_equal(rig_say(&rig, robot, WIRE_CHARGE_BEGAN, 0, WIRE_CHARGE, 0), 0);
	/* planned so at once: nobody is moved or broken for a charge that would be cut short anyway */
	assert_true(core_plan(rig.core, 1, &n)[1].arrive <= ride->latest_pickup);
	report(260);
	rig.now = ride->earliest_pickup - 2 * MINUTE_MS;
	assert_int_equal(rig_step(&rig, &(struct command){.kind = CMD_TICK}).code, 0);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_PICKUP);
	assert_true(core_plan(rig.core, 1, &n)[0].arrive <= ride->latest_pickup);
	/* and once it says that it is off, it is on its way: no later with every minute */
	assert_int_equal(rig_say(&rig, robot, WIRE_CHARGE_ENDED, 0, WIRE_CHARGE, 0), 0);
	const instant_ms arrive = core_plan(rig.core, 1, &n)[0].arrive;
	rig.now += MINUTE_MS;
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	command.request.time_kind = TIME_LEAVE_AT;
	command.request.time = minute(120);
	assert_int_equal(rig_step(&rig, &command).code, 0); /* times the plan anew */
	assert_true(core_plan(rig.core, 1, &n)[0].arrive == arrive);
	assert_int_equal(core_check(rig.core, NULL), 0);
}

static void says_hello(uint32_t number, uint32_t boot, int cleans)
{
	struct command hello = {.kind = CMD_VEHICLE_HELLO};
	hello.vehicle_hello.vehicle = number;
	hello.vehicle_hello.hello =
		(struct wire_hello){.boot = boot, .simulated = 1, .class_name = "shuttle", .cleans = (uint8_t)cleans};
	assert_int_equal(rig_step(&rig, &hello).code, 0);
}

/* A vehicle that is to be cleaned within the hour. */
static int open_to_be_cleaned(void **state)
{
	(void)state;
	struct core_settings settings;
	core_settings_default(&settings);
	settings.vehicles_max = RIG_VEHICLES_MAX;
	settings.rides_max = settings.keys_max = settings.cases_max = settings.notices_max = 64;
	settings.delays_max = 16;
	settings.clean_every_ms = settings.clean_early_ms = (uint32_t)HOUR_MS;
	settings.clean_ms = 15 * (uint32_t)MINUTE_MS;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = grid, .metres_per_char = 50});
	drawn.town.rules.door_to_door = 1;
	rig_open(&rig, &drawn, &settings);
	rig_sign_on(&rig, "Anna", 5);
	assert_int_equal(rig_vehicle(&rig, 1, 'A', 'B'), 0);
	return 0;
}

/* One whose software does not know cleaning would drop the plan: it gets none, and carries riders as ever. */
static void who_does_not_know_cleaning_is_not_sent(void **state)
{
	(void)state;
	uint32_t n;
	says_hello(1, 1, 0);
	assert_true(core_clean_due(rig.core, 1) == INT64_MAX);
	rig_run(&rig, minute(90));
	(void)core_plan(rig.core, 1, &n);
	assert_int_equal(n, 0);
	struct command command = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	assert_int_equal(rig_step(&rig, &command).code, 0);
	assert_int_equal(rig_accept(&rig, command.request.ride, 0).code, 0);
	rig_run(&rig, minute(120));
	assert_int_equal(core_ride(rig.core, command.request.ride)->state, RIDE_DONE);
	says_hello(1, 2, 1); /* a newer one does: counted from the beginning */
	rig_run(&rig, minute(121));
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_CLEAN);
	says_hello(1, 3, 0); /* and back again */
	(void)core_plan(rig.core, 1, &n);
	assert_int_equal(n, 0);
	assert_int_equal(core_check(rig.core, NULL), 0);
}

/* Held up on its way to be cleaned: the promise comes first, and half a cleaning is none. */
static void cleaning_makes_nobody_late(void **state)
{
	(void)state;
	const uint64_t booked = books_ahead(40);
	const struct core_ride *ride = core_ride(rig.core, booked);
	struct robot *robot = &rig.robots[0];
	uint32_t n;
	says_hello(1, 1, 1);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_CLEAN);
	assert_int_equal(n, 3);
	rig.now = minute(32); /* so late is it there */
	assert_int_equal(rig_step(&rig, &(struct command){.kind = CMD_TICK}).code, 0);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_PICKUP);
	assert_true(core_plan(rig.core, 1, &n)[0].arrive <= ride->latest_pickup);
	assert_int_equal(rig_say(&rig, robot, WIRE_CLEAN_BEGAN, 0, 0, 0), 0); /* it does not know yet */
	rig.now += MINUTE_MS;
	assert_int_equal(rig_say(&rig, robot, WIRE_CLEAN_ENDED, 0, 0, 0), 0);
	assert_true(core_vehicle(rig.core, 1)->cleaned_at == INSTANT_NONE);
	assert_true(core_plan(rig.core, 1, &n)[0].arrive <= ride->latest_pickup);
	assert_int_equal(core_check(rig.core, NULL), 0);
}

/* Somebody boarded before it was known: nobody is cleaned with. */
static void no_rider_is_aboard_at_a_cleaning(void **state)
{
	(void)state;
	uint32_t n;
	const uint64_t booked = books_ahead(60);
	says_hello(1, 1, 1);
	assert_int_equal(core_plan(rig.core, 1, &n)[0].kind, WIRE_CLEAN);
	assert_int_equal(rig_say(&rig, &rig.robots[0], WIRE_BOARDED, booked, WIRE_PICKUP, 0), 0);
	const struct core_task *plan = core_plan(rig.core, 1, &n);
	assert_int_equal(n, 1);
	assert_int_equal(plan[0].kind, WIRE_DROPOFF);
	assert_int_equal(core_check(rig.core, NULL), 0);
}

static void stands_still_there(uint32_t number)
{
	const struct core_vehicle *vehicle = core_vehicle(rig.core, number);
	struct command states = {.kind = CMD_FLEET_STATES};
	const struct place *anchor = &vehicle->anchor;
	states.fleet_states.n = 1;
	states.fleet_states.states[0] = (struct fleet_state){number,
							     {.at = rig.now,
							      .place = {.lat_e7 = anchor->point.lat_e7,
									.lon_e7 = anchor->point.lon_e7,
									.arc = anchor->road.arc,
									.offset_mm = anchor->road.offset_mm},
							      .mode = WIRE_DRIVING,
							      .battery_permille = 900}};
	assert_int_equal(rig_step(&rig, &states).code, 0);
}

/* A vehicle slower than planned: its own plan is timed anew at once and its rider told; when it would come too late,
 * another one takes him, with the reason. The plan of the other vehicle is untouched until then. */
static void slower_than_planned(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	const struct core_ride *of = core_ride(rig.core, ride);
	assert_int_equal(rig_vehicle(&rig, 2, 'B', 'C'), 0);
	const uint32_t slow = of->vehicle, other = 2, version = core_vehicle(rig.core, other)->plan_version;
	const instant_ms planned = of->planned_pickup;
	rig.now += 130 * SECOND_MS;
	stands_still_there(slow);
	assert_true(of->planned_pickup > planned || core_plan(rig.core, slow, &(uint32_t){0})[0].arrive > planned);
	assert_int_equal(of->vehicle, slow); /* still in time */
	assert_int_equal(core_vehicle(rig.core, other)->plan_version, version);
	rig.now = of->latest_pickup - 100 * SECOND_MS;
	stands_still_there(slow);
	assert_int_equal(core_check(rig.core, NULL), 0);
	says("vehicle_changed");
	assert_int_equal(of->vehicle, other);
	assert_int_equal(of->n_reassigned, 1);
	assert_true(core_vehicle(rig.core, other)->plan_version > version);
}

/* A rider who boards before the window: the drop-off of that plan moves up at once, nothing else does. */
static void early_rider(void **state)
{
	(void)state;
	uint64_t ride = rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	const struct core_ride *of = core_ride(rig.core, ride);
	const uint32_t first = of->vehicle, version = core_vehicle(rig.core, 3 - first)->plan_version;
	const instant_ms dropoff = of->planned_dropoff;
	struct robot *robot = &rig.robots[first - 1];
	rig.no_shows[rig.n_no_shows++] = ride; /* the robot leaves the boarding to this story */
	rig_run(&rig, of->earliest_pickup - 20 * SECOND_MS);
	if (of->at_stop_at == INSTANT_NONE)
		fail_msg("not there yet\n%s", rig.log);
	assert_int_equal(rig_say(&rig, robot, WIRE_BOARDED, ride, WIRE_PICKUP, WIRE_EVIDENCE_BUTTON), 0);
	assert_int_equal(of->state, RIDE_ABOARD);
	assert_true(of->planned_dropoff < dropoff);
	assert_int_equal(core_vehicle(rig.core, 3 - first)->plan_version, version);
	assert_int_equal(core_check(rig.core, NULL), 0);
}

static void riders_share(void **state)
{
	(void)state;
	/* two parties from the same kerb to the same quarter: one vehicle, one stop */
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'J', 'K'));
	rig_run(&rig, minute(30));
	assert_int_equal(core_figures(rig.core)->done, 2);
	assert_int_equal(core_figures(rig.core)->shared, 2);
	assert_int_equal(core_figures(rig.core)->kept, 2);
}

/* Middles of streets are all the places there are in these stories. */
static struct place place_on(void *self, struct geo_point point)
{
	const struct town *town = self;
	struct place place = {.point = point, .road = {NONE, 0}, .walk = {NONE, 0}, .stop = NONE};
	uint64_t best = UINT64_MAX;
	for (uint32_t a = 0; a < town->road.n_arcs; a++) {
		struct spot spot = {a, town->road.dist_mm[a] / 2};
		uint64_t away = geo_rough_mm(point, network_spot_point(&town->road, spot));
		if (away < best) {
			best = away;
			place.road = spot;
		}
	}
	return place;
}

static void new_town_in_the_middle(void **state)
{
	(void)state;
	static struct drawn_town changed;
	rig_book(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig_book(&rig, rig_place(&rig, 'H', 'L'), rig_place(&rig, 'A', 'E'));
	struct command open = rig_request_command(&rig, rig_place(&rig, 'C', 'D'), rig_place(&rig, 'I', 'J'));
	rig_step(&rig, &open);
	rig_run(&rig, rig.now + 20 * SECOND_MS);
	/* the street from F to G is gone */
	drawn_town_open(&changed, &(struct drawn_options){.drawing = "A-----B-----C-----D\n"
								     "|     |     |     |\n"
								     "|     |     |     |\n"
								     "E-----F     G-----H\n"
								     "|     |     |     |\n"
								     "|     |     |     |\n"
								     "I-----J-----K-----L\n",
							  .metres_per_char = 50});
	changed.town.hash[0] = 7;
	changed.town.rules.door_to_door = 1;
	struct command swap = {.kind = CMD_TOWN_SWAP};
	memcpy(swap.town_swap.town_hash, changed.town.hash, TOWN_HASH_BYTES);
	assert_int_equal(rig_step(&rig, &swap).code, ERR_NOT_FOUND); /* nobody has given it to the core */
	assert_int_equal(core_set_town(rig.core, &changed.town, place_on, &changed.town), 0);
	swap.at = 0;
	assert_int_equal(rig_step(&rig, &swap).code, 0);
	assert_ptr_equal(core_town(rig.core), &changed.town);
	assert_int_equal(state_of(open.request.ride), RIDE_EXPIRED); /* offers are of the old streets */
	says("town_swap\n");
	struct drawn_town old = drawn;
	drawn = changed;
	for (uint32_t i = 0; i < rig.n_robots; i++) { /* the robots know the new streets from now on */
		rig.robots[i].spot = core_vehicle(rig.core, i + 1)->anchor.road;
		rig.robots[i].state = ROBOT_IDLE;
	}
	arena_close(&rig.routes);
	assert_int_equal(arena_open(&rig.routes, 2 * route_graph_size(&drawn.town.road) + (4 << 20)), 0);
	assert_int_equal(route_graph_open(&rig.graph, &drawn.town.road, &rig.routes), 0);
	assert_int_equal(route_query_open(&rig.query, rig.graph, &rig.routes), 0);
	rig_run(&rig, minute(40));
	assert_int_equal(core_figures(rig.core)->done, 2);
	drawn_town_close(&old);
}

/* Of a journal that goes on from a snapshot of before; a later engine's is not ours to read. */
static void starts_of_older_engines_are_replayed(void **state)
{
	(void)state;
	struct command start = rig_start_command(&rig);
	start.at = rig.now;
	start.start.epoch = core_epoch(rig.core) + 1;
	start.start.engine_version = CORE_ENGINE_VERSION + 1;
	assert_int_equal(rig_step(&rig, &start).code, ERR_VERSION);
	start.start.engine_version = 1;
	assert_int_equal(rig_step(&rig, &start).code, ERR_OK);
	assert_int_equal(core_epoch(rig.core), start.start.epoch);
}

/* A street that no shuttle comes back from, and a place far from any street: each has a reason of its own. */
static void no_road_is_a_reason_of_its_own(void **state)
{
	(void)state;
	struct command there = rig_request_command(&rig, rig_place(&rig, 'A', 'B'), rig_place(&rig, 'E', 'F'));
	assert_int_equal(rig_step(&rig, &there).refusal, REFUSAL_NO_ROAD);
	there = rig_request_command(&rig, rig_place(&rig, 'E', 'F'), rig_place(&rig, 'A', 'B'));
	assert_int_equal(rig_step(&rig, &there).refusal, REFUSAL_NO_ROAD);
	there = rig_request_command(&rig, rig_place(&rig, 'A', 'B'), rig_place(&rig, 'B', 'C'));
	there.request.to.road_away_mm = 500000;
	assert_int_equal(rig_step(&rig, &there).refusal, REFUSAL_NO_ROAD);
	drawn.town.rules.door_to_door = 0; /* where people walk to stops, it is a stop that is missing */
	there = rig_request_command(&rig, rig_place(&rig, 'A', 'B'), rig_place(&rig, 'B', 'C'));
	there.request.walk_max_mm = 300000;
	assert_int_equal(rig_step(&rig, &there).refusal, REFUSAL_NO_STOP_NEAR);
}

static int open_dead_end(void **state)
{
	(void)state;
	open_with(&(struct drawn_options){.drawing = "A---------B---------C\n          |\n          E>>>>>>>>>F",
					  .metres_per_char = 50},
		  0);
	assert_int_equal(rig_vehicle(&rig, 1, 'A', 'B'), 0);
	return 0;
}

#define STORY(test, opener) cmocka_unit_test_setup_teardown(test, opener, close_all)

/* ---- booked long before, and those who come now ---- */

#define BOOKED 6

/* 1: moved. */
static uint32_t within_the_promise(const struct core_ride *as_promised)
{
	const struct core_ride *ride = core_ride(rig.core, as_promised->ride);
	assert_non_null(ride);
	assert_true(ride->state != RIDE_BROKEN && ride->state != RIDE_EXPIRED && ride->state != RIDE_CANCELLED);
	assert_true(ride->earliest_pickup == as_promised->earliest_pickup &&
		    ride->latest_pickup == as_promised->latest_pickup &&
		    ride->latest_arrival == as_promised->latest_arrival);
	if (ride->state == RIDE_PROMISED)
		assert_true(ride->planned_pickup >= ride->earliest_pickup &&
			    ride->planned_pickup <= ride->latest_pickup &&
			    ride->planned_dropoff <= ride->latest_arrival);
	return ride->planned_pickup != as_promised->planned_pickup ||
	       ride->planned_dropoff != as_promised->planned_dropoff;
}

/* Thirteen days before, six riders book for the same half hour. When it comes, others ask every two minutes for now:
 * many are promised a ride between, and those booked are moved within their windows at most. */
static void booked_long_before_is_kept(void **state)
{
	(void)state;
	static const char ways[][3] = {"AB", "BC", "EF", "FG", "IJ", "JK"};
	struct core_ride booked[BOOKED];
	const instant_ms day = rig.start + 13 * DAY_MS;
	uint32_t promised = 0, moved = 0;
	rig.logging = 0;
	for (uint32_t i = 0; i < BOOKED; i++) {
		struct command command = rig_request_command(&rig, rig_place(&rig, ways[i][0], ways[i][1]),
							     rig_place(&rig, ways[5 - i][1], ways[5 - i][0]));
		command.request.time_kind = TIME_LEAVE_AT;
		command.request.time = day + i * 5 * MINUTE_MS;
		assert_int_equal(rig_step(&rig, &command).code, 0);
		assert_int_equal(rig_accept(&rig, command.request.ride, 0).code, 0);
		booked[i] = *core_ride(rig.core, command.request.ride);
		assert_int_equal(booked[i].prebooked, 1);
	}
	while (rig.now < day - 30 * MINUTE_MS) { /* nothing happens but that the shuttles are heard of */
		rig.now += MINUTE_MS;
		rig_states(&rig);
	}
	for (uint32_t i = 0; i < 45; i++) {
		rig_run(&rig, rig.now + 2 * MINUTE_MS);
		promised += rig_book(&rig, rig_place(&rig, ways[i % 6][0], ways[i % 6][1]),
				     rig_place(&rig, ways[(i + 2) % 6][1], ways[(i + 2) % 6][0])) != 0;
		for (uint32_t k = 0; k < BOOKED && i < 30; k++) /* an hour after its end a ride is forgotten */
			moved += within_the_promise(&booked[k]);
	}
	rig_run(&rig, rig.now + 30 * MINUTE_MS);
	assert_true(promised > 15 && moved > 0);
	assert_int_equal(core_figures(rig.core)->broken, 0);
	assert_true(core_figures(rig.core)->done >= BOOKED + promised / 2);
	assert_true(core_figures(rig.core)->kept == core_figures(rig.core)->done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(booked_long_before_is_kept, open_two, close_all),
		STORY(one_ride, open_one),
		STORY(standing_early_changes_no_order, open_one),
		STORY(offer_expires_and_client_waits, open_one),
		STORY(same_key_same_answer, open_one),
		STORY(no_show_after_last_call, open_one),
		STORY(coming_extends_once, open_one),
		STORY(wrong_code, open_one),
		STORY(fault_moves_the_rider, open_two),
		STORY(fault_without_another_vehicle, open_one),
		STORY(silence_is_unknown, open_two),
		STORY(vehicle_has_the_last_word, open_two),
		STORY(notices_are_not_lost, open_few_notices),
		STORY(vehicle_with_another_town, open_two),
		STORY(vehicles_refuse_a_ride, open_two),
		STORY(events_once_and_in_order, open_one),
		STORY(nobody_rides_unwatched, open_one),
		STORY(out_of_service_keeps_nobody_waiting, open_two),
		STORY(restart_repeats_all_plans, open_one),
		STORY(late_train_is_waited_for, open_train),
		STORY(departing_train_is_reached, open_train),
		STORY(unknown_access_is_not_offered, open_train),
		STORY(refusals_say_why, open_one),
		STORY(refusals_say_what_would_do, open_stops),
		STORY(a_choice_of_two, open_two),
		STORY(no_road_is_a_reason_of_its_own, open_dead_end),
		STORY(starts_of_older_engines_are_replayed, open_one),
		STORY(empty_battery_charges, open_one),
		STORY(charges_before_a_later_rider, open_one),
		STORY(charging_makes_nobody_late, open_one),
		STORY(cleaning_makes_nobody_late, open_to_be_cleaned),
		STORY(no_rider_is_aboard_at_a_cleaning, open_to_be_cleaned),
		STORY(who_does_not_know_cleaning_is_not_sent, open_to_be_cleaned),
		STORY(no_rider_is_taken_to_a_charger, open_one),
		STORY(idle_vehicles_go_where_riders_are, open_rebalanced),
		STORY(chargers_are_few, open_rebalanced),
		STORY(slower_than_planned, open_one),
		STORY(early_rider, open_two),
		STORY(riders_share, open_one),
		STORY(new_town_in_the_middle, open_two),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
