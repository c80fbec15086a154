/* Live times of the public transport, from the feeds into the core: what a feed says is compared with what the core
 * knows, and only what differs becomes a journaled command. */
#ifndef ZUB_FEEDS_H
#define ZUB_FEEDS_H

#include "err.h"
#include "host.h"
#include "settings.h"

struct event_base;
struct feeds;
struct feeds_hooks {
	void *self;
	const struct core *(*core)(void *self);
	instant_ms (*now)(void *self);
	int (*may)(void *self); /* 0 while nothing is taken (holding) */
	void (*submit)(void *self, struct command *command);
};
/* NULL in *ret_feeds when the settings name none. ERR_FORMAT, ERR_FULL, ERR_MEMORY, ERR_IO. */
int feeds_open(struct feeds **ret_feeds, struct event_base *base, const struct settings *settings,
	       const struct feeds_hooks *hooks, struct err_detail *detail);
void feeds_close(struct feeds *feeds);
/* Once a second: the town and the service time by now. */
void feeds_tick(struct feeds *feeds);
uint32_t feeds_view(const struct feeds *feeds, struct host_feed *ret_feeds, uint32_t most);
/* Prometheus lines; returns the length. */
size_t feeds_metrics(const struct feeds *feeds, char *text, size_t size);

#endif
