/* Private to the PostgreSQL store: what its journal half (store_postgres.c) and its projections (project_postgres.c)
 * share. */
#ifndef ZUB_STORE_POSTGRES_H
#define ZUB_STORE_POSTGRES_H

#include "postgres.h"
#include "store_backend.h"
#include "town.h"

#define POSTGRES_SCHEMA_MAX 40

enum postgres_statement {
	PG_EPOCH_TAKE,
	PG_HEAD,
	PG_APPEND_CHECK,
	PG_RECORDS_PUT,
	PG_HEAD_PUT,
	PG_RECORDS_READ,
	PG_KEY_GET,
	PG_KEYS_PUT,
	PG_KEYS_ERASE,
	PG_SNAPSHOT_REPLACED,
	PG_SNAPSHOT_PUT,
	PG_SNAPSHOT_DROP,
	PG_SNAPSHOT_GET,
	PG_VALUE_PUT,
	PG_VALUE_GET,
	PG_TELEMETRY_FORGET,
	PG_PROGRESS_GET,
	PG_PROGRESS_PUT,
	PG_TOWN_LOADED,
	PG_TOWN_PUT,
	PG_VEHICLES_PUT,
	PG_RIDES_PUT,
	PG_VISITS_PUT,
	PG_RIDES_FORGET,
	PG_STATEMENTS
};

struct postgres_store {
	struct postgres pg;
	enum store_mode mode;
	char schema[POSTGRES_SCHEMA_MAX + 1];
	char mark_path[512]; /* "" = the mark lives and dies with the process */
	uint8_t *mark;
	uint8_t own_mark[STORE_MARK_BYTES];
	int opened;	 /* once: from then on only what may pass is retried */
	int keys_absent; /* reading without access to the keys: everything personal is gone */
	struct pg_bytes bytes;
	uint8_t under_way[STORE_HASH_BYTES]; /* last row of the append that is not answered yet */
	/* projections */
	const struct project_rows *staged;
	int projects;	  /* the projections are there and were in step when this process began with them */
	char postgis[64]; /* schema of the extension, "" = not installed */
	uint8_t town_hash[TOWN_HASH_BYTES]; /* loaded by this process */
	int town_loaded;
	uint32_t town_number;
};

#define PG_WAIT_MS 1000	      /* statements on the way of a commit */
#define PG_WAIT_LONG_MS 20000 /* snapshots, reading, making tables */

struct project_rows;

/* store_postgres.c */
int store_postgres_head(void *self, struct store_head *ret_head, struct err_detail *detail);
int store_postgres_find_postgis(struct postgres_store *store, struct err_detail *detail);
/* SQL with %1$s for the schema and %2$s for that of PostGIS. */
int store_postgres_format(struct postgres_store *store, struct err_detail *detail, const char *format);

/* project_postgres.c */
const char *project_text(int statement); /* of PG_PROGRESS_GET and what follows it */
int project_find(struct postgres_store *store, struct err_detail *detail);
/* Loads the town when it is another one than before: a transaction of its own, seen only once progress names it. */
int project_prepare(struct postgres_store *store, const struct project_rows *changes, struct err_detail *detail);
/* Adds the changes to the pipeline; they end with record `sequence`. */
int project_send(struct postgres_store *store, const struct project_rows *changes, uint64_t sequence,
		 struct err_detail *detail);
int project_write(void *self, const struct project_rows *changes, struct err_detail *detail);
int project_reset(void *self, struct err_detail *detail);
int project_forget(struct postgres_store *store, const uint64_t *rides, uint32_t n, struct err_detail *detail);

#endif
