#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "export_read.h"
#include "export_ways.h"
#include "hash.h"
#include "record.h"

#define UPDATES_MAX 65535 /* as many as a record can count */
#define STOP_READING (-1)
#define ASTRAY_MM 200000 /* a place this far from its spot was told on another town's streets */

struct reading {
	struct day *day;
	export_town_source find;
	void *find_self;
	struct ways *ways;
	struct arena arena;
	struct hash_map by_ride;
	struct update *updates;
	struct command command; /* whose outcome comes next */
	int has_command;
	uint32_t need_of[TOWN_NEEDS_MAX]; /* of the town in force, in day.needs */
	uint64_t persons;		  /* bit per need of the town that is a person */
	uint64_t last;			  /* a running service writes on: what comes after this is left out */
	struct err_detail *detail;
};

/* ---- cells ---- */

static int32_t floor_div(int64_t a, int64_t b)
{
	return (int32_t)(a / b - (a % b < 0));
}

static int64_t east_step(const struct town *town)
{
	double latitude = town->origin.lat_e7 / 1e7 * 3.14159265358979323846 / 180;
	double step = EXPORT_CELL_E7 / (cos(latitude) > 0.01 ? cos(latitude) : 0.01);
	return (int64_t)step;
}

struct day_cell day_cell_of(const struct town *town, struct geo_point point)
{
	return (struct day_cell){floor_div((int64_t)point.lat_e7 - town->origin.lat_e7, EXPORT_CELL_E7),
				 floor_div((int64_t)point.lon_e7 - town->origin.lon_e7, east_step(town))};
}

struct geo_point day_cell_corner(const struct town *town, struct day_cell cell)
{
	return (struct geo_point){(int32_t)(town->origin.lat_e7 + (int64_t)cell.north * EXPORT_CELL_E7),
				  (int32_t)(town->origin.lon_e7 + cell.east * east_step(town))};
}

/* Where the vehicle stopped, as it may be told: a stop of the town, or the middle of a door's cell. */
static void tell_place(const struct town *town, struct geo_point at, struct day_visit *visit)
{
	uint64_t nearest = EXPORT_STOP_NEAR_MM;
	visit->stop = NONE;
	for (uint32_t s = 0; s < town->n_stops; s++) {
		uint64_t away = geo_rough_mm(at, town->stop_point[s]);
		if (away >= nearest)
			continue;
		nearest = away;
		visit->stop = s;
	}
	if (visit->stop != NONE) {
		visit->point = town->stop_point[visit->stop];
		visit->stop_name = town_text(town, town->stop_name[visit->stop]);
		return;
	}
	struct day_cell cell = day_cell_of(town, at);
	struct geo_point low = day_cell_corner(town, cell),
			 high = day_cell_corner(town, (struct day_cell){cell.north + 1, cell.east + 1});
	visit->point = (struct geo_point){low.lat_e7 + (high.lat_e7 - low.lat_e7) / 2,
					  low.lon_e7 + (high.lon_e7 - low.lon_e7) / 2};
	visit->stop_name = "";
}

/* ---- the day ---- */

static int in_day(const struct day *day, instant_ms at)
{
	uint32_t yyyymmdd;
	town_service_day(day->town, at, &yyyymmdd);
	return yyyymmdd == day->yyyymmdd;
}

int day_has(const struct day *day, const struct day_ride *ride)
{
	if (ride->dropped)
		return 0;
	return in_day(day, ride->earliest_pickup != INSTANT_NONE ? ride->earliest_pickup : ride->wished_at);
}

void day_free(struct day *day)
{
	free(day->rides);
	free(day->visits);
	free(day->vehicles);
	*day = (struct day){0};
}

/* ---- towns ---- */

static int need_number(struct reading *reading, const char *name, const char *label, uint32_t *ret_number)
{
	struct day *day = reading->day;
	for (uint32_t i = 0; i < day->n_needs; i++)
		if (!strcmp(day->needs[i].name, name)) {
			*ret_number = i;
			return ERR_OK;
		}
	if (day->n_needs == EXPORT_NEEDS_MAX)
		return err_set(reading->detail, ERR_FULL, "export: more than %d needs in this journal's towns",
			       EXPORT_NEEDS_MAX);
	day->needs[day->n_needs] = (struct day_need){name, label};
	*ret_number = day->n_needs++;
	return ERR_OK;
}

static int take_town(struct reading *reading, const uint8_t hash[TOWN_HASH_BYTES])
{
	const struct town *town;
	int code = reading->find(reading->find_self, hash, &town, reading->detail);
	if (code)
		return code;
	reading->day->town = town;
	reading->persons = 0;
	for (uint32_t n = 0; n < town->n_needs && !code; n++) {
		code = need_number(reading, town_text(town, town->need_name[n]),
				   town_text(town, town->need_label_en[n]), &reading->need_of[n]);
		reading->persons |= (uint64_t)(n == 0 || (town->need_flags[n] & NEED_IS_PERSON)) << n;
	}
	for (size_t i = 0; i < reading->day->n_vehicles; i++) /* its arcs are others now */
		reading->day->vehicles[i].last.arc = NONE;
	return code;
}

/* ---- rides ---- */

static struct day_ride *ride_of(struct reading *reading, uint64_t number)
{
	uint32_t index = number ? hash_map_get(&reading->by_ride, number) : NONE;
	return index == NONE ? NULL : &reading->day->rides[index];
}

static int ride_add(struct reading *reading, uint64_t number, instant_ms at)
{
	struct day *day = reading->day;
	struct day_ride ride = {.ride = number,
				.asked_at = at,
				.wished_at = at,
				.earliest_pickup = INSTANT_NONE,
				.latest_pickup = INSTANT_NONE,
				.latest_arrival = INSTANT_NONE,
				.at_stop_at = INSTANT_NONE,
				.boarded_at = INSTANT_NONE,
				.alighted_at = INSTANT_NONE,
				.closed_at = INSTANT_NONE,
				.pickup_visit = NONE,
				.dropoff_visit = NONE,
				.state = RIDE_ASKED,
				.kept = -1};
	if (ride_of(reading, number))
		return ERR_OK;
	if (hash_map_put(&reading->by_ride, number, (uint32_t)day->n_rides) ||
	    array_push(day->rides, day->n_rides, day->cap_rides, ride))
		return err_set(reading->detail, ERR_MEMORY, "export: no memory for %zu rides", day->n_rides);
	return ERR_OK;
}

static int asked(struct reading *reading, const struct cmd_request *request, instant_ms at)
{
	int code = ride_add(reading, request->ride, at);
	if (code)
		return code;
	struct day_ride *ride = ride_of(reading, request->ride);
	ride->client = request->client;
	ride->from = request->from.point;
	ride->to = request->to.point;
	ride->time_kind = request->time_kind;
	ride->tie_kind = request->tie_kind;
	if (request->time_kind != TIME_NOW && request->time > at)
		ride->wished_at = request->time;
	for (uint32_t n = 0; n < reading->day->town->n_needs; n++) {
		if (!request->need_count[n])
			continue;
		ride->needs |= UINT64_C(1) << reading->need_of[n];
		ride->party = (uint8_t)(ride->party + (reading->persons >> n & 1 ? request->need_count[n] : 0));
	}
	if (!ride->party)
		ride->party = 1;
	return ERR_OK;
}

static void changed_state(struct reading *reading, struct day_ride *ride, uint8_t state)
{
	const struct command *command = &reading->command;
	instant_ms at = command->at;
	if (command->kind == CMD_VEHICLE_EVENT && command->vehicle_event.event.ride == ride->ride)
		at = command->vehicle_event.event.at;
	if (state == RIDE_AT_STOP)
		ride->at_stop_at = at;
	if (state == RIDE_ABOARD)
		ride->boarded_at = at;
	if (state == RIDE_DONE)
		ride->alighted_at = at;
	if (state >= RIDE_DONE)
		ride->closed_at = command->at;
	ride->state = state;
}

/* Known by its outcomes alone: the request was erased. */
static int ride_erased(struct reading *reading, uint64_t number)
{
	int code = ride_add(reading, number, reading->command.at);
	struct day_ride *ride = ride_of(reading, number);
	if (ride) {
		ride->erased = 1;
		ride->party = 1;
	}
	return code;
}

static int take_ride(struct reading *reading, const struct upd_ride *update)
{
	int code = reading->has_command || ride_of(reading, update->ride) ? ERR_OK : ride_erased(reading, update->ride);
	struct day_ride *ride = ride_of(reading, update->ride);
	if (code || !ride)
		return code;
	if (ride->vehicle && update->vehicle && update->vehicle != ride->vehicle)
		ride->n_reassigned++;
	if (update->vehicle)
		ride->vehicle = update->vehicle;
	if (update->earliest_pickup != INSTANT_NONE && update->state >= RIDE_PROMISED) {
		ride->earliest_pickup = update->earliest_pickup;
		ride->latest_pickup = update->latest_pickup;
		ride->latest_arrival = update->latest_arrival;
	}
	ride->refusal = update->refusal;
	ride->cause = update->cause;
	if (update->state != ride->state)
		changed_state(reading, ride, update->state);
	return ERR_OK;
}

static void take_result(struct reading *reading, const struct upd_result *result)
{
	const struct command *command = &reading->command;
	struct day_ride *ride;
	if (result->command_kind != CMD_REQUEST || !reading->has_command || command->kind != CMD_REQUEST)
		return;
	ride = ride_of(reading, command->request.ride);
	if (!ride || ride->state != RIDE_ASKED)
		return;
	if (result->repeated) {
		ride->dropped = 1;
	} else if (result->code || result->refusal) {
		ride->state = RIDE_REFUSED;
		ride->refusal = result->refusal;
	}
}

/* ---- vehicles ---- */

static struct day_vehicle *vehicle_of(struct reading *reading, uint32_t number)
{
	for (size_t i = 0; i < reading->day->n_vehicles; i++)
		if (reading->day->vehicles[i].number == number)
			return &reading->day->vehicles[i];
	return NULL;
}

static int enrolled(struct reading *reading, const struct cmd_vehicle_enrol *enrol)
{
	struct day *day = reading->day;
	struct day_vehicle vehicle = {.number = enrol->vehicle,
				      .class_index = enrol->class_index,
				      .first_at = INSTANT_NONE,
				      .last_at = INSTANT_NONE,
				      .visit = NONE,
				      .last = {NONE, 0}};
	if (vehicle_of(reading, enrol->vehicle))
		return ERR_OK;
	memcpy(vehicle.name, enrol->name, sizeof vehicle.name);
	vehicle.class_name = enrol->class_index < day->town->n_classes
				     ? town_text(day->town, day->town->class_name[enrol->class_index])
				     : "";
	return array_push(day->vehicles, day->n_vehicles, day->cap_vehicles, vehicle)
		       ? err_set(reading->detail, ERR_MEMORY, "export: no memory for vehicles")
		       : ERR_OK;
}

/* The vehicle is there now: what it drove since the last place belongs to the day of its end. */
static int moved(struct reading *reading, struct day_vehicle *vehicle, const struct wire_place *place, instant_ms at)
{
	const struct town *town = reading->day->town;
	struct spot spot = {place->arc, place->offset_mm};
	uint32_t mm = 0;
	int code = ERR_OK;
	if (in_day(reading->day, at)) {
		if (vehicle->first_at == INSTANT_NONE)
			vehicle->first_at = at;
		vehicle->last_at = at;
	}
	if (place->arc >= town->road.n_arcs || place->offset_mm > town->road.dist_mm[place->arc] ||
	    geo_rough_mm((struct geo_point){place->lat_e7, place->lon_e7}, network_spot_point(&town->road, spot)) >
		    ASTRAY_MM)
		return ERR_OK;
	if (vehicle->last.arc != NONE && in_day(reading->day, at))
		code = ways_mm(reading->ways, town, vehicle->class_index, vehicle->last, spot, &mm, reading->detail);
	*(vehicle->n_aboard ? &vehicle->loaded_mm : &vehicle->empty_mm) += mm;
	vehicle->last = spot;
	return code;
}

static int visit_open(struct reading *reading, struct day_vehicle *vehicle, const struct wire_event *event)
{
	struct day *day = reading->day;
	if (vehicle->visit != NONE)
		return ERR_OK;
	struct day_visit visit = {.vehicle = vehicle->number, .arrived_at = event->at, .departed_at = INSTANT_NONE};
	visit.in_day = (uint8_t)in_day(day, event->at);
	if (visit.in_day)
		tell_place(day->town, (struct geo_point){event->place.lat_e7, event->place.lon_e7}, &visit);
	vehicle->visit = (uint32_t)day->n_visits;
	vehicle->n_visits += visit.in_day;
	return array_push(day->visits, day->n_visits, day->cap_visits, visit)
		       ? err_set(reading->detail, ERR_MEMORY, "export: no memory for stop visits")
		       : ERR_OK;
}

static int boarded(struct reading *reading, struct day_vehicle *vehicle, const struct wire_event *event)
{
	struct day_ride *ride = ride_of(reading, event->ride);
	int code = visit_open(reading, vehicle, event);
	if (code || !ride)
		return code;
	uint32_t *visit = event->kind == WIRE_BOARDED ? &ride->pickup_visit : &ride->dropoff_visit;
	struct day_visit *at = &reading->day->visits[vehicle->visit];
	*visit = vehicle->visit;
	if (event->kind == WIRE_BOARDED) {
		at->boarded += ride->party;
		vehicle->n_aboard += ride->party;
	} else {
		at->alighted += ride->party;
		vehicle->n_aboard -= ride->party < vehicle->n_aboard ? ride->party : vehicle->n_aboard;
	}
	at->aboard_after = vehicle->n_aboard;
	if (!at->in_day)
		return ERR_OK;
	if (event->kind == WIRE_BOARDED) {
		vehicle->n_rides++;
		vehicle->n_persons += ride->party;
	}
	if (vehicle->n_aboard > vehicle->aboard_most)
		vehicle->aboard_most = vehicle->n_aboard;
	return ERR_OK;
}

static void departed(struct reading *reading, struct day_vehicle *vehicle, instant_ms at)
{
	if (vehicle->visit != NONE)
		reading->day->visits[vehicle->visit].departed_at = at;
	vehicle->visit = NONE;
}

static int happened(struct reading *reading, const struct cmd_vehicle_event *command)
{
	const struct wire_event *event = &command->event;
	struct day_vehicle *vehicle = vehicle_of(reading, command->vehicle);
	if (!vehicle || (event->boot == vehicle->boot && event->sequence <= vehicle->sequence) ||
	    event->boot < vehicle->boot)
		return ERR_OK; /* told before */
	vehicle->boot = event->boot;
	vehicle->sequence = event->sequence;
	int code = moved(reading, vehicle, &event->place, event->at), today = in_day(reading->day, event->at);
	if (code)
		return code;
	switch (event->kind) {
	case WIRE_ARRIVED:
		return visit_open(reading, vehicle, event);
	case WIRE_BOARDED:
	case WIRE_ALIGHTED:
		return boarded(reading, vehicle, event);
	case WIRE_DEPARTED:
		departed(reading, vehicle, event->at);
		return ERR_OK;
	case WIRE_MRC_BEGAN:
		vehicle->n_mrc += (uint32_t)today;
		return ERR_OK;
	case WIRE_FAULT_BEGAN:
		vehicle->n_faults += (uint32_t)today;
		return ERR_OK;
	case WIRE_CHARGE_BEGAN:
		vehicle->n_charges += (uint32_t)today;
		return ERR_OK;
	case WIRE_CLEAN_BEGAN:
		vehicle->n_cleanings += (uint32_t)today;
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static void link_changed(struct reading *reading, const struct cmd_vehicle_link *link, instant_ms at)
{
	struct day_vehicle *vehicle = vehicle_of(reading, link->vehicle);
	if (vehicle && !link->up)
		vehicle->n_lost += (uint32_t)in_day(reading->day, at);
}

/* ---- records ---- */

static int take_command(struct reading *reading, const struct command *command)
{
	if (command->kind == CMD_START)
		return take_town(reading, command->start.town_hash);
	if (command->kind == CMD_TOWN_SWAP)
		return take_town(reading, command->town_swap.town_hash);
	if (!reading->day->town)
		return err_set(reading->detail, ERR_FORMAT, "export: the journal does not begin with a start");
	switch (command->kind) {
	case CMD_REQUEST:
		return asked(reading, &command->request, command->at);
	case CMD_VEHICLE_ENROL:
		return enrolled(reading, &command->vehicle_enrol);
	case CMD_VEHICLE_EVENT:
		return happened(reading, &command->vehicle_event);
	case CMD_VEHICLE_LINK:
		link_changed(reading, &command->vehicle_link, command->at);
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static int command_record(struct reading *reading, const struct store_record *record)
{
	reading->has_command = !record->erased;
	reading->command = (struct command){.kind = CMD_NONE, .at = record->at};
	if (record->erased) /* its outcome still tells what became of the ride */
		return ERR_OK;
	int code = record_read_command(record->body, record->n, &reading->command, reading->detail);
	return code ? code : take_command(reading, &reading->command);
}

static int outcome_record(struct reading *reading, const struct store_record *record)
{
	uint32_t n = 0;
	int code = record_read_updates(record->body, record->n, reading->updates, UPDATES_MAX, &n, reading->detail);
	for (uint32_t i = 0; i < n && !code; i++) {
		const struct update *update = &reading->updates[i];
		struct day_ride *ride;
		if (update->kind == UPD_RIDE)
			code = take_ride(reading, &update->ride);
		else if (update->kind == UPD_RESULT)
			take_result(reading, &update->result);
		else if (update->kind == UPD_OUTCOME && (ride = ride_of(reading, update->outcome.ride))) {
			ride->kept = (int8_t)update->outcome.kept;
			ride->cause = update->outcome.cause;
			ride->pickup_late_ms = update->outcome.pickup_late_ms;
			ride->arrival_late_ms = update->outcome.arrival_late_ms;
		}
	}
	return code;
}

static int each_record(void *self, const struct store_record *record)
{
	struct reading *reading = self;
	if (record->sequence > reading->last)
		return STOP_READING;
	if (record->type == RECORD_COMMAND)
		return command_record(reading, record);
	return record->type == RECORD_OUTCOME ? outcome_record(reading, record) : ERR_OK;
}

struct counting {
	uint64_t n, last;
};

static int count_record(void *self, const struct store_record *record)
{
	struct counting *counting = self;
	counting->n += record->type == RECORD_COMMAND && record->ride;
	if (record->commit_end)
		counting->last = record->sequence;
	return ERR_OK;
}

static int open_reading(struct reading *reading, struct store *store)
{
	struct counting counting = {0};
	int code = store_read(store, 1, count_record, &counting, reading->detail);
	uint64_t n = counting.n + 1;
	if (code)
		return code;
	if (n > UINT32_MAX / 8)
		return err_set(reading->detail, ERR_FULL, "export: %" PRIu64 " rides", n);
	reading->last = counting.last;
	if (arena_open(&reading->arena, (size_t)n * 64 + 4096) ||
	    hash_map_open(&reading->by_ride, &reading->arena, (uint32_t)n) ||
	    !(reading->updates = malloc(UPDATES_MAX * sizeof *reading->updates)))
		return err_set(reading->detail, ERR_MEMORY, "export: no memory for %" PRIu64 " rides", n);
	return ways_open(&reading->ways, reading->detail);
}

int day_read(struct day *day, struct store *store, export_town_source find, void *self, struct err_detail *detail)
{
	struct reading reading = {.day = day, .find = find, .find_self = self, .detail = detail};
	int code = open_reading(&reading, store);
	if (!code)
		code = store_read(store, 1, each_record, &reading, detail);
	code = code == STOP_READING ? ERR_OK : code;
	if (!code && !day->town)
		code = err_set(detail, ERR_NOT_FOUND, "export: the journal is empty");
	ways_close(reading.ways);
	free(reading.updates);
	arena_close(&reading.arena);
	return code;
}
