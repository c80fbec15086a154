// link: zub_compile zub_town_file
/* DIMACS graphs from hostile text: up to a line "==" the graph, then the coordinates. What builds must be a town that
 * can be written. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dimacs.h"
#include "town_settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put(const uint8_t *text, size_t n, char path[32])
{
	int file = memfd_create("dimacs", 0);
	if (file < 0 || write(file, text, n) != (ssize_t)n)
		__builtin_trap();
	snprintf(path, 32, "/proc/self/fd/%d", file);
	return file;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct town_settings settings;
	char graph[32], points[32];
	struct err_detail detail = {""};
	struct build build;
	const uint8_t *cut = size > 3 ? memmem(data, size, "\n==\n", 4) : NULL;
	if (!cut || memmem(data, size, "p sp ", 5) != data)
		return 0;
	const uint8_t *rest = cut + 4;
	int files[2] = {put(data, (size_t)(cut - data) + 1, graph), put(rest, size - (size_t)(rest - data), points)};
	if (town_settings_default(&settings) == 0) {
		struct dimacs_options options = {
			.gr_path = graph, .co_path = points, .unit_ms = 100, .len_mm = 1000, .settings = &settings};
		if (build_open(&build) == 0) {
			if (dimacs_build(&build, &options, &detail) && !detail.text[0])
				__builtin_trap();
			build_close(&build);
		}
		town_settings_close(&settings);
	}
	close(files[0]);
	close(files[1]);
	return 0;
}
