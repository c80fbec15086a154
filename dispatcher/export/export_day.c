#include "export_day.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core.h"
#include "export_groups.h"
#include "export_read.h"
#include "export_table.h"
#include "http_json.h"

struct exporting {
	const struct day *day;
	const char *folder;
	FILE *readme;
	uint32_t *row_of;	/* [n_rides] number of the ride in rides.csv, 0 = not of this day */
	uint32_t *visit_row_of; /* [n_visits] */
	struct export_report report;
	struct err_detail *detail;
};

/* ---- rides ---- */

static const struct column ride_columns[] = {
	{"ride", "number within this export; no number of the system"},
	{"asked_at", "when the request came, UTC"},
	{"hour", "service hour of the pickup (promised, else wished), local, 0 = midnight; may exceed 23"},
	{"wish", "now, leave_at, arrive_by, from_trip (picked up after a train or bus), to_trip (set down before one)"},
	{"state",
	 "what became of it: done, cancelled, expired (no offer taken), no_show, refused, broken, or still open"},
	{"refusal", "why it was refused"},
	{"promise", "kept, broken, or empty when there was none, or its outcome is not known yet"},
	{"cause", "what broke the promise, or made the rider late"},
	{"persons", "persons of the party; empty when the request has been erased"},
	{"vehicle", "number of the vehicle, the last one planned for it"},
	{"reassigned", "how often another vehicle took it over"},
	{"pickup_from", "promised pickup window begins, UTC"},
	{"pickup_to", "promised pickup window ends: the vehicle is at the stop by then"},
	{"arrive_by", "promised latest arrival"},
	{"boarded_at", "boarded, UTC"},
	{"alighted_at", "alighted, UTC"},
	{"wait_s",
	 "boarded - wished (asked now: since the request; leave-at: since that time; arrive-by and from_trip: "
	 "since the promised window began); 0 when earlier"},
	{"ride_s", "alighted - boarded"},
	{"pickup_late_s", "beyond the promised window; 0 or less = within"},
	{"arrival_late_s", "beyond the promised arrival; 0 or less = within"},
	{"pickup_visit", "stop visit of the pickup (visits.csv); empty when it was on another day or is erased"},
	{"dropoff_visit", "stop visit of the drop-off"},
};
static const struct table_kind ride_table = {
	"rides", "one row per request whose pickup was promised, or else wished, for this day", ride_columns,
	COUNT_OF(ride_columns)};

static const char *wish_of(const struct day_ride *ride)
{
	static const char *const times[] = {"now", "leave_at", "arrive_by"};
	if (ride->tie_kind)
		return ride->tie_kind == TIE_FROM_TRIP ? "from_trip" : "to_trip";
	return ride->time_kind < COUNT_OF(times) ? times[ride->time_kind] : "";
}

/* As the core counts it (ride.c). */
static int64_t wait_ms(const struct day_ride *ride)
{
	int by_promise = ride->tie_kind != TIE_NONE || ride->time_kind == TIME_ARRIVE_BY;
	instant_ms from = by_promise ? ride->earliest_pickup : ride->wished_at;
	return ride->boarded_at > from ? ride->boarded_at - from : 0;
}

static json_t *seconds(int known, int64_t ms)
{
	return known ? json_integer(ms / SECOND_MS) : json_null();
}

static json_t *number_or_none(uint32_t number)
{
	return number ? json_integer(number) : json_null();
}

static json_t *visit_number(const struct exporting *e, uint32_t visit)
{
	return visit == NONE ? json_null() : number_or_none(e->visit_row_of[visit]);
}

static json_t *hour_of(const struct exporting *e, const struct day_ride *ride)
{
	instant_ms at = ride->earliest_pickup != INSTANT_NONE ? ride->earliest_pickup : ride->wished_at;
	return json_integer((at - town_service_day(e->day->town, at, NULL)) / (3600 * SECOND_MS));
}

static json_t *ride_line(const struct exporting *e, const struct day_ride *ride)
{
	if (ride->pickup_visit == NONE || ride->dropoff_visit == NONE || !e->visit_row_of[ride->pickup_visit] ||
	    !e->visit_row_of[ride->dropoff_visit])
		return NULL;
	return table_line(e->day->visits[ride->pickup_visit].point, e->day->visits[ride->dropoff_visit].point);
}

static void put_ride(struct exporting *e, struct table *table, const struct day_ride *ride, uint32_t row)
{
	int promised = ride->earliest_pickup != INSTANT_NONE, boarded = ride->boarded_at != INSTANT_NONE,
	    alighted = ride->alighted_at != INSTANT_NONE;
	table_cell(table, json_integer(row));
	table_cell(table, http_json_instant(ride->asked_at));
	table_cell(table, hour_of(e, ride));
	table_cell(table, json_string(ride->erased ? "" : wish_of(ride)));
	table_cell(table, json_string(core_ride_state_name(ride->state)));
	table_cell(table, json_string(ride->refusal ? core_refusal_name(ride->refusal) : ""));
	table_cell(table, json_string(ride->kept < 0 ? "" : ride->kept ? "kept" : "broken"));
	table_cell(table, json_string(ride->cause ? core_cause_name(ride->cause) : ""));
	table_cell(table, ride->erased ? json_null() : json_integer(ride->party));
	table_cell(table, number_or_none(ride->vehicle));
	table_cell(table, json_integer(ride->n_reassigned));
	table_cell(table, http_json_instant(ride->earliest_pickup));
	table_cell(table, http_json_instant(ride->latest_pickup));
	table_cell(table, http_json_instant(ride->latest_arrival));
	table_cell(table, http_json_instant(ride->boarded_at));
	table_cell(table, http_json_instant(ride->alighted_at));
	table_cell(table, seconds(boarded && !ride->erased, wait_ms(ride)));
	table_cell(table, seconds(boarded && alighted, ride->alighted_at - ride->boarded_at));
	table_cell(table, seconds(promised && ride->kept >= 0, ride->pickup_late_ms));
	table_cell(table, seconds(promised && ride->kept >= 0, ride->arrival_late_ms));
	table_cell(table, visit_number(e, ride->pickup_visit));
	table_cell(table, visit_number(e, ride->dropoff_visit));
	table_row(table, ride_line(e, ride));
}

static int write_rides(struct exporting *e)
{
	struct table table;
	int code = table_open(&table, &ride_table, e->folder, e->day->town, 1, e->readme, e->detail);
	for (size_t i = 0; i < e->day->n_rides && !code; i++)
		if (e->row_of[i])
			put_ride(e, &table, &e->day->rides[i], e->row_of[i]);
	return code ? code : table_close(&table, e->detail);
}

/* ---- stop visits ---- */

static const struct column visit_columns[] = {
	{"visit", "number within this export"},
	{"vehicle", "number of the vehicle"},
	{"arrived_at", "stood at the stop, doors open, UTC"},
	{"departed_at", "left it; empty: not yet, or on another day's end"},
	{"place", "stop: a virtual stop of the town; door: at a door, told by the middle of its cell only"},
	{"stop", "number of the stop in the town file"},
	{"stop_name", "its name"},
	{"lat", "degrees, WGS 84"},
	{"lon", "degrees, WGS 84"},
	{"boarded", "persons who boarded"},
	{"alighted", "persons who alighted"},
	{"aboard_after", "persons aboard afterwards"},
};
static const struct table_kind visit_table = {"visits", "one row per stop of a vehicle for riders", visit_columns,
					      COUNT_OF(visit_columns)};

static void put_visit(struct table *table, const struct day_visit *visit, uint32_t row)
{
	table_cell(table, json_integer(row));
	table_cell(table, json_integer(visit->vehicle));
	table_cell(table, http_json_instant(visit->arrived_at));
	table_cell(table, http_json_instant(visit->departed_at));
	table_cell(table, json_string(visit->stop == NONE ? "door" : "stop"));
	table_cell(table, visit->stop == NONE ? json_null() : json_integer(visit->stop));
	table_cell(table, json_string(visit->stop_name));
	table_cell(table, http_json_degrees(visit->point.lat_e7));
	table_cell(table, http_json_degrees(visit->point.lon_e7));
	table_cell(table, json_integer(visit->boarded));
	table_cell(table, json_integer(visit->alighted));
	table_cell(table, json_integer(visit->aboard_after));
	table_row(table, table_point(visit->point));
}

static int write_visits(struct exporting *e)
{
	struct table table;
	int code = table_open(&table, &visit_table, e->folder, e->day->town, 1, e->readme, e->detail);
	for (size_t i = 0; i < e->day->n_visits && !code; i++)
		if (e->visit_row_of[i])
			put_visit(&table, &e->day->visits[i], e->visit_row_of[i]);
	return code ? code : table_close(&table, e->detail);
}

/* ---- vehicles ---- */

static const struct column vehicle_columns[] = {
	{"vehicle", "number"},
	{"name", "name"},
	{"class", "class of vehicle"},
	{"first_at", "first event of that day, UTC; empty: it told none"},
	{"last_at", "last event"},
	{"stop_visits", "stops for riders"},
	{"rides", "parties that boarded"},
	{"persons", "persons that boarded"},
	{"aboard_most", "most persons aboard at once"},
	{"loaded_km", "driven with riders aboard: fastest ways between the places of its events (stops, parking, "
		      "charging, cleaning)"},
	{"empty_km", "driven without"},
	{"minimal_risk_stops", "minimal-risk conditions begun"},
	{"faults", "faults begun"},
	{"link_losses", "how often its link was lost"},
	{"charges", "charges begun"},
	{"cleanings", "cleanings begun"},
};
static const struct table_kind vehicle_table = {"vehicles", "one row per enrolled vehicle", vehicle_columns,
						COUNT_OF(vehicle_columns)};

static void put_vehicle(struct table *table, const struct day_vehicle *vehicle)
{
	table_cell(table, json_integer(vehicle->number));
	table_cell(table, json_string(vehicle->name));
	table_cell(table, json_string(vehicle->class_name));
	table_cell(table, http_json_instant(vehicle->first_at));
	table_cell(table, http_json_instant(vehicle->last_at));
	table_cell(table, json_integer(vehicle->n_visits));
	table_cell(table, json_integer(vehicle->n_rides));
	table_cell(table, json_integer(vehicle->n_persons));
	table_cell(table, json_integer(vehicle->aboard_most));
	table_cell(table, json_real((double)(vehicle->loaded_mm / 1000) / 1000));
	table_cell(table, json_real((double)(vehicle->empty_mm / 1000) / 1000));
	table_cell(table, json_integer(vehicle->n_mrc));
	table_cell(table, json_integer(vehicle->n_faults));
	table_cell(table, json_integer(vehicle->n_lost));
	table_cell(table, json_integer(vehicle->n_charges));
	table_cell(table, json_integer(vehicle->n_cleanings));
	table_row(table, NULL);
}

static int write_vehicles(struct exporting *e)
{
	struct table table;
	int code = table_open(&table, &vehicle_table, e->folder, e->day->town, 0, e->readme, e->detail);
	for (size_t i = 0; i < e->day->n_vehicles && !code; i++)
		put_vehicle(&table, &e->day->vehicles[i]);
	e->report.vehicles = (uint32_t)e->day->n_vehicles;
	return code ? code : table_close(&table, e->detail);
}

/* ---- groups ---- */

static const struct column refusal_columns[] = {
	{"reason", "why the request was refused"},
	{"end", "from: by the wished start, to: by the wished destination, all: wherever"},
	{"cell", "cell of some 500 m, counted from the town's origin: S1E0 is the first one south of it; empty: the "
		 "sum of all cells that are too small "
		 "to be shown, and of requests whose places were erased"},
	{"requests", "refused requests"},
};
static const struct table_kind refusal_table = {"refusals", "refused requests by reason and place; fit for publication",
						refusal_columns, COUNT_OF(refusal_columns)};
static const struct column flow_columns[] = {
	{"from_cell", "cell of some 500 m in which riders wished to start"},
	{"to_cell", "cell to which they wished to go"},
	{"rides", "rides done"},
};
static const struct table_kind flow_table = {
	"flows",
	"rides done by wished start and destination; flows of too few people are left out; fit for publication",
	flow_columns, COUNT_OF(flow_columns)};

enum end { END_FROM, END_TO };

static int gather(const struct exporting *e, uint8_t state, struct group_item *items)
{
	int n = 0;
	for (size_t i = 0; i < e->day->n_rides; i++) {
		const struct day_ride *ride = &e->day->rides[i];
		if (!e->row_of[i] || ride->erased || ride->state != state)
			continue;
		struct day_cell from = day_cell_of(e->day->town, ride->from), to = day_cell_of(e->day->town, ride->to);
		if (state == RIDE_DONE) {
			items[n++] = (struct group_item){{0, from.north, from.east, to.north, to.east}, ride->client};
			continue;
		}
		items[n++] = (struct group_item){{ride->refusal, END_FROM, from.north, from.east, 0}, ride->client};
		items[n++] = (struct group_item){{ride->refusal, END_TO, to.north, to.east, 0}, ride->client};
	}
	return n;
}

static json_t *cell_name(int32_t north, int32_t east)
{
	return json_sprintf("%c%d%c%d", north < 0 ? 'S' : 'N', abs(north), east < 0 ? 'W' : 'E', abs(east));
}

static void put_refusal(struct table *table, uint8_t reason, const char *end, json_t *cell, uint32_t n, json_t *square)
{
	table_cell(table, json_string(core_refusal_name(reason)));
	table_cell(table, json_string(end));
	table_cell(table, cell);
	table_cell(table, json_integer(n));
	table_row(table, square);
}

/* What is not shown by place, and the sum by reason, which nobody can be told from. */
static void put_refusal_sums(struct exporting *e, struct table *table, uint8_t reason, const uint32_t shown[2])
{
	uint32_t all = 0;
	for (size_t i = 0; i < e->day->n_rides; i++)
		all += e->row_of[i] && e->day->rides[i].state == RIDE_REFUSED && e->day->rides[i].refusal == reason;
	if (!all)
		return;
	if (all > shown[END_FROM])
		put_refusal(table, reason, "from", json_null(), all - shown[END_FROM], NULL);
	if (all > shown[END_TO])
		put_refusal(table, reason, "to", json_null(), all - shown[END_TO], NULL);
	put_refusal(table, reason, "all", json_null(), all, NULL);
	e->report.refused += all;
}

static void put_refusals(struct exporting *e, struct table *table, const struct group *groups, size_t n)
{
	size_t at = 0;
	for (int32_t reason = 0; reason < REFUSALS; reason++) {
		uint32_t shown[2] = {0};
		for (; at < n && groups[at].key.what == reason; at++) {
			const struct group *group = &groups[at];
			if (group->people < EXPORT_GROUP_MIN)
				continue;
			shown[group->key.a] += group->n;
			put_refusal(table, (uint8_t)reason, group->key.a == END_FROM ? "from" : "to",
				    cell_name(group->key.b, group->key.c), group->n,
				    table_square(e->day->town, (struct day_cell){group->key.b, group->key.c}));
		}
		put_refusal_sums(e, table, (uint8_t)reason, shown);
	}
}

static void put_flows(struct exporting *e, struct table *table, const struct group *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct group_key *key = &groups[i].key;
		if (groups[i].people < EXPORT_GROUP_MIN)
			continue;
		table_cell(table, cell_name(key->a, key->b));
		table_cell(table, cell_name(key->c, key->d));
		table_cell(table, json_integer(groups[i].n));
		table_row(table, table_line(table_middle(e->day->town, (struct day_cell){key->a, key->b}),
					    table_middle(e->day->town, (struct day_cell){key->c, key->d})));
	}
}

static int write_groups(struct exporting *e, const struct table_kind *kind, uint8_t state,
			void (*put)(struct exporting *e, struct table *table, const struct group *groups, size_t n))
{
	struct table table;
	size_t most = 2 * e->day->n_rides + 1;
	struct group_item *items = calloc(most, sizeof *items);
	struct group *groups = calloc(most, sizeof *groups);
	int code = items && groups ? table_open(&table, kind, e->folder, e->day->town, 1, e->readme, e->detail)
				   : err_set(e->detail, ERR_MEMORY, "export: out of memory");
	if (!code) {
		size_t n = (size_t)gather(e, state, items);
		put(e, &table, groups, groups_of(items, n, groups));
		code = table_close(&table, e->detail);
	}
	free(items);
	free(groups);
	return code;
}

/* ---- waits by need ---- */

static const struct column wait_columns[] = {
	{"need", "as the town's settings name it; a request with several needs counts in each"},
	{"label", "in words"},
	{"requests", "requests of this day with that need"},
	{"refused", "of these refused"},
	{"boarded", "of these boarded"},
	{"wait_mean_s", "mean of wait_s (see rides) of those who boarded"},
	{"wait_median_s", "median"},
	{"wait_p95_s", "19 of 20 waited no longer"},
};
static const struct table_kind wait_table = {"waits",
					     "requests, refusals and waiting by stated need; fit for publication",
					     wait_columns, COUNT_OF(wait_columns)};

struct need_figures {
	uint32_t requests, refused, boarded;
};

static int by_wait(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static struct need_figures need_figures(const struct exporting *e, uint32_t need, int64_t *ret_waits)
{
	struct need_figures figures = {0};
	for (size_t i = 0; i < e->day->n_rides; i++) {
		const struct day_ride *ride = &e->day->rides[i];
		if (!e->row_of[i] || ride->erased || !(ride->needs >> need & 1))
			continue;
		figures.requests++;
		figures.refused += ride->state == RIDE_REFUSED;
		if (ride->boarded_at != INSTANT_NONE)
			ret_waits[figures.boarded++] = wait_ms(ride) / SECOND_MS;
	}
	return figures;
}

static json_t *count_or_few(uint32_t n, int shown)
{
	if (!shown)
		return json_string("hidden");
	return n && n < EXPORT_GROUP_MIN ? json_sprintf("<%d", EXPORT_GROUP_MIN) : json_integer(n);
}

static void put_wait(struct table *table, const struct day_need *need, const struct need_figures *figures,
		     int64_t *waits, int shown)
{
	uint32_t n = figures->boarded;
	int known = shown && n >= EXPORT_GROUP_MIN;
	int64_t sum = 0;
	for (uint32_t i = 0; i < n; i++)
		sum += waits[i];
	if (n)
		qsort(waits, n, sizeof *waits, by_wait);
	table_cell(table, json_string(need->name));
	table_cell(table, json_string(need->label));
	table_cell(table, count_or_few(figures->requests, shown));
	table_cell(table, count_or_few(figures->refused, shown));
	table_cell(table, count_or_few(n, shown));
	table_cell(table, known ? json_integer(sum / n) : json_null());
	table_cell(table, known ? json_integer(waits[n / 2]) : json_null());
	table_cell(table, known ? json_integer(waits[(n - 1) * 19 / 20]) : json_null());
	table_row(table, NULL);
}

/* people[n_needs]: how many different ones asked with each need. */
static int need_people(const struct exporting *e, uint32_t *people)
{
	const struct day *day = e->day;
	struct group_item *items = calloc(day->n_rides + 1, sizeof *items);
	for (uint32_t need = 0; need < day->n_needs && items; need++) {
		struct group group = {.people = 0};
		size_t n = 0;
		for (size_t i = 0; i < day->n_rides; i++)
			if (e->row_of[i] && !day->rides[i].erased && (day->rides[i].needs >> need & 1))
				items[n++] = (struct group_item){{0}, day->rides[i].client};
		groups_of(items, n, &group);
		people[need] = group.people;
	}
	free(items);
	return items ? ERR_OK : err_set(e->detail, ERR_MEMORY, "export: out of memory");
}

static int write_waits(struct exporting *e)
{
	const struct day *day = e->day;
	uint32_t people[EXPORT_NEEDS_MAX];
	uint8_t shown[EXPORT_NEEDS_MAX];
	struct table table;
	int64_t *waits = calloc(day->n_rides + 1, sizeof *waits);
	int code = waits ? need_people(e, people) : err_set(e->detail, ERR_MEMORY, "export: out of memory");
	if (!code)
		code = table_open(&table, &wait_table, e->folder, day->town, 0, e->readme, e->detail);
	if (!code) {
		groups_shown(people, day->n_needs, shown);
		for (uint32_t n = 0; n < day->n_needs; n++) {
			struct need_figures figures = need_figures(e, n, waits);
			put_wait(&table, &day->needs[n], &figures, waits, shown[n]);
		}
		code = table_close(&table, e->detail);
	}
	free(waits);
	return code;
}

/* ---- all of it ---- */

static int open_readme(struct exporting *e, struct store *store)
{
	const struct town *town = e->day->town;
	const char *generated = town_text(town, town->generated);
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t sequence, digest;
	int code = store_head(store, &sequence, hash, &digest, e->detail);
	if (code)
		return code;
	e->readme = table_file(e->folder, "README.txt", e->detail);
	if (!e->readme)
		return ERR_IO;
	fprintf(e->readme, "%s, service day %04u-%02u-%02u (04:00 to 04:00, %s)\n\n", town_text(town, town->name),
		e->day->yyyymmdd / 10000, e->day->yyyymmdd / 100 % 100, e->day->yyyymmdd % 100,
		town_text(town, town->time_zone));
	fprintf(e->readme,
		"Made by `dispatcher export` of Zubringer %s from the journal up to record %" PRIu64 ", hash ",
		ZUB_VERSION, sequence);
	for (int i = 0; i < STORE_HASH_BYTES; i++)
		fprintf(e->readme, "%02x", hash[i]);
	fprintf(e->readme,
		".\nTexts are UTF-8, fields are separated by commas, instants are UTC (ISO 8601), coordinates WGS 84 "
		"(EPSG:4326).\n\nMap and timetables: %s\n%s%s%s\n",
		town_text(town, town->attribution), *generated ? "This town is not a real one: " : "", generated,
		*generated ? "\n" : "");
	fprintf(e->readme,
		"What may be passed on\n"
		"  rides, visits and vehicles are for the town's own use: times and stops of single rides can be put "
		"together with what a\n  neighbour saw. They hold no name, contact, address or need; a door is told by "
		"its "
		"cell of some 500 m only.\n"
		"  refusals, flows and waits may be published. A group of fewer than %d people is not shown (requests "
		"of "
		"the same client for the\n  same group are one; callers of the desk are one each): its cell is left "
		"out, "
		"its count is \"<%d\" or \"hidden\". Where a single\n  hidden need could be told from the others, the "
		"smallest "
		"shown one is hidden too.\n  What riders had erased is left out or empty.\n",
		EXPORT_GROUP_MIN, EXPORT_GROUP_MIN);
	return ERR_OK;
}

static int number_rows(struct exporting *e)
{
	const struct day *day = e->day;
	uint32_t n = 0;
	e->row_of = calloc(day->n_rides + 1, sizeof *e->row_of);
	e->visit_row_of = calloc(day->n_visits + 1, sizeof *e->visit_row_of);
	if (!e->row_of || !e->visit_row_of)
		return err_set(e->detail, ERR_MEMORY, "export: out of memory");
	for (size_t i = 0; i < day->n_rides; i++) {
		e->row_of[i] = day_has(day, &day->rides[i]) ? ++n : 0;
		e->report.erased += e->row_of[i] && day->rides[i].erased;
	}
	e->report.rides = n;
	for (size_t i = n = 0; i < day->n_visits; i++)
		e->visit_row_of[i] = day->visits[i].in_day ? ++n : 0;
	e->report.visits = n;
	return ERR_OK;
}

static int write_files(struct exporting *e)
{
	int code = write_rides(e);
	if (!code)
		code = write_visits(e);
	if (!code)
		code = write_vehicles(e);
	if (!code)
		code = write_groups(e, &refusal_table, RIDE_REFUSED, put_refusals);
	if (!code)
		code = write_groups(e, &flow_table, RIDE_DONE, put_flows);
	return code ? code : write_waits(e);
}

static int make_folder(const char *folder, struct err_detail *detail)
{
	if (!mkdir(folder, 0700) || errno == EEXIST)
		return ERR_OK;
	return err_set(detail, ERR_IO, "%s: %s", folder, strerror(errno));
}

int export_day(struct store *store, export_town_source find, void *self, uint32_t yyyymmdd, const char *folder,
	       struct export_report *ret_report, struct err_detail *detail)
{
	struct day day = {.yyyymmdd = yyyymmdd};
	struct exporting e = {.day = &day, .folder = folder, .detail = detail};
	int code = day_read(&day, store, find, self, detail);
	if (!code)
		code = make_folder(folder, detail);
	if (!code)
		code = number_rows(&e);
	if (!code)
		code = open_readme(&e, store);
	if (!code)
		code = write_files(&e);
	if (e.readme && fclose(e.readme) && !code)
		code = err_set(detail, ERR_IO, "%s/README.txt: %s", folder, strerror(errno));
	if (!code)
		*ret_report = e.report;
	free(e.row_of);
	free(e.visit_row_of);
	day_free(&day);
	return code;
}
