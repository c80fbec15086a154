/* Read-only views of the state. */
#include "state.h"

instant_ms core_now(const struct core *core)
{
	return core->now;
}
uint32_t core_epoch(const struct core *core)
{
	return core->epoch;
}
const struct town *core_town(const struct core *core)
{
	return core->town;
}
const struct core_settings *core_settings(const struct core *core)
{
	return &core->settings;
}
const struct core_figures *core_figures(const struct core *core)
{
	return &core->figures;
}
uint32_t core_n_vehicles(const struct core *core)
{
	return core->n_vehicles;
}
const struct core_vehicle *core_vehicle_at(const struct core *core, uint32_t index)
{
	return index < core->n_vehicles ? &core->vehicles[core->vehicle_order[index]] : NULL;
}
const struct core_vehicle *core_vehicle(const struct core *core, uint32_t number)
{
	uint32_t slot = core_slot(core, number);
	return slot == NONE ? NULL : &core->vehicles[slot];
}
const struct core_task *core_plan(const struct core *core, uint32_t number, uint32_t *ret_n)
{
	uint32_t slot = core_slot(core, number);
	*ret_n = slot == NONE ? 0 : core->vehicles[slot].n_tasks;
	return slot == NONE ? NULL : core->views + (size_t)slot * core->settings.plan_tasks_max;
}
uint32_t core_n_rides(const struct core *core)
{
	return core->n_rides;
}
const struct core_ride *core_ride_at(const struct core *core, uint32_t index)
{
	return index < core->n_rides ? &core->rides[core->ride_order[index]] : NULL;
}
const struct core_ride *core_ride(const struct core *core, uint64_t ride)
{
	uint32_t slot = core_ride_slot(core, ride);
	return slot == NONE ? NULL : &core->rides[slot];
}
uint32_t core_n_cases(const struct core *core)
{
	return core->n_cases;
}
const struct core_case *core_case_at(const struct core *core, uint32_t index)
{
	return index < core->n_cases ? &core->cases[index] : NULL;
}
uint32_t core_n_notices(const struct core *core)
{
	return core->n_notices;
}
const struct core_notice *core_notice_at(const struct core *core, uint32_t index)
{
	return index < core->n_notices ? &core->notices[index] : NULL;
}
uint32_t core_n_supervisors(const struct core *core)
{
	return core->n_supervisors;
}
const struct core_supervisor *core_supervisor_at(const struct core *core, uint32_t index)
{
	return index < core->n_supervisors ? &core->supervisors[index] : NULL;
}
uint64_t core_approval(const struct core *core, uint32_t number)
{
	uint32_t slot = core_slot(core, number);
	return slot == NONE ? 0 : core->vehicles_more[slot].approval_request;
}
instant_ms core_clean_due(const struct core *core, uint32_t number)
{
	uint32_t slot = core_slot(core, number);
	return slot == NONE ? INT64_MAX : cleaning_due_at(core, slot);
}
int core_bookings_paused(const struct core *core)
{
	return core->paused;
}
uint32_t core_n_delays(const struct core *core)
{
	return core->n_delays;
}
int core_delay_at(const struct core *core, uint32_t index, struct cmd_trip_delay *ret_delay)
{
	if (index >= core->n_delays)
		return ERR_RANGE;
	const struct trip_delay *delay = &core->delays[index];
	*ret_delay =
		(struct cmd_trip_delay){delay->trip, delay->arrival_late_s, delay->departure_late_s, delay->cancelled};
	return ERR_OK;
}
uint32_t core_delays_room(const struct core *core)
{
	uint32_t room = core->settings.delays_max - core->n_delays;
	for (uint32_t i = 0; i < core->n_delays; i++)
		room += core->delays[i].over_at < core->now;
	return room;
}
int core_connection(const struct core *core, const struct trip_key *key, instant_ms *ret_arrival,
		    instant_ms *ret_departure)
{
	return connection_times(core, key, ret_arrival, ret_departure);
}
