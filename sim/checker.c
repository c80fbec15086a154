#include "checker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "hash.h"

#define RIDES_MAX (1u << 19)
#define VEHICLES_MAX 8192
#define ABOARD_MAX 64

enum outside { OUTSIDE_FAULT, OUTSIDE_LINK, OUTSIDE_ORDER, OUTSIDE_LATE, OUTSIDE_TRIP, OUTSIDE_CALL, OUTSIDE_KINDS };

struct book { /* one ride */
	uint64_t ride;
	instant_ms asked_at, promised_at, earliest_pickup, latest_pickup, latest_arrival;
	instant_ms at_stop_at, boarded_at, alighted_at;
	struct geo_point from;
	uint32_t vehicle; /* that carried the rider */
	uint32_t planned_vehicle;
	uint8_t units[TOWN_SPACES_MAX];
	uint8_t state, wheelchair, tied, prebooked, shared, outcome; /* outcome: 0 none, 1 kept, 2 broken */
};

struct fleet_book { /* one vehicle */
	uint8_t spaces[TOWN_SPACES_MAX];
	uint32_t boot, sequence, n_aboard, used;
	uint64_t aboard[ABOARD_MAX];
	instant_ms outside_at[OUTSIDE_KINDS]; /* newest outside event of each kind */
};

struct checker {
	const struct town *town;
	struct arena arena;
	struct hash_map map;
	struct book *books;
	size_t n, cap;
	struct fleet_book *fleet; /* by vehicle number */
	instant_ms outside_at[OUTSIDE_KINDS];
	uint64_t outside_events;
	char fault[256];
	struct checker_figures figures;
};

int checker_open(struct checker **ret_checker, const struct town *town)
{
	struct checker *checker = calloc(1, sizeof *checker);
	if (!checker)
		return ERR_MEMORY;
	checker->town = town;
	checker->fleet = calloc(VEHICLES_MAX, sizeof *checker->fleet);
	if (!checker->fleet || arena_open(&checker->arena, (size_t)RIDES_MAX * 64) || hash_map_open(&checker->map, &checker->arena, RIDES_MAX)) {
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
	free(checker->books);
	free(checker->fleet);
	free(checker);
}

#define FAULT(checker, ...)                                                                  \
	do {                                                                                 \
		if (!(checker)->fault[0])                                                    \
			snprintf((checker)->fault, sizeof (checker)->fault, __VA_ARGS__);    \
	} while (0)

static struct book *book_of(struct checker *checker, uint64_t ride)
{
	uint32_t index = ride ? hash_map_get(&checker->map, ride) : NONE;
	return index == NONE ? NULL : &checker->books[index];
}

static struct fleet_book *vehicle_of(struct checker *checker, uint32_t vehicle)
{
	return vehicle > 0 && vehicle < VEHICLES_MAX ? &checker->fleet[vehicle] : NULL;
}

/* ---- what came from outside ---- */

static void outside(struct checker *checker, uint32_t vehicle, enum outside kind, instant_ms at)
{
	checker->outside_events++;
	checker->outside_at[kind] = at;
	struct fleet_book *book = vehicle_of(checker, vehicle);
	if (book)
		book->outside_at[kind] = at;
}

static void note_request(struct checker *checker, const struct command *command)
{
	const struct cmd_request *request = &command->request;
	if (book_of(checker, request->ride))
		return; /* the same key again */
	struct book book = {.ride = request->ride, .asked_at = command->at, .from = request->from.point, .state = RIDE_ASKED};
	uint32_t wheelchair = town_need(checker->town, "wheelchair");
	for (uint32_t need = 0; need < checker->town->n_needs; need++)
		for (uint32_t space = 0; space < checker->town->n_spaces; space++)
			book.units[space] = (uint8_t)(book.units[space] + request->need_count[need] *
								 checker->town->need_space[need * checker->town->n_spaces + space]);
	book.wheelchair = wheelchair != NONE && request->need_count[wheelchair] > 0;
	book.tied = request->tie_kind != TIE_NONE;
	book.prebooked = request->time_kind != TIME_NOW && request->time - command->at > (instant_ms)checker->town->rules.wait_max_ms;
	if (hash_map_put(&checker->map, request->ride, (uint32_t)checker->n) || array_push(checker->books, checker->n, checker->cap, book))
		FAULT(checker, "the checker's books are full (%u rides)", RIDES_MAX);
}

static void check_seats(struct checker *checker, const struct fleet_book *vehicle, uint32_t number)
{
	for (uint32_t space = 0; space < checker->town->n_spaces; space++) {
		uint32_t taken = 0;
		for (uint32_t i = 0; i < vehicle->n_aboard; i++)
			taken += book_of(checker, vehicle->aboard[i])->units[space];
		if (taken > vehicle->spaces[space])
			FAULT(checker, "vehicle %u carries %u of %u %s", number, taken, vehicle->spaces[space],
			      town_text(checker->town, checker->town->space_name[space]));
	}
}

static void note_boarded(struct checker *checker, uint32_t number, struct book *ride, instant_ms at)
{
	struct fleet_book *vehicle = vehicle_of(checker, number);
	if (ride->boarded_at)
		FAULT(checker, "ride %016" PRIx64 " boarded twice (vehicles %u and %u)", ride->ride, ride->vehicle, number);
	if (!ride->promised_at)
		FAULT(checker, "ride %016" PRIx64 " boarded without a promise", ride->ride);
	if (vehicle->n_aboard == ABOARD_MAX)
		return;
	for (uint32_t i = 0; i < vehicle->n_aboard; i++) {
		struct book *other = book_of(checker, vehicle->aboard[i]);
		other->shared = ride->shared = 1;
	}
	vehicle->aboard[vehicle->n_aboard++] = ride->ride;
	vehicle->used = 1;
	ride->vehicle = number;
	ride->boarded_at = at;
	check_seats(checker, vehicle, number);
}

static void note_alighted(struct checker *checker, uint32_t number, struct book *ride, instant_ms at)
{
	struct fleet_book *vehicle = vehicle_of(checker, number);
	uint32_t i = 0;
	while (i < vehicle->n_aboard && vehicle->aboard[i] != ride->ride)
		i++;
	if (i == vehicle->n_aboard) {
		FAULT(checker, "ride %016" PRIx64 " left vehicle %u without having boarded it", ride->ride, number);
		return;
	}
	vehicle->aboard[i] = vehicle->aboard[--vehicle->n_aboard];
	ride->alighted_at = at;
}

static void note_event(struct checker *checker, const struct command *command)
{
	const struct wire_event *event = &command->vehicle_event.event;
	uint32_t number = command->vehicle_event.vehicle;
	struct fleet_book *vehicle = vehicle_of(checker, number);
	if (!vehicle || event->boot < vehicle->boot || (event->boot == vehicle->boot && event->sequence <= vehicle->sequence))
		return; /* said before */
	vehicle->boot = event->boot;
	vehicle->sequence = event->sequence;
	struct book *ride = book_of(checker, event->ride);
	switch (event->kind) {
	case WIRE_BOARDED:
		if (ride)
			note_boarded(checker, number, ride, event->at);
		break;
	case WIRE_ALIGHTED:
		if (ride)
			note_alighted(checker, number, ride, event->at);
		break;
	case WIRE_MRC_BEGAN:
	case WIRE_FAULT_BEGAN: outside(checker, number, OUTSIDE_FAULT, command->at); break;
	case WIRE_EMERGENCY:
	case WIRE_PASSENGER_CALL:
	case WIRE_STOP_WISH:
	case WIRE_APPROVAL_REQUEST: outside(checker, number, OUTSIDE_CALL, command->at); break;
	default: break;
	}
}

static void note_states(struct checker *checker, const struct command *command)
{
	for (uint32_t i = 0; i < command->fleet_states.n; i++) {
		const struct fleet_state *state = &command->fleet_states.states[i];
		if (state->state.late_ms > 5000)
			outside(checker, state->vehicle, OUTSIDE_LATE, command->at);
		if (state->state.mode == WIRE_MRC || state->state.mode == WIRE_FAULT)
			outside(checker, state->vehicle, OUTSIDE_FAULT, command->at);
	}
}

static void note_command(struct checker *checker, const struct command *command)
{
	switch (command->kind) {
	case CMD_REQUEST: note_request(checker, command); break;
	case CMD_VEHICLE_ENROL: {
		struct fleet_book *vehicle = vehicle_of(checker, command->vehicle_enrol.vehicle);
		if (vehicle)
			memcpy(vehicle->spaces, command->vehicle_enrol.spaces, sizeof vehicle->spaces);
		break;
	}
	case CMD_VEHICLE_EVENT: note_event(checker, command); break;
	case CMD_FLEET_STATES: note_states(checker, command); break;
	case CMD_VEHICLE_LINK:
		if (!command->vehicle_link.up)
			outside(checker, command->vehicle_link.vehicle, OUTSIDE_LINK, command->at);
		break;
	case CMD_VEHICLE_ORDER:
		outside(checker, command->vehicle_order.vehicle, OUTSIDE_ORDER, command->at);
		break;
	case CMD_VEHICLE_RELEASE:
		if (command->vehicle_release.until <= command->at)
			outside(checker, command->vehicle_release.vehicle, OUTSIDE_ORDER, command->at);
		break;
	case CMD_TRIP_DELAY: outside(checker, 0, OUTSIDE_TRIP, command->at); break;
	case CMD_SIGN_OFF: outside(checker, 0, OUTSIDE_ORDER, command->at); break;
	default: break;
	}
}

/* ---- what the core says ---- */

static void note_ride(struct checker *checker, const struct upd_ride *update, instant_ms at)
{
	struct book *ride = book_of(checker, update->ride);
	if (!ride)
		return;
	if (update->vehicle)
		ride->planned_vehicle = update->vehicle;
	if (update->state == RIDE_PROMISED && !ride->promised_at) {
		ride->promised_at = at;
		ride->earliest_pickup = update->earliest_pickup;
		ride->latest_pickup = update->latest_pickup;
		ride->latest_arrival = update->latest_arrival;
		checker->figures.promised++;
	} else if (ride->promised_at && update->earliest_pickup != INSTANT_NONE && ride->outcome == 0 &&
		   (update->latest_pickup > ride->latest_pickup || update->latest_arrival > ride->latest_arrival)) {
		FAULT(checker, "the promise of ride %016" PRIx64 " was widened", ride->ride);
	}
	if (update->state == RIDE_AT_STOP && !ride->at_stop_at)
		ride->at_stop_at = at;
	ride->state = update->state;
	if (update->state == RIDE_REFUSED && update->refusal < REFUSALS)
		checker->figures.rejections_by[update->refusal]++;
}

/* Did something outside, after the promise, touch this ride in the way the cause says? */
static int explained(const struct checker *checker, const struct book *ride, uint8_t cause)
{
	static const uint8_t kind_of[CAUSES] = {
		[CAUSE_VEHICLE_FAULT] = 1 << OUTSIDE_FAULT,
		[CAUSE_VEHICLE_LOST] = 1 << OUTSIDE_LINK,
		[CAUSE_VEHICLE_STOPPED] = 1 << OUTSIDE_ORDER | 1 << OUTSIDE_FAULT,
		[CAUSE_SLOWER_STREETS] = 1 << OUTSIDE_LATE,
		[CAUSE_LATE_TRIP] = 1 << OUTSIDE_TRIP,
		[CAUSE_TRIP_CANCELLED] = 1 << OUTSIDE_TRIP,
		[CAUSE_OPERATOR] = 1 << OUTSIDE_ORDER,
		[CAUSE_OTHER_RIDER] = 1 << OUTSIDE_CALL,
		[CAUSE_VEHICLE_LATE] = 1 << OUTSIDE_LATE | 1 << OUTSIDE_LINK | 1 << OUTSIDE_FAULT | 1 << OUTSIDE_ORDER,
		[CAUSE_RESTORE] = 1 << OUTSIDE_LINK,
	};
	const struct fleet_book *vehicle = &checker->fleet[ride->planned_vehicle < VEHICLES_MAX ? ride->planned_vehicle : 0];
	for (int kind = 0; kind < OUTSIDE_KINDS && cause < CAUSES; kind++) {
		int general = kind == OUTSIDE_TRIP || kind == OUTSIDE_ORDER;
		instant_ms at = general ? checker->outside_at[kind] : vehicle->outside_at[kind];
		if ((kind_of[cause] >> kind & 1) && at >= ride->promised_at)
			return 1;
	}
	return 0;
}

/* Boarding and doors are not arrival: the promise is about standing at the stop. */
static int64_t arrival_late(const struct checker *checker, const struct book *ride)
{
	int64_t doors = checker->town->rules.stop_ms + 120000;
	return ride->alighted_at - doors - ride->latest_arrival;
}

static void note_outcome(struct checker *checker, const struct upd_outcome *update)
{
	struct book *ride = book_of(checker, update->ride);
	if (!ride || !ride->promised_at) {
		FAULT(checker, "an outcome for ride %016" PRIx64 " that was never promised", update->ride);
		return;
	}
	if (ride->outcome)
		FAULT(checker, "ride %016" PRIx64 " has two outcomes", ride->ride);
	ride->outcome = update->kept ? 1 : 2;
	if (update->kept) {
		checker->figures.promises_kept++;
		if (ride->alighted_at && arrival_late(checker, ride) > 0)
			FAULT(checker, "ride %016" PRIx64 " arrived %" PRId64 " ms too late and is called kept", ride->ride,
			      arrival_late(checker, ride));
		return;
	}
	checker->figures.promises_broken++;
	if (!explained(checker, ride, update->cause))
		FAULT(checker, "ride %016" PRIx64 " broken (%s, pickup %d ms, arrival %d ms late) with no outside event that explains it", ride->ride,
		      core_cause_name(update->cause), update->pickup_late_ms, update->arrival_late_ms);
}

void checker_step(struct checker *checker, const struct command *command, const struct update *updates, uint32_t n)
{
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	if (!result)
		FAULT(checker, "a command of kind %u has no result", command->kind);
	if (result && !result->repeated && (result->code == ERR_OK || command->kind == CMD_REQUEST))
		note_command(checker, command);
	for (uint32_t i = 0; i < n; i++) {
		if (updates[i].kind == UPD_RIDE)
			note_ride(checker, &updates[i].ride, command->at);
		else if (updates[i].kind == UPD_OUTCOME)
			note_outcome(checker, &updates[i].outcome);
	}
}

static int ended(uint8_t state)
{
	return state == RIDE_DONE || state == RIDE_CANCELLED || state == RIDE_NO_SHOW || state == RIDE_EXPIRED || state == RIDE_REFUSED;
}

int checker_end(struct checker *checker, int service_over, struct err_detail *detail)
{
	for (size_t i = 0; i < checker->n; i++) {
		const struct book *ride = &checker->books[i];
		if (ride->state == RIDE_DONE && !ride->alighted_at)
			FAULT(checker, "ride %016" PRIx64 " is called done but never left a vehicle", ride->ride);
		if (ride->state == RIDE_DONE && ride->outcome == 0)
			FAULT(checker, "ride %016" PRIx64 " is done and has no outcome", ride->ride);
		if (service_over && ride->promised_at && !ended(ride->state) && ride->state != RIDE_BROKEN)
			FAULT(checker, "ride %016" PRIx64 " was promised and is lost: state %s", ride->ride, core_ride_state_name(ride->state));
		if (service_over && ride->boarded_at && !ride->alighted_at)
			FAULT(checker, "ride %016" PRIx64 " is still aboard vehicle %u", ride->ride, ride->vehicle);
	}
	return checker->fault[0] ? err_set(detail, ERR_BROKEN, "checker: %s", checker->fault) : ERR_OK;
}

/* ---- figures ---- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int by_point(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct geo_point));
}

static void count_ride(const struct book *ride, struct checker_figures *figures)
{
	figures->requests++;
	figures->refused += ride->state == RIDE_REFUSED;
	figures->declined += ride->state == RIDE_EXPIRED;
	figures->cancelled += ride->state == RIDE_CANCELLED;
	figures->no_shows += ride->state == RIDE_NO_SHOW;
	figures->broken += ride->state == RIDE_BROKEN;
	if (ride->state != RIDE_DONE)
		return;
	figures->done++;
	figures->wheelchair_done += ride->wheelchair;
	figures->prebooked_done += ride->prebooked;
	figures->tied_done += ride->tied;
	figures->shared_done += ride->shared;
	figures->in_vehicle_ms_sum += (uint64_t)(ride->alighted_at - ride->boarded_at);
}

static void sort_lists(const struct checker *checker, struct checker_figures *figures, int64_t *waits, struct geo_point *origins)
{
	uint64_t n_waits = 0, n_origins = 0;
	for (size_t i = 0; i < checker->n; i++) {
		const struct book *ride = &checker->books[i];
		if (ride->boarded_at) {
			instant_ms since = ride->asked_at > ride->earliest_pickup ? ride->asked_at : ride->earliest_pickup;
			int64_t wait = ride->boarded_at > since ? ride->boarded_at - since : 0;
			waits[n_waits++] = wait;
			figures->wait_ms_sum += (uint64_t)wait;
		}
		if (ride->state == RIDE_DONE)
			origins[n_origins++] = ride->from;
	}
	qsort(waits, n_waits, sizeof *waits, by_value);
	qsort(origins, n_origins, sizeof *origins, by_point);
	figures->wait_n = n_waits;
	figures->wait_ms_p95 = n_waits ? (uint64_t)waits[(n_waits - 1) * 95 / 100] : 0;
	for (uint64_t i = 0; i < n_origins; i++)
		figures->origins += i == 0 || by_point(&origins[i - 1], &origins[i]) != 0;
}

void checker_figures(const struct checker *checker, struct checker_figures *ret_figures)
{
	struct checker_figures figures = checker->figures;
	int64_t *waits = calloc(checker->n + 1, sizeof *waits);
	struct geo_point *origins = calloc(checker->n + 1, sizeof *origins);
	for (size_t i = 0; i < checker->n; i++)
		count_ride(&checker->books[i], &figures);
	if (waits && origins)
		sort_lists(checker, &figures, waits, origins);
	for (uint32_t v = 0; v < VEHICLES_MAX; v++)
		figures.vehicles_used += checker->fleet[v].used;
	figures.outside_events = checker->outside_events;
	free(waits);
	free(origins);
	*ret_figures = figures;
}
