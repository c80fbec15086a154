/* Streets that are closed or slow for a while. Each closure is a person's (or a feed's) word with a reason; beside them
 * stands one list of streets on which our own vehicles were slow. Together they say of every arc the worst that any
 * says. A change re-measures all plans: promises that the streets make impossible are moved, or broken with
 * CAUSE_ROAD_CLOSED (closures) or CAUSE_SLOWER_STREETS (speeds). */
#include "distance.h"
#include "state.h"

static uint32_t find(const struct core *core, uint64_t number)
{
	for (uint32_t i = 0; i < core->n_closures; i++)
		if (core->closures[i].closure == number)
			return i;
	return NONE;
}

static int is_worse(uint32_t slow, uint32_t other)
{
	return other != 0 && (slow == 0 || slow > other);
}

/* Adds an arc to the ascending list, or makes the one there worse. */
static int merge(struct wire_street *streets, uint32_t *n, uint32_t arc, uint32_t slow_permille, uint32_t seen)
{
	uint32_t at = 0;
	while (at < *n && streets[at].arc < arc)
		at++;
	if (at < *n && streets[at].arc == arc) {
		if (is_worse(slow_permille, streets[at].slow_permille))
			streets[at] = (struct wire_street){arc, slow_permille, seen};
		return ERR_OK;
	}
	if (*n == WIRE_STREETS_MAX)
		return ERR_FULL;
	memmove(streets + at + 1, streets + at, (*n - at) * sizeof *streets);
	streets[at] = (struct wire_street){arc, slow_permille, seen};
	(*n)++;
	return ERR_OK;
}

static int merge_closure(struct wire_street *streets, uint32_t *n, uint32_t slow_permille, const uint32_t *arcs,
			 uint32_t n_arcs)
{
	int code = ERR_OK;
	for (uint32_t i = 0; i < n_arcs && !code; i++)
		code = merge(streets, n, arcs[i], slow_permille, 0);
	return code;
}

/* What all but one of them say; `but` may be NONE. */
static uint32_t merge_all(const struct core *core, uint32_t but, struct wire_street *streets)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < core->n_closures; i++) {
		const struct core_closure *c = &core->closures[i];
		int code = i == but ? ERR_OK : merge_closure(streets, &n, c->slow_permille, c->arcs, c->n);
		assert(!code); /* closure_take has counted them */
	}
	return n;
}

/* Adds what vehicles found, as far as there is room beside the closures. */
static uint32_t merge_speeds(const struct core *core, struct wire_street *streets, uint32_t n)
{
	for (uint32_t i = 0; i < core->speeds.n; i++)
		if (merge(streets, &n, core->speeds.arcs[i], core->speeds.slow_permille[i], 1))
			break;
	return n;
}

static void touch_all(struct core *core)
{
	instant_ms next = INT64_MAX;
	for (uint32_t i = 0; i < CORE_CLOSURES_MAX; i++)
		core_touch(core, ITEM_CLOSURE, i);
	core_touch(core, ITEM_SPEEDS, 0);
	if (core->speeds.n)
		next = core->speeds.until;
	next = sooner(next, core->border);
	for (uint32_t i = 0; i < core->n_closures; i++)
		if (core->closures[i].until)
			next = sooner(next, core->closures[i].until);
	timers_set(&core->timers, core->settings.rides_max + core->settings.vehicles_max, next);
}

/* ---- places that cannot be reached any more ---- */

/* The open stop nearest by air; 0 = none. */
static int stop_instead(const struct core *core, uint32_t class_index, int step_free, struct place *place)
{
	const struct town *town = core->town;
	const struct spot *spots = town->stop_spot + (size_t)class_index * town->n_stops;
	uint32_t best = NONE;
	uint64_t best_mm = UINT64_MAX;
	for (uint32_t s = 0; s < town->n_stops; s++) {
		uint64_t mm = geo_rough_mm(place->point, town->stop_point[s]);
		if (mm >= best_mm || (step_free && town->stop_step_free[s] != 1) ||
		    !distance_is_open(core->distance, class_index, spots[s]))
			continue;
		best = s;
		best_mm = mm;
	}
	if (best == NONE)
		return 0;
	*place = stop_place(core, best);
	place->road = spots[best];
	return 1;
}

static int is_cut_off(const struct core *core, uint32_t slot, const struct place *place)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	return !distance_is_open(core->distance, vehicle->class_index, place->road) &&
	       !(core->vehicles_more[slot].phase == PHASE_AT_STOP && place_same(&vehicle->anchor, place));
}

/* At the vehicle already: it takes the rider to a stop that can be reached. */
static void other_dropoff(struct core *core, uint32_t ride, uint32_t vehicle)
{
	const struct ride_more *more = &core->rides_more[ride];
	uint32_t task = plan_find(core, vehicle, ride, WIRE_DROPOFF);
	struct place *place = &core->rides[ride].dropoff;
	if (task == NONE || !stop_instead(core, core->vehicles[vehicle].class_index, more->step_free, place))
		return;
	core_touch_vehicle(core, vehicle);
	core_tasks(core, vehicle)[task].place = *place;
	ride_say_broken(core, ride, CAUSE_ROAD_CLOSED);
}

/* The place is part of the promise: with another one it is a new promise, and the old one is broken. */
static void other_places(struct core *core, uint32_t slot, uint32_t vehicle, int pickup, int dropoff)
{
	struct core_ride *ride = &core->rides[slot];
	const uint32_t class_index = core->vehicles[vehicle].class_index;
	const int step_free = core->rides_more[slot].step_free;
	core_touch_ride(core, slot);
	if (pickup)
		stop_instead(core, class_index, step_free, &ride->pickup);
	if (dropoff)
		stop_instead(core, class_index, step_free, &ride->dropoff);
	ride_leave_plan(core, slot);
	ride_break(core, slot, CAUSE_ROAD_CLOSED);
}

static void ride_reach(struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	uint32_t vehicle = core->rides_more[slot].vehicle;
	if (vehicle == NONE)
		return;
	int pickup = ride->state == RIDE_PROMISED && is_cut_off(core, vehicle, &ride->pickup);
	int dropoff = is_cut_off(core, vehicle, &ride->dropoff);
	if (ride->state == RIDE_PROMISED && (pickup || dropoff))
		other_places(core, slot, vehicle, pickup, dropoff);
	else if ((ride->state == RIDE_AT_STOP || ride->state == RIDE_ABOARD) && dropoff)
		other_dropoff(core, slot, vehicle);
}

static void depot_reach(struct core *core, uint32_t slot)
{
	for (uint32_t k = core->vehicles_more[slot].n; k-- > 0;)
		if (!core_tasks(core, slot)[k].ride && is_cut_off(core, slot, &core_tasks(core, slot)[k].place))
			plan_drop_task(core, slot, k);
}

static void vehicle_replan(struct core *core, uint32_t slot, uint8_t cause)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	if (more->phase == PHASE_DRIVING && more->n) { /* else it drives on to where it was going */
		struct place from = core->vehicles[slot].anchor;
		more->leg_ms = 0; /* what lies behind has been counted */
		plan_leg(core, slot, &from, core->vehicles[slot].anchor_at);
	}
	plan_relink(core, slot);
	plan_retime(core, slot);
	vehicle_deviated(core, slot, cause);
	plan_changed(core, slot);
}

void closure_reach(struct core *core)
{
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		depot_reach(core, core->vehicle_order[i]);
	for (uint32_t i = 0; i < core->n_rides; i++)
		ride_reach(core, core->ride_order[i]);
}

/* Before the distances change: vehicles under way are where they are by the streets as they were. */
static void begin_effect(struct core *core, uint8_t cause)
{
	if (cause == CAUSE_ROAD_CLOSED) /* a slower way is found at acceptance, a place that is cut off is not */
		ride_end_offers(core);
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		plan_detour(core, core->vehicle_order[i]);
}

static void end_effect(struct core *core, uint8_t cause)
{
	core->untimed = 1;
	closure_reach(core);
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		vehicle_replan(core, core->vehicle_order[i], cause);
	core->untimed = 0;
}

/* The streets are as closures and speeds say from now on. */
static void take_effect(struct core *core, uint8_t cause)
{
	core->n_streets = merge_speeds(core, core->streets, merge_all(core, NONE, core->streets));
	touch_all(core);
	begin_effect(core, cause);
	distance_streets(core->distance, core->streets, core->n_streets);
	end_effect(core, cause);
}

static void drop(struct core *core, uint32_t i)
{
	core->n_closures--;
	memmove(core->closures + i, core->closures + i + 1, (core->n_closures - i) * sizeof core->closures[0]);
}

static void put(struct core *core, const struct cmd_closure *command)
{
	uint32_t i = 0;
	while (i < core->n_closures && core->closures[i].closure < command->closure)
		i++;
	memmove(core->closures + i + 1, core->closures + i, (core->n_closures - i) * sizeof core->closures[0]);
	core->n_closures++;
	struct core_closure *c = &core->closures[i];
	memset(c, 0, sizeof *c);
	c->closure = command->closure;
	c->slow_permille = command->slow_permille;
	c->made_at = core->now;
	c->until = command->until;
	c->n = command->n;
	memcpy(c->arcs, command->arcs, command->n * sizeof c->arcs[0]);
	core_text(c->by, sizeof c->by, command->by);
	core_text(c->reason, sizeof c->reason, command->reason);
}

static int is_valid(const struct core *core, const struct cmd_closure *command)
{
	if (!command->n || command->n > COMMAND_ARCS_MAX || (command->until && !instant_sane(command->until)))
		return 0;
	if (command->slow_permille && (command->slow_permille <= 1000 || command->slow_permille > WIRE_SLOW_MAX))
		return 0;
	for (uint32_t i = 0; i < command->n; i++)
		if (command->arcs[i] >= core->town->road.n_arcs)
			return 0;
	return 1;
}

int closure_take(struct core *core, const struct cmd_closure *command)
{
	struct wire_street streets[WIRE_STREETS_MAX];
	uint32_t before = find(core, command->closure);
	if (command->lifted) {
		if (before == NONE)
			return ERR_NOT_FOUND;
		drop(core, before);
		take_effect(core, CAUSE_ROAD_CLOSED);
		return ERR_OK;
	}
	if (!command->closure || !is_valid(core, command))
		return ERR_RANGE;
	if (command->until && command->until <= core->now)
		return ERR_STALE;
	uint32_t n = merge_all(core, before, streets);
	if ((before == NONE && core->n_closures == CORE_CLOSURES_MAX) ||
	    merge_closure(streets, &n, command->slow_permille, command->arcs, command->n))
		return ERR_FULL;
	if (before != NONE)
		drop(core, before);
	put(core, command);
	take_effect(core, CAUSE_ROAD_CLOSED);
	return ERR_OK;
}

void closure_due(struct core *core)
{
	uint32_t n_before = core->n_closures, n_speeds = core->speeds.n;
	hours_due(core);
	for (uint32_t i = core->n_closures; i-- > 0;)
		if (core->closures[i].until && core->closures[i].until <= core->now)
			drop(core, i);
	if (core->speeds.n && core->speeds.until <= core->now)
		memset(&core->speeds, 0, sizeof core->speeds);
	if (core->n_closures < n_before || core->speeds.n < n_speeds)
		take_effect(core, core->n_closures < n_before ? CAUSE_ROAD_CLOSED : CAUSE_SLOWER_STREETS);
	else
		touch_all(core);
}

void closure_timer(struct core *core)
{
	touch_all(core);
}

static int speeds_valid(const struct core *core, uint32_t n, const uint32_t *arcs, const uint32_t *slow_permille)
{
	if (n > COMMAND_SPEEDS_MAX)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		if (arcs[i] >= core->town->road.n_arcs || (i && arcs[i] <= arcs[i - 1]) || slow_permille[i] <= 1000 ||
		    slow_permille[i] > WIRE_SLOW_MAX)
			return 0;
	return 1;
}

int closure_speeds(struct core *core, const struct cmd_street_speeds *command)
{
	struct core_speeds *speeds = &core->speeds;
	size_t bytes = command->n * sizeof speeds->arcs[0];
	if (!speeds_valid(core, command->n, command->arcs, command->slow_permille) || !instant_sane(command->until))
		return ERR_RANGE;
	if (command->n && command->until <= core->now)
		return ERR_STALE;
	int is_same = command->n == speeds->n && !memcmp(command->arcs, speeds->arcs, bytes) &&
		      !memcmp(command->slow_permille, speeds->slow_permille, bytes);
	memset(speeds, 0, sizeof *speeds);
	*speeds = (struct core_speeds){core->now, command->n ? command->until : 0, command->n, {0}, {0}};
	memcpy(speeds->arcs, command->arcs, bytes);
	memcpy(speeds->slow_permille, command->slow_permille, bytes);
	if (is_same)
		touch_all(core);
	else
		take_effect(core, CAUSE_SLOWER_STREETS);
	return ERR_OK;
}

/* Like a closure it is the world that changes: what was promised is moved, or broken with its cause. */
int closure_condition(struct core *core, const struct cmd_condition *command)
{
	uint32_t bit = town_condition(core->town, command->name);
	uint32_t conditions = command->on ? core->conditions | bit : core->conditions & ~bit;
	if (!bit)
		return ERR_NOT_FOUND;
	if (conditions == core->conditions)
		return ERR_OK;
	uint8_t cause = town_profiles_close(core->town, bit) ? CAUSE_ROAD_CLOSED : CAUSE_SLOWER_STREETS;
	begin_effect(core, cause);
	core->conditions = conditions;
	hours_set(core, core->now);
	touch_all(core);
	end_effect(core, cause);
	return ERR_OK;
}

int closure_derive(struct core *core)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < core->n_closures; i++) {
		const struct core_closure *c = &core->closures[i];
		if (c->n > COMMAND_ARCS_MAX || (i && c->closure <= core->closures[i - 1].closure))
			return ERR_RANGE;
		for (uint32_t k = 0; k < c->n; k++)
			if (c->arcs[k] >= core->town->road.n_arcs)
				return ERR_RANGE;
		if (merge_closure(core->streets, &n, c->slow_permille, c->arcs, c->n))
			return ERR_RANGE;
	}
	if (!speeds_valid(core, core->speeds.n, core->speeds.arcs, core->speeds.slow_permille))
		return ERR_RANGE;
	n = merge_speeds(core, core->streets, n);
	core->n_streets = n;
	distance_streets(core->distance, core->streets, n);
	touch_all(core);
	return ERR_OK;
}

void closure_forget(struct core *core)
{
	if (core->n_closures || core->conditions)
		case_new(core, CASE_STREETS, 0, 0, core->n_closures ? core->closures[0].reason : "");
	core->conditions = 0;
	core->n_closures = core->n_streets = 0;
	memset(&core->speeds, 0, sizeof core->speeds);
	touch_all(core);
}

uint32_t core_n_closures(const struct core *core)
{
	return core->n_closures;
}

const struct core_closure *core_closure_at(const struct core *core, uint32_t index)
{
	assert(index < core->n_closures);
	return &core->closures[index];
}

uint32_t core_conditions(const struct core *core)
{
	return core->conditions;
}

const struct core_speeds *core_speeds(const struct core *core)
{
	return &core->speeds;
}

const struct wire_street *core_streets(const struct core *core, uint32_t *ret_n)
{
	*ret_n = core->n_streets;
	return core->streets;
}
