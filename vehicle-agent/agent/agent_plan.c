#include <assert.h>
#include <string.h>

#include "agent_inner.h"

int agent_aboard(const struct agent *agent, uint64_t ride)
{
	for (uint32_t i = 0; i < agent->n_aboard; i++)
		if (agent->aboard[i].ride == ride)
			return 1;
	return 0;
}

static int agent_finished(const struct agent *agent, uint64_t ride)
{
	uint32_t n = agent->n_finished < AGENT_FINISHED ? agent->n_finished : AGENT_FINISHED;

	for (uint32_t i = 0; i < n; i++)
		if (agent->finished[i] == ride)
			return 1;
	return 0;
}

/* ---- may it be taken? ---- */
static enum wire_refusal task_place(const struct agent *agent, const struct wire_task *task)
{
	const struct network *road = &agent->town->road;
	uint32_t arc = task->place.arc;
	int carries = task->kind == WIRE_PICKUP || task->kind == WIRE_DROPOFF;

	if (arc >= road->n_arcs || task->place.offset_mm > road->dist_mm[arc])
		return WIRE_REFUSED_ODD;
	if (road->time_ms[(size_t)agent->class_index * road->n_arcs + arc] == TIME_INFINITE)
		return WIRE_REFUSED_ODD;
	if (carries && (road->flags[arc] & ARC_NO_STOPPING))
		return WIRE_REFUSED_ODD;
	if (!(road->main_mask[arc] >> agent->class_index & 1))
		return WIRE_REFUSED_UNREACHABLE;
	return WIRE_REFUSED_NONE;
}

/* Index of the task of this kind and ride before `end`, or AGENT_NO_TASK. */
static uint32_t find_task(const struct wire_plan *plan, uint8_t kind, uint64_t ride, uint32_t end)
{
	for (uint32_t i = 0; i < end; i++)
		if (plan->tasks[i].kind == kind && plan->tasks[i].ride == ride)
			return i;
	return AGENT_NO_TASK;
}

/* Does the plan treat this ride as it stands? A pickup is followed by its drop-off, nobody is picked up twice, and only
 * riders who are aboard or picked up before are dropped off. */
static int task_consistent(const struct agent *agent, const struct wire_plan *plan, uint32_t i)
{
	const struct wire_task *task = &plan->tasks[i];

	if (task->kind != WIRE_PICKUP && task->kind != WIRE_DROPOFF)
		return 1;
	if (find_task(plan, task->kind, task->ride, i) != AGENT_NO_TASK)
		return 0;
	if (task->kind == WIRE_PICKUP)
		return find_task(plan, WIRE_DROPOFF, task->ride, plan->n_tasks) != AGENT_NO_TASK &&
		       find_task(plan, WIRE_DROPOFF, task->ride, i) == AGENT_NO_TASK;
	return find_task(plan, WIRE_PICKUP, task->ride, i) != AGENT_NO_TASK || agent_aboard(agent, task->ride) ||
	       agent_finished(agent, task->ride);
}

/* A rider in the door is neither left nor taken elsewhere. */
static int service_kept(const struct agent *agent, const struct wire_plan *plan)
{
	const struct wire_task *served;
	uint32_t i;

	if (agent->stop.service.task == AGENT_NO_TASK)
		return 1;
	served = &agent->plan.tasks[agent->stop.service.task];
	i = find_task(plan, served->kind, served->ride, plan->n_tasks);
	return i != AGENT_NO_TASK && spot_equal(place_spot(&plan->tasks[i].place), agent->stop.spot);
}

static int plan_contradicts(const struct agent *agent, const struct wire_plan *plan)
{
	for (uint32_t i = 0; i < agent->n_aboard; i++)
		if (find_task(plan, WIRE_DROPOFF, agent->aboard[i].ride, plan->n_tasks) == AGENT_NO_TASK)
			return 1;
	for (uint32_t i = 0; i < plan->n_tasks; i++)
		if (!task_consistent(agent, plan, i) || (agent->n_aboard && plan->tasks[i].kind == WIRE_CLEAN))
			return 1;
	return !service_kept(agent, plan);
}

static int pickup_new(const struct agent *agent, const struct wire_task *task)
{
	return task->kind == WIRE_PICKUP && !agent_aboard(agent, task->ride) && !agent_finished(agent, task->ride);
}

/* The vehicle only knows persons; which need takes which space is the dispatcher's business. */
static int plan_fits(const struct agent *agent, const struct wire_plan *plan)
{
	uint32_t persons = 0, rides = agent->n_aboard, room = 0;

	for (uint32_t i = 0; i < WIRE_SPACES_MAX; i++)
		room += agent->settings.spaces[i];
	for (uint32_t i = 0; i < agent->n_aboard; i++)
		persons += agent->aboard[i].party;
	for (uint32_t i = 0; i < plan->n_tasks; i++) {
		const struct wire_task *task = &plan->tasks[i];
		if (pickup_new(agent, task)) {
			persons += task->party;
			if (++rides > WIRE_ABOARD_MAX || persons > room)
				return 0;
		} else if (task->kind == WIRE_DROPOFF &&
			   (agent_aboard(agent, task->ride) || !agent_finished(agent, task->ride))) {
			persons -= persons < task->party ? persons : task->party;
			rides -= rides ? 1 : 0;
		}
	}
	return 1;
}

static int plan_takes_riders(const struct agent *agent, const struct wire_plan *plan)
{
	for (uint32_t i = 0; i < plan->n_tasks; i++)
		if (pickup_new(agent, &plan->tasks[i]))
			return 1;
	return 0;
}

int agent_arc_closed(const struct agent *agent, const struct wire_plan *plan, uint32_t arc)
{
	uint32_t low = 0, high = plan->n_streets;

	if (town_profile_ms(agent->town, plan->conditions, agent->class_index, arc, 1) == TIME_INFINITE)
		return 1;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (plan->streets[middle].arc < arc)
			low = middle + 1;
		else
			high = middle;
	}
	return low < plan->n_streets && plan->streets[low].arc == arc && !plan->streets[low].slow_permille;
}

/* A stop on a closed street; where it stands already it may serve. */
static int task_cut_off(const struct agent *agent, const struct wire_plan *plan, const struct wire_task *task)
{
	if (agent->stop.open && spot_equal(place_spot(&task->place), agent->stop.spot))
		return 0;
	return agent_arc_closed(agent, plan, task->place.arc);
}

enum wire_refusal agent_plan_refusal(const struct agent *agent, const struct wire_plan *plan)
{
	enum wire_refusal refusal = WIRE_REFUSED_NONE;

	if (plan->epoch < agent->link.epoch || plan->epoch < agent->plan.epoch ||
	    (plan->epoch == agent->plan.epoch && plan->version < agent->plan.version))
		return WIRE_REFUSED_OLD;
	if (plan->epoch == agent->plan.epoch && plan->version == agent->plan.version)
		return WIRE_REFUSED_NONE;
	if (agent->clock.refused || !agent->clock.known)
		return WIRE_REFUSED_CLOCK;
	if (memcmp(plan->town_hash, agent->town->hash, WIRE_HASH_BYTES) != 0)
		return WIRE_REFUSED_TOWN;
	if (plan->conditions & ~town_conditions(agent->town))
		return WIRE_REFUSED_UNREACHABLE;
	for (uint32_t i = 0; i < plan->n_tasks && !refusal; i++)
		refusal = task_place(agent, &plan->tasks[i]);
	for (uint32_t i = 0; i < plan->n_tasks && !refusal; i++)
		if (task_cut_off(agent, plan, &plan->tasks[i]))
			refusal = WIRE_REFUSED_UNREACHABLE;
	for (uint32_t i = 0; i < plan->n_streets && !refusal; i++)
		if (plan->streets[i].arc >= agent->town->road.n_arcs)
			refusal = WIRE_REFUSED_UNREACHABLE;
	if (refusal)
		return refusal;
	if (plan_contradicts(agent, plan))
		return WIRE_REFUSED_CONTRADICTS;
	if (!plan_fits(agent, plan))
		return WIRE_REFUSED_CAPACITY;
	if (agent->out_of_service && plan_takes_riders(agent, plan))
		return WIRE_REFUSED_STATE;
	return WIRE_REFUSED_NONE;
}

/* ---- taking it ---- */
/* Done are pickups of those aboard, and both tasks of those who have left again: the plan was made before that was
 * known. */
static int task_done(const struct agent *agent, const struct wire_task *task)
{
	if (task->kind == WIRE_PICKUP)
		return agent_aboard(agent, task->ride) || agent_finished(agent, task->ride);
	return task->kind == WIRE_DROPOFF && !agent_aboard(agent, task->ride) && agent_finished(agent, task->ride);
}

void agent_plan_take(struct agent *agent, const struct wire_plan *plan)
{
	struct wire_plan before = agent->plan;
	uint8_t evidence[WIRE_TASKS_MAX];

	memcpy(evidence, agent->evidence, sizeof evidence);
	memset(agent->evidence, 0, sizeof agent->evidence);
	agent->plan = *plan;
	agent->done = 0;
	for (uint32_t i = 0; i < plan->n_tasks; i++) {
		const struct wire_task *task = &plan->tasks[i];
		uint32_t old = task->ride ? find_task(&before, task->kind, task->ride, before.n_tasks) : AGENT_NO_TASK;
		if (task_done(agent, task))
			agent->done |= UINT64_C(1) << i;
		if (old != AGENT_NO_TASK)
			agent->evidence[i] = evidence[old];
	}
	if (agent->stop.service.task != AGENT_NO_TASK) {
		const struct wire_task *served = &before.tasks[agent->stop.service.task];
		agent->stop.service.task = find_task(plan, served->kind, served->ride, plan->n_tasks);
		assert(agent->stop.service.task != AGENT_NO_TASK); /* service_kept */
	}
	agent->dirty = 1;
}

/* ---- what is to be done ---- */
static int agent_pickups_allowed(const struct agent *agent)
{
	return !agent->out_of_service && agent->clock.floor <= agent->link.valid_until;
}

static int task_active(const struct agent *agent, uint32_t i)
{
	const struct wire_task *task = &agent->plan.tasks[i];

	if (agent->done >> i & 1)
		return 0;
	if (agent->stop.service.task == i)
		return 1; /* a boarding that has begun is finished */
	if (task->kind == WIRE_PICKUP)
		return agent_pickups_allowed(agent);
	if (task->kind == WIRE_DROPOFF && !agent_aboard(agent, task->ride))
		return agent_pickups_allowed(agent);
	return 1;
}

uint32_t agent_next_task(const struct agent *agent)
{
	for (uint32_t i = 0; i < agent->plan.n_tasks; i++)
		if (task_active(agent, i))
			return i;
	return AGENT_NO_TASK;
}

uint32_t agent_stop_end(const struct agent *agent, uint32_t first)
{
	uint32_t i = first;

	while (i < agent->plan.n_tasks && (!task_active(agent, i) || agent_in_stop(agent, first, i)))
		i++;
	return i;
}

int agent_in_stop(const struct agent *agent, uint32_t first, uint32_t task)
{
	uint8_t kind = agent->plan.tasks[task].kind;

	return task_active(agent, task) && (kind == WIRE_PICKUP || kind == WIRE_DROPOFF) &&
	       spot_equal(place_spot(&agent->plan.tasks[task].place), place_spot(&agent->plan.tasks[first].place));
}

uint32_t agent_n_done(const struct agent *agent)
{
	uint32_t n = 0;

	while (n < agent->plan.n_tasks && (agent->done >> n & 1))
		n++;
	return n;
}

uint32_t agent_plan_pickup(const struct agent *agent, uint64_t ride)
{
	return find_task(&agent->plan, WIRE_PICKUP, ride, agent->plan.n_tasks);
}
