// link: zub_compile zub_town_file PkgConfig::zlib
/* Damaged OSM files: whatever is flipped or cut, the reader answers with an error of one clear line or with data, and
 * what is read without error compiles or is refused; never a crash. Flips are made both in the file as it is and behind
 * its zlib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compile.h"
#include "osm.h"
#include "osm_bytes.h"
#include "osm_text.h"
#include "rng.h"
#include <inttypes.h>
#include <zlib.h>

static struct town_settings settings;
static uint32_t n_read, n_refused, n_compiled;

static struct bytes load(const char *path)
{
	struct bytes bytes = {0};
	FILE *file = fopen(path, "rb");
	char buffer[65536];
	size_t n;

	assert_non_null(file);
	while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
		bytes_add(&bytes, buffer, n);
	fclose(file);
	return bytes;
}

static void check_line(const struct err_detail *detail)
{
	if (!detail->text[0] || strchr(detail->text, '\n') || (unsigned char)detail->text[0] < ' ')
		print_error("not one clear line: \"%s\"\n", detail->text);
	assert_true(detail->text[0] && !strchr(detail->text, '\n'));
	assert_true(strncmp(detail->text, "/tmp/", 5) != 0 || strstr(detail->text, "byte ") ||
		    strstr(detail->text, "line "));
}

static void compile_file(const char *path)
{
	struct compile_options options = {.osm_path = path, .settings = &settings};
	struct err_detail detail = {""};
	struct build build;

	assert_int_equal(build_open(&build), 0);
	if (compile_town(&build, &options, &detail))
		check_line(&detail);
	else
		n_compiled++;
	build_close(&build);
}

static void try_bytes(const struct bytes *bytes, int compiles)
{
	struct err_detail detail = {""};
	const char *path = osm_text_file(bytes->data, bytes->n);
	struct osm osm;

	if (osm_read(&osm, path, &detail)) {
		check_line(&detail);
		n_refused++;
	} else {
		osm_free(&osm);
		n_read++;
		if (compiles)
			compile_file(path);
	}
	unlink(path);
}

static uint64_t varint_at(const struct bytes *bytes, size_t *at)
{
	uint64_t value = 0;

	for (int shift = 0;; shift += 7) {
		uint8_t byte = bytes->data[(*at)++];

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

/* Value of a varint field, or place and size of a block. */
static uint64_t field_in(const struct bytes *bytes, size_t from, size_t to, uint32_t field, size_t *ret_at)
{
	while (from < to) {
		uint64_t key = varint_at(bytes, &from), value = varint_at(bytes, &from);

		*ret_at = from;
		if (key >> 3 == field)
			return value;
		from += (key & 7) == 2 ? value : 0;
	}
	fail();
	return 0;
}

/* The same file with raw blobs, so that flips get behind zlib's check sum. */
static struct bytes unpack(const struct bytes *file)
{
	struct bytes out = {0};

	for (size_t at = 0; at < file->n;) {
		size_t header = at + 4, n_header = (size_t)file->data[at + 2] << 8 | file->data[at + 3], place, type;
		size_t n = field_in(file, header, header + n_header, 3, &place), blob = header + n_header;
		size_t n_type = field_in(file, header, header + n_header, 1, &type);
		uLongf n_raw = field_in(file, blob, blob + n, 2, &place);
		size_t n_packed = field_in(file, blob, blob + n, 3, &place);
		struct bytes raw = {malloc(n_raw), n_raw, n_raw};
		char name[16];

		snprintf(name, sizeof name, "%.*s", (int)n_type, (const char *)file->data + type);
		assert_int_equal(uncompress(raw.data, &n_raw, file->data + place, n_packed), Z_OK);
		bytes_raw_blob(&out, name, &raw);
		at = blob + n;
	}
	return out;
}

static void flip_and_cut(const struct bytes *bytes, const char *what, uint64_t seed, int n_times, int compiles)
{
	struct rng rng;

	n_read = n_refused = n_compiled = 0;
	rng_seed(&rng, seed);
	for (int i = 0; i < n_times; i++) {
		struct bytes damaged = {malloc(bytes->n), bytes->n, bytes->n};
		int n_flips = 1 + (int)rng_below(&rng, 3);

		memcpy(damaged.data, bytes->data, bytes->n);
		for (int k = 0; k < n_flips; k++)
			damaged.data[rng_below(&rng, (uint32_t)damaged.n)] ^= (uint8_t)(1u << rng_below(&rng, 8));
		if (rng_chance(&rng, 200))
			damaged.n = rng_below(&rng, (uint32_t)damaged.n);
		try_bytes(&damaged, compiles && i % 4 == 0);
		free(damaged.data);
	}
	print_message("%s, seed %" PRIu64 ": %d damaged files, %u refused, %u read, %u of those compiled\n", what, seed,
		      n_times, n_refused, n_read, n_compiled);
}

static int find(const char *file, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", getenv("ZUB_DATA"), file);
	if (access(path, R_OK) == 0)
		return 1;
	print_message("skipped: %s is not there\n", path);
	return 0;
}

static void pbf(void **state)
{
	static const char *const files[] = {"boeblingen/boeblingen-minimal.osm.pbf",
					    "boeblingen/deufringen-minimal.osm.pbf",
					    "boeblingen/herrenberg-minimal.osm.pbf"};

	(void)state;
	for (uint64_t i = 0; i < 3; i++) {
		struct bytes file, raw;
		char path[1024];

		if (!find(files[i], path, sizeof path))
			skip();
		file = load(path);
		raw = unpack(&file);
		flip_and_cut(&file, files[i], 100 + i, 300, 1);
		assert_true(n_refused > 0);
		flip_and_cut(&raw, "the same unpacked", 200 + i, 500, 1);
		assert_true(n_refused > 0 && n_read > 0);
		free(file.data);
		free(raw.data);
	}
}

static void xml(void **state)
{
	struct bytes file, text = {0};
	char path[1024], buffer[65536];
	gzFile gz;
	int n;

	(void)state;
	if (!find("kaiserslautern/kaiserslautern_uni.osm.gz", path, sizeof path))
		skip();
	file = load(path);
	flip_and_cut(&file, "kaiserslautern_uni.osm.gz", 300, 150, 1);
	assert_int_equal(n_read, 0); /* gzip's check sum finds all */
	gz = gzopen(path, "rb");
	while ((n = gzread(gz, buffer, sizeof buffer)) > 0)
		bytes_add(&text, buffer, (size_t)n);
	gzclose(gz);
	flip_and_cut(&text, "the same unpacked", 301, 150, 1);
	assert_true(n_refused > 0 && n_read > 0);
	free(file.data);
	free(text.data);
}

static int open_settings(void **state)
{
	(void)state;
	return town_settings_default(&settings);
}

static int close_settings(void **state)
{
	(void)state;
	town_settings_close(&settings);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pbf), cmocka_unit_test(xml)};

	return cmocka_run_group_tests(tests, open_settings, close_settings);
}
