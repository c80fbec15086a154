/* Answers: JSON with kind errors, strict headers on everything. */
#include "http_server.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT_POLICY                                                                                           \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; " \
	"connect-src 'self'; "                                                                                   \
	"worker-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "        \
	"frame-ancestors 'none'"

static const struct {
	const char *code;
	int status;
} statuses[] = {
	{"not_found", 404},    {"method", 405},		{"not_json", 400},
	{"not_form", 403},     {"not_object", 400},	{"unknown_field", 400},
	{"missing", 400},      {"wrong_type", 400},	{"out_of_range", 400},
	{"too_long", 400},     {"bad_choice", 400},	{"idempotency_key", 400},
	{"token", 401},	       {"ride_unknown", 404},	{"vehicle_unknown", 404},
	{"case_unknown", 404}, {"notice_unknown", 404}, {"closure_unknown", 404},
	{"stop_unknown", 422}, {"need_unknown", 422},	{"nobody", 422},
	{"outside_map", 422},  {"time_missing", 400},	{"code_wrong", 403},
	{"conflict", 409},     {"gone", 410},		{"denied", 403},
	{"full", 503},	       {"stale", 409},		{"unavailable", 503},
	{"invalid", 422},      {"internal", 500},	{"streams_full", 503},
	{"tiles", 404},	       {"pages", 404},		{"condition_unknown", 404},
};

static int status_of(const char *code)
{
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		if (strcmp(statuses[i].code, code) == 0)
			return statuses[i].status;
	}
	return 500;
}

const char *reply_header(const struct call *call, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(call->request), name);
}

void reply_headers(struct call *call, const char *type, const char *cache)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Cache-Control", cache);
	if (!evhttp_find_header(headers, "Content-Security-Policy"))
		evhttp_add_header(headers, "Content-Security-Policy", CONTENT_POLICY);
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Referrer-Policy", "no-referrer"); /* ride links must not leak by the Referer */
	evhttp_add_header(headers, "Cross-Origin-Opener-Policy", "same-origin");
	evhttp_add_header(headers, "Cross-Origin-Resource-Policy", "same-origin");
	evhttp_add_header(headers, "Permissions-Policy", "geolocation=(self), camera=(), microphone=()");
}

void reply_policy(struct call *call, const char *policy)
{
	evhttp_add_header(evhttp_request_get_output_headers(call->request), "Content-Security-Policy", policy);
}

static const char *reason_of(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 201:
		return "Created";
	case 202:
		return "Accepted";
	case 303:
		return "See Other";
	case 304:
		return "Not Modified";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 409:
		return "Conflict";
	case 410:
		return "Gone";
	case 422:
		return "Unprocessable Content";
	case 503:
		return "Service Unavailable";
	default:
		return status < 500 ? "Bad Request" : "Internal Server Error";
	}
}

void reply_bytes(struct call *call, int status, const char *type, const char *cache, struct evbuffer *bytes)
{
	reply_headers(call, type, cache);
	if (status >= 500)
		call->http->counts.server_errors++;
	else if (status >= 400)
		call->http->counts.client_errors++;
	if (call->head && bytes) { /* evhttp would send the body all the same */
		char length[24];
		snprintf(length, sizeof length, "%zu", evbuffer_get_length(bytes));
		evhttp_add_header(evhttp_request_get_output_headers(call->request), "Content-Length", length);
		bytes = NULL;
	}
	evhttp_send_reply(call->request, status, reason_of(status), bytes);
	call->request = NULL;
}

static int append(const char *text, size_t n, void *buffer)
{
	return evbuffer_add(buffer, text, n);
}

void reply_json(struct call *call, int status, json_t *json)
{
	struct evbuffer *buffer = evbuffer_new();
	if (!buffer || !json || json_dump_callback(json, append, buffer, JSON_COMPACT | JSON_REAL_PRECISION(10)))
		status = 500;
	json_decref(json);
	struct evkeyvalq *headers = evhttp_request_get_output_headers(call->request);
	evhttp_add_header(headers, "Content-Language", http_words_code(call->language));
	evhttp_add_header(headers, "Vary", "Accept-Language");
	reply_bytes(call, status, "application/json; charset=utf-8", "no-store", buffer);
	if (buffer)
		evbuffer_free(buffer);
}

json_t *reply_error_json(enum language language, const char *code, const char *field)
{
	json_t *error = json_pack("{s:s, s:s}", "code", code, "message", http_words(language, "error", code));
	json_object_set_new(error, "field", field && field[0] ? json_string(field) : json_null());
	if (!json_object_get(error, "field")) /* a field name cut within a character */
		json_object_set_new(error, "field", json_null());
	return error;
}

void reply_error(struct call *call, const char *code, const char *field)
{
	if (call->plain) {
		plain_error(call, status_of(code), code);
		return;
	}
	if (strcmp(code, "token") == 0)
		evhttp_add_header(evhttp_request_get_output_headers(call->request), "WWW-Authenticate", "Bearer");
	json_t *json = json_object();
	json_object_set_new(json, "error", reply_error_json(call->language, code, field));
	reply_json(call, status_of(code), json);
}

void reply_fault(struct call *call, const struct json_error *error)
{
	static const char *const names[] = {"internal",	  "not_json",	  "not_object", "unknown_field", "missing",
					    "wrong_type", "out_of_range", "too_long",	"bad_choice"};
	reply_error(call, names[error->fault], error->field);
}

void reply_code(struct call *call, int err, const char *not_found)
{
	switch (err) {
	case ERR_NOT_FOUND:
		reply_error(call, not_found, NULL);
		return;
	case ERR_CONFLICT:
	case ERR_EXISTS:
		reply_error(call, "conflict", NULL);
		return;
	case ERR_GONE:
		reply_error(call, "gone", NULL);
		return;
	case ERR_DENIED:
		reply_error(call, "denied", NULL);
		return;
	case ERR_FULL:
		reply_error(call, "full", NULL);
		return;
	case ERR_STALE:
		reply_error(call, "stale", NULL);
		return;
	case ERR_RANGE:
	case ERR_FORMAT:
	case ERR_UNREACHABLE:
		reply_error(call, "invalid", NULL);
		return;
	case ERR_BUSY:
	case ERR_UNAVAILABLE:
	case ERR_DISK_FULL:
	case ERR_IO:
		reply_error(call, "unavailable", NULL);
		return;
	default:
		reply_error(call, "internal", NULL);
	}
}
