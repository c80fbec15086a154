/* Shared by the subcommands of mapc. Each takes its own argv (argv[0] = its name) and returns the exit status. */
#ifndef ZUB_MAPC_H
#define ZUB_MAPC_H

#include "err.h"
#include "town.h"
#include <getopt.h>
#include <stdint.h>

enum mapc_exit { MAPC_OK = 0, MAPC_FAILED = 1, MAPC_USAGE = 2 };

int mapc_build(int argc, char **argv);
int mapc_info(int argc, char **argv);
int mapc_check(int argc, char **argv);
int mapc_route(int argc, char **argv);
int mapc_export(int argc, char **argv);
int mapc_import_dimacs(int argc, char **argv);
int mapc_derive_timetable(int argc, char **argv);
int mapc_synth(int argc, char **argv);
int mapc_settings(int argc, char **argv);

/* One option of a subcommand: --name VALUE. */
struct mapc_option {
	const char *name;
	int is_flag; /* takes no value; *value then points to "1" */
	int is_required;
	const char **value;   /* last one given */
	const char ***values; /* or: all given (malloc'ed, *n_values of them) */
	uint32_t *n_values;
};
/* Reads argv; *ret_rest gets what is no option (at least / at most so many). 0, or prints one line and returns
 * MAPC_USAGE. */
int mapc_options(int argc, char **argv, const struct mapc_option *options, uint32_t n, int n_rest,
		 const char **ret_rest);
/* Prints "mapc COMMAND: text" to stderr. */
int mapc_fail(const char *command, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Whole number in low .. high, or MAPC_USAGE with a line. */
int mapc_number(const char *command, const char *option, const char *text, int64_t low, int64_t high,
		int64_t *ret_value);
/* Class by name (NULL = the first), or MAPC_FAILED with a line. */
int mapc_class(const char *command, const struct town *town, const char *name, uint32_t *ret_class);
/* A step of long work, shown on a terminal only; NULL clears the line. */
void mapc_progress(void *context, const char *step);

/* An output file that appears under its name only when all went well: written beside it, then renamed. */
struct mapc_output {
	char path[4096], part[4200];
	void *file; /* FILE *, NULL when closed */
};
/* Prepares names; part is unused so far. MAPC_FAILED with a line. */
int mapc_output_name(const char *command, struct mapc_output *output, const char *path);
int mapc_output_open(const char *command, struct mapc_output *output, const char *path);
/* Flushes, syncs, renames all n; on failure none is left. */
int mapc_outputs_finish(const char *command, struct mapc_output *outputs, uint32_t n);
void mapc_outputs_drop(struct mapc_output *outputs, uint32_t n);

#endif
