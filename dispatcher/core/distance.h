/* Driving times between places, behind one small interface (today: rows of the stop-to-stop matrix, computed at first
 * use and kept, and plain searches for all other spots; later: buckets). Answers depend on the town alone, never on
 * what is kept. */
#ifndef ZUB_DISTANCE_H
#define ZUB_DISTANCE_H

#include "arena.h"
#include "command.h"
#include "route.h"
#include "town.h"

struct distance;
size_t distance_size(const struct town *town, uint32_t n_most);
/* n_most: places per call at most. ERR_MEMORY. */
int distance_open(struct distance **ret_distance, const struct town *town, uint32_t n_most, struct arena *arena);

struct route_result distance_between(struct distance *distance, uint32_t class_index, const struct place *from,
				     const struct place *to);
/* From each of n places to one, and from one to each of n. A place NULL is left out; its result stays as it was. */
void distance_gather(struct distance *distance, uint32_t class_index, const struct place *const *from, uint32_t n,
		     const struct place *to, struct route_result *ret_results);
void distance_scatter(struct distance *distance, uint32_t class_index, const struct place *from,
		      const struct place *const *to, uint32_t n, struct route_result *ret_results);
/* The arcs driven; as route_path. */
int distance_path(struct distance *distance, uint32_t class_index, struct spot from, struct spot to,
		  struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most);

#endif
