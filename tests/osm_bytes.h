/* OSM PBF written byte by byte, so that tests can write what no writer would. */
#ifndef ZUB_TESTS_OSM_BYTES_H
#define ZUB_TESTS_OSM_BYTES_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
	uint8_t *data;
	size_t n, cap;
};

static inline void bytes_add(struct bytes *bytes, const void *data, size_t n)
{
	if (bytes->n + n > bytes->cap) {
		bytes->cap = (bytes->n + n) * 2 + 64;
		bytes->data = realloc(bytes->data, bytes->cap);
	}
	if (n > 0)
		memcpy(bytes->data + bytes->n, data, n);
	bytes->n += n;
}

static inline void bytes_varint(struct bytes *bytes, uint64_t value)
{
	do {
		uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

		bytes_add(bytes, &byte, 1);
		value >>= 7;
	} while (value);
}

static inline uint64_t bytes_zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline void bytes_number(struct bytes *bytes, uint32_t field, uint64_t value)
{
	bytes_varint(bytes, (uint64_t)field << 3);
	bytes_varint(bytes, value);
}

static inline void bytes_block(struct bytes *bytes, uint32_t field, const void *data, size_t n)
{
	bytes_varint(bytes, (uint64_t)field << 3 | 2);
	bytes_varint(bytes, n);
	bytes_add(bytes, data, n);
}

/* Takes inner: appends it as a field and empties it. */
static inline void bytes_nest(struct bytes *bytes, uint32_t field, struct bytes *inner)
{
	bytes_block(bytes, field, inner->data, inner->n);
	free(inner->data);
	*inner = (struct bytes){0};
}

/* A packed field of numbers, zigzag or plain. */
static inline void bytes_packed(struct bytes *bytes, uint32_t field, const int64_t *values, size_t n, int zigzag)
{
	struct bytes inner = {0};

	for (size_t i = 0; i < n; i++)
		bytes_varint(&inner, zigzag ? bytes_zigzag(values[i]) : (uint64_t)values[i]);
	bytes_nest(bytes, field, &inner);
}

/* One file block: length, BlobHeader, Blob (taken). */
static inline void bytes_blob(struct bytes *file, const char *type, struct bytes *blob)
{
	struct bytes header = {0};
	uint8_t length[4];

	bytes_block(&header, 1, type, strlen(type));
	bytes_number(&header, 3, blob->n);
	for (int i = 0; i < 4; i++)
		length[i] = (uint8_t)(header.n >> (24 - 8 * i));
	bytes_add(file, length, 4);
	bytes_add(file, header.data, header.n);
	bytes_add(file, blob->data, blob->n);
	free(header.data);
	free(blob->data);
	*blob = (struct bytes){0};
}

/* The same with the content (taken) raw. */
static inline void bytes_raw_blob(struct bytes *file, const char *type, struct bytes *content)
{
	struct bytes blob = {0};

	bytes_nest(&blob, 1, content);
	bytes_blob(file, type, &blob);
}

#endif
