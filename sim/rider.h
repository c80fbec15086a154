/* How a simulated rider behaves: asks, chooses, perhaps cancels, walks to the stop, comes late or never, boards with
 * the code. Pure: the live demo (over HTTP) and the simulator (commands) drive the same riders. */
#ifndef ZUB_RIDER_H
#define ZUB_RIDER_H

#include "demand.h"
#include "update.h"

enum rider_wish { RIDER_WAITS, RIDER_ASKS, RIDER_ACCEPTS, RIDER_CANCELS, RIDER_IS_COMING, RIDER_BOARDS };
enum rider_phase {
	RIDER_HOME,
	RIDER_ASKING,
	RIDER_CHOOSING,
	RIDER_ACCEPTING,
	RIDER_PROMISED,
	RIDER_RIDING,
	RIDER_ENDED
};

struct rider {
	const struct demand_trip *trip; /* borrowed */
	uint64_t ride;			/* once asked */
	uint8_t phase;			/* enum rider_phase */
	uint8_t ride_state;		/* enum ride_state as last told */
	uint8_t said_coming;
	uint8_t carried; /* has sat in a vehicle: boards no other, whatever the page says */
	uint16_t code;
	uint32_t retry_ms; /* service time after which an unanswered wish is repeated */
	instant_ms planned_pickup, promised_at, act_at;
	uint32_t walk_ms;      /* to the stop, at this rider's pace; 0 = not known: is there in time */
	instant_ms not_before; /* cannot stand at the stop sooner (a late train); INT64_MAX = never. 0 = any time */
};

/* What the rider is told about the ride. */
struct rider_news {
	uint8_t state; /* enum ride_state */
	uint32_t n_offers;
	instant_ms planned_pickup; /* of the first offer, or of the promise */
	uint16_t code;
	uint32_t walk_ms; /* to the stop of that offer or promise, at the rider's own pace */
};

void rider_open(struct rider *rider, const struct demand_trip *trip, uint32_t retry_ms);
void rider_told(struct rider *rider, const struct rider_news *news, instant_ms now);
/* When the rider next wants to do something; INT64_MAX = waits for news. */
instant_ms rider_due(const struct rider *rider);
/* What the rider does now. */
enum rider_wish rider_act(struct rider *rider, instant_ms now);

#endif
