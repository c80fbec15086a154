/* What the GTFS reader gathers before it becomes columns. Private to gtfs*.c. */
#ifndef ZUB_GTFS_MODEL_H
#define ZUB_GTFS_MODEL_H

#include "array.h"
#include "gtfs.h"
#include "gtfs_source.h"

#define GTFS_TRIPS_MAX 20000000u
#define GTFS_TIMES_MAX 1000000000u
#define GTFS_RUNS_MAX 1000000u /* of frequencies.txt: a few bytes must not become gigabytes */
#define GTFS_TIME_MISSING INT32_MIN

struct model_feed {
	uint32_t name, publisher, version, time_zone, attribution;
	uint8_t invented;
};
struct model_agency {
	uint32_t feed, id, name;
};
struct model_stop {
	uint32_t feed, id, name, platform;
	uint32_t parent_id, parent; /* string; index in the model */
	struct geo_point point;
	uint32_t line;
	uint8_t type, wheelchair, placed /* has its own coordinates */, dropped;
};
struct model_route {
	uint32_t feed, agency, id, short_name, long_name, color;
	uint16_t type;
};
struct model_service {
	uint32_t feed, id;
	int32_t first_day, last_day; /* days since 1970; last < first: only exceptions */
	uint8_t weekdays;	     /* bit 0 = Monday */
};
struct model_exception {
	uint32_t service;
	int32_t day;
	uint8_t runs;
};
struct model_trip {
	uint32_t feed, id, route, service, headsign, short_name;
	int32_t start_s;
	uint8_t wheelchair, direction;
	uint8_t dropped, frequent; /* frequent: only a pattern, its runs are further trips */
	uint32_t line;
	uint32_t first_time, n_times; /* into the sorted times */
	int32_t shift_s;	      /* runs of a frequency: added to the pattern's times */
};
struct model_time {
	uint32_t trip, stop, sequence, line;
	int32_t arrival_s, departure_s; /* GTFS_TIME_MISSING */
	double travelled;		/* shape_dist_traveled, < 0 = missing */
	uint8_t pickup, dropoff;
};
struct model_frequency {
	uint32_t trip, headway_s, line;
	int32_t first_s, last_s;
};
struct model_transfer {
	uint32_t from, to, seconds; /* NONE = not possible */
	uint8_t type;
};

/* From a string of the pool to a row of the present feed. */
struct model_index {
	uint32_t *row;
	size_t n, cap;
};

struct model {
	struct build *build;
	struct err_detail *detail;
	uint32_t feed; /* the one being read */
	const char *feed_path;
	struct model_feed *feeds;
	struct model_agency *agencies;
	struct model_stop *stops;
	struct model_route *routes;
	struct model_service *services;
	struct model_exception *exceptions;
	struct model_trip *trips;
	struct model_time *times;
	struct model_frequency *frequencies;
	struct model_transfer *transfers;
	size_t n_feeds, n_agencies, n_stops, n_routes, n_services, n_exceptions, n_trips, n_times, n_frequencies,
		n_transfers;
	size_t cap_feeds, cap_agencies, cap_stops, cap_routes, cap_services, cap_exceptions, cap_trips, cap_times,
		cap_frequencies, cap_transfers;
	size_t feed_stops, feed_trips, feed_times, feed_agencies; /* where the present feed's rows begin */
	struct model_index agency_of, stop_of, route_of, service_of, trip_of;
	uint32_t last_trip_id, last_trip; /* stop_times come in runs of one trip */
};

int model_memory(const struct model *model); /* sets the detail, returns ERR_MEMORY */
/* A complaint about a row that is left out or repaired. */
void model_report(const struct model *model, const char *kind, const char *table, uint32_t line, const char *about);

/* gtfs_rows.c: reads all tables of one feed into the model. */
int gtfs_rows_read(struct model *model, struct gtfs_source *source);
/* gtfs_trips.c: per feed: orders and checks the stop times, fills missing times, expands frequencies. */
int gtfs_trips_finish(struct model *model);
/* gtfs_columns.c: the model as sorted columns of build->town.timetable; the day table exists already. */
int gtfs_columns_make(struct model *model);

/* gtfs_days.c */
int32_t gtfs_day_number(uint32_t yyyymmdd); /* days since 1970-01-01; INT32_MIN when it is no date */
uint32_t gtfs_day_yyyymmdd(int32_t day);
/* Are the clocks of both zones alike on every day of the table? */
int gtfs_days_same(const struct build *build, const char *zone, struct err_detail *detail, int *ret_same);

#endif
