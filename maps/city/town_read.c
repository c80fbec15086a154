#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "town_layout.h"

/* The file as bytes, and how errors name it */
struct image {
	const unsigned char *bytes;
	uint64_t size;
	const char *name;
	struct err_detail *detail;
};

static int check_header(const struct image *image, struct town_header *ret_header)
{
	struct town_header header;
	size_t n_magic = image->size < sizeof header.magic ? (size_t)image->size : sizeof header.magic;
	if (memcmp(image->bytes, TOWN_MAGIC, n_magic) != 0)
		return err_set(image->detail, ERR_FORMAT,
			       "%s: byte 0: not a town file, expected it to begin with \"ZUBTOWN\"", image->name);
	if (image->size < sizeof header)
		return err_set(image->detail, ERR_TRUNCATED, "%s: byte %llu: ends within its header of %zu bytes",
			       image->name, (unsigned long long)image->size, sizeof header);
	memcpy(&header, image->bytes, sizeof header);
	if (header.version != TOWN_VERSION)
		return err_set(image->detail, ERR_VERSION, "%s: byte %zu: town file version %u, expected %d",
			       image->name, offsetof(struct town_header, version), header.version, TOWN_VERSION);
	if (header.file_size > image->size)
		return err_set(image->detail, ERR_TRUNCATED, "%s: byte %llu: ends too early, expected %llu bytes",
			       image->name, (unsigned long long)image->size, (unsigned long long)header.file_size);
	if (header.file_size < image->size)
		return err_set(image->detail, ERR_FORMAT, "%s: byte %llu: expected the end of the file", image->name,
			       (unsigned long long)header.file_size);
	if (header.n_sections != town_n_columns + 1 || header.zero || header.zero_too)
		return err_set(image->detail, ERR_FORMAT, "%s: byte %zu: header with %u sections, expected %u",
			       image->name, offsetof(struct town_header, n_sections), header.n_sections,
			       town_n_columns + 1);
	*ret_header = header;
	return 0;
}

static struct town_section section_at(const struct image *image, uint32_t index)
{
	struct town_section section;
	memcpy(&section, image->bytes + sizeof(struct town_header) + index * sizeof section, sizeof section);
	return section;
}

static int section_error(const struct image *image, uint32_t index, const char *name, const char *expected)
{
	return err_set(image->detail, ERR_FORMAT, "%s: byte %zu: section %s: expected %s", image->name,
		       sizeof(struct town_header) + index * sizeof(struct town_section), name, expected);
}

/* Checks one entry of the section table against what the tables say; *end is where the section before it ended. */
static int check_section(const struct image *image, uint32_t index, const struct town_section *expected,
			 const char *name, uint64_t *end)
{
	struct town_section section = section_at(image, index);
	uint64_t bytes, offset = (*end + TOWN_ALIGN - 1) / TOWN_ALIGN * TOWN_ALIGN;
	if (section.id != expected->id || section.element_size != expected->element_size)
		return section_error(image, index, name, "its own id and element size");
	if (section.count != expected->count)
		return section_error(image, index, name, "as many elements as the town's counts say");
	if (__builtin_mul_overflow(section.count, section.element_size, &bytes) || section.offset != offset ||
	    offset > image->size || bytes > image->size - offset)
		return section_error(image, index, name, "to follow the one before it and to end within the file");
	*end = offset + bytes;
	return 0;
}

static int read_words(const struct image *image, struct town *town, uint64_t *end)
{
	struct town_section expected = {.id = TOWN_WORDS_ID, .element_size = 4, .count = town_n_words};
	int err = check_section(image, 0, &expected, "words", end);
	if (err)
		return err;
	const unsigned char *words = image->bytes + section_at(image, 0).offset;
	for (uint32_t i = 0; i < town_n_words; i++)
		memcpy((char *)town + town_words[i].offset, words + 4 * i, 4);
	return town_check_counts(town, image->name, image->detail);
}

static int read_columns(const struct image *image, struct town *town, uint64_t *ret_offsets, uint64_t *end)
{
	for (uint32_t i = 0; i < town_n_columns; i++) {
		const struct town_column *column = &town_columns[i];
		struct town_section expected = {.id = column->id,
						.element_size = column->element_size,
						.count = town_column_count(town, column)};
		int err = check_section(image, i + 1, &expected, column->name, end);
		if (err)
			return err;
		ret_offsets[i] = section_at(image, i + 1).offset;
		town_column_set(town, column, image->bytes + ret_offsets[i]);
	}
	if (*end != image->size)
		return err_set(image->detail, ERR_FORMAT,
			       "%s: byte %llu: expected the end of the file after the last section", image->name,
			       (unsigned long long)*end);
	return 0;
}

#ifndef ZUB_FUZZING
/* The hash differs: which section is it? */
static int name_damage(const struct image *image)
{
	uint64_t table_end = sizeof(struct town_header) + (uint64_t)(town_n_columns + 1) * sizeof(struct town_section);
	for (uint32_t i = 0; i <= town_n_columns && table_end <= image->size; i++) {
		struct town_section section = section_at(image, i);
		uint64_t bytes;
		if (__builtin_mul_overflow(section.count, section.element_size, &bytes) ||
		    section.offset > image->size || bytes > image->size - section.offset)
			break;
		if (hash_bytes(image->bytes + section.offset, bytes, section.id) != section.checksum)
			return err_set(image->detail, ERR_CHECKSUM,
				       "%s: bytes %llu to %llu (%s): damaged, checksum differs", image->name,
				       (unsigned long long)section.offset, (unsigned long long)(section.offset + bytes),
				       i ? town_columns[i - 1].name : "words");
	}
	return err_set(image->detail, ERR_CHECKSUM, "%s: byte %zu: damaged, expected the hash of what follows",
		       image->name, offsetof(struct town_header, hash));
}

static int check_hash(const struct image *image, const struct town_header *header)
{
	uint8_t hash[TOWN_HASH_BYTES];
	if (sodium_init() < 0)
		return err_set(image->detail, ERR_UNAVAILABLE, "libsodium does not start");
	crypto_generichash(hash, sizeof hash, image->bytes + TOWN_HASHED_FROM, image->size - TOWN_HASHED_FROM, NULL, 0);
	return memcmp(hash, header->hash, sizeof hash) == 0 ? 0 : name_damage(image);
}
#endif

static int read_image(const struct image *image, struct town *ret_town)
{
	struct town_header header;
	struct town town = {0};
	uint64_t offsets[512];
	uint64_t end = sizeof header + (uint64_t)(town_n_columns + 1) * sizeof(struct town_section);
	int err = check_header(image, &header);
#ifndef ZUB_FUZZING
	if (!err)
		err = check_hash(image, &header);
#endif
	if (err)
		return err;
	if (end > image->size || town_n_columns > COUNT_OF(offsets))
		return err_set(image->detail, ERR_TRUNCATED,
			       "%s: byte %llu: ends within its section table of %llu bytes", image->name,
			       (unsigned long long)image->size, (unsigned long long)end);
	err = read_words(image, &town, &end);
	if (!err)
		err = read_columns(image, &town, offsets, &end);
	if (!err)
		err = town_check(&town, image->name, offsets, image->detail);
	if (err)
		return err;
	memcpy(town.hash, header.hash, sizeof town.hash);
	*ret_town = town;
	return 0;
}

int town_open_memory(struct town *town, const void *bytes, size_t size, struct err_detail *detail)
{
	struct image image = {.bytes = bytes, .size = size, .name = "memory", .detail = detail};
	if ((uintptr_t)bytes % 8)
		return err_set(detail, ERR_USAGE, "memory: expected it 8-aligned");
	return read_image(&image, town);
}

static int map_file(const char *path, void **ret_map, size_t *ret_size, struct err_detail *detail)
{
	struct stat stat;
	int file = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	void *map = MAP_FAILED;
	if (file < 0 || fstat(file, &stat) != 0)
		err = err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(stat.st_mode))
		err = err_set(detail, ERR_IO, "%s: expected a regular file", path);
	else if (stat.st_size == 0)
		err = err_set(detail, ERR_TRUNCATED, "%s: byte 0: empty, expected a town file", path);
	else if ((map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_SHARED, file, 0)) == MAP_FAILED)
		err = err_set(detail, ERR_IO, "%s: cannot map: %s", path, strerror(errno));
	if (file >= 0)
		close(file);
	if (err)
		return err;
	*ret_map = map;
	*ret_size = (size_t)stat.st_size;
	return 0;
}

int town_open(struct town *town, const char *path, struct err_detail *detail)
{
	void *map;
	size_t size;
	int err = map_file(path, &map, &size, detail);
	if (err)
		return err;
	struct image image = {.bytes = map, .size = size, .name = path, .detail = detail};
	err = read_image(&image, town);
	if (err) {
		munmap(map, size);
		return err;
	}
	town->map = map;
	town->map_size = size;
	return 0;
}

void town_close(struct town *town)
{
	if (town->map)
		munmap((void *)(uintptr_t)town->map, town->map_size);
	*town = (struct town){0};
}
