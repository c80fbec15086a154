/* The layout of a town file as tables: which words and columns of struct town are stored, in which order, how many
 * elements each column has and what its values must satisfy. Reader, checker and writer all walk these tables.
 *
 * File (little-endian): struct town_header, then n_sections of struct town_section, then the sections, each at the next
 * multiple of TOWN_ALIGN after the one before it; the gaps are zero. Nothing follows the last section. */
#ifndef ZUB_TOWN_LAYOUT_H
#define ZUB_TOWN_LAYOUT_H

#include "town.h"

#define TOWN_MAGIC "ZUBTOWN\n"
#define TOWN_ALIGN 64u
#define TOWN_XY_MAX_MM 2000000000 /* sums and differences of two coordinates stay far from overflow */

struct town_header {
	char magic[8];
	uint32_t version;
	uint32_t zero;
	uint8_t hash[TOWN_HASH_BYTES]; /* BLAKE2b-256 of every byte from n_sections to the end of the file */
	uint32_t n_sections;
	uint32_t zero_too;
	uint64_t file_size;
};
#define TOWN_HASHED_FROM offsetof(struct town_header, n_sections)

struct town_section {
	uint32_t id;
	uint32_t element_size;
	uint64_t count;
	uint64_t offset;
	uint64_t checksum; /* hash_bytes(section, size, id): says which section is damaged when the hash differs */
};

/* What every value of a column must satisfy; `limit` is an offset in struct town unless said otherwise. */
enum town_check {
	CHECK_ANY,
	CHECK_INDEX,	     /* u32 below the count at limit */
	CHECK_INDEX_OR_NONE, /* or NONE */
	CHECK_FIRST,	     /* u32 starting at 0, never falling, ending at the count at limit */
	CHECK_BELOW,	     /* u8 below the number limit */
	CHECK_POINT,	     /* latitude and longitude in range */
	CHECK_XY,	     /* within TOWN_XY_MAX_MM */
	CHECK_SPOT,	     /* arc NONE, or an arc of the network at limit with the offset on it */
};

struct town_column {
	uint32_t id;
	const char *name;
	uint32_t element_size;
	size_t offset; /* of the pointer in struct town */
	size_t rows;   /* count = (the uint32 at rows + plus) * the uint32 at times, if times is not 0 */
	size_t times;
	uint32_t plus;
	enum town_check check;
	size_t limit;
};

/* One 32-bit number of struct town; all of them, in this order, are section TOWN_WORDS_ID. */
struct town_word {
	const char *name;
	size_t offset;
};

#define TOWN_WORDS_ID 1u
extern const struct town_word town_words[];
extern const uint32_t town_n_words;
extern const struct town_column town_columns[];
extern const uint32_t town_n_columns;

/* Elements that a column must have by the counts in `town`; UINT64_MAX when that overflows. */
uint64_t town_column_count(const struct town *town, const struct town_column *column);
const void *town_column_data(const struct town *town, const struct town_column *column);
void town_column_set(struct town *town, const struct town_column *column, const void *data);
uint32_t town_number(const struct town *town, size_t offset);

/* Checks of everything a reader relies on; messages name `what` (a file). `offsets` (may be NULL) has the byte offset
 * of each column for the messages. */
int town_check_counts(const struct town *town, const char *what, struct err_detail *detail);
int town_check(const struct town *town, const char *what, const uint64_t *offsets, struct err_detail *detail);

#endif
