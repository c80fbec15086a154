/* Ways between kept labels (route_hubs.h) and many places close together at once: the places' ways up the hierarchy
 * share nearly all vertices, so each row of times is made once, and a way to all places costs hardly more than one to
 * one. A place is a junction: the end of whatever street leads there. On networks without turn rules. Times as in
 * route_hubs.h.
 */
#ifndef ZUB_ROUTE_FAN_H
#define ZUB_ROUTE_FAN_H

#include "route_hubs.h"

#define ROUTE_FAN_MARK 0x80000000u /* in the vertex of a label: the caller's own, not looked at */

struct route_fan {
	uint32_t n, lanes; /* places; rounded up to 16 */
	uint32_t n_slots;  /* vertices above the places */
	uint32_t *vertex;  /* [n_slots] */
	uint32_t *slot_at; /* [vertices] NONE: none */
	int32_t *to,
		*from; /* [n_slots * lanes] vertex to place, place to vertex, where it is a hub; else ROUTE_HUB_FAR */
	int32_t *to_least; /* [n_slots] of the lanes */
	/* private */
	struct route_hubs *hubs;
	uint32_t slots_most, row_room, n_low, n_common; /* above all places */
	int has_rows, has_from;
	uint32_t *low, *low_at;	   /* slots of low vertices, descending; place in low by slot, NONE: high */
	int32_t *row[2], *far_row; /* from, to: [low * row_room]; [row_room] */
	uint32_t *place;	   /* [n] vertices */
	const int32_t **place_row; /* [lanes] */
	int32_t *least;
	uint32_t *path, *path_slot, path_depth;
	struct route_hub *pair;
};

size_t route_fan_size(const struct route_graph *graph, uint32_t places_most);
/* The hubs are borrowed. ERR_MEMORY; ERR_RANGE: turn rules. */
int route_fan_open(struct route_fan *ret_fan, struct route_hubs *hubs, const struct route_graph *graph,
		   uint32_t places_most, struct arena *arena);
/* At most places_most junctions. */
void route_fan_set(struct route_fan *fan, const uint32_t *nodes, uint32_t n);
/* ret_times[lanes]: from where the label (from) begins to each place; from each place to where the label (to) leads.
 * ROUTE_HUB_FAR or more: no way. */
void route_fan_to(struct route_fan *fan, const struct route_hub *label, uint32_t n, int32_t *ret_times);
void route_fan_from(struct route_fan *fan, const struct route_hub *label, uint32_t n, int32_t *ret_times);
/* The label (route_hubs.h) from, or to, place i, `add` later, as far as it is known already: 0 = ask route_hubs. Low
 * hubs that no fastest way needs may be in it. */
uint32_t route_fan_label(struct route_fan *fan, int is_to, uint32_t i, int32_t add, struct route_hub *ret_label);
/* ret_times[a->n * b->lanes]: from each place of one to each of another. */
void route_fan_between(struct route_fan *a, const struct route_fan *b, int32_t *ret_times);

#endif
