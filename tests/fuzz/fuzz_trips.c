// link: zub_sim zub_drawn_town
/* The CSV of trips (sim/demand.h) from hostile text. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct town town; /* no needs, no streets: only the reader is asked */
	char path[32];
	struct demand demand;
	struct err_detail detail = {""};
	int file = memfd_create("trips", 0);
	if (file < 0 || write(file, data, size) != (ssize_t)size)
		__builtin_trap();
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	if (demand_read(&demand, &town, path, 0, &detail)) {
		if (!detail.text[0])
			__builtin_trap();
	} else {
		for (uint32_t i = 1; i < demand.n; i++)
			if (demand.trips[i].ask_at < demand.trips[i - 1].ask_at)
				__builtin_trap();
		demand_free(&demand);
	}
	close(file);
	return 0;
}
