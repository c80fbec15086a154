#include "order.h"

#include <assert.h>
#include <metis.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "cch_edges.h"

/* An undirected graph that shrinks: neighbours of a vertex, unsorted, each once. */
struct neighbours {
	uint32_t *items;
	size_t n, cap;
};

struct shrinking {
	uint32_t n;
	struct neighbours *of; /* [n] */
	uint32_t *rank;	       /* [n] NONE = still there */
	uint32_t n_ranked;
	uint32_t *waiting; /* vertices that may be ready to go */
	size_t n_waiting, cap_waiting;
};

static int join(struct shrinking *graph, uint32_t from, uint32_t to)
{
	struct neighbours *list = &graph->of[from];

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i] == to)
			return ERR_OK;
	return array_push(list->items, list->n, list->cap, to);
}

static void part(struct shrinking *graph, uint32_t from, uint32_t to)
{
	struct neighbours *list = &graph->of[from];

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i] == to) {
			list->items[i] = list->items[--list->n];
			return;
		}
}

static int wait(struct shrinking *graph, uint32_t vertex)
{
	if (graph->of[vertex].n > 2)
		return ERR_OK;
	return array_push(graph->waiting, graph->n_waiting, graph->cap_waiting, vertex);
}

static int shrink_at(struct shrinking *graph, uint32_t vertex)
{
	struct neighbours *list = &graph->of[vertex];
	int code = ERR_OK;

	graph->rank[vertex] = graph->n_ranked++;
	for (size_t i = 0; i < list->n; i++)
		part(graph, list->items[i], vertex);
	if (list->n == 2) {
		code = join(graph, list->items[0], list->items[1]);
		code = code ? code : join(graph, list->items[1], list->items[0]);
	}
	for (size_t i = 0; i < list->n && !code; i++)
		code = wait(graph, list->items[i]);
	return code;
}

/* Dead ends and bends go first: they cost nothing (at most one new edge for two old ones) and halve what METIS must
 * cut. */
static int shrink(struct shrinking *graph)
{
	int code = ERR_OK;

	for (uint32_t v = graph->n; v-- > 0 && !code;)
		code = wait(graph, v);
	while (graph->n_waiting > 0 && !code) {
		uint32_t v = graph->waiting[--graph->n_waiting];

		if (graph->rank[v] == NONE && graph->of[v].n <= 2)
			code = shrink_at(graph, v);
	}
	return code;
}

static int shrinking_open(struct shrinking *graph, const struct cch_edges *edges)
{
	*graph = (struct shrinking){.n = edges->n_vertices};
	graph->of = calloc((size_t)graph->n + 1, sizeof *graph->of);
	graph->rank = malloc(((size_t)graph->n + 1) * sizeof *graph->rank);
	if (!graph->of || !graph->rank)
		return ERR_MEMORY;
	memset(graph->rank, 0xff, graph->n * sizeof *graph->rank);
	for (uint32_t e = 0; e < edges->n; e++) {
		uint32_t tail = edges->edge[e].tail, head = edges->edge[e].head;

		if (tail != head && (join(graph, tail, head) || join(graph, head, tail)))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

static void shrinking_close(struct shrinking *graph)
{
	for (uint32_t v = 0; graph->of && v < graph->n; v++)
		free(graph->of[v].items);
	free(graph->of);
	free(graph->rank);
	free(graph->waiting);
}

/* --- the rest by nested dissection -------------------------------------------------------------------------------- */

/* Vertices of one street (with turns: its two directions) are cut as one piece. */
struct rest {
	idx_t n, *first, *list, *weight, *permutation, *inverse;
	uint32_t *piece; /* [n of the graph] */
};

static int index_order(const void *left, const void *right)
{
	idx_t a = *(const idx_t *)left, b = *(const idx_t *)right;

	return a < b ? -1 : a > b;
}

/* Numbers the pieces; returns how many neighbours their vertices have. */
static size_t pieces_find(struct rest *rest, const struct shrinking *graph, const uint32_t *street)
{
	size_t n_list = 0;

	memset(rest->piece, 0xff, graph->n * sizeof *rest->piece);
	for (uint32_t v = 0; v < graph->n; v++) {
		if (graph->rank[v] != NONE)
			continue;
		if (rest->piece[street[v]] == NONE) /* of whichever vertex of the street comes first */
			rest->piece[street[v]] = (uint32_t)rest->n++;
		rest->piece[v] = rest->piece[street[v]];
		n_list += graph->of[v].n;
	}
	return n_list;
}

/* Neighbouring pieces of each piece, ascending, each once. */
static void pieces_join(struct rest *rest, const struct shrinking *graph)
{
	idx_t n = rest->n, end = 0, *at = rest->permutation; /* METIS writes it later */

	memset(rest->first, 0, ((size_t)n + 1) * sizeof *rest->first);
	for (uint32_t v = 0; v < graph->n; v++)
		if (graph->rank[v] == NONE) {
			rest->weight[rest->piece[v]]++;
			rest->first[rest->piece[v] + 1] += (idx_t)graph->of[v].n;
		}
	for (idx_t p = 0; p < n; p++) {
		rest->first[p + 1] += rest->first[p];
		at[p] = rest->first[p];
	}
	for (uint32_t v = 0; v < graph->n; v++)
		for (size_t j = 0; graph->rank[v] == NONE && j < graph->of[v].n; j++)
			rest->list[at[rest->piece[v]]++] = (idx_t)rest->piece[graph->of[v].items[j]];
	for (idx_t p = 0; p < n; p++) {
		idx_t *list = rest->list + rest->first[p], n_list = rest->first[p + 1] - rest->first[p];

		qsort(list, (size_t)n_list, sizeof *list, index_order);
		rest->first[p] = end;
		for (idx_t i = 0; i < n_list; i++)
			if (list[i] != p && (end == rest->first[p] || rest->list[end - 1] != list[i]))
				rest->list[end++] = list[i];
	}
	rest->first[n] = end;
}

static int rest_open(struct rest *rest, const struct shrinking *graph, const uint32_t *street)
{
	size_t n = graph->n, n_list;

	*rest = (struct rest){.piece = malloc((n + 1) * sizeof *rest->piece)};
	if (!rest->piece)
		return ERR_MEMORY;
	n_list = pieces_find(rest, graph, street);
	n = (size_t)rest->n;
	rest->first = malloc((n + 1) * sizeof *rest->first);
	rest->list = malloc((n_list + 1) * sizeof *rest->list);
	rest->weight = calloc(n + 1, sizeof *rest->weight);
	rest->permutation = malloc((n + 1) * sizeof *rest->permutation);
	rest->inverse = malloc((n + 1) * sizeof *rest->inverse);
	if (!rest->first || !rest->list || !rest->weight || !rest->permutation || !rest->inverse)
		return ERR_MEMORY;
	pieces_join(rest, graph);
	return ERR_OK;
}

static void rest_close(struct rest *rest)
{
	free(rest->piece);
	free(rest->first);
	free(rest->list);
	free(rest->weight);
	free(rest->permutation);
	free(rest->inverse);
}

/* Ranks of the vertices by those of their pieces. */
static void rest_rank(struct rest *rest, struct shrinking *graph)
{
	idx_t *next = rest->first, sum = (idx_t)graph->n_ranked; /* what METIS read is done with */

	for (idx_t i = 0; i < rest->n; i++) {
		next[i] = sum;
		sum += rest->weight[rest->permutation[i]];
	}
	for (uint32_t v = 0; v < graph->n; v++)
		if (graph->rank[v] == NONE)
			graph->rank[v] = (uint32_t)next[rest->inverse[rest->piece[v]]]++;
}

static int dissect(struct shrinking *graph, const uint32_t *street)
{
	struct rest rest;
	int code = rest_open(&rest, graph, street);

	if (!code && rest.n > 0) {
		idx_t options[METIS_NOPTIONS];

		METIS_SetDefaultOptions(options);
		options[METIS_OPTION_SEED] = 1;
		options[METIS_OPTION_COMPRESS] = 0;
		if (METIS_NodeND(&rest.n, rest.first, rest.list, rest.weight, options, rest.permutation,
				 rest.inverse) != METIS_OK)
			code = ERR_MEMORY;
		if (!code)
			rest_rank(&rest, graph);
	}
	rest_close(&rest);
	return code;
}

/* --- the chordal supergraph --------------------------------------------------------------------------------------- */

struct chordal {
	uint32_t n;
	uint32_t *first, *parent; /* first: [n + 1] */
	uint32_t *heads;
	size_t n_heads, cap_heads;
};

static int rank_order(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

static void sort_ranks(uint32_t *ranks, size_t n)
{
	if (n > 24) {
		qsort(ranks, n, sizeof *ranks, rank_order);
		return;
	}
	for (size_t i = 1; i < n; i++) {
		uint32_t rank = ranks[i];
		size_t j = i;

		for (; j > 0 && ranks[j - 1] > rank; j--)
			ranks[j] = ranks[j - 1];
		ranks[j] = rank;
	}
}

/* Neighbours above x that are not on the list yet (mark tells). */
static int gather(struct chordal *chordal, uint32_t *mark, uint32_t x, const uint32_t *ranks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ranks[i] <= x || mark[ranks[i]] == x)
			continue;
		mark[ranks[i]] = x;
		if (array_push(chordal->heads, chordal->n_heads, chordal->cap_heads, ranks[i]))
			return ERR_MEMORY;
	}
	return ERR_OK;
}

/* Neighbours above each rank: those of the graph and those of the children in the elimination tree. */
static int complete(struct chordal *chordal, const uint32_t *graph_first, const uint32_t *graph_list, uint32_t *scratch)
{
	uint32_t n = chordal->n, *mark = scratch, *child = scratch + n, *sibling = scratch + 2 * (size_t)n;

	memset(scratch, 0xff, 3 * (size_t)n * sizeof *scratch);
	for (uint32_t x = 0; x < n; x++) {
		size_t first = chordal->n_heads;
		int code = gather(chordal, mark, x, graph_list + graph_first[x], graph_first[x + 1] - graph_first[x]);

		chordal->first[x] = (uint32_t)first;
		for (uint32_t c = child[x]; c != NONE && !code; c = sibling[c]) {
			if (array_reserve(chordal->heads, chordal->n_heads + n - x, chordal->cap_heads))
				return ERR_MEMORY;
			code = gather(chordal, mark, x, chordal->heads + chordal->first[c],
				      chordal->first[c + 1] - chordal->first[c]);
		}
		if (code || chordal->n_heads >= NONE)
			return ERR_MEMORY;
		if (chordal->n_heads > first)
			sort_ranks(chordal->heads + first, chordal->n_heads - first);
		chordal->first[x + 1] = (uint32_t)chordal->n_heads;
		chordal->parent[x] = chordal->n_heads > first ? chordal->heads[first] : NONE;
		if (chordal->parent[x] == NONE)
			continue;
		sibling[x] = child[chordal->parent[x]];
		child[chordal->parent[x]] = x;
	}
	return ERR_OK;
}

/* Numbers of a depth-first walk of the elimination tree, children before parents: the same graph results, and what a
 * query touches lies close together. The child with the most neighbours comes last, next to its parent. */
static void walk(const struct chordal *chordal, uint32_t *scratch, uint32_t *ret_rank)
{
	uint32_t n = chordal->n, *child = scratch, *sibling = scratch + n, *heaviest = scratch + 2 * (size_t)n,
		 next = n;
	uint32_t root = NONE;

#define N_UP(x) (chordal->first[(x) + 1] - chordal->first[x])
	memset(scratch, 0xff, 3 * (size_t)n * sizeof *scratch);
	for (uint32_t x = n; x-- > 0;) { /* siblings ascend */
		uint32_t p = chordal->parent[x], *head = p == NONE ? &root : &child[p];

		sibling[x] = *head;
		*head = x;
		if (p != NONE && (heaviest[p] == NONE || N_UP(x) > N_UP(heaviest[p])))
			heaviest[p] = x;
	}
	/* from the root down, numbers fall: the heaviest child first, then its siblings */
	for (uint32_t r = root; r != NONE; r = sibling[r]) {
		uint32_t x = r;

		ret_rank[x] = --next;
		for (;;) {
			uint32_t down = heaviest[x] != NONE ? heaviest[x] : child[x];

			if (down == NONE) { /* done below: back to a vertex with a child left */
				if (x == r)
					break;
				x = chordal->parent[x];
				continue;
			}
			if (heaviest[x] != NONE) { /* takes it out of the siblings */
				uint32_t *at = &child[x];

				while (*at != down)
					at = &sibling[*at];
				*at = sibling[down];
				heaviest[x] = NONE;
			} else {
				child[x] = sibling[down];
			}
			x = down;
			ret_rank[x] = --next;
		}
	}
#undef N_UP
	assert(next == 0);
}

static void renumber(struct build *build, struct network *network, const struct chordal *chordal, const uint32_t *rank,
		     const uint32_t *walked)
{
	uint32_t n = chordal->n;
	uint32_t *order = build_alloc(build, (size_t)n + 1, sizeof *order),
		 *first = build_alloc(build, (size_t)n + 1, sizeof *first);
	uint32_t *head = build_alloc(build, chordal->n_heads + 1, sizeof *head);

	if (!order || !first || !head)
		return;
	for (uint32_t v = 0; v < n; v++)
		order[v] = walked[rank[v]];
	for (uint32_t x = 0; x < n; x++)
		first[walked[x] + 1] = chordal->first[x + 1] - chordal->first[x];
	for (uint32_t x = 0; x < n; x++)
		first[x + 1] += first[x];
	for (uint32_t x = 0; x < n; x++) {
		uint32_t count = chordal->first[x + 1] - chordal->first[x], *to = head + first[walked[x]];

		for (uint32_t i = 0; i < count; i++) /* ancestors: their order stays */
			to[i] = walked[chordal->heads[chordal->first[x] + i]];
	}
	network->n_order = n;
	network->n_up = (uint32_t)chordal->n_heads;
	network->order = order;
	network->up_first = first;
	network->up_head = head;
}

/* The graph by rank, both directions. */
static void by_rank(const struct cch_edges *edges, const uint32_t *rank, uint32_t *ret_first, uint32_t *ret_list)
{
	uint32_t n = edges->n_vertices;

	memset(ret_first, 0, ((size_t)n + 1) * sizeof *ret_first);
	for (uint32_t e = 0; e < edges->n; e++) {
		ret_first[rank[edges->edge[e].tail]]++;
		ret_first[rank[edges->edge[e].head]]++;
	}
	for (uint32_t x = 0, sum = 0; x <= n; x++) {
		uint32_t count = x < n ? ret_first[x] : 0;

		ret_first[x] = sum;
		sum += count;
	}
	for (uint32_t e = 0; e < edges->n; e++) {
		uint32_t tail = rank[edges->edge[e].tail], head = rank[edges->edge[e].head];

		ret_list[ret_first[tail]++] = head;
		ret_list[ret_first[head]++] = tail;
	}
	for (uint32_t x = n; x > 0; x--)
		ret_first[x] = ret_first[x - 1];
	ret_first[0] = 0;
}

static int supergraph(struct build *build, struct network *network, const struct cch_edges *edges, const uint32_t *rank)
{
	size_t n = edges->n_vertices;
	uint32_t *first = malloc((n + 1) * sizeof *first), *list = malloc(((size_t)edges->n * 2 + 1) * sizeof *list);
	uint32_t *scratch = malloc((3 * n + 1) * sizeof *scratch), *walked = malloc((n + 1) * sizeof *walked);
	struct chordal chordal = {.n = (uint32_t)n};
	int code = ERR_MEMORY;

	chordal.first = calloc(n + 1, sizeof *chordal.first);
	chordal.parent = malloc((n + 1) * sizeof *chordal.parent);
	if (first && list && scratch && walked && chordal.first && chordal.parent) {
		by_rank(edges, rank, first, list);
		code = complete(&chordal, first, list, scratch);
		if (!code) {
			walk(&chordal, scratch, walked);
			renumber(build, network, &chordal, rank, walked);
			code = network->n_order == n && network->order ? ERR_OK : ERR_MEMORY;
		}
	}
	free(first);
	free(list);
	free(scratch);
	free(walked);
	free(chordal.first);
	free(chordal.parent);
	free(chordal.heads);
	return code;
}

static int order_edges(struct build *build, struct network *network, const struct cch_edges *edges,
		       const uint32_t *street)
{
	struct shrinking graph;
	int code = shrinking_open(&graph, edges);

	if (!code)
		code = shrink(&graph);
	if (!code)
		code = dissect(&graph, street);
	if (!code)
		code = supergraph(build, network, edges, graph.rank);
	shrinking_close(&graph);
	return code;
}

/* With turns there are two ways to cut, and which makes fewer arcs depends on the town: the better one stays. */
static int order_best(struct build *build, struct network *network, const struct cch_edges *edges, uint32_t *street)
{
	struct network other = *network;
	int code = order_edges(build, network, edges, street), is_same = 1;

	for (uint32_t v = 0; v < edges->n_vertices; v++) {
		is_same &= street[v] == v;
		street[v] = v;
	}
	if (code || is_same)
		return code;
	code = order_edges(build, &other, edges, street);
	if (!code && other.n_up < network->n_up)
		*network = other;
	return code;
}

static int order_graph(struct build *build, struct network *network, const struct route_graph *graph)
{
	struct arena arena = {0};
	struct cch_edges edges;
	uint32_t *street = NULL;
	int code = arena_open(&arena, cch_edges_size(graph));

	if (!code)
		code = cch_edges_open(&edges, graph, &arena);
	if (!code && edges.n_vertices > 0) {
		street = malloc(edges.n_vertices * sizeof *street);
		code = street ? ERR_OK : ERR_MEMORY;
	}
	if (!code && street) {
		cch_edges_streets(graph, street);
		code = order_best(build, network, &edges, street);
	}
	free(street);
	arena_close(&arena);
	return code;
}

int order_build(struct build *build, struct network *network)
{
	struct arena arena = {0};
	struct route_graph *graph;
	int code;

	network->n_order = network->n_up = network->up_work = network->up_depth = 0;
	code = arena_open(&arena, route_graph_size(network));
	if (!code)
		code = route_graph_open(&graph, network, &arena);
	if (!code)
		code = order_graph(build, network, graph);
	arena_close(&arena);
	if (code || network->n_order == 0)
		return code;
	network->up_work = network->up_depth = NONE;
	code = arena_open(&arena, route_graph_size(network));
	if (!code)
		code = route_graph_open(&graph, network, &arena);
	if (!code)
		cch_edges_room(graph, &network->up_work, &network->up_depth);
	arena_close(&arena);
	return code;
}
