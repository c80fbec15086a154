#include "cch_query.h"

void cch_climb(const struct cch *cch, const struct cch_side *side, uint32_t x, cch_label label, struct cch_climb *climb)
{
	cch_label *reach = climb->reach;
	uint32_t depth = cch->vertex[x].depth;
	climb->vertex = x;
	climb->n = depth + 1;
	for (uint32_t d = 0; d < depth; d++)
		reach[d] = CCH_INFINITE;
	reach[depth] = label;
	for (; x != NONE; x = cch->vertex[x].parent, depth--) {
		cch_label at = reach[depth];
		if (at >= CCH_INFINITE)
			continue;
		const uint32_t end = side->first[x + 1];
		for (uint32_t e = side->first[x]; e < end; e++) {
			cch_label way = at + side->weight[e], *to = &reach[side->depth[e]];
			*to = way < *to ? way : *to;
		}
	}
}

uint32_t cch_common(const struct cch *cch, uint32_t x, uint32_t y)
{
	while (x != y) {
		uint32_t *lower = x < y ? &x : &y;
		*lower = cch->vertex[*lower].parent;
		if (*lower == NONE)
			return 0;
	}
	return cch->vertex[x].depth + 1;
}
