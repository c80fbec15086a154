#include "dock.h"

#include <assert.h>
#include <string.h>

#include "geo.h"
#include "hash.h"

#define ORDERS_MAX 8
#define EVIDENCE_MAX WIRE_ABOARD_MAX
#define APPROVAL_TRIES 10
#define UNTAKEN_REPEATS 5 /* an event handed over and still not durable after so many repeats is handed over again */
#define LATE_STEP_MS 5000
#define OFF_STEP_MM 20000
#define BATTERY_STEP 20
#define MARK_EVERY_MS MINUTE_MS

enum plan_state { PLAN_NONE, PLAN_UNSENT, PLAN_SENT, PLAN_ACCEPTED, PLAN_REFUSED };

struct dock_order {
	struct wire_order order;
	int64_t sent_wall;
	uint8_t sent;
};
struct dock_evidence {
	struct wire_evidence evidence;
	int64_t sent_wall;
	uint8_t sent;
};
struct dock_rider_out {
	struct wire_rider_out out;
	int64_t sent_wall;
	uint8_t sent;
};
struct event_mark {
	uint32_t boot, sequence;
};
struct dock_vehicle {
	uint32_t number;
	uint8_t queued;
	/* link */
	uint8_t session; /* heard since the dock opened or since it was lost */
	uint8_t up_told; /* what the core was told */
	uint8_t denied;	 /* a real vehicle on a simulated clock */
	uint8_t hello_told;
	uint32_t hello_boot;
	int64_t heard_wall, heartbeat_wall;
	instant_ms heard_at;
	/* states */
	uint8_t has_state, has_told, exceptional;
	struct wire_state state, told;
	instant_ms told_at;
	/* events */
	struct event_mark passed, acked;
	uint32_t n_untaken;
	struct wire_event early[DOCK_EARLY]; /* at sequence % DOCK_EARLY; kind 0 = none */
	uint64_t early_town;		     /* their places are of */
	/* to be said */
	uint8_t want_welcome, want_ack, want_heartbeat, want_approval;
	uint8_t plan_state; /* enum plan_state */
	uint8_t refusal;
	struct wire_plan plan;
	int64_t plan_wall;
	uint32_t n_orders, n_evidence, n_outs, approval_tries;
	struct dock_order orders[ORDERS_MAX];
	struct dock_evidence evidence[EVIDENCE_MAX];
	struct dock_rider_out outs[WIRE_ABOARD_MAX];
	struct wire_approval_reply approval;
	int64_t approval_wall;
};
struct dock {
	struct dock_settings settings;
	const struct core *core;
	instant_ms at; /* newest service time heard of */
	int64_t wall;
	uint8_t clock_known; /* a first tick or message has come */
	uint8_t holding;     /* dock_hold: only heartbeats and standstill go out */
	uint32_t n_vehicles;
	struct dock_vehicle *vehicles;
	struct hash_map slots;
	uint64_t n_again; /* orders said again */
	uint32_t queue_head, queue_n;
	uint32_t *queue; /* vehicles with something to say, in the order they got it */
};

/* ---- small things ---- */
static int mark_compare(struct event_mark a, struct event_mark b)
{
	if (a.boot != b.boot)
		return a.boot < b.boot ? -1 : 1;
	return a.sequence < b.sequence ? -1 : a.sequence > b.sequence;
}

static void enqueue(struct dock *dock, struct dock_vehicle *vehicle)
{
	if (vehicle->queued)
		return;
	vehicle->queued = 1;
	dock->queue[(dock->queue_head + dock->queue_n++) % dock->settings.vehicles_max] =
		(uint32_t)(vehicle - dock->vehicles);
}

static struct command *command_add(struct command *commands, uint32_t most, uint32_t *n, uint16_t kind, instant_ms at)
{
	struct command *command;

	if (*n == most)
		return NULL;
	command = &commands[(*n)++];
	memset(command, 0, sizeof *command);
	command->kind = kind;
	command->at = at;
	return command;
}

/* How long (wall) after a word of ours a vehicle may still begin pickups. The core gives a lost vehicle's riders to
 * others at the later of plan_valid_ms after the last contact and the report of the loss; what we say last to a vehicle
 * that we no longer hear we say within two heartbeats. */
static uint32_t told_valid_ms(const struct dock *dock)
{
	const struct dock_settings *settings = &dock->settings;
	uint64_t speed = settings->speed_permille ? settings->speed_permille : 1000;
	uint64_t limit = (uint64_t)core_settings(dock->core)->plan_valid_ms * 1000 / speed;

	if (limit < settings->lost_after_ms)
		limit = settings->lost_after_ms;
	limit = limit > 2 * (uint64_t)settings->heartbeat_ms ? limit - 2 * (uint64_t)settings->heartbeat_ms : 0;
	return limit < settings->valid_ms ? (uint32_t)limit : settings->valid_ms;
}

static instant_ms service_ms(const struct dock *dock, int64_t wall_ms)
{
	return wall_ms * dock->settings.speed_permille / 1000;
}

/* ---- plans ---- */
static struct wire_place wire_place_of(const struct place *place)
{
	return (struct wire_place){.lat_e7 = place->point.lat_e7,
				   .lon_e7 = place->point.lon_e7,
				   .arc = place->road.arc,
				   .offset_mm = place->road.offset_mm,
				   .side = place->side};
}

static void fill_task(const struct dock *dock, struct wire_task *out, const struct core_task *task)
{
	const struct core_ride *ride = task->ride ? core_ride(dock->core, task->ride) : NULL;

	out->ride = task->ride;
	out->kind = task->kind;
	out->place = wire_place_of(&task->place);
	out->planned_at = task->begin;
	out->not_before = task->kind == WIRE_PICKUP ? task->not_before : INSTANT_NONE;
	out->wait_until = task->kind == WIRE_PICKUP && ride ? ride->latest_pickup : INSTANT_NONE;
	out->dwell_ms = task->end > task->begin ? (uint32_t)(task->end - task->begin) : 0;
	if (!ride)
		return;
	out->party = ride->party;
	if (task->kind == WIRE_PICKUP)
		out->boarding_code = ride->boarding_code;
}

/* The core's plan as it is now. When the core has moved on since the update, the later update brings the plan. */
static void plan_read(struct dock *dock, struct dock_vehicle *vehicle, uint32_t epoch, uint32_t version)
{
	const struct core_vehicle *known = core_vehicle(dock->core, vehicle->number);
	uint32_t n = 0;
	const struct core_task *tasks = core_plan(dock->core, vehicle->number, &n);

	if (!known || known->plan_epoch != epoch || known->plan_version != version || n > WIRE_TASKS_MAX)
		return;
	memset(&vehicle->plan, 0, sizeof vehicle->plan);
	vehicle->plan.epoch = epoch;
	vehicle->plan.version = version;
	memcpy(vehicle->plan.town_hash, core_town(dock->core)->hash, WIRE_HASH_BYTES);
	vehicle->plan.n_tasks = n;
	for (uint32_t i = 0; i < n; i++)
		fill_task(dock, &vehicle->plan.tasks[i], &tasks[i]);
	vehicle->plan.conditions = core_conditions(dock->core);
	const struct wire_street *streets = core_streets(dock->core, &vehicle->plan.n_streets);
	if (vehicle->plan.n_streets)
		memcpy(vehicle->plan.streets, streets, vehicle->plan.n_streets * sizeof *streets);
	vehicle->plan_state = PLAN_UNSENT;
	enqueue(dock, vehicle);
}

static int plan_has_pickup(const struct dock_vehicle *vehicle, uint64_t ride)
{
	for (uint32_t i = 0; i < vehicle->plan.n_tasks; i++)
		if (vehicle->plan.tasks[i].kind == WIRE_PICKUP && vehicle->plan.tasks[i].ride == ride)
			return 1;
	return 0;
}

/* ---- vehicles ---- */
static struct dock_vehicle *vehicle_find(struct dock *dock, uint32_t number)
{
	uint32_t slot = number ? hash_map_get(&dock->slots, number) : NONE;

	return slot == NONE ? NULL : &dock->vehicles[slot];
}

static struct dock_vehicle *vehicle_add(struct dock *dock, const struct core_vehicle *known)
{
	struct dock_vehicle *vehicle;

	if (dock->n_vehicles == dock->settings.vehicles_max)
		return NULL;
	vehicle = &dock->vehicles[dock->n_vehicles];
	if (hash_map_put(&dock->slots, known->number, dock->n_vehicles))
		return NULL;
	dock->n_vehicles++;
	vehicle->number = known->number;
	vehicle->up_told = known->link_up;
	vehicle->heard_wall = dock->wall;
	vehicle->heard_at = dock->at;
	vehicle->passed = vehicle->acked = (struct event_mark){.boot = known->boot, .sequence = known->sequence};
	if (known->plan_version)
		plan_read(dock, vehicle, known->plan_epoch, known->plan_version);
	return vehicle;
}

/* The slot of an enrolled vehicle, made when first needed. */
static struct dock_vehicle *vehicle_get(struct dock *dock, uint32_t number)
{
	struct dock_vehicle *vehicle = vehicle_find(dock, number);
	const struct core_vehicle *known = vehicle ? NULL : core_vehicle(dock->core, number);

	return known ? vehicle_add(dock, known) : vehicle;
}

static void vehicles_sync(struct dock *dock)
{
	uint32_t n = core_n_vehicles(dock->core);

	for (uint32_t i = 0; i < n && dock->n_vehicles < n; i++)
		(void)vehicle_get(dock, core_vehicle_at(dock->core, i)->number);
}

size_t dock_size(const struct dock_settings *settings)
{
	return sizeof(struct dock) + (size_t)settings->vehicles_max * (sizeof(struct dock_vehicle) + 4 + 48) + 1024;
}

static uint32_t value_or(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

int dock_open(struct dock **ret_dock, const struct dock_settings *settings, const struct core *core,
	      struct arena *arena)
{
	struct dock *dock = arena_take(arena, 1, sizeof *dock);

	if (settings->vehicles_max == 0)
		return ERR_RANGE;
	if (!dock)
		return ERR_MEMORY;
	dock->settings = *settings;
	dock->settings.heartbeat_ms = value_or(settings->heartbeat_ms, 1000);
	dock->settings.lost_after_ms = value_or(settings->lost_after_ms, 10000);
	dock->settings.valid_ms = value_or(settings->valid_ms, 30000);
	dock->settings.resend_ms = value_or(settings->resend_ms, 2000);
	dock->core = core;
	dock->vehicles = arena_take(arena, settings->vehicles_max, sizeof *dock->vehicles);
	dock->queue = arena_take(arena, settings->vehicles_max, sizeof *dock->queue);
	if (!dock->vehicles || !dock->queue || hash_map_open(&dock->slots, arena, settings->vehicles_max))
		return ERR_MEMORY;
	*ret_dock = dock;
	return ERR_OK;
}

const struct wire_state *dock_state(const struct dock *dock, uint32_t vehicle)
{
	uint32_t slot = vehicle ? hash_map_get(&dock->slots, vehicle) : NONE;

	return slot == NONE || !dock->vehicles[slot].has_state ? NULL : &dock->vehicles[slot].state;
}

/* ---- orders ---- */
static void order_drop(struct dock_vehicle *vehicle, uint32_t i)
{
	memmove(&vehicle->orders[i], &vehicle->orders[i + 1], (vehicle->n_orders - i - 1) * sizeof vehicle->orders[0]);
	vehicle->n_orders--;
}

/* Room for one more: a full list gives up its first order that is no standstill, a list of standstills its first. */
static void order_room(struct dock_vehicle *vehicle)
{
	uint32_t i = 0;

	if (vehicle->n_orders < ORDERS_MAX)
		return;
	while (i < ORDERS_MAX && vehicle->orders[i].order.kind == WIRE_STANDSTILL)
		i++;
	order_drop(vehicle, i < ORDERS_MAX ? i : 0);
}

static void order_add(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_order *order)
{
	for (uint32_t i = 0; i < vehicle->n_orders; i++)
		if (vehicle->orders[i].order.id == order->id)
			return;
	order_room(vehicle);
	vehicle->orders[vehicle->n_orders++] = (struct dock_order){.order = *order};
	enqueue(dock, vehicle);
}

static void order_done(struct dock *dock, struct dock_vehicle *vehicle, uint64_t id)
{
	for (uint32_t i = 0; i < vehicle->n_orders; i++)
		if (vehicle->orders[i].order.id == id) {
			order_drop(vehicle, i);
			enqueue(dock, vehicle); /* the next one's turn */
			return;
		}
}

void dock_standstill(struct dock *dock, uint32_t vehicle, const struct wire_order *order)
{
	struct dock_vehicle *one;

	vehicles_sync(dock);
	for (uint32_t i = 0; !vehicle && i < dock->n_vehicles; i++)
		order_add(dock, &dock->vehicles[i], order);
	one = vehicle_get(dock, vehicle);
	if (one)
		order_add(dock, one, order);
}

/* What the core holds true and the vehicle shows not to know is said again: an order may have been lost with the
 * dispatcher before this one, or the core has changed its mind without an order (a new release). */
static void order_again(struct dock *dock, struct dock_vehicle *vehicle, uint8_t kind)
{
	struct wire_order order = {.kind = kind, .by = "dispatcher", .reason = "as the dispatcher has it"};

	if (vehicle->n_orders)
		return;
	order.id = hash_u64((uint64_t)core_epoch(dock->core) << 32 ^ ++dock->n_again) ^ vehicle->number;
	order_add(dock, vehicle, &order);
}

static void rider_out_answered(struct dock_vehicle *vehicle, uint64_t ride)
{
	for (uint32_t i = 0; i < vehicle->n_outs; i++)
		if (vehicle->outs[i].out.ride == ride)
			vehicle->outs[i--] = vehicle->outs[--vehicle->n_outs];
}

static void rider_out_add(struct dock *dock, struct dock_vehicle *vehicle, uint64_t order, uint64_t ride,
			  const char by[CORE_WHO_MAX])
{
	struct dock_rider_out out = {.out = {.order = order, .ride = ride}};

	static_assert(sizeof out.out.by == CORE_WHO_MAX, "the same text");
	memcpy(out.out.by, by, sizeof out.out.by);
	rider_out_answered(vehicle, ride); /* an older order about the same rider */
	if (vehicle->n_outs == WIRE_ABOARD_MAX)
		return; /* said when the next session begins */
	vehicle->outs[vehicle->n_outs++] = out;
	enqueue(dock, vehicle);
}

/* Taken out, and the vehicle has not answered: perhaps it was told by the dispatcher before this one. */
static void riders_out_again(struct dock *dock, struct dock_vehicle *vehicle)
{
	for (uint32_t i = 0; i < core_n_rides(dock->core); i++) {
		const struct core_ride *ride = core_ride_at(dock->core, i);
		if (ride->taken_out == vehicle->number)
			rider_out_add(dock, vehicle, ride->taken_out_order, ride->ride, ride->owner);
	}
}

static void orders_compare(struct dock *dock, struct dock_vehicle *vehicle)
{
	const struct core_vehicle *known = core_vehicle(dock->core, vehicle->number);
	uint8_t mode = vehicle->state.mode;

	if (known->standstill && mode != WIRE_STOPPED && mode != WIRE_MRC && mode != WIRE_FAULT)
		order_again(dock, vehicle, WIRE_STANDSTILL);
	else if (known->held && (mode == WIRE_IDLE || mode == WIRE_AT_STOP))
		order_again(dock, vehicle, WIRE_HOLD);
	riders_out_again(dock, vehicle);
}

/* ---- from the vehicle ---- */
/* It has (again) just been heard: it may have forgotten, and we may have missed, everything. */
static void session_begin(struct dock *dock, struct dock_vehicle *vehicle)
{
	vehicle->session = 1;
	vehicle->want_welcome = vehicle->want_ack = 1;
	vehicle->has_told = 0;
	vehicle->heartbeat_wall = dock->wall;
	if (vehicle->plan_state != PLAN_NONE)
		vehicle->plan_state = PLAN_UNSENT;
	for (uint32_t i = 0; i < vehicle->n_orders; i++)
		vehicle->orders[i].sent = 0;
	for (uint32_t i = 0; i < vehicle->n_evidence; i++)
		vehicle->evidence[i].sent = 0;
	for (uint32_t i = 0; i < vehicle->n_outs; i++)
		vehicle->outs[i].sent = 0;
	vehicle->approval_tries = 0;
	enqueue(dock, vehicle);
}

static int refuses(const struct dock *dock, const struct dock_vehicle *vehicle, const struct wire_hello *hello)
{
	return dock->settings.simulated && (!hello->simulated || !core_vehicle(dock->core, vehicle->number)->simulated);
}

static int rough_far(const struct wire_place *a, const struct wire_place *b)
{
	struct geo_point x = {a->lat_e7, a->lon_e7}, y = {b->lat_e7, b->lon_e7};

	return geo_rough_mm(x, y) > OFF_STEP_MM;
}

static int state_exceptional(const struct dock_vehicle *vehicle, const struct wire_state *state)
{
	const struct wire_state *told = &vehicle->told;
	int64_t late = (int64_t)state->late_ms - told->late_ms;
	int battery = (int)state->battery_permille - told->battery_permille;

	if (!vehicle->has_told || state->mode != told->mode || state->boot != told->boot)
		return 1;
	if (battery >= BATTERY_STEP || battery <= -BATTERY_STEP)
		return 1;
	/* one that stands grows later by the second: that it is late is news once, how much the marks tell */
	if (state->mode != WIRE_DRIVING && told->late_ms > LATE_STEP_MS && late > 0)
		late = 0;
	if (late > LATE_STEP_MS || late < -LATE_STEP_MS)
		return 1;
	if ((state->place.arc == NONE) != (told->place.arc == NONE))
		return 1; /* left the roads we know, or came back */
	return state->mode != WIRE_DRIVING && rough_far(&state->place, &told->place);
}

static void receive_state(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_state *state)
{
	struct event_mark now = {state->boot, state->sequence}, before = {vehicle->state.boot, vehicle->state.sequence};

	if (vehicle->has_state && mark_compare(now, before) <= 0)
		return;
	vehicle->state = *state;
	vehicle->has_state = 1;
	if (vehicle->state.at > dock->at)
		vehicle->state.at = dock->at;
	if (state_exceptional(vehicle, state))
		vehicle->exceptional = 1;
	if (!vehicle->has_told)
		orders_compare(dock, vehicle);
}

/* Plans and evidence end with what has happened. */
static void event_taken(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_event *event)
{
	if (event->kind == WIRE_ORDER_DONE)
		order_done(dock, vehicle, event->ride);
	if (event->kind == WIRE_TAKEN_OUT || event->kind == WIRE_STILL_ABOARD)
		rider_out_answered(vehicle, event->ride);
	if (event->kind == WIRE_MRC_ENDED)
		vehicle->want_approval = 0;
	if (event->kind == WIRE_BOARDED)
		for (uint32_t i = 0; i < vehicle->n_evidence; i++)
			if (vehicle->evidence[i].evidence.ride == event->ride) {
				vehicle->evidence[i] = vehicle->evidence[--vehicle->n_evidence];
				break;
			}
	if (vehicle->plan_state == PLAN_REFUSED) { /* it may fit now */
		vehicle->plan_state = PLAN_UNSENT;
		enqueue(dock, vehicle);
	}
}

/* Is this the next event? Repeats are acknowledged again; one after a gap waits for those before it, as in the core. */
static int event_next(struct dock *dock, struct dock_vehicle *vehicle, struct event_mark mark)
{
	const struct event_mark passed = vehicle->passed;

	if (mark_compare(mark, vehicle->acked) <= 0) {
		vehicle->want_ack = 1;
		enqueue(dock, vehicle);
		return 0;
	}
	if (mark_compare(mark, passed) <= 0) {
		if (++vehicle->n_untaken < UNTAKEN_REPEATS)
			return 0;
		vehicle->passed = vehicle->acked;
		vehicle->n_untaken = 0;
		return event_next(dock, vehicle, mark);
	}
	if ((mark.boot == passed.boot && mark.sequence == passed.sequence + 1) ||
	    (mark.boot > passed.boot && mark.sequence == 1))
		return 1;
	vehicle->want_ack = 1; /* so that the vehicle sees from where on it must repeat */
	enqueue(dock, vehicle);
	return 0;
}

/* It came before the one it follows: kept until those before it come, else the vehicle would repeat it seconds later.
 */
static void event_keep(const struct dock *dock, struct dock_vehicle *vehicle, const struct wire_event *event)
{
	const uint64_t town = wire_town(core_town(dock->core)->hash);
	uint32_t before = event->boot == vehicle->passed.boot ? vehicle->passed.sequence : 0;

	if (vehicle->early_town != town)
		memset(vehicle->early, 0, sizeof vehicle->early); /* arcs of another map */
	vehicle->early_town = town;
	if (event->boot >= vehicle->passed.boot && event->sequence > before && event->sequence - before <= DOCK_EARLY)
		vehicle->early[event->sequence % DOCK_EARLY] = *event;
}

/* The kept event that is next now, or NULL. */
static const struct wire_event *event_kept(const struct dock *dock, const struct dock_vehicle *vehicle)
{
	const struct wire_event *kept = &vehicle->early[(vehicle->passed.sequence + 1) % DOCK_EARLY];
	int is_next =
		kept->kind && kept->boot == vehicle->passed.boot && kept->sequence == vehicle->passed.sequence + 1;

	return is_next && vehicle->early_town == wire_town(core_town(dock->core)->hash) ? kept : NULL;
}

static int event_take(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_event *event,
		      struct command *commands, uint32_t most, uint32_t *n)
{
	struct event_mark mark = {event->boot, event->sequence};
	struct command *command;

	command = command_add(commands, most, n, CMD_VEHICLE_EVENT, dock->at);
	if (!command)
		return 0; /* it will be repeated */
	command->vehicle_event.vehicle = vehicle->number;
	command->vehicle_event.event = *event;
	if (command->vehicle_event.event.at > dock->at)
		command->vehicle_event.event.at = dock->at; /* its clock ran on while ours stood */
	vehicle->passed = mark;
	vehicle->n_untaken = 0;
	event_taken(dock, vehicle, event);
	return 1;
}

static void receive_event(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_event *event,
			  struct command *commands, uint32_t most, uint32_t *n)
{
	int is_next = event_next(dock, vehicle, (struct event_mark){event->boot, event->sequence});

	if (!is_next)
		event_keep(dock, vehicle, event);
	while (is_next && event_take(dock, vehicle, event, commands, most, n)) {
		event = event_kept(dock, vehicle);
		is_next = event != NULL;
	}
}

static void receive_plan_ack(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_plan_ack *ack,
			     struct command *commands, uint32_t most, uint32_t *n)
{
	struct command *command;
	uint8_t state = ack->refusal ? PLAN_REFUSED : PLAN_ACCEPTED;

	if (vehicle->plan_state == PLAN_NONE || ack->epoch != vehicle->plan.epoch ||
	    ack->version != vehicle->plan.version)
		return;
	if (vehicle->plan_state == PLAN_ACCEPTED)
		return; /* an answer that was overtaken */
	vehicle->plan_wall = dock->wall;
	vehicle->plan_state = state;
	const struct core_vehicle *known = core_vehicle(dock->core, vehicle->number);
	if (ack->refusal == WIRE_REFUSED_STATE && known->service == SERVICE_IN)
		order_again(dock, vehicle, WIRE_INTO_SERVICE);
	if (state == PLAN_ACCEPTED ? known->acked_epoch == ack->epoch && known->acked_version == ack->version
				   : vehicle->refusal == ack->refusal)
		return; /* the core knows */
	command = command_add(commands, most, n, CMD_VEHICLE_PLAN_ACK, dock->at);
	if (!command)
		return;
	vehicle->refusal = ack->refusal;
	command->vehicle_plan_ack.vehicle = vehicle->number;
	command->vehicle_plan_ack.ack = *ack;
}

static void link_told(struct dock_vehicle *vehicle, uint8_t up, struct command *command)
{
	vehicle->up_told = up;
	command->vehicle_link.vehicle = vehicle->number;
	command->vehicle_link.up = up;
	command->vehicle_link.last_contact = vehicle->heard_at;
}

static void receive_hello(struct dock *dock, struct dock_vehicle *vehicle, const struct wire_hello *hello,
			  struct command *commands, uint32_t most, uint32_t *n)
{
	struct command *command;

	if (!vehicle->want_welcome)
		session_begin(dock, vehicle);
	if (vehicle->hello_told && hello->boot <= vehicle->hello_boot)
		return;
	command = command_add(commands, most, n, CMD_VEHICLE_HELLO, dock->at);
	if (!command)
		return;
	vehicle->hello_told = 1;
	vehicle->hello_boot = hello->boot;
	command->vehicle_hello.vehicle = vehicle->number;
	command->vehicle_hello.hello = *hello;
}

static void contact(struct dock *dock, struct dock_vehicle *vehicle, struct command *commands, uint32_t most,
		    uint32_t *n)
{
	vehicle->heard_wall = dock->wall;
	vehicle->heard_at = dock->at;
	if (!vehicle->session)
		session_begin(dock, vehicle);
	if (!vehicle->up_told) {
		struct command *command = command_add(commands, most, n, CMD_VEHICLE_LINK, dock->at);
		if (command)
			link_told(vehicle, 1, command);
	}
}

static void clock_heard(struct dock *dock, instant_ms at, int64_t wall_ms)
{
	dock->at = at > dock->at ? at : dock->at;
	dock->wall = wall_ms;
	if (dock->clock_known)
		return;
	dock->clock_known = 1;
	vehicles_sync(dock); /* their silence counts from now */
}

/* All that was left unsaid may be said. */
static void go_on(struct dock *dock)
{
	if (!dock->holding)
		return;
	dock->holding = 0;
	for (uint32_t i = 0; i < dock->n_vehicles; i++)
		enqueue(dock, &dock->vehicles[i]);
}

/* An arc of another town file than ours names some other street: only the raw degrees count. */
static void place_here(const struct dock *dock, const struct wire_message *message, struct wire_place *place)
{
	if (message->town == wire_town(core_town(dock->core)->hash))
		return;
	place->arc = NONE;
	place->offset_mm = 0;
}

int dock_receive(struct dock *dock, uint32_t vehicle_number, const struct wire_message *message, instant_ms at,
		 int64_t wall_ms, struct command *ret_commands, uint32_t most, uint32_t *ret_n)
{
	struct dock_vehicle *vehicle;
	struct wire_state state;
	struct wire_event event;

	*ret_n = 0;
	go_on(dock);
	clock_heard(dock, at, wall_ms);
	vehicle = vehicle_get(dock, vehicle_number);
	if (!vehicle)
		return ERR_DENIED;
	if (message->kind == WIRE_KIND_HELLO)
		vehicle->denied = (uint8_t)refuses(dock, vehicle, &message->hello);
	if (vehicle->denied)
		return ERR_DENIED;
	switch (message->kind) {
	case WIRE_KIND_HELLO:
		contact(dock, vehicle, ret_commands, most, ret_n);
		receive_hello(dock, vehicle, &message->hello, ret_commands, most, ret_n);
		return ERR_OK;
	case WIRE_KIND_HEARTBEAT:
		contact(dock, vehicle, ret_commands, most, ret_n);
		return ERR_OK;
	case WIRE_KIND_STATE:
		contact(dock, vehicle, ret_commands, most, ret_n);
		state = message->state;
		place_here(dock, message, &state.place);
		receive_state(dock, vehicle, &state);
		return ERR_OK;
	case WIRE_KIND_PLAN_ACK:
		contact(dock, vehicle, ret_commands, most, ret_n);
		receive_plan_ack(dock, vehicle, &message->plan_ack, ret_commands, most, ret_n);
		return ERR_OK;
	case WIRE_KIND_EVENT:
		contact(dock, vehicle, ret_commands, most, ret_n);
		event = message->event;
		place_here(dock, message, &event.place);
		receive_event(dock, vehicle, &event, ret_commands, most, ret_n);
		return ERR_OK;
	default:
		return ERR_FORMAT;
	}
}

/* ---- from the core ---- */
static void evidence_add(struct dock *dock, struct dock_vehicle *vehicle, const struct upd_evidence *update)
{
	for (uint32_t i = 0; i < vehicle->n_evidence; i++)
		if (vehicle->evidence[i].evidence.ride == update->ride)
			return;
	if (vehicle->n_evidence == EVIDENCE_MAX)
		vehicle->evidence[0] = vehicle->evidence[--vehicle->n_evidence];
	vehicle->evidence[vehicle->n_evidence++] =
		(struct dock_evidence){.evidence = {.ride = update->ride, .kind = update->evidence}};
	enqueue(dock, vehicle);
}

static void ack_take(struct dock *dock, struct dock_vehicle *vehicle, const struct upd_ack *ack)
{
	struct event_mark mark = {ack->boot, ack->sequence};

	if (mark_compare(mark, vehicle->acked) > 0)
		vehicle->acked = mark;
	if (mark_compare(mark, vehicle->passed) > 0)
		vehicle->passed = mark;
	vehicle->n_untaken = 0;
	vehicle->want_ack = 1;
	enqueue(dock, vehicle);
}

static uint32_t update_vehicle(const struct update *update)
{
	switch (update->kind) {
	case UPD_PLAN:
		return update->plan.vehicle;
	case UPD_EVIDENCE:
		return update->evidence.vehicle;
	case UPD_APPROVAL:
		return update->approval.vehicle;
	case UPD_ACK:
		return update->ack.vehicle;
	case UPD_ORDER:
		return update->order.vehicle;
	case UPD_RIDER_OUT:
		return update->rider_out.vehicle;
	default:
		return 0;
	}
}

static void update_vehicle_take(struct dock *dock, struct dock_vehicle *vehicle, const struct update *update)
{
	switch (update->kind) {
	case UPD_PLAN:
		vehicle->refusal = 0;
		plan_read(dock, vehicle, update->plan.epoch, update->plan.version);
		break;
	case UPD_EVIDENCE:
		evidence_add(dock, vehicle, &update->evidence);
		break;
	case UPD_APPROVAL:
		vehicle->approval = update->approval.reply;
		vehicle->want_approval = 1;
		vehicle->approval_tries = 0;
		enqueue(dock, vehicle);
		break;
	case UPD_ACK:
		ack_take(dock, vehicle, &update->ack);
		break;
	case UPD_RIDER_OUT:
		rider_out_add(dock, vehicle, update->rider_out.order, update->rider_out.ride, update->rider_out.by);
		break;
	default:
		order_add(dock, vehicle, &update->order.order);
	}
}

void dock_update(struct dock *dock, const struct update *update, int64_t wall_ms)
{
	uint32_t number = update_vehicle(update);
	struct dock_vehicle *vehicle;

	go_on(dock);
	if (wall_ms > dock->wall)
		dock->wall = wall_ms;
	if (update->kind == UPD_ORDER && !number) {
		dock_standstill(dock, 0, &update->order.order);
		return;
	}
	vehicle = number ? vehicle_get(dock, number) : NULL;
	if (vehicle)
		update_vehicle_take(dock, vehicle, update);
}

/* ---- time ---- */
static int silent(const struct dock *dock, const struct dock_vehicle *vehicle)
{
	return dock->wall - vehicle->heard_wall > dock->settings.lost_after_ms;
}

static void tick_link(struct dock *dock, struct dock_vehicle *vehicle, struct command *commands, uint32_t most,
		      uint32_t *n)
{
	struct command *command;

	if ((!vehicle->up_told && !vehicle->session) || !silent(dock, vehicle))
		return;
	command = command_add(commands, most, n, CMD_VEHICLE_LINK, dock->at);
	if (!command)
		return; /* next tick */
	link_told(vehicle, 0, command);
	vehicle->session = 0;
	vehicle->exceptional = 0;
}

static void tick_heartbeat(struct dock *dock, struct dock_vehicle *vehicle)
{
	int64_t every = dock->settings.heartbeat_ms;

	/* only to those we hear: it extends the right to begin pickups (told_valid_ms) */
	if (!vehicle->session || dock->wall - vehicle->heartbeat_wall < every ||
	    dock->wall - vehicle->heard_wall >= 2 * every)
		return;
	vehicle->want_heartbeat = 1;
	enqueue(dock, vehicle);
}

static int resend_due(const struct dock *dock, int64_t sent_wall, uint32_t times)
{
	return dock->wall - sent_wall >= (int64_t)dock->settings.resend_ms * times;
}

static void tick_resend(struct dock *dock, struct dock_vehicle *vehicle)
{
	int again = 0;

	if ((vehicle->plan_state == PLAN_SENT && resend_due(dock, vehicle->plan_wall, 1)) ||
	    (vehicle->plan_state == PLAN_REFUSED && resend_due(dock, vehicle->plan_wall, 5))) {
		vehicle->plan_state = PLAN_UNSENT;
		again = 1;
	}
	for (uint32_t i = 0; i < vehicle->n_orders; i++)
		if (vehicle->orders[i].sent && resend_due(dock, vehicle->orders[i].sent_wall, 1))
			vehicle->orders[i].sent = 0, again = 1;
	for (uint32_t i = 0; i < vehicle->n_evidence; i++)
		if (vehicle->evidence[i].sent && resend_due(dock, vehicle->evidence[i].sent_wall, 1))
			vehicle->evidence[i].sent = 0, again = 1;
	for (uint32_t i = 0; i < vehicle->n_outs; i++)
		if (vehicle->outs[i].sent && resend_due(dock, vehicle->outs[i].sent_wall, 1))
			vehicle->outs[i].sent = 0, again = 1;
	if (vehicle->want_approval && vehicle->approval_tries && resend_due(dock, vehicle->approval_wall, 1))
		again = 1;
	if (again)
		enqueue(dock, vehicle);
}

static void tick_mark(struct dock *dock, struct dock_vehicle *vehicle)
{
	if (vehicle->session && vehicle->has_state && dock->at - vehicle->told_at >= MARK_EVERY_MS)
		vehicle->exceptional = 1;
}

static void states_tell(struct dock *dock, struct dock_vehicle *vehicle, struct cmd_fleet_states *batch)
{
	batch->states[batch->n].vehicle = vehicle->number;
	batch->states[batch->n++].state = vehicle->state;
	vehicle->told = vehicle->state;
	vehicle->told_at = dock->at;
	vehicle->has_told = 1;
	vehicle->exceptional = 0;
}

static void tick_states(struct dock *dock, struct command *commands, uint32_t most, uint32_t *n)
{
	struct command *command = NULL;

	for (uint32_t i = 0; i < dock->n_vehicles; i++) {
		struct dock_vehicle *vehicle = &dock->vehicles[i];
		if (!vehicle->exceptional || !vehicle->session)
			continue;
		if (!command || command->fleet_states.n == COMMAND_STATES_MAX)
			command = command_add(commands, most, n, CMD_FLEET_STATES, dock->at);
		if (!command)
			return; /* next tick */
		states_tell(dock, vehicle, &command->fleet_states);
	}
}

void dock_tick(struct dock *dock, instant_ms at, int64_t wall_ms, struct command *ret_commands, uint32_t most,
	       uint32_t *ret_n)
{
	*ret_n = 0;
	go_on(dock);
	clock_heard(dock, at, wall_ms);
	vehicles_sync(dock);
	for (uint32_t i = 0; i < dock->n_vehicles; i++) {
		struct dock_vehicle *vehicle = &dock->vehicles[i];
		tick_link(dock, vehicle, ret_commands, most, ret_n);
		tick_heartbeat(dock, vehicle);
		tick_resend(dock, vehicle);
		tick_mark(dock, vehicle);
	}
	tick_states(dock, ret_commands, most, ret_n);
}

/* ---- while nothing can be made durable ---- */
void dock_hear(struct dock *dock, uint32_t vehicle_number, instant_ms at, int64_t wall_ms)
{
	struct dock_vehicle *vehicle = vehicle_find(dock, vehicle_number);

	clock_heard(dock, at, wall_ms);
	if (!vehicle || vehicle->denied)
		return;
	vehicle->heard_wall = dock->wall;
	vehicle->heard_at = dock->at;
}

void dock_hold(struct dock *dock, instant_ms at, int64_t wall_ms)
{
	clock_heard(dock, at, wall_ms);
	dock->holding = 1;
	for (uint32_t i = 0; i < dock->n_vehicles; i++) {
		tick_heartbeat(dock, &dock->vehicles[i]);
		tick_resend(dock, &dock->vehicles[i]);
	}
}

/* ---- to the vehicle ---- */
static struct wire_clock dock_clock(const struct dock *dock)
{
	return (struct wire_clock){.service_now = dock->at,
				   .speed_permille = dock->settings.speed_permille,
				   .simulated = dock->settings.simulated};
}

static int say_order(struct dock *dock, struct dock_vehicle *vehicle, int standstill, struct wire_message *message)
{
	for (uint32_t i = 0; i < vehicle->n_orders; i++) {
		struct dock_order *order = &vehicle->orders[i];
		if (order->sent || (order->order.kind == WIRE_STANDSTILL) != standstill)
			continue;
		if (!standstill && i > 0)
			return 0; /* one after the other, so that a resume never overtakes the standstill it ends */
		message->kind = WIRE_KIND_ORDER;
		message->order = order->order;
		order->sent = 1;
		order->sent_wall = dock->wall;
		return 1;
	}
	return 0;
}

static int say_welcome(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	if (!vehicle->want_welcome)
		return 0;
	vehicle->want_welcome = 0;
	message->kind = WIRE_KIND_WELCOME;
	message->welcome.epoch = core_epoch(dock->core);
	message->welcome.clock = dock_clock(dock);
	memcpy(message->welcome.town_hash, core_town(dock->core)->hash, WIRE_HASH_BYTES);
	message->welcome.heartbeat_ms = dock->settings.heartbeat_ms;
	message->welcome.valid_ms = told_valid_ms(dock);
	return 1;
}

static int say_ack(struct dock_vehicle *vehicle, struct wire_message *message)
{
	if (!vehicle->want_ack)
		return 0;
	vehicle->want_ack = 0;
	message->kind = WIRE_KIND_ACK;
	message->ack = (struct wire_ack){.boot = vehicle->acked.boot, .sequence = vehicle->acked.sequence};
	return 1;
}

static int service_order_waits(const struct dock_vehicle *vehicle)
{
	for (uint32_t i = 0; i < vehicle->n_orders; i++)
		if (vehicle->orders[i].order.kind == WIRE_INTO_SERVICE)
			return 1;
	return 0;
}

static int say_plan(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	/* a vehicle out of service would refuse riders: it first hears that it is in service again */
	if (vehicle->plan_state != PLAN_UNSENT || service_order_waits(vehicle))
		return 0;
	message->kind = WIRE_KIND_PLAN;
	message->plan = vehicle->plan;
	message->plan.valid_until =
		vehicle->heard_at +
		service_ms(dock, (int64_t)told_valid_ms(dock) + 2 * (int64_t)dock->settings.heartbeat_ms);
	vehicle->plan_state = PLAN_SENT;
	vehicle->plan_wall = dock->wall;
	return 1;
}

static int say_evidence(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	for (uint32_t i = 0; i < vehicle->n_evidence; i++) {
		struct dock_evidence *evidence = &vehicle->evidence[i];
		if (evidence->sent)
			continue;
		if (!plan_has_pickup(vehicle, evidence->evidence.ride)) {
			*evidence = vehicle->evidence[--vehicle->n_evidence];
			i--;
			continue;
		}
		message->kind = WIRE_KIND_EVIDENCE;
		message->evidence = evidence->evidence;
		evidence->sent = 1;
		evidence->sent_wall = dock->wall;
		return 1;
	}
	return 0;
}

static int say_rider_out(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	for (uint32_t i = 0; i < vehicle->n_outs; i++) {
		struct dock_rider_out *out = &vehicle->outs[i];
		if (out->sent)
			continue;
		message->kind = WIRE_KIND_RIDER_OUT;
		message->rider_out = out->out;
		out->sent = 1;
		out->sent_wall = dock->wall;
		return 1;
	}
	return 0;
}

static int say_approval(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	if (!vehicle->want_approval || (vehicle->approval_tries && !resend_due(dock, vehicle->approval_wall, 1)))
		return 0;
	if (vehicle->approval_tries++ == APPROVAL_TRIES) {
		vehicle->want_approval = 0; /* a reply that changes nothing at the vehicle has no other end */
		return 0;
	}
	vehicle->approval_wall = dock->wall;
	message->kind = WIRE_KIND_APPROVAL_REPLY;
	message->approval_reply = vehicle->approval;
	return 1;
}

static int say_heartbeat(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	if (!vehicle->want_heartbeat)
		return 0;
	vehicle->want_heartbeat = 0;
	vehicle->heartbeat_wall = dock->wall;
	message->kind = WIRE_KIND_HEARTBEAT;
	message->heartbeat.epoch = core_epoch(dock->core);
	message->heartbeat.clock = dock_clock(dock);
	return 1;
}

static int say(struct dock *dock, struct dock_vehicle *vehicle, struct wire_message *message)
{
	if (say_order(dock, vehicle, 1, message))
		return 1; /* a standstill goes to everybody, heard or not */
	if (!vehicle->session)
		return 0;
	if (dock->holding)
		return say_heartbeat(dock, vehicle, message);
	return say_welcome(dock, vehicle, message) || say_ack(vehicle, message) ||
	       say_order(dock, vehicle, 0, message) || say_rider_out(dock, vehicle, message) ||
	       say_plan(dock, vehicle, message) || say_evidence(dock, vehicle, message) ||
	       say_approval(dock, vehicle, message) || say_heartbeat(dock, vehicle, message);
}

int dock_next(struct dock *dock, uint32_t *ret_vehicle, struct wire_message *ret_message)
{
	memset(ret_message, 0, sizeof *ret_message);
	while (dock->queue_n) {
		struct dock_vehicle *vehicle = &dock->vehicles[dock->queue[dock->queue_head]];
		if (say(dock, vehicle, ret_message)) {
			*ret_vehicle = vehicle->number;
			return 1;
		}
		vehicle->queued = 0;
		dock->queue_head = (dock->queue_head + 1) % dock->settings.vehicles_max;
		dock->queue_n--;
	}
	return 0;
}
