#include "gtfs_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void model_close(struct model *model)
{
	struct model_index *indices[] = {&model->agency_of, &model->stop_of, &model->route_of, &model->service_of,
					 &model->trip_of};
	for (size_t i = 0; i < COUNT_OF(indices); i++)
		free(indices[i]->row);
	free(model->feeds);
	free(model->agencies);
	free(model->stops);
	free(model->routes);
	free(model->services);
	free(model->exceptions);
	free(model->trips);
	free(model->times);
	free(model->frequencies);
	free(model->transfers);
}

/* The key of a feed: its file's name without folder and last extension. */
static int feed_name(struct model *model, const char *path, uint32_t *ret_name)
{
	char name[256];
	const char *end = path + strlen(path);
	while (end > path + 1 && end[-1] == '/')
		end--;
	const char *from = end;
	while (from > path && from[-1] != '/')
		from--;
	const char *dot = memrchr(from, '.', (size_t)(end - from));
	if (dot && dot > from)
		end = dot;
	struct trip_key key;
	if (end == from || (size_t)(end - from) >= sizeof key.feed)
		return err_set(model->detail, ERR_RANGE,
			       "%s: the file's name is the feed's key: expected 1 to %zu bytes before the extension",
			       path, sizeof key.feed - 1);
	snprintf(name, sizeof name, "%.*s", (int)(end - from), from);
	*ret_name = build_string(model->build, name);
	if (*ret_name == NONE)
		return model_memory(model);
	for (size_t i = 0; i < model->n_feeds; i++)
		if (model->feeds[i].name == *ret_name)
			return err_set(model->detail, ERR_EXISTS, "%s: two feeds with the name %s", path, name);
	return 0;
}

static void feed_begin(struct model *model, const char *path)
{
	struct model_index *indices[] = {&model->agency_of, &model->stop_of, &model->route_of, &model->service_of,
					 &model->trip_of};
	for (size_t i = 0; i < COUNT_OF(indices); i++)
		indices[i]->n = 0; /* ids belong to a feed */
	model->feed = (uint32_t)model->n_feeds - 1;
	model->feed_path = path;
	model->feed_agencies = model->n_agencies;
	model->feed_stops = model->n_stops;
	model->feed_trips = model->n_trips;
	model->feed_times = model->n_times;
	model->last_trip = NONE;
}

static int feed_read(struct model *model, const char *path)
{
	struct model_feed feed = {0};
	struct gtfs_source *source = NULL;
	int result = feed_name(model, path, &feed.name);
	if (result)
		return result;
	if (array_push(model->feeds, model->n_feeds, model->cap_feeds, feed))
		return model_memory(model);
	feed_begin(model, path);
	result = gtfs_source_open(&source, path, model->detail);
	if (!result)
		result = gtfs_rows_read(model, source);
	gtfs_source_close(source);
	return result ? result : gtfs_trips_finish(model);
}

/* The day table lies around the middle of all service days. */
static int days_make(struct model *model)
{
	int32_t first = INT32_MAX, last = INT32_MIN;
	struct town *town = &model->build->town;
	for (size_t i = 0; i < model->n_services; i++) {
		const struct model_service *service = &model->services[i];
		if (service->first_day > service->last_day)
			continue;
		first = service->first_day < first ? service->first_day : first;
		last = service->last_day > last ? service->last_day : last;
	}
	for (size_t i = 0; i < model->n_exceptions; i++) {
		first = model->exceptions[i].day < first ? model->exceptions[i].day : first;
		last = model->exceptions[i].day > last ? model->exceptions[i].day : last;
	}
	if (first > last)
		return err_set(model->detail, ERR_FORMAT, "%s: expected at least one day of service", model->feed_path);
	if (build_text(model->build, town->time_zone)[0] == '\0')
		town->time_zone = model->feeds[0].time_zone;
	return gtfs_build_days(model->build, gtfs_day_yyyymmdd(first + (last - first) / 2), model->detail);
}

/* Times of a feed are meant in its own zone; the town has one. */
static int zones_check(struct model *model)
{
	for (size_t i = 0; i < model->n_feeds; i++) {
		const char *zone = build_text(model->build, model->feeds[i].time_zone);
		int same = 1;
		int result = model->feeds[i].time_zone == model->build->town.time_zone
				     ? 0
				     : gtfs_days_same(model->build, zone, model->detail, &same);
		if (result)
			return result;
		if (!same)
			return err_set(model->detail, ERR_CONFLICT,
				       "feed %s: its time zone %s has other clocks than the town's, %s",
				       build_text(model->build, model->feeds[i].name), zone,
				       build_text(model->build, model->build->town.time_zone));
	}
	return 0;
}

/* Whom a feed is owed to: its attributions, else its publisher, else its agencies. */
static void feed_credit(const struct model *model, uint32_t feed, char *ret_text, size_t size)
{
	uint32_t credit =
		model->feeds[feed].attribution ? model->feeds[feed].attribution : model->feeds[feed].publisher;
	size_t used = 0;
	ret_text[0] = '\0';
	if (credit) {
		snprintf(ret_text, size, "%s", build_text(model->build, credit));
		return;
	}
	for (size_t i = 0; i < model->n_agencies; i++) {
		const char *name = build_text(model->build, model->agencies[i].name);
		if (model->agencies[i].feed != feed || used + strlen(name) + 3 > size)
			continue;
		used += (size_t)snprintf(ret_text + used, size - used, "%s%s", used ? ", " : "", name);
	}
}

static int attribution_make(struct model *model)
{
	char joined[2048], credit[512];
	struct town *town = &model->build->town;
	size_t used = (size_t)snprintf(joined, sizeof joined, "%.1000s", build_text(model->build, town->attribution));
	for (uint32_t i = 0; i < model->n_feeds; i++) {
		feed_credit(model, i, credit, sizeof credit);
		if (credit[0] == '\0' || strstr(joined, credit) || used + strlen(credit) + 16 > sizeof joined)
			continue;
		used += (size_t)snprintf(joined + used, sizeof joined - used, "%stimetable: %s", used ? "; " : "",
					 credit);
	}
	town->attribution = build_string(model->build, joined);
	return town->attribution == NONE ? model_memory(model) : 0;
}

int gtfs_build(struct build *build, const char *const *paths, uint32_t n_paths, struct err_detail *detail)
{
	struct model model = {.build = build, .detail = detail};
	int result = n_paths ? 0 : err_set(detail, ERR_USAGE, "GTFS: expected at least one feed");
	for (uint32_t i = 0; i < n_paths && !result; i++)
		result = feed_read(&model, paths[i]);
	if (!result)
		result = days_make(&model);
	if (!result)
		result = zones_check(&model);
	if (!result)
		result = gtfs_columns_make(&model);
	if (!result)
		result = attribution_make(&model);
	model_close(&model);
	return result;
}
