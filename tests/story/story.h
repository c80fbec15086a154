/* Scenarios that read like a story: a drawn town, the real core, dock, journal and agents on a virtual clock and
 * network (the simulator's world, steered by hand), riders and supervisors who do what the story says. Whatever is
 * expected and not so ends the test with the journal's last lines. A place "AB" is the middle of the street from A to
 * B, in that direction; a time "17:05" is of the story's present day. The town is the one of story_grid unless the
 * story draws its own:
 *
 *     A-----B-----C-----D      one street is 300 m and a minute long across, 150 m and half a minute down; shuttles
 * stop |     |     |     |      anywhere (door to door); service from 05:00 to 25:00; the town has a taxi to fall back
 * on E-----F-----G-----H |     |     |     | I-----J-----K-----L
 */
#ifndef ZUB_TESTS_STORY_H
#define ZUB_TESTS_STORY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "drawn_town.h"
#include "store.h"
#include "wire.h"

struct world;

#define STORY_RIDERS_MAX 64
#define STORY_VEHICLES_MAX 8

struct story_options {
	const char *begins;	       /* "08:00" */
	const char *timetable, *stops; /* drawn_town.h; NULL = none */
	uint32_t first_day;	       /* yyyymmdd; 0 = 2022-06-07 */
	int clock_change_h;	       /* the night to the second day is longer by this: 1 in October, -1 in March */
	uint32_t loss_permille, repeat_permille, latency_ms_max;
	const char *store;    /* NULL = in memory */
	int no_fallback;      /* the town has nobody who steps in */
	int silent_riders;    /* nobody reads notices */
	const char *profiles; /* hours at which streets are slower, drawn_town.h; NULL = none */
	int live_speeds;      /* the dispatcher learns from its shuttles where streets are slow */
	uint32_t clean_every_min, clean_min, clean_early_min; /* shuttles are cleaned; 0 = never */
};

struct story_rider {
	uint64_t ride;
	int at_stop; /* stands there, boards when the doors open */
	instant_ms tried_at;
};

struct story {
	struct world *world;
	struct drawn_town drawn, next; /* next: after a new timetable */
	struct store *store;
	struct err_detail detail;
	uint32_t day; /* 0 = the first day */
	int swapped;
	struct story_rider riders[STORY_RIDERS_MAX];
	uint32_t n_riders;
	uint64_t n_orders;
	instant_ms would_work_at; /* what the newest wish was answered when it was refused */
	struct story_options options;
};

void story_open(struct story *story, const struct story_options *options);
/* Ends it: every invariant of the core, everything the checker knows, and the replay of the journal to the same
 * outcomes. */
void story_close(struct story *story);
#define story_fails(story, ...) story_fail(story, __FILE__, __LINE__, __VA_ARGS__)
void story_fail(struct story *story, const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

/* ---- time ---- */
void at(struct story *story, const char *time); /* runs until then */
void after_s(struct story *story, int64_t seconds);
instant_ms story_now(const struct story *story);
instant_ms story_time(const struct story *story, const char *time);

/* ---- fleet and its people ---- */
struct shuttle_options {
	uint8_t seats; /* 0 = 6 */
	uint8_t no_bay;
	const char *shift_to; /* NULL = always */
};
/* Enrolled, released and standing at a place; its number. */
uint32_t shuttle(struct story *story, const char *place, const struct shuttle_options *options);
void signs_on(struct story *story, const char *who, uint32_t vehicles);
/* To whom: NULL = nobody. The answer's code. */
int signs_off(struct story *story, const char *who, const char *to);
int accepts_handover(struct story *story, const char *who, const char *from);
int sets_shift(struct story *story, const char *who, uint32_t vehicle, const char *from, const char *to);
int orders(struct story *story, const char *who, uint32_t vehicle, enum wire_order_kind order);
int answers_approval(struct story *story, const char *who, uint32_t vehicle, int granted);
int owns_case(struct story *story, const char *who, uint64_t ride);
/* A rider who was helped otherwise and sat in a vehicle was taken out of it; unseen: nobody went there. */
int closes_case(struct story *story, const char *who, uint64_t ride, enum case_outcome outcome);
int closes_case_unseen(struct story *story, const char *who, uint64_t ride, enum case_outcome outcome);

/* ---- what befalls it ---- */
void breaks_down(struct story *story, uint32_t vehicle);
void minimal_risk_stop(struct story *story, uint32_t vehicle);
void loses_link(struct story *story, uint32_t vehicle);
void regains_link(struct story *story, uint32_t vehicle);
void presses(struct story *story, uint32_t vehicle, enum wire_event_kind button);
void agent_restarts(struct story *story, uint32_t vehicle);
void dispatcher_restarts(struct story *story);
/* Both directions of the street between two corners ("BC"): slow_permille 0 = closed; until "17:05" or NULL. */
int closes_street(struct story *story, uint64_t number, const char *street, uint32_t slow_permille, const char *until);
int weather(struct story *story, const char *condition, int on); /* an operator switches it */
int opens_street(struct story *story, uint64_t number);
/* From now on it takes that many times (permille) what the map says, both ways, and nobody is told; 1000: as usual. */
void jams_street(struct story *story, const char *street, uint32_t times_permille);
/* The stop sequence counts from 1; late in seconds. */
void train(struct story *story, const char *trip, uint32_t stop_sequence, int32_t late_s, int cancelled);
/* Another timetable of the same streets takes effect; the agents get the new file within a minute. */
void new_timetable(struct story *story, const char *timetable);
/* The journal's files laid aside, and put back under a stopped dispatcher. The store must be a file. */
void journal_copied(struct story *story, const char *folder);
void journal_put_back(struct story *story, const char *folder);

/* ---- riders ---- */
struct wish {
	const char *from, *to;
	const char *leave_at, *arrive_by; /* NULL = now */
	uint8_t persons;		  /* 0 = 1, with a wheelchair 0 */
	uint8_t wheelchair, walker, dog, companion, pram;
	const char *from_trip, *to_trip; /* tied to this trip */
	uint32_t stop_sequence;
	uint32_t walk_max_mm;
};
/* Asks; the ride's number. `rider_asks` for one person, now. */
uint64_t rider_asks(struct story *story, const char *from, const char *to);
uint64_t rider_wishes(struct story *story, const struct wish *wish);
int rider_accepts(struct story *story, uint64_t ride);
/* Asks and accepts the first offer, which there must be. */
uint64_t rider_books(struct story *story, const char *from, const char *to);
/* Booked, fetched and driven as promised; ms that the ride was said to take directly. */
uint32_t rider_rides(struct story *story, const char *from, const char *to);
uint64_t rider_books_wish(struct story *story, const struct wish *wish);
void rider_goes_to_stop(struct story *story, uint64_t ride); /* boards when the doors open */
int rider_is_coming(struct story *story, uint64_t ride);
int rider_undone(struct story *story, const char *who, uint64_t ride);

/* ---- what must be ---- */
const struct core_ride *ride_of(struct story *story, uint64_t ride);
const struct core *story_core(const struct story *story);
const struct core_vehicle *shuttle_of(struct story *story, uint32_t vehicle);
#define expect_state(story, ride, state) story_expect_state(story, ride, state, __FILE__, __LINE__)
#define expect_refused(story, ride, refusal) story_expect_refused(story, ride, refusal, __FILE__, __LINE__)
/* Runs until the ride is in this state; not after `time`. */
#define until_state(story, ride, state, time) story_until_state(story, ride, state, time, __FILE__, __LINE__)
#define expect_notice(story, ride, kind) story_expect_notice(story, ride, kind, __FILE__, __LINE__)
#define expect_no_notice(story, ride, kind) story_expect_no_notice(story, ride, kind, __FILE__, __LINE__)
/* An open case; `subject`: ride, or 0 and then the vehicle. */
#define expect_case(story, ride, vehicle, kind) story_expect_case(story, ride, vehicle, kind, __FILE__, __LINE__)
#define expect_no_case(story, ride, vehicle, kind) story_expect_no_case(story, ride, vehicle, kind, __FILE__, __LINE__)
#define expect_code(story, code, wanted) story_expect_code(story, code, wanted, __FILE__, __LINE__)
#define expect(story, what) ((what) ? (void)0 : story_fail(story, __FILE__, __LINE__, "not so: %s", #what))
void story_expect_state(struct story *story, uint64_t ride, uint8_t state, const char *file, int line);
void story_expect_refused(struct story *story, uint64_t ride, uint8_t refusal, const char *file, int line);
void story_until_state(struct story *story, uint64_t ride, uint8_t state, const char *time, const char *file, int line);
void story_expect_notice(struct story *story, uint64_t ride, uint8_t kind, const char *file, int line);
void story_expect_no_notice(struct story *story, uint64_t ride, uint8_t kind, const char *file, int line);
const struct core_case *story_expect_case(struct story *story, uint64_t ride, uint32_t vehicle, uint8_t kind,
					  const char *file, int line);
void story_expect_no_case(struct story *story, uint64_t ride, uint32_t vehicle, uint8_t kind, const char *file,
			  int line);
void story_expect_code(struct story *story, int code, int wanted, const char *file, int line);
/* Newest instant at which somebody was told so; INSTANT_NONE = never. */
instant_ms told_at(struct story *story, uint64_t ride, uint8_t kind);
/* What the vehicle itself says. */
int has_aboard(struct story *story, uint32_t vehicle, uint64_t ride);
uint8_t mode_of(struct story *story, uint32_t vehicle);
/* How many rides ended so; by the independent checker's books. */
struct checker_figures;
void story_figures(const struct story *story, struct checker_figures *ret_figures);
int64_t story_plan_valid_ms(const struct story *story); /* after the last contact, for the dispatcher */
uint64_t story_driven_mm(struct story *story, uint32_t vehicle);

#endif
