// link: zub_feed zub_gtfs_realtime_proto zub_transit zub_compile zub_city zub_base
/* GTFS-Realtime messages made here, against a timetable written inline (Europe/Berlin, summer: UTC + 2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feed.h"
#include "gtfs-realtime.pb-c.h"
#include "gtfs_text.h"

#define TOWN                                                                                                         \
	"== agency.txt\nagency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"                               \
	"== routes.txt\nroute_id,route_short_name,route_type\nR,1,3\n"                                               \
	"== calendar.txt\nservice_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n" \
	"all,1,1,1,1,1,1,1,20220101,20221231\nmonday,1,0,0,0,0,0,0,20220101,20221231\n"                              \
	"== stops.txt\nstop_id,stop_name,stop_lat,stop_lon\na,A,49.40,8.60\nb,B,49.42,8.60\nc,C,49.44,8.60\n"        \
	"== trips.txt\nroute_id,service_id,trip_id\nR,all,t\nR,all,night\nR,all,loop\nR,all,often\nR,monday,m\n"     \
	"== stop_times.txt\ntrip_id,stop_id,arrival_time,departure_time,stop_sequence\n"                             \
	"t,a,8:00:00,8:00:00,10\nt,b,8:10:00,8:12:00,20\nt,c,8:30:00,8:30:00,30\n"                                   \
	"night,a,23:50:00,23:50:00,1\nnight,b,24:30:00,24:30:00,2\n"                                                 \
	"loop,a,9:00:00,9:00:00,1\nloop,b,9:10:00,9:10:00,2\nloop,a,9:20:00,9:20:00,3\nloop,b,9:30:00,9:30:00,4\n"   \
	"often,a,0:00:00,0:00:00,1\noften,b,0:10:00,0:10:00,2\n"                                                     \
	"m,a,8:00:00,8:00:00,1\nm,b,8:10:00,8:10:00,2\n"                                                             \
	"== frequencies.txt\ntrip_id,start_time,end_time,headway_secs\noften,6:00:00,9:00:00,1800\n"

typedef TransitRealtime__TripUpdate__StopTimeUpdate StopUpdate;
typedef TransitRealtime__TripUpdate__StopTimeEvent StopEvent;

static struct build build;
static struct feed *feed;

static int set_up(void **state)
{
	struct err_detail detail;
	(void)state;
	gtfs_text_town(&build, TOWN);
	return feed_open(&feed, &build.town, "feed", &detail);
}

static int tear_down(void **state)
{
	(void)state;
	feed_close(feed);
	build_close(&build);
	return 0;
}

/* A message with one trip update, put together by fields that tests set. */
struct draft {
	TransitRealtime__FeedMessage message;
	TransitRealtime__FeedHeader header;
	TransitRealtime__FeedEntity entity, *entities[1];
	TransitRealtime__TripUpdate update;
	TransitRealtime__TripDescriptor trip;
	StopUpdate stops[8], *stop_list[8];
	StopEvent arrivals[8], departures[8];
};

static void draft_open(struct draft *draft, char *trip_id, char *start_date, instant_ms at)
{
	transit_realtime__feed_message__init(&draft->message);
	transit_realtime__feed_header__init(&draft->header);
	transit_realtime__feed_entity__init(&draft->entity);
	transit_realtime__trip_update__init(&draft->update);
	transit_realtime__trip_descriptor__init(&draft->trip);
	draft->header.gtfs_realtime_version = "2.0";
	draft->header.has_timestamp = 1;
	draft->header.timestamp = (uint64_t)(at / 1000);
	draft->message.header = &draft->header;
	draft->message.entity = draft->entities;
	draft->message.n_entity = 1;
	draft->entities[0] = &draft->entity;
	draft->entity.id = "e1";
	draft->entity.trip_update = &draft->update;
	draft->update.trip = &draft->trip;
	draft->update.stop_time_update = draft->stop_list;
	draft->trip.trip_id = trip_id;
	draft->trip.start_date = start_date;
}

/* sequence 0 = by stop id */
static StopUpdate *draft_stop(struct draft *draft, uint32_t sequence, char *stop_id)
{
	size_t i = draft->update.n_stop_time_update++;
	transit_realtime__trip_update__stop_time_update__init(&draft->stops[i]);
	draft->stops[i].has_stop_sequence = sequence > 0;
	draft->stops[i].stop_sequence = sequence;
	draft->stops[i].stop_id = stop_id;
	draft->stop_list[i] = &draft->stops[i];
	return &draft->stops[i];
}

static void draft_delay(struct draft *draft, StopUpdate *stop, int arriving, int32_t delay_s)
{
	size_t i = (size_t)(stop - draft->stops);
	StopEvent *event = arriving ? &draft->arrivals[i] : &draft->departures[i];
	transit_realtime__trip_update__stop_time_event__init(event);
	event->has_delay = 1;
	event->delay = delay_s;
	*(arriving ? &stop->arrival : &stop->departure) = event;
}

static void draft_time(struct draft *draft, StopUpdate *stop, int arriving, instant_ms at)
{
	size_t i = (size_t)(stop - draft->stops);
	StopEvent *event = arriving ? &draft->arrivals[i] : &draft->departures[i];
	transit_realtime__trip_update__stop_time_event__init(event);
	event->has_time = 1;
	event->time = at / 1000;
	*(arriving ? &stop->arrival : &stop->departure) = event;
}

static void decode(const TransitRealtime__FeedMessage *from, struct feed_message *message)
{
	struct err_detail detail = {{0}};
	size_t size = transit_realtime__feed_message__get_packed_size(from);
	uint8_t *bytes = malloc(size + 1);
	assert_non_null(bytes);
	transit_realtime__feed_message__pack(from, bytes);
	int result = feed_decode(feed, bytes, size, 0, message, &detail);
	if (result)
		print_error("%s\n", detail.text);
	assert_int_equal(result, 0);
	free(bytes);
}

static void expect(const struct feed_message *message, uint32_t i, const char *trip, uint32_t date, uint32_t sequence,
		   int32_t arrival, int32_t departure)
{
	assert_true(i < message->n_delays);
	const struct feed_trip_delay *delay = &message->delays[i];
	assert_string_equal(delay->key.feed, "feed");
	assert_string_equal(delay->key.trip_id, trip);
	assert_int_equal(delay->key.yyyymmdd, date);
	assert_int_equal(delay->key.stop_sequence, sequence);
	assert_int_equal(delay->arrival_late_s, arrival);
	assert_int_equal(delay->departure_late_s, departure);
}

#define MORNING gtfs_text_utc(20220613, 6, 0, 0)

static void delays_and_times(void **state)
{
	struct draft draft = {0};
	struct feed_message message;
	(void)state;
	draft_open(&draft, "t", "20220613", MORNING);
	draft_delay(&draft, draft_stop(&draft, 10, NULL), 0, 120);
	StopUpdate *b = draft_stop(&draft, 20, "b");
	draft_time(&draft, b, 1, gtfs_text_utc(20220613, 6, 13, 0)); /* planned 6:10 */
	draft_time(&draft, b, 0, gtfs_text_utc(20220613, 6, 13, 0)); /* planned 6:12 */
	draft_delay(&draft, draft_stop(&draft, 0, "c"), 1, 60);	     /* as late as before: nothing new */
	decode(&draft.message, &message);
	assert_int_equal(message.at, MORNING);
	assert_int_equal(message.n_trips, 1);
	assert_int_equal(message.n_delays, 2);
	expect(&message, 0, "t", 20220613, 10, 120, 120);
	expect(&message, 1, "t", 20220613, 20, 180, 60);
	feed_message_free(&message);
}

static void missing_arrivals_carry_on(void **state)
{
	struct draft draft = {0};
	struct feed_message message;
	(void)state;
	draft_open(&draft, "t", "20220613", MORNING);
	draft_delay(&draft, draft_stop(&draft, 10, NULL), 0, 120);
	draft_delay(&draft, draft_stop(&draft, 20, NULL), 0, 300);
	draft_stop(&draft, 30, NULL)->has_schedule_relationship = 1;
	draft.stops[2].schedule_relationship =
		TRANSIT_REALTIME__TRIP_UPDATE__STOP_TIME_UPDATE__SCHEDULE_RELATIONSHIP__SKIPPED;
	decode(&draft.message, &message);
	assert_int_equal(message.n_delays, 3);
	expect(&message, 1, "t", 20220613, 20, 120, 300);
	expect(&message, 2, "t", 20220613, 30, 300, 300);
	assert_int_equal(message.delays[1].skipped, 0);
	assert_int_equal(message.delays[2].skipped, 1);
	assert_int_equal(message.delays[2].cancelled, 0);
	feed_message_free(&message);
}

static void the_nearest_day(void **state)
{
	static const struct {
		int date, hour;
		uint32_t day;
	} cases[] = {
		{20220613, 6, 20220613}, {20220613, 17, 20220613}, {20220613, 22, 20220614}, {20220613, 3, 20220613}};
	struct feed_message message;
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct draft draft = {0};
		draft_open(&draft, "t", NULL, gtfs_text_utc(cases[i].date, cases[i].hour, 0, 0));
		draft_delay(&draft, draft_stop(&draft, 10, NULL), 0, 60);
		decode(&draft.message, &message);
		expect(&message, 0, "t", cases[i].day, 10, 60, 60);
		feed_message_free(&message);
	}
	/* A trip past midnight belongs to the day it began. */
	struct draft draft = {0};
	draft_open(&draft, "night", NULL, gtfs_text_utc(20220613, 22, 20, 0));
	draft_delay(&draft, draft_stop(&draft, 0, "b"), 1, 60);
	decode(&draft.message, &message);
	expect(&message, 0, "night", 20220613, 2, 60, 60);
	feed_message_free(&message);
	/* Only Mondays: on Wednesday evening the last Monday is more than two days off. */
	draft = (struct draft){0};
	draft_open(&draft, "m", NULL, gtfs_text_utc(20220614, 20, 0, 0));
	draft_delay(&draft, draft_stop(&draft, 1, NULL), 0, 60);
	decode(&draft.message, &message);
	expect(&message, 0, "m", 20220613, 1, 60, 60);
	feed_message_free(&message);
	draft.header.timestamp = (uint64_t)(gtfs_text_utc(20220616, 20, 0, 0) / 1000);
	decode(&draft.message, &message);
	assert_int_equal(message.n_trips_unknown, 1);
	feed_message_free(&message);
}

static void stop_ids_follow_the_trip(void **state)
{
	struct draft draft = {0};
	struct feed_message message;
	(void)state;
	draft_open(&draft, "loop", "20220613", MORNING);
	draft_delay(&draft, draft_stop(&draft, 0, "b"), 1, 60);
	draft_delay(&draft, draft_stop(&draft, 0, "b"), 1, 90);
	draft_delay(&draft, draft_stop(&draft, 0, "b"), 1, 90);
	draft_delay(&draft, draft_stop(&draft, 0, "ghost"), 1, 90);
	draft_delay(&draft, draft_stop(&draft, 1, NULL), 1, 90); /* goes back: not to be believed */
	decode(&draft.message, &message);
	assert_int_equal(message.n_delays, 2);
	expect(&message, 0, "loop", 20220613, 2, 60, 60);
	expect(&message, 1, "loop", 20220613, 4, 90, 90);
	assert_int_equal(message.n_stops_unknown, 3);
	feed_message_free(&message);
}

static void cancelled_added_unknown(void **state)
{
	struct draft draft = {0};
	struct feed_message message;
	(void)state;
	draft_open(&draft, "t", "20220613", MORNING);
	draft.trip.has_schedule_relationship = 1;
	draft.trip.schedule_relationship = TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__CANCELED;
	decode(&draft.message, &message);
	assert_int_equal(message.n_delays, 1);
	expect(&message, 0, "t", 20220613, 10, 0, 0);
	assert_int_equal(message.delays[0].cancelled, 1);
	feed_message_free(&message);
	draft.trip.schedule_relationship = TRANSIT_REALTIME__TRIP_DESCRIPTOR__SCHEDULE_RELATIONSHIP__NEW;
	decode(&draft.message, &message);
	assert_int_equal(message.n_delays, 0);
	assert_int_equal(message.n_trips_added, 1);
	feed_message_free(&message);
	static char *const ids[] = {"ghost", "t", "t", "t"}, *const dates[] = {"20220613", "20190613", "2022061",
									       "2022x613"};
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		draft = (struct draft){0};
		draft_open(&draft, ids[i], dates[i], MORNING);
		draft_delay(&draft, draft_stop(&draft, 10, NULL), 0, 60);
		decode(&draft.message, &message);
		assert_int_equal(message.n_trips_unknown, 1);
		assert_int_equal(message.n_delays, 0);
		feed_message_free(&message);
	}
}

static void frequencies_by_start_time(void **state)
{
	struct draft draft = {0};
	struct feed_message message;
	(void)state;
	draft_open(&draft, "often", "20220613", MORNING);
	draft_delay(&draft, draft_stop(&draft, 1, NULL), 0, 60);
	draft.trip.start_time = "07:30:00";
	decode(&draft.message, &message);
	expect(&message, 0, "often", 20220613, 1, 60, 60);
	assert_int_equal(message.delays[0].key.start_s, 7 * 3600 + 1800);
	feed_message_free(&message);
	draft.trip.start_time = "07:31:00";
	decode(&draft.message, &message);
	assert_int_equal(message.n_trips_unknown, 1);
	feed_message_free(&message);
}

static void implausible_and_whole_trip_delays(void **state)
{
	struct draft draft = {0};
	struct feed_message message;
	(void)state;
	draft_open(&draft, "t", "20220613", MORNING);
	draft.update.has_delay = 1;
	draft.update.delay = 240;
	decode(&draft.message, &message);
	expect(&message, 0, "t", 20220613, 10, 240, 240);
	feed_message_free(&message);
	StopUpdate *a = draft_stop(&draft, 10, NULL);
	draft_time(&draft, a, 0, gtfs_text_utc(20220720, 6, 0, 0));
	draft_delay(&draft, draft_stop(&draft, 20, NULL), 1, INT32_MIN);
	draft_stop(&draft, 30, NULL);
	draft.departures[0].time = INT64_MAX; /* no time at all */
	decode(&draft.message, &message);
	assert_int_equal(message.n_implausible, 1);
	expect(&message, 0, "t", 20220613, 10, 0, 0);
	feed_message_free(&message);
}

static void vehicles_out(void **state)
{
	struct feed_vehicle vehicles[] = {
		{"shuttle-1", {494012345, 86712345}, 270, INT64_C(1655100000000), 50},
		{"shuttle-2", {-494012345, -86712345}, -1, INT64_C(1655100001999), -1},
		{"shuttle-3", {0, 0}, 0, 0, 100},
	};
	struct err_detail detail;
	uint8_t *bytes = NULL, *again = NULL;
	size_t size = 0, size_again = 0;
	(void)state;
	assert_int_equal(feed_encode_vehicles(vehicles, 3, INT64_C(1655100002000), &bytes, &size, &detail), 0);
	assert_int_equal(feed_encode_vehicles(vehicles, 3, INT64_C(1655100002000), &again, &size_again, &detail), 0);
	assert_int_equal(size, size_again);
	assert_memory_equal(bytes, again, size);
	TransitRealtime__FeedMessage *message = transit_realtime__feed_message__unpack(NULL, size, bytes);
	assert_non_null(message);
	assert_int_equal(message->header->timestamp, 1655100002);
	assert_int_equal(message->n_entity, 3);
	const TransitRealtime__VehiclePosition *first = message->entity[0]->vehicle,
					       *second = message->entity[1]->vehicle;
	assert_string_equal(first->vehicle->id, "shuttle-1");
	assert_true(first->position->latitude > 49.40123f && first->position->latitude < 49.40124f);
	assert_true(first->position->has_bearing && first->position->bearing > 269.9f &&
		    first->position->bearing < 270.1f);
	assert_int_equal(first->occupancy_percentage, 50);
	assert_true(second->position->longitude < -8.6712f && second->position->longitude > -8.6713f);
	assert_false(second->position->has_bearing);
	assert_false(second->has_occupancy_percentage);
	assert_int_equal(second->timestamp, 1655100001);
	assert_int_equal(message->entity[2]->vehicle->occupancy_status,
			 TRANSIT_REALTIME__VEHICLE_POSITION__OCCUPANCY_STATUS__FULL);
	transit_realtime__feed_message__free_unpacked(message, NULL);
	/* What we send, we read. */
	struct feed_message decoded;
	assert_int_equal(feed_decode(feed, bytes, size, 0, &decoded, &detail), 0);
	assert_int_equal(decoded.n_vehicles, 3);
	feed_message_free(&decoded);
	vehicles[1].bearing_degrees = 360;
	assert_int_equal(feed_encode_vehicles(vehicles, 3, 0, &bytes, &size, &detail), ERR_RANGE);
	vehicles[1].bearing_degrees = 0;
	memset(vehicles[2].id, 'x', sizeof vehicles[2].id);
	assert_int_equal(feed_encode_vehicles(vehicles, 3, 0, &bytes, &size, &detail), ERR_RANGE);
	free(bytes);
	free(again);
	assert_int_equal(feed_encode_vehicles(NULL, 0, 0, &bytes, &size, &detail), 0);
	free(bytes);
}

static void wrong_input(void **state)
{
	struct feed *none;
	struct feed_message message;
	struct err_detail detail;
	(void)state;
	assert_int_equal(feed_open(&none, &build.town, "other", &detail), ERR_NOT_FOUND);
	assert_int_equal(feed_decode(feed, "hello", 5, 0, &message, &detail), ERR_FORMAT);
	assert_int_equal(feed_decode(feed, "", 0, 0, &message, &detail), ERR_FORMAT);
	assert_int_equal(feed_decode(feed, "", (size_t)FEED_BYTES_MAX + 1, 0, &message, &detail), ERR_RANGE);
	assert_int_equal(feed_open(&none, &build.town, NULL, &detail), 0);
	feed_close(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delays_and_times),
		cmocka_unit_test(missing_arrivals_carry_on),
		cmocka_unit_test(the_nearest_day),
		cmocka_unit_test(stop_ids_follow_the_trip),
		cmocka_unit_test(cancelled_added_unknown),
		cmocka_unit_test(frequencies_by_start_time),
		cmocka_unit_test(implausible_and_whole_trip_delays),
		cmocka_unit_test(vehicles_out),
		cmocka_unit_test(wrong_input),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
