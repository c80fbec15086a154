/* The journal and what hangs on it, behind one narrow interface: memory, SQLite (default), PostgreSQL later; all pass
 * the same contract tests. One commit writes a batch of records, the state digest and (for SQL stores) projections,
 * durably.
 *
 * Record = header (area, epoch, engine version, sequence, type, ride, time) + body. Bodies of records that name a ride
 * are sealed (XChaCha20-Poly1305-IETF, libsodium; nonce = sequence) with that ride's decision key or identity key; both
 * keys live in a key store of their own and can be erased apart. The chain hash covers header and ciphertext: hash(n) =
 * BLAKE2b-256(hash(n-1) || header(n) || sealed body(n)). Erasing a key erases the person; the chain still verifies. The
 * header bytes (seal.h) also cover the end of each commit and the digest after it. A sequence may be tried again after
 * a crash, never in the same epoch: the nonce holds both. */
#ifndef ZUB_STORE_H
#define ZUB_STORE_H

#include "err.h"
#include "units.h"
#include <stddef.h>
#include <stdint.h>

#define STORE_VERSION 1 /* of the tables, whatever the kind of store */
#define STORE_HASH_BYTES 32

enum record_type {
	RECORD_COMMAND = 1, /* record_command() bytes; ride = record_ride() */
	RECORD_OUTCOME = 2, /* record_updates() bytes of the command before it; no personal content */
	RECORD_IDENTITY =
		3, /* JSON {"name","contact","note"} sealed with the ride's identity key; never reaches the core */
	RECORD_DECISION = 4 /* a signed decision about a record (skip after hold mode); JSON */
};

struct store_record {
	uint64_t sequence; /* given by the store: 1, 2, ... without gaps */
	uint8_t type;	   /* enum record_type */
	uint32_t area, epoch, engine_version;
	uint64_t ride;	  /* whose key seals the body; 0 = body is stored open */
	instant_ms at;	  /* service time of the command */
	const void *body; /* plain; borrowed for the call */
	uint32_t n;
	uint8_t erased;			/* reading: the key is gone, body is NULL */
	uint8_t hash[STORE_HASH_BYTES]; /* chain hash; reading, and after commit */
	uint8_t commit_end;		/* reading: the last record of its commit */
	uint64_t digest;		/* reading: the digest given with that commit; 0 for the others */
};

#define STORE_BODY_BYTES_MAX (64u << 20)
#define STORE_NAME_MAX 64

struct store_telemetry { /* raw vehicle reports, kept apart with their own retention */
	uint32_t vehicle;
	instant_ms at;
	int32_t lat_e7, lon_e7;
	uint8_t mode;
	uint16_t battery_permille;
	uint32_t speed_mm_s;
};

struct store;

/* url: "memory:" ("memory:SEED": keys made from SEED instead of at random, so that a simulation repeats byte for byte),
 * "sqlite:PATH" or a bare path (SQLite; "sqlite:PATH?vfs=NAME" for tests). Creates what is missing with mode 0600; keys
 * beside it
 * ("PATH.keys", an own SQLite file; also PATH.telemetry, PATH.lock, PATH.mark).
 * "postgresql://USER@HOST/DATABASE?schema=NAME&mark=PATH": a PostgreSQL server (store_postgres.c); the mark is a file
 * here. Errors: ERR_UNAVAILABLE (no server), ERR_IO, ERR_VERSION, ERR_FORMAT, ERR_BUSY (another dispatcher holds it),
 * ERR_DENIED (permissions; a key file that others may read), ERR_NOT_FOUND (records are there but their key file is
 * not). */
int store_open(struct store **ret_store, const char *url, struct err_detail *detail);
/* For reading beside a running dispatcher (log, verify, replay): changes nothing, takes no lock; writing calls fail
 * with ERR_DENIED. ERR_NOT_FOUND when there is no journal; without its key file every sealed record counts as erased.
 */
int store_open_read(struct store **ret_store, const char *url, struct err_detail *detail);
void store_close(struct store *store);

/* A consistent copy as it is at this moment, also of a journal that a running dispatcher writes, for backups and for
 * putting them back: PATH (records, still sealed) and PATH.keys (what opens them), both mode 0600, each one file,
 * durable on return. Every record of the copy has its key, unless that was erased meanwhile. Raw telemetry is left out.
 * ERR_EXISTS: one of them is there already; ERR_UNAVAILABLE: only SQLite stores can (PostgreSQL: pg_dump). */
int store_copy(struct store *store, const char *path, struct err_detail *detail);
/* For whoever put an old copy back: calls `each` for every ride whose keys are erased here, ascending, with what is.
 * ERR_UNAVAILABLE: only SQLite stores can tell. */
enum erase { ERASE_IDENTITY, ERASE_ALL };
int store_erased(struct store *store, int (*each)(void *self, uint64_t ride, enum erase what), void *self,
		 struct err_detail *detail);

/* Raises the epoch (takeover, restart): every later append with a lower epoch fails with ERR_STALE. Durable on return.
 */
int store_take_epoch(struct store *store, uint32_t area, uint32_t *ret_epoch, struct err_detail *detail);
/* The same, to at least `least`: the seconds of the calendar. A store that was put back from a copy knows nothing of
 * the epochs taken since, and vehicles would hold its plans (and the seal its nonces) for those of that time. */
int store_raise_epoch(struct store *store, uint32_t area, uint32_t least, uint32_t *ret_epoch,
		      struct err_detail *detail);

/* Appends n records and the core's digest after them in one durable commit; fills sequence and hash. All or nothing.
 * Errors: ERR_STALE (epoch), ERR_RANGE (a record of no type, or over STORE_BODY_BYTES_MAX), ERR_CONFLICT (somebody else
 * appended), ERR_MEMORY, ERR_DISK_FULL, ERR_IO, ERR_UNAVAILABLE. Once a commit failed while being written the store
 * cannot know whether it is durable, and takes no other (ERR_UNAVAILABLE) until it is opened anew. ERR_UNAVAILABLE as
 * the first error (a server that is gone or does not answer yet) and ERR_DISK_FULL: call again with the same records,
 * and nothing else before, until another code comes; what was durable in spite of it is found to be so and not appended
 * twice. */
int store_commit(struct store *store, struct store_record *records, uint32_t n, uint64_t digest,
		 struct err_detail *detail);
/* Rows for people with SQL and maps (project.h), written in the same transaction as the next commit; borrowed until
 * that one returns anything but ERR_UNAVAILABLE or ERR_DISK_FULL. Stores without projections ignore them. */
struct project_rows;
void store_stage(struct store *store, const struct project_rows *changes);
/* Does it keep projections, and are they in step with its head? If not, they are rebuilt by project_rebuild(). */
int store_projects(const struct store *store);
/* For a rebuild: empties them; writes rows by themselves; NULL ends it durably. ERR_UNAVAILABLE: this store keeps none.
 */
int store_project_reset(struct store *store, struct err_detail *detail);
int store_project(struct store *store, const struct project_rows *changes, struct err_detail *detail);
/* Not durable at once, may be lost in a crash; own retention. */
int store_telemetry(struct store *store, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail);
/* Deletes the rows from before this instant. */
int store_telemetry_forget(struct store *store, instant_ms before, struct err_detail *detail);

/* Calls `each` for records from `from` on, in order, until it returns non-zero (returned as is). Bodies borrowed for
 * the call; `each` calls no other function of this store. */
int store_read(struct store *store, uint64_t from, int (*each)(void *self, const struct store_record *record),
	       void *self, struct err_detail *detail);
/* Last sequence (0 = empty), its hash and the digest of the last commit. */
int store_head(struct store *store, uint64_t *ret_sequence, uint8_t ret_hash[STORE_HASH_BYTES], uint64_t *ret_digest,
	       struct err_detail *detail);

/* Snapshot after `sequence`, sealed with a key of its own that is erased with it. Keeps the newest `keep`. */
int store_snapshot_put(struct store *store, uint64_t sequence, const void *bytes, size_t n, uint64_t digest,
		       uint32_t keep, struct err_detail *detail);
/* Newest snapshot at or before `sequence` (UINT64_MAX = newest). *ret_bytes malloc'ed, taken by the caller.
 * ERR_NOT_FOUND. ERR_BROKEN, ERR_GONE: it does not open; *ret_sequence says which, so that an older one can be asked
 * for. */
int store_snapshot_get(struct store *store, uint64_t sequence, uint64_t *ret_sequence, void **ret_bytes, size_t *ret_n,
		       uint64_t *ret_digest, struct err_detail *detail);

/* Erases the identity key, or both keys, of a ride. Durable, pages overwritten (secure_delete). ERR_NOT_FOUND;
 * ERR_BUSY: erased, but a reader still holds older pages with the key: call again until ERR_OK. */
int store_erase(struct store *store, uint64_t ride, enum erase what, struct err_detail *detail);

/* Small durable values of the driver: crash marks, clock anchor, ... Keys are short ASCII names. */
int store_value_put(struct store *store, const char *name, const void *bytes, size_t n, struct err_detail *detail);
int store_value_get(struct store *store, const char *name, void *bytes, size_t size, size_t *ret_n,
		    struct err_detail *detail); /* ERR_NOT_FOUND */

/* Memory that outlives this process, though not a power cut: cheap enough to be written before every step (journal.c
 * keeps its crash marks there). All zero in a new store. NULL for a store opened for reading. */
#define STORE_MARK_BYTES 256
uint8_t *store_mark(struct store *store);

/* Walks the whole chain: ERR_OK, or ERR_BROKEN or ERR_CHECKSUM with the first record that is not right in `detail`.
 * *ret_records: how many are right from the first on, also then; *ret_erased: how many of them are sealed away. */
int store_verify_chain(struct store *store, uint64_t *ret_records, uint64_t *ret_erased, struct err_detail *detail);

#endif
