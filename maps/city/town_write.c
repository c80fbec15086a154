#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "town_layout.h"

#define SECTIONS_MAX 512

/* What will be written: the header, the section table and where each section's bytes lie in memory */
struct plan {
	struct town_header header;
	struct town_section sections[SECTIONS_MAX];
	const void *data[SECTIONS_MAX];
	uint32_t words[256];
	uint32_t n;
};

static const uint32_t one_zero = 0;

static uint64_t bytes_of(const struct town_section *section)
{
	return section->count * section->element_size;
}

/* Columns the compiler left NULL: fine where they are empty; a table of firsts without rows is one zero. */
static int fill_gaps(struct town *town, struct err_detail *detail)
{
	for (uint32_t i = 0; i < town_n_columns; i++) {
		const struct town_column *column = &town_columns[i];
		uint64_t count = town_column_count(town, column);
		if (town_column_data(town, column))
			continue;
		if (count > 1 || (count == 1 && column->check != CHECK_FIRST))
			return err_set(detail, ERR_USAGE, "column %s: %llu elements expected, none given", column->name,
				       (unsigned long long)count);
		town_column_set(town, column, &one_zero);
	}
	return 0;
}

static void plan_section(struct plan *plan, uint32_t id, uint32_t element_size, uint64_t count, const void *data)
{
	struct town_section *section = &plan->sections[plan->n];
	uint64_t end = plan->header.file_size;
	*section = (struct town_section){.id = id, .element_size = element_size, .count = count};
	section->offset = (end + TOWN_ALIGN - 1) / TOWN_ALIGN * TOWN_ALIGN;
	section->checksum = hash_bytes(data, bytes_of(section), id);
	plan->header.file_size = section->offset + bytes_of(section);
	plan->data[plan->n++] = data;
}

static int make_plan(const struct town *town, struct plan *plan)
{
	if (town_n_columns + 1 > SECTIONS_MAX || town_n_words > COUNT_OF(plan->words))
		return ERR_BROKEN;
	plan->header = (struct town_header){.version = TOWN_VERSION, .n_sections = town_n_columns + 1};
	memcpy(plan->header.magic, TOWN_MAGIC, sizeof plan->header.magic);
	plan->header.file_size = sizeof plan->header + (town_n_columns + 1) * sizeof(struct town_section);
	for (uint32_t i = 0; i < town_n_words; i++)
		plan->words[i] = town_number(town, town_words[i].offset);
	plan_section(plan, TOWN_WORDS_ID, 4, town_n_words, plan->words);
	for (uint32_t i = 0; i < town_n_columns; i++) {
		const struct town_column *column = &town_columns[i];
		plan_section(plan, column->id, column->element_size, town_column_count(town, column),
			     town_column_data(town, column));
	}
	return 0;
}

/* Where bytes go: first through the hash, then into the file */
struct sink {
	crypto_generichash_state hash;
	FILE *file; /* NULL: only hash */
	uint64_t at;
};

static int put(struct sink *sink, const void *bytes, uint64_t n)
{
	sink->at += n;
	if (!n)
		return 0;
	if (sink->file)
		return fwrite(bytes, 1, n, sink->file) == n ? 0 : ERR_IO;
	crypto_generichash_update(&sink->hash, bytes, n);
	return 0;
}

/* Everything from n_sections on: what the hash covers */
static int put_hashed(struct sink *sink, const struct plan *plan)
{
	static const char zeros[TOWN_ALIGN];
	sink->at = TOWN_HASHED_FROM;
	int err = put(sink, (const char *)&plan->header + TOWN_HASHED_FROM, sizeof plan->header - TOWN_HASHED_FROM);
	if (!err)
		err = put(sink, plan->sections, plan->n * sizeof plan->sections[0]);
	for (uint32_t i = 0; !err && i < plan->n; i++) {
		err = put(sink, zeros, plan->sections[i].offset - sink->at);
		if (!err)
			err = put(sink, plan->data[i], bytes_of(&plan->sections[i]));
	}
	return err;
}

static int hash_plan(struct plan *plan)
{
	struct sink sink = {0};
	if (sodium_init() < 0)
		return ERR_UNAVAILABLE;
	crypto_generichash_init(&sink.hash, NULL, 0, TOWN_HASH_BYTES);
	put_hashed(&sink, plan);
	crypto_generichash_final(&sink.hash, plan->header.hash, TOWN_HASH_BYTES);
	return 0;
}

static int io_error(const char *path, struct err_detail *detail)
{
	int code = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_DISK_FULL : ERR_IO;
	return err_set(detail, code, "%s: cannot write: %s", path, strerror(errno));
}

static int write_plan(const struct plan *plan, int descriptor)
{
	struct sink sink = {.file = fdopen(descriptor, "wb")};
	if (!sink.file) {
		close(descriptor);
		return ERR_IO;
	}
	int failed = fwrite(&plan->header, 1, TOWN_HASHED_FROM, sink.file) != TOWN_HASHED_FROM ||
		     put_hashed(&sink, plan) || fflush(sink.file) || fsync(fileno(sink.file)) ||
		     fchmod(fileno(sink.file), 0644);
	int why = errno;
	if (fclose(sink.file) && !failed)
		return ERR_IO;
	errno = why;
	return failed ? ERR_IO : 0;
}

/* A rename lasts only once its folder is synced. */
static int sync_folder(const char *path)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) + 1 : 1;
	if (n >= sizeof folder)
		return 0;
	memcpy(folder, slash ? path : ".", n);
	folder[n] = '\0';
	int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0)
		return ERR_IO;
	int failed = fsync(descriptor);
	close(descriptor);
	return failed ? ERR_IO : 0;
}

static int write_file(const struct plan *plan, const char *path, struct err_detail *detail)
{
	char temporary[4096];
	int n = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof temporary)
		return err_set(detail, ERR_RANGE, "%s: path too long", path);
	int descriptor = mkostemp(temporary, O_CLOEXEC);
	if (descriptor < 0)
		return io_error(path, detail);
	if (write_plan(plan, descriptor) || rename(temporary, path)) {
		int err = io_error(path, detail);
		unlink(temporary);
		return err;
	}
	return sync_folder(path) ? io_error(path, detail) : 0;
}

static int write_checked(const struct town *town, struct plan *plan, const char *path, struct err_detail *detail)
{
	int err = make_plan(town, plan);
	if (!err)
		err = hash_plan(plan);
	return err ? err_set(detail, err, "%s: %s", path, err_text(err)) : write_file(plan, path, detail);
}

int town_write(struct town *town, const char *path, struct err_detail *detail)
{
	struct town filled = *town; /* the caller's columns stay as they are */
	int err = town_check_counts(&filled, path, detail);
	if (!err)
		err = fill_gaps(&filled, detail);
	if (!err)
		err = town_check(&filled, path, NULL, detail);
	if (err)
		return err;
	struct plan *plan = malloc(sizeof *plan);
	if (!plan)
		return ERR_MEMORY;
	*plan = (struct plan){0};
	err = write_checked(&filled, plan, path, detail);
	if (!err)
		memcpy(town->hash, plan->header.hash, TOWN_HASH_BYTES);
	free(plan);
	return err;
}
