/* Writing HTML so that nothing from outside can become markup: the format is ours, every text in it is escaped. */
#ifndef ZUB_HTML_H
#define ZUB_HTML_H

#include <stddef.h>

struct evbuffer;

/* Appends `format`: %s a text (escaped; invalid UTF-8 becomes U+FFFD), %d an int, %u an unsigned, %% a percent sign.
 * NULL counts as "". Anything else after % is a mistake of the caller's (assert). */
void html_put(struct evbuffer *out, const char *format, ...);
/* Is it valid UTF-8 without control characters other than tab and line ends? */
int html_text_is_fine(const char *text);

#endif
