#include "bound.h"
#include "cost.h"
#include "distance.h"
#include "heap.h"
#include "schedule.h"

#define LANDMARKS 8
#define FAR_MS (INT64_C(1) << 40) /* no way */
#define FAR_COST (INT64_C(1) << 54)

/* A place as seen from the ends at hand; the least over them of each, times in ms, costs in weight * ms. */
struct near {
	uint32_t stamp;
	int64_t to, to_cost, to_late_cost,
		here_cost;    /* to a pickup place, its walk and the vehicle's way included; late:
				 with what the wait grows by the way; here: at the place itself */
	int64_t to_late_walk; /* late, without the way itself */
	int64_t to_door;      /* until at the destination's door, driven straight on */
	int64_t from;	      /* from a pickup place */
	int64_t off, off_cost, off_last_cost, off_door; /* to a drop-off place: with the ride and the walk, also with
							   the vehicle's way; until at the door */
	int64_t back;					/* from a drop-off place */
};
struct end_ways { /* one end */
	uint32_t index, stop, arc;
	const struct route_result *row;		    /* from it to every stop, or NULL */
	int64_t to_it[LANDMARKS], of_it[LANDMARKS]; /* from each landmark: to the place, and to the end of its street */
	int64_t rest_ms;			    /* from the place to the end of its street */
	int64_t walk_ms, walk_cost, tail_ms;	    /* tail: from a pickup place to the destination's door at best */
};
struct ends {
	uint32_t n_from, n_to, is_one, stamp;
	struct end_ways from[ENDS_MAX], to[ENDS_MAX];
	struct end_ways all_from, all_to; /* none of them is better in anything */
	int64_t direct_cost;		  /* ride, the vehicle's way and the walk behind, straight on */
	int64_t direct_ms;
	int64_t walk_ms, walk_cost; /* least, before */
	instant_ms soonest;
	struct near *stops; /* [n_stops] */
};
struct bounds {
	const struct town *town;
	uint32_t *from_landmark; /* [n_classes * n_nodes * LANDMARKS] */
	uint8_t *is_measured;	 /* [n_classes] */
	struct heap heap;
	uint8_t no_histories; /* no turn depends on what was driven before the street that it leaves */
	struct bound_ask ask;
	struct ends ends[BOUND_ENDS];
	int64_t least_walk_mm, wait_weight;
};

size_t bounds_size(const struct town *town)
{
	size_t nodes = (size_t)town->road.n_nodes + 1;
	return sizeof(struct bounds) + town->n_classes * (nodes * LANDMARKS * sizeof(uint32_t) + 1) +
	       nodes * (sizeof(uint64_t) + 2 * sizeof(uint32_t)) +
	       BOUND_ENDS * ((size_t)town->n_stops + 1) * sizeof(struct near) + 256;
}

int bounds_open(struct bounds **ret_bounds, const struct town *town, struct arena *arena)
{
	struct bounds *b = arena_take(arena, 1, sizeof *b);
	if (!b)
		return ERR_MEMORY;
	b->town = town;
	b->from_landmark = arena_take(arena, ((size_t)town->road.n_nodes + 1) * LANDMARKS * town->n_classes,
				      sizeof *b->from_landmark);
	b->is_measured = arena_take(arena, town->n_classes + 1, 1);
	if (!b->from_landmark || !b->is_measured || heap_open(&b->heap, arena, town->road.n_nodes + 1))
		return ERR_MEMORY;
	for (uint32_t e = 0; e < BOUND_ENDS; e++) {
		b->ends[e].stops = arena_take(arena, (size_t)town->n_stops + 1, sizeof *b->ends[e].stops);
		if (!b->ends[e].stops)
			return ERR_MEMORY;
	}
	b->no_histories = 1;
	for (uint32_t t = 0; t < town->road.n_turns; t++)
		b->no_histories &= town->road.turn_first[t + 1] - town->road.turn_first[t] <= 2;
	*ret_bounds = b;
	return ERR_OK;
}

/* ---- landmarks ---- */

/* The node of the class's main part that lies farthest out in a direction; NONE = it has no streets. */
static uint32_t farthest(const struct network *road, uint32_t class_index, uint32_t direction)
{
	static const int32_t north[LANDMARKS] = {1, -1, 0, 0, 1, 1, -1, -1},
			     east[LANDMARKS] = {0, 0, 1, -1, 1, -1, 1, -1};
	int64_t most = INT64_MIN;
	uint32_t best = NONE;
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		const struct geo_point *p = &road->node_point[road->tail[a]];
		int64_t out = (int64_t)p->lat_e7 * north[direction] * 3 + (int64_t)p->lon_e7 * east[direction] * 2;
		if (!(road->main_mask[a] >> class_index & 1) || out <= most)
			continue;
		most = out;
		best = road->tail[a];
	}
	return best;
}

static void measure_from(struct bounds *b, uint32_t class_index, uint32_t landmark, uint32_t *row)
{
	const struct network *road = &b->town->road;
	const uint32_t *time_ms = road->time_ms + (size_t)class_index * road->n_arcs;
	uint32_t node = farthest(road, class_index, landmark);
	uint64_t at;
	heap_clear(&b->heap);
	if (node != NONE)
		heap_push(&b->heap, node, 0);
	while ((node = heap_pop(&b->heap, &at)) != NONE) {
		row[(size_t)node * LANDMARKS + landmark] = at < TIME_INFINITE ? (uint32_t)at : TIME_INFINITE;
		for (uint32_t k = road->first_out[node]; k < road->first_out[node + 1]; k++) {
			uint32_t arc = road->out_arc[k], head = road->head[arc];
			if (time_ms[arc] != TIME_INFINITE && row[(size_t)head * LANDMARKS + landmark] == TIME_INFINITE)
				heap_push(&b->heap, head, at + time_ms[arc]);
		}
	}
}

static const uint32_t *landmarks_of(const struct bounds *b, uint32_t node)
{
	return b->from_landmark + ((size_t)b->ask.class_index * b->town->road.n_nodes + node) * LANDMARKS;
}

static void measure_class(struct bounds *b, uint32_t class_index)
{
	size_t n = (size_t)b->town->road.n_nodes * LANDMARKS;
	uint32_t *row = b->from_landmark + class_index * n;
	if (b->is_measured[class_index])
		return;
	memset(row, 0xff, n * sizeof *row);
	static_assert(TIME_INFINITE == 0xffffffff, "all bits set");
	for (uint32_t l = 0; l < LANDMARKS; l++)
		measure_from(b, class_index, l, row);
	b->is_measured[class_index] = 1;
}

/* The least that part of a street takes, rounded down. */
static int64_t part_ms(const struct bounds *b, uint32_t arc, uint32_t part_mm)
{
	const struct network *road = &b->town->road;
	uint64_t time = road->time_ms[(size_t)b->ask.class_index * road->n_arcs + arc];
	if (time == TIME_INFINITE || !road->dist_mm[arc])
		return 0;
	return (int64_t)(time * part_mm / road->dist_mm[arc]);
}

static int64_t rest_ms(const struct bounds *b, struct spot spot)
{
	return part_ms(b, spot.arc, b->town->road.dist_mm[spot.arc] - spot.offset_mm);
}

/* From each landmark to a spot, and to the end of its street; FAR_MS = no way. */
static void landmarks_to(const struct bounds *b, struct spot spot, int64_t *to_it, int64_t *of_it)
{
	const struct network *road = &b->town->road;
	const uint32_t *tail = landmarks_of(b, road->tail[spot.arc]), *head = landmarks_of(b, road->head[spot.arc]);
	for (uint32_t l = 0; l < LANDMARKS; l++) {
		to_it[l] = tail[l] == TIME_INFINITE ? FAR_MS : tail[l] + part_ms(b, spot.arc, spot.offset_mm);
		of_it[l] = head[l] == TIME_INFINITE ? FAR_MS : head[l];
	}
}

static int64_t landmarks_apart(const int64_t *of_from, const int64_t *to_to, int64_t rest)
{
	int64_t most = 0;
	for (uint32_t l = 0; l < LANDMARKS; l++)
		if (of_from[l] != FAR_MS && to_to[l] != FAR_MS && rest + to_to[l] - of_from[l] > most)
			most = rest + to_to[l] - of_from[l];
	return most;
}

/* ---- the ends of a ride ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void end_open(struct core *core, const struct bounds *b, const struct place *place, uint32_t index,
		     const struct end_place *as, struct end_ways *end)
{
	const uint32_t class_index = b->ask.class_index;
	end->index = index;
	end->arc = place->road.arc;
	end->stop = distance_stop(core->distance, class_index, place);
	end->row = end->stop == NONE ? NULL : distance_row(core->distance, class_index, end->stop);
	end->walk_ms = as->walk_ms;
	end->walk_cost = (int64_t)core->settings.weight_walk * as->walk_ms;
	end->rest_ms = rest_ms(b, place->road);
	landmarks_to(b, place->road, end->to_it, end->of_it);
}

static int is_allowed(const struct bound_ask *ask, uint32_t p, uint32_t q)
{
	const struct ask *a = ask->ask;
	return ask->from[p].road.arc != NONE && ask->to[q].road.arc != NONE &&
	       !place_same(&ask->from[p], &ask->to[q]) &&
	       (!a->walk_most_mm || (uint64_t)a->from[p].walk_mm + a->to[q].walk_mm <= a->walk_most_mm);
}

static int64_t direct_of(const struct bound_ask *ask, uint32_t p, uint32_t q)
{
	uint32_t ms = ask->direct_ms[p * ENDS_MAX + q];
	return ms == TIME_INFINITE ? FAR_MS : ms;
}

static void end_merge(struct end_ways *all, const struct end_ways *end)
{
	for (uint32_t l = 0; l < LANDMARKS; l++) { /* unknown of one, unknown of all */
		const int known = end->to_it[l] != FAR_MS && all->to_it[l] != FAR_MS;
		all->to_it[l] = known ? least(all->to_it[l], end->to_it[l]) : FAR_MS;
		all->of_it[l] = later(all->of_it[l], end->of_it[l]);
	}
	all->rest_ms = least(all->rest_ms, end->rest_ms);
	all->walk_cost = least(all->walk_cost, end->walk_cost);
	all->tail_ms = least(all->tail_ms, end->tail_ms);
}

/* Ends as one, for a first look from places that are no stops. */
static void ends_merge(const struct end_ways *ends, uint32_t n, int is_from, struct end_ways *all)
{
	*all = ends[0];
	all->stop = NONE;
	all->row = NULL;
	for (uint32_t i = 1; i < n; i++) {
		end_merge(all, &ends[i]);
		/* the wait begins when the walk is over; the walk behind counts */
		all->walk_ms = is_from ? later(all->walk_ms, ends[i].walk_ms) : least(all->walk_ms, ends[i].walk_ms);
	}
}

/* What all pairs of these ends are good for together. */
static void ends_sum(const struct core *core, const struct bound_ask *ask, struct ends *e)
{
	const int64_t ride = core->settings.weight_ride, both = ride + core->settings.weight_vehicle;
	e->direct_cost = e->direct_ms = e->walk_ms = e->walk_cost = FAR_COST;
	e->soonest = INT64_C(1) << 60; /* no pair */
	for (uint32_t p = 0; p < e->n_from; p++) {
		struct end_ways *from = &e->from[p];
		from->tail_ms = FAR_MS;
		e->walk_ms = least(e->walk_ms, from->walk_ms);
		e->walk_cost = least(e->walk_cost, from->walk_cost);
		for (uint32_t q = 0; q < e->n_to; q++) {
			if (!is_allowed(ask, from->index, e->to[q].index))
				continue;
			int64_t direct = direct_of(ask, from->index, e->to[q].index);
			e->direct_ms = least(e->direct_ms, direct);
			e->direct_cost = least(e->direct_cost, both * direct + e->to[q].walk_cost);
			from->tail_ms = least(from->tail_ms, direct + e->to[q].walk_ms);
		}
		e->soonest = least(e->soonest, ask->ask->earliest + from->walk_ms + from->tail_ms);
	}
	e->soonest += core->town->rules.stop_ms + 2 * (int64_t)ask->ask->boarding_ms;
	ends_merge(e->from, e->n_from, 1, &e->all_from);
	ends_merge(e->to, e->n_to, 0, &e->all_to);
}

static void ends_all(struct core *core, struct bounds *b)
{
	const struct ask *ask = b->ask.ask;
	struct ends *e = &b->ends[BOUND_ALL];
	uint32_t use_from = 0, use_to = 0;
	b->least_walk_mm = INT64_MAX;
	for (uint32_t p = 0; p < ask->n_from; p++) {
		for (uint32_t q = 0; q < ask->n_to; q++) {
			if (!is_allowed(&b->ask, p, q))
				continue;
			use_from |= UINT32_C(1) << p;
			use_to |= UINT32_C(1) << q;
			b->least_walk_mm = least(b->least_walk_mm, (int64_t)ask->from[p].walk_mm + ask->to[q].walk_mm);
		}
	}
	e->n_from = e->n_to = 0;
	for (uint32_t p = 0; p < ask->n_from; p++)
		if (use_from >> p & 1)
			end_open(core, b, &b->ask.from[p], p, &ask->from[p], &e->from[e->n_from++]);
	for (uint32_t q = 0; q < ask->n_to; q++)
		if (use_to >> q & 1)
			end_open(core, b, &b->ask.to[q], q, &ask->to[q], &e->to[e->n_to++]);
	static_assert(ENDS_MAX <= 32, "a bit each");
}

static int64_t pair_value(const struct bounds *b, enum bound_ends which, const struct end_ways *from,
			  const struct end_ways *to)
{
	const struct ask *ask = b->ask.ask;
	if (which == BOUND_LEAST_WALK)
		return (int64_t)ask->from[from->index].walk_mm + ask->to[to->index].walk_mm;
	return from->walk_ms + direct_of(&b->ask, from->index, to->index) + to->walk_ms;
}

/* One pair of all, the first of the best. */
static void ends_pair(const struct core *core, struct bounds *b, enum bound_ends which)
{
	const struct ends *all = &b->ends[BOUND_ALL];
	struct ends *e = &b->ends[which];
	int64_t best = INT64_MAX;
	e->n_from = e->n_to = e->is_one = 0;
	for (uint32_t p = 0; p < all->n_from; p++) {
		for (uint32_t q = 0; q < all->n_to; q++) {
			if (!is_allowed(&b->ask, all->from[p].index, all->to[q].index))
				continue;
			int64_t value = pair_value(b, which, &all->from[p], &all->to[q]);
			if (value > best)
				continue;
			e->is_one = value < best;
			best = value;
			e->n_from = e->n_to = 1;
			e->from[0] = all->from[p];
			e->to[0] = all->to[q];
		}
	}
	ends_sum(core, &b->ask, e);
}

void bounds_begin(struct core *core, struct bounds *b, const struct bound_ask *ask)
{
	b->ask = *ask;
	measure_class(b, ask->class_index);
	const uint32_t permille = ask->ask->wait_permille ? ask->ask->wait_permille : 1000;
	b->wait_weight = ask->ask->backward ? 0 : (int64_t)core->settings.weight_wait * permille / 1000;
	ends_all(core, b);
	ends_sum(core, ask, &b->ends[BOUND_ALL]);
	ends_pair(core, b, BOUND_SOONEST);
	ends_pair(core, b, BOUND_LEAST_WALK);
	for (uint32_t e = 0; e < BOUND_ENDS; e++) {
		struct ends *ends = &b->ends[e];
		if (++ends->stamp == 0) { /* came round */
			memset(ends->stops, 0, b->town->n_stops * sizeof *ends->stops);
			ends->stamp = 1;
		}
	}
}

int64_t bounds_least_walk_mm(const struct bounds *b)
{
	return b->least_walk_mm;
}

instant_ms bounds_soonest(const struct bounds *b)
{
	return b->ends[BOUND_SOONEST].soonest;
}

int bounds_is_one(const struct bounds *b, enum bound_ends ends)
{
	return ends != BOUND_ALL && b->ends[ends].is_one;
}

/* ---- places as seen from the ends ---- */

struct here { /* a place, how it is reached and left */
	struct spot spot;
	uint32_t stop;
	int is_beside; /* on the same street as one of the ends looked at as one */
	const struct route_result *row;
	int64_t to_it[LANDMARKS], of_it[LANDMARKS], rest_ms;
};

static int64_t row_ms(const struct route_result *row, uint32_t stop)
{
	return row[stop].time_ms == TIME_INFINITE ? FAR_MS : row[stop].time_ms;
}

static int64_t way_to(const struct here *here, const struct end_ways *end)
{
	if (here->row && end->stop != NONE)
		return row_ms(here->row, end->stop);
	if (here->spot.arc == end->arc || here->is_beside)
		return 0; /* straight on, perhaps */
	return landmarks_apart(here->of_it, end->to_it, here->rest_ms);
}

static int64_t way_from(const struct here *here, const struct end_ways *end)
{
	if (end->row && here->stop != NONE)
		return row_ms(end->row, here->stop);
	if (here->spot.arc == end->arc || here->is_beside)
		return 0;
	return landmarks_apart(end->of_it, here->to_it, end->rest_ms);
}

static void near_from(const struct core *core, const struct bounds *b, const struct end_ways *ends, uint32_t n,
		      const struct here *here, struct near *near)
{
	const int64_t vehicle = core->settings.weight_vehicle, wait = b->wait_weight;
	near->to = near->to_door = near->from = FAR_MS;
	near->to_cost = near->to_late_cost = near->to_late_walk = near->here_cost = FAR_COST;
	for (uint32_t p = 0; p < n; p++) {
		const struct end_ways *end = &ends[p];
		int64_t ms = way_to(here, end), cost = end->walk_cost + vehicle * ms;
		near->from = least(near->from, way_from(here, end));
		near->to = least(near->to, ms);
		near->to_cost = least(near->to_cost, cost);
		if (ms) {
			int64_t late = wait * (ms - end->walk_ms);
			near->to_late_cost = least(near->to_late_cost, cost + late);
			near->to_late_walk = least(near->to_late_walk, end->walk_cost + late);
		} else {
			near->here_cost = least(near->here_cost, cost);
		}
		near->to_door = least(near->to_door, ms + end->tail_ms);
	}
}

static void near_to(const struct core *core, const struct end_ways *ends, uint32_t n, const struct here *here,
		    struct near *near)
{
	const int64_t ride = core->settings.weight_ride, both = ride + core->settings.weight_vehicle;
	near->off = near->off_door = near->back = FAR_MS;
	near->off_cost = near->off_last_cost = FAR_COST;
	for (uint32_t q = 0; q < n; q++) {
		const struct end_ways *end = &ends[q];
		int64_t ms = way_to(here, end);
		near->back = least(near->back, way_from(here, end));
		near->off = least(near->off, ms);
		near->off_cost = least(near->off_cost, end->walk_cost + ride * ms);
		near->off_last_cost = least(near->off_last_cost, end->walk_cost + both * ms);
		near->off_door = least(near->off_door, ms + end->walk_ms);
	}
}

static int is_beside(const struct end_ways *ends, uint32_t n, uint32_t arc)
{
	for (uint32_t i = 0; i < n; i++)
		if (ends[i].arc == arc)
			return 1;
	return 0;
}

/* A stop is always looked at exactly; another place at first roughly. */
static const struct near *near_of(struct core *core, const struct bounds *b, struct ends *e, const struct place *place,
				  int roughly, struct near *scratch)
{
	struct here here = {.spot = place->road};
	here.stop = distance_stop(core->distance, b->ask.class_index, place);
	struct near *near = here.stop == NONE ? scratch : &e->stops[here.stop];
	if (here.stop != NONE && near->stamp == e->stamp)
		return near;
	here.row = here.stop == NONE ? NULL : distance_row(core->distance, b->ask.class_index, here.stop);
	here.rest_ms = rest_ms(b, here.spot);
	landmarks_to(b, here.spot, here.to_it, here.of_it);
	near->stamp = e->stamp;
	if (here.stop != NONE || !roughly) {
		near_from(core, b, e->from, e->n_from, &here, near);
		near_to(core, e->to, e->n_to, &here, near);
		return near;
	}
	here.is_beside = is_beside(e->from, e->n_from, here.spot.arc);
	near_from(core, b, &e->all_from, e->n_from > 0, &here, near);
	here.is_beside = is_beside(e->to, e->n_to, here.spot.arc);
	near_to(core, &e->all_to, e->n_to > 0, &here, near);
	return near;
}

/* ---- a vehicle ---- */

/* How long the vehicle takes now to its first task, at most. */
static int64_t first_leg_ms(struct core *core, uint32_t slot, const struct place *start, instant_ms start_at)
{
	const struct vehicle_more *more = &core->vehicles_more[slot];
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct core_task *task = core_tasks(core, slot);
	if (more->phase == PHASE_AT_STOP && place_same(&vehicle->anchor, &task->place))
		return 0;
	if (more->phase == PHASE_DRIVING && place_same(&more->leg_to, &task->place))
		return later(vehicle->anchor_at + more->leg_ms, core->now) - start_at;
	if (start->road.arc == more->head_from_arc && start->road.offset_mm == more->head_from_mm)
		return core_tasks_more(core, slot)->far_ms;
	uint32_t ms = distance_between(core->distance, vehicle->class_index, start, &task->place).time_ms;
	return ms == TIME_INFINITE ? FAR_MS : hours_far_ms(core, vehicle->class_index, start, &task->place, ms);
}

struct onward { /* a drop-off behind one of the tasks to come, at best: from the arrival at the next of them on */
	int64_t cost, door, shrink_ms;
};

/* No way round is shorter than this: what is known of the way to task i from the place before it. A way over a third
 * place is one way of many, so it is not shorter; unless turns have histories, which end at that place, or the hour
 * does. */
static int64_t way_least_ms(struct core *core, const struct bounds *b, uint32_t slot, const struct place *from,
			    const struct place *to, int is_first)
{
	const uint32_t class_index = b->ask.class_index;
	const struct vehicle_more *more = &core->vehicles_more[slot];
	if (!b->no_histories || hours_border(core) || distance_is_caught(core->distance, class_index, from))
		return 0;
	uint32_t here = distance_stop(core->distance, class_index, from),
		 there = distance_stop(core->distance, class_index, to);
	if (here != NONE && there != NONE)
		return row_ms(distance_row(core->distance, class_index, here), there);
	if (!is_first || more->phase != PHASE_DRIVING || more->leg_far || !place_same(&more->leg_to, to))
		return 0;
	/* the rest of the way that it drives, which is the fastest */
	instant_ms at;
	struct place start;
	plan_start(core, slot, &start, &at);
	return later(0, core->vehicles[slot].anchor_at + more->leg_ms - at);
}

/* By how much others could come sooner through a way round that is shorter than the way: not more than this. */
static int64_t shrink_of(int64_t was_ms, int64_t round_ms)
{
	return was_ms > round_ms ? was_ms - round_ms : 0;
}

/* What the pickup behind a place costs that the vehicle can leave at `at`: its walk, wait and way there. */
static int64_t pickup_cost(const struct bounds *b, const struct ask *ask, const struct near *near, int64_t lead_ms,
			   instant_ms at)
{
	int64_t wait = b->wait_weight * (at + lead_ms - ask->earliest);
	return later(near->to_cost, least(near->to_late_cost + wait, near->here_cost));
}

/* Its walk and wait alone. */
static int64_t pickup_walk_cost(const struct bounds *b, const struct ends *e, const struct near *near, int64_t lead_ms,
				instant_ms at)
{
	int64_t wait = b->wait_weight * (at + lead_ms - b->ask.ask->earliest);
	return near->here_cost < FAR_COST ? e->walk_cost : later(e->walk_cost, near->to_late_walk + wait);
}

static int is_in_time(const struct core *core, const struct ask *ask, int64_t to_ms, instant_ms at)
{
	if (to_ms > 0)
		return at + to_ms <= ask->latest_pickup;
	return at <= ask->latest_pickup + (instant_ms)promise_window_ms(core); /* it may stand there already */
}

struct view { /* the vehicle's plan */
	const struct core_task *tasks;
	const struct task_more *more;
	uint32_t n;
	const struct near *near[SEQUENCE_MAX + 1]; /* [0] the start, [k + 1] task k */
	struct near scratch[SEQUENCE_MAX + 1];
};

/* From the arrival at task i on, over the drop-off places behind it or a later one; least_ms: way_least_ms of the leg
 * to the next task. */
static void onward_step(const struct core *core, const struct view *v, uint32_t i, int64_t least_ms, struct onward *on)
{
	const struct core_settings *s = &core->settings;
	const struct near *near = v->near[i + 1];
	const int64_t dwell_ms = v->more[i].dwell_ms;
	int64_t cost = near->off_last_cost;
	if (i + 1 < v->n) {
		const int64_t was_ms = v->tasks[i + 1].drive_ms;
		const int64_t round_ms = later(near->off + v->near[i + 2]->back, least_ms);
		const int joined = place_same(&v->tasks[i].place, &v->tasks[i + 1].place);
		const int64_t on_ms = was_ms + (joined ? 0 : core->town->rules.stop_ms);
		cost = near->off_cost + (int64_t)s->weight_vehicle * (round_ms - was_ms);
		on->shrink_ms = later(on->shrink_ms, shrink_of(was_ms, round_ms));
		on->cost = least(cost, on->cost + (int64_t)s->weight_ride * on_ms);
		on->door = least(near->off_door, on->door + on_ms);
	} else {
		*on = (struct onward){cost, near->off_door, 0};
	}
	on->cost += (int64_t)s->weight_ride * dwell_ms;
	on->door += dwell_ms;
}

/* What the others lose at least when all from task i on is reached later by delay_ms; waiting takes up delay, as much
 * as the plan had of it when it was timed. FAR_COST: a promise would not hold. */
static int64_t others_cost(const struct core *core, const struct ask *ask, const struct view *v, uint32_t i,
			   int64_t delay_ms)
{
	const struct core_settings *s = &core->settings;
	const int64_t reserve_ms = ask->held ? 0 : s->reserve_ms, stop_ms = core->town->rules.stop_ms;
	int64_t cost = 0, arrive_ms = delay_ms;
	for (uint32_t k = i; k < v->n && delay_ms > 0; k++) {
		const struct core_task *task = &v->tasks[k];
		const int joined = k > i && place_same(&v->tasks[k - 1].place, &task->place);
		const int is_pickup = task->kind == WIRE_PICKUP, is_known = task->latest != INT64_MAX;
		instant_ms ready = joined ? v->tasks[k - 1].end : task->arrive + stop_ms;
		arrive_ms = joined ? arrive_ms : delay_ms;
		if (is_pickup && is_known && task->arrive + arrive_ms > task->latest - reserve_ms)
			return FAR_COST;
		delay_ms -= later(0, task->begin - ready);
		if (delay_ms <= 0)
			break;
		if (!is_pickup && is_known && task->end + delay_ms > task->latest - reserve_ms)
			return FAR_COST;
		cost += v->more[k].ride == NONE ? 0 : delay_ms * (is_pickup ? s->weight_wait : s->weight_ride);
	}
	return cost;
}

/* What others could gain at most by a way round that is shorter than the way: all that follows comes sooner by it. */
static int64_t others_gain(const struct core *core, const struct view *v, uint32_t i, int64_t shrink_ms)
{
	const struct core_settings *s = &core->settings;
	if (!shrink_ms)
		return 0;
	return hours_border(core)
		       ? FAR_COST
		       : later(COST_WAIT_MOST * (int64_t)s->weight_wait, s->weight_ride) * (v->n - i) * shrink_ms;
}

static void keep_least(struct bound *bound, int64_t cost, instant_ms door)
{
	if (cost >= FAR_COST)
		return;
	bound->cost = least(bound->cost, cost);
	bound->at_door = least(bound->at_door, door);
}

struct pickup { /* at one position */
	uint32_t i;
	int64_t was_ms;	   /* the leg that it breaks up, at most */
	int64_t least_ms;  /* of any way round, at least */
	int64_t cost;	   /* of what is the same whatever follows */
	int64_t walk_cost; /* the same without the vehicle's way */
	instant_ms window; /* the promised one begins, at the earliest */
};

/* The drop-off follows at once. */
static void straight_on(const struct core *core, const struct bounds *b, const struct ends *e, const struct view *v,
			const struct pickup *p, instant_ms door, struct bound *ret)
{
	const struct core_settings *s = &core->settings;
	const struct near *near = v->near[p->i], *next = p->i < v->n ? v->near[p->i + 1] : NULL;
	const int64_t stop_ms = core->town->rules.stop_ms, boarding_ms = b->ask.ask->boarding_ms;
	int64_t cost = p->cost + e->direct_cost + ((int64_t)s->weight_vehicle + s->weight_ride) * stop_ms;
	if (next) {
		const int64_t round_ms = near->to + e->direct_ms + next->back,
			      shrink_ms = shrink_of(p->was_ms, round_ms);
		/* where the next task may be at the drop-off place, its stop is there already */
		int64_t more_ms = round_ms - p->was_ms + boarding_ms;
		more_ms += next->back ? boarding_ms + stop_ms + (near->to ? stop_ms : 0) : 0;
		cost += (int64_t)s->weight_vehicle * (next->back - p->was_ms);
		cost += shrink_ms ? -others_gain(core, v, p->i, shrink_ms)
				  : others_cost(core, b->ask.ask, v, p->i, more_ms);
	}
	keep_least(ret, cost, door);
}

/* The drop-off follows a later task. */
static void behind_others(const struct core *core, const struct bounds *b, const struct view *v, const struct pickup *p,
			  const struct onward *on, struct bound *ret)
{
	const struct core_settings *s = &core->settings;
	const struct near *near = v->near[p->i], *next = v->near[p->i + 1];
	const int64_t boarding_ms = b->ask.ask->boarding_ms, round_ms = later(near->to + next->from, p->least_ms);
	const int64_t shrink_ms = shrink_of(p->was_ms, round_ms) + on->shrink_ms;
	int64_t more_ms = round_ms - p->was_ms;
	more_ms += next->from ? boarding_ms + (near->to ? core->town->rules.stop_ms : 0) : 0;
	int64_t cost = later(p->cost + (int64_t)s->weight_vehicle * (next->from - p->was_ms),
			     p->walk_cost + (int64_t)s->weight_vehicle * (round_ms - p->was_ms));
	cost += (int64_t)s->weight_ride * next->from + on->cost;
	cost += shrink_ms ? -others_gain(core, v, p->i, shrink_ms) : others_cost(core, b->ask.ask, v, p->i, more_ms);
	keep_least(ret, cost, p->window + next->from + on->door + 2 * boarding_ms);
}

/* Pickup at a position for which the vehicle can leave at `at`. */
static void position(const struct core *core, const struct bounds *b, const struct ends *e, const struct view *v,
		     struct pickup *p, instant_ms at, const struct onward *on, struct bound *ret)
{
	const struct core_settings *s = &core->settings;
	const struct ask *ask = b->ask.ask;
	const struct near *near = v->near[p->i];
	const int64_t lead_ms = ask->fixed ? 0 : promise_lead_ms(core), boarding_ms = ask->boarding_ms;
	/* weighed waits are rounded down: by less than a millisecond */
	const int64_t same = (2 * (int64_t)s->weight_vehicle + s->weight_ride) * boarding_ms - s->weight_wait;
	instant_ms door = e->soonest;
	p->cost = same + pickup_cost(b, ask, near, lead_ms, at);
	p->walk_cost = same + pickup_walk_cost(b, e, near, lead_ms, at);
	p->window = ask->earliest + e->walk_ms;
	if (near->to) {
		p->window = later(p->window, at + near->to + lead_ms);
		door = later(door, at + lead_ms + near->to_door + core->town->rules.stop_ms + 2 * boarding_ms);
	}
	straight_on(core, b, e, v, p, door, ret);
	if (p->i < v->n)
		behind_others(core, b, v, p, on, ret);
}

void bounds_vehicle(struct core *core, struct bounds *b, uint32_t slot, enum bound_ends which, int roughly,
		    struct bound *ret)
{
	struct ends *e = &b->ends[which];
	struct view v = {core_tasks(core, slot), core_tasks_more(core, slot), plan_n_serving(core, slot)};
	const uint32_t first = plan_first_free(core, slot);
	struct place start;
	instant_ms start_at;
	struct onward on = {0};
	*ret = (struct bound){INT64_MAX, INT64_MAX, 0, 0};
	if (core->untimed) {
		*ret = (struct bound){INT64_MIN, INT64_MIN, 1, 1};
		return;
	}
	plan_start(core, slot, &start, &start_at);
	if (first == 0)
		v.near[0] = near_of(core, b, e, &start, roughly, &v.scratch[0]);
	for (uint32_t k = first ? first - 1 : 0; k < v.n; k++)
		v.near[k + 1] = near_of(core, b, e, &v.tasks[k].place, roughly, &v.scratch[k + 1]);
	struct pickup p = {0};
	for (p.i = v.n + 1; p.i-- > first;) {
		instant_ms at = p.i ? later(v.tasks[p.i - 1].end, core->now) : start_at;
		if (p.i < v.n) {
			const struct place *from = p.i ? &v.tasks[p.i - 1].place : &start;
			onward_step(core, &v, p.i, p.least_ms, &on);
			p.was_ms = p.i ? v.tasks[p.i].drive_ms : first_leg_ms(core, slot, &start, start_at);
			p.least_ms = way_least_ms(core, b, slot, from, &v.tasks[p.i].place, p.i == 0);
		}
		ret->has_way |= v.near[p.i]->to < FAR_MS;
		if (!is_in_time(core, b->ask.ask, v.near[p.i]->to, at))
			continue;
		ret->in_time = 1;
		position(core, b, e, &v, &p, at, &on, ret);
	}
}
