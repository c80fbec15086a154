/* Fast, not cryptographic hashing: tables, digests of state, choice by key. Same bytes -> same value on every machine.
 * (Cryptographic hashes are libsodium's, used by the city and store libraries.) */
#ifndef ZUB_HASH_H
#define ZUB_HASH_H

#include <stddef.h>
#include <stdint.h>

/* 64-bit hash of bytes, continued from `seed` (FNV-1a over bytes is too slow: mixes 8 bytes a step, little-endian). */
uint64_t hash_bytes(const void *bytes, size_t n, uint64_t seed);
/* Mixes one 64-bit value (splitmix64 finaliser). */
uint64_t hash_u64(uint64_t value);

/* An open-addressing map uint64 -> uint32 over memory taken from an arena at start-up. Key 0 is not allowed.
 * Capacity is rounded up to a power of two at least twice `n_max`. Deletion keeps probe chains (backward shift). */
struct arena;
struct hash_map {
	uint64_t *keys;
	uint32_t *values;
	uint32_t mask;
	uint32_t n;
	uint32_t n_max;
};
int hash_map_open(struct hash_map *map, struct arena *arena, uint32_t n_max); /* ERR_MEMORY */
/* The value, or NONE (UINT32_MAX). */
uint32_t hash_map_get(const struct hash_map *map, uint64_t key);
int hash_map_put(struct hash_map *map, uint64_t key, uint32_t value); /* replaces; ERR_FULL */
void hash_map_remove(struct hash_map *map, uint64_t key);

#endif
