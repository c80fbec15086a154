#include "route_threads.h"

#include <pthread.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"

struct worker {
	pthread_t thread;
	void (*work)(void *context, uint32_t i);
	void *context;
	uint32_t i;
};

static void *worker_run(void *context)
{
	struct worker *worker = context;
	worker->work(worker->context, worker->i);
	return NULL;
}

/* work(context, i) for all i, at the same time as far as there are threads; the caller's does 0. */
static void all_work(uint32_t n, void (*work)(void *context, uint32_t i), void *context)
{
	struct worker workers[ROUTE_CREW_MAX];
	int is_begun[ROUTE_CREW_MAX] = {0};
	for (uint32_t i = 1; i < n; i++) {
		workers[i] = (struct worker){.work = work, .context = context, .i = i};
		is_begun[i] = pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) == 0;
	}
	work(context, 0);
	for (uint32_t i = 1; i < n; i++)
		if (is_begun[i])
			pthread_join(workers[i].thread, NULL);
		else
			work(context, i);
}

/* --- metrics --- */

struct route_threads {
	uint32_t n;
	struct arena plan, scratch;
	struct route_crew *crew; /* NULL: no order */
};

int route_threads_open(struct route_threads **ret_threads, const struct route_graph *graph, uint32_t n_threads)
{
	struct route_threads *threads = calloc(1, sizeof *threads);
	if (!threads)
		return ERR_MEMORY;
	threads->n = n_threads;
	if (arena_open(&threads->plan, route_crew_plan_size(graph)) ||
	    route_crew_plan(&threads->crew, graph, n_threads, &threads->plan) ||
	    arena_open(&threads->scratch, route_crew_size(threads->crew)) ||
	    route_crew_open(threads->crew, &threads->scratch)) {
		route_threads_close(threads);
		return ERR_MEMORY;
	}
	*ret_threads = threads;
	return ERR_OK;
}

void route_threads_close(struct route_threads *threads)
{
	if (!threads)
		return;
	arena_close(&threads->plan);
	arena_close(&threads->scratch);
	free(threads);
}

static void crew_work(void *context, uint32_t i)
{
	route_crew_work(context, i);
}

void route_threads_set(struct route_threads *threads, struct route_weights *weights, uint32_t class_index,
		       const uint32_t *time_ms, int is_basic)
{
	if (!weights)
		return;
	if (is_basic)
		route_crew_begin_basic(threads->crew, weights, class_index, time_ms);
	else
		route_crew_begin(threads->crew, weights, class_index, time_ms);
	do
		all_work(threads->n, crew_work, threads->crew);
	while (route_crew_next(threads->crew));
}

/* --- matrices --- */

struct matrix {
	struct route_query *const *queries;
	uint32_t n_threads, n_from, n_to;
	const struct route_metric *metric;
	const struct spot *from, *to;
	struct route_result *results;
};

static void matrix_work(void *context, uint32_t i)
{
	const struct matrix *matrix = context;
	uint32_t first = (uint32_t)((uint64_t)matrix->n_from * i / matrix->n_threads);
	uint32_t end = (uint32_t)((uint64_t)matrix->n_from * (i + 1) / matrix->n_threads);
	route_matrix(matrix->queries[i], matrix->metric, matrix->from + first, end - first, matrix->to, matrix->n_to,
		     matrix->results + (size_t)first * matrix->n_to);
}

void route_threads_matrix(struct route_query *const *queries, uint32_t n_threads, const struct route_metric *metric,
			  const struct spot *from, uint32_t n_from, const struct spot *to, uint32_t n_to,
			  struct route_result *ret_results)
{
	struct matrix matrix = {queries, n_threads, n_from, n_to, metric, from, to, ret_results};
	all_work(n_threads, matrix_work, &matrix);
}
