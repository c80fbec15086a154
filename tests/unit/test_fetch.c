// link: zub_fetch zub_feed zub_compile zub_city zub_base
/* Feeds fetched beside the loop: settings, files, what is new and what is not. Servers: tests/system/test_feed.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "fetch.h"
#include "gtfs_text.h"

#define TOWN                                                                                                         \
	"== agency.txt\nagency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"                               \
	"== routes.txt\nroute_id,route_short_name,route_type\nR,1,3\n"                                               \
	"== calendar.txt\nservice_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n" \
	"all,1,1,1,1,1,1,1,20220101,20221231\n"                                                                      \
	"== stops.txt\nstop_id,stop_lat,stop_lon\na,49.40,8.60\nb,49.42,8.60\n"                                      \
	"== trips.txt\nroute_id,service_id,trip_id\nR,all,t\n"                                                       \
	"== stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence\n"                             \
	"t,a,8:00:00,8:00:00,1\nt,b,8:10:00,8:12:00,2\n"

static int reads(const char *text, struct fetch_settings *settings)
{
	struct err_detail detail = {""};
	return fetch_read_sources(settings, text, &detail);
}

static void sources_are_read(void **state)
{
	struct fetch_settings settings;
	char many[256] = "", long_one[FETCH_ADDRESS_MAX + 8];
	(void)state;
	assert_int_equal(reads("", &settings), 0);
	assert_int_equal(settings.n_sources, 0);
	assert_int_equal(reads("  vrn=https://example.org/tu?key=1  /var/feed.pb\n", &settings), 0);
	assert_int_equal(settings.n_sources, 2);
	assert_string_equal(settings.sources[0].feed, "vrn");
	assert_string_equal(settings.sources[0].address, "https://example.org/tu?key=1");
	assert_string_equal(settings.sources[1].feed, "");
	assert_string_equal(settings.sources[1].address, "/var/feed.pb");
	assert_int_equal(reads("https://example.org/a=b", &settings), 0);
	assert_string_equal(settings.sources[0].feed, "");
	assert_int_equal(reads("ftp://example.org/x", &settings), ERR_FORMAT);
	assert_int_equal(reads("gopher://x", &settings), ERR_FORMAT);
	assert_int_equal(reads("=x", &settings), ERR_FORMAT);
	assert_int_equal(reads("a=", &settings), ERR_FORMAT);
	assert_int_equal(reads("a_name_of_more_than_thirty_one_bytes=x", &settings), ERR_FORMAT);
	for (int i = 0; i < FETCH_SOURCES_MAX + 1; i++)
		strcat(many, "x ");
	assert_int_equal(reads(many, &settings), ERR_FULL);
	memset(long_one, 'x', sizeof long_one);
	long_one[sizeof long_one - 1] = 0;
	assert_int_equal(reads(long_one, &settings), ERR_FORMAT);
}

static void put(const char *path, const void *bytes, size_t n)
{
	char part[160];
	snprintf(part, sizeof part, "%s.new", path);
	FILE *file = fopen(part, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	fclose(file);
	assert_int_equal(rename(part, path), 0);
}

static struct fetch_result next(struct fetch *fetch)
{
	struct fetch_result result;
	for (int i = 0; i < 500; i++) {
		struct pollfd wait = {.fd = fetch_fd(fetch), .events = POLLIN};
		if (fetch_take(fetch, &result) == ERR_OK)
			return result;
		poll(&wait, 1, 20);
	}
	fail_msg("nothing came");
	return result;
}

/* Skips outcomes of before. */
static struct fetch_result until(struct fetch *fetch, enum fetch_outcome outcome)
{
	for (int i = 0; i < 100; i++) {
		struct fetch_result result = next(fetch);
		if (result.outcome == outcome)
			return result;
		feed_message_free(&result.message);
	}
	fail_msg("never %d", outcome);
	return (struct fetch_result){0};
}

static void a_file_is_followed(void **state)
{
	char folder[] = "/tmp/zub-poll-XXXXXX", path[64], big[2000] = {0};
	struct build build;
	struct fetch *fetch;
	struct err_detail detail = {""};
	uint8_t *bytes;
	size_t size;
	(void)state;
	gtfs_text_town(&build, TOWN);
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/live feed.pb", folder);
	struct fetch_settings settings = {.n_sources = 1, .every_ms = 10, .timeout_ms = 100, .bytes_max = 1000};
	snprintf(settings.sources[0].address, FETCH_ADDRESS_MAX, "file://%s/live%%20feed.pb", folder);
	assert_int_equal(fetch_open(&fetch, &settings, &build.town, &detail), 0);
	struct fetch_result result = until(fetch, FETCH_UNREACHABLE);
	assert_true(result.why[0] != 0);
	struct feed_trip_delay word = {
		.key = {.feed = "feed", .trip_id = "t", .start_s = -1, .yyyymmdd = 20220613, .stop_sequence = 1},
		.arrival_late_s = 60,
		.departure_late_s = 60};
	assert_int_equal(feed_encode_delays(&word, 1, 1655100000000, &bytes, &size, &detail), 0);
	put(path, bytes, size);
	result = until(fetch, FETCH_NEWS);
	assert_ptr_equal(result.town, &build.town);
	assert_int_equal(result.message.n_delays, 1);
	feed_message_free(&result.message);
	until(fetch, FETCH_UNCHANGED);
	put(path, big, sizeof big); /* too large */
	until(fetch, FETCH_GARBLED);
	put(path, "garbage", 7);
	until(fetch, FETCH_GARBLED);
	put(path, bytes, size); /* the same as long ago is news again */
	result = until(fetch, FETCH_NEWS);
	feed_message_free(&result.message);
	remove(path);
	until(fetch, FETCH_UNREACHABLE);
	assert_int_equal(mkdir(path, 0700), 0); /* not a file */
	until(fetch, FETCH_UNREACHABLE);
	fetch_close(fetch);
	free(bytes);
	remove(path);
	remove(folder);
	build_close(&build);
}

/* A feed whose timetable the town does not have, and a close while nothing was taken. */
static void no_such_timetable(void **state)
{
	struct build build;
	struct fetch *fetch;
	struct err_detail detail = {""};
	(void)state;
	gtfs_text_town(&build, TOWN);
	struct fetch_settings settings = {.n_sources = 1, .every_ms = 10, .timeout_ms = 100, .bytes_max = 1000};
	assert_int_equal(reads("other=/nowhere", &settings), 0);
	assert_int_equal(fetch_open(&fetch, &settings, &build.town, &detail), 0);
	struct fetch_result result = until(fetch, FETCH_GARBLED);
	assert_non_null(strstr(result.why, "other"));
	fetch_tell(fetch, &build.town, 1655100000000);
	fetch_close(fetch);
	build_close(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_read),
		cmocka_unit_test(a_file_is_followed),
		cmocka_unit_test(no_such_timetable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
