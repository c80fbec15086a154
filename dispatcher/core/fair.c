/* Fair by bound: how long each group of riders waits and how many of it are refused, watched over the last two days or
 * so; a group that is worse off than all together weighs more when its rides are planned, before the gap reaches what
 * the settings allow. Groups are what people state that they need, nothing else. A refusal for lack of access (no
 * step-free stop, no road) is not one that planning could change: it does not count here. Nor does the time that a
 * ramp or a belt takes: a wait ends when boarding begins, as it does in the objective. Who names an arrival or a
 * trip instead of a departure has no wait that could be compared.
 *
 * The weight is moved each hour by as much as the gap is off (an integral controller). */
#include "cost.h"
#include "state.h"

#define FADE_OF 48	 /* each hour so much of it is forgotten */
#define WEIGHT_ONE 1000	 /* permille */
#define WEIGHT_DOOR 4000 /* to begin with, of who needs a step-free way: met at the door, they share few stops */
#define WEIGHT_MOST (COST_WAIT_MOST * WEIGHT_ONE)
#define WEIGHT_UP 20	 /* an hour for each permille of the gap above half the bound */
#define WEIGHT_STEP 2000 /* an hour at most */
#define COUNTS 16	 /* one rider, so that fading keeps parts */
#define RIDERS_LEAST 5	 /* fewer say nothing */
#define RIDERS_UNSURE 5	 /* of so many half of the gap counts: it may be chance */

static void fade(uint32_t *count)
{
	*count -= *count / FADE_OF;
}

static uint64_t mean_wait_s(const struct fair_group *group)
{
	return group->boarded ? (uint64_t)group->wait_s / group->boarded : 0;
}

static uint64_t refused_permille(const struct fair_group *group)
{
	return group->asked ? (uint64_t)group->refused * 1000 / group->asked : 0;
}

/* A gap by few riders may be chance. */
static int64_t sure_of(int64_t gap, uint32_t count)
{
	return gap * (int64_t)count / ((int64_t)count + RIDERS_UNSURE * COUNTS);
}

/* By how much it is worse off than all: in waiting (share of their mean wait, or as much of the gap as it is above the
 * level), or in refusals; permille. INT64_MIN: too few to say. */
static int64_t gap_of(const struct core *core, const struct fair_group *group)
{
	const struct core_settings *s = &core->settings;
	const struct fair_group *all = &core->fair[FAIR_ALL];
	int64_t worst = INT64_MIN;
	if (group->boarded >= RIDERS_LEAST * COUNTS) {
		int64_t is = (int64_t)mean_wait_s(group), mean = (int64_t)mean_wait_s(all) + 1;
		worst = sure_of((is - mean) * 1000 / mean, group->boarded);
		if (s->fair_wait_ms && is * 1000 > s->fair_wait_ms && worst < s->fair_gap_permille)
			worst = s->fair_gap_permille;
	}
	if (group->asked >= RIDERS_LEAST * COUNTS) {
		int64_t gap = (int64_t)refused_permille(group) - (int64_t)refused_permille(all);
		worst = later(worst, sure_of(gap, group->asked));
	}
	return worst;
}

static int64_t within(int64_t least, int64_t value, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* Steers for half the bound, so that the bound itself holds. */
static void weigh_group(struct core *core, uint32_t n)
{
	struct fair_group *group = &core->fair[n];
	const int64_t gap = gap_of(core, group), aim = core->settings.fair_gap_permille / 2;
	if (gap == INT64_MIN)
		return;
	int64_t step = within(-WEIGHT_STEP, (gap - aim) * WEIGHT_UP, WEIGHT_STEP);
	core_touch(core, ITEM_FAIR, n);
	group->weight = (uint32_t)within(WEIGHT_ONE, group->weight + step, WEIGHT_MOST);
}

static void hours_pass(struct core *core)
{
	if (core->now < core->fair_at)
		return;
	for (uint32_t hours = 0; core->now >= core->fair_at && hours < 24 * 7; hours++) {
		for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++) {
			core_touch(core, ITEM_FAIR, n);
			fade(&core->fair[n].asked), fade(&core->fair[n].refused);
			fade(&core->fair[n].boarded), fade(&core->fair[n].wait_s);
		}
		core->fair_at += HOUR_MS;
	}
	core->fair_at = later(core->fair_at, (core->now / HOUR_MS + 1) * HOUR_MS);
	for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++)
		if (n != FAIR_ALL)
			weigh_group(core, n);
}

static int is_in(const struct core_ride *ride, uint32_t group)
{
	return group == FAIR_ALL || ride->request.need_count[group] != 0;
}

static int is_on(struct core *core)
{
	if (!core->settings.fair_gap_permille)
		return 0;
	hours_pass(core);
	core_touch(core, ITEM_HEAD, 0);
	return 1;
}

void fair_asked(struct core *core, const struct core_ride *ride, uint8_t refusal)
{
	const int is_ours =
		refusal == REFUSAL_NO_TIME || refusal == REFUSAL_NO_CAPACITY || refusal == REFUSAL_CONNECTION;
	for (uint32_t n = 0; is_on(core) && n < TOWN_NEEDS_MAX; n++) {
		if (!is_in(ride, n) || (refusal && !is_ours))
			continue;
		core_touch(core, ITEM_FAIR, n);
		core->fair[n].asked += COUNTS;
		core->fair[n].refused += is_ours ? COUNTS : 0;
	}
}

void fair_boarded(struct core *core, const struct core_ride *ride, uint64_t wait_ms)
{
	for (uint32_t n = 0; is_on(core) && n < TOWN_NEEDS_MAX; n++) {
		if (!is_in(ride, n))
			continue;
		core_touch(core, ITEM_FAIR, n);
		core->fair[n].boarded += COUNTS;
		core->fair[n].wait_s += (uint32_t)(wait_ms < (uint64_t)DAY_MS ? wait_ms * COUNTS / 1000 : 0);
	}
}

/* Who wants to arrive in time wishes no sooner pickup: only to be early costs, which is nobody's wait. */
static int has_wait(const struct cmd_request *request)
{
	return request->tie_kind != TIE_TO_TRIP && request->time_kind != TIME_ARRIVE_BY;
}

uint32_t fair_weight(const struct core *core, const struct core_ride *ride)
{
	uint32_t most = WEIGHT_ONE;
	if (!core->settings.fair_gap_permille || !has_wait(&ride->request))
		return most;
	for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++)
		if (n != FAIR_ALL && ride->request.need_count[n] && core->fair[n].weight > most)
			most = core->fair[n].weight;
	return most;
}

void fair_open(struct core *core)
{
	for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++) {
		const int is_door = n < core->town->n_needs && core->town->need_flags[n] & NEED_STEP_FREE;
		core->fair[n].weight = is_door ? WEIGHT_DOOR : WEIGHT_ONE;
	}
}
