#include "demand.h"

#include <csv.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "rng.h"

#define HUBS_MAX 16
#define HUB_WALK_MM 250000
#define NEAR_MIN_MM 400000
#define TO_STOP_MM 250000
#define AT_THE_DOOR 850 /* permille of those who need a step-free way and ask to be met where they are */

void demand_default(struct demand_options *options)
{
	*options = (struct demand_options){.seed = 1,
					   .per_hour = 28,
					   .hub_mm = 1700000,
					   .hubs = 1,
					   .from_train = 550,
					   .to_train = 250,
					   .tied = 400,
					   .prebooked = 120,
					   .arrive_by = 80,
					   .wheelchair = 100,
					   .walker = 60,
					   .pram = 40,
					   .dog = 15,
					   .companion = 30,
					   .second_rider = 150,
					   .cancel = 70,
					   .no_show = 60,
					   .late = 50};
}

/* ---- drawing ---- */

struct draw {
	const struct town *town;
	const struct demand_options *options;
	struct rng rng;
	uint32_t hubs[HUBS_MAX]; /* timetable stops */
	uint32_t n_hubs;
	uint32_t *homes[HUBS_MAX]; /* addresses around each hub */
	size_t n_homes[HUBS_MAX], cap_homes[HUBS_MAX];
	struct demand *demand;
	size_t cap_trips;
};

/* GTFS route types, plain and extended. */
static int is_rail(uint16_t type)
{
	return type == 2 || (type >= 100 && type < 200);
}

/* Calls at a stop whatever the day, rail counted tenfold. */
static uint64_t stop_weight(const struct timetable *timetable, uint32_t stop)
{
	uint64_t weight = 0;
	for (uint32_t i = timetable->stop_first[stop]; i < timetable->stop_first[stop + 1]; i++) {
		uint32_t route = timetable->trip_route[timetable->event_trip[timetable->stop_event[i]]];
		weight += is_rail(timetable->route_type[route]) ? 10 : 1;
	}
	return weight;
}

/* Where people change: the stop with all that lies a short walk from it, such as the other platforms of a station. */
static uint64_t hub_weight(const struct timetable *timetable, uint32_t stop)
{
	uint64_t weight = 0;
	for (uint32_t other = 0; other < timetable->n_stops; other++)
		if (geo_rough_mm(timetable->stop_point[stop], timetable->stop_point[other]) <= HUB_WALK_MM)
			weight += stop_weight(timetable, other);
	return weight;
}

static int far_from_hubs(const struct draw *draw, uint32_t stop)
{
	const struct geo_point *points = draw->town->timetable.stop_point;
	for (uint32_t i = 0; i < draw->n_hubs; i++)
		if (geo_rough_mm(points[draw->hubs[i]], points[stop]) < draw->options->hub_mm)
			return 0;
	return 1;
}

/* The busiest stops that a road reaches inside the area, apart from one another; ties to the lower index. */
static void choose_hubs(struct draw *draw)
{
	const struct timetable *timetable = &draw->town->timetable;
	uint32_t most = draw->options->hubs < HUBS_MAX ? draw->options->hubs : HUBS_MAX;
	while (draw->n_hubs < most) {
		uint32_t best = NONE;
		uint64_t best_weight = 0;
		for (uint32_t stop = 0; stop < timetable->n_stops; stop++) {
			if (timetable->stop_road[stop].arc == NONE ||
			    !town_in_area(draw->town, timetable->stop_point[stop]))
				continue;
			uint64_t weight = hub_weight(timetable, stop);
			if (weight > best_weight && far_from_hubs(draw, stop)) {
				best = stop;
				best_weight = weight;
			}
		}
		if (best == NONE)
			return;
		draw->hubs[draw->n_hubs++] = best;
	}
}

/* Whoever uses the service lives near one of its stops. */
static int near_stop(const struct town *town, struct geo_point point)
{
	for (uint32_t stop = 0; stop < town->n_stops; stop++)
		if (town->stop_spot[stop].arc != NONE && geo_rough_mm(town->stop_point[stop], point) <= TO_STOP_MM)
			return 1;
	return town->n_stops == 0;
}

static int gather_homes(struct draw *draw)
{
	const struct town *town = draw->town;
	for (uint32_t h = 0; h < draw->n_hubs; h++) {
		struct geo_point hub = town->timetable.stop_point[draw->hubs[h]];
		for (uint32_t a = 0; a < town->n_addresses; a++) {
			uint64_t away = geo_rough_mm(hub, town->address_point[a]);
			if (away < NEAR_MIN_MM || away > draw->options->hub_mm ||
			    !town_in_area(town, town->address_point[a]) || !near_stop(town, town->address_point[a]))
				continue;
			if (array_push(draw->homes[h], draw->n_homes[h], draw->cap_homes[h], a))
				return ERR_MEMORY;
		}
	}
	return ERR_OK;
}

static struct geo_point draw_home(struct draw *draw, uint32_t hub)
{
	uint32_t address = draw->homes[hub][rng_below(&draw->rng, (uint32_t)draw->n_homes[hub])];
	return draw->town->address_point[address];
}

/* People off one train often live in the same quarter: of three homes the nearest to the first one's. */
static struct geo_point draw_home_near(struct draw *draw, uint32_t hub, struct geo_point first)
{
	struct geo_point best = draw_home(draw, hub);
	for (int i = 0; i < 2; i++) {
		struct geo_point other = draw_home(draw, hub);
		if (geo_rough_mm(other, first) < geo_rough_mm(best, first))
			best = other;
	}
	return best;
}

static void count_need(struct draw *draw, struct demand_trip *trip, const char *name, uint32_t permille)
{
	uint32_t need = town_need(draw->town, name);
	if (rng_chance(&draw->rng, permille) && need != NONE)
		trip->need_count[need]++;
}

static int needs_step_free(const struct town *town, const struct demand_trip *trip)
{
	for (uint32_t need = 0; need < town->n_needs; need++)
		if (trip->need_count[need] && (town->need_flags[need] & NEED_STEP_FREE))
			return 1;
	return 0;
}

/* Fills what does not depend on where from and where to. */
static void draw_rider(struct draw *draw, struct demand_trip *trip)
{
	const struct demand_options *options = draw->options;
	uint32_t wheelchair = town_need(draw->town, "wheelchair");
	trip->walk_max_mm = (uint32_t)rng_between(&draw->rng, 400, 700) * 1000;
	trip->patience_ms = (uint32_t)rng_between(&draw->rng, 25, 60) * 60000;
	if (rng_chance(&draw->rng, options->wheelchair) && wheelchair != NONE)
		trip->need_count[wheelchair] = 1;
	else
		trip->need_count[0] = (uint8_t)(1 + rng_chance(&draw->rng, options->second_rider));
	count_need(draw, trip, "walker", options->walker);
	count_need(draw, trip, "pram", options->pram);
	count_need(draw, trip, "assistance_dog", options->dog);
	count_need(draw, trip, "companion", options->companion);
	if (needs_step_free(draw->town, trip) && rng_chance(&draw->rng, AT_THE_DOOR))
		trip->walk_max_mm = 0;
	trip->no_show = (uint8_t)rng_chance(&draw->rng, options->no_show);
	if (rng_chance(&draw->rng, options->cancel))
		trip->cancel_after_ms = (uint32_t)rng_between(&draw->rng, 1, 4) * 60000;
	if (rng_chance(&draw->rng, options->late))
		trip->late_ms = (uint32_t)rng_between(&draw->rng, 20, 90) * 1000;
}

/* A stop time at the hub with its instant in [at, at + 90 min] on the service day, the first from a random one on; NONE
 * = none. */
static uint32_t draw_call(struct draw *draw, uint32_t hub, instant_ms at, int arriving, uint32_t *ret_day,
			  instant_ms *ret_when)
{
	const struct timetable *timetable = &draw->town->timetable;
	uint32_t day_name, stop = draw->hubs[hub];
	uint32_t n = timetable->stop_first[stop + 1] - timetable->stop_first[stop];
	instant_ms start = town_service_day(draw->town, at, &day_name);
	uint32_t day = timetable_day(timetable, day_name);
	uint32_t first = n ? rng_below(&draw->rng, n) : 0;
	for (uint32_t i = 0; i < n && day != NONE; i++) {
		uint32_t event = timetable->stop_event[timetable->stop_first[stop] + (first + i) % n];
		uint32_t trip = timetable->event_trip[event];
		int last = event + 1 == timetable->trip_first[trip + 1], begins = event == timetable->trip_first[trip];
		instant_ms when = start + (instant_ms)(arriving ? timetable->time_arrival_s[event]
								: timetable->time_departure_s[event]) *
						  SECOND_MS;
		if ((arriving ? begins : last) || when < at + 5 * MINUTE_MS || when > at + 90 * MINUTE_MS ||
		    !timetable_runs(timetable, trip, day))
			continue;
		*ret_day = day;
		*ret_when = when;
		return event;
	}
	return NONE;
}

static int push_trip(struct draw *draw, const struct demand_trip *trip)
{
	size_t n = draw->demand->n;
	if (trip->ask_at < draw->options->from || trip->ask_at >= draw->options->to)
		return ERR_OK;
	if (array_push(draw->demand->trips, n, draw->cap_trips, *trip))
		return ERR_MEMORY;
	draw->demand->trips[n - 1].number = draw->demand->n;
	draw->demand->n = (uint32_t)n;
	return ERR_OK;
}

/* Two to six riders who step off the same trip and ask some minutes before it arrives. */
static int draw_wave(struct draw *draw, uint32_t hub, instant_ms at)
{
	uint32_t day = 0;
	instant_ms when = 0;
	uint32_t event = draw_call(draw, hub, at, 1, &day, &when);
	struct geo_point first = draw_home(draw, hub);
	uint32_t riders = event == NONE ? 0 : (uint32_t)rng_between(&draw->rng, 2, 6);
	for (uint32_t i = 0; i < riders; i++) {
		struct demand_trip trip = {.time_kind = TIME_LEAVE_AT, .time = when + 2 * MINUTE_MS};
		trip.ask_at = when - rng_between(&draw->rng, 2, 20) * MINUTE_MS;
		trip.from = draw->town->timetable.stop_point[draw->hubs[hub]];
		trip.to = draw_home_near(draw, hub, first);
		draw_rider(draw, &trip);
		if (rng_chance(&draw->rng, draw->options->tied) && !timetable_key(draw->town, event, day, &trip.tie))
			trip.tie_kind = TIE_FROM_TRIP;
		int code = push_trip(draw, &trip);
		if (code)
			return code;
	}
	return ERR_OK;
}

static int draw_to_train(struct draw *draw, uint32_t hub, instant_ms at)
{
	uint32_t day = 0;
	instant_ms when = 0;
	uint32_t event = draw_call(draw, hub, at + 20 * MINUTE_MS, 0, &day, &when);
	struct demand_trip trip = {.ask_at = at, .time_kind = TIME_ARRIVE_BY, .time = when - 3 * MINUTE_MS};
	trip.from = draw_home(draw, hub);
	trip.to = draw->town->timetable.stop_point[draw->hubs[hub]];
	if (event == NONE)
		trip.time_kind = TIME_NOW;
	draw_rider(draw, &trip);
	if (event != NONE && rng_chance(&draw->rng, draw->options->tied) &&
	    !timetable_key(draw->town, event, day, &trip.tie))
		trip.tie_kind = TIE_TO_TRIP;
	return push_trip(draw, &trip);
}

static int draw_plain(struct draw *draw, uint32_t hub, instant_ms at)
{
	struct demand_trip trip = {.ask_at = at, .time_kind = TIME_NOW};
	trip.from = draw_home(draw, hub);
	do {
		trip.to = draw_home(draw, hub);
	} while (geo_rough_mm(trip.from, trip.to) < NEAR_MIN_MM && draw->n_homes[hub] > 1 &&
		 rng_chance(&draw->rng, 900));
	draw_rider(draw, &trip);
	if (rng_chance(&draw->rng, draw->options->prebooked * 2)) {
		trip.time_kind = TIME_LEAVE_AT;
		trip.time = at + rng_between(&draw->rng, 70, 180) * MINUTE_MS;
	} else if (rng_chance(&draw->rng, draw->options->arrive_by * 2)) {
		trip.time_kind = TIME_ARRIVE_BY;
		trip.time = at + rng_between(&draw->rng, 40, 120) * MINUTE_MS;
	}
	return push_trip(draw, &trip);
}

static int by_time(const void *a, const void *b)
{
	const struct demand_trip *x = a, *y = b;
	if (x->ask_at != y->ask_at)
		return x->ask_at < y->ask_at ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static int draw_all(struct draw *draw)
{
	const struct demand_options *options = draw->options;
	uint64_t wanted = (uint64_t)((options->to - options->from) / MINUTE_MS) * options->per_hour / 60;
	int code = ERR_OK;
	for (uint64_t tries = 0; draw->demand->n < wanted && tries < 20 * wanted && !code; tries++) {
		uint32_t hub = rng_below(&draw->rng, draw->n_hubs);
		instant_ms at = rng_between(&draw->rng, options->from, options->to - 1);
		uint32_t kind = rng_below(&draw->rng, 1000);
		if (kind < options->from_train / 4) /* a wave has four riders */
			code = draw_wave(draw, hub, at);
		else if (kind < options->from_train / 4 + options->to_train)
			code = draw_to_train(draw, hub, at);
		else
			code = draw_plain(draw, hub, at);
	}
	return code;
}

int demand_draw(struct demand *demand, const struct town *town, const struct demand_options *options,
		struct err_detail *detail)
{
	struct draw *draw = calloc(1, sizeof *draw);
	memset(demand, 0, sizeof *demand);
	if (!draw)
		return err_set(detail, ERR_MEMORY, "demand: out of memory");
	draw->town = town;
	draw->options = options;
	draw->demand = demand;
	rng_seed(&draw->rng, options->seed);
	choose_hubs(draw);
	int code = gather_homes(draw);
	for (uint32_t h = 0; h < draw->n_hubs && !code; h++)
		if (draw->n_homes[h] == 0)
			code = ERR_NOT_FOUND;
	if (!code && draw->n_hubs == 0)
		code = ERR_NOT_FOUND;
	if (!code)
		code = draw_all(draw);
	if (!code && demand->n)
		qsort(demand->trips, demand->n, sizeof *demand->trips, by_time);
	for (uint32_t h = 0; h < HUBS_MAX; h++)
		free(draw->homes[h]);
	free(draw);
	if (code) {
		demand_free(demand);
		return err_set(detail, code,
			       code == ERR_NOT_FOUND
				       ? "demand: the town has no stop with addresses around it to draw trips from"
				       : "demand: %s",
			       err_text(code));
	}
	return ERR_OK;
}

int demand_hub(const struct town *town, struct geo_point *ret_hub)
{
	struct demand_options options = {.hubs = 1};
	struct draw draw = {.town = town, .options = &options};
	choose_hubs(&draw);
	if (draw.n_hubs == 0)
		return ERR_NOT_FOUND;
	*ret_hub = town->timetable.stop_point[draw.hubs[0]];
	return ERR_OK;
}

int demand_show_day(const struct town *town, instant_ms *ret_start)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t best = 0;
	for (uint32_t day = 0; day < timetable->n_days; day++) {
		uint32_t running = 0;
		for (uint32_t trip = 0; trip < timetable->n_trips; trip++)
			running += timetable_runs(timetable, trip, day) != 0;
		if (running > best) {
			best = running;
			*ret_start = timetable->day_start[day] + 6 * HOUR_MS;
		}
	}
	return best ? ERR_OK : ERR_NOT_FOUND;
}

/* ---- CSV ---- */

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
	COLUMNS
};
static const char *const column_names[COLUMNS] = {"ask_at",    "from_lat",	 "from_lon", "to_lat",	   "to_lon",
						  "time_kind", "time",		 "persons",  "wheelchair", "walk_max_m",
						  "no_show",   "cancel_after_s", "late_s"};

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

static void read_row(struct reading *reading)
{
	struct demand_trip trip = {.number = reading->demand->n, .patience_ms = HOUR_MS};
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
	if (demand->n)
		qsort(demand->trips, demand->n, sizeof *demand->trips, by_time);
	return ERR_OK;
}

void demand_free(struct demand *demand)
{
	free(demand->trips);
	memset(demand, 0, sizeof *demand);
}
