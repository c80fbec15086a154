#include "story.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "checker.h"
#include "journal.h"
#include "record.h"
#include "replay.h"
#include "world_inner.h"

#define SLICE_MS 1000
#define RETRY_BOARDING_MS 15000
#define LOG_RECORDS "24" /* of the journal, shown when a story fails; ZUB_STORY_LOG=N for more */

static const char *const grid = "A-----B-----C-----D\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"E-----F-----G-----H\n"
				"|     |     |     |\n"
				"|     |     |     |\n"
				"I-----J-----K-----L\n";

/* ---- failing ---- */

static void print_journal(struct story *story)
{
	uint64_t last = 0, digest;
	uint8_t hash[STORE_HASH_BYTES];
	struct err_detail detail;
	const uint64_t lines = strtoull(getenv("ZUB_STORY_LOG") ? getenv("ZUB_STORY_LOG") : LOG_RECORDS, NULL, 10);
	if (!story->store || store_head(story->store, &last, hash, &digest, &detail))
		return;
	journal_print(story->store, last > lines ? last - lines + 1 : 1, lines, 1, stderr, &detail);
}

void story_fail(struct story *story, const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	print_journal(story);
	int64_t s = (story_now(story) - story->drawn.town.timetable.day_start[0]) / SECOND_MS;
	print_error("%s:%d: day %d %02d:%02d:%02d: %s\n", file, line, (int)(s / 86400), (int)(s / 3600 % 24),
		    (int)(s / 60 % 60), (int)(s % 60), text);
	_fail(file, line);
	abort();
}

/* ---- town and world ---- */

/* A day begins 12 h before its noon, by law of GTFS: 22:00 UTC in summer time, 23:00 in winter. */
static void change_clocks(struct town *town, int change_h)
{
	instant_ms *day_start = (instant_ms *)(uintptr_t)town->timetable.day_start; /* ours: drawn a moment ago */
	for (uint32_t day = 0; day < town->timetable.n_days && change_h; day++)
		day_start[day] += (day > 0) == (change_h > 0) ? HOUR_MS : 0;
}

static void open_town(struct story *story, struct drawn_town *drawn, const char *timetable, uint8_t name)
{
	const struct story_options *options = &story->options;
	const struct drawn_options drawing = {.drawing = grid,
					      .metres_per_char = 50,
					      .stops = options->stops,
					      .timetable = timetable,
					      .profiles = options->profiles,
					      .first_day = options->first_day,
					      .n_days = 16};
	drawn_town_open(drawn, &drawing);
	change_clocks(&drawn->town, options->clock_change_h);
	drawn->town.rules.door_to_door = 1;
	drawn->town.rules.service_from_s = 5 * 3600;
	drawn->town.rules.service_to_s = 25 * 3600;
	memset(drawn->town.hash, name, sizeof drawn->town.hash);
	if (options->no_fallback)
		drawn->town.fallback_phone = drawn->town.fallback_name = 0;
}

static void must(struct story *story, int code, const char *what)
{
	if (code)
		story_fails(story, "%s: %s (%s)", what, err_text(code), story->detail.text);
}

static void open_parts(struct story *story)
{
	struct world *world = story->world;
	must(story, arena_open(&world->arena, route_graph_size(&world->town->road) + 65536), "arena");
	must(story, route_graph_open(&world->graph, &world->town->road, &world->arena), "graph");
	must(story, hash_map_open(&world->rider_of, &world->arena, 1), "map");
	must(story, arena_open(&world->query_arena, route_query_size(world->graph) + 4096), "arena");
	must(story, route_query_open(&world->query, world->graph, &world->query_arena), "query");
	must(story, checker_open(&world->checker, world->town), "checker");
	must(story,
	     day_open(&world->day, world->town, world->demand, STORY_VEHICLES_MAX, world->now, world->now + DAY_MS),
	     "books");
	must(story, store_open(&story->store, story->options.store ? story->options.store : "memory:1", &story->detail),
	     "store");
	world->store = story->store;
	must(story, dispatcher_open(world), "dispatcher");
	world_push(world, world->now, EVENT_DOCK, 0, NULL);
}

void story_open(struct story *story, const struct story_options *options)
{
	static const struct demand nobody = {0};
	memset(story, 0, sizeof *story);
	story->options = *options;
	open_town(story, &story->drawn, options->timetable, 1);
	struct world *world = story->world = calloc(1, sizeof *world);
	assert_non_null(world);
	world_default(&world->options);
	world->options.n_vehicles = 0;
	world->options.check_every = 1;
	world->options.loss_permille = options->loss_permille;
	world->options.repeat_permille = options->repeat_permille;
	world->options.live_speeds = options->live_speeds != 0;
	world->options.latency_ms_max = options->latency_ms_max ? options->latency_ms_max : 200;
	struct core_settings *core = &world->options.core;
	core->vehicles_max = STORY_VEHICLES_MAX;
	core->rides_max = 256;
	core->notices_max = 256;
	core->cases_max = 64;
	core->keys_max = 64;
	core->delays_max = 16;
	core->clean_every_ms = options->clean_every_min * (uint32_t)MINUTE_MS;
	core->clean_ms = options->clean_min * (uint32_t)MINUTE_MS;
	core->clean_early_ms = options->clean_early_min * (uint32_t)MINUTE_MS;
	world->town = &story->drawn.town;
	world->demand = &nobody;
	world->detail = &story->detail;
	world->now = story_time(story, options->begins);
	world->vehicles = calloc(STORY_VEHICLES_MAX + 1, sizeof *world->vehicles);
	world->riders = calloc(1, sizeof *world->riders);
	assert_non_null(world->vehicles);
	open_parts(story);
}

static void check_replay(struct story *story)
{
	static struct replay_report report;
	must(story, replay_run(story->store, &story->drawn.town, 1, &report, &story->detail), "replay");
	if (report.differing || report.digest != report.recorded_digest || report.fault[0])
		story_fails(story, "replay: %d outcomes differ, the first at %d; %s", (int)report.differing,
			    (int)report.first_differing, report.fault);
}

void story_close(struct story *story)
{
	must(story, core_check(story->world->core, &story->detail), "core");
	must(story, checker_end(story->world->checker, 1, &story->detail), "checker");
	if (!story->swapped)
		check_replay(story);
	world_close(story->world);
	store_close(story->store);
	drawn_town_close(&story->drawn);
	if (story->swapped)
		drawn_town_close(&story->next);
}

/* ---- time ---- */

instant_ms story_now(const struct story *story)
{
	return story->world ? story->world->now : 0;
}

instant_ms story_time(const struct story *story, const char *time)
{
	return drawn_instant(&story->drawn, story->day, time);
}

static int submit(struct story *story, struct command *command)
{
	int code = dispatcher_submit(story->world, command);
	if (story->world->code)
		story_fails(story, "%s", story->detail.text);
	return code;
}

static void board_those_at_doors(struct story *story)
{
	for (uint32_t i = 0; i < story->n_riders && story->world->core; i++) {
		struct story_rider *rider = &story->riders[i];
		const struct core_ride *ride = rider->at_stop ? core_ride(story->world->core, rider->ride) : NULL;
		if (!ride || ride->state != RIDE_AT_STOP || vehicle_with(story->world, rider->ride) ||
		    story->world->now < rider->tried_at + RETRY_BOARDING_MS)
			continue;
		struct command board = {.kind = CMD_BOARD_EVIDENCE};
		board.board_evidence = (struct cmd_board_evidence){rider->ride, WIRE_EVIDENCE_APP, ride->boarding_code};
		rider->tried_at = story->world->now;
		submit(story, &board);
	}
}

static void run_until(struct story *story, instant_ms until)
{
	struct world *world = story->world;
	while (world->now < until) {
		instant_ms next = world->now + SLICE_MS < until ? world->now + SLICE_MS : until;
		if (world_until(world, next))
			story_fails(story, "%s", story->detail.text);
		board_those_at_doors(story);
	}
}

void at(struct story *story, const char *time)
{
	instant_ms until = story_time(story, time);
	if (until < story->world->now)
		story_fails(story, "the story has gone on beyond %s", time);
	run_until(story, until);
}

void after_s(struct story *story, int64_t seconds)
{
	run_until(story, story->world->now + seconds * SECOND_MS);
}

/* ---- fleet and its people ---- */

static uint32_t walk_arc(const struct town *town, uint32_t from, uint32_t to)
{
	for (uint32_t a = 0; a < town->walk.n_arcs; a++)
		if (town->walk.tail[a] == from && town->walk.head[a] == to)
			return a;
	return NONE;
}

static struct place place_at(const struct drawn_town *drawn, const char *name)
{
	const struct town *town = &drawn->town;
	struct place place = {.stop = NONE};
	uint32_t walk = walk_arc(town, drawn_node(drawn, name[0]), drawn_node(drawn, name[1]));
	place.road.arc = drawn_arc(drawn, name[0], name[1]);
	place.road.offset_mm = town->road.dist_mm[place.road.arc] / 2;
	place.point = network_spot_point(&town->road, place.road);
	place.walk = (struct spot){walk, town->walk.dist_mm[walk] / 2};
	return place;
}

/* What a new town file does to a place: the same streets carry the same names. */
static struct place place_again(void *self, struct geo_point point)
{
	const struct drawn_town *drawn = self;
	const struct town *town = &drawn->town;
	struct place best = {.point = point, .road = {NONE, 0}, .walk = {NONE, 0}, .stop = NONE};
	uint64_t best_mm = UINT64_MAX;
	for (uint32_t a = 0; a < town->road.n_arcs; a++)
		for (uint32_t mm = 0; mm <= town->road.dist_mm[a]; mm += 5000) {
			struct spot spot = {a, mm};
			uint64_t away = geo_rough_mm(network_spot_point(&town->road, spot), point);
			if (away < best_mm) {
				best_mm = away;
				best.road = spot;
			}
		}
	uint32_t walk = walk_arc(town, town->road.tail[best.road.arc], town->road.head[best.road.arc]);
	best.walk = (struct spot){walk, best.road.offset_mm};
	return best;
}

static void enrol(struct story *story, uint32_t number, const struct place *depot,
		  const struct shuttle_options *options)
{
	struct command enrol = {.kind = CMD_VEHICLE_ENROL}, release = {.kind = CMD_VEHICLE_RELEASE};
	struct cmd_vehicle_enrol *vehicle = &enrol.vehicle_enrol;
	vehicle->vehicle = release.vehicle_release.vehicle = number;
	snprintf(vehicle->name, sizeof vehicle->name, "Shuttle %u", number);
	memcpy(vehicle->spaces, story->world->options.spaces, sizeof vehicle->spaces);
	vehicle->step_free = vehicle->simulated = 1;
	vehicle->depot = *depot;
	vehicle->shift_from = options->shift_to ? story->world->now : 0;
	vehicle->shift_to = options->shift_to ? story_time(story, options->shift_to) : 0;
	release.vehicle_release.until = story->world->now + 10 * DAY_MS;
	strcpy(release.vehicle_release.by, "Anna");
	must(story, submit(story, &enrol), "enrolment");
	must(story, submit(story, &release), "release");
}

uint32_t shuttle(struct story *story, const char *place, const struct shuttle_options *options)
{
	struct world *world = story->world;
	const struct shuttle_options usual = {0};
	const struct place depot = place_at(&story->drawn, place);
	uint32_t index = world->options.n_vehicles++;
	options = options ? options : &usual;
	world->options.spaces[0] = options->seats ? options->seats : 6;
	world->options.spaces[1] = !options->no_bay;
	world->options.spaces[2] = 2;
	must(story, vehicle_open(world, index, 0, &depot), "vehicle");
	enrol(story, index + 1, &depot, options);
	vehicle_start_agent(world, index);
	after_s(story, 2);
	return index + 1;
}

void signs_on(struct story *story, const char *who, uint32_t vehicles)
{
	struct command command = {.kind = CMD_SIGN_ON, .duty = {.vehicles_max = vehicles}};
	snprintf(command.duty.who, CORE_WHO_MAX, "%s", who);
	must(story, submit(story, &command), "sign-on");
}

static int duty(struct story *story, uint16_t kind, const char *who, const char *other)
{
	struct command command = {.kind = kind};
	snprintf(command.duty.who, CORE_WHO_MAX, "%s", who);
	snprintf(command.duty.to, CORE_WHO_MAX, "%s", other ? other : "");
	return submit(story, &command);
}

int signs_off(struct story *story, const char *who, const char *to)
{
	return duty(story, CMD_SIGN_OFF, who, to);
}

int accepts_handover(struct story *story, const char *who, const char *from)
{
	return duty(story, CMD_HANDOVER_ACCEPT, who, from);
}

int sets_shift(struct story *story, const char *who, uint32_t vehicle, const char *from, const char *to)
{
	struct command command = {.kind = CMD_VEHICLE_SHIFT};
	command.vehicle_shift.vehicle = vehicle;
	command.vehicle_shift.from = from ? story_time(story, from) : 0;
	command.vehicle_shift.to = to ? story_time(story, to) : 0;
	snprintf(command.vehicle_shift.by, sizeof command.vehicle_shift.by, "%s", who);
	snprintf(command.vehicle_shift.reason, sizeof command.vehicle_shift.reason, "plan of the day");
	return submit(story, &command);
}

int orders(struct story *story, const char *who, uint32_t vehicle, enum wire_order_kind order)
{
	struct command command = {.kind = CMD_VEHICLE_ORDER,
				  .vehicle_order = {.vehicle = vehicle, .kind = (uint8_t)order}};
	command.vehicle_order.order = ++story->n_orders;
	snprintf(command.vehicle_order.by, CORE_WHO_MAX, "%s", who);
	snprintf(command.vehicle_order.reason, CORE_REASON_MAX, "the story wants it");
	return submit(story, &command);
}

int closes_street(struct story *story, uint64_t number, const char *street, uint32_t slow_permille, const char *until)
{
	struct command command = {.kind = CMD_CLOSURE, .closure = {.closure = number, .slow_permille = slow_permille}};
	const char back[3] = {street[1], street[0], 0};
	command.closure.arcs[command.closure.n++] = place_at(&story->drawn, street).road.arc;
	command.closure.arcs[command.closure.n++] = place_at(&story->drawn, back).road.arc;
	command.closure.until = until ? story_time(story, until) : 0;
	snprintf(command.closure.by, CORE_WHO_MAX, "Anna");
	snprintf(command.closure.reason, CORE_REASON_MAX, "a crane stands there");
	return submit(story, &command);
}

void jams_street(struct story *story, const char *street, uint32_t times_permille)
{
	struct world *world = story->world;
	struct world_jam *jam = &world->options.jams[0];
	*jam = (struct world_jam){world->now, times_permille > 1000 ? INT64_MAX : 0, {0, 0}, 1000, times_permille};
	jam->middle = network_spot_point(&story->drawn.town.road, place_at(&story->drawn, street).road);
	world->options.n_jams = 1;
	jams_change(world);
}

int opens_street(struct story *story, uint64_t number)
{
	struct command command = {.kind = CMD_CLOSURE, .closure = {.closure = number, .lifted = 1}};
	return submit(story, &command);
}

int weather(struct story *story, const char *condition, int on)
{
	struct command command = {.kind = CMD_CONDITION, .condition = {.on = (uint8_t)on}};
	snprintf(command.condition.name, sizeof command.condition.name, "%s", condition);
	snprintf(command.condition.by, CORE_WHO_MAX, "Anna");
	snprintf(command.condition.reason, CORE_REASON_MAX, "a look out of the window");
	return submit(story, &command);
}

int answers_approval(struct story *story, const char *who, uint32_t vehicle, int granted)
{
	struct command command = {.kind = CMD_APPROVAL, .approval = {.vehicle = vehicle, .granted = (uint8_t)granted}};
	command.approval.request = story->world->vehicles[vehicle - 1].approval;
	snprintf(command.approval.by, CORE_WHO_MAX, "%s", who);
	return submit(story, &command);
}

static int on_case(struct story *story, uint16_t kind, const char *who, uint64_t ride, enum case_outcome outcome)
{
	struct command command = {.kind = kind, .case_ = {.ride = ride, .outcome = (uint8_t)outcome}};
	snprintf(command.case_.who, CORE_WHO_MAX, "%s", who);
	return submit(story, &command);
}

int owns_case(struct story *story, const char *who, uint64_t ride)
{
	return on_case(story, CMD_CASE_OWN, who, ride, CASE_OPEN);
}

int closes_case(struct story *story, const char *who, uint64_t ride, enum case_outcome outcome)
{
	if (outcome != CASE_HOME_BY_SHUTTLE)
		vehicle_take_out(story->world, ride);
	return on_case(story, CMD_CASE_CLOSE, who, ride, outcome);
}

int closes_case_unseen(struct story *story, const char *who, uint64_t ride, enum case_outcome outcome)
{
	return on_case(story, CMD_CASE_CLOSE, who, ride, outcome);
}

/* ---- what befalls it ---- */

static void befall(struct story *story, uint32_t vehicle, enum body_fault fault)
{
	body_inject(story->world->vehicles[vehicle - 1].body, fault, "so the story goes", story->world->now);
	vehicle_wake(story->world, vehicle - 1, NULL);
}

void breaks_down(struct story *story, uint32_t vehicle)
{
	befall(story, vehicle, BODY_FAULT_DEAD);
}

void minimal_risk_stop(struct story *story, uint32_t vehicle)
{
	befall(story, vehicle, BODY_FAULT_MRC);
}

void loses_link(struct story *story, uint32_t vehicle)
{
	story->world->vehicles[vehicle - 1].link_down++;
}

void regains_link(struct story *story, uint32_t vehicle)
{
	story->world->vehicles[vehicle - 1].link_down--;
}

void presses(struct story *story, uint32_t vehicle, enum wire_event_kind button)
{
	agent_button(story->world->vehicles[vehicle - 1].agent, (uint8_t)button);
	vehicle_wake(story->world, vehicle - 1, NULL);
}

void agent_restarts(struct story *story, uint32_t vehicle)
{
	struct sim_vehicle *killed = &story->world->vehicles[vehicle - 1];
	killed->death = DIES_AFTER;
	killed->down_ms = WORLD_RESTART_MS;
	vehicle_wake(story->world, vehicle - 1, NULL);
}

void dispatcher_restarts(struct story *story)
{
	dispatcher_die(story->world);
	after_s(story, 2 * WORLD_RESTART_MS / SECOND_MS);
}

static struct trip_key trip_key(struct story *story, const char *trip, uint32_t stop_sequence)
{
	const struct town *town = story->world->town;
	struct trip_key key;
	for (uint32_t event = 0; event < town->timetable.n_stop_times; event++)
		if (!timetable_key(town, event, story->day, &key) && !strcmp(key.trip_id, trip) &&
		    key.stop_sequence == stop_sequence)
			return key;
	story_fails(story, "the timetable has no trip %s", trip);
}

void train(struct story *story, const char *trip, uint32_t stop_sequence, int32_t late_s, int cancelled)
{
	struct command command = {.kind = CMD_TRIP_DELAY};
	command.trip_delay =
		(struct cmd_trip_delay){trip_key(story, trip, stop_sequence), late_s, late_s, (uint8_t)cancelled};
	must(story, submit(story, &command), "delay");
}

void new_timetable(struct story *story, const char *timetable)
{
	struct world *world = story->world;
	struct command command = {.kind = CMD_TOWN_SWAP};
	open_town(story, &story->next, timetable, 2);
	story->swapped = 1;
	memcpy(command.town_swap.town_hash, story->next.town.hash, TOWN_HASH_BYTES);
	must(story, core_set_town(world->core, &story->next.town, place_again, &story->next), "the new town");
	must(story, submit(story, &command), "town swap");
	world->town = &story->next.town;
	for (uint32_t i = 0; i < world->options.n_vehicles; i++)
		agent_restarts(story, i + 1);
}

static void files(struct story *story, const char *from, const char *to, const char *then)
{
	char line[512];
	snprintf(line, sizeof line, "mkdir -p %s && rm -f %s/journal* && cp %s/journal* %s/ %s", to, to, from, to,
		 then);
	if (system(line))
		story_fails(story, "files: %s", line);
}

static void folder_of(const struct story *story, char folder[256])
{
	snprintf(folder, 256, "%s", story->options.store);
	*strrchr(folder, '/') = 0;
}

void journal_copied(struct story *story, const char *folder)
{
	char from[256];
	folder_of(story, from);
	files(story, from, folder, "");
}

struct past {
	struct story *story;
	struct command command;
	struct updates updates;
};

static int watch_again(void *self, const struct store_record *record)
{
	struct past *past = self;
	if (record->type == RECORD_COMMAND)
		return record_read_command(record->body, record->n, &past->command, &past->story->detail);
	if (record->type != RECORD_OUTCOME)
		return ERR_OK;
	int code = record_read_updates(record->body, record->n, past->updates.items, past->updates.most,
				       &past->updates.n, &past->story->detail);
	if (!code)
		checker_step(past->story->world->checker, &past->command, past->updates.items, past->updates.n);
	return code;
}

/* The checker, too, knows only what stands in the journal. */
static void checker_forgets(struct story *story, uint32_t updates_max)
{
	struct past past = {.story = story, .updates = {.most = updates_max}};
	checker_close(story->world->checker);
	must(story, checker_open(&story->world->checker, story->world->town), "checker");
	past.updates.items = calloc(updates_max, sizeof *past.updates.items);
	assert_non_null(past.updates.items);
	must(story, store_read(story->store, 1, watch_again, &past, &story->detail), "the restored journal");
	checker_restored(story->world->checker);
	free(past.updates.items);
}

void journal_put_back(struct story *story, const char *folder)
{
	const uint32_t updates_max = core_updates_max(story->world->core);
	struct world *world = story->world;
	char to[256];
	folder_of(story, to);
	dispatcher_close(world);
	store_close(story->store);
	files(story, folder, to, "");
	must(story, store_open(&story->store, story->options.store, &story->detail), "store");
	world->store = story->store;
	world->digest = 0; /* it is another past */
	checker_forgets(story, updates_max);
	must(story, dispatcher_open(world), "dispatcher");
}

/* ---- riders ---- */

uint64_t rider_wishes(struct story *story, const struct wish *wish)
{
	struct command command = {.kind = CMD_REQUEST};
	struct cmd_request *request = &command.request;
	const struct drawn_town *drawn = story->swapped ? &story->next : &story->drawn;
	assert_true(story->n_riders < STORY_RIDERS_MAX);
	uint64_t ride = story->n_riders + 1;
	story->riders[story->n_riders++] = (struct story_rider){.ride = ride};
	request->ride = ride;
	request->client = 1000 + ride;
	request->from = place_at(drawn, wish->from);
	request->to = place_at(drawn, wish->to);
	request->time_kind = wish->leave_at ? TIME_LEAVE_AT : wish->arrive_by ? TIME_ARRIVE_BY : TIME_NOW;
	if (request->time_kind != TIME_NOW)
		request->time = story_time(story, wish->leave_at ? wish->leave_at : wish->arrive_by);
	const uint8_t counts[] = {wish->persons ? wish->persons : !wish->wheelchair && !wish->walker,
				  wish->companion,
				  wish->wheelchair,
				  wish->walker,
				  wish->pram,
				  wish->dog};
	memcpy(request->need_count, counts, sizeof counts);
	request->walk_max_mm = wish->walk_max_mm;
	const char *trip = wish->from_trip ? wish->from_trip : wish->to_trip;
	request->tie_kind = wish->from_trip ? TIE_FROM_TRIP : wish->to_trip ? TIE_TO_TRIP : TIE_NONE;
	if (trip)
		request->tie = trip_key(story, trip, wish->stop_sequence);
	(void)submit(story, &command);
	uint32_t n;
	const struct update *updates = journal_updates(story->world->journal, &n);
	story->would_work_at = updates[n - 1].result.would_work_at;
	return ride;
}

uint64_t rider_asks(struct story *story, const char *from, const char *to)
{
	return rider_wishes(story, &(struct wish){.from = from, .to = to});
}

int rider_accepts(struct story *story, uint64_t ride)
{
	struct command command = {.kind = CMD_ACCEPT,
				  .accept = {.ride = ride, .boarding_code = (uint16_t)(1000 + ride)}};
	return submit(story, &command);
}

uint64_t rider_books_wish(struct story *story, const struct wish *wish)
{
	uint64_t ride = rider_wishes(story, wish);
	expect_state(story, ride, RIDE_OFFERED);
	must(story, rider_accepts(story, ride), "acceptance");
	return ride;
}

uint64_t rider_books(struct story *story, const char *from, const char *to)
{
	return rider_books_wish(story, &(struct wish){.from = from, .to = to});
}

void rider_goes_to_stop(struct story *story, uint64_t ride)
{
	story->riders[ride - 1].at_stop = 1;
	board_those_at_doors(story);
}

int rider_is_coming(struct story *story, uint64_t ride)
{
	struct command command = {.kind = CMD_COMING, .ride = {.ride = ride}};
	return submit(story, &command);
}

int rider_undone(struct story *story, const char *who, uint64_t ride)
{
	struct command command = {.kind = CMD_NO_SHOW_UNDO, .ride = {.ride = ride}};
	snprintf(command.ride.who, CORE_WHO_MAX, "%s", who);
	return submit(story, &command);
}

/* ---- what must be ---- */

const struct core_ride *ride_of(struct story *story, uint64_t ride)
{
	const struct core_ride *found = core_ride(story->world->core, ride);
	if (!found)
		story_fails(story, "nobody knows ride %d", (int)ride);
	return found;
}

const struct core *story_core(const struct story *story)
{
	return story->world->core;
}

const struct core_vehicle *shuttle_of(struct story *story, uint32_t vehicle)
{
	return core_vehicle(story->world->core, vehicle);
}

void story_expect_state(struct story *story, uint64_t ride, uint8_t state, const char *file, int line)
{
	const struct core_ride *found = core_ride(story->world->core, ride);
	if (!found || found->state != state)
		story_fail(story, file, line, "ride %d is %s%s%s, not %s", (int)ride,
			   found ? core_ride_state_name(found->state) : "unknown", found && found->refusal ? ": " : "",
			   found && found->refusal ? core_refusal_name(found->refusal) : "",
			   core_ride_state_name(state));
}

void story_expect_refused(struct story *story, uint64_t ride, uint8_t refusal, const char *file, int line)
{
	story_expect_state(story, ride, RIDE_REFUSED, file, line);
	if (ride_of(story, ride)->refusal != refusal)
		story_fail(story, file, line, "ride %d is refused: %s, not %s", (int)ride,
			   core_refusal_name(ride_of(story, ride)->refusal), core_refusal_name(refusal));
}

void story_until_state(struct story *story, uint64_t ride, uint8_t state, const char *time, const char *file, int line)
{
	instant_ms until = story_time(story, time);
	const struct core_ride *found = core_ride(story->world->core, ride);
	while (story->world->now < until && (!found || found->state != state)) {
		after_s(story, 1);
		found = core_ride(story->world->core, ride);
	}
	story_expect_state(story, ride, state, file, line);
}

instant_ms told_at(struct story *story, uint64_t ride, uint8_t kind)
{
	instant_ms newest = INSTANT_NONE;
	for (uint32_t i = 0; i < core_n_notices(story->world->core); i++) {
		const struct core_notice *notice = core_notice_at(story->world->core, i);
		if (notice->ride == ride && notice->kind == kind &&
		    (newest == INSTANT_NONE || notice->made_at > newest))
			newest = notice->made_at;
	}
	return newest;
}

void story_expect_notice(struct story *story, uint64_t ride, uint8_t kind, const char *file, int line)
{
	if (told_at(story, ride, kind) == INSTANT_NONE)
		story_fail(story, file, line, "ride %d was never told: %s", (int)ride, core_notice_name(kind));
}

void story_expect_no_notice(struct story *story, uint64_t ride, uint8_t kind, const char *file, int line)
{
	if (told_at(story, ride, kind) != INSTANT_NONE)
		story_fail(story, file, line, "ride %d was told: %s", (int)ride, core_notice_name(kind));
}

static const struct core_case *case_of(struct story *story, uint64_t ride, uint32_t vehicle, uint8_t kind)
{
	for (uint32_t i = 0; i < core_n_cases(story->world->core); i++) {
		const struct core_case *item = core_case_at(story->world->core, i);
		if (item->kind == kind && item->ride == ride && (ride || item->vehicle == vehicle) &&
		    item->outcome == CASE_OPEN && item->closed_at == INSTANT_NONE)
			return item;
	}
	return NULL;
}

const struct core_case *story_expect_case(struct story *story, uint64_t ride, uint32_t vehicle, uint8_t kind,
					  const char *file, int line)
{
	const struct core_case *found = case_of(story, ride, vehicle, kind);
	if (!found)
		story_fail(story, file, line, "no case %s about ride %d, vehicle %u", core_case_name(kind), (int)ride,
			   vehicle);
	return found;
}

void story_expect_no_case(struct story *story, uint64_t ride, uint32_t vehicle, uint8_t kind, const char *file,
			  int line)
{
	if (case_of(story, ride, vehicle, kind))
		story_fail(story, file, line, "there is a case %s about ride %d, vehicle %u", core_case_name(kind),
			   (int)ride, vehicle);
}

void story_expect_code(struct story *story, int code, int wanted, const char *file, int line)
{
	if (code != wanted)
		story_fail(story, file, line, "answered \"%s\", not \"%s\"", err_text(code), err_text(wanted));
}

int has_aboard(struct story *story, uint32_t vehicle, uint64_t ride)
{
	struct agent_view view;
	agent_view(story->world->vehicles[vehicle - 1].agent, &view);
	for (uint32_t i = 0; i < view.n_aboard; i++)
		if (view.aboard[i] == ride)
			return 1;
	return 0;
}

uint8_t mode_of(struct story *story, uint32_t vehicle)
{
	struct agent_view view;
	agent_view(story->world->vehicles[vehicle - 1].agent, &view);
	return view.mode;
}

void story_figures(const struct story *story, struct checker_figures *ret_figures)
{
	checker_figures(story->world->checker, ret_figures);
}

uint64_t story_driven_mm(struct story *story, uint32_t vehicle)
{
	return shuttle_of(story, vehicle)->empty_mm + shuttle_of(story, vehicle)->loaded_mm;
}

int64_t story_plan_valid_ms(const struct story *story)
{
	return story->world->options.core.plan_valid_ms;
}

uint32_t rider_rides(struct story *story, const char *from, const char *to)
{
	uint64_t ride = rider_books(story, from, to);
	uint32_t direct_ms = ride_of(story, ride)->offers[0].direct_ms;
	rider_goes_to_stop(story, ride);
	while (ride_of(story, ride)->state < RIDE_DONE)
		after_s(story, 10);
	expect_state(story, ride, RIDE_DONE);
	expect(story, ride_of(story, ride)->cause == CAUSE_NONE);
	expect(story, ride_of(story, ride)->alighted_at <= ride_of(story, ride)->latest_arrival);
	instant_ms driven = ride_of(story, ride)->alighted_at - ride_of(story, ride)->boarded_at;
	expect(story, driven >= (instant_ms)direct_ms);
	return direct_ms;
}
