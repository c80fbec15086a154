// link: zub_story
/* Hours at which streets are slower: what is promised is promised with the times of its hour, over the border with the
 * slowest, and kept. Every minute of these stories a shuttle drives exactly as fast as its hour allows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "rng.h"
#include "story.h"
#include "world.h"

static void begins(struct story *story, const char *time)
{
	story_open(story, &(struct story_options){.begins = time, .profiles = "tue wed 09:00 10:00 2000\n"});
	signs_on(story, "Anna", 4);
	shuttle(story, "AB", NULL);
}

static void each_hour_has_its_times(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint32_t quick = rider_rides(&story, "AB", "CD");
	at(&story, "09:10");
	uint32_t slow = rider_rides(&story, "DC", "BA");
	expect(&story, slow == 2 * quick);
	instant_ms boarded = ride_of(&story, story.riders[1].ride)->boarded_at;
	instant_ms alighted = ride_of(&story, story.riders[1].ride)->alighted_at;
	expect(&story, alighted - boarded >= (instant_ms)slow); /* and is driven so */
	at(&story, "10:10");
	expect(&story, rider_rides(&story, "AB", "CD") == quick);
	story_close(&story);
}

/* A ride that reaches into the slow hour is promised by that hour's times before it begins. */
static void promise_over_the_border(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:30");
	uint32_t quick = rider_rides(&story, "AB", "CD");
	at(&story, "08:54");
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "CD", .leave_at = "08:59"});
	expect(&story, ride_of(&story, ride)->offers[0].direct_ms == 2 * quick);
	dispatcher_restarts(&story);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "09:20");
	expect(&story, ride_of(&story, ride)->alighted_at <= ride_of(&story, ride)->latest_arrival);
	story_close(&story);
}

/* What lies beyond the next border is promised at the slowest, and can only become sooner. */
static void prebooked_is_never_too_soon(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	uint64_t ride = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "CD", .leave_at = "11:00"});
	instant_ms planned = ride_of(&story, ride)->planned_dropoff;
	at(&story, "10:30");
	expect(&story, ride_of(&story, ride)->planned_dropoff < planned);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "11:40");
	story_close(&story);
}

/* Whoever wishes whatever around both borders: nothing that is promised is broken, for the checker knows of no cause.
 */
static void nobody_is_late_over_the_borders(void **state)
{
	static const char *const places[] = {"AB", "BC", "CD", "EF", "FG", "GH", "IJ", "JK", "KL",
					     "AE", "BF", "CG", "DH", "EI", "FJ", "GK", "HL"};
	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		static struct story story;
		struct rng rng;
		rng_seed(&rng, seed);
		begins(&story, seed % 2 ? "08:40" : "09:40");
		shuttle(&story, "KL", NULL);
		for (int i = 0; i < 24; i++) {
			uint32_t from = rng_below(&rng, 17), to = (from + 1 + rng_below(&rng, 16)) % 17;
			uint64_t ride = rider_asks(&story, places[from], places[to]);
			if (ride_of(&story, ride)->state == RIDE_OFFERED && rider_accepts(&story, ride) == ERR_OK)
				rider_goes_to_stop(&story, ride);
			after_s(&story, 20 + rng_below(&rng, 160));
		}
		after_s(&story, 4800);
		struct checker_figures figures;
		checker_figures(world_checker(story.world), &figures);
		expect(&story, figures.promises_broken == 0 && figures.promises_kept > 8);
		story_close(&story);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hour_has_its_times),
		cmocka_unit_test(promise_over_the_border),
		cmocka_unit_test(prebooked_is_never_too_soon),
		cmocka_unit_test(nobody_is_late_over_the_borders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
