/* Fixed little-endian records of commands and updates, from one table of fields per kind (record.c): encode, decode,
 * and a readable line for people. Same struct, same bytes, on every machine. Text is cut of its tail zeros, numbers
 * have fixed width. */
#ifndef ZUB_RECORD_H
#define ZUB_RECORD_H

#include "command.h"
#include "err.h"
#include "update.h"
#include <stddef.h>

#define RECORD_VERSION 1
#define RECORD_COMMAND_BYTES_MAX 16384
#define RECORD_UPDATE_BYTES_MAX 4096

int record_command(const struct command *command, void *bytes, size_t size, size_t *ret_n); /* ERR_FULL, ERR_RANGE */
int record_read_command(const void *bytes, size_t n, struct command *ret_command,
			struct err_detail *detail); /* ERR_FORMAT, ERR_TRUNCATED, ERR_RANGE, ERR_VERSION */
/* The outcome of a command: all its updates, one after the other. */
int record_updates(const struct update *updates, uint32_t n, void *bytes, size_t size, size_t *ret_n);
int record_read_updates(const void *bytes, size_t n, struct update *ret_updates, uint32_t most, uint32_t *ret_n,
			struct err_detail *detail);
/* The ride whose key must seal this command's record; 0 = nothing personal in it. */
uint64_t record_ride(const struct command *command);
/* One line "kind at field=value ..." without personal fields unless `personal`; cut at size. */
void record_print_command(const struct command *command, int personal, char *text, size_t size);
void record_print_update(const struct update *update, char *text, size_t size);

/* Generic: used by snapshots too. A field table describes one struct. */
struct record_field {
	const char *name;
	uint16_t offset;
	uint8_t width; /* bytes of one element: 1, 2, 4, 8 */
	uint8_t is_signed, is_text, personal;
	uint16_t count; /* elements */
};
struct record_table {
	const struct record_field *fields;
	uint32_t n_fields;
	size_t size; /* of the struct */
};
/* One kind of command or update: the table of its struct, and of the items that follow where it has some. */
struct record_kind {
	const char *name;		/* "vehicle_event" */
	struct record_table head, item; /* item.n_fields = 0: none */
	size_t n_offset;		/* of the uint32_t that counts the items, in the struct */
	size_t items_offset;
	uint32_t items_max;
	uint32_t n_later; /* last fields of the head that older records lack; not written while all are 0 */
};
const struct record_kind *record_command_kind(uint16_t kind); /* NULL = no such kind */
const struct record_kind *record_update_kind(uint16_t kind);

/* Arrays are written as their length (one byte, two from 256 elements on) and their elements without the zeros at the
 * end; a text ends at its first zero byte. Bytes that record_write would not have written are refused (0), too. */
size_t record_write(const struct record_table *table, const void *item, uint8_t *bytes,
		    size_t size); /* bytes written, 0 = no room */
size_t record_read(const struct record_table *table, const uint8_t *bytes, size_t n,
		   void *item); /* bytes read, 0 = ends too early */

#endif
