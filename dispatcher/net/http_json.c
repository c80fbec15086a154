#include "http_json.h"
#include "err.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum field_kind {
	FIELD_TEXT,
	FIELD_UINT8,
	FIELD_UINT32,
	FIELD_INT32,
	FIELD_INT64,
	FIELD_ID,
	FIELD_BOOL,
	FIELD_INSTANT,
	FIELD_DATE,
	FIELD_DEGREES,
	FIELD_CHOICE,
	FIELD_CODE,
	FIELD_OTHER
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	int64_t low, high;	    /* numbers: range; text: shortest, room; degrees: whole degrees */
	const char *const *choices; /* NULL-terminated; the index is stored */
	int (*other)(const json_t *value, void *body, struct json_error *error);
	int required;
};

static int fault(struct json_error *error, enum json_fault kind, const char *field)
{
	error->fault = kind;
	snprintf(error->field, sizeof error->field, "%s", field);
	return ERR_FORMAT;
}

/* Puts "prefix." before the field of an inner object's fault. */
static int fault_within(struct json_error *error, const char *prefix)
{
	char inner[sizeof error->field];
	memcpy(inner, error->field, sizeof inner);
	inner[sizeof inner - 1] = 0;
	if (inner[0])
		snprintf(error->field, sizeof error->field, "%.20s.%.40s", prefix, inner);
	else
		snprintf(error->field, sizeof error->field, "%s", prefix);
	return ERR_FORMAT;
}

static int read_text(const struct field *field, const json_t *value, char *to, struct json_error *error)
{
	if (!json_is_string(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	size_t n = json_string_length(value);
	if (n >= (size_t)field->high)
		return fault(error, JSON_TOO_LONG, field->name);
	if (n < (size_t)field->low)
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	const char *text = json_string_value(value);
	for (size_t i = 0; i < n; i++) { /* a line break or escape in a name helps nobody but an attacker */
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return fault(error, JSON_OUT_OF_RANGE, field->name);
	}
	memset(to, 0, (size_t)field->high);
	memcpy(to, text, n);
	return ERR_OK;
}

static int read_number(const struct field *field, const json_t *value, int64_t *ret_number, struct json_error *error)
{
	if (!json_is_integer(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	int64_t number = json_integer_value(value);
	if (number < field->low || number > field->high)
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	*ret_number = number;
	return ERR_OK;
}

static int read_degrees(const struct field *field, const json_t *value, int32_t *to, struct json_error *error)
{
	if (!json_is_number(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	double degrees = json_number_value(value);
	if (!(degrees >= (double)field->low && degrees <= (double)field->high))
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	*to = (int32_t)lround(degrees * 1e7);
	return ERR_OK;
}

static int read_choice(const struct field *field, const json_t *value, uint8_t *to, struct json_error *error)
{
	if (!json_is_string(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	for (uint8_t i = 0; field->choices[i]; i++) {
		if (field->choices[i][0] && strcmp(field->choices[i], json_string_value(value)) == 0) {
			*to = i;
			return ERR_OK;
		}
	}
	return fault(error, JSON_BAD_CHOICE, field->name);
}

static int read_instant_field(const struct field *field, const json_t *value, instant_ms *to, struct json_error *error)
{
	if (!json_is_string(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	if (http_json_read_instant(json_string_value(value), to))
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	return ERR_OK;
}

/* "2022-06-15" -> 20220615 */
static int read_date(const struct field *field, const json_t *value, uint32_t *to, struct json_error *error)
{
	unsigned year, month, day;
	int used = 0;
	if (!json_is_string(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	const char *text = json_string_value(value);
	if (strlen(text) != 10 || sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &used) != 3 || used != 10 ||
	    month < 1 || month > 12 || day < 1 || day > 31)
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	*to = year * 10000 + month * 100 + day;
	return ERR_OK;
}

/* "0423" -> 423 */
static int read_code(const struct field *field, const json_t *value, int64_t *to, struct json_error *error)
{
	if (!json_is_string(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	const char *text = json_string_value(value);
	if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	*to = strtol(text, NULL, 10);
	return ERR_OK;
}

static int read_id_field(const struct field *field, const json_t *value, uint64_t *to, struct json_error *error)
{
	if (!json_is_string(value))
		return fault(error, JSON_WRONG_TYPE, field->name);
	if (http_json_read_id(json_string_value(value), to))
		return fault(error, JSON_OUT_OF_RANGE, field->name);
	return ERR_OK;
}

static int read_integer(const struct field *field, const json_t *value, void *to, struct json_error *error)
{
	int64_t number = 0;
	if (read_number(field, value, &number, error))
		return ERR_FORMAT;
	switch (field->kind) {
	case FIELD_UINT8:
		*(uint8_t *)to = (uint8_t)number;
		break;
	case FIELD_UINT32:
		*(uint32_t *)to = (uint32_t)number;
		break;
	case FIELD_INT32:
		*(int32_t *)to = (int32_t)number;
		break;
	default:
		*(int64_t *)to = number;
	}
	return ERR_OK;
}

static int read_field(const struct field *field, const json_t *value, void *body, struct json_error *error)
{
	void *to = (char *)body + field->offset;
	switch (field->kind) {
	case FIELD_TEXT:
		return read_text(field, value, to, error);
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return fault(error, JSON_WRONG_TYPE, field->name);
		*(uint8_t *)to = json_is_true(value);
		return ERR_OK;
	case FIELD_ID:
		return read_id_field(field, value, to, error);
	case FIELD_INSTANT:
		return read_instant_field(field, value, to, error);
	case FIELD_DATE:
		return read_date(field, value, to, error);
	case FIELD_DEGREES:
		return read_degrees(field, value, to, error);
	case FIELD_CHOICE:
		return read_choice(field, value, to, error);
	case FIELD_CODE:
		return read_code(field, value, to, error);
	case FIELD_OTHER:
		return field->other(value, to, error) ? fault_within(error, field->name) : ERR_OK;
	default:
		return read_integer(field, value, to, error);
	}
}

static const struct field *find_field(const struct field *fields, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	}
	return NULL;
}

/* null counts as not given. */
static int read_object(const struct field *fields, size_t n, const json_t *object, void *body, struct json_error *error)
{
	if (!json_is_object(object))
		return fault(error, JSON_NOT_OBJECT, "");
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const struct field *field = find_field(fields, n, key);
		if (!field)
			return fault(error, JSON_UNKNOWN_FIELD, key);
		if (!json_is_null(value) && read_field(field, value, body, error))
			return ERR_FORMAT;
	}
	for (size_t i = 0; i < n; i++) {
		if (fields[i].required &&
		    json_is_null(json_object_get(object, fields[i].name) ? json_object_get(object, fields[i].name)
									 : json_null()))
			return fault(error, JSON_MISSING, fields[i].name);
	}
	return ERR_OK;
}

/* jansson recurses as deep as brackets nest; ours never nest deep. */
static int too_deep(const char *bytes, size_t n)
{
	int depth = 0;
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '{' || bytes[i] == '[') {
			if (++depth > 64)
				return 1;
		} else if ((bytes[i] == '}' || bytes[i] == ']') && depth > 0)
			depth--;
	}
	return 0;
}

static int read_body(const struct field *fields, size_t n_fields, const void *bytes, size_t n, void *body,
		     struct json_error *error)
{
	*error = (struct json_error){0};
	if (too_deep(bytes, n))
		return fault(error, JSON_NOT_JSON, "");
	json_error_t where;
	json_t *root = n ? json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &where) : json_object();
	if (!root)
		return fault(error, JSON_NOT_JSON, "");
	int code = read_object(fields, n_fields, root, body, error);
	json_decref(root);
	return code;
}

#define AT(type, member) offsetof(struct type, member)
#define TEXT(type, member, least, need)                                                                          \
	{                                                                                                        \
#member, FIELD_TEXT, AT(type, member), least, sizeof((struct type *)0)->member, NULL, NULL, need \
	}
#define NUMBER(kind, type, member, low, high, need)                          \
	{                                                                    \
#member, kind, AT(type, member), low, high, NULL, NULL, need \
	}
#define OTHER(type, member, reader, need)                                        \
	{                                                                        \
#member, FIELD_OTHER, AT(type, member), 0, 0, NULL, reader, need \
	}

/* ---- a ride request ---- */
static const struct field place_fields[] = {
	NUMBER(FIELD_UINT32, body_place, stop, 0, NONE - 1, 0),
	{"lat", FIELD_DEGREES, AT(body_place, point.lat_e7), -90, 90, NULL, NULL, 0},
	{"lon", FIELD_DEGREES, AT(body_place, point.lon_e7), -180, 180, NULL, NULL, 0},
};

/* Either a stop, or both coordinates. */
static int read_place(const json_t *value, void *to, struct json_error *error)
{
	struct body_place *place = to;
	*place = (struct body_place){.point = {INT32_MAX, INT32_MAX}, .stop = NONE};
	if (read_object(place_fields, COUNT_OF(place_fields), value, place, error))
		return ERR_FORMAT;
	if (place->stop != NONE)
		return place->point.lat_e7 == INT32_MAX && place->point.lon_e7 == INT32_MAX
			       ? ERR_OK
			       : fault(error, JSON_BAD_CHOICE, "stop");
	if (place->point.lat_e7 == INT32_MAX)
		return fault(error, JSON_MISSING, "lat");
	return place->point.lon_e7 == INT32_MAX ? fault(error, JSON_MISSING, "lon") : ERR_OK;
}

static int read_needs(const json_t *value, void *to, struct json_error *error)
{
	struct body_request *body = (struct body_request *)((char *)to - AT(body_request, needs));
	if (!json_is_object(value))
		return fault(error, JSON_NOT_OBJECT, "");
	const char *key;
	json_t *count;
	json_object_foreach((json_t *)(uintptr_t)value, key, count)
	{
		if (!json_is_integer(count))
			return fault(error, JSON_WRONG_TYPE, key);
		if (json_integer_value(count) < 0 || json_integer_value(count) > 99 ||
		    strlen(key) >= sizeof body->needs[0].name)
			return fault(error, JSON_OUT_OF_RANGE, key);
		if (json_integer_value(count) == 0)
			continue;
		if (body->n_needs == TOWN_NEEDS_MAX)
			return fault(error, JSON_TOO_LONG, "");
		struct body_need *need = &body->needs[body->n_needs++];
		snprintf(need->name, sizeof need->name, "%s", key);
		need->count = (uint8_t)json_integer_value(count);
	}
	return ERR_OK;
}

static const char *const tie_choices[] = {"", "from_trip", "to_trip", NULL};
static const struct field connection_fields[] = {
	{"kind", FIELD_CHOICE, AT(body_connection, tie_kind), 0, 0, tie_choices, NULL, 1},
	{"feed", FIELD_TEXT, AT(body_connection, key.feed), 1, sizeof((struct trip_key *)0)->feed, NULL, NULL, 1},
	{"trip_id", FIELD_TEXT, AT(body_connection, key.trip_id), 1, sizeof((struct trip_key *)0)->trip_id, NULL, NULL,
	 1},
	{"start_s", FIELD_INT32, AT(body_connection, key.start_s), -1, 864000, NULL, NULL, 0},
	{"service_date", FIELD_DATE, AT(body_connection, key.yyyymmdd), 0, 0, NULL, NULL, 1},
	{"stop_sequence", FIELD_UINT32, AT(body_connection, key.stop_sequence), 0, NONE - 1, NULL, NULL, 1},
};

static int read_connection(const json_t *value, void *to, struct json_error *error)
{
	((struct body_connection *)to)->key.start_s = -1;
	return read_object(connection_fields, COUNT_OF(connection_fields), value, to, error);
}

static const char *const time_choices[] = {"now", "leave_at", "arrive_by", NULL};
static const struct field request_fields[] = {
	OTHER(body_request, from, read_place, 1),
	OTHER(body_request, to, read_place, 1),
	{"time", FIELD_CHOICE, AT(body_request, time_kind), 0, 0, time_choices, NULL, 0},
	NUMBER(FIELD_INSTANT, body_request, at, 0, 0, 0),
	OTHER(body_request, needs, read_needs, 0),
	NUMBER(FIELD_INT64, body_request, walk_max_m, 0, 10000, 0),
	OTHER(body_request, connection, read_connection, 0),
	TEXT(body_request, name, 0, 0),
	TEXT(body_request, contact, 0, 0),
	TEXT(body_request, note, 0, 0),
};

int http_json_request(const void *bytes, size_t n, struct body_request *ret_body, struct json_error *error)
{
	struct body_request body = {.at = INSTANT_NONE, .walk_max_m = -1};
	if (read_body(request_fields, COUNT_OF(request_fields), bytes, n, &body, error))
		return ERR_FORMAT;
	if (body.time_kind != TIME_NOW && body.at == INSTANT_NONE && body.connection.tie_kind == TIE_NONE)
		return fault(error, JSON_MISSING, "at");
	*ret_body = body;
	return ERR_OK;
}

/* ---- everything else ---- */
#define READER(name, type, table, ...)                                                                     \
	int http_json_##name(const void *bytes, size_t n, struct type *ret_body, struct json_error *error) \
	{                                                                                                  \
		struct type body = {__VA_ARGS__};                                                          \
		int code = read_body(table, COUNT_OF(table), bytes, n, &body, error);                      \
		if (code == ERR_OK)                                                                        \
			*ret_body = body;                                                                  \
		return code;                                                                               \
	}

static const struct field accept_fields[] = {NUMBER(FIELD_UINT8, body_accept, offer, 0, CORE_OFFERS_MAX - 1, 1)};
READER(accept, body_accept, accept_fields, 0)

static const struct field cancel_fields[] = {TEXT(body_cancel, reason, 0, 0)};
READER(cancel, body_cancel, cancel_fields, {0})

static const struct field board_fields[] = {NUMBER(FIELD_CODE, body_board, code, 0, 0, 0)};
READER(board, body_board, board_fields, .code = -1)

static const struct field sign_on_fields[] = {
	TEXT(body_duty, who, 1, 1),
	NUMBER(FIELD_UINT32, body_duty, vehicles_max, 1, 1000, 0),
	NUMBER(FIELD_BOOL, body_duty, simulated, 0, 0, 0),
};
READER(sign_on, body_duty, sign_on_fields, .vehicles_max = 10)

static const struct field sign_off_fields[] = {TEXT(body_duty, who, 1, 1), TEXT(body_duty, to, 0, 0)};
READER(sign_off, body_duty, sign_off_fields, {0})

static const struct field order_fields[] = {
	TEXT(body_order, by, 1, 1),
	TEXT(body_order, reason, 1, 1),
	NUMBER(FIELD_UINT32, body_order, seen_epoch, 0, UINT32_MAX, 0),
	NUMBER(FIELD_UINT32, body_order, seen_version, 0, UINT32_MAX, 0),
};
READER(order, body_order, order_fields, {0})

/* A standstill is never refused for a missing field. */
static const struct field standstill_fields[] = {
	TEXT(body_order, by, 0, 0),
	TEXT(body_order, reason, 0, 0),
	NUMBER(FIELD_UINT32, body_order, seen_epoch, 0, UINT32_MAX, 0),
	NUMBER(FIELD_UINT32, body_order, seen_version, 0, UINT32_MAX, 0),
};
READER(standstill, body_order, standstill_fields, {0})

static const struct field release_fields[] = {
	TEXT(body_order, by, 1, 1),
	TEXT(body_order, approval, 1, 1),
	NUMBER(FIELD_INSTANT, body_order, until, 0, 0, 1),
};
READER(release, body_order, release_fields, {0})

static const char *const outcome_choices[] = {
	"", "home_by_shuttle", "home_by_fallback", "home_otherwise", "rider_declined", "settled", NULL};
static const struct field case_own_fields[] = {TEXT(body_case, who, 1, 1)};
READER(case_own, body_case, case_own_fields, {0})

static const struct field case_close_fields[] = {
	TEXT(body_case, who, 1, 1),
	{"outcome", FIELD_CHOICE, AT(body_case, outcome), 0, 0, outcome_choices, NULL, 1},
	TEXT(body_case, note, 0, 0),
};
READER(case_close, body_case, case_close_fields, {0})

static const struct field pause_fields[] = {
	NUMBER(FIELD_BOOL, body_pause, paused, 0, 0, 1),
	TEXT(body_pause, by, 1, 1),
	TEXT(body_pause, reason, 0, 0),
};
READER(pause, body_pause, pause_fields, 0)

static int read_points(const json_t *value, void *to, struct json_error *error)
{
	struct body_closure *body = (struct body_closure *)((char *)to - AT(body_closure, points));
	struct body_place place;
	size_t i;
	json_t *item;
	if (!json_is_array(value))
		return fault(error, JSON_WRONG_TYPE, "");
	if (json_array_size(value) > HTTP_POINTS_MAX)
		return fault(error, JSON_TOO_LONG, "");
	json_array_foreach((json_t *)(uintptr_t)value, i, item)
	{
		if (read_place(item, &place, error))
			return ERR_FORMAT;
		if (place.stop != NONE)
			return fault(error, JSON_UNKNOWN_FIELD, "stop");
		body->points[body->n_points++] = place.point;
	}
	return body->n_points ? ERR_OK : fault(error, JSON_MISSING, "");
}

static const struct field closure_fields[] = {
	OTHER(body_closure, points, read_points, 1),
	NUMBER(FIELD_BOOL, body_closure, one_direction, 0, 0, 0),
	NUMBER(FIELD_UINT32, body_closure, slow_percent, 0, WIRE_SLOW_MAX / 10, 0),
	NUMBER(FIELD_INSTANT, body_closure, until, 0, 0, 0),
	TEXT(body_closure, by, 1, 1),
	TEXT(body_closure, reason, 1, 1),
};
READER(closure, body_closure, closure_fields, .until = INSTANT_NONE)

static const struct field condition_fields[] = {
	TEXT(body_condition, name, 1, 1),
	NUMBER(FIELD_BOOL, body_condition, on, 0, 0, 1),
	TEXT(body_condition, by, 1, 1),
	TEXT(body_condition, reason, 1, 1),
};
READER(condition, body_condition, condition_fields)

static const struct field approval_fields[] = {
	NUMBER(FIELD_UINT32, body_approval, vehicle, 1, NONE - 1, 1),
	{"request", FIELD_ID, AT(body_approval, request), 0, 0, NULL, NULL, 1},
	NUMBER(FIELD_BOOL, body_approval, granted, 0, 0, 1),
	TEXT(body_approval, by, 1, 1),
	TEXT(body_approval, reason, 0, 0),
};
READER(approval, body_approval, approval_fields, 0)

static const struct field shift_fields[] = {
	NUMBER(FIELD_INSTANT, body_shift, from, 0, 0, 0),
	NUMBER(FIELD_INSTANT, body_shift, to, 0, 0, 0),
	TEXT(body_shift, by, 1, 1),
	TEXT(body_shift, reason, 1, 1),
};
READER(shift, body_shift, shift_fields, 0)

static const char *const notice_choices[] = {"", "", "acknowledged", "failed", NULL};
static const struct field notice_fields[] = {
	{"state", FIELD_CHOICE, AT(body_notice, state), 0, 0, notice_choices, NULL, 1},
};
READER(notice, body_notice, notice_fields, 0)

int http_json_empty(const void *bytes, size_t n, struct json_error *error)
{
	return read_body(NULL, 0, bytes, n, NULL, error);
}

/* ---- instants, degrees, ids ---- */
static int read_zone(const char *text, int64_t *ret_ms)
{
	unsigned hours, minutes;
	int used = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
		*ret_ms = 0;
		return ERR_OK;
	}
	if ((text[0] != '+' && text[0] != '-') || sscanf(text + 1, "%2u:%2u%n", &hours, &minutes, &used) != 2 ||
	    used != 5 || text[6] || hours > 14 || minutes > 59)
		return ERR_FORMAT;
	int64_t ms = (int64_t)hours * HOUR_MS + (int64_t)minutes * MINUTE_MS;
	*ret_ms = text[0] == '-' ? -ms : ms;
	return ERR_OK;
}

static int read_fraction(const char **text, int64_t *ret_ms)
{
	int64_t scale = 100;
	*ret_ms = 0;
	if (**text != '.')
		return ERR_OK;
	const char *p = *text + 1;
	if (*p < '0' || *p > '9')
		return ERR_FORMAT;
	for (; *p >= '0' && *p <= '9'; p++, scale /= 10)
		*ret_ms += (*p - '0') * scale;
	*text = p;
	return ERR_OK;
}

int http_json_read_instant(const char *text, instant_ms *ret_at)
{
	struct tm tm = {0};
	int used = 0;
	int64_t zone_ms, fraction_ms;
	if (strlen(text) > 40 || strspn(text, "0123456789-+:.TtZz") != strlen(text) ||
	    sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		   &tm.tm_sec, &used) != 6 ||
	    used != 19)
		return ERR_FORMAT;
	if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return ERR_FORMAT;
	const char *rest = text + used;
	if (read_fraction(&rest, &fraction_ms) || read_zone(rest, &zone_ms))
		return ERR_FORMAT;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_at = (instant_ms)timegm(&tm) * SECOND_MS + fraction_ms - zone_ms;
	return ERR_OK;
}

json_t *http_json_instant(instant_ms at)
{
	if (at < 0 || at > INT64_C(253402300799999))
		return json_null();
	time_t seconds = (time_t)(at / SECOND_MS);
	struct tm tm;
	char text[32];
	gmtime_r(&seconds, &tm);
	size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof text - n, ".%03dZ", (int)(at % SECOND_MS));
	return json_string(text);
}

json_t *http_json_degrees(int32_t e7)
{
	return json_real((double)e7 / 1e7);
}

json_t *http_json_id(uint64_t id)
{
	char text[20];
	snprintf(text, sizeof text, "%016llx", (unsigned long long)id);
	return json_string(text);
}

int http_json_read_id(const char *text, uint64_t *ret_id)
{
	size_t n = strlen(text);
	if (n < 1 || n > 16 || strspn(text, "0123456789abcdef") != n)
		return ERR_FORMAT;
	*ret_id = strtoull(text, NULL, 16);
	return ERR_OK;
}

/* Decimal degrees up to `most`; digits beyond the seventh behind the point are cut off. Returns what follows, or NULL.
 */
static const char *read_e7(const char *text, int64_t most, int32_t *ret_e7)
{
	int negative = *text == '-', digits = 0, places = -1;
	int64_t e7 = 0;
	for (text += negative; (*text >= '0' && *text <= '9') || (*text == '.' && places < 0); text++) {
		if (*text == '.') {
			places = 0;
			continue;
		}
		digits++;
		if (places == 7)
			continue;
		e7 = e7 * 10 + (*text - '0');
		places += places >= 0;
		if (digits > 20 || e7 > INT64_C(3600000000))
			return NULL;
	}
	for (; places < 7; places++) {
		e7 *= places < 0 ? 1 : 10;
		if (e7 > INT64_C(3600000000))
			return NULL;
	}
	if (digits == 0 || e7 > most * 10000000)
		return NULL;
	*ret_e7 = (int32_t)(negative ? -e7 : e7);
	return text;
}

int http_json_read_point(const char *text, struct geo_point *ret_point)
{
	struct geo_point point;
	const char *rest = read_e7(text, 90, &point.lat_e7);
	if (!rest || *rest != ',')
		return ERR_FORMAT;
	rest = read_e7(rest + 1, 180, &point.lon_e7);
	if (!rest || *rest)
		return ERR_FORMAT;
	*ret_point = point;
	return ERR_OK;
}
