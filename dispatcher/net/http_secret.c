#include "http_secret.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINK_BYTES 24
#define MAC_BYTES 16

/* Written beside and linked into place, so that a crash leaves no half file and two starters agree on one. */
static int make_file(const char *path, const void *bytes, size_t n, struct err_detail *detail)
{
	char beside[4096];
	if ((size_t)snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid()) >= sizeof beside)
		return err_set(detail, ERR_RANGE, "%s: path too long", path);
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(detail, ERR_IO, "%s: cannot be made: %s", beside, strerror(errno));
	int failed = write(fd, bytes, n) != (ssize_t)n || fsync(fd) != 0;
	failed |= close(fd) != 0;
	if (!failed && link(beside, path) != 0 && errno != EEXIST)
		failed = 1;
	int why = errno;
	unlink(beside);
	return failed ? err_set(detail, ERR_IO, "%s: cannot be written: %s", path, strerror(why)) : ERR_OK;
}

static int read_file(const char *path, void *bytes, size_t size, size_t *ret_n, struct err_detail *detail)
{
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	ssize_t n = read(fd, bytes, size);
	int failed = n < 0 || fstat(fd, &info) != 0;
	close(fd);
	if (failed)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	if (info.st_mode & 077)
		return err_set(detail, ERR_DENIED, "%s: others may read this secret; expected mode 0600", path);
	*ret_n = (size_t)n;
	return ERR_OK;
}

int http_secret_open(struct http_secret *ret_secret, const char *path, struct err_detail *detail)
{
	uint8_t bytes[HTTP_SECRET_BYTES + 1];
	size_t n = 0;
	if (sodium_init() < 0)
		return err_set(detail, ERR_UNAVAILABLE, "libsodium does not start");
	int code = read_file(path, bytes, sizeof bytes, &n, detail);
	if (code == ERR_NOT_FOUND) {
		randombytes_buf(bytes, HTTP_SECRET_BYTES);
		code = make_file(path, bytes, HTTP_SECRET_BYTES, detail);
		if (code == ERR_OK)
			code = read_file(path, bytes, sizeof bytes, &n, detail);
	}
	if (code)
		return code;
	if (n != HTTP_SECRET_BYTES)
		return err_set(detail, ERR_FORMAT, "%s: expected %d bytes, found %zu", path, HTTP_SECRET_BYTES, n);
	memcpy(ret_secret->key, bytes, HTTP_SECRET_BYTES);
	return ERR_OK;
}

static int make_token(const char *path, struct err_detail *detail)
{
	uint8_t bytes[24];
	char text[sodium_base64_ENCODED_LEN(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING) + 1];
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(text, sizeof text, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	strcat(text, "\n");
	return make_file(path, text, strlen(text), detail);
}

int http_secret_token(const char *path, char ret_token[HTTP_TOKEN_BYTES], struct err_detail *detail)
{
	char text[HTTP_TOKEN_BYTES + 1] = {0};
	size_t n = 0;
	if (sodium_init() < 0)
		return err_set(detail, ERR_UNAVAILABLE, "libsodium does not start");
	int code = read_file(path, text, HTTP_TOKEN_BYTES, &n, detail);
	if (code == ERR_NOT_FOUND) {
		code = make_token(path, detail);
		if (code == ERR_OK)
			code = read_file(path, text, HTTP_TOKEN_BYTES, &n, detail);
	}
	if (code)
		return code;
	size_t line = strcspn(text, "\r\n");
	text[line] = 0;
	if (line < 16 || line >= HTTP_TOKEN_BYTES ||
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~+/=") != line)
		return err_set(detail, ERR_FORMAT, "%s: line 1: expected a token of 16 to %d printable characters",
			       path, HTTP_TOKEN_BYTES - 1);
	memset(ret_token, 0, HTTP_TOKEN_BYTES);
	memcpy(ret_token, text, line);
	return ERR_OK;
}

int http_secret_equal(const char *expected, const char *given)
{
	uint8_t a[32], b[32]; /* hashes: neither length nor place of the first difference shows in the time */
	crypto_generichash(a, sizeof a, (const uint8_t *)expected, strlen(expected), NULL, 0);
	crypto_generichash(b, sizeof b, (const uint8_t *)given, strlen(given), NULL, 0);
	return sodium_memcmp(a, b, sizeof a) == 0;
}

static void keyed(const struct http_secret *secret, const char *purpose, const void *bytes, size_t n, uint8_t *ret_hash,
		  size_t hash_n)
{
	crypto_generichash_state state;
	uint8_t length = (uint8_t)strlen(purpose);
	crypto_generichash_init(&state, secret->key, HTTP_SECRET_BYTES, hash_n);
	crypto_generichash_update(&state, &length, 1);
	crypto_generichash_update(&state, (const uint8_t *)purpose, length);
	crypto_generichash_update(&state, bytes, n);
	crypto_generichash_final(&state, ret_hash, hash_n);
}

static uint64_t get_u64(const uint8_t bytes[8])
{
	uint64_t value = 0;
	for (int i = 7; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

static void put_u64(uint8_t bytes[8], uint64_t value)
{
	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

/* Synthetic nonce: the MAC of the number is the nonce of its encryption, so equal rides have equal links and need no
 * counter. */
void http_secret_link(const struct http_secret *secret, uint64_t ride, char ret_link[HTTP_LINK_CHARS])
{
	uint8_t bytes[LINK_BYTES], stream[16];
	put_u64(bytes + MAC_BYTES, ride);
	keyed(secret, "ride mac", bytes + MAC_BYTES, 8, bytes, MAC_BYTES);
	keyed(secret, "ride stream", bytes, MAC_BYTES, stream, sizeof stream);
	for (int i = 0; i < 8; i++)
		bytes[MAC_BYTES + i] ^= stream[i];
	sodium_bin2base64(ret_link, HTTP_LINK_CHARS, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int http_secret_ride(const struct http_secret *secret, const char *link, uint64_t *ret_ride)
{
	uint8_t bytes[LINK_BYTES], stream[16], mac[MAC_BYTES];
	size_t n = 0;
	if (strlen(link) != HTTP_LINK_CHARS - 1 ||
	    sodium_base642bin(bytes, sizeof bytes, link, HTTP_LINK_CHARS - 1, NULL, &n, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) ||
	    n != LINK_BYTES)
		return ERR_NOT_FOUND;
	keyed(secret, "ride stream", bytes, MAC_BYTES, stream, sizeof stream);
	for (int i = 0; i < 8; i++)
		bytes[MAC_BYTES + i] ^= stream[i];
	keyed(secret, "ride mac", bytes + MAC_BYTES, 8, mac, sizeof mac);
	if (sodium_memcmp(mac, bytes, MAC_BYTES))
		return ERR_NOT_FOUND;
	*ret_ride = get_u64(bytes + MAC_BYTES);
	return ERR_OK;
}

struct command_key http_secret_key(const struct http_secret *secret, const char *scope, const char *path,
				   const char *key)
{
	uint8_t hash[16];
	crypto_generichash_state state;
	const char *parts[] = {"order key", scope, path, key};
	crypto_generichash_init(&state, secret->key, HTTP_SECRET_BYTES, sizeof hash);
	for (int i = 0; i < 4; i++) { /* the NUL between the parts keeps "a" + "bc" apart from "ab" + "c" */
		crypto_generichash_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	struct command_key result = {get_u64(hash), get_u64(hash + 8)};
	if (result.high == 0 && result.low == 0)
		result.low = 1;
	return result;
}

uint64_t http_secret_client(const struct http_secret *secret, const char *who)
{
	uint8_t hash[16];
	keyed(secret, "client", who, strlen(who), hash, sizeof hash);
	uint64_t client = get_u64(hash);
	return client ? client : 1;
}
