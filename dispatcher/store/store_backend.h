/* What a kind of store must do: keep rows, keys, snapshots and values. It sees only sealed bodies; hashing, sealing and
 * all checks that do not need a transaction are store.c's. One table of functions for each kind; all pass
 * tests/contract/test_store.c. */
#ifndef ZUB_STORE_BACKEND_H
#define ZUB_STORE_BACKEND_H

#include "store.h"
#include <stdint.h>

#define STORE_KEY_BYTES 32

struct store_row { /* a record as it is kept */
	uint64_t sequence;
	uint8_t type, commit_end;
	uint32_t area, epoch, engine_version;
	uint64_t ride;
	instant_ms at;
	uint64_t digest;
	const uint8_t *body; /* sealed when ride is not 0 */
	uint32_t n;
	uint8_t hash[STORE_HASH_BYTES];
};
struct store_head {
	uint64_t sequence;
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t digest;
};
enum store_key_kind {
	KEY_DECISION = 1,
	KEY_IDENTITY = 2,
	KEY_SNAPSHOT = 3 /* its ride is the snapshot's key number */
};
struct store_key {
	uint64_t ride;
	uint8_t kind;
	uint8_t erased;		 /* no key bytes any more */
	uint64_t erased_through; /* records up to this sequence were sealed with a key that is gone; 0 = none */
	uint8_t key[STORE_KEY_BYTES];
};
struct store_snapshot { /* sealed */
	uint64_t sequence, digest, key_number;
	uint8_t *body; /* malloc'ed by snapshot_get and then the caller's */
	size_t n;
};
enum store_mode { STORE_WRITE, STORE_READ };

/* Of a store that keeps projections (project.h); others have none. */
struct project_rows;
struct store_projector {
	int (*projects)(void *self); /* they are there, and in step with the head */
	/* For the transaction of the next append; borrowed until that is known to be durable or refused. */
	void (*stage)(void *self, const struct project_rows *changes);
	int (*write)(void *self, const struct project_rows *changes, struct err_detail *detail);
	int (*reset)(void *self, struct err_detail *detail);
};

struct store_backend {
	const char *scheme; /* "sqlite" */
	int (*open)(void **ret_self, const char *place, enum store_mode mode, struct err_detail *detail);
	void (*close)(void *self);
	/* One more than before, or `least` if that is more. */
	int (*take_epoch)(void *self, uint32_t area, uint32_t least, uint32_t *ret_epoch, struct err_detail *detail);
	int (*head)(void *self, struct store_head *ret_head, struct err_detail *detail);
	/* One durable transaction that first checks, inside itself, the epoch of the rows' area (ERR_STALE) and that
	 * the head is rows[0].sequence - 1 (ERR_CONFLICT), and makes the last row the head. ERR_UNAVAILABLE: not known;
	 * called again with the same rows it either appends them or finds that they are there (ERR_CONFLICT, the head
	 * is the last row). */
	int (*append)(void *self, const struct store_row *rows, uint32_t n, struct err_detail *detail);
	int (*read)(void *self, uint64_t from, int (*each)(void *to, const struct store_row *row), void *to,
		    struct err_detail *detail);
	int (*key_get)(void *self, uint64_t ride, uint8_t kind, struct store_key *ret_key,
		       struct err_detail *detail); /* ERR_NOT_FOUND */
	/* Durable on return; replaces. */
	int (*keys_put)(void *self, const struct store_key *keys, uint32_t n, struct err_detail *detail);
	/* Durable on return, with nothing of the key's bytes left in any file: writes them as erased up to `through`.
	 */
	int (*keys_erase)(void *self, const struct store_key *keys, uint32_t n, uint64_t through,
			  struct err_detail *detail);
	/* Durable; then drops all but the newest `keep` and fills ret_dropped with the key numbers of at most `most` of
	 * those. */
	int (*snapshot_put)(void *self, const struct store_snapshot *snapshot, uint32_t keep, uint64_t *ret_dropped,
			    uint32_t most, uint32_t *ret_n_dropped, struct err_detail *detail);
	int (*snapshot_get)(void *self, uint64_t sequence, struct store_snapshot *ret_snapshot,
			    struct err_detail *detail);
	int (*value_put)(void *self, const char *name, const void *bytes, size_t n, struct err_detail *detail);
	int (*value_get)(void *self, const char *name, void *bytes, size_t size, size_t *ret_n,
			 struct err_detail *detail);
	int (*telemetry)(void *self, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail);
	int (*telemetry_forget)(void *self, instant_ms before, struct err_detail *detail);
	uint8_t *(*mark)(void *self);
	/* NULL where the kind of store has better means of its own. */
	int (*copy)(void *self, const char *path, struct err_detail *detail);
	/* Live keys are left out; by ride and kind. */
	int (*keys_erased)(void *self, int (*each)(void *to, const struct store_key *key), void *to,
			   struct err_detail *detail);
	const struct store_projector *projector; /* or NULL */
};

extern const struct store_backend store_memory, store_sqlite, store_postgres;

#endif
