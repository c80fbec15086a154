#include "journal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hash.h"
#include "journal_state.h"

#define MARK_MAGIC UINT64_C(0x324b52414d42555a) /* "ZUBMARK2" */
#define SNAPSHOT_EVERY 10000
#define SNAPSHOT_KEEP 3
#define BATCH_RECORDS_MAX 8192
#define SNAPSHOT_BYTES_FIRST (256u << 10)

#define STOP_READING (-1) /* ends store_read without an error */

_Static_assert(sizeof(struct journal_mark) <= STORE_MARK_BYTES, "the mark fits");

/* ---- crash marks ---- */

/* Version, kind, key and body; not the time, since what is sent again after a restart comes at another one. */
uint64_t journal_print_of(const uint8_t *bytes, size_t n)
{
	uint64_t print = hash_bytes(bytes, n < 3 ? n : 3, 1);
	return n > 11 ? hash_bytes(bytes + 11, n - 11, print) : print;
}

static int crash_is(const struct crash *crash, uint64_t print, uint64_t sequence)
{
	return crash->count && (crash->print == print || crash->sequence == sequence);
}

struct crash *journal_crash(struct journal_mark *mark, uint64_t print, uint64_t sequence)
{
	for (int i = 0; mark && i < CRASHES_KEPT; i++) {
		struct crash *crash = &mark->crashes[i];
		/* an equal command from before the crash was replayed well when the crash came */
		int same_command = crash->print == print && crash->sequence <= sequence;
		int same_place = crash->sequence == sequence && !crash->decided;
		if (crash->count >= CRASHES_UNTIL_HELD && (same_command || same_place))
			return crash;
	}
	return NULL;
}

/* A slot for a crash not seen before: a free one, else the one that counts least. */
static struct crash *crash_slot(struct journal_mark *mark, uint64_t print, uint64_t sequence)
{
	struct crash *least = &mark->crashes[0];
	for (int i = 0; i < CRASHES_KEPT; i++) {
		struct crash *crash = &mark->crashes[i];
		if (crash_is(crash, print, sequence))
			return crash;
		if (crash->count < least->count)
			least = crash;
	}
	*least = (struct crash){0};
	return least;
}

/* The process before this one ended while it applied something. */
static void mark_absorb(struct journal_mark *mark)
{
	if (mark->magic != MARK_MAGIC)
		*mark = (struct journal_mark){.magic = MARK_MAGIC};
	if (!mark->sequence)
		return;
	struct crash *crash = crash_slot(mark, mark->print, mark->sequence);
	crash->print = mark->print;
	crash->sequence = mark->sequence;
	crash->kind = mark->kind;
	crash->count++;
	mark->sequence = 0;
}

/* Through volatile: the compiler sees no reader of what only the next process reads. */
void journal_mark_begin(struct journal_mark *mark, uint64_t print, uint64_t sequence, uint16_t kind)
{
	volatile struct journal_mark *shared = mark;
	if (!mark)
		return;
	shared->print = print;
	shared->kind = kind;
	shared->sequence = sequence;
}

void journal_mark_end(struct journal_mark *mark)
{
	volatile struct journal_mark *shared = mark;
	if (!mark)
		return;
	uint64_t sequence = mark->sequence;
	shared->sequence = 0;
	/* It works here: the end came from elsewhere. (An equal command replayed from before the crash says nothing.)
	 */
	for (int i = 0; i < CRASHES_KEPT; i++) {
		struct crash *crash = &mark->crashes[i];
		if (crash->count && crash->print == mark->print && crash->sequence <= sequence && !crash->decided)
			*crash = (struct crash){0};
	}
}

/* ---- opening ---- */

int journal_open(struct journal **ret_journal, struct store *store, struct core *core, uint32_t area,
		 struct err_detail *detail)
{
	uint64_t digest;
	struct journal *journal = calloc(1, sizeof *journal);
	if (!journal)
		return err_set(detail, ERR_MEMORY, "journal: out of memory");
	journal->store = store;
	journal->core = core;
	journal->area = area;
	journal->snapshot_every = SNAPSHOT_EVERY;
	journal->snapshot_keep = SNAPSHOT_KEEP;
	journal->committed = 1;
	journal->mark = (struct journal_mark *)(void *)store_mark(store);
	journal->updates.most = 2 * core_updates_max(core);
	journal->updates.items = malloc(journal->updates.most * sizeof *journal->updates.items);
	int code = journal->updates.items ? ERR_OK : err_set(detail, ERR_MEMORY, "journal: out of memory");
	if (!code)
		code = store_head(store, &journal->sequence, journal->hash, &digest, detail);
	if (code) {
		journal_close(journal);
		return code;
	}
	if (journal->mark)
		mark_absorb(journal->mark);
	*ret_journal = journal;
	return ERR_OK;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	free(journal->updates.items);
	free(journal->records);
	free(journal->offsets);
	free(journal->bytes);
	free(journal);
}

void journal_snapshots(struct journal *journal, uint32_t commands, uint32_t keep)
{
	journal->snapshot_every = commands;
	journal->snapshot_keep = keep ? keep : 1;
}

void journal_towns(struct journal *journal, journal_town_source give, void *self)
{
	journal->give = give;
	journal->give_self = self;
}

void journal_deciders(struct journal *journal, const struct deciders *deciders)
{
	journal->deciders = deciders;
}

uint64_t journal_held(const struct journal *journal)
{
	return journal->held;
}

uint16_t journal_held_kind(const struct journal *journal)
{
	return journal->held_kind;
}

uint64_t journal_snapshots_failed(const struct journal *journal)
{
	return journal->snapshots_failed;
}

/* ---- the batch ---- */

static int room_for_bytes(struct journal *journal, size_t n)
{
	size_t cap = journal->cap_bytes ? journal->cap_bytes : 1u << 16;
	while (cap - journal->n_bytes < n)
		cap *= 2;
	if (cap == journal->cap_bytes)
		return ERR_OK;
	uint8_t *bytes = realloc(journal->bytes, cap);
	if (!bytes)
		return ERR_MEMORY;
	journal->bytes = bytes;
	journal->cap_bytes = cap;
	return ERR_OK;
}

static int room_for_records(struct journal *journal, uint32_t n)
{
	uint32_t cap = journal->cap_records ? journal->cap_records : 64;
	while (cap - journal->n_records < n)
		cap *= 2;
	if (cap == journal->cap_records)
		return ERR_OK;
	struct store_record *records = realloc(journal->records, cap * sizeof *records);
	if (records)
		journal->records = records;
	size_t *offsets = realloc(journal->offsets, cap * sizeof *offsets);
	if (offsets)
		journal->offsets = offsets;
	if (!records || !offsets)
		return ERR_MEMORY;
	journal->cap_records = cap;
	return ERR_OK;
}

static void batch_begin(struct journal *journal)
{
	if (!journal->committed)
		return;
	journal->committed = 0;
	journal->n_records = 0;
	journal->n_bytes = 0;
	journal->n_commands = 0;
}

/* The body's n bytes stand at bytes + n_bytes already. */
static void batch_add(struct journal *journal, enum record_type type, uint32_t epoch, uint64_t ride, instant_ms at,
		      size_t n)
{
	journal->offsets[journal->n_records] = journal->n_bytes;
	journal->records[journal->n_records++] = (struct store_record){
		.type = (uint8_t)type,
		.area = journal->area,
		.epoch = epoch,
		.engine_version = CORE_ENGINE_VERSION,
		.ride = ride,
		.at = at,
		.n = (uint32_t)n,
	};
	journal->n_bytes += n;
}

/* All room is taken before the core moves: a core that is ahead of its journal could only be thrown away. */
static int step_room(struct journal *journal)
{
	uint32_t most = core_updates_max(journal->core);
	if (journal->updates.most - journal->updates.n < most || journal->n_records + 2 > BATCH_RECORDS_MAX)
		return ERR_FULL;
	if (room_for_records(journal, 2))
		return ERR_MEMORY;
	return room_for_bytes(journal, RECORD_COMMAND_BYTES_MAX + 3 + (size_t)most * sizeof(struct update));
}

static int step_core(struct journal *journal, const struct command *command, size_t n_command)
{
	const uint8_t *bytes = journal->bytes + journal->n_bytes;
	uint64_t print = journal_print_of(bytes, n_command), next = journal->sequence + 1 + journal->n_records;
	if (journal_crash(journal->mark, print, next))
		return ERR_INTERRUPTED;
	journal_mark_begin(journal->mark, print, next, command->kind);
	core_step(journal->core, command, &journal->updates);
	journal_mark_end(journal->mark);
	return ERR_OK;
}

static int step_keep(struct journal *journal, const struct command *command, size_t n_command, uint32_t first)
{
	uint32_t epoch = command->kind == CMD_START ? command->start.epoch : core_epoch(journal->core);
	uint32_t n_updates = journal->updates.n - first;
	size_t n_outcome = 0;
	batch_add(journal, RECORD_COMMAND, epoch, record_ride(command), command->at, n_command);
	int code = record_updates(journal->updates.items + first, n_updates, journal->bytes + journal->n_bytes,
				  journal->cap_bytes - journal->n_bytes, &n_outcome);
	if (code)
		return code;
	batch_add(journal, RECORD_OUTCOME, epoch, 0, command->at, n_outcome);
	for (uint32_t i = first; i < journal->updates.n; i++)
		journal->updates.items[i].command_index = journal->n_commands;
	journal->n_commands++;
	return ERR_OK;
}

static int snapshot_due(const struct journal *journal, uint64_t times)
{
	return journal->snapshot_every && journal->since_snapshot >= times * journal->snapshot_every;
}

int journal_step(struct journal *journal, const struct command *command, uint32_t *ret_first_update,
		 uint32_t *ret_n_updates)
{
	size_t n = 0;
	if (journal->held)
		return ERR_INTERRUPTED;
	if (journal->failed)
		return ERR_UNAVAILABLE;
	if (journal->committed && snapshot_due(journal, 2))
		journal_tend(journal, NULL);
	if (!journal->n_commands || journal->committed)
		journal->updates.n = 0;
	batch_begin(journal);
	int code = step_room(journal);
	if (!code)
		code = record_command(command, journal->bytes + journal->n_bytes, RECORD_COMMAND_BYTES_MAX, &n);
	if (code)
		return code;
	uint32_t first = journal->updates.n;
	if ((code = step_core(journal, command, n)))
		return code;
	if ((code = step_keep(journal, command, n, first))) {
		journal->failed = 1;
		return code;
	}
	*ret_first_update = first;
	*ret_n_updates = journal->updates.n - first;
	return ERR_OK;
}

int journal_identity(struct journal *journal, uint64_t ride, const char *json, struct err_detail *detail)
{
	size_t n = strnlen(json, JOURNAL_IDENTITY_BYTES_MAX + 1);
	if (n > JOURNAL_IDENTITY_BYTES_MAX || !ride)
		return err_set(detail, ERR_RANGE, "journal: identity of %zu bytes, at most %d", n,
			       JOURNAL_IDENTITY_BYTES_MAX);
	if (journal->failed || journal->held)
		return err_set(detail, ERR_UNAVAILABLE, "journal: stopped");
	batch_begin(journal);
	if (journal->n_records + 1 > BATCH_RECORDS_MAX)
		return err_set(detail, ERR_FULL, "journal: commit first");
	if (room_for_records(journal, 1) || room_for_bytes(journal, n))
		return err_set(detail, ERR_MEMORY, "journal: out of memory");
	memcpy(journal->bytes + journal->n_bytes, json, n);
	batch_add(journal, RECORD_IDENTITY, core_epoch(journal->core), ride, core_now(journal->core), n);
	return ERR_OK;
}

static int write_batch(struct journal *journal, uint64_t digest, struct err_detail *detail)
{
	uint32_t n = journal->n_records;
	for (uint32_t i = 0; i < n; i++)
		journal->records[i].body = journal->bytes + journal->offsets[i];
	int code = store_commit(journal->store, journal->records, n, digest, detail);
	if (code)
		return code;
	journal->sequence = journal->records[n - 1].sequence;
	memcpy(journal->hash, journal->records[n - 1].hash, STORE_HASH_BYTES);
	return ERR_OK;
}

int journal_commit(struct journal *journal, struct err_detail *detail)
{
	if (journal->failed)
		return err_set(detail, ERR_UNAVAILABLE, "journal: stopped by an earlier error");
	if (journal->committed || !journal->n_records) {
		if (!journal->committed) /* a refused first step */
			journal->committed = 1;
		return ERR_OK;
	}
	int code = write_batch(journal, core_digest(journal->core), detail);
	if (code) {
		journal->failed = code != ERR_UNAVAILABLE && code != ERR_DISK_FULL;
		return code;
	}
	journal->committed = 1;
	journal->since_snapshot += journal->n_commands;
	return ERR_OK;
}

const struct update *journal_updates(const struct journal *journal, uint32_t *ret_n)
{
	*ret_n = journal->updates.n;
	return journal->updates.items;
}

void journal_head(const struct journal *journal, uint64_t *ret_sequence, uint8_t ret_hash[STORE_HASH_BYTES])
{
	*ret_sequence = journal->sequence;
	memcpy(ret_hash, journal->hash, STORE_HASH_BYTES);
}

/* ---- snapshots ---- */

static void start_of_now(const struct journal *journal, struct command *start)
{
	*start = (struct command){.kind = CMD_START, .at = core_now(journal->core)};
	start->start.area = journal->area;
	start->start.epoch = core_epoch(journal->core);
	start->start.engine_version = CORE_ENGINE_VERSION;
	start->start.settings = *core_settings(journal->core);
	memcpy(start->start.town_hash, core_town(journal->core)->hash, TOWN_HASH_BYTES);
}

static int encode_into(const struct journal *journal, uint8_t *bytes, size_t size, size_t *ret_n)
{
	struct command start;
	size_t n_head = 0, n_core = 0;
	start_of_now(journal, &start);
	int code = record_command(&start, bytes + 4, size - 4, &n_head);
	if (code)
		return code;
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(n_head >> (8 * i));
	code = core_snapshot(journal->core, bytes + 4 + n_head, size - 4 - n_head, &n_core);
	*ret_n = 4 + n_head + n_core;
	return code;
}

static int encode(const struct journal *journal, uint8_t **ret_bytes, size_t *ret_n, struct err_detail *detail)
{
	size_t size = SNAPSHOT_BYTES_FIRST, n = 0;
	for (int tries = 0; tries < 2; tries++) {
		uint8_t *bytes = malloc(size);
		if (!bytes)
			return err_set(detail, ERR_MEMORY, "snapshot: no memory for %zu bytes", size);
		int code = encode_into(journal, bytes, size, &n);
		if (!code) {
			*ret_bytes = bytes;
			*ret_n = n;
			return ERR_OK;
		}
		free(bytes);
		if (code != ERR_FULL)
			return err_set(detail, code, "snapshot: %s", err_text(code));
		size = n;
	}
	return err_set(detail, ERR_BROKEN, "snapshot: the core asked for %zu bytes and then for more", size);
}

int journal_snapshot(struct journal *journal, struct err_detail *detail)
{
	uint8_t *bytes = NULL;
	size_t n = 0;
	if (!journal->committed || journal->failed || journal->held)
		return err_set(detail, ERR_CONFLICT, "snapshot: only after a commit");
	if (!journal->sequence)
		return err_set(detail, ERR_CONFLICT, "snapshot: the journal is empty");
	int code = encode(journal, &bytes, &n, detail);
	if (code)
		return code;
	code = store_snapshot_put(journal->store, journal->sequence, bytes, n, core_digest(journal->core),
				  journal->snapshot_keep, detail);
	free(bytes);
	if (!code)
		journal->since_snapshot = 0;
	return code;
}

int journal_tend(struct journal *journal, struct err_detail *detail)
{
	if (!journal->committed || journal->failed || journal->held || !snapshot_due(journal, 1))
		return ERR_OK;
	int code = journal_snapshot(journal, detail);
	if (code) {
		journal->snapshots_failed++;
		journal->since_snapshot = 0; /* after as many commands again */
	}
	return code;
}

int journal_snapshot_head(const void *bytes, size_t n, struct command *ret_start, size_t *ret_core_at,
			  struct err_detail *detail)
{
	const uint8_t *at = bytes;
	if (n < 4)
		return err_set(detail, ERR_TRUNCATED, "snapshot: %zu bytes", n);
	size_t n_head = at[0] | (size_t)at[1] << 8 | (size_t)at[2] << 16 | (size_t)at[3] << 24;
	if (n_head > n - 4)
		return err_set(detail, ERR_TRUNCATED, "snapshot: head of %zu bytes in %zu", n_head, n);
	int code = record_read_command(at + 4, n_head, ret_start, detail);
	if (code)
		return code;
	if (ret_start->kind != CMD_START)
		return err_set(detail, ERR_FORMAT, "snapshot: its head is no start record");
	*ret_core_at = 4 + n_head;
	return ERR_OK;
}

/* ---- erasing and deciding ---- */

/* What is erased must not stand in an older snapshot. */
static int snapshot_alone(struct journal *journal, struct err_detail *detail)
{
	uint32_t keep = journal->snapshot_keep;
	journal->snapshot_keep = 1;
	int code = journal_snapshot(journal, detail);
	journal->snapshot_keep = keep;
	return code;
}

int journal_erase(struct journal *journal, uint64_t ride, enum erase what, struct err_detail *detail)
{
	if (!journal->committed || journal->failed)
		return err_set(detail, ERR_CONFLICT, "erase: only after a commit");
	if (what == ERASE_ALL) {
		if (core_ride(journal->core, ride))
			return err_set(detail, ERR_BUSY, "ride %" PRIu64 ": still kept by the core", ride);
		int code = snapshot_alone(journal, detail);
		if (code)
			return code;
	}
	return store_erase(journal->store, ride, what, detail);
}

struct old_rides {
	const struct core *core;
	instant_ms before;
	enum erase what;
	uint64_t *rides;
	size_t n, cap;
	uint64_t passed; /* the last record looked at */
	uint32_t n_records;
	int waits, more;
};

static int note_old_ride(void *self, const struct store_record *record)
{
	struct old_rides *old = self;
	int of_it = record->ride && !record->erased && (old->what == ERASE_ALL || record->type == RECORD_IDENTITY);
	if (record->at >= old->before)
		return STOP_READING;
	if (old->n == ERASE_RIDES_MAX || (!old->waits && old->n_records++ == ERASE_RECORDS_MAX)) {
		old->more = 1;
		return STOP_READING;
	}
	if (of_it && core_ride(old->core, record->ride))
		old->waits = 1; /* not over: the next call looks again from here on; what comes behind need not wait */
	else if (of_it && array_push(old->rides, old->n, old->cap, record->ride))
		return ERR_MEMORY;
	if (!old->waits)
		old->passed = record->sequence;
	return ERR_OK;
}

static int erase_all_of(struct journal *journal, const struct old_rides *old, uint32_t *ret_n,
			struct err_detail *detail)
{
	uint32_t n = 0;
	int code = old->what == ERASE_ALL && old->n ? snapshot_alone(journal, detail) : ERR_OK;
	for (size_t i = 0; i < old->n && !code; i++) {
		int again = 0; /* several records of one ride stand near each other */
		for (size_t j = i > 64 ? i - 64 : 0; j < i; j++)
			again |= old->rides[j] == old->rides[i];
		if (again)
			continue;
		code = store_erase(journal->store, old->rides[i], old->what, detail);
		n += code == ERR_OK;
	}
	*ret_n = n;
	return code;
}

int journal_erase_before(struct journal *journal, instant_ms before, enum erase what, uint32_t *ret_n, int *ret_more,
			 struct err_detail *detail)
{
	const char *name = what == ERASE_ALL ? "erase.rides" : "erase.identities";
	struct old_rides old = {.core = journal->core, .before = before, .what = what};
	uint64_t begun = 0;
	size_t n;
	*ret_n = 0;
	*ret_more = 0;
	if (!journal->committed || journal->failed || journal->held)
		return err_set(detail, ERR_CONFLICT, "erase: only after a commit");
	int code = store_value_get(journal->store, name, &begun, sizeof begun, &n, NULL);
	if (code && code != ERR_NOT_FOUND)
		return err_set(detail, code, "erase: where it stopped last is not readable");
	old.passed = begun;
	code = store_read(journal->store, begun + 1, note_old_ride, &old, detail);
	if (code == ERR_OK || code == STOP_READING)
		code = erase_all_of(journal, &old, ret_n, detail);
	if (!code && old.passed != begun)
		code = store_value_put(journal->store, name, &old.passed, sizeof old.passed, detail);
	*ret_more = old.more && !code;
	free(old.rides);
	return code;
}

/* The newest record at or before this one: what a decision about it is tied to. */
struct hash_search {
	uint64_t sequence;
	uint8_t *hash;
};

static int hash_found(void *self, const struct store_record *record)
{
	struct hash_search *search = self;
	if (record->sequence == search->sequence)
		memcpy(search->hash, record->hash, STORE_HASH_BYTES);
	return STOP_READING;
}

int journal_decision(struct journal *journal, uint32_t epoch, enum decision_kind kind, uint64_t subject,
		     struct decision *ret_decision, struct err_detail *detail)
{
	struct decision decision = {.kind = (uint8_t)kind, .area = journal->area, .epoch = epoch, .subject = subject};
	uint64_t sequence, digest;
	int code = store_head(journal->store, &sequence, decision.hash, &digest, detail);
	if (!code && kind == DECISION_SKIP && subject < sequence) {
		struct hash_search search = {subject, decision.hash};
		code = store_read(journal->store, subject, hash_found, &search, detail);
		code = code == STOP_READING ? ERR_OK : code;
	}
	if (!code)
		*ret_decision = decision;
	return code;
}

static int decision_commit(struct journal *journal, const struct decision *decision, const char *text, size_t n,
			   struct err_detail *detail)
{
	uint64_t digest, sequence;
	uint8_t hash[STORE_HASH_BYTES];
	int code = store_head(journal->store, &sequence, hash, &digest, detail);
	if (code)
		return code;
	struct store_record record = {
		.type = RECORD_DECISION,
		.area = decision->area,
		.epoch = decision->epoch,
		.engine_version = CORE_ENGINE_VERSION,
		.at = core_now(journal->core),
		.body = text,
		.n = (uint32_t)n,
	};
	if ((code = store_commit(journal->store, &record, 1, digest, detail)))
		return code;
	journal->sequence = record.sequence;
	memcpy(journal->hash, record.hash, STORE_HASH_BYTES);
	return ERR_OK;
}

int journal_decide(struct journal *journal, const struct decision *decision, const struct deciders *deciders,
		   struct err_detail *detail)
{
	struct decision read;
	char *text = decision_text(decision);
	if (!text)
		return err_set(detail, ERR_MEMORY, "decision: out of memory");
	size_t n = strlen(text);
	int code = decision_read(&read, text, n, detail); /* as everybody will who finds it in the journal */
	if (!code)
		code = deciders_allow(deciders, &read, 1, detail);
	if (!code && !journal->committed)
		code = err_set(detail, ERR_CONFLICT, "decision: only after a commit");
	if (!code)
		code = decision_commit(journal, decision, text, n, detail);
	free(text);
	for (int i = 0; !code && decision->kind == DECISION_SKIP && journal->mark && i < CRASHES_KEPT; i++)
		if (journal->mark->crashes[i].count && journal->mark->crashes[i].sequence == decision->subject)
			journal->mark->crashes[i].decided = 1;
	return code;
}
