/* Cleaning: after settings.clean_every_ms in service a vehicle is to be swept at its depot. It is sent there up to
 * clean_early_ms sooner when it has nothing to do and is at the depot, or goes there to charge, or the others have
 * little to do; when it is overdue it gets no new riders, serves those whom it was promised, and goes. A cleaning
 * stands first in a plan or nowhere, so that what is planned after it is timed with it; it gives way to promises. */
#include "insertion.h"
#include "state.h"

#define AHEAD_MS HOUR_MS /* who is to be fetched so much later than a cleaning takes finds the vehicle clean */

/* ---- when ---- */

/* In service it counts from here. */
static instant_ms counts_from(const struct core *core, uint32_t slot)
{
	return later(core->vehicles_more[slot].used_at, core->vehicles[slot].shift_from);
}

void cleaning_count(struct core *core, uint32_t slot)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	core_touch_vehicle(core, slot);
	if (core->vehicles[slot].service != SERVICE_OUT)
		more->used_ms += later(core->now - counts_from(core, slot), 0);
	more->used_at = core->now;
}

instant_ms cleaning_due_at(const struct core *core, uint32_t slot)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	if (!core->settings.clean_every_ms || !more->cleans || core->vehicles[slot].service == SERVICE_OUT)
		return INT64_MAX;
	return counts_from(core, slot) + core->settings.clean_every_ms - more->used_ms;
}

static int is_planned(const struct core *core, uint32_t slot)
{
	return core->vehicles_more[slot].n && core_tasks(core, slot)->kind == WIRE_CLEAN;
}

int cleaning_overdue(const struct core *core, uint32_t slot, instant_ms at)
{
	return cleaning_due_at(core, slot) <= at && !is_planned(core, slot);
}

int cleaning_refuses(const struct core *core, uint32_t slot, const struct ask *ask)
{
	const struct core_settings *s = &core->settings;
	if (ask->earliest >= core->now + AHEAD_MS + s->clean_ms)
		return 0;
	if (!ask->fixed) /* it must still hold when it is accepted */
		return cleaning_overdue(core, slot, core->now + later(s->offer_hold_ms, s->offer_hold_wall_ms));
	return ask->ride < s->rides_max && core->rides[ask->ride].state == RIDE_OFFERED &&
	       cleaning_overdue(core, slot, core->now); /* a promise outranks the broom */
}

/* ---- a quiet moment ---- */

/* Its way is short, or at least half of the others idle; and at most a quarter of them are being cleaned. */
static int is_good_moment(const struct core *core, uint32_t slot)
{
	uint32_t n = 0, idle = 0, away = 0;
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		if (i == slot || core->vehicles[i].service != SERVICE_IN || vehicle_refuses(core, i))
			continue;
		n++;
		idle += !plan_n_serving(core, i) && !core->vehicles[i].n_aboard;
		away += (uint32_t)is_planned(core, i);
	}
	const int is_there = place_same(&core->vehicles[slot].anchor, &core->vehicles[slot].depot) &&
			     core->vehicles_more[slot].phase != PHASE_DRIVING;
	const int goes_there = !core->vehicles_more[slot].n && vehicle_is_low(core, slot);
	return (is_there || goes_there || 2 * idle >= n) && 4 * away <= n;
}

static int bay_free(const struct core *core, uint32_t slot)
{
	return vehicle_depot_free(core, slot, WIRE_CLEAN, core->settings.clean_slots);
}

static int is_free(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	return !vehicle->n_aboard && vehicle->link_up && !vehicle->standstill && !vehicle->held &&
	       vehicle->service == SERVICE_IN && !core->vehicles_more[slot].leaving && !is_planned(core, slot);
}

int cleaning_rest(struct core *core, uint32_t slot)
{
	const struct core_settings *s = &core->settings;
	const instant_ms due = cleaning_due_at(core, slot);
	if (due > core->now + s->clean_early_ms || !is_free(core, slot) || !bay_free(core, slot) ||
	    (due > core->now && !is_good_moment(core, slot)))
		return 0;
	if (due <= core->now && core->vehicles_more[slot].n == 1 && !plan_n_serving(core, slot)) {
		plan_drop_task(core, slot, 0); /* where it would only wait */
		plan_changed(core, slot);
	}
	return core->vehicles_more[slot].n ? plan_put_between(core, slot, WIRE_CLEAN, s->clean_ms)
					   : plan_put_depot(core, slot, WIRE_CLEAN);
}

int cleaning_after_shift(struct core *core, uint32_t slot)
{
	const struct core_settings *s = &core->settings;
	const struct vehicle_more *more = &core->vehicles_more[slot];
	return s->clean_every_ms && more->cleans && more->used_ms + s->clean_early_ms >= s->clean_every_ms &&
	       bay_free(core, slot) && plan_put_depot(core, slot, WIRE_CLEAN);
}

instant_ms cleaning_looks_at(const struct core *core, uint32_t slot)
{
	const instant_ms due = cleaning_due_at(core, slot);
	if (due == INT64_MAX || !is_free(core, slot))
		return INT64_MAX;
	return later(due - core->settings.clean_early_ms, (core->now / MINUTE_MS + 1) * MINUTE_MS);
}

/* ---- it gives way, and it is done ---- */

void cleaning_yield(struct core *core, uint32_t slot)
{
	const struct core_task *tasks = core_tasks(core, slot);
	const struct task_more *more = core_tasks_more(core, slot);
	int late = 0;
	for (uint32_t k = 1; is_planned(core, slot) && k < core->vehicles_more[slot].n; k++) {
		instant_ms value = tasks[k].kind == WIRE_PICKUP ? tasks[k].arrive : tasks[k].end;
		late |= !more[k].tentative && tasks[k].latest != INT64_MAX &&
			(value > tasks[k].latest || (!tasks[0].state && more[k].worst > tasks[k].latest));
	}
	if (!late)
		return;
	plan_drop_task(core, slot, 0);
	plan_retime(core, slot);
	plan_changed(core, slot);
}

void cleaning_ended(struct core *core, uint32_t slot, instant_ms at)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	const int planned = is_planned(core, slot);
	const instant_ms needs_ms = planned ? core_tasks_more(core, slot)->dwell_ms : core->settings.clean_ms;
	core_touch_vehicle(core, slot);
	if (more->clean_from != INSTANT_NONE && at - more->clean_from + SECOND_MS >= needs_ms) {
		core->vehicles[slot].cleaned_at = more->used_at = at;
		more->used_ms = 0;
	}
	more->clean_from = INSTANT_NONE;
}
