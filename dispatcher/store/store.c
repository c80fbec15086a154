#include "store.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "seal.h"
#include "store_backend.h"

#define KEYS_CACHED 1024u
#define KEYS_DROPPED_MAX 64u

struct store {
	const struct store_backend *backend;
	void *self;
	enum store_mode mode;
	int failed; /* a commit broke off while being written */
	struct store_head head;
	int seeded; /* keys are made from `seed` and a count, not at random */
	uint64_t seed, n_made;
	uint8_t *buffer; /* sealed bodies of a commit, or one opened body */
	size_t size;
	struct store_row *rows;
	struct store_key *new_keys;
	uint32_t n_rows;		     /* room in rows and new_keys */
	struct store_key cache[KEYS_CACHED]; /* live keys only; ride 0 = empty */
};

/* ---- opening ---- */

static const struct store_backend *backend_of(const char *url, const char **ret_place)
{
	static const struct store_backend *const backends[] = {&store_memory, &store_sqlite, &store_postgres};
	for (size_t i = 0; i < COUNT_OF(backends); i++) {
		size_t n = strlen(backends[i]->scheme);
		if (!strncmp(url, backends[i]->scheme, n) && url[n] == ':') {
			*ret_place = url + n + 1;
			return backends[i];
		}
	}
	*ret_place = url;
	return &store_sqlite;
}

static int open_as(struct store **ret_store, const char *url, enum store_mode mode, struct err_detail *detail)
{
	int code = seal_start();
	if (code)
		return err_set(detail, code, "store: libsodium does not start");
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return err_set(detail, ERR_MEMORY, "store: out of memory");
	const char *place;
	store->backend = backend_of(url, &place);
	store->mode = mode;
	if (store->backend == &store_memory && place[0]) {
		store->seeded = 1;
		store->seed = strtoull(place, NULL, 10);
	}
	if ((code = store->backend->open(&store->self, place, mode, detail))) {
		free(store);
		return code;
	}
	if ((code = store->backend->head(store->self, &store->head, detail))) {
		store_close(store);
		return code;
	}
	*ret_store = store;
	return ERR_OK;
}

int store_open(struct store **ret_store, const char *url, struct err_detail *detail)
{
	return open_as(ret_store, url, STORE_WRITE, detail);
}

int store_open_read(struct store **ret_store, const char *url, struct err_detail *detail)
{
	return open_as(ret_store, url, STORE_READ, detail);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store->backend->close(store->self);
	sodium_memzero(store->cache, sizeof store->cache);
	if (store->buffer)
		sodium_memzero(store->buffer, store->size);
	if (store->new_keys)
		sodium_memzero(store->new_keys, store->n_rows * sizeof *store->new_keys);
	free(store->buffer);
	free(store->rows);
	free(store->new_keys);
	free(store);
}

static int may_write(const struct store *store, struct err_detail *detail)
{
	if (store->mode == STORE_WRITE)
		return ERR_OK;
	return err_set(detail, ERR_DENIED, "store: opened for reading only");
}

int store_raise_epoch(struct store *store, uint32_t area, uint32_t least, uint32_t *ret_epoch,
		      struct err_detail *detail)
{
	int code = may_write(store, detail);
	return code ? code : store->backend->take_epoch(store->self, area, least, ret_epoch, detail);
}

int store_take_epoch(struct store *store, uint32_t area, uint32_t *ret_epoch, struct err_detail *detail)
{
	return store_raise_epoch(store, area, 0, ret_epoch, detail);
}

int store_copy(struct store *store, const char *path, struct err_detail *detail)
{
	if (!store->backend->copy)
		return err_set(detail, ERR_UNAVAILABLE, "a %s journal is not copied into a file",
			       store->backend->scheme);
	return store->backend->copy(store->self, path, detail);
}

struct erased_rides {
	int (*each)(void *self, uint64_t ride, enum erase what);
	void *self;
};

static int erased_key(void *self, const struct store_key *key)
{
	const struct erased_rides *to = self;
	if (key->kind == KEY_SNAPSHOT)
		return ERR_OK;
	return to->each(to->self, key->ride, key->kind == KEY_DECISION ? ERASE_ALL : ERASE_IDENTITY);
}

int store_erased(struct store *store, int (*each)(void *self, uint64_t ride, enum erase what), void *self,
		 struct err_detail *detail)
{
	struct erased_rides to = {each, self};
	if (!store->backend->keys_erased)
		return err_set(detail, ERR_UNAVAILABLE, "a %s journal does not list what is erased",
			       store->backend->scheme);
	return store->backend->keys_erased(store->self, erased_key, &to, detail);
}

/* ---- keys ---- */

static struct store_key *cache_slot(struct store *store, uint64_t ride, uint8_t kind)
{
	return &store->cache[(ride * 2 + kind) % KEYS_CACHED];
}

static void key_make(struct store *store, struct store_key *key)
{
	key->erased = 0;
	if (!store->seeded) {
		randombytes_buf(key->key, sizeof key->key);
		return;
	}
	uint64_t from[2] = {store->seed, ++store->n_made};
	crypto_generichash(key->key, sizeof key->key, (const uint8_t *)from, sizeof from, NULL, 0);
}

/* ERR_NOT_FOUND: never made. */
static int key_find(struct store *store, uint64_t ride, uint8_t kind, struct store_key *ret_key,
		    struct err_detail *detail)
{
	struct store_key *slot = cache_slot(store, ride, kind);
	if (slot->ride == ride && slot->kind == kind) {
		*ret_key = *slot;
		return ERR_OK;
	}
	int code = store->backend->key_get(store->self, ride, kind, ret_key, detail);
	if (!code && !ret_key->erased)
		*slot = *ret_key;
	return code;
}

static uint8_t key_kind(uint8_t record_type)
{
	return record_type == RECORD_IDENTITY ? KEY_IDENTITY : KEY_DECISION;
}

/* The key to seal with: the one the ride has, one made earlier in this batch, or a new one at the end of new_keys. */
static int key_for(struct store *store, const struct store_record *record, uint32_t *n_new, struct store_key *ret_key,
		   struct err_detail *detail)
{
	uint8_t kind = key_kind(record->type);
	for (uint32_t i = *n_new; i-- > 0;)
		if (store->new_keys[i].ride == record->ride && store->new_keys[i].kind == kind) {
			*ret_key = store->new_keys[i];
			return ERR_OK;
		}
	int code = key_find(store, record->ride, kind, ret_key, detail);
	if (code && code != ERR_NOT_FOUND)
		return code;
	if (!code && !ret_key->erased)
		return ERR_OK;
	uint64_t erased_through = code ? 0 : ret_key->erased_through;
	*ret_key = (struct store_key){.ride = record->ride, .kind = kind, .erased_through = erased_through};
	key_make(store, ret_key);
	store->new_keys[(*n_new)++] = *ret_key;
	return ERR_OK;
}

/* ---- commit ---- */

static int buffer_room(struct store *store, size_t size)
{
	if (size <= store->size)
		return ERR_OK;
	uint8_t *buffer = malloc(size);
	if (!buffer)
		return ERR_MEMORY;
	if (store->buffer)
		sodium_memzero(store->buffer, store->size);
	free(store->buffer);
	store->buffer = buffer;
	store->size = size;
	return ERR_OK;
}

static int rows_room(struct store *store, uint32_t n)
{
	if (n <= store->n_rows)
		return ERR_OK;
	struct store_row *rows = calloc(n, sizeof *rows);
	struct store_key *keys = calloc(n, sizeof *keys);
	if (!rows || !keys) {
		free(rows);
		free(keys);
		return ERR_MEMORY;
	}
	if (store->new_keys)
		sodium_memzero(store->new_keys, store->n_rows * sizeof *store->new_keys);
	free(store->rows);
	free(store->new_keys);
	store->rows = rows;
	store->new_keys = keys;
	store->n_rows = n;
	return ERR_OK;
}

static int check_records(const struct store_record *records, uint32_t n, size_t *ret_bytes, struct err_detail *detail)
{
	size_t bytes = 0;
	if (!n)
		return err_set(detail, ERR_USAGE, "store: a commit of no records");
	for (uint32_t i = 0; i < n; i++) {
		const struct store_record *record = &records[i];
		if (record->type < RECORD_COMMAND || record->type > RECORD_DECISION)
			return err_set(detail, ERR_RANGE, "store: record %u of the commit has type %u", i,
				       record->type);
		if (record->n > STORE_BODY_BYTES_MAX)
			return err_set(detail, ERR_RANGE, "store: record %u of the commit has %u bytes, at most %u", i,
				       record->n, STORE_BODY_BYTES_MAX);
		if (record->type == RECORD_IDENTITY && !record->ride)
			return err_set(detail, ERR_RANGE, "store: an identity record without a ride");
		bytes += (size_t)record->n + SEAL_EXTRA_BYTES;
	}
	*ret_bytes = bytes;
	return ERR_OK;
}

static void row_of(struct store_row *row, const struct store_record *record, uint64_t sequence, uint64_t digest,
		   int end)
{
	*row = (struct store_row){
		.sequence = sequence,
		.type = record->type,
		.commit_end = (uint8_t)end,
		.area = record->area,
		.epoch = record->epoch,
		.engine_version = record->engine_version,
		.ride = record->ride,
		.at = record->at,
		.digest = end ? digest : 0,
		.n = record->n + (record->ride ? SEAL_EXTRA_BYTES : 0),
	};
}

/* Seals into the buffer and chains. */
static int rows_fill(struct store *store, const struct store_record *records, uint32_t n, uint64_t digest,
		     uint32_t *ret_n_new, struct err_detail *detail)
{
	const uint8_t *before = store->head.hash;
	uint8_t *at = store->buffer;
	*ret_n_new = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct store_row *row = &store->rows[i];
		row_of(row, &records[i], store->head.sequence + 1 + i, digest, i + 1 == n);
		row->body = at;
		if (row->ride) {
			struct store_key key;
			int code = key_for(store, &records[i], ret_n_new, &key, detail);
			if (code)
				return code;
			seal_row(row, key.key, records[i].body, records[i].n, at);
			sodium_memzero(&key, sizeof key);
		} else if (row->n) {
			memcpy(at, records[i].body, row->n);
		}
		at += row->n;
		seal_hash(before, row, row->hash);
		before = row->hash;
	}
	return ERR_OK;
}

/* The head is another one: that of this very commit, whose answer was lost, or somebody else's. */
static int rows_conflict(struct store *store, const struct store_row *last, struct err_detail *detail)
{
	struct store_head head;
	int code = store->backend->head(store->self, &head, detail);
	if (code)
		return code;
	if (head.sequence == last->sequence && !memcmp(head.hash, last->hash, sizeof head.hash))
		return ERR_OK;
	store->head = head; /* know it for the next try */
	return err_set(detail, ERR_CONFLICT, "store: somebody else appended up to record %" PRIu64, head.sequence);
}

/* Keys first: a record without its key would be lost, a key without its record harms nobody. */
static int rows_write(struct store *store, uint32_t n, uint32_t n_new, struct err_detail *detail)
{
	int code = n_new ? store->backend->keys_put(store->self, store->new_keys, n_new, detail) : ERR_OK;
	if (code)
		return code;
	for (uint32_t i = 0; i < n_new; i++)
		*cache_slot(store, store->new_keys[i].ride, store->new_keys[i].kind) = store->new_keys[i];
	code = store->backend->append(store->self, store->rows, n, detail);
	if (code == ERR_CONFLICT)
		return rows_conflict(store, &store->rows[n - 1], detail);
	if (code && code != ERR_STALE && code != ERR_UNAVAILABLE &&
	    code != ERR_DISK_FULL) /* full: rolled back, may be tried again */
		store->failed = 1;
	return code;
}

int store_commit(struct store *store, struct store_record *records, uint32_t n, uint64_t digest,
		 struct err_detail *detail)
{
	size_t bytes = 0;
	uint32_t n_new = 0;
	int code = may_write(store, detail);
	if (code)
		return code;
	if (store->failed)
		return err_set(detail, ERR_UNAVAILABLE, "store: a commit failed before; open it anew");
	if ((code = check_records(records, n, &bytes, detail)))
		return code;
	if (rows_room(store, n) || buffer_room(store, bytes))
		return err_set(detail, ERR_MEMORY, "store: no memory for a commit of %u records", n);
	if ((code = rows_fill(store, records, n, digest, &n_new, detail)))
		return code;
	if ((code = rows_write(store, n, n_new, detail)))
		return code;
	for (uint32_t i = 0; i < n; i++) {
		records[i].sequence = store->rows[i].sequence;
		memcpy(records[i].hash, store->rows[i].hash, STORE_HASH_BYTES);
	}
	store->head.sequence = store->rows[n - 1].sequence;
	store->head.digest = digest;
	memcpy(store->head.hash, store->rows[n - 1].hash, STORE_HASH_BYTES);
	return ERR_OK;
}

void store_stage(struct store *store, const struct project_rows *changes)
{
	if (store->backend->projector)
		store->backend->projector->stage(store->self, changes);
}

int store_projects(const struct store *store)
{
	return store->backend->projector && store->backend->projector->projects(store->self);
}

static int may_project(const struct store *store, struct err_detail *detail)
{
	if (!store->backend->projector)
		return err_set(detail, ERR_UNAVAILABLE, "store: %s keeps no projections; PostgreSQL does",
			       store->backend->scheme);
	return may_write(store, detail);
}

int store_project_reset(struct store *store, struct err_detail *detail)
{
	int code = may_project(store, detail);
	return code ? code : store->backend->projector->reset(store->self, detail);
}

int store_project(struct store *store, const struct project_rows *changes, struct err_detail *detail)
{
	int code = may_project(store, detail);
	return code ? code : store->backend->projector->write(store->self, changes, detail);
}

int store_telemetry(struct store *store, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail)
{
	int code = may_write(store, detail);
	return code || !n ? code : store->backend->telemetry(store->self, rows, n, detail);
}

int store_telemetry_forget(struct store *store, instant_ms before, struct err_detail *detail)
{
	int code = may_write(store, detail);
	return code ? code : store->backend->telemetry_forget(store->self, before, detail);
}

/* ---- reading ---- */

/* Opens the row's body into the store's buffer. ret_record->erased when its key is gone. */
static int row_open(struct store *store, const struct store_row *row, struct store_record *record,
		    struct err_detail *detail)
{
	struct store_key key;
	int code = key_find(store, row->ride, key_kind(row->type), &key, detail);
	if (code == ERR_NOT_FOUND)
		return err_set(detail, ERR_BROKEN, "record %" PRIu64 ": its key is missing, and was not erased",
			       row->sequence);
	if (code)
		return code;
	if (key.erased || row->sequence <= key.erased_through) {
		record->erased = 1;
		record->body = NULL;
		record->n = 0;
		return ERR_OK;
	}
	if (row->n < SEAL_EXTRA_BYTES)
		return err_set(detail, ERR_BROKEN, "record %" PRIu64 ": sealed body of %u bytes", row->sequence,
			       row->n);
	if (buffer_room(store, row->n))
		return err_set(detail, ERR_MEMORY, "record %" PRIu64 ": no memory to open it", row->sequence);
	code = seal_open_row(row, key.key, store->buffer);
	sodium_memzero(&key, sizeof key);
	if (code)
		return err_set(detail, code, "record %" PRIu64 ": its body does not open with its ride's key",
			       row->sequence);
	record->body = store->buffer;
	record->n = row->n - SEAL_EXTRA_BYTES;
	return ERR_OK;
}

static int record_of(struct store *store, const struct store_row *row, struct store_record *record,
		     struct err_detail *detail)
{
	*record = (struct store_record){
		.sequence = row->sequence,
		.type = row->type,
		.area = row->area,
		.epoch = row->epoch,
		.engine_version = row->engine_version,
		.ride = row->ride,
		.at = row->at,
		.body = row->body,
		.n = row->n,
		.commit_end = row->commit_end,
		.digest = row->digest,
	};
	memcpy(record->hash, row->hash, STORE_HASH_BYTES);
	return row->ride ? row_open(store, row, record, detail) : ERR_OK;
}

struct reading {
	struct store *store;
	int (*each)(void *self, const struct store_record *record);
	void *self;
	struct err_detail *detail;
};

static int read_row(void *self, const struct store_row *row)
{
	struct reading *reading = self;
	struct store_record record;
	int code = record_of(reading->store, row, &record, reading->detail);
	return code ? code : reading->each(reading->self, &record);
}

int store_read(struct store *store, uint64_t from, int (*each)(void *self, const struct store_record *record),
	       void *self, struct err_detail *detail)
{
	struct reading reading = {store, each, self, detail};
	return store->backend->read(store->self, from, read_row, &reading, detail);
}

int store_head(struct store *store, uint64_t *ret_sequence, uint8_t ret_hash[STORE_HASH_BYTES], uint64_t *ret_digest,
	       struct err_detail *detail)
{
	struct store_head head;
	int code = store->backend->head(store->self, &head, detail);
	if (code)
		return code;
	*ret_sequence = head.sequence;
	memcpy(ret_hash, head.hash, STORE_HASH_BYTES);
	*ret_digest = head.digest;
	return ERR_OK;
}

/* ---- the chain ---- */

struct walk {
	struct store *store;
	struct store_head head; /* as kept beside the records */
	uint64_t sequence, erased;
	uint8_t hash[STORE_HASH_BYTES];
	struct err_detail *detail;
};

static int walk_head(const struct walk *walk, const struct store_row *row, const uint8_t hash[STORE_HASH_BYTES])
{
	uint64_t sequence = row ? row->sequence : 0;
	if (memcmp(walk->head.hash, hash, STORE_HASH_BYTES))
		return err_set(walk->detail, ERR_BROKEN, "record %" PRIu64 ": the head kept beside it has another hash",
			       sequence);
	if (row && (!row->commit_end || row->digest != walk->head.digest))
		return err_set(walk->detail, ERR_BROKEN,
			       "record %" PRIu64 ": the head kept beside it has another digest", sequence);
	return ERR_OK;
}

static int walk_row(void *self, const struct store_row *row)
{
	struct walk *walk = self;
	struct store_record record;
	uint8_t hash[STORE_HASH_BYTES];
	if (row->sequence != walk->sequence + 1)
		return err_set(walk->detail, ERR_BROKEN, "record %" PRIu64 ": missing, %" PRIu64 " follows",
			       walk->sequence + 1, row->sequence);
	seal_hash(walk->hash, row, hash);
	if (memcmp(hash, row->hash, sizeof hash))
		return err_set(walk->detail, ERR_BROKEN,
			       "record %" PRIu64 ": its hash does not follow from the one before", row->sequence);
	int code = record_of(walk->store, row, &record, walk->detail);
	if (!code && row->sequence == walk->head.sequence)
		code = walk_head(walk, row, hash);
	if (code)
		return code;
	walk->sequence = row->sequence; /* right up to here */
	walk->erased += record.erased;
	memcpy(walk->hash, hash, sizeof hash);
	return ERR_OK;
}

int store_verify_chain(struct store *store, uint64_t *ret_records, uint64_t *ret_erased, struct err_detail *detail)
{
	struct walk walk = {.store = store, .detail = detail};
	int code = store->backend->head(store->self, &walk.head, detail);
	if (!code)
		code = store->backend->read(store->self, 1, walk_row, &walk, detail);
	if (!code && !walk.head.sequence)
		code = walk.sequence ? ERR_OK : walk_head(&walk, NULL, walk.hash);
	if (!code && walk.sequence < walk.head.sequence)
		code = err_set(detail, ERR_BROKEN, "record %" PRIu64 ": missing, the head is %" PRIu64,
			       walk.sequence + 1, walk.head.sequence);
	*ret_records = walk.sequence;
	*ret_erased = walk.erased;
	return code;
}

/* ---- snapshots ---- */

int store_snapshot_put(struct store *store, uint64_t sequence, const void *bytes, size_t n, uint64_t digest,
		       uint32_t keep, struct err_detail *detail)
{
	struct store_key key = {.kind = KEY_SNAPSHOT}, dropped_keys[KEYS_DROPPED_MAX];
	uint64_t dropped[KEYS_DROPPED_MAX];
	uint32_t n_dropped = 0;
	int code = may_write(store, detail);
	if (code)
		return code;
	/* Each snapshot gets a new key, so a second one after the same record never shares a nonce with the first. */
	while (!key.ride)
		randombytes_buf(&key.ride, sizeof key.ride);
	key_make(store, &key);
	uint8_t *sealed = malloc(n + SEAL_EXTRA_BYTES);
	if (!sealed)
		return err_set(detail, ERR_MEMORY, "snapshot: no memory for %zu bytes", n);
	struct store_snapshot snapshot = {sequence, digest, key.ride, sealed, n + SEAL_EXTRA_BYTES};
	seal_snapshot(sequence, digest, key.key, bytes, n, sealed);
	if (!(code = store->backend->keys_put(store->self, &key, 1, detail)))
		code = store->backend->snapshot_put(store->self, &snapshot, keep ? keep : 1, dropped, KEYS_DROPPED_MAX,
						    &n_dropped, detail);
	sodium_memzero(&key, sizeof key);
	free(sealed);
	for (uint32_t i = 0; i < n_dropped; i++)
		dropped_keys[i] = (struct store_key){.ride = dropped[i], .kind = KEY_SNAPSHOT};
	if (!code && n_dropped)
		code = store->backend->keys_erase(store->self, dropped_keys, n_dropped, sequence, detail);
	return code;
}

int store_snapshot_get(struct store *store, uint64_t sequence, uint64_t *ret_sequence, void **ret_bytes, size_t *ret_n,
		       uint64_t *ret_digest, struct err_detail *detail)
{
	struct store_snapshot snapshot;
	struct store_key key;
	int code = store->backend->snapshot_get(store->self, sequence, &snapshot, detail);
	if (code)
		return code;
	uint8_t *plain = NULL;
	code = store->backend->key_get(store->self, snapshot.key_number, KEY_SNAPSHOT, &key, detail);
	if (code == ERR_NOT_FOUND || (!code && key.erased))
		code = err_set(detail, ERR_GONE, "snapshot after record %" PRIu64 ": its key is gone",
			       snapshot.sequence);
	if (!code && snapshot.n < SEAL_EXTRA_BYTES)
		code = err_set(detail, ERR_BROKEN, "snapshot after record %" PRIu64 ": too short", snapshot.sequence);
	if (!code && !(plain = malloc(snapshot.n)))
		code = err_set(detail, ERR_MEMORY, "snapshot: no memory for %zu bytes", snapshot.n);
	if (!code && seal_open_snapshot(snapshot.sequence, snapshot.digest, key.key, snapshot.body, snapshot.n, plain))
		code = err_set(detail, ERR_BROKEN, "snapshot after record %" PRIu64 ": does not open with its key",
			       snapshot.sequence);
	free(snapshot.body);
	sodium_memzero(&key, sizeof key);
	if (!code || code == ERR_BROKEN || code == ERR_GONE)
		*ret_sequence = snapshot.sequence;
	if (code) {
		free(plain);
		return code;
	}
	*ret_bytes = plain;
	*ret_n = snapshot.n - SEAL_EXTRA_BYTES;
	*ret_digest = snapshot.digest;
	return ERR_OK;
}

/* ---- erasing, values, marks ---- */

static int key_erase_if(struct store *store, uint64_t ride, uint8_t kind, struct store_key *keys, uint32_t *n,
			int *ret_known, struct err_detail *detail)
{
	struct store_key key;
	int code = store->backend->key_get(store->self, ride, kind, &key, detail);
	if (code == ERR_NOT_FOUND)
		return ERR_OK;
	if (code)
		return code;
	*ret_known = 1;
	keys[(*n)++] = (struct store_key){.ride = ride, .kind = kind};
	sodium_memzero(&key, sizeof key);
	return ERR_OK;
}

int store_erase(struct store *store, uint64_t ride, enum erase what, struct err_detail *detail)
{
	struct store_key keys[2];
	struct store_head head;
	uint32_t n = 0;
	int known = 0, code = may_write(store, detail);
	if (!code)
		code = store->backend->head(store->self, &head, detail);
	if (!code)
		code = key_erase_if(store, ride, KEY_IDENTITY, keys, &n, &known, detail);
	if (!code && (what == ERASE_ALL || !known)) {
		code = key_erase_if(store, ride, KEY_DECISION, keys, &n, &known, detail);
		if (what != ERASE_ALL)
			n = 0; /* the ride is known, but nobody gave an identity */
	}
	if (code)
		return code;
	if (!known)
		return err_set(detail, ERR_NOT_FOUND, "ride %" PRIu64 " has no keys here", ride);
	for (uint32_t i = 0; i < n; i++) {
		struct store_key *slot = cache_slot(store, ride, keys[i].kind);
		if (slot->ride == ride && slot->kind == keys[i].kind)
			sodium_memzero(slot, sizeof *slot);
	}
	return n ? store->backend->keys_erase(store->self, keys, n, head.sequence, detail) : ERR_OK;
}

static int check_name(const char *name, struct err_detail *detail)
{
	size_t n = strnlen(name, STORE_NAME_MAX);
	return n && n < STORE_NAME_MAX ? ERR_OK : err_set(detail, ERR_RANGE, "store: name of a value: 1 to 63 bytes");
}

int store_value_put(struct store *store, const char *name, const void *bytes, size_t n, struct err_detail *detail)
{
	int code = may_write(store, detail);
	if (!code)
		code = check_name(name, detail);
	return code ? code : store->backend->value_put(store->self, name, bytes, n, detail);
}

int store_value_get(struct store *store, const char *name, void *bytes, size_t size, size_t *ret_n,
		    struct err_detail *detail)
{
	int code = check_name(name, detail);
	return code ? code : store->backend->value_get(store->self, name, bytes, size, ret_n, detail);
}

uint8_t *store_mark(struct store *store)
{
	return store->mode == STORE_WRITE ? store->backend->mark(store->self) : NULL;
}
