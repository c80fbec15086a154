/* Inside the HTTP server: pages that need no script. Server-made HTML for booking, following and cancelling; every
 * order goes the way of the JSON API's. Each form carries a key made by us for its own address: it is the order's
 * Idempotency-Key, so that sending a form twice is harmless, and other sites cannot make one. */
#ifndef ZUB_PLAIN_H
#define ZUB_PLAIN_H

#include "html.h"
#include "http_server.h"
#include "plain_words.h"

#define PLAIN_TEXT_BYTES 128
#define PLAIN_VALUE_BYTES 40
#define PLAIN_KEY_BYTES 72
#define PLAIN_FOUND_MOST 8
#define PLAIN_NOTHING_WRONG PLAIN_WORD_COUNT

struct plain_found {
	char value[PLAIN_VALUE_BYTES], text[PLAIN_TEXT_BYTES]; /* "s12" (a stop) or "49.4102,8.6931" */
};
struct plain_place {
	char text[PLAIN_TEXT_BYTES]; /* as typed */
	char value[PLAIN_VALUE_BYTES];
	struct body_place place; /* valid when value is not empty */
	struct plain_found found[PLAIN_FOUND_MOST];
	uint32_t n_found;      /* to choose from, when value is empty */
	enum plain_word wrong; /* or PLAIN_NOTHING_WRONG */
};
struct plain_form {
	struct plain_place from, to;
	uint8_t time_kind; /* enum time_kind */
	char at[24];	   /* "2026-05-31T14:30" */
	instant_ms at_instant;
	enum plain_word at_wrong;
	uint8_t counts[TOWN_NEEDS_MAX];
	int walk_m;
	char client[36]; /* a name for "one open request per client"; lives in the form alone */
	uint8_t only_show;
};

/* ---- plain_form.c ---- */
void plain_form_new(struct plain_form *form, struct http *http);
/* Fields of a body or a query; unknown ones are ignored. */
void plain_form_read(struct plain_form *form, struct http *http, const struct evkeyvalq *fields,
		     enum language language);
/* Looks both places up and reads the time; 1 when a request can be made of it. */
int plain_form_complete(struct plain_form *form, struct http *http, enum language language);
void plain_form_body(const struct plain_form *form, const struct town *town, struct body_request *ret_body);
void plain_form_put(struct evbuffer *out, struct call *call, const struct plain_form *form);
/* All fields, unseen: for the list of stops. */
void plain_form_put_hidden(struct evbuffer *out, const struct plain_form *form, const struct town *town);
/* A stop in words: name, street, side, step-free or not. */
void plain_stop_text(const struct town *town, uint32_t stop, enum language language, char *text, size_t size);

/* ---- plain_key.c: keys of forms, times ---- */
void plain_key_put(struct evbuffer *out, struct call *call, const char *action);
/* The body's fields; ERR_FORMAT, ERR_MEMORY. */
int plain_body_fields(struct call *call, struct evkeyvalq *fields);
/* Reads the body into fields and takes its key as that of the order. Answers what is wrong itself. */
int plain_key_take(struct call *call, struct evkeyvalq *fields);
const struct zone *plain_zone(struct http *http);
void plain_time(struct http *http, instant_ms at, char text[16]); /* "14:05" */
void plain_when(struct http *http, enum language language, instant_ms at,
		char text[64]);						/* with the day when it is not today */
void plain_field_time(struct http *http, instant_ms at, char text[24]); /* as a form field wants it */
void plain_price(enum language language, uint32_t cents, char text[32]);

/* ---- plain.c ---- */
struct evbuffer *plain_page_open(struct call *call, const char *title);
/* Takes the buffer. */
void plain_page_send(struct call *call, int status, struct evbuffer *out);
void plain_redirect(struct call *call, const char *path);

/* ---- plain_ride.c ---- */
void plain_ride_show(struct call *call);
void plain_ride_accept(struct call *call);
void plain_ride_ask_cancel(struct call *call);
void plain_ride_cancel(struct call *call);
void plain_ride_coming(struct call *call);
void plain_ride_board(struct call *call);
void plain_ride_read(struct call *call);

/* ---- plain_text.c: privacy, imprint, licences ---- */
void plain_put_attribution(struct evbuffer *out, const struct town *town);
void plain_text_privacy(struct call *call);
void plain_text_imprint(struct call *call);
void plain_text_licences(struct call *call);

#endif
