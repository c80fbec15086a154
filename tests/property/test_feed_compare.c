// link: zub_feed zub_transit zub_compile zub_city zub_base
/* What a feed says against what is known: a keeper that takes every piece of news as the core and the timetable search
 * do must end up knowing what the feed said, and then nothing more is news. Messages go through the encoder and the
 * decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feed.h"
#include "gtfs_text.h"
#include "rng.h"
#include "transit.h"

#define TOWN                                                                                                         \
	"== agency.txt\nagency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"                               \
	"== routes.txt\nroute_id,route_short_name,route_type\nR,1,3\n"                                               \
	"== calendar.txt\nservice_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n" \
	"all,1,1,1,1,1,1,1,20220101,20221231\n"                                                                      \
	"== stops.txt\nstop_id,stop_lat,stop_lon\na,49.40,8.60\nb,49.42,8.60\nc,49.44,8.60\nd,49.46,8.60\n"          \
	"== trips.txt\nroute_id,service_id,trip_id\nR,all,t\nR,all,u\nR,all,v\nR,all,often\n"                        \
	"== stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence\n"                             \
	"t,a,8:00:00,8:00:00,10\nt,b,8:10:00,8:12:00,20\nt,c,8:30:00,8:30:00,30\nt,d,8:40:00,8:40:00,40\n"           \
	"u,a,8:05:00,8:05:00,1\nu,b,8:15:00,8:15:00,2\nu,c,8:35:00,8:35:00,3\n"                                      \
	"v,a,8:06:00,8:06:00,1\nv,c,8:36:00,8:36:00,3\n"                                                             \
	"often,a,0:00:00,0:00:00,1\noften,b,0:10:00,0:10:00,2\n"                                                     \
	"== frequencies.txt\ntrip_id,start_time,end_time,headway_secs\noften,8:00:00,9:00:00,1800\n"
#define KNOWN_MAX 64

struct keeper {
	struct feed_trip_delay known[KNOWN_MAX];
	uint32_t n;
};
static struct build build;
static struct feed *feed;
static struct feed_memory *memory;
static const struct feed_rules generous = {.expire_ms = 10 * MINUTE_MS, .least_s = 0, .room = 1000, .most = 1000};

static int set_up(void **state)
{
	struct err_detail detail;
	(void)state;
	gtfs_text_town(&build, TOWN);
	return feed_open(&feed, &build.town, "feed", &detail) || feed_memory_open(&memory, feed, &detail);
}

static int tear_down(void **state)
{
	(void)state;
	feed_memory_close(memory);
	feed_close(feed);
	build_close(&build);
	return 0;
}

static int same_trip(const struct trip_key *a, const struct trip_key *b)
{
	return !strcmp(a->trip_id, b->trip_id) && a->start_s == b->start_s && a->yyyymmdd == b->yyyymmdd;
}

/* A new word makes void what was said of its stop and of all later ones; "on time" with nothing before takes no room.
 */
static void take(struct keeper *keeper, const struct feed_trip_delay *word)
{
	uint32_t kept = 0, before = 0;
	for (uint32_t i = 0; i < keeper->n; i++) {
		struct feed_trip_delay *known = &keeper->known[i];
		int same = same_trip(&known->key, &word->key);
		if (same && known->key.stop_sequence >= word->key.stop_sequence)
			continue;
		before += (uint32_t)same;
		keeper->known[kept++] = *known;
	}
	keeper->n = kept;
	if (!before && !word->cancelled && !word->skipped && !word->arrival_late_s && !word->departure_late_s)
		return;
	assert_true(keeper->n < KNOWN_MAX);
	keeper->known[keeper->n++] = *word;
}

struct call {
	int32_t arrival, departure;
	int off;
};
/* What a list of words says of a stop. */
static struct call call_at(const struct feed_trip_delay *words, uint32_t n, const struct trip_key *key)
{
	const struct feed_trip_delay *best = NULL;
	for (uint32_t i = 0; i < n; i++)
		if (same_trip(&words[i].key, key) && words[i].key.stop_sequence <= key->stop_sequence &&
		    (!best || best->key.stop_sequence < words[i].key.stop_sequence))
			best = &words[i];
	if (!best)
		return (struct call){0};
	int here = best->key.stop_sequence == key->stop_sequence;
	if (best->cancelled || (here && best->skipped))
		return (struct call){.off = 1};
	return (struct call){here ? best->arrival_late_s : best->departure_late_s, best->departure_late_s, 0};
}

static struct feed_news tell(struct keeper *keeper, const struct feed_message *message, instant_ms now,
			     const struct feed_rules *rules)
{
	struct feed_trip_delay known[KNOWN_MAX];
	struct feed_news news;
	memcpy(known, keeper->known, sizeof known);
	assert_int_equal(feed_compare(memory, message, known, keeper->n, now, rules, &news), 0);
	for (uint32_t i = 0; i < news.n_tell; i++)
		take(keeper, &news.tell[i]);
	free(news.tell);
	news.tell = NULL;
	return news;
}

static struct feed_message message_of(const struct feed_trip_delay *words, uint32_t n, instant_ms at)
{
	struct feed_message message;
	struct err_detail detail = {{0}};
	uint8_t *bytes;
	size_t size;
	assert_int_equal(feed_encode_delays(words, n, at, &bytes, &size, &detail), 0);
	assert_int_equal(feed_decode(feed, bytes, size, 0, &message, &detail), 0);
	assert_int_equal(message.n_trips_unknown + message.n_stops_unknown, 0);
	free(bytes);
	return message;
}

static struct feed_trip_delay word(const char *trip, uint32_t sequence, int32_t arrival, int32_t departure)
{
	struct feed_trip_delay delay = {.arrival_late_s = arrival, .departure_late_s = departure};
	delay.key = (struct trip_key){.feed = "feed", .start_s = -1, .yyyymmdd = 20220613, .stop_sequence = sequence};
	snprintf(delay.key.trip_id, sizeof delay.key.trip_id, "%s", trip);
	return delay;
}

#define AT(hour, minute) gtfs_text_utc(20220613, (hour)-2, minute, 0)

static void only_what_changes(void **state)
{
	(void)state;
	struct keeper keeper = {.n = 0};
	struct feed_rules rules = generous;
	struct feed_trip_delay said[] = {word("t", 10, 60, 60), word("t", 30, 120, 120), word("u", 1, 0, 0)};
	struct feed_message message = message_of(said, 3, AT(7, 50));
	assert_int_equal(tell(&keeper, &message, AT(7, 50), &rules).n_tell, 2); /* u is on time: no news */
	assert_int_equal(tell(&keeper, &message, AT(7, 51), &rules).n_tell, 0);
	feed_message_free(&message);
	/* the train has left the first stop, which the feed drops; only the third stop is news */
	struct feed_trip_delay later[] = {word("t", 20, 60, 60), word("t", 30, 180, 180)};
	message = message_of(later, 2, AT(8, 2));
	assert_int_equal(tell(&keeper, &message, AT(8, 2), &rules).n_tell, 1);
	assert_int_equal(call_at(keeper.known, keeper.n, &later[1].key).arrival, 180);
	assert_int_equal(call_at(keeper.known, keeper.n, &said[0].key).arrival, 60);
	feed_message_free(&message);
	/* a small change is none */
	rules.least_s = 15;
	struct feed_trip_delay little[] = {word("t", 20, 60, 60), word("t", 30, 190, 190)};
	message = message_of(little, 2, AT(8, 3));
	assert_int_equal(tell(&keeper, &message, AT(8, 3), &rules).n_tell, 0);
	/* and the past is none */
	rules.least_s = 0;
	assert_int_equal(tell(&keeper, &message, AT(9, 30), &(struct feed_rules){2 * HOUR_MS, 0, 1000, 1000}).n_tell,
			 0);
	feed_message_free(&message);
}

static void old_words_end(void **state)
{
	(void)state;
	struct keeper keeper = {.n = 0};
	struct feed_trip_delay said[] = {word("t", 10, 600, 600)};
	struct feed_message message = message_of(said, 1, AT(7, 50));
	tell(&keeper, &message, AT(7, 50), &generous);
	assert_int_equal(keeper.n, 1);
	struct feed_news news = tell(&keeper, &message, AT(7, 59), &generous); /* the same message again and again */
	assert_int_equal(news.n_tell, 0);
	news = tell(&keeper, &message, AT(8, 1), &generous);
	assert_int_equal(news.n_ended, 1);
	assert_int_equal(keeper.n, 0);
	assert_int_equal(tell(&keeper, &message, AT(8, 2), &generous).n_tell, 0); /* it stays too old */
	feed_message_free(&message);
	/* a message from the future is as old as its coming */
	message = message_of(said, 1, AT(23, 0));
	tell(&keeper, &message, AT(8, 3), &generous);
	assert_int_equal(keeper.n, 1);
	assert_int_equal(tell(&keeper, NULL, AT(8, 14), &generous).n_ended, 1);
	feed_message_free(&message);
	/* a train that has arrived is left alone */
	message = message_of(said, 1, AT(8, 30));
	tell(&keeper, &message, AT(8, 30), &generous);
	assert_int_equal(keeper.n, 1);
	assert_int_equal(tell(&keeper, NULL, AT(9, 30), &generous).n_tell, 0);
	feed_message_free(&message);
}

static void cancelled_and_back(void **state)
{
	(void)state;
	struct keeper keeper = {.n = 0};
	struct feed_trip_delay off = word("t", 10, 0, 0), on = word("t", 30, 60, 60);
	off.cancelled = 1;
	struct feed_message message = message_of(&off, 1, AT(7, 50));
	assert_int_equal(tell(&keeper, &message, AT(7, 50), &generous).n_tell, 1);
	assert_true(call_at(keeper.known, keeper.n, &on.key).off);
	feed_message_free(&message);
	message = message_of(&on, 1, AT(7, 51)); /* speaks of a later stop only, but the trip runs from its first */
	tell(&keeper, &message, AT(7, 51), &generous);
	assert_false(call_at(keeper.known, keeper.n, &off.key).off);
	assert_int_equal(call_at(keeper.known, keeper.n, &on.key).arrival, 60);
	feed_message_free(&message);
}

static void within_bounds(void **state)
{
	(void)state;
	struct keeper keeper = {.n = 0};
	struct feed_rules rules = generous;
	struct feed_trip_delay said[] = {word("t", 10, 60, 60), word("u", 1, 90, 90), word("v", 1, 90, 90)};
	struct feed_message message = message_of(said, 3, AT(7, 50));
	rules.most = 1;
	for (uint32_t left = 3; left-- > 0;) {
		struct feed_news news = tell(&keeper, &message, AT(7, 50), &rules);
		assert_int_equal(news.n_tell, 1);
		assert_int_equal(news.n_left, left);
	}
	assert_int_equal(keeper.n, 3);
	keeper.n = 0;
	rules = generous;
	rules.room = 2;
	assert_int_equal(tell(&keeper, &message, AT(7, 50), &rules).n_no_room, 1);
	assert_int_equal(keeper.n, 2);
	rules.room = 0; /* what is known already may still change */
	feed_message_free(&message);
	said[0] = word("t", 10, 99, 99);
	message = message_of(said, 3, AT(7, 51));
	assert_int_equal(tell(&keeper, &message, AT(7, 51), &rules).n_tell, 1);
	feed_message_free(&message);
}

/* ---- any message ---- */

static uint32_t random_words(struct rng *rng, struct feed_trip_delay *words)
{
	const struct timetable *t = &build.town.timetable;
	uint32_t n = 0;
	for (uint32_t trip = 0; trip < t->n_trips; trip++) {
		uint32_t day = timetable_day(t, 20220613) + rng_below(rng, 2);
		int off = rng_chance(rng, 100);
		if (rng_chance(rng, 300))
			continue;
		for (uint32_t event = t->trip_first[trip]; event < t->trip_first[trip + 1]; event++) {
			if (!off && rng_chance(rng, 400))
				continue;
			struct feed_trip_delay delay = {.arrival_late_s = (int32_t)rng_below(rng, 4) * 60,
							.departure_late_s = (int32_t)rng_below(rng, 4) * 60,
							.skipped = (uint8_t)(!off && rng_chance(rng, 100))};
			delay.cancelled = (uint8_t)off;
			assert_int_equal(timetable_key(&build.town, event, day, &delay.key), 0);
			words[n++] = delay;
			if (off)
				break;
		}
	}
	return n;
}

/* Every stop from the first one on that the message speaks of. */
static void check_known(const struct keeper *keeper, const struct feed_message *message)
{
	const struct timetable *t = &build.town.timetable;
	for (uint32_t i = 0; i < message->n_delays; i++) {
		const struct feed_trip_delay *said = &message->delays[i];
		for (uint32_t event = said->event; event < t->trip_first[t->event_trip[said->event] + 1]; event++) {
			struct trip_key key;
			assert_int_equal(timetable_key(&build.town, event, said->day, &key), 0);
			struct call a = call_at(keeper->known, keeper->n, &key),
				    b = call_at(message->delays, message->n_delays, &key);
			assert_int_equal(a.off, b.off);
			assert_int_equal(a.arrival, b.arrival);
			assert_int_equal(a.departure, b.departure);
		}
	}
}

/* The timetable search, told the same in the same order, says the same of each stop that is served. */
static void check_transit(struct transit *transit, const struct keeper *keeper)
{
	const struct timetable *t = &build.town.timetable;
	for (uint32_t i = 0; i < keeper->n; i++) {
		const struct feed_trip_delay *known = &keeper->known[i];
		instant_ms arrival, departure;
		struct call call = call_at(keeper->known, keeper->n, &known->key);
		assert_int_equal(transit_times(transit, known->event, known->day, &arrival, &departure), 0);
		assert_int_equal(call.off, arrival == INSTANT_NONE);
		if (!call.off)
			assert_true(arrival >=
				    t->day_start[known->day] +
					    ((instant_ms)t->time_arrival_s[known->event] + call.arrival) * SECOND_MS);
	}
}

static void any_message(void **state)
{
	(void)state;
	struct arena arena = {0};
	struct transit *transit;
	struct keeper keeper = {.n = 0};
	struct rng rng;
	uint32_t news = 0;
	assert_int_equal(arena_open(&arena, transit_size(&build.town, KNOWN_MAX)), 0);
	assert_int_equal(transit_open(&transit, &build.town, KNOWN_MAX, &arena), 0);
	rng_seed(&rng, 20220613);
	for (int round = 0; round < 3000; round++) {
		struct feed_trip_delay words[KNOWN_MAX], known[KNOWN_MAX];
		struct feed_news told;
		instant_ms at = AT(6, 0) + round;
		struct feed_message message = message_of(words, random_words(&rng, words), at);
		memcpy(known, keeper.known, sizeof known);
		assert_int_equal(feed_compare(memory, &message, known, keeper.n, at, &generous, &told), 0);
		for (uint32_t i = 0; i < told.n_tell; i++) {
			const struct feed_trip_delay *delay = &told.tell[i];
			take(&keeper, delay);
			assert_int_equal(transit_delay(transit, &delay->key, delay->arrival_late_s,
						       delay->departure_late_s,
						       delay->cancelled ? TRANSIT_CANCELLED
						       : delay->skipped ? TRANSIT_SKIPS
									: TRANSIT_RUNS),
					 0);
		}
		news += told.n_tell;
		feed_news_free(&told);
		check_known(&keeper, &message);
		check_transit(transit, &keeper);
		assert_int_equal(tell(&keeper, &message, at, &generous).n_tell, 0);
		feed_message_free(&message);
	}
	print_message("3000 messages (seed 20220613): %u pieces of news\n", news);
	assert_true(news > 5000);
	arena_close(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(old_words_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cancelled_and_back, set_up, tear_down),
		cmocka_unit_test_setup_teardown(within_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(any_message, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
