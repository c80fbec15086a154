#include "zone.h"
#include "err.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD_BYTES 44
#define FILE_BYTES_MAX 65536

static int64_t big_endian(const uint8_t *bytes, int n)
{
	uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;
	for (int i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

struct counts {
	size_t utc, standard, leaps, changes, types, chars;
};

static int read_counts(const uint8_t *bytes, size_t n, struct counts *ret_counts)
{
	size_t *const all[] = {&ret_counts->utc,     &ret_counts->standard, &ret_counts->leaps,
			       &ret_counts->changes, &ret_counts->types,    &ret_counts->chars};
	if (n < HEAD_BYTES || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2')
		return ERR_FORMAT;
	for (int i = 0; i < 6; i++) {
		int64_t value = big_endian(bytes + 20 + 4 * i, 4);
		if (value < 0 || value > FILE_BYTES_MAX)
			return ERR_FORMAT;
		*all[i] = (size_t)value;
	}
	return ERR_OK;
}

static size_t body_bytes(const struct counts *counts, size_t time_bytes)
{
	return counts->changes * (time_bytes + 1) + counts->types * 6 + counts->chars +
	       counts->leaps * (time_bytes + 4) + counts->standard + counts->utc;
}

static int fill(struct zone *zone, const struct counts *counts, const uint8_t *bytes)
{
	const uint8_t *types = bytes + counts->changes * 8, *rows = types + counts->changes;
	zone->east_s[0] = (int32_t)big_endian(rows, 4);
	for (size_t i = 0; i < counts->changes; i++) {
		zone->at_s[i] = big_endian(bytes + 8 * i, 8);
		if (types[i] >= counts->types || (i && zone->at_s[i] <= zone->at_s[i - 1]))
			return ERR_FORMAT;
		int64_t east_s = big_endian(rows + 6 * types[i], 4);
		if (east_s < -93600 || east_s > 93600)
			return ERR_FORMAT;
		zone->east_s[i + 1] = (int32_t)east_s;
	}
	zone->n = (uint32_t)counts->changes;
	return ERR_OK;
}

/* The file has everything twice: with 32-bit times, which are skipped, and with 64-bit ones. */
int zone_read(struct zone *ret_zone, const uint8_t *bytes, size_t n)
{
	struct counts counts;
	struct zone zone = {0};
	memset(ret_zone, 0, sizeof *ret_zone);
	if (read_counts(bytes, n, &counts))
		return ERR_FORMAT;
	size_t skip = HEAD_BYTES + body_bytes(&counts, 4);
	if (skip > n || read_counts(bytes + skip, n - skip, &counts) || counts.types == 0 ||
	    body_bytes(&counts, 8) > n - skip - HEAD_BYTES)
		return ERR_FORMAT;
	zone.at_s = calloc(counts.changes + 1, sizeof *zone.at_s);
	zone.east_s = calloc(counts.changes + 1, sizeof *zone.east_s);
	int code = zone.at_s && zone.east_s ? fill(&zone, &counts, bytes + skip + HEAD_BYTES) : ERR_MEMORY;
	if (code)
		zone_close(&zone);
	*ret_zone = zone;
	return code;
}

/* Names come from timetables: they must not lead out of the folder. */
static int name_is_plain(const char *name)
{
	size_t n = strlen(name);
	return n > 0 && n < 64 && name[0] != '/' && !strstr(name, "..") &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") == n;
}

int zone_open(struct zone *ret_zone, const char *folder, const char *name)
{
	char path[512];
	static _Thread_local uint8_t bytes[FILE_BYTES_MAX];
	memset(ret_zone, 0, sizeof *ret_zone);
	if (!name_is_plain(name))
		return ERR_NOT_FOUND;
	snprintf(path, sizeof path, "%.400s/%s", folder ? folder : "/usr/share/zoneinfo", name);
	FILE *file = fopen(path, "rbe");
	if (!file)
		return ERR_NOT_FOUND;
	size_t n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	return zone_read(ret_zone, bytes, n);
}

void zone_close(struct zone *zone)
{
	free(zone->at_s);
	free(zone->east_s);
	memset(zone, 0, sizeof *zone);
}

static int32_t east_at(const struct zone *zone, int64_t at_s)
{
	uint32_t low = 0, high = zone->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (zone->at_s[middle] <= at_s)
			low = middle + 1;
		else
			high = middle;
	}
	return zone->east_s ? zone->east_s[low] : 0;
}

static int64_t seconds_of(instant_ms at)
{
	return at / 1000 - (at % 1000 < 0);
}

struct zone_time zone_local(const struct zone *zone, instant_ms at)
{
	int64_t at_s = seconds_of(at);
	time_t local = (time_t)(at_s + east_at(zone, at_s));
	struct tm tm = {0};
	gmtime_r(&local, &tm);
	return (struct zone_time){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_wday};
}

instant_ms zone_instant(const struct zone *zone, const struct zone_time *local)
{
	struct tm tm = {.tm_year = local->year - 1900,
			.tm_mon = local->month - 1,
			.tm_mday = local->day,
			.tm_hour = local->hour,
			.tm_min = local->minute},
		  as_given = tm;
	if (local->year < 1970 || local->year > 9999)
		return INSTANT_NONE;
	int64_t wall_s = (int64_t)timegm(&tm);
	if (tm.tm_mon != as_given.tm_mon || tm.tm_mday != as_given.tm_mday || tm.tm_hour != as_given.tm_hour ||
	    tm.tm_min != as_given.tm_min)
		return INSTANT_NONE;
	/* the offset of the day before holds until the clocks change, and then the new one does */
	int32_t before = east_at(zone, wall_s - 86400), after = east_at(zone, wall_s + 86400);
	int64_t first = wall_s - before;
	if (east_at(zone, first) == before)
		return first * 1000;
	return (wall_s - (east_at(zone, wall_s - after) == after ? after : before)) * 1000;
}
