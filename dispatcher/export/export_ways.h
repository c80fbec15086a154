/* How far vehicles drove: the fastest way between the places they told, one after the other, as the core counts it. */
#ifndef ZUB_EXPORT_WAYS_H
#define ZUB_EXPORT_WAYS_H

#include "err.h"
#include "town.h"

struct ways;
int ways_open(struct ways **ret_ways, struct err_detail *detail);
void ways_close(struct ways *ways);
/* 0 when there is no way. The town stays open until the next call with another one. ERR_MEMORY. */
int ways_mm(struct ways *ways, const struct town *town, uint32_t class_index, struct spot from, struct spot to,
	    uint32_t *ret_mm, struct err_detail *detail);

#endif
