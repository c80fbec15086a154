#include "cch_query.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"

void cch_climb(const struct cch *cch, const struct cch_side *side, struct cch_seed seed, struct cch_climb *climb)
{
	cch_label *reach = climb->reach;
	uint32_t x = seed.vertex, depth = cch->vertex[x].depth;
	climb->vertex = x;
	for (uint32_t d = 0; d < depth; d++)
		reach[d] = CCH_INFINITE;
	reach[depth] = seed.label;
	for (; x != NONE; x = cch->vertex[x].parent, depth--) {
		cch_label at = reach[depth];
		if (at >= CCH_INFINITE)
			continue;
		const uint32_t end = side->first[x + 1];
		for (uint32_t e = side->first[x]; e < end; e++) {
			cch_label way = at + side->weight[e], *to = &reach[side->depth[e]];
			*to = way < *to ? way : *to;
		}
	}
}

uint32_t cch_common(const struct cch *cch, uint32_t x, uint32_t y)
{
	while (x != y) {
		uint32_t *lower = x < y ? &x : &y;
		*lower = cch->vertex[*lower].parent;
		if (*lower == NONE)
			return 0;
	}
	return cch->vertex[x].depth + 1;
}

/* --- pins --- */

size_t cch_pins_size(const struct network *network, uint32_t most)
{
	return (size_t)most * ((size_t)network->up_depth + 16) * sizeof(cch_label) +
	       3 * ((size_t)most + 8) * sizeof(uint32_t) + 64;
}

int cch_pins_open(struct cch_pins *pins, const struct cch *cch, uint32_t most, struct arena *arena)
{
	*pins = (struct cch_pins){.most = most, .stride = (cch->depth_max + 8) / 8 * 8};
	pins->vertex = arena_take(arena, most, sizeof *pins->vertex);
	pins->place = arena_take(arena, most, sizeof *pins->place);
	pins->slot = arena_take(arena, most, sizeof *pins->slot);
	pins->reach = arena_take(arena, (size_t)most * pins->stride, sizeof *pins->reach);
	return pins->vertex && pins->place && pins->slot && pins->reach ? ERR_OK : ERR_MEMORY;
}

/* The first pin at or behind the vertex. */
static uint32_t pins_find(const struct cch_pins *pins, uint32_t vertex)
{
	uint32_t low = 0, high = pins->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (pins->vertex[middle] < vertex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void cch_pins_add(struct cch_pins *pins, const struct cch *cch, const struct cch_side *side, struct cch_seed seed,
		  uint32_t place)
{
	assert(pins->n < pins->most);
	uint32_t at = pins_find(pins, seed.vertex), slot = pins->n, behind = pins->n - at;
	struct cch_climb climb = {.reach = pins->reach + (size_t)slot * pins->stride};
	cch_climb(cch, side, seed, &climb);
	memmove(pins->vertex + at + 1, pins->vertex + at, behind * sizeof *pins->vertex);
	memmove(pins->place + at + 1, pins->place + at, behind * sizeof *pins->place);
	memmove(pins->slot + at + 1, pins->slot + at, behind * sizeof *pins->slot);
	pins->vertex[at] = seed.vertex;
	pins->place[at] = place;
	pins->slot[at] = slot;
	pins->n++;
}

void cch_pins_remove(struct cch_pins *pins, uint32_t place)
{
	for (uint32_t i = pins->n; i-- > 0;) {
		if (pins->place[i] != place)
			continue;
		uint32_t slot = pins->slot[i], last = --pins->n, behind = last - i;
		memmove(pins->vertex + i, pins->vertex + i + 1, behind * sizeof *pins->vertex);
		memmove(pins->place + i, pins->place + i + 1, behind * sizeof *pins->place);
		memmove(pins->slot + i, pins->slot + i + 1, behind * sizeof *pins->slot);
		for (uint32_t j = 0; j < last && slot != last; j++) /* the last row fills the gap */
			if (pins->slot[j] == last) {
				memcpy(pins->reach + (size_t)slot * pins->stride,
				       pins->reach + (size_t)last * pins->stride, pins->stride * sizeof *pins->reach);
				pins->slot[j] = slot;
				break;
			}
	}
}

void cch_pins_meet(const struct cch_pins *pins, const struct cch *cch, const struct cch_climb *climb, cch_label *labels)
{
	uint32_t low = pins_find(pins, climb->vertex), high = low;
	const cch_label *reach = climb->reach;
	for (uint32_t x = climb->vertex; x != NONE && high - low < pins->n; x = cch->vertex[x].parent) {
		uint32_t below = cch->vertex[x].below, common = cch->vertex[x].depth + 1, first = low, last = high;
		while (first > 0 && pins->vertex[first - 1] >= below)
			first--;
		while (last < pins->n && pins->vertex[last] <= x)
			last++;
		for (uint32_t i = first; i < last; i++) {
			if (i == low)
				i = high; /* done further down */
			if (i >= last)
				break;
			const cch_label *row = pins->reach + (size_t)pins->slot[i] * pins->stride;
			cch_label way = cch->kernels->meet(reach, row, common), *best = &labels[pins->place[i]];
			*best = cch_label_min(*best, way);
		}
		low = first;
		high = last;
	}
}

/* --- paths --- */

/* As cch_climb over all arcs, and notes the arc that reached each depth. */
static void climb_noting(const struct cch *cch, const cch_label *weight, struct cch_seed seed, struct cch_climb *climb,
			 uint32_t *by)
{
	cch_label *reach = climb->reach;
	uint32_t x = seed.vertex, depth = cch->vertex[x].depth;
	climb->vertex = x;
	for (uint32_t d = 0; d < depth; d++)
		reach[d] = CCH_INFINITE;
	reach[depth] = seed.label;
	by[depth] = NONE;
	for (; x != NONE; x = cch->vertex[x].parent, depth--) {
		cch_label at = reach[depth];
		for (uint32_t e = cch->vertex[x].first; at < CCH_INFINITE && e < cch->vertex[x + 1].first; e++) {
			uint32_t d = cch->up_depth[e];
			if (at + weight[e] < reach[d]) {
				reach[d] = at + weight[e];
				by[d] = e;
			}
		}
	}
}

struct writer {
	uint32_t *arcs, n, most;
};

static void write_arc(struct writer *writer, uint32_t arc)
{
	if (writer->n < writer->most)
		writer->arcs[writer->n] = arc;
	writer->n++;
}

uint32_t cch_arc_of(const struct route_weights *weights, uint32_t slot, cch_label weight)
{
	const struct cch *cch = weights->cch;
	uint32_t x = cch->up_tail[slot / 2];
	for (uint32_t k = cch->base_first[x]; k < cch->base_first[x + 1]; k++)
		if (cch->base[k].slot == slot && cch_base_label(weights, &cch->base[k]) == weight)
			return cch->base[k].arc;
	return NONE;
}

void cch_unpack_one(const struct route_weights *weights, uint32_t slot, uint32_t ret_slots[2])
{
	const struct cch *cch = weights->cch;
	uint32_t up = slot / 2, y = cch->up_tail[up], z = cch->up_head[up];
	cch_label weight = slot & 1 ? weights->down[up] : weights->up[up];
	for (uint32_t i = cch->low_first[y];; i++) {
		assert(i < cch->low_first[y + 1]); /* no weight without a cause */
		uint32_t near = cch->low[i].up;
		cch_label first = slot & 1 ? weights->up[near] : weights->down[near];
		if (first > weight)
			continue;
		uint32_t far = cch_up_find(cch, cch->low[i].tail, z);
		if (far == NONE || first + (slot & 1 ? weights->down[far] : weights->up[far]) != weight)
			continue;
		ret_slots[0] = slot & 1 ? 2 * far + 1 : 2 * near + 1; /* down to x, ... */
		ret_slots[1] = slot & 1 ? 2 * near : 2 * far;	      /* ... up again */
		return;
	}
}

static void unpack(const struct cch_search *search, const struct route_weights *weights, uint32_t slot,
		   struct writer *writer)
{
	uint32_t *stack = search->stack, n = 0;
	stack[n++] = slot;
	while (n > 0) {
		uint32_t at = stack[--n], parts[2];
		uint32_t arc = cch_arc_of(weights, at, at & 1 ? weights->down[at / 2] : weights->up[at / 2]);
		if (arc != NONE) {
			write_arc(writer, arc);
			continue;
		}
		cch_unpack_one(weights, at, parts);
		stack[n++] = parts[1];
		stack[n++] = parts[0];
	}
}

/* Up from the start to depth `top`: the arcs are noted from above, so they are turned round first. */
static void unpack_up(const struct cch_search *search, const struct route_weights *weights, uint32_t top,
		      struct writer *writer)
{
	const struct cch *cch = search->cch;
	uint32_t *by = search->by[0], above = NONE, up;
	for (uint32_t d = top; (up = by[d]) != NONE; d = cch->vertex[cch->up_tail[up]].depth) {
		by[d] = above;
		above = up;
	}
	while (above != NONE) {
		unpack(search, weights, 2 * above, writer);
		above = by[cch->up_depth[above]];
	}
}

static void unpack_down(const struct cch_search *search, const struct route_weights *weights, uint32_t top,
			struct writer *writer)
{
	const struct cch *cch = search->cch;
	uint32_t up;
	for (uint32_t d = top; (up = search->by[1][d]) != NONE; d = cch->vertex[cch->up_tail[up]].depth)
		unpack(search, weights, 2 * up + 1, writer);
}

cch_label cch_path(struct cch_search *search, const struct route_weights *weights, struct cch_seed from,
		   struct cch_seed to, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most)
{
	const struct cch *cch = search->cch;
	climb_noting(cch, weights->up, from, &search->forward, search->by[0]);
	climb_noting(cch, weights->down, to, &search->backward, search->by[1]);
	cch_label best = CCH_INFINITE;
	uint32_t top = NONE, common = cch_common(cch, from.vertex, to.vertex);
	for (uint32_t d = 0; d < common; d++) {
		cch_label way = search->forward.reach[d] + search->backward.reach[d];
		if (way < best) {
			best = way;
			top = d;
		}
	}
	if (top == NONE)
		return CCH_INFINITE;
	struct writer writer = {ret_arcs, *ret_n, most};
	unpack_up(search, weights, top, &writer);
	unpack_down(search, weights, top, &writer);
	*ret_n = writer.n;
	return best;
}

/* --- scratch --- */

size_t cch_search_size(const struct network *network)
{
	size_t n = (size_t)network->up_depth + 8;
	return sizeof(struct cch_search) + 2 * n * sizeof(cch_label) + 3 * n * sizeof(uint32_t) +
	       cch_pins_size(network, CCH_PINS) + 256;
}

int cch_search_open(struct cch_search **ret_search, const struct cch *cch, struct arena *arena)
{
	struct cch_search *search = arena_take(arena, 1, sizeof *search);
	size_t n = (size_t)cch->depth_max + 1;
	if (!search)
		return ERR_MEMORY;
	search->cch = cch;
	search->forward.reach = arena_take(arena, n, sizeof(cch_label));
	search->backward.reach = arena_take(arena, n, sizeof(cch_label));
	search->by[0] = arena_take(arena, n, sizeof(uint32_t));
	search->by[1] = arena_take(arena, n, sizeof(uint32_t));
	search->stack = arena_take(arena, n + 4, sizeof(uint32_t));
	if (!search->forward.reach || !search->backward.reach || !search->by[0] || !search->by[1] || !search->stack ||
	    cch_pins_open(&search->pins, cch, CCH_PINS, arena))
		return ERR_MEMORY;
	*ret_search = search;
	return ERR_OK;
}
