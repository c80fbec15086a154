#include "towns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "array.h"

int towns_open(struct towns *towns, const char *state_folder, struct err_detail *detail)
{
	memset(towns, 0, sizeof *towns);
	if (snprintf(towns->folder, sizeof towns->folder, "%s/towns", state_folder) >= (int)sizeof towns->folder)
		return err_set(detail, ERR_RANGE, "%s: path too long", state_folder);
	if (mkdir(towns->folder, 0700) && errno != EEXIST)
		return err_set(detail, ERR_IO, "%s: %s", towns->folder, strerror(errno));
	return ERR_OK;
}

static void entry_close(struct towns_entry *entry)
{
	placing_close(&entry->placing);
	town_close(&entry->town);
	free(entry);
}

void towns_close(struct towns *towns)
{
	for (size_t i = 0; i < towns->n; i++)
		entry_close(towns->entries[i]);
	free(towns->entries);
	towns->entries = NULL;
	towns->n = towns->cap = 0;
	for (uint32_t i = 0; i < towns->n_memory; i++)
		arena_close(&towns->memory[i]);
	towns->n_memory = 0;
}

static struct towns_entry *used(struct towns *towns, struct towns_entry *entry)
{
	entry->used = ++towns->uses;
	return entry;
}

static struct towns_entry *opened(struct towns *towns, const uint8_t hash[TOWN_HASH_BYTES])
{
	for (size_t i = 0; i < towns->n; i++)
		if (!memcmp(towns->entries[i]->town.hash, hash, TOWN_HASH_BYTES))
			return used(towns, towns->entries[i]);
	return NULL;
}

/* A core holds the town it stands on and, while it swaps, the next: nobody has the oldest of many any more. */
static void make_room(struct towns *towns)
{
	size_t oldest = 0;
	if (towns->n < TOWNS_OPEN_MAX || towns->keep_open)
		return;
	for (size_t i = 1; i < towns->n; i++)
		if (towns->entries[i]->used < towns->entries[oldest]->used)
			oldest = i;
	entry_close(towns->entries[oldest]);
	towns->entries[oldest] = towns->entries[--towns->n];
}

int towns_look(struct towns *towns, const char *path, struct towns_entry **ret_entry, struct err_detail *detail)
{
	struct towns_entry *entry = calloc(1, sizeof *entry);
	if (!entry)
		return err_set(detail, ERR_MEMORY, "%s: out of memory", path);
	int code = town_open(&entry->town, path, detail);
	if (code) {
		free(entry);
		return code;
	}
	struct towns_entry *before = opened(towns, entry->town.hash);
	if (before) {
		town_close(&entry->town);
		free(entry);
		*ret_entry = before;
		return ERR_OK;
	}
	make_room(towns);
	code = placing_open(&entry->placing, &entry->town, detail);
	if (!code && array_push(towns->entries, towns->n, towns->cap, entry))
		code = err_set(detail, ERR_MEMORY, "%s: out of memory", path);
	if (code) {
		entry_close(entry);
		return code;
	}
	*ret_entry = used(towns, entry);
	return ERR_OK;
}

static void path_of(const struct towns *towns, const uint8_t hash[TOWN_HASH_BYTES], char *path, size_t size)
{
	int n = snprintf(path, size, "%s/", towns->folder);
	for (int i = 0; i < TOWN_HASH_BYTES; i++)
		n += snprintf(path + n, size - (size_t)n, "%02x", hash[i]);
	snprintf(path + n, size - (size_t)n, ".zmap");
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = fd < 0 || fsync(fd);
	int why = failed ? errno : 0;
	if (fd >= 0)
		close(fd);
	return why;
}

/* 0, or the errno of what went wrong first: what is tidied up after it may set another. */
static int write_copy(const struct town *town, const char *part)
{
	FILE *file = fopen(part, "wb");
	if (!file)
		return errno;
	errno = 0;
	int failed =
		fwrite(town->map, 1, town->map_size, file) != town->map_size || fflush(file) || fsync(fileno(file));
	int why = failed ? errno : 0;
	if (failed && !why)
		why = EIO;
	if (fclose(file) && !why)
		why = errno;
	return why;
}

/* Written beside and renamed, and the name made durable: a half copy never has the name of a hash, and no journal names
 * a file that a power cut takes away. */
static int keep_copy(const struct towns *towns, const struct town *town, struct err_detail *detail)
{
	char path[400], part[420];
	path_of(towns, town->hash, path, sizeof path);
	if (access(path, R_OK) == 0)
		return ERR_OK;
	snprintf(part, sizeof part, "%s.part", path);
	int why = write_copy(town, part);
	if (!why && rename(part, path))
		why = errno;
	if (!why)
		why = sync_folder(towns->folder);
	else
		unlink(part);
	return why ? err_set(detail, why == ENOSPC ? ERR_DISK_FULL : ERR_IO, "%s: cannot be written: %s", path,
			     strerror(why))
		   : ERR_OK;
}

int towns_take(struct towns *towns, const char *path, struct towns_entry **ret_entry, struct err_detail *detail)
{
	struct towns_entry *entry;
	int code = towns_look(towns, path, &entry, detail);
	if (!code)
		code = keep_copy(towns, &entry->town, detail);
	if (!code)
		*ret_entry = entry;
	return code;
}

int towns_find(struct towns *towns, const uint8_t hash[TOWN_HASH_BYTES], struct towns_entry **ret_entry,
	       struct err_detail *detail)
{
	char path[400];
	struct towns_entry *entry = opened(towns, hash);
	if (entry) {
		*ret_entry = entry;
		return ERR_OK;
	}
	path_of(towns, hash, path, sizeof path);
	if (access(path, R_OK))
		return err_set(detail, ERR_NOT_FOUND, "%s: the journal needs this town file and it is not there", path);
	int code = towns_look(towns, path, &entry, detail);
	if (code)
		return code;
	if (memcmp(entry->town.hash, hash, TOWN_HASH_BYTES))
		return err_set(detail, ERR_CHECKSUM, "%s: is not the town its name says", path);
	*ret_entry = entry;
	return ERR_OK;
}

static struct place place_on(void *self, struct geo_point point)
{
	struct place place = {.point = point, .road = {NONE, 0}, .walk = {NONE, 0}, .stop = NONE};
	placing_find(&((struct towns_entry *)self)->placing, point, &place);
	return place;
}

/* For a town larger than those before it; a quarter more than that, so that towns which grow need it seldom. */
static int more_memory(struct towns *towns, struct core *core, const struct town *town)
{
	size_t size = core_town_size(core_settings(core), town);
	if (towns->n_memory == TOWNS_MEMORY_MAX || arena_open(&towns->memory[towns->n_memory], size + size / 4))
		return ERR_MEMORY;
	core_town_memory(core, &towns->memory[towns->n_memory++]);
	return ERR_OK;
}

int towns_give(void *self, struct core *core, const uint8_t hash[TOWN_HASH_BYTES], struct err_detail *detail)
{
	struct towns_entry *entry;
	int code = towns_find(self, hash, &entry, detail);
	if (code)
		return code;
	code = core_set_town(core, &entry->town, place_on, entry);
	if (code == ERR_FULL)
		code = more_memory(self, core, &entry->town);
	if (code == ERR_OK)
		code = core_set_town(core, &entry->town, place_on, entry);
	return code ? err_set(detail, code, "town swap: %s", err_text(code)) : ERR_OK;
}
