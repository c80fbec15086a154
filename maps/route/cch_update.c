/* Partial customisation: arcs wait by number, so an arc is looked at once, after all arcs that it can be made of (their
 * tails are lower). A weight that falls is lowered on the spot; one that may have lost its cause is weighed anew. An
 * arc whose weight did not change wakes nobody. */
#include "cch.h"

#include <string.h>

#define TRY_FIRST 200u
#define TRY_SHARE 32u

/* Lost: to be weighed anew. Noted: the weight from before is. */
enum { IS_WAITING = 1, LOST = 2, NOTED = 8 };

/* Weights of one direction. */
struct way {
	uint32_t is_down;
	cch_label *weight;
	cch_label *before; /* of arcs that wait and were lowered: in the room of what perfect customisation kept, which
			      is no longer true */
};

struct waiting {
	struct route_weights *weights;
	struct way way[2]; /* up, down */
	const uint32_t *first;
	uint8_t *is_waiting; /* [m] IS_WAITING, LOST and NOTED << is_down */
	uint64_t *bits;	     /* who waits; those that are woken come later than who wakes them */
	uint64_t *groups;    /* which words of it are not 0 */
	uint32_t n;
};

static void wait_for(struct waiting *waiting, uint32_t up, uint32_t why)
{
	uint8_t before = waiting->is_waiting[up];
	waiting->is_waiting[up] = (uint8_t)(before | IS_WAITING | why);
	if (before)
		return;
	waiting->n++;
	waiting->bits[up / 64] |= UINT64_C(1) << up % 64;
	waiting->groups[up / 4096] |= UINT64_C(1) << up / 64 % 64;
}

static void lower(struct waiting *waiting, const struct way *way, uint32_t up, cch_label weight)
{
	uint32_t noted = (uint32_t)NOTED << way->is_down;
	if (!(waiting->is_waiting[up] & noted))
		way->before[up] = way->weight[up];
	wait_for(waiting, up, noted);
	way->weight[up] = weight;
}

/* The least that waits, at or behind `from`. */
static uint32_t take_least(struct waiting *waiting, uint32_t from)
{
	uint32_t group = from / 4096;
	while (!waiting->groups[group])
		group++;
	uint32_t word = group * 64 + (uint32_t)__builtin_ctzll(waiting->groups[group]);
	uint32_t least = word * 64 + (uint32_t)__builtin_ctzll(waiting->bits[word]);
	waiting->bits[word] &= waiting->bits[word] - 1;
	if (!waiting->bits[word])
		waiting->groups[group] &= waiting->groups[group] - 1;
	waiting->n--;
	return least;
}

/* The ways of one direction over vertices x below both ends y and z of an arc. */
struct sum {
	const cch_label *near, *far; /* weights of the arcs from x to y, to z */
	cch_label best;
};

static inline void join(struct sum *sum, uint32_t near, uint32_t far)
{
	sum->best = cch_label_min(sum->best, sum->near[near] + sum->far[far]);
}

/* Over the other vertices of the block: each has one more neighbour than the next. */
static void weigh_block(const struct cch *cch, const struct cch_over *over, struct sum *sum)
{
	uint32_t last = cch->up_tail[over->near], near = over->near;
	uint32_t n_up = cch->vertex[last + 1].first - cch->vertex[last].first;
	for (uint32_t k = 1; k < over->n_out; k++) {
		near -= n_up++;
		join(sum, near, near + over->gap);
	}
}

/* Ways over vertices below y and z: those of the block of y by their places, the others by the blocks below both. */
static void weigh_triangles(const struct cch *cch, uint32_t up, struct sum *sum)
{
	uint32_t y = cch->up_tail[up], behind = up - cch->vertex[y].first + 1;
	for (uint32_t x = cch->block[cch->block_of[y]].first; x < y; x++) {
		uint32_t near = cch->vertex[x].first + (y - x - 1);
		join(sum, near, near + behind);
	}
	for (uint32_t k = cch->over_first[up]; k < cch->over_first[up + 1]; k++) {
		const struct cch_over *over = &cch->over[k];
		join(sum, over->near, over->near + over->gap);
		if (over->n_out > 1)
			weigh_block(cch, over, sum);
	}
}

/* The weight as customisation makes it: own edges, and ways over vertices below both ends. */
static cch_label weigh(const struct route_weights *weights, uint32_t up, uint32_t is_down)
{
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up], slot = 2 * up + is_down;
	struct sum sum = {is_down ? weights->up : weights->down, is_down ? weights->down : weights->up, CCH_INFINITE};
	for (uint32_t k = cch->base_first[y]; k < cch->base_first[y + 1]; k++)
		if (cch->base[k].slot == slot)
			sum.best = cch_label_min(sum.best, cch_base_label(weights, &cch->base[k]));
	weigh_triangles(cch, up, &sum);
	return sum.best;
}

/* A way out of a vertex y, or into it, changed: what comes before it, or follows it, at y. */
struct change {
	cch_label was, is;
	cch_label key;			      /* with `other`, at most the weight: it matters */
	const struct way *other, *low, *high; /* at y; of the arc between, when the other end is lower, higher */
};

/* The weight of an arc made of two others, one of which changed. */
static inline void compare(struct waiting *waiting, const struct change *change, uint32_t e, uint32_t target,
			   const struct way *way)
{
	cch_label other = change->other->weight[e];
	if (other + change->key > way->weight[target])
		return;
	if (other + change->is < way->weight[target])
		lower(waiting, way, target, other + change->is);
	else if (change->is > change->was && other + change->was < CCH_INFINITE)
		wait_for(waiting, target, (uint32_t)LOST << way->is_down);
}

/* All arcs between the head of y -> up and the heads of the other arcs of y. Neighbours nest: places within the block
 * are counted, those behind it are looked up. */
static void wake_all(struct waiting *waiting, uint32_t up, struct change change)
{
	const struct cch *cch = waiting->weights->cch;
	const uint32_t *first_of = waiting->first, *head = cch->up_head;
	uint32_t y = cch->up_tail[up], block = cch->block_of[y], n_rest = cch->block[block].n_rest;
	uint32_t first = first_of[y], end = first_of[y + 1], rest = end - n_rest;
	uint32_t e = first, in_block = up < rest ? up : rest, between = first_of[head[up]];
	for (; e < in_block; e++)
		compare(waiting, &change, e, first_of[y + 1 + (e - first)] + (up - e - 1), change.low);
	if (up < rest) {
		for (e = up + 1; e < end; e++)
			compare(waiting, &change, e, between + (e - up - 1), change.high);
		return;
	}
	const uint16_t *nest = cch_nest(cch, block, 0);
	for (uint32_t n = n_rest - 1; e < up; e++, nest += n--)
		compare(waiting, &change, e, first_of[head[e]] + nest[up - e - 1], change.low);
	for (e = up + 1; e < end; e++)
		compare(waiting, &change, e, between + nest[e - up - 1], change.high);
}

static void wake(struct waiting *waiting, uint32_t up, const struct way *way, cch_label was, cch_label is)
{
	const struct way *back = &waiting->way[!way->is_down];
	wake_all(waiting, up, (struct change){was, is, is > was ? was : is + 1, back, way, back});
}

static void update_way(struct waiting *waiting, uint32_t up, const struct way *way, uint32_t why)
{
	cch_label now = way->weight[up], new = now;
	cch_label before = why & (uint32_t)NOTED << way->is_down ? way->before[up] : now;
	if (why & (uint32_t)LOST << way->is_down)
		new = weigh(waiting->weights, up, way->is_down);
	way->weight[up] = new;
	/* what it was lowered to may have been built on before it proved too low */
	cch_label old = cch_label_min(before, now);
	if (old != new || before != new)
		wake(waiting, up, way, old, new);
}

static void update_one(struct waiting *waiting, uint32_t up)
{
	uint32_t why = waiting->is_waiting[up];
	waiting->is_waiting[up] = 0;
	update_way(waiting, up, &waiting->way[0], why);
	update_way(waiting, up, &waiting->way[1], why);
}

static void forget(struct waiting *waiting)
{
	const struct cch *cch = waiting->weights->cch;
	memset(waiting->is_waiting, 0, cch->m);
	memset(waiting->bits, 0, cch_wait_words(cch->m) * sizeof *waiting->bits);
}

static struct waiting waiting_of(struct route_weights *weights)
{
	return (struct waiting){
		.weights = weights,
		.way = {{0, weights->up, weights->kept[0].weight}, {1, weights->down, weights->kept[1].weight}},
		.first = weights->up_first,
		.is_waiting = weights->is_waiting,
		.bits = weights->bits,
		.groups = weights->bits + weights->cch->m / 64 + 1};
}

void cch_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n)
{
	const struct cch *cch = weights->cch;
	struct waiting waiting = waiting_of(weights);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = cch->arc_first[arcs[i]]; k < cch->arc_first[arcs[i] + 1]; k++) {
			uint32_t slot = cch->base[cch->arc_base[k]].slot;
			wait_for(&waiting, slot / 2, (uint32_t)LOST << (slot & 1));
		}
	/* One arc costs some fifteen times what it costs as a part of all. Arcs ascend through the whole town, so how
	 * many were touched so far tells how many there will be. */
	uint32_t at = 0, n_done = 0, first = cch->m / TRY_FIRST + 64;
	for (; waiting.n > 0 && waiting.n + n_done <= first + at / TRY_SHARE; n_done++) {
		at = take_least(&waiting, at);
		update_one(&waiting, at);
	}
	if (waiting.n > 0) {
		forget(&waiting);
		cch_customize(weights, weights->class_index, weights->time_ms);
	}
	cch_use_all(weights);
}
