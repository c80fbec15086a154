#include "match_state.h"

struct match_turn turn_of(struct match *match, uint32_t vehicle, int32_t now)
{
	size_t at = match_at(match, vehicle, 0);
	uint32_t arc = match->stop.arc[match->plan.id[at]], next = match->stop.arc[match->plan.id[at + 1]];
	int32_t leave = match->plan.departure[at];
	match->counts.turns++;
	if (next == arc)
		return (struct match_turn){arc, leave};
	struct route_hub_place place =
		route_hubs_along(match->hubs, arc, next, match->plan.arrival[at + 1] - leave, now - leave);
	return (struct match_turn){place.arc, leave + place.time};
}
