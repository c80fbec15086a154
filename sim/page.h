/* The report as one HTML page that asks for nothing from outside: German and English, map of the streets, plots with
 * their tables. */
#ifndef ZUB_PAGE_H
#define ZUB_PAGE_H

#include "study.h"
#include <stdio.h>

int page_write(const struct study *study, FILE *out);

#endif
