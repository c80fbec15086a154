/* Private to the export: a table written as CSV and, when it has places, as GeoJSON with the same columns. */
#ifndef ZUB_EXPORT_TABLE_H
#define ZUB_EXPORT_TABLE_H

#include <jansson.h>
#include <stdio.h>

#include "err.h"
#include "export_read.h"
#include "town.h"

struct column {
	const char *name, *meaning;
};
struct table_kind {
	const char *name; /* of its files, without ending */
	const char *meaning;
	const struct column *columns;
	uint32_t n_columns;
};
struct table {
	const struct table_kind *kind;
	FILE *csv, *geo; /* geo NULL: no places */
	json_t *properties;
	uint32_t at;
	uint64_t n_rows;
	int failed; /* out of memory, or a text that is not UTF-8 */
};

/* Also tells of the table and its columns in `readme`. */
int table_open(struct table *table, const struct table_kind *kind, const char *folder, const struct town *town,
	       int has_places, FILE *readme, struct err_detail *detail);
/* The next column's value, taken: text, number, null = empty. */
void table_cell(struct table *table, json_t *value);
/* Ends a row; geometry is taken and may be NULL. */
void table_row(struct table *table, json_t *geometry);
int table_close(struct table *table, struct err_detail *detail);

/* A file of the folder, mode 0600, an older one replaced. */
FILE *table_file(const char *folder, const char *name, struct err_detail *detail);

/* GeoJSON geometries. */
json_t *table_point(struct geo_point point);
json_t *table_line(struct geo_point a, struct geo_point b);
json_t *table_square(const struct town *town, struct day_cell cell);
struct geo_point table_middle(const struct town *town, struct day_cell cell);

#endif
