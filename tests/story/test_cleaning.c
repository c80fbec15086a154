// link: zub_story
/* Shuttles are cleaned at their depot after so long in service: in a quiet moment, else as soon as those are served
 * whom they were promised; nobody waits a minute longer than promised for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "rng.h"
#include "story.h"

static struct story story;

static void begins(uint32_t every_min, uint32_t early_min)
{
	story_open(&story, &(struct story_options){.begins = "08:00",
						   .clean_every_min = every_min,
						   .clean_early_min = early_min,
						   .clean_min = 15});
	signs_on(&story, "Anna", 4);
}

static instant_ms due(uint32_t vehicle)
{
	return core_clean_due(story_core(&story), vehicle);
}

static int goes(uint32_t vehicle)
{
	uint32_t n;
	const struct core_task *tasks = core_plan(story_core(&story), vehicle, &n);
	return n && tasks[0].kind == WIRE_CLEAN;
}

static void until_cleaned(uint32_t vehicle, const char *time)
{
	const instant_ms was = shuttle_of(&story, vehicle)->cleaned_at;
	while (shuttle_of(&story, vehicle)->cleaned_at == was) {
		expect(&story, story_now(&story) < story_time(&story, time));
		after_s(&story, 10);
	}
}

/* Neither is overdue yet, nobody asks: one after the other goes, and who asks meanwhile is served by the one left. */
static void in_a_quiet_hour(void **state)
{
	(void)state;
	begins(120, 60);
	uint32_t one = shuttle(&story, "AB", NULL), other = shuttle(&story, "AB", NULL);
	(void)rider_rides(&story, "BA", "KL"); /* one of them has a way to the depot */
	at(&story, "08:59");
	expect(&story, !goes(one) && !goes(other));
	at(&story, "09:05");
	expect(&story, goes(one) + goes(other) == 1);
	uint32_t busy = goes(one) ? one : other;
	uint64_t ride = rider_books(&story, "BC", "CD");
	expect(&story, ride_of(&story, ride)->vehicle == one + other - busy);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "09:25");
	until_cleaned(busy, "09:30");
	until_cleaned(one + other - busy, "09:55");
	expect(&story, due(one) > story_time(&story, "11:00") && due(other) > story_time(&story, "11:00"));
	story_close(&story);
}

/* Overdue it fetches whom it was promised, no one else, and goes; the next wish is the other shuttle's, though far. */
static void overdue(void **state)
{
	(void)state;
	begins(60, 0);
	uint32_t late = shuttle(&story, "AB", NULL);
	at(&story, "08:30");
	uint32_t far = shuttle(&story, "KL", NULL);
	at(&story, "08:55");
	uint64_t promised = rider_books_wish(&story, &(struct wish){.from = "BC", .to = "GH", .leave_at = "09:04"});
	expect(&story, ride_of(&story, promised)->vehicle == late);
	at(&story, "09:01");
	expect(&story, due(late) < story_now(&story) && mode_of(&story, late) != WIRE_CLEANING);
	uint64_t next = rider_books(&story, "AB", "CD");
	expect(&story, ride_of(&story, next)->vehicle == far);
	rider_goes_to_stop(&story, promised);
	rider_goes_to_stop(&story, next);
	until_state(&story, promised, RIDE_DONE, "09:20");
	expect(&story, ride_of(&story, promised)->vehicle == late);
	until_state(&story, next, RIDE_DONE, "09:25");
	until_cleaned(late, "09:35");
	expect(&story, ride_of(&story, promised)->alighted_at <= ride_of(&story, promised)->latest_arrival);
	uint64_t again = rider_books(&story, "AB", "CD"); /* and as new it takes the next */
	expect(&story, ride_of(&story, again)->vehicle == late);
	rider_goes_to_stop(&story, again);
	until_state(&story, again, RIDE_DONE, "09:55");
	story_close(&story);
}

/* The only shuttle, overdue: no wish for now is promised before it goes to be cleaned, one for the evening is. */
static void only_one(void **state)
{
	(void)state;
	begins(60, 0);
	uint32_t bus = shuttle(&story, "AB", NULL);
	at(&story, "08:58");
	uint64_t promised = rider_books_wish(&story, &(struct wish){.from = "BC", .to = "GH", .leave_at = "09:04"});
	at(&story, "09:01");
	uint64_t now = rider_asks(&story, "AB", "CD");
	expect_refused(&story, now, REFUSAL_NO_VEHICLE);
	uint64_t evening = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "CD", .leave_at = "18:00"});
	expect(&story, ride_of(&story, evening)->vehicle == bus);
	rider_goes_to_stop(&story, promised);
	until_state(&story, promised, RIDE_DONE, "09:20");
	after_s(&story, 60);
	uint64_t after = rider_books(&story, "BC", "CD"); /* after the cleaning that is under way, or planned */
	expect(&story, ride_of(&story, after)->earliest_pickup > story_now(&story) + 15 * MINUTE_MS);
	rider_goes_to_stop(&story, after);
	until_cleaned(bus, "09:40");
	until_state(&story, after, RIDE_DONE, "10:00");
	rider_goes_to_stop(&story, evening);
	until_state(&story, evening, RIDE_DONE, "18:30");
	story_close(&story);
}

/* There is time enough before the next rider: it is back when he is ready. */
static void before_the_next_rider(void **state)
{
	(void)state;
	begins(60, 20);
	uint32_t bus = shuttle(&story, "AB", NULL);
	(void)rider_rides(&story, "AB", "KL");
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "JK", .to = "AB", .leave_at = "09:30"});
	until_cleaned(bus, "09:05");
	expect(&story, shuttle_of(&story, bus)->n_tasks == 2);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "09:50");
	expect(&story, ride_of(&story, ride)->boarded_at < ride_of(&story, ride)->latest_pickup);
	story_close(&story);
}

/* Neither a new dispatcher nor a new agent forgets that it is being cleaned, and since when. */
static void restarts(void **state)
{
	(void)state;
	begins(60, 60);
	uint32_t bus = shuttle(&story, "AB", NULL);
	after_s(&story, 300);
	expect(&story, mode_of(&story, bus) == WIRE_CLEANING);
	dispatcher_restarts(&story);
	after_s(&story, 120);
	agent_restarts(&story, bus);
	until_cleaned(bus, "08:18");
	expect(&story, shuttle_of(&story, bus)->cleaned_at < story_time(&story, "08:16"));
	const instant_ms cleaned = shuttle_of(&story, bus)->cleaned_at;
	dispatcher_restarts(&story);
	expect(&story, shuttle_of(&story, bus)->cleaned_at == cleaned && due(bus) == cleaned + 60 * MINUTE_MS);
	story_close(&story);
}

/* Its shift ends and it would be due soon: it is cleaned before it stands for the night. */
static void after_its_shift(void **state)
{
	(void)state;
	begins(120, 60);
	uint32_t bus = shuttle(&story, "AB", &(struct shuttle_options){.shift_to = "09:00"});
	at(&story, "08:50");
	(void)rider_rides(&story, "AB", "BC");
	at(&story, "08:59");
	expect(&story, mode_of(&story, bus) == WIRE_IDLE);
	until_cleaned(bus, "09:25");
	expect(&story, shuttle_of(&story, bus)->service == SERVICE_OUT);
	expect(&story, due(bus) == INT64_MAX);
	story_close(&story);
}

/* Whoever wishes whatever: all promises hold, and by the checker's own books nobody is cleaned with riders aboard and
 * no shuttle that is overdue takes anybody or dawdles. */
static void busy_days(void **state)
{
	static const char *const places[] = {"AB", "BC", "CD", "EF", "FG", "GH", "IJ", "JK", "KL",
					     "AE", "BF", "CG", "DH", "EI", "FJ", "GK", "HL"};
	uint32_t cleanings = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct rng rng;
		struct checker_figures figures;
		rng_seed(&rng, seed);
		begins(40 + rng_below(&rng, 60), rng_below(&rng, 40));
		for (uint32_t v = 0; v < 3; v++)
			shuttle(&story, places[rng_below(&rng, COUNT_OF(places))], NULL);
		for (uint32_t i = 0; i < 60; i++) {
			uint32_t from = rng_below(&rng, COUNT_OF(places)), to = rng_below(&rng, COUNT_OF(places));
			uint64_t ride = from == to ? 0 : rider_asks(&story, places[from], places[to]);
			if (ride && ride_of(&story, ride)->state == RIDE_OFFERED && !rider_accepts(&story, ride))
				rider_goes_to_stop(&story, ride);
			after_s(&story, rng_between(&rng, 30, 400));
		}
		after_s(&story, 7200);
		for (uint32_t v = 1; v <= 3; v++)
			cleanings += shuttle_of(&story, v)->cleaned_at != INSTANT_NONE;
		story_figures(&story, &figures);
		expect(&story, figures.done > 20 && !figures.promises_broken);
		story_close(&story);
	}
	assert_int_equal(cleanings, 18);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_quiet_hour), cmocka_unit_test(overdue),
		cmocka_unit_test(only_one),	   cmocka_unit_test(before_the_next_rider),
		cmocka_unit_test(restarts),	   cmocka_unit_test(after_its_shift),
		cmocka_unit_test(busy_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
