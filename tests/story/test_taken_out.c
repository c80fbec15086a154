// link: zub_story
/* A person takes a rider out of a vehicle that does not go on. The vehicle must hear of it, sooner or later, or it
 * would count that rider aboard for ever and refuse every plan that lacks his drop-off; and it has the last word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

/* Two riders in a vehicle that stands in the middle of nowhere and is silent. */
struct stranded {
	struct story story;
	uint32_t bus;
	uint64_t one, two;
};

static void strand(struct stranded *stranded, const struct story_options *options)
{
	struct story *story = &stranded->story;
	story_open(story, options);
	story->drawn.town.rules.arrival_extra_permille = 3000; /* so that the two may share the vehicle */
	story->drawn.town.rules.ride_time_permille = 4000;
	signs_on(story, "Anna", 4);
	stranded->bus = shuttle(story, "EF", NULL);
	stranded->one = rider_books_wish(story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "08:10"});
	stranded->two = rider_books_wish(story, &(struct wish){.from = "BC", .to = "KL", .leave_at = "08:10"});
	rider_goes_to_stop(story, stranded->one);
	rider_goes_to_stop(story, stranded->two);
	until_state(story, stranded->one, RIDE_ABOARD, "08:20");
	until_state(story, stranded->two, RIDE_ABOARD, "08:20");
	expect_state(story, stranded->one, RIDE_ABOARD);
	after_s(story, 45);
	minimal_risk_stop(story, stranded->bus);
	after_s(story, 25);
	loses_link(story, stranded->bus);
	at(story, "08:40");
	expect_case(story, stranded->one, stranded->bus, CASE_VEHICLE_UNKNOWN);
}

/* What stopped it is over: it is heard again, asks, and may go on. */
static void goes_on(struct stranded *stranded)
{
	regains_link(&stranded->story, stranded->bus);
	after_s(&stranded->story, 400);
	expect_code(&stranded->story, answers_approval(&stranded->story, "Anna", stranded->bus, 1), ERR_OK);
	after_s(&stranded->story, 60);
}

/* Plans reach it again, and it carries out what they say. */
static void serves_again(struct stranded *stranded)
{
	struct story *story = &stranded->story;
	const struct core_vehicle *bus = shuttle_of(story, stranded->bus);
	expect(story, !has_aboard(story, stranded->bus, stranded->one));
	expect(story, bus->acked_epoch == bus->plan_epoch && bus->acked_version == bus->plan_version);
	until_state(story, stranded->two, RIDE_DONE, "09:20");
	uint64_t next = rider_books(story, "CD", "EF");
	rider_goes_to_stop(story, next);
	until_state(story, next, RIDE_DONE, "09:40");
	expect(story, ride_of(story, stranded->one)->taken_out == 0);
	expect_state(story, stranded->one, RIDE_BROKEN);
}

static void rider_taken_out_of_a_silent_vehicle(void **state)
{
	static struct stranded stranded;
	struct story *story = &stranded.story;
	(void)state;
	strand(&stranded, &(struct story_options){.begins = "08:00"});
	expect_code(story, closes_case(story, "Anna", stranded.one, CASE_HOME_BY_FALLBACK), ERR_OK);
	expect_state(story, stranded.one, RIDE_BROKEN);
	expect(story, has_aboard(story, stranded.bus, stranded.one)); /* it cannot know yet */
	goes_on(&stranded);
	serves_again(&stranded);
	expect_no_case(story, stranded.one, stranded.bus, CASE_DISAGREEMENT);
	story_close(story);
}

/* Nothing but the journal and the agent's file remembers it. */
static void dispatcher_and_agent_restart_in_between(void **state)
{
	static struct stranded stranded;
	struct story *story = &stranded.story;
	(void)state;
	strand(&stranded, &(struct story_options){.begins = "08:00"});
	expect_code(story, closes_case(story, "Anna", stranded.one, CASE_HOME_BY_FALLBACK), ERR_OK);
	dispatcher_restarts(story);
	agent_restarts(story, stranded.bus);
	after_s(story, 4000); /* longer than finished rides are remembered */
	goes_on(&stranded);
	expect(story, !has_aboard(story, stranded.bus, stranded.one));
	expect(story, ride_of(story, stranded.one)->taken_out == 0);
	until_state(story, stranded.two, RIDE_DONE, "10:30");
	story_close(story);
}

static void on_a_bad_network(void **state)
{
	static struct stranded stranded;
	struct story *story = &stranded.story;
	(void)state;
	strand(&stranded,
	       &(struct story_options){
		       .begins = "08:00", .loss_permille = 200, .repeat_permille = 200, .latency_ms_max = 3000});
	expect_code(story, closes_case(story, "Anna", stranded.one, CASE_HOME_BY_FALLBACK), ERR_OK);
	goes_on(&stranded);
	serves_again(&stranded);
	story_close(story);
}

/* A vehicle that is heard all the time learns it at once. */
static void rider_taken_out_of_a_stranded_vehicle(void **state)
{
	static struct stranded stranded;
	struct story *story = &stranded.story;
	(void)state;
	strand(&stranded, &(struct story_options){.begins = "08:00"});
	regains_link(story, stranded.bus);
	after_s(story, 30);
	expect_code(story, closes_case(story, "Anna", stranded.one, CASE_HOME_OTHERWISE), ERR_OK);
	after_s(story, 15);
	expect(story, !has_aboard(story, stranded.bus, stranded.one));
	expect(story, ride_of(story, stranded.one)->taken_out == 0);
	expect(story, has_aboard(story, stranded.bus, stranded.two));
	expect_code(story, answers_approval(story, "Anna", stranded.bus, 1), ERR_OK);
	after_s(story, 60);
	serves_again(&stranded);
	story_close(story);
}

/* Somebody wrote down the wrong rider: the vehicle counts two persons, says so, and drives them home. */
static void vehicle_says_still_aboard(void **state)
{
	static struct stranded stranded;
	struct story *story = &stranded.story;
	struct checker_figures figures;
	(void)state;
	strand(&stranded, &(struct story_options){.begins = "08:00"});
	expect_code(story, closes_case_unseen(story, "Anna", stranded.one, CASE_HOME_BY_FALLBACK), ERR_OK);
	expect_state(story, stranded.one, RIDE_BROKEN);
	goes_on(&stranded);
	expect_state(story, stranded.one, RIDE_ABOARD);
	expect_case(story, stranded.one, stranded.bus, CASE_DISAGREEMENT);
	expect(story, has_aboard(story, stranded.bus, stranded.one));
	dispatcher_restarts(story);
	expect_case(story, stranded.one, stranded.bus, CASE_DISAGREEMENT);
	until_state(story, stranded.one, RIDE_DONE, "09:20");
	until_state(story, stranded.two, RIDE_DONE, "09:20");
	expect_no_case(story, stranded.one, stranded.bus, CASE_DISAGREEMENT);
	story_figures(story, &figures);
	assert_int_equal(figures.done, 2);
	story_close(story);
}

/* It had let the rider out before the person came there. */
static void rider_had_left_already(void **state)
{
	static struct story story;
	(void)state;
	story_open(&story, &(struct story_options){.begins = "08:00"});
	signs_on(&story, "Anna", 4);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_ABOARD, "08:15");
	loses_link(&story, bus); /* and drives on */
	at(&story, "08:40");
	expect(&story, !has_aboard(&story, bus, ride));
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_OTHERWISE), ERR_OK);
	regains_link(&story, bus);
	after_s(&story, 60);
	expect_state(&story, ride, RIDE_BROKEN);
	expect(&story, ride_of(&story, ride)->taken_out == 0);
	expect(&story, shuttle_of(&story, bus)->acked_version == shuttle_of(&story, bus)->plan_version);
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rider_taken_out_of_a_silent_vehicle),
		cmocka_unit_test(dispatcher_and_agent_restart_in_between),
		cmocka_unit_test(on_a_bad_network),
		cmocka_unit_test(rider_taken_out_of_a_stranded_vehicle),
		cmocka_unit_test(vehicle_says_still_aboard),
		cmocka_unit_test(rider_had_left_already),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
