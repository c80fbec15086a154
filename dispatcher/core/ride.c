/* The life of a ride. */
#include "insertion.h"
#include "state.h"

/* ---- slots ---- */

uint32_t ride_new(struct core *core, uint64_t number)
{
	if (!core->n_ride_free)
		return NONE;
	uint32_t slot = core->ride_free[--core->n_ride_free];
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	memset(ride, 0, sizeof *ride);
	memset(more, 0, sizeof *more);
	ride->ride = number;
	ride->state = RIDE_ASKED;
	ride->asked_at = core->now;
	ride->offers_until = ride->promised_at = ride->closed_at = INSTANT_NONE;
	ride->earliest_pickup = ride->latest_pickup = ride->latest_arrival = INSTANT_NONE;
	ride->planned_pickup = ride->planned_dropoff = INSTANT_NONE;
	ride->at_stop_at = ride->boarded_at = ride->alighted_at = ride->last_call_at = INSTANT_NONE;
	more->used = 1;
	more->vehicle = NONE;
	more->evidence_at = more->told_pickup = more->ready = more->retry_at = more->since = INSTANT_NONE;
	hash_map_put(&core->ride_map, number, slot);
	core->ride_place[slot] = core->n_rides;
	core->ride_order[core->n_rides++] = slot;
	core_touch_ride(core, slot);
	return slot;
}

static void ride_free(struct core *core, uint32_t slot)
{
	hash_map_remove(&core->ride_map, core->rides[slot].ride);
	uint32_t place = core->ride_place[slot], last = core->ride_order[--core->n_rides];
	core->ride_order[place] = last;
	core->ride_place[last] = place;
	core->ride_free[core->n_ride_free++] = slot;
	memset(&core->rides[slot], 0, sizeof core->rides[slot]);
	memset(&core->rides_more[slot], 0, sizeof core->rides_more[slot]);
	core_touch_ride(core, slot);
	core_touch(core, ITEM_HEAD, 0);
	time_ride(core, slot);
}

int ride_open(uint8_t state)
{
	return state == RIDE_ASKED || state == RIDE_OFFERED || state == RIDE_PROMISED || state == RIDE_AT_STOP ||
	       state == RIDE_ABOARD;
}

void ride_say(struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	core_touch_ride(core, slot);
	core_say(core, UPD_RIDE)->ride = (struct upd_ride){.ride = ride->ride,
							   .state = ride->state,
							   .refusal = ride->refusal,
							   .cause = ride->cause,
							   .n_offers = (uint8_t)ride->n_offers,
							   .vehicle = ride->vehicle,
							   .earliest_pickup = ride->earliest_pickup,
							   .latest_pickup = ride->latest_pickup,
							   .latest_arrival = ride->latest_arrival,
							   .planned_pickup = ride->planned_pickup,
							   .planned_dropoff = ride->planned_dropoff};
	time_ride(core, slot);
}

static void client_release(struct core *core, uint32_t slot)
{
	uint64_t client = core->rides[slot].client;
	if (client && hash_map_get(&core->client_map, client) == slot)
		hash_map_remove(&core->client_map, client);
}

void ride_close(struct core *core, uint32_t slot, uint8_t state)
{
	struct core_ride *ride = &core->rides[slot];
	client_release(core, slot);
	ride->state = state;
	if (state != RIDE_BROKEN) /* a broken ride stays open until its case is closed */
		ride->closed_at = core->now;
	ride_say(core, slot);
}

/* ---- offers and promises ---- */

void ride_unreserve(struct core *core, uint32_t slot)
{
	struct ride_more *more = &core->rides_more[slot];
	if (!more->reserved)
		return;
	uint32_t vehicle = more->vehicle;
	core_touch_ride(core, slot);
	more->reserved = 0;
	more->vehicle = NONE;
	plan_drop_ride(core, vehicle, slot);
}

void ride_promise(struct core *core, uint32_t slot, uint32_t k)
{
	struct core_ride *ride = &core->rides[slot];
	const struct offer *offer = &ride->offers[k];
	client_release(core, slot);
	ride->state = RIDE_PROMISED;
	ride->accepted = k;
	ride->promised_at = core->now;
	ride->earliest_pickup = offer->earliest_pickup;
	ride->latest_pickup = offer->latest_pickup;
	ride->latest_arrival = offer->latest_arrival;
	ride->ride_max_ms = offer->ride_max_ms;
	ride->pickup = offer->pickup;
	ride->dropoff = offer->dropoff;
	ride->offers_until = INSTANT_NONE;
	core->rides_more[slot].direct_ms = offer->direct_ms;
	core->rides_more[slot].since = core->now;
	core->figures.promised++;
	core->figures.prebooked += ride->prebooked;
	core->figures.tied += ride->request.tie_kind != TIE_NONE;
	core_touch_ride(core, slot);
}

void ride_outcome(struct core *core, uint32_t slot, int kept, uint8_t cause)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	if (more->outcome_said)
		return;
	core_touch_ride(core, slot);
	more->outcome_said = 1;
	if (cause)
		ride->cause = cause;
	if (kept)
		core->figures.kept++;
	else
		core->figures.broken++;
	instant_ms arrival = ride->alighted_at != INSTANT_NONE ? ride->alighted_at - ride->latest_arrival : 0;
	instant_ms pickup = ride->at_stop_at != INSTANT_NONE ? ride->at_stop_at - ride->latest_pickup : 0;
	arrival = sooner(later(arrival, INT32_MIN), INT32_MAX);
	pickup = sooner(later(pickup, INT32_MIN), INT32_MAX);
	core_say(core, UPD_OUTCOME)->outcome =
		(struct upd_outcome){ride->ride, kept != 0, cause, (int32_t)pickup, (int32_t)arrival};
}

/* Why is this ride late? The newest journaled deviation of its vehicle since the vehicle has it, its own wait left out;
 * else the dispatcher's own absence; else the vehicle was slow. */
uint8_t ride_late_cause(const struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	const struct ride_more *more = &core->rides_more[slot];
	const instant_ms from = later(ride->promised_at, more->since);
	if (more->vehicle != NONE) {
		const struct vehicle_more *vehicle = &core->vehicles_more[more->vehicle];
		if (vehicle->last_cause && vehicle->last_cause_at >= from && vehicle->last_cause_ride != ride->ride)
			return vehicle->last_cause;
	}
	return core->restored_at >= from ? CAUSE_RESTORE : CAUSE_VEHICLE_LATE;
}

void ride_end_offers(struct core *core)
{
	for (uint32_t i = 0; i < core->n_rides; i++) {
		uint32_t slot = core->ride_order[i];
		if (core->rides[slot].state != RIDE_OFFERED)
			continue;
		ride_unreserve(core, slot);
		core->rides[slot].offers_until = core->now - 1;
		time_ride(core, slot);
	}
}

void ride_leave_plan(struct core *core, uint32_t slot)
{
	struct ride_more *more = &core->rides_more[slot];
	uint32_t vehicle = more->vehicle;
	core_touch_ride(core, slot);
	more->reserved = 0;
	more->vehicle = NONE;
	core->rides[slot].vehicle = 0;
	if (vehicle != NONE)
		plan_drop_ride(core, vehicle, slot);
}

/* ---- at the stop ---- */

void ride_at_stop(struct core *core, uint32_t slot, instant_ms at)
{
	struct core_ride *ride = &core->rides[slot];
	if (ride->state != RIDE_PROMISED)
		return;
	ride->state = RIDE_AT_STOP;
	ride->at_stop_at = at;
	core->rides_more[slot].pickup_missed = at > ride->latest_pickup;
	notice_new(core, NOTICE_VEHICLE_AT_STOP, slot, core->now);
	ride_say(core, slot);
}

/* Waiting begins with the wish, as in MATSim DRT (submission or desired departure), not with what was promised; who
 * names an arrival or a trip wishes no other pickup than the promised one. */
static int names_departure(const struct core_ride *ride)
{
	return ride->request.tie_kind == TIE_NONE && ride->request.time_kind != TIME_ARRIVE_BY;
}

static instant_ms wished_at(const struct core_ride *ride)
{
	if (!names_departure(ride))
		return ride->earliest_pickup;
	return ride->request.time_kind == TIME_LEAVE_AT ? later(ride->request.time, ride->asked_at) : ride->asked_at;
}

static void count_wait(struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	const uint64_t boarding_ms = core->rides_more[slot].boarding_ms;
	instant_ms from = wished_at(ride);
	uint64_t wait_ms = ride->boarded_at > from ? (uint64_t)(ride->boarded_at - from) : 0;
	core->figures.wait_ms_sum += wait_ms;
	core->figures.wait_n++;
	if (names_departure(ride))
		fair_boarded(core, ride, wait_ms > boarding_ms ? wait_ms - boarding_ms : 0);
	for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++) {
		if (!ride->request.need_count[n])
			continue;
		core->figures.need_wait_ms_sum[n] += wait_ms;
		core->figures.need_wait_n[n]++;
	}
}

static void mark_shared(struct core *core, uint32_t vehicle)
{
	const struct core_vehicle *v = &core->vehicles[vehicle];
	if (v->n_aboard < 2)
		return;
	for (uint32_t i = 0; i < v->n_aboard; i++) {
		uint32_t slot = core_ride_slot(core, v->aboard[i]);
		if (slot == NONE)
			continue;
		core->rides_more[slot].shared = 1;
		core_touch_ride(core, slot);
	}
}

static void board(struct core *core, uint32_t vehicle, uint64_t ride)
{
	struct core_vehicle *v = &core->vehicles[vehicle];
	uint32_t i = v->n_aboard++;
	for (; i > 0 && v->aboard[i - 1] > ride; i--)
		v->aboard[i] = v->aboard[i - 1];
	v->aboard[i] = ride;
}

/* In the cabin, with a drop-off in the plan (`pickup`: its task, or NONE); whom that leaves without a seat goes
 * elsewhere. */
static void take_aboard(struct core *core, uint32_t slot, uint32_t vehicle, uint32_t pickup)
{
	struct core_ride *ride = &core->rides[slot];
	ride->closed_at = INSTANT_NONE;
	ride->state = RIDE_ABOARD;
	ride->vehicle = core->vehicles[vehicle].number;
	core->rides_more[slot].vehicle = vehicle;
	board(core, vehicle, ride->ride);
	if (pickup != NONE)
		plan_drop_task(core, vehicle, pickup);
	if (plan_find(core, vehicle, slot, WIRE_DROPOFF) == NONE)
		plan_put_dropoff(core, vehicle, slot);
	plan_shed(core, vehicle);
}

/* The vehicle says that this rider is aboard: so it is, whatever the plan said. */
void ride_boarded(struct core *core, uint32_t slot, uint32_t vehicle, instant_ms at, uint8_t evidence)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	uint32_t task = more->vehicle == vehicle ? plan_find(core, vehicle, slot, WIRE_PICKUP) : NONE;
	core_touch_ride(core, slot);
	if (ride->at_stop_at == INSTANT_NONE) {
		ride->at_stop_at = at;
		more->pickup_missed = at > ride->latest_pickup;
	}
	const int waited =
		task != NONE && core->vehicles_more[vehicle].phase == PHASE_AT_STOP &&
		at > later(ride->at_stop_at, plan_ready(core, slot)) + more->boarding_ms + core->settings.reserve_ms;
	if (more->vehicle != NONE && (more->vehicle != vehicle || task == NONE))
		ride_leave_plan(core, slot);
	ride->boarded_at = at;
	if (ride->taken_out == core->vehicles[vehicle].number)
		ride->taken_out = 0;
	more->evidence = evidence;
	more->late_said = 0;
	take_aboard(core, slot, vehicle, task);
	if (waited) {
		vehicle_deviated(core, vehicle, CAUSE_OTHER_RIDER);
		core->vehicles_more[vehicle].last_cause_ride = ride->ride;
	}
	case_end(core, CASE_LATE, ride->ride, 0, CASE_OPEN, "");
	mark_shared(core, vehicle);
	count_wait(core, slot);
	plan_retime(core, vehicle);
	plan_changed(core, vehicle);
	ride_say(core, slot);
}

/* A person has taken this rider out of the vehicle, which must hear of it. */
void ride_taken_out(struct core *core, uint32_t slot, const char *by)
{
	struct core_ride *ride = &core->rides[slot];
	uint32_t vehicle = core->rides_more[slot].vehicle;
	uint8_t cause = ride_late_cause(core, slot);
	core_touch_ride(core, slot);
	ride_outcome(core, slot, 0, cause == CAUSE_VEHICLE_LATE ? CAUSE_OPERATOR : cause);
	vehicle_drop_aboard(core, vehicle, ride->ride);
	ride_leave_plan(core, slot);
	plan_changed(core, vehicle);
	ride->state = RIDE_BROKEN;
	ride->taken_out = core->vehicles[vehicle].number;
	ride->taken_out_order = hash_u64(ride->ride ^ hash_u64((uint64_t)core->now));
	struct upd_rider_out *say = &core_say(core, UPD_RIDER_OUT)->rider_out;
	say->vehicle = ride->taken_out;
	say->order = ride->taken_out_order;
	say->ride = ride->ride;
	core_text(say->by, sizeof say->by, by);
}

/* But the vehicle still has the rider: so it is, and somebody must look. */
void ride_still_aboard(struct core *core, uint32_t slot, uint32_t vehicle)
{
	struct core_ride *ride = &core->rides[slot];
	core_touch_ride(core, slot);
	ride->taken_out = 0;
	ride->case_outcome = CASE_OPEN;
	core->rides_more[slot].late_said = 1; /* somebody is asked to see to it already */
	take_aboard(core, slot, vehicle, NONE);
	(void)case_new(core, CASE_DISAGREEMENT, ride->ride, ride->vehicle,
		       "taken out, but the vehicle says still aboard");
	plan_retime(core, vehicle);
	plan_changed(core, vehicle);
	ride_say(core, slot);
}

/* Was the rider so late at the stop that it alone made the arrival late? */
static int own_lateness(const struct core *core, const struct core_ride *ride, const struct ride_more *more)
{
	instant_ms expected =
		later(ride->at_stop_at + core->town->rules.stop_ms, ride->earliest_pickup) + more->boarding_ms;
	return ride->boarded_at - expected >= ride->alighted_at - ride->latest_arrival;
}

static void say_kept_or_not(struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	const struct ride_more *more = &core->rides_more[slot];
	if (ride->alighted_at <= ride->latest_arrival && !more->pickup_missed) {
		ride_outcome(core, slot, 1, ride->cause == CAUSE_LATE_TRIP ? CAUSE_LATE_TRIP : CAUSE_NONE);
		return;
	}
	uint8_t cause = ride_late_cause(core, slot);
	if (!more->pickup_missed && own_lateness(core, ride, more))
		cause = CAUSE_RIDER_LATE;
	ride_outcome(core, slot, 0, cause);
}

void ride_alighted(struct core *core, uint32_t slot, instant_ms at)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	uint32_t vehicle = more->vehicle;
	core_touch_ride(core, slot);
	ride->alighted_at = at;
	say_kept_or_not(core, slot);
	vehicle_drop_aboard(core, vehicle, ride->ride);
	more->vehicle = NONE;
	plan_drop_ride(core, vehicle, slot);
	plan_changed(core, vehicle);
	core->figures.done++;
	core->figures.shared += more->shared;
	core->figures.ride_ms_sum += (uint64_t)later(at - ride->boarded_at, 0);
	core->figures.direct_ms_sum += more->direct_ms;
	case_end(core, CASE_LATE, ride->ride, 0, CASE_HOME_BY_SHUTTLE, "");
	case_end(core, CASE_DISAGREEMENT, ride->ride, 0, CASE_HOME_BY_SHUTTLE, "");
	ride_close(core, slot, RIDE_DONE);
}

static void ride_no_show(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	uint32_t vehicle = more->vehicle;
	uint8_t cause = ride_late_cause(core, slot);
	core->figures.no_show++;
	if (vehicle != NONE)
		vehicle_deviated(core, vehicle, CAUSE_OTHER_RIDER); /* its wait is what the others' delay comes from */
	ride_leave_plan(core, slot);
	ride_outcome(core, slot, !more->pickup_missed, more->pickup_missed ? cause : CAUSE_NONE);
	notice_new(core, NOTICE_NO_SHOW, slot, core->now);
	case_end(core, CASE_LATE, ride->ride, 0, CASE_HOME_OTHERWISE, "");
	ride_close(core, slot, RIDE_NO_SHOW);
}

/* ---- moved to another vehicle, or broken ---- */

static void ask_of_promise(const struct core *core, uint32_t slot, struct ask *ask)
{
	const struct core_ride *ride = &core->rides[slot];
	const struct ride_more *more = &core->rides_more[slot];
	memset(ask, 0, sizeof *ask);
	memcpy(ask->units, ride->units, sizeof ask->units);
	ask->n_from = ask->n_to = 1;
	ask->from[0].place = ride->pickup;
	ask->to[0].place = ride->dropoff;
	ask->step_free = more->step_free;
	ask->fixed = ask->urgent = 1;
	ask->ride = slot;
	ask->skip = more->vehicle;
	ask->wait_permille = fair_weight(core, ride);
	ask->boarding_ms = more->boarding_ms;
	ask->party = ride->party;
	ask->earliest = later(ride->earliest_pickup, more->ready);
	ask->latest_pickup = ride->latest_pickup;
	ask->latest_dropoff = ride->latest_arrival;
	ask->ride_max_ms = ride->ride_max_ms;
	ask->service_end = INT64_MAX;
}

static void move_to(struct core *core, uint32_t slot, const struct insertion *found)
{
	struct core_ride *ride = &core->rides[slot];
	ride_leave_plan(core, slot);
	ride->state = RIDE_PROMISED;
	ride->at_stop_at = ride->last_call_at = INSTANT_NONE;
	ride->n_reassigned++;
	core->rides_more[slot].since = core->now;
	plan_put(core, found->vehicle, slot, found->pickup_at, found->dropoff_at, 0);
	core->rides_more[slot].told_pickup = ride->planned_pickup;
}

/* To another vehicle, the promise as it is. */
static void moved(struct core *core, uint32_t slot, const struct insertion *found)
{
	move_to(core, slot, found);
	notice_new(core, NOTICE_VEHICLE_CHANGED, slot, core->rides[slot].planned_pickup);
	ride_say(core, slot);
}

int ride_refused_by(const struct core *core, uint32_t slot, uint32_t vehicle)
{
	const struct ride_more *more = &core->rides_more[slot];
	int refused = more->n_refused == REFUSALS_KEPT;
	for (uint32_t i = 0; i < more->n_refused; i++)
		refused |= more->refused_by[i] == core->vehicles[vehicle].number;
	return refused;
}

int ride_move(struct core *core, uint32_t slot, uint8_t cause)
{
	(void)cause;
	struct ask ask;
	struct insertion_result result;
	ask_of_promise(core, slot, &ask);
	insertion_search(core, &ask, &result);
	const struct insertion *found = insertion_cheapest(&result);
	if (found->vehicle == NONE)
		return 0;
	moved(core, slot, found);
	return 1;
}

int ride_move_anywhere(struct core *core, uint32_t slot)
{
	struct ask ask;
	struct insertion_result result;
	uint32_t before = core->rides[slot].vehicle;
	ride_leave_plan(core, slot);
	ask_of_promise(core, slot, &ask);
	insertion_search(core, &ask, &result);
	const struct insertion *found = insertion_cheapest(&result);
	if (found->vehicle == NONE) {
		core->rides[slot].vehicle = before; /* whoever asks why it is broken wants to know */
		return 0;
	}
	move_to(core, slot, found);
	if (core->rides[slot].vehicle != before)
		notice_new(core, NOTICE_VEHICLE_CHANGED, slot, core->rides[slot].planned_pickup);
	ride_say(core, slot);
	return 1;
}

/* Any later pickup: what is offered in place of a broken promise, or to someone whose no-show was undone. */
static int find_next_best(struct core *core, uint32_t slot, struct insertion *ret_found)
{
	struct ask ask;
	struct insertion_result result;
	instant_ms until, next;
	ask_of_promise(core, slot, &ask);
	ask.fixed = 0;
	ask.earliest = later(core->now, sooner(ask.earliest, core->now + HOUR_MS));
	ask.latest_pickup = ask.earliest + core->town->rules.wait_max_ms;
	ask.latest_dropoff = INT64_MAX;
	if (promise_in_hours(core, ask.earliest, &until, &next))
		ask.service_end = until;
	insertion_search(core, &ask, &result);
	*ret_found = *insertion_cheapest(&result);
	return ret_found->vehicle != NONE;
}

static int keeps_promise(const struct core_ride *ride, const struct insertion *found)
{
	return found->window_from >= ride->earliest_pickup && found->window_to <= ride->latest_pickup &&
	       found->latest_arrival <= ride->latest_arrival && found->ride_max_ms <= ride->ride_max_ms;
}

static void take_next_best(struct core *core, uint32_t slot, const struct insertion *found)
{
	struct core_ride *ride = &core->rides[slot];
	ride->earliest_pickup = found->window_from;
	ride->latest_pickup = found->window_to;
	ride->latest_arrival = found->latest_arrival;
	ride->ride_max_ms = found->ride_max_ms;
	ride->closed_at = INSTANT_NONE;
	core->rides_more[slot].pickup_missed = 0;
	core->rides_more[slot].coming_ms = 0;
	move_to(core, slot, found);
}

/* The case table is full: the ride itself stays open and asks again. */
static void case_wanted(struct core *core, uint32_t slot)
{
	core->rides_more[slot].needs_case = 1;
	core->rides_more[slot].retry_at = core->now + MINUTE_MS;
}

void ride_say_broken(struct core *core, uint32_t slot, uint8_t cause)
{
	struct core_ride *ride = &core->rides[slot];
	core_touch_ride(core, slot);
	ride_outcome(core, slot, 0, cause);
	ride->cause = cause;
	if (case_new(core, CASE_BROKEN_RIDE, ride->ride, ride->vehicle, core_cause_name(cause)))
		case_wanted(core, slot);
	notice_new(core, NOTICE_BROKEN, slot, core->now);
}

void ride_break(struct core *core, uint32_t slot, uint8_t cause)
{
	const struct core_ride *ride = &core->rides[slot];
	struct insertion found;
	int other = find_next_best(core, slot, &found);
	if (other && keeps_promise(ride, &found)) { /* what would be said to be broken is kept */
		moved(core, slot, &found);
		return;
	}
	ride_say_broken(core, slot, cause);
	if (other) {
		take_next_best(core, slot, &found);
		core->rides_more[slot].replaced = 1;
		notice_new(core, NOTICE_VEHICLE_CHANGED, slot, ride->planned_pickup);
		ride_say(core, slot);
		return;
	}
	ride_leave_plan(core, slot);
	ride_close(core, slot, RIDE_BROKEN);
}

void ride_move_or_break(struct core *core, uint32_t slot, uint8_t cause)
{
	if (!ride_move(core, slot, cause))
		ride_break(core, slot, cause);
}

/* ---- commands ---- */

static int cancel_promised(struct core *core, uint32_t slot, const struct cmd_cancel *cancel)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	if (cancel->by == CANCEL_OPERATOR &&
	    !more->outcome_said) { /* a named person, for need: counted apart from broken */
		more->outcome_said = 1;
		ride->cause = CAUSE_OPERATOR;
		core_say(core, UPD_OUTCOME)->outcome =
			(struct upd_outcome){.ride = ride->ride, .cause = CAUSE_OPERATOR};
	}
	ride_leave_plan(core, slot);
	notice_new(core, NOTICE_CANCELLED, slot, core->now);
	return ERR_OK;
}

int ride_cancel(struct core *core, const struct cmd_cancel *cancel)
{
	uint32_t slot = core_ride_slot(core, cancel->ride);
	core->result.ride = cancel->ride;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_ride *ride = &core->rides[slot];
	if (ride->state == RIDE_CANCELLED)
		return ERR_OK;
	core_touch_ride(core, slot);
	if (ride->state == RIDE_OFFERED)
		ride_unreserve(core, slot);
	else if (ride->state == RIDE_PROMISED || ride->state == RIDE_AT_STOP)
		cancel_promised(core, slot, cancel);
	else if (ride->state != RIDE_BROKEN)
		return ERR_CONFLICT;
	case_end(core, CASE_KINDS, ride->ride, 0, CASE_RIDER_DECLINED, "cancelled");
	core->figures.cancelled++;
	core->rides_more[slot].needs_case = 0;
	ride_close(core, slot, RIDE_CANCELLED);
	return ERR_OK;
}

/* "I am coming": the vehicle waits longer, once, as far as nobody else's promise needs the time. */
int ride_coming(struct core *core, const struct cmd_ride *command)
{
	uint32_t slot = core_ride_slot(core, command->ride);
	core->result.ride = command->ride;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	if (ride->coming_used || (ride->state != RIDE_PROMISED && ride->state != RIDE_AT_STOP) || more->vehicle == NONE)
		return ERR_CONFLICT;
	core_touch_ride(core, slot);
	more->coming_ms = core->town->rules.coming_extra_ms;
	plan_retime(core, more->vehicle);
	for (uint32_t k = 0; k < core->vehicles_more[more->vehicle].n; k++) {
		const struct core_task *task = &core_tasks(core, more->vehicle)[k];
		instant_ms over =
			core_tasks_more(core, more->vehicle)[k].worst + promise_margin_ms(core) - task->latest;
		if (core_tasks_more(core, more->vehicle)[k].ride == NONE || task->ride == ride->ride || over <= 0)
			continue;
		more->coming_ms = over < more->coming_ms ? more->coming_ms - (uint32_t)over : 0;
	}
	plan_retime(core, more->vehicle);
	if (!more->coming_ms)
		return ERR_UNAVAILABLE;
	ride->coming_used = 1;
	plan_changed(core, more->vehicle);
	ride_say(core, slot);
	return ERR_OK;
}

int ride_evidence(struct core *core, const struct cmd_board_evidence *evidence)
{
	uint32_t slot = core_ride_slot(core, evidence->ride);
	core->result.ride = evidence->ride;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	if (evidence->evidence < WIRE_EVIDENCE_CODE || evidence->evidence > WIRE_EVIDENCE_APP)
		return ERR_RANGE;
	if (ride->state != RIDE_AT_STOP)
		return ERR_CONFLICT;
	if ((evidence->evidence == WIRE_EVIDENCE_CODE || evidence->evidence == WIRE_EVIDENCE_APP) &&
	    evidence->code != ride->boarding_code)
		return ERR_DENIED;
	if (!core->vehicles[more->vehicle].supervisor[0]) /* riders are carried only while somebody watches */
		return ERR_UNAVAILABLE;
	core_touch_ride(core, slot);
	if (!more->evidence) {
		more->evidence = evidence->evidence;
		more->evidence_at = core->now;
	}
	core->result.vehicle = ride->vehicle;
	core_say(core, UPD_EVIDENCE)->evidence = (struct upd_evidence){ride->vehicle, ride->ride, evidence->evidence};
	time_ride(core, slot);
	return ERR_OK;
}

int ride_no_show_undo(struct core *core, const struct cmd_ride *command)
{
	uint32_t slot = core_ride_slot(core, command->ride);
	core->result.ride = command->ride;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_ride *ride = &core->rides[slot];
	if (ride->state != RIDE_NO_SHOW)
		return ERR_CONFLICT;
	core_touch_ride(core, slot);
	core->figures.no_show--;
	core->rides_more[slot].undone = 1;
	core->rides_more[slot].evidence = 0;
	struct insertion found;
	if (find_next_best(core, slot, &found)) {
		take_next_best(core, slot, &found);
		notice_new(core, NOTICE_VEHICLE_CHANGED, slot, ride->planned_pickup);
		ride_say(core, slot);
		return ERR_OK;
	}
	ride->closed_at = INSTANT_NONE;
	if (case_new(core, CASE_BROKEN_RIDE, ride->ride, 0, command->who))
		case_wanted(core, slot);
	ride_close(core, slot, RIDE_BROKEN);
	return ERR_OK;
}

/* ---- what is due ---- */

static instant_ms last_call_due(const struct core *core, const struct core_ride *ride, uint32_t slot)
{
	instant_ms end = plan_no_show_at(core, slot, ride->at_stop_at);
	return end - sooner(MINUTE_MS, core->town->rules.no_show_wait_ms / 2);
}

/* A rider at whose stop nobody may board yet cannot be a no-show. */
static int can_board(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[core->rides_more[slot].vehicle];
	return vehicle->supervisor[0] && vehicle->link_up && vehicle->service != SERVICE_DOWN &&
	       vehicle->service != SERVICE_LOST && !vehicle->standstill;
}

static instant_ms due_of(const struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	const struct ride_more *more = &core->rides_more[slot];
	if (more->needs_case || more->review)
		return more->retry_at;
	switch (ride->state) {
	case RIDE_OFFERED:
		return ride->offers_until + 1;
	case RIDE_PROMISED:
		return more->late_said ? INT64_MAX : ride->latest_pickup + 1;
	case RIDE_AT_STOP:
		if (!can_board(core, slot))
			return later(ride->at_stop_at, more->retry_at) + MINUTE_MS;
		if (ride->last_call_at == INSTANT_NONE)
			return last_call_due(core, ride, slot);
		return later(plan_no_show_at(core, slot, ride->at_stop_at), ride->last_call_at + MINUTE_MS / 2);
	case RIDE_ABOARD:
		return more->late_said ? INT64_MAX : ride->latest_arrival + 1;
	default:
		return ride->closed_at == INSTANT_NONE ? INT64_MAX : ride->closed_at + core->settings.closed_keep_ms;
	}
}

void time_ride(struct core *core, uint32_t slot)
{
	core_touch_ride(core, slot);
	timers_set(&core->timers, slot, core->rides_more[slot].used ? due_of(core, slot) : INT64_MAX);
}

static void due_at_stop(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	if (!can_board(core, slot)) {
		core->rides_more[slot].retry_at = core->now;
		return;
	}
	if (ride->last_call_at == INSTANT_NONE) {
		if (core->now < last_call_due(core, ride, slot))
			return;
		ride->last_call_at = core->now;
		notice_new(core, NOTICE_LAST_CALL, slot, plan_no_show_at(core, slot, ride->at_stop_at));
	} else if (core->now >= due_of(core, slot)) {
		ride_no_show(core, slot);
	}
}

static void due_late(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	core->rides_more[slot].late_said = 1;
	(void)case_new(core, CASE_LATE, ride->ride, ride->vehicle, ride->state == RIDE_ABOARD ? "arrival" : "pickup");
}

static void due_case(struct core *core, uint32_t slot)
{
	struct ride_more *more = &core->rides_more[slot];
	const struct core_ride *ride = &core->rides[slot];
	more->needs_case =
		case_new(core, CASE_BROKEN_RIDE, ride->ride, ride->vehicle, core_cause_name(ride->cause)) != 0;
	more->retry_at = core->now + MINUTE_MS;
}

void ride_due(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	core_touch_ride(core, slot);
	if (more->needs_case) {
		due_case(core, slot);
	} else if (more->review) {
		more->review = 0;
		connection_review(core, slot);
	} else if (ride->state == RIDE_OFFERED) {
		if (core->now > ride->offers_until) {
			ride_unreserve(core, slot);
			core->figures.expired++;
			ride_close(core, slot, RIDE_EXPIRED);
		}
	} else if (ride->state == RIDE_AT_STOP) {
		due_at_stop(core, slot);
	} else if (ride->state == RIDE_PROMISED || ride->state == RIDE_ABOARD) {
		if (core->now > (ride->state == RIDE_ABOARD ? ride->latest_arrival : ride->latest_pickup))
			due_late(core, slot);
	} else if (ride->closed_at != INSTANT_NONE && core->now >= ride->closed_at + core->settings.closed_keep_ms) {
		if (case_open_for(core, ride->ride) || ride->taken_out) {
			ride->closed_at =
				core->now; /* kept while a case names it, or a vehicle must still hear of it */
		} else {
			ride_free(core, slot);
			return;
		}
	}
	time_ride(core, slot);
}
