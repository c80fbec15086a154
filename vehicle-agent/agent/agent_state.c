#include <string.h>

#include "agent_inner.h"
#include "bytes.h"

#define INSTANT_MAX INT64_C(253402300799999)
#define EVENT_BYTES (4 + 4 + 8 + 1 + 1 + 1 + 8 + 17 + 2 + WIRE_TEXT_MAX)
#define TASK_BYTES (8 + 1 + 17 + 8 + 8 + 8 + 4 + 2 + 1 + 1)

size_t agent_save_size(void)
{
	return 4096 + AGENT_EVENTS_MAX * EVENT_BYTES + WIRE_TASKS_MAX * TASK_BYTES + AGENT_FINISHED * 8 +
	       AGENT_ORDERS * 8 + WIRE_ABOARD_MAX * 9 + WIRE_STREETS_MAX * 8;
}

static void put_place(struct bytes_out *out, const struct wire_place *place)
{
	bytes_put(out, (uint32_t)place->lat_e7, 4);
	bytes_put(out, (uint32_t)place->lon_e7, 4);
	bytes_put(out, place->arc, 4);
	bytes_put(out, place->offset_mm, 4);
	bytes_put(out, place->side, 1);
}

static struct wire_place get_place(struct bytes_in *in)
{
	struct wire_place place = {0};

	place.lat_e7 = (int32_t)bytes_get_u32(in, UINT32_MAX);
	place.lon_e7 = (int32_t)bytes_get_u32(in, UINT32_MAX);
	place.arc = bytes_get_u32(in, UINT32_MAX);
	place.offset_mm = bytes_get_u32(in, UINT32_MAX);
	place.side = bytes_get_u8(in, 1);
	return place;
}

/* An instant until the year 9999, none, or (charging until full) the end of time. */
static instant_ms get_instant(struct bytes_in *in)
{
	instant_ms at = bytes_get_i64(in);

	if (at != INSTANT_NONE && at != INT64_MAX && (at < 0 || at > INSTANT_MAX))
		return in->failed = 1, 0;
	return at;
}

/* The same where it must be one. */
static instant_ms get_real_instant(struct bytes_in *in)
{
	instant_ms at = get_instant(in);

	if (at < 0 || at > INSTANT_MAX)
		return in->failed = 1, 0;
	return at;
}

static void put_spot(struct bytes_out *out, struct spot spot)
{
	bytes_put(out, spot.arc, 4);
	bytes_put(out, spot.offset_mm, 4);
}

static struct spot get_spot(struct bytes_in *in)
{
	struct spot spot;

	spot.arc = bytes_get_u32(in, UINT32_MAX);
	spot.offset_mm = bytes_get_u32(in, UINT32_MAX);
	return spot;
}

/* ---- clock and link ---- */
static void put_link(struct bytes_out *out, const struct agent *agent)
{
	bytes_put(out, agent->clock.known, 1);
	bytes_put(out, agent->clock.refused, 1);
	bytes_put(out, agent->clock.speed_permille, 4);
	bytes_put(out, (uint64_t)agent->clock.floor, 8);
	bytes_put(out, agent->link.epoch, 4);
	bytes_put(out, agent->link.resync, 1);
	bytes_put(out, agent->link.heartbeat_ms, 4);
	bytes_put(out, agent->link.valid_ms, 4);
	bytes_put(out, (uint64_t)agent->link.valid_until, 8);
}

static void get_link(struct bytes_in *in, struct agent *agent)
{
	agent->clock.known = bytes_get_u8(in, 1);
	agent->clock.refused = bytes_get_u8(in, 1);
	agent->clock.speed_permille = bytes_get_u32(in, 1000000);
	agent->clock.floor = get_real_instant(in);
	agent->link.epoch = bytes_get_u32(in, UINT32_MAX);
	agent->link.resync = bytes_get_u8(in, 1);
	agent->link.heartbeat_ms = bytes_get_u32(in, (uint32_t)HOUR_MS);
	agent->link.valid_ms = bytes_get_u32(in, (uint32_t)DAY_MS);
	agent->link.valid_until = get_instant(in);
}

/* ---- plan ---- */
static void put_task(struct bytes_out *out, const struct wire_task *task, uint8_t evidence)
{
	bytes_put(out, task->ride, 8);
	bytes_put(out, task->kind, 1);
	put_place(out, &task->place);
	bytes_put(out, (uint64_t)task->planned_at, 8);
	bytes_put(out, (uint64_t)task->not_before, 8);
	bytes_put(out, (uint64_t)task->wait_until, 8);
	bytes_put(out, task->dwell_ms, 4);
	bytes_put(out, task->boarding_code, 2);
	bytes_put(out, task->party, 1);
	bytes_put(out, evidence, 1);
}

static void get_task(struct bytes_in *in, const struct town *town, struct wire_task *task, uint8_t *ret_evidence)
{
	task->ride = bytes_get_u64(in);
	task->kind = bytes_get_u8(in, WIRE_CLEAN);
	task->place = get_place(in);
	task->planned_at = get_real_instant(in);
	task->not_before = get_instant(in);
	task->wait_until = get_instant(in);
	task->dwell_ms = bytes_get_u32(in, (uint32_t)DAY_MS);
	task->boarding_code = bytes_get_u16(in, UINT16_MAX);
	task->party = bytes_get_u8(in, UINT8_MAX);
	*ret_evidence = bytes_get_u8(in, WIRE_EVIDENCE_APP);
	if (task->place.arc >= town->road.n_arcs || task->place.offset_mm > town->road.dist_mm[task->place.arc] ||
	    !task->kind)
		in->failed = 1;
}

static void put_plan(struct bytes_out *out, const struct agent *agent)
{
	bytes_put(out, agent->plan.epoch, 4);
	bytes_put(out, agent->plan.version, 4);
	bytes_put_block(out, agent->plan.town_hash, WIRE_HASH_BYTES);
	bytes_put(out, (uint64_t)agent->plan.valid_until, 8);
	bytes_put(out, agent->done, 8);
	bytes_put(out, agent->plan.n_tasks, 4);
	for (uint32_t i = 0; i < agent->plan.n_tasks; i++)
		put_task(out, &agent->plan.tasks[i], agent->evidence[i]);
	bytes_put(out, agent->plan.conditions, 4);
	bytes_put(out, agent->plan.n_streets, 4);
	for (uint32_t i = 0; i < agent->plan.n_streets; i++) {
		bytes_put_street(out, &agent->plan.streets[i]);
	}
}

static void get_plan(struct bytes_in *in, struct agent *agent)
{
	uint64_t beyond;

	agent->plan.epoch = bytes_get_u32(in, UINT32_MAX);
	agent->plan.version = bytes_get_u32(in, UINT32_MAX);
	bytes_get_block(in, agent->plan.town_hash, WIRE_HASH_BYTES);
	agent->plan.valid_until = get_instant(in);
	agent->done = bytes_get_u64(in);
	agent->plan.n_tasks = bytes_get_u32(in, WIRE_TASKS_MAX);
	beyond = agent->plan.n_tasks < 64 ? UINT64_MAX << agent->plan.n_tasks : 0;
	if (agent->done & beyond)
		in->failed = 1;
	for (uint32_t i = 0; i < agent->plan.n_tasks; i++)
		get_task(in, agent->town, &agent->plan.tasks[i], &agent->evidence[i]);
	agent->plan.conditions = bytes_get_u32(in, UINT32_MAX);
	if (agent->plan.conditions & ~town_conditions(agent->town))
		in->failed = 1;
	agent->plan.n_streets = bytes_get_u32(in, WIRE_STREETS_MAX);
	for (uint32_t i = 0; i < agent->plan.n_streets; i++) {
		struct wire_street *street = &agent->plan.streets[i];
		bytes_get_street(in, street);
		if (street->arc >= agent->town->road.n_arcs || (i && street->arc <= street[-1].arc))
			in->failed = 1;
	}
}

/* ---- riders, orders ---- */
static void put_riders(struct bytes_out *out, const struct agent *agent)
{
	uint32_t n_finished = agent->n_finished < AGENT_FINISHED ? agent->n_finished : AGENT_FINISHED;
	uint32_t n_orders = agent->n_orders < AGENT_ORDERS ? agent->n_orders : AGENT_ORDERS;

	bytes_put(out, agent->n_aboard, 4);
	for (uint32_t i = 0; i < agent->n_aboard; i++) {
		bytes_put(out, agent->aboard[i].ride, 8);
		bytes_put(out, agent->aboard[i].party, 1);
	}
	bytes_put(out, agent->n_finished, 4);
	for (uint32_t i = 0; i < n_finished; i++)
		bytes_put(out, agent->finished[i], 8);
	bytes_put(out, agent->n_orders, 4);
	for (uint32_t i = 0; i < n_orders; i++)
		bytes_put(out, agent->orders[i], 8);
}

static void get_riders(struct bytes_in *in, struct agent *agent)
{
	agent->n_aboard = bytes_get_u32(in, WIRE_ABOARD_MAX);
	for (uint32_t i = 0; i < agent->n_aboard; i++) {
		agent->aboard[i].ride = bytes_get_u64(in);
		agent->aboard[i].party = bytes_get_u8(in, UINT8_MAX);
		if (agent->aboard[i].ride <= (i ? agent->aboard[i - 1].ride : 0))
			in->failed = 1;
	}
	agent->n_finished = bytes_get_u32(in, UINT32_MAX);
	for (uint32_t i = 0; i < agent->n_finished && i < AGENT_FINISHED && !in->failed; i++)
		agent->finished[i] = bytes_get_u64(in);
	agent->n_orders = bytes_get_u32(in, UINT32_MAX);
	for (uint32_t i = 0; i < agent->n_orders && i < AGENT_ORDERS && !in->failed; i++)
		agent->orders[i] = bytes_get_u64(in);
}

/* ---- what it is doing ---- */
static void put_doing(struct bytes_out *out, const struct agent *agent)
{
	bytes_put(out, agent->stop.open, 1);
	put_spot(out, agent->stop.spot);
	bytes_put(out, agent->stop.first_kind, 1);
	bytes_put(out, agent->stop.first_ride, 8);
	bytes_put(out, (uint64_t)agent->stop.ready_at, 8);
	bytes_put(out, (uint64_t)agent->stop.leave_from, 8);
	bytes_put(out, agent->stop.service.task, 4);
	bytes_put(out, agent->stop.service.evidence, 1);
	bytes_put(out, (uint64_t)agent->stop.service.until, 8);
	bytes_put(out, agent->errand ? (uint64_t)agent->errand - WIRE_PARK : 0, 1);
	put_spot(out, agent->errand_spot);
	bytes_put(out, (uint64_t)agent->errand_until, 8);
	bytes_put(out, agent->standstill, 1);
	bytes_put(out, agent->held, 1);
	bytes_put(out, agent->out_of_service, 1);
	bytes_put(out, agent->emergency, 1);
	bytes_put(out, agent->standstill_order, 8);
	bytes_put(out, agent->mrc, 1);
	bytes_put(out, agent->fault, 1);
	bytes_put(out, agent->approval, 4);
	bytes_put(out, (uint64_t)agent->approval_at, 8);
	bytes_put(out, agent->leg, 8);
	bytes_put(out, agent->leg_active, 1);
	put_spot(out, agent->leg_target);
}

static void get_doing(struct bytes_in *in, struct agent *agent)
{
	agent->stop.open = bytes_get_u8(in, 1);
	agent->stop.spot = get_spot(in);
	agent->stop.first_kind = bytes_get_u8(in, WIRE_CLEAN);
	agent->stop.first_ride = bytes_get_u64(in);
	agent->stop.ready_at = get_real_instant(in);
	agent->stop.leave_from = get_instant(in);
	agent->stop.service.task = bytes_get_u32(in, AGENT_NO_TASK);
	agent->stop.service.evidence = bytes_get_u8(in, WIRE_EVIDENCE_APP);
	agent->stop.service.until = get_real_instant(in);
	uint8_t errand = bytes_get_u8(in, WIRE_CLEAN - WIRE_PARK);
	agent->errand = errand ? errand + WIRE_PARK : 0;
	agent->errand_spot = get_spot(in);
	agent->errand_until = get_instant(in);
	agent->standstill = bytes_get_u8(in, 1);
	agent->held = bytes_get_u8(in, 1);
	agent->out_of_service = bytes_get_u8(in, 1);
	agent->emergency = bytes_get_u8(in, 1);
	agent->standstill_order = bytes_get_u64(in);
	agent->mrc = bytes_get_u8(in, AGENT_MRC_GRANTED);
	agent->fault = bytes_get_u8(in, 1);
	agent->approval = bytes_get_u32(in, UINT32_MAX);
	agent->approval_at = bytes_get_i64(in);
	agent->leg = bytes_get_u64(in);
	agent->leg_active = bytes_get_u8(in, 1);
	agent->leg_target = get_spot(in);
	if (agent->stop.service.task != AGENT_NO_TASK &&
	    (agent->stop.service.task >= agent->plan.n_tasks || !agent->stop.open))
		in->failed = 1;
	if (agent->leg_active && agent->leg_target.arc >= agent->town->road.n_arcs)
		in->failed = 1;
}

/* ---- events ---- */
static void put_event(struct bytes_out *out, const struct wire_event *event)
{
	bytes_put(out, event->boot, 4);
	bytes_put(out, event->sequence, 4);
	bytes_put(out, (uint64_t)event->at, 8);
	bytes_put(out, event->kind, 1);
	bytes_put(out, event->task_kind, 1);
	bytes_put(out, event->evidence, 1);
	bytes_put(out, event->ride, 8);
	put_place(out, &event->place);
	bytes_put(out, event->battery_permille, 2);
	bytes_put_block(out, event->reason, WIRE_TEXT_MAX);
}

static void get_event(struct bytes_in *in, struct wire_event *event)
{
	event->boot = bytes_get_u32(in, UINT32_MAX);
	event->sequence = bytes_get_u32(in, UINT32_MAX);
	event->at = get_real_instant(in);
	event->kind = bytes_get_u8(in, WIRE_EVENT_KINDS - 1);
	event->task_kind = bytes_get_u8(in, WIRE_CLEAN);
	event->evidence = bytes_get_u8(in, WIRE_EVIDENCE_APP);
	event->ride = bytes_get_u64(in);
	event->place = get_place(in);
	event->battery_permille = bytes_get_u16(in, 1000);
	bytes_get_block(in, event->reason, WIRE_TEXT_MAX);
	if (event->reason[WIRE_TEXT_MAX - 1] || !event->kind || !event->sequence)
		in->failed = 1;
}

static void put_events(struct bytes_out *out, const struct agent *agent)
{
	bytes_put(out, agent->boot, 4);
	bytes_put(out, agent->event_sequence, 4);
	bytes_put(out, agent->state_sequence, 4);
	bytes_put(out, agent->n_events, 4);
	bytes_put(out, agent->n_acked, 4);
	for (uint32_t i = 0; i < agent->n_events; i++)
		put_event(out, &agent->events[i]);
}

static void get_events(struct bytes_in *in, struct agent *agent)
{
	agent->boot = bytes_get_u32(in, UINT32_MAX);
	agent->event_sequence = bytes_get_u32(in, UINT32_MAX);
	agent->state_sequence = bytes_get_u32(in, UINT32_MAX);
	agent->n_events = bytes_get_u32(in, AGENT_EVENTS_MAX);
	agent->n_acked = bytes_get_u32(in, AGENT_EVENTS_MAX);
	if (agent->n_acked > agent->n_events)
		in->failed = 1;
	for (uint32_t i = 0; i < agent->n_events && !in->failed; i++)
		get_event(in, &agent->events[i]);
	agent->link.event_next = agent->n_acked;
}

int agent_save(const struct agent *agent, void *bytes, size_t size, size_t *ret_n)
{
	struct bytes_out out = {.bytes = bytes, .size = size};

	bytes_put(&out, AGENT_STATE_VERSION, 4);
	put_link(&out, agent);
	put_plan(&out, agent);
	put_riders(&out, agent);
	put_doing(&out, agent);
	put_events(&out, agent);
	*ret_n = out.n;
	if (out.n > size)
		return ERR_FULL;
	((struct agent *)(uintptr_t)agent)->dirty = 0; /* a mark of what is on disk, no part of the state */
	return ERR_OK;
}

int agent_load(struct agent *agent, const void *bytes, size_t n, struct err_detail *detail)
{
	struct bytes_in in = {.bytes = bytes, .n = n};
	struct agent before = *agent;
	uint32_t version = bytes_get_u32(&in, UINT32_MAX);

	if (!in.failed && version != AGENT_STATE_VERSION)
		return err_set(detail, ERR_VERSION, "state of the agent: version %u, expected %d", version,
			       AGENT_STATE_VERSION);
	get_link(&in, agent);
	get_plan(&in, agent);
	get_riders(&in, agent);
	get_doing(&in, agent);
	get_events(&in, agent);
	if (in.failed || in.at != n) {
		*agent = before;
		return err_set(detail, ERR_FORMAT,
			       "state of the agent: damaged near byte %zu of %zu, or of another town", in.at, n);
	}
	return ERR_OK;
}
