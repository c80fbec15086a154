#include "tours_state.h"

#include <string.h>

#include "err.h"

#define SKIPPED 100 /* one vehicle of so many */
#define LEFT 8	    /* one time of so many not back into the plan that it was in */

static int64_t over(int64_t value, int64_t most)
{
	return value > most ? value - most : 0;
}

static int is_dropoff(const struct task *task)
{
	return (int)(task->place & 1);
}

/* --- columns --- */

static uint32_t rate_of(const struct tours *tours, const struct task *task)
{
	uint32_t late = task->departure >= task->knee;
	return is_dropoff(task) ? 1 + late * tours->options.rules.late_weight : late;
}

static void times_set(struct tours *tours, uint32_t vehicle, uint32_t first)
{
	struct task *task = tours_tasks(tours, vehicle);
	uint32_t load = first ? task[first - 1].load : tours->tour[vehicle].aboard;
	for (uint32_t k = first; k < tours->tour[vehicle].n; k++) {
		const struct tours_place *place = &tours->place[task[k].place];
		load = is_dropoff(&task[k]) ? load - 1 : load + 1;
		task[k].load = load;
		task[k].limit = place->limit;
		task[k].knee = place->knee;
		task[k].departure = k ? task[k - 1].departure + tours_row_from(tours, task[k - 1].place)[task[k].place]
				      : places_arrival(tours, vehicle, task[0].place) + tours->stop;
	}
}

void plan_measure(struct tours *tours, uint32_t vehicle, uint32_t first)
{
	struct task *task = tours_tasks(tours, vehicle);
	uint32_t n = tours->tour[vehicle].n;
	times_set(tours, vehicle, first);
	int32_t slack = n ? tours->tour[vehicle].end - task[n - 1].departure : 0, near = INT32_MAX;
	uint32_t rate = 0;
	for (uint32_t k = n; k-- > 0;) {
		int32_t own = task[k].limit - task[k].departure, knee = task[k].knee - task[k].departure;
		slack = own < slack ? own : slack;
		near = knee > 0 && knee < near ? knee : near;
		rate += rate_of(tours, &task[k]);
		task[k].slack = slack;
		task[k].near = near;
		task[k].rate = rate;
	}
}

static int32_t plan_end(struct tours *tours, uint32_t vehicle)
{
	uint32_t n = tours->tour[vehicle].n;
	return n ? tours_tasks(tours, vehicle)[n - 1].departure : places_leave(tours, vehicle);
}

int64_t plan_cost(struct tours *tours, uint32_t vehicle)
{
	const struct task *task = tours_tasks(tours, vehicle);
	int64_t riders = 0;
	for (uint32_t k = 0; k < tours->tour[vehicle].n; k++) {
		int64_t late = over(task[k].departure, task[k].knee);
		riders += is_dropoff(&task[k]) ? task[k].departure + tours->options.rules.late_weight * late : late;
	}
	return TOURS_SCALE * riders + (int64_t)tours->drive_permille * plan_end(tours, vehicle);
}

/* --- insertion --- */

/* Of one rider into any plan. */
struct find {
	struct tours *tours;
	const struct tours_rider *rider;
	const struct tours_place *pickup, *dropoff;
	uint32_t pickup_place, dropoff_place;
	const int32_t *starts, *to_pickup, *from_pickup, *to_dropoff, *from_dropoff;
	int32_t direct; /* with the stop at the end */
	int64_t late_weight, drive;
	struct plan_spot best;
	int32_t least_stop; /* for the pickup: none where it may join one */
	/* of the vehicle at hand */
	uint32_t vehicle, n, i;
	const struct task *task;
	int32_t end;
	int32_t departure; /* after the pickup at i */
};

static int64_t rider_cost(const struct find *find, int64_t departure, int64_t dropoff_departure)
{
	return TOURS_SCALE *
	       (dropoff_departure - find->tours->stop - find->rider->time +
		find->late_weight * over(dropoff_departure, find->dropoff->knee) + over(departure, find->pickup->knee));
}

static int64_t task_shift(const struct find *find, const struct task *task, int64_t shift)
{
	int64_t late = over(task->departure + shift, task->knee) - over(task->departure, task->knee);
	return is_dropoff(task) ? shift + find->late_weight * late : late;
}

/* What it costs when the tasks from k on come so much later. */
static int64_t rest_shift(const struct find *find, uint32_t k, int64_t shift)
{
	const struct task *task = find->task + k;
	int64_t sum = 0;
	if (k >= find->n)
		return 0;
	if (shift <= task->near)
		return TOURS_SCALE * shift * task->rate;
	for (; k < find->n; k++, task++)
		sum += task_shift(find, task, shift);
	return TOURS_SCALE * sum;
}

static void offer(struct find *find, uint32_t j, int64_t cost)
{
	struct plan_spot *best = &find->best;
	if (cost > best->cost)
		return;
	if (cost == best->cost) {
		if (find->vehicle != best->vehicle ? find->vehicle > best->vehicle
		    : find->i != best->i	   ? find->i > best->i
						   : j >= best->j)
			return;
	}
	*best = (struct plan_spot){cost, find->vehicle, find->i, j};
}

/* The drop-off before task j, departing at `at`; `before`: what riders pay up to there. */
static void try_dropoff(struct find *find, uint32_t j, int64_t at, int64_t before)
{
	int64_t cost = rider_cost(find, find->departure, at) + before;
	if (at > find->dropoff->limit || cost > find->best.cost)
		return;
	if (j == find->n) {
		if (at <= find->tours->tour[find->vehicle].end)
			offer(find, j, cost + find->drive * (at - find->end));
		return;
	}
	const struct task *next = &find->task[j];
	int64_t shift = at + find->from_dropoff[next->place] - next->departure;
	if (shift > next->slack)
		return;
	cost += find->drive * shift;
	if (cost + TOURS_SCALE * shift * next->rate > find->best.cost)
		return;
	offer(find, j, cost + rest_shift(find, j, shift));
}

/* Drop-offs behind other tasks, which come later by `shift` for the pickup. */
static void try_later(struct find *find, int64_t shift)
{
	uint32_t seats = find->tours->tour[find->vehicle].seats;
	int64_t before = 0;
	for (uint32_t k = find->i; k < find->n; k++) {
		const struct task *task = &find->task[k];
		int64_t leave = task->departure + shift;
		before += TOURS_SCALE * task_shift(find, task, shift);
		if (task->load >= seats || leave > find->dropoff->limit ||
		    rider_cost(find, find->departure, leave) + before + find->drive * shift > find->best.cost)
			return;
		try_dropoff(find, k + 1, leave + find->to_dropoff[task->place], before);
	}
}

/* The pickup before task i, with this departure. */
static void try_pickup(struct find *find, uint32_t i, int32_t departure)
{
	int64_t dropoff = (int64_t)departure + find->direct;
	int64_t least = rider_cost(find, departure, dropoff), shift = 0;
	if (departure > find->pickup->limit || dropoff > find->dropoff->limit)
		return;
	if (i < find->n) {
		const struct task *next = &find->task[i];
		shift = (int64_t)departure + find->from_pickup[next->place] - next->departure;
		if (shift < 0)
			shift = 0; /* at the stop that is being made, and the next is at the same place */
		if (shift > next->slack)
			return;
		least += (find->drive + (int64_t)TOURS_SCALE * next->rate) * shift;
	} else {
		least += find->drive * (dropoff - find->end);
	}
	if (least > find->best.cost)
		return;
	find->i = i;
	find->departure = departure;
	try_dropoff(find, i, dropoff, 0);
	if (i < find->n)
		try_later(find, shift);
}

/* Before all that is planned. */
static void try_first(struct find *find, int32_t soonest, int may_join)
{
	struct tours *tours = find->tours;
	const struct tour *tour = &tours->tour[find->vehicle];
	if (may_join && tour->is_stop && tour->leave > tours->now && tour->arc == find->pickup->arc) {
		try_pickup(find, 0, tour->leave);
		return;
	}
	if (find->n > 0 &&
	    (int64_t)soonest + find->from_pickup[find->task[0].place] - find->task[0].departure > find->task[0].slack)
		return;
	try_pickup(find, 0, places_arrival(tours, find->vehicle, find->pickup_place) + tours->stop);
}

static void try_vehicle(struct find *find, uint32_t vehicle, int may_join)
{
	struct tours *tours = find->tours;
	const struct tour *tour = &tours->tour[vehicle];
	int32_t soonest = tours->ready[vehicle] + find->starts[vehicle] + find->least_stop;
	if (soonest > find->pickup->limit ||
	    rider_cost(find, soonest, (int64_t)soonest + find->direct) > find->best.cost)
		return;
	tours->counts.tries++;
	find->vehicle = vehicle;
	find->n = tour->n;
	find->task = tours_tasks(tours, vehicle);
	find->end = plan_end(tours, vehicle);
	if (find->n + 2 > tours->options.plan_most)
		return;
	if (tour->aboard < tour->seats)
		try_first(find, soonest, may_join);
	for (uint32_t i = 1; i <= find->n; i++) {
		const struct task *last = &find->task[i - 1];
		if (last->departure > find->pickup->limit)
			return;
		if (last->load < tour->seats)
			try_pickup(find, i, last->departure + find->to_pickup[last->place]);
	}
}

static struct find find_of(struct tours *tours, uint32_t rider)
{
	uint32_t pickup = 2 * rider, dropoff = pickup + 1;
	return (struct find){.tours = tours,
			     .rider = &tours->rider[rider],
			     .pickup = &tours->place[pickup],
			     .dropoff = &tours->place[dropoff],
			     .pickup_place = pickup,
			     .dropoff_place = dropoff,
			     .starts = tours_row_starts(tours, pickup),
			     .to_pickup = tours_row_to(tours, pickup),
			     .from_pickup = tours_row_from(tours, pickup),
			     .to_dropoff = tours_row_to(tours, dropoff),
			     .from_dropoff = tours_row_from(tours, dropoff),
			     .direct = tours_row_from(tours, pickup)[dropoff],
			     .late_weight = tours->options.rules.late_weight,
			     .drive = tours->drive_permille,
			     .best = {.cost = INT64_MAX, .vehicle = NONE}};
}

/* No departure after a pickup later than this can be among the best. */
static int32_t latest_pickup(const struct find *find)
{
	int32_t low = find->rider->time - 1, high = find->pickup->limit;
	if (rider_cost(find, high, (int64_t)high + find->direct) <= find->best.cost)
		return high;
	while (high - low > 1) {
		int32_t middle = low + (high - low) / 2;
		if (rider_cost(find, middle, (int64_t)middle + find->direct) <= find->best.cost)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Who is there first, if all go there at once. */
static uint32_t nearest(const struct find *find)
{
	const int32_t *ready = find->tours->ready, *starts = find->starts;
	uint32_t best = 0;
	for (uint32_t v = 1; v < find->tours->n_vehicles; v++)
		if (ready[v] + starts[v] < ready[best] + starts[best])
			best = v;
	return best;
}

struct plan_spot plan_find(struct tours *tours, uint32_t rider, int may_join, uint32_t skip)
{
	struct find find = find_of(tours, rider);
	uint32_t was = tours->rider[rider].vehicle, n = 0;
	int is_barred = skip && (skip >> 4) % LEFT == 0;
	find.least_stop = may_join ? 0 : tours->stop;
	uint32_t first = was == NONE || is_barred ? nearest(&find) : was;
	if (!is_barred || first != was)
		try_vehicle(&find, first, may_join);
	int32_t most = latest_pickup(&find) - find.least_stop;
	for (uint32_t v = 0; v < tours->n_vehicles; v++) {
		tours->candidate[n] = v;
		n += tours->ready[v] + find.starts[v] <= most;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t v = tours->candidate[i];
		if (v != first && !(v == was && is_barred) && (!skip || (v * 2654435761u + skip) % SKIPPED))
			try_vehicle(&find, v, may_join);
	}
	return find.best;
}

struct plan_spot plan_find_dropoff(struct tours *tours, uint32_t rider)
{
	struct find find = find_of(tours, rider);
	uint32_t vehicle = tours->rider[rider].vehicle;
	find.vehicle = vehicle;
	find.n = tours->tour[vehicle].n;
	find.task = tours_tasks(tours, vehicle);
	find.end = plan_end(tours, vehicle);
	find.departure = tours->rider[rider].time; /* has been */
	if (find.n + 1 > tours->options.plan_most)
		return find.best;
	try_dropoff(&find, 0, (int64_t)places_arrival(tours, vehicle, find.dropoff_place) + tours->stop, 0);
	for (uint32_t j = 1; j <= find.n && find.task[j - 1].load <= tours->tour[vehicle].seats; j++)
		try_dropoff(&find, j, (int64_t)find.task[j - 1].departure + find.to_dropoff[find.task[j - 1].place], 0);
	return find.best;
}

static void task_put(struct tours *tours, uint32_t vehicle, uint32_t at, uint32_t place)
{
	struct task *task = tours_tasks(tours, vehicle) + at;
	memmove(task + 1, task, (tours->tour[vehicle].n++ - at) * sizeof *task);
	task->place = place;
}

int plan_insert(struct tours *tours, uint32_t rider, const struct plan_spot *spot)
{
	uint32_t vehicle = spot->vehicle;
	int waits = tours->rider[rider].state == RIDER_WAITS;
	if (tours->tour[vehicle].n + 1 + (uint32_t)waits > tours->options.plan_most)
		return ERR_FULL;
	task_put(tours, vehicle, spot->j, 2 * rider + 1);
	if (waits)
		task_put(tours, vehicle, spot->i, 2 * rider);
	tours->rider[rider].vehicle = vehicle;
	plan_measure(tours, vehicle, waits ? spot->i : spot->j);
	return ERR_OK;
}

void plan_remove(struct tours *tours, uint32_t rider)
{
	uint32_t vehicle = tours->rider[rider].vehicle, kept = 0;
	struct task *task = tours_tasks(tours, vehicle);
	for (uint32_t k = 0; k < tours->tour[vehicle].n; k++)
		if (task[k].place / 2 != rider)
			task[kept++] = task[k];
	tours->tour[vehicle].n = kept;
}
