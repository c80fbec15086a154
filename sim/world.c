#include "world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "array.h"
#include "body.h"
#include "dock.h"
#include "hash.h"
#include "journal.h"
#include "placing.h"
#include "rider.h"
#include "rng.h"
#include "route.h"

#define HEARTBEAT_MS 10000
#define LOST_AFTER_MS 60000
#define VALID_MS 120000
#define BUSY_TICK_MS 1000
#define IDLE_TICK_MS 5000
#define RETRY_MS 30000
#define CLOSE_CASE_MS (10 * MINUTE_MS)
#define AFTER_END_MS (4 * HOUR_MS)

enum event_kind { EVENT_RIDER, EVENT_AGENT, EVENT_TO_VEHICLE, EVENT_TO_DISPATCHER, EVENT_CORE, EVENT_DOCK, EVENT_FAULT, EVENT_LINK_BACK, EVENT_COMMAND, EVENT_HOUR };

struct event {
	instant_ms at;
	uint64_t order;  /* ties in the order of making */
	uint8_t kind;
	uint32_t index;  /* rider, vehicle - 1, fault */
	void *payload;   /* wire_message or command, owned */
};

struct sim_vehicle {
	struct agent *agent;
	struct body *body;
	struct arena arena;
	instant_ms wake_at;
	uint8_t link_down;
};

struct world {
	struct world_options options;
	const struct town *town;
	const struct demand *demand;
	struct placing placing;
	struct arena arena;
	struct route_graph *graph;
	struct core *core;
	struct dock *dock;
	struct journal *journal;
	struct checker *checker;
	struct sim_vehicle *vehicles;
	struct rider *riders;
	struct hash_map rider_of; /* ride -> rider */
	struct event *heap;
	size_t n_heap, cap_heap;
	uint64_t n_orders;
	struct rng rng;
	instant_ms now, core_at;
	uint64_t n_commands;
	struct err_detail *detail;
	int code;
};

void world_default(struct world_options *options)
{
	memset(options, 0, sizeof *options);
	options->seed = 1;
	options->n_vehicles = 6;
	options->spaces[0] = 8;
	options->spaces[1] = 1;
	strcpy(options->class_name, "shuttle");
	core_settings_default(&options->core);
	options->core.plan_valid_ms = VALID_MS;
	options->latency_ms_min = 20;
	options->latency_ms_max = 200;
}

/* ---- event queue: a binary heap by (time, order) ---- */

static int before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void fail(struct world *world, int code)
{
	if (!world->code)
		world->code = code;
}

static void push(struct world *world, instant_ms at, enum event_kind kind, uint32_t index, void *payload)
{
	struct event event = {at > world->now ? at : world->now, world->n_orders++, (uint8_t)kind, index, payload};
	if (array_push(world->heap, world->n_heap, world->cap_heap, event)) {
		free(payload);
		fail(world, ERR_MEMORY);
		return;
	}
	size_t i = world->n_heap - 1;
	for (; i > 0 && before(&event, &world->heap[(i - 1) / 2]); i = (i - 1) / 2)
		world->heap[i] = world->heap[(i - 1) / 2];
	world->heap[i] = event;
}

static struct event pop(struct world *world)
{
	struct event top = world->heap[0], last = world->heap[--world->n_heap];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < world->n_heap) {
		if (child + 1 < world->n_heap && before(&world->heap[child + 1], &world->heap[child]))
			child++;
		if (!before(&world->heap[child], &last))
			break;
		world->heap[i] = world->heap[child];
		i = child;
	}
	world->heap[i] = last;
	return top;
}

/* ---- virtual network ---- */

static void transmit(struct world *world, enum event_kind kind, uint32_t vehicle_index, const struct wire_message *message)
{
	const struct world_options *options = &world->options;
	int copies = 1 + rng_chance(&world->rng, options->repeat_permille);
	if (world->vehicles[vehicle_index].link_down)
		return;
	for (int i = 0; i < copies; i++) {
		if (rng_chance(&world->rng, options->loss_permille))
			continue;
		struct wire_message *copy = malloc(sizeof *copy);
		if (!copy) {
			fail(world, ERR_MEMORY);
			return;
		}
		*copy = *message;
		push(world, world->now + rng_between(&world->rng, options->latency_ms_min, options->latency_ms_max), kind, vehicle_index, copy);
	}
}

static void send_docked(struct world *world)
{
	uint32_t vehicle;
	static _Thread_local struct wire_message message;
	while (dock_next(world->dock, &vehicle, &message))
		if (vehicle >= 1 && vehicle <= world->options.n_vehicles)
			transmit(world, EVENT_TO_VEHICLE, vehicle - 1, &message);
}

/* ---- the dispatcher: step, commit, release ---- */

static void push_command(struct world *world, instant_ms at, const struct command *command)
{
	struct command *copy = malloc(sizeof *copy);
	if (!copy) {
		fail(world, ERR_MEMORY);
		return;
	}
	*copy = *command;
	push(world, at, EVENT_COMMAND, 0, copy);
}

static void tell_rider(struct world *world, const struct upd_ride *update)
{
	uint32_t index = hash_map_get(&world->rider_of, update->ride);
	const struct core_ride *ride = core_ride(world->core, update->ride);
	if (index == NONE || !ride)
		return;
	struct rider_news news = {.state = update->state, .n_offers = ride->n_offers, .code = ride->boarding_code};
	news.planned_pickup = update->state == RIDE_OFFERED ? ride->offers[0].planned_pickup : ride->planned_pickup;
	rider_told(&world->riders[index], &news, world->now);
	if (rider_due(&world->riders[index]) != INT64_MAX)
		push(world, rider_due(&world->riders[index]), EVENT_RIDER, index, NULL);
}

/* The simulated service desk: notices reach their riders, broken rides are driven home by the fallback. */
static void desk(struct world *world, const struct update *update)
{
	if (update->kind == UPD_NOTICE && update->notice.state == NOTICE_QUEUED) {
		struct command sent = {.kind = CMD_NOTICE_STATE, .notice_state = {update->notice.notice, NOTICE_ACKNOWLEDGED}};
		push_command(world, world->now + 2000, &sent);
	}
	if (update->kind == UPD_CASE && update->case_.kind == CASE_BROKEN_RIDE && update->case_.outcome == CASE_OPEN && !update->case_.owner[0]) {
		struct command own = {.kind = CMD_CASE_OWN}, close = {.kind = CMD_CASE_CLOSE};
		own.case_.ride = close.case_.ride = update->case_.ride;
		strcpy(own.case_.who, "Simulated desk");
		strcpy(close.case_.who, "Simulated desk");
		close.case_.outcome = CASE_HOME_BY_FALLBACK;
		push_command(world, world->now + MINUTE_MS, &own);
		push_command(world, world->now + CLOSE_CASE_MS, &close);
	}
}

static void check(struct world *world)
{
	world->n_commands++;
	if (world->options.check_every && world->n_commands % world->options.check_every == 0)
		fail(world, core_check(world->core, world->detail));
}

static void submit(struct world *world, struct command *command)
{
	uint32_t first, n, all;
	command->at = world->now;
	int code = journal_step(world->journal, command, &first, &n);
	if (!code)
		code = journal_commit(world->journal, world->detail);
	if (code) {
		fail(world, code);
		return;
	}
	const struct update *updates = journal_updates(world->journal, &all);
	assert(all == n);
	checker_step(world->checker, command, updates, n);
	for (uint32_t i = 0; i < n; i++) {
		dock_update(world->dock, &updates[i], world->now);
		desk(world, &updates[i]);
		if (updates[i].kind == UPD_RIDE)
			tell_rider(world, &updates[i].ride);
	}
	send_docked(world);
	check(world);
	instant_ms due = core_due(world->core);
	if (due < world->core_at || world->core_at <= world->now) {
		world->core_at = due;
		if (due != INT64_MAX)
			push(world, due, EVENT_CORE, 0, NULL);
	}
}

/* ---- vehicles ---- */

static void wake_agent(struct world *world, uint32_t index)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	struct body_report report;
	struct agent_view view;
	static _Thread_local struct wire_message message;
	agent_view(vehicle->agent, &view);
	body_step(vehicle->body, world->now, view.mode == WIRE_CHARGING, &report);
	agent_body(vehicle->agent, &report);
	agent_tick(vehicle->agent, world->now);
	while (agent_next_message(vehicle->agent, &message))
		transmit(world, EVENT_TO_DISPATCHER, index, &message);
	struct drive_command drive = agent_drive(vehicle->agent);
	body_command(vehicle->body, &drive, world->now);
	agent_view(vehicle->agent, &view);
	instant_ms next = world->now + (view.n_tasks > view.n_done ? BUSY_TICK_MS : IDLE_TICK_MS);
	if (body_next(vehicle->body) < next)
		next = body_next(vehicle->body) > world->now ? body_next(vehicle->body) : world->now + 1;
	vehicle->wake_at = next;
	push(world, next, EVENT_AGENT, index, NULL);
}

static void inject(struct world *world, const struct world_fault *fault)
{
	uint32_t index = fault->vehicle - 1;
	if (index >= world->options.n_vehicles)
		return;
	if (fault->kind == 255) {
		world->vehicles[index].link_down = 1;
		if (fault->duration_ms)
			push(world, world->now + fault->duration_ms, EVENT_LINK_BACK, index, NULL);
		return;
	}
	body_inject(world->vehicles[index].body, (enum body_fault)fault->kind, "injected by the scenario", world->now);
	if (fault->duration_ms)
		push(world, world->now + fault->duration_ms, EVENT_LINK_BACK, index | 1u << 31, NULL);
}

static void end_fault(struct world *world, uint32_t index)
{
	struct sim_vehicle *vehicle = &world->vehicles[index & ~(1u << 31)];
	if (index >> 31)
		body_inject(vehicle->body, BODY_FAULT_NONE, "", world->now);
	else
		vehicle->link_down = 0;
}

/* ---- riders ---- */

static void ask(struct world *world, uint32_t index)
{
	struct rider *rider = &world->riders[index];
	const struct demand_trip *trip = rider->trip;
	struct command command = {.kind = CMD_REQUEST, .key = {1, index + 1}};
	struct cmd_request *request = &command.request;
	if (placing_find(&world->placing, trip->from, &request->from) || placing_find(&world->placing, trip->to, &request->to)) {
		rider->act_at = INT64_MAX;
		rider->phase = RIDER_ENDED;
		return;
	}
	if (!rider->ride) {
		rider->ride = hash_u64(world->options.seed * 1000003 + index) | 1;
		fail(world, hash_map_put(&world->rider_of, rider->ride, index));
	}
	request->ride = rider->ride;
	request->client = hash_u64(rider->ride);
	request->time_kind = trip->time_kind;
	request->time = trip->time;
	request->walk_max_mm = trip->walk_max_mm;
	request->tie_kind = trip->tie_kind;
	request->tie = trip->tie;
	memcpy(request->need_count, trip->need_count, sizeof request->need_count);
	submit(world, &command);
}

static void act(struct world *world, uint32_t index)
{
	struct rider *rider = &world->riders[index];
	struct command command = {0};
	if (rider_due(rider) > world->now)
		return; /* an older reminder */
	switch (rider_act(rider, world->now)) {
	case RIDER_ASKS: ask(world, index); break;
	case RIDER_ACCEPTS:
		command.kind = CMD_ACCEPT;
		command.accept.ride = rider->ride;
		command.accept.boarding_code = (uint16_t)(1000 + hash_u64(rider->ride) % 9000);
		submit(world, &command);
		break;
	case RIDER_CANCELS:
		command.kind = CMD_CANCEL;
		command.cancel.ride = rider->ride;
		submit(world, &command);
		break;
	case RIDER_IS_COMING:
		command.kind = CMD_COMING;
		command.ride.ride = rider->ride;
		submit(world, &command);
		break;
	case RIDER_BOARDS:
		command.kind = CMD_BOARD_EVIDENCE;
		command.board_evidence.ride = rider->ride;
		command.board_evidence.evidence = WIRE_EVIDENCE_APP;
		command.board_evidence.code = rider->code;
		submit(world, &command);
		break;
	case RIDER_WAITS: break;
	}
	if (rider_due(rider) != INT64_MAX)
		push(world, rider_due(rider), EVENT_RIDER, index, NULL);
}

/* ---- the run ---- */

static void from_vehicle(struct world *world, uint32_t index, const struct wire_message *message)
{
	struct command commands[4];
	uint32_t n = 0;
	dock_receive(world->dock, index + 1, message, world->now, world->now, commands, COUNT_OF(commands), &n);
	for (uint32_t i = 0; i < n; i++)
		submit(world, &commands[i]);
	send_docked(world);
}

static void tick_dock(struct world *world)
{
	static _Thread_local struct command commands[2 + WORLD_VEHICLES_MAX / COMMAND_STATES_MAX];
	uint32_t n = 0;
	dock_tick(world->dock, world->now, world->now, commands, COUNT_OF(commands), &n);
	for (uint32_t i = 0; i < n; i++)
		submit(world, &commands[i]);
	send_docked(world);
	push(world, world->now + 1000, EVENT_DOCK, 0, NULL);
}

static void run_event(struct world *world, const struct event *event)
{
	struct command tick = {.kind = CMD_TICK};
	switch ((enum event_kind)event->kind) {
	case EVENT_RIDER: act(world, event->index); break;
	case EVENT_AGENT:
		if (world->vehicles[event->index].wake_at <= world->now)
			wake_agent(world, event->index);
		break;
	case EVENT_TO_VEHICLE:
		if (!world->vehicles[event->index].link_down) {
			agent_receive(world->vehicles[event->index].agent, event->payload, world->now);
			wake_agent(world, event->index);
		}
		break;
	case EVENT_TO_DISPATCHER: from_vehicle(world, event->index, event->payload); break;
	case EVENT_CORE:
		if (core_due(world->core) <= world->now)
			submit(world, &tick);
		break;
	case EVENT_DOCK: tick_dock(world); break;
	case EVENT_FAULT: inject(world, &world->options.faults[event->index]); break;
	case EVENT_LINK_BACK: end_fault(world, event->index); break;
	case EVENT_COMMAND: submit(world, event->payload); break;
	case EVENT_HOUR: break;
	}
}

static int anybody_under_way(const struct world *world)
{
	for (uint32_t i = 0; i < world->demand->n; i++)
		if (world->riders[i].phase > RIDER_HOME && world->riders[i].phase < RIDER_ENDED && world->riders[i].ride_state != RIDE_BROKEN)
			return 1;
	for (uint32_t i = 0; i < core_n_cases(world->core); i++)
		if (core_case_at(world->core, i)->kind == CASE_BROKEN_RIDE && core_case_at(world->core, i)->outcome == CASE_OPEN)
			return 1;
	return 0;
}

int world_run(struct world *world, void (*progress)(void *self, instant_ms now), void *self, struct err_detail *detail)
{
	world->detail = detail;
	while (!world->code && world->n_heap) {
		struct event event = pop(world);
		world->now = event.at;
		run_event(world, &event);
		if (event.kind == EVENT_HOUR) {
			if (progress)
				progress(self, world->now);
			if (world->now >= world->options.to && (!anybody_under_way(world) || world->now >= world->options.to + AFTER_END_MS)) {
				free(event.payload);
				break;
			}
			push(world, world->now + (world->now >= world->options.to ? MINUTE_MS : HOUR_MS), EVENT_HOUR, 0, NULL);
		}
		free(event.payload);
	}
	if (!world->code)
		fail(world, core_check(world->core, detail));
	if (!world->code)
		fail(world, checker_end(world->checker, 1, detail));
	return world->code;
}

/* ---- opening ---- */

/* Where the fleet begins: the middle of all trips, on a road. */
static int find_depot(struct world *world, struct place *ret_place)
{
	int64_t lat = 0, lon = 0;
	for (uint32_t i = 0; i < world->demand->n; i++) {
		lat += world->demand->trips[i].from.lat_e7;
		lon += world->demand->trips[i].from.lon_e7;
	}
	int64_t n = world->demand->n ? world->demand->n : 1;
	struct geo_point middle = {(int32_t)(lat / n), (int32_t)(lon / n)};
	if (!placing_find(&world->placing, middle, ret_place) && ret_place->road.arc != NONE)
		return ERR_OK;
	for (uint32_t i = 0; i < world->demand->n; i++)
		if (!placing_find(&world->placing, world->demand->trips[i].from, ret_place) && ret_place->road.arc != NONE)
			return ERR_OK;
	return ERR_NOT_FOUND;
}

static int open_vehicle(struct world *world, uint32_t index, uint32_t class_index, const struct place *depot)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	struct agent_settings settings = {.simulated = 1,
					  .heartbeat_ms = HEARTBEAT_MS,
					  .state_every_ms = HEARTBEAT_MS,
					  .battery_wh = world->options.core.battery_wh,
					  .charge_w = world->options.core.charge_w,
					  .mrc_after_silence_ms = 10 * LOST_AFTER_MS};
	struct body_options body = {.class_index = class_index,
				    .battery_wh = settings.battery_wh,
				    .charge_w = settings.charge_w,
				    .wh_per_km = world->town->class_wh_per_km[class_index],
				    .start = depot->road,
				    .battery_permille = 1000};
	memcpy(settings.class_name, world->options.class_name, sizeof settings.class_name);
	memcpy(settings.spaces, world->options.spaces, sizeof settings.spaces);
	int code = arena_open(&vehicle->arena, agent_size() + body_size(world->town) + 4096);
	if (!code)
		code = agent_open(&vehicle->agent, &settings, world->town, &vehicle->arena);
	if (!code)
		code = body_open(&vehicle->body, &body, world->town, world->graph, &vehicle->arena);
	if (!code)
		agent_boot(vehicle->agent, 1);
	return code;
}

static void command_vehicle(struct world *world, uint32_t number, uint32_t class_index, const struct place *depot)
{
	struct command enrol = {.kind = CMD_VEHICLE_ENROL}, release = {.kind = CMD_VEHICLE_RELEASE};
	enrol.vehicle_enrol.vehicle = release.vehicle_release.vehicle = number;
	enrol.vehicle_enrol.class_index = class_index;
	enrol.vehicle_enrol.step_free = enrol.vehicle_enrol.simulated = 1;
	enrol.vehicle_enrol.depot = *depot;
	snprintf(enrol.vehicle_enrol.name, sizeof enrol.vehicle_enrol.name, "Shuttle %" PRIu32, number);
	memcpy(enrol.vehicle_enrol.spaces, world->options.spaces, sizeof world->options.spaces);
	release.vehicle_release.until = world->options.to + DAY_MS;
	strcpy(release.vehicle_release.by, "Simulated desk");
	strcpy(release.vehicle_release.approval, "simulation");
	submit(world, &enrol);
	submit(world, &release);
}

static int open_service(struct world *world, uint32_t epoch)
{
	struct command start = {.kind = CMD_START}, sign_on = {.kind = CMD_SIGN_ON};
	struct place depot;
	uint32_t class_index = town_class(world->town, world->options.class_name);
	if (class_index == NONE)
		return err_set(world->detail, ERR_NOT_FOUND, "the town has no vehicle class \"%s\"", world->options.class_name);
	if (find_depot(world, &depot))
		return err_set(world->detail, ERR_NOT_FOUND, "no road near the middle of the demand");
	start.start = (struct cmd_start){.area = 1, .epoch = epoch, .engine_version = CORE_ENGINE_VERSION, .settings = world->options.core};
	memcpy(start.start.town_hash, world->town->hash, sizeof start.start.town_hash);
	submit(world, &start);
	strcpy(sign_on.duty.who, "Simulated supervisor");
	sign_on.duty.vehicles_max = world->options.n_vehicles;
	sign_on.duty.simulated = 1;
	submit(world, &sign_on);
	for (uint32_t i = 0; i < world->options.n_vehicles && !world->code; i++) {
		fail(world, open_vehicle(world, i, class_index, &depot));
		if (!world->code)
			command_vehicle(world, i + 1, class_index, &depot);
	}
	return world->code;
}

static void push_first_events(struct world *world)
{
	for (uint32_t i = 0; i < world->options.n_vehicles; i++)
		push(world, world->now + i % 1000, EVENT_AGENT, i, NULL);
	for (uint32_t i = 0; i < world->demand->n; i++) {
		rider_open(&world->riders[i], &world->demand->trips[i], RETRY_MS);
		push(world, rider_due(&world->riders[i]), EVENT_RIDER, i, NULL);
	}
	for (uint32_t i = 0; i < world->options.n_faults; i++)
		push(world, world->options.faults[i].at, EVENT_FAULT, i, NULL);
	push(world, world->now, EVENT_DOCK, 0, NULL);
	push(world, world->now + HOUR_MS, EVENT_HOUR, 0, NULL);
}

static int open_parts(struct world *world, struct store *store, struct err_detail *detail)
{
	const struct world_options *options = &world->options;
	uint32_t epoch;
	struct dock_settings dock = {options->core.vehicles_max, HEARTBEAT_MS, LOST_AFTER_MS, VALID_MS, 5000, 1000, 1};
	size_t size = core_size(&options->core, world->town) + dock_size(&dock) + route_graph_size(&world->town->road) +
		      (size_t)(world->demand->n + 64) * 64 + 65536;
	int code = arena_open(&world->arena, size);
	if (!code)
		code = core_open(&world->core, &options->core, world->town, &world->arena);
	if (!code)
		code = dock_open(&world->dock, &dock, world->core, &world->arena);
	if (!code)
		code = route_graph_open(&world->graph, &world->town->road, &world->arena);
	if (!code)
		code = hash_map_open(&world->rider_of, &world->arena, world->demand->n + 1);
	if (!code)
		code = checker_open(&world->checker, world->town);
	if (code)
		return err_set(detail, code, "world: %s", err_text(code));
	code = placing_open(&world->placing, world->town, detail);
	if (!code)
		code = journal_open(&world->journal, store, world->core, 1, detail);
	if (!code)
		code = store_take_epoch(store, 1, &epoch, detail);
	return code ? code : open_service(world, epoch);
}

int world_open(struct world **ret_world, const struct world_options *options, const struct town *town, const struct demand *demand,
	       struct store *store, struct err_detail *detail)
{
	struct err_detail unused;
	struct world *world = calloc(1, sizeof *world);
	if (!world || options->n_vehicles > WORLD_VEHICLES_MAX || options->n_vehicles > options->core.vehicles_max) {
		free(world);
		return err_set(detail, ERR_RANGE, "world: at most %u vehicles", options->core.vehicles_max);
	}
	world->options = *options;
	world->town = town;
	world->demand = demand;
	world->now = options->from;
	world->core_at = INT64_MAX;
	world->detail = detail ? detail : &unused;
	rng_seed(&world->rng, options->seed);
	world->vehicles = calloc(options->n_vehicles + 1, sizeof *world->vehicles);
	world->riders = calloc(demand->n + 1, sizeof *world->riders);
	int code = world->vehicles && world->riders ? open_parts(world, store, world->detail) : ERR_MEMORY;
	if (code) {
		world_close(world);
		return code;
	}
	push_first_events(world);
	*ret_world = world;
	return world->code;
}

void world_close(struct world *world)
{
	if (!world)
		return;
	for (uint32_t i = 0; world->vehicles && i < world->options.n_vehicles; i++)
		arena_close(&world->vehicles[i].arena);
	for (size_t i = 0; i < world->n_heap; i++)
		free(world->heap[i].payload);
	if (world->journal)
		journal_close(world->journal);
	if (world->checker)
		checker_close(world->checker);
	placing_close(&world->placing);
	arena_close(&world->arena);
	free(world->heap);
	free(world->vehicles);
	free(world->riders);
	free(world);
}

const struct core *world_core(const struct world *world)
{
	return world->core;
}

const struct checker *world_checker(const struct world *world)
{
	return world->checker;
}
