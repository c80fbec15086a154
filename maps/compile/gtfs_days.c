/* The day table: for 20 years the UTC instant of "noon minus 12 h" of every service day. Compiled here once, so that
 * nothing that reads a town file needs a time-zone database. Debian package: tzdata. */
#include "gtfs_model.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define YEARS_BEFORE 10
#define YEARS_AFTER 10
#define ZONES "/usr/share/zoneinfo/"

/* Days since 1970 of a civil date; Gregorian, counted in years that begin in March so that leap days come last. */
static int32_t days_of_civil(int32_t year, int32_t month, int32_t day)
{
	int32_t y = month <= 2 ? year - 1 : year;
	int32_t era = y / 400, of_era = y % 400;
	int32_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

uint32_t gtfs_day_yyyymmdd(int32_t day)
{
	int32_t z = day + 719468, era = z / 146097, of_era = z % 146097;
	int32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int32_t m = (5 * of_year + 2) / 153;
	int32_t month = m < 10 ? m + 3 : m - 9;
	year += era * 400 + (month <= 2);
	return (uint32_t)(year * 10000 + month * 100 + of_year - (153 * m + 2) / 5 + 1);
}

int32_t gtfs_day_number(uint32_t yyyymmdd)
{
	int32_t year = (int32_t)(yyyymmdd / 10000), month = (int32_t)(yyyymmdd / 100 % 100),
		day = (int32_t)(yyyymmdd % 100);
	if (year < 1900 || year > 2400 || month < 1 || month > 12 || day < 1 || day > 31)
		return INT32_MIN;
	int32_t number = days_of_civil(year, month, day);
	return gtfs_day_yyyymmdd(number) == yyyymmdd ? number : INT32_MIN;
}

static int zone_check(const char *zone, struct err_detail *detail)
{
	char path[256];
	int ok = zone[0] != '\0' && zone[0] != '/' && zone[0] != '.' && !strstr(zone, "..") && strlen(zone) < 128;
	for (const char *at = zone; ok && *at; at++)
		ok = isalnum((unsigned char)*at) || strchr("_+-/", *at) != NULL;
	if (!ok)
		return err_set(detail, ERR_FORMAT, "time zone \"%.100s\": expected a name like Europe/Berlin", zone);
	snprintf(path, sizeof path, ZONES "%s", zone);
	if (access(path, R_OK))
		return err_set(detail, ERR_NOT_FOUND, "time zone %s: %s: %s (is the package tzdata installed?)", zone,
			       path, strerror(errno));
	return 0;
}

static char *zone_enter(const char *zone)
{
	char value[256];
	const char *before = getenv("TZ");
	char *kept = before ? strdup(before) : NULL;
	snprintf(value, sizeof value, ":" ZONES "%s", zone);
	setenv("TZ", value, 1);
	tzset();
	return kept;
}

static void zone_leave(char *kept)
{
	if (kept)
		setenv("TZ", kept, 1);
	else
		unsetenv("TZ");
	tzset();
	free(kept);
}

/* Noon exists once on every day, whatever the clocks do at night; in the zone entered. */
static instant_ms day_start(int32_t day)
{
	uint32_t date = gtfs_day_yyyymmdd(day);
	struct tm noon = {.tm_year = (int)(date / 10000) - 1900,
			  .tm_mon = (int)(date / 100 % 100) - 1,
			  .tm_mday = (int)(date % 100),
			  .tm_hour = 12,
			  .tm_isdst = -1};
	return (instant_ms)mktime(&noon) * SECOND_MS - 12 * HOUR_MS;
}

/* A town without a time zone runs on UTC, and the report says so. */
static const char *zone_of(struct build *build)
{
	if (build_text(build, build->town.time_zone)[0] == '\0') {
		report_add(&build->report, "town without a time zone (UTC taken)",
			   "the settings name none, and no feed does");
		build->town.time_zone = build_string(build, "Etc/UTC");
	}
	return build_text(build, build->town.time_zone);
}

/* An empty timetable still has its closing offsets. */
static int empty_offsets(struct build *build)
{
	struct timetable *timetable = &build->town.timetable;
	uint32_t *zeros = build_alloc(build, 2, sizeof *zeros);
	if (!zeros)
		return ERR_MEMORY;
	if (!timetable->trip_first)
		timetable->trip_first = zeros;
	if (!timetable->stop_first)
		timetable->stop_first = zeros + 1;
	return 0;
}

int gtfs_build_days(struct build *build, uint32_t yyyymmdd, struct err_detail *detail)
{
	if (gtfs_day_number(yyyymmdd) == INT32_MIN)
		return err_set(detail, ERR_RANGE, "day %u: expected a date like 20220613", yyyymmdd);
	const char *zone = zone_of(build);
	int result = zone_check(zone, detail);
	if (result)
		return result;
	int32_t year = (int32_t)(yyyymmdd / 10000);
	int32_t first = days_of_civil(year - YEARS_BEFORE, 1, 1), end = days_of_civil(year + YEARS_AFTER, 1, 1);
	uint32_t n = (uint32_t)(end - first);
	uint32_t *dates = build_alloc(build, n, sizeof *dates);
	instant_ms *starts = build_alloc(build, n, sizeof *starts);
	if (!dates || !starts || empty_offsets(build))
		return err_set(detail, ERR_MEMORY, "day table: out of memory");
	char *kept = zone_enter(zone);
	for (uint32_t i = 0; i < n; i++) {
		dates[i] = gtfs_day_yyyymmdd(first + (int32_t)i);
		starts[i] = day_start(first + (int32_t)i);
	}
	zone_leave(kept);
	build->town.timetable.n_days = n;
	build->town.timetable.n_day_words = (n + 63) / 64;
	build->town.timetable.day_yyyymmdd = dates;
	build->town.timetable.day_start = starts;
	return 0;
}

int gtfs_days_same(const struct build *build, const char *zone, struct err_detail *detail, int *ret_same)
{
	const struct timetable *timetable = &build->town.timetable;
	int result = zone_check(zone, detail);
	if (result)
		return result;
	int same = 1;
	char *kept = zone_enter(zone);
	for (uint32_t i = 0; i < timetable->n_days && same; i++)
		same = timetable->day_start[i] == day_start(gtfs_day_number(timetable->day_yyyymmdd[i]));
	zone_leave(kept);
	*ret_same = same;
	return 0;
}
