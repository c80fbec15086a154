/* CURVE key pairs of the vehicle link in files, used by dispatcher and vehicles alike. */
#ifndef ZUB_KEYS_H
#define ZUB_KEYS_H

#include "err.h"

#define KEYS_TEXT 41 /* Z85: 40 characters and NUL */

/* Reads the pair at path (secret, mode 0600) or makes it at first start; the public key is beside it in PATH.pub (one
 * line). Safe against a crash or a second process at any instant. ERR_IO, ERR_FORMAT, ERR_DENIED (others may read the
 * file). */
int link_keys(const char *path, char ret_public[KEYS_TEXT], char ret_secret[KEYS_TEXT], struct err_detail *detail);
/* Reads a public key file. ERR_NOT_FOUND (no such file yet), ERR_IO, ERR_FORMAT. */
int keys_read_public(const char *path, char ret_public[KEYS_TEXT], struct err_detail *detail);
/* Is this 40 characters of Z85 that stand for 32 bytes? */
int keys_valid(const char *text);

#endif
