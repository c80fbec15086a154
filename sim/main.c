/* The simulator: runs scenarios on a virtual clock, replays journals, plays riders against a live dispatcher. */
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
	uint32_t vehicles, threads;
	uint16_t port;
	uint64_t minutes;
	int journal, unfinished, status, arguments, progress;
	struct scenario scenario;
	const char *sets[64];
	uint32_t n_sets;
};

static int fail(const struct err_detail *detail)
{
	fprintf(stderr, "sim: %s\n", detail->text);
	return 1;
}

enum {
	OPT_OUT = 256,
	OPT_SET,
	OPT_TOWN,
	OPT_PORT,
	OPT_TOKEN,
	OPT_MEMORY,
	OPT_MINUTES,
	OPT_PER_HOUR,
	OPT_SEED,
	OPT_STATUS,
	OPT_JOURNAL,
	OPT_UNFINISHED,
	OPT_JSON,
	OPT_ADDRESS,
	OPT_KEYS,
	OPT_VEHICLES,
	OPT_ARGUMENTS,
	OPT_TOWNS,
	OPT_SEEDS,
	OPT_THREADS,
	OPT_PROGRESS,
	OPT_TRAINS
};

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option names[] = {{"out", 1, NULL, OPT_OUT},
					      {"set", 1, NULL, OPT_SET},
					      {"town", 1, NULL, OPT_TOWN},
					      {"towns", 1, NULL, OPT_TOWNS},
					      {"port", 1, NULL, OPT_PORT},
					      {"token", 1, NULL, OPT_TOKEN},
					      {"memory", 1, NULL, OPT_MEMORY},
					      {"minutes", 1, NULL, OPT_MINUTES},
					      {"per-hour", 1, NULL, OPT_PER_HOUR},
					      {"seed", 1, NULL, OPT_SEED},
					      {"status", 0, NULL, OPT_STATUS},
					      {"journal", 0, NULL, OPT_JOURNAL},
					      {"unfinished", 0, NULL, OPT_UNFINISHED},
					      {"json", 0, NULL, OPT_JSON},
					      {"address", 1, NULL, OPT_ADDRESS},
					      {"keys", 1, NULL, OPT_KEYS},
					      {"vehicles", 1, NULL, OPT_VEHICLES},
					      {"arguments", 0, NULL, OPT_ARGUMENTS},
					      {"seeds", 1, NULL, OPT_SEEDS},
					      {"threads", 1, NULL, OPT_THREADS},
					      {"progress", 0, NULL, OPT_PROGRESS},
					      {"trains", 1, NULL, OPT_TRAINS},
					      {NULL, 0, NULL, 0}};
	int option;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case OPT_OUT:
			arguments->out = optarg;
			break;
		case OPT_SET:
			if (arguments->n_sets < COUNT_OF(arguments->sets))
				arguments->sets[arguments->n_sets++] = optarg;
			break;
		case OPT_TOWN:
			arguments->town = optarg;
			break;
		case OPT_TRAINS:
			arguments->trains = optarg;
			break;
		case OPT_TOWNS:
			arguments->towns = optarg;
			break;
		case OPT_PORT:
			arguments->port = (uint16_t)strtoul(optarg, NULL, 10);
			break;
		case OPT_ADDRESS:
			arguments->address = optarg;
			break;
		case OPT_TOKEN:
			arguments->token = optarg;
			break;
		case OPT_MEMORY:
			arguments->memory = optarg;
			break;
		case OPT_MINUTES:
			arguments->minutes = strtoull(optarg, NULL, 10);
			break;
		case OPT_PER_HOUR:
			arguments->scenario.demand.per_hour = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case OPT_SEED:
			arguments->scenario.demand.seed = strtoull(optarg, NULL, 10);
			break;
		case OPT_STATUS:
			arguments->status = 1;
			break;
		case OPT_JOURNAL:
			arguments->journal = 1;
			break;
		case OPT_UNFINISHED:
			arguments->unfinished = 1;
			break;
		case OPT_KEYS:
			arguments->keys = optarg;
			break;
		case OPT_VEHICLES:
			arguments->vehicles = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case OPT_ARGUMENTS:
			arguments->arguments = 1;
			break;
		case OPT_SEEDS:
			arguments->seeds = optarg;
			break;
		case OPT_THREADS:
			if (!optarg[0] || strspn(optarg, "0123456789") != strlen(optarg) || strlen(optarg) > 3)
				return ERR_USAGE;
			arguments->threads = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case OPT_PROGRESS:
			arguments->progress = 1;
			break;
		case OPT_JSON:
			break; /* the only form */
		default:
			return ERR_USAGE;
		}
	}
	if (optind >= argc)
		return ERR_USAGE;
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
					    .n_threads = arguments->threads,
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
				       .port = arguments->port,
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

static int number_of(const char *text, uint64_t least, uint64_t most, uint64_t *ret_number)
{
	char *end;
	*ret_number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *ret_number >= least && *ret_number <= most;
}

static int solve(int argc, char **argv)
{
	static const struct option names[] = {
		{"seconds", 1, NULL, 's'}, {"seed", 1, NULL, 'n'}, {"json", 0, NULL, 'j'}, {NULL, 0, NULL, 0}};
	struct routing_options options = {.kind = argv[0][0] == 'd' ? ROUTING_DARP : ROUTING_PDPTW,
					  .progress = isatty(2) ? stderr : NULL};
	struct err_detail detail = {""};
	uint64_t seconds = 10;
	int option, right = 1;
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
		right &= option == 's'	 ? number_of(optarg, 1, 86400, &seconds)
			 : option == 'n' ? number_of(optarg, 0, UINT64_MAX, &options.seed)
					 : option == 'j'; /* JSON is what it prints anyway */
	if (!right || optind + 1 != argc) {
		fputs(usage, stderr);
		return 2;
	}
	options.path = argv[optind];
	options.seconds = (uint32_t)seconds;
	return routing_solve(&options, stdout, &detail) ? fail(&detail) : 0;
}

int main(int argc, char **argv)
{
	static struct arguments arguments;
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
	if (argc > 1 && (!strcmp(argv[1], "darp") || !strcmp(argv[1], "pdptw")))
		return solve(argc - 1, argv + 1);
	if (read_arguments(argc, argv, &arguments)) {
		fputs(usage, stderr);
		return 2;
	}
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
