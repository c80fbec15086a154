#include "schedule.h"

struct walk {
	instant_ms arrive, begin, end;
};

static instant_ms later_of(instant_ms a, instant_ms b)
{
	return a > b ? a : b;
}

/* One step after `before`; waits != 0: the rider does not come. */
static struct walk walk_step(const struct sequence *sequence, uint32_t k, const struct walk *before, int waits)
{
	const struct step *step = &sequence->steps[k];
	struct walk walk;
	if (step->joined) {
		walk.arrive = before->arrive;
		walk.begin = before->end;
	} else {
		walk.arrive = before->end + step->drive_ms;
		walk.begin = walk.arrive + sequence->stop_ms;
	}
	if (step->kind == WIRE_PICKUP)
		walk.begin = later_of(walk.begin, step->ready);
	walk.begin = later_of(walk.begin, sequence->now);
	walk.end = walk.begin + step->dwell_ms;
	if (waits) {
		walk.end = later_of(walk.end, step->wait_until);
		walk.end = later_of(walk.end, walk.arrive + sequence->no_show_wait_ms);
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
		walk = walk_step(sequence, k, &walk, 0);
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

static int begins_pickup_stop(const struct sequence *sequence, uint32_t k)
{
	if (sequence->steps[k].kind != WIRE_PICKUP)
		return 0;
	for (; k > 0 && sequence->steps[k].joined; k--)
		if (sequence->steps[k - 1].kind == WIRE_PICKUP)
			return 0;
	return 1;
}

/* Walks from pickup stop `first` up to (not including) step `end`; nobody comes at it and the next ones. */
static void walk_no_shows(const struct sequence *sequence, struct times *times, uint32_t first, uint32_t end,
			  instant_ms *ret_arrival)
{
	struct walk walk = walk_at(sequence, times, first);
	uint32_t missing[SEQUENCE_MAX], n_missing = 0, stops = 0;
	for (uint32_t k = first; k < sequence->n; k++) {
		const struct step *step = &sequence->steps[k];
		if (step->kind == WIRE_PICKUP && begins_pickup_stop(sequence, k))
			stops++;
		int waits = step->kind == WIRE_PICKUP && stops <= SCHEDULE_NO_SHOWS;
		walk = walk_step(sequence, k, &walk, waits);
		if (k == end) {
			*ret_arrival = later_of(*ret_arrival, walk.arrive);
			return;
		}
		int own = 0;
		for (uint32_t i = 0; i < n_missing && !own; i++)
			own = missing[i] == step->ride;
		if (waits)
			missing[n_missing++] = step->ride;
		if (end == NONE && !own)
			times->worst[k] = later_of(times->worst[k], schedule_value(step, walk.arrive, walk.end));
		if (stops > SCHEDULE_NO_SHOWS && walk.end == times->end[k] && end == NONE)
			return; /* the delay is used up: all else is as planned */
	}
}

void schedule_worst(const struct sequence *sequence, struct times *times)
{
	for (uint32_t k = 0; k < sequence->n; k++)
		times->worst[k] = schedule_value(&sequence->steps[k], times->arrive[k], times->end[k]);
	for (uint32_t k = 0; k < sequence->n; k++)
		if (begins_pickup_stop(sequence, k))
			walk_no_shows(sequence, times, k, NONE, 0);
}

instant_ms schedule_worst_arrival(const struct sequence *sequence, struct times *times, uint32_t index)
{
	instant_ms arrival = times->arrive[index];
	for (uint32_t k = 0; k < index; k++)
		if (begins_pickup_stop(sequence, k))
			walk_no_shows(sequence, times, k, index, &arrival);
	return arrival;
}
