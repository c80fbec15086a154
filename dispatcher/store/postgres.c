#include "postgres.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECT_WAIT_MS 10000 /* one try */
#define SHORT_WAIT_MS 1000
#define EPOCH_2000_MS INT64_C(946684800000)

static int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- values ---- */

void pg_bytes_clear(struct pg_bytes *to)
{
	to->n = 0;
	to->failed = 0;
}

void pg_bytes_free(struct pg_bytes *to)
{
	free(to->bytes);
	*to = (struct pg_bytes){0};
}

static uint8_t *room(struct pg_bytes *to, size_t n)
{
	size_t cap = to->cap ? to->cap : 4096;
	while (cap - to->n < n)
		cap *= 2;
	if (cap != to->cap) {
		uint8_t *bytes = to->failed ? NULL : realloc(to->bytes, cap);
		if (!bytes) {
			to->failed = 1;
			return NULL;
		}
		to->bytes = bytes;
		to->cap = cap;
	}
	to->n += n;
	return to->bytes + to->n - n;
}

void pg_put(struct pg_bytes *to, const void *bytes, size_t n)
{
	uint8_t *at = room(to, n);
	if (at && n)
		memcpy(at, bytes, n);
}

static void put_big_endian(struct pg_bytes *to, uint64_t value, size_t n)
{
	uint8_t *at = room(to, n);
	for (size_t i = 0; at && i < n; i++)
		at[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
}

void pg_put_u16(struct pg_bytes *to, uint16_t value)
{
	put_big_endian(to, value, 2);
}

void pg_put_u32(struct pg_bytes *to, uint32_t value)
{
	put_big_endian(to, value, 4);
}

static void pg_put_u64(struct pg_bytes *to, uint64_t value)
{
	put_big_endian(to, value, 8);
}

void pg_item(struct pg_bytes *to, const void *bytes, size_t n)
{
	pg_put_u32(to, (uint32_t)n);
	pg_put(to, bytes, n);
}

void pg_item_null(struct pg_bytes *to)
{
	pg_put_u32(to, UINT32_MAX);
}

void pg_item_bool(struct pg_bytes *to, int value)
{
	pg_item(to, value ? "\1" : "\0", 1);
}

void pg_item_i16(struct pg_bytes *to, int16_t value)
{
	pg_put_u32(to, 2);
	put_big_endian(to, (uint16_t)value, 2);
}

void pg_item_i32(struct pg_bytes *to, int32_t value)
{
	pg_put_u32(to, 4);
	put_big_endian(to, (uint32_t)value, 4);
}

void pg_item_u64(struct pg_bytes *to, uint64_t value)
{
	pg_put_u32(to, 8);
	put_big_endian(to, value, 8);
}

void pg_item_text(struct pg_bytes *to, const char *text)
{
	pg_item(to, text, strlen(text));
}

void pg_item_instant(struct pg_bytes *to, instant_ms at)
{
	if (at == INSTANT_NONE || at > INT64_MAX / 2000 || at < -(INT64_MAX / 2000))
		pg_item_null(to);
	else
		pg_item_u64(to, (uint64_t)((at - EPOCH_2000_MS) * 1000));
}

/* ---- calls ---- */

void pg_call(struct pg_call *call, int statement, struct pg_bytes *bytes)
{
	call->statement = statement;
	call->n = 0;
	call->bytes = bytes;
	pg_bytes_clear(bytes);
}

static int parameter(struct pg_call *call)
{
	int at = call->n++;
	call->outside[at] = NULL;
	call->offset[at] = call->bytes->n;
	call->length[at] = 0;
	return at;
}

void pg_u64(struct pg_call *call, uint64_t value)
{
	int at = parameter(call);
	pg_put_u64(call->bytes, value);
	call->length[at] = 8;
}

void pg_outside(struct pg_call *call, const void *value, size_t n)
{
	int at = parameter(call);
	call->outside[at] = n ? value : "";
	call->length[at] = (int)n;
}

void pg_array(struct pg_call *call, enum postgres_type type, uint32_t n)
{
	parameter(call);
	pg_put_u32(call->bytes, n ? 1 : 0); /* dimensions */
	pg_put_u32(call->bytes, 1);	    /* may hold NULL */
	pg_put_u32(call->bytes, type);
	if (!n)
		return;
	pg_put_u32(call->bytes, n);
	pg_put_u32(call->bytes, 1); /* first index */
}

void pg_array_end(struct pg_call *call)
{
	int at = call->n - 1;
	call->length[at] = (int)(call->bytes->n - call->offset[at]);
}

/* ---- errors ---- */

struct state_code {
	const char *state; /* SQLSTATE, or its beginning */
	int code;
};
static const struct state_code state_codes[] = {
	{"ZU001", ERR_STALE},	    {"ZU002", ERR_CONFLICT},	{"08", ERR_UNAVAILABLE},    {"57P", ERR_UNAVAILABLE},
	{"57014", ERR_UNAVAILABLE}, {"53300", ERR_UNAVAILABLE}, {"25006", ERR_UNAVAILABLE}, {"40", ERR_UNAVAILABLE},
	{"53100", ERR_DISK_FULL},   {"53", ERR_MEMORY},		{"42501", ERR_DENIED},	    {"28", ERR_DENIED},
	{"3D000", ERR_NOT_FOUND},   {"42P01", ERR_NOT_FOUND},	{"3F000", ERR_NOT_FOUND},   {"55P03", ERR_BUSY},
	{"55006", ERR_BUSY},	    {"23", ERR_CONFLICT},	{"XX00", ERR_BROKEN},
};

static int code_of_state(const char *state)
{
	for (size_t i = 0; state && i < COUNT_OF(state_codes); i++)
		if (!strncmp(state, state_codes[i].state, strlen(state_codes[i].state)))
			return state_codes[i].code;
	return ERR_IO;
}

static void one_line(char *text)
{
	size_t n = strlen(text);
	while (n && (text[n - 1] == '\n' || text[n - 1] == ' '))
		text[--n] = '\0';
	for (char *at = text; *at; at++)
		if (*at == '\n' || *at == '\t')
			*at = ' ';
}

static int set_line(struct err_detail *detail, int code, const char *what, const char *message)
{
	char text[400];
	snprintf(text, sizeof text, "%s", message);
	one_line(text);
	return err_set(detail, code, "PostgreSQL: %s%s%s", what, *what ? ": " : "", text);
}

static int lost(struct postgres *pg, const char *what, struct err_detail *detail)
{
	int code = set_line(detail, ERR_UNAVAILABLE, what, pg->conn ? PQerrorMessage(pg->conn) : "no connection");
	postgres_drop(pg);
	return code;
}

static int failed(struct postgres *pg, const PGresult *result, const char *what, struct err_detail *detail)
{
	if (PQstatus(pg->conn) != CONNECTION_OK)
		return lost(pg, what, detail);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	int code = code_of_state(state);
	set_line(detail, code, what, message ? message : PQresultErrorMessage(result));
	if (code == ERR_UNAVAILABLE)
		postgres_drop(pg);
	return code;
}

/* ---- connecting ---- */

int postgres_open(struct postgres *pg, char *conninfo, const char *(*text_of)(int statement), int n_statements,
		  int (*setup)(void *self, struct err_detail *detail), void *self, struct err_detail *detail)
{
	*pg = (struct postgres){
		.conninfo = conninfo, .text_of = text_of, .n_statements = n_statements, .setup = setup, .self = self};
	pg->prepared = calloc((size_t)n_statements, 1);
	return pg->prepared ? ERR_OK : err_set(detail, ERR_MEMORY, "PostgreSQL: out of memory");
}

void postgres_drop(struct postgres *pg)
{
	PQfinish(pg->conn);
	pg->conn = NULL;
	pg->is_set_up = pg->piping = 0;
	if (pg->prepared)
		memset(pg->prepared, 0, (size_t)pg->n_statements);
}

void postgres_close(struct postgres *pg)
{
	postgres_drop(pg);
	free(pg->prepared);
	free(pg->conninfo);
}

static int wait_socket(struct postgres *pg, int events, int64_t until)
{
	int64_t left = until - wall_ms();
	struct pollfd one = {.fd = PQsocket(pg->conn), .events = (short)events};
	return poll(&one, 1, left > 0 ? (int)left : 0);
}

static int connect_begin(struct postgres *pg, struct err_detail *detail)
{
	pg->conn = PQconnectStart(pg->conninfo);
	if (!pg->conn)
		return err_set(detail, ERR_MEMORY, "PostgreSQL: out of memory");
	pg->polling = PGRES_POLLING_WRITING;
	pg->connect_begin = wall_ms();
	return PQstatus(pg->conn) == CONNECTION_BAD ? lost(pg, "connect", detail) : ERR_OK;
}

/* A refused login stays refused; whatever else keeps us out may pass. libpq tells no SQLSTATE here. */
static int refused(struct postgres *pg, struct err_detail *detail)
{
	const char *message = PQerrorMessage(pg->conn);
	int denied = strstr(message, "authentication failed") || strstr(message, "no password supplied") ||
		     strstr(message, "permission denied");
	int missing = strstr(message, "FATAL") && strstr(message, "does not exist");
	lost(pg, "connect", detail);
	return denied ? ERR_DENIED : missing ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
}

static int connect_go_on(struct postgres *pg, int64_t until, struct err_detail *detail)
{
	int code = pg->conn ? ERR_OK : connect_begin(pg, detail);
	while (!code && pg->polling != PGRES_POLLING_OK) {
		int events = pg->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (!wait_socket(pg, events, until)) {
			if (wall_ms() - pg->connect_begin > CONNECT_WAIT_MS)
				postgres_drop(pg);
			return err_set(detail, ERR_UNAVAILABLE, "PostgreSQL: connect: no answer yet");
		}
		pg->polling = PQconnectPoll(pg->conn);
		if (pg->polling == PGRES_POLLING_FAILED)
			code = refused(pg, detail);
	}
	if (!code)
		PQsetnonblocking(pg->conn, 1);
	return code;
}

static void ignore_notice(void *self, const PGresult *result)
{
	(void)self;
	(void)result;
}

int postgres_ready(struct postgres *pg, int wait_ms, struct err_detail *detail)
{
	if (pg->piping) { /* whoever sent it finds out later what became of it */
		int piped = postgres_pipe_finish(pg, wait_ms, detail);
		if (pg->piping || !pg->conn)
			return piped;
	}
	if (pg->is_set_up || pg->setting_up)
		return pg->conn ? ERR_OK : lost(pg, "connect", detail);
	int code = connect_go_on(pg, wall_ms() + wait_ms, detail);
	if (code)
		return code;
	PQsetNoticeReceiver(pg->conn, ignore_notice, NULL);
	pg->setting_up = 1;
	code = pg->setup(pg->self, detail);
	pg->setting_up = 0;
	if (code)
		postgres_drop(pg);
	else
		pg->is_set_up = 1;
	return code;
}

/* ---- sending and waiting ---- */

/* The next result (NULL: no more of this statement). ERR_BUSY: none before `until`. */
static int next_result(struct postgres *pg, int64_t until, PGresult **ret_result, struct err_detail *detail)
{
	for (;;) {
		int rest = PQflush(pg->conn);
		if (rest < 0)
			return lost(pg, "send", detail);
		if (!PQisBusy(pg->conn) && !rest)
			break;
		if (!wait_socket(pg, rest ? POLLIN | POLLOUT : POLLIN, until))
			return ERR_BUSY;
		if (!PQconsumeInput(pg->conn))
			return lost(pg, "receive", detail);
	}
	*ret_result = PQgetResult(pg->conn);
	return ERR_OK;
}

static int result_is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_COPY_IN ||
	       status == PGRES_EMPTY_QUERY;
}

/* Everything up to the end of what was sent; keeps the last result when wanted. */
int postgres_answer(struct postgres *pg, int wait_ms, const char *what, PGresult **ret_result,
		    struct err_detail *detail)
{
	int64_t until = wall_ms() + wait_ms;
	PGresult *kept = NULL, *result = NULL;
	int code = ERR_OK;
	for (;;) {
		int got = next_result(pg, until, &result, code ? NULL : detail);
		if (got == ERR_BUSY) {
			postgres_drop(pg);
			got = err_set(detail, ERR_UNAVAILABLE, "PostgreSQL: %s: no answer in %d ms", what, wait_ms);
		}
		if (got) {
			PQclear(kept);
			return got;
		}
		if (!result)
			break;
		int copying = PQresultStatus(result) == PGRES_COPY_IN;
		if (!code && !result_is_good(result))
			code = failed(pg, result, what, detail);
		PQclear(kept);
		kept = result;
		if (!pg->conn || copying)
			break;
	}
	if (code || !ret_result)
		PQclear(kept);
	else
		*ret_result = kept;
	return code;
}

int postgres_run(struct postgres *pg, const char *sql, int wait_ms, struct err_detail *detail)
{
	int code = postgres_ready(pg, wait_ms, detail);
	if (code)
		return code;
	if (!PQsendQuery(pg->conn, sql))
		return lost(pg, "send", detail);
	char what[48];
	snprintf(what, sizeof what, "%.40s", sql);
	return postgres_answer(pg, wait_ms, what, NULL, detail);
}

static void statement_name(int statement, char name[16])
{
	snprintf(name, 16, "zub_%d", statement);
}

static int send_call(struct postgres *pg, struct pg_call *call, struct err_detail *detail)
{
	const char *values[PG_PARAMETERS_MAX];
	int formats[PG_PARAMETERS_MAX];
	char name[16];
	if (call->bytes->failed)
		return err_set(detail, ERR_MEMORY, "PostgreSQL: no memory for a statement's parameters");
	for (int i = 0; i < call->n; i++) {
		values[i] = call->outside[i] ? call->outside[i] : (const char *)call->bytes->bytes + call->offset[i];
		formats[i] = 1;
	}
	statement_name(call->statement, name);
	if (!PQsendQueryPrepared(pg->conn, name, call->n, values, call->length, formats, 1))
		return lost(pg, "send", detail);
	return ERR_OK;
}

static int prepare(struct postgres *pg, int statement, struct err_detail *detail)
{
	char name[16];
	statement_name(statement, name);
	return PQsendPrepare(pg->conn, name, pg->text_of(statement), 0, NULL) ? ERR_OK : lost(pg, "send", detail);
}

int postgres_query(struct postgres *pg, struct pg_call *call, int wait_ms, PGresult **ret_result,
		   struct err_detail *detail)
{
	const char *text = pg->text_of(call->statement);
	char what[48];
	snprintf(what, sizeof what, "%.40s", text);
	int code = postgres_ready(pg, wait_ms, detail);
	if (!code && !pg->prepared[call->statement]) {
		if (!(code = prepare(pg, call->statement, detail)))
			code = postgres_answer(pg, wait_ms, what, NULL, detail);
		if (!code)
			pg->prepared[call->statement] = 1;
	}
	if (!code)
		code = send_call(pg, call, detail);
	return code ? code : postgres_answer(pg, wait_ms, what, ret_result, detail);
}

/* ---- pipelines ---- */

static int pipe_plain(struct postgres *pg, const char *sql, struct err_detail *detail)
{
	return PQsendQueryParams(pg->conn, sql, 0, NULL, NULL, NULL, NULL, 1) ? ERR_OK : lost(pg, "send", detail);
}

int postgres_pipe_begin(struct postgres *pg, struct err_detail *detail)
{
	if (!PQenterPipelineMode(pg->conn))
		return lost(pg, "pipeline", detail);
	pg->pipe_code = ERR_OK;
	return pipe_plain(pg, "BEGIN", detail);
}

int postgres_pipe_call(struct postgres *pg, struct pg_call *call, struct err_detail *detail)
{
	int code = ERR_OK;
	if (!pg->prepared[call->statement] && !(code = prepare(pg, call->statement, detail)))
		pg->prepared[call->statement] = 1; /* taken back when the pipeline fails */
	if (!code)
		code = send_call(pg, call, detail);
	if (code && pg->conn)
		postgres_drop(pg); /* half a transaction: the server forgets it with the connection */
	return code;
}

int postgres_pipe_end(struct postgres *pg, struct err_detail *detail)
{
	int code = pipe_plain(pg, "COMMIT", detail);
	if (code)
		return code;
	if (!PQpipelineSync(pg->conn))
		return lost(pg, "send", detail);
	pg->piping = 1;
	return ERR_OK;
}

static int pipe_failed(struct postgres *pg, struct err_detail *detail)
{
	if (detail)
		*detail = pg->pipe_detail;
	if (pg->pipe_code == ERR_UNAVAILABLE) {
		postgres_drop(pg);
	} else if (pg->conn) {
		memset(pg->prepared, 0, (size_t)pg->n_statements);
		postgres_run(pg, "ROLLBACK; DEALLOCATE ALL", SHORT_WAIT_MS, NULL);
	}
	return pg->pipe_code;
}

int postgres_pipe_finish(struct postgres *pg, int wait_ms, struct err_detail *detail)
{
	int64_t until = wall_ms() + wait_ms;
	for (int synced = 0; !synced;) {
		PGresult *result;
		int code = next_result(pg, until, &result, detail);
		if (code == ERR_BUSY)
			return err_set(detail, ERR_UNAVAILABLE, "PostgreSQL: the commit is not answered yet");
		if (code)
			return code;
		if (!result)
			continue;
		ExecStatusType status = PQresultStatus(result);
		synced = status == PGRES_PIPELINE_SYNC;
		if (!synced && status != PGRES_PIPELINE_ABORTED && !result_is_good(result) && !pg->pipe_code) {
			const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
			const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
			pg->pipe_code = state ? code_of_state(state) : ERR_UNAVAILABLE;
			set_line(&pg->pipe_detail, pg->pipe_code, "commit",
				 message ? message : PQresultErrorMessage(result));
		}
		PQclear(result);
		if (PQstatus(pg->conn) != CONNECTION_OK)
			return lost(pg, "commit", detail);
	}
	pg->piping = 0;
	if (!PQexitPipelineMode(pg->conn))
		return lost(pg, "pipeline", detail);
	return pg->pipe_code ? pipe_failed(pg, detail) : ERR_OK;
}

/* ---- COPY ---- */

static int copy_put(struct postgres *pg, const void *bytes, size_t n, struct err_detail *detail)
{
	int64_t until = wall_ms() + 10 * SHORT_WAIT_MS;
	int put;
	while ((put = PQputCopyData(pg->conn, bytes, (int)n)) == 0)
		if (!wait_socket(pg, POLLOUT, until))
			break;
	return put > 0 ? ERR_OK : lost(pg, "copy", detail);
}

int postgres_copy_begin(struct postgres *pg, const char *sql, struct err_detail *detail)
{
	static const uint8_t header[19] = "PGCOPY\n\377\r\n"; /* then a zero, flags 4, length of an extension 4 */
	int code = postgres_run(pg, sql, 10 * SHORT_WAIT_MS, detail);
	return code ? code : copy_put(pg, header, sizeof header, detail);
}

int postgres_copy_rows(struct postgres *pg, const struct pg_bytes *rows, struct err_detail *detail)
{
	if (rows->failed) {
		postgres_drop(pg);
		return err_set(detail, ERR_MEMORY, "PostgreSQL: no memory for the rows of a copy");
	}
	return copy_put(pg, rows->bytes, rows->n, detail);
}

int postgres_copy_end(struct postgres *pg, int wait_ms, struct err_detail *detail)
{
	int code = copy_put(pg, "\377\377", 2, detail); /* no more rows */
	int64_t until = wall_ms() + wait_ms;
	int put = 0;
	while (!code && (put = PQputCopyEnd(pg->conn, NULL)) == 0)
		if (!wait_socket(pg, POLLOUT, until))
			break;
	if (!code && put <= 0)
		code = lost(pg, "copy", detail);
	return code ? code : postgres_answer(pg, wait_ms, "copy", NULL, detail);
}

uint64_t postgres_u64(const PGresult *result, int row, int column)
{
	const uint8_t *at = (const uint8_t *)PQgetvalue(result, row, column);
	uint64_t value = 0;
	for (int i = 0; i < PQgetlength(result, row, column) && i < 8; i++)
		value = value << 8 | at[i];
	return value;
}
