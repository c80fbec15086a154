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
