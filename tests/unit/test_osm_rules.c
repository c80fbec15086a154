// link: zub_compile zub_town_file
/* Tagging rules: what each class may do on a way or past a node, read from one table of tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "classes.h"
#include "osm_text.h"
#include "town_settings.h"

/* Classes of the tests: bit 0 shuttle (default), 1 van (default), 2 a bus that may use bus lanes, 3 a van with keys to
 * private roads. */
static struct town_settings settings;

static int open_settings(void **state)
{
	(void)state;
	if (town_settings_default(&settings))
		return -1;
	settings.classes[2] = settings.classes[1];
	settings.classes[2].bus_lanes = 1;
	settings.classes[3] = settings.classes[1];
	settings.classes[3].private_roads = 1;
	settings.n_classes = 4;
	return 0;
}

static int close_settings(void **state)
{
	(void)state;
	town_settings_close(&settings);
	return 0;
}

/* An OSM file with one way of these tags, or one node. */
static void read_tags(const char *tags, int of_node, struct osm *ret_osm)
{
	char text[4096] = "<osm><node id='1' lat='49.4' lon='8.6'>";
	struct err_detail detail;

	if (of_node)
		osm_text_tags(text, sizeof text, tags);
	osm_text_append(text, sizeof text,
			"</node><node id='2' lat='49.401' lon='8.6'/><way id='1'><nd ref='1'/><nd ref='2'/>");
	if (!of_node)
		osm_text_tags(text, sizeof text, tags);
	osm_text_append(text, sizeof text, "</way></osm>");
	assert_int_equal(osm_read(ret_osm, osm_text_file(text, strlen(text)), &detail), 0);
	unlink(osm_text_path);
}

struct way_case {
	const char *tags;
	uint8_t along, against; /* bits of the classes that may */
	uint8_t speed;		/* km/h along; 0 = not looked at */
	uint8_t flags;		/* that must be set along */
};

enum { SHUTTLE = 1, VAN = 2, BUS = 4, KEYS = 8, CARS = VAN | BUS | KEYS, ALL = 15 };

static const struct way_case way_cases[] = {
	/* kinds of road */
	{"highway=residential", ALL, ALL, 30, 0},
	{"highway=living_street", ALL, ALL, 7, 0},
	{"highway=service", ALL, ALL, 20, 0},
	{"highway=service|service=driveway", ALL, ALL, 10, ARC_PRIVATE},
	{"highway=service|service=parking_aisle", ALL, ALL, 10, 0},
	{"highway=service|service=emergency_access", 0, 0, 0, 0},
	{"highway=unclassified", ALL, ALL, 50, 0},
	{"highway=tertiary_link", ALL, ALL, 50, ARC_NO_STOPPING},
	{"highway=secondary", ALL, ALL, 50, 0},
	{"highway=primary", ALL, ALL, 50, 0},
	{"highway=trunk", CARS, CARS, 70, ARC_NO_STOPPING},
	{"highway=motorway", CARS, 0, 100, ARC_NO_STOPPING},
	{"highway=motorway_link", CARS, CARS, 0, ARC_NO_STOPPING},
	{"highway=track", 0, 0, 0, 0},
	{"highway=track|motor_vehicle=yes", CARS, CARS, 15, 0},
	{"highway=track|motor_vehicle=agricultural", 0, 0, 0, 0},
	{"highway=track|motor_vehicle=agricultural;destination", CARS, CARS, 0, ARC_PRIVATE},
	{"highway=pedestrian", 0, 0, 0, 0},
	{"highway=pedestrian|motor_vehicle=destination", CARS, CARS, 7, ARC_PRIVATE},
	{"highway=pedestrian|bus=yes", BUS, BUS, 0, 0},
	{"highway=footway", 0, 0, 0, 0},
	{"highway=steps", 0, 0, 0, 0},
	{"highway=cycleway|motor_vehicle=yes", 0, 0, 0, 0},
	{"highway=busway", BUS, BUS, 0, 0},
	{"highway=bus_guideway", 0, 0, 0, 0},
	{"highway=construction", 0, 0, 0, 0},
	{"highway=proposed", 0, 0, 0, 0},
	{"highway=residential|area=yes", 0, 0, 0, 0},
	{"route=ferry", 0, 0, 0, 0},
	{"route=ferry|motor_vehicle=yes", 0, 0, 0, 0},
	{"building=yes", 0, 0, 0, 0},
	/* access: the most specific key that is set wins */
	{"highway=residential|access=no", 0, 0, 0, 0},
	{"highway=residential|access=private", KEYS, KEYS, 0, ARC_PRIVATE},
	{"highway=residential|access=destination", ALL, ALL, 0, ARC_PRIVATE},
	{"highway=residential|access=customers", ALL, ALL, 0, ARC_PRIVATE},
	{"highway=residential|access=permissive", ALL, ALL, 0, 0},
	{"highway=residential|access=no|motor_vehicle=yes", ALL, ALL, 0, 0},
	{"highway=residential|access=yes|vehicle=no", 0, 0, 0, 0},
	{"highway=residential|vehicle=no|motor_vehicle=yes", ALL, ALL, 0, 0},
	{"highway=residential|motor_vehicle=no|motorcar=yes", ALL, ALL, 0, 0},
	{"highway=residential|motorcar=no", 0, 0, 0, 0},
	{"highway=residential|motor_vehicle=no|psv=yes", BUS, BUS, 0, 0},
	{"highway=residential|access=no|bus=designated", BUS, BUS, 0, 0},
	{"highway=residential|psv=yes|bus=no", SHUTTLE | VAN | KEYS, SHUTTLE | VAN | KEYS, 0, 0},
	{"highway=residential|motor_vehicle=delivery", 0, 0, 0, 0},
	{"highway=residential|motor_vehicle=forestry", 0, 0, 0, 0},
	{"highway=residential|access=unknown", ALL, ALL, 0, 0},
	{"highway=residential|motor_vehicle:backward=no", ALL, 0, 0, 0},
	{"highway=residential|vehicle:forward=no", 0, ALL, 0, 0},
	{"highway=residential|foot=no|bicycle=no", ALL, ALL, 0, 0},
	/* direction */
	{"highway=residential|oneway=yes", ALL, 0, 0, 0},
	{"highway=residential|oneway=1", ALL, 0, 0, 0},
	{"highway=residential|oneway=true", ALL, 0, 0, 0},
	{"highway=residential|oneway=-1", 0, ALL, 0, 0},
	{"highway=residential|oneway=reverse", 0, ALL, 0, 0},
	{"highway=residential|oneway=no", ALL, ALL, 0, 0},
	{"highway=residential|oneway=reversible", 0, 0, 0, 0},
	{"highway=residential|oneway=alternating", ALL, ALL, 0, 0},
	{"highway=motorway|oneway=no", CARS, CARS, 0, 0},
	{"highway=motorway_link|oneway=yes", CARS, 0, 0, 0},
	{"highway=tertiary|junction=roundabout", ALL, 0, 0, ARC_ROUNDABOUT | ARC_NO_STOPPING},
	{"highway=tertiary|junction=circular", ALL, 0, 0, ARC_ROUNDABOUT},
	{"highway=tertiary|junction=roundabout|oneway=no", ALL, ALL, 0, ARC_ROUNDABOUT},
	{"highway=tertiary|junction=roundabout|oneway=-1", 0, ALL, 0, 0},
	{"highway=residential|oneway=yes|oneway:bus=no", ALL, BUS, 0, 0},
	{"highway=residential|oneway=yes|oneway:psv=no", ALL, BUS, 0, 0},
	{"highway=residential|oneway=yes|oneway:bicycle=no", ALL, 0, 0, 0},
	{"highway=residential|oneway=yes|busway=opposite_lane", ALL, BUS, 0, 0},
	{"highway=residential|oneway:motor_vehicle=yes", ALL, 0, 0, 0},
	/* speed */
	{"highway=residential|maxspeed=50", ALL, ALL, 50, 0},
	{"highway=residential|maxspeed=50 km/h", ALL, ALL, 50, 0},
	{"highway=residential|maxspeed=30 mph", ALL, ALL, 48, 0},
	{"highway=residential|maxspeed=20mph", ALL, ALL, 32, 0},
	{"highway=residential|maxspeed=walk", ALL, ALL, 7, 0},
	{"highway=residential|maxspeed=DE:walk", ALL, ALL, 7, 0},
	{"highway=residential|maxspeed=DE:urban", ALL, ALL, 50, 0},
	{"highway=residential|maxspeed=DE:zone30", ALL, ALL, 30, 0},
	{"highway=residential|maxspeed=DE:zone:20", ALL, ALL, 20, 0},
	{"highway=residential|maxspeed=DE:30", ALL, ALL, 30, 0},
	{"highway=residential|maxspeed=DE:living_street", ALL, ALL, 7, 0},
	{"highway=residential|maxspeed=signals", ALL, ALL, 30, 0},
	{"highway=residential|maxspeed=fast", ALL, ALL, 30, 0},
	{"highway=residential|maxspeed=30;50", ALL, ALL, 30, 0},
	{"highway=tertiary|zone:maxspeed=DE:30", ALL, ALL, 30, 0},
	{"highway=tertiary|source:maxspeed=DE:urban", ALL, ALL, 50, 0},
	{"highway=tertiary|maxspeed:type=DE:rural", CARS, CARS, 100, ARC_NO_STOPPING},
	{"highway=tertiary|zone:traffic=DE:rural", CARS, CARS, 100, ARC_NO_STOPPING},
	{"highway=tertiary|maxspeed=70", CARS, CARS, 70, ARC_NO_STOPPING},
	{"highway=motorway|maxspeed=none", CARS, 0, 130, 0},
	{"highway=tertiary|maxspeed:backward=70|maxspeed=50", ALL, CARS, 50, 0},
	{"highway=tertiary|maxspeed=999", CARS, CARS, 130, 0},
	{"highway=tertiary|maxspeed=0", ALL, ALL, 50, 0},
	{"highway=tertiary|maxspeed=1", ALL, ALL, 5, 0},
	/* flags */
	{"highway=residential|bridge=yes", ALL, ALL, 0, ARC_BRIDGE},
	{"highway=residential|bridge=viaduct", ALL, ALL, 0, ARC_BRIDGE},
	{"highway=residential|tunnel=yes", ALL, ALL, 0, ARC_TUNNEL | ARC_NO_STOPPING},
	{"highway=residential|parking:lane:right=no_stopping", ALL, ALL, 0, ARC_NO_STOPPING},
	{"highway=residential|parking:both:restriction=no_stopping", ALL, ALL, 0, ARC_NO_STOPPING},
};

static void ways(void **state)
{
	int n_wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof way_cases / sizeof *way_cases; i++) {
		const struct way_case *want = &way_cases[i];
		struct way_rules got;
		struct osm osm;

		read_tags(want->tags, 0, &osm);
		classes_road(&osm, osm.way_tags[0], settings.classes, settings.n_classes, 1, &got);
		if (got.allowed[0] != want->along || got.allowed[1] != want->against ||
		    (want->speed && got.speed_kmh[0] != want->speed) || (got.flags[0] & want->flags) != want->flags ||
		    (!want->flags && got.allowed[0] && (got.flags[0] & ARC_PRIVATE))) {
			print_error("%s: along %x against %x speed %u flags %x, expected %x %x %u %x\n", want->tags,
				    got.allowed[0], got.allowed[1], got.speed_kmh[0], got.flags[0], want->along,
				    want->against, want->speed, want->flags);
			n_wrong++;
		}
		osm_free(&osm);
	}
	assert_int_equal(n_wrong, 0);
}

static uint32_t assumed(const char *tags, int is_urban)
{
	struct way_rules rules;
	struct osm osm;

	read_tags(tags, 0, &osm);
	classes_road(&osm, osm.way_tags[0], settings.classes, settings.n_classes, is_urban, &rules);
	osm_free(&osm);
	return rules.speed_kmh[0];
}

static void built_up_or_not(void **state)
{
	(void)state;
	assert_int_equal(assumed("highway=tertiary", 0), 70);
	assert_int_equal(assumed("highway=tertiary", 1), 50);
	assert_int_equal(assumed("highway=tertiary|lit=yes", 0), 50);
	assert_int_equal(assumed("highway=tertiary|lit=no", 0), 70);
	assert_int_equal(assumed("highway=tertiary|sidewalk=both", 0), 50);
	assert_int_equal(assumed("highway=tertiary|sidewalk=none", 0), 70);
	assert_int_equal(assumed("highway=primary", 0), 90);
	assert_int_equal(assumed("highway=residential", 0), 30);
}

static const struct {
	const char *tags;
	uint8_t blocked;
	uint8_t walk_blocked;
} node_cases[] = {
	{"highway=crossing", 0, 0},
	{"barrier=bollard", ALL, 0},
	{"barrier=gate", ALL, 0},
	{"barrier=lift_gate", ALL, 0},
	{"barrier=block", ALL, 0},
	{"barrier=yes", ALL, 0},
	{"barrier=cycle_barrier", ALL, 0},
	{"barrier=gate|access=yes", 0, 0},
	{"barrier=gate|access=private", ALL & ~KEYS, 1},
	{"barrier=gate|access=no", ALL, 1},
	{"barrier=gate|access=no|foot=yes", ALL, 0},
	{"barrier=gate|motor_vehicle=permissive", 0, 0},
	{"barrier=bollard|bus=yes", ALL & ~BUS, 0},
	{"barrier=bus_trap", ALL & ~BUS, 0},
	{"barrier=cattle_grid", 0, 0},
	{"barrier=toll_booth", 0, 0},
	{"barrier=entrance", 0, 0},
	{"barrier=kerb", 0, 0},
	{"barrier=wall", ALL, 1},
	{"barrier=fence|foot=yes", ALL, 0},
	{"barrier=bollard|foot=no", ALL, 1},
	{"highway=traffic_signals|access=no", 0, 0},
};

static void nodes(void **state)
{
	int n_wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof node_cases / sizeof *node_cases; i++) {
		struct osm osm;
		uint8_t got, walk;

		read_tags(node_cases[i].tags, 1, &osm);
		got = classes_blocked(&osm, osm.node_tags[0], settings.classes, settings.n_classes);
		walk = (uint8_t)classes_walk_blocked(&osm, osm.node_tags[0]);
		if (got != node_cases[i].blocked || walk != node_cases[i].walk_blocked) {
			print_error("%s: blocks %x, on foot %d, expected %x %d\n", node_cases[i].tags, got, walk,
				    node_cases[i].blocked, node_cases[i].walk_blocked);
			n_wrong++;
		}
		osm_free(&osm);
	}
	assert_int_equal(n_wrong, 0);
}

static const struct {
	const char *tags;
	int allowed;
	uint8_t flags;
} walk_cases[] = {
	{"highway=footway", 1, 0},
	{"highway=path", 1, 0},
	{"highway=steps", 1, ARC_STEPS},
	{"highway=pedestrian", 1, 0},
	{"highway=pedestrian|area=yes", 1, 0},
	{"highway=residential", 1, 0},
	{"highway=residential|oneway=yes", 1, 0},
	{"highway=primary", 1, 0},
	{"highway=track", 1, 0},
	{"highway=track|access=forestry", 0, 0},
	{"highway=trunk", 0, 0},
	{"highway=trunk|foot=yes", 1, 0},
	{"highway=trunk|sidewalk=right", 1, 0},
	{"highway=motorway", 0, 0},
	{"highway=motorway|access=yes", 0, 0},
	{"highway=cycleway", 0, 0},
	{"highway=cycleway|foot=yes", 1, 0},
	{"highway=cycleway|foot=designated", 1, 0},
	{"highway=bridleway", 0, 0},
	{"highway=busway", 0, 0},
	{"highway=footway|foot=no", 0, 0},
	{"highway=primary|foot=use_sidepath", 0, 0},
	{"highway=service|access=private", 0, 0},
	{"highway=service|access=private|foot=yes", 1, 0},
	{"highway=residential|motor_vehicle=no", 1, 0},
	{"highway=footway|bridge=yes", 1, ARC_BRIDGE},
	{"railway=platform", 1, 0},
	{"public_transport=platform", 1, 0},
	{"railway=rail", 0, 0},
	{"route=ferry|foot=yes", 0, 0},
	{"highway=construction", 0, 0},
};

static void walking(void **state)
{
	int n_wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof walk_cases / sizeof *walk_cases; i++) {
		struct way_rules got;
		struct osm osm;

		read_tags(walk_cases[i].tags, 0, &osm);
		classes_walk(&osm, osm.way_tags[0], &got);
		if (got.allowed[0] != walk_cases[i].allowed || got.allowed[1] != walk_cases[i].allowed ||
		    (got.flags[0] & walk_cases[i].flags) != walk_cases[i].flags) {
			print_error("%s: allowed %d flags %x, expected %d %x\n", walk_cases[i].tags, got.allowed[0],
				    got.flags[0], walk_cases[i].allowed, walk_cases[i].flags);
			n_wrong++;
		}
		osm_free(&osm);
	}
	assert_int_equal(n_wrong, 0);
}

static void lists_of_vehicles(void **state)
{
	(void)state;
	assert_true(classes_named("psv;motorcar", &settings.classes[1]));
	assert_true(classes_named("bicycle; motor_vehicle", &settings.classes[1]));
	assert_false(classes_named("psv", &settings.classes[1]));
	assert_true(classes_named("psv", &settings.classes[2]));
	assert_false(classes_named("bicycle;hgv", &settings.classes[2]));
	assert_false(classes_named("access", &settings.classes[2]));
	assert_false(classes_named("", &settings.classes[2]));
	assert_false(classes_named(NULL, &settings.classes[2]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways),	   cmocka_unit_test(built_up_or_not),	cmocka_unit_test(nodes),
		cmocka_unit_test(walking), cmocka_unit_test(lists_of_vehicles),
	};

	return cmocka_run_group_tests(tests, open_settings, close_settings);
}
