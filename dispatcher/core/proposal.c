/* A proposal of the search beside the loop: whole plans of a few vehicles in another order. The core believes nothing
 * of it. The new lists are put in place of the old ones, timed as any plan is, and held against the promises; they stay
 * when they cost less and harm nobody, else the old ones come back and the command is refused. What must hold:
 *
 *   - each plan still has the version (and, with what is only reserved, the tasks) that it was computed from;
 *   - every task stands in exactly one list, a drop-off behind its pickup, what is frozen where it was;
 *   - riders aboard, at their stop, or about to be met (PROPOSAL_AHEAD_MS) keep their vehicle; others may change to a
 * fit one, and are told;
 *   - a promise is kept with the reserve in hand, also in the walks with no-shows, or is no later than before;
 *   - where an absence puts a promise at risk already, nobody is picked up before it who was not before;
 *   - seats, ride times, energy, the vehicle's shift, as at an insertion;
 *   - all plans together cost less (cost.h). */
#include "cost.h"
#include "problem.h"
#include "state.h"

static uint32_t index_of(const struct kept_plans *kept, uint32_t slot)
{
	for (uint32_t i = 0; i < kept->n; i++)
		if (kept->slot[i] == slot)
			return i;
	return NONE;
}

static uint32_t owner_of(const struct kept_plans *kept, uint32_t was)
{
	uint32_t i = 0;
	while (was >= kept->first[i + 1])
		i++;
	return i;
}

/* ---- as it is ---- */

static uint64_t plan_mm(const struct core *core, uint32_t slot)
{
	uint64_t mm = 0;
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++)
		mm += core_tasks(core, slot)[k].drive_mm;
	return mm;
}

int64_t proposal_rest_ms(const struct core *core, uint32_t slot)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	return more->phase == PHASE_DRIVING
		       ? later(core->vehicles[slot].anchor_at + more->leg_ms, core->now) - core->now
		       : 0;
}

static void keep_plan(struct core *core, struct kept_plans *kept, uint32_t i)
{
	const uint32_t slot = kept->slot[i], first = kept->first[i], n = core->vehicles_more[slot].n;
	struct sequence seq;
	struct times times;
	memcpy(kept->tasks + first, core_tasks(core, slot), n * sizeof *kept->tasks);
	memcpy(kept->more + first, core_tasks_more(core, slot), n * sizeof *kept->more);
	kept->head_from_arc[i] = core->vehicles_more[slot].head_from_arc;
	kept->head_from_mm[i] = core->vehicles_more[slot].head_from_mm;
	kept->first_free[i] = plan_first_free(core, slot);
	plan_sequence(core, slot, &seq);
	schedule_run(&seq, &times);
	schedule_worst(&seq, &times);
	for (uint32_t k = 0; k < n; k++) {
		kept->value[first + k] = schedule_value(&seq.steps[k], times.arrive[k], times.end[k]);
		kept->worst[first + k] = times.worst[k];
		kept->begin[first + k] = times.begin[k];
		kept->ride_ms[first + k] = schedule_ride_ms(&seq, &times, k);
		kept->used[first + k] = 0;
	}
	kept->mm[i] = plan_mm(core, slot);
	kept->ends_at[i] = n ? times.end[n - 1] : core->now;
	kept->cost += cost_of_plan(&core->settings, &seq, &times, proposal_rest_ms(core, slot));
}

int proposal_open(const struct core *core, uint32_t slot)
{
	if (vehicle_refuses(core, slot) || cleaning_overdue(core, slot, core->now) ||
	    plan_n_serving(core, slot) < core->vehicles_more[slot].n)
		return 0;
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		if (ride != NONE && core->rides[ride].state == RIDE_OFFERED)
			return 0;
	}
	return 1;
}

/* The vehicles named, and that their plans are those that the proposal knows. */
static int find_plans(struct core *core, const struct cmd_improve *improve, struct kept_plans *kept)
{
	uint32_t n_tasks = 0;
	kept->n = kept->n_tasks = 0;
	kept->cost = 0;
	if (!improve->n || improve->n > COMMAND_PLANS_MAX)
		return ERR_RANGE;
	for (uint32_t i = 0; i < improve->n; i++) {
		uint32_t slot = core_slot(core, improve->vehicle[i]);
		if (slot == NONE)
			return ERR_NOT_FOUND;
		if (index_of(kept, slot) != NONE || improve->n_tasks[i] > core->settings.plan_tasks_max ||
		    improve->n_tasks[i] > COMMAND_PLAN_TASKS_MAX - n_tasks)
			return ERR_RANGE;
		n_tasks += improve->n_tasks[i];
		kept->slot[kept->n] = slot;
		kept->first[kept->n++] = kept->n_tasks;
		kept->n_tasks += core->vehicles_more[slot].n;
		const struct core_vehicle *vehicle = &core->vehicles[slot];
		if (vehicle->plan_epoch != improve->epoch[i] || vehicle->plan_version != improve->version[i])
			return ERR_STALE;
		if (!proposal_open(core, slot))
			return ERR_UNAVAILABLE;
	}
	kept->first[kept->n] = kept->n_tasks;
	return n_tasks == kept->n_tasks && n_tasks <= COMMAND_PLAN_TASKS_MAX ? ERR_OK : ERR_STALE;
}

/* ---- as it would be ---- */

/* The first unused task of a ride (or, 0, of nobody) in the plan of vehicle i. */
static uint32_t next_task(const struct kept_plans *kept, uint32_t i, uint64_t ride)
{
	for (uint32_t k = kept->first[i]; k < kept->first[i + 1]; k++)
		if (!kept->used[k] && kept->tasks[k].ride == ride)
			return k;
	return NONE;
}

int proposal_may_carry(const struct core *core, uint32_t ride, uint32_t from, uint32_t to)
{
	const struct core_vehicle *vehicle = &core->vehicles[to];
	if (from == to)
		return 1;
	return vehicle->class_index == core->vehicles[from].class_index && !ride_refused_by(core, ride, to) &&
	       (!core->rides_more[ride].step_free || vehicle->step_free);
}

int proposal_may_leave(const struct core *core, uint32_t ride, instant_ms pickup_at)
{
	return core->rides[ride].state == RIDE_PROMISED && pickup_at >= core->now + PROPOSAL_AHEAD_MS;
}

/* May task `was` stand in the plan of vehicle i? */
static int may_stand(const struct core *core, const struct kept_plans *kept, uint32_t was, uint32_t i)
{
	const uint32_t from = owner_of(kept, was), ride = kept->more[was].ride;
	if (from == i)
		return 1;
	if (kept->tasks[was].kind != WIRE_PICKUP) /* it follows its pickup, which is looked at */
		return core->rides[ride].state != RIDE_ABOARD;
	return was >= kept->first[from] + kept->first_free[from] && proposal_may_leave(core, ride, kept->begin[was]) &&
	       proposal_may_carry(core, ride, kept->slot[from], kept->slot[i]);
}

/* Writes the list of vehicle i. */
static int put_plan(struct core *core, struct kept_plans *kept, const uint64_t *rides, uint32_t i, uint32_t at)
{
	const uint32_t slot = kept->slot[i], n = core->vehicles_more[slot].n;
	struct core_task *tasks = core_tasks(core, slot);
	struct task_more *more = core_tasks_more(core, slot);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t ride = core_ride_slot(core, rides[k]), owner = i;
		if (rides[k])
			owner = ride == NONE ? NONE : index_of(kept, core->rides_more[ride].vehicle);
		uint32_t was = owner == NONE ? NONE : next_task(kept, owner, rides[k]);
		if (was == NONE)
			return ERR_RANGE;
		if (!may_stand(core, kept, was, i) || (k < kept->first_free[i] && was != kept->first[i] + k))
			return ERR_DENIED;
		kept->used[was] = 1;
		kept->was[at + k] = was;
		tasks[k] = kept->tasks[was];
		more[k] = kept->more[was];
		if (tasks[k].kind == WIRE_DROPOFF && core->rides[ride].state != RIDE_ABOARD &&
		    plan_find(core, slot, ride, WIRE_PICKUP) >= k)
			return ERR_DENIED; /* its pickup is in another list */
	}
	return ERR_OK;
}

static int put_plans(struct core *core, struct kept_plans *kept, const struct cmd_improve *improve)
{
	uint32_t at = 0;
	for (uint32_t i = 0; i < kept->n; i++)
		core->vehicles_more[kept->slot[i]].n = improve->n_tasks[i];
	for (uint32_t i = 0; i < kept->n; at += improve->n_tasks[i++]) {
		int code = put_plan(core, kept, improve->ride + at, i, at);
		if (code)
			return code;
	}
	for (uint32_t i = 0; i < kept->n; i++)
		plan_relink(core, kept->slot[i]);
	return ERR_OK;
}

static void put_back(struct core *core, const struct kept_plans *kept)
{
	for (uint32_t i = 0; i < kept->n; i++) {
		const uint32_t slot = kept->slot[i], first = kept->first[i], n = kept->first[i + 1] - first;
		struct core_task *tasks = core_tasks(core, slot);
		struct task_more *more = core_tasks_more(core, slot);
		const uint32_t room = core->settings.plan_tasks_max - n;
		memcpy(tasks, kept->tasks + first, n * sizeof *tasks);
		memcpy(more, kept->more + first, n * sizeof *more);
		memset(tasks + n, 0, room * sizeof *tasks);
		memset(more + n, 0, room * sizeof *more);
		core->vehicles_more[slot].n = n;
		core->vehicles_more[slot].head_from_arc = kept->head_from_arc[i];
		core->vehicles_more[slot].head_from_mm = kept->head_from_mm[i];
	}
}

/* ---- is it good? ---- */

static int seats_hold(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	uint32_t load[TOWN_SPACES_MAX] = {0};
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
			load[s] += core->rides[core_ride_slot(core, vehicle->aboard[i])].units[s];
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		for (uint32_t s = 0; ride != NONE && s < TOWN_SPACES_MAX; s++) {
			uint32_t units = core->rides[ride].units[s];
			if (core_tasks(core, slot)[k].kind == WIRE_DROPOFF)
				load[s] -= load[s] < units ? load[s] : units;
			else if ((load[s] += units) > vehicle->spaces[s] && units)
				return 0;
		}
	}
	return 1;
}

uint64_t proposal_range_mm(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct core_settings *s = &core->settings;
	const uint64_t wh_per_km = core->town->class_wh_per_km[vehicle->class_index];
	if (!wh_per_km)
		return INT64_MAX;
	if (vehicle->battery_permille < s->battery_reserve_permille)
		return 0;
	uint64_t has_mwh = (uint64_t)(vehicle->battery_permille - s->battery_reserve_permille) * s->battery_wh;
	return has_mwh / wh_per_km * 1000; /* mWh / (Wh/km) = m */
}

/* The promise that step k makes, with the reserve, or as it was. */
static int step_holds(const struct core *core, const struct kept_plans *kept, const struct sequence *seq,
		      const struct times *times, uint32_t k, uint32_t was)
{
	const struct step *step = &seq->steps[k];
	struct proposal_limits limits;
	proposal_limits(&core->settings, step, kept->value[was], kept->worst[was], kept->begin[was], kept->ride_ms[was],
			&limits);
	return schedule_value(step, times->arrive[k], times->end[k]) <= limits.value &&
	       times->worst[k] <= limits.worst && times->begin[k] <= limits.begin &&
	       (limits.ride_ms == INT64_MAX || schedule_ride_ms(seq, times, k) <= limits.ride_ms);
}

void proposal_limits(const struct core_settings *settings, const struct step *step, instant_ms value, instant_ms worst,
		     instant_ms begin, instant_ms ride_ms, struct proposal_limits *ret)
{
	const instant_ms reserve_ms = settings->reserve_ms;
	*ret = (struct proposal_limits){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
	if (step->promised != INT64_MAX) {
		ret->value = later(step->promised - reserve_ms, value);
		ret->worst = later(step->promised - reserve_ms / 4, worst);
		if (step->kind == WIRE_PICKUP)
			ret->begin = later(step->promised, begin);
	}
	if (step->kind == WIRE_DROPOFF && ride_ms != INSTANT_NONE)
		ret->ride_ms = later(step->ride_max_ms, ride_ms);
}

int proposal_at_risk(const struct core_settings *settings, const struct step *step, instant_ms worst)
{
	return step->promised != INT64_MAX && worst > step->promised - settings->reserve_ms / 4;
}

/* Where somebody's absence puts a promise at risk already, nobody is picked up before it who was not before. */
static int risk_grows(const struct core *core, const struct kept_plans *kept, const struct sequence *seq,
		      const struct times *times, const uint32_t *was)
{
	for (uint32_t k = 0; k < seq->n; k++) {
		if (!proposal_at_risk(&core->settings, &seq->steps[k], times->worst[k]))
			continue;
		for (uint32_t b = 0; b < k; b++)
			if (seq->steps[b].kind == WIRE_PICKUP &&
			    (was[b] > was[k] || owner_of(kept, was[b]) != owner_of(kept, was[k])))
				return 1;
	}
	return 0;
}

static int plan_holds(struct core *core, struct kept_plans *kept, uint32_t i, uint32_t at, int64_t *cost)
{
	const uint32_t slot = kept->slot[i];
	struct sequence seq;
	struct times times;
	plan_sequence(core, slot, &seq);
	schedule_run(&seq, &times);
	schedule_worst(&seq, &times);
	for (uint32_t k = 0; k < seq.n; k++) {
		if (!step_holds(core, kept, &seq, &times, k, kept->was[at + k]))
			return 0;
		core_tasks(core, slot)[k].begin = times.begin[k];
	}
	*cost += cost_of_plan(&core->settings, &seq, &times, proposal_rest_ms(core, slot));
	if (!seats_hold(core, slot) || risk_grows(core, kept, &seq, &times, kept->was + at))
		return 0;
	if (plan_mm(core, slot) > kept->mm[i] && plan_mm(core, slot) > proposal_range_mm(core, slot))
		return 0;
	return !seq.n || times.end[seq.n - 1] <= later(vehicle_ends_at(core, slot), kept->ends_at[i]);
}

static int plans_hold(struct core *core, struct kept_plans *kept)
{
	int64_t cost = 0;
	uint32_t at = 0;
	for (uint32_t i = 0; i < kept->n; i++) {
		if (!plan_holds(core, kept, i, at, &cost))
			return 0;
		at += core->vehicles_more[kept->slot[i]].n;
	}
	return cost < kept->cost;
}

/* ---- taken ---- */

/* Riders of vehicle i who were another's until now; they belong to it before any plan is timed. */
static void take_riders(struct core *core, uint32_t slot)
{
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		if (ride == NONE || core->rides_more[ride].vehicle == slot)
			continue;
		core_touch_ride(core, ride);
		core->rides_more[ride].vehicle = slot;
		core->rides[ride].vehicle = core->vehicles[slot].number;
		core->rides[ride].n_reassigned++;
		core->rides_more[ride].since = core->now;
		core->rides_more[ride].told_pickup = core_tasks(core, slot)[k].begin; /* told with the vehicle */
		notice_new(core, NOTICE_VEHICLE_CHANGED, ride, core_tasks(core, slot)[k].begin);
		ride_say(core, ride);
	}
}

int proposal_take(struct core *core, const struct cmd_improve *improve)
{
	struct kept_plans *kept = core->kept;
	core->result.vehicle = improve->vehicle[0];
	int code = find_plans(core, improve, kept);
	if (code)
		return code;
	for (uint32_t i = 0; i < kept->n; i++)
		keep_plan(core, kept, i);
	code = put_plans(core, kept, improve);
	if (!code && !plans_hold(core, kept))
		code = ERR_CONFLICT;
	if (code) {
		put_back(core, kept);
		return code;
	}
	for (uint32_t i = 0; i < kept->n; i++)
		take_riders(core, kept->slot[i]);
	for (uint32_t i = 0; i < kept->n; i++) {
		const uint32_t slot = kept->slot[i], n = core->vehicles_more[slot].n;
		memset(core_tasks(core, slot) + n, 0,
		       (core->settings.plan_tasks_max - n) * sizeof *core_tasks(core, slot));
		memset(core_tasks_more(core, slot) + n, 0,
		       (core->settings.plan_tasks_max - n) * sizeof *core_tasks_more(core, slot));
		plan_retime(core, slot);
		plan_changed(core, slot);
	}
	return ERR_OK;
}
