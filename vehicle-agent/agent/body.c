#include "body.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"
#include "geo.h"

#define BODY_VERSION 3
/* Longer paths are driven in pieces: at the end of one the next is searched. */
#define PATH_ARCS_MAX 4096
/* No turn rule looks further back than this many arcs. */
#define TURN_ARCS_MAX 32
/* Energy is counted in micro-Wh / 18, so that neither driving (Wh/km * mm = micro-Wh) nor charging (W * ms = 5/18
 * micro-Wh) ever rounds. */
#define ENERGY_PER_WH INT64_C(18000000)

struct body {
	const struct town *town;
	const struct network *road;
	struct route_query *query;
	const struct route_graph *graph;
	struct route_metric metric; /* the times as in the town file; a search changes those of `streets` */
	uint32_t *times;	    /* what the metric reads, shared or own */
	const uint32_t *truth;	    /* times as the streets really are; NULL = as in the town file */
	struct wire_street streets[WIRE_STREETS_MAX];
	uint32_t n_streets, conditions;
	int64_t capacity;
	uint32_t charge_w, wh_per_km, slow_permille;
	void (*drove)(void *self, uint32_t arc, uint32_t mm);
	void *drove_self;

	instant_ms now;
	int64_t energy;
	uint8_t fault; /* enum body_fault */
	char reason[WIRE_TEXT_MAX];
	uint64_t fault_leg;

	uint8_t state;	/* standing, driving, arrived: of the driving alone, faults apart */
	struct spot at; /* while driving: where this piece of the leg began */
	uint64_t leg;
	struct spot target;
	instant_ms began;
	uint32_t driven_mm; /* of this piece, already taken from the battery */

	/* the piece being driven: arc i is entered at enter_ms[i] (unslowed, since `began`), mm_before[i] after its
	 * begin */
	uint32_t n, total_ms, total_mm;
	uint32_t *arc, *enter_ms, *mm_before;
	uint32_t *arc_ms; /* what the driven part of an arc takes at the hour it is entered */
	struct spot end;  /* of this piece; the target unless the path was too long */
};

size_t body_size(const struct town *town)
{
	return sizeof(struct body) + (4 * PATH_ARCS_MAX + (size_t)town->road.n_arcs) * sizeof(uint32_t) + 64;
}

static int spot_usable(const struct network *road, uint32_t class_index, struct spot spot)
{
	return spot.arc < road->n_arcs && spot.offset_mm <= road->dist_mm[spot.arc] &&
	       road->time_ms[(size_t)class_index * road->n_arcs + spot.arc] != TIME_INFINITE;
}

static const uint32_t *body_town_times(const struct body *body)
{
	return body->road->time_ms + (size_t)body->metric.class_index * body->road->n_arcs;
}

static int body_columns(struct body *body, const struct body_options *options, struct arena *arena)
{
	body->arc = arena_take(arena, PATH_ARCS_MAX, sizeof *body->arc);
	body->enter_ms = arena_take(arena, PATH_ARCS_MAX, sizeof *body->enter_ms);
	body->mm_before = arena_take(arena, PATH_ARCS_MAX, sizeof *body->mm_before);
	body->arc_ms = arena_take(arena, PATH_ARCS_MAX, sizeof *body->arc_ms);
	if (!body->arc || !body->enter_ms || !body->mm_before || !body->arc_ms)
		return ERR_MEMORY;
	body->times = options->times;
	if (!body->times) {
		body->times = arena_take(arena, body->road->n_arcs, sizeof *body->times);
		if (!body->times)
			return ERR_MEMORY;
		memcpy(body->times, body_town_times(body), body->road->n_arcs * sizeof *body->times);
	}
	body->metric.time_ms = body->times;
	body->query = options->query;
	return body->query ? ERR_OK : route_query_open(&body->query, body->graph, arena);
}

int body_open(struct body **ret_body, const struct body_options *options, const struct town *town,
	      const struct route_graph *graph, struct arena *arena)
{
	struct body *body;
	int rc;

	if (options->class_index >= town->n_classes ||
	    !spot_usable(&town->road, options->class_index, options->start) || options->battery_permille > 1000 ||
	    options->battery_wh == 0)
		return ERR_RANGE;
	body = arena_take(arena, 1, sizeof *body);
	if (!body)
		return ERR_MEMORY;
	body->town = town;
	body->road = &town->road;
	body->graph = graph;
	body->metric.class_index = options->class_index;
	body->capacity = (int64_t)options->battery_wh * ENERGY_PER_WH;
	body->energy = body->capacity / 1000 * options->battery_permille;
	body->charge_w = options->charge_w;
	body->wh_per_km = options->wh_per_km;
	body->slow_permille = options->slow_permille;
	body->drove = options->drove;
	body->drove_self = options->drove_self;
	body->at = options->start;
	rc = body_columns(body, options, arena);
	if (!rc)
		*ret_body = body;
	return rc;
}

static void body_break(struct body *body, uint8_t fault, const char *reason)
{
	size_t n = strnlen(reason, WIRE_TEXT_MAX - 1);

	body->fault = fault;
	body->fault_leg = body->leg;
	memset(body->reason, 0, sizeof body->reason);
	memcpy(body->reason, reason, n);
}

/* ---- the piece being driven ---- */
static uint32_t slowed(const struct body *body, uint32_t ms)
{
	return (uint32_t)(((uint64_t)ms * (1000 + body->slow_permille) + 999) / 1000);
}

static uint32_t piece_from(const struct body *body, uint32_t i)
{
	return i ? 0 : body->at.offset_mm;
}

static uint32_t piece_to(const struct body *body, uint32_t i)
{
	return i + 1 == body->n ? body->end.offset_mm : body->road->dist_mm[body->arc[i]];
}

/* Who is on a closed street leaves it at its usual pace; where vehicles were slow it is as fast as it can be. */
static uint32_t arc_ms(const struct body *body, uint32_t arc, uint32_t profiles)
{
	uint32_t time = (body->truth ? body->truth : body_town_times(body))[arc], low = 0, high = body->n_streets;
	uint32_t slower = town_profile_ms(body->town, profiles, body->metric.class_index, arc, time);

	time = slower == TIME_INFINITE ? time : slower;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (body->streets[middle].arc < arc)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == body->n_streets || body->streets[low].arc != arc || !body->streets[low].slow_permille ||
	    body->streets[low].seen)
		return time;
	return wire_street_ms(&body->streets[low], time);
}

static uint32_t piece_arc_ms(const struct body *body, uint32_t i, uint32_t profiles)
{
	uint32_t time = arc_ms(body, body->arc[i], profiles);

	if (i && i + 1 < body->n)
		return time;
	return network_share_ms(time, body->road->dist_mm[body->arc[i]], piece_to(body, i) - piece_from(body, i));
}

static uint32_t profiles_at(const struct body *body, instant_ms at, instant_ms *ret_until)
{
	return town_profiles_at(body->town, at, ret_until) | body->conditions;
}

/* Each arc takes what it takes at the hour it is entered. */
static void piece_times(struct body *body)
{
	uint32_t ms = 0, mm = 0, profiles;
	instant_ms until;

	profiles = profiles_at(body, body->began, &until);

	for (uint32_t i = 0; i < body->n; i++) {
		if (i) {
			uint32_t known = i < TURN_ARCS_MAX ? i : TURN_ARCS_MAX;
			int32_t turn = route_turn_ms(body->graph, body->metric.class_index, body->arc + i - known,
						     known, body->arc[i]);
			assert(turn >= 0);
			ms += (uint32_t)turn;
		}
		if (body->began + slowed(body, ms) >= until)
			profiles = profiles_at(body, body->began + slowed(body, ms), &until);
		body->enter_ms[i] = ms;
		body->mm_before[i] = mm;
		body->arc_ms[i] = piece_arc_ms(body, i, profiles);
		ms += body->arc_ms[i];
		mm += piece_to(body, i) - piece_from(body, i);
	}
	body->total_ms = ms;
	body->total_mm = mm;
}

/* The streets as they are under these profiles, for one search: the arc it stands on can always be left. */
static void streets_apply(struct body *body, uint32_t profiles)
{
	const uint32_t *usual = body_town_times(body), class_index = body->metric.class_index;

	for (uint32_t arc = 0; profiles && arc < body->road->n_arcs; arc++)
		body->times[arc] = town_profile_ms(body->town, profiles, class_index, arc, usual[arc]);
	for (uint32_t i = 0; i < body->n_streets; i++) {
		uint32_t arc = body->streets[i].arc;
		uint32_t time = town_profile_ms(body->town, profiles, class_index, arc, usual[arc]);
		body->times[arc] =
			arc == body->at.arc ? arc_ms(body, arc, profiles) : wire_street_ms(&body->streets[i], time);
	}
	if (profiles && body->times[body->at.arc] == TIME_INFINITE)
		body->times[body->at.arc] = arc_ms(body, body->at.arc, profiles);
}

static void streets_undo(struct body *body, uint32_t profiles)
{
	if (profiles)
		memcpy(body->times, body_town_times(body), body->road->n_arcs * sizeof *body->times);
	for (uint32_t i = 0; i < body->n_streets; i++)
		body->times[body->streets[i].arc] = body_town_times(body)[body->streets[i].arc];
}

static int piece_search(struct body *body, uint32_t profiles, struct route_result *ret_result, uint32_t *ret_n)
{
	int rc;

	streets_apply(body, profiles);
	rc = route_path(body->query, &body->metric, body->at, body->target, ret_result, body->arc, ret_n,
			PATH_ARCS_MAX);
	streets_undo(body, profiles);
	return rc;
}

/* Searches the path of the leg from `at` on; ERR_UNREACHABLE leaves the body standing. */
static int piece_plan(struct body *body)
{
	struct route_result result;
	instant_ms until;
	uint32_t n = 0, profiles = profiles_at(body, body->began, &until);
	int rc = piece_search(body, profiles, &result, &n);

	/* beyond the border of the hour the dispatcher counts on the way that is best at the slowest (core/hours.c) */
	if ((!rc || rc == ERR_FULL) && result.time_ms < TIME_INFINITE && body->began + result.time_ms > until)
		rc = piece_search(body, town_profiles_slowest(body->town, body->conditions), &result, &n);
	if (rc && rc != ERR_FULL)
		return rc;
	body->n = n < PATH_ARCS_MAX ? n : PATH_ARCS_MAX;
	body->end = body->target;
	if (rc == ERR_FULL) {
		body->end.arc = body->arc[PATH_ARCS_MAX - 1];
		body->end.offset_mm = body->road->dist_mm[body->end.arc];
	}
	piece_times(body);
	return ERR_OK;
}

static void piece_begin(struct body *body, instant_ms began)
{
	body->began = began;
	body->driven_mm = 0;
	if (body->at.arc == body->target.arc && body->at.offset_mm == body->target.offset_mm) {
		body->state = BODY_ARRIVED;
		return;
	}
	if (piece_plan(body)) {
		body->state = BODY_STANDING;
		body_break(body, BODY_FAULT_MRC, "no way leads to the next stop");
		return;
	}
	body->state = BODY_DRIVING;
}

/* Last arc entered at or before `ms`. */
static uint32_t piece_index(const struct body *body, uint32_t ms)
{
	uint32_t low = 0, high = body->n;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (body->enter_ms[middle] <= ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct progress {
	struct spot spot;
	uint32_t mm, speed_mm_s, elapsed_ms;
};

static struct progress piece_progress(const struct body *body)
{
	uint64_t real_ms = body->now > body->began ? (uint64_t)(body->now - body->began) : 0;
	uint64_t elapsed = real_ms * 1000 / (1000 + body->slow_permille);
	uint32_t ms = elapsed < body->total_ms ? (uint32_t)elapsed : body->total_ms;
	uint32_t i = piece_index(body, ms), arc_ms = body->arc_ms[i];
	uint32_t from = piece_from(body, i), length = piece_to(body, i) - from, part = ms - body->enter_ms[i];
	uint32_t mm = part >= arc_ms ? length : (uint32_t)((uint64_t)length * part / arc_ms);
	struct progress progress = {
		.spot = {.arc = body->arc[i], .offset_mm = from + mm}, .mm = body->mm_before[i] + mm, .elapsed_ms = ms};

	if (part < arc_ms) /* else it waits for the turn */
		progress.speed_mm_s = (uint32_t)((uint64_t)length * 1000 / slowed(body, arc_ms));
	return progress;
}

/* Tells which arcs the way from driven_mm to `mm` of the piece lies on. */
static void piece_tell(const struct body *body, uint32_t mm)
{
	uint32_t low = 0, high = body->n;

	if (!body->drove || mm <= body->driven_mm)
		return;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (body->mm_before[middle] <= body->driven_mm)
			low = middle;
		else
			high = middle;
	}
	for (uint32_t at = body->driven_mm; low < body->n && at < mm; low++) {
		uint32_t end = low + 1 < body->n ? body->mm_before[low + 1] : body->total_mm;
		uint32_t to = end < mm ? end : mm;
		if (to > at)
			body->drove(body->drove_self, body->arc[low], to - at);
		at = to;
	}
}

static void piece_drain(struct body *body, uint32_t mm)
{
	piece_tell(body, mm);
	body->energy -= (int64_t)(mm - body->driven_mm) * body->wh_per_km * 18;
	body->driven_mm = mm;
	if (body->energy < 0)
		body->energy = 0;
}

/* Stops where it is; the leg may be taken up again. */
static void piece_stop(struct body *body)
{
	if (body->state != BODY_DRIVING)
		return;
	struct progress progress = piece_progress(body);
	piece_drain(body, progress.mm);
	body->at = progress.spot;
	body->state = BODY_STANDING;
}

static instant_ms piece_ends(const struct body *body)
{
	return body->began + slowed(body, body->total_ms);
}

static void body_drive(struct body *body)
{
	while (body->state == BODY_DRIVING && body->now >= piece_ends(body)) {
		instant_ms end = piece_ends(body);
		piece_drain(body, body->total_mm);
		body->at = body->end;
		piece_begin(body, end);
	}
	if (body->state == BODY_DRIVING)
		piece_drain(body, piece_progress(body).mm);
	if (body->energy == 0 && body->state == BODY_DRIVING && body->wh_per_km) {
		piece_stop(body);
		body_break(body, BODY_FAULT_MRC, "battery empty");
	}
}

static void body_advance(struct body *body, instant_ms now, int charging)
{
	instant_ms before = body->now;

	if (now <= before)
		return;
	body->now = now;
	body_drive(body);
	if (charging && body->state != BODY_DRIVING && before > 0) {
		int64_t room = body->capacity - body->energy, rate = INT64_C(5) * body->charge_w;
		body->energy += rate && now - before > room / rate ? room : rate * (now - before);
	}
}

static void streets_take(struct body *body, const struct drive_command *command)
{
	size_t bytes = command->n_streets * sizeof command->streets[0];

	assert(command->n_streets <= WIRE_STREETS_MAX);
	if (command->conditions == body->conditions && command->n_streets == body->n_streets &&
	    (!bytes || !memcmp(body->streets, command->streets, bytes)))
		return;
	piece_stop(body); /* while it knows how fast it was */
	body->conditions = command->conditions;
	if (bytes)
		memcpy(body->streets, command->streets, bytes);
	body->n_streets = command->n_streets;
}

/* ---- interface ---- */
void body_truth(struct body *body, const uint32_t *truth, instant_ms now)
{
	int drove;

	body_advance(body, now, 0);
	drove = body->state == BODY_DRIVING;
	piece_stop(body); /* while it knows how fast it was */
	body->truth = truth;
	if (drove && !body->fault)
		piece_begin(body, body->now);
}

void body_command(struct body *body, const struct drive_command *command, instant_ms now)
{
	body_advance(body, now, 0);
	if (command->wish != DRIVE_GO) {
		piece_stop(body);
		return;
	}
	if (body->fault == BODY_FAULT_MRC && command->leg != body->fault_leg)
		body->fault = BODY_FAULT_NONE;
	if (body->fault)
		return;
	streets_take(body, command); /* a body that stood still for it goes on below, on the way that is best now */
	if (command->leg == body->leg && body->state != BODY_STANDING)
		return;
	if (!spot_usable(body->road, body->metric.class_index, command->target))
		return; /* the agent has refused such plans */
	piece_stop(body);
	body->leg = command->leg;
	body->target = command->target;
	piece_begin(body, body->now);
}

static uint16_t battery_permille(const struct body *body)
{
	return (uint16_t)(body->energy / (body->capacity / 1000) > 1000 ? 1000
									: body->energy / (body->capacity / 1000));
}

void body_step(struct body *body, instant_ms now, int charging, struct body_report *ret_report)
{
	struct body_report report = {.leg = body->leg};
	struct spot spot;

	body_advance(body, now, charging);
	spot = body->at;
	report.state = body->state;
	if (body->state == BODY_DRIVING) {
		struct progress progress = piece_progress(body);
		spot = progress.spot;
		report.speed_mm_s = progress.speed_mm_s;
		report.remaining_ms = (uint32_t)(piece_ends(body) - body->now);
	}
	if (body->fault) {
		report.state = body->fault == BODY_FAULT_DEAD ? BODY_FAULT : BODY_MRC;
		memcpy(report.reason, body->reason, sizeof report.reason);
	}
	struct geo_point point = network_spot_point(body->road, spot);
	report.place = (struct wire_place){
		.lat_e7 = point.lat_e7, .lon_e7 = point.lon_e7, .arc = spot.arc, .offset_mm = spot.offset_mm};
	report.battery_permille = battery_permille(body);
	*ret_report = report;
}

instant_ms body_next(const struct body *body)
{
	return body->state == BODY_DRIVING ? piece_ends(body) : INT64_MAX;
}

void body_inject(struct body *body, enum body_fault fault, const char *reason, instant_ms now)
{
	body_advance(body, now, 0);
	if (fault != BODY_FAULT_NONE) {
		piece_stop(body);
		body_break(body, (uint8_t)fault, reason);
	} else {
		body->fault = BODY_FAULT_NONE; /* the next command takes the leg up again */
	}
}

void body_stand_at(struct body *body, struct spot spot)
{
	body->state = BODY_STANDING;
	body->at = body->target = body->end = spot;
	body->began = body->now;
	body->driven_mm = body->n = body->total_ms = body->total_mm = 0;
	body->n_streets = body->conditions = 0;
}

int body_save(const struct body *body, void *bytes, size_t size, size_t *ret_n)
{
	struct bytes_out out = {.bytes = bytes, .size = size};

	bytes_put(&out, BODY_VERSION, 4);
	bytes_put(&out, (uint64_t)body->now, 8);
	bytes_put(&out, (uint64_t)body->energy, 8);
	bytes_put(&out, body->fault, 1);
	bytes_put_block(&out, body->reason, sizeof body->reason);
	bytes_put(&out, body->fault_leg, 8);
	bytes_put(&out, body->state, 1);
	bytes_put(&out, body->at.arc, 4);
	bytes_put(&out, body->at.offset_mm, 4);
	bytes_put(&out, body->leg, 8);
	bytes_put(&out, body->target.arc, 4);
	bytes_put(&out, body->target.offset_mm, 4);
	bytes_put(&out, (uint64_t)body->began, 8);
	bytes_put(&out, body->driven_mm, 4);
	bytes_put(&out, body->conditions, 4);
	bytes_put(&out, body->n_streets, 4);
	for (uint32_t i = 0; i < body->n_streets; i++) {
		bytes_put_street(&out, &body->streets[i]);
	}
	*ret_n = out.n;
	return out.n <= size ? ERR_OK : ERR_FULL;
}

static void body_fields(struct body *body, struct bytes_in *in)
{
	body->now = bytes_get_i64(in);
	body->energy = (int64_t)bytes_get(in, 8, (uint64_t)body->capacity);
	body->fault = bytes_get_u8(in, BODY_FAULT_DEAD);
	bytes_get_block(in, body->reason, sizeof body->reason);
	body->reason[WIRE_TEXT_MAX - 1] = '\0';
	body->fault_leg = bytes_get_u64(in);
	body->state = bytes_get_u8(in, BODY_ARRIVED);
	body->at.arc = bytes_get_u32(in, UINT32_MAX);
	body->at.offset_mm = bytes_get_u32(in, UINT32_MAX);
	body->leg = bytes_get_u64(in);
	body->target.arc = bytes_get_u32(in, UINT32_MAX);
	body->target.offset_mm = bytes_get_u32(in, UINT32_MAX);
	body->began = bytes_get_i64(in);
	body->driven_mm = bytes_get_u32(in, UINT32_MAX);
	body->conditions = bytes_get_u32(in, UINT32_MAX);
	if (body->conditions & ~town_conditions(body->town))
		in->failed = 1;
	body->n_streets = bytes_get_u32(in, WIRE_STREETS_MAX);
	for (uint32_t i = 0; i < body->n_streets; i++) {
		bytes_get_street(in, &body->streets[i]);
		if (body->streets[i].arc >= body->road->n_arcs)
			in->failed = 1;
	}
}

int body_load(struct body *body, const void *bytes, size_t n, struct err_detail *detail)
{
	struct bytes_in in = {.bytes = bytes, .n = n};
	struct body fresh = *body;
	uint32_t version = bytes_get_u32(&in, UINT32_MAX), class_index = body->metric.class_index;

	if (!in.failed && version != BODY_VERSION)
		return err_set(detail, ERR_VERSION, "vehicle body: version %u, expected %d", version, BODY_VERSION);
	body_fields(&fresh, &in);
	if (in.failed || in.at != n)
		return err_set(detail, ERR_FORMAT, "vehicle body: damaged at byte %zu of %zu", in.at, n);
	if (!spot_usable(body->road, class_index, fresh.at) ||
	    (fresh.state != BODY_STANDING && !spot_usable(body->road, class_index, fresh.target)) || fresh.now < 0 ||
	    fresh.began < 0 || fresh.began > fresh.now)
		return err_set(detail, ERR_RANGE, "vehicle body: its place is not on this town's roads");
	/* the same search from the same spot gives the same piece: it goes on as if nothing had been */
	if (fresh.state == BODY_DRIVING && (piece_plan(&fresh) || fresh.driven_mm > fresh.total_mm))
		return err_set(detail, ERR_RANGE, "vehicle body: the path it drove does not exist");
	*body = fresh;
	return ERR_OK;
}
