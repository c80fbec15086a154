/* The map of the report: streets from the town file, how many vehicles drove over them, stops with their waits, where
 * nobody was picked up. SVG, with tables of the greatest beside it. */
#ifndef ZUB_PAGE_MAP_H
#define ZUB_PAGE_MAP_H

#include "study.h"
#include <stdio.h>

int page_map_write(const struct study *study, FILE *out);

#endif
