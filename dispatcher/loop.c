#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "clock.h"
#include "dock.h"
#include "feeds.h"
#include "http.h"
#include "improver.h"
#include "journal.h"
#include "link.h"
#include "log.h"
#include "pace.h"
#include "project.h"
#include "story.h"
#include "towns.h"

#define QUEUE_MAX 256
#define TICK_WALL_MS 100
#define TELEMETRY_MAX 512
#define AWAY_SAID_MS 500   /* a disk that is slow once is no news */
#define AGAIN_MS 50	   /* between tries of a commit while the store is away */
#define START_AGAIN_MS 500 /* between tries of a start whose store is away */
#define TIDY_EVERY_MS HOUR_MS
#define QUIET_MS 2000 /* then vehicles have had their say, before silent ones are called lost */

struct pending {
	struct command command;
	char *identity; /* JSON, owned */
	host_reply *reply;
	void *arg;
	uint32_t first, n; /* its updates, once stepped */
};

struct loop {
	const struct settings *settings;
	const struct fleet *fleet;
	struct towns towns;
	struct towns_entry *town; /* the core's present one */
	struct deciders deciders;
	struct arena arena;
	struct core *core;
	struct core_settings core_settings; /* it was opened with */
	struct store *store;
	struct journal *journal;
	struct dock *dock;
	struct pace *pace; /* NULL: streets are as the map and the closures say */
	struct link *link;
	struct http *http;
	struct feeds *feeds;	   /* NULL = none */
	struct improver *improver; /* NULL = plans stay as they are made */
	struct plans_answer improved;
	uint32_t n_improved, n_improved_answered; /* proposals of it that are on their way through the journal */
	instant_ms improved_at;
	uint64_t improve_rounds, improve_proposals, improve_taken;
	int64_t improve_saved;
	struct clock clock;
	struct event_base *base;
	struct event *tick, *flush, *second, *again, *signals[3];
	struct pending *queue;
	uint32_t n_queue;
	/* Stepped and not yet known to be durable. Not 0 outside flush_queue: the store is away, and the core ahead of
	 * the journal. Then nothing is stepped, read or told; only standstill passes. */
	struct pending batch[QUEUE_MAX];
	uint32_t n_batch;
	int64_t away_since, quiet_until; /* wall; away_since 0 = the store answers */
	int away_said;
	char away_reason[320];
	struct project_rows projection;
	int projecting;
	/* The store cannot be read or written since the start: the core is an empty one that only knows the fleet (or,
	 * once `recovered`, the journal's, without an epoch to write with). Nothing but standstill passes. */
	int waiting, recovered;
	int rest_due;	   /* begun, but town and fleet are not told to the core yet */
	int addresses_due; /* not written yet */
	uint32_t epoch;
	int hold_mode;
	char hold_reason[256];
	int status; /* of the process, when the loop ends itself */
	struct store_telemetry telemetry[TELEMETRY_MAX];
	uint32_t n_telemetry;
	int64_t tidied_at; /* wall; 0 = not yet */
	uint64_t commits, commands, commit_us_max, commit_us_sum;
};

#define SNAPSHOTS_KEPT 3

/* ---- durable batches ---- */

static void die_unsaved(const char *what, const struct err_detail *detail)
{
	/* The core in memory is ahead of the journal: nothing of it may be told. The journal is the truth. */
	log_line(LOG_ERROR, "%s: %s; starting again from the journal", what, detail->text);
	_exit(LOOP_EXIT_RESTART);
}

static void send_docked(struct loop *loop)
{
	uint32_t vehicle;
	static struct wire_message message;
	while (dock_next(loop->dock, &vehicle, &message))
		link_send(loop->link, vehicle, &message); /* not connected: the dock repeats */
}

static void reply_to(struct loop *loop, struct pending *pending, const struct update *updates)
{
	uint64_t sequence;
	uint8_t hash[STORE_HASH_BYTES];
	if (!pending->reply)
		return;
	journal_head(loop->journal, &sequence, hash);
	pending->reply(pending->arg, ERR_OK, updates + pending->first, pending->n, sequence, hash);
}

static void release(struct loop *loop)
{
	uint32_t n;
	const struct update *updates = journal_updates(loop->journal, &n);
	int64_t wall = clock_wall_ms();
	for (uint32_t i = 0; i < n; i++) {
		dock_update(loop->dock, &updates[i], wall);
		http_update(loop->http, &updates[i]);
	}
	send_docked(loop);
}

/* Rows for the projections, in the transaction of the commit. */
static void stage(struct loop *loop)
{
	uint32_t n;
	const struct update *updates = journal_updates(loop->journal, &n);
	if (!loop->projecting)
		return;
	if (project_note(&loop->projection, updates, n) || project_fill(&loop->projection, loop->core))
		die_unsaved("projection", &(struct err_detail){"out of memory"});
	store_stage(loop->store, &loop->projection);
}

/* A disk that is full or a server that is away: nothing is wrong with what is there, and it may be asked again. */
static int is_away(int code)
{
	return code == ERR_UNAVAILABLE || code == ERR_DISK_FULL;
}

static int is_blocked(const struct loop *loop)
{
	return loop->n_batch || loop->waiting;
}

static void store_away(struct loop *loop, const struct err_detail *detail)
{
	int64_t now = clock_wall_ms();
	if (!loop->away_since)
		loop->away_since = now;
	snprintf(loop->away_reason, sizeof loop->away_reason,
		 "holding: the store takes nothing; standstill works, nothing else is taken until it does again "
		 "(%.200s)",
		 detail->text);
	if (!loop->away_said && now - loop->away_since >= AWAY_SAID_MS) {
		loop->away_said = 1;
		log_line(LOG_ERROR, "%s", loop->away_reason);
	}
	event_add(loop->again, &(struct timeval){.tv_usec = (loop->waiting ? START_AGAIN_MS : AGAIN_MS) * 1000});
}

static void store_back(struct loop *loop)
{
	int64_t now = clock_wall_ms();
	if (!loop->away_since)
		return;
	if (loop->away_said)
		log_line(LOG_WARNING, "the store is back after %" PRId64 " ms; nothing was lost",
			 now - loop->away_since);
	loop->away_said = 0;
	if (now - loop->away_since > loop->settings->link_heartbeat_ms)
		loop->quiet_until = now + QUIET_MS;
	loop->away_since = 0;
}

/* 0: the store is away, the same batch is to be committed again. */
static int commit(struct loop *loop)
{
	struct err_detail detail = {""};
	int64_t before = clock_wall_ms();
	int code = journal_commit(loop->journal, &detail);
	if (is_away(code)) {
		store_away(loop, &detail);
		return 0;
	}
	if (code)
		die_unsaved("commit failed", &detail);
	uint64_t took = (uint64_t)(clock_wall_ms() - before) * 1000;
	store_back(loop);
	loop->commits++;
	loop->commit_us_sum += took;
	if (took > loop->commit_us_max)
		loop->commit_us_max = took;
	return 1;
}

static int step_one(struct loop *loop, struct pending *pending)
{
	struct err_detail detail = {""};
	instant_ms now = clock_now(&loop->clock);
	pending->command.at = now > core_now(loop->core) ? now : core_now(loop->core);
	int code = journal_step(loop->journal, &pending->command, &pending->first, &pending->n);
	if (!code && pending->identity && pending->command.kind == CMD_REQUEST)
		code = journal_identity(loop->journal, pending->command.request.ride, pending->identity, &detail);
	if (code == ERR_INTERRUPTED) { /* this very command ended the process twice: it is not tried again */
		log_line(LOG_ERROR, "a command of kind %s is refused: it stopped the dispatcher twice",
			 core_command_name(pending->command.kind));
		if (pending->reply)
			pending->reply(pending->arg, ERR_UNAVAILABLE, NULL, 0, 0, NULL);
		pending->reply = NULL;
		pending->first = pending->n = 0;
		return ERR_OK;
	}
	if (code && code != ERR_FULL)
		die_unsaved("step failed", &detail);
	return code;
}

/* A snapshot when one is due, after everybody has heard. */
static void tend(struct loop *loop)
{
	struct err_detail detail = {""};
	if (journal_tend(loop->journal, &detail))
		log_line(LOG_WARNING, "no snapshot: %s", detail.text);
}

/* Commits what was stepped and tells everybody. 0: the store is away. */
static int finish_batch(struct loop *loop)
{
	uint32_t n_updates, n = loop->n_batch;
	if (!commit(loop))
		return 0;
	loop->n_batch = 0; /* replies may submit again */
	const struct update *updates = journal_updates(loop->journal, &n_updates);
	for (uint32_t i = 0; i < n; i++) {
		reply_to(loop, &loop->batch[i], updates);
		free(loop->batch[i].identity);
	}
	release(loop);
	tend(loop);
	return 1;
}

/* Steps, commits and releases all that is queued; a full journal buffer makes several commits of it. */
static void flush_queue(struct loop *loop)
{
	if (loop->n_batch && !finish_batch(loop))
		return;
	while (loop->n_queue && !loop->hold_mode && !loop->waiting) {
		uint32_t n = 0;
		while (n < loop->n_queue && step_one(loop, &loop->queue[n]) == ERR_OK)
			n++;
		if (n == 0)
			die_unsaved("a command does not fit the journal", &(struct err_detail){"batch full"});
		memcpy(loop->batch, loop->queue, n * sizeof *loop->batch);
		memmove(loop->queue, loop->queue + n, (loop->n_queue - n) * sizeof *loop->queue);
		loop->n_queue -= n;
		loop->n_batch = n;
		loop->commands += n;
		stage(loop);
		if (!finish_batch(loop))
			return;
	}
}

static void on_flush(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	flush_queue(self);
}

static int submit(void *self, struct command *command, const char *identity_json, host_reply *reply, void *arg)
{
	struct loop *loop = self;
	int is_out = command->kind == CMD_VEHICLE_ORDER && command->vehicle_order.already_sent; /* journaled after */
	if (loop->hold_mode || (is_blocked(loop) && !is_out))
		return ERR_UNAVAILABLE;
	if (loop->n_queue == QUEUE_MAX)
		return ERR_BUSY;
	struct pending *pending = &loop->queue[loop->n_queue];
	*pending = (struct pending){.command = *command, .reply = reply, .arg = arg};
	if (identity_json && !(pending->identity = strdup(identity_json)))
		return ERR_MEMORY;
	loop->n_queue++;
	if (is_blocked(loop)) { /* whoever ordered it hears at once that it went out */
		pending->reply = NULL;
		return ERR_UNAVAILABLE;
	}
	event_active(loop->flush, EV_TIMEOUT, 0);
	return ERR_OK;
}

static void submit_all(struct loop *loop, struct command *commands, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (loop->n_queue == QUEUE_MAX)
			flush_queue(loop);
		submit(loop, &commands[i], NULL, NULL, NULL);
	}
}

/* ---- vehicles ---- */

static void begin_rest(struct loop *loop);
static int write_addresses(struct loop *loop, struct err_detail *detail);

static void note_telemetry(struct loop *loop, uint32_t vehicle, const struct wire_state *state)
{
	if (!loop->settings->telemetry || loop->n_telemetry == TELEMETRY_MAX)
		return;
	loop->telemetry[loop->n_telemetry++] = (struct store_telemetry){.vehicle = vehicle,
									.at = state->at,
									.lat_e7 = state->place.lat_e7,
									.lon_e7 = state->place.lon_e7,
									.mode = state->mode,
									.battery_permille = state->battery_permille,
									.speed_mm_s = state->speed_mm_s};
}

static void on_vehicle(void *self, uint32_t vehicle, const struct wire_message *message)
{
	struct loop *loop = self;
	struct command commands[DOCK_COMMANDS];
	uint32_t n = 0;
	if (is_blocked(loop)) { /* as if lost on the way: agents repeat what matters until it is acknowledged */
		dock_hear(loop->dock, vehicle, clock_now(&loop->clock), clock_wall_ms());
		return;
	}
	int code = dock_receive(loop->dock, vehicle, message, clock_now(&loop->clock), clock_wall_ms(), commands,
				COUNT_OF(commands), &n);
	if (code)
		log_line(LOG_WARNING, "vehicle %" PRIu32 ": message of kind %u not taken: %s", vehicle, message->kind,
			 err_text(code));
	if (message->kind == WIRE_KIND_STATE)
		note_telemetry(loop, vehicle, &message->state);
	submit_all(loop, commands, n);
	send_docked(loop);
}

static void standstill(void *self, uint32_t vehicle, const struct wire_order *order)
{
	struct loop *loop = self;
	dock_standstill(loop->dock, vehicle, order);
	send_docked(loop);
}

/* ---- better plans ---- */

/* Answers come in the order of the proposals. */
static void on_improved(void *arg, int code, const struct update *updates, uint32_t n, uint64_t sequence,
			const uint8_t *hash)
{
	struct loop *loop = arg;
	uint32_t i = loop->n_improved_answered++;
	(void)sequence;
	(void)hash;
	if (code || !n || updates[n - 1].result.code)
		return;
	loop->improve_taken++;
	loop->improve_saved += loop->improved.proposals[i].saved;
}

static void improve_propose(struct loop *loop)
{
	struct command command = {.kind = CMD_IMPROVE};
	if (!loop->improver || loop->n_improved != loop->n_improved_answered ||
	    !improver_take(loop->improver, &loop->improved))
		return;
	loop->n_improved = loop->n_improved_answered = 0;
	for (uint32_t i = 0; i < loop->improved.n; i++) {
		command.improve = loop->improved.proposals[i].command;
		if (submit(loop, &command, NULL, on_improved, loop))
			break;
		loop->n_improved++;
	}
	loop->improve_proposals += loop->n_improved;
}

static void improve_begin(struct loop *loop)
{
	instant_ms now = clock_now(&loop->clock);
	if (!loop->improver || loop->hold_mode || now < loop->improved_at + loop->settings->improve_period_ms)
		return;
	if (!improver_begin(loop->improver, loop->core, loop->improve_rounds))
		return;
	loop->improved_at = now;
	loop->improve_rounds++;
}

static void on_tick(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	struct loop *loop = self;
	static struct command commands[2 + FLEET_MAX / COMMAND_STATES_MAX];
	uint32_t n = 0;
	instant_ms now = clock_now(&loop->clock);
	if (is_blocked(loop)) { /* vehicles hear that we live, and standstill orders, also those that come back now */
		dock_hold(loop->dock, now, clock_wall_ms());
		send_docked(loop);
		event_add(loop->tick, &(struct timeval){.tv_usec = TICK_WALL_MS * 1000});
		return;
	}
	begin_rest(loop);
	if (clock_wall_ms() >= loop->quiet_until)
		dock_tick(loop->dock, now, clock_wall_ms(), commands, COUNT_OF(commands), &n);
	submit_all(loop, commands, n);
	if (loop->pace && pace_tick(loop->pace, loop->dock, now, &commands[0]))
		submit_all(loop, commands, 1);
	if (core_due(loop->core) <= now && !loop->hold_mode)
		submit_all(loop, &(struct command){.kind = CMD_TICK}, 1);
	improve_propose(loop);
	send_docked(loop);
	int64_t wait = clock_wall_until(&loop->clock, core_due(loop->core));
	if (wait > TICK_WALL_MS)
		wait = TICK_WALL_MS;
	if (wait < 5)
		wait = 5;
	event_add(loop->tick, &(struct timeval){.tv_usec = wait * 1000});
}

/* ---- what is kept no longer ---- */

static void erase_old(struct loop *loop, int64_t keep_ms, enum erase what)
{
	struct err_detail detail = {""};
	instant_ms before = clock_now(&loop->clock) - keep_ms;
	uint32_t n = 0;
	int more = 0;
	if (!keep_ms || before < 1)
		return;
	int code = journal_erase_before(loop->journal, before, what, &n, &more, &detail);
	if (code)
		log_line(LOG_WARNING, "not erased yet: %s", detail.text);
	else if (n)
		log_line(LOG_INFO, "%" PRIu32 " rides: %s", n,
			 what == ERASE_ALL ? "erased" : "name and contact erased");
	if (more)
		loop->tidied_at = 0; /* the rest with the next second */
}

/* Each hour; a part of the journal at a time. */
static void tidy(struct loop *loop)
{
	struct err_detail detail = {""};
	int64_t wall = clock_wall_ms(), keep = loop->settings->telemetry_keep_ms;
	if (loop->hold_mode || (loop->tidied_at && wall - loop->tidied_at < TIDY_EVERY_MS))
		return;
	flush_queue(loop);
	if (loop->n_batch)
		return;
	loop->tidied_at = wall;
	instant_ms before = clock_now(&loop->clock) - keep;
	if (keep && before > 0 && loop->settings->telemetry && store_telemetry_forget(loop->store, before, &detail))
		log_line(LOG_WARNING, "old telemetry is still there: %s", detail.text);
	erase_old(loop, loop->settings->identity_keep_ms, ERASE_IDENTITY);
	erase_old(loop, loop->settings->ride_keep_ms, ERASE_ALL);
}

static void on_second(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	struct loop *loop = self;
	struct err_detail detail = {""};
	if (loop->addresses_due)
		write_addresses(loop, NULL);
	if (is_blocked(loop))
		return;
	http_tick(loop->http);
	feeds_tick(loop->feeds);
	improve_begin(loop);
	if (loop->n_telemetry && store_telemetry(loop->store, loop->telemetry, loop->n_telemetry, &detail))
		log_line(LOG_WARNING, "telemetry not kept: %s", detail.text);
	loop->n_telemetry = 0;
	tidy(loop);
}

/* Only when the journal has it: places are looked for on the town that the core stands on. */
static void on_swapped(void *arg, int code, const struct update *updates, uint32_t n, uint64_t sequence,
		       const uint8_t *hash)
{
	struct loop *loop = arg;
	struct err_detail detail = {""};
	(void)sequence;
	(void)hash;
	for (uint32_t i = 0; i < n && !code; i++)
		if (updates[i].kind == UPD_RESULT)
			code = updates[i].result.code;
	if (!code)
		code = towns_find(&loop->towns, core_town(loop->core)->hash, &loop->town, &detail);
	if (code)
		log_line(LOG_ERROR, "the town stays as it is: %s", detail.text[0] ? detail.text : err_text(code));
	else
		log_line(LOG_INFO, "town swapped to %s", loop->settings->town);
}

/* The settings name another town file than the core stands on: it becomes effective as a journaled command. */
static void swap_town(struct loop *loop)
{
	struct err_detail detail = {""};
	struct towns_entry *entry;
	struct command swap = {.kind = CMD_TOWN_SWAP};
	int code = loop->hold_mode ? err_set(&detail, ERR_UNAVAILABLE, "%s", loop->hold_reason) : ERR_OK;
	if (!code && is_blocked(loop))
		code = err_set(&detail, ERR_UNAVAILABLE, "the store is away");
	if (!code)
		code = towns_take(&loop->towns, loop->settings->town, &entry, &detail);
	if (!code && !memcmp(entry->town.hash, core_town(loop->core)->hash, TOWN_HASH_BYTES))
		return;
	if (!code) {
		flush_queue(loop);
		if (loop->n_batch)
			code = err_set(&detail, ERR_UNAVAILABLE, "the store is away");
	}
	if (!code)
		code = towns_give(&loop->towns, loop->core, entry->town.hash, &detail);
	if (!code) {
		memcpy(swap.town_swap.town_hash, entry->town.hash, TOWN_HASH_BYTES);
		code = submit(loop, &swap, NULL, on_swapped, loop);
	}
	if (code)
		log_line(LOG_ERROR, "the town stays as it is: %s", detail.text[0] ? detail.text : err_text(code));
	else
		flush_queue(loop);
}

static void on_hangup(evutil_socket_t number, short what, void *self)
{
	(void)number;
	(void)what;
	swap_town(self);
}

static void on_signal(evutil_socket_t number, short what, void *self)
{
	(void)what;
	struct loop *loop = self;
	log_line(LOG_INFO, "signal %d: stopping", (int)number);
	event_base_loopbreak(loop->base);
}

/* ---- what HTTP sees ---- */

static instant_ms host_now(void *self)
{
	return clock_now(&((struct loop *)self)->clock);
}

static uint32_t host_speed(void *self)
{
	return ((struct loop *)self)->clock.speed_permille;
}

static const struct core *host_core(void *self)
{
	return ((struct loop *)self)->core;
}

static const struct wire_state *host_vehicle_state(void *self, uint32_t vehicle)
{
	return dock_state(((struct loop *)self)->dock, vehicle);
}

static int host_place(void *self, struct geo_point point, struct place *ret_place)
{
	return placing_find(&((struct loop *)self)->town->placing, point, ret_place);
}

static int host_street(void *self, struct geo_point point, uint32_t *ret_arc)
{
	return placing_street(&((struct loop *)self)->town->placing, point, ret_arc);
}

static uint64_t host_random(void *self)
{
	(void)self;
	uint64_t value;
	do {
		randombytes_buf(&value, sizeof value);
	} while (value == 0);
	return value;
}

static int host_holding(void *self, char *text, size_t size)
{
	struct loop *loop = self;
	snprintf(text, size, "%s", is_blocked(loop) ? loop->away_reason : loop->hold_mode ? loop->hold_reason : "");
	return is_blocked(loop) ? 2 : loop->hold_mode;
}

static void metric(char **at, const char *end, const char *name, const char *type, const char *help, uint64_t value,
		   const char *rest)
{
	int n = snprintf(*at, (size_t)(end - *at),
			 "# HELP zubringer_%s %s\n# TYPE zubringer_%s %s\nzubringer_%s %" PRIu64 "%s\n", name, help,
			 name, type, name, value, rest);
	if (n > 0 && n < end - *at)
		*at += n;
}

static void metric_us(char **at, const char *end, const char *name, const char *type, const char *help, uint64_t us)
{
	char rest[8];
	snprintf(rest, sizeof rest, ".%06u", (unsigned)(us % 1000000));
	metric(at, end, name, type, help, us / 1000000, rest);
}

static uint32_t host_feeds(void *self, struct host_feed *ret_feeds, uint32_t most)
{
	return feeds_view(((struct loop *)self)->feeds, ret_feeds, most);
}

static void host_metrics(void *self, char *text, size_t size)
{
	struct loop *loop = self;
	size_t n = feeds_metrics(loop->feeds, text, size);
	text += n;
	size -= n;
	struct link_counts counts = link_counts(loop->link);
	const char *end = text + size;
	int64_t away_ms = loop->away_since ? clock_wall_ms() - loop->away_since : 0;
	metric(&text, end, "commits_total", "counter", "Durable commits.", loop->commits, "");
	metric(&text, end, "commands_total", "counter", "Commands stepped.", loop->commands, "");
	metric_us(&text, end, "commit_seconds_total", "counter", "Time spent in commits.", loop->commit_us_sum);
	metric_us(&text, end, "commit_seconds_max", "gauge", "Longest commit.", loop->commit_us_max);
	metric(&text, end, "link_received_total", "counter", "Messages of vehicles.", counts.received, "");
	metric(&text, end, "link_sent_total", "counter", "Messages to vehicles.", counts.sent, "");
	metric(&text, end, "link_refused_keys_total", "counter", "Connections with a key that is not enrolled.",
	       counts.refused_keys, "");
	metric(&text, end, "link_malformed_total", "counter", "Messages that could not be read.", counts.malformed, "");
	metric(&text, end, "improve_rounds_total", "counter", "Times that better plans were looked for.",
	       loop->improve_rounds, "");
	metric(&text, end, "improve_proposals_total", "counter", "Better plans proposed to the core.",
	       loop->improve_proposals, "");
	metric(&text, end, "improve_taken_total", "counter", "Of those, taken.", loop->improve_taken, "");
	metric(&text, end, "improve_saved_ms_total", "counter",
	       "By what was taken, in weighted milliseconds of driving, waiting and riding.",
	       (uint64_t)loop->improve_saved, "");
	metric(&text, end, "hold_mode", "gauge", "1: a record stopped the dispatcher twice and somebody must decide.",
	       (uint64_t)loop->hold_mode, "");
	metric(&text, end, "store_away_seconds", "gauge", "How long the store has taken nothing; 0: it does.",
	       (uint64_t)away_ms / 1000, "");
}

/* ---- live feeds ---- */

static int feeds_may(void *self)
{
	struct loop *loop = self;
	return !loop->hold_mode && !is_blocked(loop);
}

static void feeds_submit(void *self, struct command *command)
{
	submit_all(self, command, 1);
}

static int open_feeds(struct loop *loop, struct err_detail *detail)
{
	const struct feeds_hooks hooks = {
		.self = loop, .core = host_core, .now = host_now, .may = feeds_may, .submit = feeds_submit};
	return feeds_open(&loop->feeds, loop->base, loop->settings, &hooks, detail);
}

static int host_story(void *self, uint64_t ride, instant_ms asked_at, host_story_each *each, void *arg)
{
	struct loop *loop = self;
	return loop->n_batch ? ERR_UNAVAILABLE : story_read(loop->store, ride, asked_at, each, arg);
}

/* ---- start ---- */

/* The town that the journal stands on, or the settings' one when there is no journal yet. */
static int open_town(struct loop *loop, struct core_settings *settings, struct err_detail *detail)
{
	uint8_t hash[TOWN_HASH_BYTES];
	int code = towns_take(&loop->towns, loop->settings->town, &loop->town, detail);
	if (code)
		return code;
	code = journal_recover_settings(loop->store, settings, hash, detail);
	if (code == ERR_NOT_FOUND) {
		settings_core(loop->settings, settings);
		return ERR_OK;
	}
	struct core_settings wished;
	settings_core(loop->settings, &wished);
	if (!code && memcmp(&wished, settings, sizeof wished))
		log_line(LOG_WARNING, "core.*, cost.* and clock settings differ from those this journal was begun "
				      "with: the journal's stay in force");
	return code ? code : towns_find(&loop->towns, hash, &loop->town, detail);
}

static int open_core(struct loop *loop, struct core_settings *settings, struct err_detail *detail)
{
	struct dock_settings dock = {
		.vehicles_max = settings->vehicles_max,
		.heartbeat_ms = (uint32_t)loop->settings->link_heartbeat_ms,
		.lost_after_ms = (uint32_t)loop->settings->link_lost_after_ms,
		.valid_ms = (uint32_t)loop->settings->link_valid_ms,
		.resend_ms = 2000,
		.speed_permille = loop->settings->clock_start ? (uint32_t)loop->settings->clock_speed_permille : 1000,
		.simulated = loop->settings->clock_start != 0};
	int code = arena_open(&loop->arena, core_size(settings, &loop->town->town) + dock_size(&dock) +
						    pace_size(settings->vehicles_max) + 4096);
	if (!code)
		code = core_open(&loop->core, settings, &loop->town->town, &loop->arena);
	if (!code)
		code = dock_open(&loop->dock, &dock, loop->core, &loop->arena);
	if (!code && loop->settings->streets_live)
		code = pace_open(&loop->pace, &(struct pace_settings){0}, loop->core, settings->vehicles_max,
				 &loop->arena);
	return code ? err_set(detail, code, "core: %s", err_text(code)) : ERR_OK;
}

static int recover(struct loop *loop, struct err_detail *detail)
{
	uint64_t sequence = 0;
	int code = journal_open(&loop->journal, loop->store, loop->core, (uint32_t)loop->settings->area, detail);
	if (!code) {
		journal_towns(loop->journal, towns_give, &loop->towns);
		journal_deciders(loop->journal, &loop->deciders);
		journal_snapshots(loop->journal, (uint32_t)loop->settings->snapshot_every, SNAPSHOTS_KEPT);
		code = journal_recover(loop->journal, &sequence, detail);
	}
	if (code == ERR_INTERRUPTED) {
		loop->hold_mode = 1;
		snprintf(loop->hold_reason, sizeof loop->hold_reason,
			 "hold mode: record %" PRIu64 " (%s) stopped the dispatcher twice; standstill works, no "
			 "promises are made (dispatcher log --from %" PRIu64 ", dispatcher skip)",
			 sequence, core_command_name(journal_held_kind(loop->journal)), sequence);
		log_line(LOG_ERROR, "%s", loop->hold_reason);
		return ERR_OK;
	}
	if (code)
		return code;
	log_line(LOG_INFO, "journal: %" PRIu64 " records taken up", sequence);
	loop->projecting = store_projects(loop->store);
	if (!loop->projecting && !strncmp(loop->settings->store, "postgresql:", 11))
		log_line(LOG_WARNING,
			 "the projections are missing or behind the journal and not kept in this run: stop, and make "
			 "them with `dispatcher project`");
	return ERR_OK;
}

static void start_command(struct loop *loop, struct command *ret_start)
{
	*ret_start = (struct command){.kind = CMD_START};
	ret_start->start.area = (uint32_t)loop->settings->area;
	ret_start->start.epoch = loop->epoch;
	ret_start->start.engine_version = CORE_ENGINE_VERSION;
	memcpy(ret_start->start.town_hash, loop->town->town.hash, sizeof ret_start->start.town_hash);
	ret_start->start.settings = loop->core_settings;
}

static int enrol_command(struct loop *loop, const struct fleet_vehicle *vehicle, struct command *ret_enrol)
{
	struct cmd_vehicle_enrol *body = &ret_enrol->vehicle_enrol;
	*ret_enrol = (struct command){.kind = CMD_VEHICLE_ENROL};
	body->vehicle = vehicle->number;
	body->class_index = town_class(&loop->town->town, vehicle->class_name);
	body->step_free = vehicle->step_free;
	body->simulated = vehicle->simulated;
	memcpy(body->name, vehicle->name, sizeof body->name);
	memcpy(body->spaces, vehicle->spaces, sizeof body->spaces);
	if (body->class_index == NONE || placing_find(&loop->town->placing, vehicle->depot, &body->depot)) {
		log_line(LOG_ERROR, "vehicle %" PRIu32 " not enrolled: class \"%s\" or its depot is not on the map",
			 vehicle->number, vehicle->class_name);
		return ERR_NOT_FOUND;
	}
	return ERR_OK;
}

/* Enrols what the fleet file has and the core does not know yet. */
static void submit_fleet(struct loop *loop)
{
	for (uint32_t i = 0; i < loop->fleet->n; i++) {
		const struct fleet_vehicle *vehicle = &loop->fleet->vehicles[i];
		if (core_vehicle(loop->core, vehicle->number))
			continue;
		struct command enrol;
		if (!enrol_command(loop, vehicle, &enrol))
			submit_all(loop, &enrol, 1);
	}
}

static int admit_keys(struct loop *loop, struct err_detail *detail)
{
	struct link_key *keys = calloc(loop->fleet->n ? loop->fleet->n : 1, sizeof *keys);
	if (!keys)
		return err_set(detail, ERR_MEMORY, "keys: out of memory");
	for (uint32_t i = 0; i < loop->fleet->n; i++) {
		keys[i].vehicle = loop->fleet->vehicles[i].number;
		memcpy(keys[i].public_key, loop->fleet->vehicles[i].public_key, sizeof keys[i].public_key);
	}
	int code = link_admit(loop->link, keys, loop->fleet->n, detail);
	free(keys);
	return code;
}

/* Where others find us: written once both ports are known; not again when it says so already, since there may be no
 * room. */
static int write_addresses(struct loop *loop, struct err_detail *detail)
{
	char path[SETTINGS_TEXT + 32], text[2 * SETTINGS_TEXT + 128], there[sizeof text] = "";
	snprintf(path, sizeof path, "%s/addresses", loop->settings->state_folder);
	snprintf(text, sizeof text, "http://%s:%u\n%s\n", loop->settings->http_address, http_port(loop->http),
		 link_endpoint(loop->link));
	loop->addresses_due = 0;
	FILE *file = fopen(path, "r");
	if (file) {
		size_t n = fread(there, 1, sizeof there - 1, file);
		fclose(file);
		there[n] = '\0';
	}
	if (!strcmp(text, there))
		return ERR_OK;
	file = fopen(path, "w");
	int failed = !file || fputs(text, file) < 0;
	int why = errno;
	if (file && fclose(file)) {
		failed = 1;
		why = errno;
	}
	loop->addresses_due = failed && why == ENOSPC;
	return failed && !loop->addresses_due
		       ? err_set(detail, ERR_IO, "%s: cannot be written: %s", path, strerror(why))
		       : ERR_OK;
}

static int open_doors(struct loop *loop, struct err_detail *detail)
{
	char key[SETTINGS_TEXT + 32], token[SETTINGS_TEXT + 32], day[SETTINGS_TEXT + 32];
	snprintf(day, sizeof day, "%s/figures-of-the-day", loop->settings->state_folder);
	snprintf(key, sizeof key, "%s/dispatcher.key", loop->settings->state_folder);
	snprintf(token, sizeof token, "%s/operator.token", loop->settings->state_folder);
	int code = link_open(&loop->link, loop->base, loop->settings->link_endpoint, key, on_vehicle, loop, detail);
	if (!code)
		code = admit_keys(loop, detail);
	struct host host = {.self = loop,
			    .submit = submit,
			    .standstill = standstill,
			    .now = host_now,
			    .speed_permille = host_speed,
			    .core = host_core,
			    .vehicle_state = host_vehicle_state,
			    .place = host_place,
			    .street = host_street,
			    .random = host_random,
			    .holding = host_holding,
			    .metrics = host_metrics,
			    .feeds = host_feeds,
			    .story = host_story};
	struct http_settings http = {.address = loop->settings->http_address,
				     .port = (uint16_t)loop->settings->http_port,
				     .operator_token_path = token,
				     .web_folder = loop->settings->http_web,
				     .connections_max = (uint32_t)loop->settings->http_connections_max,
				     .body_bytes_max = 65536,
				     .stream_buffer_max = 262144,
				     .live_invented = loop->settings->feeds_invented != 0,
				     .reports_folder = loop->settings->pages_reports,
				     .day_path = day,
				     .privacy_path = loop->settings->pages_privacy,
				     .imprint_path = loop->settings->pages_imprint,
				     .public_url =
					     *loop->settings->http_public_url ? loop->settings->http_public_url : NULL};
	if (!code)
		code = http_open(&loop->http, loop->base, &http, &host, detail);
	return code ? code : write_addresses(loop, detail);
}

static void on_again(evutil_socket_t fd, short what, void *self);

static int open_events(struct loop *loop)
{
	loop->base = event_base_new();
	if (!loop->base)
		return ERR_MEMORY;
	loop->tick = evtimer_new(loop->base, on_tick, loop);
	loop->flush = evtimer_new(loop->base, on_flush, loop);
	loop->again = evtimer_new(loop->base, on_again, loop);
	loop->second = event_new(loop->base, -1, EV_PERSIST, on_second, loop);
	loop->signals[0] = evsignal_new(loop->base, SIGINT, on_signal, loop);
	loop->signals[1] = evsignal_new(loop->base, SIGTERM, on_signal, loop);
	loop->signals[2] = evsignal_new(loop->base, SIGHUP, on_hangup, loop);
	if (!loop->tick || !loop->flush || !loop->again || !loop->second || !loop->signals[0] || !loop->signals[1] ||
	    !loop->signals[2])
		return ERR_MEMORY;
	signal(SIGPIPE, SIG_IGN);
	event_add(loop->signals[0], NULL);
	event_add(loop->signals[1], NULL);
	event_add(loop->signals[2], NULL);
	event_add(loop->tick, &(struct timeval){.tv_usec = 1000});
	event_add(loop->second, &(struct timeval){.tv_sec = 1});
	return ERR_OK;
}

/* A server's store needs a file of this machine for the crash marks. */
static void store_url(const struct settings *settings, char *url, size_t size)
{
	int remote = !strncmp(settings->store, "postgresql:", 11) && !strstr(settings->store, "mark=");
	if (remote)
		snprintf(url, size, "%s%cmark=%s/journal.mark", settings->store,
			 strchr(settings->store, '?') ? '&' : '?', settings->state_folder);
	else
		snprintf(url, size, "%s", settings->store);
}

/* ---- the state: what the journal says, or nothing yet ---- */

static void close_state(struct loop *loop)
{
	if (loop->journal)
		journal_close(loop->journal);
	if (loop->store)
		store_close(loop->store);
	arena_close(&loop->arena);
	loop->journal = NULL;
	loop->store = NULL;
	loop->core = NULL;
	loop->dock = NULL;
	loop->pace = NULL;
	loop->recovered = 0;
}

static int open_journal(struct loop *loop, struct err_detail *detail)
{
	char url[2 * SETTINGS_TEXT + 64], path[SETTINGS_TEXT + 32];
	store_url(loop->settings, url, sizeof url);
	snprintf(path, sizeof path, "%s/deciders.yaml", loop->settings->state_folder);
	int code = deciders_read(&loop->deciders, path, detail);
	if (!code)
		code = store_open(&loop->store, url, detail);
	if (!code)
		code = open_town(loop, &loop->core_settings, detail);
	if (!code)
		code = open_core(loop, &loop->core_settings, detail);
	if (!code)
		code = recover(loop, detail);
	if (code)
		close_state(loop);
	else
		loop->recovered = 1;
	return code;
}

/* Recovered and with an epoch of its own, or in hold mode. On a full disk it can be recovered without an epoch. */
static int open_state(struct loop *loop, struct err_detail *detail)
{
	int code = loop->recovered ? ERR_OK : open_journal(loop, detail);
	if (!code && !loop->hold_mode)
		code = store_raise_epoch(loop->store, (uint32_t)loop->settings->area, clock_calendar_s(), &loop->epoch,
					 detail);
	if (code == ERR_UNAVAILABLE)
		close_state(loop); /* its server may come back as another one */
	return code;
}

/* A core that no journal knows, with the fleet of the settings: enough to show a map and to send standstill. */
static int open_empty(struct loop *loop, struct err_detail *detail)
{
	struct command command;
	struct updates updates = {0};
	settings_core(loop->settings, &loop->core_settings);
	int code = towns_look(&loop->towns, loop->settings->town, &loop->town, detail);
	if (!code)
		code = open_core(loop, &loop->core_settings, detail);
	if (code)
		return code;
	updates.most = core_updates_max(loop->core);
	updates.items = calloc(updates.most, sizeof *updates.items);
	if (!updates.items)
		return err_set(detail, ERR_MEMORY, "out of memory");
	start_command(loop, &command);
	core_step(loop->core, &command, &updates);
	for (uint32_t i = 0; i < loop->fleet->n; i++) {
		updates.n = 0;
		if (!enrol_command(loop, &loop->fleet->vehicles[i], &command))
			core_step(loop->core, &command, &updates);
	}
	free(updates.items);
	return ERR_OK;
}

static void start_clock(struct loop *loop)
{
	instant_ms resume = core_now(loop->core) > 0 ? core_now(loop->core) : INSTANT_NONE;
	clock_open(&loop->clock, loop->settings->clock_start, (uint32_t)loop->settings->clock_speed_permille, resume);
}

/* What the core must hear after its start; the store may go away in between, then again when it is back. */
static void begin_rest(struct loop *loop)
{
	if (!loop->rest_due || loop->n_batch)
		return;
	swap_town(loop);
	submit_fleet(loop);
	flush_queue(loop);
	loop->rest_due = loop->n_batch != 0;
}

/* The start comes before the orders that went out while nothing could be written. */
static void begin_service(struct loop *loop)
{
	struct command start;
	uint32_t n = loop->n_queue;
	struct pending *waiting = n ? malloc(n * sizeof *waiting) : NULL;
	if (n && !waiting)
		die_unsaved("start", &(struct err_detail){"out of memory"});
	for (uint32_t i = 0; i < n; i++)
		waiting[i] = loop->queue[i];
	loop->n_queue = 0;
	loop->rest_due = 1;
	start_command(loop, &start);
	submit_all(loop, &start, 1);
	flush_queue(loop);
	begin_rest(loop);
	for (uint32_t i = 0; i < n && loop->n_queue < QUEUE_MAX; i++)
		loop->queue[loop->n_queue++] = waiting[i];
	free(waiting);
	flush_queue(loop);
}

/* The store is asked again. What was there meanwhile stays until the journal's state is. */
static void try_state(struct loop *loop)
{
	struct err_detail detail = {""};
	struct arena arena = loop->arena;
	struct core *core = loop->core;
	struct dock *dock = loop->dock;
	struct towns_entry *town = loop->town;
	int before = loop->recovered;
	if (!before)
		loop->arena = (struct arena){0};
	int code = open_state(loop, &detail);
	if (is_away(code) && !loop->recovered && !before) {
		loop->arena = arena;
		loop->core = core;
		loop->dock = dock;
		loop->town = town;
		settings_core(loop->settings, &loop->core_settings);
	} else if (!before) {
		arena_close(&arena);
	}
	if (is_away(code) && !loop->core && open_empty(loop, &detail))
		code = ERR_MEMORY;
	if (is_away(code)) {
		store_away(loop, &detail);
		return;
	}
	if (code) {
		log_line(LOG_ERROR, "%s", detail.text);
		loop->status = 1;
		event_base_loopbreak(loop->base);
		return;
	}
	loop->waiting = 0;
	store_back(loop);
	start_clock(loop);
	if (!loop->hold_mode)
		begin_service(loop);
}

static void on_again(evutil_socket_t fd, short what, void *self)
{
	(void)fd;
	(void)what;
	struct loop *loop = self;
	if (loop->waiting)
		try_state(loop);
	else
		flush_queue(loop);
}

static int open_parts(struct loop *loop, struct err_detail *detail)
{
	struct err_detail away = {""};
	if (sodium_init() < 0 || open_events(loop))
		return err_set(detail, ERR_MEMORY, "cannot start");
	mkdir(loop->settings->state_folder, 0700);
	int code = towns_open(&loop->towns, loop->settings->state_folder, detail);
	if (!code)
		code = open_state(loop, detail);
	if (is_away(code)) {
		away = *detail;
		loop->waiting = 1;
		code = loop->recovered ? ERR_OK : open_empty(loop, detail);
	}
	if (code)
		return code;
	start_clock(loop);
	code = open_doors(loop, detail);
	if (!code && loop->waiting)
		store_away(loop, &away);
	else if (!code && !loop->hold_mode)
		begin_service(loop);
	if (!code)
		code = open_feeds(loop, detail);
	if (!code && loop->settings->improve_period_ms)
		code = improver_open(&loop->improver, (uint32_t)loop->settings->improve_iterations);
	return code;
}

int loop_open(struct loop **ret_loop, const struct settings *settings, const struct fleet *fleet,
	      struct err_detail *detail)
{
	struct loop *loop = calloc(1, sizeof *loop);
	if (loop)
		loop->queue = calloc(QUEUE_MAX, sizeof *loop->queue);
	if (!loop || !loop->queue) {
		free(loop);
		return err_set(detail, ERR_MEMORY, "out of memory");
	}
	loop->settings = settings;
	loop->fleet = fleet;
	int code = open_parts(loop, detail);
	if (code) {
		loop_close(loop);
		return code;
	}
	*ret_loop = loop;
	return ERR_OK;
}

int loop_run(struct loop *loop)
{
	struct err_detail detail = {""};
	log_line(LOG_INFO, "pages at http://%s:%u, vehicles at %s", loop->settings->http_address, http_port(loop->http),
		 link_endpoint(loop->link));
	event_base_dispatch(loop->base);
	flush_queue(loop);
	if (loop->n_batch)
		log_line(LOG_WARNING,
			 "stopped while the store was away: the last commands are in the journal or not, and were "
			 "answered to nobody");
	else if (!loop->hold_mode && !loop->waiting && journal_snapshot(loop->journal, &detail))
		log_line(LOG_WARNING, "no snapshot at the end: %s", detail.text);
	return loop->status;
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	feeds_close(loop->feeds);
	improver_close(loop->improver);
	if (loop->http)
		http_close(loop->http);
	if (loop->link)
		link_close(loop->link);
	close_state(loop);
	struct event *events[] = {loop->tick,	    loop->flush,      loop->second,    loop->again,
				  loop->signals[0], loop->signals[1], loop->signals[2]};
	for (size_t i = 0; i < COUNT_OF(events); i++)
		if (events[i])
			event_free(events[i]);
	if (loop->base)
		event_base_free(loop->base);
	project_free(&loop->projection);
	towns_close(&loop->towns);
	for (uint32_t i = 0; i < loop->n_queue; i++)
		free(loop->queue[i].identity);
	free(loop->queue);
	free(loop);
}
