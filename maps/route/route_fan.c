#include "route_fan.h"

#include <string.h>

#include "arena.h"
#include "err.h"
#include "route_graph.h"
#include "route_hubs_state.h"

static uint32_t lanes_of(uint32_t n)
{
	return (n + 15) / 16 * 16;
}

static uint32_t room_of(const struct route_graph *graph)
{
	return (graph->network->up_depth + 32) / 16 * 16;
}

static size_t slots_of_places(const struct route_graph *graph, uint32_t places_most)
{
	size_t most = (size_t)places_most * (graph->network->up_depth + 1);
	return most < graph->network->n_order ? most : graph->network->n_order;
}

size_t route_fan_size(const struct route_graph *graph, uint32_t places_most)
{
	size_t slots = slots_of_places(graph, places_most), room = room_of(graph);
	return (slots + 4) * (24 + 8ul * lanes_of(places_most) + 8 * room) + lanes_of(places_most) * 16ul +
	       graph->network->n_order * 4ul + room * 24 + 2048;
}

int route_fan_open(struct route_fan *ret_fan, struct route_hubs *hubs, const struct route_graph *graph,
		   uint32_t places_most, struct arena *arena)
{
	size_t slots = slots_of_places(graph, places_most), room = room_of(graph);
	struct route_fan *fan = ret_fan;
	if (hubs->by_state)
		return ERR_RANGE;
	*fan = (struct route_fan){.hubs = hubs, .slots_most = (uint32_t)slots, .row_room = (uint32_t)room};
	fan->vertex = arena_take(arena, slots, sizeof *fan->vertex);
	fan->slot_at = arena_take(arena, hubs->n, sizeof *fan->slot_at);
	fan->to = arena_take(arena, (slots + 4) * lanes_of(places_most), sizeof *fan->to);
	fan->from = arena_take(arena, (slots + 4) * lanes_of(places_most), sizeof *fan->from);
	fan->to_least = arena_take(arena, slots, sizeof *fan->to_least);
	fan->least = arena_take(arena, slots + 4, sizeof *fan->least);
	fan->place = arena_take(arena, places_most, sizeof *fan->place);
	fan->place_row = arena_take(arena, lanes_of(places_most), sizeof *fan->place_row);
	fan->far_row = arena_take(arena, room, sizeof *fan->far_row);
	fan->low = arena_take(arena, slots, sizeof *fan->low);
	fan->low_at = arena_take(arena, slots, sizeof *fan->low_at);
	fan->row[0] = arena_take(arena, slots * room, sizeof *fan->row[0]);
	fan->row[1] = arena_take(arena, slots * room, sizeof *fan->row[1]);
	fan->path = arena_take(arena, room, sizeof *fan->path);
	fan->path_slot = arena_take(arena, room, sizeof *fan->path_slot);
	fan->pair = arena_take(arena, room, sizeof *fan->pair);
	if (!fan->vertex || !fan->slot_at || !fan->to || !fan->from || !fan->to_least || !fan->low || !fan->low_at ||
	    !fan->least || !fan->place || !fan->place_row || !fan->far_row || !fan->row[0] || !fan->row[1] ||
	    !fan->path || !fan->path_slot || !fan->pair)
		return ERR_MEMORY;
	for (uint32_t x = 0; x < hubs->n; x++)
		fan->slot_at[x] = NONE;
	for (uint32_t d = 0; d < room; d++) {
		fan->path[d] = NONE;
		fan->far_row[d] = ROW_FAR;
	}
	return ERR_OK;
}

static void low_add(struct route_fan *fan, uint32_t slot)
{
	uint32_t x = fan->vertex[slot], at = fan->n_low++;
	for (; at > 0 && fan->vertex[fan->low[at - 1]] < x; at--)
		fan->low[at] = fan->low[at - 1];
	fan->low[at] = slot;
}

static void slot_add(struct route_fan *fan, uint32_t x, uint32_t slot)
{
	fan->slot_at[x] = slot;
	fan->vertex[slot] = x;
	fan->low_at[slot] = NONE;
	if (fan->hubs->row_at[x] == NONE)
		low_add(fan, slot);
}

/* All vertices above the places: those above the first by depth, then the others'. The low ones highest first. */
static void slots_set(struct route_fan *fan, const uint32_t *nodes, uint32_t n)
{
	const struct route_hubs *hubs = fan->hubs;
	for (uint32_t i = 0; i < fan->n_slots; i++)
		fan->slot_at[fan->vertex[i]] = NONE;
	uint32_t first = hubs->rank[nodes[0]];
	fan->n_low = 0;
	fan->n_slots = fan->n_common = hubs->depth[first] + 1u;
	for (uint32_t x = first, d = hubs->depth[x]; x != NONE; x = hubs->parent[x], d--)
		slot_add(fan, x, d);
	for (uint32_t i = 1; i < n; i++) {
		uint32_t x = hubs->rank[nodes[i]];
		for (; x != NONE && fan->slot_at[x] == NONE; x = hubs->parent[x])
			slot_add(fan, x, fan->n_slots++);
		uint32_t common = x == NONE ? 0 : hubs->depth[x] + 1u;
		fan->n_common = common < fan->n_common ? common : fan->n_common;
	}
	for (uint32_t i = 0; i < fan->n_low; i++)
		fan->low_at[fan->low[i]] = i;
}

/* path[d], path_slot[d]: what is above x at depth d. What is there already from another vertex stays. */
static void path_set(struct route_fan *fan, uint32_t x)
{
	const struct route_hubs *hubs = fan->hubs;
	while (fan->path_depth > hubs->depth[x])
		fan->path[fan->path_depth--] = NONE;
	fan->path_depth = hubs->depth[x];
	for (uint32_t d = hubs->depth[x]; x != NONE && fan->path[d] != x; x = hubs->parent[x], d--) {
		fan->path[d] = x;
		fan->path_slot[d] = fan->slot_at[x];
	}
}

static const int32_t *row_of(const struct route_fan *fan, int is_to, uint32_t x, uint32_t slot)
{
	if (fan->low_at[slot] == NONE)
		return fan->hubs->row[is_to] + fan->hubs->row_at[x];
	return fan->row[is_to] + (size_t)fan->low_at[slot] * fan->row_room;
}

static void low_row_make(struct route_fan *fan, int is_to, uint32_t x, int32_t *row)
{
	const struct hub_side *side = &fan->hubs->side[is_to];
	uint32_t depth = fan->hubs->depth[x], filled = 0, e = side->first[x], end = side->first[x + 1];
	if (e < end) {
		const int32_t *from = row_of(fan, is_to, fan->path[side->depth[e]], fan->path_slot[side->depth[e]]);
		int32_t add = 2 * side->time[e];
		filled = side->depth[e++] + 1u;
		for (uint32_t d = 0; d < filled; d++)
			row[d] = from[d] + add;
	}
	for (uint32_t d = filled; d < depth; d++)
		row[d] = ROW_FAR;
	row[depth] = 1;
	for (; e < end; e++) {
		uint32_t d = side->depth[e];
		fan->hubs->join(row, row_of(fan, is_to, fan->path[d], fan->path_slot[d]), 2 * side->time[e], d + 1);
	}
}

/* What is not common to all places. */
static void columns_rest(struct route_fan *fan, int32_t *table)
{
	size_t lanes = fan->lanes;
	for (size_t i = fan->n_common * lanes; i < fan->n_slots * lanes; i++)
		table[i] = ROUTE_HUB_FAR;
	for (uint32_t i = 0; i < fan->n; i++) {
		uint32_t depth = fan->hubs->depth[fan->place[i]];
		const int32_t *row = fan->place_row[i];
		if (fan->n_common <= depth)
			path_set(fan, fan->place[i]);
		for (uint32_t d = fan->n_common; d <= depth; d++)
			table[fan->path_slot[d] * lanes + i] = row[d] & 1 ? row[d] >> 1 : ROUTE_HUB_FAR;
	}
}

static void rows_make(struct route_fan *fan, int is_to)
{
	for (uint32_t i = 0; i < fan->n_low; i++) {
		uint32_t x = fan->vertex[fan->low[i]];
		path_set(fan, x);
		low_row_make(fan, is_to, x, fan->row[is_to] + (size_t)i * fan->row_room);
	}
}

static void table_make(struct route_fan *fan, int is_to)
{
	int32_t *table = is_to ? fan->to : fan->from;
	for (uint32_t i = 0; i < fan->n; i++)
		fan->place_row[i] = row_of(fan, is_to, fan->place[i], fan->slot_at[fan->place[i]]);
	for (uint32_t i = fan->n; i < fan->lanes; i++)
		fan->place_row[i] = fan->far_row;
	fan->hubs->columns(table, fan->place_row, fan->lanes, fan->n_common, fan->least);
	columns_rest(fan, table);
}

static void least_rest(struct route_fan *fan)
{
	for (uint32_t i = fan->n_common; i < fan->n_slots; i++) {
		const int32_t *row = fan->to + (size_t)i * fan->lanes;
		int32_t least = ROUTE_HUB_FAR;
		for (uint32_t l = 0; l < fan->lanes; l++)
			least = row[l] < least ? row[l] : least;
		fan->least[i] = least;
	}
}

void route_fan_set(struct route_fan *fan, const uint32_t *nodes, uint32_t n)
{
	fan->n = n;
	fan->lanes = lanes_of(n);
	fan->has_from = 0;
	slots_set(fan, nodes, n);
	for (uint32_t i = 0; i < n; i++)
		fan->place[i] = fan->hubs->rank[nodes[i]];
	while (fan->path_depth > 0)
		fan->path[fan->path_depth--] = NONE;
	fan->path[0] = NONE;
	fan->has_rows = 0;
	rows_make(fan, 1);
	table_make(fan, 1);
	least_rest(fan);
	memcpy(fan->to_least, fan->least, fan->n_slots * sizeof *fan->least);
}

/* Ways from the places are made when first asked for. */
static void from_rows_ready(struct route_fan *fan)
{
	if (!fan->has_rows)
		rows_make(fan, 0);
	fan->has_rows = 1;
}

static void from_ready(struct route_fan *fan)
{
	from_rows_ready(fan);
	if (!fan->has_from)
		table_make(fan, 0);
	fan->has_from = 1;
}

/* --- ways --- */

/* The hubs of a label that the places have, too, by slot. */
static uint32_t pairs_of(struct route_fan *fan, const struct route_hub *label, uint32_t n)
{
	uint32_t n_pairs = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t slot = fan->slot_at[label[i].vertex & ~ROUTE_FAN_MARK];
		fan->pair[n_pairs] = (struct route_hub){slot, label[i].time};
		n_pairs += slot != NONE;
	}
	return n_pairs;
}

void route_fan_to(struct route_fan *fan, const struct route_hub *label, uint32_t n, int32_t *ret_times)
{
	fan->hubs->lanes(ret_times, fan->to, fan->pair, pairs_of(fan, label, n), fan->lanes);
}

void route_fan_from(struct route_fan *fan, const struct route_hub *label, uint32_t n, int32_t *ret_times)
{
	from_ready(fan);
	fan->hubs->lanes(ret_times, fan->from, fan->pair, pairs_of(fan, label, n), fan->lanes);
}

uint32_t route_fan_label(struct route_fan *fan, int is_to, uint32_t i, int32_t add, struct route_hub *ret_label)
{
	uint32_t n = 0, x = fan->place[i], depth = fan->hubs->depth[x];
	if (!is_to && !fan->has_rows)
		return 0;
	const int32_t *row = row_of(fan, is_to, x, fan->slot_at[x]);
	path_set(fan, x);
	for (uint32_t d = 0; d <= depth; d++) {
		ret_label[n] = (struct route_hub){fan->path[d], (row[d] >> 1) + add};
		n += (uint32_t)row[d] & 1;
	}
	return n;
}

void route_fan_between(struct route_fan *a, const struct route_fan *b, int32_t *ret_times)
{
	from_rows_ready(a);
	for (uint32_t i = 0; i < a->n; i++) {
		uint32_t n_pairs = 0, x = a->place[i], depth = a->hubs->depth[x];
		const int32_t *row = row_of(a, 0, x, a->slot_at[x]);
		path_set(a, x);
		for (uint32_t d = 0; d <= depth; d++) {
			uint32_t slot = b->slot_at[a->path[d]];
			a->pair[n_pairs] = (struct route_hub){slot, row[d] >> 1};
			n_pairs += slot != NONE && (row[d] & 1);
			if (slot == NONE) /* nor has it anything below */
				break;
		}
		a->hubs->lanes(ret_times + (size_t)i * b->lanes, b->to, a->pair, n_pairs, b->lanes);
	}
}
