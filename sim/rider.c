#include "rider.h"

#include <string.h>

#define BEFORE_PICKUP_MS 45000 /* whoever is in time stands there this long before the planned pickup */
#define THINKS_MS 5000	       /* over the offers */

void rider_open(struct rider *rider, const struct demand_trip *trip, uint32_t retry_ms)
{
	memset(rider, 0, sizeof *rider);
	rider->trip = trip;
	rider->retry_ms = retry_ms;
	rider->phase = RIDER_HOME;
	rider->act_at = trip->ask_at;
}

static void end(struct rider *rider)
{
	rider->phase = RIDER_ENDED;
	rider->act_at = INT64_MAX;
}

static int patient(const struct rider *rider, instant_ms planned_pickup)
{
	const struct demand_trip *trip = rider->trip;
	instant_ms wish = trip->time_kind == TIME_LEAVE_AT ? trip->time : trip->ask_at;
	return trip->time_kind == TIME_ARRIVE_BY || trip->tie_kind ||
	       planned_pickup - wish <= (instant_ms)trip->patience_ms;
}

/* Leaves so as to be there in time at the own pace, but not before the promise was made. */
static instant_ms arrives_on_foot(const struct rider *rider)
{
	instant_ms in_time = rider->planned_pickup - BEFORE_PICKUP_MS, soonest = rider->promised_at + rider->walk_ms;
	return rider->walk_ms && soonest > in_time ? soonest : in_time;
}

/* Whoever knows to be late says so. */
static int comes_late(const struct rider *rider)
{
	return !rider->trip->no_show && (rider->trip->late_ms || arrives_on_foot(rider) > rider->planned_pickup);
}

/* When this rider stands at the stop. */
static instant_ms present_at(const struct rider *rider)
{
	if (rider->trip->no_show)
		return INT64_MAX;
	instant_ms at = rider->trip->late_ms ? rider->planned_pickup + rider->trip->late_ms : arrives_on_foot(rider);
	return at > rider->not_before ? at : rider->not_before;
}

static void plan_next(struct rider *rider, instant_ms now)
{
	instant_ms next = INT64_MAX;
	if (rider->ride_state == RIDE_AT_STOP) {
		next = present_at(rider);
		if (comes_late(rider) && next > now && !rider->said_coming)
			next = now;
	} else if (rider->trip->cancel_after_ms) {
		next = rider->promised_at + rider->trip->cancel_after_ms;
	}
	rider->act_at = next > now || next == INT64_MAX ? next : now;
}

void rider_told(struct rider *rider, const struct rider_news *news, instant_ms now)
{
	if (rider->phase == RIDER_ENDED || rider->phase == RIDER_HOME)
		return;
	uint8_t before = rider->ride_state;
	rider->ride_state = news->state;
	switch (news->state) {
	case RIDE_OFFERED:
		if (rider->phase != RIDER_ASKING && rider->phase != RIDER_ACCEPTING)
			break;		       /* has them already */
		rider->phase = RIDER_CHOOSING; /* fresh offers when the accepted one was gone */
		rider->act_at = now + THINKS_MS;
		if (news->n_offers == 0 || !patient(rider, news->planned_pickup))
			end(rider);
		break;
	case RIDE_PROMISED:
	case RIDE_AT_STOP:
		if (rider->phase < RIDER_PROMISED)
			rider->promised_at = now;
		rider->planned_pickup = news->state == RIDE_PROMISED || before != RIDE_AT_STOP ? news->planned_pickup
											       : rider->planned_pickup;
		rider->phase = RIDER_PROMISED;
		rider->code = news->code;
		rider->walk_ms = news->walk_ms;
		if (before != news->state || news->state == RIDE_PROMISED)
			plan_next(rider, now);
		break;
	case RIDE_ABOARD:
		rider->phase = RIDER_RIDING;
		rider->act_at = INT64_MAX;
		break;
	case RIDE_BROKEN: /* the case stays open with the dispatcher's people; a rider in good faith waits for them */
		rider->act_at = INT64_MAX;
		break;
	default:
		end(rider);
	}
}

instant_ms rider_due(const struct rider *rider)
{
	return rider->act_at;
}

static enum rider_wish act_promised(struct rider *rider, instant_ms now)
{
	if (rider->ride_state == RIDE_AT_STOP) {
		if (now >= present_at(rider)) {
			rider->act_at = now + rider->retry_ms;
			return RIDER_BOARDS;
		}
		int says = comes_late(rider) && !rider->said_coming;
		rider->said_coming = 1;
		rider->act_at = present_at(rider);
		return says ? RIDER_IS_COMING : RIDER_WAITS;
	}
	rider->act_at = now + rider->retry_ms;
	return rider->trip->cancel_after_ms ? RIDER_CANCELS : RIDER_WAITS;
}

enum rider_wish rider_act(struct rider *rider, instant_ms now)
{
	switch (rider->phase) {
	case RIDER_HOME:
	case RIDER_ASKING:
		rider->phase = RIDER_ASKING;
		rider->act_at = now + rider->retry_ms;
		return RIDER_ASKS;
	case RIDER_CHOOSING:
	case RIDER_ACCEPTING:
		rider->phase = RIDER_ACCEPTING;
		rider->act_at = now + rider->retry_ms;
		return RIDER_ACCEPTS;
	case RIDER_PROMISED:
		return act_promised(rider, now);
	default:
		rider->act_at = INT64_MAX;
		return RIDER_WAITS;
	}
}
