// link: zub_story
/* A street is slower than the map says, and nobody tells: where the town permits it, the dispatcher learns it from its
 * own shuttles, plans and promises by it, and forgets it when it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"
#include "world_inner.h"

static void begins(struct story *story, int live_speeds)
{
	story_open(story, &(struct story_options){.begins = "08:00", .live_speeds = live_speeds});
	signs_on(story, "Anna", 4);
	shuttle(story, "AB", NULL);
}

static void somebody_rides(struct story *story, const char *from, const char *to)
{
	uint64_t ride = rider_books(story, from, to);
	rider_goes_to_stop(story, ride);
	while (ride_of(story, ride)->state < RIDE_DONE)
		after_s(story, 10);
	expect_state(story, ride, RIDE_DONE);
}

/* Both ways through BC, or, once that is slow, into it from both ends. */
static void ride_to_and_fro(struct story *story, int times)
{
	for (int i = 0; i < times; i++) {
		somebody_rides(story, "AB", "BC");
		somebody_rides(story, "DC", "CB");
	}
}

/* What the core was told of a street; 0 = nothing. */
static uint32_t told(const struct story *story, char from, char to)
{
	const struct core_speeds *speeds = core_speeds(world_core(story->world));
	for (uint32_t i = 0; i < speeds->n; i++)
		if (speeds->arcs[i] == drawn_arc(&story->drawn, from, to))
			return speeds->slow_permille[i];
	return 0;
}

static void slow_street_is_found_and_kept_in_mind(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, 1);
	uint64_t quick = rider_books(&story, "AB", "BC");
	uint32_t before = ride_of(&story, quick)->offers[0].direct_ms;
	rider_goes_to_stop(&story, quick);
	until_state(&story, quick, RIDE_DONE, "08:10");
	expect(&story, core_speeds(world_core(story.world))->n == 0);
	jams_street(&story, "BC", 3000);
	ride_to_and_fro(&story, 4);
	expect(&story, told(&story, 'B', 'C') >= 2200 && told(&story, 'B', 'C') <= 3400);
	expect(&story, told(&story, 'A', 'B') == 0 && told(&story, 'B', 'F') == 0 && told(&story, 'C', 'D') == 0);
	dispatcher_restarts(&story); /* it is the journal's, not the estimator's alone */
	expect(&story, told(&story, 'B', 'C') >= 2200);
	uint64_t ride = rider_books(&story, "AB", "BC");
	expect(&story, ride_of(&story, ride)->offers[0].direct_ms > before + 30000);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "12:00");
	expect(&story, ride_of(&story, ride)->alighted_at <= ride_of(&story, ride)->planned_dropoff + 15 * SECOND_MS);
	story_close(&story);
}

static void what_is_over_is_forgotten(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, 1);
	jams_street(&story, "BC", 3000);
	ride_to_and_fro(&story, 4);
	expect(&story, told(&story, 'B', 'C') != 0);
	jams_street(&story, "BC", 1000);
	at(&story, "14:00"); /* nobody drives there */
	expect(&story, core_speeds(world_core(story.world))->n == 0);
	somebody_rides(&story, "AB", "CD");
	expect(&story, core_speeds(world_core(story.world))->n == 0);
	story_close(&story);
}

/* Streets are driven again before they are forgotten: then it goes quicker. */
static void quick_again(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, 1);
	jams_street(&story, "BC", 2000);
	ride_to_and_fro(&story, 4);
	uint32_t was = told(&story, 'B', 'C');
	expect(&story, was >= 1500);
	jams_street(&story, "BC", 1000);
	for (int i = 0; i < 5; i++)
		somebody_rides(&story, i % 2 ? "CB" : "AB", i % 2 ? "BA" : "BC"); /* both ends on it or beside it */
	after_s(&story, 330);
	expect(&story, told(&story, 'B', 'C') < was);
	story_close(&story);
}

static void not_without_permission(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, 0);
	jams_street(&story, "BC", 3000);
	ride_to_and_fro(&story, 4);
	expect(&story, core_speeds(world_core(story.world))->n == 0);
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_street_is_found_and_kept_in_mind),
		cmocka_unit_test(what_is_over_is_forgotten),
		cmocka_unit_test(quick_again),
		cmocka_unit_test(not_without_permission),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
