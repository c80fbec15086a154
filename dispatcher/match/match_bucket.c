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

/* --- heaps --- */

static void put(struct match_entry *entries, uint32_t place, struct match_entry entry, uint32_t *at)
{
	entries[place] = entry;
	at[entry.slot] = place;
}

static void sift_up(struct match_entry *entries, uint32_t place, struct match_entry entry, uint32_t *at)
{
	while (place > 0 && entry.key < entries[(place - 1) / 4].key) {
		put(entries, place, entries[(place - 1) / 4], at);
		place = (place - 1) / 4;
	}
	put(entries, place, entry, at);
}

static void sift_down(struct match_entry *entries, uint32_t n, uint32_t place, struct match_entry entry, uint32_t *at)
{
	for (;;) {
		uint32_t child = 4 * place + 1, least = child, end = child + 4 < n ? child + 4 : n;
		if (child >= n)
			break;
		for (uint32_t i = child + 1; i < end; i++)
			least = entries[i].key < entries[least].key ? i : least;
		if (entries[least].key >= entry.key)
			break;
		put(entries, place, entries[least], at);
		place = least;
	}
	put(entries, place, entry, at);
}

int heap_bucket_add(struct match_pool *pool, struct match_bucket *bucket, struct match_entry entry, uint32_t *at)
{
	if (bucket->n == bucket->room && bucket_grow(pool, bucket))
		return ERR_FULL;
	sift_up(pool->entry + bucket->at, bucket->n++, entry, at);
	return ERR_OK;
}

void heap_bucket_move(struct match_pool *pool, struct match_bucket *bucket, uint32_t place, int32_t new_key,
		      uint32_t *at)
{
	struct match_entry *entries = pool->entry + bucket->at, entry = entries[place];
	int is_less = new_key < entry.key;
	entry.key = new_key;
	if (is_less)
		sift_up(entries, place, entry, at);
	else
		sift_down(entries, bucket->n, place, entry, at);
}

void heap_bucket_remove(struct match_pool *pool, struct match_bucket *bucket, uint32_t place, uint32_t *at)
{
	struct match_entry *entries = pool->entry + bucket->at, last = entries[--bucket->n];
	if (place < bucket->n) {
		int is_less = last.key < entries[place].key;
		if (is_less)
			sift_up(entries, place, last, at);
		else
			sift_down(entries, bucket->n, place, last, at);
	} else if (bucket->n == 0) {
		block_give(pool, bucket->at, bucket->room);
		bucket->room = 0;
	}
}
