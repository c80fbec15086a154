// link: zub_story
/* Rides tied to trains: late, cancelled, and a timetable that changes at noon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

/* The station lies at B; R1 comes from afar, R2 goes there. */
#define TIMETABLE                                 \
	"stop station B\n"                        \
	"stop afar L\n"                           \
	"trip R1 Rail afar 08:10 station 08:30\n" \
	"trip R2 Rail station 08:50 afar 09:10\n" \
	"trip R3 Rail afar 15:10 station 15:30\n" \
	"trip R4 Rail station 16:00 afar 16:20\n"

static void begins(struct story *story, const char *time)
{
	story_open(story, &(struct story_options){.begins = time, .timetable = TIMETABLE});
	signs_on(story, "Anna", 4);
}

static const struct wish from_r1 = {.from = "AB", .to = "KL", .from_trip = "R1", .stop_sequence = 2};

/* The train is late: the pickup moves with it, no longer than it was, and the rider is told. */
static void late_train_moves_the_pickup(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books_wish(&story, &from_r1);
	instant_ms before = ride_of(&story, ride)->earliest_pickup,
		   window = ride_of(&story, ride)->latest_pickup - before;
	expect(&story, before >= story_time(&story, "08:32")); /* nobody flies from the train to the shuttle */
	at(&story, "08:20");
	train(&story, "R1", 2, 600, 0);
	after_s(&story, 1);
	instant_ms after = ride_of(&story, ride)->earliest_pickup;
	expect(&story, after > before && after <= before + 600 * SECOND_MS);
	expect(&story, ride_of(&story, ride)->latest_pickup - after == window);
	expect_notice(&story, ride, NOTICE_CONNECTION_AT_RISK);
	at(&story, "08:42"); /* there the rider is */
	expect(&story, ride_of(&story, ride)->state == RIDE_PROMISED || ride_of(&story, ride)->state == RIDE_AT_STOP);
	rider_goes_to_stop(&story, ride);
	until_state(&story, ride, RIDE_DONE, "09:05");
	expect(&story, ride_of(&story, ride)->cause == CAUSE_LATE_TRIP);
	struct checker_figures figures;
	story_figures(&story, &figures);
	assert_int_equal(figures.promises_kept, 1); /* the shuttle waited */
	story_close(&story);
}

/* So late that the shuttle cannot wait without breaking another's promise: that other one comes first. */
static void late_train_breaks_nobody_elses_promise(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "EF", NULL);
	uint64_t tied = rider_books_wish(&story, &from_r1);
	uint64_t other = rider_books_wish(&story, &(struct wish){.from = "GH", .to = "IJ", .leave_at = "08:45"});
	at(&story, "08:20");
	train(&story, "R1", 2, 900, 0);
	rider_goes_to_stop(&story, other);
	until_state(&story, other, RIDE_DONE, "09:30");
	expect(&story, ride_of(&story, other)->cause == CAUSE_NONE);
	expect(&story, ride_of(&story, other)->alighted_at <= ride_of(&story, other)->latest_arrival);
	rider_goes_to_stop(&story, tied);
	at(&story, "09:40");
	expect(&story, ride_of(&story, tied)->cause == CAUSE_LATE_TRIP);
	if (ride_of(&story, tied)->state != RIDE_DONE)
		expect_state(&story, tied, RIDE_BROKEN);
	if (ride_of(&story, tied)->n_reassigned || ride_of(&story, tied)->state == RIDE_BROKEN) {
		expect_case(&story, tied, 1, CASE_BROKEN_RIDE);
		expect_code(&story, closes_case(&story, "Anna", tied, CASE_HOME_BY_SHUTTLE), ERR_OK);
	}
	story_close(&story);
}

/* The train does not run: somebody asks how the rider gets on, with the cause. */
static void cancelled_train_is_told_with_its_cause(void **state)
{
	static struct story story;
	(void)state;
	begins(&story, "08:00");
	shuttle(&story, "EF", NULL);
	uint64_t ride = rider_books_wish(&story, &from_r1);
	at(&story, "08:15");
	train(&story, "R1", 2, 0, 1);
	after_s(&story, 1);
	expect(&story, ride_of(&story, ride)->cause == CAUSE_TRIP_CANCELLED);
	expect_notice(&story, ride, NOTICE_CONNECTION_AT_RISK);
	expect_case(&story, ride, 1, CASE_BROKEN_RIDE);
	expect_refused(&story, rider_wishes(&story, &from_r1), REFUSAL_CONNECTION);
	at(&story, "09:00"); /* the rider is still underway somewhere: nothing but a person ends it */
	expect_case(&story, ride, 1, CASE_BROKEN_RIDE);
	expect_code(&story, closes_case(&story, "Anna", ride, CASE_HOME_OTHERWISE), ERR_OK);
	story_close(&story);
}

static const struct wish afternoon[] = {
	{.from = "AB", .to = "KL", .from_trip = "R3", .stop_sequence = 2},
	{.from = "LK", .to = "BA", .to_trip = "R4", .stop_sequence = 1},
};

/* The train that brings the rider is cancelled. The promise is not taken back: who comes all the same, by another
 * train, is carried as promised; who does not is a person's task. */
static void cancelled_train_leaves_the_promise(void **state)
{
	static struct story story;
	struct checker_figures figures;
	(void)state;
	begins(&story, "08:00");
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t comes = rider_books_wish(&story, &from_r1);
	uint64_t never = rider_books_wish(
		&story, &(struct wish){.from = "AB", .to = "KL", .from_trip = "R3", .stop_sequence = 2});
	struct core_ride before = *ride_of(&story, comes);
	train(&story, "R1", 2, 0, 1);
	train(&story, "R3", 2, 0, 1);
	after_s(&story, 1);
	const struct core_ride *after = ride_of(&story, comes);
	expect(&story, after->state == RIDE_PROMISED && after->vehicle == bus);
	expect(&story, after->earliest_pickup == before.earliest_pickup &&
			       after->latest_pickup == before.latest_pickup &&
			       after->latest_arrival == before.latest_arrival);
	expect_notice(&story, comes, NOTICE_CONNECTION_AT_RISK);
	expect_case(&story, comes, bus, CASE_BROKEN_RIDE);
	rider_goes_to_stop(&story, comes);
	until_state(&story, comes, RIDE_DONE, "09:00");
	expect_case(&story, comes, bus, CASE_BROKEN_RIDE); /* nobody but a person ends it */
	expect_code(&story, closes_case(&story, "Anna", comes, CASE_HOME_BY_SHUTTLE), ERR_OK);
	until_state(&story, never, RIDE_NO_SHOW, "15:50");
	expect_case(&story, never, bus, CASE_BROKEN_RIDE);
	expect_code(&story, closes_case(&story, "Anna", never, CASE_HOME_OTHERWISE), ERR_OK);
	story_figures(&story, &figures);
	assert_int_equal(figures.promises_broken, 0);
	story_close(&story);
}

static void book_afternoon(struct story *story, uint64_t rides[2])
{
	begins(story, "11:50");
	shuttle(story, "EF", NULL);
	shuttle(story, "GH", NULL);
	for (int i = 0; i < 2; i++)
		rides[i] = rider_books_wish(story, &afternoon[i]);
	expect(story, ride_of(story, rides[0])->prebooked && ride_of(story, rides[1])->prebooked);
	at(story, "12:00");
}

/* At noon the same trains under a new file: nobody notices. */
static void new_timetable_with_the_same_trains(void **state)
{
	static struct story story;
	uint64_t rides[2];
	(void)state;
	book_afternoon(&story, rides);
	instant_ms from = ride_of(&story, rides[0])->earliest_pickup, to = ride_of(&story, rides[1])->latest_arrival;
	new_timetable(&story, TIMETABLE "trip R9 Rail afar 20:10 station 20:30\n");
	at(&story, "12:10");
	for (int i = 0; i < 2; i++) {
		expect_state(&story, rides[i], RIDE_PROMISED);
		expect_no_notice(&story, rides[i], NOTICE_CONNECTION_AT_RISK);
		expect_no_case(&story, rides[i], 0, CASE_BROKEN_RIDE);
		rider_goes_to_stop(&story, rides[i]);
	}
	expect(&story,
	       ride_of(&story, rides[0])->earliest_pickup == from && ride_of(&story, rides[1])->latest_arrival == to);
	until_state(&story, rides[0], RIDE_DONE, "16:00");
	until_state(&story, rides[1], RIDE_DONE, "16:00");
	story_close(&story);
}

/* The trains of the afternoon have moved: the one that comes later takes its rider's pickup along, the one that leaves
 * earlier is listed, since nothing reaches it any more. */
static void new_timetable_moves_the_trains(void **state)
{
	static struct story story;
	uint64_t rides[2];
	(void)state;
	book_afternoon(&story, rides);
	instant_ms from = ride_of(&story, rides[0])->earliest_pickup;
	new_timetable(&story, "stop station B\n"
			      "stop afar L\n"
			      "trip R3 Rail afar 15:15 station 15:35\n"
			      "trip R4 Rail station 15:50 afar 16:10\n");
	at(&story, "12:10");
	expect(&story, ride_of(&story, rides[0])->earliest_pickup == from + 5 * MINUTE_MS);
	expect_notice(&story, rides[0], NOTICE_CONNECTION_AT_RISK);
	expect_notice(&story, rides[1], NOTICE_CONNECTION_AT_RISK);
	expect_no_case(&story, rides[0], 0, CASE_BROKEN_RIDE);
	expect_case(&story, rides[1], ride_of(&story, rides[1])->vehicle, CASE_BROKEN_RIDE);
	expect_code(&story, closes_case(&story, "Anna", rides[1], CASE_HOME_OTHERWISE), ERR_OK);
	expect_state(&story, rides[1], RIDE_BROKEN); /* Anna has found another way for this rider */
	for (int i = 0; i < 2; i++)
		rider_goes_to_stop(&story, rides[i]);
	at(&story, "15:37");
	until_state(&story, rides[0], RIDE_DONE, "16:00");
	story_close(&story);
}

/* The trains of the afternoon are gone: each of their riders is told and is on somebody's list. */
static void new_timetable_without_the_trains(void **state)
{
	static struct story story;
	uint64_t rides[2];
	(void)state;
	book_afternoon(&story, rides);
	new_timetable(&story, "stop station B\n"
			      "stop afar L\n"
			      "trip R7 Rail afar 15:10 station 15:31\n");
	at(&story, "12:10");
	for (int i = 0; i < 2; i++) {
		expect_notice(&story, rides[i], NOTICE_CONNECTION_AT_RISK);
		expect_case(&story, rides[i], ride_of(&story, rides[i])->vehicle, CASE_BROKEN_RIDE);
		expect(&story, ride_of(&story, rides[i])->cause == CAUSE_TRIP_CANCELLED);
		rider_goes_to_stop(&story, rides[i]); /* comes by another train: what was promised holds */
	}
	until_state(&story, rides[0], RIDE_DONE, "16:00");
	until_state(&story, rides[1], RIDE_DONE, "16:00");
	for (int i = 0; i < 2; i++)
		closes_case(&story, "Anna", rides[i], CASE_HOME_BY_SHUTTLE);
	story_close(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late_train_moves_the_pickup),
		cmocka_unit_test(late_train_breaks_nobody_elses_promise),
		cmocka_unit_test(cancelled_train_is_told_with_its_cause),
		cmocka_unit_test(cancelled_train_leaves_the_promise),
		cmocka_unit_test(new_timetable_with_the_same_trains),
		cmocka_unit_test(new_timetable_moves_the_trains),
		cmocka_unit_test(new_timetable_without_the_trains),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
