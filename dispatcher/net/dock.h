/* The pure half of the vehicle link, shared by the live dispatcher (link.h, ZeroMQ) and the simulator (virtual
 * network): wire messages of vehicles -> core commands, core updates -> wire messages. Keeps the newest state of each
 * vehicle and hands the core, per tick, one compact batch of what is exceptional (mode change, late by over 5 s (while
 * it stands: once) or off by over 20 m, battery step, one on-plan mark per vehicle and minute); repeats unacknowledged
 * plans; watches heartbeats (wall time). */
#ifndef ZUB_DOCK_H
#define ZUB_DOCK_H

#include "arena.h"
#include "core.h"
#include "wire.h"

#define DOCK_EARLY 8			   /* events of a vehicle kept until those before them come */
#define DOCK_COMMANDS (1 + 1 + DOCK_EARLY) /* of one message: the link is back, its event, those that waited for it */

struct dock_settings {
	uint32_t vehicles_max;
	uint32_t heartbeat_ms;	 /* wall, default 1,000 */
	uint32_t lost_after_ms;	 /* wall silence -> CMD_VEHICLE_LINK lost, default 10,000 */
	uint32_t valid_ms;	 /* wall validity told to vehicles, default 30,000 */
	uint32_t resend_ms;	 /* wall, unacknowledged plan or order, default 2,000 */
	uint32_t speed_permille; /* service clock */
	uint8_t simulated;	 /* clock is simulated: hellos of real vehicles are refused */
};
struct dock;
size_t dock_size(const struct dock_settings *settings);
int dock_open(struct dock **ret_dock, const struct dock_settings *settings, const struct core *core,
	      struct arena *arena);

/* A message from the vehicle with this (authenticated) number. Commands it causes are written to ret_commands (at most
 * `most`: DOCK_COMMANDS; what finds no room waits until the vehicle repeats it); `at` = service time for them.
 * ERR_DENIED: unknown vehicle or a real one on a simulated clock; ERR_FORMAT: not for us. */
int dock_receive(struct dock *dock, uint32_t vehicle, const struct wire_message *message, instant_ms at,
		 int64_t wall_ms, struct command *ret_commands, uint32_t most, uint32_t *ret_n);
/* A released update (after commit): queues what vehicles must hear. */
void dock_update(struct dock *dock, const struct update *update, int64_t wall_ms);
/* A standstill that must go out before it is durable (all vehicles: vehicle = 0). */
void dock_standstill(struct dock *dock, uint32_t vehicle, const struct wire_order *order);
/* Time: heartbeats, resends, lost links; commands as for dock_receive (link lost, fleet states); most >= 2 + vehicles
 * / 32. */
void dock_tick(struct dock *dock, instant_ms at, int64_t wall_ms, struct command *ret_commands, uint32_t most,
	       uint32_t *ret_n);
/* In place of dock_receive and dock_tick while nothing can be made durable: a message is heard, not taken (the vehicle
 * repeats what matters); heartbeats and standstill orders go out, repeated as ever, and nothing else until one of the
 * calls above. */
void dock_hear(struct dock *dock, uint32_t vehicle, instant_ms at, int64_t wall_ms);
void dock_hold(struct dock *dock, instant_ms at, int64_t wall_ms);
/* Next message to send, 0 = none. */
int dock_next(struct dock *dock, uint32_t *ret_vehicle, struct wire_message *ret_message);
/* Newest state of a vehicle (for maps and telemetry), or NULL. */
const struct wire_state *dock_state(const struct dock *dock, uint32_t vehicle);

#endif
