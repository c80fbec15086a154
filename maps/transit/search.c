/* RAPTOR (Delling, Pajor, Werneck 2015), algorithm 1, with these differences: patterns are scanned once per service
 * day; runs with live delays are scanned singly; a change may take time, so that each stop has an arrival and a time
 * when the next ride can be boarded there. */
#include "transit_model.h"

#include <string.h>

struct search {
	struct transit *transit;
	const struct timetable *timetable;
	struct label *now, *before; /* this round's and the last round's labels */
	uint32_t first_day, last_day;
	uint32_t n_queue;
	instant_ms target; /* the best arrival so far */
	int any;	   /* something was improved in this round */
};

static uint32_t n_stops_of(const struct search *search)
{
	return search->timetable->n_stops;
}

/* ---- a round: rides ---- */

static void arrive(struct search *search, uint32_t stop, instant_ms at, uint32_t board, uint32_t alight, uint32_t day)
{
	struct transit *transit = search->transit;
	if (at >= transit->best[stop] || at >= search->target)
		return;
	transit->best[stop] = at;
	if (transit->is_target[stop])
		search->target = at;
	struct label *label = &search->now[stop];
	label->arrives = at;
	label->board_event = board;
	label->alight_event = alight;
	label->day = day;
	search->any = 1;
}

/* The first trip of the pattern from `low` to before `high` that leaves position `position` at or after `ready`; NONE.
 */
static uint32_t earliest(const struct search *search, uint32_t position, uint32_t low, uint32_t high, uint32_t day,
			 instant_ms ready)
{
	const struct timetable *timetable = search->timetable;
	const struct transit *transit = search->transit;
	instant_ms start = timetable->day_start[day];
	uint32_t end = high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t event = timetable->trip_first[transit->pattern_trip[middle]] + position;
		if (start + timetable->time_departure_s[event] * SECOND_MS < ready)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < end; low++)
		if (timetable_runs(timetable, transit->pattern_trip[low], day) &&
		    !run_is_live(transit, transit->pattern_trip[low], day))
			return low;
	return NONE;
}

static void scan_pattern(struct search *search, uint32_t pattern, uint32_t day)
{
	const struct timetable *timetable = search->timetable;
	const struct transit *transit = search->transit;
	uint32_t first = transit->pattern_first[pattern], end = transit->pattern_first[pattern + 1];
	uint32_t example = timetable->trip_first[transit->pattern_trip[first]];
	uint32_t length = timetable->trip_first[transit->pattern_trip[first] + 1] - example;
	uint32_t current = NONE, board = NONE;
	for (uint32_t position = transit->pattern_from[pattern]; position < length; position++) {
		uint32_t stop = timetable->time_stop[example + position];
		if (current != NONE && timetable->time_dropoff[example + position] != 1) {
			uint32_t event = timetable->trip_first[transit->pattern_trip[current]] + position;
			arrive(search, stop, timetable->day_start[day] + timetable->time_arrival_s[event] * SECOND_MS,
			       board, event, day);
		}
		instant_ms ready = search->before[stop].ready;
		if (ready == INSTANT_LATE || timetable->time_pickup[example + position] == 1)
			continue;
		uint32_t found = earliest(search, position, first, current == NONE ? end : current, day, ready);
		if (found == NONE)
			continue;
		current = found;
		board = timetable->trip_first[transit->pattern_trip[found]] + position;
	}
}

/* One run with live times: boarded where it first can be. */
static void scan_live(struct search *search, uint32_t trip, uint32_t day)
{
	const struct timetable *timetable = search->timetable;
	struct live_run run;
	uint32_t board = NONE;
	if (!live_run_open(&run, search->transit, trip, day))
		return;
	for (uint32_t event = timetable->trip_first[trip]; event < timetable->trip_first[trip + 1]; event++) {
		instant_ms arrival, departure;
		uint32_t stop = timetable->time_stop[event];
		if (!live_run_next(&run, event, &arrival, &departure))
			continue;
		if (board != NONE && timetable->time_dropoff[event] != 1)
			arrive(search, stop, arrival, board, event, day);
		if (board == NONE && timetable->time_pickup[event] != 1 && search->before[stop].ready <= departure)
			board = event;
	}
}

static void scan_lives(struct search *search)
{
	const struct transit *transit = search->transit;
	for (uint32_t i = 0; i < transit->n_delays; i++) {
		const struct delay *delay = &transit->delays[i];
		if (i > 0 && delay->trip == transit->delays[i - 1].trip && delay->day == transit->delays[i - 1].day)
			continue;
		if (delay->day <= search->last_day)
			scan_live(search, delay->trip, delay->day);
	}
}

/* ---- a round: changes ---- */

static void enqueue(struct search *search, uint32_t stop)
{
	struct transit *transit = search->transit;
	for (uint32_t i = transit->stop_pattern_first[stop]; i < transit->stop_pattern_first[stop + 1]; i++) {
		uint32_t pattern = transit->stop_pattern[i];
		if (transit->pattern_from[pattern] == NONE)
			transit->queue[search->n_queue++] = pattern;
		if (transit->stop_position[i] < transit->pattern_from[pattern])
			transit->pattern_from[pattern] = transit->stop_position[i];
	}
}

static void become_ready(struct search *search, uint32_t stop, instant_ms at, uint32_t from)
{
	struct transit *transit = search->transit;
	if (at >= transit->best_ready[stop] || at >= search->target)
		return;
	transit->best_ready[stop] = at;
	if (transit->is_target[stop] && from != stop)
		search->target = at;
	search->now[stop].ready = at;
	search->now[stop].walked_from = from;
}

/* From every stop reached by a ride in this round (in round 0: where one is) to where the next can be boarded. */
static void change(struct search *search, int start)
{
	struct transit *transit = search->transit;
	for (uint32_t stop = 0; stop < n_stops_of(search); stop++) {
		instant_ms at = search->now[stop].arrives;
		if (at == INSTANT_LATE)
			continue;
		uint32_t self_s = start ? 0 : transit->self_s[stop];
		if (self_s != NONE)
			become_ready(search, stop, at + self_s * SECOND_MS, stop);
		for (uint32_t i = transit->walk_first[stop]; i < transit->walk_first[stop + 1]; i++)
			become_ready(search, transit->walks[i].to, at + transit->walks[i].seconds * SECOND_MS, stop);
	}
	for (uint32_t stop = 0; stop < n_stops_of(search); stop++)
		if (search->now[stop].ready != INSTANT_LATE)
			enqueue(search, stop);
}

/* ---- the search ---- */

static struct label *round_labels(const struct search *search, uint32_t round)
{
	struct label *labels = search->transit->labels + (size_t)round * n_stops_of(search);
	for (uint32_t stop = 0; stop < n_stops_of(search); stop++)
		labels[stop] = (struct label){INSTANT_LATE, INSTANT_LATE, NONE, NONE, NONE, NONE};
	return labels;
}

static void ride(struct search *search)
{
	struct transit *transit = search->transit;
	for (uint32_t i = 0; i < search->n_queue; i++)
		for (uint32_t day = search->first_day; day <= search->last_day; day++)
			scan_pattern(search, transit->queue[i], day);
	for (uint32_t i = 0; i < search->n_queue; i++)
		transit->pattern_from[transit->queue[i]] = NONE;
	search->n_queue = 0;
	scan_lives(search);
}

/* The target stop of a round and whether it was reached on foot; NONE when this round brought nothing better. */
static uint32_t reached(const struct search *search, uint32_t round, instant_ms than, int *ret_on_foot)
{
	uint32_t best = NONE;
	for (uint32_t stop = 0; stop < n_stops_of(search); stop++) {
		const struct label *label = &search->now[stop];
		if (!search->transit->is_target[stop])
			continue;
		if (round > 0 && label->arrives < than) {
			than = label->arrives;
			best = stop;
			*ret_on_foot = 0;
		}
		if (label->walked_from != NONE && label->walked_from != stop && label->ready < than) {
			than = label->ready;
			best = stop;
			*ret_on_foot = 1;
		}
	}
	return best;
}

static void push_front(struct transit_journey *journey, const struct transit_leg *leg)
{
	memmove(journey->legs + 1, journey->legs, journey->n_legs * sizeof *journey->legs);
	journey->legs[0] = *leg;
	journey->n_legs++;
}

static void push_walk(struct transit_journey *journey, const struct search *search, uint32_t from, uint32_t to,
		      instant_ms departs)
{
	instant_ms takes = transit_walk_s(search->transit, from, to) * SECOND_MS;
	struct transit_leg leg = {NONE, NONE, NONE, from, to, departs, departs + takes, NONE};
	push_front(journey, &leg);
}

/* Back from the target, round by round. A first walk is moved to end when the first ride leaves. */
static void trace(const struct search *search, uint32_t round, uint32_t stop, int on_foot,
		  struct transit_journey *journey)
{
	const struct timetable *timetable = search->timetable;
	const struct label *labels = search->transit->labels;
	size_t n = n_stops_of(search);
	journey->n_legs = 0;
	if (on_foot) {
		uint32_t from = labels[round * n + stop].walked_from;
		push_walk(journey, search, from, stop, labels[round * n + from].arrives);
		stop = from;
	}
	for (; round > 0; round--) {
		const struct label *label = &labels[round * n + stop];
		instant_ms arrival, departure;
		transit_times(search->transit, label->board_event, label->day, &arrival, &departure);
		uint32_t board_stop = timetable->time_stop[label->board_event];
		struct transit_leg leg = {timetable->event_trip[label->board_event],
					  label->board_event,
					  label->alight_event,
					  board_stop,
					  stop,
					  departure,
					  label->arrives,
					  label->day};
		push_front(journey, &leg);
		uint32_t from = labels[(round - 1) * n + board_stop].walked_from;
		if (from != board_stop) {
			instant_ms takes = transit_walk_s(search->transit, from, board_stop) * SECOND_MS;
			instant_ms leaves = round == 1 ? departure - takes : labels[(round - 1) * n + from].arrives;
			push_walk(journey, search, from, board_stop, leaves);
		}
		stop = from;
	}
	journey->departs = journey->legs[0].departs;
	journey->arrives = journey->legs[journey->n_legs - 1].arrives;
}

static void search_open(struct search *search, struct transit *transit, uint32_t from_stop, uint32_t to_stop,
			instant_ms depart)
{
	const struct timetable *timetable = &transit->town->timetable;
	uint32_t today = day_at(timetable, depart), first = day_at(timetable, depart - transit->latest_s * SECOND_MS);
	*search = (struct search){.transit = transit, .timetable = timetable, .target = INSTANT_LATE};
	search->first_day = first == NONE ? 0 : first;
	search->last_day = today + 1 < timetable->n_days ? today + 1 : today;
	search->now = round_labels(search, 0);
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++) {
		transit->best[stop] = transit->best_ready[stop] = INSTANT_LATE;
		transit->is_target[stop] = transit->station[stop] == transit->station[to_stop];
		if (transit->station[stop] == transit->station[from_stop])
			search->now[stop].arrives = transit->best[stop] = depart;
	}
	change(search, 1);
}

uint32_t transit_search(struct transit *transit, uint32_t from_stop, uint32_t to_stop, instant_ms depart,
			struct transit_journey *ret_journeys, uint32_t most)
{
	const struct timetable *timetable = &transit->town->timetable;
	struct search search;
	uint32_t n = 0;
	instant_ms best = INSTANT_LATE;
	if (from_stop >= timetable->n_stops || to_stop >= timetable->n_stops ||
	    transit->station[from_stop] == transit->station[to_stop] || day_at(timetable, depart) == NONE)
		return 0;
	search_open(&search, transit, from_stop, to_stop, depart);
	for (uint32_t round = 0;; round++) {
		int on_foot = 0;
		uint32_t stop = reached(&search, round, best, &on_foot);
		if (stop != NONE) {
			best = search.target;
			if (n < most)
				trace(&search, round, stop, on_foot, &ret_journeys[n++]);
		}
		if (round + 1 == ROUNDS || (round > 0 && !search.any))
			break;
		search.before = search.now;
		search.now = round_labels(&search, round + 1);
		search.any = 0;
		ride(&search);
		change(&search, 0);
	}
	for (uint32_t i = 0; i < search.n_queue; i++)
		transit->pattern_from[transit->queue[i]] = NONE;
	return n;
}
