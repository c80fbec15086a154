/* How fast streets are: what vehicles report on their way, against the times that the core plans with. A pure estimator
 * beside the core; what it finds reaches decisions only as CMD_STREET_SPEEDS, so replay never needs it.
 *
 * Of two states of a vehicle under way to one stop, the time between them is shared out over the arcs of the way
 * between, in proportion to what is known of each (Kaczmarz 1937, in factors instead of sums: several vehicles whose
 * ways overlap tell apart which street it was). Estimates are factors of the usual time, from 0.5 to 4, and decay to 1
 * when nobody drives there. A street is told when it was seen often enough and is slow enough; one that is quicker than
 * the map says never is. Nothing but arcs, factors and counts is kept, and of each vehicle its newest state. */
#ifndef ZUB_PACE_H
#define ZUB_PACE_H

#include "arena.h"
#include "core.h"
#include "dock.h"

struct pace_settings {
	uint32_t every_ms;	    /* between two lists, default 300,000 */
	uint32_t half_life_ms;	    /* of what was seen, default 1,800,000 */
	uint32_t seen_min;	    /* observations of a street before it is told, default 3 */
	uint32_t slow_permille_min; /* slower than this is told, default 1,250 */
};
struct pace;
size_t pace_size(uint32_t vehicles_max);
/* The first tick begins with what the core was told last. Zeros in settings are defaults. ERR_MEMORY. */
int pace_open(struct pace **ret_pace, const struct pace_settings *settings, const struct core *core,
	      uint32_t vehicles_max, struct arena *arena);
/* Looks at the newest states. 1: *ret_command (CMD_STREET_SPEEDS) is to be submitted. */
int pace_tick(struct pace *pace, const struct dock *dock, instant_ms at, struct command *ret_command);
/* The same for one vehicle of a class, for tests: it was at `from`, and after dt_ms at `to`. */
void pace_see(struct pace *pace, uint32_t class_index, struct spot from, struct spot to, uint32_t dt_ms);
/* What is believed of an arc, 1,000 = as usual. */
uint32_t pace_permille(const struct pace *pace, uint32_t arc);

#endif
