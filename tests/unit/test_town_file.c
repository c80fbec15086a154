// link: zub_drawn_town zub_town_file PkgConfig::libsodium
/* Writing and opening town files: the round trip, the same bytes twice, and the right error for every kind of damage.
 */
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "drawn_town.h"
#include "err.h"
#include "hash.h"
#include "rng.h"
#include "town_layout.h"

static const struct drawn_options options = {
	.drawing = "A---B>>>C\n"
		   "|   ^   :\n"
		   "D---E-+-F\n"
		   "    |    \n"
		   "    G---H\n",
	.van = 1,
	.turns = "ABC:5000 ADA",
	.stops = "AB DE30? EG!=S2",
	.timetable = "stop S1 C\nstop S2 G\ntrip T1 10 S1 08:00 S2 08:10/08:12\ntrip T2 10 S2 07:00:30 S1 07:20\n",
	.profiles = "mon 07:00 09:00 1500",
};

/* A town with something in every column, the bytes of its file and a scratch copy to damage */
static struct fixture {
	char folder[64], path[96];
	struct drawn_town drawn;
	struct town town;
	unsigned char *bytes, *copy;
	size_t size;
} fixture;

static unsigned char *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	struct stat stat;
	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &stat), 0);
	unsigned char *bytes = malloc((size_t)stat.st_size);
	assert_int_equal(fread(bytes, 1, (size_t)stat.st_size, file), stat.st_size);
	fclose(file);
	*ret_size = (size_t)stat.st_size;
	return bytes;
}

static void fill_the_rest(struct town *town)
{
	static const uint32_t area_first[] = {0, 3}, shape_first[] = {0, 2, 5}, from[] = {0}, to[] = {1},
			      seconds[] = {60};
	static const struct geo_point points[] = {{494000000, 86000000},
						  {494100000, 86000000},
						  {494000000, 86100000},
						  {494000000, 86200000},
						  {494000000, 86300000}};
	static const uint8_t shape_kind[] = {MAP_RAIL, MAP_WATER}, type[] = {2}, mask[] = {1};
	static const uint32_t turn_first[] = {0, 2}, turn_arcs[] = {0, 1};
	static const int32_t cost[] = {0};
	town->walk.n_turns = 1;
	town->walk.n_turn_arcs = 2;
	town->walk.turn_first = turn_first;
	town->walk.turn_arcs = turn_arcs;
	town->walk.turn_cost_ms = cost;
	town->walk.turn_mask = mask;
	static const uint32_t order[] = {1, 0}, up_first[] = {0, 1, 1}, up_head[] = {1};
	struct network *networks[] = {&town->road, &town->walk};
	for (int i = 0; i < 2; i++) {
		networks[i]->n_order = 2;
		networks[i]->n_up = networks[i]->up_work = 1;
		networks[i]->order = order;
		networks[i]->up_first = up_first;
		networks[i]->up_head = up_head;
	}
	town->n_area_rings = 1;
	town->n_area_points = 3;
	town->area_first = area_first;
	town->area_point = points;
	town->n_shapes = 2;
	town->n_shape_points = 5;
	town->shape_kind = shape_kind;
	town->shape_first = shape_first;
	town->shape_point = points;
	town->timetable.n_transfers = 1;
	town->timetable.transfer_from = from;
	town->timetable.transfer_to = to;
	town->timetable.transfer_s = seconds;
	town->timetable.transfer_type = type;
}

static int set_up(void **state)
{
	(void)state;
	struct err_detail detail = {""};
	strcpy(fixture.folder, "/tmp/zub_town_file_XXXXXX");
	assert_non_null(mkdtemp(fixture.folder));
	snprintf(fixture.path, sizeof fixture.path, "%s/town.zmap", fixture.folder);
	drawn_town_open(&fixture.drawn, &options);
	fixture.town = fixture.drawn.town;
	fill_the_rest(&fixture.town);
	if (town_write(&fixture.town, fixture.path, &detail))
		fail_msg("%s", detail.text);
	fixture.bytes = read_file(fixture.path, &fixture.size);
	fixture.copy = malloc(fixture.size + 64);
	return sodium_init() < 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(fixture.path);
	assert_int_equal(rmdir(fixture.folder), 0); /* nothing temporary is left behind */
	free(fixture.bytes);
	free(fixture.copy);
	drawn_town_close(&fixture.drawn);
	return 0;
}

/* --- what goes well ----------------------------------------------------------------------------------------------- */

static void all_columns_come_back(void **state)
{
	(void)state;
	struct town town;
	struct err_detail detail = {""};
	assert_int_equal(town_open(&town, fixture.path, &detail), 0);
	assert_memory_equal(town.hash, fixture.town.hash, TOWN_HASH_BYTES);
	assert_int_equal(town.map_size, fixture.size);
	for (uint32_t i = 0; i < town_n_words; i++)
		assert_int_equal(town_number(&town, town_words[i].offset),
				 town_number(&fixture.town, town_words[i].offset));
	for (uint32_t i = 0; i < town_n_columns; i++) {
		const struct town_column *column = &town_columns[i];
		uint64_t n = town_column_count(&town, column);
		if (!n)
			fail_msg("column %s is empty: nothing tested", column->name);
		assert_memory_equal(town_column_data(&town, column), town_column_data(&fixture.town, column),
				    n * column->element_size);
	}
	town_close(&town);
	assert_null(town.map);
}

static void column_ids_ascend(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < town_n_columns; i++)
		assert_true(town_columns[i - 1].id < town_columns[i].id);
}

/* Every pointer of the struct is a column, every column another pointer. */
static void no_column_is_forgotten(void **state)
{
	(void)state;
	size_t pointers = 0;
	struct town town = {0};
	for (uint32_t i = 0; i < town_n_columns; i++) {
		assert_null(town_column_data(&town, &town_columns[i]));
		town_column_set(&town, &town_columns[i], &town);
		pointers++;
	}
	for (uint32_t i = 0; i < town_n_words; i++) {
		assert_int_equal(town_number(&town, town_words[i].offset), 0);
		memset((char *)&town + town_words[i].offset, 0xff, 4);
	}
	/* What is neither: map, map_size, hash, and padding. */
	size_t empty = 0;
	for (size_t i = offsetof(struct town, n_strings); i < sizeof town; i += 4) {
		uint32_t word;
		memcpy(&word, (const char *)&town + i, 4);
		empty += word == 0;
	}
	size_t taken = 8 * pointers + 4 * (size_t)town_n_words, all = sizeof town - offsetof(struct town, n_strings);
	assert_true(all - taken < 4 * 24); /* a hole of 4 bytes before some pointer groups at most */
	assert_true(4 * empty <= all - taken);
}

static void same_content_same_bytes(void **state)
{
	(void)state;
	char again[128];
	struct town town;
	struct err_detail detail;
	size_t size;
	snprintf(again, sizeof again, "%s/again.zmap", fixture.folder);
	assert_int_equal(town_open(&town, fixture.path, &detail), 0);
	memset(town.hash, 0, sizeof town.hash);
	assert_int_equal(town_write(&town, again, &detail), 0); /* what was read is written the same */
	assert_memory_equal(town.hash, fixture.town.hash, TOWN_HASH_BYTES);
	town_close(&town);
	unsigned char *bytes = read_file(again, &size);
	assert_int_equal(size, fixture.size);
	assert_memory_equal(bytes, fixture.bytes, size);
	free(bytes);
	assert_int_equal(town_write(&fixture.town, again, &detail), 0); /* over an old one */
	struct stat stat_again;
	assert_int_equal(stat(again, &stat_again), 0);
	assert_int_equal(stat_again.st_mode & 0777, 0644);
	unlink(again);
}

static void the_smallest_town(void **state)
{
	(void)state;
	char path[128];
	struct err_detail detail = {""};
	const uint32_t string_first[] = {0, 1, 6}, seat[] = {1}, zero[] = {0};
	const uint8_t one[] = {1};
	struct town town = {.n_strings = 2,
			    .n_string_bytes = 6,
			    .string_first = string_first,
			    .string_bytes = "\0seat",
			    .n_classes = 1,
			    .class_name = seat,
			    .class_speed_kmh = zero,
			    .class_wh_per_km = zero,
			    .n_spaces = 1,
			    .n_needs = 1,
			    .space_name = seat,
			    .need_name = seat,
			    .need_label_de = seat,
			    .need_label_en = seat,
			    .need_space = one,
			    .need_boarding_ms = zero,
			    .need_flags = one,
			    .road = {.n_classes = 1},
			    .walk = {.n_classes = 1}};
	snprintf(path, sizeof path, "%s/small.zmap", fixture.folder);
	if (town_write(&town, path, &detail))
		fail_msg("%s", detail.text);
	struct town opened;
	struct snap snap;
	assert_int_equal(town_open(&opened, path, &detail), 0);
	assert_int_equal(network_snap(&opened.road, 0, (struct geo_xy){0, 0}, UINT32_MAX, 0, &snap, 1), 0);
	assert_int_equal(opened.road.first_out[0], 0);
	town_close(&opened);
	unlink(path);
}

/* --- damage ------------------------------------------------------------------------------------------------------- */

static void seal(unsigned char *bytes, size_t size)
{
	crypto_generichash(bytes + offsetof(struct town_header, hash), TOWN_HASH_BYTES, bytes + TOWN_HASHED_FROM,
			   size - TOWN_HASHED_FROM, NULL, 0);
}

static unsigned char *fresh_copy(void)
{
	memcpy(fixture.copy, fixture.bytes, fixture.size);
	return fixture.copy;
}

static void expect(const unsigned char *bytes, size_t size, int code, const char *part)
{
	struct town town = {.n_strings = 77};
	struct err_detail detail = {""};
	int err = town_open_memory(&town, bytes, size, &detail);
	if (err != code || !strstr(detail.text, part))
		fail_msg("expected %s with \"%s\", got %s with \"%s\"", err_text(code), part, err_text(err),
			 detail.text);
	assert_int_equal(town.n_strings, 77); /* untouched */
	assert_int_equal(town_open_memory(&town, bytes, size, NULL), code);
}

static void headers(void **state)
{
	(void)state;
	unsigned char *bytes = fresh_copy();
	bytes[3] ^= 1;
	expect(bytes, fixture.size, ERR_FORMAT, "byte 0: not a town file");
	_Alignas(8) const unsigned char archive[] = "PK\3\4zzzz";
	expect(archive, 8, ERR_FORMAT, "not a town file");
	bytes = fresh_copy();
	bytes[8] = 1;
	expect(bytes, fixture.size, ERR_VERSION, "byte 8: town file version 1, expected 5");
	bytes = fresh_copy();
	bytes[12] = 1;
	expect(bytes, fixture.size, ERR_FORMAT, "header");
	bytes = fresh_copy();
	bytes[48]++;
	seal(bytes, fixture.size);
	expect(bytes, fixture.size, ERR_FORMAT, "sections, expected");
	bytes = fresh_copy();
	bytes[fixture.size] = 0;
	expect(bytes, fixture.size + 1, ERR_FORMAT, "expected the end of the file");
	expect(bytes + 4, 64, ERR_USAGE, "8-aligned");
}

static void truncated_anywhere(void **state)
{
	(void)state;
	const unsigned char *bytes = fresh_copy();
	for (size_t size = 0; size < fixture.size; size += size < 5000 ? 1 : 997)
		expect(bytes, size, ERR_TRUNCATED, "byte ");
	/* and with a header that knows it */
	for (size_t size = 64; size < fixture.size; size += size < 8000 ? 32 : 640) {
		unsigned char *copy = malloc(size); /* exactly: the sanitizer sees one byte too many */
		uint64_t length = size;
		memcpy(copy, bytes, size);
		memcpy(copy + offsetof(struct town_header, file_size), &length, 8);
		seal(copy, size);
		struct town town;
		int err = town_open_memory(&town, copy, size, NULL);
		assert_true(err == ERR_TRUNCATED || err == ERR_FORMAT);
		free(copy);
	}
}

static void flipped_bits(void **state)
{
	(void)state;
	unsigned char *bytes = fresh_copy();
	struct rng rng;
	rng_seed(&rng, 3);
	for (int i = 0; i < 300; i++) {
		size_t at = TOWN_HASHED_FROM + 16 + rng_below(&rng, (uint32_t)(fixture.size - TOWN_HASHED_FROM - 16));
		unsigned char flip = (unsigned char)(1u << rng_below(&rng, 8));
		bytes[at] ^= flip;
		expect(bytes, fixture.size, ERR_CHECKSUM, "damaged");
		bytes[at] ^= flip;
	}
	struct town_section section; /* in a known place it says where */
	uint32_t i = 0;
	while (strcmp(town_columns[i].name, "road.tail") != 0)
		i++;
	memcpy(&section, bytes + sizeof(struct town_header) + (i + 1) * sizeof section, sizeof section);
	bytes[section.offset + 2] ^= 4;
	expect(bytes, fixture.size, ERR_CHECKSUM, "(road.tail): damaged");
}

/* Every field of every entry of the section table, wrong in several ways */
static void section_tables(void **state)
{
	(void)state;
	for (uint32_t i = 0; i <= town_n_columns; i++) {
		for (size_t field = 0; field < 24; field += 4) {
			const uint32_t values[] = {0xffffffff, 0x7fffffff, 1u << 31, 3, fixture.size & 0xffffffff};
			for (size_t k = 0; k < COUNT_OF(values); k++) {
				unsigned char *bytes = fresh_copy();
				uint32_t old;
				size_t at = sizeof(struct town_header) + i * sizeof(struct town_section) + field;
				memcpy(&old, bytes + at, 4);
				if (old == values[k])
					continue;
				memcpy(bytes + at, &values[k], 4);
				seal(bytes, fixture.size);
				expect(bytes, fixture.size, ERR_FORMAT, "section ");
			}
		}
	}
}

static size_t column_at(unsigned char *bytes, const char *name, const struct town_column **ret_column)
{
	for (uint32_t i = 0; i < town_n_columns; i++) {
		struct town_section section;
		if (strcmp(town_columns[i].name, name) != 0)
			continue;
		memcpy(&section, bytes + sizeof(struct town_header) + (i + 1) * sizeof section, sizeof section);
		if (ret_column)
			*ret_column = &town_columns[i];
		return section.offset;
	}
	fail_msg("no column %s", name);
	return 0;
}

/* A value that no check of this kind may let through */
static uint64_t bad_value(enum town_check check)
{
	switch (check) {
	case CHECK_INDEX:
		return NONE;
	case CHECK_INDEX_OR_NONE:
		return NONE - 1;
	case CHECK_FIRST:
		return NONE;
	case CHECK_BELOW:
		return 0xff;
	case CHECK_POINT:
		return 900000001;
	case CHECK_XY:
		return 0x7fffffff;
	case CHECK_SPOT:
		return NONE - 1;
	case CHECK_ANY:
		break;
	}
	return 0;
}

static void every_checked_column(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < town_n_columns; i++) {
		const struct town_column *column = &town_columns[i];
		uint64_t n = town_column_count(&fixture.town, column), bad = bad_value(column->check);
		const uint64_t places[] = {0, n / 2, n - 1};
		for (size_t k = 0; column->check != CHECK_ANY && k < COUNT_OF(places); k++) {
			unsigned char *bytes = fresh_copy();
			size_t at = column_at(bytes, column->name, NULL) + places[k] * column->element_size;
			char place[64];
			memcpy(bytes + at, &bad, column->element_size < 4 ? 1 : 4);
			seal(bytes, fixture.size);
			snprintf(place, sizeof place, "%s[", column->name);
			expect(bytes, fixture.size, ERR_RANGE, place);
		}
	}
}

/* Words of the town: every count wrong is seen somewhere. */
static void every_word(void **state)
{
	(void)state;
	unsigned char *bytes = fresh_copy();
	struct town_section section;
	memcpy(&section, bytes + sizeof(struct town_header), sizeof section);
	for (uint32_t i = 0; i < town_n_words; i++) {
		const uint32_t values[] = {UINT32_MAX, 0, 1u << 31, UINT32_MAX - 1, 65};
		for (size_t k = 0; k < COUNT_OF(values); k++) {
			bytes = fresh_copy();
			memcpy(bytes + section.offset + 4 * i, &values[k], 4);
			seal(bytes, fixture.size);
			struct town town;
			int err = town_open_memory(&town, bytes, fixture.size, NULL);
			const char *name = town_words[i].name;
			int is_count = strncmp(name, "n_", 2) == 0 || strstr(name, ".n_") != NULL;
			if (is_count && values[k] != town_number(&fixture.town, town_words[i].offset)) {
				if (err != ERR_RANGE && err != ERR_FORMAT)
					fail_msg("%s = %u was let through", name, values[k]);
			} else
				assert_true(err == 0 || err == ERR_RANGE);
		}
	}
}

/* Values that are in range one by one, yet contradict each other */
static void contradictions(void **state)
{
	(void)state;
	const struct {
		const char *column;
		uint32_t at, value;
		const char *expected;
	} rows[] = {
		{"string_first", 1, 2, "string_first[0]: expected a text that ends with its only NUL"},
		{"road.out_arc", 0, 1, "an arc that leaves this node"},
		{"road.reverse_arc", 0, 0, "an arc the other way that names this one"},
		{"road.reverse_arc", 0, 5, "an arc the other way that names this one"},
		{"road.shape_first", 1, 1, "at least the points of tail and head"},
		{"road.time_ms", 0, TIME_INFINITE, "no class that may not drive here"},
		{"road.turn_first", 1, 1, "at least two arcs"},
		{"road.turn_arcs", 1, 0, "an arc that begins where the one before it ends"},
		{"road.turn_cost_ms", 0, (uint32_t)-2, "-1 (forbidden) or a time"},
		{"stop_spot", 1, 40001, "an offset within the length of its arc"},
		{"timetable.stop_parent", 0, 0, "a station at most three steps up"},
		{"timetable.event_trip", 0, 1, "the trip of this stop time"},
		{"timetable.time_sequence", 1, 1, "more than the one before it"},
		{"timetable.time_departure_s", 0, 10, "a departure not before the arrival"},
		{"timetable.time_arrival_s", 1, 10, "an arrival not before the departure one stop earlier"},
		{"timetable.time_arrival_s", 0, 1u << 31, "a time near its service day"},
		{"timetable.stop_event", 0, 0, "order by departure, then index"},
		{"timetable.day_yyyymmdd", 1, 20220609, "consecutive calendar days"},
		{"timetable.day_yyyymmdd", 0, 20220631, "consecutive calendar days"},
		{"timetable.day_start", 3, 0x7fffffff, "an instant after that of the day before"},
		{"address_key", 0, 1, "keys in ascending order"},
		{"space_name", 0, 0, "\"seat\""},
		{"need_name", 0, 0, "\"seat\""},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned char *bytes = fresh_copy();
		size_t at = column_at(bytes, rows[i].column, NULL) + rows[i].at * 4;
		memcpy(bytes + at, &rows[i].value, 4);
		if (strcmp(rows[i].column, "timetable.stop_event") == 0)
			memcpy(bytes + at, (uint32_t[]){0, 3}, 8); /* the two departures of a stop, swapped */
		if (strcmp(rows[i].column, "address_key") == 0)
			memcpy(bytes + at, (const uint32_t *)fixture.town.address_key + 1, 4),
				memcpy(bytes + at + 4, fixture.town.address_key, 4);
		seal(bytes, fixture.size);
		expect(bytes, fixture.size, ERR_RANGE, rows[i].expected);
	}
	unsigned char *bytes = fresh_copy();
	bytes[column_at(bytes, "string_bytes", NULL) + 2] = 0xc3;
	seal(bytes, fixture.size);
	expect(bytes, fixture.size, ERR_RANGE, "expected UTF-8");
	bytes = fresh_copy();
	bytes[column_at(bytes, "road.main_mask", NULL)] = 4;
	seal(bytes, fixture.size);
	expect(bytes, fixture.size, ERR_RANGE, "bits of known classes only");
}

/* Random values in random places behind a right hash: whatever opens can be used, the rest is refused. */
static void random_damage(void **state)
{
	(void)state;
	struct rng rng;
	const char *text = getenv("ZUB_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : 20260101;
	uint32_t opened = 0;
	printf("seed %llu\n", (unsigned long long)seed);
	rng_seed(&rng, seed);
	for (int i = 0; i < 3000; i++) {
		unsigned char *bytes = fresh_copy();
		for (uint32_t n = 1 + rng_below(&rng, 3); n; n--) {
			size_t at = TOWN_HASHED_FROM + rng_below(&rng, (uint32_t)(fixture.size - TOWN_HASHED_FROM));
			bytes[at] = (unsigned char)rng_next(&rng);
		}
		seal(bytes, fixture.size);
		struct town town;
		struct snap snaps[3];
		uint32_t found[4], day;
		struct trip_key key;
		int err = town_open_memory(&town, bytes, fixture.size, NULL);
		if (err)
			continue;
		opened++;
		struct geo_xy p = {(int32_t)rng_between(&rng, -100000, 100000),
				   (int32_t)rng_between(&rng, -100000, 100000)};
		for (uint32_t n = network_snap(&town.road, 0, p, UINT32_MAX, 0, snaps, 3); n; n--)
			network_spot_point(&town.road, snaps[n - 1].spot);
		town_search(&town, "platz", found, 4);
		town_service_day(&town, DRAWN_DAY_START, &day);
		if (timetable_key(&town, 0, 0, &key) == 0)
			timetable_find(&town, &key, &day);
		town_close(&town);
	}
	assert_in_range(opened, 100, 2999); /* harmless bytes exist, and so do refused ones */
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void paths(void **state)
{
	(void)state;
	struct town town;
	struct err_detail detail;
	assert_int_equal(town_open(&town, "/nowhere/town.zmap", &detail), ERR_IO);
	assert_non_null(strstr(detail.text, "/nowhere/town.zmap: No such file"));
	assert_int_equal(town_open(&town, fixture.folder, &detail), ERR_IO);
	assert_int_equal(town_open(&town, "/dev/null", &detail), ERR_IO);
	assert_int_equal(town_write(&fixture.town, "/nowhere/town.zmap", &detail), ERR_IO);
	assert_int_equal(town_write(&fixture.town, fixture.folder, &detail), ERR_IO); /* a folder is in the way */
	char empty[128];
	snprintf(empty, sizeof empty, "%s/empty", fixture.folder);
	fclose(fopen(empty, "wb"));
	assert_int_equal(town_open(&town, empty, &detail), ERR_TRUNCATED);
	unlink(empty);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
	(void)state;
	struct rlimit old, small;
	struct err_detail detail = {""};
	size_t size;
	getrlimit(RLIMIT_FSIZE, &old);
	small = old;
	small.rlim_cur = 5000;
	void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	int err = town_write(&fixture.town, fixture.path, &detail);
	setrlimit(RLIMIT_FSIZE, &old);
	signal(SIGXFSZ, before);
	assert_int_equal(err, ERR_DISK_FULL);
	unsigned char *bytes = read_file(fixture.path, &size);
	assert_int_equal(size, fixture.size);
	assert_memory_equal(bytes, fixture.bytes, size);
	free(bytes);
}

static void what_could_not_be_opened_is_not_written(void **state)
{
	(void)state;
	char path[128];
	struct err_detail detail;
	struct town town = fixture.town;
	snprintf(path, sizeof path, "%s/bad.zmap", fixture.folder);
	town.timetable.trip_id = NULL;
	assert_int_equal(town_write(&town, path, &detail), ERR_USAGE);
	assert_non_null(strstr(detail.text, "timetable.trip_id: 2 elements expected, none given"));
	town = fixture.town;
	town.rules.service_from_s = town.rules.service_to_s + 1;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	const uint32_t from = 14399, quicker[ROAD_KINDS] = {999};
	town = fixture.town;
	town.profile_from_s = &from;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	assert_non_null(strstr(detail.text, "hours between 04:00 and 28:00"));
	town = fixture.town;
	town.profile_permille = quicker;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	assert_non_null(strstr(detail.text, "0, or 1,000 to 10,000"));
	town = fixture.town;
	town.n_profile_kinds--;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	town = fixture.town;
	town.walk.n_classes = 0;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	assert_non_null(strstr(detail.text, "walk.n_classes is 0, expected 1"));
	town = fixture.town;
	town.imprint_text = town.n_strings;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	town = fixture.town;
	town.n_needs = TOWN_NEEDS_MAX + 1;
	assert_int_equal(town_write(&town, path, &detail), ERR_RANGE);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_columns_come_back),
		cmocka_unit_test(column_ids_ascend),
		cmocka_unit_test(no_column_is_forgotten),
		cmocka_unit_test(same_content_same_bytes),
		cmocka_unit_test(the_smallest_town),
		cmocka_unit_test(headers),
		cmocka_unit_test(truncated_anywhere),
		cmocka_unit_test(flipped_bits),
		cmocka_unit_test(section_tables),
		cmocka_unit_test(every_checked_column),
		cmocka_unit_test(every_word),
		cmocka_unit_test(contradictions),
		cmocka_unit_test(random_damage),
		cmocka_unit_test(paths),
		cmocka_unit_test(a_full_disk_leaves_the_old_file),
		cmocka_unit_test(what_could_not_be_opened_is_not_written),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
