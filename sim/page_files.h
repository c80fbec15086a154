/* Style sheet and script of the report page (sim/page/), built into the program (sim/page/embed.cmake). */
#ifndef ZUB_PAGE_FILES_H
#define ZUB_PAGE_FILES_H

#include <stddef.h>

extern const char page_css[], page_js[];
extern const size_t page_css_size, page_js_size;

#endif
