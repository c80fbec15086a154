// link: zub_codec
/* Whatever may be said survives the wire; whatever is out of range, cut or damaged is refused or harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "rng.h"

static struct rng rng;

static uint32_t below(uint32_t n)
{
	return (uint32_t)(rng_next(&rng) % n);
}

static uint64_t ride(void)
{
	return rng_next(&rng) | 1;
}

static instant_ms instant(void)
{
	return (instant_ms)(rng_next(&rng) % 253402300800000u);
}

static instant_ms instant_or_none(void)
{
	return below(4) ? instant() : INSTANT_NONE;
}

static void text(char *out, size_t size)
{
	static const char *const pieces[] = {"a", "Z", "ß", "ü", "€", "𝄞", " ", "{", "\\"};
	size_t n = 0, length = below((uint32_t)size);

	for (;;) {
		const char *piece = pieces[below(COUNT_OF(pieces))];
		if (n + strlen(piece) > length)
			return;
		memcpy(out + n, piece, strlen(piece));
		n += strlen(piece);
	}
}

static void hash(uint8_t *out)
{
	for (int i = 0; i < WIRE_HASH_BYTES; i++)
		out[i] = (uint8_t)rng_next(&rng);
}

static struct wire_place place(void)
{
	return (struct wire_place){.lat_e7 = (int32_t)below(1800000001) - 900000000,
				   .lon_e7 = (int32_t)((int64_t)(rng_next(&rng) % 3600000001u) - 1800000000),
				   .arc = below(3) ? below(1000000) : NONE,
				   .offset_mm = (uint32_t)rng_next(&rng),
				   .side = (uint8_t)below(2)};
}

static struct wire_clock clock_any(void)
{
	return (struct wire_clock){
		.service_now = instant(), .speed_permille = below(1000001), .simulated = (uint8_t)below(2)};
}

static void plan(struct wire_plan *plan_out)
{
	plan_out->epoch = (uint32_t)rng_next(&rng);
	plan_out->version = (uint32_t)rng_next(&rng);
	hash(plan_out->town_hash);
	plan_out->valid_until = instant_or_none();
	plan_out->n_tasks = below(WIRE_TASKS_MAX + 1);
	for (uint32_t i = 0; i < plan_out->n_tasks; i++) {
		struct wire_task *task = &plan_out->tasks[i];
		task->kind = (uint8_t)(1 + below(5));
		task->ride = task->kind <= WIRE_DROPOFF ? ride() : 0;
		task->place = place();
		task->planned_at = instant();
		task->not_before = instant_or_none();
		task->wait_until = instant_or_none();
		task->dwell_ms = below(86400001);
		task->boarding_code = (uint16_t)below(10000);
		task->party = (uint8_t)below(65);
	}
	plan_out->n_streets = below(WIRE_STREETS_MAX + 1);
	for (uint32_t i = 0, arc = below(1000); i < plan_out->n_streets; i++, arc += 1 + below(1000))
		plan_out->streets[i] = (struct wire_street){arc, below(3) ? 1001 + below(WIRE_SLOW_MAX - 1000) : 0};
}

static void state_any(struct wire_state *state)
{
	state->boot = (uint32_t)rng_next(&rng);
	state->sequence = (uint32_t)rng_next(&rng);
	state->at = instant();
	state->place = place();
	state->mode = (uint8_t)(1 + below(WIRE_CLEANING));
	state->doors_open = (uint8_t)below(2);
	state->battery_permille = (uint16_t)below(1001);
	state->speed_mm_s = below(100001);
	state->late_ms = (int32_t)rng_next(&rng);
	state->plan_epoch = (uint32_t)rng_next(&rng);
	state->plan_version = (uint32_t)rng_next(&rng);
	state->n_done = below(65);
	state->n_aboard = below(WIRE_ABOARD_MAX + 1);
	for (uint32_t i = 0; i < state->n_aboard; i++)
		state->aboard[i] = (i ? state->aboard[i - 1] : 0) + 1 + (rng_next(&rng) >> 6);
}

static void event_any(struct wire_event *event)
{
	event->boot = (uint32_t)rng_next(&rng);
	event->sequence = (uint32_t)rng_next(&rng) | 1;
	event->at = instant();
	event->kind = (uint8_t)(1 + below(WIRE_EVENT_KINDS - 1));
	event->task_kind = (uint8_t)below(6);
	event->evidence = (uint8_t)below(5);
	event->ride = below(3) ? ride() : 0;
	event->place = place();
	event->battery_permille = (uint16_t)below(1001);
	text(event->reason, sizeof event->reason);
}

static void any_message(struct wire_message *message, uint8_t kind)
{
	memset(message, 0, sizeof *message);
	message->kind = kind;
	message->town = below(2) ? rng_next(&rng) : 0;
	switch (kind) {
	case WIRE_KIND_WELCOME:
		message->welcome.epoch = (uint32_t)rng_next(&rng);
		message->welcome.clock = clock_any();
		hash(message->welcome.town_hash);
		message->welcome.heartbeat_ms = 1 + below(3600000);
		message->welcome.valid_ms = below(86400001);
		break;
	case WIRE_KIND_HEARTBEAT:
		message->heartbeat.epoch = (uint32_t)rng_next(&rng);
		message->heartbeat.clock = clock_any();
		break;
	case WIRE_KIND_PLAN:
		plan(&message->plan);
		break;
	case WIRE_KIND_ORDER:
		message->order.id = rng_next(&rng);
		message->order.kind = (uint8_t)(1 + below(5));
		text(message->order.by, sizeof message->order.by);
		text(message->order.reason, sizeof message->order.reason);
		break;
	case WIRE_KIND_EVIDENCE:
		message->evidence.ride = ride();
		message->evidence.kind = (uint8_t)(1 + below(4));
		break;
	case WIRE_KIND_APPROVAL_REPLY:
		message->approval_reply.request = rng_next(&rng);
		message->approval_reply.granted = (uint8_t)below(2);
		text(message->approval_reply.by, sizeof message->approval_reply.by);
		break;
	case WIRE_KIND_RIDER_OUT:
		message->rider_out.order = rng_next(&rng) | 1;
		message->rider_out.ride = ride();
		text(message->rider_out.by, sizeof message->rider_out.by);
		break;
	case WIRE_KIND_ACK:
		message->ack.boot = (uint32_t)rng_next(&rng);
		message->ack.sequence = (uint32_t)rng_next(&rng);
		break;
	case WIRE_KIND_HELLO:
		message->hello.boot = (uint32_t)rng_next(&rng);
		message->hello.simulated = (uint8_t)below(2);
		message->hello.cleans = (uint8_t)below(2);
		text(message->hello.class_name, sizeof message->hello.class_name);
		text(message->hello.software, sizeof message->hello.software);
		if (below(2))
			hash(message->hello.town_hash);
		break;
	case WIRE_KIND_STATE:
		state_any(&message->state);
		break;
	case WIRE_KIND_PLAN_ACK:
		message->plan_ack.epoch = (uint32_t)rng_next(&rng);
		message->plan_ack.version = (uint32_t)rng_next(&rng);
		message->plan_ack.refusal = (uint8_t)below(9);
		break;
	default:
		event_any(&message->event);
	}
}

/* Field by field is what encode says: two messages are the same when their bytes are. */
static void test_round_trip(void **state)
{
	static uint8_t bytes[CODEC_BYTES_MAX], again[CODEC_BYTES_MAX];
	struct wire_message message, back;
	struct err_detail detail;
	size_t n, n_again;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		any_message(&message, (uint8_t)(1 + i % (WIRE_KINDS - 1)));
		assert_int_equal(codec_encode(&message, bytes, sizeof bytes, &n), 0);
		if (codec_decode(bytes, n, &back, &detail))
			fail_msg("kind %d: %s", message.kind, detail.text);
		assert_int_equal(back.kind, message.kind);
		assert_int_equal(codec_encode(&back, again, sizeof again, &n_again), 0);
		assert_int_equal(n, n_again);
		assert_memory_equal(bytes, again, n);
		assert_int_equal(codec_encode(&message, bytes, n - 1, &n_again), ERR_FULL);
	}
}

static void test_content_arrives(void **state)
{
	static uint8_t bytes[CODEC_BYTES_MAX];
	struct wire_message message, back;
	size_t n;

	(void)state;
	any_message(&message, WIRE_KIND_PLAN);
	message.plan.n_tasks = 2;
	message.plan.tasks[0] = (struct wire_task){.ride = 0x8000000000000001u,
						   .kind = WIRE_PICKUP,
						   .place = {-337000000, 1511000000, 7, 9, 1},
						   .planned_at = 1654585200000,
						   .not_before = INSTANT_NONE,
						   .wait_until = 1654585800000,
						   .dwell_ms = 30000,
						   .boarding_code = 42,
						   .party = 3};
	message.plan.tasks[1] = (struct wire_task){
		.kind = WIRE_PARK, .planned_at = 5, .not_before = INSTANT_NONE, .wait_until = INSTANT_NONE};
	assert_int_equal(codec_encode(&message, bytes, sizeof bytes, &n), 0);
	assert_int_equal(codec_decode(bytes, n, &back, NULL), 0);
	const struct wire_task *task = &back.plan.tasks[0];
	assert_true(task->ride == 0x8000000000000001u);
	assert_int_equal(task->place.lat_e7, -337000000);
	assert_int_equal(task->place.lon_e7, 1511000000);
	assert_int_equal(task->place.side, 1);
	assert_true(task->not_before == INSTANT_NONE);
	assert_true(task->wait_until == 1654585800000);
	assert_int_equal(task->boarding_code, 42);
	assert_int_equal(task->party, 3);
	assert_memory_equal(back.plan.town_hash, message.plan.town_hash, WIRE_HASH_BYTES);
}

#define REFUSED(kind_, change)                                                           \
	do {                                                                             \
		struct wire_message m_;                                                  \
		do                                                                       \
			any_message(&m_, kind_);                                         \
		while (kind_ == WIRE_KIND_PLAN && m_.plan.n_tasks == 0);                 \
		change;                                                                  \
		assert_int_equal(codec_encode(&m_, bytes, sizeof bytes, &n), ERR_RANGE); \
	} while (0)

static void test_bounds(void **state)
{
	static uint8_t bytes[CODEC_BYTES_MAX];
	size_t n;

	(void)state;
	REFUSED(WIRE_KIND_ACK, m_.kind = 0);
	REFUSED(WIRE_KIND_ACK, m_.kind = WIRE_KINDS);
	REFUSED(WIRE_KIND_WELCOME, m_.welcome.heartbeat_ms = 0);
	REFUSED(WIRE_KIND_WELCOME, m_.welcome.valid_ms = 86400001);
	REFUSED(WIRE_KIND_WELCOME, m_.welcome.clock.speed_permille = 1000001);
	REFUSED(WIRE_KIND_HEARTBEAT, m_.heartbeat.clock.service_now = -1);
	REFUSED(WIRE_KIND_HEARTBEAT, m_.heartbeat.clock.simulated = 2);
	REFUSED(WIRE_KIND_PLAN, m_.plan.n_tasks = WIRE_TASKS_MAX + 1);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].kind = 0);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].kind = WIRE_CLEAN + 1);
	REFUSED(WIRE_KIND_PLAN, (m_.plan.tasks[0].kind = WIRE_PICKUP, m_.plan.tasks[0].ride = 0));
	REFUSED(WIRE_KIND_PLAN, (m_.plan.tasks[0].kind = WIRE_PARK, m_.plan.tasks[0].ride = 1));
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].planned_at = INSTANT_NONE);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].not_before = -5);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].dwell_ms = 86400001);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].boarding_code = 10000);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].party = 65);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].place.lat_e7 = 900000001);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].place.lon_e7 = -1800000001);
	REFUSED(WIRE_KIND_PLAN, m_.plan.tasks[0].place.side = 2);
	REFUSED(WIRE_KIND_ORDER, m_.order.kind = 6);
	REFUSED(WIRE_KIND_ORDER, memset(m_.order.by, 'x', sizeof m_.order.by));
	REFUSED(WIRE_KIND_ORDER, memcpy(m_.order.reason, "\xC0\x80", 3));     /* overlong */
	REFUSED(WIRE_KIND_ORDER, memcpy(m_.order.reason, "\xED\xA0\x80", 4)); /* surrogate */
	REFUSED(WIRE_KIND_ORDER, memcpy(m_.order.reason, "\xF5\x80\x80\x80", 5));
	REFUSED(WIRE_KIND_ORDER, (memset(m_.order.reason, 0, 8), memcpy(m_.order.reason, "\xE2\x82", 3))); /* cut */
	REFUSED(WIRE_KIND_RIDER_OUT, m_.rider_out.ride = 0);
	REFUSED(WIRE_KIND_RIDER_OUT, m_.rider_out.order = 0);
	REFUSED(WIRE_KIND_RIDER_OUT, memset(m_.rider_out.by, 'x', sizeof m_.rider_out.by));
	REFUSED(WIRE_KIND_EVIDENCE, m_.evidence.ride = 0);
	REFUSED(WIRE_KIND_EVIDENCE, m_.evidence.kind = 0);
	REFUSED(WIRE_KIND_HELLO, m_.hello.simulated = 2);
	REFUSED(WIRE_KIND_HELLO, m_.hello.cleans = 2);
	REFUSED(WIRE_KIND_STATE, m_.state.mode = 0);
	REFUSED(WIRE_KIND_STATE, m_.state.mode = WIRE_CLEANING + 1);
	REFUSED(WIRE_KIND_STATE, m_.state.battery_permille = 1001);
	REFUSED(WIRE_KIND_STATE, m_.state.n_aboard = WIRE_ABOARD_MAX + 1);
	REFUSED(WIRE_KIND_STATE, (m_.state.n_aboard = 2, m_.state.aboard[0] = m_.state.aboard[1] = 4));
	REFUSED(WIRE_KIND_STATE, (m_.state.n_aboard = 1, m_.state.aboard[0] = 0));
	REFUSED(WIRE_KIND_PLAN_ACK, m_.plan_ack.refusal = 9);
	REFUSED(WIRE_KIND_EVENT, m_.event.kind = WIRE_EVENT_KINDS);
	REFUSED(WIRE_KIND_EVENT, m_.event.sequence = 0);
	REFUSED(WIRE_KIND_EVENT, m_.event.evidence = 5);
}

/* Damage on the way: never a crash, never a value out of range, and what is refused leaves the result alone. */
static void test_damaged(void **state)
{
	static uint8_t bytes[CODEC_BYTES_MAX + 1], again[CODEC_BYTES_MAX];
	struct wire_message message, back, untouched;
	uint32_t n_taken = 0;
	size_t n, n_again;

	(void)state;
	memset(&untouched, 0xA5, sizeof untouched);
	for (int i = 0; i < 40000; i++) {
		any_message(&message, (uint8_t)(1 + i % (WIRE_KINDS - 1)));
		assert_int_equal(codec_encode(&message, bytes, sizeof bytes, &n), 0);
		for (uint32_t k = 1 + below(4); k > 0; k--)
			bytes[below((uint32_t)n)] = (uint8_t)rng_next(&rng);
		n -= below(3) ? 0 : below((uint32_t)n);
		memcpy(&back, &untouched, sizeof back);
		if (codec_decode(bytes, n, &back, NULL)) {
			assert_memory_equal(&back, &untouched, sizeof back);
			continue;
		}
		n_taken++;
		assert_int_equal(codec_encode(&back, again, sizeof again, &n_again), 0);
	}
	assert_true(n_taken > 1000);
	assert_int_equal(codec_decode(bytes, sizeof bytes, &back, NULL), ERR_FORMAT);
	assert_int_equal(codec_decode(bytes, 0, &back, NULL), ERR_VERSION);
	assert_int_equal(codec_decode("\x08\x02", 2, &back, NULL), ERR_VERSION);
	assert_int_equal(codec_decode("\x08\x01", 2, &back, NULL), ERR_FORMAT);
	assert_int_equal(codec_decode("\x08\x01\x42\x02\x08", 5, &back, NULL), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_content_arrives),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_damaged),
	};
	const char *seed = getenv("ZUB_SEED");
	uint64_t value = seed ? strtoull(seed, NULL, 10) : 20220607;

	printf("seed %llu\n", (unsigned long long)value);
	rng_seed(&rng, value);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
