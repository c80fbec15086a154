// link: zub_http PkgConfig::libevent_core
/* Text from outside in HTML (html.h): nothing of it is markup, and what comes out is valid UTF-8. */
#include "html.h"
#include <event2/buffer.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct evbuffer *out = evbuffer_new();
	if (!text || !out)
		__builtin_trap();
	memcpy(text, data, size);
	text[size] = 0;
	html_put(out, "%s", text);
	evbuffer_add(out, "", 1);
	const char *written = (const char *)evbuffer_pullup(out, -1);
	if (strpbrk(written, "<>\"'") || !html_text_is_fine(written))
		__builtin_trap();
	if (html_text_is_fine(text) && strlen(written) < strlen(text))
		__builtin_trap();
	evbuffer_free(out);
	free(text);
	return 0;
}
