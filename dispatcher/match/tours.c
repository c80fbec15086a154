#include "tours_state.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"

size_t tours_size(const struct route_graph *graph, const struct tours_options *options)
{
	size_t vehicles = options->n_vehicles, riders = options->riders_most;
	return sizeof(struct tours) + places_size(graph, options) + vehicles * (2 * sizeof(struct tour) + 72) +
	       2 * vehicles * options->plan_most * sizeof(struct task) + riders * (sizeof(struct tours_rider) + 32) +
	       1024;
}

static int columns_open(struct tours *tours, struct arena *arena)
{
	size_t vehicles = tours->n_vehicles, riders = tours->options.riders_most;
	tours->tour = arena_take(arena, vehicles, sizeof *tours->tour);
	tours->task = arena_take(arena, vehicles * tours->options.plan_most, sizeof *tours->task);
	tours->old_tour = arena_take(arena, vehicles, sizeof *tours->old_tour);
	tours->old_task = arena_take(arena, vehicles * tours->options.plan_most, sizeof *tours->old_task);
	tours->old_cost = arena_take(arena, vehicles, sizeof *tours->old_cost);
	tours->ready = arena_take(arena, vehicles, sizeof *tours->ready);
	tours->candidate = arena_take(arena, vehicles, sizeof *tours->candidate);
	tours->touched = arena_take(arena, vehicles, sizeof *tours->touched);
	tours->rider = arena_take(arena, riders, sizeof *tours->rider);
	tours->open = arena_take(arena, riders, sizeof *tours->open);
	tours->unused = arena_take(arena, riders, sizeof *tours->unused);
	tours->removed = arena_take(arena, riders, sizeof *tours->removed);
	tours->old_vehicle = arena_take(arena, riders, sizeof *tours->old_vehicle);
	tours->key = arena_take(arena, riders, sizeof *tours->key);
	if (!tours->tour || !tours->task || !tours->old_tour || !tours->old_task || !tours->old_cost || !tours->ready ||
	    !tours->candidate || !tours->touched || !tours->rider || !tours->open || !tours->unused ||
	    !tours->removed || !tours->old_vehicle || !tours->key)
		return ERR_MEMORY;
	for (uint32_t r = tours->options.riders_most; r-- > 0;)
		tours->unused[tours->n_unused++] = r;
	return heap_open(&tours->events, arena, tours->n_vehicles);
}

int tours_open(struct tours **ret_tours, const struct route_graph *graph, const struct route_metric *metric,
	       const struct tours_options *options, struct arena *arena)
{
	struct tours *tours = arena_take(arena, 1, sizeof *tours);
	if (!tours)
		return ERR_MEMORY;
	if (options->n_vehicles == 0 || options->plan_most < 2 || options->riders_most == 0 ||
	    options->riders_most > 1u << 20 || options->n_vehicles > 1u << 24 ||
	    route_graph_network(graph)->n_turns > 0)
		return ERR_RANGE;
	*tours = (struct tours){.options = *options,
				.stop = (int32_t)options->rules.stop,
				.n_vehicles = options->n_vehicles,
				.n_places = 2 * options->riders_most,
				.n_columns = options->n_vehicles + 2 * options->riders_most,
				.label_most = route_hubs_label_most(graph)};
	rng_seed(&tours->rng, options->seed);
	int code = places_open(tours, graph, metric, arena);
	if (!code)
		code = columns_open(tours, arena);
	if (!code)
		*ret_tours = tours;
	return code;
}

void tours_listen(struct tours *tours, const struct tours_listener *listener)
{
	tours->listener = *listener;
}

void tours_vehicle(struct tours *tours, uint32_t vehicle, uint32_t arc, uint32_t seats, int32_t start, int32_t end)
{
	tours->tour[vehicle] = (struct tour){.seats = seats,
					     .end = end,
					     .arc = arc,
					     .came = start,
					     .leave = start,
					     .heading = NONE,
					     .turn_asked = -1};
	places_start(tours, vehicle);
}

uint32_t tours_open_riders(const struct tours *tours)
{
	return tours->n_open;
}

uint32_t tours_waiting(const struct tours *tours)
{
	return tours->n_waiting;
}

struct tours_counts tours_counts(const struct tours *tours)
{
	return tours->counts;
}

uint32_t tours_plan(const struct tours *tours, uint32_t vehicle, struct tours_task *ret_tasks, uint32_t most)
{
	const struct task *task = tours_tasks(tours, vehicle);
	uint32_t n = tours->tour[vehicle].n;
	for (uint32_t k = 0; k < n && k < most; k++)
		ret_tasks[k] = (struct tours_task){tours->rider[task[k].place / 2].number, (int)(task[k].place & 1),
						   task[k].departure};
	return n;
}

/* --- riders come and go --- */

static void swap_open(struct tours *tours, uint32_t a, uint32_t b)
{
	uint32_t rider = tours->open[a];
	tours->open[a] = tours->open[b];
	tours->open[b] = rider;
	tours->rider[tours->open[a]].listed = a;
	tours->rider[tours->open[b]].listed = b;
}

static void rider_open(struct tours *tours, uint32_t rider)
{
	tours->open[tours->n_open] = rider;
	tours->rider[rider].listed = tours->n_open;
	swap_open(tours, tours->n_open++, tours->n_waiting++);
	tours->rider[rider].state = RIDER_WAITS;
}

static void rider_board(struct tours *tours, uint32_t rider)
{
	swap_open(tours, tours->rider[rider].listed, --tours->n_waiting);
	tours->rider[rider].state = RIDER_ABOARD;
}

static void rider_end(struct tours *tours, uint32_t rider)
{
	swap_open(tours, tours->rider[rider].listed, --tours->n_open);
	tours->rider[rider].state = RIDER_NONE;
	tours->unused[tours->n_unused++] = rider;
}

/* --- what happens by itself --- */

static void say_leg(struct tours *tours, uint32_t vehicle, uint32_t to, int32_t arrival, int is_turn)
{
	const struct tour *tour = &tours->tour[vehicle];
	struct tours_leg leg = {.vehicle = vehicle,
				.from = tour->arc,
				.to = to,
				.departure = tour->leave,
				.arrival = arrival,
				.is_turn = is_turn,
				.was_going = tour->heading,
				.decided = tours->now};
	if (tours->listener.drove)
		tours->listener.drove(tours->listener.context, &leg);
}

static void say_visit(struct tours *tours, uint32_t vehicle, uint32_t place)
{
	const struct tour *tour = &tours->tour[vehicle];
	struct tours_visit visit = {.vehicle = vehicle,
				    .rider = tours->rider[place / 2].number,
				    .arc = tours->place[place].arc,
				    .is_dropoff = (int)(place & 1),
				    .arrival = tour->came,
				    .departure = tour->leave};
	if (tours->listener.visited)
		tours->listener.visited(tours->listener.context, &visit);
}

static void visit(struct tours *tours, uint32_t vehicle, uint32_t place)
{
	struct tour *tour = &tours->tour[vehicle];
	say_visit(tours, vehicle, place);
	if (place & 1) {
		tour->aboard--;
		rider_end(tours, place / 2);
	} else {
		tour->aboard++;
		rider_board(tours, place / 2);
	}
}

static void heading_set(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	const struct task *task = tours_tasks(tours, vehicle);
	tour->heading = NONE;
	if (tour->n == 0)
		return;
	tour->heading = tours->place[task[0].place].arc;
	tour->heading_arrival = task[0].departure - tours->stop;
	heap_push(&tours->events, vehicle, (uint64_t)tour->heading_arrival);
}

/* The next stop, with all tasks that share it. */
static void reach(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	struct task *task = tours_tasks(tours, vehicle);
	uint32_t n = 1, arc = tours->place[task[0].place].arc;
	while (n < tour->n && task[n].departure == task[0].departure)
		n++;
	say_leg(tours, vehicle, arc, task[0].departure - tours->stop, 0);
	tour->arc = arc;
	tour->came = task[0].departure - tours->stop;
	tour->leave = task[0].departure;
	tour->is_stop = 1;
	tour->turn_asked = -1;
	places_reached(tours, vehicle, task[0].place);
	for (uint32_t k = 0; k < n; k++)
		visit(tours, vehicle, task[k].place);
	tour->n -= n;
	memmove(task, task + n, tour->n * sizeof *task);
	heading_set(tours, vehicle);
}

void tours_advance(struct tours *tours, int32_t now)
{
	struct heap *events = &tours->events;
	while (events->n > 0 && (int64_t)events->keys[0] < now) {
		uint32_t vehicle = heap_pop(events, NULL);
		while (tours->tour[vehicle].n > 0 && tours->tour[vehicle].heading_arrival < now)
			reach(tours, vehicle);
		if (tours->tour[vehicle].n > 0)
			heap_push(events, vehicle, (uint64_t)tours->tour[vehicle].heading_arrival);
	}
	tours->now = now;
}

void tours_tell(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	const struct task *task = tours_tasks(tours, vehicle);
	uint32_t next = tour->n ? tours->place[task[0].place].arc : NONE;
	if (tours_is_driving(tours, tour) && next != tour->heading) {
		struct route_hub_place turn = places_turn(tours, vehicle);
		places_turned(tours, vehicle);
		say_leg(tours, vehicle, turn.arc, turn.time, 1);
		tour->arc = turn.arc;
		tour->came = tour->leave = turn.time;
		tour->is_stop = 0;
		tour->turn_asked = -1;
		tours->counts.turns++;
	} else if (tour->heading == NONE && tour->n > 0 && tour->leave < tours->now) {
		tour->leave = tours->now;
	}
	heading_set(tours, vehicle);
}

/* --- requests --- */

void tours_weigh(struct tours *tours)
{
	const struct tours_options *options = &tours->options;
	uint64_t crowd = (uint64_t)options->crowd_permille * tours->n_waiting / tours->n_vehicles;
	tours->drive_permille = options->drive_permille + (uint32_t)crowd;
	for (uint32_t v = 0; v < tours->n_vehicles; v++) {
		const struct tour *tour = &tours->tour[v];
		int is_past = tour->heading == NONE && tour->leave < tours->now;
		tours->ready[v] = is_past ? tours->now : tour->leave;
	}
}

static void promise(struct tours *tours, uint32_t rider, const struct tours_answer *planned,
		    struct tours_answer *ret_answer)
{
	struct tours_place *pickup = &tours->place[2 * rider], *dropoff = pickup + 1;
	int32_t extra = (int32_t)tours->options.promise_extra;
	int32_t arrival_most = dropoff->knee - tours->stop;
	pickup->limit = pickup->knee > planned->departure + extra ? pickup->knee : planned->departure + extra;
	*ret_answer = *planned;
	ret_answer->arrival_most = arrival_most > planned->arrival + extra ? arrival_most : planned->arrival + extra;
	dropoff->limit = ret_answer->arrival_most + tours->stop;
	ret_answer->departure_most = pickup->limit;
	ret_answer->direct = tours->rider[rider].direct;
}

static void rider_make(struct tours *tours, uint32_t rider, const struct match_request *request, uint32_t number)
{
	const struct match_rules *rules = &tours->options.rules;
	struct tours_place *pickup = &tours->place[2 * rider], *dropoff = pickup + 1;
	struct tours_rider *it = &tours->rider[rider];
	*it = (struct tours_rider){.number = number, .vehicle = NONE, .time = request->time};
	*pickup = (struct tours_place){.arc = request->from, .limit = INT32_MAX / 2};
	*dropoff = (struct tours_place){.arc = request->to, .limit = INT32_MAX / 2};
	rider_open(tours, rider);
	places_add(tours, rider);
	it->direct = tours_row_from(tours, 2 * rider)[2 * rider + 1] - tours->stop;
	if (it->direct >= ROUTE_HUB_FAR)
		return;
	pickup->knee = request->time + (int32_t)rules->wait_most;
	dropoff->knee = request->time + (int32_t)((int64_t)it->direct * rules->trip_permille / 1000) +
			(int32_t)rules->trip_extra + tours->stop;
}

static int joins_stop(const struct tours *tours, uint32_t rider, const struct plan_spot *spot)
{
	const struct tour *tour = &tours->tour[spot->vehicle];
	return spot->i == 0 && tour->is_stop && tour->leave > tours->now && tour->arc == tours->place[2 * rider].arc;
}

static struct tours_answer planned_of(const struct tours *tours, uint32_t rider, const struct plan_spot *spot,
				      int joins)
{
	struct tours_answer planned = {.vehicle = spot->vehicle, .cost = spot->cost};
	const struct tour *tour = &tours->tour[spot->vehicle];
	const struct task *task = tours_tasks(tours, spot->vehicle);
	planned.departure = tour->leave;
	for (uint32_t k = 0; k < tour->n; k++) {
		if (!joins && task[k].place == 2 * rider)
			planned.departure = task[k].departure;
		if (task[k].place == 2 * rider + 1)
			planned.arrival = task[k].departure - tours->stop;
	}
	return planned;
}

int tours_request(struct tours *tours, const struct match_request *request, uint32_t rider,
		  struct tours_answer *ret_answer)
{
	assert(request->from != request->to);
	if (tours->n_unused == 0)
		return ERR_FULL;
	uint32_t r = tours->unused[--tours->n_unused];
	tours_weigh(tours);
	rider_make(tours, r, request, rider);
	struct plan_spot spot = {.vehicle = NONE};
	if (tours->rider[r].direct < ROUTE_HUB_FAR)
		spot = plan_find(tours, r, 1, 0);
	if (spot.vehicle == NONE) {
		rider_board(tours, r);
		rider_end(tours, r);
		return ERR_UNREACHABLE;
	}
	int joins = joins_stop(tours, r, &spot);
	if (joins) {
		tours->rider[r].vehicle = spot.vehicle;
		visit(tours, spot.vehicle, 2 * r);
	}
	int code = plan_insert(tours, r, &spot);
	assert(!code);
	if (joins)
		plan_measure(tours, spot.vehicle, 0);
	struct tours_answer planned = planned_of(tours, r, &spot, joins);
	promise(tours, r, &planned, ret_answer);
	plan_measure(tours, spot.vehicle, 0);
	tours_tell(tours, spot.vehicle);
	return ERR_OK;
}
