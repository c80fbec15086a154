#include "demand.h"

#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hash.h"
#include "rng.h"

#define HUBS_MAX 16
#define SLOTS_MAX 272 /* hours of ten days and a night */
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
					   .late = 50,
					   .walk_min_m = 400,
					   .walk_max_m = 700,
					   .patience_min_ms = 25 * 60000,
					   .patience_max_ms = 60 * 60000,
					   .pace_min_mm_s = 1100,
					   .pace_max_mm_s = 1500};
}

/* ---- drawing ---- */

/* What a number is drawn for. */
enum purpose {
	FOR_KIND,
	FOR_HUB,
	FOR_TIME,
	FOR_CALL,
	FOR_PLACE,
	FOR_WAVE,
	FOR_ASKING,
	FOR_TIE,
	FOR_BOOKING,
	FOR_WALK,
	FOR_PATIENCE,
	FOR_PACE,
	FOR_DOOR,
	FOR_WHEELCHAIR,
	FOR_SECOND,
	FOR_NO_SHOW,
	FOR_CANCEL,
	FOR_LATE,
	FOR_NEED /* + need */
};

struct draw {
	const struct town *town;
	const struct demand_options *options;
	uint64_t who;		 /* the wish that is drawn */
	uint32_t hubs[HUBS_MAX]; /* timetable stops */
	uint32_t n_hubs;
	uint32_t *homes[HUBS_MAX]; /* addresses around each hub */
	size_t n_homes[HUBS_MAX], cap_homes[HUBS_MAX];
	struct demand *demand;
	size_t cap_trips;
	instant_ms midnight;
	uint32_t room[SLOTS_MAX]; /* of the totals, not yet asked, by hour since midnight */
};

/* Numbers of one wish for one purpose. */
static struct rng stream(const struct draw *draw, uint32_t purpose)
{
	struct rng rng;
	rng_seed(&rng, hash_u64(hash_u64(draw->options->seed) ^ hash_u64(draw->who * 64 + purpose + 1)));
	return rng;
}

static int chance(const struct draw *draw, uint32_t purpose, uint32_t permille)
{
	struct rng rng = stream(draw, purpose);
	return rng_chance(&rng, permille);
}

static int64_t between(const struct draw *draw, uint32_t purpose, int64_t low, int64_t high)
{
	struct rng rng = stream(draw, purpose);
	return rng_between(&rng, low, high > low ? high : low);
}

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

static struct geo_point draw_home(const struct draw *draw, struct rng *rng, uint32_t hub)
{
	uint32_t address = draw->homes[hub][rng_below(rng, (uint32_t)draw->n_homes[hub])];
	return draw->town->address_point[address];
}

/* People off one train often live in the same quarter: of three homes the nearest to the first one's. */
static struct geo_point draw_home_near(const struct draw *draw, struct rng *rng, uint32_t hub, struct geo_point first)
{
	struct geo_point best = draw_home(draw, rng, hub);
	for (int i = 0; i < 2; i++) {
		struct geo_point other = draw_home(draw, rng, hub);
		if (geo_rough_mm(other, first) < geo_rough_mm(best, first))
			best = other;
	}
	return best;
}

static void count_need(const struct draw *draw, struct demand_trip *trip, const char *name, uint32_t permille)
{
	uint32_t need = town_need(draw->town, name);
	if (need != NONE && chance(draw, FOR_NEED + need, permille))
		trip->need_count[need]++;
}

static int needs_step_free(const struct town *town, const struct demand_trip *trip)
{
	for (uint32_t need = 0; need < town->n_needs; need++)
		if (trip->need_count[need] && (town->need_flags[need] & NEED_STEP_FREE))
			return 1;
	return 0;
}

static void draw_needs(const struct draw *draw, struct demand_trip *trip)
{
	const struct demand_options *options = draw->options;
	uint32_t wheelchair = town_need(draw->town, "wheelchair");
	if (wheelchair != NONE && chance(draw, FOR_WHEELCHAIR, options->wheelchair))
		trip->need_count[wheelchair] = 1;
	else
		trip->need_count[0] = (uint8_t)(1 + chance(draw, FOR_SECOND, options->second_rider));
	count_need(draw, trip, "walker", options->walker);
	count_need(draw, trip, "pram", options->pram);
	count_need(draw, trip, "assistance_dog", options->dog);
	count_need(draw, trip, "companion", options->companion);
}

static void draw_behaviour(const struct draw *draw, struct demand_trip *trip)
{
	const struct demand_options *options = draw->options;
	struct rng rng = stream(draw, FOR_CANCEL);
	trip->walk_max_mm = (uint32_t)between(draw, FOR_WALK, options->walk_min_m, options->walk_max_m) * 1000;
	trip->patience_ms = (uint32_t)between(draw, FOR_PATIENCE, options->patience_min_ms / 1000,
					      options->patience_max_ms / 1000) *
			    1000;
	trip->pace_mm_s = (uint32_t)between(draw, FOR_PACE, options->pace_min_mm_s, options->pace_max_mm_s);
	if (needs_step_free(draw->town, trip) && chance(draw, FOR_DOOR, AT_THE_DOOR))
		trip->walk_max_mm = 0;
	trip->no_show = (uint8_t)chance(draw, FOR_NO_SHOW, options->no_show);
	if (rng_chance(&rng, options->cancel))
		trip->cancel_after_ms = (uint32_t)rng_between(&rng, 1, 4) * 60000;
	rng = stream(draw, FOR_LATE);
	if (rng_chance(&rng, options->late))
		trip->late_ms = (uint32_t)rng_between(&rng, 20, 90) * 1000;
}

/* Fills what does not depend on where from and where to. */
static void draw_rider(const struct draw *draw, struct demand_trip *trip)
{
	draw_needs(draw, trip);
	draw_behaviour(draw, trip);
}

/* A stop time at the hub with its instant in [at, at + 90 min] on the service day, the first from a random one on; NONE
 * = none. */
static uint32_t draw_call(const struct draw *draw, uint32_t hub, instant_ms at, int arriving, uint32_t *ret_day,
			  instant_ms *ret_when)
{
	const struct timetable *timetable = &draw->town->timetable;
	uint32_t day_name, stop = draw->hubs[hub];
	uint32_t n = timetable->stop_first[stop + 1] - timetable->stop_first[stop];
	instant_ms start = town_service_day(draw->town, at, &day_name);
	uint32_t day = timetable_day(timetable, day_name);
	struct rng rng = stream(draw, FOR_CALL);
	uint32_t first = n ? rng_below(&rng, n) : 0;
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

/* Hours since midnight: the room left of the totals is counted by these. */
static uint32_t slot_of(const struct draw *draw, instant_ms at)
{
	int64_t slot = (at - draw->midnight) / HOUR_MS;
	return (uint32_t)(slot < 0 ? 0 : slot < SLOTS_MAX ? slot : SLOTS_MAX - 1);
}

static instant_ms slot_begin(const struct draw *draw, uint32_t slot)
{
	return draw->midnight + (instant_ms)slot * HOUR_MS;
}

/* The hour of the totals; NONE = beyond them. */
static uint32_t total_hour(const struct draw *draw, uint32_t slot)
{
	if (draw->options->to - draw->options->from > DAY_MS)
		return slot % 24;
	return slot < DEMAND_HOURS ? slot : NONE;
}

static int push_trip(struct draw *draw, const struct demand_trip *trip)
{
	size_t n = draw->demand->n;
	uint32_t *room = draw->options->has_totals ? &draw->room[slot_of(draw, trip->ask_at)] : NULL;
	if (trip->ask_at < draw->options->from || trip->ask_at >= draw->options->to || (room && !*room))
		return ERR_OK;
	if (array_push(draw->demand->trips, n, draw->cap_trips, *trip))
		return ERR_MEMORY;
	if (room)
		--*room;
	draw->demand->trips[n - 1].number = draw->demand->n;
	draw->demand->n = (uint32_t)n;
	return ERR_OK;
}

/* Two to six riders who step off the same trip and ask some minutes before it arrives. */
static int draw_wave(struct draw *draw, uint32_t hub, instant_ms at)
{
	uint32_t day = 0;
	instant_ms when = 0;
	uint64_t wave = draw->who;
	struct rng rng = stream(draw, FOR_PLACE);
	uint32_t event = draw_call(draw, hub, at, 1, &day, &when);
	struct geo_point first = draw_home(draw, &rng, hub);
	uint32_t riders = event == NONE ? 0 : (uint32_t)between(draw, FOR_WAVE, 2, 6);
	for (uint32_t i = 0; i < riders; i++) {
		struct demand_trip trip = {.time_kind = TIME_LEAVE_AT, .time = when + 2 * MINUTE_MS};
		draw->who = wave + i + 1;
		rng = stream(draw, FOR_PLACE);
		trip.ask_at = when - between(draw, FOR_ASKING, 2, 20) * MINUTE_MS;
		trip.from = draw->town->timetable.stop_point[draw->hubs[hub]];
		trip.to = draw_home_near(draw, &rng, hub, first);
		draw_rider(draw, &trip);
		if (chance(draw, FOR_TIE, draw->options->tied) && !timetable_key(draw->town, event, day, &trip.tie))
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
	struct rng rng = stream(draw, FOR_PLACE);
	uint32_t event = draw_call(draw, hub, at + 20 * MINUTE_MS, 0, &day, &when);
	struct demand_trip trip = {.ask_at = at, .time_kind = TIME_ARRIVE_BY, .time = when - 3 * MINUTE_MS};
	trip.from = draw_home(draw, &rng, hub);
	trip.to = draw->town->timetable.stop_point[draw->hubs[hub]];
	if (event == NONE)
		trip.time_kind = TIME_NOW;
	draw_rider(draw, &trip);
	if (event != NONE && chance(draw, FOR_TIE, draw->options->tied) &&
	    !timetable_key(draw->town, event, day, &trip.tie))
		trip.tie_kind = TIE_TO_TRIP;
	return push_trip(draw, &trip);
}

static int draw_plain(struct draw *draw, uint32_t hub, instant_ms at)
{
	struct demand_trip trip = {.ask_at = at, .time_kind = TIME_NOW};
	struct rng rng = stream(draw, FOR_PLACE);
	trip.from = draw_home(draw, &rng, hub);
	do {
		trip.to = draw_home(draw, &rng, hub);
	} while (geo_rough_mm(trip.from, trip.to) < NEAR_MIN_MM && draw->n_homes[hub] > 1 && rng_chance(&rng, 900));
	draw_rider(draw, &trip);
	rng = stream(draw, FOR_BOOKING);
	if (rng_chance(&rng, draw->options->prebooked * 2)) {
		trip.time_kind = TIME_LEAVE_AT;
		trip.time = at + rng_between(&rng, 70, 180) * MINUTE_MS;
	} else if (rng_chance(&rng, draw->options->arrive_by * 2)) {
		trip.time_kind = TIME_ARRIVE_BY;
		trip.time = at + rng_between(&rng, 40, 120) * MINUTE_MS;
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

void demand_sort(struct demand *demand)
{
	if (demand->n)
		qsort(demand->trips, demand->n, sizeof *demand->trips, by_time);
}

/* An instant of the demand: evenly over the time, or as the totals weigh the hours. */
static instant_ms draw_time(const struct draw *draw, uint64_t n_totals)
{
	const struct demand_options *options = draw->options;
	struct rng rng = stream(draw, FOR_TIME);
	if (!options->has_totals)
		return rng_between(&rng, options->from, options->to - 1);
	uint64_t nth = (uint64_t)rng_between(&rng, 0, (int64_t)n_totals - 1);
	uint32_t slot = slot_of(draw, options->from), last = slot_of(draw, options->to - 1);
	for (; slot < last; slot++) {
		uint32_t hour = total_hour(draw, slot), total = hour == NONE ? 0 : options->totals[hour];
		if (nth < total)
			break;
		nth -= total;
	}
	return slot_begin(draw, slot) + rng_between(&rng, 0, HOUR_MS - 1);
}

static int draw_wish(struct draw *draw, instant_ms at)
{
	uint32_t hub = (uint32_t)between(draw, FOR_HUB, 0, draw->n_hubs - 1);
	uint32_t kind = (uint32_t)between(draw, FOR_KIND, 0, 999);
	if (kind < draw->options->from_train / 4) /* a wave has four riders */
		return draw_wave(draw, hub, at);
	if (kind < draw->options->from_train / 4 + draw->options->to_train)
		return draw_to_train(draw, hub, at);
	return draw_plain(draw, hub, at);
}

/* Wishes that follow trains may leave an hour short of its total: the rest ride from door to door. */
static int fill_totals(struct draw *draw, uint64_t try)
{
	uint32_t last = slot_of(draw, draw->options->to - 1);
	for (uint32_t slot = slot_of(draw, draw->options->from); slot <= last; slot++) {
		for (uint64_t tries = 100 * (uint64_t)draw->room[slot]; draw->room[slot] && tries; tries--) {
			draw->who = ++try * 8;
			int code = draw_plain(draw, (uint32_t)between(draw, FOR_HUB, 0, draw->n_hubs - 1),
					      slot_begin(draw, slot) + between(draw, FOR_TIME, 0, HOUR_MS - 1));
			if (code)
				return code;
		}
		if (draw->room[slot])
			return ERR_RANGE;
	}
	return ERR_OK;
}

/* How many wishes are wanted. ERR_RANGE: a total for an hour in which nobody asks. */
static int open_totals(struct draw *draw, uint64_t *ret_wanted)
{
	const struct demand_options *options = draw->options;
	uint8_t used[DEMAND_HOURS] = {0};
	uint32_t date;
	draw->midnight = town_service_day(draw->town, options->from, &date);
	*ret_wanted = (uint64_t)((options->to - options->from) / MINUTE_MS) * options->per_hour / 60;
	if (!options->has_totals)
		return ERR_OK;
	*ret_wanted = 0;
	for (uint32_t slot = slot_of(draw, options->from); slot <= slot_of(draw, options->to - 1); slot++) {
		uint32_t hour = total_hour(draw, slot);
		if (hour == NONE)
			continue;
		used[hour] = 1;
		draw->room[slot] = options->totals[hour];
		*ret_wanted += options->totals[hour];
	}
	for (uint32_t hour = 0; hour < DEMAND_HOURS; hour++)
		if (options->totals[hour] && !used[hour])
			return ERR_RANGE;
	return ERR_OK;
}

static int draw_all(struct draw *draw)
{
	uint64_t wanted = 0, tries = 0;
	int code = open_totals(draw, &wanted);
	for (; draw->demand->n < wanted && tries < 20 * wanted && !code; tries++) {
		draw->who = (tries + 1) * 8; /* a wave takes up to seven */
		code = draw_wish(draw, draw_time(draw, wanted));
	}
	return code || !draw->options->has_totals ? code : fill_totals(draw, tries);
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
	choose_hubs(draw);
	int code = gather_homes(draw);
	for (uint32_t h = 0; h < draw->n_hubs && !code; h++)
		if (draw->n_homes[h] == 0)
			code = ERR_NOT_FOUND;
	if (!code && draw->n_hubs == 0)
		code = ERR_NOT_FOUND;
	if (!code)
		code = draw_all(draw);
	if (!code)
		demand_sort(demand);
	for (uint32_t h = 0; h < HUBS_MAX; h++)
		free(draw->homes[h]);
	free(draw);
	if (code) {
		demand_free(demand);
		return err_set(detail, code,
			       code == ERR_NOT_FOUND
				       ? "demand: the town has no stop with addresses around it to draw trips from"
			       : code == ERR_RANGE
				       ? "demand: the totals name requests in hours outside the time of the scenario"
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

void demand_free(struct demand *demand)
{
	free(demand->trips);
	memset(demand, 0, sizeof *demand);
}
