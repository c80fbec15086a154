// link: zub_story
/* The dispatcher loses its memory, the network its order: nobody aboard is lost, nobody is carried twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "checker.h"
#include "story.h"

static char folder[64], store[96], aside[96]; /* the journal is store*, its copy lies in aside */

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/zub-story-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(store, sizeof store, "%s/journal", folder);
	snprintf(aside, sizeof aside, "%s/aside", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char line[96];
	(void)state;
	snprintf(line, sizeof line, "rm -r %s", folder);
	return system(line);
}

static void begins(struct story *story)
{
	story_open(story, &(struct story_options){.begins = "08:00", .store = store});
	signs_on(story, "Anna", 4);
}

/* One rider had been promised before the copy was made and boarded in the lost hour; another was asked for, promised
 * and picked up wholly within it. The restored dispatcher knows the first as waiting and the second not at all. */
static void hour_old_copy(struct story *story, int restarts_in_the_lost_hour)
{
	begins(story);
	uint32_t bus = shuttle(story, "EF", NULL), other = shuttle(story, "GH", NULL);
	uint64_t known = rider_books_wish(story, &(struct wish){.from = "AB", .to = "KL", .leave_at = "09:00"});
	uint64_t later = rider_books_wish(story, &(struct wish){.from = "JK", .to = "DC", .leave_at = "11:00"});
	expect(story, ride_of(story, known)->vehicle == bus);
	at(story, "08:05");
	journal_copied(story, aside);
	for (int i = 0; i < restarts_in_the_lost_hour; i++)
		dispatcher_restarts(story);

	at(story, "08:58");
	uint64_t lost = rider_books(story, "GF", "EI");
	uint32_t its = ride_of(story, lost)->vehicle;
	rider_goes_to_stop(story, known);
	rider_goes_to_stop(story, lost);
	until_state(story, known, RIDE_ABOARD, "09:06");
	until_state(story, lost, RIDE_ABOARD, "09:06");
	after_s(story, 5);
	expect(story, has_aboard(story, bus, known) && has_aboard(story, its, lost));
	instant_ms boarded_at = ride_of(story, known)->boarded_at;

	journal_put_back(story, aside);
	expect_code(story, orders(story, "Anna", 0, WIRE_STANDSTILL), ERR_OK); /* the vehicles obey it */
	after_s(story, 5);
	expect(story, mode_of(story, bus) == WIRE_STOPPED && mode_of(story, other) == WIRE_STOPPED);
	expect_code(story, orders(story, "Anna", bus, WIRE_RESUME), ERR_OK);
	expect_code(story, orders(story, "Anna", other, WIRE_RESUME), ERR_OK);

	after_s(story, 60); /* by now each vehicle has told what it did */
	expect(story, ride_of(story, known)->state == RIDE_ABOARD || ride_of(story, known)->state == RIDE_DONE);
	until_state(story, known, RIDE_DONE, "09:40");
	expect(story, ride_of(story, known)->boarded_at == boarded_at); /* the vehicle remembers */
	at(story, "09:40");
	expect(story, !has_aboard(story, its, lost));	 /* was driven to where it was promised */
	expect_case(story, 0, its, CASE_PASSENGER_CALL); /* and a person was told: "somebody unknown boarded" */

	uint64_t next = rider_books(story, "AB", "KL"); /* the service goes on: both vehicles take new plans */
	rider_goes_to_stop(story, next);
	until_state(story, next, RIDE_DONE, "10:10");
	rider_goes_to_stop(story, later);
	until_state(story, later, RIDE_DONE, "11:30");
	for (uint32_t vehicle = bus; vehicle <= other; vehicle++)
		expect(story,
		       shuttle_of(story, vehicle)->acked_epoch == shuttle_of(story, vehicle)->plan_epoch &&
			       shuttle_of(story, vehicle)->acked_version == shuttle_of(story, vehicle)->plan_version);
	story_close(story);
}

static void hour_old_copy_loses_nobody_aboard(void **state)
{
	static struct story story;
	(void)state;
	hour_old_copy(&story, 0);
}

/* Each start of the lost hour took an epoch that the copy knows nothing of: the restored dispatcher must get above
 * them. */
static void hour_old_copy_after_restarts(void **state)
{
	static struct story story;
	(void)state;
	hour_old_copy(&story, 3);
}

/* Killed again and again with a rider aboard and one waiting, agent and dispatcher: both are carried, once. */
static void restarts_of_everybody(void **state)
{
	static struct story story;
	(void)state;
	begins(&story);
	uint32_t bus = shuttle(&story, "EF", NULL);
	uint64_t one = rider_books(&story, "AB", "KL"), two = rider_books(&story, "BC", "LK");
	rider_goes_to_stop(&story, one);
	rider_goes_to_stop(&story, two);
	for (int i = 0; i < 12; i++) {
		after_s(&story, 25);
		if (i % 2)
			agent_restarts(&story, bus);
		else
			dispatcher_restarts(&story);
	}
	until_state(&story, one, RIDE_DONE, "09:00");
	until_state(&story, two, RIDE_DONE, "09:00");
	struct checker_figures figures;
	story_figures(&story, &figures);
	assert_int_equal(figures.done, 2);
	story_close(&story);
}

/* A short morning over some network: what became of everybody. */
static struct checker_figures busy_morning(uint32_t loss_permille, uint32_t repeat_permille, uint32_t latency_ms_max)
{
	static struct story story;
	static const char *const ways[][2] = {{"AB", "KL"}, {"HG", "IJ"}, {"BC", "LK"}, {"JK", "CD"},
					      {"FG", "AE"}, {"DC", "JI"}, {"EI", "DH"}, {"LK", "BA"}};
	struct checker_figures figures;
	uint64_t rides[8];
	story_open(&story, &(struct story_options){.begins = "08:00",
						   .loss_permille = loss_permille,
						   .repeat_permille = repeat_permille,
						   .latency_ms_max = latency_ms_max});
	signs_on(&story, "Anna", 4);
	shuttle(&story, "EF", NULL);
	shuttle(&story, "CD", NULL);
	for (int i = 0; i < 8; i++) {
		rides[i] = rider_books(&story, ways[i][0], ways[i][1]);
		if (i != 5) /* one does not come */
			rider_goes_to_stop(&story, rides[i]);
		after_s(&story, 300);
	}
	for (int i = 0; i < 8; i++)
		until_state(&story, rides[i], i == 5 ? RIDE_NO_SHOW : RIDE_DONE, "10:00");
	story_figures(&story, &figures);
	story_close(&story);
	return figures;
}

static void bad_network_same_outcomes(void **state)
{
	(void)state;
	struct checker_figures good = busy_morning(0, 0, 200), bad = busy_morning(100, 1000, 5000);
	assert_int_equal(good.done, 7);
	assert_int_equal(good.no_shows, 1);
	assert_int_equal(good.promises_kept, 8);
	assert_int_equal(bad.promised, good.promised);
	assert_int_equal(bad.done, good.done);
	assert_int_equal(bad.no_shows, good.no_shows);
	assert_int_equal(bad.promises_kept, good.promises_kept);
	assert_int_equal(bad.promises_broken, 0);
	assert_int_equal(bad.vehicles_used, good.vehicles_used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hour_old_copy_loses_nobody_aboard, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(hour_old_copy_after_restarts, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(restarts_of_everybody, make_folder, remove_folder),
		cmocka_unit_test(bad_network_same_outcomes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
