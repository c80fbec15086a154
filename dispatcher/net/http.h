/* HTTP for people: JSON API (openapi.yaml), server-sent events, pages and map tiles, on evhttp. TLS optional. Cookies:
 * none. */
#ifndef ZUB_HTTP_H
#define ZUB_HTTP_H

#include "err.h"
#include "host.h"

struct event_base;
struct http;
struct http_settings {
	const char *address;		 /* "127.0.0.1" */
	uint16_t port;			 /* 0 = any */
	const char *operator_token_path; /* made at first start, 0600 */
	const char *secret_path; /* 32 random bytes behind ride links and order keys, made at first start, 0600; NULL =
				    token path + ".key" */
	const char *web_folder;	 /* built pages */
	uint32_t connections_max, body_bytes_max, stream_buffer_max;
	int live_invented;			 /* the live times of trains are a demonstration's */
	const char *public_url;			 /* for links in replies, or NULL */
	const char *privacy_path, *imprint_path; /* text files of the operator's, or NULL */
	const char *reports_folder;		 /* finished simulation reports for the planner's page, or NULL */
	const char *day_path;			 /* where the figures at the day's beginning are kept, or NULL */
};
int http_open(struct http **ret_http, struct event_base *base, const struct http_settings *settings,
	      const struct host *host, struct err_detail *detail);
void http_close(struct http *http);
uint16_t http_port(const struct http *http);
/* A released update: streams to riders and operators. */
void http_update(struct http *http, const struct update *update);
/* Once per second of wall time: positions to streams, dead readers dropped. */
void http_tick(struct http *http);

#endif
