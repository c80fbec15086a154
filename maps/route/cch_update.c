/* Partial customisation: arcs wait in a heap by number, so an arc is looked at once, after all arcs that it can be made of
 * (their tails are lower). An arc whose weight did not change wakes nobody. */
#include "cch.h"

#include <string.h>

struct waiting {
	struct route_weights *weights;
	uint32_t n;
};

static void wait_for(struct waiting *waiting, uint32_t up)
{
	uint32_t *heap = waiting->weights->heap, at = waiting->n;
	if (waiting->weights->is_waiting[up])
		return;
	waiting->weights->is_waiting[up] = 1;
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
	waiting->weights->is_waiting[least] = 0;
	return least;
}

struct both {
	cch_label up, down;
};

/* The weight as customisation makes it: own edges, and ways over vertices below both ends. */
static struct both weigh(const struct route_weights *weights, uint32_t up)
{
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up], z = cch->up_head[up];
	struct both best = {CCH_INFINITE, CCH_INFINITE};
	for (uint32_t k = cch->base_first[y]; k < cch->base_first[y + 1]; k++) {
		if (cch->base[k].slot / 2 != up)
			continue;
		cch_label *side = cch->base[k].slot & 1 ? &best.down : &best.up;
		*side = cch_label_min(*side, cch_base_label(weights, &cch->base[k]));
	}
	uint32_t j = cch->low_first[z], j_end = cch->low_first[z + 1];
	for (uint32_t i = cch->low_first[y]; i < cch->low_first[y + 1]; i++) {
		uint32_t near = cch->low_up[i], x = cch->up_tail[near];
		while (j < j_end && cch->up_tail[cch->low_up[j]] < x)
			j++;
		if (j == j_end)
			break;
		uint32_t far = cch->low_up[j];
		if (cch->up_tail[far] != x)
			continue;
		best.up = cch_label_min(best.up, weights->down[near] + weights->up[far]);
		best.down = cch_label_min(best.down, weights->down[far] + weights->up[near]);
	}
	return best;
}

/* Could the arc between the heads of two arcs of one tail depend on the old weight, or gain by the new one? */
static int is_touched(struct both target, struct both old, struct both new, struct both other, int is_first)
{
	/* lower -> higher head and back; the changed arc leads to the lower one if is_first */
	cch_label up_old = is_first ? old.down + other.up : other.down + old.up;
	cch_label up_new = is_first ? new.down + other.up : other.down + new.up;
	cch_label down_old = is_first ? other.down + old.up : old.down + other.up;
	cch_label down_new = is_first ? other.down + new.up : new.down + other.up;
	return up_old <= target.up || up_new < target.up || down_old <= target.down || down_new < target.down;
}

static void wake(struct waiting *waiting, uint32_t up, struct both old, struct both new)
{
	const struct route_weights *weights = waiting->weights;
	const struct cch *cch = weights->cch;
	uint32_t y = cch->up_tail[up], z = cch->up_head[up];
	for (uint32_t e = cch->vertex[y].first; e < cch->vertex[y + 1].first; e++) {
		uint32_t other = cch->up_head[e];
		if (other == z)
			continue;
		uint32_t target = z < other ? cch_up_find(cch, z, other) : cch_up_find(cch, other, z);
		struct both now = {weights->up[target], weights->down[target]};
		if (is_touched(now, old, new, (struct both){weights->up[e], weights->down[e]}, z < other))
			wait_for(waiting, target);
	}
}

void cch_update(struct route_weights *weights, const uint32_t *arcs, uint32_t n)
{
	const struct cch *cch = weights->cch;
	struct waiting waiting = {weights, 0};
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = cch->arc_first[arcs[i]]; k < cch->arc_first[arcs[i] + 1]; k++)
			wait_for(&waiting, cch->base[cch->arc_base[k]].slot / 2);
	while (waiting.n > 0) {
		uint32_t up = take_least(&waiting);
		struct both old = {weights->up[up], weights->down[up]}, new = weigh(weights, up);
		if (old.up == new.up && old.down == new.down)
			continue;
		weights->up[up] = new.up;
		weights->down[up] = new.down;
		wake(&waiting, up, old, new);
	}
	cch_use_all(weights);
}
