// link: zub_story
/* People carry the duty: no promise without a supervisor; handing over is accepted, not assumed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

static void morning(struct story *story)
{
	story_open(story, &(struct story_options){.begins = "08:00"});
}

static void nobody_signed_on_no_promise(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	shuttle(&story, "EF", NULL);
	expect_refused(&story, rider_asks(&story, "AB", "KL"), REFUSAL_NO_SUPERVISOR);

	signs_on(&story, "Anna", 4);
	uint64_t ride = rider_asks(&story, "AB", "KL");
	expect_state(&story, ride, RIDE_OFFERED);
	expect_code(&story, signs_off(&story, "Anna", NULL), ERR_OK); /* between the offer and its acceptance */
	expect(&story, rider_accepts(&story, ride) != ERR_OK);
	expect(&story, ride_of(&story, ride)->promised_at == INSTANT_NONE);
	expect_refused(&story, rider_asks(&story, "AB", "KL"), REFUSAL_NO_SUPERVISOR);
	story_close(&story);
}

/* One supervisor watches no more vehicles than he may: the second shuttle makes no promise. */
static void nobody_watches_more_than_he_may(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	signs_on(&story, "Anna", 1);
	shuttle(&story, "EF", NULL);
	uint32_t second = shuttle(&story, "AB", NULL);
	uint64_t ride = rider_books(&story, "BC", "KL");
	expect(&story, ride_of(&story, ride)->vehicle != second);
	expect(&story, !shuttle_of(&story, second)->supervisor[0]);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:30");
	story_close(&story);
}

static void handover_is_accepted_not_assumed(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	signs_on(&story, "Anna", 4);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	expect_code(&story, signs_off(&story, "Anna", "Bert"), ERR_NOT_FOUND); /* he is not there */
	signs_on(&story, "Bert", 4);
	expect_code(&story, signs_off(&story, "Anna", "Bert"), ERR_OK);
	after_s(&story, 120);
	expect(&story, !strcmp(shuttle_of(&story, bus)->supervisor, "Anna")); /* until he says yes it is hers */
	expect_no_case(&story, 0, bus, CASE_UNSUPERVISED);
	expect_code(&story, accepts_handover(&story, "Bert", "Anna"), ERR_OK);
	expect(&story, !strcmp(shuttle_of(&story, bus)->supervisor, "Bert"));
	expect_code(&story, accepts_handover(&story, "Bert", "Anna"), ERR_CONFLICT);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:30");
	expect(&story, ride_of(&story, ride)->cause == CAUSE_NONE);
	story_close(&story);
}

/* She leaves with nobody to take over: a case, and nobody boards; when somebody signs on it goes on. */
static void leaving_without_successor_is_a_case(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	signs_on(&story, "Anna", 4);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	expect_code(&story, signs_off(&story, "Anna", NULL), ERR_OK);
	expect_case(&story, 0, bus, CASE_UNSUPERVISED);
	expect_refused(&story, rider_asks(&story, "BC", "EF"), REFUSAL_NO_SUPERVISOR);
	rider_goes_to_stop(&story, ride);
	after_s(&story, 60);
	expect(&story, !has_aboard(&story, bus, ride));
	signs_on(&story, "Bert", 4);
	expect_no_case(&story, 0, bus, CASE_UNSUPERVISED);
	until_state(&story, ride, RIDE_DONE, "08:30");
	story_close(&story);
}

/* A shuttle without a supervisor carries nobody, so the rider's code opens no door; whoever is aboard is driven home.
 */
static void aboard_when_the_last_one_leaves(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	signs_on(&story, "Anna", 4);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t aboard = rider_books(&story, "AB", "KL"), waits = rider_books(&story, "BC", "LK");
	rider_goes_to_stop(&story, aboard);
	until_state(&story, aboard, RIDE_ABOARD, "08:10");
	rider_goes_to_stop(&story, waits);
	expect_code(&story, signs_off(&story, "Anna", NULL), ERR_OK);
	expect_case(&story, 0, bus, CASE_UNSUPERVISED);
	until_state(&story, aboard, RIDE_DONE, "08:40");
	expect(&story, !has_aboard(&story, bus, waits));
	until_state(&story, waits, RIDE_BROKEN,
		    "08:40"); /* after a while waiting riders are told, and somebody owns it */
	expect(&story, ride_of(&story, waits)->cause == CAUSE_OPERATOR);
	expect_notice(&story, waits, NOTICE_BROKEN);
	expect_case(&story, waits, bus, CASE_BROKEN_RIDE);
	expect_code(&story, closes_case(&story, "Bert", waits, CASE_HOME_BY_FALLBACK), ERR_OK);
	story_close(&story);
}

/* A shift begins and ends by the clock; its end never cuts off a promise. */
static void a_shift_bounds_promises(void **state)
{
	static struct story story;
	(void)state;
	morning(&story);
	signs_on(&story, "Anna", 4);
	uint32_t bus = shuttle(&story, "EF", NULL);
	expect_code(&story, sets_shift(&story, "", bus, "08:30", "09:30"), ERR_RANGE);
	expect_code(&story, sets_shift(&story, "Anna", bus, "09:30", "08:30"), ERR_RANGE);
	expect_code(&story, sets_shift(&story, "Anna", bus, "08:30", "09:30"), ERR_OK);
	expect_refused(&story, rider_asks(&story, "AB", "KL"), REFUSAL_NO_VEHICLE);
	at(&story, "08:31");
	uint64_t ride = rider_books(&story, "AB", "KL");
	expect_code(&story, sets_shift(&story, "Anna", bus, "08:30", "08:32"), ERR_CONFLICT);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "09:00");
	at(&story, "09:31");
	expect(&story, shuttle_of(&story, bus)->service == SERVICE_OUT);
	expect_refused(&story, rider_asks(&story, "AB", "KL"), REFUSAL_NO_VEHICLE);
	expect_code(&story, sets_shift(&story, "Anna", bus, NULL, NULL), ERR_OK);
	expect_code(&story, orders(&story, "Anna", bus, WIRE_INTO_SERVICE), ERR_OK);
	expect_state(&story, rider_asks(&story, "AB", "KL"), RIDE_OFFERED);
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_signed_on_no_promise),
		cmocka_unit_test(nobody_watches_more_than_he_may),
		cmocka_unit_test(a_shift_bounds_promises),
		cmocka_unit_test(handover_is_accepted_not_assumed),
		cmocka_unit_test(leaving_without_successor_is_a_case),
		cmocka_unit_test(aboard_when_the_last_one_leaves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
