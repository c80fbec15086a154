/* Private to the agent: little-endian state files. A writer that ran out of room and a reader that ran out of bytes or
 * met a value beyond its bound say so once at the end (`failed`), so that code between reads as a list of fields. */
#ifndef ZUB_BYTES_H
#define ZUB_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire.h"

struct bytes_out {
	uint8_t *bytes;
	size_t n, size; /* n counts on past size: what would have been needed */
};
struct bytes_in {
	const uint8_t *bytes;
	size_t at, n;
	int failed;
};

static inline void bytes_put(struct bytes_out *out, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++, value >>= 8)
		if (out->n++ < out->size)
			out->bytes[out->n - 1] = (uint8_t)value;
}

static inline void bytes_put_block(struct bytes_out *out, const void *block, size_t n)
{
	if (out->n + n <= out->size)
		memcpy(out->bytes + out->n, block, n);
	out->n += n;
}

/* A value of at most `most`, else the reader fails and 0 comes back. */
static inline uint64_t bytes_get(struct bytes_in *in, unsigned width, uint64_t most)
{
	uint64_t value = 0;

	if (in->failed || in->n - in->at < width)
		return in->failed = 1, 0;
	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)in->bytes[in->at + i] << (8 * i);
	in->at += width;
	if (value > most)
		return in->failed = 1, 0;
	return value;
}

static inline void bytes_get_block(struct bytes_in *in, void *block, size_t n)
{
	if (in->failed || in->n - in->at < n) {
		in->failed = 1;
		memset(block, 0, n);
		return;
	}
	memcpy(block, in->bytes + in->at, n);
	in->at += n;
}

static inline uint8_t bytes_get_u8(struct bytes_in *in, uint8_t most)
{
	return (uint8_t)bytes_get(in, 1, most);
}

static inline uint16_t bytes_get_u16(struct bytes_in *in, uint16_t most)
{
	return (uint16_t)bytes_get(in, 2, most);
}

static inline uint32_t bytes_get_u32(struct bytes_in *in, uint32_t most)
{
	return (uint32_t)bytes_get(in, 4, most);
}

static inline uint64_t bytes_get_u64(struct bytes_in *in)
{
	return bytes_get(in, 8, UINT64_MAX);
}

static inline int64_t bytes_get_i64(struct bytes_in *in)
{
	return (int64_t)bytes_get(in, 8, UINT64_MAX);
}

/* A street of a plan; what vehicles found is told by the highest bit. */
#define BYTES_SEEN UINT32_C(0x80000000)
static inline void bytes_put_street(struct bytes_out *out, const struct wire_street *street)
{
	bytes_put(out, street->arc, 4);
	bytes_put(out, street->slow_permille | (street->seen ? BYTES_SEEN : 0), 4);
}

static inline void bytes_get_street(struct bytes_in *in, struct wire_street *ret_street)
{
	ret_street->arc = bytes_get_u32(in, UINT32_MAX);
	uint32_t slow = bytes_get_u32(in, BYTES_SEEN + WIRE_SLOW_MAX);
	ret_street->seen = slow >= BYTES_SEEN;
	ret_street->slow_permille = slow & ~BYTES_SEEN;
	if (ret_street->slow_permille > WIRE_SLOW_MAX)
		in->failed = 1;
}

#endif
