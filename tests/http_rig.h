/* A real HTTP server on a real core on a drawn town, with a host that commits to nowhere but, like the live loop,
 * answers only later. The client is a plain blocking socket, pumped together with the server's event base in one
 * thread. */
#ifndef ZUB_TESTS_HTTP_RIG_H
#define ZUB_TESTS_HTTP_RIG_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_rig.h"
#include "http.h"
#include "record.h"

struct late_reply {
	host_reply *reply;
	void *arg;
	struct update *updates;
	uint32_t n;
	uint64_t sequence;
	int code;
};
struct http_rig {
	struct rig rig;
	struct drawn_town drawn;
	struct event_base *base;
	struct http *http;
	char folder[64], token[128];
	struct late_reply late[64];
	uint32_t n_late;
	uint64_t sequence, random;
	uint32_t n_standstills, last_standstill;
	int refuse;	  /* submit answers with this code */
	int hold_replies; /* keep answers until http_rig_commit */
	char identity[512];
	uint32_t n_commands;
	struct { /* its journal, for stories */
		struct command command;
		uint32_t n;
		struct update updates[8];
	} told[64];
	uint32_t n_told;
	char key[64];
	uint32_t n_keys;
};

static inline void http_rig_commit(struct http_rig *rig)
{
	uint8_t hash[32] = {0xab};
	while (rig->n_late) {
		struct late_reply late = rig->late[0];
		memmove(rig->late, rig->late + 1, --rig->n_late * sizeof *rig->late);
		for (uint32_t i = 0; i < late.n; i++)
			http_update(rig->http, &late.updates[i]);
		if (late.reply)
			late.reply(late.arg, late.code, late.updates, late.n, late.sequence, hash);
		free(late.updates);
	}
}

static inline int rig_submit(void *self, struct command *command, const char *identity, host_reply *reply, void *arg)
{
	struct http_rig *rig = self;
	if (rig->refuse)
		return rig->refuse;
	if (identity)
		snprintf(rig->identity, sizeof rig->identity, "%s", identity);
	rig_step(&rig->rig, command);
	rig->n_commands++;
	if (rig->n_late == COUNT_OF(rig->late))
		return ERR_FULL;
	struct late_reply *late = &rig->late[rig->n_late++];
	*late = (struct late_reply){.reply = reply, .arg = arg, .n = rig->rig.updates.n, .sequence = ++rig->sequence};
	late->updates = calloc(late->n, sizeof *late->updates);
	if (rig->n_told < COUNT_OF(rig->told)) {
		uint32_t n = late->n < 8 ? late->n : 8;
		rig->told[rig->n_told].command = *command;
		rig->told[rig->n_told].n = n;
		memcpy(rig->told[rig->n_told++].updates, rig->rig.updates.items, n * sizeof(struct update));
	}
	memcpy(late->updates, rig->rig.updates.items, late->n * sizeof *late->updates);
	return 0;
}

static inline void rig_standstill(void *self, uint32_t vehicle, const struct wire_order *order)
{
	struct http_rig *rig = self;
	rig->n_standstills += order->kind == WIRE_STANDSTILL;
	rig->last_standstill = vehicle;
}
static inline instant_ms rig_now(void *self)
{
	return ((struct http_rig *)self)->rig.now;
}
static inline uint32_t rig_speed(void *self)
{
	(void)self;
	return 1000;
}
static inline const struct core *rig_core_of(void *self)
{
	return ((struct http_rig *)self)->rig.core;
}
static inline const struct wire_state *rig_state(void *self, uint32_t vehicle)
{
	(void)self, (void)vehicle;
	return NULL;
}
static inline uint64_t rig_random(void *self)
{
	struct http_rig *rig = self;
	rig->random = rig->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return rig->random ^ rig->random >> 31;
}
static inline int rig_holding(void *self, char *text, size_t size)
{
	struct http_rig *rig = self;
	snprintf(text, size, "%s", rig->refuse ? "the store is away" : "");
	return rig->refuse != 0;
}
static inline void rig_metrics(void *self, char *text, size_t size)
{
	(void)self;
	snprintf(text, size, "# HELP zubringer_test One.\n# TYPE zubringer_test gauge\nzubringer_test 1\n");
}

static inline uint32_t rig_feeds(void *self, struct host_feed *ret_feeds, uint32_t most)
{
	(void)self, (void)most;
	ret_feeds[0] = (struct host_feed){"drawn", HOST_FEED_OK, DRAWN_DAY_START, 1, 3};
	return 1;
}

/* Everything, and not only what is of that ride: enough to look at the answer's form. */
static inline int rig_story(void *self, uint64_t ride, instant_ms asked_at, host_story_each *each, void *arg)
{
	const struct http_rig *rig = self;
	(void)ride;
	for (uint32_t i = 0; i < rig->n_told; i++) {
		struct host_story line = {.sequence = i + 1, .at = asked_at, .command = &rig->told[i].command};
		if (record_ride(line.command))
			each(arg, &line);
		line.command = NULL;
		for (uint32_t k = 0; k < rig->told[i].n; k++) {
			line.update = &rig->told[i].updates[k];
			if (line.update->kind == UPD_RIDE || line.update->kind == UPD_NOTICE)
				each(arg, &line);
		}
	}
	struct host_story identity = {.sequence = 1, .at = asked_at, .identity_json = rig->identity};
	each(arg, &identity);
	return 0;
}

/* Nearest middle of a street, by rough distance: good enough on a drawing. */
static inline struct spot rig_nearest(const struct network *network, struct geo_point point)
{
	struct spot best = {NONE, 0};
	uint64_t best_mm = 400000;
	for (uint32_t a = 0; a < network->n_arcs; a++) {
		struct spot spot = {a, network->dist_mm[a] / 2};
		uint64_t away = geo_rough_mm(point, network_spot_point(network, spot));
		if (away < best_mm) {
			best_mm = away;
			best = spot;
		}
	}
	return best;
}

static inline int rig_find_place(void *self, struct geo_point point, struct place *ret_place)
{
	const struct town *town = &((struct http_rig *)self)->drawn.town;
	struct place place = {.point = point, .stop = NONE};
	place.road = rig_nearest(&town->road, point);
	place.walk = rig_nearest(&town->walk, point);
	if (place.road.arc == NONE)
		return ERR_RANGE;
	*ret_place = place;
	return 0;
}

static inline int rig_find_street(void *self, struct geo_point point, uint32_t *ret_arc)
{
	*ret_arc = rig_nearest(&((struct http_rig *)self)->drawn.town.road, point).arc;
	return *ret_arc == NONE ? ERR_RANGE : 0;
}

/* The whole file in a fresh buffer with a NUL. */
static inline char *rig_read(const char *path, size_t *ret_n)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	char *text = calloc(1, 1 << 22);
	size_t n = fread(text, 1, (1 << 22) - 1, file);
	fclose(file);
	if (ret_n)
		*ret_n = n;
	return text;
}

static inline void http_rig_serve(struct http_rig *rig, uint32_t connections_max, uint32_t stream_buffer_max)
{
	char token_path[128], web[128], day[128];
	struct err_detail detail = {""};
	snprintf(token_path, sizeof token_path, "%s/operator.token", rig->folder);
	snprintf(web, sizeof web, "%s/web", rig->folder);
	snprintf(day, sizeof day, "%s/day", rig->folder);
	struct host host = {rig,	 rig_submit,  rig_standstill, rig_now,	       rig_speed,
			    rig_core_of, rig_state,   rig_find_place, rig_find_street, rig_random,
			    rig_holding, rig_metrics, rig_feeds,      rig_story};
	struct http_settings settings = {.address = "127.0.0.1",
					 .operator_token_path = token_path,
					 .web_folder = web,
					 .reports_folder = web,
					 .day_path = day,
					 .live_invented = 1,
					 .connections_max = connections_max,
					 .body_bytes_max = 16384,
					 .stream_buffer_max = stream_buffer_max,
					 .public_url = "https://example.org"};
	if (http_open(&rig->http, rig->base, &settings, &host, &detail)) {
		fprintf(stderr, "%s\n", detail.text);
		abort();
	}
	char *token = rig_read(token_path, NULL);
	snprintf(rig->token, sizeof rig->token, "%.*s", (int)strcspn(token, "\n"), token);
	free(token);
}

static inline void http_rig_open(struct http_rig *rig, const struct drawn_options *options)
{
	memset(rig, 0, sizeof *rig);
	drawn_town_open(&rig->drawn, options);
	rig->drawn.town.rules.door_to_door = 1;
	rig_open(&rig->rig, &rig->drawn, NULL);
	rig->random = 42;
	rig->base = event_base_new();
	snprintf(rig->folder, sizeof rig->folder, "/tmp/zub-http-XXXXXX");
	if (!mkdtemp(rig->folder))
		abort();
	char path[160];
	snprintf(path, sizeof path, "%s/web", rig->folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/web/index.html", rig->folder);
	FILE *file = fopen(path, "w");
	fputs("<!doctype html><title>page</title>", file);
	fclose(file);
	http_rig_serve(rig, 64, 65536);
}

static inline void http_rig_close(struct http_rig *rig)
{
	static const char *const names[] = {"operator.token", "operator.token.key", "day", "web/index.html", "web", ""};
	http_close(rig->http);
	http_rig_commit(rig); /* late answers after the close must do no harm */
	event_base_free(rig->base);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[160];
		snprintf(path, sizeof path, "%s/%s", rig->folder, names[i]);
		remove(path);
	}
	rig_close(&rig->rig);
	drawn_town_close(&rig->drawn);
}

/* ---- the client ---- */
static inline void http_rig_pump(struct http_rig *rig, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		event_base_loop(rig->base, EVLOOP_NONBLOCK);
		if (!rig->hold_replies)
			http_rig_commit(rig);
	}
}

static inline int http_connect(struct http_rig *rig)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(http_port(rig->http)),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		abort();
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static inline void http_write(struct http_rig *rig, int fd, const void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t wrote = send(fd, (const char *)bytes + done, n - done, MSG_NOSIGNAL);
		if (wrote > 0)
			done += (size_t)wrote;
		else if (errno != EAGAIN)
			return; /* the server hung up */
		http_rig_pump(rig, 1);
	}
}

/* Reads until the other side closes, `until` appears, or nothing came for `patience_ms`. */
static inline size_t http_read(struct http_rig *rig, int fd, char *text, size_t size, const char *until,
			       int patience_ms)
{
	size_t n = 0;
	text[0] = 0;
	for (int idle = 0; idle < patience_ms && n + 1 < size;) {
		http_rig_pump(rig, 1);
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		if (poll(&wait, 1, 1) <= 0) {
			idle++;
			continue;
		}
		ssize_t got = recv(fd, text + n, size - 1 - n, 0);
		if (got <= 0)
			break;
		idle = 0;
		n += (size_t)got;
		text[n] = 0;
		if (until && strstr(text, until))
			break;
	}
	return n;
}

struct http_answer {
	int status;
	char head[4096];
	char *body;
	size_t body_n;
	json_t *json; /* NULL when the body is none */
};

static inline void http_forget(struct http_answer *answer)
{
	json_decref(answer->json);
	free(answer->body);
	memset(answer, 0, sizeof *answer);
}

static inline struct http_answer http_parse(char *text, size_t n)
{
	struct http_answer answer = {0};
	char *end = strstr(text, "\r\n\r\n");
	if (!end || sscanf(text, "HTTP/1.%*d %d", &answer.status) != 1) {
		free(text);
		return answer;
	}
	snprintf(answer.head, sizeof answer.head, "%.*s", (int)(end - text), text);
	answer.body_n = n - (size_t)(end + 4 - text);
	answer.body = calloc(1, answer.body_n + 1);
	memcpy(answer.body, end + 4, answer.body_n);
	answer.json = json_loadb(answer.body, answer.body_n, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return answer;
}

/* One request on a connection of its own. headers: lines ending in \r\n, or NULL; body NULL = none. */
static inline struct http_answer http_ask(struct http_rig *rig, const char *method, const char *path,
					  const char *headers, const char *body)
{
	size_t size = 1 << 20;
	char *text = calloc(1, size);
	int n = snprintf(text, size, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", method, path,
			 headers ? headers : "");
	if (body)
		n += snprintf(text + n, size - (size_t)n,
			      "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		n += snprintf(text + n, size - (size_t)n, "\r\n");
	int fd = http_connect(rig);
	http_write(rig, fd, text, (size_t)n);
	size_t got = http_read(rig, fd, text, size, NULL, 3000);
	close(fd);
	http_rig_pump(rig, 2);
	return http_parse(text, got);
}

static inline struct http_answer http_get(struct http_rig *rig, const char *path)
{
	char headers[256] = "";
	if (strncmp(path, "/api/v1/operator", 16) == 0)
		snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", rig->token);
	return http_ask(rig, "GET", path, headers, NULL);
}

/* A fresh key each time; the token where needed. */
static inline struct http_answer http_post(struct http_rig *rig, const char *path, const char *body)
{
	char headers[512];
	rig->n_keys++;
	int n = snprintf(headers, sizeof headers, "Idempotency-Key: key-of-test-%u\r\nZubringer-Client: client-%u\r\n",
			 rig->n_keys, rig->n_keys);
	if (strncmp(path, "/api/v1/operator", 16) == 0)
		snprintf(headers + n, sizeof headers - (size_t)n, "Authorization: Bearer %s\r\n", rig->token);
	return http_ask(rig, "POST", path, headers, body);
}

/* A service with one shuttle, standing on the street between two corners, and Anna on duty. */
static inline void http_rig_open_watched(struct http_rig *rig, const struct drawn_options *options, char from, char to)
{
	http_rig_open(rig, options);
	assert_int_equal(rig_vehicle(&rig->rig, 1, from, to), 0);
	struct http_answer answer = http_post(rig, "/api/v1/operator/sign-on", "{\"who\":\"Anna\",\"simulated\":true}");
	assert_int_equal(answer.status, 200);
	http_forget(&answer);
}

static inline const char *http_text(const struct http_answer *answer, const char *a, const char *b, const char *c)
{
	const json_t *json = json_object_get(answer->json, a);
	if (b)
		json = json_object_get(json, b);
	if (c)
		json = json_object_get(json, c);
	return json_is_string(json) ? json_string_value(json) : "";
}

#endif
