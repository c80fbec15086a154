/* A core on a drawn town for tests: short commands, updates as readable lines, and robots that carry out the plans. */
#ifndef ZUB_TESTS_CORE_RIG_H
#define ZUB_TESTS_CORE_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "core.h"
#include "drawn_town.h"
#include "route.h"

#define RIG_VEHICLES_MAX 8 /* in the rig's own settings */
#define RIG_ROBOTS_MAX 32
#define RIG_PATH_MAX 256

enum robot_state { ROBOT_IDLE, ROBOT_DRIVING, ROBOT_AT_STOP, ROBOT_DEAD, ROBOT_CLEANED };
struct robot {
	uint32_t number, boot, sequence, class_index;
	enum robot_state state;
	struct spot spot; /* standing there */
	struct spot target;
	uint32_t arcs[RIG_PATH_MAX], n_arcs;
	instant_ms left_at, arrives_at, busy_until;
	uint64_t aboard[WIRE_ABOARD_MAX], announced, evidence;
	uint32_t n_aboard;
	uint64_t serving;
	uint8_t serving_kind;
	instant_ms leave_from;
	uint32_t version;
};
struct rig {
	struct drawn_town *drawn;
	struct arena arena, routes;
	struct core *core;
	struct core_settings settings;
	struct route_graph *graph;
	struct route_query *query;
	struct updates updates; /* of the last step */
	instant_ms start, now;
	char log[1 << 20]; /* lines of all steps since rig_log_clear */
	size_t log_n;
	int logging, checking, print_broken;
	uint32_t epoch;
	uint64_t last_ride;
	struct robot robots[RIG_ROBOTS_MAX];
	uint32_t n_robots;
	uint64_t no_shows[64]; /* rides whose riders never come */
	uint32_t n_no_shows;
	uint64_t steps;
};

static inline void rig_line(struct rig *rig, const char *text)
{
	if (!rig->logging)
		return;
	size_t n = rig->log_n, most = sizeof rig->log - n;
	int wrote = snprintf(rig->log + n, most, "%s\n", text);
	rig->log_n += wrote > 0 && (size_t)wrote < most ? (size_t)wrote : 0;
}

static inline const char *rig_clock(const struct rig *rig, instant_ms at, char text[32])
{
	if (at == INSTANT_NONE)
		return "-";
	long long s = (at - rig->start) / 1000;
	snprintf(text, 32, "%s%lld:%02lld", s < 0 ? "-" : "", (s < 0 ? -s : s) / 60, (s < 0 ? -s : s) % 60);
	return text;
}

static inline void rig_log_update(struct rig *rig, const struct update *u)
{
	char line[400] = "", a[32], b[32], c[32];
	static const char *const tasks[] = {"", "pickup", "dropoff", "park", "charge", "clean"};
	switch (u->kind) {
	case UPD_RIDE:
		snprintf(line, sizeof line, "  ride %d %s%s%s", (int)u->ride.ride, core_ride_state_name(u->ride.state),
			 u->ride.refusal ? " " : "", u->ride.refusal ? core_refusal_name(u->ride.refusal) : "");
		if (u->ride.state == RIDE_PROMISED)
			snprintf(line + strlen(line), sizeof line - strlen(line), " by %u window %s..%s latest %s",
				 u->ride.vehicle, rig_clock(rig, u->ride.earliest_pickup, a),
				 rig_clock(rig, u->ride.latest_pickup, b), rig_clock(rig, u->ride.latest_arrival, c));
		break;
	case UPD_PLAN:
		snprintf(line, sizeof line, "  plan %u v%u:", u->plan.vehicle, u->plan.version);
		for (uint32_t k = 0; k < u->plan.n_tasks; k++)
			snprintf(line + strlen(line), sizeof line - strlen(line), " %s %d %s",
				 tasks[u->plan.tasks[k].kind], (int)u->plan.tasks[k].ride,
				 rig_clock(rig, u->plan.tasks[k].planned_at, a));
		break;
	case UPD_NOTICE:
		snprintf(line, sizeof line, "  notice %d %s", (int)u->notice.ride, core_notice_name(u->notice.kind));
		break;
	case UPD_CASE:
		snprintf(line, sizeof line, "  case %s ride %d vehicle %u %s", core_case_name(u->case_.kind),
			 (int)u->case_.ride, u->case_.vehicle, u->case_.outcome ? "closed" : "open");
		break;
	case UPD_OUTCOME:
		snprintf(line, sizeof line, "  outcome %d %s %s", (int)u->outcome.ride,
			 u->outcome.kept ? "kept" : "broken", core_cause_name(u->outcome.cause));
		break;
	case UPD_VEHICLE:
		snprintf(line, sizeof line, "  vehicle %u %s", u->vehicle.vehicle,
			 core_service_name(u->vehicle.service));
		break;
	case UPD_EVIDENCE:
		snprintf(line, sizeof line, "  evidence %d to %u", (int)u->evidence.ride, u->evidence.vehicle);
		break;
	case UPD_ORDER:
		snprintf(line, sizeof line, "  order %u to %u", u->order.order.kind, u->order.vehicle);
		break;
	default:
		return;
	}
	rig_line(rig, line);
}

static inline struct upd_result rig_step(struct rig *rig, struct command *command)
{
	char line[160], at[32];
	command->at = command->at ? command->at : rig->now;
	rig->now = command->at > rig->now ? command->at : rig->now;
	rig->updates.n = 0;
	core_step(rig->core, command, &rig->updates);
	rig->steps++;
	const struct upd_result result = rig->updates.items[rig->updates.n - 1].result;
	if (rig->logging && (command->kind != CMD_TICK || rig->updates.n > 1)) {
		snprintf(line, sizeof line, "%s %s%s%s", rig_clock(rig, command->at, at),
			 core_command_name(command->kind), result.code ? ": " : "",
			 result.code ? err_text(result.code) : "");
		rig_line(rig, line);
		for (uint32_t i = 0; i < rig->updates.n; i++)
			rig_log_update(rig, &rig->updates.items[i]);
	}
	for (uint32_t i = 0; rig->print_broken && i < rig->updates.n; i++) {
		const struct update *u = &rig->updates.items[i];
		if (u->kind == UPD_OUTCOME && !u->outcome.kept)
			printf("%s: ride %d broken: %s, pickup %+d s, arrival %+d s, vehicle %u\n",
			       rig_clock(rig, command->at, at), (int)u->outcome.ride, core_cause_name(u->outcome.cause),
			       u->outcome.pickup_late_ms / 1000, u->outcome.arrival_late_ms / 1000,
			       core_ride(rig->core, u->outcome.ride)->vehicle);
	}
	if (rig->checking) {
		struct err_detail detail;
		if (core_check(rig->core, &detail)) {
			fprintf(stderr, "after %s: %s\n%s", core_command_name(command->kind), detail.text, rig->log);
			abort();
		}
	}
	return result;
}

static inline struct core *rig_core(struct rig *rig, struct arena *arena)
{
	struct core *core = NULL;
	if (arena_open(arena, core_size(&rig->settings, &rig->drawn->town)) ||
	    core_open(&core, &rig->settings, &rig->drawn->town, arena)) {
		fprintf(stderr, "the core does not open\n");
		abort();
	}
	return core;
}

static inline struct command rig_start_command(const struct rig *rig)
{
	struct command command = {.kind = CMD_START, .at = rig->now};
	command.start.area = 1;
	command.start.epoch = rig->epoch;
	command.start.engine_version = CORE_ENGINE_VERSION;
	memcpy(command.start.town_hash, rig->drawn->town.hash, TOWN_HASH_BYTES);
	command.start.settings = rig->settings;
	return command;
}

static inline void rig_open(struct rig *rig, struct drawn_town *drawn, const struct core_settings *settings)
{
	memset(rig, 0, sizeof *rig);
	rig->drawn = drawn;
	if (settings) {
		rig->settings = *settings;
	} else {
		core_settings_default(&rig->settings);
		rig->settings.vehicles_max = RIG_VEHICLES_MAX;
		rig->settings.rides_max = 512;
		rig->settings.notices_max = 256;
		rig->settings.cases_max = 64;
		rig->settings.keys_max = 64;
		rig->settings.delays_max = 16;
	}
	rig->core = rig_core(rig, &rig->arena);
	const struct network *road = &drawn->town.road;
	size_t size = 2 * route_graph_size(road) + 4 * (1 << 20);
	if (arena_open(&rig->routes, size) || route_graph_open(&rig->graph, road, &rig->routes) ||
	    route_query_open(&rig->query, rig->graph, &rig->routes))
		abort();
	rig->updates.most = core_updates_max(rig->core);
	rig->updates.items = calloc(rig->updates.most, sizeof *rig->updates.items);
	rig->start = rig->now = DRAWN_DAY_START + 8 * HOUR_MS;
	rig->epoch = 1;
	rig->checking = 1;
	struct command command = rig_start_command(rig);
	if (rig_step(rig, &command).code)
		abort();
}

static inline void rig_close(struct rig *rig)
{
	free(rig->updates.items);
	arena_close(&rig->arena);
	arena_close(&rig->routes);
}

static inline struct place rig_place_point(const struct rig *rig, struct geo_point point)
{
	struct place place = {.point = point, .road = {NONE, 0}, .walk = {NONE, 0}, .stop = NONE};
	(void)rig;
	return place;
}

/* At junction `letter`: the end of the street from `from` to it. */
static inline struct place rig_place(const struct rig *rig, char from, char letter)
{
	const struct town *town = &rig->drawn->town;
	struct place place = rig_place_point(rig, drawn_point(rig->drawn, letter));
	place.road.arc = drawn_arc(rig->drawn, from, letter);
	place.road.offset_mm = town->road.dist_mm[place.road.arc] / 2;
	place.point = network_spot_point(&town->road, place.road);
	uint32_t from_node = drawn_node(rig->drawn, from), to_node = drawn_node(rig->drawn, letter);
	for (uint32_t a = 0; a < town->walk.n_arcs; a++)
		if (town->walk.tail[a] == from_node && town->walk.head[a] == to_node)
			place.walk = (struct spot){a, town->walk.dist_mm[a] / 2};
	return place;
}

static inline uint32_t rig_vehicle(struct rig *rig, uint32_t number, char from, char to)
{
	struct command command = {.kind = CMD_VEHICLE_ENROL};
	command.vehicle_enrol.vehicle = number;
	snprintf(command.vehicle_enrol.name, sizeof command.vehicle_enrol.name, "Shuttle %u", number);
	command.vehicle_enrol.spaces[0] = 6;
	command.vehicle_enrol.spaces[1] = 1;
	command.vehicle_enrol.spaces[2] = 2;
	command.vehicle_enrol.step_free = 1;
	command.vehicle_enrol.simulated = 1;
	command.vehicle_enrol.depot = rig_place(rig, from, to);
	int code = rig_step(rig, &command).code;
	struct command release = {.kind = CMD_VEHICLE_RELEASE};
	release.vehicle_release.vehicle = number;
	release.vehicle_release.until = rig->start + 30 * DAY_MS;
	snprintf(release.vehicle_release.by, CORE_WHO_MAX, "Anna");
	if (!code)
		code = rig_step(rig, &release).code;
	struct robot *robot = &rig->robots[rig->n_robots++];
	*robot = (struct robot){.number = number, .boot = 1, .spot = command.vehicle_enrol.depot.road};
	return (uint32_t)code;
}

static inline int rig_sign_on(struct rig *rig, const char *who, uint32_t vehicles)
{
	struct command command = {.kind = CMD_SIGN_ON};
	snprintf(command.duty.who, CORE_WHO_MAX, "%s", who);
	command.duty.vehicles_max = vehicles;
	return rig_step(rig, &command).code;
}

static inline struct command rig_request_command(struct rig *rig, struct place from, struct place to)
{
	struct command command = {.kind = CMD_REQUEST};
	command.request.ride = ++rig->last_ride;
	command.request.client = rig->last_ride + 1000000;
	command.request.from = from;
	command.request.to = to;
	command.request.need_count[0] = 1;
	return command;
}

static inline struct upd_result rig_accept(struct rig *rig, uint64_t ride, uint8_t offer)
{
	struct command command = {.kind = CMD_ACCEPT};
	command.accept.ride = ride;
	command.accept.offer = offer;
	command.accept.boarding_code = 1234;
	return rig_step(rig, &command);
}

/* Request and acceptance of the first offer; the ride's number, 0 = refused. */
static inline uint64_t rig_book(struct rig *rig, struct place from, struct place to)
{
	struct command command = rig_request_command(rig, from, to);
	uint64_t ride = command.request.ride;
	if (rig_step(rig, &command).code || rig_accept(rig, ride, 0).code)
		return 0;
	return ride;
}

static inline int rig_tick(struct rig *rig, instant_ms at)
{
	struct command command = {.kind = CMD_TICK, .at = at};
	return rig_step(rig, &command).code;
}

/* ---- robots: the agent in small; they drive by the town's times and serve at stops as the agent does ---- */

static inline struct route_metric rig_metric(const struct rig *rig, uint32_t class_index)
{
	const struct network *road = &rig->drawn->town.road;
	return (struct route_metric){class_index, road->time_ms + (size_t)class_index * road->n_arcs};
}

static inline int rig_say(struct rig *rig, struct robot *robot, uint8_t kind, uint64_t ride, uint8_t task_kind,
			  uint8_t evidence)
{
	struct command command = {.kind = CMD_VEHICLE_EVENT};
	const struct town *town = &rig->drawn->town;
	command.vehicle_event.vehicle = robot->number;
	struct wire_event *event = &command.vehicle_event.event;
	event->boot = robot->boot;
	event->sequence = ++robot->sequence;
	event->at = rig->now;
	event->kind = kind;
	event->ride = ride;
	event->task_kind = task_kind;
	event->evidence = evidence;
	event->battery_permille = 900;
	event->place.arc = robot->spot.arc;
	event->place.offset_mm = robot->spot.offset_mm;
	struct geo_point point = network_spot_point(&town->road, robot->spot);
	event->place.lat_e7 = point.lat_e7;
	event->place.lon_e7 = point.lon_e7;
	return rig_step(rig, &command).code;
}

static inline struct spot robot_where(const struct rig *rig, const struct robot *robot)
{
	const struct network *road = &rig->drawn->town.road;
	if (robot->state != ROBOT_DRIVING)
		return robot->spot;
	int64_t gone = rig->now - robot->left_at;
	for (uint32_t i = 0; i < robot->n_arcs; i++) {
		uint32_t from = i == 0 ? robot->spot.offset_mm : 0;
		uint32_t to = i + 1 == robot->n_arcs ? robot->target.offset_mm : road->dist_mm[robot->arcs[i]];
		uint32_t arc = robot->arcs[i];
		uint32_t time_ms = road->time_ms[(size_t)robot->class_index * road->n_arcs + arc];
		uint32_t ms = network_share_ms(time_ms, road->dist_mm[arc], to - from);
		if (gone < ms)
			return (struct spot){arc, from + (uint32_t)((uint64_t)(to - from) * (uint64_t)gone / ms)};
		gone -= ms;
	}
	return robot->target;
}

static inline void robot_go(struct rig *rig, struct robot *robot, struct spot target)
{
	struct spot from = robot_where(rig, robot);
	struct route_metric metric = rig_metric(rig, robot->class_index);
	struct route_result result;
	if (route_path(rig->query, &metric, from, target, &result, robot->arcs, &robot->n_arcs, RIG_PATH_MAX))
		abort();
	robot->spot = from;
	robot->target = target;
	robot->left_at = rig->now;
	robot->arrives_at = rig->now + result.time_ms;
	robot->state = ROBOT_DRIVING;
}

static inline int robot_holds(const struct robot *robot, uint64_t ride)
{
	for (uint32_t i = 0; i < robot->n_aboard; i++)
		if (robot->aboard[i] == ride)
			return 1;
	return 0;
}

static inline int rig_comes(const struct rig *rig, uint64_t ride)
{
	for (uint32_t i = 0; i < rig->n_no_shows; i++)
		if (rig->no_shows[i] == ride)
			return 0;
	return 1;
}

static inline void robot_finish(struct rig *rig, struct robot *robot)
{
	uint64_t ride = robot->serving;
	uint8_t kind = robot->serving_kind;
	robot->serving = 0;
	if (kind == WIRE_PICKUP) {
		robot->aboard[robot->n_aboard++] = ride;
		const struct core_ride *r = core_ride(rig->core, ride);
		if (r && r->earliest_pickup > robot->leave_from)
			robot->leave_from = r->earliest_pickup;
		rig_say(rig, robot, WIRE_BOARDED, ride, 0, WIRE_EVIDENCE_CODE);
		return;
	}
	for (uint32_t i = 0; i < robot->n_aboard; i++)
		if (robot->aboard[i] == ride)
			robot->aboard[i--] = robot->aboard[--robot->n_aboard];
	rig_say(rig, robot, WIRE_ALIGHTED, ride, 0, 0);
}

/* Whom the door serves next of the tasks at this stop: 1 = begun, 0 = waits, -1 = nothing left here. */
static inline int robot_serve(struct rig *rig, struct robot *robot)
{
	uint32_t n, left = 0;
	const struct core_task *tasks = core_plan(rig->core, robot->number, &n);
	for (uint32_t k = 0; k < n; k++) {
		const struct core_task *task = &tasks[k];
		if (task->place.road.arc != robot->spot.arc || task->place.road.offset_mm != robot->spot.offset_mm ||
		    !task->ride)
			break;
		left++;
		const struct core_ride *ride = core_ride(rig->core, task->ride);
		uint8_t kind = task->kind;
		uint64_t number = task->ride;
		if (kind == WIRE_PICKUP) {
			if (!rig_comes(rig, number) || rig->now < ride->earliest_pickup)
				continue;
			if (ride->state != RIDE_AT_STOP)
				continue;
			struct command command = {.kind = CMD_BOARD_EVIDENCE};
			command.board_evidence.ride = number;
			command.board_evidence.evidence = WIRE_EVIDENCE_CODE;
			command.board_evidence.code = ride->boarding_code;
			if (rig_step(rig, &command).code)
				continue;
		} else if (!robot_holds(robot, number)) {
			continue;
		}
		robot->serving = number;
		robot->serving_kind = kind;
		robot->busy_until = rig->now + 10000;
		return 1;
	}
	return left ? 0 : -1;
}

static inline void robot_arrive(struct rig *rig, struct robot *robot)
{
	uint32_t n;
	robot->spot = robot->target;
	robot->state = ROBOT_IDLE;
	const struct core_task *tasks = core_plan(rig->core, robot->number, &n);
	if (!n || tasks[0].place.road.arc != robot->spot.arc || tasks[0].place.road.offset_mm != robot->spot.offset_mm)
		return;
	if (tasks[0].kind == WIRE_PARK) {
		rig_say(rig, robot, WIRE_PARKED, 0, 0, 0);
		return;
	}
	if (tasks[0].kind == WIRE_CHARGE) {
		rig_say(rig, robot, WIRE_CHARGE_BEGAN, 0, 0, 0);
		rig_say(rig, robot, WIRE_CHARGE_ENDED, 0, 0, 0);
		return;
	}
	if (tasks[0].kind == WIRE_CLEAN) {
		robot->state = ROBOT_CLEANED;
		robot->busy_until = rig->now + rig->settings.clean_ms;
		rig_say(rig, robot, WIRE_CLEAN_BEGAN, 0, 0, 0);
		return;
	}
	robot->state = ROBOT_AT_STOP;
	robot->leave_from = INSTANT_NONE;
	rig_say(rig, robot, WIRE_ARRIVED, tasks[0].ride, tasks[0].kind, 0);
}

static inline void robot_act(struct rig *rig, struct robot *robot)
{
	const struct core_vehicle *vehicle = core_vehicle(rig->core, robot->number);
	uint32_t n;
	const struct core_task *tasks = core_plan(rig->core, robot->number, &n);
	if (robot->state == ROBOT_DEAD || !vehicle || vehicle->standstill)
		return;
	if (robot->state == ROBOT_DRIVING && rig->now >= robot->arrives_at) {
		robot_arrive(rig, robot);
		return;
	}
	if (robot->state == ROBOT_CLEANED) {
		if (n && tasks[0].kind == WIRE_CLEAN && rig->now < robot->busy_until)
			return;
		robot->state = ROBOT_IDLE;
		rig_say(rig, robot, WIRE_CLEAN_ENDED, 0, 0, 0);
		return;
	}
	if (robot->state == ROBOT_AT_STOP) {
		if (robot->serving && rig->now >= robot->busy_until)
			robot_finish(rig, robot);
		if (robot->serving)
			return;
		if (robot_serve(rig, robot) < 0 && rig->now >= robot->leave_from) {
			robot->state = ROBOT_IDLE;
			rig_say(rig, robot, WIRE_DEPARTED, 0, 0, 0);
		}
		return;
	}
	if (!n)
		return;
	if (robot->state == ROBOT_IDLE || tasks[0].place.road.arc != robot->target.arc ||
	    tasks[0].place.road.offset_mm != robot->target.offset_mm)
		robot_go(rig, robot, tasks[0].place.road);
	if (robot->state == ROBOT_DRIVING && rig->now >= robot->arrives_at)
		robot_arrive(rig, robot);
}

/* What the dock hands over now and then: where everybody is. */
static inline void rig_states(struct rig *rig)
{
	struct command command = {.kind = CMD_FLEET_STATES};
	for (uint32_t i = 0; i < rig->n_robots; i++) {
		const struct robot *robot = &rig->robots[i];
		struct fleet_state *state = &command.fleet_states.states[command.fleet_states.n++];
		struct spot spot = robot_where(rig, robot);
		struct geo_point point = network_spot_point(&rig->drawn->town.road, spot);
		state->vehicle = robot->number;
		state->state.at = rig->now;
		state->state.place = (struct wire_place){point.lat_e7, point.lon_e7, spot.arc, spot.offset_mm, 0};
		state->state.mode = robot->state == ROBOT_DRIVING   ? WIRE_DRIVING
				    : robot->state == ROBOT_AT_STOP ? WIRE_AT_STOP
								    : WIRE_IDLE;
		state->state.battery_permille = 900;
	}
	if (command.fleet_states.n)
		rig_step(rig, &command);
}

/* Lets the world run until `until` in steps of a second. */
static inline void rig_run(struct rig *rig, instant_ms until)
{
	while (rig->now < until) {
		rig->now += SECOND_MS;
		if (core_due(rig->core) <= rig->now)
			rig_tick(rig, rig->now);
		if (rig->now / SECOND_MS % 20 == 0)
			rig_states(rig);
		for (uint32_t i = 0; i < rig->n_robots; i++)
			robot_act(rig, &rig->robots[i]);
	}
}

#endif
