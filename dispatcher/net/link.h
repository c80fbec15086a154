/* The vehicle link on real sockets: ZeroMQ ROUTER with CURVE; a vehicle's key is its identity (ZAP sets User-Id =
 * vehicle number). Runs inside the caller's libevent loop, no thread but the ZAP handler's. Unknown keys are refused
 * and counted. */
#ifndef ZUB_LINK_H
#define ZUB_LINK_H

#include "err.h"
#include "keys.h"
#include "wire.h"

struct event_base;
struct link;
struct link_key { /* an enrolled vehicle */
	uint32_t vehicle;
	char public_key[41]; /* Z85 */
};
/* secret_path: server key pair, made at first start with mode 0600 (public key beside it as PATH.pub). */
int link_open(struct link **ret_link, struct event_base *base, const char *endpoint, const char *secret_path,
	      void (*receive)(void *self, uint32_t vehicle, const struct wire_message *message), void *self,
	      struct err_detail *detail);
void link_close(struct link *link);
/* Replaces the set of admitted keys (copied). ERR_FORMAT, ERR_EXISTS (a key twice). */
int link_admit(struct link *link, const struct link_key *keys, uint32_t n, struct err_detail *detail);
/* Queues to a vehicle; ERR_UNAVAILABLE when it is not connected (dock repeats). */
int link_send(struct link *link, uint32_t vehicle, const struct wire_message *message);
/* The bound endpoint ("tcp://127.0.0.1:49152" also when port 0 was asked). */
const char *link_endpoint(const struct link *link);
struct link_counts {
	uint64_t received, sent, refused_keys, malformed, dropped;
};
struct link_counts link_counts(const struct link *link);

#endif
