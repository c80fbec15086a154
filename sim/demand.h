/* Who wants to travel when: from a CSV of trips, or drawn (seeded) from the town's addresses and timetable arrivals.
 * Pure on an open town. The live demo and the simulator ask with the same trips. */
#ifndef ZUB_DEMAND_H
#define ZUB_DEMAND_H

#include "command.h"
#include "err.h"
#include "town.h"

struct demand_trip {
	uint32_t number; /* in the order of drawing or reading; breaks ties of ask_at */
	instant_ms ask_at;
	struct geo_point from, to;
	uint8_t time_kind; /* enum time_kind */
	instant_ms time;
	uint8_t need_count[TOWN_NEEDS_MAX];
	uint32_t walk_max_mm;
	uint8_t tie_kind; /* enum tie_kind */
	struct trip_key tie;
	/* how the rider behaves */
	uint8_t no_show;	  /* never comes */
	uint32_t cancel_after_ms; /* cancels this long after the promise; 0 = does not */
	uint32_t late_ms;	  /* comes this long after the planned pickup */
	uint32_t patience_ms;	  /* lets an offer expire whose pickup is later than this after the wish */
	uint32_t pace_mm_s;	  /* walks so fast; 0 = as the town thinks */
};

#define DEMAND_HOURS 30
struct demand_options {
	uint64_t seed;
	instant_ms from, to; /* asks fall in here */
	uint32_t per_hour;   /* requests on average */
	uint32_t hub_mm;     /* homes lie within this of a hub (a busy stop); default 1,700,000 */
	uint32_t hubs;	     /* how many hubs; default 1 */
	/* shares, permille of all requests */
	uint32_t from_train, to_train; /* wave of riders from an arriving trip, or wanting to reach a departing one */
	uint32_t tied;		       /* of those two: tied to that trip */
	uint32_t prebooked, arrive_by;
	uint32_t wheelchair, walker, pram, dog, companion, second_rider;
	uint32_t cancel, no_show, late;
	/* how riders are, each drawn evenly between the two */
	uint32_t walk_min_m, walk_max_m;	   /* they accept; who needs step-free access mostly does not walk */
	uint32_t patience_min_ms, patience_max_ms; /* demand_trip */
	uint32_t pace_min_mm_s, pace_max_mm_s;
	/* Requests asked in each hour since midnight of the service day (25 = the hour after one at night; in runs of
	 * more than a day each day anew, 0 .. 23), in place of per_hour; exact. */
	uint8_t has_totals;
	uint32_t totals[DEMAND_HOURS];
};
void demand_default(struct demand_options *options);

struct demand {
	struct demand_trip *trips; /* ascending ask_at */
	uint32_t n;
};
/* Each wish, and each quality of it, is drawn from numbers of its own (seed, wish, purpose): changing one share leaves
 * everything else as it was, so that scenarios can be compared on the same wishes. ERR_NOT_FOUND when the town has
 * neither addresses nor stops to draw from; ERR_RANGE: the totals name hours outside from .. to. */
int demand_draw(struct demand *demand, const struct town *town, const struct demand_options *options,
		struct err_detail *detail);
/* CSV with a header: ask_at,from_lat,from_lon,to_lat,to_lon and optionally time_kind (now, leave_at, arrive_by), time,
 * persons (default 1, with a wheelchair 0), wheelchair, needs ("walker:1 companion:1", by the town's names),
 * walk_max_m, patience_s, pace_m_s, no_show, cancel_after_s, late_s, tie (from_trip, to_trip) with feed, trip_id,
 * date (yyyymmdd), stop_sequence and trip_start_s. Times as seconds after `from`; a field may be quoted but never goes
 * over the end of a line. Errors: ERR_IO, ERR_FORMAT, ERR_RANGE, by line and column. */
int demand_read(struct demand *demand, const struct town *town, const char *path, instant_ms from,
		struct err_detail *detail);
void demand_free(struct demand *demand);
/* By ask_at, then number. */
void demand_sort(struct demand *demand);

/* The busiest stop that a road reaches inside the service area (rail counts tenfold): where a demo fleet begins.
 * ERR_NOT_FOUND. */
int demand_hub(const struct town *town, struct geo_point *ret_hub);
/* A day to show the town on: the first of those on which most trips run, at 06:00. ERR_NOT_FOUND without a timetable.
 */
int demand_show_day(const struct town *town, instant_ms *ret_start);

#endif
