// link: zub_towns zub_core zub_drawn_town zub_town_file
/* Town files by hash: more swaps than can be open at once, in both directions,
 * on one core; what is kept, and what a folder without room says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drawn_town.h"
#include "towns.h"

#define SWAPS 70

static char folder[] = "/tmp/zub-towns-XXXXXX", path[64];

/* Each has streets of another length, so another hash. */
static void write_town(uint32_t i)
{
	struct drawn_town drawn;
	struct err_detail detail = {""};
	drawn_town_open(&drawn, &(struct drawn_options){.drawing = "A---B---C\n|   |   |\nD---E---F\n",
							.metres_per_char = 10 + i,
							.stops = "AB BC DE EF"});
	if (town_write(&drawn.town, path, &detail))
		fail_msg("%s", detail.text);
	drawn_town_close(&drawn);
}

static void more_swaps_than_towns_open(void **state)
{
	(void)state;
	static uint8_t hashes[SWAPS][TOWN_HASH_BYTES];
	static struct towns towns;
	struct towns_entry *entry;
	struct err_detail detail = {""};
	struct core_settings settings;
	struct arena arena = {0};
	struct core *core;
	core_settings_default(&settings);
	settings.vehicles_max = 2;
	settings.rides_max = 16;
	assert_int_equal(towns_open(&towns, folder, &detail), ERR_OK);
	for (uint32_t i = 0; i < SWAPS; i++) {
		write_town(i);
		if (towns_take(&towns, path, &entry, &detail))
			fail_msg("%s", detail.text);
		memcpy(hashes[i], entry->town.hash, TOWN_HASH_BYTES);
		assert_true(towns.n <= TOWNS_OPEN_MAX);
	}
	assert_int_equal(towns_find(&towns, hashes[0], &entry, &detail), ERR_OK);
	assert_int_equal(arena_open(&arena, core_size(&settings, &entry->town) + 4096), ERR_OK);
	assert_int_equal(core_open(&core, &settings, &entry->town, &arena), ERR_OK);
	for (uint32_t i = 0; i < 2 * SWAPS; i++) { /* as the journal's records are replayed, there and back */
		const uint8_t *hash = hashes[i < SWAPS ? i : 2 * SWAPS - 1 - i];
		if (towns_give(&towns, core, hash, &detail))
			fail_msg("swap %u: %s", i, detail.text);
		assert_int_equal(towns_find(&towns, hash, &entry, &detail), ERR_OK);
		assert_memory_equal(entry->town.hash, hash, TOWN_HASH_BYTES);
		assert_true(towns.n <= TOWNS_OPEN_MAX);
	}
	arena_close(&arena);
	towns_close(&towns);
	uint8_t unknown[TOWN_HASH_BYTES] = {1};
	assert_int_equal(towns_open(&towns, folder, &detail), ERR_OK);
	assert_int_equal(towns_find(&towns, unknown, &entry, &detail), ERR_NOT_FOUND);
	towns_close(&towns);
}

static void what_cannot_be_kept_is_said(void **state)
{
	(void)state;
	static struct towns towns;
	struct towns_entry *entry;
	struct err_detail detail = {""};
	assert_int_equal(towns_open(&towns, folder, &detail), ERR_OK);
	write_town(SWAPS + 1);
	assert_int_equal(towns_look(&towns, path, &entry, &detail), ERR_OK); /* only looked at: no copy */
	assert_int_equal(towns_take(&towns, "/nowhere/town.zmap", &entry, &detail), ERR_IO);
	snprintf(towns.folder, sizeof towns.folder, "%s/no/such", folder);
	assert_int_equal(towns_take(&towns, path, &entry, &detail), ERR_IO);
	assert_non_null(strstr(detail.text, "No such file")); /* the first error, not that of tidying up after it */
	towns_close(&towns);
}

static int begin(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "%s", "/tmp/zub-town-XXXXXX");
	int fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0 || !mkdtemp(folder) ? -1 : 0;
}

static int finish(void **state)
{
	(void)state;
	char command[128];
	unlink(path);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(more_swaps_than_towns_open),
					   cmocka_unit_test(what_cannot_be_kept_is_said)};
	return cmocka_run_group_tests(tests, begin, finish);
}
