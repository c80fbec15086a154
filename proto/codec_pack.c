#include <string.h>

#include "codec_parts.h"

/* protobuf-c's structs hold char * and uint8_t * that packing only reads. */
static char *text(const char *value)
{
	return (char *)(uintptr_t)value;
}

static ProtobufCBinaryData hash(const uint8_t *value)
{
	return (ProtobufCBinaryData){.len = WIRE_HASH_BYTES, .data = (uint8_t *)(uintptr_t)value};
}

static void pack_place(Zubringer__Place *out, const struct wire_place *place)
{
	zubringer__place__init(out);
	out->lat_e7 = place->lat_e7;
	out->lon_e7 = place->lon_e7;
	out->arc = place->arc;
	out->offset_mm = place->offset_mm;
	out->side = place->side;
}

static void pack_clock(Zubringer__Clock *out, const struct wire_clock *clock)
{
	zubringer__clock__init(out);
	out->service_now = clock->service_now;
	out->speed_permille = clock->speed_permille;
	out->simulated = clock->simulated;
}

static void pack_welcome(struct codec_pack *pack, const struct wire_welcome *welcome)
{
	zubringer__welcome__init(&pack->welcome);
	pack_clock(&pack->clock, &welcome->clock);
	pack->welcome.epoch = welcome->epoch;
	pack->welcome.clock = &pack->clock;
	pack->welcome.town_hash = hash(welcome->town_hash);
	pack->welcome.heartbeat_ms = welcome->heartbeat_ms;
	pack->welcome.valid_ms = welcome->valid_ms;
}

static void pack_heartbeat(struct codec_pack *pack, const struct wire_heartbeat *heartbeat)
{
	zubringer__heartbeat__init(&pack->heartbeat);
	pack_clock(&pack->clock, &heartbeat->clock);
	pack->heartbeat.epoch = heartbeat->epoch;
	pack->heartbeat.clock = &pack->clock;
}

static void pack_task(Zubringer__Task *out, Zubringer__Place *place, const struct wire_task *task)
{
	zubringer__task__init(out);
	pack_place(place, &task->place);
	out->ride = task->ride;
	out->kind = (Zubringer__TaskKind)task->kind;
	out->place = place;
	out->planned_at = task->planned_at;
	out->not_before = task->not_before;
	out->wait_until = task->wait_until;
	out->dwell_ms = task->dwell_ms;
	out->boarding_code = task->boarding_code;
	out->party = task->party;
}

static void pack_plan(struct codec_pack *pack, const struct wire_plan *plan)
{
	zubringer__plan__init(&pack->plan);
	pack->plan.epoch = plan->epoch;
	pack->plan.version = plan->version;
	pack->plan.town_hash = hash(plan->town_hash);
	pack->plan.valid_until = plan->valid_until;
	pack->plan.n_tasks = plan->n_tasks;
	pack->plan.tasks = pack->task_list;
	for (uint32_t i = 0; i < plan->n_tasks; i++) {
		pack_task(&pack->tasks[i], &pack->places[i], &plan->tasks[i]);
		pack->task_list[i] = &pack->tasks[i];
	}
	pack->plan.conditions = plan->conditions;
	pack->plan.n_streets = plan->n_streets;
	pack->plan.streets = pack->street_list;
	for (uint32_t i = 0; i < plan->n_streets; i++) {
		zubringer__street__init(&pack->streets[i]);
		pack->streets[i].arc = plan->streets[i].arc;
		pack->streets[i].slow_permille = plan->streets[i].slow_permille;
		pack->streets[i].seen = plan->streets[i].seen != 0;
		pack->street_list[i] = &pack->streets[i];
	}
}

static void pack_order(Zubringer__Order *out, const struct wire_order *order)
{
	zubringer__order__init(out);
	out->id = order->id;
	out->kind = (Zubringer__OrderKind)order->kind;
	out->by = text(order->by);
	out->reason = text(order->reason);
}

static void pack_hello(Zubringer__Hello *out, const struct wire_hello *hello)
{
	static const uint8_t zero[WIRE_HASH_BYTES];

	zubringer__hello__init(out);
	out->boot = hello->boot;
	out->simulated = hello->simulated;
	out->class_name = text(hello->class_name);
	out->software = text(hello->software);
	out->cleans = hello->cleans;
	if (memcmp(hello->town_hash, zero, sizeof zero) != 0)
		out->town_hash = hash(hello->town_hash);
}

static void pack_state(struct codec_pack *pack, const struct wire_state *state)
{
	Zubringer__State *out = &pack->state;

	zubringer__state__init(out);
	pack_place(&pack->place, &state->place);
	out->boot = state->boot;
	out->sequence = state->sequence;
	out->at = state->at;
	out->place = &pack->place;
	out->mode = (Zubringer__Mode)state->mode;
	out->doors_open = state->doors_open;
	out->battery_permille = state->battery_permille;
	out->speed_mm_s = state->speed_mm_s;
	out->late_ms = state->late_ms;
	out->plan_epoch = state->plan_epoch;
	out->plan_version = state->plan_version;
	out->n_done = state->n_done;
	out->n_aboard = state->n_aboard;
	out->aboard = (uint64_t *)(uintptr_t)state->aboard;
}

static void pack_event(struct codec_pack *pack, const struct wire_event *event)
{
	Zubringer__Event *out = &pack->event;

	zubringer__event__init(out);
	pack_place(&pack->place, &event->place);
	out->boot = event->boot;
	out->sequence = event->sequence;
	out->at = event->at;
	out->kind = (Zubringer__EventKind)event->kind;
	out->task_kind = (Zubringer__TaskKind)event->task_kind;
	out->evidence = (Zubringer__EvidenceKind)event->evidence;
	out->ride = event->ride;
	out->place = &pack->place;
	out->battery_permille = event->battery_permille;
	out->reason = text(event->reason);
}

static void pack_small(struct codec_pack *pack, const struct wire_message *message)
{
	if (message->kind == WIRE_KIND_EVIDENCE) {
		zubringer__evidence__init(&pack->evidence);
		pack->evidence.ride = message->evidence.ride;
		pack->evidence.kind = (Zubringer__EvidenceKind)message->evidence.kind;
	} else if (message->kind == WIRE_KIND_APPROVAL_REPLY) {
		zubringer__approval_reply__init(&pack->approval_reply);
		pack->approval_reply.request = message->approval_reply.request;
		pack->approval_reply.granted = message->approval_reply.granted;
		pack->approval_reply.by = text(message->approval_reply.by);
	} else if (message->kind == WIRE_KIND_ACK) {
		zubringer__ack__init(&pack->ack);
		pack->ack.boot = message->ack.boot;
		pack->ack.sequence = message->ack.sequence;
	} else if (message->kind == WIRE_KIND_RIDER_OUT) {
		zubringer__rider_out__init(&pack->rider_out);
		pack->rider_out.order = message->rider_out.order;
		pack->rider_out.ride = message->rider_out.ride;
		pack->rider_out.by = text(message->rider_out.by);
	} else if (message->kind == WIRE_KIND_PLAN_ACK) {
		zubringer__plan_ack__init(&pack->plan_ack);
		pack->plan_ack.epoch = message->plan_ack.epoch;
		pack->plan_ack.version = message->plan_ack.version;
		pack->plan_ack.refusal = (Zubringer__Refusal)message->plan_ack.refusal;
	}
}

void codec_pack(struct codec_pack *pack, const struct wire_message *message)
{
	zubringer__envelope__init(&pack->envelope);
	pack->envelope.version = WIRE_VERSION;
	pack->envelope.town = message->town;
	/* wire kinds and the oneof's field numbers run in step: welcome is kind 1, field 2 */
	pack->envelope.body_case = (Zubringer__Envelope__BodyCase)(message->kind + 1);
	pack->envelope.welcome = &pack->welcome; /* a union of pointers to a union of structs */
	switch (message->kind) {
	case WIRE_KIND_WELCOME:
		pack_welcome(pack, &message->welcome);
		break;
	case WIRE_KIND_HEARTBEAT:
		pack_heartbeat(pack, &message->heartbeat);
		break;
	case WIRE_KIND_PLAN:
		pack_plan(pack, &message->plan);
		break;
	case WIRE_KIND_ORDER:
		pack_order(&pack->order, &message->order);
		break;
	case WIRE_KIND_HELLO:
		pack_hello(&pack->hello, &message->hello);
		break;
	case WIRE_KIND_STATE:
		pack_state(pack, &message->state);
		break;
	case WIRE_KIND_EVENT:
		pack_event(pack, &message->event);
		break;
	default:
		pack_small(pack, message);
		break;
	}
}
