// link: zub_http zub_core zub_base PkgConfig::jansson
/* Secrets, words, instants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "http_json.h"
#include "http_secret.h"
#include "http_words.h"

static void links_name_one_ride_each(void **state)
{
	(void)state;
	struct http_secret secret = {{1, 2, 3}}, other = {{1, 2, 4}};
	char link[HTTP_LINK_CHARS], again[HTTP_LINK_CHARS];
	const uint64_t rides[] = {1, 2, UINT64_MAX, UINT64_C(0x0123456789abcdef)};
	for (size_t i = 0; i < COUNT_OF(rides); i++) {
		uint64_t ride = 0;
		http_secret_link(&secret, rides[i], link);
		http_secret_link(&secret, rides[i], again);
		assert_string_equal(link, again);
		assert_int_equal(strlen(link), HTTP_LINK_CHARS - 1);
		assert_int_equal(http_secret_ride(&secret, link, &ride), ERR_OK);
		assert_true(ride == rides[i]);
		assert_int_equal(http_secret_ride(&other, link, &ride), ERR_NOT_FOUND);
		link[5] = link[5] == 'x' ? 'y' : 'x';
		assert_int_equal(http_secret_ride(&secret, link, &ride), ERR_NOT_FOUND);
	}
	uint64_t ride;
	assert_int_equal(http_secret_ride(&secret, "", &ride), ERR_NOT_FOUND);
	assert_int_equal(http_secret_ride(&secret, "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!", &ride), ERR_NOT_FOUND);
}

static void keys_tell_orders_apart(void **state)
{
	(void)state;
	struct http_secret secret = {{9}};
	struct command_key a = http_secret_key(&secret, "x", "/p", "key"),
			   same = http_secret_key(&secret, "x", "/p", "key");
	struct command_key others[] = {
		http_secret_key(&secret, "y", "/p", "key"), http_secret_key(&secret, "x", "/q", "key"),
		http_secret_key(&secret, "x", "/p", "kez"), http_secret_key(&secret, "x/", "p", "key")};
	assert_true(a.high == same.high && a.low == same.low);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_false(a.high == others[i].high && a.low == others[i].low);
	assert_true(http_secret_equal("token", "token"));
	assert_false(http_secret_equal("token", "tokem"));
	assert_false(http_secret_equal("token", ""));
}

static void secret_files(void **state)
{
	(void)state;
	char folder[] = "/tmp/zub-parts-XXXXXX", path[64], token[HTTP_TOKEN_BYTES], again[HTTP_TOKEN_BYTES];
	struct err_detail detail = {""};
	struct http_secret secret, same;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/token", folder);
	assert_int_equal(http_secret_token(path, token, &detail), ERR_OK);
	assert_true(strlen(token) >= 32);
	assert_int_equal(http_secret_token(path, again, &detail), ERR_OK);
	assert_string_equal(token, again);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(http_secret_token(path, again, &detail), ERR_DENIED);
	assert_non_null(strstr(detail.text, path));
	FILE *file = fopen(path, "w");
	fputs("short\n", file);
	fclose(file);
	chmod(path, 0600);
	assert_int_equal(http_secret_token(path, again, &detail), ERR_FORMAT);
	unlink(path);
	assert_int_equal(http_secret_open(&secret, path, &detail), ERR_OK);
	assert_int_equal(http_secret_open(&same, path, &detail), ERR_OK);
	assert_memory_equal(secret.key, same.key, HTTP_SECRET_BYTES);
	assert_int_equal(truncate(path, 31), 0);
	assert_int_equal(http_secret_open(&same, path, &detail), ERR_FORMAT);
	unlink(path);
	rmdir(folder);
	assert_int_equal(http_secret_open(&same, path, &detail), ERR_IO);
}

static void every_name_has_words(void **state)
{
	(void)state;
	for (uint8_t i = 1; i < REFUSALS; i++) {
		assert_true(http_words_known("refusal", core_refusal_name(i)));
		assert_true(http_words_known("advice", core_refusal_name(i)));
	}
	for (uint8_t i = 1; i < OBSTACLES; i++)
		assert_true(http_words_known("obstacle", core_obstacle_name(i)));
	for (uint8_t i = 1; i < OFFER_REASONS; i++)
		assert_true(http_words_known("reason", core_reason_name(i)));
	for (uint8_t i = 1; i < CAUSES; i++)
		assert_true(http_words_known("cause", core_cause_name(i)));
	for (uint8_t i = 1; i < NOTICE_KINDS; i++)
		assert_true(http_words_known("notice", core_notice_name(i)));
	for (uint8_t i = 1; i < RIDE_STATES; i++)
		assert_true(http_words_known("state", core_ride_state_name(i)));
	assert_string_equal(http_words(LANGUAGE_DE, "error", "brand_new"), "brand_new");
}

static void languages(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		enum language language;
	} rows[] = {
		{NULL, LANGUAGE_EN},
		{"", LANGUAGE_EN},
		{"de", LANGUAGE_DE},
		{"de-AT,en;q=0.8", LANGUAGE_DE},
		{"fr, en;q=0.7, de;q=0.9", LANGUAGE_DE},
		{"en-GB,de;q=0.9", LANGUAGE_EN},
		{"fr", LANGUAGE_EN},
		{"de;q=0", LANGUAGE_EN},
		{",,;;q=,de;q=x", LANGUAGE_EN},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(http_words_language(rows[i].header), rows[i].language);
}

static void instants(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		instant_ms at;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2022-06-07T08:00:00+02:00", INT64_C(1654581600000)},
		{"2022-06-07T06:00:00.250Z", INT64_C(1654581600250)},
		{"2022-06-07T06:00:00.5-01:30", INT64_C(1654587000500)},
		{"2024-02-29T12:00:00z", INT64_C(1709208000000)},
	};
	static const char *const bad[] = {"",
					  "now",
					  "2022-06-07",
					  "2022-06-07T06:00:00",
					  "2022-6-7T06:00:00Z",
					  "2022-06-07 06:00:00Z",
					  "1969-12-31T23:59:59Z",
					  "2022-06-07T25:00:00Z",
					  "2022-06-07T06:00:00.Z",
					  "2022-06-07T06:00:00+2:00",
					  "2022-06-07T06:00:00Zx",
					  "2022-00-07T06:00:00Z"};
	instant_ms at;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_int_equal(http_json_read_instant(good[i].text, &at), ERR_OK);
		assert_true(at == good[i].at);
		json_t *json = http_json_instant(at);
		assert_int_equal(http_json_read_instant(json_string_value(json), &at), ERR_OK);
		assert_true(at == good[i].at);
		json_decref(json);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(http_json_read_instant(bad[i], &at), ERR_FORMAT);
	assert_true(json_is_null(http_json_instant(INSTANT_NONE)));
	assert_true(json_is_null(http_json_instant(INT64_MAX)));
}

static void whole_requests(void **state)
{
	(void)state;
	static const char text[] =
		"{\"from\":{\"lat\":49.4,\"lon\":-8.68},\"to\":{\"stop\":7},\"time\":\"arrive_by\",\"at\":\"2022-06-"
		"07T08:00:00+02:00\","
		"\"needs\":{\"wheelchair\":1,\"seat\":2,\"pram\":0},\"walk_max_m\":0,\"connection\":{\"kind\":\"to_"
		"trip\",\"feed\":\"vrn\","
		"\"trip_id\":\"t1\",\"service_date\":\"2022-06-07\",\"stop_sequence\":4},\"name\":\"Zoë\"}";
	struct body_request body;
	struct json_error error;
	assert_int_equal(http_json_request(text, strlen(text), &body, &error), ERR_OK);
	assert_int_equal(body.from.point.lat_e7, 494000000);
	assert_int_equal(body.from.point.lon_e7, -86800000);
	assert_true(body.from.stop == NONE && body.to.stop == 7);
	assert_int_equal(body.n_needs, 2);
	assert_int_equal(body.walk_max_m, 0);
	assert_int_equal(body.connection.tie_kind, TIE_TO_TRIP);
	assert_int_equal(body.connection.key.start_s, -1);
	assert_int_equal(body.connection.key.yyyymmdd, 20220607);
	assert_string_equal(body.name, "Zoë");
	for (size_t n = 0; n < strlen(text); n++) /* cut anywhere: never fine */
		assert_int_equal(http_json_request(text, n, &body, &error), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_name_one_ride_each),
		cmocka_unit_test(keys_tell_orders_apart),
		cmocka_unit_test(secret_files),
		cmocka_unit_test(every_name_has_words),
		cmocka_unit_test(languages),
		cmocka_unit_test(instants),
		cmocka_unit_test(whole_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
