/* Live feeds: GTFS-Realtime of the public transport in, positions of our shuttles out. Bytes in, plain structs out; the
 * dispatcher's loop fetches the bytes and turns the structs into commands. No clock, no socket here. */
#ifndef ZUB_FEED_H
#define ZUB_FEED_H

#include "err.h"
#include "town.h"
#include <stddef.h>
#include <stdint.h>

#define FEED_BYTES_MAX (64u << 20)
#define FEED_LATE_MAX_S 86400

/* ---- in ---- */

/* What a feed says of a trip from one stop on: arrival_late_s holds for that stop, departure_late_s for it and all
 * later stops, until a later entry of the same trip. An entry is made only where something changes along the trip; the
 * first one of a trip is always there, and so replaces what an older message said (give them to transit_delay in this
 * order). Negative = early. */
struct feed_trip_delay {
	struct trip_key key;
	uint32_t event, day; /* the same as indices of the timetable */
	int32_t arrival_late_s, departure_late_s;
	uint8_t cancelled; /* the whole trip does not run; key.stop_sequence is its first stop's */
	uint8_t skipped;   /* this stop is not served, the trip runs on */
};

/* One decoded message; all memory is the message's own, until feed_message_free. */
struct feed_message {
	instant_ms at; /* the message's timestamp, or `received` */
	struct feed_trip_delay *delays;
	uint32_t n_delays;
	/* what was in it, and what could not be used (each counted once) */
	uint32_t n_entities, n_trips /* trip updates */, n_vehicles, n_alerts;
	uint32_t n_trips_unknown; /* trip id not in the timetable, or not running that day */
	uint32_t n_trips_added;	  /* extra or duplicated trips, which no timetable knows */
	uint32_t n_stops_unknown; /* stop times that match no stop of the trip */
	uint32_t n_implausible;	  /* over 24 h late or early */
};

/* A timetable feed made ready for matching. Borrows the town until feed_close. */
struct feed;
/* feed_name: as in timetable.feed_name, or NULL when the town has one feed. ERR_NOT_FOUND, ERR_MEMORY. */
int feed_open(struct feed **ret_feed, const struct town *town, const char *feed_name, struct err_detail *detail);
void feed_close(struct feed *feed);

/* Decodes a FeedMessage. Trips are found by trip_id (runs of a frequency also by start_time) and start_date; without a
 * date it is the service day of the trip nearest to the message's timestamp. Stops are found by stop_sequence, else by
 * stop_id in the order of the trip. Of time and delay, time counts. `received` stands in for a missing timestamp.
 * Alerts and vehicles are counted, no more.
 * Errors: ERR_FORMAT (not GTFS-Realtime, or cut off), ERR_RANGE (over FEED_BYTES_MAX), ERR_MEMORY. */
int feed_decode(const struct feed *feed, const void *bytes, size_t size, instant_ms received,
		struct feed_message *ret_message, struct err_detail *detail);
void feed_message_free(struct feed_message *message);

/* What is known already against what a feed says now: only what differs needs telling. Remembers when the feed last
 * said something of each trip that is not on time, so that old words end. One for each feed and town. */
struct feed_memory;
struct feed_rules {
	int64_t expire_ms; /* what was said of a trip holds so long after it was last said */
	int32_t least_s;   /* a smaller difference is no news */
	uint32_t room;	   /* how many more entries whoever is told can keep */
	uint32_t most;	   /* told at once; the rest the next time */
};
struct feed_news {
	struct feed_trip_delay *tell; /* in order; each replaces what was known of its stop and all later ones */
	uint32_t n_tell;
	uint32_t n_late;	    /* trips not on time, with these news */
	uint32_t n_trips, n_ended;  /* trips with news; of those, old words that end (on time again) */
	uint32_t n_left, n_no_room; /* trips left for the next time; trips for which there is no room */
};
int feed_memory_open(struct feed_memory **ret_memory, const struct feed *feed, struct err_detail *detail);
void feed_memory_close(struct feed_memory *memory);
/* known: all that is known of trips of this feed, in any order (event and day are looked up from the key; what the
 * timetable does not know is left alone). message: the newest one, the same again when there is none newer, NULL before
 * the first. Trips that have ended and stops passed ten minutes ago are no news. ret_news->tell is freed by
 * feed_news_free. ERR_MEMORY. */
int feed_compare(struct feed_memory *memory, const struct feed_message *message, struct feed_trip_delay *known,
		 uint32_t n_known, instant_ms now, const struct feed_rules *rules, struct feed_news *ret_news);
void feed_news_free(struct feed_news *news);

/* ---- out ---- */

struct feed_vehicle {
	char id[64]; /* public name of the vehicle, UTF-8 */
	struct geo_point point;
	int32_t bearing_degrees;   /* 0 .. 359 clockwise from north, -1 = unknown */
	instant_ms at;		   /* when it was there */
	int32_t occupancy_percent; /* 0 .. 100, -1 = unknown */
};
/* Encodes a full dataset of vehicle positions, in the order given; same input, same bytes. *ret_bytes is malloc'ed.
 * ERR_MEMORY, ERR_RANGE (a value outside what is said above). */
int feed_encode_vehicles(const struct feed_vehicle *vehicles, uint32_t n, instant_ms at, uint8_t **ret_bytes,
			 size_t *ret_size, struct err_detail *detail);

/* Encodes a full dataset of trip updates, for simulated public transport: entries of one trip on one day stand
 * together, in the order of its stops (event and day do not matter). Same input, same bytes. *ret_bytes is malloc'ed.
 * ERR_MEMORY, ERR_RANGE. */
int feed_encode_delays(const struct feed_trip_delay *delays, uint32_t n, instant_ms at, uint8_t **ret_bytes,
		       size_t *ret_size, struct err_detail *detail);

#endif
