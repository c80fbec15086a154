#include "state.h"

static const char *name_of(const char *const *names, size_t n, size_t value)
{
	return value < n && names[value] ? names[value] : "unknown";
}

const char *core_ride_state_name(uint8_t state)
{
	static const char *const names[RIDE_STATES] = {
		[RIDE_ASKED] = "asked",		[RIDE_OFFERED] = "offered", [RIDE_PROMISED] = "promised",
		[RIDE_AT_STOP] = "at_stop",	[RIDE_ABOARD] = "aboard",   [RIDE_DONE] = "done",
		[RIDE_CANCELLED] = "cancelled", [RIDE_EXPIRED] = "expired", [RIDE_NO_SHOW] = "no_show",
		[RIDE_REFUSED] = "refused",	[RIDE_BROKEN] = "broken"};
	return name_of(names, COUNT_OF(names), state);
}

const char *core_refusal_name(uint8_t refusal)
{
	static const char *const names[REFUSALS] = {[REFUSAL_NONE] = "none",
						    [REFUSAL_OUTSIDE_AREA] = "outside_area",
						    [REFUSAL_OUTSIDE_HOURS] = "outside_hours",
						    [REFUSAL_NO_STOP_NEAR] = "no_stop_near",
						    [REFUSAL_NO_ROAD] = "no_road",
						    [REFUSAL_TOO_FAR_AHEAD] = "too_far_ahead",
						    [REFUSAL_IN_THE_PAST] = "in_the_past",
						    [REFUSAL_PARTY_TOO_LARGE] = "party_too_large",
						    [REFUSAL_NEED_UNKNOWN] = "need_unknown",
						    [REFUSAL_NOT_STEP_FREE] = "not_step_free",
						    [REFUSAL_NO_VEHICLE] = "no_vehicle",
						    [REFUSAL_NO_SUPERVISOR] = "no_supervisor",
						    [REFUSAL_NO_CAPACITY] = "no_capacity",
						    [REFUSAL_NO_TIME] = "no_time",
						    [REFUSAL_CONNECTION] = "connection",
						    [REFUSAL_PAUSED] = "paused",
						    [REFUSAL_FULL] = "full",
						    [REFUSAL_OPEN_REQUEST] = "open_request",
						    [REFUSAL_SAME_PLACE] = "same_place",
						    [REFUSAL_NO_FALLBACK] = "no_fallback",
						    [REFUSAL_TRIP_UNKNOWN] = "trip_unknown"};
	return name_of(names, COUNT_OF(names), refusal);
}

const char *core_obstacle_name(uint8_t obstacle)
{
	static const char *const names[OBSTACLES] = {
		[OBSTACLE_NONE] = "none",
		[OBSTACLE_SPACE] = "space",
		[OBSTACLE_ENERGY] = "energy",
		[OBSTACLE_PICKUP] = "pickup",
		[OBSTACLE_SERVICE_END] = "service_end",
		[OBSTACLE_ARRIVAL] = "arrival",
		[OBSTACLE_RIDE_TIME] = "ride_time",
		[OBSTACLE_PROMISES] = "promises",
	};
	return name_of(names, COUNT_OF(names), obstacle);
}

const char *core_reason_name(uint8_t reason)
{
	static const char *const names[OFFER_REASONS] = {[OFFER_SOONEST] = "soonest",
							 [OFFER_LEAST_WALK] = "least_walk",
							 [OFFER_BEST_CONNECTION] = "best_connection",
							 [OFFER_SHORTEST_RIDE] = "shortest_ride",
							 [OFFER_LATER] = "later",
							 [OFFER_EARLIER] = "earlier"};
	return name_of(names, COUNT_OF(names), reason);
}

const char *core_cause_name(uint8_t cause)
{
	static const char *const names[CAUSES] = {[CAUSE_NONE] = "none",
						  [CAUSE_VEHICLE_FAULT] = "vehicle_fault",
						  [CAUSE_VEHICLE_LOST] = "vehicle_lost",
						  [CAUSE_VEHICLE_STOPPED] = "vehicle_stopped",
						  [CAUSE_SLOWER_STREETS] = "slower_streets",
						  [CAUSE_LATE_TRIP] = "late_trip",
						  [CAUSE_TRIP_CANCELLED] = "trip_cancelled",
						  [CAUSE_OPERATOR] = "operator",
						  [CAUSE_OTHER_RIDER] = "other_rider",
						  [CAUSE_RESTORE] = "restore",
						  [CAUSE_VEHICLE_LATE] = "vehicle_late",
						  [CAUSE_ROAD_CLOSED] = "road_closed",
						  [CAUSE_RIDER_LATE] = "rider_late"};
	return name_of(names, COUNT_OF(names), cause);
}

const char *core_notice_name(uint8_t kind)
{
	static const char *const names[NOTICE_KINDS] = {[NOTICE_PROMISED] = "promised",
							[NOTICE_TIME_CHANGED] = "time_changed",
							[NOTICE_VEHICLE_CHANGED] = "vehicle_changed",
							[NOTICE_VEHICLE_AT_STOP] = "vehicle_at_stop",
							[NOTICE_LAST_CALL] = "last_call",
							[NOTICE_NO_SHOW] = "no_show",
							[NOTICE_BROKEN] = "broken",
							[NOTICE_CANCELLED] = "cancelled",
							[NOTICE_CONNECTION_AT_RISK] = "connection_at_risk"};
	return name_of(names, COUNT_OF(names), kind);
}

const char *core_case_name(uint8_t kind)
{
	static const char *const names[CASE_KINDS] = {[CASE_BROKEN_RIDE] = "broken_ride",
						      [CASE_NOTICE_FAILED] = "notice_failed",
						      [CASE_VEHICLE_UNKNOWN] = "vehicle_unknown",
						      [CASE_MRC] = "mrc",
						      [CASE_EMERGENCY] = "emergency",
						      [CASE_PASSENGER_CALL] = "passenger_call",
						      [CASE_APPROVAL] = "approval",
						      [CASE_PLAN_REFUSED] = "plan_refused",
						      [CASE_LATE] = "late",
						      [CASE_UNSUPERVISED] = "unsupervised",
						      [CASE_STREETS] = "streets",
						      [CASE_DISAGREEMENT] = "disagreement"};
	return name_of(names, COUNT_OF(names), kind);
}

const char *core_service_name(uint8_t service)
{
	static const char *const names[] = {[SERVICE_OUT] = "out",
					    [SERVICE_IN] = "in",
					    [SERVICE_ENDING] = "ending",
					    [SERVICE_LOST] = "lost",
					    [SERVICE_DOWN] = "down"};
	return name_of(names, COUNT_OF(names), service);
}

const char *core_command_name(uint16_t kind)
{
	static const char *const names[CMD_KINDS] = {[CMD_START] = "start",
						     [CMD_TICK] = "tick",
						     [CMD_TOWN_SWAP] = "town_swap",
						     [CMD_REQUEST] = "request",
						     [CMD_ACCEPT] = "accept",
						     [CMD_CANCEL] = "cancel",
						     [CMD_COMING] = "coming",
						     [CMD_BOARD_EVIDENCE] = "board_evidence",
						     [CMD_NO_SHOW_UNDO] = "no_show_undo",
						     [CMD_NOTICE_STATE] = "notice_state",
						     [CMD_VEHICLE_ENROL] = "vehicle_enrol",
						     [CMD_VEHICLE_RELEASE] = "vehicle_release",
						     [CMD_VEHICLE_ORDER] = "vehicle_order",
						     [CMD_VEHICLE_LINK] = "vehicle_link",
						     [CMD_VEHICLE_HELLO] = "vehicle_hello",
						     [CMD_VEHICLE_PLAN_ACK] = "vehicle_plan_ack",
						     [CMD_VEHICLE_EVENT] = "vehicle_event",
						     [CMD_FLEET_STATES] = "fleet_states",
						     [CMD_APPROVAL] = "approval",
						     [CMD_SIGN_ON] = "sign_on",
						     [CMD_SIGN_OFF] = "sign_off",
						     [CMD_HANDOVER_ACCEPT] = "handover_accept",
						     [CMD_CASE_OWN] = "case_own",
						     [CMD_CASE_CLOSE] = "case_close",
						     [CMD_BOOKINGS_PAUSE] = "bookings_pause",
						     [CMD_TRIP_DELAY] = "trip_delay",
						     [CMD_CLOSURE] = "closure",
						     [CMD_IMPROVE] = "improve",
						     [CMD_VEHICLE_SHIFT] = "vehicle_shift",
						     [CMD_STREET_SPEEDS] = "street_speeds",
						     [CMD_CONDITION] = "condition"};
	return name_of(names, COUNT_OF(names), kind);
}
