/* The numbers of a promise, in one place (core.h says what they mean). */
#include "state.h"

/* No longer than a vehicle may have to wait for a rider who does not come, plus room for later insertions to move the
 * pickup. */
uint32_t promise_window_ms(const struct core *core)
{
	uint32_t window_ms = core->town->rules.no_show_wait_ms + core->settings.reserve_ms / 2;
	return window_ms < core->town->rules.pickup_window_ms ? window_ms : core->town->rules.pickup_window_ms;
}

/* The window starts this much after the vehicle could be there: answers, plans and doors take their time. */
uint32_t promise_lead_ms(const struct core *core)
{
	return core->settings.reserve_ms / 2;
}

/* What a plan keeps in hand even when riders do not come. */
uint32_t promise_margin_ms(const struct core *core)
{
	return core->settings.reserve_ms / 4;
}

uint32_t promise_extra_ms(const struct core *core, uint32_t direct_ms)
{
	uint64_t share = (uint64_t)direct_ms * core->town->rules.arrival_extra_permille / 1000;
	return share < core->town->rules.arrival_extra_ms ? (uint32_t)share : core->town->rules.arrival_extra_ms;
}

uint32_t promise_ride_max_ms(const struct core *core, uint32_t direct_ms)
{
	uint64_t most = (uint64_t)direct_ms * core->town->rules.ride_time_permille / 1000 +
			core->town->rules.ride_time_extra_ms;
	return most < (uint64_t)DAY_MS ? (uint32_t)most : (uint32_t)DAY_MS;
}

/* Is `at` within the service hours? ret_until: when they end; ret_next: when they next begin. */
int promise_in_hours(const struct core *core, instant_ms at, instant_ms *ret_until, instant_ms *ret_next)
{
	const struct town_rules *rules = &core->town->rules;
	if (rules->service_from_s == 0 && rules->service_to_s == 0) {
		*ret_until = INT64_MAX;
		*ret_next = at;
		return 1;
	}
	uint32_t day;
	instant_ms midnight = town_service_day(core->town, at, &day);
	instant_ms from = midnight + rules->service_from_s * SECOND_MS, to = midnight + rules->service_to_s * SECOND_MS;
	*ret_until = to;
	instant_ms tomorrow = town_service_day(core->town, midnight + 36 * HOUR_MS,
					       &day); /* a night of 23 to 25 hours lies between */
	*ret_next = at < from ? from : tomorrow + rules->service_from_s * SECOND_MS;
	return at >= from && at < to;
}
