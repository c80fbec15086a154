#include "problem.h"
#include "distance.h"
#include "rng.h"
#include "state.h"

/* ---- which vehicles ---- */

static int is_fit(const struct core *core, uint32_t slot)
{
	return core->vehicles[slot].anchor.road.arc != NONE && proposal_open(core, slot);
}

static int is_free(const struct core *core, uint32_t slot, uint32_t k)
{
	const uint32_t ride = core_tasks_more(core, slot)[k].ride;
	const struct core_task *task = &core_tasks(core, slot)[k];
	return ride != NONE && task->kind == WIRE_PICKUP &&
	       proposal_may_leave(core, ride, task->begin - PROBLEM_LEAD_MS);
}

static uint32_t count_free(const struct core *core, uint32_t slot)
{
	uint32_t n = 0;
	for (uint32_t k = plan_first_free(core, slot); k < core->vehicles_more[slot].n; k++)
		n += (uint32_t)is_free(core, slot, k);
	return n;
}

/* Where a vehicle is at an instant by its plan, or last was: before it sets out for whatever begins then. */
static struct geo_point point_at(const struct core *core, uint32_t slot, instant_ms at)
{
	const struct core_task *tasks = core_tasks(core, slot);
	struct place start;
	instant_ms start_at;
	uint32_t k = 0;
	while (k < core->vehicles_more[slot].n && tasks[k].begin < at)
		k++;
	if (k)
		return tasks[k - 1].place.point;
	plan_start(core, slot, &start, &start_at);
	return start.point;
}

/* The number of the task in the plan of `slot` that is the n-th pickup which can be moved. */
static uint32_t nth_free(const struct core *core, uint32_t slot, uint32_t n)
{
	uint32_t k = plan_first_free(core, slot);
	while (!is_free(core, slot, k) || n--)
		k++;
	return k;
}

/* The vehicle of the ride that the round draws, and its pickup; NONE = nobody can be moved. */
static uint32_t draw_vehicle(const struct core *core, uint64_t round, uint32_t *ret_task)
{
	uint32_t n = 0, last = NONE;
	struct rng rng;
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		if (is_fit(core, core->vehicle_order[i]))
			n += count_free(core, core->vehicle_order[i]);
	if (!n)
		return NONE;
	rng_seed(&rng, round);
	n = rng_below(&rng, n);
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		last = core->vehicle_order[i];
		uint32_t here = is_fit(core, last) ? count_free(core, last) : 0;
		if (n < here)
			break;
		n -= here;
	}
	*ret_task = nth_free(core, last, n);
	return last;
}

/* It and those that are nearest to the pickup when it is due, nearest first; as many as have room together. */
static uint32_t draw_group(const struct core *core, uint32_t seed, uint32_t task, uint32_t *slots)
{
	const struct core_task pickup = core_tasks(core, seed)[task];
	uint64_t away[PROBLEM_VEHICLES_MAX];
	uint32_t n = 0, n_tasks = 0, kept = 0;
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		uint32_t slot = core->vehicle_order[i];
		if (core->vehicles[slot].class_index != core->vehicles[seed].class_index || !is_fit(core, slot))
			continue;
		uint64_t mm = slot == seed ? 0
					   : 1 + (uint64_t)geo_rough_mm(pickup.place.point,
									point_at(core, slot, pickup.begin));
		if (n == PROBLEM_VEHICLES_MAX && mm >= away[n - 1])
			continue;
		uint32_t k = n < PROBLEM_VEHICLES_MAX ? n++ : n - 1;
		for (; k > 0 && away[k - 1] > mm; k--) {
			away[k] = away[k - 1];
			slots[k] = slots[k - 1];
		}
		away[k] = mm;
		slots[k] = slot;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (core->vehicles_more[slots[i]].n > PROBLEM_TASKS_MAX - n_tasks)
			continue;
		n_tasks += core->vehicles_more[slots[i]].n;
		slots[kept++] = slots[i];
	}
	return kept;
}

/* ---- their plans ---- */

static uint32_t add_place(struct problem *p, const struct place *place)
{
	for (uint32_t i = 0; i < p->n_places; i++)
		if (place_same(&p->places[i], place))
			return i;
	p->places[p->n_places] = *place;
	return p->n_places++;
}

static void add_task(const struct core *core, struct problem *p, const struct sequence *seq, const struct times *times,
		     uint32_t slot, uint32_t k)
{
	struct problem_task *task = &p->tasks[p->n_tasks];
	const uint32_t ride = core_tasks_more(core, slot)[k].ride, v = p->n_vehicles;
	memset(task, 0, sizeof *task);
	task->ride = core_tasks(core, slot)[k].ride;
	task->step = seq->steps[k];
	task->place = add_place(p, &core_tasks(core, slot)[k].place);
	task->vehicle = v;
	task->at = k;
	task->other = NONE;
	task->may_go = UINT32_C(1) << v;
	if (ride != NONE)
		memcpy(task->units, core->rides[ride].units, sizeof task->units);
	for (uint32_t i = p->vehicles[v].first; ride != NONE && i < p->n_tasks; i++) {
		if (p->tasks[i].ride != task->ride)
			continue;
		task->other = i;
		p->tasks[i].other = p->n_tasks;
	}
	proposal_limits(&core->settings, &task->step, schedule_value(&task->step, times->arrive[k], times->end[k]),
			times->worst[k], times->begin[k], schedule_ride_ms(seq, times, k), &task->limits);
	p->n_tasks++;
}

static void add_start(const struct core *core, struct problem *p, struct problem_vehicle *vehicle, uint32_t slot)
{
	const struct core_vehicle *v = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	struct place start;
	plan_start(core, slot, &start, &vehicle->start_at);
	if (more->phase != PHASE_DRIVING)
		vehicle->start_at = later(vehicle->start_at, core->now + PROBLEM_LEAD_MS);
	vehicle->start_place = add_place(p, &start);
	vehicle->stands_at = vehicle->heads_for = NONE;
	if (more->phase == PHASE_AT_STOP) {
		vehicle->stands_at = vehicle->start_place; /* the anchor */
		vehicle->stands_since = more->at_since;
	}
	for (uint32_t k = 0; more->phase == PHASE_DRIVING && k < more->n; k++)
		if (place_same(&more->leg_to, &core_tasks(core, slot)[k].place))
			vehicle->heads_for = add_place(p, &more->leg_to);
	vehicle->heads_at = later(v->anchor_at + more->leg_ms, core->now);
}

static void add_vehicle(struct core *core, struct problem *p, uint32_t slot)
{
	const struct core_vehicle *v = &core->vehicles[slot];
	struct problem_vehicle *vehicle = &p->vehicles[p->n_vehicles];
	struct sequence seq;
	struct times times;
	memset(vehicle, 0, sizeof *vehicle);
	vehicle->number = v->number;
	vehicle->epoch = v->plan_epoch;
	vehicle->version = v->plan_version;
	vehicle->first = p->n_tasks;
	vehicle->n = core->vehicles_more[slot].n;
	vehicle->first_free = plan_first_free(core, slot);
	vehicle->rest_ms = proposal_rest_ms(core, slot);
	add_start(core, p, vehicle, slot);
	plan_sequence(core, slot, &seq);
	schedule_run(&seq, &times);
	schedule_worst(&seq, &times);
	uint64_t mm = 0;
	for (uint32_t k = 0; k < vehicle->n; k++) {
		add_task(core, p, &seq, &times, slot, k);
		mm += core_tasks(core, slot)[k].drive_mm;
	}
	vehicle->ends_at = later(vehicle_ends_at(core, slot), vehicle->n ? times.end[vehicle->n - 1] : INSTANT_NONE);
	vehicle->range_mm = proposal_range_mm(core, slot) > mm ? proposal_range_mm(core, slot) : mm;
	for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
		vehicle->spaces[s] = v->spaces[s];
	for (uint32_t i = 0; i < v->n_aboard; i++)
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
			vehicle->load[s] += core->rides[core_ride_slot(core, v->aboard[i])].units[s];
	p->sequence.now = seq.now;
	p->sequence.stop_ms = seq.stop_ms;
	p->sequence.no_show_wait_ms = seq.no_show_wait_ms;
	p->sequence.margin_ms = seq.margin_ms;
	p->sequence.message_ms = seq.message_ms;
	p->n_vehicles++;
}

/* Who may go where: the rules of the check (proposal.c), asked once for all. */
static void permit(const struct core *core, struct problem *p, const uint32_t *slots)
{
	for (uint32_t t = 0; t < p->n_tasks; t++) {
		struct problem_task *task = &p->tasks[t];
		const struct problem_vehicle *from = &p->vehicles[task->vehicle];
		if (task->step.kind != WIRE_PICKUP || task->at < from->first_free)
			continue;
		uint32_t ride = core_ride_slot(core, task->ride);
		const struct core_task *kept = &core_tasks(core, slots[task->vehicle])[task->at];
		if (!proposal_may_leave(core, ride, kept->begin - PROBLEM_LEAD_MS))
			continue;
		for (uint32_t v = 0; v < p->n_vehicles; v++)
			if (proposal_may_carry(core, ride, slots[task->vehicle], slots[v]))
				task->may_go |= UINT32_C(1) << v;
		p->tasks[task->other].may_go = task->may_go;
		p->n_free += (task->may_go & (task->may_go - 1)) != 0;
	}
}

static void set_way(struct problem *p, uint32_t from, uint32_t to, const struct route_result *found)
{
	p->drive_ms[from][to] = found->time_ms;
	p->drive_mm[from][to] = found->time_ms == TIME_INFINITE ? 0 : found->dist_mm;
}

/* Nobody drives to where a vehicle happens to be, and between stops the ways are known: searches are made from each
 * other place, and to it. */
static void measure(const struct core *core, struct problem *p, uint32_t class_index)
{
	const struct place *all[PROBLEM_PLACES_MAX] = {NULL}, *stops[PROBLEM_PLACES_MAX] = {NULL};
	struct route_result found[PROBLEM_PLACES_MAX];
	for (uint32_t t = 0; t < p->n_tasks; t++) {
		const struct place *place = &p->places[p->tasks[t].place];
		all[p->tasks[t].place] = place;
		stops[p->tasks[t].place] = place->stop == NONE ? NULL : place;
	}
	for (uint32_t i = 0; i < p->n_places; i++) {
		const struct place **to = stops[i] ? stops : all;
		distance_fan(core->distance, class_index, &p->places[i], to, p->n_places, found);
		for (uint32_t k = 0; k < p->n_places; k++)
			if (to[k])
				set_way(p, i, k, &found[k]);
	}
	for (uint32_t k = 0; k < p->n_places; k++) {
		if (!all[k] || stops[k])
			continue;
		distance_gather(core->distance, class_index, stops, p->n_places, all[k], found);
		for (uint32_t i = 0; i < p->n_places; i++)
			if (stops[i])
				set_way(p, i, k, &found[i]);
	}
}

int problem_take(struct core *core, uint64_t round, struct problem *ret_problem)
{
	struct problem *p = ret_problem;
	uint32_t slots[PROBLEM_VEHICLES_MAX], task, seed = draw_vehicle(core, round, &task);
	if (seed == NONE)
		return 0;
	p->settings = core->settings;
	p->now = core->now;
	memset(&p->sequence, 0, sizeof p->sequence);
	p->n_vehicles = p->n_tasks = p->n_places = p->n_free = 0;
	uint32_t n = draw_group(core, seed, task, slots);
	for (uint32_t i = 0; i < n; i++)
		add_vehicle(core, p, slots[i]);
	permit(core, p, slots);
	measure(core, p, core->vehicles[seed].class_index);
	return 1;
}
