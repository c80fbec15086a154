// link: zub_feed zub_gtfs_realtime_proto zub_transit zub_compile zub_city zub_base
/* Real GTFS-Realtime files, whole and damaged; and trip updates made here for the real Heidelberg timetable, taken
 * through the decoder into the timetable search and compared with what was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feed.h"
#include "gtfs-realtime.pb-c.h"
#include "gtfs_text.h"
#include "rng.h"
#include "transit.h"

static struct build build;
static struct feed *feed;
static int have_town;

static const char *data_path(const char *file)
{
	static char path[512];
	const char *data = getenv("ZUB_DATA");
	snprintf(path, sizeof path, "%s/%s", data ? data : "../shared/data", file);
	if (access(path, R_OK) == 0)
		return path;
	print_message("skipped: %s is not there\n", path);
	return NULL;
}

static int set_up(void **state)
{
	struct err_detail detail;
	const char *path = data_path("heidelberg/vrn_gtfs_cut.zip");
	(void)state;
	if (!path)
		return 0;
	have_town = 1;
	assert_int_equal(build_open(&build), 0);
	assert_int_equal(gtfs_build(&build, &path, 1, &detail), 0);
	assert_int_equal(build_finish_strings(&build), 0);
	return feed_open(&feed, &build.town, NULL, &detail);
}

static int tear_down(void **state)
{
	(void)state;
	if (have_town) {
		feed_close(feed);
		build_close(&build);
	}
	return 0;
}

static size_t load(const char *path, uint8_t **ret_bytes)
{
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	*ret_bytes = malloc(1 << 20);
	assert_non_null(*ret_bytes);
	size_t n = fread(*ret_bytes, 1, 1 << 20, in);
	fclose(in);
	return n;
}

static const struct {
	const char *file;
	uint32_t entities, trips, vehicles, alerts;
} files[] = {
	{"gtfs-realtime/bart-trip-updates.pb", 91, 91, 0, 0}, {"gtfs-realtime/bart-alerts.pb", 1, 0, 0, 1},
	{"gtfs-realtime/ct-trip-updates.pb", 19, 19, 0, 0},   {"gtfs-realtime/ct-vehicle-positions.pb", 14, 0, 14, 0},
	{"gtfs-realtime/ct-service-alerts.pb", 0, 0, 0, 0},   {"gtfs-realtime/example.pb", 26, 26, 0, 0},
};

/* None of these fits our timetable: they are read, counted, and nothing of them is believed. */
static void real_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(files) && have_town; i++) {
		uint8_t *bytes;
		struct feed_message message;
		struct err_detail detail;
		const char *path = data_path(files[i].file);
		if (!path)
			continue;
		size_t n = load(path, &bytes);
		assert_int_equal(feed_decode(feed, bytes, n, 1, &message, &detail), 0);
		assert_true(message.at > gtfs_text_utc(20120101, 0, 0, 0));
		assert_int_equal(message.n_entities, files[i].entities);
		assert_int_equal(message.n_trips, files[i].trips);
		assert_int_equal(message.n_vehicles, files[i].vehicles);
		assert_int_equal(message.n_alerts, files[i].alerts);
		assert_int_equal(message.n_delays, 0);
		assert_int_equal(message.n_trips_unknown + message.n_trips_added, files[i].trips);
		feed_message_free(&message);
		free(bytes);
	}
}

static void try_bytes(const uint8_t *bytes, size_t n)
{
	struct feed_message message;
	struct err_detail detail;
	uint8_t *exact = malloc(n + !n); /* so that a sanitizer sees any read past the end */
	assert_non_null(exact);
	memcpy(exact, bytes, n);
	if (feed_decode(feed, exact, n, 1, &message, &detail) == 0)
		feed_message_free(&message);
	free(exact);
}

static void damaged_files(void **state)
{
	struct rng rng;
	(void)state;
	rng_seed(&rng, 7);
	for (size_t i = 0; i < COUNT_OF(files) && have_town; i++) {
		uint8_t *bytes;
		const char *path = data_path(files[i].file);
		if (!path)
			continue;
		size_t n = load(path, &bytes);
		for (size_t cut = 0; cut < n; cut += 1 + n / 500)
			try_bytes(bytes, cut);
		for (int turn = 0; turn < 1000; turn++) {
			uint32_t at = rng_below(&rng, (uint32_t)n);
			uint8_t kept = bytes[at];
			bytes[at] = (uint8_t)rng_next(&rng);
			try_bytes(bytes, n);
			bytes[at] = kept;
		}
		free(bytes);
	}
	print_message("cut and changed files: seed 7\n");
}

/* ---- trip updates for Heidelberg ---- */

typedef TransitRealtime__TripUpdate__StopTimeUpdate StopUpdate;
typedef TransitRealtime__TripUpdate__StopTimeEvent StopEvent;

struct run {
	uint32_t trip, day;
	int32_t late_s; /* from event `from` on */
	uint32_t from;
	int cancelled, by_stop_id, by_time, without_date;
};

static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

static size_t pack_run(const struct run *run, instant_ms at, uint8_t bytes[4096])
{
	const struct timetable *t = &build.town.timetable;
	TransitRealtime__FeedMessage message = TRANSIT_REALTIME__FEED_MESSAGE__INIT;
	TransitRealtime__FeedHeader header = TRANSIT_REALTIME__FEED_HEADER__INIT;
	TransitRealtime__FeedEntity entity = TRANSIT_REALTIME__FEED_ENTITY__INIT, *entities[] = {&entity};
	TransitRealtime__TripUpdate update = TRANSIT_REALTIME__TRIP_UPDATE__INIT;
	TransitRealtime__TripDescriptor trip = TRANSIT_REALTIME__TRIP_DESCRIPTOR__INIT;
	StopUpdate stop = TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__INIT, *stops[] = {&stop};
	StopEvent departure = TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_EVENT__INIT;
	char date[16];
	snprintf(date, sizeof date, "%u", t->day_yyyymmdd[run->day]);
	header.gtfs_realtime_version = unconst("2.0");
	header.has_timestamp = 1;
	header.timestamp = (uint64_t)(at / 1000);
	message.header = &header;
	message.n_entity = 1;
	message.entity = entities;
	entity.id = unconst("1");
	entity.trip_update = &update;
	update.trip = &trip;
	trip.trip_id = unconst(town_text(&build.town, t->trip_id[run->trip]));
	trip.start_date = run->without_date ? NULL : date;
	trip.has_schedule_relationship = run->cancelled;
	trip.schedule_relationship = TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__CANCELED;
	update.n_stop_time_update = 1;
	update.stop_time_update = stops;
	stop.has_stop_sequence = !run->by_stop_id;
	stop.stop_sequence = t->time_sequence[run->from];
	stop.stop_id = run->by_stop_id ? unconst(town_text(&build.town, t->stop_id[t->time_stop[run->from]])) : NULL;
	stop.departure = &departure;
	departure.has_delay = !run->by_time;
	departure.delay = run->late_s;
	departure.has_time = run->by_time;
	departure.time = t->day_start[run->day] / 1000 + t->time_departure_s[run->from] + run->late_s;
	size_t n = transit_realtime__feed_message__get_packed_size(&message);
	assert_true(n <= 4096);
	return transit_realtime__feed_message__pack(&message, bytes);
}

/* The first time the trip calls at the stop of `event`: what a stop id without a sequence means. */
static uint32_t first_call(const struct timetable *t, uint32_t trip, uint32_t event)
{
	uint32_t first = t->trip_first[trip];
	while (t->time_stop[first] != t->time_stop[event])
		first++;
	return first;
}

static void check_run(const struct transit *transit, const struct run *run)
{
	const struct timetable *t = &build.town.timetable;
	for (uint32_t event = t->trip_first[run->trip]; event < t->trip_first[run->trip + 1]; event++) {
		instant_ms arrival, departure,
			planned = t->day_start[run->day] + t->time_departure_s[event] * SECOND_MS;
		assert_int_equal(transit_times(transit, event, run->day, &arrival, &departure), 0);
		if (run->cancelled)
			assert_int_equal(departure, INSTANT_NONE);
		else
			assert_int_equal(departure, planned + (event < run->from ? 0 : run->late_s) * SECOND_MS);
	}
}

static void made_for_heidelberg(void **state)
{
	const struct timetable *t = &build.town.timetable;
	struct rng rng;
	struct arena arena;
	struct transit *transit;
	uint32_t done = 0;
	(void)state;
	if (!have_town)
		return;
	rng_seed(&rng, 20220613);
	assert_int_equal(arena_open(&arena, transit_size(&build.town, 2000)), 0);
	assert_int_equal(transit_open(&transit, &build.town, 2000, &arena), 0);
	while (done < 1000) {
		struct run run = {rng_below(&rng, t->n_trips),
				  timetable_day(t, 20220612) + rng_below(&rng, 180),
				  (int32_t)rng_between(&rng, 0, 3600),
				  0,
				  rng_chance(&rng, 100),
				  rng_chance(&rng, 500),
				  rng_chance(&rng, 500),
				  rng_chance(&rng, 500)};
		uint8_t bytes[4096];
		struct feed_message message;
		struct err_detail detail;
		if (!timetable_runs(t, run.trip, run.day))
			continue;
		uint32_t first = t->trip_first[run.trip], length = t->trip_first[run.trip + 1] - first;
		run.from = first + rng_below(&rng, length);
		if (run.by_stop_id)
			run.from = first_call(t, run.trip, run.from);
		instant_ms at = t->day_start[run.day] + t->time_departure_s[run.from] * SECOND_MS;
		assert_int_equal(feed_decode(feed, bytes, pack_run(&run, at, bytes), 0, &message, &detail), 0);
		assert_int_equal(message.n_delays, 1);
		const struct feed_trip_delay *delay = &message.delays[0];
		assert_int_equal(delay->key.yyyymmdd, t->day_yyyymmdd[run.day]);
		/* The same run may be drawn twice: what the feed says last holds from its stop on. */
		assert_int_equal(transit_delay(transit, &(struct trip_key){.start_s = -1}, 0, 0, 0), ERR_NOT_FOUND);
		transit_forget(transit);
		assert_int_equal(transit_delay(transit, &delay->key, delay->arrival_late_s, delay->departure_late_s,
					       delay->cancelled),
				 0);
		check_run(transit, &run);
		feed_message_free(&message);
		done++;
	}
	print_message("1000 trip updates (seed 20220613)\n");
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_files),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(made_for_heidelberg),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
