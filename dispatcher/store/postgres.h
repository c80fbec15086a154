/* A connection to PostgreSQL by libpq that never keeps its caller longer than it is told: connecting, sending and
 * waiting go on in slices, so that a server that is gone or slow cannot keep the dispatcher from an emergency stop.
 * Binary parameters and results, statements prepared at first use, pipelines. Private to the PostgreSQL store. */
#ifndef ZUB_POSTGRES_H
#define ZUB_POSTGRES_H

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "units.h"

/* Type numbers of the server's catalogue (pg_type), fixed for all versions. */
enum postgres_type {
	PG_BOOL = 16,
	PG_BYTEA = 17,
	PG_INT8 = 20,
	PG_INT2 = 21,
	PG_INT4 = 23,
	PG_TEXT = 25,
	PG_TIMESTAMPTZ = 1184
};

/* ---- values as the server wants them: length, then big-endian bytes ---- */
struct pg_bytes {
	uint8_t *bytes; /* owned */
	size_t n, cap;
	int failed; /* out of memory once: stays so until pg_bytes_clear */
};
void pg_bytes_clear(struct pg_bytes *to);
void pg_bytes_free(struct pg_bytes *to);
void pg_put(struct pg_bytes *to, const void *bytes, size_t n);
void pg_put_u16(struct pg_bytes *to, uint16_t value);
void pg_put_u32(struct pg_bytes *to, uint32_t value);
/* One element of an array or field of a COPY row: with its length. */
void pg_item(struct pg_bytes *to, const void *bytes, size_t n);
void pg_item_null(struct pg_bytes *to);
void pg_item_bool(struct pg_bytes *to, int value);
void pg_item_i16(struct pg_bytes *to, int16_t value);
void pg_item_i32(struct pg_bytes *to, int32_t value);
void pg_item_u64(struct pg_bytes *to, uint64_t value); /* int8 of the same bits */
void pg_item_text(struct pg_bytes *to, const char *text);
void pg_item_instant(struct pg_bytes *to, instant_ms at); /* timestamptz; INSTANT_NONE = NULL */

/* ---- a call of a prepared statement ---- */
#define PG_PARAMETERS_MAX 32
struct pg_call {
	int statement;
	int n;
	const void *outside[PG_PARAMETERS_MAX]; /* NULL: at offset in bytes */
	size_t offset[PG_PARAMETERS_MAX];
	int length[PG_PARAMETERS_MAX];
	struct pg_bytes *bytes; /* borrowed */
};
/* Uses (and empties) `bytes` until the call is sent. */
void pg_call(struct pg_call *call, int statement, struct pg_bytes *bytes);
void pg_u64(struct pg_call *call, uint64_t value);
void pg_outside(struct pg_call *call, const void *value, size_t n); /* bytea or text; borrowed until sent */
/* An array of `type`: then exactly n pg_item_*, then pg_array_end. */
void pg_array(struct pg_call *call, enum postgres_type type, uint32_t n);
void pg_array_end(struct pg_call *call);

/* ---- the connection ---- */
struct postgres {
	PGconn *conn;
	char *conninfo; /* owned */
	const char *(*text_of)(int statement);
	int n_statements;
	uint8_t *prepared;				     /* [n_statements], on this connection */
	int (*setup)(void *self, struct err_detail *detail); /* after each connect, by pg_run and pg_query */
	void *self;
	PostgresPollingStatusType polling;
	int64_t connect_begin;
	int is_set_up, setting_up;
	/* a pipeline on its way */
	int piping;
	int pipe_code;
	struct err_detail pipe_detail;
};
/* Takes conninfo (malloc'ed). Nothing is connected yet. */
int postgres_open(struct postgres *pg, char *conninfo, const char *(*text_of)(int statement), int n_statements,
		  int (*setup)(void *self, struct err_detail *detail), void *self, struct err_detail *detail);
void postgres_close(struct postgres *pg);
/* Drops the connection: the next call connects anew. */
void postgres_drop(struct postgres *pg);
/* Connected and set up, after at most wait_ms; ERR_UNAVAILABLE while it is not: call again. */
int postgres_ready(struct postgres *pg, int wait_ms, struct err_detail *detail);

/* The last result of what was sent, after at most wait_ms; see postgres_query. */
int postgres_answer(struct postgres *pg, int wait_ms, const char *what, PGresult **ret_result,
		    struct err_detail *detail);
/* Plain SQL without parameters; several statements are allowed. */
int postgres_run(struct postgres *pg, const char *sql, int wait_ms, struct err_detail *detail);
/* A prepared statement by itself. *ret_result may be NULL when not wanted; else PQclear it. A wait that ends drops the
 * connection (ERR_UNAVAILABLE): nobody knows then whether it was done. */
int postgres_query(struct postgres *pg, struct pg_call *call, int wait_ms, PGresult **ret_result,
		   struct err_detail *detail);

/* A pipeline in one transaction: begin, calls, end (which sends COMMIT); then finish until it is not ERR_UNAVAILABLE
 * with pg->piping still set (= no answer yet). An error rolls all of it back. */
int postgres_pipe_begin(struct postgres *pg, struct err_detail *detail);
int postgres_pipe_call(struct postgres *pg, struct pg_call *call, struct err_detail *detail);
int postgres_pipe_end(struct postgres *pg, struct err_detail *detail);
int postgres_pipe_finish(struct postgres *pg, int wait_ms, struct err_detail *detail);

/* Binary COPY ... FROM STDIN: begin (the header is sent), rows, end. */
int postgres_copy_begin(struct postgres *pg, const char *sql, struct err_detail *detail);
int postgres_copy_rows(struct postgres *pg, const struct pg_bytes *rows, struct err_detail *detail);
int postgres_copy_end(struct postgres *pg, int wait_ms, struct err_detail *detail);

/* Columns of a binary result. */
uint64_t postgres_u64(const PGresult *result, int row, int column);

#endif
