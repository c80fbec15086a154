/* Private to dispatcher/match: what the tours are made of. */
#ifndef ZUB_TOURS_STATE_H
#define ZUB_TOURS_STATE_H

#include "heap.h"
#include "rng.h"
#include "tours.h"
#include "units.h"

#define TOURS_UNKNOWN (-1)
#define TOURS_SCALE 1000 /* of costs */

/* Tasks 2 r and 2 r + 1 are the pickup and the drop-off of rider r, and name their places, too. */
struct task {
	uint32_t place;
	int32_t departure; /* of its stop; tasks at one place in a row share a stop */
	int32_t limit;	   /* latest departure promised */
	int32_t knee;	   /* departures after this cost more */
	int32_t slack;	   /* how much later all from here on may come */
	int32_t near;	   /* how much later none from here on passes its knee */
	uint32_t rate;	   /* what a tick later costs them all, now */
	uint32_t load;	   /* aboard when it leaves */
};

/* A vehicle: it stands, or drives, from its start. */
struct tour {
	uint32_t n;		/* tasks */
	uint32_t seats, aboard; /* at the start */
	int32_t end;		/* of service */
	uint32_t arc;		/* its start */
	int32_t came, leave;	/* idle: may leave at `leave` or later */
	int is_stop;		/* riders get on or off there until `leave` */
	uint32_t heading;	/* arc of the next stop as vehicles know it; NONE: idle */
	int32_t heading_arrival;
	int32_t turn_asked; /* for when the turn is known; -1: for never */
	struct route_hub_place turn;
	uint32_t n_label, n_turn_label;
	uint32_t stamp; /* touched by this step */
	int is_changed; /* since vehicles were told */
};

enum rider_state { RIDER_NONE, RIDER_WAITS, RIDER_ABOARD };

struct tours_rider {
	enum rider_state state;
	uint32_t number, vehicle;
	int32_t time, direct;
	uint32_t listed; /* where in open[] */
	uint32_t tried;	 /* steps begun with it since it got its place */
};

struct tours_place {
	uint32_t arc;
	int32_t limit, knee; /* of departures */
	uint32_t n_from, n_to;
};

/* The place from which a fan is spread; NONE: from none. */
struct tours_fan {
	int32_t *at; /* [vertices] */
	const struct route_hub *label;
	uint32_t n, place;
};

struct tours {
	struct tours_options options;
	int32_t stop, now;
	uint32_t drive_permille; /* what vehicle time weighs now */
	struct route_hubs *hubs;
	struct tours_listener listener;
	struct rng rng;
	uint32_t n_vehicles, n_places, n_columns, label_most;
	struct tour *tour;	   /* [n_vehicles] */
	struct task *task;	   /* [n_vehicles * plan_most] */
	struct tours_rider *rider; /* [riders_most] */
	struct tours_place *place; /* [n_places] */
	uint32_t *open, n_open;	   /* riders; the waiting ones first */
	uint32_t n_waiting;
	uint32_t *unused, n_unused; /* riders */
	int32_t *ready;		    /* [n_vehicles] not before this can it leave its start; set by tours_weigh */
	uint32_t *candidate;	    /* [n_vehicles] scratch */
	struct heap events;	    /* vehicles by a time not after that of their next stop */
	/* Ways. Between places with the stop at the end of them (0: the same place); from vehicles' starts without. */
	int32_t *way_to;	     /* [n_places * n_columns] row = to; columns: starts of vehicles, places */
	int32_t *way_from;	     /* [n_places * n_places] row = from */
	int32_t *turn_way;	     /* [n_vehicles * n_places] from the turn of a driving vehicle; TOURS_UNKNOWN */
	struct route_hub *from, *to; /* [n_places * label_most] */
	struct route_hub *start_label, *turn_label; /* [n_vehicles * label_most] */
	struct tours_fan fan[2];		    /* to a place; from a place */
	/* a step */
	uint32_t stamp, n_touched, *touched; /* vehicles */
	struct tour *old_tour;		     /* [n_vehicles] by touched */
	struct task *old_task;		     /* [n_vehicles * plan_most] by touched */
	int64_t *old_cost;
	uint32_t *removed, n_removed; /* riders */
	uint32_t *old_vehicle;	      /* [riders_most] of the removed */
	uint64_t *key;		      /* [riders_most] scratch */
	struct tours_counts counts;
};

static inline struct task *tours_tasks(const struct tours *tours, uint32_t vehicle)
{
	return tours->task + (size_t)vehicle * tours->options.plan_most;
}

static inline int tours_is_driving(const struct tours *tours, const struct tour *tour)
{
	return tour->heading != NONE && tour->leave <= tours->now;
}

static inline const int32_t *tours_row_to(const struct tours *tours, uint32_t place)
{
	return tours->way_to + (size_t)place * tours->n_columns + tours->n_vehicles;
}

static inline const int32_t *tours_row_starts(const struct tours *tours, uint32_t place)
{
	return tours->way_to + (size_t)place * tours->n_columns;
}

static inline const int32_t *tours_row_from(const struct tours *tours, uint32_t place)
{
	return tours->way_from + (size_t)place * tours->n_places;
}

/* --- tours_places.c: ways --- */
int places_open(struct tours *tours, const struct route_graph *graph, const struct route_metric *metric,
		struct arena *arena);
size_t places_size(const struct route_graph *graph, const struct tours_options *options);
/* A rider's two places are open: ways to and from all others. */
void places_add(struct tours *tours, uint32_t rider);
/* The vehicle stands at the end of an arc, wherever that is. */
void places_start(struct tours *tours, uint32_t vehicle);
/* The vehicle's start is now this place; or where it turns. */
void places_reached(struct tours *tours, uint32_t vehicle, uint32_t place);
void places_turned(struct tours *tours, uint32_t vehicle);
/* Where a driving vehicle may turn. */
struct route_hub_place places_turn(struct tours *tours, uint32_t vehicle);
/* When a vehicle can be at a place if it goes there next. */
int32_t places_arrival(struct tours *tours, uint32_t vehicle, uint32_t place);
/* When it can go. */
static inline int32_t places_leave(struct tours *tours, uint32_t vehicle)
{
	const struct tour *tour = &tours->tour[vehicle];
	if (tours_is_driving(tours, tour))
		return places_turn(tours, vehicle).time;
	return tour->leave > tours->now ? tour->leave : tours->now;
}

/* --- tours_plan.c: one plan --- */
/* Sets the columns of the tasks; ready ones are those before `first`. */
void plan_measure(struct tours *tours, uint32_t vehicle, uint32_t first);
int64_t plan_cost(struct tours *tours, uint32_t vehicle);
struct plan_spot {
	int64_t cost; /* INT64_MAX: none */
	uint32_t vehicle, i, j;
};
/* Where a waiting rider fits best; may_join: into a stop that a vehicle makes now, too. `skip`: a few vehicles are
 * passed over, other ones for each value but 0. */
struct plan_spot plan_find(struct tours *tours, uint32_t rider, int may_join, uint32_t skip);
/* Where the vehicle drops its rider best. */
struct plan_spot plan_find_dropoff(struct tours *tours, uint32_t rider);
/* Puts the rider's tasks in, before tasks i and j of the plan as it is; is_aboard: the drop-off alone. ERR_FULL. */
int plan_insert(struct tours *tours, uint32_t rider, const struct plan_spot *spot);
/* Takes the rider's tasks out. */
void plan_remove(struct tours *tours, uint32_t rider);
/* Before any search: what vehicle time weighs now, and ready[]. */
void tours_weigh(struct tours *tours);
/* A vehicle is told: it may have to turn. */
void tours_tell(struct tours *tours, uint32_t vehicle);

#endif
