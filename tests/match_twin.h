/* The obvious matcher: every vehicle, every pair of positions, times of plain Dijkstra searches, each schedule built
 * from scratch. It shares the weights with dispatcher/match and nothing else. For tests and for `bench match --twin`.
 */
#ifndef ZUB_MATCH_TWIN_H
#define ZUB_MATCH_TWIN_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "match_fleet.h"
#include "network.h"

#define TWIN_STOPS 256
#define TWIN_RIDERS 512
#define TWIN_FAR INT64_C(0x3fffffff)

struct twin_stop {
	uint32_t arc;
	int64_t arrival, departure;
	int64_t ready; /* somebody is walking there until then */
};

struct twin_rider {
	int64_t time, departure_most, arrival_most;
	uint32_t pickup, dropoff; /* arcs */
	int is_aboard;		  /* was picked up at a stop that is no more, or at the current one */
	uint32_t pickup_at, dropoff_at;
};

struct twin_vehicle {
	uint32_t seats, n_stops, n_riders;
	int64_t end;
	struct twin_stop *stop;
	struct twin_rider *rider;
	uint32_t *path; /* arcs from stop 0 to stop 1, the latter's own included; n_path 0: not yet asked */
	uint32_t n_path;
};

struct twin_tree {
	uint32_t *far, *via; /* [n_nodes] */
	uint64_t *mm;	     /* [n_nodes] of equally fast ways the least distance */
};

struct matcher_twin {
	const struct network *network;
	const uint32_t *time; /* [n_arcs] */
	struct match_rules rules;
	uint32_t n_vehicles, n_wheel;
	struct twin_vehicle *vehicle;
	struct twin_tree to_pickup, from_pickup, to_dropoff, from_dropoff, leg;
	uint32_t *first_in, *in_arc;
	uint32_t *wheel, *next;	    /* Dial's buckets */
	int64_t walk_to, walk_from; /* of the request at hand */
};

static inline void *twin_alloc(size_t n, size_t size)
{
	void *memory = calloc(n + 1, size);
	assert(memory);
	return memory;
}

static inline void twin_arcs_in(struct matcher_twin *twin)
{
	const struct network *network = twin->network;
	twin->first_in = twin_alloc((size_t)network->n_nodes + 1, sizeof *twin->first_in);
	twin->in_arc = twin_alloc(network->n_arcs, sizeof *twin->in_arc);
	for (uint32_t a = 0; a < network->n_arcs; a++)
		twin->first_in[network->head[a] + 1]++;
	for (uint32_t v = 0; v < network->n_nodes; v++)
		twin->first_in[v + 1] += twin->first_in[v];
	uint32_t *at = twin_alloc(network->n_nodes, sizeof *at);
	memcpy(at, twin->first_in, network->n_nodes * sizeof *at);
	for (uint32_t a = 0; a < network->n_arcs; a++)
		twin->in_arc[at[network->head[a]]++] = a;
	free(at);
}

static inline void twin_open(struct matcher_twin *twin, const struct network *network, const uint32_t *time,
			     const struct match_rules *rules, uint32_t n_vehicles)
{
	*twin = (struct matcher_twin){.network = network, .time = time, .rules = *rules, .n_vehicles = n_vehicles};
	struct twin_tree *trees[] = {&twin->to_pickup, &twin->from_pickup, &twin->to_dropoff, &twin->from_dropoff,
				     &twin->leg};
	for (size_t i = 0; i < COUNT_OF(trees); i++) {
		trees[i]->far = twin_alloc(network->n_nodes, sizeof *trees[i]->far);
		trees[i]->via = twin_alloc(network->n_nodes, sizeof *trees[i]->via);
		trees[i]->mm = twin_alloc(network->n_nodes, sizeof *trees[i]->mm);
	}
	twin->n_wheel = 1;
	for (uint32_t a = 0; a < network->n_arcs; a++)
		if (time[a] != TIME_INFINITE && time[a] >= twin->n_wheel)
			twin->n_wheel = time[a] + 1;
	twin->wheel = twin_alloc(twin->n_wheel, sizeof *twin->wheel);
	twin->next = twin_alloc((size_t)network->n_arcs + 1, sizeof *twin->next);
	twin->vehicle = twin_alloc(n_vehicles, sizeof *twin->vehicle);
	twin_arcs_in(twin);
}

static inline void twin_close(struct matcher_twin *twin)
{
	struct twin_tree *trees[] = {&twin->to_pickup, &twin->from_pickup, &twin->to_dropoff, &twin->from_dropoff,
				     &twin->leg};
	for (size_t i = 0; i < COUNT_OF(trees); i++) {
		free(trees[i]->far);
		free(trees[i]->via);
		free(trees[i]->mm);
	}
	for (uint32_t v = 0; v < twin->n_vehicles; v++) {
		free(twin->vehicle[v].stop);
		free(twin->vehicle[v].rider);
		free(twin->vehicle[v].path);
	}
	free(twin->vehicle);
	free(twin->wheel);
	free(twin->next);
	free(twin->first_in);
	free(twin->in_arc);
}

static inline void twin_vehicle(struct matcher_twin *twin, uint32_t v, uint32_t arc, uint32_t seats, int64_t start,
				int64_t end)
{
	struct twin_vehicle *vehicle = &twin->vehicle[v];
	*vehicle = (struct twin_vehicle){.seats = seats, .end = end, .n_stops = 1};
	vehicle->stop = twin_alloc(TWIN_STOPS, sizeof *vehicle->stop);
	vehicle->rider = twin_alloc(TWIN_RIDERS, sizeof *vehicle->rider);
	vehicle->stop[0] = (struct twin_stop){arc, start, start, 0};
}

/* --- searches: Dijkstra's, on a wheel of buckets (times are small whole numbers, none 0); an arc waits as its far node
 */

static inline void twin_push(struct matcher_twin *twin, struct twin_tree *tree, uint32_t node, int64_t far, uint64_t mm,
			     uint32_t via, uint32_t entry)
{
	if (far > tree->far[node] || (far == tree->far[node] && mm >= tree->mm[node]))
		return;
	tree->far[node] = (uint32_t)far;
	tree->mm[node] = mm;
	tree->via[node] = via;
	uint32_t *bucket = &twin->wheel[far % twin->n_wheel];
	twin->next[entry] = *bucket;
	*bucket = entry;
}

/* From a node forward, or backward to it. Entry of an arc: itself; of the start: n_arcs. `until` may be NONE. */
static inline void twin_search(struct matcher_twin *twin, struct twin_tree *tree, uint32_t start, int is_back,
			       uint32_t until)
{
	const struct network *network = twin->network;
	const uint32_t *ends = is_back ? network->tail : network->head;
	const uint32_t *first = is_back ? twin->first_in : network->first_out;
	const uint32_t *arcs = is_back ? twin->in_arc : network->out_arc;
	for (uint32_t v = 0; v < network->n_nodes; v++)
		tree->far[v] = (uint32_t)TWIN_FAR;
	for (uint32_t i = 0; i < twin->n_wheel; i++)
		twin->wheel[i] = NONE;
	twin_push(twin, tree, start, 0, 0, NONE, network->n_arcs);
	for (int64_t at = 0, last = 0; at <= last + (int64_t)twin->n_wheel; at++) {
		uint32_t *bucket = &twin->wheel[at % twin->n_wheel];
		while (*bucket != NONE) {
			uint32_t entry = *bucket, node = entry == network->n_arcs ? start : ends[entry];
			*bucket = twin->next[entry];
			if (tree->far[node] != at || tree->via[node] != (entry == network->n_arcs ? NONE : entry))
				continue;
			last = at;
			if (node == until)
				return;
			for (uint32_t k = first[node]; k < first[node + 1]; k++)
				if (twin->time[arcs[k]] != TIME_INFINITE)
					twin_push(twin, tree, ends[arcs[k]], at + twin->time[arcs[k]],
						  tree->mm[node] + network->dist_mm[arcs[k]], arcs[k], arcs[k]);
		}
	}
}

/* From the end of an arc to the end of another: `tree` is backward from the other's tail, or forward from the one's
 * head. */
static inline int64_t twin_to(const struct matcher_twin *twin, const struct twin_tree *tree, uint32_t from, uint32_t to)
{
	int64_t far = tree->far[twin->network->head[from]];
	return from == to ? 0 : far >= TWIN_FAR ? TWIN_FAR : far + twin->time[to];
}

static inline int64_t twin_from(const struct matcher_twin *twin, const struct twin_tree *tree, uint32_t from,
				uint32_t to)
{
	int64_t far = tree->far[twin->network->tail[to]];
	return from == to ? 0 : far >= TWIN_FAR ? TWIN_FAR : far + twin->time[to];
}

static inline void twin_path(struct matcher_twin *twin, struct twin_vehicle *vehicle)
{
	const struct network *network = twin->network;
	uint32_t from = network->head[vehicle->stop[0].arc], to = network->tail[vehicle->stop[1].arc], n = 1;
	if (vehicle->n_path)
		return;
	twin_search(twin, &twin->leg, from, 0, to);
	for (uint32_t node = to; node != from; node = network->tail[twin->leg.via[node]])
		n++;
	vehicle->path = realloc(vehicle->path, n * sizeof *vehicle->path);
	vehicle->n_path = n;
	vehicle->path[--n] = vehicle->stop[1].arc;
	for (uint32_t node = to; node != from; node = network->tail[twin->leg.via[node]])
		vehicle->path[--n] = twin->leg.via[node];
}

/* --- what a vehicle does by itself --- */

static inline void twin_reach(struct twin_vehicle *vehicle)
{
	uint32_t kept = 0;
	memmove(vehicle->stop, vehicle->stop + 1, --vehicle->n_stops * sizeof *vehicle->stop);
	for (uint32_t r = 0; r < vehicle->n_riders; r++) {
		struct twin_rider rider = vehicle->rider[r];
		if (--rider.dropoff_at == 0)
			continue;
		if (rider.is_aboard || --rider.pickup_at == 0)
			rider.is_aboard = 1;
		vehicle->rider[kept++] = rider;
	}
	vehicle->n_riders = kept;
	vehicle->n_path = 0;
}

static inline void twin_advance(struct matcher_twin *twin, int64_t now)
{
	for (uint32_t v = 0; v < twin->n_vehicles; v++)
		while (twin->vehicle[v].n_stops > 1 && twin->vehicle[v].stop[1].arrival < now)
			twin_reach(&twin->vehicle[v]);
}

/* Where a driving vehicle may turn off, and when it is there; at a stop: the stop and its departure. */
static inline struct twin_stop twin_current(struct matcher_twin *twin, struct twin_vehicle *vehicle, int64_t now)
{
	struct twin_stop at = vehicle->stop[0];
	if (vehicle->n_stops == 1)
		at.departure = at.departure > now ? at.departure : now;
	if (vehicle->n_stops == 1 || at.departure > now)
		return at;
	twin_path(twin, vehicle);
	if (vehicle->stop[1].arc == at.arc)
		return at;
	for (uint32_t k = 0; k < vehicle->n_path; k++) {
		at.arc = vehicle->path[k];
		at.departure += twin->time[at.arc];
		if (at.departure >= now)
			break;
	}
	at.arrival = at.departure;
	return at;
}

/* --- one try --- */

struct twin_try {
	uint32_t n, pickup_at, dropoff_at; /* places in the new plan */
	uint32_t old[TWIN_STOPS];	   /* place in the old plan; NONE = new */
	struct twin_stop stop[TWIN_STOPS];
	int64_t cost;
};

static inline int64_t twin_leg(const struct matcher_twin *twin, const struct twin_vehicle *vehicle,
			       const struct twin_try *try, uint32_t k)
{
	uint32_t from = try->stop[k].arc, to = try->stop[k + 1].arc, a = try->old[k], b = try->old[k + 1];
	if (k == try->pickup_at)
		return twin_from(twin, &twin->from_pickup, from, to);
	if (k == try->dropoff_at)
		return twin_from(twin, &twin->from_dropoff, from, to);
	if (k + 1 == try->pickup_at)
		return twin_to(twin, &twin->to_pickup, from, to);
	if (k + 1 == try->dropoff_at)
		return twin_to(twin, &twin->to_dropoff, from, to);
	assert(a != NONE && b == a + 1);
	return vehicle->stop[b].arrival - vehicle->stop[a].departure;
}

static inline void twin_put(struct twin_try *try, uint32_t arc, uint32_t old)
{
	assert(try->n < TWIN_STOPS);
	try->stop[try->n] = (struct twin_stop){.arc = arc};
	try->old[try->n++] = old;
}

/* The order of stops; 0 = this pair of positions means nothing. */
static inline int twin_order(const struct twin_vehicle *vehicle, const struct match_request *request, uint32_t i,
			     uint32_t j, int64_t now, struct twin_try *try)
{
	try->n = 0;
	for (uint32_t k = 0; k < vehicle->n_stops; k++) {
		const struct twin_stop *stop = &vehicle->stop[k];
		int is_there = stop->arc == request->from && (k > 0 || stop->departure > now);
		twin_put(try, stop->arc, k);
		try->stop[try->n - 1].ready = stop->ready;
		if (k == i && is_there)
			try->pickup_at = try->n - 1;
		if (k == i && !is_there) {
			try->pickup_at = try->n;
			twin_put(try, request->from, NONE);
		}
		if (k == j && j > i && stop->arc == request->to)
			try->dropoff_at = try->n - 1;
		else if (k == j) {
			try->dropoff_at = try->n;
			twin_put(try, request->to, NONE);
		}
	}
	return 1;
}

static inline uint32_t twin_place(const struct twin_try *try, uint32_t old)
{
	uint32_t k = 0;
	while (try->old[k] != old)
		k++;
	return k;
}

static inline int64_t twin_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Times from the start on; 0 = somebody's limit, or the end of service, is broken. */
static inline int twin_times(const struct matcher_twin *twin, const struct twin_vehicle *vehicle, struct twin_try *try)
{
	for (uint32_t k = 0; k + 1 < try->n; k++) {
		int64_t leg = twin_leg(twin, vehicle, try, k);
		if (leg >= TWIN_FAR)
			return 0;
		try->stop[k + 1].arrival = try->stop[k].departure + leg;
		try->stop[k + 1].departure =
			twin_later(try->stop[k + 1].arrival + twin->rules.stop, try->stop[k + 1].ready);
	}
	for (uint32_t r = 0; r < vehicle->n_riders; r++) {
		const struct twin_rider *rider = &vehicle->rider[r];
		if (try->stop[twin_place(try, rider->dropoff_at)].arrival > rider->arrival_most)
			return 0;
		if (!rider->is_aboard &&
		    try->stop[twin_place(try, rider->pickup_at)].arrival + twin->rules.stop > rider->departure_most)
			return 0;
	}
	return try->stop[try->n - 1].departure <= vehicle->end;
}

static inline int twin_seats(const struct twin_vehicle *vehicle, const struct twin_try *try)
{
	for (uint32_t k = try->pickup_at; k < try->dropoff_at; k++) {
		uint32_t aboard = 1;
		for (uint32_t r = 0; r < vehicle->n_riders; r++) {
			const struct twin_rider *rider = &vehicle->rider[r];
			uint32_t from = rider->is_aboard ? 0 : twin_place(try, rider->pickup_at);
			aboard += k >= from && k < twin_place(try, rider->dropoff_at);
		}
		if (aboard > vehicle->seats)
			return 0;
	}
	return 1;
}

static inline int64_t twin_over(int64_t value, int64_t most)
{
	return value > most ? value - most : 0;
}

static inline int64_t twin_cost(const struct matcher_twin *twin, const struct twin_vehicle *vehicle,
				const struct match_request *request, const struct twin_try *try, int64_t direct)
{
	const struct match_rules *rules = &twin->rules;
	int64_t now = request->time, end = vehicle->stop[vehicle->n_stops - 1].departure;
	int64_t trip = try->stop[try->dropoff_at].arrival + twin->walk_from - now;
	if (vehicle->n_stops == 1 && end < now)
		end = now;
	int64_t cost = try->stop[try->n - 1].departure - end + trip;
	cost += rules->late_weight * twin_over(trip, direct * rules->trip_permille / 1000 + rules->trip_extra);
	cost += twin_over(try->stop[try->pickup_at].departure, now + rules->wait_most);
	cost += rules->walk_weight * (twin->walk_to + twin->walk_from);
	for (uint32_t r = 0; r < vehicle->n_riders; r++) {
		uint32_t old = vehicle->rider[r].dropoff_at;
		cost += try->stop[twin_place(try, old)].arrival - vehicle->stop[old].arrival;
	}
	return cost;
}

/* 1 = feasible, with its cost. */
static inline int twin_run(struct matcher_twin *twin, uint32_t v, const struct match_request *request, uint32_t i,
			   uint32_t j, const struct twin_stop *current, int64_t direct, struct twin_try *try)
{
	const struct twin_vehicle *vehicle = &twin->vehicle[v];
	if (!twin_order(vehicle, request, i, j, request->time, try))
		return 0;
	try->stop[0] = vehicle->stop[0];
	if (vehicle->n_stops == 1 || (i == 0 && try->pickup_at > 0))
		try->stop[0] = *current;
	struct twin_stop *pickup = &try->stop[try->pickup_at];
	pickup->ready = twin_later(pickup->ready, request->time + twin->walk_to);
	if (try->pickup_at == 0)
		pickup->departure = twin_later(pickup->departure, pickup->ready);
	if (!twin_times(twin, vehicle, try) || !twin_seats(vehicle, try))
		return 0;
	try->cost = twin_cost(twin, vehicle, request, try, direct);
	return 1;
}

static inline void twin_search_pickup(struct matcher_twin *twin, uint32_t arc)
{
	twin_search(twin, &twin->to_pickup, twin->network->tail[arc], 1, NONE);
	twin_search(twin, &twin->from_pickup, twin->network->head[arc], 0, NONE);
}

static inline void twin_search_dropoff(struct matcher_twin *twin, uint32_t arc)
{
	twin_search(twin, &twin->to_dropoff, twin->network->tail[arc], 1, NONE);
	twin_search(twin, &twin->from_dropoff, twin->network->head[arc], 0, NONE);
}

static inline int64_t twin_searches(struct matcher_twin *twin, const struct match_request *request)
{
	twin_search_pickup(twin, request->from);
	twin_search_dropoff(twin, request->to);
	return twin_from(twin, &twin->from_pickup, request->from, request->to);
}

/* The best of all for one pair of places; vehicle NONE = none. A drop-off before the current stop's leg while driving
 * needs the place where the vehicle is, too: position 0 of both. */
static inline void twin_try_all(struct matcher_twin *twin, const struct match_request *request,
				const struct twin_stop *current, struct match_answer *best)
{
	static struct twin_try try;
	for (uint32_t v = 0; v < twin->n_vehicles; v++) {
		const struct twin_vehicle *vehicle = &twin->vehicle[v];
		for (uint32_t i = 0; i < vehicle->n_stops; i++)
			for (uint32_t j = i; j < vehicle->n_stops; j++)
				if (twin_run(twin, v, request, i, j, &current[v], best->direct, &try) &&
				    try.cost < best->cost) {
					best->vehicle = v;
					best->pickup_after = i;
					best->dropoff_after = j;
					best->cost = try.cost;
				}
	}
}

static inline struct twin_stop *twin_all_current(struct matcher_twin *twin, int64_t now)
{
	struct twin_stop *current = twin_alloc(twin->n_vehicles, sizeof *current);
	for (uint32_t v = 0; v < twin->n_vehicles; v++)
		current[v] = twin_current(twin, &twin->vehicle[v], now);
	return current;
}

static inline struct match_answer twin_find(struct matcher_twin *twin, const struct match_request *request)
{
	struct match_answer best = {.vehicle = NONE, .cost = INT64_MAX};
	struct twin_stop *current = twin_all_current(twin, request->time);
	twin->walk_to = twin->walk_from = 0;
	best.direct = (int32_t)twin_searches(twin, request);
	twin_try_all(twin, request, current, &best);
	free(current);
	return best;
}

/* Of all streets into all junctions within walking distance; nobody where there is no way from door to door. */
static inline struct match_answer twin_find_places(struct matcher_twin *twin, const struct match_request *request,
						   const struct match_walks *walks)
{
	struct match_answer best = {.vehicle = NONE, .cost = INT64_MAX};
	struct twin_stop *current = twin_all_current(twin, request->time);
	best.direct = (int32_t)twin_searches(twin, request);
	for (uint32_t b = 0; b < twin->network->n_arcs; b++)
		for (uint32_t q = 0; q < walks->n_dropoff && twin->time[b] != TIME_INFINITE && best.direct < TWIN_FAR;
		     q++) {
			if (walks->dropoff[q].node != twin->network->head[b])
				continue;
			twin_search_dropoff(twin, b);
			twin->walk_from = walks->dropoff[q].walk;
			for (uint32_t p = 0; p < walks->n_pickup; p++)
				for (uint32_t k = 0; k < twin->network->n_arcs; k++) {
					struct match_request try = {k, b, request->time};
					if (twin->network->head[k] != walks->pickup[p].node ||
					    twin->time[k] == TIME_INFINITE ||
					    walks->pickup[p].node == walks->dropoff[q].node)
						continue;
					twin_search_pickup(twin, k);
					twin->walk_to = walks->pickup[p].walk;
					twin_try_all(twin, &try, current, &best);
				}
		}
	free(current);
	return best;
}

static inline void twin_keep(struct twin_vehicle *vehicle, const struct twin_try *try)
{
	for (uint32_t r = 0; r < vehicle->n_riders; r++) {
		struct twin_rider *rider = &vehicle->rider[r];
		rider->dropoff_at = twin_place(try, rider->dropoff_at);
		if (!rider->is_aboard)
			rider->pickup_at = twin_place(try, rider->pickup_at);
	}
	memcpy(vehicle->stop, try->stop, try->n * sizeof *try->stop);
	vehicle->n_stops = try->n;
	vehicle->n_path = 0;
}

static inline void twin_take(struct matcher_twin *twin, const struct match_request *request,
			     const struct match_answer *answer)
{
	static struct twin_try try;
	struct twin_vehicle *vehicle = &twin->vehicle[answer->vehicle];
	struct twin_stop current = twin_current(twin, vehicle, request->time);
	int done = twin_run(twin, answer->vehicle, request, answer->pickup_after, answer->dropoff_after, &current,
			    answer->direct, &try);
	assert(done && try.cost == answer->cost && vehicle->n_riders < TWIN_RIDERS);
	twin_keep(vehicle, &try);
	int64_t departure = try.stop[try.pickup_at].arrival + twin->rules.stop;
	int64_t arrival = try.stop[try.dropoff_at].arrival;
	int64_t departure_most = request->time + (int64_t)twin->rules.wait_most;
	int64_t arrival_most = request->time + (int64_t)answer->direct * twin->rules.trip_permille / 1000 +
			       twin->rules.trip_extra - twin->walk_from;
	vehicle->rider[vehicle->n_riders++] =
		(struct twin_rider){.time = request->time,
				    .departure_most = departure > departure_most ? departure : departure_most,
				    .arrival_most = arrival > arrival_most ? arrival : arrival_most,
				    .pickup = request->from,
				    .dropoff = request->to,
				    .is_aboard = try.pickup_at == 0,
				    .pickup_at = try.pickup_at,
				    .dropoff_at = try.dropoff_at};
}

#endif
