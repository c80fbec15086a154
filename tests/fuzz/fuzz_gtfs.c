// link: zub_compile zub_city zub_base
/* GTFS tables from hostile text: the input is a list of tables, "== stops.txt" begins one. The tables a feed must have
 * and the input lacks are put in, so that every table's reader is reached. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gtfs.h"

static const struct {
	const char *name, *text;
} defaults[] = {
	{"agency.txt", "agency_id,agency_name,agency_timezone\nA,Bahn,Europe/Berlin\n"},
	{"stops.txt", "stop_id,stop_name,stop_lat,stop_lon\na,Alpha,49.4,8.6\nb,Beta,49.41,8.6\n"},
	{"routes.txt", "route_id,route_type\nR,3\n"},
	{"calendar_dates.txt", "service_id,date,exception_type\nS,20220613,1\n"},
	{"trips.txt", "route_id,service_id,trip_id\nR,S,t\n"},
	{"stop_times.txt",
	 "trip_id,stop_id,arrival_time,departure_time,stop_sequence\nt,a,8:00:00,8:00:00,1\nt,b,8:05:00,8:05:00,2\n"},
	{"calendar.txt", NULL},
	{"frequencies.txt", NULL},
	{"transfers.txt", NULL},
	{"feed_info.txt", NULL},
	{"attributions.txt", NULL},
};

static void put(const char *folder, const char *name, const char *text, size_t size)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *out = fopen(path, "ab");
	if (!out)
		abort();
	fwrite(text, 1, size, out);
	fclose(out);
}

static const char *table_of(const char *line, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(defaults); i++)
		if (length > 3 + strlen(defaults[i].name) && memcmp(line, "== ", 3) == 0 &&
		    memcmp(line + 3, defaults[i].name, strlen(defaults[i].name)) == 0)
			return defaults[i].name;
	return NULL;
}

static void put_tables(const char *folder, const char *bytes, size_t size)
{
	const char *name = NULL, *from = bytes, *end = bytes + size;
	for (const char *line = bytes; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *next = newline ? newline + 1 : end;
		const char *table = table_of(line, (size_t)(next - line));
		if (table) {
			if (name)
				put(folder, name, from, (size_t)(line - from));
			name = table;
			from = next;
		}
		line = next;
	}
	if (name)
		put(folder, name, from, (size_t)(end - from));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char folder[64];
	char path[256];
	if (!folder[0]) {
		snprintf(folder, sizeof folder, "/tmp/zub-fuzz-gtfs-%d", (int)getpid());
		mkdir(folder, 0700);
	}
	put_tables(folder, (const char *)bytes, size);
	for (size_t i = 0; i < COUNT_OF(defaults); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, defaults[i].name);
		if (defaults[i].text && access(path, F_OK))
			put(folder, defaults[i].name, defaults[i].text, strlen(defaults[i].text));
	}
	struct build build;
	struct err_detail detail;
	const char *paths[] = {folder};
	if (build_open(&build) == 0) {
		(void)gtfs_build(&build, paths, 1, &detail);
		build_close(&build);
	}
	for (size_t i = 0; i < COUNT_OF(defaults); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, defaults[i].name);
		unlink(path);
	}
	return 0;
}
