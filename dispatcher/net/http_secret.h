/* Secrets of the HTTP server, from one file of 32 random bytes made at first start (0600): the links of rides, keys of
 * repeated orders, who a client is. Nothing of it stores personal data. */
#ifndef ZUB_HTTP_SECRET_H
#define ZUB_HTTP_SECRET_H

#include "command.h"
#include "err.h"
#include <stdint.h>

#define HTTP_SECRET_BYTES 32
#define HTTP_TOKEN_BYTES 80
#define HTTP_LINK_CHARS 33 /* 24 bytes as base64url, NUL */

struct http_secret {
	uint8_t key[HTTP_SECRET_BYTES];
};

/* Reads the file, or makes it. ERR_IO, ERR_FORMAT, ERR_DENIED (others may read it). */
int http_secret_open(struct http_secret *ret_secret, const char *path, struct err_detail *detail);
/* The operators' token: one line of 16 to 79 printable characters; made when missing. */
int http_secret_token(const char *path, char ret_token[HTTP_TOKEN_BYTES], struct err_detail *detail);
/* Equal in constant time for texts of our length. */
int http_secret_equal(const char *expected, const char *given);

/* The unguessable name of a ride in links: its number encrypted and authenticated, so nothing needs to be stored. */
void http_secret_link(const struct http_secret *secret, uint64_t ride, char ret_link[HTTP_LINK_CHARS]);
int http_secret_ride(const struct http_secret *secret, const char *link, uint64_t *ret_ride); /* ERR_NOT_FOUND */
/* 128 bits of scope (who), path and the client's key. Never 0,0. */
struct command_key http_secret_key(const struct http_secret *secret, const char *scope, const char *path,
				   const char *key);
/* A number for who asks, never 0. */
uint64_t http_secret_client(const struct http_secret *secret, const char *who);

#endif
