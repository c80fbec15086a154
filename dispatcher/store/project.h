/* Projections: what a core knows, as rows for people with SQL and maps (PostgreSQL with PostGIS; other stores keep
 * none). A commit touches some rides and vehicles; their rows as of the end of the commit are written in its
 * transaction, so that replaying the journal commit by commit gives the same rows again (journal_watch, `dispatcher
 * project`). No identity, no need, no address: a ride shows where the vehicle stops for it, never the place that was
 * asked for. */
#ifndef ZUB_PROJECT_H
#define ZUB_PROJECT_H

#include "core.h"
#include "store.h"

struct project_ride {
	uint64_t ride;
	uint32_t vehicle; /* number, 0 = none */
	const char *state, *refusal, *cause;
	uint8_t party, prebooked, has_places;
	int8_t kept; /* -1 = not known yet */
	int32_t pickup_late_ms, arrival_late_ms;
	uint32_t n_reassigned;
	instant_ms asked_at, promised_at, closed_at;
	instant_ms earliest_pickup, latest_pickup, latest_arrival; /* the promise */
	instant_ms planned_pickup, planned_dropoff, at_stop_at, boarded_at, alighted_at;
	struct geo_point pickup, dropoff;   /* where the vehicle stops */
	uint32_t pickup_stop, dropoff_stop; /* virtual stops of the town, or NONE */
};
struct project_vehicle {
	uint32_t number;
	char name[CORE_WHO_MAX], supervisor[CORE_WHO_MAX];
	const char *class_name, *service; /* class_name borrowed from the town */
	uint8_t mode, link_up, standstill, n_aboard, has_place;
	uint16_t battery_permille;
	uint32_t plan_epoch, plan_version, n_tasks;
	instant_ms anchor_at, last_contact;
	struct geo_point place;
};
struct project_rows {
	const struct town *town;
	uint64_t sequence; /* of the commit they belong to; 0 = of the commit they are staged for */
	struct project_ride *rides;
	size_t n_rides, cap_rides;
	struct project_vehicle *vehicles;
	size_t n_vehicles, cap_vehicles;
	/* touched since the last clear */
	uint64_t *touched_rides, *touched_vehicles;
	size_t n_touched_rides, cap_touched_rides, n_touched_vehicles, cap_touched_vehicles;
	struct upd_outcome *outcomes;
	size_t n_outcomes, cap_outcomes;
};

/* Zeroed memory is an empty projection. */
void project_free(struct project_rows *projection);
/* Notes what these updates touched. ERR_MEMORY. */
int project_note(struct project_rows *projection, const struct update *updates, uint32_t n);
/* Makes the rows of what was touched from the core's present state, ascending by ride and vehicle, and forgets what was
 * touched. They stay until the next fill. */
int project_fill(struct project_rows *projection, const struct core *core);

/* Replays the journal into emptied projections of `into` (which may be the same store); `core` must be empty and opened
 * as for journal_verify. The report is the verification's. ERR_UNAVAILABLE: that store keeps none. */
struct verify_report;
int project_rebuild(struct store *store, struct core *core,
		    int (*give)(void *self, struct core *core, const uint8_t town_hash[TOWN_HASH_BYTES],
				struct err_detail *detail),
		    void *self, struct verify_report *ret_report, struct err_detail *detail);

#endif
