/* Server-sent events: a ride to its rider, positions to everybody, everything that moves to the control room. A reader
 * that does not read is dropped when its output buffer grows past the limit: it reconnects and gets the whole state
 * again. */
#include "http_server.h"
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#define HEARTBEAT_TICKS 15

struct http_stream {
	struct http *http;
	struct evhttp_request *request;
	enum stream_kind kind;
	enum language language;
	uint64_t ride;
	uint32_t ticks;
	struct http_stream *previous, *next;
};

static void stream_unlink(struct http_stream *stream)
{
	struct http *http = stream->http;
	if (stream->previous)
		stream->previous->next = stream->next;
	else
		http->streams = stream->next;
	if (stream->next)
		stream->next->previous = stream->previous;
	http->n_streams--;
	free(stream);
}

/* The connection is going down. When evhttp has let go of the request before, it is ours to free. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
	(void)connection;
	struct http_stream *stream = arg;
	struct evhttp_request *request = stream->request;
	stream_unlink(stream);
	if (!evhttp_request_get_connection(request))
		evhttp_request_free(request);
}

static void stream_drop(struct http_stream *stream)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(stream->request);
	stream->http->counts.streams_dropped++;
	evhttp_connection_free(connection); /* calls on_close */
}

static size_t waiting(const struct http_stream *stream)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(stream->request);
	return evbuffer_get_length(bufferevent_get_output(evhttp_connection_get_bufferevent(connection)));
}

/* 1: the stream was dropped and is gone. */
static int send_text(struct http_stream *stream, const char *event, const char *text)
{
	if (waiting(stream) + strlen(text) > stream->http->settings.stream_buffer_max) {
		stream_drop(stream);
		return 1;
	}
	struct evbuffer *out = evbuffer_new();
	if (!out)
		return 0;
	evbuffer_add_printf(out, "event: %s\ndata: %s\n\n", event, text);
	evhttp_send_reply_chunk(stream->request, out);
	evbuffer_free(out);
	stream->ticks = 0;
	return 0;
}

static char *dump(json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(10));
	json_decref(json);
	return text;
}

static int send_json(struct http_stream *stream, const char *event, json_t *json)
{
	char *text = dump(json);
	int gone = text ? send_text(stream, event, text) : 0;
	free(text);
	return gone;
}

static json_t *ride_event(const struct http_stream *stream)
{
	const struct core_ride *ride = core_ride(http_core(stream->http), stream->ride);
	json_t *json = json_object();
	json_object_set_new(json, "now", http_json_instant(stream->http->host.now(stream->http->host.self)));
	json_object_set_new(json, "ride", ride ? view_ride(stream->http, ride, stream->language, 0) : json_null());
	return json;
}

static json_t *fleet_event(struct http *http)
{
	const struct core *core = http_core(http);
	json_t *list = json_array(), *json = json_object();
	for (uint32_t i = 0; i < core_n_vehicles(core); i++)
		json_array_append_new(list, view_vehicle(http, core_vehicle_at(core, i)));
	json_object_set_new(json, "now", http_json_instant(http->host.now(http->host.self)));
	json_object_set_new(json, "vehicles", list);
	return json;
}

static struct http_stream *stream_new(struct call *call, enum stream_kind kind, uint64_t ride)
{
	struct http *http = call->http;
	struct http_stream *stream = calloc(1, sizeof *stream);
	if (!stream)
		return NULL;
	*stream = (struct http_stream){
		.http = http, .request = call->request, .kind = kind, .language = call->language, .ride = ride};
	stream->next = http->streams;
	if (stream->next)
		stream->next->previous = stream;
	http->streams = stream;
	http->n_streams++;
	http->counts.streams_opened++;
	return stream;
}

void stream_open(struct call *call, enum stream_kind kind, uint64_t ride)
{
	struct http *http = call->http;
	struct evhttp_connection *connection = evhttp_request_get_connection(call->request);
	/* half of the connections stay free for orders */
	struct http_stream *stream = http->n_streams < http->settings.connections_max / 2 && connection
					     ? stream_new(call, kind, ride)
					     : NULL;
	if (!stream) {
		reply_error(call, "streams_full", NULL);
		return;
	}
	reply_headers(call, "text/event-stream; charset=utf-8", "no-store");
	evhttp_add_header(evhttp_request_get_output_headers(call->request), "X-Accel-Buffering", "no");
	evhttp_connection_set_closecb(connection, on_close, stream);
	evhttp_send_reply_start(call->request, 200, "OK");
	call->request = NULL;
	if (kind == STREAM_RIDE) {
		if (!send_json(stream, "ride", ride_event(stream)))
			notices_shown(http, ride);
	} else
		send_json(stream, kind == STREAM_FLEET ? "positions" : "fleet",
			  kind == STREAM_FLEET ? view_positions(http) : fleet_event(http));
}

/* ---- what happens ---- */
static uint64_t ride_of(const struct update *update)
{
	switch (update->kind) {
	case UPD_RIDE:
		return update->ride.ride;
	case UPD_NOTICE:
		return update->notice.ride;
	case UPD_OUTCOME:
		return update->outcome.ride;
	default:
		return 0;
	}
}

/* The control room hears what changed, and asks for lists where it needs more. */
static json_t *operator_event(struct http *http, const struct update *update, const char **ret_event)
{
	const struct core *core = http_core(http);
	const struct core_ride *ride = ride_of(update) ? core_ride(core, ride_of(update)) : NULL;
	switch (update->kind) {
	case UPD_RIDE:
		*ret_event = "ride";
		return ride ? view_ride_line(http, ride) : NULL;
	case UPD_CASE:
		*ret_event = "case";
		for (uint32_t i = 0; i < core_n_cases(core); i++) {
			if (core_case_at(core, i)->case_id == update->case_.case_id)
				return view_case(http, core_case_at(core, i), LANGUAGE_EN);
		}
		return NULL;
	case UPD_DUTY:
		*ret_event = "duty";
		return json_pack("{s:s, s:b, s:i}", "who", update->duty.who, "on", update->duty.on, "on_duty",
				 (int)update->duty.n_on_duty);
	case UPD_NOTICE:
		*ret_event = "notice";
		return json_pack("{s:o, s:o, s:s}", "notice", http_json_id(update->notice.notice), "ride",
				 http_json_id(update->notice.ride), "kind", core_notice_name(update->notice.kind));
	default:
		return NULL;
	}
}

void streams_update(struct http *http, const struct update *update)
{
	uint64_t ride = ride_of(update);
	const char *event = NULL;
	json_t *json = NULL;
	int shown = 0;
	for (struct http_stream *stream = http->streams, *next; stream; stream = next) {
		next = stream->next;
		if (stream->kind == STREAM_RIDE && ride && stream->ride == ride)
			shown |= !send_json(stream, "ride", ride_event(stream));
		if (stream->kind != STREAM_OPERATOR)
			continue;
		if (!json)
			json = operator_event(http, update, &event);
		if (json)
			send_json(stream, event, json_incref(json));
	}
	json_decref(json);
	if (shown && update->kind == UPD_NOTICE && update->notice.state == NOTICE_QUEUED)
		notices_shown(http, ride);
}

/* Moving things, once per second: the vehicle of a ride, all positions. Made once for all readers. */
static int tick_ride(struct http_stream *stream)
{
	const struct core_ride *ride = core_ride(http_core(stream->http), stream->ride);
	if (ride && ride->state >= RIDE_PROMISED && ride->state <= RIDE_ABOARD)
		return send_json(stream, "ride", ride_event(stream));
	return 0;
}

static void heartbeat(struct http_stream *stream)
{
	if (++stream->ticks < HEARTBEAT_TICKS)
		return;
	struct evbuffer *out = evbuffer_new();
	if (out) {
		evbuffer_add_printf(out, ": here\n\n");
		evhttp_send_reply_chunk(stream->request, out);
		evbuffer_free(out);
	}
	stream->ticks = 0;
}

void streams_tick(struct http *http)
{
	char *positions = NULL, *fleet = NULL;
	for (struct http_stream *stream = http->streams, *next; stream; stream = next) {
		int gone = 0;
		next = stream->next;
		if (stream->kind == STREAM_RIDE)
			gone = tick_ride(stream);
		else if (stream->kind == STREAM_FLEET) {
			positions = positions ? positions : dump(view_positions(http));
			gone = positions ? send_text(stream, "positions", positions) : 0;
		} else {
			fleet = fleet ? fleet : dump(fleet_event(http));
			gone = fleet ? send_text(stream, "fleet", fleet) : 0;
		}
		if (!gone)
			heartbeat(stream);
	}
	free(positions);
	free(fleet);
}

void streams_close(struct http *http)
{
	while (http->streams) {
		struct http_stream *stream = http->streams;
		struct evhttp_request *request = stream->request;
		evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
		stream_unlink(stream);
		evhttp_send_reply_end(request);
	}
}

void notices_shown(struct http *http, uint64_t ride)
{
	const struct core *core = http_core(http);
	uint64_t numbers[32];
	uint32_t n = 0;
	for (uint32_t i = 0; i < core_n_notices(core) && n < COUNT_OF(numbers); i++) {
		const struct core_notice *notice = core_notice_at(core, i);
		if (notice->ride == ride && notice->state == NOTICE_QUEUED)
			numbers[n++] = notice->notice;
	}
	for (uint32_t i = 0; i < n; i++) { /* the views move when the host steps at once: so gathered first */
		struct command command = {.kind = CMD_NOTICE_STATE};
		command.notice_state.notice = numbers[i];
		command.notice_state.state = NOTICE_SENT;
		call_submit_alone(http, &command);
	}
}

void handle_positions(struct call *call)
{
	reply_json(call, 200, view_positions(call->http));
}

void handle_fleet_stream(struct call *call)
{
	stream_open(call, STREAM_FLEET, 0);
}
