/* Ruin, one of three ways by chance: strings of stops around a seed are taken out of the routes that pass there (SISR,
 * section 5.2), in half of the cases with some stops in the middle of the string kept (split string); requests that are
 * like a seed in place, time and load (Shaw, CP 1998; Ropke, Pisinger, Transportation Science 40 (2006), section 3.1);
 * requests by chance. */
#include <string.h>

#include "improve_inner.h"

#define REMOVED_MEAN 10 /* stops */
#define STRING_MAX 10
#define SPLIT_PERMILLE 500
#define SPLIT_MORE_PERMILLE 990 /* one more kept stop, again and again: stops with 1 % */
#define SHAW_PERMILLE 40
#define CHANCE_PERMILLE 20
#define REQUESTS_MOST 15 /* of the last two */
#define NEXT_POWER 6	 /* the alike come first: share u^6 of the list is jumped over */
#define LIKE_PLACE 9
#define LIKE_TIME 3
#define LIKE_LOAD 2

/* ---- strings ---- */

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

static void ruin_strings(struct improve *s, uint32_t used)
{
	const struct plan *plan = &s->next;
	const uint32_t served = 2 * (s->problem->n_requests - plan->n_absent);
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

/* ---- requests ---- */

static uint32_t list_served(struct improve *s)
{
	uint32_t n = 0;
	for (uint32_t r = 0; r < s->problem->n_requests; r++)
		if (s->next.route[r] != NONE)
			s->order[n++] = r;
	return n;
}

static int64_t apart(int32_t a, int32_t b)
{
	return a > b ? (int64_t)a - b : (int64_t)b - a;
}

/* How unlike two requests are; `when`: begin of service in the plan, by node. In 65536ths of the largest there are. */
static int32_t unlike(const struct improve *s, const int32_t *when, uint32_t a, uint32_t b)
{
	const struct improve_problem *p = s->problem;
	int64_t place = price(p, p->pickup[a], p->pickup[b]) + price(p, p->dropoff[a], p->dropoff[b]);
	int64_t time = apart(when[p->pickup[a]], when[p->pickup[b]]) + apart(when[p->dropoff[a]], when[p->dropoff[b]]);
	int64_t load = apart(p->load[(size_t)a * p->n_dims], p->load[(size_t)b * p->n_dims]);
	return (int32_t)(LIKE_PLACE * (place << 16) / s->far + LIKE_TIME * (time << 16) / s->horizon +
			 LIKE_LOAD * (load << 16) / s->heaviest);
}

/* Share u^6 of n, u uniform in 0 .. 1. */
static uint32_t mostly_low(struct rng *rng, uint32_t n)
{
	uint64_t u = rng_below(rng, 65536), share = u;
	for (int i = 1; i < NEXT_POWER; i++)
		share = share * u >> 16;
	return (uint32_t)(share * n >> 16);
}

static void ruin_alike(struct improve *s, uint32_t n, uint32_t removed)
{
	const uint32_t seed = s->order[rng_below(&s->rng, n)];
	int32_t *when = (int32_t *)s->place; /* every stop of a route is timed before it is read */
	for (uint32_t v = 0; v < s->next.n_routes; v++) {
		route_measure(s, v);
		for (uint32_t k = 0; k < s->next.length[v]; k++)
			when[route_nodes(s, &s->next, v)[k]] = s->soon[(size_t)v * s->width + k];
	}
	for (uint32_t i = 0; i < n; i++)
		s->key[s->order[i]] = unlike(s, when, seed, s->order[i]);
	sort_by_key(s->order, n, s->key);
	for (uint32_t i = 0; i < removed; i++, n--) {
		uint32_t at = i ? mostly_low(&s->rng, n) : 0, request = s->order[at];
		memmove(s->order + at, s->order + at + 1, (n - at - 1) * sizeof *s->order);
		route_take_out(s, request);
	}
}

static void ruin_by_chance(struct improve *s, uint32_t n, uint32_t removed)
{
	for (; removed > 0; removed--) {
		uint32_t at = rng_below(&s->rng, n), request = s->order[at];
		s->order[at] = s->order[--n];
		route_take_out(s, request);
	}
}

void ruin(struct improve *s)
{
	const uint32_t used = plan_vehicles(&s->next), way = rng_below(&s->rng, 1000);
	memset(s->is_ruined, 0, s->problem->n_vehicles);
	if (!used)
		return;
	if (way >= SHAW_PERMILLE + CHANCE_PERMILLE) {
		ruin_strings(s, used);
		return;
	}
	uint32_t n = list_served(s), most = n < REQUESTS_MOST ? n : REQUESTS_MOST;
	(way < SHAW_PERMILLE ? ruin_alike : ruin_by_chance)(s, n, 1 + rng_below(&s->rng, most));
}
