/* What is due: one timer per ride and per vehicle, always a function of its state. */
#include "arena.h"
#include "state.h"

int timers_open(struct timers *timers, struct arena *arena, uint32_t n_items)
{
	timers->at = arena_take(arena, n_items, sizeof *timers->at);
	timers->heap = arena_take(arena, n_items, sizeof *timers->heap);
	timers->place = arena_take(arena, n_items, sizeof *timers->place);
	if (!timers->at || !timers->heap || !timers->place)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < n_items; i++) {
		timers->at[i] = INT64_MAX;
		timers->place[i] = NONE;
	}
	timers->n = 0;
	return ERR_OK;
}

static int before(const struct timers *timers, uint32_t a, uint32_t b)
{
	return timers->at[a] < timers->at[b] || (timers->at[a] == timers->at[b] && a < b);
}

static void put(struct timers *timers, uint32_t place, uint32_t item)
{
	timers->heap[place] = item;
	timers->place[item] = place;
}

static void up(struct timers *timers, uint32_t place)
{
	uint32_t item = timers->heap[place];
	while (place > 0 && before(timers, item, timers->heap[(place - 1) / 2])) {
		put(timers, place, timers->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	put(timers, place, item);
}

static void down(struct timers *timers, uint32_t place)
{
	uint32_t item = timers->heap[place];
	for (;;) {
		uint32_t child = 2 * place + 1;
		if (child >= timers->n)
			break;
		if (child + 1 < timers->n && before(timers, timers->heap[child + 1], timers->heap[child]))
			child++;
		if (!before(timers, timers->heap[child], item))
			break;
		put(timers, place, timers->heap[child]);
		place = child;
	}
	put(timers, place, item);
}

void timers_set(struct timers *timers, uint32_t item, instant_ms at)
{
	uint32_t place = timers->place[item];
	if (timers->at[item] == at)
		return;
	timers->at[item] = at;
	if (place == NONE) {
		place = timers->n++;
		put(timers, place, item);
	} else if (at == INT64_MAX) {
		uint32_t last = timers->heap[--timers->n];
		timers->place[item] = NONE;
		if (last == item)
			return;
		put(timers, place, last);
	}
	up(timers, place);
	down(timers, timers->place[timers->heap[place]]);
}

instant_ms core_due(const struct core *core)
{
	return core->timers.n ? core->timers.at[core->timers.heap[0]] : INT64_MAX;
}

void time_run(struct core *core, instant_ms until)
{
	const uint32_t rides_max = core->settings.rides_max;
	while (core->timers.n && core_has_room(core)) {
		uint32_t item = core->timers.heap[0];
		instant_ms at = core->timers.at[item];
		if (at > until)
			break;
		core->now = later(core->now, at);
		if (item < rides_max)
			ride_due(core, item);
		else if (item < rides_max + core->settings.vehicles_max)
			vehicle_due(core, item - rides_max);
		else
			closure_due(core);
		/* due work moves its own timer on; at least by a second, so that nothing can turn in circles */
		if (core->timers.at[item] <= core->now)
			timers_set(&core->timers, item, core->now + SECOND_MS);
	}
}
