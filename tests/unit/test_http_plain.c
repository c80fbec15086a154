// link: zub_http zub_core zub_route zub_drawn_town PkgConfig::libevent_core PkgConfig::jansson
/* Pages without script, as a browser uses them: read the form, send its fields, follow the redirect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "html.h"
#include "http_rig.h"
#include "plain_words.h"
#include "zone.h"
#include <event2/buffer.h>

static const char *const grid = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"E-----F-----G-----H\n";

static struct http_rig rig;

static int open_rig(void **state)
{
	(void)state;
	http_rig_open_watched(&rig, &(struct drawn_options){.drawing = grid, .metres_per_char = 50}, 'A', 'B');
	return 0;
}

static int close_rig(void **state)
{
	(void)state;
	http_rig_close(&rig);
	return 0;
}

/* The value of the first hidden field of this name after the form with this action. */
static void hidden(const struct http_answer *page, const char *action, const char *name, char value[128])
{
	char mark[160];
	snprintf(mark, sizeof mark, "action=\"%s?", action);
	const char *form = strstr(page->body, mark);
	assert_non_null(form);
	snprintf(mark, sizeof mark, "name=\"%s\" value=\"", name);
	const char *field = strstr(form, mark);
	assert_non_null(field);
	field += strlen(mark);
	snprintf(value, 128, "%.*s", (int)strcspn(field, "\""), field);
}

static void place_field(char *text, size_t size, char mark)
{
	struct geo_point point = drawn_point(&rig.drawn, mark);
	snprintf(text, size, "%.7f%%2C%.7f", point.lat_e7 / 1e7, point.lon_e7 / 1e7);
}

static struct http_answer send_form(const char *path, const char *body)
{
	return http_ask(&rig, "POST", path, NULL, body);
}

static struct http_answer get_page(const char *path)
{
	return http_ask(&rig, "GET", path, NULL, NULL);
}

static void location(const struct http_answer *answer, char path[256])
{
	assert_int_equal(answer->status, 303);
	const char *at = strstr(answer->head, "Location: ");
	assert_non_null(at);
	snprintf(path, 256, "%.*s", (int)strcspn(at + 10, "\r"), at + 10);
}

static void booking_body(char *body, size_t size, const char *key, char from, char to, const char *more)
{
	char a[64], b[64];
	place_field(a, sizeof a, from);
	place_field(b, sizeof b, to);
	snprintf(body, size, "key=%s&client=me-%.8s&from=%s&to=%s&when=now&at=&walk=500%s", key, key, a, b, more);
}

/* Sends the form of one ride's page; returns where it leads. */
static void order(const char *ride, const char *what, const char *more, char next[256])
{
	char action[192], key[128], body[256];
	struct http_answer page = get_page(ride);
	assert_int_equal(page.status, 200);
	snprintf(action, sizeof action, "%.*s%s", (int)strcspn(ride, "?"), ride, what);
	hidden(&page, action, "key", key);
	snprintf(body, sizeof body, "key=%s%s", key, more);
	struct http_answer answer = send_form(action, body);
	location(&answer, next);
	http_forget(&answer);
	http_forget(&page);
}

static void book(char from, char to, char ride[256])
{
	char key[128], body[512];
	struct http_answer form = get_page("/plain?lang=en");
	assert_int_equal(form.status, 200);
	hidden(&form, "/plain", "key", key);
	booking_body(body, sizeof body, key, from, to, "");
	struct http_answer asked = send_form("/plain", body);
	location(&asked, ride);
	http_forget(&asked);
	http_forget(&form);
	order(ride, "/accept", "&offer=0", ride);
}

static void a_ride_without_script(void **state)
{
	(void)state;
	char ride[256];
	book('C', 'E', ride);
	struct http_answer page = get_page(ride);
	assert_non_null(strstr(page.body, "<strong>promised</strong>"));
	assert_non_null(strstr(page.body, "Boarding code"));
	assert_non_null(strstr(page.body, "Shuttle 1"));
	assert_non_null(strstr(page.head, "Refresh: 30; url=/plain/ride/"));
	assert_non_null(strstr(page.head, "Content-Security-Policy: default-src 'none'"));
	assert_null(strstr(page.body, "<script"));
	http_forget(&page);
	order(ride, "/read", "", ride);
	order(ride, "/coming", "", ride);
	page = get_page(ride);
	assert_non_null(strstr(page.body, "knows that you are coming"));
	assert_null(strstr(page.body, "/read?"));
	http_forget(&page);
	rig_run(&rig.rig, rig.rig.now + 20 * MINUTE_MS);
	page = get_page(ride);
	assert_non_null(strstr(page.body, "<strong>arrived</strong>"));
	assert_null(strstr(page.head, "Refresh:"));
	http_forget(&page);
}

static void a_form_sent_twice_is_one_order(void **state)
{
	(void)state;
	char key[128], body[512], first[256], second[256];
	struct http_answer form = get_page("/plain");
	hidden(&form, "/plain", "key", key);
	booking_body(body, sizeof body, key, 'B', 'H', "");
	struct http_answer one = send_form("/plain", body), two = send_form("/plain", body);
	location(&one, first);
	location(&two, second);
	assert_string_equal(first, second);
	assert_int_equal(core_figures(rig.rig.core)->asked, 1);
	http_forget(&one);
	http_forget(&two);
	http_forget(&form);
}

static void a_form_of_another_site_does_nothing(void **state)
{
	(void)state;
	char key[128], body[512], ride[256];

	struct http_answer form = get_page("/plain");
	hidden(&form, "/plain", "key", key);
	uint32_t before = rig.n_commands;
	booking_body(body, sizeof body, "0123456789abcdef0123456789abcdef-0123456789abcdef0123456789abcdef", 'B', 'H',
		     "");
	struct http_answer forged = send_form("/plain", body);
	assert_int_equal(forged.status, 403);
	assert_non_null(strstr(forged.head, "text/html"));
	booking_body(body, sizeof body, key, 'B', 'H', "");
	struct http_answer cross = http_ask(&rig, "POST", "/plain", "Sec-Fetch-Site: cross-site\r\n", body);
	assert_int_equal(cross.status, 403);
	struct http_answer none = send_form("/plain", "from=a&to=b");
	assert_int_equal(none.status, 403);
	assert_int_equal(rig.n_commands, before);
	/* the key of one form opens no other */
	book('B', 'H', ride);
	char action[192];
	snprintf(action, sizeof action, "%.*s/cancel", (int)strcspn(ride, "?"), ride);
	snprintf(body, sizeof body, "key=%s", key);
	struct http_answer other = send_form(action, body);
	assert_int_equal(other.status, 403);
	http_forget(&other);
	http_forget(&none);
	http_forget(&cross);
	http_forget(&forged);
	http_forget(&form);
}

static void cancelling_asks_first(void **state)
{
	(void)state;
	char ride[256], ask[256], next[256], key[128], body[200], action[192];
	book('C', 'E', ride);
	snprintf(action, sizeof action, "%.*s/cancel", (int)strcspn(ride, "?"), ride);
	snprintf(ask, sizeof ask, "%s?lang=de", action);
	struct http_answer page = get_page(ask);
	assert_non_null(strstr(page.body, "wirklich stornieren"));
	assert_non_null(strstr(page.body, "<html lang=\"de\">"));
	hidden(&page, action, "key", key);
	http_forget(&page);
	page = get_page(ride);
	assert_non_null(strstr(page.body, "<strong>promised</strong>")); /* asking alone cancels nothing */
	http_forget(&page);
	snprintf(body, sizeof body, "key=%s", key);
	struct http_answer done = send_form(action, body);
	location(&done, next);
	page = get_page(next);
	assert_non_null(strstr(page.body, "<strong>cancelled</strong>"));
	http_forget(&page);
	http_forget(&done);
}

static void what_is_typed_stays_text(void **state)
{
	(void)state;
	char key[128], body[512];
	struct http_answer form =
		get_page("/plain?from=%3Cscript%3Ealert(1)%3C%2Fscript%3E&to=%22%3E%3Cimg%20src%3Dx%3E&lang=de");
	assert_int_equal(form.status, 200);
	assert_null(strstr(form.body, "<script"));
	assert_null(strstr(form.body, "<img"));
	assert_non_null(strstr(form.body, "&lt;script&gt;alert(1)"));
	hidden(&form, "/plain", "key", key);
	snprintf(body, sizeof body, "key=%s&from=%%3Cqqq%%3E&to=&when=arrive_by&at=yesterday", key);
	struct http_answer wrong = send_form("/plain", body);
	assert_int_equal(wrong.status, 200);
	assert_non_null(strstr(wrong.body, plain_word(LANGUAGE_EN, PLAIN_NOT_FOUND)));
	assert_non_null(strstr(wrong.body, plain_word(LANGUAGE_EN, PLAIN_MISSING)));
	assert_non_null(strstr(wrong.body, plain_word(LANGUAGE_EN, PLAIN_TIME_MISSING)));
	assert_non_null(strstr(wrong.body, "value=\"&lt;qqq&gt;\""));
	/* bytes that are no UTF-8 never come back */
	struct http_answer bytes = get_page("/plain?from=%ff%fe");
	assert_int_equal(bytes.status, 200);
	assert_null(strchr(bytes.body, 0xff));
	http_forget(&bytes);
	http_forget(&wrong);
	http_forget(&form);
}

static void a_refusal_says_why_and_what_else(void **state)
{
	(void)state;
	char key[128], body[512];
	struct http_answer form = get_page("/plain");
	hidden(&form, "/plain", "key", key);
	booking_body(body, sizeof body, key, 'B', 'B', "");
	struct http_answer same = send_form("/plain?lang=de", body);
	assert_int_equal(same.status, 200);
	assert_non_null(strstr(same.body, http_words(LANGUAGE_DE, "refusal", "same_place")));
	assert_non_null(strstr(same.body, http_words(LANGUAGE_DE, "advice", "same_place")));
	char again[128];
	hidden(&same, "/plain", "key", again);
	assert_string_not_equal(key, again);
	http_forget(&same);
	http_forget(&form);
}

static void pages_about_the_service(void **state)
{
	(void)state;
	struct http_answer privacy = get_page("/privacy?lang=en"), imprint = get_page("/imprint?lang=de"),
			   licences = get_page("/licences?lang=en"), stops = get_page("/plain/stops"),
			   nothing = get_page("/plain/nothing"),
			   secret = get_page("/plain/ride/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_non_null(strstr(privacy.body, "has not provided a privacy notice yet"));
	assert_non_null(strstr(imprint.body, "noch kein Impressum hinterlegt"));
	assert_non_null(strstr(licences.body, "Apache-2.0"));
	assert_non_null(strstr(licences.body, plain_word(LANGUAGE_EN, PLAIN_LIVE_INVENTED)));
	assert_int_equal(stops.status, 200);
	assert_int_equal(nothing.status, 404);
	assert_int_equal(secret.status, 404);
	assert_non_null(strstr(secret.head, "text/html"));
	http_forget(&privacy);
	http_forget(&imprint);
	http_forget(&licences);
	http_forget(&stops);
	http_forget(&nothing);
	http_forget(&secret);
}

static void nothing_from_outside_is_markup(void **state)
{
	(void)state;
	struct evbuffer *out = evbuffer_new();
	html_put(out, "<a title=\"%s\">%s%%%d%u</a>", "\"'><", "&\x01\xff\xc3\xa4", -3, 4u);
	evbuffer_add(out, "", 1);
	assert_string_equal((char *)evbuffer_pullup(out, -1),
			    "<a title=\"&quot;&#39;&gt;&lt;\">&amp;\xef\xbf\xbd\xef\xbf\xbd\xc3\xa4%-34</a>");
	evbuffer_free(out);
	assert_true(html_text_is_fine("Straße\n"));
	assert_false(html_text_is_fine("\xc0\xaf"));
	assert_false(html_text_is_fine("\xed\xa0\x80"));
}

/* Places for values are the same, in the same order, in both languages. */
static void words_have_the_same_places(void **state)
{
	(void)state;
	for (int i = 0; i < PLAIN_WORD_COUNT; i++) {
		const char *a = plain_word(LANGUAGE_EN, (enum plain_word)i),
			   *b = plain_word(LANGUAGE_DE, (enum plain_word)i);
		assert_true(a[0] && b[0]);
		for (;;) {
			a = strchr(a, '%');
			b = strchr(b, '%');
			assert_true(!a == !b);
			if (!a)
				break;
			assert_true((a[1] == 's' || a[1] == 'd') && a[1] == b[1]);
			a++, b++;
		}
	}
}

/* Against the C library, over the nights when clocks change and quiet days. */
static void zones_agree_with_the_system(void **state)
{
	(void)state;
	static const char *const names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
					    "Etc/UTC"};
	for (size_t z = 0; z < COUNT_OF(names); z++) {
		struct zone zone;
		assert_int_equal(zone_open(&zone, NULL, names[z]), 0);
		setenv("TZ", names[z], 1);
		tzset();
		for (int64_t s = 1640995200; s < 1672531200; s += 1800) { /* 2022 */
			time_t at = (time_t)s;
			struct tm tm;
			localtime_r(&at, &tm);
			struct zone_time local = zone_local(&zone, s * 1000);
			assert_int_equal(local.hour * 60 + local.minute, tm.tm_hour * 60 + tm.tm_min);
			assert_int_equal(local.day, tm.tm_mday);
			assert_int_equal(local.weekday, tm.tm_wday);
			instant_ms back = zone_instant(&zone, &local);
			struct zone_time again = zone_local(&zone, back);
			assert_memory_equal(&again, &local, sizeof local);
			assert_true(back <= s * 1000 && back >= s * 1000 - 2 * HOUR_MS);
		}
		zone_close(&zone);
	}
	unsetenv("TZ");
	tzset();
}

static void zones_refuse_what_is_none(void **state)
{
	(void)state;
	struct zone zone;
	assert_int_equal(zone_open(&zone, NULL, "../../etc/passwd"), ERR_NOT_FOUND);
	assert_int_equal(zone_open(&zone, NULL, ""), ERR_NOT_FOUND);
	assert_int_equal(zone_read(&zone, (const uint8_t *)"TZif2", 5), ERR_FORMAT);
	size_t n = 0;
	uint8_t *bytes = (uint8_t *)rig_read("/usr/share/zoneinfo/Europe/Berlin", &n);
	assert_non_null(bytes);
	for (size_t cut = 0; cut < n; cut++) { /* cut off anywhere: refused, or whole but for the text after it */
		uint8_t *part = malloc(cut + 1);
		memcpy(part, bytes, cut);
		if (zone_read(&zone, part, cut) == 0)
			assert_true(cut > n - 64 && zone_local(&zone, 0).year == 1970);
		zone_close(&zone);
		free(part);
	}
	for (uint32_t dice = 1, i = 0; i < 20000; i++) { /* any byte changed: an answer, never a crash */
		dice = dice * 1664525u + 1013904223u;
		uint8_t kept = bytes[dice % n];
		bytes[dice % n] ^= (uint8_t)(dice >> 24);
		if (zone_read(&zone, bytes, n) == 0)
			(void)zone_local(&zone, (int64_t)dice * 1000);
		zone_close(&zone);
		bytes[dice % n] = kept;
	}
	/* the hour that the clocks leave out, the day that is none */
	assert_int_equal(zone_read(&zone, bytes, n), 0);
	struct zone_time gap = {.year = 2022, .month = 3, .day = 27, .hour = 2, .minute = 30};
	assert_int_equal(zone_instant(&zone, &gap), INT64_C(1648344600000));
	struct zone_time none = {.year = 2022, .month = 2, .day = 30, .hour = 12};
	assert_true(zone_instant(&zone, &none) == INSTANT_NONE);
	zone_close(&zone);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_ride_without_script, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_form_sent_twice_is_one_order, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_form_of_another_site_does_nothing, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(cancelling_asks_first, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(what_is_typed_stays_text, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(a_refusal_says_why_and_what_else, open_rig, close_rig),
		cmocka_unit_test_setup_teardown(pages_about_the_service, open_rig, close_rig),
		cmocka_unit_test(nothing_from_outside_is_markup),
		cmocka_unit_test(words_have_the_same_places),
		cmocka_unit_test(zones_agree_with_the_system),
		cmocka_unit_test(zones_refuse_what_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
