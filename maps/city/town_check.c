/* Everything a reader of a town relies on without looking again. Runs on mapped files and, before writing, on the
 * compiler's own columns, so that no file is written that could not be opened. */
#include <string.h>

#include "town_layout.h"

#define TIMETABLE_SECONDS_MAX 100000000 /* some three years: leaves room for sums in 32 bits */
#define INSTANT_MAX (INT64_C(1) << 53)

struct checker {
	const struct town *town;
	const char *what;
	const uint64_t *offsets; /* per column, or NULL */
	struct err_detail *detail;
};

/* Says that element `at` of the column whose pointer lies at `member` is wrong. */
static int wrong(const struct checker *checker, size_t member, uint64_t at, const char *expected)
{
	uint32_t i = 0;
	while (i + 1 < town_n_columns && town_columns[i].offset != member)
		i++;
	const struct town_column *column = &town_columns[i];
	if (!checker->offsets)
		return err_set(checker->detail, ERR_RANGE, "%s: %s[%llu]: expected %s", checker->what, column->name,
			       (unsigned long long)at, expected);
	return err_set(checker->detail, ERR_RANGE, "%s: byte %llu: %s[%llu]: expected %s", checker->what,
		       (unsigned long long)(checker->offsets[i] + at * column->element_size), column->name,
		       (unsigned long long)at, expected);
}
#define WRONG(checker, member, at, expected) wrong(checker, offsetof(struct town, member), at, expected)

/* --- single columns ----------------------------------------------------------------------------------------------- */

static int point_ok(struct geo_point point)
{
	return point.lat_e7 >= -900000000 && point.lat_e7 <= 900000000 && point.lon_e7 >= -1800000000 &&
	       point.lon_e7 <= 1800000000;
}

static int xy_ok(struct geo_xy xy)
{
	return xy.x_mm >= -TOWN_XY_MAX_MM && xy.x_mm <= TOWN_XY_MAX_MM && xy.y_mm >= -TOWN_XY_MAX_MM &&
	       xy.y_mm <= TOWN_XY_MAX_MM;
}

static int check_index(const struct checker *checker, const struct town_column *column, const uint32_t *values,
		       uint64_t n)
{
	uint32_t limit = town_number(checker->town, column->limit);
	for (uint64_t i = 0; i < n; i++)
		if (values[i] >= limit && !(column->check == CHECK_INDEX_OR_NONE && values[i] == NONE))
			return wrong(checker, column->offset, i, "an index in range");
	return 0;
}

static int check_first(const struct checker *checker, const struct town_column *column, const uint32_t *values,
		       uint64_t n)
{
	uint32_t limit = town_number(checker->town, column->limit);
	if (values[0] != 0)
		return wrong(checker, column->offset, 0, "0");
	for (uint64_t i = 1; i < n; i++)
		if (values[i] < values[i - 1])
			return wrong(checker, column->offset, i, "at least the value before it");
	if (values[n - 1] != limit)
		return wrong(checker, column->offset, n - 1, "the count of what it points into");
	return 0;
}

static int check_spots(const struct checker *checker, const struct town_column *column, const struct spot *spots,
		       uint64_t n)
{
	const struct network *network = (const void *)((const char *)checker->town + column->limit);
	for (uint64_t i = 0; i < n; i++) {
		if (spots[i].arc == NONE)
			continue;
		if (spots[i].arc >= network->n_arcs)
			return wrong(checker, column->offset, i, "a spot on an arc in range, or none");
		if (spots[i].offset_mm > network->dist_mm[spots[i].arc])
			return wrong(checker, column->offset, i, "an offset within the length of its arc");
	}
	return 0;
}

static int check_bytes(const struct checker *checker, const struct town_column *column, const uint8_t *values,
		       uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (values[i] >= column->limit)
			return wrong(checker, column->offset, i, "a known number of its kind");
	return 0;
}

static int check_points(const struct checker *checker, const struct town_column *column, const struct geo_point *points,
			uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (!point_ok(points[i]))
			return wrong(checker, column->offset, i, "latitude within 90 and longitude within 180 degrees");
	return 0;
}

static int check_xys(const struct checker *checker, const struct town_column *column, const struct geo_xy *xys,
		     uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (!xy_ok(xys[i]))
			return wrong(checker, column->offset, i, "at most 2,000 km from the origin");
	return 0;
}

static int check_column(const struct checker *checker, const struct town_column *column)
{
	const void *data = town_column_data(checker->town, column);
	uint64_t n = town_column_count(checker->town, column);
	switch (column->check) {
	case CHECK_ANY:
		return 0;
	case CHECK_INDEX:
	case CHECK_INDEX_OR_NONE:
		return check_index(checker, column, data, n);
	case CHECK_FIRST:
		return check_first(checker, column, data, n);
	case CHECK_BELOW:
		return check_bytes(checker, column, data, n);
	case CHECK_POINT:
		return check_points(checker, column, data, n);
	case CHECK_XY:
		return check_xys(checker, column, data, n);
	case CHECK_SPOT:
		return check_spots(checker, column, data, n);
	}
	return ERR_BROKEN;
}

/* --- strings ------------------------------------------------------------------------------------------------------ */

static size_t tail_length(unsigned char lead)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xc2 && lead < 0xe0)
		return 1;
	if (lead >= 0xe0 && lead < 0xf0)
		return 2;
	return lead >= 0xf0 && lead < 0xf5 ? 3 : SIZE_MAX;
}

/* UTF-8 without overlong forms, surrogates and what lies beyond U+10FFFF (RFC 3629) */
static int utf8_ok(const char *text, size_t n)
{
	const unsigned char *at = (const unsigned char *)text;
	for (size_t i = 0; i < n;) {
		unsigned char lead = at[i];
		size_t tail = tail_length(lead);
		if (tail >= n - i)
			return 0;
		for (size_t j = 1; j <= tail; j++)
			if ((at[i + j] & 0xc0) != 0x80)
				return 0;
		if (tail > 1 && ((lead == 0xe0 && at[i + 1] < 0xa0) || (lead == 0xed && at[i + 1] >= 0xa0) ||
				 (lead == 0xf0 && at[i + 1] < 0x90) || (lead == 0xf4 && at[i + 1] >= 0x90)))
			return 0;
		i += tail + 1;
	}
	return 1;
}

static int check_strings(const struct checker *checker)
{
	const struct town *town = checker->town;
	for (uint32_t i = 0; i < town->n_strings; i++) {
		uint32_t first = town->string_first[i], end = town->string_first[i + 1];
		const char *text = town->string_bytes + first;
		if (first == end || memchr(text, '\0', end - first) != town->string_bytes + end - 1)
			return WRONG(checker, string_first, i, "a text that ends with its only NUL");
		if (!utf8_ok(text, end - first - 1))
			return WRONG(checker, string_bytes, first, "UTF-8");
	}
	if (town->string_first[1] != 1)
		return WRONG(checker, string_first, 1, "1, since string 0 is empty");
	return 0;
}

static int check_own_texts(const struct checker *checker)
{
	const struct town *town = checker->town;
	const uint32_t texts[] = {town->name,	      town->time_zone,	 town->crs,	      town->generated,
				  town->attribution,  town->phone,	 town->fallback_name, town->fallback_phone,
				  town->privacy_text, town->imprint_text};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i] >= town->n_strings && texts[i] != NONE)
			return err_set(checker->detail, ERR_RANGE,
				       "%s: text %zu of the town itself: expected a string in range", checker->what, i);
	return 0;
}

/* --- networks ----------------------------------------------------------------------------------------------------- */

/* A network and where it lies in struct town, to name its columns */
struct network_checker {
	const struct checker *checker;
	const struct network *network;
	size_t offset;
};
#define WRONG_NET(net, member, at, expected) \
	wrong((net)->checker, (net)->offset + offsetof(struct network, member), at, expected)

static int check_out_arcs(const struct network_checker *net)
{
	const struct network *network = net->network;
	for (uint32_t node = 0; node < network->n_nodes; node++) {
		for (uint32_t i = network->first_out[node]; i < network->first_out[node + 1]; i++) {
			if (network->tail[network->out_arc[i]] != node)
				return WRONG_NET(net, out_arc, i, "an arc that leaves this node");
			if (i > network->first_out[node] && network->out_arc[i] <= network->out_arc[i - 1])
				return WRONG_NET(net, out_arc, i, "more than the arc before it");
		}
	}
	return 0;
}

static int check_arcs(const struct network_checker *net)
{
	const struct network *network = net->network;
	for (uint32_t arc = 0; arc < network->n_arcs; arc++) {
		uint32_t other = network->reverse_arc[arc];
		if (other != NONE &&
		    (network->reverse_arc[other] != arc || network->tail[other] != network->head[arc] ||
		     network->head[other] != network->tail[arc]))
			return WRONG_NET(net, reverse_arc, arc, "an arc the other way that names this one");
		if (network->shape_first[arc + 1] - network->shape_first[arc] < 2)
			return WRONG_NET(net, shape_first, arc, "at least the points of tail and head");
		if (network->main_mask[arc] >> network->n_classes)
			return WRONG_NET(net, main_mask, arc, "bits of known classes only");
		for (uint32_t c = 0; c < network->n_classes; c++)
			if (network->main_mask[arc] >> c & 1 &&
			    network->time_ms[(size_t)c * network->n_arcs + arc] == TIME_INFINITE)
				return WRONG_NET(net, main_mask, arc, "no class that may not drive here");
	}
	return 0;
}

static int check_turns(const struct network_checker *net)
{
	const struct network *network = net->network;
	for (uint32_t turn = 0; turn < network->n_turns; turn++) {
		uint32_t first = network->turn_first[turn], end = network->turn_first[turn + 1];
		if (end - first < 2)
			return WRONG_NET(net, turn_first, turn, "at least two arcs");
		if (network->turn_cost_ms[turn] < -1)
			return WRONG_NET(net, turn_cost_ms, turn, "-1 (forbidden) or a time");
		for (uint32_t i = first + 1; i < end; i++)
			if (network->head[network->turn_arcs[i - 1]] != network->tail[network->turn_arcs[i]])
				return WRONG_NET(net, turn_arcs, i, "an arc that begins where the one before it ends");
	}
	return 0;
}

static int check_network(const struct network_checker *net)
{
	int err = check_out_arcs(net);
	if (!err)
		err = check_arcs(net);
	return err ? err : check_turns(net);
}

/* --- timetable ---------------------------------------------------------------------------------------------------- */

static int check_parents(const struct checker *checker)
{
	const struct timetable *timetable = &checker->town->timetable;
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++) {
		uint32_t at = stop;
		for (int steps = 0; at != NONE; steps++, at = timetable->stop_parent[at])
			if (steps == 4)
				return WRONG(checker, timetable.stop_parent, stop, "a station at most three steps up");
	}
	return 0;
}

static int check_trip(const struct checker *checker, uint32_t trip)
{
	const struct timetable *timetable = &checker->town->timetable;
	uint32_t first = timetable->trip_first[trip], end = timetable->trip_first[trip + 1];
	for (uint32_t i = first; i < end; i++) {
		int32_t arrival = timetable->time_arrival_s[i], departure = timetable->time_departure_s[i];
		if (arrival < -TIMETABLE_SECONDS_MAX || departure > TIMETABLE_SECONDS_MAX)
			return WRONG(checker, timetable.time_arrival_s, i, "a time near its service day");
		if (departure < arrival)
			return WRONG(checker, timetable.time_departure_s, i, "a departure not before the arrival");
		if (i > first && arrival < timetable->time_departure_s[i - 1])
			return WRONG(checker, timetable.time_arrival_s, i,
				     "an arrival not before the departure one stop earlier");
		if (i > first && timetable->time_sequence[i] <= timetable->time_sequence[i - 1])
			return WRONG(checker, timetable.time_sequence, i, "more than the one before it");
		if (timetable->event_trip[i] != trip)
			return WRONG(checker, timetable.event_trip, i, "the trip of this stop time");
	}
	return 0;
}

static int check_stop_events(const struct checker *checker, uint32_t stop)
{
	const struct timetable *timetable = &checker->town->timetable;
	const int32_t *departures = timetable->time_departure_s;
	uint32_t first = timetable->stop_first[stop], end = timetable->stop_first[stop + 1];
	for (uint32_t i = first; i < end; i++) {
		uint32_t event = timetable->stop_event[i], before = i > first ? timetable->stop_event[i - 1] : event;
		if (timetable->time_stop[event] != stop)
			return WRONG(checker, timetable.stop_event, i, "a stop time of this stop");
		if (i > first && (departures[event] < departures[before] ||
				  (departures[event] == departures[before] && event <= before)))
			return WRONG(checker, timetable.stop_event, i, "order by departure, then index");
	}
	return 0;
}

static uint32_t days_of_month(uint32_t year, uint32_t month)
{
	if (month == 2)
		return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static uint32_t next_day(uint32_t yyyymmdd)
{
	uint32_t year = yyyymmdd / 10000, month = yyyymmdd / 100 % 100, day = yyyymmdd % 100;
	if (day < days_of_month(year, month))
		return yyyymmdd + 1;
	return month < 12 ? year * 10000 + (month + 1) * 100 + 1 : (year + 1) * 10000 + 101;
}

static int date_ok(uint32_t yyyymmdd)
{
	uint32_t year = yyyymmdd / 10000, month = yyyymmdd / 100 % 100, day = yyyymmdd % 100;
	return year >= 1900 && year < 3000 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_of_month(year, month);
}

static int check_days(const struct checker *checker)
{
	const struct timetable *timetable = &checker->town->timetable;
	for (uint32_t day = 0; day < timetable->n_days; day++) {
		if (day == 0 ? !date_ok(timetable->day_yyyymmdd[0])
			     : timetable->day_yyyymmdd[day] != next_day(timetable->day_yyyymmdd[day - 1]))
			return WRONG(checker, timetable.day_yyyymmdd, day, "consecutive calendar days");
		instant_ms start = timetable->day_start[day];
		if (start < -INSTANT_MAX || start > INSTANT_MAX || (day && start <= timetable->day_start[day - 1]))
			return WRONG(checker, timetable.day_start, day, "an instant after that of the day before");
	}
	return 0;
}

/* Strictly ascending, so each trip once: a search by halves finds every one. */
static int check_names(const struct checker *checker)
{
	const struct timetable *timetable = &checker->town->timetable;
	for (uint32_t i = 1; i < timetable->n_trips; i++)
		if (timetable_compare(checker->town, timetable->trip_by_name[i - 1], timetable->trip_by_name[i]) >= 0)
			return WRONG(checker, timetable.trip_by_name, i, "a trip whose name is after the one before");
	return 0;
}

static int check_timetable(const struct checker *checker)
{
	const struct timetable *timetable = &checker->town->timetable;
	int err = check_parents(checker);
	if (!err)
		err = check_names(checker);
	for (uint32_t trip = 0; !err && trip < timetable->n_trips; trip++)
		err = check_trip(checker, trip);
	for (uint32_t stop = 0; !err && stop < timetable->n_stops; stop++)
		err = check_stop_events(checker, stop);
	return err ? err : check_days(checker);
}

/* --- the town ----------------------------------------------------------------------------------------------------- */

static int check_needs(const struct checker *checker)
{
	const struct town *town = checker->town;
	if (strcmp(town_text(town, town->space_name[0]), "seat") != 0)
		return WRONG(checker, space_name, 0, "\"seat\"");
	if (strcmp(town_text(town, town->need_name[0]), "seat") != 0)
		return WRONG(checker, need_name, 0, "\"seat\"");
	return 0;
}

static int check_addresses(const struct checker *checker)
{
	const struct town *town = checker->town;
	for (uint32_t i = 1; i < town->n_addresses; i++)
		if (strcmp(town_text(town, town->address_key[i - 1]), town_text(town, town->address_key[i])) > 0)
			return WRONG(checker, address_key, i, "keys in ascending order");
	return 0;
}

static int check_network_counts(const struct network *network, const char *name, uint32_t n_classes, const char *what,
				struct err_detail *detail)
{
	if (network->n_classes != n_classes)
		return err_set(detail, ERR_RANGE, "%s: %s.n_classes is %u, expected %u", what, name, network->n_classes,
			       n_classes);
	if ((uint64_t)network->grid_columns * network->grid_rows != network->n_grid_cells)
		return err_set(detail, ERR_RANGE, "%s: %s.n_grid_cells is %u, expected %u columns * %u rows", what,
			       name, network->n_grid_cells, network->grid_columns, network->grid_rows);
	if (network->n_grid_cells && (!network->grid_cell_mm || network->grid_cell_mm > TOWN_XY_MAX_MM))
		return err_set(detail, ERR_RANGE, "%s: %s.grid_cell_mm is %u, expected 1 to %d", what, name,
			       network->grid_cell_mm, TOWN_XY_MAX_MM);
	if (!xy_ok(network->grid_origin))
		return err_set(detail, ERR_RANGE, "%s: %s.grid_origin: expected at most 2,000 km from the origin", what,
			       name);
	return 0;
}

static int check_limit(const char *name, uint32_t value, uint32_t low, uint32_t high, const char *what,
		       struct err_detail *detail)
{
	if (value >= low && value <= high)
		return 0;
	return err_set(detail, ERR_RANGE, "%s: %s is %u, expected %u to %u", what, name, value, low, high);
}

int town_check_counts(const struct town *town, const char *what, struct err_detail *detail)
{
	int err = check_limit("n_strings", town->n_strings, 1, UINT32_MAX - 1, what, detail);
	if (!err)
		err = check_limit("n_classes", town->n_classes, 1, NETWORK_CLASSES_MAX, what, detail);
	if (!err)
		err = check_limit("n_spaces", town->n_spaces, 1, TOWN_SPACES_MAX, what, detail);
	if (!err)
		err = check_limit("n_needs", town->n_needs, 1, TOWN_NEEDS_MAX, what, detail);
	if (!err)
		err = check_limit("n_profiles", town->n_profiles, 0, TOWN_PROFILES_MAX, what, detail);
	if (!err)
		err = check_limit("n_profile_kinds", town->n_profile_kinds, town->n_profiles * ROAD_KINDS,
				  town->n_profiles * ROAD_KINDS, what, detail);
	if (!err)
		err = check_network_counts(&town->road, "road", town->n_classes, what, detail);
	if (!err)
		err = check_network_counts(&town->walk, "walk", 1, what, detail);
	uint32_t days = town->timetable.n_days, words = days / 64 + (days % 64 != 0);
	if (!err && town->timetable.n_day_words != words)
		return err_set(detail, ERR_RANGE, "%s: timetable.n_day_words is %u, expected %u", what,
			       town->timetable.n_day_words, words);
	return err;
}

static int check_profiles(const struct checker *checker)
{
	const struct town *town = checker->town;
	for (uint32_t i = 0; i < town->n_profiles; i++)
		if (town->profile_from_s[i] < 14400 || town->profile_to_s[i] > 100800 ||
		    town->profile_from_s[i] >= town->profile_to_s[i])
			return WRONG(checker, profile_from_s, i, "hours between 04:00 and 28:00");
	for (uint32_t i = 0; i < town->n_profile_kinds; i++)
		if (town->profile_permille[i] &&
		    (town->profile_permille[i] < 1000 || town->profile_permille[i] > TOWN_PROFILE_PERMILLE_MAX))
			return WRONG(checker, profile_permille, i, "0, or 1,000 to 10,000");
	return 0;
}

static int check_scalars(const struct checker *checker)
{
	const struct town *town = checker->town;
	if (!point_ok(town->origin) || !point_ok(town->box_low) || !point_ok(town->box_high))
		return err_set(checker->detail, ERR_RANGE, "%s: origin or box: expected degrees in range",
			       checker->what);
	if (town->rules.service_from_s > town->rules.service_to_s || town->rules.service_from_s < -86400 ||
	    town->rules.service_to_s > 7 * 86400)
		return err_set(checker->detail, ERR_RANGE,
			       "%s: service hours %d to %d s: expected an interval of a service day", checker->what,
			       town->rules.service_from_s, town->rules.service_to_s);
	return check_own_texts(checker);
}

int town_check(const struct town *town, const char *what, const uint64_t *offsets, struct err_detail *detail)
{
	struct checker checker = {.town = town, .what = what, .offsets = offsets, .detail = detail};
	struct network_checker road = {&checker, &town->road, offsetof(struct town, road)};
	struct network_checker walk = {&checker, &town->walk, offsetof(struct town, walk)};
	/* Columns first: the rest reads through their indices. Lengths need no check, so spots may come before their
	 * network. */
	int err = 0;
	for (uint32_t i = 0; !err && i < town_n_columns; i++)
		err = check_column(&checker, &town_columns[i]);
	if (!err)
		err = check_strings(&checker);
	if (!err)
		err = check_scalars(&checker);
	if (!err)
		err = check_network(&road);
	if (!err)
		err = check_network(&walk);
	if (!err)
		err = check_timetable(&checker);
	if (!err)
		err = check_needs(&checker);
	if (!err)
		err = check_profiles(&checker);
	return err ? err : check_addresses(&checker);
}
