#include "distance.h"

#include <assert.h>
#include <string.h>

#define ROWS_BYTES_MAX (64u << 20)
#define METRICS_MAX (2 * NETWORK_CLASSES_MAX)
#define GOALS_MOST 32 /* of a matrix */

struct distance {
	const struct town *town;
	struct route_graph *graph;
	struct route_query *query;
	uint32_t n_metrics; /* each class, and again each class at its slowest where the town has profiles */
	struct route_metric metrics[METRICS_MAX];
	struct route_weights *weights[METRICS_MAX]; /* NULL without a contraction order */
	struct route_pins *pins[METRICS_MAX];	    /* all stops of a class; NULL without a contraction order */
	/* rows[row * n_stops + to]: from a stop to every stop of one class */
	struct route_result *rows;
	uint32_t *row_of; /* [n_metrics * n_stops] or NONE */
	uint32_t *owner;  /* [n_rows] index into row_of */
	uint32_t n_rows, n_used, next_row;
	uint32_t *times;       /* [n_metrics * n_arcs]: the usual ones, changed by the streets */
	const uint32_t *usual; /* [n_metrics * n_arcs]: the town's own where it has no profiles */
	uint32_t *own_usual;   /* the same; NULL = the town's */
	uint32_t slowest;      /* profiles of the slowest metrics */
	struct wire_street streets[WIRE_STREETS_MAX];
	uint32_t n_streets;
	struct spot *spots;	  /* [n_most] scratch */
	uint32_t *where;	  /* [n_most] */
	const struct place **fan; /* [n_most] */
	struct route_result *found;
	uint32_t n_most;
};

static uint32_t metrics_of(const struct town *town)
{
	return town->n_profiles ? 2 * town->n_classes : town->n_classes;
}

static uint32_t class_of(const struct distance *d, uint32_t metric)
{
	return metric % d->town->n_classes;
}

static const struct spot *spots_of(const struct distance *d, uint32_t metric)
{
	return d->town->stop_spot + (size_t)class_of(d, metric) * d->town->n_stops;
}

static uint32_t rows_most(const struct town *town)
{
	uint64_t all = (uint64_t)town->n_stops * metrics_of(town);
	if (!all)
		return 0;
	uint64_t fit = ROWS_BYTES_MAX / (sizeof(struct route_result) * town->n_stops);
	return (uint32_t)(all < fit ? all : fit);
}

static uint32_t scratch_most(const struct town *town, uint32_t n_most)
{
	return n_most > town->n_stops ? n_most : town->n_stops;
}

static size_t pins_size(const struct town *town)
{
	return town->road.n_order > 0 ? route_pins_size(&town->road, town->n_stops) : 0;
}

static void pins_set(struct distance *d, uint32_t metric)
{
	for (uint32_t s = 0; s < d->town->n_stops; s++)
		route_pins_set(d->pins[metric], s, spots_of(d, metric)[s]);
}

static int metric_open(struct distance *d, uint32_t index, struct arena *arena)
{
	const struct town *town = d->town;
	struct route_metric *metric = &d->metrics[index];
	struct route_weights *weights;
	*metric = (struct route_metric){class_of(d, index), d->times + (size_t)index * town->road.n_arcs, NULL};
	if (route_weights_open(&weights, d->graph, arena))
		return ERR_MEMORY;
	if (!weights)
		return ERR_OK;
	route_weights_set(weights, metric->class_index, metric->time_ms);
	metric->weights = d->weights[index] = weights;
	if (route_pins_open(&d->pins[index], d->graph, metric, town->n_stops, 0, arena))
		return ERR_MEMORY;
	pins_set(d, index);
	return ERR_OK;
}

/* The usual times of one metric: without profiles they are the town's and never set. */
static void usual_set(struct distance *d, uint32_t metric, uint32_t profiles)
{
	const struct network *road = &d->town->road;
	const uint32_t *from = road->time_ms + (size_t)class_of(d, metric) * road->n_arcs;
	uint32_t *to = d->own_usual + (size_t)metric * road->n_arcs;
	for (uint32_t arc = 0; arc < road->n_arcs; arc++)
		to[arc] = town_profile_ms(d->town, profiles, class_of(d, metric), arc, from[arc]);
}

size_t distance_size(const struct town *town, uint32_t n_most)
{
	size_t n = scratch_most(town, n_most);
	size_t rows = rows_most(town), metrics = metrics_of(town);
	return sizeof(struct distance) + metrics * (route_weights_size(&town->road) + pins_size(town)) +
	       rows * town->n_stops * sizeof(struct route_result) + rows * sizeof(uint32_t) +
	       metrics * ((size_t)town->n_stops + 2 * (size_t)town->road.n_arcs) * sizeof(uint32_t) +
	       n * (sizeof(struct spot) + sizeof(uint32_t) + sizeof(struct route_result) + sizeof(void *)) + 16 * 11;
}

int distance_open(struct distance **ret_distance, const struct town *town, uint32_t n_most, struct arena *arena)
{
	struct distance *d = arena_take(arena, 1, sizeof *d);
	if (!d)
		return ERR_MEMORY;
	size_t most = scratch_most(town, n_most), stops = (size_t)metrics_of(town) * town->n_stops;
	size_t times = (size_t)metrics_of(town) * town->road.n_arcs;
	d->town = town;
	d->n_metrics = metrics_of(town);
	d->n_most = (uint32_t)most;
	d->n_rows = rows_most(town);
	d->rows = arena_take(arena, (size_t)d->n_rows * town->n_stops + 1, sizeof *d->rows);
	d->owner = arena_take(arena, d->n_rows + 1, sizeof *d->owner);
	d->row_of = arena_take(arena, stops + 1, sizeof *d->row_of);
	d->spots = arena_take(arena, most + 1, sizeof *d->spots);
	d->where = arena_take(arena, most + 1, sizeof *d->where);
	d->found = arena_take(arena, most + 1, sizeof *d->found);
	d->fan = arena_take(arena, most + 1, sizeof *d->fan);
	d->times = arena_take(arena, times + 1, sizeof *d->times);
	d->own_usual = town->n_profiles ? arena_take(arena, times + 1, sizeof *d->own_usual) : NULL;
	d->usual = town->n_profiles ? d->own_usual : town->road.time_ms;
	if (!d->times || !d->usual || !d->rows || !d->owner || !d->row_of || !d->spots || !d->where || !d->found ||
	    !d->fan)
		return ERR_MEMORY;
	memset(d->row_of, 0xff, stops * sizeof *d->row_of);
	d->slowest = town_profiles_slowest(town, 0);
	for (uint32_t m = 0; town->n_profiles && m < d->n_metrics; m++)
		usual_set(d, m, m < town->n_classes ? 0 : d->slowest);
	memcpy(d->times, d->usual, times * sizeof *d->times);
	if (route_graph_open(&d->graph, &town->road, arena) || route_query_open(&d->query, d->graph, arena))
		return ERR_MEMORY;
	for (uint32_t m = 0; m < d->n_metrics && m < METRICS_MAX; m++)
		if (metric_open(d, m, arena))
			return ERR_MEMORY;
	*ret_distance = d;
	return ERR_OK;
}

/* The stop whose spot this place is, for this class, or NONE. */
static uint32_t stop_of(const struct distance *d, uint32_t class_index, const struct place *place)
{
	if (place->stop >= d->town->n_stops || !d->n_rows)
		return NONE;
	const struct spot *spot = &spots_of(d, class_index)[place->stop];
	if (spot->arc == NONE || spot->arc != place->road.arc || spot->offset_mm != place->road.offset_mm)
		return NONE;
	return place->stop;
}

static void row_fill(struct distance *d, uint32_t class_index, uint32_t stop, struct route_result *row)
{
	const struct spot *spots = spots_of(d, class_index);
	uint32_t n = 0;
	if (d->pins[class_index])
		route_pins_query(d->pins[class_index], d->query, spots[stop], row);
	for (uint32_t s = 0; s < d->town->n_stops; s++) {
		if (d->pins[class_index] && spots[s].arc != NONE)
			continue;
		row[s] = (struct route_result){TIME_INFINITE, TIME_INFINITE};
		if (spots[s].arc == NONE)
			continue;
		d->where[n] = s;
		d->spots[n++] = spots[s];
	}
	if (n > 0)
		route_to_many(d->query, &d->metrics[class_index], spots[stop], d->spots, n, d->found);
	for (uint32_t i = 0; i < n; i++)
		row[d->where[i]] = d->found[i];
	row[stop] = (struct route_result){0, 0};
}

/* A row of the matrix; the oldest makes room when all are in use. Overwrites the scratch. */
static const struct route_result *row(struct distance *d, uint32_t class_index, uint32_t stop)
{
	size_t key = (size_t)class_index * d->town->n_stops + stop;
	uint32_t at = d->row_of[key];
	if (at != NONE)
		return d->rows + (size_t)at * d->town->n_stops;
	if (d->n_used < d->n_rows) {
		at = d->n_used++;
	} else {
		at = d->next_row;
		d->next_row = (d->next_row + 1) % d->n_rows;
		d->row_of[d->owner[at]] = NONE;
	}
	d->owner[at] = (uint32_t)key;
	d->row_of[key] = at;
	row_fill(d, class_index, stop, d->rows + (size_t)at * d->town->n_stops);
	return d->rows + (size_t)at * d->town->n_stops;
}

/* ---- streets that are not as in the town file ---- */

static void street_set(struct distance *d, const struct wire_street *street)
{
	for (uint32_t m = 0; m < d->n_metrics; m++) {
		size_t at = (size_t)m * d->town->road.n_arcs + street->arc;
		d->times[at] = wire_street_ms(street, d->usual[at]);
	}
}

/* After times changed: n arcs, or all of the metric's (arcs NULL). */
static void metric_update(struct distance *d, uint32_t metric, const uint32_t *arcs, uint32_t n)
{
	struct route_weights *weights = d->weights[metric];
	if (!weights)
		return;
	if (arcs) {
		route_weights_update(weights, arcs, n);
		route_weights_trim(weights);
	} else {
		route_weights_set(weights, class_of(d, metric), d->metrics[metric].time_ms);
	}
	pins_set(d, metric);
}

static void rows_forget(struct distance *d)
{
	d->n_used = d->next_row = 0;
	memset(d->row_of, 0xff, (size_t)d->n_metrics * d->town->n_stops * sizeof *d->row_of);
}

void distance_streets(struct distance *d, const struct wire_street *streets, uint32_t n)
{
	uint32_t arcs[2 * WIRE_STREETS_MAX], n_arcs = 0;
	assert(n <= WIRE_STREETS_MAX);
	for (uint32_t i = 0; i < d->n_streets; i++) {
		street_set(d, &(struct wire_street){d->streets[i].arc, 1000});
		arcs[n_arcs++] = d->streets[i].arc;
	}
	for (uint32_t i = 0, old = 0; i < n; i++) {
		assert(streets[i].arc < d->town->road.n_arcs);
		street_set(d, &streets[i]);
		while (old < d->n_streets && d->streets[old].arc < streets[i].arc)
			old++;
		if (old == d->n_streets || d->streets[old].arc != streets[i].arc)
			arcs[n_arcs++] = streets[i].arc;
	}
	if (n)
		memcpy(d->streets, streets, n * sizeof *streets);
	d->n_streets = n;
	for (uint32_t m = 0; m < d->n_metrics && m < METRICS_MAX; m++)
		metric_update(d, m, arcs, n_arcs);
	rows_forget(d);
}

void distance_profiles(struct distance *d, uint32_t profiles, uint32_t slowest)
{
	const size_t n = d->town->road.n_arcs;
	if (!d->own_usual)
		return;
	uint32_t n_changed = slowest == d->slowest ? d->town->n_classes : d->n_metrics;
	d->slowest = slowest;
	for (uint32_t m = 0; m < n_changed; m++) {
		usual_set(d, m, m < d->town->n_classes ? profiles : slowest);
		memcpy(d->times + m * n, d->usual + m * n, n * sizeof *d->times);
	}
	for (uint32_t i = 0; i < d->n_streets; i++)
		street_set(d, &d->streets[i]);
	for (uint32_t m = 0; m < n_changed && m < METRICS_MAX; m++)
		metric_update(d, m, NULL, 0);
	rows_forget(d);
}

uint32_t distance_slowest(const struct distance *d, uint32_t class_index)
{
	return d->own_usual ? class_index + d->town->n_classes : class_index;
}

/* As the town file has it. */
static uint32_t road_ms(const struct distance *d, uint32_t metric, uint32_t arc)
{
	return d->town->road.time_ms[(size_t)class_of(d, metric) * d->town->road.n_arcs + arc];
}

uint32_t distance_usual_ms(const struct distance *d, uint32_t class_index, uint32_t arc)
{
	uint32_t usual = d->usual[(size_t)class_index * d->town->road.n_arcs + arc];
	return usual != TIME_INFINITE ? usual : road_ms(d, class_index, arc);
}

int distance_is_open(const struct distance *d, uint32_t class_index, struct spot spot)
{
	return spot.arc != NONE && d->times[(size_t)class_index * d->town->road.n_arcs + spot.arc] != TIME_INFINITE;
}

/* On a street that is closed now but was not in the town file. */
static int is_caught(const struct distance *d, uint32_t class_index, struct spot spot)
{
	return (d->n_streets || d->own_usual) && spot.arc != NONE && !distance_is_open(d, class_index, spot) &&
	       road_ms(d, class_index, spot.arc) != TIME_INFINITE;
}

/* Leaves the closed street: a plain search in which that one is open. */
static int leave(struct distance *d, uint32_t class_index, struct spot from, struct spot to,
		 struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most)
{
	size_t at = (size_t)class_index * d->town->road.n_arcs + from.arc;
	struct route_metric plain = {class_of(d, class_index), d->metrics[class_index].time_ms, NULL};
	int code = ERR_OK;
	d->times[at] = distance_usual_ms(d, class_index, from.arc);
	if (ret_arcs)
		code = route_path(d->query, &plain, from, to, ret_result, ret_arcs, ret_n, most);
	else
		*ret_result = route_one(d->query, &plain, from, to);
	d->times[at] = TIME_INFINITE;
	return code;
}

static struct route_result leave_to(struct distance *d, uint32_t class_index, struct spot from, struct spot to)
{
	struct route_result result;
	leave(d, class_index, from, to, &result, NULL, NULL, 0);
	return result;
}

uint32_t distance_part_ms(const struct distance *d, uint32_t class_index, uint32_t arc, uint32_t part_mm)
{
	const struct network *road = &d->town->road;
	size_t at = (size_t)class_index * road->n_arcs + arc;
	uint32_t time = d->times[at] == TIME_INFINITE ? distance_usual_ms(d, class_index, arc) : d->times[at];
	return network_share_ms(time, road->dist_mm[arc], part_mm);
}

static int same_spot(const struct place *a, const struct place *b)
{
	return a->road.arc == b->road.arc && a->road.offset_mm == b->road.offset_mm;
}

struct route_result distance_between(struct distance *d, uint32_t class_index, const struct place *from,
				     const struct place *to)
{
	if (from->road.arc == NONE || to->road.arc == NONE)
		return (struct route_result){TIME_INFINITE, TIME_INFINITE};
	if (same_spot(from, to))
		return (struct route_result){0, 0};
	if (is_caught(d, class_index, from->road))
		return leave_to(d, class_index, from->road, to->road);
	uint32_t a = stop_of(d, class_index, from), b = stop_of(d, class_index, to);
	if (a != NONE && b != NONE)
		return row(d, class_index, a)[b];
	return route_one(d->query, &d->metrics[class_index], from->road, to->road);
}

void distance_gather(struct distance *d, uint32_t class_index, const struct place *const *from, uint32_t n,
		     const struct place *to, struct route_result *ret_results)
{
	uint32_t goal = stop_of(d, class_index, to), left = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t stop = from[i] ? stop_of(d, class_index, from[i]) : NONE;
		if (!from[i])
			continue;
		if (same_spot(from[i], to))
			ret_results[i] = (struct route_result){0, 0};
		else if (from[i]->road.arc == NONE || to->road.arc == NONE)
			ret_results[i] = (struct route_result){TIME_INFINITE, TIME_INFINITE};
		else if (is_caught(d, class_index, from[i]->road))
			ret_results[i] = leave_to(d, class_index, from[i]->road, to->road);
		else if (stop != NONE && goal != NONE)
			ret_results[i] = row(d, class_index, stop)[goal];
	}
	for (uint32_t i = 0; i < n; i++) { /* after the rows: they share the scratch */
		if (!from[i] || same_spot(from[i], to) || from[i]->road.arc == NONE || to->road.arc == NONE ||
		    is_caught(d, class_index, from[i]->road) ||
		    (goal != NONE && stop_of(d, class_index, from[i]) != NONE))
			continue;
		d->where[left] = i;
		d->spots[left++] = from[i]->road;
	}
	if (left)
		route_from_many(d->query, &d->metrics[class_index], d->spots, left, to->road, d->found);
	for (uint32_t i = 0; i < left; i++)
		ret_results[d->where[i]] = d->found[i];
}

/* Searches from those places that are stops, or those that are not, to the goals named: each place climbs the hierarchy
 * once, however many there are at the other side. */
static void matrix_part(struct distance *d, uint32_t class_index, const struct place *const *from, uint32_t n,
			int from_stops, const struct place *to, uint32_t m, const uint32_t *which, uint32_t n_which,
			struct route_result *ret_results)
{
	struct spot goals[GOALS_MOST];
	uint32_t left = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct spot spot = from[i] ? from[i]->road : (struct spot){NONE, 0};
		if (spot.arc == NONE || is_caught(d, class_index, spot) ||
		    (stop_of(d, class_index, from[i]) != NONE) != from_stops)
			continue;
		d->where[left] = i;
		d->spots[left++] = spot;
	}
	for (uint32_t g = 0; g < n_which; g++)
		goals[g] = to[which[g]].road;
	if (left && n_which)
		route_matrix(d->query, &d->metrics[class_index], d->spots, left, goals, n_which, d->found);
	for (uint32_t i = 0; i < left; i++)
		for (uint32_t g = 0; g < n_which; g++)
			if (!same_spot(from[d->where[i]], &to[which[g]]))
				ret_results[(size_t)d->where[i] * m + which[g]] = d->found[(size_t)i * n_which + g];
}

void distance_matrix(struct distance *d, uint32_t class_index, const struct place *const *from, uint32_t n,
		     const struct place *to, uint32_t m, struct route_result *ret_results)
{
	uint32_t all[GOALS_MOST], doors[GOALS_MOST], n_all = 0, n_doors = 0;
	assert((uint64_t)n * m <= d->n_most && m <= GOALS_MOST);
	for (uint32_t k = 0; k < m; k++) {
		if (to[k].road.arc == NONE)
			continue;
		all[n_all++] = k;
		if (stop_of(d, class_index, &to[k]) == NONE)
			doors[n_doors++] = k;
	}
	for (uint32_t i = 0; i < n; i++) {
		const int is_stop = from[i] && stop_of(d, class_index, from[i]) != NONE,
			  caught = from[i] && is_caught(d, class_index, from[i]->road);
		for (uint32_t k = 0; from[i] && k < m; k++) {
			struct route_result *result = &ret_results[(size_t)i * m + k];
			if (caught || same_spot(from[i], &to[k]) ||
			    (is_stop && stop_of(d, class_index, &to[k]) != NONE))
				*result = distance_between(d, class_index, from[i], &to[k]);
			else
				*result = (struct route_result){TIME_INFINITE, TIME_INFINITE};
		}
	}
	matrix_part(d, class_index, from, n, 0, to, m, all, n_all, ret_results);
	matrix_part(d, class_index, from, n, 1, to, m, doors, n_doors, ret_results);
}

void distance_scatter(struct distance *d, uint32_t class_index, const struct place *from, const struct place *const *to,
		      uint32_t n, struct route_result *ret_results)
{
	int caught = is_caught(d, class_index, from->road);
	uint32_t origin = caught ? NONE : stop_of(d, class_index, from), left = 0;
	const struct route_result *known = origin == NONE ? NULL : row(d, class_index, origin);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t stop = known && to[i] ? stop_of(d, class_index, to[i]) : NONE;
		if (!to[i])
			continue;
		if (same_spot(to[i], from)) {
			ret_results[i] = (struct route_result){0, 0};
		} else if (to[i]->road.arc == NONE || from->road.arc == NONE) {
			ret_results[i] = (struct route_result){TIME_INFINITE, TIME_INFINITE};
		} else if (caught) {
			ret_results[i] = leave_to(d, class_index, from->road, to[i]->road);
		} else if (stop != NONE) {
			ret_results[i] = known[stop];
		} else {
			d->where[left] = i;
			d->spots[left++] = to[i]->road;
		}
	}
	if (left)
		route_to_many(d->query, &d->metrics[class_index], from->road, d->spots, left, d->found);
	for (uint32_t i = 0; i < left; i++)
		ret_results[d->where[i]] = d->found[i];
}

/* From any spot to all stops at once, whose half of the search is kept. */
void distance_fan(struct distance *d, uint32_t class_index, const struct place *from, const struct place *const *to,
		  uint32_t n, struct route_result *ret_results)
{
	const struct place **others = d->fan;
	if (!d->pins[class_index] || from->road.arc == NONE || is_caught(d, class_index, from->road) ||
	    stop_of(d, class_index, from) != NONE) {
		distance_scatter(d, class_index, from, to, n, ret_results);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		others[i] = to[i] && stop_of(d, class_index, to[i]) == NONE ? to[i] : NULL;
	distance_scatter(d, class_index, from, others, n, ret_results);
	route_pins_query(d->pins[class_index], d->query, from->road, d->found);
	for (uint32_t i = 0; i < n; i++)
		if (to[i] && !others[i])
			ret_results[i] = same_spot(to[i], from) ? (struct route_result){0, 0}
								: d->found[stop_of(d, class_index, to[i])];
}

uint32_t distance_stop(const struct distance *d, uint32_t class_index, const struct place *place)
{
	if (d->n_rows < (uint64_t)d->n_metrics * d->town->n_stops || is_caught(d, class_index, place->road))
		return NONE;
	return stop_of(d, class_index, place);
}

int distance_is_caught(const struct distance *d, uint32_t class_index, const struct place *place)
{
	return is_caught(d, class_index, place->road);
}

const struct route_result *distance_row(struct distance *d, uint32_t class_index, uint32_t stop)
{
	return row(d, class_index, stop);
}

int distance_path(struct distance *d, uint32_t class_index, struct spot from, struct spot to,
		  struct route_result *ret_result, uint32_t *ret_arcs, uint32_t *ret_n, uint32_t most)
{
	if (is_caught(d, class_index, from))
		return leave(d, class_index, from, to, ret_result, ret_arcs, ret_n, most);
	return route_path(d->query, &d->metrics[class_index], from, to, ret_result, ret_arcs, ret_n, most);
}
