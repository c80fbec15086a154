/* What dispatcher and vehicles say to each other, as plain structs. Pure: used by the core's dock, the agent and the
 * codec. The bytes on the wire are zubringer.proto (documented there field by field); codec.h converts and checks every
 * bound.
 *
 * A plan is the whole list of tasks with (epoch, version): sending it twice is harmless, an older one is ignored.
 * Consecutive tasks at the same spot are one stop. Events of a vehicle carry (boot, sequence): the vehicle keeps them
 * on disk and repeats them in order until acknowledged; the dispatcher acknowledges only what is durable. */
#ifndef ZUB_WIRE_H
#define ZUB_WIRE_H

#include "units.h"
#include <stdint.h>

#define WIRE_VERSION 1
#define WIRE_TASKS_MAX 64
#define WIRE_ABOARD_MAX 32
#define WIRE_SPACES_MAX 8
#define WIRE_TEXT_MAX 96
#define WIRE_HASH_BYTES 32
#define WIRE_EVENTS_MAX 32
#define WIRE_STREETS_MAX 256
#define WIRE_SLOW_MAX 100000

struct wire_place {
	int32_t lat_e7, lon_e7;
	uint32_t arc, offset_mm; /* on the town file named by the plan's hash; arc NONE = unknown */
	uint8_t side;
};

enum wire_task_kind {
	WIRE_PICKUP = 1,
	WIRE_DROPOFF = 2,
	WIRE_PARK = 3,
	WIRE_CHARGE = 4,
	WIRE_CLEAN = 5 /* only to vehicles that know it (wire_hello.cleans) */
};

struct wire_task {
	uint64_t ride; /* random ride number; 0 for park, charge and clean */
	uint8_t kind;  /* enum wire_task_kind */
	struct wire_place place;
	instant_ms planned_at; /* service begins */
	instant_ms not_before; /* pickup: doors do not close on it before this (earliest pickup) */
	instant_ms
		wait_until; /* pickup: the vehicle waits at least until this; only the dispatcher declares a no-show */
	uint32_t dwell_ms;  /* boarding, alighting, charging or cleaning time */
	uint16_t boarding_code; /* pickup: four digits the rider may type at the vehicle */
	uint8_t party;		/* persons */
};

/* ---- dispatcher -> vehicle ---- */
struct wire_clock {		 /* service time as everybody in this area counts it */
	instant_ms service_now;	 /* when sent */
	uint32_t speed_permille; /* 1000 = real time; 0 = stopped */
	uint8_t simulated;	 /* 1: simulated clock; enrolled real vehicles refuse it */
};
struct wire_welcome {
	uint32_t epoch;
	struct wire_clock clock;
	uint8_t town_hash[WIRE_HASH_BYTES];
	uint32_t heartbeat_ms; /* wall time between heartbeats */
	uint32_t valid_ms;     /* wall: a plan is valid this long after the last contact */
};
struct wire_heartbeat { /* both ways; extends the plan's validity */
	uint32_t epoch;
	struct wire_clock clock; /* dispatcher -> vehicle only */
};
struct wire_street { /* an arc that is not as in the town file */
	uint32_t arc;
	uint32_t slow_permille; /* 0: closed; else its time by 1,000, 1001 .. 100000 */
	uint32_t seen;		/* 1: vehicles found it so slow; for the choice of the way, not for the pace */
};
/* Its time now, from that of the town file; TIME_INFINITE = closed. */
static inline uint32_t wire_street_ms(const struct wire_street *street, uint32_t time_ms)
{
	uint64_t time = ((uint64_t)time_ms * street->slow_permille + 999) / 1000;
	if (time_ms == TIME_INFINITE || !street->slow_permille)
		return TIME_INFINITE;
	return (uint32_t)(time < (uint64_t)DAY_MS ? time : (uint64_t)DAY_MS);
}
struct wire_plan {
	uint32_t epoch, version;
	uint8_t town_hash[WIRE_HASH_BYTES];
	instant_ms valid_until; /* no pickup starts after it unless a heartbeat extended it */
	uint32_t n_tasks;
	struct wire_task tasks[WIRE_TASKS_MAX];
	uint32_t conditions; /* of the town file (bit set of its profiles), that hold now */
	uint32_t n_streets;  /* the whole list, ascending by arc; all other arcs are as in the town file */
	struct wire_street streets[WIRE_STREETS_MAX];
};
enum wire_order_kind {
	WIRE_STANDSTILL = 1,	 /* stop as soon as safely possible; obeyed whatever the epoch */
	WIRE_HOLD = 2,		 /* stay at the next stop */
	WIRE_RESUME = 3,	 /* ends hold and standstill; needs a supervisor */
	WIRE_OUT_OF_SERVICE = 4, /* finish with riders aboard, take no more */
	WIRE_INTO_SERVICE = 5
};
struct wire_order {
	uint64_t id;
	uint8_t kind; /* enum wire_order_kind */
	char by[32];
	char reason[WIRE_TEXT_MAX];
};
enum wire_evidence_kind {
	WIRE_EVIDENCE_CODE = 1,
	WIRE_EVIDENCE_BUTTON = 2,
	WIRE_EVIDENCE_OPERATOR = 3,
	WIRE_EVIDENCE_APP = 4
};
struct wire_evidence { /* the rider is at the vehicle and says so; the vehicle confirms with WIRE_BOARDED */
	uint64_t ride;
	uint8_t kind;
};
struct wire_approval_reply {
	uint64_t request; /* sequence of the WIRE_APPROVAL_REQUEST event */
	uint8_t granted;
	char by[32];
};
struct wire_rider_out { /* a person says that this rider is out of the vehicle, which answers with WIRE_TAKEN_OUT or
			   WIRE_STILL_ABOARD */
	uint64_t order; /* the same order takes nobody out twice */
	uint64_t ride;
	char by[32];
};
struct wire_ack { /* events up to and including (boot, sequence) are durable */
	uint32_t boot;
	uint32_t sequence;
};

/* ---- vehicle -> dispatcher ---- */
struct wire_hello {
	uint32_t boot;	   /* counts starts of the agent, kept on disk */
	uint8_t simulated; /* 1: a simulated body */
	char class_name[32];
	char software[32];
	uint8_t cleans;			    /* 1: knows WIRE_CLEAN */
	uint8_t town_hash[WIRE_HASH_BYTES]; /* the town file it has; all zero = none */
};
enum wire_mode {
	WIRE_IDLE = 1,
	WIRE_DRIVING = 2,
	WIRE_AT_STOP = 3,
	WIRE_HELD = 4,
	WIRE_STOPPED = 5 /* standstill order */,
	WIRE_MRC = 6 /* minimal-risk condition */,
	WIRE_CHARGING = 7,
	WIRE_FAULT = 8,
	WIRE_CLEANING = 9
};
struct wire_state { /* the newest wins; kept by the dock, only what is exceptional enters the journal */
	uint32_t boot, sequence;
	instant_ms at;
	struct wire_place place;
	uint8_t mode; /* enum wire_mode */
	uint8_t doors_open;
	uint16_t battery_permille;
	uint32_t speed_mm_s;
	int32_t late_ms; /* against the plan's next task; negative = early */
	uint32_t plan_epoch, plan_version;
	uint32_t n_done; /* tasks of that plan version already done (a prefix) */
	uint32_t n_aboard;
	uint64_t aboard[WIRE_ABOARD_MAX]; /* rides, ascending */
};
enum wire_refusal {
	WIRE_REFUSED_NONE = 0,
	WIRE_REFUSED_OLD = 1,
	WIRE_REFUSED_TOWN = 2 /* unknown town hash */,
	WIRE_REFUSED_ODD = 3,
	WIRE_REFUSED_CONTRADICTS = 4 /* e.g. lacks the drop-off of a rider aboard */,
	WIRE_REFUSED_CAPACITY = 5,
	WIRE_REFUSED_UNREACHABLE = 6,
	WIRE_REFUSED_CLOCK = 7,
	WIRE_REFUSED_STATE = 8
};
struct wire_plan_ack {
	uint32_t epoch, version;
	uint8_t refusal; /* enum wire_refusal; 0 = accepted */
};
enum wire_event_kind {
	WIRE_ARRIVED = 1, /* stands at the stop of (ride, task), doors open */
	WIRE_BOARDED = 2,
	WIRE_ALIGHTED = 3,
	WIRE_DEPARTED = 4, /* left that stop */
	WIRE_PARKED = 5,
	WIRE_CHARGE_BEGAN = 6,
	WIRE_CHARGE_ENDED = 7,
	WIRE_PASSENGER_CALL = 8,
	WIRE_STOP_WISH = 9,
	WIRE_EMERGENCY = 10,
	WIRE_MRC_BEGAN = 11,
	WIRE_MRC_ENDED = 12,
	WIRE_APPROVAL_REQUEST = 13, /* a manoeuvre the supervisor must approve */
	WIRE_FAULT_BEGAN = 14,
	WIRE_FAULT_ENDED = 15,
	WIRE_ORDER_DONE = 16,
	WIRE_TAKEN_OUT = 17,	/* that ride is not aboard (any more) */
	WIRE_STILL_ABOARD = 18, /* the vehicle counts more persons than would be left without that ride */
	WIRE_CLEAN_BEGAN = 19,
	WIRE_CLEAN_ENDED = 20, /* after its time, or broken off by a newer plan */
	WIRE_EVENT_KINDS
};
struct wire_event {
	uint32_t boot, sequence; /* sequence counts from 1 within a boot, without gaps */
	instant_ms at;
	uint8_t kind;	   /* enum wire_event_kind */
	uint8_t task_kind; /* for arrived, departed: enum wire_task_kind of the stop's first task */
	uint8_t evidence;  /* boarded: enum wire_evidence_kind */
	uint64_t ride;	   /* 0 = none; WIRE_ORDER_DONE: the order id */
	struct wire_place place;
	uint16_t battery_permille;
	char reason[WIRE_TEXT_MAX];
};

enum wire_kind {
	WIRE_KIND_WELCOME = 1,
	WIRE_KIND_HEARTBEAT,
	WIRE_KIND_PLAN,
	WIRE_KIND_ORDER,
	WIRE_KIND_EVIDENCE,
	WIRE_KIND_APPROVAL_REPLY,
	WIRE_KIND_ACK,
	WIRE_KIND_HELLO,
	WIRE_KIND_STATE,
	WIRE_KIND_PLAN_ACK,
	WIRE_KIND_EVENT,
	WIRE_KIND_RIDER_OUT,
	WIRE_KINDS
};
struct wire_message {
	uint8_t kind;  /* enum wire_kind */
	uint64_t town; /* event, state: whose arcs their places name, wire_town of the file's hash */
	union {
		struct wire_welcome welcome;
		struct wire_heartbeat heartbeat;
		struct wire_plan plan;
		struct wire_order order;
		struct wire_evidence evidence;
		struct wire_approval_reply approval_reply;
		struct wire_ack ack;
		struct wire_hello hello;
		struct wire_state state;
		struct wire_plan_ack plan_ack;
		struct wire_event event;
		struct wire_rider_out rider_out;
	};
};

/* The short name of a town file on the wire: its hash's first eight bytes; never 0, which says nothing. */
static inline uint64_t wire_town(const uint8_t hash[WIRE_HASH_BYTES])
{
	uint64_t town = 0;

	for (int i = 0; i < 8; i++)
		town |= (uint64_t)hash[i] << 8 * i;
	return town ? town : 1;
}

#endif
