// link: zub_compile zub_town_file
/* Town settings: defaults, everything one can say, and every mistake with its line and column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "town_settings.h"
#include <stdio.h>
#include <string.h>

static struct town_settings settings;
static int n_wrong;

static void read_ok(const char *text)
{
	struct err_detail detail = {""};
	int code = town_settings_read_text(&settings, text, strlen(text), "town.yaml", &detail);

	if (code)
		print_error("%s\n", detail.text);
	assert_int_equal(code, 0);
}

/* Fails at "line:column:" and says so with this word. */
static void fails(const char *text, const char *place, const char *word)
{
	struct err_detail detail = {""};
	char start[64];
	int code = town_settings_read_text(&settings, text, strlen(text), "town.yaml", &detail);

	snprintf(start, sizeof start, "town.yaml:%s: ", place);
	if (code == 0 || strncmp(detail.text, start, strlen(start)) != 0 || !strstr(detail.text, word)) {
		print_error("%s\n\tsaid \"%s\", expected \"%s... %s\"\n", text, detail.text, start, word);
		n_wrong++;
	}
}

static void defaults(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			assert_int_equal(town_settings_default(&settings), 0);
		else
			read_ok("");
		assert_int_equal(settings.n_classes, 2);
		assert_string_equal(settings.classes[0].name, "shuttle");
		assert_int_equal(settings.classes[0].speed_kmh, 25);
		assert_int_equal(settings.classes[0].road_speed_max_kmh, 50);
		assert_false(settings.classes[0].highways >> HIGHWAY_TRUNK & 1);
		assert_true(settings.classes[0].highways >> HIGHWAY_PRIMARY & 1);
		assert_string_equal(settings.classes[1].name, "van");
		assert_true(settings.classes[1].highways >> HIGHWAY_MOTORWAY & 1);
		assert_string_equal(settings.needs[0].key, "seat");
		assert_string_equal(settings.spaces[0].name, "seat");
		assert_int_equal(settings.pickup_window_ms, 600000);
		assert_int_equal(settings.arrival_extra_permille, 500);
		assert_int_equal(settings.ride_time_permille, 1500);
		assert_int_equal(settings.prebook_max_ms, 1209600000);
		assert_int_equal(settings.walk_mm_per_s, 1300);
		assert_int_equal(settings.no_show_wait_ms, 120000);
		assert_int_equal(settings.service_from_s, 18000);
		assert_int_equal(settings.stops_spacing_m, 250);
		assert_int_equal(settings.n_area_rings, 0);
		assert_string_equal(settings.time_zone, "Europe/Berlin");
		for (uint32_t n = 0; n < settings.n_needs; n++)
			assert_true(settings.needs[n].label_de[0] && settings.needs[n].label_en[0]);
		town_settings_close(&settings);
	}
}

static const char full[] =
	"name: Musterstadt\n"
	"time_zone: Europe/Vienna\n"
	"crs: EPSG:25832\n"
	"phone: '+49 6221 1'\n"
	"fallback: {name: Taxi Muster, phone: '+49 6221 2'}\n"
	"texts:\n  privacy: Wenig Daten.\n  imprint: Stadt Musterstadt\n"
	"hours: {from: '04:30', to: '26:00'}\n"
	"rules:\n  pickup_window: 5 min\n  arrival_extra_share: 0.25\n  fare_cents: 250\n  door_to_door: true\n"
	"classes:\n"
	"  - name: pod\n    speed_kmh: 18\n    roads: [residential, service]\n    road_speed_max_kmh: 30\n"
	"    u_turns: never\n"
	"  - {name: bus, bus_lanes: true, private_roads: true, u_turn: 30 s}\n"
	"spaces: [seat, bay]\n"
	"needs:\n"
	"  - {key: seat, takes: {seat: 1}, person: true}\n"
	"  - {key: chair, label_de: Rollstuhl, label_en: Wheelchair, takes: {bay: 1, seat: 2}, boarding: 2 min, "
	"step_free: true}\n"
	"area:\n  - [49.40, 8.60]\n  - [49.40, 8.70]\n  - [49.45, 8.70]\n"
	"stops:\n  automatic: false\n  spacing_m: 400\n  step_free: yes\n"
	"  list:\n    - {name: Bahnhof, at: '49.41,8.65', step_free: yes}\n    - {name: Markt, at: [49.42, 8.66]}\n";

static void everything(void **state)
{
	struct build build;

	(void)state;
	read_ok(full);
	assert_string_equal(settings.name, "Musterstadt");
	assert_int_equal(settings.service_to_s, 26 * 3600);
	assert_int_equal(settings.pickup_window_ms, 300000);
	assert_int_equal(settings.arrival_extra_permille, 250);
	assert_int_equal(settings.n_classes, 2);
	assert_int_equal(settings.classes[0].highways, 1u << HIGHWAY_RESIDENTIAL | 1u << HIGHWAY_SERVICE);
	assert_int_equal(settings.classes[0].u_turns, U_TURNS_NEVER);
	assert_int_equal(settings.classes[1].u_turns, U_TURNS_DEAD_ENDS);
	assert_int_equal(settings.classes[1].u_turn_ms, 30000);
	assert_true(settings.classes[1].bus_lanes && settings.classes[1].private_roads);
	assert_int_equal(settings.n_needs, 2);
	assert_int_equal(settings.needs[1].space[0], 2);
	assert_int_equal(settings.needs[1].space[1], 1);
	assert_int_equal(settings.needs[1].boarding_ms, 120000);
	assert_string_equal(settings.needs[0].label_de, "seat");
	assert_int_equal(settings.n_area_rings, 1);
	assert_int_equal(settings.area_points[2].lat_e7, 494500000);
	assert_int_equal(settings.n_stops, 2);
	assert_int_equal(settings.stops[0].step_free, 1);
	assert_int_equal(settings.stops[1].step_free, 0);
	assert_int_equal(settings.stops[1].point.lon_e7, 86600000);
	assert_int_equal(build_open(&build), 0);
	assert_int_equal(town_settings_store(&settings, &build), 0);
	assert_int_equal(build.town.rules.fare_cents, 250);
	assert_int_equal(build.town.rules.door_to_door, 1);
	assert_int_equal(build.town.need_space[2], 2);
	assert_int_equal(build.town.need_flags[1], NEED_STEP_FREE);
	assert_int_equal(build.town.need_flags[0], NEED_IS_PERSON);
	assert_int_equal(build.town.n_area_points, 3);
	assert_string_equal(build_text(&build, build.town.fallback_phone), "+49 6221 2");
	build_close(&build);
	town_settings_close(&settings);
}

static void several_rings(void **state)
{
	(void)state;
	read_ok("area:\n  - [[1, 1], [1, 2], [2, 2]]\n  - ['3.0,3.0', '3.0,4.0', '4.0,4.0', '4.0,3.0']\n");
	assert_int_equal(settings.n_area_rings, 2);
	assert_int_equal(settings.area_first[1], 3);
	assert_int_equal(settings.area_first[2], 7);
	town_settings_close(&settings);
	read_ok("area: ['3.0,3.0', '3.0,4.0', '4.0,4.0', '4.0,3.0']\n");
	assert_int_equal(settings.n_area_rings, 1);
	assert_int_equal(settings.n_area_points, 4);
	town_settings_close(&settings);
	read_ok("area: [['3.0,3.0', '3.0,4.0', '4.0,4.0'], ['3.0,3.0', '3.0,4.0', '4.0,4.0']]\n");
	assert_int_equal(settings.n_area_rings, 2);
	town_settings_close(&settings);
}

static void profiles(void **state)
{
	(void)state;
	read_ok("profiles:\n- {name: rush, days: [mon, fri], from: '07:00', to: '09:30', slow: 1.2, roads: {primary: "
		"1.75}}\n"
		"- {from: '20:00', to: '28:00', speed_kmh: 18}\n");
	assert_int_equal(settings.n_profiles, 2);
	assert_string_equal(settings.profiles[0].name, "rush");
	assert_int_equal(settings.profiles[0].days, 1 | 16);
	assert_int_equal(settings.profiles[0].from_s, 7 * 3600);
	assert_int_equal(settings.profiles[0].permille[ROAD_PRIMARY], 1750);
	assert_int_equal(settings.profiles[0].permille[ROAD_OTHER], 1200);
	assert_int_equal(settings.profiles[1].days, 127);
	assert_int_equal(settings.profiles[1].speed_kmh, 18);
	assert_int_equal(settings.profiles[1].permille[ROAD_SERVICE], 1000);
	assert_int_equal(settings.profiles[1].classes, 0xff);
	town_settings_close(&settings);
	read_ok("profiles:\n- {name: snow, condition: true, slow: 1.5, closed: [service, tertiary], classes: [van]}\n"
		"- {name: school, days: [mon], closed: [residential]}\n");
	assert_int_equal(settings.profiles[0].days, 0);
	assert_int_equal(settings.profiles[0].classes, 2);
	assert_int_equal(settings.profiles[0].permille[ROAD_TERTIARY], 0);
	assert_int_equal(settings.profiles[0].permille[ROAD_SERVICE], 0);
	assert_int_equal(settings.profiles[0].permille[ROAD_PRIMARY], 1500);
	assert_int_equal(settings.profiles[1].days, 1);
	assert_int_equal(settings.profiles[1].permille[ROAD_RESIDENTIAL], 0);
	town_settings_close(&settings);
}

static void mistakes(void **state)
{
	(void)state;
	fails("profiles: [{from: '09:00', to: '08:00'}]", "1:13", "after");
	fails("profiles: [{from: '03:00', to: '08:00'}]", "1:20", "range");
	fails("profiles: [{days: [monday]}]", "1:20", "no day");
	fails("profiles: [{days: all}]", "1:19", "list");
	fails("profiles: [{slow: 0.9}]", "1:19", "range");
	fails("profiles: [{roads: {lane: 2}}]", "1:21", "lane");
	fails("profiles: [{closed: [lane]}]", "1:22", "kind of road");
	fails("profiles: [{closed: service}]", "1:13", "list");
	fails("profiles: [{classes: [tram]}]", "1:23", "class");
	fails("profiles: [{condition: true, from: '08:00'}]", "1:13", "no hours");
	fails("profiles: [{name: a, condition: true}, {name: a, condition: true}]", "1:41", "twice");
	fails("nme: X", "1:1", "nme");
	fails("name: X\nrules:\n  pickup: 5 min\n", "3:3", "pickup");
	fails("rules: {pickup_window: 5}", "1:24", "duration");
	fails("rules: {pickup_window: 5 h}", "1:24", "range");
	fails("rules: {ride_time_share: much}", "1:26", "ride_time_share");
	fails("hours: {from: '25:00'}", "1:16", "range");
	fails("hours: {from: '09:00', to: '08:00'}", "1:9", "after");
	fails("classes: [{speed_kmh: 25}]", "1:12", "name");
	fails("classes: [{name: a}, {name: a}]", "1:23", "twice");
	fails("classes: [{name: a, speed_kmh: 900}]", "1:32", "range");
	fails("classes: [{name: a, roads: [footway]}]", "1:29", "footway");
	fails("classes: [{name: a, roads: [bananas]}]", "1:29", "bananas");
	fails("classes: [{name: a, u_turns: often}]", "1:30", "often");
	fails("classes: [{name: a, wheels: 4}]", "1:21", "wheels");
	fails("spaces: [bay]\nneeds: [{key: seat}]", "1:10", "seat");
	fails("spaces: [seat, bay]", "1:10", "needs");
	fails("needs: [{key: chair}]", "1:10", "seat");
	fails("needs: [{key: seat}, {key: seat}]", "1:23", "twice");
	fails("needs: [{key: seat, takes: {sofa: 1}}]", "1:29", "sofa");
	fails("needs: [{key: seat, takes: {seat: -1}}]", "1:35", "range");
	fails("needs: [{takes: {seat: 1}}]", "1:10", "key");
	fails("area: [[49, 8], [50, 8]]", "1:9", "3 to");
	fails("area: [[49, 8], [50, 8], [500, 8]]", "1:27", "point");
	fails("stops: {list: [{name: A}]}", "1:17", "point");
	fails("stops: {list: [{name: A, at: [1, 2], step_free: maybe}]}", "1:49", "maybe");
	fails("stops: {step_free: perhaps}", "1:20", "perhaps");
	fails("stops: {spacing_m: 1}", "1:20", "range");
	fails("name: 'abc", "1:8", "quote");
	fails("- a\n- b", "1:3", "mapping");
	assert_int_equal(n_wrong, 0);
}

static void missing_file(void **state)
{
	struct err_detail detail;

	(void)state;
	assert_int_equal(town_settings_read(&settings, "/nowhere/town.yaml", &detail), ERR_IO);
	assert_non_null(strstr(detail.text, "/nowhere/town.yaml: No such file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults), cmocka_unit_test(everything), cmocka_unit_test(several_rings),
		cmocka_unit_test(profiles), cmocka_unit_test(mistakes),	  cmocka_unit_test(missing_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
