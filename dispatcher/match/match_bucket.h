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

#endif
