/* Fetches live feeds beside the loop: one thread asks each source in turn, decodes what came, and leaves it to be
 * taken. It never blocks the loop, whatever a server does: time-outs, a size limit, http and https only (and files
 * named by a path), redirections only to those. Asked again with If-None-Match or If-Modified-Since; the same bytes
 * again are not decoded again. */
#ifndef ZUB_POLL_H
#define ZUB_POLL_H

#include "feed.h"

#define POLL_SOURCES_MAX 8
#define POLL_ADDRESS_MAX 512

struct poll_source {
	char feed[32];			/* name of the timetable feed, "" = the only one */
	char address[POLL_ADDRESS_MAX]; /* http://, https://, file:// or a path */
};
struct poll_settings {
	struct poll_source sources[POLL_SOURCES_MAX];
	uint32_t n_sources;
	uint32_t every_ms, timeout_ms, bytes_max; /* wall time */
};
/* Reads "[FEED=]ADDRESS ..." (separated by blanks) into settings->sources. ERR_FORMAT, ERR_FULL. */
int poll_read_sources(struct poll_settings *settings, const char *text, struct err_detail *detail);

enum poll_outcome {
	POLL_NEWS,	/* message is filled */
	POLL_UNCHANGED, /* the same as before */
	POLL_UNREACHABLE,
	POLL_GARBLED /* too large, not GTFS-Realtime, or for a timetable feed that the town does not have */
};
struct poll_result {
	uint32_t source;
	enum poll_outcome outcome;
	char why[160];		     /* when it went wrong; for people */
	const struct town *town;     /* that the message is for */
	struct feed_message message; /* freed by the taker */
};

struct poll;
/* A town is borrowed until some while after poll_tell has named another one. ERR_MEMORY, ERR_IO. */
int poll_open(struct poll **ret_poll, const struct poll_settings *settings, const struct town *town,
	      struct err_detail *detail);
void poll_close(struct poll *poll);
/* Readable while there is something to take. */
int poll_fd(const struct poll *poll);
/* The newest outcome of some source that was not taken yet; ERR_NOT_FOUND. */
int poll_take(struct poll *poll, struct poll_result *ret_result);
/* What the next messages are for, and the service time by now. */
void poll_tell(struct poll *poll, const struct town *town, instant_ms now);

#endif
