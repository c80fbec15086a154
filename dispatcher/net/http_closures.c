/* Streets that are closed or slow for a while, and conditions of the town (snow): listed, set, lifted by a person, with
 * a reason. Behind the token. */
#include "http_server.h"
#include <stdlib.h>
#include <string.h>

static void set(json_t *json, const char *key, json_t *value)
{
	json_object_set_new(json, key, value);
}

static json_t *street(const struct town *town, uint32_t arc)
{
	const struct network *road = &town->road;
	json_t *json = json_object(), *line = json_array();
	for (uint32_t i = road->shape_first[arc]; i < road->shape_first[arc + 1]; i++)
		json_array_append_new(line,
				      json_pack("{s:o, s:o}", "lat", http_json_degrees(road->shape_point[i].lat_e7),
						"lon", http_json_degrees(road->shape_point[i].lon_e7)));
	set(json, "name", json_string(town_text(town, road->name[arc])));
	set(json, "line", line);
	return json;
}

static json_t *view(const struct town *town, const struct core_closure *closure)
{
	json_t *json = json_object(), *streets = json_array();
	for (uint32_t i = 0; i < closure->n; i++)
		json_array_append_new(streets, street(town, closure->arcs[i]));
	set(json, "closure", http_json_id(closure->closure));
	set(json, "slow_percent", json_integer(closure->slow_permille / 10));
	set(json, "made_at", http_json_instant(closure->made_at));
	set(json, "until", closure->until ? http_json_instant(closure->until) : json_null());
	set(json, "by", json_string(closure->by));
	set(json, "reason", json_string(closure->reason));
	set(json, "streets", streets);
	return json;
}

/* What vehicles found, of streets alone: nothing says which vehicle, or when. */
static json_t *found(const struct core *core)
{
	const struct core_speeds *speeds = core_speeds(core);
	json_t *list = json_array();
	for (uint32_t i = 0; i < speeds->n; i++) {
		json_t *json = street(core_town(core), speeds->arcs[i]);
		set(json, "slow_percent", json_integer(speeds->slow_permille[i] / 10));
		json_array_append_new(list, json);
	}
	return list;
}

void handle_operator_closures(struct call *call)
{
	const struct core *core = http_core(call->http);
	json_t *list = json_array();
	for (uint32_t i = 0; i < core_n_closures(core); i++)
		json_array_append_new(list, view(core_town(core), core_closure_at(core, i)));
	reply_json(call, 200, json_pack("{s:o, s:o}", "closures", list, "found", found(core)));
}

/* The street nearest to each point; both directions unless only that one was meant. */
static int find_arcs(struct call *call, const struct body_closure *body, struct cmd_closure *closure)
{
	const struct network *road = &core_town(http_core(call->http))->road;
	for (uint32_t i = 0; i < body->n_points; i++) {
		uint32_t arc;
		if (call->http->host.street(call->http->host.self, body->points[i], &arc)) {
			reply_error(call, "outside_map", NULL);
			return ERR_RANGE;
		}
		uint32_t both[2] = {arc, body->one_direction ? NONE : road->reverse_arc[arc]};
		for (uint32_t k = 0; k < 2; k++)
			if (both[k] != NONE && closure->n < COMMAND_ARCS_MAX)
				closure->arcs[closure->n++] = both[k];
	}
	return ERR_OK;
}

static void finish(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence, const uint8_t *hash)
{
	(void)sequence;
	(void)hash;
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	if (!result || result->code) {
		reply_code(call, result ? result->code : ERR_UNAVAILABLE, "closure_unknown");
		return;
	}
	handle_operator_closures(call);
}

void handle_operator_closure_set(struct call *call)
{
	struct body_closure body;
	struct json_error error;
	struct command command = {.kind = CMD_CLOSURE};
	struct http *http = call->http;
	if (call_key(call, 1))
		return;
	if (http_json_closure(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	if (find_arcs(call, &body, &command.closure))
		return;
	while (!command.closure.closure)
		command.closure.closure = http->host.random(http->host.self);
	command.closure.slow_permille = body.slow_percent * 10;
	command.closure.until = body.until == INSTANT_NONE ? 0 : body.until;
	memcpy(command.closure.by, body.by, sizeof body.by);
	memcpy(command.closure.reason, body.reason, sizeof body.reason);
	call_submit(call, &command, NULL, finish);
}

void handle_operator_closure_lift(struct call *call)
{
	struct body_cancel body;
	struct json_error error;
	struct command command = {.kind = CMD_CLOSURE, .closure = {.lifted = 1}};
	if (call_key(call, 1))
		return;
	if (http_json_read_id(call->params[0], &command.closure.closure)) {
		reply_error(call, "closure_unknown", NULL);
		return;
	}
	if (http_json_cancel(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	memcpy(command.closure.reason, body.reason, sizeof body.reason);
	call_submit(call, &command, NULL, finish);
}

/* --- conditions ----------------------------------------------------------------------------------------------------
 */

void handle_operator_conditions(struct call *call)
{
	const struct core *core = http_core(call->http);
	const struct town *town = core_town(core);
	uint32_t conditions = town_conditions(town), on = core_conditions(core);
	json_t *list = json_array();
	for (uint32_t i = 0; i < town->n_profiles; i++)
		if (conditions >> i & 1)
			json_array_append_new(list,
					      json_pack("{s:s, s:b}", "name", town_text(town, town->profile_name[i]),
							"on", (int)(on >> i & 1)));
	reply_json(call, 200, json_pack("{s:o}", "conditions", list));
}

static void condition_finish(struct call *call, const struct update *updates, uint32_t n, uint64_t sequence,
			     const uint8_t *hash)
{
	(void)sequence;
	(void)hash;
	const struct upd_result *result = n && updates[n - 1].kind == UPD_RESULT ? &updates[n - 1].result : NULL;
	if (!result || result->code)
		reply_code(call, result ? result->code : ERR_UNAVAILABLE, "condition_unknown");
	else
		handle_operator_conditions(call);
}

void handle_operator_condition_set(struct call *call)
{
	struct body_condition body;
	struct json_error error;
	struct command command = {.kind = CMD_CONDITION};
	if (call_key(call, 1))
		return;
	if (http_json_condition(call->body, call->body_n, &body, &error)) {
		reply_fault(call, &error);
		return;
	}
	command.condition.on = body.on;
	memcpy(command.condition.name, body.name, sizeof body.name);
	memcpy(command.condition.by, body.by, sizeof body.by);
	memcpy(command.condition.reason, body.reason, sizeof body.reason);
	call_submit(call, &command, NULL, condition_finish);
}
