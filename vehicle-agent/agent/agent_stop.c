#include <assert.h>
#include <string.h>

#include "agent_inner.h"

static instant_ms later(instant_ms a, instant_ms b)
{
	return a > b ? a : b;
}

static const struct wire_task *task_of(const struct agent *agent, uint32_t task)
{
	return &agent->plan.tasks[task];
}

static int standing(const struct agent *agent)
{
	return agent->body_known && agent->body.state != BODY_DRIVING;
}

static int stands_at(const struct agent *agent, struct spot spot)
{
	return standing(agent) && spot_equal(place_spot(&agent->body.place), spot);
}

static int immobile(const struct agent *agent)
{
	return agent->standstill || agent->emergency || agent->mrc == AGENT_MRC_WAITS || agent->fault;
}

/* An empty vehicle that has heard nothing for long stays at its next stop. */
static int forgotten(const struct agent *agent)
{
	return agent->n_aboard == 0 && agent->settings.mrc_after_silence_ms &&
	       agent->wall - agent->link.heard_wall > agent->settings.mrc_after_silence_ms;
}

static int may_begin_leg(const struct agent *agent)
{
	return !immobile(agent) && !agent->held && !forgotten(agent) && agent_events_room(agent) > AGENT_EVENTS_SPARE;
}

/* ---- riders ---- */
static void rider_add(struct agent *agent, uint64_t ride, uint8_t party)
{
	uint32_t i = agent->n_aboard;

	assert(agent->n_aboard < WIRE_ABOARD_MAX); /* agent_plan_refusal: capacity */
	for (; i > 0 && agent->aboard[i - 1].ride > ride; i--)
		agent->aboard[i] = agent->aboard[i - 1];
	agent->aboard[i] = (struct agent_rider){.ride = ride, .party = party};
	agent->n_aboard++;
}

static void rider_remove(struct agent *agent, uint64_t ride)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < agent->n_aboard; i++)
		if (agent->aboard[i].ride != ride)
			agent->aboard[kept++] = agent->aboard[i];
	agent->n_aboard = kept;
	agent->finished[agent->n_finished++ % AGENT_FINISHED] = ride;
}

/* The cabin holds more persons than would be left without this ride. A vehicle that cannot count takes a person's word
 * for it. */
int agent_sees_aboard(const struct agent *agent, uint64_t ride)
{
	uint32_t others = 0;

	for (uint32_t i = 0; i < agent->n_aboard; i++)
		if (agent->aboard[i].ride != ride)
			others += agent->aboard[i].party;
	return agent->body_known && agent->body.persons_known && agent->body.persons > others;
}

int agent_in_the_door(const struct agent *agent, uint64_t ride)
{
	uint32_t task = agent->stop.service.task;

	return task != AGENT_NO_TASK && task_of(agent, task)->ride == ride;
}

void agent_rider_leaves(struct agent *agent, uint64_t ride)
{
	rider_remove(agent, ride);
	for (uint32_t i = 0; i < agent->plan.n_tasks; i++)
		if (task_of(agent, i)->ride == ride && task_of(agent, i)->kind == WIRE_DROPOFF)
			agent->done |= UINT64_C(1) << i;
}

void agent_board(struct agent *agent, uint32_t task, uint8_t evidence)
{
	uint32_t first = agent_next_task(agent);

	if (!agent->stop.open || first == AGENT_NO_TASK || agent->evidence[task] ||
	    !agent_in_stop(agent, first, task) || task >= agent_stop_end(agent, first) ||
	    !spot_equal(place_spot(&task_of(agent, task)->place), agent->stop.spot))
		return;
	uint32_t doors_ms = agent_doors_open(agent) ? 0 : agent->settings.doors_ms;
	agent->evidence[task] = evidence;
	agent->stop.ready_at = later(agent->stop.ready_at, agent->clock.floor + doors_ms);
	agent->dirty = 1;
}

/* ---- at a stop ---- */
/* Tasks of the stop the vehicle stands at: those from the next task on that lie here. *ret_end == *ret_first: none is
 * left. */
static void stop_tasks(const struct agent *agent, uint32_t *ret_first, uint32_t *ret_end)
{
	uint32_t first = agent_next_task(agent);

	*ret_first = *ret_end = 0;
	if (first == AGENT_NO_TASK || !agent_in_stop(agent, first, first) ||
	    !spot_equal(place_spot(&task_of(agent, first)->place), agent->stop.spot))
		return;
	*ret_first = first;
	*ret_end = agent_stop_end(agent, first);
}

/* When the doors open for this task; INT64_MAX = not for it. */
static instant_ms doors_from(const struct agent *agent, uint32_t task)
{
	const struct wire_task *t = task_of(agent, task);

	if (t->kind == WIRE_DROPOFF)
		return agent_aboard(agent, t->ride) ? INSTANT_NONE : INT64_MAX;
	return agent->evidence[task] ? INSTANT_NONE : t->not_before;
}

/* The next moment from which they are open; in the past: they are. */
static instant_ms doors_next(const struct agent *agent)
{
	instant_ms next = INT64_MAX;
	uint32_t first, end;

	stop_tasks(agent, &first, &end);
	for (uint32_t i = first; i < end; i++)
		if (agent_in_stop(agent, first, i) && doors_from(agent, i) < next)
			next = doors_from(agent, i);
	return next;
}

int agent_doors_open(const struct agent *agent)
{
	return agent->stop.open &&
	       (agent->stop.service.task != AGENT_NO_TASK || doors_next(agent) <= agent->clock.floor);
}

static void stop_open(struct agent *agent, uint32_t first, instant_ms now)
{
	const struct wire_task *task = task_of(agent, first);
	struct agent_stop stop = {.open = 1,
				  .spot = place_spot(&task->place),
				  .first_kind = task->kind,
				  .first_ride = task->ride,
				  .ready_at = now + agent->settings.doors_ms,
				  .leave_from = INSTANT_NONE,
				  .service = {.task = AGENT_NO_TASK}};
	struct wire_event *event = agent_event_new(agent, WIRE_ARRIVED, task->ride, now);

	event->task_kind = task->kind;
	agent->stop = stop;
	agent->leg_active = 0;
	memset(agent->evidence, 0, sizeof agent->evidence);
}

/* Whom the open door serves next: those who leave first, then riders who have shown themselves. */
static uint32_t stop_choose(const struct agent *agent)
{
	uint32_t first, end, pickup = AGENT_NO_TASK;

	stop_tasks(agent, &first, &end);
	for (uint32_t i = first; i < end; i++) {
		if (!agent_in_stop(agent, first, i))
			continue;
		if (task_of(agent, i)->kind == WIRE_DROPOFF && agent_aboard(agent, task_of(agent, i)->ride))
			return i;
		if (task_of(agent, i)->kind == WIRE_PICKUP && agent->evidence[i] && pickup == AGENT_NO_TASK)
			pickup = i;
	}
	/* nobody steps into a vehicle that was told to stand still */
	return immobile(agent) || agent_events_room(agent) <= AGENT_EVENTS_SPARE ? AGENT_NO_TASK : pickup;
}

static int service_begin(struct agent *agent)
{
	uint32_t task = stop_choose(agent);

	if (task == AGENT_NO_TASK)
		return 0;
	agent->stop.service.task = task;
	agent->stop.service.evidence = agent->evidence[task];
	agent->stop.service.until = agent->stop.ready_at + task_of(agent, task)->dwell_ms;
	return 1;
}

static void service_end(struct agent *agent)
{
	struct agent_service service = agent->stop.service;
	const struct wire_task *task = task_of(agent, service.task);
	struct wire_event *event;

	agent->stop.service.task = AGENT_NO_TASK;
	agent->stop.ready_at = service.until;
	agent->done |= UINT64_C(1) << service.task;
	if (task->kind == WIRE_DROPOFF) {
		rider_remove(agent, task->ride);
		agent_event(agent, WIRE_ALIGHTED, task->ride, service.until);
		return;
	}
	rider_add(agent, task->ride, task->party);
	event = agent_event_new(agent, WIRE_BOARDED, task->ride, service.until);
	event->evidence = service.evidence;
	agent->stop.leave_from = later(agent->stop.leave_from, task->not_before);
}

/* All that was to be done here is done or was dropped by a newer plan. */
static int stop_finished(const struct agent *agent)
{
	uint32_t first, end;

	stop_tasks(agent, &first, &end);
	return first == end;
}

static int stop_may_leave(const struct agent *agent, instant_ms now)
{
	return stop_finished(agent) && now >= agent->stop.leave_from && !immobile(agent) && !agent->held;
}

static void stop_leave(struct agent *agent, instant_ms now)
{
	instant_ms at = later(agent->stop.ready_at, agent->stop.leave_from);
	struct wire_event *event = agent_event_new(agent, WIRE_DEPARTED, agent->stop.first_ride, at < now ? at : now);

	event->task_kind = agent->stop.first_kind;
	agent->stop.open = 0;
}

static int step_stop(struct agent *agent, instant_ms now)
{
	if (agent->stop.service.task != AGENT_NO_TASK) {
		if (now < agent->stop.service.until)
			return 0;
		return service_end(agent), 1;
	}
	if (service_begin(agent))
		return 1;
	if (stop_may_leave(agent, now))
		return stop_leave(agent, now), 1;
	return 0;
}

/* ---- charging and cleaning ---- */
static int errand_wanted(const struct agent *agent)
{
	uint32_t next = agent_next_task(agent);

	return next != AGENT_NO_TASK && task_of(agent, next)->kind == agent->errand &&
	       spot_equal(place_spot(&task_of(agent, next)->place), agent->errand_spot);
}

static void errand_begin(struct agent *agent, uint32_t task, instant_ms now)
{
	const struct wire_task *t = task_of(agent, task);
	const int cleans = t->kind == WIRE_CLEAN;

	agent->errand = t->kind;
	agent->leg_active = 0;
	agent->errand_spot = place_spot(&t->place);
	agent->errand_until = t->dwell_ms || cleans ? now + t->dwell_ms : INT64_MAX;
	agent_event(agent, cleans ? WIRE_CLEAN_BEGAN : WIRE_CHARGE_BEGAN, 0, now);
}

static int step_errand(struct agent *agent, instant_ms now)
{
	const int wanted = errand_wanted(agent), cleans = agent->errand == WIRE_CLEAN;

	if (wanted && (cleans || agent->body.battery_permille < 1000) && now < agent->errand_until)
		return 0;
	agent->errand = 0;
	if (wanted)
		agent->done |= UINT64_C(1) << agent_next_task(agent);
	agent_event(agent, cleans ? WIRE_CLEAN_ENDED : WIRE_CHARGE_ENDED, 0,
		    cleans && now > agent->errand_until ? agent->errand_until : now);
	return 1;
}

/* ---- on the way ---- */
static void arrive(struct agent *agent, uint32_t task, instant_ms now)
{
	switch (task_of(agent, task)->kind) {
	case WIRE_PARK:
		agent->leg_active = 0;
		agent->done |= UINT64_C(1) << task;
		agent_event(agent, WIRE_PARKED, 0, now);
		break;
	case WIRE_CHARGE:
	case WIRE_CLEAN:
		errand_begin(agent, task, now);
		break;
	default:
		stop_open(agent, task, now);
	}
}

static int step_way(struct agent *agent, instant_ms now)
{
	uint32_t next = agent_next_task(agent);
	struct spot spot;

	if (next == AGENT_NO_TASK) {
		if (agent->leg_active && (stands_at(agent, agent->leg_target) ||
					  agent_arc_closed(agent, &agent->plan, agent->leg_target.arc)))
			agent->leg_active = 0; /* nothing left to do: it goes on to the next stop, if it can, and stays
						  there */
		return 0;
	}
	spot = place_spot(&task_of(agent, next)->place);
	if (immobile(agent))
		return 0;
	if (stands_at(agent, spot) && agent_events_room(agent) > AGENT_EVENTS_SPARE)
		return arrive(agent, next, now), 1;
	if ((!agent->leg_active || !spot_equal(spot, agent->leg_target)) &&
	    (agent->leg_active || may_begin_leg(agent))) {
		agent->leg_active = 1;
		agent->leg_target = spot;
		agent->leg++;
		agent->dirty = 1;
	}
	return 0;
}

/* ---- faults ---- */
static void mrc_begin(struct agent *agent, instant_ms now, int again)
{
	if (!again) {
		struct wire_event *event = agent_event_new(agent, WIRE_MRC_BEGAN, 0, now);
		memcpy(event->reason, agent->body.reason, sizeof event->reason);
	}
	struct wire_event *request = agent_event_new(agent, WIRE_APPROVAL_REQUEST, 0, now);
	memcpy(request->reason, agent->body.reason, sizeof request->reason);
	agent->mrc = AGENT_MRC_WAITS;
	agent->approval = request->sequence;
	agent->approval_at = now;
}

/* When a request that the dispatcher has, but nobody's answer came to, is made anew; INT64_MAX = not now. */
static instant_ms asks_again_at(const struct agent *agent)
{
	if (agent->mrc != AGENT_MRC_WAITS || agent->n_acked < agent->n_events)
		return INT64_MAX;
	return agent->approval_at + AGENT_ASKS_AGAIN_MS;
}

static void step_mrc(struct agent *agent, instant_ms now)
{
	int in_mrc = agent->body.state == BODY_MRC, room = agent_events_room(agent) > AGENT_EVENTS_SPARE / 2;

	if (in_mrc && agent->mrc == AGENT_MRC_NONE && room) {
		mrc_begin(agent, now, 0);
	} else if (in_mrc && agent->mrc == AGENT_MRC_GRANTED && agent->body.leg == agent->leg && room) {
		mrc_begin(agent, now, 1); /* tried as approved, and stands again */
	} else if (in_mrc && now >= asks_again_at(agent)) {
		mrc_begin(agent, now, 1);
	} else if (!in_mrc && agent->mrc != AGENT_MRC_NONE) {
		agent->mrc = AGENT_MRC_NONE;
		agent->approval = 0;
		agent->stop.ready_at = later(agent->stop.ready_at, now);
		agent_event(agent, WIRE_MRC_ENDED, 0, now);
	}
}

static void step_fault(struct agent *agent, instant_ms now)
{
	uint8_t fault = agent->body.state == BODY_FAULT;

	if (fault == agent->fault || agent_events_room(agent) <= AGENT_EVENTS_SPARE / 2)
		return;
	agent->fault = fault;
	agent->stop.ready_at = later(agent->stop.ready_at, now);
	struct wire_event *event = agent_event_new(agent, fault ? WIRE_FAULT_BEGAN : WIRE_FAULT_ENDED, 0, now);
	memcpy(event->reason, agent->body.reason, sizeof event->reason);
}

static void step_standstill(struct agent *agent, instant_ms now)
{
	if (!agent->standstill_order || agent->body.speed_mm_s || agent->body.state == BODY_DRIVING)
		return;
	agent_event(agent, WIRE_ORDER_DONE, agent->standstill_order, now);
	agent->standstill_order = 0;
}

void agent_step(struct agent *agent, instant_ms now)
{
	int more = 1;

	if (!agent->body_known || !agent->clock.known)
		return;
	step_fault(agent, now);
	step_mrc(agent, now);
	step_standstill(agent, now);
	while (more) {
		if (agent->stop.open)
			more = step_stop(agent, now);
		else if (agent->errand)
			more = step_errand(agent, now);
		else
			more = step_way(agent, now);
	}
}

instant_ms agent_step_due(const struct agent *agent)
{
	instant_ms due = INT64_MAX, valid_until = agent->link.valid_until;

	if (!agent->clock.known || !agent->body_known)
		return due;
	if (agent_drive(agent).wish == DRIVE_GO && agent->body.leg != agent->leg && !agent->fault &&
	    agent->body.state != BODY_FAULT)
		return agent->clock.floor; /* the body has not yet said how it takes the new leg */
	if (agent->stop.open && agent->stop.service.task != AGENT_NO_TASK)
		due = agent->stop.service.until;
	else if (agent->stop.open && stop_finished(agent) && !immobile(agent) && !agent->held)
		due = agent->stop.leave_from;
	else if (agent->stop.open && doors_next(agent) > agent->clock.floor)
		due = doors_next(agent);
	else if (agent->errand)
		due = agent->errand_until;
	if (agent->body.state == BODY_MRC && asks_again_at(agent) < due)
		due = asks_again_at(agent);
	if (valid_until >= agent->clock.floor && valid_until < due && agent_n_done(agent) < agent->plan.n_tasks)
		due = valid_until + 1;
	return due;
}

struct drive_command agent_drive(const struct agent *agent)
{
	struct drive_command command = {.wish = DRIVE_STAY,
					.leg = agent->leg,
					.target = agent->leg_target,
					.conditions = agent->plan.conditions,
					.streets = agent->plan.streets,
					.n_streets = agent->plan.n_streets};

	if (agent->standstill || agent->emergency)
		command.wish = DRIVE_STOP_NOW;
	else if (agent->mrc == AGENT_MRC_GRANTED)
		command.wish = DRIVE_GO;
	else if (agent->leg_active && !immobile(agent) && !agent->stop.open && !agent->errand)
		command.wish = DRIVE_GO;
	return command;
}
