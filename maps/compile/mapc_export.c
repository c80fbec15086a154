/* mapc export: CSV files from which an outside program can rebuild the same search. */
#include "mapc.h"
#include <inttypes.h>
#include <stdio.h>

static void print_degrees(FILE *file, int32_t e7)
{
	int64_t value = e7 < 0 ? -(int64_t)e7 : e7;

	fprintf(file, "%s%" PRId64 ".%07" PRId64, e7 < 0 ? "-" : "", value / 10000000, value % 10000000);
}

static void write_nodes(FILE *file, const struct network *road)
{
	fputs("node,lat,lon\n", file);
	for (uint32_t v = 0; v < road->n_nodes; v++) {
		fprintf(file, "%" PRIu32 ",", v);
		print_degrees(file, road->node_point[v].lat_e7);
		fputc(',', file);
		print_degrees(file, road->node_point[v].lon_e7);
		fputc('\n', file);
	}
}

/* Row i (from 0) is arc i; time_ms -1 = the class may not use it. */
static void write_arcs(FILE *file, const struct network *road, uint32_t class_index)
{
	fputs("tail,head,time_ms,dist_mm\n", file);
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		uint32_t time = road->time_ms[(size_t)class_index * road->n_arcs + a];

		fprintf(file, "%" PRIu32 ",%" PRIu32 ",%" PRId64 ",%" PRIu32 "\n", road->tail[a], road->head[a],
			time == TIME_INFINITE ? INT64_C(-1) : (int64_t)time, road->dist_mm[a]);
	}
}

/* Rows are as long as their sequence of arcs. */
static void write_turns(FILE *file, const struct network *road, uint32_t class_index)
{
	fputs("cost_ms,arc_1,...,arc_k\n", file);
	for (uint32_t t = 0; t < road->n_turns; t++) {
		if (!(road->turn_mask[t] >> class_index & 1))
			continue;
		fprintf(file, "%" PRId32, road->turn_cost_ms[t]);
		for (uint32_t i = road->turn_first[t]; i < road->turn_first[t + 1]; i++)
			fprintf(file, ",%" PRIu32, road->turn_arcs[i]);
		fputc('\n', file);
	}
}

static int write_all(const struct town *town, uint32_t class_index, const char *const *paths)
{
	static struct mapc_output outputs[3];

	for (uint32_t i = 0; i < 3; i++)
		if (mapc_output_open("export", &outputs[i], paths[i])) {
			mapc_outputs_drop(outputs, i);
			return MAPC_FAILED;
		}
	write_nodes(outputs[0].file, &town->road);
	write_arcs(outputs[1].file, &town->road, class_index);
	write_turns(outputs[2].file, &town->road, class_index);
	return mapc_outputs_finish("export", outputs, 3);
}

int mapc_export(int argc, char **argv)
{
	const char *class_name = NULL, *paths[3] = {NULL, NULL, NULL}, *path = NULL;
	struct mapc_option options[] = {{"class", 0, 1, &class_name},
					{"nodes", 0, 1, &paths[0]},
					{"arcs", 0, 1, &paths[1]},
					{"turns", 0, 1, &paths[2]}};
	int status = mapc_options(argc, argv, options, 4, 1, &path);
	struct err_detail detail = {0};
	struct town town;
	uint32_t class_index;

	if (status)
		return status;
	if (town_open(&town, path, &detail))
		return mapc_fail("export", MAPC_FAILED, "%s", detail.text);
	status = mapc_class("export", &town, class_name, &class_index);
	if (!status)
		status = write_all(&town, class_index, paths);
	town_close(&town);
	return status;
}
