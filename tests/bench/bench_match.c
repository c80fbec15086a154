// link: zub_match zub_route zub_town_file zub_city zub_projection zub_base PkgConfig::zlib
/* bench match --map TOWN.zmap (--vehicles CSV --requests CSV | --generate VEHICLES,REQUESTS [--within KM] [--seed N])
 *             [--walk SECONDS] [--objective loud] [--limit N] [--costs OUT.csv] [--twin N] [--loose] [--json]
 *             [--improve [--steps N] [--seed N] [--reference KARRI.csv]]
 *
 * A day request by request, as LOUD and KaRRi measure: each is answered and its vehicle's plan updated before the next.
 * Columns of vehicles: arc (or lat, lon), seats, start_ms, end_ms; of requests: from_arc, to_arc (or from_lat,
 * from_lon, to_lat, to_lon), time_ms (ascending), party (1), as in ../shared/data/newyork/matching; files may be gzip.
 * Coordinates mean the nearer end of the nearest road. Prints JSON lines (always). With --twin the first N requests are
 * answered by the obvious matcher, too (it knows no turn rules). --loose leaves the buckets no room. With --walk riders
 * are met and set down at junctions as far as that on foot from both ends (match_find_places); the same day without
 * runs beside it, in turns. --improve does the day again with plans improved beside the requests (bench_improve.h):
 * every 5 s N steps for each rider who waits. */
#include <stdio.h>
#include <time.h>

#include "../match_twin.h"
#include "arena.h"
#include "bench_improve.h"
#include "err.h"
#include "match_rows.h"
#include "match_walks.h"
#include "rng.h"
#include "route.h"
#include "town.h"

#define TICK_MS 100 /* the objective "loud" counts tenths of a second */
#define PLAN_MOST 100
#define PHASES 6
#define TURN 250    /* requests of one day before those of the other */
#define KM_E7 90000 /* some */

static const char *const phase_names[PHASES] = {"advance", "candidates", "last_stop", "buckets", "pairs", "update"};

struct rider {
	struct match_request request;
	int32_t direct, departure;
	int32_t walk_to, walk_from;
	uint32_t next_pick, next_drop; /* at the same stop */
};

struct leg {
	uint32_t from, to;
	int32_t time;
	int is_empty;
};

struct match_vehicle_row {
	uint32_t arc, seats;
	int32_t start, end;
};

struct run {
	struct town town;
	struct network network;
	uint32_t *time, *tie;
	int32_t *turn;
	struct arena arena;
	struct route_graph *graph;
	struct route_weights *weights;
	struct route_metric metric;
	struct match *match;
	struct match_options options;
	struct matcher_twin twin;
	uint32_t n_twin, n_differ;
	struct walking *walking; /* NULL: riders do not walk */
	/* instance */
	struct places places;
	struct geo_point middle;
	int64_t area_e7; /* made places lie so far from it at most */
	uint32_t n_vehicles, n_requests;
	struct match_vehicle_row *vehicle;
	struct match_request *request;
	/* what came of it */
	struct rider *rider;
	uint32_t *to_pick, *to_drop; /* [stops] riders by stop */
	uint32_t *aboard;
	struct leg *leg;
	uint32_t n_legs, most_legs, n_done, n_idle;
	uint64_t plan_stops;
	int64_t cost, wait, ride, direct, trip, late, over, walk, n_places;
	double *took[PHASES + 1]; /* us; the last one is the sum */
	FILE *costs;
};

/* Of this thread's own time: others on the machine do not count, and on a quiet one it is wall time. */
static double now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int fail(const char *what, const char *which)
{
	fprintf(stderr, "bench match: %s%s%s\n", what, *which ? ": " : "", which);
	return 1;
}

/* --- the instance --- */

/* Room for one more of n. */
static void *array_of_rows(void *rows, uint32_t n, size_t size)
{
	if (n & (n - 1))
		return rows;
	void *more = realloc(rows, (n ? 2 * (size_t)n : 1) * size);
	assert(more);
	return more;
}

#define INSTANT_MOST_MS ((int64_t)TICK_MS << 28)

/* The next row as a vehicle: 1, none left: 0, bad: -1 (said). */
static int vehicle_row(struct run *run, struct rows *rows, struct match_vehicle_row *ret_row)
{
	static const char *const place[] = {"arc", "lat", "lon"};
	int64_t seats, start, end;
	int code = rows_next(rows);
	if (code <= 0)
		return code;
	if (rows_place(rows, &run->places, &run->town, run->time, place, &ret_row->arc) ||
	    rows_number(rows, "seats", 1, 1000, &seats) || rows_number(rows, "start_ms", 0, INSTANT_MOST_MS, &start) ||
	    rows_number(rows, "end_ms", start, INSTANT_MOST_MS, &end))
		return -1;
	ret_row->seats = (uint32_t)seats;
	ret_row->start = (int32_t)(start / TICK_MS);
	ret_row->end = (int32_t)(end / TICK_MS);
	return 1;
}

static int request_row(struct run *run, struct rows *rows, int64_t time_least, struct match_request *ret_row)
{
	static const char *const from[] = {"from_arc", "from_lat", "from_lon"}, *const to[] = {"to_arc", "to_lat",
											       "to_lon"};
	int64_t time, party;
	int code = rows_next(rows);
	if (code <= 0)
		return code;
	if (rows_place(rows, &run->places, &run->town, run->time, from, &ret_row->from) ||
	    rows_place(rows, &run->places, &run->town, run->time, to, &ret_row->to) ||
	    rows_number(rows, "time_ms", time_least * TICK_MS, INSTANT_MOST_MS, &time) ||
	    rows_number(rows, "party", 1, 1, &party))
		return -1;
	if (ret_row->from == ret_row->to)
		return -rows_fail(rows, "", "two places, not twice the same");
	ret_row->time = (int32_t)(time / TICK_MS);
	return 1;
}

static int read_vehicles(struct run *run, const char *path)
{
	struct rows rows;
	struct match_vehicle_row row;
	int code = rows_open(&rows, path) ? -1 : 1;
	while (code > 0 && (code = vehicle_row(run, &rows, &row)) > 0) {
		run->vehicle = array_of_rows(run->vehicle, run->n_vehicles, sizeof row);
		run->vehicle[run->n_vehicles++] = row;
	}
	rows_close(&rows);
	return code == 0 && run->n_vehicles == 0 ? fail("no vehicles", path) : code < 0;
}

static int read_requests(struct run *run, const char *path)
{
	struct rows rows;
	struct match_request row = {0, 0, 0};
	int code = rows_open(&rows, path) ? -1 : 1;
	while (code > 0 && (code = request_row(run, &rows, row.time, &row)) > 0) {
		run->request = array_of_rows(run->request, run->n_requests, sizeof row);
		run->request[run->n_requests++] = row;
	}
	rows_close(&rows);
	return code == 0 && run->n_requests == 0 ? fail("no requests", path) : code < 0;
}

/* Requests by hour of a weekday, of 1,000. */
static const uint16_t day_permille[24] = {8,  5,  4,  3,  4,  9,  28, 57, 62, 58, 54, 54,
					  55, 55, 55, 56, 58, 62, 64, 59, 56, 54, 44, 36};

/* Squared, in (1e-7 degrees of latitude)^2. */
static int64_t apart(struct geo_point p, struct geo_point q)
{
	int64_t lat = (int64_t)p.lat_e7 - q.lat_e7, lon = ((int64_t)p.lon_e7 - q.lon_e7) * 3 / 4;
	return lat * lat + lon * lon;
}

static struct geo_point end_of(const struct run *run, uint32_t arc)
{
	return run->network.node_point[run->network.head[arc]];
}

static int by_number(const void *left, const void *right)
{
	const int32_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

/* The town's middle: half of the junctions lie to either side. */
static void middle_set(struct run *run)
{
	uint32_t n = run->network.n_nodes;
	int32_t *lat = twin_alloc(n, sizeof *lat), *lon = twin_alloc(n, sizeof *lon);
	for (uint32_t v = 0; v < n; v++) {
		lat[v] = run->network.node_point[v].lat_e7;
		lon[v] = run->network.node_point[v].lon_e7;
	}
	qsort(lat, n, sizeof *lat, by_number);
	qsort(lon, n, sizeof *lon, by_number);
	run->middle = (struct geo_point){lat[n / 2], lon[n / 2]};
	free(lat);
	free(lon);
}

/* Somebody's place: of the main part, within the service area. */
static uint32_t arc_random(const struct run *run, struct rng *rng)
{
	uint32_t arc;
	do
		arc = rng_below(rng, run->network.n_arcs);
	while (run->time[arc] == TIME_INFINITE || !(run->network.main_mask[arc] & 1) ||
	       apart(end_of(run, arc), run->middle) > run->area_e7 * run->area_e7);
	return arc;
}

static int is_nearer(const struct run *run, uint32_t from, uint32_t a, uint32_t b)
{
	return apart(end_of(run, from), end_of(run, a)) < apart(end_of(run, from), end_of(run, b));
}

/* Trips of some kilometres: of six places drawn the second nearest. */
static uint32_t arc_within(const struct run *run, struct rng *rng, uint32_t from)
{
	uint32_t near[2] = {NONE, NONE};
	for (int i = 0; i < 6; i++) {
		uint32_t arc;
		do
			arc = arc_random(run, rng);
		while (arc == from);
		if (near[0] == NONE || is_nearer(run, from, arc, near[0])) {
			near[1] = near[0];
			near[0] = arc;
		} else if (near[1] == NONE || is_nearer(run, from, arc, near[1])) {
			near[1] = arc;
		}
	}
	return near[1];
}

static int by_time(const void *left, const void *right)
{
	const struct match_request *a = left, *b = right;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

static int generate(struct run *run, const char *sizes, uint64_t seed)
{
	struct rng rng;
	if (sscanf(sizes, "%u,%u", &run->n_vehicles, &run->n_requests) != 2 || !run->n_vehicles || !run->n_requests)
		return fail("--generate VEHICLES,REQUESTS", "");
	rng_seed(&rng, seed);
	middle_set(run);
	run->vehicle = twin_alloc(run->n_vehicles, sizeof *run->vehicle);
	run->request = twin_alloc(run->n_requests, sizeof *run->request);
	for (uint32_t v = 0; v < run->n_vehicles; v++)
		run->vehicle[v] = (struct match_vehicle_row){arc_random(run, &rng), 4, 0, 2 * 24 * 36000};
	for (uint32_t i = 0; i < run->n_requests; i++) {
		uint32_t permille = rng_below(&rng, 1000), hour = 0;
		for (; hour < 23 && permille >= day_permille[hour]; hour++)
			permille -= day_permille[hour];
		uint32_t from = arc_random(run, &rng);
		run->request[i] = (struct match_request){from, arc_within(run, &rng, from),
							 (int32_t)(hour * 36000 + rng_below(&rng, 36000))};
	}
	qsort(run->request, run->n_requests, sizeof *run->request, by_time);
	return 0;
}

/* --- the matcher --- */

/* Of equally fast ways the reference drives the longer one; ours is the one with the least of these. */
static void ties_set(struct run *run)
{
	const struct network *road = &run->town.road;
	for (uint32_t a = 0; a < road->n_arcs; a++) {
		uint64_t most = (uint64_t)run->time[a] * 4000;
		run->tie[a] = most > road->dist_mm[a] ? (uint32_t)(most - road->dist_mm[a]) : 0;
	}
}

static int open_map(struct run *run, const char *path)
{
	struct err_detail detail = {""};
	if (town_open(&run->town, path, &detail))
		return fail(detail.text, "");
	uint32_t n = run->town.road.n_arcs;
	run->network = run->town.road;
	run->time = twin_alloc(n, sizeof *run->time);
	run->tie = twin_alloc(n, sizeof *run->tie);
	for (uint32_t a = 0; a < n; a++) {
		uint32_t ms = run->town.road.time_ms[a];
		run->time[a] = ms == TIME_INFINITE ? TIME_INFINITE : (ms + TICK_MS / 2) / TICK_MS;
		if (run->time[a] == 0)
			run->time[a] = 1;
	}
	ties_set(run);
	run->network.dist_mm = run->tie;
	run->turn = twin_alloc(run->network.n_turns, sizeof *run->turn);
	for (uint32_t t = 0; t < run->network.n_turns; t++) {
		int32_t ms = run->network.turn_cost_ms[t];
		run->turn[t] = ms < 0 ? ms : (ms + TICK_MS / 2) / TICK_MS;
	}
	run->network.turn_cost_ms = run->turn;
	return 0;
}

static int open_graph(struct run *run)
{
	const struct network *network = &run->network;
	static struct arena graph_arena;
	if (arena_open(&graph_arena, route_graph_size(network) + route_weights_size(network)) ||
	    route_graph_open(&run->graph, network, &graph_arena) ||
	    route_weights_open(&run->weights, run->graph, &graph_arena) || !run->weights)
		return fail("no order in the map, or out of memory", "");
	route_weights_set(run->weights, 0, run->time);
	run->metric = (struct route_metric){0, run->time, run->weights};
	return 0;
}

static int open_match(struct run *run, int is_loose)
{
	uint32_t stops = run->n_vehicles * 4 + 2 * run->n_requests;
	if (stops > run->n_vehicles * 8 + 20000)
		stops = run->n_vehicles * 8 + 20000;
	run->options = (struct match_options){.rules = {600, 3000, 1700, 1200, 10},
					      .n_vehicles = run->n_vehicles,
					      .plan_most = PLAN_MOST,
					      .stops_most = stops,
					      .entries_most = is_loose ? 1 : 0,
					      .places_most = run->walking ? run->walking->places_most : 0};
	if (arena_open(&run->arena, match_size(run->graph, &run->options)) ||
	    match_open(&run->match, run->graph, &run->metric, &run->options, &run->arena))
		return fail("out of memory", "");
	for (uint32_t v = 0; v < run->n_vehicles; v++)
		match_vehicle(run->match, v, run->vehicle[v].arc, run->vehicle[v].seats, run->vehicle[v].start,
			      run->vehicle[v].end);
	return 0;
}

static void open_twin(struct run *run)
{
	twin_open(&run->twin, &run->network, run->time, &run->options.rules, run->n_vehicles);
	for (uint32_t v = 0; v < run->n_vehicles; v++)
		twin_vehicle(&run->twin, v, run->vehicle[v].arc, run->vehicle[v].seats, run->vehicle[v].start,
			     run->vehicle[v].end);
}

/* --- what riders and vehicles did --- */

static int64_t over(int64_t value, int64_t most)
{
	return value > most ? value - most : 0;
}

static void picked_up(struct run *run, uint32_t vehicle, struct rider *rider, int32_t departure)
{
	rider->departure = departure;
	run->wait += departure - rider->request.time;
	run->over += over(departure, rider->request.time + (int64_t)run->options.rules.wait_most);
	run->aboard[vehicle]++;
}

static void dropped(struct run *run, uint32_t vehicle, const struct rider *rider, int32_t arrival)
{
	int64_t trip = arrival + rider->walk_from - rider->request.time;
	run->ride += arrival - rider->departure;
	run->trip += trip;
	run->direct += rider->direct;
	run->walk += rider->walk_to + rider->walk_from;
	run->late += over(trip, (int64_t)rider->direct * 17 / 10 + 1200);
	run->aboard[vehicle]--;
	run->n_done++;
}

static void reached(void *context, uint32_t vehicle, const struct match_stop *from, const struct match_stop *at,
		    int is_turn)
{
	struct run *run = context;
	if (run->n_legs < run->most_legs)
		run->leg[run->n_legs++] =
			(struct leg){from->arc, at->arc, at->arrival - from->departure, run->aboard[vehicle] == 0};
	if (is_turn)
		return;
	for (uint32_t r = run->to_drop[at->id]; r != NONE; r = run->rider[r].next_drop)
		dropped(run, vehicle, &run->rider[r], at->arrival);
	run->to_drop[at->id] = NONE;
	for (uint32_t r = run->to_pick[at->id]; r != NONE; r = run->rider[r].next_pick)
		picked_up(run, vehicle, &run->rider[r], at->departure);
	run->to_pick[at->id] = NONE;
}

static void keep_rider(struct run *run, uint32_t r, const struct match_answer *answer, const struct match_stop stops[2])
{
	struct match_stop current;
	struct rider *rider = &run->rider[r];
	*rider = (struct rider){.request = run->request[r],
				.direct = answer->direct,
				.walk_to = answer->walk_to,
				.walk_from = answer->walk_from,
				.next_pick = run->to_pick[stops[0].id],
				.next_drop = run->to_drop[stops[1].id]};
	run->to_drop[stops[1].id] = r;
	run->plan_stops += match_plan(run->match, answer->vehicle, &current, 1);
	if (current.id == stops[0].id)
		picked_up(run, answer->vehicle, rider, stops[0].departure);
	else
		run->to_pick[stops[0].id] = r;
}

/* --- the loop --- */

static int compare_twin(struct run *run, uint32_t r, const struct match_answer *answer)
{
	const struct match_request *request = &run->request[r];
	twin_advance(&run->twin, request->time);
	struct match_answer other = twin_find(&run->twin, request);
	if (other.vehicle != answer->vehicle || other.cost != answer->cost ||
	    other.pickup_after != answer->pickup_after || other.dropoff_after != answer->dropoff_after) {
		fprintf(stderr, "request %u: vehicle %u after %u, %u, cost %lld; the twin: %u after %u, %u, %lld\n", r,
			answer->vehicle, answer->pickup_after, answer->dropoff_after, (long long)answer->cost,
			other.vehicle, other.pickup_after, other.dropoff_after, (long long)other.cost);
		return 1;
	}
	twin_take(&run->twin, request, &other);
	return 0;
}

/* Times of the steps go to at[2 .. 5]. */
static void find_at_door(struct run *run, const struct match_request *request, struct match_answer *answer, double *at)
{
	match_find_labels(run->match, request);
	at[2] = now_us();
	match_find_last(run->match);
	at[3] = now_us();
	match_find_legs(run->match);
	at[4] = now_us();
	match_find_pairs(run->match, answer);
	at[5] = now_us();
}

/* The places around both ends are the candidates; the rest is one step. */
static void find_walking(struct run *run, const struct match_request *request, struct match_answer *answer, double *at)
{
	struct match_walks walks = walking_around(run->walking, request);
	at[2] = at[3] = at[4] = now_us();
	match_find_places(run->match, request, &walks, answer);
	at[5] = now_us();
	run->n_places += walks.n_pickup + walks.n_dropoff;
}

static int serve(struct run *run, uint32_t r)
{
	const struct match_request *request = &run->request[r];
	struct match_answer answer;
	struct match_stop stops[2], plan;
	double at[PHASES + 1];
	at[0] = now_us();
	match_advance(run->match, request->time);
	at[1] = now_us();
	if (run->walking)
		find_walking(run, request, &answer, at);
	else
		find_at_door(run, request, &answer, at);
	if (answer.vehicle == NONE)
		return fail("nobody can take a request", "");
	run->n_idle += match_plan(run->match, answer.vehicle, &plan, 1) == 1 && plan.departure <= request->time;
	if (r < run->n_twin && compare_twin(run, r, &answer))
		return 1;
	double start = now_us();
	if (match_take(run->match, &answer, stops))
		return fail("a plan or all plans are full", "");
	at[6] = at[5] + now_us() - start;
	for (int i = 0; i < PHASES; i++)
		run->took[i][r] = at[i + 1] - at[i];
	run->took[PHASES][r] = at[PHASES] - at[0];
	keep_rider(run, r, &answer, stops);
	run->cost += answer.cost;
	if (run->costs)
		fprintf(run->costs, "%u,%u,%u,%u,%lld\n", r, answer.vehicle, answer.pickup_after, answer.dropoff_after,
			(long long)answer.cost);
	return 0;
}

static void serve_open(struct run *run)
{
	size_t n = run->n_requests, stops = run->options.stops_most;
	run->rider = twin_alloc(n, sizeof *run->rider);
	run->to_pick = twin_alloc(stops, sizeof *run->to_pick);
	run->to_drop = twin_alloc(stops, sizeof *run->to_drop);
	run->aboard = twin_alloc(run->n_vehicles, sizeof *run->aboard);
	run->most_legs = (uint32_t)(3 * n);
	run->leg = twin_alloc(run->most_legs, sizeof *run->leg);
	memset(run->to_pick, 0xff, stops * sizeof *run->to_pick);
	memset(run->to_drop, 0xff, stops * sizeof *run->to_drop);
	memset(run->rider, 1, n * sizeof *run->rider);
	memset(run->leg, 1, run->most_legs * sizeof *run->leg); /* no page is new while time runs */
	for (int i = 0; i <= PHASES; i++)
		memset(run->took[i] = twin_alloc(n, sizeof(double)), 1, n * sizeof(double));
	match_listen(run->match, reached, run);
}

/* With another day of the same requests beside it (or NULL), in turns, so that both have the machine alike. */
static int serve_all(struct run *run, struct run *other)
{
	for (uint32_t r = 0; r < run->n_requests; r++) {
		if (serve(run, r))
			return 1;
		for (uint32_t k = r / TURN * TURN;
		     other && k <= r && (r % TURN == TURN - 1 || r + 1 == run->n_requests); k++)
			if (serve(other, k))
				return 1;
	}
	return 0;
}

/* --- figures --- */

static int by_size(const void *left, const void *right)
{
	const double *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static void say_phase(struct run *run, const char *name, double *took)
{
	double sum = 0;
	for (uint32_t i = 0; i < run->n_requests; i++)
		sum += took[i];
	qsort(took, run->n_requests, sizeof *took, by_size);
	uint32_t n = run->n_requests;
	printf("{\"bench\":\"match\",\"phase\":\"%s\",\"mean_us\":%.2f,\"p50_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f}"
	       "\n",
	       name, sum / n, took[n / 2], took[(size_t)n * 99 / 100], took[n - 1]);
}

static int start_walking(struct run *run, int32_t walk_s)
{
	static struct walking walking;
	walking_open(&walking, &run->town, run->time, TICK_MS, walk_s * 1000 / TICK_MS);
	walking_measure(&walking, run->request, run->n_requests);
	run->walking = &walking;
	return 0;
}

/* The day, and the same day without walks beside it. */
static int run_with_door(struct run *run, int is_loose)
{
	struct run door = *run;
	door.walking = NULL;
	door.costs = NULL;
	door.n_twin = 0;
	if (open_match(&door, is_loose))
		return 1;
	serve_open(&door);
	int failed = serve_all(run, &door);
	if (!failed)
		say_phase(&door, "request_without_walks", door.took[PHASES]);
	for (int i = 0; i <= PHASES; i++)
		free(door.took[i]);
	free(door.rider);
	free(door.to_pick);
	free(door.to_drop);
	free(door.aboard);
	free(door.leg);
	arena_close(&door.arena);
	return failed;
}

static void say_walks(const struct run *run)
{
	double n = run->n_requests;
	if (run->walking)
		printf("{\"bench\":\"match\",\"walk_most_s\":%.0f,\"mean_walk_s\":%.1f,\"places_mean\":%.1f,\"places_"
		       "most\":%u}\n",
		       run->walking->limit / 10.0, (double)run->walk / n / 10, (double)run->n_places / n / 2,
		       run->walking->places_most);
}

static void say_busiest(const struct run *run)
{
	uint32_t most = 0, busy = 0;
	for (uint32_t i = 0, n = 0; i < run->n_requests; i++) {
		n = i > 0 && run->request[i].time / 36000 == run->request[i - 1].time / 36000 ? n + 1 : 1;
		most = n > most ? n : most;
		busy += n == 8001;
	}
	printf("{\"bench\":\"match\",\"busiest_hour_requests\":%u,\"hours_over_8000\":%u}\n", most, busy);
}

static void say_world(struct run *run)
{
	static struct arena arena;
	struct route_query *query;
	int64_t driving = 0, empty = 0, mm = 0;
	if (arena_open(&arena, route_query_size(run->graph)) || route_query_open(&query, run->graph, &arena))
		return;
	for (uint32_t i = 0; i < run->n_legs; i++) {
		const struct leg *leg = &run->leg[i];
		struct spot from = {leg->from, UINT32_MAX}, to = {leg->to, UINT32_MAX};
		struct route_result way = route_one(query, &run->metric, from, to);
		driving += leg->time;
		empty += leg->is_empty ? leg->time : 0;
		mm += way.time_ms == TIME_INFINITE ? 0 : (int64_t)way.time_ms * 4000 - way.dist_mm;
	}
	double n = run->n_done;
	printf("{\"bench\":\"match\",\"riders\":%u,\"mean_wait_s\":%.1f,\"mean_ride_s\":%.1f,\"mean_direct_s\":%.1f,"
	       "\"detour\":%.3f,\"driving_h\":%.1f,\"empty_h\":%.1f,\"vehicle_km\":%.0f,"
	       "\"late_s_mean\":%.1f,\"to_idle_share\":%.3f,\"plan_stops_mean\":%.2f}\n",
	       run->n_done, (double)run->wait / n / 10, (double)run->ride / n / 10, (double)run->direct / n / 10,
	       (double)run->ride / (double)run->direct, (double)driving / 36000, (double)empty / 36000,
	       (double)mm / 1e6, (double)run->late / n / 10, (double)run->n_idle / run->n_requests,
	       (double)run->plan_stops / run->n_requests);
	arena_close(&arena);
}

static void say_all(struct run *run)
{
	struct match_counts counts = match_counts(run->match);
	double n = run->n_requests;
	printf("{\"bench\":\"match\",\"objective\":\"loud\",\"vehicles\":%u,\"requests\":%u,\"nodes\":%u,"
	       "\"cost_ds\":%lld,\"twin_requests\":%u,\"twin_differ\":%u}\n",
	       run->n_vehicles, run->n_requests, run->network.n_nodes, (long long)run->cost, run->n_twin,
	       run->n_differ);
	for (int i = 0; i < PHASES; i++)
		say_phase(run, phase_names[i], run->took[i]);
	say_phase(run, "request", run->took[PHASES]);
	printf("{\"bench\":\"match\",\"per_request\":\"work\",\"last_entries\":%.1f,\"leg_entries\":%.1f,\"legs\":%.1f,"
	       "\"pairs\":%.1f,\"ways\":%.1f,\"turns\":%.2f,\"entries_added\":%.1f,\"loose\":%u}\n",
	       (double)counts.last_entries / n, (double)counts.leg_entries / n, (double)counts.legs / n,
	       (double)counts.pairs / n, (double)counts.ways / n, (double)counts.turns / n, (double)counts.added / n,
	       counts.loose);
	say_busiest(run);
	match_advance(run->match, 1 << 29); /* the day ends */
	say_world(run);
	say_walks(run);
}

struct words {
	const char *map, *vehicles, *requests, *generate, *objective, *costs, *seed, *limit, *twin, *steps, *reference,
		*walk, *within;
	int is_loose, is_improve;
};

/* --- the same day, improved --- */

static int improve_all(struct run *run, const struct improve_settings *settings, struct improve_figures *ret_figures)
{
	struct improve_run improve = {.settings = settings,
				      .graph = run->graph,
				      .metric = &run->metric,
				      .request = run->request,
				      .rules = run->options.rules};
	log_open(&improve.log, &run->options.rules, run->n_vehicles, run->n_requests);
	for (uint32_t v = 0; v < run->n_vehicles; v++)
		improve.log.vehicle[v] = (struct log_vehicle){.arc = run->vehicle[v].arc,
							      .seats = run->vehicle[v].seats,
							      .start = run->vehicle[v].start,
							      .end = run->vehicle[v].end};
	int failed = improve_day(&improve) || log_check(&improve.log, settings->promise_extra);
	if (!failed)
		*ret_figures = improve_say(&improve);
	improve_close(&improve);
	return failed;
}

/* What KaRRi's answers cost in sum: what they cost in the end. 0 = not known (said why). */
static int64_t cost_of_reference(const struct run *run, const char *path)
{
	struct rows rows;
	int64_t sum = 0, cost;
	uint32_t n = 0;
	if (rows_open(&rows, path))
		return 0;
	for (; n < run->n_requests && rows_next(&rows) == 1; n++, sum += cost)
		if (rows_number(&rows, "cost_ds", 0, 1 << 30, &cost))
			break;
	rows_close(&rows);
	return n == run->n_requests ? sum : 0;
}

/* Without improvement and with it; the former equals what the fast matcher answered, cost by cost in sum. */
static int improve_both(struct run *run, const struct words *words)
{
	struct improve_settings settings = {.period = 50, .drive_permille = 1000};
	struct improve_figures without, with;
	if (improve_all(run, &settings, &without))
		return 1;
	if (without.cost != run->cost)
		return fail("realised and answered costs differ", "");
	settings.steps = (uint32_t)strtoul(words->steps, NULL, 10);
	settings.crowd_permille = 2500;
	settings.worse_most = 2000;
	settings.promise_extra = 3000;
	settings.seed = strtoull(words->seed, NULL, 10);
	if (improve_all(run, &settings, &with))
		return 1;
	improve_say_ratios(&with, &without, words->reference ? cost_of_reference(run, words->reference) : 0);
	return 0;
}

static int read_words(struct words *words, int argc, char **argv)
{
	struct {
		const char *name, **value;
	} known[] = {
		{"--map", &words->map},		  {"--vehicles", &words->vehicles},   {"--requests", &words->requests},
		{"--generate", &words->generate}, {"--objective", &words->objective}, {"--costs", &words->costs},
		{"--seed", &words->seed},	  {"--limit", &words->limit},	      {"--twin", &words->twin},
		{"--steps", &words->steps},	  {"--reference", &words->reference}, {"--walk", &words->walk},
		{"--within", &words->within}};
	*words = (struct words){
		.objective = "loud", .seed = "1", .limit = "0", .twin = "0", .steps = "4", .walk = "0", .within = "9"};
	for (int i = 1; i < argc; i++) {
		size_t k = 0;
		while (k < COUNT_OF(known) && strcmp(argv[i], known[k].name))
			k++;
		if (!strcmp(argv[i], "--json"))
			continue;
		if (!strcmp(argv[i], "--loose"))
			words->is_loose = 1;
		else if (!strcmp(argv[i], "--improve"))
			words->is_improve = 1;
		else if (k == COUNT_OF(known) || i + 1 == argc)
			return fail("unknown or without a value", argv[i]);
		else
			*known[k].value = argv[++i];
	}
	if (strcmp(words->objective, "loud"))
		return fail("there is one objective, loud; not", words->objective);
	if (!words->map || (!words->generate && (!words->vehicles || !words->requests)))
		return fail("--map and --vehicles, --requests, or --map and --generate", "");
	return 0;
}

int main(int argc, char **argv)
{
	static struct run run;
	struct words words;
	if (read_words(&words, argc, argv) || open_map(&run, words.map))
		return 2;
	run.area_e7 = strtol(words.within, NULL, 10) * KM_E7;
	if (run.area_e7 < KM_E7 || run.area_e7 > 1000 * KM_E7)
		return fail("--within: expected 1 to 1000 km, not", words.within);
	if (words.generate ? generate(&run, words.generate, strtoull(words.seed, NULL, 10))
			   : read_vehicles(&run, words.vehicles) || read_requests(&run, words.requests))
		return 2;
	uint32_t limit = (uint32_t)strtoul(words.limit, NULL, 10);
	run.n_requests = limit && limit < run.n_requests ? limit : run.n_requests;
	run.n_twin = (uint32_t)strtoul(words.twin, NULL, 10);
	long walk_s = strtol(words.walk, NULL, 10);
	if (run.network.n_turns && (run.n_twin || walk_s > 0))
		return fail("--twin and --walk need a map without turn rules", "");
	if (walk_s < 0 || walk_s > 3600 || (walk_s > 0 && run.n_twin))
		return fail("--walk: expected seconds up to 3600, without --twin, not", words.walk);
	if (open_graph(&run) || (walk_s > 0 && start_walking(&run, (int32_t)walk_s)))
		return 1;
	if (open_match(&run, words.is_loose))
		return 1;
	if (words.is_improve && (run.network.n_turns || walk_s > 0))
		return fail("--improve needs a map without turn rules, and no --walk", "");
	if (run.n_twin)
		open_twin(&run);
	if (words.costs && !(run.costs = fopen(words.costs, "w")))
		return fail("cannot write", words.costs);
	if (run.costs)
		fputs("request,vehicle,pickup_after,dropoff_after,cost_ds\n", run.costs);
	serve_open(&run);
	int failed = run.walking ? run_with_door(&run, words.is_loose) : serve_all(&run, NULL);
	if (!failed)
		say_all(&run);
	if (!failed && words.is_improve)
		failed = improve_both(&run, &words);
	if (run.costs && fclose(run.costs))
		return fail("cannot write", words.costs);
	return failed;
}
