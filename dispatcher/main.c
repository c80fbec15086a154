/* The dispatcher: runs the service, or looks at its journal. */
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "export.h"
#include "journal.h"
#include "log.h"
#include "loop.h"
#include "project.h"
#include "settings.h"
#include "towns.h"

static const char usage[] =
	"usage: dispatcher [run] [--settings FILE] [--set NAME=VALUE ...]\n"
	"       dispatcher verify [--settings FILE] [--set ...]   check the journal's chain and replay it\n"
	"       dispatcher project [--settings FILE] [--set ...]  make the projections anew from the journal "
	"(PostgreSQL)\n"
	"       dispatcher log [--from N] [--most N] [--personal]  print the journal, one line a record\n"
	"       dispatcher export --day YYYY-MM-DD --out DIR [...] one service day as CSV and GeoJSON for the town, "
	"also "
	"beside a running service\n"
	"       dispatcher skip --by WHO --why TEXT [...]         hold mode: leave out the record that stopped it "
	"twice\n"
	"       dispatcher settings                               the manual page of all settings\n"
	"       dispatcher check-settings [...]                   read settings and fleet, say what is wrong\n"
	"       dispatcher --version\n";

struct options {
	const char *command;
	struct settings settings;
	uint64_t from, most;
	int personal;
	const char *by, *why, *day, *out;
};

static int fail(const struct err_detail *detail, int status)
{
	fprintf(stderr, "dispatcher: %s\n", detail->text);
	return status;
}

static int read_options(int argc, char **argv, struct options *options, struct err_detail *detail)
{
	static const struct option names[] = {
		{"settings", required_argument, NULL, 's'}, {"set", required_argument, NULL, 'v'},
		{"from", required_argument, NULL, 'f'},	    {"most", required_argument, NULL, 'm'},
		{"by", required_argument, NULL, 'b'},	    {"why", required_argument, NULL, 'w'},
		{"day", required_argument, NULL, 'd'},	    {"out", required_argument, NULL, 'o'},
		{"personal", no_argument, NULL, 'p'},	    {NULL, 0, NULL, 0}};
	int option, code = ERR_OK;
	settings_default(&options->settings);
	while (!code && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 's')
			code = settings_read(&options->settings, optarg, detail);
		else if (option == 'v')
			code = settings_set(&options->settings, optarg, detail);
		else if (option == 'f')
			options->from = strtoull(optarg, NULL, 10);
		else if (option == 'm')
			options->most = strtoull(optarg, NULL, 10);
		else if (option == 'b')
			options->by = optarg;
		else if (option == 'w')
			options->why = optarg;
		else if (option == 'd')
			options->day = optarg;
		else if (option == 'o')
			options->out = optarg;
		else if (option == 'p')
			options->personal = 1;
		else
			code = err_set(detail, ERR_USAGE, "not understood; see: dispatcher --help");
	}
	options->command = optind < argc ? argv[optind] : "run";
	return code;
}

static int run(const struct options *options)
{
	struct err_detail detail = {""};
	struct fleet fleet;
	struct loop *loop;
	if (fleet_read(&fleet, options->settings.fleet, &detail))
		return fail(&detail, 1);
	int status = 1;
	int code = loop_open(&loop, &options->settings, &fleet, &detail);
	if (code) { /* a store that is away may be back at the next start */
		status = fail(&detail, code == ERR_UNAVAILABLE ? LOOP_EXIT_RESTART : 1);
	} else {
		status = loop_run(loop);
		loop_close(loop);
	}
	fleet_free(&fleet);
	return status;
}

static void print_verify(const struct verify_report *report, int broken)
{
	static const char *const words[] = {"replayed", "chain only", "broken"};
	printf("{\"result\":\"%s\",\"records\":%" PRIu64 ",\"commands\":%" PRIu64 ",\"erased\":%" PRIu64
	       ",\"digest\":\"%016" PRIx64 "\"}\n",
	       words[broken ? VERIFY_BROKEN : report->result], report->records, report->commands, report->erased,
	       report->digest);
}

/* project: the projections are made anew meanwhile. */
static int verify_on(struct store *store, struct towns *towns, int project, struct err_detail *detail)
{
	struct core_settings settings;
	uint8_t hash[TOWN_HASH_BYTES];
	struct towns_entry *town;
	struct arena arena = {0};
	struct core *core;
	struct verify_report report = {0};
	int code = journal_verify_settings(store, &settings, hash, detail);
	if (!code)
		code = towns_find(towns, hash, &town, detail);
	if (code)
		return code;
	code = arena_open(&arena, core_size(&settings, &town->town) + 4096);
	if (!code)
		code = core_open(&core, &settings, &town->town, &arena);
	if (!code)
		code = project ? project_rebuild(store, core, towns_give, towns, &report, detail)
			       : journal_verify_with(store, core, towns_give, towns, &report, detail);
	if (!code || code == ERR_BROKEN)
		print_verify(&report, code != ERR_OK);
	if (!code && report.result == VERIFY_BROKEN)
		code = err_set(detail, ERR_BROKEN, "record %" PRIu64 " is broken", report.first_broken);
	arena_close(&arena);
	return code;
}

static int verify_in(struct store *store, const struct settings *settings, int project, struct err_detail *detail)
{
	struct towns towns;
	struct towns_entry *present;
	int code = towns_open(&towns, settings->state_folder, detail);
	if (!code)
		code = towns_take(&towns, settings->town, &present, detail);
	if (!code)
		code = verify_on(store, &towns, project, detail);
	towns_close(&towns);
	return code;
}

static int with_store(const struct options *options)
{
	struct err_detail detail = {""};
	struct store *store;
	int project = !strcmp(options->command, "project");
	int code = project ? store_open(&store, options->settings.store, &detail)
			   : store_open_read(&store, options->settings.store,
					     &detail); /* also beside a running dispatcher */
	if (code)
		return fail(&detail, 1);
	if (project || !strcmp(options->command, "verify"))
		code = verify_in(store, &options->settings, project, &detail);
	else
		code = journal_print(store, options->from ? options->from : 1,
				     options->most ? options->most : UINT64_MAX, options->personal, stdout, &detail);
	store_close(store);
	return code ? fail(&detail, 1) : 0;
}

static int export_town(void *self, const uint8_t hash[TOWN_HASH_BYTES], const struct town **ret_town,
		       struct err_detail *detail)
{
	struct towns_entry *entry;
	int code = towns_find(self, hash, &entry, detail);
	if (!code)
		*ret_town = &entry->town;
	return code;
}

static int export_from(struct store *store, const struct options *options, uint32_t day, struct err_detail *detail)
{
	struct towns towns;
	struct towns_entry *present;
	struct export_report report;
	int code = towns_open(&towns, options->settings.state_folder, detail);
	if (!code) /* needed when the journal is not of this state folder; what is missing is named below */
		towns_take(&towns, options->settings.town, &present, NULL);
	if (!code)
		code = export_day(store, export_town, &towns, day, options->out, &report, detail);
	if (!code)
		printf("%s: %u rides (%u erased), %u stop visits, %u vehicles, %u refusals; see README.txt there\n",
		       options->out, report.rides, report.erased, report.visits, report.vehicles, report.refused);
	towns_close(&towns);
	return code;
}

static int export_it(const struct options *options)
{
	struct err_detail detail = {""};
	struct store *store;
	unsigned year, month, day;
	char end;
	if (!options->out || !options->day || sscanf(options->day, "%4u-%2u-%2u%c", &year, &month, &day, &end) != 3 ||
	    !month || month > 12 || !day || day > 31) {
		fputs("dispatcher export: --day YYYY-MM-DD and --out DIR are needed\n", stderr);
		return 2;
	}
	int code = store_open_read(&store, options->settings.store, &detail);
	if (code)
		return fail(&detail, 1);
	code = export_from(store, options, year * 10000 + month * 100 + day, &detail);
	store_close(store);
	return code ? fail(&detail, 1) : 0;
}

/* A person decides about the record that holds the dispatcher (hold mode): it is left out of every later recovery. */
static int decide_in(struct store *store, const struct options *options, struct err_detail *detail)
{
	struct core_settings settings;
	uint8_t hash[TOWN_HASH_BYTES];
	struct towns towns;
	struct towns_entry *town;
	struct arena arena = {0};
	struct core *core;
	struct journal *journal = NULL;
	uint64_t sequence = 0;
	uint32_t epoch;
	int code = towns_open(&towns, options->settings.state_folder, detail);
	if (!code)
		code = journal_recover_settings(store, &settings, hash, detail);
	if (!code)
		code = towns_find(&towns, hash, &town, detail);
	if (!code)
		code = arena_open(&arena, core_size(&settings, &town->town) + 4096);
	if (!code)
		code = core_open(&core, &settings, &town->town, &arena);
	if (!code)
		code = journal_open(&journal, store, core, (uint32_t)options->settings.area, detail);
	if (!code) {
		journal_towns(journal, towns_give, &towns);
		code = journal_recover(journal, &sequence, detail);
		code = code == ERR_INTERRUPTED ? ERR_OK
		       : code		       ? code
			      : err_set(detail, ERR_CONFLICT, "no record holds the dispatcher: nothing to decide");
	}
	if (!code)
		code = store_raise_epoch(store, (uint32_t)options->settings.area, clock_calendar_s(), &epoch, detail);
	if (!code) {
		json_t *decision = json_pack("{s:I,s:s,s:s}", "skip", (json_int_t)sequence, "by", options->by, "why",
					     options->why);
		char *text = decision ? json_dumps(decision, JSON_COMPACT) : NULL;
		code = text ? journal_decide(journal, epoch, text, detail)
			    : err_set(detail, ERR_FORMAT, "--by and --why must be UTF-8 text");
		free(text);
		json_decref(decision);
	}
	if (!code)
		printf("record %" PRIu64 " will be skipped, decided by %s; start the dispatcher again\n", sequence,
		       options->by);
	if (journal)
		journal_close(journal);
	arena_close(&arena);
	towns_close(&towns);
	return code;
}

static int skip_record(const struct options *options)
{
	struct err_detail detail = {""};
	struct store *store;
	if (!options->by || !options->why) {
		fputs("dispatcher skip: --by WHO and --why TEXT are needed\n", stderr);
		return 2;
	}
	int code = store_open(&store, options->settings.store, &detail);
	if (code)
		return fail(&detail, 1);
	code = decide_in(store, options, &detail);
	store_close(store);
	return code ? fail(&detail, 1) : 0;
}

static int check_settings(const struct options *options)
{
	struct err_detail detail = {""};
	struct fleet fleet;
	struct town town;
	if (fleet_read(&fleet, options->settings.fleet, &detail))
		return fail(&detail, 1);
	if (town_open(&town, options->settings.town, &detail)) {
		fleet_free(&fleet);
		return fail(&detail, 1);
	}
	printf("settings are right: %s, %u vehicles\n", town_text(&town, town.name), fleet.n);
	town_close(&town);
	fleet_free(&fleet);
	return 0;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	struct err_detail detail = {""};
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_open("dispatcher", LOG_INFO);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--version")) {
		printf("dispatcher %s, engine %d\n", ZUB_VERSION, CORE_ENGINE_VERSION);
		return 0;
	}
	if (read_options(argc, argv, &options, &detail))
		return fail(&detail, 2);
	if (!strcmp(options.command, "run"))
		return run(&options);
	if (!strcmp(options.command, "verify") || !strcmp(options.command, "log") ||
	    !strcmp(options.command, "project"))
		return with_store(&options);
	if (!strcmp(options.command, "export"))
		return export_it(&options);
	if (!strcmp(options.command, "skip"))
		return skip_record(&options);
	if (!strcmp(options.command, "settings")) {
		settings_print_manual(stdout);
		return 0;
	}
	if (!strcmp(options.command, "check-settings"))
		return check_settings(&options);
	fputs(usage, stderr);
	return 2;
}
