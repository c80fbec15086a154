/* Where riders are expected: zones around virtual stops; what was asked in each, by weekday and hour, fading from week
 * to week; before anything is known, what the timetable and the addresses let expect. */
#include "arena.h"
#include "state.h"

#define ZONE_MM 700000	   /* a stop this near to a zone's middle belongs to it */
#define LEARNED_ONE 16	   /* one request, so that fading keeps parts */
#define PRIOR_HOUR_ONES 10 /* the prior counts like so many requests of the whole town in each hour */
#define SHARE_ONE 1000000u

int forecast_open(struct forecast **ret_forecast, const struct town *town, struct arena *arena)
{
	struct forecast *f = arena_take(arena, 1, sizeof *f);
	if (!f)
		return ERR_MEMORY;
	f->zone_of = arena_take(arena, town->n_stops + 1, sizeof *f->zone_of);
	if (!f->zone_of)
		return ERR_MEMORY;
	*ret_forecast = f;
	return ERR_OK;
}

size_t forecast_size(const struct town *town)
{
	return sizeof(struct forecast) + (town->n_stops + 1) * sizeof(uint32_t) + 128;
}

uint32_t forecast_zone(const struct forecast *f, const struct town *town, struct geo_point point)
{
	uint32_t best = NONE;
	uint64_t best_mm = UINT64_MAX;
	for (uint32_t z = 0; z < f->n_zones; z++) {
		uint64_t mm = geo_rough_mm(point, town->stop_point[f->middle[z]]);
		if (mm < best_mm) {
			best_mm = mm;
			best = z;
		}
	}
	return best;
}

static void zones_make(struct forecast *f, const struct town *town)
{
	f->n_zones = 0;
	for (uint32_t s = 0; s < town->n_stops; s++) {
		uint32_t zone = forecast_zone(f, town, town->stop_point[s]);
		int near =
			zone != NONE && geo_rough_mm(town->stop_point[s], town->stop_point[f->middle[zone]]) <= ZONE_MM;
		if (!near && f->n_zones < FORECAST_ZONES_MAX && town->stop_spot[s].arc != NONE) {
			zone = f->n_zones++;
			f->middle[zone] = s;
		}
		f->zone_of[s] = zone;
	}
}

/* Half by houses, half by the trains and buses that call in that hour, whatever the day. */
static void prior_make(struct forecast *f, const struct town *town)
{
	uint64_t houses[FORECAST_ZONES_MAX] = {0}, calls[24][FORECAST_ZONES_MAX] = {{0}}, n_houses = 0;
	for (uint32_t a = 0; a < town->n_addresses; a++) {
		uint32_t zone = forecast_zone(f, town, town->address_point[a]);
		if (town->address_kind[a] != ADDRESS_HOUSE || zone == NONE)
			continue;
		houses[zone]++;
		n_houses++;
	}
	const struct timetable *t = &town->timetable;
	for (uint32_t s = 0; s < town->n_stops; s++) {
		uint32_t stop = town->stop_transit[s];
		if (stop == NONE || f->zone_of[s] == NONE)
			continue;
		for (uint32_t e = t->stop_first[stop]; e < t->stop_first[stop + 1]; e++)
			calls[(uint32_t)(t->time_departure_s[t->stop_event[e]] / 3600) % 24][f->zone_of[s]]++;
	}
	for (uint32_t h = 0; h < 24; h++) {
		uint64_t n_calls = 0;
		for (uint32_t z = 0; z < f->n_zones; z++)
			n_calls += calls[h][z];
		for (uint32_t z = 0; z < f->n_zones; z++)
			f->prior[h][z] =
				(uint32_t)((n_houses ? SHARE_ONE / 2 * houses[z] / n_houses : SHARE_ONE / f->n_zones) +
					   (n_calls ? SHARE_ONE / 2 * calls[h][z] / n_calls : 0));
	}
}

void forecast_fill(struct forecast *f, const struct town *town)
{
	zones_make(f, town);
	prior_make(f, town);
}

/* Which of the hours of a week, by the service day's clock. */
static uint32_t hour_of(const struct core *core, instant_ms at, uint32_t *ret_day)
{
	instant_ms midnight = town_service_day(core->town, at, ret_day);
	uint32_t weekday = (uint32_t)(((midnight + DAY_MS / 2) / DAY_MS) % 7);
	return weekday * 24 + (uint32_t)((at - midnight) / HOUR_MS) % 24;
}

void forecast_learn(struct core *core, struct geo_point from, instant_ms at)
{
	uint32_t day, zone = forecast_zone(core->forecast, core->town, from);
	if (zone == NONE || !core->settings.rebalance_ms)
		return;
	uint32_t index = hour_of(core, at, &day);
	struct demand_hour *hour = &core->demand[index];
	core_touch(core, ITEM_DEMAND, index);
	for (uint32_t z = 0; z < FORECAST_ZONES_MAX && hour->yyyymmdd != day; z++)
		hour->count[z] -= hour->count[z] / 4; /* another week */
	hour->yyyymmdd = day;
	if (hour->count[zone] <= UINT16_MAX - LEARNED_ONE)
		hour->count[zone] += LEARNED_ONE;
}

void forecast_forget(struct core *core)
{
	for (uint32_t i = 0; i < DEMAND_HOURS; i++) {
		memset(&core->demand[i], 0, sizeof core->demand[i]);
		core_touch(core, ITEM_DEMAND, i);
	}
}

void forecast_weights(const struct core *core, instant_ms at, uint64_t *ret_weights)
{
	uint32_t day, index = hour_of(core, at, &day);
	for (uint32_t z = 0; z < core->forecast->n_zones; z++)
		ret_weights[z] = (uint64_t)core->forecast->prior[index % 24][z] * PRIOR_HOUR_ONES * LEARNED_ONE +
				 (uint64_t)core->demand[index].count[z] * SHARE_ONE;
}
