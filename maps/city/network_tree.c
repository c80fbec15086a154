/* A packed static R-tree: roads sorted into tiles (Leutenegger, Lopez, Edgington: STR, ICDE 1997), sixteen to a node,
 * all levels in one array, no pointers. Nodes know which classes find a road below them. */
#include <assert.h>
#include <stdlib.h>

#include "arena.h"
#include "err.h"
#include "network_snap.h"

#define FAN 16u
#define LEVELS_MAX 9u /* 16^8 = 2^32 roads */

struct entry {
	struct geo_xy low, high;
	uint32_t item;	  /* the lower arc of a road; of a node: its first entry */
	uint8_t main;	  /* classes whose main part is below */
	uint8_t stopping; /* the same, where one may stop */
};

struct network_tree {
	const struct network *network;
	struct entry *entry;			 /* roads, then each level of nodes, the root last */
	uint32_t first_of_level[LEVELS_MAX + 1]; /* its end is the first of the next */
	uint32_t n_levels;
};

static int is_road(const struct network *network, uint32_t arc)
{
	uint32_t other = network->reverse_arc[arc];
	return (other == NONE || arc <= other) &&
	       network->main_mask[arc] | (other == NONE ? 0 : network->main_mask[other]);
}

static uint32_t count_roads(const struct network *network)
{
	uint32_t n = 0;
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		n += is_road(network, arc) ? 1 : 0;
	return n;
}

/* All levels, for n roads. */
static size_t count_entries(size_t n)
{
	size_t sum = n;
	while (n > 1) {
		n = (n + FAN - 1) / FAN;
		sum += n;
	}
	return sum;
}

size_t network_tree_size(const struct network *network)
{
	return sizeof(struct network_tree) + (count_entries(count_roads(network)) + 1) * sizeof(struct entry) + 64;
}

/* --- building --- */

static void widen(struct entry *entry, struct geo_xy low, struct geo_xy high)
{
	entry->low.x_mm = low.x_mm < entry->low.x_mm ? low.x_mm : entry->low.x_mm;
	entry->low.y_mm = low.y_mm < entry->low.y_mm ? low.y_mm : entry->low.y_mm;
	entry->high.x_mm = high.x_mm > entry->high.x_mm ? high.x_mm : entry->high.x_mm;
	entry->high.y_mm = high.y_mm > entry->high.y_mm ? high.y_mm : entry->high.y_mm;
}

/* Both directions, should they be drawn differently. */
static void road_add(struct entry *entry, const struct network *network, uint32_t arc)
{
	for (uint32_t i = network->shape_first[arc]; i < network->shape_first[arc + 1]; i++)
		widen(entry, network->shape_xy[i], network->shape_xy[i]);
	entry->main |= network->main_mask[arc];
	if (!(network->flags[arc] & ARC_NO_STOPPING))
		entry->stopping |= network->main_mask[arc];
}

static struct entry road_entry(const struct network *network, uint32_t arc)
{
	struct geo_xy start = network->shape_xy[network->shape_first[arc]];
	struct entry entry = {.low = start, .high = start, .item = arc};
	road_add(&entry, network, arc);
	if (network->reverse_arc[arc] != NONE)
		road_add(&entry, network, network->reverse_arc[arc]);
	return entry;
}

static int order(int64_t a, int64_t b, uint32_t item_a, uint32_t item_b)
{
	if (a != b)
		return a < b ? -1 : 1;
	return item_a < item_b ? -1 : item_a > item_b;
}

static int order_x(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	return order((int64_t)a->low.x_mm + a->high.x_mm, (int64_t)b->low.x_mm + b->high.x_mm, a->item, b->item);
}

static int order_y(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	return order((int64_t)a->low.y_mm + a->high.y_mm, (int64_t)b->low.y_mm + b->high.y_mm, a->item, b->item);
}

/* Columns of about as many nodes as there are columns. */
static void tiles_sort(struct entry *entries, uint32_t n)
{
	uint64_t n_nodes = (n + FAN - 1) / FAN, side = geo_sqrt(n_nodes), column;
	side += side * side < n_nodes;
	column = side * FAN;
	qsort(entries, n, sizeof *entries, order_x);
	for (uint64_t at = 0; at < n; at += column)
		qsort(entries + at, n - at < column ? n - at : column, sizeof *entries, order_y);
}

static void level_build(struct network_tree *tree, uint32_t first, uint32_t end)
{
	struct entry *to = &tree->entry[end];
	for (uint32_t at = first; at < end; at += FAN, to++) {
		*to = tree->entry[at];
		to->item = at;
		for (uint32_t i = at + 1; i < end && i < at + FAN; i++) {
			widen(to, tree->entry[i].low, tree->entry[i].high);
			to->main |= tree->entry[i].main;
			to->stopping |= tree->entry[i].stopping;
		}
	}
}

int network_tree_open(struct network_tree **ret_tree, const struct network *network, struct arena *arena)
{
	struct network_tree *tree = arena_take(arena, 1, sizeof *tree);
	uint32_t n = count_roads(network), first = 0, end = 0;
	if (!tree)
		return ERR_MEMORY;
	tree->network = network;
	tree->entry = arena_take(arena, count_entries(n) + 1, sizeof *tree->entry);
	if (!tree->entry)
		return ERR_MEMORY;
	for (uint32_t arc = 0; arc < network->n_arcs; arc++)
		if (is_road(network, arc))
			tree->entry[end++] = road_entry(network, arc);
	if (n > 0)
		tiles_sort(tree->entry, n);
	while (end > first) {
		assert(tree->n_levels < LEVELS_MAX);
		tree->first_of_level[tree->n_levels++] = first;
		if (end - first == 1)
			break;
		level_build(tree, first, end);
		uint32_t n_next = (end - first + FAN - 1) / FAN;
		first = end;
		end += n_next;
	}
	tree->first_of_level[tree->n_levels] = end;
	*ret_tree = tree;
	return ERR_OK;
}

/* --- searching --- */

struct visit {
	uint64_t away2;
	uint32_t entry, level;
};

static uint64_t outside(int32_t low, int32_t high, int32_t at)
{
	uint64_t away = (uint64_t)(at < low ? (int64_t)low - at : at > high ? (int64_t)at - high : 0);
	return away * away;
}

static uint64_t outside_box(const struct entry *entry, struct geo_xy p)
{
	uint64_t x = outside(entry->low.x_mm, entry->high.x_mm, p.x_mm), sum;
	return __builtin_add_overflow(x, outside(entry->low.y_mm, entry->high.y_mm, p.y_mm), &sum) ? UINT64_MAX : sum;
}

/* Anything further than this is not asked for, or no longer. */
static uint64_t limit2(const struct snap_search *search)
{
	uint64_t away = search->n == search->most ? search->best[search->n - 1].away_mm : search->max_away_mm;
	return away > UINT32_MAX - ROUNDING_MM ? UINT64_MAX : (away + ROUNDING_MM) * (away + ROUNDING_MM);
}

/* Puts the entries of a node on the stack, the nearest on top. */
static uint32_t visits_push(const struct network_tree *tree, const struct snap_search *search, struct visit *stack,
			    uint32_t n, struct visit node)
{
	uint32_t first = tree->entry[node.entry].item, level = node.level - 1, bottom = n;
	uint32_t end = first + FAN < tree->first_of_level[level + 1] ? first + FAN : tree->first_of_level[level + 1];
	uint64_t limit = limit2(search);
	for (uint32_t e = first; e < end; e++) {
		const struct entry *entry = &tree->entry[e];
		uint64_t away2 = outside_box(entry, search->p);
		if (away2 > limit || !((search->stopping ? entry->stopping : entry->main) >> search->class_index & 1))
			continue;
		uint32_t at = n++;
		for (; at > bottom && stack[at - 1].away2 < away2; at--)
			stack[at] = stack[at - 1];
		stack[at] = (struct visit){away2, e, level};
	}
	return n;
}

uint32_t network_tree_snap(const struct network_tree *tree, uint32_t class_index, struct geo_xy p, uint32_t max_away_mm,
			   int stopping, struct snap *ret_snaps, uint32_t most)
{
	struct visit stack[LEVELS_MAX * FAN];
	struct snap_search search = {.network = tree->network,
				     .class_index = class_index,
				     .max_away_mm = max_away_mm,
				     .stopping = stopping,
				     .p = p,
				     .best = ret_snaps,
				     .most = most};
	uint32_t n = 0;
	assert(class_index < tree->network->n_classes);
	if (most > 0 && tree->n_levels > 0)
		stack[n++] = (struct visit){0, tree->first_of_level[tree->n_levels - 1], tree->n_levels - 1};
	while (n > 0) {
		struct visit visit = stack[--n];
		if (visit.away2 > limit2(&search))
			continue;
		if (visit.level == 0)
			snap_try(&search, tree->entry[visit.entry].item);
		else
			n = visits_push(tree, &search, stack, n, visit);
	}
	return search.n;
}
