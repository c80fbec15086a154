/* What the chain hashes and how bodies are sealed; the same for every backend.
 *
 * Header, 51 bytes, little-endian: format 1, type 1, commit_end 1, area 4, epoch 4, engine_version 4, sequence 8, ride
 * 8, at 8, digest 8, stored body length 4. It is hashed into the chain and bound to a sealed body as additional data.
 * Nonce, 24 bytes: sequence 8, epoch 4, area 4, zeros. An epoch is never taken twice, and within one no sequence is
 * written again (store.h), so no nonce is used twice with a key. */
#ifndef ZUB_SEAL_H
#define ZUB_SEAL_H

#include "store_backend.h"
#include <stddef.h>
#include <stdint.h>

#define SEAL_FORMAT 1
#define SEAL_HEADER_BYTES 51
#define SEAL_EXTRA_BYTES 16 /* a sealed body is longer by this */

/* ERR_UNAVAILABLE when the crypto library cannot start. */
int seal_start(void);
void seal_hash(const uint8_t before[STORE_HASH_BYTES], const struct store_row *row, uint8_t ret_hash[STORE_HASH_BYTES]);
/* row->n and row->body are of the sealed body (n = n_plain + SEAL_EXTRA_BYTES). */
void seal_row(const struct store_row *row, const uint8_t key[STORE_KEY_BYTES], const void *plain, uint32_t n_plain,
	      uint8_t *sealed);
/* ERR_BROKEN: not sealed with this key, or changed. plain has row->n - SEAL_EXTRA_BYTES bytes. */
int seal_open_row(const struct store_row *row, const uint8_t key[STORE_KEY_BYTES], uint8_t *plain);
/* A snapshot has a key of its own, used once. */
void seal_snapshot(uint64_t sequence, uint64_t digest, const uint8_t key[STORE_KEY_BYTES], const void *plain, size_t n,
		   uint8_t *sealed);
int seal_open_snapshot(uint64_t sequence, uint64_t digest, const uint8_t key[STORE_KEY_BYTES], const uint8_t *sealed,
		       size_t n, uint8_t *plain);

#endif
