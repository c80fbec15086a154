/* One ride's story as the journal has it: what was asked and ordered, what came of it, who was told; and, for the
 * control room alone, how to reach the person. */
#include "http_server.h"
#include <stdio.h>
#include <string.h>

struct story {
	json_t *lines, *contact;
	enum language language;
	uint8_t state; /* the newest said: a ride's plan may change often, its state is said once */
};

static void set(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value ? value : json_null());
}

static json_t *text_or_null(const char *text)
{
	return text && text[0] ? json_string(text) : NULL;
}

/* kind says what kind of thing, what its stable name; text is for people. */
static void add(struct story *story, const struct host_story *line, const char *kind, const char *what,
		const char *text, const char *who)
{
	json_t *json = json_object();
	set(json, "record", json_integer((json_int_t)line->sequence));
	set(json, "at", http_json_instant(line->at));
	set(json, "kind", json_string(kind));
	set(json, "what", text_or_null(what));
	set(json, "text", text_or_null(text));
	set(json, "who", text_or_null(who));
	json_array_append_new(story->lines, json);
}

static const char *event_name(uint8_t kind)
{
	switch (kind) {
	case WIRE_ARRIVED:
		return "arrived";
	case WIRE_BOARDED:
		return "boarded";
	case WIRE_ALIGHTED:
		return "alighted";
	case WIRE_DEPARTED:
		return "departed";
	default:
		return NULL; /* the update says more of it */
	}
}

static void add_event(struct story *story, const struct host_story *line)
{
	char vehicle[16];
	const char *name = event_name(line->command->vehicle_event.event.kind);
	snprintf(vehicle, sizeof vehicle, "%u", line->command->vehicle_event.vehicle);
	if (name)
		add(story, line, "vehicle", name, NULL, vehicle);
}

static void add_command(struct story *story, const struct host_story *line)
{
	const struct command *command = line->command;
	char number[16];
	switch (command->kind) {
	case CMD_ACCEPT:
		snprintf(number, sizeof number, "%u", command->accept.offer + 1u);
		add(story, line, "order", "accept", number, NULL);
		break;
	case CMD_CANCEL:
		add(story, line, "order", "cancel", command->cancel.reason,
		    command->cancel.by == CANCEL_OPERATOR ? "operator" : "rider");
		break;
	case CMD_COMING:
	case CMD_NO_SHOW_UNDO:
		add(story, line, "order", core_command_name(command->kind), NULL, command->ride.who);
		break;
	case CMD_CASE_OWN:
	case CMD_CASE_CLOSE:
		add(story, line, "order", core_command_name(command->kind), command->case_.note, command->case_.who);
		break;
	case CMD_VEHICLE_EVENT:
		add_event(story, line);
		break;
	default: /* request, board_evidence */
		add(story, line, "order", core_command_name(command->kind), NULL, NULL);
	}
}

static void add_ride(struct story *story, const struct host_story *line)
{
	const struct upd_ride *ride = &line->update->ride;
	const char *state = core_ride_state_name(ride->state), *why = NULL;
	char vehicle[16] = "";
	if (ride->state == story->state)
		return;
	story->state = ride->state;
	if (ride->refusal)
		why = http_words(story->language, "refusal", core_refusal_name(ride->refusal));
	else if (ride->cause)
		why = http_words(story->language, "cause", core_cause_name(ride->cause));
	if (ride->vehicle)
		snprintf(vehicle, sizeof vehicle, "%u", ride->vehicle);
	add(story, line, "state", state, why, vehicle);
}

static void add_update(struct story *story, const struct host_story *line)
{
	static const char *const told[] = {"queued", "sent", "acknowledged", "failed"};
	const struct update *update = line->update;
	const char *name;
	switch (update->kind) {
	case UPD_RIDE:
		add_ride(story, line);
		break;
	case UPD_NOTICE:
		name = core_notice_name(update->notice.kind);
		add(story, line, "notice", told[update->notice.state < COUNT_OF(told) ? update->notice.state : 0],
		    http_words(story->language, "notice", name), NULL);
		break;
	case UPD_CASE:
		add(story, line, "case", core_case_name(update->case_.kind), NULL, update->case_.owner);
		break;
	default: /* UPD_OUTCOME */
		add(story, line, "promise", update->outcome.kept ? "kept" : "broken",
		    update->outcome.cause ? http_words(story->language, "cause", core_cause_name(update->outcome.cause))
					  : NULL,
		    NULL);
	}
}

static void each_line(void *arg, const struct host_story *line)
{
	struct story *story = arg;
	if (line->command)
		add_command(story, line);
	else if (line->update)
		add_update(story, line);
	else if (line->identity_json) {
		json_decref(story->contact);
		story->contact = json_loads(line->identity_json, JSON_REJECT_DUPLICATES, NULL);
	}
}

static json_t *contact_view(const json_t *identity)
{
	static const char *const names[] = {"name", "contact", "note"};
	json_t *json = json_object();
	if (!json_is_object(identity)) {
		json_decref(json);
		return NULL;
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		set(json, names[i], text_or_null(json_string_value(json_object_get(identity, names[i]))));
	return json;
}

void handle_operator_story(struct call *call)
{
	struct host *host = &call->http->host;
	const struct core_ride *ride = rider_ride(call);
	if (!ride)
		return;
	struct story story = {.lines = json_array(), .language = call->language};
	int code =
		host->story ? host->story(host->self, ride->ride, ride->asked_at, each_line, &story) : ERR_UNAVAILABLE;
	if (code && code != ERR_FULL) {
		json_decref(story.lines);
		json_decref(story.contact);
		reply_code(call, ERR_UNAVAILABLE, "ride_unknown");
		return;
	}
	json_t *json = json_object();
	set(json, "now", http_json_instant(host->now(host->self)));
	set(json, "whole", json_boolean(code == ERR_OK));
	set(json, "contact", contact_view(story.contact));
	set(json, "lines", story.lines);
	json_decref(story.contact);
	reply_json(call, 200, json);
}
