#include <string.h>

#include "codec_parts.h"

#define INSTANT_MAX INT64_C(253402300799999) /* end of year 9999 */
#define LAT_MAX 900000000
#define LON_MAX 1800000000
#define PARTY_MAX 64
#define CODE_MAX 9999
#define SPEED_PERMILLE_MAX 1000000
#define SPEED_MM_S_MAX 100000

#define CHECK(condition, ...)                                           \
	do {                                                            \
		if (!(condition))                                       \
			return err_set(detail, ERR_RANGE, __VA_ARGS__); \
	} while (0)

static int instant_ok(instant_ms at)
{
	return at >= 0 && at <= INSTANT_MAX;
}

static int instant_or_none(instant_ms at)
{
	return at == INSTANT_NONE || instant_ok(at);
}

/* Length of the UTF-8 sequence that starts with `first`, 0 = none does; its bits go to *ret_code. */
static size_t utf8_lead(unsigned first, uint32_t *ret_code)
{
	if (first < 0x80)
		return *ret_code = first, 1;
	if (first >= 0xC2 && first <= 0xDF)
		return *ret_code = first & 0x1F, 2;
	if (first >= 0xE0 && first <= 0xEF)
		return *ret_code = first & 0x0F, 3;
	if (first >= 0xF0 && first <= 0xF4)
		return *ret_code = first & 0x07, 4;
	return 0;
}

static int utf8_ok(const char *text, size_t n)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000}; /* overlong forms are refused */

	for (size_t i = 0; i < n;) {
		uint32_t code = 0;
		size_t length = utf8_lead((unsigned char)text[i], &code);
		if (!length || i + length > n)
			return 0;
		for (size_t k = 1; k < length; k++) {
			unsigned byte = (unsigned char)text[i + k];
			if ((byte & 0xC0) != 0x80)
				return 0;
			code = code << 6 | (byte & 0x3F);
		}
		if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
			return 0;
		i += length;
	}
	return 1;
}

static int check_text(const char *text, size_t size, const char *what, struct err_detail *detail)
{
	size_t n = strnlen(text, size);

	CHECK(n < size, "%s: longer than %zu bytes", what, size - 1);
	CHECK(utf8_ok(text, n), "%s: not UTF-8", what);
	return ERR_OK;
}

static int check_place(const struct wire_place *place, struct err_detail *detail)
{
	CHECK(place->lat_e7 >= -LAT_MAX && place->lat_e7 <= LAT_MAX, "place.lat_e7 = %d", place->lat_e7);
	CHECK(place->lon_e7 >= -LON_MAX && place->lon_e7 <= LON_MAX, "place.lon_e7 = %d", place->lon_e7);
	CHECK(place->side <= 1, "place.side = %d, expected 0 or 1", place->side);
	return ERR_OK;
}

static int check_clock(const struct wire_clock *clock, struct err_detail *detail)
{
	CHECK(instant_ok(clock->service_now), "clock.service_now = %lld", (long long)clock->service_now);
	CHECK(clock->speed_permille <= SPEED_PERMILLE_MAX, "clock.speed_permille = %u", clock->speed_permille);
	CHECK(clock->simulated <= 1, "clock.simulated = %d", clock->simulated);
	return ERR_OK;
}

static int check_welcome(const struct wire_welcome *welcome, struct err_detail *detail)
{
	CHECK(welcome->heartbeat_ms >= 1 && welcome->heartbeat_ms <= HOUR_MS, "welcome.heartbeat_ms = %u",
	      welcome->heartbeat_ms);
	CHECK(welcome->valid_ms <= DAY_MS, "welcome.valid_ms = %u", welcome->valid_ms);
	return check_clock(&welcome->clock, detail);
}

static int check_task(const struct wire_task *task, uint32_t index, struct err_detail *detail)
{
	int carries = task->kind == WIRE_PICKUP || task->kind == WIRE_DROPOFF;

	CHECK(task->kind >= WIRE_PICKUP && task->kind <= WIRE_CLEAN, "task %u: kind = %d", index, task->kind);
	CHECK((task->ride != 0) == carries, "task %u: a ride number belongs to pickups and drop-offs alone", index);
	CHECK(instant_ok(task->planned_at), "task %u: planned_at", index);
	CHECK(instant_or_none(task->not_before), "task %u: not_before", index);
	CHECK(instant_or_none(task->wait_until), "task %u: wait_until", index);
	CHECK(task->dwell_ms <= DAY_MS, "task %u: dwell_ms = %u", index, task->dwell_ms);
	CHECK(task->boarding_code <= CODE_MAX, "task %u: boarding_code of more than four digits", index);
	CHECK(task->party <= PARTY_MAX, "task %u: party = %d", index, task->party);
	return check_place(&task->place, detail);
}

static int check_streets(const struct wire_plan *plan, struct err_detail *detail)
{
	CHECK(plan->n_streets <= WIRE_STREETS_MAX, "plan with %u streets, expected at most %d", plan->n_streets,
	      WIRE_STREETS_MAX);
	for (uint32_t i = 0; i < plan->n_streets; i++) {
		const struct wire_street *street = &plan->streets[i];
		CHECK(i == 0 || street->arc > plan->streets[i - 1].arc, "street %u: not ascending by arc", i);
		CHECK(street->slow_permille == 0 ||
			      (street->slow_permille > 1000 && street->slow_permille <= WIRE_SLOW_MAX),
		      "street %u: slow_permille = %u", i, street->slow_permille);
		CHECK(street->seen <= (street->slow_permille != 0), "street %u: seen = %u", i, street->seen);
	}
	return ERR_OK;
}

static int check_plan(const struct wire_plan *plan, struct err_detail *detail)
{
	int rc = ERR_OK;

	CHECK(plan->n_tasks <= WIRE_TASKS_MAX, "plan of %u tasks, expected at most %d", plan->n_tasks, WIRE_TASKS_MAX);
	CHECK(instant_or_none(plan->valid_until), "plan.valid_until");
	for (uint32_t i = 0; i < plan->n_tasks && !rc; i++)
		rc = check_task(&plan->tasks[i], i, detail);
	return rc ? rc : check_streets(plan, detail);
}

static int check_order(const struct wire_order *order, struct err_detail *detail)
{
	int rc;

	CHECK(order->kind >= WIRE_STANDSTILL && order->kind <= WIRE_INTO_SERVICE, "order.kind = %d", order->kind);
	rc = check_text(order->by, sizeof order->by, "order.by", detail);
	return rc ? rc : check_text(order->reason, sizeof order->reason, "order.reason", detail);
}

static int check_hello(const struct wire_hello *hello, struct err_detail *detail)
{
	int rc;

	CHECK(hello->simulated <= 1, "hello.simulated = %d", hello->simulated);
	CHECK(hello->cleans <= 1, "hello.cleans = %d", hello->cleans);
	rc = check_text(hello->class_name, sizeof hello->class_name, "hello.class_name", detail);
	return rc ? rc : check_text(hello->software, sizeof hello->software, "hello.software", detail);
}

static int check_state(const struct wire_state *state, struct err_detail *detail)
{
	CHECK(instant_ok(state->at), "state.at");
	CHECK(state->mode >= WIRE_IDLE && state->mode <= WIRE_CLEANING, "state.mode = %d", state->mode);
	CHECK(state->doors_open <= 1, "state.doors_open = %d", state->doors_open);
	CHECK(state->battery_permille <= 1000, "state.battery_permille = %d", state->battery_permille);
	CHECK(state->speed_mm_s <= SPEED_MM_S_MAX, "state.speed_mm_s = %u", state->speed_mm_s);
	CHECK(state->n_done <= WIRE_TASKS_MAX, "state.n_done = %u", state->n_done);
	CHECK(state->n_aboard <= WIRE_ABOARD_MAX, "state: %u rides aboard, expected at most %d", state->n_aboard,
	      WIRE_ABOARD_MAX);
	for (uint32_t i = 0; i < state->n_aboard; i++)
		CHECK(state->aboard[i] > (i ? state->aboard[i - 1] : 0), "state.aboard: not ascending");
	return check_place(&state->place, detail);
}

static int check_event(const struct wire_event *event, struct err_detail *detail)
{
	int rc;

	CHECK(event->sequence >= 1, "event.sequence = 0");
	CHECK(instant_ok(event->at), "event.at");
	CHECK(event->kind >= WIRE_ARRIVED && event->kind < WIRE_EVENT_KINDS, "event.kind = %d", event->kind);
	CHECK(event->task_kind <= WIRE_CLEAN, "event.task_kind = %d", event->task_kind);
	CHECK(event->evidence <= WIRE_EVIDENCE_APP, "event.evidence = %d", event->evidence);
	CHECK(event->battery_permille <= 1000, "event.battery_permille = %d", event->battery_permille);
	rc = check_text(event->reason, sizeof event->reason, "event.reason", detail);
	return rc ? rc : check_place(&event->place, detail);
}

int codec_check(const struct wire_message *message, struct err_detail *detail)
{
	switch (message->kind) {
	case WIRE_KIND_WELCOME:
		return check_welcome(&message->welcome, detail);
	case WIRE_KIND_HEARTBEAT:
		return check_clock(&message->heartbeat.clock, detail);
	case WIRE_KIND_PLAN:
		return check_plan(&message->plan, detail);
	case WIRE_KIND_ORDER:
		return check_order(&message->order, detail);
	case WIRE_KIND_EVIDENCE:
		CHECK(message->evidence.ride, "evidence.ride = 0");
		CHECK(message->evidence.kind >= WIRE_EVIDENCE_CODE && message->evidence.kind <= WIRE_EVIDENCE_APP,
		      "evidence.kind = %d", message->evidence.kind);
		return ERR_OK;
	case WIRE_KIND_APPROVAL_REPLY:
		CHECK(message->approval_reply.granted <= 1, "approval_reply.granted = %d",
		      message->approval_reply.granted);
		return check_text(message->approval_reply.by, sizeof message->approval_reply.by, "approval_reply.by",
				  detail);
	case WIRE_KIND_RIDER_OUT:
		CHECK(message->rider_out.order && message->rider_out.ride, "rider_out: no order or no ride");
		return check_text(message->rider_out.by, sizeof message->rider_out.by, "rider_out.by", detail);
	case WIRE_KIND_ACK:
		return ERR_OK;
	case WIRE_KIND_HELLO:
		return check_hello(&message->hello, detail);
	case WIRE_KIND_STATE:
		return check_state(&message->state, detail);
	case WIRE_KIND_PLAN_ACK:
		CHECK(message->plan_ack.refusal <= WIRE_REFUSED_STATE, "plan_ack.refusal = %d",
		      message->plan_ack.refusal);
		return ERR_OK;
	case WIRE_KIND_EVENT:
		return check_event(&message->event, detail);
	default:
		return err_set(detail, ERR_RANGE, "no message of kind %d", message->kind);
	}
}
