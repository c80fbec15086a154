/* Partial customisation: arcs wait by number, so an arc is looked at once, after all arcs that it can be made of (their
 * tails are lower). A weight that falls is lowered on the spot; one that may have lost its cause is weighed anew. An
 * arc whose weight did not change wakes nobody. */
#include "cch.h"

#include <string.h>

/* Lost: to be weighed anew. */
enum { IS_WAITING = 1, LOST_UP = 2, LOST_DOWN = 4 };

struct both {
	cch_label up, down;
};

struct waiting {
	struct route_weights *weights;
	/* weights before the update, of arcs that wait: in the room of what perfect customisation kept, which is no
	 * longer true */
	cch_label *up, *down;
	uint64_t *bits;	  /* who waits; those that are woken come later than who wakes them */
	uint64_t *groups; /* which words of it are not 0 */
	uint32_t n;
};

static void wait_for(struct waiting *waiting, uint32_t up, uint8_t why)
{
	struct route_weights *weights = waiting->weights;
	uint8_t before = weights->is_waiting[up];
	weights->is_waiting[up] = before | IS_WAITING | why;
	if (before)
		return;
	waiting->up[up] = weights->up[up];
	waiting->down[up] = weights->down[up];
	waiting->n++;
	waiting->bits[up / 64] |= UINT64_C(1) << up % 64;
	waiting->groups[up / 4096] |= UINT64_C(1) << up / 64 % 64;
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

/* A way into a vertex, or out of it, changed: what it leads on to, or comes from, at its other end. */
struct change {
	cch_label was, is;
	cch_label key;		/* with `other`, at most the weight: it matters */
	const cch_label *other; /* weights of the arcs of y that continue it */
	cch_label *low, *high;	/* weights of the arc between, when the other end is lower, higher */
	uint8_t lost_low, lost_high;
};

/* The weight of an arc made of two others, one of which changed. */
static inline void compare(struct waiting *waiting, const struct change *change, uint32_t e, uint32_t target,
			   cch_label *weights, uint8_t lost)
{
	cch_label other = change->other[e];
	if (other + change->key > weights[target])
		return;
	if (other + change->is < weights[target]) {
		wait_for(waiting, target, 0); /* notes the old weight first */
		weights[target] = other + change->is;
	} else if (change->is > change->was && other + change->was < CCH_INFINITE) {
		wait_for(waiting, target, lost);
	}
}

/* All arcs between the head of y -> up and the heads of the other arcs of y. Neighbours nest: places within the block
 * are counted, those behind it are looked up. */
static void wake(struct waiting *waiting, uint32_t up, const struct change *change)
{
	const struct cch *cch = waiting->weights->cch;
	const struct cch_vertex *vertex = cch->vertex;
	uint32_t y = cch->up_tail[up], z = cch->up_head[up], block = cch->block_of[y];
	uint32_t first = vertex[y].first, end = vertex[y + 1].first, rest = end - cch->block[block].n_rest;
	uint32_t e = first, in_block = up < rest ? up : rest, between = vertex[z].first;
	for (; e < in_block; e++)
		compare(waiting, change, e, vertex[y + 1 + (e - first)].first + (up - e - 1), change->low,
			change->lost_low);
	if (up < rest) {
		for (e = up + 1; e < end; e++)
			compare(waiting, change, e, between + (e - up - 1), change->high, change->lost_high);
		return;
	}
	const uint16_t *nest = cch_nest(cch, block, 0);
	for (uint32_t n = cch->block[block].n_rest - 1; e < up; e++, nest += n--)
		compare(waiting, change, e, vertex[cch->up_head[e]].first + nest[up - e - 1], change->low,
			change->lost_low);
	for (e = up + 1; e < end; e++)
		compare(waiting, change, e, between + nest[e - up - 1], change->high, change->lost_high);
}

/* The way from y over the arc changed: ways from the other neighbours of y down to y and over the arc. */
static void wake_up(struct waiting *waiting, uint32_t up, cch_label was, cch_label is)
{
	struct route_weights *weights = waiting->weights;
	struct change change = {was,	 is,	   is > was ? was : is + 1, weights->down, weights->up, weights->down,
				LOST_UP, LOST_DOWN};
	wake(waiting, up, &change);
}

/* The way over the arc down to y changed: ways over it to the other neighbours of y. */
static void wake_down(struct waiting *waiting, uint32_t up, cch_label was, cch_label is)
{
	struct route_weights *weights = waiting->weights;
	struct change change = {was,	   is,	   is > was ? was : is + 1, weights->up, weights->down, weights->up,
				LOST_DOWN, LOST_UP};
	wake(waiting, up, &change);
}

static void update_one(struct waiting *waiting, uint32_t up)
{
	struct route_weights *weights = waiting->weights;
	struct both old = {waiting->up[up], waiting->down[up]}, now = {weights->up[up], weights->down[up]}, new = now;
	if (weights->is_waiting[up] & LOST_UP)
		new.up = weigh(weights, up, 0);
	if (weights->is_waiting[up] & LOST_DOWN)
		new.down = weigh(weights, up, 1);
	weights->is_waiting[up] = 0;
	weights->up[up] = new.up;
	weights->down[up] = new.down;
	/* what it was lowered to may have been built on before it proved too low */
	old = (struct both){cch_label_min(old.up, now.up), cch_label_min(old.down, now.down)};
	if (old.up != new.up || waiting->up[up] != new.up)
		wake_up(waiting, up, old.up, new.up);
	if (old.down != new.down || waiting->down[up] != new.down)
		wake_down(waiting, up, old.down, new.down);
}

static void forget(struct waiting *waiting)
{
	const struct cch *cch = waiting->weights->cch;
	memset(waiting->weights->is_waiting, 0, cch->m);
	memset(waiting->bits, 0, cch_wait_words(cch->m) * sizeof *waiting->bits);
}

static void base_lost(struct waiting *waiting, uint32_t slot)
{
	wait_for(waiting, slot / 2, slot & 1 ? LOST_DOWN : LOST_UP);
}

void cch_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n)
{
	const struct cch *cch = weights->cch;
	struct waiting waiting = {weights,	 weights->kept[0].weight,	  weights->kept[1].weight,
				  weights->bits, weights->bits + cch->m / 64 + 1, 0};
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = cch->arc_first[arcs[i]]; k < cch->arc_first[arcs[i] + 1]; k++)
			base_lost(&waiting, cch->base[cch->arc_base[k]].slot);
	uint32_t at = 0;
	/* one arc costs some twenty times what it costs as a part of all */
	for (uint32_t left = cch->m / 24 + 64; waiting.n > 0 && left > 0; left--) {
		at = take_least(&waiting, at);
		update_one(&waiting, at);
	}
	if (waiting.n > 0) {
		forget(&waiting);
		cch_customize(weights, weights->class_index, weights->time_ms);
	}
	cch_use_all(weights);
}
