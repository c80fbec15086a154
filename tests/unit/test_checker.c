// link: zub_sim zub_drawn_town
/* The checker must catch each wrong that is put before it, and must not cry wolf. Days are told as commands and
 * updates, without any core: what a core would never say can be said here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "checker.h"
#include "drawn_town.h"

#define RIDE 77
#define OTHER 78
#define SECONDS(n) ((instant_ms)(n)*SECOND_MS)
#define MINUTES(n) ((instant_ms)(n)*MINUTE_MS)

static struct drawn_town drawn;
static struct checker *checker;
static instant_ms now;
static uint32_t sequences[4];

/* ---- words of the story ---- */

static void say(const struct command *command, struct update *updates, uint32_t n)
{
	struct command at = *command;
	at.at = now;
	memset(&updates[n], 0, sizeof updates[n]);
	updates[n].kind = UPD_RESULT;
	checker_step(checker, &at, updates, n + 1);
}

static void enrol(uint32_t vehicle)
{
	struct command command = {.kind = CMD_VEHICLE_ENROL,
				  .vehicle_enrol = {.vehicle = vehicle, .spaces = {2, 1, 1}}};
	struct update updates[2] = {{.kind = UPD_VEHICLE, .vehicle = {vehicle, SERVICE_IN, 1, WIRE_IDLE}}};
	command.vehicle_enrol.depot.road = drawn_spot(&drawn, 'A', 'B', 10);
	say(&command, updates, 1);
}

static void ask(uint64_t ride, uint8_t persons)
{
	struct command command = {.kind = CMD_REQUEST, .request = {.ride = ride, .need_count = {persons}}};
	struct update updates[2] = {{.kind = UPD_RIDE, .ride = {.ride = ride, .state = RIDE_OFFERED, .n_offers = 1}}};
	command.request.from.road = drawn_spot(&drawn, 'C', 'D', 20);
	command.request.tie_kind = TIE_FROM_TRIP;
	strcpy(command.request.tie.feed, "drawn");
	strcpy(command.request.tie.trip_id, "T1");
	command.request.tie.stop_sequence = 3;
	say(&command, updates, 1);
}

/* Pickup between +10 and +15 minutes after `from`, arrival by +20. */
static struct upd_ride told(uint64_t ride, uint8_t state, uint32_t vehicle, instant_ms from)
{
	return (struct upd_ride){.ride = ride,
				 .state = state,
				 .vehicle = vehicle,
				 .earliest_pickup = from + MINUTES(10),
				 .latest_pickup = from + MINUTES(15),
				 .latest_arrival = from + MINUTES(20)};
}

static void tell(uint64_t ride, uint8_t state, uint32_t vehicle, instant_ms from)
{
	struct command command = {.kind = state == RIDE_PROMISED ? CMD_ACCEPT : CMD_TICK};
	struct update updates[2] = {{.kind = UPD_RIDE, .ride = told(ride, state, vehicle, from)}};
	say(&command, updates, 1);
}

static void event(uint32_t vehicle, uint8_t kind, uint64_t ride)
{
	struct command command = {.kind = CMD_VEHICLE_EVENT, .vehicle_event = {.vehicle = vehicle}};
	struct update updates[1];
	command.vehicle_event.event = (struct wire_event){.boot = 1,
							  .sequence = ++sequences[vehicle],
							  .at = now,
							  .kind = kind,
							  .ride = ride,
							  .place = {.arc = NONE}};
	say(&command, updates, 0);
}

static void event_at(uint32_t vehicle, uint8_t kind, uint64_t ride, char from, char to)
{
	struct command command = {.kind = CMD_VEHICLE_EVENT, .vehicle_event = {.vehicle = vehicle}};
	struct update updates[1];
	struct spot spot = drawn_spot(&drawn, from, to, 20);
	command.vehicle_event.event = (struct wire_event){.boot = 1,
							  .sequence = ++sequences[vehicle],
							  .at = now,
							  .kind = kind,
							  .ride = ride,
							  .place = {.arc = spot.arc, .offset_mm = spot.offset_mm}};
	say(&command, updates, 0);
}

/* So many times as slow as usual. */
static void slow_street(char from, char to, uint32_t times)
{
	struct command command = {.kind = CMD_CLOSURE,
				  .closure = {.closure = 1, .slow_permille = times * 1000, .n = 1}};
	struct update updates[1];
	command.closure.arcs[0] = drawn_arc(&drawn, from, to);
	say(&command, updates, 0);
}

static void outcome(uint64_t ride, uint8_t kept, uint8_t cause)
{
	struct command command = {.kind = CMD_TICK};
	struct update updates[2] = {{.kind = UPD_OUTCOME, .outcome = {.ride = ride, .kept = kept, .cause = cause}}};
	say(&command, updates, 1);
}

static void plan(uint32_t vehicle, uint64_t ride)
{
	struct command command = {.kind = CMD_TICK};
	struct update updates[2] = {
		{.kind = UPD_PLAN,
		 .plan = {.vehicle = vehicle, .n_tasks = ride != 0, .tasks = {{.ride = ride, .kind = WIRE_PICKUP}}}}};
	say(&command, updates, 1);
}

static void promise(uint64_t ride, uint32_t vehicle)
{
	ask(ride, 1);
	tell(ride, RIDE_PROMISED, vehicle, now);
}

/* ARRIVED and BOARDED at `arrives`, ALIGHTED at `leaves`, minutes after the promise. */
static void carry(uint64_t ride, uint32_t vehicle, int arrives, int leaves)
{
	instant_ms from = now;
	now = from + MINUTES(arrives);
	event(vehicle, WIRE_ARRIVED, ride);
	tell(ride, RIDE_AT_STOP, vehicle, from);
	event(vehicle, WIRE_BOARDED, ride);
	tell(ride, RIDE_ABOARD, vehicle, from);
	event(vehicle, WIRE_DEPARTED, ride);
	now = from + MINUTES(leaves);
	event(vehicle, WIRE_ARRIVED, ride);
	event(vehicle, WIRE_ALIGHTED, ride);
}

static void link_lost(uint32_t vehicle)
{
	struct command command = {.kind = CMD_VEHICLE_LINK, .vehicle_link = {.vehicle = vehicle}};
	struct update updates[1];
	say(&command, updates, 0);
}

static void late(uint32_t vehicle, int32_t late_ms)
{
	struct command command = {.kind = CMD_FLEET_STATES, .fleet_states = {.n = 1, .states = {{.vehicle = vehicle}}}};
	struct update updates[1];
	command.fleet_states.states[0].state.late_ms = late_ms;
	command.fleet_states.states[0].state.place.arc = NONE;
	say(&command, updates, 0);
}

static void delay(const char *trip, uint32_t stop_sequence, int32_t late_s)
{
	struct command command = {.kind = CMD_TRIP_DELAY,
				  .trip_delay = {.arrival_late_s = late_s, .departure_late_s = late_s}};
	struct update updates[1];
	strcpy(command.trip_delay.trip.feed, "drawn");
	strcpy(command.trip_delay.trip.trip_id, trip);
	command.trip_delay.trip.stop_sequence = stop_sequence;
	say(&command, updates, 0);
}

static void expect_clean(void)
{
	if (checker_fault(checker)[0])
		fail_msg("the checker says: %s", checker_fault(checker));
}

static void expect_found(const char *what)
{
	if (!strstr(checker_fault(checker), what))
		fail_msg("expected \"%s\", the checker says: \"%s\"", what, checker_fault(checker));
}

/* ---- around each test ---- */

static int open_day(void **state)
{
	(void)state;
	drawn_town_plain(&drawn, "A---B---C---D");
	now = DRAWN_DAY_START + 8 * HOUR_MS;
	memset(sequences, 0, sizeof sequences);
	assert_int_equal(checker_open(&checker, &drawn.town), 0);
	enrol(1);
	enrol(2);
	return 0;
}

static int close_day(void **state)
{
	(void)state;
	checker_close(checker);
	drawn_town_close(&drawn);
	return 0;
}

/* ---- a good day ---- */

static void test_good_day(void **state)
{
	struct checker_figures figures;
	struct err_detail detail;
	(void)state;
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 18);
	outcome(RIDE, 1, CAUSE_NONE);
	tell(RIDE, RIDE_DONE, 0, now - MINUTES(18));
	expect_clean();
	assert_int_equal(checker_end(checker, 1, &detail), 0);
	checker_figures(checker, &figures);
	assert_int_equal(figures.requests, 1);
	assert_int_equal(figures.done, 1);
	assert_int_equal(figures.promises_kept, 1);
	assert_int_equal(figures.tied_done, 1);
	assert_int_equal(figures.wait_ms_sum, MINUTES(2));
	assert_int_equal(figures.in_vehicle_ms_sum, MINUTES(6));
	assert_int_equal(figures.vehicles_used, 1);
}

static void test_repeated_events_count_once(void **state)
{
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(12);
	event(1, WIRE_BOARDED, RIDE);
	sequences[1]--;
	event(1, WIRE_BOARDED, RIDE);
	expect_clean();
}

/* ---- riders ---- */

static void test_aboard_twice(void **state)
{
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(12);
	event(1, WIRE_BOARDED, RIDE);
	event(2, WIRE_BOARDED, RIDE);
	expect_found("boarded twice");
}

static void test_seat_oversold(void **state)
{
	(void)state;
	ask(RIDE, 2);
	tell(RIDE, RIDE_PROMISED, 1, now);
	promise(OTHER, 1);
	now += MINUTES(12);
	event(1, WIRE_BOARDED, RIDE);
	expect_clean();
	event(1, WIRE_BOARDED, OTHER);
	expect_found("carries 3 of 2 seat");
}

static void test_boarded_without_promise(void **state)
{
	(void)state;
	ask(RIDE, 1);
	event(1, WIRE_BOARDED, RIDE);
	expect_found("without a promise");
}

static void test_left_another_vehicle(void **state)
{
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(12);
	event(1, WIRE_BOARDED, RIDE);
	event(2, WIRE_ALIGHTED, RIDE);
	expect_found("without having boarded");
}

static void test_in_two_plans(void **state)
{
	(void)state;
	promise(RIDE, 1);
	plan(1, RIDE);
	plan(1, RIDE);
	expect_clean();
	plan(1, 0);
	plan(2, RIDE);
	expect_clean();
	plan(1, RIDE);
	expect_found("plans of two vehicles");
}

static void test_lost(void **state)
{
	struct err_detail detail;
	(void)state;
	promise(RIDE, 1);
	assert_int_equal(checker_end(checker, 0, &detail), 0);
	assert_int_equal(checker_end(checker, 1, &detail), ERR_BROKEN);
	assert_non_null(strstr(detail.text, "is lost: state promised"));
}

static void test_still_aboard(void **state)
{
	struct err_detail detail;
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(12);
	event(1, WIRE_BOARDED, RIDE);
	tell(RIDE, RIDE_DONE, 0, now - MINUTES(12));
	assert_int_equal(checker_end(checker, 1, &detail), ERR_BROKEN);
	assert_non_null(strstr(detail.text, "never left a vehicle"));
}

/* ---- promises ---- */

static void test_widened(void **state)
{
	(void)state;
	promise(RIDE, 1);
	tell(RIDE, RIDE_PROMISED, 1, now);
	expect_clean();
	tell(RIDE, RIDE_PROMISED, 1, now + SECONDS(1));
	expect_found("was widened");
}

static void test_moves_with_its_train(void **state)
{
	(void)state;
	promise(RIDE, 1);
	delay("T1", 2, 300);
	tell(RIDE, RIDE_PROMISED, 1, now + SECONDS(300));
	expect_clean();
	tell(RIDE, RIDE_PROMISED, 1, now + SECONDS(301));
	expect_found("was widened");
}

static void test_moves_with_another_train(void **state)
{
	(void)state;
	promise(RIDE, 1);
	delay("T2", 2, 300);
	delay("T1", 4, 300); /* behind the rider's stop */
	tell(RIDE, RIDE_PROMISED, 1, now + SECONDS(60));
	expect_found("was widened");
}

static void test_window_too_long(void **state)
{
	struct command command = {.kind = CMD_ACCEPT};
	struct update updates[2] = {{.kind = UPD_RIDE, .ride = told(RIDE, RIDE_PROMISED, 1, now)}};
	(void)state;
	ask(RIDE, 1);
	updates[0].ride.latest_pickup += MINUTES(6);
	say(&command, updates, 1);
	expect_found("window promised");
}

static void test_kept_but_late(void **state)
{
	(void)state;
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 21);
	outcome(RIDE, 1, CAUSE_NONE);
	expect_found("too late and is called kept");
}

static void test_kept_but_picked_up_late(void **state)
{
	(void)state;
	promise(RIDE, 1);
	carry(RIDE, 1, 16, 19);
	outcome(RIDE, 1, CAUSE_NONE);
	expect_found("too late and is called kept");
}

static void test_two_outcomes(void **state)
{
	(void)state;
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 18);
	outcome(RIDE, 1, CAUSE_NONE);
	outcome(RIDE, 1, CAUSE_NONE);
	expect_found("two outcomes");
}

/* ---- causes ---- */

static void test_late_without_event(void **state)
{
	(void)state;
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_VEHICLE_LATE);
	expect_found("no outside event explains it");
}

static void test_late_by_reported_lateness(void **state)
{
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(1);
	late(1, (int32_t)MINUTES(5));
	now -= MINUTES(1);
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_VEHICLE_LATE);
	expect_clean();
}

static void test_late_by_more_than_explained(void **state)
{
	(void)state;
	promise(RIDE, 1);
	late(1, (int32_t)MINUTES(1));
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_VEHICLE_LATE);
	expect_found("all that came from outside was");
}

/* From AB over BC to CD; what BC takes longer reaches the lateness of seven minutes, or does not. */
static void late_on_slow_street(char from, char to, uint32_t times)
{
	promise(RIDE, 1);
	event_at(1, WIRE_PARKED, 0, 'A', 'B');
	slow_street(from, to, times);
	event_at(1, WIRE_ARRIVED, RIDE, 'A', 'B');
	instant_ms begun = now;
	now += MINUTES(12);
	tell(RIDE, RIDE_AT_STOP, 1, begun);
	event_at(1, WIRE_BOARDED, RIDE, 'A', 'B');
	tell(RIDE, RIDE_ABOARD, 1, begun);
	event_at(1, WIRE_DEPARTED, RIDE, 'A', 'B');
	now += MINUTES(15);
	event_at(1, WIRE_ARRIVED, RIDE, 'C', 'D');
	event_at(1, WIRE_ALIGHTED, RIDE, 'C', 'D');
	outcome(RIDE, 0, CAUSE_ROAD_CLOSED);
}

static void test_late_by_slow_street(void **state)
{
	(void)state;
	late_on_slow_street('B', 'C', 60); /* eight seconds become eight minutes */
	expect_clean();
}

static void test_late_beside_slow_street(void **state)
{
	(void)state;
	late_on_slow_street('C', 'B', 60); /* not on its way */
	expect_found("all that came from outside was 0 ms");
}

static void test_later_than_slow_street(void **state)
{
	(void)state;
	late_on_slow_street('B', 'C', 20); /* two and a half minutes, and slack of three */
	expect_found("all that came from outside was");
}

static void test_event_of_another_vehicle(void **state)
{
	(void)state;
	promise(RIDE, 1);
	late(2, (int32_t)MINUTES(5));
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_VEHICLE_LATE);
	expect_found("no outside event explains it");
}

static void test_event_before_the_promise(void **state)
{
	(void)state;
	late(1, (int32_t)MINUTES(5));
	now += SECONDS(1);
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_VEHICLE_LATE);
	expect_found("no outside event explains it");
}

static void test_event_of_another_kind(void **state)
{
	(void)state;
	promise(RIDE, 1);
	late(1, (int32_t)MINUTES(5));
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_VEHICLE_FAULT);
	expect_found("no outside event explains it");
}

static void test_rider_late_himself(void **state)
{
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(11);
	event(1, WIRE_ARRIVED, RIDE);
	tell(RIDE, RIDE_AT_STOP, 1, now - MINUTES(11));
	now += MINUTES(6);
	event(1, WIRE_BOARDED, RIDE);
	now += MINUTES(7); /* four minutes late, six of them his own */
	event(1, WIRE_ALIGHTED, RIDE);
	outcome(RIDE, 0, CAUSE_RIDER_LATE);
	expect_clean();
}

static void test_rider_not_late_himself(void **state)
{
	(void)state;
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 25);
	outcome(RIDE, 0, CAUSE_RIDER_LATE);
	expect_found("rider's own fault");
}

static void test_given_up_without_event(void **state)
{
	(void)state;
	promise(RIDE, 1);
	outcome(RIDE, 0, CAUSE_VEHICLE_LOST);
	expect_found("given up (vehicle_lost) and no outside event");
}

static void test_given_up_while_lost(void **state)
{
	(void)state;
	promise(RIDE, 1);
	plan(2, OTHER); /* unknown rides in a plan do not matter to it */
	now += MINUTES(11);
	link_lost(1);
	outcome(RIDE, 0, CAUSE_VEHICLE_LOST);
	expect_clean();
}

static void test_given_up_when_it_was_over(void **state)
{
	struct command back = {.kind = CMD_VEHICLE_LINK, .vehicle_link = {.vehicle = 1, .up = 1}};
	struct update updates[1];
	(void)state;
	promise(RIDE, 1);
	link_lost(1);
	now += SECONDS(20);
	say(&back, updates, 0);
	now += MINUTES(10);
	outcome(RIDE, 0, CAUSE_VEHICLE_LOST);
	expect_found("was over");
}

static void test_given_up_beside_an_idle_vehicle(void **state)
{
	(void)state;
	promise(RIDE, 1);
	link_lost(1);
	outcome(RIDE, 0, CAUSE_VEHICLE_LOST);
	expect_found("vehicle 2 stood idle");
}

static void test_cancelled_by_operator(void **state)
{
	struct command cancel = {.kind = CMD_CANCEL, .cancel = {.ride = RIDE, .by = CANCEL_OPERATOR}};
	struct update updates[2] = {{.kind = UPD_OUTCOME, .outcome = {.ride = RIDE, .cause = CAUSE_OPERATOR}}};
	struct checker_figures figures;
	(void)state;
	promise(RIDE, 1);
	say(&cancel, updates, 1);
	expect_clean();
	checker_figures(checker, &figures);
	assert_int_equal(figures.promises_broken, 0);
	assert_int_equal(figures.operator_cancelled, 1);
}

static void test_broken_and_nobody_cares(void **state)
{
	struct err_detail detail;
	(void)state;
	promise(RIDE, 1);
	now += MINUTES(11);
	link_lost(1);
	outcome(RIDE, 0, CAUSE_VEHICLE_LOST);
	tell(RIDE, RIDE_BROKEN, 0, now);
	assert_int_equal(checker_end(checker, 1, &detail), ERR_BROKEN);
	assert_non_null(strstr(detail.text, "nobody has seen it home"));
}

/* ---- no-shows ---- */

static void no_show(int arrives, int gives_up, int called)
{
	struct command tick = {.kind = CMD_TICK};
	struct update call[2] = {{.kind = UPD_NOTICE, .notice = {.notice = 1, .ride = RIDE, .kind = NOTICE_LAST_CALL}}};
	instant_ms from = now;
	promise(RIDE, 1);
	now = from + MINUTES(arrives);
	event(1, WIRE_ARRIVED, RIDE);
	tell(RIDE, RIDE_AT_STOP, 1, from);
	if (called)
		say(&tick, call, 1);
	now = from + MINUTES(gives_up);
	tell(RIDE, RIDE_NO_SHOW, 0, from);
}

static void test_no_show(void **state)
{
	(void)state;
	no_show(12, 16, 1);
	expect_clean();
}

static void test_no_show_within_window(void **state)
{
	(void)state;
	no_show(12, 14, 1);
	expect_found("before its pickup window has ended");
}

static void test_no_show_without_waiting(void **state)
{
	(void)state;
	no_show(15, 16, 1);
	expect_found("before the vehicle has waited");
}

static void test_no_show_without_call(void **state)
{
	(void)state;
	no_show(12, 16, 0);
	expect_found("without a last call");
}

#define DAY(test) cmocka_unit_test_setup_teardown(test, open_day, close_day)
/* ---- cleaning ---- */

/* Vehicle 1 knows how, and is to be cleaned for a quarter of an hour after each hour. */
static void to_be_cleaned(void)
{
	struct command start = {.kind = CMD_START, .start = {.epoch = 1}}, hello = {.kind = CMD_VEHICLE_HELLO};
	struct update updates[1];
	start.start.settings.clean_every_ms = (uint32_t)HOUR_MS;
	start.start.settings.clean_ms = 15 * (uint32_t)MINUTE_MS;
	hello.vehicle_hello = (struct cmd_vehicle_hello){1, {.boot = 1, .cleans = 1}};
	say(&start, updates, 0);
	say(&hello, updates, 0);
}

static void is_cleaned(int minutes)
{
	event(1, WIRE_CLEAN_BEGAN, 0);
	now += MINUTES(minutes);
	event(1, WIRE_CLEAN_ENDED, 0);
}

static void test_cleaned_in_time(void **state)
{
	(void)state;
	to_be_cleaned();
	now += MINUTES(40);
	is_cleaned(15);
	now += MINUTES(55);
	promise(RIDE, 1);
	carry(RIDE, 1, 12, 19);
	expect_clean();
}

static void test_half_a_cleaning(void **state)
{
	(void)state;
	to_be_cleaned();
	now += MINUTES(40);
	is_cleaned(5);
	now += MINUTES(16);
	promise(RIDE, 1);
	expect_found("was promised vehicle 1, to be cleaned for 60 s");
}

static void test_cleaned_with_a_rider(void **state)
{
	(void)state;
	to_be_cleaned();
	promise(RIDE, 1);
	now += MINUTES(12);
	event(1, WIRE_ARRIVED, RIDE);
	event(1, WIRE_BOARDED, RIDE);
	event(1, WIRE_CLEAN_BEGAN, 0);
	expect_found("vehicle 1 is cleaned with riders aboard");
}

static void test_dawdles(void **state)
{
	(void)state;
	to_be_cleaned();
	now += MINUTES(61);
	plan(1, 0);
	now += MINUTES(4);
	plan(1, 0);
	expect_clean();
	now += MINUTES(2);
	plan(1, 0);
	expect_found("vehicle 1 is to be cleaned for 420 s and does not go");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DAY(test_good_day),
		DAY(test_repeated_events_count_once),
		DAY(test_aboard_twice),
		DAY(test_seat_oversold),
		DAY(test_boarded_without_promise),
		DAY(test_left_another_vehicle),
		DAY(test_in_two_plans),
		DAY(test_lost),
		DAY(test_still_aboard),
		DAY(test_widened),
		DAY(test_moves_with_its_train),
		DAY(test_moves_with_another_train),
		DAY(test_window_too_long),
		DAY(test_kept_but_late),
		DAY(test_kept_but_picked_up_late),
		DAY(test_two_outcomes),
		DAY(test_late_without_event),
		DAY(test_late_by_reported_lateness),
		DAY(test_late_by_more_than_explained),
		DAY(test_late_by_slow_street),
		DAY(test_late_beside_slow_street),
		DAY(test_later_than_slow_street),
		DAY(test_event_of_another_vehicle),
		DAY(test_event_before_the_promise),
		DAY(test_event_of_another_kind),
		DAY(test_rider_late_himself),
		DAY(test_rider_not_late_himself),
		DAY(test_given_up_without_event),
		DAY(test_given_up_while_lost),
		DAY(test_given_up_when_it_was_over),
		DAY(test_given_up_beside_an_idle_vehicle),
		DAY(test_cancelled_by_operator),
		DAY(test_broken_and_nobody_cares),
		DAY(test_no_show),
		DAY(test_no_show_within_window),
		DAY(test_no_show_without_waiting),
		DAY(test_no_show_without_call),
		DAY(test_cleaned_in_time),
		DAY(test_half_a_cleaning),
		DAY(test_cleaned_with_a_rider),
		DAY(test_dawdles),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
