#include "match_state.h"

#include <assert.h>
#include <string.h>

#include "err.h"

#define HUBS_GUESS 200u /* of a label; New York: 112 */

static uint32_t entries_most(const struct match_options *options)
{
	uint64_t most = options->entries_most;
	if (most == 0)
		most = ((uint64_t)options->n_vehicles + options->stops_most) * HUBS_GUESS;
	return most < UINT32_MAX / 2 ? (uint32_t)most : UINT32_MAX / 2;
}

static uint32_t hash_size(const struct match_options *options)
{
	uint32_t n = 64;
	while (n < options->stops_most * 2 && n < 1u << 30)
		n *= 2;
	return n;
}

size_t match_size(const struct route_graph *graph, const struct match_options *options)
{
	const struct network *network = route_graph_network(graph);
	size_t label = route_hubs_label_most(graph) + 1, ids = options->stops_most, vehicles = options->n_vehicles;
	size_t columns = vehicles * options->plan_most * 32;
	return sizeof(struct match) + route_hubs_size(graph) + route_signs_size(graph) + columns +
	       ids * (108 + 2 * label * sizeof(struct route_hub)) + hash_size(options) * sizeof(uint32_t) +
	       vehicles * (72 + label * 4) + (size_t)entries_most(options) * sizeof(struct match_entry) +
	       (size_t)network->n_order * (KIND_COUNT * sizeof(struct match_bucket) + 16) + label * 60 +
	       (size_t)options->plan_most * 4 + 2048 + walk_size(graph, options);
}

static int plans_open(struct match_plans *plan, size_t n, struct arena *arena)
{
	plan->id = arena_take(arena, n, sizeof *plan->id);
	plan->arrival = arena_take(arena, n, sizeof *plan->arrival);
	plan->departure = arena_take(arena, n, sizeof *plan->departure);
	plan->ready = arena_take(arena, n, sizeof *plan->ready);
	plan->most = arena_take(arena, n, sizeof *plan->most);
	plan->slack = arena_take(arena, n, sizeof *plan->slack);
	plan->load = arena_take(arena, n, sizeof *plan->load);
	plan->after = arena_take(arena, n, sizeof *plan->after);
	return plan->id && plan->arrival && plan->departure && plan->ready && plan->most && plan->slack && plan->load &&
			       plan->after
		       ? ERR_OK
		       : ERR_MEMORY;
}

static int stops_open(struct match *match, struct arena *arena)
{
	struct match_stops *stop = &match->stop;
	uint32_t **columns[] = {&stop->arc,	 &stop->vehicle, &stop->place, &stop->next,
				&stop->previous, &stop->n_from,	 &stop->n_to,  &stop->loose_at};
	for (size_t i = 0; i < COUNT_OF(columns); i++)
		if (!(*columns[i] = arena_take(arena, match->n_ids, sizeof **columns[i])))
			return ERR_MEMORY;
	stop->from = arena_take(arena, (size_t)match->n_ids * match->label_most, sizeof *stop->from);
	stop->to = arena_take(arena, (size_t)match->n_ids * match->label_most, sizeof *stop->to);
	stop->room = arena_take(arena, match->n_ids, sizeof *stop->room);
	match->loose_legs = arena_take(arena, match->n_ids, sizeof *match->loose_legs);
	stop->start = arena_take(arena, match->n_ids, sizeof(struct route_sign *));
	stop->end = arena_take(arena, match->n_ids, sizeof(struct route_sign *));
	match->found = arena_take(arena, match->n_ids, sizeof *match->found);
	match->stage = arena_take(arena, match->n_ids, sizeof *match->stage);
	match->near[0] = arena_take(arena, match->n_ids, sizeof *match->near[0]);
	match->near[1] = arena_take(arena, match->n_ids, sizeof *match->near[1]);
	if (!stop->from || !stop->to || !stop->room || !match->loose_legs || !match->near[0] || !match->near[1] ||
	    !stop->start || !stop->end || !match->found || !match->stage)
		return ERR_MEMORY;
	if (heap_open(&match->waiting, arena, match->n_ids))
		return ERR_MEMORY;
	for (uint32_t id = 0; id < match->n_ids; id++) {
		stop->next[id] = id + 1 < match->n_ids ? id + 1 : NONE;
		stop->loose_at[id] = NONE;
		stop->room[id] = MATCH_FAR;
	}
	return ERR_OK;
}

static int vehicles_open(struct match *match, struct arena *arena)
{
	uint32_t n = match->n_vehicles;
	match->n_stops = arena_take(arena, n, sizeof *match->n_stops);
	match->seats = arena_take(arena, n, sizeof *match->seats);
	match->end = arena_take(arena, n, sizeof *match->end);
	match->last_key = arena_take(arena, n, sizeof *match->last_key);
	match->last_at = arena_take(arena, (size_t)n * match->label_most, sizeof *match->last_at);
	match->loose_last = arena_take(arena, n, sizeof *match->loose_last);
	match->loose_last_at = arena_take(arena, n, sizeof *match->loose_last_at);
	if (!match->n_stops || !match->seats || !match->end || !match->last_key || !match->last_at ||
	    !match->loose_last || !match->loose_last_at)
		return ERR_MEMORY;
	for (uint32_t v = 0; v < n; v++) {
		match->last_key[v] = MATCH_FAR;
		match->loose_last_at[v] = NONE;
	}
	return heap_open(&match->events, arena, n);
}

static int fans_open(struct match *match, struct arena *arena)
{
	struct match_fan *fans[] = {&match->pickup_to, &match->pickup_from, &match->dropoff_to, &match->dropoff_from};
	uint32_t n = route_hubs_vertices(match->hubs);
	for (size_t i = 0; i < COUNT_OF(fans); i++) {
		fans[i]->label = arena_take(arena, match->label_most, sizeof *fans[i]->label);
		fans[i]->at = arena_take(arena, n, sizeof *fans[i]->at);
		if (!fans[i]->label || !fans[i]->at)
			return ERR_MEMORY;
		for (uint32_t x = 0; x < n; x++)
			fans[i]->at[x] = MATCH_FAR;
	}
	match->label = arena_take(arena, match->label_most, sizeof *match->label);
	match->onward = arena_take(arena, match->label_most, sizeof *match->onward);
	match->leg = arena_take(arena, match->plan_most + 2, sizeof *match->leg);
	return match->label && match->onward && match->leg ? ERR_OK : ERR_MEMORY;
}

static int search_open(struct match *match, const struct match_options *options, struct arena *arena)
{
	uint32_t n_hash = hash_size(options);
	match->hash_mask = n_hash - 1;
	match->arc_head = arena_take(arena, n_hash, sizeof *match->arc_head);
	match->bucket = arena_take(arena, route_hubs_vertices(match->hubs), sizeof *match->bucket);
	if (!match->arc_head || !match->bucket || pool_open(&match->pool, entries_most(options), arena))
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n_hash; i++)
		match->arc_head[i] = NONE;
	return fans_open(match, arena);
}

int match_open(struct match **ret_match, const struct route_graph *graph, const struct route_metric *metric,
	       const struct match_options *options, struct arena *arena)
{
	struct match *match = arena_take(arena, 1, sizeof *match);
	if (!match)
		return ERR_MEMORY;
	if (options->plan_most < 3 || options->stops_most < options->n_vehicles || options->n_vehicles == 0 ||
	    options->places_most >= UINT16_MAX || (uint64_t)options->n_vehicles * route_hubs_label_most(graph) >= NONE)
		return ERR_RANGE;
	*match = (struct match){.rules = options->rules,
				.n_vehicles = options->n_vehicles,
				.plan_most = options->plan_most,
				.n_ids = options->stops_most,
				.label_most = route_hubs_label_most(graph)};
	int code = route_hubs_open(&match->hubs, graph, metric, arena);
	if (!code)
		code = route_signs_open(&match->signs, graph, metric, arena);
	if (!code)
		code = plans_open(&match->plan, (size_t)match->n_vehicles * match->plan_most, arena);
	if (!code)
		code = stops_open(match, arena);
	if (!code)
		code = vehicles_open(match, arena);
	if (!code)
		code = search_open(match, options, arena);
	if (!code && options->places_most)
		code = walk_open(match, graph, options, arena);
	if (!code)
		*ret_match = match;
	return code;
}

void match_listen(struct match *match, match_reached reached, void *context)
{
	match->reached = reached;
	match->context = context;
}

struct match_counts match_counts(const struct match *match)
{
	struct match_counts counts = match->counts;
	counts.loose = match->n_loose_legs + match->n_loose_last;
	return counts;
}

static struct match_stop stop_at(const struct match *match, uint32_t vehicle, uint32_t position)
{
	size_t at = match_at(match, vehicle, position);
	uint32_t id = match->plan.id[at];
	return (struct match_stop){id, match->stop.arc[id], match->plan.arrival[at], match->plan.departure[at]};
}

uint32_t match_plan(const struct match *match, uint32_t vehicle, struct match_stop *ret_stops, uint32_t most)
{
	for (uint32_t k = 0; k < match->n_stops[vehicle] && k < most; k++)
		ret_stops[k] = stop_at(match, vehicle, k);
	return match->n_stops[vehicle];
}

/* --- stops come and go --- */

static void stop_place(struct match *match, uint32_t id, uint32_t arc)
{
	match->stop.arc[id] = arc;
	match->stop.start[id] = route_signs_start(match->signs, arc);
	match->stop.end[id] = route_signs_end(match->signs, arc);
}

static uint32_t stop_make(struct match *match, uint32_t vehicle, uint32_t arc)
{
	uint32_t id = match->free_id;
	assert(id != NONE);
	match->free_id = match->stop.next[id];
	match->stop.vehicle[id] = vehicle;
	stop_place(match, id, arc);
	match->stop.n_from[id] = match->stop.n_to[id] = 0;
	index_stop(match, id);
	return id;
}

static void stop_free(struct match *match, uint32_t id)
{
	index_leg_end(match, id);
	index_stop_end(match, id);
	match->stop.next[id] = match->free_id;
	match->free_id = id;
}

void match_vehicle(struct match *match, uint32_t vehicle, uint32_t arc, uint32_t seats, int32_t start, int32_t end)
{
	assert(match->n_stops[vehicle] == 0);
	size_t at = match_at(match, vehicle, 0);
	uint32_t id = stop_make(match, vehicle, arc);
	match->plan.id[at] = id;
	match->stop.place[id] = 0;
	match->stop.n_from[id] = route_hubs_from(match->hubs, arc, match_from(match, id));
	match->plan.arrival[at] = match->plan.departure[at] = start;
	match->plan.most[at] = match->plan.slack[at] = MATCH_FAR;
	match->plan.load[at] = match->plan.after[at] = 0;
	match->n_stops[vehicle] = 1;
	match->seats[vehicle] = seats;
	match->end[vehicle] = end;
	index_last(match, vehicle, 0);
	heap_push(&match->events, vehicle, (uint64_t)start);
}

/* --- what happens by itself --- */

/* Position `from` and all behind it move to `to`. */
static void plan_shift(struct match *match, uint32_t vehicle, uint32_t to, uint32_t from)
{
	struct match_plans *plan = &match->plan;
	size_t first = match_at(match, vehicle, from), at = match_at(match, vehicle, to);
	size_t n = match->n_stops[vehicle] - from;
	memmove(plan->id + at, plan->id + first, n * sizeof *plan->id);
	memmove(plan->arrival + at, plan->arrival + first, n * sizeof *plan->arrival);
	memmove(plan->departure + at, plan->departure + first, n * sizeof *plan->departure);
	memmove(plan->ready + at, plan->ready + first, n * sizeof *plan->ready);
	memmove(plan->most + at, plan->most + first, n * sizeof *plan->most);
	memmove(plan->slack + at, plan->slack + first, n * sizeof *plan->slack);
	memmove(plan->load + at, plan->load + first, n * sizeof *plan->load);
	memmove(plan->after + at, plan->after + first, n * sizeof *plan->after);
	match->n_stops[vehicle] = match->n_stops[vehicle] + to - from;
}

static void places_set(struct match *match, uint32_t vehicle)
{
	for (uint32_t k = 0; k < match->n_stops[vehicle]; k++)
		match->stop.place[match->plan.id[match_at(match, vehicle, k)]] = k;
}

static void reach(struct match *match, uint32_t vehicle)
{
	struct match_stop from = stop_at(match, vehicle, 0), at = stop_at(match, vehicle, 1);
	stop_free(match, from.id);
	plan_shift(match, vehicle, 0, 1);
	places_set(match, vehicle);
	if (match->reached)
		match->reached(match->context, vehicle, &from, &at, 0);
}

static int32_t next_event(const struct match *match, uint32_t vehicle)
{
	size_t at = match_at(match, vehicle, 0);
	return match->n_stops[vehicle] > 1 ? match->plan.arrival[at + 1] : match->plan.departure[at];
}

void match_advance(struct match *match, int32_t now)
{
	struct heap *events = &match->events;
	while (events->n > 0 && (int64_t)events->keys[0] < now) {
		uint32_t vehicle = heap_pop(events, NULL);
		while (match->n_stops[vehicle] > 1 && next_event(match, vehicle) < now)
			reach(match, vehicle);
		if (next_event(match, vehicle) >= now)
			heap_push(events, vehicle, (uint64_t)next_event(match, vehicle));
		else
			index_last(match, vehicle, 1);
	}
}

/* --- the answer becomes plan --- */

struct take {
	uint32_t vehicle, i, j, pickup, dropoff; /* positions after which; and of the stops in the new plan */
	int pickup_is_new, dropoff_is_new, is_turn, is_longer;
	int32_t now;
};

static void stop_turn(struct match *match, const struct take *take)
{
	struct match_stop from = stop_at(match, take->vehicle, 0), at = from;
	struct match_turn turn = turn_of(match, take->vehicle, take->now);
	uint32_t id = from.id;
	at.arc = turn.arc;
	at.arrival = at.departure = turn.time;
	index_leg_end(match, id);
	index_stop_end(match, id);
	stop_place(match, id, turn.arc);
	match->stop.n_from[id] = route_hubs_from(match->hubs, turn.arc, match_from(match, id));
	index_stop(match, id);
	size_t column = match_at(match, take->vehicle, 0);
	match->plan.arrival[column] = match->plan.departure[column] = turn.time;
	if (match->reached)
		match->reached(match->context, take->vehicle, &from, &at, 1);
}

static void label_copy(const struct match_fan *fan, struct route_hub *label, uint32_t *ret_n)
{
	memcpy(label, fan->label, fan->n * sizeof *label);
	*ret_n = fan->n;
}

/* A stop at this position of the plan; `leg` to it and `leg` on from it are set by the caller. */
static void stop_insert(struct match *match, uint32_t vehicle, uint32_t position, uint32_t arc,
			const struct match_fan *to, const struct match_fan *from)
{
	struct match_plans *plan = &match->plan;
	uint32_t id = stop_make(match, vehicle, arc), n = match->n_stops[vehicle];
	label_copy(to, match_to(match, id), &match->stop.n_to[id]);
	label_copy(from, match_from(match, id), &match->stop.n_from[id]);
	plan_shift(match, vehicle, position + 1, position);
	memmove(match->leg + position + 1, match->leg + position, (n - position) * sizeof *match->leg);
	size_t at = match_at(match, vehicle, position);
	plan->id[at] = id;
	plan->most[at] = MATCH_FAR;
	plan->ready[at] = 0;
	plan->load[at] = plan->load[at - 1];
	plan->after[at] = position < n ? plan->after[at + 1] : 0;
}

static void stops_insert(struct match *match, struct take *take)
{
	const struct match_request *request = &match->request;
	uint32_t vehicle = take->vehicle, n = match->n_stops[vehicle];
	const uint32_t *id = match->plan.id + match_at(match, vehicle, 0);
	int32_t to = match_way_to(match, id[take->i], request->from, &match->pickup_to), on = 0;
	int32_t dropoff_to = match->ride, dropoff_on = 0;
	if (take->i < take->j)
		on = match_way_on(match, request->from, id[take->i + 1], &match->pickup_from);
	if (take->i < take->j)
		dropoff_to = match_way_to(match, id[take->j], request->to, &match->dropoff_to);
	if (take->j + 1 < n)
		dropoff_on = match_way_on(match, request->to, id[take->j + 1], &match->dropoff_from);
	for (uint32_t k = 0; k + 1 < n; k++)
		match->leg[k] = match->plan.arrival[match_at(match, vehicle, k + 1)] -
				match->plan.departure[match_at(match, vehicle, k)];
	take->pickup = take->i + (uint32_t)take->pickup_is_new;
	take->dropoff = take->j + (uint32_t)take->pickup_is_new + (uint32_t)take->dropoff_is_new;
	if (take->pickup_is_new) {
		stop_insert(match, vehicle, take->pickup, request->from, &match->pickup_to, &match->pickup_from);
		match->leg[take->pickup - 1] = to;
		match->leg[take->pickup] = on;
	}
	if (take->dropoff_is_new) {
		stop_insert(match, vehicle, take->dropoff, request->to, &match->dropoff_to, &match->dropoff_from);
		match->leg[take->dropoff - 1] = dropoff_to;
		match->leg[take->dropoff] = dropoff_on;
	}
	places_set(match, vehicle);
}

static void times_set(struct match *match, const struct take *take)
{
	struct match_plans *plan = &match->plan;
	size_t first = match_at(match, take->vehicle, 0), pickup = first + take->pickup;
	uint32_t n = match->n_stops[take->vehicle];
	if (match->ready > plan->ready[pickup])
		plan->ready[pickup] = match->ready;
	if (take->pickup == 0 && plan->departure[first] < match->ready)
		plan->departure[first] = match->ready;
	for (uint32_t k = take->i > 0 ? take->i : 1; k < n; k++) {
		int32_t gone;
		plan->arrival[first + k] = plan->departure[first + k - 1] + match->leg[k - 1];
		gone = plan->arrival[first + k] + (int32_t)match->rules.stop;
		plan->departure[first + k] = gone > plan->ready[first + k] ? gone : plan->ready[first + k];
	}
}

static int32_t later(int64_t a, int64_t b)
{
	return (int32_t)(a > b ? a : b);
}

static void rider_add(struct match *match, const struct take *take)
{
	struct match_plans *plan = &match->plan;
	const struct match_rules *rules = &match->rules;
	size_t first = match_at(match, take->vehicle, 0), pickup = first + take->pickup,
	       dropoff = first + take->dropoff;
	int64_t now = match->request.time;
	int64_t trip_most = (int64_t)match->direct * rules->trip_permille / 1000 + rules->trip_extra;
	int32_t pickup_most = later(now + rules->wait_most - rules->stop, plan->arrival[pickup]);
	int32_t dropoff_most = later(now + trip_most - match->walk, plan->arrival[dropoff]);
	if (pickup_most < plan->most[pickup])
		plan->most[pickup] = pickup_most;
	if (dropoff_most < plan->most[dropoff])
		plan->most[dropoff] = dropoff_most;
	for (size_t k = pickup; k < dropoff; k++)
		plan->load[k]++;
	for (size_t k = first; k <= dropoff; k++)
		plan->after[k]++;
	uint32_t n = match->n_stops[take->vehicle];
	int32_t slack = match->end[take->vehicle] - plan->departure[first + n - 1];
	for (size_t k = first + n; k-- > first;) {
		int32_t own = plan->most[k] - plan->arrival[k];
		slack += k > first ? match_waits(match, k) : 0;
		slack = own < slack ? own : slack;
		plan->slack[k] = slack;
	}
}

static int is_new_leg(const struct take *take, uint32_t n, uint32_t k)
{
	if ((take->pickup_is_new && k == take->pickup) || (take->dropoff_is_new && k == take->dropoff))
		return 1;
	if (take->is_turn && k == 0)
		return 1;
	/* the stop that was the last one */
	return take->is_longer && k + 1 + (uint32_t)(take->i == take->j && take->pickup_is_new) + 1 == n;
}

/* Who waits for a rider has more time on the legs before. */
static int has_more_room(const struct match *match, uint32_t id, size_t at)
{
	const struct match_plans *plan = &match->plan;
	int32_t room = plan->arrival[at + 1] - plan->departure[at] + plan->slack[at + 1] - (int32_t)match->rules.stop;
	return match->stop.loose_at[id] == NONE && (match->stop.room[id] == MATCH_FAR || match->stop.room[id] < room);
}

static void legs_set(struct match *match, const struct take *take)
{
	uint32_t n = match->n_stops[take->vehicle];
	size_t first = match_at(match, take->vehicle, 0);
	for (uint32_t k = 0; k + 1 < n; k++) {
		uint32_t id = match->plan.id[first + k];
		int is_new = is_new_leg(take, n, k),
		    may = match->plan.slack[first + k + 1] >= (int32_t)match->rules.stop;
		int is_wider = may && !is_new && match->walker && has_more_room(match, id, first + k);
		if (!may || is_wider)
			index_leg_end(match, id);
		if (may && (is_new || is_wider))
			index_leg(match, id);
	}
}

static int has_room(const struct match *match, const struct take *take)
{
	uint32_t wanted = (uint32_t)take->pickup_is_new + (uint32_t)take->dropoff_is_new;
	if (match->n_stops[take->vehicle] + wanted > match->plan_most)
		return 0;
	return wanted == 0 || (match->free_id != NONE && (wanted == 1 || match->stop.next[match->free_id] != NONE));
}

int match_take(struct match *match, const struct match_answer *answer, struct match_stop ret_stops[2])
{
	uint32_t vehicle = answer->vehicle, n = match->n_stops[vehicle];
	struct take take = {
		.vehicle = vehicle, .i = answer->pickup_after, .j = answer->dropoff_after, .now = match->request.time};
	size_t first = match_at(match, vehicle, 0);
	take.pickup_is_new = !match_takes_pickup(match, vehicle, take.i);
	take.dropoff_is_new = take.i == take.j || match->stop.arc[match->plan.id[first + take.j]] != match->request.to;
	take.is_turn = take.i == 0 && take.pickup_is_new && match_is_driving(match, vehicle, take.now);
	take.is_longer = take.dropoff_is_new && take.j + 1 == n;
	if (!has_room(match, &take))
		return ERR_FULL;
	if (take.is_longer)
		index_last_end(match, vehicle);
	if (take.is_turn)
		stop_turn(match, &take);
	if (n == 1 && match->plan.departure[first] < take.now)
		match->plan.departure[first] = take.now;
	stops_insert(match, &take);
	times_set(match, &take);
	rider_add(match, &take);
	legs_set(match, &take);
	index_last(match, vehicle, 0);
	heap_push(&match->events, vehicle, (uint64_t)next_event(match, vehicle));
	ret_stops[0] = stop_at(match, vehicle, take.pickup);
	ret_stops[1] = stop_at(match, vehicle, take.dropoff);
	return ERR_OK;
}
