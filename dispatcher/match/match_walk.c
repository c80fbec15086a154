/* Pickup and drop-off chosen together among many junctions. Bounds first, by the nearest place and by landmarks; only
 * what may still win is asked for the ways to all places, by one walk over a kept label, and then place by place. */
#include "match_state.h"

#include <assert.h>

#include "err.h"
#include "route_fan.h"

#define KEPT_MORE 1024u

enum way_kind { TO_PICKUP, PICKUP_ON, TO_DROPOFF, DROPOFF_ON, WAY_KINDS };

/* The junctions at one end of the request. */
struct walk_end {
	struct route_fan fan;
	uint32_t *node, n; /* [places_most] */
	int32_t *walk;
	uint16_t *lane;		   /* [n_nodes] + 1; 0: no place */
	struct route_sign sign[2]; /* as where ways begin, as where they end: of whichever place */
};

/* Ways between a stop and all places, kept while a request is looked at. */
struct walk_kept {
	uint32_t stamp, at;
};

struct walk_best {
	uint32_t pickup, dropoff; /* lanes */
	int32_t way;		  /* to the pickup, before its stop; -1: at a stop that is there anyway */
	int is_next;		  /* the pickup is at the end of the very arc of the next stop */
	struct match_turn turn;	  /* arc NONE: from the stop */
};

struct match_walk {
	const struct network *network;
	struct walk_end end[2]; /* pickup, drop-off */
	uint32_t *first_in, *in_arc;
	int32_t *ride;			   /* [n pickups * lanes of drop-offs] */
	int32_t *ride_least, *drive_least; /* [n pickups] with the way on foot behind it, without */
	struct walk_kept *kept[WAY_KINDS]; /* [n_ids] */
	int32_t *ways;			   /* pool of vectors */
	uint32_t n_ways, most_ways, stride, stamp;
	int64_t trip_most;		 /* more is late */
	int32_t least_ride, least_drive; /* of all pickups */
	struct walk_best best;
};

static uint32_t stride_of(const struct match_options *options)
{
	return (options->places_most + 15) / 16 * 16;
}

static uint32_t ways_most(const struct match_options *options)
{
	return WAY_KINDS * (options->plan_most + 1) + KEPT_MORE;
}

size_t walk_size(const struct route_graph *graph, const struct match_options *options)
{
	const struct network *network = route_graph_network(graph);
	size_t places = options->places_most, stride = stride_of(options);
	if (places == 0)
		return 0;
	return sizeof(struct match_walk) + 2 * route_fan_size(graph, options->places_most) + places * 24 +
	       (size_t)network->n_nodes * 8 + (size_t)network->n_arcs * 4 + (places + 2) * stride * 4 +
	       (size_t)options->stops_most * WAY_KINDS * sizeof(struct walk_kept) + ways_most(options) * stride * 4 +
	       1024;
}

static int end_open(struct match *match, struct walk_end *end, const struct route_graph *graph, uint32_t places_most,
		    struct arena *arena)
{
	end->node = arena_take(arena, places_most, sizeof *end->node);
	end->walk = arena_take(arena, places_most, sizeof *end->walk);
	end->lane = arena_take(arena, route_graph_network(graph)->n_nodes, sizeof *end->lane);
	if (!end->node || !end->walk || !end->lane)
		return ERR_MEMORY;
	return route_fan_open(&end->fan, match->hubs, graph, places_most, arena);
}

static int arcs_in(struct match_walk *walker, struct arena *arena)
{
	const struct network *network = walker->network;
	uint32_t n = network->n_nodes, *first = arena_take(arena, (size_t)n + 2, sizeof *first);
	walker->in_arc = arena_take(arena, network->n_arcs, sizeof *walker->in_arc);
	if (!first || !walker->in_arc)
		return ERR_MEMORY;
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		first[network->head[arc] + 2]++;
	for (uint32_t v = 2; v < n + 2; v++)
		first[v] += first[v - 1];
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		walker->in_arc[first[network->head[arc] + 1]++] = arc;
	walker->first_in = first;
	return ERR_OK;
}

int walk_open(struct match *match, const struct route_graph *graph, const struct match_options *options,
	      struct arena *arena)
{
	struct match_walk *walker = arena_take(arena, 1, sizeof *walker);
	if (!walker)
		return ERR_MEMORY;
	walker->network = route_graph_network(graph);
	walker->stride = stride_of(options);
	walker->most_ways = ways_most(options);
	walker->ride = arena_take(arena, (size_t)options->places_most * walker->stride, sizeof *walker->ride);
	walker->ride_least = arena_take(arena, options->places_most, sizeof *walker->ride_least);
	walker->drive_least = arena_take(arena, options->places_most, sizeof *walker->drive_least);
	walker->ways = arena_take(arena, (size_t)walker->most_ways * walker->stride, sizeof *walker->ways);
	int is_short = !walker->ride || !walker->ride_least || !walker->drive_least || !walker->ways;
	for (int kind = 0; kind < WAY_KINDS; kind++) {
		walker->kept[kind] = arena_take(arena, options->stops_most, sizeof *walker->kept[kind]);
		is_short |= !walker->kept[kind];
	}
	int code = is_short ? ERR_MEMORY : arcs_in(walker, arena);
	for (int i = 0; i < 2 && !code; i++)
		code = end_open(match, &walker->end[i], graph, options->places_most, arena);
	match->walker = code ? NULL : walker;
	return code;
}

/* --- the two ends --- */

/* Bounds that hold for whichever of the places: as where ways begin the least times to the landmarks and the greatest
 * from them, as where they end the other way round. */
static void sign_join(struct route_sign *start, struct route_sign *end, const struct route_sign *other)
{
	for (int i = 0; i < ROUTE_SIGN_POSTS; i++) {
		int32_t to = other->to[i], from = other->from[i];
		start->to[i] = to < start->to[i] ? to : start->to[i];
		start->from[i] = from > start->from[i] ? from : start->from[i];
		end->to[i] = to > end->to[i] ? to : end->to[i];
		end->from[i] = from < end->from[i] ? from : end->from[i];
	}
}

static void end_set(struct match *match, struct walk_end *end, const struct match_place *place, uint32_t n)
{
	for (uint32_t i = 0; i < end->n; i++)
		end->lane[end->node[i]] = 0;
	end->n = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct route_sign *sign = route_signs_at(match->signs, place[i].node);
		end->node[i] = place[i].node;
		end->walk[i] = place[i].walk;
		end->lane[place[i].node] = (uint16_t)(i + 1);
		if (i == 0)
			end->sign[0] = end->sign[1] = *sign;
		sign_join(&end->sign[0], &end->sign[1], sign);
	}
	route_fan_set(&end->fan, end->node, n);
}

/* The lane of the place at the end of an arc, or NONE. */
static uint32_t lane_of(const struct match *match, int which, uint32_t arc)
{
	const struct match_walk *walker = match->walker;
	return walker->end[which].lane[walker->network->head[arc]] - 1u;
}

/* Rides between all places; each pair at one junction is none. */
static void rides_set(struct match *match)
{
	struct match_walk *walker = match->walker;
	struct walk_end *pickup = &walker->end[0], *dropoff = &walker->end[1];
	route_fan_between(&pickup->fan, &dropoff->fan, walker->ride);
	for (uint32_t p = 0; p < pickup->n; p++) {
		int32_t *ride = walker->ride + (size_t)p * dropoff->fan.lanes, with = MATCH_FAR, drive = MATCH_FAR;
		uint32_t same = dropoff->lane[pickup->node[p]];
		if (same)
			ride[same - 1] = MATCH_FAR;
		for (uint32_t q = 0; q < dropoff->n; q++) {
			int32_t all = ride[q] < MATCH_FAR ? ride[q] + dropoff->walk[q] : MATCH_FAR;
			with = all < with ? all : with;
			drive = ride[q] < drive ? ride[q] : drive;
		}
		walker->ride_least[p] = with;
		walker->drive_least[p] = drive;
	}
}

static int32_t least_in(const int32_t *values, uint32_t n)
{
	int32_t least = MATCH_FAR;
	for (uint32_t i = 0; i < n; i++)
		least = values[i] < least ? values[i] : least;
	return least;
}

/* From door to door: over the places, where the last street begins at one of them. */
static int32_t direct_of(struct match *match, const struct match_request *request)
{
	struct match_walk *walker = match->walker;
	struct walk_end *pickup = &walker->end[0], *dropoff = &walker->end[1];
	const struct network *network = walker->network;
	uint32_t p = lane_of(match, 0, request->from), q = dropoff->lane[network->tail[request->to]] - 1u;
	if (q != NONE && network->tail[request->to] != network->head[request->from]) {
		int32_t ride = walker->ride[(size_t)p * dropoff->fan.lanes + q];
		return ride < MATCH_FAR ? ride + route_hubs_arc_time(match->hubs, request->to) : MATCH_FAR;
	}
	uint32_t n = route_hubs_to(match->hubs, request->to, match->label);
	route_fan_from(&pickup->fan, match->label, n, walker->ways);
	return walker->ways[p];
}

static void ends_set(struct match *match, const struct match_request *request, const struct match_walks *walks)
{
	struct match_walk *walker = match->walker;
	end_set(match, &walker->end[0], walks->pickup, walks->n_pickup);
	end_set(match, &walker->end[1], walks->dropoff, walks->n_dropoff);
	rides_set(match);
	walker->stamp++;
	walker->n_ways = 0;
	match->request = *request;
	match->direct = direct_of(match, request);
	walker->least_ride = least_in(walker->ride_least, walker->end[0].n);
	walker->least_drive = least_in(walker->drive_least, walker->end[0].n);
	walker->trip_most = (int64_t)match->direct * match->rules.trip_permille / 1000 + match->rules.trip_extra;
	match->best = (struct match_answer){.vehicle = NONE, .cost = INT64_MAX, .direct = match->direct};
	match->idle_most = match->busy_most = MATCH_FAR;
	match->stamp++;
	match->n_found = 0;
}

/* --- ways, asked once --- */

static const int32_t *ways_of(struct match *match, enum way_kind kind, uint32_t id)
{
	struct match_walk *walker = match->walker;
	struct walk_kept *kept = &walker->kept[kind][id];
	struct route_fan *fan = &walker->end[kind >= TO_DROPOFF].fan;
	if (kept->stamp == walker->stamp)
		return walker->ways + (size_t)kept->at * walker->stride;
	*kept = (struct walk_kept){walker->stamp, walker->n_ways++};
	int32_t *ways = walker->ways + (size_t)kept->at * walker->stride;
	match->counts.ways++;
	if (kind == TO_PICKUP || kind == TO_DROPOFF)
		route_fan_to(fan, match_from(match, id), match->stop.n_from[id], ways);
	else
		route_fan_from(fan, match_to(match, id), match->stop.n_to[id], ways);
	return ways;
}

/* Room for all ways that one plan can ask for. */
static void ways_ready(struct match *match)
{
	struct match_walk *walker = match->walker;
	if (walker->n_ways + WAY_KINDS * (match->plan_most + 1) <= walker->most_ways)
		return;
	walker->stamp++;
	walker->n_ways = 0;
}

/* --- cost --- */

struct walk_try {
	uint32_t vehicle, n, i;
	size_t at;	    /* column of position 0 */
	int64_t begin;	    /* the vehicle leaves for the pickup, from stop i or where it turns off */
	int is_sure;	    /* 0: only the least cost counts */
	int32_t least_time; /* no way to the pickup is shorter */
	struct match_turn turn;
	int64_t end;	/* planned end of its plan */
	int is_waiting; /* somewhere behind stop i */
	int64_t least;
	/* the pickup at hand */
	uint32_t p;
	int32_t way;
	int is_next;
	int64_t departure;
};

static int64_t more(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t over(int64_t value, int64_t most)
{
	return value > most ? value - most : 0;
}

/* The rider's own part: departure after pickup, arrival on foot, both walks. */
static int64_t walker_cost(const struct match *match, int64_t departure, int64_t arrival, int64_t walks)
{
	const struct match_rules *rules = &match->rules;
	int64_t trip = arrival - match->request.time;
	return trip + rules->late_weight * over(trip, match->walker->trip_most) +
	       over(departure, (int64_t)match->request.time + rules->wait_most) + rules->walk_weight * walks;
}

static void walk_offer(struct match *match, struct walk_try *try, uint32_t q, uint32_t j, int64_t cost)
{
	struct match_walk *walker = match->walker;
	try->least = cost < try->least ? cost : try->least;
	if (!try->is_sure || !find_is_better(&match->best, try->vehicle, try->i, j, cost))
		return;
	match->best.vehicle = try->vehicle;
	match->best.pickup_after = try->i;
	match->best.dropoff_after = j;
	match->best.cost = cost;
	walker->best = (struct walk_best){try->p, q, try->way, try->is_next, try->turn};
}

/* What comes of a plan's stops from k on being reached so much later: the riders' part, and *ret_end, the end's. */
static int64_t tail_cost(const struct match *match, const struct walk_try *try, uint32_t k, int64_t shift,
			 int64_t *ret_end)
{
	const struct match_plans *plan = &match->plan;
	int64_t cost = 0;
	for (; k < try->n && shift > 0; k++) {
		size_t at = try->at + k;
		int64_t off = plan->after[at] - (k + 1 < try->n ? plan->after[at + 1] : 0);
		cost += off * shift;
		shift = over(shift, match_waits(match, at));
	}
	*ret_end = shift;
	return cost;
}

/* Set down at a new stop, reached at `arrival`, between stop j and the next, which is `on` further; `others` is what
 * riders who get off up to stop j lose. */
static void try_new(struct match *match, struct walk_try *try, uint32_t j, uint32_t q, int64_t arrival, int32_t on,
		    int64_t others)
{
	const struct match_walk *walker = match->walker;
	int64_t away = arrival + match->rules.stop, added = away - try->end;
	int64_t walks = walker->end[0].walk[try->p] + walker->end[1].walk[q];
	int64_t cost = walker_cost(match, try->departure, arrival + walker->end[1].walk[q], walks) + others;
	match->counts.pairs++;
	if (cost > match->best.cost)
		return;
	if (j + 1 < try->n) {
		int64_t shift = away + on - match->plan.arrival[try->at + j + 1];
		if (shift > match->plan.slack[try->at + j + 1])
			return;
		cost += tail_cost(match, try, j + 1, shift, &added);
	} else if (away > match->end[try->vehicle]) {
		return;
	}
	walk_offer(match, try, q, j, cost + added);
}

/* The drop-off comes next after the pickup. */
static void try_next(struct match *match, struct walk_try *try)
{
	const struct match_walk *walker = match->walker;
	const struct walk_end *dropoff = &walker->end[1];
	const int32_t *ride = walker->ride + (size_t)try->p * dropoff->fan.lanes, *on = NULL;
	int is_last = try->i + 1 == try->n;
	int64_t gone = try->departure - match->request.time, late_from = walker->trip_most - gone;
	int64_t fixed = walker_cost(match, try->departure, match->request.time, walker->end[0].walk[try->p]) + gone;
	int64_t next = 0, after = 0, on_least = 0;
	if (is_last) {
		fixed += try->departure + match->rules.stop - try->end;
	} else {
		size_t at = try->at + try->i + 1;
		next = match->plan.arrival[at] - try->departure - match->rules.stop;
		after = try->is_waiting ? 0 : match->plan.after[at] + 1;
		on_least = route_sign_least(&dropoff->sign[0], match->stop.end[match->plan.id[at]]);
	}
	for (uint32_t q = 0; q < dropoff->n; q++) {
		int64_t time = (int64_t)ride[q] + dropoff->walk[q];
		int64_t least = fixed + time + match->rules.late_weight * over(time, late_from) +
				(is_last ? ride[q] : after * more(ride[q] + on_least - next, 0));
		if (ride[q] >= MATCH_FAR || least > match->best.cost)
			continue;
		if (!is_last && !on)
			on = ways_of(match, DROPOFF_ON, match->plan.id[try->at + try->i + 1]);
		if (!on || on[q] < MATCH_FAR)
			try_new(match, try, try->i, q, try->departure + ride[q], on ? on[q] : 0, 0);
	}
}

/* At stop j, which is reached `shift` later. */
static void try_there(struct match *match, struct walk_try *try, uint32_t j, int64_t shift, int64_t others)
{
	const struct match_walk *walker = match->walker;
	size_t at = try->at + j;
	uint32_t q = lane_of(match, 1, match->stop.arc[match->plan.id[at]]);
	if (q == NONE || walker->end[1].node[q] == walker->end[0].node[try->p])
		return;
	int64_t added, arrival = match->plan.arrival[at] + shift + walker->end[1].walk[q];
	int64_t walks = walker->end[0].walk[try->p] + walker->end[1].walk[q];
	int64_t cost = walker_cost(match, try->departure, arrival, walks) + others;
	cost += tail_cost(match, try, j, shift, &added);
	walk_offer(match, try, q, j, cost + added);
}

/* At new stops between stop j, left `shift` later, and the next. */
static void try_after(struct match *match, struct walk_try *try, uint32_t j, int64_t shift, int64_t others)
{
	const struct match_walk *walker = match->walker;
	const struct walk_end *dropoff = &walker->end[1];
	size_t at = try->at + j;
	int is_last = j + 1 == try->n;
	int64_t leave = match->plan.departure[at] + shift, soonest = try->departure + walker->ride_least[try->p];
	uint32_t id = match->plan.id[at], same = lane_of(match, 1, match->stop.arc[id]);
	int32_t to_least = route_sign_least(match->stop.start[id], &dropoff->sign[1]);
	int64_t total = shift + to_least + match->rules.stop;
	if (!is_last)
		total += route_sign_least(&dropoff->sign[0], match->stop.end[match->plan.id[at + 1]]) +
			 match->plan.departure[at] - match->plan.arrival[at + 1];
	total = more(total, shift + match->rules.stop);
	if (!is_last && total > match->plan.slack[at + 1])
		return;
	int64_t added = is_last ? total : try->is_waiting ? 0 : total * (1 + match->plan.after[at + 1]);
	if (walker_cost(match, try->departure, more(leave + to_least, soonest), walker->end[0].walk[try->p]) + others +
		    added >
	    match->best.cost)
		return;
	const int32_t *to = ways_of(match, TO_DROPOFF, id), *on = NULL;
	if (j + 1 < try->n)
		on = ways_of(match, DROPOFF_ON, match->plan.id[at + 1]);
	for (uint32_t q = 0; q < dropoff->n; q++)
		if (q != same && to[q] < MATCH_FAR && (!on || on[q] < MATCH_FAR) &&
		    dropoff->node[q] != walker->end[0].node[try->p])
			try_new(match, try, j, q, leave + to[q], on ? on[q] : 0, others);
}

/* All drop-offs behind the next stop, which is reached `shift` later. */
static void try_later(struct match *match, struct walk_try *try, int64_t shift)
{
	const struct match_plans *plan = &match->plan;
	int64_t others = 0;
	for (uint32_t j = try->i + 1; j < try->n; j++) {
		size_t at = try->at + j;
		try_there(match, try, j, shift, others);
		others += (plan->after[at] - (j + 1 < try->n ? plan->after[at + 1] : 0)) * shift;
		shift = over(shift, match_waits(match, at));
		if (plan->load[at] >= match->seats[try->vehicle])
			return;
		try_after(match, try, j, shift, others);
	}
}

/* On from place p to the next stop; NONE_YET: ask. */
#define NONE_YET (-1)
static int32_t pickup_on(struct match *match, const struct walk_try *try, int32_t on)
{
	return on != NONE_YET ? on : ways_of(match, PICKUP_ON, match->plan.id[try->at + try->i + 1])[try->p];
}

/* The next stop comes after the pickup, `on` further. */
static void try_behind(struct match *match, struct walk_try *try, int32_t on)
{
	const struct match_walk *walker = match->walker;
	size_t at = try->at + try->i + 1;
	int64_t next = match->plan.arrival[at], slack = match->plan.slack[at], walk = walker->end[0].walk[try->p];
	int64_t least = walker_cost(match, try->departure, try->departure + walker->ride_least[try->p], walk);
	int64_t on_least =
		on != NONE_YET ? on : route_sign_least(&walker->end[0].sign[0], match->stop.end[match->plan.id[at]]);
	int64_t shift = more(try->departure + on_least - next, 0);
	if (!try->is_waiting)
		least += shift * (1 + match->plan.after[at]);
	if (shift > slack || least > match->best.cost)
		return;
	on = pickup_on(match, try, on);
	shift = try->departure + on - next;
	if (on < MATCH_FAR && shift <= slack)
		try_later(match, try, shift);
}

/* Pickup at one place: `way` from where the vehicle begins (-1: at stop i itself), `on` further to the next stop. */
static void try_place(struct match *match, struct walk_try *try, uint32_t p, int32_t way, int32_t on, int is_next)
{
	const struct match_walk *walker = match->walker;
	int32_t walk = walker->end[0].walk[p];
	int64_t ready = (int64_t)match->request.time + walk, there = try->begin;
	if (way >= 0)
		there += (way > try->least_time ? way : try->least_time) + (int64_t)match->rules.stop;
	try->p = p;
	try->way = way;
	try->is_next = is_next;
	try->departure = more(there, ready);
	int64_t least = walker_cost(match, try->departure, try->departure + walker->ride_least[p], walk);
	if (try->i + 1 == try->n)
		least += try->departure + walker->drive_least[p] + match->rules.stop - try->end;
	if (least > match->best.cost)
		return;
	if (try->i + 1 < try->n &&
	    try->departure - match->plan.arrival[try->at + try->i + 1] > match->plan.slack[try->at + try->i + 1])
		return;
	try_next(match, try);
	if (try->i + 1 < try->n)
		try_behind(match, try, on);
}

/* All pickups after stop i. ways: to the places from where the vehicle begins. */
static void try_places(struct match *match, struct walk_try *try, const int32_t *ways)
{
	const struct match_plans *plan = &match->plan;
	struct match_walk *walker = match->walker;
	size_t at = try->at + try->i;
	uint32_t here = NONE, next = NONE;
	if (plan->load[at] >= match->seats[try->vehicle])
		return;
	if (try->turn.arc == NONE && (try->i > 0 || plan->departure[at] > match->request.time))
		here = lane_of(match, 0, match->stop.arc[plan->id[at]]);
	if (try->i + 1 < try->n) {
		next = lane_of(match, 0, match->stop.arc[plan->id[at + 1]]);
		if (here != NONE && match->stop.arc[plan->id[at + 1]] == match->stop.arc[plan->id[at]])
			next = NONE;
	}
	if (next != NONE)
		try_place(match, try, next, plan->arrival[at + 1] - (int32_t)try->begin, 0, 1);
	for (uint32_t p = 0; p < walker->end[0].n; p++)
		if (p != here && ways[p] < MATCH_FAR)
			try_place(match, try, p, ways[p], NONE_YET, 0);
}

static int waits_behind(const struct match *match, size_t first, uint32_t n, uint32_t i)
{
	for (uint32_t k = i + 1; k < n; k++)
		if (match_waits(match, first + k) > 0)
			return 1;
	return 0;
}

static struct walk_try walk_try_of(const struct match *match, uint32_t vehicle, uint32_t i)
{
	struct walk_try try = {.vehicle = vehicle,
			       .n = match->n_stops[vehicle],
			       .i = i,
			       .at = match_at(match, vehicle, 0),
			       .is_sure = 1,
			       .turn = {NONE, 0},
			       .least = INT64_MAX};
	try.begin = match->plan.departure[try.at + i];
	if (try.n == 1 && try.begin < match->request.time)
		try.begin = match->request.time;
	try.end = try.n == 1 ? try.begin : match->plan.departure[try.at + try.n - 1];
	try.is_waiting = waits_behind(match, try.at, try.n, i);
	return try;
}

/* --- last stops --- */

/* Costs at least, when the nearest place is reached at `arrival` after `time`. */
static int64_t last_least(const struct match *match, int32_t time, int64_t arrival, int32_t ride, int32_t drive)
{
	int64_t departure = arrival + match->rules.stop;
	return walker_cost(match, departure, departure + ride, 0) + time + drive + 2 * (int64_t)match->rules.stop;
}

struct last_search {
	int32_t ride, drive;
};

static int32_t last_most(const struct match *match, const struct last_search *search, int is_idle)
{
	int32_t low = is_idle ? -1 : match->request.time - 1, high = MATCH_FAR;
	while (high - low > 1) {
		int32_t middle = low + (high - low) / 2;
		int64_t cost = is_idle ? last_least(match, middle, (int64_t)match->request.time + middle, search->ride,
						    search->drive)
				       : last_least(match, 0, middle, search->ride, search->drive);
		if (cost <= match->best.cost)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void last_try(struct match *match, const struct last_search *search, uint32_t vehicle, int32_t time)
{
	struct walk_try try = walk_try_of(match, vehicle, match->n_stops[vehicle] - 1);
	uint32_t id = match->plan.id[try.at + try.i];
	struct walk_kept *kept = &match->walker->kept[TO_PICKUP][id];
	int64_t before = match->best.cost;
	match->counts.last_entries++;
	if (kept->stamp == match->walker->stamp) /* has been tried */
		return;
	if (last_least(match, time, try.begin + time, search->ride, search->drive) > before)
		return;
	ways_ready(match);
	try_places(match, &try, ways_of(match, TO_PICKUP, id));
	if (match->best.cost < before) {
		match->idle_most = last_most(match, search, 1);
		match->busy_most = last_most(match, search, 0);
	}
}

static void scan_last(struct match *match, const struct last_search *search, const struct match_bucket *bucket,
		      int32_t add, const int32_t *most)
{
	struct heap_scan scan;
	const struct match_entry *entry;
	for (heap_scan_begin(&scan, &match->pool, bucket); (entry = heap_scan_next(&scan, *most - add));)
		last_try(match, search, entry->id, entry->time + add);
}

static void find_last(struct match *match)
{
	struct match_walk *walker = match->walker;
	const struct route_fan *fan = &walker->end[0].fan;
	struct last_search search = {walker->least_ride, walker->least_drive};
	for (uint32_t i = fan->n_slots; i-- > 0;) { /* low hubs are near: they bound the search early */
		const struct match_bucket *bucket = match->bucket[fan->vertex[i]];
		if (fan->to_least[i] >= MATCH_FAR)
			continue;
		scan_last(match, &search, &bucket[KIND_IDLE], fan->to_least[i], &match->idle_most);
		scan_last(match, &search, &bucket[KIND_BUSY], fan->to_least[i], &match->busy_most);
	}
	for (uint32_t i = 0; i < match->n_loose_last; i++)
		last_try(match, &search, match->loose_last[i], 0);
}

/* --- legs --- */

static void find_legs(struct match *match)
{
	const struct route_fan *fan = &match->walker->end[0].fan;
	for (uint32_t i = 0; i < fan->n_slots; i++) {
		const struct match_bucket *bucket = &match->bucket[fan->vertex[i]][KIND_LEG];
		const struct match_entry *entry = match->pool.entry + bucket->at;
		int32_t add = fan->to_least[i];
		uint32_t k = 0;
		for (; k < bucket->n && entry[k].key + add <= 0; k++)
			find_leg(match, entry[k].id, entry[k].time + add);
		match->counts.leg_entries += k;
	}
	for (uint32_t i = 0; i < match->n_loose_legs; i++)
		find_leg(match, match->loose_legs[i], 0);
	match->counts.legs += match->n_found;
}

/* Pickup at a stop that is there anyway: its own leg goes on as planned. */
static void try_stop(struct match *match, uint32_t id, uint32_t p)
{
	struct walk_try try = walk_try_of(match, match->stop.vehicle[id], match->stop.place[id]);
	size_t at = try.at + try.i;
	int32_t on = try.i + 1 < try.n ? match->plan.arrival[at + 1] - match->plan.departure[at] : 0;
	if ((try.i == 0 && match->plan.departure[at] <= match->request.time) ||
	    match->plan.load[at] >= match->seats[try.vehicle])
		return;
	ways_ready(match);
	try_place(match, &try, p, -1, on, 0);
}

static void try_here(struct match *match)
{
	const struct match_walk *walker = match->walker;
	for (uint32_t p = 0; p < walker->end[0].n; p++) {
		uint32_t node = walker->end[0].node[p];
		for (uint32_t k = walker->first_in[node]; k < walker->first_in[node + 1]; k++)
			for (uint32_t arc = walker->in_arc[k], id = *match_arc_head(match, arc); id != NONE;
			     id = match->stop.next[id])
				if (match->stop.arc[id] == arc)
					try_stop(match, id, p);
	}
}

/* Where no stop behind waits: what drop-offs behind the next stop cost at least, that one being reached `shift` later.
 */
static int64_t later_least(const struct match *match, const struct walk_try *try, int64_t departure,
			   int64_t arrival_least, int64_t shift)
{
	const struct match_plans *plan = &match->plan;
	const struct walk_end *dropoff = &match->walker->end[1];
	int64_t least = INT64_MAX, stop = match->rules.stop, after_i = plan->after[try->at + try->i + 1];
	for (uint32_t j = try->i + 1; j < try->n; j++) {
		size_t at = try->at + j;
		uint32_t id = plan->id[at];
		int64_t after_j = j + 1 < try->n ? plan->after[at + 1] : 0, arrival, total;
		if (lane_of(match, 1, match->stop.arc[id]) != NONE) {
			arrival = more(plan->arrival[at] + shift, arrival_least);
			int64_t cost = walker_cost(match, departure, arrival, 0) + shift + after_i * shift;
			least = cost < least ? cost : least;
		}
		if (plan->load[at] >= match->seats[try->vehicle])
			break;
		int32_t to = route_sign_least(match->stop.start[id], &dropoff->sign[1]);
		arrival = more(plan->departure[at] + shift + to, arrival_least);
		total = shift + to + stop;
		if (j + 1 < try->n)
			total += route_sign_least(&dropoff->sign[0], match->stop.end[plan->id[at + 1]]) +
				 plan->departure[at] - plan->arrival[at + 1];
		total = more(total, shift + stop);
		if (j + 1 < try->n && total > plan->slack[at + 1])
			continue;
		int64_t cost = walker_cost(match, departure, arrival, 0) + total + (after_i - after_j) * shift +
			       after_j * total;
		least = cost < least ? cost : least;
	}
	return least;
}

/* What a pickup on this leg costs at least, by the nearest places and the landmarks. */
static int64_t leg_least(const struct match *match, uint32_t id)
{
	const struct match_plans *plan = &match->plan;
	const struct match_walk *walker = match->walker;
	struct walk_try try = walk_try_of(match, match->stop.vehicle[id], match->stop.place[id]);
	size_t at = try.at + try.i + 1;
	int64_t stop = match->rules.stop, now = match->request.time;
	int64_t departure = more(try.begin + match->near[0][id].time, find_is_turn(match, id) ? now : 0) + stop;
	int64_t ride = walker->least_ride, drive = walker->least_drive, slack = plan->slack[at];
	int64_t own = walker_cost(match, departure, departure + ride, 0), least = INT64_MAX;
	if (plan->load[at - 1] >= match->seats[try.vehicle] || own > match->best.cost)
		return INT64_MAX;
	if (try.is_waiting)
		return own;
	if (own + stop + plan->after[at] * stop > match->best.cost)
		return INT64_MAX;
	const struct route_sign *next = match->stop.end[plan->id[at]];
	int64_t total = departure + drive + stop + route_sign_least(&walker->end[1].sign[0], next) - plan->arrival[at];
	total = more(total, 2 * stop);
	if (total <= slack)
		least = own + total + plan->after[at] * total;
	int64_t shift = more(departure + route_sign_least(&walker->end[0].sign[0], next) - plan->arrival[at], stop);
	if (shift <= slack) {
		int64_t cost = later_least(match, &try, departure, departure + ride, shift);
		least = cost < least ? cost : least;
	}
	return least;
}

static void try_leg(struct match *match, uint32_t id)
{
	struct walk_try try = walk_try_of(match, match->stop.vehicle[id], match->stop.place[id]);
	ways_ready(match);
	const int32_t *ways = ways_of(match, TO_PICKUP, id);
	if (match->stage[id] == STAGE_TURN) {
		int32_t *new_ways = match->walker->ways + (size_t)match->walker->n_ways * match->walker->stride;
		try.turn = turn_of(match, try.vehicle, match->request.time);
		try.begin = try.turn.time;
		uint32_t n = route_hubs_from(match->hubs, try.turn.arc, match->label);
		match->walker->n_ways++;
		route_fan_to(&match->walker->end[0].fan, match->label, n, new_ways);
		try_places(match, &try, new_ways);
	} else if (find_is_turn(match, id)) {
		try.is_sure = 0;
		try.least_time = match->request.time - (int32_t)try.begin;
		try_places(match, &try, ways);
		find_wait(match, id, STAGE_TURN, try.least);
	} else {
		try_places(match, &try, ways);
	}
}

/* --- the answer --- */

/* The arc into place `lane` of an end over which the way takes ways[lane], by the ways to the places where such arcs
 * begin; NONE: over none of these. */
static uint32_t arc_between(const struct match *match, int which, uint32_t lane, const int32_t *ways)
{
	const struct match_walk *walker = match->walker;
	const struct walk_end *end = &walker->end[which];
	uint32_t node = end->node[lane];
	for (uint32_t k = walker->first_in[node]; k < walker->first_in[node + 1]; k++) {
		uint32_t arc = walker->in_arc[k], tail = end->lane[walker->network->tail[arc]];
		if (tail && ways[tail - 1] < MATCH_FAR &&
		    ways[tail - 1] + route_hubs_arc_time(match->hubs, arc) == ways[lane])
			return arc;
	}
	return NONE;
}

/* The same by the label that all ways began with. */
static uint32_t arc_into(struct match *match, int which, uint32_t lane, const int32_t *ways,
			 const struct route_hub *label, uint32_t n)
{
	const struct match_walk *walker = match->walker;
	struct match_fan *fan = &match->dropoff_to;
	uint32_t node = walker->end[which].node[lane], arc = arc_between(match, which, lane, ways);
	for (uint32_t k = walker->first_in[node]; k < walker->first_in[node + 1] && arc == NONE; k++) {
		find_fan_clear(fan);
		find_fan_set(fan, route_hubs_to(match->hubs, walker->in_arc[k], fan->label));
		arc = match_way(label, n, fan) == ways[lane] ? walker->in_arc[k] : NONE;
	}
	assert(arc != NONE);
	return arc;
}

static uint32_t pickup_arc(struct match *match, const uint32_t *plan)
{
	struct match_walk *walker = match->walker;
	const struct walk_best *best = &walker->best;
	uint32_t at = match->best.pickup_after, id = plan[at];
	if (best->is_next)
		return match->stop.arc[plan[at + 1]];
	if (best->way <= 0) /* there already */
		return best->turn.arc == NONE ? match->stop.arc[id] : best->turn.arc;
	if (best->turn.arc == NONE)
		return arc_into(match, 0, best->pickup, ways_of(match, TO_PICKUP, id), match_from(match, id),
				match->stop.n_from[id]);
	int32_t *ways = walker->ways + (size_t)walker->n_ways++ * walker->stride;
	uint32_t n = route_hubs_from(match->hubs, best->turn.arc, match->label);
	route_fan_to(&walker->end[0].fan, match->label, n, ways);
	return arc_into(match, 0, best->pickup, ways, match->label, n);
}

static uint32_t dropoff_arc(struct match *match, const uint32_t *plan)
{
	const struct match_walk *walker = match->walker;
	uint32_t j = match->best.dropoff_after, q = walker->best.dropoff, id = plan[j];
	if (j > match->best.pickup_after && lane_of(match, 1, match->stop.arc[id]) == q)
		return match->stop.arc[id];
	if (j > match->best.pickup_after)
		return arc_into(match, 1, q, ways_of(match, TO_DROPOFF, id), match_from(match, id),
				match->stop.n_from[id]);
	const int32_t *ride = walker->ride + (size_t)walker->best.pickup * walker->end[1].fan.lanes;
	uint32_t arc = arc_between(match, 1, q, ride);
	if (arc != NONE)
		return arc;
	uint32_t n = route_hubs_from(match->hubs, match->best.from, match->label);
	return arc_into(match, 1, q, ride, match->label, n);
}

/* Labels of the arcs where the rider is met: mostly columns of the tables that are there. */
static void labels_set(struct match *match, int which, uint32_t lane, uint32_t arc, struct match_fan *to,
		       struct match_fan *from)
{
	struct walk_end *end = &match->walker->end[which];
	uint32_t tail = end->lane[match->walker->network->tail[arc]], n = 0;
	find_fan_clear(to);
	find_fan_clear(from);
	if (tail)
		n = route_fan_label(&end->fan, 1, tail - 1, route_hubs_arc_time(match->hubs, arc), to->label);
	find_fan_set(to, n ? n : route_hubs_to(match->hubs, arc, to->label));
	n = route_fan_label(&end->fan, 0, lane, 0, from->label);
	find_fan_set(from, n ? n : route_hubs_from(match->hubs, arc, from->label));
}

static void settle(struct match *match)
{
	struct match_answer *answer = &match->best;
	const struct walk_best *best = &match->walker->best;
	const uint32_t *plan = match->plan.id + match_at(match, answer->vehicle, 0);
	ways_ready(match);
	answer->from = pickup_arc(match, plan);
	answer->to = dropoff_arc(match, plan);
	answer->walk_to = match->walker->end[0].walk[best->pickup];
	answer->walk_from = match->walker->end[1].walk[best->dropoff];
	match->ready = match->request.time + answer->walk_to;
	match->walk = answer->walk_from;
	match->request.from = answer->from;
	match->request.to = answer->to;
	labels_set(match, 0, best->pickup, answer->from, &match->pickup_to, &match->pickup_from);
	labels_set(match, 1, best->dropoff, answer->to, &match->dropoff_to, &match->dropoff_from);
	match->ride = match_way(match->pickup_from.label, match->pickup_from.n, &match->dropoff_to);
}

void match_find_places(struct match *match, const struct match_request *request, const struct match_walks *walks,
		       struct match_answer *ret_answer)
{
	uint64_t least;
	ends_set(match, request, walks);
	if (match->direct < MATCH_FAR) {
		find_last(match);
		find_legs(match);
		try_here(match);
	}
	for (uint32_t i = 0; i < match->n_found; i++)
		find_wait(match, match->found[i], STAGE_LEG, leg_least(match, match->found[i]));
	for (uint32_t id; (id = heap_pop(&match->waiting, &least)) != NONE && (int64_t)least <= match->best.cost;)
		try_leg(match, id);
	heap_clear(&match->waiting);
	if (match->best.vehicle != NONE)
		settle(match);
	*ret_answer = match->best;
}
