#include <assert.h>
#include <string.h>

#include "agent_inner.h"

#define HELLO_SOFTWARE "zubringer " ZUB_VERSION

/* ---- events ---- */
uint32_t agent_events_room(const struct agent *agent)
{
	return AGENT_EVENTS_MAX - (agent->n_events - agent->n_acked);
}

static void events_drop(struct agent *agent, uint32_t n)
{
	agent->n_events -= n;
	agent->n_acked -= n;
	agent->link.event_next -= agent->link.event_next < n ? agent->link.event_next : n;
	memmove(agent->events, agent->events + n, agent->n_events * sizeof *agent->events);
}

struct wire_event *agent_event_new(struct agent *agent, uint8_t kind, uint64_t ride, instant_ms at)
{
	struct wire_event *event;

	if (agent->n_acked > AGENT_HISTORY)
		events_drop(agent, agent->n_acked - AGENT_HISTORY);
	if (agent->n_events == AGENT_EVENTS_MAX && agent->n_acked)
		events_drop(agent, 1);
	assert(agent->n_events < AGENT_EVENTS_MAX); /* AGENT_EVENTS_SPARE, agent_button */
	event = &agent->events[agent->n_events++];
	memset(event, 0, sizeof *event);
	event->boot = agent->boot;
	event->sequence = ++agent->event_sequence;
	event->at = at;
	event->kind = kind;
	event->ride = ride;
	event->place = agent->body.place;
	event->battery_permille = agent->body.battery_permille;
	agent->dirty = 1;
	return event;
}

void agent_event(struct agent *agent, uint8_t kind, uint64_t ride, instant_ms at)
{
	agent_event_new(agent, kind, ride, at);
}

static int event_upto(const struct wire_event *event, uint32_t boot, uint32_t sequence)
{
	return event->boot < boot || (event->boot == boot && event->sequence <= sequence);
}

/* Does the dispatcher that knows events up to (boot, sequence) accept our oldest one as the next? */
static int event_joins(const struct wire_event *oldest, uint32_t boot, uint32_t sequence)
{
	return oldest->boot == boot ? oldest->sequence <= sequence + 1 : oldest->sequence == 1 || oldest->boot < boot;
}

/* A dispatcher restored from long ago misses more than we have kept: what we have is told under a new boot, from 1 on.
 */
static void events_renumber(struct agent *agent)
{
	uint32_t approval = agent->approval;

	agent->boot++;
	agent->event_sequence = agent->state_sequence = 0;
	for (uint32_t i = 0; i < agent->n_events; i++) {
		struct wire_event *event = &agent->events[i];
		event->boot = agent->boot;
		if (event->kind == WIRE_APPROVAL_REQUEST && approval && event->sequence == approval)
			agent->approval = agent->event_sequence + 1;
		event->sequence = ++agent->event_sequence;
	}
	agent->n_acked = agent->link.event_next = 0;
	agent->dirty = 1;
}

void agent_acked(struct agent *agent, uint32_t boot, uint32_t sequence)
{
	uint32_t before = agent->n_acked;

	if (boot > agent->boot || (boot == agent->boot && sequence > agent->event_sequence))
		return; /* of events never told: not ours */
	while (agent->n_acked < agent->n_events && event_upto(&agent->events[agent->n_acked], boot, sequence))
		agent->n_acked++;
	if (agent->link.resync && agent->n_events && !agent->n_acked && !event_joins(&agent->events[0], boot, sequence))
		events_renumber(agent);
	if (agent->n_acked == before)
		return;
	agent->link.n_repeats = 0;
	agent->link.resync = 0;
	if (agent->link.event_next < agent->n_acked)
		agent->link.event_next = agent->n_acked;
	agent->link.event_wall = agent->wall;
}

/* ---- what goes out ---- */
static void say_hello(struct agent *agent, struct wire_message *message)
{
	message->kind = WIRE_KIND_HELLO;
	message->hello.boot = agent->boot;
	message->hello.simulated = agent->settings.simulated;
	message->hello.cleans = 1;
	memcpy(message->hello.class_name, agent->settings.class_name, sizeof message->hello.class_name);
	memcpy(message->hello.software, HELLO_SOFTWARE, sizeof HELLO_SOFTWARE);
	memcpy(message->hello.town_hash, agent->town->hash, WIRE_HASH_BYTES);
	agent->link.hello_wall = agent->wall;
	agent->link.hello_sent = 1;
}

/* What a change of must be told at once. */
static uint64_t state_digest(const struct agent *agent)
{
	return (uint64_t)agent->plan.epoch << 40 ^ (uint64_t)agent->plan.version << 20 ^
	       (uint64_t)agent_mode(agent) << 16 ^ (uint64_t)agent_doors_open(agent) << 15 ^
	       (uint64_t)agent_n_done(agent) << 8 ^ agent->n_aboard;
}

static void say_state(struct agent *agent, struct wire_message *message)
{
	struct wire_state *state = &message->state;

	message->kind = WIRE_KIND_STATE;
	state->boot = agent->boot;
	state->sequence = ++agent->state_sequence;
	state->at = agent->clock.floor;
	state->place = agent->body.place;
	state->mode = agent_mode(agent);
	state->doors_open = (uint8_t)agent_doors_open(agent);
	state->battery_permille = agent->body.battery_permille;
	state->speed_mm_s = agent->body.speed_mm_s;
	state->late_ms = agent_late_ms(agent);
	state->plan_epoch = agent->plan.epoch;
	state->plan_version = agent->plan.version;
	state->n_done = agent_n_done(agent);
	state->n_aboard = agent->n_aboard;
	for (uint32_t i = 0; i < agent->n_aboard; i++)
		state->aboard[i] = agent->aboard[i].ride;
	agent->link.state_wall = agent->wall;
	agent->link.state_due = 0;
	agent->link.state_digest = state_digest(agent);
}

/* Events of a later start wait until those of the earlier one are acknowledged: the dispatcher could not tell otherwise
 * whether one between them is missing. */
static int event_sendable(const struct agent *agent)
{
	const struct agent_link *link = &agent->link;

	return link->event_next < agent->n_events && link->event_next < agent->n_acked + WIRE_EVENTS_MAX &&
	       agent->events[link->event_next].boot == agent->events[agent->n_acked].boot;
}

/* Soon at first, since the dispatcher plans from what it has heard; then less and less often, at least every second
 * heartbeat. */
static int64_t event_repeat_due(const struct agent *agent)
{
	int64_t most = 2 * (int64_t)agent->link.heartbeat_ms, wait = (int64_t)AGENT_REPEAT_MS << agent->link.n_repeats;

	if (agent->link.event_next == agent->n_acked)
		return INT64_MAX;
	return agent->link.event_wall + (wait < most ? wait : most);
}

static int hello_due(const struct agent *agent)
{
	return agent->link.need_hello &&
	       (!agent->link.hello_sent || agent->wall - agent->link.hello_wall >= agent->link.heartbeat_ms);
}

static int state_due(const struct agent *agent)
{
	return agent->body_known && (agent->link.state_due || agent->link.state_digest != state_digest(agent) ||
				     agent->wall - agent->link.state_wall >= agent->settings.state_every_ms);
}

static int pick_message(struct agent *agent, struct wire_message *message)
{
	struct agent_link *link = &agent->link;

	if (hello_due(agent))
		return say_hello(agent, message), 1;
	if (link->need_hello)
		return 0; /* nobody has answered: the rest waits */
	if (link->plan_ack_due) {
		message->kind = WIRE_KIND_PLAN_ACK;
		message->plan_ack = link->plan_ack;
		link->plan_ack_due = 0;
		return 1;
	}
	if (agent->wall >= event_repeat_due(agent)) {
		link->event_next = agent->n_acked;
		link->n_repeats += link->n_repeats < AGENT_REPEATS_SLOWER;
	}
	if (event_sendable(agent)) {
		message->kind = WIRE_KIND_EVENT;
		message->event = agent->events[link->event_next++];
		link->event_wall = agent->wall;
		return 1;
	}
	if (state_due(agent))
		return say_state(agent, message), 1;
	if (agent->wall - link->sent_wall >= link->heartbeat_ms) {
		message->kind = WIRE_KIND_HEARTBEAT;
		message->heartbeat.epoch = link->epoch;
		return 1;
	}
	return 0;
}

int agent_next_message(struct agent *agent, struct wire_message *ret_message)
{
	memset(ret_message, 0, sizeof *ret_message);
	if (!pick_message(agent, ret_message))
		return 0;
	if (ret_message->kind == WIRE_KIND_STATE || ret_message->kind == WIRE_KIND_EVENT)
		ret_message->town = wire_town(agent->town->hash);
	agent->link.sent_wall = agent->wall;
	return 1;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t agent_message_due(const struct agent *agent)
{
	const struct agent_link *link = &agent->link;
	int64_t due;

	if (link->need_hello)
		return link->hello_sent ? link->hello_wall + link->heartbeat_ms : agent->wall;
	if (link->plan_ack_due || event_sendable(agent) ||
	    (agent->body_known && (link->state_due || link->state_digest != state_digest(agent))))
		return agent->wall;
	due = least(link->sent_wall + link->heartbeat_ms, event_repeat_due(agent));
	due = least(due, link->state_wall + agent->settings.state_every_ms);
	return least(due, link->heard_wall + 3 * (int64_t)link->heartbeat_ms + 1);
}
