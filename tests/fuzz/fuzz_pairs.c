// link: zub_compile
/* The CSV of mapc route --pairs: what is read names arcs that are there. */
#include "fuzz_file.h"
#include "pairs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t dist_mm[] = {0, 1000, UINT32_MAX};
	static const struct network road = {.n_arcs = 3, .dist_mm = dist_mm};
	struct err_detail detail = {""};
	struct pairs pairs;
	struct fuzz_file file = fuzz_file(data, size);
	int code = pairs_read(&pairs, file.path, &road, &detail);
	fuzz_refused(code, &detail);
	for (size_t i = 0; !code && i < pairs.n; i++)
		for (int end = 0; end < 2; end++) {
			struct spot spot = pairs.rows[i].spots[end];
			struct geo_point point = pairs.rows[i].points[end];
			if (pairs.by_arc ? spot.arc >= 3 || spot.offset_mm > dist_mm[spot.arc]
					 : spot.arc != NONE || point.lat_e7 > 900000000 || point.lat_e7 < -900000000)
				__builtin_trap();
		}
	if (!code)
		pairs_free(&pairs);
	close(file.fd);
	return 0;
}
