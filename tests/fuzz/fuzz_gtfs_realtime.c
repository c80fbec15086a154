// link: zub_feed zub_compile zub_city zub_base
/* GTFS-Realtime from hostile bytes, matched against a small timetable whose ids the fuzzer can hit ("t", "a", "b"),
 * then compared with what an earlier message left known. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed.h"
#include "gtfs.h"

static const char *const tables[][2] = {
	{"agency.txt", "agency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"},
	{"stops.txt", "stop_id,stop_name,stop_lat,stop_lon\na,Alpha,49.4,8.6\nb,Beta,49.41,8.6\n"},
	{"routes.txt", "route_id,route_type\nR,3\n"},
	{"calendar.txt", "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
			 "S,1,1,1,1,1,1,1,20220101,20221231\n"},
	{"trips.txt", "route_id,service_id,trip_id\nR,S,t\nR,S,f\n"},
	{"stop_times.txt",
	 "trip_id,stop_id,arrival_time,departure_time,stop_sequence\nt,a,8:00:00,8:00:00,1\nt,b,8:05:00,8:06:00,2\n"
	 "t,a,8:10:00,8:10:00,3\nf,a,0:00:00,0:00:00,1\nf,b,0:05:00,0:05:00,2\n"},
	{"frequencies.txt", "trip_id,start_time,end_time,headway_secs\nf,6:00:00,7:00:00,600\n"},
};
static struct build build;
static struct feed *feed;
static struct feed_memory *memory;
static struct feed_trip_delay known[256];
static uint32_t n_known;

static void start(void)
{
	char folder[64], path[256];
	const char *paths[] = {folder};
	struct err_detail detail;
	snprintf(folder, sizeof folder, "/tmp/zub-fuzz-rt-%d", (int)getpid());
	mkdir(folder, 0700);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, tables[i][0]);
		FILE *out = fopen(path, "wb");
		if (!out)
			abort();
		fputs(tables[i][1], out);
		fclose(out);
	}
	if (build_open(&build) || gtfs_build(&build, paths, 1, &detail) || build_finish_strings(&build) ||
	    feed_open(&feed, &build.town, NULL, &detail) || feed_memory_open(&memory, feed, &detail))
		abort();
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, tables[i][0]);
		unlink(path);
	}
	rmdir(folder);
}

/* All news are names of this timetable, within what there is room for. */
static void compare(const struct feed_message *message)
{
	const struct feed_rules rules = {10 * MINUTE_MS, 15, 20, 40};
	struct feed_news news;
	instant_ms now = INT64_C(1655100000000);
	if (feed_compare(memory, message, known, n_known, now, &rules, &news))
		return;
	if (news.n_tell > rules.most)
		abort();
	n_known = 0;
	for (uint32_t i = 0; i < news.n_tell; i++) {
		if (timetable_find(&build.town, &news.tell[i].key, NULL) != news.tell[i].event)
			abort();
		known[n_known++] = news.tell[i];
	}
	feed_news_free(&news);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct feed_message message;
	struct err_detail detail;
	if (!feed)
		start();
	if (feed_decode(feed, bytes, size, INT64_C(1655100000000), &message, &detail))
		return 0;
	for (uint32_t i = 0; i < message.n_delays; i++)
		if (timetable_find(&build.town, &message.delays[i].key, NULL) == NONE)
			abort();
	compare(&message);
	feed_message_free(&message);
	return 0;
}
