/* Ties to trips of the timetable, and their live times. */
#include "state.h"

static int same_trip(const struct trip_key *a, const struct trip_key *b)
{
	return a->start_s == b->start_s && a->yyyymmdd == b->yyyymmdd &&
	       strncmp(a->feed, b->feed, sizeof a->feed) == 0 &&
	       strncmp(a->trip_id, b->trip_id, sizeof a->trip_id) == 0;
}

/* What is known of the trip, by stop: at most `most` of it, in no order. */
static uint32_t words_of(const struct core *core, const struct trip_key *key, const struct trip_delay **words,
			 uint32_t most)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < core->n_delays && n < most; i++)
		if (same_trip(&core->delays[i].trip, key))
			words[n++] = &core->delays[i];
	return n;
}

/* Times along a run, stop by stop: a word holds for its stop (arrival) and from it on (departure); times never run
 * backwards. */
struct along {
	instant_ms start, latest;
	int32_t late_s;
	int off; /* cancelled from here on */
};

static int along_next(struct along *along, const struct timetable *timetable, uint32_t event,
		      const struct trip_delay *word, instant_ms *ret_arrival, instant_ms *ret_departure)
{
	int32_t arrival_late_s = word ? word->arrival_late_s : along->late_s;
	if (word) {
		along->late_s = word->departure_late_s;
		along->off = word->cancelled == TRIP_CANCELLED;
	}
	instant_ms arrival = along->start + ((instant_ms)timetable->time_arrival_s[event] + arrival_late_s) * SECOND_MS;
	instant_ms departure =
		along->start + ((instant_ms)timetable->time_departure_s[event] + along->late_s) * SECOND_MS;
	*ret_arrival = later(arrival, along->latest);
	*ret_departure = along->latest = later(departure, *ret_arrival);
	return !along->off && !(word && word->cancelled == TRIP_SKIPS_STOP);
}

#define WORDS_MAX 512 /* of one trip; what is beyond is not looked at */

/* Times at the event; 0 = the trip does not call there. */
static int times_at(const struct core *core, const struct trip_key *key, uint32_t event, uint32_t day,
		    instant_ms *ret_arrival, instant_ms *ret_departure)
{
	const struct timetable *timetable = &core->town->timetable;
	const struct trip_delay *words[WORDS_MAX];
	uint32_t n = words_of(core, key, words, WORDS_MAX);
	struct along along = {.start = timetable->day_start[day], .latest = INSTANT_NONE};
	int calls = 1;
	for (uint32_t at = timetable->trip_first[timetable->event_trip[event]]; at <= event; at++) {
		const struct trip_delay *word = NULL;
		for (uint32_t i = 0; i < n && !word; i++)
			if (words[i]->trip.stop_sequence == timetable->time_sequence[at])
				word = words[i];
		calls = along_next(&along, timetable, at, word, ret_arrival, ret_departure);
	}
	return calls;
}

int connection_times(const struct core *core, const struct trip_key *key, instant_ms *ret_arrival,
		     instant_ms *ret_departure)
{
	uint32_t day, event = timetable_find(core->town, key, &day);
	if (event == NONE)
		return ERR_NOT_FOUND;
	return times_at(core, key, event, day, ret_arrival, ret_departure) ? ERR_OK : ERR_GONE;
}

/* ---- what is known of late trips ---- */

static void forget(struct core *core, uint32_t i)
{
	core_touch(core, ITEM_DELAY, i);
	core_touch(core, ITEM_DELAY, core->n_delays - 1);
	core->delays[i] = core->delays[--core->n_delays];
}

/* A new word takes the place of what was said of this stop and all later ones. */
static void forget_from(struct core *core, const struct trip_key *key)
{
	for (uint32_t i = core->n_delays; i-- > 0;)
		if (same_trip(&core->delays[i].trip, key) && core->delays[i].trip.stop_sequence >= key->stop_sequence)
			forget(core, i);
}

static int said_before(const struct core *core, const struct trip_key *key)
{
	for (uint32_t i = 0; i < core->n_delays; i++)
		if (same_trip(&core->delays[i].trip, key) && core->delays[i].trip.stop_sequence < key->stop_sequence)
			return 1;
	return 0;
}

/* Trips that are over make room, the longest over first; NONE = all are needed. */
static uint32_t delay_over(const struct core *core)
{
	uint32_t oldest = NONE;
	for (uint32_t i = 0; i < core->n_delays; i++)
		if (core->delays[i].over_at < core->now &&
		    (oldest == NONE || core->delays[i].over_at < core->delays[oldest].over_at))
			oldest = i;
	return oldest;
}

static int has_place(const struct core *core, const struct trip_key *key)
{
	if (core->n_delays < core->settings.delays_max)
		return 1;
	for (uint32_t i = 0; i < core->n_delays; i++)
		if (same_trip(&core->delays[i].trip, key) && core->delays[i].trip.stop_sequence >= key->stop_sequence)
			return 1;
	return delay_over(core) != NONE;
}

/* Kept an hour longer than the trip runs: its riders may still be about. */
static instant_ms over_at(const struct timetable *timetable, uint32_t event, uint32_t day, int32_t late_s)
{
	uint32_t last = timetable->trip_first[timetable->event_trip[event] + 1] - 1;
	return timetable->day_start[day] +
	       ((instant_ms)timetable->time_arrival_s[last] + (late_s > 0 ? late_s : 0)) * SECOND_MS + HOUR_MS;
}

/* Only trips that are not on time take room. */
static int delay_keep(struct core *core, const struct cmd_trip_delay *command, uint32_t event, uint32_t day)
{
	int needed = command->cancelled || command->arrival_late_s || command->departure_late_s ||
		     said_before(core, &command->trip);
	if (needed && !has_place(core, &command->trip))
		return ERR_FULL;
	forget_from(core, &command->trip);
	if (!needed)
		return ERR_OK;
	if (core->n_delays == core->settings.delays_max)
		forget(core, delay_over(core));
	struct trip_delay *delay = &core->delays[core->n_delays];
	*delay = (struct trip_delay){command->trip, command->arrival_late_s, command->departure_late_s,
				     command->cancelled,
				     over_at(&core->town->timetable, event, day, command->departure_late_s)};
	core_text(delay->trip.feed, sizeof delay->trip.feed, command->trip.feed);
	core_text(delay->trip.trip_id, sizeof delay->trip.trip_id, command->trip.trip_id);
	core_touch(core, ITEM_DELAY, core->n_delays++);
	return ERR_OK;
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
	    command->departure_late_s < -most || command->cancelled > TRIP_SKIPS_STOP)
		return ERR_RANGE;
	uint32_t event = timetable_find(core->town, key, &day);
	if (event == NONE)
		return ERR_NOT_FOUND;
	int code = delay_keep(core, command, event, day);
	if (code)
		return code;
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
 * long as it was. */
static void move_window(struct core *core, uint32_t slot, instant_ms ready)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	instant_ms shift = ready + ride->offers[ride->accepted].walk_from_ms - ride->earliest_pickup;
	core_touch_ride(core, slot);
	more->ready = ready;
	if (shift <= 0)
		return;
	ride->earliest_pickup += shift;
	ride->latest_pickup += shift;
	ride->latest_arrival += shift;
	ride->cause = CAUSE_LATE_TRIP;
	notice_new(core, NOTICE_CONNECTION_AT_RISK, slot, ride->earliest_pickup);
}

/* The others of the same trip move before anybody's plan is judged: they often share a shuttle, and each of them alone
 * would stand in the way of the rest. They are looked at in their own turn. */
static void move_companions(struct core *core, uint32_t slot)
{
	const struct trip_key *key = &core->rides[slot].request.tie;
	for (uint32_t r = 0; r < core->n_rides; r++) {
		uint32_t other = core->ride_order[r];
		const struct core_ride *ride = &core->rides[other];
		instant_ms arrival, departure;
		if (other == slot || !core->rides_more[other].review || ride->request.tie_kind != TIE_FROM_TRIP ||
		    (ride->state != RIDE_PROMISED && ride->state != RIDE_AT_STOP) ||
		    !same_trip(&ride->request.tie, key) ||
		    connection_times(core, &ride->request.tie, &arrival, &departure))
			continue;
		move_window(core, other, arrival + core->town->rules.transfer_ms);
		if (core->rides_more[other].vehicle != NONE)
			plan_retime(core, core->rides_more[other].vehicle);
	}
}

/* To another shuttle; to a later place in the plan of its own, unless that is on its way to the rider already. */
static void move_ride(struct core *core, uint32_t slot)
{
	uint32_t vehicle = core->rides_more[slot].vehicle;
	int is_free = plan_find(core, vehicle, slot, WIRE_PICKUP) >= plan_first_free(core, vehicle);
	if (!ride_move(core, slot, CAUSE_LATE_TRIP) && !(is_free && ride_move_anywhere(core, slot)))
		ride_break(core, slot, CAUSE_LATE_TRIP);
}

/* The shuttle waits where all others on its plan allow it; else another shuttle; else the ride is broken by the trip.
 */
static void follow_arrival(struct core *core, uint32_t slot, instant_ms ready)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	move_window(core, slot, ready);
	move_companions(core, slot);
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
		move_ride(core, slot);
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
