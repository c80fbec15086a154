/* Agents and bodies, the network between them and the dispatcher, and what befalls them. */
#include <stdlib.h>
#include <string.h>

#include "world_inner.h"

#define SILENCE_MS 600000

/* ---- virtual network: late, lost, twice, out of order ---- */

void vehicle_transmit(struct world *world, enum event_kind kind, uint32_t index, const struct wire_message *message)
{
	const struct world_options *options = &world->options;
	struct rng *rng = &world->vehicles[index].network;
	int copies = 1 + rng_chance(rng, options->repeat_permille);
	world->counts.messages++;
	if (world->vehicles[index].link_down)
		return;
	for (int i = 0; i < copies; i++) {
		if (rng_chance(rng, options->loss_permille)) {
			world->counts.lost++;
			continue;
		}
		struct wire_message *copy = malloc(sizeof *copy);
		if (!copy) {
			world_fail(world, err_set(world->detail, ERR_MEMORY, "world: out of memory"));
			return;
		}
		*copy = *message;
		world_push(world, world->now + rng_between(rng, options->latency_ms_min, options->latency_ms_max), kind,
			   index, copy);
	}
}

/* ---- an agent's life ---- */

static struct agent_settings agent_settings_of(const struct world *world, uint32_t index)
{
	const struct world_group group = world_group_of(&world->options, index, NULL);
	struct agent_settings settings = {.simulated = 1,
					  .heartbeat_ms = WORLD_HEARTBEAT_MS,
					  .state_every_ms = WORLD_HEARTBEAT_MS,
					  .battery_wh = world->options.core.battery_wh,
					  .charge_w = world->options.core.charge_w,
					  .mrc_after_silence_ms = SILENCE_MS};
	memcpy(settings.class_name, group.class_name, sizeof settings.class_name);
	memcpy(settings.spaces, group.spaces, sizeof settings.spaces);
	return settings;
}

static uint32_t *times_of(struct world *world, uint32_t class_index)
{
	const struct network *road = &world->town->road;
	size_t n = road->n_arcs;
	if (!world->times[class_index]) {
		world->times[class_index] = malloc((n + 1) * sizeof(uint32_t));
		if (world->times[class_index])
			memcpy(world->times[class_index], road->time_ms + class_index * n, n * sizeof(uint32_t));
	}
	return world->times[class_index];
}

static void note_driven(void *self, uint32_t arc, uint32_t mm)
{
	const struct sim_vehicle *vehicle = self;
	uint32_t index = (uint32_t)(vehicle - vehicle->world->vehicles);
	day_note_driven(vehicle->world->day, index, vehicle->world->now, arc, mm);
}

int vehicle_open(struct world *world, uint32_t index, uint32_t class_index, const struct place *depot)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	struct body_options body = {.class_index = class_index,
				    .battery_wh = world->options.core.battery_wh,
				    .charge_w = world->options.core.charge_w,
				    .wh_per_km = world->town->class_wh_per_km[class_index],
				    .slow_permille = world->options.slow_permille,
				    .start = depot->road,
				    .battery_permille = 1000,
				    .times = times_of(world, class_index),
				    .query = world->query,
				    .drove = note_driven,
				    .drove_self = vehicle};
	vehicle->world = world;
	vehicle->class_index = class_index;
	vehicle->network = world_stream(world, STREAM_NETWORK, index);
	vehicle->saved = malloc(agent_save_size());
	int code = vehicle->saved && body.times ? arena_open(&vehicle->body_arena, body_size(world->town) + 4096)
						: ERR_MEMORY;
	if (!code)
		code = body_open(&vehicle->body, &body, world->town, world->graph, &vehicle->body_arena);
	return code ? err_set(world->detail, code, "world: vehicle: %s", err_text(code)) : ERR_OK;
}

static void stop_agent(struct sim_vehicle *vehicle)
{
	arena_close(&vehicle->agent_arena);
	memset(&vehicle->agent_arena, 0, sizeof vehicle->agent_arena);
	vehicle->agent = NULL;
}

void vehicle_close(struct sim_vehicle *vehicle)
{
	stop_agent(vehicle);
	arena_close(&vehicle->body_arena);
	free(vehicle->saved);
}

void vehicle_start_agent(struct world *world, uint32_t index)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	struct agent_settings settings = agent_settings_of(world, index);
	int code = arena_open(&vehicle->agent_arena, agent_size() + 4096);
	if (!code)
		code = agent_open(&vehicle->agent, &settings, world->town, &vehicle->agent_arena);
	if (!code && vehicle->n_saved)
		code = agent_load(vehicle->agent, vehicle->saved, vehicle->n_saved, world->detail);
	if (code) {
		world_fail(world,
			   err_set(world->detail, code, "world: agent of vehicle %u: %s", index + 1, err_text(code)));
		return;
	}
	agent_boot(vehicle->agent, ++vehicle->boot);
	vehicle_wake(world, index, NULL);
}

static void kill_agent(struct world *world, uint32_t index)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	struct drive_command stay = {.wish = DRIVE_STAY}; /* the driving stack stands when nobody asks for more */
	stop_agent(vehicle);
	day_note_state(world->day, index, world->now, DAY_DOWN, world->day->vehicles[index].aboard);
	body_command(vehicle->body, &stay, world->now);
	vehicle->death = ALIVE;
	world->counts.agent_restarts++;
	world_push(world, world->now + vehicle->down_ms, EVENT_AGENT_UP, index, NULL);
}

/* ---- one activity: hear, sense, think, save, drive, speak ---- */

static enum day_state state_of(const struct agent_view *view)
{
	switch (view->mode) {
	case WIRE_DRIVING:
		return view->n_aboard ? DAY_LOADED : DAY_EMPTY;
	case WIRE_AT_STOP:
		return DAY_STOP;
	case WIRE_CHARGING:
		return DAY_CHARGING;
	case WIRE_CLEANING:
		return DAY_CLEANING;
	case WIRE_IDLE:
		return DAY_IDLE;
	default:
		return DAY_DOWN;
	}
}

/* Into the books: what it does from now on. */
static void note_state(struct world *world, const struct sim_vehicle *vehicle, uint16_t battery_permille)
{
	struct agent_view view;
	uint32_t persons = 0, index = (uint32_t)(vehicle - world->vehicles);
	agent_view(vehicle->agent, &view);
	for (uint32_t i = 0; i < view.n_aboard; i++) {
		uint32_t rider = hash_map_get(&world->rider_of, view.aboard[i]);
		persons += rider == NONE ? 1 : world->day->rides[rider].persons;
	}
	day_note_state(world->day, index, world->now, state_of(&view), persons);
	day_note_battery(world->day, index, battery_permille);
}

static uint8_t persons_inside(const struct sim_vehicle *vehicle)
{
	uint32_t persons = 0;
	for (uint32_t i = 0; i < vehicle->n_bodies; i++)
		persons += vehicle->bodies[i].taken_out ? 0 : vehicle->bodies[i].persons;
	return (uint8_t)(persons < UINT8_MAX ? persons : UINT8_MAX);
}

static struct sim_body *body_of(struct sim_vehicle *vehicle, uint64_t ride)
{
	for (uint32_t i = 0; i < vehicle->n_bodies; i++)
		if (vehicle->bodies[i].ride == ride)
			return &vehicle->bodies[i];
	return NULL;
}

uint32_t vehicle_with(const struct world *world, uint64_t ride)
{
	for (uint32_t i = 0; i < world->options.n_vehicles; i++) {
		const struct sim_body *body = body_of(&world->vehicles[i], ride);
		if (body && !body->taken_out)
			return i + 1;
	}
	return 0;
}

void vehicle_take_out(struct world *world, uint64_t ride)
{
	uint32_t number = vehicle_with(world, ride);
	if (!number)
		return;
	body_of(&world->vehicles[number - 1], ride)->taken_out = 1;
	vehicle_wake(world, number - 1, NULL); /* its cabin sees it at once */
}

/* Whoever was let in sits in it, whoever was let out does not; whom a person took out may still be counted. */
static void step_in_and_out(struct world *world, struct sim_vehicle *vehicle)
{
	struct sim_body bodies[WIRE_ABOARD_MAX];
	struct agent_view view;
	agent_view(vehicle->agent, &view);
	for (uint32_t i = 0; i < view.n_aboard; i++) {
		const struct sim_body *known = body_of(vehicle, view.aboard[i]);
		uint32_t rider = hash_map_get(&world->rider_of, view.aboard[i]);
		bodies[i] = known ? *known : (struct sim_body){.ride = view.aboard[i], .persons = view.persons[i]};
		if (rider != NONE)
			world->riders[rider].carried = 1;
	}
	vehicle->n_bodies = view.n_aboard;
	memcpy(vehicle->bodies, bodies, view.n_aboard * sizeof bodies[0]);
}

static void think(struct world *world, struct sim_vehicle *vehicle, const struct wire_message *message)
{
	struct agent_view view;
	struct body_report report;
	if (message)
		agent_receive(vehicle->agent, message, world->now);
	agent_view(vehicle->agent, &view);
	body_step(vehicle->body, world->now, view.mode == WIRE_CHARGING, &report);
	report.persons_known = 1;
	report.persons = persons_inside(vehicle);
	agent_body(vehicle->agent, &report);
	agent_tick(vehicle->agent, world->now);
	note_state(world, vehicle, report.battery_permille);
}

static void save(struct world *world, struct sim_vehicle *vehicle)
{
	if (agent_dirty(vehicle->agent) || !vehicle->n_saved)
		world_fail(world, agent_save(vehicle->agent, vehicle->saved, agent_save_size(), &vehicle->n_saved));
}

static void speak(struct world *world, uint32_t index)
{
	static _Thread_local struct wire_message message;
	struct sim_vehicle *vehicle = &world->vehicles[index];
	struct drive_command drive = agent_drive(vehicle->agent);
	body_command(vehicle->body, &drive, world->now);
	while (agent_next_message(vehicle->agent, &message))
		vehicle_transmit(world, EVENT_TO_DISPATCHER, index, &message);
}

static void sleep_until_due(struct world *world, uint32_t index)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	instant_ms next = agent_due(vehicle->agent, world->now), arrives = body_next(vehicle->body);
	if (arrives < next)
		next = arrives;
	vehicle->wake_at = next > world->now ? next : world->now + 1;
	world_push(world, vehicle->wake_at, EVENT_AGENT, index, NULL);
}

void vehicle_wake(struct world *world, uint32_t index, const struct wire_message *message)
{
	struct sim_vehicle *vehicle = &world->vehicles[index];
	if (!vehicle->agent)
		return;
	think(world, vehicle, message);
	if (vehicle->death == DIES_BEFORE_SAVING) {
		kill_agent(world, index);
		return;
	}
	save(world, vehicle);
	step_in_and_out(world, vehicle);
	if (vehicle->death != DIES_BEFORE_SPEAKING)
		speak(world, index);
	if (vehicle->death != ALIVE)
		kill_agent(world, index);
	else
		sleep_until_due(world, index);
}

/* ---- faults ---- */

static void kill_something(struct world *world, uint32_t index)
{
	const struct world_fault *fault = &world->options.faults[index];
	struct rng rng = world_stream(world, STREAM_FAULT, index);
	uint8_t death = (uint8_t)(DIES_BEFORE_SAVING + rng_below(&rng, 3));
	uint32_t down_ms = fault->duration_ms ? fault->duration_ms : WORLD_RESTART_MS;
	if (fault->kind == WORLD_FAULT_AGENT) {
		world->vehicles[fault->vehicle - 1].death = death;
		world->vehicles[fault->vehicle - 1].down_ms = down_ms;
		return;
	}
	world->death = death;
	world->down_ms = down_ms;
	if (death == DIES_AFTER && world->core)
		dispatcher_die(world);
}

void vehicle_fault(struct world *world, uint32_t index)
{
	const struct world_fault *fault = &world->options.faults[index];
	if (fault->kind == WORLD_FAULT_DISPATCHER ||
	    (fault->kind == WORLD_FAULT_AGENT && fault->vehicle - 1 < world->options.n_vehicles)) {
		kill_something(world, index);
		return;
	}
	if (fault->vehicle - 1 >= world->options.n_vehicles)
		return;
	struct sim_vehicle *vehicle = &world->vehicles[fault->vehicle - 1];
	if (fault->kind == WORLD_FAULT_LINK)
		vehicle->link_down++;
	else
		body_inject(vehicle->body, fault->kind == WORLD_FAULT_MRC ? BODY_FAULT_MRC : BODY_FAULT_DEAD,
			    "injected by the scenario", world->now);
	vehicle->mrc += fault->kind == WORLD_FAULT_MRC;
	vehicle_wake(world, fault->vehicle - 1, NULL);
	if (fault->duration_ms)
		world_push(world, world->now + fault->duration_ms, EVENT_FAULT_OVER, index, NULL);
}

void vehicle_fault_over(struct world *world, uint32_t index)
{
	const struct world_fault *fault = &world->options.faults[index];
	struct sim_vehicle *vehicle = &world->vehicles[fault->vehicle - 1];
	if (fault->kind == WORLD_FAULT_LINK)
		vehicle->link_down--;
	else if (fault->kind == WORLD_FAULT_MRC)
		vehicle->mrc--;
	else
		body_inject(vehicle->body, BODY_FAULT_NONE, "", world->now);
	vehicle_wake(world, fault->vehicle - 1, NULL);
}
