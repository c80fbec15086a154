/* The dispatcher: step, one commit, release; its death at any instant, and what comes after. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world_inner.h"

#define LOST_AFTER_MS 60000
#define VALID_MS 120000
#define RESEND_MS 5000

/* ---- what vehicles hear ---- */

static void send_docked(struct world *world)
{
	uint32_t vehicle;
	static _Thread_local struct wire_message message;
	while (world->dock && dock_next(world->dock, &vehicle, &message))
		if (vehicle >= 1 && vehicle <= world->options.n_vehicles)
			vehicle_transmit(world, EVENT_TO_VEHICLE, vehicle - 1, &message);
}

static void wait_for_core(struct world *world)
{
	instant_ms due = core_due(world->core);
	if (due == INT64_MAX || (world->core_at > world->now && world->core_at <= due))
		return; /* an event stands in the queue that is soon enough */
	world->core_at = due > world->now ? due : world->now;
	world_push(world, due, EVENT_CORE, 0, NULL);
}

/* ---- step, commit, release ---- */

static void release(struct world *world, const struct update *updates, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		dock_update(world->dock, &updates[i], world->now);
		desk_update(world, &updates[i]);
		if (updates[i].kind == UPD_RIDE)
			rider_tell(world, updates[i].ride.ride);
	}
	send_docked(world);
}

/* Into the books: what the core says of rides. */
static void note(struct world *world, const struct update *updates, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = updates[i].kind == UPD_RIDE	   ? updates[i].ride.ride
				  : updates[i].kind == UPD_OUTCOME ? updates[i].outcome.ride
								   : 0;
		uint32_t index = number ? hash_map_get(&world->rider_of, number) : NONE;
		const struct core_ride *ride = index == NONE ? NULL : core_ride(world->core, number);
		if (ride)
			day_note_ride(world->day, index, ride);
		if (index != NONE && updates[i].kind == UPD_OUTCOME)
			day_note_outcome(world->day, index, updates[i].outcome.kept, updates[i].outcome.cause);
	}
}

static void check(struct world *world)
{
	world->counts.commands++;
	if (world->options.check_every && world->counts.commands % world->options.check_every == 0)
		world_fail(world, core_check(world->core, world->detail));
	if (checker_fault(world->checker)[0])
		world_fail(world, err_set(world->detail, ERR_BROKEN, "checker: %s", checker_fault(world->checker)));
}

int dispatcher_submit(struct world *world, struct command *command)
{
	uint32_t first, n, all;
	if (!world->core)
		return ERR_UNAVAILABLE;
	command->at = world->now;
	int code = journal_step(world->journal, command, &first, &n);
	if (!code && world->death == DIES_BEFORE_SAVING) {
		dispatcher_die(world);
		return ERR_UNAVAILABLE;
	}
	if (!code)
		code = journal_commit(world->journal, world->detail);
	if (code) {
		world_fail(world, code);
		return code;
	}
	const struct update *updates = journal_updates(world->journal, &all);
	assert(all == n && n > 0);
	world->digest = core_digest(world->core);
	checker_step(world->checker, command, updates, n);
	note(world, updates, n);
	code = updates[n - 1].result.code;
	check(world);
	if (world->death == DIES_BEFORE_SPEAKING) {
		dispatcher_die(world);
		return ERR_UNAVAILABLE;
	}
	release(world, updates, n);
	world_fail(world, journal_tend(world->journal, world->detail));
	wait_for_core(world);
	return code;
}

void dispatcher_hear(struct world *world, uint32_t index, const struct wire_message *message)
{
	struct command commands[DOCK_COMMANDS];
	uint32_t n = 0;
	if (!world->core)
		return;
	dock_receive(world->dock, index + 1, message, world->now, world->now, commands, COUNT_OF(commands), &n);
	for (uint32_t i = 0; i < n && world->core; i++) {
		if (commands[i].kind == CMD_VEHICLE_EVENT &&
		    commands[i].vehicle_event.event.kind == WIRE_APPROVAL_REQUEST)
			world->vehicles[index].approval = commands[i].vehicle_event.event.sequence;
		dispatcher_submit(world, &commands[i]);
	}
	send_docked(world);
}

void dispatcher_tick_dock(struct world *world)
{
	static _Thread_local struct command commands[2 + WORLD_VEHICLES_MAX / COMMAND_STATES_MAX];
	uint32_t n = 0;
	world_push(world, world->now + 1000, EVENT_DOCK, 0, NULL);
	if (!world->core)
		return;
	dock_tick(world->dock, world->now, world->now, commands, COUNT_OF(commands), &n);
	for (uint32_t i = 0; i < n && world->core; i++)
		dispatcher_submit(world, &commands[i]);
	if (world->pace && pace_tick(world->pace, world->dock, world->now, &commands[0]))
		dispatcher_submit(world, &commands[0]);
	send_docked(world);
}

void dispatcher_tick_core(struct world *world)
{
	struct command tick = {.kind = CMD_TICK};
	if (!world->core)
		return;
	if (core_due(world->core) <= world->now)
		dispatcher_submit(world, &tick);
	else
		wait_for_core(world);
}

/* ---- lives ---- */

void dispatcher_close(struct world *world)
{
	if (world->journal)
		journal_close(world->journal);
	arena_close(&world->core_arena);
	memset(&world->core_arena, 0, sizeof world->core_arena);
	world->journal = NULL;
	world->core = NULL;
	world->dock = NULL;
	world->pace = NULL;
	world->core_at = INT64_MAX;
}

void dispatcher_die(struct world *world)
{
	dispatcher_close(world);
	world->death = ALIVE;
	world->counts.dispatcher_restarts++;
	world_push(world, world->now + (world->down_ms ? world->down_ms : WORLD_RESTART_MS), EVENT_DISPATCHER_UP, 0,
		   NULL);
}

static int open_core(struct world *world)
{
	const struct core_settings *settings = &world->options.core;
	struct dock_settings dock = {
		settings->vehicles_max, WORLD_HEARTBEAT_MS, LOST_AFTER_MS, VALID_MS, RESEND_MS, 1000, 1};
	int code = arena_open(&world->core_arena, core_size(settings, world->town) + dock_size(&dock) +
							  pace_size(settings->vehicles_max) + 65536);
	if (!code)
		code = core_open(&world->core, settings, world->town, &world->core_arena);
	if (!code)
		code = dock_open(&world->dock, &dock, world->core, &world->core_arena);
	return code ? err_set(world->detail, code, "world: the dispatcher's core: %s", err_text(code)) : ERR_OK;
}

static int recover(struct world *world)
{
	uint64_t sequence = 0;
	int code = journal_open(&world->journal, world->store, world->core, 1, world->detail);
	if (code)
		return code;
	if (world->options.snapshot_every)
		journal_snapshots(world->journal, world->options.snapshot_every, 3);
	code = journal_recover(world->journal, &sequence, world->detail);
	if (code)
		return code;
	world->counts.records_recovered += sequence;
	if (world->digest && core_digest(world->core) != world->digest)
		return err_set(world->detail, ERR_BROKEN,
			       "the dispatcher recovered into another state than the one it died in");
	return ERR_OK;
}

int dispatcher_open(struct world *world)
{
	struct command start = {.kind = CMD_START};
	uint32_t epoch = 0;
	int code = open_core(world);
	if (!code)
		code = recover(world);
	if (!code)
		code = store_raise_epoch(world->store, 1, (uint32_t)(world->now / SECOND_MS), &epoch, world->detail);
	if (!code && world->options.live_speeds) /* knows what the journal does */
		code = pace_open(&world->pace, &(struct pace_settings){0}, world->core,
				 world->options.core.vehicles_max, &world->core_arena);
	if (code)
		return code;
	world->core_at = INT64_MAX;
	start.start = (struct cmd_start){
		.area = 1, .epoch = epoch, .engine_version = CORE_ENGINE_VERSION, .settings = world->options.core};
	memcpy(start.start.town_hash, world->town->hash, sizeof start.start.town_hash);
	code = dispatcher_submit(world, &start);
	if (code == ERR_UNAVAILABLE && !world->core)
		return ERR_OK; /* killed again while starting */
	if (code)
		return err_set(world->detail, code, "world: the dispatcher's start was refused: %s", err_text(code));
	rider_tell_all(world);
	return ERR_OK;
}
