/* Finds trips, days and stops of a timetable feed by the names GTFS-Realtime uses. Private to the feed library. */
#ifndef ZUB_FEED_MATCH_H
#define ZUB_FEED_MATCH_H

#include "feed.h"

struct feed {
	const struct town *town;
	uint32_t feed;
	uint32_t *trips, *stops; /* of this feed, by id */
	uint32_t n_trips, n_stops;
};

/* Index by id, or NONE. trip: start_s -1, or the start time of a run of a frequency. */
uint32_t match_trip(const struct feed *feed, const char *trip_id, int32_t start_s);
uint32_t match_stop(const struct feed *feed, const char *stop_id);
/* The day of the trip named by "YYYYMMDD", or without a date the one nearest to `at`; NONE when it does not run then.
 */
uint32_t match_day(const struct feed *feed, uint32_t trip, const char *start_date, instant_ms at);
/* "HH:MM:SS" to seconds, -1 when it is none. */
int32_t match_seconds(const char *text);

#endif
