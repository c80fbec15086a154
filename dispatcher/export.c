/* `dispatcher export`. */
#include <stdio.h>

#include "export_day.h"
#include "tools.h"
#include "towns.h"

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
	towns.keep_open = 1; /* the export has names of all of them */
	if (!code)	     /* needed when the journal is not of this state folder; what is missing is named below */
		towns_take(&towns, options->settings.town, &present, NULL);
	if (!code)
		code = export_day(store, export_town, &towns, day, options->out, &report, detail);
	if (!code)
		printf("%s: %u rides (%u erased), %u stop visits, %u vehicles, %u refusals; see README.txt there\n",
		       options->out, report.rides, report.erased, report.visits, report.vehicles, report.refused);
	towns_close(&towns);
	return code;
}

int export_command(const struct options *options)
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
		return tools_fail(&detail, 1);
	code = export_from(store, options, year * 10000 + month * 100 + day, &detail);
	store_close(store);
	return code ? tools_fail(&detail, 1) : 0;
}
