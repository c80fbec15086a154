/* Fetches live feeds beside the loop: one thread asks each source in turn, decodes what came, and leaves it to be
 * taken. It never blocks the loop, whatever a server does: time-outs, a size limit, http and https only (and files
 * named by a path), redirections only to those. Asked again with If-None-Match or If-Modified-Since; the same bytes
 * again are not decoded again. */
#ifndef ZUB_FETCH_H
#define ZUB_FETCH_H

#include "feed.h"

#define FETCH_SOURCES_MAX 8
#define FETCH_ADDRESS_MAX 512

struct fetch_source {
	char feed[32];			 /* name of the timetable feed, "" = the only one */
	char address[FETCH_ADDRESS_MAX]; /* http://, https://, file:// or a path */
};
struct fetch_settings {
	struct fetch_source sources[FETCH_SOURCES_MAX];
	uint32_t n_sources;
	uint32_t every_ms, timeout_ms, bytes_max; /* wall time */
};
/* Reads "[FEED=]ADDRESS ..." (separated by blanks) into settings->sources. ERR_FORMAT, ERR_FULL. */
int fetch_read_sources(struct fetch_settings *settings, const char *text, struct err_detail *detail);

enum fetch_outcome {
	FETCH_NEWS,	 /* message is filled */
	FETCH_UNCHANGED, /* the same as before */
	FETCH_UNREACHABLE,
	FETCH_GARBLED /* too large, not GTFS-Realtime, or for a timetable feed that the town does not have */
};
struct fetch_result {
	uint32_t source;
	enum fetch_outcome outcome;
	char why[160];		     /* when it went wrong; for people */
	const struct town *town;     /* that the message is for */
	struct feed_message message; /* freed by the taker */
};

struct fetch;
/* A town is borrowed until some while after fetch_tell has named another one. ERR_MEMORY, ERR_IO. */
int fetch_open(struct fetch **ret_fetch, const struct fetch_settings *settings, const struct town *town,
	       struct err_detail *detail);
void fetch_close(struct fetch *fetch);
/* Readable while there is something to take. */
int fetch_fd(const struct fetch *fetch);
/* The newest outcome of some source that was not taken yet; ERR_NOT_FOUND. */
int fetch_take(struct fetch *fetch, struct fetch_result *ret_result);
/* What the next messages are for, and the service time by now. */
void fetch_tell(struct fetch *fetch, const struct town *town, instant_ms now);

#endif
