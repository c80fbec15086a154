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

static int64_t floor_days(int64_t ms)
{
	return ms / DAY_MS - (ms % DAY_MS < 0);
}

/* Beyond the table (or without one: UTC) days are 24 h long, counted from its nearest day. */
static instant_ms counted_day(instant_ms at, instant_ms known, uint32_t known_yyyymmdd, uint32_t *ret_yyyymmdd)
{
	int64_t days = floor_days(at - DAY_TURN_MS - known);
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
