/* From a store to a core and back: batches of commands with their outcomes; recovery; verification by replay. */
#ifndef ZUB_JOURNAL_H
#define ZUB_JOURNAL_H

#include "core.h"
#include "store.h"

struct journal;
/* `store` and `core` are borrowed. */
int journal_open(struct journal **ret_journal, struct store *store, struct core *core, uint32_t area, struct err_detail *detail);
void journal_close(struct journal *journal);

/* Steps the core with the command and keeps command and outcome for the next commit. Updates stay in the journal's buffer,
 * released by journal_commit. ERR_FULL: commit first. */
int journal_step(struct journal *journal, const struct command *command, uint32_t *ret_first_update, uint32_t *ret_n_updates);
/* Adds an identity record (JSON text) for the ride to this batch. */
int journal_identity(struct journal *journal, uint64_t ride, const char *json, struct err_detail *detail);
/* One durable commit of all that was stepped. On error the caller must not release anything: abort and restart. */
int journal_commit(struct journal *journal, struct err_detail *detail);
/* The updates of the batch (valid until the next journal_step after a commit). */
const struct update *journal_updates(const struct journal *journal, uint32_t *ret_n);
/* Sequence and chain hash of the newest record of a ride's last command in the committed batch, for the booking receipt. */
void journal_head(const struct journal *journal, uint64_t *ret_sequence, uint8_t ret_hash[STORE_HASH_BYTES]);

/* Latest snapshot + replay into an empty core. Recomputed outcomes must equal the recorded ones (else ERR_BROKEN with the
 * sequence, unless engine versions differ: then recovery starts from a snapshot and recorded outcomes outrank). Marks the record
 * being applied, so that a second crash on the same one is seen: ERR_INTERRUPTED with *ret_sequence = that record -> hold mode. */
int journal_recover(struct journal *journal, uint64_t *ret_sequence, struct err_detail *detail);
/* Takes a snapshot now. */
int journal_snapshot(struct journal *journal, struct err_detail *detail);

/* verify: chain, then replay from the beginning or the oldest snapshot. */
enum verify_result { VERIFY_REPLAYED = 0, VERIFY_CHAIN_ONLY = 1 /* bodies erased, nothing contradicts */, VERIFY_BROKEN = 2 };
struct verify_report {
	uint8_t result;              /* enum verify_result */
	uint64_t records, commands, erased, first_broken;
	uint64_t digest;
};
/* `core` must be empty and opened with the settings of the journal's CMD_START (journal_settings). */
int journal_verify(struct store *store, struct core *core, struct verify_report *ret_report, struct err_detail *detail);
/* Settings and town hash of the journal's first CMD_START. ERR_NOT_FOUND when the journal is empty. */
int journal_settings(struct store *store, struct core_settings *ret_settings, uint8_t ret_town_hash[TOWN_HASH_BYTES], struct err_detail *detail);

#endif
