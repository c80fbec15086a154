/* What HTTP needs of the loop, so that net does not depend on it: submit a command and get its updates after they are
 * durable. */
#ifndef ZUB_HOST_H
#define ZUB_HOST_H

#include "core.h"
#include "wire.h"

/* Called after commit with all updates of that command (n >= 1, the last is UPD_RESULT); durable != 0. If the
 * dispatcher cannot take it (holding, disk full) code != 0 and n == 0. sequence/hash: journal record for the receipt.
 */
typedef void host_reply(void *arg, int code, const struct update *updates, uint32_t n, uint64_t sequence,
			const uint8_t hash[32]);

/* A live feed of the public transport. */
enum host_feed_state { HOST_FEED_WAITING, HOST_FEED_OK, HOST_FEED_STALE, HOST_FEED_UNREACHABLE, HOST_FEED_GARBLED };
struct host_feed {
	char name[32];		  /* of the timetable feed; "" = the only one */
	uint8_t state;		  /* enum host_feed_state */
	instant_ms message_at;	  /* of the newest message, or INSTANT_NONE */
	uint32_t n_late, n_trips; /* trips known to be not on time; trips in the newest message */
};

/* One thing that the journal says of a ride; exactly one of the three is not NULL. Borrowed for the call. */
struct host_story {
	uint64_t sequence;
	instant_ms at;
	const struct command *command;
	const struct update *update;
	const char *identity_json; /* name, contact, note, as they were given */
};
typedef void host_story_each(void *arg, const struct host_story *line);

struct host {
	void *self;
	/* command->at is set by the host. identity_json may be NULL; sealed with the ride's identity key. */
	int (*submit)(void *self, struct command *command, const char *identity_json, host_reply *reply, void *arg);
	/* standstill bypass: out at once, journaled after */
	void (*standstill)(void *self, uint32_t vehicle, const struct wire_order *order);
	instant_ms (*now)(void *self); /* service time */
	uint32_t (*speed_permille)(void *self);
	const struct core *(*core)(void *self);
	const struct wire_state *(*vehicle_state)(void *self, uint32_t vehicle); /* newest, or NULL */
	/* place on the town's roads and walks from raw degrees; ERR_RANGE outside the map */
	int (*place)(void *self, struct geo_point point, struct place *ret_place);
	/* the road nearest to a point, whatever its class and use; ERR_RANGE outside the map */
	int (*street)(void *self, struct geo_point point, uint32_t *ret_arc);
	uint64_t (*random)(void *self);
	int (*holding)(void *self, char *text,
		       size_t size); /* 1 + reason while no promises are made (hold mode); 2: the store
				is away and the core ahead of it: nothing of its state may be told */
	void (*metrics)(void *self, char *text, size_t size); /* Prometheus lines of the loop, link and store */
	/* the live feeds; returns how many, `most` at most. NULL = none */
	uint32_t (*feeds)(void *self, struct host_feed *ret_feeds, uint32_t most);
	/* What the journal says of this ride from its asking on, in order; ERR_UNAVAILABLE, ERR_FULL (more records than
	 * may be read in one go: what was found has been given). */
	int (*story)(void *self, uint64_t ride, instant_ms asked_at, host_story_each *each, void *arg);
};

#endif
