#include "link_client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "codec.h"
#include "keys.h"

#define DESCRIPTORS_MAX 4

struct link_client {
	void *context, *socket; /* socket NULL: the server's key is not there yet */
	struct link_client_options options;
	char public_key[KEYS_TEXT], secret_key[KEYS_TEXT];
	int64_t heard_wall; /* or when the connection was started */
	int heard;	    /* since the last wait */
	uint64_t malformed;
};

static void set_int(void *socket, int option, int value)
{
	int rc = zmq_setsockopt(socket, option, &value, sizeof value);

	assert(rc == 0); /* options and values of ours, known to every libzmq we build with */
	(void)rc;
}

static void client_disconnect(struct link_client *client)
{
	if (client->socket)
		zmq_close(client->socket);
	client->socket = NULL;
}

/* ERR_NOT_FOUND: no server key yet. */
static int client_connect(struct link_client *client, struct err_detail *detail)
{
	char server_key[KEYS_TEXT];
	int rc = keys_read_public(client->options.server_key_path, server_key, detail);

	client_disconnect(client);
	if (rc)
		return rc;
	client->socket = zmq_socket(client->context, ZMQ_DEALER);
	if (!client->socket)
		return err_set(detail, ERR_UNAVAILABLE, "cannot make a socket: %s", zmq_strerror(errno));
	set_int(client->socket, ZMQ_LINGER, 0);
	set_int(client->socket, ZMQ_IMMEDIATE, 1); /* what cannot be sent now is made anew later, not queued */
	set_int(client->socket, ZMQ_RECONNECT_IVL, 100);
	set_int(client->socket, ZMQ_RECONNECT_IVL_MAX, 1000);
	set_int(client->socket, ZMQ_HEARTBEAT_IVL, 2000);
	set_int(client->socket, ZMQ_HEARTBEAT_TIMEOUT, 6000);
	zmq_setsockopt(client->socket, ZMQ_MAXMSGSIZE, &(int64_t){CODEC_BYTES_MAX}, sizeof(int64_t));
	if (zmq_setsockopt(client->socket, ZMQ_CURVE_SERVERKEY, server_key, KEYS_TEXT) != 0 ||
	    zmq_setsockopt(client->socket, ZMQ_CURVE_PUBLICKEY, client->public_key, KEYS_TEXT) != 0 ||
	    zmq_setsockopt(client->socket, ZMQ_CURVE_SECRETKEY, client->secret_key, KEYS_TEXT) != 0 ||
	    zmq_connect(client->socket, client->options.endpoint) != 0) {
		rc = err_set(detail, ERR_USAGE, "%s: cannot connect: %s", client->options.endpoint,
			     zmq_strerror(errno));
		client_disconnect(client);
	}
	return rc;
}

int link_client_open(struct link_client **ret_client, const struct link_client_options *options,
		     struct err_detail *detail)
{
	struct link_client *client = calloc(1, sizeof *client);
	int rc;

	if (!client)
		return ERR_MEMORY;
	client->options = *options;
	if (!client->options.silence_ms)
		client->options.silence_ms = 10000;
	client->context = zmq_ctx_new();
	rc = client->context ? link_keys(options->key_path, client->public_key, client->secret_key, detail)
			     : ERR_MEMORY;
	if (!rc)
		rc = client_connect(client, detail);
	if (rc == ERR_NOT_FOUND)
		rc = ERR_OK; /* the dispatcher has not started for the first time: tried again */
	if (rc)
		link_client_close(client);
	else
		*ret_client = client;
	return rc;
}

void link_client_close(struct link_client *client)
{
	if (!client)
		return;
	client_disconnect(client);
	if (client->context)
		zmq_ctx_term(client->context);
	free(client);
}

const char *link_client_public_key(const struct link_client *client)
{
	return client->public_key;
}

int link_client_receive(struct link_client *client, struct wire_message *ret_message)
{
	zmq_msg_t frame;
	int got = 0, n = client->socket ? 0 : -1;

	zmq_msg_init(&frame);
	while (!got && n >= 0) {
		n = zmq_msg_recv(&frame, client->socket, ZMQ_DONTWAIT);
		if (n < 0)
			break;
		client->heard = 1;
		got = !codec_decode(zmq_msg_data(&frame), zmq_msg_size(&frame), ret_message, NULL);
		client->malformed += !got;
	}
	zmq_msg_close(&frame);
	return got;
}

int link_client_send(struct link_client *client, const struct wire_message *message)
{
	uint8_t bytes[CODEC_BYTES_MAX];
	size_t n = 0;
	int rc = codec_encode(message, bytes, sizeof bytes, &n);

	if (rc)
		return rc;
	if (!client->socket || zmq_send(client->socket, bytes, n, ZMQ_DONTWAIT) < 0)
		return ERR_UNAVAILABLE;
	return ERR_OK;
}

uint32_t link_client_wait(struct link_client *client, const int *descriptors, uint32_t n, int64_t wait_ms,
			  int64_t wall_ms)
{
	zmq_pollitem_t items[DESCRIPTORS_MAX + 1] = {0};
	uint32_t readable = 0;

	assert(n <= DESCRIPTORS_MAX);
	if (client->heard || !client->heard_wall)
		client->heard_wall = wall_ms;
	client->heard = 0;
	if (wall_ms - client->heard_wall > client->options.silence_ms ||
	    (!client->socket && wall_ms - client->heard_wall > 500)) {
		(void)client_connect(client, NULL);
		client->heard_wall = wall_ms;
	}
	for (uint32_t i = 0; i < n; i++)
		items[i] = (zmq_pollitem_t){.fd = descriptors[i], .events = ZMQ_POLLIN | ZMQ_POLLERR};
	items[n] = (zmq_pollitem_t){.socket = client->socket, .events = ZMQ_POLLIN};
	if (zmq_poll(items, (int)n + (client->socket != NULL), wait_ms) <= 0)
		return 0;
	for (uint32_t i = 0; i < n; i++)
		readable |= (uint32_t)(items[i].revents != 0) << i; /* a closed pipe is an error here: read tells */
	return readable;
}
