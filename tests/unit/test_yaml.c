// link: zub_yaml
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "geo.h"
#include "yaml.h"

struct shop {
	char name[16];
	int64_t port, speed, hold, opens, start, open;
	struct geo_point at;
};
#define ROW(name, type, low, high, fallback, field)                                                                  \
	{                                                                                                            \
		name, type, low, high, fallback, offsetof(struct shop, field), sizeof(((struct shop *)0)->field), 0, \
			""                                                                                           \
	}
static const struct yaml_setting table[] = {
	ROW("name", YAML_TEXT, 0, 0, "x", name),
	ROW("http.port", YAML_INT, 1, 65535, "80", port),
	ROW("clock.speed", YAML_PERMILLE, 0, 1000000, "1", speed),
	ROW("clock.start", YAML_INSTANT, 0, INT64_MAX, "1970-01-01T00:00:00Z", start),
	ROW("hold", YAML_DURATION, 0, HOUR_MS, "60 s", hold),
	ROW("opens", YAML_TIME, 0, 200000, "05:30", opens),
	ROW("open", YAML_BOOL, 0, 1, "true", open),
	ROW("at", YAML_POINT, 0, 0, "0.0,0.0", at),
};

static int read_text(const char *text, struct shop *shop, struct err_detail *detail)
{
	struct yaml *yaml;
	yaml_defaults(table, COUNT_OF(table), shop);
	int code = yaml_open_text(&yaml, text, strlen(text), "shop.yaml", detail);
	if (code)
		return code;
	static const char *const also[] = {"list"};
	code = yaml_read_settings(yaml, yaml_root(yaml), table, COUNT_OF(table), shop, also, 1, detail);
	yaml_close(yaml);
	return code;
}

static void reads_every_type(void **state)
{
	(void)state;
	struct shop shop;
	struct err_detail detail = {""};
	const char *text =
		"name: \"A b\"\nhttp: {port: 8080}\nclock:\n  speed: 1.25\n  start: 2022-09-14T06:00:00+02:00\n"
		"hold: 5 min\nopens: \"26:15\"\nopen: false\nat: 49.4,8.7\nlist: [1, 2]\n";
	int code = read_text(text, &shop, &detail);
	assert_string_equal(detail.text, "");
	assert_int_equal(code, ERR_OK);
	assert_string_equal(shop.name, "A b");
	assert_int_equal(shop.port, 8080);
	assert_int_equal(shop.speed, 1250);
	assert_true(shop.start == INT64_C(1663128000000));
	assert_int_equal(shop.hold, 300000);
	assert_int_equal(shop.opens, 26 * 3600 + 900);
	assert_int_equal(shop.open, 0);
	assert_int_equal(shop.at.lat_e7, 494000000);
}

static void keeps_defaults(void **state)
{
	(void)state;
	struct shop shop;
	assert_int_equal(read_text("", &shop, NULL), ERR_OK);
	assert_int_equal(shop.port, 80);
	assert_int_equal(shop.opens, 5 * 3600 + 1800);
}

static void says_where_it_went_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"http:\n  port: 99999\n", "shop.yaml:2:9: 99999 is out of range"},
		{"http:\n  prot: 1\n", "shop.yaml:2:3: unknown setting \"http.prot\""},
		{"hold: 5 parsecs\n", "shop.yaml:1:7: \"5 parsecs\" is not a duration"},
		{"name: [a]\n", "shop.yaml:1:8: expected text"},
		{"name: a\nname: b\n", "shop.yaml:2:"},
		{"a: {b\n", "shop.yaml:"},
		{"clock: {start: 2022-13-01T00:00:00Z}", "shop.yaml:1:16:"},
		{"- a\n", "shop.yaml:1:3: expected a mapping"},
		{"name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", "shop.yaml:1:7: longer than 15"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct shop shop;
		struct err_detail detail = {""};
		assert_int_not_equal(read_text(cases[i].text, &shop, &detail), ERR_OK);
		if (strncmp(detail.text, cases[i].says, strlen(cases[i].says)))
			assert_string_equal(detail.text, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(reads_every_type), cmocka_unit_test(keeps_defaults),
					   cmocka_unit_test(says_where_it_went_wrong)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
