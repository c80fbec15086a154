/* Streets that are slower than the map says, for a while. Only the vehicles' bodies know of them. */
#include <stdlib.h>
#include <string.h>

#include "geo.h"
#include "world_inner.h"

/* By the middle of the street. */
static int lies_in(const struct network *road, uint32_t arc, const struct world_jam *jam)
{
	struct geo_point middle = network_spot_point(road, (struct spot){arc, road->dist_mm[arc] / 2});
	return geo_rough_mm(middle, jam->middle) <= jam->radius_mm;
}

static void apply(const struct world *world, const struct world_jam *jam, uint32_t *times)
{
	const struct network *road = &world->town->road;
	if (world->now < jam->from || world->now >= jam->to)
		return;
	for (uint32_t arc = 0; arc < road->n_arcs; arc++)
		if (times[arc] != TIME_INFINITE && lies_in(road, arc, jam))
			times[arc] = wire_street_ms(&(struct wire_street){arc, jam->slow_permille, 0}, times[arc]);
}

/* Times of a class as they are now; NULL: out of memory. */
static uint32_t *times_now(const struct world *world, uint32_t class_index)
{
	size_t n = world->town->road.n_arcs;
	uint32_t *times = malloc((n + 1) * sizeof *times);
	if (!times)
		return NULL;
	memcpy(times, world->town->road.time_ms + class_index * n, n * sizeof *times);
	for (uint32_t i = 0; i < world->options.n_jams; i++)
		apply(world, &world->options.jams[i], times);
	return times;
}

void jams_change(struct world *world)
{
	uint32_t *before[NETWORK_CLASSES_MAX];
	memcpy(before, world->truth, sizeof before);
	for (uint32_t c = 0; c < world->town->n_classes; c++) {
		world->truth[c] = times_now(world, c);
		if (!world->truth[c])
			world_fail(world, err_set(world->detail, ERR_MEMORY, "world: out of memory"));
	}
	for (uint32_t i = 0; i < world->options.n_vehicles; i++)
		body_truth(world->vehicles[i].body, world->truth[world->vehicles[i].class_index], world->now);
	for (uint32_t c = 0; c < world->town->n_classes; c++)
		free(before[c]);
	for (uint32_t i = 0; i < world->options.n_vehicles; i++)
		vehicle_wake(world, i, NULL);
}

void jams_begin(struct world *world)
{
	for (uint32_t i = 0; i < world->options.n_jams; i++) {
		world_push(world, world->options.jams[i].from, EVENT_JAM, i, NULL);
		world_push(world, world->options.jams[i].to, EVENT_JAM, i, NULL);
	}
}
