/* Main strongly connected part per class: Tarjan (1972) over arcs, iterative. An arc leads on to those that leave its
 * head and are not forbidden after it. Longer forbidden sequences are left out: they rarely cut anything off. */
#include "turns.h"
#include <stdlib.h>
#include <string.h>

struct search {
	const struct network *network;
	uint32_t class_index;
	uint32_t *pairs;		   /* turn rows that forbid a pair for the class, by first arc: [n_pairs] */
	uint32_t *pair_first;		   /* [n_arcs + 1] */
	uint32_t *order, *low, *part;	   /* [n_arcs]; NONE = not yet */
	uint32_t *stack, *path, *position; /* [n_arcs] */
	uint32_t n_stack, n_path, n_order, n_parts;
	uint64_t *part_mm; /* [n_arcs] length of each part */
};

static int is_open(const struct search *search, uint32_t arc)
{
	return search->network->time_ms[(size_t)search->class_index * search->network->n_arcs + arc] != TIME_INFINITE;
}

static int is_forbidden(const struct search *search, uint32_t from, uint32_t to)
{
	for (uint32_t i = search->pair_first[from]; i < search->pair_first[from + 1]; i++)
		if (search->network->turn_arcs[search->network->turn_first[search->pairs[i]] + 1] == to)
			return 1;
	return 0;
}

static int counts_for(const struct search *search, uint32_t turn)
{
	const struct network *network = search->network;

	return network->turn_cost_ms[turn] == -1 && network->turn_first[turn + 1] - network->turn_first[turn] == 2 &&
	       (network->turn_mask[turn] >> search->class_index & 1);
}

/* Counting sort of the forbidding pairs by their first arc. */
static void index_pairs(struct search *search)
{
	const struct network *network = search->network;
	uint32_t *first = search->pair_first;

	memset(first, 0, ((size_t)network->n_arcs + 1) * sizeof *first);
	for (uint32_t t = 0; t < network->n_turns; t++)
		if (counts_for(search, t))
			first[network->turn_arcs[network->turn_first[t]] + 1]++;
	for (uint32_t a = 0; a < network->n_arcs; a++)
		first[a + 1] += first[a];
	for (uint32_t t = 0; t < network->n_turns; t++)
		if (counts_for(search, t))
			search->pairs[first[network->turn_arcs[network->turn_first[t]]]++] = t;
	for (uint32_t a = network->n_arcs; a > 0; a--)
		first[a] = first[a - 1];
	first[0] = 0;
}

static void enter(struct search *search, uint32_t arc)
{
	search->order[arc] = search->low[arc] = search->n_order++;
	search->stack[search->n_stack++] = arc;
	search->position[search->n_path] = search->network->first_out[search->network->head[arc]];
	search->path[search->n_path++] = arc;
}

/* Everything above arc on the stack is one part. */
static void close_part(struct search *search, uint32_t arc)
{
	uint32_t member;

	search->part_mm[search->n_parts] = 0;
	do {
		member = search->stack[--search->n_stack];
		search->part[member] = search->n_parts;
		search->part_mm[search->n_parts] += search->network->dist_mm[member];
	} while (member != arc);
	search->n_parts++;
}

static void leave(struct search *search)
{
	uint32_t arc = search->path[--search->n_path];

	if (search->low[arc] == search->order[arc])
		close_part(search, arc);
	if (search->n_path > 0) {
		uint32_t parent = search->path[search->n_path - 1];

		if (search->low[arc] < search->low[parent])
			search->low[parent] = search->low[arc];
	}
}

static void step(struct search *search)
{
	const struct network *network = search->network;
	uint32_t arc = search->path[search->n_path - 1], *position = &search->position[search->n_path - 1], next;

	if (*position == network->first_out[network->head[arc] + 1]) {
		leave(search);
		return;
	}
	next = network->out_arc[(*position)++];
	if (!is_open(search, next) || is_forbidden(search, arc, next))
		return;
	if (search->order[next] == NONE)
		enter(search, next);
	else if (search->part[next] == NONE && search->order[next] < search->low[arc])
		search->low[arc] = search->order[next];
}

static void find_parts(struct search *search)
{
	uint32_t n = search->network->n_arcs;

	memset(search->order, 0xff, n * sizeof *search->order);
	memset(search->part, 0xff, n * sizeof *search->part);
	search->n_stack = search->n_path = search->n_order = search->n_parts = 0;
	for (uint32_t a = 0; a < n; a++) {
		if (search->order[a] != NONE || !is_open(search, a))
			continue;
		enter(search, a);
		while (search->n_path > 0)
			step(search);
	}
}

/* The longest part; of equals the first found. */
static uint32_t main_part(const struct search *search)
{
	uint32_t best = NONE;

	for (uint32_t p = 0; p < search->n_parts; p++)
		if (best == NONE || search->part_mm[p] > search->part_mm[best])
			best = p;
	return best;
}

static void mark_class(const struct search *search, uint8_t *mask, struct report *report, const char *label,
		       const char *class_name)
{
	uint32_t best = main_part(search), n_out = 0;
	uint64_t out_mm = 0;

	for (uint32_t a = 0; a < search->network->n_arcs; a++) {
		if (search->part[a] == NONE)
			continue;
		if (search->part[a] == best) {
			mask[a] |= (uint8_t)(1u << search->class_index);
		} else {
			n_out++;
			out_mm += search->network->dist_mm[a];
		}
	}
	if (n_out > 0)
		report_add(report, "arcs outside the main part of a class: never chosen as a place",
			   "%s %s: %u arcs, %.1f km", label, class_name, n_out, (double)out_mm / 1e6);
}

static int open_search(struct search *search, const struct network *network)
{
	size_t n = (size_t)network->n_arcs + 1;

	*search = (struct search){.network = network};
	search->pairs = malloc(((size_t)network->n_turns + 1) * sizeof *search->pairs);
	search->pair_first = malloc(n * sizeof *search->pair_first);
	search->order = malloc(n * sizeof *search->order);
	search->low = malloc(n * sizeof *search->low);
	search->part = malloc(n * sizeof *search->part);
	search->stack = malloc(n * sizeof *search->stack);
	search->path = malloc(n * sizeof *search->path);
	search->position = malloc(n * sizeof *search->position);
	search->part_mm = malloc(n * sizeof *search->part_mm);
	return search->pairs && search->pair_first && search->order && search->low && search->part && search->stack &&
			       search->path && search->position && search->part_mm
		       ? ERR_OK
		       : ERR_MEMORY;
}

static void close_search(struct search *search)
{
	free(search->pairs);
	free(search->pair_first);
	free(search->order);
	free(search->low);
	free(search->part);
	free(search->stack);
	free(search->path);
	free(search->position);
	free(search->part_mm);
}

int components_build(struct build *build, struct network *network, const char *const *class_names, const char *label)
{
	uint8_t *mask = build_alloc(build, network->n_arcs, sizeof *mask);
	struct search search;
	int code = open_search(&search, network);

	if (!mask)
		code = ERR_MEMORY;
	for (uint32_t c = 0; c < network->n_classes && !code; c++) {
		search.class_index = c;
		index_pairs(&search);
		find_parts(&search);
		mark_class(&search, mask, &build->report, label, class_names[c]);
	}
	close_search(&search);
	network->main_mask = mask;
	return code;
}
