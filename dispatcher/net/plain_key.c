/* Keys of plain forms, and times as people of the town read them. */
#include "plain.h"
#include "zone.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* random part, dash, what we alone can make of it for this address */
static void key_text(const struct call *call, const char *action, const char *key, char text[PLAIN_KEY_BYTES])
{
	char random[33];
	snprintf(random, sizeof random, "%.32s", key);
	struct command_key mac = http_secret_key(&call->http->secret, "plain form", action, random);
	snprintf(text, PLAIN_KEY_BYTES, "%s-%016" PRIx64 "%016" PRIx64, random, mac.high, mac.low);
}

void plain_key_put(struct evbuffer *out, struct call *call, const char *action)
{
	struct http *http = call->http;
	char random[33], key[PLAIN_KEY_BYTES];
	snprintf(random, sizeof random, "%016" PRIx64 "%016" PRIx64, http->host.random(http->host.self),
		 http->host.random(http->host.self));
	key_text(call, action, random, key);
	html_put(out, "<input type=\"hidden\" name=\"key\" value=\"%s\">", key);
}

int plain_body_fields(struct call *call, struct evkeyvalq *fields)
{
	char *text = call->body_n < SIZE_MAX ? malloc(call->body_n + 1) : NULL;
	if (!text)
		return ERR_MEMORY;
	memcpy(text, call->body, call->body_n);
	text[call->body_n] = 0;
	int code = evhttp_parse_query_str(text, fields) == 0 ? ERR_OK : ERR_FORMAT;
	free(text);
	return code;
}

int plain_key_take(struct call *call, struct evkeyvalq *fields)
{
	char expected[PLAIN_KEY_BYTES] = "";
	const char *site = reply_header(call, "Sec-Fetch-Site");
	if (plain_body_fields(call, fields)) {
		reply_error(call, "not_form", NULL);
		return ERR_FORMAT;
	}
	const char *key = evhttp_find_header(fields, "key");
	if (key && strlen(key) == 65 && !(site && strcmp(site, "cross-site") == 0))
		key_text(call, call->path, key, expected);
	if (!expected[0] || !http_secret_equal(expected, key)) {
		reply_error(call, "not_form", NULL);
		return ERR_DENIED;
	}
	call->key = http_secret_key(&call->http->secret, "plain", call->path, key);
	return ERR_OK;
}

/* ---- times ---- */
const struct zone *plain_zone(struct http *http)
{
	const struct town *town = http_town(http);
	if (http->zone_town != town) {
		zone_close(&http->zone);
		zone_open(&http->zone, NULL, town_text(town, town->time_zone)); /* else UTC */
		http->zone_town = town;
	}
	return &http->zone;
}

void plain_time(struct http *http, instant_ms at, char text[16])
{
	struct zone_time local = zone_local(plain_zone(http), at);
	snprintf(text, 16, "%02d:%02d", local.hour % 24, local.minute % 60);
}

void plain_when(struct http *http, enum language language, instant_ms at, char text[64])
{
	static const char *const days[2][7] = {{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
					       {"So", "Mo", "Di", "Mi", "Do", "Fr", "Sa"}};
	static const char *const months[2][12] = {{"January", "February", "March", "April", "May", "June", "July",
						   "August", "September", "October", "November", "December"},
						  {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli",
						   "August", "September", "Oktober", "November", "Dezember"}};
	struct zone_time local = zone_local(plain_zone(http), at);
	struct zone_time now = zone_local(plain_zone(http), http->host.now(http->host.self));
	int german = language == LANGUAGE_DE;
	char day[48] = "";
	if (local.day != now.day || local.month != now.month || local.year != now.year)
		snprintf(day, sizeof day, german ? "%s, %d. %s, " : "%s %d %s, ", days[german][local.weekday % 7],
			 local.day, months[german][(local.month + 11) % 12]);
	snprintf(text, 64, "%s%02d:%02d", day, local.hour % 24, local.minute % 60);
}

void plain_field_time(struct http *http, instant_ms at, char text[24])
{
	struct zone_time local = zone_local(plain_zone(http), at);
	snprintf(text, 24, "%04d-%02d-%02dT%02d:%02d", local.year % 10000, local.month % 13, local.day % 32,
		 local.hour % 24, local.minute % 60);
}

void plain_price(enum language language, uint32_t cents, char text[32])
{
	if (cents == 0)
		snprintf(text, 32, "%s", plain_word(language, PLAIN_FREE));
	else
		snprintf(text, 32, language == LANGUAGE_DE ? "%u,%02u €" : "€%u.%02u", cents / 100, cents % 100);
}
