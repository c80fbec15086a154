// link: zub_vehicle_link
/* A vehicle's state file: refused with a reason, or as many bytes as it says. (What stands in it: fuzz_agent.) */
#include "fuzz_file.h"
#include "state_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[4096];
	struct err_detail detail = {""};
	size_t n = 0;
	struct fuzz_file file = fuzz_file(data, size);
	int code = state_file_read(file.path, bytes, sizeof bytes, &n, &detail);
	fuzz_refused(code, &detail);
	if (!code && (n > sizeof bytes || n + 32 > size))
		__builtin_trap();
	close(file.fd);
	return 0;
}
