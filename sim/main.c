/* The simulator: runs scenarios on a virtual clock, replays journals, plays riders against a live dispatcher. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"
#include "figures.h"
#include "live.h"
#include "receipts.h"
#include "record.h"
#include "replay.h"
#include "routing.h"
#include "run.h"
#include "scenario.h"
#include "towns.h"
#include "trains.h"

/* clang-format off */
static const char usage[] =
	"usage: sim run SCENARIO.yaml --out DIR [--town FILE] [--seeds 1..10] [--threads N] [--set NAME=VALUE ...]\n"
	"               [--journal] [--progress]\n"
	"           a day on a virtual clock, for each seed, on all cores; leaves in DIR: report.html, figures.json and\n"
	"           figures.csv, by_hour.csv, by_need.csv, rides.csv, vehicles.csv, stops.geojson, flows.geojson,\n"
	"           scenario.yaml (all defaults and parents resolved); --journal: journal.db or journal-SEED.db\n"
	"       sim compare DIR-A DIR-B [--out DIR]\n"
	"           what differs between two runs with the same seeds: paired differences with 95 % intervals;\n"
	"           --out: also compare.csv\n"
	"       sim replay JOURNAL --town FILE|--towns DIR [--unfinished] [--memory FILE] [--json]\n"
	"           identical outcomes? (JOURNAL: a store, e.g. journal.db)\n"
	"       sim live --town FILE --port N --token FILE --memory FILE [--address HOST] [--minutes N] [--per-hour N]\n"
	"                [--seed N] [--status] [--trains PREFIX]\n"
	"           riders who use a running dispatcher over HTTP; --trains: writes live times of simulated trains\n"
	"       sim trains --town FILE --trains PREFIX\n"
	"           what the dispatcher's setting feeds.trip_updates must be to read them\n"
	"       sim start --town FILE\n"
	"           an instant to begin a demo at\n"
	"       sim fleet --town FILE --keys DIR --vehicles N [--arguments]\n"
	"           a fleet file for simulated shuttles (keys: DIR/vehicle-N.key.pub), or the agents' own arguments\n"
	"       sim darp|pdptw FILE [--seconds S] [--seed N]\n"
	"           a public benchmark instance with the improvement search; prints JSON\n"
	"       sim settings\n"
	"           all names of a scenario\n"
	"       sim --version\n";
/* clang-format on */

struct arguments {
	const char *command, *file, *second, *out, *town, *towns, *token, *memory, *address, *keys, *seeds, *trains;
	uint64_t vehicles, threads, port, minutes, seconds, per_hour, seed;
	int journal, unfinished, status, arguments, progress, json;
	struct scenario scenario;
	const char *sets[64];
	uint32_t n_sets;
};

static int fail(const struct err_detail *detail)
{
	fprintf(stderr, "sim: %s\n", detail->text);
	return 1;
}

/* All options of all commands: where the value goes, and the range of a number. */
enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_FLAG, OPTION_SET };
struct option_row {
	const char *name;
	enum option_kind kind;
	size_t offset;
	uint64_t least, most;
};
#define TEXT(name, member)                                                  \
	{                                                                   \
		name, OPTION_TEXT, offsetof(struct arguments, member), 0, 0 \
	}
#define FLAG(name, member)                                                  \
	{                                                                   \
		name, OPTION_FLAG, offsetof(struct arguments, member), 0, 0 \
	}
#define NUMBER(name, member, least, most)                                            \
	{                                                                            \
		name, OPTION_NUMBER, offsetof(struct arguments, member), least, most \
	}
static const struct option_row option_rows[] = {
	TEXT("out", out),
	{"set", OPTION_SET, 0, 0, 0},
	TEXT("town", town),
	TEXT("towns", towns),
	NUMBER("port", port, 1, 65535),
	TEXT("token", token),
	TEXT("memory", memory),
	NUMBER("minutes", minutes, 0, 5000000),
	NUMBER("per-hour", per_hour, 0, 1000000),
	NUMBER("seed", seed, 0, UINT64_MAX),
	FLAG("status", status),
	FLAG("journal", journal),
	FLAG("unfinished", unfinished),
	FLAG("json", json), /* the only form there is */
	TEXT("address", address),
	TEXT("keys", keys),
	NUMBER("vehicles", vehicles, 1, 65536),
	FLAG("arguments", arguments),
	TEXT("seeds", seeds),
	NUMBER("threads", threads, 0, 999),
	FLAG("progress", progress),
	TEXT("trains", trains),
	NUMBER("seconds", seconds, 1, 86400),
};
#undef TEXT
#undef FLAG
#undef NUMBER

static int put_number(const struct option_row *row, const char *text, uint64_t *to)
{
	char *end;
	errno = 0;
	uint64_t number = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || number < row->least || number > row->most) {
		fprintf(stderr, "sim: --%s %s: expected a whole number from %" PRIu64 " to %" PRIu64 "\n", row->name,
			text, row->least, row->most);
		return ERR_USAGE;
	}
	*to = number;
	return ERR_OK;
}

static int put_option(const struct option_row *row, const char *text, struct arguments *arguments)
{
	char *member = (char *)arguments + row->offset;
	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)(void *)member = text;
		return ERR_OK;
	case OPTION_FLAG:
		*(int *)(void *)member = 1;
		return ERR_OK;
	case OPTION_NUMBER:
		return put_number(row, text, (uint64_t *)(void *)member);
	default:
		if (arguments->n_sets == COUNT_OF(arguments->sets)) {
			fprintf(stderr, "sim: more than %zu --set\n", COUNT_OF(arguments->sets));
			return ERR_USAGE;
		}
		arguments->sets[arguments->n_sets++] = text;
		return ERR_OK;
	}
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	struct option names[COUNT_OF(option_rows) + 1] = {{0}};
	int option;
	for (size_t i = 0; i < COUNT_OF(option_rows); i++)
		names[i] = (struct option){option_rows[i].name, option_rows[i].kind != OPTION_FLAG, NULL, 256 + (int)i};
	arguments->per_hour = arguments->scenario.demand.per_hour;
	arguments->seed = arguments->scenario.demand.seed;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		if (option < 256 || put_option(&option_rows[option - 256], optarg, arguments))
			return ERR_USAGE;
	if (optind >= argc)
		return ERR_USAGE;
	arguments->scenario.demand.per_hour = (uint32_t)arguments->per_hour;
	arguments->scenario.demand.seed = arguments->seed;
	arguments->command = argv[optind];
	arguments->file = optind + 1 < argc ? argv[optind + 1] : NULL;
	arguments->second = optind + 2 < argc ? argv[optind + 2] : NULL;
	return ERR_OK;
}

/* ---- run ---- */

static int run(const struct arguments *arguments)
{
	struct err_detail detail = {""};
	const struct run_options options = {.file = arguments->file,
					    .folder = arguments->out,
					    .town = arguments->town,
					    .seeds = arguments->seeds,
					    .sets = arguments->sets,
					    .n_sets = arguments->n_sets,
					    .n_threads = (uint32_t)arguments->threads,
					    .journal = arguments->journal,
					    .progress = arguments->progress};
	if (!options.file || !options.folder) {
		fputs(usage, stderr);
		return 2;
	}
	return run_scenario(&options, &detail) ? fail(&detail) : 0;
}

static int compare(const struct arguments *arguments)
{
	struct err_detail detail = {""};
	if (!arguments->file || !arguments->second) {
		fputs(usage, stderr);
		return 2;
	}
	return compare_folders(arguments->file, arguments->second, arguments->out, stdout, &detail) ? fail(&detail) : 0;
}

/* ---- replay ---- */

static void print_replay(const struct replay_report *report, uint64_t n_receipts)
{
	char digest[24];
	json_t *json = json_object();
	json_t *figures = figures_json(&report->figures, report->empty_mm, report->loaded_mm);
	snprintf(digest, sizeof digest, "%016" PRIx64, report->digest);
	json_object_set_new(json, "identical",
			    json_boolean(report->differing == 0 && report->digest == report->recorded_digest));
	json_object_set_new(json, "commands", json_integer((json_int_t)report->commands));
	json_object_set_new(json, "differing", json_integer((json_int_t)report->differing));
	json_object_set_new(json, "first_differing", json_integer((json_int_t)report->first_differing));
	json_object_set_new(json, "digest", json_string(digest));
	json_object_set_new(json, "checker",
			    report->fault[0] ? json_string(report->fault) : json_string("nothing wrong"));
	json_object_set_new(json, "receipts", json_integer((json_int_t)n_receipts));
	json_object_set_new(json, "figures", figures);
	json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', stdout);
	json_decref(json);
}

static int replay_one_town(struct store *store, const struct arguments *arguments, struct replay_report *report,
			   struct err_detail *detail)
{
	struct town town;
	int code = town_open(&town, arguments->town, detail);
	if (code)
		return code;
	code = replay_run(store, &town, !arguments->unfinished, report, detail);
	town_close(&town);
	return code;
}

/* The towns are in a folder, by their hashes, as the dispatcher keeps them; the first one too. */
static int replay_towns(struct store *store, const struct arguments *arguments, struct replay_report *report,
			struct err_detail *detail)
{
	struct core_settings settings;
	uint8_t hash[TOWN_HASH_BYTES];
	struct towns towns = {.n = 0};
	struct towns_entry *first;
	int code = journal_settings(store, &settings, hash, detail);
	if (snprintf(towns.folder, sizeof towns.folder, "%s", arguments->towns) >= (int)sizeof towns.folder)
		return err_set(detail, ERR_RANGE, "%s: path too long", arguments->towns);
	if (!code)
		code = towns_find(&towns, hash, &first, detail);
	if (!code)
		code = replay_run_with(store, &first->town, towns_give, &towns, !arguments->unfinished, report, detail);
	towns_close(&towns);
	return code;
}

static int replay(const struct arguments *arguments)
{
	struct err_detail detail = {""};
	struct store *store;
	static struct replay_report report;
	uint64_t n_receipts = 0;
	if (!arguments->file || (!arguments->town && !arguments->towns)) {
		fputs(usage, stderr);
		return 2;
	}
	int code = store_open_read(&store, arguments->file, &detail);
	if (code)
		return fail(&detail);
	code = arguments->towns ? replay_towns(store, arguments, &report, &detail)
				: replay_one_town(store, arguments, &report, &detail);
	if (!code && arguments->memory)
		code = receipts_check(store, arguments->memory, &n_receipts, &detail);
	store_close(store);
	if (code)
		return fail(&detail);
	print_replay(&report, n_receipts);
	return report.differing || report.digest != report.recorded_digest || report.fault[0] ? 1 : 0;
}

/* ---- live ---- */

static int live(const struct arguments *arguments)
{
	struct err_detail detail = {""};
	struct town town;
	struct live_options options = {.address = arguments->address ? arguments->address : "127.0.0.1",
				       .port = (uint16_t)arguments->port,
				       .token_path = arguments->token,
				       .memory_path = arguments->memory,
				       .minutes = arguments->minutes,
				       .show_status = arguments->status,
				       .trains = arguments->trains,
				       .demand = arguments->scenario.demand};
	if (!arguments->town || !arguments->port || !arguments->token || !arguments->memory) {
		fputs(usage, stderr);
		return 2;
	}
	if (town_open(&town, arguments->town, &detail))
		return fail(&detail);
	int code = live_run(&options, &town, &detail);
	town_close(&town);
	return code && code != ERR_INTERRUPTED ? fail(&detail) : 0;
}

/* ---- what the demo is made of ---- */

static int print_start(const struct town *town, struct err_detail *detail)
{
	instant_ms start;
	char text[32];
	struct tm tm;
	if (demand_show_day(town, &start))
		return err_set(detail, ERR_NOT_FOUND, "no trip runs on any day of the timetable");
	time_t seconds = (time_t)(start / SECOND_MS);
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	puts(text);
	return ERR_OK;
}

static int print_vehicle(const struct arguments *arguments, const struct town *town, uint32_t number,
			 struct geo_point hub, struct err_detail *detail)
{
	char path[512], key[48] = "", spaces[64] = "8";
	double lat = hub.lat_e7 / 1e7, lon = hub.lon_e7 / 1e7;
	for (uint32_t space = 1; space < town->n_spaces; space++)
		snprintf(spaces + strlen(spaces), sizeof spaces - strlen(spaces), ",%d",
			 strcmp(town_text(town, town->space_name[space]), "wheelchair") &&
					 strcmp(town_text(town, town->space_name[space]), "wheelchair_bay")
				 ? 2
				 : 1);
	if (arguments->arguments) {
		printf("%u --class %s --spaces %s --start %.7f,%.7f\n", number, town_text(town, town->class_name[0]),
		       spaces, lat, lon);
		return ERR_OK;
	}
	snprintf(path, sizeof path, "%s/vehicle-%u.key.pub", arguments->keys, number);
	FILE *file = fopen(path, "r");
	if (!file || !fgets(key, sizeof key, file)) {
		if (file)
			fclose(file);
		return err_set(detail, ERR_IO, "%s: no public key there", path);
	}
	fclose(file);
	key[strcspn(key, "\r\n")] = 0;
	printf("  - {number: %u, name: \"Shuttle %u\", class: %s, simulated: true, step_free: true, spaces: [%s], "
	       "depot: \"%.7f,%.7f\",\n     key: '",
	       number, number, town_text(town, town->class_name[0]), spaces, lat, lon);
	for (const char *c = key; *c; c++)
		printf(*c == '\'' ? "''" : "%c", *c);
	puts("'}");
	return ERR_OK;
}

static int print_fleet(const struct arguments *arguments, const struct town *town, struct err_detail *detail)
{
	struct geo_point hub;
	if (demand_hub(town, &hub))
		return err_set(detail, ERR_NOT_FOUND,
			       "no stop of the timetable is reached by a road: nowhere to begin");
	if (!arguments->arguments)
		puts("# simulated shuttles, made by sim fleet\nvehicles:");
	int code = ERR_OK;
	for (uint32_t number = 1; number <= arguments->vehicles && !code; number++)
		code = print_vehicle(arguments, town, number, hub, detail);
	return code;
}

static int print_trains(const struct arguments *arguments, const struct town *town, struct err_detail *detail)
{
	char text[1024]; /* what the setting holds */
	if (trains_setting(town, arguments->trains, text, sizeof text))
		return err_set(detail, ERR_FULL, "%s: the path or the names of the timetables are too long",
			       arguments->trains);
	puts(text);
	return ERR_OK;
}

static int demo_part(const struct arguments *arguments)
{
	struct err_detail detail = {""};
	struct town town;
	int is_fleet = !strcmp(arguments->command, "fleet"), is_trains = !strcmp(arguments->command, "trains");
	if (!arguments->town || (is_trains && !arguments->trains) ||
	    (is_fleet && (!arguments->keys || !arguments->vehicles))) {
		fputs(usage, stderr);
		return 2;
	}
	if (town_open(&town, arguments->town, &detail))
		return fail(&detail);
	int code = is_fleet    ? print_fleet(arguments, &town, &detail)
		   : is_trains ? print_trains(arguments, &town, &detail)
			       : print_start(&town, &detail);
	town_close(&town);
	return code ? fail(&detail) : 0;
}

static int solve(const struct arguments *arguments)
{
	struct routing_options options = {.path = arguments->file,
					  .kind = !strcmp(arguments->command, "darp") ? ROUTING_DARP : ROUTING_PDPTW,
					  .seconds = (uint32_t)arguments->seconds,
					  .seed = arguments->seed,
					  .progress = isatty(2) ? stderr : NULL};
	struct err_detail detail = {""};
	if (!arguments->file || arguments->second) {
		fputs(usage, stderr);
		return 2;
	}
	return routing_solve(&options, stdout, &detail) ? fail(&detail) : 0;
}

int main(int argc, char **argv)
{
	static struct arguments arguments;
	arguments.seconds = 10;
	scenario_default(&arguments.scenario);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("sim %s, engine %d, town files %d, records %d\n", ZUB_VERSION, CORE_ENGINE_VERSION, TOWN_VERSION,
		       RECORD_VERSION);
		return 0;
	}
	if (read_arguments(argc, argv, &arguments)) {
		fputs(usage, stderr);
		return 2;
	}
	if (!strcmp(arguments.command, "darp") || !strcmp(arguments.command, "pdptw"))
		return solve(&arguments);
	if (!strcmp(arguments.command, "run"))
		return run(&arguments);
	if (!strcmp(arguments.command, "compare"))
		return compare(&arguments);
	if (!strcmp(arguments.command, "replay"))
		return replay(&arguments);
	if (!strcmp(arguments.command, "live"))
		return live(&arguments);
	if (!strcmp(arguments.command, "start") || !strcmp(arguments.command, "fleet") ||
	    !strcmp(arguments.command, "trains"))
		return demo_part(&arguments);
	if (!strcmp(arguments.command, "settings")) {
		scenario_print_manual(stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
