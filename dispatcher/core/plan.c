/* The plan of one vehicle: where it starts from, its tasks in order, their times, and what the vehicle is told. */
#include "distance.h"
#include "schedule.h"
#include "state.h"

#define TOLD_STEP_MS 120000 /* a pickup moved by more is told to the rider */
#define SAID_STEP_MS 30000

static const struct town *town_of(const struct core *core)
{
	return core->town;
}

/* ---- where it starts ---- */

static instant_ms leg_ends(const struct vehicle_more *more, const struct core_vehicle *vehicle)
{
	return vehicle->anchor_at + more->leg_ms;
}

static void place_at_arc_end(const struct core *core, uint32_t arc, struct place *ret_place)
{
	memset(ret_place, 0, sizeof *ret_place);
	ret_place->road = (struct spot){arc, town_of(core)->road.dist_mm[arc]};
	ret_place->point = network_spot_point(&town_of(core)->road, ret_place->road);
	ret_place->walk = (struct spot){NONE, 0};
	ret_place->stop = NONE;
}

/* A spot ahead of where the vehicle can be by freeze_ms from now, and when it is there. Turn costs are left out of the
 * path's times, so the spot is never behind the vehicle and the time never too early. */
static void ahead(const struct core *core, uint32_t slot, struct place *ret_place, instant_ms *ret_at)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	const struct vehicle_path *path = &core->paths[slot];
	instant_ms ends = leg_ends(more, vehicle), gone = core->now + core->settings.freeze_ms - vehicle->anchor_at;
	*ret_place = more->leg_to;
	*ret_at = later(ends, core->now);
	if (core->now + core->settings.freeze_ms < vehicle->anchor_at) { /* sent round a corner it has not reached */
		*ret_place = vehicle->anchor;
		*ret_at = vehicle->anchor_at;
		return;
	}
	for (uint32_t i = 0; i + 1 < path->n; i++) {
		if (path->end_ms[i] < gone)
			continue;
		place_at_arc_end(core, path->arc[i], ret_place);
		*ret_at = later(ends - (path->end_ms[path->n - 1] - path->end_ms[i]), core->now);
		return;
	}
}

void plan_start(const struct core *core, uint32_t slot, struct place *ret_place, instant_ms *ret_at)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	if (core->vehicles_more[slot].phase == PHASE_DRIVING) {
		ahead(core, slot, ret_place, ret_at);
		return;
	}
	*ret_place = vehicle->anchor;
	*ret_at = later(vehicle->anchor_at, core->now);
}

/* By which the leg under way is measured. */
static uint32_t leg_metric(const struct core *core, uint32_t slot)
{
	uint32_t class_index = core->vehicles[slot].class_index;
	return core->vehicles_more[slot].leg_far ? distance_slowest(core->distance, class_index) : class_index;
}

struct route_result plan_leg_rest(const struct core *core, uint32_t slot, const struct place *from)
{
	return distance_between(core->distance, leg_metric(core, slot), from, &core->vehicles_more[slot].leg_to);
}

void plan_path(struct core *core, uint32_t slot)
{
	struct vehicle_path *path = &core->paths[slot];
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	const struct network *road = &town_of(core)->road;
	struct route_result result;
	path->n = 0;
	if (more->phase != PHASE_DRIVING || vehicle->anchor.road.arc == NONE || more->leg_to.road.arc == NONE)
		return;
	uint32_t n = 0;
	const uint32_t metric = leg_metric(core, slot);
	if (distance_path(core->distance, metric, vehicle->anchor.road, more->leg_to.road, &result, path->arc, &n,
			  PATH_ARCS_MAX))
		return; /* too long or no way: then it is not diverted before its next stop */
	uint64_t sum = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = i == 0 ? vehicle->anchor.road.offset_mm : 0;
		uint32_t to = i + 1 == n ? more->leg_to.road.offset_mm : road->dist_mm[path->arc[i]];
		sum += to > from ? distance_part_ms(core->distance, metric, path->arc[i], to - from) : 0;
		path->end_ms[i] = (uint32_t)(sum < UINT32_MAX ? sum : UINT32_MAX);
	}
	path->n = n;
}

/* ---- windows of what is in the plan ---- */

struct window {
	instant_ms earliest, latest, arrival;
	uint32_t ride_max_ms;
};

static struct window window_of(const struct core *core, uint32_t ride)
{
	const struct core_ride *r = &core->rides[ride];
	if (r->state == RIDE_OFFERED) {
		const struct offer *offer = &r->offers[0];
		return (struct window){offer->earliest_pickup, offer->latest_pickup, offer->latest_arrival,
				       offer->ride_max_ms};
	}
	return (struct window){r->earliest_pickup, r->latest_pickup, r->latest_arrival, r->ride_max_ms};
}

instant_ms plan_ready(const struct core *core, uint32_t ride)
{
	return later(window_of(core, ride).earliest, core->rides_more[ride].ready);
}

instant_ms plan_no_show_at(const struct core *core, uint32_t ride, instant_ms arrived_at)
{
	const struct ride_more *more = &core->rides_more[ride];
	instant_ms at = later(window_of(core, ride).latest, arrived_at + town_of(core)->rules.no_show_wait_ms) +
			more->coming_ms;
	at = later(at, more->ready +
			       (more->ready > INSTANT_NONE / 2 ? (instant_ms)town_of(core)->rules.no_show_wait_ms : 0));
	if (more->evidence)
		at = later(at, more->evidence_at + town_of(core)->rules.no_show_wait_ms);
	return at;
}

/* ---- as a sequence ---- */

static void step_of_ride(const struct core *core, const struct core_task *task, const struct task_more *more,
			 struct step *step)
{
	const struct core_ride *ride = &core->rides[more->ride];
	struct window window = window_of(core, more->ride);
	step->ride = more->ride;
	step->promised = task->kind == WIRE_PICKUP ? window.latest : window.arrival;
	step->boarded_at = INSTANT_NONE;
	step->ride_max_ms = window.ride_max_ms;
	if (task->kind == WIRE_PICKUP) {
		step->wait_permille = fair_weight(core, ride);
		step->ready = plan_ready(core, more->ride);
		step->wait_until = ride->state == RIDE_AT_STOP ? plan_no_show_at(core, more->ride, ride->at_stop_at)
							       : later(window.latest, step->ready);
	} else if (ride->state == RIDE_ABOARD) {
		step->boarded_at = ride->boarded_at;
	}
}

instant_ms plan_charge_ends_at(const struct core *core, uint32_t slot)
{
	const struct core_task *tasks = core_tasks(core, slot);
	const struct task_more *next = &core_tasks_more(core, slot)[1];
	if (core->vehicles_more[slot].n < 2 || tasks[0].kind != WIRE_CHARGE || tasks[1].kind != WIRE_PICKUP)
		return INT64_MAX;
	return plan_ready(core, next->ride) - next->far_ms - town_of(core)->rules.stop_ms - core->settings.reserve_ms;
}

/* A cleaning that goes on ends when it was to end, not later with every minute. */
static void rest_of_cleaning(const struct core *core, uint32_t slot, struct sequence *seq)
{
	struct step *step = &seq->steps[0];
	const instant_ms from = core->vehicles_more[slot].clean_from;
	if (step->kind == WIRE_CLEAN && step->fixed && from != INSTANT_NONE) {
		const instant_ms ends = from + step->dwell_ms, begins = later(seq->start + seq->stop_ms, seq->now);
		step->dwell_ms = (uint32_t)later(ends - begins, 0);
	}
}

/* Charging is cut short for the next rider: it takes no longer than until then, however long it went on already. */
static void cut_charge(const struct core *core, uint32_t slot, struct sequence *seq)
{
	struct step *charge = &seq->steps[0];
	instant_ms ends = plan_charge_ends_at(core, slot);
	instant_ms begin = seq->start + seq->stop_ms + (charge->joined ? 0 : charge->drive_ms);
	if (ends == INT64_MAX)
		return;
	begin = later(begin, seq->now);
	instant_ms left = later(ends - begin, 0);
	if (left < charge->dwell_ms)
		charge->dwell_ms = (uint32_t)left;
}

void plan_sequence(struct core *core, uint32_t slot, struct sequence *seq)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	const struct core_task *tasks = core_tasks(core, slot);
	const struct task_more *tasks_more = core_tasks_more(core, slot);
	seq->n = more->n;
	seq->now = core->now;
	seq->stop_ms = town_of(core)->rules.stop_ms;
	seq->no_show_wait_ms = town_of(core)->rules.no_show_wait_ms;
	seq->margin_ms = promise_margin_ms(core);
	seq->message_ms = core->settings.message_ms;
	seq->border = hours_border(core);
	for (uint32_t k = 0; k < more->n; k++) {
		struct step *step = &seq->steps[k];
		*step = (struct step){.drive_ms = tasks[k].drive_ms,
				      .far_ms = tasks_more[k].far_ms,
				      .dwell_ms = tasks_more[k].dwell_ms,
				      .ride = NONE,
				      .kind = tasks[k].kind,
				      .joined = k > 0 && place_same(&tasks[k].place, &tasks[k - 1].place),
				      .fixed = tasks[k].state,
				      .ready = INSTANT_NONE,
				      .wait_until = INSTANT_NONE,
				      .promised = INT64_MAX,
				      .boarded_at = INSTANT_NONE};
		if (tasks_more[k].ride != NONE)
			step_of_ride(core, &tasks[k], &tasks_more[k], step);
	}
	struct place from;
	plan_start(core, slot, &from, &seq->start);
	if (!more->n)
		return;
	if (more->phase == PHASE_AT_STOP && place_same(&vehicle->anchor, &tasks[0].place)) {
		seq->steps[0].joined = 1;
		seq->start = more->at_since;
	} else if (more->phase == PHASE_DRIVING && place_same(&more->leg_to, &tasks[0].place)) {
		seq->start = later(leg_ends(more, vehicle), core->now);
		seq->steps[0].drive_ms = seq->steps[0].far_ms = 0;
	} else if (from.road.arc != more->head_from_arc || from.road.offset_mm != more->head_from_mm) {
		struct route_result leg =
			distance_between(core->distance, vehicle->class_index, &from, &tasks[0].place);
		seq->steps[0].drive_ms = leg.time_ms == TIME_INFINITE ? NO_WAY_MS : leg.time_ms;
		seq->steps[0].far_ms =
			hours_far_ms(core, vehicle->class_index, &from, &tasks[0].place, seq->steps[0].drive_ms);
	}
	cut_charge(core, slot, seq);
	rest_of_cleaning(core, slot, seq);
}

uint32_t plan_first_free(const struct core *core, uint32_t slot)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	const struct core_task *tasks = core_tasks(core, slot);
	uint32_t first = 0;
	for (uint32_t k = 0; k < more->n; k++)
		if (tasks[k].state || tasks[k].kind == WIRE_CHARGE || tasks[k].kind == WIRE_CLEAN)
			first = k + 1;
	if (first || !plan_n_serving(core, slot) || more->phase != PHASE_DRIVING)
		return first;
	struct place from;
	instant_ms at;
	plan_start(core, slot, &from, &at);
	/* cannot leave the leg any more: the stop approached is frozen */
	return place_same(&from, &more->leg_to) && place_same(&more->leg_to, &tasks[0].place);
}

uint32_t plan_find(const struct core *core, uint32_t slot, uint32_t ride, uint8_t kind)
{
	const struct core_task *tasks = core_tasks(core, slot);
	const struct task_more *more = core_tasks_more(core, slot);
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++)
		if (more[k].ride == ride && tasks[k].kind == kind)
			return k;
	return NONE;
}

/* ---- changing the list ---- */

/* The leg to task k, from the task before it or from where the plan starts. */
static void relink(struct core *core, uint32_t slot, uint32_t k)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	struct core_task *tasks = core_tasks(core, slot);
	if (k >= more->n)
		return;
	struct place start;
	instant_ms at;
	const struct place *from = &start;
	if (k) {
		from = &tasks[k - 1].place;
	} else {
		plan_start(core, slot, &start, &at);
		more->head_from_arc = start.road.arc;
		more->head_from_mm = start.road.offset_mm;
	}
	struct route_result leg =
		distance_between(core->distance, core->vehicles[slot].class_index, from, &tasks[k].place);
	tasks[k].drive_ms = leg.time_ms == TIME_INFINITE ? NO_WAY_MS : leg.time_ms;
	tasks[k].drive_mm = leg.time_ms == TIME_INFINITE ? 0 : leg.dist_mm;
	core_tasks_more(core, slot)[k].far_ms =
		hours_far_ms(core, core->vehicles[slot].class_index, from, &tasks[k].place, tasks[k].drive_ms);
}

void plan_relink(struct core *core, uint32_t slot)
{
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++)
		relink(core, slot, k);
}

static void open_gap(struct core *core, uint32_t slot, uint32_t at)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	struct core_task *tasks = core_tasks(core, slot);
	struct task_more *tasks_more = core_tasks_more(core, slot);
	assert(more->n < core->settings.plan_tasks_max && at <= more->n);
	memmove(tasks + at + 1, tasks + at, (more->n - at) * sizeof *tasks);
	memmove(tasks_more + at + 1, tasks_more + at, (more->n - at) * sizeof *tasks_more);
	more->n++;
	memset(tasks + at, 0, sizeof *tasks);
	memset(tasks_more + at, 0, sizeof *tasks_more);
	tasks_more[at].ride = NONE;
	tasks[at].not_before = INSTANT_NONE;
	tasks[at].latest = INT64_MAX;
}

static void put_task(struct core *core, uint32_t slot, uint32_t at, uint32_t ride, uint8_t kind, int tentative)
{
	open_gap(core, slot, at);
	struct core_task *task = core_tasks(core, slot) + at;
	struct task_more *more = core_tasks_more(core, slot) + at;
	const struct core_ride *r = &core->rides[ride];
	const struct offer *offer = r->state == RIDE_OFFERED ? &r->offers[0] : NULL;
	task->ride = r->ride;
	task->kind = kind;
	if (kind == WIRE_PICKUP)
		task->place = offer ? offer->pickup : r->pickup;
	else
		task->place = offer ? offer->dropoff : r->dropoff;
	more->ride = ride;
	more->tentative = tentative != 0;
	more->dwell_ms = core->rides_more[ride].boarding_ms;
}

void plan_put(struct core *core, uint32_t slot, uint32_t ride, uint32_t pickup_at, uint32_t dropoff_at, int tentative)
{
	core_touch_vehicle(core, slot);
	core_touch_ride(core, ride);
	put_task(core, slot, dropoff_at, ride, WIRE_DROPOFF, tentative);
	put_task(core, slot, pickup_at, ride, WIRE_PICKUP, tentative);
	relink(core, slot, pickup_at);
	relink(core, slot, pickup_at + 1);
	relink(core, slot, dropoff_at + 1);
	relink(core, slot, dropoff_at + 2);
	core->rides_more[ride].vehicle = slot;
	core->rides[ride].vehicle = tentative ? 0 : core->vehicles[slot].number;
	if (!tentative && plan_n_serving(core, slot) < core->vehicles_more[slot].n)
		plan_drop_task(core, slot, plan_n_serving(core, slot));
	plan_retime(core, slot);
	if (!tentative)
		plan_changed(core, slot);
}

/* Sum of what all promises miss, with a step for the drop-off put at `at`; legs in the hour, and beyond its border. */
static instant_ms lateness_with(struct sequence *seq, uint32_t at, const struct step *step, const uint32_t from_ms[2],
				const uint32_t to_ms[2])
{
	static_assert(SEQUENCE_MAX > WIRE_TASKS_MAX, "room for one more");
	memmove(&seq->steps[at + 1], &seq->steps[at], (seq->n - at) * sizeof seq->steps[0]);
	seq->steps[at] = *step;
	seq->steps[at].drive_ms = from_ms[0];
	seq->steps[at].far_ms = from_ms[1];
	seq->n++;
	if (at + 1 < seq->n) {
		seq->steps[at + 1].drive_ms = to_ms[0];
		seq->steps[at + 1].far_ms = to_ms[1];
		seq->steps[at + 1].joined = to_ms[0] == 0;
	}
	struct times times;
	schedule_run(seq, &times);
	instant_ms late = 0;
	for (uint32_t k = 0; k < seq->n; k++) {
		instant_ms value = schedule_value(&seq->steps[k], times.arrive[k], times.end[k]);
		if (seq->steps[k].promised != INT64_MAX && value > seq->steps[k].promised)
			late += value - seq->steps[k].promised;
	}
	return late * 1000 + times.end[seq->n - 1] - seq->now; /* lateness first, then the end of the plan */
}

/* Somebody aboard outranks whoever only has an offer, the depot, and, at the very last, whoever waits. */
static void make_room(struct core *core, uint32_t slot)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	while (more->n >= core->settings.plan_tasks_max) {
		uint32_t tentative = NONE, depot = NONE, waiting = NONE;
		for (uint32_t k = 0; k < more->n; k++) {
			const struct core_task *task = &core_tasks(core, slot)[k];
			if (core_tasks_more(core, slot)[k].tentative)
				tentative = k;
			else if (!task->ride)
				depot = k;
			else if (task->kind == WIRE_PICKUP)
				waiting = k;
		}
		if (tentative != NONE)
			ride_unreserve(core, core_tasks_more(core, slot)[tentative].ride);
		else if (depot != NONE)
			plan_drop_task(core, slot, depot);
		else if (waiting != NONE)
			ride_move_or_break(core, core_tasks_more(core, slot)[waiting].ride, CAUSE_OTHER_RIDER);
		else
			assert(0 && "a plan holds the drop-offs of all who can be aboard");
	}
}

void plan_put_dropoff(struct core *core, uint32_t slot, uint32_t ride)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	const struct core_task *tasks = core_tasks(core, slot);
	const uint32_t class_index = core->vehicles[slot].class_index;
	make_room(core, slot);
	core_touch_vehicle(core, slot);
	const struct core_ride *r = &core->rides[ride];
	struct step step = {.dwell_ms = core->rides_more[ride].boarding_ms,
			    .ride = ride,
			    .kind = WIRE_DROPOFF,
			    .ready = INSTANT_NONE,
			    .promised = r->latest_arrival > INSTANT_NONE ? r->latest_arrival : INT64_MAX,
			    .boarded_at = INSTANT_NONE};
	uint32_t best = more->n;
	instant_ms best_late = INT64_MAX;
	struct place start;
	instant_ms at;
	plan_start(core, slot, &start, &at);
	uint32_t first = 0;
	while (first < more->n && tasks[first].state)
		first++;
	for (uint32_t k = first; k <= more->n; k++) {
		struct sequence seq;
		plan_sequence(core, slot, &seq);
		const struct place *from = k ? &tasks[k - 1].place : &start;
		uint32_t from_ms[2], to_ms[2] = {0, 0};
		from_ms[0] = distance_between(core->distance, class_index, from, &r->dropoff).time_ms;
		if (k < more->n)
			to_ms[0] = distance_between(core->distance, class_index, &r->dropoff, &tasks[k].place).time_ms;
		if (from_ms[0] == TIME_INFINITE || to_ms[0] == TIME_INFINITE)
			continue;
		from_ms[1] = hours_far_ms(core, class_index, from, &r->dropoff, from_ms[0]);
		if (k < more->n)
			to_ms[1] = hours_far_ms(core, class_index, &r->dropoff, &tasks[k].place, to_ms[0]);
		if (k == 0)
			seq.start = at;
		instant_ms late = lateness_with(&seq, k, &step, from_ms, to_ms);
		if (late < best_late) {
			best_late = late;
			best = k;
		}
	}
	put_task(core, slot, best, ride, WIRE_DROPOFF, 0);
	relink(core, slot, best);
	relink(core, slot, best + 1);
	core->rides_more[ride].vehicle = slot;
	core->rides[ride].vehicle = core->vehicles[slot].number;
	plan_retime(core, slot);
	plan_changed(core, slot);
}

/* The first pickup that finds no room, or NONE. */
static uint32_t crowded_at(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	int32_t load[TOWN_SPACES_MAX] = {0};
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
			load[s] += core->rides[core_ride_slot(core, vehicle->aboard[i])].units[s];
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		const struct core_task *task = &core_tasks(core, slot)[k];
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		for (uint32_t s = 0; ride != NONE && s < TOWN_SPACES_MAX; s++) {
			int32_t units = core->rides[ride].units[s];
			load[s] += task->kind == WIRE_PICKUP ? units : -units;
			if (task->kind == WIRE_PICKUP && units && load[s] > vehicle->spaces[s])
				return k;
		}
	}
	return NONE;
}

/* Somebody is aboard who was not planned: whoever no longer finds room goes elsewhere. */
void plan_shed(struct core *core, uint32_t slot)
{
	for (uint32_t k = crowded_at(core, slot); k != NONE; k = crowded_at(core, slot)) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		if (core->rides[ride].state == RIDE_OFFERED)
			ride_unreserve(core, ride);
		else
			ride_move_or_break(core, ride, CAUSE_OTHER_RIDER);
	}
}

/* To 90 % at the depot's power. */
static uint32_t charge_ms(const struct core *core, uint32_t slot)
{
	const uint32_t permille = core->vehicles[slot].battery_permille;
	uint64_t ms = (permille < 900 ? 900u - permille : 0) * (uint64_t)core->settings.battery_wh * 3600 /
		      core->settings.charge_w;
	return (uint32_t)(ms < (uint64_t)DAY_MS ? ms : (uint64_t)DAY_MS);
}

static uint32_t errand_ms(const struct core *core, uint32_t slot, uint8_t kind)
{
	return kind == WIRE_CHARGE ? charge_ms(core, slot) : kind == WIRE_CLEAN ? core->settings.clean_ms : 0;
}

/* The first task: everything after it has time enough. */
static void put_first(struct core *core, uint32_t slot, uint8_t kind, const struct place *place, uint32_t dwell_ms)
{
	core_touch_vehicle(core, slot);
	open_gap(core, slot, 0);
	struct core_task *task = core_tasks(core, slot);
	task->kind = kind;
	task->place = *place;
	core_tasks_more(core, slot)->dwell_ms = dwell_ms;
	relink(core, slot, 0);
	relink(core, slot, 1);
	plan_retime(core, slot);
	plan_changed(core, slot);
}

int plan_put_depot(struct core *core, uint32_t slot, uint8_t kind)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	if (core->vehicles_more[slot].n || !distance_is_open(core->distance, vehicle->class_index, vehicle->depot.road))
		return 0;
	put_first(core, slot, kind, &vehicle->depot, errand_ms(core, slot, kind));
	return 1;
}

void plan_put_park(struct core *core, uint32_t slot, const struct place *place)
{
	assert(!core->vehicles_more[slot].n);
	put_first(core, slot, WIRE_PARK, place, 0);
}

uint32_t plan_n_serving(const struct core *core, uint32_t slot)
{
	uint32_t n = core->vehicles_more[slot].n;
	return n && core_tasks(core, slot)[n - 1].kind == WIRE_PARK ? n - 1 : n;
}

int plan_put_between(struct core *core, uint32_t slot, uint8_t kind, uint32_t least_ms)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct core_task *next = core_tasks(core, slot);
	const struct task_more *next_more = core_tasks_more(core, slot);
	struct place from;
	instant_ms at;
	if (core->vehicles_more[slot].n + 1 >= core->settings.plan_tasks_max || next_more->ride == NONE ||
	    next->kind != WIRE_PICKUP || next->state ||
	    !distance_is_open(core->distance, vehicle->class_index, vehicle->depot.road))
		return 0;
	plan_start(core, slot, &from, &at);
	uint32_t there = distance_between(core->distance, vehicle->class_index, &from, &vehicle->depot).time_ms;
	uint32_t back = distance_between(core->distance, vehicle->class_index, &vehicle->depot, &next->place).time_ms;
	if (there == TIME_INFINITE || back == TIME_INFINITE)
		return 0;
	instant_ms spare = plan_ready(core, next_more->ride) - later(at, core->now) - there - back -
			   2 * (instant_ms)town_of(core)->rules.stop_ms - 2 * (instant_ms)core->settings.reserve_ms;
	uint32_t most_ms = errand_ms(core, slot, kind);
	if (spare < least_ms || most_ms < least_ms)
		return 0;
	put_first(core, slot, kind, &vehicle->depot, spare < most_ms ? (uint32_t)spare : most_ms);
	return 1;
}

void plan_drop_task(struct core *core, uint32_t slot, uint32_t at)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	struct core_task *tasks = core_tasks(core, slot);
	struct task_more *tasks_more = core_tasks_more(core, slot);
	assert(at < more->n);
	core_touch_vehicle(core, slot);
	more->n--;
	memmove(tasks + at, tasks + at + 1, (more->n - at) * sizeof *tasks);
	memmove(tasks_more + at, tasks_more + at + 1, (more->n - at) * sizeof *tasks_more);
	memset(tasks + more->n, 0, sizeof *tasks);
	memset(tasks_more + more->n, 0, sizeof *tasks_more);
	relink(core, slot, at);
}

/* The vehicle serves task `at` before those ahead of it: it becomes the first. */
void plan_first(struct core *core, uint32_t slot, uint32_t at)
{
	struct core_task *tasks = core_tasks(core, slot), task = tasks[at];
	struct task_more *more = core_tasks_more(core, slot), kept = more[at];
	uint32_t pickup = task.kind == WIRE_DROPOFF ? plan_find(core, slot, kept.ride, WIRE_PICKUP) : NONE;
	if (pickup != NONE && pickup < at)
		return; /* it cannot set down who is not aboard */
	core_touch_vehicle(core, slot);
	memmove(tasks + 1, tasks, at * sizeof *tasks);
	memmove(more + 1, more, at * sizeof *more);
	tasks[0] = task;
	more[0] = kept;
	if (crowded_at(core, slot) != NONE) { /* no room for that: as it was */
		memmove(tasks, tasks + 1, at * sizeof *tasks);
		memmove(more, more + 1, at * sizeof *more);
		tasks[at] = task;
		more[at] = kept;
		return;
	}
	relink(core, slot, 0);
	relink(core, slot, 1);
	relink(core, slot, at + 1);
}

void plan_drop_ride(struct core *core, uint32_t slot, uint32_t ride)
{
	int promised = 0;
	for (uint32_t k = core->vehicles_more[slot].n; k-- > 0;) {
		if (core_tasks_more(core, slot)[k].ride != ride)
			continue;
		promised |= !core_tasks_more(core, slot)[k].tentative;
		plan_drop_task(core, slot, k);
	}
	plan_retime(core, slot);
	if (promised)
		plan_changed(core, slot);
}

/* ---- times ---- */

static instant_ms apart(instant_ms a, instant_ms b)
{
	if (a == INSTANT_NONE || b == INSTANT_NONE)
		return 0; /* the first time is told by whoever makes the promise */
	return a > b ? a - b : b - a;
}

/* 1: moved so far that whoever looks at the ride should see it. */
static int retime_ride(struct core *core, const struct core_task *task, uint32_t ride)
{
	struct core_ride *r = &core->rides[ride];
	instant_ms *planned = task->kind == WIRE_PICKUP ? &r->planned_pickup : &r->planned_dropoff;
	instant_ms at = task->kind == WIRE_PICKUP ? task->begin : task->end;
	if (r->state == RIDE_OFFERED || *planned == at)
		return 0;
	instant_ms moved = apart(at, *planned);
	*planned = at;
	core_touch_ride(core, ride);
	struct ride_more *more = &core->rides_more[ride];
	if (task->kind == WIRE_PICKUP && r->state == RIDE_PROMISED && apart(at, more->told_pickup) >= TOLD_STEP_MS) {
		more->told_pickup = at;
		notice_new(core, NOTICE_TIME_CHANGED, ride, at);
	}
	return moved >= SAID_STEP_MS;
}

void plan_retime(struct core *core, uint32_t slot)
{
	struct sequence seq;
	struct times times;
	uint32_t moved[SEQUENCE_MAX], n_moved = 0;
	struct core_task *tasks = core_tasks(core, slot);
	struct task_more *tasks_more = core_tasks_more(core, slot);
	plan_sequence(core, slot, &seq);
	schedule_run(&seq, &times);
	schedule_worst(&seq, &times);
	core_touch_vehicle(core, slot);
	for (uint32_t k = 0; k < seq.n; k++) {
		uint32_t ride = tasks_more[k].ride;
		tasks[k].arrive = times.arrive[k];
		tasks[k].begin = times.begin[k];
		tasks[k].end = times.end[k];
		tasks[k].not_before = seq.steps[k].ready;
		tasks[k].latest = seq.steps[k].promised;
		tasks_more[k].worst = times.worst[k];
		if (ride == NONE || !retime_ride(core, &tasks[k], ride))
			continue;
		int known = 0;
		for (uint32_t i = 0; i < n_moved; i++)
			known |= moved[i] == ride;
		if (!known)
			moved[n_moved++] = ride;
	}
	for (uint32_t i = 0; i < n_moved; i++)
		ride_say(core, moved[i]);
	time_vehicle(core, slot);
}

/* ---- what the vehicle is told ---- */

void plan_changed(struct core *core, uint32_t slot)
{
	core_touch_vehicle(core, slot);
	core->vehicles_more[slot].dirty = 1;
}

static uint32_t first_promised(const struct core *core, uint32_t slot)
{
	const struct task_more *more = core_tasks_more(core, slot);
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++)
		if (!more[k].tentative)
			return k;
	return NONE;
}

void plan_count_mm(struct core *core, uint32_t slot, uint32_t mm)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	core_touch_vehicle(core, slot);
	*(vehicle->n_aboard ? &vehicle->loaded_mm : &vehicle->empty_mm) += mm;
	*(vehicle->n_aboard ? &core->figures.loaded_mm : &core->figures.empty_mm) += mm;
}

void plan_leg(struct core *core, uint32_t slot, const struct place *from, instant_ms at)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	uint32_t k = first_promised(core, slot);
	struct place start = *from;
	core_touch_vehicle(core, slot);
	if (more->phase == PHASE_DRIVING && more->leg_ms) { /* what of the old leg is behind it */
		struct route_result rest = plan_leg_rest(core, slot, &start);
		if (rest.time_ms != TIME_INFINITE && rest.dist_mm < more->leg_mm)
			plan_count_mm(core, slot, more->leg_mm - rest.dist_mm);
	}
	vehicle->anchor = start;
	vehicle->anchor_at = at;
	if (k == NONE) {
		more->phase = PHASE_STANDING;
		core->paths[slot].n = 0;
		return;
	}
	const struct place *to = &core_tasks(core, slot)[k].place;
	uint32_t metric = hours_metric(core, vehicle->class_index, &start, to, at);
	if (more->phase != PHASE_DRIVING || !place_same(to, &more->leg_to) || !more->leg_far)
		more->leg_far = metric != vehicle->class_index; /* a leg once measured as slow stays so */
	more->phase = PHASE_DRIVING;
	more->leg_to = *to;
	struct route_result leg = plan_leg_rest(core, slot, &start);
	more->leg_ms = leg.time_ms == TIME_INFINITE ? NO_WAY_MS : leg.time_ms;
	more->leg_mm = leg.time_ms == TIME_INFINITE ? 0 : leg.dist_mm;
	plan_path(core, slot);
}

void plan_detour(struct core *core, uint32_t slot)
{
	const struct vehicle_path *path = &core->paths[slot];
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	if (more->phase != PHASE_DRIVING || !more->n)
		return;
	instant_ms gone = core->now - vehicle->anchor_at, ends = leg_ends(more, vehicle);
	for (uint32_t i = 0; i + 1 < path->n && gone > 0; i++) {
		if (path->end_ms[i] < gone)
			continue;
		struct place at;
		place_at_arc_end(core, path->arc[i], &at);
		plan_leg(core, slot, &at, later(ends - (path->end_ms[path->n - 1] - path->end_ms[i]), core->now));
		break;
	}
}

/* Sets off, turns or stops, when the first promised task is another one than the vehicle is heading for. */
static void head_for(struct core *core, uint32_t slot)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	uint32_t k = first_promised(core, slot);
	const struct place *to = k == NONE ? NULL : &core_tasks(core, slot)[k].place;
	if (more->phase == PHASE_AT_STOP)
		return; /* it says when it leaves */
	if (more->phase == PHASE_DRIVING && to && place_same(to, &more->leg_to))
		return;
	if (!to)
		return; /* with nothing left to do it drives on to where it was going, and stays there */
	struct place from;
	instant_ms at;
	plan_start(core, slot, &from, &at);
	plan_leg(core, slot, &from, at);
}

static void view_fill(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct core_task *view = core->views + (size_t)slot * core->settings.plan_tasks_max;
	const struct core_task *tasks = core_tasks(core, slot);
	const struct task_more *more = core_tasks_more(core, slot);
	const struct place *before = &vehicle->anchor;
	uint32_t n = 0;
	int direct = 1; /* is the task before in the list the one before in the view? */
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		if (more[k].tentative) {
			direct = 0;
			continue;
		}
		view[n] = tasks[k];
		if (!direct || n == 0) {
			struct route_result leg =
				distance_between(core->distance, vehicle->class_index, before, &tasks[k].place);
			view[n].drive_ms = leg.time_ms == TIME_INFINITE ? NO_WAY_MS : leg.time_ms;
			view[n].drive_mm = leg.time_ms == TIME_INFINITE ? 0 : leg.dist_mm;
		}
		direct = 1;
		before = &tasks[k].place;
		n++;
	}
	memset(view + n, 0, (core->settings.plan_tasks_max - n) * sizeof *view);
	vehicle->n_tasks = n;
}

static void tell(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct core_task *view = core->views + (size_t)slot * core->settings.plan_tasks_max;
	vehicle->plan_epoch = core->epoch;
	vehicle->plan_version++;
	struct upd_plan *plan = &core_say(core, UPD_PLAN)->plan;
	plan->vehicle = vehicle->number;
	plan->epoch = vehicle->plan_epoch;
	plan->version = vehicle->plan_version;
	plan->n_tasks = vehicle->n_tasks;
	for (uint32_t k = 0; k < vehicle->n_tasks; k++)
		plan->tasks[k] = (struct update_task){view[k].ride, view[k].kind, view[k].begin};
}

void plan_view(struct core *core, uint32_t slot)
{
	view_fill(core, slot);
}

void plan_flush(struct core *core)
{
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		uint32_t slot = core->vehicle_order[i];
		struct vehicle_more *more = &core->vehicles_more[slot];
		if (more->dirty) {
			more->dirty = 0;
			vehicle_rest(core, slot);
			more->dirty = 0;
			head_for(core, slot);
			plan_mark_arrived(core, slot);
			plan_retime(core, slot);
			view_fill(core, slot);
			tell(core, slot);
		}
		if (core->is_touched[core->item_base[ITEM_VEHICLE] + slot])
			view_fill(core, slot);
		if (more->said) {
			const struct core_vehicle *vehicle = &core->vehicles[slot];
			more->said = 0;
			core_say(core, UPD_VEHICLE)->vehicle = (struct upd_vehicle){vehicle->number, vehicle->service,
										    vehicle->link_up, vehicle->mode};
		}
	}
}

int plan_is_due(const struct core *core, uint32_t slot, uint32_t k)
{
	return core_tasks(core, slot)[k].kind != WIRE_PICKUP ||
	       core->now >= plan_ready(core, core_tasks_more(core, slot)[k].ride) - core->settings.reserve_ms;
}

/* Standing at a stop: which of the tasks there are being served. A rider whose time has not come is not waited for yet:
 * until reserve_ms before his window the vehicle is free to go elsewhere first. */
void plan_mark_arrived(struct core *core, uint32_t slot)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	if (more->phase != PHASE_AT_STOP)
		return;
	struct core_task *tasks = core_tasks(core, slot);
	for (uint32_t k = 0; k < more->n && place_same(&tasks[k].place, &core->vehicles[slot].anchor); k++) {
		const struct task_more *task = &core_tasks_more(core, slot)[k];
		if (task->ride == NONE)
			break; /* it says itself when that begins; whoever is met there comes after it */
		if (tasks[k].state || task->tentative)
			continue;
		if (!plan_is_due(core, slot, k))
			break;
		core_touch_vehicle(core, slot);
		tasks[k].state = 1;
		if (tasks[k].kind == WIRE_PICKUP)
			ride_at_stop(core, task->ride, more->at_since);
	}
}
