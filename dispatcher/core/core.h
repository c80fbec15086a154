/* The pure core: all decisions of the dispatcher. No clock, file, socket, float or allocation after start-up; the same
 * commands give the same updates and the same digest on every machine, compiler and thread count.
 *
 * Ride life: asked -> offered -> promised -> at stop -> aboard -> done, with cancelled, expired, no-show,
 * refused(reason), broken(cause, owner, outcome). No decision of the core breaks a promise: insertion is tried over all
 * vehicles and position pairs, and only plans that keep every window (with settings.reserve_ms to spare where it still
 * exists) are taken.
 *
 * What is promised (promise.c), with R = settings.reserve_ms and W = town rules' no_show_wait_ms:
 *   window          starts R/2 after the vehicle could be there, never before the rider can; it is
 * min(pickup_window_ms, W + R/2) long. "Picked up in the window" means the vehicle stands at the stop (WIRE_ARRIVED) by
 * its end. planned_dropoff as told holds R of spare beyond the plan; latest_arrival = that + min(arrival_extra_ms,
 * direct * permille / 1000), never after a wished arrival, a tied departure less transfer and walk, or the end of
 * service. no-show         at the later of window end and W at the stop (plus "I am coming", once, as far as nobody
 * else's promise needs the time), after a last call a minute before. The wait cannot break another promise: every plan
 * is also checked with each rider missing, and the next stop's riders too (schedule.h), R/4 in hand beside the time
 * that messages take (settings.message_ms) and a boarding at the last moment; "I am coming" leaves R/4, too. later
 * changes keep a promise with R in hand where it still exists; a plan that is later already may stay as it is. from a
 * trip     the promise is one relative to the trip: when it is late the window moves along, as long as it was (cause
 *                   CAUSE_LATE_TRIP, still kept), if the plan of its vehicle or another one allows; else it is broken.
 * A rider who comes so late to the stop that it alone makes the arrival late: CAUSE_RIDER_LATE. UPD_OUTCOME comes once
 * per promise: at drop-off, at a no-show, when it is broken, when an operator cancels (CAUSE_OPERATOR, counted apart);
 * never when the rider cancels.
 *
 * Offers: the first is reserved in the plan until offers_until (other requests plan around it; the vehicle is not
 * told). At acceptance each offer is looked for anew within its window: any vehicle that keeps it will do. Gone =
 * ERR_GONE with fresh offers (state offered again), or expired. One open request (offers not answered) per client; a
 * promised ride blocks nothing. A door is the nearest road spot within 30 m, for towns with door_to_door and for
 * whoever cannot walk (walk_max_mm 0); a door is the rider's own to judge and is offered to those who need step-free
 * access, stops only when known to be step-free. Without a fallback in the town a ride that ends within wait_max_ms of
 * the end of service needs two vehicles that could do it.
 *
 * Places: all stops within the rider's walk, the 32 nearest at each end, are tried together; nobody is sent to walk
 * more than three quarters of the way on foot, unless the nearest stops want it. Who would have one offer only is shown
 * the best one at another time. A refusal names the obstacle that the vehicle that came furthest met, a later time, and
 * what a longer walk would reach (struct upd_result).
 *
 * Idle: a vehicle charges when it has nothing to do, or enough time before its next rider, never with riders aboard;
 * it leaves the charger in time. settings.clean_every_ms: it is cleaned at its depot, sooner when all is quiet, at the
 * latest when those are served whom it was promised until then (cleaning.c). settings.rebalance_ms: who idles is sent
 * where riders are expected (rebalance.c), and is as free on its way as one that stands. settings.fair_gap_permille:
 * waits of groups that fall behind weigh more (fair.c).
 *
 * Vehicles: plans start where a vehicle stands, or, under way, at the end of the arc it can have reached
 * settings.freeze_ms from now. A pickup whose time is more than reserve_ms ahead does not hold a vehicle that stands at
 * its stop already. Riders of a vehicle that fails are moved within their promise, else broken with the next best time
 * (the ride goes on, its case stays open until CMD_CASE_CLOSE) or RIDE_BROKEN. Cases about a vehicle alone are named by
 * their case_id in cmd_case.ride. Unwatched for plan_valid_ms, a vehicle's waiting riders go elsewhere.
 * CMD_HANDOVER_ACCEPT: `who` accepts what `to` hands over. A rider aboard whose case is closed as helped otherwise was
 * taken out by a person: UPD_RIDER_OUT tells the vehicle, until it answers (the ride stays known so long). The vehicle
 * has the last word: WIRE_STILL_ABOARD puts the rider back, with a CASE_DISAGREEMENT.
 *
 * Full: rides -> ERR_FULL, REFUSAL_FULL; cases over 3/4 open -> no new promises (REFUSAL_FULL), a broken ride without
 * room for its case asks again each minute; notices: those answered or of
 * closed rides make room, and when there are none a case takes the place of the notice; keys: the oldest make room;
 * vehicles, supervisors, delays -> ERR_FULL. Due work that does not fit into one step's updates is left due (core_due
 * stays at or before now): step again. */
#ifndef ZUB_CORE_H
#define ZUB_CORE_H

#include "arena.h"
#include "command.h"
#include "err.h"
#include "town.h"
#include "update.h"
#include <stddef.h>
#include <stdint.h>

#define CORE_ENGINE_VERSION 6 /* raised whenever the same commands may lead to other decisions */

struct core;

/* Bytes of arena a core with these settings on this town needs. */
size_t core_size(const struct core_settings *settings, const struct town *town);
/* An empty core. The town is borrowed until core_set_town replaces it. ERR_MEMORY, ERR_RANGE (settings). The first
 * command must be CMD_START with the same settings and the town's hash (checked: ERR_CONFLICT). */
int core_open(struct core **ret_core, const struct core_settings *settings, const struct town *town,
	      struct arena *arena);
/* Hands over the town that a following CMD_TOWN_SWAP names; rides are re-anchored by their raw degrees through
 * `place_on`, which the driver provides (it may project). Both towns stay borrowed until the swap. There may be any
 * number of swaps: the town's part of the memory is two halves, used in turn, each as large as the first town needs.
 * ERR_RANGE (classes), ERR_FULL: the half that is free is too small for this town; hand over a larger one with
 * core_town_memory and try again. */
int core_set_town(struct core *core, const struct town *town,
		  struct place (*place_on)(void *self, struct geo_point point), void *self);
/* Takes `memory` in place of the half that is free, for the towns to come; at least core_town_size bytes, borrowed for
 * as long as the core lives. */
void core_town_memory(struct core *core, struct arena *memory);
size_t core_town_size(const struct core_settings *settings, const struct town *town);

/* Runs what is due until command->at, then the command. Appends to `updates` (never fails for lack of room when
 * updates->most - updates->n >= core_updates_max()). A command the core cannot accept changes nothing and yields
 * UPD_RESULT with its code; the journal keeps it all the same. */
void core_step(struct core *core, const struct command *command, struct updates *updates);
uint32_t core_updates_max(const struct core *core);
/* When the core next has something to do without a command (send CMD_TICK then); INT64_MAX = nothing waits. */
instant_ms core_due(const struct core *core);
/* 64-bit digest of the whole state; equal states, equal digests. */
uint64_t core_digest(const struct core *core);

/* Snapshot: versioned little-endian encoding, never a memory image. ERR_FULL when `size` is too small (*ret_n =
 * needed). */
int core_snapshot(const struct core *core, void *bytes, size_t size, size_t *ret_n);
/* Into a freshly opened core of the same settings and town; also one made by an older engine. ERR_VERSION, ERR_FORMAT,
 * ERR_RANGE, ERR_FULL. */
int core_restore(struct core *core, const void *bytes, size_t n, struct err_detail *detail);

/* ---- views (read-only; valid until the next step) ---- */
struct core_task {
	uint64_t ride; /* 0 for park, charge and clean */
	uint8_t kind;  /* enum wire_task_kind */
	struct place place;
	uint32_t drive_ms, drive_mm;   /* from the task before (or the vehicle's anchor) */
	instant_ms arrive, begin, end; /* planned: arrival, service begin and end */
	instant_ms not_before, latest; /* hard limits of this task by promise */
	uint8_t state;		       /* 0 ahead, 1 arrived */
};
struct core_vehicle {
	uint32_t number; /* 1 .. */
	char name[CORE_WHO_MAX];
	uint32_t class_index;
	uint8_t spaces[TOWN_SPACES_MAX];
	uint8_t step_free, simulated, service, link_up, mode, doors_open, held, standstill;
	struct place depot;
	instant_ms shift_from, shift_to, released_until, last_contact;
	char released_by[CORE_WHO_MAX], approval[CORE_REASON_MAX], supervisor[CORE_WHO_MAX];
	struct place anchor; /* where it is known to have been at anchor_at: last event or report */
	instant_ms anchor_at;
	uint16_t battery_permille;
	int32_t late_ms;
	uint32_t plan_epoch, plan_version, acked_epoch, acked_version;
	uint32_t boot, sequence; /* last event taken */
	uint32_t n_tasks;
	uint32_t n_aboard;
	uint64_t aboard[WIRE_ABOARD_MAX];
	uint64_t empty_mm, loaded_mm; /* driven so far, by riders aboard or not */
	instant_ms cleaned_at;	      /* INSTANT_NONE = not since it was enrolled */
};
struct core_ride {
	uint64_t ride, client;
	struct cmd_request request;
	uint8_t state, refusal, cause, case_outcome, coming_used, prebooked;
	uint8_t units[TOWN_SPACES_MAX]; /* space taken */
	uint8_t party;
	uint32_t n_offers, accepted; /* accepted offer index */
	struct offer offers[CORE_OFFERS_MAX];
	instant_ms offers_until;
	instant_ms asked_at, promised_at, closed_at;
	/* the promise: fixed at acceptance, never widened */
	instant_ms earliest_pickup, latest_pickup, latest_arrival;
	uint32_t ride_max_ms;
	struct place pickup, dropoff;
	instant_ms planned_pickup, planned_dropoff; /* now planned */
	instant_ms at_stop_at, boarded_at, alighted_at, last_call_at;
	uint16_t boarding_code;
	uint32_t vehicle; /* number, 0 = none */
	uint32_t n_reassigned;
	char owner[CORE_WHO_MAX]; /* of a broken ride's case */
	uint32_t taken_out;	  /* by a person out of this vehicle, which has not said yet that it knows; 0 = none */
	uint64_t taken_out_order; /* the order that tells it */
};
struct core_case {
	uint64_t case_id, ride;
	uint32_t vehicle;
	uint8_t kind, outcome;
	instant_ms opened_at, closed_at;
	char owner[CORE_WHO_MAX];
	char note[CORE_REASON_MAX];
};
struct core_notice {
	uint64_t notice, ride;
	uint8_t kind, state;
	instant_ms made_at, about;
};
struct core_supervisor {
	char who[CORE_WHO_MAX];
	char handing_to[CORE_WHO_MAX];
	uint32_t vehicles_max;
	uint8_t simulated;
	instant_ms since;
};
#define CORE_CLOSURES_MAX 64
struct core_closure { /* as in cmd_closure */
	uint64_t closure;
	uint32_t slow_permille;
	instant_ms made_at, until;
	uint32_t n;
	uint32_t arcs[COMMAND_ARCS_MAX];
	char by[CORE_WHO_MAX];
	char reason[CORE_REASON_MAX];
};
struct core_speeds { /* as in cmd_street_speeds */
	instant_ms made_at, until;
	uint32_t n;
	uint32_t arcs[COMMAND_SPEEDS_MAX], slow_permille[COMMAND_SPEEDS_MAX];
};
struct core_figures { /* running counts since CMD_START of epoch 1 */
	uint64_t asked, offered, promised, refused, expired, cancelled, no_show, done, broken, kept;
	uint64_t refused_by[REFUSALS];
	uint64_t wait_ms_sum, wait_n; /* boarded - wished (asked now, or wished departure; by arrival or trip: earliest
					 pickup), over rides boarded */
	uint64_t ride_ms_sum, direct_ms_sum, shared; /* shared: rides done with another party aboard some of the time */
	uint64_t need_asked[TOWN_NEEDS_MAX], need_refused[TOWN_NEEDS_MAX], need_wait_ms_sum[TOWN_NEEDS_MAX],
		need_wait_n[TOWN_NEEDS_MAX];
	uint64_t prebooked, tied, gone;
	uint64_t empty_mm, loaded_mm;
};

instant_ms core_now(const struct core *core);
uint32_t core_epoch(const struct core *core);
const struct town *core_town(const struct core *core);
const struct core_settings *core_settings(const struct core *core);
const struct core_figures *core_figures(const struct core *core);
uint32_t core_n_vehicles(const struct core *core);
const struct core_vehicle *core_vehicle_at(const struct core *core,
					   uint32_t index); /* by index 0 .. n-1, ascending number */
const struct core_vehicle *core_vehicle(const struct core *core, uint32_t number); /* or NULL */
const struct core_task *core_plan(const struct core *core, uint32_t number, uint32_t *ret_n);
uint32_t core_n_rides(const struct core *core); /* kept in memory */
const struct core_ride *core_ride_at(const struct core *core, uint32_t index);
const struct core_ride *core_ride(const struct core *core, uint64_t ride); /* or NULL */
uint32_t core_n_cases(const struct core *core);
const struct core_case *core_case_at(const struct core *core, uint32_t index);
uint32_t core_n_notices(const struct core *core);
const struct core_notice *core_notice_at(const struct core *core, uint32_t index);
uint32_t core_n_supervisors(const struct core *core);
const struct core_supervisor *core_supervisor_at(const struct core *core, uint32_t index);
uint32_t core_n_closures(const struct core *core);
uint32_t
core_conditions(const struct core *core); /* bit set of the town's profiles: those that an operator switched on */
const struct core_closure *core_closure_at(const struct core *core, uint32_t index); /* ascending number */
const struct core_speeds *core_speeds(const struct core *core);
/* What all closures and speeds together say of single arcs, ascending by arc; at most WIRE_STREETS_MAX. */
const struct wire_street *core_streets(const struct core *core, uint32_t *ret_n);
/* What this vehicle has asked a supervisor to approve and nobody has answered yet (for CMD_APPROVAL); 0 = nothing. */
uint64_t core_approval(const struct core *core, uint32_t number);
/* When a vehicle is to be cleaned if it stays in service; INT64_MAX = never, or not in service. */
instant_ms core_clean_due(const struct core *core, uint32_t number);
int core_bookings_paused(const struct core *core);
/* What is known of trips that are not on time, in no order. ERR_RANGE. */
uint32_t core_n_delays(const struct core *core);
int core_delay_at(const struct core *core, uint32_t index, struct cmd_trip_delay *ret_delay);
uint32_t core_delays_room(const struct core *core); /* for more, those of trips that are over given up */
/* Live arrival and departure at the stop time that a key names. ERR_NOT_FOUND; ERR_GONE: the trip does not call there.
 */
int core_connection(const struct core *core, const struct trip_key *key, instant_ms *ret_arrival,
		    instant_ms *ret_departure);
/* For planners of journeys: how long shuttles (class 0) drive from a place to each of n others, or with is_back from
 * each to it; TIME_INFINITE = no way. Likewise how far it is on foot; NONE = no way. A place with arc NONE is no way
 * off. */
void core_drives(const struct core *core, const struct place *at, const struct place *places, uint32_t n, int is_back,
		 uint32_t *ret_ms, uint32_t *ret_mm);
/* The way a vehicle of a class drives now between two places on the road, for who compares it with how it went:
 * *ret_n arcs, what each takes (the part that is driven) but for what vehicles found (usual_ms), and how long the turns
 * between them take. ERR_UNREACHABLE, ERR_FULL: more than `most` arcs. */
int core_way(const struct core *core, uint32_t class_index, struct spot from, struct spot to, uint32_t *ret_arcs,
	     uint32_t *ret_usual_ms, uint32_t *ret_n, uint32_t most, uint32_t *ret_turns_ms);
void core_walks(const struct core *core, const struct place *at, const struct place *places, uint32_t n, int is_back,
		uint32_t *ret_mm);
struct place core_stop_place(const struct core *core, uint32_t stop); /* of a virtual stop (below town n_stops) */
uint32_t core_window_ms(const struct core *core);		      /* how long pickup windows are */
/* Stable lower-case names of enum values for JSON, logs and translations ("at_stop", "outside_area", ...). */
const char *core_ride_state_name(uint8_t state);
const char *core_refusal_name(uint8_t refusal);
const char *core_obstacle_name(uint8_t obstacle);
const char *core_reason_name(uint8_t reason); /* of an offer */
const char *core_cause_name(uint8_t cause);
const char *core_notice_name(uint8_t kind);
const char *core_case_name(uint8_t kind);
const char *core_service_name(uint8_t service);
const char *core_command_name(uint16_t kind);

/* check.c: every invariant of the state (seats at each task, windows, no ride in two plans, aboard lists, counters,
 * ...). 0, or ERR_BROKEN with the first broken one in words. Slow; run by tests, the simulator and `dispatcher verify`.
 */
int core_check(const struct core *core, struct err_detail *detail);

#endif
