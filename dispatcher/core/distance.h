/* Driving times between places, behind one small interface (today: rows of the stop-to-stop matrix, computed at first
 * use and kept, and plain searches for all other spots; later: buckets). Answers depend on the town and the streets set
 * alone, never on what is kept. Whoever stands on a closed street may leave it; nobody is led onto one.
 *
 * Where the town has profiles of the day there are two metrics a class: the hour's, named by the class itself, and one
 * in which every road is as slow as in its slowest profile (distance_slowest), for what lies beyond the hour. */
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
/* From each of n places to each of m (at most 32; n * m at most n_most), NULL left out: ret_results[i * m + k]. */
void distance_matrix(struct distance *distance, uint32_t class_index, const struct place *const *from, uint32_t n,
		     const struct place *to, uint32_t m, struct route_result *ret_results);
/* As distance_scatter, for many stops; the road among equally fast ones may be another. */
void distance_fan(struct distance *distance, uint32_t class_index, const struct place *from,
		  const struct place *const *to, uint32_t n, struct route_result *ret_results);
/* The stop at which a place is, whose row is always there: how long from it to each stop of the town. NONE: not at a
 * stop, on a closed street, or the town has too many stops to keep all rows. */
uint32_t distance_stop(const struct distance *distance, uint32_t class_index, const struct place *place);
/* On a street that is closed: ways from there are searched as if it were open. */
int distance_is_caught(const struct distance *distance, uint32_t class_index, const struct place *place);
/* Of such a stop; borrowed until the streets change. */
const struct route_result *distance_row(struct distance *distance, uint32_t class_index, uint32_t stop);
/* These streets (ascending, valid arcs) are not as in the town file, all others are. All answers follow from then on.
 */
void distance_streets(struct distance *distance, const struct wire_street *streets, uint32_t n);
/* These profiles of the town hold now (town_profiles_at, conditions), those at the slowest (town_profiles_slowest). */
void distance_profiles(struct distance *distance, uint32_t profiles, uint32_t slowest);
/* The metric of a class in which all profiles that can come hold; in a town without any: the class itself. Any function
 * here takes it in place of a class. */
uint32_t distance_slowest(const struct distance *distance, uint32_t class_index);
/* What an arc takes in the hour without any streets set. */
uint32_t distance_usual_ms(const struct distance *distance, uint32_t class_index, uint32_t arc);
/* May it be driven to? */
int distance_is_open(const struct distance *distance, uint32_t class_index, struct spot spot);
/* What driving part_mm of an arc takes now; who stands on a closed one takes what it took before. */
uint32_t distance_part_ms(const struct distance *distance, uint32_t class_index, uint32_t arc, uint32_t part_mm);
/* The arcs driven; as route_path. */
int distance_path(struct distance *distance, uint32_t class_index, struct spot from, struct spot to,
		  struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most);

#endif
