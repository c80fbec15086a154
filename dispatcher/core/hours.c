/* Hours at which roads are slower: the town's profiles of the day. Within the hour at hand legs are measured with what
 * holds now. A leg whose end would lie beyond the border of that hour is measured as if every profile of the town held
 * at once, the slowest way anything can turn out. At the border the metric is exchanged, and all that was beyond it can
 * only become quicker: a promise made before is kept by what it was made with. That happens by the core's own timer, so
 * it stands in the journal as the tick that made it due. Conditions that an operator switched on hold in every hour. */
#include "distance.h"
#include "state.h"

void hours_set(struct core *core, instant_ms at)
{
	core->border = INT64_MAX;
	core->hours_at = at;
	if (!core->town->n_profiles || at == INSTANT_NONE)
		return;
	distance_profiles(core->distance, town_profiles_at(core->town, at, &core->border) | core->conditions,
			  town_profiles_slowest(core->town, core->conditions));
}

void hours_due(struct core *core)
{
	if (core->now < core->border)
		return;
	core_touch(core, ITEM_SPEEDS, 0);
	hours_set(core, core->now);
	core->untimed = 1;
	if (town_profiles_close(core->town, town_profiles_at(core->town, core->now, NULL))) {
		ride_end_offers(core);
		closure_reach(core); /* whoever is late comes to a stop that has just been closed */
	}
	for (uint32_t i = 0; i < core->n_vehicles; i++) { /* a leg under way stays as it was set out on */
		uint32_t slot = core->vehicle_order[i];
		plan_relink(core, slot);
		plan_retime(core, slot);
		plan_changed(core, slot);
	}
	core->untimed = 0;
}

uint32_t hours_metric(const struct core *core, uint32_t class_index, const struct place *from, const struct place *to,
		      instant_ms at)
{
	if (core->border == INT64_MAX)
		return class_index;
	uint32_t ms = distance_between(core->distance, class_index, from, to).time_ms;
	return ms == TIME_INFINITE || at + ms <= hours_border(core) ? class_index
								    : distance_slowest(core->distance, class_index);
}

uint32_t hours_far_ms(const struct core *core, uint32_t class_index, const struct place *from, const struct place *to,
		      uint32_t drive_ms)
{
	if (core->border == INT64_MAX)
		return drive_ms;
	uint32_t ms = distance_between(core->distance, distance_slowest(core->distance, class_index), from, to).time_ms;
	ms = ms < NO_WAY_MS ? ms : NO_WAY_MS; /* closed in some hour to come */
	return ms > drive_ms ? ms : drive_ms;
}
