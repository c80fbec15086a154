// link: zub_agent zub_drawn_town
/* A vehicle that is told anything in any order, or wakes up with any memory: never a broken invariant, never a state
 * that cannot be saved and loaded again to the same bytes. The first byte chooses. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "body.h"
#include "drawn_town.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t at, n;
};
struct vehicle {
	struct agent *agent;
	struct body *body;
	int64_t wall;
	instant_ms service;
	uint32_t version, epoch, acked;
};

static struct drawn_town town;
static struct arena graph_arena, arena;
static struct route_graph *graph;

static uint32_t take(struct input *in, uint32_t below)
{
	return in->at < in->n ? in->data[in->at++] % below : 0;
}

static void world_once(void)
{
	if (graph)
		return;
	drawn_town_plain(&town, "A---B===C\n|   |   |\nD---E>>>F\n");
	assert(arena_open(&graph_arena, route_graph_size(&town.town.road) + 4096) == 0);
	assert(route_graph_open(&graph, &town.town.road, &graph_arena) == 0);
	assert(arena_open(&arena, 1 << 20) == 0);
}

static void vehicle_open(struct vehicle *vehicle)
{
	struct agent_settings settings = {
		.class_name = "shuttle", .spaces = {3, 1}, .simulated = 1, .mrc_after_silence_ms = 60000};
	struct body_options options = {
		.battery_wh = 100, .charge_w = 22000, .wh_per_km = 200, .start = {0, 0}, .battery_permille = 900};

	memset(vehicle, 0, sizeof *vehicle);
	arena.used = 0;
	vehicle->wall = 1000;
	vehicle->service = 1654585200000;
	vehicle->epoch = 1;
	assert(agent_open(&vehicle->agent, &settings, &town.town, &arena) == 0);
	assert(body_open(&vehicle->body, &options, &town.town, graph, &arena) == 0);
}

static void turn(struct vehicle *vehicle)
{
	struct wire_message message;
	struct body_report report;
	struct agent_view view;
	instant_ms now = agent_service_now(vehicle->agent, vehicle->wall);

	agent_view(vehicle->agent, &view);
	body_step(vehicle->body, now, view.mode == WIRE_CHARGING, &report);
	agent_body(vehicle->agent, &report);
	agent_tick(vehicle->agent, vehicle->wall);
	assert(agent_due(vehicle->agent, vehicle->wall) >= vehicle->wall);
	struct drive_command command = agent_drive(vehicle->agent);
	body_command(vehicle->body, &command, now);
	for (int i = 0; i < 600 && agent_next_message(vehicle->agent, &message); i++)
		if (message.kind == WIRE_KIND_EVENT)
			vehicle->acked = message.event.sequence;
	agent_view(vehicle->agent, &view);
	assert(view.n_aboard <= WIRE_ABOARD_MAX && view.n_done <= view.n_tasks);
}

static struct wire_clock clock_said(const struct vehicle *vehicle)
{
	return (struct wire_clock){.service_now = vehicle->service, .speed_permille = 1000, .simulated = 1};
}

static void say_plan(struct vehicle *vehicle, struct input *in, struct wire_message *message)
{
	struct wire_plan *plan = &message->plan;

	message->kind = WIRE_KIND_PLAN;
	plan->epoch = vehicle->epoch;
	plan->version = vehicle->version += take(in, 2);
	plan->valid_until = vehicle->service + (instant_ms)take(in, 100) * 1000;
	memcpy(plan->town_hash, town.town.hash, WIRE_HASH_BYTES);
	plan->n_tasks = take(in, 9);
	for (uint32_t i = 0; i < plan->n_tasks; i++) {
		struct wire_task *task = &plan->tasks[i];
		task->kind = (uint8_t)(1 + take(in, 4));
		task->ride = task->kind <= WIRE_DROPOFF ? 1 + take(in, 6) : 0;
		task->place.arc = take(in, town.town.road.n_arcs + 1);
		task->place.offset_mm = take(in, 3) * 10000;
		task->planned_at = vehicle->service + take(in, 200) * 1000;
		task->not_before = take(in, 2) ? INSTANT_NONE : task->planned_at;
		task->wait_until = INSTANT_NONE;
		task->dwell_ms = take(in, 30) * 1000;
		task->boarding_code = (uint16_t)take(in, 4);
		task->party = (uint8_t)take(in, 3);
	}
}

static void say(struct vehicle *vehicle, struct input *in)
{
	struct wire_message message = {0};

	switch (take(in, 9)) {
	case 0:
		message.kind = WIRE_KIND_WELCOME;
		vehicle->epoch += take(in, 2);
		message.welcome = (struct wire_welcome){
			.epoch = vehicle->epoch, .clock = clock_said(vehicle), .heartbeat_ms = 1000, .valid_ms = 30000};
		break;
	case 1:
		message.kind = WIRE_KIND_HEARTBEAT;
		message.heartbeat = (struct wire_heartbeat){.epoch = vehicle->epoch, .clock = clock_said(vehicle)};
		break;
	case 2:
		message.kind = WIRE_KIND_ORDER;
		message.order = (struct wire_order){.id = take(in, 40), .kind = (uint8_t)(1 + take(in, 5))};
		break;
	case 3:
		message.kind = WIRE_KIND_EVIDENCE;
		message.evidence = (struct wire_evidence){.ride = 1 + take(in, 6), .kind = (uint8_t)(1 + take(in, 4))};
		break;
	case 4:
		message.kind = WIRE_KIND_APPROVAL_REPLY;
		message.approval_reply =
			(struct wire_approval_reply){.request = take(in, 250), .granted = (uint8_t)take(in, 2)};
		break;
	case 5:
		message.kind = WIRE_KIND_ACK;
		message.ack = (struct wire_ack){.boot = take(in, 3),
						.sequence = take(in, 2) ? vehicle->acked : take(in, 250)};
		break;
	case 6:
		message.kind = WIRE_KIND_RIDER_OUT;
		message.rider_out = (struct wire_rider_out){.order = 1 + take(in, 40), .ride = 1 + take(in, 6)};
		break;
	default:
		say_plan(vehicle, in, &message);
	}
	agent_receive(vehicle->agent, &message, vehicle->wall);
}

static void again(struct vehicle *vehicle)
{
	static uint8_t one[1 << 17], two[1 << 17];
	struct err_detail detail;
	size_t n, n_two;

	assert(agent_save_size() <= sizeof one);
	assert(agent_save(vehicle->agent, one, sizeof one, &n) == 0);
	assert(agent_load(vehicle->agent, one, n, &detail) == 0);
	assert(agent_save(vehicle->agent, two, sizeof two, &n_two) == 0);
	assert(n == n_two && memcmp(one, two, n) == 0);
	assert(body_save(vehicle->body, one, sizeof one, &n) == 0);
	assert(body_load(vehicle->body, one, n, &detail) == 0);
}

static void pass(struct vehicle *vehicle, int64_t ms)
{
	vehicle->wall += ms;
	vehicle->service += ms;
	turn(vehicle);
}

static void act(struct vehicle *vehicle, struct input *in)
{
	instant_ms now = agent_service_now(vehicle->agent, vehicle->wall);

	switch (take(in, 8)) {
	case 0:
		agent_button(vehicle->agent, (uint8_t)take(in, WIRE_EVENT_KINDS));
		break;
	case 1:
		agent_code(vehicle->agent, (uint16_t)take(in, 4));
		break;
	case 2:
		body_inject(vehicle->body, (enum body_fault)take(in, 3), "fuzz", now);
		break;
	case 3:
		again(vehicle);
		break;
	case 4:
		pass(vehicle, (int64_t)take(in, 250) * 100);
		break;
	default:
		say(vehicle, in);
	}
	pass(vehicle, 100);
}

static void wake_with_any_memory(struct vehicle *vehicle, const uint8_t *data, size_t n)
{
	struct err_detail detail;

	if (agent_load(vehicle->agent, data, n, &detail) == 0)
		for (int i = 0; i < 20; i++)
			pass(vehicle, 3000);
	if (body_load(vehicle->body, data, n, &detail) == 0)
		for (int i = 0; i < 20; i++)
			pass(vehicle, 3000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vehicle vehicle;
	struct input in = {.data = data, .at = 1, .n = size};

	if (size == 0)
		return 0;
	world_once();
	vehicle_open(&vehicle);
	if (data[0] == 'm') {
		wake_with_any_memory(&vehicle, data + 1, size - 1);
		return 0;
	}
	while (in.at < in.n)
		act(&vehicle, &in);
	return 0;
}
