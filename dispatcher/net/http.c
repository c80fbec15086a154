/* Opening and closing the server, limits on connections. */
#include "http.h"
#include "array.h"
#include "http_server.h"
#include "tiles.h"
#include <arpa/inet.h>
#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define HEADER_BYTES_MAX 16384
#define IDLE_SECONDS 30
#define LOOK_AGAIN_US 50000
#define BACKLOG 128

/* ---- connections: evhttp 2.1 has no limit of its own. We hold one more reference to each connection's buffer; evhttp
 * takes its callbacks off when it is done with it, and that is how we see it. When all places are taken, nobody is
 * accepted: newcomers wait in the kernel's queue instead of being cut off. ---- */
struct http_hold {
	struct bufferevent *bufev;
};

static int is_done(struct bufferevent *bufev)
{
	bufferevent_data_cb readcb = NULL, writecb = NULL;
	bufferevent_event_cb eventcb = NULL;
	bufferevent_getcb(bufev, &readcb, &writecb, &eventcb, NULL);
	return !readcb && !writecb && !eventcb;
}

static void holds_sweep(struct http *http, int all)
{
	size_t kept = 0;
	for (size_t i = 0; i < http->n_connections; i++) {
		if (all || is_done(http->holds[i].bufev))
			bufferevent_decref(http->holds[i].bufev);
		else
			http->holds[kept++] = http->holds[i];
	}
	http->n_connections = kept;
}

static void accept_or_not(struct http *http)
{
	if (http->n_connections < http->settings.connections_max) {
		evconnlistener_enable(http->listener);
		return;
	}
	evconnlistener_disable(http->listener);
	event_add(http->look_again, &(struct timeval){.tv_usec = LOOK_AGAIN_US});
}

static void on_look_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	holds_sweep(arg, 0);
	accept_or_not(arg);
}

static struct bufferevent *on_connection(struct event_base *base, void *arg)
{
	struct http *http = arg;
	if (http->n_connections >= http->settings.connections_max - 1)
		holds_sweep(http, 0); /* before the new one: it has no callbacks yet */
	struct bufferevent *bufev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (bufev && array_push(http->holds, http->n_connections, http->cap_holds, (struct http_hold){bufev}) == ERR_OK)
		bufferevent_incref(bufev);
	accept_or_not(http); /* what came in the same burst is still accepted: at most BACKLOG over the limit */
	return bufev;
}

/* ---- open and close ---- */
static int parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret_address, int *ret_length)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
	memset(ret_address, 0, sizeof *ret_address);
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_length = sizeof *v4;
		return ERR_OK;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return ERR_FORMAT;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	*ret_length = sizeof *v6;
	return ERR_OK;
}

static int bind_socket(struct http *http, struct err_detail *detail)
{
	struct sockaddr_storage address;
	int length, one = 1;
	const char *text = http->settings.address;
	if (parse_address(text, http->settings.port, &address, &length))
		return err_set(detail, ERR_FORMAT, "http: \"%s\" is not an IPv4 or IPv6 address", text);
	http->listener = evconnlistener_new_bind(http->base, NULL, NULL,
						 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
						 BACKLOG, (struct sockaddr *)&address, length);
	if (!http->listener)
		return err_set(detail, errno == EADDRINUSE ? ERR_BUSY : ERR_IO, "http: cannot listen on %s port %u: %s",
			       text, http->settings.port, strerror(errno));
	/* accepted sockets inherit it: small answers and events leave at once */
	setsockopt(evconnlistener_get_fd(http->listener), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return evhttp_bind_listener(http->evhttp, http->listener) ? ERR_OK : ERR_MEMORY;
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static int open_secrets(struct http *http, struct err_detail *detail)
{
	char path[4096];
	const char *token = http->settings.operator_token_path;
	if (!token || (size_t)snprintf(path, sizeof path, "%s.key", token) >= sizeof path)
		return err_set(detail, ERR_USAGE, "http: the path of the operators' token file is missing or too long");
	int code = http_secret_token(token, http->token, detail);
	return code ? code
		    : http_secret_open(&http->secret, http->settings.secret_path ? http->settings.secret_path : path,
				       detail);
}

static void set_limits(struct http *http)
{
	evhttp_set_max_headers_size(http->evhttp, HEADER_BYTES_MAX);
	evhttp_set_max_body_size(http->evhttp, http->settings.body_bytes_max);
	evhttp_set_timeout(http->evhttp, IDLE_SECONDS);
	evhttp_set_allowed_methods(http->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
							 EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_default_content_type(http->evhttp, NULL);
	evhttp_set_bevcb(http->evhttp, on_connection, http);
	evhttp_set_gencb(http->evhttp, http_dispatch, http);
}

static void copy_settings(struct http *http, const struct http_settings *settings)
{
	http->settings = *settings;
	http->settings.address = copy(settings->address ? settings->address : "127.0.0.1");
	http->settings.operator_token_path = copy(settings->operator_token_path);
	http->settings.secret_path = copy(settings->secret_path);
	http->settings.web_folder = copy(settings->web_folder);
	http->settings.public_url = copy(settings->public_url);
	http->settings.privacy_path = copy(settings->privacy_path);
	http->settings.imprint_path = copy(settings->imprint_path);
	http->settings.reports_folder = copy(settings->reports_folder);
	http->settings.day_path = copy(settings->day_path);
	if (http->settings.connections_max < 4)
		http->settings.connections_max = 1024;
	if (http->settings.body_bytes_max == 0)
		http->settings.body_bytes_max = 65536;
	if (http->settings.stream_buffer_max == 0)
		http->settings.stream_buffer_max = 1u << 20;
}

static int open_all(struct http *http, struct err_detail *detail)
{
	if (!http->settings.address)
		return ERR_MEMORY;
	int code = open_secrets(http, detail);
	if (!code)
		code = files_open(http, detail);
	if (!code)
		code = plain_texts_open(http, detail);
	http->look_again = evtimer_new(http->base, on_look_again, http);
	if (!code && (!http->look_again || !(http->evhttp = evhttp_new(http->base))))
		code = ERR_MEMORY;
	if (code)
		return code;
	set_limits(http);
	return bind_socket(http, detail);
}

int http_open(struct http **ret_http, struct event_base *base, const struct http_settings *settings,
	      const struct host *host, struct err_detail *detail)
{
	struct http *http = calloc(1, sizeof *http);
	if (!http)
		return err_set(detail, ERR_MEMORY, "http: out of memory");
	signal(SIGPIPE,
	       SIG_IGN); /* libevent writes with writev, which has no MSG_NOSIGNAL: readers that left must not end us */
	http->base = base;
	http->host = *host;
	copy_settings(http, settings);
	int code = open_all(http, detail);
	if (code) {
		http_close(http);
		return code;
	}
	*ret_http = http;
	return ERR_OK;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	http->closing = 1;
	calls_close(http);
	streams_close(http);
	if (http->evhttp)
		evhttp_free(http->evhttp);
	holds_sweep(http, 1);
	if (http->look_again)
		event_free(http->look_again);
	files_close(http);
	tiles_close(http->tiles);
	arena_close(&http->transit_arena);
	zone_close(&http->zone);
	free(http->privacy);
	free(http->imprint);
	free((char *)(uintptr_t)http->settings.address);
	free((char *)(uintptr_t)http->settings.operator_token_path);
	free((char *)(uintptr_t)http->settings.secret_path);
	free((char *)(uintptr_t)http->settings.web_folder);
	free((char *)(uintptr_t)http->settings.public_url);
	free((char *)(uintptr_t)http->settings.privacy_path);
	free((char *)(uintptr_t)http->settings.imprint_path);
	free((char *)(uintptr_t)http->settings.reports_folder);
	free((char *)(uintptr_t)http->settings.day_path);
	free(http->holds);
	free(http);
}

uint16_t http_port(const struct http *http)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	if (getsockname(evconnlistener_get_fd(http->listener), (struct sockaddr *)&address, &length) != 0)
		return 0;
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
						   : ((struct sockaddr_in *)&address)->sin_port);
}

void http_update(struct http *http, const struct update *update)
{
	if (http->closing)
		return;
	transit_update(http, update);
	streams_update(http, update);
}

void http_tick(struct http *http)
{
	holds_sweep(http, 0);
	accept_or_not(http);
	streams_tick(http);
	planner_tick(http);
}
