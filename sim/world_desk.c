/* The people behind the service. Notices reach their riders; each broken ride gets an owner and ends with the rider at
 * home; a vehicle in a minimal-risk condition may go on when what stopped it is over. Looks around every minute,
 * remembers nothing: so a restart of the dispatcher changes nothing for it. Takes riders out of vehicles that do not go
 * on, and sometimes writes down so without having done it. */
#include <stdlib.h>
#include <string.h>

#include "world_inner.h"

#define READS_AFTER_MS 2000
#define OWNS_AFTER_MS MINUTE_MS
#define TAXI_AFTER_MS (10 * MINUTE_MS)
#define TAKEN_OUT_AFTER_MS (30 * MINUTE_MS)

void desk_update(struct world *world, const struct update *update)
{
	if (update->kind != UPD_NOTICE || update->notice.state != NOTICE_QUEUED)
		return;
	struct command *read = calloc(1, sizeof *read);
	if (!read) {
		world_fail(world, err_set(world->detail, ERR_MEMORY, "world: out of memory"));
		return;
	}
	read->kind = CMD_NOTICE_STATE;
	read->notice_state = (struct cmd_notice_state){update->notice.notice, NOTICE_ACKNOWLEDGED};
	world_push(world, world->now + READS_AFTER_MS, EVENT_COMMAND, 0, read);
}

/* Those whose first reading was lost with the dispatcher. */
static uint64_t unread(const struct world *world)
{
	for (uint32_t i = 0; i < core_n_notices(world->core); i++) {
		const struct core_notice *notice = core_notice_at(world->core, i);
		if (notice->state <= NOTICE_SENT && world->now - notice->made_at >= MINUTE_MS)
			return notice->notice;
	}
	return 0;
}

static void read_notices(struct world *world)
{
	uint64_t notice;
	for (int tries = 0; tries < 1000 && world->core && (notice = unread(world)); tries++) {
		struct command read = {.kind = CMD_NOTICE_STATE, .notice_state = {notice, NOTICE_ACKNOWLEDGED}};
		dispatcher_submit(world, &read);
	}
}

static void grant_approvals(struct world *world)
{
	for (uint32_t i = 0; i < world->options.n_vehicles && world->core; i++) {
		struct sim_vehicle *vehicle = &world->vehicles[i];
		if (!vehicle->approval || vehicle->mrc)
			continue;
		struct command grant = {.kind = CMD_APPROVAL,
					.approval = {.vehicle = i + 1, .request = vehicle->approval, .granted = 1}};
		strcpy(grant.approval.by, WORLD_SUPERVISOR);
		if (dispatcher_submit(world, &grant) != ERR_UNAVAILABLE)
			vehicle->approval = 0;
	}
}

static int vehicle_stuck(const struct world *world, uint32_t number)
{
	const struct core_vehicle *vehicle = core_vehicle(world->core, number);
	return vehicle && (vehicle->service == SERVICE_DOWN || vehicle->service == SERVICE_LOST);
}

/* What a person would do about it now; CASE_OPEN = wait. */
static uint8_t outcome_of(const struct world *world, const struct core_case *item)
{
	const struct core_ride *ride = item->ride ? core_ride(world->core, item->ride) : NULL;
	int64_t age_ms = world->now - item->opened_at;
	if (!item->ride)
		return vehicle_stuck(world, item->vehicle) ? CASE_OPEN : CASE_SETTLED;
	if (!ride)
		return CASE_HOME_BY_SHUTTLE;
	if (ride->state == RIDE_DONE)
		return CASE_HOME_BY_SHUTTLE;
	if (ride->state == RIDE_BROKEN)
		return age_ms >= TAXI_AFTER_MS ? CASE_HOME_BY_FALLBACK : CASE_OPEN;
	if (ride->state == RIDE_CANCELLED || ride->state == RIDE_NO_SHOW)
		return CASE_HOME_OTHERWISE;
	if (ride->state == RIDE_ABOARD && vehicle_stuck(world, ride->vehicle))
		return age_ms >= TAKEN_OUT_AFTER_MS ? CASE_HOME_BY_FALLBACK : CASE_OPEN;
	return CASE_OPEN;
}

static const struct core_case *case_to_do(const struct world *world, struct command *command)
{
	for (uint32_t i = 0; i < core_n_cases(world->core); i++) {
		const struct core_case *item = core_case_at(world->core, i);
		if (item->outcome != CASE_OPEN || item->closed_at != INSTANT_NONE)
			continue;
		*command = (struct command){.kind = CMD_CASE_CLOSE};
		command->case_.ride = item->ride ? item->ride : item->case_id;
		command->case_.outcome = outcome_of(world, item);
		strcpy(command->case_.who, WORLD_DESK);
		if (command->case_.outcome != CASE_OPEN)
			return item;
		command->kind = CMD_CASE_OWN;
		if (!item->owner[0] && world->now - item->opened_at >= OWNS_AFTER_MS)
			return item;
	}
	return NULL;
}

static void take_out(struct world *world, uint64_t ride)
{
	struct rng rng = world_stream(world, STREAM_DESK, ride ^ (uint64_t)(world->now / MINUTE_MS));
	if (!rng_chance(&rng, world->options.desk_errs_permille))
		vehicle_take_out(world, ride);
}

static void work_on_cases(struct world *world)
{
	struct command command;
	for (int tries = 0; tries < 1000 && world->core && case_to_do(world, &command); tries++) {
		if (command.kind == CMD_CASE_CLOSE && command.case_.outcome > CASE_HOME_BY_SHUTTLE)
			take_out(world, command.case_.ride);
		if (dispatcher_submit(world, &command))
			return;
	}
}

void desk_look_around(struct world *world)
{
	world_push(world, world->now + MINUTE_MS, EVENT_DESK, 0, NULL);
	if (!world->core)
		return;
	read_notices(world);
	grant_approvals(world);
	if (world->core)
		work_on_cases(world);
}
