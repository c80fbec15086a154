// link: zub_compile zub_town_file
/* OSM XML text; what reads is compiled. */
#include "compile.h"
#include "osm.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compile(const char *path)
{
	static struct town_settings settings;
	struct compile_options options = {.osm_path = path, .settings = &settings};
	struct err_detail detail = {""};
	struct build build;

	if (settings.n_classes == 0)
		town_settings_default(&settings);
	if (build_open(&build))
		return;
	if (compile_town(&build, &options, &detail) && (!detail.text[0] || strchr(detail.text, '\n')))
		__builtin_trap();
	build_close(&build);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	char path[64];
	struct osm osm;
	static const char start[] = "<osm>";
	int fd = memfd_create("osm", 0), code;

	if (fd < 0 || write(fd, start, 5) != 5 || write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	code = osm_read(&osm, path, &detail);
	if (code && (!detail.text[0] || strchr(detail.text, '\n')))
		__builtin_trap(); /* an error is one clear line */
	if (!code) {
		osm_free(&osm);
		compile(path);
	}
	close(fd);
	return 0;
}
