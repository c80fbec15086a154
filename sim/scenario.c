#include "scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "yaml.h"

#define EXTENDS_MAX 8
#define AFTER_START_MS (100 * DAY_MS)

/* The table fills int64 rows; scenario_apply moves them into the options. */
struct rows {
	char town[256], trips[256], class_name[32];
	char from[64];
	int64_t minutes, seed, vehicles, seats, bays, luggage;
	int64_t per_hour, hub_m, hubs, from_train, to_train, tied, prebooked, arrive_by, wheelchair, walker, pram, dog,
		companion, second_rider, cancel, no_show, late;
	int64_t latency_min, latency_max, loss, repeat, slow, trains_late, trains_late_max, trains_cancelled,
		check_every, snapshot_every, reserve, rides_max;
};
#define ROW(name, type, low, high, fallback, field, help)                                                            \
	{                                                                                                            \
		name, type, low, high, fallback, offsetof(struct rows, field), sizeof(((struct rows *)0)->field), 0, \
			help                                                                                         \
	}
#define SHARE(name, fallback, field, help) ROW(name, YAML_PERMILLE, 0, 1000, fallback, field, help)
static const struct yaml_setting table[] = {
	ROW("town", YAML_TEXT, 0, 0, "town.zmap", town, "town file"),
	ROW("trips", YAML_TEXT, 0, 1, "", trips, "CSV of trips; empty = drawn from addresses and the timetable"),
	ROW("from", YAML_TEXT, 0, 1, "", from,
	    "first instant of service; empty = 06:00 of the timetable's busiest day"),
	ROW("minutes", YAML_INT, 1, 14400, "480", minutes, "requests come for so many minutes"),
	ROW("seed", YAML_INT, 0, INT64_MAX, "1", seed, "same seed, same bytes"),
	ROW("vehicles", YAML_INT, 1, WORLD_VEHICLES_MAX, "6", vehicles, "size of the fleet"),
	ROW("vehicle_class", YAML_TEXT, 0, 0, "shuttle", class_name, "vehicle class of the town"),
	ROW("seats", YAML_INT, 1, 255, "8", seats, "seats of a vehicle"),
	ROW("wheelchair_bays", YAML_INT, 0, 255, "1", bays, "wheelchair bays of a vehicle"),
	ROW("luggage", YAML_INT, 0, 255, "2", luggage, "places for walkers and prams"),
	ROW("demand.per_hour", YAML_INT, 0, 1000000, "28", per_hour, "requests an hour"),
	ROW("demand.hub_radius_m", YAML_INT, 500, 20000, "1700", hub_m, "homes lie within this of a busy stop"),
	ROW("demand.hubs", YAML_INT, 1, 16, "1", hubs, "how many busy stops"),
	SHARE("demand.from_train", "0.55", from_train, "share that steps off an arriving trip"),
	SHARE("demand.to_train", "0.25", to_train, "share that wants to reach a departing trip"),
	SHARE("demand.tied", "0.4", tied, "share of those two that ties the ride to the trip"),
	SHARE("demand.prebooked", "0.12", prebooked, "share booked ahead"),
	SHARE("demand.arrive_by", "0.08", arrive_by, "share with a wished arrival"),
	SHARE("demand.wheelchair", "0.1", wheelchair, "share in a wheelchair"),
	SHARE("demand.walker", "0.06", walker, "share with a walker"),
	SHARE("demand.pram", "0.04", pram, "share with a pram"),
	SHARE("demand.dog", "0.015", dog, "share with an assistance dog"),
	SHARE("demand.companion", "0.03", companion, "share with a companion"),
	SHARE("demand.second_rider", "0.15", second_rider, "share of two travelling together"),
	SHARE("demand.cancel", "0.07", cancel, "share that cancels"),
	SHARE("demand.no_show", "0.06", no_show, "share that never comes"),
	SHARE("demand.late", "0.05", late, "share that comes late"),
	ROW("network.latency_min", YAML_DURATION, 0, 60000, "20 ms", latency_min, "least delay of a message"),
	ROW("network.latency_max", YAML_DURATION, 0, 60000, "200 ms", latency_max, "most delay of a message"),
	SHARE("network.loss", "0", loss, "share of messages lost"),
	SHARE("network.repeat", "0", repeat, "share of messages that arrive twice"),
	SHARE("streets.slow", "0", slow, "vehicles are slower than the map says"),
	SHARE("trains.late", "0", trains_late, "share of the trips with tied rides that are late"),
	ROW("trains.late_max", YAML_DURATION, 60000, 7200000, "15 min", trains_late_max, "by at most this"),
	SHARE("trains.cancelled", "0", trains_cancelled, "share of the trips with tied rides that do not run"),
	ROW("check_every", YAML_INT, 0, 1000000, "0", check_every,
	    "all invariants after every so many commands; 0 = at the end"),
	ROW("snapshot_every", YAML_INT, 0, 10000000, "0", snapshot_every,
	    "journal snapshot after so many commands; 0 = as in live service"),
	ROW("core.reserve", YAML_DURATION, 0, 1800000, "60 s", reserve,
	    "planning keeps this much spare before every promised limit"),
	ROW("core.rides_max", YAML_INT, 16, 10000000, "16384", rides_max, "rides kept in memory"),
};

static const char *const fault_kinds[WORLD_FAULT_KINDS] = {"", "mrc", "dead", "link", "agent", "dispatcher"};

static void to_rows(const struct scenario *scenario, struct rows *rows)
{
	const struct demand_options *demand = &scenario->demand;
	const struct world_options *world = &scenario->world;
	*rows = (struct rows){.minutes = scenario->minutes,
			      .seed = (int64_t)world->seed,
			      .vehicles = world->n_vehicles,
			      .seats = world->spaces[0],
			      .bays = world->spaces[1],
			      .luggage = world->spaces[2],
			      .per_hour = demand->per_hour,
			      .hub_m = demand->hub_mm / 1000,
			      .hubs = demand->hubs,
			      .from_train = demand->from_train,
			      .to_train = demand->to_train,
			      .tied = demand->tied,
			      .prebooked = demand->prebooked,
			      .arrive_by = demand->arrive_by,
			      .wheelchair = demand->wheelchair,
			      .walker = demand->walker,
			      .pram = demand->pram,
			      .dog = demand->dog,
			      .companion = demand->companion,
			      .second_rider = demand->second_rider,
			      .cancel = demand->cancel,
			      .no_show = demand->no_show,
			      .late = demand->late,
			      .latency_min = world->latency_ms_min,
			      .latency_max = world->latency_ms_max,
			      .loss = world->loss_permille,
			      .repeat = world->repeat_permille,
			      .slow = world->slow_permille,
			      .trains_late = world->trains_late_permille,
			      .trains_late_max = world->trains_late_ms_max,
			      .trains_cancelled = world->trains_cancelled_permille,
			      .check_every = world->check_every,
			      .snapshot_every = world->snapshot_every,
			      .reserve = world->core.reserve_ms,
			      .rides_max = world->core.rides_max};
	memcpy(rows->town, scenario->town, sizeof rows->town);
	memcpy(rows->trips, scenario->trips, sizeof rows->trips);
	memcpy(rows->from, scenario->from, sizeof rows->from);
	memcpy(rows->class_name, world->class_name, sizeof rows->class_name);
}

static void from_rows(struct scenario *scenario, const struct rows *rows)
{
	struct demand_options *demand = &scenario->demand;
	struct world_options *world = &scenario->world;
	memcpy(scenario->town, rows->town, sizeof rows->town);
	memcpy(scenario->trips, rows->trips, sizeof rows->trips);
	memcpy(world->class_name, rows->class_name, sizeof rows->class_name);
	memcpy(scenario->from, rows->from, sizeof scenario->from);
	scenario->minutes = rows->minutes;
	world->seed = demand->seed = (uint64_t)rows->seed;
	world->n_vehicles = (uint32_t)rows->vehicles;
	world->spaces[0] = (uint8_t)rows->seats;
	world->spaces[1] = (uint8_t)rows->bays;
	world->spaces[2] = (uint8_t)rows->luggage;
	world->latency_ms_min = (uint32_t)rows->latency_min;
	world->latency_ms_max =
		(uint32_t)(rows->latency_max > rows->latency_min ? rows->latency_max : rows->latency_min);
	world->loss_permille = (uint32_t)rows->loss;
	world->repeat_permille = (uint32_t)rows->repeat;
	world->slow_permille = (uint32_t)rows->slow;
	world->trains_late_permille = (uint32_t)rows->trains_late;
	world->trains_late_ms_max = (uint32_t)rows->trains_late_max;
	world->trains_cancelled_permille = (uint32_t)rows->trains_cancelled;
	world->check_every = (uint32_t)rows->check_every;
	world->snapshot_every = (uint32_t)rows->snapshot_every;
	world->core.reserve_ms = (uint32_t)rows->reserve;
	world->core.rides_max = (uint32_t)rows->rides_max;
	if (world->core.vehicles_max < world->n_vehicles)
		world->core.vehicles_max = world->n_vehicles;
	demand->per_hour = (uint32_t)rows->per_hour;
	demand->hub_mm = (uint32_t)rows->hub_m * 1000;
	demand->hubs = (uint32_t)rows->hubs;
	demand->from_train = (uint32_t)rows->from_train;
	demand->to_train = (uint32_t)rows->to_train;
	demand->tied = (uint32_t)rows->tied;
	demand->prebooked = (uint32_t)rows->prebooked;
	demand->arrive_by = (uint32_t)rows->arrive_by;
	demand->wheelchair = (uint32_t)rows->wheelchair;
	demand->walker = (uint32_t)rows->walker;
	demand->pram = (uint32_t)rows->pram;
	demand->dog = (uint32_t)rows->dog;
	demand->companion = (uint32_t)rows->companion;
	demand->second_rider = (uint32_t)rows->second_rider;
	demand->cancel = (uint32_t)rows->cancel;
	demand->no_show = (uint32_t)rows->no_show;
	demand->late = (uint32_t)rows->late;
}

void scenario_default(struct scenario *scenario)
{
	struct rows rows;
	memset(scenario, 0, sizeof *scenario);
	demand_default(&scenario->demand);
	world_default(&scenario->world);
	memset(&rows, 0, sizeof rows);
	yaml_defaults(table, COUNT_OF(table), &rows);
	from_rows(scenario, &rows);
}

/* A fault's time: an instant, or how long after the beginning (kept as an instant of the first days of 1970 until
 * then). */
static int read_when(const struct yaml *yaml, struct fy_node *node, int64_t *ret_at, struct err_detail *detail)
{
	struct err_detail unused;
	if (!yaml_scalar(yaml, node, YAML_DURATION, 0, AFTER_START_MS, ret_at, sizeof *ret_at, &unused))
		return ERR_OK;
	return yaml_scalar(yaml, node, YAML_INSTANT, AFTER_START_MS + 1, INT64_MAX, ret_at, sizeof *ret_at, detail);
}

static int read_fault(const struct yaml *yaml, struct fy_node *node, struct world_options *world,
		      struct err_detail *detail)
{
	static const char *const keys[] = {"at", "vehicle", "kind", "for"};
	char kind[16];
	int64_t at = 0, vehicle = 0, duration = 0;
	int code = yaml_keys(yaml, node, keys, COUNT_OF(keys), detail);
	if (!code && (!yaml_get(node, "at") || !yaml_get(node, "kind")))
		code = yaml_fail(yaml, node, ERR_FORMAT, detail, "a fault needs at and kind");
	if (!code)
		code = read_when(yaml, yaml_get(node, "at"), &at, detail);
	if (!code)
		code = yaml_scalar(yaml, yaml_get(node, "kind"), YAML_TEXT, 0, 0, kind, sizeof kind, detail);
	int names_vehicle = yaml_get(node, "vehicle") != NULL,
	    needs_vehicle = !code && strcmp(kind, fault_kinds[WORLD_FAULT_DISPATCHER]) != 0;
	if (!code && names_vehicle != needs_vehicle)
		code = yaml_fail(yaml, node, ERR_FORMAT, detail,
				 needs_vehicle ? "vehicle is missing" : "a dispatcher has no vehicle number");
	if (!code && needs_vehicle)
		code = yaml_scalar(yaml, yaml_get(node, "vehicle"), YAML_INT, 1, WORLD_VEHICLES_MAX, &vehicle,
				   sizeof vehicle, detail);
	if (!code && yaml_get(node, "for"))
		code = yaml_scalar(yaml, yaml_get(node, "for"), YAML_DURATION, 1, DAY_MS, &duration, sizeof duration,
				   detail);
	if (code)
		return code;
	for (uint8_t i = 1; i < WORLD_FAULT_KINDS; i++) {
		if (!strcmp(kind, fault_kinds[i])) {
			world->faults[world->n_faults++] =
				(struct world_fault){at, (uint32_t)vehicle, i, (uint32_t)duration};
			return ERR_OK;
		}
	}
	return yaml_fail(yaml, yaml_get(node, "kind"), ERR_FORMAT, detail,
			 "kind: expected mrc, dead, link, agent or dispatcher");
}

static int read_faults(const struct yaml *yaml, struct world_options *world, struct err_detail *detail)
{
	struct fy_node *list = yaml_get(yaml_root(yaml), "faults");
	uint32_t n = yaml_count(list);
	if (world->n_faults + n > WORLD_FAULTS_MAX)
		return yaml_fail(yaml, list, ERR_FULL, detail, "more than %d faults", WORLD_FAULTS_MAX);
	int code = ERR_OK;
	for (uint32_t i = 0; i < n && !code; i++)
		code = read_fault(yaml, yaml_item(list, i), world, detail);
	return code;
}

/* Paths in a scenario are relative to its folder. */
static void beside(const char *path, char *name, size_t size)
{
	char joined[512];
	const char *slash = strrchr(path, '/');
	if (!name[0] || name[0] == '/' || !slash)
		return;
	snprintf(joined, sizeof joined, "%.*s/%s", (int)(slash - path), path, name);
	snprintf(name, size, "%.*s", (int)size - 1, joined);
}

static int read_at(struct scenario *scenario, const char *path, int depth, struct err_detail *detail);

static int read_parts(struct scenario *scenario, const struct yaml *yaml, const char *path, int depth,
		      struct err_detail *detail)
{
	static const char *const also[] = {"extends", "faults"};
	struct fy_node *parent = yaml_get(yaml_root(yaml), "extends");
	int code = ERR_OK;
	if (parent) {
		char name[256];
		code = yaml_scalar(yaml, parent, YAML_TEXT, 0, 0, name, sizeof name, detail);
		if (!code && depth == EXTENDS_MAX)
			code = yaml_fail(yaml, parent, ERR_RANGE, detail, "extends: more than %d files deep",
					 EXTENDS_MAX);
		if (!code) {
			beside(path, name, sizeof name);
			code = read_at(scenario, name, depth + 1, detail);
		}
	}
	struct rows rows;
	to_rows(scenario, &rows);
	if (!code)
		code = yaml_read_settings(yaml, yaml_root(yaml), table, COUNT_OF(table), &rows, also, COUNT_OF(also),
					  detail);
	if (code)
		return code;
	if (yaml_get(yaml_root(yaml), "town"))
		beside(path, rows.town, sizeof rows.town);
	if (yaml_get(yaml_root(yaml), "trips"))
		beside(path, rows.trips, sizeof rows.trips);
	from_rows(scenario, &rows);
	return read_faults(yaml, &scenario->world, detail);
}

static int read_at(struct scenario *scenario, const char *path, int depth, struct err_detail *detail)
{
	struct yaml *yaml;
	int code = yaml_open(&yaml, path, detail);
	if (code)
		return code;
	code = read_parts(scenario, yaml, path, depth, detail);
	yaml_close(yaml);
	return code;
}

int scenario_read(struct scenario *scenario, const char *path, struct err_detail *detail)
{
	return read_at(scenario, path, 0, detail);
}

int scenario_resolve(struct scenario *scenario, const struct town *town, struct err_detail *detail)
{
	struct world_options *world = &scenario->world;
	instant_ms from = 0;
	int code = scenario->from[0]
			   ? yaml_parse(scenario->from, YAML_INSTANT, 0, INT64_MAX / 2, &from, sizeof from, detail)
			   : demand_show_day(town, &from);
	if (code)
		return scenario->from[0]
			       ? code
			       : err_set(detail, code, "from: no trip runs on any day of the timetable; name a day");
	world->from = scenario->demand.from = from;
	world->to = scenario->demand.to = from + scenario->minutes * MINUTE_MS;
	for (uint32_t i = 0; i < world->n_faults; i++)
		if (world->faults[i].at <= AFTER_START_MS)
			world->faults[i].at += from;
	return ERR_OK;
}

int scenario_demand(const struct scenario *scenario, const struct town *town, struct demand *demand,
		    struct err_detail *detail)
{
	return scenario->trips[0] ? demand_read(demand, town, scenario->trips, scenario->world.from, detail)
				  : demand_draw(demand, town, &scenario->demand, detail);
}

int scenario_set(struct scenario *scenario, const char *assignment, struct err_detail *detail)
{
	struct rows rows;
	const char *equals = strchr(assignment, '=');
	to_rows(scenario, &rows);
	for (uint32_t i = 0; equals && i < COUNT_OF(table); i++) {
		if (strlen(table[i].name) != (size_t)(equals - assignment) ||
		    strncmp(table[i].name, assignment, (size_t)(equals - assignment)))
			continue;
		struct err_detail inner;
		int code = yaml_parse(equals + 1, table[i].type, table[i].low, table[i].high,
				      (char *)&rows + table[i].offset, table[i].size, &inner);
		if (code)
			return err_set(detail, code, "--set %s: %s", table[i].name, inner.text);
		from_rows(scenario, &rows);
		return ERR_OK;
	}
	return err_set(detail, ERR_USAGE, "--set %s: expected name=value (see: sim settings)", assignment);
}

/* ---- as a file again ---- */

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
	fputs("\"\n", out);
}

static void write_value(FILE *out, const struct yaml_setting *row, const struct rows *rows)
{
	const void *field = (const char *)rows + row->offset;
	int64_t number = 0;
	if (row->type != YAML_TEXT)
		memcpy(&number, field, sizeof number);
	switch (row->type) {
	case YAML_TEXT:
		write_text(out, field);
		break;
	case YAML_PERMILLE:
		fprintf(out, "%" PRId64 ".%03" PRId64 "\n", number / 1000, number % 1000);
		break;
	case YAML_DURATION:
		fprintf(out, "%" PRId64 " ms\n", number);
		break;
	default:
		fprintf(out, "%" PRId64 "\n", number);
	}
}

/* Nested names share a mapping; rows of one mapping stand together in the table. */
static void write_row(FILE *out, const struct yaml_setting *row, const struct rows *rows, const char *before)
{
	const char *dot = strchr(row->name, '.');
	size_t n = dot ? (size_t)(dot - row->name) + 1 : 0;
	if (n && strncmp(before, row->name, n) != 0)
		fprintf(out, "%.*s:\n", (int)n - 1, row->name);
	fprintf(out, "%s%s: ", n ? "  " : "", row->name + n);
	write_value(out, row, rows);
}

static void write_faults(const struct world_options *world, FILE *out)
{
	for (uint32_t i = 0; i < world->n_faults; i++) {
		const struct world_fault *fault = &world->faults[i];
		int64_t at = fault->at > AFTER_START_MS ? fault->at - world->from : fault->at;
		fprintf(out, "%s  - {at: %" PRId64 " ms, ", i ? "" : "faults:\n", at);
		if (fault->vehicle)
			fprintf(out, "vehicle: %" PRIu32 ", ", fault->vehicle);
		fprintf(out, "kind: %s", fault_kinds[fault->kind]);
		if (fault->duration_ms)
			fprintf(out, ", for: %" PRIu32 " ms", fault->duration_ms);
		fputs("}\n", out);
	}
}

void scenario_write(const struct scenario *scenario, int with_places, FILE *out)
{
	static const char *const places[] = {"town", "trips", "seed"};
	const char *before = "";
	struct rows rows;
	memset(&rows, 0, sizeof rows);
	to_rows(scenario, &rows);
	for (uint32_t i = 0; i < COUNT_OF(table); i++) {
		int is_place = 0;
		for (uint32_t p = 0; p < COUNT_OF(places); p++)
			is_place |= !strcmp(table[i].name, places[p]);
		if (is_place && !with_places)
			continue;
		write_row(out, &table[i], &rows, before);
		before = table[i].name;
	}
	write_faults(&scenario->world, out);
}

void scenario_print_manual(FILE *out)
{
	fprintf(out,
		"# Names of a scenario\n\nMade by `sim settings` from the table in sim/scenario.c; do not edit. "
		"`extends: FILE` takes another "
		"file first; `faults:` is a list of {at, vehicle, kind: mrc|dead|link|agent|dispatcher, for};\n`at` is "
		"an instant, or how long after the beginning.\n\n");
	yaml_manual(out, table, COUNT_OF(table));
}
