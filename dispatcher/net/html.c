#include "html.h"
#include <assert.h>
#include <event2/buffer.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at text, 0 = not valid UTF-8 (too long a form, surrogate, cut off). */
static size_t character(const unsigned char *text)
{
	if (text[0] < 0x80)
		return 1;
	size_t n = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
	uint32_t point = text[0] & (0xffu >> (n + 1));
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (text[0] < 0xc2 || text[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3fu);
	}
	return point < least[n] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : n;
}

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

static int is_control(unsigned char c)
{
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

static void put_text(struct evbuffer *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)(text ? text : "");
	while (*at) {
		size_t n = character(at);
		const char *escape = escape_of(*at);
		if (n == 0 || is_control(*at))
			escape = "\xef\xbf\xbd";
		evbuffer_add(out, escape ? (const void *)escape : (const void *)at, escape ? strlen(escape) : n);
		at += n ? n : 1;
	}
}

void html_put(struct evbuffer *out, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	for (const char *at = format; *at;) {
		size_t plain = strcspn(at, "%");
		evbuffer_add(out, at, plain);
		at += plain;
		if (!*at)
			break;
		switch (at[1]) {
		case 's':
			put_text(out, va_arg(arguments, const char *));
			break;
		case 'd':
			evbuffer_add_printf(out, "%d", va_arg(arguments, int));
			break;
		case 'u':
			evbuffer_add_printf(out, "%u", va_arg(arguments, unsigned));
			break;
		default:
			assert(at[1] == '%');
			evbuffer_add(out, "%", 1);
		}
		at += 2;
	}
	va_end(arguments);
}

int html_text_is_fine(const char *text)
{
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		size_t n = character(at);
		if (n == 0 || is_control(*at))
			return 0;
		at += n;
	}
	return 1;
}
