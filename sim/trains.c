#include "trains.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hash.h"
#include "rng.h"

#define AHEAD_MS (60 * MINUTE_MS) /* trips are spoken of before they begin, */
#define AFTER_MS (15 * MINUTE_MS) /* and after they have ended */
#define KNOWN_LEAST_MIN 3
#define KNOWN_MOST_MIN 9

void trains_options_default(struct trains_options *options)
{
	*options = (struct trains_options){.seed = 1, .late_permille = 300, .late_min_s = 60, .late_max_s = 120};
}

static void draw(const struct trains_options *options, const struct town *town, uint32_t trip, uint32_t day,
		 struct rng *ret_rng)
{
	const struct timetable *timetable = &town->timetable;
	const char *id = town_text(town, timetable->trip_id[trip]);
	uint64_t hash = hash_bytes(id, strlen(id), options->seed);
	const int64_t run[2] = {timetable->day_yyyymmdd[day], timetable->trip_start_s[trip]};
	rng_seed(ret_rng, hash_bytes(run, sizeof run, hash));
}

static int add(const struct town *town, uint32_t event, uint32_t day, int32_t late_s, struct feed_trip_delay *word)
{
	*word = (struct feed_trip_delay){
		.event = event, .day = day, .arrival_late_s = late_s, .departure_late_s = late_s};
	return timetable_key(town, event, day, &word->key) == ERR_OK;
}

/* What is known at `now` of one trip on one day: ret_words[2], how many. A trip that is late stays late, by the same,
 * from one of its stops on; this becomes known 6 to 12 minutes before it leaves there. */
static uint32_t trains_words(const struct trains_options *options, const struct town *town, uint32_t trip, uint32_t day,
			     instant_ms now, struct feed_trip_delay *ret_words)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t first = timetable->trip_first[trip], length = timetable->trip_first[trip + 1] - first, n;
	instant_ms start = timetable->day_start[day];
	struct rng rng;
	if (length < 2 || !timetable_runs(timetable, trip, day) ||
	    now < start + timetable->time_departure_s[first] * SECOND_MS - AHEAD_MS ||
	    now > start + timetable->time_arrival_s[first + length - 1] * SECOND_MS + AFTER_MS)
		return 0;
	draw(options, town, trip, day, &rng);
	uint32_t held = first + rng_below(&rng, (length + 1) / 2);
	int32_t late_s = (int32_t)rng_between(&rng, options->late_min_s, options->late_max_s);
	instant_ms known = start + timetable->time_departure_s[held] * SECOND_MS -
			   rng_between(&rng, KNOWN_LEAST_MIN, KNOWN_MOST_MIN) * MINUTE_MS;
	int is_late = rng_chance(&rng, options->late_permille) && known <= now;
	n = is_late && held == first ? 0 : (uint32_t)add(town, first, day, 0, &ret_words[0]);
	if (is_late)
		n += (uint32_t)add(town, held, day, late_s, &ret_words[n]);
	return n;
}

/* ---- the files ---- */

static int path_of(const char *prefix, uint32_t feed, const char *end, char *path, size_t size)
{
	int n = snprintf(path, size, "%s-%u.pb%s", prefix, feed, end);
	return n > 0 && (size_t)n < size ? ERR_OK : ERR_FULL;
}

static int collect(const struct trains_options *options, const struct town *town, uint32_t feed, instant_ms now,
		   struct feed_trip_delay **ret_words, size_t *ret_n)
{
	const struct timetable *timetable = &town->timetable;
	uint32_t yyyymmdd;
	size_t cap = 0;
	town_service_day(town, now, &yyyymmdd);
	uint32_t today = timetable_day(timetable, yyyymmdd);
	for (uint32_t trip = 0; trip < timetable->n_trips && today != NONE; trip++) {
		for (uint32_t day = today > 0 ? today - 1 : 0; day <= today + 1 && day < timetable->n_days; day++) {
			struct feed_trip_delay words[2];
			uint32_t n = timetable->trip_feed[trip] == feed
					     ? trains_words(options, town, trip, day, now, words)
					     : 0;
			for (uint32_t i = 0; i < n; i++)
				if (array_push(*ret_words, *ret_n, cap, words[i]))
					return ERR_MEMORY;
		}
	}
	return ERR_OK;
}

static int put(const char *prefix, uint32_t feed, const uint8_t *bytes, size_t size, struct err_detail *detail)
{
	char path[512], part[512];
	if (path_of(prefix, feed, "", path, sizeof path) || path_of(prefix, feed, ".new", part, sizeof part))
		return err_set(detail, ERR_FULL, "%s: too long a path", prefix);
	FILE *file = fopen(part, "wb");
	size_t written = file ? fwrite(bytes, 1, size, file) : 0;
	if (!file || (fclose(file) | (written != size)) || rename(part, path))
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	return ERR_OK;
}

static int write_feed(const struct trains_options *options, const struct town *town, uint32_t feed, instant_ms now,
		      const char *prefix, struct err_detail *detail)
{
	struct feed_trip_delay *words = NULL;
	uint8_t *bytes = NULL;
	size_t n = 0, size = 0;
	int code = collect(options, town, feed, now, &words, &n);
	if (code)
		err_set(detail, code, "trip updates: out of memory");
	else
		code = feed_encode_delays(words, (uint32_t)n, now, &bytes, &size, detail);
	if (!code)
		code = put(prefix, feed, bytes, size, detail);
	free(bytes);
	free(words);
	return code;
}

int trains_write(const struct trains_options *options, const struct town *town, instant_ms now, const char *prefix,
		 struct err_detail *detail)
{
	int code = ERR_OK;
	for (uint32_t feed = 0; feed < town->timetable.n_feeds && !code; feed++)
		code = write_feed(options, town, feed, now, prefix, detail);
	return code;
}

/* As an address may be written: blanks would end it. */
static int quote(const char *path, char *text, size_t size)
{
	size_t n = 0;
	for (; *path; path++) {
		int plain = *path > ' ' && !strchr("%\"\\", *path) && (unsigned char)*path < 0x7f;
		if (n + 4 > size)
			return ERR_FULL;
		n += (size_t)snprintf(text + n, size - n, plain ? "%c" : "%%%02X", (unsigned char)*path);
	}
	return ERR_OK;
}

int trains_setting(const struct town *town, const char *prefix, char *text, size_t size)
{
	size_t used = 0;
	text[0] = 0;
	for (uint32_t feed = 0; feed < town->timetable.n_feeds; feed++) {
		char path[512], address[1024];
		if (path_of(prefix, feed, "", path, sizeof path) || quote(path, address, sizeof address))
			return ERR_FULL;
		int n = snprintf(text + used, size - used, "%s%s=file://%s", feed ? " " : "",
				 town_text(town, town->timetable.feed_name[feed]), address);
		if (n < 0 || (size_t)n >= size - used)
			return ERR_FULL;
		used += (size_t)n;
	}
	return ERR_OK;
}
