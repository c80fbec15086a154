/* Successive shortest paths: the lefts are taken in one by one, each along the cheapest way of going or of making room
 * by sending others elsewhere (or home); so the sum is the least for those taken in (Ahuja, Magnanti, Orlin: Network
 * Flows, 1993, chapter 9.7). Ways are found over the places alone: between two of them the cheapest one who would move
 * counts. */
#include "flow.h"

#include <assert.h>

#define NO_WAY (INT64_C(1) << 60)

struct flow {
	const int64_t *cost;
	const uint32_t *room;
	uint32_t n_taken, n_right;
	uint32_t *right;
	uint32_t used[FLOW_RIGHT_MAX];
	int64_t dist[FLOW_RIGHT_MAX];	 /* cost of a way that ends with one more going there */
	uint32_t before[FLOW_RIGHT_MAX]; /* who is sent there, FLOW_STAYS = the new one */
};

static int64_t cost_at(const struct flow *f, uint32_t left, uint32_t right)
{
	return f->cost[(uint64_t)left * f->n_right + right];
}

static void ways_start(struct flow *f, uint32_t left)
{
	for (uint32_t p = 0; p < f->n_right; p++) {
		f->dist[p] = cost_at(f, left, p);
		f->before[p] = FLOW_STAYS;
	}
}

/* One round of improvements; 0 = none. */
static int ways_improve(struct flow *f)
{
	int better = 0;
	for (uint32_t i = 0; i < f->n_taken; i++) {
		uint32_t from = f->right[i];
		if (from == FLOW_STAYS || f->used[from] < f->room[from])
			continue;
		for (uint32_t to = 0; to < f->n_right; to++) {
			int64_t way = f->dist[from] - cost_at(f, i, from) + cost_at(f, i, to);
			if (to == from || way >= f->dist[to])
				continue;
			f->dist[to] = way;
			f->before[to] = i;
			better = 1;
		}
	}
	return better;
}

/* The cheapest end of a way: a place with room, or somebody who goes home from a full one. */
static int64_t way_end(const struct flow *f, uint32_t *ret_place, uint32_t *ret_home)
{
	int64_t best = 0; /* the new one stays */
	*ret_place = *ret_home = FLOW_STAYS;
	for (uint32_t p = 0; p < f->n_right; p++) {
		if (f->used[p] < f->room[p] && f->dist[p] < best) {
			best = f->dist[p];
			*ret_place = p;
			*ret_home = FLOW_STAYS;
		}
	}
	for (uint32_t i = 0; i < f->n_taken; i++) {
		uint32_t p = f->right[i];
		if (p == FLOW_STAYS || f->used[p] < f->room[p] || f->dist[p] - cost_at(f, i, p) >= best)
			continue;
		best = f->dist[p] - cost_at(f, i, p);
		*ret_place = p;
		*ret_home = i;
	}
	return best;
}

static void take_in(struct flow *f, uint32_t left)
{
	uint32_t place, home;
	f->right[left] = FLOW_STAYS;
	ways_start(f, left);
	for (uint32_t round = 0; round < f->n_right && ways_improve(f); round++)
		;
	if (way_end(f, &place, &home) >= 0)
		return;
	if (home == FLOW_STAYS)
		f->used[place]++;
	else
		f->right[home] = FLOW_STAYS;
	while (f->before[place] != FLOW_STAYS) { /* back along the way: each takes the place that the next one left */
		uint32_t moved = f->before[place], from = f->right[moved];
		f->right[moved] = place;
		place = from;
	}
	f->right[left] = place;
}

void flow_assign(const int64_t *cost, uint32_t n_left, const uint32_t *room, uint32_t n_right, uint32_t *ret_right)
{
	struct flow flow = {.cost = cost, .room = room, .n_right = n_right, .right = ret_right};
	assert(n_left <= FLOW_LEFT_MAX && n_right <= FLOW_RIGHT_MAX);
	for (uint32_t i = 0; i < n_left; i++) {
		take_in(&flow, i);
		flow.n_taken = i + 1;
	}
}
