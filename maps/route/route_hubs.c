#include "route_hubs_state.h"

#include "arena.h"
#include "err.h"
#include "route_graph.h"

/* High vertices have so many below them, in a small network an eighth. New York: 15,822 of 264,346 vertices are high, a
 * climb passes nine low ones and joins nine rows. */
#define HIGH_LEAST 128u

static int is_high(const struct cch *cch, uint32_t x)
{
	uint32_t least = cch->n / 8 < HIGH_LEAST ? cch->n / 8 + 1 : HIGH_LEAST;
	return x - cch->vertex[x].below + 1 >= least;
}

static uint32_t row_room(uint32_t depth)
{
	return (depth + 16) / 16 * 16;
}

static size_t rows_size(const struct cch *cch)
{
	size_t n = 0;
	for (uint32_t x = 0; x < cch->n; x++)
		n += is_high(cch, x) ? row_room(cch->vertex[x].depth) : 0;
	return n;
}

/* States of one arc at most. */
static uint32_t seeds_most(const struct route_graph *graph)
{
	uint32_t most = 1;
	for (uint32_t arc = 0; arc < graph->network->n_arcs && cch_edges_by_state(graph); arc++) {
		uint32_t n = 0;
		for (uint32_t state = arc; state != NONE; state = graph->state_next[state])
			n++;
		most = n > most ? n : most;
	}
	return most;
}

size_t route_hubs_size(const struct route_graph *graph)
{
	const struct network *network = graph->network;
	size_t n = network->n_order, m = network->n_up, depth = (size_t)network->up_depth + 8;
	return sizeof(struct route_hubs) + n * 18 + 2 * (n + 2) * 4 + 2 * m * 6 + (size_t)network->n_arcs * 4 +
	       depth * 20 + m * 16 + 2 * depth * 20 + n * 4 + (graph->cch ? 2 * rows_size(graph->cch) * 4 : 0) + 1024;
}

static int side_open(struct hub_side *side, const struct cch *cch, const struct cch_side *from, struct arena *arena)
{
	uint32_t m = from->first[cch->n];
	side->first = arena_take(arena, (size_t)cch->n + 1, sizeof *side->first);
	side->depth = arena_take(arena, m, sizeof *side->depth);
	side->time = arena_take(arena, m, sizeof *side->time);
	if (!side->first || !side->depth || !side->time)
		return ERR_MEMORY;
	uint32_t kept = 0;
	for (uint32_t x = 0; x < cch->n; x++) {
		side->first[x] = kept;
		for (uint32_t e = from->first[x]; e < from->first[x + 1]; e++) {
			if (from->weight[e] >= CCH_INFINITE)
				continue;
			side->depth[kept] = from->depth[e];
			side->time[kept++] = (int32_t)cch_label_result(from->weight[e]).time_ms;
		}
	}
	side->first[cch->n] = kept;
	return ERR_OK;
}

static int hubs_take(struct route_hubs *hubs, const struct cch *cch, struct arena *arena)
{
	size_t depth = (size_t)hubs->depth_most + 1;
	hubs->parent = arena_take(arena, cch->n, sizeof *hubs->parent);
	hubs->depth = arena_take(arena, cch->n, sizeof *hubs->depth);
	hubs->at = arena_take(arena, cch->n, sizeof *hubs->at);
	hubs->reach = arena_take(arena, depth, sizeof *hubs->reach);
	hubs->exact = arena_take(arena, depth, sizeof *hubs->exact);
	hubs->path = arena_take(arena, depth, sizeof *hubs->path);
	hubs->arc_time = arena_take(arena, hubs->graph->network->n_arcs, sizeof *hubs->arc_time);
	if (!hubs->parent || !hubs->depth || !hubs->at || !hubs->reach || !hubs->exact || !hubs->path ||
	    !hubs->arc_time)
		return ERR_MEMORY;
	for (int i = 0; i < 2; i++) {
		hubs->way[i].reach = arena_take(arena, depth, sizeof *hubs->way[i].reach);
		hubs->way[i].by = arena_take(arena, depth, sizeof *hubs->way[i].by);
		hubs->way[i].vertex = arena_take(arena, depth, sizeof *hubs->way[i].vertex);
		if (!hubs->way[i].reach || !hubs->way[i].by || !hubs->way[i].vertex)
			return ERR_MEMORY;
	}
	hubs->slot = arena_take(arena, 2 * depth, sizeof *hubs->slot);
	hubs->part = arena_take(arena, 2 * (size_t)cch->m, sizeof *hubs->part);
	hubs->both = arena_take(arena, depth, sizeof *hubs->both);
	hubs->high = arena_take(arena, depth, sizeof *hubs->high);
	hubs->row_at = arena_take(arena, cch->n, sizeof *hubs->row_at);
	hubs->row[0] = arena_take(arena, rows_size(cch), sizeof *hubs->row[0]);
	hubs->row[1] = arena_take(arena, rows_size(cch), sizeof *hubs->row[1]);
	return hubs->slot && hubs->part && hubs->both && hubs->high && hubs->row_at && hubs->row[0] && hubs->row[1]
		       ? ERR_OK
		       : ERR_MEMORY;
}

/* --- rows ---
 *
 * Labels of the high vertices are made once and kept as rows over the depths of their root paths: exact times, doubled,
 * + 1 where the vertex of that depth is a hub (so that of two equal ways the one over a higher vertex wins). A label
 * from below is then a climb over a few low vertices, and the least of a few rows. */

/* Best ways upwards from a vertex, as far as the high ones; into reach[] by depth. Returns the first high vertex, and
 * how many low ones were passed, which are path[0 ..]. */
static uint32_t climb(struct route_hubs *hubs, const struct hub_side *side, uint32_t x, int32_t time,
		      uint32_t *ret_n_low)
{
	int32_t *reach = hubs->reach;
	uint32_t depth = hubs->depth[x], n = 0;
	for (uint32_t d = 0; d < depth; d++)
		reach[d] = ROUTE_HUB_FAR;
	reach[depth] = time;
	for (; x != NONE && hubs->row_at[x] == NONE; x = hubs->parent[x], depth--) {
		int32_t at = reach[depth];
		hubs->path[n++] = x;
		if (at >= ROUTE_HUB_FAR)
			continue;
		for (uint32_t e = side->first[x], end = side->first[x + 1]; e < end; e++) {
			int32_t way = at + side->time[e], *to = &reach[side->depth[e]];
			*to = way < *to ? way : *to;
		}
	}
	*ret_n_low = n;
	return x;
}

/* The rows of all that was reached from below, joined: both[0 .. depth of x], high[0 .. depth of x] the vertices. */
static uint32_t join_rows(struct route_hubs *hubs, int is_to, uint32_t x)
{
	uint32_t n = x == NONE ? 0 : hubs->depth[x] + 1u;
	for (uint32_t d = 0; d < n; d++)
		hubs->both[d] = ROW_FAR;
	for (uint32_t d = n; d-- > 0; x = hubs->parent[x]) {
		hubs->high[d] = x;
		if (hubs->reach[d] < ROUTE_HUB_FAR)
			hubs->join(hubs->both, hubs->row[is_to] + hubs->row_at[x], 2 * hubs->reach[d], d + 1);
	}
	return n;
}

/* From the highest of the low ones down: a vertex that is reached as quickly over a higher one is no hub. */
static uint32_t settle_low(struct route_hubs *hubs, const struct hub_side *other, uint32_t n_high, uint32_t n_low,
			   struct route_hub *ret_label)
{
	int32_t *exact = hubs->exact;
	uint32_t n = 0;
	for (uint32_t d = n_high; d < n_high + n_low; d++) {
		uint32_t x = hubs->path[n_high + n_low - 1 - d];
		int32_t best = ROUTE_HUB_FAR, reach = hubs->reach[d];
		for (uint32_t e = other->first[x], end = other->first[x + 1]; e < end; e++) {
			uint32_t above = other->depth[e];
			int32_t way = (above < n_high ? hubs->both[above] >> 1 : exact[above]) + other->time[e];
			best = way < best ? way : best;
		}
		ret_label[n] = (struct route_hub){x, reach};
		n += reach < best;
		exact[d] = reach < best ? reach : best;
	}
	return n;
}

static uint32_t label_of(struct route_hubs *hubs, int is_to, uint32_t x, int32_t time, struct route_hub *ret_label)
{
	uint32_t n_low, n = 0;
	uint32_t high = climb(hubs, &hubs->side[is_to], x, time, &n_low), n_high = join_rows(hubs, is_to, high);
	for (uint32_t d = 0; d < n_high; d++) {
		ret_label[n] = (struct route_hub){hubs->high[d], hubs->both[d] >> 1};
		n += (uint32_t)hubs->both[d] & 1;
	}
	return n + settle_low(hubs, &hubs->side[!is_to], n_high, n_low, ret_label + n);
}

/* The row of a high vertex from those of the ones above it. */
static void row_make(struct route_hubs *hubs, int is_to, uint32_t x)
{
	const struct hub_side *side = &hubs->side[is_to], *other = &hubs->side[!is_to];
	int32_t *row = hubs->row[is_to] + hubs->row_at[x];
	uint32_t depth = hubs->depth[x];
	for (uint32_t d = 0; d < depth; d++)
		row[d] = ROW_FAR;
	row[depth] = 1;
	for (uint32_t d = depth, y = x; d-- > 0;)
		hubs->high[d] = y = hubs->parent[y];
	for (uint32_t e = side->first[x]; e < side->first[x + 1]; e++) {
		uint32_t d = side->depth[e];
		hubs->join(row, hubs->row[is_to] + hubs->row_at[hubs->high[d]], 2 * side->time[e], d + 1);
	}
	for (uint32_t d = 0; d < depth; d++) { /* what goes up too far and comes down again */
		uint32_t y = hubs->high[d];
		int32_t best = ROW_FAR;
		for (uint32_t e = other->first[y]; e < other->first[y + 1]; e++) {
			int32_t way = (row[other->depth[e]] & ~1) + 2 * other->time[e];
			best = way < best ? way : best;
		}
		row[d] = best < row[d] ? best : row[d];
	}
}

static void rows_make(struct route_hubs *hubs, const struct cch *cch)
{
	uint32_t n = 0;
	for (uint32_t x = cch->n; x-- > 0;) {
		hubs->row_at[x] = NONE;
		if (!is_high(cch, x))
			continue;
		hubs->row_at[x] = n;
		n += row_room(hubs->depth[x]);
		row_make(hubs, 0, x);
		row_make(hubs, 1, x);
	}
}

int route_hubs_open(struct route_hubs **ret_hubs, const struct route_graph *graph, const struct route_metric *metric,
		    struct arena *arena)
{
	if (!metric->weights)
		return ERR_RANGE;
	const struct cch *cch = graph->cch;
	struct route_hubs *hubs = arena_take(arena, 1, sizeof *hubs);
	if (!hubs)
		return ERR_MEMORY;
	*hubs = (struct route_hubs){.graph = graph,
				    .weights = metric->weights,
				    .rank = cch->rank,
				    .n = cch->n,
				    .depth_most = cch->depth_max,
				    .join = cch->kernels->join,
				    .lanes = cch->kernels->lanes,
				    .columns = cch->kernels->columns,
				    .by_state = cch_edges_by_state(graph)};
	if (hubs_take(hubs, cch, arena) || side_open(&hubs->side[0], cch, &metric->weights->forward, arena) ||
	    side_open(&hubs->side[1], cch, &metric->weights->backward, arena))
		return ERR_MEMORY;
	for (uint32_t x = 0; x < cch->n; x++) {
		hubs->parent[x] = cch->vertex[x].parent;
		hubs->depth[x] = (uint16_t)cch->vertex[x].depth;
		hubs->at[x] = ROUTE_HUB_FAR;
	}
	for (uint32_t arc = 0; arc < graph->network->n_arcs; arc++) {
		uint32_t time = metric->time_ms[arc];
		hubs->arc_time[arc] = time < ROUTE_HUB_FAR ? (int32_t)time : ROUTE_HUB_FAR;
	}
	rows_make(hubs, cch);
	*ret_hubs = hubs;
	return ERR_OK;
}

uint32_t route_hubs_vertices(const struct route_hubs *hubs)
{
	return hubs->n;
}

uint32_t route_hubs_label_most(const struct route_graph *graph)
{
	return (graph->network->up_depth + 1) * seeds_most(graph);
}

int32_t route_hubs_arc_time(const struct route_hubs *hubs, uint32_t arc)
{
	return hubs->arc_time[arc];
}

uint32_t route_hubs_from(struct route_hubs *hubs, uint32_t arc, struct route_hub *ret_label)
{
	uint32_t vertex = hubs->by_state ? arc : hubs->graph->network->head[arc];
	return label_of(hubs, 0, hubs->rank[vertex], 0, ret_label);
}

uint32_t route_hubs_to(struct route_hubs *hubs, uint32_t arc, struct route_hub *ret_label)
{
	if (hubs->arc_time[arc] >= ROUTE_HUB_FAR)
		return 0;
	if (!hubs->by_state)
		return label_of(hubs, 1, hubs->rank[hubs->graph->network->tail[arc]], hubs->arc_time[arc], ret_label);
	uint32_t n = 0;
	for (uint32_t state = arc; state != NONE; state = hubs->graph->state_next[state])
		n += label_of(hubs, 1, hubs->rank[state], 0, ret_label + n);
	return n;
}

void route_hubs_onward(struct route_hubs *hubs, const struct route_hub *from, uint32_t n, const struct route_hub *to,
		       uint32_t n_to, int32_t *ret_times)
{
	const struct hub_side *side = &hubs->side[0];
	int32_t *exact = hubs->exact;
	uint32_t n_path = 0;
	for (uint32_t i = 0; i < n_to; i++) {
		int32_t *at = &hubs->at[to[i].vertex];
		*at = to[i].time < *at ? to[i].time : *at;
	}
	for (uint32_t x = n ? from[n - 1].vertex : NONE; x != NONE; x = hubs->parent[x])
		hubs->path[n_path++] = x;
	for (uint32_t d = 0, i = 0; d < n_path; d++) {
		uint32_t x = hubs->path[n_path - 1 - d];
		int32_t best = hubs->at[x];
		for (uint32_t e = side->first[x], end = side->first[x + 1]; e < end; e++) {
			int32_t way = exact[side->depth[e]] + side->time[e];
			best = way < best ? way : best;
		}
		exact[d] = best < ROUTE_HUB_FAR ? best : ROUTE_HUB_FAR;
		if (i < n && from[i].vertex == x)
			ret_times[i++] = exact[d];
	}
	for (uint32_t i = 0; i < n_to; i++)
		hubs->at[to[i].vertex] = ROUTE_HUB_FAR;
}

/* --- where one is on the way --- */

/* No further than `most`. */
static void climb_noting(struct route_hubs *hubs, const struct cch_side *side, uint32_t x, cch_label most,
			 struct hub_way *way)
{
	uint32_t depth = hubs->depth[x];
	for (uint32_t d = 0; d < depth; d++)
		way->reach[d] = CCH_INFINITE;
	way->reach[depth] = 0;
	way->by[depth] = NONE;
	for (; x != NONE; x = hubs->parent[x], depth--) {
		cch_label at = way->reach[depth];
		way->vertex[depth] = x;
		for (uint32_t e = side->first[x]; at <= most && e < side->first[x + 1]; e++) {
			uint32_t d = side->depth[e];
			if (at + side->weight[e] < way->reach[d]) {
				way->reach[d] = at + side->weight[e];
				way->by[d] = depth;
			}
		}
	}
}

/* The depth over which a shortest way leads; the backward climb is from a vertex of this depth. */
static uint32_t top_of(const struct route_hubs *hubs, uint32_t from, uint32_t to, cch_label *best)
{
	uint32_t top = NONE, common = cch_common(hubs->weights->cch, from, to);
	for (uint32_t d = 0; d < common; d++) {
		cch_label sum = hubs->way[0].reach[d] + hubs->way[1].reach[d];
		if (sum < *best) {
			*best = sum;
			top = d;
		}
	}
	return top;
}

/* The upward arcs of the way in driving order. Returns how many. */
static uint32_t slots_of(struct route_hubs *hubs, uint32_t top)
{
	const struct cch *cch = hubs->weights->cch;
	uint32_t n_up = 0, n;
	for (uint32_t d = top; hubs->way[0].by[d] != NONE; d = hubs->way[0].by[d])
		n_up++;
	n = n_up;
	for (uint32_t d = top, below; (below = hubs->way[0].by[d]) != NONE; d = below)
		hubs->slot[--n] = 2 * cch_up_find(cch, hubs->way[0].vertex[below], hubs->way[0].vertex[d]);
	n = n_up;
	for (uint32_t d = top, below; (below = hubs->way[1].by[d]) != NONE; d = below)
		hubs->slot[n++] = 2 * cch_up_find(cch, hubs->way[1].vertex[below], hubs->way[1].vertex[d]) + 1;
	return n;
}

static cch_label slot_label(const struct route_hubs *hubs, uint32_t slot)
{
	return slot & 1 ? hubs->weights->down[slot / 2] : hubs->weights->up[slot / 2];
}

static int32_t slot_time(const struct route_hubs *hubs, uint32_t slot)
{
	return (int32_t)cch_label_result(slot_label(hubs, slot)).time_ms;
}

static struct hub_part part_of(struct route_hubs *hubs, uint32_t slot)
{
	struct hub_part *part = &hubs->part[slot];
	if (part->first)
		return *part;
	uint32_t arc = cch_arc_of(hubs->weights, slot, slot_label(hubs, slot)), slots[2];
	if (arc != NONE) {
		part->first = arc + 1;
		return *part;
	}
	cch_unpack_one(hubs->weights, slot, slots);
	*part = (struct hub_part){slots[0] + 1, slots[1] + 1};
	return *part;
}

/* Goes on along an upward arc that begins at `time` and ends no sooner than `after`. */
static struct route_hub_place place_in(struct route_hubs *hubs, uint32_t slot, int32_t time, int32_t after)
{
	struct hub_part part;
	while ((part = part_of(hubs, slot)).second) {
		int32_t middle = time + slot_time(hubs, part.first - 1);
		slot = middle >= after ? part.first - 1 : part.second - 1;
		time = middle >= after ? time : middle;
	}
	return (struct route_hub_place){part.first - 1, time + slot_time(hubs, slot)};
}

struct route_hub_place route_hubs_along(struct route_hubs *hubs, uint32_t from_arc, uint32_t to_arc, int32_t total,
					int32_t after)
{
	const struct network *network = hubs->graph->network;
	const struct route_weights *weights = hubs->weights;
	uint32_t from = hubs->rank[hubs->by_state ? from_arc : network->head[from_arc]], top = NONE, n = 0;
	cch_label best = CCH_INFINITE, most = cch_label_of((uint64_t)total + 1, 0);
	int32_t time = 0;
	climb_noting(hubs, &weights->forward, from, most, &hubs->way[0]);
	for (uint32_t state = to_arc; state != NONE; state = hubs->by_state ? hubs->graph->state_next[state] : NONE) {
		uint32_t to = hubs->rank[hubs->by_state ? state : network->tail[to_arc]];
		climb_noting(hubs, &weights->backward, to, most, &hubs->way[1]);
		top = top_of(hubs, from, to, &best);
		n = top == NONE ? n : slots_of(hubs, top);
	}
	for (uint32_t i = 0; i < n; i++) {
		int32_t part = slot_time(hubs, hubs->slot[i]);
		if (time + part >= after)
			return place_in(hubs, hubs->slot[i], time, after);
		time += part;
	}
	return (struct route_hub_place){to_arc, hubs->by_state ? time : time + hubs->arc_time[to_arc]};
}
