#include "record.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- the tables: one line per member; a forgotten one fails tests/unit/test_record.c ---- */

#define MEMBER(struct_, m) (((struct struct_ *)0)->m)
#define IS_SIGNED(value) _Generic((value), int8_t : 1, int16_t : 1, int32_t : 1, int64_t : 1, default : 0)
#define FIELD(struct_, m, element, text, personal, count)                                                   \
	{                                                                                                   \
#m, offsetof(struct struct_, m), sizeof(element), IS_SIGNED(element), text, personal, count \
	}
#define COUNT(struct_, m) (sizeof MEMBER(struct_, m) / sizeof MEMBER(struct_, m)[0])
/* T is the struct whose table is being written. A personal field ends with _P. */
#define NUM(m) FIELD_(T, m, 0)
#define NUM_P(m) FIELD_(T, m, 1)
#define FIELD_(struct_, m, personal) FIELD(struct_, m, MEMBER(struct_, m), 0, personal, 1)
#define NUMS(m) ARRAY_(T, m, 0, 0)
#define NUMS_P(m) ARRAY_(T, m, 0, 1)
#define TEXT(m) ARRAY_(T, m, 1, 0)
#define TEXT_P(m) ARRAY_(T, m, 1, 1)
#define ARRAY_(struct_, m, text, personal) FIELD(struct_, m, MEMBER(struct_, m)[0], text, personal, COUNT(struct_, m))
#define PLACE(m)                                                                                           \
	NUM(m.point.lat_e7), NUM(m.point.lon_e7), NUM(m.road.arc), NUM(m.road.offset_mm), NUM(m.walk.arc), \
		NUM(m.walk.offset_mm), NUM(m.road_away_mm), NUM(m.stop), NUM(m.side)
#define PLACE_P(m)                                                                                                   \
	NUM_P(m.point.lat_e7), NUM_P(m.point.lon_e7), NUM_P(m.road.arc), NUM_P(m.road.offset_mm), NUM_P(m.walk.arc), \
		NUM_P(m.walk.offset_mm), NUM_P(m.road_away_mm), NUM_P(m.stop), NUM_P(m.side)
#define WIRE_PLACE(m) NUM(m.lat_e7), NUM(m.lon_e7), NUM(m.arc), NUM(m.offset_mm), NUM(m.side)
#define WIRE_PLACE_P(m) NUM_P(m.lat_e7), NUM_P(m.lon_e7), NUM_P(m.arc), NUM_P(m.offset_mm), NUM_P(m.side)

#define T cmd_start
static const struct record_field start_fields[] = {
	NUM(area),
	NUM(epoch),
	NUM(engine_version),
	NUMS(town_hash),
	NUM(settings.vehicles_max),
	NUM(settings.rides_max),
	NUM(settings.plan_tasks_max),
	NUM(settings.notices_max),
	NUM(settings.cases_max),
	NUM(settings.keys_max),
	NUM(settings.delays_max),
	NUM(settings.offer_hold_ms),
	NUM(settings.offer_hold_wall_ms),
	NUM(settings.reserve_ms),
	NUM(settings.freeze_ms),
	NUM(settings.plan_valid_ms),
	NUM(settings.clock_tolerance_ms),
	NUM(settings.closed_keep_ms),
	NUM(settings.battery_reserve_permille),
	NUM(settings.battery_wh),
	NUM(settings.charge_w),
	NUM(settings.weight_vehicle),
	NUM(settings.weight_wait),
	NUM(settings.weight_ride),
	NUM(settings.weight_walk),
	NUM(settings.message_ms), /* later, and all after it */
	NUM(settings.rebalance_ms),
	NUM(settings.charger_slots),
	NUM(settings.fair_gap_permille),
	NUM(settings.fair_wait_ms),
	NUM(settings.clean_every_ms),
	NUM(settings.clean_ms),
	NUM(settings.clean_early_ms),
	NUM(settings.clean_slots),
};
#undef T
#define T cmd_town_swap
static const struct record_field town_swap_fields[] = {NUMS(town_hash)};
#undef T
#define T cmd_request
static const struct record_field request_fields[] = {
	NUM(ride),	     NUM_P(client),
	PLACE_P(from),	     PLACE_P(to),
	NUM_P(time_kind),    NUM_P(time),
	NUMS_P(need_count),  NUM_P(walk_max_mm),
	NUM_P(tie_kind),     TEXT_P(tie.feed),
	TEXT_P(tie.trip_id), NUM_P(tie.start_s),
	NUM_P(tie.yyyymmdd), NUM_P(tie.stop_sequence),
	NUM(prebooked),
};
#undef T
#define T cmd_accept
static const struct record_field accept_fields[] = {NUM(ride), NUM(offer), NUM_P(boarding_code)};
#undef T
#define T cmd_cancel
static const struct record_field cancel_fields[] = {NUM(ride), NUM(by), TEXT_P(reason)};
#undef T
#define T cmd_ride
static const struct record_field ride_fields[] = {NUM(ride), TEXT(who)};
#undef T
#define T cmd_board_evidence
static const struct record_field board_evidence_fields[] = {NUM(ride), NUM(evidence), NUM_P(code)};
#undef T
#define T cmd_notice_state
static const struct record_field notice_state_fields[] = {NUM(notice), NUM(state)};
#undef T
#define T cmd_vehicle_enrol
static const struct record_field vehicle_enrol_fields[] = {
	NUM(vehicle),	TEXT(name),   NUM(class_index), NUMS(spaces),  NUM(step_free),
	NUM(simulated), PLACE(depot), NUM(shift_from),	NUM(shift_to),
};
#undef T
#define T cmd_vehicle_release
static const struct record_field vehicle_release_fields[] = {NUM(vehicle), NUM(until), TEXT(by), TEXT(approval)};
#undef T
#define T cmd_vehicle_shift
static const struct record_field vehicle_shift_fields[] = {NUM(vehicle), NUM(from), NUM(to), TEXT(by), TEXT(reason)};
#undef T
#define T cmd_vehicle_order
static const struct record_field vehicle_order_fields[] = {
	NUM(vehicle), NUM(order), NUM(kind), NUM(already_sent), NUM(seen_version), TEXT(by), TEXT(reason),
};
#undef T
#define T cmd_vehicle_link
static const struct record_field vehicle_link_fields[] = {NUM(vehicle), NUM(up), NUM(last_contact)};
#undef T
#define T cmd_vehicle_hello
static const struct record_field vehicle_hello_fields[] = {
	NUM(vehicle),	      NUM(hello.boot),	     NUM(hello.simulated), TEXT(hello.class_name),
	TEXT(hello.software), NUMS(hello.town_hash), NUM(hello.cleans),
};
#undef T
#define T cmd_vehicle_plan_ack
static const struct record_field vehicle_plan_ack_fields[] = {
	NUM(vehicle),
	NUM(ack.epoch),
	NUM(ack.version),
	NUM(ack.refusal),
};
#undef T
#define T cmd_vehicle_event
static const struct record_field vehicle_event_fields[] = {
	NUM(vehicle),
	NUM(event.boot),
	NUM(event.sequence),
	NUM(event.at),
	NUM(event.kind),
	NUM(event.task_kind),
	NUM(event.evidence),
	NUM(event.ride),
	WIRE_PLACE_P(event.place),
	NUM(event.battery_permille),
	TEXT_P(event.reason),
};
#undef T
#define T cmd_fleet_states
static const struct record_field fleet_states_fields[] = {NUM(n)};
#undef T
#define T fleet_state
static const struct record_field fleet_state_fields[] = {
	NUM(vehicle),
	NUM(state.boot),
	NUM(state.sequence),
	NUM(state.at),
	WIRE_PLACE(state.place),
	NUM(state.mode),
	NUM(state.doors_open),
	NUM(state.battery_permille),
	NUM(state.speed_mm_s),
	NUM(state.late_ms),
	NUM(state.plan_epoch),
	NUM(state.plan_version),
	NUM(state.n_done),
	NUM(state.n_aboard),
	NUMS(state.aboard),
};
#undef T
#define T cmd_approval
static const struct record_field approval_fields[] = {NUM(vehicle), NUM(request), NUM(granted), TEXT(by), TEXT(reason)};
#undef T
#define T cmd_duty
static const struct record_field duty_fields[] = {TEXT(who), TEXT(to), NUM(vehicles_max), NUM(simulated)};
#undef T
#define T cmd_case
static const struct record_field case_fields[] = {NUM(ride), TEXT(who), NUM(outcome), TEXT_P(note)};
#undef T
#define T cmd_bookings_pause
static const struct record_field bookings_pause_fields[] = {NUM(paused), TEXT(by), TEXT(reason)};
#undef T
#define T cmd_trip_delay
static const struct record_field trip_delay_fields[] = {
	TEXT(trip.feed),	 TEXT(trip.trip_id),  NUM(trip.start_s),     NUM(trip.yyyymmdd),
	NUM(trip.stop_sequence), NUM(arrival_late_s), NUM(departure_late_s), NUM(cancelled),
};
#undef T
#define T cmd_closure
static const struct record_field closure_fields[] = {
	NUM(closure), NUM(lifted), NUM(slow_permille), NUM(until), NUM(n), NUMS(arcs), TEXT(by), TEXT(reason),
};
#undef T
#define T cmd_improve
static const struct record_field improve_fields[] = {
	NUM(n), NUMS(vehicle), NUMS(epoch), NUMS(version), NUMS(n_tasks), NUMS(ride),
};
#undef T

#define T cmd_street_speeds
static const struct record_field street_speeds_fields[] = {NUM(until), NUM(n), NUMS(arcs), NUMS(slow_permille)};
#undef T

#define T cmd_condition
static const struct record_field condition_fields[] = {NUM(on), TEXT(name), TEXT(by), TEXT(reason)};
#undef T

#define T upd_result
static const struct record_field result_fields[] = {
	NUM(command_kind),
	NUM(code),
	NUM(refusal),
	NUM(repeated),
	NUM(ride),
	NUM(vehicle),
	NUM(would_work_at),
	NUM(obstacle),
	NUM(would_work_from),
	NUM(would_work_to),
	NUM(would_work_walk_mm),
};
#undef T
#define T upd_ride
static const struct record_field upd_ride_fields[] = {
	NUM(ride),	     NUM(state),	  NUM(refusal),		NUM(cause),
	NUM(n_offers),	     NUM(vehicle),	  NUM(earliest_pickup), NUM(latest_pickup),
	NUM(latest_arrival), NUM(planned_pickup), NUM(planned_dropoff),
};
#undef T
#define T upd_plan
static const struct record_field upd_plan_fields[] = {NUM(vehicle), NUM(epoch), NUM(version), NUM(n_tasks)};
#undef T
#define T update_task
static const struct record_field update_task_fields[] = {NUM(ride), NUM(kind), NUM(planned_at)};
#undef T
#define T upd_order
static const struct record_field upd_order_fields[] = {
	NUM(vehicle), NUM(order.id), NUM(order.kind), TEXT(order.by), TEXT(order.reason), NUM(already_sent),
};
#undef T
#define T upd_evidence
static const struct record_field upd_evidence_fields[] = {NUM(vehicle), NUM(ride), NUM(evidence)};
#undef T
#define T upd_approval
static const struct record_field upd_approval_fields[] = {
	NUM(vehicle),
	NUM(reply.request),
	NUM(reply.granted),
	TEXT(reply.by),
};
#undef T
#define T upd_ack
static const struct record_field upd_ack_fields[] = {NUM(vehicle), NUM(boot), NUM(sequence)};
#undef T
#define T upd_notice
static const struct record_field upd_notice_fields[] = {NUM(notice), NUM(ride), NUM(kind), NUM(state), NUM(about)};
#undef T
#define T upd_case
static const struct record_field upd_case_fields[] = {
	NUM(case_id), NUM(ride), NUM(vehicle), NUM(kind), NUM(outcome), TEXT(owner),
};
#undef T
#define T upd_vehicle
static const struct record_field upd_vehicle_fields[] = {NUM(vehicle), NUM(service), NUM(link_up), NUM(mode)};
#undef T
#define T upd_duty
static const struct record_field upd_duty_fields[] = {TEXT(who), TEXT(to), NUM(on), NUM(n_on_duty)};
#undef T
#define T upd_rider_out
static const struct record_field upd_rider_out_fields[] = {NUM(vehicle), NUM(order), NUM(ride), TEXT(by)};
#undef T
#define T upd_outcome
static const struct record_field upd_outcome_fields[] = {
	NUM(ride), NUM(kept), NUM(cause), NUM(pickup_late_ms), NUM(arrival_late_ms),
};
#undef T

#define TABLE(fields, struct_)                                   \
	{                                                        \
		fields, COUNT_OF(fields), sizeof(struct struct_) \
	}

static const struct record_kind command_kinds[CMD_KINDS] = {
	[CMD_START] = {"start", TABLE(start_fields, cmd_start), .n_later = 9},
	[CMD_TICK] = {"tick", {NULL, 0, 0}},
	[CMD_TOWN_SWAP] = {"town_swap", TABLE(town_swap_fields, cmd_town_swap)},
	[CMD_REQUEST] = {"request", TABLE(request_fields, cmd_request)},
	[CMD_ACCEPT] = {"accept", TABLE(accept_fields, cmd_accept)},
	[CMD_CANCEL] = {"cancel", TABLE(cancel_fields, cmd_cancel)},
	[CMD_COMING] = {"coming", TABLE(ride_fields, cmd_ride)},
	[CMD_BOARD_EVIDENCE] = {"board_evidence", TABLE(board_evidence_fields, cmd_board_evidence)},
	[CMD_NO_SHOW_UNDO] = {"no_show_undo", TABLE(ride_fields, cmd_ride)},
	[CMD_NOTICE_STATE] = {"notice_state", TABLE(notice_state_fields, cmd_notice_state)},
	[CMD_VEHICLE_ENROL] = {"vehicle_enrol", TABLE(vehicle_enrol_fields, cmd_vehicle_enrol)},
	[CMD_VEHICLE_RELEASE] = {"vehicle_release", TABLE(vehicle_release_fields, cmd_vehicle_release)},
	[CMD_VEHICLE_ORDER] = {"vehicle_order", TABLE(vehicle_order_fields, cmd_vehicle_order)},
	[CMD_VEHICLE_LINK] = {"vehicle_link", TABLE(vehicle_link_fields, cmd_vehicle_link)},
	[CMD_VEHICLE_HELLO] = {"vehicle_hello", TABLE(vehicle_hello_fields, cmd_vehicle_hello), .n_later = 1},
	[CMD_VEHICLE_PLAN_ACK] = {"vehicle_plan_ack", TABLE(vehicle_plan_ack_fields, cmd_vehicle_plan_ack)},
	[CMD_VEHICLE_EVENT] = {"vehicle_event", TABLE(vehicle_event_fields, cmd_vehicle_event)},
	[CMD_FLEET_STATES] = {"fleet_states", TABLE(fleet_states_fields, cmd_fleet_states),
			      TABLE(fleet_state_fields, fleet_state), offsetof(struct cmd_fleet_states, n),
			      offsetof(struct cmd_fleet_states, states), COMMAND_STATES_MAX},
	[CMD_APPROVAL] = {"approval", TABLE(approval_fields, cmd_approval)},
	[CMD_SIGN_ON] = {"sign_on", TABLE(duty_fields, cmd_duty)},
	[CMD_SIGN_OFF] = {"sign_off", TABLE(duty_fields, cmd_duty)},
	[CMD_HANDOVER_ACCEPT] = {"handover_accept", TABLE(duty_fields, cmd_duty)},
	[CMD_CASE_OWN] = {"case_own", TABLE(case_fields, cmd_case)},
	[CMD_CASE_CLOSE] = {"case_close", TABLE(case_fields, cmd_case)},
	[CMD_BOOKINGS_PAUSE] = {"bookings_pause", TABLE(bookings_pause_fields, cmd_bookings_pause)},
	[CMD_TRIP_DELAY] = {"trip_delay", TABLE(trip_delay_fields, cmd_trip_delay)},
	[CMD_CLOSURE] = {"closure", TABLE(closure_fields, cmd_closure)},
	[CMD_IMPROVE] = {"improve", TABLE(improve_fields, cmd_improve)},
	[CMD_VEHICLE_SHIFT] = {"vehicle_shift", TABLE(vehicle_shift_fields, cmd_vehicle_shift)},
	[CMD_STREET_SPEEDS] = {"street_speeds", TABLE(street_speeds_fields, cmd_street_speeds)},
	[CMD_CONDITION] = {"condition", TABLE(condition_fields, cmd_condition)},
};

static const struct record_kind update_kinds[UPDATE_KINDS] = {
	[UPD_RESULT] = {"result", TABLE(result_fields, upd_result), .n_later = 4},
	[UPD_RIDE] = {"ride", TABLE(upd_ride_fields, upd_ride)},
	[UPD_PLAN] = {"plan", TABLE(upd_plan_fields, upd_plan), TABLE(update_task_fields, update_task),
		      offsetof(struct upd_plan, n_tasks), offsetof(struct upd_plan, tasks), WIRE_TASKS_MAX},
	[UPD_ORDER] = {"order", TABLE(upd_order_fields, upd_order)},
	[UPD_EVIDENCE] = {"evidence", TABLE(upd_evidence_fields, upd_evidence)},
	[UPD_APPROVAL] = {"approval", TABLE(upd_approval_fields, upd_approval)},
	[UPD_ACK] = {"ack", TABLE(upd_ack_fields, upd_ack)},
	[UPD_NOTICE] = {"notice", TABLE(upd_notice_fields, upd_notice)},
	[UPD_CASE] = {"case", TABLE(upd_case_fields, upd_case)},
	[UPD_VEHICLE] = {"vehicle", TABLE(upd_vehicle_fields, upd_vehicle)},
	[UPD_DUTY] = {"duty", TABLE(upd_duty_fields, upd_duty)},
	[UPD_OUTCOME] = {"outcome", TABLE(upd_outcome_fields, upd_outcome)},
	[UPD_RIDER_OUT] = {"rider_out", TABLE(upd_rider_out_fields, upd_rider_out)},
};

const struct record_kind *record_command_kind(uint16_t kind)
{
	return kind < CMD_KINDS && command_kinds[kind].name ? &command_kinds[kind] : NULL;
}

const struct record_kind *record_update_kind(uint16_t kind)
{
	return kind < UPDATE_KINDS && update_kinds[kind].name ? &update_kinds[kind] : NULL;
}

/* ---- numbers ---- */

static uint64_t number_load(const void *at, unsigned width)
{
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;
	switch (width) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		memcpy(&u16, at, 2);
		return u16;
	case 4:
		memcpy(&u32, at, 4);
		return u32;
	default:
		memcpy(&u64, at, 8);
		return u64;
	}
}

static void number_store(void *at, unsigned width, uint64_t value)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	uint32_t u32 = (uint32_t)value;
	switch (width) {
	case 1:
		memcpy(at, &u8, 1);
		break;
	case 2:
		memcpy(at, &u16, 2);
		break;
	case 4:
		memcpy(at, &u32, 4);
		break;
	default:
		memcpy(at, &value, 8);
	}
}

static void little_put(uint8_t *bytes, unsigned width, uint64_t value)
{
	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t little_get(const uint8_t *bytes, unsigned width)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

/* ---- one struct by its table ---- */

/* How many elements of an array are worth writing: text ends at its first zero, numbers at their last that is not zero.
 */
static uint32_t field_length(const struct record_field *field, const uint8_t *at)
{
	uint32_t n = field->count;
	if (field->is_text)
		return (uint32_t)strnlen((const char *)at, n);
	while (n && !number_load(at + (size_t)(n - 1) * field->width, field->width))
		n--;
	return n;
}

static unsigned length_width(const struct record_field *field)
{
	return field->count == 1 ? 0 : field->count < 256 ? 1 : 2;
}

size_t record_write(const struct record_table *table, const void *item, uint8_t *bytes, size_t size)
{
	size_t used = 0;
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct record_field *field = &table->fields[i];
		const uint8_t *at = (const uint8_t *)item + field->offset;
		unsigned prefix = length_width(field);
		uint32_t n = prefix ? field_length(field, at) : 1;
		if (size - used < prefix + (size_t)n * field->width)
			return 0;
		little_put(bytes + used, prefix, n);
		used += prefix;
		for (uint32_t k = 0; k < n; k++, used += field->width)
			little_put(bytes + used, field->width,
				   number_load(at + (size_t)k * field->width, field->width));
	}
	return used;
}

/* One field, canonical: what record_write would not have written (a zero in a text, a zero at the end of an array) is
 * refused, so that equal structs and equal bytes are the same thing. */
static size_t field_read(const struct record_field *field, const uint8_t *bytes, size_t n_bytes, uint8_t *at)
{
	unsigned prefix = length_width(field);
	if (n_bytes < prefix)
		return 0;
	uint64_t n = prefix ? little_get(bytes, prefix) : 1;
	if (n > field->count || n_bytes - prefix < n * field->width)
		return 0;
	memset(at, 0, (size_t)field->count * field->width);
	for (uint64_t k = 0; k < n; k++) {
		uint64_t value = little_get(bytes + prefix + k * field->width, field->width);
		if (prefix && !value && (field->is_text || k + 1 == n))
			return 0;
		number_store(at + k * field->width, field->width, value);
	}
	return prefix + (size_t)n * field->width;
}

size_t record_read(const struct record_table *table, const uint8_t *bytes, size_t n, void *item)
{
	size_t used = 0;
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct record_field *field = &table->fields[i];
		size_t took = field_read(field, bytes + used, n - used, (uint8_t *)item + field->offset);
		if (!took)
			return 0;
		used += took;
	}
	return used;
}

/* ---- one kind: its struct, and the items that follow where it has some ---- */

static uint64_t kind_items(const struct record_kind *kind, const void *body)
{
	return kind->item.n_fields ? number_load((const uint8_t *)body + kind->n_offset, 4) : 0;
}

static int texts_end(const struct record_table *table, const void *item)
{
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct record_field *field = &table->fields[i];
		if (field->is_text && ((const char *)item)[field->offset + field->count - 1])
			return 0;
	}
	return 1;
}

/* A head whose later fields are all 0 has one form only: the one of before there were such fields. But for the last
 * one of a record (`is_last`) its length would not be known: those are written whole. */
static struct record_table head_of(const struct record_kind *kind, const void *body, int is_last)
{
	struct record_table head = kind->head;
	for (uint32_t i = 0; is_last && i < kind->n_later; i++) {
		const struct record_field *last = &head.fields[head.n_fields - 1];
		if (number_load((const uint8_t *)body + last->offset, last->width))
			return head;
		head.n_fields--;
	}
	return head;
}

static size_t head_read(const struct record_kind *kind, const uint8_t *bytes, size_t n, void *body, int is_last)
{
	struct record_table head = kind->head;
	size_t took = record_read(&head, bytes, n, body);
	for (uint32_t i = 0; is_last && !took && i < kind->n_later; i++) {
		const struct record_field *last = &head.fields[--head.n_fields];
		number_store((uint8_t *)body + last->offset, last->width, 0);
		took = record_read(&head, bytes, n, body);
	}
	return head_of(kind, body, is_last).n_fields == head.n_fields ? took : 0;
}

static int kind_write(const struct record_kind *kind, const void *body, int is_last, uint8_t *bytes, size_t size,
		      size_t *used)
{
	const struct record_table head = head_of(kind, body, is_last);
	if (!texts_end(&kind->head, body) || kind_items(kind, body) > kind->items_max)
		return ERR_RANGE;
	size_t took = record_write(&head, body, bytes + *used, size - *used);
	if (!took && kind->head.n_fields)
		return ERR_FULL;
	*used += took;
	const uint8_t *item = (const uint8_t *)body + kind->items_offset;
	for (uint64_t i = 0; i < kind_items(kind, body); i++, item += kind->item.size) {
		if (!(took = record_write(&kind->item, item, bytes + *used, size - *used)))
			return ERR_FULL;
		*used += took;
	}
	return ERR_OK;
}

static int kind_read(const struct record_kind *kind, int is_last, const uint8_t *bytes, size_t n, size_t *used,
		     void *body, struct err_detail *detail)
{
	size_t took = head_read(kind, bytes + *used, n - *used, body, is_last);
	if (!took && kind->head.n_fields)
		return err_set(detail, ERR_TRUNCATED, "record %s: byte %zu: ends or bends before its last field",
			       kind->name, *used);
	if (!texts_end(&kind->head, body))
		return err_set(detail, ERR_RANGE, "record %s: a text lacks its end", kind->name);
	*used += took;
	uint64_t n_items = kind_items(kind, body);
	if (n_items > kind->items_max)
		return err_set(detail, ERR_RANGE, "record %s: %" PRIu64 " items, expected at most %u", kind->name,
			       n_items, kind->items_max);
	uint8_t *item = (uint8_t *)body + kind->items_offset;
	for (uint64_t i = 0; i < n_items; i++, item += kind->item.size) {
		if (!(took = record_read(&kind->item, bytes + *used, n - *used, item)))
			return err_set(detail, ERR_TRUNCATED, "record %s: byte %zu: item %" PRIu64 " ends too early",
				       kind->name, *used, i);
		*used += took;
	}
	return ERR_OK;
}

/* ---- commands ---- */

#define COMMAND_HEAD_BYTES 27 /* version 1, kind 2, at 8, key 16 */
#define COMMAND_BODY offsetof(struct command, start)
#define UPDATE_BODY offsetof(struct update, result)

/* The core walks aboard[0 .. n_aboard): the one count inside an item that the tables do not bound. */
static int states_fit(const struct command *command)
{
	if (command->kind != CMD_FLEET_STATES)
		return 1;
	for (uint32_t i = 0; i < command->fleet_states.n; i++)
		if (command->fleet_states.states[i].state.n_aboard > WIRE_ABOARD_MAX)
			return 0;
	return 1;
}

int record_command(const struct command *command, void *bytes, size_t size, size_t *ret_n)
{
	const struct record_kind *kind = record_command_kind(command->kind);
	if (!kind)
		return ERR_RANGE;
	if (size < COMMAND_HEAD_BYTES)
		return ERR_FULL;
	uint8_t *out = bytes;
	little_put(out, 1, RECORD_VERSION);
	little_put(out + 1, 2, command->kind);
	little_put(out + 3, 8, (uint64_t)command->at);
	little_put(out + 11, 8, command->key.high);
	little_put(out + 19, 8, command->key.low);
	size_t used = COMMAND_HEAD_BYTES;
	int code = kind_write(kind, (const uint8_t *)command + COMMAND_BODY, 1, out, size, &used);
	if (code)
		return code;
	if (!states_fit(command))
		return ERR_RANGE;
	*ret_n = used;
	return ERR_OK;
}

static int read_version(uint8_t version, struct err_detail *detail)
{
	if (version == RECORD_VERSION)
		return ERR_OK;
	return err_set(detail, ERR_VERSION, "record: byte 0: version %u, expected %u", version, RECORD_VERSION);
}

static int read_end(size_t used, size_t n, struct err_detail *detail)
{
	if (used == n)
		return ERR_OK;
	return err_set(detail, ERR_FORMAT, "record: byte %zu: %zu bytes after its end", used, n - used);
}

int record_read_command(const void *bytes, size_t n, struct command *ret_command, struct err_detail *detail)
{
	const uint8_t *in = bytes;
	struct command command;
	memset(&command, 0, sizeof command);
	if (n < COMMAND_HEAD_BYTES)
		return err_set(detail, ERR_TRUNCATED, "record: %zu bytes, expected at least %d", n, COMMAND_HEAD_BYTES);
	int code = read_version(in[0], detail);
	if (code)
		return code;
	command.kind = (uint16_t)little_get(in + 1, 2);
	command.at = (instant_ms)little_get(in + 3, 8);
	command.key.high = little_get(in + 11, 8);
	command.key.low = little_get(in + 19, 8);
	const struct record_kind *kind = record_command_kind(command.kind);
	if (!kind)
		return err_set(detail, ERR_RANGE, "record: byte 1: no command of kind %u", command.kind);
	size_t used = COMMAND_HEAD_BYTES;
	if ((code = kind_read(kind, 1, in, n, &used, (uint8_t *)&command + COMMAND_BODY, detail)))
		return code;
	if (!states_fit(&command))
		return err_set(detail, ERR_RANGE, "record fleet_states: more than %d rides aboard", WIRE_ABOARD_MAX);
	if ((code = read_end(used, n, detail)))
		return code;
	*ret_command = command;
	return ERR_OK;
}

/* Where somebody was picked up or set down, and words typed about a person, are personal as much as the request is. */
uint64_t record_ride(const struct command *command)
{
	switch (command->kind) {
	case CMD_REQUEST:
		return command->request.ride;
	case CMD_ACCEPT:
		return command->accept.ride;
	case CMD_CANCEL:
		return command->cancel.ride;
	case CMD_BOARD_EVIDENCE:
		return command->board_evidence.ride;
	case CMD_CASE_OWN:
	case CMD_CASE_CLOSE:
		return command->case_.ride;
	case CMD_VEHICLE_EVENT:
		return command->vehicle_event.event.kind == WIRE_ORDER_DONE ? 0 : command->vehicle_event.event.ride;
	default:
		return 0;
	}
}

/* ---- updates: version 1, count 2, then kind 2 + body each. command_index tells a place in a batch, not an outcome,
 * and batches differ between a live run and its replay: it is not written. ---- */

int record_updates(const struct update *updates, uint32_t n, void *bytes, size_t size, size_t *ret_n)
{
	uint8_t *out = bytes;
	if (n > UINT16_MAX)
		return ERR_RANGE;
	if (size < 3)
		return ERR_FULL;
	little_put(out, 1, RECORD_VERSION);
	little_put(out + 1, 2, n);
	size_t used = 3;
	for (uint32_t i = 0; i < n; i++) {
		const struct record_kind *kind = record_update_kind(updates[i].kind);
		if (!kind)
			return ERR_RANGE;
		if (size - used < 2)
			return ERR_FULL;
		little_put(out + used, 2, updates[i].kind);
		used += 2;
		int code = kind_write(kind, (const uint8_t *)&updates[i] + UPDATE_BODY, i + 1 == n, out, size, &used);
		if (code)
			return code;
	}
	*ret_n = used;
	return ERR_OK;
}

static int read_update(const uint8_t *in, size_t n, int is_last, size_t *used, struct update *update,
		       struct err_detail *detail)
{
	if (n - *used < 2)
		return err_set(detail, ERR_TRUNCATED, "record: byte %zu: ends before the next update", *used);
	memset(update, 0, sizeof *update);
	update->kind = (uint16_t)little_get(in + *used, 2);
	const struct record_kind *kind = record_update_kind(update->kind);
	if (!kind)
		return err_set(detail, ERR_RANGE, "record: byte %zu: no update of kind %u", *used, update->kind);
	*used += 2;
	return kind_read(kind, is_last, in, n, used, (uint8_t *)update + UPDATE_BODY, detail);
}

int record_read_updates(const void *bytes, size_t n, struct update *ret_updates, uint32_t most, uint32_t *ret_n,
			struct err_detail *detail)
{
	const uint8_t *in = bytes;
	if (n < 3)
		return err_set(detail, ERR_TRUNCATED, "record: %zu bytes, expected at least 3", n);
	int code = read_version(in[0], detail);
	if (code)
		return code;
	uint32_t n_updates = (uint32_t)little_get(in + 1, 2);
	if (n_updates > most)
		return err_set(detail, ERR_RANGE, "record: byte 1: %u updates, expected at most %u", n_updates, most);
	size_t used = 3;
	for (uint32_t i = 0; i < n_updates; i++)
		if ((code = read_update(in, n, i + 1 == n_updates, &used, &ret_updates[i], detail)))
			return code;
	if ((code = read_end(used, n, detail)))
		return code;
	*ret_n = n_updates;
	return ERR_OK;
}

/* ---- for people ---- */

struct line {
	char *text;
	size_t size, used;
};

__attribute__((format(printf, 2, 3))) static void line_add(struct line *line, const char *format, ...)
{
	if (line->used >= line->size)
		return;
	va_list arguments;
	va_start(arguments, format);
	int n = vsnprintf(line->text + line->used, line->size - line->used, format, arguments);
	va_end(arguments);
	line->used += n > 0 ? (size_t)n : 0;
}

static void line_number(struct line *line, const struct record_field *field, const uint8_t *at)
{
	uint64_t value = number_load(at, field->width);
	if (!field->is_signed) {
		line_add(line, "%" PRIu64, value);
		return;
	}
	unsigned unused = 64 - 8u * field->width;
	int64_t number = (int64_t)(value << unused) >> unused; /* arithmetic shift on gcc and clang: extends the sign */
	if (number == INSTANT_NONE)
		line_add(line, "none");
	else
		line_add(line, "%" PRId64, number);
}

/* A control character or a quote in a text must not break the line or feign another field. */
static void line_text(struct line *line, const char *text, uint32_t n)
{
	line_add(line, "\"");
	for (uint32_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			line_add(line, "\\x%02x", c);
		else
			line_add(line, "%c", c);
	}
	line_add(line, "\"");
}

static void line_field(struct line *line, const struct record_field *field, const uint8_t *at)
{
	uint32_t n = field->count == 1 ? 1 : field_length(field, at);
	line_add(line, " %s=", field->name);
	if (field->is_text) {
		line_text(line, (const char *)at, n);
		return;
	}
	if (field->width == 1 && field->count == TOWN_HASH_BYTES) {
		for (uint32_t i = 0; i < field->count; i++)
			line_add(line, "%02x", at[i]);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		line_add(line, "%s", i ? "," : "");
		line_number(line, field, at + (size_t)i * field->width);
	}
}

/* Zero is what most fields are; leaving those out keeps the line readable. */
static int field_is_zero(const struct record_field *field, const uint8_t *at)
{
	return field->count == 1 ? !number_load(at, field->width) : !field_length(field, at);
}

static void line_table(struct line *line, const struct record_table *table, const void *item, int personal)
{
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct record_field *field = &table->fields[i];
		const uint8_t *at = (const uint8_t *)item + field->offset;
		if ((personal || !field->personal) && !field_is_zero(field, at))
			line_field(line, field, at);
	}
}

static void line_kind(struct line *line, const struct record_kind *kind, const void *body, int personal)
{
	line_table(line, &kind->head, body, personal);
	uint64_t n = kind_items(kind, body);
	const uint8_t *item = (const uint8_t *)body + kind->items_offset;
	for (uint64_t i = 0; i < n && i < kind->items_max; i++, item += kind->item.size) {
		line_add(line, " [");
		line_table(line, &kind->item, item, personal);
		line_add(line, " ]");
	}
}

void record_print_command(const struct command *command, int personal, char *text, size_t size)
{
	struct line line = {text, size, 0};
	const struct record_kind *kind = record_command_kind(command->kind);
	if (size)
		text[0] = '\0';
	line_add(&line, "%s at=%" PRId64, kind ? kind->name : "unknown", command->at);
	if (command->key.high || command->key.low)
		line_add(&line, " key=%016" PRIx64 "%016" PRIx64, command->key.high, command->key.low);
	if (kind)
		line_kind(&line, kind, (const uint8_t *)command + COMMAND_BODY, personal);
}

void record_print_update(const struct update *update, char *text, size_t size)
{
	struct line line = {text, size, 0};
	const struct record_kind *kind = record_update_kind(update->kind);
	if (size)
		text[0] = '\0';
	line_add(&line, "%s", kind ? kind->name : "unknown");
	if (kind)
		line_kind(&line, kind, (const uint8_t *)update + UPDATE_BODY, 0);
}
