/* Bodies of HTTP requests: bytes -> checked structs, by one table of fields per body. Strict: one object, no unknown
 * and no doubled fields, every number in its range, every text valid UTF-8 and short enough. What is wrong is said by
 * field and kind; the words in German and English are http_words.c's. No socket, no core: this is what the fuzzer
 * feeds. */
#ifndef ZUB_HTTP_JSON_H
#define ZUB_HTTP_JSON_H

#include "core.h"
#include "geo.h"
#include "units.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_JSON_DEPTH_MAX 8
#define HTTP_NAME_BYTES 96
#define HTTP_NOTE_BYTES 256

enum json_fault {
	JSON_FINE = 0,
	JSON_NOT_JSON,
	JSON_NOT_OBJECT,
	JSON_UNKNOWN_FIELD,
	JSON_MISSING,
	JSON_WRONG_TYPE,
	JSON_OUT_OF_RANGE,
	JSON_TOO_LONG,
	JSON_BAD_CHOICE
};
struct json_error {
	enum json_fault fault;
	char field[64]; /* "from.lat"; "" = the whole body */
};

struct body_place {
	struct geo_point point;
	uint32_t stop; /* virtual stop, or NONE */
};
struct body_connection {
	struct trip_key key;
	uint8_t tie_kind; /* enum tie_kind */
};
struct body_need {
	char name[32];
	uint8_t count;
};
struct body_request {
	struct body_place from, to;
	uint8_t time_kind; /* enum time_kind */
	instant_ms at;	   /* INSTANT_NONE when not given */
	struct body_need needs[TOWN_NEEDS_MAX];
	uint32_t n_needs;
	int64_t walk_max_m;		   /* -1 = not given */
	struct body_connection connection; /* tie_kind TIE_NONE = none */
	char name[HTTP_NAME_BYTES], contact[HTTP_NAME_BYTES], note[HTTP_NOTE_BYTES];
};
struct body_accept {
	uint8_t offer;
};
struct body_cancel {
	char reason[CORE_REASON_MAX];
};
struct body_board {
	int64_t code; /* -1 = not given (operator only) */
};
struct body_duty {
	char who[CORE_WHO_MAX], to[CORE_WHO_MAX];
	uint32_t vehicles_max;
	uint8_t simulated;
};
struct body_order {
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX], approval[CORE_REASON_MAX];
	instant_ms until; /* release */
	uint32_t seen_epoch, seen_version;
};
struct body_case {
	char who[CORE_WHO_MAX], note[CORE_REASON_MAX];
	uint8_t outcome; /* enum case_outcome */
};
struct body_pause {
	uint8_t paused;
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
#define HTTP_POINTS_MAX 32
struct body_closure {
	struct geo_point points[HTTP_POINTS_MAX];
	uint32_t n_points;
	uint8_t one_direction;
	uint32_t slow_percent; /* 0 = closed */
	instant_ms until;      /* INSTANT_NONE when not given */
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
struct body_condition {
	char name[CORE_WHO_MAX];
	uint8_t on;
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
struct body_approval {
	uint32_t vehicle;
	uint64_t request;
	uint8_t granted;
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
struct body_shift {
	instant_ms from, to; /* both or neither */
	char by[CORE_WHO_MAX], reason[CORE_REASON_MAX];
};
struct body_notice {
	uint8_t state; /* enum notice_state */
};

/* Each fills its struct, or leaves a fault in error and returns ERR_FORMAT. An empty body counts as {}. */
int http_json_request(const void *bytes, size_t n, struct body_request *ret_body, struct json_error *error);
int http_json_accept(const void *bytes, size_t n, struct body_accept *ret_body, struct json_error *error);
int http_json_cancel(const void *bytes, size_t n, struct body_cancel *ret_body, struct json_error *error);
int http_json_board(const void *bytes, size_t n, struct body_board *ret_body, struct json_error *error);
int http_json_sign_on(const void *bytes, size_t n, struct body_duty *ret_body, struct json_error *error);
int http_json_sign_off(const void *bytes, size_t n, struct body_duty *ret_body, struct json_error *error);
int http_json_order(const void *bytes, size_t n, struct body_order *ret_body, struct json_error *error);
int http_json_standstill(const void *bytes, size_t n, struct body_order *ret_body,
			 struct json_error *error); /* all optional */
int http_json_release(const void *bytes, size_t n, struct body_order *ret_body, struct json_error *error);
int http_json_case_own(const void *bytes, size_t n, struct body_case *ret_body, struct json_error *error);
int http_json_case_close(const void *bytes, size_t n, struct body_case *ret_body, struct json_error *error);
int http_json_pause(const void *bytes, size_t n, struct body_pause *ret_body, struct json_error *error);
int http_json_closure(const void *bytes, size_t n, struct body_closure *ret_body, struct json_error *error);
int http_json_condition(const void *bytes, size_t n, struct body_condition *ret_body, struct json_error *error);
int http_json_approval(const void *bytes, size_t n, struct body_approval *ret_body, struct json_error *error);
int http_json_shift(const void *bytes, size_t n, struct body_shift *ret_body, struct json_error *error);
int http_json_notice(const void *bytes, size_t n, struct body_notice *ret_body, struct json_error *error);
int http_json_empty(const void *bytes, size_t n, struct json_error *error);

/* "2022-06-15T08:30:00Z", ".250Z", "+02:00"; ERR_FORMAT. */
int http_json_read_instant(const char *text, instant_ms *ret_at);
/* "2022-06-15T08:30:00.000Z"; null for INSTANT_NONE and beyond the years 1970 to 9999. New reference. */
json_t *http_json_instant(instant_ms at);
/* "49.41,8.69": latitude and longitude; ERR_FORMAT, ERR_RANGE. */
int http_json_read_point(const char *text, struct geo_point *ret_point);
/* Degrees. New reference. */
json_t *http_json_degrees(int32_t e7);
/* A 64-bit number as 16 hex digits (JSON numbers of this size are not safe in browsers). New reference. */
json_t *http_json_id(uint64_t id);
/* ERR_FORMAT. */
int http_json_read_id(const char *text, uint64_t *ret_id);

#endif
