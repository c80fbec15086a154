/* `dispatcher export`: one service day of the journal as tables for the town: rides, stop visits, vehicles, refusals by
 * place, flows, waits by need, as CSV and GeoJSON, with a README that defines every column.
 *
 * Read from the records alone, without replaying them: what is erased stays erased and everything else is still told.
 * Names, contacts, ride numbers and addresses are left out. Two kinds of files: what vehicles and riders did, for the
 * town's own use (a door is only told by its cell of 500 m); and tables fit for publication, in which groups of fewer
 * than EXPORT_GROUP_MIN riders are not shown (export_groups.h). */
#ifndef ZUB_EXPORT_DAY_H
#define ZUB_EXPORT_DAY_H

#include "err.h"
#include "store.h"
#include "town.h"

/* The town of that hash; stays open until the export is done. */
typedef int (*export_town_source)(void *self, const uint8_t hash[TOWN_HASH_BYTES], const struct town **ret_town,
				  struct err_detail *detail);

struct export_report {
	uint32_t rides, visits, vehicles, refused, erased;
};
/* The day is that of the town's service (04:00 to 04:00). The folder is made when missing, its files are replaced.
 * ERR_NOT_FOUND: the journal is empty, or a town it needs is missing. */
int export_day(struct store *store, export_town_source find, void *self, uint32_t yyyymmdd, const char *folder,
	       struct export_report *ret_report, struct err_detail *detail);

#endif
