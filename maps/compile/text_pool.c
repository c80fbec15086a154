#include "text_pool.h"
#include "array.h"
#include "err.h"
#include "hash.h"
#include "units.h"
#include <stdlib.h>
#include <string.h>

#define TABLE_START 1024

int text_pool_open(struct text_pool *pool)
{
	*pool = (struct text_pool){.n_table = TABLE_START};
	pool->table = calloc(TABLE_START, sizeof *pool->table);
	if (!pool->table || array_reserve(pool->first, 2, pool->cap_first) || text_pool_put(pool, "", 0) == NONE) {
		text_pool_close(pool);
		return ERR_MEMORY;
	}
	return ERR_OK;
}

void text_pool_close(struct text_pool *pool)
{
	free(pool->first);
	free(pool->bytes);
	free(pool->table);
	*pool = (struct text_pool){0};
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t slot_of(const struct text_pool *pool, const char *text, size_t n)
{
	size_t slot = hash_bytes(text, n, 0) & (pool->n_table - 1);

	while (pool->table[slot]) {
		uint32_t string = pool->table[slot] - 1;
		uint32_t first = pool->first[string];
		size_t length = pool->first[string + 1] - first - 1;

		if (length == n && memcmp(pool->bytes + first, text, n) == 0)
			break;
		slot = (slot + 1) & (pool->n_table - 1);
	}
	return slot;
}

static int grow_table(struct text_pool *pool)
{
	size_t n_table = pool->n_table * 2;
	uint32_t *table = calloc(n_table, sizeof *table);

	if (!table)
		return ERR_MEMORY;
	free(pool->table);
	pool->table = table;
	pool->n_table = n_table;
	for (uint32_t i = 0; i < pool->n; i++) {
		uint32_t first = pool->first[i];

		table[slot_of(pool, pool->bytes + first, pool->first[i + 1] - first - 1)] = i + 1;
	}
	return ERR_OK;
}

uint32_t text_pool_put(struct text_pool *pool, const char *text, size_t n)
{
	size_t slot = slot_of(pool, text, n);

	if (pool->table[slot])
		return pool->table[slot] - 1;
	if (pool->n_bytes + n + 1 >= UINT32_MAX || (pool->n * 2 >= pool->n_table && grow_table(pool)) ||
	    array_reserve(pool->first, pool->n + 2, pool->cap_first) ||
	    array_reserve(pool->bytes, pool->n_bytes + n + 1, pool->cap_bytes))
		return NONE;
	slot = slot_of(pool, text, n);
	memcpy(pool->bytes + pool->n_bytes, text, n);
	pool->bytes[pool->n_bytes + n] = '\0';
	pool->first[pool->n] = (uint32_t)pool->n_bytes;
	pool->n_bytes += n + 1;
	pool->first[pool->n + 1] = (uint32_t)pool->n_bytes;
	pool->table[slot] = (uint32_t)++pool->n;
	return (uint32_t)pool->n - 1;
}

const char *text_pool_text(const struct text_pool *pool, uint32_t string)
{
	return string == NONE ? "" : pool->bytes + pool->first[string];
}
