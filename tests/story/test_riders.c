// link: zub_story
/* Riders who come late, need help, bring a dog, or do not come at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

static void morning(struct story *story)
{
	story_open(story, &(struct story_options){.begins = "08:00"});
	signs_on(story, "Anna", 4);
}

/* The walker needs a moment longer for the last 20 m: one call, and the shuttle waits. */
static void walker_says_i_am_coming(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "BC", .to = "KL", .walker = 1});
	until_state(&story, ride, RIDE_AT_STOP, "08:10");
	while (told_at(&story, ride, NOTICE_LAST_CALL) == INSTANT_NONE)
		after_s(&story, 1);
	instant_ms end = told_at(&story, ride, NOTICE_LAST_CALL) + MINUTE_MS; /* without a word it drives off now */
	after_s(&story, (end - story_now(&story)) / SECOND_MS - 1);
	expect_state(&story, ride, RIDE_AT_STOP);

	expect_code(&story, rider_is_coming(&story, ride), ERR_OK);
	after_s(&story, 45); /* 20 m with a walker, and the ramp */
	expect_state(&story, ride, RIDE_AT_STOP);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:15");
	expect(&story, has_aboard(&story, bus, ride));
	until_state(&story, ride, RIDE_DONE, "08:30");
	expect_no_notice(&story, ride, NOTICE_NO_SHOW);
	story_close(&story);
}

/* Once is once: whoever said so and still does not come lets the others wait no longer. */
static void coming_helps_once(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "BC", "KL");
	until_state(&story, ride, RIDE_AT_STOP, "08:10");
	expect_code(&story, rider_is_coming(&story, ride), ERR_OK);
	expect_code(&story, rider_is_coming(&story, ride), ERR_CONFLICT);
	until_state(&story, ride, RIDE_NO_SHOW, "08:15");
	expect(&story, ride_of(&story, ride)->closed_at - ride_of(&story, ride)->at_stop_at >= 240 * SECOND_MS);
	story_close(&story);
}

/* Nobody is a no-show before the window has ended, 120 s at the stop and a last call; and a person can take it back. */
static void no_show_with_notice_undone_by_a_person(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "BC", "KL");
	until_state(&story, ride, RIDE_NO_SHOW, "08:20");
	const struct core_ride *gone = ride_of(&story, ride);
	expect_notice(&story, ride, NOTICE_VEHICLE_AT_STOP);
	expect_notice(&story, ride, NOTICE_LAST_CALL);
	expect_notice(&story, ride, NOTICE_NO_SHOW);
	expect(&story, told_at(&story, ride, NOTICE_LAST_CALL) + 30 * SECOND_MS <= gone->closed_at);
	expect(&story, gone->closed_at >= gone->latest_pickup);
	expect(&story, gone->closed_at - gone->at_stop_at >= 120 * SECOND_MS);

	after_s(&story, 60); /* "I stood on the other side of the street!" */
	expect_code(&story, rider_undone(&story, "Anna", ride), ERR_OK);
	expect_state(&story, ride, RIDE_PROMISED);
	expect_notice(&story, ride, NOTICE_VEHICLE_CHANGED);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:40");
	story_close(&story);
}

/* Dog and companion are never a reason: whenever one person is taken, so are the person, the dog and the companion. */
static void dog_and_companion_are_never_refused(void **state)
{
	static struct story story;
	static const char *const ways[][2] = {{"AB", "KL"}, {"GH", "EF"}, {"IJ", "CD"},
					      {"BC", "FE"}, {"LK", "BA"}, {"HG", "IJ"}};
	(void)state;
	morning(&story);
	shuttle(&story, "EF", &(struct shuttle_options){.seats = 4, .no_bay = 1});
	shuttle(&story, "GH", &(struct shuttle_options){.seats = 4, .no_bay = 1});
	uint64_t rides[6];
	for (int i = 0; i < 6; i++) {
		rides[i] = rider_books_wish(
			&story,
			&(struct wish){.from = ways[i][0], .to = ways[i][1], .persons = 1, .companion = 1, .dog = 1});
		rider_goes_to_stop(&story, rides[i]);
		after_s(&story, 240);
	}
	for (int i = 0; i < 6; i++)
		until_state(&story, rides[i], RIDE_DONE, "09:30");
	story_close(&story);
}

/* Two seats are two seats: with one left, a rider and a companion are refused as any party of two would be, the dog as
 * no dog. */
static void only_space_refuses_a_companion(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	shuttle(&story, "EF", &(struct shuttle_options){.seats = 1, .no_bay = 1});
	uint64_t two = rider_wishes(&story, &(struct wish){.from = "AB", .to = "KL", .persons = 2});
	uint64_t companion =
		rider_wishes(&story, &(struct wish){.from = "AB", .to = "KL", .persons = 1, .companion = 1, .dog = 1});
	uint64_t dog = rider_wishes(&story, &(struct wish){.from = "AB", .to = "KL", .persons = 1, .dog = 1});
	expect_state(&story, two, RIDE_REFUSED);
	expect_refused(&story, companion, ride_of(&story, two)->refusal);
	expect_state(&story, dog, RIDE_OFFERED);
	expect_code(&story, rider_accepts(&story, dog), ERR_OK);
	rider_goes_to_stop(&story, dog);
	until_state(&story, dog, RIDE_DONE, "08:30");
	story_close(&story);
}

/* A passenger calls, wishes to stop, feels ill: each is somebody's task until a person has seen to it. */
static void voices_from_inside_become_cases(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:10");
	after_s(&story, 10);

	presses(&story, bus, WIRE_PASSENGER_CALL);
	after_s(&story, 2);
	const struct core_case *call = expect_case(&story, 0, bus, CASE_PASSENGER_CALL);
	expect_code(&story, owns_case(&story, "Anna", call->case_id), ERR_OK);
	expect_code(&story, closes_case(&story, "Anna", call->case_id, CASE_HOME_BY_SHUTTLE), ERR_OK);
	expect_no_case(&story, 0, bus, CASE_PASSENGER_CALL);

	presses(&story, bus, WIRE_STOP_WISH);
	after_s(&story, 2);
	expect_case(&story, 0, bus, CASE_PASSENGER_CALL);
	presses(&story, bus, WIRE_EMERGENCY);
	after_s(&story, 2);
	expect_case(&story, 0, bus, CASE_EMERGENCY);
	expect_case(&story, ride, bus, CASE_EMERGENCY);
	at(&story, "08:30");
	expect_state(&story, ride, RIDE_ABOARD); /* stands, doors open, until a person has seen to it */
	const struct core_case *emergency = expect_case(&story, 0, bus, CASE_EMERGENCY);
	expect_code(&story, closes_case(&story, "Anna", emergency->case_id, CASE_HOME_BY_SHUTTLE), ERR_OK);
	expect_code(&story, orders(&story, "Anna", bus, WIRE_RESUME), ERR_OK);
	until_state(&story, ride, RIDE_DONE, "08:40");
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walker_says_i_am_coming),
		cmocka_unit_test(coming_helps_once),
		cmocka_unit_test(no_show_with_notice_undone_by_a_person),
		cmocka_unit_test(dog_and_companion_are_never_refused),
		cmocka_unit_test(only_space_refuses_a_companion),
		cmocka_unit_test(voices_from_inside_become_cases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
