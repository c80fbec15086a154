/* Ruin: strings of stops around a seed are taken out of the routes that pass there (SISR, section 5.2), in half of the
 * cases with some stops in the middle of the string kept (split string). */
#include <string.h>

#include "improve_inner.h"

#define REMOVED_MEAN 10 /* stops */
#define STRING_MAX 10
#define SPLIT_PERMILLE 500
#define SPLIT_MORE_PERMILLE 990 /* one more kept stop, again and again: stops with 1 % */

void route_take_out(struct improve *s, uint32_t request)
{
	const struct improve_problem *p = s->problem;
	struct plan *plan = &s->next;
	uint32_t vehicle = plan->route[request], *node = route_nodes(s, plan, vehicle), n = 0;
	for (uint32_t k = 0; k < plan->length[vehicle]; k++)
		if (node[k] != p->pickup[request] && node[k] != p->dropoff[request])
			node[n++] = node[k];
	plan->length[vehicle] = n;
	plan->route[request] = NONE;
	plan->absent[plan->n_absent++] = request;
	s->is_ruined[vehicle] = 1;
}

static uint32_t position(const struct improve *s, uint32_t vehicle, uint32_t node)
{
	const uint32_t *nodes = route_nodes(s, &s->next, vehicle);
	uint32_t k = 1;
	while (nodes[k] != node)
		k++;
	return k;
}

/* A string of `length` stops that holds the seed's; with `kept` more in its middle that stay. */
static void take_string(struct improve *s, uint32_t vehicle, uint32_t seed, uint32_t length, uint32_t kept)
{
	const uint32_t stops = s->next.length[vehicle] - 2, span = length + kept;
	const uint32_t at = position(s, vehicle, seed) - 1; /* among the stops */
	const uint32_t low = at + 1 > span ? at + 1 - span : 0, high = at + span > stops ? stops - span : at;
	const uint32_t first = low + rng_below(&s->rng, high - low + 1);
	const uint32_t hole = kept ? rng_below(&s->rng, length + 1) : length;
	const uint32_t *nodes = route_nodes(s, &s->next, vehicle);
	uint32_t n = 0;
	for (uint32_t i = 0; i < span; i++)
		if (i < hole || i >= hole + kept)
			s->order[n++] = s->request_of[nodes[1 + first + i]];
	for (uint32_t i = 0; i < n; i++)
		if (s->next.route[s->order[i]] != NONE) /* the string may hold both of its stops */
			route_take_out(s, s->order[i]);
}

static void ruin_route(struct improve *s, uint32_t vehicle, uint32_t seed, uint32_t length_max)
{
	uint32_t stops = s->next.length[vehicle] - 2;
	uint32_t most = stops < length_max ? stops : length_max, length = 1 + rng_below(&s->rng, most), kept = 0;
	if (length > 1 && length < stops && rng_chance(&s->rng, SPLIT_PERMILLE)) {
		kept = 1;
		while (length + kept < stops && !rng_chance(&s->rng, SPLIT_MORE_PERMILLE))
			kept++;
	}
	take_string(s, vehicle, seed, length, kept);
}

void ruin(struct improve *s)
{
	const struct improve_problem *p = s->problem;
	struct plan *plan = &s->next;
	const uint32_t used = plan_vehicles(plan), served = 2 * (p->n_requests - plan->n_absent);
	memset(s->is_ruined, 0, p->n_vehicles);
	if (!used)
		return;
	uint32_t mean = served / used > 0 ? served / used : 1, length_max = mean < STRING_MAX ? mean : STRING_MAX;
	uint32_t strings_max = 4 * REMOVED_MEAN / (1 + length_max);
	uint32_t strings = 1 + rng_below(&s->rng, strings_max ? strings_max : 1);
	uint32_t seed = s->near[rng_below(&s->rng, s->n_near)];
	const uint32_t *near = s->near + (size_t)seed * s->n_near;
	for (uint32_t i = 0, ruined = 0; i < s->n_near && ruined < strings; i++) {
		uint32_t vehicle = plan->route[s->request_of[near[i]]];
		if (vehicle == NONE || s->is_ruined[vehicle])
			continue;
		ruin_route(s, vehicle, near[i], length_max);
		ruined++;
	}
}
