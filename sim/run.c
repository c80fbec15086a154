#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "page.h"
#include "results.h"
#include "study.h"
#include "sweep.h"

struct run {
	const struct run_options *options;
	struct scenario scenario;
	struct town town;
	struct sweep sweep;
	uint64_t seeds[SWEEP_RUNS_MAX];
	uint32_t n_seeds;
	struct timespec begun;
};

static double seconds_since(const struct timespec *begun)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

/* On a terminal one line that changes; elsewhere a line now and then. */
static void show_progress(void *self, uint32_t permille, uint32_t n_done)
{
	const struct run *run = self;
	double seconds = seconds_since(&run->begun);
	double left = permille ? seconds * (1000 - permille) / permille : 0;
	fprintf(stderr,
		"%s%3" PRIu32 ".%" PRIu32 " %%, %" PRIu32 " of %" PRIu32 " seeds done, %.0f s, about %.0f s left%s",
		isatty(2) ? "\r" : "", permille / 10, permille % 10, n_done, run->n_seeds, seconds, left,
		isatty(2) ? "   " : "\n");
	fflush(stderr);
}

static int read_scenario(struct run *run, struct err_detail *detail)
{
	const struct run_options *options = run->options;
	scenario_default(&run->scenario);
	int code = scenario_read(&run->scenario, options->file, detail);
	for (uint32_t i = 0; i < options->n_sets && !code; i++)
		code = scenario_set(&run->scenario, options->sets[i], detail);
	if (code)
		return code;
	if (options->town && snprintf(run->scenario.town, sizeof run->scenario.town, "%s", options->town) >=
				     (int)sizeof run->scenario.town)
		return err_set(detail, ERR_RANGE, "--town: path too long");
	run->seeds[0] = run->scenario.world.seed;
	run->n_seeds = 1;
	return options->seeds ? sweep_seeds(options->seeds, run->seeds, &run->n_seeds, detail) : ERR_OK;
}

/* scenario.yaml in the folder must find them again. */
static void make_absolute(char *path, size_t size)
{
	char *full = path[0] ? realpath(path, NULL) : NULL;
	if (full && strlen(full) < size)
		strcpy(path, full);
	free(full);
}

static void print_table(const struct study *study, double seconds)
{
	printf("%-26s %12s %12s %12s  %s\n", "figure", "mean", "low 95 %", "high 95 %", "unit");
	for (uint32_t i = 0; i < n_indicators; i++) {
		struct spread spread = study_spread(study, &study->groups[0], i);
		int decimals = indicators[i].decimals;
		printf("%-26s ", indicators[i].name);
		const double values[] = {spread.mean, spread.low, spread.high};
		for (int v = 0; v < 3; v++)
			if (isnan(values[v]))
				printf("%12s ", "-");
			else
				printf("%12.*f ", decimals, values[v]);
		printf(" %s\n", indicators[i].unit);
	}
	fprintf(stderr, "%" PRIu32 " %s in %.1f s\n", study->sweep->n, study->sweep->n == 1 ? "seed" : "seeds",
		seconds); /* time is no figure of the run: same seed, same bytes */
}

static int report(struct run *run, struct err_detail *detail)
{
	struct study study;
	double seconds = seconds_since(&run->begun);
	make_absolute(run->scenario.town, sizeof run->scenario.town);
	make_absolute(run->scenario.trips, sizeof run->scenario.trips);
	int code = study_open(&study, &run->scenario, run->options->file, &run->town, &run->sweep);
	if (code)
		err_set(detail, code, "figures: %s", err_text(code));
	if (!code)
		code = results_all(&study, run->options->folder, detail);
	if (!code)
		code = results_file(run->options->folder, "report.html", page_write, &study, detail);
	if (!code) {
		print_table(&study, seconds);
		printf("page: %s/report.html\n", run->options->folder);
	}
	study_close(&study);
	return code;
}

static int run_on_town(struct run *run, struct err_detail *detail)
{
	const struct run_options *options = run->options;
	struct sweep_options sweep = {.scenario = &run->scenario,
				      .seeds = run->seeds,
				      .n_seeds = run->n_seeds,
				      .n_threads = options->n_threads,
				      .journal_folder = options->journal ? options->folder : NULL,
				      .progress = options->progress || isatty(2) ? show_progress : NULL,
				      .self = run};
	struct err_detail unused;
	int code = scenario_resolve(&run->scenario, &run->town, detail), some = 0;
	if (code)
		return code;
	clock_gettime(CLOCK_MONOTONIC, &run->begun);
	code = sweep_run(&run->sweep, &sweep, &run->town, detail);
	if (sweep.progress && isatty(2))
		fputc('\n', stderr);
	for (uint32_t i = 0; i < run->sweep.n && run->sweep.runs; i++)
		some |= run->sweep.runs[i].day != NULL;
	if (some) { /* what a checker stopped is to be looked into */
		int written = report(run, code ? &unused : detail);
		code = code ? code : written;
	}
	sweep_close(&run->sweep);
	return code;
}

int run_scenario(const struct run_options *options, struct err_detail *detail)
{
	struct run *run = calloc(1, sizeof *run);
	if (!run)
		return err_set(detail, ERR_MEMORY, "out of memory");
	run->options = options;
	int code = read_scenario(run, detail);
	if (!code && mkdir(options->folder, 0777) && errno != EEXIST)
		code = err_set(detail, ERR_IO, "%s: %s", options->folder, strerror(errno));
	if (!code)
		code = town_open(&run->town, run->scenario.town, detail);
	if (!code) {
		code = run_on_town(run, detail);
		town_close(&run->town);
	}
	free(run);
	return code;
}
