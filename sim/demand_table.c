/* Trips from a CSV file. */
#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "demand.h"

enum column {
	ASK_AT,
	FROM_LAT,
	FROM_LON,
	TO_LAT,
	TO_LON,
	TIME_KIND,
	TIME,
	PERSONS,
	WHEELCHAIR,
	WALK_MAX,
	NO_SHOW,
	CANCEL_AFTER,
	LATE,
	NEEDS,
	PATIENCE,
	PACE,
	TIE,
	FEED,
	TRIP_ID,
	DATE,
	STOP_SEQUENCE,
	TRIP_START,
	COLUMNS
};
static const char *const column_names[COLUMNS] = {
	"ask_at",  "from_lat", "from_lon",	"to_lat",      "to_lon",  "time_kind",
	"time",	   "persons",  "wheelchair",	"walk_max_m",  "no_show", "cancel_after_s",
	"late_s",  "needs",    "patience_s",	"pace_m_s",    "tie",	  "feed",
	"trip_id", "date",     "stop_sequence", "trip_start_s"};

struct reading {
	struct demand *demand;
	const struct town *town;
	const char *path;
	struct err_detail *detail;
	instant_ms from;
	size_t cap;
	uint32_t line, field;
	uint8_t has_header;
	uint8_t column_of[64]; /* by field, COLUMNS = ignored */
	char cell[COLUMNS][64];
	int code;
};

static void refuse(struct reading *reading, int code, const char *column, const char *what)
{
	if (!reading->code)
		reading->code =
			err_set(reading->detail, code, "%s:%u: %s: %s", reading->path, reading->line, column, what);
}

static void on_header(struct reading *reading, uint32_t field, const char *text, size_t n)
{
	reading->column_of[field] = COLUMNS;
	for (uint8_t c = 0; c < COLUMNS; c++) {
		if (n != strlen(column_names[c]) || memcmp(text, column_names[c], n))
			continue;
		for (uint32_t f = 0; f < field; f++)
			if (reading->column_of[f] == c)
				refuse(reading, ERR_FORMAT, column_names[c], "stands twice in the header");
		reading->column_of[field] = c;
	}
}

static void on_field(void *text, size_t n, void *self)
{
	struct reading *reading = self;
	uint32_t field = reading->field++;
	if (field >= COUNT_OF(reading->column_of) || reading->code)
		return;
	if (!reading->has_header) {
		on_header(reading, field, text, n);
		return;
	}
	uint8_t column = reading->column_of[field];
	if (column == COLUMNS)
		return;
	if (n >= sizeof reading->cell[0] || memchr(text, 0, n)) {
		refuse(reading, ERR_RANGE, column_names[column], "too long, or not text");
		return;
	}
	memcpy(reading->cell[column], text, n);
	reading->cell[column][n] = 0;
}

static int64_t number(struct reading *reading, enum column column, int64_t fallback, int64_t low, int64_t high)
{
	const char *text = reading->cell[column];
	char *end, what[128];
	if (!*text)
		return fallback;
	errno = 0;
	int64_t value = strtoll(text, &end, 10);
	if (*end || errno || value < low || value > high) {
		snprintf(what, sizeof what, "\"%s\" is not a whole number from %lld to %lld", text, (long long)low,
			 (long long)high);
		refuse(reading, ERR_FORMAT, column_names[column], what);
		return fallback;
	}
	return value;
}

static struct geo_point point(struct reading *reading, enum column lat)
{
	char text[132], what[160];
	struct geo_point result = {0, 0};
	snprintf(text, sizeof text, "%s,%s", reading->cell[lat], reading->cell[lat + 1]);
	snprintf(what, sizeof what, "\"%s\" is not a place", text);
	if (geo_parse(text, &result))
		refuse(reading, ERR_FORMAT, column_names[lat], what);
	return result;
}

static uint8_t time_kind(struct reading *reading)
{
	static const char *const kinds[] = {"now", "leave_at", "arrive_by"};
	for (uint8_t k = 0; k < COUNT_OF(kinds); k++)
		if (!strcmp(reading->cell[TIME_KIND], kinds[k]))
			return k;
	if (reading->cell[TIME_KIND][0])
		refuse(reading, ERR_FORMAT, column_names[TIME_KIND], "expected now, leave_at or arrive_by");
	return TIME_NOW;
}

static void read_needs(struct reading *reading, struct demand_trip *trip)
{
	uint32_t wheelchair = town_need(reading->town, "wheelchair");
	uint8_t chairs = (uint8_t)number(reading, WHEELCHAIR, 0, 0, 10);
	if (chairs && wheelchair == NONE)
		refuse(reading, ERR_RANGE, column_names[WHEELCHAIR], "the town has no such need");
	else if (chairs)
		trip->need_count[wheelchair] = chairs;
	trip->need_count[0] = (uint8_t)number(reading, PERSONS, chairs == 0, 0, 100);
	if (!chairs && !trip->need_count[0])
		refuse(reading, ERR_RANGE, column_names[PERSONS], "nobody travels");
}

/* "walker:1 companion:1": besides persons and wheelchairs; a name without a number counts once. */
static void read_named_needs(struct reading *reading, struct demand_trip *trip)
{
	char text[sizeof reading->cell[0]], what[192], *rest = NULL;
	snprintf(text, sizeof text, "%s", reading->cell[NEEDS]);
	for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		char *colon = strchr(word, ':'), *end = NULL;
		unsigned long count = colon ? strtoul(colon + 1, &end, 10) : 1;
		int wrong =
			colon && (end == colon + 1 || *end || colon[1] < '0' || colon[1] > '9' || !count || count > 20);
		if (colon)
			*colon = 0;
		uint32_t need = town_need(reading->town, word);
		if (need == NONE || need == 0 || wrong) {
			snprintf(what, sizeof what,
				 "\"%s\": expected needs of the town with 1 to 20 each, such as \"walker:1\"",
				 reading->cell[NEEDS]);
			refuse(reading, need == NONE ? ERR_RANGE : ERR_FORMAT, column_names[NEEDS], what);
			return;
		}
		trip->need_count[need] = (uint8_t)(trip->need_count[need] + count);
	}
}

/* Metres a second with at most three decimals, as mm a second. */
static uint32_t pace(struct reading *reading)
{
	char what[128], *end;
	const char *text = reading->cell[PACE];
	if (!*text)
		return 0;
	double value = strtod(text, &end);
	if (*end || !(value >= 0.1 && value <= 5) || (*text != '.' && (*text < '0' || *text > '9'))) {
		snprintf(what, sizeof what, "\"%s\" is no pace from 0.1 to 5 m/s", text);
		refuse(reading, ERR_FORMAT, column_names[PACE], what);
		return 0;
	}
	return (uint32_t)(value * 1000 + 0.5);
}

static void read_tie(struct reading *reading, struct demand_trip *trip)
{
	const char *kind = reading->cell[TIE];
	uint32_t day;
	if (!*kind)
		return;
	trip->tie_kind = !strcmp(kind, "from_trip") ? TIE_FROM_TRIP : !strcmp(kind, "to_trip") ? TIE_TO_TRIP : TIE_NONE;
	if (trip->tie_kind == TIE_NONE) {
		refuse(reading, ERR_FORMAT, column_names[TIE], "expected from_trip or to_trip");
		return;
	}
	snprintf(trip->tie.feed, sizeof trip->tie.feed, "%.31s", reading->cell[FEED]);
	snprintf(trip->tie.trip_id, sizeof trip->tie.trip_id, "%.63s", reading->cell[TRIP_ID]);
	trip->tie.yyyymmdd = (uint32_t)number(reading, DATE, 0, 19700101, 99991231);
	trip->tie.stop_sequence = (uint32_t)number(reading, STOP_SEQUENCE, 0, 0, 1000000);
	trip->tie.start_s = (int32_t)number(reading, TRIP_START, -1, -1, 1000000);
	if (timetable_find(reading->town, &trip->tie, &day) == NONE)
		refuse(reading, ERR_NOT_FOUND, column_names[TRIP_ID],
		       "the timetable has no such stop time on that date");
}

static void read_row(struct reading *reading)
{
	struct demand_trip trip = {.number = reading->demand->n};
	if (!reading->cell[ASK_AT][0])
		refuse(reading, ERR_FORMAT, column_names[ASK_AT], "is missing");
	trip.ask_at = reading->from + number(reading, ASK_AT, 0, 0, 10000000) * SECOND_MS;
	trip.from = point(reading, FROM_LAT);
	trip.to = point(reading, TO_LAT);
	trip.time_kind = time_kind(reading);
	if (trip.time_kind != TIME_NOW && !reading->cell[TIME][0])
		refuse(reading, ERR_FORMAT, column_names[TIME], "is missing");
	trip.time = reading->from + number(reading, TIME, 0, 0, 10000000) * SECOND_MS;
	read_needs(reading, &trip);
	trip.walk_max_mm = (uint32_t)number(reading, WALK_MAX, 500, 0, 10000) * 1000;
	trip.no_show = (uint8_t)number(reading, NO_SHOW, 0, 0, 1);
	trip.cancel_after_ms = (uint32_t)number(reading, CANCEL_AFTER, 0, 0, 1000000) * 1000;
	trip.late_ms = (uint32_t)number(reading, LATE, 0, 0, 1000000) * 1000;
	trip.patience_ms = (uint32_t)number(reading, PATIENCE, 3600, 0, 1000000) * 1000;
	trip.pace_mm_s = pace(reading);
	read_named_needs(reading, &trip);
	read_tie(reading, &trip);
	size_t n = reading->demand->n;
	if (!reading->code && array_push(reading->demand->trips, n, reading->cap, trip))
		refuse(reading, ERR_MEMORY, "row", "out of memory");
	reading->demand->n = (uint32_t)n;
}

static void check_header(struct reading *reading)
{
	uint32_t seen = 0;
	for (uint32_t f = 0; f < reading->field && f < COUNT_OF(reading->column_of); f++)
		if (reading->column_of[f] < COLUMNS)
			seen |= 1u << reading->column_of[f];
	if ((seen & 31) != 31)
		refuse(reading, ERR_FORMAT, "header", "expected the columns ask_at,from_lat,from_lon,to_lat,to_lon");
	for (uint32_t f = reading->field; f < COUNT_OF(reading->column_of); f++)
		reading->column_of[f] = COLUMNS;
	reading->has_header = 1;
}

static void on_row(int end, void *self)
{
	(void)end;
	struct reading *reading = self;
	if (!reading->code && !reading->has_header)
		check_header(reading);
	else if (!reading->code)
		read_row(reading);
	memset(reading->cell, 0, sizeof reading->cell);
	reading->field = 0;
}

/* Line by line, so that a message names the line that an editor shows. */
static int read_rows(struct reading *reading, FILE *file)
{
	struct csv_parser parser;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	if (csv_init(&parser, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI))
		return err_set(reading->detail, ERR_MEMORY, "%s: out of memory", reading->path);
	while (!reading->code && (n = getline(&line, &size, file)) >= 0) {
		size_t skip = ++reading->line == 1 && n >= 3 && !memcmp(line, "\xef\xbb\xbf", 3) ? 3 : 0;
		if (csv_parse(&parser, line + skip, (size_t)n - skip, on_field, on_row, reading) != (size_t)n - skip ||
		    csv_fini(&parser, on_field, on_row, reading))
			refuse(reading, ERR_FORMAT, "row", csv_strerror(csv_error(&parser)));
	}
	if (!reading->code && ferror(file))
		refuse(reading, ERR_IO, "row", strerror(errno));
	if (!reading->code && !reading->has_header)
		check_header(reading);
	csv_free(&parser);
	free(line);
	return reading->code;
}

int demand_read(struct demand *demand, const struct town *town, const char *path, instant_ms from,
		struct err_detail *detail)
{
	struct reading reading = {.demand = demand, .town = town, .path = path, .detail = detail, .from = from};
	memset(demand, 0, sizeof *demand);
	FILE *file = fopen(path, "rb");
	if (!file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	int code = read_rows(&reading, file);
	fclose(file);
	if (code) {
		demand_free(demand);
		return code;
	}
	demand_sort(demand);
	return ERR_OK;
}
