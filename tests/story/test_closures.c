// link: zub_story
/* Streets are closed and opened while shuttles drive: who stands on one leaves it, everybody else goes round, promises
 * are kept where they can be, and what cannot be kept is said at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

static void begins(struct story *story, const char *time)
{
	story_open(story, &(struct story_options){.begins = time});
	signs_on(story, "Anna", 4);
}

/* From AB to CD straight along is three streets' worth; with BC closed it goes by the second row. */
static void shuttle_under_way_goes_round(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t one = shuttle(&story, "AB", NULL);
	uint64_t ride = rider_books(&story, "AB", "CD");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:10");
	after_s(&story, 10);
	instant_ms planned = ride_of(&story, ride)->planned_dropoff;
	uint64_t driven = story_driven_mm(&story, one);
	expect_code(&story, closes_street(&story, 1, "BC", 0, NULL), ERR_OK);
	instant_ms later = ride_of(&story, ride)->planned_dropoff;
	expect(&story, later > planned + 30 * SECOND_MS && later < planned + 180 * SECOND_MS);
	until_state(&story, ride, RIDE_DONE, "08:30");
	expect(&story, ride_of(&story, ride)->alighted_at < later + 20 * SECOND_MS);
	expect(&story, ride_of(&story, ride)->alighted_at > later - 40 * SECOND_MS);
	expect(&story, story_driven_mm(&story, one) - driven > 800000); /* round the block, not through */
	story_close(&story);
}

static void shuttle_on_the_closed_street_leaves_it(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "BC", NULL);
	expect_code(&story, closes_street(&story, 1, "BC", 0, NULL), ERR_OK);
	uint64_t ride = rider_books(&story, "CD", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:30");
	expect(&story, ride_of(&story, ride)->cause == CAUSE_NONE);
	story_close(&story);
}

/* Nobody is promised a place that no shuttle can reach; when the street is open again, all is as before. */
static void closed_door_is_not_promised(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "AB", NULL);
	expect_code(&story, closes_street(&story, 7, "KL", 0, NULL), ERR_OK);
	uint64_t refused = rider_asks(&story, "CD", "KL");
	expect_state(&story, refused, RIDE_REFUSED);
	expect_code(&story, opens_street(&story, 7), ERR_OK);
	expect_code(&story, opens_street(&story, 7), ERR_NOT_FOUND);
	uint64_t ride = rider_books(&story, "CD", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:40");
	story_close(&story);
}

static void promise_at_a_closed_place_is_broken_aloud(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "AB", NULL);
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "CD", .to = "KL", .leave_at = "08:30"});
	expect_code(&story, closes_street(&story, 3, "CD", 0, NULL), ERR_OK);
	expect_notice(&story, ride, NOTICE_BROKEN);
	expect_case(&story, ride, 0, CASE_BROKEN_RIDE);
	expect(&story, ride_of(&story, ride)->cause == CAUSE_ROAD_CLOSED);
	expect_code(&story, owns_case(&story, "Anna", ride), ERR_OK);
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_BY_FALLBACK), ERR_OK);
	story_close(&story);
}

/* A closure with an end ends by itself, also when the dispatcher was away in between. */
static void closure_ends_by_itself(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "AB", NULL);
	expect_code(&story, closes_street(&story, 5, "BC", 0, "08:20"), ERR_OK);
	expect_code(&story, closes_street(&story, 6, "FG", 3000, "08:40"), ERR_OK);
	dispatcher_restarts(&story);
	uint64_t round = rider_books(&story, "AB", "CD");
	uint32_t slow = ride_of(&story, round)->offers[0].direct_ms;
	rider_goes_to_stop(&story, round);
	until_state(&story, round, RIDE_DONE, "08:19");
	at(&story, "08:21");
	uint64_t straight = rider_books(&story, "AB", "CD");
	expect(&story, ride_of(&story, straight)->offers[0].direct_ms + 30000 < slow);
	rider_goes_to_stop(&story, straight);
	until_state(&story, straight, RIDE_DONE, "08:50");
	story_close(&story);
}

/* What takes longer is planned longer, and driven so. */
static void slow_street_is_planned_slow(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "AB", NULL);
	uint64_t quick = rider_asks(&story, "AB", "BC");
	uint32_t before = ride_of(&story, quick)->offers[0].direct_ms;
	expect_code(&story, closes_street(&story, 5, "BC", 4000, NULL), ERR_OK);
	expect_state(&story, quick, RIDE_EXPIRED); /* its offers were made for other streets */
	uint64_t ride = rider_books(&story, "AB", "BC");
	expect(&story, ride_of(&story, ride)->offers[0].direct_ms > before + 60000);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:40");
	expect(&story, ride_of(&story, ride)->alighted_at <= ride_of(&story, ride)->latest_arrival);
	story_close(&story);
}

/* The street of the destination closes on the way there: the rider is told, taken to the nearest stop that can be
 * reached, and somebody sees to it that he gets home. */
static void rider_aboard_is_set_down_at_the_nearest_open_stop(void **state)
{
	static struct story story;
	(void)state;
	story_open(&story, &(struct story_options){.begins = "08:00", .stops = "AE JK"});
	signs_on(&story, "Anna", 4);
	uint32_t one = shuttle(&story, "AB", NULL);
	uint64_t ride = rider_books(&story, "BC", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:10");
	expect_code(&story, closes_street(&story, 4, "KL", 0, NULL), ERR_OK);
	expect_state(&story, ride, RIDE_ABOARD);
	expect_notice(&story, ride, NOTICE_BROKEN);
	expect(&story, ride_of(&story, ride)->cause == CAUSE_ROAD_CLOSED);
	expect(&story, ride_of(&story, ride)->dropoff.stop == drawn_stop(&story.drawn, "JK"));
	after_s(&story, 5);
	expect(&story, shuttle_of(&story, one)->acked_version == shuttle_of(&story, one)->plan_version);
	until_state(&story, ride, RIDE_DONE, "08:30");
	expect_case(&story, ride, one, CASE_BROKEN_RIDE);
	expect_code(&story, owns_case(&story, "Anna", ride), ERR_OK);
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_OTHERWISE), ERR_OK);
	story_close(&story);
}

/* Arcs have no lasting names: with a new town file the closures end, and a person is asked to set them anew. */
static void new_town_file_ends_closures_aloud(void **state)
{
	static struct story story;
	uint32_t n;
	(void)state;
	story_open(&story, &(struct story_options){.begins = "08:00",
						   .timetable = "stop S1 C\ntrip T1 10 S1 08:30 S1 08:50\n",
						   .stops = "CD=S1 IJ"});
	signs_on(&story, "Anna", 4);
	shuttle(&story, "AB", NULL);
	expect_code(&story, closes_street(&story, 4, "KL", 0, NULL), ERR_OK);
	expect_state(&story, rider_asks(&story, "CD", "KL"), RIDE_REFUSED);
	new_timetable(&story, "stop S1 C\ntrip T2 10 S1 09:30 S1 09:50\n");
	expect_case(&story, 0, 0, CASE_STREETS);
	core_streets(story_core(&story), &n);
	expect(&story, n == 0 && core_n_closures(story_core(&story)) == 0);
	after_s(&story, 120);
	uint64_t ride = rider_books(&story, "CD", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:50");
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shuttle_under_way_goes_round),
		cmocka_unit_test(shuttle_on_the_closed_street_leaves_it),
		cmocka_unit_test(closed_door_is_not_promised),
		cmocka_unit_test(promise_at_a_closed_place_is_broken_aloud),
		cmocka_unit_test(closure_ends_by_itself),
		cmocka_unit_test(slow_street_is_planned_slow),
		cmocka_unit_test(rider_aboard_is_set_down_at_the_nearest_open_stop),
		cmocka_unit_test(new_town_file_ends_closures_aloud),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
