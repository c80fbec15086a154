/* Private to the program: its subcommands beside `run`. Each returns the exit status. */
#ifndef ZUB_TOOLS_H
#define ZUB_TOOLS_H

#include "err.h"
#include "settings.h"

struct options { /* what the command line said */
	const char *command;
	struct settings settings;
	uint64_t from, most;
	int personal;
	const char *why, *key, *name, *day, *out, *file, *erased, *older_than;
	int identity;
	int checking; /* check-settings: each error is told and counted, and reading goes on */
	unsigned n_errors;
};

/* Says what went wrong on stderr; returns status. */
int tools_fail(const struct err_detail *detail, int status);
/* STATE/deciders.yaml: who may decide about the journal. */
struct deciders;
int tools_deciders(const struct settings *settings, struct deciders *ret_deciders, struct err_detail *detail);

/* verify.c: one line of JSON, always: replayed, chain only, broken. */
int verify_command(const struct options *options);
int project_command(const struct options *options);
/* decide.c: signed decisions of a named person. */
int decider_key_command(const struct options *options);
int skip_command(const struct options *options);
int erase_command(const struct options *options);
/* export.c: a service day for the town. */
int export_command(const struct options *options);
/* backup.c: copies of journal, keys and what else a machine needs to go on; and putting one back. */
int backup_command(const struct options *options);
int restore_command(const struct options *options);
/* check.c: everything that is wrong with settings, fleet and town, not only the first thing. */
void tools_tell_error(void *self, const char *text); /* self: unsigned, counts */
int check_settings_command(const struct options *options);

#endif
