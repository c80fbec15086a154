/* The control room: fleet, rides, cases, people on duty, orders to vehicles. Behind the token. */
#include "http_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

static void reply_list(struct call *call, const char *name, json_t *list)
{
	json_t *json = json_object();
	set(json, "now", http_json_instant(call->http->host.now(call->http->host.self)));
	set(json, name, list);
	reply_json(call, 200, json);
}

void handle_operator_fleet(struct call *call)
{
	const struct core *core = http_core(call->http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_vehicles(core); i++)
		json_array_append_new(list, view_vehicle(call->http, core_vehicle_at(core, i)));
	reply_list(call, "vehicles", list);
}

static int ride_is_open(const struct core_ride *ride)
{
	return (ride->state >= RIDE_ASKED && ride->state <= RIDE_ABOARD) ||
	       (ride->state == RIDE_BROKEN && ride->case_outcome == CASE_OPEN);
}

void handle_operator_rides(struct call *call)
{
	const struct core *core = http_core(call->http);
	const char *state = evhttp_find_header(&call->query, "state");
	int all = state && strcmp(state, "all") == 0;
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_rides(core) && json_array_size(list) < 2000; i++) {
		const struct core_ride *ride = core_ride_at(core, i);
		if (all || ride_is_open(ride))
			json_array_append_new(list, view_ride_line(call->http, ride));
	}
	reply_list(call, "rides", list);
}

static json_t *cases_of(struct call *call, uint64_t ride, int open_only)
{
	const struct core *core = http_core(call->http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_cases(core); i++) {
		const struct core_case *item = core_case_at(core, i);
		if ((ride == 0 || item->ride == ride) && (!open_only || item->closed_at <= 0))
			json_array_append_new(list, view_case(call->http, item, call->language));
	}
	return list;
}

/* One ride's story: what was asked, offered, promised, told, done. */
void handle_operator_ride(struct call *call)
{
	uint64_t number = 0;
	const struct core_ride *ride =
		http_json_read_id(call->params[0], &number) ? NULL : core_ride(http_core(call->http), number);
	if (!ride) {
		reply_error(call, "ride_unknown", NULL);
		return;
	}
	json_t *json = json_object();
	set(json, "ride", view_ride(call->http, ride, call->language, 1));
	set(json, "cases", cases_of(call, ride->ride, 0));
	set(json, "reassigned", json_integer(ride->n_reassigned));
	set(json, "promised_at", ride->promised_at > 0 ? http_json_instant(ride->promised_at) : json_null());
	reply_json(call, 200, json);
}

void handle_operator_cases(struct call *call)
{
	const char *state = evhttp_find_header(&call->query, "state");
	reply_list(call, "cases", cases_of(call, 0, !(state && strcmp(state, "all") == 0)));
}

void handle_operator_notices(struct call *call)
{
	const struct core *core = http_core(call->http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_notices(core); i++) {
		const struct core_notice *notice = core_notice_at(core, i);
		if (notice->state == NOTICE_ACKNOWLEDGED)
			continue;
		json_t *item = view_notice(notice, call->language);
		set(item, "ride", http_json_id(notice->ride));
		json_array_append_new(list, item);
	}
	reply_list(call, "notices", list);
}

static json_t *supervisors(struct http *http)
{
	const struct core *core = http_core(http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_supervisors(core); i++)
		json_array_append_new(list, view_supervisor(core_supervisor_at(core, i)));
	return list;
}

void handle_operator_supervisors(struct call *call)
{
	reply_list(call, "supervisors", supervisors(call->http));
}

static json_t *figures_view(const struct core_figures *figures)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"asked", figures->asked},
		{"offered", figures->offered},
		{"promised", figures->promised},
		{"refused", figures->refused},
		{"expired", figures->expired},
		{"cancelled", figures->cancelled},
		{"no_show", figures->no_show},
		{"done", figures->done},
		{"broken", figures->broken},
		{"kept", figures->kept},
		{"shared", figures->shared},
		{"mean_wait_s", figures->wait_n ? figures->wait_ms_sum / figures->wait_n / 1000 : 0},
		{"empty_m", figures->empty_mm / 1000},
		{"loaded_m", figures->loaded_mm / 1000},
	};
	json_t *json = json_object();
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		set(json, rows[i].name, json_integer((json_int_t)rows[i].value));
	return json;
}

void handle_operator_status(struct call *call)
{
	struct http *http = call->http;
	const struct core *core = http_core(http);
	char why[256] = "";
	int holding = http->host.holding(http->host.self, why, sizeof why);
	json_t *json = json_object();
	set(json, "now", http_json_instant(http->host.now(http->host.self)));
	set(json, "speed_permille", json_integer(http->host.speed_permille(http->host.self)));
	set(json, "holding", holding ? json_string(why) : json_null());
	set(json, "bookings_paused", json_boolean(core_bookings_paused(core)));
	set(json, "epoch", json_integer(core_epoch(core)));
	set(json, "supervisors", supervisors(http));
	set(json, "figures", figures_view(core_figures(core)));
	reply_json(call, 200, json);
}

void handle_operator_stream(struct call *call)
{
	stream_open(call, STREAM_OPERATOR, 0);
}

/* ---- orders ---- */
static void finish_plain(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence,
			 const uint8_t *hash)
{
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	char hex[65] = "";
	if (!result) {
		reply_error(call, "internal", NULL);
		return;
	}
	if (result->code) {
		int is_vehicle = call->command_kind == CMD_VEHICLE_ORDER || call->command_kind == CMD_VEHICLE_RELEASE ||
				 call->command_kind == CMD_VEHICLE_SHIFT || call->command_kind == CMD_APPROVAL;
		reply_code(call, result->code, is_vehicle ? "vehicle_unknown" : "case_unknown");
		return;
	}
	for (int i = 0; hash && i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	json_t *json = json_object();
	set(json, "done", json_true());
	set(json, "repeated", json_boolean(result->repeated));
	set(json, "receipt", json_pack("{s:I, s:s}", "record", (json_int_t)sequence, "hash", hex));
	reply_json(call, 200, json);
}

/* Runs the reader and answers what is wrong; the braces of every order below stay short. */
#define BODY_OR_RETURN(name, body, required_key)                           \
	struct json_error error;                                           \
	if (call_key(call, required_key))                                  \
		return;                                                    \
	if (http_json_##name(call->body, call->body_n, &(body), &error)) { \
		reply_fault(call, &error);                                 \
		return;                                                    \
	}

static void submit_duty(struct call *call, uint16_t kind, const struct body_duty *body)
{
	struct command command = {.kind = kind};
	memcpy(command.duty.who, body->who, sizeof body->who);
	memcpy(command.duty.to, body->to, sizeof body->to);
	command.duty.vehicles_max = body->vehicles_max;
	command.duty.simulated = body->simulated;
	call_submit(call, &command, NULL, finish_plain);
}

void handle_operator_sign_on(struct call *call)
{
	struct body_duty body;
	BODY_OR_RETURN(sign_on, body, 1)
	submit_duty(call, CMD_SIGN_ON, &body);
}

void handle_operator_sign_off(struct call *call)
{
	struct body_duty body;
	BODY_OR_RETURN(sign_off, body, 1)
	submit_duty(call, CMD_SIGN_OFF, &body);
}

void handle_operator_handover(struct call *call)
{
	struct body_duty body;
	BODY_OR_RETURN(sign_off, body, 1)
	submit_duty(call, CMD_HANDOVER_ACCEPT, &body);
}

static const struct core_vehicle *vehicle_of(struct call *call)
{
	char *end = NULL;
	unsigned long number = strtoul(call->params[0], &end, 10);
	const struct core_vehicle *vehicle = end == call->params[0] || *end || number == 0 || number >= NONE
						     ? NULL
						     : core_vehicle(http_core(call->http), (uint32_t)number);
	if (!vehicle)
		reply_error(call, "vehicle_unknown", NULL);
	return vehicle;
}

void handle_operator_release(struct call *call)
{
	struct body_order body;
	const struct core_vehicle *vehicle = vehicle_of(call);
	if (!vehicle)
		return;
	BODY_OR_RETURN(release, body, 1)
	struct command command = {.kind = CMD_VEHICLE_RELEASE};
	command.vehicle_release.vehicle = vehicle->number;
	command.vehicle_release.until = body.until;
	memcpy(command.vehicle_release.by, body.by, sizeof body.by);
	memcpy(command.vehicle_release.approval, body.approval, sizeof body.approval);
	call_submit(call, &command, NULL, finish_plain);
}

void handle_operator_shift(struct call *call)
{
	struct body_shift body;
	const struct core_vehicle *vehicle = vehicle_of(call);
	if (!vehicle)
		return;
	BODY_OR_RETURN(shift, body, 1)
	struct command command = {.kind = CMD_VEHICLE_SHIFT};
	command.vehicle_shift.vehicle = vehicle->number;
	command.vehicle_shift.from = body.from;
	command.vehicle_shift.to = body.to;
	memcpy(command.vehicle_shift.by, body.by, sizeof body.by);
	memcpy(command.vehicle_shift.reason, body.reason, sizeof body.reason);
	call_submit(call, &command, NULL, finish_plain);
}

static uint64_t new_order(struct http *http)
{
	uint64_t id = 0;
	while (id == 0)
		id = http->host.random(http->host.self);
	return id;
}

static void fill_order(struct http *http, struct cmd_vehicle_order *order, uint32_t vehicle, uint8_t kind,
		       const struct body_order *body)
{
	order->vehicle = vehicle;
	order->order = new_order(http);
	order->kind = kind;
	order->seen_version = (uint64_t)body->seen_epoch << 32 | body->seen_version;
	memcpy(order->by, body->by, sizeof body->by);
	memcpy(order->reason, body->reason, sizeof body->reason);
}

void handle_operator_order(struct call *call)
{
	static const struct {
		const char *name;
		uint8_t kind;
	} orders[] = {
		{"hold", WIRE_HOLD},
		{"resume", WIRE_RESUME},
		{"out-of-service", WIRE_OUT_OF_SERVICE},
		{"into-service", WIRE_INTO_SERVICE},
	};
	uint8_t kind = 0;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		if (strcmp(orders[i].name, call->params[1]) == 0)
			kind = orders[i].kind;
	}
	if (!kind) {
		reply_error(call, "not_found", NULL);
		return;
	}
	struct body_order body;
	const struct core_vehicle *vehicle = vehicle_of(call);
	if (!vehicle)
		return;
	BODY_OR_RETURN(order, body, 1)
	struct command command = {.kind = CMD_VEHICLE_ORDER};
	fill_order(call->http, &command.vehicle_order, vehicle->number, kind, &body);
	call_submit(call, &command, NULL, finish_plain);
}

static void standstill_now(struct http *http, const struct cmd_vehicle_order *order)
{
	struct wire_order wire = {.id = order->order, .kind = WIRE_STANDSTILL};
	memcpy(wire.by, order->by, sizeof wire.by);
	memcpy(wire.reason, order->reason, sizeof wire.reason);
	http->host.standstill(http->host.self, order->vehicle, &wire);
}

/* Safety first: the order is on its way before the key, the body or the journal are looked at any closer than needed.
 */
void handle_operator_standstill(struct call *call)
{
	struct body_order body = {0};
	struct json_error error;
	uint32_t number = 0;
	if (strstr(call->path, "/vehicles/")) {
		const struct core_vehicle *vehicle = vehicle_of(call);
		if (!vehicle)
			return;
		number = vehicle->number;
	}
	if (http_json_standstill(call->body, call->body_n, &body, &error))
		body = (struct body_order){.reason = "standstill (order text unreadable)"};
	if (!body.by[0])
		snprintf(body.by, sizeof body.by, "operator");
	struct command command = {.kind = CMD_VEHICLE_ORDER};
	fill_order(call->http, &command.vehicle_order, number, WIRE_STANDSTILL, &body);
	command.vehicle_order.seen_version = 0;
	command.vehicle_order.already_sent = 1;
	standstill_now(call->http, &command.vehicle_order);
	call->already_sent = 1;
	call_key(call, 0);
	call_submit(call, &command, NULL, finish_plain);
}

void handle_operator_approval(struct call *call)
{
	struct body_approval body;
	BODY_OR_RETURN(approval, body, 1)
	struct command command = {.kind = CMD_APPROVAL};
	command.approval.vehicle = body.vehicle;
	command.approval.request = body.request;
	command.approval.granted = body.granted;
	memcpy(command.approval.by, body.by, sizeof body.by);
	memcpy(command.approval.reason, body.reason, sizeof body.reason);
	call_submit(call, &command, NULL, finish_plain);
}

/* What the core knows a case by: its ride, or its own number when it is about a vehicle alone. */
static int case_subject(struct call *call, uint64_t *ret_subject)
{
	const struct core *core = http_core(call->http);
	uint64_t number = 0;
	if (http_json_read_id(call->params[0], &number) == ERR_OK) {
		for (uint32_t i = 0; i < core_n_cases(core); i++) {
			const struct core_case *item = core_case_at(core, i);
			if (item->case_id != number)
				continue;
			*ret_subject = item->ride ? item->ride : item->case_id;
			return ERR_OK;
		}
	}
	reply_error(call, "case_unknown", NULL);
	return ERR_NOT_FOUND;
}

static void submit_case(struct call *call, uint16_t kind, uint64_t subject, const struct body_case *body)
{
	struct command command = {.kind = kind};
	command.case_.ride = subject;
	command.case_.outcome = body->outcome;
	memcpy(command.case_.who, body->who, sizeof body->who);
	memcpy(command.case_.note, body->note, sizeof body->note);
	call_submit(call, &command, NULL, finish_plain);
}

void handle_operator_case_own(struct call *call)
{
	struct body_case body;
	uint64_t subject;
	if (case_subject(call, &subject))
		return;
	BODY_OR_RETURN(case_own, body, 1)
	submit_case(call, CMD_CASE_OWN, subject, &body);
}

void handle_operator_case_close(struct call *call)
{
	struct body_case body;
	uint64_t subject;
	if (case_subject(call, &subject))
		return;
	BODY_OR_RETURN(case_close, body, 1)
	submit_case(call, CMD_CASE_CLOSE, subject, &body);
}

void handle_operator_pause(struct call *call)
{
	struct body_pause body;
	BODY_OR_RETURN(pause, body, 1)
	struct command command = {.kind = CMD_BOOKINGS_PAUSE};
	command.bookings_pause.paused = body.paused;
	memcpy(command.bookings_pause.by, body.by, sizeof body.by);
	memcpy(command.bookings_pause.reason, body.reason, sizeof body.reason);
	call_submit(call, &command, NULL, finish_plain);
}
