#include "plans.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "cost.h"
#include "err.h"
#include "rng.h"

#define BLINK_PERMILLE 10
#define ITEMS_OUT_MAX 12 /* rides taken out at once */
#define STRING_MAX 6	 /* tasks of a string */
#define HOT_MS 60000	 /* threshold at the beginning, in vehicle time */

struct route {
	uint32_t n;
	uint8_t task[WIRE_TASKS_MAX + 2]; /* index of the problem's */
	int64_t cost, moves;		  /* moves: for riders who must be told */
	instant_ms end[WIRE_TASKS_MAX + 2];
	uint16_t load[WIRE_TASKS_MAX + 3][TOWN_SPACES_MAX]; /* before each task */
};
static_assert(PROBLEM_TASKS_MAX <= 256, "a task fits into a byte");

struct state {
	struct route routes[PROBLEM_VEHICLES_MAX];
	uint8_t vehicle[PROBLEM_TASKS_MAX]; /* of an item, by its last task */
	int64_t cost;
};

struct plans {
	const struct problem *problem;
	struct rng rng;
	int64_t move_cost;
	uint32_t n_items;
	uint8_t items[PROBLEM_TASKS_MAX]; /* drop-offs that may be moved, alone (aboard) or with their pickup */
	struct state first, now, next, best;
	uint8_t out[PROBLEM_TASKS_MAX];
	uint32_t n_out;
	uint32_t touched; /* bit v: route v of `next` is not that of `now` */
	uint8_t is_out[PROBLEM_TASKS_MAX];
};

size_t plans_size(void)
{
	return sizeof(struct plans) + 64;
}

int plans_open(struct plans **ret_plans, struct arena *arena)
{
	struct plans *plans = arena_take(arena, 1, sizeof *plans);
	if (!plans)
		return ERR_MEMORY;
	*ret_plans = plans;
	return ERR_OK;
}

static const struct problem_task *task_of(const struct plans *s, uint32_t task)
{
	return &s->problem->tasks[task];
}

/* The pickup of an item that is moved with it; NONE = the drop-off alone. */
static uint32_t pickup_of(const struct plans *s, uint32_t item)
{
	const struct problem_task *task = task_of(s, item);
	if (task->other == NONE)
		return NONE;
	const struct problem_task *pickup = task_of(s, task->other);
	return pickup->at < s->problem->vehicles[pickup->vehicle].first_free ? NONE : task->other;
}

/* ---- one route: times, limits, costs, as plan_sequence has them ---- */

static void compose(const struct plans *s, uint32_t v, const uint8_t *tasks, uint32_t n, struct sequence *seq)
{
	const struct problem *p = s->problem;
	const struct problem_vehicle *vehicle = &p->vehicles[v];
	memcpy(seq, &p->sequence, offsetof(struct sequence, steps));
	seq->n = n;
	seq->start = vehicle->start_at;
	for (uint32_t k = 0; k < n; k++) {
		const struct problem_task *task = &p->tasks[tasks[k]];
		uint32_t from = k ? p->tasks[tasks[k - 1]].place : vehicle->start_place;
		seq->steps[k] = task->step;
		seq->steps[k].joined = k && from == task->place;
		seq->steps[k].drive_ms = p->drive_ms[from][task->place];
	}
	if (!n)
		return;
	if (vehicle->stands_at == p->tasks[tasks[0]].place) {
		seq->steps[0].joined = 1;
		seq->start = vehicle->stands_since;
	} else if (vehicle->heads_for == p->tasks[tasks[0]].place) {
		seq->steps[0].drive_ms = 0;
		seq->start = vehicle->heads_at;
	}
}

static int holds(const struct plans *s, const uint8_t *tasks, const struct sequence *seq, const struct times *times)
{
	for (uint32_t k = 0; k < seq->n; k++) {
		const struct proposal_limits *limits = &task_of(s, tasks[k])->limits;
		if (schedule_value(&seq->steps[k], times->arrive[k], times->end[k]) > limits->value ||
		    times->begin[k] > limits->begin)
			return 0;
		if (limits->ride_ms != INT64_MAX && schedule_ride_ms(seq, times, k) > limits->ride_ms)
			return 0;
	}
	return 1;
}

static int risk_grows(const struct plans *s, const uint8_t *tasks, const struct sequence *seq, uint32_t k)
{
	const struct problem_task *task = task_of(s, tasks[k]);
	for (uint32_t b = 0; b < k; b++) {
		const struct problem_task *before = task_of(s, tasks[b]);
		if (seq->steps[b].kind == WIRE_PICKUP && (before->vehicle != task->vehicle || before->at > task->at))
			return 1;
	}
	return 0;
}

static int worst_holds(const struct plans *s, const uint8_t *tasks, const struct sequence *seq, struct times *times)
{
	schedule_worst(seq, times);
	for (uint32_t k = 0; k < seq->n; k++)
		if (times->worst[k] > task_of(s, tasks[k])->limits.worst ||
		    (proposal_at_risk(&s->problem->settings, &seq->steps[k], times->worst[k]) &&
		     risk_grows(s, tasks, seq, k)))
			return 0;
	return 1;
}

static int reaches(const struct plans *s, uint32_t v, const uint8_t *tasks, uint32_t n, const struct times *times)
{
	const struct problem *p = s->problem;
	uint64_t mm = 0;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t from = k ? p->tasks[tasks[k - 1]].place : p->vehicles[v].start_place;
		if (p->drive_ms[from][p->tasks[tasks[k]].place] == TIME_INFINITE)
			return 0;
		mm += p->drive_mm[from][p->tasks[tasks[k]].place];
	}
	return mm <= p->vehicles[v].range_mm && (!n || times->end[n - 1] <= p->vehicles[v].ends_at);
}

/* The cost of a route, or INT64_MAX when it is not below `most` or may not be driven. */
static int64_t try_route(const struct plans *s, uint32_t v, const uint8_t *tasks, uint32_t n, int64_t most)
{
	const struct problem *p = s->problem;
	struct sequence seq;
	struct times times;
	compose(s, v, tasks, n, &seq);
	schedule_run(&seq, &times);
	if (!holds(s, tasks, &seq, &times))
		return INT64_MAX;
	int64_t cost = cost_of_plan(&p->settings, &seq, &times, p->vehicles[v].rest_ms);
	if (cost >= most || !reaches(s, v, tasks, n, &times) || !worst_holds(s, tasks, &seq, &times))
		return INT64_MAX;
	return cost;
}

/* What it costs to tell the rider of a pickup that vehicle v comes. */
static int64_t move_cost(const struct plans *s, uint32_t pickup, uint32_t v)
{
	const struct problem_task *task = task_of(s, pickup);
	return task->step.kind == WIRE_PICKUP && task->vehicle != v ? s->move_cost : 0;
}

static void measure_loads(const struct plans *s, struct route *route, uint32_t v)
{
	uint32_t load[TOWN_SPACES_MAX];
	memcpy(load, s->problem->vehicles[v].load, sizeof load);
	for (uint32_t k = 0; k <= route->n; k++) {
		for (uint32_t d = 0; d < TOWN_SPACES_MAX; d++)
			route->load[k][d] = (uint16_t)load[d];
		if (k == route->n)
			return;
		const struct problem_task *task = task_of(s, route->task[k]);
		for (uint32_t d = 0; d < TOWN_SPACES_MAX; d++) {
			if (task->step.kind == WIRE_PICKUP)
				load[d] += task->units[d];
			else if (task->step.kind == WIRE_DROPOFF)
				load[d] -= load[d] < task->units[d] ? load[d] : task->units[d];
		}
	}
}

/* All that is known of a route, after it changed. */
static void measure(const struct plans *s, struct state *state, uint32_t v)
{
	struct route *route = &state->routes[v];
	struct sequence seq;
	struct times times;
	compose(s, v, route->task, route->n, &seq);
	schedule_run(&seq, &times);
	memcpy(route->end, times.end, route->n * sizeof *route->end);
	measure_loads(s, route, v);
	state->cost -= route->cost + route->moves;
	route->cost = cost_of_plan(&s->problem->settings, &seq, &times, s->problem->vehicles[v].rest_ms);
	route->moves = 0;
	for (uint32_t k = 0; k < route->n; k++)
		route->moves += move_cost(s, route->task[k], v);
	state->cost += route->cost + route->moves;
}

/* ---- recreate ---- */

struct spot_found {
	uint32_t vehicle, pickup_at, dropoff_at; /* positions in the route as it was */
	int64_t added;
};

struct look { /* one ride at one route */
	const struct plans *s;
	const struct problem *p;
	const struct problem_vehicle *vehicle;
	const struct route *route;
	uint32_t v, pickup, dropoff; /* tasks; pickup NONE = aboard */
	uint32_t up, down;	     /* their places */
	uint32_t first;
	int64_t move;
	/* of the pickup position at hand */
	uint32_t i;
	int64_t pickup_ms;  /* driving added by the pickup */
	instant_ms boarded; /* not before */
};

static uint32_t place_before(const struct look *look, uint32_t position)
{
	return position ? look->p->tasks[look->route->task[position - 1]].place : look->vehicle->start_place;
}

/* The way to a place that becomes the task at a position. */
static int64_t leg_ms(const struct look *look, uint32_t place, uint32_t position)
{
	if (!position && look->vehicle->heads_for == place)
		return 0;
	return look->p->drive_ms[place_before(look, position)][place];
}

/* Driving that a task at `place` before a position adds, coming from `before`. */
static int64_t added_ms(const struct look *look, int64_t to_ms, uint32_t place, uint32_t position)
{
	if (position >= look->route->n)
		return to_ms;
	uint32_t next = look->p->tasks[look->route->task[position]].place;
	return to_ms + look->p->drive_ms[place][next] - leg_ms(look, next, position);
}

static int has_room(const struct look *look, uint32_t position)
{
	const uint8_t *units = look->p->tasks[look->dropoff].units;
	const uint16_t *load = look->route->load[position];
	for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
		if (units[s] && load[s] + units[s] > look->vehicle->spaces[s])
			return 0;
	return 1;
}

static instant_ms before_end(const struct look *look, uint32_t position)
{
	return position ? look->route->end[position - 1] : look->vehicle->start_at;
}

static void try_spot(const struct look *look, uint32_t j, struct plans *s, struct spot_found *best)
{
	uint8_t tasks[WIRE_TASKS_MAX + 2];
	const struct route *route = look->route;
	const uint32_t i = look->pickup == NONE ? j : look->i;
	uint32_t n = 0;
	memcpy(tasks, route->task, i);
	n = i;
	if (look->pickup != NONE)
		tasks[n++] = (uint8_t)look->pickup;
	memcpy(tasks + n, route->task + i, j - i);
	n += j - i;
	tasks[n++] = (uint8_t)look->dropoff;
	memcpy(tasks + n, route->task + j, route->n - j);
	n += route->n - j;
	int64_t most = best->added == INT64_MAX ? INT64_MAX : route->cost + best->added - look->move;
	int64_t cost = try_route(s, look->v, tasks, n, most);
	if (cost == INT64_MAX || rng_chance(&s->rng, BLINK_PERMILLE))
		return;
	*best = (struct spot_found){look->v, i, j, cost - route->cost + look->move};
}

/* What a pair of positions costs at least: driving, and the rider's own time. */
static int64_t least_cost(const struct look *look, int64_t drive_ms, uint32_t j)
{
	const struct core_settings *w = &look->p->settings;
	const struct step *step = &look->p->tasks[look->dropoff].step;
	const instant_ms now = look->p->now;
	int64_t cost = look->move + (int64_t)w->weight_vehicle * (drive_ms + step->dwell_ms);
	instant_ms down_at = before_end(look, j) - now;
	if (look->pickup == NONE)
		return cost + (int64_t)w->weight_ride * (down_at > 0 ? down_at : 0);
	cost += (int64_t)w->weight_vehicle * step->dwell_ms;
	const uint32_t permille = look->p->tasks[look->pickup].step.wait_permille;
	int64_t own = (int64_t)w->weight_wait * cost_weighed(look->boarded - now, permille) +
		      (int64_t)w->weight_ride * look->p->drive_ms[look->up][look->down];
	int64_t less = w->weight_wait < w->weight_ride ? w->weight_wait : w->weight_ride;
	return cost + (own > less * down_at ? own : less * down_at);
}

/* The drop-off before each position from the pickup's on. */
static void try_dropoffs(const struct look *look, struct plans *s, struct spot_found *best)
{
	const struct problem *p = look->p;
	const struct route *route = look->route;
	const instant_ms latest = p->tasks[look->dropoff].limits.value;
	for (uint32_t j = look->i; j <= route->n; j++) {
		int64_t ms;
		if (look->pickup != NONE && !has_room(look, j))
			return;
		if (j > look->i && route->end[j - 1] > latest)
			return;
		if (look->pickup != NONE && j == look->i)
			ms = added_ms(look, leg_ms(look, look->up, j) + p->drive_ms[look->up][look->down], look->down,
				      j);
		else
			ms = look->pickup_ms + added_ms(look, leg_ms(look, look->down, j), look->down, j);
		if (best->added == INT64_MAX || least_cost(look, ms, j) < best->added)
			try_spot(look, j, s, best);
	}
}

/* The pickup before each position that it can be reached at in time, from which the next task still is. */
static void try_pickups(struct look *look, struct plans *s, struct spot_found *best)
{
	const struct problem *p = look->p;
	const struct problem_task *pickup = &p->tasks[look->pickup];
	for (look->i = look->first; look->i <= look->route->n; look->i++) {
		const instant_ms from = before_end(look, look->i);
		const int64_t leg = leg_ms(look, look->up, look->i);
		if (look->i && from > pickup->limits.value && place_before(look, look->i) != look->up)
			return;
		if (from + leg > pickup->limits.value && leg)
			continue;
		look->pickup_ms = added_ms(look, leg, look->up, look->i);
		look->boarded = leg ? from + leg : p->now;
		if (look->boarded < pickup->step.ready)
			look->boarded = pickup->step.ready;
		if (look->boarded < p->now)
			look->boarded = p->now;
		if (best->added == INT64_MAX || least_cost(look, look->pickup_ms, look->i) < best->added)
			try_dropoffs(look, s, best); /* a drop-off adds no less than nothing to that */
	}
}

static void try_vehicle(struct plans *s, uint32_t item, uint32_t v, struct spot_found *best)
{
	const struct problem *p = s->problem;
	struct look look = {.s = s, .p = p, .vehicle = &p->vehicles[v], .route = &s->next.routes[v], .v = v};
	look.pickup = pickup_of(s, item);
	look.dropoff = item;
	look.down = p->tasks[item].place;
	look.first = look.i = look.vehicle->first_free;
	if (look.route->n + 2 > p->settings.plan_tasks_max || look.route->n + 2 > WIRE_TASKS_MAX)
		return;
	if (look.pickup == NONE) {
		try_dropoffs(&look, s, best);
		return;
	}
	look.up = p->tasks[look.pickup].place;
	look.move = move_cost(s, look.pickup, v);
	try_pickups(&look, s, best);
}

static void put_in(struct plans *s, uint32_t item, const struct spot_found *found)
{
	struct route *route = &s->next.routes[found->vehicle];
	uint32_t pickup = pickup_of(s, item);
	memmove(route->task + found->dropoff_at + 1, route->task + found->dropoff_at, route->n - found->dropoff_at);
	route->task[found->dropoff_at] = (uint8_t)item;
	route->n++;
	if (pickup != NONE) {
		memmove(route->task + found->pickup_at + 1, route->task + found->pickup_at,
			route->n - found->pickup_at);
		route->task[found->pickup_at] = (uint8_t)pickup;
		route->n++;
	}
	s->next.vehicle[item] = (uint8_t)found->vehicle;
	s->touched |= UINT32_C(1) << found->vehicle;
	s->is_out[item] = 0;
	measure(s, &s->next, found->vehicle);
}

/* By chance, or who must be there soonest first, or latest. */
static void sort_out(struct plans *s)
{
	uint32_t how = rng_below(&s->rng, 4);
	for (uint32_t i = s->n_out; i > 1; i--) {
		uint32_t k = rng_below(&s->rng, i);
		uint8_t last = s->out[i - 1];
		s->out[i - 1] = s->out[k];
		s->out[k] = last;
	}
	for (uint32_t i = 1; how < 2 && i < s->n_out; i++) {
		uint8_t item = s->out[i];
		uint32_t k = i;
		instant_ms at = task_of(s, item)->limits.value;
		for (; k > 0 && (how ? task_of(s, s->out[k - 1])->limits.value < at
				     : task_of(s, s->out[k - 1])->limits.value > at);
		     k--)
			s->out[k] = s->out[k - 1];
		s->out[k] = item;
	}
}

/* 0: somebody finds no place. */
static int recreate(struct plans *s)
{
	sort_out(s);
	for (uint32_t i = 0; i < s->n_out; i++) {
		struct spot_found best = {.vehicle = NONE, .added = INT64_MAX};
		uint32_t item = s->out[i];
		for (uint32_t v = 0; v < s->problem->n_vehicles; v++)
			if (task_of(s, item)->may_go >> v & 1)
				try_vehicle(s, item, v, &best);
		if (best.vehicle == NONE)
			return 0;
		put_in(s, item, &best);
	}
	return 1;
}

/* ---- ruin ---- */

static void take_out(struct plans *s, uint32_t item)
{
	if (s->is_out[item] || s->n_out == ITEMS_OUT_MAX)
		return;
	s->is_out[item] = 1;
	s->out[s->n_out++] = (uint8_t)item;
}

/* How far two rides are from each other, in ms. */
static uint64_t apart(const struct plans *s, uint32_t a, uint32_t b)
{
	const struct problem *p = s->problem;
	const struct problem_task *x = task_of(s, a), *y = task_of(s, b);
	const struct problem_task *px = x->other == NONE ? x : task_of(s, x->other);
	const struct problem_task *py = y->other == NONE ? y : task_of(s, y->other);
	instant_ms late = x->limits.value > y->limits.value ? x->limits.value - y->limits.value
							    : y->limits.value - x->limits.value;
	return (uint64_t)p->drive_ms[px->place][py->place] + p->drive_ms[x->place][y->place] + (uint64_t)late;
}

/* The nearest item to `seed` that is not out and, for `v` not NONE, in another vehicle than those marked. */
static uint32_t nearest(const struct plans *s, uint32_t seed, uint32_t barred)
{
	uint32_t best = NONE;
	uint64_t least = UINT64_MAX;
	for (uint32_t i = 0; i < s->n_items; i++) {
		uint32_t item = s->items[i];
		if (s->is_out[item] || (barred >> s->next.vehicle[item] & 1))
			continue;
		uint64_t away = apart(s, seed, item);
		if (away < least) {
			least = away;
			best = item;
		}
	}
	return best;
}

static uint32_t item_of(const struct plans *s, uint32_t task)
{
	const struct problem_task *t = task_of(s, task);
	uint32_t item = t->step.kind == WIRE_PICKUP ? t->other : task;
	return t->ride && t->at >= s->problem->vehicles[t->vehicle].first_free ? item : NONE;
}

/* A string of neighbouring tasks around the drop-off of `seed`. */
static void take_string(struct plans *s, uint32_t seed)
{
	const struct route *route = &s->next.routes[s->next.vehicle[seed]];
	uint32_t length = 1 + rng_below(&s->rng, STRING_MAX), at = 0;
	while (route->task[at] != seed)
		at++;
	uint32_t back = rng_below(&s->rng, length);
	uint32_t first = at > back ? at - back : 0;
	take_out(s, seed);
	for (uint32_t k = first; k < route->n && k < first + length; k++) {
		uint32_t item = item_of(s, route->task[k]);
		if (item != NONE)
			take_out(s, item);
	}
}

static void choose(struct plans *s)
{
	uint32_t seed = s->items[rng_below(&s->rng, s->n_items)], how = rng_below(&s->rng, 10);
	uint32_t most = 2 + rng_below(&s->rng, ITEMS_OUT_MAX - 2), barred = 0;
	s->n_out = 0;
	if (how < 6) { /* strings in vehicles that pass near */
		for (uint32_t n = 1 + rng_below(&s->rng, 4); n > 0 && seed != NONE; n--) {
			barred |= UINT32_C(1) << s->next.vehicle[seed];
			take_string(s, seed);
			seed = nearest(s, s->out[0], barred);
		}
	} else if (how < 9) { /* what is alike */
		for (take_out(s, seed); s->n_out < most && s->n_out < s->n_items;) {
			seed = nearest(s, s->out[rng_below(&s->rng, s->n_out)], 0);
			if (seed == NONE)
				break;
			take_out(s, seed);
		}
	} else {
		for (uint32_t n = 0; n < most; n++)
			take_out(s, s->items[rng_below(&s->rng, s->n_items)]);
	}
}

static void ruin(struct plans *s)
{
	choose(s);
	for (uint32_t i = 0; i < s->n_out; i++)
		s->touched |= UINT32_C(1) << s->next.vehicle[s->out[i]];
	for (uint32_t v = 0; v < s->problem->n_vehicles; v++) {
		struct route *route = &s->next.routes[v];
		uint32_t n = 0;
		if (!(s->touched >> v & 1))
			continue;
		for (uint32_t k = 0; k < route->n; k++) {
			uint32_t item = item_of(s, route->task[k]);
			if (item == NONE || !s->is_out[item])
				route->task[n++] = route->task[k];
		}
		route->n = n;
		measure(s, &s->next, v);
	}
}

/* ---- the search ---- */

static void start(struct plans *s)
{
	const struct problem *p = s->problem;
	memset(&s->now, 0, sizeof s->now);
	s->n_items = 0;
	for (uint32_t v = 0; v < p->n_vehicles; v++) {
		struct route *route = &s->now.routes[v];
		route->n = p->vehicles[v].n;
		for (uint32_t k = 0; k < route->n; k++)
			route->task[k] = (uint8_t)(p->vehicles[v].first + k);
		measure(s, &s->now, v);
	}
	for (uint32_t t = 0; t < p->n_tasks; t++) {
		const struct problem_task *task = &p->tasks[t];
		if (task->step.kind != WIRE_DROPOFF || task->at < p->vehicles[task->vehicle].first_free)
			continue;
		s->items[s->n_items++] = (uint8_t)t;
		s->now.vehicle[t] = (uint8_t)task->vehicle;
	}
	s->first = s->best = s->now;
}

/* The routes of `from` that a trial has touched. */
static void copy(struct state *to, const struct state *from, uint32_t touched)
{
	for (uint32_t v = 0; touched >> v; v++)
		if (touched >> v & 1)
			to->routes[v] = from->routes[v];
	memcpy(to->vehicle, from->vehicle, sizeof to->vehicle);
	to->cost = from->cost;
}

static void search(struct plans *s, uint32_t iterations)
{
	const int64_t hot = (int64_t)s->problem->settings.weight_vehicle * HOT_MS;
	memset(s->is_out, 0, sizeof s->is_out);
	s->next = s->now;
	for (uint32_t i = 0; i < iterations && s->n_items; i++) {
		s->touched = 0;
		ruin(s);
		int whole = recreate(s);
		for (uint32_t k = 0; k < s->n_out; k++)
			s->is_out[s->out[k]] = 0;
		int64_t more = hot * (iterations - i) / iterations * rng_below(&s->rng, 1001) / 1000;
		if (!whole || s->next.cost >= s->now.cost + more) {
			copy(&s->next, &s->now, s->touched);
			continue;
		}
		copy(&s->now, &s->next, s->touched);
		if (s->now.cost < s->best.cost)
			s->best = s->now;
	}
}

/* ---- the answer ---- */

static uint32_t root_of(const uint8_t *parent, uint32_t v)
{
	while (parent[v] != v)
		v = parent[v];
	return v;
}

static int is_changed(const struct plans *s, uint32_t v)
{
	const struct route *route = &s->best.routes[v];
	if (route->n != s->problem->vehicles[v].n)
		return 1;
	for (uint32_t k = 0; k < route->n; k++)
		if (route->task[k] != s->problem->vehicles[v].first + k)
			return 1;
	return 0;
}

static void add_plan(const struct plans *s, struct cmd_improve *command, uint32_t *n_tasks, uint32_t v)
{
	const struct problem_vehicle *vehicle = &s->problem->vehicles[v];
	const struct route *route = &s->best.routes[v];
	command->vehicle[command->n] = vehicle->number;
	command->epoch[command->n] = vehicle->epoch;
	command->version[command->n] = vehicle->version;
	command->n_tasks[command->n++] = route->n;
	for (uint32_t k = 0; k < route->n; k++)
		command->ride[(*n_tasks)++] = task_of(s, route->task[k])->ride;
}

/* Vehicles that exchange riders belong together; each such group is a proposal of its own. */
static void answer(const struct plans *s, struct plans_answer *ret)
{
	const struct problem *p = s->problem;
	uint8_t group[PROBLEM_VEHICLES_MAX];
	for (uint32_t v = 0; v < p->n_vehicles; v++)
		group[v] = (uint8_t)v;
	for (uint32_t i = 0; i < s->n_items; i++) {
		uint32_t a = root_of(group, task_of(s, s->items[i])->vehicle);
		uint32_t b = root_of(group, s->best.vehicle[s->items[i]]);
		group[a > b ? a : b] = (uint8_t)(a > b ? b : a);
	}
	ret->n = 0;
	for (uint32_t root = 0; root < p->n_vehicles; root++) {
		struct cmd_improve *command = &ret->proposals[ret->n].command;
		uint32_t n_tasks = 0, n_moved = 0;
		int64_t saved = 0;
		memset(command, 0, sizeof *command);
		for (uint32_t v = 0; v < p->n_vehicles; v++) {
			if (root_of(group, v) != root || !is_changed(s, v))
				continue;
			add_plan(s, command, &n_tasks, v);
			saved -= s->best.routes[v].cost;
			for (uint32_t k = 0; k < s->best.routes[v].n; k++)
				n_moved += task_of(s, s->best.routes[v].task[k])->step.kind == WIRE_PICKUP &&
					   task_of(s, s->best.routes[v].task[k])->vehicle != v;
			saved += s->first.routes[v].cost;
		}
		ret->proposals[ret->n].saved = saved;
		ret->proposals[ret->n].n_moved = n_moved;
		ret->n += command->n && saved > 0;
	}
}

void plans_improve(struct plans *s, const struct problem *problem, const struct plans_options *options,
		   struct plans_answer *ret_answer)
{
	s->problem = problem;
	rng_seed(&s->rng, options->seed);
	s->move_cost = (int64_t)problem->settings.weight_wait * options->move_ms;
	start(s);
	search(s, options->iterations);
	answer(s, ret_answer);
}
