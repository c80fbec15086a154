#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "checker_inner.h"

int checker_open(struct checker **ret_checker, const struct town *town)
{
	struct checker *checker = calloc(1, sizeof *checker);
	if (!checker)
		return ERR_MEMORY;
	checker->town = town;
	checker->n_fleet = 1;
	checker->fleet = calloc(CHECKER_VEHICLES_MAX, sizeof *checker->fleet);
	if (!checker->fleet || arena_open(&checker->arena, (size_t)CHECKER_RIDES_MAX * 64) ||
	    hash_map_open(&checker->map, &checker->arena, CHECKER_RIDES_MAX)) {
		checker_close(checker);
		return ERR_MEMORY;
	}
	*ret_checker = checker;
	return ERR_OK;
}

void checker_close(struct checker *checker)
{
	if (!checker)
		return;
	arena_close(&checker->arena);
	arena_close(&checker->route_arena);
	arena_close(&checker->query_arena);
	free(checker->books);
	free(checker->fleet);
	free(checker->events);
	free(checker->trips);
	free(checker);
}

void checker_found(struct checker *checker, const char *format, ...)
{
	va_list arguments;
	if (checker->fault[0])
		return;
	va_start(arguments, format);
	vsnprintf(checker->fault, sizeof checker->fault, format, arguments);
	va_end(arguments);
}

void checker_restored(struct checker *checker)
{
	checker->restored = 1;
}

const char *checker_fault(const struct checker *checker)
{
	return checker->fault;
}

/* ---- riders ask ---- */

void checker_town(struct checker *checker, const struct town *town)
{
	checker->town = town;
}

static void count_needs(const struct town *town, const struct cmd_request *request, struct book *book)
{
	uint32_t wheelchair = town_need(town, "wheelchair");
	for (uint32_t need = 0; need < town->n_needs; need++) {
		for (uint32_t space = 0; space < town->n_spaces; space++)
			book->units[space] =
				(uint8_t)(book->units[space] +
					  request->need_count[need] * town->need_space[need * town->n_spaces + space]);
		book->boarding_ms += request->need_count[need] * town->need_boarding_ms[need];
	}
	book->wheelchair = wheelchair != NONE && request->need_count[wheelchair] > 0;
}

/* When the rider wants to be picked up. */
static instant_ms wish_of(const struct cmd_request *request, instant_ms asked_at)
{
	if (request->time_kind == TIME_ARRIVE_BY || request->tie_kind != TIE_NONE)
		return INSTANT_NONE;
	return request->time_kind == TIME_LEAVE_AT && request->time > asked_at ? request->time : asked_at;
}

static void note_request(struct checker *checker, const struct command *command)
{
	const struct cmd_request *request = &command->request;
	if (!request->ride || checker_book(checker, request->ride))
		return; /* the same key again */
	struct book book = {.ride = request->ride,
			    .asked_at = command->at,
			    .wished_at = wish_of(request, command->at),
			    .promised_at = INSTANT_NONE,
			    .arrived_at = INSTANT_NONE,
			    .boarded_at = INSTANT_NONE,
			    .alighted_at = INSTANT_NONE,
			    .from = request->from.point,
			    .pickup = request->from.road,
			    .tie_kind = request->tie_kind,
			    .tie = request->tie};
	count_needs(checker->town, request, &book);
	book.prebooked = request->time_kind != TIME_NOW &&
			 request->time - command->at > (instant_ms)checker->town->rules.wait_max_ms;
	if (hash_map_put(&checker->map, request->ride, (uint32_t)checker->n) ||
	    array_push(checker->books, checker->n, checker->cap, book))
		checker_found(checker, "the checker's books are full (%u rides)", CHECKER_RIDES_MAX);
}

/* ---- vehicles say ---- */

static void check_seats(struct checker *checker, const struct fleet_book *vehicle, uint32_t number)
{
	for (uint32_t space = 0; space < checker->town->n_spaces; space++) {
		uint32_t taken = 0;
		for (uint32_t i = 0; i < vehicle->n_aboard; i++)
			taken += checker_book(checker, vehicle->aboard[i])->units[space];
		if (taken > vehicle->spaces[space])
			checker_found(checker, "vehicle %u carries %u of %u %s", number, taken, vehicle->spaces[space],
				      town_text(checker->town, checker->town->space_name[space]));
	}
}

/* The vehicle stood here for another rider longer than boarding takes: the later ones of its riders pay for it. */
static void note_wait(struct checker *checker, uint32_t number, const struct book *ride, instant_ms until,
		      instant_ms journaled)
{
	instant_ms since = ride->arrived_at > ride->earliest_pickup ? ride->arrived_at : ride->earliest_pickup;
	int64_t waited_ms = until - since - (int64_t)ride->boarding_ms;
	if (ride->arrived_at != INSTANT_NONE && waited_ms > CHECKER_LATE_MS)
		checker_event(checker, OUTSIDE_WAIT, number, journaled, waited_ms, ride->ride);
}

static void note_boarded(struct checker *checker, uint32_t number, struct book *ride, instant_ms at,
			 instant_ms journaled)
{
	struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (ride->boarded_at != INSTANT_NONE) {
		checker_found(checker, "ride %016" PRIx64 " boarded twice (vehicles %u and %u)", ride->ride,
			      ride->vehicle, number);
		return;
	}
	if (ride->promised_at == INSTANT_NONE)
		checker_found(checker, "ride %016" PRIx64 " boarded without a promise", ride->ride);
	if (vehicle->n_aboard == CHECKER_ABOARD_MAX) {
		checker_found(checker, "vehicle %u carries more than %d rides", number, CHECKER_ABOARD_MAX);
		return;
	}
	for (uint32_t i = 0; i < vehicle->n_aboard; i++)
		checker_book(checker, vehicle->aboard[i])->shared = ride->shared = 1;
	vehicle->aboard[vehicle->n_aboard++] = ride->ride;
	vehicle->used = 1;
	ride->vehicle = number;
	ride->boarded_at = at;
	ride->arrived_at = vehicle->stands_since != INSTANT_NONE ? vehicle->stands_since : at;
	note_wait(checker, number, ride, at, journaled);
	check_seats(checker, vehicle, number);
}

/* 0: it was not aboard. */
static int leave(struct fleet_book *vehicle, uint64_t ride)
{
	uint32_t i = 0;
	while (i < vehicle->n_aboard && vehicle->aboard[i] != ride)
		i++;
	if (i == vehicle->n_aboard)
		return 0;
	vehicle->aboard[i] = vehicle->aboard[--vehicle->n_aboard];
	return 1;
}

/* A named person has taken the rider out; whether the vehicle agrees is its word. */
static void note_taken_out(struct checker *checker, struct book *ride)
{
	struct fleet_book *vehicle = checker_vehicle(checker, ride->vehicle);
	ride->taken_out = vehicle && leave(vehicle, ride->ride);
}

static void note_still_aboard(struct checker *checker, uint32_t number, struct book *ride)
{
	struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (!ride->taken_out || ride->vehicle != number || vehicle->n_aboard == CHECKER_ABOARD_MAX)
		return;
	ride->taken_out = 0;
	vehicle->aboard[vehicle->n_aboard++] = ride->ride;
}

static void note_alighted(struct checker *checker, uint32_t number, struct book *ride, instant_ms at)
{
	struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (ride->taken_out && ride->vehicle == number)
		return; /* let out before the person came */
	if (!leave(vehicle, ride->ride)) {
		checker_found(checker, "ride %016" PRIx64 " left vehicle %u without having boarded it", ride->ride,
			      number);
		return;
	}
	ride->alighted_at = at;
}

/* An event counts once, in the vehicle's own order; what comes before a missing one will come again. */
static int in_order(struct fleet_book *vehicle, const struct wire_event *event)
{
	if (event->boot < vehicle->boot ||
	    event->sequence != (event->boot == vehicle->boot ? vehicle->sequence + 1 : 1))
		return 0;
	vehicle->boot = event->boot;
	vehicle->sequence = event->sequence;
	return 1;
}

/* Returns whether it was new. */
static int note_event(struct checker *checker, const struct command *command)
{
	const struct wire_event *event = &command->vehicle_event.event;
	uint32_t number = command->vehicle_event.vehicle;
	struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (!vehicle || !vehicle->known || !in_order(vehicle, event))
		return 0;
	instant_ms at = event->at < command->at ? event->at : command->at;
	struct book *ride = checker_book(checker, event->ride);
	if (event->place.arc != NONE) {
		vehicle->at = (struct spot){event->place.arc, event->place.offset_mm};
		if (event->kind == WIRE_ARRIVED)
			checker_way(checker, number, vehicle->at, at);
		vehicle->left = vehicle->at;
		vehicle->left_at = at;
	}
	if (event->kind == WIRE_ARRIVED && vehicle->stands_since == INSTANT_NONE)
		vehicle->stands_since = at;
	else if (event->kind == WIRE_DEPARTED)
		vehicle->stands_since = INSTANT_NONE;
	else if (event->kind == WIRE_BOARDED && ride)
		note_boarded(checker, number, ride, at, command->at);
	else if (event->kind == WIRE_BOARDED && !checker->doubt[0])
		snprintf(checker->doubt, sizeof checker->doubt, "somebody without a ride boarded vehicle %u", number);
	else if (event->kind == WIRE_ALIGHTED && ride)
		note_alighted(checker, number, ride, at);
	else if (event->kind == WIRE_STILL_ABOARD && ride)
		note_still_aboard(checker, number, ride);
	else if (event->kind == WIRE_TAKEN_OUT && ride && !ride->taken_out)
		(void)leave(vehicle, ride->ride); /* as a dispatcher whose journal was lost had told it */
	checker_clean_event(checker, number, event->kind, at);
	return 1;
}

/* A vehicle that has a plan which this journal never gave it: the journal was put back from an older copy. */
static void note_forgotten(struct checker *checker, const struct cmd_fleet_states *states)
{
	for (uint32_t i = 0; i < states->n; i++) {
		const struct wire_state *state = &states->states[i].state;
		const struct fleet_book *vehicle = checker_vehicle(checker, states->states[i].vehicle);
		if (!vehicle || !vehicle->known || !state->plan_version)
			continue;
		int of_now = state->plan_epoch == vehicle->plan_epoch;
		if (of_now ? state->plan_version > vehicle->plan_version
			   : state->plan_epoch > vehicle->before_epoch ||
				     (state->plan_epoch == vehicle->before_epoch &&
				      state->plan_version > vehicle->before_version))
			checker->restored = 1;
	}
}

static void note_plan(struct fleet_book *vehicle, const struct upd_plan *plan)
{
	if (plan->epoch != vehicle->plan_epoch) {
		vehicle->before_epoch = vehicle->plan_epoch;
		vehicle->before_version = vehicle->plan_version;
	}
	vehicle->plan_epoch = plan->epoch;
	vehicle->plan_version = plan->version;
}

static void note_enrol(struct checker *checker, const struct cmd_vehicle_enrol *enrol, instant_ms at)
{
	struct fleet_book *vehicle = checker_vehicle(checker, enrol->vehicle);
	if (!vehicle) {
		checker_found(checker, "vehicle number %u is beyond the checker's books", enrol->vehicle);
		return;
	}
	if (!vehicle->known) {
		vehicle->stands_since = INSTANT_NONE;
		vehicle->at = vehicle->left = enrol->depot.road;
		vehicle->link_up = 1;
	}
	vehicle->known = 1;
	vehicle->class_index = enrol->class_index;
	checker_clean_shift(vehicle, enrol->shift_from, at);
	memcpy(vehicle->spaces, enrol->spaces, sizeof vehicle->spaces);
	if (enrol->vehicle >= checker->n_fleet)
		checker->n_fleet = enrol->vehicle + 1;
}

static void note_command(struct checker *checker, const struct command *command)
{
	struct fleet_book *vehicle;
	struct book *ride;
	switch (command->kind) {
	case CMD_REQUEST:
		note_request(checker, command);
		break;
	case CMD_TOWN_SWAP:
		checker->swapped_at = command->at;
		break;
	case CMD_VEHICLE_ENROL:
		note_enrol(checker, &command->vehicle_enrol, command->at);
		break;
	case CMD_VEHICLE_SHIFT:
		vehicle = checker_vehicle(checker, command->vehicle_shift.vehicle);
		if (vehicle)
			checker_clean_shift(vehicle, command->vehicle_shift.from, command->at);
		break;
	case CMD_VEHICLE_HELLO:
		vehicle = checker_vehicle(checker, command->vehicle_hello.vehicle);
		if (vehicle)
			vehicle->cleans = command->vehicle_hello.hello.cleans;
		break;
	case CMD_CANCEL:
		ride = checker_book(checker, command->cancel.ride);
		if (ride && command->cancel.by == CANCEL_OPERATOR)
			ride->operator_cancelled = 1;
		break;
	case CMD_CASE_CLOSE: /* a named person has found another way for somebody who still waits, or sits in a vehicle
			      */
		ride = checker_book(checker, command->case_.ride);
		if (!ride || command->case_.outcome <= CASE_HOME_BY_SHUTTLE)
			break;
		if (ride->state == RIDE_PROMISED || ride->state == RIDE_AT_STOP)
			ride->operator_cancelled = 1;
		else if (ride->state == RIDE_ABOARD)
			note_taken_out(checker, ride);
		break;
	default:
		break;
	}
	checker_outside(checker, command);
}

/* ---- what the core says ---- */

static void span_of(struct book *ride, uint32_t vehicle, instant_ms at)
{
	struct span *last = ride->n_spans ? &ride->spans[ride->n_spans - 1] : NULL;
	if (last && last->to == INT64_MAX && last->vehicle == vehicle)
		return;
	if (last && last->to == INT64_MAX)
		last->to = at;
	if (!vehicle)
		return;
	if (ride->n_spans == CHECKER_SPANS_MAX)
		memmove(ride->spans, ride->spans + 1, (--ride->n_spans) * sizeof ride->spans[0]);
	ride->spans[ride->n_spans++] = (struct span){vehicle, at, INT64_MAX};
}

static void note_promise(struct checker *checker, struct book *ride, const struct upd_ride *update, instant_ms at)
{
	ride->promised_at = at;
	ride->earliest_pickup = update->earliest_pickup;
	ride->latest_pickup = update->latest_pickup;
	ride->latest_arrival = update->latest_arrival;
	checker->figures.promised++;
	checker_clean_promise(checker, ride, update->vehicle, at);
	if (!ride->offered)
		checker_found(checker, "ride %016" PRIx64 " was promised without an offer", ride->ride);
	if (ride->latest_pickup - ride->earliest_pickup > (instant_ms)checker->town->rules.pickup_window_ms ||
	    ride->latest_pickup < ride->earliest_pickup || ride->latest_arrival < ride->earliest_pickup)
		checker_found(checker, "the window promised to ride %016" PRIx64 " is %" PRId64 " ms long", ride->ride,
			      ride->latest_pickup - ride->earliest_pickup);
}

static void note_no_show(struct checker *checker, struct book *ride, instant_ms at)
{
	const struct town_rules *rules = &checker->town->rules;
	if (at < ride->latest_pickup)
		checker_found(checker, "ride %016" PRIx64 " is called a no-show before its pickup window has ended",
			      ride->ride);
	if (ride->arrived_at == INSTANT_NONE || at - ride->arrived_at < (instant_ms)rules->no_show_wait_ms)
		checker_found(checker, "ride %016" PRIx64 " is called a no-show before the vehicle has waited",
			      ride->ride);
	if (!ride->last_called)
		checker_found(checker, "ride %016" PRIx64 " is called a no-show without a last call", ride->ride);
	if (ride->n_spans)
		note_wait(checker, ride->spans[ride->n_spans - 1].vehicle, ride, at, at);
}

static void note_state(struct checker *checker, struct book *ride, uint8_t state, instant_ms at)
{
	const struct fleet_book *vehicle =
		ride->n_spans ? checker_vehicle(checker, ride->spans[ride->n_spans - 1].vehicle) : NULL;
	checker->n_offered += (uint64_t)((state == RIDE_OFFERED) - (ride->state == RIDE_OFFERED));
	if (state == RIDE_AT_STOP && ride->state != RIDE_AT_STOP)
		ride->arrived_at = vehicle && vehicle->stands_since != INSTANT_NONE ? vehicle->stands_since : at;
	else if (state == RIDE_PROMISED)
		ride->arrived_at = INSTANT_NONE;
	else if (state == RIDE_NO_SHOW && ride->state != RIDE_NO_SHOW)
		note_no_show(checker, ride, at);
	ride->offered |= state == RIDE_OFFERED;
	ride->state = state;
}

/* A promise tied to an arriving trip is relative to it: its whole window moves along with the trip, never by more (by
 * how much a new timetable moves a trip does not stand in the journal). */
static void check_width(struct checker *checker, struct book *ride, const struct upd_ride *update)
{
	int64_t shift_ms = update->earliest_pickup - ride->earliest_pickup;
	int whole = update->latest_pickup - ride->latest_pickup == shift_ms &&
		    update->latest_arrival - ride->latest_arrival == shift_ms;
	if (update->latest_pickup <= ride->latest_pickup && update->latest_arrival <= ride->latest_arrival &&
	    shift_ms >= 0)
		return;
	int by_trip = ride->shifted_ms + shift_ms <= checker_trip_late(checker, ride) ||
		      checker->swapped_at > ride->promised_at;
	if (!whole || shift_ms < 0 || ride->tie_kind != TIE_FROM_TRIP || !by_trip) {
		checker_found(checker, "the promise of ride %016" PRIx64 " was widened", ride->ride);
		return;
	}
	ride->shifted_ms += shift_ms;
	ride->earliest_pickup = update->earliest_pickup;
	ride->latest_pickup = update->latest_pickup;
	ride->latest_arrival = update->latest_arrival;
}

static void note_ride(struct checker *checker, const struct upd_ride *update, instant_ms at)
{
	struct book *ride = checker_book(checker, update->ride);
	if (!ride) {
		checker_found(checker, "ride %016" PRIx64 " was never asked for", update->ride);
		return;
	}
	if (update->state == RIDE_PROMISED && ride->promised_at == INSTANT_NONE)
		note_promise(checker, ride, update, at);
	else if (ride->promised_at != INSTANT_NONE && ride->outcome == BOOK_OPEN)
		check_width(checker, ride, update);
	if (update->state == RIDE_REFUSED && ride->state != RIDE_REFUSED && update->refusal < REFUSALS)
		checker->figures.rejections_by[update->refusal]++;
	if (ride->promised_at != INSTANT_NONE)
		span_of(ride, update->vehicle, at);
	note_state(checker, ride, update->state, at);
}

static void note_outcome(struct checker *checker, const struct upd_outcome *update, instant_ms at)
{
	struct book *ride = checker_book(checker, update->ride);
	if (!ride || ride->promised_at == INSTANT_NONE) {
		checker_found(checker, "an outcome for ride %016" PRIx64 " that was never promised", update->ride);
		return;
	}
	if (ride->outcome != BOOK_OPEN)
		checker_found(checker, "ride %016" PRIx64 " has two outcomes", ride->ride);
	ride->outcome = update->kept ? BOOK_KEPT : BOOK_BROKEN;
	if (update->kept) {
		checker->figures.promises_kept++;
		if (checker_lateness(ride) > 0)
			checker_found(checker, "ride %016" PRIx64 " was %" PRId64 " ms too late and is called kept",
				      ride->ride, checker_lateness(ride));
		return;
	}
	checker->figures.operator_cancelled += ride->operator_cancelled;
	checker->figures.rider_late += !ride->operator_cancelled && update->cause == CAUSE_RIDER_LATE;
	if (!ride->operator_cancelled && update->cause != CAUSE_RIDER_LATE) {
		checker->figures.promises_broken++;
		checker->figures.broken_by[update->cause < CAUSES ? update->cause : 0]++;
	}
	checker_judge(checker, ride, update->cause, at);
}

static void put_plan(struct checker *checker, struct fleet_book *vehicle, const struct upd_plan *update)
{
	for (uint32_t i = 0; i < vehicle->n_plan; i++) {
		struct book *ride = checker_book(checker, vehicle->plan[i]);
		if (ride)
			ride->n_plans--;
	}
	vehicle->n_plan = 0;
	vehicle->first_kind = update->n_tasks ? update->tasks[0].kind : 0;
	for (uint32_t i = 0; i < update->n_tasks && i < WIRE_TASKS_MAX; i++) {
		struct book *ride = checker_book(checker, update->tasks[i].ride);
		int told = 0;
		for (uint32_t j = 0; j < vehicle->n_plan && !told; j++)
			told = vehicle->plan[j] == update->tasks[i].ride;
		if (!ride || told)
			continue;
		vehicle->plan[vehicle->n_plan++] = ride->ride;
		ride->n_plans++;
	}
}

static void note_case(struct checker *checker, const struct upd_case *update)
{
	struct book *ride = checker_book(checker, update->ride);
	if (!ride)
		return;
	if (update->outcome != CASE_OPEN)
		ride->broken_case =
			BOOK_CASE_CLOSED; /* whatever it was opened for: a person said how the rider got home */
	else if (update->kind == CASE_BROKEN_RIDE)
		ride->broken_case = BOOK_CASE_OPEN;
}

static void note_update(struct checker *checker, const struct update *update, instant_ms at)
{
	struct fleet_book *vehicle;
	struct book *ride;
	switch (update->kind) {
	case UPD_RIDE:
		note_ride(checker, &update->ride, at);
		break;
	case UPD_OUTCOME:
		note_outcome(checker, &update->outcome, at);
		break;
	case UPD_CASE:
		note_case(checker, &update->case_);
		break;
	case UPD_VEHICLE:
		vehicle = checker_vehicle(checker, update->vehicle.vehicle);
		if (vehicle) {
			checker_clean_service(vehicle, update->vehicle.service, at);
			vehicle->link_up = update->vehicle.link_up;
		}
		break;
	case UPD_NOTICE:
		ride = checker_book(checker, update->notice.ride);
		if (ride && update->notice.kind == NOTICE_LAST_CALL)
			ride->last_called = 1;
		break;
	default:
		break;
	}
}

/* Before the outcomes of the same step: who was given to an idle vehicle in it made it busy for the others. */
static void note_plans(struct checker *checker, const struct update *updates, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct fleet_book *vehicle =
			updates[i].kind == UPD_PLAN ? checker_vehicle(checker, updates[i].plan.vehicle) : NULL;
		if (!vehicle)
			continue;
		note_plan(vehicle, &updates[i].plan);
		put_plan(checker, vehicle, &updates[i].plan);
	}
}

/* Once a step is through, nobody may be in two plans. */
static void check_plans(struct checker *checker, const struct update *updates, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct fleet_book *vehicle =
			updates[i].kind == UPD_PLAN ? checker_vehicle(checker, updates[i].plan.vehicle) : NULL;
		for (uint32_t j = 0; vehicle && j < vehicle->n_plan; j++)
			if (checker_book(checker, vehicle->plan[j])->n_plans > 1)
				checker_found(checker, "ride %016" PRIx64 " is in the plans of two vehicles",
					      vehicle->plan[j]);
	}
}

void checker_step(struct checker *checker, const struct command *command, const struct update *updates, uint32_t n)
{
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	int fresh = result && !result->repeated &&
		    (result->code == ERR_OK || command->kind == CMD_REQUEST || command->kind == CMD_FLEET_STATES);
	if (!result)
		checker_found(checker, "a command of kind %u has no result", command->kind);
	if (command->kind == CMD_VEHICLE_EVENT)
		fresh = note_event(checker, command);
	if (command->kind == CMD_FLEET_STATES)
		note_forgotten(checker, &command->fleet_states);
	if (fresh)
		note_command(checker, command);
	note_plans(checker, updates, n);
	for (uint32_t i = 0; i < n; i++)
		note_update(checker, &updates[i], command->at);
	check_plans(checker, updates, n);
	checker_clean_step(checker, command->at);
	checker->last_at = command->at;
}

/* ---- at the end ---- */

static int ended(uint8_t state)
{
	return state == RIDE_DONE || state == RIDE_CANCELLED || state == RIDE_NO_SHOW || state == RIDE_EXPIRED ||
	       state == RIDE_REFUSED || state == RIDE_BROKEN;
}

static void check_ended(struct checker *checker, const struct book *ride)
{
	if (ride->promised_at != INSTANT_NONE && !ended(ride->state))
		checker_found(checker, "ride %016" PRIx64 " was promised and is lost: state %s", ride->ride,
			      core_ride_state_name(ride->state));
	if (ride->boarded_at != INSTANT_NONE && ride->alighted_at == INSTANT_NONE && ride->state != RIDE_BROKEN)
		checker_found(checker, "ride %016" PRIx64 " is still aboard vehicle %u", ride->ride, ride->vehicle);
	if (ride->state == RIDE_BROKEN && ride->broken_case != BOOK_CASE_CLOSED)
		checker_found(checker, "ride %016" PRIx64 " is broken and nobody has seen it home", ride->ride);
}

int checker_end(struct checker *checker, int service_over, struct err_detail *detail)
{
	for (size_t i = 0; i < checker->n; i++) {
		const struct book *ride = &checker->books[i];
		if (ride->state == RIDE_DONE && ride->alighted_at == INSTANT_NONE)
			checker_found(checker, "ride %016" PRIx64 " is called done but never left a vehicle",
				      ride->ride);
		if (ride->state == RIDE_DONE && ride->outcome == BOOK_OPEN)
			checker_found(checker, "ride %016" PRIx64 " is done and has no outcome", ride->ride);
		if (service_over)
			check_ended(checker, ride);
	}
	if (checker->doubt[0] && !checker->restored)
		checker_found(checker, "%s", checker->doubt);
	return checker->fault[0] ? err_set(detail, ERR_BROKEN, "checker: %s", checker->fault) : ERR_OK;
}
