/* Vehicles: enrolment, service, orders, link, states. Their events are in event.c. */
#include "distance.h"
#include "state.h"

#define CHARGE_BELOW_PERMILLE 150   /* above the reserve: an idle vehicle charges */
#define CHARGE_BETWEEN_PERMILLE 400 /* above the reserve: one with time before its next rider charges */
#define CHARGE_LEAST_MS 600000	    /* for less it does not drive there */
#define MOVED_MM 20000
#define DEVIATION_MS 5000
#define SOON_MS 900000 /* riders of a stopped vehicle are moved when their time is this near */

void vehicle_say(struct core *core, uint32_t slot)
{
	core_touch_vehicle(core, slot);
	core->vehicles_more[slot].said = 1;
}

void vehicle_set_service(struct core *core, uint32_t slot, uint8_t service)
{
	if (core->vehicles[slot].service == service)
		return;
	cleaning_count(core, slot);
	core->vehicles[slot].service = service;
	vehicle_say(core, slot);
}

void vehicle_deviated(struct core *core, uint32_t slot, uint8_t cause)
{
	core_touch_vehicle(core, slot);
	core->vehicles_more[slot].last_cause = cause;
	core->vehicles_more[slot].last_cause_at = core->now;
	core->vehicles_more[slot].last_cause_ride = 0;
}

uint8_t vehicle_refuses(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	if (vehicle->service != SERVICE_IN || more->leaving || vehicle->held || vehicle->standstill ||
	    !vehicle->link_up || more->review || more->refusing)
		return REFUSAL_NO_VEHICLE;
	if (vehicle->released_until <= core->now || core->now >= vehicle_ends_at(core, slot) ||
	    core->now < vehicle->shift_from)
		return REFUSAL_NO_VEHICLE;
	return vehicle->supervisor[0] ? REFUSAL_NONE : REFUSAL_NO_SUPERVISOR;
}

instant_ms vehicle_ends_at(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	if (vehicle->shift_from == 0 && vehicle->shift_to == 0)
		return vehicle->released_until;
	return sooner(vehicle->released_until, vehicle->shift_to);
}

void vehicle_drop_aboard(struct core *core, uint32_t slot, uint64_t ride)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	uint32_t n = 0;
	core_touch_vehicle(core, slot);
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		if (vehicle->aboard[i] != ride)
			vehicle->aboard[n++] = vehicle->aboard[i];
	for (uint32_t i = n; i < vehicle->n_aboard; i++)
		vehicle->aboard[i] = 0;
	vehicle->n_aboard = n;
	if (n == 0 && core->vehicles_more[slot].leaving && vehicle->service == SERVICE_ENDING)
		vehicle_set_service(core, slot, SERVICE_OUT);
}

/* ---- enrolment and release ---- */

static int enrol_valid(const struct core *core, const struct cmd_vehicle_enrol *enrol)
{
	return enrol->vehicle && enrol->class_index < core->town->n_classes && core_place_valid(core, &enrol->depot) &&
	       enrol->depot.road.arc != NONE && instant_sane(enrol->shift_from) && instant_sane(enrol->shift_to) &&
	       enrol->spaces[0] <= WIRE_ABOARD_MAX;
}

static void order_insert(struct core *core, uint32_t slot)
{
	uint32_t at = core->n_vehicles++;
	const uint32_t number = core->vehicles[slot].number;
	for (; at > 0 && core->vehicles[core->vehicle_order[at - 1]].number > number; at--)
		core->vehicle_order[at] = core->vehicle_order[at - 1];
	core->vehicle_order[at] = slot;
}

static void enrol_fill(struct core_vehicle *vehicle, const struct cmd_vehicle_enrol *enrol)
{
	core_text(vehicle->name, sizeof vehicle->name, enrol->name);
	memcpy(vehicle->spaces, enrol->spaces, sizeof vehicle->spaces);
	vehicle->step_free = enrol->step_free != 0;
	vehicle->simulated = enrol->simulated != 0;
	vehicle->depot = enrol->depot;
	vehicle->shift_from = enrol->shift_from;
	vehicle->shift_to = enrol->shift_to;
}

static int enrol_again(struct core *core, uint32_t slot, const struct cmd_vehicle_enrol *enrol)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	if (vehicle->class_index != enrol->class_index || vehicle->simulated != (enrol->simulated != 0) ||
	    memcmp(vehicle->spaces, enrol->spaces, sizeof vehicle->spaces) != 0)
		return core->vehicles_more[slot].n || vehicle->n_aboard ? ERR_CONFLICT : ERR_EXISTS;
	core_touch_vehicle(core, slot);
	cleaning_count(core, slot);
	enrol_fill(vehicle, enrol); /* name, depot, shift may change at any time */
	return ERR_OK;
}

int vehicle_enrol(struct core *core, const struct cmd_vehicle_enrol *enrol)
{
	core->result.vehicle = enrol->vehicle;
	if (!enrol_valid(core, enrol))
		return ERR_RANGE;
	uint32_t slot = core_slot(core, enrol->vehicle);
	if (slot != NONE)
		return enrol_again(core, slot, enrol);
	if (core->n_vehicles == core->settings.vehicles_max)
		return ERR_FULL;
	slot = core->n_vehicles;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	memset(vehicle, 0, sizeof *vehicle);
	memset(more, 0, sizeof *more);
	vehicle->number = enrol->vehicle;
	vehicle->class_index = enrol->class_index;
	enrol_fill(vehicle, enrol);
	vehicle->anchor = enrol->depot;
	vehicle->anchor_at = core->now;
	vehicle->battery_permille = 1000;
	vehicle->mode = WIRE_IDLE;
	vehicle->link_up = 1; /* until the dock says otherwise */
	vehicle->last_contact = core->now;
	more->used = 1;
	more->head_from_arc = NONE;
	more->at_since = more->unwatched_at = more->review_at = more->last_cause_at = INSTANT_NONE;
	more->clean_from = vehicle->cleaned_at = INSTANT_NONE;
	more->used_at = core->now;
	hash_map_put(&core->vehicle_map, vehicle->number, slot);
	order_insert(core, slot);
	vehicle_say(core, slot);
	return ERR_OK;
}

static void leave_service(struct core *core, uint32_t slot, uint8_t cause)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	core_touch_vehicle(core, slot);
	core->vehicles_more[slot].leaving = 1;
	if (vehicle->service == SERVICE_IN || vehicle->service == SERVICE_ENDING)
		vehicle_set_service(core, slot, vehicle->n_aboard ? SERVICE_ENDING : SERVICE_OUT);
	vehicle_review(core, slot, cause, core->now);
	plan_changed(core, slot);
}

static void enter_service(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	core_touch_vehicle(core, slot);
	more->leaving = 0;
	more->review = 0;
	if (vehicle->service != SERVICE_DOWN && vehicle->service != SERVICE_LOST)
		vehicle_set_service(core, slot, SERVICE_IN);
	for (uint32_t k = more->n; k-- > 0;)
		if (core_tasks(core, slot)[k].kind == WIRE_PARK)
			plan_drop_task(core, slot, k);
	supervision_assign(core, slot);
	plan_changed(core, slot);
}

int vehicle_release(struct core *core, const struct cmd_vehicle_release *release)
{
	uint32_t slot = core_slot(core, release->vehicle);
	core->result.vehicle = release->vehicle;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	if (!instant_sane(release->until) || (release->until && !release->by[0]))
		return ERR_RANGE;
	if (release->until && release->until <= core->now)
		return ERR_STALE;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	core_touch_vehicle(core, slot);
	vehicle->released_until = release->until;
	core_text(vehicle->released_by, sizeof vehicle->released_by, release->by);
	core_text(vehicle->approval, sizeof vehicle->approval, release->approval);
	if (release->until)
		enter_service(core, slot);
	else
		leave_service(core, slot, CAUSE_OPERATOR);
	time_vehicle(core, slot);
	return ERR_OK;
}

/* A shift never ends before what was promised on it; who must stop at once takes the vehicle out of service. */
int vehicle_shift(struct core *core, const struct cmd_vehicle_shift *shift)
{
	uint32_t slot = core_slot(core, shift->vehicle);
	core->result.vehicle = shift->vehicle;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	if (!shift->by[0] || !instant_sane(shift->from) || !instant_sane(shift->to) ||
	    (shift->from >= shift->to && (shift->from || shift->to)))
		return ERR_RANGE;
	if (shift->to && shift->to <= core->now)
		return ERR_STALE;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct core_task *tasks = core_tasks(core, slot);
	for (uint32_t k = 0; shift->to && k < core->vehicles_more[slot].n; k++)
		if (tasks[k].ride && (tasks[k].end > shift->to || tasks[k].latest > shift->to))
			return ERR_CONFLICT;
	cleaning_count(core, slot);
	vehicle->shift_from = shift->from;
	vehicle->shift_to = shift->to;
	vehicle_say(core, slot);
	time_vehicle(core, slot);
	return ERR_OK;
}

/* ---- orders ---- */

static void order_say(struct core *core, const struct cmd_vehicle_order *order)
{
	struct upd_order *say = &core_say(core, UPD_ORDER)->order;
	say->vehicle = order->vehicle;
	say->already_sent = order->already_sent;
	say->order.id = order->order;
	say->order.kind = order->kind;
	core_text(say->order.by, sizeof say->order.by, order->by);
	core_text(say->order.reason, sizeof say->order.reason, order->reason);
}

static void order_stop(struct core *core, uint32_t slot, uint8_t kind)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	core_touch_vehicle(core, slot);
	if (kind == WIRE_STANDSTILL)
		vehicle->standstill = 1;
	else
		vehicle->held = 1;
	vehicle_deviated(core, slot, CAUSE_VEHICLE_STOPPED);
	vehicle_review(core, slot, CAUSE_VEHICLE_STOPPED, core->now + core->settings.reserve_ms);
	vehicle_say(core, slot);
	for (uint32_t i = 0; kind == WIRE_STANDSTILL && i < vehicle->n_aboard; i++)
		(void)case_new(core, CASE_MRC, vehicle->aboard[i], vehicle->number, "standstill with riders aboard");
}

static void order_resume(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	core_touch_vehicle(core, slot);
	vehicle->held = vehicle->standstill = 0;
	if (!more->leaving && vehicle->service == SERVICE_IN)
		more->review = 0;
	if (more->phase == PHASE_DRIVING) { /* it stood meanwhile: the rest of the leg starts now, at worst from its
					       last known place */
		struct place from;
		instant_ms at;
		plan_start(core, slot, &from, &at);
		plan_leg(core, slot, &vehicle->anchor, core->now);
	}
	vehicle_say(core, slot);
	plan_changed(core, slot);
}

static int order_one(struct core *core, uint32_t slot, const struct cmd_vehicle_order *order)
{
	switch (order->kind) {
	case WIRE_STANDSTILL:
	case WIRE_HOLD:
		order_stop(core, slot, order->kind);
		break;
	case WIRE_RESUME:
		order_resume(core, slot);
		break;
	case WIRE_OUT_OF_SERVICE:
		leave_service(core, slot, CAUSE_OPERATOR);
		break;
	default:
		if (core->vehicles[slot].released_until <= core->now)
			return ERR_DENIED; /* nobody released it */
		enter_service(core, slot);
		break;
	}
	time_vehicle(core, slot);
	return ERR_OK;
}

int vehicle_order(struct core *core, const struct cmd_vehicle_order *order)
{
	uint32_t slot = core_slot(core, order->vehicle);
	core->result.vehicle = order->vehicle;
	if (order->kind < WIRE_STANDSTILL || order->kind > WIRE_INTO_SERVICE)
		return ERR_RANGE;
	if (order->vehicle ? slot == NONE : order->kind != WIRE_STANDSTILL)
		return ERR_NOT_FOUND;
	if (order->kind == WIRE_RESUME && supervision_find(core, order->by) == NONE)
		return ERR_DENIED;
	if (slot != NONE && order->kind != WIRE_STANDSTILL && order->seen_version &&
	    order->seen_version !=
		    ((uint64_t)core->vehicles[slot].plan_epoch << 32 | core->vehicles[slot].plan_version))
		return ERR_STALE;
	int code = ERR_OK;
	for (uint32_t i = 0; slot == NONE && i < core->n_vehicles; i++)
		code = order_one(core, core->vehicle_order[i], order);
	if (slot != NONE)
		code = order_one(core, slot, order);
	if (!code)
		order_say(core, order);
	return code;
}

/* ---- link ---- */

static void link_lost(struct core *core, uint32_t slot, instant_ms last_contact)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	vehicle->link_up = 0;
	vehicle->last_contact = last_contact;
	if (vehicle->service == SERVICE_IN || vehicle->service == SERVICE_ENDING)
		vehicle_set_service(core, slot, SERVICE_LOST);
	if (vehicle->service != SERVICE_DOWN)
		vehicle_deviated(core, slot, CAUSE_VEHICLE_LOST);
	if (vehicle->n_tasks || vehicle->n_aboard) {
		(void)case_new(core, CASE_VEHICLE_UNKNOWN, 0, vehicle->number, "no contact");
		for (uint32_t i = 0; i < vehicle->n_aboard; i++)
			(void)case_new(core, CASE_VEHICLE_UNKNOWN, vehicle->aboard[i], vehicle->number,
				       "aboard, no contact");
	}
	/* until then it may still be carrying out its plan; one that was down before stays so for its own reason */
	if (vehicle->service != SERVICE_DOWN)
		vehicle_review(core, slot, CAUSE_VEHICLE_LOST,
			       later(core->now,
				     last_contact + core->settings.plan_valid_ms + core->settings.clock_tolerance_ms));
	vehicle_say(core, slot);
}

static void link_back(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	vehicle->link_up = 1;
	if (vehicle->service == SERVICE_LOST) {
		vehicle_set_service(core, slot,
				    more->leaving ? (vehicle->n_aboard ? SERVICE_ENDING : SERVICE_OUT) : SERVICE_IN);
		if (!more->leaving && more->review_cause == CAUSE_VEHICLE_LOST)
			more->review = 0;
		case_end(core, CASE_VEHICLE_UNKNOWN, 0, vehicle->number, CASE_SETTLED, "contact again");
		for (uint32_t i = 0; i < vehicle->n_aboard; i++)
			case_end(core, CASE_VEHICLE_UNKNOWN, vehicle->aboard[i], vehicle->number, CASE_HOME_BY_SHUTTLE,
				 "contact again");
		plan_changed(core, slot);
	}
	vehicle_say(core, slot);
}

int vehicle_link(struct core *core, const struct cmd_vehicle_link *link)
{
	uint32_t slot = core_slot(core, link->vehicle);
	core->result.vehicle = link->vehicle;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	if (!instant_sane(link->last_contact))
		return ERR_RANGE;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	core_touch_vehicle(core, slot);
	instant_ms contact = sooner(link->last_contact, core->now);
	if (link->up) {
		vehicle->last_contact = later(vehicle->last_contact, contact);
		if (!vehicle->link_up || vehicle->service == SERVICE_LOST)
			link_back(core, slot);
	} else if (vehicle->link_up) {
		link_lost(core, slot, contact);
	}
	time_vehicle(core, slot);
	return ERR_OK;
}

/* What it refused may be taken now. */
static void refuses_no_longer(struct core *core, uint32_t slot)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	if (!more->refusing)
		return;
	more->refusing = 0;
	if (!more->leaving && more->review_cause == CAUSE_VEHICLE_FAULT && core->vehicles[slot].service == SERVICE_IN)
		more->review = 0;
	time_vehicle(core, slot);
}

/* Its software does not know the task any more. */
static void drop_cleaning(struct core *core, uint32_t slot)
{
	core->vehicles_more[slot].clean_from = INSTANT_NONE;
	if (core->vehicles_more[slot].n && core_tasks(core, slot)->kind == WIRE_CLEAN)
		plan_drop_task(core, slot, 0);
}

int vehicle_hello(struct core *core, const struct cmd_vehicle_hello *hello)
{
	uint32_t slot = core_slot(core, hello->vehicle);
	core->result.vehicle = hello->vehicle;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	if ((hello->hello.simulated != 0) != vehicle->simulated)
		return ERR_DENIED;
	if (memchr(hello->hello.class_name, 0, sizeof hello->hello.class_name) == NULL ||
	    town_class(core->town, hello->hello.class_name) != vehicle->class_index)
		return ERR_CONFLICT;
	core_touch_vehicle(core, slot);
	vehicle->last_contact = core->now;
	if (!vehicle->link_up || vehicle->service == SERVICE_LOST)
		link_back(core, slot);
	refuses_no_longer(core, slot);
	core->vehicles_more[slot].cleans = hello->hello.cleans != 0;
	if (!hello->hello.cleans)
		drop_cleaning(core, slot);
	time_vehicle(core, slot);
	plan_changed(core, slot); /* whatever it knew: the whole plan again */
	return ERR_OK;
}

/* ---- plan answers ---- */

/* Whatever is planned for it, it takes nothing now: no other plan is made before it says hello, and its riders keep
 * their places for a minute at least. */
static void refuses_all(struct core *core, uint32_t slot)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	(void)case_new(core, CASE_PLAN_REFUSED, 0, core->vehicles[slot].number, "the vehicle has another town file");
	if (more->refusing)
		return;
	more->refusing = 1;
	if (!more->review)
		vehicle_review(core, slot, CAUSE_VEHICLE_FAULT, core->now + MINUTE_MS);
}

/* Those who wait for it go elsewhere, and none of them is offered to it again. */
static void refuses_these(struct core *core, uint32_t slot)
{
	const struct task_more *tasks = core_tasks_more(core, slot);
	(void)case_new(core, CASE_PLAN_REFUSED, 0, core->vehicles[slot].number, "the vehicle refuses its plan");
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = tasks[k].ride;
		if (ride == NONE || core->rides[ride].state == RIDE_ABOARD || tasks[k].tentative ||
		    ride_refused_by(core, ride, slot))
			continue;
		struct ride_more *more = &core->rides_more[ride];
		core_touch_ride(core, ride);
		more->refused_by[more->n_refused++] = core->vehicles[slot].number;
	}
	vehicle_review(core, slot, CAUSE_VEHICLE_FAULT, core->now);
}

int vehicle_plan_ack(struct core *core, const struct cmd_vehicle_plan_ack *command)
{
	uint32_t slot = core_slot(core, command->vehicle);
	core->result.vehicle = command->vehicle;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct wire_plan_ack *ack = &command->ack;
	if (ack->epoch != vehicle->plan_epoch || ack->version != vehicle->plan_version)
		return ack->epoch > vehicle->plan_epoch ||
				       (ack->epoch == vehicle->plan_epoch && ack->version > vehicle->plan_version)
			       ? ERR_CONFLICT
			       : ERR_STALE;
	core_touch_vehicle(core, slot);
	if (!ack->refusal) {
		vehicle->acked_epoch = ack->epoch;
		vehicle->acked_version = ack->version;
		refuses_no_longer(core, slot);
		case_end(core, CASE_PLAN_REFUSED, 0, vehicle->number, CASE_SETTLED, "accepted");
		return ERR_OK;
	}
	if (ack->refusal == WIRE_REFUSED_OLD || ack->refusal == WIRE_REFUSED_CONTRADICTS ||
	    ack->refusal == WIRE_REFUSED_STATE)
		return ERR_OK; /* its events are under way and will change the plan */
	/* the vehicle has the last word: it carries whom it has */
	if (ack->refusal == WIRE_REFUSED_TOWN)
		refuses_all(core, slot);
	else
		refuses_these(core, slot);
	time_vehicle(core, slot);
	return ERR_OK;
}

/* ---- states ---- */

static int state_valid(const struct core *core, const struct fleet_state *state)
{
	const struct wire_place *place = &state->state.place;
	if (!instant_sane(state->state.at))
		return 0;
	return place->arc == NONE ||
	       (place->arc < core->town->road.n_arcs && place->offset_mm <= core->town->road.dist_mm[place->arc]);
}

/* Waiting riders whom this vehicle will now reach too late: another one may still be in time. */
void vehicle_move_late(struct core *core, uint32_t slot)
{
	cleaning_yield(core, slot);
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		const struct core_task *task = &core_tasks(core, slot)[k];
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		if (ride == NONE || task->kind != WIRE_PICKUP || core->rides[ride].state != RIDE_PROMISED)
			continue;
		struct ride_more *more = &core->rides_more[ride];
		if (task->arrive <= core->rides[ride].latest_pickup || core->now < more->retry_at)
			continue;
		core_touch_ride(core, ride);
		more->retry_at = core->now + MINUTE_MS;
		if (ride_move(core, ride, CAUSE_VEHICLE_LATE)) {
			k = UINT32_MAX; /* the plan is another one now */
			continue;
		}
	}
}

/* Where it says it is becomes where the leg starts. */
static void state_on_leg(struct core *core, uint32_t slot, const struct place *place, instant_ms at)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	instant_ms was = vehicle->anchor_at + more->leg_ms;
	struct route_result rest = plan_leg_rest(core, slot, place);
	if (rest.time_ms == TIME_INFINITE || at < vehicle->anchor_at)
		return;
	instant_ms is = at + rest.time_ms, off = is > was ? is - was : was - is;
	if (off <= DEVIATION_MS)
		return;
	plan_leg(core, slot, place, at);
	plan_retime(core, slot);
	vehicle_move_late(core, slot);
}

static void state_take(struct core *core, const struct fleet_state *report)
{
	uint32_t slot = core_slot(core, report->vehicle);
	const struct wire_state *state = &report->state;
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	instant_ms at = sooner(state->at, core->now);
	core_touch_vehicle(core, slot);
	if (vehicle->mode != state->mode || vehicle->doors_open != (state->doors_open != 0))
		vehicle_say(core, slot);
	vehicle->mode = state->mode;
	vehicle->doors_open = state->doors_open != 0;
	vehicle->battery_permille = state->battery_permille > 1000 ? 1000 : state->battery_permille;
	vehicle->late_ms = state->late_ms;
	vehicle->last_contact = later(vehicle->last_contact, at);
	if (state->place.arc != NONE && at >= vehicle->anchor_at) {
		struct place place = {.point = {state->place.lat_e7, state->place.lon_e7},
				      .road = {state->place.arc, state->place.offset_mm},
				      .walk = {NONE, 0},
				      .stop = NONE,
				      .side = state->place.side & 1};
		if (more->phase == PHASE_DRIVING)
			state_on_leg(core, slot, &place, at);
		else if (more->phase == PHASE_STANDING && geo_rough_mm(place.point, vehicle->anchor.point) > MOVED_MM)
			plan_leg(core, slot, &place, at);
	}
	vehicle_rest(core, slot);
	time_vehicle(core, slot);
}

int vehicle_states(struct core *core, const struct cmd_fleet_states *states)
{
	if (states->n > COMMAND_STATES_MAX)
		return ERR_RANGE;
	int code = ERR_OK;
	for (uint32_t i = 0; i < states->n; i++) {
		if (core_slot(core, states->states[i].vehicle) == NONE)
			code = ERR_NOT_FOUND; /* the others count all the same */
		else if (!state_valid(core, &states->states[i]))
			code = ERR_RANGE;
		else
			state_take(core, &states->states[i]);
	}
	return code;
}

/* ---- rest ---- */

/* Somebody boarded before the errand was known to the vehicle: the errand is off. */
static void drop_errands(struct core *core, uint32_t slot)
{
	for (uint32_t k = core->vehicles_more[slot].n; k-- > 0;) {
		if (core_tasks_more(core, slot)[k].ride != NONE)
			continue;
		plan_drop_task(core, slot, k);
		plan_changed(core, slot);
	}
}

int vehicle_depot_free(const struct core *core, uint32_t slot, uint8_t kind, uint32_t slots)
{
	uint32_t n = 0;
	for (uint32_t i = 0; slots && i < core->n_vehicles; i++)
		n += core->vehicles_more[i].n && core_tasks(core, i)->kind == kind &&
		     place_same(&core->vehicles[i].depot, &core->vehicles[slot].depot);
	return !slots || n < slots;
}

int vehicle_is_low(const struct core *core, uint32_t slot)
{
	return core->vehicles[slot].battery_permille < core->settings.battery_reserve_permille + CHARGE_BELOW_PERMILLE;
}

static int charger_free(const struct core *core, uint32_t slot)
{
	return vehicle_depot_free(core, slot, WIRE_CHARGE, core->settings.charger_slots);
}

/* Low on energy, and the next rider is not due for long: charge meanwhile. */
static void charge_between(struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	if (core->vehicles_more[slot].leaving || vehicle->service != SERVICE_IN ||
	    vehicle->battery_permille >= core->settings.battery_reserve_permille + CHARGE_BETWEEN_PERMILLE)
		return;
	if (charger_free(core, slot))
		(void)plan_put_between(core, slot, WIRE_CHARGE, CHARGE_LEAST_MS);
}

/* Nothing to do for now: be cleaned when it is time, charge when low, park when out of service, else stay. Never with
 * riders aboard. */
void vehicle_rest(struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	if (vehicle->n_aboard)
		drop_errands(core, slot);
	if (vehicle->n_aboard || !vehicle->link_up || vehicle->standstill || vehicle->held)
		return;
	if (cleaning_rest(core, slot))
		return;
	if (more->n) {
		charge_between(core, slot);
		return;
	}
	if (vehicle->service == SERVICE_IN && vehicle_is_low(core, slot) && charger_free(core, slot)) {
		(void)plan_put_depot(core, slot, WIRE_CHARGE);
		return;
	}
	if (vehicle->service == SERVICE_OUT && more->leaving && !cleaning_after_shift(core, slot) &&
	    !place_same(&vehicle->anchor, &vehicle->depot))
		(void)plan_put_depot(core, slot, WIRE_PARK);
}

/* ---- riders who must go elsewhere ---- */

void vehicle_review(struct core *core, uint32_t slot, uint8_t cause, instant_ms at)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	core_touch_vehicle(core, slot);
	more->review = 1;
	more->review_cause = cause;
	more->review_at = at;
	time_vehicle(core, slot);
}

/* Held or standing still it may go on in time: only those whose time is near are moved, and looked at again each
 * minute. */
static int may_wait(const struct core *core, uint32_t slot, uint32_t ride)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	return more->review_cause == CAUSE_VEHICLE_STOPPED && !more->leaving &&
	       core->rides[ride].latest_pickup > core->now + SOON_MS;
}

static int stands(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	return core->vehicles_more[slot].refusing || vehicle->held || vehicle->standstill ||
	       vehicle->service == SERVICE_DOWN || vehicle->service == SERVICE_LOST;
}

/* Nobody else can take this rider. The vehicle may be back in time: a person ends a standstill at any moment; a vehicle
 * that failed or is silent must be back while the rider can still be helped otherwise. */
static int may_come_back(const struct core *core, uint32_t slot, uint32_t ride)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	if (core->vehicles_more[slot].leaving || !stands(core, slot))
		return 0;
	int ordered = vehicle->service != SERVICE_DOWN && vehicle->service != SERVICE_LOST;
	return core->rides[ride].latest_pickup > core->now + (ordered ? core->settings.reserve_ms : SOON_MS);
}

static uint32_t next_to_move(const struct core *core, uint32_t slot, uint32_t from)
{
	const struct task_more *tasks = core_tasks_more(core, slot);
	for (uint32_t k = from; k < core->vehicles_more[slot].n; k++) {
		uint32_t ride = tasks[k].ride;
		if (ride == NONE || core->rides[ride].state == RIDE_ABOARD || may_wait(core, slot, ride))
			continue;
		return k;
	}
	return NONE;
}

/* 1: the plan is another one now. */
static int move_on(struct core *core, uint32_t slot, uint32_t k, uint8_t cause)
{
	uint32_t ride = core_tasks_more(core, slot)[k].ride;
	if (core->rides[ride].state == RIDE_OFFERED) {
		ride_unreserve(core, ride);
		return 1;
	}
	if (may_come_back(core, slot, ride))
		return core_tasks(core, slot)[k].kind == WIRE_PICKUP && ride_move(core, ride, cause);
	ride_move_or_break(core, ride, cause);
	return 1;
}

/* First everybody who can be carried as promised: what is found in place of a broken promise must not take the room of
 * one that can be kept. */
static void move_as_promised(struct core *core, uint32_t slot, uint8_t cause)
{
	for (uint32_t k = next_to_move(core, slot, 0); k != NONE;) {
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		int waits = core->rides[ride].state != RIDE_OFFERED && !core->rides_more[ride].outcome_said &&
			    core_tasks(core, slot)[k].kind == WIRE_PICKUP;
		k = next_to_move(core, slot, waits && ride_move(core, ride, cause) ? 0 : k + 1);
	}
}

static void review_run(struct core *core, uint32_t slot)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	const uint8_t cause = more->review_cause;
	core_touch_vehicle(core, slot);
	move_as_promised(core, slot, cause);
	for (uint32_t k = next_to_move(core, slot, 0); k != NONE;)
		k = next_to_move(core, slot, move_on(core, slot, k, cause) ? 0 : k + 1);
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	/* a vehicle that comes back clears this; a plan refused is over when nobody waits for it */
	more->review = stands(core, slot) && more->n > vehicle->n_aboard;
	more->review_at = core->now + MINUTE_MS;
}

/* ---- what is due ---- */

static instant_ms due_of(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	instant_ms due = more->review ? more->review_at : INT64_MAX;
	if (rebalance_may_go(core, slot))
		due = sooner(due, later(core->rebalance_at, core->now));
	due = sooner(due, plan_charge_ends_at(core, slot));
	due = sooner(due, cleaning_looks_at(core, slot));
	if (more->unwatched_at != INSTANT_NONE)
		due = sooner(due, more->unwatched_at + core->settings.plan_valid_ms);
	if (vehicle->service == SERVICE_IN && !more->leaving)
		due = sooner(due, vehicle_ends_at(core, slot));
	if (!more->n || more->phase == PHASE_STANDING)
		return due;
	const struct core_task *head = core_tasks(core, slot);
	if (more->phase == PHASE_DRIVING)
		return sooner(due, later(vehicle->anchor_at + more->leg_ms, head->arrive) + LATE_LOOK_MS);
	for (uint32_t k = 0; k < more->n && place_same(&head[k].place, &vehicle->anchor); k++)
		if (!head[k].state && head[k].kind == WIRE_PICKUP && !core_tasks_more(core, slot)[k].tentative)
			due = sooner(due,
				     plan_ready(core, core_tasks_more(core, slot)[k].ride) - core->settings.reserve_ms);
	return sooner(due, head->end + LATE_LOOK_MS);
}

void time_vehicle(struct core *core, uint32_t slot)
{
	core_touch_vehicle(core, slot);
	timers_set(&core->timers, core->settings.rides_max + slot, due_of(core, slot));
}

void vehicle_due(struct core *core, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	core_touch_vehicle(core, slot);
	if (more->review && more->review_at <= core->now)
		review_run(core, slot);
	if (more->unwatched_at != INSTANT_NONE && more->unwatched_at + core->settings.plan_valid_ms <= core->now) {
		more->unwatched_at = INSTANT_NONE;
		vehicle_review(core, slot, CAUSE_OPERATOR, core->now);
	}
	if (vehicle->service == SERVICE_IN && !more->leaving && vehicle_ends_at(core, slot) <= core->now)
		leave_service(core, slot, CAUSE_OPERATOR);
	if (plan_charge_ends_at(core, slot) <= core->now) {
		plan_drop_task(core, slot, 0);
		plan_changed(core, slot);
	}
	(void)cleaning_rest(core, slot);
	if (core->rebalance_at <= core->now && rebalance_may_go(core, slot))
		rebalance_run(core);
	plan_mark_arrived(core, slot);
	plan_retime(core, slot);
	vehicle_move_late(core, slot);
	time_vehicle(core, slot);
}
