#include "pace.h"

#include <assert.h>
#include <string.h>

#include "hash.h"

#define ARCS_MAX 4096u /* streets that are not as usual */
#define WAY_MAX 64u
#define SPAN_MS_MIN 8000
#define SPAN_MS_MAX 180000
#define SPAN_MM_MIN 20000
#define USUAL 1000u
#define LEAST 500u
#define MOST 4000u
#define ORDINARY 100u /* so much off is no news of a street that nothing is known of */
#define FORGET 50u
#define STEP 100u /* told values are rounded up to this */
#define MOVED 200 /* a told value stays until it is off by this */

struct pace_arc {
	uint32_t arc, permille, n_seen;
	instant_ms at; /* newest observation, or decay */
	instant_ms seen_at;
};

/* Where a vehicle was when it was last looked at. */
struct pace_trail {
	struct spot spot; /* arc NONE: not under way */
	instant_ms at;
	uint32_t epoch, version, n_done;
};

struct pace {
	struct pace_settings settings;
	const struct core *core;
	uint8_t town_hash[TOWN_HASH_BYTES], begun;
	instant_ms now, listed_at;
	struct hash_map map; /* arc + 1 -> place in arcs */
	struct pace_arc *arcs;
	uint32_t n, vehicles_max;
	struct pace_trail *trails; /* [vehicles_max] by order of the core's numbers */
	uint32_t *numbers;
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

size_t pace_size(uint32_t vehicles_max)
{
	return sizeof(struct pace) + ARCS_MAX * (sizeof(struct pace_arc) + 64) +
	       vehicles_max * (sizeof(struct pace_trail) + 4) + 1024;
}

/* ---- the table ---- */

static struct pace_arc *arc_find(const struct pace *pace, uint32_t arc)
{
	uint32_t at = hash_map_get(&pace->map, (uint64_t)arc + 1);
	return at == NONE ? NULL : &pace->arcs[at];
}

static struct pace_arc *arc_add(struct pace *pace, uint32_t arc)
{
	struct pace_arc *known = arc_find(pace, arc);
	if (known || pace->n == ARCS_MAX || hash_map_put(&pace->map, (uint64_t)arc + 1, pace->n))
		return known;
	pace->arcs[pace->n] = (struct pace_arc){arc, USUAL, 0, pace->now, pace->now};
	return &pace->arcs[pace->n++];
}

static void arc_drop(struct pace *pace, uint32_t i)
{
	hash_map_remove(&pace->map, (uint64_t)pace->arcs[i].arc + 1);
	if (i != --pace->n) {
		pace->arcs[i] = pace->arcs[pace->n];
		int code = hash_map_put(&pace->map, (uint64_t)pace->arcs[i].arc + 1, i);
		assert(!code); /* one was just taken out */
		(void)code;
	}
}

uint32_t pace_permille(const struct pace *pace, uint32_t arc)
{
	const struct pace_arc *known = arc_find(pace, arc);
	return known ? known->permille : USUAL;
}

/* On the streets of another town, or for the first time. */
static void begin(struct pace *pace)
{
	const struct core_speeds *speeds = core_speeds(pace->core);
	while (pace->n)
		arc_drop(pace, pace->n - 1);
	memcpy(pace->town_hash, core_town(pace->core)->hash, sizeof pace->town_hash);
	pace->listed_at = pace->now;
	pace->begun = 1;
	for (uint32_t i = 0; i < pace->vehicles_max; i++)
		pace->trails[i].spot.arc = NONE;
	for (uint32_t i = 0; i < speeds->n; i++) {
		struct pace_arc *arc = arc_add(pace, speeds->arcs[i]);
		arc->permille = speeds->slow_permille[i] < MOST ? speeds->slow_permille[i] : MOST;
		arc->n_seen = pace->settings.seen_min;
	}
}

int pace_open(struct pace **ret_pace, const struct pace_settings *settings, const struct core *core,
	      uint32_t vehicles_max, struct arena *arena)
{
	struct pace *pace = arena_take(arena, 1, sizeof *pace);
	if (!pace || hash_map_open(&pace->map, arena, ARCS_MAX))
		return ERR_MEMORY;
	pace->settings = (struct pace_settings){
		or_default(settings->every_ms, 300000), or_default(settings->half_life_ms, 1800000),
		or_default(settings->seen_min, 3), or_default(settings->slow_permille_min, 1250)};
	pace->core = core;
	pace->vehicles_max = vehicles_max;
	pace->arcs = arena_take(arena, ARCS_MAX, sizeof *pace->arcs);
	pace->trails = arena_take(arena, vehicles_max, sizeof *pace->trails);
	pace->numbers = arena_take(arena, vehicles_max, sizeof *pace->numbers);
	if (!pace->arcs || !pace->trails || !pace->numbers)
		return ERR_MEMORY;
	*ret_pace = pace;
	return ERR_OK;
}

/* ---- looking ---- */

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most)
{
	return value < least ? least : value > most ? most : (uint32_t)value;
}

/* An arc that took a greater part of the time has more to say in it. */
static void arc_learn(struct pace *pace, uint32_t arc, uint32_t ratio_permille, uint32_t share_permille)
{
	int news = ratio_permille > USUAL + ORDINARY || ratio_permille < USUAL - ORDINARY;
	struct pace_arc *known = news ? arc_add(pace, arc) : arc_find(pace, arc);
	if (!known)
		return;
	int64_t aim = clamp((uint64_t)known->permille * ratio_permille / 1000, LEAST, MOST);
	int64_t gain = 250 + (share_permille < 1000 ? share_permille : 1000) / 2;
	known->permille = (uint32_t)((int64_t)known->permille + (aim - known->permille) * gain / 1000);
	known->n_seen += known->n_seen < UINT32_MAX;
	known->at = known->seen_at = pace->now;
}

void pace_see(struct pace *pace, uint32_t class_index, struct spot from, struct spot to, uint32_t dt_ms)
{
	uint32_t arcs[WAY_MAX], usual_ms[WAY_MAX], n, turns_ms;
	uint64_t expected = 0; /* ms * 1000 */
	if (core_way(pace->core, class_index, from, to, arcs, usual_ms, &n, WAY_MAX, &turns_ms))
		return;
	for (uint32_t i = 0; i < n; i++)
		expected += (uint64_t)usual_ms[i] * pace_permille(pace, arcs[i]);
	if (expected < USUAL * (uint64_t)SECOND_MS)
		return;
	uint64_t took_ms = dt_ms > 2 * turns_ms ? dt_ms - turns_ms : dt_ms / 2;
	uint32_t ratio = clamp(took_ms * 1000 * 1000 / expected, 200, 5000), shares[WAY_MAX];
	for (uint32_t i = 0; i < n; i++)
		shares[i] = (uint32_t)((uint64_t)usual_ms[i] * pace_permille(pace, arcs[i]) * 1000 / expected);
	for (uint32_t i = 0; i < n; i++)
		if (usual_ms[i])
			arc_learn(pace, arcs[i], ratio, shares[i]);
}

static struct pace_trail trail_of(const struct pace *pace, const struct wire_state *state)
{
	const struct network *road = &core_town(pace->core)->road;
	struct pace_trail trail = {{state->place.arc, state->place.offset_mm},
				   state->at,
				   state->plan_epoch,
				   state->plan_version,
				   state->n_done};
	if (state->mode != WIRE_DRIVING || trail.spot.arc >= road->n_arcs ||
	    trail.spot.offset_mm > road->dist_mm[trail.spot.arc])
		trail.spot.arc = NONE;
	return trail;
}

/* Somebody who hardly moves is looked at from the same place on, as long as it may be a jam. */
static void look(struct pace *pace, struct pace_trail *trail, const struct core_vehicle *vehicle,
		 const struct wire_state *state)
{
	struct pace_trail is = trail_of(pace, state);
	int goes_on = trail->spot.arc != NONE && is.spot.arc != NONE && is.epoch == trail->epoch &&
		      is.version == trail->version && is.n_done == trail->n_done && is.at >= trail->at;
	if (goes_on) {
		instant_ms dt = is.at - trail->at;
		if (dt < SPAN_MS_MIN || (is.spot.arc == trail->spot.arc && is.spot.offset_mm >= trail->spot.offset_mm &&
					 is.spot.offset_mm - trail->spot.offset_mm < SPAN_MM_MIN && dt <= SPAN_MS_MAX))
			return;
		if (dt <= 2 * SPAN_MS_MAX)
			pace_see(pace, vehicle->class_index, trail->spot, is.spot, (uint32_t)dt);
	}
	*trail = is;
}

/* ---- telling ---- */

static void decay(struct pace *pace)
{
	const instant_ms half = pace->settings.half_life_ms;
	for (uint32_t i = pace->n; i-- > 0;) {
		struct pace_arc *arc = &pace->arcs[i];
		int64_t off = (int64_t)arc->permille - USUAL, passed = pace->now - arc->at;
		if (passed > 2 * half)
			passed = 2 * half; /* nothing is left of it */
		off -= off * passed / (2 * half);
		arc->permille = (uint32_t)(USUAL + off);
		arc->at = pace->now;
		if ((off < FORGET && off > -(int64_t)FORGET) || pace->now - arc->seen_at > 8 * half)
			arc_drop(pace, i);
	}
}

static uint32_t told_of(const struct core_speeds *speeds, uint32_t arc)
{
	for (uint32_t i = 0; i < speeds->n; i++)
		if (speeds->arcs[i] == arc)
			return speeds->slow_permille[i];
	return 0;
}

/* What is to be said of an arc; 0 = nothing. What was told stays until it is clearly otherwise. */
static uint32_t to_tell(const struct pace *pace, const struct pace_arc *arc)
{
	uint32_t told = told_of(core_speeds(pace->core), arc->arc), least = pace->settings.slow_permille_min;
	if (told)
		least = USUAL + (least - USUAL) / 2;
	if (arc->n_seen < pace->settings.seen_min || arc->permille < least || arc->permille <= USUAL)
		return 0;
	int64_t off = (int64_t)told - arc->permille;
	if (told && off < MOVED && off > -MOVED)
		return told;
	return (arc->permille + STEP - 1) / STEP * STEP;
}

/* Time lost there. */
static uint64_t loss_of(const struct pace *pace, uint32_t arc, uint32_t slow_permille)
{
	uint32_t time_ms = core_town(pace->core)->road.time_ms[arc];
	return time_ms == TIME_INFINITE ? 0 : (uint64_t)time_ms * (slow_permille - USUAL);
}

/* Puts an arc into the list, ascending; a full one gives up where least is lost. */
static void tell(const struct pace *pace, struct cmd_street_speeds *list, uint32_t arc, uint32_t slow_permille)
{
	uint32_t at = list->n;
	if (list->n == COMMAND_SPEEDS_MAX) {
		uint32_t least = 0;
		for (uint32_t i = 1; i < list->n; i++)
			if (loss_of(pace, list->arcs[i], list->slow_permille[i]) <=
			    loss_of(pace, list->arcs[least], list->slow_permille[least]))
				least = i;
		uint64_t lost = loss_of(pace, list->arcs[least], list->slow_permille[least]);
		uint64_t loss = loss_of(pace, arc, slow_permille);
		if (loss < lost || (loss == lost && arc > list->arcs[least]))
			return;
		for (uint32_t i = least + 1; i < list->n; i++) {
			list->arcs[i - 1] = list->arcs[i];
			list->slow_permille[i - 1] = list->slow_permille[i];
		}
		at = --list->n;
	}
	for (; at > 0 && list->arcs[at - 1] > arc; at--) {
		list->arcs[at] = list->arcs[at - 1];
		list->slow_permille[at] = list->slow_permille[at - 1];
	}
	list->arcs[at] = arc;
	list->slow_permille[at] = slow_permille;
	list->n++;
}

static int list_make(struct pace *pace, struct command *ret_command)
{
	const struct core_speeds *speeds = core_speeds(pace->core);
	const instant_ms lasts_ms =
		2 * (instant_ms)pace->settings.half_life_ms + 2 * (instant_ms)pace->settings.every_ms;
	memset(ret_command, 0, sizeof *ret_command);
	ret_command->kind = CMD_STREET_SPEEDS;
	ret_command->at = pace->now;
	struct cmd_street_speeds *list = &ret_command->street_speeds;
	decay(pace);
	for (uint32_t i = 0; i < pace->n; i++) {
		uint32_t slow = to_tell(pace, &pace->arcs[i]);
		if (slow)
			tell(pace, list, pace->arcs[i].arc, slow);
	}
	list->until = list->n ? pace->now + lasts_ms : 0;
	int same = list->n == speeds->n && !memcmp(list->arcs, speeds->arcs, list->n * sizeof list->arcs[0]) &&
		   !memcmp(list->slow_permille, speeds->slow_permille, list->n * sizeof list->slow_permille[0]);
	return !same || (list->n && speeds->until - pace->now < lasts_ms / 2);
}

int pace_tick(struct pace *pace, const struct dock *dock, instant_ms at, struct command *ret_command)
{
	uint32_t n = core_n_vehicles(pace->core);
	if (at > pace->now)
		pace->now = at;
	if (!pace->begun || memcmp(pace->town_hash, core_town(pace->core)->hash, sizeof pace->town_hash))
		begin(pace);
	for (uint32_t i = 0; i < n && i < pace->vehicles_max; i++) {
		const struct core_vehicle *vehicle = core_vehicle_at(pace->core, i);
		const struct wire_state *state = dock_state(dock, vehicle->number);
		if (pace->numbers[i] != vehicle->number) {
			pace->numbers[i] = vehicle->number;
			pace->trails[i].spot.arc = NONE;
		}
		if (state && state->at != pace->trails[i].at)
			look(pace, &pace->trails[i], vehicle, state);
	}
	if (pace->now - pace->listed_at < pace->settings.every_ms)
		return 0;
	pace->listed_at = pace->now;
	return list_make(pace, ret_command);
}
