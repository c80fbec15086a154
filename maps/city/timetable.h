/* The public timetable (GTFS) as columns. Times are seconds after "noon minus 12 h" of the service day; may exceed
 * 86,400. A connection is keyed by feed, trip_id, service date, stop_sequence, never by index (indices change with the
 * town file). */
#ifndef ZUB_TIMETABLE_H
#define ZUB_TIMETABLE_H

#include "geo.h"
#include "network.h"
#include "units.h"
#include <stdint.h>

struct timetable {
	uint32_t n_feeds, n_agencies, n_stops, n_routes, n_trips, n_stop_times, n_services, n_days, n_transfers;
	/* feeds */
	const uint32_t *feed_name; /* [n_feeds] file name without folder and extension: the key */
	const uint32_t *feed_publisher, *feed_version, *feed_time_zone; /* strings */
	const uint8_t *feed_invented; /* 1: times are invented (mapc derive-timetable, synth) and must be labelled so */
	/* agencies */
	const uint32_t *agency_feed, *agency_id, *agency_name;
	/* stops, stations and platforms */
	const uint32_t *stop_feed, *stop_id, *stop_name, *stop_platform; /* strings but feed */
	const uint32_t *stop_parent;					 /* index or NONE */
	const uint8_t *stop_type;	/* 0 stop or platform, 1 station, 2 entrance, 3 node, 4 boarding area */
	const uint8_t *stop_wheelchair; /* GTFS: 0 unknown, 1 yes, 2 no */
	const struct geo_point *stop_point;
	const struct spot
		*stop_road; /* [n_stops] nearest allowed spot of class 0, right side; arc NONE = none within 300 m */
	const struct spot *stop_walk; /* [n_stops] nearest spot on the walk network; arc NONE = none within 300 m */
	/* routes */
	const uint32_t *route_feed, *route_agency, *route_id, *route_short_name, *route_long_name;
	const uint16_t *route_type;  /* GTFS route_type */
	const uint32_t *route_color; /* 0xRRGGBB */
	/* trips; a trip of frequencies.txt is stored once per departure, told apart by trip_start_s */
	const uint32_t *trip_feed, *trip_id, *trip_route, *trip_service, *trip_headsign, *trip_short_name;
	const int32_t *trip_start_s; /* -1, or the start time of this run of a frequency trip */
	const uint8_t *trip_wheelchair, *trip_direction;
	const uint32_t *trip_first; /* [n_trips + 1] into stop_times */
	/* stop times, by trip, then stop_sequence ascending */
	const uint32_t *time_stop;
	const uint32_t *time_sequence;
	const int32_t *time_arrival_s, *time_departure_s; /* missing ones interpolated */
	const uint8_t *time_pickup, *time_dropoff;	  /* GTFS pickup_type, drop_off_type */
	/* services and days. A day table independent of services covers 20 years around the timetable */
	const uint32_t *service_feed, *service_id;
	uint32_t n_day_words;	      /* 64-bit words of a service's row = (n_days + 63) / 64 */
	const uint64_t *service_days; /* [n_services * n_day_words] bit d: runs on day d */
	const uint32_t *day_yyyymmdd; /* [n_days] ascending, consecutive calendar days */
	const instant_ms *day_start;  /* [n_days] "noon minus 12 h" in UTC in the town's time zone */
	/* transfers */
	const uint32_t *transfer_from, *transfer_to, *transfer_s; /* transfer_s NONE = not possible */
	const uint8_t *transfer_type;
	/* search helpers: stop times of each stop, sorted by departure, then index */
	const uint32_t *stop_first; /* [n_stops + 1] into stop_event */
	const uint32_t *stop_event; /* [n_stop_times] index of a stop time */
	const uint32_t *event_trip; /* [n_stop_times] trip of each stop time */
	/* [n_trips] the trips by trip_id, feed name, trip_start_s, index; for timetable_find */
	const uint32_t *trip_by_name;
};

/* A connection's lasting name. Text fields are NUL-terminated, cut never: too long is ERR_RANGE where it is made. */
struct trip_key {
	char feed[32];
	char trip_id[64];
	int32_t start_s;   /* trip_start_s */
	uint32_t yyyymmdd; /* service date */
	uint32_t stop_sequence;
};

struct town;
/* Index of the stop time a key names, or NONE; *ret_day gets the day index. */
uint32_t timetable_find(const struct town *town, const struct trip_key *key, uint32_t *ret_day);
/* Order of two trips by name (see trip_by_name): < 0, 0 (the same trip), > 0. */
int timetable_compare(const struct town *town, uint32_t trip, uint32_t other);
/* Fills trip_by_name, for who makes a town: `trips` and `scratch` have room for n_trips each. */
void timetable_sort(const struct town *town, uint32_t *trips, uint32_t *scratch);
/* Fills a key for stop time `event` on day `day`. ERR_RANGE when an id is too long. */
int timetable_key(const struct town *town, uint32_t event, uint32_t day, struct trip_key *ret_key);
/* Index of a calendar day, or NONE. */
uint32_t timetable_day(const struct timetable *timetable, uint32_t yyyymmdd);
int timetable_runs(const struct timetable *timetable, uint32_t trip, uint32_t day);

#endif
