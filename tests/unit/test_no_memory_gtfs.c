// link: zub_feed zub_compile zub_city zub_base -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
/* Each allocation of the GTFS reader, the invented timetable and the live feeds fails once: "out of memory" comes back,
 * or what was asked for; nothing leaks (under the address sanitizer) and no output is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feed.h"
#include "gtfs_text.h"

static long until_failure = -1; /* -1 = never */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);

/* A run in which no allocation failed any more is the last one; some failures are got over (libcsv asks for less). */
static int all_done(void)
{
	int done = until_failure >= 0;
	until_failure = -1;
	return done;
}

static int fails(void)
{
	if (until_failure < 0)
		return 0;
	return until_failure-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

static const char tables[] =
	"== agency.txt\nagency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"
	"== feed_info.txt\nfeed_publisher_name,feed_version\nMe,1\n== attributions.txt\norganization_name\nYou\n"
	"== stops.txt\nstop_id,stop_lat,stop_lon\na,49.4,8.6\nb,49.41,8.6\n== routes.txt\nroute_id,route_type\nR,3\n"
	"== calendar_dates.txt\nservice_id,date,exception_type\nS,20220613,1\n== "
	"trips.txt\nroute_id,service_id,trip_id\nR,S,t\nR,S,f\n"
	"== "
	"stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence\nt,a,8:00:00,8:00:00,1\nt,b,8:05:00,"
	"8:05:00,2\n"
	"f,a,8:00:00,8:00:00,1\nf,b,8:05:00,8:05:00,2\n"
	"== frequencies.txt\ntrip_id,start_time,end_time,headway_secs\nf,6:00:00,7:00:00,600\n"
	"== transfers.txt\nfrom_stop_id,to_stop_id,transfer_type\na,b,0\n";

static void reading(void **state)
{
	char root[64], folder[80];
	const char *paths[] = {folder};
	long k = 0;
	(void)state;
	gtfs_text_write(tables, sizeof tables - 1, root, folder);
	for (int done = 0; !done && k < 2000; k++) {
		struct build build;
		struct err_detail detail;
		assert_int_equal(build_open(&build), 0);
		until_failure = k;
		int result = gtfs_build(&build, paths, 1, &detail);
		done = all_done();
		if (done)
			assert_int_equal(result, 0);
		if (result)
			assert_int_equal(result, ERR_MEMORY);
		build_close(&build);
	}
	print_message("reading: %ld allocations failed\n", k - 1);
	assert_true(k > 50 && k < 2000);
	gtfs_text_remove(root);
}

static const char osm[] =
	"<osm version='0.6'><node id='1' lat='49.4' lon='7.7'><tag k='name' v='A'/></node>"
	"<node id='2' lat='49.41' lon='7.7'/><node id='3' lat='49.45' lon='7.8'/>"
	"<way id='9'><nd ref='1'/><nd ref='3'/></way>"
	"<relation id='5'><member type='node' ref='1' role='stop'/><member type='node' ref='2' role='stop'/>"
	"<tag k='type' v='route'/><tag k='route' v='bus'/><tag k='ref' v='1'/></relation>"
	"<relation id='6'><member type='node' ref='1' role='stop'/><member type='way' ref='9' role=''/>"
	"<tag k='type' v='route'/><tag k='route' v='train'/><tag k='ref' v='S1'/><tag k='from' v='A'/>"
	"<tag k='to' v='B'/></relation>"
	"<relation id='7'><member type='node' ref='1' role='stop'/><tag k='type' v='public_transport'/>"
	"<tag k='public_transport' v='stop_area'/><tag k='name' v='A'/></relation></osm>";

static void deriving(void **state)
{
	char folder[] = "/tmp/zub-gtfs-XXXXXX", in[64], out[64];
	long k = 0;
	int done = 0;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(in, sizeof in, "%s/a.osm", folder);
	snprintf(out, sizeof out, "%s/a.zip", folder);
	FILE *file = fopen(in, "w");
	assert_non_null(file);
	fputs(osm, file);
	fclose(file);
	for (; !done && k < 20000; k++) {
		struct derive_options options = {in, out, 20260101, 20260131, 0, NULL};
		struct report report = {0};
		struct err_detail detail;
		until_failure = k;
		int result = gtfs_derive(&options, &report, &detail);
		done = all_done();
		if (done)
			assert_int_equal(result, 0);
		if (result)
			assert_int_equal(result, ERR_MEMORY);
		assert_int_equal(access(out, F_OK) == 0, result == 0);
		remove(out);
	}
	print_message("deriving: %ld allocations failed\n", k - 1);
	assert_true(done);
	gtfs_text_remove(folder);
}

/* FeedMessage{header{"2.0"}, entity{"1", trip_update{trip{"t", "20220613"}, stop_time_update{1, departure{delay 60}}}},
 * entity{"2", alert{informed_entity{stop_id "a"}, header_text{"x"}}}} */
static const uint8_t message_bytes[] = {10,  5,	 10, 3,	  '2', '.', '0', 18,  32,  10,	1,   '1', 26,  27,  10,
					13,  10, 1,  't', 26,  8,   '2', '0', '2', '2', '0', '6', '1', '3', 18,
					10,  8,	 1,  26,  2,   8,   60,	 40,  0,   18,	0,   18,  17,  10,  1,
					'2', 42, 12, 42,  3,   42,  1,	 'a', 82,  5,	10,  3,	  10,  1,   'x'};

static void decoding(void **state)
{
	struct build build;
	struct err_detail detail;
	int result = ERR_MEMORY;
	long k = 0;
	(void)state;
	gtfs_text_town(&build, tables);
	for (; result && k < 100; k++) {
		struct feed *feed = NULL;
		struct feed_memory *memory = NULL;
		struct feed_message message = {0};
		struct feed_trip_delay known[1];
		struct feed_news news = {0};
		const struct feed_rules rules = {.expire_ms = HOUR_MS, .room = 10, .most = 10};
		until_failure = k;
		result = feed_open(&feed, &build.town, NULL, &detail);
		if (!result)
			result = feed_decode(feed, message_bytes, sizeof message_bytes, 0, &message, &detail);
		if (!result)
			result = feed_memory_open(&memory, feed, &detail);
		if (!result)
			result = feed_compare(memory, &message, known, 0, 0, &rules, &news);
		until_failure = -1;
		if (result)
			assert_int_equal(result, ERR_MEMORY);
		else
			assert_int_equal(message.n_delays + message.n_alerts + news.n_tell, 3);
		feed_news_free(&news);
		feed_memory_close(memory);
		feed_message_free(&message);
		feed_close(feed);
	}
	print_message("decoding: %ld allocations failed\n", k - 1);
	assert_true(k > 8 && k < 100);
	struct feed_vehicle vehicle = {"a", {1, 2}, 3, 4, 5};
	for (k = 0, result = ERR_MEMORY; result; k++) {
		uint8_t *bytes = NULL;
		size_t size;
		until_failure = k;
		result = feed_encode_vehicles(&vehicle, 1, 0, &bytes, &size, &detail);
		until_failure = -1;
		free(bytes);
	}
	assert_int_equal(k, 4);
	struct feed_trip_delay word = {.key = {.trip_id = "t", .start_s = -1, .yyyymmdd = 20220613}};
	for (k = 0, result = ERR_MEMORY; result; k++) {
		uint8_t *bytes = NULL;
		size_t size;
		until_failure = k;
		result = feed_encode_delays(&word, 1, 0, &bytes, &size, &detail);
		until_failure = -1;
		free(bytes);
	}
	assert_int_equal(k, 5);
	build_close(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading),
		cmocka_unit_test(deriving),
		cmocka_unit_test(decoding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
