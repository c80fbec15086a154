/* A pool of texts, each kept once, numbered in the order of their first mention; text 0 is "". */
#ifndef ZUB_STRINGS_H
#define ZUB_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct strings {
	uint32_t *first; /* [n + 1] into bytes */
	char *bytes;	 /* NUL-terminated each */
	size_t n, cap_first, n_bytes, cap_bytes;
	uint32_t *table; /* open addressing: text + 1, 0 = free */
	size_t n_table;	 /* a power of two */
};

int strings_open(struct strings *strings); /* ERR_MEMORY */
void strings_close(struct strings *strings);
/* Number of the text of n bytes (no NUL inside); NONE when out of memory or past 4 GiB. */
uint32_t strings_put(struct strings *strings, const char *text, size_t n);
/* Number of a text that is in the pool, or NONE. */
uint32_t strings_find(const struct strings *strings, const char *text);
/* Borrowed until the next strings_put. */
const char *strings_text(const struct strings *strings, uint32_t string);

#endif
