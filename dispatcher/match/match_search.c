#include "match_state.h"

#include <assert.h>

/* --- labels --- */

void find_fan_clear(struct match_fan *fan)
{
	for (uint32_t i = 0; i < fan->n; i++)
		fan->at[fan->label[i].vertex] = MATCH_FAR;
	fan->n = 0;
}

void find_fan_set(struct match_fan *fan, uint32_t n)
{
	fan->n = n;
	for (uint32_t i = 0; i < n; i++) {
		int32_t *at = &fan->at[fan->label[i].vertex];
		*at = fan->label[i].time < *at ? fan->label[i].time : *at;
	}
}

void match_find_labels(struct match *match, const struct match_request *request)
{
	struct match_fan *fans[] = {&match->pickup_to, &match->pickup_from, &match->dropoff_to, &match->dropoff_from};
	assert(request->from != request->to && !match->walker);
	for (size_t i = 0; i < COUNT_OF(fans); i++)
		find_fan_clear(fans[i]);
	find_fan_set(fans[0], route_hubs_to(match->hubs, request->from, fans[0]->label));
	find_fan_set(fans[1], route_hubs_from(match->hubs, request->from, fans[1]->label));
	find_fan_set(fans[2], route_hubs_to(match->hubs, request->to, fans[2]->label));
	find_fan_set(fans[3], route_hubs_from(match->hubs, request->to, fans[3]->label));
	match->request = *request;
	match->ready = request->time;
	match->ride = match_way(match->pickup_from.label, match->pickup_from.n, &match->dropoff_to);
	match->walk = 0;
	match->direct = match->ride;
	match->best = (struct match_answer){
		.vehicle = NONE, .cost = INT64_MAX, .direct = match->direct, .from = request->from, .to = request->to};
	match->idle_most = match->busy_most = MATCH_FAR;
	match->stamp++;
	match->n_found = 0;
	match->pickup_start = route_signs_start(match->signs, request->from);
	match->dropoff_start = route_signs_start(match->signs, request->to);
	match->dropoff_end = route_signs_end(match->signs, request->to);
}

/* --- cost --- */

static int64_t over(int64_t value, int64_t most)
{
	return value > most ? value - most : 0;
}

/* What the rider's own part costs. */
static int64_t rider_cost(const struct match *match, int64_t departure, int64_t arrival)
{
	const struct match_rules *rules = &match->rules;
	int64_t trip = arrival - match->request.time;
	int64_t trip_most = (int64_t)match->direct * rules->trip_permille / 1000 + rules->trip_extra;
	return trip + rules->late_weight * over(trip, trip_most) +
	       over(departure, (int64_t)match->request.time + rules->wait_most);
}

/* Pickup at a last stop's end: reached at `arrival` after `time`. */
static int64_t last_cost(const struct match *match, int32_t time, int64_t arrival)
{
	int64_t departure = arrival + match->rules.stop;
	return rider_cost(match, departure, departure + match->direct) + time + match->direct +
	       2 * (int64_t)match->rules.stop;
}

/* The greatest time from now (idle), or arrival (busy, on the spot), that costs no more than the best. */
static int32_t last_most(const struct match *match, int is_idle)
{
	int32_t low = is_idle ? -1 : match->request.time - 1, high = MATCH_FAR;
	while (high - low > 1) {
		int32_t middle = low + (high - low) / 2;
		int64_t cost = is_idle ? last_cost(match, middle, (int64_t)match->request.time + middle)
				       : last_cost(match, 0, middle);
		if (cost <= match->best.cost)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int find_is_better(const struct match_answer *best, uint32_t vehicle, uint32_t i, uint32_t j, int64_t cost)
{
	if (cost != best->cost)
		return cost < best->cost;
	if (vehicle != best->vehicle)
		return vehicle < best->vehicle;
	return i != best->pickup_after ? i < best->pickup_after : j < best->dropoff_after;
}

static void offer(struct match *match, uint32_t vehicle, uint32_t i, uint32_t j, int64_t cost)
{
	if (!find_is_better(&match->best, vehicle, i, j, cost))
		return;
	match->best.vehicle = vehicle;
	match->best.pickup_after = i;
	match->best.dropoff_after = j;
	match->best.cost = cost;
}

/* --- last stops --- */

static void last_offer(struct match *match, uint32_t vehicle, int32_t time)
{
	uint32_t last = match->n_stops[vehicle] - 1;
	int32_t now = match->request.time, leave = match->plan.departure[match_at(match, vehicle, last)];
	if (last == 0 && leave < now)
		leave = now;
	int64_t cost = last_cost(match, time, (int64_t)leave + time);
	int64_t end = (int64_t)leave + time + match->direct + 2 * (int64_t)match->rules.stop;
	match->counts.last_entries++;
	if (cost > match->best.cost || time >= MATCH_FAR || end > match->end[vehicle])
		return;
	int is_lower = cost < match->best.cost;
	offer(match, vehicle, last, last, cost);
	if (is_lower) {
		match->idle_most = last_most(match, 1);
		match->busy_most = last_most(match, 0);
	}
}

/* All entries of a heap up to what the best found so far allows; the bound falls on the way. */
static void scan_last(struct match *match, const struct match_bucket *bucket, int32_t add, const int32_t *most)
{
	struct heap_scan scan;
	const struct match_entry *entry;
	for (heap_scan_begin(&scan, &match->pool, bucket); (entry = heap_scan_next(&scan, *most - add));)
		last_offer(match, entry->id, entry->time + add);
}

/* Vehicles that stand at the very place: no way at all. (At a stop where others get on, no stop either: see pairs.) */
static void last_here(struct match *match)
{
	uint32_t arc = match->request.from;
	for (uint32_t id = *match_arc_head(match, arc); id != NONE; id = match->stop.next[id]) {
		uint32_t vehicle = match->stop.vehicle[id];
		if (match->stop.arc[id] == arc && match->n_stops[vehicle] == 1 &&
		    match->plan.departure[match_at(match, vehicle, 0)] <= match->request.time)
			last_offer(match, vehicle, 0);
	}
}

void match_find_last(struct match *match)
{
	const struct match_fan *fan = &match->pickup_to;
	if (match->direct >= MATCH_FAR)
		return;
	last_here(match);
	for (uint32_t i = fan->n; i-- > 0;) { /* low hubs are near: they bound the search early */
		const struct match_bucket *bucket = match->bucket[fan->label[i].vertex];
		scan_last(match, &bucket[KIND_IDLE], fan->label[i].time, &match->idle_most);
		scan_last(match, &bucket[KIND_BUSY], fan->label[i].time, &match->busy_most);
	}
	for (uint32_t i = 0; i < match->n_loose_last; i++) {
		uint32_t vehicle = match->loose_last[i], last = match->n_stops[vehicle] - 1;
		uint32_t id = match->plan.id[match_at(match, vehicle, last)];
		last_offer(match, vehicle, match_way(match_from(match, id), match->stop.n_from[id], fan));
	}
}

/* --- legs --- */

void find_leg(struct match *match, uint32_t id, int32_t time)
{
	struct match_near *near = &match->near[0][id];
	if (near->stamp == match->stamp && near->time <= time)
		return;
	if (near->stamp != match->stamp)
		match->found[match->n_found++] = id;
	*near = (struct match_near){match->stamp, time};
}

/* For the pickup alone: where a drop-off fits is asked only for the few plans whose pickup is not too dear already. */
void match_find_legs(struct match *match)
{
	const struct match_fan *fan = &match->pickup_to;
	if (match->direct >= MATCH_FAR)
		return;
	for (uint32_t i = 0; i < fan->n; i++) {
		const struct match_bucket *bucket = &match->bucket[fan->label[i].vertex][KIND_LEG];
		const struct match_entry *entry = match->pool.entry + bucket->at;
		int32_t add = fan->label[i].time;
		uint32_t k = 0;
		for (; k < bucket->n && entry[k].key + add <= 0; k++)
			find_leg(match, entry[k].id, entry[k].time + add);
		match->counts.leg_entries += k;
	}
	for (uint32_t i = 0; i < match->n_loose_legs; i++) {
		uint32_t id = match->loose_legs[i];
		find_leg(match, id, match_way(match_from(match, id), match->stop.n_from[id], fan));
	}
	match->counts.legs += match->n_found;
}

/* --- pairs of positions of one vehicle --- */

struct
try {
	uint32_t vehicle, n, i;
	size_t at;	   /* column of position 0 */
	int32_t departure; /* after the pickup */
	int32_t reach;	   /* of that, driving and stopping since the stop before */
	int is_sure;  /* 0: only the least cost counts, a bound: of a driving vehicle's first leg by where it began */
	int is_rough; /* ways on from the pickup, to and from the drop-off are lower bounds */
	int64_t least;
};

static void try_pair(struct match *match, struct try *try, uint32_t j, int64_t arrival, int64_t shift, int64_t total)
{
	const struct match_plans *plan = &match->plan;
	uint32_t after_i = try->i + 1 < try->n ? plan->after[try->at + try->i + 1] : 0;
	uint32_t after_j = j + 1 < try->n ? plan->after[try->at + j + 1] : 0;
	match->counts.pairs += !try->is_rough;
	if ((int64_t)plan->departure[try->at + try->n - 1] + total > match->end[try->vehicle])
		return;
	int64_t cost =
		rider_cost(match, try->departure, arrival) + total + (after_i - after_j) * shift + after_j * total;
	try->least = cost < try->least ? cost : try->least;
	if (try->is_sure)
		offer(match, try->vehicle, try->i, j, cost);
}

static int32_t leg_of(const struct match *match, const struct try *try, uint32_t k)
{
	return match->plan.arrival[try->at + k + 1] - match->plan.departure[try->at + k];
}

/* No way round is shorter than the leg, whatever the bounds say. */
static int64_t no_less(const struct try *try, int64_t value, int64_t least)
{
	return try->is_rough && value < least ? least : value;
}

/* From pickup or drop-off on to a stop. */
static int32_t pickup_on(struct match *match, const struct try *try, uint32_t id)
{
	return try->is_rough ? route_sign_least(match->pickup_start, match->stop.end[id])
			     : match_way_on(match, match->request.from, id, &match->pickup_from);
}

static int32_t dropoff_on(struct match *match, const struct try *try, uint32_t id)
{
	return try->is_rough ? route_sign_least(match->dropoff_start, match->stop.end[id])
			     : match_way_on(match, match->request.to, id, &match->dropoff_from);
}

/* The drop-off comes next after the pickup. */
static void try_paired(struct match *match, struct try *try)
{
	const struct match_plans *plan = &match->plan;
	size_t at = try->at + try->i;
	int64_t arrival = (int64_t)try->departure + match->direct;
	int64_t total = (int64_t)try->reach + match->direct + match->rules.stop;
	if (try->i + 1 == try->n) {
		try_pair(match, try, try->i, arrival, 0, total);
		return;
	}
	int32_t leg = leg_of(match, try, try->i);
	uint32_t next = plan->id[at + 1];
	if (total - leg > plan->slack[at + 1])
		return;
	total = no_less(try, total + dropoff_on(match, try, next) - leg, match->rules.stop);
	if (total <= plan->slack[at + 1])
		try_pair(match, try, try->i, arrival, 0, total);
}

/* From a stop to the drop-off, asked once. */
static int32_t dropoff_way(struct match *match, const struct try *try, uint32_t id)
{
	struct match_near *near = &match->near[1][id];
	if (try->is_rough && near->stamp != match->stamp)
		return route_sign_least(match->stop.start[id], match->dropoff_end);
	if (near->stamp != match->stamp)
		*near = (struct match_near){match->stamp,
					    match_way_to(match, id, match->request.to, &match->dropoff_to)};
	return near->time;
}

/* The drop-off between stop j and the next, or after the last. */
static void try_new_stop(struct match *match, struct try *try, uint32_t j, int64_t shift)
{
	const struct match_plans *plan = &match->plan;
	size_t at = try->at + j;
	int64_t leave = plan->departure[at] + shift, stop = match->rules.stop;
	int64_t arrival =
		leave > try->departure + (int64_t)match->direct ? leave : try->departure + (int64_t)match->direct;
	if (rider_cost(match, try->departure, arrival) + shift + stop > match->best.cost)
		return;
	if (j + 1 < try->n && shift + stop > plan->slack[at + 1])
		return;
	int32_t to = dropoff_way(match, try, plan->id[at]);
	if (j + 1 == try->n) {
		if (to < MATCH_FAR)
			try_pair(match, try, j, leave + to, shift, shift + to + stop);
		return;
	}
	int64_t slack = plan->slack[at + 1], total = shift + to + stop - leg_of(match, try, j);
	if (total > slack || rider_cost(match, try->departure, leave + to) + shift + stop > match->best.cost)
		return;
	total = no_less(try, total + dropoff_on(match, try, plan->id[at + 1]), shift + stop);
	if (total <= slack)
		try_pair(match, try, j, leave + to, shift, total);
}

/* All drop-off positions behind a pickup that shifts the stops behind it. */
static void try_later(struct match *match, struct try *try, int64_t shift)
{
	const struct match_plans *plan = &match->plan;
	uint32_t seats = match->seats[try->vehicle];
	for (uint32_t j = try->i + 1; j < try->n; j++) {
		size_t at = try->at + j;
		if (match->stop.arc[plan->id[at]] == match->request.to)
			try_pair(match, try, j, plan->arrival[at] + shift, shift, shift);
		else if (plan->load[at] < seats)
			try_new_stop(match, try, j, shift);
		if (plan->load[at] >= seats)
			return;
	}
}

/* Pickup after stop i, which is `time` away and a stop, or at it (time -1). */
static void try_pickup(struct match *match, struct try *try, uint32_t i, int32_t time)
{
	const struct match_plans *plan = &match->plan;
	size_t at = try->at + i;
	try->i = i;
	try->reach = time < 0 ? 0 : time + (int32_t)match->rules.stop;
	try->departure = plan->departure[at] + try->reach;
	if (plan->load[at] >= match->seats[try->vehicle])
		return;
	/* no drop-off makes it cheaper: a stop of its own shifts all behind it by itself at least */
	int64_t least = time < 0 ? 0 : match->rules.stop;
	int64_t others = i + 1 < try->n ? plan->after[at + 1] * least : 0;
	if (rider_cost(match, try->departure, (int64_t)try->departure + match->direct) + least + others >
	    match->best.cost)
		return;
	try_paired(match, try);
	if (i + 1 == try->n)
		return;
	int64_t shift = 0;
	if (time >= 0) {
		int32_t leg = leg_of(match, try, i), slack = plan->slack[at + 1];
		if (try->reach - leg > slack)
			return;
		shift = no_less(try, (int64_t)try->reach - leg + pickup_on(match, try, plan->id[at + 1]),
				match->rules.stop);
		if (shift > slack)
			return;
	}
	try_later(match, try, shift);
}

static struct try try_of(const struct match *match, uint32_t vehicle)
{
	return (struct try){.vehicle = vehicle,
			    .n = match->n_stops[vehicle],
			    .at = match_at(match, vehicle, 0),
			    .is_sure = 1,
			    .least = INT64_MAX};
}

/* Plans that stop at the place of pickup anyway. */
static void try_here(struct match *match)
{
	for (uint32_t id = *match_arc_head(match, match->request.from); id != NONE; id = match->stop.next[id]) {
		struct try try = try_of(match, match->stop.vehicle[id]);
		if (match_takes_pickup(match, try.vehicle, match->stop.place[id]))
			try_pickup(match, &try, match->stop.place[id], -1);
	}
}

/* The leg that the vehicle is on? Then it may turn off where it is. */
int find_is_turn(const struct match *match, uint32_t id)
{
	return match->stop.place[id] == 0 && match_is_driving(match, match->stop.vehicle[id], match->request.time);
}

/* What a pickup on this leg costs at least: by lower bounds of ways (is_rough), or by exact ones. Where the vehicle may
 * turn off it drives no shorter than from where its leg began, and is nowhere before now. */
static int64_t least_of(struct match *match, uint32_t id, int is_rough)
{
	struct try try = try_of(match, match->stop.vehicle[id]);
	int32_t time = match->near[0][id].time, gone = match->request.time - match->plan.departure[try.at];
	try.is_sure = 0;
	try.is_rough = is_rough;
	try_pickup(match, &try, match->stop.place[id], find_is_turn(match, id) && gone > time ? gone : time);
	return try.least;
}

static void try_turn(struct match *match, uint32_t id)
{
	struct try try = try_of(match, match->stop.vehicle[id]);
	struct match_turn turn = turn_of(match, try.vehicle, match->request.time);
	int32_t way = 0;
	if (turn.arc != match->request.from) {
		uint32_t n = route_hubs_from(match->hubs, turn.arc, match->label);
		way = match_way(match->label, n, &match->pickup_to);
	}
	if (way < MATCH_FAR)
		try_pickup(match, &try, 0, turn.time - match->plan.departure[try.at] + way);
}

void find_wait(struct match *match, uint32_t id, enum match_stage stage, int64_t least)
{
	if (least > match->best.cost || least == INT64_MAX)
		return;
	match->stage[id] = (uint8_t)stage;
	heap_push(&match->waiting, id, (uint64_t)least);
}

static void try_leg(struct match *match, uint32_t id)
{
	struct try try = try_of(match, match->stop.vehicle[id]);
	if (match->stage[id] == STAGE_TURN)
		try_turn(match, id);
	else if (find_is_turn(match, id))
		find_wait(match, id, STAGE_TURN, least_of(match, id, 0));
	else
		try_pickup(match, &try, match->stop.place[id], match->near[0][id].time);
}

/* Legs in the order of what they can cost at least, until that is more than the best found. */
void match_find_pairs(struct match *match, struct match_answer *ret_answer)
{
	uint64_t least;
	if (match->direct < MATCH_FAR)
		try_here(match);
	for (uint32_t i = 0; i < match->n_found; i++) {
		uint32_t id = match->found[i];
		if (!match_takes_pickup(match, match->stop.vehicle[id], match->stop.place[id]))
			find_wait(match, id, STAGE_LEG, least_of(match, id, 1));
	}
	for (uint32_t id; (id = heap_pop(&match->waiting, &least)) != NONE && (int64_t)least <= match->best.cost;)
		try_leg(match, id);
	heap_clear(&match->waiting);
	*ret_answer = match->best;
}
