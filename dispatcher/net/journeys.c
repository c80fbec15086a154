#include "journeys.h"

#include <string.h>

#define WALKS_MAX 64 /* stops looked at on foot, the nearest by air */
#define NEAR_MAX 24  /* stops looked at by shuttle: the nearest by air, */
#define BUSY_MAX 8   /* and the busiest */
#define WAYS_MAX 512 /* to stops and their platforms */
#define MEET_MAX 8   /* stops where a shuttle may be met */
#define FOUND_MAX 64 /* before the lesser ones are left out */
#define ROUNDS_MAX 3 /* departures one after the other */
#define LOOK_BACK_MS (4 * HOUR_MS)
#define STEP_MS (4 * MINUTE_MS)
#define TRIES_MAX 32 /* from a departure that is early enough to the latest one */
#define DOOR_AWAY_MM 30000

/* A way between a place and a stop of the timetable. */
struct way {
	uint32_t transit_stop, seconds;
	uint32_t stop;	    /* virtual stop of the shuttle, NONE = on foot */
	uint32_t mm;	    /* walked, or driven by the shuttle */
	uint32_t tied_stop; /* where the shuttle's stop is a stop of the timetable */
};
/* One end of the journey: the place, where a shuttle is met, and all ways. */
struct end_side {
	const struct core *core;
	const struct transit *transit;
	struct place place, meet;
	uint32_t meet_mm, meet_s; /* walked to the shuttle; meet.road NONE = no shuttle */
	int is_end;
	struct way walks[WALKS_MAX], drives[WAYS_MAX];
	uint32_t n_walks, n_drives;
};
struct finder {
	const struct core *core;
	struct transit *transit;
	const struct journey_ask *ask;
	struct end_side from, to;
	struct transit_end from_ends[WALKS_MAX + WAYS_MAX], to_ends[WALKS_MAX + WAYS_MAX];
	uint32_t n_from, n_to;
	struct journey found[FOUND_MAX];
	uint32_t n_found;
};

static uint32_t walk_s(const struct town *town, uint32_t mm)
{
	uint32_t pace = town->rules.walk_mm_per_s ? town->rules.walk_mm_per_s : 1300;
	return (mm + pace - 1) / pace;
}

/* ---- nearest first ---- */

struct near {
	uint32_t index;
	uint64_t rank; /* less is better */
};

static uint32_t keep(struct near *near, uint32_t n, uint32_t most, uint32_t index, uint64_t rank)
{
	if (n == most && rank >= near[n - 1].rank)
		return n;
	uint32_t at = n < most ? n++ : n - 1;
	for (; at > 0 && near[at - 1].rank > rank; at--)
		near[at] = near[at - 1];
	near[at] = (struct near){index, rank};
	return n;
}

/* Distances by air are rough; what counts is the way on foot. */
static uint64_t within(uint32_t most_mm)
{
	return (uint64_t)most_mm + most_mm / 64;
}

/* ---- on foot ---- */

static int is_served(const struct timetable *timetable, uint32_t stop)
{
	return timetable->stop_first[stop + 1] > timetable->stop_first[stop];
}

static void find_walks(struct end_side *side, uint32_t most_mm)
{
	const struct town *town = core_town(side->core);
	const struct timetable *timetable = &town->timetable;
	struct near near[WALKS_MAX];
	struct place places[WALKS_MAX];
	uint32_t mm[WALKS_MAX], n = 0;
	for (uint32_t stop = 0; stop < timetable->n_stops; stop++) {
		uint64_t away = geo_rough_mm(side->place.point, timetable->stop_point[stop]);
		if (away <= within(most_mm) && is_served(timetable, stop) && timetable->stop_walk[stop].arc != NONE)
			n = keep(near, n, WALKS_MAX, stop, away);
	}
	for (uint32_t i = 0; i < n; i++)
		places[i] = (struct place){.point = timetable->stop_point[near[i].index],
					   .walk = timetable->stop_walk[near[i].index]};
	core_walks(side->core, &side->place, places, n, side->is_end, mm);
	for (uint32_t i = 0; i < n; i++)
		if (mm[i] <= most_mm)
			side->walks[side->n_walks++] =
				(struct way){near[i].index, walk_s(town, mm[i]), NONE, mm[i], NONE};
}

/* ---- by shuttle ---- */

/* At the door, or at the virtual stop that is nearest on foot. */
static void find_meeting(struct end_side *side, uint32_t most_mm)
{
	const struct town *town = core_town(side->core);
	struct near near[MEET_MAX];
	struct place places[MEET_MAX];
	uint32_t mm[MEET_MAX], n = 0;
	side->meet.road.arc = NONE;
	if (!town_in_area(town, side->place.point))
		return;
	if (side->place.stop != NONE) {
		side->meet = core_stop_place(side->core, side->place.stop);
		return;
	}
	if ((town->rules.door_to_door || most_mm == 0) && side->place.road.arc != NONE &&
	    side->place.road_away_mm <= DOOR_AWAY_MM) {
		side->meet = side->place;
		return;
	}
	for (uint32_t stop = 0; stop < town->n_stops; stop++) {
		uint64_t away = geo_rough_mm(side->place.point, town->stop_point[stop]);
		if (away <= within(most_mm))
			n = keep(near, n, MEET_MAX, stop, away);
	}
	for (uint32_t i = 0; i < n; i++)
		places[i] = core_stop_place(side->core, near[i].index);
	core_walks(side->core, &side->place, places, n, side->is_end, mm);
	for (uint32_t i = 0; i < n; i++) {
		if (mm[i] > most_mm || places[i].road.arc == NONE ||
		    (side->meet.road.arc != NONE && mm[i] >= side->meet_mm))
			continue;
		side->meet = places[i];
		side->meet_mm = mm[i];
		side->meet_s = walk_s(town, mm[i]);
	}
}

/* Doors twice, the window a pickup is promised in, the road. */
static uint32_t shuttle_s(const struct core *core, uint32_t drive_ms)
{
	return (drive_ms + core_window_ms(core) + 2 * core_town(core)->rules.stop_ms + 999) / 1000;
}

static uint32_t transfer_s(const struct core *core)
{
	return (core_town(core)->rules.transfer_ms + 999) / 1000;
}

static void add_drive(struct end_side *side, uint32_t stop, uint32_t drive_ms, uint32_t mm)
{
	const struct town *town = core_town(side->core);
	struct transit_end platforms[WAYS_MAX];
	uint32_t seconds = side->meet_s + shuttle_s(side->core, drive_ms) + transfer_s(side->core);
	uint32_t n = transit_station(side->transit, town->stop_transit[stop], platforms, WAYS_MAX);
	for (uint32_t i = 0; i < n && i < WAYS_MAX && side->n_drives < WAYS_MAX; i++)
		if (is_served(&town->timetable, platforms[i].stop))
			side->drives[side->n_drives++] =
				(struct way){platforms[i].stop, seconds, stop, mm, town->stop_transit[stop]};
}

static void find_drives(struct end_side *side)
{
	const struct town *town = core_town(side->core);
	const struct timetable *timetable = &town->timetable;
	struct near near[NEAR_MAX], busy[BUSY_MAX];
	struct place places[NEAR_MAX + BUSY_MAX];
	uint32_t ms[NEAR_MAX + BUSY_MAX], mm[NEAR_MAX + BUSY_MAX], n = 0, n_busy = 0;
	for (uint32_t stop = 0; stop < town->n_stops; stop++) {
		uint32_t transit_stop = town->stop_transit[stop];
		if (transit_stop == NONE || core_stop_place(side->core, stop).road.arc == NONE)
			continue;
		uint32_t calls = timetable->stop_first[transit_stop + 1] - timetable->stop_first[transit_stop];
		n = keep(near, n, NEAR_MAX, stop, geo_rough_mm(side->place.point, town->stop_point[stop]));
		n_busy = keep(busy, n_busy, BUSY_MAX, stop, UINT32_MAX - calls);
	}
	for (uint32_t i = 0; i < n; i++)
		places[i] = core_stop_place(side->core, near[i].index);
	for (uint32_t i = 0; i < n_busy; i++)
		places[n + i] = core_stop_place(side->core, busy[i].index);
	core_drives(side->core, &side->meet, places, n + n_busy, side->is_end, ms, mm);
	for (uint32_t i = 0; i < n + n_busy; i++)
		if (ms[i] != TIME_INFINITE)
			add_drive(side, places[i].stop, ms[i], mm[i]);
}

static void open_side(struct end_side *side, const struct finder *finder, const struct place *place, int is_end)
{
	*side = (struct end_side){.core = finder->core, .transit = finder->transit, .place = *place, .is_end = is_end};
	find_walks(side, finder->ask->walk_max_mm);
	find_meeting(side, finder->ask->walk_max_mm);
	if (side->meet.road.arc != NONE)
		find_drives(side);
}

/* ---- from ways to legs ---- */

static struct journey_place at_side(const struct end_side *side)
{
	return (struct journey_place){side->place.point, NONE, side->place.stop};
}

static struct journey_place at_stop(const struct town *town, uint32_t transit_stop)
{
	return (struct journey_place){town->timetable.stop_point[transit_stop], transit_stop, NONE};
}

static void push(struct journey *journey, const struct journey_leg *leg)
{
	if (leg->departs == leg->arrives && leg->mode == JOURNEY_WALK)
		return;
	journey->legs[journey->n_legs++] = *leg;
	journey->shuttles += leg->mode == JOURNEY_SHUTTLE;
}

/* What a shuttle leg is tied to: the ride beside it, when it is boarded or left at the shuttle's own stop. */
static void tie(const struct end_side *side, const struct way *way, const struct transit_leg *ride,
		struct journey_leg *leg)
{
	if (ride->trip == NONE || (side->is_end ? ride->to_stop : ride->from_stop) != way->transit_stop)
		return;
	leg->day = ride->day;
	if (side->is_end)
		leg->alight_event = ride->alight_event;
	else
		leg->board_event = ride->board_event;
}

static void push_shuttle(struct journey *journey, const struct end_side *side, const struct way *way,
			 const struct transit_leg *ride, instant_ms departs)
{
	const struct town *town = core_town(side->core);
	struct journey_place stop = {town->stop_point[way->stop], way->tied_stop, way->stop};
	struct journey_place meet = {side->meet.point, NONE, side->meet.stop};
	instant_ms walk_ms = side->meet_s * SECOND_MS, transfer_ms = transfer_s(side->core) * SECOND_MS;
	struct journey_leg walk = {JOURNEY_WALK, at_side(side), meet, 0, 0, side->meet_mm, NONE, NONE, NONE};
	struct journey_leg shuttle = {JOURNEY_SHUTTLE, meet, stop, 0, 0, way->mm, NONE, NONE, NONE};
	instant_ms arrives = departs + way->seconds * SECOND_MS;
	tie(side, way, ride, &shuttle);
	if (!side->is_end) {
		walk.departs = departs;
		walk.arrives = shuttle.departs = departs + walk_ms;
		shuttle.arrives = arrives - transfer_ms;
		push(journey, &walk);
		push(journey, &shuttle);
		return;
	}
	shuttle.from = stop;
	shuttle.to = walk.from = meet;
	walk.to = at_side(side);
	shuttle.departs = departs + transfer_ms;
	walk.arrives = arrives;
	shuttle.arrives = walk.departs = arrives - walk_ms;
	push(journey, &shuttle);
	push(journey, &walk);
}

static void push_way(struct journey *journey, const struct end_side *side, const struct way *way,
		     const struct transit_leg *ride, instant_ms departs)
{
	const struct town *town = core_town(side->core);
	struct journey_place stop = at_stop(town, way->transit_stop), place = at_side(side);
	if (way->stop != NONE) {
		push_shuttle(journey, side, way, ride, departs);
		return;
	}
	struct journey_leg leg = {JOURNEY_WALK,
				  side->is_end ? stop : place,
				  side->is_end ? place : stop,
				  departs,
				  departs + way->seconds * SECOND_MS,
				  way->mm,
				  NONE,
				  NONE,
				  NONE};
	push(journey, &leg);
}

static void push_rides(struct journey *journey, const struct town *town, const struct transit_journey *rides)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rides->n_legs; i++) {
		const struct transit_leg *ride = &rides->legs[i];
		struct journey_leg leg = {ride->trip == NONE ? JOURNEY_WALK : JOURNEY_RIDE,
					  at_stop(town, ride->from_stop),
					  at_stop(town, ride->to_stop),
					  ride->departs,
					  ride->arrives,
					  0,
					  ride->board_event,
					  ride->alight_event,
					  ride->day};
		n += ride->trip != NONE;
		push(journey, &leg);
	}
	journey->changes = n > 0 ? n - 1 : 0;
}

/* ---- what was found ---- */

/* Who may leave at ten does not mind leaving two minutes earlier to be there four minutes earlier; who must be there at
 * ten, being there two minutes early to leave four minutes later. */
static int is_as_good(const struct finder *finder, const struct journey *a, const struct journey *b)
{
	int times = finder->ask->arrive_by
			    ? a->departs >= b->departs && 2 * a->arrives - a->departs <= 2 * b->arrives - b->departs
			    : a->arrives <= b->arrives && 2 * a->departs - a->arrives >= 2 * b->departs - b->arrives;
	return times && a->changes <= b->changes && a->shuttles <= b->shuttles;
}

static void note(struct finder *finder, const struct journey *journey)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < finder->n_found; i++)
		if (is_as_good(finder, &finder->found[i], journey))
			return;
	for (uint32_t i = 0; i < finder->n_found; i++)
		if (!is_as_good(finder, journey, &finder->found[i]))
			finder->found[kept++] = finder->found[i];
	finder->n_found = kept;
	if (finder->n_found < FOUND_MAX)
		finder->found[finder->n_found++] = *journey;
}

static const struct way *way_at(const struct end_side *side, uint32_t index)
{
	return index < side->n_walks ? &side->walks[index] : &side->drives[index - side->n_walks];
}

static void note_rides(struct finder *finder, const struct transit_journey *rides)
{
	struct journey journey = {.departs = rides->departs, .arrives = rides->arrives};
	const struct transit_leg *last = &rides->legs[rides->n_legs - 1];
	push_way(&journey, &finder->from, way_at(&finder->from, rides->from), &rides->legs[0], rides->departs);
	push_rides(&journey, core_town(finder->core), rides);
	push_way(&journey, &finder->to, way_at(&finder->to, rides->to), last, last->arrives);
	note(finder, &journey);
}

static uint32_t fill_ends(const struct end_side *side, int with_shuttle, struct transit_end *ends)
{
	uint32_t n = side->n_walks + (with_shuttle ? side->n_drives : 0);
	for (uint32_t i = 0; i < n; i++)
		ends[i] = (struct transit_end){way_at(side, i)->transit_stop, way_at(side, i)->seconds};
	return n;
}

/* ---- searching ---- */

#define PARETO_MAX (TRANSIT_CHANGES_MAX + 2)

static uint32_t look(struct finder *finder, instant_ms depart, struct transit_journey *found)
{
	return transit_search(finder->transit, finder->from_ends, finder->n_from, finder->to_ends, finder->n_to, depart,
			      found, PARETO_MAX);
}

/* The earliest arrivals, and what leaves after those, and again. */
static void look_forward(struct finder *finder)
{
	instant_ms depart = finder->ask->at;
	for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
		struct transit_journey found[PARETO_MAX];
		uint32_t n = look(finder, depart, found);
		instant_ms first = INT64_MAX;
		for (uint32_t i = 0; i < n; i++) {
			note_rides(finder, &found[i]);
			first = found[i].departs < first ? found[i].departs : first;
		}
		if (n == 0)
			return;
		depart = first + SECOND_MS;
	}
}

static int arrives_in_time(struct finder *finder, instant_ms depart, uint32_t *ret_n, struct transit_journey *found)
{
	int in_time = 0;
	*ret_n = look(finder, depart, found);
	for (uint32_t i = 0; i < *ret_n; i++)
		in_time |= found[i].arrives <= finder->ask->at;
	return in_time;
}

/* Who leaves later never arrives earlier: the latest departure is found by halving, then step by step. */
static void look_backward(struct finder *finder)
{
	struct transit_journey found[PARETO_MAX];
	instant_ms low = finder->ask->at - LOOK_BACK_MS, high = finder->ask->at;
	uint32_t n;
	if (!arrives_in_time(finder, low, &n, found))
		return;
	while (high - low > STEP_MS) {
		instant_ms middle = low + (high - low) / 2;
		if (arrives_in_time(finder, middle, &n, found))
			low = middle;
		else
			high = middle;
	}
	for (uint32_t i = 0; i < TRIES_MAX && arrives_in_time(finder, low, &n, found); i++) {
		for (uint32_t k = 0; k < n; k++) {
			if (found[k].arrives > finder->ask->at)
				continue;
			note_rides(finder, &found[k]);
			low = found[k].departs + SECOND_MS > low ? found[k].departs + SECOND_MS : low;
		}
	}
}

/* ---- without public transport ---- */

static void note_direct(struct finder *finder, const struct journey *journey, uint32_t seconds)
{
	struct journey moved = *journey;
	instant_ms by = finder->ask->arrive_by ? finder->ask->at - seconds * SECOND_MS : finder->ask->at;
	moved.departs += by;
	moved.arrives += by;
	for (uint32_t i = 0; i < moved.n_legs; i++) {
		moved.legs[i].departs += by;
		moved.legs[i].arrives += by;
	}
	note(finder, &moved);
}

static void walk_only(struct finder *finder)
{
	uint32_t mm;
	core_walks(finder->core, &finder->from.place, &finder->to.place, 1, 0, &mm);
	if (mm == NONE || mm > 2 * finder->ask->walk_max_mm) /* as far as to a stop and from one */
		return;
	uint32_t seconds = walk_s(core_town(finder->core), mm);
	struct journey journey = {.arrives = seconds * SECOND_MS};
	push(&journey, &(struct journey_leg){JOURNEY_WALK, at_side(&finder->from), at_side(&finder->to), 0,
					     seconds * SECOND_MS, mm, NONE, NONE, NONE});
	if (journey.n_legs > 0)
		note_direct(finder, &journey, seconds);
}

static void shuttle_only(struct finder *finder)
{
	uint32_t ms, mm;
	const struct end_side *from = &finder->from, *to = &finder->to;
	if (from->meet.road.arc == NONE || to->meet.road.arc == NONE)
		return;
	core_drives(finder->core, &from->meet, &to->meet, 1, 0, &ms, &mm);
	if (ms == TIME_INFINITE || ms == 0)
		return;
	uint32_t drive_s = shuttle_s(finder->core, ms), seconds = from->meet_s + drive_s + to->meet_s;
	struct journey_place start = {from->meet.point, NONE, from->meet.stop},
			     end = {to->meet.point, NONE, to->meet.stop};
	struct journey journey = {.arrives = seconds * SECOND_MS};
	instant_ms pickup = from->meet_s * SECOND_MS, dropoff = pickup + drive_s * SECOND_MS;
	push(&journey,
	     &(struct journey_leg){JOURNEY_WALK, at_side(from), start, 0, pickup, from->meet_mm, NONE, NONE, NONE});
	push(&journey, &(struct journey_leg){JOURNEY_SHUTTLE, start, end, pickup, dropoff, mm, NONE, NONE, NONE});
	push(&journey, &(struct journey_leg){JOURNEY_WALK, end, at_side(to), dropoff, seconds * SECOND_MS, to->meet_mm,
					     NONE, NONE, NONE});
	note_direct(finder, &journey, seconds);
}

/* ---- all ---- */

static int precedes(const struct finder *finder, const struct journey *a, const struct journey *b)
{
	if (finder->ask->arrive_by && a->departs != b->departs)
		return a->departs > b->departs;
	if (a->arrives != b->arrives)
		return a->arrives < b->arrives;
	if (a->departs != b->departs)
		return a->departs > b->departs;
	return a->changes != b->changes ? a->changes < b->changes : a->shuttles < b->shuttles;
}

static void sort(struct finder *finder)
{
	for (uint32_t i = 1; i < finder->n_found; i++) {
		struct journey journey = finder->found[i];
		uint32_t at = i;
		for (; at > 0 && precedes(finder, &journey, &finder->found[at - 1]); at--)
			finder->found[at] = finder->found[at - 1];
		finder->found[at] = journey;
	}
}

uint32_t journeys_find(const struct core *core, struct transit *transit, const struct journey_ask *ask,
		       struct journey *ret_journeys, uint32_t most)
{
	struct finder finder = {.core = core, .transit = transit, .ask = ask};
	open_side(&finder.from, &finder, &ask->from, 0);
	open_side(&finder.to, &finder, &ask->to, 1);
	walk_only(&finder);
	shuttle_only(&finder);
	for (int shuttles = 0; shuttles < 4; shuttles++) { /* none, at the start, at the end, at both */
		int at_start = shuttles & 1, at_end = shuttles >> 1;
		if ((at_start && finder.from.n_drives == 0) || (at_end && finder.to.n_drives == 0))
			continue;
		finder.n_from = fill_ends(&finder.from, at_start, finder.from_ends);
		finder.n_to = fill_ends(&finder.to, at_end, finder.to_ends);
		if (finder.n_from > 0 && finder.n_to > 0 && ask->arrive_by)
			look_backward(&finder);
		else if (finder.n_from > 0 && finder.n_to > 0)
			look_forward(&finder);
	}
	sort(&finder);
	uint32_t n = finder.n_found < most ? finder.n_found : most;
	memcpy(ret_journeys, finder.found, n * sizeof *ret_journeys);
	return n;
}
