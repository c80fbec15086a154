/* From a store to a core and back: batches of commands with their outcomes; recovery; verification by replay. */
#ifndef ZUB_JOURNAL_H
#define ZUB_JOURNAL_H

#include "core.h"
#include "decision.h"
#include "store.h"
#include <stdio.h>

#define JOURNAL_IDENTITY_BYTES_MAX 8192

struct journal;
/* `store` and `core` are borrowed. */
int journal_open(struct journal **ret_journal, struct store *store, struct core *core, uint32_t area,
		 struct err_detail *detail);
void journal_close(struct journal *journal);
/* A snapshot is taken after every `commands` committed commands (default 10,000; 0 = never by itself), the newest
 * `keep` (3) stay. */
void journal_snapshots(struct journal *journal, uint32_t commands, uint32_t keep);
/* Who hands the core a town when a recorded CMD_TOWN_SWAP is replayed: calls core_set_town with the town of that hash.
 * Without it such a record ends recovery with ERR_NOT_FOUND. */
typedef int (*journal_town_source)(void *self, struct core *core, const uint8_t town_hash[TOWN_HASH_BYTES],
				   struct err_detail *detail);
void journal_towns(struct journal *journal, journal_town_source give, void *self);

/* Steps the core with the command and keeps command and outcome for the next commit. Updates stay in the journal's
 * buffer, released by journal_commit. ERR_FULL: commit first. ERR_INTERRUPTED: this command ended the process twice
 * while being applied, or the journal is in hold mode: the core was not touched; refuse it. Other errors: abort and
 * restart. */
int journal_step(struct journal *journal, const struct command *command, uint32_t *ret_first_update,
		 uint32_t *ret_n_updates);
/* Adds an identity record (JSON text) for the ride to this batch. */
int journal_identity(struct journal *journal, uint64_t ride, const char *json, struct err_detail *detail);
/* One durable commit of all that was stepped. On error the caller must not release anything: abort and restart. Only
 * after ERR_UNAVAILABLE (the store's server is away) it may wait and call again, stepping nothing before. */
int journal_commit(struct journal *journal, struct err_detail *detail);
/* The updates of the batch (valid until the next journal_step after a commit); command_index counts the batch's
 * commands. */
const struct update *journal_updates(const struct journal *journal, uint32_t *ret_n);
/* Sequence and chain hash of the newest record of a ride's last command in the committed batch, for the booking
 * receipt. */
void journal_head(const struct journal *journal, uint64_t *ret_sequence, uint8_t ret_hash[STORE_HASH_BYTES]);

/* Latest snapshot + replay into an empty core. Recomputed outcomes must equal the recorded ones (else ERR_BROKEN with
 * the sequence, unless engine versions differ: then recovery starts from a snapshot and recorded outcomes outrank).
 * Marks the record being applied, so that a second crash on the same one is seen: ERR_INTERRUPTED with *ret_sequence =
 * that record -> hold mode. */
int journal_recover(struct journal *journal, uint64_t *ret_sequence, struct err_detail *detail);
/* Takes a snapshot now. Only right after a commit (ERR_CONFLICT while a batch is open). */
int journal_snapshot(struct journal *journal, struct err_detail *detail);
/* Takes the snapshot that is due, if one is. Call it when the updates of a commit are on their way; a journal_step that
 * finds it twice overdue does it first. A failure harms nothing but the time of the next recovery: it is tried again
 * later and counted. */
int journal_tend(struct journal *journal, struct err_detail *detail);
uint64_t journal_snapshots_failed(const struct journal *journal);
/* Erases a ride's identity, or all of it: then also a new snapshot replaces all older ones, so that none holds it any
 * more. ERR_CONFLICT while a batch is open; ERR_BUSY (ERASE_ALL) while the core still keeps the ride; ERR_NOT_FOUND. */
int journal_erase(struct journal *journal, uint64_t ride, enum erase what, struct err_detail *detail);

/* The same on a schedule, for all rides asked for before that instant which the core does not keep any more. Goes on
 * where the last call stopped (remembered in the store), does a part of it in one call.
 * *ret_n: rides erased. *ret_more: call again, there may be others. */
#define ERASE_RECORDS_MAX 20000
#define ERASE_RIDES_MAX 4096
int journal_erase_before(struct journal *journal, instant_ms before, enum erase what, uint32_t *ret_n, int *ret_more,
			 struct err_detail *detail);

/* A person's decision, to be signed by the caller: fills kind, area, epoch (the driver's), subject and hash; by, why
 * and at are the caller's. */
int journal_decision(struct journal *journal, uint32_t epoch, enum decision_kind kind, uint64_t subject,
		     struct decision *ret_decision, struct err_detail *detail);
/* Writes the signed decision as a record of its own, durable on return. DECISION_SKIP (hold mode, after
 * ERR_INTERRUPTED; restart then) leaves that command out of every later recovery (what comes after it up to the
 * decision is stepped, its outcomes no longer compared); a command that never got into the journal is refused from then
 * on. The others only say who had it erased: see journal_erase. ERR_DENIED: not signed by somebody listed;
 * ERR_FORMAT, ERR_RANGE. */
int journal_decide(struct journal *journal, const struct decision *decision, const struct deciders *deciders,
		   struct err_detail *detail);
/* Who must have signed the decisions that recovery follows. Without it a signature must only fit the key it names. The
 * list is borrowed. */
void journal_deciders(struct journal *journal, const struct deciders *deciders);
/* All decisions of a journal: signed by somebody who is or was listed, about the record whose hash they name.
 * ERR_BROKEN, ERR_DENIED with *ret_broken = the record. */
int journal_check_decisions(struct store *store, const struct deciders *deciders, uint64_t *ret_n, uint64_t *ret_broken,
			    struct err_detail *detail);
/* Not 0: recovery stopped before this record (hold mode), and journal_step refuses. */
uint64_t journal_held(const struct journal *journal);
/* What kind of command that is (enum command_kind), for people. */
uint16_t journal_held_kind(const struct journal *journal);

/* verify: chain, then replay from the beginning or the oldest snapshot. */
enum verify_result {
	VERIFY_REPLAYED = 0,
	VERIFY_CHAIN_ONLY = 1 /* bodies erased, nothing contradicts */,
	VERIFY_BROKEN = 2
};
struct verify_report {
	uint8_t result; /* enum verify_result */
	uint64_t records, commands, erased, first_broken;
	uint64_t digest;
	uint64_t from; /* replay began after this sequence: 0, or that of the snapshot */
};
/* `core` must be empty and opened with what journal_verify_settings says (= journal_settings while nothing is erased).
 * give: for journals with town swaps; NULL = there are none. */
int journal_verify_with(struct store *store, struct core *core, journal_town_source give, void *self,
			struct verify_report *ret_report, struct err_detail *detail);
/* What a core for journal_verify must be opened with: of the first CMD_START, or of the snapshot that replay has to
 * begin with because something before it is erased. ERR_NOT_FOUND when the journal is empty. */
int journal_verify_settings(struct store *store, struct core_settings *ret_settings,
			    uint8_t ret_town_hash[TOWN_HASH_BYTES], struct err_detail *detail);
/* The same, and somebody watches: told of the state that the replay begins with when that is a snapshot's, of each
 * command's updates and of each commit's end, the core being as it was then. Codes other than ERR_OK end it. */
struct journal_watch {
	void *self;
	int (*restored)(void *self, const struct core *core);
	int (*stepped)(void *self, const struct update *updates, uint32_t n);
	int (*committed)(void *self, const struct core *core, uint64_t sequence, struct err_detail *detail);
};
int journal_verify_watched(struct store *store, struct core *core, journal_town_source give, void *self,
			   const struct journal_watch *watch, struct verify_report *ret_report,
			   struct err_detail *detail);
/* What a core for journal_recover must be opened with: of the newest snapshot, or of the first CMD_START when there is
 * none. ERR_NOT_FOUND when the journal is empty. */
int journal_recover_settings(struct store *store, struct core_settings *ret_settings,
			     uint8_t ret_town_hash[TOWN_HASH_BYTES], struct err_detail *detail);
/* Settings and town hash of the journal's first CMD_START. ERR_NOT_FOUND when the journal is empty. */
int journal_settings(struct store *store, struct core_settings *ret_settings, uint8_t ret_town_hash[TOWN_HASH_BYTES],
		     struct err_detail *detail);

/* `dispatcher log`: records from `from` on, at most `most`, one line each (an outcome: one line per update). Personal
 * fields and identities only with `personal`. ERR_IO when `out` does not take it. */
int journal_print(struct store *store, uint64_t from, uint64_t most, int personal, FILE *out,
		  struct err_detail *detail);

#endif
