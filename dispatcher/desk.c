#include "desk.h"

#include <stdlib.h>

static int desk_recover(struct desk *desk, const struct settings *settings, struct err_detail *detail)
{
	int code = journal_open(&desk->journal, desk->store, desk->core, (uint32_t)settings->area, detail);
	if (code)
		return code;
	journal_towns(desk->journal, towns_give, &desk->towns);
	journal_deciders(desk->journal, &desk->deciders);
	code = journal_recover(desk->journal, &desk->recovered, detail);
	desk->held = code == ERR_INTERRUPTED;
	return desk->held ? ERR_OK : code;
}

int desk_open(struct desk *desk, const struct settings *settings, struct err_detail *detail)
{
	struct core_settings core;
	uint8_t hash[TOWN_HASH_BYTES];
	int code = tools_deciders(settings, &desk->deciders, detail);
	if (!code)
		code = store_open(&desk->store, settings->store, detail);
	if (!code)
		code = towns_open(&desk->towns, settings->state_folder, detail);
	if (!code)
		code = journal_recover_settings(desk->store, &core, hash, detail);
	if (!code)
		code = towns_find(&desk->towns, hash, &desk->town, detail);
	if (!code)
		code = arena_open(&desk->arena, core_size(&core, &desk->town->town) + 4096);
	if (!code)
		code = core_open(&desk->core, &core, &desk->town->town, &desk->arena);
	return code ? code : desk_recover(desk, settings, detail);
}

void desk_close(struct desk *desk)
{
	if (desk->journal)
		journal_close(desk->journal);
	if (desk->store)
		store_close(desk->store);
	arena_close(&desk->arena);
	towns_close(&desk->towns);
	free(desk);
}
