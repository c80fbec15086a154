/* `dispatcher verify` and `dispatcher project`: the whole chain, who decided, and the replay of it all. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "project.h"
#include "tools.h"
#include "towns.h"

/* One line, whatever came out: programs read it. A chain that holds and cannot be replayed is "chain only" and says
 * why. */
static void print_verdict(const struct verify_report *report, uint64_t decisions, int code, const char *reason)
{
	static const char *const words[] = {"replayed", "chain only", "broken"};
	char digest[17];
	snprintf(digest, sizeof digest, "%016" PRIx64, report->digest);
	json_t *json = json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "result", words[report->result], "records",
				 (json_int_t)report->records, "commands", (json_int_t)report->commands, "erased",
				 (json_int_t)report->erased, "decisions", (json_int_t)decisions, "digest", digest);
	if (report->result == VERIFY_BROKEN)
		json_object_set_new(json, "first_broken", json_integer((json_int_t)report->first_broken));
	if (code)
		json_object_set_new(json, "reason", json_string(reason));
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
	puts(text ? text : "{\"result\":\"broken\",\"reason\":\"out of memory\"}");
	free(text);
	json_decref(json);
}

static int replay(struct store *store, struct towns *towns, int project, struct verify_report *report,
		  struct err_detail *detail)
{
	struct core_settings settings;
	uint8_t hash[TOWN_HASH_BYTES];
	struct towns_entry *town;
	struct arena arena = {0};
	struct core *core;
	int code = journal_verify_settings(store, &settings, hash, detail);
	if (!code)
		code = towns_find(towns, hash, &town, detail);
	if (code)
		return code;
	code = arena_open(&arena, core_size(&settings, &town->town) + 4096);
	if (!code)
		code = core_open(&core, &settings, &town->town, &arena);
	if (!code)
		code = project ? project_rebuild(store, core, towns_give, towns, report, detail)
			       : journal_verify_with(store, core, towns_give, towns, report, detail);
	arena_close(&arena);
	return code;
}

static int chain(struct store *store, const struct settings *settings, struct verify_report *report,
		 uint64_t *ret_decisions, struct err_detail *detail)
{
	static struct deciders deciders;
	int code = store_verify_chain(store, &report->records, &report->erased, detail);
	if (code)
		report->first_broken = report->records + 1;
	if (!code)
		code = tools_deciders(settings, &deciders, detail);
	if (!code && (code = journal_check_decisions(store, &deciders, ret_decisions, &report->first_broken, detail)))
		code = report->first_broken ? ERR_BROKEN : code;
	return code;
}

/* The chain first: what it says about a damaged journal is the first damage, and which record has it. */
static int verify_on(struct store *store, struct towns *towns, const struct options *options, struct err_detail *detail)
{
	struct verify_report report = {.result = VERIFY_CHAIN_ONLY};
	uint64_t decisions = 0;
	int project = !strcmp(options->command, "project"), chain_holds = 0;
	int code = chain(store, &options->settings, &report, &decisions, detail);
	if (!code) {
		chain_holds = 1;
		code = replay(store, towns, project, &report, detail);
	}
	if (!code && report.result == VERIFY_BROKEN)
		code = ERR_BROKEN; /* and detail has the text */
	if (code == ERR_BROKEN || code == ERR_CHECKSUM || !chain_holds)
		report.result = VERIFY_BROKEN;
	print_verdict(&report, decisions, code, detail->text);
	return code;
}

static int verify_in(struct store *store, const struct options *options, struct err_detail *detail)
{
	struct towns towns;
	struct towns_entry *present;
	struct err_detail why = {""};
	int code = towns_open(&towns, options->settings.state_folder, detail);
	if (code)
		return code;
	/* the town of the settings may be away: what the journal needs has a copy */
	if (towns_take(&towns, options->settings.town, &present, &why))
		tools_fail(&why, 0);
	code = verify_on(store, &towns, options, detail);
	towns_close(&towns);
	return code;
}

int verify_command(const struct options *options) /* also beside a running dispatcher */
{
	struct err_detail detail = {""};
	struct store *store;
	int code = store_open_read(&store, options->settings.store, &detail);
	if (code)
		return tools_fail(&detail, 1);
	code = verify_in(store, options, &detail);
	store_close(store);
	return code ? tools_fail(&detail, 1) : 0;
}

int project_command(const struct options *options)
{
	struct err_detail detail = {""};
	struct store *store;
	int code = store_open(&store, options->settings.store, &detail);
	if (code)
		return tools_fail(&detail, 1);
	code = verify_in(store, options, &detail);
	store_close(store);
	return code ? tools_fail(&detail, 1) : 0;
}
