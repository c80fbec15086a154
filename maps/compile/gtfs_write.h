/* Writes GTFS tables into a zip: CSV with quotes where needed, fixed times inside the archive, so that the same rows
 * give the same bytes. Private to maps/compile. Errors stick: gtfs_write_close reports the first one and then leaves no
 * file. */
#ifndef ZUB_GTFS_WRITE_H
#define ZUB_GTFS_WRITE_H

#include "err.h"
#include <stdint.h>

struct gtfs_writer;

/* Everything is kept in memory until close. ERR_MEMORY. */
int gtfs_write_open(struct gtfs_writer **ret_writer);
/* Starts a table: name without ".txt", columns as the header line ("stop_id,stop_name"). */
void gtfs_write_table(struct gtfs_writer *writer, const char *name, const char *columns);
/* The next field of the row. */
void gtfs_write_text(struct gtfs_writer *writer, const char *text);
void gtfs_write_format(struct gtfs_writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gtfs_write_number(struct gtfs_writer *writer, int64_t number);
/* Seconds of the service day as H:MM:SS; may exceed 24 hours. */
void gtfs_write_time(struct gtfs_writer *writer, int32_t seconds);
/* 1e-7 degrees as decimal degrees. */
void gtfs_write_degrees(struct gtfs_writer *writer, int32_t degrees_e7);
void gtfs_write_end_row(struct gtfs_writer *writer);
/* Writes under a temporary name, renames, frees the writer. ERR_IO, ERR_MEMORY. */
int gtfs_write_close(struct gtfs_writer *writer, const char *path, struct err_detail *detail);
/* Frees the writer without writing. */
void gtfs_write_abandon(struct gtfs_writer *writer);

#endif
