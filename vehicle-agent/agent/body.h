/* A kinematic vehicle behind the driving interface: follows the fastest path of its class at the road's speed (the very
 * times of the town file, but for the streets that the
 * plan names), with a battery. Pure; time comes in. Faults can be injected by the simulator. */
#ifndef ZUB_BODY_H
#define ZUB_BODY_H

#include "agent.h"

struct body;
struct body_options {
	uint32_t class_index;
	uint32_t battery_wh, charge_w, wh_per_km;
	uint32_t slow_permille; /* drives slower than the map says: 0 = exact, 100 = 10 % slower */
	struct spot start;
	uint16_t battery_permille;
	uint32_t *times; /* [n_arcs] the class's times of the town file, shared by bodies of one thread and class
			    and changed only within a search; NULL = a copy of its own from the arena */
	struct route_query *query; /* scratch shared by bodies of one thread; NULL = one of its own from the arena */
	/* for the simulator's books (may be NULL): so much of an arc has been driven, each mm once, in order */
	void (*drove)(void *self, uint32_t arc, uint32_t mm);
	void *drove_self;
};
/* Bytes of arena for one body, without the query scratch (route_query_size(graph), when options.query is NULL). */
size_t body_size(const struct town *town);
/* graph is shared read-only; query scratch from the arena unless given. ERR_RANGE (class, start), ERR_MEMORY. */
int body_open(struct body **ret_body, const struct body_options *options, const struct town *town,
	      const struct route_graph *graph, struct arena *arena);
/* A GO with a new leg also ends a minimal-risk condition (the supervisor has approved going on), never a dead vehicle.
 */
void body_command(struct body *body, const struct drive_command *command, instant_ms now);
/* Advances to `now` (service time) and reports. charging: stands at a charger. */
void body_step(struct body *body, instant_ms now, int charging, struct body_report *ret_report);
/* From now on streets take these times in truth ([n_arcs] of its class, borrowed; infinite where the town file's are),
 * whatever the map says; NULL = as the town file has them. Not saved. */
void body_truth(struct body *body, const uint32_t *truth, instant_ms now);
/* When, if nothing new is commanded, it will next arrive; INT64_MAX when standing. For discrete-event simulation. */
instant_ms body_next(const struct body *body);
enum body_fault { BODY_FAULT_NONE, BODY_FAULT_MRC, BODY_FAULT_DEAD };
void body_inject(struct body *body, enum body_fault fault, const char *reason, instant_ms now);
/* Another town: stands at this spot of it, with the battery and the faults it had. For saving; it is loaded into a body
 * opened on that town. */
void body_stand_at(struct body *body, struct spot spot);
int body_save(const struct body *body, void *bytes, size_t size, size_t *ret_n);
int body_load(struct body *body, const void *bytes, size_t n, struct err_detail *detail);

#endif
