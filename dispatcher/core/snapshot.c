/* The whole logical state as items of fixed fields: hashed for the digest, written and read for snapshots. What is
 * derived (views, paths, indices) is not written but rebuilt. Records: record.h. */
#include "record.h"
#include "state.h"

#define SNAPSHOT_VERSION 7
/* 3: closures; 4: riders taken out of vehicles, message_ms; 5: speeds of streets, advice with refusals, demand,
 * rebalancing, groups; 6: conditions; 7: cleaning */
#define SNAPSHOT_OLDEST 2
#define SNAPSHOT_MAGIC UINT64_C(0x3145524f4342555a) /* "ZUBCORE1" */

#define MEMBER(m) (((T *)0)->m)
#define SIGNED_OF(value) _Generic((value), int8_t : 1, int16_t : 1, int32_t : 1, int64_t : 1, default : 0)
#define ONE(m)                                                                       \
	{                                                                            \
#m, offsetof(T, m), sizeof(MEMBER(m)), SIGNED_OF(MEMBER(m)), 0, 0, 1 \
	}
#define MANY(m)                                                                          \
	{                                                                                \
#m, offsetof(T, m), sizeof(MEMBER(m)[0]), SIGNED_OF(MEMBER(m)[0]), 0, 0, \
			sizeof(MEMBER(m)) / sizeof(MEMBER(m)[0])                         \
	}
#define TEXT(m)                                                   \
	{                                                         \
#m, offsetof(T, m), 1, 0, 1, 0, sizeof(MEMBER(m)) \
	}
#define PLACE(m)                                                                                           \
	ONE(m.point.lat_e7), ONE(m.point.lon_e7), ONE(m.road.arc), ONE(m.road.offset_mm), ONE(m.walk.arc), \
		ONE(m.walk.offset_mm), ONE(m.road_away_mm), ONE(m.stop), ONE(m.side)
#define TABLE(name, ...)                                                  \
	static const struct record_field name##_fields[] = {__VA_ARGS__}; \
	static const struct record_table name = {name##_fields, COUNT_OF(name##_fields), sizeof(T)}

#define T struct core_ride
TABLE(ride_table, ONE(ride), ONE(client), ONE(request.ride), ONE(request.client), PLACE(request.from),
      PLACE(request.to), ONE(request.time_kind), ONE(request.time), MANY(request.need_count), ONE(request.walk_max_mm),
      ONE(request.tie_kind), TEXT(request.tie.feed), TEXT(request.tie.trip_id), ONE(request.tie.start_s),
      ONE(request.tie.yyyymmdd), ONE(request.tie.stop_sequence), ONE(request.prebooked), ONE(state), ONE(refusal),
      ONE(cause), ONE(case_outcome), ONE(coming_used), ONE(prebooked), MANY(units), ONE(party), ONE(n_offers),
      ONE(accepted), ONE(offers_until), ONE(asked_at), ONE(promised_at), ONE(closed_at), ONE(earliest_pickup),
      ONE(latest_pickup), ONE(latest_arrival), ONE(ride_max_ms), PLACE(pickup), PLACE(dropoff), ONE(planned_pickup),
      ONE(planned_dropoff), ONE(at_stop_at), ONE(boarded_at), ONE(alighted_at), ONE(last_call_at), ONE(boarding_code),
      ONE(vehicle), ONE(n_reassigned), TEXT(owner));
TABLE(ride_out_table, ONE(taken_out), ONE(taken_out_order));
#undef T
#define T struct offer
TABLE(offer_table, ONE(vehicle), PLACE(pickup), PLACE(dropoff), ONE(pickup_stop), ONE(dropoff_stop), ONE(walk_from_mm),
      ONE(walk_to_mm), ONE(walk_from_ms), ONE(walk_to_ms), ONE(earliest_pickup), ONE(latest_pickup),
      ONE(planned_pickup), ONE(planned_dropoff), ONE(latest_arrival), ONE(direct_ms), ONE(dist_mm), ONE(ride_max_ms),
      ONE(price_cents), ONE(reason), ONE(cost), ONE(n_vehicles_tried), ONE(n_vehicles_feasible));
#undef T
#define T struct ride_more
TABLE(ride_more_table, ONE(vehicle), ONE(used), ONE(reserved), ONE(outcome_said), ONE(evidence), ONE(late_said),
      ONE(review), ONE(step_free), ONE(shared), ONE(pickup_missed), ONE(undone), ONE(needs_case), ONE(replaced),
      ONE(boarding_ms), ONE(direct_ms), ONE(coming_ms), ONE(evidence_at), ONE(told_pickup), ONE(ready), ONE(retry_at),
      ONE(since), MANY(refused_by), ONE(n_refused));
#undef T
#define T struct core_vehicle
TABLE(vehicle_table, ONE(number), TEXT(name), ONE(class_index), MANY(spaces), ONE(step_free), ONE(simulated),
      ONE(service), ONE(link_up), ONE(mode), ONE(doors_open), ONE(held), ONE(standstill), PLACE(depot), ONE(shift_from),
      ONE(shift_to), ONE(released_until), ONE(last_contact), TEXT(released_by), TEXT(approval), TEXT(supervisor),
      PLACE(anchor), ONE(anchor_at), ONE(battery_permille), ONE(late_ms), ONE(plan_epoch), ONE(plan_version),
      ONE(acked_epoch), ONE(acked_version), ONE(boot), ONE(sequence), ONE(n_aboard), MANY(aboard), ONE(empty_mm),
      ONE(loaded_mm));
#undef T
#define T struct core_vehicle
TABLE(vehicle_cleaned_table, ONE(cleaned_at));
#undef T
#define T struct vehicle_more
TABLE(vehicle_more_table, ONE(used), ONE(phase), ONE(review), ONE(review_cause), ONE(last_cause), ONE(charging),
      ONE(leaving), ONE(review_at), ONE(last_cause_at), ONE(at_since), ONE(unwatched_at), PLACE(leg_to), ONE(leg_ms),
      ONE(leg_mm), ONE(head_from_arc), ONE(head_from_mm), ONE(approval_request), ONE(n), ONE(down),
      ONE(last_cause_ride), ONE(refusing));
TABLE(vehicle_far_table, ONE(leg_far));
TABLE(vehicle_clean_table, ONE(cleans), ONE(used_ms), ONE(used_at), ONE(clean_from));
#undef T
#define T struct core_task
TABLE(task_table, ONE(ride), ONE(kind), PLACE(place), ONE(drive_ms), ONE(drive_mm), ONE(arrive), ONE(begin), ONE(end),
      ONE(not_before), ONE(latest), ONE(state));
#undef T
#define T struct task_more
TABLE(task_more_table, ONE(ride), ONE(tentative), ONE(dwell_ms), ONE(worst));
TABLE(task_far_table, ONE(far_ms));
#undef T
#define T struct core_case
TABLE(case_table, ONE(case_id), ONE(ride), ONE(vehicle), ONE(kind), ONE(outcome), ONE(opened_at), ONE(closed_at),
      TEXT(owner), TEXT(note));
#undef T
#define T struct core_notice
TABLE(notice_table, ONE(notice), ONE(ride), ONE(kind), ONE(state), ONE(made_at), ONE(about));
#undef T
#define T struct kept_key
TABLE(key_table, ONE(key.high), ONE(key.low), ONE(result.command_kind), ONE(result.code), ONE(result.refusal),
      ONE(result.repeated), ONE(result.ride), ONE(result.vehicle), ONE(result.would_work_at));
TABLE(key_advice_table, ONE(result.obstacle), ONE(result.would_work_from), ONE(result.would_work_to),
      ONE(result.would_work_walk_mm));
#undef T
#define T struct trip_delay
TABLE(delay_table, TEXT(trip.feed), TEXT(trip.trip_id), ONE(trip.start_s), ONE(trip.yyyymmdd), ONE(trip.stop_sequence),
      ONE(arrival_late_s), ONE(departure_late_s), ONE(cancelled), ONE(over_at));
#undef T
#define T struct core_supervisor
TABLE(supervisor_table, TEXT(who), TEXT(handing_to), ONE(vehicles_max), ONE(simulated), ONE(since));
#undef T
#define T struct core_closure
TABLE(closure_table, ONE(closure), ONE(slow_permille), ONE(made_at), ONE(until), ONE(n), MANY(arcs), TEXT(by),
      TEXT(reason));
#undef T
#define T struct core
TABLE(speeds_table, ONE(hours_at), ONE(speeds.made_at), ONE(speeds.until), ONE(speeds.n), MANY(speeds.arcs),
      MANY(speeds.slow_permille));
TABLE(head_table, ONE(started), ONE(paused), ONE(epoch), ONE(now), ONE(next_case), ONE(next_notice), ONE(n_rides),
      ONE(n_ride_free), ONE(n_vehicles), ONE(n_cases), ONE(n_notices), ONE(n_supervisors), ONE(n_keys), ONE(next_key),
      ONE(n_delays), ONE(n_closures), ONE(figures.asked), ONE(figures.offered), ONE(figures.promised),
      ONE(figures.refused), ONE(figures.expired), ONE(figures.cancelled), ONE(figures.no_show), ONE(figures.done),
      ONE(figures.broken), ONE(figures.kept), MANY(figures.refused_by), ONE(figures.wait_ms_sum), ONE(figures.wait_n),
      ONE(figures.ride_ms_sum), ONE(figures.direct_ms_sum), ONE(figures.shared), MANY(figures.need_asked),
      MANY(figures.need_refused), MANY(figures.need_wait_ms_sum), MANY(figures.need_wait_n), ONE(figures.prebooked),
      ONE(figures.tied), ONE(figures.gone), ONE(figures.empty_mm), ONE(figures.loaded_mm), ONE(restored_at),
      ONE(rebalance_at), ONE(fair_at), ONE(conditions));
#undef T
#define T struct fair_group
TABLE(fair_table, ONE(asked), ONE(refused), ONE(boarded), ONE(wait_s), ONE(weight));
#undef T
#define T struct demand_hour
TABLE(demand_table, ONE(yyyymmdd), MANY(count));
#undef T
#define T struct core_settings
TABLE(settings_table, ONE(vehicles_max), ONE(rides_max), ONE(plan_tasks_max), ONE(notices_max), ONE(cases_max),
      ONE(keys_max), ONE(delays_max), ONE(offer_hold_ms), ONE(offer_hold_wall_ms), ONE(reserve_ms), ONE(freeze_ms),
      ONE(plan_valid_ms), ONE(clock_tolerance_ms), ONE(closed_keep_ms), ONE(battery_reserve_permille), ONE(battery_wh),
      ONE(charge_w), ONE(weight_vehicle), ONE(weight_wait), ONE(weight_ride), ONE(weight_walk), ONE(message_ms),
      ONE(rebalance_ms), ONE(charger_slots), ONE(fair_gap_permille), ONE(fair_wait_ms), ONE(clean_every_ms),
      ONE(clean_ms), ONE(clean_early_ms), ONE(clean_slots));
#undef T

/* ---- a cursor over bytes, for both directions ---- */

struct cursor {
	uint8_t *bytes;	       /* writing; NULL = only counts */
	const uint8_t *source; /* reading */
	size_t n, used;
	uint32_t version; /* of what is read */
	int failed;
};

static void put(struct cursor *c, const struct record_table *table, const void *item, uint8_t *scratch)
{
	size_t room = sizeof(struct core_vehicle) * 4 + sizeof(struct core_ride) * 4;
	uint8_t *to = c->bytes && c->used < c->n ? c->bytes + c->used : scratch;
	size_t most = to == scratch ? room : c->n - c->used;
	size_t took = record_write(table, item, to, most);
	if (!took && to != scratch) { /* no room: count on */
		c->failed = 1;
		took = record_write(table, item, scratch, room);
	}
	c->used += took;
}

static void get(struct cursor *c, const struct record_table *table, void *item)
{
	size_t took = c->failed ? 0 : record_read(table, c->source + c->used, c->n - c->used, item);
	if (!took)
		c->failed = 1;
	c->used += took;
}

/* Fields that tables did not have from the beginning, with the version since which they do. */
static const struct {
	const char *name;
	uint32_t since;
} later_fields[] = {{"over_at", 3},	   {"n_closures", 3},	{"message_ms", 4},     {"rebalance_ms", 5},
		    {"charger_slots", 5},  {"rebalance_at", 5}, {"fair_at", 5},	       {"fair_gap_permille", 5},
		    {"fair_wait_ms", 5},   {"conditions", 6},	{"clean_every_ms", 7}, {"clean_ms", 7},
		    {"clean_early_ms", 7}, {"clean_slots", 7}};

static int field_is_in(const struct record_field *field, uint32_t version)
{
	for (uint32_t i = 0; i < COUNT_OF(later_fields); i++)
		if (strcmp(later_fields[i].name, field->name) == 0)
			return version >= later_fields[i].since;
	return 1;
}

/* A table as it was in the version of what is read: the item keeps what it has in the fields that came later. */
static void get_older(struct cursor *c, const struct record_table *table, void *item)
{
	struct record_field fields[64];
	struct record_table older = {fields, 0, table->size};
	assert(table->n_fields <= COUNT_OF(fields));
	for (uint32_t i = 0; i < table->n_fields; i++)
		if (field_is_in(&table->fields[i], c->version))
			fields[older.n_fields++] = table->fields[i];
	get(c, &older, item);
}

struct number {
	uint64_t value;
};
#define T struct number
TABLE(number_table, ONE(value));
#undef T

static void put_number(struct cursor *c, uint64_t value, uint8_t *scratch)
{
	struct number number = {value};
	put(c, &number_table, &number, scratch);
}

static uint64_t get_number(struct cursor *c)
{
	struct number number = {0};
	get(c, &number_table, &number);
	return number.value;
}

/* ---- one item ---- */

#define ITEM_SCRATCH (sizeof(struct core_vehicle) * 4 + sizeof(struct core_ride) * 4)

size_t snapshot_item_size(const struct core_settings *settings)
{
	/* scratch of `put`, then room for the largest item: a vehicle with all its tasks */
	return 2 * ITEM_SCRATCH + settings->plan_tasks_max * (sizeof(struct core_task) + sizeof(struct task_more) + 64);
}

static void put_ride(const struct core *core, uint32_t i, struct cursor *c)
{
	const struct core_ride *ride = &core->rides[i];
	if (!core->rides_more[i].used)
		return;
	put(c, &ride_table, ride, core->scratch);
	put(c, &ride_more_table, &core->rides_more[i], core->scratch);
	put(c, &ride_out_table, ride, core->scratch);
	for (uint32_t k = 0; k < ride->n_offers; k++)
		put(c, &offer_table, &ride->offers[k], core->scratch);
	put_number(c, (uint64_t)core->timers.at[i], core->scratch);
}

static void put_vehicle(const struct core *core, uint32_t i, struct cursor *c)
{
	const struct vehicle_more *more = &core->vehicles_more[i];
	if (!more->used)
		return;
	put(c, &vehicle_table, &core->vehicles[i], core->scratch);
	put(c, &vehicle_more_table, more, core->scratch);
	put(c, &vehicle_far_table, more, core->scratch);
	put(c, &vehicle_clean_table, more, core->scratch);
	put(c, &vehicle_cleaned_table, &core->vehicles[i], core->scratch);
	for (uint32_t k = 0; k < more->n; k++) {
		put(c, &task_table, &core_tasks(core, i)[k], core->scratch);
		put(c, &task_more_table, &core_tasks_more(core, i)[k], core->scratch);
		put(c, &task_far_table, &core_tasks_more(core, i)[k], core->scratch);
	}
	put_number(c, (uint64_t)core->timers.at[core->settings.rides_max + i], core->scratch);
}

static void put_key(const struct core *core, uint32_t i, struct cursor *c)
{
	put(c, &key_table, &core->keys[i], core->scratch);
	put(c, &key_advice_table, &core->keys[i], core->scratch);
}

static void put_item(const struct core *core, uint32_t kind, uint32_t i, struct cursor *c)
{
	if (kind == ITEM_RIDE)
		put_ride(core, i, c);
	else if (kind == ITEM_VEHICLE)
		put_vehicle(core, i, c);
	else if (kind == ITEM_CASE && i < core->n_cases)
		put(c, &case_table, &core->cases[i], core->scratch);
	else if (kind == ITEM_NOTICE && i < core->n_notices)
		put(c, &notice_table, &core->notices[i], core->scratch);
	else if (kind == ITEM_KEY && i < core->n_keys)
		put_key(core, i, c);
	else if (kind == ITEM_DELAY && i < core->n_delays)
		put(c, &delay_table, &core->delays[i], core->scratch);
	else if (kind == ITEM_SUPERVISOR && i < core->n_supervisors)
		put(c, &supervisor_table, &core->supervisors[i], core->scratch);
	else if (kind == ITEM_CLOSURE && i < core->n_closures)
		put(c, &closure_table, &core->closures[i], core->scratch);
	else if (kind == ITEM_SPEEDS)
		put(c, &speeds_table, core, core->scratch);
	else if (kind == ITEM_DEMAND)
		put(c, &demand_table, &core->demand[i], core->scratch);
	else if (kind == ITEM_FAIR)
		put(c, &fair_table, &core->fair[i], core->scratch);
	else if (kind == ITEM_HEAD)
		put(c, &head_table, core, core->scratch);
}

/* ---- digest ---- */

static uint64_t hash_item(struct core *core, uint32_t item)
{
	uint32_t kind = 0;
	while (kind + 1 < ITEM_KINDS && item >= core->item_base[kind + 1])
		kind++;
	struct cursor c = {.bytes = core->scratch + ITEM_SCRATCH,
			   .n = snapshot_item_size(&core->settings) - ITEM_SCRATCH};
	put_item(core, kind, item - core->item_base[kind], &c);
	assert(!c.failed);
	return c.used ? hash_bytes(c.bytes, c.used, hash_u64(item)) : 0;
}

void snapshot_digest(struct core *core)
{
	for (uint32_t i = 0; i < core->n_touched; i++) {
		uint32_t item = core->touched[i];
		uint64_t hash = hash_item(core, item);
		core->digest += hash - core->item_hash[item];
		core->item_hash[item] = hash;
		core->is_touched[item] = 0;
	}
	core->n_touched = 0;
}

void snapshot_digest_all(struct core *core)
{
	core->digest = 0;
	for (uint32_t item = 0; item < core->n_items; item++) {
		core->is_touched[item] = 0;
		core->item_hash[item] = hash_item(core, item);
		core->digest += core->item_hash[item];
	}
	core->n_touched = 0;
}

/* ---- snapshot ---- */

static uint32_t items_used(const struct core *core, uint32_t kind)
{
	const uint32_t n[ITEM_KINDS] = {core->settings.rides_max,
					core->n_vehicles,
					core->n_cases,
					core->n_notices,
					core->n_keys,
					core->n_delays,
					core->n_supervisors,
					core->n_closures,
					1,
					DEMAND_HOURS,
					TOWN_NEEDS_MAX,
					0};
	return n[kind];
}

int core_snapshot(const struct core *core, void *bytes, size_t size, size_t *ret_n)
{
	struct cursor c = {.bytes = bytes, .n = size};
	uint8_t *scratch = core->scratch;
	put_number(&c, SNAPSHOT_MAGIC, scratch);
	put_number(&c, SNAPSHOT_VERSION, scratch);
	put_number(&c, CORE_ENGINE_VERSION, scratch);
	put(&c, &settings_table, &core->settings, scratch);
	for (uint32_t i = 0; i < TOWN_HASH_BYTES; i += 8) {
		uint64_t part;
		memcpy(&part, core->town->hash + i, 8);
		put_number(&c, part, scratch);
	}
	put(&c, &head_table, core, scratch);
	for (uint32_t i = 0; i < core->n_rides; i++)
		put_number(&c, core->ride_order[i], scratch);
	for (uint32_t i = 0; i < core->n_ride_free; i++)
		put_number(&c, core->ride_free[i], scratch);
	for (uint32_t i = 0; i < core->n_rides; i++)
		put_item(core, ITEM_RIDE, core->ride_order[i], &c);
	for (uint32_t kind = ITEM_VEHICLE; kind < ITEM_HEAD; kind++)
		for (uint32_t i = 0; i < items_used(core, kind); i++)
			put_item(core, kind, i, &c);
	put_number(&c, core->digest, scratch);
	*ret_n = c.used;
	return c.failed || c.used > size ? ERR_FULL : ERR_OK;
}

static int head_valid(const struct core *core)
{
	const struct core_settings *s = &core->settings;
	return core->n_rides <= s->rides_max && core->n_ride_free <= s->rides_max &&
	       core->n_rides + core->n_ride_free == s->rides_max && core->n_vehicles <= s->vehicles_max &&
	       core->n_cases <= s->cases_max && core->n_notices <= s->notices_max &&
	       core->n_supervisors <= core->supervisors_max && core->n_keys <= s->keys_max &&
	       core->next_key < s->keys_max && core->n_delays <= s->delays_max && core->n_closures <= CORE_CLOSURES_MAX;
}

static int get_slots(struct core *core, struct cursor *c)
{
	for (uint32_t i = 0; i < core->n_rides + core->n_ride_free; i++) {
		uint64_t slot = get_number(c);
		if (c->failed || slot >= core->settings.rides_max)
			return ERR_RANGE;
		if (i < core->n_rides) {
			core->ride_order[i] = (uint32_t)slot;
			core->ride_place[slot] = i;
		} else {
			core->ride_free[i - core->n_rides] = (uint32_t)slot;
		}
	}
	return ERR_OK;
}

static int get_ride(struct core *core, uint32_t slot, struct cursor *c)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	get(c, &ride_table, ride);
	get(c, &ride_more_table, more);
	if (c->version >= 4)
		get(c, &ride_out_table, ride);
	if (c->failed || ride->n_offers > CORE_OFFERS_MAX || ride->state >= RIDE_STATES || !more->used || !ride->ride ||
	    (more->vehicle != NONE && more->vehicle >= core->n_vehicles) || ride->accepted >= CORE_OFFERS_MAX)
		return ERR_RANGE;
	for (uint32_t k = 0; k < ride->n_offers; k++)
		get(c, &offer_table, &ride->offers[k]);
	timers_set(&core->timers, slot, (instant_ms)get_number(c));
	if (hash_map_put(&core->ride_map, ride->ride, slot))
		return ERR_RANGE;
	if (ride->client && ride->state == RIDE_OFFERED)
		hash_map_put(&core->client_map, ride->client, slot);
	return c->failed ? ERR_FORMAT : ERR_OK;
}

static int get_tasks(struct core *core, uint32_t slot, struct cursor *c)
{
	for (uint32_t k = 0; k < core->vehicles_more[slot].n; k++) {
		struct core_task *task = &core_tasks(core, slot)[k];
		struct task_more *more = &core_tasks_more(core, slot)[k];
		get(c, &task_table, task);
		get(c, &task_more_table, more);
		more->far_ms = task->drive_ms;
		if (c->version >= 5)
			get(c, &task_far_table, more);
		if (c->failed || task->kind < WIRE_PICKUP || task->kind > WIRE_CLEAN ||
		    !core_place_valid(core, &task->place) ||
		    (more->ride != NONE &&
		     (more->ride >= core->settings.rides_max || !core->rides_more[more->ride].used)))
			return ERR_RANGE;
	}
	return ERR_OK;
}

/* Before there was cleaning nobody counted: it begins now. */
static void get_cleaning(struct core *core, uint32_t slot, struct cursor *c)
{
	struct vehicle_more *more = &core->vehicles_more[slot];
	if (c->version >= 7) {
		get(c, &vehicle_clean_table, more);
		get(c, &vehicle_cleaned_table, &core->vehicles[slot]);
		return;
	}
	more->clean_from = core->vehicles[slot].cleaned_at = INSTANT_NONE;
	more->used_at = core->now;
}

static int get_vehicle(struct core *core, uint32_t slot, struct cursor *c)
{
	struct core_vehicle *vehicle = &core->vehicles[slot];
	struct vehicle_more *more = &core->vehicles_more[slot];
	get(c, &vehicle_table, vehicle);
	get(c, &vehicle_more_table, more);
	if (c->version >= 5)
		get(c, &vehicle_far_table, more);
	get_cleaning(core, slot, c);
	if (c->failed || !more->used || more->n > core->settings.plan_tasks_max ||
	    vehicle->n_aboard > WIRE_ABOARD_MAX || vehicle->class_index >= core->town->n_classes || !vehicle->number ||
	    !core_place_valid(core, &vehicle->anchor) || !core_place_valid(core, &vehicle->depot) ||
	    (more->phase == PHASE_DRIVING && !core_place_valid(core, &more->leg_to)))
		return ERR_RANGE;
	int code = get_tasks(core, slot, c);
	if (code)
		return code;
	timers_set(&core->timers, core->settings.rides_max + slot, (instant_ms)get_number(c));
	if (hash_map_put(&core->vehicle_map, vehicle->number, slot))
		return ERR_RANGE;
	uint32_t at = slot;
	for (; at > 0 && core->vehicles[core->vehicle_order[at - 1]].number > vehicle->number; at--)
		core->vehicle_order[at] = core->vehicle_order[at - 1];
	core->vehicle_order[at] = slot;
	return c->failed ? ERR_FORMAT : ERR_OK;
}

static int get_rest(struct core *core, struct cursor *c)
{
	for (uint32_t i = 0; i < core->n_cases; i++)
		get(c, &case_table, &core->cases[i]);
	for (uint32_t i = 0; i < core->n_notices; i++)
		get(c, &notice_table, &core->notices[i]);
	for (uint32_t i = 0; i < core->n_keys; i++) {
		get(c, &key_table, &core->keys[i]);
		if (c->version >= 5)
			get(c, &key_advice_table, &core->keys[i]);
	}
	for (uint32_t i = 0; i < core->n_delays; i++)
		get_older(c, &delay_table, &core->delays[i]);
	for (uint32_t i = 0; i < core->n_supervisors; i++)
		get(c, &supervisor_table, &core->supervisors[i]);
	for (uint32_t i = 0; i < core->n_closures; i++)
		get(c, &closure_table, &core->closures[i]);
	if (c->version >= 5)
		get(c, &speeds_table, core);
	for (uint32_t i = 0; c->version >= 5 && i < DEMAND_HOURS; i++)
		get(c, &demand_table, &core->demand[i]);
	for (uint32_t i = 0; c->version >= 5 && i < TOWN_NEEDS_MAX; i++)
		get(c, &fair_table, &core->fair[i]);
	if (c->failed || (core->hours_at != INSTANT_NONE && !instant_sane(core->hours_at)) ||
	    core->conditions & ~town_conditions(core->town))
		return ERR_FORMAT;
	hours_set(core, core->hours_at);
	return closure_derive(core);
}

static int get_header(struct core *core, struct cursor *c, struct err_detail *detail)
{
	struct core_settings settings;
	memset(&settings, 0, sizeof settings);
	if (get_number(c) != SNAPSHOT_MAGIC || c->failed)
		return err_set(detail, ERR_FORMAT, "snapshot: not one of ours");
	uint64_t version = get_number(c), engine = get_number(c);
	if (version < SNAPSHOT_OLDEST || version > SNAPSHOT_VERSION || !engine || engine > CORE_ENGINE_VERSION)
		return err_set(
			detail, ERR_VERSION,
			"snapshot: of version %llu by engine %llu, expected versions %d to %d by engines up to %d",
			(unsigned long long)version, (unsigned long long)engine, SNAPSHOT_OLDEST, SNAPSHOT_VERSION,
			CORE_ENGINE_VERSION);
	c->version = (uint32_t)version;
	get_older(c, &settings_table, &settings);
	if (c->failed || memcmp(&settings, &core->settings, sizeof settings) != 0)
		return err_set(detail, ERR_RANGE, "snapshot: made with other settings");
	for (uint32_t i = 0; i < TOWN_HASH_BYTES; i += 8) {
		uint64_t part, is = get_number(c);
		memcpy(&part, core->town->hash + i, 8);
		if (c->failed || part != is)
			return err_set(detail, ERR_RANGE, "snapshot: made on another town file");
	}
	return ERR_OK;
}

static void derive(struct core *core)
{
	for (uint32_t i = 0; i < core->n_keys; i++)
		core_key_index(core, i);
	for (uint32_t i = 0; i < core->n_vehicles; i++) {
		plan_path(core, i);
		plan_view(core, i);
	}
	snapshot_digest_all(core);
}

int core_restore(struct core *core, const void *bytes, size_t n, struct err_detail *detail)
{
	struct cursor c = {.source = bytes, .n = n};
	if (core->started || core->n_vehicles || core->n_rides)
		return err_set(detail, ERR_CONFLICT, "snapshot: the core is not empty");
	int code = get_header(core, &c, detail);
	if (code)
		return code;
	get_older(&c, &head_table, core);
	if (c.failed || !head_valid(core))
		return err_set(detail, ERR_RANGE, "snapshot: counts beyond capacity at byte %zu", c.used);
	code = get_slots(core, &c);
	for (uint32_t i = 0; !code && i < core->n_rides; i++)
		code = get_ride(core, core->ride_order[i], &c);
	for (uint32_t i = 0; !code && i < core->n_vehicles; i++)
		code = get_vehicle(core, i, &c);
	if (!code)
		code = get_rest(core, &c);
	uint64_t digest = get_number(&c);
	if (code || c.failed || c.used != n)
		return err_set(detail, code ? code : ERR_FORMAT, "snapshot: damaged at byte %zu of %zu", c.used, n);
	derive(core);
	if (c.version == SNAPSHOT_VERSION && core->digest != digest) /* an older one digests fewer fields */
		return err_set(detail, ERR_FORMAT, "snapshot: its digest does not follow from its content");
	return ERR_OK;
}
