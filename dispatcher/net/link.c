#include "link.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "codec.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_FRAMES 7
#define ZAP_FRAME_MAX 256
#define KEY_PROPERTY "X-Key" /* ZAP metadata: which key spoke, so that a key no longer admitted is silent at once */
#define ID_MAX 32	     /* ROUTER's own ids have 5 bytes; our vehicles set none */
#define OLD_IDS 4
#define DRAIN_MAX 256 /* messages in one go, so that the rest of the loop gets its turn */

struct peer_id {
	uint8_t n, bytes[ID_MAX]; /* n == 0: none */
};
struct peer {
	uint32_t vehicle;
	char public_key[KEYS_TEXT];
	struct peer_id id;	     /* its newest connection */
	struct peer_id old[OLD_IDS]; /* connections it replaced: not listened to any more */
	uint32_t n_old;
};
struct link {
	void *context, *router, *zap;
	pthread_t zap_thread;
	pthread_mutex_t mutex; /* peers, against the ZAP thread, which reads vehicle and key only */
	struct peer *peers;    /* ascending vehicle */
	uint32_t n_peers;
	struct event *event;
	void (*receive)(void *self, uint32_t vehicle, const struct wire_message *message);
	void *self;
	struct link_counts counts;
	atomic_uint_fast64_t refused_keys;
	int zap_runs;
	char endpoint[256];
};

/* ---- who may speak: the ZAP handler's thread (ZeroMQ RFC 27) ---- */
struct zap_request {
	uint32_t n;
	size_t length[ZAP_FRAMES];
	uint8_t frame[ZAP_FRAMES][ZAP_FRAME_MAX];
};

/* 0, or -1 when the context ends. */
static int zap_receive(void *socket, struct zap_request *request)
{
	int more = 1;

	request->n = 0;
	while (more) {
		uint8_t skipped[ZAP_FRAME_MAX];
		uint8_t *frame = request->n < ZAP_FRAMES ? request->frame[request->n] : skipped;
		size_t size = sizeof more;
		int length = zmq_recv(socket, frame, ZAP_FRAME_MAX, 0);
		if (length < 0)
			return errno == EINTR ? 1 : -1;
		if (request->n < ZAP_FRAMES)
			request->length[request->n] = length > ZAP_FRAME_MAX ? 0 : (size_t)length;
		request->n++;
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size) != 0)
			return -1;
	}
	return 0;
}

static int frame_is(const struct zap_request *request, uint32_t i, const char *text)
{
	return request->length[i] == strlen(text) && memcmp(request->frame[i], text, strlen(text)) == 0;
}

/* The vehicle of the key that asks to be let in, 0 = none. */
static uint32_t zap_vehicle(struct link *link, const struct zap_request *request, char *ret_key)
{
	uint32_t vehicle = 0;

	if (request->n != ZAP_FRAMES || !frame_is(request, 0, "1.0") || !frame_is(request, 5, "CURVE") ||
	    request->length[6] != 32)
		return 0;
	zmq_z85_encode(ret_key, request->frame[6], 32);
	pthread_mutex_lock(&link->mutex);
	for (uint32_t i = 0; i < link->n_peers && !vehicle; i++)
		if (memcmp(link->peers[i].public_key, ret_key, KEYS_TEXT - 1) == 0)
			vehicle = link->peers[i].vehicle;
	pthread_mutex_unlock(&link->mutex);
	return vehicle;
}

static int zap_send(void *socket, const void *frame, size_t n, int more)
{
	return zmq_send(socket, frame, n, more ? ZMQ_SNDMORE : 0) < 0 ? -1 : 0;
}

static int zap_answer(void *socket, const struct zap_request *request, uint32_t vehicle, const char *key)
{
	char user[16] = "";
	uint8_t metadata[1 + sizeof KEY_PROPERTY - 1 + 4 + KEYS_TEXT - 1];
	size_t name = sizeof KEY_PROPERTY - 1;

	if (vehicle)
		snprintf(user, sizeof user, "%u", vehicle);
	metadata[0] = (uint8_t)name;
	memcpy(metadata + 1, KEY_PROPERTY, name);
	memcpy(metadata + 1 + name, (const uint8_t[]){0, 0, 0, KEYS_TEXT - 1}, 4);
	memcpy(metadata + 1 + name + 4, key, KEYS_TEXT - 1);
	return zap_send(socket, "1.0", 3, 1) ||
	       zap_send(socket, request->frame[1], request->n > 1 ? request->length[1] : 0, 1) ||
	       zap_send(socket, vehicle ? "200" : "400", 3, 1) ||
	       zap_send(socket, vehicle ? "OK" : "key not enrolled", vehicle ? 2 : 16, 1) ||
	       zap_send(socket, user, strlen(user), 1) || zap_send(socket, metadata, vehicle ? sizeof metadata : 0, 0);
}

static void *zap_run(void *arg)
{
	struct link *link = arg;
	struct zap_request *request = calloc(1, sizeof *request);
	char key[KEYS_TEXT];
	int rc = request ? 0 : -1;

	while (rc >= 0) {
		rc = zap_receive(link->zap, request);
		if (rc)
			continue;
		memset(key, 0, sizeof key);
		uint32_t vehicle = zap_vehicle(link, request, key);
		if (!vehicle)
			atomic_fetch_add(&link->refused_keys, 1);
		rc = zap_answer(link->zap, request, vehicle, key);
	}
	free(request);
	zmq_close(link->zap);
	return NULL;
}

/* ---- who speaks ---- */
static struct peer *peer_find(struct link *link, uint32_t vehicle)
{
	uint32_t low = 0, high = link->n_peers;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (link->peers[middle].vehicle < vehicle)
			low = middle + 1;
		else
			high = middle;
	}
	return low < link->n_peers && link->peers[low].vehicle == vehicle ? &link->peers[low] : NULL;
}

/* The vehicle a message comes from, by its connection's key alone. */
static struct peer *peer_of(struct link *link, zmq_msg_t *message)
{
	const char *user = zmq_msg_gets(message, "User-Id"), *key = zmq_msg_gets(message, KEY_PROPERTY);
	struct peer *peer = user && key ? peer_find(link, (uint32_t)strtoul(user, NULL, 10)) : NULL;

	return peer && strncmp(peer->public_key, key, KEYS_TEXT - 1) == 0 ? peer : NULL;
}

static int id_equal(const struct peer_id *a, const struct peer_id *b)
{
	return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

/* A connection not seen before replaces the one before it. 0 = an old one that was replaced. */
static int peer_newest(struct peer *peer, const struct peer_id *id)
{
	if (id_equal(&peer->id, id))
		return 1;
	for (uint32_t i = 0; i < OLD_IDS; i++)
		if (peer->old[i].n && id_equal(&peer->old[i], id))
			return 0;
	if (peer->id.n)
		peer->old[peer->n_old++ % OLD_IDS] = peer->id;
	peer->id = *id;
	return 1;
}

static void take_message(struct link *link, const struct peer_id *id, zmq_msg_t *frame)
{
	struct peer *peer = peer_of(link, frame);
	struct wire_message message;

	if (!peer || !id->n || !peer_newest(peer, id)) {
		link->counts.dropped++;
		return;
	}
	if (codec_decode(zmq_msg_data(frame), zmq_msg_size(frame), &message, NULL)) {
		link->counts.malformed++;
		return;
	}
	link->counts.received++;
	link->receive(link->self, peer->vehicle, &message);
}

/* One message of two frames: routing id, content. 0 = nothing there. */
static int receive_one(struct link *link)
{
	struct peer_id id = {0};
	zmq_msg_t frame;
	int n, frames = 0, more = 1;

	zmq_msg_init(&frame);
	while (more) {
		n = zmq_msg_recv(&frame, link->router, ZMQ_DONTWAIT);
		if (n < 0)
			break;
		more = zmq_msg_more(&frame);
		if (frames == 0 && n <= ID_MAX) {
			id.n = (uint8_t)n;
			memcpy(id.bytes, zmq_msg_data(&frame), (size_t)n);
		} else if (frames == 1 && !more) {
			take_message(link, &id, &frame);
		} else if (frames > 0) {
			link->counts.malformed += !more;
		}
		frames++;
	}
	zmq_msg_close(&frame);
	return frames > 0;
}

static int has_input(struct link *link)
{
	int events = 0;
	size_t size = sizeof events;

	return zmq_getsockopt(link->router, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

/* ZeroMQ's descriptor tells of changes only: whoever does not take everything must come back by itself. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	int n = 0;

	(void)fd, (void)what;
	while (n < DRAIN_MAX && has_input(link) && receive_one(link))
		n++;
	if (has_input(link))
		event_active(link->event, EV_READ, 0);
}

/* ---- interface ---- */
int link_send(struct link *link, uint32_t vehicle, const struct wire_message *message)
{
	struct peer *peer = peer_find(link, vehicle);
	uint8_t bytes[CODEC_BYTES_MAX];
	size_t n;
	int rc;

	if (!peer || !peer->id.n)
		return ERR_UNAVAILABLE;
	rc = codec_encode(message, bytes, sizeof bytes, &n);
	if (rc)
		return rc;
	if (zmq_send(link->router, peer->id.bytes, peer->id.n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
	    zmq_send(link->router, bytes, n, ZMQ_DONTWAIT) < 0)
		rc = errno == EAGAIN ? ERR_BUSY : ERR_UNAVAILABLE;
	if (rc)
		link->counts.dropped++;
	else
		link->counts.sent++;
	if (has_input(link)) /* sending may have swallowed the descriptor's signal */
		event_active(link->event, EV_READ, 0);
	return rc;
}

static int key_order(const void *a, const void *b)
{
	const struct peer *x = a, *y = b;

	return x->vehicle < y->vehicle ? -1 : x->vehicle > y->vehicle;
}

static int check_keys(const struct peer *peers, uint32_t n, struct err_detail *detail)
{
	for (uint32_t i = 0; i < n; i++) {
		if (!peers[i].vehicle || !keys_valid(peers[i].public_key))
			return err_set(detail, ERR_FORMAT, "vehicle %u: key is not 40 Z85 characters",
				       peers[i].vehicle);
		if (i && peers[i].vehicle == peers[i - 1].vehicle)
			return err_set(detail, ERR_EXISTS, "vehicle %u has two keys", peers[i].vehicle);
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(peers[i].public_key, peers[k].public_key) == 0)
				return err_set(detail, ERR_EXISTS, "vehicles %u and %u have the same key",
					       peers[k].vehicle, peers[i].vehicle);
	}
	return ERR_OK;
}

int link_admit(struct link *link, const struct link_key *keys, uint32_t n, struct err_detail *detail)
{
	struct peer *peers = calloc(n ? n : 1, sizeof *peers), *old;
	int rc;

	if (!peers)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n; i++) {
		peers[i].vehicle = keys[i].vehicle;
		memcpy(peers[i].public_key, keys[i].public_key, KEYS_TEXT - 1);
	}
	qsort(peers, n, sizeof *peers, key_order);
	rc = check_keys(peers, n, detail);
	if (rc) {
		free(peers);
		return rc;
	}
	for (uint32_t i = 0; i < n; i++) { /* connections of keys that stay go on */
		old = peer_find(link, peers[i].vehicle);
		if (old && strcmp(old->public_key, peers[i].public_key) == 0)
			peers[i] = *old;
	}
	pthread_mutex_lock(&link->mutex);
	old = link->peers;
	link->peers = peers;
	link->n_peers = n;
	pthread_mutex_unlock(&link->mutex);
	free(old);
	return ERR_OK;
}

static void set_int(void *socket, int option, int value)
{
	int rc = zmq_setsockopt(socket, option, &value, sizeof value);

	assert(rc == 0); /* options and values of ours, known to every libzmq we build with */
	(void)rc;
}

static int open_router(struct link *link, const char *endpoint, const char *secret_key, struct err_detail *detail)
{
	char bind_to[sizeof link->endpoint];
	size_t n = strlen(endpoint), size = sizeof link->endpoint;

	if (n + 1 >= sizeof bind_to)
		return err_set(detail, ERR_USAGE, "%s: endpoint too long", endpoint);
	memcpy(bind_to, endpoint, n + 1);
	if (n > 2 && strcmp(bind_to + n - 2, ":0") == 0)
		bind_to[n - 1] = '*'; /* ZeroMQ's way to ask for any free port */
	link->router = zmq_socket(link->context, ZMQ_ROUTER);
	if (!link->router)
		return err_set(detail, ERR_UNAVAILABLE, "cannot make a socket: %s", zmq_strerror(errno));
	set_int(link->router, ZMQ_LINGER, 0);
	set_int(link->router, ZMQ_ROUTER_MANDATORY, 1);
	set_int(link->router, ZMQ_CURVE_SERVER, 1);
	set_int(link->router, ZMQ_HEARTBEAT_IVL, 5000);
	set_int(link->router, ZMQ_HEARTBEAT_TIMEOUT, 15000);
	set_int(link->router, ZMQ_HANDSHAKE_IVL, 10000);
	zmq_setsockopt(link->router, ZMQ_MAXMSGSIZE, &(int64_t){CODEC_BYTES_MAX}, sizeof(int64_t));
	if (zmq_setsockopt(link->router, ZMQ_CURVE_SECRETKEY, secret_key, KEYS_TEXT) != 0 ||
	    zmq_setsockopt(link->router, ZMQ_ZAP_DOMAIN, "vehicles", 8) != 0 || zmq_bind(link->router, bind_to) != 0)
		return err_set(detail, ERR_UNAVAILABLE, "%s: cannot listen: %s", endpoint, zmq_strerror(errno));
	zmq_getsockopt(link->router, ZMQ_LAST_ENDPOINT, link->endpoint, &size);
	return ERR_OK;
}

static int open_zap(struct link *link, struct err_detail *detail)
{
	link->zap = zmq_socket(link->context, ZMQ_REP);
	if (!link->zap)
		return err_set(detail, ERR_UNAVAILABLE, "cannot make a socket: %s", zmq_strerror(errno));
	set_int(link->zap, ZMQ_LINGER, 0);
	if (zmq_bind(link->zap, ZAP_ENDPOINT) == 0 && pthread_create(&link->zap_thread, NULL, zap_run, link) == 0) {
		link->zap_runs = 1;
		return ERR_OK;
	}
	zmq_close(link->zap);
	return err_set(detail, ERR_UNAVAILABLE, "cannot start the key check: %s", zmq_strerror(errno));
}

static int open_event(struct link *link, struct event_base *base)
{
	int fd = -1;
	size_t size = sizeof fd;

	zmq_getsockopt(link->router, ZMQ_FD, &fd, &size);
	link->event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, link);
	if (!link->event || event_add(link->event, NULL) != 0)
		return ERR_MEMORY;
	event_active(link->event, EV_READ, 0); /* what came before we looked */
	return ERR_OK;
}

int link_open(struct link **ret_link, struct event_base *base, const char *endpoint, const char *secret_path,
	      void (*receive)(void *self, uint32_t vehicle, const struct wire_message *message), void *self,
	      struct err_detail *detail)
{
	char public_key[KEYS_TEXT], secret_key[KEYS_TEXT];
	struct link *link;
	int rc = link_keys(secret_path, public_key, secret_key, detail);

	if (rc)
		return rc;
	link = calloc(1, sizeof *link);
	if (!link)
		return ERR_MEMORY;
	link->receive = receive;
	link->self = self;
	pthread_mutex_init(&link->mutex, NULL);
	link->context = zmq_ctx_new();
	rc = link->context ? open_zap(link, detail) : ERR_MEMORY; /* before the first vehicle can knock */
	if (!rc)
		rc = open_router(link, endpoint, secret_key, detail);
	if (!rc)
		rc = open_event(link, base);
	if (rc)
		link_close(link);
	else
		*ret_link = link;
	return rc;
}

void link_close(struct link *link)
{
	if (!link)
		return;
	if (link->event)
		event_free(link->event);
	if (link->router)
		zmq_close(link->router);
	if (link->context)
		zmq_ctx_shutdown(link->context);
	if (link->zap_runs)
		pthread_join(link->zap_thread, NULL);
	if (link->context)
		zmq_ctx_term(link->context);
	pthread_mutex_destroy(&link->mutex);
	free(link->peers);
	free(link);
}

const char *link_endpoint(const struct link *link)
{
	return link->endpoint;
}

struct link_counts link_counts(const struct link *link)
{
	struct link_counts counts = link->counts;

	counts.refused_keys = atomic_load(&link->refused_keys);
	return counts;
}
