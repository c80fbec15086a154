// link: zub_core
/* Records of commands and updates: every member of every struct is written, and what is read is what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "record.h"
#include "rng.h"

#define BODY(kind, type, update)                                \
	{                                                       \
		kind, update, sizeof(struct type), clear_##type \
	}
#define CLEAR(type)                                 \
	static void clear_##type(void *item)        \
	{                                           \
		clear_padding((struct type *)item); \
	}

/* gcc can say which bytes of a struct are padding; clang 14 cannot: there that one test is skipped. */
#if defined(__has_builtin) && !defined(__clang__)
#define clear_padding(pointer) __builtin_clear_padding(pointer)
#define KNOWS_PADDING 1
#else
#define clear_padding(pointer) ((void)(pointer))
#define KNOWS_PADDING 0
#endif

CLEAR(cmd_start)
CLEAR(cmd_town_swap)
CLEAR(cmd_request)
CLEAR(cmd_accept)
CLEAR(cmd_cancel)
CLEAR(cmd_ride)
CLEAR(cmd_board_evidence)
CLEAR(cmd_notice_state)
CLEAR(cmd_vehicle_enrol)
CLEAR(cmd_vehicle_release)
CLEAR(cmd_vehicle_order)
CLEAR(cmd_vehicle_link)
CLEAR(cmd_vehicle_hello)
CLEAR(cmd_vehicle_plan_ack)
CLEAR(cmd_vehicle_event)
CLEAR(cmd_fleet_states)
CLEAR(cmd_approval)
CLEAR(cmd_duty)
CLEAR(cmd_case)
CLEAR(cmd_bookings_pause)
CLEAR(cmd_trip_delay)
CLEAR(cmd_closure)
CLEAR(cmd_street_speeds)
CLEAR(cmd_condition)
CLEAR(cmd_improve)
CLEAR(cmd_vehicle_shift)
CLEAR(upd_result)
CLEAR(upd_ride)
CLEAR(upd_plan)
CLEAR(upd_order)
CLEAR(upd_evidence)
CLEAR(upd_approval)
CLEAR(upd_ack)
CLEAR(upd_notice)
CLEAR(upd_case)
CLEAR(upd_vehicle)
CLEAR(upd_duty)
CLEAR(upd_outcome)
CLEAR(upd_rider_out)

static const struct body {
	uint16_t kind;
	int update;
	size_t size;
	void (*clear)(void *item);
} bodies[] = {
	BODY(CMD_START, cmd_start, 0),
	BODY(CMD_TOWN_SWAP, cmd_town_swap, 0),
	BODY(CMD_REQUEST, cmd_request, 0),
	BODY(CMD_ACCEPT, cmd_accept, 0),
	BODY(CMD_CANCEL, cmd_cancel, 0),
	BODY(CMD_COMING, cmd_ride, 0),
	BODY(CMD_BOARD_EVIDENCE, cmd_board_evidence, 0),
	BODY(CMD_NO_SHOW_UNDO, cmd_ride, 0),
	BODY(CMD_NOTICE_STATE, cmd_notice_state, 0),
	BODY(CMD_VEHICLE_ENROL, cmd_vehicle_enrol, 0),
	BODY(CMD_VEHICLE_RELEASE, cmd_vehicle_release, 0),
	BODY(CMD_VEHICLE_ORDER, cmd_vehicle_order, 0),
	BODY(CMD_VEHICLE_LINK, cmd_vehicle_link, 0),
	BODY(CMD_VEHICLE_HELLO, cmd_vehicle_hello, 0),
	BODY(CMD_VEHICLE_PLAN_ACK, cmd_vehicle_plan_ack, 0),
	BODY(CMD_VEHICLE_EVENT, cmd_vehicle_event, 0),
	BODY(CMD_FLEET_STATES, cmd_fleet_states, 0),
	BODY(CMD_APPROVAL, cmd_approval, 0),
	BODY(CMD_SIGN_ON, cmd_duty, 0),
	BODY(CMD_SIGN_OFF, cmd_duty, 0),
	BODY(CMD_HANDOVER_ACCEPT, cmd_duty, 0),
	BODY(CMD_CASE_OWN, cmd_case, 0),
	BODY(CMD_CASE_CLOSE, cmd_case, 0),
	BODY(CMD_BOOKINGS_PAUSE, cmd_bookings_pause, 0),
	BODY(CMD_TRIP_DELAY, cmd_trip_delay, 0),
	BODY(CMD_CLOSURE, cmd_closure, 0),
	BODY(CMD_IMPROVE, cmd_improve, 0),
	BODY(CMD_VEHICLE_SHIFT, cmd_vehicle_shift, 0),
	BODY(CMD_STREET_SPEEDS, cmd_street_speeds, 0),
	BODY(CMD_CONDITION, cmd_condition, 0),
	BODY(UPD_RESULT, upd_result, 1),
	BODY(UPD_RIDE, upd_ride, 1),
	BODY(UPD_PLAN, upd_plan, 1),
	BODY(UPD_ORDER, upd_order, 1),
	BODY(UPD_EVIDENCE, upd_evidence, 1),
	BODY(UPD_APPROVAL, upd_approval, 1),
	BODY(UPD_ACK, upd_ack, 1),
	BODY(UPD_NOTICE, upd_notice, 1),
	BODY(UPD_CASE, upd_case, 1),
	BODY(UPD_VEHICLE, upd_vehicle, 1),
	BODY(UPD_DUTY, upd_duty, 1),
	BODY(UPD_OUTCOME, upd_outcome, 1),
	BODY(UPD_RIDER_OUT, upd_rider_out, 1),
};

static const struct record_kind *kind_of(const struct body *body)
{
	const struct record_kind *kind =
		body->update ? record_update_kind(body->kind) : record_command_kind(body->kind);
	assert_non_null(kind);
	return kind;
}

static void cover(const struct record_table *table, uint8_t *bytes)
{
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct record_field *field = &table->fields[i];
		assert_true(field->width == 1 || field->width == 2 || field->width == 4 || field->width == 8);
		assert_true(field->count > 0);
		for (size_t k = 0; k < (size_t)field->width * field->count; k++) {
			assert_int_equal(bytes[field->offset + k], 0); /* no byte twice */
			bytes[field->offset + k] = 1;
		}
	}
}

static void test_every_kind_has_a_table(void **state)
{
	(void)state;
	for (uint16_t k = 1; k < CMD_KINDS; k++)
		assert_non_null(record_command_kind(k));
	for (uint16_t k = 1; k < UPDATE_KINDS; k++)
		assert_non_null(record_update_kind(k));
	assert_null(record_command_kind(CMD_NONE));
	assert_null(record_command_kind(CMD_KINDS));
	assert_null(record_update_kind(UPDATE_KINDS));
	assert_int_equal(COUNT_OF(bodies) + 1 /* tick: empty */, CMD_KINDS - 1 + UPDATE_KINDS - 1);
}

static void test_every_byte_belongs_to_a_field_or_is_padding(void **state)
{
	(void)state;
	if (!KNOWS_PADDING) {
		printf("skipped: this compiler cannot tell padding\n");
		skip();
	}
	for (size_t b = 0; b < COUNT_OF(bodies); b++) {
		const struct record_kind *kind = kind_of(&bodies[b]);
		uint8_t *covered = calloc(1, bodies[b].size), *members = malloc(bodies[b].size);
		assert_true(covered && members);
		assert_int_equal(kind->head.size, bodies[b].size);
		cover(&kind->head, covered);
		for (uint32_t i = 0; i < kind->items_max; i++)
			cover(&kind->item, covered + kind->items_offset + i * kind->item.size);
		memset(members, 1, bodies[b].size);
		bodies[b].clear(members);
		for (size_t i = 0; i < bodies[b].size; i++)
			if (members[i] != covered[i])
				fail_msg("%s: byte %zu is %s", kind->name, i,
					 members[i] ? "a member without a field" : "padding inside a field");
		free(covered);
		free(members);
	}
}

static uint64_t random_number(struct rng *rng)
{
	return rng_chance(rng, 200) ? 0 : rng_next(rng);
}

static void fill_field(struct rng *rng, const struct record_field *field, uint8_t *at)
{
	uint32_t n = rng_below(rng, field->is_text ? field->count : field->count + 1u);
	if (field->count == 1)
		n = 1;
	for (uint32_t k = 0; k < n; k++) {
		uint64_t value = field->is_text ? 1 + rng_below(rng, 255) : random_number(rng);
		memcpy(at + (size_t)k * field->width, &value, field->width); /* little-endian machines only: a test */
	}
}

static void fill_table(struct rng *rng, const struct record_table *table, uint8_t *item)
{
	for (uint32_t i = 0; i < table->n_fields; i++)
		fill_field(rng, &table->fields[i], item + table->fields[i].offset);
}

static void fill(struct rng *rng, const struct record_kind *kind, uint8_t *body, uint32_t n_items)
{
	fill_table(rng, &kind->head, body);
	if (!kind->items_max)
		return;
	memcpy(body + kind->n_offset, &n_items, 4);
	for (uint32_t i = 0; i < n_items; i++)
		fill_table(rng, &kind->item, body + kind->items_offset + i * kind->item.size);
}

static void fill_command(struct rng *rng, uint16_t kind, struct command *command)
{
	memset(command, 0, sizeof *command);
	command->kind = kind;
	command->at = (instant_ms)rng_next(rng);
	command->key = (struct command_key){random_number(rng), random_number(rng)};
	const struct record_kind *row = record_command_kind(kind);
	fill(rng, row, (uint8_t *)command + offsetof(struct command, start), rng_below(rng, row->items_max + 1));
	if (kind == CMD_FLEET_STATES)
		for (uint32_t i = 0; i < command->fleet_states.n; i++)
			command->fleet_states.states[i].state.n_aboard = rng_below(rng, WIRE_ABOARD_MAX + 1);
}

static void fill_update(struct rng *rng, uint16_t kind, struct update *update)
{
	memset(update, 0, sizeof *update);
	update->kind = kind;
	const struct record_kind *row = record_update_kind(kind);
	fill(rng, row, (uint8_t *)update + offsetof(struct update, result), rng_below(rng, row->items_max + 1));
}

static uint64_t seed;

/* A field that came later: a record without it is one where it is 0, and there is no other form of that. */
static void test_starts_of_older_engines(void **state)
{
	(void)state;
	uint8_t bytes[RECORD_COMMAND_BYTES_MAX];
	struct command start = {.kind = CMD_START, .at = 5}, back;
	size_t n, n_older;
	start.start.epoch = start.start.engine_version = 1;
	core_settings_default(&start.start.settings);
	start.start.settings.clean_ms = start.start.settings.clean_early_ms = 0; /* later still */
	assert_int_equal(record_command(&start, bytes, sizeof bytes, &n), ERR_OK);
	assert_int_equal(record_read_command(bytes, n - 4, &back, NULL), ERR_OK);
	start.start.settings.message_ms = 0;
	assert_memory_equal(&start, &back, sizeof back);
	memset(bytes + n - 4, 0, 4);
	assert_int_not_equal(record_read_command(bytes, n, &back, NULL), ERR_OK);
	assert_int_equal(record_command(&start, bytes, sizeof bytes, &n_older), ERR_OK);
	assert_int_equal(n_older, n - 4);
	assert_int_not_equal(record_read_command(bytes, n - 8, &back, NULL), ERR_OK);
}

static void test_random_commands_come_back(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, seed);
	uint8_t bytes[RECORD_COMMAND_BYTES_MAX], again[RECORD_COMMAND_BYTES_MAX];
	struct command command, back;
	for (int round = 0; round < 300; round++) {
		for (uint16_t kind = 1; kind < CMD_KINDS; kind++) {
			size_t n = 0, n_again = 0;
			struct err_detail detail = {""};
			fill_command(&rng, kind, &command);
			assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_OK);
			if (record_read_command(bytes, n, &back, &detail))
				fail_msg("%s: %s", record_command_kind(kind)->name, detail.text);
			assert_memory_equal(&command, &back, sizeof back);
			assert_int_equal(record_command(&back, again, sizeof again, &n_again), ERR_OK);
			assert_int_equal(n, n_again);
			assert_memory_equal(bytes, again, n);
			/* too little room, and every shorter record, is told */
			assert_int_equal(record_command(&command, again, n - 1, &n_again), ERR_FULL);
			size_t cut = rng_below(&rng, (uint32_t)n);
			/* one of before there were its later fields */
			int is_older = (kind == CMD_START && cut + 36 >= n && (n - cut) % 4 == 0) ||
				       (kind == CMD_VEHICLE_HELLO && cut + 1 == n);
			if (!is_older)
				assert_int_not_equal(record_read_command(bytes, cut, &back, NULL), ERR_OK);
		}
	}
}

static void test_random_updates_come_back(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, seed);
	static struct update updates[UPDATE_KINDS], back[UPDATE_KINDS];
	static uint8_t bytes[UPDATE_KINDS * RECORD_UPDATE_BYTES_MAX];
	for (int round = 0; round < 300; round++) {
		uint32_t n_back = 0, most = rng_below(&rng, UPDATE_KINDS);
		size_t n = 0;
		for (uint32_t i = 0; i < most; i++)
			fill_update(&rng, (uint16_t)(1 + i), &updates[i]);
		assert_int_equal(record_updates(updates, most, bytes, sizeof bytes, &n), ERR_OK);
		assert_true(n <= 3 + (size_t)most * RECORD_UPDATE_BYTES_MAX);
		assert_int_equal(record_read_updates(bytes, n, back, UPDATE_KINDS, &n_back, NULL), ERR_OK);
		assert_int_equal(n_back, most);
		assert_memory_equal(updates, back, most * sizeof *updates);
		assert_int_equal(record_updates(updates, most, bytes, n - 1, &n), ERR_FULL);
		if (most)
			assert_int_equal(record_read_updates(bytes, n, back, most - 1, &n_back, NULL), ERR_RANGE);
	}
}

static void test_place_in_a_batch_is_not_an_outcome(void **state)
{
	(void)state;
	struct update a = {.kind = UPD_ACK, .command_index = 3, .ack = {1, 2, 3}}, b = a;
	b.command_index = 7;
	uint8_t bytes_a[64], bytes_b[64];
	size_t n_a = 0, n_b = 0;
	assert_int_equal(record_updates(&a, 1, bytes_a, sizeof bytes_a, &n_a), ERR_OK);
	assert_int_equal(record_updates(&b, 1, bytes_b, sizeof bytes_b, &n_b), ERR_OK);
	assert_int_equal(n_a, n_b);
	assert_memory_equal(bytes_a, bytes_b, n_a);
}

/* The format is fixed: these bytes must never change. */
static void test_bytes_are_fixed(void **state)
{
	(void)state;
	struct command command = {.kind = CMD_CANCEL, .at = 0x0102030405060708, .key = {1, 2}};
	command.cancel.ride = 0x1122334455667788;
	command.cancel.by = CANCEL_OPERATOR;
	strcpy(command.cancel.reason, "ill");
	static const uint8_t expected[] = {1,	 CMD_CANCEL, 0,	   8,	 7,    6,    5,	   4, 3, 2,   1,   1,  0, 0,
					   0,	 0,	     0,	   0,	 0,    2,    0,	   0, 0, 0,   0,   0,  0, 0x88,
					   0x77, 0x66,	     0x55, 0x44, 0x33, 0x22, 0x11, 1, 3, 'i', 'l', 'l'};
	uint8_t bytes[128];
	size_t n = 0;
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_OK);
	assert_int_equal(n, sizeof expected);
	assert_memory_equal(bytes, expected, n);
}

static void test_the_largest_records_fit(void **state)
{
	(void)state;
	static struct command command;
	static struct update update;
	uint8_t bytes[RECORD_COMMAND_BYTES_MAX];
	size_t n = 0;
	memset(&command, 0xff, sizeof command);
	command.kind = CMD_FLEET_STATES;
	command.fleet_states.n = COMMAND_STATES_MAX;
	for (int i = 0; i < COMMAND_STATES_MAX; i++)
		command.fleet_states.states[i].state.n_aboard = WIRE_ABOARD_MAX;
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_OK);
	memset(&update, 0xff, sizeof update);
	update.kind = UPD_PLAN;
	update.plan.n_tasks = WIRE_TASKS_MAX;
	assert_int_equal(record_updates(&update, 1, bytes, RECORD_UPDATE_BYTES_MAX, &n), ERR_OK);
}

static void test_bounds(void **state)
{
	(void)state;
	struct command command = {.kind = CMD_FLEET_STATES};
	struct err_detail detail;
	uint8_t bytes[RECORD_COMMAND_BYTES_MAX];
	size_t n = 0;
	command.fleet_states.n = COMMAND_STATES_MAX + 1;
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_RANGE);
	command.fleet_states.n = 1;
	command.fleet_states.states[0].state.n_aboard = WIRE_ABOARD_MAX + 1;
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_RANGE);
	command.fleet_states.states[0].state.n_aboard = 0;
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_OK);
	bytes[n] = 0;
	assert_int_equal(record_read_command(bytes, n + 1, &command, &detail), ERR_FORMAT);
	bytes[27] = COMMAND_STATES_MAX + 1;
	assert_int_equal(record_read_command(bytes, n, &command, &detail), ERR_RANGE);
	bytes[0] = RECORD_VERSION + 1;
	assert_int_equal(record_read_command(bytes, n, &command, &detail), ERR_VERSION);
	bytes[0] = RECORD_VERSION;
	bytes[1] = CMD_KINDS;
	assert_int_equal(record_read_command(bytes, n, &command, &detail), ERR_RANGE);
	assert_int_equal(record_read_command(bytes, 5, &command, &detail), ERR_TRUNCATED);
	command.kind = CMD_CANCEL;
	memset(&command.cancel, 'x', sizeof command.cancel); /* a text without its end */
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_RANGE);
	command.kind = CMD_NONE;
	assert_int_equal(record_command(&command, bytes, sizeof bytes, &n), ERR_RANGE);
}

static void test_lines_for_people(void **state)
{
	(void)state;
	struct command command = {.kind = CMD_REQUEST, .at = 1000};
	char text[1024], small[8];
	command.request.ride = 42;
	command.request.from.point.lat_e7 = -494012345;
	strcpy(command.request.tie.trip_id, "S1 \"x\"\n");
	record_print_command(&command, 0, text, sizeof text);
	assert_string_equal(text, "request at=1000 ride=42");
	record_print_command(&command, 1, text, sizeof text);
	assert_string_equal(text,
			    "request at=1000 ride=42 from.point.lat_e7=-494012345 tie.trip_id=\"S1 \\x22x\\x22\\x0a\"");
	record_print_command(&command, 1, small, sizeof small);
	assert_string_equal(small, "request");
	struct update update = {.kind = UPD_PLAN, .plan = {.vehicle = 3, .epoch = 1, .version = 2, .n_tasks = 1}};
	update.plan.tasks[0] = (struct update_task){.ride = 42, .kind = WIRE_PICKUP, .planned_at = 5};
	record_print_update(&update, text, sizeof text);
	assert_string_equal(text, "plan vehicle=3 epoch=1 version=2 n_tasks=1 [ ride=42 kind=1 planned_at=5 ]");
}

static void test_what_is_sealed(void **state)
{
	(void)state;
	struct command command = {.kind = CMD_REQUEST};
	command.request.ride = 7;
	assert_int_equal(record_ride(&command), 7);
	command = (struct command){.kind = CMD_VEHICLE_EVENT};
	command.vehicle_event.event.kind = WIRE_BOARDED;
	command.vehicle_event.event.ride = 8;
	assert_int_equal(record_ride(&command), 8);
	command.vehicle_event.event.kind = WIRE_ORDER_DONE; /* its ride is an order's id */
	assert_int_equal(record_ride(&command), 0);
	command.kind = CMD_TICK;
	assert_int_equal(record_ride(&command), 0);
}

int main(void)
{
	const char *given = getenv("ZUB_SEED");
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_has_a_table),
		cmocka_unit_test(test_every_byte_belongs_to_a_field_or_is_padding),
		cmocka_unit_test(test_starts_of_older_engines),
		cmocka_unit_test(test_random_commands_come_back),
		cmocka_unit_test(test_random_updates_come_back),
		cmocka_unit_test(test_place_in_a_batch_is_not_an_outcome),
		cmocka_unit_test(test_bytes_are_fixed),
		cmocka_unit_test(test_the_largest_records_fit),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_lines_for_people),
		cmocka_unit_test(test_what_is_sealed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
