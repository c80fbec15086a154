// link: zub_compile zub_town_file
/* From small OSM towns to arcs, turn rows, footpaths, stops and addresses. Node n of a drawing lies at row n / 10,
 * column n % 10 of a grid of 0.001 degrees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile.h"
#include "osm_text.h"
#include "town_settings.h"

static char xml[1 << 16];
static struct build build;
static const struct town *town;
static const struct network *road;

static void begin(void)
{
	strcpy(xml, "<osm>");
}

static void node(int id, const char *tags)
{
	char text[256];

	snprintf(text, sizeof text, "<node id='%d' lat='%.7f' lon='%.7f'>", id, 49.4 + 0.001 * (id / 10),
		 8.6 + 0.001 * (id % 10));
	osm_text_append(xml, sizeof xml, text);
	osm_text_tags(xml, sizeof xml, tags);
	osm_text_append(xml, sizeof xml, "</node>");
}

static void nodes(int first, int last)
{
	for (int id = first; id <= last; id++)
		node(id, "");
}

static void way(int id, const char *refs, const char *tags)
{
	char text[64];

	snprintf(text, sizeof text, "<way id='%d'>", id);
	osm_text_append(xml, sizeof xml, text);
	while (*refs) {
		snprintf(text, sizeof text, "<nd ref='%ld'/>", strtol(refs, (char **)&refs, 10));
		osm_text_append(xml, sizeof xml, text);
		refs += *refs == ' ';
	}
	osm_text_tags(xml, sizeof xml, tags);
	osm_text_append(xml, sizeof xml, "</way>");
}

/* members: "from w100 via n12 to w101" */
static void restriction(int id, const char *members, const char *tags)
{
	char text[256], role[16], type;
	int ref, n;

	snprintf(text, sizeof text, "<relation id='%d'>", id);
	osm_text_append(xml, sizeof xml, text);
	for (; sscanf(members, "%15s %c%d%n", role, &type, &ref, &n) == 3; members += n) {
		snprintf(text, sizeof text, "<member type='%s' ref='%d' role='%s'/>", type == 'n' ? "node" : "way", ref,
			 role);
		osm_text_append(xml, sizeof xml, text);
	}
	osm_text_append(xml, sizeof xml, "<tag k='type' v='restriction'/>");
	osm_text_tags(xml, sizeof xml, tags);
	osm_text_append(xml, sizeof xml, "</relation>");
}

static int try_compile(const char *yaml, struct err_detail *detail)
{
	static struct town_settings settings;
	struct compile_options options = {.settings = &settings};
	int code;

	osm_text_append(xml, sizeof xml, "</osm>");
	assert_int_equal(town_settings_read_text(&settings, yaml, strlen(yaml), "town.yaml", detail), 0);
	options.osm_path = osm_text_file(xml, strlen(xml));
	assert_int_equal(build_open(&build), 0);
	code = compile_town(&build, &options, detail);
	unlink(osm_text_path);
	town_settings_close(&settings);
	town = &build.town;
	road = &town->road;
	return code;
}

#define VAN "classes: [{name: van, speed_kmh: 100, signal: 0 s, destination: 0 s, u_turn: 0 s}]\n"

static void compile(const char *yaml)
{
	struct err_detail detail = {""};
	int code = try_compile(yaml, &detail);

	if (code)
		print_error("%s\n", detail.text);
	assert_int_equal(code, 0);
}

static void end(void)
{
	build_close(&build);
}

static int at_node(struct geo_point point, int id)
{
	return point.lat_e7 == 494000000 + 10000 * (id / 10) && point.lon_e7 == 86000000 + 10000 * (id % 10);
}

/* The arc between two junctions, NONE when there is none. */
static uint32_t arc_in(const struct network *network, int from, int to)
{
	for (uint32_t a = 0; a < network->n_arcs; a++)
		if (at_node(network->node_point[network->tail[a]], from) &&
		    at_node(network->node_point[network->head[a]], to))
			return a;
	return NONE;
}

static uint32_t arc(int from, int to)
{
	uint32_t found = arc_in(road, from, to);

	assert_int_not_equal(found, NONE);
	return found;
}

/* Cost of the rows that end with the last step of a drive over junctions "10 11 12"; -1 = forbidden. Class c. */
static int turn(const char *drive, uint32_t c)
{
	uint32_t arcs[16], n = 0;
	int from = (int)strtol(drive, (char **)&drive, 10), cost = 0;

	while (*drive) {
		int to = (int)strtol(drive, (char **)&drive, 10);

		arcs[n++] = arc(from, to);
		from = to;
	}
	for (uint32_t t = 0; t < road->n_turns; t++) {
		uint32_t length = road->turn_first[t + 1] - road->turn_first[t];

		if (!(road->turn_mask[t] >> c & 1) || length > n ||
		    memcmp(road->turn_arcs + road->turn_first[t], arcs + n - length, length * sizeof *arcs) != 0)
			continue;
		if (road->turn_cost_ms[t] == -1)
			return -1;
		cost += road->turn_cost_ms[t];
	}
	return cost;
}

static uint32_t reported(const char *kind)
{
	for (uint32_t k = 0; k < build.report.n_kinds; k++)
		if (strncmp(build.report.kinds[k].kind, kind, strlen(kind)) == 0)
			return build.report.kinds[k].count;
	return 0;
}

/* --- arcs --------------------------------------------------------------------------------------------------------- */

/*     2        way 100: 10 11 12 13, way 101: 2 12 22
 * 10-11-12-13
 *     22       */
static void ways_are_cut_where_they_meet(void **state)
{
	uint32_t a;

	(void)state;
	begin();
	nodes(10, 13);
	node(2, "");
	node(22, "");
	way(100, "10 11 12 13", "highway=residential|maxspeed=50|name=Hauptstrasse");
	way(101, "2 12 22", "highway=residential|oneway=yes");
	compile(VAN);
	assert_int_equal(road->n_arcs, 6); /* two pieces both ways, two one-way pieces */
	assert_int_equal(road->n_nodes, 5);
	a = arc(10, 12);
	assert_int_equal(road->shape_first[a + 1] - road->shape_first[a], 3);
	assert_int_equal(road->reverse_arc[a], arc(12, 10));
	assert_int_equal(road->reverse_arc[arc(12, 10)], a);
	assert_int_equal(road->reverse_arc[arc(2, 12)], NONE);
	assert_int_equal(arc_in(road, 12, 2), NONE);
	assert_in_range(road->dist_mm[a], 145000, 145200); /* 0.002 degrees of longitude at 49.4 N, geodesic */
	assert_in_range(road->dist_mm[arc(2, 12)], 111150, 111300);
	assert_int_equal(road->time_ms[a], (road->dist_mm[a] * UINT64_C(36) + 499) / 500);
	assert_int_equal(road->dist_mm[a], road->dist_mm[arc(12, 10)]);
	assert_string_equal(town_text(town, road->name[a]), "Hauptstrasse");
	assert_int_equal(road->name[arc(2, 12)], NONE);
	assert_int_equal(road->osm_way[a], 100);
	assert_int_equal(road->speed_kmh[a], 50);
	assert_int_equal(road->kind[a], ROAD_RESIDENTIAL);
	assert_true(road->flags[arc(12, 13)] & ARC_DEAD_END);
	assert_false(road->flags[arc(13, 12)] & ARC_DEAD_END);
	assert_true(road->shape_point[road->shape_first[a]].lon_e7 <
		    road->shape_point[road->shape_first[a] + 2].lon_e7);
	end();
}

static void speed_caps_hold(void **state)
{
	uint64_t dist;

	(void)state;
	begin();
	nodes(10, 12);
	way(100, "10 11", "highway=residential|maxspeed=50");
	way(101, "11 12", "highway=residential|maxspeed:forward=20|maxspeed:backward=30");
	compile("");
	assert_int_equal(road->n_classes, 2);
	dist = road->dist_mm[arc(10, 11)];
	assert_int_equal(road->time_ms[arc(10, 11)], (dist * 36 + 249) / 250);		      /* shuttle: 25 km/h */
	assert_int_equal(road->time_ms[road->n_arcs + arc(10, 11)], (dist * 36 + 499) / 500); /* van: 50 */
	dist = road->dist_mm[arc(11, 12)];
	assert_int_equal(road->time_ms[arc(11, 12)], (dist * 36 + 199) / 200);
	assert_int_equal(road->time_ms[arc(12, 11)], (dist * 36 + 249) / 250);
	assert_int_equal(road->time_ms[road->n_arcs + arc(12, 11)], (dist * 36 + 299) / 300);
	end();
}

static void odd_ways(void **state)
{
	uint32_t loop;

	(void)state;
	begin();
	nodes(10, 14);
	nodes(20, 24);
	way(100, "10 11 12", "highway=residential");
	way(101, "12 13 23 22 12", "highway=residential");  /* a loop hanging on 12 */
	way(102, "10 20 999 21 11", "highway=residential"); /* 999 is not in the file */
	way(103, "14", "highway=residential");		    /* a single node */
	way(104, "24 24", "highway=residential");	    /* the same twice */
	way(105, "14 14 24", "highway=residential");
	way(106, "", "highway=residential");
	compile(VAN);
	loop = arc(12, 12);
	assert_int_equal(road->shape_first[loop + 1] - road->shape_first[loop], 5);
	assert_int_not_equal(road->reverse_arc[loop], NONE);
	assert_int_not_equal(arc_in(road, 10, 20), NONE);
	assert_int_not_equal(arc_in(road, 21, 11), NONE);
	assert_int_equal(arc_in(road, 20, 21), NONE);
	assert_int_equal(reported("way leaves the file"), 1);
	assert_int_not_equal(arc_in(road, 14, 24), NONE);
	assert_int_equal(arc_in(road, 24, 24), NONE);
	end();
}

static void no_streets_is_an_error(void **state)
{
	struct err_detail detail = {""};

	(void)state;
	begin();
	nodes(10, 12);
	way(100, "10 11 12", "building=yes");
	assert_int_equal(try_compile("", &detail), ERR_FORMAT);
	assert_non_null(strstr(detail.text, "no streets"));
	end();
	begin();
	nodes(10, 12);
	way(100, "10 11 12", "highway=footway");
	assert_int_equal(try_compile("", &detail), ERR_FORMAT);
	assert_non_null(strstr(detail.text, "no street"));
	end();
}

static void islands_are_left_out_aloud(void **state)
{
	(void)state;
	begin();
	nodes(10, 13);
	nodes(30, 31);
	way(100, "10 11 12 13", "highway=residential");
	way(101, "30 31", "highway=residential");
	way(102, "31 13", "highway=residential|oneway=yes"); /* out of the island only */
	compile(VAN);
	assert_int_equal(road->main_mask[arc(10, 13)], 1);
	assert_int_equal(road->main_mask[arc(30, 31)], 0);
	assert_int_equal(road->main_mask[arc(31, 13)], 0);
	assert_int_equal(reported("arcs outside the main part"), 1);
	end();
}

/* --- turns -------------------------------------------------------------------------------------------------------- */

/* A crossing at 12: ways 101 west (11-12), 102 east (12-13), 103 south (2-12), 104 north (12-22). */
static void crossing(const char *middle_tags)
{
	begin();
	nodes(10, 11);
	node(12, middle_tags);
	node(13, "");
	node(2, "");
	node(22, "");
	way(101, "11 12", "highway=residential");
	way(102, "12 13", "highway=residential");
	way(103, "2 12", "highway=residential");
	way(104, "12 22", "highway=residential");
}

static void plain_crossing(void **state)
{
	(void)state;
	crossing("");
	compile(VAN);
	assert_int_equal(turn("11 12 13", 0), 0);
	assert_int_equal(turn("11 12 2", 0), 0);
	assert_int_equal(turn("11 12 11", 0), -1); /* no U-turn at a crossing */
	assert_int_equal(turn("12 13 12", 0), 0);  /* but at a dead end */
	end();
}

static void left_and_sharp_turns(void **state)
{
	(void)state;
	crossing("");
	node(1, "");
	way(105, "12 1", "highway=residential"); /* to the south-west; 22 lies north of 12, 2 south */
	compile("classes: [{name: van, left: 4 s, sharp: 9 s}, {name: bus, left: 6 s}]");
	assert_int_equal(turn("11 12 22", 0), 4000);
	assert_int_equal(turn("11 12 22", 1), 6000);
	assert_int_equal(turn("11 12 2", 0), 0);
	assert_int_equal(turn("13 12 2", 0), 4000);
	assert_int_equal(turn("11 12 13", 0), 0);
	assert_int_equal(turn("11 12 1", 0), 9000); /* to the right */
	assert_int_equal(turn("2 12 1", 0), 13000);
	assert_int_equal(turn("12 13 12", 0), 15000); /* a U-turn is no left turn */
	end();
	begin(); /* nobody comes the other way */
	nodes(10, 11);
	node(12, "");
	node(2, "");
	node(22, "");
	way(101, "11 12", "highway=residential");
	way(103, "2 12", "highway=residential");
	way(104, "12 22", "highway=residential");
	compile("classes: [{name: van, left: 4 s, sharp: 9 s}]");
	assert_int_equal(turn("11 12 2", 0), 0);
	assert_int_equal(turn("11 12 22", 0), 0);
	end();
}

static void no_turns(void **state)
{
	static const char *const kinds[] = {"no_left_turn", "no_right_turn", "no_straight_on",
					    "no_entry",	    "no_exit",	     "no_u_turn"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		char tags[64] = "restriction=";

		crossing("");
		restriction(1, "from w101 via n12 to w103", strcat(tags, kinds[i]));
		compile(VAN);
		assert_int_equal(turn("11 12 2", 0), -1);
		assert_int_equal(turn("11 12 13", 0), 0);
		assert_int_equal(turn("11 12 22", 0), 0);
		assert_int_equal(turn("2 12 11", 0), 0); /* not the other way round */
		assert_int_equal(turn("13 12 2", 0), 0);
		end();
	}
}

static void only_turns(void **state)
{
	static const char *const kinds[] = {"only_left_turn", "only_right_turn", "only_straight_on"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		char tags[64] = "restriction=";

		crossing("");
		restriction(1, "from w101 via n12 to w103", strcat(tags, kinds[i]));
		compile(VAN);
		assert_int_equal(turn("11 12 2", 0), 0);
		assert_int_equal(turn("11 12 13", 0), -1);
		assert_int_equal(turn("11 12 22", 0), -1);
		assert_int_equal(turn("11 12 11", 0), -1);
		assert_int_equal(turn("2 12 13", 0), 0);
		end();
	}
}

static void several_from_and_to(void **state)
{
	(void)state;
	crossing("");
	restriction(1, "from w101 from w104 via n12 to w103", "restriction=no_entry");
	restriction(2, "from w102 via n12 to w101 to w104", "restriction=no_exit");
	compile(VAN);
	assert_int_equal(turn("11 12 2", 0), -1);
	assert_int_equal(turn("22 12 2", 0), -1);
	assert_int_equal(turn("13 12 2", 0), 0);
	assert_int_equal(turn("13 12 11", 0), -1);
	assert_int_equal(turn("13 12 22", 0), -1);
	end();
}

static void no_u_turn_on_one_way(void **state)
{
	(void)state;
	crossing("");
	restriction(1, "from w101 via n12 to w101", "restriction=no_u_turn");
	compile("classes: [{name: van, u_turns: everywhere, u_turn: 7 s, signal: 0 s}]");
	assert_int_equal(turn("11 12 11", 0), -1);
	assert_int_equal(turn("13 12 13", 0), 7000);
	assert_int_equal(turn("11 12 13", 0), 0);
	assert_int_equal(turn("12 11 12", 0), 7000);
	end();
	begin(); /* in the middle of a way */
	nodes(10, 13);
	way(100, "10 11 12 13", "highway=residential");
	restriction(1, "from w100 via n11 to w100", "restriction=no_u_turn");
	compile("classes: [{name: van, u_turns: everywhere, u_turn: 7 s}]");
	assert_int_equal(turn("10 11 10", 0), -1);
	assert_int_equal(turn("13 11 13", 0), -1);
	assert_int_equal(turn("10 11 13", 0), 0);
	end();
}

static void whom_it_concerns(void **state)
{
	static const char yaml[] = "classes:\n"
				   "  - {name: van, signal: 0 s}\n"
				   "  - {name: bus, signal: 0 s, bus_lanes: true}\n";

	(void)state;
	crossing("");
	restriction(1, "from w101 via n12 to w103", "restriction=no_left_turn|except=psv");
	restriction(2, "from w101 via n12 to w102", "restriction=no_straight_on|except=bicycle;motorcar");
	restriction(3, "from w101 via n12 to w104", "restriction:bus=no_right_turn");
	restriction(4, "from w102 via n12 to w104", "restriction:hgv=no_left_turn");
	restriction(5, "from w102 via n12 to w103", "restriction=no_right_turn|except=hgv");
	compile(yaml);
	assert_int_equal(turn("11 12 2", 0), -1);
	assert_int_equal(turn("11 12 2", 1), 0);
	assert_int_equal(turn("11 12 13", 0), 0);
	assert_int_equal(turn("11 12 22", 0), 0);
	assert_int_equal(turn("11 12 22", 1), -1);
	assert_int_equal(turn("13 12 22", 0), 0);
	assert_int_equal(turn("13 12 2", 0), -1);
	assert_int_equal(turn("13 12 2", 1), -1);
	end();
}

/* 11 - 12 - 13 - 14, and 22 below 12, 23 below 13: way 102 is the block 12-13. */
static void two_crossings(void)
{
	begin();
	nodes(11, 14);
	node(22, "");
	node(23, "");
	node(3, "");
	way(101, "11 12", "highway=residential");
	way(102, "12 13", "highway=residential");
	way(103, "13 14", "highway=residential");
	way(104, "12 22", "highway=residential");
	way(105, "13 23", "highway=residential");
	way(106, "13 3", "highway=residential");
}

static void over_via_ways(void **state)
{
	(void)state;
	two_crossings();
	restriction(1, "from w104 via w102 to w105", "restriction=no_u_turn");
	compile(VAN);
	assert_int_equal(turn("22 12 13 23", 0), -1);
	assert_int_equal(turn("11 12 13 23", 0), 0);
	assert_int_equal(turn("22 12 13 14", 0), 0);
	assert_int_equal(turn("22 12 13", 0), 0);
	assert_int_equal(turn("12 13 23", 0), 0);
	assert_int_equal(turn("23 13 12 22", 0), 0); /* not backwards */
	end();
	two_crossings();
	restriction(1, "from w104 via w102 to w103", "restriction=only_straight_on");
	compile(VAN);
	assert_int_equal(turn("22 12 13 14", 0), 0);
	assert_int_equal(turn("22 12 13 23", 0), -1);
	assert_int_equal(turn("22 12 13 3", 0), -1);
	assert_int_equal(turn("22 12 11", 0), -1); /* the via way must be taken */
	assert_int_equal(turn("22 12 13", 0), 0);
	assert_int_equal(turn("11 12 13 23", 0), 0);
	end();
}

static void over_several_via_ways(void **state)
{
	static const char *const orders[] = {"from w101 via w102 via w105 to w107",
					     "from w101 via w105 via w102 to w107"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(orders); i++) {
		two_crossings();
		node(24, "");
		node(33, "");
		way(107, "23 24", "highway=residential");
		way(108, "23 33", "highway=residential");
		restriction(1, orders[i], "restriction=no_left_turn");
		compile(VAN);
		assert_int_equal(turn("11 12 13 23 24", 0), -1);
		assert_int_equal(turn("11 12 13 23 33", 0), 0);
		assert_int_equal(turn("22 12 13 23 24", 0), 0);
		assert_int_equal(turn("13 23 24", 0), 0);
		assert_int_equal(reported("turn restriction"), 0);
		end();
	}
}

/* A via way that other streets cut in two. */
static void via_way_in_pieces(void **state)
{
	(void)state;
	begin();
	nodes(11, 14);
	nodes(22, 24);
	way(101, "11 12", "highway=residential");
	way(102, "12 13 14", "highway=residential");
	way(103, "13 23", "highway=residential");
	way(104, "14 24", "highway=residential");
	way(105, "12 22", "highway=residential");
	restriction(1, "from w105 via w102 to w104", "restriction=no_u_turn");
	compile(VAN);
	assert_int_equal(turn("22 12 13 14 24", 0), -1);
	assert_int_equal(turn("11 12 13 14 24", 0), 0);
	end();
}

static void nonsense_is_reported(void **state)
{
	(void)state;
	crossing("");
	restriction(1, "from w101 via n12 to w103", "restriction=no_parking");
	restriction(2, "from w101 via n12 to w999", "restriction=no_left_turn");
	restriction(3, "via n12 to w103", "restriction=no_left_turn");
	restriction(4, "from w101 via n2 to w104", "restriction=no_left_turn");
	restriction(5, "from w101 via n12 to w103", "restriction:conditional=no_left_turn @ (Mo-Fr)");
	restriction(6, "from w101 to w103", "restriction=no_left_turn");
	restriction(7, "from w101 via w102 to w104", "restriction=no_left_turn");
	compile(VAN);
	assert_int_equal(reported("turn restriction of an unknown kind"), 1);
	assert_int_equal(reported("turn restriction with members missing"), 2);
	assert_int_equal(reported("turn restriction without effect"), 3);
	assert_int_equal(reported("turn restriction by the hour"), 1);
	assert_int_equal(turn("11 12 2", 0), 0);
	end();
}

static void only_from_a_way_that_passes_is_left_out(void **state)
{
	(void)state;
	begin();
	nodes(11, 13);
	node(2, "");
	way(101, "11 12 13", "highway=residential");
	way(102, "12 2", "highway=residential");
	restriction(1, "from w101 via n12 to w102", "restriction=only_left_turn");
	compile(VAN);
	assert_int_equal(turn("11 12 13", 0), 0);
	assert_int_equal(reported("turn restriction without effect"), 1);
	end();
	begin();
	nodes(11, 13);
	node(2, "");
	way(101, "11 12 13", "highway=residential");
	way(102, "12 2", "highway=residential");
	restriction(1, "from w101 via n12 to w102", "restriction=no_left_turn");
	compile(VAN);
	assert_int_equal(turn("11 12 2", 0), -1); /* both directions: better one turn too few than an illegal one */
	assert_int_equal(turn("13 12 2", 0), -1);
	end();
}

static void barriers_cut(void **state)
{
	(void)state;
	begin();
	node(10, "");
	node(11, "barrier=bollard");
	nodes(12, 13);
	way(101, "10 11 12 13", "highway=residential");
	compile(VAN);
	assert_int_equal(turn("10 11 13", 0), -1);
	assert_int_equal(turn("13 11 10", 0), -1);
	assert_int_equal(turn("10 11 10", 0), 0); /* the bollard makes it a dead end */
	assert_int_equal(road->main_mask[arc(11, 13)], 1);
	assert_int_equal(road->main_mask[arc(10, 11)], 0);
	end();
}

static void signals_and_destinations_cost(void **state)
{
	(void)state;
	crossing("highway=traffic_signals");
	node(14, "");
	way(105, "13 14", "highway=residential|access=destination");
	compile("classes: [{name: van, signal: 6 s, destination: 40 s, u_turn: 9 s}]");
	assert_int_equal(turn("11 12 13", 0), 6000);
	assert_true(road->flags[arc(11, 12)] & ARC_SIGNAL);
	assert_false(road->flags[arc(12, 11)] & ARC_SIGNAL);
	assert_int_equal(turn("12 13 14", 0), 40000);
	assert_int_equal(turn("14 13 12", 0), 0);
	assert_int_equal(turn("13 14 13", 0), 9000);
	end();
}

static void u_turns_by_class(void **state)
{
	(void)state;
	crossing("");
	compile("classes:\n"
		"  - {name: a, u_turns: dead_ends, u_turn: 1 s}\n"
		"  - {name: b, u_turns: everywhere, u_turn: 2 s}\n"
		"  - {name: c, u_turns: never}\n");
	assert_int_equal(turn("11 12 11", 0), -1);
	assert_int_equal(turn("11 12 11", 1), 2000);
	assert_int_equal(turn("11 12 11", 2), -1);
	assert_int_equal(turn("12 11 12", 0), 1000);
	assert_int_equal(turn("12 11 12", 1), 2000);
	assert_int_equal(turn("12 11 12", 2), -1);
	end();
}

/* --- footpaths, stops, addresses, background ---------------------------------------------------------------------- */

static void footpaths(void **state)
{
	uint32_t path, steps;

	(void)state;
	begin();
	nodes(10, 13);
	nodes(20, 23);
	node(21, "barrier=fence");
	way(100, "10 11", "highway=residential|oneway=yes");
	way(101, "11 12", "highway=footway");
	way(102, "12 13", "highway=steps");
	way(103, "20 21 22", "highway=footway");
	way(104, "10 20", "highway=motorway");
	compile("");
	path = arc_in(&town->walk, 11, 12);
	steps = arc_in(&town->walk, 12, 13);
	assert_int_not_equal(path, NONE);
	assert_int_not_equal(steps, NONE);
	assert_int_not_equal(arc_in(&town->walk, 11, 10), NONE); /* one-way streets are walked both ways */
	assert_int_equal(town->walk.time_ms[path], (town->walk.dist_mm[path] * UINT64_C(1000) + 1299) / 1300);
	assert_int_equal(town->walk.time_ms[steps], (town->walk.dist_mm[steps] * UINT64_C(1000) + 649) / 650);
	assert_true(town->walk.flags[steps] & ARC_STEPS);
	assert_int_equal(arc_in(&town->walk, 20, 22), NONE);
	assert_int_equal(arc_in(&town->walk, 10, 20), NONE);
	assert_int_equal(arc_in(road, 11, 12), NONE);
	end();
}

static int has_address(const char *text, enum address_kind kind)
{
	int n = 0;

	for (uint32_t i = 0; i < town->n_addresses; i++)
		n += town->address_kind[i] == kind && strcmp(town_text(town, town->address_text[i]), text) == 0;
	return n;
}

static void addresses(void **state)
{
	(void)state;
	begin();
	nodes(10, 19);
	nodes(20, 29);
	nodes(70, 79);
	node(33, "addr:street=Ludwigstra\xc3\x9f"
		 "e|addr:housenumber=12");
	node(34, "addr:place=Hof|addr:housenumber=3");
	node(35, "addr:housenumber=4");
	node(36, "highway=bus_stop|name=Rathaus");
	node(37, "amenity=pharmacy|name=Adler-Apotheke");
	node(38, "amenity=bench|name=");
	node(31, "place=suburb|name=Nord");
	way(100, "10 19 29 20 70 79",
	    "highway=residential|name=Ludwigstra\xc3\x9f"
	    "e");
	way(101, "20 21 22 20", "building=yes|addr:street=Ring|addr:housenumber=7a");
	compile("");
	assert_int_equal(has_address("Ludwigstra\xc3\x9f"
				     "e 12",
				     ADDRESS_HOUSE),
			 1);
	assert_int_equal(has_address("Hof 3", ADDRESS_HOUSE), 1);
	assert_int_equal(has_address("Ring 7a", ADDRESS_HOUSE), 1);
	assert_int_equal(has_address("Ludwigstra\xc3\x9f"
				     "e",
				     ADDRESS_STREET),
			 1);
	assert_int_equal(has_address("Rathaus", ADDRESS_STOP), 1);
	assert_int_equal(has_address("Adler-Apotheke", ADDRESS_PLACE), 1);
	assert_int_equal(has_address("Nord", ADDRESS_PLACE), 1);
	assert_int_equal(has_address("", ADDRESS_PLACE), 0);
	for (uint32_t i = 1; i < town->n_addresses; i++)
		assert_true(strcmp(town_text(town, town->address_key[i - 1]), town_text(town, town->address_key[i])) <=
			    0);
	end();
}

static void virtual_stops(void **state)
{
	uint32_t n_named = 0;

	(void)state;
	begin();
	nodes(10, 19);
	node(3, "highway=bus_stop|name=Markt|wheelchair=yes");
	way(100, "10 13 16 19",
	    "highway=residential|name=Lange Stra\xc3\x9f"
	    "e");
	way(101, "3 13", "highway=residential");
	way(102, "3 10", "highway=primary|tunnel=yes");
	compile("stops:\n  spacing_m: 100\n  step_free: no\n  list:\n    - {name: Eigener Halt, at: [49.4012, 8.6061], "
		"step_free: yes}\n"
		"    - {name: Weit weg, at: [49.5, 8.9]}\n");
	assert_in_range(town->n_stops, 5, 9);
	assert_string_equal(town_text(town, town->stop_name[0]), "Eigener Halt");
	assert_int_equal(town->stop_step_free[0], 1);
	assert_string_equal(town_text(town, town->stop_name[1]), "Markt");
	assert_int_equal(town->stop_step_free[1], 1); /* wheelchair=yes of the OSM stop */
	assert_int_equal(reported("stop of the settings without a road"), 1);
	for (uint32_t i = 2; i < town->n_stops; i++) {
		n_named += strncmp(town_text(town, town->stop_name[i]), "Lange Stra", 10) == 0;
		assert_int_equal(town->stop_step_free[i], 2);
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(town_text(town, town->stop_name[i]),
						town_text(town, town->stop_name[k]));
	}
	assert_true(n_named >= 2);
	for (uint32_t i = 0; i < town->n_stops; i++) {
		struct spot spot = town->stop_spot[i];

		assert_true(spot.arc < road->n_arcs && spot.offset_mm <= road->dist_mm[spot.arc]);
		assert_false(road->flags[spot.arc] & ARC_NO_STOPPING);
		assert_int_not_equal(town->stop_walk[i].arc, NONE);
	}
	end();
	begin();
	nodes(10, 19);
	way(100, "10 13 16 19", "highway=residential");
	compile("area: [[49.4, 8.6], [49.4, 8.602], [49.402, 8.602], [49.402, 8.6]]\nstops: {spacing_m: 100}");
	assert_int_equal(town->n_area_rings, 1);
	assert_true(town->n_stops >= 1);
	for (uint32_t i = 0; i < town->n_stops; i++)
		assert_true(town->stop_point[i].lon_e7 <= 86020000);
	end();
	begin();
	nodes(10, 19);
	way(100, "10 13 16 19", "highway=residential");
	compile("stops: {automatic: false}");
	assert_int_equal(town->n_stops, 0);
	end();
}

static void background(void **state)
{
	(void)state;
	begin();
	nodes(10, 19);
	nodes(20, 29);
	way(100, "10 15 25", "highway=residential");
	way(101, "11 12 22 21 11", "natural=water");
	way(102, "10 20", "waterway=river");
	way(103, "13 14 24", "landuse=forest"); /* not closed: no area */
	way(104, "15 16", "railway=rail");
	way(105, "17 18 28", "source=survey");
	way(106, "17 27 28", "source=survey");
	osm_text_append(xml, sizeof xml,
			"<relation id='9'><member type='way' ref='105' role='outer'/><member type='way' ref='106' "
			"role='outer'/>"
			"<member type='way' ref='777' role='outer'/><tag k='type' v='multipolygon'/><tag k='landuse' "
			"v='forest'/></relation>");
	compile("");
	assert_int_equal(town->n_shapes, 4);
	assert_int_equal(town->shape_kind[0], MAP_WATER);
	assert_int_equal(town->shape_kind[1], MAP_RIVER);
	assert_int_equal(town->shape_kind[2], MAP_RAIL);
	assert_int_equal(town->shape_kind[3], MAP_GREEN);
	for (uint32_t i = 0; i < town->n_shape_points; i++) { /* clipped to the streets' box and 500 m */
		assert_in_range(town->shape_point[i].lat_e7, town->box_low.lat_e7 - 50000,
				town->box_high.lat_e7 + 50000);
		assert_in_range(town->shape_point[i].lon_e7, town->box_low.lon_e7 - 60000,
				town->box_high.lon_e7 + 60000);
	}
	end();
}

/* What was compiled can be written and read, and the same input gives the same bytes. */
static void written_twice(void **state)
{
	uint8_t hashes[2][TOWN_HASH_BYTES];

	(void)state;
	for (int i = 0; i < 2; i++) {
		char path[] = "/tmp/zub-network-XXXXXX";
		struct err_detail detail = {""};
		struct town opened;
		int fd = mkstemp(path);

		assert_true(fd >= 0);
		close(fd);
		crossing("highway=traffic_signals");
		restriction(1, "from w101 via n12 to w103", "restriction=no_left_turn");
		compile("name: Doppelt");
		if (town_write(&build.town, path, &detail))
			print_error("%s\n", detail.text);
		assert_int_equal(town_open(&opened, path, &detail), 0);
		memcpy(hashes[i], opened.hash, TOWN_HASH_BYTES);
		assert_int_equal(opened.road.n_arcs, road->n_arcs);
		town_close(&opened);
		unlink(path);
		end();
	}
	assert_memory_equal(hashes[0], hashes[1], TOWN_HASH_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_are_cut_where_they_meet),
		cmocka_unit_test(speed_caps_hold),
		cmocka_unit_test(odd_ways),
		cmocka_unit_test(no_streets_is_an_error),
		cmocka_unit_test(islands_are_left_out_aloud),
		cmocka_unit_test(plain_crossing),
		cmocka_unit_test(left_and_sharp_turns),
		cmocka_unit_test(no_turns),
		cmocka_unit_test(only_turns),
		cmocka_unit_test(several_from_and_to),
		cmocka_unit_test(no_u_turn_on_one_way),
		cmocka_unit_test(whom_it_concerns),
		cmocka_unit_test(over_via_ways),
		cmocka_unit_test(over_several_via_ways),
		cmocka_unit_test(via_way_in_pieces),
		cmocka_unit_test(nonsense_is_reported),
		cmocka_unit_test(only_from_a_way_that_passes_is_left_out),
		cmocka_unit_test(barriers_cut),
		cmocka_unit_test(signals_and_destinations_cost),
		cmocka_unit_test(u_turns_by_class),
		cmocka_unit_test(footpaths),
		cmocka_unit_test(addresses),
		cmocka_unit_test(virtual_stops),
		cmocka_unit_test(background),
		cmocka_unit_test(written_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
