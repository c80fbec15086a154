// link: zub_core zub_route zub_drawn_town
// slow
/* The insertion search against a slow twin: every vehicle, every pair of positions, every pair of places, one plain
 * search per leg, the schedule rebuilt from scratch. They share the cost weights and what core.h and schedule.h
 * promise, no code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_rig.h"
#include "cost.h"
#include "hash.h"
#include "insertion.h"
#include "rng.h"

static const char *const town_drawn = "A-----B-----C-----D\n"
				      "|     |     ^     |\n"
				      "E-----F>>>>>G-----H\n"
				      "|     |     |     |\n"
				      "I-----J-----K-----L\n";
static const char *const ways[] = {"AB", "BC", "CD", "EF", "GH", "IJ", "JK", "KL",
				   "AE", "EI", "BF", "FJ", "GK", "DH", "HL"};

/* Every half hour another one, for half of the seeds; and some snow. */
static const char *const slow_hours = "mon tue wed thu fri sat sun 08:30 09:00 1700\n"
				      "mon tue wed thu fri sat sun 09:30 10:00 1300\n"
				      "mon tue wed thu fri sat sun 10:30 11:30 2000\n"
				      "mon tue wed thu fri sat sun 12:00 13:00 1500\n"
				      "mon tue wed thu fri sat sun 14:00 15:00 1200\n"
				      "condition snow 1600\n";
static struct rig rig;
#include "core_twin.h"

static int load_ok(const struct plan *plan, const struct core_vehicle *vehicle, const struct ask *ask)
{
	for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++) {
		int32_t load = 0;
		for (uint32_t i = 0; i < vehicle->n_aboard; i++)
			load += core_ride(rig.core, vehicle->aboard[i])->units[s];
		for (uint32_t k = 0; k < plan->n; k++) {
			if (!plan->items[k].fresh && plan->items[k].slot == NONE)
				continue;
			int32_t units =
				plan->items[k].fresh ? ask->units[s] : rig.core->rides[plan->items[k].slot].units[s];
			load += plan->items[k].pickup ? units : -units;
			if (plan->items[k].pickup && units && load > vehicle->spaces[s])
				return 0;
		}
	}
	return 1;
}

struct found {
	int yes;
	int64_t cost;
	uint32_t vehicle, i, j, p, q;
	instant_ms window_from, latest_arrival, at_door;
};

/* What the sanitizers find they find in some; all searches are made without them (tests/run.sh). */
#ifdef __SANITIZE_ADDRESS__
#define WORLDS_OF(n) (((n) + 3) / 4)
#else
#define WORLDS_OF(n) (n)
#endif

static uint32_t n_delayed;

/* The same with the pickup of item i not before `ready`: is the ride to item d short enough? */
static int keeps_ride(struct plan *plan, uint32_t i, uint32_t d, instant_ms ready, uint32_t window, instant_ms most)
{
	struct timing t;
	plan->items[i].ready = ready;
	plan->items[i].until = ready + window;
	return times_of(plan, &t) && ride_time(plan, &t, d) <= most;
}

/* Who would sit too long while others are waited for is met later, by as little as will do. With one set of times for
 * the streets that is known by trying: neither a millisecond less will do, nor, where it does not, the latest pickup.
 */
static int met_later(struct plan *plan, const struct timing *t, uint32_t i, uint32_t d, uint32_t window,
		     instant_ms most, instant_ms latest)
{
	const int one_hour = core_town(rig.core)->n_profiles == 0;
	const instant_ms ready = t->begin[i] + ride_time(plan, t, d) - most;
	const int yes = ready <= latest && keeps_ride(plan, i, d, ready, window, most);
	if (one_hour && yes)
		assert_false(keeps_ride(plan, i, d, ready - 1, window, most));
	if (one_hour && !yes)
		assert_false(keeps_ride(plan, i, d, latest, window, most));
	plan->items[i].ready = ready;
	plan->items[i].until = ready + window;
	n_delayed += (uint32_t)yes;
	return ready <= latest;
}

/* The new rider's two tasks before tasks i and j of the old plan. */
static void with_rider(const struct plan *base, const struct ask *ask, struct place from, struct place to, uint32_t i,
		       uint32_t j, struct plan *plan)
{
	*plan = *base;
	plan->n = 0;
	for (uint32_t k = 0; k <= base->n; k++) {
		if (k == i)
			plan->items[plan->n++] = (struct item){.pickup = 1,
							       .fresh = 1,
							       .ride = UINT64_MAX,
							       .place = from,
							       .limit = INT64_MAX,
							       .dwell = ask->boarding_ms};
		if (k == j)
			plan->items[plan->n++] = (struct item){.fresh = 1,
							       .ride = UINT64_MAX,
							       .place = to,
							       .limit = INT64_MAX,
							       .dwell = ask->boarding_ms,
							       .boarded_at = INSTANT_NONE};
		if (k < base->n)
			plan->items[plan->n++] = base->items[k];
	}
}

/* Do all others keep what they were promised? And what it costs them. */
static int others_keep(const struct plan *base, const struct timing *was, const struct plan *plan,
		       const struct timing *t, uint32_t i, uint32_t j, struct cost_parts *parts)
{
	const struct core_settings *s = core_settings(rig.core);
	for (uint32_t k = 0; k < base->n; k++) {
		uint32_t c = k < i ? k : k < j ? k + 1 : k + 2;
		const struct item *item = &base->items[k];
		instant_ms now = value(item, t, c), before = value(item, was, k);
		if (now > before && now > item->limit - (instant_ms)s->reserve_ms)
			return 0;
		instant_ms margin = item->limit - s->reserve_ms / 4;
		if (t->worst[c] > margin && (t->worst[c] > was->worst[k] || late_without(plan, i, c, margin)))
			return 0;
		if (!item->pickup && ride_time(plan, t, c) > ride_time(base, was, k) &&
		    ride_time(plan, t, c) > item->ride_max)
			return 0;
		if (item->pickup)
			parts->others_wait += twin_weighed(item, t->begin[c] - was->begin[k]);
		else
			parts->others_ride += t->end[c] - was->end[k];
	}
	return 1;
}

/* One candidate from scratch; 0 = not feasible. */
static int candidate(const struct plan *base, const struct timing *was, const struct ask *ask, uint32_t p, uint32_t q,
		     uint32_t i, uint32_t j, struct found *ret)
{
	const struct core_settings *s = core_settings(rig.core);
	const struct town_rules *rules = &core_town(rig.core)->rules;
	const uint32_t window = rules->no_show_wait_ms + s->reserve_ms / 2 < rules->pickup_window_ms
					? rules->no_show_wait_ms + s->reserve_ms / 2
					: rules->pickup_window_ms;
	struct place from = insertion_place(rig.core, 0, &ask->from[p]), to = insertion_place(rig.core, 0, &ask->to[q]);
	const struct core_vehicle *vehicle = core_vehicle(rig.core, base->vehicle);
	struct plan plan;
	struct timing t;
	with_rider(base, ask, from, to, i, j, &plan);
	const uint32_t d = j + 1;
	struct item *pickup = &plan.items[i];
	if (!load_ok(&plan, vehicle, ask))
		return 0;
	pickup->ready = ask->earliest + ask->from[p].walk_ms;
	if (!times_of(&plan, &t))
		return 0;
	pickup->ready =
		later(pickup->ready, later(t.arrive[i] + s->reserve_ms / 2, t.worst[i] + s->reserve_ms / 4 - window));
	pickup->until = pickup->ready + window;
	if (pickup->ready > ask->latest_pickup)
		return 0;
	(void)times_of(&plan, &t);
	if (t.begin[i] > pickup->until)
		return 0;
	uint32_t direct = leg_at(&from, &to, t.end[i]);
	instant_ms ride_most = direct * (instant_ms)rules->ride_time_permille / 1000 + rules->ride_time_extra_ms;
	if (ride_time(&plan, &t, d) > ride_most) {
		if (!met_later(&plan, &t, i, d, window, ride_most, ask->latest_pickup) || !times_of(&plan, &t))
			return 0;
		direct = leg_at(&from, &to, t.end[i]);
		ride_most = direct * (instant_ms)rules->ride_time_permille / 1000 + rules->ride_time_extra_ms;
	}
	instant_ms extra = direct * (instant_ms)rules->arrival_extra_permille / 1000;
	extra = extra < rules->arrival_extra_ms ? extra : rules->arrival_extra_ms;
	instant_ms limit = ask->latest_dropoff == INT64_MAX ? INT64_MAX : ask->latest_dropoff - ask->to[q].walk_ms;
	limit = sooner(limit, ask->service_end);
	instant_ms latest = sooner(t.end[d] + s->reserve_ms + extra, limit);
	if (t.end[d] + s->reserve_ms > limit || t.worst[d] > latest - s->reserve_ms / 4 ||
	    t.end[d] > vehicle->released_until)
		return 0;
	if (ride_time(&plan, &t, d) > ride_most)
		return 0;
	struct cost_parts parts = {0};
	if (!others_keep(base, was, &plan, &t, i, j, &parts))
		return 0;
	parts.vehicle = driving(&plan) - driving(base) + 2 * (int64_t)ask->boarding_ms +
			(int64_t)rules->stop_ms * (!same_stop(&plan, i) + !same_stop(&plan, d));
	ret->at_door = t.end[d] + ask->to[q].walk_ms;
	parts.wait = ask->backward ? ask->latest_dropoff - ret->at_door
				   : pickup->ready - ask->earliest - ask->from[p].walk_ms;
	parts.wait = parts.wait * (ask->wait_permille ? ask->wait_permille : 1000) / 1000;
	parts.ride = t.end[d] - t.end[i];
	parts.walk = (int64_t)ask->from[p].walk_ms + ask->to[q].walk_ms;
	*ret = (struct found){1, cost_of(s, &parts), base->vehicle, i, j, p, q, pickup->ready, latest, ret->at_door};
	return 1;
}

static int walks_too_much(const struct ask *ask, uint32_t p, uint32_t q)
{
	return ask->walk_most_mm && (uint64_t)ask->from[p].walk_mm + ask->to[q].walk_mm > ask->walk_most_mm;
}

/* To be cleaned before whoever asks now can accept, and not on its way: it takes nobody new but for far ahead. */
static int too_dirty(uint32_t number, const struct ask *ask)
{
	const struct core_settings *s = core_settings(rig.core);
	uint32_t n = 0;
	const struct core_task *tasks = core_plan(rig.core, number, &n);
	if (n && tasks[0].kind == WIRE_CLEAN)
		return 0;
	return core_clean_due(rig.core, number) <= core_now(rig.core) + s->offer_hold_ms &&
	       ask->earliest < core_now(rig.core) + HOUR_MS + s->clean_ms;
}

static void twin_search(const struct ask *ask, struct found best[INSERTION_WISHES])
{
	memset(best, 0, INSERTION_WISHES * sizeof *best);
	for (uint32_t v = 0; v < core_n_vehicles(rig.core); v++) {
		struct plan base;
		struct timing was;
		struct found f;
		uint32_t slot = rig.core->vehicle_order[v];
		if ((ask->step_free && !core_vehicle_at(rig.core, v)->step_free) ||
		    too_dirty(core_vehicle_at(rig.core, v)->number, ask))
			continue;
		plan_of(v, &base);
		if (!times_of(&base, &was))
			continue;
		for (uint32_t i = plan_first_free(rig.core, slot); i <= base.n; i++)
			for (uint32_t j = i; j <= base.n; j++)
				for (uint32_t p = 0; p < ask->n_from; p++)
					for (uint32_t q = 0; q < ask->n_to; q++) {
						struct place from = insertion_place(rig.core, 0, &ask->from[p]),
							     to = insertion_place(rig.core, 0, &ask->to[q]);
						if (place_same(&from, &to) || walks_too_much(ask, p, q) ||
						    !candidate(&base, &was, ask, p, q, i, j, &f))
							continue;
						int64_t walk_is = (int64_t)ask->from[p].walk_mm + ask->to[q].walk_mm;
						const struct found *l = &best[INSERTION_LEAST_WALK],
								   *o = &best[INSERTION_SOONEST];
						int64_t walk_best = l->yes ? (int64_t)ask->from[l->p].walk_mm +
										     ask->to[l->q].walk_mm
									   : 0;
						if (!best[0].yes || f.cost < best[0].cost)
							best[0] = f;
						if (!o->yes || f.at_door < o->at_door ||
						    (f.at_door == o->at_door && f.cost < o->cost))
							best[INSERTION_SOONEST] = f;
						if (!l->yes || walk_is < walk_best ||
						    (walk_is == walk_best && f.cost < l->cost))
							best[INSERTION_LEAST_WALK] = f;
					}
	}
}

static struct place any_place(struct rng *rng)
{
	const char *way = ways[rng_below(rng, COUNT_OF(ways))];
	return rng_chance(rng, 500) ? rig_place(&rig, way[0], way[1]) : rig_place(&rig, way[1], way[0]);
}

static void any_wish(struct rng *rng, struct ask *ask)
{
	ask->ride = NONE - 1;
	ask->skip = NONE;
	ask->units[0] = (uint8_t)(1 + rng_below(rng, 3));
	ask->party = ask->units[0];
	ask->boarding_ms = 10000 * ask->party;
	ask->earliest = core_now(rig.core) + (rng_chance(rng, 300) ? rng_between(rng, 0, 40) * MINUTE_MS : 0);
	ask->latest_pickup = ask->earliest + HOUR_MS;
	ask->latest_dropoff = rng_chance(rng, 200) ? ask->earliest + rng_between(rng, 5, 40) * MINUTE_MS : INT64_MAX;
	ask->backward = ask->latest_dropoff != INT64_MAX;
	ask->service_end = INT64_MAX;
	ask->wait_permille = rng_chance(rng, 300) ? (uint32_t)rng_between(rng, 1000, 8000) : 0; /* fair.c */
}

static void any_ask(struct rng *rng, struct ask *ask)
{
	memset(ask, 0, sizeof *ask);
	ask->n_from = 1 + rng_below(rng, 3);
	ask->n_to = 1 + rng_below(rng, 3);
	for (uint32_t e = 0; e < ask->n_from; e++)
		ask->from[e] = (struct end_place){any_place(rng), e * 40000, e * 30769};
	for (uint32_t e = 0; e < ask->n_to; e++)
		ask->to[e] = (struct end_place){any_place(rng), e * 50000, e * 38461};
	any_wish(rng, ask);
}

static uint32_t compare(const struct ask *ask, uint64_t seed, uint32_t round)
{
	struct found best[INSERTION_WISHES];
	struct insertion_result result;
	struct ask copy = *ask;
	twin_search(ask, best);
	insertion_search(rig.core, &copy, &result);
	for (uint32_t w = 0; w < INSERTION_WISHES; w++) {
		const struct insertion *i = &result.best[w];
		int differs = (i->vehicle != NONE) != best[w].yes;
		if (best[w].yes && !differs)
			differs = i->cost != best[w].cost || rig.core->vehicles[i->vehicle].number != best[w].vehicle ||
				  i->pickup_at != best[w].i || i->dropoff_at != best[w].j ||
				  i->window_from != best[w].window_from || i->latest_arrival != best[w].latest_arrival;
		if (differs)
			printf("window %lld %lld, latest %lld %lld, door %lld %lld, now %lld\n",
			       (long long)(best[w].window_from - rig.start), (long long)(i->window_from - rig.start),
			       (long long)(best[w].latest_arrival - rig.start),
			       (long long)(i->latest_arrival - rig.start), (long long)(best[w].at_door - rig.start),
			       (long long)(i->at_door - rig.start), (long long)(rig.now - rig.start));
		if (differs)
			fail_msg("seed %llu, round %u, wish %u: twin %d cost %lld vehicle %u (%u, %u) ends %u %u; "
				 "search %d cost %lld vehicle %u (%u, %u) ends %u %u",
				 (unsigned long long)seed, round, w, best[w].yes, (long long)best[w].cost,
				 best[w].vehicle, best[w].i, best[w].j, best[w].p, best[w].q, i->vehicle != NONE,
				 (long long)i->cost, i->vehicle == NONE ? 0 : rig.core->vehicles[i->vehicle].number,
				 i->pickup_at, i->dropoff_at, i->from, i->to);
	}
	return best[0].yes != 0;
}

/* Somebody's arrival becomes promised so early (as after a late train) that another's absence would break it. */
static struct core_ride *at_risk(struct rng *rng, instant_ms *ret_promised)
{
	const uint32_t slot = rig.core->vehicle_order[rng_below(rng, core_n_vehicles(rig.core))];
	const uint32_t n = rig.core->vehicles_more[slot].n;
	if (!n || !rng_chance(rng, 500))
		return NULL;
	const uint32_t k = rng_below(rng, n);
	if (core_tasks(rig.core, slot)[k].kind != WIRE_DROPOFF)
		return NULL;
	struct core_ride *ride = &rig.core->rides[core_tasks_more(rig.core, slot)[k].ride];
	if (ride->state == RIDE_OFFERED)
		return NULL;
	*ret_promised = ride->latest_arrival;
	ride->latest_arrival -= rng_between(rng, 0, 12) * MINUTE_MS;
	return ride;
}

/* Every other pair of worlds has vehicles that are cleaned. */
static void open_fleet(struct drawn_town *drawn, struct rng *rng, int cleaning)
{
	struct core_settings settings;
	core_settings_default(&settings);
	settings.vehicles_max = RIG_VEHICLES_MAX;
	settings.rides_max = 512;
	settings.notices_max = 256;
	settings.cases_max = settings.keys_max = 64;
	settings.delays_max = 16;
	if (cleaning) {
		settings.clean_every_ms = 2400000;
		settings.clean_early_ms = 600000;
		settings.clean_ms = 480000;
	}
	rig_open(&rig, drawn, &settings);
	rig_sign_on(&rig, "Anna", 4);
	for (uint32_t v = 1; v <= 3; v++) {
		const char *way = ways[rng_below(rng, COUNT_OF(ways))];
		struct command hello = {.kind = CMD_VEHICLE_HELLO};
		hello.vehicle_hello.vehicle = v;
		hello.vehicle_hello.hello =
			(struct wire_hello){.boot = 1, .simulated = 1, .class_name = "shuttle", .cleans = 1};
		assert_int_equal(rig_vehicle(&rig, v, way[0], way[1]), 0);
		assert_int_equal(rig_step(&rig, &hello).code, 0);
	}
}

static void agrees(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	uint32_t feasible = 0, n = 0, n_dirty = 0, n_cleaned = 0;
	for (uint64_t s = seed; s < seed + WORLDS_OF(12); s++) {
		struct drawn_town drawn;
		struct rng rng;
		rng_seed(&rng, s);
		drawn_town_open(&drawn, &(struct drawn_options){.drawing = town_drawn,
								.metres_per_char = 80,
								.stops = "AB CD EF JK GK",
								.profiles = s % 2 ? NULL : slow_hours});
		drawn.town.rules.door_to_door = 1;
		drawn.town.rules.arrival_extra_permille = 500 + rng_below(&rng, 3) * 500;
		open_fleet(&drawn, &rng, s / 2 % 2);
		if (s % 3) { /* as if a group had fallen behind */
			rig.core->settings.fair_gap_permille = 100;
			rig.core->fair[1].weight = (uint32_t)rng_between(&rng, 1000, 8000);
			snapshot_digest_all(rig.core);
		}
		for (uint32_t round = 0; round < 834; round++, n++) {
			struct ask ask;
			struct command snow = {.kind = CMD_CONDITION,
					       .condition = {.on = round / 20 % 2, .name = "snow"}};
			if (s % 2 == 0)
				assert_int_equal(rig_step(&rig, &snow).code, 0);
			instant_ms promised = 0;
			struct core_ride *risky = at_risk(&rng, &promised);
			any_ask(&rng, &ask);
			for (uint32_t v = 0; v < core_n_vehicles(rig.core); v++) {
				n_dirty += (uint32_t)too_dirty(rig.core->vehicles[v].number, &ask);
				n_cleaned +=
					rig.core->vehicles_more[v].n && core_tasks(rig.core, v)->kind == WIRE_CLEAN;
			}
			feasible += compare(&ask, s, round);
			if (risky)
				risky->latest_arrival = promised;
			rig_run(&rig, rig.now + rng_between(&rng, 0, 240) * SECOND_MS);
			struct place from = any_place(&rng), to = any_place(&rng);
			struct command command = rig_request_command(&rig, from, to);
			command.request.need_count[0] = (uint8_t)(1 + rng_below(&rng, 3));
			command.request.need_count[1] = (uint8_t)rng_chance(&rng, 250);
			if (rng_chance(&rng, 300)) {
				command.request.time_kind = TIME_LEAVE_AT;
				command.request.time = rig.now + rng_between(&rng, 5, 60) * MINUTE_MS;
			}
			if (rng_chance(&rng, 100) && rig.n_no_shows < COUNT_OF(rig.no_shows))
				rig.no_shows[rig.n_no_shows++] = command.request.ride;
			if (rig_step(&rig, &command).code == 0 && rng_chance(&rng, 900))
				(void)rig_accept(&rig, command.request.ride, 0);
		}
		rig_close(&rig);
		drawn_town_close(&drawn);
	}
	printf("%u searches, %u feasible, %u candidates met later for the sake of a shorter ride, %u vehicles to be "
	       "cleaned first, %u on their way to it, seeds %llu to %llu\n",
	       n, feasible, n_delayed, n_dirty, n_cleaned, (unsigned long long)seed,
	       (unsigned long long)seed + WORLDS_OF(12) - 1);
	assert_true(n >= WORLDS_OF(12) * 834 && feasible > n / 4 && n_delayed > 100 && n_dirty > 50 && n_cleaned > 200);
}

/* ---- meeting points: all stops within the walk limit, at both ends, against plain searches on foot ---- */

static uint32_t on_foot(struct route_query *query, struct spot from, struct spot to)
{
	const struct network *walk = &core_town(rig.core)->walk;
	const struct route_metric foot = {0, walk->time_ms, NULL};
	uint32_t least = NONE;
	for (int turn = 0; turn < 4; turn++) {
		struct spot a = from, b = to;
		if (turn & 1)
			a = (struct spot){walk->reverse_arc[a.arc], walk->dist_mm[a.arc] - a.offset_mm};
		if (turn & 2)
			b = (struct spot){walk->reverse_arc[b.arc], walk->dist_mm[b.arc] - b.offset_mm};
		struct route_result result = route_one(query, &foot, a, b);
		if (result.time_ms != TIME_INFINITE && result.dist_mm < least)
			least = result.dist_mm;
	}
	return least;
}

static uint32_t ends_of(struct route_query *query, const struct place *place, uint32_t most_mm, int from,
			struct end_place *ends)
{
	const struct town *town = core_town(rig.core);
	uint32_t n = 0;
	for (uint32_t s = 0; s < town->n_stops; s++) {
		struct place stop = core_stop_place(rig.core, s);
		uint32_t mm = from ? on_foot(query, place->walk, stop.walk) : on_foot(query, stop.walk, place->walk);
		if (mm <= most_mm)
			ends[n++] = (struct end_place){stop, mm,
						       (uint32_t)((uint64_t)mm * 1000 / town->rules.walk_mm_per_s)};
	}
	return n;
}

static void meeting_ask(struct rng *rng, struct route_query *query, struct command *command, struct ask *ask)
{
	const struct town_rules *rules = &core_town(rig.core)->rules;
	struct place from = any_place(rng), to = any_place(rng);
	while (geo_rough_mm(from.point, to.point) < 50000)
		to = any_place(rng);
	*command = rig_request_command(&rig, from, to);
	command->request.walk_max_mm = (uint32_t)rng_between(rng, 1, 12) * 100000;
	*ask = (struct ask){.skip = NONE, .ride = NONE - 1, .service_end = INT64_MAX, .latest_dropoff = INT64_MAX};
	ask->n_from = ends_of(query, &from, command->request.walk_max_mm, 1, ask->from);
	ask->n_to = ends_of(query, &to, command->request.walk_max_mm, 0, ask->to);
	ask->units[0] = 1;
	ask->party = 1;
	ask->boarding_ms = core_town(rig.core)->need_boarding_ms[0];
	uint32_t nearest_ms = UINT32_MAX;
	for (uint32_t p = 0; p < ask->n_from; p++)
		nearest_ms = ask->from[p].walk_ms < nearest_ms ? ask->from[p].walk_ms : nearest_ms;
	/* nobody walks more than three quarters of the way, unless the nearest stops want it */
	uint32_t share_mm = (uint32_t)((uint64_t)on_foot(query, from.walk, to.walk) * 3 / 4), least_mm = UINT32_MAX;
	for (uint32_t p = 0; p < ask->n_from; p++)
		for (uint32_t q = 0; q < ask->n_to; q++)
			if (ask->from[p].walk_mm + ask->to[q].walk_mm < least_mm)
				least_mm = ask->from[p].walk_mm + ask->to[q].walk_mm;
	ask->walk_most_mm = share_mm < least_mm ? 0 : share_mm;
	ask->earliest = rig.now;
	ask->latest_pickup = rig.now + nearest_ms + rules->wait_max_ms;
}

struct met {
	uint32_t asked, no_stop, offered, choice, ends_most;
};

static void meet(struct rng *rng, struct route_query *query, uint64_t seed, struct met *met)
{
	struct command command;
	struct ask ask;
	struct found best[INSERTION_WISHES];
	rig_step(&rig, &(struct command){.kind = CMD_TICK});
	meeting_ask(rng, query, &command, &ask);
	twin_search(&ask, best);
	struct upd_result result = rig_step(&rig, &command);
	const struct core_ride *ride = core_ride(rig.core, command.request.ride);
	met->asked++;
	if (!ask.n_from || !ask.n_to) {
		assert_int_equal(result.refusal, REFUSAL_NO_STOP_NEAR);
		assert_true(result.would_work_walk_mm == 0 || result.would_work_walk_mm > command.request.walk_max_mm);
		met->no_stop++;
		return;
	}
	if (best[0].yes != (ride->n_offers > 0) || (best[0].yes && ride->offers[0].cost != best[0].cost))
		fail_msg("seed %llu, ride %u: twin %d cost %lld, core %u offers cost %lld", (unsigned long long)seed,
			 (unsigned)command.request.ride, best[0].yes, (long long)best[0].cost, ride->n_offers,
			 (long long)ride->offers[0].cost);
	const struct found *least = &best[INSERTION_LEAST_WALK];
	int64_t walk_mm = INT64_MAX;
	for (uint32_t k = 0; k < ride->n_offers; k++)
		walk_mm = sooner(walk_mm, (int64_t)ride->offers[k].walk_from_mm + ride->offers[k].walk_to_mm);
	if (best[0].yes) /* what is less of a walk by 50 m is among the offers */
		assert_true(walk_mm < (int64_t)ask.from[least->p].walk_mm + ask.to[least->q].walk_mm + 50000);
	met->offered += ride->n_offers > 0;
	met->choice += ride->n_offers > 1;
	met->ends_most = ask.n_from * ask.n_to > met->ends_most ? ask.n_from * ask.n_to : met->ends_most;
	if (ride->n_offers && rng_chance(rng, 800))
		(void)rig_accept(&rig, command.request.ride, (uint8_t)rng_below(rng, ride->n_offers));
}

static void meeting_points(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	struct met met = {0};
	for (uint64_t s = seed; s < seed + 6; s++) {
		struct drawn_town drawn;
		struct arena arena;
		struct route_graph *graph;
		struct route_query *query;
		struct rng rng;
		rng_seed(&rng, s);
		drawn_town_open(&drawn, &(struct drawn_options){.drawing = town_drawn,
								.metres_per_char = 80,
								.stops = "AB BA CD EF20 EF300 JK GK FJ KL LH GH DC"});
		rig_open(&rig, &drawn, NULL);
		assert_int_equal(arena_open(&arena, 1 << 22), 0);
		assert_int_equal(route_graph_open(&graph, &drawn.town.walk, &arena), 0);
		assert_int_equal(route_query_open(&query, graph, &arena), 0);
		rig_sign_on(&rig, "Anna", 4);
		for (uint32_t v = 1; v <= 3; v++) {
			const char *way = ways[rng_below(&rng, COUNT_OF(ways))];
			assert_int_equal(rig_vehicle(&rig, v, way[0], way[1]), 0);
		}
		for (uint32_t round = 0; round < 40; round++) {
			meet(&rng, query, s, &met);
			rig_run(&rig, rig.now + rng_between(&rng, 0, 240) * SECOND_MS);
		}
		arena_close(&arena);
		rig_close(&rig);
		drawn_town_close(&drawn);
	}
	printf("%u asked, %u without a stop, %u offered, %u with a choice, up to %u pairs of stops, seeds %llu to "
	       "%llu\n",
	       met.asked, met.no_stop, met.offered, met.choice, met.ends_most, (unsigned long long)seed,
	       (unsigned long long)seed + 5);
	assert_true(met.offered > met.asked / 3 && met.ends_most > 16);
	assert_true(2 * met.choice >= met.offered);
}

/* ---- a larger fleet: with all bounds taken away (as while streets change) the same comes out ---- */

static const char *const large_drawn = "A-----B-----C-----D-----E-----F\n"
				       "|     |     ^     |     |     |\n"
				       "G-----H>>>>>I-----J-----K-----L\n"
				       "|     |     |     v     |     |\n"
				       "M-----N-----O-----P-----Q-----R\n"
				       "|     |     |     |     ^     |\n"
				       "S-----T-----U-----V-----W-----X\n";
static const char *const large_ways[] = {"AB", "BC", "CD", "DE", "EF", "GH", "IJ", "JK", "KL", "MN", "NO", "OP",
					 "PQ", "QR", "ST", "TU", "UV", "VW", "WX", "AG", "BH", "DJ", "EK", "FL",
					 "GM", "HN", "IO", "KQ", "LR", "MS", "NT", "OU", "PV", "RX"};
static const char *const large_stops =
	"AB BC CD20 DE EF GH30 IJ JK KL MN NO OP PQ QR ST TU30 UV VW WX BA ED HG LK RQ UT XW DJ EK FL HN OU PV";

static struct place large_place(struct rng *rng)
{
	const char *way = large_ways[rng_below(rng, COUNT_OF(large_ways))];
	return rng_chance(rng, 500) ? rig_place(&rig, way[0], way[1]) : rig_place(&rig, way[1], way[0]);
}

/* Ends on stops or at doors, some far to walk to. */
static void large_ends(struct rng *rng, int doors, struct end_place *ends, uint32_t *ret_n)
{
	*ret_n = 1 + rng_below(rng, 5);
	for (uint32_t e = 0; e < *ret_n; e++) {
		const uint32_t walk_mm = e * (uint32_t)rng_between(rng, 20000, 90000);
		const uint32_t stop = rng_below(rng, core_town(rig.core)->n_stops);
		ends[e].place = doors && rng_chance(rng, 400) ? large_place(rng) : core_stop_place(rig.core, stop);
		ends[e].walk_mm = walk_mm;
		ends[e].walk_ms = walk_mm * 10 / 13;
	}
}

static void large_ask(struct rng *rng, int doors, struct ask *ask)
{
	memset(ask, 0, sizeof *ask);
	any_wish(rng, ask);
	large_ends(rng, doors, ask->from, &ask->n_from);
	large_ends(rng, doors, ask->to, &ask->n_to);
	ask->latest_pickup = ask->earliest + rng_between(rng, 1, 40) * MINUTE_MS;
	ask->fixed = (uint8_t)rng_chance(rng, 200);
	if (!ask->fixed)
		return;
	ask->n_from = ask->n_to = 1;
	ask->from[0].walk_ms = 0;
	ask->latest_dropoff = ask->latest_pickup + 20 * MINUTE_MS;
	ask->ride_max_ms = 15 * (uint32_t)MINUTE_MS;
	ask->held = (uint8_t)rng_chance(rng, 500);
	ask->backward = 0;
}

static int same_insertion(const struct insertion *a, const struct insertion *b)
{
	return a->vehicle == b->vehicle &&
	       (a->vehicle == NONE ||
		(a->cost == b->cost && a->pickup_at == b->pickup_at && a->dropoff_at == b->dropoff_at &&
		 a->from == b->from && a->to == b->to && a->window_from == b->window_from &&
		 a->latest_arrival == b->latest_arrival && a->at_door == b->at_door));
}

struct left_out {
	uint32_t searches, found, refused;
	uint64_t tried, all;
};

static void large_compare(struct ask *ask, uint64_t seed, uint32_t round, struct left_out *sum)
{
	struct insertion_result is, all;
	rig.core->untimed = 0;
	insertion_search(rig.core, ask, &is);
	rig.core->untimed = 1;
	insertion_search(rig.core, ask, &all);
	rig.core->untimed = 0;
	for (uint32_t w = 0; w < INSERTION_WISHES; w++)
		if (!same_insertion(&is.best[w], &all.best[w]))
			fail_msg("seed %llu, round %u, wish %u: cost %lld vehicle %u; with all %lld vehicle %u",
				 (unsigned long long)seed, round, w, (long long)is.best[w].cost, is.best[w].vehicle,
				 (long long)all.best[w].cost, all.best[w].vehicle);
	const uint32_t found = is.best[0].vehicle != NONE;
	if (!found && (is.refusal != all.refusal || is.obstacle != all.obstacle))
		fail_msg("seed %llu, round %u: refused %u for %u; with all %u for %u", (unsigned long long)seed, round,
			 is.refusal, is.obstacle, all.refusal, all.obstacle);
	sum->searches++;
	sum->found += found;
	sum->refused += !found;
	sum->tried += is.n_tried;
	sum->all += all.n_tried;
}

static void large_world(uint64_t seed, const struct drawn_options *options, int doors, uint32_t rounds,
			struct left_out *sum)
{
	struct drawn_town drawn;
	struct core_settings settings;
	struct rng rng;
	rng_seed(&rng, seed);
	drawn_town_open(&drawn, options);
	drawn.town.rules.door_to_door = 1;
	core_settings_default(&settings);
	settings.vehicles_max = RIG_ROBOTS_MAX;
	settings.rides_max = settings.notices_max = 1024;
	settings.cases_max = settings.keys_max = settings.delays_max = 64;
	rig_open(&rig, &drawn, &settings);
	rig.checking = 0;
	rig_sign_on(&rig, "Anna", RIG_ROBOTS_MAX);
	for (uint32_t v = 1; v <= RIG_ROBOTS_MAX; v++) {
		const char *way = large_ways[rng_below(&rng, COUNT_OF(large_ways))];
		assert_int_equal(rig_vehicle(&rig, v, way[0], way[1]), 0);
	}
	for (uint32_t round = 0; round < rounds; round++) {
		struct ask ask;
		large_ask(&rng, doors, &ask);
		large_compare(&ask, seed, round, sum);
		if (round % 4)
			continue;
		rig_run(&rig, rig.now + rng_between(&rng, 0, 20) * SECOND_MS);
		struct command command = rig_request_command(&rig, large_place(&rng), large_place(&rng));
		if (rng_chance(&rng, 200)) {
			command.request.time_kind = TIME_LEAVE_AT;
			command.request.time = rig.now + rng_between(&rng, 5, 30) * MINUTE_MS;
		}
		if (rig_step(&rig, &command).code == 0 && rng_chance(&rng, 900))
			(void)rig_accept(&rig, command.request.ride, 0);
	}
	rig_close(&rig);
	drawn_town_close(&drawn);
}

static void bounds_leave_out_nobody(void **state)
{
	(void)state;
	const char *text = getenv("ZUB_SEED");
	const uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
	const struct drawn_options worlds[] = {
		{.drawing = large_drawn, .metres_per_char = 60, .stops = large_stops},
		{.drawing = large_drawn, .metres_per_char = 60, .stops = large_stops, .turns = "BHN:9000 NHB CDE:4000"},
		/* what was driven before counts: a way over a third place can be shorter than the way */
		{.drawing = large_drawn, .metres_per_char = 60, .stops = large_stops, .turns = "NOPQ OPV:20000 KJIO"},
		{.drawing = large_drawn,
		 .metres_per_char = 60,
		 .stops = large_stops,
		 .profiles = "tue 08:03 08:09 1800\ntue 08:15 08:30 2500"}};
	struct left_out sum = {0};
	for (uint32_t w = 0; w < COUNT_OF(worlds); w++)
		for (uint64_t s = seed; s < seed + WORLDS_OF(5); s++)
			large_world(s, &worlds[w], s % 2 == 0, 500, &sum);
	printf("%u searches, %u found, %u refused, %.1f of %.1f vehicles tried, seeds %llu to %llu\n", sum.searches,
	       sum.found, sum.refused, (double)sum.tried / sum.searches, (double)sum.all / sum.searches,
	       (unsigned long long)seed, (unsigned long long)seed + WORLDS_OF(5) - 1);
	assert_true(sum.searches == WORLDS_OF(5) * 2000 && sum.found > sum.searches / 5);
	assert_true(sum.refused > sum.searches / 100);
	/* less than half over all worlds; some of them alone are a little above it */
	assert_true(sum.tried * (WORLDS_OF(5) < 5 ? 5 : 6) < sum.all * 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees), cmocka_unit_test(meeting_points),
					   cmocka_unit_test(bounds_leave_out_nobody)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
