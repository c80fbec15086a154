#include "project.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "journal.h"

void project_free(struct project_rows *projection)
{
	free(projection->rides);
	free(projection->vehicles);
	free(projection->touched_rides);
	free(projection->touched_vehicles);
	free(projection->outcomes);
	*projection = (struct project_rows){0};
}

/* ---- what was touched ---- */

static int touch_ride(struct project_rows *projection, uint64_t ride)
{
	if (!ride)
		return ERR_OK;
	return array_push(projection->touched_rides, projection->n_touched_rides, projection->cap_touched_rides, ride);
}

static int touch_vehicle(struct project_rows *projection, uint32_t vehicle)
{
	if (!vehicle)
		return ERR_OK;
	return array_push(projection->touched_vehicles, projection->n_touched_vehicles,
			  projection->cap_touched_vehicles, vehicle);
}

static int touch_plan(struct project_rows *projection, const struct upd_plan *plan)
{
	int code = touch_vehicle(projection, plan->vehicle);
	for (uint32_t i = 0; i < plan->n_tasks && !code; i++)
		code = touch_ride(projection, plan->tasks[i].ride);
	return code;
}

static int note_one(struct project_rows *projection, const struct update *update)
{
	switch (update->kind) {
	case UPD_RIDE: {
		int code = touch_ride(projection, update->ride.ride);
		return code ? code : touch_vehicle(projection, update->ride.vehicle);
	}
	case UPD_PLAN:
		return touch_plan(projection, &update->plan);
	case UPD_ACK: /* something happened to the vehicle: it is where that happened */
		return touch_vehicle(projection, update->ack.vehicle);
	case UPD_VEHICLE:
		return touch_vehicle(projection, update->vehicle.vehicle);
	case UPD_OUTCOME:
		if (array_push(projection->outcomes, projection->n_outcomes, projection->cap_outcomes, update->outcome))
			return ERR_MEMORY;
		return touch_ride(projection, update->outcome.ride);
	default:
		return ERR_OK;
	}
}

int project_note(struct project_rows *projection, const struct update *updates, uint32_t n)
{
	int code = ERR_OK;
	for (uint32_t i = 0; i < n && !code; i++)
		code = note_one(projection, &updates[i]);
	return code;
}

/* Notes everything the core knows: after a snapshot was restored. */
static int project_note_all(struct project_rows *projection, const struct core *core)
{
	int code = ERR_OK;
	for (uint32_t i = 0; i < core_n_rides(core) && !code; i++)
		code = touch_ride(projection, core_ride_at(core, i)->ride);
	for (uint32_t i = 0; i < core_n_vehicles(core) && !code; i++)
		code = touch_vehicle(projection, core_vehicle_at(core, i)->number);
	return code;
}

/* ---- rows ---- */

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static size_t sort_unique(uint64_t *items, size_t n)
{
	size_t kept = 0;
	if (n)
		qsort(items, n, sizeof *items, compare);
	for (size_t i = 0; i < n; i++)
		if (!kept || items[kept - 1] != items[i])
			items[kept++] = items[i];
	return kept;
}

/* On the road, where the vehicle stands: not the door, whose place belongs to the rider. */
static int place_of(const struct core *core, const struct place *place, struct geo_point *ret_point)
{
	const struct network *road = &core_town(core)->road;
	if (place->road.arc >= road->n_arcs)
		return 0;
	*ret_point = network_spot_point(road, place->road);
	return 1;
}

static void outcome_of(const struct project_rows *projection, struct project_ride *row)
{
	row->kept = -1;
	for (size_t i = projection->n_outcomes; i-- > 0;)
		if (projection->outcomes[i].ride == row->ride) {
			row->kept = (int8_t)projection->outcomes[i].kept;
			row->pickup_late_ms = projection->outcomes[i].pickup_late_ms;
			row->arrival_late_ms = projection->outcomes[i].arrival_late_ms;
			return;
		}
}

static int fill_ride(struct project_rows *projection, const struct core *core, uint64_t number)
{
	const struct core_ride *ride = core_ride(core, number);
	if (!ride) /* forgotten already: its last row says how it ended */
		return ERR_OK;
	int promised = ride->promised_at != INSTANT_NONE;
	struct project_ride row = {
		.ride = number,
		.vehicle = ride->vehicle,
		.state = core_ride_state_name(ride->state),
		.refusal = ride->refusal ? core_refusal_name(ride->refusal) : "",
		.cause = ride->cause ? core_cause_name(ride->cause) : "",
		.party = ride->party,
		.prebooked = ride->prebooked,
		.n_reassigned = ride->n_reassigned,
		.asked_at = ride->asked_at,
		.promised_at = ride->promised_at,
		.closed_at = ride->closed_at,
		.earliest_pickup = promised ? ride->earliest_pickup : INSTANT_NONE,
		.latest_pickup = promised ? ride->latest_pickup : INSTANT_NONE,
		.latest_arrival = promised ? ride->latest_arrival : INSTANT_NONE,
		.planned_pickup = promised ? ride->planned_pickup : INSTANT_NONE,
		.planned_dropoff = promised ? ride->planned_dropoff : INSTANT_NONE,
		.at_stop_at = ride->at_stop_at,
		.boarded_at = ride->boarded_at,
		.alighted_at = ride->alighted_at,
		.pickup_stop = NONE,
		.dropoff_stop = NONE,
	};
	row.has_places =
		promised && place_of(core, &ride->pickup, &row.pickup) && place_of(core, &ride->dropoff, &row.dropoff);
	if (promised && ride->accepted < CORE_OFFERS_MAX) {
		row.pickup_stop = ride->offers[ride->accepted].pickup_stop;
		row.dropoff_stop = ride->offers[ride->accepted].dropoff_stop;
	}
	outcome_of(projection, &row);
	return array_push(projection->rides, projection->n_rides, projection->cap_rides, row);
}

static int fill_vehicle(struct project_rows *projection, const struct core *core, uint32_t number)
{
	const struct core_vehicle *vehicle = core_vehicle(core, number);
	const struct town *town = core_town(core);
	if (!vehicle)
		return ERR_OK;
	struct project_vehicle row = {
		.number = number,
		.class_name = vehicle->class_index < town->n_classes
				      ? town_text(town, town->class_name[vehicle->class_index])
				      : "",
		.service = core_service_name(vehicle->service),
		.mode = vehicle->mode,
		.link_up = vehicle->link_up,
		.standstill = vehicle->standstill,
		.n_aboard = (uint8_t)vehicle->n_aboard,
		.battery_permille = vehicle->battery_permille,
		.plan_epoch = vehicle->plan_epoch,
		.plan_version = vehicle->plan_version,
		.n_tasks = vehicle->n_tasks,
		.anchor_at = vehicle->anchor_at,
		.last_contact = vehicle->last_contact,
	};
	memcpy(row.name, vehicle->name, sizeof row.name);
	memcpy(row.supervisor, vehicle->supervisor, sizeof row.supervisor);
	row.has_place = (uint8_t)place_of(core, &vehicle->anchor, &row.place);
	return array_push(projection->vehicles, projection->n_vehicles, projection->cap_vehicles, row);
}

int project_fill(struct project_rows *projection, const struct core *core)
{
	int code = ERR_OK;
	projection->town = core_town(core);
	projection->sequence = 0;
	projection->n_rides = projection->n_vehicles = 0;
	projection->n_touched_rides = sort_unique(projection->touched_rides, projection->n_touched_rides);
	projection->n_touched_vehicles = sort_unique(projection->touched_vehicles, projection->n_touched_vehicles);
	for (size_t i = 0; i < projection->n_touched_rides && !code; i++)
		code = fill_ride(projection, core, projection->touched_rides[i]);
	for (size_t i = 0; i < projection->n_touched_vehicles && !code; i++)
		code = fill_vehicle(projection, core, (uint32_t)projection->touched_vehicles[i]);
	projection->n_touched_rides = projection->n_touched_vehicles = projection->n_outcomes = 0;
	return code;
}

/* ---- rebuilding ---- */

struct rebuild {
	struct project_rows projection;
	struct store *into;
};

static int rebuild_stepped(void *self, const struct update *updates, uint32_t n)
{
	return project_note(&((struct rebuild *)self)->projection, updates, n);
}

static int rebuild_restored(void *self, const struct core *core)
{
	return project_note_all(&((struct rebuild *)self)->projection, core);
}

static int rebuild_committed(void *self, const struct core *core, uint64_t sequence, struct err_detail *detail)
{
	struct rebuild *rebuild = self;
	if (project_fill(&rebuild->projection, core))
		return err_set(detail, ERR_MEMORY, "projection: out of memory");
	rebuild->projection.sequence = sequence;
	return store_project(rebuild->into, &rebuild->projection, detail);
}

int project_rebuild(struct store *store, struct core *core, journal_town_source give, void *self,
		    struct verify_report *ret_report, struct err_detail *detail)
{
	struct rebuild rebuild = {.into = store};
	const struct journal_watch watch = {.self = &rebuild,
					    .restored = rebuild_restored,
					    .stepped = rebuild_stepped,
					    .committed = rebuild_committed};
	int code = store_project_reset(store, detail);
	if (!code)
		code = journal_verify_watched(store, core, give, self, &watch, ret_report, detail);
	if (!code)
		code = store_project(store, NULL, detail);
	project_free(&rebuild.projection);
	return code;
}
