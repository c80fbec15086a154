/* mapc build */
#include "compile.h"
#include "mapc.h"
#include <stdio.h>
#include <stdlib.h>

static void print_summary(const struct build *build, const char *path)
{
	const struct town *town = &build->town;

	printf("%s: %u nodes and %u arcs of roads, %u turn rows, %u arcs of footpaths, %u stops, %u addresses, %u "
	       "timetable stops, "
	       "%u trips\n",
	       path, town->road.n_nodes, town->road.n_arcs, town->road.n_turns, town->walk.n_arcs, town->n_stops,
	       town->n_addresses, town->timetable.n_stops, town->timetable.n_trips);
	printf("content ");
	for (size_t i = 0; i < sizeof town->hash; i++)
		printf("%02x", town->hash[i]);
	putchar('\n');
	report_print(&build->report, stdout);
}

static int build_town(const struct compile_options *options, const char *path)
{
	struct err_detail detail = {0};
	struct build build;
	int code;

	if (build_open(&build))
		return mapc_fail("build", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	code = compile_town(&build, options, &detail);
	mapc_progress(NULL, "writing");
	if (!code)
		code = town_write(&build.town, path, &detail);
	mapc_progress(NULL, NULL);
	if (code)
		mapc_fail("build", MAPC_FAILED, "%s", detail.text);
	else
		print_summary(&build, path);
	build_close(&build);
	return code ? MAPC_FAILED : MAPC_OK;
}

int mapc_build(int argc, char **argv)
{
	const char *osm = NULL, *town = NULL, *out = NULL, *date = NULL, **gtfs = NULL;
	uint32_t n_gtfs = 0;
	struct mapc_option options[] = {{"osm", 0, 1, &osm},
					{"town", 0, 0, &town},
					{"o", 0, 1, &out},
					{"date", 0, 0, &date},
					{"gtfs", 0, 0, NULL, &gtfs, &n_gtfs}};
	int status = mapc_options(argc, argv, options, 5, 0, NULL);
	struct err_detail detail = {0};
	struct town_settings *settings = calloc(1, sizeof *settings);
	int64_t yyyymmdd = 0;

	if (!status && !settings)
		status = mapc_fail("build", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	if (!status && date)
		status = mapc_number("build", "--date", date, 19800101, 20991231, &yyyymmdd);
	if (!status && (town ? town_settings_read(settings, town, &detail) : town_settings_default(settings)))
		status = mapc_fail("build", MAPC_FAILED, "%s", detail.text);
	if (!status) {
		struct compile_options compile = {.osm_path = osm,
						  .gtfs_paths = gtfs,
						  .n_gtfs = n_gtfs,
						  .settings = settings,
						  .yyyymmdd = (uint32_t)yyyymmdd,
						  .progress = mapc_progress};

		status = build_town(&compile, out);
		town_settings_close(settings);
	}
	free(settings);
	free(gtfs);
	return status;
}

int mapc_settings(int argc, char **argv)
{
	int status = mapc_options(argc, argv, NULL, 0, 0, NULL);
	if (!status)
		town_settings_manual(stdout);
	return status;
}
