#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "yaml.h"

#define ROW(name, type, low, high, fallback, field, help)                          \
	{                                                                          \
		name, type, low, high, fallback, offsetof(struct settings, field), \
			sizeof(((struct settings *)0)->field), 0, help             \
	}

static const struct yaml_setting table[] = {
	ROW("town", YAML_TEXT, 0, 0, "state/town.zmap", town, "town file made by mapc build"),
	ROW("store", YAML_TEXT, 0, 0, "sqlite:state/journal.db", store,
	    "journal: sqlite:PATH, postgresql://USER@HOST/DATABASE?schema=NAME or memory:"),
	ROW("fleet", YAML_TEXT, 0, 0, "state/fleet.yaml", fleet, "vehicles and their public keys"),
	ROW("state_folder", YAML_TEXT, 0, 0, "state", state_folder,
	    "keys, tokens and addresses made at first start, mode 0600"),
	ROW("area", YAML_INT, 1, 65535, "1", area, "number of the service area, part of every record"),
	ROW("clock.start", YAML_INSTANT, 0, INT64_MAX, "1970-01-01T00:00:00Z", clock_start,
	    "service time at the first start; 1970 = the real clock. A set clock resumes at the last journaled instant "
	    "and refuses real vehicles"),
	ROW("clock.speed", YAML_PERMILLE, 1, 1000000, "1", clock_speed_permille,
	    "service seconds per second of a set clock"),
	ROW("http.address", YAML_TEXT, 0, 0, "127.0.0.1", http_address, "address of the pages and the API"),
	ROW("http.port", YAML_INT, 0, 65535, "8080", http_port, "0 = any free port"),
	ROW("http.web", YAML_TEXT, 0, 0, "build/web", http_web, "folder of the built pages"),
	ROW("http.public_url", YAML_TEXT, 0, 1, "", http_public_url, "address people see, for links"),
	ROW("http.connections_max", YAML_INT, 1, 100000, "1000", http_connections_max,
	    "open connections; more are refused"),
	ROW("pages.privacy", YAML_TEXT, 0, 1, "", pages_privacy, "text file shown as the privacy notice"),
	ROW("pages.imprint", YAML_TEXT, 0, 1, "", pages_imprint, "text file shown as the imprint"),
	ROW("pages.reports", YAML_TEXT, 0, 1, "", pages_reports,
	    "folder of finished simulation reports (NAME.html or NAME/report.html) for the planner's page"),
	ROW("link.endpoint", YAML_TEXT, 0, 0, "tcp://127.0.0.1:5556", link_endpoint,
	    "where vehicles connect (ZeroMQ, CURVE)"),
	ROW("link.heartbeat", YAML_DURATION, 50, 60000, "1 s", link_heartbeat_ms, "wall time between heartbeats"),
	ROW("link.lost_after", YAML_DURATION, 200, 600000, "10 s", link_lost_after_ms,
	    "wall silence after which a vehicle's state is unknown"),
	ROW("link.valid", YAML_DURATION, 1000, 3600000, "30 s", link_valid_ms,
	    "wall time a vehicle may start pickups after the last contact"),
	ROW("journal.snapshot_every", YAML_INT, 100, 100000000, "10000", snapshot_every, "commands between snapshots"),
	ROW("journal.telemetry", YAML_BOOL, 0, 1, "true", telemetry, "keep raw vehicle reports beside the journal"),
	ROW("feeds.trip_updates", YAML_TEXT, 0, 1, "", feeds_trip_updates,
	    "live times of the public transport (GTFS-Realtime trip updates): address (http://, https://, a path), or "
	    "several as FEED=ADDRESS with the names of the town's timetables, separated by blanks"),
	ROW("feeds.poll", YAML_DURATION, 100, HOUR_MS, "30 s", feeds_poll_ms,
	    "wall time between two looks at the feeds"),
	ROW("feeds.timeout", YAML_DURATION, 100, 600000, "10 s", feeds_timeout_ms,
	    "wall time after which a feed that does not answer is given up for this time"),
	ROW("feeds.bytes_max", YAML_INT, 1000, FEED_BYTES_MAX, "16000000", feeds_bytes_max,
	    "a feed larger than this is not taken"),
	ROW("feeds.expire", YAML_DURATION, MINUTE_MS, DAY_MS, "10 min", feeds_expire_ms,
	    "service time that the last word about a trip holds; then the timetable counts again"),
	ROW("feeds.least", YAML_DURATION, 0, 600000, "15 s", feeds_least_ms,
	    "a change of a trip's times smaller than this is not taken up"),
	ROW("feeds.invented", YAML_BOOL, 0, 1, "false", feeds_invented,
	    "the live times are invented, for a demonstration: the pages say so"),
	ROW("streets.live", YAML_BOOL, 0, 1, "false", streets_live,
	    "the town's permission: what vehicles report of their way tells where streets are slow; plans and promises "
	    "follow (kept: single streets and how slow they are)"),
	ROW("improve.period", YAML_DURATION, 0, DAY_MS, "15 s", improve_period_ms,
	    "service time after which a thread beside the loop looks again for better plans, all promises kept; at "
	    "most "
	    "once a second of wall time; 0 s = each ride stays where it was put in first"),
	ROW("improve.iterations", YAML_INT, 1, 1000000, "100", improve_iterations,
	    "so many times some rides are taken out of their plans and put back, each time it looks"),
	ROW("journal.telemetry_keep", YAML_DURATION, 0, INT64_MAX / 2, "14 d", telemetry_keep_ms,
	    "raw vehicle reports older than this are deleted; 0 s = never"),
	ROW("privacy.identity_keep", YAML_DURATION, 0, INT64_MAX / 2, "30 d", identity_keep_ms,
	    "name and contact of a ride are erased this long after it was asked for, once it is over; 0 s = never"),
	ROW("privacy.ride_keep", YAML_DURATION, 0, INT64_MAX / 2, "365 d", ride_keep_ms,
	    "places, times and needs of a ride are erased this long after it was asked for; 0 s = never"),
	ROW("core.vehicles_max", YAML_INT, 1, 100000, "256", vehicles_max,
	    "most vehicles; a further one is refused as full"),
	ROW("core.rides_max", YAML_INT, 16, 10000000, "16384", rides_max,
	    "most open and recently closed rides; a further request is refused as full"),
	ROW("core.offer_hold", YAML_DURATION, 5000, 3600000, "60 s", offer_hold_ms,
	    "an offer holds this long, in service time and in wall time"),
	ROW("core.reserve", YAML_DURATION, 0, 1800000, "60 s", reserve_ms,
	    "planning keeps this much spare before every promised limit"),
	ROW("core.message", YAML_DURATION, 0, 600000, "2 s", message_ms,
	    "until a vehicle acts on a decision and its deeds are known, service time: kept free after each wait for a "
	    "rider who may not come; more on slow links or with a fast clock"),
	ROW("core.freeze", YAML_DURATION, 0, 600000, "20 s", freeze_ms,
	    "a stop approached within this is not changed any more"),
	ROW("core.closed_keep", YAML_DURATION, 60000, DAY_MS, "1 h", closed_keep_ms,
	    "a finished ride stays visible this long"),
	ROW("core.battery", YAML_INT, 1000, 1000000, "40000", battery_wh, "usable energy of a vehicle, Wh"),
	ROW("core.charge_power", YAML_INT, 1000, 1000000, "22000", charge_w, "charging power at the depot, W"),
	ROW("core.battery_reserve", YAML_PERMILLE, 0, 900, "0.2", battery_reserve_permille,
	    "share of the battery that plans never use"),
	ROW("core.rebalance", YAML_DURATION, 0, 3600000, "0 s", rebalance_ms,
	    "idle vehicles are sent where riders are expected this often, at least every minute; 0 s: never"),
	ROW("core.charger_slots", YAML_INT, 0, 10000, "0", charger_slots,
	    "vehicles that may charge at one depot at once; 0: all"),
	ROW("core.cleaning_every", YAML_DURATION, 0, 7 * DAY_MS, "0 s", clean_every_ms,
	    "a vehicle is cleaned at its depot after so long in service; 0 s: never. When it is overdue it serves "
	    "whom it was promised and takes nobody new; one whose software does not know cleaning is never cleaned"),
	ROW("core.cleaning_time", YAML_DURATION, 60000, DAY_MS, "15 min", clean_ms, "how long one cleaning takes"),
	ROW("core.cleaning_early", YAML_DURATION, 0, 7 * DAY_MS, "2 h", clean_early_ms,
	    "it may be cleaned so much sooner in a quiet moment, or when its shift ends"),
	ROW("core.cleaning_slots", YAML_INT, 0, 10000, "0", clean_slots,
	    "vehicles that may be cleaned at one depot at once; 0: all"),
	ROW("fair.gap", YAML_PERMILLE, 0, 10000, "0", fair_gap,
	    "no group with a stated need waits longer than all, nor is refused more often for want of vehicles, by "
	    "more than "
	    "this share; 0: not bounded"),
	ROW("fair.wait", YAML_DURATION, 0, 86400000, "0 s", fair_wait_ms,
	    "with fair.gap: nor does any group wait longer than this on average; 0 s: not bounded"),
	ROW("cost.vehicle", YAML_INT, 0, 1000, "10", weight_vehicle, "weight of a second of vehicle time"),
	ROW("cost.wait", YAML_INT, 0, 1000, "10", weight_wait, "weight of a second of waiting"),
	ROW("cost.ride", YAML_INT, 0, 1000, "5", weight_ride, "weight of a second of riding"),
	ROW("cost.walk", YAML_INT, 0, 1000, "15", weight_walk, "weight of a second of walking"),
};

void settings_default(struct settings *settings)
{
	memset(settings, 0, sizeof *settings);
	yaml_defaults(table, COUNT_OF(table), settings);
}

int settings_read(struct settings *settings, const char *path, struct err_detail *detail)
{
	return path ? settings_read_all(settings, path, NULL, NULL, detail) : ERR_OK;
}

int settings_read_all(struct settings *settings, const char *path, void (*tell)(void *self, const char *text),
		      void *self, struct err_detail *detail)
{
	struct yaml *yaml;
	int code = yaml_open(&yaml, path, detail);
	if (code && tell)
		tell(self, detail->text);
	if (code)
		return code;
	yaml_tell(yaml, tell, self);
	code = yaml_read_settings(yaml, yaml_root(yaml), table, COUNT_OF(table), settings, NULL, 0, detail);
	yaml_close(yaml);
	return code;
}

int settings_set(struct settings *settings, const char *assignment, struct err_detail *detail)
{
	const char *equals = strchr(assignment, '=');
	if (!equals)
		return err_set(detail, ERR_USAGE, "--set %s: expected name=value", assignment);
	for (uint32_t i = 0; i < COUNT_OF(table); i++) {
		const struct yaml_setting *row = &table[i];
		size_t n = strlen(row->name);
		if (n != (size_t)(equals - assignment) || strncmp(row->name, assignment, n))
			continue;
		struct err_detail inner;
		int code = yaml_parse(equals + 1, row->type, row->low, row->high, (char *)settings + row->offset,
				      row->size, &inner);
		return code ? err_set(detail, code, "--set %s: %s", row->name, inner.text) : ERR_OK;
	}
	return err_set(detail, ERR_USAGE, "--set %s: unknown setting (see: dispatcher settings)", assignment);
}

void settings_print_effective(const struct settings *settings, FILE *out)
{
	struct settings fresh;
	char text[SETTINGS_TEXT], usual[SETTINGS_TEXT];
	settings_default(&fresh);
	for (uint32_t i = 0; i < COUNT_OF(table); i++) {
		yaml_format(&table[i], settings, text, sizeof text);
		yaml_format(&table[i], &fresh, usual, sizeof usual);
		if (strcmp(text, usual))
			fprintf(out, "%s: %s  # default: %s\n", table[i].name, text, usual);
		else
			fprintf(out, "%s: %s\n", table[i].name, text);
	}
}

static uint32_t service_ms(const struct settings *settings, int64_t wall_ms)
{
	int64_t speed = settings->clock_start ? settings->clock_speed_permille : 1000;
	int64_t value = wall_ms * speed / 1000;
	return value > INT32_MAX ? INT32_MAX : (uint32_t)value;
}

void settings_core(const struct settings *settings, struct core_settings *ret_core)
{
	core_settings_default(ret_core);
	ret_core->vehicles_max = (uint32_t)settings->vehicles_max;
	ret_core->rides_max = (uint32_t)settings->rides_max;
	ret_core->offer_hold_ms = (uint32_t)settings->offer_hold_ms;
	ret_core->offer_hold_wall_ms = service_ms(settings, settings->offer_hold_ms);
	ret_core->reserve_ms = (uint32_t)settings->reserve_ms;
	ret_core->message_ms = (uint32_t)settings->message_ms;
	ret_core->rebalance_ms = (uint32_t)settings->rebalance_ms;
	ret_core->fair_gap_permille = (uint32_t)settings->fair_gap;
	ret_core->fair_wait_ms = (uint32_t)settings->fair_wait_ms;
	ret_core->charger_slots = (uint32_t)settings->charger_slots;
	ret_core->clean_every_ms = (uint32_t)settings->clean_every_ms;
	ret_core->clean_ms = (uint32_t)settings->clean_ms;
	ret_core->clean_early_ms = (uint32_t)settings->clean_early_ms;
	ret_core->clean_slots = (uint32_t)settings->clean_slots;
	ret_core->freeze_ms = (uint32_t)settings->freeze_ms;
	ret_core->plan_valid_ms = service_ms(settings, settings->link_valid_ms);
	ret_core->closed_keep_ms = (uint32_t)settings->closed_keep_ms;
	ret_core->battery_wh = (uint32_t)settings->battery_wh;
	ret_core->charge_w = (uint32_t)settings->charge_w;
	ret_core->battery_reserve_permille = (uint32_t)settings->battery_reserve_permille;
	ret_core->weight_vehicle = (uint32_t)settings->weight_vehicle;
	ret_core->weight_wait = (uint32_t)settings->weight_wait;
	ret_core->weight_ride = (uint32_t)settings->weight_ride;
	ret_core->weight_walk = (uint32_t)settings->weight_walk;
}

/* ---- the fleet file ---- */

#define FLEET_ROW(name, type, low, high, fallback, field, help)                     \
	{                                                                           \
		name, type, low, high, fallback, offsetof(struct fleet_row, field), \
			sizeof(((struct fleet_row *)0)->field), 0, help             \
	}
struct fleet_row {
	int64_t number, step_free, simulated;
	char name[CORE_WHO_MAX], class_name[32], key[41];
	struct geo_point depot;
};
static const struct yaml_setting fleet_table[] = {
	FLEET_ROW("number", YAML_INT, 0, UINT32_MAX - 1, "0", number, "number, never used for another vehicle"),
	FLEET_ROW("name", YAML_TEXT, 0, 1, "", name, "what riders read on it"),
	FLEET_ROW("class", YAML_TEXT, 0, 0, "shuttle", class_name, "class of the town"),
	FLEET_ROW("key", YAML_TEXT, 0, 1, "", key, "its public CURVE key, 40 characters (vehicle-agent --make-key)"),
	FLEET_ROW("step_free", YAML_BOOL, 0, 1, "true", step_free, "ramp or level boarding"),
	FLEET_ROW("simulated", YAML_BOOL, 0, 1, "false", simulated, "a simulated body: only with a set clock"),
	FLEET_ROW("depot", YAML_POINT, 0, 0, "0.0,0.0", depot, "where it parks and charges"),
};

void settings_print_manual(FILE *out)
{
	fputs("# Settings of the dispatcher\n\nMade by `dispatcher settings` from the tables in dispatcher/settings.c; "
	      "do "
	      "not edit. A YAML file (`--settings FILE`), keys with dots nested or as they stand; then `--set "
	      "NAME=VALUE`. "
	      "They are read at the start; the town file also at SIGHUP.\n\n",
	      out);
	yaml_manual(out, table, COUNT_OF(table));
	fprintf(out,
		"\n## The fleet file\n\n`vehicles:` is a list of at most %d, each with `spaces` (a list of numbers: "
		"how many "
		"of each space of the town, in its order) and:\n\n",
		FLEET_MAX);
	yaml_manual(out, fleet_table, COUNT_OF(fleet_table));
}

static int read_spaces(const struct yaml *yaml, struct fy_node *node, struct fleet_vehicle *vehicle,
		       struct err_detail *detail)
{
	uint32_t n = yaml_count(node);
	if (n == 0 || n > TOWN_SPACES_MAX)
		return yaml_fail(yaml, node, ERR_FORMAT, detail,
				 "spaces: expected 1 to %d numbers, one for each space of the town", TOWN_SPACES_MAX);
	for (uint32_t i = 0; i < n; i++) {
		int64_t units;
		int code = yaml_scalar(yaml, yaml_item(node, i), YAML_INT, 0, 255, &units, sizeof units, detail);
		if (code)
			return code;
		vehicle->spaces[i] = (uint8_t)units;
	}
	return ERR_OK;
}

static int read_vehicle(const struct yaml *yaml, struct fy_node *node, const struct fleet *fleet,
			struct fleet_vehicle *vehicle, struct err_detail *detail)
{
	static const char *const also[] = {"spaces"};
	struct fleet_row row;
	yaml_defaults(fleet_table, COUNT_OF(fleet_table), &row);
	int code = yaml_read_settings(yaml, node, fleet_table, COUNT_OF(fleet_table), &row, also, 1, detail);
	if (code)
		return code;
	if (row.number == 0 || strlen(row.key) != 40 || !row.name[0])
		return yaml_fail(yaml, node, ERR_FORMAT, detail,
				 "a vehicle needs number (1 or more), name and key (40 characters)");
	for (uint32_t i = 0; i < fleet->n; i++)
		if (fleet->vehicles[i].number == (uint32_t)row.number ||
		    !strcmp(fleet->vehicles[i].public_key, row.key))
			return yaml_fail(yaml, node, ERR_EXISTS, detail, "vehicle %lld: number or key stands twice",
					 (long long)row.number);
	memset(vehicle, 0, sizeof *vehicle);
	vehicle->number = (uint32_t)row.number;
	vehicle->line = yaml_line(node);
	vehicle->step_free = (uint8_t)row.step_free;
	vehicle->simulated = (uint8_t)row.simulated;
	vehicle->depot = row.depot;
	memcpy(vehicle->name, row.name, sizeof vehicle->name);
	memcpy(vehicle->class_name, row.class_name, sizeof vehicle->class_name);
	memcpy(vehicle->public_key, row.key, sizeof vehicle->public_key);
	return read_spaces(yaml, yaml_get(node, "spaces"), vehicle, detail);
}

static int by_number(const void *a, const void *b)
{
	const struct fleet_vehicle *x = a, *y = b;
	return (x->number > y->number) - (x->number < y->number);
}

/* tell: of each vehicle that is not right; the others are read all the same. */
struct teller {
	void (*tell)(void *self, const char *text);
	void *self;
};

static int read_list(const struct yaml *yaml, struct fy_node *list, struct fleet *fleet, const struct teller *teller,
		     struct err_detail *detail)
{
	int first = ERR_OK;
	uint32_t n = yaml_count(list);
	for (uint32_t i = 0; i < n && (!first || teller->tell); i++) {
		struct err_detail inner = {""};
		int code = read_vehicle(yaml, yaml_item(list, i), fleet, &fleet->vehicles[fleet->n], &inner);
		fleet->n += code == ERR_OK;
		if (code && teller->tell)
			teller->tell(teller->self, inner.text);
		if (code && !first)
			first = err_set(detail, code, "%s", inner.text);
	}
	return first;
}

static int read_vehicles(const struct yaml *yaml, struct fleet *fleet, const struct teller *teller,
			 struct err_detail *detail)
{
	static const char *const keys[] = {"vehicles"};
	int code = yaml_keys(yaml, yaml_root(yaml), keys, 1, detail);
	struct fy_node *list = yaml_get(yaml_root(yaml), "vehicles");
	uint32_t n = yaml_count(list);
	if (!code && n > FLEET_MAX)
		code = yaml_fail(yaml, list, ERR_FULL, detail, "more than %d vehicles", FLEET_MAX);
	if (code && teller->tell && detail)
		teller->tell(teller->self, detail->text);
	if (code)
		return code;
	fleet->vehicles = calloc(n ? n : 1, sizeof *fleet->vehicles);
	if (!fleet->vehicles)
		return err_set(detail, ERR_MEMORY, "fleet: out of memory");
	code = read_list(yaml, list, fleet, teller, detail);
	qsort(fleet->vehicles, fleet->n, sizeof *fleet->vehicles, by_number);
	return code;
}

int fleet_read(struct fleet *fleet, const char *path, struct err_detail *detail)
{
	int code = fleet_read_all(fleet, path, NULL, NULL, detail);
	if (code)
		fleet_free(fleet);
	return code;
}

int fleet_read_all(struct fleet *fleet, const char *path, void (*tell)(void *self, const char *text), void *self,
		   struct err_detail *detail)
{
	const struct teller teller = {tell, self};
	struct yaml *yaml;
	memset(fleet, 0, sizeof *fleet);
	int code = yaml_open(&yaml, path, detail);
	if (code && tell)
		tell(self, detail->text);
	if (code)
		return code;
	code = read_vehicles(yaml, fleet, &teller, detail);
	yaml_close(yaml);
	return code;
}

void fleet_free(struct fleet *fleet)
{
	free(fleet->vehicles);
	memset(fleet, 0, sizeof *fleet);
}
