// link: zub_store zub_crash_vfs PkgConfig::sqlite3 PkgConfig::libsodium -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
/* What every store must do, run for each kind; then what concerns the files of the SQLite one: modes, locks, damage,
 * erasing, a full disk, each operation and each allocation failing once, power cuts. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "crash_vfs.h"
#include "rng.h"
#include "store.h"

/* ---- allocations that fail: ours through the linker, SQLite's through its configuration ---- */

static uint64_t n_allocations, fail_allocation; /* counts only while fail_allocation or counting is set */
static int counting;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static int allocation_fails(void)
{
	return counting && ++n_allocations == fail_allocation;
}
void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *memory, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(memory, size);
}

static sqlite3_mem_methods sqlite_memory;
static void *sqlite_malloc(int size)
{
	return allocation_fails() ? NULL : sqlite_memory.xMalloc(size);
}
static void *sqlite_realloc(void *memory, int size)
{
	return allocation_fails() ? NULL : sqlite_memory.xRealloc(memory, size);
}

static void hook_sqlite_memory(void)
{
	sqlite3_mem_methods hooked;
	sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory);
	hooked = sqlite_memory;
	hooked.xMalloc = sqlite_malloc;
	hooked.xRealloc = sqlite_realloc;
	/* no lookaside: every allocation is one that can fail */
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
	sqlite3_config(SQLITE_CONFIG_MALLOC, &hooked);
}

/* ---- folder and urls ---- */

static uint64_t seed;
static char folder[64];
static int n_stores;

struct kind {
	const char *name, *format; /* of the url; %s = a new path, then %d = a new number */
	int durable;
	const char *fast; /* the same without real syncs */
};
static struct kind kinds[] = {
	{"memory", "memory:", 0, "memory:"},
	{"memory, seeded", "memory:7", 0, "memory:7"},
	{"sqlite", "sqlite:%s", 1, "sqlite:%s?vfs=crash"},
};
/* ZUB_POSTGRES = url of a server's database: then only this kind is looked at (test_store_postgres.sh). */
static char postgres_format[512];
static struct kind postgres_kind = {"postgresql", postgres_format, 1, postgres_format};

static void new_path(char *path, size_t size)
{
	snprintf(path, size, "%s/%d.journal", folder, ++n_stores);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static struct store *open_new(const struct kind *kind, char *url, size_t size)
{
	char path[128];
	struct store *store = NULL;
	struct err_detail detail = {""};
	new_path(path, sizeof path);
	snprintf(url, size, kind->format, path, n_stores);
	if (store_open(&store, url, &detail))
		fail_msg("%s: %s", url, detail.text);
	return store;
}

static struct store *reopen(struct store *store, const char *url)
{
	struct err_detail detail = {""};
	store_close(store);
	store = NULL;
	if (store_open(&store, url, &detail))
		fail_msg("%s: %s", url, detail.text);
	return store;
}

static uint32_t take_epoch(struct store *store)
{
	uint32_t epoch = 0;
	assert_int_equal(store_take_epoch(store, 1, &epoch, NULL), ERR_OK);
	return epoch;
}

static struct store_record text_record(uint8_t type, uint32_t epoch, uint64_t ride, const char *text)
{
	return (struct store_record){.type = type,
				     .area = 1,
				     .epoch = epoch,
				     .engine_version = 3,
				     .ride = ride,
				     .at = 1700000000000,
				     .body = text,
				     .n = (uint32_t)strlen(text)};
}

static int commit_text(struct store *store, uint8_t type, uint32_t epoch, uint64_t ride, const char *text,
		       uint64_t digest)
{
	struct store_record record = text_record(type, epoch, ride, text);
	return store_commit(store, &record, 1, digest, NULL);
}

/* ---- reading back ---- */

struct seen {
	uint64_t n, first, n_erased, n_ends, digest;
	uint64_t stop_after;
	char text[64][96];
	uint8_t erased[64];
	uint8_t hash[STORE_HASH_BYTES];
};

static int see(void *self, const struct store_record *record)
{
	struct seen *seen = self;
	if (!seen->n)
		seen->first = record->sequence;
	assert_int_equal(record->sequence, seen->first + seen->n);
	assert_true(seen->n < 64 && record->n < 96);
	seen->erased[seen->n] = record->erased;
	if (record->erased)
		assert_null(record->body);
	else
		memcpy(seen->text[seen->n], record->body, record->n);
	seen->n++;
	seen->n_erased += record->erased;
	seen->n_ends += record->commit_end;
	if (record->commit_end)
		seen->digest = record->digest;
	memcpy(seen->hash, record->hash, STORE_HASH_BYTES);
	return seen->n == seen->stop_after ? 77 : 0;
}

static void look(struct store *store, uint64_t from, struct seen *seen)
{
	struct err_detail detail = {""};
	memset(seen, 0, sizeof *seen);
	if (store_read(store, from, see, seen, &detail))
		fail_msg("read: %s", detail.text);
}

static void assert_chain(struct store *store, uint64_t records, uint64_t erased)
{
	struct err_detail detail = {""};
	uint64_t n = 0, n_erased = 0;
	if (store_verify_chain(store, &n, &n_erased, &detail))
		fail_msg("chain: %s", detail.text);
	assert_int_equal(n, records);
	assert_int_equal(n_erased, erased);
}

/* ---- the contract ---- */

static void test_a_new_store_is_empty(void **state)
{
	char url[160];
	struct store *store = open_new(*state, url, sizeof url);
	uint64_t sequence = 9, digest = 9;
	uint8_t hash[STORE_HASH_BYTES], zero[STORE_HASH_BYTES] = {0};
	void *bytes;
	size_t n;
	assert_int_equal(store_head(store, &sequence, hash, &digest, NULL), ERR_OK);
	assert_int_equal(sequence, 0);
	assert_memory_equal(hash, zero, sizeof hash);
	assert_int_equal(store_snapshot_get(store, UINT64_MAX, &sequence, &bytes, &n, &digest, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_value_get(store, "x", hash, sizeof hash, &n, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_erase(store, 5, ERASE_ALL, NULL), ERR_NOT_FOUND);
	assert_chain(store, 0, 0);
	store_close(store);
}

static void test_what_is_committed_is_read(void **state)
{
	const struct kind *kind = *state;
	char url[160];
	struct store *store = open_new(kind, url, sizeof url);
	uint32_t epoch = take_epoch(store);
	uint64_t sequence, digest;
	uint8_t hash[STORE_HASH_BYTES];
	struct seen seen;
	struct store_record records[] = {
		text_record(RECORD_COMMAND, epoch, 0, "open"),
		text_record(RECORD_COMMAND, epoch, 4711, "sealed place"),
		text_record(RECORD_IDENTITY, epoch, 4711, "{\"name\":\"A\"}"),
		text_record(RECORD_OUTCOME, epoch, 0, ""),
		text_record(RECORD_COMMAND, epoch, UINT64_MAX, ""),
	};
	assert_int_equal(store_commit(store, records, 5, 0xabcdef0123456789, NULL), ERR_OK);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(records[i].sequence, i + 1);
	assert_int_equal(commit_text(store, RECORD_DECISION, epoch, 0, "later", 5), ERR_OK);
	if (kind->durable)
		store = reopen(store, url);
	look(store, 1, &seen);
	assert_int_equal(seen.n, 6);
	assert_int_equal(seen.n_ends, 2);
	assert_string_equal(seen.text[0], "open");
	assert_string_equal(seen.text[1], "sealed place");
	assert_string_equal(seen.text[2], "{\"name\":\"A\"}");
	assert_string_equal(seen.text[4], "");
	assert_string_equal(seen.text[5], "later");
	assert_int_equal(store_head(store, &sequence, hash, &digest, NULL), ERR_OK);
	assert_int_equal(sequence, 6);
	assert_int_equal(digest, 5);
	assert_memory_equal(hash, seen.hash, sizeof hash);
	look(store, 4, &seen);
	assert_int_equal(seen.first, 4);
	assert_int_equal(seen.n, 3);
	seen = (struct seen){.stop_after = 2};
	assert_int_equal(store_read(store, 1, see, &seen, NULL), 77);
	assert_int_equal(seen.n, 2);
	look(store, 7, &seen);
	assert_int_equal(seen.n, 0);
	assert_chain(store, 6, 0);
	store_close(store);
}

static void test_what_cannot_be_is_refused(void **state)
{
	char url[160];
	struct store *store = open_new(*state, url, sizeof url);
	uint32_t epoch = take_epoch(store);
	struct store_record record = text_record(0, epoch, 0, "x");
	assert_int_equal(store_commit(store, &record, 1, 0, NULL), ERR_RANGE);
	record.type = RECORD_DECISION + 1;
	assert_int_equal(store_commit(store, &record, 1, 0, NULL), ERR_RANGE);
	record.type = RECORD_IDENTITY;
	assert_int_equal(store_commit(store, &record, 1, 0, NULL), ERR_RANGE);
	record.type = RECORD_COMMAND;
	record.n = STORE_BODY_BYTES_MAX + 1;
	assert_int_equal(store_commit(store, &record, 1, 0, NULL), ERR_RANGE);
	assert_int_equal(store_commit(store, &record, 0, 0, NULL), ERR_USAGE);
	assert_int_equal(store_value_put(store, "", "x", 1, NULL), ERR_RANGE);
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 0, "works all the same", 1), ERR_OK);
	assert_chain(store, 1, 0);
	store_close(store);
}

static void test_an_older_epoch_is_stale(void **state)
{
	char url[160];
	struct store *store = open_new(*state, url, sizeof url);
	uint32_t other = 0, first = take_epoch(store), second = take_epoch(store);
	assert_int_equal(first, 1);
	assert_int_equal(second, 2);
	assert_int_equal(commit_text(store, RECORD_COMMAND, first, 0, "late", 1), ERR_STALE);
	assert_int_equal(commit_text(store, RECORD_COMMAND, second + 1, 0, "never taken", 1), ERR_STALE);
	assert_int_equal(commit_text(store, RECORD_COMMAND, second, 0, "good", 1), ERR_OK);
	struct store_record mixed[] = {text_record(RECORD_COMMAND, second, 0, "a"),
				       text_record(RECORD_COMMAND, first, 9, "b")};
	assert_int_equal(store_commit(store, mixed, 2, 0, NULL), ERR_STALE);
	assert_int_equal(store_take_epoch(store, 2, &other, NULL), ERR_OK); /* areas count apart */
	assert_int_equal(other, 1);
	assert_chain(store, 1, 0);
	store_close(store);
}

/* A store that was put back from a copy: the calendar brings it above what it has forgotten. */
static void test_an_epoch_rises_to_the_calendar(void **state)
{
	char url[160];
	struct store *store = open_new(*state, url, sizeof url);
	uint32_t epoch = 0;
	assert_int_equal(store_raise_epoch(store, 1, 1650000000, &epoch, NULL), ERR_OK);
	assert_int_equal(epoch, 1650000000);
	assert_int_equal(store_raise_epoch(store, 1, 1640000000, &epoch, NULL),
			 ERR_OK); /* a calendar that was set back */
	assert_int_equal(epoch, 1650000001);
	assert_int_equal(store_take_epoch(store, 1, &epoch, NULL), ERR_OK);
	assert_int_equal(epoch, 1650000002);
	assert_int_equal(commit_text(store, RECORD_COMMAND, 1650000000, 0, "late", 1), ERR_STALE);
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 0, "good", 1), ERR_OK);
	assert_chain(store, 1, 0);
	store_close(store);
}

static void assert_snapshot(struct store *store, uint64_t asked, uint64_t sequence, const char *text)
{
	uint64_t found = 0, digest = 0;
	void *bytes = NULL;
	size_t n = 0;
	assert_int_equal(store_snapshot_get(store, asked, &found, &bytes, &n, &digest, NULL), ERR_OK);
	assert_int_equal(found, sequence);
	assert_int_equal(digest, sequence * 10);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(bytes, text, n);
	free(bytes);
}

static void test_snapshots(void **state)
{
	const struct kind *kind = *state;
	char url[160];
	struct store *store = open_new(kind, url, sizeof url);
	uint64_t sequence, digest;
	void *bytes;
	size_t n;
	assert_int_equal(store_snapshot_put(store, 10, "ten", 3, 100, 3, NULL), ERR_OK);
	assert_int_equal(store_snapshot_put(store, 20, "twenty", 6, 200, 3, NULL), ERR_OK);
	assert_int_equal(store_snapshot_put(store, 30, "", 0, 300, 3, NULL), ERR_OK);
	if (kind->durable)
		store = reopen(store, url);
	assert_snapshot(store, UINT64_MAX, 30, "");
	assert_snapshot(store, 29, 20, "twenty");
	assert_snapshot(store, 20, 20, "twenty");
	assert_int_equal(store_snapshot_get(store, 9, &sequence, &bytes, &n, &digest, NULL), ERR_NOT_FOUND);
	assert_int_equal(store_snapshot_put(store, 30, "again", 5, 300, 3, NULL), ERR_OK);
	assert_snapshot(store, 30, 30, "again");
	assert_int_equal(store_snapshot_put(store, 40, "forty", 5, 400, 2, NULL), ERR_OK);
	assert_int_equal(store_snapshot_get(store, 29, &sequence, &bytes, &n, &digest, NULL), ERR_NOT_FOUND);
	assert_snapshot(store, 39, 30, "again");
	assert_snapshot(store, UINT64_MAX, 40, "forty");
	store_close(store);
}

static void test_erasing_leaves_the_chain(void **state)
{
	const struct kind *kind = *state;
	char url[160];
	struct store *store = open_new(kind, url, sizeof url);
	uint32_t epoch = take_epoch(store);
	struct seen seen;
	commit_text(store, RECORD_COMMAND, epoch, 1, "place of one", 1);
	commit_text(store, RECORD_IDENTITY, epoch, 1, "name of one", 1);
	commit_text(store, RECORD_COMMAND, epoch, 2, "place of two", 2);
	assert_int_equal(store_erase(store, 1, ERASE_IDENTITY, NULL), ERR_OK);
	look(store, 1, &seen);
	assert_string_equal(seen.text[0], "place of one");
	assert_true(seen.erased[1]);
	assert_int_equal(store_erase(store, 1, ERASE_ALL, NULL), ERR_OK);
	assert_int_equal(store_erase(store, 1, ERASE_ALL, NULL), ERR_OK);      /* again: nothing left to do */
	assert_int_equal(store_erase(store, 2, ERASE_IDENTITY, NULL), ERR_OK); /* never gave one */
	assert_int_equal(store_erase(store, 3, ERASE_ALL, NULL), ERR_NOT_FOUND);
	/* what comes later about an erased ride has a key of its own */
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 1, "late word about one", 3), ERR_OK);
	if (kind->durable)
		store = reopen(store, url);
	look(store, 1, &seen);
	assert_true(seen.erased[0] && seen.erased[1] && !seen.erased[2] && !seen.erased[3]);
	assert_string_equal(seen.text[2], "place of two");
	assert_string_equal(seen.text[3], "late word about one");
	assert_chain(store, 4, 2);
	assert_int_equal(store_erase(store, 1, ERASE_ALL, NULL), ERR_OK);
	assert_chain(store, 4, 3);
	store_close(store);
}

static void test_values(void **state)
{
	const struct kind *kind = *state;
	char url[160], text[16] = "";
	struct store *store = open_new(kind, url, sizeof url);
	size_t n = 0;
	assert_int_equal(store_value_put(store, "clock", "one", 3, NULL), ERR_OK);
	assert_int_equal(store_value_put(store, "clock", "three", 5, NULL), ERR_OK);
	assert_int_equal(store_value_put(store, "empty", "", 0, NULL), ERR_OK);
	if (kind->durable)
		store = reopen(store, url);
	assert_int_equal(store_value_get(store, "clock", text, 4, &n, NULL), ERR_FULL);
	assert_int_equal(store_value_get(store, "clock", text, sizeof text, &n, NULL), ERR_OK);
	assert_int_equal(n, 5);
	assert_string_equal(text, "three");
	assert_int_equal(store_value_get(store, "empty", text, sizeof text, &n, NULL), ERR_OK);
	assert_int_equal(n, 0);
	store_close(store);
}

static void test_telemetry_and_mark(void **state)
{
	const struct kind *kind = *state;
	char url[160];
	struct store *store = open_new(kind, url, sizeof url);
	struct store_telemetry rows[2] = {{.vehicle = 1, .at = 5, .lat_e7 = -1}, {.vehicle = 2, .at = 6}};
	assert_int_equal(store_telemetry(store, rows, 2, NULL), ERR_OK);
	assert_int_equal(store_telemetry(store, rows, 0, NULL), ERR_OK);
	assert_int_equal(store_telemetry_forget(store, 6, NULL), ERR_OK);
	uint8_t *mark = store_mark(store);
	for (int i = 0; i < STORE_MARK_BYTES; i++)
		assert_int_equal(mark[i], 0);
	mark[0] = 7;
	mark[STORE_MARK_BYTES - 1] = 9;
	if (kind->durable) {
		store = reopen(store, url);
		mark = store_mark(store);
		assert_int_equal(mark[0], 7);
		assert_int_equal(mark[STORE_MARK_BYTES - 1], 9);
	}
	store_close(store);
}

/* The same seed gives the same hashes, so that a simulation's receipts repeat. */
static void test_a_seeded_memory_store_repeats(void **state)
{
	uint8_t hash[2][STORE_HASH_BYTES];
	(void)state;
	for (int i = 0; i < 2; i++) {
		uint64_t sequence, digest;
		struct store *store;
		assert_int_equal(store_open(&store, "memory:5", NULL), ERR_OK);
		commit_text(store, RECORD_COMMAND, take_epoch(store), 99, "sealed", 1);
		assert_int_equal(store_head(store, &sequence, hash[i], &digest, NULL), ERR_OK);
		assert_int_equal(sequence, 1);
		store_close(store);
	}
	assert_memory_equal(hash[0], hash[1], STORE_HASH_BYTES);
}

/* ---- files of the SQLite store ---- */

static const struct kind *const sqlite_kind = &kinds[2];

static void path_of(const char *url, const char *suffix, char *path, size_t size)
{
	snprintf(path, size, "%s%s", url + strlen("sqlite:"), suffix);
	char *query = strstr(path, "?vfs=crash");
	if (query)
		memmove(query, query + strlen("?vfs=crash"), strlen(query + strlen("?vfs=crash")) + 1);
}

static void test_one_writer_many_readers(void **state)
{
	(void)state;
	char url[160];
	struct store *store = open_new(sqlite_kind, url, sizeof url), *other = NULL;
	struct err_detail detail;
	uint32_t epoch = take_epoch(store), taken;
	struct seen seen;
	commit_text(store, RECORD_COMMAND, epoch, 3, "before", 1);
	assert_int_equal(store_open(&other, url, &detail), ERR_BUSY);
	assert_non_null(strstr(detail.text, "another dispatcher"));
	assert_int_equal(store_open_read(&other, url, &detail), ERR_OK);
	look(other, 1, &seen);
	assert_string_equal(seen.text[0], "before");
	commit_text(store, RECORD_COMMAND, epoch, 0, "while read", 1);
	look(other, 1, &seen);
	assert_int_equal(seen.n, 2);
	assert_chain(other, 2, 0);
	assert_int_equal(commit_text(other, RECORD_COMMAND, epoch, 0, "no", 1), ERR_DENIED);
	assert_int_equal(store_take_epoch(other, 1, &taken, NULL), ERR_DENIED);
	assert_int_equal(store_erase(other, 3, ERASE_ALL, NULL), ERR_DENIED);
	assert_int_equal(store_snapshot_put(other, 1, "x", 1, 1, 1, NULL), ERR_DENIED);
	assert_null(store_mark(other));
	store_close(other);
	store_close(store);
	assert_int_equal(store_open_read(&other, "sqlite:/nowhere/at.all", &detail), ERR_NOT_FOUND);
	assert_int_equal(store_open(&other, "sqlite:/nowhere/at.all", &detail), ERR_IO);
	assert_int_equal(store_open(&other, "sqlite:", &detail), ERR_RANGE);
}

struct erased_list {
	uint32_t n;
	uint64_t rides[8];
	enum erase what[8];
};

static int note_erased(void *self, uint64_t ride, enum erase what)
{
	struct erased_list *list = self;
	assert_true(list->n < 8);
	list->rides[list->n] = ride;
	list->what[list->n++] = what;
	return 0;
}

/* Backups: a copy of a journal that is being written opens by itself, has whole commits only and a key for each. */
static void test_a_copy_beside_a_writer(void **state)
{
	(void)state;
	char url[160], path[160], copy_url[200];
	struct store *store = open_new(sqlite_kind, url, sizeof url), *reader = NULL, *copy = NULL;
	struct err_detail detail = {""};
	uint32_t epoch = take_epoch(store);
	uint64_t n = 0, erased = 0, ride = 1;
	struct erased_list list = {0};
	struct stat status;
	int at_once;
	for (; ride <= 40; ride++)
		assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, ride, "before", ride), ERR_OK);
	assert_int_equal(store_erase(store, 3, ERASE_ALL, &detail), ERR_OK);
	assert_int_equal(commit_text(store, RECORD_IDENTITY, epoch, 5, "name", 1), ERR_OK);
	assert_int_equal(store_erase(store, 5, ERASE_IDENTITY, &detail), ERR_OK);
	store_close(store);
	pid_t child = fork();
	if (!child) { /* writes while the parent copies */
		int code = store_open(&store, url, NULL);
		for (; !code; ride++)
			code = commit_text(store, RECORD_COMMAND, epoch, ride, "while copied", ride);
		_exit(1);
	}
	new_path(path, sizeof path);
	assert_int_equal(store_open_read(&reader, url, &detail), ERR_OK);
	for (int i = 0; i < 20; i++) {
		snprintf(copy_url, sizeof copy_url, "%s.copy%d", path, i);
		usleep(3000);
		assert_int_equal(store_copy(reader, copy_url, &detail), ERR_OK);
	}
	store_close(reader);
	assert_int_equal(waitpid(child, &at_once, WNOHANG), 0); /* it was never disturbed */
	kill(child, SIGKILL);
	waitpid(child, &at_once, 0);
	for (int i = 0; i < 20; i++) {
		snprintf(copy_url, sizeof copy_url, "sqlite:%s.copy%d", path, i);
		assert_int_equal(stat(copy_url + 7, &status), 0);
		assert_int_equal(status.st_mode & 0777, 0600);
		assert_int_equal(store_open_read(&copy, copy_url, &detail), ERR_OK);
		assert_int_equal(store_verify_chain(copy, &n, &erased, &detail), ERR_OK);
		assert_true(n >= 41 && erased == 2);
		store_close(copy);
	}
	printf("20 copies beside a writer, the last has %llu records\n", (unsigned long long)n);
	assert_true(n > 60);
	store = reopen(NULL, url);
	assert_int_equal(store_erased(store, note_erased, &list, &detail), ERR_OK);
	assert_int_equal(list.n, 2);
	assert_true(list.rides[0] == 3 && list.what[0] == ERASE_ALL && list.rides[1] == 5 &&
		    list.what[1] == ERASE_IDENTITY);
	assert_int_equal(store_copy(store, copy_url + 7, &detail), ERR_EXISTS);
	assert_int_equal(store_copy(store, "/nowhere/at.all", &detail), ERR_IO);
	store_close(store);
	assert_int_equal(store_open(&store, "memory:", &detail), ERR_OK);
	assert_int_equal(store_copy(store, "/tmp/never-made", &detail), ERR_UNAVAILABLE);
	assert_int_equal(store_erased(store, note_erased, &list, &detail), ERR_UNAVAILABLE);
	store_close(store);
}

static void test_files_are_private(void **state)
{
	(void)state;
	static const char *const suffixes[] = {"",	    "-wal",	  "-shm",  ".keys",
					       ".keys-wal", ".telemetry", ".lock", ".mark"};
	char url[160], path[200];
	struct stat status;
	struct store *store;
	mode_t before = umask(0);
	store = open_new(sqlite_kind, url, sizeof url);
	commit_text(store, RECORD_COMMAND, take_epoch(store), 3, "x", 1);
	struct store_telemetry row = {.vehicle = 1};
	store_telemetry(store, &row, 1, NULL);
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		path_of(url, suffixes[i], path, sizeof path);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 0777, 0600);
	}
	umask(before);
	store_close(store);
	path_of(url, ".keys", path, sizeof path);
	chmod(path, 0640);
	assert_int_equal(store_open(&store, url, NULL), ERR_DENIED);
	chmod(path, 0600);
	char aside[220];
	snprintf(aside, sizeof aside, "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	struct err_detail detail;
	assert_int_equal(store_open(&store, url, &detail), ERR_NOT_FOUND);
	assert_non_null(strstr(detail.text, ".keys: missing"));
	/* an auditor without the keys can still walk the chain */
	assert_int_equal(store_open_read(&store, url, NULL), ERR_OK);
	assert_chain(store, 1, 1);
	store_close(store);
}

static void sql(const char *path, const char *text)
{
	sqlite3 *db;
	char *message = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &message))
		fail_msg("%s: %s", text, message);
	sqlite3_close(db);
}

static int64_t count_of(const char *path, const char *text)
{
	sqlite3 *db;
	sqlite3_stmt *statement;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return count;
}

static void test_telemetry_has_its_own_file_and_retention(void **state)
{
	(void)state;
	char url[160], path[200];
	struct store *store = open_new(sqlite_kind, url, sizeof url);
	struct store_telemetry rows[100] = {{0}};
	for (uint32_t i = 0; i < 100; i++)
		rows[i] = (struct store_telemetry){.vehicle = i, .at = i, .lat_e7 = INT32_MIN, .lon_e7 = INT32_MAX};
	assert_int_equal(store_telemetry(store, rows, 100, NULL), ERR_OK);
	path_of(url, ".telemetry", path, sizeof path);
	assert_int_equal(count_of(path, "SELECT count(*) FROM telemetry"), 100);
	assert_int_equal(store_telemetry_forget(store, 60, NULL), ERR_OK);
	assert_int_equal(count_of(path, "SELECT count(*) FROM telemetry"), 40);
	assert_int_equal(count_of(path, "SELECT min(at) FROM telemetry"), 60);
	assert_int_equal(count_of(path, "SELECT max(lat_e7) FROM telemetry"), INT32_MIN);
	store_close(store);
}

static void test_other_files_are_told(void **state)
{
	(void)state;
	char path[128];
	struct store *store;
	struct err_detail detail;
	new_path(path, sizeof path);
	sql(path, "CREATE TABLE other(x)");
	assert_int_equal(store_open(&store, path, &detail), ERR_FORMAT);
	new_path(path, sizeof path);
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", file);
	fclose(file);
	assert_int_equal(store_open(&store, path, &detail), ERR_FORMAT);
	new_path(path, sizeof path);
	assert_int_equal(store_open(&store, path, &detail), ERR_OK);
	store_close(store);
	sql(path, "PRAGMA user_version = 2");
	assert_int_equal(store_open(&store, path, &detail), ERR_VERSION);
	assert_non_null(strstr(detail.text, "expected 1"));
}

static int file_has(const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return 0;
	fseek(file, 0, SEEK_END);
	size_t size = (size_t)ftell(file);
	rewind(file);
	char *content = malloc(size + 1);
	assert_int_equal(fread(content, 1, size, file), size);
	fclose(file);
	int has = memmem(content, size, bytes, n) != NULL;
	free(content);
	return has;
}

static int any_file_has(const char *url, const void *bytes, size_t n)
{
	static const char *const suffixes[] = {"",	     "-wal",	  "-shm",      "-journal",
					       ".keys",	     ".keys-wal", ".keys-shm", ".keys-journal",
					       ".telemetry", ".mark",	  ".lock"};
	char path[220];
	int has = 0;
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		path_of(url, suffixes[i], path, sizeof path);
		has |= file_has(path, bytes, n);
	}
	return has;
}

/* The key's own bytes, as the file has them now. */
static void key_bytes(const char *url, uint64_t ride, int kind, uint8_t key[32])
{
	char path[220];
	sqlite3 *db;
	sqlite3_stmt *statement;
	path_of(url, ".keys", path, sizeof path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, "SELECT key FROM key WHERE ride = ?1 AND kind = ?2", -1, &statement, NULL);
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)ride);
	sqlite3_bind_int(statement, 2, kind);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_int_equal(sqlite3_column_bytes(statement, 0), 32);
	memcpy(key, sqlite3_column_blob(statement, 0), 32);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void test_nothing_personal_stays_in_the_files(void **state)
{
	(void)state;
	char url[160];
	uint8_t decision[32], identity[32], kept[32];
	struct store *store = open_new(sqlite_kind, url, sizeof url);
	uint32_t epoch = take_epoch(store);
	static const char place[] = "Kastanienallee 17, wheelchair", name[] = "{\"name\":\"Margarethe Musterfrau\"}";
	for (uint64_t ride = 1; ride <= 200; ride++) { /* neighbours on the same pages */
		assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, ride, place, 1), ERR_OK);
		assert_int_equal(commit_text(store, RECORD_IDENTITY, epoch, ride, name, 1), ERR_OK);
	}
	assert_int_equal(store_snapshot_put(store, 400, place, sizeof place - 1, 1, 2, NULL), ERR_OK);
	assert_false(any_file_has(url, place, sizeof place - 1));
	assert_false(any_file_has(url, "Musterfrau", 10));
	key_bytes(url, 77, 1, decision);
	key_bytes(url, 77, 2, identity);
	key_bytes(url, 78, 1, kept);
	assert_true(any_file_has(url, decision, 32));
	assert_true(any_file_has(url, identity, 32));
	assert_int_equal(store_erase(store, 77, ERASE_IDENTITY, NULL), ERR_OK);
	assert_false(any_file_has(url, identity, 32));
	assert_true(any_file_has(url, decision, 32));
	assert_int_equal(store_erase(store, 77, ERASE_ALL, NULL), ERR_OK);
	assert_false(any_file_has(url, decision, 32));
	assert_true(any_file_has(url, kept, 32));
	assert_chain(store, 400, 2);
	store_close(store);
	assert_false(any_file_has(url, decision, 32));
}

/* A writer that hangs while another took over: refused by the epoch within its own transaction. */
static void test_a_taken_over_writer_is_stale(void **state)
{
	(void)state;
	char url[160], path[200];
	struct store *store = open_new(sqlite_kind, url, sizeof url);
	uint32_t epoch = take_epoch(store);
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 0, "mine", 1), ERR_OK);
	path_of(url, "", path, sizeof path);
	sql(path, "UPDATE epoch SET epoch = epoch + 1");
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 0, "not mine any more", 1), ERR_STALE);
	sql(path, "UPDATE epoch SET epoch = epoch - 1; UPDATE head SET sequence = 5");
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 0, "somebody appended", 1), ERR_CONFLICT);
	store_close(store);
}

/* ---- damage ---- */

static int chain_code(const char *url)
{
	struct store *store;
	uint64_t n, erased;
	int code = store_open_read(&store, url, NULL);
	if (code)
		return code;
	code = store_verify_chain(store, &n, &erased, NULL);
	store_close(store);
	return code;
}

static void flip_blob(sqlite3 *db, const char *column, int64_t row, int at)
{
	sqlite3_blob *blob;
	uint8_t byte;
	assert_int_equal(sqlite3_blob_open(db, "main", "record", column, row, 1, &blob), SQLITE_OK);
	assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
	byte ^= 0x10;
	assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
	sqlite3_blob_close(blob);
}

static void flip_number(sqlite3 *db, const char *column, int row, int bit)
{
	char text[160];
	/* SQLite has no xor: a ^ b = (a | b) - (a & b) */
	int64_t mask = (int64_t)(UINT64_C(1) << bit);
	snprintf(text, sizeof text, "UPDATE record SET %s = (%s | %lld) - (%s & %lld) WHERE sequence = %d", column,
		 column, (long long)mask, column, (long long)mask, row);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

static void test_every_damaged_byte_is_found(void **state)
{
	(void)state;
	static const char *const columns[] = {"type",		"commit_end", "area", "epoch",
					      "engine_version", "ride",	      "at",   "digest"};
	char url[160], path[200];
	sqlite3 *db;
	struct store *store = open_new(sqlite_kind, url, sizeof url);
	uint32_t epoch = take_epoch(store);
	struct store_record two[] = {text_record(RECORD_COMMAND, epoch, 12345, "sealed"),
				     text_record(RECORD_OUTCOME, epoch, 0, "open")};
	assert_int_equal(store_commit(store, two, 2, 0x8000000000000001, NULL), ERR_OK);
	assert_int_equal(commit_text(store, RECORD_COMMAND, epoch, 0, "last", 3), ERR_OK);
	store_close(store);
	assert_int_equal(chain_code(url), ERR_OK);
	path_of(url, "", path, sizeof path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	int n_flips = 0;
	for (int row = 1; row <= 3; row++) {
		int n_body = (int)(row == 1 ? 6 + 16 : 4);
		for (int at = 0; at < n_body + STORE_HASH_BYTES; at++) {
			const char *column = at < n_body ? "body" : "hash";
			flip_blob(db, column, row, at < n_body ? at : at - n_body);
			assert_int_equal(chain_code(url), ERR_BROKEN);
			flip_blob(db, column, row, at < n_body ? at : at - n_body);
			n_flips++;
		}
		for (size_t c = 0; c < COUNT_OF(columns); c++)
			for (int bit = 0; bit < 63; bit += 7) {
				flip_number(db, columns[c], row, bit);
				assert_int_equal(chain_code(url), ERR_BROKEN);
				flip_number(db, columns[c], row, bit);
				n_flips++;
			}
	}
	assert_int_equal(chain_code(url), ERR_OK);
	printf("%d damages found\n", n_flips);
	/* a record less at the end, in the middle; a head that was put back with it */
	sqlite3_exec(db, "SAVEPOINT a; DELETE FROM record WHERE sequence = 3; RELEASE a", NULL, NULL, NULL);
	assert_int_equal(chain_code(url), ERR_BROKEN);
	sqlite3_exec(db, "UPDATE head SET sequence = 2", NULL, NULL, NULL);
	assert_int_equal(chain_code(url), ERR_BROKEN);
	sqlite3_close(db);
}

static void test_a_lost_key_is_not_an_erased_one(void **state)
{
	(void)state;
	char url[160], path[200];
	struct store *store = open_new(sqlite_kind, url, sizeof url);
	commit_text(store, RECORD_COMMAND, take_epoch(store), 5, "sealed", 1);
	store_close(store);
	path_of(url, ".keys", path, sizeof path);
	sql(path, "DELETE FROM key");
	assert_int_equal(chain_code(url), ERR_BROKEN);
}

/* ---- things that fail once ---- */

struct session {	    /* what a short life of a store came to */
	uint64_t committed; /* records in commits that returned OK */
	uint64_t in_doubt;  /* records of the commit that failed */
	int failed;
};

static int session_commit(struct store *store, uint32_t epoch, uint64_t round, struct session *session)
{
	char text[32];
	snprintf(text, sizeof text, "round %llu", (unsigned long long)round);
	struct store_record records[] = {text_record(RECORD_COMMAND, epoch, 100 + round, text),
					 text_record(RECORD_OUTCOME, epoch, 0, text)};
	int code = store_commit(store, records, 2, round, NULL);
	if (code)
		session->in_doubt = 2;
	else
		session->committed += 2;
	return code;
}

static int session_rest(struct store *store)
{
	struct store_telemetry row = {.vehicle = 1};
	uint64_t sequence, digest, n_erased;
	void *bytes = NULL;
	size_t n;
	struct seen seen = {0};
	char value[8];
	int code = store_snapshot_put(store, 2, "snapshot", 8, 1, 1, NULL);
	code = code ? code : store_snapshot_put(store, 4, "snapshot", 8, 1, 1, NULL);
	code = code ? code : store_value_put(store, "clock", "1", 1, NULL);
	code = code ? code : store_value_get(store, "clock", value, sizeof value, &n, NULL);
	code = code ? code : store_telemetry(store, &row, 1, NULL);
	code = code ? code : store_erase(store, 101, ERASE_ALL, NULL);
	code = code ? code : store_read(store, 1, see, &seen, NULL);
	code = code ? code : store_verify_chain(store, &n_erased, &n_erased, NULL);
	if (!code && !(code = store_snapshot_get(store, UINT64_MAX, &sequence, &bytes, &n, &digest, NULL)))
		free(bytes);
	return code;
}

static void session_run(const char *url, struct session *session)
{
	struct store *store = NULL;
	uint32_t epoch = 0;
	*session = (struct session){0};
	int code = store_open(&store, url, NULL);
	if (!code)
		code = store_take_epoch(store, 1, &epoch, NULL);
	for (uint64_t round = 1; round <= 3 && !code; round++)
		code = session_commit(store, epoch, round, session);
	if (!code)
		code = session_rest(store);
	store_close(store);
	session->failed = code;
}

static void session_check(const char *url, const struct session *session, uint64_t k)
{
	struct store *store = NULL;
	struct err_detail detail = {""};
	uint64_t n = 0, erased;
	if (store_open(&store, url, &detail))
		fail_msg("after failure %llu: open: %s", (unsigned long long)k, detail.text);
	if (store_verify_chain(store, &n, &erased, &detail))
		fail_msg("after failure %llu: %s", (unsigned long long)k, detail.text);
	if (n != session->committed && n != session->committed + session->in_doubt)
		fail_msg("after failure %llu: %llu records, committed %llu", (unsigned long long)k,
			 (unsigned long long)n, (unsigned long long)session->committed);
	store_close(store);
}

static void url_of_crash_vfs(char *url, size_t size)
{
	char path[128];
	new_path(path, sizeof path);
	snprintf(url, size, "sqlite:%s?vfs=crash", path);
}

static void remove_store(const char *url)
{
	static const char *const suffixes[] = {
		"",	      "-wal",		"-shm",		  ".keys", ".keys-wal", ".keys-shm",
		".telemetry", ".telemetry-wal", ".telemetry-shm", ".lock", ".mark"};
	char path[220];
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		path_of(url, suffixes[i], path, sizeof path);
		unlink(path);
	}
}

static void test_each_operation_fails_once(void **state)
{
	(void)state;
	char url[160];
	struct session session;
	url_of_crash_vfs(url, sizeof url);
	crash_vfs_fail_at(0);
	session_run(url, &session);
	uint64_t all = crash_vfs_operations(), n_failed = 0;
	assert_int_equal(session.failed, 0);
	assert_int_equal(session.committed, 6);
	remove_store(url);
	for (uint64_t k = 1; k <= all; k++) {
		url_of_crash_vfs(url, sizeof url);
		crash_vfs_fail_at(k);
		session_run(url, &session);
		crash_vfs_restart();
		n_failed += session.failed != 0;
		session_check(url, &session, k);
		remove_store(url);
	}
	printf("%llu operations failed once, %llu sessions ended by it\n", (unsigned long long)all,
	       (unsigned long long)n_failed);
	assert_true(n_failed > all / 2);
}

static void test_each_allocation_fails_once(void **state)
{
	const struct kind *kind = *state;
	char url[160], path[128];
	struct session session;
	uint64_t n_failed = 0, k;
	for (k = 1;; k++) {
		new_path(path, sizeof path);
		snprintf(url, sizeof url, kind->fast, path, n_stores);
		n_allocations = 0;
		fail_allocation = k;
		counting = 1;
		session_run(url, &session);
		counting = 0;
		if (n_allocations < k)
			break;
		n_failed += session.failed != 0;
		if (session.failed)
			assert_int_not_equal(session.failed, ERR_OK);
		if (kind->durable)
			session_check(url, &session, k);
		if (kind == sqlite_kind)
			remove_store(url);
	}
	assert_int_equal(session.failed, 0);
	printf("%llu allocations failed once, %llu sessions ended by it\n", (unsigned long long)(k - 1),
	       (unsigned long long)n_failed);
	assert_true(n_failed > (k - 1) / 2);
}

static void test_disk_full(void **state)
{
	(void)state;
	char url[160];
	struct store *store = NULL;
	struct err_detail detail;
	struct session session = {0};
	url_of_crash_vfs(url, sizeof url);
	assert_int_equal(store_open(&store, url, NULL), ERR_OK);
	uint32_t epoch = take_epoch(store);
	assert_int_equal(session_commit(store, epoch, 1, &session), ERR_OK);
	crash_vfs_disk_full(1);
	struct store_record record = text_record(RECORD_COMMAND, epoch, 0, "no room");
	assert_int_equal(store_commit(store, &record, 1, 0, &detail), ERR_DISK_FULL);
	assert_int_equal(store_commit(store, &record, 1, 0, &detail), ERR_DISK_FULL); /* tried again */
	assert_int_equal(store_snapshot_put(store, 1, "x", 1, 1, 1, &detail), ERR_DISK_FULL);
	struct seen seen;
	look(store, 1, &seen); /* reading goes on */
	assert_int_equal(seen.n, 2);
	crash_vfs_disk_full(0);
	assert_int_equal(store_commit(store, &record, 1, 0, &detail), ERR_OK); /* the same commit, once there is room */
	store = reopen(store, url);
	epoch = take_epoch(store);
	assert_int_equal(session_commit(store, epoch, 2, &session), ERR_OK);
	assert_chain(store, 5, 0);
	store_close(store);
}

/* ---- power cuts ---- */

#define MODEL_MAX 4096

struct model {			  /* what was answered */
	uint64_t text[MODEL_MAX]; /* body of record i + 1 is a pattern of this number */
	uint64_t n;		  /* records of commits that returned OK */
	uint64_t doubt;		  /* and of the one cut off */
	uint64_t ends[MODEL_MAX]; /* 1: commit ended there */
	uint32_t epoch;
	uint64_t value; /* last one that returned OK */
	uint64_t value_doubt;
	uint64_t snapshot; /* sequence of the last that returned OK */
	uint64_t n_erased_rides, erased_rides[MODEL_MAX];
};

static void body_of(uint64_t number, char *text, size_t size)
{
	int n = snprintf(text, size, "%llu:", (unsigned long long)number);
	size_t want = number % 700;
	while ((size_t)n < want && (size_t)n + 1 < size)
		text[n++] = (char)('a' + number % 26);
	text[n] = '\0';
}

static int crash_commit(struct store *store, struct rng *rng, struct model *model)
{
	static char texts[8][1024];
	struct store_record records[8];
	uint32_t n = 1 + rng_below(rng, 8);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t number = model->n + i;
		model->text[number] = rng_below(rng, 100000);
		model->ends[number] = i + 1 == n;
		body_of(model->text[number], texts[i], sizeof texts[i]);
		uint64_t ride = rng_chance(rng, 600) ? 1 + rng_below(rng, 40) : 0;
		for (uint64_t e = 0; e < model->n_erased_rides; e++) /* erased rides rest */
			if (model->erased_rides[e] == ride)
				ride = 0;
		records[i] = text_record(RECORD_COMMAND, model->epoch, ride, texts[i]);
	}
	int code = store_commit(store, records, n, model->n + n, NULL);
	if (code)
		model->doubt = n;
	else
		model->n += n;
	return code;
}

static int crash_other(struct store *store, struct rng *rng, struct model *model)
{
	uint64_t value = model->value + 1;
	int code;
	if (rng_chance(rng, 500)) {
		model->value_doubt = value;
		if (!(code = store_value_put(store, "v", &value, sizeof value, NULL)))
			model->value = value;
		return code;
	}
	if (rng_chance(rng, 700)) {
		if (!(code = store_snapshot_put(store, model->n, &model->n, sizeof model->n, model->n, 2, NULL)))
			model->snapshot = model->n;
		return code;
	}
	uint64_t ride = 1 + rng_below(rng, 40);
	code = store_erase(store, ride, ERASE_ALL, NULL);
	if (!code)
		model->erased_rides[model->n_erased_rides++] = ride;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

struct checking {
	const struct model *model;
	uint64_t n;
};

static int check_record(void *self, const struct store_record *record)
{
	struct checking *checking = self;
	char text[1024];
	uint64_t at = checking->n++;
	assert_int_equal(record->commit_end, checking->model->ends[at]);
	int erased = 0;
	for (uint64_t e = 0; e < checking->model->n_erased_rides; e++)
		erased |= checking->model->erased_rides[e] == record->ride;
	if (erased)
		assert_true(record->erased);
	if (record->erased)
		return 0;
	body_of(checking->model->text[at], text, sizeof text);
	assert_int_equal(record->n, strlen(text));
	assert_memory_equal(record->body, text, record->n);
	return 0;
}

static void check_after_crash(struct store *store, struct model *model, int round)
{
	struct checking checking = {.model = model};
	struct err_detail detail = {""};
	uint64_t n = 0, erased, sequence = 0, digest = 0, value = 0;
	void *bytes = NULL;
	size_t n_bytes = 0;
	if (store_read(store, 1, check_record, &checking, &detail))
		fail_msg("round %d: %s", round, detail.text);
	if (checking.n != model->n && checking.n != model->n + model->doubt)
		fail_msg("round %d: %llu records, %llu answered, %llu in doubt", round, (unsigned long long)checking.n,
			 (unsigned long long)model->n, (unsigned long long)model->doubt);
	if (store_verify_chain(store, &n, &erased, &detail))
		fail_msg("round %d: %s", round, detail.text);
	model->n = checking.n;
	model->doubt = 0;
	if (model->value) {
		assert_int_equal(store_value_get(store, "v", &value, sizeof value, &n_bytes, NULL), ERR_OK);
		assert_true(value == model->value || value == model->value_doubt);
		model->value = value;
	}
	if (model->snapshot) {
		if (store_snapshot_get(store, UINT64_MAX, &sequence, &bytes, &n_bytes, &digest, &detail))
			fail_msg("round %d: %s", round, detail.text);
		assert_true(sequence >= model->snapshot);
		assert_memory_equal(bytes, &sequence, sizeof sequence);
		free(bytes);
	}
}

static void crash_round(const char *url, struct rng *rng, struct model *model)
{
	struct store *store = NULL;
	uint32_t epoch = 0;
	crash_vfs_crash_at(1 + rng_below(rng, 400));
	int code = store_open(&store, url, NULL);
	if (!code && !(code = store_take_epoch(store, 1, &epoch, NULL))) {
		assert_true(epoch > model->epoch);
		model->epoch = epoch;
	}
	while (!code && model->n + 16 < MODEL_MAX && model->n_erased_rides + 1 < MODEL_MAX)
		code = rng_chance(rng, 850) ? crash_commit(store, rng, model) : crash_other(store, rng, model);
	if (!crash_vfs_crashed())
		crash_vfs_crash();
	store_close(store);
	crash_vfs_restart();
}

static void test_no_answered_commit_is_lost_by_a_power_cut(void **state)
{
	(void)state;
	static struct model model;
	struct rng rng;
	uint64_t n_all = 0;
	int n_rounds = 0;
	rng_seed(&rng, seed);
	for (int journal = 0; journal < 12; journal++) {
		char url[160];
		memset(&model, 0, sizeof model);
		url_of_crash_vfs(url, sizeof url);
		for (int round = 0; round < 25 && model.n + 64 < MODEL_MAX; round++, n_rounds++) {
			struct store *store = NULL;
			struct err_detail detail = {""};
			crash_round(url, &rng, &model);
			if (store_open(&store, url, &detail))
				fail_msg("round %d: open: %s", round, detail.text);
			check_after_crash(store, &model, round);
			store_close(store);
		}
		n_all += model.n;
		remove_store(url);
	}
	printf("%d power cuts, %llu records kept\n", n_rounds, (unsigned long long)n_all);
}

/* Commits for ever, and says each sequence when it is answered. */
static void commit_until_killed(const char *url, int answers)
{
	struct store *store;
	uint32_t epoch;
	if (store_open(&store, url, NULL) || store_take_epoch(store, 1, &epoch, NULL))
		_exit(1);
	for (uint64_t i = 1;; i++) {
		struct store_record record = text_record(RECORD_COMMAND, epoch, i % 3 ? 0 : i, "until killed");
		if (store_commit(store, &record, 1, i, NULL) ||
		    write(answers, &record.sequence, sizeof record.sequence) != sizeof record.sequence)
			_exit(1);
	}
}

/* kill -9 on a store whose unsynced writes live in the process that is killed. */
static void test_no_answered_commit_is_lost_by_a_kill(void **state)
{
	(void)state;
	char url[160];
	struct rng rng;
	uint64_t answered = 0, n = 0, erased;
	rng_seed(&rng, seed);
	url_of_crash_vfs(url, sizeof url);
	for (int round = 0; round < 20; round++) {
		int ends[2], status;
		uint64_t sequence;
		struct store *store = NULL;
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		if (!child)
			commit_until_killed(url, ends[1]);
		close(ends[1]);
		usleep(2000 + rng_below(&rng, 30000));
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		assert_true(WIFSIGNALED(status));
		while (read(ends[0], &sequence, sizeof sequence) == sizeof sequence)
			answered = sequence;
		close(ends[0]);
		assert_int_equal(store_open(&store, url, NULL), ERR_OK);
		assert_int_equal(store_verify_chain(store, &n, &erased, NULL), ERR_OK);
		assert_true(n >= answered);
		store_close(store);
	}
	printf("20 kills, %llu records answered, %llu kept\n", (unsigned long long)answered, (unsigned long long)n);
	assert_true(answered > 0);
}

/* ---- run ---- */

static int contract_of(struct kind *kind)
{
	const struct CMUnitTest contract[] = {
		cmocka_unit_test_prestate(test_a_new_store_is_empty, kind),
		cmocka_unit_test_prestate(test_what_is_committed_is_read, kind),
		cmocka_unit_test_prestate(test_what_cannot_be_is_refused, kind),
		cmocka_unit_test_prestate(test_an_older_epoch_is_stale, kind),
		cmocka_unit_test_prestate(test_an_epoch_rises_to_the_calendar, kind),
		cmocka_unit_test_prestate(test_snapshots, kind),
		cmocka_unit_test_prestate(test_erasing_leaves_the_chain, kind),
		cmocka_unit_test_prestate(test_values, kind),
		cmocka_unit_test_prestate(test_telemetry_and_mark, kind),
		cmocka_unit_test_prestate(test_each_allocation_fails_once, kind),
	};
	printf("-- %s\n", kind->name);
	return cmocka_run_group_tests(contract, NULL, NULL);
}

int main(void)
{
	const char *given = getenv("ZUB_SEED");
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	hook_sqlite_memory();
	if (crash_vfs_register(seed, 0))
		return 1;
	snprintf(folder, sizeof folder, "/tmp/zub-store-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	char command[96];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	const char *postgres = getenv("ZUB_POSTGRES");
	int failed = 0;
	if (postgres) {
		snprintf(postgres_format, sizeof postgres_format, "%s&mark=%%s&schema=t%%d", postgres);
		failed = contract_of(&postgres_kind);
		return failed || system(command);
	}
	for (size_t k = 0; k < COUNT_OF(kinds); k++)
		failed += contract_of(&kinds[k]);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_seeded_memory_store_repeats),
		cmocka_unit_test(test_one_writer_many_readers),
		cmocka_unit_test(test_a_copy_beside_a_writer),
		cmocka_unit_test(test_files_are_private),
		cmocka_unit_test(test_telemetry_has_its_own_file_and_retention),
		cmocka_unit_test(test_other_files_are_told),
		cmocka_unit_test(test_nothing_personal_stays_in_the_files),
		cmocka_unit_test(test_a_taken_over_writer_is_stale),
		cmocka_unit_test(test_every_damaged_byte_is_found),
		cmocka_unit_test(test_a_lost_key_is_not_an_erased_one),
		cmocka_unit_test(test_each_operation_fails_once),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_no_answered_commit_is_lost_by_a_power_cut),
		cmocka_unit_test(test_no_answered_commit_is_lost_by_a_kill),
	};
	printf("-- files\n");
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed || system(command);
}
