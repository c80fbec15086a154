#include "compare.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "indicators.h"
#include "spread.h"
#include "sweep.h"

struct pairs {
	json_t *a, *b;		       /* figures.json */
	json_t *run_a[SWEEP_RUNS_MAX]; /* of the seeds in common; borrowed */
	json_t *run_b[SWEEP_RUNS_MAX];
	uint32_t n, n_other_wishes;
};

static int load(const char *folder, json_t **ret_json, struct err_detail *detail)
{
	char path[560];
	json_error_t error;
	snprintf(path, sizeof path, "%s/figures.json", folder);
	json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!json && error.line < 0)
		return err_set(detail, ERR_IO, "%s: %s", path, error.text);
	if (!json)
		return err_set(detail, ERR_FORMAT, "%s:%d:%d: %s", path, error.line, error.column, error.text);
	json_t *runs = json_object_get(json, "runs");
	if (!json_is_array(runs) || json_array_size(runs) > SWEEP_RUNS_MAX) {
		json_decref(json);
		return err_set(detail, ERR_FORMAT, "%s: expected what sim run writes: no list of runs", path);
	}
	*ret_json = json;
	return ERR_OK;
}

static json_t *run_of(json_t *json, json_int_t seed)
{
	size_t i;
	json_t *run;
	json_array_foreach(json_object_get(json, "runs"), i,
			   run) if (json_integer_value(json_object_get(run, "seed")) == seed) return run;
	return NULL;
}

static const char *text_of(const json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));
	return text ? text : "";
}

static void pair(struct pairs *pairs)
{
	size_t i;
	json_t *run;
	json_array_foreach(json_object_get(pairs->a, "runs"), i, run)
	{
		json_t *other = run_of(pairs->b, json_integer_value(json_object_get(run, "seed")));
		if (!other || pairs->n == SWEEP_RUNS_MAX)
			continue;
		pairs->run_a[pairs->n] = run;
		pairs->run_b[pairs->n++] = other;
		pairs->n_other_wishes += strcmp(text_of(run, "demand"), text_of(other, "demand")) != 0;
	}
}

static double value_of(const json_t *run, const char *name)
{
	const json_t *value = json_object_get(json_object_get(run, "figures"), name);
	return json_is_number(value) ? json_number_value(value) : NAN;
}

static void spreads(const struct pairs *pairs, uint32_t figure, struct spread *a, struct spread *b,
		    struct spread *difference)
{
	double *values = calloc((size_t)2 * pairs->n, sizeof *values), *other = values + pairs->n;
	*a = *b = *difference = spread_of(NULL, 0);
	for (uint32_t i = 0; values && i < pairs->n; i++) {
		values[i] = value_of(pairs->run_a[i], indicators[figure].name);
		other[i] = value_of(pairs->run_b[i], indicators[figure].name);
	}
	if (values) {
		*a = spread_of(values, pairs->n);
		*b = spread_of(other, pairs->n);
		*difference = spread_paired(values, other, pairs->n);
	}
	free(values);
}

static void cell(FILE *out, double value, int decimals)
{
	if (isnan(value))
		fprintf(out, " %11s", "-");
	else
		fprintf(out, " %11.*f", decimals, value);
}

/* An interval that does not hold zero: the difference is not chance alone (at 5 %, figure by figure). */
static int stands_out(const struct spread *difference)
{
	return difference->low > 0 || difference->high < 0;
}

static void print_warnings(const struct pairs *pairs, FILE *out)
{
	if (strcmp(text_of(pairs->a, "town_hash"), text_of(pairs->b, "town_hash")) != 0)
		fputs("note: two different town files\n", out);
	if (pairs->n_other_wishes)
		fprintf(out,
			"note: %" PRIu32 " of %" PRIu32
			" seeds have other wishes (places, times, needs) in B than in A\n",
			pairs->n_other_wishes, pairs->n);
	if (pairs->n < 5)
		fprintf(out, "note: only %" PRIu32 " seeds in common: differences are hardly known\n", pairs->n);
}

static void print_table(const struct pairs *pairs, FILE *out)
{
	fprintf(out, "A: %s (%s)\nB: %s (%s)\n%" PRIu32 " seeds in common\n", text_of(pairs->a, "scenario"),
		text_of(pairs->a, "scenario_hash"), text_of(pairs->b, "scenario"), text_of(pairs->b, "scenario_hash"),
		pairs->n);
	print_warnings(pairs, out);
	fprintf(out, "%-26s %11s %11s %11s %11s %11s    unit\n", "figure", "A", "B", "B - A", "low 95 %", "high 95 %");
	for (uint32_t i = 0; i < n_indicators; i++) {
		struct spread a, b, difference;
		int decimals = indicators[i].decimals;
		spreads(pairs, i, &a, &b, &difference);
		fprintf(out, "%-26s", indicators[i].name);
		cell(out, a.mean, decimals);
		cell(out, b.mean, decimals);
		cell(out, difference.mean, decimals + 1);
		cell(out, difference.low, decimals + 1);
		cell(out, difference.high, decimals + 1);
		fprintf(out, "  %s %s\n", stands_out(&difference) ? "*" : " ", indicators[i].unit);
	}
	fputs("* the interval of the paired differences does not hold 0\n", out);
}

static void csv_cell(FILE *out, double value)
{
	fputc(',', out);
	if (!isnan(value))
		fprintf(out, "%.10g", value);
}

static int write_csv(const struct pairs *pairs, const char *folder, struct err_detail *detail)
{
	char path[560];
	if (mkdir(folder, 0777) && errno != EEXIST)
		return err_set(detail, ERR_IO, "%s: %s", folder, strerror(errno));
	snprintf(path, sizeof path, "%s/compare.csv", folder);
	FILE *out = fopen(path, "w");
	if (!out)
		return err_set(detail, ERR_IO, "%s: %s", path, strerror(errno));
	fputs("figure,unit,a,b,difference,low,high,sd,seeds\n", out);
	for (uint32_t i = 0; i < n_indicators; i++) {
		struct spread a, b, difference;
		spreads(pairs, i, &a, &b, &difference);
		fprintf(out, "%s,%s", indicators[i].name, indicators[i].unit);
		const double values[] = {a.mean,	 b.mean,	  difference.mean,
					 difference.low, difference.high, difference.sd};
		for (size_t v = 0; v < COUNT_OF(values); v++)
			csv_cell(out, values[v]);
		fprintf(out, ",%" PRIu32 "\n", difference.n);
	}
	int failed = ferror(out);
	return fclose(out) || failed ? err_set(detail, ERR_IO, "%s: cannot be written", path) : ERR_OK;
}

int compare_folders(const char *a, const char *b, const char *folder, FILE *out, struct err_detail *detail)
{
	struct pairs *pairs = calloc(1, sizeof *pairs);
	if (!pairs)
		return err_set(detail, ERR_MEMORY, "out of memory");
	int code = load(a, &pairs->a, detail);
	if (!code)
		code = load(b, &pairs->b, detail);
	if (!code) {
		pair(pairs);
		if (!pairs->n)
			code = err_set(detail, ERR_NOT_FOUND, "%s and %s have no seed in common", a, b);
	}
	if (!code)
		print_table(pairs, out);
	if (!code && folder)
		code = write_csv(pairs, folder, detail);
	json_decref(pairs->a);
	json_decref(pairs->b);
	free(pairs);
	return code;
}
