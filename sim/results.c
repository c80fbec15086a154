#include "results.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int results_file(const char *folder, const char *name, int (*write)(const struct study *study, FILE *out),
		 const struct study *study, struct err_detail *detail)
{
	char path[560];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	if (!file)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	int code = write(study, file), failed = ferror(file), error = errno;
	if (fclose(file) && !failed) {
		failed = 1;
		error = errno;
	}
	if (failed)
		return err_set(detail, error == ENOSPC ? ERR_DISK_FULL : ERR_IO, "%s: %s", path, strerror(error));
	return code ? err_set(detail, code, "%s: %s", path, err_text(code)) : ERR_OK;
}

/* ---- figures.json ---- */

static json_t *number(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static json_t *spread_json(const struct spread *spread)
{
	json_t *json = json_object();
	json_object_set_new(json, "mean", number(spread->mean));
	json_object_set_new(json, "low", number(spread->low));
	json_object_set_new(json, "high", number(spread->high));
	json_object_set_new(json, "sd", number(spread->sd));
	json_object_set_new(json, "least", number(spread->least));
	json_object_set_new(json, "most", number(spread->most));
	json_object_set_new(json, "n", json_integer(spread->n));
	return json;
}

static json_t *group_json(const struct study *study, const struct study_group *group)
{
	json_t *json = json_object();
	for (uint32_t i = 0; i < n_indicators; i++) {
		struct spread spread = study_spread(study, group, i);
		if (group->kind != GROUP_NEED || indicators[i].scope == INDICATOR_RIDES)
			json_object_set_new(json, indicators[i].name, spread_json(&spread));
	}
	return json;
}

static json_t *groups_json(const struct study *study, uint8_t kind, const char *key)
{
	json_t *list = json_array();
	for (size_t i = 0; i < study->n_groups; i++) {
		if (study->groups[i].kind != kind)
			continue;
		json_t *item = json_object();
		json_object_set_new(item, key, json_string(study->groups[i].name));
		json_object_set_new(item, "figures", group_json(study, &study->groups[i]));
		json_array_append_new(list, item);
	}
	return list;
}

static json_t *definitions_json(void)
{
	json_t *json = json_object();
	for (uint32_t i = 0; i < n_indicators; i++) {
		json_t *item = json_object();
		json_object_set_new(item, "unit", json_string(indicators[i].unit));
		json_object_set_new(item, "definition", json_string(indicators[i].define_en));
		if (indicators[i].known_as[0])
			json_object_set_new(item, "known_as", json_string(indicators[i].known_as));
		json_object_set_new(json, indicators[i].name, item);
	}
	return json;
}

static void set_hex(json_t *json, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof text, "%016" PRIx64, value);
	json_object_set_new(json, name, json_string(text));
}

static void set_count(json_t *json, const char *name, uint64_t value)
{
	json_object_set_new(json, name, json_integer((json_int_t)value));
}

static json_t *named_counts(const uint64_t *counts, uint8_t n, const char *(*name)(uint8_t))
{
	json_t *json = json_object();
	for (uint8_t i = 1; i < n; i++)
		if (counts[i])
			set_count(json, name(i), counts[i]);
	return json;
}

static json_t *run_json(const struct study *study, uint32_t index)
{
	const struct sweep_run *run = &study->sweep->runs[index];
	json_t *json = json_object(), *figures = json_object();
	set_count(json, "seed", run->seed);
	for (uint32_t i = 0; i < n_indicators; i++)
		json_object_set_new(figures, indicators[i].name,
				    number(study_values(study, &study->groups[0], i)[index]));
	json_object_set_new(json, "figures", figures);
	json_object_set_new(json, "rejections_by",
			    named_counts(run->counts.rejections_by, REFUSALS, core_refusal_name));
	json_object_set_new(json, "broken_by", named_counts(run->counts.broken_by, CAUSES, core_cause_name));
	set_count(json, "wheelchair", run->counts.wheelchair_done);
	set_count(json, "origins", run->counts.origins);
	set_count(json, "outside_events", run->counts.outside_events);
	set_count(json, "improve_rounds", run->events.improve_rounds);
	set_count(json, "improve_proposals", run->events.improve_proposals);
	set_count(json, "improve_taken", run->events.improve_taken);
	set_count(json, "improve_moved", run->events.improve_moved);
	set_count(json, "improve_saved_s", (uint64_t)(run->events.improve_saved / SECOND_MS));
	set_count(json, "commands", run->events.commands);
	set_count(json, "messages", run->events.messages);
	set_count(json, "messages_lost", run->events.lost);
	set_count(json, "agent_restarts", run->events.agent_restarts);
	set_count(json, "dispatcher_restarts", run->events.dispatcher_restarts);
	json_object_set_new(json, "checker", json_string(run->fault[0] ? run->fault : "nothing wrong"));
	if (run->code)
		json_object_set_new(json, "error", json_string(run->detail.text));
	set_hex(json, "demand", run->demand_hash);
	set_hex(json, "digest", run->digest);
	set_hex(json, "journal", run->journal);
	return json;
}

static const char *instant_text(instant_ms at, char *text, size_t size)
{
	char seconds[32];
	struct tm tm;
	time_t time = (time_t)(at / SECOND_MS);
	if (at == INSTANT_NONE)
		return "";
	gmtime_r(&time, &tm);
	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, size, "%s.%03dZ", seconds, (int)(at % SECOND_MS));
	return text;
}

/* What every file says of where it comes from. */
static void set_origin(const struct study *study, json_t *json)
{
	char text[48];
	json_t *seeds = json_array();
	json_object_set_new(json, "simulated", json_true());
	json_object_set_new(json, "scenario", json_string(study->name));
	json_object_set_new(json, "scenario_hash", json_string(study->scenario_hash));
	json_object_set_new(json, "town", json_string(town_text(study->town, study->town->name)));
	json_object_set_new(json, "town_hash", json_string(study->town_hash));
	json_object_set_new(json, "attribution", json_string(study->attribution));
	json_object_set_new(json, "timetable_invented", json_boolean(study->invented));
	json_object_set_new(json, "engine_version", json_integer(CORE_ENGINE_VERSION));
	json_object_set_new(json, "program", json_string("sim " ZUB_VERSION));
	json_object_set_new(json, "from", json_string(instant_text(study->scenario->world.from, text, sizeof text)));
	json_object_set_new(json, "service_minutes", json_integer((json_int_t)study->scenario->minutes));
	for (uint32_t i = 0; i < study->sweep->n; i++)
		json_array_append_new(seeds, json_integer((json_int_t)study->sweep->runs[i].seed));
	json_object_set_new(json, "seeds", seeds);
}

/* What figures.json holds; a new reference, NULL = out of memory. */
static json_t *results_figures(const struct study *study)
{
	json_t *json = json_object(), *runs = json_array();
	set_origin(study, json);
	json_object_set_new(json, "interval",
			    json_string("low, high: 95 % confidence interval of the mean over the seeds, Student's t"));
	json_object_set_new(json, "definitions", definitions_json());
	json_object_set_new(json, "overall", group_json(study, &study->groups[0]));
	json_object_set_new(json, "by_hour", groups_json(study, GROUP_HOUR, "hour"));
	json_object_set_new(json, "by_need", groups_json(study, GROUP_NEED, "need"));
	for (uint32_t i = 0; i < study->sweep->n; i++)
		json_array_append_new(runs, run_json(study, i));
	json_object_set_new(json, "runs", runs);
	return json;
}

static int dump(json_t *json, FILE *out, size_t flags)
{
	int code = !json || json_dumpf(json, out, flags | JSON_REAL_PRECISION(10)) ? ERR_MEMORY : ERR_OK;
	json_decref(json);
	fputc('\n', out);
	return ferror(out) ? ERR_IO : code;
}

static int write_figures(const struct study *study, FILE *out)
{
	return dump(results_figures(study), out, JSON_INDENT(1));
}

/* ---- tables ---- */

static void cell_text(FILE *out, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++)
		fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', out);
}

static void cell_number(FILE *out, double value)
{
	fputc(',', out);
	if (!isnan(value))
		fprintf(out, "%.10g", value);
}

static int write_figures_table(const struct study *study, FILE *out)
{
	fputs("figure,unit,mean,low,high,sd,least,most,seeds,known_as,definition\n", out);
	for (uint32_t i = 0; i < n_indicators; i++) {
		struct spread spread = study_spread(study, &study->groups[0], i);
		fprintf(out, "%s,%s", indicators[i].name, indicators[i].unit);
		const double values[] = {spread.mean, spread.low, spread.high, spread.sd, spread.least, spread.most};
		for (size_t v = 0; v < COUNT_OF(values); v++)
			cell_number(out, values[v]);
		fprintf(out, ",%" PRIu32 ",", spread.n);
		cell_text(out, indicators[i].known_as);
		fputc(',', out);
		cell_text(out, indicators[i].define_en);
		fputc('\n', out);
	}
	return ERR_OK;
}

static int write_groups(const struct study *study, uint8_t kind, const char *key, FILE *out)
{
	fputs(key, out);
	for (uint32_t i = 0; i < n_indicators; i++)
		if (kind != GROUP_NEED || indicators[i].scope == INDICATOR_RIDES)
			fprintf(out, ",%s", indicators[i].name);
	fputc('\n', out);
	for (size_t g = 0; g < study->n_groups; g++) {
		if (study->groups[g].kind != kind)
			continue;
		cell_text(out, study->groups[g].name);
		for (uint32_t i = 0; i < n_indicators; i++)
			if (kind != GROUP_NEED || indicators[i].scope == INDICATOR_RIDES)
				cell_number(out, study_spread(study, &study->groups[g], i).mean);
		fputc('\n', out);
	}
	return ERR_OK;
}

static int write_hours(const struct study *study, FILE *out)
{
	return write_groups(study, GROUP_HOUR, "hour", out);
}

static int write_needs(const struct study *study, FILE *out)
{
	return write_groups(study, GROUP_NEED, "need", out);
}

static void cell_instant(FILE *out, instant_ms at)
{
	char text[48];
	fprintf(out, ",%s", instant_text(at, text, sizeof text));
}

static void cell_needs(const struct study *study, const struct demand_trip *trip, FILE *out)
{
	const char *between = "";
	fputc(',', out);
	for (uint32_t need = 0; need < study->town->n_needs; need++) {
		if (!trip->need_count[need])
			continue;
		fprintf(out, "%s%s:%u", between, town_text(study->town, study->town->need_name[need]),
			trip->need_count[need]);
		between = " ";
	}
}

static void cell_stop(uint32_t stop, FILE *out)
{
	fputc(',', out);
	if (stop != NONE)
		fprintf(out, "%" PRIu32, stop);
}

static void write_ride(const struct study *study, const struct sweep_run *run, uint32_t index, FILE *out)
{
	static const char *const times[] = {"now", "leave_at", "arrive_by"}, *const ties[] = {"", "from_trip",
											      "to_trip"};
	static const char *const outcomes[] = {"", "kept", "broken"};
	const struct day_ride *ride = &run->day->rides[index];
	const struct demand_trip *trip = ride->trip;
	fprintf(out, "%" PRIu64 ",%" PRIu32 ",%s,%s,%s,%s,%" PRIu32 ",%s,%s", run->seed, index + 1,
		ride->state ? core_ride_state_name(ride->state) : "outside_map",
		ride->state == RIDE_REFUSED ? core_refusal_name(ride->refusal) : "", outcomes[ride->outcome],
		ride->cause ? core_cause_name(ride->cause) : "", day_hour_of(run->day, trip->ask_at),
		times[trip->time_kind], ties[trip->tie_kind]);
	fprintf(out, ",%u,%u,%u", ride->n_offers, ride->prebooked, ride->persons);
	cell_needs(study, trip, out);
	fprintf(out, ",%.7f,%.7f,%.7f,%.7f", trip->from.lat_e7 / 1e7, trip->from.lon_e7 / 1e7, trip->to.lat_e7 / 1e7,
		trip->to.lon_e7 / 1e7);
	cell_instant(out, ride->asked_at);
	cell_instant(out, ride->wished_at);
	cell_instant(out, ride->promised_at);
	cell_instant(out, ride->earliest_pickup);
	cell_instant(out, ride->latest_pickup);
	cell_instant(out, ride->latest_arrival);
	cell_instant(out, ride->planned_pickup);
	cell_instant(out, ride->at_stop_at);
	cell_instant(out, ride->boarded_at);
	cell_instant(out, ride->alighted_at);
	cell_instant(out, ride->trip_at);
	fprintf(out, ",%" PRIu32 ",%.3f,%.3f,%.3f,%u,%" PRIu32, ride->vehicle, ride->walk_mm / 1000.0,
		ride->direct_ms / 1000.0, ride->direct_mm / 1000.0, ride->shared, ride->n_reassigned);
	cell_stop(ride->pickup_stop, out);
	cell_stop(ride->dropoff_stop, out);
	fprintf(out, ",%.3f", ride->boarding_s);
	fputc('\n', out);
}

static int write_rides(const struct study *study, FILE *out)
{
	fputs("seed,number,state,refusal,promise,cause,hour,time_kind,tie,offers,prebooked,persons,needs,from_lat,from_"
	      "lon,to_"
	      "lat,"
	      "to_lon,asked_at,wished_at,promised_at,earliest_pickup,latest_pickup,latest_arrival,planned_pickup,"
	      "at_stop_at,boarded_at,alighted_at,trip_at,vehicle,walk_m,direct_s,direct_m,shared,reassigned,pickup_"
	      "stop,"
	      "dropoff_stop,boarding_s\n",
	      out);
	for (uint32_t r = 0; r < study->sweep->n; r++) {
		const struct sweep_run *run = &study->sweep->runs[r];
		for (uint32_t i = 0; run->day && i < run->day->n_rides; i++)
			write_ride(study, run, i, out);
	}
	return ERR_OK;
}

static int write_vehicles(const struct study *study, FILE *out)
{
	fputs("seed,vehicle,group,rides,persons,most_aboard,driven_km,empty_km,passenger_km", out);
	for (int state = 0; state < DAY_STATES; state++)
		fprintf(out, ",%s_s", day_state_name((enum day_state)state));
	fputs(",battery_end,battery_least\n", out);
	for (uint32_t r = 0; r < study->sweep->n; r++) {
		const struct sweep_run *run = &study->sweep->runs[r];
		for (uint32_t v = 0; run->day && v < run->day->n_vehicles; v++) {
			const struct day_vehicle *vehicle = &run->day->vehicles[v];
			fprintf(out, "%" PRIu64 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32, run->seed,
				v + 1, vehicle->group + 1, vehicle->rides, vehicle->persons, vehicle->most_aboard);
			fprintf(out, ",%.6f,%.6f,%.6f", (double)vehicle->driven_mm / 1e6,
				(double)vehicle->empty_mm / 1e6, (double)vehicle->person_mm / 1e6);
			for (int state = 0; state < DAY_STATES; state++)
				fprintf(out, ",%.3f", (double)vehicle->state_ms[state] / 1000);
			fprintf(out, ",%.3f,%.3f\n", vehicle->battery_permille / 1000.0,
				vehicle->battery_permille_least / 1000.0);
		}
	}
	return ERR_OK;
}

static int write_scenario(const struct study *study, FILE *out)
{
	fprintf(out,
		"# Scenario %s as it was simulated, all parents and defaults resolved; hash %s.\n# Town content %s.\n",
		study->name, study->scenario_hash, study->town_hash);
	scenario_write(study->scenario, 1, out);
	return ERR_OK;
}

/* ---- maps ---- */

void results_stops(const struct study *study, struct results_stop *stops)
{
	for (uint32_t r = 0; r < study->sweep->n; r++) {
		const struct day *day = study->sweep->runs[r].day;
		for (uint32_t i = 0; day && i < day->n_rides; i++) {
			const struct day_ride *ride = &day->rides[i];
			double wait_s = day_wait_s(ride);
			if (wait_s >= 0 && ride->pickup_stop < study->town->n_stops) {
				stops[ride->pickup_stop].pickups++;
				stops[ride->pickup_stop].wait_s += wait_s;
			}
			if (ride->alighted_at != INSTANT_NONE && ride->dropoff_stop < study->town->n_stops)
				stops[ride->dropoff_stop].dropoffs++;
		}
	}
}

void results_flow(const struct study *study, uint32_t arc, double *ret_vehicles, double *ret_persons)
{
	double vehicle_mm = 0, person_mm = 0, length = study->town->road.dist_mm[arc];
	uint32_t n = 0;
	for (uint32_t r = 0; r < study->sweep->n; r++) {
		const struct day *day = study->sweep->runs[r].day;
		if (!day)
			continue;
		vehicle_mm += (double)day->flows[arc].vehicle_mm;
		person_mm += (double)day->flows[arc].person_mm;
		n++;
	}
	*ret_vehicles = n && length > 0 ? vehicle_mm / length / n : 0;
	*ret_persons = n && length > 0 ? person_mm / length / n : 0;
}

static json_t *coordinates(struct geo_point point)
{
	json_t *pair = json_array();
	json_array_append_new(pair, json_real(point.lon_e7 / 1e7));
	json_array_append_new(pair, json_real(point.lat_e7 / 1e7));
	return pair;
}

static json_t *feature(const char *type, json_t *where, json_t *properties)
{
	json_t *json = json_object(), *geometry = json_object();
	json_object_set_new(geometry, "type", json_string(type));
	json_object_set_new(geometry, "coordinates", where);
	json_object_set_new(json, "type", json_string("Feature"));
	json_object_set_new(json, "geometry", geometry);
	json_object_set_new(json, "properties", properties);
	return json;
}

static json_t *collection(const struct study *study, json_t **ret_features)
{
	json_t *json = json_object();
	json_object_set_new(json, "type", json_string("FeatureCollection"));
	set_origin(study, json);
	*ret_features = json_array();
	json_object_set_new(json, "features", *ret_features);
	return json;
}

static double rounded(double value)
{
	return round(value * 1000) / 1000;
}

static int write_stops(const struct study *study, FILE *out)
{
	const struct town *town = study->town;
	struct results_stop *stops = calloc((size_t)town->n_stops + 1, sizeof *stops);
	json_t *features, *json = collection(study, &features);
	if (!stops) {
		json_decref(json);
		return ERR_MEMORY;
	}
	results_stops(study, stops);
	for (uint32_t i = 0; i < town->n_stops; i++) {
		if (!stops[i].pickups && !stops[i].dropoffs)
			continue;
		json_t *properties = json_object();
		json_object_set_new(properties, "stop", json_integer(i));
		json_object_set_new(properties, "name", json_string(town_text(town, town->stop_name[i])));
		json_object_set_new(properties, "pickups", number(rounded((double)stops[i].pickups / study->sweep->n)));
		json_object_set_new(properties, "dropoffs",
				    number(rounded((double)stops[i].dropoffs / study->sweep->n)));
		json_object_set_new(
			properties, "wait_average",
			number(stops[i].pickups ? rounded(stops[i].wait_s / (double)stops[i].pickups) : NAN));
		json_array_append_new(features, feature("Point", coordinates(town->stop_point[i]), properties));
	}
	free(stops);
	return dump(json, out, JSON_COMPACT);
}

static json_t *line(const struct network *road, uint32_t arc)
{
	json_t *list = json_array();
	for (uint32_t i = road->shape_first[arc]; i < road->shape_first[arc + 1]; i++)
		json_array_append_new(list, coordinates(road->shape_point[i]));
	return list;
}

static int write_flows(const struct study *study, FILE *out)
{
	const struct network *road = &study->town->road;
	json_t *features, *json = collection(study, &features);
	for (uint32_t arc = 0; arc < road->n_arcs; arc++) {
		double vehicles, persons;
		results_flow(study, arc, &vehicles, &persons);
		if (vehicles <= 0)
			continue;
		json_t *properties = json_object();
		json_object_set_new(properties, "arc", json_integer(arc));
		json_object_set_new(properties, "osm_way", json_integer(road->osm_way[arc]));
		if (road->name[arc] != NONE)
			json_object_set_new(properties, "name", json_string(town_text(study->town, road->name[arc])));
		json_object_set_new(properties, "length_m", number(road->dist_mm[arc] / 1000.0));
		json_object_set_new(properties, "vehicles", number(rounded(vehicles)));
		json_object_set_new(properties, "persons", number(rounded(persons)));
		json_array_append_new(features, feature("LineString", line(road, arc), properties));
	}
	return dump(json, out, JSON_COMPACT);
}

int results_all(const struct study *study, const char *folder, struct err_detail *detail)
{
	static const struct {
		const char *name;
		int (*write)(const struct study *study, FILE *out);
	} files[] = {{"figures.json", write_figures},  {"figures.csv", write_figures_table},
		     {"by_hour.csv", write_hours},     {"by_need.csv", write_needs},
		     {"rides.csv", write_rides},       {"vehicles.csv", write_vehicles},
		     {"stops.geojson", write_stops},   {"flows.geojson", write_flows},
		     {"scenario.yaml", write_scenario}};
	int code = ERR_OK;
	for (size_t i = 0; i < COUNT_OF(files) && !code; i++)
		code = results_file(folder, files[i].name, files[i].write, study, detail);
	return code;
}
