/* Views on an open town: pure, no file, no clock. */
#include "town.h"

#include <string.h>

#define DAY_TURN_MS (4 * HOUR_MS) /* service days turn at 04:00 */

const char *town_text(const struct town *town, uint32_t string)
{
	return string < town->n_strings ? town->string_bytes + town->string_first[string] : "";
}

uint32_t town_class(const struct town *town, const char *name)
{
	for (uint32_t i = 0; i < town->n_classes; i++)
		if (strcmp(town_text(town, town->class_name[i]), name) == 0)
			return i;
	return NONE;
}

uint32_t town_need(const struct town *town, const char *name)
{
	for (uint32_t i = 0; i < town->n_needs; i++)
		if (strcmp(town_text(town, town->need_name[i]), name) == 0)
			return i;
	return NONE;
}

int town_in_area(const struct town *town, struct geo_point point)
{
	for (uint32_t ring = 0; ring < town->n_area_rings; ring++) {
		uint32_t first = town->area_first[ring];
		if (geo_inside(point, town->area_point + first, town->area_first[ring + 1] - first))
			return 1;
	}
	return town->n_area_rings == 0;
}

/* Calendar of the Gregorian rule: days since 1970-01-01 -> yyyymmdd. Years are counted from March, so that the leap day
 * is the last day of a year, and in eras of 400 years of 146,097 days. */
static uint32_t calendar_day(int64_t days)
{
	int64_t since = days + 719468; /* 0000-03-01 */
	int64_t era = (since >= 0 ? since : since - 146096) / 146097, of_era = since - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t march_month = (5 * of_year + 2) / 153, day = of_year - (153 * march_month + 2) / 5 + 1;
	int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
	int64_t year = year_of_era + era * 400 + (month <= 2);
	return (uint32_t)(year * 10000 + month * 100 + day);
}

static int64_t days_of_calendar(uint32_t yyyymmdd)
{
	int64_t year = yyyymmdd / 10000, month = yyyymmdd / 100 % 100, day = yyyymmdd % 100;
	year -= month <= 2;
	int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719468;
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

/* Beyond the table (or without one: UTC) days are 24 h long, counted from its nearest day. */
static instant_ms counted_day(instant_ms at, instant_ms known, uint32_t known_yyyymmdd, uint32_t *ret_yyyymmdd)
{
	int64_t days = floor_div(at - DAY_TURN_MS - known, DAY_MS);
	*ret_yyyymmdd = calendar_day(days_of_calendar(known_yyyymmdd) + days);
	return known + days * DAY_MS;
}

instant_ms town_service_day(const struct town *town, instant_ms at, uint32_t *ret_yyyymmdd)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t low = 0, high = timetable->n_days, ignored;
	uint32_t *yyyymmdd = ret_yyyymmdd ? ret_yyyymmdd : &ignored;
	if (!high)
		return counted_day(at, 0, 19700101, yyyymmdd);
	while (low < high) { /* the first day that begins after `at` */
		uint32_t middle = low + (high - low) / 2;
		if (timetable->day_start[middle] + DAY_TURN_MS <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || low == timetable->n_days) {
		uint32_t known = low ? low - 1 : 0;
		return counted_day(at, timetable->day_start[known], timetable->day_yyyymmdd[known], yyyymmdd);
	}
	*yyyymmdd = timetable->day_yyyymmdd[low - 1];
	return timetable->day_start[low - 1];
}

/* --- profiles of the day ------------------------------------------------------------------------------------------ */

#define LOOK_DAYS 8 /* every weekday comes once */

static uint32_t profiles_of(const struct town *town, uint32_t yyyymmdd, int64_t second)
{
	uint32_t profiles = 0, weekday = (uint32_t)((days_of_calendar(yyyymmdd) % 7 + 10) % 7); /* day 0: a Thursday */
	for (uint32_t i = 0; i < town->n_profiles; i++)
		if (town->profile_days[i] >> weekday & 1 && second >= town->profile_from_s[i] &&
		    second < town->profile_to_s[i])
			profiles |= 1u << i;
	return profiles;
}

/* The next border of any profile after `second` of a day, whether or not it holds on that day. */
static int64_t border_after(const struct town *town, int64_t second)
{
	int64_t next = INT64_MAX / SECOND_MS / 2;
	for (uint32_t i = 0; i < town->n_profiles; i++) {
		const int64_t borders[] = {town->profile_from_s[i], town->profile_to_s[i]};
		for (int k = 0; k < 2 && town->profile_days[i]; k++)
			if (borders[k] > second && borders[k] < next)
				next = borders[k];
	}
	return next;
}

/* When another set than this one holds first, after `second` of the day that begins at midnight. A night of 23 hours
 * cuts the day short. */
static instant_ms profiles_until(const struct town *town, uint32_t profiles, instant_ms midnight, uint32_t day,
				 int64_t second)
{
	for (uint32_t days = 0; days < LOOK_DAYS; days++) {
		uint32_t next_day;
		instant_ms next = town_service_day(town, midnight + 36 * HOUR_MS, &next_day), ends = next + DAY_TURN_MS;
		while (midnight + (second = border_after(town, second)) * SECOND_MS < ends)
			if (profiles_of(town, day, second) != profiles)
				return midnight + second * SECOND_MS;
		midnight = next;
		day = next_day;
		second = DAY_TURN_MS / SECOND_MS;
		if (profiles_of(town, day, second) != profiles)
			return ends;
	}
	return INT64_MAX;
}

uint32_t town_profiles_at(const struct town *town, instant_ms at, instant_ms *ret_until)
{
	uint32_t day, profiles;
	if (ret_until)
		*ret_until = INT64_MAX;
	if (!town->n_profiles)
		return 0;
	instant_ms midnight = town_service_day(town, at, &day);
	int64_t second = floor_div(at - midnight, SECOND_MS);
	profiles = profiles_of(town, day, second);
	if (ret_until)
		*ret_until = profiles_until(town, profiles, midnight, day, second);
	return profiles;
}

uint32_t town_conditions(const struct town *town)
{
	uint32_t conditions = 0;
	for (uint32_t i = 0; i < town->n_profiles; i++)
		conditions |= town->profile_days[i] ? 0 : 1u << i;
	return conditions;
}

uint32_t town_condition(const struct town *town, const char *name)
{
	for (uint32_t i = 0; i < town->n_profiles; i++)
		if (!town->profile_days[i] && strcmp(town_text(town, town->profile_name[i]), name) == 0)
			return 1u << i;
	return 0;
}

int town_profiles_close(const struct town *town, uint32_t profiles)
{
	for (uint32_t i = 0; i < town->n_profile_kinds; i++)
		if (profiles >> i / ROAD_KINDS & 1 && !town->profile_permille[i])
			return 1;
	return 0;
}

uint32_t town_profiles_slowest(const struct town *town, uint32_t conditions)
{
	return (((1u << town->n_profiles) - 1) & ~town_conditions(town)) | conditions;
}

uint32_t town_profile_ms(const struct town *town, uint32_t profiles, uint32_t class_index, uint32_t arc,
			 uint32_t usual_ms)
{
	uint64_t slowest = usual_ms;
	if (usual_ms == TIME_INFINITE)
		return TIME_INFINITE;
	for (uint32_t i = 0; i < town->n_profiles; i++) {
		uint32_t permille = town->profile_permille[i * ROAD_KINDS + town->road.kind[arc]],
			 kmh = town->profile_speed_kmh[i];
		if (!(profiles >> i & 1) || !(town->profile_classes[i] >> class_index & 1))
			continue;
		if (!permille)
			return TIME_INFINITE;
		uint64_t time = ((uint64_t)usual_ms * permille + 999) / 1000;
		uint64_t capped = kmh ? ((uint64_t)town->road.dist_mm[arc] * 18 + 5 * kmh - 1) / (5 * kmh) : 0;
		time = time > capped ? time : capped;
		slowest = time > slowest ? time : slowest;
	}
	return (uint32_t)(slowest < (uint64_t)DAY_MS ? slowest : (uint64_t)DAY_MS);
}
