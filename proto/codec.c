#include <string.h>

#include "codec_parts.h"

int codec_encode(const struct wire_message *message, void *bytes, size_t size, size_t *ret_n)
{
	struct codec_pack pack;
	int rc = codec_check(message, NULL);

	if (rc)
		return rc;
	codec_pack(&pack, message);
	size_t n = zubringer__envelope__get_packed_size(&pack.envelope);
	if (n > size)
		return ERR_FULL;
	*ret_n = zubringer__envelope__pack(&pack.envelope, bytes);
	return ERR_OK;
}

int codec_decode(const void *bytes, size_t n, struct wire_message *ret_message, struct err_detail *detail)
{
	struct wire_message message;
	Zubringer__Envelope *envelope;
	int rc;

	if (n > CODEC_BYTES_MAX)
		return err_set(detail, ERR_FORMAT, "message of %zu bytes, expected at most %d", n, CODEC_BYTES_MAX);
	envelope = zubringer__envelope__unpack(NULL, n, bytes);
	if (!envelope)
		return err_set(detail, ERR_FORMAT, "%zu bytes are not an Envelope of zubringer.proto", n);
	rc = codec_unpack(envelope, &message, detail);
	if (!rc)
		rc = codec_check(&message, detail);
	zubringer__envelope__free_unpacked(envelope, NULL);
	if (!rc)
		*ret_message = message;
	return rc;
}
