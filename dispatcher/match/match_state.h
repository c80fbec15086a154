/* Private to dispatcher/match. */
#ifndef ZUB_MATCH_STATE_H
#define ZUB_MATCH_STATE_H

#include "heap.h"
#include "match_bucket.h"
#include "match_fleet.h"
#include "route_signs.h"
#include "units.h"

#define MATCH_FAR ROUTE_HUB_FAR
#define MATCH_INDEXED 0x80000000u /* in the vertex of a kept label: the leg has an entry there */

enum match_kind { KIND_LEG, KIND_BUSY, KIND_IDLE, KIND_COUNT };

/* Columns of plans: [vehicle * plan_most + position]. */
struct match_plans {
	uint32_t *id;
	int32_t *arrival, *departure;
	int32_t *ready;	 /* not away before: somebody is still walking there */
	int32_t *most;	 /* latest arrival that the riders who get on or off here bear */
	int32_t *slack;	 /* how much later all from here on may come */
	uint16_t *load;	 /* riders aboard when it leaves */
	uint16_t *after; /* riders who get off here or later */
};

/* Columns by stop id. */
struct match_stops {
	uint32_t *arc, *vehicle, *place; /* position in its plan */
	uint32_t *next, *previous;	 /* others at the same arc, or free ids */
	uint32_t *n_from, *n_to;
	struct route_hub *from, *to; /* [id * label_most] */
	const struct route_sign **start, **end;
	int32_t *room;	    /* keys of its leg's entries are time - room; MATCH_FAR: no entries */
	uint32_t *loose_at; /* place in the list of legs without entries of their own; NONE */
};

/* Ways from one end of the request, or to it, by hub. */
struct match_fan {
	struct route_hub *label;
	uint32_t n;
	int32_t *at; /* [vertices] MATCH_FAR where there is no hub */
};

/* What a leg that can take in the pickup is waiting for, dearest last. */
enum match_stage {
	STAGE_LEG,  /* least cost by lower bounds of ways */
	STAGE_TURN, /* the leg that the vehicle is on: least cost by the way from where the leg began */
};

/* From a stop to the pickup, as the legs' buckets say; to the drop-off, once asked. */
struct match_near {
	uint32_t stamp;
	int32_t time;
};

struct match {
	struct match_rules rules;
	struct route_hubs *hubs;
	struct route_signs *signs;
	match_reached reached;
	void *context;
	uint32_t n_vehicles, plan_most, n_ids, label_most, free_id;
	/* vehicles */
	uint32_t *n_stops, *seats;
	int32_t *end;
	int32_t *last_key; /* what its last stop's keys are above the times: departure; 0 idle; MATCH_FAR: no entries */
	uint32_t *
		last_at; /* [n_vehicles * label_most] places of its entries in the heaps at the hubs of its last stop */
	struct match_plans plan;
	struct match_stops stop;
	uint32_t *arc_head; /* [n_hash] first stop at an arc of this hash */
	uint32_t hash_mask;
	struct heap events; /* vehicles by when they reach their next stop, or fall idle */
	struct match_pool pool;
	struct match_bucket (*bucket)[KIND_COUNT];		       /* [vertices] */
	uint32_t *loose_legs, n_loose_legs, *loose_last, n_loose_last; /* ids, vehicles */
	uint32_t *loose_last_at;				       /* [n_vehicles] */
	/* the request at hand */
	struct match_request request;
	int32_t direct;
	int32_t ride, ready, walk; /* pickup to drop-off; when the rider is at the pickup; on foot from the drop-off */
	struct match_fan pickup_to, pickup_from, dropoff_to, dropoff_from;
	struct match_answer best;
	int32_t idle_most, busy_most; /* no more may cost it to the pickup: time from now; arrival */
	uint32_t stamp;
	struct match_near *near[2]; /* [n_ids] pickup, dropoff */
	uint32_t *found, n_found;   /* [n_ids] legs that can take in the pickup */
	struct heap waiting;	    /* of them, by the least that they can cost */
	uint8_t *stage;		    /* [n_ids] enum match_stage, of those */
	const struct route_sign *pickup_start, *dropoff_start, *dropoff_end;
	struct route_hub *label; /* [label_most] scratch */
	int32_t *onward;	 /* [label_most] scratch */
	int32_t *leg;		 /* [plan_most + 2] scratch */
	struct match_counts counts;
	struct match_walk *walker; /* NULL: riders do not walk */
};

static inline size_t match_at(const struct match *match, uint32_t vehicle, uint32_t position)
{
	return (size_t)vehicle * match->plan_most + position;
}

static inline struct route_hub *match_from(const struct match *match, uint32_t id)
{
	return match->stop.from + (size_t)id * match->label_most;
}

static inline struct route_hub *match_to(const struct match *match, uint32_t id)
{
	return match->stop.to + (size_t)id * match->label_most;
}

static inline int match_is_driving(const struct match *match, uint32_t vehicle, int32_t now)
{
	return match->n_stops[vehicle] > 1 && match->plan.departure[match_at(match, vehicle, 0)] <= now;
}

/* Is this stop one at which a pickup adds no stop of its own? */
static inline int match_takes_pickup(const struct match *match, uint32_t vehicle, uint32_t position)
{
	size_t at = match_at(match, vehicle, position);
	return match->stop.arc[match->plan.id[at]] == match->request.from &&
	       (position > 0 || match->plan.departure[at] > match->request.time);
}

/* How long it stands at a stop for somebody who is still walking there: not the plan's first. */
static inline int32_t match_waits(const struct match *match, size_t at)
{
	return match->plan.departure[at] - match->plan.arrival[at] - (int32_t)match->rules.stop;
}

/* Between a kept label and a fan that goes the other way. */
static inline int32_t match_way(const struct route_hub *label, uint32_t n, const struct match_fan *fan)
{
	int32_t best = MATCH_FAR;
	for (uint32_t i = 0; i < n; i++) {
		int32_t way = label[i].time + fan->at[label[i].vertex & ~MATCH_INDEXED];
		best = way < best ? way : best;
	}
	return best;
}

/* From a kept stop to an end of the request; from an end of the request on to a kept stop. */
static inline int32_t match_way_to(struct match *match, uint32_t id, uint32_t arc, const struct match_fan *fan)
{
	match->counts.ways++;
	return match->stop.arc[id] == arc ? 0 : match_way(match_from(match, id), match->stop.n_from[id], fan);
}

static inline int32_t match_way_on(struct match *match, uint32_t arc, uint32_t id, const struct match_fan *fan)
{
	match->counts.ways++;
	return match->stop.arc[id] == arc ? 0 : match_way(match_to(match, id), match->stop.n_to[id], fan);
}

static inline uint32_t *match_arc_head(const struct match *match, uint32_t arc)
{
	return &match->arc_head[(arc * 2654435761u >> 7) & match->hash_mask];
}

/* --- match_index.c: stops by arc and by hub --- */
void index_stop(struct match *match, uint32_t id);
void index_stop_end(struct match *match, uint32_t id);
/* The leg from this stop to the next of its plan, inside its ellipse; none where there is no time for a stop. */
void index_leg(struct match *match, uint32_t id);
void index_leg_end(struct match *match, uint32_t id);
/* The last stop of a plan, with the key that it needs now; changes as little as possible. */
void index_last(struct match *match, uint32_t vehicle, int is_idle);
void index_last_end(struct match *match, uint32_t vehicle);

/* --- match_search.c --- */
void find_fan_clear(struct match_fan *fan);
void find_fan_set(struct match_fan *fan, uint32_t n); /* of its label */
/* The leg from this stop can take in a pickup that is `time` away. */
void find_leg(struct match *match, uint32_t id, int32_t time);
/* The leg that its vehicle is on? Then it may turn off where it is. */
int find_is_turn(const struct match *match, uint32_t id);
/* Unless the least that it can cost is too much. */
void find_wait(struct match *match, uint32_t id, enum match_stage stage, int64_t least);
/* May this answer take the place of the best? */
int find_is_better(const struct match_answer *best, uint32_t vehicle, uint32_t i, uint32_t j, int64_t cost);

/* --- match_walk.c --- */
struct match_options;
size_t walk_size(const struct route_graph *graph, const struct match_options *options);
int walk_open(struct match *match, const struct route_graph *graph, const struct match_options *options,
	      struct arena *arena);

/* --- match_turn.c: where a driving vehicle may turn off --- */
struct match_turn {
	uint32_t arc;
	int32_t time;
};
struct match_turn turn_of(struct match *match, uint32_t vehicle, int32_t now);

#endif
