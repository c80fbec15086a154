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
/* ERR_FULL: unchanged. */
int bucket_add(struct match_pool *pool, struct match_bucket *bucket, struct match_entry entry);
/* The entry is there. */
void bucket_remove(struct match_pool *pool, struct match_bucket *bucket, int32_t key, uint32_t id);
/* The entry gets another key. */
void bucket_move(struct match_pool *pool, struct match_bucket *bucket, int32_t key, uint32_t id, int32_t new_key);

#endif
