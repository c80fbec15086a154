#include "match_state.h"

#include <assert.h>

#include "err.h"

static struct spot end_of(uint32_t arc)
{
	return (struct spot){arc, UINT32_MAX};
}

struct match_turn turn_of(struct match *match, uint32_t vehicle, int32_t now)
{
	size_t at = match_at(match, vehicle, 0);
	struct match_turn turn = {match->stop.arc[match->plan.id[at]], match->plan.departure[at]};
	uint32_t to = match->stop.arc[match->plan.id[at + 1]], n = 0;
	struct route_result result;
	match->counts.turns++;
	if (to == turn.arc)
		return turn;
	int code = route_path(match->query, &match->metric, end_of(turn.arc), end_of(to), &result, match->path, &n,
			      match->n_arcs);
	assert(!code && n > 0);
	for (uint32_t i = 1; i < n && (turn.time < now || i == 1); i++) { /* the first one is where it comes from */
		int32_t turning =
			route_turn_ms(match->graph, match->metric.class_index, match->path, i, match->path[i]);
		turn.arc = match->path[i];
		turn.time += (int32_t)match->metric.time_ms[turn.arc] + turning;
	}
	return turn;
}
