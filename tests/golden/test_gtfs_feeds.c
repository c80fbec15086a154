// link: zub_compile zub_city zub_base
/* The GTFS reader on real feeds: counts that were taken with other tools, and the column relations that searches rely
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gtfs.h"

static int path_of(char path[512], const char *file)
{
	const char *data = getenv("ZUB_DATA");
	snprintf(path, 512, "%s/%s", data ? data : "../shared/data", file);
	if (access(path, R_OK) == 0)
		return 1;
	print_message("skipped: %s is not there\n", path);
	return 0;
}

static void check_order(const struct timetable *t)
{
	for (uint32_t trip = 0; trip < t->n_trips; trip++) {
		assert_true(t->trip_first[trip + 1] >= t->trip_first[trip] + 2);
		for (uint32_t i = t->trip_first[trip]; i < t->trip_first[trip + 1]; i++) {
			assert_int_equal(t->event_trip[i], trip);
			assert_true(t->time_arrival_s[i] >= 0 && t->time_departure_s[i] >= t->time_arrival_s[i]);
			assert_true(t->time_stop[i] < t->n_stops);
			if (i == t->trip_first[trip])
				continue;
			assert_true(t->time_sequence[i] > t->time_sequence[i - 1]);
			assert_true(t->time_arrival_s[i] >= t->time_departure_s[i - 1]);
		}
	}
	assert_int_equal(t->trip_first[t->n_trips], t->n_stop_times);
	assert_int_equal(t->stop_first[t->n_stops], t->n_stop_times);
	for (uint32_t stop = 0; stop < t->n_stops; stop++)
		for (uint32_t i = t->stop_first[stop]; i < t->stop_first[stop + 1]; i++) {
			assert_int_equal(t->time_stop[t->stop_event[i]], stop);
			if (i > t->stop_first[stop])
				assert_true(t->time_departure_s[t->stop_event[i]] >=
					    t->time_departure_s[t->stop_event[i - 1]]);
		}
}

static void read_feed(struct build *build, const char *path, uint32_t stops, uint32_t routes, uint32_t trips,
		      uint32_t times)
{
	struct err_detail detail = {{0}};
	assert_int_equal(build_open(build), 0);
	int result = gtfs_build(build, &path, 1, &detail);
	if (result)
		print_error("%s\n", detail.text);
	assert_int_equal(result, 0);
	const struct timetable *t = &build->town.timetable;
	assert_int_equal(t->n_stops, stops);
	assert_int_equal(t->n_routes, routes);
	assert_int_equal(t->n_trips, trips);
	assert_int_equal(t->n_stop_times, times);
	assert_int_equal(build->report.n_kinds, 0);
	check_order(t);
}

/* First and last day on which any service runs. */
static void service_span(const struct timetable *t, uint32_t *ret_first, uint32_t *ret_last)
{
	*ret_first = *ret_last = 0;
	for (uint32_t day = 0; day < t->n_days; day++)
		for (uint32_t service = 0; service < t->n_services; service++)
			if (t->service_days[(size_t)service * t->n_day_words + day / 64] >> (day % 64) & 1) {
				*ret_first = *ret_first ? *ret_first : t->day_yyyymmdd[day];
				*ret_last = t->day_yyyymmdd[day];
			}
}

static void heidelberg(void **state)
{
	struct build build;
	char path[512];
	uint32_t first, last;
	(void)state;
	if (!path_of(path, "heidelberg/vrn_gtfs_cut.zip"))
		return;
	read_feed(&build, path, 392, 7, 1480, 46269);
	const struct timetable *t = &build.town.timetable;
	assert_int_equal(t->n_agencies, 3);
	assert_int_equal(t->n_services, 26);
	service_span(t, &first, &last);
	/* The calendar names 2022-06-12 .. 2022-12-10, and both ends are served. */
	assert_int_equal(first, 20220612);
	assert_int_equal(last, 20221210);
	uint32_t past_midnight = 0;
	for (uint32_t i = 0; i < t->n_stop_times; i++)
		past_midnight += t->time_arrival_s[i] >= 86400;
	assert_true(past_midnight > 100);
	build_close(&build);
}

static void boeblingen(void **state)
{
	struct build build;
	char path[512];
	(void)state;
	if (path_of(path, "boeblingen/vvs-bus-751-only.gtfs.zip")) {
		read_feed(&build, path, 47, 1, 134, 1495);
		assert_string_equal(build_text(&build, build.town.timetable.feed_name[0]), "vvs-bus-751-only.gtfs");
		assert_int_equal(build.town.timetable.route_color[0], 0xFF0000);
		build_close(&build);
	}
	if (path_of(path, "boeblingen/vvs-bus-764-only.gtfs.zip")) {
		read_feed(&build, path, 17, 1, 26, 271);
		build_close(&build);
	}
}

/* A real zip cut at every hundredth of its length is an error that names the file, and never a crash. */
static void cut_files(void **state)
{
	char path[512];
	(void)state;
	if (!path_of(path, "boeblingen/vvs-bus-764-only.gtfs.zip"))
		return;
	static char bytes[1 << 20];
	FILE *in = fopen(path, "rb");
	assert_non_null(in);
	size_t n = fread(bytes, 1, sizeof bytes, in);
	fclose(in);
	for (size_t part = 0; part < 200; part++) {
		char cut[] = "/tmp/zub-cut-XXXXXX";
		int file = mkstemp(cut);
		assert_true(file >= 0);
		size_t length = part < 100 ? n * part / 100 : n;
		if (part >= 100) /* the second hundred: whole length, one byte changed */
			bytes[n * (part - 100) / 100] = (char)(bytes[n * (part - 100) / 100] ^ 0x55);
		assert_int_equal(write(file, bytes, length), (ssize_t)length);
		close(file);
		if (part >= 100)
			bytes[n * (part - 100) / 100] = (char)(bytes[n * (part - 100) / 100] ^ 0x55);
		struct build build;
		struct err_detail detail = {{0}};
		const char *paths[] = {cut};
		assert_int_equal(build_open(&build), 0);
		int result = gtfs_build(&build, paths, 1, &detail);
		if (part < 100)
			assert_int_not_equal(result, 0);
		if (result)
			assert_non_null(strstr(detail.text, cut));
		build_close(&build);
		unlink(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heidelberg),
		cmocka_unit_test(boeblingen),
		cmocka_unit_test(cut_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
