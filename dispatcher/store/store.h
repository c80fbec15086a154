/* The journal and what hangs on it, behind one narrow interface: memory, SQLite (default), PostgreSQL later; all pass the
 * same contract tests. One commit writes a batch of records, the state digest and (for SQL stores) projections, durably.
 *
 * Record = header (area, epoch, engine version, sequence, type, ride, time) + body. Bodies of records that name a ride are
 * sealed (XChaCha20-Poly1305-IETF, libsodium; nonce = sequence) with that ride's decision key or identity key; both keys live
 * in a key store of their own and can be erased apart. The chain hash covers header and ciphertext:
 *   hash(n) = BLAKE2b-256(hash(n-1) || header(n) || sealed body(n)).
 * Erasing a key erases the person; the chain still verifies. */
#ifndef ZUB_STORE_H
#define ZUB_STORE_H

#include <stddef.h>
#include <stdint.h>
#include "err.h"
#include "units.h"

#define STORE_HASH_BYTES 32

enum record_type {
	RECORD_COMMAND = 1,   /* record_command() bytes; ride = record_ride() */
	RECORD_OUTCOME = 2,   /* record_updates() bytes of the command before it; no personal content */
	RECORD_IDENTITY = 3,  /* JSON {"name","contact","note"} sealed with the ride's identity key; never reaches the core */
	RECORD_DECISION = 4   /* a signed decision about a record (skip after hold mode); JSON */
};

struct store_record {
	uint64_t sequence;    /* given by the store: 1, 2, ... without gaps */
	uint8_t type;         /* enum record_type */
	uint32_t area, epoch, engine_version;
	uint64_t ride;        /* whose key seals the body; 0 = body is stored open */
	instant_ms at;        /* service time of the command */
	const void *body;     /* plain; borrowed for the call */
	uint32_t n;
	uint8_t erased;       /* reading: the key is gone, body is NULL */
	uint8_t hash[STORE_HASH_BYTES]; /* chain hash; reading, and after commit */
};

struct store_telemetry {  /* raw vehicle reports, kept apart with their own retention */
	uint32_t vehicle;
	instant_ms at;
	int32_t lat_e7, lon_e7;
	uint8_t mode;
	uint16_t battery_permille;
	uint32_t speed_mm_s;
};

struct store;

/* url: "memory:", "sqlite:PATH" or a bare path (SQLite). Creates what is missing with mode 0600; keys beside it ("PATH.keys",
 * an own SQLite file). Errors: ERR_IO, ERR_VERSION, ERR_FORMAT, ERR_BUSY (another dispatcher holds it), ERR_DENIED (permissions). */
int store_open(struct store **ret_store, const char *url, struct err_detail *detail);
void store_close(struct store *store);

/* Raises the epoch (takeover, restart): every later append with a lower epoch fails with ERR_STALE. Durable on return. */
int store_take_epoch(struct store *store, uint32_t area, uint32_t *ret_epoch, struct err_detail *detail);

/* Appends n records and the core's digest after them in one durable commit; fills sequence and hash. All or nothing.
 * Errors: ERR_STALE (epoch), ERR_DISK_FULL, ERR_IO, ERR_UNAVAILABLE. */
int store_commit(struct store *store, struct store_record *records, uint32_t n, uint64_t digest, struct err_detail *detail);
/* Not durable at once, may be lost in a crash; own retention. */
int store_telemetry(struct store *store, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail);

/* Calls `each` for records from `from` on, in order, until it returns non-zero (returned as is). Bodies borrowed for the call. */
int store_read(struct store *store, uint64_t from, int (*each)(void *self, const struct store_record *record), void *self,
	       struct err_detail *detail);
/* Last sequence (0 = empty), its hash and the digest of the last commit. */
int store_head(struct store *store, uint64_t *ret_sequence, uint8_t ret_hash[STORE_HASH_BYTES], uint64_t *ret_digest, struct err_detail *detail);

/* Snapshot after `sequence`, sealed with a key of its own that is erased with it. Keeps the newest `keep`. */
int store_snapshot_put(struct store *store, uint64_t sequence, const void *bytes, size_t n, uint64_t digest, uint32_t keep, struct err_detail *detail);
/* Newest snapshot at or before `sequence` (UINT64_MAX = newest). *ret_bytes malloc'ed, taken by the caller. ERR_NOT_FOUND. */
int store_snapshot_get(struct store *store, uint64_t sequence, uint64_t *ret_sequence, void **ret_bytes, size_t *ret_n, uint64_t *ret_digest,
		       struct err_detail *detail);

/* Erases the identity key, or both keys, of a ride. Durable, pages overwritten (secure_delete). ERR_NOT_FOUND. */
enum erase { ERASE_IDENTITY, ERASE_ALL };
int store_erase(struct store *store, uint64_t ride, enum erase what, struct err_detail *detail);

/* Small durable values of the driver: crash marks, clock anchor, ... Keys are short ASCII names. */
int store_value_put(struct store *store, const char *name, const void *bytes, size_t n, struct err_detail *detail);
int store_value_get(struct store *store, const char *name, void *bytes, size_t size, size_t *ret_n, struct err_detail *detail); /* ERR_NOT_FOUND */

/* Walks the whole chain: ERR_OK, or ERR_BROKEN with the first record whose hash does not follow. *ret_erased counts sealed-away ones. */
int store_verify_chain(struct store *store, uint64_t *ret_records, uint64_t *ret_erased, struct err_detail *detail);

#endif
