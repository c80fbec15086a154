#include "err.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const texts[] = {
#define X(code, text) text,
	ERR_TABLE(X)
#undef X
};

const char *err_text(int code)
{
	if (code < 0 || code >= ERR_COUNT)
		return "unknown error code";
	return texts[code];
}

int err_set(struct err_detail *detail, int code, const char *format, ...)
{
	if (!detail)
		return code;
	/* Formatted aside first: an argument may be the old text itself ("%s: %s" to add a file name). */
	char text[sizeof detail->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < sizeof text; i++) {
		unsigned char byte = (unsigned char)text[i];
		/* one line, whatever a hostile file had in its names */
		detail->text[i] = byte && (byte < 0x20 || byte == 0x7f) ? ' ' : text[i];
		if (!byte)
			break;
	}
	return code;
}
