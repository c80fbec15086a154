// link: zub_dock zub_core zub_route zub_drawn_town
/* The dock between a core and one vehicle that the test plays by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rig.h"
#include "dock.h"

static const char *const line = "A---------B---------C---------D\n"
				"|                             |\n"
				"E---------F---------G---------H\n";

struct stage {
	struct rig rig;
	struct drawn_town drawn;
	struct arena arena;
	struct dock *dock;
	struct dock_settings settings;
	struct command commands[DOCK_COMMANDS];
	uint32_t n;		      /* commands of the last call */
	struct wire_message said[64]; /* since the last look */
	uint32_t n_said;
	uint32_t sequence;
};

static int64_t wall(const struct stage *stage)
{
	return stage->rig.now - stage->rig.start + 1000;
}

static void listen_to(struct stage *stage, uint32_t vehicle)
{
	struct wire_message message;
	uint32_t number;

	while (dock_next(stage->dock, &number, &message))
		if (number == vehicle && stage->n_said < COUNT_OF(stage->said))
			stage->said[stage->n_said++] = message;
}

/* How many messages of this kind vehicle 1 has heard since the last look (which forgets them all). */
static uint32_t heard(struct stage *stage, uint8_t kind)
{
	uint32_t n = 0;

	listen_to(stage, 1);
	for (uint32_t i = 0; i < stage->n_said; i++)
		n += stage->said[i].kind == kind;
	stage->n_said = 0;
	return n;
}

/* The newest of this kind; the test ends when there is none. */
static struct wire_message latest(struct stage *stage, uint8_t kind)
{
	struct wire_message message = {0};

	listen_to(stage, 1);
	for (uint32_t i = 0; i < stage->n_said; i++)
		if (stage->said[i].kind == kind)
			message = stage->said[i];
	stage->n_said = 0;
	assert_int_equal(message.kind, kind);
	return message;
}

static struct upd_result step(struct stage *stage, struct command *command)
{
	command->at = stage->rig.now;
	struct upd_result result = rig_step(&stage->rig, command);
	for (uint32_t i = 0; i < stage->rig.updates.n; i++)
		dock_update(stage->dock, &stage->rig.updates.items[i], wall(stage));
	return result;
}

/* How many commands of this kind the last call made. */
static uint32_t made(const struct stage *stage, uint16_t kind)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < stage->n; i++)
		n += stage->commands[i].kind == kind;
	return n;
}

static int tell(struct stage *stage, uint32_t vehicle, const struct wire_message *message)
{
	int code = dock_receive(stage->dock, vehicle, message, stage->rig.now, wall(stage), stage->commands,
				DOCK_COMMANDS, &stage->n);

	for (uint32_t i = 0; i < stage->n; i++)
		step(stage, &stage->commands[i]);
	return code;
}

static void tick(struct stage *stage, int64_t ms)
{
	stage->rig.now += ms;
	dock_tick(stage->dock, stage->rig.now, wall(stage), stage->commands, 8, &stage->n);
	for (uint32_t i = 0; i < stage->n; i++)
		step(stage, &stage->commands[i]);
}

static int tell_hello(struct stage *stage, uint32_t boot, uint8_t simulated)
{
	struct wire_message message = {.kind = WIRE_KIND_HELLO};

	message.hello = (struct wire_hello){.boot = boot, .simulated = simulated, .class_name = "shuttle"};
	return tell(stage, 1, &message);
}

static void tell_state(struct stage *stage, uint8_t mode, int32_t late_ms, uint16_t battery)
{
	struct wire_message message = {.kind = WIRE_KIND_STATE};
	struct place place = rig_place(&stage->rig, 'A', 'B');

	message.town = wire_town(stage->drawn.town.hash);
	message.state = (struct wire_state){
		.boot = 1,
		.sequence = ++stage->sequence,
		.at = stage->rig.now,
		.mode = mode,
		.late_ms = late_ms,
		.battery_permille = battery,
		.place = {place.point.lat_e7, place.point.lon_e7, place.road.arc, place.road.offset_mm, 0}};
	tell(stage, 1, &message);
}

static void tell_event(struct stage *stage, uint32_t boot, uint32_t sequence, uint8_t kind, uint64_t ride)
{
	struct wire_message message = {.kind = WIRE_KIND_EVENT};

	message.town = wire_town(stage->drawn.town.hash);
	message.event = (struct wire_event){.boot = boot,
					    .sequence = sequence,
					    .at = stage->rig.now,
					    .kind = kind,
					    .ride = ride,
					    .place = {.arc = NONE},
					    .battery_permille = 900};
	tell(stage, 1, &message);
}

static void tell_plan_ack(struct stage *stage, const struct wire_plan *plan, uint8_t refusal)
{
	struct wire_message message = {.kind = WIRE_KIND_PLAN_ACK};

	message.plan_ack = (struct wire_plan_ack){plan->epoch, plan->version, refusal};
	tell(stage, 1, &message);
}

static void tell_heartbeat(struct stage *stage)
{
	struct wire_message message = {.kind = WIRE_KIND_HEARTBEAT};

	tell(stage, 1, &message);
}

static void order(struct stage *stage, uint64_t id, uint8_t kind)
{
	struct command command = {.kind = CMD_VEHICLE_ORDER};

	command.vehicle_order =
		(struct cmd_vehicle_order){.vehicle = 1, .order = id, .kind = kind, .by = "Kim", .reason = "test"};
	assert_int_equal(step(stage, &command).code, 0);
}

static uint64_t book(struct stage *stage)
{
	struct command command =
		rig_request_command(&stage->rig, rig_place(&stage->rig, 'E', 'F'), rig_place(&stage->rig, 'C', 'D'));
	struct command accept = {.kind = CMD_ACCEPT};

	struct upd_result result = step(stage, &command);
	if (result.code)
		fail_msg("refused: %s", core_refusal_name(result.refusal));
	accept.accept.ride = command.request.ride;
	accept.accept.boarding_code = 4321;
	assert_int_equal(step(stage, &accept).code, 0);
	return command.request.ride;
}

static void dock_again(struct stage *stage)
{
	arena_close(&stage->arena);
	assert_int_equal(arena_open(&stage->arena, dock_size(&stage->settings)), 0);
	assert_int_equal(dock_open(&stage->dock, &stage->settings, stage->rig.core, &stage->arena), 0);
}

static void stage_open(struct stage *stage)
{
	memset(stage, 0, sizeof *stage);
	drawn_town_plain(&stage->drawn, line);
	rig_open(&stage->rig, &stage->drawn, NULL);
	stage->settings = (struct dock_settings){.vehicles_max = 8, .speed_permille = 1000, .simulated = 1};
	dock_again(stage);
	assert_int_equal(rig_vehicle(&stage->rig, 1, 'A', 'B'), 0);
	assert_int_equal(rig_vehicle(&stage->rig, 2, 'C', 'D'), 0);
	assert_int_equal(rig_sign_on(&stage->rig, "Kim", 9), 0);
}

static void stage_close(struct stage *stage)
{
	arena_close(&stage->arena);
	rig_close(&stage->rig);
	drawn_town_close(&stage->drawn);
}

static void test_hello_is_welcomed(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	assert_int_equal(tell_hello(&stage, 1, 1), 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_HELLO), 1);
	struct wire_message message = latest(&stage, WIRE_KIND_WELCOME);
	assert_int_equal(message.welcome.epoch, 1);
	assert_true(message.welcome.clock.service_now == stage.rig.now);
	assert_int_equal(message.welcome.clock.simulated, 1);
	assert_memory_equal(message.welcome.town_hash, stage.drawn.town.hash, WIRE_HASH_BYTES);
	assert_int_equal(tell_hello(&stage, 1, 1), 0); /* repeated: welcomed again, the core hears nothing */
	assert_int_equal(stage.n, 0);
	assert_int_equal(heard(&stage, WIRE_KIND_WELCOME), 1);
	assert_int_equal(tell_hello(&stage, 2, 1), 0); /* started again */
	assert_int_equal(made(&stage, CMD_VEHICLE_HELLO), 1);
	stage_close(&stage);
}

static void test_who_is_not_taken(void **state)
{
	static struct stage stage;
	struct wire_message message = {.kind = WIRE_KIND_HEARTBEAT};

	(void)state;
	stage_open(&stage);
	assert_int_equal(tell(&stage, 99, &message), ERR_DENIED);
	assert_int_equal(tell(&stage, 0, &message), ERR_DENIED);
	assert_int_equal(tell_hello(&stage, 1, 0), ERR_DENIED); /* a real vehicle, a simulated clock */
	assert_int_equal(tell(&stage, 1, &message), ERR_DENIED);
	assert_int_equal(stage.n, 0);
	listen_to(&stage, 1);
	assert_int_equal(stage.n_said, 0);
	message.kind = WIRE_KIND_PLAN; /* nothing that a vehicle says */
	assert_int_equal(tell(&stage, 2, &message), ERR_FORMAT);
	stage_close(&stage);
}

static void test_plan_until_answered(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	heard(&stage, WIRE_KIND_PLAN);
	uint64_t ride = book(&stage);
	struct wire_plan plan = latest(&stage, WIRE_KIND_PLAN).plan;
	const struct core_ride *known = core_ride(stage.rig.core, ride);
	assert_int_equal(plan.n_tasks, 2);
	assert_int_equal(plan.version, core_vehicle(stage.rig.core, 1)->plan_version);
	assert_true(plan.tasks[0].ride == ride && plan.tasks[0].kind == WIRE_PICKUP);
	assert_int_equal(plan.tasks[0].boarding_code, 4321);
	assert_int_equal(plan.tasks[0].party, 1);
	assert_true(plan.tasks[0].not_before == known->earliest_pickup &&
		    plan.tasks[0].wait_until == known->latest_pickup);
	assert_int_equal(plan.tasks[1].boarding_code, 0);
	assert_true(plan.valid_until > stage.rig.now && plan.valid_until <= stage.rig.now + 32000);
	tick(&stage, 1000);
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 0);
	tick(&stage, 1000);
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 1);
	tell_plan_ack(&stage, &plan, WIRE_REFUSED_NONE);
	assert_int_equal(made(&stage, CMD_VEHICLE_PLAN_ACK), 1);
	assert_int_equal(core_vehicle(stage.rig.core, 1)->acked_version, plan.version);
	tell_plan_ack(&stage, &plan, WIRE_REFUSED_NONE); /* of the second copy */
	assert_int_equal(stage.n, 0);
	for (int i = 0; i < 9; i++) {
		tick(&stage, 1000);
		assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 0);
	}
	stage_close(&stage);
}

static void test_refused_plan_is_tried_when_something_has_happened(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	book(&stage);
	struct wire_plan plan = latest(&stage, WIRE_KIND_PLAN).plan;
	tell_plan_ack(&stage, &plan, WIRE_REFUSED_CONTRADICTS);
	assert_int_equal(made(&stage, CMD_VEHICLE_PLAN_ACK), 1);
	tick(&stage, 2000);
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 0);
	tell_event(&stage, 1, 1, WIRE_PASSENGER_CALL, 0);
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 1);
	tell_plan_ack(&stage, &plan, WIRE_REFUSED_CONTRADICTS); /* as before: the core knows */
	assert_int_equal(stage.n, 0);
	stage_close(&stage);
}

static void test_events_once_and_in_order(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	tell_event(&stage, 1, 2, WIRE_STOP_WISH, 0); /* overtook the first */
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 0);
	assert_int_equal(latest(&stage, WIRE_KIND_ACK).ack.sequence, 0);
	tell_event(&stage, 1, 1, WIRE_PASSENGER_CALL, 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 2); /* the other had been kept */
	assert_int_equal(stage.commands[0].vehicle_event.event.kind, WIRE_PASSENGER_CALL);
	assert_int_equal(stage.commands[1].vehicle_event.event.kind, WIRE_STOP_WISH);
	assert_int_equal(latest(&stage, WIRE_KIND_ACK).ack.sequence, 2);
	tell_event(&stage, 1, 1, WIRE_PASSENGER_CALL, 0); /* its acknowledgement was lost */
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 0);
	assert_int_equal(latest(&stage, WIRE_KIND_ACK).ack.sequence, 2);
	tell_event(&stage, 1, 2, WIRE_STOP_WISH, 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 0);
	tell_event(&stage, 2, 2, WIRE_STOP_WISH, 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 0);
	tell_event(&stage, 2, 1, WIRE_STOP_WISH, 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 2);
	dock_again(&stage); /* what is known is the core's, not the dock's */
	tell_event(&stage, 2, 1, WIRE_STOP_WISH, 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 0);
	stage_close(&stage);
}

/* As many as are kept wait for the one before them, in whatever order they came, and none from further on. */
static void test_events_that_wait_for_one(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	for (uint32_t sequence = DOCK_EARLY + 2; sequence > 1; sequence--)
		tell_event(&stage, 1, sequence, WIRE_STOP_WISH, 0);
	assert_int_equal(core_vehicle(stage.rig.core, 1)->sequence, 0);
	tell_event(&stage, 1, 1, WIRE_PASSENGER_CALL, 0);
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), DOCK_EARLY);
	assert_int_equal(core_vehicle(stage.rig.core, 1)->sequence, DOCK_EARLY);
	tell_event(&stage, 1, DOCK_EARLY + 2, WIRE_STOP_WISH, 0);
	tell_event(&stage, 1, DOCK_EARLY + 1, WIRE_STOP_WISH, 0);
	assert_int_equal(core_vehicle(stage.rig.core, 1)->sequence, DOCK_EARLY + 2);
	tell_event(&stage, 1, DOCK_EARLY + 4, WIRE_STOP_WISH, 0);
	tell_event(&stage, 2, 1, WIRE_STOP_WISH, 0); /* of the start before: it waits in vain */
	assert_int_equal(made(&stage, CMD_VEHICLE_EVENT), 1);
	assert_int_equal(core_vehicle(stage.rig.core, 1)->sequence, 1);
	stage_close(&stage);
}

/* Not durable yet: no acknowledgement. Handed over again when it never becomes durable. */
static void test_acknowledges_only_what_is_durable(void **state)
{
	static struct stage stage;
	struct wire_message message = {.kind = WIRE_KIND_EVENT};
	uint32_t n = 0, n_given = 0;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	heard(&stage, WIRE_KIND_ACK);
	message.event = (struct wire_event){
		.boot = 1, .sequence = 1, .at = stage.rig.now + 500000, .kind = WIRE_PASSENGER_CALL};
	for (int i = 0; i < 6; i++) {
		dock_receive(stage.dock, 1, &message, stage.rig.now, wall(&stage), stage.commands, DOCK_COMMANDS, &n);
		n_given += n;
		assert_int_equal(heard(&stage, WIRE_KIND_ACK), 0);
	}
	assert_int_equal(n_given, 2);
	assert_true(stage.commands[0].vehicle_event.event.at == stage.rig.now); /* never in the dispatcher's future */
	step(&stage, &stage.commands[0]);
	assert_int_equal(latest(&stage, WIRE_KIND_ACK).ack.sequence, 1);
	stage_close(&stage);
}

static void test_orders_one_after_the_other_standstill_first(void **state)
{
	static struct stage stage;
	struct wire_order now = {.id = 900, .kind = WIRE_STANDSTILL, .by = "Kim"};

	(void)state;
	stage_open(&stage);
	dock_standstill(stage.dock, 0, &now); /* everybody, heard or not */
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 900);
	tell_hello(&stage, 1, 1);
	assert_int_equal(heard(&stage, WIRE_KIND_ORDER), 1);
	tell_event(&stage, 1, 1, WIRE_ORDER_DONE, 900);
	heard(&stage, WIRE_KIND_ORDER);

	order(&stage, 1, WIRE_HOLD);
	order(&stage, 2, WIRE_RESUME);
	order(&stage, 3, WIRE_HOLD);
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 1);
	order(&stage, 4, WIRE_STANDSTILL); /* overtakes */
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 4);
	tell_event(&stage, 1, 2, WIRE_ORDER_DONE, 4);
	tell_event(&stage, 1, 3, WIRE_ORDER_DONE, 1);
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 2);
	tick(&stage, 2000);
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 2); /* repeated */
	tell_event(&stage, 1, 4, WIRE_ORDER_DONE, 2);
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 3);
	tell_event(&stage, 1, 5, WIRE_ORDER_DONE, 3);
	tick(&stage, 2000);
	assert_int_equal(heard(&stage, WIRE_KIND_ORDER), 0);
	stage_close(&stage);
}

static void test_many_standstills_never_fill_the_list(void **state)
{
	static struct stage stage;
	struct wire_order now = {.kind = WIRE_STANDSTILL, .by = "Kim"};

	(void)state;
	stage_open(&stage);
	order(&stage, 7, WIRE_HOLD);
	for (uint64_t i = 0; i < 100; i++) {
		now.id = 1000 + i;
		dock_standstill(stage.dock, 1, &now);
	}
	tell_hello(&stage, 1, 1);
	assert_true(latest(&stage, WIRE_KIND_ORDER).order.id == 1099);
	stage_close(&stage);
}

/* What the core holds true is said again to a vehicle that shows not to know it. */
static void test_standstill_of_an_earlier_dispatcher_is_said_again(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	order(&stage, 1, WIRE_STANDSTILL);
	dock_again(&stage); /* the dispatcher was killed before it reached the vehicle */
	tell_hello(&stage, 1, 1);
	assert_int_equal(heard(&stage, WIRE_KIND_ORDER), 0);
	tell_state(&stage, WIRE_DRIVING, 0, 900);
	assert_int_equal(latest(&stage, WIRE_KIND_ORDER).order.kind, WIRE_STANDSTILL);
	stage_close(&stage);
}

static void test_into_service_before_the_plan(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	book(&stage);
	struct wire_plan plan = latest(&stage, WIRE_KIND_PLAN).plan;
	tell_plan_ack(&stage, &plan,
		      WIRE_REFUSED_STATE); /* it thinks that it is out of service, the core that it is in */
	struct wire_order order_said = latest(&stage, WIRE_KIND_ORDER).order;
	assert_int_equal(order_said.kind, WIRE_INTO_SERVICE);
	tick(&stage, 10000);
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 0);
	tell_event(&stage, 1, 1, WIRE_ORDER_DONE, order_said.id);
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 1);
	stage_close(&stage);
}

static void test_evidence_until_boarded(void **state)
{
	static struct stage stage;
	struct update update = {.kind = UPD_EVIDENCE};

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	uint64_t ride = book(&stage);
	heard(&stage, WIRE_KIND_PLAN);
	update.evidence = (struct upd_evidence){.vehicle = 1, .ride = ride, .evidence = WIRE_EVIDENCE_APP};
	dock_update(stage.dock, &update, wall(&stage));
	dock_update(stage.dock, &update, wall(&stage));
	assert_int_equal(heard(&stage, WIRE_KIND_EVIDENCE), 1);
	tick(&stage, 2000);
	assert_true(latest(&stage, WIRE_KIND_EVIDENCE).evidence.ride == ride);
	update.evidence.ride = 12345; /* not in the plan */
	dock_update(stage.dock, &update, wall(&stage));
	assert_int_equal(heard(&stage, WIRE_KIND_EVIDENCE), 0);
	tell_event(&stage, 1, 1, WIRE_BOARDED, ride);
	tick(&stage, 4000);
	assert_int_equal(heard(&stage, WIRE_KIND_EVIDENCE), 0);
	stage_close(&stage);
}

static void close_case(struct stage *stage, uint64_t ride)
{
	struct command command = {.kind = CMD_CASE_CLOSE};

	command.case_ = (struct cmd_case){.ride = ride, .who = "Kim", .outcome = CASE_HOME_BY_FALLBACK};
	assert_int_equal(step(stage, &command).code, 0);
}

/* Said until the vehicle answers, also by the next dispatcher; ahead of the plan that it would refuse otherwise. */
static void test_rider_out_until_answered(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	uint64_t ride = book(&stage);
	tell_event(&stage, 1, 1, WIRE_BOARDED, ride);
	tell_event(&stage, 1, 2, WIRE_MRC_BEGAN, 0);
	heard(&stage, WIRE_KIND_PLAN);
	close_case(&stage, ride);
	listen_to(&stage, 1);
	assert_int_equal(stage.said[0].kind, WIRE_KIND_RIDER_OUT);
	struct wire_rider_out out = latest(&stage, WIRE_KIND_RIDER_OUT).rider_out;
	assert_true(out.ride == ride && out.order);
	assert_string_equal(out.by, "Kim");
	tick(&stage, 2000);
	tell_heartbeat(&stage);
	assert_true(latest(&stage, WIRE_KIND_RIDER_OUT).rider_out.order == out.order);
	dock_again(&stage);
	tell_hello(&stage, 2, 1);
	tell_state(&stage, WIRE_MRC, 0, 900);
	assert_true(latest(&stage, WIRE_KIND_RIDER_OUT).rider_out.order == out.order);
	tell_event(&stage, 1, 3, WIRE_TAKEN_OUT, ride);
	assert_int_equal(core_ride(stage.rig.core, ride)->taken_out, 0);
	tick(&stage, 4000);
	tell_heartbeat(&stage);
	assert_int_equal(heard(&stage, WIRE_KIND_RIDER_OUT), 0);
	stage_close(&stage);
}

static void test_approval_is_repeated_for_a_while(void **state)
{
	static struct stage stage;
	struct update update = {.kind = UPD_APPROVAL};
	uint32_t n = 0;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	update.approval.vehicle = 1;
	update.approval.reply = (struct wire_approval_reply){.request = 5, .granted = 1, .by = "Kim"};
	dock_update(stage.dock, &update, wall(&stage));
	for (int i = 0; i < 100; i++) {
		n += heard(&stage, WIRE_KIND_APPROVAL_REPLY);
		tick(&stage, 1000);
		tell_heartbeat(&stage);
	}
	assert_int_equal(n, 10);
	dock_update(stage.dock, &update, wall(&stage));
	assert_int_equal(heard(&stage, WIRE_KIND_APPROVAL_REPLY), 1);
	tell_event(&stage, 1, 1, WIRE_MRC_ENDED, 0);
	tick(&stage, 4000);
	assert_int_equal(heard(&stage, WIRE_KIND_APPROVAL_REPLY), 0);
	stage_close(&stage);
}

static void test_silence(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	instant_ms last = stage.rig.now;
	tick(&stage, 1000);
	assert_int_equal(heard(&stage, WIRE_KIND_HEARTBEAT), 1);
	for (int i = 0; i < 9; i++) {
		tick(&stage,
		     1000); /* a heartbeat extends the right to pick riders up: none to a vehicle we do not hear */
		assert_int_equal(heard(&stage, WIRE_KIND_HEARTBEAT), 0);
		assert_int_equal(made(&stage, CMD_VEHICLE_LINK), 0);
	}
	tick(&stage, 1000);
	assert_int_equal(made(&stage, CMD_VEHICLE_LINK), 2); /* and vehicle 2, never heard at all */
	assert_int_equal(stage.commands[0].vehicle_link.vehicle, 1);
	assert_int_equal(stage.commands[0].vehicle_link.up, 0);
	assert_true(stage.commands[0].vehicle_link.last_contact == last);
	tick(&stage, 60000);
	assert_int_equal(made(&stage, CMD_VEHICLE_LINK), 0);
	tell_heartbeat(&stage);
	assert_int_equal(made(&stage, CMD_VEHICLE_LINK), 1);
	assert_int_equal(stage.commands[0].vehicle_link.up, 1);
	assert_int_equal(heard(&stage, WIRE_KIND_WELCOME), 1); /* unasked: it may have forgotten */
	dock_again(&stage); /* a new dispatcher: the core says that the link is up, nobody is there */
	for (int i = 0; i < 12; i++)
		tick(&stage, 1000);
	assert_false(core_vehicle(stage.rig.core, 1)->link_up);
	stage_close(&stage);
}

static void test_right_to_pick_up_ends_before_others_are_sent(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	stage.settings.speed_permille = 120000; /* the core's plan_valid_ms is one second of wall time */
	stage.settings.lost_after_ms = 10000;
	dock_again(&stage);
	tell_hello(&stage, 1, 1);
	assert_int_equal(latest(&stage, WIRE_KIND_WELCOME).welcome.valid_ms, 8000);
	stage_close(&stage);
}

static void test_states_made_small(void **state)
{
	static struct stage stage;
	uint32_t n = 0;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	tell_state(&stage, WIRE_IDLE, 0, 900); /* the first one always counts */
	tick(&stage, 100);
	assert_int_equal(made(&stage, CMD_FLEET_STATES), 1);
	for (int i = 0; i < 590; i++) { /* nothing worth a record within a minute, then one mark */
		tell_state(&stage, WIRE_IDLE, 1000 - i % 2 * 2000, 900);
		tick(&stage, 100);
		n += made(&stage, CMD_FLEET_STATES);
	}
	assert_int_equal(n, 0);
	for (int i = 0; i < 20; i++) {
		tell_state(&stage, WIRE_IDLE, 0, 900);
		tick(&stage, 100);
		n += made(&stage, CMD_FLEET_STATES);
	}
	assert_int_equal(n, 1);
	tell_state(&stage, WIRE_IDLE, 6000, 900); /* late */
	tick(&stage, 100);
	assert_int_equal(made(&stage, CMD_FLEET_STATES), 1);
	tell_state(&stage, WIRE_IDLE, 6000, 870); /* battery */
	tick(&stage, 100);
	assert_int_equal(made(&stage, CMD_FLEET_STATES), 1);
	tell_state(&stage, WIRE_HELD, 6000, 870); /* mode */
	tick(&stage, 100);
	assert_int_equal(made(&stage, CMD_FLEET_STATES), 1);
	assert_int_equal(dock_state(stage.dock, 1)->mode, WIRE_HELD);
	stage.sequence = 3; /* an old one that was overtaken */
	tell_state(&stage, WIRE_IDLE, 6000, 870);
	assert_int_equal(dock_state(stage.dock, 1)->mode, WIRE_HELD);
	assert_null(dock_state(stage.dock, 2));
	assert_null(dock_state(stage.dock, 0));
	stage_close(&stage);
}

/* Nothing can be made durable: heartbeats and standstill go on, plans never. */
static void test_holding(void **state)
{
	static struct stage stage;
	struct wire_order stop = {.id = 77, .kind = WIRE_STANDSTILL, .by = "Kim"};
	uint32_t heartbeats = 0, orders = 0, others = 0;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	book(&stage);
	order(&stage, 5, WIRE_HOLD);
	heard(&stage, WIRE_KIND_PLAN);
	for (int i = 0; i < 60; i++) {
		stage.rig.now += 1000;
		if (i == 30)
			dock_standstill(stage.dock, 0, &stop);
		dock_hear(stage.dock, 1, stage.rig.now, wall(&stage));
		dock_hold(stage.dock, stage.rig.now, wall(&stage));
		listen_to(&stage, 1);
		for (uint32_t k = 0; k < stage.n_said; k++) {
			const struct wire_message *said = &stage.said[k];
			heartbeats += said->kind == WIRE_KIND_HEARTBEAT;
			orders += said->kind == WIRE_KIND_ORDER && said->order.id == 77;
			others += said->kind != WIRE_KIND_HEARTBEAT &&
				  (said->kind != WIRE_KIND_ORDER || said->order.id != 77);
		}
		stage.n_said = 0;
	}
	assert_in_range(heartbeats, 55, 60);
	assert_in_range(orders, 10, 30);
	assert_int_equal(others, 0);
	tick(&stage, 1000);
	assert_true(core_vehicle(stage.rig.core, 1)->link_up); /* it was heard all the time */
	assert_int_equal(heard(&stage, WIRE_KIND_PLAN), 1);
	for (int i = 0; i < 20; i++) { /* one that is not heard gets no heartbeat, but the standstill */
		stage.rig.now += 1000;
		dock_hold(stage.dock, stage.rig.now, wall(&stage));
		heartbeats = i ? heartbeats : 0;
		listen_to(&stage, 1);
		for (uint32_t k = 0; k < stage.n_said; k++)
			heartbeats += stage.said[k].kind == WIRE_KIND_HEARTBEAT;
		orders += heard(&stage, WIRE_KIND_ORDER);
	}
	assert_in_range(heartbeats, 0, 2);
	assert_in_range(orders, 16, 60);
	stage_close(&stage);
}

/* It stands for an hour: late is news once, then there are the marks of each minute. */
static void test_standing_is_late_once(void **state)
{
	static const uint8_t modes[] = {WIRE_AT_STOP, WIRE_MRC, WIRE_FAULT, WIRE_STOPPED, WIRE_HELD};
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	for (uint32_t m = 0; m < COUNT_OF(modes); m++) {
		uint32_t n = 0;
		for (int i = 0; i < 360; i++) {
			tell_state(&stage, modes[m], i * 10000, 900);
			tick(&stage, 10000);
			n += made(&stage, CMD_FLEET_STATES);
		}
		assert_in_range(n, 60, 63);
		assert_int_equal(core_vehicle(stage.rig.core, 1)->mode, modes[m]);
	}
	tell_state(&stage, WIRE_DRIVING, 0, 900);
	tick(&stage, 1000);
	tell_state(&stage, WIRE_DRIVING, 6000, 900); /* while it drives each further step counts */
	tick(&stage, 1000);
	assert_int_equal(made(&stage, CMD_FLEET_STATES), 1);
	tell_state(&stage, WIRE_DRIVING, 12000, 900);
	tick(&stage, 1000);
	assert_int_equal(made(&stage, CMD_FLEET_STATES), 1);
	stage_close(&stage);
}

/* An agent that has not changed its town file yet: its arcs are those of other streets. */
static void test_arcs_of_another_town_are_not_taken(void **state)
{
	static struct stage stage;
	struct wire_message message = {.kind = WIRE_KIND_STATE};

	(void)state;
	stage_open(&stage);
	tell_hello(&stage, 1, 1);
	struct place place = rig_place(&stage.rig, 'C', 'D');
	message.state = (struct wire_state){.boot = 1, .sequence = 1, .at = stage.rig.now, .mode = WIRE_IDLE};
	message.state.place =
		(struct wire_place){place.point.lat_e7, place.point.lon_e7, place.road.arc, place.road.offset_mm, 0};
	struct spot before = core_vehicle(stage.rig.core, 1)->anchor.road;
	for (uint64_t town = 0; town < 2; town++) { /* another one, or none named */
		message.town = town ? wire_town(stage.drawn.town.hash) ^ 5 : 0;
		message.state.sequence++;
		assert_int_equal(tell(&stage, 1, &message), 0);
		assert_int_equal(dock_state(stage.dock, 1)->place.arc, NONE);
		assert_int_equal(dock_state(stage.dock, 1)->place.lat_e7, place.point.lat_e7);
		tick(&stage, 60000);
		assert_true(core_vehicle(stage.rig.core, 1)->anchor.road.arc == before.arc);
	}
	message.town = wire_town(stage.drawn.town.hash);
	message.state.sequence++;
	message.state.at = stage.rig.now;
	assert_int_equal(tell(&stage, 1, &message), 0);
	assert_int_equal(dock_state(stage.dock, 1)->place.arc, place.road.arc);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_is_welcomed),
		cmocka_unit_test(test_who_is_not_taken),
		cmocka_unit_test(test_plan_until_answered),
		cmocka_unit_test(test_refused_plan_is_tried_when_something_has_happened),
		cmocka_unit_test(test_events_once_and_in_order),
		cmocka_unit_test(test_events_that_wait_for_one),
		cmocka_unit_test(test_acknowledges_only_what_is_durable),
		cmocka_unit_test(test_orders_one_after_the_other_standstill_first),
		cmocka_unit_test(test_many_standstills_never_fill_the_list),
		cmocka_unit_test(test_standstill_of_an_earlier_dispatcher_is_said_again),
		cmocka_unit_test(test_into_service_before_the_plan),
		cmocka_unit_test(test_evidence_until_boarded),
		cmocka_unit_test(test_rider_out_until_answered),
		cmocka_unit_test(test_approval_is_repeated_for_a_while),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_right_to_pick_up_ends_before_others_are_sent),
		cmocka_unit_test(test_states_made_small),
		cmocka_unit_test(test_holding),
		cmocka_unit_test(test_standing_is_late_once),
		cmocka_unit_test(test_arcs_of_another_town_are_not_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
