// link: zub_drawn_town zub_town_file
/* town_open on hostile bytes. An input that begins with 'P' is a list of patches (9 bytes each: offset, value, how
 * long) on a valid file, so that deep checks are reached; any other input is taken as a file. (Fuzzing builds skip the
 * hash.) What opens is then used without further checks, as promised. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drawn_town.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char *valid, *patched;
static size_t valid_size;

static void make_valid(void)
{
	char path[] = "/tmp/zub_fuzz_town_XXXXXX";
	struct drawn_options options = {
		.drawing = "A---B>>>C\n|   ^   :\nD---E-+-F\n    |\n    G---H\n",
		.van = 1,
		.turns = "ABC:5000 ADA",
		.stops = "AB DE30? EG!=S2",
		.timetable =
			"stop S1 C\nstop S2 G\ntrip T1 10 S1 08:00 S2 08:10/08:12\ntrip T2 10 S2 07:00:30 S1 07:20\n"};
	struct drawn_town drawn;
	struct err_detail detail;
	int descriptor = mkstemp(path);
	drawn_town_open(&drawn, &options);
	if (descriptor < 0 || town_write(&drawn.town, path, &detail))
		abort();
	close(descriptor);
	FILE *file = fopen(path, "rb");
	valid = malloc(1 << 20);
	valid_size = file ? fread(valid, 1, 1 << 20, file) : 0;
	fclose(file);
	unlink(path);
	drawn_town_close(&drawn);
	patched = malloc(valid_size);
}

static uint32_t read_u32(const uint8_t *data)
{
	uint32_t value;
	memcpy(&value, data, sizeof value);
	return value;
}

static void apply_patches(const uint8_t *data, size_t size)
{
	memcpy(patched, valid, valid_size);
	for (; size >= 9; data += 9, size -= 9) {
		size_t n = (size_t)1 << data[8] % 3, at = read_u32(data) % (valid_size - 4);
		memcpy(patched + at, data + 4, n);
	}
}

static void use_network(const struct network *network)
{
	struct snap snaps[4];
	const struct geo_xy places[] = {{0, 0}, {-2000000000, 2000000000}, {INT32_MAX, INT32_MIN}, {45000, -15000}};
	for (size_t i = 0; i < COUNT_OF(places); i++)
		for (uint32_t n = network_snap(network, 0, places[i], i ? UINT32_MAX : 200000, 1, snaps, 4); n; n--) {
			uint32_t arc = snaps[n - 1].spot.arc;
			network_spot_point(network, snaps[n - 1].spot);
			network_share_ms(network->time_ms[arc], network->dist_mm[arc], snaps[n - 1].spot.offset_mm);
		}
}

static void use_timetable(const struct town *town)
{
	const struct timetable *timetable = &town->timetable;
	struct trip_key key;
	uint32_t day;
	for (uint32_t event = 0; event < timetable->n_stop_times && event < 8; event++)
		if (timetable->n_days && timetable_key(town, event, 0, &key) == 0)
			timetable_find(town, &key, &day);
	town_service_day(town, DRAWN_DAY_START, &day);
}

static void use_town(const struct town *town)
{
	uint32_t found[4];
	for (uint32_t i = 0; i < town->n_strings; i++)
		assert(strlen(town_text(town, i)) < town->n_string_bytes);
	town_search(town, "platz a", found, 4);
	town_search(town, "1", found, 4);
	town_in_area(town, town->origin);
	town_class(town, "van");
	town_need(town, "dog");
	use_network(&town->road);
	use_network(&town->walk);
	use_timetable(town);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct town town;
	struct err_detail detail;
	if (!valid)
		make_valid();
	unsigned char *raw = NULL;
	int err;
	if (size && data[0] == 'P') {
		apply_patches(data + 1, size - 1);
		err = town_open_memory(&town, patched, valid_size, &detail);
	} else {
		raw = malloc(size ? size : 1); /* aligned, and exactly as long */
		if (size)
			memcpy(raw, data, size);
		err = town_open_memory(&town, raw, size, &detail);
	}
	if (!err) {
		use_town(&town);
		town_close(&town);
	}
	free(raw);
	return 0;
}
