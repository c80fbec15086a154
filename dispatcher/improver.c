#include "improver.h"

#include <pthread.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"

enum stage { IDLE, BEGUN, OVER };

struct improver {
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	int is_running, stop;
	enum stage stage; /* whose turn it is with problem and answer: BEGUN the thread's, else the loop's */
	struct plans_options options;
	struct problem problem;
	struct plans_answer answer;
	struct plans *plans;
	struct arena arena;
};

static void *run(void *self)
{
	struct improver *improver = self;
	pthread_mutex_lock(&improver->mutex);
	while (!improver->stop) {
		if (improver->stage != BEGUN) {
			pthread_cond_wait(&improver->wake, &improver->mutex);
			continue;
		}
		pthread_mutex_unlock(&improver->mutex);
		plans_improve(improver->plans, &improver->problem, &improver->options, &improver->answer);
		pthread_mutex_lock(&improver->mutex);
		improver->stage = OVER;
	}
	pthread_mutex_unlock(&improver->mutex);
	return NULL;
}

int improver_open(struct improver **ret_improver, uint32_t iterations)
{
	struct improver *improver = calloc(1, sizeof *improver);
	if (!improver)
		return ERR_MEMORY;
	improver->options = (struct plans_options){.iterations = iterations, .move_ms = PLANS_MOVE_MS};
	int code = arena_open(&improver->arena, plans_size() + 4096);
	if (!code)
		code = plans_open(&improver->plans, &improver->arena);
	pthread_mutex_init(&improver->mutex, NULL);
	pthread_cond_init(&improver->wake, NULL);
	improver->is_running = !code && !pthread_create(&improver->thread, NULL, run, improver);
	if (!improver->is_running) {
		improver_close(improver);
		return code ? code : ERR_IO;
	}
	*ret_improver = improver;
	return ERR_OK;
}

void improver_close(struct improver *improver)
{
	if (!improver)
		return;
	if (improver->is_running) {
		pthread_mutex_lock(&improver->mutex);
		improver->stop = 1;
		pthread_cond_signal(&improver->wake);
		pthread_mutex_unlock(&improver->mutex);
		pthread_join(improver->thread, NULL);
	}
	pthread_mutex_destroy(&improver->mutex);
	pthread_cond_destroy(&improver->wake);
	arena_close(&improver->arena);
	free(improver);
}

static enum stage stage_of(struct improver *improver)
{
	pthread_mutex_lock(&improver->mutex);
	enum stage stage = improver->stage;
	pthread_mutex_unlock(&improver->mutex);
	return stage;
}

static void set_stage(struct improver *improver, enum stage stage)
{
	pthread_mutex_lock(&improver->mutex);
	improver->stage = stage;
	pthread_cond_signal(&improver->wake);
	pthread_mutex_unlock(&improver->mutex);
}

int improver_begin(struct improver *improver, struct core *core, uint64_t round)
{
	if (stage_of(improver) != IDLE || !problem_take(core, round, &improver->problem))
		return 0;
	improver->options.seed = round;
	set_stage(improver, BEGUN);
	return 1;
}

int improver_take(struct improver *improver, struct plans_answer *ret_answer)
{
	if (stage_of(improver) != OVER)
		return 0;
	*ret_answer = improver->answer;
	set_stage(improver, IDLE);
	return 1;
}
