/* The model as the sorted columns of build->town.timetable, and the links from stops to the streets. */
#include "gtfs_model.h"

#include <stdlib.h>
#include <string.h>

#define LINK_MAX_MM 300000u

/* Rows of one table in their final order: by feed, then id, then start. */
struct order {
	uint32_t *row;	  /* [n] column index -> model index */
	uint32_t *column; /* [model rows] model index -> column index, NONE = left out */
	uint32_t n;
};
struct sort_key {
	uint32_t feed, id, row;
	int32_t start_s;
};

static int by_key(const void *left, const void *right, void *context)
{
	const struct sort_key *a = left, *b = right;
	if (a->feed != b->feed)
		return a->feed < b->feed ? -1 : 1;
	int differ = a->id == b->id ? 0 : strcmp(build_text(context, a->id), build_text(context, b->id));
	if (differ)
		return differ;
	if (a->start_s != b->start_s)
		return a->start_s < b->start_s ? -1 : 1;
	return a->row < b->row ? -1 : a->row > b->row;
}

static int order_make(struct model *model, struct order *order, struct sort_key *keys, size_t n_keys, size_t n_rows)
{
	if (n_keys)
		qsort_r(keys, n_keys, sizeof *keys, by_key, model->build);
	order->n = (uint32_t)n_keys;
	order->row = build_alloc(model->build, n_keys + 1, sizeof *order->row);
	order->column = build_alloc(model->build, n_rows + 1, sizeof *order->column);
	if (!order->row || !order->column)
		return model_memory(model);
	memset(order->column, 0xFF, (n_rows + 1) * sizeof *order->column);
	for (uint32_t i = 0; i < order->n; i++) {
		order->row[i] = keys[i].row;
		order->column[keys[i].row] = i;
	}
	return 0;
}

#define ORDER(model, table, order, start, leave_out)                                                               \
	do {                                                                                                       \
		struct sort_key *keys_ = calloc((model)->n_##table + 1, sizeof *keys_);                            \
		size_t n_ = 0;                                                                                     \
		if (!keys_)                                                                                        \
			return model_memory(model);                                                                \
		for (uint32_t i = 0; i < (model)->n_##table; i++)                                                  \
			if (!(leave_out))                                                                          \
				keys_[n_++] =                                                                      \
					(struct sort_key){(model)->table[i].feed, (model)->table[i].id, i, start}; \
		int result_ = order_make(model, order, keys_, n_, (model)->n_##table);                             \
		free(keys_);                                                                                       \
		if (result_)                                                                                       \
			return result_;                                                                            \
	} while (0)

struct orders {
	struct order agencies, stops, routes, services, trips;
};

static int orders_make(struct model *model, struct orders *orders)
{
	ORDER(model, agencies, &orders->agencies, 0, 0);
	ORDER(model, stops, &orders->stops, 0, model->stops[i].dropped);
	ORDER(model, routes, &orders->routes, 0, 0);
	ORDER(model, services, &orders->services, 0, 0);
	ORDER(model, trips, &orders->trips, model->trips[i].start_s,
	      model->trips[i].dropped || model->trips[i].frequent);
	return 0;
}

/* A new column: kept by the build, seen by the timetable, returned to be filled. */
#define COLUMN(type, name, n)                                                  \
	type *name = build_alloc(model->build, (size_t)(n) + 1, sizeof *name); \
	timetable->name = name

static int feeds_make(struct model *model, struct timetable *timetable)
{
	uint32_t n = (uint32_t)model->n_feeds;
	COLUMN(uint32_t, feed_name, n);
	COLUMN(uint32_t, feed_publisher, n);
	COLUMN(uint32_t, feed_version, n);
	COLUMN(uint32_t, feed_time_zone, n);
	COLUMN(uint8_t, feed_invented, n);
	if (!feed_name || !feed_publisher || !feed_version || !feed_time_zone || !feed_invented)
		return model_memory(model);
	for (uint32_t i = 0; i < n; i++) {
		feed_name[i] = model->feeds[i].name;
		feed_publisher[i] = model->feeds[i].publisher;
		feed_version[i] = model->feeds[i].version;
		feed_time_zone[i] = model->feeds[i].time_zone;
		feed_invented[i] = model->feeds[i].invented;
	}
	timetable->n_feeds = n;
	return 0;
}

static int agencies_make(struct model *model, struct timetable *timetable, const struct order *order)
{
	COLUMN(uint32_t, agency_feed, order->n);
	COLUMN(uint32_t, agency_id, order->n);
	COLUMN(uint32_t, agency_name, order->n);
	if (!agency_feed || !agency_id || !agency_name)
		return model_memory(model);
	for (uint32_t i = 0; i < order->n; i++) {
		const struct model_agency *agency = &model->agencies[order->row[i]];
		agency_feed[i] = agency->feed;
		agency_id[i] = agency->id;
		agency_name[i] = agency->name;
	}
	timetable->n_agencies = order->n;
	return 0;
}

/* The nearest spot of a network, NONE when there is none within reach. */
static struct spot link_spot(struct model *model, const struct network *network, struct geo_point point, int stopping)
{
	struct geo_xy xy;
	struct snap snap;
	struct build *build = model->build;
	if (network->n_arcs == 0 || !build->projection || projection_forward(build->projection, point, &xy) ||
	    network_snap(network, 0, xy, LINK_MAX_MM, stopping, &snap, 1) == 0)
		return (struct spot){NONE, 0};
	return snap.spot;
}

static int links_make(struct model *model, struct timetable *timetable)
{
	uint32_t n = timetable->n_stops;
	COLUMN(struct spot, stop_road, n);
	COLUMN(struct spot, stop_walk, n);
	if (!stop_road || !stop_walk)
		return model_memory(model);
	for (uint32_t i = 0; i < n; i++) {
		stop_road[i] = link_spot(model, &model->build->town.road, timetable->stop_point[i], 1);
		stop_walk[i] = link_spot(model, &model->build->town.walk, timetable->stop_point[i], 0);
		const char *id = build_text(model->build, timetable->stop_id[i]);
		const char *feed = build_text(model->build, model->feeds[timetable->stop_feed[i]].name);
		if (stop_road[i].arc == NONE && model->build->town.road.n_arcs)
			report_add(&model->build->report, "stop far from any road (kept without a road link)",
				   "%s: stop %s", feed, id);
		if (stop_walk[i].arc == NONE && model->build->town.walk.n_arcs)
			report_add(&model->build->report, "stop far from any footpath (kept without a walk link)",
				   "%s: stop %s", feed, id);
	}
	return 0;
}

static int stops_make(struct model *model, struct timetable *timetable, const struct order *order)
{
	COLUMN(uint32_t, stop_feed, order->n);
	COLUMN(uint32_t, stop_id, order->n);
	COLUMN(uint32_t, stop_name, order->n);
	COLUMN(uint32_t, stop_platform, order->n);
	COLUMN(uint32_t, stop_parent, order->n);
	COLUMN(uint8_t, stop_type, order->n);
	COLUMN(uint8_t, stop_wheelchair, order->n);
	COLUMN(struct geo_point, stop_point, order->n);
	if (!stop_feed || !stop_id || !stop_name || !stop_platform || !stop_parent || !stop_type || !stop_wheelchair ||
	    !stop_point)
		return model_memory(model);
	for (uint32_t i = 0; i < order->n; i++) {
		const struct model_stop *stop = &model->stops[order->row[i]];
		stop_feed[i] = stop->feed;
		stop_id[i] = stop->id;
		stop_name[i] = stop->name;
		stop_platform[i] = stop->platform;
		stop_parent[i] = stop->parent == NONE ? NONE : order->column[stop->parent];
		stop_type[i] = stop->type;
		stop_wheelchair[i] = stop->wheelchair;
		stop_point[i] = stop->point;
	}
	timetable->n_stops = order->n;
	return links_make(model, timetable);
}

static int routes_make(struct model *model, struct timetable *timetable, const struct orders *orders)
{
	const struct order *order = &orders->routes;
	COLUMN(uint32_t, route_feed, order->n);
	COLUMN(uint32_t, route_agency, order->n);
	COLUMN(uint32_t, route_id, order->n);
	COLUMN(uint32_t, route_short_name, order->n);
	COLUMN(uint32_t, route_long_name, order->n);
	COLUMN(uint16_t, route_type, order->n);
	COLUMN(uint32_t, route_color, order->n);
	if (!route_feed || !route_agency || !route_id || !route_short_name || !route_long_name || !route_type ||
	    !route_color)
		return model_memory(model);
	for (uint32_t i = 0; i < order->n; i++) {
		const struct model_route *route = &model->routes[order->row[i]];
		route_feed[i] = route->feed;
		route_agency[i] = orders->agencies.column[route->agency];
		route_id[i] = route->id;
		route_short_name[i] = route->short_name;
		route_long_name[i] = route->long_name;
		route_type[i] = route->type;
		route_color[i] = route->color;
	}
	timetable->n_routes = order->n;
	return 0;
}

/* Sets the bits of days first .. last of the day table that fall on the weekdays; tells whether all lie inside. */
static int weekly_days(const struct model_service *service, const struct timetable *timetable, uint64_t *words)
{
	int32_t start = gtfs_day_number(timetable->day_yyyymmdd[0]);
	int inside = 1;
	for (int32_t day = service->first_day; day <= service->last_day; day++) {
		int weekday = (int)((day + 3) % 7); /* 1970-01-01 was a Thursday */
		int64_t at = (int64_t)day - start;
		if (!(service->weekdays >> (weekday < 0 ? weekday + 7 : weekday) & 1))
			continue;
		if (at < 0 || at >= (int64_t)timetable->n_days)
			inside = 0;
		else
			words[at / 64] |= UINT64_C(1) << (at % 64);
	}
	return inside;
}

static void day_outside(struct model *model, const struct model_service *service)
{
	report_add(&model->build->report, "service days outside the 20 years of the day table (left out)",
		   "%s: service %s", build_text(model->build, model->feeds[service->feed].name),
		   build_text(model->build, service->id));
}

static void exceptions_apply(struct model *model, const struct timetable *timetable, const struct order *order,
			     uint64_t *days)
{
	int32_t start = gtfs_day_number(timetable->day_yyyymmdd[0]);
	for (size_t i = 0; i < model->n_exceptions; i++) {
		const struct model_exception *exception = &model->exceptions[i];
		int64_t at = (int64_t)exception->day - start;
		uint64_t *words = days + (size_t)order->column[exception->service] * timetable->n_day_words;
		if (at < 0 || at >= (int64_t)timetable->n_days)
			day_outside(model, &model->services[exception->service]);
		else if (exception->runs)
			words[at / 64] |= UINT64_C(1) << (at % 64);
		else
			words[at / 64] &= ~(UINT64_C(1) << (at % 64));
	}
}

static int services_make(struct model *model, struct timetable *timetable, const struct order *order)
{
	COLUMN(uint32_t, service_feed, order->n);
	COLUMN(uint32_t, service_id, order->n);
	COLUMN(uint64_t, service_days, (size_t)order->n * timetable->n_day_words);
	if (!service_feed || !service_id || !service_days)
		return model_memory(model);
	for (uint32_t i = 0; i < order->n; i++) {
		const struct model_service *service = &model->services[order->row[i]];
		service_feed[i] = service->feed;
		service_id[i] = service->id;
		if (!weekly_days(service, timetable, service_days + (size_t)i * timetable->n_day_words))
			day_outside(model, service);
	}
	exceptions_apply(model, timetable, order, service_days);
	timetable->n_services = order->n;
	return 0;
}

static int trips_make(struct model *model, struct timetable *timetable, const struct orders *orders)
{
	const struct order *order = &orders->trips;
	uint64_t n_times = 0;
	COLUMN(uint32_t, trip_feed, order->n);
	COLUMN(uint32_t, trip_id, order->n);
	COLUMN(uint32_t, trip_route, order->n);
	COLUMN(uint32_t, trip_service, order->n);
	COLUMN(uint32_t, trip_headsign, order->n);
	COLUMN(uint32_t, trip_short_name, order->n);
	COLUMN(int32_t, trip_start_s, order->n);
	COLUMN(uint8_t, trip_wheelchair, order->n);
	COLUMN(uint8_t, trip_direction, order->n);
	COLUMN(uint32_t, trip_first, (size_t)order->n + 1);
	if (!trip_feed || !trip_id || !trip_route || !trip_service || !trip_headsign || !trip_short_name ||
	    !trip_start_s || !trip_wheelchair || !trip_direction || !trip_first)
		return model_memory(model);
	for (uint32_t i = 0; i < order->n; i++) {
		const struct model_trip *trip = &model->trips[order->row[i]];
		trip_feed[i] = trip->feed;
		trip_id[i] = trip->id;
		trip_route[i] = orders->routes.column[trip->route];
		trip_service[i] = orders->services.column[trip->service];
		trip_headsign[i] = trip->headsign;
		trip_short_name[i] = trip->short_name;
		trip_start_s[i] = trip->start_s;
		trip_wheelchair[i] = trip->wheelchair;
		trip_direction[i] = trip->direction;
		n_times += trip->n_times;
		trip_first[i + 1] = (uint32_t)n_times;
	}
	if (n_times > GTFS_TIMES_MAX)
		return err_set(model->detail, ERR_RANGE, "GTFS: more than %u stop times", GTFS_TIMES_MAX);
	timetable->n_trips = order->n;
	timetable->n_stop_times = (uint32_t)n_times;
	return 0;
}

static int times_make(struct model *model, struct timetable *timetable, const struct orders *orders)
{
	uint32_t n = timetable->n_stop_times;
	COLUMN(uint32_t, time_stop, n);
	COLUMN(uint32_t, time_sequence, n);
	COLUMN(int32_t, time_arrival_s, n);
	COLUMN(int32_t, time_departure_s, n);
	COLUMN(uint8_t, time_pickup, n);
	COLUMN(uint8_t, time_dropoff, n);
	COLUMN(uint32_t, event_trip, n);
	if (!time_stop || !time_sequence || !time_arrival_s || !time_departure_s || !time_pickup || !time_dropoff ||
	    !event_trip)
		return model_memory(model);
	for (uint32_t i = 0; i < timetable->n_trips; i++) {
		const struct model_trip *trip = &model->trips[orders->trips.row[i]];
		for (uint32_t k = 0; k < trip->n_times; k++) {
			const struct model_time *time = &model->times[trip->first_time + k];
			uint32_t to = timetable->trip_first[i] + k;
			time_stop[to] = orders->stops.column[time->stop];
			time_sequence[to] = time->sequence;
			time_arrival_s[to] = time->arrival_s + trip->shift_s;
			time_departure_s[to] = time->departure_s + trip->shift_s;
			time_pickup[to] = time->pickup;
			time_dropoff[to] = time->dropoff;
			event_trip[to] = i;
		}
	}
	return 0;
}

static int by_departure(const void *left, const void *right, void *context)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	const int32_t *departure_s = context;
	if (departure_s[a] != departure_s[b])
		return departure_s[a] < departure_s[b] ? -1 : 1;
	return a < b ? -1 : a > b;
}

static int events_make(struct model *model, struct timetable *timetable)
{
	COLUMN(uint32_t, stop_first, (size_t)timetable->n_stops + 1);
	COLUMN(uint32_t, stop_event, timetable->n_stop_times);
	uint32_t *fill = calloc((size_t)timetable->n_stops + 1, sizeof *fill);
	if (!stop_first || !stop_event || !fill) {
		free(fill);
		return model_memory(model);
	}
	for (uint32_t i = 0; i < timetable->n_stop_times; i++)
		stop_first[timetable->time_stop[i] + 1]++;
	for (uint32_t i = 0; i < timetable->n_stops; i++)
		stop_first[i + 1] += stop_first[i];
	memcpy(fill, stop_first, ((size_t)timetable->n_stops + 1) * sizeof *fill);
	for (uint32_t i = 0; i < timetable->n_stop_times; i++)
		stop_event[fill[timetable->time_stop[i]]++] = i;
	free(fill);
	for (uint32_t i = 0; i < timetable->n_stops; i++)
		if (stop_first[i + 1] > stop_first[i] + 1)
			qsort_r(stop_event + stop_first[i], stop_first[i + 1] - stop_first[i], sizeof *stop_event,
				by_departure, (void *)(uintptr_t)timetable->time_departure_s);
	return 0;
}

static int by_stops(const void *left, const void *right)
{
	const struct model_transfer *a = left, *b = right;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	return a->type < b->type ? -1 : a->type > b->type;
}

/* Of several rows for the same two stops the quickest counts. */
static int transfers_make(struct model *model, struct timetable *timetable, const struct order *stops)
{
	uint32_t n = (uint32_t)model->n_transfers, to = 0;
	COLUMN(uint32_t, transfer_from, n);
	COLUMN(uint32_t, transfer_to, n);
	COLUMN(uint32_t, transfer_s, n);
	COLUMN(uint8_t, transfer_type, n);
	if (!transfer_from || !transfer_to || !transfer_s || !transfer_type)
		return model_memory(model);
	for (uint32_t i = 0; i < n; i++) {
		model->transfers[i].from = stops->column[model->transfers[i].from];
		model->transfers[i].to = stops->column[model->transfers[i].to];
	}
	if (n)
		qsort(model->transfers, n, sizeof *model->transfers, by_stops);
	for (uint32_t i = 0; i < n; i++) {
		const struct model_transfer *transfer = &model->transfers[i];
		if (to > 0 && transfer_from[to - 1] == transfer->from && transfer_to[to - 1] == transfer->to)
			continue;
		transfer_from[to] = transfer->from;
		transfer_to[to] = transfer->to;
		transfer_s[to] = transfer->seconds;
		transfer_type[to] = transfer->type;
		to++;
	}
	timetable->n_transfers = to;
	return 0;
}

int gtfs_columns_make(struct model *model)
{
	struct timetable *timetable = &model->build->town.timetable;
	struct orders orders = {0};
	int result = orders_make(model, &orders);
	if (!result)
		result = feeds_make(model, timetable);
	if (!result)
		result = agencies_make(model, timetable, &orders.agencies);
	if (!result)
		result = stops_make(model, timetable, &orders.stops);
	if (!result)
		result = routes_make(model, timetable, &orders);
	if (!result)
		result = services_make(model, timetable, &orders.services);
	if (!result)
		result = trips_make(model, timetable, &orders);
	if (!result)
		result = times_make(model, timetable, &orders);
	if (!result)
		result = events_make(model, timetable);
	return result ? result : transfers_make(model, timetable, &orders.stops);
}
