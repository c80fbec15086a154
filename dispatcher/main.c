/* The dispatcher: runs the service, or looks at its journal. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "log.h"
#include "loop.h"
#include "record.h"
#include "settings.h"
#include "tools.h"

static const char usage[] =
	"usage: dispatcher [run] [--settings FILE] [--set NAME=VALUE ...]\n"
	"       dispatcher verify [--settings FILE] [--set ...]   check the journal's chain and replay it\n"
	"       dispatcher project [--settings FILE] [--set ...]  make the projections anew from the journal "
	"(PostgreSQL)\n"
	"       dispatcher log [--from N] [--most N] [--personal]  print the journal, one line a record\n"
	"       dispatcher export --day YYYY-MM-DD --out DIR [...] one service day as CSV and GeoJSON for the town, "
	"also "
	"beside a running service\n"
	"       dispatcher backup FILE [...]                      FILE, FILE.keys, FILE.state/: a copy, also beside a "
	"running service\n"
	"       dispatcher restore FILE [--erased JOURNAL] [...]  put one back where nothing is, and verify it\n"
	"       dispatcher decider-key --name WHO --key FILE      make a key for somebody who may decide about the "
	"journal\n"
	"       dispatcher skip --key FILE --why TEXT [...]       hold mode: leave out the record that stopped it "
	"twice; signed\n"
	"       dispatcher erase RIDE | --older-than DURATION [--identity] --key FILE --why TEXT [...]\n"
	"                                                         destroy the keys of a ride, or of all older ones "
	"(--identity: name and contact only); signed, not beside a running service\n"
	"       dispatcher settings                               the manual page of all settings\n"
	"       dispatcher check-settings [...]                   all that is wrong with settings, fleet and town, and "
	"what is in force\n"
	"       dispatcher --version\n";

int tools_fail(const struct err_detail *detail, int status)
{
	fprintf(stderr, "dispatcher: %s\n", detail->text);
	return status;
}

static int read_number(const char *name, const char *text, uint64_t *ret_value, struct err_detail *detail)
{
	char *end;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9')
		return err_set(detail, ERR_USAGE, "%s %s: expected a whole number", name, text);
	return ERR_OK;
}

static int read_settings(struct options *options, const char *path, struct err_detail *detail)
{
	if (!options->checking)
		return settings_read(&options->settings, path, detail);
	settings_read_all(&options->settings, path, tools_tell_error, &options->n_errors, detail);
	return ERR_OK;
}

static int set_setting(struct options *options, const char *assignment, struct err_detail *detail)
{
	int code = settings_set(&options->settings, assignment, detail);
	if (!code || !options->checking)
		return code;
	tools_tell_error(&options->n_errors, detail->text);
	return ERR_OK;
}

static int read_options(int argc, char **argv, struct options *options, struct err_detail *detail)
{
	static const struct option names[] = {
		{"settings", required_argument, NULL, 's'},   {"set", required_argument, NULL, 'v'},
		{"from", required_argument, NULL, 'f'},	      {"most", required_argument, NULL, 'm'},
		{"why", required_argument, NULL, 'w'},	      {"key", required_argument, NULL, 'k'},
		{"name", required_argument, NULL, 'n'},	      {"day", required_argument, NULL, 'd'},
		{"out", required_argument, NULL, 'o'},	      {"erased", required_argument, NULL, 'e'},
		{"older-than", required_argument, NULL, 'l'}, {"identity", no_argument, NULL, 'i'},
		{"personal", no_argument, NULL, 'p'},	      {NULL, 0, NULL, 0}};
	int option, code = ERR_OK;
	settings_default(&options->settings);
	for (int i = 1; i < argc; i++)
		options->checking |= !strcmp(argv[i], "check-settings");
	while (!code && (option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 's')
			code = read_settings(options, optarg, detail);
		else if (option == 'v')
			code = set_setting(options, optarg, detail);
		else if (option == 'f' || option == 'm')
			code = read_number(option == 'f' ? "--from" : "--most", optarg,
					   option == 'f' ? &options->from : &options->most, detail);
		else if (option == 'w')
			options->why = optarg;
		else if (option == 'k')
			options->key = optarg;
		else if (option == 'n')
			options->name = optarg;
		else if (option == 'd')
			options->day = optarg;
		else if (option == 'o')
			options->out = optarg;
		else if (option == 'e')
			options->erased = optarg;
		else if (option == 'l')
			options->older_than = optarg;
		else if (option == 'i')
			options->identity = 1;
		else if (option == 'p')
			options->personal = 1;
		else
			code = err_set(detail, ERR_USAGE, "not understood; see: dispatcher --help");
	}
	options->command = optind < argc ? argv[optind] : "run";
	options->file = optind + 1 < argc ? argv[optind + 1] : NULL;
	if (!code && optind + 2 < argc)
		code = err_set(detail, ERR_USAGE, "%s: not understood; see: dispatcher --help", argv[optind + 2]);
	return code;
}

static int run_command(const struct options *options)
{
	struct err_detail detail = {""};
	struct fleet fleet;
	struct loop *loop;
	if (fleet_read(&fleet, options->settings.fleet, &detail))
		return tools_fail(&detail, 1);
	int status = 1;
	int code = loop_open(&loop, &options->settings, &fleet, &detail);
	if (code) { /* a store that is away may be back at the next start */
		status = tools_fail(&detail, code == ERR_UNAVAILABLE ? LOOP_EXIT_RESTART : 1);
	} else {
		status = loop_run(loop);
		loop_close(loop);
	}
	fleet_free(&fleet);
	return status;
}

static int log_command(const struct options *options)
{
	struct err_detail detail = {""};
	struct store *store;
	int code = store_open_read(&store, options->settings.store, &detail); /* also beside a running dispatcher */
	if (code)
		return tools_fail(&detail, 1);
	code = journal_print(store, options->from ? options->from : 1, options->most ? options->most : UINT64_MAX,
			     options->personal, stdout, &detail);
	store_close(store);
	return code ? tools_fail(&detail, 1) : 0;
}

static int settings_command(const struct options *options)
{
	(void)options;
	settings_print_manual(stdout);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct options *options);
} commands[] = {
	{"run", run_command},	      {"verify", verify_command},	    {"project", project_command},
	{"log", log_command},	      {"export", export_command},	    {"backup", backup_command},
	{"restore", restore_command}, {"decider-key", decider_key_command}, {"skip", skip_command},
	{"erase", erase_command},     {"settings", settings_command},	    {"check-settings", check_settings_command},
};

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
		printf("dispatcher %s, engine %d, town files %d, records %d, vehicle link %d, journals %d\n",
		       ZUB_VERSION, CORE_ENGINE_VERSION, TOWN_VERSION, RECORD_VERSION, WIRE_VERSION, STORE_VERSION);
		return 0;
	}
	if (read_options(argc, argv, &options, &detail))
		return tools_fail(&detail, 2);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (!strcmp(options.command, commands[i].name))
			return commands[i].run(&options);
	fputs(usage, stderr);
	return 2;
}
