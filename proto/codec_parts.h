/* Private to proto/: the two halves of the codec and the one check of bounds that both directions pass. */
#ifndef ZUB_CODEC_PARTS_H
#define ZUB_CODEC_PARTS_H

#include "codec.h"
#include "zubringer.pb-c.h"

/* Every bound that zubringer.proto states. ERR_RANGE. */
int codec_check(const struct wire_message *message, struct err_detail *detail);

/* Room for a packed message: the envelope points into it. */
struct codec_pack {
	Zubringer__Envelope envelope;
	union {
		Zubringer__Welcome welcome;
		Zubringer__Heartbeat heartbeat;
		Zubringer__Plan plan;
		Zubringer__Order order;
		Zubringer__Evidence evidence;
		Zubringer__ApprovalReply approval_reply;
		Zubringer__Ack ack;
		Zubringer__Hello hello;
		Zubringer__State state;
		Zubringer__PlanAck plan_ack;
		Zubringer__Event event;
		Zubringer__RiderOut rider_out;
	};
	Zubringer__Clock clock;
	Zubringer__Place place;
	Zubringer__Task tasks[WIRE_TASKS_MAX];
	Zubringer__Task *task_list[WIRE_TASKS_MAX];
	Zubringer__Place places[WIRE_TASKS_MAX];
	Zubringer__Street streets[WIRE_STREETS_MAX];
	Zubringer__Street *street_list[WIRE_STREETS_MAX];
};
/* Points pack->envelope at the content of a checked message (borrowed while message and pack live). */
void codec_pack(struct codec_pack *pack, const struct wire_message *message);
/* Converts with narrowing checks; bounds are codec_check's. *ret is written even on failure. ERR_FORMAT, ERR_RANGE. */
int codec_unpack(const Zubringer__Envelope *envelope, struct wire_message *ret, struct err_detail *detail);

#endif
