/* The tables of one feed, row by row, into the model. A value that cannot be read at all is an error; a row that
 * contradicts others (unknown stop, no place, ...) is reported and left out. */
#include "gtfs_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void model_report(const struct model *model, const char *kind, const char *table, uint32_t line, const char *about)
{
	const char *name = build_text(model->build, model->feeds[model->feed].name);
	report_add(&model->build->report, kind, "%s: %s line %u: %s", name, table, line, about);
}

int model_memory(const struct model *model)
{
	return err_set(model->detail, ERR_MEMORY, "%s: out of memory", model->feed_path ? model->feed_path : "GTFS");
}

static int expected(const struct model *model, const struct gtfs_row *row, uint32_t column, const char *what)
{
	return err_set(model->detail, ERR_FORMAT, "%s: %s line %u, column %s: expected %s, found \"%.60s\"", row->path,
		       row->table, row->line, row->names[column], what, row->field[column]);
}

static int text(const struct model *model, const char *value, uint32_t *ret_string)
{
	*ret_string = build_string(model->build, value);
	return *ret_string == NONE ? model_memory(model) : 0;
}

/* ---- index from ids to rows of the present feed ---- */

static uint32_t index_get(const struct model_index *index, uint32_t string)
{
	return string < index->n ? index->row[string] : NONE;
}

static int index_put(const struct model *model, struct model_index *index, uint32_t string, uint32_t row)
{
	while (index->n <= string)
		if (array_push(index->row, index->n, index->cap, NONE))
			return model_memory(model);
	index->row[string] = row;
	return 0;
}

/* Reads the id in `column` and says whether its row is new (1) or is to be left out (0); negative never. */
static int new_id(struct model *model, const struct gtfs_row *row, uint32_t column, const struct model_index *index,
		  uint32_t *ret_id, int *ret_new)
{
	*ret_new = 0;
	if (row->field[column][0] == '\0') {
		model_report(model, "row without an id (left out)", row->table, row->line, row->names[column]);
		return 0;
	}
	int result = text(model, row->field[column], ret_id);
	if (result)
		return result;
	*ret_new = index_get(index, *ret_id) == NONE;
	if (!*ret_new)
		model_report(model, "id used twice (later row left out)", row->table, row->line, row->field[column]);
	return 0;
}

static int find(const struct model *model, const struct model_index *index, const char *id, uint32_t *ret_row)
{
	uint32_t string = 0;
	int result = text(model, id, &string);
	if (!result)
		*ret_row = index_get(index, string);
	return result;
}

/* ---- values ---- */

/* Digits only, at most `most`; returns 0 when it is something else. */
static int parse_number(const char *from, uint64_t most, uint32_t *ret_value)
{
	uint64_t value = 0;
	if (*from == '\0')
		return 0;
	for (; *from; from++) {
		if (*from < '0' || *from > '9')
			return 0;
		value = value * 10 + (uint64_t)(*from - '0');
		if (value > most)
			return 0;
	}
	*ret_value = (uint32_t)value;
	return 1;
}

static int number(const struct model *model, const struct gtfs_row *row, uint32_t column, uint32_t most,
		  const char *what, uint32_t *ret_value)
{
	return parse_number(row->field[column], most, ret_value) ? 0 : expected(model, row, column, what);
}

/* An optional code 0 .. most: empty or unknown values count as 0, unknown ones are reported. */
static uint8_t code(const struct model *model, const struct gtfs_row *row, uint32_t column, uint32_t most)
{
	uint32_t value = 0;
	if (row->field[column][0] == '\0')
		return 0;
	if (parse_number(row->field[column], most, &value))
		return (uint8_t)value;
	model_report(model, "code out of range (default taken)", row->table, row->line, row->names[column]);
	return 0;
}

static int date(const struct model *model, const struct gtfs_row *row, uint32_t column, int32_t *ret_day)
{
	uint32_t value = 0;
	if (strlen(row->field[column]) == 8 && parse_number(row->field[column], 99999999, &value)) {
		int32_t day = gtfs_day_number(value);
		if (day != INT32_MIN) {
			*ret_day = day;
			return 0;
		}
	}
	return expected(model, row, column, "a date YYYYMMDD");
}

/* H:MM:SS, hours may exceed 24 (up to 7 days). */
static int parse_time(const char *from, int32_t *ret_seconds)
{
	uint32_t part[3] = {0};
	for (int i = 0; i < 3; i++) {
		int digits = 0;
		for (; *from >= '0' && *from <= '9' && digits < 3; from++, digits++)
			part[i] = part[i] * 10 + (uint32_t)(*from - '0');
		if (digits == 0 || (i > 0 && (digits != 2 || part[i] > 59)) || *from != (i < 2 ? ':' : '\0'))
			return 0;
		from++;
	}
	if (part[0] > 168)
		return 0;
	*ret_seconds = (int32_t)(part[0] * 3600 + part[1] * 60 + part[2]);
	return 1;
}

static int time_of_day(const struct model *model, const struct gtfs_row *row, uint32_t column, int32_t *ret_seconds)
{
	if (row->field[column][0] == '\0') {
		*ret_seconds = GTFS_TIME_MISSING;
		return 0;
	}
	return parse_time(row->field[column], ret_seconds) ? 0 : expected(model, row, column, "a time HH:MM:SS");
}

/* Decimal degrees to 1e-7, rounded half away from zero; without floats, so that every machine agrees. */
static int parse_degrees(const char *from, int32_t limit_degrees, int32_t *ret_e7)
{
	int negative = *from == '-';
	if (*from == '-' || *from == '+')
		from++;
	int64_t value = 0;
	int digits = 0, after = -1, up = 0;
	for (; *from; from++) {
		if (*from == '.' && after < 0) {
			after = 0;
			continue;
		}
		if (*from < '0' || *from > '9' || (after < 0 && digits >= 3))
			return 0;
		digits++;
		if (after == 7)
			up = *from >= '5';
		if (after >= 7)
			after++;
		else {
			value = value * 10 + (*from - '0');
			after += after >= 0;
		}
	}
	for (int i = after < 0 ? 0 : after; i < 7; i++)
		value *= 10;
	value += up;
	if (digits == 0 || value > (int64_t)limit_degrees * 10000000)
		return 0;
	*ret_e7 = (int32_t)(negative ? -value : value);
	return 1;
}

static int degrees(const struct model *model, const struct gtfs_row *row, uint32_t column, int32_t limit,
		   int32_t *ret_e7)
{
	if (parse_degrees(row->field[column], limit, ret_e7))
		return 0;
	return expected(model, row, column, limit == 90 ? "degrees -90 to 90" : "degrees -180 to 180");
}

/* ---- one function per table ---- */

enum { AGENCY_ID, AGENCY_NAME, AGENCY_TIMEZONE };
static const char *const agency_columns[] = {"agency_id", "*agency_name", "*agency_timezone", NULL};

static int agency_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_agency agency = {.feed = model->feed};
	uint32_t zone = 0;
	int result = text(model, row->field[AGENCY_ID], &agency.id);
	if (!result)
		result = text(model, row->field[AGENCY_NAME], &agency.name);
	if (!result)
		result = text(model, row->field[AGENCY_TIMEZONE], &zone);
	if (result)
		return result;
	if (index_get(&model->agency_of, agency.id) != NONE) {
		model_report(model, "id used twice (later row left out)", row->table, row->line, row->field[AGENCY_ID]);
		return 0;
	}
	struct model_feed *feed = &model->feeds[model->feed];
	if (zone == 0)
		return expected(model, row, AGENCY_TIMEZONE, "a time zone like Europe/Berlin");
	if (feed->time_zone == 0)
		feed->time_zone = zone;
	else if (feed->time_zone != zone)
		return expected(model, row, AGENCY_TIMEZONE, "the same time zone for all agencies of a feed");
	if (array_push(model->agencies, model->n_agencies, model->cap_agencies, agency))
		return model_memory(model);
	return index_put(model, &model->agency_of, agency.id, (uint32_t)model->n_agencies - 1);
}

enum { INFO_PUBLISHER, INFO_VERSION };
static const char *const info_columns[] = {"*feed_publisher_name", "feed_version", NULL};

static int info_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_feed *feed = &model->feeds[model->feed];
	if (feed->publisher)
		return 0;
	feed->invented = strcasestr(row->field[INFO_PUBLISHER], GTFS_INVENTED) == row->field[INFO_PUBLISHER];
	int result = text(model, row->field[INFO_PUBLISHER], &feed->publisher);
	return result ? result : text(model, row->field[INFO_VERSION], &feed->version);
}

enum { ATTRIBUTION_NAME };
static const char *const attribution_columns[] = {"*organization_name", NULL};

static int attribution_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_feed *feed = &model->feeds[model->feed];
	char joined[512];
	const char *before = build_text(model->build, feed->attribution);
	if (row->field[ATTRIBUTION_NAME][0] == '\0' || strstr(before, row->field[ATTRIBUTION_NAME]))
		return 0;
	int n = snprintf(joined, sizeof joined, "%s%s%s", before, before[0] ? ", " : "", row->field[ATTRIBUTION_NAME]);
	return n > 0 && (size_t)n < sizeof joined ? text(model, joined, &feed->attribution) : 0;
}

enum { STOP_ID, STOP_NAME, STOP_LAT, STOP_LON, STOP_TYPE, STOP_PARENT, STOP_WHEELCHAIR, STOP_PLATFORM };
static const char *const stop_columns[] = {
	"*stop_id",	  "stop_name",		 "stop_lat",	  "stop_lon", "location_type",
	"parent_station", "wheelchair_boarding", "platform_code", NULL};

static int stop_place(const struct model *model, const struct gtfs_row *row, struct model_stop *stop)
{
	if (row->field[STOP_LAT][0] == '\0' && row->field[STOP_LON][0] == '\0')
		return 0;
	int result = degrees(model, row, STOP_LAT, 90, &stop->point.lat_e7);
	if (!result)
		result = degrees(model, row, STOP_LON, 180, &stop->point.lon_e7);
	stop->placed = stop->point.lat_e7 != 0 || stop->point.lon_e7 != 0;
	return result;
}

static int stop_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_stop stop = {.feed = model->feed, .parent = NONE, .line = row->line};
	int is_new = 0;
	int result = new_id(model, row, STOP_ID, &model->stop_of, &stop.id, &is_new);
	if (result || !is_new)
		return result;
	stop.type = code(model, row, STOP_TYPE, 4);
	stop.wheelchair = code(model, row, STOP_WHEELCHAIR, 2);
	result = stop_place(model, row, &stop);
	if (!result)
		result = text(model, row->field[STOP_NAME], &stop.name);
	if (!result)
		result = text(model, row->field[STOP_PLATFORM], &stop.platform);
	if (!result)
		result = text(model, row->field[STOP_PARENT], &stop.parent_id);
	if (result)
		return result;
	if (!stop.placed && stop.type <= 2) {
		model_report(model, "stop without a place (left out)", row->table, row->line, row->field[STOP_ID]);
		return 0;
	}
	if (array_push(model->stops, model->n_stops, model->cap_stops, stop))
		return model_memory(model);
	return index_put(model, &model->stop_of, stop.id, (uint32_t)model->n_stops - 1);
}

/* A platform, entrance or node belongs to a station, a boarding area to a platform, a station to nothing. */
static int parent_fits(uint8_t type, uint8_t parent_type)
{
	return type == 4 ? parent_type == 0 : type != 1 && parent_type == 1;
}

static void stop_parent(struct model *model, struct model_stop *stop)
{
	uint32_t parent = stop->parent_id ? index_get(&model->stop_of, stop->parent_id) : NONE;
	if (parent != NONE && !parent_fits(stop->type, model->stops[parent].type))
		parent = NONE;
	if (parent == NONE && stop->parent_id)
		model_report(model, "stop with an unknown or unfit parent (kept alone)", "stops.txt", stop->line,
			     build_text(model->build, stop->parent_id));
	stop->parent = parent;
}

/* Platforms before boarding areas, so that what is inherited is there. */
static void stops_finish(struct model *model)
{
	for (size_t i = model->feed_stops; i < model->n_stops; i++)
		stop_parent(model, &model->stops[i]);
	for (int areas = 0; areas <= 1; areas++)
		for (size_t i = model->feed_stops; i < model->n_stops; i++) {
			struct model_stop *stop = &model->stops[i];
			const struct model_stop *parent = stop->parent == NONE ? NULL : &model->stops[stop->parent];
			if ((stop->type == 4) != areas)
				continue;
			if (parent && stop->wheelchair == 0)
				stop->wheelchair = parent->wheelchair;
			if (parent && !stop->placed) {
				stop->point = parent->point;
				stop->placed = parent->placed;
			}
			if (!stop->placed) {
				stop->dropped = 1;
				model_report(model, "stop without a place (left out)", "stops.txt", stop->line,
					     build_text(model->build, stop->id));
			}
		}
}

enum { ROUTE_ID, ROUTE_AGENCY, ROUTE_SHORT, ROUTE_LONG, ROUTE_TYPE, ROUTE_COLOR };
static const char *const route_columns[] = {
	"*route_id", "agency_id", "route_short_name", "route_long_name", "*route_type", "route_color", NULL};

static uint32_t color(const struct model *model, const struct gtfs_row *row)
{
	const char *field = row->field[ROUTE_COLOR][0] == '#' ? row->field[ROUTE_COLOR] + 1 : row->field[ROUTE_COLOR];
	char *end = NULL;
	if (field[0] == '\0')
		return 0xFFFFFF;
	unsigned long value = strtoul(field, &end, 16);
	if (strlen(field) == 6 && *end == '\0' && value <= 0xFFFFFF)
		return (uint32_t)value;
	model_report(model, "code out of range (default taken)", row->table, row->line, "route_color");
	return 0xFFFFFF;
}

static int route_agency(struct model *model, const struct gtfs_row *row, uint32_t *ret_agency)
{
	int result = find(model, &model->agency_of, row->field[ROUTE_AGENCY], ret_agency);
	if (result || *ret_agency != NONE)
		return result;
	if (row->field[ROUTE_AGENCY][0])
		model_report(model, "route of an unknown agency (first agency taken)", row->table, row->line,
			     row->field[ROUTE_AGENCY]);
	*ret_agency = (uint32_t)model->feed_agencies;
	return 0;
}

static int route_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_route route = {.feed = model->feed};
	uint32_t type = 0;
	int is_new = 0;
	int result = new_id(model, row, ROUTE_ID, &model->route_of, &route.id, &is_new);
	if (result || !is_new)
		return result;
	result = number(model, row, ROUTE_TYPE, UINT16_MAX, "a route type (number)", &type);
	if (!result)
		result = route_agency(model, row, &route.agency);
	if (!result)
		result = text(model, row->field[ROUTE_SHORT], &route.short_name);
	if (!result)
		result = text(model, row->field[ROUTE_LONG], &route.long_name);
	if (result)
		return result;
	route.type = (uint16_t)type;
	route.color = color(model, row);
	if (array_push(model->routes, model->n_routes, model->cap_routes, route))
		return model_memory(model);
	return index_put(model, &model->route_of, route.id, (uint32_t)model->n_routes - 1);
}

static int service_of(struct model *model, const char *id, uint32_t *ret_service)
{
	struct model_service service = {.feed = model->feed, .first_day = 0, .last_day = -1};
	int result = text(model, id, &service.id);
	if (result)
		return result;
	*ret_service = index_get(&model->service_of, service.id);
	if (*ret_service != NONE)
		return 0;
	if (array_push(model->services, model->n_services, model->cap_services, service))
		return model_memory(model);
	*ret_service = (uint32_t)model->n_services - 1;
	return index_put(model, &model->service_of, service.id, *ret_service);
}

enum { CALENDAR_SERVICE, CALENDAR_MONDAY, CALENDAR_SUNDAY = 7, CALENDAR_FIRST, CALENDAR_LAST };
static const char *const calendar_columns[] = {"*service_id", "*monday",   "*tuesday",	"*wednesday",
					       "*thursday",   "*friday",   "*saturday", "*sunday",
					       "*start_date", "*end_date", NULL};

static int calendar_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	uint32_t service = NONE, runs = 0;
	int32_t first = 0, last = 0;
	uint8_t weekdays = 0;
	for (uint32_t i = CALENDAR_MONDAY; i <= CALENDAR_SUNDAY; i++) {
		int result = number(model, row, i, 1, "0 or 1", &runs);
		if (result)
			return result;
		weekdays = (uint8_t)(weekdays | runs << (i - CALENDAR_MONDAY));
	}
	int result = date(model, row, CALENDAR_FIRST, &first);
	if (!result)
		result = date(model, row, CALENDAR_LAST, &last);
	if (!result)
		result = service_of(model, row->field[CALENDAR_SERVICE], &service);
	if (result)
		return result;
	struct model_service *to = &model->services[service];
	if (to->first_day <= to->last_day) {
		model_report(model, "id used twice (later row left out)", row->table, row->line,
			     row->field[CALENDAR_SERVICE]);
	} else if (last < first) {
		model_report(model, "service that ends before it begins (left out)", row->table, row->line,
			     row->field[CALENDAR_SERVICE]);
	} else {
		to->first_day = first;
		to->last_day = last;
		to->weekdays = weekdays;
	}
	return 0;
}

enum { EXCEPTION_SERVICE, EXCEPTION_DATE, EXCEPTION_TYPE };
static const char *const exception_columns[] = {"*service_id", "*date", "*exception_type", NULL};

static int exception_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_exception exception = {0};
	uint32_t type = 0;
	int result = number(model, row, EXCEPTION_TYPE, 2, "1 (runs) or 2 (does not run)", &type);
	if (!result && type == 0)
		result = expected(model, row, EXCEPTION_TYPE, "1 (runs) or 2 (does not run)");
	if (!result)
		result = date(model, row, EXCEPTION_DATE, &exception.day);
	if (!result)
		result = service_of(model, row->field[EXCEPTION_SERVICE], &exception.service);
	if (result)
		return result;
	exception.runs = type == 1;
	return array_push(model->exceptions, model->n_exceptions, model->cap_exceptions, exception)
		       ? model_memory(model)
		       : 0;
}

enum { TRIP_ROUTE, TRIP_SERVICE, TRIP_ID, TRIP_HEADSIGN, TRIP_SHORT, TRIP_DIRECTION, TRIP_WHEELCHAIR };
static const char *const trip_columns[] = {
	"*route_id",	"*service_id",		 "*trip_id", "trip_headsign", "trip_short_name",
	"direction_id", "wheelchair_accessible", NULL};

static int trip_texts(struct model *model, const struct gtfs_row *row, struct model_trip *trip)
{
	int result = find(model, &model->route_of, row->field[TRIP_ROUTE], &trip->route);
	if (!result)
		result = find(model, &model->service_of, row->field[TRIP_SERVICE], &trip->service);
	if (!result)
		result = text(model, row->field[TRIP_HEADSIGN], &trip->headsign);
	return result ? result : text(model, row->field[TRIP_SHORT], &trip->short_name);
}

static int trip_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_trip trip = {.feed = model->feed, .start_s = -1, .line = row->line};
	int is_new = 0;
	int result = new_id(model, row, TRIP_ID, &model->trip_of, &trip.id, &is_new);
	if (result || !is_new)
		return result;
	result = trip_texts(model, row, &trip);
	if (result)
		return result;
	trip.direction = code(model, row, TRIP_DIRECTION, 1);
	trip.wheelchair = code(model, row, TRIP_WHEELCHAIR, 2);
	/* Left-out trips keep a row so that their stop times are not reported once more. */
	trip.dropped = trip.route == NONE || trip.service == NONE;
	if (trip.route == NONE)
		model_report(model, "trip of an unknown route (left out)", row->table, row->line,
			     row->field[TRIP_ROUTE]);
	else if (trip.service == NONE)
		model_report(model, "trip of an unknown service (left out)", row->table, row->line,
			     row->field[TRIP_SERVICE]);
	if (model->n_trips >= GTFS_TRIPS_MAX)
		return err_set(model->detail, ERR_RANGE, "%s: more than %u trips", row->path, GTFS_TRIPS_MAX);
	if (array_push(model->trips, model->n_trips, model->cap_trips, trip))
		return model_memory(model);
	return index_put(model, &model->trip_of, trip.id, (uint32_t)model->n_trips - 1);
}

enum {
	TIME_TRIP,
	TIME_STOP,
	TIME_ARRIVAL,
	TIME_DEPARTURE,
	TIME_SEQUENCE,
	TIME_PICKUP,
	TIME_DROPOFF,
	TIME_TRAVELLED,
	TIME_LOCATION,
	TIME_GROUP
};
static const char *const time_columns[] = {
	"*trip_id",    "*stop_id",	"arrival_time",	       "departure_time", "*stop_sequence",
	"pickup_type", "drop_off_type", "shape_dist_traveled", "location_id",	 "location_group_id",
	NULL};

static double travelled(const char *field)
{
	char *end = NULL;
	double value = strtod(field, &end);
	return *field && *end == '\0' && value >= 0 && value < 1e12 ? value : -1;
}

static int time_trip(struct model *model, const struct gtfs_row *row, uint32_t *ret_trip)
{
	uint32_t id = 0;
	int result = text(model, row->field[TIME_TRIP], &id);
	if (result)
		return result;
	if (model->last_trip == NONE || id != model->last_trip_id) {
		model->last_trip_id = id;
		model->last_trip = index_get(&model->trip_of, id);
	}
	*ret_trip = model->last_trip;
	return 0;
}

static int time_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_time time = {.line = row->line};
	int result = number(model, row, TIME_SEQUENCE, UINT32_MAX - 1, "a stop sequence (number)", &time.sequence);
	if (!result)
		result = time_of_day(model, row, TIME_ARRIVAL, &time.arrival_s);
	if (!result)
		result = time_of_day(model, row, TIME_DEPARTURE, &time.departure_s);
	if (!result)
		result = time_trip(model, row, &time.trip);
	if (!result)
		result = find(model, &model->stop_of, row->field[TIME_STOP], &time.stop);
	if (result)
		return result;
	if (time.trip == NONE) {
		model_report(model, "stop time of an unknown trip (left out)", row->table, row->line,
			     row->field[TIME_TRIP]);
		return 0;
	}
	if (row->field[TIME_STOP][0] == '\0' && (row->field[TIME_LOCATION][0] || row->field[TIME_GROUP][0])) {
		model_report(model, "stop time at an area, not a stop (left out)", row->table, row->line,
			     row->field[TIME_TRIP]);
		return 0;
	}
	if (time.stop == NONE || model->stops[time.stop].dropped) {
		model_report(model, "stop time at an unknown stop (left out)", row->table, row->line,
			     row->field[TIME_STOP]);
		return 0;
	}
	if (model->stops[time.stop].type != 0 && model->stops[time.stop].type != 4)
		model_report(model, "stop time at a station or entrance, not a platform (kept)", row->table, row->line,
			     row->field[TIME_STOP]);
	time.pickup = code(model, row, TIME_PICKUP, 3);
	time.dropoff = code(model, row, TIME_DROPOFF, 3);
	time.travelled = travelled(row->field[TIME_TRAVELLED]);
	if (model->n_times >= GTFS_TIMES_MAX)
		return err_set(model->detail, ERR_RANGE, "%s: more than %u stop times", row->path, GTFS_TIMES_MAX);
	return array_push(model->times, model->n_times, model->cap_times, time) ? model_memory(model) : 0;
}

enum { FREQUENCY_TRIP, FREQUENCY_FIRST, FREQUENCY_LAST, FREQUENCY_HEADWAY };
static const char *const frequency_columns[] = {"*trip_id", "*start_time", "*end_time", "*headway_secs", NULL};

static int frequency_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_frequency frequency = {.line = row->line};
	int result = find(model, &model->trip_of, row->field[FREQUENCY_TRIP], &frequency.trip);
	if (!result)
		result = number(model, row, FREQUENCY_HEADWAY, 7 * 86400, "a headway in seconds", &frequency.headway_s);
	if (!result && !parse_time(row->field[FREQUENCY_FIRST], &frequency.first_s))
		result = expected(model, row, FREQUENCY_FIRST, "a time HH:MM:SS");
	if (!result && !parse_time(row->field[FREQUENCY_LAST], &frequency.last_s))
		result = expected(model, row, FREQUENCY_LAST, "a time HH:MM:SS");
	if (!result && frequency.headway_s == 0)
		result = expected(model, row, FREQUENCY_HEADWAY, "a headway of at least 1 second");
	if (result)
		return result;
	if (frequency.trip == NONE) {
		model_report(model, "frequency of an unknown trip (left out)", row->table, row->line,
			     row->field[FREQUENCY_TRIP]);
		return 0;
	}
	model->trips[frequency.trip].frequent = 1;
	return array_push(model->frequencies, model->n_frequencies, model->cap_frequencies, frequency)
		       ? model_memory(model)
		       : 0;
}

enum {
	TRANSFER_FROM,
	TRANSFER_TO,
	TRANSFER_TYPE,
	TRANSFER_SECONDS,
	TRANSFER_NARROW,
	TRANSFER_NARROW_END = TRANSFER_NARROW + 4
};
static const char *const transfer_columns[] = {"from_stop_id",	    "to_stop_id",    "transfer_type",
					       "min_transfer_time", "from_route_id", "to_route_id",
					       "from_trip_id",	    "to_trip_id",    NULL};

/* Walking at the town's pace, ways being longer than the line by the usual 1.3. */
static uint32_t walk_seconds(const struct model *model, uint32_t from, uint32_t to)
{
	uint64_t pace = model->build->town.rules.walk_mm_per_s ? model->build->town.rules.walk_mm_per_s : 1300;
	uint64_t line = geo_rough_mm(model->stops[from].point, model->stops[to].point);
	uint64_t seconds = (line * 13 / 10 + pace - 1) / pace;
	return seconds < 86400 ? (uint32_t)seconds : 86400;
}

static int transfer_is_narrow(const struct gtfs_row *row)
{
	for (uint32_t i = TRANSFER_NARROW; i < TRANSFER_NARROW_END; i++)
		if (row->field[i][0])
			return 1;
	return 0;
}

static int transfer_row(void *context, const struct gtfs_row *row)
{
	struct model *model = context;
	struct model_transfer transfer = {0};
	uint32_t least = 0;
	int timed = row->field[TRANSFER_SECONDS][0] != '\0';
	int result = find(model, &model->stop_of, row->field[TRANSFER_FROM], &transfer.from);
	if (!result)
		result = find(model, &model->stop_of, row->field[TRANSFER_TO], &transfer.to);
	if (!result && timed)
		result = number(model, row, TRANSFER_SECONDS, 86400, "seconds, at most 86400", &least);
	if (result)
		return result;
	transfer.type = code(model, row, TRANSFER_TYPE, 5);
	if (transfer_is_narrow(row) || transfer.type > 3) {
		model_report(model, "transfer of single trips or routes (left out)", row->table, row->line,
			     row->field[TRANSFER_FROM]);
		return 0;
	}
	if (transfer.from == NONE || transfer.to == NONE || model->stops[transfer.from].dropped ||
	    model->stops[transfer.to].dropped) {
		model_report(model, "transfer at an unknown stop (left out)", row->table, row->line,
			     row->field[TRANSFER_FROM]);
		return 0;
	}
	if (transfer.type == 3)
		transfer.seconds = NONE;
	else if (timed || transfer.type == 1)
		transfer.seconds = least;
	else
		transfer.seconds = walk_seconds(model, transfer.from, transfer.to);
	return array_push(model->transfers, model->n_transfers, model->cap_transfers, transfer) ? model_memory(model)
												: 0;
}

/* ---- the feed ---- */

/* Rows with bytes that are not UTF-8 or with more fields than the header are taken, but said. */
struct checked {
	struct model *model;
	gtfs_row_function *row;
};

static int checked_row(void *context, const struct gtfs_row *row)
{
	const struct checked *checked = context;
	if (row->n_repaired)
		model_report(checked->model, "text is not UTF-8 (bytes replaced by ?)", row->table, row->line, "");
	if (row->n_spare)
		model_report(checked->model, "row longer than its header (end ignored)", row->table, row->line, "");
	return checked->row(checked->model, row);
}

static const struct {
	struct gtfs_table table;
	uint8_t required;
} tables[] = {
	/* in this order: later ones refer to earlier ones */
	{{"agency.txt", agency_columns, agency_row}, 1},
	{{"feed_info.txt", info_columns, info_row}, 0},
	{{"attributions.txt", attribution_columns, attribution_row}, 0},
	{{"stops.txt", stop_columns, stop_row}, 1},
	{{"routes.txt", route_columns, route_row}, 1},
	{{"calendar.txt", calendar_columns, calendar_row}, 0},
	{{"calendar_dates.txt", exception_columns, exception_row}, 0},
	{{"trips.txt", trip_columns, trip_row}, 1},
	{{"stop_times.txt", time_columns, time_row}, 1},
	{{"frequencies.txt", frequency_columns, frequency_row}, 0},
	{{"transfers.txt", transfer_columns, transfer_row}, 0},
};

static int table_read(struct model *model, struct gtfs_source *source, size_t i, int *ret_found)
{
	struct checked checked = {model, tables[i].table.row};
	struct gtfs_table table = tables[i].table;
	table.row = checked_row;
	int result = gtfs_source_read(source, &table, &checked, ret_found, model->detail);
	if (!result && !*ret_found && tables[i].required)
		result = err_set(model->detail, ERR_FORMAT, "%s: expected a table %s", model->feed_path, table.name);
	if (!result && strcmp(table.name, "agency.txt") == 0 && model->n_agencies == model->feed_agencies)
		result = err_set(model->detail, ERR_FORMAT, "%s: agency.txt: expected at least one agency",
				 model->feed_path);
	if (!result && strcmp(table.name, "stops.txt") == 0)
		stops_finish(model);
	return result;
}

int gtfs_rows_read(struct model *model, struct gtfs_source *source)
{
	int calendars = 0;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		int found = 0;
		int result = table_read(model, source, i, &found);
		if (result)
			return result;
		calendars += found && strncmp(tables[i].table.name, "calendar", 8) == 0;
	}
	if (!calendars)
		return err_set(model->detail, ERR_FORMAT, "%s: expected calendar.txt or calendar_dates.txt",
			       model->feed_path);
	return 0;
}
