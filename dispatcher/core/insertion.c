#include "insertion.h"
#include "arena.h"
#include "bound.h"
#include "cost.h"
#include "distance.h"
#include "schedule.h"

/* In the hour, and for who is not there by its border. */
struct leg {
	uint32_t time_ms, far_ms, dist_mm;
};

#define BATCH_MOST 4 /* vehicles whose ways are measured together */

struct candidate { /* a vehicle that may win; the least key is tried first */
	int64_t key, then;
	int64_t cost;
	instant_ms at_door;
	uint32_t slot;
	uint8_t roughly; /* the bounds, still */
	uint8_t is_last; /* no better key is to be had */
};
struct search {
	struct bounds *bounds;
	struct candidate *candidates; /* [vehicles_max] */
	uint32_t n_candidates;
	/* spots of the vehicles of a batch: start, then tasks; one after the other */
	const struct place **places;
	const struct place **tasks; /* the same without the starts (NULL) */
	struct place starts[BATCH_MOST];
	struct leg *to_from[ENDS_MAX], *from_from[ENDS_MAX]; /* spot -> pickup place, pickup place -> spot */
	struct leg *to_to[ENDS_MAX], *from_to[ENDS_MAX];
	struct route_result *found;			  /* scratch of one row */
	uint32_t vehicles[BATCH_MOST], first[BATCH_MOST]; /* of the batch; their first spot */
	uint32_t n_vehicles, n_places;
	struct leg direct[ENDS_MAX][ENDS_MAX];
	struct place from[ENDS_MAX], to[ENDS_MAX]; /* of the class at hand */
};

/* A vehicle as the search sees it. */
struct base {
	uint32_t slot, n, first_free, first_place;
	struct place start;
	instant_ms start_at, ends_at;
	struct sequence seq;
	struct times times;
	uint32_t load[SEQUENCE_MAX][TOWN_SPACES_MAX]; /* before task k */
	instant_ms slack[SEQUENCE_MAX];
	uint64_t mm;
	uint64_t charge_mwh; /* what it will have charged before anything new, at most to full */
};

static size_t batch_nodes(const struct core_settings *settings)
{
	return (size_t)BATCH_MOST * (settings->plan_tasks_max + 1);
}

uint32_t search_ways_most(const struct core_settings *settings)
{
	return (uint32_t)batch_nodes(settings) * ENDS_MAX;
}

size_t search_size(const struct core_settings *settings, const struct town *town)
{
	return sizeof(struct search) +
	       batch_nodes(settings) * (2 * sizeof(void *) + 4 * ENDS_MAX * sizeof(struct leg) +
					ENDS_MAX * sizeof(struct route_result)) +
	       settings->vehicles_max * sizeof(struct candidate) + bounds_size(town) + (4 * ENDS_MAX + 8) * 16;
}

int search_open(struct search **ret_search, const struct core_settings *settings, const struct town *town,
		struct arena *arena)
{
	size_t nodes = batch_nodes(settings);
	struct search *s = arena_take(arena, 1, sizeof *s);
	if (!s)
		return ERR_MEMORY;
	s->places = arena_take(arena, nodes, sizeof *s->places);
	s->tasks = arena_take(arena, nodes, sizeof *s->tasks);
	s->found = arena_take(arena, nodes * ENDS_MAX, sizeof *s->found);
	s->candidates = arena_take(arena, settings->vehicles_max, sizeof *s->candidates);
	if (!s->places || !s->tasks || !s->found || !s->candidates || bounds_open(&s->bounds, town, arena))
		return ERR_MEMORY;
	for (uint32_t e = 0; e < ENDS_MAX; e++) {
		struct leg **rows[] = {&s->to_from[e], &s->from_from[e], &s->to_to[e], &s->from_to[e]};
		for (uint32_t i = 0; i < COUNT_OF(rows); i++) {
			*rows[i] = arena_take(arena, nodes, sizeof **rows[i]);
			if (!*rows[i])
				return ERR_MEMORY;
		}
	}
	*ret_search = s;
	return ERR_OK;
}

struct place insertion_place(const struct core *core, uint32_t class_index, const struct end_place *end)
{
	struct place place = end->place;
	const struct town *town = core->town;
	if (place.stop != NONE) {
		place.road = town->stop_spot[(size_t)class_index * town->n_stops + place.stop];
		place.side = town->stop_side[place.stop];
	} else if (place.road.arc != NONE &&
		   (town->road.time_ms[(size_t)class_index * town->road.n_arcs + place.road.arc] == TIME_INFINITE ||
		    !(town->road.main_mask[place.road.arc] >> class_index & 1))) {
		place.road.arc = NONE;
	}
	return place;
}

/* ---- which vehicles ---- */

static uint8_t vehicle_unfit(const struct core *core, uint32_t slot, const struct ask *ask)
{
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	uint8_t refusal = vehicle_refuses(core, slot);
	if (refusal)
		return refusal;
	if (cleaning_refuses(core, slot, ask))
		return REFUSAL_NO_VEHICLE;
	if (slot == ask->skip || (ask->ride < core->settings.rides_max && ride_refused_by(core, ask->ride, slot)))
		return REFUSAL_NO_VEHICLE;
	if (ask->step_free && !vehicle->step_free)
		return REFUSAL_NOT_STEP_FREE;
	for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
		if (ask->units[s] > vehicle->spaces[s])
			return REFUSAL_NO_CAPACITY;
	return vehicle->anchor.road.arc == NONE ? REFUSAL_NO_ROAD : REFUSAL_NONE;
}

/* The obstacle named in the end is the one that the vehicle that came furthest met. */
static uint8_t further(uint8_t a, uint8_t b)
{
	static const uint8_t rank[REFUSALS] = {
		[REFUSAL_NO_VEHICLE] = 1,  [REFUSAL_NO_SUPERVISOR] = 2, [REFUSAL_NOT_STEP_FREE] = 3,
		[REFUSAL_NO_CAPACITY] = 4, [REFUSAL_NO_ROAD] = 5,	[REFUSAL_FULL] = 6,
		[REFUSAL_NO_TIME] = 7};
	return rank[b] > rank[a] ? b : a;
}

static int met(struct insertion_result *result, uint8_t refusal, uint8_t obstacle)
{
	result->refusal = further(result->refusal, refusal);
	if (obstacle > result->obstacle)
		result->obstacle = obstacle;
	return 0;
}

static void base_loads(const struct core *core, struct base *base)
{
	const struct core_vehicle *vehicle = &core->vehicles[base->slot];
	const struct core_task *tasks = core_tasks(core, base->slot);
	const struct task_more *more = core_tasks_more(core, base->slot);
	memset(base->load, 0, sizeof base->load[0] * (base->n + 1));
	for (uint32_t i = 0; i < vehicle->n_aboard; i++) {
		uint32_t ride = core_ride_slot(core, vehicle->aboard[i]);
		for (uint32_t s = 0; ride != NONE && s < TOWN_SPACES_MAX; s++)
			base->load[0][s] += core->rides[ride].units[s];
	}
	for (uint32_t k = 0; k < base->n; k++) {
		memcpy(base->load[k + 1], base->load[k], sizeof base->load[0]);
		if (more[k].ride == NONE)
			continue;
		const uint8_t *units = core->rides[more[k].ride].units;
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++) {
			if (tasks[k].kind == WIRE_PICKUP)
				base->load[k + 1][s] += units[s];
			else
				base->load[k + 1][s] -=
					base->load[k + 1][s] < units[s] ? base->load[k + 1][s] : units[s];
		}
	}
}

static uint64_t charge_ahead(const struct core *core, uint32_t slot)
{
	const struct core_settings *s = &core->settings;
	const struct core_vehicle *vehicle = &core->vehicles[slot];
	const struct core_task *task = core_tasks(core, slot);
	if (!core->vehicles_more[slot].n || task->kind != WIRE_CHARGE)
		return 0;
	instant_ms ms = task->state ? task->end - core->now : core_tasks_more(core, slot)->dwell_ms;
	uint64_t mwh = ms > 0 ? (uint64_t)ms * s->charge_w / 3600 : 0; /* W * ms = mWs */
	uint64_t room = (1000u - vehicle->battery_permille) * (uint64_t)s->battery_wh;
	return mwh < room ? mwh : room;
}

static void base_fill(struct core *core, uint32_t slot, struct base *base)
{
	const struct core_task *tasks = core_tasks(core, slot);
	base->slot = slot;
	base->n = plan_n_serving(core, slot);
	base->first_free = plan_first_free(core, slot);
	base->ends_at = vehicle_ends_at(core, slot);
	plan_start(core, slot, &base->start, &base->start_at);
	plan_sequence(core, slot, &base->seq);
	base->seq.n = base->n;
	schedule_run(&base->seq, &base->times);
	schedule_worst(&base->seq, &base->times);
	base_loads(core, base);
	base->mm = 0;
	base->charge_mwh = charge_ahead(core, slot);
	for (uint32_t k = 0; k < base->n; k++)
		base->mm += tasks[k].drive_mm;
}

/* ---- one candidate ---- */

struct trial {
	struct core *core;
	const struct ask *ask;
	const struct search *search;
	const struct base *base;
	uint32_t p, q; /* ends */
	uint32_t i, j; /* positions */
	struct sequence seq;
	struct times times;
};

static struct leg leg_to(const struct leg *row, const struct base *base, uint32_t position)
{
	/* row holds the start at first_place, then the tasks */
	return row[base->first_place + position];
}

static struct leg leg_of(const struct step *step)
{
	return (struct leg){step->drive_ms, step->far_ms, 0};
}

/* How long it takes who sets out at `at`. */
static uint32_t leg_ms_at(const struct base *base, struct leg leg, instant_ms at)
{
	return leg.time_ms == TIME_INFINITE ? TIME_INFINITE
					    : schedule_drive_ms(&base->seq, leg.time_ms, leg.far_ms, at);
}

/* What the leg to the first task takes from where the vehicle can leave its way, by the hour's times like the legs that
 * it is compared with. */
static int64_t first_leg_ms(const struct base *b)
{
	const struct step *first = &b->seq.steps[0];
	uint32_t taken_ms = schedule_drive_ms(&b->seq, first->drive_ms, first->far_ms, later(b->seq.start, b->seq.now));
	return b->times.arrive[0] - b->start_at - (int64_t)taken_ms + first->drive_ms;
}

/* Legs around the new tasks; 0 = no way there. added_ms: what is driven more, by the hour's times. */
static int trial_legs(const struct trial *t, struct leg legs[4], int64_t *ret_added_ms, uint64_t *ret_added_mm)
{
	const struct search *s = t->search;
	const struct base *b = t->base;
	const uint32_t f = b->first_place;
	const struct leg *before = &s->to_from[t->p][f + t->i];
	uint64_t mm = before->dist_mm;
	int64_t ms = before->time_ms;
	/* what the next task's leg took */
	const int64_t was_ms = t->i >= b->n ? 0
			       : t->i || b->seq.steps[0].joined
				       ? b->seq.steps[t->i].joined ? 0 : b->seq.steps[t->i].drive_ms
				       : first_leg_ms(b);
	legs[0] = *before;
	legs[2] = legs[3] = (struct leg){0, 0, 0};
	if (t->i == t->j) { /* straight from pickup to drop-off */
		legs[1] = s->direct[t->p][t->q];
		mm += s->direct[t->p][t->q].dist_mm;
		ms += legs[1].time_ms;
	} else {
		legs[1] = leg_to(s->from_from[t->p], b, t->i + 1);
		legs[2] = leg_to(s->to_to[t->q], b, t->j);
		mm += s->from_from[t->p][f + t->i + 1].dist_mm + (uint64_t)s->to_to[t->q][f + t->j].dist_mm;
		ms += (int64_t)legs[1].time_ms + legs[2].time_ms - was_ms;
	}
	if (t->j < b->n) {
		legs[3] = leg_to(s->from_to[t->q], b, t->j + 1);
		mm += s->from_to[t->q][f + t->j + 1].dist_mm;
		ms += (int64_t)legs[3].time_ms - (t->i == t->j ? was_ms : b->seq.steps[t->j].drive_ms);
	}
	*ret_added_ms = ms;
	*ret_added_mm = mm;
	return legs[0].time_ms != TIME_INFINITE && legs[1].time_ms != TIME_INFINITE &&
	       legs[2].time_ms != TIME_INFINITE && legs[3].time_ms != TIME_INFINITE;
}

/* Whether a new place joins the stop of the task at list position `with` (already in plan). */
static int joins(const struct trial *t, const struct place *place, uint32_t with)
{
	return place_same(place, &core_tasks(t->core, t->base->slot)[with].place);
}

static void step_drive(struct step *step, struct leg leg)
{
	step->drive_ms = leg.time_ms;
	step->far_ms = leg.far_ms;
}

static void trial_compose(struct trial *t, const struct leg legs[4])
{
	const struct base *b = t->base;
	const struct ask *ask = t->ask;
	const struct vehicle_more *more = &t->core->vehicles_more[b->slot];
	const struct core_vehicle *vehicle = &t->core->vehicles[b->slot];
	const struct place *from = &t->search->from[t->p], *to = &t->search->to[t->q];
	struct sequence *seq = &t->seq;
	seq->now = b->seq.now;
	seq->start = b->seq.start;
	seq->stop_ms = b->seq.stop_ms;
	seq->no_show_wait_ms = b->seq.no_show_wait_ms;
	seq->margin_ms = b->seq.margin_ms;
	seq->message_ms = b->seq.message_ms;
	seq->border = b->seq.border;
	seq->n = b->n + 2;
	memcpy(seq->steps, b->seq.steps, t->i * sizeof seq->steps[0]);
	memcpy(seq->steps + t->i + 1, b->seq.steps + t->i, (t->j - t->i) * sizeof seq->steps[0]);
	memcpy(seq->steps + t->j + 2, b->seq.steps + t->j, (b->n - t->j) * sizeof seq->steps[0]);
	struct step *pickup = &seq->steps[t->i], *dropoff = &seq->steps[t->j + 1];
	*pickup = (struct step){.drive_ms = legs[0].time_ms,
				.far_ms = legs[0].far_ms,
				.dwell_ms = ask->boarding_ms,
				.ride = ask->ride,
				.kind = WIRE_PICKUP,
				.ready = INSTANT_NONE,
				.wait_until = INSTANT_NONE,
				.promised = INT64_MAX,
				.boarded_at = INSTANT_NONE};
	*dropoff = *pickup;
	dropoff->kind = WIRE_DROPOFF;
	if (t->i == 0) {
		seq->start = b->start_at;
		if (more->phase == PHASE_AT_STOP && place_same(&vehicle->anchor, from)) {
			pickup->joined = 1;
			seq->start = more->at_since;
		}
	} else {
		pickup->joined = (uint8_t)joins(t, from, t->i - 1);
	}
	step_drive(dropoff, t->i == t->j ? legs[1] : legs[2]);
	dropoff->joined = (uint8_t)(t->i == t->j ? place_same(from, to) : joins(t, to, t->j - 1));
	if (t->i < t->j) {
		struct step *next = &seq->steps[t->i + 1];
		step_drive(next, legs[1]);
		next->joined = (uint8_t)joins(t, from, t->i);
	}
	if (t->j < b->n) {
		struct step *next = &seq->steps[t->j + 2];
		step_drive(next, legs[3]);
		next->joined = (uint8_t)joins(t, to, t->j);
	}
}

static int window_opens(struct trial *t, instant_ms from, struct insertion *ret)
{
	struct step *pickup = &t->seq.steps[t->i];
	if (from > t->ask->latest_pickup)
		return 0;
	pickup->ready = from;
	pickup->wait_until = from + promise_window_ms(t->core);
	ret->window_from = from;
	ret->window_to = pickup->wait_until;
	return 1;
}

/* The promise this candidate would make (or has to keep); 0 = not possible. */
static int trial_window(struct trial *t, struct insertion *ret)
{
	const struct ask *ask = t->ask;
	struct step *pickup = &t->seq.steps[t->i];
	if (ask->fixed) {
		pickup->ready = ask->earliest;
		pickup->wait_until = ask->latest_pickup;
		ret->window_from = ask->earliest;
		ret->window_to = ask->latest_pickup;
		return 1;
	}
	const uint32_t window_ms = promise_window_ms(t->core);
	pickup->ready = ask->earliest + ask->from[t->p].walk_ms;
	schedule_run(&t->seq, &t->times);
	instant_ms from = later(pickup->ready, t->times.arrive[t->i] + promise_lead_ms(t->core));
	from = later(from, schedule_worst_arrival(&t->seq, &t->times, t->i) + promise_margin_ms(t->core) - window_ms);
	return window_opens(t, from, ret);
}

/* The drop-off's own limits; fills the rest of the promise. OBSTACLE_NONE, or which does not hold. */
static uint8_t trial_arrival(const struct trial *t, struct insertion *ret)
{
	const struct ask *ask = t->ask;
	const uint32_t d = t->j + 1, reserve_ms = t->core->settings.reserve_ms;
	const struct leg *direct = &t->search->direct[t->p][t->q];
	instant_ms end = t->times.end[d], ride_ms = end - t->times.end[t->i];
	const uint32_t direct_ms = leg_ms_at(t->base, *direct, t->times.end[t->i]);
	ret->direct_ms = direct_ms;
	ret->direct_mm = direct->dist_mm;
	ret->planned_pickup = t->times.begin[t->i];
	ret->at_door = end + ask->to[t->q].walk_ms;
	if (end > ask->service_end || end > t->base->ends_at)
		return OBSTACLE_SERVICE_END;
	/* behind a rider who boards much later at the same stop, the vehicle would be there in time for nothing */
	if (t->times.begin[t->i] > ret->window_to)
		return OBSTACLE_PICKUP;
	if (ask->fixed) {
		ret->planned_dropoff = end;
		ret->latest_arrival = ask->latest_dropoff;
		ret->ride_max_ms = ask->ride_max_ms;
		instant_ms pickup = ask->latest_pickup - ask->spare_ms, dropoff = ask->latest_dropoff - ask->spare_ms;
		if (t->times.arrive[t->i] > pickup || end > dropoff || ride_ms > ask->ride_max_ms)
			return OBSTACLE_ARRIVAL;
		return ask->urgent || (t->times.worst[d] <= ask->latest_dropoff &&
				       t->times.worst[t->i] <= ask->latest_pickup)
			       ? OBSTACLE_NONE
			       : OBSTACLE_PROMISES;
	}
	instant_ms limit = ask->latest_dropoff == INT64_MAX ? INT64_MAX : ask->latest_dropoff - ask->to[t->q].walk_ms;
	limit = sooner(limit, ask->service_end);
	ret->planned_dropoff = end + reserve_ms; /* what is told holds the reserve */
	ret->latest_arrival = sooner(ret->planned_dropoff + promise_extra_ms(t->core, direct_ms), limit);
	ret->ride_max_ms = promise_ride_max_ms(t->core, direct_ms);
	if (ret->planned_dropoff > limit)
		return limit == ask->service_end ? OBSTACLE_SERVICE_END : OBSTACLE_ARRIVAL;
	if (ride_ms > ret->ride_max_ms)
		return OBSTACLE_RIDE_TIME;
	return t->times.worst[d] > ret->latest_arrival - promise_margin_ms(t->core) ? OBSTACLE_PROMISES : OBSTACLE_NONE;
}

/* Where the vehicle waits for others between pickup and drop-off, a later pickup shortens the ride: the least delay of
 * the pickup that keeps the longest ride, each millisecond later taking one off until no waiting is left (the exact
 * timing of a fixed sequence by its ride-time limits: Firat, Woeginger, Analysis of the dial-a-ride problem of
 * Hunsaker and Savelsbergh, Operations Research Letters 39 (2011); one limit, so one step of it). What was promised to
 * others before stays as it is. 0 = no delay helps, or the rider would be met too late. */
static int trial_delay(struct trial *t, struct insertion *ret)
{
	const instant_ms ride_ms = t->times.end[t->j + 1] - t->times.end[t->i];
	if (!window_opens(t, t->times.begin[t->i] + ride_ms - ret->ride_max_ms, ret))
		return 0;
	schedule_run(&t->seq, &t->times);
	schedule_worst(&t->seq, &t->times);
	return 1;
}

/* A promise may be at risk by somebody's absence already (a late train made it so). It stays no worse, but nobody new
 * is taken whose own absence would be one more such risk. */
static int adds_risk(const struct trial *t, uint32_t step, instant_ms limit)
{
	instant_ms worst[SEQUENCE_MAX];
	if (t->ask->fixed || step < t->i)
		return 0;
	schedule_without(&t->seq, &t->times, t->i, worst);
	return worst[step] > limit;
}

/* Do the others' promises hold, nominally with the reserve where there was one, and in the walks with no-shows? */
static int trial_others(const struct trial *t, struct cost_parts *parts)
{
	const struct base *b = t->base;
	const instant_ms margin_ms = t->ask->held ? 0 : promise_margin_ms(t->core);
	for (uint32_t k = 0; k < b->n; k++) {
		const uint32_t c = k < t->i ? k : k < t->j ? k + 1 : k + 2;
		const struct step *step = &b->seq.steps[k];
		instant_ms was = schedule_value(step, b->times.arrive[k], b->times.end[k]);
		instant_ms is = schedule_value(step, t->times.arrive[c], t->times.end[c]);
		if (step->promised != INT64_MAX) {
			if (is > was &&
			    is > step->promised - (t->ask->held ? 0 : (instant_ms)t->core->settings.reserve_ms))
				return 0;
			if (t->times.worst[c] > step->promised - margin_ms &&
			    (t->times.worst[c] > b->times.worst[k] || adds_risk(t, c, step->promised - margin_ms)))
				return 0;
		}
		if (step->kind == WIRE_PICKUP) {
			parts->others_wait += cost_weighed(t->times.begin[c] - b->times.begin[k], step->wait_permille);
		} else if (step->kind == WIRE_DROPOFF) {
			parts->others_ride += t->times.end[c] - b->times.end[k];
			instant_ms was_from = step->boarded_at, is_from = step->boarded_at;
			for (uint32_t i = 0; i < k; i++) {
				if (b->seq.steps[i].kind != WIRE_PICKUP || b->seq.steps[i].ride != step->ride)
					continue;
				was_from = b->times.end[i];
				is_from = t->times.end[i < t->i ? i : i < t->j ? i + 1 : i + 2];
			}
			if (was_from != INSTANT_NONE && is - is_from > was - was_from &&
			    is - is_from > step->ride_max_ms)
				return 0;
		}
	}
	if (b->n && t->j < b->n) {
		instant_ms end = t->times.end[t->seq.n - 1];
		if (end > b->ends_at && end > b->times.end[b->n - 1])
			return 0;
	}
	return 1;
}

static int trial_energy(const struct trial *t, uint64_t added_mm)
{
	const struct core_vehicle *vehicle = &t->core->vehicles[t->base->slot];
	const struct core_settings *s = &t->core->settings;
	const uint64_t wh_per_km = t->core->town->class_wh_per_km[vehicle->class_index];
	uint64_t has_mwh = (uint64_t)vehicle->battery_permille * s->battery_wh; /* permille * Wh = mWh */
	has_mwh += t->base->charge_mwh;
	uint64_t keep_mwh = (uint64_t)s->battery_reserve_permille * s->battery_wh;
	uint64_t need_mwh = (t->base->mm + added_mm) / 1000 * wh_per_km; /* m * Wh/km = mWh */
	return has_mwh >= keep_mwh + need_mwh;
}

static int fits(const struct trial *t)
{
	const struct core_vehicle *vehicle = &t->core->vehicles[t->base->slot];
	for (uint32_t k = t->i; k <= t->j; k++)
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
			if (t->base->load[k][s] + t->ask->units[s] > vehicle->spaces[s])
				return 0;
	return 1;
}

/* Everything about one candidate; 0 = not feasible. */
static int trial_run(struct trial *t, struct insertion *ret, struct insertion_result *result)
{
	struct leg legs[4];
	int64_t added_ms;
	uint64_t added_mm;
	struct cost_parts parts = {0};
	if (!fits(t))
		return met(result, REFUSAL_NO_CAPACITY, OBSTACLE_SPACE);
	if (!trial_legs(t, legs, &added_ms, &added_mm))
		return met(result, REFUSAL_NO_ROAD, OBSTACLE_NONE);
	if (!trial_energy(t, added_mm))
		return met(result, REFUSAL_NO_TIME, OBSTACLE_ENERGY);
	trial_compose(t, legs);
	if (!trial_window(t, ret))
		return met(result, REFUSAL_NO_TIME, OBSTACLE_PICKUP);
	schedule_run(&t->seq, &t->times);
	if (t->ask->fixed && t->times.arrive[t->i] > t->ask->latest_pickup)
		return met(result, REFUSAL_NO_TIME, OBSTACLE_PICKUP);
	schedule_worst(&t->seq, &t->times);
	uint8_t obstacle = trial_arrival(t, ret);
	if (obstacle == OBSTACLE_RIDE_TIME && t->i < t->j && trial_delay(t, ret))
		obstacle = trial_arrival(t, ret);
	if (!obstacle && !trial_others(t, &parts))
		obstacle = OBSTACLE_PROMISES;
	if (obstacle)
		return met(result, REFUSAL_NO_TIME, obstacle);
	const struct ask *ask = t->ask;
	uint32_t stops = (t->seq.steps[t->i].joined ? 0u : 1u) + (t->seq.steps[t->j + 1].joined ? 0u : 1u);
	parts.vehicle = added_ms + 2 * (int64_t)ask->boarding_ms + (int64_t)stops * t->seq.stop_ms;
	parts.wait = ask->backward ? ask->latest_dropoff - ret->at_door
				   : ret->window_from - ask->earliest - ask->from[t->p].walk_ms;
	if (ask->fixed)
		parts.wait = t->times.begin[t->i] - ask->earliest;
	parts.wait = cost_weighed(parts.wait, ask->wait_permille);
	parts.ride = t->times.end[t->j + 1] - t->times.end[t->i];
	parts.walk = (int64_t)ask->from[t->p].walk_ms + ask->to[t->q].walk_ms;
	ret->cost = cost_of(&t->core->settings, &parts);
	return 1;
}

/* ---- all of them ---- */

static int64_t walk_mm(const struct ask *ask, uint32_t p, uint32_t q)
{
	return (int64_t)ask->from[p].walk_mm + ask->to[q].walk_mm;
}

static int64_t measure_of(const struct ask *ask, const struct insertion *i, uint32_t wish)
{
	switch (wish) {
	case INSERTION_SOONEST:
		return i->at_door;
	case INSERTION_LEAST_WALK:
		return walk_mm(ask, i->from, i->to);
	default:
		return i->cost;
	}
}

static int better(const struct core *core, const struct ask *ask, const struct insertion *a, const struct insertion *b,
		  uint32_t wish)
{
	if (b->vehicle == NONE)
		return 1;
	const int64_t order[][2] = {{measure_of(ask, a, wish), measure_of(ask, b, wish)},
				    {a->cost, b->cost},
				    {core->vehicles[a->vehicle].number, core->vehicles[b->vehicle].number},
				    {a->pickup_at, b->pickup_at},
				    {a->dropoff_at, b->dropoff_at},
				    {a->from, b->from},
				    {a->to, b->to}};
	for (uint32_t i = 0; i < COUNT_OF(order); i++)
		if (order[i][0] != order[i][1])
			return order[i][0] < order[i][1];
	return 0;
}

static void keep(const struct core *core, const struct ask *ask, const struct insertion *found,
		 struct insertion_result *result)
{
	for (uint32_t wish = 0; wish < INSERTION_WISHES; wish++)
		if (better(core, ask, found, &result->best[wish], wish))
			result->best[wish] = *found;
}

/* ---- what can be left out, without a wrong answer ----
 * With pickup place p at position i, all before i stays as it is, so the window that would be promised is known
 * exactly, and the walk on from there gives the exact time of every later position. A candidate is worked out in full
 * only when its nominal times keep what is promised, and its cost without the others' delay (a lower bound, when nobody
 * gets earlier) or its arrival or its walk can still win. */
struct onward {
	instant_ms from;       /* window start */
	instant_ms end_pickup; /* end of boarding */
	instant_ms end;	       /* of the task before position j, with the pickup in */
	instant_ms waits;      /* for riders on the way: what a later pickup may take off the ride */
	int grows;	       /* no leg so far got shorter by the way round */
};

/* How much later task k may arrive so that it and all after it still keep their limits (waiting takes up delay). */
static void base_slack(const struct core *core, const struct ask *ask, struct base *base)
{
	const instant_ms reserve_ms = ask->held ? 0 : core->settings.reserve_ms;
	base->slack[base->n] = INT64_MAX;
	for (uint32_t k = base->n; k-- > 0;) {
		const struct step *step = &base->seq.steps[k];
		instant_ms after = base->slack[k + 1], own = INT64_MAX;
		if (after != INT64_MAX && !step->joined)
			after += later(0, base->times.begin[k] - (base->times.arrive[k] + base->seq.stop_ms));
		else if (after != INT64_MAX && k > 0)
			after += later(0, base->times.begin[k] - base->times.end[k - 1]);
		else if (after != INT64_MAX)
			after = INT64_MAX; /* begun already: no bound from here */
		if (step->promised != INT64_MAX)
			own = later(0, step->promised - reserve_ms -
					       schedule_value(step, base->times.arrive[k], base->times.end[k]));
		if (own != INT64_MAX && step->kind != WIRE_PICKUP && !step->joined)
			own += later(0, base->times.begin[k] - (base->times.arrive[k] + base->seq.stop_ms));
		base->slack[k] = sooner(own, after);
	}
}

/* Arrival at a place after position `at` - 1, when the vehicle drives leg_ms there (0 and the same spot: it is there).
 */
static instant_ms arrives(const struct trial *t, const struct place *place, uint32_t at, instant_ms end,
			  uint32_t leg_ms, int *ret_joined)
{
	const struct base *b = t->base;
	*ret_joined = at > 0 ? joins(t, place, at - 1)
			     : t->core->vehicles_more[b->slot].phase == PHASE_AT_STOP &&
				       place_same(&t->core->vehicles[b->slot].anchor, place);
	return end + leg_ms;
}

static void onward_start(struct trial *t, struct onward *on)
{
	const struct base *b = t->base;
	const struct ask *ask = t->ask;
	const struct place *from = &t->search->from[t->p];
	int joined;
	instant_ms end = t->i ? b->times.end[t->i - 1] : b->start_at;
	uint32_t leg_ms = leg_ms_at(b, leg_to(t->search->to_from[t->p], b, t->i), end);
	instant_ms arrive = arrives(t, from, t->i, end, leg_ms, &joined);
	if (joined)
		arrive = t->i ? b->times.arrive[t->i - 1] : t->core->vehicles_more[b->slot].at_since;
	on->from = ask->earliest + ask->from[t->p].walk_ms;
	if (!ask->fixed)
		on->from = later(on->from, arrive + promise_lead_ms(t->core));
	instant_ms begin = joined ? end : arrive + b->seq.stop_ms;
	on->end_pickup = later(later(begin, on->from), b->seq.now) + ask->boarding_ms;
	on->end = on->end_pickup;
	on->grows = 1;
	on->waits = 0;
}

/* Takes the old task at position j - 1 into the walk (leg_ms: from what is before it now). 0: it comes too late. */
static int onward_pass(const struct trial *t, struct onward *on, uint32_t k, uint32_t leg_ms, int joined)
{
	const struct base *b = t->base;
	const struct step *step = &b->seq.steps[k];
	instant_ms arrive = joined ? 0 : on->end + leg_ms, begin = joined ? on->end : arrive + b->seq.stop_ms;
	if (!joined && !step->joined && arrive > b->times.arrive[k] && b->slack[k] != INT64_MAX &&
	    arrive - b->times.arrive[k] > b->slack[k])
		return 0;
	if (step->kind == WIRE_PICKUP) {
		on->waits += later(0, step->ready - begin);
		begin = later(begin, step->ready);
	}
	on->end = later(begin, b->seq.now) + step->dwell_ms;
	on->grows &= on->end >= b->times.end[k];
	return 1;
}

/* Can the candidate (i, j) still be the best of anything? */
static int may_win(const struct trial *t, const struct onward *on, const struct insertion_result *result)
{
	const struct base *b = t->base;
	const struct ask *ask = t->ask;
	struct leg legs[4];
	int64_t added_ms;
	uint64_t added_mm;
	int joined;
	if (!trial_legs(t, legs, &added_ms, &added_mm))
		return 1; /* says why not in full */
	const struct place *to = &t->search->to[t->q];
	uint32_t leg_ms = leg_ms_at(b, t->i == t->j ? legs[1] : legs[2], on->end);
	instant_ms arrive = arrives(t, to, t->j, on->end, leg_ms, &joined);
	joined = t->i == t->j ? 0 : joined;
	instant_ms end = later(joined ? on->end : arrive + b->seq.stop_ms, b->seq.now) + ask->boarding_ms;
	const uint32_t after_ms = leg_ms_at(b, legs[3], end);
	if (t->j < b->n && !place_same(to, &core_tasks(t->core, b->slot)[t->j].place) && !b->seq.steps[t->j].joined &&
	    b->slack[t->j] != INT64_MAX && end + after_ms - b->times.arrive[t->j] > b->slack[t->j] &&
	    end + after_ms > b->times.arrive[t->j])
		return 0;
	if (ask->fixed && end > ask->latest_dropoff)
		return 0;
	if (!on->grows || (t->j < b->n && !place_same(to, &core_tasks(t->core, b->slot)[t->j].place) &&
			   end + after_ms < b->times.arrive[t->j]))
		return 1;
	struct cost_parts parts = {0};
	instant_ms at_door = end + ask->to[t->q].walk_ms;
	parts.vehicle = added_ms + 2 * (int64_t)ask->boarding_ms;
	parts.wait = ask->backward ? 0 : on->from - ask->earliest - ask->from[t->p].walk_ms;
	parts.wait = cost_weighed(parts.wait, ask->wait_permille);
	parts.ride = end - on->end_pickup - on->waits;
	parts.walk = (int64_t)ask->from[t->p].walk_ms + ask->to[t->q].walk_ms;
	int64_t cost = cost_of(&t->core->settings, &parts);
	const struct insertion *best = result->best;
	if (best[INSERTION_CHEAPEST].vehicle == NONE || cost <= best[INSERTION_CHEAPEST].cost ||
	    at_door < best[INSERTION_SOONEST].at_door ||
	    walk_mm(ask, t->p, t->q) < measure_of(ask, &best[INSERTION_LEAST_WALK], INSERTION_LEAST_WALK))
		return 1;
	if (at_door == best[INSERTION_SOONEST].at_door && cost <= best[INSERTION_SOONEST].cost)
		return 1;
	return walk_mm(ask, t->p, t->q) == measure_of(ask, &best[INSERTION_LEAST_WALK], INSERTION_LEAST_WALK) &&
	       cost <= best[INSERTION_LEAST_WALK].cost;
}

/* Drop-off positions from i on. 1 = something feasible was found. */
static int try_dropoffs(struct trial *t, struct insertion_result *result)
{
	const struct base *b = t->base;
	struct onward on;
	int found = 0;
	onward_start(t, &on);
	for (t->j = t->i; t->j <= b->n; t->j++) {
		struct insertion insertion = {
			.vehicle = b->slot, .from = t->p, .to = t->q, .pickup_at = t->i, .dropoff_at = t->j};
		if (!fits(t)) {
			(void)met(result, REFUSAL_NO_CAPACITY, OBSTACLE_SPACE);
			break; /* no later drop-off fits either */
		}
		if (may_win(t, &on, result)) {
			if (trial_run(t, &insertion, result)) {
				keep(t->core, t->ask, &insertion, result);
				found = 1;
			}
		} else {
			(void)met(result, REFUSAL_NO_TIME, OBSTACLE_PROMISES);
		}
		if (t->j == b->n)
			break;
		int first = t->j == t->i;
		int joined = first ? joins(t, &t->search->from[t->p], t->j) : b->seq.steps[t->j].joined;
		struct leg leg = first ? leg_to(t->search->from_from[t->p], b, t->j + 1) : leg_of(&b->seq.steps[t->j]);
		uint32_t leg_ms = leg_ms_at(b, leg, on.end);
		if (leg_ms == TIME_INFINITE || !onward_pass(t, &on, t->j, leg_ms, joined)) {
			(void)met(result, REFUSAL_NO_TIME, OBSTACLE_PROMISES);
			break;
		}
	}
	return found;
}

static int try_ends(struct trial *t, struct insertion_result *result)
{
	const struct core *core = t->core;
	const struct base *b = t->base;
	const struct ask *ask = t->ask;
	int found = 0;
	if (t->search->from[t->p].road.arc == NONE || t->search->to[t->q].road.arc == NONE) {
		result->refusal = further(result->refusal, REFUSAL_NO_ROAD);
		return 0;
	}
	if (place_same(&t->search->from[t->p], &t->search->to[t->q]) ||
	    (ask->walk_most_mm && walk_mm(ask, t->p, t->q) > ask->walk_most_mm))
		return 0;
	for (t->i = b->first_free; t->i <= b->n; t->i++) {
		instant_ms end = t->i ? b->times.end[t->i - 1] : b->start_at;
		uint32_t leg_ms = leg_ms_at(b, leg_to(t->search->to_from[t->p], b, t->i), end);
		if (t->i && end > ask->latest_pickup + (ask->fixed ? 0 : promise_window_ms(core)))
			break; /* later positions are later still */
		int joined = t->i && joins(t, &t->search->from[t->p], t->i - 1);
		if (leg_ms == TIME_INFINITE || (!joined && end + leg_ms > ask->latest_pickup)) {
			(void)(leg_ms == TIME_INFINITE ? met(result, REFUSAL_NO_ROAD, OBSTACLE_NONE)
						       : met(result, REFUSAL_NO_TIME, OBSTACLE_PICKUP));
			continue;
		}
		found |= try_dropoffs(t, result);
	}
	return found;
}

static void try_vehicle(struct core *core, const struct ask *ask, uint32_t n, struct insertion_result *result)
{
	struct base base;
	struct trial trial = {.core = core, .ask = ask, .search = core->search, .base = &base};
	base_fill(core, core->search->vehicles[n], &base);
	base_slack(core, ask, &base);
	base.first_place = core->search->first[n];
	result->n_tried++;
	int found = 0;
	for (trial.p = 0; trial.p < ask->n_from; trial.p++)
		for (trial.q = 0; trial.q < ask->n_to; trial.q++)
			found |= try_ends(&trial, result);
	result->n_feasible += (uint32_t)found;
}

/* Spots of one more vehicle of the batch. */
static void collect(struct core *core, uint32_t slot)
{
	struct search *s = core->search;
	instant_ms at;
	s->vehicles[s->n_vehicles] = slot;
	s->first[s->n_vehicles] = s->n_places;
	plan_start(core, slot, &s->starts[s->n_vehicles], &at);
	s->tasks[s->n_places] = NULL;
	s->places[s->n_places++] = &s->starts[s->n_vehicles++];
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		s->tasks[s->n_places] = &core_tasks(core, slot)[k].place;
		s->places[s->n_places++] = &core_tasks(core, slot)[k].place;
	}
}

static void set_leg(struct leg *leg, const struct route_result *found, int far)
{
	if (!far)
		*leg = (struct leg){found->time_ms, found->time_ms, found->dist_mm};
	else if (found->time_ms > leg->time_ms)
		leg->far_ms = found->time_ms;
}

/* Rows of legs from all spots to n ends, by the hour and beyond; spots NULL are left out. */
static void measure_to(struct core *core, uint32_t class_index, const struct place *const *spots,
		       const struct place *ends, uint32_t n, struct leg *const *rows)
{
	struct search *s = core->search;
	const uint32_t slowest = distance_slowest(core->distance, class_index);
	for (int far = 0; far < (hours_border(core) ? 2 : 1); far++) {
		distance_matrix(core->distance, far ? slowest : class_index, spots, s->n_places, ends, n, s->found);
		for (uint32_t e = 0; e < n; e++)
			for (uint32_t i = 0; i < s->n_places; i++)
				if (spots[i])
					set_leg(&rows[e][i], &s->found[(size_t)i * n + e], far);
	}
}

/* One row of legs from an end to all tasks, by the hour and beyond. */
static void measure_from(struct core *core, uint32_t class_index, const struct place *end, struct leg *row)
{
	struct search *s = core->search;
	const uint32_t slowest = distance_slowest(core->distance, class_index);
	for (int far = 0; far < (hours_border(core) ? 2 : 1); far++) {
		distance_scatter(core->distance, far ? slowest : class_index, end, s->tasks, s->n_places, s->found);
		for (uint32_t i = 0; i < s->n_places; i++)
			if (s->tasks[i])
				set_leg(&row[i], &s->found[i], far);
	}
}

static void measure_ends(struct core *core, uint32_t class_index, struct ask *ask)
{
	struct search *s = core->search;
	for (uint32_t e = 0; e < ask->n_from; e++)
		s->from[e] = insertion_place(core, class_index, &ask->from[e]);
	for (uint32_t e = 0; e < ask->n_to; e++)
		s->to[e] = insertion_place(core, class_index, &ask->to[e]);
	for (uint32_t p = 0; p < ask->n_from; p++) {
		for (uint32_t q = 0; q < ask->n_to; q++) {
			struct route_result way = distance_between(core->distance, class_index, &s->from[p], &s->to[q]);
			uint32_t far_ms = way.time_ms == TIME_INFINITE ? TIME_INFINITE
								       : hours_far_ms(core, class_index, &s->from[p],
										      &s->to[q], way.time_ms);
			s->direct[p][q] = (struct leg){way.time_ms, far_ms, way.dist_mm};
			ask->direct_ms[p][q] = way.time_ms;
		}
	}
}

static void measure(struct core *core, uint32_t class_index, const struct ask *ask)
{
	struct search *s = core->search;
	measure_to(core, class_index, s->places, s->from, ask->n_from, s->to_from);
	measure_to(core, class_index, s->tasks, s->to, ask->n_to, s->to_to);
	for (uint32_t e = 0; e < ask->n_from; e++)
		measure_from(core, class_index, &s->from[e], s->from_from[e]);
	for (uint32_t e = 0; e < ask->n_to; e++)
		measure_from(core, class_index, &s->to[e], s->from_to[e]);
}

/* ---- the vehicles that may win, the most promising first ---- */

static int goes_before(const struct candidate *a, const struct candidate *b)
{
	if (a->key != b->key)
		return a->key < b->key;
	return a->then != b->then ? a->then < b->then : a->slot < b->slot;
}

static void sift(struct candidate *heap, uint32_t n, uint32_t at)
{
	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		child += child + 1 < n && goes_before(&heap[child + 1], &heap[child]);
		if (!goes_before(&heap[child], &heap[at]))
			return;
		struct candidate kept = heap[at];
		heap[at] = heap[child];
		heap[child] = kept;
	}
}

/* Where a wish's key, and with equal keys the cost, can still win against what was found. */
static int still_wins(const struct ask *ask, const struct insertion_result *result, uint32_t wish,
		      const struct candidate *candidate)
{
	const struct insertion *best = &result->best[wish];
	if (best->vehicle == NONE)
		return 1;
	int64_t is = measure_of(ask, best, wish);
	return candidate->key < is || (candidate->key == is && candidate->then <= best->cost);
}

/* The measure of a wish that a vehicle could come to, and the cost with it: from the bounds over all ends. */
static void candidate_key(const struct core *core, uint32_t wish, struct candidate *candidate)
{
	candidate->key = wish == INSERTION_CHEAPEST  ? candidate->cost
			 : wish == INSERTION_SOONEST ? candidate->at_door
						     : bounds_least_walk_mm(core->search->bounds);
	candidate->then = candidate->cost;
	candidate->is_last = 0;
}

/* Makes the bounds of a candidate closer, where they still can be; 1 = its key is another now. */
static int candidate_closer(struct core *core, uint32_t wish, struct candidate *candidate)
{
	struct bounds *bounds = core->search->bounds;
	const enum bound_ends ends = wish == INSERTION_SOONEST ? BOUND_SOONEST : BOUND_LEAST_WALK;
	struct bound bound;
	if (candidate->roughly) {
		bounds_vehicle(core, bounds, candidate->slot, BOUND_ALL, 0, &bound);
		candidate->cost = bound.cost;
		candidate->at_door = bound.at_door;
		candidate->roughly = 0;
		candidate_key(core, wish, candidate);
		return 1;
	}
	if (candidate->is_last || wish == INSERTION_CHEAPEST || !bounds_is_one(bounds, ends) ||
	    (wish == INSERTION_SOONEST && candidate->at_door > bounds_soonest(bounds)))
		return 0;
	bounds_vehicle(core, bounds, candidate->slot, ends, 0, &bound);
	candidate->then = later(candidate->then, bound.cost);
	candidate->is_last = 1;
	return 1;
}

/* A vehicle that is at no pickup place in time; has_way: perhaps it comes to one, later. */
static void met_too_late(const struct core *core, const struct ask *ask, int has_way, struct insertion_result *result)
{
	const struct search *s = core->search;
	const int has_pair = bounds_least_walk_mm(s->bounds) != INT64_MAX;
	int no_road = has_pair && !has_way;
	for (uint32_t p = 0; p < ask->n_from; p++)
		no_road |= s->from[p].road.arc == NONE;
	for (uint32_t q = 0; q < ask->n_to; q++)
		no_road |= s->to[q].road.arc == NONE;
	if (no_road)
		(void)met(result, REFUSAL_NO_ROAD, OBSTACLE_NONE);
	if (has_way && has_pair)
		(void)met(result, REFUSAL_NO_TIME, OBSTACLE_PICKUP);
}

/* Fit vehicles of a class that can be at a pickup in time. */
static void gather_candidates(struct core *core, uint32_t class_index, const struct ask *ask,
			      struct insertion_result *result)
{
	struct search *s = core->search;
	struct bound bound;
	s->n_candidates = 0;
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		uint32_t slot = core->vehicle_order[i];
		if (core->vehicles[slot].class_index != class_index)
			continue;
		uint8_t unfit = vehicle_unfit(core, slot, ask);
		if (!unfit && plan_n_serving(core, slot) + 2 > core->settings.plan_tasks_max)
			unfit = REFUSAL_FULL;
		if (unfit) {
			result->refusal = further(result->refusal, unfit);
			continue;
		}
		bounds_vehicle(core, s->bounds, slot, BOUND_ALL, 1, &bound);
		if (bound.in_time)
			s->candidates[s->n_candidates++] = (struct candidate){
				.cost = bound.cost, .at_door = bound.at_door, .slot = slot, .roughly = 1};
		else
			met_too_late(core, ask, bound.has_way, result);
	}
}

/* The vehicles to be worked out next: those with the least keys, as far as they may still win. */
static void take_batch(struct core *core, const struct ask *ask, uint32_t wish, struct insertion_result *result)
{
	struct search *s = core->search;
	struct candidate *top = s->candidates;
	s->n_vehicles = s->n_places = 0;
	while (s->n_candidates && s->n_vehicles < BATCH_MOST && still_wins(ask, result, wish, top)) {
		if (candidate_closer(core, wish, top)) {
			sift(s->candidates, s->n_candidates, 0);
			continue;
		}
		collect(core, top->slot);
		*top = s->candidates[--s->n_candidates];
		sift(s->candidates, s->n_candidates, 0);
	}
}

/* Works out the candidates of one wish as long as one can win; whoever is left may still win in another. */
static void try_wish(struct core *core, uint32_t class_index, const struct ask *ask, uint32_t wish,
		     struct insertion_result *result)
{
	struct search *s = core->search;
	for (uint32_t i = 0; i < s->n_candidates; i++)
		candidate_key(core, wish, &s->candidates[i]);
	for (uint32_t i = s->n_candidates / 2; i-- > 0;)
		sift(s->candidates, s->n_candidates, i);
	for (take_batch(core, ask, wish, result); s->n_vehicles; take_batch(core, ask, wish, result)) {
		measure(core, class_index, ask);
		for (uint32_t n = 0; n < s->n_vehicles; n++)
			try_vehicle(core, ask, n, result);
	}
}

static void search_class(struct core *core, uint32_t class_index, struct ask *ask, struct insertion_result *result)
{
	struct search *s = core->search;
	measure_ends(core, class_index, ask);
	bounds_begin(core, s->bounds, &(struct bound_ask){ask, class_index, s->from, s->to, &ask->direct_ms[0][0]});
	gather_candidates(core, class_index, ask, result);
	for (uint32_t wish = 0; wish < INSERTION_WISHES; wish++)
		try_wish(core, class_index, ask, wish, result);
}

void insertion_search(struct core *core, struct ask *ask, struct insertion_result *ret_result)
{
	uint32_t classes = 0;
	memset(ret_result, 0, sizeof *ret_result);
	for (uint32_t wish = 0; wish < INSERTION_WISHES; wish++)
		ret_result->best[wish].vehicle = NONE;
	ret_result->refusal = REFUSAL_NO_VEHICLE;
	for (uint32_t i = 0; i < core->n_vehicles; i++)
		classes |= UINT32_C(1) << core->vehicles[core->vehicle_order[i]].class_index;
	for (uint32_t c = 0; c < core->town->n_classes; c++)
		if (classes >> c & 1)
			search_class(core, c, ask, ret_result);
}
