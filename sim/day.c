#include "day.h"

#include <stdlib.h>

const char *day_state_name(enum day_state state)
{
	static const char *const names[DAY_STATES] = {"idle",	  "driving_empty", "driving_loaded", "at_stop",
						      "charging", "cleaning",	   "down",	     "off_duty"};
	return state < DAY_STATES ? names[state] : "";
}

static double boarding_s(const struct town *town, const struct demand_trip *trip)
{
	uint64_t ms = 0;
	for (uint32_t need = 0; need < town->n_needs; need++)
		ms += (uint64_t)trip->need_count[need] * town->need_boarding_ms[need];
	return (double)ms / 1000;
}

static void open_rides(struct day *day, const struct demand *demand)
{
	for (uint32_t i = 0; i < demand->n; i++)
		day->rides[i] = (struct day_ride){.trip = &demand->trips[i],
						  .asked_at = INSTANT_NONE,
						  .wished_at = INSTANT_NONE,
						  .promised_at = INSTANT_NONE,
						  .earliest_pickup = INSTANT_NONE,
						  .latest_pickup = INSTANT_NONE,
						  .latest_arrival = INSTANT_NONE,
						  .planned_pickup = INSTANT_NONE,
						  .at_stop_at = INSTANT_NONE,
						  .boarded_at = INSTANT_NONE,
						  .alighted_at = INSTANT_NONE,
						  .trip_at = INSTANT_NONE,
						  .pickup_stop = NONE,
						  .dropoff_stop = NONE,
						  .boarding_s = boarding_s(day->town, &demand->trips[i])};
}

int day_open(struct day **ret_day, const struct town *town, const struct demand *demand, uint32_t n_vehicles,
	     instant_ms from, instant_ms to)
{
	struct day *day = calloc(1, sizeof *day);
	uint32_t date;
	if (!day)
		return ERR_MEMORY;
	*day = (struct day){.town = town, .from = from, .to = to, .n_rides = demand->n, .n_vehicles = n_vehicles};
	day->midnight = town_service_day(town, from, &date);
	day->rides = calloc((size_t)demand->n + 1, sizeof *day->rides);
	day->vehicles = calloc((size_t)n_vehicles + 1, sizeof *day->vehicles);
	day->flows = calloc((size_t)town->road.n_arcs + 1, sizeof *day->flows);
	if (!day->rides || !day->vehicles || !day->flows) {
		day_close(day);
		return ERR_MEMORY;
	}
	open_rides(day, demand);
	for (uint32_t v = 0; v < n_vehicles; v++) {
		day->vehicles[v].since = from;
		day->vehicles[v].shift_from = INT64_MIN;
		day->vehicles[v].shift_to = INT64_MAX;
		day->vehicles[v].battery_permille = day->vehicles[v].battery_permille_least = 1000;
	}
	*ret_day = day;
	return ERR_OK;
}

void day_close(struct day *day)
{
	if (!day)
		return;
	free(day->rides);
	free(day->vehicles);
	free(day->flows);
	free(day);
}

/* ---- rides ---- */

/* MATSim DRT counts waiting from the submission or the wished departure; who names an arrival or a trip wishes no
 * other pickup than the promised one. */
static instant_ms wished_at(const struct core_ride *ride)
{
	const struct cmd_request *request = &ride->request;
	if (request->tie_kind != TIE_NONE || request->time_kind == TIME_ARRIVE_BY)
		return ride->earliest_pickup;
	return request->time_kind == TIME_LEAVE_AT && request->time > ride->asked_at ? request->time : ride->asked_at;
}

static void note_promise(struct day_ride *to, const struct core_ride *ride)
{
	const struct offer *offer = &ride->offers[ride->accepted];
	to->promised_at = ride->promised_at;
	to->earliest_pickup = ride->earliest_pickup;
	to->latest_pickup = ride->latest_pickup;
	to->latest_arrival = ride->latest_arrival;
	to->planned_pickup = offer->planned_pickup;
	to->walk_mm = offer->walk_from_mm + offer->walk_to_mm;
	to->direct_ms = offer->direct_ms;
	to->direct_mm = offer->dist_mm;
	to->pickup_stop = offer->pickup_stop;
	to->dropoff_stop = offer->dropoff_stop;
}

void day_note_ride(struct day *day, uint32_t index, const struct core_ride *ride)
{
	struct day_ride *to = &day->rides[index];
	to->ride = ride->ride;
	to->state = ride->state;
	to->refusal = ride->refusal;
	to->cause = ride->cause;
	to->asked_at = ride->asked_at;
	to->prebooked = ride->prebooked;
	if (ride->state == RIDE_OFFERED && !to->n_offers)
		to->n_offers = (uint8_t)ride->n_offers;
	to->persons = ride->party;
	to->n_reassigned = ride->n_reassigned;
	if (ride->promised_at != INSTANT_NONE && to->promised_at == INSTANT_NONE)
		note_promise(to, ride);
	if (ride->vehicle)
		to->vehicle = ride->vehicle;
	to->wished_at = wished_at(ride);
	to->at_stop_at = ride->at_stop_at;
	to->boarded_at = ride->boarded_at;
	to->alighted_at = ride->alighted_at;
}

void day_note_outcome(struct day *day, uint32_t index, int kept, uint8_t cause)
{
	day->rides[index].outcome = kept ? DAY_KEPT : DAY_BROKEN;
	if (!kept)
		day->rides[index].cause = cause;
}

void day_note_trip(struct day *day, uint32_t index, instant_ms at)
{
	day->rides[index].trip_at = at;
}

/* ---- vehicles and streets ---- */

static struct day_hour *hour_at(struct day *day, instant_ms at)
{
	int64_t hour = (at - day->midnight) / HOUR_MS;
	return &day->hours[hour < 0 ? 0 : hour < DAY_HOURS_MAX ? hour : DAY_HOURS_MAX - 1];
}

/* Where the time that begins at `since` is booked, and until when at most. */
static uint8_t booked_as(const struct day *day, const struct day_vehicle *vehicle, instant_ms *ret_end)
{
	instant_ms hour_end = day->midnight + ((vehicle->since - day->midnight) / HOUR_MS + 1) * HOUR_MS;
	int is_off = vehicle->since < vehicle->shift_from || vehicle->since >= vehicle->shift_to;
	instant_ms turn = vehicle->since < vehicle->shift_from ? vehicle->shift_from : vehicle->shift_to;
	*ret_end = turn > vehicle->since && turn < hour_end ? turn : hour_end;
	return is_off && (vehicle->state == DAY_IDLE || vehicle->state == DAY_CHARGING ||
			  vehicle->state == DAY_CLEANING)
		       ? DAY_OFF
		       : vehicle->state;
}

void day_note_state(struct day *day, uint32_t index, instant_ms now, enum day_state state, uint32_t persons)
{
	struct day_vehicle *vehicle = &day->vehicles[index];
	while (vehicle->since < now) {
		instant_ms end;
		uint8_t booked = booked_as(day, vehicle, &end);
		uint64_t part_ms = (uint64_t)((end < now ? end : now) - vehicle->since);
		vehicle->state_ms[booked] += part_ms;
		hour_at(day, vehicle->since)->state_ms[booked] += part_ms;
		vehicle->since += (instant_ms)part_ms;
	}
	vehicle->state = (uint8_t)state;
	vehicle->aboard = (uint8_t)(persons < UINT8_MAX ? persons : UINT8_MAX);
	if (persons > vehicle->most_aboard)
		vehicle->most_aboard = persons;
}

void day_note_shift(struct day *day, uint32_t vehicle, instant_ms from, instant_ms to)
{
	day->vehicles[vehicle].shift_from = from;
	day->vehicles[vehicle].shift_to = to;
}

void day_note_battery(struct day *day, uint32_t vehicle, uint16_t permille)
{
	day->vehicles[vehicle].battery_permille = permille;
	if (permille < day->vehicles[vehicle].battery_permille_least)
		day->vehicles[vehicle].battery_permille_least = permille;
}

void day_note_driven(struct day *day, uint32_t index, instant_ms now, uint32_t arc, uint32_t mm)
{
	struct day_vehicle *vehicle = &day->vehicles[index];
	struct day_hour *hour = hour_at(day, now);
	uint64_t empty_mm = vehicle->aboard ? 0 : mm, person_mm = (uint64_t)vehicle->aboard * mm;
	vehicle->driven_mm += mm;
	vehicle->empty_mm += empty_mm;
	vehicle->person_mm += person_mm;
	hour->driven_mm += mm;
	hour->empty_mm += empty_mm;
	hour->person_mm += person_mm;
	if (arc >= day->town->road.n_arcs)
		return;
	day->flows[arc].vehicle_mm += mm;
	day->flows[arc].person_mm += person_mm;
}

/* ---- the end ---- */

static int by_vehicle(const void *a, const void *b)
{
	const struct day_ride *x = *(const struct day_ride *const *)a, *y = *(const struct day_ride *const *)b;
	if (x->vehicle != y->vehicle)
		return x->vehicle < y->vehicle ? -1 : 1;
	if (x->boarded_at != y->boarded_at)
		return x->boarded_at < y->boarded_at ? -1 : 1;
	return (x > y) - (x < y);
}

/* Of one vehicle, in the order of boarding: two parties were aboard together when the later one boarded before the
 * earlier one had left. */
static void mark_shared(struct day_ride **rides, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1;
		     j < n && rides[j]->vehicle == rides[i]->vehicle && rides[j]->boarded_at < rides[i]->alighted_at;
		     j++)
			rides[i]->shared = rides[j]->shared = 1;
}

void day_end(struct day *day, instant_ms now)
{
	struct day_ride **carried = calloc((size_t)day->n_rides + 1, sizeof *carried);
	size_t n = 0;
	for (uint32_t v = 0; v < day->n_vehicles; v++)
		day_note_state(day, v, now, day->vehicles[v].state, day->vehicles[v].aboard);
	for (uint32_t i = 0; i < day->n_rides; i++) {
		struct day_ride *ride = &day->rides[i];
		if (ride->boarded_at == INSTANT_NONE || ride->alighted_at == INSTANT_NONE || !ride->vehicle ||
		    ride->vehicle > day->n_vehicles)
			continue;
		if (carried)
			carried[n++] = ride;
		day->vehicles[ride->vehicle - 1].rides++;
		day->vehicles[ride->vehicle - 1].persons += ride->persons;
	}
	if (carried && n) {
		qsort(carried, n, sizeof *carried, by_vehicle);
		mark_shared(carried, n);
	}
	free(carried);
}

uint32_t day_hour_of(const struct day *day, instant_ms at)
{
	int64_t hour = (at - day->midnight) / HOUR_MS;
	if (hour < 0)
		hour = 0;
	return (uint32_t)(day->to - day->from > DAY_MS ? hour % 24 : hour < DAY_HOURS_MAX ? hour : DAY_HOURS_MAX - 1);
}

double day_wait_s(const struct day_ride *ride)
{
	if (ride->boarded_at == INSTANT_NONE || ride->wished_at == INSTANT_NONE)
		return -1;
	return ride->boarded_at > ride->wished_at ? (double)(ride->boarded_at - ride->wished_at) / 1000 : 0;
}
