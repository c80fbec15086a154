// link: zub_drawn_town
/* Views on a town: texts, area, service days, folding, address search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drawn_town.h"
#include "rng.h"

static void texts_and_names(void **state)
{
	(void)state;
	struct drawn_town drawn;
	drawn_town_plain(&drawn, "A---B");
	const struct town *town = &drawn.town;
	assert_string_equal(town_text(town, NONE), "");
	assert_string_equal(town_text(town, 0), "");
	assert_string_equal(town_text(town, town->n_strings), "");
	assert_string_equal(town_text(town, town->name), "Drawn Town");
	assert_int_equal(town_class(town, "shuttle"), 0);
	assert_int_equal(town_class(town, "van"), NONE);
	assert_int_equal(town_need(town, "wheelchair"), 2);
	assert_int_equal(town_need(town, "elephant"), NONE);
	drawn_town_close(&drawn);
}

/* No hour brings a condition, and none ends it. */
static void conditions(void **state)
{
	(void)state;
	struct drawn_town drawn;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A---B===C",
							.profiles = "condition snow 1500 0\nmon tue 07:00 09:00 2000\n"
								    "condition rain 1200\n"});
	const struct town *town = &drawn.town;
	instant_ms until, first = town->timetable.day_start[0];
	assert_int_equal(town_conditions(town), 5);
	assert_int_equal(town_condition(town, "snow"), 1);
	assert_int_equal(town_condition(town, "rain"), 4);
	assert_int_equal(town_condition(town, "drawn"), 0);
	assert_int_equal(town_profiles_slowest(town, 0), 2);
	assert_int_equal(town_profiles_slowest(town, 4), 6);
	assert_int_equal(town_profiles_at(town, first + 5 * HOUR_MS, &until), 0);
	assert_true(until == first + 7 * HOUR_MS);
	assert_int_equal(town_profiles_at(town, first + 8 * HOUR_MS, &until), 2);
	assert_true(until == first + 9 * HOUR_MS);
	assert_int_equal(town_profile_ms(town, 5, 0, drawn_arc(&drawn, 'A', 'B'), 1000), 1500);
	assert_int_equal(town_profile_ms(town, 1, 0, drawn_arc(&drawn, 'B', 'C'), 1000), TIME_INFINITE);
	assert_int_equal(town_profile_ms(town, 4, 0, drawn_arc(&drawn, 'B', 'C'), 1000), 1200);
	drawn_town_close(&drawn);
}

static void areas(void **state)
{
	(void)state;
	const struct geo_point points[] = {{0, 0}, {0, 10}, {10, 10}, {10, 0}, {100, 100}, {100, 110}, {110, 105}};
	const uint32_t first[] = {0, 4, 7};
	struct town town = {.n_area_rings = 0};
	assert_true(town_in_area(&town, (struct geo_point){55, 55})); /* no ring: everywhere */
	town.n_area_rings = 2;
	town.area_first = first;
	town.area_point = points;
	assert_true(town_in_area(&town, (struct geo_point){5, 5}));
	assert_true(town_in_area(&town, (struct geo_point){101, 105}));
	assert_false(town_in_area(&town, (struct geo_point){55, 55}));
}

/* Days around the end of summer time in Berlin, 30 October 2022: that day has 25 hours. */
static void service_days(void **state)
{
	(void)state;
	const uint32_t days[] = {20221029, 20221030, 20221031};
	const instant_ms start[] = {INT64_C(1666994400000), INT64_C(1667084400000), INT64_C(1667170800000)};
	struct town town = {.timetable = {.n_days = 3, .day_yyyymmdd = days, .day_start = start}};
	const struct {
		instant_ms at, start;
		uint32_t day;
	} rows[] = {
		{start[1] + 4 * HOUR_MS, start[1], 20221030},
		{start[1] + 4 * HOUR_MS - 1, start[0], 20221029},
		{start[2] + 4 * HOUR_MS - 1, start[1], 20221030},
		{start[2] + 4 * HOUR_MS, start[2], 20221031},
		{start[2] + 28 * HOUR_MS, start[2] + DAY_MS, 20221101},	      /* after the table */
		{start[0], start[0] - DAY_MS, 20221028},		      /* before it */
		{start[0] - 730 * DAY_MS, start[0] - 731 * DAY_MS, 20201028}, /* over a leap day's year */
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint32_t day = 0;
		assert_true(town_service_day(&town, rows[i].at, &day) == rows[i].start);
		assert_int_equal(day, rows[i].day);
	}
	assert_true(town_service_day(&town, start[1] + 5 * HOUR_MS, NULL) == start[1]);
	town.timetable.n_days = 0; /* UTC then */
	uint32_t day = 0;
	instant_ms leap_day = INT64_C(1709164800000);
	assert_true(town_service_day(&town, leap_day + 4 * HOUR_MS - 1, &day) == leap_day - DAY_MS);
	assert_int_equal(day, 20240228);
	assert_true(town_service_day(&town, leap_day + 4 * HOUR_MS, &day) == leap_day);
	assert_int_equal(day, 20240229);
}

static void every_day_follows_the_one_before(void **state)
{
	(void)state;
	struct town town = {0};
	uint32_t before = 19691231;
	static const uint32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	for (int64_t n = 0; n < 60000; n++) {
		uint32_t day, year = before / 10000, month = before / 100 % 100;
		int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
		uint32_t expected = before + 1;
		if (before % 100 == lengths[month - 1] + (month == 2 && leap))
			expected = month == 12 ? (year + 1) * 10000 + 101 : year * 10000 + (month + 1) * 100 + 1;
		town_service_day(&town, n * DAY_MS + 12 * HOUR_MS, &day);
		assert_int_equal(day, expected);
		before = day;
	}
}

static void folding(void **state)
{
	(void)state;
	const char *rows[][2] = {
		{"Ludwigstraße 12", "ludwigstrasse 12"},
		{"Plöck", "plock"},
		{"Ploeck", "plock"},
		{"PLÖCK", "plock"},
		{"  Am  Bahnhof-Süd ", "am bahnhof sud"},
		{"Hauptstr.5a", "hauptstr 5a"},
		{"Café d'Été", "cafe dete"},
		{"Łódź", "lodz"},
		{"Straße des 17. Juni", "strasse des 17 juni"},
		{"Œuvre", "ouvre"},
		{"", ""},
		{"Ae", "a"},
		{"a e", "a e"},
		{"Москва", "москва"},
		{"u\xcc\x88"
		 "ber",
		 "uber"},
		{"\xff\xc3", ""},
		{"a\xff"
		 "b",
		 "a b"},
		{"Αθήνα", "αθήνα"},
		{"Ĳssel", "ijssel"},
	};
	char key[64];
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		town_fold(rows[i][0], key, sizeof key);
		assert_string_equal(key, rows[i][1]);
	}
	town_fold("Straße", key, 6);
	assert_string_equal(key, "stra"); /* "ss" stays whole or is left out */
	town_fold("ЖЖЖ", key, 4);
	assert_string_equal(key, "ж");
	town_fold("abc", key, 1);
	assert_string_equal(key, "");
	memcpy(key, "xy", 3);
	town_fold("abc", key, 0);
	assert_string_equal(key, "xy");
}

/* What somebody has typed so far folds to a beginning of what the whole folds to. */
static void prefixes_fold_to_prefixes(void **state)
{
	(void)state;
	const char *names[] = {"Neuenheimer Feld",    "Aue",	      "Boehringer",
			       "Große Äußere Straße", "Bauernpfädle", "Maeaeae"};
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char whole[64], part[64], text[64];
		town_fold(names[i], whole, sizeof whole);
		for (size_t n = 0; n <= strlen(names[i]); n++) {
			if ((names[i][n] & 0xc0) == 0x80)
				continue;
			memcpy(text, names[i], n);
			text[n] = '\0';
			town_fold(text, part, sizeof part);
			assert_int_equal(strncmp(whole, part, strlen(part)), 0);
		}
	}
}

/* A town of nothing but addresses */
struct names {
	struct town town;
	uint32_t first[2050], text[1024], key[1024];
	char bytes[65536];
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void open_names(struct names *names, char (*rows)[64], uint32_t n)
{
	memset(names, 0, sizeof *names);
	qsort(rows, n, sizeof *rows, by_text);
	names->town.n_strings = n;
	names->town.string_first = names->first;
	names->town.string_bytes = names->bytes;
	names->town.n_addresses = n;
	names->town.address_key = names->key;
	for (uint32_t i = 0; i < n; i++) {
		names->key[i] = i;
		strcpy(names->bytes + names->first[i], rows[i]);
		names->first[i + 1] = names->first[i] + (uint32_t)strlen(rows[i]) + 1;
	}
}

static void best_first(void **state)
{
	(void)state;
	static struct names names;
	char rows[][64] = {"hauptstrasse",	  "hauptstrasse 1", "hauptstrasse 12", "hauptstrasse 121",
			   "alte hauptstrasse 1", "bahnhof",	    "hauptbahnhof",    "am bahnhof 3"};
	uint32_t found[8];
	open_names(&names, rows, 8);
	assert_int_equal(town_search(&names.town, "Hauptstr", found, 8), 5);
	assert_string_equal(town_text(&names.town, found[0]), "hauptstrasse");
	assert_string_equal(town_text(&names.town, found[4]), "alte hauptstrasse 1");
	assert_int_equal(town_search(&names.town, "hauptstr. 1", found, 8), 4);
	assert_string_equal(town_text(&names.town, found[0]), "hauptstrasse 1");
	assert_string_equal(town_text(&names.town, found[1]), "alte hauptstrasse 1");
	assert_string_equal(town_text(&names.town, found[2]), "hauptstrasse 12");
	assert_int_equal(town_search(&names.town, "12 Haupt", found, 1), 1);
	assert_string_equal(town_text(&names.town, found[0]), "hauptstrasse 12");
	assert_int_equal(town_search(&names.town, "bahnhof", found, 8), 2); /* "hauptbahnhof" only contains it */
	assert_int_equal(town_search(&names.town, "nowhere", found, 8), 0);
	assert_int_equal(town_search(&names.town, " ,.", found, 8), 0);
	assert_int_equal(town_search(&names.town, "haupt", found, 0), 0);
}

struct entry {
	uint32_t wrong, inside, length, index;
};

static int entry_less(const struct entry *a, const struct entry *b)
{
	if (a->wrong != b->wrong)
		return a->wrong < b->wrong;
	if (a->inside != b->inside)
		return a->inside < b->inside;
	return a->length != b->length ? a->length < b->length : a->index < b->index;
}

/* Ranks one key the slow way: splits query and key with strtok. Returns 0 when it does not match. */
static int slow_rank(const char *key, const char *query, struct entry *ret_entry)
{
	char words[128], *save = NULL;
	strcpy(words, query);
	ret_entry->wrong = 0;
	int first = 1;
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save), first = 0) {
		char parts[64], *save_key = NULL;
		int begins = 0, whole = 0;
		strcpy(parts, key);
		for (char *part = strtok_r(parts, " ", &save_key); part; part = strtok_r(NULL, " ", &save_key)) {
			begins |= strstr(part, word) == part;
			whole |= strcmp(part, word) == 0;
		}
		if (!begins)
			return 0;
		ret_entry->wrong += (uint32_t)(!whole && word[0] >= '0' && word[0] <= '9');
		if (first)
			ret_entry->inside = strstr(key, word) != key;
	}
	ret_entry->length = (uint32_t)strlen(key);
	return !first;
}

static void search_is_a_scan(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 20260101;
	static struct names names;
	static char rows[1024][64];
	const char *words[] = {"am", "amsel", "ams", "berg", "bergweg", "be",	"weg",
			       "1",  "11",    "12",  "121",  "2",	"ring", "c"};
	struct rng rng;
	printf("seed %llu\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int round = 0; round < 60; round++) {
		uint32_t n = rng_below(&rng, 800);
		for (uint32_t i = 0; i < n; i++) {
			rows[i][0] = '\0';
			for (uint32_t k = 0; k <= rng_below(&rng, 4); k++)
				strcat(strcat(rows[i], *rows[i] ? " " : ""), words[rng_below(&rng, COUNT_OF(words))]);
		}
		open_names(&names, rows, n);
		for (int query = 0; query < 50; query++) {
			char asked[64] = "";
			for (uint32_t k = 0; k <= rng_below(&rng, 3); k++)
				strcat(strcat(asked, " "), words[rng_below(&rng, COUNT_OF(words))]);
			struct entry best[20];
			uint32_t n_best = 0, most = rng_below(&rng, 20), found[20];
			for (uint32_t i = 0; i < n; i++) {
				struct entry entry = {.index = i};
				if (!slow_rank(rows[i], asked, &entry))
					continue;
				uint32_t at = n_best < most ? n_best++ : most;
				for (; at && entry_less(&entry, &best[at - 1]); at--)
					if (at < most)
						best[at] = best[at - 1];
				if (at < most)
					best[at] = entry;
			}
			assert_int_equal(town_search(&names.town, asked, found, most), n_best);
			for (uint32_t i = 0; i < n_best; i++)
				assert_int_equal(found[i], best[i].index);
		}
	}
}

/* Every minute of three weeks with two clock changes, against counting on by minutes. */
static void profiles_of_the_day(void **state)
{
	(void)state;
	struct drawn_town drawn;
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A---B",
							.n_days = 21,
							.profiles = "mon tue wed thu fri 07:00 09:00 1500\n"
								    "fri sat 16:00 28:00 1200\nfri 17:00 18:30 2000\n"
								    "sun 04:00 04:01 3000\n"});
	struct town *town = &drawn.town;
	instant_ms *start = (instant_ms *)(uintptr_t)town->timetable.day_start; /* ours: drawn a moment ago */
	for (uint32_t day = 0; day < town->timetable.n_days; day++)
		start[day] += (day >= 5 ? HOUR_MS : 0) - (day >= 12 ? HOUR_MS : 0);
	instant_ms until = 0, first = start[0] + 4 * HOUR_MS, last = start[20];
	uint32_t held = 0, n_changes = 0;
	for (instant_ms at = first; at < last; at += MINUTE_MS) {
		uint32_t day, weekday = 0, expected = 0;
		instant_ms next, midnight = town_service_day(town, at, &day);
		int64_t second = (at - midnight) / SECOND_MS;
		for (uint32_t d = 0; d < 21; d++)
			if (town->timetable.day_yyyymmdd[d] == day)
				weekday = (d + 1) % 7; /* the first is a Tuesday */
		for (uint32_t i = 0; i < town->n_profiles; i++)
			if (town->profile_days[i] >> weekday & 1 && second >= town->profile_from_s[i] &&
			    second < town->profile_to_s[i])
				expected |= 1u << i;
		uint32_t is = town_profiles_at(town, at, &next);
		assert_int_equal(is, expected);
		assert_true(next > at);
		if (at > first && at < until)
			assert_int_equal(is, held);
		if (at > first && at == until) {
			assert_int_not_equal(is, held);
			n_changes++;
		}
		assert_true(at == first || at <= until);
		held = is;
		until = next;
	}
	assert_true(n_changes > 40);
	/* the slowest of those that hold; a road kind has its own */
	assert_int_equal(town_profile_ms(town, 0, 0, 0, 1001), 1001);
	assert_int_equal(town_profile_ms(town, 6, 0, 0, 1001), 2002);
	assert_int_equal(town_profile_ms(town, 1, 0, 0, 1001), 1502);
	assert_int_equal(town_profile_ms(town, 0xf, 0, 0, TIME_INFINITE), TIME_INFINITE);
	((uint32_t *)(uintptr_t)town->profile_speed_kmh)[3] = 1; /* 40 m in 144 s */
	assert_int_equal(town_profile_ms(town, 8, 0, 0, 1001), 144000);
	((uint32_t *)(uintptr_t)town->profile_permille)[3 * ROAD_KINDS + ROAD_RESIDENTIAL] = 0;
	assert_int_equal(town_profile_ms(town, 8, 0, 0, 1001), TIME_INFINITE);
	assert_true(town_profiles_close(town, 8) && !town_profiles_close(town, 7));
	((uint8_t *)(uintptr_t)town->profile_classes)[3] = 2;
	assert_int_equal(town_profile_ms(town, 8, 0, 0, 1001), 1001);
	assert_int_equal(town_profile_ms(town, 8, 1, 0, 1001), TIME_INFINITE);
	town->n_profiles = 0;
	assert_int_equal(town_profiles_at(town, first, &until), 0);
	assert_true(until == INT64_MAX);
	drawn_town_close(&drawn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_names),
		cmocka_unit_test(areas),
		cmocka_unit_test(profiles_of_the_day),
		cmocka_unit_test(conditions),
		cmocka_unit_test(service_days),
		cmocka_unit_test(every_day_follows_the_one_before),
		cmocka_unit_test(folding),
		cmocka_unit_test(prefixes_fold_to_prefixes),
		cmocka_unit_test(best_first),
		cmocka_unit_test(search_is_a_scan),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
