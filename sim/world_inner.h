/* Private to the world: its state, and what its parts need of each other.
 *
 *   world.c             events in order, opening, the run
 *   world_dispatcher.c  step, commit, release; its death and recovery
 *   world_improve.c     the search beside the loop
 *   world_desk.c        the people behind the service: notices, cases, approvals
 *   world_vehicle.c     agents and bodies, the network between, their faults
 *   world_rider.c       riders and the trains they come by */
#ifndef ZUB_WORLD_INNER_H
#define ZUB_WORLD_INNER_H

#include "agent.h"
#include "arena.h"
#include "body.h"
#include "dock.h"
#include "hash.h"
#include "journal.h"
#include "pace.h"
#include "placing.h"
#include "plans.h"
#include "rider.h"
#include "rng.h"
#include "route.h"
#include "world.h"

#define WORLD_HEARTBEAT_MS 10000
#define WORLD_SUPERVISOR "Simulated supervisor"
#define WORLD_DESK "Simulated desk"

enum event_kind {
	EVENT_RIDER,
	EVENT_AGENT,
	EVENT_AGENT_UP,
	EVENT_TO_VEHICLE,
	EVENT_TO_DISPATCHER,
	EVENT_CORE,
	EVENT_DOCK,
	EVENT_DESK,
	EVENT_FAULT,
	EVENT_FAULT_OVER,
	EVENT_DISPATCHER_UP,
	EVENT_COMMAND,
	EVENT_TRAIN,
	EVENT_SHIFT,
	EVENT_JAM,
	EVENT_IMPROVE,
	EVENT_PROPOSAL,
	EVENT_HOUR
};

struct event {
	instant_ms at;
	uint64_t order; /* ties in the order of making */
	uint8_t kind;
	uint32_t index; /* rider, vehicle - 1, fault, train */
	void *payload;	/* wire_message or command, owned */
};

enum death { ALIVE, DIES_BEFORE_SAVING, DIES_BEFORE_SPEAKING, DIES_AFTER };

struct sim_body { /* whom the agent counts aboard, and whether they sit there indeed */
	uint64_t ride;
	uint8_t persons, taken_out;
};

struct sim_vehicle {
	uint32_t class_index;
	struct agent *agent; /* NULL = the process is down */
	struct body *body;
	struct arena body_arena, agent_arena;
	uint8_t *saved; /* the agent's file */
	size_t n_saved;
	uint32_t boot;
	instant_ms wake_at;
	uint32_t link_down;  /* how many faults hold it down */
	uint8_t death;	     /* enum death */
	uint32_t down_ms;    /* how long it then stays down */
	uint32_t approval;   /* newest approval request */
	uint32_t mrc;	     /* minimal-risk faults not yet over */
	struct world *world; /* for the books of what it drives */
	struct rng network;  /* delays and losses of its link */
	uint32_t n_bodies;
	struct sim_body bodies[WIRE_ABOARD_MAX];
};

struct train { /* a trip that riders come by or go to */
	struct trip_key key;
	instant_ms when; /* arrival or departure by the timetable */
	int32_t late_s;
	int64_t known_ms; /* so long before */
	uint8_t cancelled;
};

struct world {
	struct world_options options;
	const struct town *town;
	const struct demand *demand;
	struct placing placing;
	struct arena arena, query_arena; /* graph, maps; scratch of the bodies' way finding */
	struct arena core_arena;	 /* core and dock: of one life of the dispatcher */
	struct route_graph *graph;
	struct route_query *query;
	uint32_t *times[NETWORK_CLASSES_MAX]; /* of the bodies of a class, as body.h says */
	uint32_t *truth[NETWORK_CLASSES_MAX]; /* with the jams of the hour; NULL = as in the town file */
	struct store *store;
	struct core *core; /* NULL = the dispatcher is down */
	struct dock *dock;
	struct pace *pace; /* NULL = streets are as the map says */
	struct journal *journal;
	struct checker *checker;
	struct day *day;
	struct sim_vehicle *vehicles;
	struct rider *riders;
	struct hash_map rider_of; /* ride -> rider */
	struct train *trains;
	size_t n_trains, cap_trains;
	struct event *heap;
	size_t n_heap, cap_heap;
	uint64_t n_orders;
	instant_ms now, core_at;
	uint8_t death; /* enum death, of the dispatcher */
	uint32_t down_ms;
	uint64_t digest;	 /* after the last commit */
	struct problem *problem; /* of the search beside the loop; NULL = it is off */
	struct plans *plans;
	struct plans_answer *answer;
	struct arena plans_arena;
	struct world_counts counts;
	struct err_detail *detail;
	int code;
};

/* Random numbers of their own for each vehicle, train and fault: one more of them changes nothing for the others. */
enum world_stream { STREAM_NETWORK, STREAM_TRAIN, STREAM_FAULT, STREAM_DESK };
struct rng world_stream(const struct world *world, enum world_stream purpose, uint64_t index);

/* world.c */
void world_fail(struct world *world, int code);
void world_push(struct world *world, instant_ms at, enum event_kind kind, uint32_t index, void *payload);
/* Runs what falls before or on `until`: for whoever steers a world by hand (tests/story). The world's code. */
int world_until(struct world *world, instant_ms until);

/* world_dispatcher.c */
int dispatcher_open(struct world *world); /* for the first time, or again from the journal */
void dispatcher_close(struct world *world);
void dispatcher_die(struct world *world);
/* Returns the result's code, or ERR_UNAVAILABLE when the dispatcher was down or died of it. */
int dispatcher_submit(struct world *world, struct command *command);
void dispatcher_hear(struct world *world, uint32_t index, const struct wire_message *message);
void dispatcher_tick_dock(struct world *world);
void dispatcher_tick_core(struct world *world);

/* jams.c */
void jams_begin(struct world *world);
void jams_change(struct world *world); /* the truth is as the jams that last now say */
/* world_improve.c */
int world_improve_open(struct world *world);
void world_improve(struct world *world);
void world_propose(struct world *world, const void *proposal);

/* world_desk.c */
void desk_update(struct world *world, const struct update *update);
void desk_look_around(struct world *world);

/* world_vehicle.c */
int vehicle_open(struct world *world, uint32_t index, uint32_t class_index, const struct place *depot);
void vehicle_close(struct sim_vehicle *vehicle);
void vehicle_start_agent(struct world *world, uint32_t index);
/* Lets the agent act; message (may be NULL) has just arrived. */
void vehicle_wake(struct world *world, uint32_t index, const struct wire_message *message);
void vehicle_transmit(struct world *world, enum event_kind kind, uint32_t index, const struct wire_message *message);
/* The number of the vehicle that a rider sits in, 0 = none. */
uint32_t vehicle_with(const struct world *world, uint64_t ride);
/* A person takes the rider out of wherever he sits. */
void vehicle_take_out(struct world *world, uint64_t ride);
void vehicle_fault(struct world *world, uint32_t fault);
void vehicle_fault_over(struct world *world, uint32_t fault);

/* world_rider.c */
int riders_open(struct world *world);
void rider_wake(struct world *world, uint32_t index);
void rider_tell(struct world *world, uint64_t ride);
void rider_tell_all(struct world *world);
void train_announce(struct world *world, uint32_t index);

#endif
