#include <string.h>

#include "agent_inner.h"

#define HEARTBEAT_DEFAULT_MS 1000
#define BUTTONS_ROOM (AGENT_EVENTS_MAX / 2) /* with less room the same button is not told twice */
#define ORDERS_ROOM 16

/* ---- life ---- */
size_t agent_size(void)
{
	return sizeof(struct agent) + 16;
}

int agent_open(struct agent **ret_agent, const struct agent_settings *settings, const struct town *town,
	       struct arena *arena)
{
	uint32_t class_index = town_class(town, settings->class_name);
	struct agent *agent;

	if (class_index == NONE)
		return ERR_NOT_FOUND;
	agent = arena_take(arena, 1, sizeof *agent);
	if (!agent)
		return ERR_MEMORY;
	agent->settings = *settings;
	if (!agent->settings.heartbeat_ms)
		agent->settings.heartbeat_ms = HEARTBEAT_DEFAULT_MS;
	if (!agent->settings.state_every_ms)
		agent->settings.state_every_ms = HEARTBEAT_DEFAULT_MS;
	agent->town = town;
	agent->class_index = class_index;
	agent->stop.service.task = AGENT_NO_TASK;
	agent->link.heartbeat_ms = agent->settings.heartbeat_ms;
	agent->link.need_hello = 1;
	agent->link.valid_until = INSTANT_NONE;
	agent->boot = 1;
	*ret_agent = agent;
	return ERR_OK;
}

void agent_boot(struct agent *agent, uint32_t boot)
{
	agent->boot = boot;
	agent->event_sequence = agent->state_sequence = 0;
	agent->dirty = 1;
}

uint32_t agent_boot_number(const struct agent *agent)
{
	return agent->boot;
}

int agent_dirty(const struct agent *agent)
{
	return agent->dirty;
}

/* ---- clock: the dispatcher's service time, carried on by the wall clock; never back ---- */
static instant_ms clock_at(const struct agent_clock *clock, int64_t wall_ms)
{
	instant_ms at = clock->floor;

	if (clock->anchored && wall_ms > clock->base_wall) {
		instant_ms run = clock->base + (wall_ms - clock->base_wall) * clock->speed_permille / 1000;
		at = run > at ? run : at;
	}
	return at;
}

instant_ms agent_service_now(const struct agent *agent, int64_t wall_ms)
{
	return clock_at(&agent->clock, wall_ms);
}

uint32_t agent_clock_speed_permille(const struct agent *agent)
{
	return agent->clock.speed_permille;
}

/* What is told arrives late, never early: the clock follows at once forward, and slowly (an eighth) back while the
 * difference looks like a delay of the network; a greater one is a clock that was set back, and ours stands until it is
 * caught up. */
static void clock_told(struct agent *agent, const struct wire_clock *told, int64_t wall_ms)
{
	struct agent_clock *clock = &agent->clock;
	instant_ms ours, behind;

	clock->refused = told->simulated && !agent->settings.simulated;
	if (clock->refused)
		return;
	clock->floor = clock_at(clock, wall_ms);
	ours = clock->anchored ? clock->base + (wall_ms - clock->base_wall) * clock->speed_permille / 1000
			       : told->service_now;
	behind = ours - told->service_now;
	if (behind > 0 && behind <= 500 * (instant_ms)told->speed_permille / 1000 &&
	    clock->speed_permille == told->speed_permille)
		clock->base = ours - behind / 8;
	else
		clock->base = told->service_now;
	clock->base_wall = wall_ms;
	clock->anchored = clock->known = 1;
	clock->speed_permille = told->speed_permille;
	if (clock->base > clock->floor)
		clock->floor = clock->base;
}

static void clock_tick(struct agent *agent, int64_t wall_ms)
{
	struct agent_clock *clock = &agent->clock;

	agent->wall = wall_ms;
	if (clock->known && !clock->anchored) { /* after a restart, before anybody told the time */
		clock->base = clock->floor;
		clock->base_wall = wall_ms;
		clock->anchored = 1;
	}
	clock->floor = clock_at(clock, wall_ms);
}

/* ---- messages ---- */
/* A newer epoch: what was acknowledged before may be lost with the old dispatcher and is told again. */
static void agent_epoch(struct agent *agent, uint32_t epoch)
{
	if (epoch <= agent->link.epoch)
		return;
	if (agent->link.epoch) {
		agent->n_acked = 0;
		agent->link.event_next = 0;
		agent->link.resync = 1;
	}
	agent->link.epoch = epoch;
	agent->link.state_due = 1;
	agent->dirty = 1;
}

/* Validity counts from when the dispatcher spoke, not from when we heard it. */
static void extend(struct agent *agent, const struct wire_clock *clock)
{
	instant_ms until = clock->service_now + (instant_ms)agent->link.valid_ms * clock->speed_permille / 1000;

	if (until > agent->link.valid_until)
		agent->link.valid_until = until;
}

static void receive_welcome(struct agent *agent, const struct wire_welcome *welcome)
{
	struct agent_link *link = &agent->link;
	uint8_t newer = welcome->epoch > link->epoch;

	if (welcome->epoch < link->epoch)
		return;
	clock_told(agent, &welcome->clock, agent->wall);
	link->heartbeat_ms = welcome->heartbeat_ms ? welcome->heartbeat_ms : HEARTBEAT_DEFAULT_MS;
	link->valid_ms = welcome->valid_ms;
	agent_epoch(agent, welcome->epoch);
	extend(agent, &welcome->clock);
	/* one that was not asked for comes from a dispatcher that has just started and does not know us */
	if (!link->need_hello && newer)
		link->hello_sent = 0;
	link->need_hello = !link->need_hello && newer;
	link->event_next = agent->n_acked;
	link->state_due = 1;
}

static void receive_heartbeat(struct agent *agent, const struct wire_heartbeat *heartbeat)
{
	if (heartbeat->epoch < agent->link.epoch)
		return;
	if (heartbeat->epoch > agent->link.epoch) {
		agent->link.need_hello = 1;
		return;
	}
	clock_told(agent, &heartbeat->clock, agent->wall);
	extend(agent, &heartbeat->clock);
}

static void changed(struct agent *agent)
{
	agent->clock.floor = clock_at(&agent->clock, agent->wall);
	if (agent->stop.ready_at < agent->clock.floor && agent->stop.service.task == AGENT_NO_TASK)
		agent->stop.ready_at = agent->clock.floor;
	agent->dirty = 1;
}

static void receive_plan(struct agent *agent, const struct wire_plan *plan)
{
	struct agent_link *link = &agent->link;
	enum wire_refusal refusal = agent_plan_refusal(agent, plan);
	int same = plan->epoch == agent->plan.epoch && plan->version == agent->plan.version;

	if (!refusal && plan->valid_until > link->valid_until) {
		link->valid_until = plan->valid_until;
		agent->dirty = 1;
	}
	if (!refusal && !same) {
		if (plan->epoch > link->epoch) {
			agent_epoch(agent, plan->epoch);
			link->need_hello = 1;
		}
		agent_plan_take(agent, plan);
		changed(agent);
	}
	link->plan_ack =
		(struct wire_plan_ack){.epoch = plan->epoch, .version = plan->version, .refusal = (uint8_t)refusal};
	link->plan_ack_due = 1;
	if (refusal)
		link->state_due = 1; /* so that the dispatcher sees why */
}

static int order_known(const struct agent *agent, uint64_t id)
{
	uint32_t n = agent->n_orders < AGENT_ORDERS ? agent->n_orders : AGENT_ORDERS;

	for (uint32_t i = 0; i < n; i++)
		if (agent->orders[i] == id)
			return 1;
	return 0;
}

static int event_waits(const struct agent *agent, uint8_t kind, uint64_t ride)
{
	for (uint32_t i = agent->n_acked; i < agent->n_events; i++)
		if (agent->events[i].kind == kind && agent->events[i].ride == ride)
			return 1;
	return 0;
}

/* The dispatcher has not heard that it was carried out (it may have been restored): said again, done once. */
static void order_repeated(struct agent *agent, uint64_t id)
{
	if (agent->standstill_order == id || agent_events_room(agent) <= ORDERS_ROOM ||
	    event_waits(agent, WIRE_ORDER_DONE, id))
		return;
	agent_event(agent, WIRE_ORDER_DONE, id, agent->clock.floor);
}

static void mrc_grant(struct agent *agent)
{
	if (agent->mrc != AGENT_MRC_WAITS)
		return;
	agent->mrc = AGENT_MRC_GRANTED;
	agent->approval = 0;
	if (!agent->leg_active)
		agent->leg_target = place_spot(&agent->body.place);
	agent->leg++;
	changed(agent);
}

static void order_obey(struct agent *agent, const struct wire_order *order)
{
	switch (order->kind) {
	case WIRE_STANDSTILL:
		agent->standstill = 1;
		break;
	case WIRE_HOLD:
		agent->held = 1;
		break;
	case WIRE_RESUME:
		agent->standstill = agent->held = agent->emergency = 0;
		mrc_grant(agent);
		break;
	case WIRE_OUT_OF_SERVICE:
		agent->out_of_service = 1;
		break;
	default:
		agent->out_of_service = 0;
	}
}

static void receive_order(struct agent *agent, const struct wire_order *order)
{
	if (order_known(agent, order->id)) {
		order_repeated(agent, order->id);
		return;
	}
	changed(agent);
	order_obey(agent, order);
	if (agent_events_room(agent) <= ORDERS_ROOM)
		return; /* obeyed, but reported only when there is room: the dispatcher repeats it */
	agent->orders[agent->n_orders++ % AGENT_ORDERS] = order->id;
	if (order->kind == WIRE_STANDSTILL && !agent->standstill_order)
		agent->standstill_order = order->id; /* done when the vehicle stands */
	else
		agent_event(agent, WIRE_ORDER_DONE, order->id, agent->clock.floor);
}

/* A person says that this rider is out. Answered each time it is said, but nobody is taken out twice by the same order:
 * an old one that comes late would take out whom the dispatcher has put back. */
static void receive_rider_out(struct agent *agent, const struct wire_rider_out *out)
{
	int known = order_known(agent, out->order), aboard = agent_aboard(agent, out->ride);

	if (agent_in_the_door(agent, out->ride) || agent_events_room(agent) <= ORDERS_ROOM)
		return; /* it will be repeated */
	changed(agent);
	if (aboard && !known && !agent_sees_aboard(agent, out->ride)) {
		agent_rider_leaves(agent, out->ride);
		aboard = 0;
	}
	if (!known)
		agent->orders[agent->n_orders++ % AGENT_ORDERS] = out->order;
	if (!event_waits(agent, aboard ? WIRE_STILL_ABOARD : WIRE_TAKEN_OUT, out->ride))
		agent_event(agent, aboard ? WIRE_STILL_ABOARD : WIRE_TAKEN_OUT, out->ride, agent->clock.floor);
}

static void receive_evidence(struct agent *agent, const struct wire_evidence *evidence)
{
	uint32_t task = agent_plan_pickup(agent, evidence->ride);

	agent->clock.floor = clock_at(&agent->clock, agent->wall);
	if (task != AGENT_NO_TASK)
		agent_board(agent, task, evidence->kind);
}

static void receive_approval(struct agent *agent, const struct wire_approval_reply *reply)
{
	if (agent->approval && reply->request == agent->approval && reply->granted)
		mrc_grant(agent);
}

void agent_receive(struct agent *agent, const struct wire_message *message, int64_t wall_ms)
{
	agent->wall = wall_ms;
	agent->link.heard_wall = wall_ms;
	agent->link.heard = agent->link.up = 1;
	switch (message->kind) {
	case WIRE_KIND_WELCOME:
		receive_welcome(agent, &message->welcome);
		break;
	case WIRE_KIND_HEARTBEAT:
		receive_heartbeat(agent, &message->heartbeat);
		break;
	case WIRE_KIND_PLAN:
		receive_plan(agent, &message->plan);
		break;
	case WIRE_KIND_ORDER:
		receive_order(agent, &message->order);
		break;
	case WIRE_KIND_RIDER_OUT:
		receive_rider_out(agent, &message->rider_out);
		break;
	case WIRE_KIND_EVIDENCE:
		receive_evidence(agent, &message->evidence);
		break;
	case WIRE_KIND_APPROVAL_REPLY:
		receive_approval(agent, &message->approval_reply);
		break;
	case WIRE_KIND_ACK:
		agent_acked(agent, message->ack.boot, message->ack.sequence);
		break;
	default:
		break; /* not for vehicles */
	}
}

/* ---- the vehicle ---- */
void agent_body(struct agent *agent, const struct body_report *report)
{
	agent->body = *report;
	agent->body_known = 1;
}

static int button_waits(const struct agent *agent, uint8_t kind)
{
	for (uint32_t i = agent->n_acked; i < agent->n_events; i++)
		if (agent->events[i].kind == kind)
			return 1;
	return 0;
}

void agent_button(struct agent *agent, uint8_t event_kind)
{
	int known = event_kind == WIRE_PASSENGER_CALL || event_kind == WIRE_STOP_WISH || event_kind == WIRE_EMERGENCY;

	if (!known)
		return;
	changed(agent);
	if (event_kind == WIRE_EMERGENCY)
		agent->emergency = 1;
	if (agent_events_room(agent) > BUTTONS_ROOM || !button_waits(agent, event_kind))
		agent_event(agent, event_kind, 0, agent->clock.floor);
}

void agent_code(struct agent *agent, uint16_t code)
{
	agent->clock.floor = clock_at(&agent->clock, agent->wall);
	for (uint32_t i = 0; i < agent->plan.n_tasks; i++) {
		const struct wire_task *task = &agent->plan.tasks[i];
		if (task->kind == WIRE_PICKUP && task->boarding_code == code && !(agent->done >> i & 1) &&
		    !agent->evidence[i]) {
			agent_board(agent, i, WIRE_EVIDENCE_CODE);
			if (agent->evidence[i])
				return;
		}
	}
}

/* ---- time ---- */
void agent_tick(struct agent *agent, int64_t wall_ms)
{
	struct agent_link *link = &agent->link;

	clock_tick(agent, wall_ms);
	if (!link->heard && !link->heard_wall)
		link->heard_wall = wall_ms; /* silence counts from the start */
	if (wall_ms - link->heard_wall > 3 * (int64_t)link->heartbeat_ms) {
		link->up = 0;
		link->need_hello = 1;
	}
	agent_step(agent, agent->clock.floor);
}

static int64_t wall_of(const struct agent *agent, instant_ms at)
{
	const struct agent_clock *clock = &agent->clock;

	if (at <= clock->floor)
		return agent->wall;
	if (at == INT64_MAX || !clock->speed_permille || !clock->anchored)
		return INT64_MAX;
	return clock->base_wall + ((at - clock->base) * 1000 + clock->speed_permille - 1) / clock->speed_permille;
}

int64_t agent_due(const struct agent *agent, int64_t wall_ms)
{
	int64_t step = wall_of(agent, agent_step_due(agent)), message = agent_message_due(agent);
	int64_t due = step < message ? step : message;

	return due > wall_ms ? due : wall_ms;
}

/* ---- views ---- */
uint8_t agent_mode(const struct agent *agent)
{
	if (agent->fault)
		return WIRE_FAULT;
	if (agent->mrc)
		return WIRE_MRC;
	if (agent->standstill || agent->emergency)
		return WIRE_STOPPED;
	if (agent->errand)
		return agent->errand == WIRE_CLEAN ? WIRE_CLEANING : WIRE_CHARGING;
	if (agent->stop.open)
		return agent->held ? WIRE_HELD : WIRE_AT_STOP;
	if (agent->body_known && agent->body.state == BODY_DRIVING)
		return WIRE_DRIVING;
	return agent->held ? WIRE_HELD : WIRE_IDLE;
}

int32_t agent_late_ms(const struct agent *agent)
{
	uint32_t next = agent_next_task(agent);
	const struct wire_task *task = &agent->plan.tasks[next < agent->plan.n_tasks ? next : 0];
	instant_ms begins = agent->clock.floor;

	if (next == AGENT_NO_TASK || !agent->clock.known)
		return 0;
	if (agent->leg_active && agent->body.state == BODY_DRIVING)
		begins += agent->body.remaining_ms;
	if (begins < task->not_before)
		begins = task->not_before;
	if (begins - task->planned_at > INT32_MAX)
		return INT32_MAX;
	return begins - task->planned_at < INT32_MIN ? INT32_MIN : (int32_t)(begins - task->planned_at);
}

void agent_view(const struct agent *agent, struct agent_view *ret_view)
{
	struct agent_view view = {.mode = agent_mode(agent),
				  .plan_epoch = agent->plan.epoch,
				  .plan_version = agent->plan.version,
				  .n_tasks = agent->plan.n_tasks,
				  .n_done = agent_n_done(agent),
				  .n_aboard = agent->n_aboard,
				  .link_up = agent->link.up,
				  .doors_open = (uint8_t)agent_doors_open(agent),
				  .standstill = agent->standstill,
				  .held = agent->held};

	for (uint32_t i = 0; i < agent->n_aboard; i++) {
		view.aboard[i] = agent->aboard[i].ride;
		view.persons[i] = agent->aboard[i].party;
	}
	*ret_view = view;
}
