/* Partial customisation: arcs wait in a heap by number, so an arc is looked at once, after all arcs that it can be made
 * of (their tails are lower). A weight that falls is lowered on the spot; one that may have lost its cause is weighed
 * anew. An arc whose weight did not change wakes nobody. */
#include "cch.h"

#include <string.h>

enum { IS_WAITING = 1, IS_LOST = 2 /* to be weighed anew */ };

struct both {
	cch_label up, down;
};

struct waiting {
	struct route_weights *weights;
	/* weights before the update, of arcs that wait: in the room of what perfect customisation kept, which is no
	 * longer true */
	cch_label *up, *down;
	uint32_t n;
};

static void wait_for(struct waiting *waiting, uint32_t up, uint8_t why)
{
	struct route_weights *weights = waiting->weights;
	uint32_t *heap = weights->heap, at = waiting->n;
	uint8_t before = weights->is_waiting[up];
	weights->is_waiting[up] = before | IS_WAITING | why;
	if (before)
		return;
	waiting->up[up] = weights->up[up];
	waiting->down[up] = weights->down[up];
	waiting->n++;
	for (; at > 0 && heap[(at - 1) / 2] > up; at = (at - 1) / 2)
		heap[at] = heap[(at - 1) / 2];
	heap[at] = up;
}

static uint32_t take_least(struct waiting *waiting)
{
	uint32_t *heap = waiting->weights->heap, least = heap[0], last = heap[--waiting->n], at = 0;
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= waiting->n)
			break;
		child += child + 1 < waiting->n && heap[child + 1] < heap[child];
		if (heap[child] >= last)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
	return least;
}

/* Below z, the first arc whose tail is at or behind x. */
static uint32_t low_find(const struct cch *cch, uint32_t z, uint32_t x)
{
	uint32_t low = cch->low_first[z], high = cch->low_first[z + 1];
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (cch->low[middle].tail < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void join(const struct route_weights *weights, uint32_t near, uint32_t far, struct both *best)
{
	best->up = cch_label_min(best->up, weights->down[near] + weights->up[far]);
	best->down = cch_label_min(best->down, weights->down[far] + weights->up[near]);
}

/* Ways over vertices below y and z: those of the block of y by their places, the others by walking both lists. */
static void weigh_triangles(const struct route_weights *weights, uint32_t up, struct both *best)
{
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up], z = cch->up_head[up], behind = up - cch->vertex[y].first + 1;
	uint32_t block = cch->block[cch->block_of[y]].first;
	for (uint32_t x = block; x < y; x++) {
		uint32_t near = cch->vertex[x].first + (y - x - 1);
		join(weights, near, near + behind, best);
	}
	const struct cch_low *far = cch->low + low_find(cch, z, cch->vertex[y].below),
			     *far_end = cch->low + cch->low_first[z + 1];
	const struct cch_low *near = cch->low + cch->low_first[y],
			     *near_end = cch->low + cch->low_first[y + 1] - (y - block);
	while (near < near_end && far < far_end) {
		uint32_t near_tail = near->tail, far_tail = far->tail;
		if (near_tail == far_tail)
			join(weights, near->up, far->up, best);
		near += near_tail <= far_tail;
		far += far_tail <= near_tail;
	}
}

/* The weight as customisation makes it: own edges, and ways over vertices below both ends. */
static struct both weigh(const struct route_weights *weights, uint32_t up)
{
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up];
	struct both best = {CCH_INFINITE, CCH_INFINITE};
	for (uint32_t k = cch->base_first[y]; k < cch->base_first[y + 1]; k++) {
		if (cch->base[k].slot / 2 != up)
			continue;
		cch_label *side = cch->base[k].slot & 1 ? &best.down : &best.up;
		*side = cch_label_min(*side, cch_base_label(weights, &cch->base[k]));
	}
	weigh_triangles(weights, up, &best);
	return best;
}

/* One direction of an arc made of two others: `was` and `is` are the way over them before and now. */
static inline void compare(struct waiting *waiting, uint32_t target, cch_label *weight, cch_label was, cch_label is)
{
	if (is < *weight) {
		wait_for(waiting, target, 0); /* notes the old weight first */
		*weight = is;
	} else if (is > was && was <= *weight && was < CCH_INFINITE) {
		wait_for(waiting, target, IS_LOST);
	}
}

/* The arc between the heads of y -> up and y -> e. */
static uint32_t target_of(const struct cch *cch, uint32_t y, uint32_t up, uint32_t e)
{
	uint32_t block = cch->block_of[y], low = e < up ? e : up, high = e < up ? up : e, lower = cch->up_head[low];
	if (lower < cch->block[block + 1].first) /* neighbours nest: the same places */
		return cch->vertex[lower].first + (high - low - 1);
	uint32_t rest = cch->vertex[y + 1].first - cch->block[block].n_rest;
	return cch->vertex[lower].first + cch_nest(cch, block, low - rest)[high - low - 1];
}

/* The way from y over the arc changed: ways from the other neighbours of y down to y and over the arc. */
static void wake_up(struct waiting *waiting, uint32_t up, cch_label was, cch_label is)
{
	struct route_weights *weights = waiting->weights;
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up];
	cch_label least = cch_label_min(was, is);
	for (uint32_t e = cch->vertex[y].first; e < cch->vertex[y + 1].first; e++) {
		cch_label other = weights->down[e];
		if (e == up || other + least >= CCH_INFINITE)
			continue;
		uint32_t target = target_of(cch, y, up, e);
		compare(waiting, target, e < up ? &weights->up[target] : &weights->down[target], other + was,
			other + is);
	}
}

/* The way over the arc down to y changed: ways over it to the other neighbours of y. */
static void wake_down(struct waiting *waiting, uint32_t up, cch_label was, cch_label is)
{
	struct route_weights *weights = waiting->weights;
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up];
	cch_label least = cch_label_min(was, is);
	for (uint32_t e = cch->vertex[y].first; e < cch->vertex[y + 1].first; e++) {
		cch_label other = weights->up[e];
		if (e == up || other + least >= CCH_INFINITE)
			continue;
		uint32_t target = target_of(cch, y, up, e);
		compare(waiting, target, e < up ? &weights->down[target] : &weights->up[target], other + was,
			other + is);
	}
}

static void update_one(struct waiting *waiting)
{
	struct route_weights *weights = waiting->weights;
	uint32_t up = take_least(waiting);
	struct both old = {waiting->up[up], waiting->down[up]}, now = {weights->up[up], weights->down[up]}, new = now;
	if (weights->is_waiting[up] & IS_LOST)
		new = weigh(weights, up);
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

void cch_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n)
{
	const struct cch *cch = weights->cch;
	struct waiting waiting = {weights, weights->kept[0].weight, weights->kept[1].weight, 0};
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = cch->arc_first[arcs[i]]; k < cch->arc_first[arcs[i] + 1]; k++)
			wait_for(&waiting, cch->base[cch->arc_base[k]].slot / 2, IS_LOST);
	/* one arc costs some twenty times what it costs as a part of all */
	for (uint32_t left = cch->m / 24 + 64; waiting.n > 0 && left > 0; left--)
		update_one(&waiting);
	if (waiting.n > 0) {
		memset(weights->is_waiting, 0, cch->m);
		cch_customize(weights, weights->class_index, weights->time_ms);
	}
	cch_use_all(weights);
}
