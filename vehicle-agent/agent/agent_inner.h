/* Private to the agent: its whole state, and what its parts need of each other.
 *
 *   agent.c         clock, messages of the dispatcher, buttons, views
 *   agent_plan.c    which plans are taken, which tasks are still to be done
 *   agent_stop.c    what the vehicle does: legs, stops, boarding, charging and cleaning, minimal-risk condition
 *   agent_event.c   events until acknowledged; which message goes out next
 *   agent_state.c   the state as bytes */
#ifndef ZUB_AGENT_INNER_H
#define ZUB_AGENT_INNER_H

#include "agent.h"

#define AGENT_EVENTS_MAX 256 /* unacknowledged and, as far as room allows, the newest acknowledged ones */
#define AGENT_HISTORY 64     /* acknowledged events kept, to be told again to a restored dispatcher */
#define AGENT_EVENTS_SPARE                                                                                        \
	96		   /* with less room than this nothing new is begun: riders aboard can always be reported \
			    */
#define AGENT_FINISHED 256 /* rides done, so that a plan made before that was known is understood */
#define AGENT_ORDERS 32
#define AGENT_ASKS_AGAIN_MS 300000 /* a minimal-risk condition without an answer: the reply may be lost for good */
#define AGENT_REPEAT_MS 1000	   /* wall: until an unacknowledged event is told again; each time twice as long */
#define AGENT_REPEATS_SLOWER 10
#define AGENT_NO_TASK WIRE_TASKS_MAX

struct agent_clock {
	uint8_t known, refused;
	uint32_t speed_permille;
	instant_ms base; /* service time at base_wall */
	int64_t base_wall;
	uint8_t anchored; /* base_wall belongs to this run of the program */
	instant_ms floor; /* never goes back behind this */
};

struct agent_link {
	uint32_t epoch; /* newest heard */
	uint32_t heartbeat_ms, valid_ms;
	uint8_t heard, need_hello, hello_sent, up;
	uint8_t resync; /* under a new epoch, and nothing acknowledged yet */
	int64_t heard_wall, hello_wall, state_wall, sent_wall, event_wall;
	instant_ms valid_until;
	struct wire_plan_ack plan_ack;
	uint8_t plan_ack_due;
	uint8_t state_due;
	uint64_t state_digest; /* of what the last state said of mode, doors, tasks, riders */
	uint32_t event_next;   /* index of the next event to send */
	uint32_t n_repeats;    /* of the oldest event, since the last that was acknowledged */
};

struct agent_rider {
	uint64_t ride;
	uint8_t party;
};

/* The task being served with doors open; task == AGENT_NO_TASK: none. */
struct agent_service {
	uint32_t task;
	uint8_t evidence;
	instant_ms until;
};

struct agent_stop {
	uint8_t open; /* stands at a stop, doors open */
	struct spot spot;
	uint8_t first_kind; /* of the stop's first task, for DEPARTED */
	uint64_t first_ride;
	instant_ms ready_at;   /* when what is now possible became possible */
	instant_ms leave_from; /* greatest not_before of the riders boarded here */
	struct agent_service service;
};

enum agent_mrc { AGENT_MRC_NONE, AGENT_MRC_WAITS /* for the supervisor */, AGENT_MRC_GRANTED };

struct agent {
	struct agent_settings settings;
	const struct town *town;
	uint32_t class_index;
	int64_t wall; /* newest wall time heard of */
	uint8_t dirty;

	uint32_t boot, event_sequence, state_sequence;
	struct agent_clock clock;
	struct agent_link link;

	struct wire_plan plan;
	uint64_t done;			  /* bit per task of the plan */
	uint8_t evidence[WIRE_TASKS_MAX]; /* enum wire_evidence_kind per pickup, 0 = none */
	uint32_t n_aboard;
	struct agent_rider aboard[WIRE_ABOARD_MAX]; /* ascending ride */
	uint32_t n_finished;			    /* ever; finished[i % AGENT_FINISHED] */
	uint64_t finished[AGENT_FINISHED];

	struct agent_stop stop;
	uint8_t errand; /* under way at the depot: WIRE_CHARGE, WIRE_CLEAN, 0 = none */
	struct spot errand_spot;
	instant_ms errand_until; /* INT64_MAX = until full */

	uint8_t standstill, held, out_of_service, emergency;
	uint64_t standstill_order; /* obeyed, reported when the vehicle stands; 0 = none */
	uint32_t n_orders;
	uint64_t orders[AGENT_ORDERS];
	uint8_t mrc; /* enum agent_mrc */
	uint8_t fault;
	uint32_t approval;	/* sequence of the open request, 0 = none */
	instant_ms approval_at; /* when it was made */

	struct body_report body;
	uint8_t body_known;
	uint64_t leg;
	uint8_t leg_active;
	struct spot leg_target;

	uint32_t n_events, n_acked; /* the first n_acked are acknowledged */
	struct wire_event events[AGENT_EVENTS_MAX];
};

static inline int spot_equal(struct spot a, struct spot b)
{
	return a.arc == b.arc && a.offset_mm == b.offset_mm;
}

static inline struct spot place_spot(const struct wire_place *place)
{
	return (struct spot){.arc = place->arc, .offset_mm = place->offset_mm};
}

/* agent.c */
uint8_t agent_mode(const struct agent *agent);
int32_t agent_late_ms(const struct agent *agent);

/* agent_plan.c */
/* Do the plan's streets or its conditions call the street closed? */
int agent_arc_closed(const struct agent *agent, const struct wire_plan *plan, uint32_t arc);
enum wire_refusal agent_plan_refusal(const struct agent *agent, const struct wire_plan *plan);
void agent_plan_take(struct agent *agent, const struct wire_plan *plan);
/* First task that is still to be done and may be, or AGENT_NO_TASK. */
uint32_t agent_next_task(const struct agent *agent);
/* Is this task one that may be done now, and part of the stop that begins with task `first`? */
int agent_in_stop(const struct agent *agent, uint32_t first, uint32_t task);
uint32_t agent_stop_end(const struct agent *agent, uint32_t first);
uint32_t agent_n_done(const struct agent *agent);
int agent_aboard(const struct agent *agent, uint64_t ride);
uint32_t agent_plan_pickup(const struct agent *agent, uint64_t ride); /* task index or AGENT_NO_TASK */

/* agent_stop.c */
void agent_board(struct agent *agent, uint32_t task, uint8_t evidence);
/* Does the vehicle see that this rider is aboard, whatever a person says? */
int agent_sees_aboard(const struct agent *agent, uint64_t ride);
int agent_in_the_door(const struct agent *agent, uint64_t ride);
void agent_rider_leaves(struct agent *agent, uint64_t ride); /* taken out by a person */
/* At a stop: for somebody who leaves, is there, or whose window has begun; not while a later rider is waited for. */
int agent_doors_open(const struct agent *agent);
void agent_step(struct agent *agent, instant_ms now);
/* When the next step is due by service time; INT64_MAX = never. */
instant_ms agent_step_due(const struct agent *agent);

/* agent_event.c */
void agent_event(struct agent *agent, uint8_t kind, uint64_t ride, instant_ms at);
struct wire_event *agent_event_new(struct agent *agent, uint8_t kind, uint64_t ride, instant_ms at);
uint32_t agent_events_room(const struct agent *agent);
void agent_acked(struct agent *agent, uint32_t boot, uint32_t sequence);
int64_t agent_message_due(const struct agent *agent);

#endif
