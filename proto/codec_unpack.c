#include <string.h>

#include "codec_parts.h"

#define MISSING(what) err_set(detail, ERR_FORMAT, "%s is missing", what)
#define WIDE(what, value) err_set(detail, ERR_RANGE, "%s = %llu", what, (unsigned long long)(value))

static int copy_text(char *out, size_t size, const char *value, const char *what, struct err_detail *detail)
{
	size_t n = strlen(value);

	if (n >= size)
		return err_set(detail, ERR_RANGE, "%s: %zu bytes, expected at most %zu", what, n, size - 1);
	memcpy(out, value, n);
	return ERR_OK;
}

static int copy_hash(uint8_t *out, const ProtobufCBinaryData *value, int may_be_empty, struct err_detail *detail)
{
	if (value->len == 0 && may_be_empty)
		return ERR_OK;
	if (value->len != WIRE_HASH_BYTES)
		return err_set(detail, ERR_RANGE, "town_hash: %zu bytes, expected %d", value->len, WIRE_HASH_BYTES);
	memcpy(out, value->data, WIRE_HASH_BYTES);
	return ERR_OK;
}

/* Values that do not fit the struct become the largest that does; every such field's bound lies far below, so
 * codec_check refuses them. */
static uint8_t u8(int64_t value)
{
	return value < 0 || value > UINT8_MAX ? UINT8_MAX : (uint8_t)value;
}

static uint16_t u16(uint32_t value)
{
	return value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

static int unpack_place(const Zubringer__Place *in, struct wire_place *out, struct err_detail *detail)
{
	if (!in)
		return MISSING("place");
	out->lat_e7 = in->lat_e7;
	out->lon_e7 = in->lon_e7;
	out->arc = in->arc;
	out->offset_mm = in->offset_mm;
	out->side = u8(in->side);
	return ERR_OK;
}

static int unpack_clock(const Zubringer__Clock *in, struct wire_clock *out, struct err_detail *detail)
{
	if (!in)
		return MISSING("clock");
	out->service_now = in->service_now;
	out->speed_permille = in->speed_permille;
	out->simulated = in->simulated != 0;
	return ERR_OK;
}

static int unpack_welcome(const Zubringer__Welcome *in, struct wire_welcome *out, struct err_detail *detail)
{
	int rc = unpack_clock(in->clock, &out->clock, detail);

	out->epoch = in->epoch;
	out->heartbeat_ms = in->heartbeat_ms;
	out->valid_ms = in->valid_ms;
	return rc ? rc : copy_hash(out->town_hash, &in->town_hash, 0, detail);
}

static int unpack_heartbeat(const Zubringer__Heartbeat *in, struct wire_heartbeat *out, struct err_detail *detail)
{
	out->epoch = in->epoch;
	return in->clock ? unpack_clock(in->clock, &out->clock, detail) : ERR_OK;
}

static int unpack_task(const Zubringer__Task *in, struct wire_task *out, struct err_detail *detail)
{
	out->ride = in->ride;
	out->kind = u8(in->kind);
	out->planned_at = in->planned_at;
	out->not_before = in->not_before;
	out->wait_until = in->wait_until;
	out->dwell_ms = in->dwell_ms;
	out->boarding_code = u16(in->boarding_code);
	out->party = u8(in->party);
	return unpack_place(in->place, &out->place, detail);
}

static int unpack_plan(const Zubringer__Plan *in, struct wire_plan *out, struct err_detail *detail)
{
	int rc = copy_hash(out->town_hash, &in->town_hash, 0, detail);

	if (in->n_tasks > WIRE_TASKS_MAX)
		return WIDE("number of tasks", in->n_tasks);
	out->epoch = in->epoch;
	out->version = in->version;
	out->valid_until = in->valid_until;
	out->n_tasks = (uint32_t)in->n_tasks;
	for (uint32_t i = 0; i < out->n_tasks && !rc; i++)
		rc = unpack_task(in->tasks[i], &out->tasks[i], detail);
	if (in->n_streets > WIRE_STREETS_MAX)
		return WIDE("number of streets", in->n_streets);
	out->conditions = in->conditions;
	out->n_streets = (uint32_t)in->n_streets;
	for (uint32_t i = 0; i < out->n_streets; i++)
		out->streets[i] = (struct wire_street){in->streets[i]->arc, in->streets[i]->slow_permille,
						       in->streets[i]->seen != 0};
	return rc;
}

static int unpack_order(const Zubringer__Order *in, struct wire_order *out, struct err_detail *detail)
{
	int rc = copy_text(out->by, sizeof out->by, in->by, "order.by", detail);

	out->id = in->id;
	out->kind = u8(in->kind);
	return rc ? rc : copy_text(out->reason, sizeof out->reason, in->reason, "order.reason", detail);
}

static int unpack_approval(const Zubringer__ApprovalReply *in, struct wire_approval_reply *out,
			   struct err_detail *detail)
{
	out->request = in->request;
	out->granted = in->granted != 0;
	return copy_text(out->by, sizeof out->by, in->by, "approval_reply.by", detail);
}

static int unpack_hello(const Zubringer__Hello *in, struct wire_hello *out, struct err_detail *detail)
{
	int rc = copy_text(out->class_name, sizeof out->class_name, in->class_name, "hello.class_name", detail);

	out->boot = in->boot;
	out->simulated = in->simulated != 0;
	out->cleans = in->cleans != 0;
	if (!rc)
		rc = copy_text(out->software, sizeof out->software, in->software, "hello.software", detail);
	return rc ? rc : copy_hash(out->town_hash, &in->town_hash, 1, detail);
}

static int unpack_state(const Zubringer__State *in, struct wire_state *out, struct err_detail *detail)
{
	if (in->n_aboard > WIRE_ABOARD_MAX)
		return WIDE("number of rides aboard", in->n_aboard);
	out->boot = in->boot;
	out->sequence = in->sequence;
	out->at = in->at;
	out->mode = u8(in->mode);
	out->doors_open = in->doors_open != 0;
	out->battery_permille = u16(in->battery_permille);
	out->speed_mm_s = in->speed_mm_s;
	out->late_ms = in->late_ms;
	out->plan_epoch = in->plan_epoch;
	out->plan_version = in->plan_version;
	out->n_done = in->n_done;
	out->n_aboard = (uint32_t)in->n_aboard;
	for (uint32_t i = 0; i < out->n_aboard; i++)
		out->aboard[i] = in->aboard[i];
	return unpack_place(in->place, &out->place, detail);
}

static int unpack_event(const Zubringer__Event *in, struct wire_event *out, struct err_detail *detail)
{
	int rc = copy_text(out->reason, sizeof out->reason, in->reason, "event.reason", detail);

	out->boot = in->boot;
	out->sequence = in->sequence;
	out->at = in->at;
	out->kind = u8(in->kind);
	out->task_kind = u8(in->task_kind);
	out->evidence = u8(in->evidence);
	out->ride = in->ride;
	out->battery_permille = u16(in->battery_permille);
	return rc ? rc : unpack_place(in->place, &out->place, detail);
}

static int unpack_body(const Zubringer__Envelope *in, struct wire_message *out, struct err_detail *detail)
{
	switch (out->kind) {
	case WIRE_KIND_WELCOME:
		return unpack_welcome(in->welcome, &out->welcome, detail);
	case WIRE_KIND_HEARTBEAT:
		return unpack_heartbeat(in->heartbeat, &out->heartbeat, detail);
	case WIRE_KIND_PLAN:
		return unpack_plan(in->plan, &out->plan, detail);
	case WIRE_KIND_ORDER:
		return unpack_order(in->order, &out->order, detail);
	case WIRE_KIND_EVIDENCE:
		out->evidence = (struct wire_evidence){.ride = in->evidence->ride, .kind = u8(in->evidence->kind)};
		return ERR_OK;
	case WIRE_KIND_APPROVAL_REPLY:
		return unpack_approval(in->approval_reply, &out->approval_reply, detail);
	case WIRE_KIND_ACK:
		out->ack = (struct wire_ack){.boot = in->ack->boot, .sequence = in->ack->sequence};
		return ERR_OK;
	case WIRE_KIND_HELLO:
		return unpack_hello(in->hello, &out->hello, detail);
	case WIRE_KIND_STATE:
		return unpack_state(in->state, &out->state, detail);
	case WIRE_KIND_PLAN_ACK:
		out->plan_ack.epoch = in->plan_ack->epoch;
		out->plan_ack.version = in->plan_ack->version;
		out->plan_ack.refusal = u8(in->plan_ack->refusal);
		return ERR_OK;
	case WIRE_KIND_RIDER_OUT:
		out->rider_out.order = in->rider_out->order;
		out->rider_out.ride = in->rider_out->ride;
		return copy_text(out->rider_out.by, sizeof out->rider_out.by, in->rider_out->by, "rider_out.by",
				 detail);
	case WIRE_KIND_EVENT:
		return unpack_event(in->event, &out->event, detail);
	default:
		return err_set(detail, ERR_FORMAT, "an envelope without content");
	}
}

int codec_unpack(const Zubringer__Envelope *envelope, struct wire_message *ret, struct err_detail *detail)
{
	/* all bytes, padding too: messages are compared and journaled as they are */
	memset(ret, 0, sizeof *ret);
	if (envelope->version != WIRE_VERSION)
		return err_set(detail, ERR_VERSION, "protocol version %u, expected %d", envelope->version,
			       WIRE_VERSION);
	if (envelope->body_case < ZUBRINGER__ENVELOPE__BODY_WELCOME || !envelope->welcome)
		return err_set(detail, ERR_FORMAT, "an envelope without content");
	ret->kind = (uint8_t)(envelope->body_case - 1); /* see codec_pack */
	ret->town = envelope->town;
	return unpack_body(envelope, ret, detail);
}
