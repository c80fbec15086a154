/* Private to the checker: its books. checker.c and checker_clean.c keep them, checker_cause.c judges causes,
 * checker_figures.c counts. */
#ifndef ZUB_CHECKER_INNER_H
#define ZUB_CHECKER_INNER_H

#include "arena.h"
#include "checker.h"
#include "hash.h"
#include "route.h"

#define CHECKER_RIDES_MAX (1u << 19)
#define CHECKER_VEHICLES_MAX 8192
#define CHECKER_ABOARD_MAX 64
#define CHECKER_SPANS_MAX 8

enum book_outcome { BOOK_OPEN, BOOK_KEPT, BOOK_BROKEN };
enum book_case { BOOK_NO_CASE, BOOK_CASE_OPEN, BOOK_CASE_CLOSED };

/* When a ride was planned on, or aboard, a vehicle. */
struct span {
	uint32_t vehicle;
	instant_ms from, to; /* to: INT64_MAX = still */
};

struct book { /* one ride */
	uint64_t ride;
	instant_ms asked_at, wished_at /* INSTANT_NONE: no pickup of its own was wished */, promised_at,
		earliest_pickup, latest_pickup, latest_arrival;
	instant_ms arrived_at, boarded_at, alighted_at; /* arrived: the vehicle, at the stop where he boarded */
	struct geo_point from;
	struct trip_key tie;
	struct spot pickup; /* where he would board without walking; for the idle vehicle */
	uint32_t vehicle;   /* that carried the rider */
	uint32_t n_spans, n_plans;
	struct span spans[CHECKER_SPANS_MAX]; /* the oldest ones give way */
	uint8_t units[TOWN_SPACES_MAX];
	uint32_t boarding_ms;
	int64_t shifted_ms; /* the promise has moved along with its trip by this */
	uint8_t state, tie_kind, wheelchair, prebooked, shared, offered, last_called, operator_cancelled;
	uint8_t taken_out;   /* by a person, of `vehicle` */
	uint8_t outcome;     /* enum book_outcome */
	uint8_t broken_case; /* enum book_case */
};

/* What came from outside, once it began. Kinds with a length stay open until their end is journaled. */
enum outside {
	OUTSIDE_FAULT,
	OUTSIDE_MRC,
	OUTSIDE_REFUSED,
	OUTSIDE_LINK,
	OUTSIDE_STOP /* standstill, hold */,
	OUTSIDE_WITHDRAWN, /* with a length */
	OUTSIDE_LATE,
	OUTSIDE_WAIT,
	OUTSIDE_CALL,
	OUTSIDE_DUTY,
	OUTSIDE_TRIP,
	OUTSIDE_STREETS,
	OUTSIDE_RESTORE,
	OUTSIDE_KINDS
};
#define OUTSIDE_LASTING OUTSIDE_LATE /* kinds below this have a length */

struct outside_event {
	uint8_t kind;
	uint32_t vehicle;    /* 0 = all */
	instant_ms from, to; /* to: INT64_MAX = lasts */
	int64_t amount_ms;   /* late, wait, delay of a trip, silence before a restore */
	uint32_t trip;	     /* index into trips, for OUTSIDE_TRIP */
	uint64_t ride;	     /* wait: for whom */
};

struct fleet_book { /* one vehicle */
	uint8_t spaces[TOWN_SPACES_MAX];
	uint32_t class_index;
	uint32_t boot, sequence, n_aboard, used;
	uint64_t aboard[CHECKER_ABOARD_MAX];
	instant_ms stands_since; /* INSTANT_NONE = drives, or unknown */
	struct spot at;
	struct spot left; /* where it set out last, since left_at */
	instant_ms left_at;
	uint32_t lasting[OUTSIDE_LASTING]; /* index of the open event + 1 */
	uint32_t n_plan;
	uint64_t plan[WIRE_TASKS_MAX]; /* rides of the newest plan, pickups and drop-offs */
	/* newest plans that the journal knows: of this epoch, and of those before */
	uint32_t plan_epoch, plan_version, before_epoch, before_version;
	uint8_t known, service, link_up;
	/* cleaning: time in service since, counted until used_at; being cleaned since, idle though overdue since (0 =
	 * not); what its newest plan begins with */
	instant_ms used_ms, used_at, shift_from, clean_from, waits_since;
	uint8_t cleans, first_kind;
};

struct checker {
	const struct town *town;
	struct arena arena;
	struct hash_map map;
	struct book *books;
	size_t n, cap;
	struct fleet_book *fleet; /* by vehicle number */
	uint32_t n_fleet;	  /* highest number + 1 */
	struct outside_event *events;
	size_t n_events, cap_events;
	struct trip_key *trips;
	size_t n_trips, cap_trips;
	uint64_t n_offered; /* rides with an open offer */
	uint32_t epoch;
	struct core_settings settings; /* of the newest start */
	uint8_t restored;
	instant_ms swapped_at;		       /* the newest town swap; 0 = none */
	instant_ms last_at;		       /* of the newest command */
	struct arena route_arena, query_arena; /* opened when first needed */
	struct route_graph *graph;
	struct route_query *query;
	uint32_t *times; /* [n_arcs] scratch of one search */
	struct cmd_closure closures[CORE_CLOSURES_MAX];
	uint32_t n_closures, conditions;
	struct cmd_street_speeds speeds;
	instant_ms streets_at; /* the newest word about streets; 0 = none */
	char fault[256];
	char doubt[256]; /* a fault unless the journal turns out to have been put back from a copy */
	struct checker_figures figures;
};

void checker_found(struct checker *checker, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct book *checker_book(const struct checker *checker, uint64_t ride)
{
	uint32_t index = ride ? hash_map_get(&checker->map, ride) : NONE;
	return index == NONE ? NULL : &checker->books[index];
}
static inline struct fleet_book *checker_vehicle(const struct checker *checker, uint32_t vehicle)
{
	return vehicle > 0 && vehicle < CHECKER_VEHICLES_MAX ? &checker->fleet[vehicle] : NULL;
}

/* checker_clean.c */
void checker_clean_shift(struct fleet_book *vehicle, instant_ms from, instant_ms at);
void checker_clean_service(struct fleet_book *vehicle, uint8_t service, instant_ms at);
void checker_clean_event(struct checker *checker, uint32_t number, uint8_t kind, instant_ms at);
void checker_clean_promise(struct checker *checker, const struct book *ride, uint32_t number, instant_ms at);
void checker_clean_step(struct checker *checker, instant_ms at);

/* checker_cause.c */
/* What a command says came from outside. */
void checker_outside(struct checker *checker, const struct command *command);
void checker_event(struct checker *checker, enum outside kind, uint32_t vehicle, instant_ms at, int64_t amount_ms,
		   uint64_t ride);
/* A vehicle arrived: what streets that are not as usual made of its way. */
void checker_way(struct checker *checker, uint32_t vehicle, struct spot to, instant_ms at);
/* Judges an outcome "broken". */
void checker_judge(struct checker *checker, const struct book *ride, uint8_t cause, instant_ms now);
/* The greatest delay of the ride's own trip that became known since the promise; 0 = none. */
int64_t checker_trip_late(const struct checker *checker, const struct book *ride);
/* Was the trip that the rider came with known to be not on time, before the promise or since? */
int checker_from_late_train(const struct checker *checker, const struct book *ride);
/* Beyond the promise by the vehicle's own events; <= 0 = in time, or never carried. */
int64_t checker_lateness(const struct book *ride);

#endif
