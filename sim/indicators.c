#include "indicators.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is counted ---- */

struct group {
	const struct day *day;
	double asked, requests, rejections, offered, choices, not_taken, promised, cancelled, no_shows, lost, rides,
		persons, boarded;
	double kept, broken, rider_late, shared, prebooked, tied, to_trip, missed;
	double wait_s, named, wait_begin_s, in_vehicle_s, direct_s, walk_m, direct_m, person_direct_m;
	double late_s;
	double *waits; /* ascending, [boarded] */
	size_t n_waits;
	double vehicles, driven_m, empty_m, person_m, state_s[DAY_STATES];
	uint8_t is_all;
};

static void count_promise(struct group *g, const struct day_ride *ride)
{
	if (ride->promised_at == INSTANT_NONE)
		return;
	g->promised++;
	g->prebooked += ride->prebooked;
	g->kept += ride->outcome == DAY_KEPT;
	if (ride->outcome == DAY_BROKEN) {
		g->rider_late += ride->cause == CAUSE_RIDER_LATE;
		g->broken += ride->cause != CAUSE_RIDER_LATE && ride->cause != CAUSE_OPERATOR;
	}
}

static void count_done(struct group *g, const struct day_ride *ride)
{
	g->rides++;
	g->persons += ride->persons;
	g->shared += ride->shared;
	g->tied += ride->trip->tie_kind != TIE_NONE;
	g->in_vehicle_s += (double)(ride->alighted_at - ride->boarded_at) / 1000;
	g->direct_s += ride->direct_ms / 1000.0;
	g->walk_m += ride->walk_mm / 1000.0;
	g->direct_m += ride->direct_mm / 1000.0;
	g->person_direct_m += ride->persons * (ride->direct_mm / 1000.0);
	if (ride->trip->tie_kind == TIE_TO_TRIP && ride->trip_at != INSTANT_NONE) {
		g->to_trip++;
		g->missed += ride->alighted_at > ride->trip_at;
	}
}

static void count_ride(struct group *g, const struct day_ride *ride)
{
	g->asked++;
	g->requests += ride->state != 0;
	g->rejections += ride->state == RIDE_REFUSED;
	g->not_taken += ride->state == RIDE_EXPIRED;
	g->offered += ride->n_offers > 0;
	g->choices += ride->n_offers > 1;
	g->cancelled += ride->state == RIDE_CANCELLED;
	g->no_shows += ride->state == RIDE_NO_SHOW;
	g->lost += ride->state == RIDE_BROKEN;
	count_promise(g, ride);
	double wait_s = day_wait_s(ride);
	if (wait_s >= 0) {
		g->boarded++;
		g->wait_s += wait_s;
		if (ride->trip->tie_kind == TIE_NONE && ride->trip->time_kind != TIME_ARRIVE_BY) {
			g->named++;
			g->wait_begin_s += wait_s > ride->boarding_s ? wait_s - ride->boarding_s : 0;
		}
		g->waits[g->n_waits++] = wait_s;
		instant_ms late_ms = ride->at_stop_at != INSTANT_NONE ? ride->at_stop_at - ride->latest_pickup : 0;
		g->late_s += late_ms > 0 ? (double)late_ms / 1000 : 0;
	}
	if (ride->state == RIDE_DONE)
		count_done(g, ride);
}

static void count_fleet(struct group *g, const uint64_t *state_ms, uint64_t driven_mm, uint64_t empty_mm,
			uint64_t person_mm)
{
	for (int state = 0; state < DAY_STATES; state++)
		g->state_s[state] += (double)state_ms[state] / 1000;
	g->driven_m += (double)driven_mm / 1000;
	g->empty_m += (double)empty_mm / 1000;
	g->person_m += (double)person_mm / 1000;
}

/* The p-th percentile by nearest rank: the least value that p % of all do not exceed. */
static double percentile(const struct group *g, double p)
{
	size_t rank = (size_t)ceil(p / 100 * (double)g->n_waits);
	return g->n_waits ? g->waits[rank ? rank - 1 : 0] : NAN;
}

/* Vehicle hours in service: all but out of order and off duty. */
static double service_s(const struct group *g)
{
	double sum = 0;
	for (int state = 0; state < DAY_STATES; state++)
		sum += state == DAY_DOWN || state == DAY_OFF ? 0 : g->state_s[state];
	return sum;
}

static double all_s(const struct group *g)
{
	return service_s(g) + g->state_s[DAY_DOWN];
}

static double driving_s(const struct group *g)
{
	return g->state_s[DAY_EMPTY] + g->state_s[DAY_LOADED];
}

/* ---- the figures ---- */

#define RIDES INDICATOR_RIDES
#define FLEET INDICATOR_FLEET

const struct indicator indicators[] = {
#define F(name, numerator, denominator, unit, scope, decimals, known_as, en, de, define_en, define_de) \
	{#name, unit, known_as, scope, decimals, en, de, define_en, define_de},
#include "indicators.inc"
#undef F
};
const uint32_t n_indicators = COUNT_OF(indicators);
_Static_assert(COUNT_OF(indicators) <= INDICATORS_MAX, "raise INDICATORS_MAX");

static double ratio(double numerator, double denominator)
{
	return denominator > 0 ? numerator / denominator : NAN;
}

static void compute(const struct group *g, int with_fleet, double *values)
{
	double *value = values;
#define F(name, numerator, denominator, unit, scope, ...) \
	*value++ = (scope) == FLEET && !with_fleet ? NAN : ratio(numerator, denominator);
#include "indicators.inc"
#undef F
}

uint32_t indicator_find(const char *name)
{
	for (uint32_t i = 0; i < n_indicators; i++)
		if (!strcmp(indicators[i].name, name))
			return i;
	return NONE;
}

/* ---- groups ---- */

static int only_seats(const struct day *day, const struct demand_trip *trip)
{
	for (uint32_t need = 1; need < day->town->n_needs; need++)
		if (trip->need_count[need])
			return 0;
	return 1;
}

static int belongs(const struct day *day, const struct day_ride *ride, enum indicator_group group, uint32_t which)
{
	switch (group) {
	case GROUP_HOUR:
		return day_hour_of(day, ride->trip->ask_at) == which;
	case GROUP_NEED:
		return which == GROUP_NO_NEED ? only_seats(day, ride->trip) : ride->trip->need_count[which] > 0;
	default:
		return 1;
	}
}

static void count_vehicles(struct group *g, enum indicator_group group, uint32_t which)
{
	const struct day *day = g->day;
	g->vehicles = day->n_vehicles;
	for (uint32_t v = 0; group == GROUP_ALL && v < day->n_vehicles; v++) {
		const struct day_vehicle *vehicle = &day->vehicles[v];
		count_fleet(g, vehicle->state_ms, vehicle->driven_mm, vehicle->empty_mm, vehicle->person_mm);
	}
	for (uint32_t h = 0; group == GROUP_HOUR && h < DAY_HOURS_MAX; h++) {
		const struct day_hour *hour = &day->hours[h];
		if (day_hour_of(day, day->midnight + (instant_ms)h * HOUR_MS) == which)
			count_fleet(g, hour->state_ms, hour->driven_mm, hour->empty_mm, hour->person_mm);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int indicators_of(const struct day *day, enum indicator_group group, uint32_t which, double *values)
{
	struct group g = {.day = day, .is_all = group == GROUP_ALL};
	g.waits = calloc((size_t)day->n_rides + 1, sizeof *g.waits);
	if (!g.waits)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < day->n_rides; i++)
		if (belongs(day, &day->rides[i], group, which))
			count_ride(&g, &day->rides[i]);
	qsort(g.waits, g.n_waits, sizeof *g.waits, by_value);
	count_vehicles(&g, group, which);
	compute(&g, group != GROUP_NEED, values);
	free(g.waits);
	return ERR_OK;
}

void indicators_waits(const struct day *day, uint64_t *counts)
{
	for (uint32_t i = 0; i < day->n_rides; i++) {
		double wait_s = day_wait_s(&day->rides[i]);
		uint32_t bin = wait_s < 0 ? NONE : (uint32_t)(wait_s / 300);
		if (bin != NONE)
			counts[bin < INDICATOR_WAIT_BINS ? bin : INDICATOR_WAIT_BINS - 1]++;
	}
}
