/* One GTFS feed as a set of tables: a zip or a folder. Tables are streamed row by row; memory does not grow with them.
 */
#ifndef ZUB_GTFS_SOURCE_H
#define ZUB_GTFS_SOURCE_H

#include "err.h"
#include <stdint.h>

struct gtfs_source;

/* Errors: ERR_IO (cannot open), ERR_FORMAT (neither folder nor zip), ERR_MEMORY. */
int gtfs_source_open(struct gtfs_source **ret_source, const char *path, struct err_detail *detail);
void gtfs_source_close(struct gtfs_source *source);

#define GTFS_COLUMNS_MAX 24
#define GTFS_ROW_BYTES_MAX (1u << 20)

struct gtfs_row {
	const char *path, *table;	     /* for messages */
	uint32_t line;			     /* where the row ends; the header is line 1 */
	const char *const *names;	     /* the columns asked for, without their mark */
	const char *field[GTFS_COLUMNS_MAX]; /* "" where the column or field is missing; borrowed until the next row */
	uint8_t present[GTFS_COLUMNS_MAX];   /* the header has this column */
	uint32_t n_spare;		     /* fields beyond the header's */
	uint32_t n_repaired;		     /* bytes that were not UTF-8, replaced by '?' */
};
/* Returns 0 to go on; anything else ends the reading and is returned. */
typedef int gtfs_row_function(void *context, const struct gtfs_row *row);

struct gtfs_table {
	const char *name;	    /* "stops.txt" */
	const char *const *columns; /* ends with NULL; "*stop_id" = required */
	gtfs_row_function *row;
};
/* Streams a table. *ret_found (may be NULL) tells whether the feed has it; when it has not, no row is called.
 * Errors: ERR_IO, ERR_TRUNCATED, ERR_FORMAT, ERR_RANGE, ERR_MEMORY and what the row function returned. */
int gtfs_source_read(struct gtfs_source *source, const struct gtfs_table *table, void *context, int *ret_found,
		     struct err_detail *detail);

#endif
