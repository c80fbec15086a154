/* The books of cleaning: how long each vehicle has been in service since it was cleaned. */
#include <inttypes.h>

#include "checker_inner.h"

#define FAR_AHEAD_MS HOUR_MS /* and as long as a cleaning takes: who is fetched so much later may be promised */
#define INEXACT_MS 1000

static instant_ms counted_from(const struct fleet_book *vehicle)
{
	return vehicle->used_at > vehicle->shift_from ? vehicle->used_at : vehicle->shift_from;
}

static void count(struct fleet_book *vehicle, instant_ms at)
{
	if (vehicle->service != SERVICE_OUT && at > counted_from(vehicle))
		vehicle->used_ms += at - counted_from(vehicle);
	vehicle->used_at = at;
}

static instant_ms due_at(const struct checker *checker, const struct fleet_book *vehicle)
{
	if (!checker->settings.clean_every_ms || !vehicle->cleans || vehicle->service == SERVICE_OUT)
		return INT64_MAX;
	return counted_from(vehicle) + checker->settings.clean_every_ms - vehicle->used_ms;
}

void checker_clean_shift(struct fleet_book *vehicle, instant_ms from, instant_ms at)
{
	count(vehicle, at);
	vehicle->shift_from = from;
}

void checker_clean_service(struct fleet_book *vehicle, uint8_t service, instant_ms at)
{
	if (service != vehicle->service)
		count(vehicle, at);
	vehicle->service = service;
}

void checker_clean_event(struct checker *checker, uint32_t number, uint8_t kind, instant_ms at)
{
	struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (kind == WIRE_CLEAN_BEGAN) {
		vehicle->clean_from = at;
	} else if (kind == WIRE_CLEAN_ENDED) {
		if (vehicle->clean_from && at - vehicle->clean_from >= checker->settings.clean_ms - INEXACT_MS) {
			vehicle->used_ms = 0;
			vehicle->used_at = at;
		}
		vehicle->clean_from = 0;
	}
	if (vehicle->clean_from && vehicle->n_aboard)
		checker_found(checker, "vehicle %u is cleaned with riders aboard", number);
}

void checker_clean_promise(struct checker *checker, const struct book *ride, uint32_t number, instant_ms at)
{
	const struct fleet_book *vehicle = checker_vehicle(checker, number);
	if (!vehicle || vehicle->first_kind == WIRE_CLEAN ||
	    ride->earliest_pickup >= at + FAR_AHEAD_MS + checker->settings.clean_ms)
		return;
	instant_ms due = due_at(checker, vehicle);
	if (due < at - INEXACT_MS)
		checker_found(checker, "ride %016" PRIx64 " was promised vehicle %u, to be cleaned for %" PRId64 " s",
			      ride->ride, number, (at - due) / SECOND_MS);
}

/* With nobody and nothing that keeps it from going. */
static int could_go(const struct checker *checker, const struct fleet_book *vehicle)
{
	for (uint32_t kind = 0; kind < OUTSIDE_LASTING; kind++)
		if (vehicle->lasting[kind])
			return 0;
	return vehicle->known && vehicle->service == SERVICE_IN && vehicle->link_up && !vehicle->n_aboard &&
	       !vehicle->n_plan && vehicle->first_kind != WIRE_CLEAN && vehicle->first_kind != WIRE_CHARGE &&
	       !vehicle->clean_from && !checker->n_closures && !checker->conditions && !checker->settings.clean_slots &&
	       !checker->fleet[0].lasting[OUTSIDE_STOP];
}

void checker_clean_step(struct checker *checker, instant_ms at)
{
	if (!checker->settings.clean_every_ms)
		return;
	for (uint32_t number = 1; number < checker->n_fleet; number++) {
		struct fleet_book *vehicle = &checker->fleet[number];
		instant_ms due = due_at(checker, vehicle);
		if (due > at || !could_go(checker, vehicle))
			vehicle->waits_since = 0;
		else if (!vehicle->waits_since)
			vehicle->waits_since = at;
		else if (at - vehicle->waits_since > CHECKER_CLEAN_MS)
			checker_found(checker, "vehicle %u is to be cleaned for %" PRId64 " s and does not go", number,
				      (at - due) / SECOND_MS);
	}
}
