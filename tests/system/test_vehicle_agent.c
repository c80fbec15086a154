// link: zub_link zub_dock zub_core zub_route zub_town_file zub_drawn_town zub_keys PkgConfig::libevent_core
/* The program vehicle-agent against a dispatcher's dock and link on a real socket, at thirty times the clock: rides are
 * carried out although the program is killed again and again, and although the dispatcher is away meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core_rig.h"
#include "dock.h"
#include "link.h"
#include "rng.h"

#define SPEED 30

static const char *const town_drawing = "A---------B---------C---------D\n"
					"|         |         |         |\n"
					"|         |         |         |\n"
					"E---------F---------G---------H\n";

struct stage {
	struct rig rig;
	struct drawn_town drawn;
	struct rng rng;
	char folder[64], endpoint[256], public_key[KEYS_TEXT];
	struct event_base *base;
	struct link *link;
	struct arena dock_arena;
	struct dock *dock;
	struct timespec began;
	pid_t vehicle;
	int console;
	uint32_t boot_told, sequence_told, n_events, n_boarded, n_done, n_hellos;
	uint64_t at_stop; /* a rider the vehicle waits for */
	char reason[WIRE_TEXT_MAX];
	uint32_t n_of[WIRE_EVENT_KINDS];
};

static int64_t wall(const struct stage *stage)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - stage->began.tv_sec) * 1000 + (now.tv_nsec - stage->began.tv_nsec) / 1000000 + 1000;
}

static void clock_set(struct stage *stage)
{
	instant_ms now = stage->rig.start + (wall(stage) - 1000) * SPEED;

	if (now > stage->rig.now)
		stage->rig.now = now;
}

static void say_all(struct stage *stage)
{
	static struct wire_message message;
	uint32_t number;

	while (stage->link && dock_next(stage->dock, &number, &message))
		link_send(stage->link, number, &message);
}

static void note_event(struct stage *stage, const struct wire_event *event)
{
	if (event->boot == stage->boot_told) {
		assert_int_equal(event->sequence, stage->sequence_told + 1);
	} else {
		assert_true(event->boot > stage->boot_told);
		assert_int_equal(event->sequence, 1);
	}
	stage->boot_told = event->boot;
	stage->sequence_told = event->sequence;
	stage->n_events++;
	stage->n_of[event->kind]++;
	if (event->kind == WIRE_MRC_BEGAN)
		memcpy(stage->reason, event->reason, sizeof stage->reason);
}

static void command_do(struct stage *stage, struct command *command)
{
	struct rig *rig = &stage->rig;

	if (command->kind == CMD_VEHICLE_EVENT)
		note_event(stage, &command->vehicle_event.event);
	stage->n_hellos += command->kind == CMD_VEHICLE_HELLO;
	clock_set(stage);
	command->at = rig->now;
	rig_step(rig, command);
	for (uint32_t i = 0; i < rig->updates.n; i++) {
		const struct update *update = &rig->updates.items[i];
		dock_update(stage->dock, update, wall(stage));
		if (update->kind == UPD_RIDE && update->ride.state == RIDE_AT_STOP)
			stage->at_stop = update->ride.ride;
		stage->n_done += update->kind == UPD_RIDE && update->ride.state == RIDE_DONE;
	}
	say_all(stage);
}

static void heard(void *self, uint32_t vehicle, const struct wire_message *message)
{
	struct stage *stage = self;
	struct command commands[DOCK_COMMANDS];
	uint32_t n = 0;

	clock_set(stage);
	assert_int_equal(
		dock_receive(stage->dock, vehicle, message, stage->rig.now, wall(stage), commands, DOCK_COMMANDS, &n),
		0);
	for (uint32_t i = 0; i < n; i++)
		command_do(stage, &commands[i]);
	say_all(stage);
}

static void dispatcher_up(struct stage *stage)
{
	char key[128];
	struct link_key admitted = {.vehicle = 1};
	struct err_detail detail;

	snprintf(key, sizeof key, "%s/server.key", stage->folder);
	if (link_open(&stage->link, stage->base, stage->endpoint, key, heard, stage, &detail))
		fail_msg("%s", detail.text);
	snprintf(stage->endpoint, sizeof stage->endpoint, "%s", link_endpoint(stage->link));
	memcpy(admitted.public_key, stage->public_key, KEYS_TEXT);
	assert_int_equal(link_admit(stage->link, &admitted, 1, NULL), 0);
}

static void dispatcher_away(struct stage *stage)
{
	link_close(stage->link);
	stage->link = NULL;
}

static const char *program(void)
{
	static char path[512];
	const char *folder = getenv("ZUB_BIN");

	snprintf(path, sizeof path, "%s/vehicle-agent", folder ? folder : "bin");
	return path;
}

static void vehicle_up(struct stage *stage)
{
	char town[128], server[128], key[128], state[128], start[64];
	struct spot spot = rig_place(&stage->rig, 'A', 'B').road;
	int lines[2];

	snprintf(town, sizeof town, "%s/town.zmap", stage->folder);
	snprintf(server, sizeof server, "%s/server.key.pub", stage->folder);
	snprintf(key, sizeof key, "%s/vehicle.key", stage->folder);
	snprintf(state, sizeof state, "%s/vehicle.state", stage->folder);
	snprintf(start, sizeof start, "%u:%u", spot.arc, spot.offset_mm);
	assert_int_equal(pipe(lines), 0);
	stage->vehicle = fork();
	assert_true(stage->vehicle >= 0);
	if (stage->vehicle == 0) {
		dup2(lines[0], STDIN_FILENO);
		close(lines[0]);
		close(lines[1]);
		execl(program(), "vehicle-agent", "--vehicle", "1", "--town", town, "--connect", stage->endpoint,
		      "--server-key", server, "--key", key, "--state", state, "--spaces", "6,1,2", "--start", start,
		      "--console", "--quiet", (char *)NULL);
		_exit(127);
	}
	close(lines[0]);
	if (stage->console >= 0)
		close(stage->console);
	stage->console = lines[1];
}

static int vehicle_end(struct stage *stage, int signal_number)
{
	int status = 0;

	kill(stage->vehicle, signal_number);
	assert_int_equal(waitpid(stage->vehicle, &status, 0), stage->vehicle);
	return status;
}

static void type(struct stage *stage, const char *text)
{
	assert_int_equal(write(stage->console, text, strlen(text)), (ssize_t)strlen(text));
}

static void turn(struct stage *stage)
{
	struct command commands[DOCK_COMMANDS];
	uint32_t n = 0;

	clock_set(stage);
	if (stage->link) {
		event_base_loop(stage->base, EVLOOP_NONBLOCK);
		dock_tick(stage->dock, stage->rig.now, wall(stage), commands, DOCK_COMMANDS, &n);
		for (uint32_t i = 0; i < n; i++)
			command_do(stage, &commands[i]);
		if (core_due(stage->rig.core) <= stage->rig.now) {
			struct command tick = {.kind = CMD_TICK};
			command_do(stage, &tick);
		}
		say_all(stage);
	}
	usleep(2000);
}

static void stage_open(struct stage *stage)
{
	char path[128], secret[KEYS_TEXT];
	struct dock_settings settings = {.vehicles_max = 8,
					 .heartbeat_ms = 200,
					 .lost_after_ms = 20000,
					 .speed_permille = SPEED * 1000,
					 .simulated = 1};
	struct err_detail detail;

	memset(stage, 0, sizeof *stage);
	stage->console = -1;
	rng_seed(&stage->rng, 5);
	snprintf(stage->folder, sizeof stage->folder, "/tmp/zub_agent_XXXXXX");
	assert_non_null(mkdtemp(stage->folder));
	snprintf(stage->endpoint, sizeof stage->endpoint, "tcp://127.0.0.1:0");
	drawn_town_plain(&stage->drawn, town_drawing);
	snprintf(path, sizeof path, "%s/town.zmap", stage->folder);
	if (town_write(&stage->drawn.town, path, &detail))
		fail_msg("%s", detail.text);
	clock_gettime(CLOCK_MONOTONIC, &stage->began);
	rig_open(&stage->rig, &stage->drawn, NULL);
	stage->rig.checking = 0;
	assert_int_equal(rig_vehicle(&stage->rig, 1, 'A', 'B'), 0);
	assert_int_equal(rig_sign_on(&stage->rig, "Kim", 10), 0);
	assert_int_equal(arena_open(&stage->dock_arena, dock_size(&settings)), 0);
	assert_int_equal(dock_open(&stage->dock, &settings, stage->rig.core, &stage->dock_arena), 0);
	snprintf(path, sizeof path, "%s/vehicle.key", stage->folder);
	assert_int_equal(link_keys(path, stage->public_key, secret, NULL), 0);
	stage->base = event_base_new();
	dispatcher_up(stage);
	vehicle_up(stage);
}

static void stage_close(struct stage *stage)
{
	char command[128];

	if (stage->console >= 0)
		close(stage->console);
	dispatcher_away(stage);
	event_base_free(stage->base);
	arena_close(&stage->dock_arena);
	rig_close(&stage->rig);
	drawn_town_close(&stage->drawn);
	snprintf(command, sizeof command, "rm -rf %s", stage->folder);
	assert_int_equal(system(command), 0);
}

/* Lets the world run until the condition holds, for at most `seconds` of wall time. */
#define UNTIL(stage, seconds, condition)                                      \
	do {                                                                  \
		int64_t end_ = wall(stage) + (seconds)*1000;                  \
		while (!(condition) && wall(stage) < end_)                    \
			turn(stage);                                          \
		if (!(condition))                                             \
			fail_msg("not within %d s: %s", seconds, #condition); \
	} while (0)

static void book(struct stage *stage)
{
	struct command command =
		rig_request_command(&stage->rig, rig_place(&stage->rig, 'B', 'C'), rig_place(&stage->rig, 'G', 'H'));
	struct command accept = {.kind = CMD_ACCEPT};

	accept.accept.ride = command.request.ride;
	accept.accept.boarding_code = 1234;
	command_do(stage, &command);
	command_do(stage, &accept);
	assert_int_equal(core_ride(stage->rig.core, accept.accept.ride)->state, RIDE_PROMISED);
}

static void board(struct stage *stage)
{
	struct command command = {.kind = CMD_BOARD_EVIDENCE};

	command.board_evidence.ride = stage->at_stop;
	command.board_evidence.evidence = WIRE_EVIDENCE_APP;
	command.board_evidence.code = 1234;
	command_do(stage, &command);
	stage->at_stop = 0;
}

static int link_up(const struct stage *stage)
{
	return core_vehicle(stage->rig.core, 1)->link_up;
}

static void test_a_ride(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	UNTIL(&stage, 20, link_up(&stage));
	book(&stage);
	UNTIL(&stage, 30, stage.at_stop);
	board(&stage);
	UNTIL(&stage, 30, stage.n_done == 1);
	assert_int_equal(stage.n_of[WIRE_BOARDED], 1);
	assert_int_equal(core_figures(stage.rig.core)->broken, 0);
	int status = vehicle_end(&stage, SIGTERM);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	stage_close(&stage);
}

/* kill -9 about every second, six rides one after the other. */
static void test_killed_again_and_again(void **state)
{
	static struct stage stage;
	uint32_t kills = 0;
	int64_t next_kill;

	(void)state;
	stage_open(&stage);
	UNTIL(&stage, 20, link_up(&stage));
	next_kill = wall(&stage) + 300;
	for (uint32_t rides = 1; rides <= 6; rides++) {
		book(&stage);
		for (int64_t end = wall(&stage) + 60000; stage.n_done < rides && wall(&stage) < end; turn(&stage)) {
			if (stage.at_stop)
				board(&stage);
			if (wall(&stage) < next_kill)
				continue;
			vehicle_end(&stage, SIGKILL);
			vehicle_up(&stage);
			kills++;
			next_kill = wall(&stage) + rng_between(&stage.rng, 300, 1200);
		}
		assert_int_equal(stage.n_done, rides);
	}
	assert_int_equal(stage.n_of[WIRE_BOARDED], 6);
	assert_int_equal(stage.n_of[WIRE_ALIGHTED], 6);
	assert_true(kills > 5);
	assert_int_equal(core_figures(stage.rig.core)->broken, 0);
	printf("%u kills, %u events\n", kills, stage.n_events);
	assert_int_equal(WEXITSTATUS(vehicle_end(&stage, SIGTERM)), 0);
	stage_close(&stage);
}

/* The rider is aboard, the dispatcher goes away, the vehicle is killed: it brings the rider home and tells it later. */
static void test_tells_later_what_it_did(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	UNTIL(&stage, 20, link_up(&stage));
	book(&stage);
	UNTIL(&stage, 30, stage.at_stop);
	board(&stage);
	UNTIL(&stage, 30, stage.n_of[WIRE_BOARDED] == 1);
	dispatcher_away(&stage);
	for (int i = 0; i < 4; i++) {
		for (int64_t end = wall(&stage) + 1000; wall(&stage) < end;)
			turn(&stage);
		vehicle_end(&stage, SIGKILL);
		vehicle_up(&stage);
	}
	for (int64_t end = wall(&stage) + 3000; wall(&stage) < end;)
		turn(&stage);
	assert_int_equal(stage.n_done, 0);
	dispatcher_up(&stage);
	UNTIL(&stage, 30, stage.n_done == 1);
	assert_int_equal(stage.n_of[WIRE_ALIGHTED], 1);
	vehicle_end(&stage, SIGKILL);
	stage_close(&stage);
}

/* Clock ticks of processor time used so far. */
static long processor_ticks(pid_t pid)
{
	char path[64];
	long user = 0, system_ticks = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(
		fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system_ticks),
		2);
	fclose(file);
	return user + system_ticks;
}

/* Whoever typed has gone: the vehicle goes on, and does not ask the closed pipe again and again. */
static void test_console_closed(void **state)
{
	static struct stage stage;

	(void)state;
	stage_open(&stage);
	UNTIL(&stage, 20, link_up(&stage));
	close(stage.console);
	stage.console = -1;
	long before = processor_ticks(stage.vehicle);
	int64_t until = wall(&stage) + 3000;
	UNTIL(&stage, 10, wall(&stage) > until);
	assert_in_range(processor_ticks(stage.vehicle) - before, 0,
			sysconf(_SC_CLK_TCK)); /* spinning takes three times that */
	assert_int_equal(WEXITSTATUS(vehicle_end(&stage, SIGTERM)), 0);
	stage_close(&stage);
}

static void test_console_and_standstill(void **state)
{
	static struct stage stage;
	struct wire_order order = {.id = 4711, .kind = WIRE_STANDSTILL, .by = "Kim", .reason = "test"};

	(void)state;
	stage_open(&stage);
	UNTIL(&stage, 20, link_up(&stage));
	type(&stage, "call\nmrc a cow on the lane\n");
	UNTIL(&stage, 10, stage.n_of[WIRE_APPROVAL_REQUEST]);
	assert_int_equal(stage.n_of[WIRE_PASSENGER_CALL], 1);
	assert_string_equal(stage.reason, "a cow on the lane");
	type(&stage, "clear\n");
	UNTIL(&stage, 10, stage.n_of[WIRE_MRC_ENDED]);
	dock_standstill(stage.dock, 0, &order);
	UNTIL(&stage, 10, stage.n_of[WIRE_ORDER_DONE]);
	UNTIL(&stage, 10, dock_state(stage.dock, 1)->mode == WIRE_STOPPED);
	vehicle_end(&stage, SIGKILL);
	vehicle_up(&stage); /* it has not forgotten */
	uint32_t hellos = stage.n_hellos;
	UNTIL(&stage, 20, stage.n_hellos > hellos);
	UNTIL(&stage, 10, dock_state(stage.dock, 1)->boot == 2 && dock_state(stage.dock, 1)->mode == WIRE_STOPPED);
	assert_int_equal(WEXITSTATUS(vehicle_end(&stage, SIGTERM)), 0);
	stage_close(&stage);
}

static int run_quiet(const char *arguments)
{
	char command[1024];
	int status;

	snprintf(command, sizeof command, "%s %s >/dev/null 2>&1", program(), arguments);
	status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_wrong_use(void **state)
{
	(void)state;
	assert_int_equal(run_quiet(""), 2);
	assert_int_equal(run_quiet("--vehicle 0"), 2);
	assert_int_equal(run_quiet("--vehicle one"), 2);
	assert_int_equal(run_quiet("--spaces 1,2,3,4,5,6,7,8,9 --key x --make-key"), 2);
	assert_int_equal(run_quiet("--body tank --key x --make-key"), 2);
	assert_int_equal(run_quiet("--key /nowhere/at/all --make-key"), 1);
	assert_int_equal(run_quiet("--vehicle 1 --town /nowhere --connect tcp://127.0.0.1:1 --server-key /x --key /x "
				   "--state /x --start 0:0"),
			 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_ride),
		cmocka_unit_test(test_killed_again_and_again),
		cmocka_unit_test(test_tells_later_what_it_did),
		cmocka_unit_test(test_console_and_standstill),
		cmocka_unit_test(test_console_closed),
		cmocka_unit_test(test_wrong_use),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
