// link: zub_store zub_drawn_town zub_crash_vfs PkgConfig::libsodium -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc
/* A real core on a journal: recovery gives the same state, a power cut loses no answered commit, a record that ends the
 * process twice is held, verify tells replayed, chain only and broken apart. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "crash_vfs.h"
#include "drawn_town.h"
#include "journal.h"
#include "journal_state.h"
#include "rng.h"

static uint64_t n_allocations, fail_allocation;
static int counting;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static int allocation_fails(void)
{
	return counting && ++n_allocations == fail_allocation;
}
void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *memory, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(memory, size);
}

static uint64_t seed;
static char folder[64];
static int n_stores;
static struct drawn_town drawn;

static const struct drawn_options town_options = {
	.drawing = "A---B---C---D\n"
		   "|   |   |   |\n"
		   "E---F---G---H\n"
		   "|   |   |   |\n"
		   "I---J---K---L\n",
	.metres_per_char = 80,
	.stops = "AB CD EF GH IJ KL BF CG",
};

/* ---- a core of its own ---- */

struct world {
	struct arena arena;
	struct core *core;
	struct store *store;
	struct journal *journal;
	uint32_t epoch;
	instant_ms at;
	uint64_t next_ride;
};

static struct core_settings settings_of_test(void)
{
	struct core_settings settings;
	core_settings_default(&settings);
	settings.vehicles_max = 6;
	settings.rides_max = 64;
	settings.plan_tasks_max = WIRE_TASKS_MAX;
	settings.notices_max = settings.cases_max = settings.keys_max = 128;
	settings.delays_max = 16;
	settings.closed_keep_ms = 120000;
	return settings;
}

static void core_new(struct world *world)
{
	struct core_settings settings = settings_of_test();
	assert_int_equal(arena_open(&world->arena, core_size(&settings, &drawn.town)), ERR_OK);
	assert_int_equal(core_open(&world->core, &settings, &drawn.town, &world->arena), ERR_OK);
}

static void new_url(char *url, size_t size, int crash)
{
	snprintf(url, size, "sqlite:%s/%d.journal%s", folder, ++n_stores, crash ? "?vfs=crash" : "");
}

/* Opens store, core and journal; does not recover. */
static int world_open(struct world *world, const char *url)
{
	struct err_detail detail = {""};
	memset(world, 0, sizeof *world);
	int code = store_open(&world->store, url, &detail);
	if (code)
		return code;
	core_new(world);
	if ((code = journal_open(&world->journal, world->store, world->core, 1, &detail)))
		fail_msg("%s", detail.text);
	world->at = DRAWN_DAY_START + 8 * HOUR_MS;
	world->next_ride = 1000;
	return code;
}

static void world_close(struct world *world)
{
	journal_close(world->journal);
	store_close(world->store);
	if (world->arena.base)
		arena_close(&world->arena);
}

static int step(struct world *world, const struct command *command)
{
	uint32_t first, n;
	return journal_step(world->journal, command, &first, &n);
}

static int start(struct world *world)
{
	struct err_detail detail = {""};
	int code = store_take_epoch(world->store, 1, &world->epoch, &detail);
	if (code)
		return code;
	struct command command = {.kind = CMD_START, .at = world->at};
	command.start.area = 1;
	command.start.epoch = world->epoch;
	command.start.engine_version = CORE_ENGINE_VERSION;
	command.start.settings = settings_of_test();
	memcpy(command.start.town_hash, drawn.town.hash, TOWN_HASH_BYTES);
	return step(world, &command);
}

static void recover(struct world *world)
{
	struct err_detail detail = {""};
	uint64_t sequence = 0, head, digest;
	uint8_t hash[STORE_HASH_BYTES];
	if (journal_recover(world->journal, &sequence, &detail))
		fail_msg("recover: %s", detail.text);
	assert_int_equal(store_head(world->store, &head, hash, &digest, NULL), ERR_OK);
	assert_int_equal(sequence, head);
	if (head) {
		assert_int_equal(core_digest(world->core), digest);
		world->at = core_now(world->core);
	}
	if (core_check(world->core, &detail))
		fail_msg("check: %s", detail.text);
}

/* ---- random commands: what makes sense and what does not ---- */

static struct place place_at(uint32_t stop_index)
{
	struct place place = {0};
	uint32_t stop = stop_index % drawn.town.n_stops;
	place.road = drawn.town.stop_spot[stop];
	place.walk = drawn.town.stop_walk[stop];
	place.point = drawn.town.stop_point[stop];
	place.stop = stop;
	return place;
}

static void make_fleet(struct world *world)
{
	for (uint32_t v = 1; v <= 3; v++) {
		struct command enrol = {.kind = CMD_VEHICLE_ENROL, .at = world->at},
			       release = {.kind = CMD_VEHICLE_RELEASE, .at = world->at};
		enrol.vehicle_enrol = (struct cmd_vehicle_enrol){.vehicle = v,
								 .name = "Shuttle",
								 .spaces = {6, 1, 4},
								 .step_free = 1,
								 .simulated = 1,
								 .depot = place_at(v)};
		release.vehicle_release = (struct cmd_vehicle_release){
			.vehicle = v, .until = world->at + DAY_MS, .by = "Ada", .approval = "test"};
		assert_int_equal(step(world, &enrol), ERR_OK);
		assert_int_equal(step(world, &release), ERR_OK);
	}
	struct command duty = {
		.kind = CMD_SIGN_ON, .at = world->at, .duty = {.who = "Ada", .vehicles_max = 6, .simulated = 1}};
	assert_int_equal(step(world, &duty), ERR_OK);
	for (uint32_t v = 1; v <= 3; v++) {
		struct command link = {.kind = CMD_VEHICLE_LINK, .at = world->at, .vehicle_link = {v, 1, world->at}};
		struct command hello = {.kind = CMD_VEHICLE_HELLO,
					.at = world->at,
					.vehicle_hello = {.vehicle = v, .hello = {.boot = 1, .simulated = 1}}};
		memcpy(hello.vehicle_hello.hello.town_hash, drawn.town.hash, TOWN_HASH_BYTES);
		strcpy(hello.vehicle_hello.hello.class_name, "shuttle");
		assert_int_equal(step(world, &link), ERR_OK);
		assert_int_equal(step(world, &hello), ERR_OK);
	}
}

static void random_request(struct world *world, struct rng *rng, struct command *command)
{
	command->kind = CMD_REQUEST;
	command->request = (struct cmd_request){.ride = ++world->next_ride,
						.client = rng_chance(rng, 300) ? rng_below(rng, 4) : 0,
						.from = place_at(rng_below(rng, 8)),
						.to = place_at(rng_below(rng, 8)),
						.walk_max_mm = 500000};
	command->request.need_count[0] = 1;
	command->request.need_count[2] = (uint8_t)rng_chance(rng, 200);
	if (rng_chance(rng, 300)) {
		command->request.time_kind = TIME_LEAVE_AT;
		command->request.time = world->at + rng_between(rng, 0, HOUR_MS);
	}
	if (rng_chance(rng, 300))
		command->key = (struct command_key){1, 1 + rng_below(rng, 20)};
}

static uint64_t some_ride(const struct world *world, struct rng *rng)
{
	uint32_t n = core_n_rides(world->core);
	return n ? core_ride_at(world->core, rng_below(rng, n))->ride : 17;
}

static uint64_t offered_ride(const struct world *world, struct rng *rng)
{
	for (uint32_t i = 0; i < core_n_rides(world->core); i++)
		if (core_ride_at(world->core, i)->state == RIDE_OFFERED)
			return core_ride_at(world->core, i)->ride;
	return some_ride(world, rng);
}

static void random_event(struct world *world, struct rng *rng, struct command *command)
{
	uint32_t number = 1 + rng_below(rng, 3), n;
	const struct core_vehicle *vehicle = core_vehicle(world->core, number);
	const struct core_task *plan = vehicle ? core_plan(world->core, number, &n) : NULL;
	struct wire_event event = {.boot = 1,
				   .sequence = vehicle ? vehicle->sequence + 1 : 1,
				   .at = world->at,
				   .kind = (uint8_t)(1 + rng_below(rng, 4)),
				   .battery_permille = 800,
				   .place = {.arc = NONE}};
	if (plan && n) {
		event.ride = plan[0].ride;
		event.task_kind = plan[0].kind;
		event.place = (struct wire_place){plan[0].place.point.lat_e7, plan[0].place.point.lon_e7,
						  plan[0].place.road.arc, plan[0].place.road.offset_mm, 0};
		event.kind =
			plan[0].state ? (plan[0].kind == WIRE_PICKUP ? WIRE_BOARDED : WIRE_ALIGHTED) : WIRE_ARRIVED;
		event.evidence = WIRE_EVIDENCE_BUTTON;
	}
	command->kind = CMD_VEHICLE_EVENT;
	command->vehicle_event = (struct cmd_vehicle_event){number, event};
}

static void random_command(struct world *world, struct rng *rng, struct command *command)
{
	*command = (struct command){.kind = CMD_TICK};
	world->at += rng_between(rng, 0, 20000);
	command->at = world->at;
	uint32_t what = rng_below(rng, 100);
	if (what < 30) {
		random_request(world, rng, command);
	} else if (what < 50) {
		command->kind = CMD_ACCEPT;
		command->accept = (struct cmd_accept){offered_ride(world, rng), (uint8_t)rng_below(rng, 2),
						      (uint16_t)rng_below(rng, 10000)};
	} else if (what < 55) {
		command->kind = CMD_CANCEL;
		command->cancel = (struct cmd_cancel){some_ride(world, rng), CANCEL_RIDER, "changed my mind"};
	} else if (what < 80) {
		random_event(world, rng, command);
	} else if (what < 85) {
		command->kind = CMD_VEHICLE_LINK;
		command->vehicle_link =
			(struct cmd_vehicle_link){1 + rng_below(rng, 3), (uint8_t)rng_chance(rng, 800), world->at};
	}
}

/* n random commands in batches; digests[sequence] of each commit. Stops at an error. */
static int live(struct world *world, struct rng *rng, uint32_t n, uint64_t *ret_digest)
{
	struct command command;
	struct err_detail detail = {""};
	for (uint32_t i = 0; i < n;) {
		uint32_t batch = 1 + rng_below(rng, 5);
		for (uint32_t k = 0; k < batch; k++, i++) {
			random_command(world, rng, &command);
			if (command.kind == CMD_REQUEST && rng_chance(rng, 300))
				assert_int_equal(journal_identity(world->journal, command.request.ride,
								  "{\"name\":\"Nobody\"}", NULL),
						 ERR_OK);
			int code = step(world, &command);
			if (code)
				return code;
		}
		int code = journal_commit(world->journal, &detail);
		if (code)
			return code;
		*ret_digest = core_digest(world->core);
		journal_tend(world->journal, NULL);
	}
	return ERR_OK;
}

static void begin_day(struct world *world)
{
	assert_int_equal(start(world), ERR_OK);
	make_fleet(world);
	assert_int_equal(journal_commit(world->journal, NULL), ERR_OK);
}

/* ---- tests ---- */

static void test_recovery_gives_the_same_state(void **state)
{
	(void)state;
	struct rng rng;
	rng_seed(&rng, seed);
	for (int round = 0; round < 6; round++) {
		char url[160];
		struct world world;
		uint64_t digest = 0, promised, snapshots = (uint64_t[]){0, 7, 50}[round % 3];
		new_url(url, sizeof url, 0);
		assert_int_equal(world_open(&world, url), ERR_OK);
		journal_snapshots(world.journal, (uint32_t)snapshots, 2);
		recover(&world);
		begin_day(&world);
		for (int life = 0; life < 4; life++) {
			assert_int_equal(live(&world, &rng, 120, &digest), ERR_OK);
			promised = core_figures(world.core)->promised;
			uint64_t next_ride = world.next_ride;
			world_close(&world);
			assert_int_equal(world_open(&world, url), ERR_OK);
			world.next_ride = next_ride;
			journal_snapshots(world.journal, (uint32_t)snapshots, 2);
			recover(&world);
			assert_int_equal(core_digest(world.core), digest);
			assert_int_equal(core_figures(world.core)->promised, promised);
			assert_int_equal(start(&world), ERR_OK);
		}
		assert_int_equal(journal_snapshots_failed(world.journal), 0);
		if (!round)
			printf("%llu promised of %llu asked, %llu done\n", (unsigned long long)promised,
			       (unsigned long long)core_figures(world.core)->asked,
			       (unsigned long long)core_figures(world.core)->done);
		assert_true(promised > 0);
		world_close(&world);
	}
}

static void test_batches(void **state)
{
	(void)state;
	struct world world;
	struct command tick = {.kind = CMD_TICK};
	uint32_t n = 9, n_steps = 0;
	uint64_t sequence;
	uint8_t hash[STORE_HASH_BYTES];
	int code;
	assert_int_equal(world_open(&world, "memory:"), ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK); /* nothing to do */
	assert_int_equal(start(&world), ERR_OK);
	assert_int_equal(journal_snapshot(world.journal, NULL), ERR_CONFLICT);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	const struct update *updates = journal_updates(world.journal, &n);
	assert_true(n >= 1);
	assert_int_equal(updates[n - 1].kind, UPD_RESULT);
	assert_int_equal(updates[n - 1].command_index, 0);
	journal_head(world.journal, &sequence, hash);
	assert_int_equal(sequence, 2);
	do {
		tick.at = ++world.at;
		code = step(&world, &tick);
		n_steps += !code;
	} while (!code);
	assert_int_equal(code, ERR_FULL);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	updates = journal_updates(world.journal, &n);
	assert_int_equal(updates[n - 1].command_index, n_steps - 1);
	assert_int_equal(step(&world, &tick), ERR_OK);
	struct command wrong = {.kind = CMD_KINDS, .at = world.at};
	assert_int_equal(step(&world, &wrong), ERR_RANGE); /* and the batch goes on */
	assert_int_equal(journal_identity(world.journal, 0, "{}", NULL), ERR_RANGE);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	journal_head(world.journal, &sequence, hash);
	assert_int_equal(sequence, 2 + 2 * n_steps + 2);
	world_close(&world);
}

static void test_settings_come_from_the_journal(void **state)
{
	(void)state;
	struct world world;
	struct core_settings settings, expected = settings_of_test();
	uint8_t hash[TOWN_HASH_BYTES];
	assert_int_equal(world_open(&world, "memory:"), ERR_OK);
	assert_int_equal(journal_settings(world.store, &settings, hash, NULL), ERR_NOT_FOUND);
	assert_int_equal(journal_recover_settings(world.store, &settings, hash, NULL), ERR_NOT_FOUND);
	begin_day(&world);
	for (int round = 0; round < 2; round++) { /* without and with a snapshot */
		memset(&settings, 0, sizeof settings);
		assert_int_equal(journal_settings(world.store, &settings, hash, NULL), ERR_OK);
		assert_memory_equal(&settings, &expected, sizeof settings);
		memset(&settings, 0, sizeof settings);
		assert_int_equal(journal_verify_settings(world.store, &settings, hash, NULL), ERR_OK);
		assert_memory_equal(&settings, &expected, sizeof settings);
		memset(&settings, 0, sizeof settings);
		assert_int_equal(journal_recover_settings(world.store, &settings, hash, NULL), ERR_OK);
		assert_memory_equal(&settings, &expected, sizeof settings);
		assert_memory_equal(hash, drawn.town.hash, TOWN_HASH_BYTES);
		assert_int_equal(journal_snapshot(world.journal, NULL), ERR_OK);
	}
	world_close(&world);
}

/* A fresh core for verify or recovery on an open store. */
static uint8_t verify_result(struct store *store, struct verify_report *report, struct err_detail *detail)
{
	struct world other = {0};
	detail->text[0] = '\0';
	core_new(&other);
	int code = journal_verify_with(store, other.core, NULL, NULL, report, detail);
	arena_close(&other.arena);
	if (code)
		fail_msg("verify: %s", detail->text);
	return report->result;
}

static int recover_code(struct store *store, uint64_t *ret_sequence)
{
	struct world other = {0};
	struct err_detail detail;
	core_new(&other);
	assert_int_equal(journal_open(&other.journal, store, other.core, 1, NULL), ERR_OK);
	int code = journal_recover(other.journal, ret_sequence, &detail);
	journal_close(other.journal);
	arena_close(&other.arena);
	return code;
}

static void test_verify_has_three_answers(void **state)
{
	(void)state;
	struct world world;
	struct rng rng;
	struct verify_report report;
	struct err_detail detail;
	uint64_t digest, sequence = 0;
	rng_seed(&rng, seed + 1);
	assert_int_equal(world_open(&world, "memory:"), ERR_OK);
	begin_day(&world);
	assert_int_equal(live(&world, &rng, 200, &digest), ERR_OK);
	assert_int_equal(verify_result(world.store, &report, &detail), VERIFY_REPLAYED);
	assert_int_equal(report.digest, digest);
	assert_int_equal(report.from, 0);
	assert_true(report.commands > 200);
	/* a ride is erased: chain only, and recovery has nothing to go on from */
	assert_int_equal(store_erase(world.store, 1001, ERASE_ALL, NULL), ERR_OK);
	assert_int_equal(verify_result(world.store, &report, &detail), VERIFY_CHAIN_ONLY);
	assert_true(report.erased > 0);
	assert_int_equal(recover_code(world.store, &sequence), ERR_GONE);
	/* with a snapshot after it both work again */
	assert_int_equal(journal_snapshot(world.journal, NULL), ERR_OK);
	assert_int_equal(live(&world, &rng, 50, &digest), ERR_OK);
	assert_int_equal(verify_result(world.store, &report, &detail), VERIFY_REPLAYED);
	assert_true(report.from > 0);
	assert_int_equal(report.digest, digest);
	struct core_settings settings, expected = settings_of_test();
	uint8_t town_hash[TOWN_HASH_BYTES];
	assert_int_equal(journal_verify_settings(world.store, &settings, town_hash, NULL), ERR_OK);
	assert_memory_equal(&settings, &expected, sizeof settings);
	assert_memory_equal(town_hash, drawn.town.hash, TOWN_HASH_BYTES);
	assert_int_equal(recover_code(world.store, &sequence), ERR_OK);
	/* an outcome that the core would not give, well chained */
	uint8_t command_bytes[64], outcome_bytes[64];
	struct command tick = {.kind = CMD_TICK, .at = world.at + 1};
	struct update lie = {.kind = UPD_RESULT,
			     .result = {.command_kind = CMD_TICK, .code = ERR_DENIED, .would_work_at = INSTANT_NONE}};
	size_t n_command, n_outcome;
	assert_int_equal(record_command(&tick, command_bytes, sizeof command_bytes, &n_command), ERR_OK);
	assert_int_equal(record_updates(&lie, 1, outcome_bytes, sizeof outcome_bytes, &n_outcome), ERR_OK);
	struct store_record forged[] = {
		{.type = RECORD_COMMAND,
		 .area = 1,
		 .epoch = world.epoch,
		 .engine_version = CORE_ENGINE_VERSION,
		 .at = tick.at,
		 .body = command_bytes,
		 .n = (uint32_t)n_command},
		{.type = RECORD_OUTCOME,
		 .area = 1,
		 .epoch = world.epoch,
		 .engine_version = CORE_ENGINE_VERSION,
		 .at = tick.at,
		 .body = outcome_bytes,
		 .n = (uint32_t)n_outcome},
	};
	assert_int_equal(store_commit(world.store, forged, 2, digest, NULL), ERR_OK);
	assert_int_equal(verify_result(world.store, &report, &detail), VERIFY_BROKEN);
	assert_int_equal(report.first_broken, forged[1].sequence);
	assert_non_null(strstr(detail.text, "another outcome"));
	assert_int_equal(recover_code(world.store, &sequence), ERR_BROKEN);
	assert_int_equal(sequence, forged[1].sequence);
	world_close(&world);
}

static void test_another_engine_needs_a_snapshot(void **state)
{
	(void)state;
	for (int with_snapshot = 0; with_snapshot < 2; with_snapshot++) {
		struct world world;
		uint64_t sequence = 0;
		uint8_t command_bytes[64];
		size_t n_command;
		assert_int_equal(world_open(&world, "memory:"), ERR_OK);
		begin_day(&world);
		if (with_snapshot)
			assert_int_equal(journal_snapshot(world.journal, NULL), ERR_OK);
		struct command tick = {.kind = CMD_TICK, .at = world.at + 1};
		assert_int_equal(record_command(&tick, command_bytes, sizeof command_bytes, &n_command), ERR_OK);
		struct store_record other[] = {
			{.type = RECORD_COMMAND,
			 .area = 1,
			 .epoch = world.epoch,
			 .engine_version = CORE_ENGINE_VERSION + 1,
			 .at = tick.at,
			 .body = command_bytes,
			 .n = (uint32_t)n_command},
			{.type = RECORD_OUTCOME,
			 .area = 1,
			 .epoch = world.epoch,
			 .engine_version = CORE_ENGINE_VERSION + 1,
			 .at = tick.at,
			 .body = "other",
			 .n = 5},
		};
		assert_int_equal(store_commit(world.store, other, 2, 1, NULL), ERR_OK);
		assert_int_equal(recover_code(world.store, &sequence), with_snapshot ? ERR_OK : ERR_VERSION);
		world_close(&world);
	}
}

static void test_erasing_waits_for_the_core_and_renews_the_snapshot(void **state)
{
	(void)state;
	struct world world;
	struct rng rng;
	uint64_t digest, sequence = 0;
	rng_seed(&rng, seed + 2);
	assert_int_equal(world_open(&world, "memory:"), ERR_OK);
	begin_day(&world);
	assert_int_equal(live(&world, &rng, 60, &digest), ERR_OK);
	struct command request = {.at = world.at};
	random_request(&world, &rng, &request);
	request.key = (struct command_key){0, 0};
	assert_int_equal(step(&world, &request), ERR_OK);
	assert_int_equal(journal_erase(world.journal, request.request.ride, ERASE_ALL, NULL), ERR_CONFLICT);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	if (core_ride(world.core, request.request.ride))
		assert_int_equal(journal_erase(world.journal, request.request.ride, ERASE_ALL, NULL), ERR_BUSY);
	world.at += 2 * DAY_MS; /* everything closed is forgotten by then */
	struct command tick = {.kind = CMD_TICK, .at = world.at};
	assert_int_equal(step(&world, &tick), ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	uint64_t erased = 1001;
	if (!core_ride(world.core, erased)) {
		assert_int_equal(journal_erase(world.journal, erased, ERASE_ALL, NULL), ERR_OK);
		assert_int_equal(recover_code(world.store, &sequence), ERR_OK);
	}
	world_close(&world);
}

static int is_erased(void *self, const struct store_record *record)
{
	const struct world *world = self;
	int old = record->at < world->at - DAY_MS && record->ride && !core_ride(world->core, record->ride);
	return old && !record->erased ? ERR_BROKEN : ERR_OK;
}

/* On a schedule: what the core still keeps and what is too young stays, nothing is looked at twice, and who erases in
 * small parts erases the same. */
static void test_old_rides_are_erased_on_schedule(void **state)
{
	(void)state;
	struct world world;
	struct rng rng;
	struct err_detail detail;
	uint64_t digest, sequence = 0, n_records, n_before, n_after;
	uint32_t n;
	int more;
	rng_seed(&rng, seed + 9);
	assert_int_equal(world_open(&world, "memory:"), ERR_OK);
	begin_day(&world);
	assert_int_equal(live(&world, &rng, 60, &digest), ERR_OK);
	assert_int_equal(store_verify_chain(world.store, &n_records, &n_before, &detail), ERR_OK);
	assert_int_equal(journal_erase_before(world.journal, DRAWN_DAY_START, ERASE_ALL, &n, &more, &detail), ERR_OK);
	assert_int_equal(n, 0); /* all are younger */
	world.at += 2 * DAY_MS;
	struct command tick = {.kind = CMD_TICK, .at = world.at};
	assert_int_equal(step(&world, &tick), ERR_OK);
	assert_int_equal(journal_erase_before(world.journal, world.at, ERASE_ALL, &n, &more, &detail), ERR_CONFLICT);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	if (journal_erase_before(world.journal, world.at - DAY_MS, ERASE_ALL, &n, &more, &detail))
		fail_msg("%s", detail.text);
	assert_true(n > 0 && !more);
	assert_int_equal(store_read(world.store, 1, is_erased, &world, &detail), ERR_OK);
	assert_int_equal(store_verify_chain(world.store, &n_records, &n_after, &detail), ERR_OK);
	assert_true(n_after >= n_before + n);
	assert_int_equal(journal_erase_before(world.journal, world.at - DAY_MS, ERASE_ALL, &n, &more, &detail), ERR_OK);
	assert_int_equal(n, 0);
	assert_int_equal(recover_code(world.store, &sequence), ERR_OK);
	world_close(&world);
}

/* ---- what fails ---- */

/* A short life on an open store and core; the first error. */
static int short_life(struct store *store, struct core *core, uint32_t epoch, uint64_t *ret_committed)
{
	struct journal *journal = NULL;
	struct world world = {.store = store, .core = core, .at = DRAWN_DAY_START};
	uint64_t sequence = 0;
	uint8_t hash[STORE_HASH_BYTES];
	int code = journal_open(&journal, store, core, 1, NULL);
	world.journal = journal;
	struct command command = {.kind = CMD_START,
				  .at = world.at,
				  .start = {.area = 1, .epoch = epoch, .engine_version = CORE_ENGINE_VERSION}};
	command.start.settings = settings_of_test();
	memcpy(command.start.town_hash, drawn.town.hash, TOWN_HASH_BYTES);
	if (!code)
		code = journal_recover(journal, &sequence, NULL);
	if (!code)
		code = step(&world, &command);
	if (!code)
		code = journal_identity(journal, 9, "{}", NULL);
	if (!code)
		code = journal_commit(journal, NULL);
	if (!code)
		code = journal_snapshot(journal, NULL);
	command = (struct command){.kind = CMD_TICK, .at = world.at};
	for (int i = 0; i < 200 && !code; i++)
		if ((code = step(&world, &command)) == ERR_FULL)
			code = journal_commit(journal, NULL);
	if (!code)
		code = journal_commit(journal, NULL);
	if (journal)
		journal_head(journal, ret_committed, hash);
	journal_close(journal);
	return code;
}

static void test_each_allocation_fails_once(void **state)
{
	(void)state;
	uint64_t k, n_failed = 0;
	for (k = 1;; k++) {
		struct world world = {0};
		struct verify_report report;
		struct err_detail detail;
		uint64_t committed = 0, sequence = 0, digest;
		uint8_t hash[STORE_HASH_BYTES];
		uint32_t epoch;
		assert_int_equal(store_open(&world.store, "memory:", NULL), ERR_OK);
		assert_int_equal(store_take_epoch(world.store, 1, &epoch, NULL), ERR_OK);
		core_new(&world);
		n_allocations = 0;
		fail_allocation = k;
		counting = 1;
		int code = short_life(world.store, world.core, epoch, &committed);
		counting = 0;
		n_failed += code != 0;
		assert_int_equal(store_head(world.store, &sequence, hash, &digest, NULL), ERR_OK);
		assert_int_equal(sequence, committed);
		assert_int_equal(recover_code(world.store, &sequence), ERR_OK);
		assert_int_equal(verify_result(world.store, &report, &detail), VERIFY_REPLAYED);
		arena_close(&world.arena);
		store_close(world.store);
		if (n_allocations < k) {
			assert_int_equal(code, ERR_OK);
			break;
		}
	}
	printf("%llu allocations failed once, %llu lives ended by it\n", (unsigned long long)(k - 1),
	       (unsigned long long)n_failed);
	assert_true(n_failed > 10);
}

static void test_a_failed_commit_stops_the_journal(void **state)
{
	(void)state;
	char url[160];
	struct world world;
	struct err_detail detail;
	uint64_t before, sequence;
	uint8_t hash[STORE_HASH_BYTES];
	new_url(url, sizeof url, 1);
	assert_int_equal(world_open(&world, url), ERR_OK);
	begin_day(&world);
	journal_head(world.journal, &before, hash);
	struct command tick = {.kind = CMD_TICK, .at = ++world.at};
	assert_int_equal(step(&world, &tick), ERR_OK);
	crash_vfs_fail_at(1);
	assert_int_equal(journal_commit(world.journal, &detail), ERR_IO);
	crash_vfs_fail_at(0);
	assert_int_equal(step(&world, &tick), ERR_UNAVAILABLE);
	assert_int_equal(journal_commit(world.journal, &detail), ERR_UNAVAILABLE);
	journal_head(world.journal, &sequence, hash);
	assert_int_equal(sequence, before);
	world_close(&world);
	assert_int_equal(world_open(&world, url), ERR_OK);
	recover(&world);
	journal_head(world.journal, &sequence, hash);
	assert_int_equal(sequence, before);
	world_close(&world);
}

/* A full disk passes: the same batch is committed when there is room again, once. */
static void test_a_full_disk_is_held_out(void **state)
{
	(void)state;
	char url[160];
	struct world world;
	struct err_detail detail;
	uint64_t before, sequence;
	uint8_t hash[STORE_HASH_BYTES];
	new_url(url, sizeof url, 1);
	assert_int_equal(world_open(&world, url), ERR_OK);
	begin_day(&world);
	journal_head(world.journal, &before, hash);
	struct command tick = {.kind = CMD_TICK, .at = ++world.at};
	assert_int_equal(step(&world, &tick), ERR_OK);
	crash_vfs_disk_full(1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(journal_commit(world.journal, &detail), ERR_DISK_FULL);
	crash_vfs_disk_full(0);
	assert_int_equal(journal_commit(world.journal, &detail), ERR_OK);
	journal_head(world.journal, &sequence, hash);
	assert_int_equal(sequence, before + 2); /* the command and its outcome */
	world_close(&world);
	assert_int_equal(world_open(&world, url), ERR_OK);
	recover(&world);
	journal_head(world.journal, &sequence, hash);
	assert_int_equal(sequence, before + 2);
	world_close(&world);
}

/* A snapshot that cannot be written harms no command, is counted, and tried again later. */
static void test_a_failed_snapshot_is_only_counted(void **state)
{
	(void)state;
	char url[160];
	struct world world;
	struct err_detail detail;
	new_url(url, sizeof url, 1);
	assert_int_equal(world_open(&world, url), ERR_OK);
	begin_day(&world);
	journal_snapshots(world.journal, 5, 1);
	crash_vfs_disk_full(1);
	assert_int_equal(journal_tend(world.journal, &detail), ERR_DISK_FULL);
	crash_vfs_disk_full(0);
	assert_int_equal(journal_snapshots_failed(world.journal), 1);
	for (int i = 0; i < 5; i++) {
		struct command tick = {.kind = CMD_TICK, .at = ++world.at};
		assert_int_equal(journal_tend(world.journal, &detail), ERR_OK); /* not due yet */
		assert_int_equal(step(&world, &tick), ERR_OK);
		assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	}
	uint64_t sequence = 0, digest;
	void *bytes = NULL;
	size_t n;
	assert_int_equal(store_snapshot_get(world.store, UINT64_MAX, &sequence, &bytes, &n, &digest, NULL),
			 ERR_NOT_FOUND);
	assert_int_equal(journal_tend(world.journal, &detail), ERR_OK);
	assert_int_equal(store_snapshot_get(world.store, UINT64_MAX, &sequence, &bytes, &n, &digest, NULL), ERR_OK);
	free(bytes);
	world_close(&world);
}

/* ---- new towns ---- */

static struct drawn_town towns[3]; /* `drawn` itself, one street less, twice the town */
static struct arena more_memory[8];
static uint32_t n_more_memory;

static struct place place_near(void *self, struct geo_point point)
{
	const struct town *town = self;
	struct place place = {.point = point, .road = {NONE, 0}, .walk = {NONE, 0}, .stop = NONE};
	uint64_t best = UINT64_MAX;
	for (uint32_t a = 0; a < town->road.n_arcs; a++) {
		struct spot spot = {a, town->road.dist_mm[a] / 2};
		uint64_t away = geo_rough_mm(point, network_spot_point(&town->road, spot));
		if (away < best) {
			best = away;
			place.road = spot;
		}
	}
	return place;
}

static int give_town(void *self, struct core *core, const uint8_t town_hash[TOWN_HASH_BYTES], struct err_detail *detail)
{
	(void)self;
	for (uint32_t i = 0; i < COUNT_OF(towns); i++) {
		struct town *town = &towns[i].town;
		if (memcmp(town->hash, town_hash, TOWN_HASH_BYTES))
			continue;
		int code = core_set_town(core, town, place_near, town);
		if (code != ERR_FULL)
			return code;
		struct arena *memory = &more_memory[n_more_memory++];
		assert_int_equal(arena_open(memory, core_town_size(core_settings(core), town)), ERR_OK);
		core_town_memory(core, memory);
		return core_set_town(core, town, place_near, town);
	}
	return err_set(detail, ERR_NOT_FOUND, "no such town");
}

static void towns_draw(void)
{
	struct drawn_options less = town_options, more = town_options;
	less.drawing = "A---B---C---D\n"
		       "|   |   |   |\n"
		       "E---F   G---H\n"
		       "|   |   |   |\n"
		       "I---J---K---L\n";
	more.drawing = "A---B---C---D---M---N---O---P\n"
		       "|   |   |   |   |   |   |   |\n"
		       "E---F---G---H---Q---R---S---T\n"
		       "|   |   |   |   |   |   |   |\n"
		       "I---J---K---L---U---V---W---X\n";
	towns[0] = drawn;
	drawn_town_open(&towns[1], &less);
	drawn_town_open(&towns[2], &more);
	towns[1].town.hash[0] = 7;
	towns[2].town.hash[0] = 8;
}

/* Any number of swaps, to larger and smaller towns, in one process or with restarts between: replay from the first
 * record and recovery from a snapshot come to the same state as the life did. */
static void test_many_town_swaps_are_one_history(void **state)
{
	(void)state;
	static const uint8_t order[] = {1, 2, 0, 2, 1, 0};
	towns_draw();
	for (int restarts = 0; restarts < 2; restarts++) {
		char url[160];
		struct world world, other = {0};
		struct rng rng;
		struct err_detail detail = {""};
		struct verify_report report;
		uint64_t digest = 0;
		rng_seed(&rng, seed + 70);
		new_url(url, sizeof url, 0);
		drawn = towns[0];
		assert_int_equal(world_open(&world, url), ERR_OK);
		begin_day(&world);
		for (uint32_t i = 0; i < sizeof order; i++) {
			assert_int_equal(live(&world, &rng, 60, &digest), ERR_OK);
			struct command swap = {.kind = CMD_TOWN_SWAP, .at = ++world.at};
			uint32_t first, n;
			memcpy(swap.town_swap.town_hash, towns[order[i]].town.hash, TOWN_HASH_BYTES);
			assert_int_equal(give_town(NULL, world.core, swap.town_swap.town_hash, &detail), ERR_OK);
			assert_int_equal(journal_step(world.journal, &swap, &first, &n), ERR_OK);
			assert_int_equal(journal_updates(world.journal, &n)[n - 1].result.code, ERR_OK);
			assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
			assert_ptr_equal(core_town(world.core), &towns[order[i]].town);
			drawn = towns[order[i]]; /* places and cores are of this one now */
			if (!restarts)
				continue;
			uint64_t next_ride = world.next_ride;
			assert_int_equal(journal_snapshot(world.journal, NULL), ERR_OK);
			world_close(&world);
			assert_int_equal(world_open(&world, url), ERR_OK);
			journal_towns(world.journal, give_town, NULL);
			world.next_ride = next_ride;
			recover(&world);
		}
		assert_int_equal(live(&world, &rng, 60, &digest), ERR_OK);
		assert_true(core_figures(world.core)->promised > 0);
		drawn = towns[0];
		core_new(&other);
		if (journal_verify_with(world.store, other.core, give_town, NULL, &report, &detail))
			fail_msg("%s", detail.text);
		if (report.result != VERIFY_REPLAYED)
			fail_msg("%s", detail.text);
		assert_int_equal(report.digest, digest);
		arena_close(&other.arena);
		world_close(&world);
		assert_int_equal(world_open(&world, url), ERR_OK); /* without a snapshot: all swaps in one recovery */
		journal_towns(world.journal, give_town, NULL);
		recover(&world);
		assert_int_equal(core_digest(world.core), digest);
		world_close(&world);
		for (; n_more_memory; n_more_memory--)
			arena_close(&more_memory[n_more_memory - 1]);
	}
	drawn = towns[0];
	drawn_town_close(&towns[1]);
	drawn_town_close(&towns[2]);
}

/* ---- crashes of the process itself ---- */

static int give_and_abort(void *self, struct core *core, const uint8_t town_hash[TOWN_HASH_BYTES],
			  struct err_detail *detail)
{
	(void)self;
	(void)core;
	(void)town_hash;
	(void)detail;
	_exit(42); /* the process ends while the record is being applied */
}

static int give_same(void *self, struct core *core, const uint8_t town_hash[TOWN_HASH_BYTES], struct err_detail *detail)
{
	(void)self;
	(void)core;
	(void)town_hash;
	(void)detail;
	return ERR_OK;
}

static int run_child(void (*run)(const char *url), const char *url)
{
	int status;
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		run(url);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Ada, who is listed, signs; who is not listed, or signs something else, decides nothing. */
static void decide(struct world *world, uint32_t epoch, uint64_t sequence, const char *why)
{
	struct err_detail detail;
	struct decision decision;
	uint8_t secret[DECISION_SECRET_BYTES], key[DECISION_KEY_BYTES];
	struct deciders deciders = {.n = 1};
	crypto_sign_keypair(key, secret);
	memcpy(deciders.people[0].key, key, sizeof key);
	strcpy(deciders.people[0].name, "Ada");
	assert_int_equal(journal_decision(world->journal, epoch, DECISION_SKIP, sequence, &decision, &detail), ERR_OK);
	assert_int_equal(decision_sign(&decision, secret, &detail), ERR_RANGE); /* by nobody */
	strcpy(decision.by, "Ada");
	strcpy(decision.why, why);
	decision.at = 1;
	assert_int_equal(decision_sign(&decision, secret, &detail), ERR_OK);
	decision.subject++;
	assert_int_equal(journal_decide(world->journal, &decision, &deciders, &detail), ERR_DENIED);
	decision.subject--;
	deciders.people[0].retired = 1;
	assert_int_equal(journal_decide(world->journal, &decision, &deciders, &detail), ERR_DENIED);
	deciders.n = 0;
	assert_int_equal(journal_decide(world->journal, &decision, &deciders, &detail), ERR_DENIED);
	deciders.n = 1;
	deciders.people[0].retired = 0;
	if (journal_decide(world->journal, &decision, &deciders, &detail))
		fail_msg("%s", detail.text);
	uint64_t n, broken;
	assert_int_equal(journal_check_decisions(world->store, &deciders, &n, &broken, &detail), ERR_OK);
	assert_true(n > 0 && !broken);
}

static void recover_and_die(const char *url)
{
	struct world world;
	uint64_t sequence;
	struct err_detail detail;
	if (world_open(&world, url))
		_exit(1);
	journal_towns(world.journal, give_and_abort, NULL);
	journal_recover(world.journal, &sequence, &detail);
	_exit(2);
}

static void test_a_record_that_ends_the_process_twice_is_held(void **state)
{
	(void)state;
	char url[160];
	struct world world;
	struct err_detail detail;
	struct verify_report report;
	uint64_t sequence = 0, before, digest;
	uint8_t hash[STORE_HASH_BYTES];
	new_url(url, sizeof url, 0);
	assert_int_equal(world_open(&world, url), ERR_OK);
	begin_day(&world);
	journal_head(world.journal, &before, hash);
	struct command swap = {.kind = CMD_TOWN_SWAP, .at = ++world.at}, tick = {.kind = CMD_TICK, .at = ++world.at};
	memcpy(swap.town_swap.town_hash, drawn.town.hash, TOWN_HASH_BYTES);
	assert_int_equal(step(&world, &swap), ERR_OK);
	assert_int_equal(step(&world, &tick), ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	world_close(&world);

	assert_int_equal(run_child(recover_and_die, url), 42);
	assert_int_equal(run_child(recover_and_die, url), 42);
	assert_int_equal(run_child(recover_and_die, url), 2); /* held: not tried a third time */

	assert_int_equal(world_open(&world, url), ERR_OK);
	journal_towns(world.journal, give_same, NULL);
	assert_int_equal(journal_recover(world.journal, &sequence, &detail), ERR_INTERRUPTED);
	assert_int_equal(sequence, before + 1);
	assert_int_equal(journal_held(world.journal), before + 1);
	assert_int_equal(step(&world, &tick), ERR_INTERRUPTED);
	assert_int_equal(journal_snapshot(world.journal, NULL), ERR_CONFLICT);
	uint32_t epoch;
	assert_int_equal(store_take_epoch(world.store, 1, &epoch, NULL), ERR_OK);
	decide(&world, epoch, sequence, "ends the program");
	world_close(&world);

	assert_int_equal(run_child(recover_and_die, url), 2); /* it is left out now */
	assert_int_equal(world_open(&world, url), ERR_OK);
	journal_towns(world.journal, give_and_abort, NULL);
	if (journal_recover(world.journal, &sequence, &detail))
		fail_msg("%s", detail.text);
	assert_int_equal(start(&world), ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	digest = core_digest(world.core);
	assert_int_equal(verify_result(world.store, &report, &detail), VERIFY_REPLAYED);
	assert_int_equal(report.digest, digest);
	world_close(&world);
}

static const struct command poison = {
	.kind = CMD_CANCEL, .at = DRAWN_DAY_START + 9 * HOUR_MS, .cancel = {.ride = 5, .reason = "poison"}};

/* A live command that ends the process never gets into the journal; its sender sends it again. */
static void die_in_a_step(const char *url)
{
	struct world world;
	struct err_detail detail;
	uint64_t sequence, print;
	uint8_t bytes[256];
	size_t n;
	if (world_open(&world, url) || journal_recover(world.journal, &sequence, &detail))
		_exit(1);
	struct command again = poison;
	again.at += getpid(); /* at another time */
	record_command(&again, bytes, sizeof bytes, &n);
	print = journal_print_of(bytes, n);
	if (journal_crash(world.journal->mark, print, sequence + 1))
		_exit(3);
	journal_mark_begin(world.journal->mark, print, sequence + 1, poison.kind);
	_exit(42);
}

static void test_a_live_command_that_ends_the_process_twice_is_refused(void **state)
{
	(void)state;
	char url[160];
	struct world world;
	struct err_detail detail;
	uint64_t sequence = 0;
	uint32_t epoch;
	new_url(url, sizeof url, 0);
	assert_int_equal(world_open(&world, url), ERR_OK);
	begin_day(&world);
	world_close(&world);
	assert_int_equal(run_child(die_in_a_step, url), 42);
	/* killed once is nothing: it works the second time, and the mark is gone */
	assert_int_equal(world_open(&world, url), ERR_OK);
	recover(&world);
	assert_int_equal(start(&world), ERR_OK);
	struct command again = poison;
	assert_int_equal(step(&world, &again), ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	world_close(&world);
	assert_int_equal(run_child(die_in_a_step, url), 42);
	assert_int_equal(run_child(die_in_a_step, url), 42);
	assert_int_equal(world_open(&world, url), ERR_OK);
	assert_int_equal(journal_recover(world.journal, &sequence, &detail), ERR_INTERRUPTED);
	assert_int_equal(step(&world, &again), ERR_INTERRUPTED);
	assert_int_equal(store_take_epoch(world.store, 1, &epoch, NULL), ERR_OK);
	decide(&world, epoch, sequence, "poison");
	world_close(&world);
	assert_int_equal(world_open(&world, url), ERR_OK);
	recover(&world);
	assert_int_equal(start(&world), ERR_OK);
	assert_int_equal(step(&world, &again), ERR_INTERRUPTED); /* only this one */
	struct command tick = {.kind = CMD_TICK, .at = again.at};
	assert_int_equal(step(&world, &tick), ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	world_close(&world);
}

/* ---- power cuts ---- */

static void test_a_power_cut_loses_no_answered_batch(void **state)
{
	(void)state;
	struct rng rng;
	int n_cuts = 0;
	rng_seed(&rng, seed + 3);
	for (int journal = 0; journal < 6; journal++) {
		char url[160];
		struct world world;
		uint64_t answered = 0, next_ride = 1000;
		instant_ms at = DRAWN_DAY_START + 8 * HOUR_MS;
		new_url(url, sizeof url, 1);
		for (int life = 0; life < 12; life++, n_cuts++) {
			uint64_t digest = 0, sequence;
			uint8_t hash[STORE_HASH_BYTES];
			crash_vfs_crash_at(100 + rng_below(&rng, 500));
			int code = world_open(&world, url);
			if (!code) {
				world.next_ride = next_ride;
				journal_snapshots(world.journal, 20, 2);
				struct err_detail detail = {""};
				code = journal_recover(world.journal, &sequence, &detail);
				if (code && !crash_vfs_crashed())
					fail_msg("life %d: recover: %s", life, detail.text);
			}
			if (!code) {
				assert_true(sequence >= answered);
				if (sequence)
					at = core_now(world.core);
				world.at = at;
				code = start(&world);
			}
			if (!code && !core_n_vehicles(world.core))
				make_fleet(&world);
			while (!code) {
				code = live(&world, &rng, 5, &digest);
				journal_head(world.journal, &sequence, hash);
				if (sequence > answered)
					answered = sequence;
				at = world.at;
			}
			assert_true(crash_vfs_crashed());
			next_ride = world.next_ride + 1;
			world_close(&world);
			crash_vfs_restart();
		}
		assert_int_equal(world_open(&world, url), ERR_OK);
		recover(&world);
		assert_int_equal(verify_result(world.store, &(struct verify_report){0}, &(struct err_detail){""}),
				 VERIFY_REPLAYED);
		world_close(&world);
	}
	printf("%d power cuts\n", n_cuts);
}

/* ---- the log ---- */

static void test_the_log_hides_what_is_personal(void **state)
{
	(void)state;
	struct world world;
	struct rng rng;
	char *text = NULL;
	size_t size = 0;
	rng_seed(&rng, seed);
	assert_int_equal(world_open(&world, "memory:"), ERR_OK);
	begin_day(&world);
	struct command request = {.at = world.at};
	random_request(&world, &rng, &request);
	assert_int_equal(step(&world, &request), ERR_OK);
	assert_int_equal(journal_identity(world.journal, request.request.ride, "{\"name\":\"Margarethe\"}", NULL),
			 ERR_OK);
	assert_int_equal(journal_commit(world.journal, NULL), ERR_OK);
	for (int personal = 0; personal < 2; personal++) {
		FILE *out = open_memstream(&text, &size);
		assert_int_equal(journal_print(world.store, 1, UINT64_MAX, personal, out, NULL), ERR_OK);
		fclose(out);
		assert_non_null(strstr(text, "command  start at="));
		assert_non_null(strstr(text, "vehicle_enrol at="));
		assert_non_null(strstr(text, "request at="));
		assert_non_null(strstr(text, "result command_kind="));
		assert_int_equal(strstr(text, "Margarethe") != NULL, personal);
		assert_int_equal(strstr(text, "from.point.lat_e7") != NULL, personal);
		free(text);
	}
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(journal_print(world.store, 2, 1, 0, out, NULL), ERR_OK);
	fclose(out);
	assert_null(strstr(text, "start at="));
	assert_non_null(strstr(text, "       2 "));
	free(text);
	out = fopen("/dev/full", "w");
	setvbuf(out, NULL, _IONBF, 0);
	assert_int_equal(journal_print(world.store, 1, UINT64_MAX, 0, out, NULL), ERR_IO);
	fclose(out);
	world_close(&world);
}

int main(void)
{
	const char *given = getenv("ZUB_SEED");
	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)seed);
	if (crash_vfs_register(seed, 0))
		return 1;
	snprintf(folder, sizeof folder, "/tmp/zub-journal-XXXXXX");
	if (!mkdtemp(folder))
		return 1;
	drawn_town_open(&drawn, &town_options);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batches),
		cmocka_unit_test(test_settings_come_from_the_journal),
		cmocka_unit_test(test_recovery_gives_the_same_state),
		cmocka_unit_test(test_verify_has_three_answers),
		cmocka_unit_test(test_another_engine_needs_a_snapshot),
		cmocka_unit_test(test_erasing_waits_for_the_core_and_renews_the_snapshot),
		cmocka_unit_test(test_old_rides_are_erased_on_schedule),
		cmocka_unit_test(test_each_allocation_fails_once),
		cmocka_unit_test(test_a_failed_commit_stops_the_journal),
		cmocka_unit_test(test_a_full_disk_is_held_out),
		cmocka_unit_test(test_a_failed_snapshot_is_only_counted),
		cmocka_unit_test(test_many_town_swaps_are_one_history),
		cmocka_unit_test(test_a_record_that_ends_the_process_twice_is_held),
		cmocka_unit_test(test_a_live_command_that_ends_the_process_twice_is_refused),
		cmocka_unit_test(test_a_power_cut_loses_no_answered_batch),
		cmocka_unit_test(test_the_log_hides_what_is_personal),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	drawn_town_close(&drawn);
	char command[96];
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return failed || system(command);
}
