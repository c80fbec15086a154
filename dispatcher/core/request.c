/* A request: checked, its ends found on foot, answered with offers; an offer accepted. */
#include "distance.h"
#include "insertion.h"
#include "state.h"

#define DOOR_AWAY_MM 30000 /* a road this near is "at the door" */
#define SAME_PLACE_MM 30000
#define NEAR_STOPS WALK_GOALS_MAX /* by air; the nearest of them on foot are tried */
#define SHIFT_MAX_MS 1800000	  /* a ride wished for a time is not offered later than this */
#define HINT_MS 14400000	  /* how far ahead "would work at" looks */
#define OFFER_STEP_MS 60000	  /* offers that differ by less are the same to a rider */
#define OFFER_STEP_MM 50000
#define OFFER_OTHER_MS 300000	/* an offer for another time differs by so much at least */
#define WALK_SHARE_PERMILLE 750 /* of the way on foot from door to door: who walks more has no use for a ride */
#define ADVICE_WALK_MM 1000000	/* the longest walk that is proposed to whoever was refused */

/* ---- ends ---- */

static struct spot mirror(const struct network *walk, struct spot spot)
{
	uint32_t back = walk->reverse_arc[spot.arc];
	if (back == NONE)
		return (struct spot){NONE, 0};
	return (struct spot){back, walk->dist_mm[spot.arc] - spot.offset_mm};
}

static void walk_search(const struct core *core, struct spot at, const struct spot *spots, uint32_t n, int from,
			struct route_result *ret)
{
	const struct route_metric foot = {0, core->town->walk.time_ms, core->walk_weights};
	if (from)
		route_from_many(core->walk_query, &foot, spots, n, at, ret);
	else
		route_to_many(core->walk_query, &foot, at, spots, n, ret);
}

/* Distances on foot between a place and n spots; people turn wherever they like, so both directions of a path count. */
void walk_distances(const struct core *core, struct spot at, const struct spot *spots, uint32_t n, int from,
		    uint32_t *ret_mm)
{
	const struct network *walk = &core->town->walk;
	struct spot goals[2 * WALK_GOALS_MAX];
	struct route_result results[2 * WALK_GOALS_MAX];
	uint32_t owner[2 * WALK_GOALS_MAX], m = 0;
	for (uint32_t i = 0; i < n; i++) {
		ret_mm[i] = NONE;
		struct spot both[2] = {spots[i], mirror(walk, spots[i])};
		for (uint32_t side = 0; side < 2; side++) {
			if (both[side].arc == NONE)
				continue;
			owner[m] = i;
			goals[m++] = both[side];
		}
	}
	struct spot starts[2] = {at, mirror(walk, at)};
	for (uint32_t side = 0; side < 2; side++) {
		if (starts[side].arc == NONE || !m)
			continue;
		walk_search(core, starts[side], goals, m, from, results);
		for (uint32_t i = 0; i < m; i++)
			if (results[i].time_ms != TIME_INFINITE && results[i].dist_mm < ret_mm[owner[i]])
				ret_mm[owner[i]] = results[i].dist_mm;
	}
}

static uint32_t walk_ms(const struct core *core, uint32_t mm)
{
	uint32_t speed = core->town->rules.walk_mm_per_s ? core->town->rules.walk_mm_per_s : 1300;
	return (uint32_t)((uint64_t)mm * 1000 / speed);
}

struct near_stop {
	uint32_t stop;
	uint32_t mm;
};

static int stop_has_road(const struct town *town, uint32_t stop)
{
	for (uint32_t c = 0; c < town->n_classes; c++)
		if (town->stop_spot[(size_t)c * town->n_stops + stop].arc != NONE)
			return 1;
	return 0;
}

/* The NEAR_STOPS nearest stops that a road leads to, by air within `most_mm`, nearest first. *ret_barred: some were
 * left out for steps. */
static uint32_t stops_near(const struct core *core, const struct place *place, uint32_t most_mm, int step_free,
			   struct near_stop *ret, int *ret_barred)
{
	const struct town *town = core->town;
	uint32_t n = 0;
	for (uint32_t s = 0; s < town->n_stops; s++) {
		if (!stop_has_road(town, s))
			continue;
		uint64_t mm = geo_rough_mm(place->point, town->stop_point[s]);
		if (mm > most_mm || (n == NEAR_STOPS && mm >= ret[n - 1].mm))
			continue;
		if (step_free && town->stop_step_free[s] != 1) {
			*ret_barred = 1;
			continue;
		}
		uint32_t at = n < NEAR_STOPS ? n++ : n - 1;
		for (; at > 0 && ret[at - 1].mm > mm; at--)
			ret[at] = ret[at - 1];
		ret[at] = (struct near_stop){s, (uint32_t)mm};
	}
	return n;
}

static void add_end(const struct core *core, const struct place *place, uint32_t mm, struct end_place *ends,
		    uint32_t *n)
{
	if (*n == ENDS_MAX && mm >= ends[*n - 1].walk_mm)
		return;
	uint32_t at = *n < ENDS_MAX ? (*n)++ : *n - 1;
	for (; at > 0 && ends[at - 1].walk_mm > mm; at--)
		ends[at] = ends[at - 1];
	ends[at] = (struct end_place){*place, mm, walk_ms(core, mm)};
}

struct place stop_place(const struct core *core, uint32_t stop)
{
	const struct town *town = core->town;
	struct place place = {.point = town->stop_point[stop], .stop = stop, .side = town->stop_side[stop]};
	place.walk = town->stop_walk[stop];
	place.road = (struct spot){NONE, 0};
	for (uint32_t c = town->n_classes; c-- > 0;)
		if (town->stop_spot[(size_t)c * town->n_stops + stop].arc != NONE)
			place.road = town->stop_spot[(size_t)c * town->n_stops + stop];
	return place;
}

static void stop_ends(const struct core *core, const struct place *place, uint32_t most_mm, int step_free, int from,
		      struct end_place *ends, uint32_t *n, int *ret_barred)
{
	struct near_stop near[NEAR_STOPS];
	struct spot spots[NEAR_STOPS];
	uint32_t mm[NEAR_STOPS], which[NEAR_STOPS], m = 0;
	const int no_paths = core->town->walk.n_arcs == 0;
	uint32_t reach = most_mm > SAME_PLACE_MM ? most_mm : SAME_PLACE_MM;
	uint32_t n_near = stops_near(core, place, reach, step_free, near, ret_barred);
	for (uint32_t i = 0; i < n_near; i++) {
		struct place stop = stop_place(core, near[i].stop);
		if (most_mm == 0 ||
		    no_paths) { /* at the stop already, or a town without footpaths: by air and a quarter */
			uint32_t air = most_mm == 0 ? 0 : near[i].mm + near[i].mm / 4;
			if (air <= most_mm)
				add_end(core, &stop, air, ends, n);
		} else if (stop.walk.arc != NONE && place->walk.arc != NONE) {
			which[m] = i;
			spots[m++] = stop.walk;
		}
	}
	if (!m)
		return;
	/* from the ride's start people walk to the stop; at its end from the stop */
	walk_distances(core, place->walk, spots, m, !from, mm);
	for (uint32_t k = 0; k < m; k++) {
		struct place stop = stop_place(core, near[which[k]].stop);
		if (mm[k] <= most_mm)
			add_end(core, &stop, mm[k], ends, n);
	}
}

/* Places where the vehicle may meet (from != 0) or leave the rider, nearest first; 0, or why there is none. */
static uint8_t ends_find(const struct core *core, const struct place *place, uint32_t most_mm, int step_free, int from,
			 struct end_place *ends, uint32_t *ret_n)
{
	const struct town *town = core->town;
	int barred = 0;
	uint32_t n = 0;
	if (place->stop != NONE) { /* a stop by name */
		if (step_free && town->stop_step_free[place->stop] != 1)
			return REFUSAL_NOT_STEP_FREE;
		struct place stop = stop_place(core, place->stop);
		add_end(core, &stop, 0, ends, &n);
		*ret_n = n;
		return stop.road.arc == NONE ? REFUSAL_NO_ROAD : REFUSAL_NONE;
	}
	stop_ends(core, place, most_mm, step_free, from, ends, &n, &barred);
	const int doors = town->rules.door_to_door || most_mm == 0;
	if (doors && place->road.arc != NONE && place->road_away_mm <= DOOR_AWAY_MM &&
	    !(town->road.flags[place->road.arc] & ARC_NO_STOPPING))
		add_end(core, place, most_mm == 0 ? 0 : place->road_away_mm, ends, &n);
	*ret_n = n;
	if (n)
		return REFUSAL_NONE;
	return barred ? REFUSAL_NOT_STEP_FREE : doors ? REFUSAL_NO_ROAD : REFUSAL_NO_STOP_NEAR;
}

/* ---- what is asked ---- */

static uint8_t party_of(const struct core *core, struct core_ride *ride, struct ride_more *more, struct ask *ask)
{
	const struct town *town = core->town;
	uint32_t units[TOWN_SPACES_MAX] = {0}, party = 0;
	uint64_t boarding_ms = 0;
	for (uint32_t n = 0; n < COMMAND_NEEDS_MAX; n++) {
		uint32_t count = ride->request.need_count[n];
		if (!count)
			continue;
		if (n >= town->n_needs)
			return REFUSAL_NEED_UNKNOWN;
		for (uint32_t s = 0; s < town->n_spaces && s < TOWN_SPACES_MAX; s++)
			units[s] += count * town->need_space[n * town->n_spaces + s];
		boarding_ms += (uint64_t)count * town->need_boarding_ms[n];
		if (town->need_flags[n] & NEED_IS_PERSON || n == 0)
			party += count;
		if (town->need_flags[n] & NEED_STEP_FREE)
			more->step_free = 1;
	}
	uint32_t sum = 0;
	for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++) {
		if (units[s] > UINT8_MAX)
			return REFUSAL_PARTY_TOO_LARGE;
		ride->units[s] = ask->units[s] = (uint8_t)units[s];
		sum += units[s];
	}
	if (!sum)
		return REFUSAL_NEED_UNKNOWN;
	if (party > WIRE_ABOARD_MAX || boarding_ms > (uint64_t)HOUR_MS)
		return REFUSAL_PARTY_TOO_LARGE;
	ride->party = (uint8_t)(party ? party : 1);
	more->boarding_ms = ask->boarding_ms = (uint32_t)boarding_ms;
	ask->party = ride->party;
	ask->step_free = more->step_free;
	return REFUSAL_NONE;
}

static uint8_t too_large(const struct core *core, const struct ask *ask)
{
	if (!core->n_vehicles)
		return REFUSAL_NO_VEHICLE;
	for (uint32_t v = 0; v < core->n_vehicles; v++) {
		int fits = 1;
		for (uint32_t s = 0; s < TOWN_SPACES_MAX; s++)
			fits &= ask->units[s] <= core->vehicles[v].spaces[s];
		if (fits)
			return REFUSAL_NONE;
	}
	return REFUSAL_PARTY_TOO_LARGE;
}

/* Earliest pickup for an arrival at `at`: early enough to keep the full spare of a promise. */
static instant_ms backward_earliest(const struct core *core, const struct ask *ask, instant_ms at)
{
	struct place from = insertion_place(core, 0, &ask->from[0]), to = insertion_place(core, 0, &ask->to[0]);
	uint32_t metric = hours_metric(core, 0, &from, &to, at);
	uint32_t direct_ms = distance_between(core->distance, metric, &from, &to).time_ms;
	if (direct_ms == TIME_INFINITE)
		direct_ms = 0;
	instant_ms spare = (instant_ms)promise_extra_ms(core, direct_ms) + 2 * (instant_ms)core->settings.reserve_ms +
			   promise_window_ms(core) + 2 * ((instant_ms)core->town->rules.stop_ms + ask->boarding_ms);
	return at - ask->to[0].walk_ms - direct_ms - spare - ask->from[0].walk_ms;
}

static void ask_forward(struct ask *ask, instant_ms earliest, uint32_t most_ms)
{
	ask->earliest = earliest;
	ask->latest_pickup = earliest + ask->from[0].walk_ms + most_ms;
	ask->latest_dropoff = INT64_MAX;
}

static void ask_backward(const struct core *core, struct ask *ask, instant_ms at)
{
	ask->backward = 1;
	ask->latest_dropoff = at;
	ask->latest_pickup = at;
	ask->earliest = later(core->now, backward_earliest(core, ask, at));
}

static uint8_t ask_times(struct core *core, struct core_ride *ride, struct ride_more *more, struct ask *ask)
{
	const struct cmd_request *request = &ride->request;
	const struct town_rules *rules = &core->town->rules;
	const uint32_t shift_ms = rules->wait_max_ms < SHIFT_MAX_MS ? rules->wait_max_ms : SHIFT_MAX_MS;
	instant_ms arrives, departs, wished = core->now;
	if (request->tie_kind != TIE_NONE) {
		int code = connection_times(core, &request->tie, &arrives, &departs);
		if (code)
			return code == ERR_GONE ? REFUSAL_CONNECTION : REFUSAL_TRIP_UNKNOWN;
		wished = request->tie_kind == TIE_FROM_TRIP ? arrives + rules->transfer_ms
							    : departs - rules->transfer_ms;
	} else if (request->time_kind != TIME_NOW) {
		wished = request->time;
	}
	if (wished < core->now - (request->tie_kind == TIE_FROM_TRIP ? HOUR_MS : MINUTE_MS))
		return REFUSAL_IN_THE_PAST;
	if (wished > core->now + rules->prebook_max_ms)
		return REFUSAL_TOO_FAR_AHEAD;
	ride->prebooked = wished > core->now + rules->wait_max_ms;
	if (request->tie_kind == TIE_TO_TRIP ||
	    (request->tie_kind == TIE_NONE && request->time_kind == TIME_ARRIVE_BY)) {
		ask_backward(core, ask, wished);
	} else if (request->tie_kind == TIE_FROM_TRIP) {
		ask_forward(ask, later(core->now, wished), shift_ms);
		more->ready = wished;
	} else {
		ask_forward(ask, later(core->now, wished),
			    request->time_kind == TIME_NOW ? rules->wait_max_ms : shift_ms);
	}
	return REFUSAL_NONE;
}

/* Between near places nobody is sent to walk most of the way, unless the stops leave no other choice. */
static uint32_t walk_most(const struct core *core, const struct cmd_request *request, const struct ask *ask)
{
	const uint64_t air_mm = geo_rough_mm(request->from.point, request->to.point);
	uint32_t all_mm = NONE;
	if (request->from.walk.arc != NONE && request->to.walk.arc != NONE)
		walk_distances(core, request->from.walk, &request->to.walk, 1, 0, &all_mm);
	uint64_t most_mm = (all_mm == NONE ? air_mm : all_mm) * WALK_SHARE_PERMILLE / 1000;
	uint64_t least_mm = (uint64_t)ask->from[0].walk_mm + ask->to[0].walk_mm;
	return most_mm < least_mm || most_mm > UINT32_MAX ? 0 : (uint32_t)most_mm;
}

static uint8_t ask_places(const struct core *core, const struct cmd_request *request, struct ask *ask)
{
	if (!town_in_area(core->town, request->from.point) || !town_in_area(core->town, request->to.point))
		return REFUSAL_OUTSIDE_AREA;
	if (geo_rough_mm(request->from.point, request->to.point) < SAME_PLACE_MM)
		return REFUSAL_SAME_PLACE;
	uint8_t refusal =
		ends_find(core, &request->from, request->walk_max_mm, ask->step_free, 1, ask->from, &ask->n_from);
	if (!refusal)
		refusal = ends_find(core, &request->to, request->walk_max_mm, ask->step_free, 0, ask->to, &ask->n_to);
	if (!refusal)
		ask->walk_most_mm = walk_most(core, request, ask);
	return refusal;
}

static uint8_t ask_hours(struct core *core, struct ask *ask)
{
	instant_ms until, next, at = ask->backward ? ask->latest_dropoff : ask->earliest;
	if (!promise_in_hours(core, at, &until, &next)) {
		core->result.would_work_at = next;
		return REFUSAL_OUTSIDE_HOURS;
	}
	ask->service_end = until;
	return REFUSAL_NONE;
}

/* From a kept request to the question for the search; 0, or the refusal. */
static uint8_t ask_fill(struct core *core, uint32_t slot, struct ask *ask)
{
	struct core_ride *ride = &core->rides[slot];
	struct ride_more *more = &core->rides_more[slot];
	memset(ask, 0, sizeof *ask);
	ask->ride = slot;
	ask->skip = NONE;
	ask->wait_permille = fair_weight(core, ride);
	uint8_t refusal = party_of(core, ride, more, ask);
	if (!refusal)
		refusal = too_large(core, ask);
	if (!refusal)
		refusal = ask_places(core, &ride->request, ask);
	if (!refusal)
		refusal = ask_times(core, ride, more, ask);
	if (!refusal)
		refusal = ask_hours(core, ask);
	return refusal;
}

/* ---- offers ---- */

static int alike(const struct ask *ask, const struct insertion *a, const struct insertion *b)
{
	instant_ms ms = a->at_door > b->at_door ? a->at_door - b->at_door : b->at_door - a->at_door;
	int64_t mm = (int64_t)ask->from[a->from].walk_mm + ask->to[a->to].walk_mm - ask->from[b->from].walk_mm -
		     ask->to[b->to].walk_mm;
	return ms < OFFER_STEP_MS && mm < OFFER_STEP_MM && mm > -OFFER_STEP_MM;
}

static void offer_fill(const struct core *core, const struct core_ride *ride, const struct ask *ask,
		       const struct insertion_result *result, const struct insertion *i, uint8_t reason,
		       struct offer *offer)
{
	const struct core_vehicle *vehicle = &core->vehicles[i->vehicle];
	const struct end_place *from = &ask->from[i->from], *to = &ask->to[i->to];
	memset(offer, 0, sizeof *offer);
	offer->vehicle = vehicle->number;
	offer->pickup = insertion_place(core, vehicle->class_index, from);
	offer->dropoff = insertion_place(core, vehicle->class_index, to);
	offer->pickup_stop = from->place.stop;
	offer->dropoff_stop = to->place.stop;
	offer->walk_from_mm = from->walk_mm;
	offer->walk_from_ms = from->walk_ms;
	offer->walk_to_mm = to->walk_mm;
	offer->walk_to_ms = to->walk_ms;
	offer->earliest_pickup = i->window_from;
	offer->latest_pickup = i->window_to;
	offer->planned_pickup = i->planned_pickup;
	offer->planned_dropoff = i->planned_dropoff;
	offer->latest_arrival = i->latest_arrival;
	offer->direct_ms = i->direct_ms;
	offer->dist_mm = i->direct_mm;
	offer->ride_max_ms = i->ride_max_ms;
	offer->price_cents = core->town->rules.fare_cents * ride->party;
	offer->reason = reason;
	offer->cost = i->cost;
	offer->n_vehicles_tried = result->n_tried;
	offer->n_vehicles_feasible = result->n_feasible;
}

static int64_t walk_of(const struct ask *ask, const struct insertion *i)
{
	return (int64_t)ask->from[i->from].walk_mm + ask->to[i->to].walk_mm;
}

/* What the cheapest offer is besides. */
static uint8_t reason_of(const struct ask *ask, const struct insertion_result *result)
{
	const struct insertion *best = result->best, *first = insertion_cheapest(result);
	if (first->at_door <= best[INSERTION_SOONEST].at_door)
		return OFFER_SOONEST;
	return walk_of(ask, first) <= walk_of(ask, &best[INSERTION_LEAST_WALK]) ? OFFER_LEAST_WALK
										: OFFER_SHORTEST_RIDE;
}

/* The same question for another time: later, or to arrive earlier. 0: there is no such time. */
static int ask_other_time(struct core *core, const struct ask *ask, const struct insertion *first, struct ask *ret)
{
	*ret = *ask;
	if (ask->backward) {
		ret->latest_dropoff = sooner(ask->latest_dropoff, first->at_door) - OFFER_OTHER_MS;
		ret->earliest = later(core->now, ask->earliest - (ask->latest_dropoff - ret->latest_dropoff));
		return ret->latest_dropoff > ret->earliest;
	}
	ret->earliest = first->window_from - ask->from[first->from].walk_ms + OFFER_OTHER_MS;
	return ret->earliest < ask->latest_pickup;
}

/* Who has but one choice is shown the best one at another time, which is looked for by itself. */
static void offer_other_time(struct core *core, uint32_t slot, const struct ask *ask, const struct insertion *first)
{
	struct core_ride *ride = &core->rides[slot];
	struct insertion_result result;
	struct ask other;
	if (ride->n_offers != 1 || !ask_other_time(core, ask, first, &other))
		return;
	insertion_search(core, &other, &result);
	if (insertion_cheapest(&result)->vehicle == NONE)
		return;
	offer_fill(core, ride, &other, &result, insertion_cheapest(&result),
		   ask->backward ? OFFER_EARLIER : OFFER_LATER, &ride->offers[ride->n_offers]);
	ride->n_offers++;
}

/* The cheapest first (it is reserved), then what is clearly sooner or less of a walk. */
static const struct insertion *offers_fill(const struct core *core, struct core_ride *ride, const struct ask *ask,
					   const struct insertion_result *result)
{
	static const uint8_t reasons[INSERTION_WISHES] = {0, OFFER_SOONEST, OFFER_LEAST_WALK};
	const struct insertion *chosen[CORE_OFFERS_MAX], *first = insertion_cheapest(result);
	uint8_t why[CORE_OFFERS_MAX] = {reason_of(ask, result)};
	uint32_t n = 1;
	chosen[0] = first;
	for (uint32_t wish = INSERTION_SOONEST; wish < INSERTION_WISHES && n < CORE_OFFERS_MAX; wish++) {
		int known = 0;
		for (uint32_t k = 0; k < n; k++)
			known |= alike(ask, &result->best[wish], chosen[k]);
		if (known)
			continue;
		why[n] = reasons[wish];
		chosen[n++] = &result->best[wish];
	}
	ride->n_offers = n;
	memset(ride->offers, 0, sizeof ride->offers);
	for (uint32_t k = 0; k < n; k++) {
		uint8_t reason =
			ride->request.tie_kind != TIE_NONE && why[k] == OFFER_SOONEST ? OFFER_BEST_CONNECTION : why[k];
		offer_fill(core, ride, ask, result, chosen[k], reason, &ride->offers[k]);
	}
	return first;
}

/* Without a fallback in the town, the last rides of a service day (drop-off within wait_max_ms of its end) must be such
 * that a second vehicle could carry them. */
static int alone_at_the_end(struct core *core, struct ask *ask, const struct insertion *first)
{
	if (town_text(core->town, core->town->fallback_phone)[0] || ask->service_end == INT64_MAX ||
	    first->planned_dropoff <= ask->service_end - core->town->rules.wait_max_ms)
		return 0;
	struct insertion_result others;
	ask->skip = first->vehicle;
	insertion_search(core, ask, &others);
	ask->skip = NONE;
	return insertion_cheapest(&others)->vehicle == NONE;
}

/* A later time to leave at which it would do. */
static void look_later(struct core *core, const struct ask *ask)
{
	struct insertion_result result;
	struct ask late = *ask;
	late.latest_pickup += HINT_MS;
	if (late.backward) {
		late.backward = 0;
		late.latest_dropoff = INT64_MAX;
	}
	insertion_search(core, &late, &result);
	if (result.best[INSERTION_SOONEST].vehicle != NONE)
		core->result.would_work_at = result.best[INSERTION_SOONEST].window_from;
}

/* With a longer walk: which stops, and how far the farther one is. */
static void look_farther(struct core *core, uint32_t slot)
{
	struct cmd_request *request = &core->rides[slot].request;
	const uint32_t was_mm = request->walk_max_mm;
	const instant_ms later_at = core->result.would_work_at;
	struct ask ask;
	struct insertion_result result;
	if (was_mm == 0 || was_mm >= ADVICE_WALK_MM)
		return;
	request->walk_max_mm = ADVICE_WALK_MM;
	uint8_t refusal = ask_fill(core, slot, &ask);
	request->walk_max_mm = was_mm;
	core->result.would_work_at = later_at;
	if (refusal)
		return;
	insertion_search(core, &ask, &result);
	const struct insertion *best = &result.best[INSERTION_LEAST_WALK];
	if (best->vehicle == NONE)
		return;
	const struct end_place *from = &ask.from[best->from], *to = &ask.to[best->to];
	core->result.would_work_walk_mm = from->walk_mm > to->walk_mm ? from->walk_mm : to->walk_mm;
	core->result.would_work_from = from->place.stop == NONE ? 0 : from->place.stop + 1;
	core->result.would_work_to = to->place.stop == NONE ? 0 : to->place.stop + 1;
}

/* What a refused rider could ask instead; `ask` NULL: it could not even be searched for. */
static uint8_t advise(struct core *core, uint32_t slot, uint8_t refusal, const struct ask *ask)
{
	if (refusal == REFUSAL_NO_STOP_NEAR || refusal == REFUSAL_NOT_STEP_FREE || refusal == REFUSAL_NO_TIME ||
	    refusal == REFUSAL_NO_CAPACITY || refusal == REFUSAL_CONNECTION)
		look_farther(core, slot);
	if (ask && (refusal == REFUSAL_NO_TIME || refusal == REFUSAL_NO_CAPACITY))
		look_later(core, ask);
	return refusal;
}

/* Searches and, when something is found, fills the offers and reserves the first. 0, or the refusal. */
static uint8_t offers_make(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	struct ask ask;
	struct insertion_result result;
	uint8_t refusal = ask_fill(core, slot, &ask);
	if (refusal)
		return advise(core, slot, refusal, NULL);
	insertion_search(core, &ask, &result);
	const struct insertion *first = insertion_cheapest(&result);
	if (first->vehicle == NONE) {
		if (result.refusal == REFUSAL_NO_TIME || result.refusal == REFUSAL_NO_CAPACITY)
			core->result.obstacle = result.obstacle;
		if (result.refusal == REFUSAL_NO_TIME && ride->request.tie_kind == TIE_TO_TRIP)
			result.refusal = REFUSAL_CONNECTION;
		return advise(core, slot, result.refusal, &ask);
	}
	if (alone_at_the_end(core, &ask, first))
		return REFUSAL_NO_FALLBACK;
	first = offers_fill(core, ride, &ask, &result);
	offer_other_time(core, slot, &ask, first);
	core->rides_more[slot].direct_ms = first->direct_ms;
	ride->state = RIDE_OFFERED;
	ride->offers_until = core->now + later(core->settings.offer_hold_ms, core->settings.offer_hold_wall_ms);
	core->rides_more[slot].reserved = 1;
	plan_put(core, first->vehicle, slot, first->pickup_at, first->dropoff_at, 1);
	return REFUSAL_NONE;
}

static int refuse(struct core *core, uint32_t slot, uint8_t refusal)
{
	struct core_ride *ride = &core->rides[slot];
	core->figures.refused++;
	core->figures.refused_by[refusal]++;
	fair_asked(core, ride, refusal);
	for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++)
		core->figures.need_refused[n] += ride->request.need_count[n] != 0;
	ride->refusal = refusal;
	ride_close(core, slot, RIDE_REFUSED);
	core->result.refusal = refusal;
	return ERR_UNAVAILABLE;
}

static int request_valid(const struct core *core, const struct cmd_request *request)
{
	if (!request->ride || request->time_kind > TIME_ARRIVE_BY || request->tie_kind > TIE_TO_TRIP)
		return 0;
	if (request->time_kind != TIME_NOW && !instant_sane(request->time))
		return 0;
	if (!memchr(request->tie.feed, 0, sizeof request->tie.feed) ||
	    !memchr(request->tie.trip_id, 0, sizeof request->tie.trip_id))
		return 0;
	return core_place_valid(core, &request->from) && core_place_valid(core, &request->to);
}

static uint8_t refused_before_search(const struct core *core, const struct cmd_request *request)
{
	if (request->client && hash_map_get(&core->client_map, request->client) != NONE)
		return REFUSAL_OPEN_REQUEST;
	if (core->paused)
		return REFUSAL_PAUSED;
	return case_full(core) ? REFUSAL_FULL : REFUSAL_NONE;
}

int request_take(struct core *core, const struct cmd_request *request)
{
	core->result.ride = request->ride;
	if (!request_valid(core, request))
		return ERR_RANGE;
	if (core_ride_slot(core, request->ride) != NONE)
		return ERR_EXISTS;
	core->figures.asked++;
	for (uint32_t n = 0; n < TOWN_NEEDS_MAX; n++)
		core->figures.need_asked[n] += request->need_count[n] != 0;
	uint32_t slot = ride_new(core, request->ride);
	if (slot == NONE) { /* not even a refused ride can be kept: the answer alone */
		core->figures.refused++;
		core->figures.refused_by[REFUSAL_FULL]++;
		core->result.refusal = REFUSAL_FULL;
		return ERR_FULL;
	}
	struct core_ride *ride = &core->rides[slot];
	ride->request = *request;
	ride->client = request->client;
	core_text(ride->request.tie.feed, sizeof ride->request.tie.feed, request->tie.feed);
	core_text(ride->request.tie.trip_id, sizeof ride->request.tie.trip_id, request->tie.trip_id);
	uint8_t refusal = refused_before_search(core, request);
	forecast_learn(core, request->from.point,
		       request->time_kind == TIME_NOW ? core->now : later(core->now, request->time));
	if (!refusal)
		refusal = offers_make(core, slot);
	ride->request.prebooked = ride->prebooked;
	if (refusal)
		return refuse(core, slot, refusal);
	core->figures.offered++;
	fair_asked(core, ride, REFUSAL_NONE);
	if (ride->client)
		hash_map_put(&core->client_map, ride->client, slot);
	ride_say(core, slot);
	return ERR_OK;
}

/* ---- acceptance ---- */

static void ask_of_offer(const struct core *core, uint32_t slot, uint32_t k, struct ask *ask)
{
	const struct core_ride *ride = &core->rides[slot];
	const struct offer *offer = &ride->offers[k];
	memset(ask, 0, sizeof *ask);
	memcpy(ask->units, ride->units, sizeof ask->units);
	ask->n_from = ask->n_to = 1;
	ask->from[0] = (struct end_place){offer->pickup, offer->walk_from_mm, 0};
	ask->to[0] = (struct end_place){offer->dropoff, offer->walk_to_mm, 0};
	ask->step_free = core->rides_more[slot].step_free;
	ask->fixed = 1;
	ask->ride = slot;
	ask->skip = NONE;
	ask->wait_permille = fair_weight(core, ride);
	ask->boarding_ms = core->rides_more[slot].boarding_ms;
	ask->party = ride->party;
	ask->earliest = later(offer->earliest_pickup, core->rides_more[slot].ready);
	ask->latest_pickup = offer->latest_pickup;
	ask->latest_dropoff = offer->latest_arrival;
	ask->ride_max_ms = offer->ride_max_ms;
	ask->service_end = INT64_MAX;
}

/* Where the offer can still be kept: with the full reserve for all, else with what a held offer may use up. */
static int find_again(struct core *core, uint32_t slot, uint32_t k, struct insertion *ret_found)
{
	struct ask ask;
	struct insertion_result result;
	ask_of_offer(core, slot, k, &ask);
	ask.spare_ms = core->settings.reserve_ms;
	insertion_search(core, &ask, &result);
	if (insertion_cheapest(&result)->vehicle == NONE) {
		ask.spare_ms = promise_margin_ms(core);
		ask.held = k == 0;
		insertion_search(core, &ask, &result);
	}
	*ret_found = *insertion_cheapest(&result);
	return ret_found->vehicle != NONE;
}

/* The offer is gone: fresh ones, or an end. */
static int gone(struct core *core, uint32_t slot)
{
	struct core_ride *ride = &core->rides[slot];
	core->figures.gone++;
	ride->n_offers = 0;
	uint8_t refusal = core->paused ? REFUSAL_PAUSED : offers_make(core, slot);
	core->result.refusal = refusal;
	if (refusal) {
		ride->refusal = refusal;
		core->figures.expired++;
		ride_close(core, slot, RIDE_EXPIRED);
		return ERR_GONE;
	}
	ride_say(core, slot);
	return ERR_GONE;
}

int request_accept(struct core *core, const struct cmd_accept *accept)
{
	uint32_t slot = core_ride_slot(core, accept->ride);
	core->result.ride = accept->ride;
	if (slot == NONE)
		return ERR_NOT_FOUND;
	struct core_ride *ride = &core->rides[slot];
	if (ride->state == RIDE_EXPIRED)
		return ERR_GONE;
	if (ride->state != RIDE_OFFERED)
		return ERR_CONFLICT;
	if (accept->offer >= ride->n_offers)
		return ERR_RANGE;
	struct insertion place, *found = &place;
	core_touch_ride(core, slot);
	ride_unreserve(core, slot);
	if (!find_again(core, slot, accept->offer, found) || case_full(core))
		return gone(core, slot);
	ride->boarding_code = accept->boarding_code;
	ride_promise(core, slot, accept->offer);
	plan_put(core, found->vehicle, slot, found->pickup_at, found->dropoff_at, 0);
	core->result.vehicle = ride->vehicle;
	ride->planned_pickup = core_tasks(core, found->vehicle)[found->pickup_at].begin;
	core->rides_more[slot].told_pickup = ride->planned_pickup;
	notice_new(core, NOTICE_PROMISED, slot, ride->planned_pickup);
	ride_say(core, slot);
	return ERR_OK;
}
