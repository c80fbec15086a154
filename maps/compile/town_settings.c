#include "town_settings.h"
#include "array.h"
#include "yaml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AREA_POINTS_MOST 100000u
#define TEXT(name, field, may_be_empty, fallback, help)                                            \
	{                                                                                          \
		name, YAML_TEXT, 0, may_be_empty, fallback, offsetof(struct town_settings, field), \
			sizeof(((struct town_settings *)0)->field), 0, help                        \
	}
#define NUMBER(name, type, low, high, fallback, field, help)                                                     \
	{                                                                                                        \
		name, type, low, high, fallback, offsetof(struct town_settings, field), sizeof(int64_t), 0, help \
	}

static const struct yaml_setting town_table[] = {
	TEXT("name", name, 1, "", "name of the town; default: the OSM file's name"),
	TEXT("time_zone", time_zone, 0, "Europe/Berlin", "IANA name"),
	TEXT("crs", crs, 1, "", "what PROJ reads, e.g. EPSG:25832; default: the UTM zone of the centre"),
	TEXT("attribution", attribution, 0, TOWN_ATTRIBUTION, "shown with every map"),
	TEXT("generated", generated, 1, "", "set for towns that are not real: says how they were made"),
	TEXT("phone", phone, 1, "", "the service by telephone"),
	TEXT("fallback.name", fallback_name, 1, "", "who takes riders home when a ride breaks"),
	TEXT("fallback.phone", fallback_phone, 1, "", "and how to call them"),
	TEXT("texts.privacy", privacy_text, 1, "", "privacy notice"),
	TEXT("texts.imprint", imprint_text, 1, "", "imprint"),
	NUMBER("hours.from", YAML_TIME, 0, 86399, "05:00", service_from_s, "start of service"),
	NUMBER("hours.to", YAML_TIME, 1, 172800, "24:30", service_to_s, "end of service; may pass 24:00"),
	NUMBER("rules.pickup_window", YAML_DURATION, 0, HOUR_MS, "10 min", pickup_window_ms,
	       "length of a promised pickup window"),
	NUMBER("rules.arrival_extra", YAML_DURATION, 0, 2 * HOUR_MS, "10 min", arrival_extra_ms,
	       "latest arrival after the planned one, at most"),
	NUMBER("rules.arrival_extra_share", YAML_PERMILLE, 0, 10000, "0.5", arrival_extra_permille,
	       "and at most this share of the direct time"),
	NUMBER("rules.ride_time_extra", YAML_DURATION, 0, 2 * HOUR_MS, "10 min", ride_time_extra_ms,
	       "maximum ride time: this"),
	NUMBER("rules.ride_time_share", YAML_PERMILLE, 1000, 10000, "1.5", ride_time_permille,
	       "plus this times the direct time"),
	NUMBER("rules.stop", YAML_DURATION, 0, HOUR_MS, "15 s", stop_ms, "fixed part of each stop (doors)"),
	NUMBER("rules.walk_max_m", YAML_INT, 0, 5000, "500", walk_max_m, "walking limit to a stop, m"),
	NUMBER("rules.walk_speed_mm_per_s", YAML_INT, 100, 5000, "1300", walk_mm_per_s, "walking speed"),
	NUMBER("rules.no_show_wait", YAML_DURATION, 0, HOUR_MS, "120 s", no_show_wait_ms,
	       "wait at the stop before a no-show"),
	NUMBER("rules.coming_extra", YAML_DURATION, 0, HOUR_MS, "120 s", coming_extra_ms,
	       "\"I am coming\" adds this once"),
	NUMBER("rules.prebook_max", YAML_DURATION, 0, 24 * DAY_MS, "14 d", prebook_max_ms,
	       "how far ahead one can book"),
	NUMBER("rules.wait_max", YAML_DURATION, 0, DAY_MS, "60 min", wait_max_ms,
	       "immediate requests: pickups at most this far ahead"),
	NUMBER("rules.transfer", YAML_DURATION, 0, HOUR_MS, "120 s", transfer_ms,
	       "to change between shuttle and train besides the walk"),
	NUMBER("rules.fare_cents", YAML_INT, 0, 1000000, "0", fare_cents, "flat fare per rider"),
	NUMBER("rules.door_to_door", YAML_BOOL, 0, 1, "false", door_to_door,
	       "at the door where allowed; else virtual stops only"),
};
static const char *const town_also[] = {"classes", "spaces", "needs", "profiles", "area", "stops"};

static const struct yaml_setting stops_table[] = {
	NUMBER("automatic", YAML_BOOL, 0, 1, "true", stops_automatic, "spread virtual stops along the streets"),
	NUMBER("at_transit", YAML_BOOL, 0, 1, "true", stops_at_transit,
	       "a virtual stop at each transit stop in the area"),
	NUMBER("spacing_m", YAML_INT, 50, 5000, "250", stops_spacing_m, "between automatic stops"),
	NUMBER("most", YAML_INT, 0, 20000, "4000", stops_most, "at most so many stops"),
	TEXT("step_free", stops_step_free, 0, "unknown",
	     "of automatic stops no source says more about: unknown, yes, no"),
};
static const char *const stops_also[] = {"list"};

#define CLASS_NUMBER(name, type, low, high, fallback, field, help)                                             \
	{                                                                                                      \
		name, type, low, high, fallback, offsetof(struct class_rules, field), sizeof(int64_t), 0, help \
	}
static const struct yaml_setting class_table[] = {
	{"name", YAML_TEXT, 0, 0, "class", offsetof(struct class_rules, name), 32, 0, "key of the class"},
	CLASS_NUMBER("speed_kmh", YAML_INT, 3, 130, "50", speed_kmh, "speed cap"),
	CLASS_NUMBER("road_speed_max_kmh", YAML_INT, 5, 255, "255", road_speed_max_kmh,
		     "not on roads with a higher legal speed"),
	CLASS_NUMBER("wh_per_km", YAML_INT, 1, 10000, "350", wh_per_km, "energy"),
	CLASS_NUMBER("bus_lanes", YAML_BOOL, 0, 1, "false", bus_lanes, "may do what buses may"),
	CLASS_NUMBER("private_roads", YAML_BOOL, 0, 1, "false", private_roads, "may enter private roads"),
	{"u_turns", YAML_TEXT, 0, 0, "dead_ends", offsetof(struct class_rules, u_turns_word), 16, 0,
	 "dead_ends, everywhere, never"},
	CLASS_NUMBER("u_turn", YAML_DURATION, 0, HOUR_MS, "15 s", u_turn_ms, "cost of a U-turn"),
	CLASS_NUMBER("signal", YAML_DURATION, 0, HOUR_MS, "5 s", signal_ms, "mean wait at traffic signals"),
	CLASS_NUMBER("left", YAML_DURATION, 0, HOUR_MS, "0 s", left_ms, "turning left across oncoming traffic"),
	CLASS_NUMBER("sharp", YAML_DURATION, 0, HOUR_MS, "0 s", sharp_ms, "turning by more than 120 degrees"),
	CLASS_NUMBER("destination", YAML_DURATION, 0, HOUR_MS, "30 s", destination_ms,
		     "entering a destination-only road"),
};
static const char *const class_also[] = {"roads"};

#define NEED_NUMBER(name, type, low, high, fallback, field, help)                                                \
	{                                                                                                        \
		name, type, low, high, fallback, offsetof(struct settings_need, field), sizeof(int64_t), 0, help \
	}
static const struct yaml_setting need_table[] = {
	{"key", YAML_TEXT, 0, 0, "need", offsetof(struct settings_need, key), 32, 0, "key of the need"},
	{"label_de", YAML_TEXT, 0, 1, "", offsetof(struct settings_need, label_de), 64, 0, "German"},
	{"label_en", YAML_TEXT, 0, 1, "", offsetof(struct settings_need, label_en), 64, 0, "English"},
	NEED_NUMBER("boarding", YAML_DURATION, 0, HOUR_MS, "0 s", boarding_ms, "time to board, and to alight"),
	NEED_NUMBER("step_free", YAML_BOOL, 0, 1, "false", step_free, "needs a step-free stop and vehicle"),
	NEED_NUMBER("person", YAML_BOOL, 0, 1, "false", is_person, "is a rider (luggage is none)"),
};
static const char *const need_also[] = {"takes"};

#define PROFILE_NUMBER(name, type, low, high, fallback, field, help)                                                \
	{                                                                                                           \
		name, type, low, high, fallback, offsetof(struct settings_profile, field), sizeof(int64_t), 0, help \
	}
static const struct yaml_setting profile_table[] = {
	{"name", YAML_TEXT, 0, 0, "profile", offsetof(struct settings_profile, name), 64, 0, "name of the profile"},
	PROFILE_NUMBER("from", YAML_TIME, 14400, 100799, "07:00", from_s, "begins; days begin at 04:00"),
	PROFILE_NUMBER("to", YAML_TIME, 14401, 100800, "09:00", to_s, "ends, at 28:00 at the latest"),
	PROFILE_NUMBER("slow", YAML_PERMILLE, 1000, TOWN_PROFILE_PERMILLE_MAX, "1", slow_permille,
		       "all roads take that many times what they usually take"),
	PROFILE_NUMBER("speed_kmh", YAML_INT, 0, 130, "0", speed_kmh, "nobody is faster; 0 = no cap"),
	PROFILE_NUMBER("condition", YAML_BOOL, 0, 1, "false", is_condition,
		       "has no hours: it holds while an operator says so (snow)"),
};
static const char *const profile_also[] = {"days", "roads", "closed", "classes"};
static const char *const weekday_words[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
static const char *const kind_words[ROAD_KINDS] = {
	[ROAD_OTHER] = "other",
	[ROAD_MOTORWAY] = "motorway",
	[ROAD_TRUNK] = "trunk",
	[ROAD_PRIMARY] = "primary",
	[ROAD_SECONDARY] = "secondary",
	[ROAD_TERTIARY] = "tertiary",
	[ROAD_RESIDENTIAL] = "residential",
	[ROAD_LIVING_STREET] = "living_street",
	[ROAD_SERVICE] = "service",
	[ROAD_TRACK] = "track",
	[ROAD_PEDESTRIAN] = "pedestrian",
	[ROAD_CYCLEWAY] = "cycleway",
	[ROAD_FOOTWAY] = "footway",
	[ROAD_STEPS] = "steps",
};

#define HIGHWAY(x) (1u << HIGHWAY_##x)
#define ROADS_SLOW                                                                                  \
	(HIGHWAY(RESIDENTIAL) | HIGHWAY(LIVING_STREET) | HIGHWAY(SERVICE) | HIGHWAY(UNCLASSIFIED) | \
	 HIGHWAY(TERTIARY) | HIGHWAY(SECONDARY) | HIGHWAY(PRIMARY) | HIGHWAY(ROAD))
#define ROADS_CAR (ROADS_SLOW | HIGHWAY(MOTORWAY) | HIGHWAY(TRUNK) | HIGHWAY(TRACK) | HIGHWAY(PEDESTRIAN))

/* --- defaults ----------------------------------------------------------------------------------------------------- */

static struct class_rules class_default(const char *name, uint32_t highways)
{
	struct class_rules class_rules = {0};

	yaml_defaults(class_table, COUNT_OF(class_table), &class_rules);
	strncpy(class_rules.name, name, sizeof class_rules.name - 1);
	class_rules.highways = highways;
	return class_rules;
}

static void default_classes(struct town_settings *settings)
{
	settings->classes[0] = class_default("shuttle", ROADS_SLOW);
	settings->classes[0].speed_kmh = 25;
	settings->classes[0].road_speed_max_kmh = 50;
	settings->classes[0].wh_per_km = 400;
	settings->classes[1] = class_default("van", ROADS_CAR);
	settings->classes[1].speed_kmh = 130;
	settings->classes[1].wh_per_km = 250;
	settings->n_classes = 2;
}

static const struct settings_space default_spaces[] = {{"seat"}, {"wheelchair_bay"}, {"floor"}};

/* space: seats, wheelchair bays, floor places (walker, pram, large luggage) */
static const struct settings_need default_needs[] = {
	{"seat", "Sitzplatz", "Seat", {1}, 0, 0, 1},
	{"wheelchair", "Rollstuhl", "Wheelchair", {0, 1}, 90 * SECOND_MS, 1, 1},
	{"walker", "Rollator", "Walker", {1, 0, 1}, 30 * SECOND_MS, 1, 1},
	{"pram", "Kinderwagen", "Pram", {0, 0, 1}, 20 * SECOND_MS, 1, 0},
	{"assistance_dog", "Assistenzhund", "Assistance dog", {0}, 10 * SECOND_MS, 0, 0},
	{"companion", "Begleitperson", "Companion", {1}, 0, 0, 1},
	{"luggage",
	 "Gro\xc3\x9f"
	 "es Gep\xc3\xa4"
	 "ck",
	 "Large luggage",
	 {0, 0, 1},
	 10 * SECOND_MS,
	 0,
	 0},
	{"hearing",
	 "H\xc3\xb6"
	 "rbehinderung",
	 "Hearing impairment",
	 {0},
	 10 * SECOND_MS,
	 0,
	 0},
	{"sight", "Sehbehinderung", "Visual impairment", {0}, 20 * SECOND_MS, 0, 0},
	{"child_seat", "Kindersitz", "Child seat", {0}, 30 * SECOND_MS, 0, 0},
};

int town_settings_default(struct town_settings *settings)
{
	*settings = (struct town_settings){0};
	yaml_defaults(town_table, COUNT_OF(town_table), settings);
	yaml_defaults(stops_table, COUNT_OF(stops_table), settings);
	default_classes(settings);
	memcpy(settings->spaces, default_spaces, sizeof default_spaces);
	settings->n_spaces = COUNT_OF(default_spaces);
	memcpy(settings->needs, default_needs, sizeof default_needs);
	settings->n_needs = COUNT_OF(default_needs);
	return ERR_OK;
}

void town_settings_close(struct town_settings *settings)
{
	free(settings->stops);
	free(settings->area_points);
	free(settings->area_first);
	*settings = (struct town_settings){0};
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct reader {
	struct town_settings *settings;
	struct yaml *yaml;
	struct err_detail *detail;
};

static int read_roads(struct reader *reader, struct fy_node *node, uint32_t *ret_highways)
{
	uint32_t highways = 0;

	if (yaml_count(node) == 0)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail,
				 "roads: expected a list of OSM highway values");
	for (uint32_t i = 0; i < yaml_count(node); i++) {
		char text[32];
		enum highway highway;
		int code = yaml_scalar(reader->yaml, yaml_item(node, i), YAML_TEXT, 0, 0, text, sizeof text,
				       reader->detail);

		if (code)
			return code;
		highway = classes_highway(text);
		if (highway == HIGHWAY_NONE || highway > HIGHWAY_ROAD)
			return yaml_fail(reader->yaml, yaml_item(node, i), ERR_FORMAT, reader->detail,
					 "\"%s\" is no highway value for vehicles", text);
		highways |= 1u << highway;
	}
	*ret_highways = highways;
	return ERR_OK;
}

static int read_class(struct reader *reader, struct fy_node *node, struct class_rules *ret_class)
{
	static const char *const words[] = {"dead_ends", "everywhere", "never"};
	struct class_rules class_rules = class_default("", ROADS_SLOW);
	int code = yaml_read_settings(reader->yaml, node, class_table, COUNT_OF(class_table), &class_rules, class_also,
				      1, reader->detail);

	if (!code && class_rules.name[0] == '\0')
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "a class needs a name");
	if (!code && yaml_get(node, "roads"))
		code = read_roads(reader, yaml_get(node, "roads"), &class_rules.highways);
	if (code)
		return code;
	while (class_rules.u_turns <= U_TURNS_NEVER &&
	       strcmp(class_rules.u_turns_word, words[class_rules.u_turns]) != 0)
		class_rules.u_turns++;
	if (class_rules.u_turns > U_TURNS_NEVER)
		return yaml_fail(reader->yaml, yaml_get(node, "u_turns"), ERR_FORMAT, reader->detail,
				 "u_turns: \"%s\", expected dead_ends, everywhere or never", class_rules.u_turns_word);
	*ret_class = class_rules;
	return ERR_OK;
}

static int read_classes(struct reader *reader, struct fy_node *node)
{
	struct town_settings *settings = reader->settings;
	uint32_t n = yaml_count(node);
	int code = ERR_OK;

	if (n == 0 || n > NETWORK_CLASSES_MAX)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "classes: expected a list of 1 to %d",
				 NETWORK_CLASSES_MAX);
	for (settings->n_classes = 0; settings->n_classes < n && !code; settings->n_classes++) {
		struct class_rules *last = &settings->classes[settings->n_classes];

		code = read_class(reader, yaml_item(node, settings->n_classes), last);
		for (uint32_t i = 0; i < settings->n_classes && !code; i++)
			if (strcmp(settings->classes[i].name, last->name) == 0)
				code = yaml_fail(reader->yaml, yaml_item(node, settings->n_classes), ERR_EXISTS,
						 reader->detail, "class \"%s\" is there twice", last->name);
	}
	return code;
}

static int read_spaces(struct reader *reader, struct fy_node *node)
{
	struct town_settings *settings = reader->settings;
	uint32_t n = yaml_count(node);
	int code = ERR_OK;

	if (n == 0 || n > TOWN_SPACES_MAX)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail,
				 "spaces: expected a list of 1 to %d names", TOWN_SPACES_MAX);
	for (uint32_t i = 0; i < n && !code; i++)
		code = yaml_scalar(reader->yaml, yaml_item(node, i), YAML_TEXT, 0, 0, settings->spaces[i].name,
				   sizeof settings->spaces[i].name, reader->detail);
	if (!code && strcmp(settings->spaces[0].name, "seat") != 0)
		code = yaml_fail(reader->yaml, yaml_item(node, 0), ERR_FORMAT, reader->detail,
				 "the first space must be \"seat\"");
	settings->n_spaces = n;
	return code;
}

static int read_takes(struct reader *reader, struct fy_node *node, struct settings_need *need)
{
	const char *names[TOWN_SPACES_MAX];
	int code;

	for (uint32_t i = 0; i < reader->settings->n_spaces; i++)
		names[i] = reader->settings->spaces[i].name;
	code = yaml_keys(reader->yaml, node, names, reader->settings->n_spaces, reader->detail);
	for (uint32_t i = 0; i < reader->settings->n_spaces && !code; i++) {
		struct fy_node *units = yaml_get(node, names[i]);
		int64_t value = 0;

		if (units)
			code = yaml_scalar(reader->yaml, units, YAML_INT, 0, 100, &value, sizeof value, reader->detail);
		need->space[i] = (uint8_t)value;
	}
	return code;
}

static int read_need(struct reader *reader, struct fy_node *node, struct settings_need *need)
{
	int code;

	*need = (struct settings_need){0};
	yaml_defaults(need_table, COUNT_OF(need_table), need);
	need->key[0] = '\0';
	code = yaml_read_settings(reader->yaml, node, need_table, COUNT_OF(need_table), need, need_also, 1,
				  reader->detail);
	if (!code && need->key[0] == '\0')
		code = yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "a need needs a key");
	if (!code && yaml_get(node, "takes"))
		code = read_takes(reader, yaml_get(node, "takes"), need);
	if (!code && need->label_de[0] == '\0')
		strcpy(need->label_de, need->key);
	if (!code && need->label_en[0] == '\0')
		strcpy(need->label_en, need->key);
	return code;
}

static int read_needs(struct reader *reader, struct fy_node *node)
{
	struct town_settings *settings = reader->settings;
	uint32_t n = yaml_count(node);
	int code = ERR_OK;

	if (n == 0 || n > TOWN_NEEDS_MAX)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "needs: expected a list of 1 to %d",
				 TOWN_NEEDS_MAX);
	for (settings->n_needs = 0; settings->n_needs < n && !code; settings->n_needs++) {
		struct settings_need *last = &settings->needs[settings->n_needs];

		code = read_need(reader, yaml_item(node, settings->n_needs), last);
		for (uint32_t i = 0; i < settings->n_needs && !code; i++)
			if (strcmp(settings->needs[i].key, last->key) == 0)
				code = yaml_fail(reader->yaml, yaml_item(node, settings->n_needs), ERR_EXISTS,
						 reader->detail, "need \"%s\" is there twice", last->key);
	}
	if (!code && strcmp(settings->needs[0].key, "seat") != 0)
		code = yaml_fail(reader->yaml, yaml_item(node, 0), ERR_FORMAT, reader->detail,
				 "the first need must be \"seat\"");
	return code;
}

static int read_days(struct reader *reader, struct fy_node *node, uint8_t *ret_days)
{
	*ret_days = 0;
	for (uint32_t i = 0; i < yaml_count(node); i++) {
		char word[16];
		uint32_t day = 0;
		int code = yaml_scalar(reader->yaml, yaml_item(node, i), YAML_TEXT, 0, 0, word, sizeof word,
				       reader->detail);

		if (code)
			return code;
		while (day < COUNT_OF(weekday_words) && strcmp(word, weekday_words[day]) != 0)
			day++;
		if (day == COUNT_OF(weekday_words))
			return yaml_fail(reader->yaml, yaml_item(node, i), ERR_FORMAT, reader->detail,
					 "\"%s\" is no day: mon, tue, wed, thu, fri, sat, sun", word);
		*ret_days = (uint8_t)(*ret_days | 1u << day);
	}
	if (!*ret_days)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "days: expected a list of days");
	return ERR_OK;
}

/* Which of the words each item of the list is; calls for a complaint when it is none. */
static int read_word(struct reader *reader, struct fy_node *item, const char *const *words, uint32_t n,
		     const char *what, uint32_t *ret_word)
{
	char text[64];
	int code = yaml_scalar(reader->yaml, item, YAML_TEXT, 0, 0, text, sizeof text, reader->detail);

	for (*ret_word = 0; !code && *ret_word < n; (*ret_word)++)
		if (strcmp(text, words[*ret_word]) == 0)
			return ERR_OK;
	return code ? code : yaml_fail(reader->yaml, item, ERR_FORMAT, reader->detail, "\"%s\" is no %s", text, what);
}

/* Kinds of road on which nobody drives, and the classes that it is all about. */
static int read_closed(struct reader *reader, struct fy_node *node, struct settings_profile *profile)
{
	const struct town_settings *settings = reader->settings;
	struct fy_node *closed = yaml_get(node, "closed"), *classes = yaml_get(node, "classes");
	const char *names[NETWORK_CLASSES_MAX];
	uint32_t word;
	int code = ERR_OK;

	if ((closed && !yaml_count(closed)) || (classes && !yaml_count(classes)))
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "closed, classes: expected a list");
	for (uint32_t i = 0; i < yaml_count(closed) && !code; i++) {
		code = read_word(reader, yaml_item(closed, i), kind_words, ROAD_KINDS, "kind of road", &word);
		if (!code)
			profile->permille[word] = 0;
	}
	for (uint32_t c = 0; c < settings->n_classes; c++)
		names[c] = settings->classes[c].name;
	for (uint32_t i = 0; i < yaml_count(classes) && !code; i++) {
		code = read_word(reader, yaml_item(classes, i), names, settings->n_classes, "class", &word);
		if (!code)
			profile->classes |= (uint8_t)(1u << word);
	}
	if (!profile->classes)
		profile->classes = 0xff;
	return code;
}

/* An operator names a condition by its name, and switches it, no clock. */
static int check_condition(struct reader *reader, struct fy_node *node, struct settings_profile *profile)
{
	const struct town_settings *settings = reader->settings;

	if (!profile->is_condition)
		return ERR_OK;
	if (yaml_get(node, "days") || yaml_get(node, "from") || yaml_get(node, "to"))
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "a condition has no hours");
	for (uint32_t i = 0; i < settings->n_profiles; i++)
		if (settings->profiles[i].is_condition && strcmp(settings->profiles[i].name, profile->name) == 0)
			return yaml_fail(reader->yaml, node, ERR_EXISTS, reader->detail,
					 "condition \"%s\" is there twice", profile->name);
	profile->days = 0;
	profile->from_s = 14400;
	profile->to_s = 100800;
	return ERR_OK;
}

static int read_profile(struct reader *reader, struct fy_node *node, struct settings_profile *profile)
{
	struct fy_node *roads = yaml_get(node, "roads");
	int code;

	*profile = (struct settings_profile){.days = 0x7f};
	yaml_defaults(profile_table, COUNT_OF(profile_table), profile);
	code = yaml_read_settings(reader->yaml, node, profile_table, COUNT_OF(profile_table), profile, profile_also,
				  COUNT_OF(profile_also), reader->detail);
	if (!code && profile->to_s <= profile->from_s)
		code = yaml_fail(reader->yaml, node, ERR_RANGE, reader->detail, "a profile: to must lie after from");
	if (!code && yaml_get(node, "days"))
		code = read_days(reader, yaml_get(node, "days"), &profile->days);
	if (!code && roads)
		code = yaml_keys(reader->yaml, roads, kind_words, ROAD_KINDS, reader->detail);
	for (uint32_t kind = 0; kind < ROAD_KINDS && !code; kind++) {
		struct fy_node *factor = roads ? yaml_get(roads, kind_words[kind]) : NULL;
		int64_t permille = profile->slow_permille;

		if (factor)
			code = yaml_scalar(reader->yaml, factor, YAML_PERMILLE, 1000, TOWN_PROFILE_PERMILLE_MAX,
					   &permille, sizeof permille, reader->detail);
		profile->permille[kind] = (uint32_t)permille;
	}
	if (!code)
		code = read_closed(reader, node, profile);
	return code ? code : check_condition(reader, node, profile);
}

static int read_profiles(struct reader *reader, struct fy_node *node)
{
	struct town_settings *settings = reader->settings;
	uint32_t n = yaml_count(node);
	int code = ERR_OK;

	if (n > TOWN_PROFILES_MAX)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "profiles: expected at most %d",
				 TOWN_PROFILES_MAX);
	for (settings->n_profiles = 0; settings->n_profiles < n && !code; settings->n_profiles++)
		code = read_profile(reader, yaml_item(node, settings->n_profiles),
				    &settings->profiles[settings->n_profiles]);
	return code;
}

/* "lat,lon" or [lat, lon]: the latter is joined and read as the former. */
static int read_point(struct reader *reader, struct fy_node *node, struct geo_point *ret_point)
{
	char lat[32], lon[32], text[80];
	int code;

	if (yaml_count(node) == 0)
		return yaml_scalar(reader->yaml, node, YAML_POINT, 0, 0, ret_point, sizeof *ret_point, reader->detail);
	if (yaml_count(node) != 2)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail,
				 "expected a point [latitude, longitude]");
	code = yaml_scalar(reader->yaml, yaml_item(node, 0), YAML_TEXT, 0, 0, lat, sizeof lat, reader->detail);
	if (!code)
		code = yaml_scalar(reader->yaml, yaml_item(node, 1), YAML_TEXT, 0, 0, lon, sizeof lon, reader->detail);
	if (code)
		return code;
	/* whole degrees are fine in YAML */
	snprintf(text, sizeof text, "%s%s,%s%s", lat, strchr(lat, '.') ? "" : ".0", lon, strchr(lon, '.') ? "" : ".0");
	if (geo_parse(text, ret_point))
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail,
				 "\"%s\" is not a point [latitude, longitude]", text);
	return ERR_OK;
}

static int read_ring(struct reader *reader, struct fy_node *node)
{
	struct town_settings *settings = reader->settings;
	uint32_t n = yaml_count(node);

	if (n < 3 || settings->n_area_points + n > AREA_POINTS_MOST)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "area: a ring needs 3 to %u points",
				 AREA_POINTS_MOST);
	for (uint32_t i = 0; i < n; i++) {
		struct geo_point point;
		int code = read_point(reader, yaml_item(node, i), &point);

		if (code)
			return code;
		if (array_push(settings->area_points, settings->n_area_points, settings->cap_area_points, point))
			return ERR_MEMORY;
	}
	if (array_reserve(settings->area_first, settings->n_area_rings + 2, settings->cap_area_first))
		return ERR_MEMORY;
	settings->area_first[++settings->n_area_rings] = (uint32_t)settings->n_area_points;
	return ERR_OK;
}

/* One ring (a list of points) or several (a list of lists of points). */
static int read_area(struct reader *reader, struct fy_node *node)
{
	struct fy_node *first_point = yaml_item(yaml_item(node, 0), 0);
	int code = ERR_OK;

	if (yaml_count(node) == 0)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail, "area: expected a list of points");
	if (!first_point || yaml_count(first_point) == 0) {
		struct geo_point point;

		/* [[49.4, 8.6], ...] is one ring; ["49.4,8.6", ...] too; [["49.4,8.6", ...], ...] is several. */
		if (!first_point ||
		    (yaml_count(yaml_item(node, 0)) == 2 && read_point(reader, yaml_item(node, 0), &point) == ERR_OK))
			return read_ring(reader, node);
	}
	for (uint32_t i = 0; i < yaml_count(node) && !code; i++)
		code = read_ring(reader, yaml_item(node, i));
	return code;
}

static int step_free_of(const char *word)
{
	return strcmp(word, "unknown") == 0 ? 0 : strcmp(word, "yes") == 0 ? 1 : strcmp(word, "no") == 0 ? 2 : -1;
}

static int read_stop(struct reader *reader, struct fy_node *node)
{
	static const char *const keys[] = {"name", "at", "step_free"};
	struct settings_stop stop = {0};
	char word[16] = "unknown";
	int code = yaml_keys(reader->yaml, node, keys, COUNT_OF(keys), reader->detail);

	if (!code && (!yaml_get(node, "name") || !yaml_get(node, "at")))
		code = yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail,
				 "a stop needs a name and a point (at)");
	if (!code)
		code = yaml_scalar(reader->yaml, yaml_get(node, "name"), YAML_TEXT, 0, 0, stop.name, sizeof stop.name,
				   reader->detail);
	if (!code)
		code = read_point(reader, yaml_get(node, "at"), &stop.point);
	if (!code && yaml_get(node, "step_free"))
		code = yaml_scalar(reader->yaml, yaml_get(node, "step_free"), YAML_TEXT, 0, 0, word, sizeof word,
				   reader->detail);
	if (!code && step_free_of(word) < 0)
		code = yaml_fail(reader->yaml, yaml_get(node, "step_free"), ERR_FORMAT, reader->detail,
				 "step_free: \"%s\", expected unknown, yes or no", word);
	if (code)
		return code;
	stop.step_free = (uint8_t)step_free_of(word);
	return array_push(reader->settings->stops, reader->settings->n_stops, reader->settings->cap_stops, stop);
}

static int read_stop_list(struct reader *reader, struct fy_node *node)
{
	int code = ERR_OK;

	if (yaml_count(node) == 0)
		return yaml_fail(reader->yaml, node, ERR_FORMAT, reader->detail,
				 "stops.list: expected a list of stops");
	for (uint32_t i = 0; i < yaml_count(node) && !code; i++)
		code = read_stop(reader, yaml_item(node, i));
	return code;
}

static int read_stops(struct reader *reader, struct fy_node *node)
{
	struct town_settings *settings = reader->settings;
	int code = yaml_read_settings(reader->yaml, node, stops_table, COUNT_OF(stops_table), settings, stops_also, 1,
				      reader->detail);

	if (!code && step_free_of(settings->stops_step_free) < 0)
		code = yaml_fail(reader->yaml, yaml_get(node, "step_free"), ERR_FORMAT, reader->detail,
				 "step_free: \"%s\", expected unknown, yes or no", settings->stops_step_free);
	if (!code && yaml_get(node, "list"))
		code = read_stop_list(reader, yaml_get(node, "list"));
	return code;
}

static int read_lists(struct reader *reader, struct fy_node *root)
{
	int code = yaml_get(root, "classes") ? read_classes(reader, yaml_get(root, "classes")) : ERR_OK;

	if (!code && yaml_get(root, "spaces")) {
		code = read_spaces(reader, yaml_get(root, "spaces"));
		if (!code && !yaml_get(root, "needs"))
			return yaml_fail(reader->yaml, yaml_get(root, "spaces"), ERR_FORMAT, reader->detail,
					 "spaces of one's own need a list of needs too");
	}
	if (!code && yaml_get(root, "needs"))
		code = read_needs(reader, yaml_get(root, "needs"));
	if (!code && yaml_get(root, "profiles"))
		code = read_profiles(reader, yaml_get(root, "profiles"));
	if (!code && yaml_get(root, "area"))
		code = read_area(reader, yaml_get(root, "area"));
	if (!code && yaml_get(root, "stops"))
		code = read_stops(reader, yaml_get(root, "stops"));
	return code;
}

static int read_root(struct reader *reader, struct fy_node *root)
{
	struct town_settings *settings = reader->settings;
	int code = yaml_read_settings(reader->yaml, root, town_table, COUNT_OF(town_table), settings, town_also,
				      COUNT_OF(town_also), reader->detail);

	if (!code && settings->service_to_s <= settings->service_from_s)
		code = yaml_fail(reader->yaml, yaml_get(root, "hours"), ERR_RANGE, reader->detail,
				 "hours: to must lie after from");
	return code ? code : read_lists(reader, root);
}

static int read_yaml(struct town_settings *settings, struct yaml *yaml, struct err_detail *detail)
{
	struct reader reader = {settings, yaml, detail};
	int code = town_settings_default(settings);

	if (!code)
		code = read_root(&reader, yaml_root(yaml));
	yaml_close(yaml);
	if (code == ERR_MEMORY)
		err_set(detail, code, "%s", err_text(code));
	if (code)
		town_settings_close(settings);
	return code;
}

int town_settings_read(struct town_settings *settings, const char *path, struct err_detail *detail)
{
	struct yaml *yaml;
	int code = yaml_open(&yaml, path, detail);

	return code ? code : read_yaml(settings, yaml, detail);
}

int town_settings_read_text(struct town_settings *settings, const char *text, size_t n, const char *name,
			    struct err_detail *detail)
{
	struct yaml *yaml;
	int code = yaml_open_text(&yaml, text, n, name, detail);

	return code ? code : read_yaml(settings, yaml, detail);
}

/* --- into the town ------------------------------------------------------------------------------------------------ */

static int store_texts(const struct town_settings *settings, struct build *build)
{
	struct town *town = &build->town;
	struct {
		uint32_t *ret_string;
		const char *text;
	} rows[] = {
		{&town->name, settings->name},
		{&town->time_zone, settings->time_zone},
		{&town->generated, settings->generated},
		{&town->attribution, settings->attribution},
		{&town->phone, settings->phone},
		{&town->fallback_name, settings->fallback_name},
		{&town->fallback_phone, settings->fallback_phone},
		{&town->privacy_text, settings->privacy_text},
		{&town->imprint_text, settings->imprint_text},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		*rows[i].ret_string = build_string(build, rows[i].text);
		if (*rows[i].ret_string == NONE)
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static void store_rules(const struct town_settings *settings, struct town_rules *rules)
{
	*rules = (struct town_rules){
		.pickup_window_ms = (uint32_t)settings->pickup_window_ms,
		.arrival_extra_ms = (uint32_t)settings->arrival_extra_ms,
		.arrival_extra_permille = (uint32_t)settings->arrival_extra_permille,
		.ride_time_extra_ms = (uint32_t)settings->ride_time_extra_ms,
		.ride_time_permille = (uint32_t)settings->ride_time_permille,
		.stop_ms = (uint32_t)settings->stop_ms,
		.walk_max_mm = (uint32_t)settings->walk_max_m * 1000,
		.walk_mm_per_s = (uint32_t)settings->walk_mm_per_s,
		.no_show_wait_ms = (uint32_t)settings->no_show_wait_ms,
		.coming_extra_ms = (uint32_t)settings->coming_extra_ms,
		.prebook_max_ms = (uint32_t)settings->prebook_max_ms,
		.wait_max_ms = (uint32_t)settings->wait_max_ms,
		.transfer_ms = (uint32_t)settings->transfer_ms,
		.fare_cents = (uint32_t)settings->fare_cents,
		.door_to_door = (uint32_t)settings->door_to_door,
		.service_from_s = (int32_t)settings->service_from_s,
		.service_to_s = (int32_t)settings->service_to_s,
	};
}

static int store_classes(const struct town_settings *settings, struct build *build)
{
	uint32_t n = settings->n_classes;
	uint32_t *name = build_alloc(build, n, sizeof *name), *speed = build_alloc(build, n, sizeof *speed),
		 *energy = build_alloc(build, n, sizeof *energy);

	if (!name || !speed || !energy)
		return ERR_MEMORY;
	for (uint32_t c = 0; c < n; c++) {
		name[c] = build_string(build, settings->classes[c].name);
		speed[c] = (uint32_t)settings->classes[c].speed_kmh;
		energy[c] = (uint32_t)settings->classes[c].wh_per_km;
		if (name[c] == NONE)
			return ERR_MEMORY;
	}
	build->town.n_classes = n;
	build->town.class_name = name;
	build->town.class_speed_kmh = speed;
	build->town.class_wh_per_km = energy;
	return ERR_OK;
}

static int store_spaces(const struct town_settings *settings, struct build *build)
{
	uint32_t *name = build_alloc(build, settings->n_spaces, sizeof *name);

	if (!name)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < settings->n_spaces; i++)
		if ((name[i] = build_string(build, settings->spaces[i].name)) == NONE)
			return ERR_MEMORY;
	build->town.n_spaces = settings->n_spaces;
	build->town.space_name = name;
	return ERR_OK;
}

static int store_needs(const struct town_settings *settings, struct build *build)
{
	uint32_t n = settings->n_needs;
	uint32_t *name = build_alloc(build, n, sizeof *name), *de = build_alloc(build, n, sizeof *de),
		 *en = build_alloc(build, n, sizeof *en), *boarding = build_alloc(build, n, sizeof *boarding);
	uint8_t *space = build_alloc(build, (size_t)n * settings->n_spaces, 1), *flags = build_alloc(build, n, 1);

	if (!name || !de || !en || !boarding || !space || !flags)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n; i++) {
		const struct settings_need *need = &settings->needs[i];

		name[i] = build_string(build, need->key);
		de[i] = build_string(build, need->label_de);
		en[i] = build_string(build, need->label_en);
		if (name[i] == NONE || de[i] == NONE || en[i] == NONE)
			return ERR_MEMORY;
		boarding[i] = (uint32_t)need->boarding_ms;
		memcpy(space + (size_t)i * settings->n_spaces, need->space, settings->n_spaces);
		flags[i] = (uint8_t)((need->step_free ? NEED_STEP_FREE : 0) | (need->is_person ? NEED_IS_PERSON : 0));
	}
	build->town.n_needs = n;
	build->town.need_name = name;
	build->town.need_label_de = de;
	build->town.need_label_en = en;
	build->town.need_space = space;
	build->town.need_boarding_ms = boarding;
	build->town.need_flags = flags;
	return ERR_OK;
}

static int store_profiles(const struct town_settings *settings, struct build *build)
{
	uint32_t n = settings->n_profiles;
	uint32_t *name = build_alloc(build, n, sizeof *name), *from = build_alloc(build, n, sizeof *from),
		 *to = build_alloc(build, n, sizeof *to), *speed = build_alloc(build, n, sizeof *speed),
		 *permille = build_alloc(build, (size_t)n * ROAD_KINDS, sizeof *permille);
	uint8_t *days = build_alloc(build, n, 1), *classes = build_alloc(build, n, 1);

	if (!name || !from || !to || !speed || !permille || !days || !classes)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n; i++) {
		const struct settings_profile *profile = &settings->profiles[i];

		if ((name[i] = build_string(build, profile->name)) == NONE)
			return ERR_MEMORY;
		days[i] = profile->days;
		classes[i] = profile->classes;
		from[i] = (uint32_t)profile->from_s;
		to[i] = (uint32_t)profile->to_s;
		speed[i] = (uint32_t)profile->speed_kmh;
		memcpy(permille + (size_t)i * ROAD_KINDS, profile->permille, sizeof profile->permille);
	}
	build->town.n_profiles = n;
	build->town.n_profile_kinds = n * ROAD_KINDS;
	build->town.profile_name = name;
	build->town.profile_days = days;
	build->town.profile_classes = classes;
	build->town.profile_from_s = from;
	build->town.profile_to_s = to;
	build->town.profile_speed_kmh = speed;
	build->town.profile_permille = permille;
	return ERR_OK;
}

static int store_area(const struct town_settings *settings, struct build *build)
{
	uint32_t *first = build_alloc(build, settings->n_area_rings + 1, sizeof *first);
	struct geo_point *point = build_alloc(build, settings->n_area_points, sizeof *point);

	if (!first || !point)
		return ERR_MEMORY;
	if (settings->n_area_rings > 0) {
		memcpy(first, settings->area_first, (settings->n_area_rings + 1) * sizeof *first);
		memcpy(point, settings->area_points, settings->n_area_points * sizeof *point);
	}
	build->town.n_area_rings = (uint32_t)settings->n_area_rings;
	build->town.n_area_points = (uint32_t)settings->n_area_points;
	build->town.area_first = first;
	build->town.area_point = point;
	return ERR_OK;
}

int town_settings_store(const struct town_settings *settings, struct build *build)
{
	int code = store_texts(settings, build);

	store_rules(settings, &build->town.rules);
	if (!code)
		code = store_classes(settings, build);
	if (!code)
		code = store_spaces(settings, build);
	if (!code)
		code = store_needs(settings, build);
	if (!code)
		code = store_profiles(settings, build);
	return code ? code : store_area(settings, build);
}

/* --- manual ------------------------------------------------------------------------------------------------------- */

void town_settings_manual(FILE *out)
{
	fputs("# Settings of a town\n\nMade by `mapc settings` from the tables in maps/compile/town_settings.c; do not "
	      "edit. "
	      "The YAML file of `mapc build --town FILE`; whatever it leaves out has its default.\n\n",
	      out);
	yaml_manual(out, town_table, COUNT_OF(town_table));
	fputs("\n`area:` is a ring of [latitude, longitude], or a list of rings; none = the whole map.\n\n"
	      "## `classes:` a list of vehicle classes\n\nThe first one is the service's. With `roads:`, a list of OSM "
	      "highway "
	      "values that they may use, and:\n\n",
	      out);
	yaml_manual(out, class_table, COUNT_OF(class_table));
	fputs("\n## `spaces:` a list of names; the first is `seat`\n\n## `needs:` a list of what riders may need\n\n"
	      "The first is `seat`. With `takes: {SPACE: UNITS, ...}`, what one of it takes, and:\n\n",
	      out);
	yaml_manual(out, need_table, COUNT_OF(need_table));
	fputs("\n## `profiles:` a list of hours at which roads are slower or closed\n\nWith `days: [mon, tue, ...]` "
	      "(none = every day), "
	      "`roads: {KIND: FACTOR, ...}` for kinds of road (primary, secondary, tertiary,\nresidential, "
	      "living_street, "
	      "service, other, ...) in place of `slow`, `closed: [KIND, ...]` where nobody drives meanwhile,\n"
	      "`classes: [NAME, ...]` (none = all), and:\n\n",
	      out);
	yaml_manual(out, profile_table, COUNT_OF(profile_table));
	fputs("\nWhere several hold at once, the slowest counts. Rides are promised with the times of their hour; what "
	      "crosses the border of a profile,\nor lies beyond the next one, with the slowest of all profiles. "
	      "Conditions (weather) are switched\nby `POST /api/v1/operator/conditions`; "
	      "one that comes is outside of what was promised.\n",
	      out);
	fputs("\n## `stops:` virtual stops\n\nWith `list:`, each `{name, at: \"LAT,LON\", step_free: yes}`, and:\n\n",
	      out);
	yaml_manual(out, stops_table, COUNT_OF(stops_table));
}
