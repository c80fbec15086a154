#include "classes.h"
#include <stdlib.h>
#include <string.h>

/* --- words -------------------------------------------------------------------------------------------------------- */

static const char *const highway_names[HIGHWAYS] = {
	"",	    "motorway",	    "trunk",	   "primary",	    "secondary",
	"tertiary", "unclassified", "residential", "living_street", "service",
	"track",    "pedestrian",   "busway",	   "road",	    "footway",
	"path",	    "cycleway",	    "bridleway",   "steps",	    "platform",
	"corridor",
};

static const uint8_t highway_kinds[HIGHWAYS] = {
	[HIGHWAY_MOTORWAY] = ROAD_MOTORWAY,
	[HIGHWAY_TRUNK] = ROAD_TRUNK,
	[HIGHWAY_PRIMARY] = ROAD_PRIMARY,
	[HIGHWAY_SECONDARY] = ROAD_SECONDARY,
	[HIGHWAY_TERTIARY] = ROAD_TERTIARY,
	[HIGHWAY_UNCLASSIFIED] = ROAD_RESIDENTIAL,
	[HIGHWAY_RESIDENTIAL] = ROAD_RESIDENTIAL,
	[HIGHWAY_LIVING_STREET] = ROAD_LIVING_STREET,
	[HIGHWAY_SERVICE] = ROAD_SERVICE,
	[HIGHWAY_TRACK] = ROAD_TRACK,
	[HIGHWAY_PEDESTRIAN] = ROAD_PEDESTRIAN,
	[HIGHWAY_BUSWAY] = ROAD_SERVICE,
	[HIGHWAY_ROAD] = ROAD_OTHER,
	[HIGHWAY_FOOTWAY] = ROAD_FOOTWAY,
	[HIGHWAY_PATH] = ROAD_FOOTWAY,
	[HIGHWAY_CYCLEWAY] = ROAD_CYCLEWAY,
	[HIGHWAY_BRIDLEWAY] = ROAD_TRACK,
	[HIGHWAY_STEPS] = ROAD_STEPS,
	[HIGHWAY_PLATFORM] = ROAD_FOOTWAY,
	[HIGHWAY_CORRIDOR] = ROAD_FOOTWAY,
};

enum highway classes_highway(const char *text)
{
	size_t n = strlen(text);

	if (n > 5 && strcmp(text + n - 5, "_link") == 0)
		n -= 5;
	for (int h = HIGHWAY_MOTORWAY; h < HIGHWAYS; h++)
		if (strlen(highway_names[h]) == n && strncmp(text, highway_names[h], n) == 0)
			return (enum highway)h;
	return HIGHWAY_NONE;
}

static int is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; text && i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return 1;
	return 0;
}
#define IS_ONE_OF(text, ...) \
	is_one_of(text, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static int is_yes(const char *text)
{
	return IS_ONE_OF(text, "yes", "true", "1");
}

/* The tag key + suffix. */
static const char *tag_with(const struct osm *osm, struct osm_tags tags, const char *key, const char *suffix)
{
	char name[64];
	size_t n = strlen(key), m = strlen(suffix);

	if (n + m >= sizeof name)
		return NULL;
	memcpy(name, key, n);
	memcpy(name + n, suffix, m + 1);
	return osm_tag(osm, tags, name);
}

static const char *const directions[2] = {":forward", ":backward"};

/* --- access ------------------------------------------------------------------------------------------------------- */

enum access { ACCESS_UNSET, ACCESS_NO, ACCESS_PRIVATE, ACCESS_DESTINATION, ACCESS_YES };

static enum access access_word(const char *text, size_t n)
{
	static const struct {
		const char *word;
		enum access access;
	} words[] = {
		{"yes", ACCESS_YES},
		{"permissive", ACCESS_YES},
		{"designated", ACCESS_YES},
		{"official", ACCESS_YES},
		{"destination", ACCESS_DESTINATION},
		{"customers", ACCESS_DESTINATION},
		{"private", ACCESS_PRIVATE},
		{"residents", ACCESS_PRIVATE},
		{"permit", ACCESS_PRIVATE},
		{"no", ACCESS_NO},
		{"delivery", ACCESS_NO},
		{"agricultural", ACCESS_NO},
		{"forestry", ACCESS_NO},
		{"military", ACCESS_NO},
		{"emergency", ACCESS_NO},
		{"restricted", ACCESS_NO},
		{"use_sidepath", ACCESS_NO},
		{"discouraged", ACCESS_DESTINATION},
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i].word) == n && strncmp(text, words[i].word, n) == 0)
			return words[i].access;
	return ACCESS_UNSET;
}

/* The most generous of "agricultural;destination". */
static enum access access_value(const char *text)
{
	enum access best = ACCESS_UNSET;

	while (text && *text) {
		size_t n = strcspn(text, ";");
		enum access access = access_word(text, n);

		best = access > best ? access : best;
		text += n + (text[n] == ';');
		text += strspn(text, " ");
	}
	return best;
}

static const char *const bus_keys[] = {"bus", "psv", "motorcar", "motor_vehicle", "vehicle", "access"};
static const char *const foot_keys[] = {"foot", "access"};

/* First key of the list that says something; direction -1 = of a node. *ret_key tells which. */
static enum access access_of(const struct osm *osm, struct osm_tags tags, const char *const *keys, size_t n,
			     int direction, size_t *ret_key)
{
	for (size_t i = 0; i < n; i++) {
		enum access access = ACCESS_UNSET;

		if (direction >= 0)
			access = access_value(tag_with(osm, tags, keys[i], directions[direction]));
		if (access == ACCESS_UNSET)
			access = access_value(osm_tag(osm, tags, keys[i]));
		if (access != ACCESS_UNSET) {
			*ret_key = i;
			return access;
		}
	}
	*ret_key = n;
	return ACCESS_UNSET;
}

static enum access vehicle_access(const struct osm *osm, struct osm_tags tags, const struct class_rules *class_rules,
				  int direction, int *ret_as_bus)
{
	size_t skip = class_rules->bus_lanes ? 0 : 2, key;
	enum access access =
		access_of(osm, tags, bus_keys + skip, sizeof bus_keys / sizeof *bus_keys - skip, direction, &key);

	*ret_as_bus = class_rules->bus_lanes && key < 2 && access == ACCESS_YES;
	return access;
}

int classes_named(const char *list, const struct class_rules *class_rules)
{
	while (list && *list) {
		size_t n = strcspn(list, ";"), skip = class_rules->bus_lanes ? 0 : 2;

		for (size_t i = skip; i < 5; i++) /* "access" is no kind of vehicle */
			if (strlen(bus_keys[i]) == n && strncmp(list, bus_keys[i], n) == 0)
				return 1;
		list += n + (list[n] == ';');
		list += strspn(list, " ");
	}
	return 0;
}

/* --- direction ---------------------------------------------------------------------------------------------------- */

enum oneway { ONEWAY_NO, ONEWAY_ALONG, ONEWAY_AGAINST, ONEWAY_CLOSED };

static enum oneway oneway_value(const char *text)
{
	if (IS_ONE_OF(text, "-1", "reverse"))
		return ONEWAY_AGAINST;
	if (IS_ONE_OF(text, "reversible"))
		return ONEWAY_CLOSED; /* changes by the hour */
	return is_yes(text) ? ONEWAY_ALONG : ONEWAY_NO;
}

static int is_roundabout(const struct osm *osm, struct osm_tags tags)
{
	return IS_ONE_OF(osm_tag(osm, tags, "junction"), "roundabout", "circular");
}

/* Opposite bus lanes: busway=opposite_lane, busway:left=opposite_lane, ... */
static int has_opposite_busway(const struct osm *osm, struct osm_tags tags)
{
	static const char *const keys[] = {"busway", "busway:left", "busway:right"};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (IS_ONE_OF(osm_tag(osm, tags, keys[i]), "opposite_lane", "opposite", "opposite_track"))
			return 1;
	return 0;
}

static enum oneway oneway_of(const struct osm *osm, struct osm_tags tags, const struct class_rules *class_rules)
{
	static const char *const keys[] = {"oneway:bus",	   "oneway:psv",     "oneway:motorcar",
					   "oneway:motor_vehicle", "oneway:vehicle", "oneway"};

	if (class_rules->bus_lanes && has_opposite_busway(osm, tags))
		return ONEWAY_NO;
	for (size_t i = class_rules->bus_lanes ? 0 : 2; i < sizeof keys / sizeof *keys; i++) {
		const char *value = osm_tag(osm, tags, keys[i]);

		if (value)
			return oneway_value(value);
	}
	if (is_roundabout(osm, tags) || IS_ONE_OF(osm_tag(osm, tags, "highway"), "motorway"))
		return ONEWAY_ALONG;
	return ONEWAY_NO;
}

/* --- speed -------------------------------------------------------------------------------------------------------- */

static uint32_t clamp_speed(double kmh)
{
	return kmh < 1 ? 0 : kmh > 130 ? 130 : kmh < 5 ? 5 : (uint32_t)(kmh + 0.5);
}

static uint32_t zone_speed(const char *zone)
{
	const char *digits = zone + strcspn(zone, "0123456789");

	if (*digits)
		return clamp_speed(strtod(digits, NULL));
	if (strncmp(zone, "urban", 5) == 0)
		return 50;
	if (strncmp(zone, "rural", 5) == 0)
		return 100;
	if (strncmp(zone, "motorway", 8) == 0)
		return 130;
	if (strncmp(zone, "trunk", 5) == 0)
		return 100;
	if (strcmp(zone, "living_street") == 0 || strcmp(zone, "walk") == 0)
		return 7;
	return strcmp(zone, "bicycle_road") == 0 ? 30 : 0;
}

/* km/h of a maxspeed value: "50", "30 mph", "DE:urban", "DE:zone30", "walk", "none"; 0 = says nothing. */
static uint32_t classes_speed(const char *text)
{
	char *end;
	double value;

	if (!text)
		return 0;
	if (strcmp(text, "none") == 0)
		return 130;
	if (text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z' && text[2] == ':')
		return zone_speed(text + 3);
	if (text[0] < '0' || text[0] > '9')
		return zone_speed(strncmp(text, "zone", 4) == 0 ? text + 4 : text);
	value = strtod(text, &end);
	end += strspn(end, " ");
	if (strncmp(end, "mph", 3) == 0)
		value *= 1.609344;
	else if (strncmp(end, "knots", 5) == 0)
		value *= 1.852;
	else if (*end && *end != ';' && strncmp(end, "km", 2) != 0 && strncmp(end, "kph", 3) != 0)
		return 0;
	return clamp_speed(value);
}

/* Where no tag tells: German law, but never more than what is driven there in practice. */
static uint32_t assumed_speed(const struct osm *osm, struct osm_tags tags, enum highway highway, int is_urban)
{
	static const uint8_t urban[HIGHWAYS] = {
		[HIGHWAY_MOTORWAY] = 100,   [HIGHWAY_TRUNK] = 70,	 [HIGHWAY_PRIMARY] = 50,
		[HIGHWAY_SECONDARY] = 50,   [HIGHWAY_TERTIARY] = 50,	 [HIGHWAY_UNCLASSIFIED] = 50,
		[HIGHWAY_RESIDENTIAL] = 30, [HIGHWAY_LIVING_STREET] = 7, [HIGHWAY_SERVICE] = 20,
		[HIGHWAY_TRACK] = 15,	    [HIGHWAY_PEDESTRIAN] = 7,	 [HIGHWAY_BUSWAY] = 30,
		[HIGHWAY_ROAD] = 30};
	static const uint8_t rural[HIGHWAYS] = {
		[HIGHWAY_MOTORWAY] = 120,   [HIGHWAY_TRUNK] = 100,	 [HIGHWAY_PRIMARY] = 90,
		[HIGHWAY_SECONDARY] = 80,   [HIGHWAY_TERTIARY] = 70,	 [HIGHWAY_UNCLASSIFIED] = 60,
		[HIGHWAY_RESIDENTIAL] = 30, [HIGHWAY_LIVING_STREET] = 7, [HIGHWAY_SERVICE] = 20,
		[HIGHWAY_TRACK] = 15,	    [HIGHWAY_PEDESTRIAN] = 7,	 [HIGHWAY_BUSWAY] = 50,
		[HIGHWAY_ROAD] = 30};
	const char *lit = osm_tag(osm, tags, "lit"), *sidewalk = osm_tag(osm, tags, "sidewalk");
	const char *service = osm_tag(osm, tags, "service");

	if (highway == HIGHWAY_SERVICE && IS_ONE_OF(service, "driveway", "parking_aisle", "drive-through", "alley"))
		return 10;
	if ((lit && strcmp(lit, "no") != 0) || IS_ONE_OF(sidewalk, "yes", "both", "left", "right", "separate"))
		is_urban = 1;
	return is_urban ? urban[highway] : rural[highway];
}

static uint32_t speed_of(const struct osm *osm, struct osm_tags tags, enum highway highway, int direction, int is_urban)
{
	static const char *const keys[] = {"maxspeed", "zone:maxspeed", "maxspeed:type", "source:maxspeed",
					   "zone:traffic"};
	uint32_t speed = classes_speed(tag_with(osm, tags, "maxspeed", directions[direction]));

	for (size_t i = 0; i < sizeof keys / sizeof *keys && !speed; i++)
		speed = classes_speed(osm_tag(osm, tags, keys[i]));
	return speed ? speed : assumed_speed(osm, tags, highway, is_urban);
}

/* --- roads -------------------------------------------------------------------------------------------------------- */

/* May the class drive along (0) or against (1) the way, its direction rules aside? *ret_private: for residents and
 * guests. */
static int is_allowed(const struct osm *osm, struct osm_tags tags, const struct class_rules *class_rules,
		      const struct way_rules *rules, int direction, int *ret_private)
{
	int as_bus;
	enum access access = vehicle_access(osm, tags, class_rules, direction, &as_bus);
	uint32_t bit = 1u << rules->highway;
	int is_usual = (bit & (1u << HIGHWAY_TRACK | 1u << HIGHWAY_PEDESTRIAN | 1u << HIGHWAY_BUSWAY)) == 0;

	*ret_private |= access == ACCESS_DESTINATION || access == ACCESS_PRIVATE;
	if (!(class_rules->highways & bit) && !(as_bus && !is_usual) &&
	    !(class_rules->bus_lanes && rules->highway == HIGHWAY_BUSWAY))
		return 0;
	if (rules->speed_kmh[direction] > class_rules->road_speed_max_kmh)
		return 0;
	if (access == ACCESS_UNSET)
		return is_usual || (rules->highway == HIGHWAY_BUSWAY && class_rules->bus_lanes);
	return access >= ACCESS_DESTINATION || (access == ACCESS_PRIVATE && class_rules->private_roads);
}

static int has_no_stopping(const struct osm *osm, struct osm_tags tags, const struct way_rules *rules, int direction)
{
	static const char *const sides[2][4] = {
		{"parking:lane:right", "parking:lane:both", "parking:right:restriction", "parking:both:restriction"},
		{"parking:lane:left", "parking:lane:both", "parking:left:restriction", "parking:both:restriction"}};
	int is_link = strstr(osm_tag(osm, tags, "highway"), "_link") != NULL;

	if (rules->highway == HIGHWAY_MOTORWAY || rules->highway == HIGHWAY_TRUNK || is_link ||
	    rules->speed_kmh[direction] > 60 || (rules->flags[direction] & (ARC_TUNNEL | ARC_ROUNDABOUT)))
		return 1;
	for (size_t i = 0; i < 4; i++)
		if (IS_ONE_OF(osm_tag(osm, tags, sides[direction][i]), "no_stopping"))
			return 1;
	return 0;
}

static uint8_t shape_flags(const struct osm *osm, struct osm_tags tags)
{
	const char *bridge = osm_tag(osm, tags, "bridge"), *tunnel = osm_tag(osm, tags, "tunnel");
	unsigned flags = 0;

	if (is_roundabout(osm, tags))
		flags |= ARC_ROUNDABOUT;
	if (bridge && strcmp(bridge, "no") != 0)
		flags |= ARC_BRIDGE;
	if (tunnel && strcmp(tunnel, "no") != 0)
		flags |= ARC_TUNNEL;
	return (uint8_t)flags;
}

static enum highway highway_of(const struct osm *osm, struct osm_tags tags)
{
	const char *text = osm_tag(osm, tags, "highway");

	return text && strcmp(text, "bus_guideway") != 0 ? classes_highway(text) : HIGHWAY_NONE;
}

static void allow_class(const struct osm *osm, struct osm_tags tags, const struct class_rules *class_rules, uint32_t c,
			struct way_rules *rules)
{
	enum oneway oneway = oneway_of(osm, tags, class_rules);

	for (int direction = 0; direction < 2; direction++) {
		int is_private = 0;

		if (oneway == ONEWAY_CLOSED || oneway == (direction ? ONEWAY_ALONG : ONEWAY_AGAINST))
			continue;
		if (is_allowed(osm, tags, class_rules, rules, direction, &is_private)) {
			rules->allowed[direction] |= (uint8_t)(1u << c);
			rules->flags[direction] |= is_private ? ARC_PRIVATE : 0;
		}
	}
}

void classes_road(const struct osm *osm, struct osm_tags tags, const struct class_rules *classes, uint32_t n_classes,
		  int is_urban, struct way_rules *ret_rules)
{
	enum highway highway = highway_of(osm, tags);
	int is_driveway = IS_ONE_OF(osm_tag(osm, tags, "service"), "driveway");

	*ret_rules = (struct way_rules){.highway = highway, .kind = highway_kinds[highway]};
	if (highway == HIGHWAY_NONE || highway > HIGHWAY_ROAD || is_yes(osm_tag(osm, tags, "area")) ||
	    IS_ONE_OF(osm_tag(osm, tags, "service"), "emergency_access"))
		return;
	for (int direction = 0; direction < 2; direction++) {
		ret_rules->flags[direction] = (uint8_t)(shape_flags(osm, tags) | (is_driveway ? ARC_PRIVATE : 0));
		ret_rules->speed_kmh[direction] = (uint8_t)speed_of(osm, tags, highway, direction, is_urban);
		if (has_no_stopping(osm, tags, ret_rules, direction))
			ret_rules->flags[direction] |= ARC_NO_STOPPING;
	}
	for (uint32_t c = 0; c < n_classes; c++)
		allow_class(osm, tags, &classes[c], c, ret_rules);
}

/* --- people on foot ----------------------------------------------------------------------------------------------- */

/* Where nobody says: not on motorways, trunk roads, cycleways and bridleways. */
static int is_walked(enum highway highway)
{
	return highway != HIGHWAY_NONE && highway != HIGHWAY_MOTORWAY && highway != HIGHWAY_TRUNK &&
	       highway != HIGHWAY_BUSWAY && highway != HIGHWAY_CYCLEWAY && highway != HIGHWAY_BRIDLEWAY;
}

void classes_walk(const struct osm *osm, struct osm_tags tags, struct way_rules *ret_rules)
{
	enum highway highway = highway_of(osm, tags);
	const char *sidewalk = osm_tag(osm, tags, "sidewalk");
	enum access access;
	uint8_t flags;
	size_t key;

	if (highway == HIGHWAY_NONE && (IS_ONE_OF(osm_tag(osm, tags, "railway"), "platform") ||
					IS_ONE_OF(osm_tag(osm, tags, "public_transport"), "platform")))
		highway = HIGHWAY_PLATFORM;
	*ret_rules = (struct way_rules){.highway = highway, .kind = highway_kinds[highway]};
	if (highway == HIGHWAY_NONE)
		return;
	access = access_of(osm, tags, foot_keys, 2, -1, &key);
	if (access == ACCESS_NO || access == ACCESS_PRIVATE || IS_ONE_OF(osm_tag(osm, tags, "foot"), "use_sidepath"))
		return;
	if (access == ACCESS_UNSET || key == 1) /* access=yes does not open a motorway or a cycleway to people */
		if (!is_walked(highway) && !IS_ONE_OF(sidewalk, "yes", "both", "left", "right"))
			return;
	flags = (uint8_t)(shape_flags(osm, tags) | (highway == HIGHWAY_STEPS ? ARC_STEPS : 0));
	for (int direction = 0; direction < 2; direction++) {
		ret_rules->allowed[direction] = 1;
		ret_rules->flags[direction] = flags;
		ret_rules->speed_kmh[direction] = 5;
	}
}

/* --- nodes -------------------------------------------------------------------------------------------------------- */

uint8_t classes_blocked(const struct osm *osm, struct osm_tags tags, const struct class_rules *classes,
			uint32_t n_classes)
{
	const char *barrier = osm_tag(osm, tags, "barrier");
	unsigned blocked = 0;
	int is_open = IS_ONE_OF(barrier, "no", "cattle_grid", "border_control", "toll_booth", "sally_port", "entrance",
				"height_restrictor", "kerb", "sump_buster");

	if (!barrier) /* access tags of crossings and signals speak of those who cross */
		return 0;
	for (uint32_t c = 0; c < n_classes; c++) {
		int as_bus;
		enum access access = vehicle_access(osm, tags, &classes[c], -1, &as_bus);
		int is_passed = access == ACCESS_UNSET
					? is_open || (classes[c].bus_lanes && strcmp(barrier, "bus_trap") == 0)
					: access >= ACCESS_DESTINATION ||
						  (access == ACCESS_PRIVATE && classes[c].private_roads);

		blocked |= is_passed ? 0 : 1u << c;
	}
	return (uint8_t)blocked;
}

int classes_walk_blocked(const struct osm *osm, struct osm_tags tags)
{
	const char *barrier = osm_tag(osm, tags, "barrier");
	enum access access;
	size_t key;

	if (!barrier)
		return 0;
	access = access_of(osm, tags, foot_keys, 2, -1, &key);
	if (access == ACCESS_UNSET || (key == 1 && access != ACCESS_YES))
		return IS_ONE_OF(barrier, "wall", "fence", "hedge", "retaining_wall", "city_wall", "ditch") ||
		       (access == ACCESS_PRIVATE || access == ACCESS_NO);
	return access == ACCESS_NO || access == ACCESS_PRIVATE;
}
