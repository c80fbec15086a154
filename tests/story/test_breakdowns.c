// link: zub_story
/* Vehicles fail, stop, fall silent: the ride stays somebody's until the rider is home. */
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

static const struct wish by_wheelchair = {.from = "BC", .to = "KL", .wheelchair = 1};

/* Evening; of two shuttles one has a bay, and that one dies before it has come. */
static void only_bay_fails_with_the_wheelchair_rider_promised(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "21:40");
	uint32_t bay = shuttle(&story, "IJ", NULL);
	shuttle(&story, "AB", &(struct shuttle_options){.no_bay = 1});
	uint64_t ride = rider_books_wish(&story, &by_wheelchair);
	expect(&story, ride_of(&story, ride)->vehicle == bay);
	after_s(&story, 20);
	breaks_down(&story, bay);
	after_s(&story, 5);

	expect_state(&story, ride, RIDE_BROKEN);
	expect(&story, ride_of(&story, ride)->cause == CAUSE_VEHICLE_FAULT);
	expect_notice(&story, ride, NOTICE_BROKEN);
	expect(&story, town_text(&story.drawn.town, story.drawn.town.fallback_phone)[0] != 0); /* whom the case names */
	expect_case(&story, ride, bay, CASE_BROKEN_RIDE);
	at(&story, "23:59"); /* nothing but a person ends it, however long it takes */
	expect_case(&story, ride, bay, CASE_BROKEN_RIDE);
	expect_state(&story, ride, RIDE_BROKEN);
	expect_code(&story, owns_case(&story, "Anna", ride), ERR_OK);
	dispatcher_restarts(&story);
	expect(&story, expect_case(&story, ride, bay, CASE_BROKEN_RIDE)->owner[0] == 'A');
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_BY_FALLBACK), ERR_OK);
	expect_no_case(&story, ride, bay, CASE_BROKEN_RIDE);
	story_close(&story);
}

static void only_bay_fails_with_the_wheelchair_rider_aboard(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "21:40");
	uint32_t bay = shuttle(&story, "EF", NULL);
	shuttle(&story, "AB", &(struct shuttle_options){.no_bay = 1});
	uint64_t ride = rider_books_wish(&story, &by_wheelchair);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "21:55");
	after_s(&story, 50);
	breaks_down(&story, bay);
	after_s(&story, 5);

	expect_state(&story, ride, RIDE_ABOARD); /* still sits in it */
	expect_case(&story, ride, bay, CASE_MRC);
	at(&story, "22:40");
	expect_case(&story, ride, bay, CASE_MRC);
	expect_state(&story, ride, RIDE_ABOARD);
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_BY_FALLBACK), ERR_OK);
	expect_state(&story, ride, RIDE_BROKEN);
	expect(&story, ride_of(&story, ride)->cause == CAUSE_VEHICLE_FAULT);
	expect(&story, ride_of(&story, ride)->case_outcome == CASE_HOME_BY_FALLBACK);
	expect(&story, shuttle_of(&story, bay)->n_aboard == 0);
	story_close(&story);
}

/* Without anybody to fall back on, late promises that hang on a single vehicle are not made. */
static void without_fallback_no_late_promise_on_one_vehicle(void **state)
{
	static struct story story;
	(void)state;
	story_open(&story, &(struct story_options){.begins = "24:20", .no_fallback = 1});
	signs_on(&story, "Anna", 4);
	shuttle(&story, "IJ", NULL);
	shuttle(&story, "AB", &(struct shuttle_options){.no_bay = 1});
	expect_refused(&story, rider_wishes(&story, &by_wheelchair), REFUSAL_NO_FALLBACK);
	uint64_t ride = rider_books(&story, "BC", "KL"); /* either of the two could */
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "24:50");
	story_close(&story);
}

/* The waiting rider is given to the other shuttle, within the promise. */
static void waiting_rider_goes_to_another_vehicle(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t near = shuttle(&story, "BC", NULL), far = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "CD", .to = "KL", .leave_at = "08:20"});
	expect(&story, ride_of(&story, ride)->vehicle == near);
	at(&story, "08:10");
	breaks_down(&story, near);
	after_s(&story, 5);
	expect_state(&story, ride, RIDE_PROMISED);
	expect(&story, ride_of(&story, ride)->vehicle == far);
	expect_notice(&story, ride, NOTICE_VEHICLE_CHANGED);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "08:40");
	expect(&story, ride_of(&story, ride)->cause == CAUSE_NONE);
	story_close(&story);
}

/* Two wait for a shuttle that dies. The other one is too far away for the first, and what it could do for him instead
 * would cost the second his promise: that one is kept. */
static void what_replaces_a_broken_promise_breaks_no_other(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t near = shuttle(&story, "AB", &(struct shuttle_options){.seats = 1});
	uint64_t first = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "08:10"});
	uint64_t second = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "08:12"});
	expect(&story, ride_of(&story, first)->vehicle == near && ride_of(&story, second)->vehicle == near);
	at(&story, "08:09");
	uint32_t far = shuttle(&story, "LK", &(struct shuttle_options){.seats = 1});
	breaks_down(&story, near);
	after_s(&story, 5);
	expect_notice(&story, first, NOTICE_BROKEN);
	expect_no_notice(&story, second, NOTICE_BROKEN);
	expect_state(&story, second, RIDE_PROMISED);
	expect(&story, ride_of(&story, second)->vehicle == far && ride_of(&story, second)->cause == CAUSE_NONE);
	rider_goes_to_stop(&story, second);
	until_state(&story, second, RIDE_DONE, "08:40");
	expect(&story, ride_of(&story, second)->cause == CAUSE_NONE);
	rider_goes_to_stop(&story, first);
	until_state(&story, first, RIDE_DONE, "09:00");
	expect_code(&story, closes_case(&story, "Anna", first, CASE_HOME_BY_SHUTTLE), ERR_OK);
	story_close(&story);
}

/* A minimal-risk stop with riders aboard; the vehicle asks, the supervisor looks and approves, it goes on. */
static void minimal_risk_stop_is_approved(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:10");
	after_s(&story, 60);
	minimal_risk_stop(&story, bus);
	after_s(&story, 25); /* two messages that overtook one another are told again */
	expect(&story, mode_of(&story, bus) == WIRE_MRC);
	expect(&story, shuttle_of(&story, bus)->service == SERVICE_DOWN);
	expect_case(&story, ride, bus, CASE_MRC);
	expect_case(&story, ride, bus, CASE_APPROVAL);
	expect_refused(&story, rider_asks(&story, "BC", "EF"), REFUSAL_NO_VEHICLE);

	expect_code(&story, answers_approval(&story, "Zoe", bus, 1), ERR_DENIED); /* nobody on duty */
	after_s(&story, 60);
	expect(&story, mode_of(&story, bus) == WIRE_MRC);
	expect_code(&story, answers_approval(&story, "Anna", bus, 1), ERR_OK);
	expect_no_case(&story, ride, bus, CASE_APPROVAL);
	until_state(&story, ride, RIDE_DONE, "08:30");
	expect(&story, shuttle_of(&story, bus)->service == SERVICE_IN);
	story_close(&story);
}

/* A denied request leaves the vehicle where it is; only a person takes the rider out. */
static void minimal_risk_stop_is_denied(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:10");
	after_s(&story, 60);
	minimal_risk_stop(&story, bus);
	after_s(&story, 25); /* two messages that overtook one another are told again */
	expect_code(&story, answers_approval(&story, "Anna", bus, 0), ERR_OK);
	uint64_t driven = story_driven_mm(&story, bus);
	at(&story, "09:00");
	expect(&story, mode_of(&story, bus) == WIRE_MRC);
	expect(&story, story_driven_mm(&story, bus) == driven);
	expect_case(&story, ride, bus, CASE_MRC);
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_OTHERWISE), ERR_OK);
	expect_state(&story, ride, RIDE_BROKEN);
	story_close(&story);
}

/* Everything stands still at once, whoever is aboard; nothing moves until a supervisor says so, then all goes on. */
static void standstill_of_all_and_resume(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t one = shuttle(&story, "EF", NULL), two = shuttle(&story, "CD", NULL);
	uint64_t aboard = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, aboard);
	until_state(&story, aboard, RIDE_ABOARD, "08:10");
	after_s(&story, 40);
	uint64_t waits = rider_books(&story, "DC", "IJ");
	after_s(&story, 15);
	expect_code(&story, orders(&story, "Anna", 0, WIRE_STANDSTILL), ERR_OK);
	after_s(&story, 1);
	expect(&story, mode_of(&story, one) == WIRE_STOPPED && mode_of(&story, two) == WIRE_STOPPED);
	expect_case(&story, aboard, ride_of(&story, aboard)->vehicle, CASE_MRC);
	expect_refused(&story, rider_asks(&story, "FG", "KL"), REFUSAL_NO_VEHICLE);
	rider_goes_to_stop(&story, waits);
	after_s(&story, 120);
	expect(&story, mode_of(&story, one) == WIRE_STOPPED && mode_of(&story, two) == WIRE_STOPPED);

	expect_code(&story, orders(&story, "Zoe", one, WIRE_RESUME), ERR_DENIED); /* nobody on duty */
	expect_code(&story, orders(&story, "Anna", one, WIRE_RESUME), ERR_OK);
	expect_code(&story, orders(&story, "Anna", two, WIRE_RESUME), ERR_OK);
	until_state(&story, aboard, RIDE_DONE, "08:40");
	until_state(&story, waits, RIDE_DONE, "08:50");
	struct checker_figures figures;
	story_figures(&story, &figures);
	assert_int_equal(figures.done, 2);
	story_close(&story);
}

/* The link is gone for longer than a plan is valid. The rider aboard is driven to the drop-off all the same; the rider
 * who waits keeps the vehicle until the plan can no longer be carried out, then gets another; afterwards the vehicle
 * tells what it did. */
static void link_lost_for_longer_than_the_plan_is_valid(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t silent = shuttle(&story, "EF", NULL);
	uint64_t aboard = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, aboard);
	uint64_t waits = rider_books_wish(&story, &(struct wish){.from = "LK", .to = "EF", .leave_at = "08:30"});
	expect(&story, ride_of(&story, waits)->vehicle == silent);
	until_state(&story, aboard, RIDE_ABOARD, "08:10");
	after_s(&story, 10);
	uint32_t other = shuttle(&story, "CD", NULL);
	loses_link(&story, silent);
	instant_ms lost_at = story_now(&story);

	after_s(&story, 75); /* the dispatcher has noticed, the plan may still be carried out */
	expect(&story, shuttle_of(&story, silent)->service == SERVICE_LOST);
	expect_case(&story, aboard, silent, CASE_VEHICLE_UNKNOWN);
	expect(&story, ride_of(&story, waits)->vehicle == silent);
	while (ride_of(&story, waits)->vehicle == silent)
		after_s(&story, 1);
	expect(&story, ride_of(&story, waits)->vehicle == other);
	expect(&story, story_now(&story) - lost_at >=
			       story_plan_valid_ms(&story) - 10 * SECOND_MS); /* last heard up to 10 s before */
	expect_notice(&story, waits, NOTICE_VEHICLE_CHANGED);
	expect_state(&story, aboard, RIDE_ABOARD); /* unknown, never "fine" */

	at(&story, "08:20");
	expect(&story, !has_aboard(&story, silent, aboard)); /* driven home; nobody here knows it yet */
	expect_state(&story, aboard, RIDE_ABOARD);
	rider_goes_to_stop(&story, waits);
	regains_link(&story, silent);
	until_state(&story, aboard, RIDE_DONE, "08:22");
	expect_no_case(&story, aboard, silent, CASE_VEHICLE_UNKNOWN);
	until_state(&story, waits, RIDE_DONE, "08:50");
	expect(&story, ride_of(&story, waits)->cause == CAUSE_NONE);
	expect(&story, !has_aboard(&story, silent, waits));
	story_close(&story);
}

/* A link that is gone for five minutes in the morning breaks no promise of the afternoon. */
static void short_silence_breaks_no_promise_far_ahead(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "15:00"});
	loses_link(&story, bus);
	after_s(&story, 300);
	expect_case(&story, 0, bus, CASE_VEHICLE_UNKNOWN);
	expect_state(&story, ride, RIDE_PROMISED);
	expect_no_notice(&story, ride, NOTICE_BROKEN);
	regains_link(&story, bus);
	after_s(&story, 30);
	expect_no_case(&story, 0, bus, CASE_VEHICLE_UNKNOWN);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "15:30");
	expect(&story, ride_of(&story, ride)->cause == CAUSE_NONE);
	story_close(&story);
}

/* But the rider is not left hoping: as long as a taxi still helps, the promise is called broken and somebody owns it.
 */
static void long_silence_is_told_in_time(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "09:00"});
	loses_link(&story, bus);
	until_state(&story, ride, RIDE_BROKEN, "09:00");
	expect(&story, told_at(&story, ride, NOTICE_BROKEN) <= ride_of(&story, ride)->latest_pickup - 10 * MINUTE_MS);
	expect(&story, ride_of(&story, ride)->cause == CAUSE_VEHICLE_LOST);
	expect_case(&story, ride, bus, CASE_BROKEN_RIDE);
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_BY_FALLBACK), ERR_OK);
	regains_link(&story, bus);
	at(&story, "09:30");
	expect(&story, !has_aboard(&story, bus, ride));
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_bay_fails_with_the_wheelchair_rider_promised),
		cmocka_unit_test(only_bay_fails_with_the_wheelchair_rider_aboard),
		cmocka_unit_test(without_fallback_no_late_promise_on_one_vehicle),
		cmocka_unit_test(waiting_rider_goes_to_another_vehicle),
		cmocka_unit_test(what_replaces_a_broken_promise_breaks_no_other),
		cmocka_unit_test(minimal_risk_stop_is_approved),
		cmocka_unit_test(minimal_risk_stop_is_denied),
		cmocka_unit_test(standstill_of_all_and_resume),
		cmocka_unit_test(link_lost_for_longer_than_the_plan_is_valid),
		cmocka_unit_test(short_silence_breaks_no_promise_far_ahead),
		cmocka_unit_test(long_silence_is_told_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
