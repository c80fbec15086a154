/* Orders on their way: submitted to the host, answered after the commit. The client may be gone by then: evhttp has
 * then let go of the request (its connection is NULL) and frees it when we answer, so answering is always right and
 * never writes to nobody. */
#include "http_server.h"
#include <stdlib.h>
#include <string.h>

static void call_free(struct call *call)
{
	struct http *http = call->http;
	if (http) {
		if (call->previous)
			call->previous->next = call->next;
		else
			http->calls = call->next;
		if (call->next)
			call->next->previous = call->previous;
	}
	free(call->kept);
	free(call);
}

static struct call *call_keep(const struct call *call)
{
	struct call *kept = calloc(1, sizeof *kept);
	if (!kept)
		return NULL;
	*kept = *call;
	memset(&kept->query, 0, sizeof kept->query);
	kept->body = NULL;
	kept->previous = NULL;
	kept->next = call->http->calls;
	if (kept->next)
		kept->next->previous = kept;
	call->http->calls = kept;
	return kept;
}

static const char *not_found_of(const struct call *call)
{
	switch (call->command_kind) {
	case CMD_VEHICLE_RELEASE:
	case CMD_VEHICLE_ORDER:
	case CMD_VEHICLE_SHIFT:
	case CMD_APPROVAL:
		return "vehicle_unknown";
	case CMD_CASE_OWN:
	case CMD_CASE_CLOSE:
		return "case_unknown";
	case CMD_NOTICE_STATE:
		return "notice_unknown";
	case CMD_CLOSURE:
		return "closure_unknown";
	case CMD_CONDITION:
		return "condition_unknown";
	default:
		return "ride_unknown";
	}
}

/* What is out already is never called failed: it is only not in the journal yet. */
static void reply_failed(struct call *call, int code)
{
	if (call->already_sent)
		reply_json(call, 202, json_pack("{s:b, s:b, s:n}", "done", 1, "repeated", 0, "receipt"));
	else
		reply_code(call, code, not_found_of(call));
}

static void on_reply(void *arg, int code, const struct update *updates, uint32_t n, uint64_t sequence,
		     const uint8_t hash[32])
{
	struct call *call = arg;
	if (!call->http || !call->request) { /* the server closed meanwhile */
		call_free(call);
		return;
	}
	if (!evhttp_request_get_connection(call->request))
		call->http->counts.gone++;
	if (code || n == 0)
		reply_failed(call, code ? code : ERR_UNAVAILABLE);
	else
		call->finish(call, updates, n, sequence, hash);
	call_free(call);
}

void call_submit(struct call *call, struct command *command, const char *identity_json, call_finish *finish)
{
	struct http *http = call->http;
	command->key = call->key;
	call->finish = finish;
	call->command_kind = (uint8_t)command->kind;
	struct call *kept = call_keep(call);
	if (!kept) {
		free(call->kept);
		reply_error(call, "full", NULL);
		return;
	}
	http->counts.commands++;
	int code = http->host.submit(http->host.self, command, identity_json, on_reply, kept);
	if (code) {
		reply_failed(kept, code);
		call_free(kept);
	}
	call->request = NULL; /* kept's now */
}

static void on_reply_alone(void *arg, int code, const struct update *updates, uint32_t n, uint64_t sequence,
			   const uint8_t hash[32])
{
	(void)arg, (void)code, (void)updates, (void)n, (void)sequence, (void)hash;
}

void call_submit_alone(struct http *http, struct command *command)
{
	http->host.submit(http->host.self, command, NULL, on_reply_alone, NULL);
}

/* Whose repeated order it is: the same key of another client, ride or person is another order. */
int call_key(struct call *call, int required)
{
	const char *key = reply_header(call, "Idempotency-Key");
	size_t n = key ? strlen(key) : 0;
	int printable = 1;
	for (size_t i = 0; i < n; i++)
		printable &= key[i] > 0x20 && key[i] < 0x7f;
	if (n < 8 || n > 128 || !printable) {
		if (!required)
			return ERR_OK;
		reply_error(call, "idempotency_key", "Idempotency-Key");
		return ERR_FORMAT;
	}
	const char *client = reply_header(call, "Zubringer-Client");
	call->key = http_secret_key(&call->http->secret,
				    call->is_operator ? "operator"
				    : client	      ? client
						      : "",
				    call->path, key);
	return ERR_OK;
}

void calls_close(struct http *http)
{
	while (http->calls) {
		struct call *call = http->calls;
		http->calls = call->next;
		if (http->calls)
			http->calls->previous = NULL;
		reply_error(call, "unavailable", NULL);
		call->http = NULL; /* the host may still answer: then only the memory is given back */
		call->previous = call->next = NULL;
	}
}
