/* A new town file takes effect: every place is set anew by its raw degrees, every leg measured anew. Promises that the
 * new streets make impossible are moved, or broken with CAUSE_SLOWER_STREETS. Rides tied to a train follow its new
 * time; whose train is gone or no longer reached is on a person's list. */
#include "state.h"

int core_set_town(struct core *core, const struct town *town,
		  struct place (*place_on)(void *self, struct geo_point point), void *self)
{
	if (!town->n_classes || town->n_classes > NETWORK_CLASSES_MAX)
		return ERR_RANGE;
	if (!core_town_fits(core, town))
		return ERR_FULL;
	core->next_town = town;
	core->place_on = place_on;
	core->place_on_self = self;
	return ERR_OK;
}

static void anchor_again(struct core *core, const struct town *old, struct place *place, uint32_t class_index)
{
	if (place->road.arc == NONE && place->walk.arc == NONE && place->stop == NONE)
		return;
	uint32_t stop = place->stop;
	struct geo_point point = place->point;
	*place = core->place_on(core->place_on_self, point);
	place->point = point;
	if (stop == NONE || stop >= old->n_stops)
		return;
	const struct town *town = core->town;
	for (uint32_t s = 0; s < town->n_stops; s++) { /* the same stop, wherever it stands in the list now */
		if (town->stop_point[s].lat_e7 != old->stop_point[stop].lat_e7 ||
		    town->stop_point[s].lon_e7 != old->stop_point[stop].lon_e7)
			continue;
		place->stop = s;
		place->walk = town->stop_walk[s];
		if (town->stop_spot[(size_t)class_index * town->n_stops + s].arc != NONE)
			place->road = town->stop_spot[(size_t)class_index * town->n_stops + s];
		return;
	}
	place->stop = NONE;
}

static void swap_ride(struct core *core, const struct town *old, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	const struct ride_more *more = &core->rides_more[slot];
	uint32_t class_index = more->vehicle == NONE ? 0 : core->vehicles[more->vehicle].class_index;
	core_touch_ride(core, slot);
	core->rides_more[slot].n_refused = 0; /* it was for the old streets */
	memset(core->rides_more[slot].refused_by, 0, sizeof core->rides_more[slot].refused_by);
	anchor_again(core, old, &ride->request.from, class_index);
	anchor_again(core, old, &ride->request.to, class_index);
	if (ride->promised_at == INSTANT_NONE)
		return;
	anchor_again(core, old, &ride->pickup, class_index);
	anchor_again(core, old, &ride->dropoff, class_index);
}

static void swap_vehicle(struct core *core, const struct town *old, uint32_t slot)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	core_touch_vehicle(core, slot);
	struct place from = vehicle->anchor, start;
	anchor_again(core, old, &from, vehicle->class_index);
	anchor_again(core, old, &vehicle->depot, vehicle->class_index);
	for (uint32_t k = 0; k < more->n; k++) {
		struct core_task *task = &core_tasks(core, slot)[k];
		uint32_t ride = core_tasks_more(core, slot)[k].ride;
		if (ride == NONE)
			task->place = vehicle->depot;
		else
			task->place = task->kind == WIRE_PICKUP ? core->rides[ride].pickup : core->rides[ride].dropoff;
	}
	vehicle->anchor = from;
	start = from;
	if (more->phase == PHASE_DRIVING) {
		anchor_again(core, old, &more->leg_to, vehicle->class_index);
		plan_leg(core, slot, &start, vehicle->anchor_at);
	}
	plan_relink(core, slot);
	plan_retime(core, slot);
	vehicle_deviated(core, slot, CAUSE_SLOWER_STREETS);
	plan_changed(core, slot);
}

int swap_town(struct core *core, const struct cmd_town_swap *swap)
{
	const struct town *old = core->town, *town = core->next_town;
	if (memcmp(swap->town_hash, old->hash, TOWN_HASH_BYTES) == 0)
		return ERR_OK;
	if (!town || !core->place_on || memcmp(swap->town_hash, town->hash, TOWN_HASH_BYTES) != 0)
		return ERR_NOT_FOUND;
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		if (core->vehicles[i].class_index >= town->n_classes)
			return ERR_CONFLICT;
	ride_end_offers(core); /* they are of the old streets */
	if (core_town_open(core, town))
		return ERR_MEMORY;
	closure_forget(core);
	hours_set(core, core->now);
	closure_timer(core);
	forecast_forget(core);
	for (uint32_t i = 0; i < core->n_rides; i++)
		swap_ride(core, old, core->ride_order[i]);
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		swap_vehicle(core, old, core->vehicle_order[i]);
	connection_review_all(core); /* their trains may run at other times now, or not at all */
	core->next_town = NULL;
	return ERR_OK;
}
