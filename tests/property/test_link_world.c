// link: zub_dock zub_agent zub_core zub_route zub_drawn_town
/* Dispatcher and vehicles over a network that loses, repeats and reorders messages and is away for minutes, while
 * vehicles and the dispatcher are killed at random instants. Each event of a vehicle reaches the core exactly once and
 * in order, nobody is in two vehicles or twice in one, and when the network is well again both sides agree on plans and
 * riders. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent.h"
#include "body.h"
#include "core_rig.h"
#include "dock.h"
#include "rng.h"

#define VEHICLES 3
#define FLIGHT_MAX 4096
#define RIDES_MAX 400
#define STEP_MS 250

static const char *const city = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"E-----F-----G>>>>>H\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"I-----J-----K-----L\n";
static const char *const streets[] = {"AB", "BC", "CD", "EF", "FG", "IJ", "JK", "KL",
				      "AE", "EI", "BF", "FJ", "CG", "GK", "DH", "HL"};

struct flight {
	instant_ms at;
	uint32_t vehicle;
	uint8_t to_vehicle;
	struct wire_message message;
};
struct vehicle {
	struct arena arena;
	struct agent *agent;
	struct body *body;
	uint8_t agent_bytes[1 << 16], body_bytes[1024];
	size_t n_agent, n_body;
	struct spot start;
	uint32_t boot_told, sequence_told; /* last event that reached the core */
	uint32_t n_events;
	instant_ms away_until; /* no link */
};
struct rider {
	uint64_t ride;
	instant_ms comes_at; /* 0 = not called yet, INT64_MAX = never comes or is done */
	uint32_t boarded;
};
struct trouble {
	uint32_t lose, repeat, delay_ms; /* permille, permille, at most */
	uint32_t away, kill_dispatcher;	 /* permille of once in 250 s (per vehicle) */
	uint32_t kill_vehicle;		 /* once in so many turns of 250 ms; 0 = never */
};
struct world {
	struct rig rig;
	struct drawn_town drawn;
	struct rng rng;
	struct trouble trouble;
	struct arena dock_arena;
	struct dock *dock;
	struct vehicle vehicles[VEHICLES];
	struct flight *flights;
	uint32_t n_flights;
	struct rider riders[RIDES_MAX];
	uint32_t n_riders;
	int crash_next;	     /* the dispatcher dies after the next commit, before anybody hears of it */
	instant_ms event_at; /* newest event on the wire */
	uint32_t n_kills, n_crashes, n_done, n_broken; /* broken by anything but a rider who came late */
};

static int64_t wall(const struct world *world)
{
	return world->rig.now - world->rig.start + 1000;
}

/* ---- the network ---- */
static void post_one(struct world *world, uint32_t vehicle, uint8_t to_vehicle, const struct wire_message *message)
{
	if (world->n_flights == FLIGHT_MAX)
		return;
	struct flight *flight = &world->flights[world->n_flights++];
	flight->at = world->rig.now + (world->trouble.delay_ms ? rng_below(&world->rng, world->trouble.delay_ms) : 0);
	flight->vehicle = vehicle;
	flight->to_vehicle = to_vehicle;
	flight->message = *message;
}

static void post(struct world *world, uint32_t vehicle, uint8_t to_vehicle, const struct wire_message *message)
{
	if (world->vehicles[vehicle].away_until > world->rig.now || rng_chance(&world->rng, world->trouble.lose))
		return;
	post_one(world, vehicle, to_vehicle, message);
	if (rng_chance(&world->rng, world->trouble.repeat))
		post_one(world, vehicle, to_vehicle, message);
}

/* ---- the dispatcher ---- */
static void dock_new(struct world *world)
{
	struct dock_settings settings = {.vehicles_max = VEHICLES, .speed_permille = 1000, .simulated = 1};

	arena_close(&world->dock_arena);
	assert_int_equal(arena_open(&world->dock_arena, dock_size(&settings)), 0);
	assert_int_equal(dock_open(&world->dock, &settings, world->rig.core, &world->dock_arena), 0);
}

static void dispatcher_crash(struct world *world);

static void say_all(struct world *world)
{
	static struct wire_message message;
	uint32_t number;

	while (dock_next(world->dock, &number, &message))
		post(world, number - 1, 1, &message);
}

static void note_boarded(struct world *world, uint64_t ride)
{
	for (uint32_t i = 0; i < world->n_riders; i++)
		if (world->riders[i].ride == ride) {
			world->riders[i].boarded++;
			assert_int_equal(world->riders[i].boarded, 1);
		}
}

/* The very next one of this vehicle, and no other. */
static void check_event(struct world *world, const struct cmd_vehicle_event *command)
{
	struct vehicle *vehicle = &world->vehicles[command->vehicle - 1];
	const struct wire_event *event = &command->event;

	if (event->boot == vehicle->boot_told) {
		assert_int_equal(event->sequence, vehicle->sequence_told + 1);
	} else {
		assert_true(event->boot > vehicle->boot_told);
		assert_int_equal(event->sequence, 1);
	}
	vehicle->boot_told = event->boot;
	vehicle->sequence_told = event->sequence;
	vehicle->n_events++;
	if (event->kind == WIRE_BOARDED)
		note_boarded(world, event->ride);
}

static void heard(struct world *world, const struct update *update)
{
	if (update->kind == UPD_OUTCOME)
		world->n_broken += !update->outcome.kept && update->outcome.cause != CAUSE_RIDER_LATE;
	if (update->kind != UPD_RIDE)
		return;
	for (uint32_t i = 0; i < world->n_riders; i++) {
		struct rider *rider = &world->riders[i];
		if (rider->ride != update->ride.ride)
			continue;
		if (update->ride.state == RIDE_AT_STOP && !rider->comes_at)
			rider->comes_at = rng_chance(&world->rng, 50)
						  ? INT64_MAX
						  : world->rig.now + rng_between(&world->rng, 1, 60) * 1000;
		world->n_done += update->ride.state == RIDE_DONE;
	}
}

static void command_do(struct world *world, struct command *command)
{
	struct rig *rig = &world->rig;

	if (command->kind == CMD_VEHICLE_EVENT)
		check_event(world, &command->vehicle_event);
	command->at = rig->now;
	rig_step(rig, command);
	for (uint32_t i = 0; i < rig->updates.n; i++)
		heard(world, &rig->updates.items[i]);
	if (world->crash_next) {
		dispatcher_crash(world);
		return;
	}
	for (uint32_t i = 0; i < rig->updates.n; i++)
		dock_update(world->dock, &rig->updates.items[i], wall(world));
	say_all(world);
}

/* All that is not durable is gone; what is comes back under a new epoch. */
static void dispatcher_crash(struct world *world)
{
	static uint8_t bytes[8 << 20];
	struct rig *rig = &world->rig;
	struct err_detail detail;
	struct arena arena;
	size_t n = 0;

	world->crash_next = 0;
	world->n_crashes++;
	assert_int_equal(core_snapshot(rig->core, bytes, sizeof bytes, &n), 0);
	struct core *core = rig_core(rig, &arena);
	if (core_restore(core, bytes, n, &detail))
		fail_msg("%s", detail.text);
	arena_close(&rig->arena);
	rig->arena = arena;
	rig->core = core;
	rig->epoch++;
	dock_new(world);
	struct command start = rig_start_command(rig);
	command_do(world, &start);
}

static void dispatcher_receive(struct world *world, uint32_t vehicle, const struct wire_message *message)
{
	struct command commands[DOCK_COMMANDS];
	uint32_t n = 0;

	int code = dock_receive(world->dock, vehicle + 1, message, world->rig.now, wall(world), commands, DOCK_COMMANDS,
				&n);
	assert_int_equal(code, 0);
	uint32_t crashes = world->n_crashes;
	for (uint32_t i = 0; i < n && crashes == world->n_crashes; i++)
		command_do(world, &commands[i]);
	say_all(world);
}

static void dispatcher_tick(struct world *world)
{
	struct command commands[8];
	uint32_t n = 0, crashes = world->n_crashes;

	dock_tick(world->dock, world->rig.now, wall(world), commands, 8, &n);
	for (uint32_t i = 0; i < n && crashes == world->n_crashes; i++)
		command_do(world, &commands[i]);
	if (core_due(world->rig.core) <= world->rig.now) {
		struct command tick = {.kind = CMD_TICK};
		command_do(world, &tick);
	}
	say_all(world);
}

/* ---- vehicles ---- */
static void vehicle_new(struct world *world, struct vehicle *vehicle)
{
	struct agent_settings settings = {.class_name = "shuttle", .spaces = {6, 1, 2}, .simulated = 1};
	struct body_options options = {.battery_wh = 40000,
				       .charge_w = 22000,
				       .wh_per_km = 200,
				       .start = vehicle->start,
				       .battery_permille = 1000,
				       .query = world->rig.query};

	arena_close(&vehicle->arena);
	assert_int_equal(arena_open(&vehicle->arena, agent_size() + body_size(&world->drawn.town) + 4096), 0);
	assert_int_equal(agent_open(&vehicle->agent, &settings, &world->drawn.town, &vehicle->arena), 0);
	assert_int_equal(body_open(&vehicle->body, &options, &world->drawn.town, world->rig.graph, &vehicle->arena), 0);
}

static void vehicle_save(struct vehicle *vehicle)
{
	assert_int_equal(
		agent_save(vehicle->agent, vehicle->agent_bytes, sizeof vehicle->agent_bytes, &vehicle->n_agent), 0);
	assert_int_equal(body_save(vehicle->body, vehicle->body_bytes, sizeof vehicle->body_bytes, &vehicle->n_body),
			 0);
}

/* kill -9: what was not on disk is gone. */
static void vehicle_kill(struct world *world, struct vehicle *vehicle)
{
	struct err_detail detail;

	world->n_kills++;
	vehicle_new(world, vehicle);
	if (agent_load(vehicle->agent, vehicle->agent_bytes, vehicle->n_agent, &detail) ||
	    body_load(vehicle->body, vehicle->body_bytes, vehicle->n_body, &detail))
		fail_msg("%s", detail.text);
	agent_boot(vehicle->agent, agent_boot_number(vehicle->agent) + 1);
	vehicle_save(vehicle);
}

static void vehicle_turn(struct world *world, uint32_t index)
{
	static struct wire_message message;
	struct vehicle *vehicle = &world->vehicles[index];

	for (int pass = 0; pass < 3; pass++) {
		struct body_report report;
		struct agent_view view;
		instant_ms now = agent_service_now(vehicle->agent, wall(world));
		agent_view(vehicle->agent, &view);
		body_step(vehicle->body, now, view.mode == WIRE_CHARGING, &report);
		agent_body(vehicle->agent, &report);
		agent_tick(vehicle->agent, wall(world));
		struct drive_command command = agent_drive(vehicle->agent);
		body_command(vehicle->body, &command, now);
	}
	if (world->trouble.kill_vehicle && rng_below(&world->rng, world->trouble.kill_vehicle) == 0) {
		vehicle_kill(world, vehicle);
		return;
	}
	if (agent_dirty(vehicle->agent))
		vehicle_save(vehicle);
	while (agent_next_message(vehicle->agent, &message)) {
		if (message.kind == WIRE_KIND_EVENT)
			world->event_at = world->rig.now;
		post(world, index, 0, &message);
	}
}

static void check_aboard(struct world *world)
{
	struct agent_view views[VEHICLES];

	for (uint32_t v = 0; v < VEHICLES; v++) {
		agent_view(world->vehicles[v].agent, &views[v]);
		for (uint32_t w = 0; w < v; w++)
			for (uint32_t i = 0; i < views[v].n_aboard; i++)
				for (uint32_t k = 0; k < views[w].n_aboard; k++)
					assert_true(views[v].aboard[i] != views[w].aboard[k]);
	}
}

/* ---- the world ---- */
static void deliver(struct world *world)
{
	static struct flight flight;

	for (uint32_t i = 0; i < world->n_flights;) {
		if (world->flights[i].at > world->rig.now) {
			i++;
			continue;
		}
		flight = world->flights[i];
		world->flights[i] = world->flights[--world->n_flights];
		if (flight.to_vehicle)
			agent_receive(world->vehicles[flight.vehicle].agent, &flight.message, wall(world));
		else
			dispatcher_receive(world, flight.vehicle, &flight.message);
	}
}

static void riders_act(struct world *world)
{
	for (uint32_t i = 0; i < world->n_riders; i++) {
		struct rider *rider = &world->riders[i];
		if (!rider->comes_at || rider->comes_at > world->rig.now)
			continue;
		rider->comes_at = INT64_MAX;
		struct command command = {.kind = CMD_BOARD_EVIDENCE};
		const struct core_ride *ride = core_ride(world->rig.core, rider->ride);
		if (!ride)
			continue;
		command.board_evidence.ride = rider->ride;
		command.board_evidence.evidence = WIRE_EVIDENCE_APP;
		command.board_evidence.code = ride->boarding_code;
		command_do(world, &command);
		ride = core_ride(world->rig.core, rider->ride);
		if (ride && ride->state == RIDE_PROMISED)
			rider->comes_at = 0; /* the vehicle has gone elsewhere for now */
	}
}

static struct place random_place(struct world *world)
{
	const char *street = streets[rng_below(&world->rng, COUNT_OF(streets))];

	return rng_chance(&world->rng, 500) ? rig_place(&world->rig, street[0], street[1])
					    : rig_place(&world->rig, street[1], street[0]);
}

static void request(struct world *world)
{
	struct command command = rig_request_command(&world->rig, random_place(world), random_place(world));
	uint64_t ride = command.request.ride;

	command_do(world, &command);
	const struct core_ride *known = core_ride(world->rig.core, ride);
	if (!known || known->state != RIDE_OFFERED || world->n_riders == RIDES_MAX)
		return;
	struct command accept = {.kind = CMD_ACCEPT};
	accept.accept.ride = ride;
	accept.accept.boarding_code = 1234;
	world->riders[world->n_riders++].ride = ride;
	command_do(world, &accept);
}

static void troubles(struct world *world)
{
	for (uint32_t v = 0; v < VEHICLES; v++)
		if (rng_chance(&world->rng, 1) && rng_chance(&world->rng, world->trouble.away))
			world->vehicles[v].away_until = world->rig.now + rng_between(&world->rng, 2, 200) * 1000;
	if (rng_chance(&world->rng, 1) && rng_chance(&world->rng, world->trouble.kill_dispatcher))
		world->crash_next = 1;
}

static void run(struct world *world, int64_t ms, uint32_t request_permille)
{
	instant_ms end = world->rig.now + ms;

	while (world->rig.now < end) {
		world->rig.now += STEP_MS;
		troubles(world);
		deliver(world);
		dispatcher_tick(world);
		riders_act(world);
		if (rng_chance(&world->rng, request_permille))
			request(world);
		for (uint32_t v = 0; v < VEHICLES; v++)
			vehicle_turn(world, v);
		check_aboard(world);
	}
}

static void world_open(struct world *world, uint64_t seed, const struct trouble *trouble)
{
	memset(world, 0, sizeof *world);
	rng_seed(&world->rng, seed);
	world->trouble = *trouble;
	drawn_town_plain(&world->drawn, city);
	rig_open(&world->rig, &world->drawn, NULL);
	world->rig.checking = 0;
	world->rig.logging = getenv("ZUB_LOG") != NULL;
	world->flights = calloc(FLIGHT_MAX, sizeof *world->flights);
	assert_non_null(world->flights);
	for (uint32_t v = 0; v < VEHICLES; v++) {
		const char *street = streets[v * 3];
		assert_int_equal(rig_vehicle(&world->rig, v + 1, street[0], street[1]), 0);
		world->vehicles[v].start = rig_place(&world->rig, street[0], street[1]).road;
		vehicle_new(world, &world->vehicles[v]);
		agent_boot(world->vehicles[v].agent, 1);
		vehicle_save(&world->vehicles[v]);
	}
	assert_int_equal(rig_sign_on(&world->rig, "Kim", 10), 0);
	dock_new(world);
}

static void world_close(struct world *world)
{
	for (uint32_t v = 0; v < VEHICLES; v++)
		arena_close(&world->vehicles[v].arena);
	arena_close(&world->dock_arena);
	free(world->flights);
	rig_close(&world->rig);
	drawn_town_close(&world->drawn);
}

/* The network is well, nobody asks for anything new: both sides must come to agree. */
static void check_agreement(struct world *world)
{
	for (uint32_t v = 0; v < VEHICLES; v++) {
		const struct core_vehicle *known = core_vehicle(world->rig.core, v + 1);
		struct agent_view view;
		agent_view(world->vehicles[v].agent, &view);
		assert_int_equal(view.plan_epoch, known->plan_epoch);
		assert_int_equal(view.plan_version, known->plan_version);
		assert_int_equal(known->acked_version, known->plan_version);
		assert_int_equal(view.n_aboard, known->n_aboard);
		assert_int_equal(view.n_aboard, 0);
		assert_true(known->link_up);
		assert_int_equal(known->boot, world->vehicles[v].boot_told);
		assert_int_equal(known->sequence, world->vehicles[v].sequence_told);
	}
	assert_true(world->rig.now - world->event_at > 20000); /* nothing is repeated any more: all is acknowledged */
}

static void trial(uint64_t seed, const struct trouble *trouble, int hours)
{
	static struct world world;
	struct err_detail detail;
	uint32_t events = 0;

	world_open(&world, seed, trouble);
	run(&world, hours * HOUR_MS, 6);
	world.trouble = (struct trouble){.delay_ms = 50};
	for (uint32_t v = 0; v < VEHICLES; v++)
		world.vehicles[v].away_until = 0;
	run(&world, 2 * HOUR_MS, 0);
	check_agreement(&world);
	if (core_check(world.rig.core, &detail))
		fail_msg("%s", detail.text);
	for (uint32_t v = 0; v < VEHICLES; v++)
		events += world.vehicles[v].n_events;
	const struct core_figures *figures = core_figures(world.rig.core);
	if (world.rig.logging)
		printf("%s", world.rig.log);
	printf("seed %llu: %u rides promised, %u done, %llu broken, %llu no-show; %u events, %u vehicles killed, %u "
	       "dispatchers\n",
	       (unsigned long long)seed, world.n_riders, world.n_done, (unsigned long long)figures->broken,
	       (unsigned long long)figures->no_show, events, world.n_kills, world.n_crashes);
	assert_true(world.n_done > world.n_riders / 2);
	if (!trouble->away)
		assert_int_equal(world.n_broken, 0);
	world_close(&world);
}

static uint64_t first_seed;

static void test_well_network(void **state)
{
	struct trouble trouble = {.delay_ms = 100};

	(void)state;
	trial(first_seed, &trouble, 3);
}

static void test_bad_network(void **state)
{
	struct trouble trouble = {.lose = 200, .repeat = 200, .delay_ms = 3000};

	(void)state;
	for (uint64_t i = 1; i <= 4; i++)
		trial(first_seed + i, &trouble, 2);
}

static void test_outages(void **state)
{
	struct trouble trouble = {.lose = 50, .repeat = 100, .delay_ms = 1000, .away = 700};

	(void)state;
	for (uint64_t i = 11; i <= 14; i++)
		trial(first_seed + i, &trouble, 2);
}

static void test_killed_vehicles(void **state)
{
	struct trouble trouble = {.lose = 50, .repeat = 100, .delay_ms = 1000, .kill_vehicle = 400};

	(void)state;
	for (uint64_t i = 21; i <= 24; i++)
		trial(first_seed + i, &trouble, 2);
}

static void test_killed_dispatcher(void **state)
{
	struct trouble trouble = {.lose = 20, .repeat = 50, .delay_ms = 500, .kill_dispatcher = 1000};

	(void)state;
	for (uint64_t i = 31; i <= 34; i++)
		trial(first_seed + i, &trouble, 2);
}

static void test_everything_at_once(void **state)
{
	struct trouble trouble = {.lose = 150,
				  .repeat = 150,
				  .delay_ms = 2000,
				  .kill_vehicle = 400,
				  .kill_dispatcher = 1000,
				  .away = 500};

	(void)state;
	for (uint64_t i = 41; i <= 46; i++)
		trial(first_seed + i, &trouble, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_well_network),	  cmocka_unit_test(test_bad_network),
		cmocka_unit_test(test_outages),		  cmocka_unit_test(test_killed_vehicles),
		cmocka_unit_test(test_killed_dispatcher), cmocka_unit_test(test_everything_at_once),
	};
	const char *seed = getenv("ZUB_SEED");

	first_seed = seed ? strtoull(seed, NULL, 10) : 7000;
	printf("seed %llu\n", (unsigned long long)first_seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
