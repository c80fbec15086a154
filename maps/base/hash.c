#include "hash.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "units.h"

static uint64_t load_le64(const unsigned char *bytes)
{
	uint64_t value;
	memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

uint64_t hash_u64(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static uint64_t mix(uint64_t state, uint64_t word)
{
	state = (state ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return state ^ (state >> 29);
}

uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *at = bytes;
	/* The length goes in first: "a" and "a\0" differ although the tail is padded with zeros. */
	uint64_t state = hash_u64(seed) ^ ((uint64_t)n * UINT64_C(0x9e3779b97f4a7c15));
	size_t left = n;
	for (; left >= 8; left -= 8, at += 8)
		state = mix(state, load_le64(at));
	if (left) {
		unsigned char tail[8] = {0};
		memcpy(tail, at, left);
		state = mix(state, load_le64(tail));
	}
	return hash_u64(state);
}

int hash_map_open(struct hash_map *map, struct arena *arena, uint32_t n_max)
{
	uint64_t slots = 2;
	while (slots < 2 * (uint64_t)n_max)
		slots *= 2;
	if (slots > UINT64_C(1) << 32)
		return ERR_MEMORY;
	uint64_t *keys = arena_take(arena, slots, sizeof *keys);
	uint32_t *values = arena_take(arena, slots, sizeof *values);
	if (!keys || !values)
		return ERR_MEMORY;
	*map = (struct hash_map){.keys = keys, .values = values, .mask = (uint32_t)(slots - 1), .n_max = n_max};
	return 0;
}

static uint32_t home_of(const struct hash_map *map, uint64_t key)
{
	return (uint32_t)hash_u64(key) & map->mask;
}

/* The slot of the key, or the free slot where it belongs. At least half of the slots are free, so this ends. */
static uint32_t slot_of(const struct hash_map *map, uint64_t key)
{
	uint32_t slot = home_of(map, key);
	while (map->keys[slot] && map->keys[slot] != key)
		slot = (slot + 1) & map->mask;
	return slot;
}

uint32_t hash_map_get(const struct hash_map *map, uint64_t key)
{
	if (!key)
		return NONE;
	uint32_t slot = slot_of(map, key);
	return map->keys[slot] ? map->values[slot] : NONE;
}

int hash_map_put(struct hash_map *map, uint64_t key, uint32_t value)
{
	assert(key);
	uint32_t slot = slot_of(map, key);
	if (!map->keys[slot]) {
		if (map->n == map->n_max)
			return ERR_FULL;
		map->keys[slot] = key;
		map->n++;
	}
	map->values[slot] = value;
	return 0;
}

void hash_map_remove(struct hash_map *map, uint64_t key)
{
	if (!key)
		return;
	uint32_t hole = slot_of(map, key);
	if (!map->keys[hole])
		return;
	/* Backward shift: whatever could not be reached any more once the hole is free moves into it. */
	for (uint32_t slot = (hole + 1) & map->mask; map->keys[slot]; slot = (slot + 1) & map->mask) {
		uint32_t walked = (slot - home_of(map, map->keys[slot])) & map->mask;
		if (walked < ((slot - hole) & map->mask))
			continue;
		map->keys[hole] = map->keys[slot];
		map->values[hole] = map->values[slot];
		hole = slot;
	}
	map->keys[hole] = 0;
	map->n--;
}
