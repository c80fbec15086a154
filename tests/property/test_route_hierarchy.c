// link: zub_compile zub_route_threads zub_route zub_city zub_base
/* The contraction hierarchy against the plain search on tiny random networks that have all that is nasty: parallel
 * arcs, self loops, zero lengths, overlapping and repeated turn rows of up to four arcs, closed arcs, several classes,
 * islands; every order of the vertices is right, so METIS and random ones are tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "order.h"
#include "route_hubs.h"
#include "route_twin.h"

#define NODES_MAX 24
#define ARCS_MAX 60
#define TURNS_MAX 40
#define CLASSES 2
#define SPOTS 12

struct world {
	struct network network;
	uint32_t first_out[NODES_MAX + 1], out_arc[ARCS_MAX], tail[ARCS_MAX], head[ARCS_MAX], dist[ARCS_MAX],
		back[ARCS_MAX];
	uint32_t time[CLASSES * ARCS_MAX], turn_first[TURNS_MAX + 1], turn_arcs[TURNS_MAX * 4];
	int32_t turn_cost[TURNS_MAX];
	uint8_t turn_mask[TURNS_MAX];
};

static uint64_t seed_of_test(void)
{
	const char *text = getenv("ZUB_SEED");
	return text ? strtoull(text, NULL, 10) : 20260104;
}

static void world_index(struct world *world)
{
	struct network *network = &world->network;
	uint32_t n = 0;
	for (uint32_t node = 0; node < network->n_nodes; node++) {
		world->first_out[node] = n;
		for (uint32_t arc = 0; arc < network->n_arcs; arc++)
			if (world->tail[arc] == node)
				world->out_arc[n++] = arc;
	}
	world->first_out[network->n_nodes] = n;
	network->first_out = world->first_out;
	network->out_arc = world->out_arc;
	network->tail = world->tail;
	network->head = world->head;
	network->dist_mm = world->dist;
	network->reverse_arc = world->back;
	network->time_ms = world->time;
	network->turn_first = world->turn_first;
	network->turn_arcs = world->turn_arcs;
	network->turn_cost_ms = world->turn_cost;
	network->turn_mask = world->turn_mask;
}

/* A random drive of two to four arcs becomes a row. */
static void row_make(struct world *world, struct rng *rng)
{
	struct network *network = &world->network;
	uint32_t arc = rng_below(rng, network->n_arcs), length = 2 + rng_below(rng, 3), first = network->n_turn_arcs;
	world->turn_arcs[network->n_turn_arcs++] = arc;
	for (uint32_t i = 1; i < length; i++) {
		uint32_t node = world->head[arc], degree = world->first_out[node + 1] - world->first_out[node];
		if (degree == 0)
			break;
		arc = world->out_arc[world->first_out[node] + rng_below(rng, degree)];
		world->turn_arcs[network->n_turn_arcs++] = arc;
	}
	if (network->n_turn_arcs - first < 2) {
		network->n_turn_arcs = first;
		return;
	}
	uint32_t turn = network->n_turns++;
	world->turn_cost[turn] = rng_chance(rng, 500) ? -1 : (int32_t)rng_below(rng, 12);
	world->turn_mask[turn] = (uint8_t)(1 + rng_below(rng, 3));
	world->turn_first[turn + 1] = network->n_turn_arcs;
}

static void world_make(struct world *world, struct rng *rng)
{
	memset(world, 0, sizeof *world);
	struct network *network = &world->network;
	network->n_classes = CLASSES;
	network->n_nodes = 1 + rng_below(rng, NODES_MAX);
	network->n_arcs = 1 + rng_below(rng, ARCS_MAX);
	for (uint32_t arc = 0; arc < network->n_arcs; arc++) {
		int is_back = arc > 0 && rng_chance(rng, 400);
		world->tail[arc] = is_back ? world->head[arc - 1] : rng_below(rng, network->n_nodes);
		world->head[arc] = is_back ? world->tail[arc - 1] : rng_below(rng, network->n_nodes);
		world->back[arc] = is_back && world->back[arc - 1] == NONE ? arc - 1 : NONE;
		if (world->back[arc] != NONE)
			world->back[arc - 1] = arc;
		world->dist[arc] = rng_chance(rng, 100) ? 0 : rng_below(rng, 12);
		for (uint32_t class_index = 0; class_index < CLASSES; class_index++)
			world->time[class_index * network->n_arcs + arc] =
				rng_chance(rng, 60) ? TIME_INFINITE : rng_below(rng, 10);
	}
	world_index(world);
	uint32_t n = rng_chance(rng, 300) ? 0 : rng_below(rng, TURNS_MAX + 1);
	for (uint32_t i = 0; i < n; i++)
		row_make(world, rng);
}

/* Ways from ends of arcs to ends of arcs over common hubs, on from each hub, and places on the way. */
static void hubs_compare_pair(struct twin *twin, struct route_hubs *hubs, uint32_t from, uint32_t to)
{
	static struct route_hub labels[2][4096];
	static int32_t onward[4096];
	struct spot ends[2] = {{from, UINT32_MAX}, {to, UINT32_MAX}};
	struct route_result way = route_one(twin->query, &twin->plain, ends[0], ends[1]);
	uint32_t n = route_hubs_from(hubs, from, labels[0]), n_to = route_hubs_to(hubs, to, labels[1]);
	int32_t best = ROUTE_HUB_FAR, best_on = ROUTE_HUB_FAR;
	route_hubs_onward(hubs, labels[0], n, labels[1], n_to, onward);
	for (uint32_t i = 0; i < n; i++) {
		int32_t on = ROUTE_HUB_FAR;
		for (uint32_t j = 0; j < n_to; j++)
			if (labels[0][i].vertex == labels[1][j].vertex && labels[1][j].time < on)
				on = labels[1][j].time;
		assert_true(onward[i] <= on);
		best = labels[0][i].time + on < best ? labels[0][i].time + on : best;
		best_on = labels[0][i].time + onward[i] < best_on ? labels[0][i].time + onward[i] : best_on;
	}
	if (way.time_ms == TIME_INFINITE || twin->time_ms[from] == TIME_INFINITE) {
		assert_true(twin->time_ms[from] == TIME_INFINITE || best == ROUTE_HUB_FAR);
		return;
	}
	assert_int_equal(best, way.time_ms);
	assert_int_equal(best_on, way.time_ms);
	int32_t end = (int32_t)way.time_ms;
	assert_int_equal(route_hubs_along(hubs, from, to, end, end + 1).arc, to);
	for (int32_t after = 0, last = 0; after <= end; after++) {
		struct route_hub_place place = route_hubs_along(hubs, from, to, end, after);
		assert_in_range(place.time, after > last ? after : last, end);
		last = place.time;
	}
}

static void hubs_compare(struct twin *twin, struct rng *rng)
{
	struct arena arena;
	struct route_hubs *hubs;
	assert_int_equal(arena_open(&arena, route_hubs_size(twin->graph)), 0);
	assert_int_equal(route_hubs_open(&hubs, twin->graph, &twin->fast, &arena), 0);
	assert_true(route_hubs_label_most(twin->graph) <= 4096);
	for (int i = 0; i < SPOTS; i++) {
		uint32_t from = rng_below(rng, twin->network->n_arcs), to = rng_below(rng, twin->network->n_arcs);
		if (from != to && twin->network->dist_mm[to] > 0) /* a part of a road without length is no time */
			hubs_compare_pair(twin, hubs, from, to);
	}
	arena_close(&arena);
}

/* Is the reach what driving up to that arc and on it takes? */
static void reach_check(const struct twin *twin, struct spot from, uint32_t most_ms, const struct route_reach *reach,
			int is_own)
{
	const struct network *network = twin->network;
	struct spot tail = {reach->arc, 0};
	uint32_t dist = network->dist_mm[reach->arc], time = twin->time_ms[reach->arc];
	if (is_own)
		assert_int_equal(reach->time_ms, 0);
	else
		assert_int_equal(reach->time_ms, route_one(twin->query, &twin->plain, from, tail).time_ms);
	assert_true(reach->from_mm == (is_own ? from.offset_mm : 0) && reach->to_mm <= dist);
	uint64_t most = (uint64_t)most_ms - reach->time_ms;
	assert_true(network_share_ms(time, dist, reach->to_mm - reach->from_mm) <= most);
	if (reach->to_mm < dist)
		assert_true(network_share_ms(time, dist, reach->to_mm + 1 - reach->from_mm) > most);
}

/* What lies within reach of a spot, against one search for each arc. */
static void within_compare(const struct twin *twin, struct rng *rng)
{
	static struct route_reach reaches[ARCS_MAX + 1];
	const struct network *network = twin->network;
	struct spot from = {rng_below(rng, network->n_arcs), 0};
	uint32_t n, n_full, most_ms = rng_below(rng, 60), n_expected = 0;
	if (twin->time_ms[from.arc] == TIME_INFINITE || !network->dist_mm[from.arc])
		return;
	from.offset_mm = 1 + rng_below(rng, network->dist_mm[from.arc]);
	assert_int_equal(route_within(twin->query, &twin->fast, from, most_ms, reaches, &n, ARCS_MAX + 1), ERR_OK);
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		n_expected += twin->time_ms[arc] != TIME_INFINITE &&
			      route_one(twin->query, &twin->plain, from, (struct spot){arc, 0}).time_ms <= most_ms;
	assert_int_equal(n, 1 + n_expected); /* its own arc, and all others; that one again from behind */
	for (uint32_t i = 0, is_seen = 0; i < n; i++) {
		int is_own = reaches[i].arc == from.arc && !is_seen && reaches[i].from_mm == from.offset_mm;
		is_seen |= (uint32_t)is_own;
		reach_check(twin, from, most_ms, &reaches[i], is_own);
		assert_true(i == 0 || reaches[i].time_ms >= reaches[i - 1].time_ms);
	}
	assert_int_equal(route_within(twin->query, &twin->plain, from, most_ms, reaches, &n_full, n - 1), ERR_FULL);
	assert_int_equal(n_full, n);
}

static void world_compare(struct world *world, struct rng *rng)
{
	struct spot from[SPOTS], to[SPOTS];
	struct twin twin;
	twin_open(&twin, &world->network);
	for (uint32_t class_index = 0; class_index < CLASSES; class_index++) {
		twin_class(&twin, class_index);
		for (int round = 0; round < 3; round++) {
			for (int i = 0; i < SPOTS; i++) {
				from[i] = twin_spot(&twin, rng);
				to[i] = twin_spot(&twin, rng);
			}
			from[0].arc = NONE;
			to[1].arc = NONE;
			twin_compare(&twin, from, SPOTS, to, 1 + rng_below(rng, SPOTS), rng);
			if (round == 0)
				hubs_compare(&twin, rng);
			if (round == 0)
				within_compare(&twin, rng);
			if (round == 1)
				route_weights_trim(twin.weights);
			else
				twin_change(&twin, 1 + rng_below(rng, 4), rng);
		}
	}
	twin_close(&twin);
}

static void tiny_networks(void **state)
{
	(void)state;
	static struct world world;
	struct rng rng;
	uint64_t seed = seed_of_test();
	print_message("seed %llu (ZUB_SEED)\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < 4000; i++) {
		struct build build;
		assert_int_equal(build_open(&build), 0);
		world_make(&world, &rng);
		assert_int_equal(order_build(&build, &world.network), 0);
		assert_true(world.network.n_order > 0);
		world_compare(&world, &rng);
		build_close(&build);
	}
}

/* A square with known answers. */
static void by_hand(void **state)
{
	(void)state;
	static struct world world;
	struct network *network = &world.network;
	struct build build;
	struct twin twin;
	/* 0 -> 1 -> 2 -> 3 -> 0, each 10 mm and 5 ms; an island 4 <-> 4 of no length */
	memset(&world, 0, sizeof world);
	*network = (struct network){.n_nodes = 5, .n_arcs = 5, .n_classes = 1};
	for (uint32_t a = 0; a < 5; a++) {
		world.tail[a] = a;
		world.head[a] = a < 4 ? (a + 1) % 4 : 4;
		world.back[a] = NONE;
		world.dist[a] = a < 4 ? 10 : 0;
		world.time[a] = a < 4 ? 5 : 0;
	}
	world_index(&world);
	assert_int_equal(build_open(&build), 0);
	assert_int_equal(order_build(&build, network), 0);
	twin_open(&twin, network);
	twin_class(&twin, 0);
	const struct route_metric *fast = &twin.fast;
	struct spot early = {0, 2}, late = {0, 8}, island = {4, 0}, none = {NONE, 0};
	assert_int_equal(route_one(twin.query, fast, early, late).time_ms, 3);	/* ahead on the same arc */
	assert_int_equal(route_one(twin.query, fast, late, early).time_ms, 17); /* behind: once round, 1 + 15 + 1 */
	assert_int_equal(route_one(twin.query, fast, late, early).dist_mm, 34);
	assert_int_equal(route_one(twin.query, fast, early, early).time_ms, 0);
	assert_int_equal(route_one(twin.query, fast, island, island).time_ms, 0); /* no length */
	assert_int_equal(route_one(twin.query, fast, early, island).time_ms, TIME_INFINITE);
	assert_int_equal(route_one(twin.query, fast, island, early).time_ms, TIME_INFINITE);
	assert_int_equal(route_one(twin.query, fast, none, early).time_ms, TIME_INFINITE);
	assert_int_equal(route_one(twin.query, fast, early, none).time_ms, TIME_INFINITE);
	twin.time_ms[2] = TIME_INFINITE; /* closed: nothing leads round */
	route_weights_update(twin.weights, (uint32_t[]){2}, 1);
	assert_int_equal(route_one(twin.query, fast, late, early).time_ms, TIME_INFINITE);
	assert_int_equal(route_one(twin.query, fast, early, late).time_ms, 3);
	twin_close(&twin);
	build_close(&build);
}

/* An order that does not fit its streets is refused, whatever is wrong with it. */
static void damaged_orders(void **state)
{
	(void)state;
	static struct world world;
	struct rng rng;
	uint32_t n_refused = 0, n_accepted = 0;
	rng_seed(&rng, seed_of_test());
	for (int i = 0; i < 3000; i++) {
		struct build build;
		struct arena arena;
		struct route_graph *graph;
		assert_int_equal(build_open(&build), 0);
		world_make(&world, &rng);
		struct network *network = &world.network;
		assert_int_equal(order_build(&build, network), 0);
		uint32_t *columns[] = {(uint32_t *)(uintptr_t)network->order, (uint32_t *)(uintptr_t)network->up_first,
				       (uint32_t *)(uintptr_t)network->up_head};
		uint32_t sizes[] = {network->n_order, network->n_order + 1, network->n_up}, c = rng_below(&rng, 3);
		if (sizes[c] > 0)
			columns[c][rng_below(&rng, sizes[c])] =
				rng_below(&rng, c == 1 ? network->n_up + 2 : network->n_order + 1);
		assert_int_equal(arena_open(&arena, route_graph_size(network)), 0);
		int code = route_graph_open(&graph, network, &arena);
		assert_true(code == ERR_OK || code == ERR_RANGE);
		n_refused += code == ERR_RANGE;
		n_accepted += code == ERR_OK;
		arena_close(&arena);
		if (code == ERR_OK) /* unharmed, or harmless */
			world_compare(&world, &rng);
		build_close(&build);
	}
	print_message("%u refused, %u still right\n", n_refused, n_accepted);
	assert_true(n_refused > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(tiny_networks),
		cmocka_unit_test(damaged_orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
