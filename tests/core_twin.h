/* A plan timed once more from scratch, for tests: plain searches, each absence walked to the end, nothing shared with
 * the core but what core.h and schedule.h promise. The including file has `static struct rig rig`. */
#ifndef ZUB_TESTS_CORE_TWIN_H
#define ZUB_TESTS_CORE_TWIN_H

#include "core_rig.h"
#include "hash.h"
#include "insertion.h"

#define MOST 64
struct item { /* one task of a candidate plan */
	int pickup, fresh, aboard_before;
	uint64_t ride;
	struct place place;
	instant_ms ready, until, limit, boarded_at;
	uint32_t dwell, ride_max, slot;
};
struct plan {
	struct item items[MOST];
	uint32_t n, vehicle;
	struct place start;
	instant_ms start_at;
	int standing;  /* stands at its first stop since start_at */
	int under_way; /* to goes_to, where it arrives as it was reckoned when it set out */
	struct place goes_to;
	instant_ms arrives;
};
struct timing {
	instant_ms arrive[MOST], begin[MOST], end[MOST], worst[MOST];
};

/* A wait as the needs of its rider weigh it: the heaviest of them. Who wants to arrive in time has none. */
static inline int64_t twin_weighed(const struct item *item, int64_t wait_ms)
{
	const struct cmd_request *request = &core_ride(rig.core, item->ride)->request;
	int64_t permille = 1000;
	const int has_wait = request->tie_kind != TIE_TO_TRIP && request->time_kind != TIME_ARRIVE_BY;
	for (uint32_t n = 1; n < TOWN_NEEDS_MAX; n++)
		if (request->need_count[n] && has_wait)
			permille = later(permille, rig.core->fair[n].weight);
	return wait_ms * permille / 1000;
}

/* One plain search per pair of spots under a set of profiles; asked again, the answer is remembered. */
static inline uint32_t leg_under(const struct place *a, const struct place *b, uint32_t profiles)
{
	static struct {
		struct spot a, b;
		uint32_t profiles, ms;
	} known[1 << 16];
	static uint32_t times[1024];
	const struct town *town = core_town(rig.core);
	struct route_metric metric = rig_metric(&rig, 0);
	uint64_t key = hash_u64(((uint64_t)a->road.arc << 32 ^ a->road.offset_mm) * 31 +
				((uint64_t)b->road.arc << 32 ^ b->road.offset_mm) + profiles);
	uint32_t at = (uint32_t)(key & 0xffff);
	if (place_same(a, b))
		return 0;
	if (memcmp(&known[at].a, &a->road, sizeof a->road) != 0 ||
	    memcmp(&known[at].b, &b->road, sizeof b->road) != 0 || known[at].profiles != profiles) {
		assert_true(town->road.n_arcs <= COUNT_OF(times));
		for (uint32_t arc = 0; arc < town->road.n_arcs; arc++)
			times[arc] = town_profile_ms(town, profiles, 0, arc, metric.time_ms[arc]);
		metric.time_ms = times;
		known[at].a = a->road;
		known[at].b = b->road;
		known[at].profiles = profiles;
		known[at].ms = route_one(rig.query, &metric, a->road, b->road).time_ms;
	}
	return known[at].ms;
}

/* By the hour that is now. */
static inline uint32_t leg(const struct place *a, const struct place *b)
{
	uint32_t profiles = town_profiles_at(core_town(rig.core), core_now(rig.core), NULL);
	return leg_under(a, b, profiles | core_conditions(rig.core));
}

/* For who sets out at `at`: by the hour that is now, if that is over in time before its end, else at the slowest. */
static inline uint32_t leg_at(const struct place *a, const struct place *b, instant_ms at)
{
	const struct town *town = core_town(rig.core);
	instant_ms until;
	town_profiles_at(town, core_now(rig.core), &until);
	uint32_t ms = leg(a, b);
	if (until == INT64_MAX || ms == TIME_INFINITE || at + ms <= until - core_settings(rig.core)->reserve_ms)
		return ms;
	return leg_under(a, b, town_profiles_slowest(town, core_conditions(rig.core)));
}

static inline int is_under_way(const struct plan *plan)
{
	return plan->under_way && plan->n && !plan->items[0].fresh && place_same(&plan->goes_to, &plan->items[0].place);
}

static inline instant_ms value(const struct item *item, const struct timing *t, uint32_t k)
{
	return item->pickup ? t->arrive[k] : t->end[k];
}

static inline int same_stop(const struct plan *plan, uint32_t k)
{
	if (k == 0)
		return plan->standing && place_same(&plan->start, &plan->items[0].place);
	return place_same(&plan->items[k - 1].place, &plan->items[k].place);
}

/* late[k]: the rider of pickup k does not come. 0 = a leg is impossible. */
static inline int walk(const struct plan *plan, const uint8_t *late, struct timing *t)
{
	const struct town_rules *rules = &core_town(rig.core)->rules;
	const uint32_t message_ms = core_settings(rig.core)->message_ms;
	const uint32_t margin_ms = core_settings(rig.core)->reserve_ms / 4;
	instant_ms now = core_now(rig.core), end = plan->start_at, arrive = plan->start_at;
	if (plan->standing && plan->n && same_stop(plan, 0))
		end = later(end + rules->stop_ms, now);
	else
		end = later(end, now);
	for (uint32_t k = 0; k < plan->n; k++) {
		const struct item *item = &plan->items[k];
		instant_ms begin = end;
		if (!same_stop(plan, k)) {
			uint32_t drive = leg_at(k ? &plan->items[k - 1].place : &plan->start, &item->place, end);
			if (drive == TIME_INFINITE)
				return 0;
			arrive = k == 0 && is_under_way(plan) ? later(plan->arrives, now) : end + drive;
			begin = arrive + rules->stop_ms;
		}
		if (item->pickup)
			begin = later(begin, item->ready);
		begin = later(begin, now);
		end = begin + item->dwell;
		if (late[k])
			end = later(end,
				    later(item->until, arrive + rules->no_show_wait_ms) + message_ms +
					    (late[k] == 2 && item->dwell > margin_ms ? item->dwell - margin_ms : 0));
		t->arrive[k] = arrive;
		t->begin[k] = begin;
		t->end[k] = end;
	}
	return 1;
}

struct stops {
	uint32_t of[MOST], pickups[MOST]; /* stop of each item; pickups of each stop */
};

static inline void stops_of(const struct plan *plan, struct stops *stops)
{
	memset(stops, 0, sizeof *stops);
	for (uint32_t k = 0; k < plan->n; k++) {
		stops->of[k] = k ? stops->of[k - 1] + !same_stop(plan, k) : 0;
		stops->pickups[stops->of[k]] += (uint32_t)plan->items[k].pickup;
	}
}

/* Marks who does not come when `missing` does not, and `extra` further pickup stops neither; own[]: whose absence is
 * their own. */
static inline void absent(const struct plan *plan, const struct stops *stops, uint32_t missing, int extra,
			  uint8_t *late, uint8_t *own)
{
	uint32_t until = stops->of[missing];
	memset(late, 0, MOST);
	memset(own, 0, MOST);
	late[missing] = 2; /* or comes at the very last moment */
	own[missing] = 1;
	for (uint32_t s = until + 1; extra > 0 && s < MOST; s++) {
		extra -= stops->pickups[s] != 0;
		until = s;
	}
	for (uint32_t k = missing + 1; k < plan->n; k++) {
		if (!plan->items[k].pickup || stops->of[k] == stops->of[missing] || stops->of[k] > until)
			continue;
		late[k] = 1;
		own[k] = stops->pickups[stops->of[k]] == 1;
	}
}

static inline int times_of(const struct plan *plan, struct timing *t)
{
	uint8_t late[MOST] = {0}, own[MOST];
	struct stops stops;
	stops_of(plan, &stops);
	if (!walk(plan, late, t))
		return 0;
	for (uint32_t k = 0; k < plan->n; k++)
		t->worst[k] = value(&plan->items[k], t, k);
	for (uint32_t m = 0; m < plan->n; m++) {
		for (int extra = 0; plan->items[m].pickup && extra < 2; extra++) {
			struct timing other;
			absent(plan, &stops, m, extra, late, own);
			(void)walk(plan, late, &other);
			for (uint32_t k = m; k < plan->n; k++) {
				int excused = 0;
				for (uint32_t p = 0; p < plan->n; p++)
					excused |= own[p] && p < k && plan->items[p].ride == plan->items[k].ride;
				if (!excused)
					t->worst[k] = later(t->worst[k], value(&plan->items[k], &other, k));
			}
		}
	}
	return 1;
}

/* Would the absence of the rider of pickup `missing` bring step k beyond `limit`? */
static inline int late_without(const struct plan *plan, uint32_t missing, uint32_t k, instant_ms limit)
{
	uint8_t late[MOST], own[MOST];
	struct stops stops;
	struct timing other;
	int beyond = 0;
	stops_of(plan, &stops);
	for (int extra = 0; k > missing && extra < 2; extra++) {
		absent(plan, &stops, missing, extra, late, own);
		(void)walk(plan, late, &other);
		int excused = 0;
		for (uint32_t p = 0; p < k; p++)
			excused |= own[p] && plan->items[p].ride == plan->items[k].ride;
		beyond |= !excused && value(&plan->items[k], &other, k) > limit;
	}
	return beyond;
}

/* A cleaning that goes on ends when it was to end. */
static inline struct item item_of_errand(uint32_t slot, const struct core_task *task, uint32_t dwell_ms)
{
	const struct vehicle_more *more = &rig.core->vehicles_more[slot];
	const instant_ms begins = later(more->at_since + core_town(rig.core)->rules.stop_ms, core_now(rig.core));
	struct item item = {.place = task->place, .limit = INT64_MAX, .boarded_at = INSTANT_NONE, .slot = NONE};
	item.dwell = task->state ? (uint32_t)later(more->clean_from + dwell_ms - begins, 0) : dwell_ms;
	return item;
}

static inline void plan_of(uint32_t v, struct plan *plan)
{
	const struct core_vehicle *vehicle = core_vehicle_at(rig.core, v);
	uint32_t slot = rig.core->vehicle_order[v];
	memset(plan, 0, sizeof *plan);
	plan->vehicle = vehicle->number;
	plan_start(rig.core, slot, &plan->start, &plan->start_at);
	const struct vehicle_more *more = &rig.core->vehicles_more[slot];
	if (more->phase == PHASE_AT_STOP) {
		plan->standing = 1;
		plan->start_at = more->at_since;
		plan->start = vehicle->anchor;
	}
	plan->under_way = more->phase == PHASE_DRIVING;
	plan->goes_to = more->leg_to;
	plan->arrives = vehicle->anchor_at + more->leg_ms;
	plan->n = more->n;
	for (uint32_t k = 0; k < plan->n; k++) {
		const struct core_task *task = &core_tasks(rig.core, slot)[k];
		if (!task->ride) {
			plan->items[k] = item_of_errand(slot, task, core_tasks_more(rig.core, slot)[k].dwell_ms);
			continue;
		}
		const struct core_ride *ride = core_ride(rig.core, task->ride);
		const struct offer *o = ride->state == RIDE_OFFERED ? &ride->offers[0] : NULL;
		struct item *item = &plan->items[k];
		item->pickup = task->kind == WIRE_PICKUP;
		item->ride = task->ride;
		item->place = task->place;
		item->ready = o ? o->earliest_pickup : ride->earliest_pickup;
		item->until = o ? o->latest_pickup : ride->latest_pickup;
		item->limit = item->pickup ? item->until : o ? o->latest_arrival : ride->latest_arrival;
		if (ride->state ==
		    RIDE_AT_STOP) /* he has shown himself, or said that he comes: he is waited for longer */
			item->until =
				plan_no_show_at(rig.core, core_tasks_more(rig.core, slot)[k].ride, ride->at_stop_at);
		item->ride_max = o ? o->ride_max_ms : ride->ride_max_ms;
		item->boarded_at = ride->state == RIDE_ABOARD ? ride->boarded_at : INSTANT_NONE;
		item->dwell = core_tasks_more(rig.core, slot)[k].dwell_ms;
		item->slot = core_tasks_more(rig.core, slot)[k].ride;
		item->aboard_before = task->state;
	}
}

static inline instant_ms ride_time(const struct plan *plan, const struct timing *t, uint32_t d)
{
	for (uint32_t k = 0; k < d; k++)
		if (plan->items[k].pickup && plan->items[k].ride == plan->items[d].ride)
			return t->end[d] - t->end[k];
	return plan->items[d].boarded_at == INSTANT_NONE ? 0 : t->end[d] - plan->items[d].boarded_at;
}

static inline int64_t driving(const struct plan *plan)
{
	int64_t sum = 0;
	for (uint32_t k = 0; k < plan->n; k++) {
		if (same_stop(plan, k))
			continue;
		if (k == 0 && is_under_way(plan))
			sum += later(plan->arrives, core_now(rig.core)) - plan->start_at;
		else
			sum += leg(k ? &plan->items[k - 1].place : &plan->start, &plan->items[k].place);
	}
	return sum;
}

#endif
