/* The inside of the core: its columns and the small functions that every part uses. Private to this folder.
 *
 * Rides, vehicles, cases, notices and supervisors are kept in the very structs that core.h shows, beside columns of
 * what only the core needs (`*_more`). A plan here is the list that is planned with: promised tasks and those reserved
 * for an open offer (tentative); what vehicles and views see are its promised tasks alone.
 *
 * Times. `now` is the time of the command, or of the timer that runs. All times of a plan follow from its start
 * (plan_start), its legs and the promises; they are kept only for views, and recomputed before anything is decided. */
#ifndef ZUB_STATE_H
#define ZUB_STATE_H

#include "core.h"
#include "hash.h"
#include "route.h"
#include <assert.h>
#include <string.h>

#define REFUSALS_KEPT 4
#define ENDS_MAX 32	   /* places tried at each end of a ride: all within the walk limit, the nearest of more */
#define PATH_ARCS_MAX 1024 /* longest leg that can be left before its end */
#define LATE_LOOK_MS 30000 /* a plan that does not go on is looked at this often */

enum phase { PHASE_STANDING = 0, PHASE_DRIVING = 1, PHASE_AT_STOP = 2 };

struct ride_more {
	uint32_t vehicle; /* slot of the vehicle whose plan or cabin holds it, or NONE */
	uint8_t used;
	uint8_t reserved;     /* its tasks are in that plan, tentatively */
	uint8_t outcome_said; /* UPD_OUTCOME is out */
	uint8_t evidence;
	uint8_t late_said;
	uint8_t review; /* look whether its promise still holds (late trip) */
	uint8_t step_free;
	uint8_t shared;
	uint8_t pickup_missed; /* the vehicle came after the window */
	uint8_t undone;
	uint8_t needs_case;   /* the case table was full */
	uint8_t replaced;     /* broken once; the promise shown is the next best that was found */
	uint32_t boarding_ms; /* of the whole party, also for alighting */
	uint32_t direct_ms;
	uint32_t coming_ms; /* granted by "I am coming" */
	instant_ms evidence_at;
	instant_ms told_pickup;		    /* the pickup time the rider was last told */
	instant_ms ready;		    /* not before this can the rider be at the stop; follows a late trip */
	instant_ms retry_at;		    /* no new attempt to move it before */
	instant_ms since;		    /* in the plan of this vehicle */
	uint32_t refused_by[REFUSALS_KEPT]; /* numbers of vehicles that refused a plan with it; when full: of all */
	uint8_t n_refused;
};

struct task_more {
	uint32_t ride; /* slot, or NONE */
	uint8_t tentative;
	uint32_t dwell_ms;
	uint32_t far_ms;  /* what the task's drive_ms is beyond the border of the hour (hours.c) */
	instant_ms worst; /* with the no-show waits of schedule.h: arrival (pickup) or end (drop-off) */
};

struct vehicle_more {
	uint8_t used;
	uint8_t phase;	      /* enum phase */
	uint8_t dirty;	      /* within a step: the plan changed and must be told */
	uint8_t said;	      /* within a step: UPD_VEHICLE is due */
	uint8_t review;	      /* waiting riders must be moved to other vehicles at review_at */
	uint8_t review_cause; /* enum cause */
	uint8_t last_cause;   /* newest journaled deviation, for the outcome of rides made late by it */
	uint8_t charging;
	uint8_t cleans;	  /* knows how to be cleaned (wire_hello) */
	uint8_t down;	  /* bit 0: minimal-risk condition, bit 1: fault; both can last at once */
	uint8_t refusing; /* any plan, it has another town file: until it says hello or takes one */
	uint8_t leaving;  /* asked out of service; becomes out when nobody is aboard */
	instant_ms review_at;
	instant_ms last_cause_at;
	uint64_t last_cause_ride; /* whose wait it was; 0 = nobody's */
	instant_ms at_since;	  /* AT_STOP: arrived */
	instant_ms unwatched_at;  /* without a supervisor since; INSTANT_NONE */
	struct place leg_to;	  /* DRIVING: from the anchor at anchor_at to here */
	uint32_t leg_ms, leg_mm;
	uint8_t leg_far;		      /* measured as what lies beyond the border of the hour */
	uint32_t head_from_arc, head_from_mm; /* where the leg to the first task starts */
	uint64_t approval_request;
	instant_ms used_ms, used_at; /* time in service since it was cleaned, counted until used_at */
	instant_ms clean_from;	     /* being cleaned since; INSTANT_NONE */
	uint32_t n;		     /* tasks planned, tentative ones included */
};

struct vehicle_path { /* derived: arcs of the current leg and the time to the end of each, turns left out */
	uint32_t n;
	uint32_t arc[PATH_ARCS_MAX];
	uint32_t end_ms[PATH_ARCS_MAX];
};

struct kept_plans { /* of the vehicles of a proposal, as they were before it; task after task, vehicle after vehicle */
	uint32_t n, n_tasks;
	uint32_t slot[COMMAND_PLANS_MAX], first[COMMAND_PLANS_MAX + 1], first_free[COMMAND_PLANS_MAX];
	uint32_t head_from_arc[COMMAND_PLANS_MAX], head_from_mm[COMMAND_PLANS_MAX];
	uint64_t mm[COMMAND_PLANS_MAX];
	instant_ms ends_at[COMMAND_PLANS_MAX]; /* end of its last task */
	struct core_task tasks[COMMAND_PLAN_TASKS_MAX];
	struct task_more more[COMMAND_PLAN_TASKS_MAX];
	instant_ms value[COMMAND_PLAN_TASKS_MAX], worst[COMMAND_PLAN_TASKS_MAX], begin[COMMAND_PLAN_TASKS_MAX];
	instant_ms ride_ms[COMMAND_PLAN_TASKS_MAX]; /* drop-off: since the end of boarding */
	uint32_t was[COMMAND_PLAN_TASKS_MAX];	    /* of the new order: which task of these it is */
	uint8_t used[COMMAND_PLAN_TASKS_MAX];
	int64_t cost;
};

struct kept_key {
	struct command_key key;
	struct upd_result result;
};
struct trip_delay {
	struct trip_key trip;
	int32_t arrival_late_s, departure_late_s;
	uint8_t cancelled;  /* enum trip_call */
	instant_ms over_at; /* may be forgotten then */
};

struct timers {			/* binary heap over rides, then vehicles; ties to the lower item */
	instant_ms *at;		/* by item; INT64_MAX = not in the heap */
	uint32_t *heap, *place; /* place: by item, NONE = not in the heap */
	uint32_t n;
};

enum item_kind {
	ITEM_RIDE,
	ITEM_VEHICLE,
	ITEM_CASE,
	ITEM_NOTICE,
	ITEM_KEY,
	ITEM_DELAY,
	ITEM_SUPERVISOR,
	ITEM_CLOSURE,
	ITEM_SPEEDS,
	ITEM_DEMAND,
	ITEM_FAIR,
	ITEM_HEAD,
	ITEM_KINDS
};

struct distance;
struct search;

#define DEMAND_HOURS (7 * 24)
#define FORECAST_ZONES_MAX 64
struct demand_hour {	   /* what was asked in one hour of the week */
	uint32_t yyyymmdd; /* newest day in it */
	uint16_t count[FORECAST_ZONES_MAX];
};
#define FAIR_ALL 0  /* need 0 is a seat: its group stands for all riders */
struct fair_group { /* fading, see fair.c */
	uint32_t asked, refused, boarded, wait_s;
	uint32_t weight; /* of its riders' waits, permille */
};
struct forecast { /* derived from the town */
	uint32_t n_zones;
	uint32_t middle[FORECAST_ZONES_MAX];	/* the virtual stop around which a zone lies */
	uint32_t *zone_of;			/* [n_stops], or NONE */
	uint32_t prior[24][FORECAST_ZONES_MAX]; /* share of each zone, in millionths */
};

struct core {
	struct core_settings settings;
	const struct town *town, *next_town;
	struct place (*place_on)(void *self, struct geo_point point);
	void *place_on_self;
	struct arena own_half[2], *town_half[2]; /* core_town_open: the present town's, and that of the one after it */
	int half;
	struct route_graph *walk_graph;
	struct route_query *walk_query;
	struct route_weights *walk_weights;
	struct distance *distance;
	struct search *search;
	struct forecast *forecast;
	struct demand_hour *demand; /* [DEMAND_HOURS] by weekday and hour */
	instant_ms rebalance_at;    /* not before */
	struct fair_group fair[TOWN_NEEDS_MAX];
	instant_ms fair_at; /* it fades next */

	uint8_t started, paused;
	uint8_t untimed; /* within a step: the streets are others, and not all plans are timed by them yet */
	uint32_t epoch;
	instant_ms now;
	instant_ms restored_at; /* newest start again from the journal */
	struct core_figures figures;
	uint64_t next_case, next_notice;

	/* rides by slot; `ride_order` lists used slots densely for views */
	struct core_ride *rides;
	struct ride_more *rides_more;
	uint32_t *ride_order, *ride_place, *ride_free;
	uint32_t n_rides, n_ride_free;
	struct hash_map ride_map;   /* number -> slot */
	struct hash_map client_map; /* client -> slot of its open request */

	/* vehicles by slot; order ascending by number */
	struct core_vehicle *vehicles;
	struct vehicle_more *vehicles_more;
	struct vehicle_path *paths;
	struct core_task *tasks; /* [vehicles_max * plan_tasks_max], as planned */
	struct task_more *tasks_more;
	struct core_task *views; /* [vehicles_max * plan_tasks_max], promised ones */
	uint32_t *vehicle_order;
	uint32_t n_vehicles;
	struct hash_map vehicle_map;

	struct core_case *cases;
	uint32_t n_cases;
	struct core_notice *notices;
	uint32_t n_notices;
	struct core_supervisor *supervisors;
	uint32_t n_supervisors, supervisors_max;
	struct kept_key *keys; /* ring */
	uint32_t n_keys, next_key;
	struct hash_map key_map;
	struct trip_delay *delays;
	uint32_t n_delays;
	struct core_closure closures[CORE_CLOSURES_MAX]; /* ascending number */
	uint32_t n_closures;
	struct core_speeds speeds;
	instant_ms
		hours_at;  /* the distances are of the hour that this instant lies in; INSTANT_NONE = not yet of any */
	instant_ms border; /* derived: when that hour ends; INT64_MAX = never */
	uint32_t conditions;			      /* of the town (town_conditions) that hold */
	struct wire_street streets[WIRE_STREETS_MAX]; /* derived: what they say together */
	uint32_t n_streets;

	struct timers timers;

	/* digest: sum of the hashes of all items, kept up by what a step touched */
	uint64_t digest;
	uint64_t *item_hash;
	uint32_t *touched;
	uint8_t *is_touched;
	uint32_t n_touched, n_items, item_base[ITEM_KINDS];
	uint8_t *scratch; /* encoding of one item */

	struct kept_plans *kept; /* scratch of proposal.c */
	struct updates *updates; /* of the step under way */
	struct upd_result result;
};

/* ---- core.c ---- */
struct update *core_say(struct core *core, uint16_t kind);
void core_touch(struct core *core, enum item_kind kind, uint32_t index); /* before or after a change, within the step */
static inline void core_touch_ride(struct core *core, uint32_t ride)
{
	core_touch(core, ITEM_RIDE, ride);
}
static inline void core_touch_vehicle(struct core *core, uint32_t vehicle)
{
	core_touch(core, ITEM_VEHICLE, vehicle);
}
/* Room for one more piece of due work, whatever it says? */
int core_has_room(const struct core *core);
static inline uint32_t core_slot(const struct core *core, uint32_t number)
{
	return number ? hash_map_get(&core->vehicle_map, number) : NONE;
}
static inline uint32_t core_ride_slot(const struct core *core, uint64_t ride)
{
	return ride ? hash_map_get(&core->ride_map, ride) : NONE;
}
static inline struct core_task *core_tasks(const struct core *core, uint32_t vehicle)
{
	return core->tasks + (size_t)vehicle * core->settings.plan_tasks_max;
}
static inline struct task_more *core_tasks_more(const struct core *core, uint32_t vehicle)
{
	return core->tasks_more + (size_t)vehicle * core->settings.plan_tasks_max;
}
static inline instant_ms later(instant_ms a, instant_ms b)
{
	return a > b ? a : b;
}
static inline instant_ms sooner(instant_ms a, instant_ms b)
{
	return a < b ? a : b;
}
static inline int place_same(const struct place *a, const struct place *b)
{
	return a->road.arc == b->road.arc && a->road.offset_mm == b->road.offset_mm;
}
/* Instants far outside of any calendar would overflow sums. */
#define INSTANT_SANE (INT64_C(1) << 50)
static inline int instant_sane(instant_ms at)
{
	return at > -INSTANT_SANE && at < INSTANT_SANE;
}
int core_place_valid(const struct core *core, const struct place *place); /* indices within the town */
void core_key_index(struct core *core, uint32_t slot);
/* Copies a text field, always ending it; both sides are fixed arrays. */
void core_text(char *to, size_t size, const char *from);

int core_town_fits(const struct core *core, const struct town *town);
int core_town_open(struct core *core,
		   const struct town *town); /* routing and search over a town; replaces the old ones */

/* ---- time.c ---- */
int timers_open(struct timers *timers, struct arena *arena, uint32_t n_items);
void timers_set(struct timers *timers, uint32_t item, instant_ms at);
void time_ride(struct core *core, uint32_t ride); /* sets its timer from its state */
void time_vehicle(struct core *core, uint32_t vehicle);
void time_run(struct core *core, instant_ms until); /* what is due, as far as there is room */

/* ---- promise.c: the numbers of a promise ---- */
uint32_t promise_window_ms(const struct core *core);
uint32_t promise_lead_ms(const struct core *core);
uint32_t promise_margin_ms(const struct core *core);
uint32_t promise_extra_ms(const struct core *core, uint32_t direct_ms);
uint32_t promise_ride_max_ms(const struct core *core, uint32_t direct_ms);
int promise_in_hours(const struct core *core, instant_ms at, instant_ms *ret_until, instant_ms *ret_next);

/* ---- plan.c ---- */
struct sequence;
struct times;
void plan_start(const struct core *core, uint32_t vehicle, struct place *ret_place, instant_ms *ret_at);
/* When a vehicle that charges, or is on its way to, must go for its next rider, charged or not; INT64_MAX = need not.
 */
instant_ms plan_charge_ends_at(const struct core *core, uint32_t vehicle);
/* The plan as schedule.h takes it, from now; task k's step is steps[k]. */
void plan_sequence(struct core *core, uint32_t vehicle, struct sequence *ret_sequence);
uint32_t plan_first_free(const struct core *core,
			 uint32_t vehicle); /* first position where something may be inserted */
uint32_t plan_find(const struct core *core, uint32_t vehicle, uint32_t ride,
		   uint8_t kind); /* index of a task, or NONE */
void plan_put(struct core *core, uint32_t vehicle, uint32_t ride, uint32_t pickup_at, uint32_t dropoff_at,
	      int tentative);
void plan_put_dropoff(struct core *core, uint32_t vehicle, uint32_t ride); /* of a rider aboard, where it costs least */
void plan_shed(struct core *core, uint32_t vehicle);
int plan_put_depot(struct core *core, uint32_t vehicle, uint8_t kind); /* with nothing else to do; 1 = it goes */
void plan_put_park(struct core *core, uint32_t vehicle, const struct place *place); /* idle, waits there */
/* Tasks before a place where it would only wait. */
uint32_t plan_n_serving(const struct core *core, uint32_t vehicle);
/* Charges or is cleaned before the first pickup of the plan, for least_ms at least, when it is there before that rider
 * can be all the same; 1 = it does. */
int plan_put_between(struct core *core, uint32_t vehicle, uint8_t kind, uint32_t least_ms);
void plan_drop_ride(struct core *core, uint32_t vehicle, uint32_t ride);
void plan_drop_task(struct core *core, uint32_t vehicle, uint32_t index);
void plan_first(struct core *core, uint32_t vehicle, uint32_t index);
void plan_relink(struct core *core, uint32_t vehicle); /* measures all legs anew */
void plan_retime(struct core *core, uint32_t vehicle);
void plan_changed(struct core *core, uint32_t vehicle); /* told at the end of the step */
void plan_flush(struct core *core);
void plan_leg(struct core *core, uint32_t vehicle, const struct place *from,
	      instant_ms at);			       /* sets off to the first promised task */
void plan_detour(struct core *core, uint32_t vehicle); /* under way: its place now becomes the begin of the leg */
void plan_count_mm(struct core *core, uint32_t vehicle, uint32_t mm); /* driven */
struct route_result plan_leg_rest(const struct core *core, uint32_t vehicle, const struct place *from);
void plan_path(struct core *core, uint32_t vehicle); /* derives the path of the current leg */
void plan_view(struct core *core, uint32_t vehicle); /* refreshes what core_plan shows */
/* Does a vehicle that stands at task k serve it already? Not a pickup that is still far ahead. */
int plan_is_due(const struct core *core, uint32_t vehicle, uint32_t k);
void plan_mark_arrived(struct core *core, uint32_t vehicle);
instant_ms plan_ready(const struct core *core, uint32_t ride); /* not before this does boarding begin */
instant_ms plan_no_show_at(const struct core *core, uint32_t ride, instant_ms arrived_at);

/* ---- ride.c ---- */
uint32_t ride_new(struct core *core, uint64_t number); /* slot, or NONE = full */
void ride_say(struct core *core, uint32_t ride);
int ride_open(uint8_t state); /* neither finished nor refused */
void ride_close(struct core *core, uint32_t ride, uint8_t state);
void ride_promise(struct core *core, uint32_t ride, uint32_t offer);
void ride_unreserve(struct core *core, uint32_t ride);
void ride_end_offers(struct core *core); /* all that stand: the streets they were made for are no more */
void ride_leave_plan(struct core *core, uint32_t ride);
void ride_at_stop(struct core *core, uint32_t ride, instant_ms at);
void ride_taken_out(struct core *core, uint32_t ride, const char *by);
void ride_still_aboard(struct core *core, uint32_t ride, uint32_t vehicle);
void ride_boarded(struct core *core, uint32_t ride, uint32_t vehicle, instant_ms at, uint8_t evidence);
void ride_alighted(struct core *core, uint32_t ride, instant_ms at);
int ride_refused_by(const struct core *core, uint32_t ride, uint32_t vehicle); /* it is not offered there again */
int ride_move(struct core *core, uint32_t ride,
	      uint8_t cause); /* to the best other vehicle within its promise; 1 = moved */
/* Out of its plan, then to the best place in any plan, also that of its own vehicle; 1 = moved, else it is in none. */
int ride_move_anywhere(struct core *core, uint32_t ride);
void ride_move_or_break(struct core *core, uint32_t ride, uint8_t cause);
void ride_break(struct core *core, uint32_t ride, uint8_t cause);      /* and the next best promise, if there is one */
void ride_say_broken(struct core *core, uint32_t ride, uint8_t cause); /* outcome, case, notice; the plan stays */
void ride_outcome(struct core *core, uint32_t ride, int kept, uint8_t cause);
uint8_t ride_late_cause(const struct core *core, uint32_t ride);
int ride_cancel(struct core *core, const struct cmd_cancel *cancel);
int ride_coming(struct core *core, const struct cmd_ride *command);
int ride_evidence(struct core *core, const struct cmd_board_evidence *evidence);
int ride_no_show_undo(struct core *core, const struct cmd_ride *command);
void ride_due(struct core *core, uint32_t ride);

/* ---- request.c ---- */
#define WALK_GOALS_MAX 32
/* Millimetres on foot from a spot to each of at most WALK_GOALS_MAX others, or with `from` from each to it; NONE = no
 * way. */
void walk_distances(const struct core *core, struct spot at, const struct spot *spots, uint32_t n, int from,
		    uint32_t *ret_mm);
struct place stop_place(const struct core *core, uint32_t stop); /* of a virtual stop */
int request_take(struct core *core, const struct cmd_request *request);
int request_accept(struct core *core, const struct cmd_accept *accept);

/* ---- vehicle.c, event.c ---- */
int vehicle_enrol(struct core *core, const struct cmd_vehicle_enrol *enrol);
int vehicle_release(struct core *core, const struct cmd_vehicle_release *release);
int vehicle_shift(struct core *core, const struct cmd_vehicle_shift *shift);
int vehicle_order(struct core *core, const struct cmd_vehicle_order *order);
int vehicle_link(struct core *core, const struct cmd_vehicle_link *link);
int vehicle_hello(struct core *core, const struct cmd_vehicle_hello *hello);
int vehicle_plan_ack(struct core *core, const struct cmd_vehicle_plan_ack *ack);
int vehicle_states(struct core *core, const struct cmd_fleet_states *states);
int vehicle_event(struct core *core, const struct cmd_vehicle_event *event);
void vehicle_say(struct core *core, uint32_t vehicle); /* UPD_VEHICLE at the end of the step */
void vehicle_set_service(struct core *core, uint32_t vehicle, uint8_t service);
void vehicle_review(struct core *core, uint32_t vehicle, uint8_t cause, instant_ms at); /* move its waiting riders */
void vehicle_move_late(struct core *core, uint32_t vehicle); /* those it will reach too late, where another can */
void vehicle_due(struct core *core, uint32_t vehicle);
void vehicle_rest(struct core *core, uint32_t vehicle); /* nothing to do: charge, park or stay */
void vehicle_deviated(struct core *core, uint32_t vehicle, uint8_t cause);
/* May new riders be promised this vehicle? 0, or the enum refusal that says why not. */
uint8_t vehicle_refuses(const struct core *core, uint32_t vehicle);
void vehicle_drop_aboard(struct core *core, uint32_t vehicle, uint64_t ride);
instant_ms vehicle_ends_at(const struct core *core, uint32_t vehicle); /* release or shift, whichever is sooner */

int vehicle_is_low(const struct core *core, uint32_t vehicle); /* on energy: it charges when it has nothing to do */
/* Fewer than `slots` (0 = any number) on this errand at its depot? */
int vehicle_depot_free(const struct core *core, uint32_t vehicle, uint8_t kind, uint32_t slots);

/* ---- cleaning.c ---- */
struct ask;
void cleaning_count(struct core *core, uint32_t vehicle);	       /* before its service or shift changes */
instant_ms cleaning_due_at(const struct core *core, uint32_t vehicle); /* INT64_MAX = never */
int cleaning_overdue(const struct core *core, uint32_t vehicle, instant_ms at); /* and not on its way to it */
int cleaning_refuses(const struct core *core, uint32_t vehicle, const struct ask *ask);
int cleaning_rest(struct core *core, uint32_t vehicle);			 /* 1 = it goes to be cleaned now */
int cleaning_after_shift(struct core *core, uint32_t vehicle);		 /* likewise, out of service */
instant_ms cleaning_looks_at(const struct core *core, uint32_t vehicle); /* when cleaning_rest is next asked */
void cleaning_yield(struct core *core, uint32_t vehicle); /* not cleaned, when a promise would be broken by it */
void cleaning_ended(struct core *core, uint32_t vehicle, instant_ms at);

/* ---- supervision.c ---- */
int supervision_sign_on(struct core *core, const struct cmd_duty *duty);
int supervision_sign_off(struct core *core, const struct cmd_duty *duty);
int supervision_accept(struct core *core, const struct cmd_duty *duty);
int supervision_approval(struct core *core, const struct cmd_approval *approval);
uint32_t supervision_find(const struct core *core, const char *who); /* index, or NONE */
void supervision_assign(struct core *core, uint32_t vehicle);	     /* gives it to one with room, when it has none */

/* ---- cases.c, notices.c ---- */
int case_new(struct core *core, uint8_t kind, uint64_t ride, uint32_t vehicle,
	     const char *note); /* ERR_FULL; one open case per kind, ride and vehicle */
void case_end(struct core *core, uint8_t kind, uint64_t ride, uint32_t vehicle, uint8_t outcome, const char *note);
int case_open_for(const struct core *core, uint64_t ride);
int case_full(const struct core *core);
int case_own(struct core *core, const struct cmd_case *command);
int case_close(struct core *core, const struct cmd_case *command);
void notice_new(struct core *core, uint8_t kind, uint32_t ride, instant_ms about);
int notice_state(struct core *core, const struct cmd_notice_state *command);

/* ---- connection.c ---- */
int connection_delay(struct core *core, const struct cmd_trip_delay *delay);
/* Live arrival and departure at the stop time a key names. ERR_NOT_FOUND; ERR_GONE = cancelled. */
int connection_times(const struct core *core, const struct trip_key *key, instant_ms *ret_arrival,
		     instant_ms *ret_departure);
void connection_review(struct core *core, uint32_t ride); /* a tied ride after a delay */
void connection_review_all(struct core *core);		  /* after a new timetable */

/* ---- closure.c ---- */
int closure_take(struct core *core, const struct cmd_closure *command);
int closure_speeds(struct core *core, const struct cmd_street_speeds *command);
int closure_condition(struct core *core, const struct cmd_condition *command);
void closure_reach(struct core *core);	/* the places of all rides and plans, after other streets are closed */
void closure_due(struct core *core);	/* ends those whose time is over */
void closure_timer(struct core *core);	/* after the hours were set */
int closure_derive(struct core *core);	/* the streets from the closures, after a snapshot; ERR_RANGE */
void closure_forget(struct core *core); /* a new town file: each becomes a person's task */

/* ---- proposal.c ---- */
int proposal_take(struct core *core, const struct cmd_improve *improve);
int64_t proposal_rest_ms(const struct core *core, uint32_t vehicle);   /* of its way, when it has nothing left to do */
uint64_t proposal_range_mm(const struct core *core, uint32_t vehicle); /* what its battery is good for */
/* May this plan be changed? Not that of a vehicle that goes to wait somewhere, nor while somebody thinks about an offer
 * in it: the vehicle does not set off for him yet, so what is ahead is not what will be. */
int proposal_open(const struct core *core, uint32_t vehicle);
/* May a promised rider leave the vehicle that he is to board at pickup_at; may another have him? */
int proposal_may_leave(const struct core *core, uint32_t ride, instant_ms pickup_at);
int proposal_may_carry(const struct core *core, uint32_t ride, uint32_t from, uint32_t to);

/* ---- forecast.c: where riders are expected; rebalance.c: who idles goes there ---- */
size_t forecast_size(const struct town *town);
int forecast_open(struct forecast **ret_forecast, const struct town *town, struct arena *arena);
void forecast_fill(struct forecast *forecast, const struct town *town);
uint32_t forecast_zone(const struct forecast *forecast, const struct town *town, struct geo_point point); /* or NONE */
void forecast_learn(struct core *core, struct geo_point from, instant_ms at);	      /* somebody wishes to leave */
void forecast_forget(struct core *core);					      /* its zones are others now */
void forecast_weights(const struct core *core, instant_ms at, uint64_t *ret_weights); /* [n_zones] */
int rebalance_may_go(const struct core *core, uint32_t vehicle);
void rebalance_run(struct core *core);

/* ---- fair.c ---- */
void fair_open(struct core *core);
void fair_asked(struct core *core, const struct core_ride *ride, uint8_t refusal); /* 0 = answered with offers */
void fair_boarded(struct core *core, const struct core_ride *ride, uint64_t wait_ms);
uint32_t fair_weight(const struct core *core, const struct core_ride *ride); /* of its wait, permille */

/* ---- hours.c ---- */
#define NO_WAY_MS 7200000u			  /* a leg that has become impossible: late, never forgotten */
void hours_set(struct core *core, instant_ms at); /* the distances are of the hour of `at` from now on */
void hours_due(struct core *core);
/* For who sets out at `at`: the metric of a class (distance.h) by which a leg is measured. */
uint32_t hours_metric(const struct core *core, uint32_t class_index, const struct place *from, const struct place *to,
		      instant_ms at);
/* The same leg beyond the border of the hour, when in the hour it takes drive_ms. */
uint32_t hours_far_ms(const struct core *core, uint32_t class_index, const struct place *from, const struct place *to,
		      uint32_t drive_ms);
/* As a sequence has it. A vehicle that sets out a little late may find itself beyond what was planned within the hour:
 * the border comes earlier by what plans keep spare. */
static inline instant_ms hours_border(const struct core *core)
{
	return core->border == INT64_MAX ? 0 : core->border - core->settings.reserve_ms;
}

/* ---- swap.c ---- */
int swap_town(struct core *core, const struct cmd_town_swap *swap);

/* ---- snapshot.c ---- */
size_t snapshot_item_size(const struct core_settings *settings);
void snapshot_digest(struct core *core); /* after a step: brings core->digest up to date */
void snapshot_digest_all(struct core *core);

#endif
