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

/* Being at a stop at an instant means being at the place behind it some time later; INSTANT_LATE when there is none. */
static instant_ms at_place(const struct transit *transit, uint32_t stop, instant_ms at)
{
	uint32_t end = transit->exit_end[stop];
	return end == NONE ? INSTANT_LATE : at + transit->to[end].seconds * SECOND_MS;
}

static void aim(struct search *search, instant_ms at)
{
	if (at < search->target)
		search->target = at;
}

/* ---- a round: rides ---- */

static void arrive(struct search *search, uint32_t stop, instant_ms at, uint32_t board, uint32_t alight, uint32_t day)
{
	struct transit *transit = search->transit;
	if (at >= transit->best[stop] || at >= search->target)
		return;
	transit->best[stop] = at;
	aim(search, at_place(transit, stop, at));
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
	if (from != stop)
		aim(search, at_place(transit, stop, at));
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

/* The last stop of this round's best journey and whether it was reached on foot; NONE when the round brought nothing
 * better. */
static uint32_t reached(const struct search *search, uint32_t round, instant_ms *best, int *ret_on_foot)
{
	const struct transit *transit = search->transit;
	uint32_t last = NONE;
	for (uint32_t stop = 0; stop < n_stops_of(search); stop++) {
		const struct label *label = &search->now[stop];
		if (transit->exit_end[stop] == NONE)
			continue;
		for (int on_foot = 0; on_foot <= 1; on_foot++) {
			instant_ms at = on_foot ? label->ready : label->arrives;
			int counts = on_foot ? label->walked_from != NONE && label->walked_from != stop : round > 0;
			if (!counts || at == INSTANT_LATE || at_place(transit, stop, at) >= *best)
				continue;
			*best = at_place(transit, stop, at);
			last = stop;
			*ret_on_foot = on_foot;
		}
	}
	return last;
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
	journey->to = search->transit->exit_end[stop];
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
	journey->from = search->transit->start_end[stop];
	journey->departs = journey->legs[0].departs - search->transit->from[journey->from].seconds * SECOND_MS;
	journey->arrives =
		journey->legs[journey->n_legs - 1].arrives + search->transit->to[journey->to].seconds * SECOND_MS;
}

/* Which end stands for a stop: the one with the shorter way. */
static void take_ends(uint32_t *end_of, uint32_t n_stops, const struct transit_end *ends, uint32_t n)
{
	memset(end_of, 0xFF, n_stops * sizeof *end_of);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t stop = ends[i].stop;
		if (stop < n_stops && (end_of[stop] == NONE || ends[i].seconds < ends[end_of[stop]].seconds))
			end_of[stop] = i;
	}
}

static void search_open(struct search *search, struct transit *transit, instant_ms depart)
{
	const struct timetable *timetable = &transit->town->timetable;
	uint32_t today = day_at(timetable, depart), first = day_at(timetable, depart - transit->latest_s * SECOND_MS);
	*search = (struct search){.transit = transit, .timetable = timetable, .target = INSTANT_LATE};
	search->first_day = first == NONE ? 0 : first;
	search->last_day = today + 1 < timetable->n_days ? today + 1 : today;
	search->now = round_labels(search, 0);
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++) {
		uint32_t end = transit->start_end[stop];
		transit->best[stop] = transit->best_ready[stop] = INSTANT_LATE;
		if (end != NONE)
			search->now[stop].arrives = transit->best[stop] =
				depart + transit->from[end].seconds * SECOND_MS;
	}
	change(search, 1);
}

static uint32_t search_rounds(struct search *search, struct transit_journey *ret_journeys, uint32_t most)
{
	uint32_t n = 0;
	instant_ms best = INSTANT_LATE;
	for (uint32_t round = 0;; round++) {
		int on_foot = 0;
		uint32_t stop = reached(search, round, &best, &on_foot);
		if (stop != NONE && n < most)
			trace(search, round, stop, on_foot, &ret_journeys[n++]);
		if (round + 1 == ROUNDS || (round > 0 && !search->any))
			break;
		search->before = search->now;
		search->now = round_labels(search, round + 1);
		search->any = 0;
		ride(search);
		change(search, 0);
	}
	for (uint32_t i = 0; i < search->n_queue; i++)
		search->transit->pattern_from[search->transit->queue[i]] = NONE;
	return n;
}

uint32_t transit_search(struct transit *transit, const struct transit_end *from, uint32_t n_from,
			const struct transit_end *to, uint32_t n_to, instant_ms depart,
			struct transit_journey *ret_journeys, uint32_t most)
{
	const struct timetable *timetable = &transit->town->timetable;
	struct search search;
	if (day_at(timetable, depart) == NONE)
		return 0;
	take_ends(transit->start_end, timetable->n_stops, from, n_from);
	take_ends(transit->exit_end, timetable->n_stops, to, n_to);
	transit->from = from;
	transit->to = to;
	search_open(&search, transit, depart);
	return search_rounds(&search, ret_journeys, most);
}

uint32_t transit_station(const struct transit *transit, uint32_t stop, struct transit_end *ret_ends, uint32_t most)
{
	uint32_t n = 0, n_stops = transit->town->timetable.n_stops;
	for (uint32_t other = 0; stop < n_stops && other < n_stops; other++) {
		if (transit->station[other] != transit->station[stop])
			continue;
		if (n < most)
			ret_ends[n] = (struct transit_end){other, 0};
		n++;
	}
	return n;
}
