/* The pure agent core of one vehicle: takes messages of the dispatcher, the driving stack's reports and time; says
 * messages and driving wishes. No clock, file, socket; its whole state can be encoded (agent_save) and is written to
 * disk by the program before what depends on it is sent. The vehicle has the last word: the agent refuses plans outside
 * its ODD, on an unknown town, older than its own or contradicting what has happened; silence of the dispatcher never
 * licenses driving on a pickup. */
#ifndef ZUB_AGENT_H
#define ZUB_AGENT_H

#include "arena.h"
#include "err.h"
#include "route.h"
#include "town.h"
#include "wire.h"

struct agent_settings {
	char class_name[32];
	uint8_t spaces[WIRE_SPACES_MAX];
	uint8_t simulated;
	uint32_t heartbeat_ms;	 /* wall, until the dispatcher says otherwise */
	uint32_t state_every_ms; /* wall time between states when nothing changes, default 1,000 */
	uint32_t battery_wh, charge_w;
	uint32_t doors_ms;	       /* from standing at a stop until the first rider passes the door, service time */
	uint32_t mrc_after_silence_ms; /* wall silence after which a vehicle without riders stays at its next stop */
};

/* What the driving stack is asked to do, and what it reports. One implementation now: body.h (kinematic). */
enum drive_wish { DRIVE_STAY = 0, DRIVE_GO = 1, DRIVE_STOP_NOW = 2 };
struct drive_command {
	uint8_t wish;	    /* enum drive_wish */
	struct spot target; /* for GO */
	uint64_t leg;	    /* changes when the target changes */
	/* for GO: arcs that are not as in the town file, ascending; borrowed until the agent hears of another plan */
	const struct wire_street *streets;
	uint32_t n_streets, conditions; /* conditions of the town (weather) that hold */
};
enum body_state {
	BODY_STANDING = 0,
	BODY_DRIVING = 1,
	BODY_ARRIVED = 2 /* at the target of `leg` */,
	BODY_MRC = 3,
	BODY_FAULT = 4
};
struct body_report {
	uint8_t state; /* enum body_state */
	uint64_t leg;
	struct wire_place place;
	uint32_t speed_mm_s;
	uint16_t battery_permille;
	uint32_t remaining_ms; /* to the target */
	uint8_t persons_known; /* the cabin is counted: */
	uint8_t persons;       /* who sits in it */
	char reason[WIRE_TEXT_MAX];
};

struct agent;
#define AGENT_STATE_VERSION 4 /* of agent_save's bytes; 3: closed and slow streets; 4: conditions */
/* Bytes of arena that agent_open takes; bytes that are always enough for agent_save. */
size_t agent_size(void);
size_t agent_save_size(void);
/* The town is borrowed. ERR_NOT_FOUND (no such class in the town), ERR_MEMORY. */
int agent_open(struct agent **ret_agent, const struct agent_settings *settings, const struct town *town,
	       struct arena *arena);
/* State as bytes, little-endian, versioned; restored at the next start (boot is raised by the program through
 * agent_boot). */
int agent_save(const struct agent *agent, void *bytes, size_t size, size_t *ret_n);
int agent_load(struct agent *agent, const void *bytes, size_t n, struct err_detail *detail);
void agent_boot(struct agent *agent, uint32_t boot);
/* 1: the only thing that speaks against this plan is that it is for another town file than the agent has. */
int agent_wants_town(const struct agent *agent, const struct wire_plan *plan);
/* The agent stands on another town from now on; its places are set anew by their raw degrees. The spot in the new town
 * that is nearest to a point, where its class may stop; not 0 = none. */
typedef int agent_spot_on(void *self, struct geo_point point, struct spot *ret_spot);
/* ERR_NOT_FOUND: the town has no such class, ERR_RANGE: something planned is off its roads; then nothing has changed.
 */
int agent_set_town(struct agent *agent, const struct town *town, agent_spot_on *spot_on, void *self);
/* The boot it counts events under. It may have gone on beyond what the program set: events that a restored dispatcher
 * cannot join to what it knows are numbered anew under the next boot. */
uint32_t agent_boot_number(const struct agent *agent);
/* 1 when state changed since the last agent_save that must be on disk before messages go out. */
int agent_dirty(const struct agent *agent);

/* wall_ms: a monotonic clock for link time-outs. Messages to send are appended by agent_next_message. */
void agent_receive(struct agent *agent, const struct wire_message *message, int64_t wall_ms);
/* The driving stack's report, at least each step. */
void agent_body(struct agent *agent, const struct body_report *report);
/* Buttons in the vehicle: enum wire_event_kind (passenger call, stop wish, emergency), or a boarding code typed (ride
 * found by it). */
void agent_button(struct agent *agent, uint8_t event_kind);
void agent_code(struct agent *agent, uint16_t code);
/* Time passes. service_ms by the dispatcher's clock as last told (agent_service_now), wall for time-outs. */
void agent_tick(struct agent *agent, int64_t wall_ms);
/* The wall time by which agent_tick must be called again if nothing arrives before: the next thing it does by service
 * time (dwell over, doors close, ...) or by wall time (heartbeat, repetition). At least wall_ms. */
int64_t agent_due(const struct agent *agent, int64_t wall_ms);
instant_ms agent_service_now(const struct agent *agent, int64_t wall_ms);
uint32_t agent_clock_speed_permille(const struct agent *agent);
/* Next message to send, or 0 when none; unacknowledged events are repeated after a while. */
int agent_next_message(struct agent *agent, struct wire_message *ret_message);
/* What the body shall do now. */
struct drive_command agent_drive(const struct agent *agent);
/* View for logs and the simulator's checkers. */
struct agent_view {
	uint8_t mode;
	uint32_t plan_epoch, plan_version, n_tasks, n_done, n_aboard;
	uint64_t aboard[WIRE_ABOARD_MAX];
	uint8_t persons[WIRE_ABOARD_MAX]; /* of those rides */
	uint8_t link_up, doors_open, standstill, held;
};
void agent_view(const struct agent *agent, struct agent_view *ret_view);

#endif
