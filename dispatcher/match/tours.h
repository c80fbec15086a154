/* The tours of a fleet, door to door, made better all day: each request is answered by best insertion at once; between
 * requests ruin and recreate works on all plans together (strings of neighbouring tasks taken out of plans that lie
 * close, put back one by one where they cost least: Christiaens, Vanden Berghe, Transportation Science 54, 2020).
 * Whoever is not yet picked up may change to any vehicle, whoever is aboard stays; a driving vehicle may be sent
 * elsewhere from the end of the arc that it is on.
 *
 * The rules of stops, seats and plans are those of match_fleet.h. A promise is made once, when a request is answered:
 * departure after the pickup and arrival by the service's limits (rules) or by what was planned then + promise_extra,
 * whichever is later. Nothing breaks it.
 *
 * What it looks for: the least sum, over all plans, of what match_rules make riders' trips cost, plus weighted vehicle
 * time: times (drive_permille + crowd_permille * riders who wait / vehicles) / 1000. An hour of a vehicle is worth more
 * than its own price where riders wait for it.
 *
 * Ways between all open places are kept in tables, filled from hub labels when a request comes. Integers only; the same
 * calls give the same tours. Times as in match_fleet.h. */
#ifndef ZUB_TOURS_H
#define ZUB_TOURS_H

#include "match_fleet.h"

struct tours_options {
	struct match_rules rules;
	uint32_t promise_extra;
	uint32_t n_vehicles;
	uint32_t plan_most;   /* tasks (pickups, drop-offs) of one plan; at least 2 */
	uint32_t riders_most; /* open at a time; at least 1 */
	uint32_t drive_permille, crowd_permille;
	uint32_t worse_most; /* the first step of an improvement may make the sum so much worse, the last not at all */
	uint64_t seed;
};

struct tours_answer {
	uint32_t vehicle;
	int32_t direct;
	int32_t departure, arrival;	      /* after the pickup, at the drop-off, as planned now */
	int32_t departure_most, arrival_most; /* promised */
	int64_t cost;			      /* * 1000 */
};

/* A vehicle drove. is_turn: it left its way there, for it was wanted elsewhere, or nowhere. */
struct tours_leg {
	uint32_t vehicle, from, to; /* arcs */
	int32_t departure, arrival;
	int is_turn;
	uint32_t was_going; /* turns: to this arc */
	int32_t decided;    /* turns: when */
};

/* A rider gets on or off at a stop, which is the end of the leg before, or (pickup) where the vehicle still stood. */
struct tours_visit {
	uint32_t vehicle, rider, arc;
	int is_dropoff;
	int32_t arrival, departure; /* of the stop */
};

struct tours_listener {
	void (*drove)(void *context, const struct tours_leg *leg);
	void (*visited)(void *context, const struct tours_visit *visit);
	void *context;
};

struct tours;
size_t tours_size(const struct route_graph *graph, const struct tours_options *options);
/* Graph and metric, with its weights, are borrowed. ERR_MEMORY; ERR_RANGE: no weights, turn rules (a way over a place
 * would not always be the longer one), or options out of range. */
int tours_open(struct tours **ret_tours, const struct route_graph *graph, const struct route_metric *metric,
	       const struct tours_options *options, struct arena *arena);
/* The listener is copied. */
void tours_listen(struct tours *tours, const struct tours_listener *listener);
/* Each vehicle once, before the first request: it stands at the end of an arc, idle from `start` on. */
void tours_vehicle(struct tours *tours, uint32_t vehicle, uint32_t arc, uint32_t seats, int32_t start, int32_t end);

/* Vehicles do what they do before `now` (never less than before). */
void tours_advance(struct tours *tours, int32_t now);
/* The best insertion becomes plan; `rider` is the caller's number. Time: the last advance. ERR_FULL: too many riders
 * are open; ERR_UNREACHABLE: no vehicle can, or no plan has room. */
int tours_request(struct tours *tours, const struct match_request *request, uint32_t rider,
		  struct tours_answer *ret_answer);
/* So many steps of ruin and recreate at the time of the last advance; then vehicles are sent where the plans say. */
void tours_improve(struct tours *tours, uint32_t steps);

/* Riders not yet there; those not yet picked up. */
uint32_t tours_open_riders(const struct tours *tours);
uint32_t tours_waiting(const struct tours *tours);

struct tours_task {
	uint32_t rider;
	int is_dropoff;
	int32_t departure; /* of its stop */
};
/* What a vehicle will do. Returns the number of tasks; writes at most `most`. */
uint32_t tours_plan(const struct tours *tours, uint32_t vehicle, struct tours_task *ret_tasks, uint32_t most);

struct tours_counts {
	uint64_t steps, kept, better; /* of ruin and recreate: not undone, of these those that made the sum less */
	uint64_t moved;		      /* riders who got another vehicle */
	uint64_t turns;		      /* vehicles sent elsewhere on the way */
	uint64_t tries;		      /* vehicles evaluated for an insertion */
};
struct tours_counts tours_counts(const struct tours *tours);

#endif
