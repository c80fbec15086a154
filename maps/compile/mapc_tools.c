/* mapc import-dimacs, derive-timetable, synth */
#include "dimacs.h"
#include "gtfs.h"
#include "mapc.h"
#include "synth.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- import-dimacs ------------------------------------------------------------------------------------------------ */

static int import(const struct dimacs_options *options, const char *path)
{
	struct err_detail detail = {0};
	struct build build;
	int code;

	if (build_open(&build))
		return mapc_fail("import-dimacs", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	mapc_progress(NULL, "importing");
	code = dimacs_build(&build, options, &detail);
	if (!code)
		code = town_write(&build.town, path, &detail);
	mapc_progress(NULL, NULL);
	if (code) {
		mapc_fail("import-dimacs", MAPC_FAILED, "%s", detail.text[0] ? detail.text : err_text(code));
	} else {
		printf("%s: %u nodes and %u arcs\n", path, build.town.road.n_nodes, build.town.road.n_arcs);
		report_print(&build.report, stdout);
	}
	build_close(&build);
	return code ? MAPC_FAILED : MAPC_OK;
}

int mapc_import_dimacs(int argc, char **argv)
{
	const char *gr = NULL, *co = NULL, *len = NULL, *unit = "100", *length = "1000", *out = NULL,
		   *unit_given = NULL, *length_given = NULL, *class_name = NULL, *name = NULL;
	struct mapc_option options[] = {{"gr", 0, 1, &gr},
					{"co", 0, 1, &co},
					{"len", 0, 0, &len},
					{"unit-ms", 0, 0, &unit_given},
					{"len-mm", 0, 0, &length_given},
					{"class", 0, 0, &class_name},
					{"name", 0, 0, &name},
					{"o", 0, 1, &out}};
	struct town_settings *settings = calloc(1, sizeof *settings);
	int64_t unit_ms = 100, len_mm = 1000;
	int status = mapc_options(argc, argv, options, 8, 0, NULL);

	if (!status && (!settings || town_settings_default(settings)))
		status = mapc_fail("import-dimacs", MAPC_FAILED, "%s", err_text(ERR_MEMORY));
	if (!status)
		status =
			mapc_number("import-dimacs", "--unit-ms", unit_given ? unit_given : unit, 1, 1000000, &unit_ms);
	if (!status)
		status = mapc_number("import-dimacs", "--len-mm", length_given ? length_given : length, 1, 1000000,
				     &len_mm);
	if (!status) {
		struct dimacs_options dimacs = {gr, co, len, (uint32_t)unit_ms, (uint32_t)len_mm, settings};

		settings->classes[0] = settings->classes[1]; /* cars */
		settings->n_classes = 1;
		if (class_name)
			snprintf(settings->classes[0].name, sizeof settings->classes[0].name, "%s", class_name);
		snprintf(settings->name, sizeof settings->name, "%s", name ? name : "imported graph");
		snprintf(settings->attribution, sizeof settings->attribution, "9th DIMACS Implementation Challenge");
		status = import(&dimacs, out);
		town_settings_close(settings);
	}
	free(settings);
	return status;
}

/* --- derive-timetable --------------------------------------------------------------------------------------------- */

static int derive(struct derive_options *options, const char *path)
{
	static struct mapc_output output;
	struct err_detail detail = {0};
	struct report *report = calloc(1, sizeof *report);
	int status = report ? mapc_output_name("derive-timetable", &output, path)
			    : mapc_fail("derive-timetable", MAPC_FAILED, "%s", err_text(ERR_MEMORY));

	options->gtfs_path = output.part;
	if (!status && gtfs_derive(options, report, &detail)) {
		mapc_outputs_drop(&output, 1);
		status = mapc_fail("derive-timetable", MAPC_FAILED, "%s", detail.text);
	}
	if (!status)
		status = mapc_outputs_finish("derive-timetable", &output, 1);
	if (!status) {
		printf("%s: invented times on real stops and courses\n", path);
		report_print(report, stdout);
	}
	free(report);
	return status;
}

int mapc_derive_timetable(int argc, char **argv)
{
	const char *osm = NULL, *out = NULL, *first = NULL, *last = NULL, *headway = NULL;
	struct mapc_option options[] = {{"osm", 0, 1, &osm},
					{"o", 0, 1, &out},
					{"first", 0, 0, &first},
					{"last", 0, 0, &last},
					{"headway-s", 0, 0, &headway}};
	int64_t first_day = 20260101, last_day = 20261231, headway_s = 1200;
	int status = mapc_options(argc, argv, options, 5, 0, NULL);
	struct derive_options derived = {0};

	if (!status && first)
		status = mapc_number("derive-timetable", "--first", first, 19800101, 20991231, &first_day);
	if (!status && last)
		status = mapc_number("derive-timetable", "--last", last, 19800101, 20991231, &last_day);
	if (!status && headway)
		status = mapc_number("derive-timetable", "--headway-s", headway, 60, 86400, &headway_s);
	if (!status && last_day < first_day)
		status = mapc_fail("derive-timetable", MAPC_USAGE, "--last lies before --first");
	if (status)
		return status;
	derived = (struct derive_options){osm, NULL, (uint32_t)first_day, (uint32_t)last_day, (uint32_t)headway_s};
	return derive(&derived, out);
}

/* --- synth -------------------------------------------------------------------------------------------------------- */

int mapc_synth(int argc, char **argv)
{
	static struct mapc_output outputs[2];
	const char *seed_text = NULL, *inhabitants_text = NULL, *osm = NULL, *gtfs = NULL;
	struct mapc_option options[] = {{"seed", 0, 1, &seed_text},
					{"inhabitants", 0, 1, &inhabitants_text},
					{"osm", 0, 1, &osm},
					{"gtfs", 0, 1, &gtfs}};
	int64_t seed = 0, inhabitants = 0;
	struct err_detail detail = {0};
	int status = mapc_options(argc, argv, options, 4, 0, NULL);

	if (!status)
		status = mapc_number("synth", "--seed", seed_text, 0, INT64_MAX, &seed);
	if (!status)
		status = mapc_number("synth", "--inhabitants", inhabitants_text, 5000, 1000000, &inhabitants);
	if (!status && strcmp(osm, gtfs) == 0)
		status = mapc_fail("synth", MAPC_USAGE, "--osm and --gtfs are the same file");
	if (!status)
		status = mapc_output_name("synth", &outputs[0], osm);
	if (!status)
		status = mapc_output_name("synth", &outputs[1], gtfs);
	if (status)
		return status;
	mapc_progress(NULL, "generating a town");
	if (synth_write(
		    &(struct synth_options){(uint64_t)seed, (uint32_t)inhabitants, outputs[0].part, outputs[1].part},
		    &detail)) {
		mapc_outputs_drop(outputs, 2);
		return mapc_fail("synth", MAPC_FAILED, "%s", detail.text);
	}
	mapc_progress(NULL, NULL);
	status = mapc_outputs_finish("synth", outputs, 2);
	if (!status)
		printf("%s, %s: generated town, seed %lld, %lld inhabitants\n", osm, gtfs, (long long)seed,
		       (long long)inhabitants);
	return status;
}
