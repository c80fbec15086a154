#include "schedule.h"

struct walk {
	instant_ms arrive, begin, end;
};

static instant_ms later_of(instant_ms a, instant_ms b)
{
	return a > b ? a : b;
}

enum waits { COMES, LATE /* at the very last moment, and boards slowly */, MISSING };

/* One step after `before`. */
static struct walk walk_step(const struct sequence *sequence, uint32_t k, const struct walk *before, enum waits waits)
{
	const struct step *step = &sequence->steps[k];
	struct walk walk;
	if (step->joined) {
		walk.arrive = before->arrive;
		walk.begin = before->end;
	} else {
		walk.arrive = before->end + schedule_drive_ms(sequence, step->drive_ms, step->far_ms, before->end);
		walk.begin = walk.arrive + sequence->stop_ms;
	}
	if (step->kind == WIRE_PICKUP)
		walk.begin = later_of(walk.begin, step->ready);
	walk.begin = later_of(walk.begin, sequence->now);
	walk.end = walk.begin + step->dwell_ms;
	if (waits != COMES) {
		instant_ms until = later_of(step->wait_until, walk.arrive + sequence->no_show_wait_ms);
		until += sequence->message_ms;
		if (waits == LATE && step->dwell_ms > sequence->margin_ms)
			until += step->dwell_ms - sequence->margin_ms;
		walk.end = later_of(walk.end, until);
	}
	return walk;
}

static struct walk walk_start(const struct sequence *sequence)
{
	struct walk walk = {sequence->start, sequence->start, sequence->start};
	if (sequence->n && sequence->steps[0].joined)
		walk.end = later_of(sequence->start + sequence->stop_ms, sequence->now);
	return walk;
}

void schedule_run(const struct sequence *sequence, struct times *ret_times)
{
	struct walk walk = walk_start(sequence);
	for (uint32_t k = 0; k < sequence->n; k++) {
		walk = walk_step(sequence, k, &walk, COMES);
		ret_times->arrive[k] = walk.arrive;
		ret_times->begin[k] = walk.begin;
		ret_times->end[k] = walk.end;
	}
}

static struct walk walk_at(const struct sequence *sequence, const struct times *times, uint32_t k)
{
	if (k == 0)
		return walk_start(sequence);
	return (struct walk){times->arrive[k - 1], times->begin[k - 1], times->end[k - 1]};
}

/* For each step: one past the last step of its stop, and how many pickups that stop has. */
struct stops {
	uint8_t end[SEQUENCE_MAX], pickups[SEQUENCE_MAX];
};

static void stops_fill(const struct sequence *sequence, struct stops *stops)
{
	for (uint32_t first = 0, end; first < sequence->n; first = end) {
		uint8_t pickups = 0;
		for (end = first; end < sequence->n && (end == first || sequence->steps[end].joined); end++)
			pickups = (uint8_t)(pickups + (sequence->steps[end].kind == WIRE_PICKUP));
		for (uint32_t k = first; k < end; k++) {
			stops->end[k] = (uint8_t)end;
			stops->pickups[k] = pickups;
		}
	}
}

/* Nobody comes for pickup `missing`, nor at the next pickup stops, `most` stops in all. Up to (not including) step
 * `last`, whose arrival goes to *ret_worst, or to the end, with a value for each step; a rider's own absence does not
 * count against him, so at a stop of several riders each is missing in turn. */
static void walk_no_shows(const struct sequence *sequence, const struct stops *stops, const struct times *times,
			  uint32_t missing, uint32_t most, uint32_t last, instant_ms *ret_worst)
{
	struct walk walk = walk_at(sequence, times, missing);
	uint32_t end = stops->end[missing], own[SCHEDULE_NO_SHOWS], n_own = 0, n_stops = 1;
	for (uint32_t k = missing; k < sequence->n; k++) {
		const struct step *step = &sequence->steps[k];
		enum waits waits = k == missing ? LATE : COMES;
		if (k >= end) {
			end = stops->end[k];
			n_stops += stops->pickups[k] != 0;
		}
		if (n_stops > 1 && n_stops <= most)
			waits = step->kind == WIRE_PICKUP ? MISSING : COMES;
		walk = walk_step(sequence, k, &walk, waits);
		if (k == last) {
			*ret_worst = later_of(*ret_worst, walk.arrive);
			return;
		}
		int is_own = 0;
		for (uint32_t i = 0; i < n_own; i++)
			is_own |= own[i] == step->ride;
		if (waits != COMES && (n_stops == 1 || stops->pickups[k] == 1))
			own[n_own++] = step->ride;
		if (last == NONE && !is_own)
			ret_worst[k] = later_of(ret_worst[k], schedule_value(step, walk.arrive, walk.end));
		if (n_stops >= most && k >= end - 1 && walk.end == times->end[k])
			return; /* the delay is used up: all else is as planned */
	}
}

static void values_as_planned(const struct sequence *sequence, const struct times *times, instant_ms *ret_values)
{
	for (uint32_t k = 0; k < sequence->n; k++)
		ret_values[k] = schedule_value(&sequence->steps[k], times->arrive[k], times->end[k]);
}

void schedule_worst(const struct sequence *sequence, struct times *times)
{
	struct stops stops;
	stops_fill(sequence, &stops);
	values_as_planned(sequence, times, times->worst);
	for (uint32_t k = 0; k < sequence->n; k++)
		if (sequence->steps[k].kind == WIRE_PICKUP)
			for (uint32_t most = 1; most <= SCHEDULE_NO_SHOWS; most++)
				walk_no_shows(sequence, &stops, times, k, most, NONE, times->worst);
}

void schedule_without(const struct sequence *sequence, const struct times *times, uint32_t missing,
		      instant_ms *ret_worst)
{
	struct stops stops;
	stops_fill(sequence, &stops);
	values_as_planned(sequence, times, ret_worst);
	for (uint32_t most = 1; most <= SCHEDULE_NO_SHOWS; most++)
		walk_no_shows(sequence, &stops, times, missing, most, NONE, ret_worst);
}

instant_ms schedule_worst_arrival(const struct sequence *sequence, const struct times *times, uint32_t index)
{
	instant_ms arrival = times->arrive[index];
	struct stops stops;
	stops_fill(sequence, &stops);
	for (uint32_t k = 0; k < index; k++)
		if (sequence->steps[k].kind == WIRE_PICKUP)
			for (uint32_t most = 1; most <= SCHEDULE_NO_SHOWS; most++)
				walk_no_shows(sequence, &stops, times, k, most, index, &arrival);
	return arrival;
}

instant_ms schedule_ride_ms(const struct sequence *sequence, const struct times *times, uint32_t index)
{
	instant_ms from = sequence->steps[index].boarded_at;
	for (uint32_t k = 0; k < index; k++)
		if (sequence->steps[k].kind == WIRE_PICKUP && sequence->steps[k].ride == sequence->steps[index].ride)
			from = times->end[k];
	return from == INSTANT_NONE ? INSTANT_NONE : times->end[index] - from;
}
