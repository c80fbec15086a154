/* What the checker counted; definitions stand at checker.h. */
#include <stdlib.h>
#include <string.h>

#include "checker_inner.h"

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int by_point(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct geo_point)); /* any order does: equal ones stand together */
}

static void count_ride(const struct checker *checker, const struct book *ride, struct checker_figures *figures)
{
	figures->requests += ride->state != 0;
	figures->refused += ride->state == RIDE_REFUSED;
	figures->declined += ride->state == RIDE_EXPIRED;
	figures->cancelled += ride->state == RIDE_CANCELLED;
	figures->no_shows += ride->state == RIDE_NO_SHOW;
	figures->broken += ride->state == RIDE_BROKEN;
	if (ride->state != RIDE_DONE)
		return;
	figures->done++;
	figures->wheelchair_done += ride->wheelchair;
	figures->prebooked_done += ride->prebooked;
	figures->tied_done += ride->tie_kind != TIE_NONE;
	figures->followed_done += ride->shifted_ms > 0;
	figures->late_train_done += (uint64_t)checker_from_late_train(checker, ride);
	figures->shared_done += ride->shared;
	figures->in_vehicle_ms_sum += (uint64_t)(ride->alighted_at - ride->boarded_at);
}

static void sort_lists(const struct checker *checker, struct checker_figures *figures, int64_t *waits,
		       struct geo_point *origins)
{
	uint64_t n_waits = 0, n_origins = 0;
	for (size_t i = 0; i < checker->n; i++) {
		const struct book *ride = &checker->books[i];
		if (ride->boarded_at != INSTANT_NONE) {
			instant_ms since = ride->wished_at != INSTANT_NONE ? ride->wished_at : ride->earliest_pickup;
			int64_t wait_ms = ride->boarded_at > since ? ride->boarded_at - since : 0;
			waits[n_waits++] = wait_ms;
			figures->wait_ms_sum += (uint64_t)wait_ms;
		}
		if (ride->state == RIDE_DONE)
			origins[n_origins++] = ride->from;
	}
	qsort(waits, n_waits, sizeof *waits, by_value);
	qsort(origins, n_origins, sizeof *origins, by_point);
	figures->wait_n = n_waits;
	figures->wait_ms_p95 = n_waits ? (uint64_t)waits[(n_waits - 1) * 95 / 100] : 0;
	for (uint64_t i = 0; i < n_origins; i++)
		figures->origins += i == 0 || by_point(&origins[i - 1], &origins[i]) != 0;
}

void checker_figures(const struct checker *checker, struct checker_figures *ret_figures)
{
	struct checker_figures figures = checker->figures;
	int64_t *waits = calloc(checker->n + 1, sizeof *waits);
	struct geo_point *origins = calloc(checker->n + 1, sizeof *origins);
	for (size_t i = 0; i < checker->n; i++)
		count_ride(checker, &checker->books[i], &figures);
	if (waits && origins)
		sort_lists(checker, &figures, waits, origins);
	for (uint32_t v = 0; v < checker->n_fleet; v++)
		figures.vehicles_used += checker->fleet[v].used;
	free(waits);
	free(origins);
	*ret_figures = figures;
}
