/* Included after cmocka.h. Timetables as inline text for tests: "== stops.txt" begins a table, its lines follow. */
#ifndef ZUB_TESTS_GTFS_TEXT_H
#define ZUB_TESTS_GTFS_TEXT_H

#include "gtfs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Writes the tables into a new folder `root`/feed; root is a fresh temporary folder, its path goes to ret_root. */
static inline void gtfs_text_write(const char *text, size_t size, char ret_root[64], char ret_feed[80])
{
	char name[64], path[160];
	FILE *out = NULL;
	snprintf(ret_root, 64, "/tmp/zub-gtfs-XXXXXX");
	assert_non_null(mkdtemp(ret_root));
	snprintf(ret_feed, 80, "%s/feed", ret_root);
	assert_int_equal(mkdir(ret_feed, 0700), 0);
	for (const char *line = text, *end = text + size; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = newline ? (size_t)(newline - line) + 1 : (size_t)(end - line);
		if (length > 3 && memcmp(line, "== ", 3) == 0) {
			if (out)
				fclose(out);
			snprintf(name, sizeof name, "%.*s", (int)(length - 4), line + 3);
			snprintf(path, sizeof path, "%s/%s", ret_feed, name);
			out = fopen(path, "wb");
			assert_non_null(out);
		} else if (out) {
			fwrite(line, 1, length, out);
		}
		line += length;
	}
	if (out)
		fclose(out);
}

static inline void gtfs_text_remove(const char *root)
{
	char command[128];
	assert_true(strncmp(root, "/tmp/zub-gtfs-", 14) == 0);
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	assert_int_equal(system(command), 0);
}

/* Reads the text as a feed named "feed" into a build without streets. */
static inline int gtfs_text_build(struct build *build, const char *text, size_t size, struct err_detail *detail)
{
	char root[64], feed[80];
	const char *paths[] = {feed};
	gtfs_text_write(text, size, root, feed);
	assert_int_equal(build_open(build), 0);
	int result = gtfs_build(build, paths, 1, detail);
	gtfs_text_remove(root);
	return result;
}

/* The same, ready for reading as a town. */
static inline void gtfs_text_town(struct build *build, const char *text)
{
	struct err_detail detail = {{0}};
	int result = gtfs_text_build(build, text, strlen(text), &detail);
	if (result)
		print_error("%s\n", detail.text);
	assert_int_equal(result, 0);
	assert_int_equal(build_finish_strings(build), 0);
}

static inline uint32_t gtfs_text_stop(const struct town *town, const char *id)
{
	for (uint32_t i = 0; i < town->timetable.n_stops; i++)
		if (strcmp(town_text(town, town->timetable.stop_id[i]), id) == 0)
			return i;
	print_error("no stop %s\n", id);
	return NONE;
}

/* A local time of the feed's zone is never needed: tests name UTC instants, e.g. 20220613, 6, 30, 0. */
static inline instant_ms gtfs_text_utc(int yyyymmdd, int hour, int minute, int second)
{
	struct tm tm = {.tm_year = yyyymmdd / 10000 - 1900,
			.tm_mon = yyyymmdd / 100 % 100 - 1,
			.tm_mday = yyyymmdd % 100,
			.tm_hour = hour,
			.tm_min = minute,
			.tm_sec = second};
	return (instant_ms)timegm(&tm) * 1000;
}

#endif
