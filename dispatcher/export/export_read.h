/* Private to the export: a day as export_read.c gathers it from the records and export_day.c writes it. */
#ifndef ZUB_EXPORT_READ_H
#define ZUB_EXPORT_READ_H

#include "command.h"
#include "export_day.h"
#include "update.h"

#define EXPORT_NEEDS_MAX 64
#define EXPORT_CELL_E7 44966 /* of latitude: 500 m */
#define EXPORT_STOP_NEAR_MM 25000

struct day_need {
	const char *name, *label; /* borrowed from the town */
};
struct day_ride {
	uint64_t ride, client, needs; /* needs: bit i = day.needs[i] */
	instant_ms asked_at, wished_at, earliest_pickup, latest_pickup, latest_arrival, at_stop_at, boarded_at,
		alighted_at, closed_at;
	struct geo_point from, to;
	uint32_t vehicle, pickup_visit, dropoff_visit; /* visits by index, NONE = none */
	int32_t pickup_late_ms, arrival_late_ms;
	uint32_t n_reassigned;
	uint8_t state, refusal, cause, party, time_kind, tie_kind;
	uint8_t erased;	 /* what was asked for is not known any more */
	uint8_t dropped; /* a repeated request that got the answer of an earlier one */
	int8_t kept;	 /* -1 = never promised, or not known yet */
};
struct day_visit { /* a vehicle stops for riders */
	uint32_t vehicle, stop;
	const char *stop_name; /* "" = at a door, or at a stop without a name */
	instant_ms arrived_at, departed_at;
	struct geo_point point;			  /* of the stop, or the middle of the door's cell */
	uint32_t boarded, alighted, aboard_after; /* persons */
	uint8_t in_day;
};
struct day_vehicle {
	uint32_t number, class_index;
	char name[CORE_WHO_MAX];
	const char *class_name;
	instant_ms first_at, last_at; /* of what it told on that day, INSTANT_NONE = nothing */
	uint64_t empty_mm, loaded_mm;
	uint32_t n_visits, n_rides, n_persons, aboard_most, n_mrc, n_faults, n_charges, n_cleanings, n_lost;
	/* while reading */
	uint32_t boot, sequence, visit, n_aboard;
	struct spot last;
};
struct day {
	uint32_t yyyymmdd;
	const struct town *town; /* the one in force, at the end that of the last record read */
	instant_ms begins;	 /* local midnight of the service day */
	struct day_need needs[EXPORT_NEEDS_MAX];
	uint32_t n_needs;
	struct day_ride *rides;
	size_t n_rides, cap_rides;
	struct day_visit *visits;
	size_t n_visits, cap_visits;
	struct day_vehicle *vehicles;
	size_t n_vehicles, cap_vehicles;
};

/* Reads the whole journal (a ride may be booked weeks before); what is not of that day is marked by day_has. */
int day_read(struct day *day, struct store *store, export_town_source find, void *self, struct err_detail *detail);
void day_free(struct day *day);
/* A ride is of the day of its pickup: as promised, else as wished. */
int day_has(const struct day *day, const struct day_ride *ride);

/* Cells of some 500 m, counted from the town's origin. */
struct day_cell {
	int32_t north, east;
};
struct day_cell day_cell_of(const struct town *town, struct geo_point point);
struct geo_point day_cell_corner(const struct town *town, struct day_cell cell); /* south-west */

#endif
