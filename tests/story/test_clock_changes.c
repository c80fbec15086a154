// link: zub_story
/* Both nights of the year in which an hour is missing or comes twice (Europe/Berlin 2022): what was promised before
 * them holds after. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

#define TIMETABLE                                 \
	"stop station B\n"                        \
	"stop afar L\n"                           \
	"trip R1 Rail afar 09:10 station 09:30\n" \
	"trip R2 Rail station 11:00 afar 11:20\n"

struct night {
	uint32_t saturday;
	int change_h;
	instant_ms midnight;	/* Saturday's, by the clock on the wall */
	instant_ms sunday_five; /* 05:00 by the clock on the wall */
};
static const struct night october = {20221029, 1, INT64_C(1666994400000) /* 28 Oct 22:00 UTC */,
				     INT64_C(1667102400000) /* 30 Oct 04:00 UTC */};
static const struct night march = {20220326, -1, INT64_C(1648249200000) /* 25 Mar 23:00 UTC */,
				   INT64_C(1648350000000) /* 27 Mar 03:00 UTC */};

static void evening_before(struct story *story, const struct night *night)
{
	story_open(story, &(struct story_options){.begins = "21:00",
						  .timetable = TIMETABLE,
						  .first_day = night->saturday,
						  .clock_change_h = night->change_h});
	expect(story, story_now(story) == night->midnight + 21 * HOUR_MS);
	signs_on(story, "Anna", 4);
	shuttle(story, "EF", NULL);
	shuttle(story, "GH", NULL);
}

/* Booked on Saturday evening for Sunday: at eight, from the train of half past nine, to the train of eleven. */
static void rides_keep_their_instants(const struct night *night)
{
	static struct story story;
	const instant_ms sunday = night->sunday_five - 5 * HOUR_MS;
	evening_before(&story, night);
	story.day = 1;
	uint64_t eight = rider_books_wish(&story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "08:00"});
	uint64_t from_train = rider_books_wish(
		&story, &(struct wish){.from = "AB", .to = "KL", .from_trip = "R1", .stop_sequence = 2});
	uint64_t to_train =
		rider_books_wish(&story, &(struct wish){.from = "LK", .to = "BA", .to_trip = "R2", .stop_sequence = 1});
	const uint64_t rides[] = {eight, from_train, to_train};
	expect(&story, ride_of(&story, eight)->earliest_pickup >= sunday + 8 * HOUR_MS);
	expect(&story, ride_of(&story, eight)->latest_pickup <= sunday + 8 * HOUR_MS + 30 * MINUTE_MS);
	expect(&story, ride_of(&story, from_train)->earliest_pickup >= sunday + 9 * HOUR_MS + 32 * MINUTE_MS);
	expect(&story, ride_of(&story, from_train)->latest_pickup <= sunday + 10 * HOUR_MS);
	expect(&story, ride_of(&story, to_train)->latest_arrival <= sunday + 11 * HOUR_MS - 2 * MINUTE_MS);
	expect(&story, ride_of(&story, to_train)->earliest_pickup >= sunday + 10 * HOUR_MS + 30 * MINUTE_MS);
	instant_ms from[3], until[3], told[3];
	for (int i = 0; i < 3; i++) {
		from[i] = ride_of(&story, rides[i])->earliest_pickup;
		until[i] = ride_of(&story, rides[i])->latest_arrival;
		told[i] = told_at(&story, rides[i], NOTICE_TIME_CHANGED); /* by the bookings after it */
	}
	after_s(&story, (sunday + 2 * HOUR_MS - story_now(&story)) / SECOND_MS); /* in the very hour */
	dispatcher_restarts(&story);
	at(&story, "07:00");
	expect(&story, story_now(&story) == sunday + 7 * HOUR_MS);
	for (int i = 0; i < 3; i++) {
		expect_state(&story, rides[i], RIDE_PROMISED);
		expect(&story, ride_of(&story, rides[i])->earliest_pickup == from[i] &&
				       ride_of(&story, rides[i])->latest_arrival == until[i]);
		expect(&story, told_at(&story, rides[i], NOTICE_TIME_CHANGED) == told[i]);
		rider_goes_to_stop(&story, rides[i]);
	}
	until_state(&story, eight, RIDE_DONE, "08:40");
	until_state(&story, from_train, RIDE_DONE, "10:10");
	until_state(&story, to_train, RIDE_DONE, "11:00");
	struct checker_figures figures;
	story_figures(&story, &figures);
	assert_int_equal(figures.promises_kept, 3);
	story_close(&story);
}

/* Saturday's service lasts until one in the night; who asks after that is told when Sunday's begins, by the clock on
 * the wall. */
static void service_days_are_right(const struct night *night)
{
	static struct story story;
	evening_before(&story, night);
	at(&story, "24:30");
	uint64_t late = rider_books(&story, "AB", "KL"); /* half past midnight is still Saturday */
	rider_goes_to_stop(&story, late);
	until_state(&story, late, RIDE_DONE, "24:55");
	at(&story, "25:10");
	expect_refused(&story, rider_asks(&story, "AB", "KL"), REFUSAL_OUTSIDE_HOURS);
	expect(&story, story.would_work_at == night->sunday_five);
	story.day = 1;
	at(&story, "04:50");
	expect_refused(&story, rider_asks(&story, "AB", "KL"), REFUSAL_OUTSIDE_HOURS);
	expect(&story, story.would_work_at == night->sunday_five);
	at(&story, "05:00");
	expect(&story, story_now(&story) == night->sunday_five);
	uint64_t early = rider_books(&story, "AB", "KL");
	rider_goes_to_stop(&story, early);
	until_state(&story, early, RIDE_DONE, "05:30");
	story_close(&story);
}

static void october_rides(void **state)
{
	(void)state;
	rides_keep_their_instants(&october);
}

static void march_rides(void **state)
{
	(void)state;
	rides_keep_their_instants(&march);
}

static void october_service_days(void **state)
{
	(void)state;
	service_days_are_right(&october);
}

static void march_service_days(void **state)
{
	(void)state;
	service_days_are_right(&march);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(october_rides),
		cmocka_unit_test(march_rides),
		cmocka_unit_test(october_service_days),
		cmocka_unit_test(march_service_days),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
