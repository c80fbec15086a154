// link: zub_sim
/* A scenario of the simulator. */
#include "fuzz_file.h"
#include "fyaml_leak.h"
#include "scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_detail detail = {""};
	struct scenario scenario;
	struct fuzz_file file = fuzz_file(data, size);
	scenario_default(&scenario);
	fuzz_refused(scenario_read(&scenario, file.path, &detail), &detail);
	close(file.fd);
	return 0;
}
