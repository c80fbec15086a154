#include "live.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "rider.h"
#include "trains.h"
#include "yaml.h"

#define STEP_WALL_MS 20
#define SILENCE_WALL_S 120
#define RETRY_WALL_MS 3000
#define TAIL_MINUTES \
	40 /* no new wishes this long before the end (at most a quarter of the time), so that rides can finish */
#define AFTER_END_MINUTES 90 /* whoever is promised or aboard at the end is still driven home */
#define LEAD_MINUTES 4	     /* the fleet is released and connected before the first wish */
#define SECRET_CHARS 96
#define ENDLESS_DAYS 14
#define ROUND_WALL_MS 1000 /* the desk looks around */

struct live;
struct passenger {
	struct live *live;
	struct rider rider;
	uint32_t index;
	char secret[SECRET_CHARS];
	uint8_t calling;      /* a request of this rider is under way */
	uint8_t following;    /* its stream is open */
	uint8_t taking_up;    /* asked in an earlier run; not heard of since */
	uint8_t has_receipt;  /* of the promise, written down */
	int64_t follow_after; /* wall, after a broken stream */
	uint64_t read_notice; /* the newest one acknowledged; their numbers rise */
	struct evhttp_connection *stream;
	struct evbuffer *lines;
};

struct live {
	const struct live_options *options;
	const struct town *town;
	struct event_base *base;
	struct event *step, *round, *signals[2];
	struct demand_options drawn; /* what the trips were drawn with */
	struct demand demand;
	struct passenger *passengers;
	FILE *memory;
	char token[160];
	instant_ms anchor, from, end;
	int64_t anchor_wall, heard_wall, started_wall;
	uint32_t speed_permille;
	int began, looking, result, trains_failed;
	uint64_t serial;
};

static int64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static instant_ms service_now(const struct live *live)
{
	return live->anchor + (wall_ms() - live->anchor_wall) * live->speed_permille / 1000;
}

static instant_ms instant_of(const json_t *value)
{
	int64_t at;
	char text[32];
	const char *given = json_string_value(value);
	if (!given || strlen(given) < 19)
		return INSTANT_NONE;
	snprintf(text, sizeof text, "%.19sZ", given); /* fractions do not matter to a rider */
	return yaml_parse(text, YAML_INSTANT, 0, INT64_MAX, &at, sizeof at, NULL) ? INSTANT_NONE : at;
}

static void format_instant(instant_ms at, char text[32])
{
	time_t seconds = (time_t)(at / SECOND_MS);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* ---- one HTTP call ---- */

typedef void on_reply(struct live *live, struct passenger *passenger, int status, json_t *json);
struct call {
	struct live *live;
	struct passenger *passenger;
	on_reply *reply;
	struct evhttp_connection *connection;
};

static void finish_call(struct evhttp_request *request, void *arg)
{
	struct call *call = arg;
	int status = request ? evhttp_request_get_response_code(request) : 0;
	json_t *json = NULL;
	if (status) {
		struct evbuffer *in = evhttp_request_get_input_buffer(request);
		size_t n = evbuffer_get_length(in);
		json = json_loadb((const char *)evbuffer_pullup(in, -1), n, 0, NULL);
		if (status == 200 || call->live->began) /* a dispatcher that holds from the beginning is none */
			call->live->heard_wall = wall_ms();
	}
	if (call->passenger)
		call->passenger->calling = 0;
	call->reply(call->live, call->passenger, status, json);
	json_decref(json);
	evhttp_connection_free_on_completion(call->connection);
	free(call);
}

static struct evhttp_connection *connect_to(struct live *live)
{
	struct evhttp_connection *connection =
		evhttp_connection_base_new(live->base, NULL, live->options->address, live->options->port);
	if (connection)
		evhttp_connection_set_timeout(connection, 20);
	return connection;
}

static void add_headers(struct live *live, struct evhttp_request *request, const struct passenger *passenger,
			const char *key)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	char text[160];
	evhttp_add_header(headers, "Host", "localhost");
	evhttp_add_header(headers, "Connection", "close");
	evhttp_add_header(headers, "Content-Type", "application/json");
	if (key)
		evhttp_add_header(headers, "Idempotency-Key", key);
	if (passenger) {
		snprintf(text, sizeof text, "simulated-rider-%" PRIu32 "-%" PRId64, passenger->index, live->from);
		evhttp_add_header(headers, "Zubringer-Client", text);
	} else if (live->token[0]) {
		snprintf(text, sizeof text, "Bearer %.140s", live->token);
		evhttp_add_header(headers, "Authorization", text);
	}
}

/* body NULL = GET. Takes body. */
static void send_call(struct live *live, struct passenger *passenger, const char *path, json_t *body, const char *key,
		      on_reply *reply)
{
	struct call *call = calloc(1, sizeof *call);
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	if (!call)
		return;
	*call = (struct call){.live = live, .passenger = passenger, .reply = reply, .connection = connect_to(live)};
	struct evhttp_request *request = evhttp_request_new(finish_call, call);
	add_headers(live, request, passenger, key);
	if (text)
		evbuffer_add(evhttp_request_get_output_buffer(request), text, strlen(text));
	if (passenger)
		passenger->calling = 1;
	evhttp_make_request(call->connection, request, text ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, path);
	free(text);
}

/* ---- a ride as the API shows it ---- */

static uint8_t state_of(const char *name)
{
	for (uint8_t state = RIDE_ASKED; name && state < RIDE_STATES; state++)
		if (!strcmp(name, core_ride_state_name(state)))
			return state;
	return 0;
}

static void acknowledge_done(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	(void)live;
	(void)passenger;
	(void)status;
	(void)json;
}

/* A person reads the notice: that is what "told" means. */
static void acknowledge(struct passenger *passenger, const json_t *ride)
{
	size_t i;
	json_t *notice;
	json_array_foreach(json_object_get(ride, "notices"), i, notice)
	{
		const char *state = json_string_value(json_object_get(notice, "state"));
		const char *id = json_string_value(json_object_get(notice, "notice"));
		char path[256], key[80];
		uint64_t number = id ? strtoull(id, NULL, 16) : 0;
		if (!id || !state || strcmp(state, "sent") || number <= passenger->read_notice)
			continue;
		passenger->read_notice = number;
		snprintf(path, sizeof path, "/api/v1/rides/%s/notices/%s", passenger->secret, id);
		snprintf(key, sizeof key, "notice-%s", id);
		uint8_t calling = passenger->calling;
		send_call(passenger->live, passenger, path, json_pack("{s:s}", "state", "acknowledged"), key,
			  acknowledge_done);
		passenger->calling = calling;
	}
}

static void hear_ride(struct passenger *passenger, json_t *ride)
{
	struct rider_news news = {0};
	json_t *offers = json_object_get(ride, "offers");
	const char *code = json_string_value(json_object_get(ride, "boarding_code"));
	news.state = state_of(json_string_value(json_object_get(json_object_get(ride, "state"), "code")));
	news.n_offers = (uint32_t)json_array_size(offers);
	news.planned_pickup =
		instant_of(json_object_get(news.n_offers ? json_array_get(offers, 0) : ride, "planned_pickup"));
	news.code = code ? (uint16_t)atoi(code) : passenger->rider.code;
	const char *secret = json_string_value(json_object_get(ride, "secret"));
	if (secret && strlen(secret) < SECRET_CHARS && !passenger->secret[0]) {
		strcpy(passenger->secret, secret);
		fprintf(passenger->live->memory, "%" PRIu32 " %s\n", passenger->index, secret);
		fflush(passenger->live->memory);
	}
	if (!news.state)
		return;
	if (passenger->rider.phase == RIDER_HOME)
		passenger->rider.phase = RIDER_ASKING; /* taken up again after a restart */
	acknowledge(passenger, ride);
	rider_told(&passenger->rider, &news, service_now(passenger->live));
}

/* What a person could show later: the promise, its record in the journal and that record's hash. */
static void keep_receipt(struct passenger *passenger, const json_t *receipt)
{
	const char *hash = json_string_value(json_object_get(receipt, "hash"));
	if (!hash || passenger->has_receipt || passenger->rider.phase != RIDER_PROMISED)
		return;
	passenger->has_receipt = 1;
	fprintf(passenger->live->memory, "promise %" PRIu32 " %" JSON_INTEGER_FORMAT " %s\n", passenger->index,
		json_integer_value(json_object_get(receipt, "record")), hash);
	fflush(passenger->live->memory);
}

static void hear(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	json_t *ride = json_object_get(json, "ride");
	struct rider *rider = &passenger->rider;
	if (ride || status == 404 || status == 410)
		passenger->taking_up = 0;
	if (ride) {
		hear_ride(passenger, ride);
		keep_receipt(passenger, json_object_get(json, "receipt"));
	} else if (status == 404 && (rider->phase == RIDER_PROMISED || rider->phase == RIDER_RIDING)) {
		fprintf(stderr, "rider %" PRIu32 ": a promised ride is not known any more\n", passenger->index);
		live->result = ERR_BROKEN;
		event_base_loopbreak(live->base);
	} else if (status == 404 || status == 410 || status == 422) {
		rider->phase = RIDER_ENDED;
		rider->act_at = INT64_MAX;
	}
	/* no answer, or the dispatcher is busy: the rider's own retry repeats it */
}

/* ---- following ---- */

static void on_stream_data(struct evhttp_request *request, void *arg)
{
	struct passenger *passenger = arg;
	char *line;
	evbuffer_add_buffer(passenger->lines, evhttp_request_get_input_buffer(request));
	passenger->live->heard_wall = wall_ms();
	while ((line = evbuffer_readln(passenger->lines, NULL, EVBUFFER_EOL_LF))) {
		if (!strncmp(line, "data: ", 6)) {
			json_t *json = json_loads(line + 6, 0, NULL);
			json_t *ride = json_object_get(json, "ride");
			if (json_is_object(ride))
				hear_ride(passenger, ride);
			json_decref(json);
		}
		free(line);
	}
}

static void on_stream_end(struct evhttp_request *request, void *arg)
{
	(void)request;
	struct passenger *passenger = arg;
	passenger->following = 0;
	passenger->follow_after = wall_ms() + 300;
	evbuffer_drain(passenger->lines, evbuffer_get_length(passenger->lines));
	if (passenger->stream)
		evhttp_connection_free_on_completion(passenger->stream);
	passenger->stream = NULL;
}

static void follow(struct passenger *passenger)
{
	char path[160];
	struct live *live = passenger->live;
	if (!passenger->lines)
		passenger->lines = evbuffer_new();
	passenger->stream = connect_to(live);
	evhttp_connection_set_timeout(passenger->stream, 60);
	struct evhttp_request *request = evhttp_request_new(on_stream_end, passenger);
	evhttp_request_set_chunked_cb(request, on_stream_data);
	add_headers(live, request, passenger, NULL);
	snprintf(path, sizeof path, "/api/v1/rides/%s/stream", passenger->secret);
	passenger->following = 1;
	evhttp_make_request(passenger->stream, request, EVHTTP_REQ_GET, path);
}

/* ---- wishes ---- */

static json_t *point_json(struct geo_point point)
{
	return json_pack("{s:f,s:f}", "lat", point.lat_e7 / 1e7, "lon", point.lon_e7 / 1e7);
}

static json_t *tie_json(const struct demand_trip *trip)
{
	char date[16];
	uint32_t day = trip->tie.yyyymmdd;
	snprintf(date, sizeof date, "%04u-%02u-%02u", day / 10000, day / 100 % 100, day % 100);
	return json_pack("{s:s,s:s,s:s,s:i,s:s,s:i}", "kind", trip->tie_kind == TIE_FROM_TRIP ? "from_trip" : "to_trip",
			 "feed", trip->tie.feed, "trip_id", trip->tie.trip_id, "start_s", (int)trip->tie.start_s,
			 "service_date", date, "stop_sequence", (int)trip->tie.stop_sequence);
}

static json_t *request_json(const struct live *live, const struct demand_trip *trip)
{
	static const char *const kinds[] = {"now", "leave_at", "arrive_by"};
	json_t *needs = json_object(), *json = json_object();
	char at[32];
	for (uint32_t i = 0; i < live->town->n_needs; i++)
		if (trip->need_count[i])
			json_object_set_new(needs, town_text(live->town, live->town->need_name[i]),
					    json_integer(trip->need_count[i]));
	json_object_set_new(json, "from", point_json(trip->from));
	json_object_set_new(json, "to", point_json(trip->to));
	json_object_set_new(json, "time", json_string(kinds[trip->time_kind]));
	format_instant(trip->time, at);
	if (trip->time_kind != TIME_NOW)
		json_object_set_new(json, "at", json_string(at));
	json_object_set_new(json, "needs", needs);
	json_object_set_new(json, "walk_max_m", json_integer(trip->walk_max_mm / 1000));
	if (trip->tie_kind)
		json_object_set_new(json, "connection", tie_json(trip));
	return json;
}

static void post(struct passenger *passenger, const char *what, json_t *body)
{
	char path[160], key[96];
	snprintf(path, sizeof path, "/api/v1/rides/%s/%s", passenger->secret, what);
	/* boarding is said again with a new key: the first may have come before the vehicle was there */
	snprintf(key, sizeof key, "%" PRIu32 "-%" PRId64 "-%s-%" PRIu64, passenger->index, passenger->live->from, what,
		 strcmp(what, "board") ? 0 : passenger->live->serial++);
	send_call(passenger->live, passenger, path, body, key, hear);
}

static void act(struct passenger *passenger)
{
	struct live *live = passenger->live;
	char text[64];
	switch (rider_act(&passenger->rider, service_now(live))) {
	case RIDER_ASKS:
		snprintf(text, sizeof text, "ask-%" PRIu32 "-%" PRId64, passenger->index, live->from);
		send_call(live, passenger, "/api/v1/requests", request_json(live, passenger->rider.trip), text, hear);
		break;
	case RIDER_ACCEPTS:
		post(passenger, "accept", json_pack("{s:i}", "offer", 0));
		break;
	case RIDER_CANCELS:
		post(passenger, "cancel", json_pack("{s:s}", "reason", "changed my mind"));
		break;
	case RIDER_IS_COMING:
		post(passenger, "coming", json_object());
		break;
	case RIDER_BOARDS:
		snprintf(text, sizeof text, "%04u", passenger->rider.code);
		post(passenger, "board", json_pack("{s:s}", "code", text));
		break;
	case RIDER_WAITS:
		break;
	}
}

static void step_passenger(struct passenger *passenger, instant_ms now)
{
	const struct rider *rider = &passenger->rider;
	if (passenger->taking_up) {
		char path[160];
		snprintf(path, sizeof path, "/api/v1/rides/%s", passenger->secret);
		if (!passenger->calling && wall_ms() >= passenger->follow_after) {
			passenger->follow_after = wall_ms() + RETRY_WALL_MS;
			send_call(passenger->live, passenger, path, NULL, NULL, hear);
		}
		return;
	}
	if (passenger->secret[0] && !passenger->following && rider->phase != RIDER_ENDED &&
	    rider->phase != RIDER_HOME && wall_ms() >= passenger->follow_after)
		follow(passenger);
	if (!passenger->calling && rider_due(rider) <= now)
		act(passenger);
}

static void on_step(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct live *live = arg;
	instant_ms now = service_now(live);
	if (wall_ms() - live->heard_wall > SILENCE_WALL_S * 1000) {
		live->result = ERR_UNAVAILABLE;
		event_base_loopbreak(live->base);
		return;
	}
	uint32_t under_way = 0;
	for (uint32_t i = 0; live->began && i < live->demand.n; i++) {
		const struct rider *rider = &live->passengers[i].rider;
		step_passenger(&live->passengers[i], now);
		under_way +=
			rider->phase != RIDER_HOME && rider->phase != RIDER_ENDED && rider->ride_state != RIDE_BROKEN;
	}
	if (live->began && live->end && now >= live->end &&
	    (!under_way || now >= live->end + AFTER_END_MINUTES * MINUTE_MS))
		event_base_loopbreak(live->base);
}

/* ---- the desk ---- */

static void no_matter(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	(void)live;
	(void)passenger;
	(void)status;
	(void)json;
}

/* Never released, or not any more: whom a person has put out of service stays out. */
static int wants_release(const json_t *vehicle, const char *now)
{
	const char *service = json_string_value(json_object_get(vehicle, "service"));
	const char *until = json_string_value(json_object_get(vehicle, "released_until"));
	return service && !strcmp(service, core_service_name(SERVICE_OUT)) && (!until || strcmp(until, now) < 0) &&
	       json_is_true(json_object_get(vehicle, "simulated"));
}

static void release_vehicles(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	(void)passenger;
	(void)status;
	size_t i;
	json_t *vehicle;
	char until[32], now[32];
	format_instant(service_now(live), now);
	format_instant(service_now(live) + 2 * DAY_MS, until);
	json_array_foreach(json_object_get(json, "vehicles"), i, vehicle)
	{
		char path[128], key[96];
		int number = (int)json_integer_value(json_object_get(vehicle, "vehicle"));
		if (!wants_release(vehicle, now))
			continue;
		snprintf(path, sizeof path, "/api/v1/operator/vehicles/%d/release", number);
		snprintf(key, sizeof key, "release-%d-%" PRId64 "-%" PRIu64, number, live->started_wall,
			 live->serial++);
		send_call(live, NULL, path,
			  json_pack("{s:s,s:s,s:s}", "by", "Simulated desk", "approval", "demo of simulated vehicles",
				    "until", until),
			  key, no_matter);
	}
}

static void close_cases(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	(void)passenger;
	(void)status;
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(json, "cases"), i, item)
	{
		char path[128], key[96];
		const char *id = json_string_value(json_object_get(item, "case"));
		const char *kind = json_string_value(json_object_get(json_object_get(item, "kind"), "code"));
		if (!kind)
			kind = json_string_value(json_object_get(item, "kind"));
		if (!id || !kind || strcmp(kind, core_case_name(CASE_BROKEN_RIDE)))
			continue;
		snprintf(path, sizeof path, "/api/v1/operator/cases/%s/close", id);
		snprintf(key, sizeof key, "close-%s", id);
		send_call(live, NULL, path,
			  json_pack("{s:s,s:s,s:s}", "who", "Simulated desk", "outcome", "home_by_fallback", "note",
				    "taxi called"),
			  key, no_matter);
	}
}

static void show_status(const struct live *live, const json_t *figures)
{
	const char *names[] = {"asked", "promised", "done"};
	json_int_t value[3];
	uint32_t aboard = 0;
	for (int i = 0; i < 3; i++)
		value[i] = json_integer_value(json_object_get(figures, names[i]));
	for (uint32_t i = 0; i < live->demand.n; i++)
		aboard += live->passengers[i].rider.ride_state == RIDE_ABOARD;
	json_int_t empty = json_integer_value(json_object_get(figures, "empty_m"));
	json_int_t driven = empty + json_integer_value(json_object_get(figures, "loaded_m"));
	char now[32];
	format_instant(service_now(live), now);
	fprintf(stderr,
		"\r%.16s UTC  asked %" JSON_INTEGER_FORMAT "  promised %" JSON_INTEGER_FORMAT
		"  aboard %u  done %" JSON_INTEGER_FORMAT "  mean wait %" JSON_INTEGER_FORMAT
		" s  empty %" JSON_INTEGER_FORMAT " %%   ",
		now, value[0], value[1], aboard, value[2], json_integer_value(json_object_get(figures, "mean_wait_s")),
		driven ? 100 * empty / driven : 0);
	fflush(stderr);
}

static void look_around(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	(void)passenger;
	live->looking = 0;
	if (status != 200)
		return;
	/* the dispatcher's clock: once it is known, and again when a restart has moved it */
	instant_ms now = instant_of(json_object_get(json, "now"));
	if (now != INSTANT_NONE &&
	    (now - service_now(live) > 2000 || service_now(live) - now > (instant_ms)live->speed_permille * 2)) {
		live->anchor = now;
		live->anchor_wall = wall_ms();
	}
	if (json_array_size(json_object_get(json, "supervisors")) == 0) {
		char key[64];
		snprintf(key, sizeof key, "sign-on-%" PRId64 "-%" PRIu64, live->started_wall, live->serial++);
		send_call(
			live, NULL, "/api/v1/operator/sign-on",
			json_pack("{s:s,s:i,s:b}", "who", "Simulated supervisor", "vehicles_max", 1000, "simulated", 1),
			key, no_matter);
	}
	if (live->options->show_status)
		show_status(live, json_object_get(json, "figures"));
	send_call(live, NULL, "/api/v1/operator/fleet", NULL, NULL, release_vehicles);
	send_call(live, NULL, "/api/v1/operator/cases", NULL, NULL, close_cases);
}

/* ---- beginning ---- */

/* A run that ends asks for nothing after its end. */
static void drop_late_wishes(struct live *live)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < live->demand.n; i++)
		if (!live->end || live->demand.trips[i].time <= live->end)
			live->demand.trips[n++] = live->demand.trips[i];
	live->demand.n = n;
}

static void remember(struct live *live)
{
	char line[256], secret[SECRET_CHARS];
	int64_t from = 0;
	uint32_t index;
	struct demand_options *demand = &live->drawn;
	FILE *file = fopen(live->options->memory_path, "r");
	*demand = live->options->demand;
	/* the same trips as before: secrets are kept by their index */
	while (file && fgets(line, sizeof line, file)) {
		if (sscanf(line, "from %" SCNd64 " seed %" SCNu64 " per_hour %" SCNu32, &from, &demand->seed,
			   &demand->per_hour) == 3)
			live->from = from;
	}
	if (file)
		rewind(file);
	uint64_t tail = live->options->minutes / 4 < TAIL_MINUTES ? live->options->minutes / 4 : TAIL_MINUTES;
	demand->from = live->from + LEAD_MINUTES * MINUTE_MS;
	demand->to =
		live->options->minutes ? live->end - (instant_ms)tail * MINUTE_MS : live->from + ENDLESS_DAYS * DAY_MS;
	struct err_detail detail = {"a run needs at least 8 minutes of service"};
	live->result = demand->to <= demand->from ? ERR_RANGE : demand_draw(&live->demand, live->town, demand, &detail);
	if (live->result)
		fprintf(stderr, "%s\n", detail.text);
	drop_late_wishes(live);
	live->passengers = calloc(live->demand.n + 1, sizeof *live->passengers);
	for (uint32_t i = 0; i < live->demand.n; i++) {
		live->passengers[i].live = live;
		live->passengers[i].index = i;
		rider_open(&live->passengers[i].rider, &live->demand.trips[i],
			   RETRY_WALL_MS * live->speed_permille / 1000 + 1);
	}
	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "%" SCNu32 " %95s", &index, secret) == 2 && index < live->demand.n)
			strcpy(live->passengers[index].secret, secret);
	if (file)
		fclose(file);
}

/* Whoever asked before a restart is asked how things stand until somebody answers. */
static void take_up(struct live *live)
{
	instant_ms now = service_now(live);
	for (uint32_t i = 0; i < live->demand.n; i++) {
		struct passenger *passenger = &live->passengers[i];
		passenger->taking_up = passenger->secret[0] != 0;
		if (!passenger->taking_up && passenger->rider.trip->ask_at < now - 5 * MINUTE_MS) {
			passenger->rider.phase = RIDER_ENDED; /* the moment has passed while nobody was there to ask */
			passenger->rider.act_at = INT64_MAX;
		}
	}
}

static void begin(struct live *live, struct passenger *passenger, int status, json_t *json)
{
	(void)passenger;
	json_t *clock = json_object_get(json, "clock");
	live->looking = 0;
	if (status != 200 || !clock || live->began)
		return;
	live->speed_permille = (uint32_t)json_integer_value(json_object_get(clock, "speed_permille"));
	live->anchor = instant_of(json_object_get(clock, "now"));
	live->anchor_wall = wall_ms();
	live->from = live->anchor;
	if (live->options->minutes)
		live->end = live->anchor + (instant_ms)live->options->minutes * MINUTE_MS;
	remember(live);
	/* secrets are rights: to cancel, to board */
	int fd = open(live->options->memory_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	live->memory = fd >= 0 && !fchmod(fd, 0600) ? fdopen(fd, "a") : NULL;
	if (fd >= 0 && !live->memory)
		close(fd);
	if (live->result || !live->memory || !live->passengers) {
		live->result = live->result ? live->result : ERR_IO;
		event_base_loopbreak(live->base);
		return;
	}
	fprintf(live->memory, "from %" PRId64 " seed %" PRIu64 " per_hour %" PRIu32 "\n", live->from, live->drawn.seed,
		live->drawn.per_hour);
	fflush(live->memory);
	live->began = 1;
	take_up(live);
}

/* What a transport company would publish, once a second. */
static void run_trains(struct live *live)
{
	struct trains_options options;
	struct err_detail detail = {""};
	trains_options_default(&options);
	options.seed = live->drawn.seed;
	if (live->options->trains && !live->trains_failed &&
	    trains_write(&options, live->town, service_now(live), live->options->trains, &detail)) {
		live->trains_failed = 1;
		fprintf(stderr, "no trip updates: %s\n", detail.text);
	}
}

static void on_round(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct live *live = arg;
	FILE *file = live->token[0] ? NULL : fopen(live->options->token_path, "r");
	if (file) {
		if (fgets(live->token, sizeof live->token, file))
			live->token[strcspn(live->token, "\r\n")] = 0;
		fclose(file);
	}
	if (live->began)
		run_trains(live);
	if (live->looking)
		return;
	live->looking = 1;
	if (live->began)
		send_call(live, NULL, "/api/v1/operator/status", NULL, NULL, look_around);
	else
		send_call(live, NULL, "/api/v1/town", NULL, NULL, begin);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	struct live *live = arg;
	live->result = ERR_INTERRUPTED;
	event_base_loopbreak(live->base);
}

static void close_all(struct live *live)
{
	for (uint32_t i = 0; live->passengers && i < live->demand.n; i++) {
		if (live->passengers[i].stream)
			evhttp_connection_free(live->passengers[i].stream);
		if (live->passengers[i].lines)
			evbuffer_free(live->passengers[i].lines);
	}
	event_free(live->step);
	event_free(live->round);
	event_free(live->signals[0]);
	event_free(live->signals[1]);
	event_base_free(live->base);
	if (live->memory)
		fclose(live->memory);
	free(live->passengers);
	demand_free(&live->demand);
}

int live_run(const struct live_options *options, const struct town *town, struct err_detail *detail)
{
	struct live live = {.options = options, .town = town, .speed_permille = 1000};
	live.base = event_base_new();
	if (!live.base)
		return err_set(detail, ERR_MEMORY, "out of memory");
	live.heard_wall = live.started_wall = wall_ms();
	live.step = event_new(live.base, -1, EV_PERSIST, on_step, &live);
	live.round = event_new(live.base, -1, EV_PERSIST, on_round, &live);
	live.signals[0] = evsignal_new(live.base, SIGINT, on_signal, &live);
	live.signals[1] = evsignal_new(live.base, SIGTERM, on_signal, &live);
	signal(SIGPIPE, SIG_IGN);
	event_add(live.step, &(struct timeval){.tv_usec = STEP_WALL_MS * 1000});
	event_add(live.round, &(struct timeval){.tv_usec = ROUND_WALL_MS * 1000});
	event_add(live.signals[0], NULL);
	event_add(live.signals[1], NULL);
	event_active(live.round, EV_TIMEOUT, 0);
	event_base_dispatch(live.base);
	if (options->show_status)
		fputc('\n', stderr);
	int code = live.result;
	close_all(&live);
	return code ? err_set(detail, code,
			      code == ERR_UNAVAILABLE ? "the dispatcher at %s:%u does not answer" : "stopped (%s:%u)",
			      options->address, options->port)
		    : ERR_OK;
}
