// link: zub_settings
/* The dispatcher's settings, and the fleet file (a leading 'f'). */
#include "fuzz_file.h"
#include "fyaml_leak.h"
#include "settings.h"

static void fleet(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	struct fleet read;
	struct fuzz_file file = fuzz_file(data, size);
	int code = fleet_read(&read, file.path, &detail);
	fuzz_refused(code, &detail);
	for (uint32_t i = 0; !code && i < read.n; i++) /* ascending, each with a name and a key of its own */
		if (!read.vehicles[i].number || (i && read.vehicles[i].number <= read.vehicles[i - 1].number) ||
		    !read.vehicles[i].name[0] || strlen(read.vehicles[i].public_key) != 40)
			__builtin_trap();
	if (!code)
		fleet_free(&read);
	close(file.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	struct settings settings;
	struct core_settings core;
	if (size && data[0] == 'f') {
		fleet(data + 1, size - 1);
		return 0;
	}
	struct fuzz_file file = fuzz_file(data, size);
	settings_default(&settings);
	int code = settings_read(&settings, file.path, &detail);
	fuzz_refused(code, &detail);
	if (!code)
		settings_core(&settings, &core);
	close(file.fd);
	return 0;
}
