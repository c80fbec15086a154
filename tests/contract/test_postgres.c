// link: zub_store zub_core zub_route zub_town_file zub_drawn_town PkgConfig::libpq PkgConfig::libsodium
/* What concerns the PostgreSQL store only: one writer, rights, nothing erased left in files, no SQL from data, a server
 * that is slow, killed and started again, an answer that is lost, and the projections. Needs a server of its own and is
 * run by test_store_postgres.sh: ZUB_POSTGRES = url of its database, ZUB_POSTGRES_FOLDER = its folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core.h"

/* Every command that the robots' core gets is kept: the recording. */
static void kept_step(struct core *core, const struct command *command, struct updates *updates);
#define core_step kept_step
#include "core_rig.h"
#undef core_step
#include "journal.h"
#include "project.h"
#include "record.h"
#include "rng.h"
#include "store.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static const char *base_url, *folder;
static uint64_t seed;
static int n_schemas;

static void new_url(char url[512])
{
	snprintf(url, 512, "%s&schema=p%d", base_url, ++n_schemas);
}

static struct store *open_store(const char *url)
{
	struct store *store = NULL;
	struct err_detail detail = {""};
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

static int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static struct store_record text_record(uint32_t epoch, uint64_t ride, const char *text)
{
	return (struct store_record){.type = RECORD_COMMAND,
				     .area = 1,
				     .epoch = epoch,
				     .engine_version = 3,
				     .ride = ride,
				     .body = text,
				     .n = (uint32_t)strlen(text)};
}

static int commit_text(struct store *store, uint32_t epoch, uint64_t ride, const char *text, struct err_detail *detail)
{
	struct store_record record = text_record(epoch, ride, text);
	return store_commit(store, &record, 1, 1, detail);
}

/* ---- another connection ---- */

static void ignore_notice(void *self, const char *text)
{
	(void)self;
	(void)text;
}

static PGconn *side_open(void)
{
	PGconn *conn = PQconnectdb(base_url);
	PQsetNoticeProcessor(conn, ignore_notice, NULL);
	if (PQstatus(conn) != CONNECTION_OK)
		fail_msg("%s", PQerrorMessage(conn));
	return conn;
}

static void side_on(PGconn *conn, const char *sql)
{
	PGresult *result = PQexec(conn, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQresultErrorMessage(result));
	PQclear(result);
}

/* %d in the text is the present schema's number. */
static void side(const char *format)
{
	char sql[1024];
	snprintf(sql, sizeof sql, format, n_schemas, n_schemas);
	PGconn *conn = side_open();
	side_on(conn, sql);
	PQfinish(conn);
}

static char *side_text(const char *format)
{
	char sql[1024];
	snprintf(sql, sizeof sql, format, n_schemas, n_schemas);
	PGconn *conn = side_open();
	PGresult *result = PQexec(conn, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQresultErrorMessage(result));
	char *text = strdup(PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
	PQclear(result);
	PQfinish(conn);
	return text;
}

static int64_t side_number(const char *format)
{
	char *text = side_text(format);
	int64_t number = strtoll(text, NULL, 10);
	free(text);
	return number;
}

/* ---- one writer, rights, epochs ---- */

static void test_one_writer_many_readers(void **state)
{
	(void)state;
	char url[512];
	struct store *other;
	struct err_detail detail;
	uint64_t n, erased;
	new_url(url);
	struct store *store = open_store(url);
	uint32_t epoch = take_epoch(store);
	assert_int_equal(commit_text(store, epoch, 5, "sealed", NULL), ERR_OK);
	assert_int_equal(store_open(&other, url, &detail), ERR_BUSY);
	assert_non_null(strstr(detail.text, "another dispatcher"));
	assert_int_equal(store_open_read(&other, url, &detail), ERR_OK);
	assert_int_equal(store_verify_chain(other, &n, &erased, &detail), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(erased, 0);
	assert_int_equal(commit_text(other, epoch, 0, "no", NULL), ERR_DENIED);
	store_close(other);
	store_close(store);
	store_close(open_store(url));
	n_schemas++;
	snprintf(url, sizeof url, "%s&schema=never_made", base_url);
	assert_int_equal(store_open_read(&other, url, &detail), ERR_NOT_FOUND);
}

static void test_a_killed_writer_leaves_its_lease(void **state)
{
	(void)state;
	char url[512];
	int ready[2];
	char byte;
	new_url(url);
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (!child) {
		struct store *store;
		if (store_open(&store, url, NULL) || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	int64_t before = wall_ms();
	store_close(open_store(url));
	printf("taken over %lld ms after the writer was killed\n", (long long)(wall_ms() - before));
	close(ready[0]);
	close(ready[1]);
}

static void test_epoch_and_head_are_checked_in_the_transaction(void **state)
{
	(void)state;
	char url[512];
	new_url(url);
	struct store *store = open_store(url);
	uint32_t epoch = take_epoch(store);
	assert_int_equal(commit_text(store, epoch, 0, "mine", NULL), ERR_OK);
	side("UPDATE p%d.epoch SET epoch = epoch + 1");
	assert_int_equal(commit_text(store, epoch, 0, "not mine any more", NULL), ERR_STALE);
	side("UPDATE p%d.epoch SET epoch = epoch - 1; UPDATE p%d.head SET sequence = 5");
	assert_int_equal(commit_text(store, epoch, 0, "somebody appended", NULL), ERR_CONFLICT);
	side("UPDATE p%d.head SET sequence = 1");
	assert_int_equal(side_number("SELECT count(*) FROM p%d.record"), 1);
	store_close(store);
}

static void test_rights(void **state)
{
	(void)state;
	char url[512], auditor[600];
	struct store *store;
	struct err_detail detail = {""};
	uint64_t n, erased;
	new_url(url);
	store = open_store(url);
	assert_int_equal(commit_text(store, take_epoch(store), 7, "sealed", NULL), ERR_OK);
	store_close(store);
	side("DROP ROLE IF EXISTS zub_auditor");
	side("CREATE ROLE zub_auditor; GRANT USAGE ON SCHEMA p%d TO zub_auditor");
	snprintf(auditor, sizeof auditor, "%s&options=-crole%%3Dzub_auditor", url);
	assert_int_equal(store_open_read(&store, auditor, &detail), ERR_DENIED);
	side("GRANT SELECT ON ALL TABLES IN SCHEMA p%d TO zub_auditor");
	assert_int_equal(store_open(&store, auditor, &detail), ERR_DENIED);
	/* an auditor without the keys walks the chain all the same */
	if (store_open_read(&store, auditor, &detail))
		fail_msg("%s", detail.text);
	assert_int_equal(store_verify_chain(store, &n, &erased, &detail), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(erased, 1);
	store_close(store);
	side("GRANT SELECT ON p%d_keys.key TO zub_auditor");
	assert_int_equal(store_open(&store, url, &detail), ERR_DENIED);
	assert_non_null(strstr(detail.text, "zub_auditor may use the keys"));
	side("REVOKE SELECT ON p%d_keys.key FROM zub_auditor");
	store_close(open_store(url));
	side("ALTER TABLE p%d_keys.key RENAME TO aside");
	assert_int_equal(store_open(&store, url, &detail), ERR_NOT_FOUND);
	side("ALTER TABLE p%d_keys.aside RENAME TO key; UPDATE p%d.about SET version = 2");
	assert_int_equal(store_open(&store, url, &detail), ERR_VERSION);
	side("DROP OWNED BY zub_auditor; DROP ROLE zub_auditor");
}

/* A role that may make schemas and nothing else is enough, once somebody installed PostGIS. */
static void test_a_plain_role_is_enough(void **state)
{
	(void)state;
	char url[512], plain[600];
	struct err_detail detail = {""};
	new_url(url);
	store_close(open_store(url)); /* so that PostGIS is there */
	side("DROP ROLE IF EXISTS zub_plain");
	side("CREATE ROLE zub_plain; GRANT CREATE ON DATABASE zubringer TO zub_plain");
	new_url(url);
	snprintf(plain, sizeof plain, "%s&options=-crole%%3Dzub_plain", url);
	struct store *store = open_store(plain);
	assert_true(store_projects(store));
	uint32_t epoch = take_epoch(store);
	assert_int_equal(commit_text(store, epoch, 3, "sealed", &detail), ERR_OK);
	assert_int_equal(store_snapshot_put(store, 1, "x", 1, 1, 1, &detail), ERR_OK);
	assert_int_equal(store_erase(store, 3, ERASE_ALL, &detail), ERR_OK);
	store_close(store);
	side("DROP OWNED BY zub_plain CASCADE");
	side("DROP ROLE zub_plain");
}

static void test_data_never_becomes_sql(void **state)
{
	(void)state;
	static const char evil[] = "'); DROP TABLE record; --", name[] = "x'; DROP SCHEMA p1 CASCADE; --";
	static const char *const schemas[] = {"a;b", "a%27b", "A", "1a", "", "pg_x", "a.b", "a b"};
	char url[512], text[64];
	size_t n;
	struct store *store;
	new_url(url);
	store = open_store(url);
	uint32_t epoch = take_epoch(store);
	assert_int_equal(commit_text(store, epoch, 0, evil, NULL), ERR_OK);
	assert_int_equal(commit_text(store, epoch, 9, evil, NULL), ERR_OK);
	assert_int_equal(store_value_put(store, name, evil, sizeof evil, NULL), ERR_OK);
	assert_int_equal(store_value_get(store, name, text, sizeof text, &n, NULL), ERR_OK);
	assert_string_equal(text, evil);
	assert_int_equal(side_number("SELECT count(*) FROM p%d.record"), 2);
	store_close(store);
	for (size_t i = 0; i < COUNT_OF(schemas); i++) {
		snprintf(url, sizeof url, "%s&schema=%s", base_url, schemas[i]);
		assert_int_equal(store_open(&store, url, NULL), ERR_RANGE);
	}
	struct err_detail detail;
	assert_int_equal(store_open(&store, "postgresql:///none?host=/nowhere", &detail), ERR_UNAVAILABLE);
	snprintf(url, sizeof url, "postgresql:///no_such_database%s", strchr(base_url, '?'));
	assert_int_equal(store_open(&store, url, &detail), ERR_NOT_FOUND);
}

/* Not by grep: it looks line by line, and a key may hold the byte of a new line. */
static int files_have(const char *hex)
{
	char command[1024];
	snprintf(command, sizeof command,
		 "python3 -c 'import os, sys; key = bytes.fromhex(sys.argv[1]); sys.exit(not any(key in "
		 "open(os.path.join(at, "
		 "name), \"rb\").read() for at, _, names in os.walk(sys.argv[2]) for name in names if "
		 "os.path.isfile(os.path.join(at, name))))' %s '%s/data' 2>/dev/null",
		 hex, folder);
	return system(command) == 0;
}

static void test_an_erased_key_is_in_no_file(void **state)
{
	(void)state;
	char url[512];
	new_url(url);
	struct store *store = open_store(url);
	uint32_t epoch = take_epoch(store);
	for (uint64_t ride = 1; ride <= 100; ride++)
		assert_int_equal(commit_text(store, epoch, ride, "Kastanienallee 17", NULL), ERR_OK);
	char *gone = side_text("SELECT encode(key, 'hex') FROM p%d_keys.key WHERE ride = 77");
	char *kept = side_text("SELECT encode(key, 'hex') FROM p%d_keys.key WHERE ride = 78");
	assert_true(files_have(gone));
	PGconn *old = side_open(); /* a snapshot from before must not keep the dead row */
	side_on(old, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
	assert_int_equal(store_erase(store, 77, ERASE_ALL, NULL), ERR_OK);
	assert_false(files_have(gone));
	PQfinish(old);
	side("CHECKPOINT");
	assert_true(files_have(kept));
	assert_false(files_have("4b617374616e69656e616c6c6565")); /* the place itself never was */
	free(gone);
	free(kept);
	store_close(store);
}

/* ---- a server that is slow or gone ---- */

/* Commits until it is known, as the loop does. Returns the longest single call. */
static int64_t commit_until_known(struct store *store, struct store_record *records, uint32_t n, uint32_t *ret_tries)
{
	struct err_detail detail = {""};
	int64_t longest = 0;
	int code;
	for (*ret_tries = 1;; ++*ret_tries) {
		int64_t before = wall_ms();
		code = store_commit(store, records, n, n, &detail);
		if (wall_ms() - before > longest)
			longest = wall_ms() - before;
		if (code != ERR_UNAVAILABLE)
			break;
		sleep_ms(20);
	}
	if (code)
		fail_msg("commit: %s", detail.text);
	return longest;
}

static void test_a_slow_server_is_waited_for(void **state)
{
	(void)state;
	char url[512];
	new_url(url);
	struct store *store = open_store(url);
	uint32_t epoch = take_epoch(store);
	PGconn *conn = side_open();
	char sql[64];
	struct store_telemetry row = {.vehicle = 1};
	snprintf(sql, sizeof sql, "BEGIN; SELECT 1 FROM p%d.head FOR UPDATE", n_schemas);
	side_on(conn, sql);
	for (int i = 0; i < 4; i++) {
		int64_t before = wall_ms();
		assert_int_equal(commit_text(store, epoch, 3, "slow", NULL), ERR_UNAVAILABLE);
		assert_true(wall_ms() - before < 600);
	}
	assert_int_equal(store_telemetry(store, &row, 1, NULL), ERR_UNAVAILABLE);
	assert_int_equal(commit_text(store, epoch, 3, "slow", NULL), ERR_UNAVAILABLE);
	side_on(conn, "COMMIT");
	PQfinish(conn);
	sleep_ms(100);
	assert_int_equal(store_telemetry(store, &row, 1, NULL), ERR_OK);
	assert_int_equal(commit_text(store, epoch, 3, "slow", NULL),
			 ERR_OK); /* it was done meanwhile: found, not done twice */
	assert_int_equal(commit_text(store, epoch, 3, "next", NULL), ERR_OK);
	assert_int_equal(side_number("SELECT count(*) FROM p%d.record"), 2);
	store_close(store);
}

/* Between store and server; told by a signal to swallow the next answer and then to hang up. */
static volatile sig_atomic_t swallow;
static void on_swallow(int number)
{
	(void)number;
	swallow = 1;
}

static int socket_at(const char *path, int listening)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (listening ? bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, 8)
		      : connect(fd, (struct sockaddr *)&address, sizeof address))
		_exit(3);
	return fd;
}

static void relay(int client, int server)
{
	char bytes[65536];
	int asked = 0;
	int64_t until = 0;
	for (;;) {
		struct pollfd both[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
		poll(both, 2, 20);
		if (asked && wall_ms() > until)
			break; /* the server has done it and answered; nobody heard */
		for (int i = 0; i < 2; i++) {
			if (!(both[i].revents & (POLLIN | POLLHUP)))
				continue;
			ssize_t n = read(both[i].fd, bytes, sizeof bytes);
			if (n <= 0)
				return;
			if (i == 0 && swallow && !asked) {
				asked = 1;
				until = wall_ms() + 600;
			}
			if (i == 1 && asked)
				continue;
			if (write(i ? client : server, bytes, (size_t)n) != n)
				return;
		}
	}
	swallow = 0;
}

static pid_t proxy_start(const char *own)
{
	pid_t parent = getpid(), child = fork();
	if (child)
		return child;
	signal(SIGUSR1, on_swallow);
	signal(SIGPIPE, SIG_IGN);
	int door = socket_at(own, 1);
	while (getppid() == parent) {
		int client = accept(door, NULL, NULL);
		if (client < 0)
			continue;
		int server = socket_at(folder, 0);
		relay(client, server);
		close(client);
		close(server);
	}
	_exit(0);
}

static void test_a_lost_answer_is_found_again(void **state)
{
	(void)state;
	char own[] = "/tmp/zub-proxy-XXXXXX", url[512], path[128], text[32];
	uint32_t tries, most = 0;
	assert_non_null(mkdtemp(own));
	pid_t proxy = proxy_start(own);
	sleep_ms(200);
	snprintf(url, sizeof url, "postgresql:///zubringer?host=%s&user=%s&schema=p%d", own,
		 getenv("USER") ? getenv("USER") : "root", ++n_schemas);
	const char *user = strstr(base_url, "user=");
	snprintf(url, sizeof url, "postgresql:///zubringer?host=%s&%s&schema=p%d", own, user, n_schemas);
	struct store *store = open_store(url);
	uint32_t epoch = take_epoch(store);
	for (int i = 0; i < 12; i++) {
		snprintf(text, sizeof text, "commit %d", i);
		struct store_record record = text_record(epoch, i % 2 ? 4 : 0, text);
		if (i % 3 == 2)
			kill(proxy, SIGUSR1);
		sleep_ms(50);
		commit_until_known(store, &record, 1, &tries);
		assert_int_equal(record.sequence, i + 1);
		most = tries > most ? tries : most;
	}
	assert_true(most > 1);
	assert_int_equal(side_number("SELECT count(*) FROM p%d.record"), 12);
	uint64_t n, erased;
	assert_int_equal(store_verify_chain(store, &n, &erased, NULL), ERR_OK);
	store_close(store);
	kill(proxy, SIGKILL);
	waitpid(proxy, NULL, 0);
	snprintf(path, sizeof path, "%s/.s.PGSQL.5432", own);
	unlink(path);
	rmdir(own);
}

static pid_t postmaster(void)
{
	char path[256];
	int pid = 0;
	snprintf(path, sizeof path, "%s/data/postmaster.pid", folder);
	FILE *file = fopen(path, "r");
	if (!file || fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	return pid;
}

static int server_start(void)
{
	char command[512];
	snprintf(command, sizeof command, ". '%s/tests/support/postgres.sh' && postgres_start '%s'",
		 getenv("ZUB_SOURCE"), folder);
	for (int i = 0; i < 100; i++) {
		char *const arguments[] = {"bash", "-c", command, NULL};
		pid_t child = fork();
		int status = 1;
		if (!child) {
			if (!freopen("/dev/null", "w", stderr))
				_exit(1);
			execvp("bash", arguments);
			_exit(1);
		}
		waitpid(child, &status, 0);
		if (status == 0)
			return 0;
		sleep_ms(100); /* processes of the killed server still hold its memory */
	}
	return 1;
}

static pid_t killer_start(int rounds)
{
	pid_t child = fork();
	if (child)
		return child;
	struct rng rng;
	rng_seed(&rng, seed);
	for (int i = 0; i < rounds; i++) {
		sleep_ms(300 + rng_below(&rng, 700));
		kill(postmaster(), SIGKILL);
		sleep_ms(rng_below(&rng, 500));
		if (server_start())
			_exit(1);
	}
	_exit(0);
}

struct counting {
	uint64_t n;
};

static int count_record(void *self, const struct store_record *record)
{
	struct counting *counting = self;
	char text[32];
	snprintf(text, sizeof text, "record %llu", (unsigned long long)counting->n++);
	assert_int_equal(record->n, strlen(text));
	assert_memory_equal(record->body, text, record->n);
	return 0;
}

static void test_a_killed_server_loses_nothing(void **state)
{
	(void)state;
	static char texts[8][32];
	char url[512];
	struct rng rng;
	struct store_record records[8];
	uint64_t n = 0, n_commits = 0, n_again = 0, erased, n_chain;
	int64_t longest = 0;
	int status = -1;
	rng_seed(&rng, seed + 1);
	new_url(url);
	struct store *store = open_store(url);
	uint32_t epoch = take_epoch(store);
	pid_t killer = killer_start(6);
	while (waitpid(killer, &status, WNOHANG) == 0) {
		uint32_t batch = 1 + rng_below(&rng, 8), tries;
		for (uint32_t i = 0; i < batch; i++) {
			snprintf(texts[i], sizeof texts[i], "record %llu", (unsigned long long)(n + i));
			records[i] =
				text_record(epoch, rng_chance(&rng, 500) ? 1 + rng_below(&rng, 5000) : 0, texts[i]);
		}
		int64_t took = commit_until_known(store, records, batch, &tries);
		assert_int_equal(records[0].sequence, n + 1);
		longest = took > longest ? took : longest;
		n += batch;
		n_commits++;
		n_again += tries > 1;
	}
	assert_int_equal(status, 0);
	struct counting counting = {0};
	struct err_detail detail = {""};
	if (store_read(store, 1, count_record, &counting, &detail))
		fail_msg("%s", detail.text);
	assert_int_equal(counting.n, n);
	assert_int_equal(store_verify_chain(store, &n_chain, &erased, NULL), ERR_OK);
	printf("6 kill -9 of the server: %llu commits, %llu records, all there once; %llu commits tried again; longest "
	       "call %lld ms\n",
	       (unsigned long long)n_commits, (unsigned long long)n, (unsigned long long)n_again, (long long)longest);
	assert_true(n_again >= 3);
	assert_true(longest < 2500);
	store_close(store);
}

/* ---- projections ---- */

static const char *const city = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"E-----F-----G>>>>>H\n"
				"|     |     |     |\n"
				"I-----J-----K-----L\n";
static const char *const streets[] = {"AB", "BC", "CD", "EF", "FG", "IJ", "JK", "KL",
				      "AE", "EI", "BF", "FJ", "CG", "GK", "DH", "HL"};

static struct command *commands;
static size_t n_commands, cap_commands;

static void kept_step(struct core *core, const struct command *command, struct updates *updates)
{
	if (n_commands == cap_commands) {
		cap_commands = cap_commands ? 2 * cap_commands : 1024;
		commands = realloc(commands, cap_commands * sizeof *commands);
		assert_non_null(commands);
	}
	commands[n_commands++] = *command;
	core_step(core, command, updates);
}

static struct place random_place(struct rig *rig, struct rng *rng)
{
	const char *street = streets[rng_below(rng, COUNT_OF(streets))];
	return rng_chance(rng, 500) ? rig_place(rig, street[0], street[1]) : rig_place(rig, street[1], street[0]);
}

/* Robots drive some hours; their commands are what is replayed. */
static void record_a_day(struct rig *rig)
{
	struct rng rng;
	rng_seed(&rng, 11);
	for (uint32_t v = 1; v <= 3; v++)
		rig_vehicle(rig, v, "AFK"[v - 1], "BGL"[v - 1]);
	rig_sign_on(rig, "Ada'); DROP TABLE ride; --", 6);
	for (int i = 0; i < 60; i++) {
		struct command request = rig_request_command(rig, random_place(rig, &rng), random_place(rig, &rng));
		uint64_t ride = request.request.ride;
		rig_step(rig, &request);
		rig_run(rig, rig->now + 20 * SECOND_MS);
		const struct core_ride *r = core_ride(rig->core, ride);
		if (r && r->state == RIDE_OFFERED && !rng_chance(&rng, 100))
			rig_accept(rig, ride, 0);
		rig_run(rig, rig->now + rng_between(&rng, 20, 240) * SECOND_MS);
	}
	rig_run(rig, rig->now + HOUR_MS / 2);
}

struct outcomes {
	uint8_t *bytes;
	size_t n, cap;
	uint64_t digest;
};

static int keep_outcome(void *self, const struct store_record *record)
{
	struct outcomes *to = self;
	if (record->commit_end)
		to->digest = record->digest;
	if (record->type != RECORD_OUTCOME)
		return 0;
	if (to->n + record->n > to->cap) {
		to->cap = 2 * (to->cap + record->n);
		to->bytes = realloc(to->bytes, to->cap);
		assert_non_null(to->bytes);
	}
	memcpy(to->bytes + to->n, record->body, record->n);
	to->n += record->n;
	return 0;
}

/* Steps all commands through an empty core into this store, some to a commit, as the loop does. */
static void replay_on(struct core *core, struct store *store, int with_projections, struct outcomes *ret_outcomes)
{
	struct journal *journal;
	struct project_rows rows = {0};
	struct err_detail detail = {""};
	uint32_t first, n, epoch;
	assert_int_equal(store_raise_epoch(store, 1, commands[0].start.epoch, &epoch, NULL), ERR_OK);
	assert_int_equal(epoch, commands[0].start.epoch);
	assert_int_equal(journal_open(&journal, store, core, 1, &detail), ERR_OK);
	journal_snapshots(journal, 0, 3);
	for (size_t i = 0; i < n_commands; i++) {
		int code = journal_step(journal, &commands[i], &first, &n);
		if (code)
			fail_msg("step %zu of %s: %s", i, core_command_name(commands[i].kind), err_text(code));
		if (i % 7 && i + 1 < n_commands)
			continue;
		const struct update *updates = journal_updates(journal, &n);
		if (with_projections) {
			assert_int_equal(project_note(&rows, updates, n), ERR_OK);
			assert_int_equal(project_fill(&rows, core), ERR_OK);
			store_stage(store, &rows);
		}
		while ((code = journal_commit(journal, &detail)) == ERR_UNAVAILABLE)
			;
		if (code)
			fail_msg("commit: %s", detail.text);
	}
	memset(ret_outcomes, 0, sizeof *ret_outcomes);
	assert_int_equal(store_read(store, 1, keep_outcome, ret_outcomes, &detail), ERR_OK);
	project_free(&rows);
	journal_close(journal);
}

static void replay_into(struct rig *rig, struct store *store, int with_projections, struct outcomes *ret_outcomes)
{
	struct arena arena;
	replay_on(rig_core(rig, &arena), store, with_projections, ret_outcomes);
	arena_close(&arena);
}

static char *projection_dump(void)
{
	return side_text("SELECT string_agg(t, E'\\n' ORDER BY t) FROM (SELECT 'v ' || v::text AS t FROM "
			 "p%1$d_map.vehicle v UNION ALL "
			 "SELECT 'r ' || r::text FROM p%1$d_map.ride r UNION ALL SELECT 'i ' || i::text FROM "
			 "p%1$d_map.visit i UNION ALL "
			 "SELECT 'p ' || p::text FROM p%1$d_map.progress p UNION ALL SELECT 's ' || s::text FROM "
			 "p%1$d_map.stops s "
			 "UNION ALL SELECT 'e ' || e::text FROM p%1$d_map.roads e) all_rows");
}

static void rebuild(struct rig *rig, struct store *store)
{
	struct arena arena;
	struct verify_report report = {0};
	struct err_detail detail = {""};
	struct core *core = rig_core(rig, &arena);
	if (project_rebuild(store, core, NULL, NULL, &report, &detail))
		fail_msg("rebuild: %s", detail.text);
	assert_int_equal(report.result, VERIFY_REPLAYED);
	assert_int_equal(report.commands, n_commands);
	arena_close(&arena);
}

static void check_rows(void)
{
	assert_true(side_number("SELECT count(*) FROM p%d_map.ride WHERE state = 'done' AND kept") > 20);
	assert_int_equal(side_number("SELECT count(*) FROM p%d_map.visit"),
			 2 * side_number("SELECT count(*) FROM p%d_map.ride WHERE promised_at IS NOT NULL"));
	assert_int_equal(
		side_number("SELECT count(*) FROM p%d_map.visit WHERE NOT ST_IsValid(geom) OR ST_SRID(geom) <> 4326"),
		0);
	/* a stop visit lies on a road of the town: within 10 cm */
	assert_int_equal(side_number("SELECT count(*) FROM p%1$d_map.visit v WHERE NOT EXISTS (SELECT 1 FROM "
				     "p%1$d_map.roads r WHERE "
				     "ST_DWithin(r.geom::geography, v.geom::geography, 0.1))"),
			 0);
	assert_int_equal(
		side_number("SELECT count(*) FROM p%d_map.visits_done WHERE done_at IS NULL OR vehicle IS NULL"), 0);
	assert_true(side_number("SELECT count(*) FROM p%d_map.rides WHERE ST_Length(geom::geography) > 20") > 20);
	assert_int_equal(side_number("SELECT count(*) FROM p%d_map.vehicles WHERE geom IS NOT NULL AND supervisor LIKE "
				     "'Ada%%DROP%%'"),
			 3);
	assert_int_equal(side_number("SELECT count(*) FROM geometry_columns WHERE f_table_schema = 'p%d_map' AND srid "
				     "= 4326 AND type IN "
				     "('POINT', 'LINESTRING')"),
			 11);
	assert_int_equal(side_number("SELECT count(*) FROM pg_indexes WHERE schemaname = 'p%d_map' AND indexdef LIKE "
				     "'%%USING gist%%'"),
			 4);
}

/* What a desktop GIS asks before it opens a layer: type and reference system, a key, and words about it. */
static void check_layers(void)
{
	const char *const layers[] = {"road",	  "stop",	  "vehicle",	 "visit", "roads", "stops",
				      "vehicles", "visits_ahead", "visits_done", "rides", "tracks"};
	char sql[512];
	for (size_t i = 0; i < COUNT_OF(layers); i++) {
		snprintf(
			sql, sizeof sql,
			"SELECT count(*) FROM geometry_columns WHERE f_table_schema = 'p%%d_map' AND f_table_name = "
			"'%s' "
			"AND f_geometry_column = 'geom' AND coord_dimension = 2 AND srid = 4326 AND type <> 'GEOMETRY'",
			layers[i]);
		if (side_number(sql) != 1)
			fail_msg("%s: not in geometry_columns as a plain layer of EPSG:4326", layers[i]);
	}
	for (size_t i = 4; i < COUNT_OF(layers); i++) { /* views: a column that tells rows apart */
		snprintf(sql, sizeof sql,
			 "SELECT count(*) - count(DISTINCT id) + count(*) FILTER (WHERE id IS NULL) FROM p%%d_map.%s",
			 layers[i]);
		assert_int_equal(side_number(sql), 0);
	}
	assert_int_equal(
		side_number("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
			    "n.nspname = 'p%d_map' AND c.relkind = 'r' AND NOT EXISTS (SELECT 1 FROM "
			    "pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"),
		0);
	char *silent = side_text("SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = "
				 "c.relnamespace WHERE n.nspname = 'p%d_map' AND c.relkind IN ('r', 'v') AND "
				 "length(coalesce(obj_description(c.oid, 'pg_class'), '')) < 10");
	assert_string_equal(silent, ""); /* without a comment */
	free(silent);
	/* each ride's stop visits with geometry, by one SELECT on the projections */
	assert_int_equal(
		side_number("SELECT count(*) FROM p%1$d_map.ride r WHERE r.state = 'done' AND (SELECT "
			    "string_agg(v.kind || ' ' || ST_GeometryType(v.geom), ', ' ORDER BY v.done_at) FROM "
			    "p%1$d_map.visit v WHERE v.ride = r.ride AND v.vehicle = r.vehicle) IS DISTINCT FROM "
			    "'pickup ST_Point, dropoff ST_Point'"),
		0);
}

static void test_a_journal_of_sqlite_replayed_here(void **state)
{
	(void)state;
	static struct rig rig;
	struct core_settings settings;
	struct outcomes there, here;
	struct store *store;
	char url[512], path[] = "/tmp/zub-sqlite-XXXXXX", file[128], command[160];
	struct drawn_town drawn;
	drawn_town_open(&drawn,
			&(struct drawn_options){.drawing = city, .metres_per_char = 60, .stops = "AB! CD EF JK GK DH"});
	core_settings_default(&settings);
	n_commands = 0;
	rig_open(&rig, &drawn, &settings);
	record_a_day(&rig);
	assert_non_null(mkdtemp(path));
	snprintf(file, sizeof file, "sqlite:%s/journal", path);
	store = open_store(file);
	replay_into(&rig, store, 1, &there);
	store_close(store);
	new_url(url);
	store = open_store(url);
	assert_true(store_projects(store));
	replay_into(&rig, store, 1, &here);
	assert_true(store_projects(store));
	assert_int_equal(there.n, here.n);
	assert_memory_equal(there.bytes, here.bytes, here.n);
	assert_int_equal(there.digest, here.digest);
	check_rows();
	check_layers();
	char *live = projection_dump();
	rebuild(&rig, store);
	char *again = projection_dump();
	assert_string_equal(live, again);
	/* dropped by hand: seen at the next start, made again */
	side("DROP SCHEMA p%d_map CASCADE");
	store_close(store);
	store = open_store(url);
	assert_false(store_projects(store));
	rebuild(&rig, store);
	assert_true(store_projects(store));
	free(again);
	again = projection_dump();
	assert_string_equal(live, again);
	printf("%zu commands, %zu bytes of outcomes alike in both stores; %zu bytes of projection rows alike, live and "
	       "rebuilt\n",
	       n_commands, here.n, strlen(live));
	/* who is erased is gone from the map as well */
	uint64_t ride =
		(uint64_t)side_number("SELECT ride FROM p%d_map.ride WHERE state = 'done' ORDER BY ride LIMIT 1");
	assert_int_equal(store_erase(store, ride, ERASE_ALL, NULL), ERR_OK);
	assert_int_equal(side_number("SELECT count(*) FROM p%1$d_map.ride r JOIN p%1$d_keys.key k ON r.ride = "
				     "k.ride::text WHERE k.key IS NULL"),
			 0);
	store_close(store);
	snprintf(command, sizeof command, "rm -rf %s", path);
	assert_int_equal(system(command), 0);
	free(live);
	free(again);
	free(there.bytes);
	free(here.bytes);
	rig_close(&rig);
	drawn_town_close(&drawn);
}

/* ---- a whole day, recorded on SQLite by the simulator (ZUB_JOURNAL, ZUB_TOWN) ---- */

static int keep_command(void *self, const struct store_record *record)
{
	(void)self;
	if (record->type != RECORD_COMMAND)
		return 0;
	if (n_commands == cap_commands) {
		cap_commands = cap_commands ? 2 * cap_commands : 1024;
		commands = realloc(commands, cap_commands * sizeof *commands);
		assert_non_null(commands);
	}
	return record_read_command(record->body, record->n, &commands[n_commands++], NULL);
}

static struct core *core_of(struct store *store, const struct town *town, struct arena *arena)
{
	struct core_settings settings;
	uint8_t hash[TOWN_HASH_BYTES];
	struct core *core = NULL;
	assert_int_equal(journal_settings(store, &settings, hash, NULL), ERR_OK);
	assert_memory_equal(hash, town->hash, sizeof hash);
	assert_int_equal(arena_open(arena, core_size(&settings, town) + 4096), ERR_OK);
	assert_int_equal(core_open(&core, &settings, town, arena), ERR_OK);
	return core;
}

static void test_a_day_of_sqlite_replayed_here(void **state)
{
	(void)state;
	const char *journal = getenv("ZUB_JOURNAL"), *town_path = getenv("ZUB_TOWN");
	struct store *there = NULL, *here;
	struct outcomes recorded = {0}, replayed;
	struct err_detail detail = {""};
	struct verify_report report = {0};
	struct arena arena;
	struct town town;
	char url[512];
	if (!journal || !town_path) {
		printf("skipped: no day was recorded (ZUB_JOURNAL, ZUB_TOWN)\n");
		skip();
	}
	assert_int_equal(town_open(&town, town_path, &detail), ERR_OK);
	if (store_open_read(&there, journal, &detail))
		fail_msg("%s", detail.text);
	n_commands = 0;
	assert_int_equal(store_read(there, 1, keep_command, NULL, &detail), ERR_OK);
	assert_int_equal(store_read(there, 1, keep_outcome, &recorded, &detail), ERR_OK);
	new_url(url);
	here = open_store(url);
	replay_on(core_of(there, &town, &arena), here, 1, &replayed);
	arena_close(&arena);
	assert_int_equal(recorded.n, replayed.n);
	assert_memory_equal(recorded.bytes, replayed.bytes, recorded.n);
	assert_true(recorded.digest == replayed.digest);
	assert_true(side_number("SELECT count(*) FROM p%d_map.ride WHERE state = 'done' AND kept") > 30);
	check_layers();
	char *live = projection_dump();
	if (project_rebuild(here, core_of(there, &town, &arena), NULL, NULL, &report, &detail))
		fail_msg("%s", detail.text);
	arena_close(&arena);
	assert_int_equal(report.result, VERIFY_REPLAYED);
	char *again = projection_dump();
	assert_string_equal(live, again);
	printf("%zu commands of a day on SQLite: %zu bytes of outcomes and the digest are the same here; %zu bytes of "
	       "projection rows, live and rebuilt\n",
	       n_commands, recorded.n, strlen(live));
	free(live);
	free(again);
	free(recorded.bytes);
	free(replayed.bytes);
	store_close(there);
	store_close(here);
	town_close(&town);
}

int main(void)
{
	base_url = getenv("ZUB_POSTGRES");
	folder = getenv("ZUB_POSTGRES_FOLDER");
	if (!base_url || !folder) {
		printf("run by test_store_postgres.sh on a server of its own\n");
		return 0;
	}
	const char *given = getenv("ZUB_SEED");
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	setvbuf(stdout, NULL, _IOLBF, 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_writer_many_readers),
		cmocka_unit_test(test_a_killed_writer_leaves_its_lease),
		cmocka_unit_test(test_epoch_and_head_are_checked_in_the_transaction),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_a_plain_role_is_enough),
		cmocka_unit_test(test_data_never_becomes_sql),
		cmocka_unit_test(test_an_erased_key_is_in_no_file),
		cmocka_unit_test(test_a_slow_server_is_waited_for),
		cmocka_unit_test(test_a_lost_answer_is_found_again),
		cmocka_unit_test(test_a_killed_server_loses_nothing),
		cmocka_unit_test(test_a_journal_of_sqlite_replayed_here),
		cmocka_unit_test(test_a_day_of_sqlite_replayed_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
