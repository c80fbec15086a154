/* Replay: recovery of a core from snapshot and journal, and verification. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "journal.h"
#include "journal_state.h"

#define STOP_READING (-1) /* ends store_read without an error */

struct skip {
	uint64_t sequence, decided_at;
	uint8_t hash[STORE_HASH_BYTES];
};

struct replay {
	struct store *store;
	struct core *core;
	struct journal_mark *mark; /* NULL when verifying */
	journal_town_source give;
	void *give_self;
	const struct journal_watch *watch; /* or NULL */
	const struct deciders *deciders;   /* or NULL: any key */
	struct updates updates;		   /* of one command */
	uint8_t *bytes;			   /* its outcome, recomputed */
	size_t size, n_bytes;
	struct skip *skips;
	size_t n_skips, cap_skips;
	uint64_t from; /* snapshot's sequence, 0 = from the beginning */
	uint64_t commands;
	uint64_t at;		   /* record being looked at */
	uint64_t uncompared_until; /* a skipped command makes what follows differ, up to the decision */
	int open;		   /* a command was stepped, its outcome record not seen yet */
	int other_engine;	   /* that command was recorded by another engine version */
	int stepped;		   /* something in this commit was stepped */
	int held;
	uint16_t held_kind;
	struct err_detail *detail;
};

/* ---- what a person decided to leave out ---- */

static int decision_note(struct replay *replay, const struct store_record *record)
{
	struct decision decision;
	struct err_detail why = {""};
	replay->at = record->sequence;
	int code = decision_read(&decision, record->body, record->n, &why);
	if (!code && replay->deciders)
		code = deciders_allow(replay->deciders, &decision, 0, &why);
	if (!code && (decision.area != record->area || decision.epoch != record->epoch))
		code = err_set(&why, ERR_DENIED, "decision of %s: signed for another area or epoch", decision.by);
	if (code)
		return err_set(replay->detail, ERR_BROKEN, "record %" PRIu64 ": %s", record->sequence, why.text);
	/* Only what was there when it was decided: a number that a later record got is another matter. */
	if (decision.kind != DECISION_SKIP || decision.subject >= record->sequence)
		return ERR_OK;
	struct skip one = {.sequence = decision.subject, .decided_at = record->sequence};
	memcpy(one.hash, decision.hash, sizeof one.hash);
	if (array_push(replay->skips, replay->n_skips, replay->cap_skips, one))
		return err_set(replay->detail, ERR_MEMORY, "journal: out of memory");
	return ERR_OK;
}

static int look_for_decisions(void *self, const struct store_record *record)
{
	return record->type == RECORD_DECISION && record->body ? decision_note(self, record) : ERR_OK;
}

static const struct skip *skip_of(const struct replay *replay, uint64_t sequence)
{
	for (size_t i = 0; i < replay->n_skips; i++)
		if (replay->skips[i].sequence == sequence)
			return &replay->skips[i];
	return NULL;
}

/* ---- one record ---- */

static int give_town(struct replay *replay, const struct command *command)
{
	if (command->kind != CMD_TOWN_SWAP)
		return ERR_OK;
	if (!replay->give)
		return err_set(replay->detail, ERR_NOT_FOUND, "record %" PRIu64 ": swaps the town, and nobody gives it",
			       replay->at);
	return replay->give(replay->give_self, replay->core, command->town_swap.town_hash, replay->detail);
}

static int step(struct replay *replay, const struct store_record *record, const struct command *command)
{
	uint64_t print = journal_print_of(record->body, record->n);
	if (journal_crash(replay->mark, print, record->sequence)) {
		replay->held = 1;
		replay->held_kind = command->kind;
		return err_set(replay->detail, ERR_INTERRUPTED,
			       "record %" PRIu64 " ended the dispatcher twice: held until somebody decides about it",
			       record->sequence);
	}
	journal_mark_begin(replay->mark, print, record->sequence, command->kind);
	int code = give_town(replay, command);
	replay->updates.n = 0;
	if (!code)
		core_step(replay->core, command, &replay->updates);
	journal_mark_end(replay->mark);
	if (!code)
		code = record_updates(replay->updates.items, replay->updates.n, replay->bytes, replay->size,
				      &replay->n_bytes);
	if (!code && replay->watch)
		code = replay->watch->stepped(replay->watch->self, replay->updates.items, replay->updates.n);
	return code;
}

static int replay_command(struct replay *replay, const struct store_record *record)
{
	struct command command;
	if (replay->open)
		return err_set(replay->detail, ERR_BROKEN, "record %" PRIu64 ": the command before it has no outcome",
			       record->sequence);
	const struct skip *skip = skip_of(replay, record->sequence);
	if (skip && memcmp(skip->hash, record->hash, sizeof skip->hash))
		return err_set(replay->detail, ERR_BROKEN,
			       "record %" PRIu64 ": the decision to skip it (record %" PRIu64 ") names another hash",
			       record->sequence, skip->decided_at);
	if (skip) {
		if (skip->decided_at > replay->uncompared_until)
			replay->uncompared_until = skip->decided_at;
		return ERR_OK;
	}
	if (record->erased)
		return err_set(replay->detail, ERR_GONE,
			       "record %" PRIu64 ": erased, and no snapshot after it: nothing to go on from",
			       record->sequence);
	int code = record_read_command(record->body, record->n, &command, replay->detail);
	if (code)
		return err_set(replay->detail, ERR_BROKEN, "record %" PRIu64 ": %s", record->sequence,
			       replay->detail ? replay->detail->text : "");
	replay->other_engine = record->engine_version != CORE_ENGINE_VERSION;
	if (replay->other_engine && !replay->from)
		return err_set(replay->detail, ERR_VERSION,
			       "record %" PRIu64 ": made by engine %u, this is %d: needs a snapshot to go on from",
			       record->sequence, record->engine_version, CORE_ENGINE_VERSION);
	if ((code = step(replay, record, &command)))
		return code;
	replay->open = replay->stepped = 1;
	replay->commands++;
	return ERR_OK;
}

/* Names the first update that differs, for whoever has to find out why. */
static int outcome_differs(struct replay *replay, const struct store_record *record)
{
	const uint8_t *recorded = record->body;
	size_t at = 0;
	while (at < record->n && at < replay->n_bytes && recorded[at] == replay->bytes[at])
		at++;
	return err_set(replay->detail, ERR_BROKEN,
		       "record %" PRIu64
		       ": replay gives another outcome from byte %zu on (%u bytes recorded, %zu replayed)",
		       record->sequence, at, record->n, replay->n_bytes);
}

static int replay_outcome(struct replay *replay, const struct store_record *record)
{
	int open = replay->open;
	replay->open = 0;
	if (!open && !replay->uncompared_until)
		return err_set(replay->detail, ERR_BROKEN, "record %" PRIu64 ": an outcome without its command",
			       record->sequence);
	if (!open || replay->other_engine || record->sequence < replay->uncompared_until)
		return ERR_OK; /* what was recorded then outranks what this engine makes of it */
	if (record->n != replay->n_bytes || memcmp(record->body, replay->bytes, replay->n_bytes))
		return outcome_differs(replay, record);
	return ERR_OK;
}

static int replay_end(struct replay *replay, const struct store_record *record)
{
	int stepped = replay->stepped;
	replay->stepped = 0;
	if (replay->open)
		return err_set(replay->detail, ERR_BROKEN, "record %" PRIu64 ": a commit ends without an outcome",
			       record->sequence);
	if (!stepped || replay->other_engine || record->sequence < replay->uncompared_until)
		return ERR_OK;
	uint64_t digest = core_digest(replay->core);
	if (digest != record->digest)
		return err_set(replay->detail, ERR_BROKEN,
			       "record %" PRIu64 ": replay gives state %016" PRIx64 ", recorded %016" PRIx64,
			       record->sequence, digest, record->digest);
	return ERR_OK;
}

static int replay_record(void *self, const struct store_record *record)
{
	struct replay *replay = self;
	int code = ERR_OK;
	replay->at = record->sequence;
	if (record->type == RECORD_COMMAND)
		code = replay_command(replay, record);
	else if (record->type == RECORD_OUTCOME)
		code = replay_outcome(replay, record);
	if (!code && record->commit_end)
		code = replay_end(replay, record);
	if (!code && record->commit_end && replay->watch)
		code = replay->watch->committed(replay->watch->self, replay->core, record->sequence, replay->detail);
	return code;
}

/* ---- all decisions, without a replay ---- */

static int check_hash(void *self, const struct store_record *record)
{
	struct replay *replay = self;
	for (size_t i = 0; i < replay->n_skips; i++)
		if (replay->skips[i].sequence == record->sequence &&
		    memcmp(replay->skips[i].hash, record->hash, STORE_HASH_BYTES)) {
			replay->at = replay->skips[i].decided_at;
			return err_set(replay->detail, ERR_BROKEN,
				       "record %" PRIu64 ": decides about record %" PRIu64 " with another hash",
				       replay->at, record->sequence);
		}
	return ERR_OK;
}

static int count_decisions(void *self, const struct store_record *record)
{
	struct replay *replay = self;
	replay->commands += record->type == RECORD_DECISION;
	return look_for_decisions(self, record);
}

int journal_check_decisions(struct store *store, const struct deciders *deciders, uint64_t *ret_n, uint64_t *ret_broken,
			    struct err_detail *detail)
{
	struct replay replay = {.store = store, .deciders = deciders, .detail = detail};
	int code = store_read(store, 1, count_decisions, &replay, detail);
	if (!code && replay.n_skips)
		code = store_read(store, 1, check_hash, &replay, detail);
	*ret_n = replay.commands;
	*ret_broken = code ? replay.at : 0;
	free(replay.skips);
	return code;
}

/* ---- a replay as a whole ---- */

static int replay_open(struct replay *replay)
{
	replay->updates.most = core_updates_max(replay->core);
	replay->updates.items = malloc(replay->updates.most * sizeof *replay->updates.items);
	replay->size = 3 + (size_t)replay->updates.most * sizeof(struct update);
	replay->bytes = malloc(replay->size);
	if (!replay->updates.items || !replay->bytes)
		return err_set(replay->detail, ERR_MEMORY, "journal: out of memory");
	return ERR_OK;
}

static void replay_close(struct replay *replay)
{
	free(replay->updates.items);
	free(replay->bytes);
	free(replay->skips);
}

static int restore(struct replay *replay, const void *bytes, size_t n, uint64_t digest)
{
	struct command start;
	size_t at;
	int code = journal_snapshot_head(bytes, n, &start, &at, replay->detail);
	if (code)
		return code;
	if (memcmp(start.start.town_hash, core_town(replay->core)->hash, TOWN_HASH_BYTES))
		return err_set(replay->detail, ERR_CONFLICT,
			       "snapshot: the core has another town than it was taken on");
	if ((code = core_restore(replay->core, (const uint8_t *)bytes + at, n - at, replay->detail)))
		return code;
	int same_engine = start.start.engine_version == CORE_ENGINE_VERSION;
	if (same_engine && core_digest(replay->core) != digest)
		return err_set(replay->detail, ERR_BROKEN,
			       "snapshot: restores to state %016" PRIx64 ", taken of %016" PRIx64,
			       core_digest(replay->core), digest);
	return ERR_OK;
}

/* The newest snapshot at or before `sequence` that opens. One that does not (its key gone, damaged) costs only time: an
 * older one and a longer replay lead to the same state. */
static int snapshot_that_opens(struct store *store, uint64_t sequence, uint64_t *ret_sequence, void **ret_bytes,
			       size_t *ret_n, uint64_t *ret_digest, struct err_detail *detail)
{
	for (;;) {
		*ret_sequence = 0;
		int code = store_snapshot_get(store, sequence, ret_sequence, ret_bytes, ret_n, ret_digest, detail);
		if (code != ERR_BROKEN && code != ERR_GONE)
			return code;
		if (!*ret_sequence)
			return err_set(detail, ERR_NOT_FOUND, "journal: no snapshot opens");
		sequence = *ret_sequence - 1;
	}
}

static int restore_newest(struct replay *replay)
{
	uint64_t sequence, digest;
	void *bytes;
	size_t n;
	int code = snapshot_that_opens(replay->store, UINT64_MAX, &sequence, &bytes, &n, &digest, replay->detail);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code)
		return code;
	code = restore(replay, bytes, n, digest);
	free(bytes);
	if (!code)
		replay->from = sequence;
	return code;
}

static int replay_run(struct replay *replay)
{
	int code = store_read(replay->store, replay->from + 1, look_for_decisions, replay, replay->detail);
	if (!code)
		code = store_read(replay->store, replay->from + 1, replay_record, replay, replay->detail);
	if (!code && replay->open)
		code = err_set(replay->detail, ERR_BROKEN, "record %" PRIu64 ": the last command has no outcome",
			       replay->at);
	return code;
}

/* A command that ended the process before it got into the journal, and about which nobody decided. */
static const struct crash *undecided(const struct journal_mark *mark)
{
	for (int i = 0; mark && i < CRASHES_KEPT; i++)
		if (mark->crashes[i].count >= CRASHES_UNTIL_HELD && !mark->crashes[i].decided)
			return &mark->crashes[i];
	return NULL;
}

int journal_recover(struct journal *journal, uint64_t *ret_sequence, struct err_detail *detail)
{
	struct replay replay = {
		.store = journal->store,
		.core = journal->core,
		.mark = journal->mark,
		.give = journal->give,
		.give_self = journal->give_self,
		.deciders = journal->deciders,
		.detail = detail,
	};
	int code = replay_open(&replay);
	if (!code)
		code = restore_newest(&replay);
	if (!code)
		code = replay_run(&replay);
	replay_close(&replay);
	const struct crash *crash = code ? NULL : undecided(journal->mark);
	if (crash) {
		journal->held = crash->sequence;
		journal->held_kind = (uint16_t)crash->kind;
		code = err_set(detail, ERR_INTERRUPTED,
			       "a command that would have become record %" PRIu64 " ended the dispatcher twice",
			       journal->held);
	} else if (code == ERR_INTERRUPTED && replay.held) {
		journal->held = replay.at;
		journal->held_kind = replay.held_kind;
	} else if (code) {
		journal->failed = 1;
	}
	journal->since_snapshot = replay.commands;
	if (code == ERR_BROKEN || code == ERR_GONE || code == ERR_VERSION)
		*ret_sequence = replay.at;
	else if (!code || code == ERR_INTERRUPTED)
		*ret_sequence = journal->held ? journal->held : journal->sequence;
	return code;
}

/* ---- settings ---- */

struct first_start {
	struct command command;
	int found;
	struct err_detail *detail;
};

static int look_for_start(void *self, const struct store_record *record)
{
	struct first_start *first = self;
	if (record->type != RECORD_COMMAND || !record->body)
		return ERR_OK;
	int code = record_read_command(record->body, record->n, &first->command, first->detail);
	if (code)
		return code;
	if (first->command.kind != CMD_START)
		return err_set(first->detail, ERR_FORMAT, "record %" PRIu64 ": the first command is no start",
			       record->sequence);
	first->found = 1;
	return STOP_READING;
}

int journal_settings(struct store *store, struct core_settings *ret_settings, uint8_t ret_town_hash[TOWN_HASH_BYTES],
		     struct err_detail *detail)
{
	struct first_start first = {.detail = detail};
	int code = store_read(store, 1, look_for_start, &first, detail);
	if (code && code != STOP_READING)
		return code;
	if (!first.found)
		return err_set(detail, ERR_NOT_FOUND, "the journal is empty");
	*ret_settings = first.command.start.settings;
	memcpy(ret_town_hash, first.command.start.town_hash, TOWN_HASH_BYTES);
	return ERR_OK;
}

/* Of a snapshot's head; takes `bytes`. */
static int settings_of_snapshot(void *bytes, size_t n, struct core_settings *ret_settings,
				uint8_t ret_town_hash[TOWN_HASH_BYTES], struct err_detail *detail)
{
	struct command start;
	size_t at;
	int code = journal_snapshot_head(bytes, n, &start, &at, detail);
	free(bytes);
	if (code)
		return code;
	*ret_settings = start.start.settings;
	memcpy(ret_town_hash, start.start.town_hash, TOWN_HASH_BYTES);
	return ERR_OK;
}

int journal_recover_settings(struct store *store, struct core_settings *ret_settings,
			     uint8_t ret_town_hash[TOWN_HASH_BYTES], struct err_detail *detail)
{
	uint64_t sequence, digest;
	void *bytes;
	size_t n;
	int code = snapshot_that_opens(store, UINT64_MAX, &sequence, &bytes, &n, &digest, detail);
	if (code == ERR_NOT_FOUND)
		return journal_settings(store, ret_settings, ret_town_hash, detail);
	return code ? code : settings_of_snapshot(bytes, n, ret_settings, ret_town_hash, detail);
}

/* ---- verify ---- */

static int look_for_erased(void *self, const struct store_record *record)
{
	uint64_t *last = self;
	if (record->type == RECORD_COMMAND && record->erased)
		*last = record->sequence;
	return ERR_OK;
}

/* The oldest snapshot at or after `sequence`. ERR_NOT_FOUND. */
static int oldest_after(struct store *store, uint64_t sequence, uint64_t *ret_sequence, void **ret_bytes, size_t *ret_n,
			uint64_t *ret_digest, struct err_detail *detail)
{
	uint64_t below = UINT64_MAX, found, digest;
	void *best = NULL, *bytes;
	size_t n;
	int code;
	while (!(code = snapshot_that_opens(store, below, &found, &bytes, &n, &digest, detail)) && found >= sequence) {
		free(best);
		best = bytes;
		*ret_sequence = found;
		*ret_n = n;
		*ret_digest = digest;
		bytes = NULL;
		if (!found)
			break;
		below = found - 1;
	}
	if (!code && bytes)
		free(bytes);
	if (code && code != ERR_NOT_FOUND) {
		free(best);
		return code;
	}
	*ret_bytes = best;
	return best ? ERR_OK : ERR_NOT_FOUND;
}

/* From the beginning where nothing is erased, else from the oldest snapshot that makes the erased unnecessary. */
static int verify_start(struct replay *replay, uint64_t last_erased)
{
	uint64_t sequence, digest;
	void *bytes;
	size_t n;
	if (!last_erased)
		return ERR_OK;
	int code = oldest_after(replay->store, last_erased, &sequence, &bytes, &n, &digest, replay->detail);
	if (code)
		return code;
	code = restore(replay, bytes, n, digest);
	free(bytes);
	if (!code)
		replay->from = sequence;
	return code;
}

int journal_verify_settings(struct store *store, struct core_settings *ret_settings,
			    uint8_t ret_town_hash[TOWN_HASH_BYTES], struct err_detail *detail)
{
	uint64_t last_erased = 0, sequence, digest;
	void *bytes;
	size_t n;
	int code = store_read(store, 1, look_for_erased, &last_erased, detail);
	if (code)
		return code;
	if (last_erased) {
		code = oldest_after(store, last_erased, &sequence, &bytes, &n, &digest, detail);
		if (code != ERR_NOT_FOUND)
			return code ? code : settings_of_snapshot(bytes, n, ret_settings, ret_town_hash, detail);
	}
	return journal_settings(store, ret_settings, ret_town_hash, detail);
}

static int verify_replay(struct replay *replay, struct verify_report *report)
{
	uint64_t last_erased = 0;
	int code = store_read(replay->store, 1, look_for_erased, &last_erased, replay->detail);
	if (!code)
		code = replay_open(replay);
	if (!code)
		code = verify_start(replay, last_erased);
	if (code == ERR_NOT_FOUND) {
		report->result = VERIFY_CHAIN_ONLY;
		return ERR_OK;
	}
	if (!code)
		code = replay_run(replay);
	report->from = replay->from;
	report->commands = replay->commands;
	report->digest = core_digest(replay->core);
	report->first_broken = code ? replay->at : 0;
	if (!code)
		code = core_check(replay->core, replay->detail);
	return code;
}

int journal_verify_watched(struct store *store, struct core *core, journal_town_source give, void *self,
			   const struct journal_watch *watch, struct verify_report *ret_report,
			   struct err_detail *detail)
{
	struct err_detail own;
	struct verify_report report = {.result = VERIFY_REPLAYED};
	struct replay replay = {.store = store,
				.core = core,
				.give = give,
				.give_self = self,
				.watch = watch,
				.detail = detail ? detail : &own};
	int code = store_verify_chain(store, &report.records, &report.erased, detail);
	if (code) {
		report.first_broken = report.records + 1;
	} else {
		code = verify_replay(&replay, &report);
		replay_close(&replay);
	}
	if (code == ERR_BROKEN || code == ERR_CHECKSUM) {
		report.result = VERIFY_BROKEN;
		code = ERR_OK;
	} else if (code == ERR_VERSION && replay.at) {
		report.result = VERIFY_CHAIN_ONLY; /* recorded by an engine that this program is not */
		report.first_broken = 0;
		code = ERR_OK;
	}
	if (!code)
		*ret_report = report;
	return code;
}

int journal_verify_with(struct store *store, struct core *core, journal_town_source give, void *self,
			struct verify_report *ret_report, struct err_detail *detail)
{
	return journal_verify_watched(store, core, give, self, NULL, ret_report, detail);
}
