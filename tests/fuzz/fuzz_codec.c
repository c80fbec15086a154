// link: zub_codec
/* Any bytes: refused, or a message that can be written again and then reads the same. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[CODEC_BYTES_MAX], again[CODEC_BYTES_MAX];
	static struct wire_message message, back;
	struct err_detail detail;
	size_t n, n_again;

	if (codec_decode(data, size, &message, &detail))
		return 0;
	assert(codec_encode(&message, bytes, sizeof bytes, &n) == 0);
	assert(codec_decode(bytes, n, &back, &detail) == 0);
	assert(codec_encode(&back, again, sizeof again, &n_again) == 0);
	assert(n == n_again && memcmp(bytes, again, n) == 0);
	return 0;
}
