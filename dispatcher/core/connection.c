/* Ties to trips of the timetable, and their live times. */
#include "state.h"

static int same_trip(const struct trip_key *a, const struct trip_key *b)
{
	return a->start_s == b->start_s && a->yyyymmdd == b->yyyymmdd &&
	       strncmp(a->feed, b->feed, sizeof a->feed) == 0 &&
	       strncmp(a->trip_id, b->trip_id, sizeof a->trip_id) == 0;
}

/* The newest word about the trip at this stop: the delay given for the greatest stop sequence not behind it. */
static const struct trip_delay *delay_of(const struct core *core, const struct trip_key *key)
{
	const struct trip_delay *best = NULL;
	for (uint32_t i = 0; i < core->n_delays; i++) {
		const struct trip_delay *delay = &core->delays[i];
		if (same_trip(&delay->trip, key) && delay->trip.stop_sequence <= key->stop_sequence &&
		    (!best || delay->trip.stop_sequence > best->trip.stop_sequence))
			best = delay;
	}
	return best;
}

int connection_times(const struct core *core, const struct trip_key *key, instant_ms *ret_arrival,
		     instant_ms *ret_departure)
{
	const struct timetable *timetable = &core->town->timetable;
	uint32_t day, event = timetable_find(core->town, key, &day);
	if (event == NONE)
		return ERR_NOT_FOUND;
	const struct trip_delay *delay = delay_of(core, key);
	if (delay && delay->cancelled)
		return ERR_GONE;
	instant_ms arrival_late = delay ? delay->arrival_late_s * SECOND_MS : 0;
	instant_ms departure_late = delay ? delay->departure_late_s * SECOND_MS : 0;
	*ret_arrival = timetable->day_start[day] + timetable->time_arrival_s[event] * SECOND_MS + arrival_late;
	*ret_departure = timetable->day_start[day] + timetable->time_departure_s[event] * SECOND_MS + departure_late;
	return ERR_OK;
}

/* Delays of days gone by make room. */
static uint32_t delay_place(struct core *core, const struct trip_key *key)
{
	uint32_t oldest = NONE;
	for (uint32_t i = 0; i < core->n_delays; i++) {
		const struct trip_key *other = &core->delays[i].trip;
		if (same_trip(other, key) && other->stop_sequence == key->stop_sequence)
			return i;
		if (other->yyyymmdd < key->yyyymmdd &&
		    (oldest == NONE || other->yyyymmdd < core->delays[oldest].trip.yyyymmdd))
			oldest = i;
	}
	if (core->n_delays < core->settings.delays_max)
		return core->n_delays++;
	return oldest;
}

static int tied_open(const struct core *core, uint32_t slot)
{
	const struct core_ride *ride = &core->rides[slot];
	return ride->request.tie_kind != TIE_NONE && (ride->state == RIDE_OFFERED || ride->state == RIDE_PROMISED ||
						      ride->state == RIDE_AT_STOP || ride->state == RIDE_ABOARD);
}

static int tied_to(const struct core_ride *ride, const struct trip_key *key)
{
	return same_trip(&ride->request.tie, key) && ride->request.tie.stop_sequence >= key->stop_sequence;
}

/* One after the other, as far as the step has room. */
static void review_later(struct core *core, uint32_t slot)
{
	core->rides_more[slot].review = 1;
	core->rides_more[slot].retry_at = core->now;
	time_ride(core, slot);
}

void connection_review_all(struct core *core)
{
	for (uint32_t r = 0; r < core->n_rides; r++)
		if (tied_open(core, core->ride_order[r]))
			review_later(core, core->ride_order[r]);
}

int connection_delay(struct core *core, const struct cmd_trip_delay *command)
{
	const struct trip_key *key = &command->trip;
	uint32_t day;
	if (!memchr(key->feed, 0, sizeof key->feed) || !memchr(key->trip_id, 0, sizeof key->trip_id))
		return ERR_RANGE;
	const int32_t most = 172800;
	if (command->arrival_late_s > most || command->arrival_late_s < -most || command->departure_late_s > most ||
	    command->departure_late_s < -most)
		return ERR_RANGE;
	if (timetable_find(core->town, key, &day) == NONE)
		return ERR_NOT_FOUND;
	uint32_t i = delay_place(core, key);
	if (i == NONE)
		return ERR_FULL;
	core->delays[i] =
		(struct trip_delay){*key, command->arrival_late_s, command->departure_late_s, command->cancelled != 0};
	core_text(core->delays[i].trip.feed, sizeof key->feed, key->feed);
	core_text(core->delays[i].trip.trip_id, sizeof key->trip_id, key->trip_id);
	core_touch(core, ITEM_DELAY, i);
	for (uint32_t r = 0; r < core->n_rides; r++) {
		uint32_t slot = core->ride_order[r];
		if (tied_open(core, slot) && tied_to(&core->rides[slot], key))
			review_later(core, slot);
	}
	return ERR_OK;
}

/* Do all promises of the ride's vehicle hold with things as they are now? */
static int plan_holds(const struct core *core, uint32_t vehicle)
{
	for (uint32_t k = 0; k < core->vehicles_more[vehicle].n; k++) {
		const struct core_task *task = &core_tasks(core, vehicle)[k];
		instant_ms value = task->kind == WIRE_PICKUP ? task->arrive : task->end;
		if (core_tasks_more(core, vehicle)[k].ride != NONE && value > task->latest)
			return 0;
	}
	return 1;
}

/* The rider of a late train cannot be there: the promise is one relative to the trip, so its window moves along, as
 * long as it was, and the shuttle waits where all others on its plan allow it; else another shuttle; else it is broken
 * by the trip. */
static void follow_arrival(struct core *core, uint32_t slot, instant_ms ready)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	core_touch_ride(core, slot);
	more->ready = ready;
	instant_ms walked = ready + ride->offers[ride->accepted].walk_from_ms;
	instant_ms shift = walked - ride->earliest_pickup;
	if (shift > 0) {
		ride->earliest_pickup += shift;
		ride->latest_pickup += shift;
		ride->latest_arrival += shift;
		ride->cause = CAUSE_LATE_TRIP;
		notice_new(core, NOTICE_CONNECTION_AT_RISK, slot, ride->earliest_pickup);
	}
	if (more->vehicle == NONE)
		return;
	if (ride->state == RIDE_AT_STOP && core->now < ride->earliest_pickup)
		ride->last_call_at = INSTANT_NONE;
	plan_retime(core, more->vehicle);
	if (!plan_holds(core, more->vehicle)) {
		if (ride->state == RIDE_AT_STOP) { /* stops waiting: it can be called again */
			uint32_t k = plan_find(core, more->vehicle, slot, WIRE_PICKUP);
			core_tasks(core, more->vehicle)[k].state = 0;
			ride->state = RIDE_PROMISED;
		}
		ride_move_or_break(core, slot, CAUSE_LATE_TRIP);
		return;
	}
	plan_changed(core, more->vehicle);
	ride_say(core, slot);
}

/* The train does not run, or is not reached although the promise is kept. Whoever still comes is carried as promised; a
 * person asks how the rider gets on. */
static void lost_connection(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	notice_new(core, NOTICE_CONNECTION_AT_RISK, slot, core->now);
	if (ride->request.tie_kind == TIE_TO_TRIP || ride->state != RIDE_ABOARD) {
		ride->cause = CAUSE_TRIP_CANCELLED;
		core_touch_ride(core, slot);
		if (case_new(core, CASE_BROKEN_RIDE, ride->ride, ride->vehicle,
			     core_cause_name(CAUSE_TRIP_CANCELLED))) {
			core->rides_more[slot].needs_case = 1;
			core->rides_more[slot].retry_at = core->now + MINUTE_MS;
		}
	}
	ride_say(core, slot);
}

void connection_review(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	instant_ms arrival, departure;
	int code = connection_times(core, &ride->request.tie, &arrival, &departure);
	if (ride->state == RIDE_OFFERED) { /* looked at again when it is accepted */
		if (!code && ride->request.tie_kind == TIE_FROM_TRIP)
			core->rides_more[slot].ready = arrival + core->town->rules.transfer_ms;
		return;
	}
	if (!tied_open(core, slot))
		return;
	if (code) {
		lost_connection(core, slot);
		return;
	}
	if (ride->request.tie_kind == TIE_FROM_TRIP) {
		if (ride->state != RIDE_ABOARD)
			follow_arrival(core, slot, arrival + core->town->rules.transfer_ms);
		return;
	}
	instant_ms change_ms = (instant_ms)ride->offers[ride->accepted].walk_to_ms + core->town->rules.transfer_ms;
	if (ride->latest_arrival + change_ms > departure) /* it leaves earlier than when the promise was made */
		lost_connection(core, slot);
	else if (ride->planned_dropoff + change_ms > departure)
		notice_new(core, NOTICE_CONNECTION_AT_RISK, slot, departure);
}
