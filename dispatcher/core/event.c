/* What a vehicle says that it did. Its word about who is aboard wins over the plan. Events come in order, each once:
 * (boot, sequence) is remembered, repeats are acknowledged again, gaps are not, so that the vehicle repeats. */
#include "state.h"

#define HOME_MM 150000 /* let out this near to the drop-off is at the drop-off */

static struct place place_of(const struct core *core, const struct wire_place *wire)
{
	struct place place = {
		.point = {wire->lat_e7, wire->lon_e7}, .walk = {NONE, 0}, .stop = NONE, .side = wire->side & 1};
	place.road = (struct spot){NONE, 0};
	if (wire->arc < core->town->road.n_arcs && wire->offset_mm <= core->town->road.dist_mm[wire->arc])
		place.road = (struct spot){wire->arc, wire->offset_mm};
	return place;
}

/* Left a stop although somebody was still expected there: it must come back. */
static void left_stop(struct core *core, uint32_t slot)
{
	struct core_task *tasks = core_tasks(core, slot);
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		tasks[k].state = 0;
		if (ride == NONE || core->rides[ride].state != RIDE_AT_STOP)
			continue;
		core->rides[ride].state = RIDE_PROMISED;
		core->rides[ride].at_stop_at = core->rides[ride].last_call_at = INSTANT_NONE;
		core->rides_more[ride].evidence = 0;
		ride_say(core, ride);
	}
}

static void stand_at(struct core *core, uint32_t slot, const struct place *place, instant_ms at, uint8_t phase)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	if (more->phase == PHASE_AT_STOP && phase == PHASE_AT_STOP && place_same(&vehicle->anchor, place))
		return; /* one more task of the stop it stands at */
	if (more->phase == PHASE_DRIVING)
		plan_count_mm(core, slot, more->leg_mm);
	if (more->phase == PHASE_AT_STOP && !place_same(&vehicle->anchor, place))
		left_stop(core, slot);
	vehicle->anchor = *place;
	vehicle->anchor_at = at;
	more->phase = phase;
	more->at_since = at;
	core->paths[slot].n = 0;
}

/* Tasks reserved for open offers before the stop that was reached are overtaken: those offers are looked at anew when
 * accepted. */
static void drop_overtaken(struct core *core, uint32_t slot)
{
	while (core->vehicles_more[slot].n && core_tasks_more(core, slot)[0].tentative)
		ride_unreserve(core, core_tasks_more(core, slot)[0].ride);
}

static uint32_t task_named(const struct core *core, uint32_t slot, const struct wire_event *event)
{
	const struct core_task *tasks = core_tasks(core, slot);
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++)
		if (!core_tasks_more(core, slot)[k].tentative && tasks[k].ride == event->ride &&
		    tasks[k].kind == event->task_kind)
			return k;
	return NONE;
}

static int arrived(struct core *core, uint32_t slot, const struct wire_event *event, instant_ms at)
{
	struct place place = place_of(core, &event->place);
	uint32_t k = task_named(core, slot, event);
	if (k == NONE) { /* a stop of an older plan: its doors are open there, also for those of the new plan who wait
			    at this spot */
		if (place.road.arc != NONE) {
			stand_at(core, slot, &place, at, PHASE_AT_STOP);
			plan_changed(core, slot);
			plan_mark_arrived(core, slot);
			plan_retime(core, slot);
		}
		return ERR_CONFLICT;
	}
	drop_overtaken(core, slot);
	k = task_named(core, slot, event);
	place = core_tasks(core, slot)[k].place;
	stand_at(core, slot, &place, at, PHASE_AT_STOP);
	if (k != 0 && !place_same(&core_tasks(core, slot)[0].place, &place)) {
		/* served out of order: what it does first comes first, as far as pickups still precede their drop-offs;
		 * but not a pickup whose time has not come: there it stands by an older plan, and this one calls it
		 * away */
		if (plan_is_due(core, slot, k))
			plan_first(core, slot, k);
		plan_changed(core, slot);
	}
	plan_mark_arrived(core, slot);
	plan_retime(core, slot);
	return ERR_OK;
}

static int boarded(struct core *core, uint32_t slot, const struct wire_event *event, instant_ms at)
{
	uint32_t ride = core_ride_slot(core, event->ride);
	if (ride == NONE || core->rides[ride].promised_at == INSTANT_NONE) {
		(void)case_new(core, CASE_PASSENGER_CALL, 0, core->vehicles[slot].number, "somebody unknown boarded");
		return ERR_NOT_FOUND;
	}
	struct core_ride *r = &core->rides[ride];
	if (r->state == RIDE_ABOARD || r->state == RIDE_DONE || core->vehicles[slot].n_aboard >= WIRE_ABOARD_MAX) {
		if (r->state == RIDE_ABOARD && core->rides_more[ride].vehicle == slot)
			return ERR_OK;
		(void)case_new(core, CASE_PASSENGER_CALL, r->ride, core->vehicles[slot].number, "boarded twice");
		return ERR_CONFLICT;
	}
	if (r->state == RIDE_NO_SHOW)
		core->figures.no_show--;
	if (r->state == RIDE_CANCELLED)
		core->figures.cancelled--;
	drop_overtaken(core, slot);
	ride_boarded(core, ride, slot, at, event->evidence);
	return ERR_OK;
}

/* Out of the vehicle, but not where it was promised: somebody sees to it that the rider gets home. */
static void let_out(struct core *core, uint32_t slot, uint32_t ride, const char *how)
{
	uint8_t cause = ride_late_cause(core, ride);
	core_touch_ride(core, ride);
	ride_outcome(core, ride, 0, cause == CAUSE_VEHICLE_LATE ? CAUSE_VEHICLE_STOPPED : cause);
	(void)case_new(core, CASE_BROKEN_RIDE, core->rides[ride].ride, core->vehicles[slot].number, how);
	vehicle_drop_aboard(core, slot, core->rides[ride].ride);
	ride_leave_plan(core, ride);
	plan_changed(core, slot);
	ride_close(core, ride, RIDE_BROKEN);
}

/* It knows now that this rider is out. */
static int knows_out(struct core *core, uint32_t slot, uint32_t ride)
{
	if (core->rides[ride].taken_out != core->vehicles[slot].number)
		return ERR_CONFLICT;
	core_touch_ride(core, ride);
	core->rides[ride].taken_out = 0;
	return ERR_OK;
}

static int alighted(struct core *core, uint32_t slot, const struct wire_event *event, instant_ms at)
{
	uint32_t ride = core_ride_slot(core, event->ride);
	if (ride == NONE)
		return ERR_NOT_FOUND;
	struct core_ride *r = &core->rides[ride];
	if (r->state != RIDE_ABOARD || core->rides_more[ride].vehicle != slot)
		return knows_out(core, slot, ride);
	struct place place = place_of(core, &event->place);
	if (place.road.arc != NONE && geo_rough_mm(place.point, r->dropoff.point) > HOME_MM) {
		let_out(core, slot, ride, "let out on the way");
		r->alighted_at = at;
		return ERR_OK;
	}
	ride_alighted(core, ride, at);
	return ERR_OK;
}

/* A person took the rider out, so the vehicle was told: by an order of ours, or of a dispatcher whose journal was lost.
 */
static int taken_out(struct core *core, uint32_t slot, const struct wire_event *event)
{
	uint32_t ride = core_ride_slot(core, event->ride);
	if (ride == NONE)
		return ERR_NOT_FOUND;
	if (core->rides[ride].state != RIDE_ABOARD || core->rides_more[ride].vehicle != slot)
		return knows_out(core, slot, ride);
	let_out(core, slot, ride, "taken out by a person, says the vehicle");
	return ERR_OK;
}

static int still_aboard(struct core *core, uint32_t slot, const struct wire_event *event)
{
	uint32_t ride = core_ride_slot(core, event->ride);
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	if (ride == NONE)
		return ERR_NOT_FOUND;
	if (core->rides[ride].taken_out != vehicle->number || vehicle->n_aboard >= WIRE_ABOARD_MAX)
		return ERR_CONFLICT;
	drop_overtaken(core, slot);
	ride_still_aboard(core, ride, slot);
	return ERR_OK;
}

static int departed(struct core *core, uint32_t slot, instant_ms at)
{
	if (core->vehicles_more[slot].phase == PHASE_STANDING)
		return ERR_OK;
	if (core->vehicles_more[slot].phase == PHASE_AT_STOP)
		left_stop(core, slot);
	struct place from = core->vehicles[slot].anchor;
	plan_leg(core, slot, &from, later(at, core->vehicles[slot].anchor_at));
	plan_retime(core, slot);
	return ERR_OK;
}

/* Whether it is at something there from this event on. */
static void depot_busy(struct core *core, uint32_t slot, const struct wire_event *event, uint8_t kind, instant_ms at)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	if (kind != WIRE_CLEAN)
		more->charging = event->kind == WIRE_CHARGE_BEGAN;
	else if (event->kind == WIRE_CLEAN_BEGAN)
		more->clean_from = at;
	else
		cleaning_ended(core, slot, at);
}

static int depot_reached(struct core *core, uint32_t slot, const struct wire_event *event, uint8_t kind, instant_ms at)
{
	struct core_task *tasks = core_tasks(core, slot);
	struct vehicle_more *more = &core->vehicles_more[slot];
	const int begins = event->kind == WIRE_CHARGE_BEGAN || event->kind == WIRE_CLEAN_BEGAN;
	const int left = !begins && (kind == WIRE_CHARGE ? more->charging : more->clean_from != INSTANT_NONE);
	depot_busy(core, slot, event, kind, at);
	for (uint32_t k = 0; k < more->n; k++) {
		if (tasks[k].kind != kind)
			continue;
		struct place place = tasks[k].place;
		stand_at(core, slot, &place, at, PHASE_AT_STOP);
		if (begins) {
			tasks[k].state = 1;
			plan_retime(core, slot);
			return ERR_OK;
		}
		more->phase = PHASE_STANDING;
		plan_drop_task(core, slot, k);
		plan_changed(core, slot);
		return ERR_OK;
	}
	return left && kind != WIRE_PARK ? departed(core, slot, at)
					 : ERR_OK; /* its task was dropped, for the riders that come next */
}

static void case_for_all(struct core *core, uint32_t slot, uint8_t kind, const char *why)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	(void)case_new(core, kind, 0, vehicle->number, why);
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		(void)case_new(core, kind, vehicle->aboard[i], vehicle->number, why);
}

#define DOWN_MRC 1
#define DOWN_FAULT 2

static int down(struct core *core, uint32_t slot, const char *why, uint8_t cause)
{
	core->vehicles_more[slot].down |= cause == CAUSE_VEHICLE_FAULT ? DOWN_FAULT : DOWN_MRC;
	core->vehicles[slot].mode = cause == CAUSE_VEHICLE_FAULT ? WIRE_FAULT : WIRE_MRC;
	vehicle_set_service(core, slot, SERVICE_DOWN);
	vehicle_say(core, slot);
	case_for_all(core, slot, CASE_MRC, why);
	vehicle_deviated(core, slot, cause);
	vehicle_review(core, slot, cause, core->now);
	return ERR_OK;
}

static int up_again(struct core *core, uint32_t slot, uint8_t what, instant_ms at)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	more->down &= (uint8_t)~what;
	if (vehicle->service != SERVICE_DOWN || more->down)
		return ERR_OK;
	int in = vehicle->released_until > core->now && !more->leaving;
	vehicle->mode = WIRE_IDLE;
	vehicle_set_service(core, slot, in ? SERVICE_IN : vehicle->n_aboard ? SERVICE_ENDING : SERVICE_OUT);
	if (in)
		more->review = 0;
	if (more->phase == PHASE_DRIVING) { /* the leg goes on from here; where exactly its next state says */
		struct place from = vehicle->anchor;
		plan_leg(core, slot, &from, at);
	}
	plan_changed(core, slot);
	return ERR_OK;
}

static int approval_wanted(struct core *core, uint32_t slot, const struct wire_event *event)
{
	core->vehicles_more[slot].approval_request = event->sequence;
	case_for_all(core, slot, CASE_APPROVAL, event->reason);
	return ERR_OK;
}

static int take(struct core *core, uint32_t slot, const struct wire_event *event, instant_ms at)
{
	switch (event->kind) {
	case WIRE_ARRIVED:
		return arrived(core, slot, event, at);
	case WIRE_BOARDED:
		return boarded(core, slot, event, at);
	case WIRE_ALIGHTED:
		return alighted(core, slot, event, at);
	case WIRE_DEPARTED:
		return departed(core, slot, at);
	case WIRE_PARKED:
		return depot_reached(core, slot, event, WIRE_PARK, at);
	case WIRE_CHARGE_BEGAN:
	case WIRE_CHARGE_ENDED:
		return depot_reached(core, slot, event, WIRE_CHARGE, at);
	case WIRE_CLEAN_BEGAN:
	case WIRE_CLEAN_ENDED:
		return depot_reached(core, slot, event, WIRE_CLEAN, at);
	case WIRE_PASSENGER_CALL:
	case WIRE_STOP_WISH:
		(void)case_new(core, CASE_PASSENGER_CALL, event->ride, core->vehicles[slot].number,
			       event->kind == WIRE_STOP_WISH ? "wishes to stop" : event->reason);
		return ERR_OK;
	case WIRE_EMERGENCY:
		case_for_all(core, slot, CASE_EMERGENCY, event->reason);
		vehicle_deviated(core, slot, CAUSE_OTHER_RIDER);
		return ERR_OK;
	case WIRE_MRC_BEGAN:
		return down(core, slot, event->reason, CAUSE_VEHICLE_STOPPED);
	case WIRE_FAULT_BEGAN:
		return down(core, slot, event->reason, CAUSE_VEHICLE_FAULT);
	case WIRE_MRC_ENDED:
		return up_again(core, slot, DOWN_MRC, at);
	case WIRE_FAULT_ENDED:
		return up_again(core, slot, DOWN_FAULT, at);
	case WIRE_APPROVAL_REQUEST:
		return approval_wanted(core, slot, event);
	case WIRE_ORDER_DONE:
		return ERR_OK;
	case WIRE_TAKEN_OUT:
		return taken_out(core, slot, event);
	case WIRE_STILL_ABOARD:
		return still_aboard(core, slot, event);
	default:
		return ERR_RANGE;
	}
}

static int event_valid(const struct wire_event *event)
{
	return event->kind >= WIRE_ARRIVED && event->kind < WIRE_EVENT_KINDS && instant_sane(event->at) &&
	       event->boot && event->sequence && memchr(event->reason, 0, sizeof event->reason);
}

static void say_ack(struct core *core, const struct core_vehicle *vehicle)
{
	core_say(core, UPD_ACK)->ack = (struct upd_ack){vehicle->number, vehicle->boot, vehicle->sequence};
}

int vehicle_event(struct core *core, const struct cmd_vehicle_event *command)
{
	uint32_t slot = core_slot(core, command->vehicle);
	const struct wire_event *event = &command->event;
	core->result.vehicle = command->vehicle;
	core->result.ride = event->ride;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	if (!event_valid(event))
		return ERR_RANGE;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	if (event->boot < vehicle->boot || (event->boot == vehicle->boot && event->sequence <= vehicle->sequence)) {
		say_ack(core, vehicle);
		return ERR_STALE; /* known already */
	}
	if (event->sequence != (event->boot == vehicle->boot ? vehicle->sequence + 1 : 1))
		return ERR_CONFLICT; /* something is missing before it */
	core_touch_vehicle(core, slot);
	vehicle->boot = event->boot;
	vehicle->sequence = event->sequence;
	vehicle->last_contact = core->now;
	if (event->battery_permille)
		vehicle->battery_permille = event->battery_permille > 1000 ? 1000 : event->battery_permille;
	instant_ms at = sooner(core->now, later(event->at, core->now - DAY_MS));
	int code = take(core, slot, event, at);
	if (event->kind == WIRE_BOARDED || event->kind == WIRE_DEPARTED ||
	    event->kind == WIRE_CLEAN_BEGAN) { /* later than planned? */
		plan_retime(core, slot);
		vehicle_move_late(core, slot);
	}
	time_vehicle(core, slot);
	say_ack(core, vehicle);
	return code;
}
