/* A vehicle on a drawn town, without any link: the test says what the dispatcher says and reads what the vehicle says
 * as a trace of lines "mm:ss what", times since the start. Wall time and service time run alike unless the test sets a
 * speed. */
#ifndef ZUB_AGENT_RIG_H
#define ZUB_AGENT_RIG_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "body.h"
#include "drawn_town.h"

#define RIG_START (DRAWN_DAY_START + 8 * HOUR_MS)

struct rig {
	struct drawn_town drawn;
	struct arena arena;
	struct agent *agent;
	struct body *body;
	struct agent_settings settings;
	int64_t wall;
	instant_ms service; /* the dispatcher's clock at `wall` */
	uint32_t speed_permille, epoch, version;
	int link; /* 1: messages of the vehicle arrive, heartbeats are said */
	int acks; /* 1: events are acknowledged */
	int64_t heartbeat_wall;
	struct wire_plan plan;
	struct wire_state state; /* the newest */
	int counts;		 /* 1: the cabin is counted, `persons` sit in it */
	uint8_t persons;
	char trace[1 << 17];
};

static inline void rig_say(struct rig *rig, const char *format, ...)
{
	size_t n = strlen(rig->trace);
	int s = (int)((rig->service - RIG_START) / 1000);
	va_list arguments;

	assert_true(n + 512 < sizeof rig->trace);
	n += (size_t)snprintf(rig->trace + n, sizeof rig->trace - n, "%02d:%02d ", s / 60, s % 60);
	va_start(arguments, format);
	n += (size_t)vsnprintf(rig->trace + n, sizeof rig->trace - n, format, arguments);
	va_end(arguments);
	snprintf(rig->trace + n, sizeof rig->trace - n, "\n");
}

static inline const char *rig_event_name(uint8_t kind)
{
	static const char *const names[] = {
		"?",	       "arrived",      "boarded",      "alighted",	   "departed",
		"parked",      "charge began", "charge ended", "passenger call",   "stop wish",
		"emergency",   "mrc began",    "mrc ended",    "approval request", "fault began",
		"fault ended", "order done",   "taken out",    "still aboard",	   "clean began",
		"clean ended"};
	return names[kind < WIRE_EVENT_KINDS ? kind : 0];
}

static inline struct wire_clock rig_clock(const struct rig *rig)
{
	return (struct wire_clock){.service_now = rig->service, .speed_permille = rig->speed_permille, .simulated = 1};
}

static inline void rig_tell(struct rig *rig, const struct wire_message *message)
{
	agent_receive(rig->agent, message, rig->wall);
}

static inline void rig_welcome(struct rig *rig)
{
	struct wire_message message = {.kind = WIRE_KIND_WELCOME};

	message.welcome = (struct wire_welcome){
		.epoch = rig->epoch, .clock = rig_clock(rig), .heartbeat_ms = 1000, .valid_ms = 30000};
	memcpy(message.welcome.town_hash, rig->drawn.town.hash, WIRE_HASH_BYTES);
	rig_tell(rig, &message);
}

/* What the vehicle says. */
static inline void rig_hear(struct rig *rig, const struct wire_message *message)
{
	struct wire_message reply = {0};

	if (message->kind == WIRE_KIND_HELLO) {
		rig_say(rig, "hello boot %u", message->hello.boot);
		rig_welcome(rig);
	} else if (message->kind == WIRE_KIND_PLAN_ACK) {
		if (message->plan_ack.refusal)
			rig_say(rig, "plan %u.%u refused %d", message->plan_ack.epoch, message->plan_ack.version,
				message->plan_ack.refusal);
		else
			rig_say(rig, "plan %u.%u taken", message->plan_ack.epoch, message->plan_ack.version);
	} else if (message->kind == WIRE_KIND_STATE) {
		rig->state = message->state;
	} else if (message->kind == WIRE_KIND_EVENT) {
		const struct wire_event *event = &message->event;
		int s = (int)((event->at - rig->service) / 1000);
		rig_say(rig, "%u.%u %s %llu%s%s%s", event->boot, event->sequence, rig_event_name(event->kind),
			(unsigned long long)event->ride, *event->reason ? " " : "", event->reason,
			s ? " (earlier)" : "");
		reply.kind = WIRE_KIND_ACK;
		reply.ack = (struct wire_ack){event->boot, event->sequence};
		if (rig->acks)
			rig_tell(rig, &reply);
	}
}

static inline void rig_turn(struct rig *rig)
{
	struct wire_message message;

	for (int pass = 0; pass < 4; pass++) {
		struct body_report report;
		struct agent_view view;
		instant_ms now = agent_service_now(rig->agent, rig->wall);
		agent_view(rig->agent, &view);
		body_step(rig->body, now, view.mode == WIRE_CHARGING, &report);
		report.persons_known = (uint8_t)rig->counts;
		report.persons = rig->persons;
		agent_body(rig->agent, &report);
		agent_tick(rig->agent, rig->wall);
		struct drive_command command = agent_drive(rig->agent);
		body_command(rig->body, &command, now);
	}
	while (agent_next_message(rig->agent, &message))
		if (rig->link)
			rig_hear(rig, &message);
}

static inline void rig_heartbeat(struct rig *rig)
{
	struct wire_message message = {.kind = WIRE_KIND_HEARTBEAT};

	if (!rig->link || rig->wall - rig->heartbeat_wall < 1000)
		return;
	rig->heartbeat_wall = rig->wall;
	message.heartbeat = (struct wire_heartbeat){.epoch = rig->epoch, .clock = rig_clock(rig)};
	rig_tell(rig, &message);
}

/* Lets `seconds` of wall time pass. */
static inline void rig_run(struct rig *rig, int seconds)
{
	int64_t end = rig->wall + seconds * 1000;

	for (;;) {
		rig_heartbeat(rig);
		rig_turn(rig);
		if (rig->wall >= end)
			return;
		int64_t next = agent_due(rig->agent, rig->wall + 1), beat = rig->heartbeat_wall + 1000;
		instant_ms now = agent_service_now(rig->agent, rig->wall), arrives = body_next(rig->body);
		uint32_t speed = agent_clock_speed_permille(rig->agent);
		if (arrives != INT64_MAX && speed && rig->wall + ((arrives - now) * 1000 + speed - 1) / speed < next)
			next = rig->wall + ((arrives - now) * 1000 + speed - 1) / speed;
		if (rig->link && beat < next)
			next = beat;
		next = next > end ? end : next <= rig->wall ? rig->wall + 1 : next;
		rig->service += (next - rig->wall) * rig->speed_permille / 1000;
		rig->wall = next;
	}
}

/* ---- plans ---- */
static inline void rig_plan_begin(struct rig *rig)
{
	memset(&rig->plan, 0, sizeof rig->plan);
	rig->plan.epoch = rig->epoch;
	rig->plan.version = ++rig->version;
	rig->plan.valid_until = rig->service + 30000;
	memcpy(rig->plan.town_hash, rig->drawn.town.hash, WIRE_HASH_BYTES);
}

/* A task in the middle of the street from a to b (or `metres` along it); dwell 10 s, party of one, boarding code =
 * ride. */
static inline struct wire_task *rig_task(struct rig *rig, uint8_t kind, uint64_t ride, char a, char b, uint32_t metres)
{
	struct wire_task *task = &rig->plan.tasks[rig->plan.n_tasks++];
	struct spot spot = drawn_spot(&rig->drawn, a, b, metres);
	struct geo_point point = network_spot_point(&rig->drawn.town.road, spot);

	*task = (struct wire_task){
		.ride = ride,
		.kind = kind,
		.planned_at = rig->service,
		.not_before = INSTANT_NONE,
		.wait_until = INSTANT_NONE,
		.dwell_ms = 10000,
		.party = 1,
		.boarding_code = (uint16_t)(ride % 10000),
		.place = {
			.lat_e7 = point.lat_e7, .lon_e7 = point.lon_e7, .arc = spot.arc, .offset_mm = spot.offset_mm}};
	if (!ride) {
		task->party = 0;
		task->boarding_code = 0;
		task->dwell_ms = 0;
	}
	return task;
}

static inline void rig_plan_send(struct rig *rig)
{
	struct wire_message message = {.kind = WIRE_KIND_PLAN};

	message.plan = rig->plan;
	rig_tell(rig, &message);
}

static inline void rig_evidence(struct rig *rig, uint64_t ride, uint8_t kind)
{
	struct wire_message message = {.kind = WIRE_KIND_EVIDENCE};

	message.evidence = (struct wire_evidence){.ride = ride, .kind = kind};
	rig_tell(rig, &message);
}

static inline void rig_order(struct rig *rig, uint64_t id, uint8_t kind)
{
	struct wire_message message = {.kind = WIRE_KIND_ORDER};

	message.order = (struct wire_order){.id = id, .kind = kind, .by = "test"};
	rig_tell(rig, &message);
}

static inline void rig_rider_out(struct rig *rig, uint64_t order, uint64_t ride)
{
	struct wire_message message = {.kind = WIRE_KIND_RIDER_OUT};

	message.rider_out = (struct wire_rider_out){.order = order, .ride = ride, .by = "test"};
	rig_tell(rig, &message);
}

/* ---- opening ---- */
static inline void rig_vehicle(struct rig *rig, struct spot start)
{
	struct body_options options = {.class_index = 0,
				       .battery_wh = 40000,
				       .charge_w = 22000,
				       .wh_per_km = 200,
				       .start = start,
				       .battery_permille = 1000};
	struct route_graph *graph = NULL;

	assert_int_equal(route_graph_open(&graph, &rig->drawn.town.road, &rig->arena), 0);
	assert_int_equal(agent_open(&rig->agent, &rig->settings, &rig->drawn.town, &rig->arena), 0);
	assert_int_equal(body_open(&rig->body, &options, &rig->drawn.town, graph, &rig->arena), 0);
}

static inline void rig_open(struct rig *rig, const char *drawing, char a, char b, uint32_t metres)
{
	memset(rig, 0, sizeof *rig);
	drawn_town_plain(&rig->drawn, drawing);
	assert_int_equal(arena_open(&rig->arena, 4 << 20), 0);
	rig->settings = (struct agent_settings){.class_name = "shuttle", .spaces = {6, 1}, .simulated = 1};
	rig->wall = 5000;
	rig->service = RIG_START;
	rig->speed_permille = 1000;
	rig->epoch = 1;
	rig->link = rig->acks = 1;
	rig_vehicle(rig, drawn_spot(&rig->drawn, a, b, metres));
}

static inline void rig_close(struct rig *rig)
{
	arena_close(&rig->arena);
	drawn_town_close(&rig->drawn);
}

/* The trace since the last look must be this. */
#define rig_expect(rig, expected)                            \
	do {                                                 \
		assert_string_equal((rig)->trace, expected); \
		(rig)->trace[0] = '\0';                      \
	} while (0)

#endif
