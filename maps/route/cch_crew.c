/* Subtrees of the elimination tree know nothing of each other: the crew shares them out, and what remains at the top
 * one thread does alone. Each thread has scratch of its own; the result of a subtree, and of each block of the top, has
 * a place that all can see. */
#include <stdatomic.h>

#include "arena.h"
#include "cch.h"
#include "err.h"
#include "route_crew.h"
#include "route_graph.h"

/* So many subtrees for each thread, at least: they take differently long. */
#define PARTS 8

struct task {
	uint32_t first, end; /* steps; the last one is the root */
};

struct hand {
	cch_label *front, *stack, *path;
};

struct route_crew {
	const struct cch *cch;
	uint32_t n_threads, n_tasks, n_chunks, n_top;
	struct task *task;
	uint32_t *chunk;     /* [n_chunks + 1] tasks that one thread takes at once */
	uint32_t *top;	     /* [n_top] steps above the subtrees, ascending */
	uint32_t *shared_at; /* [n_blocks] of results of roots and of the top */
	uint32_t *path_at;   /* [n_blocks] of fronts of the top, perfect customisation */
	size_t n_shared, n_path_top, n_path, n_stack, n_front; /* labels */
	cch_label *shared, *path;
	struct hand hand[ROUTE_CREW_MAX];
	/* at work */
	struct route_weights *weights;
	int phase, is_basic;
	atomic_uint next; /* chunk */
};

enum { PHASE_BASIC, PHASE_PERFECT, PHASE_KEEP };

/* --- sharing out --- */

static size_t rounded(size_t n, size_t size)
{
	return (n * size + 15) / 16 * 16 + 16;
}

/* About what a step takes. */
static uint64_t step_cost(const struct cch *cch, const struct cch_step *step)
{
	const struct cch_block *block = &cch->block[step->block];
	uint64_t n_out = cch_n_vertices(cch, step->block), rows = block->n_rows + n_out, cols = block->n_cols + n_out;
	if (step->lowest != NONE)
		return 100 + step[1].inner - step->inner;
	return 100 + rows * cols * (n_out + 4) / 4;
}

/* cost[b] of the step of block b and all below it */
static uint64_t costs_sum(const struct cch *cch, uint64_t *cost)
{
	uint64_t sum = 0;
	for (uint32_t s = 0; s < cch->n_steps; s++)
		cost[cch->step[s].block] = 0;
	for (uint32_t s = 0; s < cch->n_steps; s++) {
		uint32_t b = cch->step[s].block, parent = cch->block[b].parent;
		uint64_t own = step_cost(cch, &cch->step[s]);
		cost[b] += own;
		sum += own;
		if (parent != NONE)
			cost[parent] += cost[b];
	}
	return sum;
}

static void tasks_find(struct route_crew *crew, const uint64_t *cost, uint64_t limit)
{
	const struct cch *cch = crew->cch;
	uint32_t first = 0;
	for (uint32_t s = 0; s < cch->n_steps; s++) {
		uint32_t b = cch->step[s].block, parent = cch->block[b].parent;
		if (cost[b] > limit && cch->step[s].lowest == NONE) {
			crew->top[crew->n_top++] = s;
			first = s + 1;
		} else if (parent == NONE || cost[parent] > limit) {
			crew->task[crew->n_tasks++] = (struct task){first, s + 1};
			first = s + 1;
		}
	}
}

static void chunks_find(struct route_crew *crew, const uint64_t *cost, uint64_t limit)
{
	uint64_t sum = limit;
	for (uint32_t t = 0; t < crew->n_tasks; t++) {
		if (sum >= limit) {
			crew->chunk[crew->n_chunks++] = t;
			sum = 0;
		}
		sum += cost[crew->cch->step[crew->task[t].end - 1].block];
	}
	crew->chunk[crew->n_chunks] = crew->n_tasks;
}

static size_t result_size(const struct cch *cch, uint32_t b)
{
	return (size_t)cch->block[b].n_rows * cch->block[b].n_cols;
}

static size_t square(const struct cch *cch, uint32_t b)
{
	return (size_t)cch_front_size(cch, b) * cch_front_size(cch, b);
}

static uint32_t task_lowest(const struct cch *cch, const struct task *task)
{
	const struct cch_step *step = &cch->step[task->first];
	return step->lowest == NONE ? step->block : step->lowest;
}

static void places_find(struct route_crew *crew)
{
	const struct cch *cch = crew->cch;
	for (uint32_t i = 0; i < crew->n_top; i++) {
		uint32_t b = cch->step[crew->top[i]].block;
		crew->shared_at[b] = (uint32_t)crew->n_shared;
		crew->n_shared += result_size(cch, b);
		crew->path_at[b] = (uint32_t)crew->n_path_top;
		crew->n_path_top += square(cch, b);
	}
	for (uint32_t t = 0; t < crew->n_tasks; t++) {
		uint32_t root = cch->step[crew->task[t].end - 1].block;
		crew->shared_at[root] = (uint32_t)crew->n_shared;
		crew->n_shared += result_size(cch, root);
		for (uint32_t b = task_lowest(cch, &crew->task[t]); b <= root; b++) {
			size_t stack = cch->block[b].stack_at - cch->block[root].stack_at + result_size(cch, b);
			size_t path = cch->block[b].path_at - cch->block[root].path_at + square(cch, b);
			crew->n_stack = stack > crew->n_stack ? stack : crew->n_stack;
			crew->n_path = path > crew->n_path ? path : crew->n_path;
		}
	}
	crew->n_front = (size_t)cch->front_max * cch->front_max;
}

/* --- opening --- */

size_t route_crew_plan_size(const struct route_graph *graph)
{
	const struct cch *cch = graph->cch;
	if (!cch)
		return 0;
	return rounded(1, sizeof(struct route_crew)) + rounded(cch->n_blocks, sizeof(uint64_t)) +
	       rounded(cch->n_steps, sizeof(struct task)) + 2 * rounded((size_t)cch->n_steps + 1, 4) +
	       2 * rounded(cch->n_blocks, 4);
}

static int columns_take(struct route_crew *crew, struct arena *arena)
{
	const struct cch *cch = crew->cch;
	crew->task = arena_take(arena, cch->n_steps, sizeof *crew->task);
	crew->chunk = arena_take(arena, (size_t)cch->n_steps + 1, sizeof *crew->chunk);
	crew->top = arena_take(arena, (size_t)cch->n_steps + 1, sizeof *crew->top);
	crew->shared_at = arena_take(arena, cch->n_blocks, sizeof *crew->shared_at);
	crew->path_at = arena_take(arena, cch->n_blocks, sizeof *crew->path_at);
	return crew->task && crew->chunk && crew->top && crew->shared_at && crew->path_at ? ERR_OK : ERR_MEMORY;
}

int route_crew_plan(struct route_crew **ret_crew, const struct route_graph *graph, uint32_t n_threads,
		    struct arena *arena)
{
	if (!graph->cch) {
		*ret_crew = NULL;
		return ERR_OK;
	}
	struct route_crew *crew = arena_take(arena, 1, sizeof *crew);
	uint64_t *cost = arena_take(arena, graph->cch->n_blocks, sizeof *cost);
	if (!crew || !cost || n_threads < 1 || n_threads > ROUTE_CREW_MAX)
		return ERR_MEMORY;
	crew->cch = graph->cch;
	crew->n_threads = n_threads;
	if (columns_take(crew, arena))
		return ERR_MEMORY;
	uint64_t limit = costs_sum(crew->cch, cost) / (PARTS * n_threads);
	tasks_find(crew, cost, limit);
	chunks_find(crew, cost, limit / 4);
	places_find(crew);
	*ret_crew = crew;
	return ERR_OK;
}

size_t route_crew_size(const struct route_crew *crew)
{
	if (!crew)
		return 0;
	return rounded(crew->n_shared, sizeof(cch_label)) + rounded(crew->n_path_top, sizeof(cch_label)) +
	       crew->n_threads * (rounded(crew->n_front, sizeof(cch_label)) +
				  rounded(crew->n_stack, sizeof(cch_label)) + rounded(crew->n_path, sizeof(cch_label)));
}

int route_crew_open(struct route_crew *crew, struct arena *arena)
{
	if (!crew)
		return ERR_OK;
	crew->shared = arena_take(arena, crew->n_shared, sizeof *crew->shared);
	crew->path = arena_take(arena, crew->n_path_top, sizeof *crew->path);
	int is_full = !crew->shared || !crew->path;
	for (uint32_t i = 0; i < crew->n_threads; i++) {
		crew->hand[i].front = arena_take(arena, crew->n_front, sizeof(cch_label));
		crew->hand[i].stack = arena_take(arena, crew->n_stack, sizeof(cch_label));
		crew->hand[i].path = arena_take(arena, crew->n_path, sizeof(cch_label));
		is_full |= !crew->hand[i].front || !crew->hand[i].stack || !crew->hand[i].path;
	}
	return is_full ? ERR_MEMORY : ERR_OK;
}

/* --- at work --- */

static void task_customize(struct route_crew *crew, const struct hand *hand, const struct task *task)
{
	uint32_t root = crew->cch->step[task->end - 1].block;
	struct cch_place place = {.front = hand->front,
				  .stack = hand->stack,
				  .base = crew->cch->block[root].stack_at,
				  .root = root,
				  .shared = crew->shared + crew->shared_at[root]};
	cch_customize_steps(crew->weights, &place, task->first, task->end);
}

static void top_customize(struct route_crew *crew)
{
	struct cch_place place = {.front = crew->hand[0].front, .shared = crew->shared, .shared_at = crew->shared_at};
	for (uint32_t i = 0; i < crew->n_top; i++)
		cch_customize_steps(crew->weights, &place, crew->top[i], crew->top[i] + 1);
}

static const cch_label *top_front(const struct route_crew *crew, uint32_t b)
{
	return b == NONE ? NULL : crew->path + crew->path_at[b];
}

static void top_perfect(struct route_crew *crew)
{
	const struct cch *cch = crew->cch;
	for (uint32_t i = crew->n_top; i-- > 0;) {
		uint32_t b = cch->step[crew->top[i]].block;
		cch_perfect_block(crew->weights, b, crew->path + crew->path_at[b],
				  top_front(crew, cch->block[b].parent));
	}
}

static void task_perfect(struct route_crew *crew, const struct hand *hand, const struct task *task)
{
	const struct cch *cch = crew->cch;
	uint32_t root = cch->step[task->end - 1].block, lowest = task_lowest(cch, task);
	const cch_label *above = top_front(crew, cch->block[root].parent);
	size_t base = cch->block[root].path_at;
	cch_perfect_block(crew->weights, root, hand->path, above);
	for (uint32_t b = root; b-- > lowest;)
		cch_perfect_block(crew->weights, b, hand->path + (cch->block[b].path_at - base),
				  hand->path + (cch->block[cch->block[b].parent].path_at - base));
}

/* One piece of the phase at hand. */
static void piece_work(struct route_crew *crew, const struct hand *hand, uint32_t piece)
{
	if (crew->phase == PHASE_KEEP) {
		cch_keep(crew->weights, (int)piece);
		return;
	}
	for (uint32_t t = crew->chunk[piece]; t < crew->chunk[piece + 1]; t++) {
		if (crew->phase == PHASE_BASIC)
			task_customize(crew, hand, &crew->task[t]);
		else
			task_perfect(crew, hand, &crew->task[t]);
	}
}

void route_crew_work(struct route_crew *crew, uint32_t thread)
{
	uint32_t n = crew->phase == PHASE_KEEP ? 2 : crew->n_chunks, piece;
	while ((piece = atomic_fetch_add(&crew->next, 1)) < n)
		piece_work(crew, &crew->hand[thread], piece);
}

int route_crew_next(struct route_crew *crew)
{
	atomic_store(&crew->next, 0);
	switch (crew->phase++) {
	case PHASE_BASIC:
		top_customize(crew);
		cch_use_all(crew->weights);
		if (crew->is_basic)
			return 0;
		top_perfect(crew);
		return 1;
	case PHASE_PERFECT:
		return 1;
	default:
		cch_use_kept(crew->weights);
		return 0;
	}
}

void route_crew_begin(struct route_crew *crew, struct route_weights *weights, uint32_t class_index,
		      const uint32_t *time_ms)
{
	crew->weights = weights;
	weights->class_index = class_index;
	weights->time_ms = time_ms;
	crew->phase = PHASE_BASIC;
	crew->is_basic = 0;
	atomic_store(&crew->next, 0);
}

void route_crew_begin_basic(struct route_crew *crew, struct route_weights *weights, uint32_t class_index,
			    const uint32_t *time_ms)
{
	route_crew_begin(crew, weights, class_index, time_ms);
	crew->is_basic = 1;
}
