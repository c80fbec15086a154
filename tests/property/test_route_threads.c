// link: zub_compile zub_route_threads zub_route zub_city zub_base
/* One metric, several threads: each with a query object and pins of its own gets what one thread alone gets, while the
 * others ask too (run it under the thread sanitizer to see races); metrics made by several threads; matrices by rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "order.h"
#include "route_twin.h"

#define SIDE 30u
#define NODES (SIDE * SIDE)
#define ARCS (4 * SIDE * (SIDE - 1))
#define TURNS ARCS
#define THREADS 3
#define SPOTS 40

struct grid {
	struct network network;
	uint32_t first_out[NODES + 1], out_arc[ARCS], tail[ARCS], head[ARCS], dist[ARCS], time[ARCS], back[ARCS];
	uint32_t turn_first[TURNS + 1], turn_arcs[2 * TURNS];
	int32_t turn_cost[TURNS];
	uint8_t turn_mask[TURNS];
};

static void street(struct grid *grid, uint32_t a, uint32_t b, struct rng *rng)
{
	struct network *network = &grid->network;
	for (int i = 0; i < 2; i++) {
		uint32_t arc = network->n_arcs++;
		grid->tail[arc] = i ? b : a;
		grid->head[arc] = i ? a : b;
		grid->back[arc] = i ? arc - 1 : arc + 1;
		grid->dist[arc] = 20000 + rng_below(rng, 80000);
		grid->time[arc] = rng_chance(rng, 20) ? TIME_INFINITE : 2000 + rng_below(rng, 9000);
	}
	uint32_t turn = network->n_turns++; /* no U-turn at b */
	grid->turn_arcs[network->n_turn_arcs++] = network->n_arcs - 2;
	grid->turn_arcs[network->n_turn_arcs++] = network->n_arcs - 1;
	grid->turn_first[turn + 1] = network->n_turn_arcs;
	grid->turn_cost[turn] = -1;
	grid->turn_mask[turn] = 1;
}

static void grid_make(struct grid *grid, struct rng *rng)
{
	struct network *network = &grid->network;
	*network = (struct network){.n_nodes = NODES, .n_classes = 1};
	for (uint32_t y = 0; y < SIDE; y++)
		for (uint32_t x = 0; x < SIDE; x++) {
			if (x + 1 < SIDE)
				street(grid, y * SIDE + x, y * SIDE + x + 1, rng);
			if (y + 1 < SIDE)
				street(grid, y * SIDE + x, (y + 1) * SIDE + x, rng);
		}
	uint32_t n = 0;
	for (uint32_t node = 0; node < NODES; node++) {
		grid->first_out[node] = n;
		for (uint32_t arc = 0; arc < network->n_arcs; arc++)
			if (grid->tail[arc] == node)
				grid->out_arc[n++] = arc;
	}
	grid->first_out[NODES] = n;
	network->first_out = grid->first_out;
	network->out_arc = grid->out_arc;
	network->tail = grid->tail;
	network->head = grid->head;
	network->dist_mm = grid->dist;
	network->reverse_arc = grid->back;
	network->time_ms = grid->time;
	network->turn_first = grid->turn_first;
	network->turn_arcs = grid->turn_arcs;
	network->turn_cost_ms = grid->turn_cost;
	network->turn_mask = grid->turn_mask;
}

struct asker {
	pthread_t thread;
	struct twin *twin;
	struct arena arena;
	struct route_query *query;
	struct route_pins *pins;
	const struct spot *from, *to;
	uint64_t sum;
};

static void asker_open(struct asker *asker, struct twin *twin, const struct spot *from, const struct spot *to)
{
	*asker = (struct asker){.twin = twin, .from = from, .to = to};
	assert_int_equal(
		arena_open(&asker->arena, route_query_size(twin->graph) + route_pins_size(twin->network, SPOTS)), 0);
	assert_int_equal(route_query_open(&asker->query, twin->graph, &asker->arena), 0);
	assert_int_equal(route_pins_open(&asker->pins, twin->graph, &twin->fast, SPOTS, 0, &asker->arena), 0);
}

static void mix(struct asker *asker, struct route_result result)
{
	asker->sum = (asker->sum ^ ((uint64_t)result.time_ms << 32 | result.dist_mm)) * 0x9e3779b97f4a7c15;
	asker->sum ^= asker->sum >> 29;
}

/* Every kind of query; the sum tells whether all answers were the same. */
static void *ask(void *context)
{
	struct asker *asker = context;
	struct route_result results[SPOTS];
	uint32_t arcs[2000], n;
	for (uint32_t j = 0; j < SPOTS; j++)
		route_pins_set(asker->pins, j, asker->to[j]);
	for (uint32_t i = 0; i < SPOTS; i++) {
		route_to_many(asker->query, &asker->twin->fast, asker->from[i], asker->to, SPOTS, results);
		mix(asker, results[i]);
		route_pins_query(asker->pins, asker->query, asker->from[i], results);
		for (uint32_t j = 0; j < SPOTS; j++)
			mix(asker, results[j]);
		route_from_many(asker->query, &asker->twin->fast, asker->from, SPOTS, asker->to[i], results);
		mix(asker, results[0]);
		mix(asker, route_one(asker->query, &asker->twin->plain, asker->from[i], asker->to[i]));
		if (!route_path(asker->query, &asker->twin->fast, asker->from[i], asker->to[i], results, arcs, &n,
				2000))
			mix(asker, (struct route_result){n, arcs[n / 2]});
	}
	return NULL;
}

static void same_answers(void **state)
{
	static struct grid grid;
	static struct route_result alone[SPOTS * SPOTS], shared[SPOTS * SPOTS];
	struct asker askers[THREADS + 1];
	struct spot from[SPOTS], to[SPOTS];
	struct route_query *queries[THREADS];
	struct build build;
	struct twin twin;
	struct rng rng;
	(void)state;
	rng_seed(&rng, 20260107);
	grid_make(&grid, &rng);
	assert_int_equal(build_open(&build), 0);
	assert_int_equal(order_build(&build, &grid.network), 0);
	twin_open(&twin, &grid.network);
	twin_class(&twin, 0); /* compares metrics made by one and by several threads */
	for (int i = 0; i < SPOTS; i++) {
		from[i] = twin_spot(&twin, &rng);
		to[i] = twin_spot(&twin, &rng);
	}
	for (int i = 0; i <= THREADS; i++)
		asker_open(&askers[i], &twin, from, to);
	ask(&askers[THREADS]);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_true(askers[i].sum == askers[THREADS].sum);
		queries[i] = askers[i].query;
	}
	route_matrix(twin.query, &twin.fast, from, SPOTS, to, SPOTS, alone);
	route_threads_matrix(queries, THREADS, &twin.fast, from, SPOTS, to, SPOTS, shared);
	assert_memory_equal(alone, shared, sizeof alone);
	for (int i = 0; i <= THREADS; i++)
		arena_close(&askers[i].arena);
	twin_close(&twin);
	build_close(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(same_answers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
