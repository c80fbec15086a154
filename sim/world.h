/* The virtual world: the dispatcher's core, dock and journal and the vehicles' agents and bodies, the very code of the
 * live service, behind a virtual clock and a virtual network; riders from demand; a service desk that answers notices,
 * cases and approval requests as people would. Discrete events, seeded: same seed, same bytes. An independent checker
 * (checker.h) watches. */
#ifndef ZUB_WORLD_H
#define ZUB_WORLD_H

#include "checker.h"
#include "core.h"
#include "day.h"
#include "demand.h"
#include "err.h"
#include "store.h"
#include "town.h"

#define WORLD_FAULTS_MAX 64
#define WORLD_VEHICLES_MAX 4096

enum world_fault_kind {
	WORLD_FAULT_MRC = 1,	/* minimal-risk stop; at its end the supervisor approves going on */
	WORLD_FAULT_DEAD,	/* the vehicle breaks down; at its end it is repaired where it stands */
	WORLD_FAULT_LINK,	/* no message passes */
	WORLD_FAULT_AGENT,	/* the agent is killed at its next activity: before it saved, before it spoke, or after;
				   starts again */
	WORLD_FAULT_DISPATCHER, /* the dispatcher is killed: at once, before its next commit, or between commit and
				   release; recovers */
	WORLD_FAULT_KINDS
};

struct world_fault {
	instant_ms at;
	uint32_t vehicle;     /* 1 ..; not for the dispatcher */
	uint8_t kind;	      /* enum world_fault_kind */
	uint32_t duration_ms; /* 0 = for good (agent, dispatcher: WORLD_RESTART_MS) */
};

#define WORLD_RESTART_MS 3000

#define WORLD_GROUPS_MAX 16
struct world_group { /* vehicles that are alike */
	uint32_t n_vehicles;
	uint8_t spaces[TOWN_SPACES_MAX];
	char class_name[32];
	uint8_t has_depot; /* else the middle of all trips */
	struct geo_point depot;
	int32_t shift_from_s, shift_to_s; /* of the service day on which the run begins; both 0 = always */
};

#define WORLD_JAMS_MAX 16
struct world_jam { /* streets whose middle is near a point take longer than the map says, and nobody is told */
	instant_ms from, to;
	struct geo_point middle;
	uint32_t radius_mm;
	uint32_t slow_permille; /* times are multiplied */
};

struct world_options {
	uint64_t seed;
	instant_ms from, to; /* demand and service; riders aboard at the end are driven home */
	uint32_t n_vehicles;
	uint8_t spaces[TOWN_SPACES_MAX];
	char class_name[32];
	uint32_t n_groups; /* 0 = all n_vehicles have those spaces and that class; else n_vehicles is their sum */
	struct world_group groups[WORLD_GROUPS_MAX];
	struct core_settings core;
	uint32_t latency_ms_min, latency_ms_max, loss_permille, repeat_permille;
	uint32_t slow_permille; /* vehicles are slower than the map says */
	uint8_t live_speeds;	/* the dispatcher learns from its vehicles how slow streets are (pace.h) */
	uint32_t n_jams;
	struct world_jam jams[WORLD_JAMS_MAX];
	uint32_t desk_errs_permille; /* riders written down as taken out of a vehicle who still sit in it */
	uint32_t trains_late_permille, trains_cancelled_permille,
		trains_late_ms_max; /* of the trips that rides are tied to */
	uint32_t n_faults;
	struct world_fault faults[WORLD_FAULTS_MAX];
	uint32_t improve_ms;	     /* a round of the search beside the loop this often; 0 = none */
	uint32_t improve_iterations; /* of each round */
	uint32_t check_every;	     /* core_check after every so many commands; 0 = only at the end */
	uint32_t snapshot_every;     /* journal snapshot after so many commands, 0 = the journal's own */
};
void world_default(struct world_options *options);
/* The group of vehicle `index` (0 ..), by the order of the groups; *ret_group (may be NULL) its number. */
struct world_group world_group_of(const struct world_options *options, uint32_t index, uint32_t *ret_group);

struct world;
/* town, demand, store are borrowed until close. */
int world_open(struct world **ret_world, const struct world_options *options, const struct town *town,
	       const struct demand *demand, struct store *store, struct err_detail *detail);
void world_close(struct world *world);
/* Runs to the end. progress (may be NULL) is called once per simulated hour. ERR_BROKEN: a checker found something. */
int world_run(struct world *world, void (*progress)(void *self, instant_ms now), void *self, struct err_detail *detail);
const struct core *world_core(const struct world *world);
const struct checker *world_checker(const struct world *world);
/* The books of the run, whole after world_run; the caller's from then on (day_close). */
struct day *world_take_day(struct world *world);
/* What happened to the service itself. */
struct world_counts {
	uint64_t commands, events, messages, lost, agent_restarts, dispatcher_restarts, records_recovered;
	uint64_t improve_rounds, improve_proposals, improve_taken,
		improve_moved; /* moved: riders, to another vehicle */
	int64_t improve_saved; /* by what was taken (cost.h) */
};
struct world_counts world_counts(const struct world *world);

#endif
