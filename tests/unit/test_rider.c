// link: zub_sim
/* Simulated riders, told as traces: what happens on the left, what the rider does on the right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core.h"
#include "rider.h"

#define START (INT64_C(1654552800000))
#define RETRY_S 30
#define END_S 3600

static const char *const wishes[] = {"waits", "asks", "accepts", "cancels", "is_coming", "boards"};

static uint32_t walk_ms; /* of all traces; 0 = not known */

struct told {
	int at_s;
	uint8_t state;
	int pickup_s; /* planned pickup */
	uint32_t n_offers;
};

/* Runs the rider for an hour; writes "12 asks, 15 accepts, ..." */
static void trace(const struct demand_trip *trip, const struct told *told, uint32_t n, char *text, size_t size)
{
	struct rider rider;
	instant_ms now = START;
	uint32_t next = 0;
	text[0] = 0;
	rider_open(&rider, trip, RETRY_S * 1000);
	while (now < START + END_S * SECOND_MS) {
		instant_ms due = rider_due(&rider), news = next < n ? START + told[next].at_s * SECOND_MS : INT64_MAX;
		now = due < news ? due : news;
		if (now == INT64_MAX || now >= START + END_S * SECOND_MS)
			break;
		if (news <= due) {
			struct rider_news it = {told[next].state, told[next].n_offers,
						START + told[next].pickup_s * SECOND_MS, 1234, walk_ms};
			rider_told(&rider, &it, now);
			next++;
			continue;
		}
		enum rider_wish wish = rider_act(&rider, now);
		assert_true(rider_due(&rider) > now);
		if (wish != RIDER_WAITS)
			snprintf(text + strlen(text), size - strlen(text), "%s%d %s", text[0] ? ", " : "",
				 (int)((now - START) / SECOND_MS), wishes[wish]);
	}
}

static void expect(const struct demand_trip *trip, const struct told *told, uint32_t n, const char *wanted)
{
	char text[1024];
	trace(trip, told, n, text, sizeof text);
	assert_string_equal(text, wanted);
}
#define TRACE(trip, wanted, ...)                              \
	do {                                                  \
		const struct told told_[] = {__VA_ARGS__};    \
		expect(trip, told_, COUNT_OF(told_), wanted); \
	} while (0)

static struct demand_trip trip(void)
{
	return (struct demand_trip){.ask_at = START + 10 * SECOND_MS, .time = START, .patience_ms = 1800000};
}

static void test_rides(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks, 17 accepts, 605 boards", {12, RIDE_OFFERED, 600, 1}, {18, RIDE_PROMISED, 600, 1},
	      {605, RIDE_AT_STOP, 600, 1}, {607, RIDE_ABOARD, 600, 1}, {900, RIDE_DONE, 600, 1});
}

static void test_comes_before_the_planned_time(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks, 17 accepts, 555 boards, 585 boards", {12, RIDE_OFFERED, 600, 1},
	      {18, RIDE_PROMISED, 600, 1}, {400, RIDE_AT_STOP, 600, 1}, {590, RIDE_ABOARD, 600, 1});
}

/* Leaves when the promise is made, walks 700 s to a shuttle that stands there after 600: says so, and comes. */
static void test_slow_walker(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	walk_ms = 700000;
	TRACE(&it, "10 asks, 17 accepts, 600 is_coming, 718 boards", {12, RIDE_OFFERED, 600, 1},
	      {18, RIDE_PROMISED, 600, 1}, {600, RIDE_AT_STOP, 600, 1}, {720, RIDE_ABOARD, 600, 1});
	walk_ms = 500000; /* has the time: as everybody else, 45 s before */
	TRACE(&it, "10 asks, 17 accepts, 555 boards", {12, RIDE_OFFERED, 600, 1}, {18, RIDE_PROMISED, 600, 1},
	      {400, RIDE_AT_STOP, 600, 1}, {560, RIDE_ABOARD, 600, 1});
	it.no_show = 1; /* says nothing */
	walk_ms = 700000;
	TRACE(&it, "10 asks, 17 accepts", {12, RIDE_OFFERED, 600, 1}, {18, RIDE_PROMISED, 600, 1},
	      {600, RIDE_AT_STOP, 600, 1}, {800, RIDE_NO_SHOW, 600, 1});
	walk_ms = 0;
}

static void test_asks_until_answered(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks, 40 asks, 70 asks, 80 accepts, 110 accepts", {75, RIDE_OFFERED, 600, 2},
	      {112, RIDE_PROMISED, 600, 2});
}

static void test_offer_gone(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks, 17 accepts, 23 accepts", {12, RIDE_OFFERED, 600, 2}, {18, RIDE_OFFERED, 660, 2},
	      {24, RIDE_PROMISED, 660, 2});
}

static void test_no_patience(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks", {12, RIDE_OFFERED, 1811, 1});
	it.tie_kind = TIE_FROM_TRIP; /* whoever has a train to catch does not count minutes */
	TRACE(&it, "10 asks, 17 accepts", {12, RIDE_OFFERED, 1811, 1}, {18, RIDE_PROMISED, 1811, 1});
}

static void test_refused(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks", {12, RIDE_REFUSED, 0, 0});
}

static void test_cancels(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	it.cancel_after_ms = 120000;
	TRACE(&it, "10 asks, 17 accepts, 138 cancels", {12, RIDE_OFFERED, 600, 1}, {18, RIDE_PROMISED, 600, 1},
	      {139, RIDE_CANCELLED, 600, 1});
}

static void test_too_late_to_cancel(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	it.cancel_after_ms = 120000;
	TRACE(&it, "10 asks, 17 accepts, 60 boards", {12, RIDE_OFFERED, 60, 1}, {18, RIDE_PROMISED, 60, 1},
	      {60, RIDE_AT_STOP, 60, 1}, {65, RIDE_ABOARD, 60, 1});
}

static void test_never_comes(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	it.no_show = 1;
	TRACE(&it, "10 asks, 17 accepts", {12, RIDE_OFFERED, 600, 1}, {18, RIDE_PROMISED, 600, 1},
	      {600, RIDE_AT_STOP, 600, 1}, {900, RIDE_NO_SHOW, 600, 1});
}

static void test_comes_late_and_says_so_once(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	it.late_ms = 90000;
	TRACE(&it, "10 asks, 17 accepts, 590 is_coming, 690 boards", {12, RIDE_OFFERED, 600, 1},
	      {18, RIDE_PROMISED, 600, 1}, {590, RIDE_AT_STOP, 600, 1}, {592, RIDE_AT_STOP, 600, 1},
	      {693, RIDE_ABOARD, 600, 1});
}

static void test_vehicle_leaves_and_comes_back(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks, 17 accepts, 600 boards, 700 boards", {12, RIDE_OFFERED, 600, 1},
	      {18, RIDE_PROMISED, 600, 1}, {600, RIDE_AT_STOP, 600, 1}, {601, RIDE_PROMISED, 690, 1},
	      {700, RIDE_AT_STOP, 690, 1}, {705, RIDE_ABOARD, 690, 1});
}

static void test_broken_then_another_shuttle(void **state)
{
	struct demand_trip it = trip();
	(void)state;
	TRACE(&it, "10 asks, 17 accepts, 900 boards", {12, RIDE_OFFERED, 600, 1}, {18, RIDE_PROMISED, 600, 1},
	      {500, RIDE_BROKEN, 600, 1}, {501, RIDE_PROMISED, 900, 1}, {900, RIDE_AT_STOP, 900, 1},
	      {902, RIDE_ABOARD, 900, 1});
}

static void test_train_is_late(void **state)
{
	struct demand_trip it = trip();
	struct rider rider;
	(void)state;
	rider_open(&rider, &it, RETRY_S * 1000);
	rider.not_before = START + 1000 * SECOND_MS;
	rider_act(&rider, it.ask_at);
	rider_told(&rider, &(struct rider_news){RIDE_PROMISED, 1, START + 600 * SECOND_MS, 1234},
		   START + 20 * SECOND_MS);
	rider_told(&rider, &(struct rider_news){RIDE_AT_STOP, 1, START + 600 * SECOND_MS, 1234},
		   START + 600 * SECOND_MS);
	assert_int_equal(rider_due(&rider), START + 1000 * SECOND_MS);
	assert_int_equal(rider_act(&rider, START + 1000 * SECOND_MS), RIDER_BOARDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rides),
		cmocka_unit_test(test_comes_before_the_planned_time),
		cmocka_unit_test(test_slow_walker),
		cmocka_unit_test(test_asks_until_answered),
		cmocka_unit_test(test_offer_gone),
		cmocka_unit_test(test_no_patience),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cancels),
		cmocka_unit_test(test_too_late_to_cancel),
		cmocka_unit_test(test_never_comes),
		cmocka_unit_test(test_comes_late_and_says_so_once),
		cmocka_unit_test(test_vehicle_leaves_and_comes_back),
		cmocka_unit_test(test_broken_then_another_shuttle),
		cmocka_unit_test(test_train_is_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
