// link: zub_story
/* An operator says that it snows: from then on streets are slower and some are closed, for plans and for vehicles. What
 * is promised in the snow is kept in it; what it makes impossible is moved, or broken aloud. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

static void begins(struct story *story, const char *time, const char *profiles)
{
	story_open(story, &(struct story_options){.begins = time, .profiles = profiles});
	signs_on(story, "Anna", 4);
}

/* Another kind than the streets around. */
static void is_steep(struct story *story, char from, char to)
{
	uint8_t *kind = (uint8_t *)(uintptr_t)story->drawn.town.road.kind; /* ours: drawn a moment ago */
	kind[drawn_arc(&story->drawn, from, to)] = ROAD_TERTIARY;
	kind[drawn_arc(&story->drawn, to, from)] = ROAD_TERTIARY;
}

static void in_the_snow_all_take_longer(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00", "condition snow 2000\ncondition rain 1200\n");
	shuttle(&story, "AB", NULL);
	uint32_t quick = rider_rides(&story, "AB", "CD");
	expect_code(&story, weather(&story, "fog", 1), ERR_NOT_FOUND);
	expect_code(&story, weather(&story, "rain", 1), ERR_OK);
	expect_code(&story, weather(&story, "snow", 1), ERR_OK);
	expect_code(&story, weather(&story, "snow", 1), ERR_OK); /* it still does */
	expect(&story, rider_rides(&story, "DC", "BA") == 2 * quick);
	dispatcher_restarts(&story);
	expect(&story, rider_rides(&story, "AB", "CD") == 2 * quick);
	expect_code(&story, weather(&story, "snow", 0), ERR_OK);
	uint32_t wet = rider_rides(&story, "DC", "BA");
	expect(&story, wet > quick && wet < 2 * quick);
	expect_code(&story, weather(&story, "rain", 0), ERR_OK);
	expect(&story, rider_rides(&story, "AB", "CD") == quick);
	story_close(&story);
}

/* Booked for later, in the dry: the snow was not reckoned with, and what was promised moves no later than it must. */
static void it_begins_to_snow_on_the_way(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00", "condition snow 3000\n");
	shuttle(&story, "AB", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:10");
	instant_ms planned = ride_of(&story, ride)->planned_dropoff;
	after_s(&story, 10);
	expect_code(&story, weather(&story, "snow", 1), ERR_OK);
	instant_ms later = ride_of(&story, ride)->planned_dropoff;
	expect(&story, later > planned + 30 * SECOND_MS);
	until_state(&story, ride, RIDE_DONE, "08:40");
	expect(&story, ride_of(&story, ride)->alighted_at < later + 20 * SECOND_MS);
	expect(&story, ride_of(&story, ride)->alighted_at > later - 60 * SECOND_MS);
	story_close(&story);
}

/* The steep street is closed in the snow: straight on is no way any more, and nobody is promised a place there. */
static void steep_streets_are_closed(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00", "condition snow 1000 0\n");
	is_steep(&story, 'B', 'C');
	uint32_t one = shuttle(&story, "AB", NULL);
	uint32_t quick = rider_rides(&story, "AB", "CD");
	uint64_t there = rider_books_wish(&story, &(struct wish){.from = "BC", .to = "KL", .leave_at = "09:30"});
	expect_code(&story, weather(&story, "snow", 1), ERR_OK);
	expect_notice(&story, there, NOTICE_BROKEN);
	expect(&story, ride_of(&story, there)->cause == CAUSE_ROAD_CLOSED);
	expect_code(&story, owns_case(&story, "Anna", there), ERR_OK);
	expect_code(&story, closes_case(&story, "Anna", there, CASE_HOME_BY_FALLBACK), ERR_OK);
	expect_state(&story, rider_asks(&story, "CD", "BC"), RIDE_REFUSED);
	uint64_t driven = story_driven_mm(&story, one);
	expect(&story, rider_rides(&story, "DC", "BA") > quick);
	expect(&story, story_driven_mm(&story, one) - driven > 800000); /* round the block, not through */
	dispatcher_restarts(&story);
	expect(&story, rider_rides(&story, "AB", "CD") > quick);
	expect_code(&story, weather(&story, "snow", 0), ERR_OK);
	expect(&story, rider_rides(&story, "DC", "BA") == quick);
	story_close(&story);
}

static void shuttle_on_the_steep_street_leaves_it(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00", "condition snow 1500 0\n");
	is_steep(&story, 'B', 'C');
	shuttle(&story, "BC", NULL);
	after_s(&story, 60);
	expect_code(&story, weather(&story, "snow", 1), ERR_OK);
	rider_rides(&story, "CD", "KL");
	story_close(&story);
}

/* Closed at some hours by the clock: the way round in that hour, and for all that may reach into it. */
static void a_street_is_closed_at_its_hour(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00", "tue wed 09:00 10:00 1000 0\n");
	is_steep(&story, 'B', 'C');
	dispatcher_restarts(&story); /* its distances are made of the streets as they are now */
	uint32_t one = shuttle(&story, "AB", NULL);
	uint32_t quick = rider_rides(&story, "AB", "CD");
	at(&story, "09:10");
	expect_state(&story, rider_asks(&story, "CD", "BC"), RIDE_REFUSED);
	uint64_t driven = story_driven_mm(&story, one);
	expect(&story, rider_rides(&story, "DC", "BA") > quick);
	expect(&story, story_driven_mm(&story, one) - driven > 800000);
	at(&story, "10:01");
	expect(&story, rider_rides(&story, "AB", "CD") == quick);
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_snow_all_take_longer),
		cmocka_unit_test(it_begins_to_snow_on_the_way),
		cmocka_unit_test(steep_streets_are_closed),
		cmocka_unit_test(shuttle_on_the_steep_street_leaves_it),
		cmocka_unit_test(a_street_is_closed_at_its_hour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
