/* Riders, and the trains they come by. */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "world_inner.h"

#define RETRY_MS 30000
#define CHANGE_MS 60000 /* from the train's door to the street */

static void remind(struct world *world, uint32_t index)
{
	if (rider_due(&world->riders[index]) != INT64_MAX)
		world_push(world, rider_due(&world->riders[index]), EVENT_RIDER, index, NULL);
}

/* ---- told ---- */

void rider_tell(struct world *world, uint64_t number)
{
	uint32_t index = hash_map_get(&world->rider_of, number);
	const struct core_ride *ride = core_ride(world->core, number);
	if (index == NONE || !ride)
		return;
	struct rider_news news = {.state = ride->state, .n_offers = ride->n_offers, .code = ride->boarding_code};
	if (ride->n_offers && world->riders[index].trip->pace_mm_s)
		news.walk_ms = (uint32_t)((uint64_t)ride->offers[ride->accepted].walk_from_mm * 1000 /
					  world->riders[index].trip->pace_mm_s);
	news.planned_pickup =
		ride->state == RIDE_OFFERED && ride->n_offers ? ride->offers[0].planned_pickup : ride->planned_pickup;
	rider_told(&world->riders[index], &news, world->now);
	remind(world, index);
}

/* Everybody opens the page again after a break. */
void rider_tell_all(struct world *world)
{
	for (uint32_t i = 0; i < world->demand->n && world->core; i++)
		if (world->riders[i].ride && world->riders[i].phase < RIDER_ENDED)
			rider_tell(world, world->riders[i].ride);
}

/* ---- wishes ---- */

static void ask(struct world *world, uint32_t index)
{
	struct rider *rider = &world->riders[index];
	const struct demand_trip *trip = rider->trip;
	struct command command = {.kind = CMD_REQUEST, .key = {1, index + 1}};
	struct cmd_request *request = &command.request;
	if (placing_find(&world->placing, trip->from, &request->from) ||
	    placing_find(&world->placing, trip->to, &request->to)) {
		rider->act_at = INT64_MAX; /* outside the map: no page would have taken it */
		rider->phase = RIDER_ENDED;
		return;
	}
	if (!rider->ride) {
		rider->ride = hash_u64(world->options.seed * 1000003 + index) | 1;
		world_fail(world, hash_map_put(&world->rider_of, rider->ride, index));
	}
	request->ride = rider->ride;
	request->client = hash_u64(rider->ride);
	request->time_kind = trip->time_kind;
	request->time = trip->time;
	request->walk_max_mm = trip->walk_max_mm;
	request->tie_kind = trip->tie_kind;
	request->tie = trip->tie;
	memcpy(request->need_count, trip->need_count, sizeof request->need_count);
	dispatcher_submit(world, &command);
	if (world->core &&
	    rider->phase == RIDER_ASKING) /* answered before, but the answer was lost with the dispatcher */
		rider_tell(world, rider->ride);
}

static void wish(struct world *world, const struct rider *rider, uint16_t kind)
{
	struct command command = {.kind = kind};
	switch (kind) {
	case CMD_ACCEPT:
		command.accept = (struct cmd_accept){.ride = rider->ride,
						     .boarding_code = (uint16_t)(1000 + hash_u64(rider->ride) % 9000)};
		break;
	case CMD_CANCEL:
		command.cancel.ride = rider->ride;
		break;
	case CMD_COMING:
		command.ride.ride = rider->ride;
		break;
	default:
		command.board_evidence = (struct cmd_board_evidence){rider->ride, WIRE_EVIDENCE_APP, rider->code};
		break;
	}
	dispatcher_submit(world, &command);
}

void rider_wake(struct world *world, uint32_t index)
{
	struct rider *rider = &world->riders[index];
	if (rider_due(rider) > world->now)
		return; /* an older reminder */
	enum rider_wish wishes = rider_act(rider, world->now);
	if (rider->phase == RIDER_PROMISED && rider->carried)
		wishes = RIDER_WAITS; /* sits in a vehicle from which nobody has heard since, or is home by it */
	switch (wishes) {
	case RIDER_ASKS:
		ask(world, index);
		break;
	case RIDER_ACCEPTS:
		wish(world, rider, CMD_ACCEPT);
		break;
	case RIDER_CANCELS:
		wish(world, rider, CMD_CANCEL);
		break;
	case RIDER_IS_COMING:
		wish(world, rider, CMD_COMING);
		break;
	case RIDER_BOARDS:
		wish(world, rider, CMD_BOARD_EVIDENCE);
		break;
	case RIDER_WAITS:
		break;
	}
	remind(world, index);
}

/* ---- trains ---- */

static int same_key(const struct trip_key *a, const struct trip_key *b)
{
	return !strcmp(a->feed, b->feed) && !strcmp(a->trip_id, b->trip_id) && a->start_s == b->start_s &&
	       a->yyyymmdd == b->yyyymmdd && a->stop_sequence == b->stop_sequence;
}

/* Arrival or departure by the timetable. */
static instant_ms tied_at(const struct timetable *timetable, const struct demand_trip *trip, uint32_t event,
			  uint32_t day)
{
	int32_t second =
		trip->tie_kind == TIE_FROM_TRIP ? timetable->time_arrival_s[event] : timetable->time_departure_s[event];
	return timetable->day_start[day] + (instant_ms)second * SECOND_MS;
}

/* Into the books: when the tied trip is due. */
static void note_tie(struct world *world, uint32_t index)
{
	const struct demand_trip *trip = &world->demand->trips[index];
	uint32_t day = 0, event = timetable_find(world->town, &trip->tie, &day);
	if (event != NONE)
		day_note_trip(world->day, index, tied_at(&world->town->timetable, trip, event, day));
}

static struct rng train_stream(const struct world *world, const struct trip_key *key)
{
	uint64_t name = hash_bytes(key->trip_id, strlen(key->trip_id), hash_bytes(key->feed, strlen(key->feed), 1));
	name = hash_u64(name ^ hash_u64((uint64_t)key->yyyymmdd << 32 | key->stop_sequence) ^ (uint32_t)key->start_s);
	return world_stream(world, STREAM_TRAIN, name);
}

static int add_train(struct world *world, const struct demand_trip *trip)
{
	const struct timetable *timetable = &world->town->timetable;
	uint32_t day = 0, event = timetable_find(world->town, &trip->tie, &day);
	for (size_t i = 0; i < world->n_trains; i++)
		if (same_key(&world->trains[i].key, &trip->tie))
			return ERR_OK;
	if (event == NONE)
		return ERR_OK;
	struct train train = {.key = trip->tie, .when = tied_at(timetable, trip, event, day)};
	struct rng rng = train_stream(world, &train.key);
	train.cancelled = (uint8_t)rng_chance(&rng, world->options.trains_cancelled_permille);
	if (!train.cancelled && rng_chance(&rng, world->options.trains_late_permille))
		train.late_s = (int32_t)rng_between(&rng, 60, (int64_t)world->options.trains_late_ms_max / SECOND_MS);
	train.known_ms = rng_between(&rng, 2, 20) * MINUTE_MS;
	if (!train.cancelled && !train.late_s)
		return ERR_OK;
	return array_push(world->trains, world->n_trains, world->cap_trains, train);
}

/* Becomes known two to twenty minutes before. */
int riders_open(struct world *world)
{
	const struct world_options *options = &world->options;
	int code = ERR_OK;
	for (uint32_t i = 0; i < world->demand->n; i++) {
		const struct demand_trip *trip = &world->demand->trips[i];
		rider_open(&world->riders[i], trip, RETRY_MS);
		world_push(world, trip->ask_at, EVENT_RIDER, i, NULL);
		if (trip->tie_kind != TIE_NONE)
			note_tie(world, i);
		if (!code && trip->tie_kind != TIE_NONE &&
		    (options->trains_late_permille || options->trains_cancelled_permille))
			code = add_train(world, trip);
	}
	for (uint32_t i = 0; i < world->n_trains; i++)
		world_push(world, world->trains[i].when - world->trains[i].known_ms, EVENT_TRAIN, i, NULL);
	return code ? err_set(world->detail, code, "world: out of memory") : ERR_OK;
}

void train_announce(struct world *world, uint32_t index)
{
	const struct train *train = &world->trains[index];
	struct command command = {.kind = CMD_TRIP_DELAY};
	command.trip_delay = (struct cmd_trip_delay){train->key, train->late_s, train->late_s, train->cancelled};
	for (uint32_t i = 0; i < world->demand->n; i++) {
		struct rider *rider = &world->riders[i];
		if (rider->trip->tie_kind != TIE_NONE && same_key(&rider->trip->tie, &train->key))
			day_note_trip(world->day, i,
				      train->cancelled ? INSTANT_NONE : train->when + train->late_s * SECOND_MS);
		if (rider->trip->tie_kind == TIE_FROM_TRIP && same_key(&rider->trip->tie, &train->key))
			rider->not_before =
				train->cancelled ? INT64_MAX : train->when + train->late_s * SECOND_MS + CHANGE_MS;
	}
	if (dispatcher_submit(world, &command) == ERR_UNAVAILABLE) /* the feed is read again */
		world_push(world, world->now + 30000, EVENT_TRAIN, index, NULL);
}
