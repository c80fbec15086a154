/* Riders (and operators for callers): ask, accept, follow, cancel, "I am coming", board. */
#include "http_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct upd_result *result_of(const struct update *updates, uint32_t n)
{
	return n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
}

/* The ride as it stands after the order, with the receipt. */
static void finish_ride(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence,
			const uint8_t *hash)
{
	const struct upd_result *result = result_of(updates, n);
	if (!result) {
		reply_error(call, "internal", NULL);
		return;
	}
	uint64_t number = result->ride ? result->ride : call->ride;
	const struct core_ride *ride = core_ride(http_core(call->http), number);
	int is_request = call->command_kind == CMD_REQUEST;
	if (result->code && !(is_request && result->refusal) && result->code != ERR_GONE) {
		reply_code(call, result->code, "ride_unknown");
		return;
	}
	if (!ride && !is_request) {
		reply_error(call, "ride_unknown", NULL);
		return;
	}
	json_t *json = view_result(call->http, ride, result, call->language, call->is_operator, sequence, hash);
	if (result->code == ERR_GONE) { /* with fresh offers, if there are any */
		json_object_set_new(json, "error", reply_error_json(call->language, "gone", "offer"));
		reply_json(call, 410, json);
	} else
		reply_json(call, is_request && ride && ride->state == RIDE_OFFERED ? 201 : 200, json);
}

/* ---- asking ---- */
static int place_of(struct call *call, const struct body_place *body, const char *field, struct place *ret_place)
{
	const struct town *town = http_town(call->http);
	struct geo_point point = body->point;
	if (body->stop != NONE && body->stop >= town->n_stops) {
		reply_error(call, "stop_unknown", field);
		return ERR_NOT_FOUND;
	}
	if (body->stop != NONE)
		point = town->stop_point[body->stop];
	struct place place = {0};
	if (call->http->host.place(call->http->host.self, point, &place)) {
		reply_error(call, "outside_map", field);
		return ERR_RANGE;
	}
	place.stop = body->stop;
	*ret_place = place;
	return ERR_OK;
}

/* Nothing said means one person on a seat; saying only "wheelchair" means that person alone. */
static int needs_of(struct call *call, const struct body_request *body, struct cmd_request *request)
{
	const struct town *town = http_town(call->http);
	int persons = 0;
	for (uint32_t i = 0; i < body->n_needs; i++) {
		uint32_t need = town_need(town, body->needs[i].name);
		if (need >= COMMAND_NEEDS_MAX) {
			reply_error(call, "need_unknown", body->needs[i].name);
			return ERR_NOT_FOUND;
		}
		request->need_count[need] = body->needs[i].count;
		persons |= need == 0 || town->need_flags[need] & NEED_IS_PERSON;
	}
	if (body->n_needs == 0)
		request->need_count[0] = 1;
	else if (!persons) {
		reply_error(call, "nobody", "needs");
		return ERR_RANGE;
	}
	return ERR_OK;
}

static char *identity_of(const struct body_request *body)
{
	if (!body->name[0] && !body->contact[0] && !body->note[0])
		return NULL;
	json_t *json = json_object();
	if (body->name[0])
		json_object_set_new(json, "name", json_string(body->name));
	if (body->contact[0])
		json_object_set_new(json, "contact", json_string(body->contact));
	if (body->note[0])
		json_object_set_new(json, "note", json_string(body->note));
	char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(json);
	return text;
}

/* One open request per client: the page's own random name, else the address. The operators' desk has no limit. */
static uint64_t client_of(const struct call *call, const char *name)
{
	if (call->is_operator)
		return 0;
	char *address = NULL;
	uint16_t port;
	if (!name || !name[0]) {
		struct evhttp_connection *connection = evhttp_request_get_connection(call->request);
		if (connection)
			evhttp_connection_get_peer(connection, &address, &port);
		name = address ? address : "nobody";
	}
	return http_secret_client(&call->http->secret, name);
}

static uint64_t new_number(struct http *http)
{
	uint64_t number = 0;
	while (number == 0)
		number = http->host.random(http->host.self);
	return number;
}

static int fill_request(struct call *call, const struct body_request *body, const char *client,
			struct cmd_request *request)
{
	const struct town *town = http_town(call->http);
	if (place_of(call, &body->from, "from", &request->from) || place_of(call, &body->to, "to", &request->to) ||
	    needs_of(call, body, request))
		return ERR_RANGE;
	request->ride = new_number(call->http);
	request->client = client_of(call, client);
	request->time_kind = body->time_kind;
	request->time = body->at == INSTANT_NONE ? 0 : body->at;
	request->walk_max_mm = body->walk_max_m < 0 ? town->rules.walk_max_mm : (uint32_t)body->walk_max_m * 1000;
	request->tie_kind = body->connection.tie_kind;
	request->tie = body->connection.key;
	return ERR_OK;
}

void rider_request(struct call *call, const struct body_request *body, const char *client, call_finish *finish)
{
	struct command *command = calloc(1, sizeof *command);
	if (!command) {
		reply_error(call, "full", NULL);
	} else if (fill_request(call, body, client, &command->request) == ERR_OK) {
		char *identity = identity_of(body);
		command->kind = CMD_REQUEST;
		call_submit(call, command, identity, finish);
		free(identity);
	}
	free(command);
}

void handle_request(struct call *call)
{
	struct body_request body;
	struct json_error error;
	if (call_key(call, 1))
		return;
	if (http_json_request(call->body, call->body_n, &body, &error))
		reply_fault(call, &error);
	else
		rider_request(call, &body, reply_header(call, "Zubringer-Client"), finish_ride);
}

/* ---- one ride ---- */
/* Riders name it by its secret link, operators by its number. */
const struct core_ride *rider_ride(struct call *call)
{
	uint64_t number = 0;
	int code = call->is_operator ? http_json_read_id(call->params[0], &number)
				     : http_secret_ride(&call->http->secret, call->params[0], &number);
	const struct core_ride *ride = code ? NULL : core_ride(http_core(call->http), number);
	if (!ride)
		reply_error(call, "ride_unknown", NULL);
	else
		call->ride = ride->ride;
	return ride;
}

void handle_ride(struct call *call)
{
	const struct core_ride *ride = rider_ride(call);
	if (!ride)
		return;
	json_t *json = json_object();
	uint64_t number = ride->ride;
	json_object_set_new(json, "ride", view_ride(call->http, ride, call->language, 0));
	json_object_set_new(json, "now", http_json_instant(call->http->host.now(call->http->host.self)));
	struct http *http = call->http;
	reply_json(call, 200, json);
	notices_shown(http, number);
}

void handle_ride_stream(struct call *call)
{
	const struct core_ride *ride = rider_ride(call);
	if (ride)
		stream_open(call, STREAM_RIDE, ride->ride);
}

void rider_accept(struct call *call, uint8_t offer, call_finish *finish)
{
	struct command command = {.kind = CMD_ACCEPT};
	command.accept.ride = call->ride;
	command.accept.offer = offer;
	command.accept.boarding_code = (uint16_t)(call->http->host.random(call->http->host.self) % 10000);
	call_submit(call, &command, NULL, finish);
}

void handle_accept(struct call *call)
{
	struct body_accept body;
	struct json_error error;
	if (!rider_ride(call) || call_key(call, 1))
		return;
	if (http_json_accept(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	rider_accept(call, body.offer, finish_ride);
}

void rider_cancel(struct call *call, const char *reason, call_finish *finish)
{
	struct command command = {.kind = CMD_CANCEL};
	command.cancel.ride = call->ride;
	command.cancel.by = call->is_operator ? CANCEL_OPERATOR : CANCEL_RIDER;
	snprintf(command.cancel.reason, sizeof command.cancel.reason, "%s", reason);
	call_submit(call, &command, NULL, finish);
}

void handle_cancel(struct call *call)
{
	struct body_cancel body;
	struct json_error error;
	if (!rider_ride(call) || call_key(call, 1))
		return;
	if (http_json_cancel(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	rider_cancel(call, body.reason, finish_ride);
}

/* "I am coming", and for operators also "that was no no-show". */
void handle_coming(struct call *call)
{
	struct body_order body = {0};
	struct json_error error;
	if (!rider_ride(call) || call_key(call, 1))
		return;
	int code = call->is_operator ? http_json_standstill(call->body, call->body_n, &body, &error)
				     : http_json_empty(call->body, call->body_n, &error);
	if (code) {
		reply_fault(call, &error);
		return;
	}
	struct command command = {.kind = strstr(call->path, "/undo-no-show") ? CMD_NO_SHOW_UNDO : CMD_COMING};
	command.ride.ride = call->ride;
	snprintf(command.ride.who, sizeof command.ride.who, "%s", call->is_operator ? body.by : "rider");
	call_submit(call, &command, NULL, finish_ride);
}

void rider_board(struct call *call, uint16_t code, call_finish *finish)
{
	struct command command = {.kind = CMD_BOARD_EVIDENCE};
	command.board_evidence.ride = call->ride;
	command.board_evidence.evidence = call->is_operator ? WIRE_EVIDENCE_OPERATOR : WIRE_EVIDENCE_APP;
	command.board_evidence.code = code;
	call_submit(call, &command, NULL, finish);
}

void handle_board(struct call *call)
{
	struct body_board body;
	struct json_error error;
	const struct core_ride *ride = rider_ride(call);
	if (!ride || call_key(call, 1))
		return;
	if (http_json_board(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	if (body.code < 0 && !call->is_operator) {
		reply_error(call, "missing", "code");
		return;
	}
	rider_board(call, body.code < 0 ? ride->boarding_code : (uint16_t)body.code, finish_ride);
}

/* The rider has read a notice. */
void handle_notice(struct call *call)
{
	struct body_notice body;
	struct json_error error;
	uint64_t number = 0;
	const struct core *core = http_core(call->http);
	if (!rider_ride(call) || call_key(call, 1))
		return;
	if (http_json_notice(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	int known = 0;
	if (http_json_read_id(call->params[1], &number) == ERR_OK) {
		for (uint32_t i = 0; i < core_n_notices(core); i++)
			known |= core_notice_at(core, i)->notice == number &&
				 core_notice_at(core, i)->ride == call->ride;
	}
	if (!known) {
		reply_error(call, "notice_unknown", NULL);
		return;
	}
	struct command command = {.kind = CMD_NOTICE_STATE};
	command.notice_state.notice = number;
	command.notice_state.state = body.state;
	call_submit(call, &command, NULL, finish_ride);
}
