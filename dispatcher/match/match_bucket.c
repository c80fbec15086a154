#include "match_bucket.h"

#include <assert.h>
#include <string.h>

#include "err.h"
#include "units.h"

#define ROOM_LEAST 4u

int pool_open(struct match_pool *pool, uint32_t most, struct arena *arena)
{
	pool->entry = arena_take(arena, most, sizeof *pool->entry);
	pool->n = 0;
	pool->most = most;
	for (int i = 0; i < BUCKET_CLASSES; i++)
		pool->free_first[i] = NONE;
	return pool->entry ? ERR_OK : ERR_MEMORY;
}

static uint32_t class_of(uint32_t room)
{
	return (uint32_t)__builtin_ctz(room);
}

/* NONE: no room */
static uint32_t block_take(struct match_pool *pool, uint32_t room)
{
	uint32_t class = class_of(room);
	if (class >= BUCKET_CLASSES)
		return NONE;
	uint32_t at = pool->free_first[class];
	if (at != NONE) {
		pool->free_first[class] = pool->entry[at].id;
		return at;
	}
	if (room > pool->most - pool->n)
		return NONE;
	at = pool->n;
	pool->n += room;
	return at;
}

static void block_give(struct match_pool *pool, uint32_t at, uint32_t room)
{
	uint32_t class = class_of(room);
	pool->entry[at].id = pool->free_first[class];
	pool->free_first[class] = at;
}

static int bucket_grow(struct match_pool *pool, struct match_bucket *bucket)
{
	uint32_t room = bucket->room ? 2 * bucket->room : ROOM_LEAST, at = block_take(pool, room);
	if (at == NONE)
		return ERR_FULL;
	if (bucket->room) {
		memcpy(pool->entry + at, pool->entry + bucket->at, bucket->n * sizeof *pool->entry);
		block_give(pool, bucket->at, bucket->room);
	}
	bucket->at = at;
	bucket->room = room;
	return ERR_OK;
}

static int is_before(const struct match_entry *entry, int32_t key, uint32_t id)
{
	return entry->key < key || (entry->key == key && entry->id < id);
}

/* How many entries come before (key, id). */
static uint32_t place_of(const struct match_entry *entries, uint32_t n, int32_t key, uint32_t id)
{
	uint32_t low = 0;
	while (n > 0) {
		uint32_t half = n / 2;
		int before = is_before(&entries[low + half], key, id);
		low = before ? low + half + 1 : low;
		n = before ? n - half - 1 : half;
	}
	return low;
}

int bucket_add(struct match_pool *pool, struct match_bucket *bucket, struct match_entry entry)
{
	if (bucket->n == bucket->room && bucket_grow(pool, bucket))
		return ERR_FULL;
	struct match_entry *entries = pool->entry + bucket->at;
	uint32_t place = place_of(entries, bucket->n, entry.key, entry.id);
	memmove(entries + place + 1, entries + place, (bucket->n - place) * sizeof *entries);
	entries[place] = entry;
	bucket->n++;
	return ERR_OK;
}

void bucket_remove(struct match_pool *pool, struct match_bucket *bucket, int32_t key, uint32_t id)
{
	struct match_entry *entries = pool->entry + bucket->at;
	uint32_t place = place_of(entries, bucket->n, key, id);
	assert(place < bucket->n && entries[place].id == id && entries[place].key == key);
	bucket->n--;
	memmove(entries + place, entries + place + 1, (bucket->n - place) * sizeof *entries);
	if (bucket->n == 0) {
		block_give(pool, bucket->at, bucket->room);
		bucket->room = 0;
	}
}

void bucket_move(struct match_pool *pool, struct match_bucket *bucket, int32_t key, uint32_t id, int32_t new_key)
{
	struct match_entry *entries = pool->entry + bucket->at;
	uint32_t place = place_of(entries, bucket->n, key, id);
	assert(place < bucket->n && entries[place].id == id && entries[place].key == key);
	struct match_entry moved = entries[place];
	moved.key = new_key;
	for (; place + 1 < bucket->n && is_before(&entries[place + 1], new_key, id); place++)
		entries[place] = entries[place + 1];
	for (; place > 0 && !is_before(&entries[place - 1], new_key, id); place--)
		entries[place] = entries[place - 1];
	entries[place] = moved;
}
