// link: zub_match zub_compile zub_route zub_city zub_base
/* Tours improved all day, on random streets. Each answer is held to all insertions, tried one by one with schedules
 * built from scratch on Dijkstra times; no improvement makes the sum greater; what the fleet did in the end is checked
 * by the rules alone (tours_log.h): no promise is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "arena.h"
#include "err.h"
#include "match_streets.h"
#include "match_twin.h"
#include "order.h"
#include "route.h"
#include "tours_log.h"

#define VEHICLES_MAX 6
#define REQUESTS 40
#define WORLDS 150
#define PLAN_MOST 24
#define FAR_AWAY INT64_C(0x3fffffff)

/* What the checker knows of a vehicle: from the log, and what it was told last. */
struct seen {
	struct log_vehicle at;
	uint32_t n;
	struct tours_task task[PLAN_MOST + 2];
};

struct world {
	struct streets streets;
	struct arena arena, tours_arena;
	struct route_graph *graph;
	struct route_weights *weights;
	struct route_metric metric;
	struct tours_options options;
	struct tours *tours;
	struct tours_log log;
	struct matcher_twin twin; /* for its searches */
	struct seen seen[VEHICLES_MAX], trial;
	uint32_t n_read; /* rows of the log */
	int32_t now;
	int64_t drive; /* what vehicle time weighs, * 1000 */
	int64_t far[NODES_MAX][NODES_MAX];
	uint32_t taken, refused, joined, turned, better;
};

static int64_t way(void *context, uint32_t from, uint32_t to)
{
	const struct world *world = context;
	const struct network *network = &world->streets.network;
	int64_t far = world->far[network->head[from]][network->tail[to]];
	return from == to ? 0 : far >= FAR_AWAY ? FAR_AWAY : far + world->streets.time[to];
}

static void ways_make(struct world *world)
{
	const struct network *network = &world->streets.network;
	for (uint32_t v = 0; v < network->n_nodes; v++) {
		twin_search(&world->twin, &world->twin.leg, v, 0, NONE);
		for (uint32_t w = 0; w < network->n_nodes; w++)
			world->far[v][w] = world->twin.leg.far[w];
	}
}

/* --- schedules from scratch --- */

static void seen_set(struct world *world)
{
	for (; world->n_read < world->log.n; world->n_read++) {
		const struct log_row *row = &world->log.row[world->n_read];
		struct log_vehicle *at = &world->seen[row->is_visit ? row->visit.vehicle : row->leg.vehicle].at;
		if (row->is_visit) {
			at->leave = row->visit.departure;
			at->is_stop = 1;
			at->aboard += row->visit.is_dropoff ? -1u : 1;
			continue;
		}
		at->arc = row->leg.to;
		at->came = at->leave = row->leg.arrival;
		at->is_stop = 0;
	}
	for (uint32_t v = 0; v < world->options.n_vehicles; v++) {
		struct seen *seen = &world->seen[v];
		uint32_t was = seen->n;
		seen->n = tours_plan(world->tours, v, seen->task, PLAN_MOST);
		if (was == 0 && seen->n > 0 && seen->at.leave < world->now)
			seen->at.leave = world->now; /* it stood idle until now */
	}
}

static uint32_t arc_of_task(const struct world *world, const struct tours_task *task)
{
	const struct match_request *request = &world->log.rider[task->rider].request;
	return task->is_dropoff ? request->to : request->from;
}

/* Where it is when it is to go elsewhere than it is heading. */
static struct twin_stop turn_of_vehicle(struct world *world, const struct seen *seen)
{
	struct twin_stop stops[2] = {{seen->at.arc, seen->at.came, seen->at.leave}, {0, 0, 0}};
	struct twin_vehicle vehicle = {.n_stops = 1, .stop = stops};
	if (seen->n && arc_of_task(world, &seen->task[0]) != seen->at.arc) {
		vehicle.n_stops = 2;
		stops[1].arc = arc_of_task(world, &seen->task[0]);
		stops[1].arrival = seen->task[0].departure - (int32_t)world->options.rules.stop;
	}
	struct twin_stop at = twin_current(&world->twin, &vehicle, world->now);
	free(vehicle.path);
	return at;
}

static int joins(const struct world *world, const struct seen *old, uint32_t rider)
{
	return old->at.is_stop && old->at.leave > world->now && old->at.arc == world->log.rider[rider].request.from;
}

/* Times of trial's tasks; the rider of task 0 gets on where the vehicle stands if is_joined. */
static void times_set(struct world *world, const struct seen *old, struct seen *trial, int is_joined)
{
	int64_t stop = world->options.rules.stop, leave = old->at.leave;
	uint32_t arc = old->at.arc;
	for (uint32_t k = 0; k < trial->n; k++) {
		uint32_t next = arc_of_task(world, &trial->task[k]);
		int is_same_heading = old->n > 0 && next == arc_of_task(world, &old->task[0]);
		if (k == 0 && is_joined) {
			trial->task[0].departure = (int32_t)leave;
			continue;
		}
		if ((k == 0 || (k == 1 && is_joined)) && !is_same_heading) {
			struct twin_stop turn = turn_of_vehicle(world, old);
			arc = turn.arc;
			leave = turn.departure;
		}
		int64_t by = way(world, arc, next);
		if (by > 0 || k == 0 || (k == 1 && is_joined))
			leave += by + stop;
		trial->task[k].departure = (int32_t)(leave < FAR_AWAY ? leave : FAR_AWAY);
		arc = next;
	}
}

static int64_t knee_of(const struct world *world, const struct tours_task *task)
{
	const struct match_rules *rules = &world->options.rules;
	const struct match_request *request = &world->log.rider[task->rider].request;
	int64_t direct = way((void *)world, request->from, request->to);
	if (!task->is_dropoff)
		return (int64_t)request->time + rules->wait_most;
	return request->time + direct * rules->trip_permille / 1000 + rules->trip_extra;
}

static int64_t cost_of(struct world *world, const struct seen *seen)
{
	int64_t stop = world->options.rules.stop, riders = 0;
	int64_t end = seen->at.leave > world->now ? seen->at.leave : world->now;
	for (uint32_t k = 0; k < seen->n; k++) {
		const struct tours_task *task = &seen->task[k];
		end = task->departure;
		if (!task->is_dropoff)
			riders += log_over(end, knee_of(world, task));
		else
			riders += end - stop - world->log.rider[task->rider].request.time +
				  world->options.rules.late_weight * log_over(end - stop, knee_of(world, task));
	}
	return 1000 * riders + world->drive * end;
}

static void weigh(struct world *world)
{
	world->drive = world->options.drive_permille +
		       (int64_t)world->options.crowd_permille * tours_waiting(world->tours) / world->options.n_vehicles;
}

static int64_t cost_of_all(struct world *world)
{
	int64_t sum = 0;
	for (uint32_t v = 0; v < world->options.n_vehicles; v++)
		sum += cost_of(world, &world->seen[v]);
	return sum;
}

/* The promises of all but the new rider, seats, end of service. */
static int is_allowed(const struct world *world, const struct seen *trial, uint32_t new_rider)
{
	uint32_t aboard = trial->at.aboard;
	for (uint32_t k = 0; k < trial->n; k++) {
		const struct tours_task *task = &trial->task[k];
		const struct tours_answer *answer = &world->log.rider[task->rider].answer;
		int32_t limit = task->is_dropoff ? answer->arrival_most + (int32_t)world->options.rules.stop
						 : answer->departure_most;
		aboard += task->is_dropoff ? -1u : 1;
		if (aboard > trial->at.seats || (task->rider != new_rider && task->departure > limit))
			return 0;
	}
	return trial->n == 0 || trial->task[trial->n - 1].departure <= trial->at.end;
}

/* --- all insertions --- */

struct found {
	int64_t cost;
	uint32_t vehicle;
};

static void try_pair(struct world *world, uint32_t v, uint32_t rider, uint32_t i, uint32_t j, struct found *found)
{
	const struct seen *old = &world->seen[v];
	struct seen *trial = &world->trial;
	int is_joined = i == 0 && joins(world, old, rider);
	trial->at = old->at;
	trial->n = 0;
	for (uint32_t k = 0; k <= old->n; k++) {
		if (k == i)
			trial->task[trial->n++] = (struct tours_task){rider, 0, 0};
		if (k == j)
			trial->task[trial->n++] = (struct tours_task){rider, 1, 0};
		if (k < old->n)
			trial->task[trial->n++] = old->task[k];
	}
	times_set(world, old, trial, is_joined);
	if (!is_allowed(world, trial, rider))
		return;
	int64_t cost = cost_of(world, trial) - cost_of(world, old);
	if (cost < found->cost)
		*found = (struct found){cost, v};
}

static struct found find_all(struct world *world, uint32_t rider)
{
	struct found found = {INT64_MAX, NONE};
	for (uint32_t v = 0; v < world->options.n_vehicles; v++)
		for (uint32_t i = 0; i <= world->seen[v].n && world->seen[v].n + 2 <= PLAN_MOST; i++)
			for (uint32_t j = i; j <= world->seen[v].n; j++)
				try_pair(world, v, rider, i, j, &found);
	return found;
}

/* --- the day --- */

static void improve(struct world *world, struct rng *rng)
{
	tours_advance(world->tours, world->now);
	seen_set(world);
	weigh(world);
	int64_t before = cost_of_all(world);
	uint64_t better = tours_counts(world->tours).better;
	tours_improve(world->tours, rng_below(rng, 40));
	seen_set(world);
	better = tours_counts(world->tours).better - better;
	int64_t after = cost_of_all(world);
	if (better > 0 && world->options.worse_most == 0)
		assert_true(after < before);
	if (better == 0 && world->options.worse_most == 0)
		assert_int_equal(after, before);
	world->better += (uint32_t)better;
}

static void serve(struct world *world, const struct match_request *request)
{
	uint32_t r = world->log.n_riders;
	struct log_rider *rider = &world->log.rider[r];
	world->now = request->time;
	tours_advance(world->tours, world->now);
	seen_set(world);
	*rider = (struct log_rider){.request = *request, .vehicle = NONE};
	weigh(world);
	int64_t before = cost_of_all(world);
	struct found found = {INT64_MAX, NONE};
	if (way(world, request->from, request->to) < FAR_AWAY)
		found = find_all(world, r);
	int code = tours_request(world->tours, request, r, &rider->answer);
	assert_int_equal(code, found.vehicle == NONE ? ERR_UNREACHABLE : ERR_OK);
	world->refused += code != ERR_OK;
	if (code)
		return;
	uint32_t joined = world->n_read;
	for (; joined < world->log.n && !world->log.row[joined].is_visit; joined++)
		;
	seen_set(world);
	if (rider->answer.cost != found.cost)
		print_message("request %u at %d: vehicle %u, cost %lld; of all: vehicle %u, %lld\n", r, world->now,
			      rider->answer.vehicle, (long long)rider->answer.cost, found.vehicle,
			      (long long)found.cost);
	assert_int_equal(rider->answer.cost, found.cost);
	assert_int_equal(rider->answer.vehicle, found.vehicle);
	if (joined < world->log.n) {
		world->joined++;
	} else {
		assert_int_equal(cost_of_all(world) - before, found.cost);
	}
	world->log.n_riders++;
	world->taken++;
}

/* One draw a statement: the same with every compiler. */
static void options_make(struct tours_options *options, struct rng *rng)
{
	*options = (struct tours_options){.plan_most = PLAN_MOST, .riders_most = REQUESTS};
	options->rules.stop = 1 + rng_below(rng, 25);
	options->rules.wait_most = rng_below(rng, 200);
	options->rules.trip_permille = 1000 + rng_below(rng, 1500);
	options->rules.trip_extra = rng_below(rng, 300);
	options->rules.late_weight = rng_below(rng, 12);
	options->promise_extra = rng_below(rng, 200);
	options->n_vehicles = 1 + rng_below(rng, VEHICLES_MAX);
	options->drive_permille = rng_below(rng, 5000);
	options->crowd_permille = rng_below(rng, 2000);
	if (rng_chance(rng, 300))
		options->worse_most = rng_below(rng, 500);
	options->seed = rng_next(rng);
}

static void vehicle_make(struct world *world, struct rng *rng, uint32_t v)
{
	struct log_vehicle *vehicle = &world->log.vehicle[v];
	*vehicle = (struct log_vehicle){.arc = streets_arc(&world->streets, rng), .end = 100000};
	vehicle->seats = 1 + rng_below(rng, 4);
	if (rng_chance(rng, 300))
		vehicle->start = (int32_t)rng_below(rng, 500);
	if (rng_chance(rng, 300))
		vehicle->end = 300 + (int32_t)rng_below(rng, 3000);
	tours_vehicle(world->tours, v, vehicle->arc, vehicle->seats, vehicle->start, vehicle->end);
	world->seen[v] = (struct seen){.at = *vehicle};
	world->seen[v].at.came = world->seen[v].at.leave = vehicle->start;
}

static void fleet_make(struct world *world, struct rng *rng)
{
	const struct network *network = &world->streets.network;
	options_make(&world->options, rng);
	assert_int_equal(arena_open(&world->arena, route_graph_size(network) + route_weights_size(network)), 0);
	assert_int_equal(route_graph_open(&world->graph, network, &world->arena), 0);
	assert_int_equal(route_weights_open(&world->weights, world->graph, &world->arena), 0);
	route_weights_set(world->weights, 0, world->streets.time);
	world->metric = (struct route_metric){0, world->streets.time, world->weights};
	assert_int_equal(arena_open(&world->tours_arena, tours_size(world->graph, &world->options)), 0);
	assert_int_equal(tours_open(&world->tours, world->graph, &world->metric, &world->options, &world->tours_arena),
			 0);
	log_open(&world->log, &world->options.rules, world->options.n_vehicles, REQUESTS);
	world->log.n_riders = 0;
	world->log.way = way;
	world->log.context = world;
	tours_listen(world->tours, &(struct tours_listener){log_drove, log_visited, &world->log});
	for (uint32_t v = 0; v < world->options.n_vehicles; v++)
		vehicle_make(world, rng, v);
}

static void day_run(struct world *world, struct rng *rng)
{
	uint32_t apart = 1 + rng_below(rng, 60), places = 2 + rng_below(rng, 60), place[64];
	struct match_request request = {0, 0, 0};
	for (uint32_t i = 0; i < places; i++)
		place[i] = streets_arc(&world->streets, rng);
	for (uint32_t i = 0; i < REQUESTS; i++) {
		request.time += (int32_t)rng_below(rng, apart);
		request.from = place[rng_below(rng, places)];
		do
			request.to = rng_chance(rng, 900) ? place[rng_below(rng, places)]
							  : streets_arc(&world->streets, rng);
		while (request.to == request.from);
		serve(world, &request);
		if (rng_chance(rng, 600))
			improve(world, rng);
	}
	for (int i = 0; tours_open_riders(world->tours) > 0; i++) {
		assert_true(i < 10000);
		world->now += 1 + (int32_t)rng_below(rng, 60);
		improve(world, rng);
	}
}

static void run_world(struct world *world, struct rng *rng)
{
	struct build build;
	assert_int_equal(build_open(&build), 0);
	streets_make(&world->streets, rng);
	assert_int_equal(order_build(&build, &world->streets.network), 0);
	struct match_rules rules = {0};
	twin_open(&world->twin, &world->streets.network, world->streets.time, &rules, 0);
	ways_make(world);
	fleet_make(world, rng);
	world->n_read = 0;
	world->now = 0;
	day_run(world, rng);
	assert_int_equal(log_check(&world->log, (int32_t)world->options.promise_extra), 0);
	world->turned += world->log.figures.turns;
	log_close(&world->log);
	twin_close(&world->twin);
	arena_close(&world->arena);
	arena_close(&world->tours_arena);
	build_close(&build);
}

static void random_days(void **state)
{
	(void)state;
	static struct world world;
	struct rng rng;
	uint64_t seed = streets_seed();
	print_message("seed %llu (ZUB_SEED)\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < WORLDS; i++)
		run_world(&world, &rng);
	print_message("%u taken, %u refused, %u at stops being made, %u turns, %u improvements\n", world.taken,
		      world.refused, world.joined, world.turned, world.better);
	assert_true(world.taken > WORLDS * REQUESTS / 2);
	assert_true(world.refused > 50 && world.joined > 20 && world.turned > 100 && world.better > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_days)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
