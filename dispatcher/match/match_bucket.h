/* Private to dispatcher/match: ordered buckets at hubs. Blocks of powers of two from one pool; nothing is allocated. */
#ifndef ZUB_MATCH_BUCKET_H
#define ZUB_MATCH_BUCKET_H

#include "arena.h"
#include <stdint.h>

#define BUCKET_CLASSES 26

struct match_entry {
	int32_t key; /* ascending, ties by id */
	int32_t time;
	uint32_t id;
	uint32_t slot; /* heaps: where in at[] the entry's own place is kept */
};

struct match_bucket {
	uint32_t at, n, room; /* room 0: has no block */
};

struct match_pool {
	struct match_entry *entry;
	uint32_t n, most;
	uint32_t free_first[BUCKET_CLASSES]; /* block of 2^class entries; its first entry's id is the next one */
};

int pool_open(struct match_pool *pool, uint32_t most, struct arena *arena);
/* Ordered arrays: read from the front. ERR_FULL: unchanged. */
int bucket_add(struct match_pool *pool, struct match_bucket *bucket, struct match_entry entry);
/* The entry is there. */
void bucket_remove(struct match_pool *pool, struct match_bucket *bucket, int32_t key, uint32_t id);

/* Heaps of four children, for buckets that can hold a whole fleet: an array would be moved by half with each change.
 * The children of place i are 4 i + 1 .. 4 i + 4. at[slot] follows each entry's place. ERR_FULL: unchanged. */
int heap_bucket_add(struct match_pool *pool, struct match_bucket *bucket, struct match_entry entry, uint32_t *at);
void heap_bucket_remove(struct match_pool *pool, struct match_bucket *bucket, uint32_t place, uint32_t *at);
void heap_bucket_move(struct match_pool *pool, struct match_bucket *bucket, uint32_t place, int32_t new_key,
		      uint32_t *at);

/* Reads a heap's entries up to a key, each before its children; the key may fall between two calls. */
struct heap_scan {
	const struct match_entry *entry; /* of the bucket */
	uint32_t n, n_stack, stack[128];
	uint32_t at; /* the entry given last; NONE = none yet */
};

static inline void heap_scan_begin(struct heap_scan *scan, const struct match_pool *pool,
				   const struct match_bucket *bucket)
{
	scan->entry = pool->entry + bucket->at;
	scan->n = bucket->n;
	scan->n_stack = 0;
	scan->at = UINT32_MAX;
	if (bucket->n)
		scan->stack[scan->n_stack++] = 0;
}

/* NULL: there is none any more. */
static inline const struct match_entry *heap_scan_next(struct heap_scan *scan, int32_t key_most)
{
	if (scan->at != UINT32_MAX)
		for (uint32_t child = 4 * scan->at + 1; child < 4 * scan->at + 5 && child < scan->n; child++)
			if (scan->entry[child].key <= key_most)
				scan->stack[scan->n_stack++] = child;
	while (scan->n_stack) {
		scan->at = scan->stack[--scan->n_stack];
		if (scan->entry[scan->at].key <= key_most)
			return scan->entry + scan->at;
	}
	return NULL;
}

#endif
