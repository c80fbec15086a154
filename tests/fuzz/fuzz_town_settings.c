// link: zub_compile zub_town_file
/* A town settings file; what reads can be stored. */
#include "fyaml_leak.h"
#include "town_settings.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct town_settings settings;
	struct err_detail detail = {""};
	struct build build;

	if (town_settings_read_text(&settings, (const char *)data, size, "town.yaml", &detail)) {
		if (!detail.text[0])
			__builtin_trap();
		return 0;
	}
	if (build_open(&build) == 0) {
		if (town_settings_store(&settings, &build))
			__builtin_trap();
		build_close(&build);
	}
	town_settings_close(&settings);
	return 0;
}
