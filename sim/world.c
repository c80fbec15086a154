/* Events in order, opening, the run. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "world_inner.h"

#define AFTER_END_MS (4 * HOUR_MS)

void world_default(struct world_options *options)
{
	memset(options, 0, sizeof *options);
	options->seed = 1;
	options->n_vehicles = 6;
	options->spaces[0] = 8;
	options->spaces[1] = 1;
	options->spaces[2] = 2;
	strcpy(options->class_name, "shuttle");
	core_settings_default(&options->core);
	options->latency_ms_min = 20;
	options->latency_ms_max = 200;
	options->trains_late_ms_max = 15 * MINUTE_MS;
}

struct rng world_stream(const struct world *world, enum world_stream purpose, uint64_t index)
{
	struct rng rng;
	rng_seed(&rng, hash_u64(hash_u64(world->options.seed) ^ hash_u64(index * 8 + purpose + 1)));
	return rng;
}

void world_fail(struct world *world, int code)
{
	if (!world->code)
		world->code = code;
}

/* ---- event queue: a binary heap by (time, order) ---- */

static int before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void world_push(struct world *world, instant_ms at, enum event_kind kind, uint32_t index, void *payload)
{
	struct event event = {at > world->now ? at : world->now, world->n_orders++, (uint8_t)kind, index, payload};
	if (array_push(world->heap, world->n_heap, world->cap_heap, event)) {
		free(payload);
		world_fail(world, err_set(world->detail, ERR_MEMORY, "world: out of memory"));
		return;
	}
	size_t i = world->n_heap - 1;
	for (; i > 0 && before(&event, &world->heap[(i - 1) / 2]); i = (i - 1) / 2)
		world->heap[i] = world->heap[(i - 1) / 2];
	world->heap[i] = event;
}

static struct event pop(struct world *world)
{
	struct event top = world->heap[0], last = world->heap[--world->n_heap];
	size_t i = 0, child;
	while ((child = 2 * i + 1) < world->n_heap) {
		if (child + 1 < world->n_heap && before(&world->heap[child + 1], &world->heap[child]))
			child++;
		if (!before(&world->heap[child], &last))
			break;
		world->heap[i] = world->heap[child];
		i = child;
	}
	world->heap[i] = last;
	return top;
}

/* ---- the run ---- */

static int release_vehicle(struct world *world, uint32_t index)
{
	struct command release = {.kind = CMD_VEHICLE_RELEASE};
	release.vehicle_release.vehicle = index + 1;
	release.vehicle_release.until = world->options.to + DAY_MS;
	strcpy(release.vehicle_release.by, WORLD_DESK);
	strcpy(release.vehicle_release.approval, "simulation");
	return dispatcher_submit(world, &release);
}

static void run_event(struct world *world, const struct event *event)
{
	const struct sim_vehicle *vehicle;
	switch ((enum event_kind)event->kind) {
	case EVENT_RIDER:
		rider_wake(world, event->index);
		break;
	case EVENT_AGENT:
		if (world->vehicles[event->index].wake_at <= world->now)
			vehicle_wake(world, event->index, NULL);
		break;
	case EVENT_AGENT_UP:
		vehicle_start_agent(world, event->index);
		break;
	case EVENT_TO_VEHICLE:
		vehicle = &world->vehicles[event->index];
		if (!vehicle->link_down && vehicle->agent)
			vehicle_wake(world, event->index, event->payload);
		break;
	case EVENT_TO_DISPATCHER:
		dispatcher_hear(world, event->index, event->payload);
		break;
	case EVENT_CORE:
		dispatcher_tick_core(world);
		break;
	case EVENT_DOCK:
		dispatcher_tick_dock(world);
		break;
	case EVENT_DESK:
		desk_look_around(world);
		break;
	case EVENT_FAULT:
		vehicle_fault(world, event->index);
		break;
	case EVENT_FAULT_OVER:
		vehicle_fault_over(world, event->index);
		break;
	case EVENT_DISPATCHER_UP:
		world_fail(world, dispatcher_open(world));
		break;
	case EVENT_COMMAND:
		dispatcher_submit(world, event->payload);
		break;
	case EVENT_TRAIN:
		train_announce(world, event->index);
		break;
	case EVENT_SHIFT:
		if (release_vehicle(world, event->index) ==
		    ERR_UNAVAILABLE) /* said again when the dispatcher is back */
			world_push(world, world->now + 30 * SECOND_MS, EVENT_SHIFT, event->index, NULL);
		break;
	case EVENT_JAM:
		jams_change(world);
		break;
	case EVENT_IMPROVE:
		world_improve(world);
		break;
	case EVENT_PROPOSAL:
		world_propose(world, event->payload);
		break;
	case EVENT_HOUR:
		break;
	}
}

static int anybody_under_way(const struct world *world)
{
	if (!world->core)
		return 1;
	for (uint32_t i = 0; i < world->demand->n; i++)
		if (world->riders[i].phase < RIDER_ENDED && world->riders[i].ride_state != RIDE_BROKEN)
			return 1;
	for (uint32_t i = 0; i < core_n_cases(world->core); i++)
		if (core_case_at(world->core, i)->kind == CASE_BROKEN_RIDE &&
		    core_case_at(world->core, i)->outcome == CASE_OPEN)
			return 1;
	return 0;
}

/* Once an hour, after the end once a minute. Returns 1 when all is done. */
static int look_at_clock(struct world *world, void (*progress)(void *self, instant_ms now), void *self)
{
	int closed = world->now >= world->options.to;
	if (progress)
		progress(self, world->now);
	if (closed && (!anybody_under_way(world) || world->now >= world->options.to + AFTER_END_MS))
		return 1;
	instant_ms next = world->now + (closed ? MINUTE_MS : HOUR_MS);
	world_push(world, closed || next < world->options.to ? next : world->options.to, EVENT_HOUR, 0, NULL);
	return 0;
}

static enum event_kind run_next(struct world *world)
{
	struct event event = pop(world);
	world->now = event.at;
	world->counts.events++;
	run_event(world, &event);
	free(event.payload);
	return (enum event_kind)event.kind;
}

int world_until(struct world *world, instant_ms until)
{
	while (!world->code && world->n_heap && world->heap[0].at <= until)
		run_next(world);
	if (!world->code)
		world->now = until;
	return world->code;
}

int world_run(struct world *world, void (*progress)(void *self, instant_ms now), void *self, struct err_detail *detail)
{
	int over = 0;
	world->detail = detail;
	while (!world->code && world->n_heap && !over)
		if (run_next(world) == EVENT_HOUR)
			over = look_at_clock(world, progress, self);
	if (!world->code && !world->core)
		world_fail(world, dispatcher_open(world));
	day_end(world->day, world->now);
	if (!world->code)
		world_fail(world, core_check(world->core, detail));
	if (!world->code)
		world_fail(world, checker_end(world->checker, 1, detail));
	return world->code;
}

/* ---- opening ---- */

/* Where the fleet begins: the middle of all trips, on a road. */
static int find_depot(struct world *world, struct place *ret_place)
{
	int64_t lat = 0, lon = 0;
	for (uint32_t i = 0; i < world->demand->n; i++) {
		lat += world->demand->trips[i].from.lat_e7;
		lon += world->demand->trips[i].from.lon_e7;
	}
	int64_t n = world->demand->n ? world->demand->n : 1;
	struct geo_point middle = {(int32_t)(lat / n), (int32_t)(lon / n)};
	if (!placing_find(&world->placing, middle, ret_place) && ret_place->road.arc != NONE)
		return ERR_OK;
	for (uint32_t i = 0; i < world->demand->n; i++)
		if (!placing_find(&world->placing, world->demand->trips[i].from, ret_place) &&
		    ret_place->road.arc != NONE)
			return ERR_OK;
	return ERR_NOT_FOUND;
}

struct world_group world_group_of(const struct world_options *options, uint32_t index, uint32_t *ret_group)
{
	struct world_group alike = {.n_vehicles = options->n_vehicles};
	uint32_t group = 0;
	while (group < options->n_groups && index >= options->groups[group].n_vehicles)
		index -= options->groups[group++].n_vehicles;
	if (ret_group)
		*ret_group = group;
	if (group < options->n_groups)
		return options->groups[group];
	memcpy(alike.spaces, options->spaces, sizeof alike.spaces);
	memcpy(alike.class_name, options->class_name, sizeof alike.class_name);
	return alike;
}

static void command_vehicle(struct world *world, uint32_t index, uint32_t class_index, const struct place *depot)
{
	const struct world_group group = world_group_of(&world->options, index, NULL);
	struct command enrol = {.kind = CMD_VEHICLE_ENROL};
	instant_ms begins = world->now;
	enrol.vehicle_enrol.vehicle = index + 1;
	enrol.vehicle_enrol.class_index = class_index;
	enrol.vehicle_enrol.step_free = enrol.vehicle_enrol.simulated = 1;
	enrol.vehicle_enrol.depot = *depot;
	snprintf(enrol.vehicle_enrol.name, sizeof enrol.vehicle_enrol.name, "Shuttle %" PRIu32, index + 1);
	memcpy(enrol.vehicle_enrol.spaces, group.spaces, sizeof group.spaces);
	if (group.shift_from_s || group.shift_to_s) {
		enrol.vehicle_enrol.shift_from = world->day->midnight + group.shift_from_s * SECOND_MS;
		enrol.vehicle_enrol.shift_to = world->day->midnight + group.shift_to_s * SECOND_MS;
		day_note_shift(world->day, index, enrol.vehicle_enrol.shift_from, enrol.vehicle_enrol.shift_to);
		begins = enrol.vehicle_enrol.shift_from;
	}
	world_fail(world, dispatcher_submit(world, &enrol));
	if (begins > world->now) /* somebody releases it when its shift begins */
		world_push(world, begins, EVENT_SHIFT, index, NULL);
	else
		world_fail(world, release_vehicle(world, index));
}

static int open_vehicle(struct world *world, uint32_t index, const struct place *middle)
{
	uint32_t number;
	const struct world_group group = world_group_of(&world->options, index, &number);
	uint32_t class_index = town_class(world->town, group.class_name);
	struct place depot = *middle;
	if (class_index == NONE)
		return err_set(world->detail, ERR_NOT_FOUND, "the town has no vehicle class \"%s\"", group.class_name);
	if (group.has_depot && (placing_find(&world->placing, group.depot, &depot) || depot.road.arc == NONE))
		return err_set(world->detail, ERR_NOT_FOUND, "no road near the depot of vehicle %" PRIu32, index + 1);
	int code = vehicle_open(world, index, class_index, &depot);
	if (code)
		return code;
	world->day->vehicles[index].group = number;
	command_vehicle(world, index, class_index, &depot);
	return world->code;
}

static int open_service(struct world *world)
{
	struct command sign_on = {.kind = CMD_SIGN_ON};
	struct place depot;
	if (find_depot(world, &depot))
		return err_set(world->detail, ERR_NOT_FOUND, "no road near the middle of the demand");
	int code = dispatcher_open(world);
	if (code)
		return code;
	strcpy(sign_on.duty.who, WORLD_SUPERVISOR);
	sign_on.duty.vehicles_max = world->options.n_vehicles;
	sign_on.duty.simulated = 1;
	world_fail(world, dispatcher_submit(world, &sign_on));
	for (uint32_t i = 0; i < world->options.n_vehicles && !world->code; i++)
		world_fail(world, open_vehicle(world, i, &depot));
	if (world->code && !world->detail->text[0])
		err_set(world->detail, world->code, "world: the service cannot be opened: %s", err_text(world->code));
	return world->code;
}

static void push_first_events(struct world *world)
{
	for (uint32_t i = 0; i < world->options.n_vehicles; i++)
		vehicle_start_agent(world, i);
	for (uint32_t i = 0; i < world->options.n_faults; i++)
		world_push(world, world->options.faults[i].at, EVENT_FAULT, i, NULL);
	jams_begin(world);
	world_push(world, world->now, EVENT_DOCK, 0, NULL);
	if (world->plans)
		world_push(world, world->now + world->options.improve_ms, EVENT_IMPROVE, 0, NULL);
	world_push(world, world->now + MINUTE_MS, EVENT_DESK, 0, NULL);
	world_push(world, world->now + HOUR_MS < world->options.to ? world->now + HOUR_MS : world->options.to,
		   EVENT_HOUR, 0, NULL);
}

static int open_parts(struct world *world)
{
	size_t size = route_graph_size(&world->town->road) + (size_t)(world->demand->n + 64) * 64 + 65536;
	int code = arena_open(&world->arena, size);
	if (!code)
		code = route_graph_open(&world->graph, &world->town->road, &world->arena);
	if (!code)
		code = hash_map_open(&world->rider_of, &world->arena, world->demand->n + 1);
	struct arena scratch = {0};
	if (!code)
		code = arena_open(&scratch, route_query_size(world->graph) + 4096);
	world->query_arena = scratch;
	if (!code)
		code = route_query_open(&world->query, world->graph, &world->query_arena);
	if (!code)
		code = checker_open(&world->checker, world->town);
	if (!code)
		code = day_open(&world->day, world->town, world->demand, world->options.n_vehicles, world->options.from,
				world->options.to);
	if (code)
		return err_set(world->detail, code, "world: %s", err_text(code));
	code = placing_open(&world->placing, world->town, world->detail);
	if (!code)
		code = riders_open(world);
	if (!code)
		code = world_improve_open(world);
	return code ? code : open_service(world);
}

int world_open(struct world **ret_world, const struct world_options *options, const struct town *town,
	       const struct demand *demand, struct store *store, struct err_detail *detail)
{
	struct err_detail unused;
	struct world *world = calloc(1, sizeof *world);
	if (!world || options->n_vehicles > WORLD_VEHICLES_MAX || options->n_vehicles > options->core.vehicles_max) {
		free(world);
		return err_set(detail, ERR_RANGE, "world: at most %u vehicles", options->core.vehicles_max);
	}
	world->options = *options;
	world->town = town;
	world->demand = demand;
	world->store = store;
	world->now = options->from;
	world->detail = detail ? detail : &unused;
	world->detail->text[0] = 0;
	world->vehicles = calloc(options->n_vehicles + 1, sizeof *world->vehicles);
	world->riders = calloc(demand->n + 1, sizeof *world->riders);
	int code = world->vehicles && world->riders ? open_parts(world) : ERR_MEMORY;
	if (!code)
		push_first_events(world);
	if (code || world->code) {
		code = code ? code : world->code;
		world_close(world);
		return code;
	}
	*ret_world = world;
	return ERR_OK;
}

void world_close(struct world *world)
{
	if (!world)
		return;
	for (uint32_t i = 0; world->vehicles && i < world->options.n_vehicles; i++)
		vehicle_close(&world->vehicles[i]);
	for (size_t i = 0; i < world->n_heap; i++)
		free(world->heap[i].payload);
	dispatcher_close(world);
	checker_close(world->checker);
	day_close(world->day);
	placing_close(&world->placing);
	for (uint32_t c = 0; c < NETWORK_CLASSES_MAX; c++) {
		free(world->times[c]);
		free(world->truth[c]);
	}
	arena_close(&world->plans_arena);
	arena_close(&world->query_arena);
	arena_close(&world->arena);
	free(world->heap);
	free(world->trains);
	free(world->vehicles);
	free(world->riders);
	free(world);
}

const struct core *world_core(const struct world *world)
{
	return world->core;
}

const struct checker *world_checker(const struct world *world)
{
	return world->checker;
}

struct day *world_take_day(struct world *world)
{
	struct day *day = world->day;
	world->day = NULL;
	return day;
}

struct world_counts world_counts(const struct world *world)
{
	return world->counts;
}
