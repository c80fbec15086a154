/* Private to the journal: what journal.c and journal_recover.c share. */
#ifndef ZUB_JOURNAL_STATE_H
#define ZUB_JOURNAL_STATE_H

#include "journal.h"
#include "record.h"

#define CRASHES_KEPT 4
#define CRASHES_UNTIL_HELD 2

/* Lives in store_mark(): what was being applied when the process ended. */
struct crash {
	uint64_t print;	   /* of the command, without its time */
	uint64_t sequence; /* it has, or would have had */
	uint32_t count;
	uint32_t decided; /* a person decided to leave it out */
	uint64_t kind;	  /* enum command_kind */
};
struct journal_mark {
	uint64_t magic;
	uint64_t print, kind, sequence; /* being applied now; sequence 0 = nothing */
	struct crash crashes[CRASHES_KEPT];
};

struct journal {
	struct store *store;
	struct core *core;
	uint32_t area;
	struct updates updates;
	struct store_record *records;
	size_t *offsets; /* body of record i begins at bytes + offsets[i] */
	uint32_t n_records, cap_records;
	uint8_t *bytes;
	size_t n_bytes, cap_bytes;
	uint32_t n_commands; /* in the batch */
	int committed;	     /* the batch is durable: the next step begins another */
	int failed;	     /* a commit or a step failed: nothing more until restart */
	uint64_t sequence;   /* of the last commit */
	uint8_t hash[STORE_HASH_BYTES];
	uint32_t snapshot_every, snapshot_keep;
	uint64_t since_snapshot; /* commands */
	uint64_t snapshots_failed;
	uint64_t held;
	uint16_t held_kind;
	struct journal_mark *mark;
	journal_town_source give;
	void *give_self;
	const struct deciders *deciders; /* or NULL */
};

uint64_t journal_print_of(const uint8_t *bytes, size_t n);
void journal_mark_begin(struct journal_mark *mark, uint64_t print, uint64_t sequence, uint16_t kind);
void journal_mark_end(struct journal_mark *mark);
/* The crash that this command, or any at this place, caused often enough; or NULL. */
struct crash *journal_crash(struct journal_mark *mark, uint64_t print, uint64_t sequence);

/* A snapshot's bytes: length of the head 4, head = CMD_START record (settings and town as of then), core_snapshot(). */
int journal_snapshot_head(const void *bytes, size_t n, struct command *ret_start, size_t *ret_core_at,
			  struct err_detail *detail);

#endif
