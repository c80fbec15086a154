/* Reads GTFS zips into build->town.timetable. The road and walk networks must be final (stops are linked to them).
 * Feeds keep their own service ids, trip ids, ...; columns are sorted deterministically. */
#ifndef ZUB_GTFS_H
#define ZUB_GTFS_H

#include "build.h"

/* A feed whose feed_info.txt has a feed_publisher_name that begins with this (any case) holds invented times: the
 * reader sets feed_invented, and everything that shows its times says so. Written by gtfs_derive and synth_write. */
#define GTFS_INVENTED "invented:"

/* paths: zip files or folders. Errors name file, table, line, column. Questionable rows go to the report. */
int gtfs_build(struct build *build, const char *const *paths, uint32_t n_paths, struct err_detail *detail);
/* The day table alone (towns without GTFS): 20 years around `yyyymmdd` in build->town's time zone. */
int gtfs_build_days(struct build *build, uint32_t yyyymmdd, struct err_detail *detail);
/* Writes an invented, labelled GTFS from the bus route relations of an OSM file: stops and courses real, times
 * invented. */
struct derive_options {
	const char *osm_path, *gtfs_path;
	uint32_t first_yyyymmdd, last_yyyymmdd;
	uint32_t headway_s;    /* base headway; 0 = 1200 */
	const char *time_zone; /* NULL = "Europe/Berlin" */
};
/* How the times are made: bus lines (tram lines alike) run from 05:00 (Sundays 07:00) to 23:30 at 20 km/h over 1.3
 * times the line from stop to stop plus 20 s at each; every headway_s per direction on working days from 06:00 to
 * 20:00, half as often before and after; Saturdays 3/2, Sundays twice the headway; lines whose longest course has under
 * 15 stops half as often again. Several courses of a line share its headway. Trains run hourly at 80 km/h; where a
 * course leaves the map, a stop "... (beyond the map)" stands where it leaves. Same options, same bytes. */
int gtfs_derive(const struct derive_options *options, struct report *report, struct err_detail *detail);

#endif
