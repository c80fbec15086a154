/* Private to maps/route: searches in a customised hierarchy (elimination tree queries). */
#ifndef ZUB_CCH_QUERY_H
#define ZUB_CCH_QUERY_H

#include "cch.h"

/* Best labels along a root path: reach[d] = from the start to (or, backward, from) its ancestor of depth d. */
struct cch_climb {
	uint32_t vertex;  /* where it starts; NONE = nowhere */
	cch_label *reach; /* [depth_max + 1] */
};

/* Where a search may end, or start: a vertex and what is left to drive from there. */
struct cch_seed {
	uint32_t vertex;
	cch_label label;
};

#define CCH_PINS 64

/* Climbs of several places at once, by vertex, so that a sweep up one root path meets them in passing. */
struct cch_pins {
	uint32_t n, most, stride;
	uint32_t *vertex; /* [most] ascending */
	uint32_t *place;  /* [most] what the caller calls it */
	cch_label *reach; /* [most * stride], row = slot */
	uint32_t *slot;	  /* [most] row of reach */
};

struct cch_search {
	const struct cch *cch;
	struct cch_climb forward, backward;
	uint32_t *by[2]; /* [depth_max + 1] forward, backward: the upward arc that reached a depth */
	uint32_t *stack; /* [depth_max + 4] arcs to unpack */
	struct cch_pins pins;
};

/* From the network alone, before it is opened. */
size_t cch_search_size(const struct network *network);
int cch_search_open(struct cch_search **ret_search, const struct cch *cch, struct arena *arena);

/* Climbs from a seed to its root. */
void cch_climb(const struct cch *cch, const struct cch_side *side, struct cch_seed seed, struct cch_climb *climb);
/* How many depths the root paths of x and y have in common; 0 = different trees. */
uint32_t cch_common(const struct cch *cch, uint32_t x, uint32_t y);

size_t cch_pins_size(const struct network *network, uint32_t most);
int cch_pins_open(struct cch_pins *pins, const struct cch *cch, uint32_t most, struct arena *arena);
/* Adds a seed for the caller's `place`; the caller keeps to `most`. */
void cch_pins_add(struct cch_pins *pins, const struct cch *cch, const struct cch_side *side, struct cch_seed seed,
		  uint32_t place);
/* labels[place] = min(itself, way over a common ancestor) for each pin. */
void cch_pins_meet(const struct cch_pins *pins, const struct cch *cch, const struct cch_climb *climb,
		   cch_label *labels);

/* A shortest way between two seeds, edge by edge: the arcs driven, both ends' own arcs left out. Counts on from *ret_n,
 * writes as far as `most`. */
cch_label cch_path(struct cch_search *search, const struct route_weights *weights, struct cch_seed from,
		   struct cch_seed to, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most);

/* The arc of the network that this upward arc stands for, or NONE. slot as in cch_base. */
uint32_t cch_arc_of(const struct route_weights *weights, uint32_t slot, cch_label weight);
/* Unpacks over lower triangles: y -> z is y -> x -> z for some x below both. */
void cch_unpack_one(const struct route_weights *weights, uint32_t slot, uint32_t ret_slots[2]);

/* Takes all seeds of the caller's `place` out. */
void cch_pins_remove(struct cch_pins *pins, uint32_t place);

/* --- what route.h asks (cch_route.c) --- */
void cch_to_many(struct cch_search *search, const struct route_weights *weights, struct spot from,
		 const struct spot *to, uint32_t n, struct route_result *ret_results);
void cch_from_many(struct cch_search *search, const struct route_weights *weights, const struct spot *from, uint32_t n,
		   struct spot to, struct route_result *ret_results);
void cch_matrix(struct cch_search *search, const struct route_weights *weights, const struct spot *from,
		uint32_t n_from, const struct spot *to, uint32_t n_to, struct route_result *ret_results);
int cch_route(struct cch_search *search, const struct route_weights *weights, struct spot from, struct spot to,
	      struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most);

/* --- spots as seeds --- */

struct cch_seed cch_seed_from(const struct route_weights *weights, struct spot from);
/* Walks the seeds of a spot to end on. */
struct cch_ends {
	const struct route_weights *weights;
	uint32_t arc, state; /* NONE = no more */
	uint32_t back;	     /* round: edge backward of the state */
	int is_round, by_state;
	cch_label part, whole; /* whole: to be taken from what is found */
};
struct cch_ends cch_ends_of(const struct route_weights *weights, struct spot to, int is_round);
int cch_ends_next(struct cch_ends *ends, struct cch_seed *ret_seed);
int cch_spot_ok(const struct route_weights *weights, struct spot spot);
/* The search of a query object. */
struct cch_search *route_query_search(struct route_query *query);

#endif
