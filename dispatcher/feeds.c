#include "feeds.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "feed.h"
#include "fetch.h"
#include "log.h"

#define TELL_MOST 512	   /* commands at once, from one feed */
#define LOG_AGAIN_MS 60000 /* a feed that comes and goes is told of once a minute */

struct source {
	const char *name;
	/* for the town as it is now */
	struct feed *feed;
	struct feed_memory *memory;
	struct feed_message message; /* the newest */
	int has_message;
	uint8_t state, said_state;
	int64_t said_at; /* wall */
	uint32_t n_late;
	uint64_t polls, failures, changes, ended, no_room;
};
struct feeds {
	const struct settings *settings;
	struct feeds_hooks hooks;
	struct fetch_settings fetch_settings;
	struct fetch *fetch;
	struct event *readable;
	const struct town *town;
	struct source sources[FETCH_SOURCES_MAX];
	uint32_t n;
};

static const char *const state_words[] = {"waits for its first message", "is well", "is stale: what it says is old",
					  "cannot be reached", "cannot be understood"};

/* ---- what the core knows ---- */

static void to_delay(const struct cmd_trip_delay *from, struct feed_trip_delay *to)
{
	*to = (struct feed_trip_delay){.key = from->trip,
				       .arrival_late_s = from->arrival_late_s,
				       .departure_late_s = from->departure_late_s,
				       .cancelled = from->cancelled == TRIP_CANCELLED,
				       .skipped = from->cancelled == TRIP_SKIPS_STOP};
}

static struct feed_trip_delay *all_known(const struct core *core, uint32_t *ret_n)
{
	uint32_t n = core_n_delays(core);
	struct feed_trip_delay *known = malloc(((size_t)n + 1) * sizeof *known);
	for (uint32_t i = 0; i < n && known; i++) {
		struct cmd_trip_delay delay;
		core_delay_at(core, i, &delay);
		to_delay(&delay, &known[i]);
	}
	*ret_n = known ? n : 0;
	return known;
}

static void submit(struct feeds *feeds, const struct feed_trip_delay *delay)
{
	struct command command = {.kind = CMD_TRIP_DELAY};
	command.trip_delay = (struct cmd_trip_delay){delay->key, delay->arrival_late_s, delay->departure_late_s,
						     (uint8_t)(delay->cancelled ? TRIP_CANCELLED
							       : delay->skipped ? TRIP_SKIPS_STOP
										: TRIP_RUNS)};
	feeds->hooks.submit(feeds->hooks.self, &command);
}

static void compare(struct feeds *feeds, struct source *source)
{
	const struct core *core = feeds->hooks.core(feeds->hooks.self);
	const struct feed_rules rules = {.expire_ms = feeds->settings->feeds_expire_ms,
					 .least_s = (int32_t)(feeds->settings->feeds_least_ms / SECOND_MS),
					 .room = core_delays_room(core),
					 .most = TELL_MOST};
	struct feed_news news;
	uint32_t n;
	if (!source->memory || !feeds->hooks.may(feeds->hooks.self))
		return;
	struct feed_trip_delay *known = all_known(core, &n);
	if (!known || feed_compare(source->memory, source->has_message ? &source->message : NULL, known, n,
				   feeds->hooks.now(feeds->hooks.self), &rules, &news)) {
		log_line(LOG_WARNING, "feed %s: out of memory", source->name);
		free(known);
		return;
	}
	free(known);
	for (uint32_t i = 0; i < news.n_tell; i++)
		submit(feeds, &news.tell[i]);
	source->changes += news.n_tell;
	source->ended += news.n_ended;
	source->no_room = news.n_no_room;
	source->n_late = news.n_late;
	feed_news_free(&news);
}

/* ---- what comes ---- */

static void say(struct source *source, const char *why)
{
	int64_t now = clock_wall_ms();
	if (source->state == source->said_state || (source->said_at && now - source->said_at < LOG_AGAIN_MS))
		return;
	source->said_state = source->state;
	source->said_at = now;
	log_line(source->state == HOST_FEED_OK ? LOG_INFO : LOG_WARNING, "live feed%s%s %s%s%s",
		 source->name[0] ? " " : "", source->name, state_words[source->state], why[0] ? ": " : "", why);
}

/* A message is as old as it says, whenever it was fetched. */
static uint8_t state_of(const struct feeds *feeds, const struct source *source, enum fetch_outcome outcome)
{
	if (outcome == FETCH_UNREACHABLE)
		return HOST_FEED_UNREACHABLE;
	if (outcome == FETCH_GARBLED)
		return HOST_FEED_GARBLED;
	if (!source->has_message)
		return HOST_FEED_WAITING;
	instant_ms now = feeds->hooks.now(feeds->hooks.self);
	return source->message.at <= now - feeds->settings->feeds_expire_ms ? HOST_FEED_STALE : HOST_FEED_OK;
}

static void take(struct feeds *feeds, struct fetch_result *result)
{
	struct source *source = &feeds->sources[result->source];
	source->polls++;
	if (result->town != feeds->town) { /* of before a swap */
		feed_message_free(&result->message);
		return;
	}
	source->failures += result->outcome == FETCH_UNREACHABLE || result->outcome == FETCH_GARBLED;
	if (result->outcome == FETCH_NEWS) {
		feed_message_free(&source->message);
		source->message = result->message;
		source->has_message = 1;
	}
	source->state = state_of(feeds, source, result->outcome);
	say(source, result->why);
	compare(feeds, source);
}

static void on_readable(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	struct feeds *feeds = self;
	struct fetch_result result;
	for (uint32_t i = 0; i < feeds->n && fetch_take(feeds->fetch, &result) == ERR_OK; i++)
		take(feeds, &result);
}

/* ---- the town ---- */

static void forget_town(struct source *source)
{
	feed_memory_close(source->memory);
	feed_close(source->feed);
	feed_message_free(&source->message);
	source->memory = NULL;
	source->feed = NULL;
	source->has_message = 0;
	source->n_late = 0;
}

static void take_town(struct feeds *feeds, const struct town *town)
{
	feeds->town = town;
	for (uint32_t i = 0; i < feeds->n; i++) {
		struct source *source = &feeds->sources[i];
		struct err_detail detail = {""};
		forget_town(source);
		int code = feed_open(&source->feed, town, source->name[0] ? source->name : NULL, &detail);
		if (!code)
			code = feed_memory_open(&source->memory, source->feed, &detail);
		if (code)
			log_line(LOG_ERROR, "%s", detail.text);
	}
}

void feeds_tick(struct feeds *feeds)
{
	if (!feeds)
		return;
	const struct town *town = core_town(feeds->hooks.core(feeds->hooks.self));
	if (town != feeds->town)
		take_town(feeds, town);
	fetch_tell(feeds->fetch, town, feeds->hooks.now(feeds->hooks.self));
}

/* ---- open and close ---- */

static int open_fetch(struct feeds *feeds, struct event_base *base, struct err_detail *detail)
{
	feeds->fetch_settings.every_ms = (uint32_t)feeds->settings->feeds_poll_ms;
	feeds->fetch_settings.timeout_ms = (uint32_t)feeds->settings->feeds_timeout_ms;
	feeds->fetch_settings.bytes_max = (uint32_t)feeds->settings->feeds_bytes_max;
	int code = fetch_open(&feeds->fetch, &feeds->fetch_settings, feeds->town, detail);
	if (code)
		return code;
	feeds->readable = event_new(base, fetch_fd(feeds->fetch), EV_READ | EV_PERSIST, on_readable, feeds);
	if (!feeds->readable || event_add(feeds->readable, NULL))
		return err_set(detail, ERR_MEMORY, "live feeds: out of memory");
	feeds_tick(feeds);
	return ERR_OK;
}

int feeds_open(struct feeds **ret_feeds, struct event_base *base, const struct settings *settings,
	       const struct feeds_hooks *hooks, struct err_detail *detail)
{
	struct feeds *feeds = calloc(1, sizeof *feeds);
	*ret_feeds = NULL;
	if (!feeds)
		return err_set(detail, ERR_MEMORY, "live feeds: out of memory");
	feeds->settings = settings;
	feeds->hooks = *hooks;
	int code = fetch_read_sources(&feeds->fetch_settings, settings->feeds_trip_updates, detail);
	feeds->n = feeds->fetch_settings.n_sources;
	if (code || feeds->n == 0) {
		free(feeds);
		return code;
	}
	for (uint32_t i = 0; i < feeds->n; i++)
		feeds->sources[i].name = feeds->fetch_settings.sources[i].feed;
	take_town(feeds, core_town(hooks->core(hooks->self)));
	code = open_fetch(feeds, base, detail);
	if (code) {
		feeds_close(feeds);
		return code;
	}
	*ret_feeds = feeds;
	return ERR_OK;
}

void feeds_close(struct feeds *feeds)
{
	if (!feeds)
		return;
	if (feeds->readable)
		event_free(feeds->readable);
	fetch_close(feeds->fetch);
	for (uint32_t i = 0; i < feeds->n; i++)
		forget_town(&feeds->sources[i]);
	free(feeds);
}

/* ---- what people see ---- */

uint32_t feeds_view(const struct feeds *feeds, struct host_feed *ret_feeds, uint32_t most)
{
	uint32_t n = feeds ? feeds->n : 0;
	for (uint32_t i = 0; i < n && i < most; i++) {
		const struct source *source = &feeds->sources[i];
		ret_feeds[i] = (struct host_feed){.state = source->state,
						  .message_at = source->has_message ? source->message.at : INSTANT_NONE,
						  .n_late = source->n_late,
						  .n_trips = source->has_message ? source->message.n_trips : 0};
		snprintf(ret_feeds[i].name, sizeof ret_feeds[i].name, "%s", source->name);
	}
	return n < most ? n : most;
}

struct figure {
	const char *name, *kind, *help;
	int64_t (*of)(const struct feeds *feeds, const struct source *source);
};

static int64_t is_well(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return source->state == HOST_FEED_OK;
}
static int64_t polls_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return (int64_t)source->polls;
}
static int64_t failures_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return (int64_t)source->failures;
}
static int64_t changes_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return (int64_t)source->changes;
}
static int64_t ended_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return (int64_t)source->ended;
}
static int64_t late_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return source->n_late;
}
static int64_t no_room_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return (int64_t)source->no_room;
}
static int64_t unknown_of(const struct feeds *feeds, const struct source *source)
{
	(void)feeds;
	return source->message.n_trips_unknown;
}
static int64_t age_of(const struct feeds *feeds, const struct source *source)
{
	return source->has_message ? (feeds->hooks.now(feeds->hooks.self) - source->message.at) / SECOND_MS : -1;
}

static const struct figure figures[] = {
	{"up", "gauge", "1: the newest message was read and is fresh.", is_well},
	{"polls_total", "counter", "Looks at the feed.", polls_of},
	{"failures_total", "counter", "Of those, not reached or not understood.", failures_of},
	{"changes_total", "counter", "Changes given to the core.", changes_of},
	{"ended_total", "counter", "Trips whose last word had become too old.", ended_of},
	{"late_trips", "gauge", "Trips known to be not on time.", late_of},
	{"no_room", "gauge", "Trips that are not on time for which the core has no room.", no_room_of},
	{"unknown_trips", "gauge", "Trips of the newest message that the timetable does not know.", unknown_of},
	{"message_age_seconds", "gauge", "Age of the newest message, -1 before the first.", age_of},
};

size_t feeds_metrics(const struct feeds *feeds, char *text, size_t size)
{
	size_t n = 0;
	for (size_t f = 0; f < COUNT_OF(figures) && feeds && n < size; f++) {
		const struct figure *figure = &figures[f];
		n += (size_t)snprintf(text + n, size - n, "# HELP zubringer_feed_%s %s\n# TYPE zubringer_feed_%s %s\n",
				      figure->name, figure->help, figure->name, figure->kind);
		for (uint32_t i = 0; i < feeds->n && n < size; i++)
			n += (size_t)snprintf(text + n, size - n, "zubringer_feed_%s{feed=\"%s\"} %" PRId64 "\n",
					      figure->name, feeds->sources[i].name,
					      figure->of(feeds, &feeds->sources[i]));
	}
	return n < size ? n : size - 1;
}
