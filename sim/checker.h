/* Watches commands and updates from outside with its own books, knowing nothing of the core's inside: no rider lost,
 * none carried twice, no seat sold twice, every promise kept or broken with a cause that a journaled outside event
 * explains.
 *
 * What a vehicle says happened, happened: BOARDED, ALIGHTED, ARRIVED and DEPARTED count with the vehicle's own
 * numbering, whatever the core answered. All else counts when the core took it.
 *
 * What is found (the first one stays, checker_end tells it):
 *   - a ride boarded twice, without a promise, or in the plans of two vehicles at the end of a step; a rider who leaves
 * a vehicle that he did not board; more riders aboard than spaces of any kind
 *   - a promise without an offer, with a window longer than the town's, or widened before its outcome (one tied to an
 * arriving trip may move as a whole, by no more than that trip's journaled delay)
 *   - two outcomes, or one for a ride never promised; "kept" although the vehicle came after the pickup window or the
 * rider left it after the latest arrival; "broken" although the ride was carried out in time
 *   - a no-show before the window has ended, before the vehicle has stood there for the town's time, or without a last
 * call
 *   - a vehicle cleaned with riders aboard; a ride promised by one that was to be cleaned already, unless its plan
 * begins with that or the ride is far ahead; one that is overdue, has nobody to serve, does not charge, and does not go
 * to be cleaned for CHECKER_CLEAN_MS
 *   - at the end: a promised ride that has not ended, a rider still aboard, a ride done without having left a vehicle
 * or without an outcome, a broken ride whose case nobody has closed
 *
 * Which causes of a broken promise are accepted. Lateness is taken from the vehicle's events, not from the outcome. An
 * event counts for a ride when it was journaled after the promise, while the ride was planned on or aboard that very
 * vehicle: vehicle_fault    the vehicle reported a fault or a minimal-risk condition, or refused its plan for good
 *   vehicle_lost     its link was lost
 *   vehicle_stopped  standstill or hold was ordered to it (or to all), or it reported a minimal-risk condition
 *   slower_streets, vehicle_late   it reported to be late by more than CHECKER_LATE_MS (vehicle_late also: any of the
 * above, a wait) other_rider      an emergency, call or stop wish aboard; or it waited at a stop for another rider who
 * came late or not at all rider_late       this very rider boarded at least as much too late as the arrival was
 *   road_closed, slower_streets   the streets were said to be otherwise than before
 *   late_trip, trip_cancelled   a delay or cancellation of the trip that this ride is tied to, at or before its stop
 *   operator         the vehicle was ordered out of service or its release ended by command; a supervisor signed off;
 * or this ride was cancelled by an operator restore          the dispatcher was restored from its journal (CMD_START)
 * And the amount must fit:
 *   - carried out late: all that held up its vehicles in that time (stops and losses by their length, the greatest
 * reported lateness, waits for others, the silence before a restore, and by how much the fastest way of each of its
 * legs was longer than with all streets as usual; thrice the time already driven, at most five
 * minutes, where they changed on a leg) plus
 * CHECKER_SLACK_MS reaches the lateness
 *   - given up before it was late: the event still lasts at that moment, and no vehicle stood idle in service that
 * would have been at the pickup CHECKER_IDLE_MS before the end of the window by the fastest way (checked while no offer
 * is open)
 *
 * What it cannot see: whether a vehicle with other riders could have taken the ride over; whether a reported lateness
 * came from the street or from a plan that asked too much (runs without injected faults must have no broken promise at
 * all); promises given as a replacement for a broken one; places, needs and names (only whom a rider takes space from).
 */
#ifndef ZUB_CHECKER_H
#define ZUB_CHECKER_H

#include "core.h"
#include "err.h"

#define CHECKER_LATE_MS 5000
#define CHECKER_SLACK_MS 180000
#define CHECKER_IDLE_MS 300000
#define CHECKER_CLEAN_MS 300000

struct checker;
int checker_open(struct checker **ret_checker, const struct town *town);
/* The town that counts from now on (a swap); the same again changes nothing. */
void checker_town(struct checker *checker, const struct town *town);
void checker_close(struct checker *checker);
/* A command and the updates it caused; called after each step, in order. */
void checker_step(struct checker *checker, const struct command *command, const struct update *updates, uint32_t n);
/* The journal was put back from an older copy: from here on somebody may be aboard whom only the vehicle remembers. */
void checker_restored(struct checker *checker);
/* What it has found so far, "" = nothing. Borrowed. */
const char *checker_fault(const struct checker *checker);
/* At the end: every promised ride must have ended (service_over). 0, or ERR_BROKEN with the first fault found at any
 * time. */
int checker_end(struct checker *checker, int service_over, struct err_detail *detail);

/* What it counted; figure names as planners know them (MATSim DRT, FleetPy). Denominators are written at each. */
struct checker_figures {
	uint64_t requests; /* CMD_REQUEST answered with offers or a refusal */
	uint64_t promised, refused, declined /* offers that were not accepted */, cancelled, no_shows, done,
		broken /* ended so */;
	uint64_t rejections_by[REFUSALS];
	uint64_t wheelchair_done, prebooked_done, tied_done,
		late_train_done,      /* of done: tied to an arriving trip that was known to be not on time, */
		followed_done,	      /* and whose promise had moved along with it */
		shared_done;	      /* of done; shared: with another party aboard some of the time */
	uint64_t wait_ms_sum, wait_n; /* boarded - wished (asked now or wished departure; by arrival or trip: earliest
					 pickup), per boarded ride */
	uint64_t wait_ms_p95;
	uint64_t in_vehicle_ms_sum;		 /* alighted - boarded, per done ride */
	uint64_t origins;			 /* different places of origin among done rides */
	uint64_t vehicles_used;			 /* that carried somebody */
	uint64_t promises_kept, promises_broken; /* outcomes; broken: without the two kinds counted apart: */
	uint64_t operator_cancelled;		 /* a named person cancelled the ride, for need */
	uint64_t rider_late;			 /* the rider himself came so late that he arrived late */
	uint64_t broken_by[CAUSES];		 /* of promises_broken */
	uint64_t outside_events; /* faults, lost links, delays, orders: what may explain a broken promise */
};
void checker_figures(const struct checker *checker, struct checker_figures *ret_figures);

#endif
