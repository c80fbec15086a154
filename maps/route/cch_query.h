/* Private to maps/route: searches in a customised hierarchy. */
#ifndef ZUB_CCH_QUERY_H
#define ZUB_CCH_QUERY_H

#include "cch.h"

/* Best labels along a root path: reach[d] = from the start to (or, backward, from) its ancestor of depth d. */
struct cch_climb {
	uint32_t vertex;  /* where it starts; NONE = nowhere */
	uint32_t n;	  /* depth of the start + 1 */
	cch_label *reach; /* [depth_max + 1] */
};

/* Climbs from x, which is at `label`, to its root. */
void cch_climb(const struct cch *cch, const struct cch_side *side, uint32_t x, cch_label label, struct cch_climb *climb);
/* How many depths the root paths of x and y have in common; 0 = different trees. */
uint32_t cch_common(const struct cch *cch, uint32_t x, uint32_t y);

#endif
