/* vehicle-agent: one vehicle. The pure agent core decides, the body drives, link_client speaks with the dispatcher.
 * What has happened is on disk before anybody is told. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "body.h"
#include "keys.h"
#include "link_client.h"
#include "log.h"
#include "options.h"
#include "projection.h"
#include "state_file.h"

#define SNAP_AWAY_MM 500000
#define SAVE_RETRY_MS 1000
#define PASSES_MAX 64
#define BODY_SAVE_MAX (1024 + 8 * WIRE_STREETS_MAX)
#define TOWN_IN_BLOCK (UINT64_C(1) << 63) /* in the head: the hash of the town the places are of follows */
#define UNHEARD_FIRST_MS 5000
#define UNHEARD_EVERY_MS 300000
#define FORGET_AFTER_MS 300000 /* an empty vehicle that has heard nothing for so long stays at its next stop */

enum { DESCRIPTOR_SIGNAL, DESCRIPTOR_CONSOLE };

struct program {
	struct vehicle_options options;
	struct town town;
	struct arena arena;
	struct agent *agent;
	struct body *body;
	struct link_client *client;
	uint8_t *block;
	size_t block_size;
	int64_t saved_wall; /* last failed attempt to save */
	int save_failed, stop, town_opened;
	int moved; /* memory is of another town already and must not be written any more */
	int descriptors[2];
	uint32_t n_descriptors;
	char line[256];
	size_t n_line;
	struct agent_view seen; /* for the log */
	int64_t unheard_said;	/* wall; when nobody has answered yet, it is said now and then */
	int heard;
	char **arguments;
};

static int64_t wall_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- memory: length of the agent's part, hash of the town, agent, body ---- */
#define HEAD_BYTES (sizeof(uint64_t) + TOWN_HASH_BYTES)

static int program_save_on(struct program *program, const struct town *town, struct err_detail *detail)
{
	size_t n_agent = 0, n_body = 0;
	uint64_t head;
	int rc = agent_save(program->agent, program->block + HEAD_BYTES,
			    program->block_size - HEAD_BYTES - BODY_SAVE_MAX, &n_agent);

	if (!rc)
		rc = body_save(program->body, program->block + HEAD_BYTES + n_agent, BODY_SAVE_MAX, &n_body);
	if (rc)
		return err_set(detail, rc, "state does not fit into %zu bytes", program->block_size);
	head = htole64(n_agent | TOWN_IN_BLOCK);
	memcpy(program->block, &head, sizeof head);
	memcpy(program->block + sizeof head, town->hash, TOWN_HASH_BYTES);
	return state_file_write(program->options.state, program->block, HEAD_BYTES + n_agent + n_body, detail);
}

static int program_save(struct program *program, struct err_detail *detail)
{
	return program_save_on(program, &program->town, detail);
}

/* *ret_boot: the boot to start under. */
static int program_load(struct program *program, uint32_t *ret_boot, struct err_detail *detail)
{
	uint64_t head;
	size_t n = 0, n_agent, at = sizeof head;
	int rc = state_file_read(program->options.state, program->block, program->block_size, &n, detail);

	*ret_boot = 1;
	if (rc == ERR_NOT_FOUND)
		return ERR_OK; /* first start */
	if (rc)
		return rc;
	if (n < HEAD_BYTES)
		return err_set(detail, ERR_TRUNCATED, "%s: %zu bytes", program->options.state, n);
	memcpy(&head, program->block, sizeof head);
	head = le64toh(head);
	if (head & TOWN_IN_BLOCK)
		at = HEAD_BYTES;
	head &= ~TOWN_IN_BLOCK;
	if (head > n - at)
		return err_set(detail, ERR_FORMAT, "%s: its head does not fit its length", program->options.state);
	n_agent = (size_t)head;
	rc = agent_load(program->agent, program->block + at, n_agent, detail);
	*ret_boot = agent_boot_number(program->agent) + 1;
	return rc ? rc : body_load(program->body, program->block + at + n_agent, n - at - n_agent, detail);
}

/* ---- the town ---- */
/* The file of the town with this hash: FILE of --town, or towns/HASH.zmap beside it, where the dispatcher keeps the
 * ones its journal needs. */
static int town_with(const struct program *program, const uint8_t hash[TOWN_HASH_BYTES], struct town *ret_town,
		     struct err_detail *detail)
{
	const char *given = program->options.town, *slash = strrchr(given, '/');
	char path[4096];
	int rc = town_open(ret_town, given, detail), n;

	if (!rc && memcmp(ret_town->hash, hash, TOWN_HASH_BYTES) == 0)
		return ERR_OK;
	if (!rc)
		town_close(ret_town);
	n = snprintf(path, sizeof path - 80, "%.*stowns/", slash ? (int)(slash + 1 - given) : 0, given);
	if (n < 0 || n >= (int)sizeof path - 80)
		return err_set(detail, ERR_RANGE, "%s: path too long", given);
	for (int i = 0; i < TOWN_HASH_BYTES; i++)
		n += snprintf(path + n, sizeof path - (size_t)n, "%02x", hash[i]);
	snprintf(path + n, sizeof path - (size_t)n, ".zmap");
	rc = town_open(ret_town, path, detail);
	if (!rc && memcmp(ret_town->hash, hash, TOWN_HASH_BYTES) != 0) {
		town_close(ret_town);
		rc = err_set(detail, ERR_CHECKSUM, "%s: is not the town its name says", path);
	}
	return rc;
}

/* The town its memory is of, when that can still be found, also when FILE is a newer one: the dispatcher says when the
 * newer one counts. */
static int open_town(struct program *program, struct err_detail *detail)
{
	static uint8_t block[1 << 20];
	uint64_t head = 0;
	size_t n = 0;
	struct err_detail unread;
	int rc = state_file_read(program->options.state, block, sizeof block, &n, &unread);

	if (!rc && n >= HEAD_BYTES)
		memcpy(&head, block, sizeof head);
	rc = ERR_NOT_FOUND;
	if (le64toh(head) & TOWN_IN_BLOCK)
		rc = town_with(program, block + sizeof head, &program->town, &unread);
	return rc ? town_open(&program->town, program->options.town, detail) : ERR_OK;
}

struct new_town {
	struct town town;
	struct projection *projection;
	uint32_t class_index;
};

static int spot_on(void *self, struct geo_point point, struct spot *ret_spot)
{
	const struct new_town *next = self;
	const struct town *town = &next->town;
	struct geo_xy xy;
	struct snap snap;

	for (uint32_t s = 0; s < town->n_stops; s++) { /* a stop is where the town says it is */
		struct spot spot = town->stop_spot[(size_t)next->class_index * town->n_stops + s];
		if (town->stop_point[s].lat_e7 == point.lat_e7 && town->stop_point[s].lon_e7 == point.lon_e7 &&
		    spot.arc != NONE)
			return *ret_spot = spot, ERR_OK;
	}
	if (projection_forward(next->projection, point, &xy) ||
	    !network_snap(&town->road, next->class_index, xy, SNAP_AWAY_MM, 1, &snap, 1))
		return ERR_RANGE;
	*ret_spot = snap.spot;
	return ERR_OK;
}

/* Sets agent and body on the new town and saves them so. */
static int move_to(struct program *program, struct new_town *next, struct err_detail *detail)
{
	const char *crs = town_text(&next->town, next->town.crs);
	struct body_report report;
	struct spot here;
	instant_ms now = agent_service_now(program->agent, wall_now());
	int rc = projection_open(&next->projection, *crs ? crs : NULL, next->town.origin, detail);

	if (rc)
		return rc;
	next->class_index = town_class(&next->town, program->options.class_name);
	body_step(program->body, now, 0, &report);
	if (next->class_index == NONE ||
	    spot_on(next, (struct geo_point){report.place.lat_e7, report.place.lon_e7}, &here))
		rc = err_set(detail, ERR_RANGE, "the vehicle's class, or where it stands, is not on the new town");
	else if ((rc = agent_set_town(program->agent, &next->town, spot_on, next)))
		err_set(detail, rc, "what is planned is not on the new town: %s", err_text(rc));
	projection_close(next->projection);
	if (rc)
		return rc;
	body_stand_at(program->body, here);
	rc = program_save_on(program, &next->town, detail);
	if (rc) { /* half moved: memory still has the old town, and is where the next start goes on */
		log_line(LOG_ERROR, "%s", detail->text);
		program->stop = program->moved = 1;
	}
	return rc;
}

/* The dispatcher plans on a town that is not ours. If its file is here, the vehicle takes it at once, wherever it is:
 * the program starts again from its memory, as after any failure, and says hello. Else the plan is refused. */
static void change_town(struct program *program, const struct wire_plan *plan)
{
	struct new_town next = {.projection = NULL};
	struct err_detail detail = {""};
	int rc = town_with(program, plan->town_hash, &next.town, &detail);

	if (rc) {
		log_line(LOG_WARNING, "a plan for another town file, which is not here: %s", detail.text);
		return;
	}
	rc = move_to(program, &next, &detail);
	if (!rc) {
		log_line(LOG_INFO, "another town file counts from now on: starting again with it");
		execv("/proc/self/exe", program->arguments);
		log_line(LOG_ERROR, "cannot start again: %s", strerror(errno));
		program->stop = program->moved = 1;
	} else if (!program->stop) {
		log_line(LOG_WARNING, "the town file of this plan cannot be taken: %s", detail.text);
	}
	town_close(&next.town);
}

/* ---- opening ---- */
static int start_by_place(const struct program *program, const char *text, uint32_t class_index, struct spot *ret_spot,
			  struct err_detail *detail)
{
	const char *crs = town_text(&program->town, program->town.crs);
	struct projection *projection = NULL;
	struct geo_point point;
	struct geo_xy xy;
	struct snap snap;
	int rc = geo_parse(text, &point);

	if (rc)
		return err_set(detail, rc, "--start %s: expected LAT,LON or ARC:OFFSET_MM", text);
	rc = projection_open(&projection, *crs ? crs : NULL, program->town.origin, detail);
	if (rc)
		return rc;
	rc = projection_forward(projection, point, &xy);
	projection_close(projection);
	if (rc || !network_snap(&program->town.road, class_index, xy, SNAP_AWAY_MM, 1, &snap, 1))
		return err_set(detail, ERR_RANGE, "--start %s: no road for this class within %d m", text,
			       SNAP_AWAY_MM / 1000);
	*ret_spot = snap.spot;
	return ERR_OK;
}

static int start_spot(const struct program *program, uint32_t class_index, struct spot *ret_spot,
		      struct err_detail *detail)
{
	const char *text = program->options.start;
	unsigned arc, offset;
	char end;

	if (sscanf(text, "%u:%u%c", &arc, &offset, &end) != 2)
		return start_by_place(program, text, class_index, ret_spot, detail);
	if (arc >= program->town.road.n_arcs || offset > program->town.road.dist_mm[arc])
		return err_set(detail, ERR_RANGE, "--start %s: the town has no such spot", text);
	*ret_spot = (struct spot){.arc = arc, .offset_mm = offset};
	return ERR_OK;
}

static int open_body(struct program *program, uint32_t class_index, const struct route_graph *graph,
		     struct err_detail *detail)
{
	struct body_options options = {.class_index = class_index,
				       .battery_wh = program->options.battery_wh,
				       .charge_w = program->options.charge_w,
				       .wh_per_km = program->town.class_wh_per_km[class_index],
				       .slow_permille = program->options.slow_permille,
				       .battery_permille = program->options.battery_permille};
	int rc = start_spot(program, class_index, &options.start, detail);

	if (rc)
		return rc;
	rc = body_open(&program->body, &options, &program->town, graph, &program->arena);
	return rc ? err_set(detail, rc, "--start %s: class %s may not drive there", program->options.start,
			    program->options.class_name)
		  : ERR_OK;
}

static int open_agent(struct program *program, struct err_detail *detail)
{
	struct agent_settings settings = {.simulated = 1,
					  .doors_ms = program->options.doors_ms,
					  .mrc_after_silence_ms = FORGET_AFTER_MS,
					  .battery_wh = program->options.battery_wh,
					  .charge_w = program->options.charge_w};
	int rc;

	memcpy(settings.class_name, program->options.class_name, strlen(program->options.class_name));
	memcpy(settings.spaces, program->options.spaces, sizeof settings.spaces);
	rc = agent_open(&program->agent, &settings, &program->town, &program->arena);
	return rc ? err_set(detail, rc, "the town has no vehicle class %s", program->options.class_name) : ERR_OK;
}

/* The arena is taken twice: the size of a query is known only when the graph is there. */
static int open_vehicle(struct program *program, struct err_detail *detail)
{
	static struct arena graph_arena;
	struct route_graph *graph = NULL;
	uint32_t class_index = town_class(&program->town, program->options.class_name);
	int rc;

	if (class_index == NONE)
		return err_set(detail, ERR_NOT_FOUND, "the town has no vehicle class %s", program->options.class_name);
	rc = arena_open(&graph_arena, route_graph_size(&program->town.road) + 4096);
	if (!rc)
		rc = route_graph_open(&graph, &program->town.road, &graph_arena);
	if (!rc)
		rc = arena_open(&program->arena,
				agent_size() + body_size(&program->town) + route_query_size(graph) + 4096);
	if (rc)
		return err_set(detail, rc, "%s", err_text(rc));
	program->block_size = agent_save_size() + BODY_SAVE_MAX + HEAD_BYTES + 64;
	program->block = malloc(program->block_size);
	if (!program->block)
		return err_set(detail, ERR_MEMORY, "%s", err_text(ERR_MEMORY));
	rc = open_agent(program, detail);
	if (!rc)
		rc = open_body(program, class_index, graph, detail);
	return rc;
}

/* The start is counted and the count is on disk before a word is said under it. */
static int open_memory(struct program *program, struct err_detail *detail)
{
	uint32_t boot = 1;
	int rc = state_file_lock(program->options.state, detail);

	if (!rc)
		rc = program_load(program, &boot, detail);
	if (rc)
		return rc;
	agent_boot(program->agent, boot);
	return program_save(program, detail);
}

static int open_signals(struct program *program)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL); /* before ZeroMQ's threads start, which inherit it */
	program->descriptors[DESCRIPTOR_SIGNAL] = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	program->descriptors[DESCRIPTOR_CONSOLE] = STDIN_FILENO;
	program->n_descriptors = program->options.console ? 2 : 1;
	return program->descriptors[DESCRIPTOR_SIGNAL] < 0 ? ERR_IO : ERR_OK;
}

static int program_open(struct program *program, struct err_detail *detail)
{
	struct link_client_options link = {.endpoint = program->options.connect,
					   .server_key_path = program->options.server_key,
					   .key_path = program->options.key};
	int rc = open_signals(program);

	if (!rc)
		rc = open_town(program, detail);
	program->town_opened = !rc;
	if (!rc)
		rc = open_vehicle(program, detail);
	if (!rc)
		rc = open_memory(program, detail);
	return rc ? rc : link_client_open(&program->client, &link, detail);
}

/* ---- console ---- */
static void console_line(struct program *program, const char *line)
{
	instant_ms now = agent_service_now(program->agent, wall_now());

	if (strcmp(line, "call") == 0)
		agent_button(program->agent, WIRE_PASSENGER_CALL);
	else if (strcmp(line, "stop") == 0)
		agent_button(program->agent, WIRE_STOP_WISH);
	else if (strcmp(line, "emergency") == 0)
		agent_button(program->agent, WIRE_EMERGENCY);
	else if (strncmp(line, "code ", 5) == 0)
		agent_code(program->agent, (uint16_t)strtoul(line + 5, NULL, 10));
	else if (strncmp(line, "mrc ", 4) == 0)
		body_inject(program->body, BODY_FAULT_MRC, line + 4, now);
	else if (strncmp(line, "fault ", 6) == 0)
		body_inject(program->body, BODY_FAULT_DEAD, line + 6, now);
	else if (strcmp(line, "clear") == 0)
		body_inject(program->body, BODY_FAULT_NONE, "", now);
	else
		log_line(LOG_WARNING, "console: not understood: %s", line);
}

static void console_read(struct program *program)
{
	char *end;
	ssize_t n = read(STDIN_FILENO, program->line + program->n_line, sizeof program->line - 1 - program->n_line);

	if (n <= 0) {
		program->n_descriptors = 1; /* closed */
		return;
	}
	program->n_line += (size_t)n;
	program->line[program->n_line] = '\0';
	while ((end = strchr(program->line, '\n')) != NULL) {
		*end = '\0';
		console_line(program, program->line);
		program->n_line -= (size_t)(end + 1 - program->line);
		memmove(program->line, end + 1, program->n_line + 1);
	}
	if (program->n_line == sizeof program->line - 1)
		program->n_line = 0; /* no line is that long */
}

/* ---- the loop ---- */
/* Lets the vehicle do what is due. Body and agent take turns until neither has anything new for the other. */
static void program_step(struct program *program, int64_t wall)
{
	struct drive_command before = {0}, command;
	uint8_t state_before = UINT8_MAX;

	for (int pass = 0; pass < PASSES_MAX; pass++) {
		instant_ms now = agent_service_now(program->agent, wall);
		struct agent_view view;
		struct body_report report;
		agent_view(program->agent, &view);
		body_step(program->body, now, view.mode == WIRE_CHARGING, &report);
		agent_body(program->agent, &report);
		agent_tick(program->agent, wall);
		command = agent_drive(program->agent);
		body_command(program->body, &command, now);
		if (pass && command.wish == before.wish && command.leg == before.leg && report.state == state_before)
			return;
		before = command;
		state_before = report.state;
	}
}

static void program_receive(struct program *program, int64_t wall)
{
	struct wire_message message;

	while (!program->stop && link_client_receive(program->client, &message)) {
		if (message.kind == WIRE_KIND_PLAN && agent_wants_town(program->agent, &message.plan))
			change_town(program, &message.plan);
		if (program->stop)
			return;
		agent_receive(program->agent, &message, wall);
		program_step(program, wall);
	}
}

/* 0 = what must be on disk is there, so messages may go out. */
static int program_keep(struct program *program, int64_t wall)
{
	struct err_detail detail;

	if (!agent_dirty(program->agent) && !program->save_failed)
		return ERR_OK;
	if (program->save_failed && wall - program->saved_wall < SAVE_RETRY_MS)
		return ERR_IO;
	int rc = program_save(program, &detail);
	if (rc && !program->save_failed)
		log_line(LOG_ERROR, "%s; silent until it can be written", detail.text);
	program->save_failed = rc != ERR_OK;
	program->saved_wall = wall;
	return rc;
}

static void program_send(struct program *program, int64_t wall)
{
	struct wire_message message;

	if (program_keep(program, wall))
		return;
	while (agent_next_message(program->agent, &message))
		(void)link_client_send(program->client, &message); /* lost: the agent repeats */
}

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = {
		"?",	    "idle",  "driving",	     "at stop", "held", "stopped", "minimal-risk condition",
		"charging", "fault", "being cleaned"};

	return names[mode < COUNT_OF(names) ? mode : 0];
}

/* A dispatcher that does not know our key says nothing at all, just as one that is not there. */
static void log_unheard(struct program *program, int64_t wall)
{
	if (!program->unheard_said)
		program->unheard_said = wall - UNHEARD_EVERY_MS + UNHEARD_FIRST_MS;
	if (program->heard || wall - program->unheard_said < UNHEARD_EVERY_MS)
		return;
	program->unheard_said = wall;
	log_line(LOG_WARNING,
		 "no word from %s yet: does the dispatcher run there, and is public key %s in its fleet file?",
		 program->options.connect, link_client_public_key(program->client));
}

static void program_log(struct program *program, int64_t wall)
{
	struct agent_view view;

	agent_view(program->agent, &view);
	program->heard |= view.link_up;
	log_unheard(program, wall);
	if (view.link_up != program->seen.link_up)
		log_line(LOG_INFO, view.link_up ? "dispatcher heard" : "dispatcher silent");
	if (view.mode != program->seen.mode || view.n_aboard != program->seen.n_aboard)
		log_line(LOG_INFO, "%s, plan %u.%u, task %u of %u, %u rides aboard", mode_name(view.mode),
			 view.plan_epoch, view.plan_version, view.n_done, view.n_tasks, view.n_aboard);
	program->seen = view;
}

static int64_t program_due(const struct program *program, int64_t wall)
{
	instant_ms now = agent_service_now(program->agent, wall), next = body_next(program->body);
	uint32_t speed = agent_clock_speed_permille(program->agent);
	int64_t due = agent_due(program->agent, wall);

	if (next != INT64_MAX && speed) {
		int64_t arrives = wall + (next > now ? ((next - now) * 1000 + speed - 1) / speed : 0);
		due = arrives < due ? arrives : due;
	}
	if (program->save_failed && due < wall + SAVE_RETRY_MS)
		due = wall + SAVE_RETRY_MS;
	return due;
}

static void program_wait(struct program *program)
{
	int64_t wall = wall_now(), wait = program_due(program, wall) - wall;
	uint32_t readable;

	wait = wait < 0 ? 0 : wait > 1000 ? 1000 : wait;
	readable = link_client_wait(program->client, program->descriptors, program->n_descriptors, wait, wall);
	if (readable >> DESCRIPTOR_SIGNAL & 1) {
		struct signalfd_siginfo info;
		program->stop = read(program->descriptors[DESCRIPTOR_SIGNAL], &info, sizeof info) > 0;
	}
	if (readable >> DESCRIPTOR_CONSOLE & 1)
		console_read(program);
}

static int program_run(struct program *program)
{
	struct err_detail detail;
	int rc;

	while (!program->stop) {
		int64_t wall = wall_now();
		program_receive(program, wall);
		if (program->moved)
			return ERR_IO;
		program_step(program, wall);
		program_send(program, wall);
		program_log(program, wall);
		program_wait(program);
	}
	rc = program_save(program, &detail);
	if (rc)
		log_line(LOG_ERROR, "%s", detail.text);
	return rc;
}

static void program_close(struct program *program)
{
	link_client_close(program->client);
	if (program->town_opened)
		town_close(&program->town);
	arena_close(&program->arena);
	free(program->block);
}

static int make_key(const char *path, struct err_detail *detail)
{
	char public_key[KEYS_TEXT], secret_key[KEYS_TEXT];
	int rc = link_keys(path, public_key, secret_key, detail);

	if (!rc)
		puts(public_key);
	return rc;
}

int main(int argc, char **argv)
{
	static struct program program;
	static char name[64] = "vehicle-agent";
	struct err_detail detail = {""};

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(options_usage, stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		printf("vehicle-agent %s, vehicle link %d, town files %d, state files %d\n", ZUB_VERSION, WIRE_VERSION,
		       TOWN_VERSION, AGENT_STATE_VERSION);
		return 0;
	}
	int rc = options_read(argc, argv, &program.options, &detail);

	program.arguments = argv;
	if (rc) {
		fprintf(stderr, "vehicle-agent: %s\n%s", detail.text, options_usage);
		return 2;
	}
	if (program.options.name)
		snprintf(name, sizeof name, "%s", program.options.name);
	else if (program.options.vehicle)
		snprintf(name, sizeof name, "vehicle %u", program.options.vehicle);
	log_open(name, program.options.quiet ? LOG_WARNING : LOG_INFO);
	if (program.options.key_only)
		rc = make_key(program.options.key, &detail);
	else
		rc = program_open(&program, &detail);
	if (!rc && !program.options.key_only) {
		log_line(LOG_INFO, "start %u, public key %s", agent_boot_number(program.agent),
			 link_client_public_key(program.client));
		rc = program_run(&program);
	} else if (rc) {
		log_line(LOG_ERROR, "%s", detail.text[0] ? detail.text : err_text(rc));
	}
	program_close(&program);
	return rc ? 1 : 0;
}
