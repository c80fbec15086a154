/* What came from outside, and whether it explains a broken promise. The rules stand in checker.h. */
#include <inttypes.h>
#include <string.h>

#include "array.h"
#include "checker_inner.h"

#define BIT(kind) (1u << (kind))
#define WASTED_MS_MAX (5 * MINUTE_MS)

/* ---- what came ---- */

void checker_event(struct checker *checker, enum outside kind, uint32_t vehicle, instant_ms at, int64_t amount_ms,
		   uint64_t ride)
{
	struct fleet_book *book = checker_vehicle(checker, vehicle);
	if (kind < OUTSIDE_LASTING && book && book->lasting[kind])
		return; /* lasts already */
	struct outside_event event = {
		.kind = (uint8_t)kind, .vehicle = vehicle, .from = at, .to = at, .amount_ms = amount_ms, .ride = ride};
	event.trip = (uint32_t)(checker->n_trips ? checker->n_trips - 1 : 0);
	if (kind < OUTSIDE_LASTING)
		event.to = INT64_MAX;
	if (array_push(checker->events, checker->n_events, checker->cap_events, event)) {
		checker_found(checker, "the checker is out of memory");
		return;
	}
	if (kind < OUTSIDE_LASTING && book)
		book->lasting[kind] = (uint32_t)checker->n_events;
	checker->figures.outside_events += kind != OUTSIDE_WAIT;
}

static void over(struct checker *checker, enum outside kind, uint32_t vehicle, instant_ms at)
{
	struct fleet_book *book = checker_vehicle(checker, vehicle);
	if (!book || !book->lasting[kind])
		return;
	checker->events[book->lasting[kind] - 1].to = at;
	book->lasting[kind] = 0;
}

static void note_event(struct checker *checker, const struct cmd_vehicle_event *command, instant_ms at)
{
	uint32_t number = command->vehicle;
	switch (command->event.kind) {
	case WIRE_MRC_BEGAN:
		checker_event(checker, OUTSIDE_MRC, number, at, 0, 0);
		break;
	case WIRE_MRC_ENDED:
		over(checker, OUTSIDE_MRC, number, at);
		break;
	case WIRE_FAULT_BEGAN:
		checker_event(checker, OUTSIDE_FAULT, number, at, 0, 0);
		break;
	case WIRE_FAULT_ENDED:
		over(checker, OUTSIDE_FAULT, number, at);
		break;
	case WIRE_EMERGENCY:
	case WIRE_PASSENGER_CALL:
	case WIRE_STOP_WISH:
		checker_event(checker, OUTSIDE_CALL, number, at, 0, command->event.ride);
		break;
	default:
		break;
	}
}

static void note_states(struct checker *checker, const struct command *command)
{
	for (uint32_t i = 0; i < command->fleet_states.n && i < COMMAND_STATES_MAX; i++) {
		const struct fleet_state *state = &command->fleet_states.states[i];
		struct fleet_book *book = checker_vehicle(checker, state->vehicle);
		if (!book)
			continue;
		if (state->state.late_ms > CHECKER_LATE_MS)
			checker_event(checker, OUTSIDE_LATE, state->vehicle, command->at, state->state.late_ms, 0);
		if (state->state.place.arc != NONE)
			book->at = (struct spot){state->state.place.arc, state->state.place.offset_mm};
	}
}

/* Orders to one vehicle; 0 = to every one that is known. */
static void note_order(struct checker *checker, const struct cmd_vehicle_order *order, uint32_t number, instant_ms at)
{
	switch (order->kind) {
	case WIRE_STANDSTILL:
	case WIRE_HOLD:
		checker_event(checker, OUTSIDE_STOP, number, at, 0, 0);
		break;
	case WIRE_RESUME:
		over(checker, OUTSIDE_STOP, number, at);
		break;
	case WIRE_OUT_OF_SERVICE:
		checker_event(checker, OUTSIDE_WITHDRAWN, number, at, 0, 0);
		break;
	case WIRE_INTO_SERVICE:
		over(checker, OUTSIDE_WITHDRAWN, number, at);
		break;
	default:
		break;
	}
}

static void note_orders(struct checker *checker, const struct command *command)
{
	const struct cmd_vehicle_order *order = &command->vehicle_order;
	for (uint32_t number = 1; !order->vehicle && number < checker->n_fleet; number++)
		if (checker->fleet[number].known)
			note_order(checker, order, number, command->at);
	if (order->vehicle)
		note_order(checker, order, order->vehicle, command->at);
}

static void note_delay(struct checker *checker, const struct command *command)
{
	const struct cmd_trip_delay *delay = &command->trip_delay;
	int32_t late_s =
		delay->arrival_late_s > delay->departure_late_s ? delay->arrival_late_s : delay->departure_late_s;
	int64_t late_ms = late_s * SECOND_MS, early_ms = -(int64_t)delay->departure_late_s * SECOND_MS;
	if (array_push(checker->trips, checker->n_trips, checker->cap_trips, delay->trip))
		checker_found(checker, "the checker is out of memory");
	else
		checker_event(checker, OUTSIDE_TRIP, 0, command->at,
			      delay->cancelled	   ? INT64_MAX / 2
			      : late_ms > early_ms ? late_ms
						   : early_ms,
			      0);
}

static void note_ack(struct checker *checker, const struct command *command)
{
	uint8_t refusal = command->vehicle_plan_ack.ack.refusal;
	uint32_t number = command->vehicle_plan_ack.vehicle;
	if (!refusal)
		over(checker, OUTSIDE_REFUSED, number, command->at);
	else if (refusal != WIRE_REFUSED_OLD && refusal != WIRE_REFUSED_CONTRADICTS && refusal != WIRE_REFUSED_STATE)
		checker_event(checker, OUTSIDE_REFUSED, number, command->at, 0, 0);
}

static void note_start(struct checker *checker, const struct command *command)
{
	if (checker->epoch)
		checker_event(checker, OUTSIDE_RESTORE, 0, command->at, command->at - checker->last_at, 0);
	checker->epoch = command->start.epoch;
	checker->settings = command->start.settings;
}

/* From now on they may be a cause; how much they cost, the ways that are driven tell. */
static void note_streets(struct checker *checker, instant_ms at)
{
	checker->streets_at = at;
	checker_event(checker, OUTSIDE_STREETS, 0, at, 0, 0);
}

/* The books of closures: what stands, so that the checker's own searches keep to it. */
static void note_closure(struct checker *checker, const struct command *command)
{
	const struct cmd_closure *closure = &command->closure;
	for (uint32_t i = 0; i < checker->n_closures; i++)
		if (checker->closures[i].closure == closure->closure)
			checker->closures[i--] = checker->closures[--checker->n_closures];
	if (!closure->lifted && checker->n_closures < CORE_CLOSURES_MAX)
		checker->closures[checker->n_closures++] = *closure;
	note_streets(checker, command->at);
}

static void note_condition(struct checker *checker, const struct command *command)
{
	uint32_t bit = town_condition(checker->town, command->condition.name);
	checker->conditions = command->condition.on ? checker->conditions | bit : checker->conditions & ~bit;
	note_streets(checker, command->at);
}

void checker_outside(struct checker *checker, const struct command *command)
{
	const struct cmd_vehicle_release *release = &command->vehicle_release;
	switch (command->kind) {
	case CMD_START:
		note_start(checker, command);
		break;
	case CMD_VEHICLE_EVENT:
		note_event(checker, &command->vehicle_event, command->at);
		break;
	case CMD_FLEET_STATES:
		note_states(checker, command);
		break;
	case CMD_VEHICLE_LINK:
		if (command->vehicle_link.up)
			over(checker, OUTSIDE_LINK, command->vehicle_link.vehicle, command->at);
		else
			checker_event(checker, OUTSIDE_LINK, command->vehicle_link.vehicle, command->at, 0, 0);
		break;
	case CMD_VEHICLE_HELLO:
		over(checker, OUTSIDE_LINK, command->vehicle_hello.vehicle, command->at);
		break;
	case CMD_VEHICLE_ORDER:
		note_orders(checker, command);
		break;
	case CMD_VEHICLE_RELEASE:
		if (release->until > command->at)
			over(checker, OUTSIDE_WITHDRAWN, release->vehicle, command->at);
		else
			checker_event(checker, OUTSIDE_WITHDRAWN, release->vehicle, command->at, 0, 0);
		break;
	case CMD_VEHICLE_PLAN_ACK:
		note_ack(checker, command);
		break;
	case CMD_SIGN_OFF:
		checker_event(checker, OUTSIDE_DUTY, 0, command->at, 0, 0);
		break;
	case CMD_TRIP_DELAY:
		note_delay(checker, command);
		break;
	case CMD_CLOSURE:
		note_closure(checker, command);
		break;
	case CMD_CONDITION:
		note_condition(checker, command);
		break;
	case CMD_STREET_SPEEDS:
		checker->speeds = command->street_speeds;
		note_streets(checker, command->at);
		break;
	default:
		break;
	}
}

/* ---- does it explain? ---- */

static const uint32_t kinds_of[CAUSES] = {
	[CAUSE_VEHICLE_FAULT] = BIT(OUTSIDE_FAULT) | BIT(OUTSIDE_MRC) | BIT(OUTSIDE_REFUSED),
	[CAUSE_VEHICLE_LOST] = BIT(OUTSIDE_LINK),
	[CAUSE_VEHICLE_STOPPED] = BIT(OUTSIDE_STOP) | BIT(OUTSIDE_MRC),
	[CAUSE_SLOWER_STREETS] = BIT(OUTSIDE_LATE) | BIT(OUTSIDE_STREETS),
	[CAUSE_ROAD_CLOSED] = BIT(OUTSIDE_STREETS),
	[CAUSE_LATE_TRIP] = BIT(OUTSIDE_TRIP),
	[CAUSE_TRIP_CANCELLED] = BIT(OUTSIDE_TRIP),
	[CAUSE_OPERATOR] = BIT(OUTSIDE_WITHDRAWN) | BIT(OUTSIDE_DUTY),
	[CAUSE_OTHER_RIDER] = BIT(OUTSIDE_CALL) | BIT(OUTSIDE_WAIT),
	[CAUSE_RESTORE] = BIT(OUTSIDE_RESTORE),
	[CAUSE_VEHICLE_LATE] = BIT(OUTSIDE_LATE) | BIT(OUTSIDE_WAIT) | BIT(OUTSIDE_CALL) | BIT(OUTSIDE_FAULT) |
			       BIT(OUTSIDE_MRC) | BIT(OUTSIDE_LINK) | BIT(OUTSIDE_STOP) | BIT(OUTSIDE_REFUSED) |
			       BIT(OUTSIDE_WITHDRAWN),
};

static int same_trip(const struct trip_key *delayed, const struct trip_key *tied)
{
	return !strcmp(delayed->feed, tied->feed) && !strcmp(delayed->trip_id, tied->trip_id) &&
	       delayed->start_s == tied->start_s && delayed->yyyymmdd == tied->yyyymmdd &&
	       delayed->stop_sequence <= tied->stop_sequence;
}

/* Did it begin after the promise, on the vehicle that had this ride just then (or on the trip it is tied to)? */
static int touches(const struct checker *checker, const struct outside_event *event, const struct book *ride)
{
	if (event->from < ride->promised_at || (event->ride == ride->ride && event->kind == OUTSIDE_WAIT))
		return 0;
	if (event->kind == OUTSIDE_TRIP)
		return ride->tie_kind != TIE_NONE && event->amount_ms > 0 &&
		       same_trip(&checker->trips[event->trip], &ride->tie);
	if (!event->vehicle)
		return 1;
	for (uint32_t i = 0; i < ride->n_spans; i++)
		if (ride->spans[i].vehicle == event->vehicle && event->from >= ride->spans[i].from &&
		    event->from <= ride->spans[i].to)
			return 1;
	return 0;
}

struct weighed {
	uint32_t kinds, lasting;  /* bits: what touched the ride; what of it still lasts */
	int64_t held_ms, late_ms; /* stops, losses and waits together; the greatest lateness */
};

static struct weighed weigh(const struct checker *checker, const struct book *ride, instant_ms now)
{
	struct weighed sum = {0, 0, 0, 0};
	for (size_t i = 0; i < checker->n_events; i++) {
		const struct outside_event *event = &checker->events[i];
		if (!touches(checker, event, ride))
			continue;
		sum.kinds |= BIT(event->kind);
		if (event->kind >= OUTSIDE_LASTING || event->to >= now)
			sum.lasting |= BIT(event->kind);
		if (event->kind < OUTSIDE_LASTING)
			sum.held_ms += (event->to < now ? event->to : now) - event->from;
		else if (event->kind == OUTSIDE_WAIT || event->kind == OUTSIDE_TRIP || event->kind == OUTSIDE_RESTORE ||
			 event->kind == OUTSIDE_STREETS)
			sum.held_ms += event->amount_ms;
		else if (event->amount_ms > sum.late_ms)
			sum.late_ms = event->amount_ms;
	}
	return sum;
}

int64_t checker_trip_late(const struct checker *checker, const struct book *ride)
{
	int64_t late_ms = 0;
	for (size_t i = 0; i < checker->n_events; i++) {
		const struct outside_event *event = &checker->events[i];
		if (event->kind == OUTSIDE_TRIP && touches(checker, event, ride) && event->amount_ms > late_ms)
			late_ms = event->amount_ms;
	}
	return late_ms;
}

int checker_from_late_train(const struct checker *checker, const struct book *ride)
{
	for (size_t i = 0; i < checker->n_events && ride->tie_kind == TIE_FROM_TRIP; i++) {
		const struct outside_event *event = &checker->events[i];
		if (event->kind == OUTSIDE_TRIP && event->amount_ms > 0 && event->from <= ride->boarded_at &&
		    same_trip(&checker->trips[event->trip], &ride->tie))
			return 1;
	}
	return 0;
}

int64_t checker_lateness(const struct book *ride)
{
	int64_t pickup = ride->arrived_at != INSTANT_NONE ? ride->arrived_at - ride->latest_pickup : 0;
	int64_t arrival = ride->alighted_at != INSTANT_NONE ? ride->alighted_at - ride->latest_arrival : 0;
	return pickup > arrival ? pickup : arrival;
}

static int open_route(struct checker *checker)
{
	const struct network *road = &checker->town->road;
	if (checker->query)
		return ERR_OK;
	int code = arena_open(&checker->route_arena, route_graph_size(road));
	if (!code)
		code = route_graph_open(&checker->graph, road, &checker->route_arena);
	if (code)
		return code;
	struct arena *more = &checker->query_arena;
	code = arena_open(more, route_query_size(checker->graph) + (road->n_arcs + 1) * sizeof(uint32_t) + 4096);
	if (code)
		return code;
	checker->times = arena_take(more, road->n_arcs + 1, sizeof *checker->times);
	return checker->times ? route_query_open(&checker->query, checker->graph, more) : ERR_MEMORY;
}

static int idle(const struct checker *checker, const struct fleet_book *vehicle, const struct book *ride)
{
	if (!vehicle->known || vehicle->service != SERVICE_IN || !vehicle->link_up || vehicle->n_aboard ||
	    vehicle->at.arc == NONE || vehicle->first_kind == WIRE_CLEAN || vehicle->clean_from)
		return 0;
	for (uint32_t i = 0; i < vehicle->n_plan; i++)
		if (vehicle->plan[i] != ride->ride)
			return 0;
	for (uint32_t kind = 0; kind < OUTSIDE_LASTING; kind++)
		if (vehicle->lasting[kind])
			return 0;
	for (uint32_t space = 0; space < checker->town->n_spaces; space++)
		if (ride->units[space] > vehicle->spaces[space])
			return 0;
	return 1;
}

/* What an arc takes by the town file at its slowest, under conditions. */
static uint32_t slowest_ms(const struct checker *checker, uint32_t class_index, uint32_t conditions, uint32_t arc)
{
	const struct network *road = &checker->town->road;
	return town_profile_ms(checker->town, town_profiles_slowest(checker->town, conditions), class_index, arc,
			       road->time_ms[(size_t)class_index * road->n_arcs + arc]);
}

/* Of all streets as usual. */
static void times_set(struct checker *checker, uint32_t class_index, uint32_t conditions)
{
	for (uint32_t arc = 0; arc < checker->town->road.n_arcs; arc++)
		checker->times[arc] = slowest_ms(checker, class_index, conditions, arc);
}

static void street_slow(struct checker *checker, uint32_t class_index, uint32_t arc, uint32_t slow_permille)
{
	uint32_t usual = slowest_ms(checker, class_index, checker->conditions, arc);
	uint32_t time = wire_street_ms(&(struct wire_street){arc, slow_permille, 0}, usual);
	if (time > checker->times[arc])
		checker->times[arc] = time;
}

/* The same with the closures that stand and what vehicles found. */
static void times_now(struct checker *checker, uint32_t class_index, instant_ms now)
{
	const struct cmd_street_speeds *speeds = &checker->speeds;
	times_set(checker, class_index, checker->conditions);
	for (uint32_t i = 0; i < checker->n_closures; i++) {
		const struct cmd_closure *closure = &checker->closures[i];
		if (closure->until && closure->until <= now)
			continue;
		for (uint32_t k = 0; k < closure->n; k++)
			street_slow(checker, class_index, closure->arcs[k], closure->slow_permille);
	}
	for (uint32_t i = 0; i < speeds->n && speeds->until > now; i++)
		street_slow(checker, class_index, speeds->arcs[i], speeds->slow_permille[i]);
}

/* How much longer the fastest way takes with the streets as they are at an instant. Who stands on a closed street may
 * leave it. */
static int64_t longer_ms(struct checker *checker, uint32_t class_index, struct spot from, struct spot to, instant_ms at)
{
	struct route_metric metric = {class_index, checker->times, NULL};
	times_set(checker, class_index, 0);
	uint32_t first_ms = checker->times[from.arc];
	struct route_result usual = route_one(checker->query, &metric, from, to);
	times_now(checker, class_index, at);
	if (checker->times[from.arc] == TIME_INFINITE)
		checker->times[from.arc] = first_ms;
	struct route_result now = route_one(checker->query, &metric, from, to);
	if (now.time_ms == TIME_INFINITE)
		return 7 * DAY_MS; /* it got there before, or the place was another one */
	return usual.time_ms < now.time_ms ? (int64_t)now.time_ms - usual.time_ms : 0;
}

/* Streets that changed while it was under way: it may have gone a way for nothing, and back. */
void checker_way(struct checker *checker, uint32_t number, struct spot to, instant_ms at)
{
	const struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (!checker->streets_at || vehicle->left.arc == NONE || open_route(checker))
		return;
	int64_t longer = longer_ms(checker, vehicle->class_index, vehicle->left, to, at);
	if (checker->streets_at > vehicle->left_at) {
		int64_t driven = checker->streets_at - vehicle->left_at;
		longer += 3 * (driven < WASTED_MS_MAX ? driven : WASTED_MS_MAX); /* or it stood there all the time */
	}
	if (longer > 0)
		checker_event(checker, OUTSIDE_STREETS, number, at, longer, 0);
}

/* A vehicle that stood idle and would have been there well before the window ends; 0 = none. */
static uint32_t could_have_come(struct checker *checker, const struct book *ride, instant_ms now)
{
	int64_t spare_ms = ride->latest_pickup - CHECKER_IDLE_MS - now;
	if (checker->n_offered || spare_ms <= 0 || ride->boarded_at != INSTANT_NONE || ride->pickup.arc == NONE)
		return 0;
	for (uint32_t number = 1; number < checker->n_fleet; number++) {
		const struct fleet_book *vehicle = &checker->fleet[number];
		if (!idle(checker, vehicle, ride) || open_route(checker))
			continue;
		struct route_metric metric = {vehicle->class_index, checker->times};
		times_now(checker, vehicle->class_index, now);
		struct route_result way = route_one(checker->query, &metric, vehicle->at, ride->pickup);
		if (way.time_ms != TIME_INFINITE && (int64_t)way.time_ms <= spare_ms)
			return number;
	}
	return 0;
}

static void judge_late(struct checker *checker, const struct book *ride, uint8_t cause, int64_t late_ms, instant_ms now)
{
	struct weighed sum = weigh(checker, ride, now);
	int64_t own_ms = ride->boarded_at -
			 (ride->arrived_at > ride->earliest_pickup ? ride->arrived_at : ride->earliest_pickup);
	if (cause == CAUSE_RIDER_LATE) {
		if (own_ms - (int64_t)ride->boarding_ms < late_ms || ride->arrived_at > ride->latest_pickup)
			checker_found(checker,
				      "ride %016" PRIx64 " is called late by the rider's own fault: boarded %" PRId64
				      " ms after he could, left the vehicle %" PRId64 " ms late",
				      ride->ride, own_ms, late_ms);
		return;
	}
	if (cause >= CAUSES || !(sum.kinds & kinds_of[cause]))
		checker_found(checker,
			      "ride %016" PRIx64 " was %" PRId64 " ms late (%s) and no outside event explains it",
			      ride->ride, late_ms, core_cause_name(cause));
	else if (sum.held_ms + sum.late_ms + CHECKER_SLACK_MS < late_ms)
		checker_found(checker,
			      "ride %016" PRIx64 " was %" PRId64
			      " ms late (%s), but all that came from outside was %" PRId64 " ms",
			      ride->ride, late_ms, core_cause_name(cause), sum.held_ms + sum.late_ms);
}

static void judge_given_up(struct checker *checker, const struct book *ride, uint8_t cause, instant_ms now)
{
	struct weighed sum = weigh(checker, ride, now);
	uint32_t other;
	if (cause == CAUSE_OPERATOR && ride->operator_cancelled)
		return;
	if ((cause == CAUSE_LATE_TRIP || cause == CAUSE_TRIP_CANCELLED) && checker->swapped_at > ride->promised_at)
		return; /* by a new timetable: what became of the trip does not stand in the journal */
	if (cause >= CAUSES || !(sum.kinds & kinds_of[cause]))
		checker_found(checker, "ride %016" PRIx64 " was given up (%s) and no outside event explains it",
			      ride->ride, core_cause_name(cause));
	else if (!(sum.lasting & kinds_of[cause]))
		checker_found(checker, "ride %016" PRIx64 " was given up (%s) although what came from outside was over",
			      ride->ride, core_cause_name(cause));
	else if (cause != CAUSE_LATE_TRIP && cause != CAUSE_TRIP_CANCELLED &&
		 (other = could_have_come(checker, ride, now)))
		checker_found(checker,
			      "ride %016" PRIx64
			      " was given up (%s) although vehicle %u stood idle and could have come in time",
			      ride->ride, core_cause_name(cause), other);
}

void checker_judge(struct checker *checker, const struct book *ride, uint8_t cause, instant_ms now)
{
	int64_t late_ms = checker_lateness(ride);
	if (late_ms > 0)
		judge_late(checker, ride, cause, late_ms, now);
	else
		judge_given_up(checker, ride, cause, now);
}
