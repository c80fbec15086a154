/* A pool of texts, each kept once, numbered in the order of their first mention; text 0 is "". */
#ifndef ZUB_TEXT_POOL_H
#define ZUB_TEXT_POOL_H

#include <stddef.h>
#include <stdint.h>

struct text_pool {
	uint32_t *first; /* [n + 1] into bytes */
	char *bytes;	 /* NUL-terminated each */
	size_t n, cap_first, n_bytes, cap_bytes;
	uint32_t *table; /* open addressing: text + 1, 0 = free */
	size_t n_table;	 /* a power of two */
};

int text_pool_open(struct text_pool *pool); /* ERR_MEMORY */
void text_pool_close(struct text_pool *pool);
/* Number of the text of n bytes (no NUL inside); NONE when out of memory or past 4 GiB. */
uint32_t text_pool_put(struct text_pool *pool, const char *text, size_t n);
/* Borrowed until the next text_pool_put. */
const char *text_pool_text(const struct text_pool *pool, uint32_t string);

#endif
