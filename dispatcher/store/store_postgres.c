/* The store on a PostgreSQL server: schema NAME (records, snapshots, values, telemetry), NAME_keys (what opens them)
 * and NAME_map (projections: project_postgres.c). postgresql://USER@HOST/DATABASE?schema=NAME&mark=PATH&...
 * everything but schema (zubringer) and mark goes to libpq One writer: a session advisory lock; the server notices a
 * writer that is gone (client_connection_check_interval, TCP keepalives). Each append checks epoch and head inside its
 * own transaction, one round trip, durable by synchronous_commit. Erasing a key rewrites the key table and ends the WAL
 * segment that had it, as far as the role may; where WAL is archived or kept (wal_recycle), retention there is the
 * operator's. */
#include "store_postgres.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hash.h"
#include "project.h"

#define LOCK_CLASS 0x5a5542 /* "ZUB" */
#define READ_ROWS 1000
#define OPEN_WAIT_MS 10000
#define LEASE_WAIT_MS 2500 /* a session that ended a moment ago */
#define COMMIT_WAIT_MS 250 /* then the caller has a look at other things */

static const char *const texts[PG_STATEMENTS] = {
	[PG_EPOCH_TAKE] =
		"INSERT INTO epoch AS e (area, epoch) VALUES ($1::int8, GREATEST(1, $2::int8)) ON CONFLICT (area) "
		"DO UPDATE SET epoch = GREATEST(e.epoch + 1, $2::int8) WHERE e.epoch < 4294967295 RETURNING epoch",
	[PG_HEAD] = "SELECT sequence, hash, digest FROM head",
	[PG_APPEND_CHECK] = "SELECT append_check($1::int8, $2::int8, $3::int8)",
	[PG_RECORDS_PUT] = "INSERT INTO record (sequence, type, commit_end, area, epoch, engine_version, ride, at, "
			   "digest, body, hash) SELECT * FROM unnest($1::int8[], $2::int2[], $3::bool[], $4::int8[], "
			   "$5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::bytea[], $11::bytea[])",
	[PG_HEAD_PUT] = "UPDATE head SET sequence = $1::int8, hash = $2::bytea, digest = $3::int8",
	[PG_RECORDS_READ] = "SELECT sequence, type, commit_end, area, epoch, engine_version, ride, at, digest, body, "
			    "hash FROM record WHERE sequence >= $1::int8 ORDER BY sequence LIMIT $2::int8",
	[PG_KEY_GET] = "SELECT key, erased_through FROM key WHERE ride = $1::int8 AND kind = $2::int8",
	/* never over a key that is alive: the records sealed with it would be lost */
	[PG_KEYS_PUT] = "INSERT INTO key AS k (ride, kind, key, erased_through) SELECT * FROM unnest($1::int8[], "
			"$2::int2[], $3::bytea[], $4::int8[]) ON CONFLICT (ride, kind) DO UPDATE SET key = "
			"EXCLUDED.key WHERE k.key IS NULL",
	[PG_KEYS_ERASE] = "UPDATE key SET key = NULL, erased_through = $3::int8 FROM unnest($1::int8[], $2::int2[]) "
			  "AS gone (ride, kind) WHERE key.ride = gone.ride AND key.kind = gone.kind AND key.key IS NOT "
			  "NULL",
	[PG_SNAPSHOT_REPLACED] = "SELECT key_number FROM snapshot WHERE sequence = $1::int8",
	[PG_SNAPSHOT_PUT] = "INSERT INTO snapshot (sequence, digest, key_number, body) VALUES ($1::int8, $2::int8, "
			    "$3::int8, $4::bytea) ON CONFLICT (sequence) DO UPDATE SET digest = EXCLUDED.digest, "
			    "key_number = EXCLUDED.key_number, body = EXCLUDED.body",
	[PG_SNAPSHOT_DROP] = "DELETE FROM snapshot WHERE sequence IN (SELECT sequence FROM snapshot ORDER BY sequence "
			     "DESC OFFSET $1::int8 LIMIT $2::int8) RETURNING key_number",
	[PG_SNAPSHOT_GET] = "SELECT sequence, digest, key_number, body FROM snapshot WHERE sequence <= $1::int8 "
			    "ORDER BY sequence DESC LIMIT 1",
	[PG_VALUE_PUT] = "INSERT INTO value (name, body) VALUES ($1::text, $2::bytea) ON CONFLICT (name) DO UPDATE "
			 "SET body = EXCLUDED.body",
	[PG_VALUE_GET] = "SELECT body FROM value WHERE name = $1::text",
	[PG_TELEMETRY_FORGET] = "DELETE FROM telemetry WHERE at < $1::int8",
};

/* The first schema of the search path is NAME; keys are made in NAME_keys by name. Numbers of 64 bits are kept as int8
 * of the same bits. */
static const char journal_schema[] =
	"CREATE TABLE about (one boolean PRIMARY KEY DEFAULT true CHECK (one), version int8 NOT NULL);"
	"CREATE TABLE record (sequence int8 PRIMARY KEY, type int2 NOT NULL, commit_end bool NOT NULL, area int8 NOT "
	"NULL, epoch int8 NOT NULL, engine_version int8 NOT NULL, ride int8 NOT NULL, at int8 NOT NULL, digest int8 "
	"NOT NULL, body bytea NOT NULL, hash bytea NOT NULL);"
	"ALTER TABLE record ALTER body SET STORAGE EXTERNAL;" /* sealed bytes cannot be compressed */
	"CREATE TABLE epoch (area int8 PRIMARY KEY, epoch int8 NOT NULL);"
	"CREATE TABLE head (one boolean PRIMARY KEY DEFAULT true CHECK (one), sequence int8 NOT NULL, hash bytea NOT "
	"NULL, digest int8 NOT NULL) WITH (fillfactor = 50);"
	"CREATE TABLE snapshot (sequence int8 PRIMARY KEY, digest int8 NOT NULL, key_number int8 NOT NULL, body bytea "
	"NOT NULL);"
	"ALTER TABLE snapshot ALTER body SET STORAGE EXTERNAL;"
	"CREATE TABLE value (name text PRIMARY KEY, body bytea NOT NULL);"
	"CREATE TABLE telemetry (vehicle int8 NOT NULL, at int8 NOT NULL, lat_e7 int4 NOT NULL, lon_e7 int4 NOT NULL, "
	"mode int2 NOT NULL, battery_permille int4 NOT NULL, speed_mm_s int8 NOT NULL);"
	"CREATE INDEX telemetry_at ON telemetry USING brin (at);"
	"CREATE FUNCTION append_check(of_area int8, of_epoch int8, first int8) RETURNS void LANGUAGE plpgsql AS $$ "
	"DECLARE present int8; newest int8; BEGIN "
	"SELECT sequence INTO newest FROM head FOR UPDATE; " /* one append at a time, also of a writer that was replaced
							      */
	"SELECT epoch INTO present FROM epoch WHERE area = of_area FOR SHARE; "
	"IF present IS DISTINCT FROM of_epoch THEN RAISE EXCEPTION 'epoch %, area % is at %', of_epoch, of_area, "
	"present USING ERRCODE = 'ZU001'; END IF; "
	"IF newest + 1 <> first THEN RAISE EXCEPTION 'record % does not follow %', first, newest "
	"USING ERRCODE = 'ZU002'; END IF; END $$;"
	"INSERT INTO about (version) VALUES (1);"
	"INSERT INTO head (sequence, hash, digest) VALUES (0, decode(repeat('00', 32), 'hex'), 0);";

static const char *text_of(int statement)
{
	return texts[statement] ? texts[statement] : project_text(statement);
}

/* ---- url ---- */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int decode(const char *from, size_t n, char *to, size_t size)
{
	size_t k = 0;
	for (size_t i = 0; i < n; i++) {
		int c = from[i];
		if (c == '%') {
			if (i + 2 >= n || hex(from[i + 1]) < 0 || hex(from[i + 2]) < 0)
				return ERR_FORMAT;
			c = hex(from[i + 1]) * 16 + hex(from[i + 2]);
			i += 2;
		}
		if (!c || k + 1 >= size)
			return ERR_RANGE;
		to[k++] = (char)c;
	}
	to[k] = '\0';
	return ERR_OK;
}

/* Also keeps it free of what a name would have to be quoted for. */
static int check_schema_name(const char *name, struct err_detail *detail)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (!n || name[n] || (name[0] >= '0' && name[0] <= '9') || !strncmp(name, "pg_", 3))
		return err_set(detail, ERR_RANGE,
			       "store: schema=%.40s: expected 1 to %d small letters, digits and _, not first a digit",
			       name, POSTGRES_SCHEMA_MAX);
	return ERR_OK;
}

/* Takes our own parameters out of the query; the rest is libpq's. */
static int parse_place(struct postgres_store *store, const char *place, char **ret_conninfo, struct err_detail *detail)
{
	char *conninfo = malloc(strlen(place) + sizeof "postgresql:");
	if (!conninfo)
		return err_set(detail, ERR_MEMORY, "store: out of memory");
	const char *query = strchr(place, '?');
	size_t n = query ? (size_t)(query - place) : strlen(place);
	char *to = conninfo + sprintf(conninfo, "postgresql:%.*s", (int)n, place);
	int code = ERR_OK, others = 0;
	snprintf(store->schema, sizeof store->schema, "zubringer");
	for (const char *at = query ? query + 1 : ""; *at && !code;) {
		size_t length = strcspn(at, "&");
		if (!strncmp(at, "schema=", 7))
			code = decode(at + 7, length - 7, store->schema, sizeof store->schema);
		else if (!strncmp(at, "mark=", 5))
			code = decode(at + 5, length - 5, store->mark_path, sizeof store->mark_path);
		else
			to += sprintf(to, "%c%.*s", others++ ? '&' : '?', (int)length, at);
		at += length + (at[length] == '&');
	}
	if (code)
		code = err_set(detail, code, "store: postgresql:...: schema or mark too long or badly written");
	if (!code)
		code = check_schema_name(store->schema, detail);
	if (code)
		free(conninfo);
	else
		*ret_conninfo = conninfo;
	return code;
}

/* ---- each new connection ---- */

static void call_of(struct postgres_store *store, struct pg_call *call, enum postgres_statement statement)
{
	pg_call(call, (int)statement, &store->bytes);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
int store_postgres_format(struct postgres_store *store, struct err_detail *detail, const char *format)
{
	char sql[1024];
	/* every %1$s is the schema, whose name was checked */
	int n = snprintf(sql, sizeof sql, format, store->schema, store->postgis);
	if (n < 0 || (size_t)n >= sizeof sql)
		return err_set(detail, ERR_RANGE, "store: statement too long");
	return postgres_run(&store->pg, sql, PG_WAIT_LONG_MS, detail);
}

/* One row, one text column; the parameter may be NULL; *ret_text[0] == 0 when there is none. */
static int ask(struct postgres_store *store, const char *sql, const char *parameter, char *ret_text, size_t size,
	       struct err_detail *detail)
{
	PGresult *result;
	if (!PQsendQueryParams(store->pg.conn, sql, parameter ? 1 : 0, NULL, &parameter, NULL, NULL, 0)) {
		postgres_drop(&store->pg);
		return err_set(detail, ERR_UNAVAILABLE, "PostgreSQL: the question could not be sent");
	}
	int code = postgres_answer(&store->pg, PG_WAIT_MS, sql, &result, detail);
	if (code)
		return code;
	int found = PQntuples(result) > 0 && !PQgetisnull(result, 0, 0);
	snprintf(ret_text, size, "%s", found ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	return ERR_OK;
}

static int take_lease(struct postgres_store *store, struct err_detail *detail)
{
	char sql[160], text[8];
	int32_t key = (int32_t)hash_bytes(store->schema, strlen(store->schema), 7);
	snprintf(sql, sizeof sql, "SELECT pg_try_advisory_lock(%d, %" PRId32 ")", LOCK_CLASS, key);
	for (int waited = 0;; waited += 100) {
		int code = ask(store, sql, NULL, text, sizeof text, detail);
		if (code)
			return code;
		if (text[0] == 't')
			return ERR_OK;
		/* a server that was lost and found may still hold our own former session: the caller tries again */
		if (store->opened)
			return err_set(detail, ERR_UNAVAILABLE, "PostgreSQL: schema %s: the lease is still held",
				       store->schema);
		if (waited >= LEASE_WAIT_MS)
			return err_set(detail, ERR_BUSY,
				       "PostgreSQL: schema %s: another dispatcher writes this journal", store->schema);
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	}
}

int store_postgres_find_postgis(struct postgres_store *store, struct err_detail *detail)
{
	return ask(store,
		   "SELECT nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
		   "WHERE extname = $1 AND nspname ~ '^[a-z_][a-z0-9_]*$'",
		   "postgis", store->postgis, sizeof store->postgis, detail);
}

static int set_session(struct postgres_store *store, struct err_detail *detail)
{
	int code = postgres_run(
		&store->pg,
		"SET synchronous_commit = on; SET client_connection_check_interval = '500ms'; "
		"SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
		"SET client_encoding = 'UTF8'; SET statement_timeout = 0; SET lock_timeout = '10s'; "
		"SET idle_in_transaction_session_timeout = '30s'",
		PG_WAIT_MS, detail);
	if (!code && store->mode == STORE_READ)
		code = postgres_run(&store->pg, "SET default_transaction_read_only = on", PG_WAIT_MS, detail);
	if (!code)
		code = store_postgres_find_postgis(store, detail);
	if (!code)
		code = store_postgres_format(store, detail,
					     store->postgis[0] ? "SET search_path = %1$s, %1$s_keys, %1$s_map, %2$s"
							       : "SET search_path = %1$s, %1$s_keys, %1$s_map");
	return code;
}

static int setup(void *self, struct err_detail *detail)
{
	struct postgres_store *store = self;
	store->town_loaded = 0; /* the server may have lost what was not durable */
	int code = set_session(store, detail);
	if (!code && store->mode == STORE_WRITE)
		code = take_lease(store, detail);
	return code;
}

/* ---- opening ---- */

static int has_table(struct postgres_store *store, const char *suffix, const char *table, int *ret_has,
		     struct err_detail *detail)
{
	char name[128], text[160];
	snprintf(name, sizeof name, "%s%s.%s", store->schema, suffix, table);
	int code = ask(store, "SELECT to_regclass($1)::text", name, text, sizeof text, detail);
	*ret_has = !code && text[0];
	return code;
}

static int create_schema(struct postgres_store *store, struct err_detail *detail)
{
	int code =
		store_postgres_format(store, detail,
				      "BEGIN; CREATE SCHEMA IF NOT EXISTS %1$s; REVOKE ALL ON SCHEMA %1$s FROM PUBLIC; "
				      "SET LOCAL search_path = %1$s");
	if (!code)
		code = postgres_run(&store->pg, journal_schema, PG_WAIT_LONG_MS, detail);
	if (!code)
		code = store_postgres_format(
			store, detail,
			"CREATE SCHEMA %1$s_keys; REVOKE ALL ON SCHEMA %1$s_keys FROM PUBLIC; "
			"CREATE TABLE %1$s_keys.key (ride int8 NOT NULL, kind int2 NOT NULL, key bytea, "
			"erased_through int8 NOT NULL, PRIMARY KEY (ride, kind))");
	if (!code)
		code = postgres_run(&store->pg, "COMMIT", PG_WAIT_LONG_MS, detail);
	else if (store->pg.conn)
		postgres_run(&store->pg, "ROLLBACK", PG_WAIT_MS, NULL);
	return code;
}

static int check_version(struct postgres_store *store, struct err_detail *detail)
{
	char text[24] = "";
	int has;
	int code = has_table(store, "", "about", &has, detail);
	if (!code && !has)
		return err_set(detail, ERR_FORMAT, "PostgreSQL: schema %s has tables, but not this kind of Zubringer's",
			       store->schema);
	if (!code)
		code = ask(store, "SELECT version::text FROM about", NULL, text, sizeof text, detail);
	if (!code && strtol(text, NULL, 10) != STORE_VERSION)
		return err_set(detail, ERR_VERSION, "PostgreSQL: schema %s: version %s, expected %d", store->schema,
			       text, STORE_VERSION);
	return code;
}

/* What file modes are to a file: nobody but the owner may have a right to the keys. */
static int check_private(struct postgres_store *store, struct err_detail *detail)
{
	char name[64], text[80];
	snprintf(name, sizeof name, "%s_keys", store->schema);
	int code = ask(store,
		       "SELECT CASE a.grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(a.grantee)::text END FROM ("
		       "SELECT nspowner AS owner, nspacl AS acl FROM pg_namespace WHERE nspname = $1 UNION ALL "
		       "SELECT relowner, relacl FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		       "WHERE nspname = $1) s, aclexplode(s.acl) a WHERE a.grantee <> s.owner LIMIT 1",
		       name, text, sizeof text, detail);
	if (!code && text[0])
		return err_set(detail, ERR_DENIED,
			       "PostgreSQL: schema %s: %s may use the keys, expected: only their owner", name, text);
	return code;
}

static int check_keys(struct postgres_store *store, struct err_detail *detail)
{
	struct store_head head;
	int has;
	int code = has_table(store, "_keys", "key", &has, detail);
	if (!code && !has)
		code = store_postgres_head(store, &head, detail);
	if (!code && !has)
		return err_set(detail, ERR_NOT_FOUND,
			       "PostgreSQL: %s_keys.key: missing, but %s.record has records that need it",
			       store->schema, store->schema);
	return code ? code : check_private(store, detail);
}

static int map_mark(struct postgres_store *store, struct err_detail *detail)
{
	store->mark = store->own_mark;
	if (!store->mark_path[0])
		return ERR_OK;
	int fd = open(store->mark_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(detail, errno == EACCES ? ERR_DENIED : ERR_IO, "%s: %s", store->mark_path,
			       strerror(errno));
	/* allocated for good: a hole would end the process with SIGBUS when the disk is full */
	int result = posix_fallocate(fd, 0, STORE_MARK_BYTES);
	void *mark = result ? MAP_FAILED : mmap(NULL, STORE_MARK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mark == MAP_FAILED)
		return err_set(detail, result == ENOSPC ? ERR_DISK_FULL : ERR_IO, "%s: cannot be mapped",
			       store->mark_path);
	store->mark = mark;
	return ERR_OK;
}

static int open_write(struct postgres_store *store, struct err_detail *detail)
{
	int has;
	int code = has_table(store, "", "record", &has, detail);
	if (!code && !has)
		code = create_schema(store, detail);
	if (!code)
		code = check_version(store, detail);
	if (!code)
		code = check_keys(store, detail);
	if (!code)
		code = map_mark(store, detail);
	return code ? code : project_find(store, detail);
}

static int open_read(struct postgres_store *store, struct err_detail *detail)
{
	char may[8] = "";
	int has;
	int code = has_table(store, "", "record", &has, detail);
	if (!code && !has)
		return err_set(detail, ERR_NOT_FOUND, "PostgreSQL: schema %s: no such journal", store->schema);
	if (!code)
		code = check_version(store, detail);
	if (!code && (code = has_table(store, "_keys", "key", &has, detail)) == ERR_DENIED)
		code = ERR_OK; /* no right to look into that schema */
	if (!code && has)
		code = ask(store, "SELECT has_table_privilege('key', 'SELECT')::text", NULL, may, sizeof may, detail);
	store->keys_absent = !has || may[0] != 't';
	return code;
}

static void store_postgres_close(void *self)
{
	struct postgres_store *store = self;
	postgres_close(&store->pg);
	if (store->mark && store->mark != store->own_mark)
		munmap(store->mark, STORE_MARK_BYTES);
	if (store->bytes.bytes)
		sodium_memzero(store->bytes.bytes, store->bytes.cap);
	pg_bytes_free(&store->bytes);
	free(store);
}

static int store_postgres_open(void **ret_self, const char *place, enum store_mode mode, struct err_detail *detail)
{
	char *conninfo = NULL;
	struct postgres_store *store = calloc(1, sizeof *store);
	if (!store)
		return err_set(detail, ERR_MEMORY, "store: out of memory");
	store->mode = mode;
	int code = parse_place(store, place, &conninfo, detail);
	if (code) {
		free(store);
		return code;
	}
	code = postgres_open(&store->pg, conninfo, text_of, PG_STATEMENTS, setup, store, detail);
	if (!code)
		code = postgres_ready(&store->pg, OPEN_WAIT_MS, detail);
	if (!code)
		code = mode == STORE_WRITE ? open_write(store, detail) : open_read(store, detail);
	if (code) {
		store_postgres_close(store);
		return code;
	}
	store->opened = 1;
	*ret_self = store;
	return ERR_OK;
}

/* ---- epoch and head ---- */

static int query(struct postgres_store *store, struct pg_call *call, int wait_ms, PGresult **ret_result,
		 struct err_detail *detail)
{
	return postgres_query(&store->pg, call, wait_ms, ret_result, detail);
}

static int postgres_take_epoch(void *self, uint32_t area, uint32_t least, uint32_t *ret_epoch,
			       struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	PGresult *result;
	call_of(store, &call, PG_EPOCH_TAKE);
	pg_u64(&call, area);
	pg_u64(&call, least);
	int code = query(store, &call, PG_WAIT_LONG_MS, &result, detail);
	if (code)
		return code;
	if (PQntuples(result) != 1)
		code = err_set(detail, ERR_FULL, "PostgreSQL: schema %s: no epoch left", store->schema);
	else
		*ret_epoch = (uint32_t)postgres_u64(result, 0, 0);
	PQclear(result);
	return code;
}

int store_postgres_head(void *self, struct store_head *ret_head, struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	PGresult *result;
	call_of(store, &call, PG_HEAD);
	int code = query(store, &call, PG_WAIT_MS, &result, detail);
	if (code)
		return code;
	if (PQntuples(result) != 1 || PQgetlength(result, 0, 1) != STORE_HASH_BYTES) {
		code = err_set(detail, ERR_BROKEN, "PostgreSQL: schema %s: no head, or one without a hash",
			       store->schema);
	} else {
		ret_head->sequence = postgres_u64(result, 0, 0);
		memcpy(ret_head->hash, PQgetvalue(result, 0, 1), STORE_HASH_BYTES);
		ret_head->digest = postgres_u64(result, 0, 2);
	}
	PQclear(result);
	return code;
}

/* ---- records ---- */

static int send_checks(struct postgres_store *store, const struct store_row *rows, uint32_t n,
		       struct err_detail *detail)
{
	struct pg_call call;
	int code = ERR_OK;
	for (uint32_t i = 0; i < n && !code; i++) {
		if (i && rows[i].area == rows[i - 1].area && rows[i].epoch == rows[i - 1].epoch)
			continue;
		call_of(store, &call, PG_APPEND_CHECK);
		pg_u64(&call, rows[i].area);
		pg_u64(&call, rows[i].epoch);
		pg_u64(&call, rows[0].sequence);
		code = postgres_pipe_call(&store->pg, &call, detail);
	}
	return code;
}

#define COLUMN(type, put)                                       \
	do {                                                    \
		pg_array(&call, type, n);                       \
		for (uint32_t i = 0; i < n; i++) {              \
			const struct store_row *row = &rows[i]; \
			put;                                    \
		}                                               \
		pg_array_end(&call);                            \
	} while (0)

static int send_rows(struct postgres_store *store, const struct store_row *rows, uint32_t n, struct err_detail *detail)
{
	struct pg_call call;
	struct pg_bytes *to = &store->bytes;
	call_of(store, &call, PG_RECORDS_PUT);
	COLUMN(PG_INT8, pg_item_u64(to, row->sequence));
	COLUMN(PG_INT2, pg_item_i16(to, row->type));
	COLUMN(PG_BOOL, pg_item_bool(to, row->commit_end));
	COLUMN(PG_INT8, pg_item_u64(to, row->area));
	COLUMN(PG_INT8, pg_item_u64(to, row->epoch));
	COLUMN(PG_INT8, pg_item_u64(to, row->engine_version));
	COLUMN(PG_INT8, pg_item_u64(to, row->ride));
	COLUMN(PG_INT8, pg_item_u64(to, (uint64_t)row->at));
	COLUMN(PG_INT8, pg_item_u64(to, row->digest));
	COLUMN(PG_BYTEA, pg_item(to, row->body, row->n));
	COLUMN(PG_BYTEA, pg_item(to, row->hash, STORE_HASH_BYTES));
	int code = postgres_pipe_call(&store->pg, &call, detail);
	if (code)
		return code;
	call_of(store, &call, PG_HEAD_PUT);
	pg_u64(&call, rows[n - 1].sequence);
	pg_outside(&call, rows[n - 1].hash, STORE_HASH_BYTES);
	pg_u64(&call, rows[n - 1].digest);
	return postgres_pipe_call(&store->pg, &call, detail);
}

static int send_append(struct postgres_store *store, const struct store_row *rows, uint32_t n,
		       struct err_detail *detail)
{
	const struct project_rows *changes = store->projects ? store->staged : NULL;
	int code = postgres_ready(&store->pg, COMMIT_WAIT_MS, detail);
	if (!code && changes)
		code = project_prepare(store, changes, detail);
	if (!code)
		code = postgres_pipe_begin(&store->pg, detail);
	if (!code)
		code = send_checks(store, rows, n, detail);
	if (!code)
		code = send_rows(store, rows, n, detail);
	if (!code && changes)
		code = project_send(store, changes, rows[n - 1].sequence, detail);
	return code ? code : postgres_pipe_end(&store->pg, detail);
}

/* ERR_UNAVAILABLE: not known yet, call again with the same rows. Either they are still on their way, and this goes on
 * waiting for the answer; or the connection was lost, and they are sent again, and refused (ERR_CONFLICT) if they had
 * arrived: then the head has the hash of the last of them (store.c). */
static int postgres_append(void *self, const struct store_row *rows, uint32_t n, struct err_detail *detail)
{
	struct postgres_store *store = self;
	const uint8_t *last = rows[n - 1].hash;
	int code = ERR_OK;
	if (store->pg.piping && memcmp(store->under_way, last, STORE_HASH_BYTES))
		return err_set(detail, ERR_UNAVAILABLE, "PostgreSQL: another commit is still on its way");
	if (!store->pg.piping) {
		code = send_append(store, rows, n, detail);
		memcpy(store->under_way, last, STORE_HASH_BYTES);
	}
	if (!code)
		code = postgres_pipe_finish(&store->pg, COMMIT_WAIT_MS, detail);
	if (code != ERR_UNAVAILABLE && code != ERR_DISK_FULL)
		store->staged = NULL;
	return code;
}

static uint64_t column(const PGresult *result, int row, int at, uint64_t most, int *fits)
{
	uint64_t value = postgres_u64(result, row, at);
	*fits &= value <= most;
	return value;
}

/* A value that does not fit its column cannot be what was hashed. */
static int row_get(const PGresult *result, int at, struct store_row *row, struct err_detail *detail)
{
	int fits = PQgetlength(result, at, 10) == STORE_HASH_BYTES;
	*row = (struct store_row){.sequence = postgres_u64(result, at, 0)};
	row->type = (uint8_t)column(result, at, 1, UINT8_MAX, &fits);
	row->commit_end = (uint8_t)column(result, at, 2, 1, &fits);
	row->area = (uint32_t)column(result, at, 3, UINT32_MAX, &fits);
	row->epoch = (uint32_t)column(result, at, 4, UINT32_MAX, &fits);
	row->engine_version = (uint32_t)column(result, at, 5, UINT32_MAX, &fits);
	row->ride = postgres_u64(result, at, 6);
	row->at = (instant_ms)postgres_u64(result, at, 7);
	row->digest = postgres_u64(result, at, 8);
	row->body = (const uint8_t *)PQgetvalue(result, at, 9);
	row->n = (uint32_t)PQgetlength(result, at, 9);
	if (!fits)
		return err_set(detail, ERR_BROKEN, "PostgreSQL: record %" PRIu64 ": a column out of its range",
			       row->sequence);
	memcpy(row->hash, PQgetvalue(result, at, 10), STORE_HASH_BYTES);
	return ERR_OK;
}

/* In portions held here, since `each` asks for keys in between. */
static int postgres_read(void *self, uint64_t from, int (*each)(void *to, const struct store_row *row), void *to,
			 struct err_detail *detail)
{
	struct postgres_store *store = self;
	int code = ERR_OK, n = READ_ROWS;
	while (!code && n == READ_ROWS && from <= INT64_MAX) {
		struct pg_call call;
		PGresult *result;
		call_of(store, &call, PG_RECORDS_READ);
		pg_u64(&call, from);
		pg_u64(&call, READ_ROWS);
		if ((code = query(store, &call, PG_WAIT_LONG_MS, &result, detail)))
			return code;
		n = PQntuples(result);
		for (int i = 0; i < n && !code; i++) {
			struct store_row row;
			if (!(code = row_get(result, i, &row, detail)))
				code = each(to, &row);
			from = row.sequence + 1;
		}
		PQclear(result);
	}
	return code;
}

/* ---- keys ---- */

static int postgres_key_get(void *self, uint64_t ride, uint8_t kind, struct store_key *ret_key,
			    struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct store_key key = {.ride = ride, .kind = kind, .erased = 1, .erased_through = UINT64_MAX};
	struct pg_call call;
	PGresult *result;
	if (store->keys_absent) {
		*ret_key = key;
		return ERR_OK;
	}
	call_of(store, &call, PG_KEY_GET);
	pg_u64(&call, ride);
	pg_u64(&call, kind);
	int code = query(store, &call, PG_WAIT_MS, &result, detail);
	if (code)
		return code;
	if (!PQntuples(result)) {
		code = err_set(detail, ERR_NOT_FOUND, "PostgreSQL: no key of %" PRIu64, ride);
	} else {
		key.erased = (uint8_t)PQgetisnull(result, 0, 0);
		key.erased_through = postgres_u64(result, 0, 1);
		if (PQgetlength(result, 0, 0) == STORE_KEY_BYTES)
			memcpy(key.key, PQgetvalue(result, 0, 0), STORE_KEY_BYTES);
		else if (!key.erased)
			code = err_set(detail, ERR_BROKEN, "PostgreSQL: a key of %d bytes", PQgetlength(result, 0, 0));
	}
	PQclear(result);
	if (!code)
		*ret_key = key;
	sodium_memzero(&key, sizeof key);
	return code;
}

static int postgres_keys_put(void *self, const struct store_key *keys, uint32_t n, struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_bytes *to = &store->bytes;
	struct pg_call call;
	PGresult *result;
	call_of(store, &call, PG_KEYS_PUT);
	pg_array(&call, PG_INT8, n);
	for (uint32_t i = 0; i < n; i++)
		pg_item_u64(to, keys[i].ride);
	pg_array_end(&call);
	pg_array(&call, PG_INT2, n);
	for (uint32_t i = 0; i < n; i++)
		pg_item_i16(to, keys[i].kind);
	pg_array_end(&call);
	pg_array(&call, PG_BYTEA, n);
	for (uint32_t i = 0; i < n; i++)
		pg_item(to, keys[i].key, STORE_KEY_BYTES);
	pg_array_end(&call);
	pg_array(&call, PG_INT8, n);
	for (uint32_t i = 0; i < n; i++)
		pg_item_u64(to, keys[i].erased_through);
	pg_array_end(&call);
	int code = query(store, &call, PG_WAIT_MS, &result, detail);
	sodium_memzero(to->bytes, to->cap);
	if (code)
		return code;
	if (strtoul(PQcmdTuples(result), NULL, 10) != n)
		code = err_set(detail, ERR_CONFLICT, "PostgreSQL: a ride of this commit has a key already");
	PQclear(result);
	return code;
}

/* The table is written anew without the dead rows; a new WAL segment is begun and a checkpoint lets the server remove
 * the old ones. Roles that may not do the latter leave it to the server's own checkpoints. */
static int keys_scrub(struct postgres_store *store, int with_wal, struct err_detail *detail)
{
	/* One transaction, being one message. Not VACUUM (FULL): that keeps dead rows which some old snapshot might
	 * see. */
	int code = store_postgres_format(store, detail,
					 "CREATE TEMP TABLE kept AS SELECT * FROM %1$s_keys.key; "
					 "TRUNCATE %1$s_keys.key; INSERT INTO %1$s_keys.key SELECT * FROM kept; "
					 "DROP TABLE kept");
	if (code || !with_wal)
		return code;
	if (postgres_run(&store->pg, "SELECT pg_switch_wal()", PG_WAIT_LONG_MS, NULL) == ERR_OK)
		postgres_run(&store->pg, "CHECKPOINT", PG_WAIT_LONG_MS, NULL);
	return ERR_OK;
}

static int postgres_keys_erase(void *self, const struct store_key *keys, uint32_t n, uint64_t through,
			       struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	uint64_t rides[64];
	uint32_t n_rides = 0;
	call_of(store, &call, PG_KEYS_ERASE);
	pg_array(&call, PG_INT8, n);
	for (uint32_t i = 0; i < n; i++)
		pg_item_u64(&store->bytes, keys[i].ride);
	pg_array_end(&call);
	pg_array(&call, PG_INT2, n);
	for (uint32_t i = 0; i < n; i++)
		pg_item_i16(&store->bytes, keys[i].kind);
	pg_array_end(&call);
	pg_u64(&call, through);
	int code = query(store, &call, PG_WAIT_LONG_MS, NULL, detail);
	for (uint32_t i = 0; i < n && n_rides < COUNT_OF(rides); i++)
		if (keys[i].kind == KEY_DECISION)
			rides[n_rides++] = keys[i].ride;
	if (!code && n_rides && store->projects)
		code = project_forget(store, rides, n_rides, detail);
	/* keys of dropped snapshots go with the server's next checkpoint of its own: nobody waits for that */
	return code ? code : keys_scrub(store, keys[0].kind != KEY_SNAPSHOT, detail);
}

/* ---- snapshots ---- */

static int snapshot_swap(struct postgres_store *store, const struct store_snapshot *snapshot, uint32_t keep,
			 uint64_t *ret_dropped, uint32_t most, uint32_t *ret_n, struct err_detail *detail)
{
	struct pg_call call;
	PGresult *result;
	call_of(store, &call, PG_SNAPSHOT_REPLACED);
	pg_u64(&call, snapshot->sequence);
	int code = query(store, &call, PG_WAIT_LONG_MS, &result, detail);
	if (code)
		return code;
	if (PQntuples(result) && *ret_n < most)
		ret_dropped[(*ret_n)++] = postgres_u64(result, 0, 0);
	PQclear(result);
	call_of(store, &call, PG_SNAPSHOT_PUT);
	pg_u64(&call, snapshot->sequence);
	pg_u64(&call, snapshot->digest);
	pg_u64(&call, snapshot->key_number);
	pg_outside(&call, snapshot->body, snapshot->n);
	if ((code = query(store, &call, PG_WAIT_LONG_MS, NULL, detail)))
		return code;
	call_of(store, &call, PG_SNAPSHOT_DROP);
	pg_u64(&call, keep);
	pg_u64(&call, most - *ret_n);
	if ((code = query(store, &call, PG_WAIT_LONG_MS, &result, detail)))
		return code;
	for (int i = 0; i < PQntuples(result) && *ret_n < most; i++)
		ret_dropped[(*ret_n)++] = postgres_u64(result, i, 0);
	PQclear(result);
	return ERR_OK;
}

static int postgres_snapshot_put(void *self, const struct store_snapshot *snapshot, uint32_t keep,
				 uint64_t *ret_dropped, uint32_t most, uint32_t *ret_n_dropped,
				 struct err_detail *detail)
{
	struct postgres_store *store = self;
	uint32_t n = 0;
	int code = postgres_run(&store->pg, "BEGIN", PG_WAIT_LONG_MS, detail);
	if (code)
		return code;
	code = snapshot_swap(store, snapshot, keep, ret_dropped, most, &n, detail);
	if (!code)
		code = postgres_run(&store->pg, "COMMIT", PG_WAIT_LONG_MS, detail);
	else if (store->pg.conn)
		postgres_run(&store->pg, "ROLLBACK", PG_WAIT_MS, NULL);
	if (!code)
		*ret_n_dropped = n;
	return code;
}

static int postgres_snapshot_get(void *self, uint64_t sequence, struct store_snapshot *ret_snapshot,
				 struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	PGresult *result;
	call_of(store, &call, PG_SNAPSHOT_GET);
	pg_u64(&call, sequence > INT64_MAX ? INT64_MAX : sequence);
	int code = query(store, &call, PG_WAIT_LONG_MS, &result, detail);
	if (code)
		return code;
	size_t n = PQntuples(result) ? (size_t)PQgetlength(result, 0, 3) : 0;
	uint8_t *body = PQntuples(result) ? malloc(n ? n : 1) : NULL;
	if (body) {
		memcpy(body, PQgetvalue(result, 0, 3), n);
		*ret_snapshot = (struct store_snapshot){postgres_u64(result, 0, 0), postgres_u64(result, 0, 1),
							postgres_u64(result, 0, 2), body, n};
	} else {
		code = PQntuples(result) ? err_set(detail, ERR_MEMORY, "PostgreSQL: no memory for a snapshot")
					 : err_set(detail, ERR_NOT_FOUND, "PostgreSQL: no snapshot");
	}
	PQclear(result);
	return code;
}

/* ---- values, telemetry, mark ---- */

static int postgres_value_put(void *self, const char *name, const void *bytes, size_t n, struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	call_of(store, &call, PG_VALUE_PUT);
	pg_outside(&call, name, strlen(name));
	pg_outside(&call, bytes, n);
	return query(store, &call, PG_WAIT_MS, NULL, detail);
}

static int postgres_value_get(void *self, const char *name, void *bytes, size_t size, size_t *ret_n,
			      struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	PGresult *result;
	call_of(store, &call, PG_VALUE_GET);
	pg_outside(&call, name, strlen(name));
	int code = query(store, &call, PG_WAIT_MS, &result, detail);
	if (code)
		return code;
	size_t n = PQntuples(result) ? (size_t)PQgetlength(result, 0, 0) : 0;
	if (!PQntuples(result))
		code = err_set(detail, ERR_NOT_FOUND, "PostgreSQL: no value %s", name);
	else if (n > size)
		code = err_set(detail, ERR_FULL, "PostgreSQL: value %s has %zu bytes, room for %zu", name, n, size);
	if (!code && n)
		memcpy(bytes, PQgetvalue(result, 0, 0), n);
	if (!code)
		*ret_n = n;
	PQclear(result);
	return code;
}

static int telemetry_copy(struct postgres_store *store, const struct store_telemetry *rows, uint32_t n,
			  struct err_detail *detail)
{
	struct pg_bytes *to = &store->bytes;
	int code = postgres_copy_begin(&store->pg, "COPY telemetry FROM STDIN (FORMAT binary)", detail);
	if (code)
		return code;
	pg_bytes_clear(to);
	for (uint32_t i = 0; i < n; i++) {
		pg_put_u16(to, 7);
		pg_item_u64(to, rows[i].vehicle);
		pg_item_u64(to, (uint64_t)rows[i].at);
		pg_item_i32(to, rows[i].lat_e7);
		pg_item_i32(to, rows[i].lon_e7);
		pg_item_i16(to, rows[i].mode);
		pg_item_i32(to, rows[i].battery_permille);
		pg_item_u64(to, rows[i].speed_mm_s);
	}
	if (!(code = postgres_copy_rows(&store->pg, to, detail)))
		code = postgres_copy_end(&store->pg, PG_WAIT_MS, detail);
	return code;
}

/* May be lost in a crash of the server (not of this process): no wait for its disk. */
static int postgres_telemetry(void *self, const struct store_telemetry *rows, uint32_t n, struct err_detail *detail)
{
	struct postgres_store *store = self;
	int code = postgres_run(&store->pg, "BEGIN; SET LOCAL synchronous_commit = off", PG_WAIT_MS, detail);
	if (code)
		return code;
	code = telemetry_copy(store, rows, n, detail);
	if (!code)
		code = postgres_run(&store->pg, "COMMIT", PG_WAIT_MS, detail);
	else if (store->pg.conn)
		postgres_run(&store->pg, "ROLLBACK", PG_WAIT_MS, NULL);
	return code;
}

static int postgres_telemetry_forget(void *self, instant_ms before, struct err_detail *detail)
{
	struct postgres_store *store = self;
	struct pg_call call;
	call_of(store, &call, PG_TELEMETRY_FORGET);
	pg_u64(&call, (uint64_t)before);
	return query(store, &call, PG_WAIT_LONG_MS, NULL, detail);
}

static uint8_t *postgres_mark(void *self)
{
	return ((struct postgres_store *)self)->mark;
}

static int postgres_projects(void *self)
{
	return ((struct postgres_store *)self)->projects;
}

static void postgres_stage(void *self, const struct project_rows *changes)
{
	((struct postgres_store *)self)->staged = changes;
}

static const struct store_projector projector = {
	.projects = postgres_projects,
	.stage = postgres_stage,
	.write = project_write,
	.reset = project_reset,
};

const struct store_backend store_postgres = {
	.scheme = "postgresql",
	.open = store_postgres_open,
	.close = store_postgres_close,
	.take_epoch = postgres_take_epoch,
	.head = store_postgres_head,
	.append = postgres_append,
	.read = postgres_read,
	.key_get = postgres_key_get,
	.keys_put = postgres_keys_put,
	.keys_erase = postgres_keys_erase,
	.snapshot_put = postgres_snapshot_put,
	.snapshot_get = postgres_snapshot_get,
	.value_put = postgres_value_put,
	.value_get = postgres_value_get,
	.telemetry = postgres_telemetry,
	.telemetry_forget = postgres_telemetry_forget,
	.mark = postgres_mark,
	.projector = &projector,
};
