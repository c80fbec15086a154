#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"
#include "record.h"

struct replay {
	struct core *core;
	struct checker *checker;
	journal_town_source give;
	void *give_self;
	struct updates updates;
	struct command command;
	int pending; /* a command was stepped and its outcome not yet compared */
	uint8_t *bytes;
	size_t size;
	struct replay_report *report;
	struct err_detail *detail;
};

static void differs(struct replay *replay, uint64_t sequence)
{
	if (replay->report->differing++ == 0)
		replay->report->first_differing = sequence;
}

static int give_town(struct replay *replay, uint64_t sequence)
{
	if (replay->command.kind != CMD_TOWN_SWAP)
		return ERR_OK;
	if (!replay->give)
		return err_set(replay->detail, ERR_NOT_FOUND,
			       "record %llu swaps the town: the folder of the town files is needed (--towns)",
			       (unsigned long long)sequence);
	return replay->give(replay->give_self, replay->core, replay->command.town_swap.town_hash, replay->detail);
}

static int step(struct replay *replay, const struct store_record *record)
{
	if (record->erased)
		return err_set(replay->detail, ERR_GONE, "record %llu is erased: only a younger part can be replayed",
			       (unsigned long long)record->sequence);
	int code = record_read_command(record->body, record->n, &replay->command, replay->detail);
	if (code)
		return code;
	if ((code = give_town(replay, record->sequence)))
		return code;
	replay->updates.n = 0;
	core_step(replay->core, &replay->command, &replay->updates);
	checker_town(replay->checker, core_town(replay->core));
	checker_step(replay->checker, &replay->command, replay->updates.items, replay->updates.n);
	replay->report->commands++;
	replay->pending = 1;
	return ERR_OK;
}

static int compare(struct replay *replay, const struct store_record *record)
{
	size_t n = 0;
	int code = record_updates(replay->updates.items, replay->updates.n, replay->bytes, replay->size, &n);
	if (code)
		return err_set(replay->detail, code, "record %llu: outcome too large",
			       (unsigned long long)record->sequence);
	if (!replay->pending || n != record->n || memcmp(replay->bytes, record->body, n))
		differs(replay, record->sequence);
	replay->pending = 0;
	return ERR_OK;
}

static int each(void *self, const struct store_record *record)
{
	struct replay *replay = self;
	if (record->type == RECORD_COMMAND)
		return step(replay, record);
	return record->type == RECORD_OUTCOME ? compare(replay, record) : ERR_OK;
}

static int run(struct replay *replay, struct store *store, int service_over)
{
	struct err_detail fault = {""};
	uint8_t hash[STORE_HASH_BYTES];
	uint64_t sequence;
	int code = store_read(store, 1, each, replay, replay->detail);
	if (!code)
		code = store_head(store, &sequence, hash, &replay->report->recorded_digest, replay->detail);
	if (code)
		return code;
	replay->report->digest = core_digest(replay->core);
	if (replay->pending)
		differs(replay, sequence);
	if (core_check(replay->core, &fault) || checker_end(replay->checker, service_over, &fault))
		snprintf(replay->report->fault, sizeof replay->report->fault, "%s", fault.text);
	checker_figures(replay->checker, &replay->report->figures);
	replay->report->empty_mm = core_figures(replay->core)->empty_mm;
	replay->report->loaded_mm = core_figures(replay->core)->loaded_mm;
	return ERR_OK;
}

int replay_run(struct store *store, const struct town *town, int service_over, struct replay_report *ret_report,
	       struct err_detail *detail)
{
	return replay_run_with(store, town, NULL, NULL, service_over, ret_report, detail);
}

int replay_run_with(struct store *store, const struct town *town, journal_town_source give, void *self,
		    int service_over, struct replay_report *ret_report, struct err_detail *detail)
{
	struct core_settings settings;
	uint8_t hash[TOWN_HASH_BYTES];
	struct arena arena = {0};
	struct replay replay = {.give = give, .give_self = self, .report = ret_report, .detail = detail};
	int code = journal_settings(store, &settings, hash, detail);
	if (code)
		return code;
	if (memcmp(hash, town->hash, sizeof hash))
		return err_set(detail, ERR_CONFLICT, "the journal was begun with another town file");
	memset(ret_report, 0, sizeof *ret_report);
	code = arena_open(&arena, core_size(&settings, town) + 4096);
	if (!code)
		code = core_open(&replay.core, &settings, town, &arena);
	if (!code)
		code = checker_open(&replay.checker, town);
	if (!code) {
		replay.updates.most = core_updates_max(replay.core);
		replay.updates.items = calloc(replay.updates.most, sizeof *replay.updates.items);
		replay.size = (size_t)replay.updates.most * RECORD_UPDATE_BYTES_MAX;
		replay.bytes = malloc(replay.size);
		code = replay.updates.items && replay.bytes ? run(&replay, store, service_over)
							    : err_set(detail, ERR_MEMORY, "replay: out of memory");
	}
	free(replay.updates.items);
	free(replay.bytes);
	checker_close(replay.checker);
	arena_close(&arena);
	return code;
}
