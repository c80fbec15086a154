/* The vehicle's end of the link: ZeroMQ DEALER with CURVE. Connects, reconnects, and starts over with a fresh socket
 * when nothing has been heard for long (a refused key ends a ZeroMQ connection for good, and the server may have got a
 * new key). */
#ifndef ZUB_LINK_CLIENT_H
#define ZUB_LINK_CLIENT_H

#include "err.h"
#include "wire.h"
#include <stdint.h>

struct link_client;
struct link_client_options {
	const char *endpoint;	     /* "tcp://127.0.0.1:7700"; borrowed */
	const char *server_key_path; /* read at each start of a connection; may not exist yet; borrowed */
	const char *key_path;	     /* own key pair, made at first start */
	int64_t silence_ms;	     /* 0 = 10,000 */
};
int link_client_open(struct link_client **ret_client, const struct link_client_options *options,
		     struct err_detail *detail);
void link_client_close(struct link_client *client);
const char *link_client_public_key(const struct link_client *client);
/* Next message from the dispatcher, 0 = none; malformed ones are dropped and counted. */
int link_client_receive(struct link_client *client, struct wire_message *ret_message);
/* ERR_UNAVAILABLE when there is no connection now. */
int link_client_send(struct link_client *client, const struct wire_message *message);
/* Sleeps until a message is there, one of the n descriptors is readable, or wait_ms have passed. Bit i of the result:
 * descriptors[i] is readable. Starts over when the silence was too long. */
uint32_t link_client_wait(struct link_client *client, const int *descriptors, uint32_t n, int64_t wait_ms,
			  int64_t wall_ms);

#endif
