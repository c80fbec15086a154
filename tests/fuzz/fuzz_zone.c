// link: zub_http
/* Time-zone files (zone.h) from hostile bytes: whatever is taken gives local times that lead back. */
#include "zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct zone zone;
	if (zone_read(&zone, data, size)) {
		if (zone.n || zone.at_s || zone.east_s)
			__builtin_trap();
		return 0;
	}
	for (instant_ms at = 0; at < INT64_C(4000000000000); at += INT64_C(86399000) * 97) {
		struct zone_time local = zone_local(&zone, at);
		if (local.month < 1 || local.month > 12 || local.day < 1 || local.day > 31 || local.hour < 0 ||
		    local.hour > 23)
			__builtin_trap();
		(void)zone_instant(&zone, &local);
	}
	zone_close(&zone);
	return 0;
}
