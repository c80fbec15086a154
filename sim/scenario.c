#include "scenario.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "yaml.h"

#define EXTENDS_MAX 8
#define AFTER_START_MS (100 * DAY_MS)

/* The table fills int64 rows; scenario_apply moves them into the options. */
struct rows {
	char town[256], trips[256], class_name[32];
	char from[64];
	int64_t minutes, seed, vehicles, seats, bays, luggage;
	int64_t per_hour, hub_m, hubs, from_train, to_train, tied, prebooked, arrive_by, wheelchair, walker, pram, dog,
		companion, second_rider, cancel, no_show, late, walk_min, walk_max, patience_min, patience_max,
		pace_min, pace_max;
	int64_t latency_min, latency_max, loss, repeat, slow, live, trains_late, trains_late_max, trains_cancelled,
		check_every, snapshot_every, reserve, message, rides_max, improve_ms, improve_iterations, rebalance,
		charger_slots, battery, clean_every, clean_time, clean_early, clean_slots, fair_gap, fair_wait,
		weight_vehicle, weight_wait, weight_ride, weight_walk;
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
	ROW("riders.walk_min_m", YAML_INT, 0, 10000, "400", walk_min, "the walk that riders accept is drawn from this"),
	ROW("riders.walk_max_m", YAML_INT, 0, 10000, "700", walk_max, "to this"),
	ROW("riders.patience_min", YAML_DURATION, 0, 86400000, "25 min", patience_min,
	    "an offer whose pickup is later than this after the wish is not taken: drawn from this"),
	ROW("riders.patience_max", YAML_DURATION, 0, 86400000, "60 min", patience_max, "to this"),
	ROW("riders.pace_min", YAML_PERMILLE, 100, 5000, "1.1", pace_min, "pace of walking in m/s, drawn from this"),
	ROW("riders.pace_max", YAML_PERMILLE, 100, 5000, "1.5", pace_max, "to this"),
	ROW("network.latency_min", YAML_DURATION, 0, 60000, "20 ms", latency_min, "least delay of a message"),
	ROW("network.latency_max", YAML_DURATION, 0, 60000, "200 ms", latency_max, "most delay of a message"),
	SHARE("network.loss", "0", loss, "share of messages lost"),
	SHARE("network.repeat", "0", repeat, "share of messages that arrive twice"),
	SHARE("streets.slow", "0", slow, "vehicles are slower than the map says"),
	ROW("streets.live", YAML_BOOL, 0, 1, "false", live,
	    "the dispatcher learns from its vehicles where streets are slow, as in live service"),
	SHARE("trains.late", "0", trains_late, "share of the trips with tied rides that are late"),
	ROW("trains.late_max", YAML_DURATION, 60000, 7200000, "15 min", trains_late_max, "by at most this"),
	SHARE("trains.cancelled", "0", trains_cancelled, "share of the trips with tied rides that do not run"),
	ROW("improve.period", YAML_DURATION, 0, 86400000, "15 s", improve_ms,
	    "plans are improved this often; 0 = each request is put in where it costs least, and stays"),
	ROW("improve.iterations", YAML_INT, 0, 1000000, "100", improve_iterations, "so many trials each time"),
	ROW("check_every", YAML_INT, 0, 1000000, "0", check_every,
	    "all invariants after every so many commands; 0 = at the end"),
	ROW("snapshot_every", YAML_INT, 0, 10000000, "0", snapshot_every,
	    "journal snapshot after so many commands; 0 = as in live service"),
	ROW("core.reserve", YAML_DURATION, 0, 1800000, "60 s", reserve,
	    "planning keeps this much spare before every promised limit"),
	ROW("core.message", YAML_DURATION, 0, 600000, "2 s", message,
	    "until a vehicle acts on a decision and its deeds are known: kept free after each wait for a rider"),
	ROW("core.rebalance", YAML_DURATION, 0, 3600000, "0 s", rebalance,
	    "idle vehicles are sent where riders are expected this often; 0 s: never"),
	ROW("core.battery", YAML_INT, 1000, 1000000, "40000", battery, "usable energy of a vehicle, Wh"),
	ROW("core.charger_slots", YAML_INT, 0, 10000, "0", charger_slots,
	    "vehicles that may charge at one depot at once; 0: all"),
	ROW("core.cleaning_every", YAML_DURATION, 0, 7 * DAY_MS, "0 s", clean_every,
	    "a vehicle is cleaned at its depot after so long in service; 0 s: never"),
	ROW("core.cleaning_time", YAML_DURATION, 60000, DAY_MS, "15 min", clean_time, "how long one cleaning takes"),
	ROW("core.cleaning_early", YAML_DURATION, 0, 7 * DAY_MS, "2 h", clean_early,
	    "it may be cleaned so much sooner in a quiet moment, or when its shift ends"),
	ROW("core.cleaning_slots", YAML_INT, 0, 10000, "0", clean_slots,
	    "vehicles that may be cleaned at one depot at once; 0: all"),
	ROW("core.rides_max", YAML_INT, 16, 10000000, "16384", rides_max, "rides kept in memory"),
	ROW("fair.gap", YAML_PERMILLE, 0, 10000, "0", fair_gap,
	    "no group with a stated need waits longer than all, nor is refused more often for want of vehicles, by "
	    "more than "
	    "this share; 0: not bounded"),
	ROW("fair.wait", YAML_DURATION, 0, 86400000, "0 s", fair_wait,
	    "with fair.gap: nor does any group wait longer than this on average; 0 s: not bounded"),
	ROW("cost.vehicle", YAML_INT, 0, 1000, "10", weight_vehicle, "weight of a second of vehicle time"),
	ROW("cost.wait", YAML_INT, 0, 1000, "10", weight_wait, "weight of a second of waiting"),
	ROW("cost.ride", YAML_INT, 0, 1000, "5", weight_ride, "weight of a second of riding"),
	ROW("cost.walk", YAML_INT, 0, 1000, "15", weight_walk, "weight of a second of walking"),
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
			      .walk_min = demand->walk_min_m,
			      .walk_max = demand->walk_max_m,
			      .patience_min = demand->patience_min_ms,
			      .patience_max = demand->patience_max_ms,
			      .pace_min = demand->pace_min_mm_s,
			      .pace_max = demand->pace_max_mm_s,
			      .latency_min = world->latency_ms_min,
			      .latency_max = world->latency_ms_max,
			      .loss = world->loss_permille,
			      .repeat = world->repeat_permille,
			      .slow = world->slow_permille,
			      .live = world->live_speeds,
			      .trains_late = world->trains_late_permille,
			      .trains_late_max = world->trains_late_ms_max,
			      .trains_cancelled = world->trains_cancelled_permille,
			      .check_every = world->check_every,
			      .snapshot_every = world->snapshot_every,
			      .reserve = world->core.reserve_ms,
			      .message = world->core.message_ms,
			      .rebalance = world->core.rebalance_ms,
			      .charger_slots = world->core.charger_slots,
			      .clean_every = world->core.clean_every_ms,
			      .clean_time = world->core.clean_ms,
			      .clean_early = world->core.clean_early_ms,
			      .clean_slots = world->core.clean_slots,
			      .battery = world->core.battery_wh,
			      .fair_gap = world->core.fair_gap_permille,
			      .fair_wait = world->core.fair_wait_ms,
			      .weight_vehicle = world->core.weight_vehicle,
			      .weight_wait = world->core.weight_wait,
			      .weight_ride = world->core.weight_ride,
			      .weight_walk = world->core.weight_walk,
			      .rides_max = world->core.rides_max,
			      .improve_ms = world->improve_ms,
			      .improve_iterations = world->improve_iterations};
	memcpy(rows->town, scenario->town, sizeof rows->town);
	memcpy(rows->trips, scenario->trips, sizeof rows->trips);
	memcpy(rows->from, scenario->from, sizeof rows->from);
	memcpy(rows->class_name, world->class_name, sizeof rows->class_name);
}

static void set_vehicles(struct world_options *world, uint32_t n)
{
	world->n_vehicles = n;
	if (world->core.vehicles_max < n)
		world->core.vehicles_max = n;
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
	set_vehicles(world, (uint32_t)rows->vehicles);
	world->spaces[0] = (uint8_t)rows->seats;
	world->spaces[1] = (uint8_t)rows->bays;
	world->spaces[2] = (uint8_t)rows->luggage;
	world->latency_ms_min = (uint32_t)rows->latency_min;
	world->latency_ms_max =
		(uint32_t)(rows->latency_max > rows->latency_min ? rows->latency_max : rows->latency_min);
	world->loss_permille = (uint32_t)rows->loss;
	world->repeat_permille = (uint32_t)rows->repeat;
	world->slow_permille = (uint32_t)rows->slow;
	world->live_speeds = (uint8_t)rows->live;
	world->trains_late_permille = (uint32_t)rows->trains_late;
	world->trains_late_ms_max = (uint32_t)rows->trains_late_max;
	world->trains_cancelled_permille = (uint32_t)rows->trains_cancelled;
	world->check_every = (uint32_t)rows->check_every;
	world->snapshot_every = (uint32_t)rows->snapshot_every;
	world->core.reserve_ms = (uint32_t)rows->reserve;
	world->core.message_ms = (uint32_t)rows->message;
	world->core.rides_max = (uint32_t)rows->rides_max;
	world->improve_ms = (uint32_t)rows->improve_ms;
	world->improve_iterations = (uint32_t)rows->improve_iterations;
	world->core.rebalance_ms = (uint32_t)rows->rebalance;
	world->core.fair_gap_permille = (uint32_t)rows->fair_gap;
	world->core.fair_wait_ms = (uint32_t)rows->fair_wait;
	world->core.charger_slots = (uint32_t)rows->charger_slots;
	world->core.clean_every_ms = (uint32_t)rows->clean_every;
	world->core.clean_ms = (uint32_t)rows->clean_time;
	world->core.clean_early_ms = (uint32_t)rows->clean_early;
	world->core.clean_slots = (uint32_t)rows->clean_slots;
	world->core.battery_wh = (uint32_t)rows->battery;
	world->core.weight_vehicle = (uint32_t)rows->weight_vehicle;
	world->core.weight_wait = (uint32_t)rows->weight_wait;
	world->core.weight_ride = (uint32_t)rows->weight_ride;
	world->core.weight_walk = (uint32_t)rows->weight_walk;
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
	demand->walk_min_m = (uint32_t)rows->walk_min;
	demand->walk_max_m = (uint32_t)rows->walk_max;
	demand->patience_min_ms = (uint32_t)rows->patience_min;
	demand->patience_max_ms = (uint32_t)rows->patience_max;
	demand->pace_min_mm_s = (uint32_t)rows->pace_min;
	demand->pace_max_mm_s = (uint32_t)rows->pace_max;
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

/* ---- streets slower than the map says ---- */

static int read_jam(const struct yaml *yaml, struct fy_node *node, struct world_options *world,
		    struct err_detail *detail)
{
	static const char *const keys[] = {"at", "for", "middle", "radius_m", "times"};
	struct world_jam jam;
	int64_t at = 0, duration = 0, radius_m = 0, times = 0;
	int code = yaml_keys(yaml, node, keys, COUNT_OF(keys), detail);
	for (uint32_t i = 0; i < COUNT_OF(keys) && !code; i++)
		if (!yaml_get(node, keys[i]))
			code = yaml_fail(yaml, node, ERR_FORMAT, detail, "a jam needs %s", keys[i]);
	if (!code)
		code = read_when(yaml, yaml_get(node, "at"), &at, detail);
	if (!code)
		code = yaml_scalar(yaml, yaml_get(node, "for"), YAML_DURATION, 1, DAY_MS, &duration, sizeof duration,
				   detail);
	if (!code)
		code = yaml_scalar(yaml, yaml_get(node, "middle"), YAML_POINT, 0, 0, &jam.middle, sizeof jam.middle,
				   detail);
	if (!code)
		code = yaml_scalar(yaml, yaml_get(node, "radius_m"), YAML_INT, 1, 100000, &radius_m, sizeof radius_m,
				   detail);
	if (!code)
		code = yaml_scalar(yaml, yaml_get(node, "times"), YAML_PERMILLE, 1001, WIRE_SLOW_MAX, &times,
				   sizeof times, detail);
	if (code)
		return code;
	jam.from = at;
	jam.to = at + duration;
	jam.radius_mm = (uint32_t)radius_m * 1000;
	jam.slow_permille = (uint32_t)times;
	world->jams[world->n_jams++] = jam;
	return ERR_OK;
}

static int read_jams(const struct yaml *yaml, struct world_options *world, struct err_detail *detail)
{
	struct fy_node *list = yaml_get(yaml_root(yaml), "jams");
	uint32_t n = yaml_count(list);
	int code = ERR_OK;
	if (world->n_jams + n > WORLD_JAMS_MAX)
		return yaml_fail(yaml, list, ERR_FULL, detail, "more than %d jams", WORLD_JAMS_MAX);
	for (uint32_t i = 0; i < n && !code; i++)
		code = read_jam(yaml, yaml_item(list, i), world, detail);
	return code;
}

/* ---- the fleet, when not all vehicles are alike ---- */

static int read_group(const struct yaml *yaml, struct fy_node *node, struct world_options *world, int64_t *n_vehicles,
		      struct err_detail *detail)
{
	static const char *const keys[] = {"vehicles", "class", "seats", "wheelchair_bays",
					   "luggage",  "depot", "from",	 "to"};
	struct world_group group = {.class_name = ""};
	int64_t count = 0, spaces[3] = {world->spaces[0], world->spaces[1], world->spaces[2]}, shift[2] = {0, 0};
	memcpy(group.class_name, world->class_name, sizeof group.class_name);
	int code = yaml_keys(yaml, node, keys, COUNT_OF(keys), detail);
	if (!code && !yaml_get(node, "vehicles"))
		code = yaml_fail(yaml, node, ERR_FORMAT, detail, "a group of the fleet needs vehicles");
	if (!code && !yaml_get(node, "from") != !yaml_get(node, "to"))
		code = yaml_fail(yaml, node, ERR_FORMAT, detail, "a shift needs from and to");
	if (!code)
		code = yaml_scalar(yaml, yaml_get(node, "vehicles"), YAML_INT, 1, WORLD_VEHICLES_MAX, &count,
				   sizeof count, detail);
	if (!code && yaml_get(node, "class"))
		code = yaml_scalar(yaml, yaml_get(node, "class"), YAML_TEXT, 0, 0, group.class_name,
				   sizeof group.class_name, detail);
	for (int i = 0; i < 3 && !code; i++)
		if (yaml_get(node, keys[2 + i]))
			code = yaml_scalar(yaml, yaml_get(node, keys[2 + i]), YAML_INT, i == 0, 255, &spaces[i],
					   sizeof spaces[i], detail);
	if (!code && yaml_get(node, "depot"))
		code = yaml_scalar(yaml, yaml_get(node, "depot"), YAML_POINT, 0, 0, &group.depot, sizeof group.depot,
				   detail);
	for (int i = 0; i < 2 && !code; i++)
		if (yaml_get(node, keys[6 + i]))
			code = yaml_scalar(yaml, yaml_get(node, keys[6 + i]), YAML_TIME, 0, 30 * 3600, &shift[i],
					   sizeof shift[i], detail);
	if (!code && yaml_get(node, "from") && shift[0] >= shift[1])
		code = yaml_fail(yaml, yaml_get(node, "to"), ERR_RANGE, detail, "the shift ends before it begins");
	if (code)
		return code;
	group.n_vehicles = (uint32_t)count;
	group.has_depot = yaml_get(node, "depot") != NULL;
	group.shift_from_s = (int32_t)shift[0];
	group.shift_to_s = (int32_t)shift[1];
	for (int i = 0; i < 3; i++)
		group.spaces[i] = (uint8_t)spaces[i];
	world->groups[world->n_groups++] = group;
	*n_vehicles += count;
	return ERR_OK;
}

/* A fleet named here takes the place of an inherited one; so does a plain number of vehicles. */
static int read_fleet(const struct yaml *yaml, struct world_options *world, struct err_detail *detail)
{
	struct fy_node *list = yaml_get(yaml_root(yaml), "fleet"), *plain = yaml_get(yaml_root(yaml), "vehicles");
	uint32_t n = yaml_count(list);
	int64_t n_vehicles = 0;
	int code = ERR_OK;
	if (list && plain)
		return yaml_fail(yaml, plain, ERR_CONFLICT, detail, "vehicles: the fleet says how many there are");
	if (list && (!n || n > WORLD_GROUPS_MAX))
		return yaml_fail(yaml, list, ERR_RANGE, detail, "fleet: a list of 1 to %d groups", WORLD_GROUPS_MAX);
	if (list || plain)
		world->n_groups = 0;
	for (uint32_t i = 0; i < n && !code; i++)
		code = read_group(yaml, yaml_item(list, i), world, &n_vehicles, detail);
	if (!code && n_vehicles > WORLD_VEHICLES_MAX)
		code = yaml_fail(yaml, list, ERR_RANGE, detail, "fleet: more than %d vehicles", WORLD_VEHICLES_MAX);
	if (!code && n)
		set_vehicles(world, (uint32_t)n_vehicles);
	return code;
}

/* ---- requests by hour ---- */

static int read_totals(const struct yaml *yaml, struct demand_options *demand, struct err_detail *detail)
{
	static const char *const keys[] = {"0",	 "1",  "2",  "3",  "4",	 "5",  "6",  "7",  "8",	 "9",
					   "10", "11", "12", "13", "14", "15", "16", "17", "18", "19",
					   "20", "21", "22", "23", "24", "25", "26", "27", "28", "29"};
	_Static_assert(COUNT_OF(keys) == DEMAND_HOURS, "a key for each hour");
	struct fy_node *node = yaml_get(yaml_root(yaml), "requests_by_hour"), *hour;
	int64_t total, sum = 0;
	if (!node)
		return ERR_OK;
	int code = yaml_keys(yaml, node, keys, COUNT_OF(keys), detail);
	memset(demand->totals, 0, sizeof demand->totals);
	for (uint32_t h = 0; h < COUNT_OF(keys) && !code; h++) {
		hour = yaml_get(node, keys[h]);
		if (hour)
			code = yaml_scalar(yaml, hour, YAML_INT, 0, 100000, &total, sizeof total, detail);
		if (!code && hour) {
			demand->totals[h] = (uint32_t)total;
			sum += total;
		}
	}
	if (!code && !sum)
		code = yaml_fail(yaml, node, ERR_RANGE, detail, "requests_by_hour: nobody asks");
	demand->has_totals = 1;
	return code;
}

/* ---- files ---- */

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

/* Files that extend one another, from the one that was asked for. */
struct chain {
	const struct chain *child;
	const char *path;
	dev_t device;
	ino_t inode;
	int depth;
};

static int read_at(struct scenario *scenario, const char *path, const struct chain *child, const struct yaml *from,
		   struct fy_node *named, struct err_detail *detail);

static int read_parent(struct scenario *scenario, const struct yaml *yaml, const struct chain *chain,
		       struct err_detail *detail)
{
	struct fy_node *parent = yaml_get(yaml_root(yaml), "extends");
	char name[256];
	if (!parent)
		return ERR_OK;
	int code = yaml_scalar(yaml, parent, YAML_TEXT, 0, 0, name, sizeof name, detail);
	if (!code && chain->depth == EXTENDS_MAX)
		code = yaml_fail(yaml, parent, ERR_RANGE, detail, "extends: more than %d files deep", EXTENDS_MAX);
	if (code)
		return code;
	beside(chain->path, name, sizeof name);
	return read_at(scenario, name, chain, yaml, parent, detail);
}

static int read_parts(struct scenario *scenario, const struct yaml *yaml, const struct chain *chain,
		      struct err_detail *detail)
{
	static const char *const also[] = {"extends", "faults", "fleet", "jams", "requests_by_hour"};
	struct rows rows;
	int code = read_parent(scenario, yaml, chain, detail);
	to_rows(scenario, &rows);
	if (!code)
		code = yaml_read_settings(yaml, yaml_root(yaml), table, COUNT_OF(table), &rows, also, COUNT_OF(also),
					  detail);
	if (code)
		return code;
	if (yaml_get(yaml_root(yaml), "town"))
		beside(chain->path, rows.town, sizeof rows.town);
	if (yaml_get(yaml_root(yaml), "trips"))
		beside(chain->path, rows.trips, sizeof rows.trips);
	from_rows(scenario, &rows);
	code = read_fleet(yaml, &scenario->world, detail);
	if (!code)
		code = read_totals(yaml, &scenario->demand, detail);
	if (!code)
		code = read_jams(yaml, &scenario->world, detail);
	return code ? code : read_faults(yaml, &scenario->world, detail);
}

/* `from` and `named` say who extends this file; NULL for the first one. */
static int read_at(struct scenario *scenario, const char *path, const struct chain *child, const struct yaml *from,
		   struct fy_node *named, struct err_detail *detail)
{
	struct chain chain = {.child = child, .path = path, .depth = child ? child->depth + 1 : 0};
	struct yaml *yaml;
	struct stat status;
	struct err_detail inner = {""};
	if (!stat(path, &status)) {
		chain.device = status.st_dev;
		chain.inode = status.st_ino;
		for (const struct chain *other = child; other; other = other->child)
			if (other->device == chain.device && other->inode == chain.inode)
				return yaml_fail(from, named, ERR_CONFLICT, detail,
						 "extends: %s extends itself in the end", path);
	}
	int code = yaml_open(&yaml, path, &inner);
	if (code && from)
		return yaml_fail(from, named, code, detail, "extends: %s", inner.text);
	if (code)
		return err_set(detail, code, "%s", inner.text);
	code = read_parts(scenario, yaml, &chain, detail);
	yaml_close(yaml);
	return code;
}

int scenario_read(struct scenario *scenario, const char *path, struct err_detail *detail)
{
	return read_at(scenario, path, NULL, NULL, NULL, detail);
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
	for (uint32_t i = 0; i < world->n_jams; i++) {
		if (world->jams[i].from <= AFTER_START_MS) {
			world->jams[i].from += from;
			world->jams[i].to += from;
		}
	}
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
		if (!strcmp(table[i].name, "vehicles")) /* a number takes the place of a fleet */
			scenario->world.n_groups = 0;
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
	case YAML_BOOL:
		fprintf(out, "%s\n", number ? "true" : "false");
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

static void write_fleet(const struct world_options *world, FILE *out)
{
	for (uint32_t i = 0; i < world->n_groups; i++) {
		const struct world_group *group = &world->groups[i];
		fprintf(out, "%s  - {vehicles: %" PRIu32 ", class: \"%s\", seats: %u, wheelchair_bays: %u, luggage: %u",
			i ? "" : "fleet:\n", group->n_vehicles, group->class_name, group->spaces[0], group->spaces[1],
			group->spaces[2]);
		if (group->has_depot)
			fprintf(out, ", depot: \"%.7f,%.7f\"", group->depot.lat_e7 / 1e7, group->depot.lon_e7 / 1e7);
		if (group->shift_to_s)
			fprintf(out, ", from: \"%02d:%02d\", to: \"%02d:%02d\"", group->shift_from_s / 3600,
				group->shift_from_s / 60 % 60, group->shift_to_s / 3600, group->shift_to_s / 60 % 60);
		fputs("}\n", out);
	}
}

static void write_totals(const struct demand_options *demand, FILE *out)
{
	for (uint32_t h = 0; demand->has_totals && h < DEMAND_HOURS; h++)
		if (demand->totals[h] || h == 0)
			fprintf(out, "%s  %" PRIu32 ": %" PRIu32 "\n", h ? "" : "requests_by_hour:\n", h,
				demand->totals[h]);
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

static void write_jams(const struct world_options *world, FILE *out)
{
	for (uint32_t i = 0; i < world->n_jams; i++) {
		const struct world_jam *jam = &world->jams[i];
		int64_t at = jam->from > AFTER_START_MS ? jam->from - world->from : jam->from;
		fprintf(out,
			"%s  - {at: %" PRId64 " ms, for: %" PRId64 " ms, middle: \"%.7f,%.7f\", radius_m: %" PRIu32
			", times: %" PRIu32 ".%03" PRIu32 "}\n",
			i ? "" : "jams:\n", at, jam->to - jam->from, jam->middle.lat_e7 / 1e7, jam->middle.lon_e7 / 1e7,
			jam->radius_mm / 1000, jam->slow_permille / 1000, jam->slow_permille % 1000);
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
		if ((is_place && !with_places) || (scenario->world.n_groups && !strcmp(table[i].name, "vehicles")))
			continue;
		write_row(out, &table[i], &rows, before);
		before = table[i].name;
	}
	write_fleet(&scenario->world, out);
	write_totals(&scenario->demand, out);
	write_faults(&scenario->world, out);
	write_jams(&scenario->world, out);
}

void scenario_print_manual(FILE *out)
{
	fprintf(out,
		"# Names of a scenario\n\nMade by `sim settings` from the table in sim/scenario.c; do not edit. "
		"`extends: FILE` takes another file first.\n\n"
		"`faults:` is a list of {at, vehicle, kind: mrc|dead|link|agent|dispatcher, for}; `at` is an instant, "
		"or how "
		"long after the beginning.\n\n"
		"`jams:` is a list of {at, for, middle: \"LAT,LON\", radius_m, times: 2.5}: so long streets around "
		"there "
		"take that many\ntimes what the map says, and nobody is told.\n\n"
		"`fleet:` is a list of {vehicles, class, seats, wheelchair_bays, luggage, depot: \"LAT,LON\", from: "
		"\"06:00\", to: \"14:00\"} in place\nof `vehicles`; what a group leaves out is as below.\n\n"
		"`requests_by_hour:` maps hours of the service day to requests (6: 40, ..., 25: 3), in place of "
		"`demand.per_hour`.\n\n"
		"The CSV of `trips` has a header; columns: ask_at, from_lat, from_lon, to_lat, to_lon, and optionally "
		"time_kind "
		"(now, leave_at, arrive_by),\ntime, persons, wheelchair, needs (\"walker:1 companion:1\"), walk_max_m, "
		"patience_s, pace_m_s, no_show (0, 1), cancel_after_s, late_s,\ntie (from_trip, to_trip) with feed, "
		"trip_id, "
		"date, stop_sequence, trip_start_s. Times are seconds after `from`.\n\n");
	yaml_manual(out, table, COUNT_OF(table));
}
