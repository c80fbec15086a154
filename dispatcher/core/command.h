/* Commands: everything that can happen to the core. One flat struct per kind, no pointers, all integers: the very thing
 * that is journaled (record.h writes it as little-endian bytes from the field table in record.c). A command carries its
 * time and its snapped places, so the core never projects and never asks a clock.
 *
 * Personal content: only CMD_REQUEST, CMD_RETARGET hold places and needs of a person; the store seals their records
 * with the ride's key. Names, phone numbers, contacts never enter the core (store.h, identity records). */
#ifndef ZUB_COMMAND_H
#define ZUB_COMMAND_H

#include "timetable.h"
#include "town.h"
#include "units.h"
#include "wire.h"
#include <stdint.h>

#define CORE_OFFERS_MAX 3
#define CORE_REASON_MAX 96
#define CORE_WHO_MAX 32

struct place {			/* where a rider or vehicle is, as asked and as snapped */
	struct geo_point point; /* raw, 1e-7 degrees */
	struct spot road;	/* nearest usable spot of the service's class; arc NONE = none */
	struct spot walk;	/* on the walk network; arc NONE = none */
	uint32_t road_away_mm;	/* from the point to the road spot */
	uint32_t stop;		/* virtual stop asked for by name, or NONE */
	uint8_t side;
};

struct command_key { /* Idempotency: 0,0 = none. The same key gets the same answer, also after a restart */
	uint64_t high, low;
};

enum command_kind {
	CMD_NONE = 0,
	CMD_START = 1, /* first record of a journal, and after each takeover: epoch, settings, town hash,
			  fleet-independent */
	CMD_TICK,      /* time passes */
	CMD_TOWN_SWAP, /* effective now: the town named by hash, already given to the core by core_set_town */
	/* riders */
	CMD_REQUEST,
	CMD_ACCEPT,
	CMD_CANCEL,
	CMD_COMING,
	CMD_BOARD_EVIDENCE,
	CMD_NO_SHOW_UNDO,
	CMD_NOTICE_STATE, /* a notice was sent, acknowledged or failed */
	/* vehicles */
	CMD_VEHICLE_ENROL,   /* class, spaces, depot; known by its key from now on */
	CMD_VEHICLE_RELEASE, /* released for service until ...; by whom, which approval; until = 0 ends it (out of
				service) */
	CMD_VEHICLE_ORDER,   /* hold, resume, standstill, out of / into service by an operator */
	CMD_VEHICLE_LINK,    /* up or lost; last contact */
	CMD_VEHICLE_HELLO,   /* new boot of an agent */
	CMD_VEHICLE_PLAN_ACK,
	CMD_VEHICLE_EVENT, /* one wire_event */
	CMD_FLEET_STATES,  /* one compact batch of what is exceptional, at most COMMAND_STATES_MAX vehicles */
	CMD_APPROVAL,	   /* a supervisor answers an approval request */
	/* people on duty */
	CMD_SIGN_ON,
	CMD_SIGN_OFF,
	CMD_HANDOVER_ACCEPT,
	CMD_CASE_OWN,
	CMD_CASE_CLOSE, /* a broken ride's case: who owns it, how it ended */
	CMD_BOOKINGS_PAUSE,
	/* from outside */
	CMD_TRIP_DELAY,
	CMD_CLOSURE, /* a street is closed or slow, or as usual again */
	/* from the search beside the loop */
	CMD_IMPROVE, /* better plans for a few vehicles; taken only when they are, and still fit (proposal.c) */
	/* people on duty */
	CMD_VEHICLE_SHIFT,
	/* from outside */
	CMD_STREET_SPEEDS, /* streets on which our own vehicles were slower than the map says */
	CMD_CONDITION,	   /* a condition of the town (snow) holds from now on, or no more */
	CMD_KINDS
};

#define COMMAND_NEEDS_MAX TOWN_NEEDS_MAX
#define COMMAND_STATES_MAX 32

struct core_settings {		 /* sizes and numbers of the service; journaled in CMD_START */
	uint32_t vehicles_max;	 /* default 256 */
	uint32_t rides_max;	 /* open and recently closed rides kept in memory, default 16,384 */
	uint32_t plan_tasks_max; /* per vehicle, <= WIRE_TASKS_MAX */
	uint32_t notices_max, cases_max, keys_max, delays_max;
	uint32_t offer_hold_ms;	     /* default 60,000 */
	uint32_t offer_hold_wall_ms; /* added by the driver into hold when the clock runs fast: hold = max(both in
					service time) */
	uint32_t reserve_ms;	     /* planning keeps this much spare before every promised limit, default 60,000 */
	uint32_t freeze_ms;	     /* a stop approached within this is frozen, default 20,000 */
	uint32_t plan_valid_ms;	     /* T: service time a plan stays valid after the last contact, default 120,000 */
	uint32_t clock_tolerance_ms; /* default 5,000 */
	uint32_t closed_keep_ms;     /* a finished ride stays visible this long, default 3,600,000 */
	uint32_t battery_reserve_permille; /* default 200 */
	uint32_t battery_wh;		   /* usable energy of a vehicle, default 40,000 */
	uint32_t charge_w;		   /* charging power at the depot, default 22,000 */
	/* cost weights, per second unless said, in integer units (cost.h) */
	uint32_t weight_vehicle, weight_wait, weight_ride, weight_walk;
	uint32_t message_ms; /* from a decision until a vehicle acts on it, and from its deed until it is known here,
				together; default 2,000. 0 in journals of engine 1 */
	/* all 0 in journals of engine 2 */
	uint32_t rebalance_ms;	    /* idle vehicles are sent where riders are expected this often; 0 = never */
	uint32_t fair_gap_permille; /* a group may wait so much longer, and be refused so much more often, than all; 0 =
				     not bounded */
	uint32_t fair_wait_ms;	    /* and wait no longer than this; 0 = not bounded */
	uint32_t charger_slots;	    /* vehicles that may charge at one depot at once; 0 = all */
	/* cleaning.c; all 0 in journals of engine 5 */
	uint32_t clean_every_ms; /* a vehicle is cleaned after so long in service; 0 = never */
	uint32_t clean_ms;	 /* how long that takes, default 900,000 */
	uint32_t clean_early_ms; /* so much sooner in a quiet moment, default 7,200,000 */
	uint32_t clean_slots;	 /* vehicles that may be cleaned at one depot at once; 0 = all */
};
/* Defaults of everything above. */
void core_settings_default(struct core_settings *settings);

struct cmd_start {
	uint32_t area, epoch, engine_version;
	uint8_t town_hash[TOWN_HASH_BYTES];
	struct core_settings settings;
};
struct cmd_town_swap {
	uint8_t town_hash[TOWN_HASH_BYTES];
};

enum time_kind { TIME_NOW = 0, TIME_LEAVE_AT = 1, TIME_ARRIVE_BY = 2 };
enum tie_kind {
	TIE_NONE = 0,
	TIE_FROM_TRIP = 1 /* picked up after a trip arrives */,
	TIE_TO_TRIP = 2 /* dropped off before one departs */
};
struct cmd_request {
	uint64_t ride;	 /* random ride number given by the driver, never 0, never reused */
	uint64_t client; /* hash of who asks, for "one open request per client"; 0 = operator's desk (no limit) */
	struct place from, to;
	uint8_t time_kind;
	instant_ms time;		       /* for leave-at and arrive-by */
	uint8_t need_count[COMMAND_NEEDS_MAX]; /* how many of each need of the town's table; need 0 = persons on a seat
						*/
	uint32_t walk_max_mm;		       /* 0 = cannot walk to a stop */
	uint8_t tie_kind;		       /* enum tie_kind */
	struct trip_key tie;		       /* the stop time of the trip */
	uint8_t prebooked; /* set by the core's own rule: time more than wait_max ahead; the driver leaves 0 */
};
struct cmd_accept {
	uint64_t ride;
	uint8_t offer;		/* 0 .. n_offers - 1 */
	uint16_t boarding_code; /* four digits chosen by the driver at random */
};
enum cancel_by { CANCEL_RIDER, CANCEL_OPERATOR };
struct cmd_cancel {
	uint64_t ride;
	uint8_t by;
	char reason[CORE_REASON_MAX];
};
struct cmd_ride { /* CMD_COMING, CMD_NO_SHOW_UNDO */
	uint64_t ride;
	char who[CORE_WHO_MAX];
};
struct cmd_board_evidence {
	uint64_t ride;
	uint8_t evidence; /* enum wire_evidence_kind */
	uint16_t code;	  /* what was typed; must match for CODE and APP */
};
enum notice_state { NOTICE_QUEUED, NOTICE_SENT, NOTICE_ACKNOWLEDGED, NOTICE_FAILED };
struct cmd_notice_state {
	uint64_t notice;
	uint8_t state;
};

struct cmd_vehicle_enrol {
	uint32_t vehicle;	 /* 1 .. ; the number behind its key (ZAP User-Id), never the routing id */
	char name[CORE_WHO_MAX]; /* "Shuttle 3" */
	uint32_t class_index;
	uint8_t spaces[TOWN_SPACES_MAX];
	uint8_t step_free; /* ramp or level boarding */
	uint8_t simulated;
	struct place depot;
	instant_ms shift_from, shift_to; /* 0, 0 = always */
};
struct cmd_vehicle_release {
	uint32_t vehicle;
	instant_ms until;
	char by[CORE_WHO_MAX];
	char approval[CORE_REASON_MAX];
};
struct cmd_vehicle_shift { /* promises only from, to; 0, 0 = as long as it is released */
	uint32_t vehicle;
	instant_ms from, to;
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
struct cmd_vehicle_order {
	uint32_t vehicle;      /* 0 = all (standstill) */
	uint64_t order;	       /* id chosen by the driver */
	uint8_t kind;	       /* enum wire_order_kind */
	uint8_t already_sent;  /* standstill goes out before it is durable */
	uint64_t seen_version; /* plan version the operator saw (epoch << 32 | version), 0 = any */
	char by[CORE_WHO_MAX];
	char reason[CORE_REASON_MAX];
};
struct cmd_vehicle_link {
	uint32_t vehicle;
	uint8_t up;
	instant_ms last_contact;
};
struct cmd_vehicle_hello {
	uint32_t vehicle;
	struct wire_hello hello;
};
struct cmd_vehicle_plan_ack {
	uint32_t vehicle;
	struct wire_plan_ack ack;
};
struct cmd_vehicle_event {
	uint32_t vehicle;
	struct wire_event event;
};
struct fleet_state {
	uint32_t vehicle;
	struct wire_state state;
};
struct cmd_fleet_states {
	uint32_t n;
	struct fleet_state states[COMMAND_STATES_MAX];
};
struct cmd_approval {
	uint32_t vehicle;
	uint64_t request;
	uint8_t granted;
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
struct cmd_duty { /* CMD_SIGN_ON, CMD_SIGN_OFF (hand over to `to`, or nobody), CMD_HANDOVER_ACCEPT */
	char who[CORE_WHO_MAX];
	char to[CORE_WHO_MAX];
	uint32_t vehicles_max; /* how many this supervisor may watch at once; sign-on */
	uint8_t simulated;     /* only fit for simulated vehicles (demo) */
};
enum case_outcome {
	CASE_OPEN,
	CASE_HOME_BY_SHUTTLE,
	CASE_HOME_BY_FALLBACK,
	CASE_HOME_OTHERWISE,
	CASE_RIDER_DECLINED,
	CASE_SETTLED /* for a case that is about no ride */
};
struct cmd_case {
	uint64_t ride; /* or, for a case about a vehicle alone, its case_id */
	char who[CORE_WHO_MAX];
	uint8_t outcome; /* enum case_outcome, for close */
	char note[CORE_REASON_MAX];
};
struct cmd_bookings_pause {
	uint8_t paused;
	char by[CORE_WHO_MAX];
	char reason[CORE_REASON_MAX];
};
enum trip_call { TRIP_RUNS, TRIP_CANCELLED /* from this stop on */, TRIP_SKIPS_STOP /* this one only */ };
/* arrival_late_s holds for the stop of the key, departure_late_s for it and all later ones; what was said of them
 * before is forgotten. Give the stops of a trip in ascending order. Negative = early. */
struct cmd_trip_delay {
	struct trip_key trip;
	int32_t arrival_late_s, departure_late_s;
	uint8_t cancelled; /* enum trip_call */
};
#define COMMAND_ARCS_MAX 64
struct cmd_closure {
	uint64_t closure;	/* number chosen by the driver, never 0; one that stands already is replaced */
	uint8_t lifted;		/* 1: ends now; only the number is looked at */
	uint32_t slow_permille; /* 0: nobody drives there; else times are multiplied, 1001 .. WIRE_SLOW_MAX */
	instant_ms until;	/* ends by itself; 0 = stands until lifted */
	uint32_t n;
	uint32_t arcs[COMMAND_ARCS_MAX]; /* of the town in use; each direction named for itself */
	char by[CORE_WHO_MAX];
	char reason[CORE_REASON_MAX];
};
#define COMMAND_SPEEDS_MAX 128
struct cmd_street_speeds { /* the whole list: it takes the place of the one before */
	instant_ms until;  /* ends by itself; with n 0 nothing is slow any more */
	uint32_t n;
	uint32_t arcs[COMMAND_SPEEDS_MAX];	    /* ascending, of the town in use */
	uint32_t slow_permille[COMMAND_SPEEDS_MAX]; /* times are multiplied, 1001 .. WIRE_SLOW_MAX */
};
struct cmd_condition {
	uint8_t on;
	char name[CORE_WHO_MAX]; /* of a profile without hours, of the town in use */
	char by[CORE_WHO_MAX];
	char reason[CORE_REASON_MAX];
};
#define COMMAND_PLANS_MAX 16
#define COMMAND_PLAN_TASKS_MAX 256
struct cmd_improve { /* whole plans of some vehicles in another order, each for that version of its plan alone */
	uint32_t n;  /* vehicles */
	uint32_t vehicle[COMMAND_PLANS_MAX], epoch[COMMAND_PLANS_MAX], version[COMMAND_PLANS_MAX];
	uint32_t n_tasks[COMMAND_PLANS_MAX];
	/* plan after plan; a ride's first task is its pickup while it waits; 0: the next task for nobody, as it was */
	uint64_t ride[COMMAND_PLAN_TASKS_MAX];
};

struct command {
	uint16_t kind; /* enum command_kind */
	instant_ms at; /* never before the previous command's */
	struct command_key key;
	union {
		struct cmd_start start;
		struct cmd_town_swap town_swap;
		struct cmd_request request;
		struct cmd_accept accept;
		struct cmd_cancel cancel;
		struct cmd_ride ride;
		struct cmd_board_evidence board_evidence;
		struct cmd_notice_state notice_state;
		struct cmd_vehicle_enrol vehicle_enrol;
		struct cmd_vehicle_release vehicle_release;
		struct cmd_vehicle_shift vehicle_shift;
		struct cmd_vehicle_order vehicle_order;
		struct cmd_vehicle_link vehicle_link;
		struct cmd_vehicle_hello vehicle_hello;
		struct cmd_vehicle_plan_ack vehicle_plan_ack;
		struct cmd_vehicle_event vehicle_event;
		struct cmd_fleet_states fleet_states;
		struct cmd_approval approval;
		struct cmd_duty duty;
		struct cmd_case case_;
		struct cmd_bookings_pause bookings_pause;
		struct cmd_trip_delay trip_delay;
		struct cmd_closure closure;
		struct cmd_street_speeds street_speeds;
		struct cmd_condition condition;
		struct cmd_improve improve;
	};
};

#endif
