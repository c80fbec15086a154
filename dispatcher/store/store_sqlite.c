/* The default store: PATH (records, snapshots, values), PATH.keys (what opens them), PATH.telemetry (vehicle reports,
 * not synced at each write), PATH.lock (who writes), PATH.mark (shared memory that outlives the process). WAL with
 * synchronous=FULL: a commit is one sync. secure_delete overwrites what is deleted; because the WAL keeps older pages,
 * erasing a key ends with a checkpoint that empties the WAL. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_backend.h"

#define APPLICATION_JOURNAL 0x5a55424a	 /* "ZUBJ" */
#define APPLICATION_KEYS 0x5a55424b	 /* "ZUBK" */
#define APPLICATION_TELEMETRY 0x5a554254 /* "ZUBT" */
#define BUSY_MS 2000

enum statement {
	BEGIN_WRITE,
	COMMIT,
	ROLLBACK,
	EPOCH_GET,
	EPOCH_PUT,
	HEAD_GET,
	HEAD_PUT,
	RECORD_PUT,
	RECORD_READ,
	SNAPSHOT_PUT,
	SNAPSHOT_GET,
	SNAPSHOT_OLD,
	SNAPSHOT_KEY,
	SNAPSHOT_DROP,
	VALUE_PUT,
	VALUE_GET,
	JOURNAL_STATEMENTS,
	KEYS_BEGIN = JOURNAL_STATEMENTS,
	KEYS_COMMIT,
	KEYS_ROLLBACK,
	KEY_GET,
	KEY_PUT,
	KEY_ERASE,
	KEYS_STATEMENTS,
	TELEMETRY_BEGIN = KEYS_STATEMENTS,
	TELEMETRY_COMMIT,
	TELEMETRY_ROLLBACK,
	TELEMETRY_PUT,
	TELEMETRY_FORGET,
	STATEMENTS
};
static const char *const statement_texts[STATEMENTS] = {
	[BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[EPOCH_GET] = "SELECT epoch FROM epoch WHERE area = ?1",
	[EPOCH_PUT] = "INSERT INTO epoch(area, epoch) VALUES(?1, ?2) ON CONFLICT(area) DO UPDATE SET epoch = ?2",
	[HEAD_GET] = "SELECT sequence, hash, digest FROM head WHERE one = 1",
	[HEAD_PUT] = "INSERT INTO head(one, sequence, hash, digest) VALUES(1, ?1, ?2, ?3) "
		     "ON CONFLICT(one) DO UPDATE SET sequence = ?1, hash = ?2, digest = ?3",
	[RECORD_PUT] = "INSERT INTO record(sequence, type, commit_end, area, epoch, engine_version, ride, at, digest, "
		       "body, hash) "
		       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[RECORD_READ] = "SELECT sequence, type, commit_end, area, epoch, engine_version, ride, at, digest, body, hash "
			"FROM record WHERE sequence >= ?1 ORDER BY sequence",
	[SNAPSHOT_PUT] = "INSERT OR REPLACE INTO snapshot(sequence, digest, key_number, body) VALUES(?1, ?2, ?3, ?4)",
	[SNAPSHOT_GET] = "SELECT sequence, digest, key_number, body FROM snapshot WHERE sequence <= ?1 "
			 "ORDER BY sequence DESC LIMIT 1",
	[SNAPSHOT_OLD] = "SELECT sequence, key_number FROM snapshot ORDER BY sequence DESC LIMIT ?2 OFFSET ?1",
	[SNAPSHOT_KEY] = "SELECT key_number FROM snapshot WHERE sequence = ?1",
	[SNAPSHOT_DROP] = "DELETE FROM snapshot WHERE sequence = ?1",
	[VALUE_PUT] = "INSERT OR REPLACE INTO value(name, body) VALUES(?1, ?2)",
	[VALUE_GET] = "SELECT body FROM value WHERE name = ?1",
	[KEYS_BEGIN] = "BEGIN IMMEDIATE",
	[KEYS_COMMIT] = "COMMIT",
	[KEYS_ROLLBACK] = "ROLLBACK",
	[KEY_GET] = "SELECT key, erased_through FROM key WHERE ride = ?1 AND kind = ?2",
	/* never over a key that is alive: the records sealed with it would be lost */
	[KEY_PUT] = "INSERT INTO key(ride, kind, key, erased_through) VALUES(?1, ?2, ?3, ?4) "
		    "ON CONFLICT(ride, kind) DO UPDATE SET key = ?3 WHERE key IS NULL",
	[KEY_ERASE] =
		"UPDATE key SET key = NULL, erased_through = ?3 WHERE ride = ?1 AND kind = ?2 AND key IS NOT NULL",
	[TELEMETRY_BEGIN] = "BEGIN IMMEDIATE",
	[TELEMETRY_COMMIT] = "COMMIT",
	[TELEMETRY_ROLLBACK] = "ROLLBACK",
	[TELEMETRY_PUT] = "INSERT INTO telemetry(vehicle, at, lat_e7, lon_e7, mode, battery_permille, speed_mm_s) "
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[TELEMETRY_FORGET] = "DELETE FROM telemetry WHERE at < ?1",
};

static const char journal_schema[] =
	"CREATE TABLE record(sequence INTEGER PRIMARY KEY, type INTEGER NOT NULL, commit_end INTEGER NOT NULL, "
	"area INTEGER NOT NULL, epoch INTEGER NOT NULL, engine_version INTEGER NOT NULL, ride INTEGER NOT NULL, "
	"at INTEGER NOT NULL, digest INTEGER NOT NULL, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TABLE epoch(area INTEGER PRIMARY KEY, epoch INTEGER NOT NULL) STRICT;"
	"CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL, "
	"digest INTEGER NOT NULL) STRICT;"
	"CREATE TABLE snapshot(sequence INTEGER PRIMARY KEY, digest INTEGER NOT NULL, key_number INTEGER NOT NULL, "
	"body BLOB NOT NULL) STRICT;"
	"CREATE TABLE value(name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;";
static const char keys_schema[] =
	"CREATE TABLE key(ride INTEGER NOT NULL, kind INTEGER NOT NULL, key BLOB, erased_through INTEGER NOT NULL, "
	"PRIMARY KEY(ride, kind)) STRICT, WITHOUT ROWID;";
static const char telemetry_schema[] =
	"CREATE TABLE telemetry(vehicle INTEGER NOT NULL, at INTEGER NOT NULL, lat_e7 INTEGER NOT NULL, "
	"lon_e7 INTEGER NOT NULL, mode INTEGER NOT NULL, battery_permille INTEGER NOT NULL, speed_mm_s INTEGER NOT "
	"NULL) "
	"STRICT;"
	"CREATE INDEX telemetry_at ON telemetry(at);";

struct store_db {
	sqlite3 *db;
	char path[PATH_MAX];
};
struct sqlite_store {
	struct store_db journal, keys, telemetry; /* telemetry opens with its first row; keys.db NULL: none, reading */
	enum store_mode mode;
	char vfs[32];
	int lock;
	uint8_t *mark;
	sqlite3_stmt *statements[STATEMENTS];
};

/* ---- errors ---- */

static int code_of(int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
		return ERR_OK;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_FULL:
		return ERR_DISK_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_CORRUPT:
		return ERR_BROKEN;
	case SQLITE_NOTADB:
		return ERR_FORMAT;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH:
		return ERR_DENIED;
	default:
		return result == SQLITE_IOERR_NOMEM ? ERR_MEMORY : ERR_IO;
	}
}

static int failed(const struct store_db *db, int result, const char *what, struct err_detail *detail)
{
	return err_set(detail, code_of(result), "%s: %s: %s", db->path, what,
		       db->db ? sqlite3_errmsg(db->db) : sqlite3_errstr(result));
}

static int failed_file(const char *path, const char *what, struct err_detail *detail)
{
	int code = errno == EACCES || errno == EPERM ? ERR_DENIED : errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
	return err_set(detail, code, "%s: %s: %s", path, what, strerror(errno));
}

static struct store_db *db_of(struct sqlite_store *store, enum statement statement)
{
	return statement < JOURNAL_STATEMENTS ? &store->journal
	       : statement < KEYS_STATEMENTS  ? &store->keys
					      : &store->telemetry;
}

static void bind_u64(sqlite3_stmt *statement, int at, uint64_t value)
{
	sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
}

static uint64_t column_u64(sqlite3_stmt *statement, int at)
{
	return (uint64_t)sqlite3_column_int64(statement, at);
}

/* Prepared at first use. NULL with *ret_code set. */
static sqlite3_stmt *prepared(struct sqlite_store *store, enum statement at, int *ret_code, struct err_detail *detail)
{
	sqlite3_stmt **statement = &store->statements[at];
	if (*statement)
		return *statement;
	struct store_db *db = db_of(store, at);
	int result = sqlite3_prepare_v3(db->db, statement_texts[at], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
	if (result)
		*ret_code = failed(db, result, statement_texts[at], detail);
	return *statement;
}

static int done(struct sqlite_store *store, enum statement at, struct err_detail *detail)
{
	sqlite3_stmt *statement = store->statements[at];
	int result = sqlite3_step(statement);
	int code = result == SQLITE_DONE || result == SQLITE_ROW
			   ? ERR_OK
			   : failed(db_of(store, at), result, statement_texts[at], detail);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code;
}

static int run(struct sqlite_store *store, enum statement at, struct err_detail *detail)
{
	int code = ERR_OK;
	return prepared(store, at, &code, detail) ? done(store, at, detail) : code;
}

/* Ends what `begin` began: commits when code is ERR_OK, else rolls back. Returns the first error. */
static int end(struct sqlite_store *store, enum statement commit, enum statement rollback, int code,
	       struct err_detail *detail)
{
	if (!code)
		code = run(store, commit, detail);
	if (code && !sqlite3_get_autocommit(db_of(store, commit)->db))
		run(store, rollback, NULL);
	return code;
}

/* ---- opening ---- */

static int join(char *path, size_t size, const char *base, const char *suffix, struct err_detail *detail)
{
	int n = snprintf(path, size, "%s%s", base, suffix);
	if (n < 0 || (size_t)n >= size)
		return err_set(detail, ERR_RANGE, "%.100s...: path too long", base);
	return ERR_OK;
}

/* PATH or PATH?vfs=NAME */
static int parse_place(struct sqlite_store *store, const char *place, struct err_detail *detail)
{
	const char *query = strstr(place, "?vfs=");
	size_t n = query ? (size_t)(query - place) : strlen(place);
	if (!n || n + sizeof ".telemetry-journal" > sizeof store->journal.path)
		return err_set(detail, ERR_RANGE, "store: expected sqlite:PATH");
	memcpy(store->journal.path, place, n);
	if (query && join(store->vfs, sizeof store->vfs, query + 5, "", detail))
		return err_set(detail, ERR_RANGE, "store: name of the VFS too long");
	int code = join(store->keys.path, sizeof store->keys.path, store->journal.path, ".keys", detail);
	if (!code)
		code = join(store->telemetry.path, sizeof store->telemetry.path, store->journal.path, ".telemetry",
			    detail);
	return code;
}

static int sync_folder(const char *path, struct err_detail *detail)
{
	char copy[PATH_MAX];
	int code = join(copy, sizeof copy, path, "", detail);
	if (code)
		return code;
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return failed_file(path, "folder", detail);
	int result = fsync(fd);
	close(fd);
	return result ? failed_file(path, "sync of its folder", detail) : ERR_OK;
}

/* Made by us and not by SQLite, so that nobody else may read it from the first instant; the -wal and -shm files beside
 * it take over its mode. Only when new: closing a descriptor of a file drops this process's locks on it. */
static int create_file(const char *path, int *ret_new, struct err_detail *detail)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	*ret_new = fd >= 0;
	if (fd < 0)
		return errno == EEXIST ? ERR_OK : failed_file(path, "create", detail);
	close(fd);
	return sync_folder(path, detail);
}

static int check_private(const char *path, struct err_detail *detail)
{
	struct stat status;
	if (stat(path, &status))
		return failed_file(path, "stat", detail);
	if (status.st_mode & 077)
		return err_set(detail, ERR_DENIED, "%s: mode %03o, expected 600: others may read the keys", path,
			       (unsigned)status.st_mode & 0777u);
	return ERR_OK;
}

static int execute(struct store_db *db, const char *text, struct err_detail *detail)
{
	int result = sqlite3_exec(db->db, text, NULL, NULL, NULL);
	return result ? failed(db, result, text, detail) : ERR_OK;
}

static int query_i64(struct store_db *db, const char *text, int64_t *ret_value, struct err_detail *detail)
{
	sqlite3_stmt *statement;
	int result = sqlite3_prepare_v2(db->db, text, -1, &statement, NULL);
	if (result)
		return failed(db, result, text, detail);
	result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	int code = result == SQLITE_ROW ? ERR_OK : failed(db, result, text, detail);
	sqlite3_finalize(statement);
	return code;
}

static int create_schema(struct store_db *db, const char *schema, uint32_t application, struct err_detail *detail)
{
	char text[128];
	snprintf(text, sizeof text, "PRAGMA application_id = %u; PRAGMA user_version = %d;", application,
		 STORE_VERSION);
	int code = execute(db, "BEGIN IMMEDIATE", detail);
	if (!code)
		code = execute(db, schema, detail);
	if (!code)
		code = execute(db, text, detail);
	if (!code)
		code = execute(db, "COMMIT", detail);
	if (code && !sqlite3_get_autocommit(db->db))
		execute(db, "ROLLBACK", NULL);
	return code;
}

static int check_schema(struct store_db *db, enum store_mode mode, const char *schema, uint32_t application,
			struct err_detail *detail)
{
	int64_t is_application, version, n_tables;
	int code = query_i64(db, "SELECT count(*) FROM sqlite_schema", &n_tables, detail);
	if (!code)
		code = query_i64(db, "PRAGMA application_id", &is_application, detail);
	if (!code)
		code = query_i64(db, "PRAGMA user_version", &version, detail);
	if (code)
		return code;
	if (!n_tables && mode == STORE_WRITE)
		return create_schema(db, schema, application, detail);
	if (is_application != application)
		return err_set(detail, ERR_FORMAT, "%s: an SQLite file, but not this kind of Zubringer's", db->path);
	if (version != STORE_VERSION)
		return err_set(detail, ERR_VERSION, "%s: schema version %" PRId64 ", expected %d", db->path, version,
			       STORE_VERSION);
	return ERR_OK;
}

static int open_db(struct sqlite_store *store, struct store_db *db, const char *schema, uint32_t application,
		   const char *synchronous, struct err_detail *detail)
{
	int flags = store->mode == STORE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
	int result = sqlite3_open_v2(db->path, &db->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				     store->vfs[0] ? store->vfs : NULL);
	if (result)
		return failed(db, result, "open", detail);
	sqlite3_busy_timeout(db->db, BUSY_MS);
	int code = execute(db, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;", detail);
	if (!code && store->mode == STORE_WRITE)
		code = execute(db, "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL;", detail);
	if (!code && store->mode == STORE_WRITE)
		code = execute(db, synchronous, detail);
	return code ? code : check_schema(db, store->mode, schema, application, detail);
}

static int take_lock(struct sqlite_store *store, struct err_detail *detail)
{
	char path[PATH_MAX];
	int code = join(path, sizeof path, store->journal.path, ".lock", detail);
	if (code)
		return code;
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return failed_file(path, "open", detail);
	if (!flock(store->lock, LOCK_EX | LOCK_NB))
		return ERR_OK;
	if (errno == EWOULDBLOCK)
		return err_set(detail, ERR_BUSY, "%s: another dispatcher writes this journal", path);
	return failed_file(path, "lock", detail);
}

static int map_mark(struct sqlite_store *store, struct err_detail *detail)
{
	char path[PATH_MAX];
	int code = join(path, sizeof path, store->journal.path, ".mark", detail);
	if (code)
		return code;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed_file(path, "open", detail);
	/* allocated for good: a hole would end the process with SIGBUS when the disk is full */
	int result = posix_fallocate(fd, 0, STORE_MARK_BYTES);
	void *mark = result ? MAP_FAILED : mmap(NULL, STORE_MARK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (result)
		errno = result;
	if (mark == MAP_FAILED)
		code = failed_file(path, "map", detail);
	else
		store->mark = mark;
	close(fd);
	return code;
}

/* Empties the WAL, so that no older page with a key stays in it. ERR_BUSY while somebody reads. */
static int keys_truncate(struct sqlite_store *store, struct err_detail *detail)
{
	int result = sqlite3_wal_checkpoint_v2(store->keys.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (code_of(result) == ERR_BUSY)
		return err_set(detail, ERR_BUSY, "%s: erased, but a reader still holds older pages: try again",
			       store->keys.path);
	return result ? failed(&store->keys, result, "checkpoint", detail) : ERR_OK;
}

static int sqlite_head(void *self, struct store_head *ret_head, struct err_detail *detail);

static int open_write(struct sqlite_store *store, struct err_detail *detail)
{
	struct store_head head;
	int is_new, keys_new;
	int code = create_file(store->journal.path, &is_new, detail);
	if (!code)
		code = take_lock(store, detail);
	if (!code)
		code = open_db(store, &store->journal, journal_schema, APPLICATION_JOURNAL, "PRAGMA synchronous = FULL",
			       detail);
	if (!code)
		code = sqlite_head(store, &head, detail);
	if (!code && head.sequence && access(store->keys.path, F_OK))
		return err_set(detail, ERR_NOT_FOUND, "%s: missing, but %s has records that need it", store->keys.path,
			       store->journal.path);
	if (!code)
		code = create_file(store->keys.path, &keys_new, detail);
	if (!code)
		code = check_private(store->keys.path, detail);
	if (!code)
		code = open_db(store, &store->keys, keys_schema, APPLICATION_KEYS, "PRAGMA synchronous = FULL", detail);
	/* an erasure may have been cut off before its checkpoint */
	if (!code && (code = keys_truncate(store, detail)) == ERR_BUSY)
		code = ERR_OK;
	return code ? code : map_mark(store, detail);
}

static int open_read(struct sqlite_store *store, struct err_detail *detail)
{
	if (access(store->journal.path, F_OK))
		return err_set(detail, ERR_NOT_FOUND, "%s: no such journal", store->journal.path);
	int code = open_db(store, &store->journal, journal_schema, APPLICATION_JOURNAL, NULL, detail);
	if (!code && !access(store->keys.path, F_OK))
		code = open_db(store, &store->keys, keys_schema, APPLICATION_KEYS, NULL, detail);
	return code;
}

static void sqlite_close(void *self)
{
	struct sqlite_store *store = self;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->telemetry.db);
	sqlite3_close(store->keys.db);
	sqlite3_close(store->journal.db);
	if (store->mark)
		munmap(store->mark, STORE_MARK_BYTES);
	if (store->lock >= 0)
		close(store->lock);
	free(store);
}

static int sqlite_open(void **ret_self, const char *place, enum store_mode mode, struct err_detail *detail)
{
	struct sqlite_store *store = calloc(1, sizeof *store);
	if (!store)
		return err_set(detail, ERR_MEMORY, "store: out of memory");
	store->mode = mode;
	store->lock = -1;
	int code = parse_place(store, place, detail);
	if (!code)
		code = mode == STORE_WRITE ? open_write(store, detail) : open_read(store, detail);
	if (code) {
		sqlite_close(store);
		return code;
	}
	*ret_self = store;
	return ERR_OK;
}

/* ---- epoch and head ---- */

static int epoch_get(struct sqlite_store *store, uint32_t area, uint32_t *ret_epoch, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, EPOCH_GET, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, area);
	int result = sqlite3_step(statement);
	int64_t epoch = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		code = failed(&store->journal, result, "epoch", detail);
	else if (epoch < 0 || epoch > UINT32_MAX)
		code = err_set(detail, ERR_BROKEN, "%s: epoch %" PRId64, store->journal.path, epoch);
	else
		*ret_epoch = (uint32_t)epoch;
	sqlite3_reset(statement);
	return code;
}

static int epoch_raise(struct sqlite_store *store, uint32_t area, uint32_t least, uint32_t *ret_epoch,
		       struct err_detail *detail)
{
	uint32_t epoch;
	int code = epoch_get(store, area, &epoch, detail);
	if (code)
		return code;
	if (epoch == UINT32_MAX)
		return err_set(detail, ERR_FULL, "%s: no epoch left", store->journal.path);
	sqlite3_stmt *statement = prepared(store, EPOCH_PUT, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, area);
	*ret_epoch = epoch + 1 > least ? epoch + 1 : least;
	bind_u64(statement, 2, *ret_epoch);
	return done(store, EPOCH_PUT, detail);
}

static int sqlite_take_epoch(void *self, uint32_t area, uint32_t least, uint32_t *ret_epoch, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	uint32_t epoch = 0;
	int code = run(store, BEGIN_WRITE, detail);
	if (code)
		return code;
	code = end(store, COMMIT, ROLLBACK, epoch_raise(store, area, least, &epoch, detail), detail);
	if (!code)
		*ret_epoch = epoch;
	return code;
}

static int sqlite_head(void *self, struct store_head *ret_head, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	struct store_head head = {0};
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, HEAD_GET, &code, detail);
	if (!statement)
		return code;
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		head.sequence = column_u64(statement, 0);
		head.digest = column_u64(statement, 2);
		if (sqlite3_column_bytes(statement, 1) != STORE_HASH_BYTES)
			code = err_set(detail, ERR_BROKEN, "%s: head without a hash", store->journal.path);
		else
			memcpy(head.hash, sqlite3_column_blob(statement, 1), STORE_HASH_BYTES);
	} else if (result != SQLITE_DONE) {
		code = failed(&store->journal, result, "head", detail);
	}
	sqlite3_reset(statement);
	if (!code)
		*ret_head = head;
	return code;
}

/* ---- records ---- */

static int check_append(struct sqlite_store *store, const struct store_row *rows, uint32_t n, struct err_detail *detail)
{
	struct store_head head;
	uint32_t epoch = 0;
	int code = ERR_OK;
	for (uint32_t i = 0; i < n && !code; i++) {
		if (i && rows[i].area == rows[i - 1].area && rows[i].epoch == rows[i - 1].epoch)
			continue;
		if (!(code = epoch_get(store, rows[i].area, &epoch, detail)) && rows[i].epoch != epoch)
			code = err_set(detail, ERR_STALE, "%s: epoch %u, area %u is at %u", store->journal.path,
				       rows[i].epoch, rows[i].area, epoch);
	}
	if (!code)
		code = sqlite_head(store, &head, detail);
	if (!code && rows[0].sequence != head.sequence + 1)
		code = err_set(detail, ERR_CONFLICT, "%s: record %" PRIu64 " does not follow %" PRIu64,
			       store->journal.path, rows[0].sequence, head.sequence);
	return code;
}

static int row_put(struct sqlite_store *store, const struct store_row *row, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, RECORD_PUT, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, row->sequence);
	bind_u64(statement, 2, row->type);
	bind_u64(statement, 3, row->commit_end);
	bind_u64(statement, 4, row->area);
	bind_u64(statement, 5, row->epoch);
	bind_u64(statement, 6, row->engine_version);
	bind_u64(statement, 7, row->ride);
	sqlite3_bind_int64(statement, 8, row->at);
	bind_u64(statement, 9, row->digest);
	sqlite3_bind_blob64(statement, 10, row->n ? (const void *)row->body : "", row->n, SQLITE_STATIC);
	sqlite3_bind_blob(statement, 11, row->hash, STORE_HASH_BYTES, SQLITE_STATIC);
	return done(store, RECORD_PUT, detail);
}

static int head_put(struct sqlite_store *store, const struct store_row *last, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, HEAD_PUT, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, last->sequence);
	sqlite3_bind_blob(statement, 2, last->hash, STORE_HASH_BYTES, SQLITE_STATIC);
	bind_u64(statement, 3, last->digest);
	return done(store, HEAD_PUT, detail);
}

static int sqlite_append(void *self, const struct store_row *rows, uint32_t n, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = run(store, BEGIN_WRITE, detail);
	if (code)
		return code;
	code = check_append(store, rows, n, detail);
	for (uint32_t i = 0; i < n && !code; i++)
		code = row_put(store, &rows[i], detail);
	if (!code)
		code = head_put(store, &rows[n - 1], detail);
	return end(store, COMMIT, ROLLBACK, code, detail);
}

static int column_within(sqlite3_stmt *statement, int at, uint64_t most, uint64_t *ret_value)
{
	*ret_value = column_u64(statement, at);
	return *ret_value <= most;
}

/* A value that does not fit its column cannot be what was hashed. */
static int row_get(struct sqlite_store *store, sqlite3_stmt *statement, struct store_row *row,
		   struct err_detail *detail)
{
	uint64_t type, commit_end, area, epoch, engine_version;
	row->sequence = column_u64(statement, 0);
	int fits = column_within(statement, 1, UINT8_MAX, &type) && column_within(statement, 2, 1, &commit_end) &&
		   column_within(statement, 3, UINT32_MAX, &area) && column_within(statement, 4, UINT32_MAX, &epoch) &&
		   column_within(statement, 5, UINT32_MAX, &engine_version) &&
		   sqlite3_column_bytes(statement, 10) == STORE_HASH_BYTES;
	if (!fits)
		return err_set(detail, ERR_BROKEN, "%s: record %" PRIu64 ": a column out of its range",
			       store->journal.path, row->sequence);
	row->type = (uint8_t)type;
	row->commit_end = (uint8_t)commit_end;
	row->area = (uint32_t)area;
	row->epoch = (uint32_t)epoch;
	row->engine_version = (uint32_t)engine_version;
	row->ride = column_u64(statement, 6);
	row->at = sqlite3_column_int64(statement, 7);
	row->digest = column_u64(statement, 8);
	row->body = sqlite3_column_blob(statement, 9);
	row->n = (uint32_t)sqlite3_column_bytes(statement, 9);
	const void *hash = sqlite3_column_blob(statement, 10);
	if (!hash || (row->n && !row->body))
		return err_set(detail, ERR_MEMORY, "%s: no memory to read a record", store->journal.path);
	if (!row->n)
		row->body = (const uint8_t *)""; /* SQLite gives NULL for an empty one; here NULL means erased */
	memcpy(row->hash, hash, STORE_HASH_BYTES);
	return ERR_OK;
}

static int sqlite_read(void *self, uint64_t from, int (*each)(void *to, const struct store_row *row), void *to,
		       struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = ERR_OK, result = SQLITE_DONE;
	if (from > INT64_MAX)
		return ERR_OK;
	sqlite3_stmt *statement = prepared(store, RECORD_READ, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, from);
	while (!code && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_row row;
		if (!(code = row_get(store, statement, &row, detail)))
			code = each(to, &row);
	}
	if (!code && result != SQLITE_DONE)
		code = failed(&store->journal, result, "read", detail);
	sqlite3_reset(statement);
	return code;
}

/* ---- keys ---- */

static int sqlite_key_get(void *self, uint64_t ride, uint8_t kind, struct store_key *ret_key, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	struct store_key key = {.ride = ride, .kind = kind, .erased = 1, .erased_through = UINT64_MAX};
	int code = ERR_OK;
	if (!store->keys.db) { /* reading without the key file: everything personal is gone */
		*ret_key = key;
		return ERR_OK;
	}
	sqlite3_stmt *statement = prepared(store, KEY_GET, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, ride);
	bind_u64(statement, 2, kind);
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		int n = sqlite3_column_bytes(statement, 0);
		key.erased = sqlite3_column_type(statement, 0) == SQLITE_NULL;
		key.erased_through = column_u64(statement, 1);
		if (n == STORE_KEY_BYTES)
			memcpy(key.key, sqlite3_column_blob(statement, 0), STORE_KEY_BYTES);
		else if (!key.erased)
			code = err_set(detail, ERR_BROKEN, "%s: a key of %d bytes", store->keys.path, n);
	} else {
		code = result == SQLITE_DONE
			       ? err_set(detail, ERR_NOT_FOUND, "%s: no key of %" PRIu64, store->keys.path, ride)
			       : failed(&store->keys, result, "key", detail);
	}
	sqlite3_reset(statement);
	if (!code)
		*ret_key = key;
	sodium_memzero(&key, sizeof key);
	return code;
}

static int key_put(struct sqlite_store *store, const struct store_key *key, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, KEY_PUT, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, key->ride);
	bind_u64(statement, 2, key->kind);
	sqlite3_bind_blob(statement, 3, key->key, STORE_KEY_BYTES, SQLITE_STATIC);
	bind_u64(statement, 4, key->erased_through);
	code = done(store, KEY_PUT, detail);
	if (!code && !sqlite3_changes(store->keys.db))
		code = err_set(detail, ERR_CONFLICT, "%s: ride %" PRIu64 " has a key", store->keys.path, key->ride);
	return code;
}

static int sqlite_keys_put(void *self, const struct store_key *keys, uint32_t n, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = run(store, KEYS_BEGIN, detail);
	if (code)
		return code;
	for (uint32_t i = 0; i < n && !code; i++)
		code = key_put(store, &keys[i], detail);
	return end(store, KEYS_COMMIT, KEYS_ROLLBACK, code, detail);
}

static int sqlite_keys_erase(void *self, const struct store_key *keys, uint32_t n, uint64_t through,
			     struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = run(store, KEYS_BEGIN, detail);
	if (code)
		return code;
	for (uint32_t i = 0; i < n && !code; i++) {
		sqlite3_stmt *statement = prepared(store, KEY_ERASE, &code, detail);
		if (!statement)
			break;
		bind_u64(statement, 1, keys[i].ride);
		bind_u64(statement, 2, keys[i].kind);
		bind_u64(statement, 3, through);
		code = done(store, KEY_ERASE, detail);
	}
	code = end(store, KEYS_COMMIT, KEYS_ROLLBACK, code, detail);
	return code ? code : keys_truncate(store, detail);
}

/* ---- snapshots ---- */

static int snapshot_replaced(struct sqlite_store *store, uint64_t sequence, uint64_t *ret_key,
			     struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, SNAPSHOT_KEY, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, sequence);
	int result = sqlite3_step(statement);
	*ret_key = result == SQLITE_ROW ? column_u64(statement, 0) : 0;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		code = failed(&store->journal, result, "snapshot", detail);
	sqlite3_reset(statement);
	return code;
}

static int snapshot_insert(struct sqlite_store *store, const struct store_snapshot *snapshot, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, SNAPSHOT_PUT, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, snapshot->sequence);
	bind_u64(statement, 2, snapshot->digest);
	bind_u64(statement, 3, snapshot->key_number);
	sqlite3_bind_blob64(statement, 4, snapshot->body, snapshot->n, SQLITE_STATIC);
	return done(store, SNAPSHOT_PUT, detail);
}

/* Of those after the newest `keep`, at most `most`. */
static int snapshot_find_old(struct sqlite_store *store, uint32_t keep, uint64_t *sequences, uint64_t *keys,
			     uint32_t most, uint32_t *ret_n, struct err_detail *detail)
{
	int code = ERR_OK, result;
	sqlite3_stmt *statement = prepared(store, SNAPSHOT_OLD, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, keep);
	bind_u64(statement, 2, most);
	*ret_n = 0;
	while ((result = sqlite3_step(statement)) == SQLITE_ROW && *ret_n < most) {
		sequences[*ret_n] = column_u64(statement, 0);
		keys[(*ret_n)++] = column_u64(statement, 1);
	}
	if (result != SQLITE_DONE && result != SQLITE_ROW)
		code = failed(&store->journal, result, "snapshots", detail);
	sqlite3_reset(statement);
	return code;
}

static int snapshot_drop(struct sqlite_store *store, uint64_t sequence, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, SNAPSHOT_DROP, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, sequence);
	return done(store, SNAPSHOT_DROP, detail);
}

static int snapshot_swap(struct sqlite_store *store, const struct store_snapshot *snapshot, uint32_t keep,
			 uint64_t *ret_dropped, uint32_t most, uint32_t *ret_n_dropped, struct err_detail *detail)
{
	uint64_t sequences[16], keys[16], replaced = 0;
	uint32_t n_old = 0, n = 0;
	int code = snapshot_replaced(store, snapshot->sequence, &replaced, detail);
	if (!code)
		code = snapshot_insert(store, snapshot, detail);
	if (!code)
		code = snapshot_find_old(store, keep, sequences, keys, COUNT_OF(keys), &n_old, detail);
	if (replaced && n < most)
		ret_dropped[n++] = replaced;
	for (uint32_t i = 0; i < n_old && n < most && !code; i++) {
		code = snapshot_drop(store, sequences[i], detail);
		ret_dropped[n++] = keys[i];
	}
	*ret_n_dropped = n;
	return code;
}

static int sqlite_snapshot_put(void *self, const struct store_snapshot *snapshot, uint32_t keep, uint64_t *ret_dropped,
			       uint32_t most, uint32_t *ret_n_dropped, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = run(store, BEGIN_WRITE, detail);
	if (code)
		return code;
	code = snapshot_swap(store, snapshot, keep, ret_dropped, most, ret_n_dropped, detail);
	if ((code = end(store, COMMIT, ROLLBACK, code, detail)))
		*ret_n_dropped = 0;
	return code;
}

static int sqlite_snapshot_get(void *self, uint64_t sequence, struct store_snapshot *ret_snapshot,
			       struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, SNAPSHOT_GET, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, sequence > INT64_MAX ? INT64_MAX : sequence);
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW) {
		size_t n = (size_t)sqlite3_column_bytes(statement, 3);
		uint8_t *body = malloc(n ? n : 1);
		if (body && n)
			memcpy(body, sqlite3_column_blob(statement, 3), n);
		if (body)
			*ret_snapshot = (struct store_snapshot){column_u64(statement, 0), column_u64(statement, 1),
								column_u64(statement, 2), body, n};
		else
			code = err_set(detail, ERR_MEMORY, "%s: no memory for a snapshot", store->journal.path);
	} else {
		code = result == SQLITE_DONE ? err_set(detail, ERR_NOT_FOUND, "%s: no snapshot", store->journal.path)
					     : failed(&store->journal, result, "snapshot", detail);
	}
	sqlite3_reset(statement);
	return code;
}

/* ---- values, telemetry, mark ---- */

static int sqlite_value_put(void *self, const char *name, const void *bytes, size_t n, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, VALUE_PUT, &code, detail);
	if (!statement)
		return code;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(statement, 2, n ? bytes : "", n, SQLITE_STATIC);
	return done(store, VALUE_PUT, detail);
}

static int sqlite_value_get(void *self, const char *name, void *bytes, size_t size, size_t *ret_n,
			    struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, VALUE_GET, &code, detail);
	if (!statement)
		return code;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	int result = sqlite3_step(statement);
	size_t n = result == SQLITE_ROW ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
	if (result == SQLITE_DONE)
		code = err_set(detail, ERR_NOT_FOUND, "%s: no value %s", store->journal.path, name);
	else if (result != SQLITE_ROW)
		code = failed(&store->journal, result, "value", detail);
	else if (n > size)
		code = err_set(detail, ERR_FULL, "%s: value %s has %zu bytes, room for %zu", store->journal.path, name,
			       n, size);
	if (!code && n)
		memcpy(bytes, sqlite3_column_blob(statement, 0), n);
	if (!code)
		*ret_n = n;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code;
}

static int telemetry_put(struct sqlite_store *store, const struct store_telemetry *row, struct err_detail *detail)
{
	int code = ERR_OK;
	sqlite3_stmt *statement = prepared(store, TELEMETRY_PUT, &code, detail);
	if (!statement)
		return code;
	bind_u64(statement, 1, row->vehicle);
	sqlite3_bind_int64(statement, 2, row->at);
	sqlite3_bind_int64(statement, 3, row->lat_e7);
	sqlite3_bind_int64(statement, 4, row->lon_e7);
	bind_u64(statement, 5, row->mode);
	bind_u64(statement, 6, row->battery_permille);
	bind_u64(statement, 7, row->speed_mm_s);
	return done(store, TELEMETRY_PUT, detail);
}

static int telemetry_open(struct sqlite_store *store, struct err_detail *detail)
{
	int is_new;
	int code = create_file(store->telemetry.path, &is_new, detail);
	if (!code)
		code = open_db(store, &store->telemetry, telemetry_schema, APPLICATION_TELEMETRY,
			       "PRAGMA synchronous = NORMAL", detail);
	if (code) {
		sqlite3_close(store->telemetry.db);
		store->telemetry.db = NULL;
	}
	return code;
}

static int sqlite_telemetry(void *self, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = store->telemetry.db ? ERR_OK : telemetry_open(store, detail);
	if (!code)
		code = run(store, TELEMETRY_BEGIN, detail);
	if (code)
		return code;
	for (uint32_t i = 0; i < n && !code; i++)
		code = telemetry_put(store, &rows[i], detail);
	return end(store, TELEMETRY_COMMIT, TELEMETRY_ROLLBACK, code, detail);
}

static int sqlite_telemetry_forget(void *self, instant_ms before, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	int code = store->telemetry.db ? ERR_OK : telemetry_open(store, detail);
	sqlite3_stmt *statement = code ? NULL : prepared(store, TELEMETRY_FORGET, &code, detail);
	if (!statement)
		return code;
	sqlite3_bind_int64(statement, 1, before);
	return done(store, TELEMETRY_FORGET, detail);
}

static uint8_t *sqlite_mark(void *self)
{
	return ((struct sqlite_store *)self)->mark;
}

/* ---- copies ---- */

/* The pages as of one instant: a reader's view, which a writer does not disturb. Left as a file without a WAL. */
static int copy_pages(const struct store_db *from, const char *path, struct err_detail *detail)
{
	struct store_db to = {0};
	int is_new;
	int code = join(to.path, sizeof to.path, path, "", detail);
	if (!code)
		code = create_file(path, &is_new, detail);
	if (code || !is_new)
		return code ? code : err_set(detail, ERR_EXISTS, "%s: is there already", path);
	int result = sqlite3_open_v2(path, &to.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_backup *backup = result ? NULL : sqlite3_backup_init(to.db, "main", from->db, "main");
	if (backup) {
		sqlite3_backup_step(backup, -1);
		result = sqlite3_backup_finish(backup);
	} else if (!result) {
		result = sqlite3_errcode(to.db);
	}
	code = result ? failed(&to, result, "copy", detail) : ERR_OK;
	if (!code)
		code = execute(&to, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL;", detail);
	sqlite3_close(to.db);
	if (code)
		unlink(path);
	return code;
}

static int sync_file(const char *path, struct err_detail *detail)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd)) {
		int code = failed_file(path, "sync", detail);
		if (fd >= 0)
			close(fd);
		return code;
	}
	close(fd);
	return sync_folder(path, detail);
}

/* The records first: then every record that is copied has its key in what is copied later. */
static int sqlite_copy(void *self, const char *path, struct err_detail *detail)
{
	struct sqlite_store *store = self;
	char keys[PATH_MAX];
	int code = join(keys, sizeof keys, path, ".keys", detail);
	if (!code && !store->keys.db)
		code = err_set(detail, ERR_NOT_FOUND, "%s: missing: a copy without it could not be read",
			       store->keys.path);
	if (!code && !access(keys, F_OK))
		code = err_set(detail, ERR_EXISTS, "%s: is there already", keys);
	if (!code)
		code = copy_pages(&store->journal, path, detail);
	if (code)
		return code;
	if ((code = copy_pages(&store->keys, keys, detail))) {
		unlink(path);
		return code;
	}
	code = sync_file(keys, detail);
	return code ? code : sync_file(path, detail);
}

static int sqlite_keys_erased(void *self, int (*each)(void *to, const struct store_key *key), void *to,
			      struct err_detail *detail)
{
	struct sqlite_store *store = self;
	sqlite3_stmt *statement;
	int code = ERR_OK, result = SQLITE_DONE;
	if (!store->keys.db)
		return err_set(detail, ERR_NOT_FOUND, "%s: missing", store->keys.path);
	result = sqlite3_prepare_v2(store->keys.db,
				    "SELECT ride, kind, erased_through FROM key WHERE key IS NULL ORDER BY ride, kind",
				    -1, &statement, NULL);
	if (result)
		return failed(&store->keys, result, "erased keys", detail);
	while (!code && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_key key = {.ride = column_u64(statement, 0),
					.kind = (uint8_t)sqlite3_column_int(statement, 1),
					.erased = 1,
					.erased_through = column_u64(statement, 2)};
		code = each(to, &key);
	}
	if (!code && result != SQLITE_DONE)
		code = failed(&store->keys, result, "erased keys", detail);
	sqlite3_finalize(statement);
	return code;
}

const struct store_backend store_sqlite = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.take_epoch = sqlite_take_epoch,
	.head = sqlite_head,
	.append = sqlite_append,
	.read = sqlite_read,
	.key_get = sqlite_key_get,
	.keys_put = sqlite_keys_put,
	.keys_erase = sqlite_keys_erase,
	.snapshot_put = sqlite_snapshot_put,
	.snapshot_get = sqlite_snapshot_get,
	.value_put = sqlite_value_put,
	.value_get = sqlite_value_get,
	.telemetry = sqlite_telemetry,
	.telemetry_forget = sqlite_telemetry_forget,
	.mark = sqlite_mark,
	.copy = sqlite_copy,
	.keys_erased = sqlite_keys_erased,
};
