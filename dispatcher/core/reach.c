/* Ways between places, for planners of journeys: the same streets and footpaths the core plans on. */
#include "distance.h"
#include "state.h"

#define DRIVES_MAX 32 /* at once */

void core_drives(const struct core *core, const struct place *at, const struct place *places, uint32_t n, int is_back,
		 uint32_t *ret_ms, uint32_t *ret_mm)
{
	/* what distance.h was opened for is at least this */
	uint32_t most = core->settings.vehicles_max * (core->settings.plan_tasks_max + 1);
	most = most < DRIVES_MAX ? most : DRIVES_MAX;
	for (uint32_t first = 0, m; first < n; first += m) {
		const struct place *part[DRIVES_MAX];
		struct route_result found[DRIVES_MAX];
		m = n - first < most ? n - first : most;
		for (uint32_t i = 0; i < m; i++)
			part[i] = &places[first + i];
		if (is_back)
			distance_gather(core->distance, 0, part, m, at, found);
		else
			distance_scatter(core->distance, 0, at, part, m, found);
		for (uint32_t i = 0; i < m; i++) {
			ret_ms[first + i] = found[i].time_ms;
			ret_mm[first + i] = found[i].dist_mm;
		}
	}
}

void core_walks(const struct core *core, const struct place *at, const struct place *places, uint32_t n, int is_back,
		uint32_t *ret_mm)
{
	uint32_t m = 0, which[WALK_GOALS_MAX], mm[WALK_GOALS_MAX];
	struct spot spots[WALK_GOALS_MAX];
	for (uint32_t i = 0; i < n; i++) {
		ret_mm[i] = NONE;
		if (at->walk.arc != NONE && places[i].walk.arc != NONE) {
			which[m] = i;
			spots[m++] = places[i].walk;
		}
		if (m == WALK_GOALS_MAX || (m > 0 && i + 1 == n)) {
			walk_distances(core, at->walk, spots, m, is_back, mm);
			for (uint32_t k = 0; k < m; k++)
				ret_mm[which[k]] = mm[k];
			m = 0;
		}
	}
}

struct place core_stop_place(const struct core *core, uint32_t stop)
{
	return stop_place(core, stop);
}

uint32_t core_window_ms(const struct core *core)
{
	return promise_window_ms(core);
}

/* What vehicles found is left out. */
static uint32_t usual_ms(const struct core *core, uint32_t class_index, uint32_t arc, uint32_t part_mm)
{
	uint32_t n;
	const struct network *road = &core->town->road;
	const struct wire_street *streets = core_streets(core, &n);
	for (uint32_t i = 0; i < n && streets[i].arc <= arc; i++)
		if (streets[i].arc == arc && streets[i].seen)
			return network_share_ms(distance_usual_ms(core->distance, class_index, arc), road->dist_mm[arc],
						part_mm);
	return distance_part_ms(core->distance, class_index, arc, part_mm);
}

int core_way(const struct core *core, uint32_t class_index, struct spot from, struct spot to, uint32_t *ret_arcs,
	     uint32_t *ret_usual_ms, uint32_t *ret_n, uint32_t most, uint32_t *ret_turns_ms)
{
	struct route_result result;
	int code = distance_path(core->distance, class_index, from, to, &result, ret_arcs, ret_n, most);
	if (code)
		return code;
	uint64_t told_ms = 0;
	for (uint32_t i = 0; i < *ret_n; i++) {
		uint32_t first = i == 0 ? from.offset_mm : 0;
		uint32_t end = i + 1 == *ret_n ? to.offset_mm : core->town->road.dist_mm[ret_arcs[i]];
		uint32_t part_mm = end > first ? end - first : 0;
		told_ms += distance_part_ms(core->distance, class_index, ret_arcs[i], part_mm);
		ret_usual_ms[i] = usual_ms(core, class_index, ret_arcs[i], part_mm);
	}
	*ret_turns_ms = result.time_ms > told_ms ? (uint32_t)(result.time_ms - told_ms) : 0;
	return ERR_OK;
}
