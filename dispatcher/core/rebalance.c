/* Idle vehicles are sent where riders are expected: as many to each zone as its share of the demand of the hour to
 * come, so that the sum of the ways is the least (flow.h); nobody drives farther than it is worth. Only vehicles
 * without a plan and without riders go; whoever is promised one of them meanwhile has it turn at once. */
#include "distance.h"
#include "flow.h"
#include "state.h"

#define WORTH_MS 600000	     /* what a vehicle at the right place is worth, in time driven */
#define AHEAD_MS 900000	     /* the demand that counts is that of the hour in which this lies */
#define CHARGED_PERMILLE 200 /* above the reserve: others had better charge */

struct idle {
	uint32_t n;
	uint32_t slot[FLOW_LEFT_MAX], zone[FLOW_LEFT_MAX];
};

int rebalance_may_go(const struct core *core, uint32_t slot)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct vehicle_more *more = &core->vehicles_more[slot];
	return core->settings.rebalance_ms && !more->n && !vehicle->n_aboard && !more->charging &&
	       more->clean_from == INSTANT_NONE && !cleaning_overdue(core, slot, core->now) &&
	       more->phase != PHASE_DRIVING && vehicle->anchor.road.arc != NONE && !vehicle_refuses(core, slot) &&
	       vehicle->battery_permille >= core->settings.battery_reserve_permille + CHARGED_PERMILLE;
}

static void idle_find(const struct core *core, struct idle *idle)
{
	idle->n = 0;
	for (uint32_t i = 0; i < core->n_vehicles && idle->n < FLOW_LEFT_MAX; i++) {
		uint32_t slot = core->vehicle_order[i];
		if (!rebalance_may_go(core, slot))
			continue;
		idle->zone[idle->n] = forecast_zone(core->forecast, core->town, core->vehicles[slot].anchor.point);
		idle->slot[idle->n++] = slot;
	}
}

/* Shares by the largest remainder; ties to the lower zone. */
static void rooms_of(const struct core *core, uint32_t n, uint32_t *room)
{
	const uint32_t n_zones = core->forecast->n_zones;
	uint64_t weights[FORECAST_ZONES_MAX], rest[FORECAST_ZONES_MAX], sum = 0;
	uint32_t given = 0;
	forecast_weights(core, core->now + AHEAD_MS, weights);
	for (uint32_t z = 0; z < n_zones; z++)
		sum += weights[z];
	for (uint32_t z = 0; z < n_zones; z++) {
		room[z] = sum ? (uint32_t)(n * weights[z] / sum) : 0;
		rest[z] = sum ? n * weights[z] % sum : 0;
		given += room[z];
	}
	for (; sum && given < n; given++) {
		uint32_t most = 0;
		for (uint32_t z = 1; z < n_zones; z++)
			if (rest[z] > rest[most])
				most = z;
		room[most]++;
		rest[most] = 0;
	}
}

static struct place middle_of(const struct core *core, uint32_t zone, uint32_t class_index)
{
	struct place place = stop_place(core, core->forecast->middle[zone]);
	place.road = core->town->stop_spot[(size_t)class_index * core->town->n_stops + place.stop];
	return place;
}

static void costs_fill(struct core *core, const struct idle *idle, int64_t *cost)
{
	const uint32_t n_zones = core->forecast->n_zones;
	for (uint32_t i = 0; i < idle->n; i++) {
		const struct core_vehicle *vehicle = &core->vehicles[idle->slot[i]];
		for (uint32_t z = 0; z < n_zones; z++) {
			struct place to = middle_of(core, z, vehicle->class_index);
			uint32_t ms =
				distance_between(core->distance, vehicle->class_index, &vehicle->anchor, &to).time_ms;
			int open = distance_is_open(core->distance, vehicle->class_index, to.road);
			int64_t way = z == idle->zone[i] ? 0 : ms == TIME_INFINITE || !open ? 2 * WORTH_MS : ms;
			cost[(size_t)i * n_zones + z] = way - WORTH_MS;
		}
	}
}

void rebalance_run(struct core *core)
{
	const uint32_t n_zones = core->forecast->n_zones;
	uint32_t room[FORECAST_ZONES_MAX], goes[FLOW_LEFT_MAX];
	int64_t cost[FLOW_LEFT_MAX * FORECAST_ZONES_MAX];
	struct idle idle;
	const instant_ms every_ms = later(core->settings.rebalance_ms, MINUTE_MS);
	core->rebalance_at = (core->now / every_ms + 1) * every_ms;
	core_touch(core, ITEM_HEAD, 0);
	idle_find(core, &idle);
	if (!idle.n || !n_zones)
		return;
	rooms_of(core, idle.n, room);
	costs_fill(core, &idle, cost);
	flow_assign(cost, idle.n, room, n_zones, goes);
	for (uint32_t i = 0; i < idle.n; i++) {
		if (goes[i] == FLOW_STAYS || goes[i] == idle.zone[i])
			continue;
		struct place place = middle_of(core, goes[i], core->vehicles[idle.slot[i]].class_index);
		if (!place_same(&place, &core->vehicles[idle.slot[i]].anchor))
			plan_put_park(core, idle.slot[i], &place);
	}
}
