/* Per feed: stop times in order, missing times filled, trips that contradict themselves left out, frequencies expanded.
 */
#include "gtfs_model.h"

#include <stdlib.h>

static void drop(struct model *model, struct model_trip *trip, const char *kind, const char *table, uint32_t line)
{
	trip->dropped = 1;
	model_report(model, kind, table, line, build_text(model->build, trip->id));
}

static int by_trip_and_sequence(const void *left, const void *right)
{
	const struct model_time *a = left, *b = right;
	if (a->trip != b->trip)
		return a->trip < b->trip ? -1 : 1;
	if (a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* One time of the two given counts for both. */
static void fill_pairs(struct model_time *times, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (times[i].arrival_s == GTFS_TIME_MISSING)
			times[i].arrival_s = times[i].departure_s;
		if (times[i].departure_s == GTFS_TIME_MISSING)
			times[i].departure_s = times[i].arrival_s;
	}
}

/* The first row that comes too early, or repeats a sequence; NULL = in order. Missing times are jumped over. */
static const struct model_time *disorder(const struct model_time *times, uint32_t n)
{
	int32_t latest = GTFS_TIME_MISSING;
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && times[i].sequence == times[i - 1].sequence)
			return &times[i];
		if (times[i].arrival_s == GTFS_TIME_MISSING)
			continue;
		if (times[i].arrival_s < latest || times[i].departure_s < times[i].arrival_s)
			return &times[i];
		latest = times[i].departure_s;
	}
	return NULL;
}

/* How far row i is along the gap first .. last: by travelled distance where every row has it, else by the line from
 * stop to stop, else by count. */
static uint64_t along(const struct model *model, const struct model_time *times, uint32_t first, uint32_t i, int how)
{
	uint64_t sum = 0;
	if (how == 0)
		return (uint64_t)((times[i].travelled - times[first].travelled) * 1000.0);
	if (how == 2)
		return i - first;
	for (uint32_t k = first; k < i; k++)
		sum += geo_rough_mm(model->stops[times[k].stop].point, model->stops[times[k + 1].stop].point);
	return sum;
}

static int how_along(const struct model *model, const struct model_time *times, uint32_t first, uint32_t last)
{
	int travelled = 1;
	for (uint32_t i = first; i <= last; i++)
		travelled &= times[i].travelled >= 0 && (i == first || times[i].travelled >= times[i - 1].travelled);
	if (travelled && along(model, times, first, last, 0) > 0)
		return 0;
	return along(model, times, first, last, 1) > 0 ? 1 : 2;
}

static void interpolate_gap(const struct model *model, struct model_time *times, uint32_t first, uint32_t last)
{
	int how = how_along(model, times, first, last);
	uint64_t whole = along(model, times, first, last, how);
	uint64_t seconds = (uint64_t)(times[last].arrival_s - times[first].departure_s);
	for (uint32_t i = first + 1; i < last; i++) {
		uint64_t part = along(model, times, first, i, how);
		times[i].arrival_s = times[first].departure_s + (int32_t)(seconds * part / whole);
		times[i].departure_s = times[i].arrival_s;
	}
}

static void interpolate(const struct model *model, struct model_time *times, uint32_t n)
{
	uint32_t known = 0;
	for (uint32_t i = 1; i < n; i++) {
		if (times[i].arrival_s == GTFS_TIME_MISSING)
			continue;
		if (i > known + 1)
			interpolate_gap(model, times, known, i);
		known = i;
	}
}

static void trip_finish(struct model *model, struct model_trip *trip)
{
	uint32_t n = trip->n_times;
	if (trip->dropped)
		return;
	if (n < 2) {
		drop(model, trip, n ? "trip with a single stop (left out)" : "trip without stop times (left out)",
		     "trips.txt", trip->line);
		return;
	}
	struct model_time *times = model->times + trip->first_time;
	fill_pairs(times, n);
	const struct model_time *wrong = disorder(times, n);
	if (wrong)
		drop(model, trip, "trip out of order (left out)", "stop_times.txt", wrong->line);
	else if (times[0].arrival_s == GTFS_TIME_MISSING)
		drop(model, trip, "trip without a first or last time (left out)", "stop_times.txt", times[0].line);
	else if (times[n - 1].arrival_s == GTFS_TIME_MISSING)
		drop(model, trip, "trip without a first or last time (left out)", "stop_times.txt", times[n - 1].line);
	else
		interpolate(model, times, n);
}

static int by_trip_and_start(const void *left, const void *right)
{
	const struct model_frequency *a = left, *b = right;
	if (a->trip != b->trip)
		return a->trip < b->trip ? -1 : 1;
	if (a->first_s != b->first_s)
		return a->first_s < b->first_s ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static int expand(struct model *model, const struct model_frequency *frequency, int32_t *latest_s, size_t *runs,
		  size_t *stop_times)
{
	struct model_trip pattern = model->trips[frequency->trip];
	for (int64_t start = frequency->first_s; start < frequency->last_s; start += frequency->headway_s) {
		struct model_trip run = pattern;
		if (start <= *latest_s) {
			model_report(model, "frequencies that overlap (later one left out)", "frequencies.txt",
				     frequency->line, build_text(model->build, run.id));
			return 0;
		}
		*stop_times += run.n_times;
		if (++*runs > GTFS_RUNS_MAX || *stop_times > GTFS_TIMES_MAX)
			return err_set(model->detail, ERR_RANGE,
				       "%s: frequencies.txt line %u: expands to more than %u runs", model->feed_path,
				       frequency->line, GTFS_RUNS_MAX);
		run.frequent = 0;
		run.start_s = *latest_s = (int32_t)start;
		run.shift_s = (int32_t)start - model->times[run.first_time].departure_s;
		if (array_push(model->trips, model->n_trips, model->cap_trips, run))
			return model_memory(model);
	}
	return 0;
}

static int frequencies_expand(struct model *model)
{
	uint32_t trip = NONE;
	int32_t latest_s = -1;
	size_t stop_times = model->n_times, runs = 0;
	if (model->n_frequencies)
		qsort(model->frequencies, model->n_frequencies, sizeof *model->frequencies, by_trip_and_start);
	for (size_t i = 0; i < model->n_frequencies; i++) {
		const struct model_frequency *frequency = &model->frequencies[i];
		if (frequency->trip != trip)
			latest_s = -1;
		trip = frequency->trip;
		if (model->trips[trip].dropped)
			continue;
		int result = expand(model, frequency, &latest_s, &runs, &stop_times);
		if (result)
			return result;
	}
	model->n_frequencies = 0;
	return 0;
}

int gtfs_trips_finish(struct model *model)
{
	struct model_time *times = model->times;
	if (model->n_times > model->feed_times)
		qsort(times + model->feed_times, model->n_times - model->feed_times, sizeof *times,
		      by_trip_and_sequence);
	for (size_t i = model->feed_times; i < model->n_times; i++) {
		struct model_trip *trip = &model->trips[times[i].trip];
		if (trip->n_times++ == 0)
			trip->first_time = (uint32_t)i;
	}
	for (size_t i = model->feed_trips; i < model->n_trips; i++)
		trip_finish(model, &model->trips[i]);
	return frequencies_expand(model);
}
