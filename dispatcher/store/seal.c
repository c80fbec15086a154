#include "seal.h"

#include <sodium.h>
#include <string.h>

_Static_assert(SEAL_EXTRA_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag length");
_Static_assert(STORE_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key length");
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

int seal_start(void)
{
	return sodium_init() < 0 ? ERR_UNAVAILABLE : ERR_OK;
}

static uint8_t *put(uint8_t *at, unsigned width, uint64_t value)
{
	for (unsigned i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> (8 * i));
	return at + width;
}

static void header_bytes(const struct store_row *row, uint8_t header[SEAL_HEADER_BYTES])
{
	uint8_t *at = header;
	at = put(at, 1, SEAL_FORMAT);
	at = put(at, 1, row->type);
	at = put(at, 1, row->commit_end);
	at = put(at, 4, row->area);
	at = put(at, 4, row->epoch);
	at = put(at, 4, row->engine_version);
	at = put(at, 8, row->sequence);
	at = put(at, 8, row->ride);
	at = put(at, 8, (uint64_t)row->at);
	at = put(at, 8, row->digest);
	put(at, 4, row->n);
}

static void nonce_bytes(const struct store_row *row, uint8_t nonce[NONCE_BYTES])
{
	memset(nonce, 0, NONCE_BYTES);
	put(put(put(nonce, 8, row->sequence), 4, row->epoch), 4, row->area);
}

void seal_hash(const uint8_t before[STORE_HASH_BYTES], const struct store_row *row, uint8_t ret_hash[STORE_HASH_BYTES])
{
	uint8_t header[SEAL_HEADER_BYTES];
	crypto_generichash_state state;
	header_bytes(row, header);
	crypto_generichash_init(&state, NULL, 0, STORE_HASH_BYTES);
	crypto_generichash_update(&state, before, STORE_HASH_BYTES);
	crypto_generichash_update(&state, header, sizeof header);
	crypto_generichash_update(&state, row->body, row->n);
	crypto_generichash_final(&state, ret_hash, STORE_HASH_BYTES);
}

void seal_row(const struct store_row *row, const uint8_t key[STORE_KEY_BYTES], const void *plain, uint32_t n_plain,
	      uint8_t *sealed)
{
	uint8_t header[SEAL_HEADER_BYTES], nonce[NONCE_BYTES];
	header_bytes(row, header);
	nonce_bytes(row, nonce);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, plain, n_plain, header, sizeof header, NULL, nonce,
						   key);
}

int seal_open_row(const struct store_row *row, const uint8_t key[STORE_KEY_BYTES], uint8_t *plain)
{
	uint8_t header[SEAL_HEADER_BYTES], nonce[NONCE_BYTES];
	header_bytes(row, header);
	nonce_bytes(row, nonce);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, row->body, row->n, header, sizeof header,
						       nonce, key))
		return ERR_BROKEN;
	return ERR_OK;
}

void seal_snapshot(uint64_t sequence, uint64_t digest, const uint8_t key[STORE_KEY_BYTES], const void *plain, size_t n,
		   uint8_t *sealed)
{
	uint8_t header[16], nonce[NONCE_BYTES] = {0};
	put(put(header, 8, sequence), 8, digest);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, plain, n, header, sizeof header, NULL, nonce, key);
}

int seal_open_snapshot(uint64_t sequence, uint64_t digest, const uint8_t key[STORE_KEY_BYTES], const uint8_t *sealed,
		       size_t n, uint8_t *plain)
{
	uint8_t header[16], nonce[NONCE_BYTES] = {0};
	put(put(header, 8, sequence), 8, digest);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, n, header, sizeof header, nonce, key))
		return ERR_BROKEN;
	return ERR_OK;
}
