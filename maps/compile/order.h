/* The contraction order of a network for maps/route/cch.h: nested dissection (METIS), its chordal supergraph and
 * elimination tree. It depends on the streets and turn rows only, never on times. Deterministic. */
#ifndef ZUB_ORDER_H
#define ZUB_ORDER_H

#include "build.h"

/* Fills order, up_first and up_head of the network. ERR_MEMORY. */
int order_build(struct build *build, struct network *network);

#endif
