/* mapc: the town compiler. */
#include "mapc.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "town.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{"build", mapc_build, "--osm FILE [--gtfs FILE ...] [--town FILE.yaml] [--date YYYYMMDD] -o TOWN.zmap"},
	{"info", mapc_info, "TOWN.zmap [--json]"},
	{"check", mapc_check,
	 "TOWN.zmap [--json | --geojson]\n"
	 "                (islands, what forbidden turns cut off, implausible speeds, stops without a road)"},
	{"route", mapc_route,
	 "TOWN.zmap --from LAT,LON --to LAT,LON [--class NAME] [--candidates N] [--geojson]\n"
	 "                (--candidates: of the N nearest roads at each end the pair with the least time, walking "
	 "included)\n"
	 "              TOWN.zmap --pairs FILE.csv [--class NAME]\n"
	 "                (columns from_lat,from_lon,to_lat,to_lon or from_arc,from_mm,to_arc,to_mm;\n"
	 "                 prints from_arc,from_mm,to_arc,to_mm,time_ms,dist_mm; -1 where no way leads)\n"
	 "              TOWN.zmap --isochrone MINUTES --from LAT,LON [--class NAME] [--geojson]\n"
	 "                (what is within reach: prints arc,time_ms,from_mm,to_mm)"},
	{"export", mapc_export, "TOWN.zmap --class NAME --nodes FILE --arcs FILE --turns FILE"},
	{"import-dimacs", mapc_import_dimacs,
	 "--gr FILE --co FILE [--len FILE] [--unit-ms N] [--len-mm N] [--class NAME] [--name TEXT] -o TOWN.zmap"},
	{"settings", mapc_settings, "(the manual page of a town's settings)"},
	{"derive-timetable", mapc_derive_timetable,
	 "--osm FILE [--first YYYYMMDD] [--last YYYYMMDD] [--headway-s N] -o GTFS.zip"},
	{"synth", mapc_synth, "--seed N --inhabitants N --osm OUT.osm.pbf --gtfs OUT.zip"},
};

static void print_help(FILE *out)
{
	fputs("mapc " ZUB_VERSION ": compiles streets and timetables into a town file\n\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  mapc %s %s\n", commands[i].name, commands[i].help);
	fputs("\nExit status: 0 done, 1 failed (nothing is written then), 2 wrong use.\n", out);
}

int mapc_fail(const char *command, int status, const char *format, ...)
{
	va_list list;

	mapc_progress(NULL, NULL);
	fprintf(stderr, "mapc %s: ", command);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	return status;
}

void mapc_progress(void *context, const char *step)
{
	static int is_shown;

	(void)context;
	if (!isatty(STDERR_FILENO) || (!step && !is_shown))
		return;
	fprintf(stderr, "\r\033[K%s%s", step ? step : "", step ? " ..." : "");
	fflush(stderr);
	is_shown = step != NULL;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static int take_value(const struct mapc_option *option, const char *value)
{
	const char **values;

	if (option->value)
		*option->value = value;
	if (!option->values)
		return 0;
	values = realloc(*option->values, (*option->n_values + 1) * sizeof *values);
	if (!values)
		return ERR_MEMORY;
	*option->values = values;
	values[(*option->n_values)++] = value;
	return 0;
}

static const struct mapc_option *find_option(const struct mapc_option *options, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

/* One option at argv[*at]; "-o" is "--o", "--name=value" works as well. */
static int take_option(int argc, char **argv, int *at, const struct mapc_option *options, uint32_t n)
{
	char name[64];
	const char *text = argv[*at] + strspn(argv[*at], "-"), *equals = strchr(text, '=');
	const struct mapc_option *option;

	snprintf(name, sizeof name, "%.*s", (int)(equals ? equals - text : (ptrdiff_t)strlen(text)), text);
	option = find_option(options, n, name);
	if (!option)
		return mapc_fail(argv[0], MAPC_USAGE, "unknown option %s (see mapc --help)", argv[*at]);
	if (option->is_flag && equals)
		return mapc_fail(argv[0], MAPC_USAGE, "--%s takes no value", name);
	if (!option->is_flag && !equals && *at + 1 >= argc)
		return mapc_fail(argv[0], MAPC_USAGE, "--%s needs a value", name);
	if (option->value && *option->value)
		return mapc_fail(argv[0], MAPC_USAGE, "--%s is given twice", name);
	if (take_value(option, option->is_flag ? "1" : equals ? equals + 1 : argv[++*at]))
		return mapc_fail(argv[0], MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	return 0;
}

int mapc_options(int argc, char **argv, const struct mapc_option *options, uint32_t n, int n_rest,
		 const char **ret_rest)
{
	int n_got = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-' && argv[i][1] && !(argv[i][1] >= '0' && argv[i][1] <= '9')) {
			int status = take_option(argc, argv, &i, options, n);

			if (status)
				return status;
		} else if (n_got < n_rest) {
			ret_rest[n_got++] = argv[i];
		} else {
			return mapc_fail(argv[0], MAPC_USAGE, "unexpected \"%s\" (see mapc --help)", argv[i]);
		}
	}
	if (n_got < n_rest)
		return mapc_fail(argv[0], MAPC_USAGE, "expected a town file (see mapc --help)");
	for (uint32_t i = 0; i < n; i++)
		if (options[i].is_required && options[i].value && !*options[i].value)
			return mapc_fail(argv[0], MAPC_USAGE, "%s%s is missing (see mapc --help)",
					 strlen(options[i].name) > 1 ? "--" : "-", options[i].name);
	return 0;
}

int mapc_number(const char *command, const char *option, const char *text, int64_t low, int64_t high,
		int64_t *ret_value)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end || errno || value < low || value > high)
		return mapc_fail(command, MAPC_USAGE, "%s \"%s\": expected a whole number from %lld to %lld", option,
				 text, (long long)low, (long long)high);
	*ret_value = value;
	return 0;
}

int mapc_class(const char *command, const struct town *town, const char *name, uint32_t *ret_class)
{
	uint32_t found = name ? town_class(town, name) : 0;

	if (found == NONE)
		return mapc_fail(command, MAPC_FAILED, "no vehicle class \"%s\"; the first one here is \"%s\"", name,
				 town_text(town, town->class_name[0]));
	*ret_class = found;
	return 0;
}

/* --- output files ------------------------------------------------------------------------------------------------- */

int mapc_output_name(const char *command, struct mapc_output *output, const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;

	*output = (struct mapc_output){0};
	if (strlen(path) >= sizeof output->path || !path[folder])
		return mapc_fail(command, MAPC_FAILED, "%s: not a name of a file", path);
	memcpy(output->path, path, strlen(path) + 1);
	/* keeps the ending, which tells writers the format */
	snprintf(output->part, sizeof output->part, "%.*s.part-%ld-%s", folder, path, (long)getpid(), path + folder);
	return 0;
}

int mapc_output_open(const char *command, struct mapc_output *output, const char *path)
{
	int status = mapc_output_name(command, output, path);

	if (status)
		return status;
	output->file = fopen(output->part, "wb");
	return output->file ? 0 : mapc_fail(command, MAPC_FAILED, "%s: %s", path, strerror(errno));
}

void mapc_outputs_drop(struct mapc_output *outputs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (outputs[i].file)
			fclose(outputs[i].file);
		outputs[i].file = NULL;
		if (outputs[i].part[0])
			unlink(outputs[i].part);
	}
}

static int close_output(struct mapc_output *output)
{
	FILE *file = output->file;
	int failed;

	output->file = NULL;
	if (!file)
		return 0;
	failed = fflush(file) || ferror(file) || fsync(fileno(file));
	return fclose(file) || failed;
}

int mapc_outputs_finish(const char *command, struct mapc_output *outputs, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (close_output(&outputs[i])) {
			mapc_fail(command, MAPC_FAILED, "%s: %s", outputs[i].path, strerror(errno));
			mapc_outputs_drop(outputs, n);
			return MAPC_FAILED;
		}
	for (uint32_t i = 0; i < n; i++)
		if (rename(outputs[i].part, outputs[i].path)) {
			mapc_fail(command, MAPC_FAILED, "%s: %s", outputs[i].path, strerror(errno));
			for (uint32_t k = 0; k < i; k++)
				unlink(outputs[k].path);
			mapc_outputs_drop(outputs, n);
			return MAPC_FAILED;
		}
	return MAPC_OK;
}

/* Runs a subcommand; an answer that could not be written is a failure. */
static int run_command(size_t command, int argc, char **argv)
{
	int status = commands[command].run(argc, argv);

	if ((fflush(stdout) || ferror(stdout)) && status == MAPC_OK)
		status = mapc_fail(argv[0], MAPC_FAILED, "cannot write the answer: %s", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return MAPC_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return MAPC_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("mapc %s, town files %d\n", ZUB_VERSION, TOWN_VERSION);
		return MAPC_OK;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			if (argc == 3 && strcmp(argv[2], "--help") == 0) {
				printf("mapc %s %s\n", commands[i].name, commands[i].help);
				return MAPC_OK;
			}
			return run_command(i, argc - 1, argv + 1);
		}
	fprintf(stderr, "mapc: unknown command \"%s\" (see mapc --help)\n", argv[1]);
	return MAPC_USAGE;
}
