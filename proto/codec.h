/* wire.h structs <-> protobuf bytes (zubringer.proto, by protobuf-c; its header stays private to this library). */
#ifndef ZUB_CODEC_H
#define ZUB_CODEC_H

#include "err.h"
#include "wire.h"
#include <stddef.h>

#define CODEC_BYTES_MAX 16384

/* Writes at most `size` bytes. Errors: ERR_FULL (message larger than size), ERR_RANGE (a field out of its range). */
int codec_encode(const struct wire_message *message, void *bytes, size_t size, size_t *ret_n);
/* Errors: ERR_FORMAT (not a message of ours), ERR_VERSION, ERR_RANGE (count, text or enum out of range); *ret_message
 * untouched. */
int codec_decode(const void *bytes, size_t n, struct wire_message *ret_message, struct err_detail *detail);

#endif
