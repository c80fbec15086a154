/* Random commands, likely and absurd ones, from a seed or from a fuzzer's bytes. */
#ifndef ZUB_TESTS_CORE_DICE_H
#define ZUB_TESTS_CORE_DICE_H

#include "core_rig.h"
#include "rng.h"

struct dice {
	struct rng rng;
	const uint8_t *bytes; /* NULL = rng */
	size_t n, used;
	uint32_t sequence[RIG_VEHICLES_MAX + 1], boot[RIG_VEHICLES_MAX + 1];
};

static const char *const dice_city = "A-----B-----C-----D\n"
				     "|     |     |     |\n"
				     "E-----F-----G>>>>>H\n"
				     "|     |     |     |\n"
				     "I-----J-----K-----L\n";
static const char *const dice_streets[] = {"AB", "BC", "CD", "EF", "FG", "IJ", "JK", "KL",
					   "AE", "EI", "BF", "FJ", "CG", "GK", "DH", "HL"};
static const struct drawn_options dice_town = {.drawing = dice_city,
					       .metres_per_char = 60,
					       .stops = "AB? CD=S1 EF! JK GK DH=S2",
					       .profiles = "mon tue wed thu fri sat sun 08:30 09:15 1700\n"
							   "mon tue wed thu fri sat sun 09:00 10:00 1300\n"
							   "condition snow 1400\n",
					       .timetable =
						       "stop S1 C\nstop S2 H\ntrip T1 10 S1 08:30 S2 08:40/08:42\ntrip "
						       "T2 10 S2 08:20 S1 08:35\ntrip T3 10 S1 09:30 S2 09:40\n"};

static inline uint32_t dice(struct dice *d, uint32_t n)
{
	if (!d->bytes)
		return rng_below(&d->rng, n);
	uint32_t value = 0;
	for (uint32_t k = 0; k < (n > 256 ? 2u : 1u); k++)
		value = value << 8 | (d->used < d->n ? d->bytes[d->used++] : 0);
	return value % n;
}

static inline struct place dice_place(struct rig *rig, struct dice *d)
{
	const char *street = dice_streets[dice(d, COUNT_OF(dice_streets))];
	struct place place = rig_place(rig, street[0], street[1]);
	if (dice(d, 8) == 0)
		place.stop = dice(d, rig->drawn->town.n_stops);
	if (dice(d, 40) == 0)
		place.road.arc = NONE;
	if (dice(d, 40) == 0)
		place.walk.arc = NONE;
	if (dice(d, 60) == 0)
		place.point = (struct geo_point){.lat_e7 = INT32_MIN, .lon_e7 = INT32_MAX};
	return place;
}

static inline uint64_t dice_ride(struct rig *rig, struct dice *d)
{
	uint32_t n = core_n_rides(rig->core);
	if (!n || dice(d, 20) == 0)
		return dice(d, 3);
	return core_ride_at(rig->core, dice(d, 4) ? n - 1 - dice(d, n < 6 ? n : 6) : dice(d, n))->ride;
}

/* Mostly one that is in this state. */
static inline uint64_t dice_ride_in(struct rig *rig, struct dice *d, uint8_t state)
{
	uint32_t n = core_n_rides(rig->core), from = n ? dice(d, n) : 0;
	for (uint32_t i = 0; i < n && dice(d, 50); i++)
		if (core_ride_at(rig->core, (from + i) % n)->state == state)
			return core_ride_at(rig->core, (from + i) % n)->ride;
	return dice_ride(rig, d);
}

static inline void dice_trip(struct dice *d, struct trip_key *key)
{
	snprintf(key->feed, sizeof key->feed, "drawn");
	snprintf(key->trip_id, sizeof key->trip_id, "T%u", 1 + dice(d, 4));
	key->start_s = -1;
	key->yyyymmdd = 20220607 + (dice(d, 10) == 0);
	key->stop_sequence = 1 + dice(d, 2);
	if (dice(d, 30) == 0)
		memset(key->feed, 'x', sizeof key->feed);
}

static inline void dice_who(struct dice *d, char who[CORE_WHO_MAX])
{
	static const char *const names[] = {"Anna", "Bela", "Cem", ""};
	snprintf(who, CORE_WHO_MAX, "%s", names[dice(d, COUNT_OF(names))]);
	if (dice(d, 40) == 0)
		memset(who, 'z', CORE_WHO_MAX);
}

static inline void dice_request(struct rig *rig, struct dice *d, struct cmd_request *request)
{
	request->ride = dice(d, 40) ? ++rig->last_ride : dice_ride(rig, d);
	request->client = dice(d, 4) ? rig->last_ride + 1000 : dice(d, 3);
	request->from = dice_place(rig, d);
	request->to = dice_place(rig, d);
	request->time_kind = (uint8_t)(dice(d, 3) ? 0 : dice(d, 4));
	request->time = rig->now + ((int64_t)dice(d, 300) - 30) * MINUTE_MS;
	request->need_count[0] = (uint8_t)(dice(d, 20) ? 1 + dice(d, 2) : dice(d, 256));
	if (dice(d, 5) == 0)
		request->need_count[dice(d, COMMAND_NEEDS_MAX)] = (uint8_t)dice(d, 3);
	request->walk_max_mm = dice(d, 4) ? 600000 : 0;
	if (dice(d, 4) == 0) {
		request->tie_kind = (uint8_t)dice(d, 4);
		dice_trip(d, &request->tie);
	}
}

static inline void dice_event(struct rig *rig, struct dice *d, struct cmd_vehicle_event *command)
{
	uint32_t v = 1 + dice(d, RIG_VEHICLES_MAX), n = 0;
	struct wire_event *event = &command->event;
	command->vehicle = v;
	const struct core_vehicle *vehicle = core_vehicle(rig->core, v);
	const struct core_task *tasks = core_plan(rig->core, v, &n);
	event->boot = vehicle ? vehicle->boot + (vehicle->boot == 0) : 1;
	event->sequence = vehicle ? vehicle->sequence + 1 : 1;
	if (dice(d, 20) == 0)
		event->boot++, event->sequence = 1;
	if (dice(d, 20) == 0)
		event->sequence += dice(d, 3) - 1;
	event->at = rig->now - dice(d, 20) * SECOND_MS;
	event->kind = (uint8_t)(dice(d, 5) ? 1 + dice(d, 4) : dice(d, WIRE_EVENT_KINDS + 1));
	event->battery_permille = (uint16_t)(dice(d, 20) ? 800 : dice(d, 1200));
	event->ride = dice_ride(rig, d);
	event->task_kind = (uint8_t)(1 + dice(d, 5));
	event->place.arc = NONE;
	if (n && dice(d, 6)) { /* what it should do next */
		const struct core_task *task = &tasks[dice(d, 8) ? 0 : dice(d, n)];
		event->ride = task->ride;
		event->task_kind = task->kind;
		if (event->kind == WIRE_BOARDED && task->kind == WIRE_DROPOFF)
			event->kind = WIRE_ALIGHTED;
		event->place = (struct wire_place){task->place.point.lat_e7, task->place.point.lon_e7,
						   task->place.road.arc, task->place.road.offset_mm, 0};
	}
}

static inline void dice_states(struct rig *rig, struct dice *d, struct cmd_fleet_states *command)
{
	command->n = dice(d, 40) ? 1 + dice(d, 3) : dice(d, COMMAND_STATES_MAX + 4);
	for (uint32_t i = 0; i < command->n && i < COMMAND_STATES_MAX; i++) {
		struct fleet_state *state = &command->states[i];
		struct place place = dice_place(rig, d);
		state->vehicle = 1 + dice(d, RIG_VEHICLES_MAX);
		state->state.at = rig->now - dice(d, 30) * SECOND_MS;
		state->state.place = (struct wire_place){place.point.lat_e7, place.point.lon_e7, place.road.arc,
							 place.road.offset_mm, 0};
		state->state.mode = (uint8_t)dice(d, 10);
		state->state.battery_permille = (uint16_t)(dice(d, 10) ? 700 : dice(d, 1001));
	}
}

static inline void dice_vehicle(struct rig *rig, struct dice *d, struct command *command)
{
	uint32_t v = 1 + dice(d, RIG_VEHICLES_MAX);
	switch (command->kind) {
	case CMD_VEHICLE_ENROL:
		command->vehicle_enrol = (struct cmd_vehicle_enrol){
			.vehicle = v, .step_free = (uint8_t)(dice(d, 3) != 0), .simulated = (uint8_t)dice(d, 2)};
		command->vehicle_enrol.spaces[0] = (uint8_t)dice(d, 8);
		command->vehicle_enrol.spaces[1] = (uint8_t)dice(d, 2);
		command->vehicle_enrol.depot = dice_place(rig, d);
		if (dice(d, 4) == 0)
			command->vehicle_enrol.shift_from = rig->start,
			command->vehicle_enrol.shift_to = rig->start + dice(d, 10) * HOUR_MS;
		break;
	case CMD_VEHICLE_RELEASE:
		command->vehicle_release.vehicle = v;
		command->vehicle_release.until = dice(d, 12) ? rig->now + (30 + dice(d, 900)) * MINUTE_MS : 0;
		dice_who(d, command->vehicle_release.by);
		break;
	case CMD_VEHICLE_SHIFT:
		command->vehicle_shift.vehicle = v;
		dice_who(d, command->vehicle_shift.by);
		if (dice(d, 3)) {
			command->vehicle_shift.from = rig->now + dice(d, 60) * MINUTE_MS - HOUR_MS / 2;
			command->vehicle_shift.to = command->vehicle_shift.from + dice(d, 10) * HOUR_MS;
		}
		break;
	case CMD_VEHICLE_ORDER:
		command->vehicle_order.vehicle = dice(d, 10) ? v : 0;
		command->vehicle_order.order = rig->steps;
		command->vehicle_order.kind = (uint8_t)dice(d, 7);
		dice_who(d, command->vehicle_order.by);
		break;
	case CMD_VEHICLE_LINK:
		command->vehicle_link =
			(struct cmd_vehicle_link){v, (uint8_t)dice(d, 2), rig->now - dice(d, 60) * SECOND_MS};
		break;
	case CMD_VEHICLE_HELLO:
		command->vehicle_hello.vehicle = v;
		command->vehicle_hello.hello.simulated = (uint8_t)dice(d, 2);
		command->vehicle_hello.hello.cleans = dice(d, 8) != 0;
		snprintf(command->vehicle_hello.hello.class_name, 32, "%s", dice(d, 8) ? "shuttle" : "tram");
		break;
	case CMD_VEHICLE_PLAN_ACK: {
		const struct core_vehicle *vehicle = core_vehicle(rig->core, v);
		command->vehicle_plan_ack.vehicle = v;
		command->vehicle_plan_ack.ack =
			(struct wire_plan_ack){vehicle ? vehicle->plan_epoch : 1, vehicle ? vehicle->plan_version : 1,
					       (uint8_t)(dice(d, 6) ? 0 : dice(d, 10))};
		break;
	}
	default:
		command->approval.vehicle = v;
		command->approval.request = dice(d, 5);
		command->approval.granted = (uint8_t)dice(d, 2);
		dice_who(d, command->approval.by);
	}
}

static inline void dice_closure(struct rig *rig, struct dice *d, struct cmd_closure *closure)
{
	const uint32_t n_arcs = core_town(rig->core)->road.n_arcs;
	closure->closure = dice(d, 6);
	closure->lifted = (uint8_t)(dice(d, 2) == 0);
	closure->slow_permille = dice(d, 2) ? 0 : 900 + dice(d, 5000);
	closure->until = dice(d, 3) ? rig->now + dice(d, 60) * MINUTE_MS : 0;
	closure->n = dice(d, 5);
	for (uint32_t i = 0; i < closure->n; i++)
		closure->arcs[i] = dice(d, n_arcs + (dice(d, 20) == 0));
}

static inline void dice_speeds(struct rig *rig, struct dice *d, struct cmd_street_speeds *speeds)
{
	uint32_t arc = 0;
	speeds->until = rig->now + dice(d, 40) * MINUTE_MS;
	for (speeds->n = 0; speeds->n < COMMAND_SPEEDS_MAX; speeds->n++) {
		arc += 1 + dice(d, 20);
		if (arc >= core_town(rig->core)->road.n_arcs)
			break;
		speeds->arcs[speeds->n] = arc;
		speeds->slow_permille[speeds->n] = 1001 + dice(d, 3000);
	}
	if (dice(d, 20) == 0)
		speeds->n = dice(d, 2 * COMMAND_SPEEDS_MAX);
}

/* One command at or after now. */
/* Plans as they are, with two tasks changed for each other, or worse. */
static inline void dice_improve(struct rig *rig, struct dice *d, struct cmd_improve *improve)
{
	uint32_t n = 0;
	improve->n = 1 + dice(d, 3);
	for (uint32_t i = 0; i < improve->n; i++) {
		uint32_t n_tasks = 0, number = 1 + (i + dice(d, 3)) % 5;
		const struct core_vehicle *vehicle = core_vehicle(rig->core, number);
		const struct core_task *tasks = core_plan(rig->core, number, &n_tasks);
		improve->vehicle[i] = number;
		improve->n_tasks[i] = n_tasks;
		if (!vehicle)
			continue;
		improve->epoch[i] = vehicle->plan_epoch;
		improve->version[i] = vehicle->plan_version + (dice(d, 20) == 0);
		for (uint32_t k = 0; k < n_tasks; k++)
			improve->ride[n++] = tasks[k].ride;
	}
	if (n && dice(d, 10)) {
		uint32_t a = dice(d, n), b = dice(d, n);
		uint64_t ride = improve->ride[a];
		improve->ride[a] = improve->ride[b];
		improve->ride[b] = dice(d, 10) ? ride : dice(d, 99);
	}
	if (improve->n > 1 && dice(d, 3) == 0 && improve->n_tasks[0] > 1) {
		improve->n_tasks[0] -= 2;
		improve->n_tasks[1] += 2;
	}
	improve->n += dice(d, 10) == 0 ? dice(d, 20) : 0;
}

static inline struct command dice_command(struct rig *rig, struct dice *d)
{
	static const uint8_t often[] = {CMD_REQUEST,	     CMD_REQUEST,	CMD_REQUEST,	   CMD_ACCEPT,
					CMD_ACCEPT,	     CMD_ACCEPT,	CMD_VEHICLE_EVENT, CMD_VEHICLE_EVENT,
					CMD_VEHICLE_EVENT,   CMD_VEHICLE_EVENT, CMD_VEHICLE_EVENT, CMD_VEHICLE_EVENT,
					CMD_BOARD_EVIDENCE,  CMD_TICK,		CMD_FLEET_STATES,  CMD_CANCEL,
					CMD_VEHICLE_RELEASE, CMD_SIGN_ON,	CMD_IMPROVE};
	struct command command = {.kind = often[dice(d, COUNT_OF(often))]};
	if (dice(d, 8) == 0)
		command.kind = (uint16_t)dice(d, CMD_KINDS + 1);
	if ((command.kind == CMD_SIGN_OFF || command.kind == CMD_VEHICLE_ORDER || command.kind == CMD_BOOKINGS_PAUSE) &&
	    dice(d, 3))
		command.kind = CMD_TICK;
	rig->now += dice(d, 40) ? dice(d, 25) * SECOND_MS : dice(d, 20) * MINUTE_MS;
	command.at = rig->now - (dice(d, 50) == 0 ? SECOND_MS * 5 : 0);
	if (dice(d, 8) == 0)
		command.key = (struct command_key){7, 1 + dice(d, 80)};
	switch (command.kind) {
	case CMD_START:
		command.start = rig_start_command(rig).start;
		command.start.epoch = core_epoch(rig->core) + dice(d, 2);
		break;
	case CMD_REQUEST:
		dice_request(rig, d, &command.request);
		break;
	case CMD_ACCEPT:
		command.accept = (struct cmd_accept){dice_ride_in(rig, d, RIDE_OFFERED),
						     (uint8_t)(dice(d, 3) ? 0 : dice(d, 4)), 1000};
		break;
	case CMD_CANCEL:
		command.cancel.ride = dice_ride(rig, d);
		command.cancel.by = (uint8_t)dice(d, 2);
		break;
	case CMD_COMING:
	case CMD_NO_SHOW_UNDO:
		command.ride.ride = dice_ride_in(rig, d, command.kind == CMD_COMING ? RIDE_AT_STOP : RIDE_NO_SHOW);
		dice_who(d, command.ride.who);
		break;
	case CMD_BOARD_EVIDENCE:
		command.board_evidence = (struct cmd_board_evidence){dice_ride_in(rig, d, RIDE_AT_STOP),
								     (uint8_t)(dice(d, 10) ? 1 : dice(d, 6)),
								     (uint16_t)(1000 + (dice(d, 10) == 0))};
		break;
	case CMD_NOTICE_STATE:
		command.notice_state = (struct cmd_notice_state){dice(d, 500), (uint8_t)dice(d, 5)};
		break;
	case CMD_VEHICLE_EVENT:
		dice_event(rig, d, &command.vehicle_event);
		break;
	case CMD_FLEET_STATES:
		dice_states(rig, d, &command.fleet_states);
		break;
	case CMD_SIGN_ON:
	case CMD_SIGN_OFF:
	case CMD_HANDOVER_ACCEPT:
		dice_who(d, command.duty.who);
		if (dice(d, 2))
			dice_who(d, command.duty.to);
		command.duty.vehicles_max = dice(d, 8) ? 3 : dice(d, 20);
		command.duty.simulated = (uint8_t)(dice(d, 8) == 0);
		break;
	case CMD_CASE_OWN:
	case CMD_CASE_CLOSE:
		command.case_.ride = dice(d, 20);
		if (core_n_cases(rig->core) && dice(d, 4)) {
			const struct core_case *c = core_case_at(rig->core, dice(d, core_n_cases(rig->core)));
			command.case_.ride = c->ride ? c->ride : c->case_id;
		}
		dice_who(d, command.case_.who);
		command.case_.outcome = (uint8_t)dice(d, 6);
		break;
	case CMD_BOOKINGS_PAUSE:
		command.bookings_pause.paused = (uint8_t)(dice(d, 4) == 0);
		break;
	case CMD_TRIP_DELAY:
		dice_trip(d, &command.trip_delay.trip);
		command.trip_delay.arrival_late_s = command.trip_delay.departure_late_s = (int32_t)dice(d, 3000) - 300;
		command.trip_delay.cancelled = (uint8_t)(dice(d, 10) == 0);
		break;
	case CMD_CLOSURE:
		dice_closure(rig, d, &command.closure);
		break;
	case CMD_IMPROVE:
		dice_improve(rig, d, &command.improve);
		break;
	case CMD_STREET_SPEEDS:
		dice_speeds(rig, d, &command.street_speeds);
		break;
	case CMD_CONDITION:
		command.condition.on = (uint8_t)dice(d, 2);
		snprintf(command.condition.name, sizeof command.condition.name, "%s", dice(d, 8) ? "snow" : "fog");
		break;
	default:
		dice_vehicle(rig, d, &command);
	}
	return command;
}

/* Small capacities, so that each is met. */
static inline void dice_open(struct rig *rig, struct drawn_town *drawn)
{
	struct core_settings settings;
	drawn_town_open(drawn, &dice_town);
	drawn->town.rules.door_to_door = 1;
	core_settings_default(&settings);
	settings.vehicles_max = 5;
	settings.rides_max = 40;
	settings.notices_max = 30;
	settings.cases_max = 12;
	settings.keys_max = 20;
	settings.delays_max = 3;
	settings.closed_keep_ms = 600000;
	settings.rebalance_ms = 120000;
	settings.charger_slots = 1;
	settings.clean_every_ms = 1800000;
	settings.clean_ms = 300000;
	settings.clean_early_ms = 600000;
	settings.clean_slots = 1;
	settings.fair_gap_permille = 100;
	rig_open(rig, drawn, &settings);
	rig_sign_on(rig, "Anna", 3);
	rig_vehicle(rig, 1, 'A', 'B');
	rig_vehicle(rig, 2, 'J', 'K');
	rig_vehicle(rig, 4, 'D', 'H');
}

#endif
