/* Updates: what the core says after a command. The outcome record of a command is the encoding of its updates, byte for
 * byte the same at every replay. No update holds a rider's place or need: they name rides, and readers look at the ride
 * in the core. */
#ifndef ZUB_UPDATE_H
#define ZUB_UPDATE_H

#include "command.h"
#include <stdint.h>

enum update_kind {
	UPD_NONE = 0,
	UPD_RESULT,    /* exactly one for each command, the last of its updates */
	UPD_RIDE,      /* a ride changed */
	UPD_PLAN,      /* a vehicle's new plan, to be sent until acknowledged */
	UPD_ORDER,     /* an order to a vehicle */
	UPD_EVIDENCE,  /* tell the vehicle that the rider says "I am here" */
	UPD_APPROVAL,  /* a supervisor's answer to a vehicle */
	UPD_ACK,       /* events of a vehicle are durable up to (boot, sequence) */
	UPD_NOTICE,    /* tell a rider */
	UPD_CASE,      /* something needs a person: opened, owned, closed */
	UPD_VEHICLE,   /* a vehicle's service state changed */
	UPD_DUTY,      /* supervisors changed */
	UPD_OUTCOME,   /* a promise was kept or broken */
	UPD_RIDER_OUT, /* a person has taken a rider out of a vehicle, which must hear of it */
	UPDATE_KINDS
};

enum ride_state {
	RIDE_ASKED = 1,
	RIDE_OFFERED,
	RIDE_PROMISED,
	RIDE_AT_STOP /* the vehicle waits for the rider */,
	RIDE_ABOARD,
	RIDE_DONE,
	RIDE_CANCELLED,
	RIDE_EXPIRED,
	RIDE_NO_SHOW,
	RIDE_REFUSED,
	RIDE_BROKEN,
	RIDE_STATES
};
enum refusal {
	REFUSAL_NONE = 0,
	REFUSAL_OUTSIDE_AREA,
	REFUSAL_OUTSIDE_HOURS,
	REFUSAL_NO_STOP_NEAR,
	REFUSAL_NO_ROAD,
	REFUSAL_TOO_FAR_AHEAD,
	REFUSAL_IN_THE_PAST,
	REFUSAL_PARTY_TOO_LARGE,
	REFUSAL_NEED_UNKNOWN,
	REFUSAL_NOT_STEP_FREE,
	REFUSAL_NO_VEHICLE /* none in service */,
	REFUSAL_NO_SUPERVISOR,
	REFUSAL_NO_CAPACITY /* of that space */,
	REFUSAL_NO_TIME /* no insertion keeps all promises */,
	REFUSAL_CONNECTION /* the trip cannot be reached */,
	REFUSAL_PAUSED,
	REFUSAL_FULL /* a capacity of the dispatcher */,
	REFUSAL_OPEN_REQUEST /* this client has one open */,
	REFUSAL_SAME_PLACE,
	REFUSAL_NO_FALLBACK,
	REFUSAL_TRIP_UNKNOWN,
	REFUSALS
};
enum obstacle { /* what a vehicle that might have come met last; of several the one that got furthest */
		OBSTACLE_NONE,
		OBSTACLE_SPACE,	      /* no room of that kind for part of the way */
		OBSTACLE_ENERGY,      /* the battery's reserve */
		OBSTACLE_PICKUP,      /* at the pickup within the longest wait */
		OBSTACLE_SERVICE_END, /* of the service, the shift or the release */
		OBSTACLE_ARRIVAL,     /* the wished arrival or the departure to reach */
		OBSTACLE_RIDE_TIME,   /* the longest ride */
		OBSTACLE_PROMISES,    /* made to others, or not safe to make */
		OBSTACLES
};
enum cause { /* why a promise was broken; each must trace to a journaled outside event */
	     CAUSE_NONE = 0,
	     CAUSE_VEHICLE_FAULT,
	     CAUSE_VEHICLE_LOST,
	     CAUSE_VEHICLE_STOPPED /* standstill, MRC, hold */,
	     CAUSE_SLOWER_STREETS,
	     CAUSE_LATE_TRIP,
	     CAUSE_TRIP_CANCELLED,
	     CAUSE_OPERATOR,
	     CAUSE_OTHER_RIDER /* e.g. emergency aboard */,
	     CAUSE_RESTORE,
	     CAUSE_VEHICLE_LATE,
	     CAUSE_ROAD_CLOSED,
	     CAUSE_RIDER_LATE /* the rider came later than the vehicle */,
	     CAUSES
};
enum notice_kind {
	NOTICE_PROMISED = 1,
	NOTICE_TIME_CHANGED,
	NOTICE_VEHICLE_CHANGED,
	NOTICE_VEHICLE_AT_STOP,
	NOTICE_LAST_CALL,
	NOTICE_NO_SHOW,
	NOTICE_BROKEN,
	NOTICE_CANCELLED,
	NOTICE_CONNECTION_AT_RISK,
	NOTICE_KINDS
};
enum case_kind {
	CASE_BROKEN_RIDE = 1,
	CASE_NOTICE_FAILED,
	CASE_VEHICLE_UNKNOWN,
	CASE_MRC,
	CASE_EMERGENCY,
	CASE_PASSENGER_CALL,
	CASE_APPROVAL,
	CASE_PLAN_REFUSED,
	CASE_LATE,
	CASE_UNSUPERVISED /* riders or promises on a vehicle that nobody watches */,
	CASE_STREETS /* closures that a new town file made void: to be set anew */,
	CASE_DISAGREEMENT /* a vehicle holds aboard whom people have taken out */,
	CASE_KINDS
};

struct offer {
	uint32_t vehicle;		    /* vehicle number */
	struct place pickup, dropoff;	    /* where the vehicle stops */
	uint32_t pickup_stop, dropoff_stop; /* virtual stops, or NONE = at the door */
	uint32_t walk_from_mm, walk_to_mm, walk_from_ms, walk_to_ms;
	instant_ms earliest_pickup, latest_pickup;		    /* the window that would be promised */
	instant_ms planned_pickup, planned_dropoff, latest_arrival; /* drop-off by the shuttle */
	uint32_t direct_ms, dist_mm;				    /* driving without detour */
	uint32_t ride_max_ms;
	uint32_t price_cents;
	uint8_t reason; /* enum offer_reason */
	int64_t cost;	/* cost.h; kept so that the choice explains itself */
	uint32_t n_vehicles_tried, n_vehicles_feasible;
};
enum offer_reason {
	OFFER_SOONEST = 1,
	OFFER_LEAST_WALK = 2,
	OFFER_BEST_CONNECTION = 3,
	OFFER_SHORTEST_RIDE = 4,
	OFFER_LATER = 5,   /* leaves later */
	OFFER_EARLIER = 6, /* arrives with more time in hand */
	OFFER_REASONS
};

struct upd_result {
	uint16_t command_kind;
	uint8_t code;	  /* enum err */
	uint8_t refusal;  /* enum refusal for CMD_REQUEST, CMD_ACCEPT */
	uint8_t repeated; /* 1: this key was answered before; the same answer again */
	uint64_t ride;
	uint32_t vehicle;
	instant_ms would_work_at; /* for a refusal: a later time to leave that would do, or INSTANT_NONE */
	/* for a refusal; all 0 in journals of engine 2 */
	uint8_t obstacle;	    /* enum obstacle */
	uint32_t would_work_from,   /* a stop to leave from and one to go to that would do for whoever walks so far, */
		would_work_to,	    /* each its number + 1, 0 = none (or the door) */
		would_work_walk_mm; /* at the end where the walk is longer; 0 = would not help */
};
struct upd_ride {
	uint64_t ride;
	uint8_t state; /* enum ride_state */
	uint8_t refusal, cause, n_offers;
	uint32_t vehicle;
	instant_ms earliest_pickup, latest_pickup, latest_arrival; /* promise; INSTANT_NONE before */
	instant_ms planned_pickup, planned_dropoff;
};
struct update_task {
	uint64_t ride;
	uint8_t kind; /* enum wire_task_kind */
	instant_ms planned_at;
};
struct upd_plan {
	uint32_t vehicle, epoch, version;
	uint32_t n_tasks;
	struct update_task tasks[WIRE_TASKS_MAX];
};
struct upd_order {
	uint32_t vehicle; /* 0 = all */
	struct wire_order order;
	uint8_t already_sent;
};
struct upd_evidence {
	uint32_t vehicle;
	uint64_t ride;
	uint8_t evidence;
};
struct upd_approval {
	uint32_t vehicle;
	struct wire_approval_reply reply;
};
struct upd_ack {
	uint32_t vehicle, boot, sequence;
};
struct upd_notice {
	uint64_t notice, ride;
	uint8_t kind, state;
	instant_ms about; /* e.g. the new planned pickup */
};
struct upd_case {
	uint64_t case_id, ride;
	uint32_t vehicle;
	uint8_t kind, outcome;
	char owner[CORE_WHO_MAX]; /* "" = the supervisors on duty */
};
struct upd_vehicle {
	uint32_t vehicle;
	uint8_t service; /* enum vehicle_service */
	uint8_t link_up, mode;
};
struct upd_duty {
	char who[CORE_WHO_MAX], to[CORE_WHO_MAX];
	uint8_t on;
	uint32_t n_on_duty;
};
struct upd_rider_out {
	uint32_t vehicle;
	uint64_t order, ride;
	char by[CORE_WHO_MAX];
};
struct upd_outcome {
	uint64_t ride;
	uint8_t kept, cause;
	int32_t pickup_late_ms, arrival_late_ms; /* beyond the promise; <= 0 = within */
};

enum vehicle_service {
	SERVICE_OUT = 0 /* not released */,
	SERVICE_IN = 1,
	SERVICE_ENDING = 2 /* finishes with riders aboard */,
	SERVICE_LOST = 3,
	SERVICE_DOWN = 4 /* fault or MRC */
};

struct update {
	uint16_t kind;
	uint32_t command_index; /* which command of the batch */
	union {
		struct upd_result result;
		struct upd_ride ride;
		struct upd_plan plan;
		struct upd_order order;
		struct upd_evidence evidence;
		struct upd_approval approval;
		struct upd_ack ack;
		struct upd_notice notice;
		struct upd_case case_;
		struct upd_vehicle vehicle;
		struct upd_duty duty;
		struct upd_outcome outcome;
		struct upd_rider_out rider_out;
	};
};

struct updates { /* filled by core_step; the caller provides the items */
	struct update *items;
	uint32_t n, most; /* core_updates_max() is always enough for one command */
};

#endif
