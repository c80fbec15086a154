#include "sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "keep.h"

struct crew {
	const struct sweep_options *options;
	const struct town *town;
	struct sweep *sweep;
	pthread_mutex_t mutex; /* of all below */
	uint32_t next, n_done;
	uint64_t hours_done, hours_all;
};
struct watch { /* one run's progress */
	struct crew *crew;
	instant_ms from, to;
	uint64_t hours;
};

/* ---- progress ---- */

static void tell(struct crew *crew)
{
	const struct sweep_options *options = crew->options;
	if (options->progress)
		options->progress(options->self, (uint32_t)(crew->hours_done * 1000 / crew->hours_all), crew->n_done);
}

static void on_hour(void *self, instant_ms now)
{
	struct watch *watch = self;
	uint64_t hours = (uint64_t)(((now < watch->to ? now : watch->to) - watch->from) / HOUR_MS);
	if (hours <= watch->hours)
		return;
	pthread_mutex_lock(&watch->crew->mutex);
	watch->crew->hours_done += hours - watch->hours;
	watch->hours = hours;
	tell(watch->crew);
	pthread_mutex_unlock(&watch->crew->mutex);
}

/* ---- one run ---- */

static uint64_t demand_hash_of(const struct demand *demand)
{
	uint64_t hash = hash_u64(demand->n);
	for (uint32_t i = 0; i < demand->n; i++) {
		const struct demand_trip *trip = &demand->trips[i];
		const uint64_t parts[] = {(uint64_t)trip->ask_at, (uint64_t)trip->time,
					  (uint64_t)trip->time_kind << 8 | trip->tie_kind};
		hash = hash_bytes(&trip->from, sizeof trip->from, hash);
		hash = hash_bytes(&trip->to, sizeof trip->to, hash);
		hash = hash_bytes(trip->need_count, sizeof trip->need_count, hash);
		hash = hash_bytes(parts, sizeof parts, hash);
	}
	return hash;
}

static int keep_file(struct store *store, const struct sweep_options *options, uint64_t seed, struct err_detail *detail)
{
	static const char *const parts[] = {"", ".keys", ".telemetry", ".lock", ".mark"};
	char path[560], url[600];
	struct store *file;
	if (options->n_seeds == 1)
		snprintf(path, sizeof path, "%s/journal.db", options->journal_folder);
	else
		snprintf(path, sizeof path, "%s/journal-%" PRIu64 ".db", options->journal_folder, seed);
	for (size_t i = 0; i < COUNT_OF(parts); i++) { /* of an earlier run into the same folder */
		snprintf(url, sizeof url, "%s%s", path, parts[i]);
		unlink(url);
	}
	snprintf(url, sizeof url, "sqlite:%s", path);
	int code = store_open(&file, url, detail);
	if (code)
		return code;
	code = keep_journal(store, file, detail);
	store_close(file);
	return code;
}

/* Two independent books of the same day must agree: the checker's, from commands and updates, and the day's. */
static int compare_books(const struct sweep_run *run, struct err_detail *detail)
{
	uint64_t done = 0, refused = 0, promised = 0, no_shows = 0;
	for (uint32_t i = 0; i < run->day->n_rides; i++) {
		done += run->day->rides[i].state == RIDE_DONE;
		refused += run->day->rides[i].state == RIDE_REFUSED;
		no_shows += run->day->rides[i].state == RIDE_NO_SHOW;
		promised += run->day->rides[i].promised_at != INSTANT_NONE;
	}
	if (done == run->counts.done && refused == run->counts.refused && promised == run->counts.promised &&
	    no_shows == run->counts.no_shows)
		return ERR_OK;
	return err_set(detail, ERR_BROKEN,
		       "seed %" PRIu64 ": the books of the day (%" PRIu64 " promised, %" PRIu64
		       " done) and the checker's (%" PRIu64 ", %" PRIu64 ") differ",
		       run->seed, promised, done, run->counts.promised, run->counts.done);
}

/* What stays of the run when its engine is gone. */
static int take_results(struct sweep_run *run, struct world *world, struct store *store, struct err_detail *detail)
{
	run->day = world_take_day(world);
	run->events = world_counts(world);
	run->digest = world_core(world) ? core_digest(world_core(world)) : 0;
	checker_figures(world_checker(world), &run->counts);
	snprintf(run->fault, sizeof run->fault, "%s", checker_fault(world_checker(world)));
	return keep_hash(store, &run->journal, detail);
}

static int run_in_store(struct crew *crew, struct sweep_run *run, const struct scenario *scenario, struct store *store)
{
	struct watch watch = {crew, scenario->world.from, scenario->world.to, 0};
	struct err_detail unused;
	struct world *world;
	int code = world_open(&world, &scenario->world, crew->town, &run->demand, store, &run->detail);
	if (code)
		return code;
	code = world_run(world, on_hour, &watch, &run->detail);
	int taken = take_results(run, world, store, code ? &unused : &run->detail);
	if (!code && !taken)
		code = compare_books(run, &run->detail);
	if (!taken && crew->options->journal_folder) /* a run that a checker stopped is the one to look into */
		taken = keep_file(store, crew->options, run->seed, code ? &unused : &run->detail);
	world_close(world);
	return code ? code : taken;
}

static void run_one(struct crew *crew, struct sweep_run *run)
{
	struct scenario scenario = *crew->options->scenario;
	struct store *store;
	char url[64];
	scenario.world.seed = scenario.demand.seed = run->seed;
	run->code = scenario_demand(&scenario, crew->town, &run->demand, &run->detail);
	if (run->code)
		return;
	run->demand_hash = demand_hash_of(&run->demand);
	snprintf(url, sizeof url, "memory:%" PRIu64, run->seed);
	run->code = store_open(&store, url, &run->detail);
	if (run->code)
		return;
	run->code = run_in_store(crew, run, &scenario, store);
	store_close(store);
}

/* ---- many ---- */

static void *work(void *self)
{
	struct crew *crew = self;
	pthread_mutex_lock(&crew->mutex);
	while (crew->next < crew->sweep->n) {
		struct sweep_run *run = &crew->sweep->runs[crew->next++];
		pthread_mutex_unlock(&crew->mutex);
		run_one(crew, run);
		pthread_mutex_lock(&crew->mutex);
		crew->n_done++;
		tell(crew);
	}
	pthread_mutex_unlock(&crew->mutex);
	return NULL;
}

static uint32_t thread_count(const struct sweep_options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = options->n_threads ? options->n_threads : cores > 0 ? (uint32_t)cores : 1;
	n = n < options->n_seeds ? n : options->n_seeds;
	return n < SWEEP_THREADS_MAX ? n : SWEEP_THREADS_MAX;
}

int sweep_run(struct sweep *sweep, const struct sweep_options *options, const struct town *town,
	      struct err_detail *detail)
{
	const struct world_options *world = &options->scenario->world;
	struct crew crew = {.options = options, .town = town, .sweep = sweep};
	pthread_t threads[SWEEP_THREADS_MAX];
	uint32_t n_threads = thread_count(options), started = 0;
	*sweep = (struct sweep){calloc(options->n_seeds + 1, sizeof *sweep->runs), options->n_seeds};
	if (!sweep->runs)
		return err_set(detail, ERR_MEMORY, "out of memory");
	for (uint32_t i = 0; i < sweep->n; i++)
		sweep->runs[i].seed = options->seeds[i];
	crew.hours_all = (uint64_t)((world->to - world->from) / HOUR_MS) * sweep->n;
	crew.hours_all += crew.hours_all == 0;
	pthread_mutex_init(&crew.mutex, NULL);
	while (started + 1 < n_threads && !pthread_create(&threads[started], NULL, work, &crew))
		started++;
	work(&crew); /* this thread works, too: fewer helpers than wished only make it slower */
	while (started > 0)
		pthread_join(threads[--started], NULL);
	pthread_mutex_destroy(&crew.mutex);
	for (uint32_t i = 0; i < sweep->n; i++)
		if (sweep->runs[i].code)
			return err_set(detail, sweep->runs[i].code, "%s", sweep->runs[i].detail.text);
	return ERR_OK;
}

void sweep_close(struct sweep *sweep)
{
	for (uint32_t i = 0; i < sweep->n && sweep->runs; i++) {
		day_close(sweep->runs[i].day);
		demand_free(&sweep->runs[i].demand);
	}
	free(sweep->runs);
	*sweep = (struct sweep){NULL, 0};
}

/* ---- seeds as written ---- */

static int add_range(uint64_t first, uint64_t last, uint64_t *seeds, uint32_t *n)
{
	if (last < first || last - first >= SWEEP_RUNS_MAX)
		return ERR_RANGE;
	for (uint64_t seed = first;; seed++) {
		for (uint32_t i = 0; i < *n; i++)
			if (seeds[i] == seed)
				return ERR_RANGE;
		if (*n == SWEEP_RUNS_MAX)
			return ERR_RANGE;
		seeds[(*n)++] = seed;
		if (seed == last)
			return ERR_OK;
	}
}

static int read_number(const char **text, uint64_t *ret_number)
{
	char *end;
	errno = 0;
	if (**text < '0' || **text > '9')
		return ERR_FORMAT;
	*ret_number = strtoull(*text, &end, 10);
	*text = end;
	return errno || *ret_number > INT64_MAX ? ERR_RANGE : ERR_OK;
}

int sweep_seeds(const char *text, uint64_t *seeds, uint32_t *ret_n, struct err_detail *detail)
{
	const char *at = text;
	uint32_t n = 0;
	int code = ERR_OK;
	do {
		uint64_t first = 0, last;
		code = read_number(&at, &first);
		last = first;
		if (!code && !strncmp(at, "..", 2)) {
			at += 2;
			code = read_number(&at, &last);
		}
		if (!code)
			code = add_range(first, last, seeds, &n);
	} while (!code && *at == ',' && at++);
	if (code || *at)
		return err_set(detail, ERR_USAGE,
			       "--seeds %s: expected seeds like 5, 1..10 or 1,4,7..9: whole, different, at most %d",
			       text, SWEEP_RUNS_MAX);
	*ret_n = n;
	return ERR_OK;
}
