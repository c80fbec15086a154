/* Every invariant of the state, written down once more and independently of the code that keeps it. */
#include "schedule.h"
#include "state.h"

struct check {
	const struct core *core;
	struct err_detail *detail;
};

#define BROKEN(c, ...) return err_set((c)->detail, ERR_BROKEN, __VA_ARGS__)

static int check_offered(const struct check *c, uint32_t slot)
{
	const struct core_ride *ride = &c->core->rides[slot];
	const struct ride_more *more = &c->core->rides_more[slot];
	if (!ride->n_offers || ride->n_offers > CORE_OFFERS_MAX)
		BROKEN(c, "ride %llu is offered without offers", (unsigned long long)ride->ride);
	for (uint32_t k = 0; k < ride->n_offers; k++)
		if (ride->offers[k].latest_pickup - ride->offers[k].earliest_pickup >
		    c->core->town->rules.pickup_window_ms)
			BROKEN(c, "ride %llu: an offered window is too long", (unsigned long long)ride->ride);
	if (more->reserved && (more->vehicle == NONE || plan_find(c->core, more->vehicle, slot, WIRE_PICKUP) == NONE))
		BROKEN(c, "ride %llu: its reservation is in no plan", (unsigned long long)ride->ride);
	if (ride->client && hash_map_get(&c->core->client_map, ride->client) != slot)
		BROKEN(c, "ride %llu: its client has another open request", (unsigned long long)ride->ride);
	return ERR_OK;
}

static int check_promised(const struct check *c, uint32_t slot)
{
	const struct core_ride *ride = &c->core->rides[slot];
	const struct ride_more *more = &c->core->rides_more[slot];
	const struct core *core = c->core;
	if (more->vehicle == NONE || core->vehicles[more->vehicle].number != ride->vehicle)
		BROKEN(c, "ride %llu is promised but no vehicle has it", (unsigned long long)ride->ride);
	uint32_t p = plan_find(core, more->vehicle, slot, WIRE_PICKUP),
		 d = plan_find(core, more->vehicle, slot, WIRE_DROPOFF);
	if (d == NONE || (p == NONE) != (ride->state == RIDE_ABOARD) || (p != NONE && p > d))
		BROKEN(c, "ride %llu: pickup and drop-off do not follow each other in its plan",
		       (unsigned long long)ride->ride);
	if (core_tasks_more(core, more->vehicle)[d].tentative)
		BROKEN(c, "ride %llu is promised, its tasks are tentative", (unsigned long long)ride->ride);
	if (ride->latest_pickup - ride->earliest_pickup > core->town->rules.pickup_window_ms)
		BROKEN(c, "ride %llu: its window is too long", (unsigned long long)ride->ride);
	if (ride->state == RIDE_AT_STOP && core->vehicles_more[more->vehicle].phase != PHASE_AT_STOP)
		BROKEN(c, "ride %llu: no vehicle stands at its stop", (unsigned long long)ride->ride);
	return ERR_OK;
}

static int check_ride(const struct check *c, uint32_t slot)
{
	const struct core_ride *ride = &c->core->rides[slot];
	const struct ride_more *more = &c->core->rides_more[slot];
	if (!more->used || !ride->ride || hash_map_get(&c->core->ride_map, ride->ride) != slot)
		BROKEN(c, "ride %llu is not where its number says", (unsigned long long)ride->ride);
	if (ride->state < RIDE_OFFERED || ride->state >= RIDE_STATES)
		BROKEN(c, "ride %llu has state %u", (unsigned long long)ride->ride, ride->state);
	if (ride_open(ride->state) && ride->closed_at != INSTANT_NONE)
		BROKEN(c, "ride %llu is open and closed", (unsigned long long)ride->ride);
	if (!ride_open(ride->state) && ride->state != RIDE_BROKEN &&
	    (ride->closed_at == INSTANT_NONE || more->vehicle != NONE))
		BROKEN(c, "ride %llu is over but still held", (unsigned long long)ride->ride);
	if (ride->state == RIDE_BROKEN && ride->closed_at == INSTANT_NONE && !more->needs_case &&
	    !case_open_for(c->core, ride->ride))
		BROKEN(c, "ride %llu is broken and nobody's task", (unsigned long long)ride->ride);
	if (ride->taken_out && (core_slot(c->core, ride->taken_out) == NONE ||
				(more->vehicle != NONE && c->core->vehicles[more->vehicle].number == ride->taken_out)))
		BROKEN(c, "ride %llu was taken out of a vehicle that has it", (unsigned long long)ride->ride);
	if (ride->state == RIDE_OFFERED)
		return check_offered(c, slot);
	if (ride->state == RIDE_PROMISED || ride->state == RIDE_AT_STOP || ride->state == RIDE_ABOARD)
		return check_promised(c, slot);
	return ERR_OK;
}

static int is_aboard(const struct core_vehicle *vehicle, uint64_t ride)
{
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		if (vehicle->aboard[i] == ride)
			return 1;
	return 0;
}

static int check_aboard(const struct check *c, uint32_t slot)
{
	const struct core_vehicle *vehicle = &c->core->vehicles[slot];
	for (uint32_t i = 0; i < vehicle->n_aboard; i++) {
		uint32_t ride = core_ride_slot(c->core, vehicle->aboard[i]);
		if (i && vehicle->aboard[i] <= vehicle->aboard[i - 1])
			BROKEN(c, "vehicle %u: riders aboard out of order", vehicle->number);
		if (ride == NONE || c->core->rides[ride].state != RIDE_ABOARD ||
		    c->core->rides_more[ride].vehicle != slot)
			BROKEN(c, "vehicle %u: ride %llu is aboard, but does not know", vehicle->number,
			       (unsigned long long)vehicle->aboard[i]);
	}
	for (uint32_t r = 0; r < c->core->n_rides; r++) {
		uint32_t ride = c->core->ride_order[r];
		if (c->core->rides[ride].state == RIDE_ABOARD && c->core->rides_more[ride].vehicle == slot &&
		    !is_aboard(vehicle, c->core->rides[ride].ride))
			BROKEN(c, "vehicle %u: ride %llu is not aboard", vehicle->number,
			       (unsigned long long)c->core->rides[ride].ride);
	}
	return ERR_OK;
}

static int check_task(const struct check *c, uint32_t slot, uint32_t k)
{
	const struct core *core = c->core;
	const struct core_task *task = &core_tasks(core, slot)[k];
	const struct task_more *more = &core_tasks_more(core, slot)[k];
	const uint32_t number = core->vehicles[slot].number;
	if (!task->ride && core->vehicles[slot].n_aboard)
		BROKEN(c, "vehicle %u: an errand with riders aboard", number);
	if (task->kind == WIRE_CLEAN && k)
		BROKEN(c, "vehicle %u: is cleaned after task %u", number, k - 1);
	if (!task->ride)
		return task->kind == WIRE_PARK || task->kind == WIRE_CHARGE || task->kind == WIRE_CLEAN
			       ? ERR_OK
			       : err_set(c->detail, ERR_BROKEN, "vehicle %u: task %u is for nobody", number, k);
	if (more->ride == NONE || core->rides[more->ride].ride != task->ride ||
	    core->rides_more[more->ride].vehicle != slot)
		BROKEN(c, "vehicle %u: task %u is for a ride that is elsewhere", number, k);
	if (more->tentative != (core->rides[more->ride].state == RIDE_OFFERED))
		BROKEN(c, "vehicle %u: task %u is %stentative", number, k, more->tentative ? "" : "not ");
	for (uint32_t other = 0; other < k; other++)
		if (core_tasks_more(core, slot)[other].ride == more->ride &&
		    core_tasks(core, slot)[other].kind == task->kind)
			BROKEN(c, "vehicle %u: tasks %u and %u are the same", number, other, k);
	return ERR_OK;
}

static int check_seats(const struct check *c, uint32_t slot)
{
	const struct core *core = c->core;
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	int32_t load[TOWN_SPACES_MAX] = {0}, start[TOWN_SPACES_MAX];
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
			load[s] += core->rides[core_ride_slot(core, vehicle->aboard[i])].units[s];
	memcpy(start, load, sizeof start);
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		for (uint32_t s = 0; ride != NONE && s < TOWN_SPACES_MAX; s++) {
			int32_t units = core->rides[ride].units[s];
			load[s] += core_tasks(core, slot)[k].kind == WIRE_PICKUP ? units : -units;
			/* whom the vehicle itself took in above its room is its word; the plan adds nobody to them */
			if (load[s] < 0 || (load[s] > vehicle->spaces[s] && load[s] > start[s]))
				BROKEN(c, "vehicle %u: %d of %u places of space %u after task %u", vehicle->number,
				       load[s], vehicle->spaces[s], s, k);
		}
	}
	for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
		if (load[s])
			BROKEN(c, "vehicle %u: %d places of space %u are never left", vehicle->number, load[s], s);
	return ERR_OK;
}

static int check_vehicle(const struct check *c, uint32_t slot)
{
	const struct core *core = c->core;
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	uint32_t promised = 0;
	if (!more->used || hash_map_get(&core->vehicle_map, vehicle->number) != slot)
		BROKEN(c, "vehicle %u is not where its number says", vehicle->number);
	if (more->n > core->settings.plan_tasks_max || more->dirty || more->said)
		BROKEN(c, "vehicle %u: its plan is in the middle of a change", vehicle->number);
	if (vehicle->supervisor[0] && supervision_find(core, vehicle->supervisor) == NONE)
		BROKEN(c, "vehicle %u: its supervisor is not on duty", vehicle->number);
	for (uint32_t k = 0; k < more->n; k++) {
		int code = check_task(c, slot, k);
		if (code)
			return code;
		promised += !core_tasks_more(core, slot)[k].tentative;
	}
	if (promised != vehicle->n_tasks)
		BROKEN(c, "vehicle %u: %u tasks promised, %u shown", vehicle->number, promised, vehicle->n_tasks);
	int code = check_aboard(c, slot);
	return code ? code : check_seats(c, slot);
}

static int check_supervisors(const struct check *c)
{
	const struct core *core = c->core;
	for (uint32_t i = 0; i < core->n_supervisors; i++) {
		const struct core_supervisor *s = &core->supervisors[i];
		uint32_t n = 0;
		for (uint32_t v = 0; v < core->n_vehicles; v++) {
			if (strncmp(core->vehicles[v].supervisor, s->who, CORE_WHO_MAX) != 0)
				continue;
			n++;
			if (s->simulated && !core->vehicles[v].simulated)
				BROKEN(c, "a simulated supervisor watches vehicle %u", core->vehicles[v].number);
		}
		if (n > s->vehicles_max)
			BROKEN(c, "supervisor %u watches %u vehicles, may watch %u", i, n, s->vehicles_max);
	}
	return ERR_OK;
}

static int check_counts(const struct check *c)
{
	const struct core *core = c->core;
	if (core->n_rides + core->n_ride_free != core->settings.rides_max)
		BROKEN(c, "%u rides and %u free places are not %u", core->n_rides, core->n_ride_free,
		       core->settings.rides_max);
	for (uint32_t i = 1; i < core->n_vehicles; i++)
		if (core->vehicles[core->vehicle_order[i]].number <= core->vehicles[core->vehicle_order[i - 1]].number)
			BROKEN(c, "vehicles are out of order");
	const struct core_figures *f = &core->figures;
	if (f->offered > f->asked || f->promised > f->offered || f->done > f->promised ||
	    f->kept + f->broken > f->promised)
		BROKEN(c,
		       "figures do not add up: asked %llu, offered %llu, promised %llu, done %llu, kept %llu, broken "
		       "%llu",
		       (unsigned long long)f->asked, (unsigned long long)f->offered, (unsigned long long)f->promised,
		       (unsigned long long)f->done, (unsigned long long)f->kept, (unsigned long long)f->broken);
	for (uint32_t item = 0; item < core->n_items; item++)
		if (core->is_touched[item])
			BROKEN(c, "item %u changed after the digest", item);
	return ERR_OK;
}

int core_check(const struct core *core, struct err_detail *detail)
{
	struct check c = {core, detail};
	int code = check_counts(&c);
	for (uint32_t i = 0; !code && i < core->n_rides; i++)
		code = check_ride(&c, core->ride_order[i]);
	for (uint32_t i = 0; !code && i < core->n_vehicles; i++)
		code = check_vehicle(&c, core->vehicle_order[i]);
	return code ? code : check_supervisors(&c);
}
