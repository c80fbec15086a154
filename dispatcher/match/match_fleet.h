/* Best insertion of a rider into the plans of a fleet, door to door, by buckets in the contraction hierarchy: LOUD
 * (Buchhold, Sanders, Wagner, ALENEX 2021) and KaRRi (Laupichler, Sanders, ALENEX 2024), with hub labels
 * (maps/route/route_hubs.h) in place of upward searches.
 *
 * Kept, and changed piece by piece with the plans:
 * - for each leg of a plan that has time to spare for one more stop, entries at the hubs from its first stop, but only
 *   at hubs inside its ellipse (way there + way on + a stop <= leg + slack), ordered by what is left of the slack: a
 *   pickup's label meets the few legs that can take it in, and stops reading a bucket at the first that cannot;
 * - for each last stop of a plan, entries at all its hubs: idle vehicles ordered by time, busy ones by their arrival at
 *   the hub, read no further than the best found so far allows.
 * So no request looks at all vehicles. What a leg can cost at least is told by lower bounds of ways from landmarks
 * (maps/route/route_signs.h); legs are looked at in that order, until it is more than the best found. Then every pair
 * of positions is evaluated exactly unless a bound says that it cannot be better; ways that it needs beyond the buckets
 * (to a drop-off, on to the next stop) are each one walk over a kept label. Where a driving vehicle may turn off is
 * found in the one shortcut of its way that spans the moment, and only where the way from its last stop, which is no
 * longer, would win.
 *
 * The rules are those of "loud": stops take a fixed time; riders on plans are hard (departure after pickup, arrival,
 * seats, end of service), a shift of zero is always allowed; plans are as early as can be; a driving vehicle may turn
 * off at the end of the arc that it is on. The cost of a rider with request time t and direct time d is
 *   added time of the vehicle at the end of its plan
 *   + trip (arrival - t) + late_weight * what it exceeds d * trip_permille / 1000 + trip_extra
 *   + what the departure after pickup exceeds t + wait_most
 *   + added trip time of the riders on the plan.
 * Ties go to the lowest vehicle, then pickup position, then drop-off position.
 *
 * Times are whole numbers ("ticks") in the unit of the metric; instants count from any zero, all under 2^29. A place is
 * the end of an arc. */
#ifndef ZUB_MATCH_FLEET_H
#define ZUB_MATCH_FLEET_H

#include "route_hubs.h"

struct match_rules {
	uint32_t stop;	    /* at least 1 */
	uint32_t wait_most; /* departure after pickup by request + this */
	uint32_t trip_permille, trip_extra;
	uint32_t late_weight;
	uint32_t walk_weight; /* what each tick on foot costs besides being part of the trip */
};

struct match_options {
	struct match_rules rules;
	uint32_t n_vehicles;
	uint32_t plan_most;  /* stops of one plan, the one it stands at included; at least 3 */
	uint32_t stops_most; /* of all plans; at least n_vehicles */
	/* of all buckets; 0: a guess that has always been enough. What finds no room is looked at by every request. */
	uint32_t entries_most;
	uint32_t places_most; /* where riders may be met, at each end of a request; 0: they do not walk */
};

struct match_request {
	uint32_t from, to; /* two arcs */
	int32_t time;
};

struct match_answer {
	uint32_t vehicle; /* NONE: nobody can */
	uint32_t pickup_after, dropoff_after;
	int32_t direct;
	int64_t cost;
	/* match_find_places: where the rider is met and set down, and the ways on foot there and from there */
	uint32_t from, to;
	int32_t walk_to, walk_from;
};

struct match_stop {
	uint32_t id; /* until the vehicle has left it; then it is given to another stop */
	uint32_t arc;
	int32_t arrival, departure;
};

/* A vehicle has come to `at` from `from`: a stop, or (is_turn) a place where it leaves its way for a new stop. */
typedef void (*match_reached)(void *context, uint32_t vehicle, const struct match_stop *from,
			      const struct match_stop *at, int is_turn);

struct match;
size_t match_size(const struct route_graph *graph, const struct match_options *options);
/* Graph and metric, with its weights, are borrowed. ERR_MEMORY; ERR_RANGE: no weights, or options out of range. */
int match_open(struct match **ret_match, const struct route_graph *graph, const struct route_metric *metric,
	       const struct match_options *options, struct arena *arena);
void match_listen(struct match *match, match_reached reached, void *context);
/* Each vehicle once, before the first request: it stands at the end of an arc, idle from `start` on. */
void match_vehicle(struct match *match, uint32_t vehicle, uint32_t arc, uint32_t seats, int32_t start, int32_t end);

/* Vehicles do what they do before `now` (never less than before). */
void match_advance(struct match *match, int32_t now);

/* The best answer; nothing changes but scratch. In steps, so that each can be measured: labels, last stops, legs that
 * can take in pickup or drop-off, pairs of positions. */
void match_find_labels(struct match *match, const struct match_request *request);
void match_find_last(struct match *match);
void match_find_legs(struct match *match);
void match_find_pairs(struct match *match, struct match_answer *ret_answer);
static inline void match_find(struct match *match, const struct match_request *request, struct match_answer *ret_answer)
{
	match_find_labels(match, request);
	match_find_last(match);
	match_find_legs(match);
	match_find_pairs(match, ret_answer);
}

/* Riders who walk (KaRRi): pickup and drop-off are chosen together with the vehicle, among junctions within walking
 * distance of the two ends, at the end of any street that leads there; exact over all combinations of two different
 * junctions. The rider is there at t + walk, and a vehicle that comes sooner waits; later delays use up what it waits.
 * The trip is from t to the arrival on foot; the direct time is still that from door to door; walk_weight counts both
 * walks once more. Promised is that the vehicle has come and stopped by t + wait_most, or as planned.
 * A fleet with places_most is always asked by this. For networks without turn rules: match_open says ERR_RANGE. */
struct match_place {
	uint32_t node;
	int32_t walk;
};
struct match_walks {
	struct match_place *pickup, *dropoff; /* each junction once; at most places_most */
	uint32_t n_pickup, n_dropoff;
};
void match_find_places(struct match *match, const struct match_request *request, const struct match_walks *walks,
		       struct match_answer *ret_answer);

/* Makes the answer of the last find part of the plan. ret_stops[2]: pickup, drop-off. ERR_FULL: more stops than there
 * is room for; nothing has changed. */
int match_take(struct match *match, const struct match_answer *answer, struct match_stop ret_stops[2]);

/* The plan: stop 0 is where the vehicle is, or left last. Returns the number of stops; writes at most `most`. */
uint32_t match_plan(const struct match *match, uint32_t vehicle, struct match_stop *ret_stops, uint32_t most);

struct match_counts {
	uint64_t last_entries, leg_entries; /* read */
	uint64_t legs;			    /* that may take in a pickup or a drop-off */
	uint64_t pairs, ways;		    /* evaluated; single ways asked for that */
	uint64_t turns;			    /* vehicles asked where they are */
	uint64_t added;			    /* entries put into buckets */
	uint32_t loose;			    /* legs and last stops without room in the buckets, now */
};
struct match_counts match_counts(const struct match *match);

#endif
