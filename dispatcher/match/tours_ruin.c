#include "tours_state.h"

#include <string.h>

#include "err.h"

#define NEAR_MOST 32 /* riders looked at as neighbours of one */
#define SEEDS 4	     /* riders of whom one begins a step */
#define STRINGS_MOST 10
#define STRING_MOST 4 /* tasks */

/* --- so that a step can be undone --- */

static void touch(struct tours *tours, uint32_t vehicle)
{
	struct tour *tour = &tours->tour[vehicle];
	uint32_t at = tours->n_touched;
	if (tour->stamp == tours->stamp)
		return;
	tour->stamp = tours->stamp;
	tours->touched[tours->n_touched++] = vehicle;
	tours->old_tour[at] = *tour;
	tours->old_cost[at] = plan_cost(tours, vehicle);
	memcpy(tours->old_task + (size_t)at * tours->options.plan_most, tours_tasks(tours, vehicle),
	       tour->n * sizeof(struct task));
}

static void undo(struct tours *tours)
{
	for (uint32_t i = 0; i < tours->n_touched; i++) {
		struct tour *tour = &tours->tour[tours->touched[i]];
		tour->n = tours->old_tour[i].n;
		memcpy(tours_tasks(tours, tours->touched[i]), tours->old_task + (size_t)i * tours->options.plan_most,
		       tour->n * sizeof(struct task));
	}
	for (uint32_t i = 0; i < tours->n_removed; i++)
		tours->rider[tours->removed[i]].vehicle = tours->old_vehicle[i];
}

static int64_t change(struct tours *tours)
{
	int64_t sum = 0;
	for (uint32_t i = 0; i < tours->n_touched; i++)
		sum += plan_cost(tours, tours->touched[i]) - tours->old_cost[i];
	return sum;
}

/* --- ruin --- */

static void take_out(struct tours *tours, uint32_t rider)
{
	tours->removed[tours->n_removed] = rider;
	tours->old_vehicle[tours->n_removed++] = tours->rider[rider].vehicle;
	plan_remove(tours, rider);
}

/* Some tasks in a row, with this one among them, and all of the riders whose they are. */
static void string_out(struct tours *tours, uint32_t vehicle, uint32_t place)
{
	struct task *task = tours_tasks(tours, vehicle);
	uint32_t n = tours->tour[vehicle].n, at = 0, riders[STRING_MOST], n_riders = 0;
	uint32_t length = 1 + rng_below(&tours->rng, STRING_MOST);
	touch(tours, vehicle);
	while (task[at].place != place)
		at++;
	length = length < n ? length : n;
	uint32_t back = rng_below(&tours->rng, length), first = at > back ? at - back : 0;
	if (first + length > n)
		first = n - length;
	for (uint32_t k = first; k < first + length; k++) {
		uint32_t rider = task[k].place / 2, i = 0;
		while (i < n_riders && riders[i] != rider)
			i++;
		if (i == n_riders)
			riders[n_riders++] = rider;
	}
	for (uint32_t i = 0; i < n_riders; i++)
		take_out(tours, riders[i]);
	plan_measure(tours, vehicle, 0);
}

struct near {
	uint64_t key;
	uint32_t place;
};

static void near_add(struct near *near, uint32_t *n, uint64_t key, uint32_t place)
{
	if (*n == NEAR_MOST && key >= near[*n - 1].key)
		return;
	uint32_t at = *n < NEAR_MOST ? (*n)++ : NEAR_MOST - 1;
	for (; at > 0 && near[at - 1].key > key; at--)
		near[at] = near[at - 1];
	near[at] = (struct near){key, place};
}

/* Tasks near a waiting rider's pickup: others' pickups, those with drop-offs near as well, or drop-offs after which one
 * comes by. */
static uint32_t neighbours(struct tours *tours, uint32_t seed, struct near *near)
{
	uint32_t kind = rng_below(&tours->rng, 3), n = 0;
	uint32_t n_listed = kind == 2 ? tours->n_open : tours->n_waiting;
	const int32_t *to = tours_row_to(tours, 2 * seed), *from = tours_row_from(tours, 2 * seed);
	const int32_t *to_end = tours_row_to(tours, 2 * seed + 1), *from_end = tours_row_from(tours, 2 * seed + 1);
	for (uint32_t i = 0; i < n_listed; i++) {
		uint32_t rider = tours->open[i], pickup = 2 * rider, dropoff = pickup + 1;
		int64_t key;
		if (rider == seed)
			continue;
		if (kind == 2)
			key = to[dropoff];
		else
			key = (int64_t)to[pickup] + from[pickup];
		if (kind == 1)
			key += (int64_t)to_end[dropoff] + from_end[dropoff];
		near_add(near, &n, (uint64_t)key, kind == 2 ? dropoff : pickup);
	}
	return n;
}

/* Of a few waiting riders the one that was tried least since it got its place. */
static uint32_t seed_of_step(struct tours *tours)
{
	uint32_t seed = NONE;
	for (int i = 0; i < SEEDS; i++) {
		uint32_t rider = tours->open[rng_below(&tours->rng, tours->n_waiting)];
		if (seed == NONE || tours->rider[rider].tried < tours->rider[seed].tried)
			seed = rider;
	}
	tours->rider[seed].tried++;
	return seed;
}

static void ruin(struct tours *tours)
{
	struct near near[NEAR_MOST];
	uint32_t seed = seed_of_step(tours);
	uint32_t n = neighbours(tours, seed, near), strings = 1 + rng_below(&tours->rng, STRINGS_MOST);
	string_out(tours, tours->rider[seed].vehicle, 2 * seed);
	for (uint32_t i = 0; i < n && tours->n_touched < strings; i++) {
		uint32_t vehicle = tours->rider[near[i].place / 2].vehicle;
		if (tours->tour[vehicle].stamp != tours->stamp)
			string_out(tours, vehicle, near[i].place);
	}
}

/* --- recreate --- */

/* Least keys first; keys are unique. */
static void sort_removed(struct tours *tours)
{
	uint32_t kind = rng_below(&tours->rng, 3);
	for (uint32_t i = 0; i < tours->n_removed; i++) {
		uint32_t rider = tours->removed[i], vehicle = tours->old_vehicle[i], at = i;
		uint64_t key = rng_next(&tours->rng) >> 32;
		if (kind == 1)
			key = (uint64_t)tours->place[2 * rider + 1].limit;
		if (kind == 2)
			key = UINT64_C(1000000000) - (uint64_t)tours->rider[rider].direct;
		if (tours->rider[rider].state == RIDER_ABOARD)
			key /= 2;
		for (; at > 0 && tours->key[at - 1] > key; at--) {
			tours->key[at] = tours->key[at - 1];
			tours->removed[at] = tours->removed[at - 1];
			tours->old_vehicle[at] = tours->old_vehicle[at - 1];
		}
		tours->key[at] = key;
		tours->removed[at] = rider;
		tours->old_vehicle[at] = vehicle;
	}
}

static int recreate(struct tours *tours)
{
	sort_removed(tours);
	for (uint32_t i = 0; i < tours->n_removed; i++) {
		uint32_t rider = tours->removed[i];
		struct plan_spot spot =
			tours->rider[rider].state == RIDER_ABOARD
				? plan_find_dropoff(tours, rider)
				: plan_find(tours, rider, 0, ((uint32_t)(rng_next(&tours->rng) >> 32) | 1));
		if (spot.vehicle == NONE && tours->rider[rider].state == RIDER_WAITS)
			return ERR_UNREACHABLE;
		if (tours->rider[rider].state == RIDER_ABOARD && spot.cost == INT64_MAX)
			return ERR_UNREACHABLE;
		touch(tours, spot.vehicle);
		if (plan_insert(tours, rider, &spot))
			return ERR_FULL;
	}
	return ERR_OK;
}

/* --- steps --- */

static void step(struct tours *tours, uint32_t worse_most)
{
	tours->stamp++;
	tours->n_touched = tours->n_removed = 0;
	ruin(tours);
	tours->counts.steps++;
	int code = recreate(tours);
	int64_t by = code ? INT64_MAX : change(tours);
	if (by > (int64_t)TOURS_SCALE * rng_below(&tours->rng, worse_most + 1)) {
		undo(tours);
		return;
	}
	tours->counts.kept++;
	tours->counts.better += by < 0;
	for (uint32_t i = 0; i < tours->n_touched; i++)
		tours->tour[tours->touched[i]].is_changed = 1;
	for (uint32_t i = 0; i < tours->n_removed; i++) {
		struct tours_rider *rider = &tours->rider[tours->removed[i]];
		tours->counts.moved += rider->vehicle != tours->old_vehicle[i];
		if (by != 0)
			rider->tried = 0;
	}
}

void tours_improve(struct tours *tours, uint32_t steps)
{
	tours_weigh(tours);
	for (uint32_t i = 0; i < steps && tours->n_waiting > 0; i++)
		step(tours, (uint32_t)((uint64_t)tours->options.worse_most * (steps - i - 1) / steps));
	for (uint32_t v = 0; v < tours->n_vehicles; v++) {
		if (tours->tour[v].is_changed)
			tours_tell(tours, v);
		tours->tour[v].is_changed = 0;
	}
}
