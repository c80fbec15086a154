/* The step: what is due, the command, what follows from it, the updates, the digest. And what opens a core. */
#include "distance.h"
#include "insertion.h"
#include "state.h"

void core_settings_default(struct core_settings *settings)
{
	*settings = (struct core_settings){
		.vehicles_max = 256,
		.rides_max = 16384,
		.plan_tasks_max = 40,
		.notices_max = 4096,
		.cases_max = 1024,
		.keys_max = 8192,
		.delays_max = 4096,
		.offer_hold_ms = 60000,
		.reserve_ms = 60000,
		.freeze_ms = 20000,
		.plan_valid_ms = 120000,
		.clock_tolerance_ms = 5000,
		.closed_keep_ms = 3600000,
		.battery_reserve_permille = 200,
		.battery_wh = 40000,
		.charge_w = 22000,
		.weight_vehicle = 10,
		.weight_wait = 10,
		.weight_ride = 5,
		.weight_walk = 15,
		.message_ms = 2000,
		.clean_ms = 900000,
		.clean_early_ms = 7200000,
	};
}

static int settings_valid(const struct core_settings *s)
{
	if (!s->vehicles_max || s->vehicles_max > 65536 || !s->rides_max || s->rides_max > (1u << 22))
		return 0;
	if (s->plan_tasks_max < WIRE_ABOARD_MAX + 4 || s->plan_tasks_max > WIRE_TASKS_MAX)
		return 0;
	if (!s->notices_max || s->notices_max > (1u << 22) || s->cases_max < 4 || s->cases_max > (1u << 20))
		return 0;
	if (!s->keys_max || s->keys_max > (1u << 22) || s->delays_max > (1u << 20) || !s->battery_wh || !s->charge_w)
		return 0;
	const uint32_t day = (uint32_t)DAY_MS;
	if (s->offer_hold_ms > day || s->offer_hold_wall_ms > day || s->reserve_ms > day || s->freeze_ms > day ||
	    s->plan_valid_ms > day || s->clock_tolerance_ms > day || s->message_ms > day || s->rebalance_ms > day ||
	    s->fair_wait_ms > day || s->fair_gap_permille > 100000 || s->clean_every_ms > 7 * day ||
	    s->clean_ms > day || s->clean_early_ms > 7 * day || s->battery_reserve_permille > 1000)
		return 0;
	return s->weight_vehicle <= 10000 && s->weight_wait <= 10000 && s->weight_ride <= 10000 &&
	       s->weight_walk <= 10000;
}

static uint32_t items_of(const struct core_settings *s, uint32_t base[ITEM_KINDS])
{
	const uint32_t sizes[ITEM_KINDS] = {s->rides_max,	 s->vehicles_max,   s->cases_max,
					    s->notices_max,	 s->keys_max,	    s->delays_max,
					    s->vehicles_max + 8, CORE_CLOSURES_MAX, 1,
					    DEMAND_HOURS,	 TOWN_NEEDS_MAX,    1};
	uint32_t n = 0;
	for (uint32_t kind = 0; kind < ITEM_KINDS; kind++) {
		if (base)
			base[kind] = n;
		n += sizes[kind];
	}
	return n;
}

static uint32_t nodes_most(const struct core_settings *s)
{
	uint32_t all = s->vehicles_max * (s->plan_tasks_max + 1), batch = search_ways_most(s);
	return all > batch ? all : batch;
}

/* One a ride, one a vehicle, and one for all closures. */
static uint32_t timers_most(const struct core_settings *s)
{
	return s->rides_max + s->vehicles_max + 1;
}

/* One list of all arrays, for size and for open. */
#define ARRAYS(X)                                                  \
	X(rides, s->rides_max)                                     \
	X(rides_more, s->rides_max)                                \
	X(ride_order, s->rides_max)                                \
	X(ride_place, s->rides_max)                                \
	X(ride_free, s->rides_max)                                 \
	X(vehicles, s->vehicles_max)                               \
	X(vehicles_more, s->vehicles_max)                          \
	X(paths, s->vehicles_max)                                  \
	X(tasks, (size_t)s->vehicles_max * s->plan_tasks_max)      \
	X(tasks_more, (size_t)s->vehicles_max * s->plan_tasks_max) \
	X(views, (size_t)s->vehicles_max * s->plan_tasks_max)      \
	X(vehicle_order, s->vehicles_max)                          \
	X(cases, s->cases_max)                                     \
	X(notices, s->notices_max)                                 \
	X(supervisors, s->vehicles_max + 8)                        \
	X(keys, s->keys_max)                                       \
	X(delays, s->delays_max + 1)                               \
	X(demand, DEMAND_HOURS)                                    \
	X(item_hash, n_items)                                      \
	X(touched, n_items)                                        \
	X(is_touched, n_items)                                     \
	X(kept, 1)

static size_t hash_map_bytes(uint32_t n_max)
{
	size_t n = 4;
	while (n < 2 * (size_t)n_max)
		n *= 2;
	return n * (sizeof(uint64_t) + sizeof(uint32_t)) + 64;
}

size_t core_size(const struct core_settings *settings, const struct town *town)
{
	const struct core_settings *s = settings;
	const uint32_t n_items = items_of(s, NULL);
	const struct core *core = NULL;
	size_t size = sizeof(struct core) + 4096;
#define X(name, count) size += sizeof(*core->name) * (count) + 32;
	ARRAYS(X)
#undef X
	size += hash_map_bytes(s->rides_max) * 2 + hash_map_bytes(s->vehicles_max) + hash_map_bytes(s->keys_max);
	size += timers_most(s) * (sizeof(instant_ms) + 2 * sizeof(uint32_t)) + 256;
	size += 2 * core_town_size(s, town) + 64;
	size += snapshot_item_size(s) + 64;
	return size + size / 16;
}

static int arrays_open(struct core *core, struct arena *arena)
{
	const struct core_settings *s = &core->settings;
	const uint32_t n_items = items_of(s, core->item_base);
	core->n_items = n_items;
#define X(name, count)                                               \
	core->name = arena_take(arena, (count), sizeof *core->name); \
	if (!core->name)                                             \
		return ERR_MEMORY;
	ARRAYS(X)
#undef X
	core->scratch = arena_take(arena, 1, snapshot_item_size(s));
	if (!core->scratch || hash_map_open(&core->ride_map, arena, s->rides_max) ||
	    hash_map_open(&core->client_map, arena, s->rides_max) ||
	    hash_map_open(&core->vehicle_map, arena, s->vehicles_max) ||
	    hash_map_open(&core->key_map, arena, s->keys_max) || timers_open(&core->timers, arena, timers_most(s)))
		return ERR_MEMORY;
	return ERR_OK;
}

/* One half holds what the present town needs, the other what the next one will; a swap changes their parts. */
static int halves_open(struct core *core, struct arena *arena, size_t size)
{
	for (int i = 0; i < 2; i++) {
		void *memory = arena_take(arena, 1, size);
		if (!memory)
			return ERR_MEMORY;
		arena_wrap(&core->own_half[i], memory, size);
		core->town_half[i] = &core->own_half[i];
	}
	return ERR_OK;
}

int core_open(struct core **ret_core, const struct core_settings *settings, const struct town *town,
	      struct arena *arena)
{
	if (!settings_valid(settings) || !town->n_classes || town->n_classes > NETWORK_CLASSES_MAX)
		return ERR_RANGE;
	struct core *core = arena_take(arena, 1, sizeof *core);
	if (!core)
		return ERR_MEMORY;
	core->settings = *settings;
	core->supervisors_max = settings->vehicles_max + 8;
	core->now = core->restored_at = core->hours_at = INSTANT_NONE;
	core->border = INT64_MAX;
	int code = arrays_open(core, arena);
	if (!code)
		code = halves_open(core, arena, core_town_size(settings, town));
	if (!code)
		code = core_town_open(core, town);
	if (code)
		return code;
	for (uint32_t i = 0; i < settings->rides_max; i++)
		core->ride_free[i] = settings->rides_max - 1 - i;
	core->n_ride_free = settings->rides_max;
	fair_open(core);
	snapshot_digest_all(core);
	*ret_core = core;
	return ERR_OK;
}

size_t core_town_size(const struct core_settings *settings, const struct town *town)
{
	size_t graphs = route_graph_size(&town->road) + route_graph_size(&town->walk);
	size_t queries = route_query_size_most(&town->road) + route_query_size_most(&town->walk) + 65536;
	size_t size = graphs + queries + route_weights_size(&town->walk) + distance_size(town, nodes_most(settings)) +
		      search_size(settings, town) + forecast_size(town);
	return size + size / 16;
}

int core_town_fits(const struct core *core, const struct town *town)
{
	return core_town_size(&core->settings, town) <= core->town_half[!core->half]->size;
}

void core_town_memory(struct core *core, struct arena *memory)
{
	core->town_half[!core->half] = memory;
}

int core_town_open(struct core *core, const struct town *town)
{
	struct route_graph *graph;
	struct route_query *query;
	struct distance *distance;
	struct search *search;
	struct forecast *forecast;
	struct route_weights *weights;
	struct arena *arena = core->town_half[!core->half];
	arena->used = 0; /* of the town before the present one */
	if (route_graph_open(&graph, &town->walk, arena) || route_query_open(&query, graph, arena) ||
	    route_weights_open(&weights, graph, arena) ||
	    distance_open(&distance, town, nodes_most(&core->settings), arena) ||
	    search_open(&search, &core->settings, town, arena) || forecast_open(&forecast, town, arena))
		return ERR_MEMORY;
	core->half = !core->half;
	core->walk_graph = graph;
	core->walk_query = query;
	core->walk_weights = weights;
	route_weights_set(weights, 0, town->walk.time_ms);
	core->distance = distance;
	core->search = search;
	core->forecast = forecast;
	if (core->settings.rebalance_ms)
		forecast_fill(forecast, town);
	core->town = town;
	return ERR_OK;
}

void core_text(char *to, size_t size, const char *from)
{
	size_t n = 0;
	while (n + 1 < size && from[n])
		n++;
	memmove(to, from, n);
	memset(to + n, 0, size - n);
}

static int spot_valid(const struct network *network, const struct spot *spot)
{
	return spot->arc == NONE || (spot->arc < network->n_arcs && spot->offset_mm <= network->dist_mm[spot->arc]);
}

int core_place_valid(const struct core *core, const struct place *place)
{
	return spot_valid(&core->town->road, &place->road) && spot_valid(&core->town->walk, &place->walk) &&
	       (place->stop == NONE || place->stop < core->town->n_stops) && place->side <= SIDE_LEFT;
}

void core_touch(struct core *core, enum item_kind kind, uint32_t index)
{
	uint32_t item = core->item_base[kind] + index;
	assert(item < core->n_items);
	if (core->is_touched[item])
		return;
	core->is_touched[item] = 1;
	core->touched[core->n_touched++] = item;
}

struct update *core_say(struct core *core, uint16_t kind)
{
	struct updates *updates = core->updates;
	assert(updates->n < updates->most);
	struct update *update = &updates->items[updates->n++];
	memset(update, 0, sizeof *update);
	update->kind = kind;
	return update;
}

/* What the end of a step may still say: each vehicle's plan and state, and retimed rides. */
static uint32_t updates_at_end(const struct core *core)
{
	return 2 * core->settings.vehicles_max + 256;
}

#define UPDATES_PER_PIECE 1024

uint32_t core_updates_max(const struct core *core)
{
	return 2 * updates_at_end(core) + 4 * UPDATES_PER_PIECE;
}

int core_has_room(const struct core *core)
{
	return core->updates->most - core->updates->n >= updates_at_end(core) + UPDATES_PER_PIECE;
}

static int start(struct core *core, const struct command *command)
{
	const struct cmd_start *start = &command->start;
	if (memcmp(&start->settings, &core->settings, sizeof core->settings) != 0 ||
	    memcmp(start->town_hash, core->town->hash, TOWN_HASH_BYTES) != 0)
		return ERR_CONFLICT;
	if (!start->engine_version || start->engine_version > CORE_ENGINE_VERSION)
		return ERR_VERSION; /* an older one stands in a journal that goes on from a snapshot */
	if (!start->epoch || (core->started && start->epoch <= core->epoch))
		return ERR_STALE;
	if (core->started)
		core->restored_at = core->now;
	if (core->hours_at == INSTANT_NONE) {
		hours_set(core, core->now);
		closure_timer(core);
	}
	core->started = 1;
	core->epoch = start->epoch;
	for (uint32_t i = 0; i < core->n_vehicles; i++) { /* plans of the new epoch go out to all */
		core->vehicles[i].plan_version = 0;
		plan_changed(core, i);
	}
	return ERR_OK;
}

static int pause_bookings(struct core *core, const struct cmd_bookings_pause *pause)
{
	core->paused = pause->paused != 0;
	return ERR_OK;
}

static int dispatch(struct core *core, const struct command *command)
{
	switch (command->kind) {
	case CMD_START:
		return start(core, command);
	case CMD_TICK:
		return ERR_OK;
	case CMD_TOWN_SWAP:
		return swap_town(core, &command->town_swap);
	case CMD_REQUEST:
		return request_take(core, &command->request);
	case CMD_ACCEPT:
		return request_accept(core, &command->accept);
	case CMD_CANCEL:
		return ride_cancel(core, &command->cancel);
	case CMD_COMING:
		return ride_coming(core, &command->ride);
	case CMD_BOARD_EVIDENCE:
		return ride_evidence(core, &command->board_evidence);
	case CMD_NO_SHOW_UNDO:
		return ride_no_show_undo(core, &command->ride);
	case CMD_NOTICE_STATE:
		return notice_state(core, &command->notice_state);
	case CMD_VEHICLE_ENROL:
		return vehicle_enrol(core, &command->vehicle_enrol);
	case CMD_VEHICLE_RELEASE:
		return vehicle_release(core, &command->vehicle_release);
	case CMD_VEHICLE_SHIFT:
		return vehicle_shift(core, &command->vehicle_shift);
	case CMD_VEHICLE_ORDER:
		return vehicle_order(core, &command->vehicle_order);
	case CMD_VEHICLE_LINK:
		return vehicle_link(core, &command->vehicle_link);
	case CMD_VEHICLE_HELLO:
		return vehicle_hello(core, &command->vehicle_hello);
	case CMD_VEHICLE_PLAN_ACK:
		return vehicle_plan_ack(core, &command->vehicle_plan_ack);
	case CMD_VEHICLE_EVENT:
		return vehicle_event(core, &command->vehicle_event);
	case CMD_FLEET_STATES:
		return vehicle_states(core, &command->fleet_states);
	case CMD_APPROVAL:
		return supervision_approval(core, &command->approval);
	case CMD_SIGN_ON:
		return supervision_sign_on(core, &command->duty);
	case CMD_SIGN_OFF:
		return supervision_sign_off(core, &command->duty);
	case CMD_HANDOVER_ACCEPT:
		return supervision_accept(core, &command->duty);
	case CMD_CASE_OWN:
		return case_own(core, &command->case_);
	case CMD_CASE_CLOSE:
		return case_close(core, &command->case_);
	case CMD_BOOKINGS_PAUSE:
		return pause_bookings(core, &command->bookings_pause);
	case CMD_TRIP_DELAY:
		return connection_delay(core, &command->trip_delay);
	case CMD_CLOSURE:
		return closure_take(core, &command->closure);
	case CMD_STREET_SPEEDS:
		return closure_speeds(core, &command->street_speeds);
	case CMD_CONDITION:
		return closure_condition(core, &command->condition);
	case CMD_IMPROVE:
		return proposal_take(core, &command->improve);
	default:
		return ERR_RANGE;
	}
}

static uint64_t key_of(const struct command_key *key)
{
	uint64_t mixed = hash_u64(key->high) ^ (key->low * UINT64_C(0x9e3779b97f4a7c15));
	return mixed ? mixed : 1;
}

static const struct kept_key *key_find(const struct core *core, const struct command_key *key)
{
	uint32_t slot = hash_map_get(&core->key_map, key_of(key));
	if (slot == NONE || core->keys[slot].key.high != key->high || core->keys[slot].key.low != key->low)
		return NULL;
	return &core->keys[slot];
}

void core_key_index(struct core *core, uint32_t slot)
{
	hash_map_put(&core->key_map, key_of(&core->keys[slot].key), slot);
}

/* The oldest key makes room: a client that repeats after keys_max other keyed commands is answered anew. */
static void key_keep(struct core *core, const struct command_key *key, const struct upd_result *result)
{
	uint32_t slot = core->next_key;
	struct kept_key *kept = &core->keys[slot];
	if (core->n_keys == core->settings.keys_max) {
		uint64_t old = key_of(&kept->key);
		if (hash_map_get(&core->key_map, old) == slot)
			hash_map_remove(&core->key_map, old);
	} else {
		core->n_keys++;
	}
	*kept = (struct kept_key){*key, *result};
	core->next_key = (slot + 1) % core->settings.keys_max;
	core_key_index(core, slot);
	core_touch(core, ITEM_KEY, slot);
}

static int answered_before(struct core *core, const struct command *command)
{
	if (!command->key.high && !command->key.low)
		return 0;
	const struct kept_key *kept = key_find(core, &command->key);
	if (!kept)
		return 0;
	if (kept->result.command_kind != command->kind) {
		core->result.code = ERR_CONFLICT;
		return 1;
	}
	core->result = kept->result;
	core->result.repeated = 1;
	return 1;
}

static int refused_at_once(const struct core *core, const struct command *command)
{
	if (!instant_sane(command->at))
		return ERR_RANGE;
	if (!core->started && command->kind != CMD_START)
		return ERR_CONFLICT;
	return command->at < core->now ? ERR_STALE : ERR_OK;
}

static void run(struct core *core, const struct command *command)
{
	int keyed = command->key.high || command->key.low;
	if (core->started)
		time_run(core, command->at);
	core->now = command->at;
	if (!answered_before(core, command)) {
		core->result.code = (uint8_t)dispatch(core, command);
		if (keyed && core->started)
			key_keep(core, &command->key, &core->result);
	}
	if (core->started)
		time_run(core, core->now); /* what the command made due */
	plan_flush(core);
	core_touch(core, ITEM_HEAD, 0);
	snapshot_digest(core);
}

void core_step(struct core *core, const struct command *command, struct updates *updates)
{
	assert(updates->most - updates->n >= core_updates_max(core));
	struct updates part = {updates->items + updates->n, 0, core_updates_max(core)};
	core->updates = &part;
	core->result = (struct upd_result){.command_kind = command->kind, .would_work_at = INSTANT_NONE};
	int code = refused_at_once(core, command);
	if (code)
		core->result.code = (uint8_t)code;
	else
		run(core, command);
	core_say(core, UPD_RESULT)->result = core->result;
	updates->n += part.n;
	core->updates = NULL;
}

uint64_t core_digest(const struct core *core)
{
	return core->digest;
}
