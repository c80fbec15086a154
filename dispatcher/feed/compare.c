/* Trip by trip, stop by stop: what is known against what is said. */
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "match.h"

#define PASSED_MS (10 * MINUTE_MS) /* behind a train nobody needs its times */

struct seen {
	uint32_t day, trip;
	instant_ms at;
};

struct feed_memory {
	const struct feed *feed;
	struct seen *seen; /* of the trips known to be not on time; ascending */
	size_t n_seen;
};

/* Entries of one trip on one day. */
struct words {
	const struct feed_trip_delay *items;
	uint32_t n;
};
struct compare {
	struct feed_memory *memory;
	const struct timetable *timetable;
	const struct feed_rules *rules;
	instant_ms now;
	struct feed_news *news;
	size_t cap_tell;
	struct seen *seen; /* what memory->seen becomes */
	size_t n_seen, cap_seen;
	uint32_t room;
};

int feed_memory_open(struct feed_memory **ret_memory, const struct feed *feed, struct err_detail *detail)
{
	struct feed_memory *memory = calloc(1, sizeof *memory);
	if (!memory)
		return err_set(detail, ERR_MEMORY, "live feed: out of memory");
	memory->feed = feed;
	*ret_memory = memory;
	return 0;
}

void feed_memory_close(struct feed_memory *memory)
{
	if (!memory)
		return;
	free(memory->seen);
	free(memory);
}

void feed_news_free(struct feed_news *news)
{
	free(news->tell);
	*news = (struct feed_news){0};
}

/* ---- along a trip ---- */

/* What holds at a stop. */
struct state {
	int32_t arrival_late_s, departure_late_s;
	uint8_t cancelled, skipped;
};
struct along {
	struct words words;
	uint32_t next;
	int32_t late_s;
	uint8_t cancelled;
};

static struct state step(struct along *along, uint32_t event)
{
	struct state state = {along->late_s, along->late_s, along->cancelled, 0};
	while (along->next < along->words.n && along->words.items[along->next].event <= event) {
		const struct feed_trip_delay *word = &along->words.items[along->next++];
		along->late_s = word->departure_late_s;
		along->cancelled = word->cancelled;
		state = (struct state){word->event == event ? word->arrival_late_s : word->departure_late_s,
				       word->departure_late_s, word->cancelled,
				       (uint8_t)(word->event == event && word->skipped)};
	}
	return state;
}

static int differ(const struct compare *compare, const struct state *a, const struct state *b)
{
	int32_t least = compare->rules->least_s > 0 ? compare->rules->least_s : 1;
	if (a->cancelled || b->cancelled)
		return a->cancelled != b->cancelled;
	return a->skipped != b->skipped || abs(a->arrival_late_s - b->arrival_late_s) >= least ||
	       abs(a->departure_late_s - b->departure_late_s) >= least;
}

static instant_ms leaves(const struct compare *compare, uint32_t event, uint32_t day, int32_t late_s)
{
	const struct timetable *timetable = compare->timetable;
	return timetable->day_start[day] + ((instant_ms)timetable->time_departure_s[event] + late_s) * SECOND_MS;
}

static uint32_t trip_of(const struct compare *compare, const struct feed_trip_delay *delay)
{
	return compare->timetable->event_trip[delay->event];
}

/* ---- telling ---- */

static int tell(struct compare *compare, uint32_t event, uint32_t day, const struct state *state)
{
	struct feed_trip_delay delay = {.event = event,
					.day = day,
					.arrival_late_s = state->cancelled ? 0 : state->arrival_late_s,
					.departure_late_s = state->cancelled ? 0 : state->departure_late_s,
					.cancelled = state->cancelled,
					.skipped = state->skipped};
	size_t n = compare->news->n_tell;
	if (timetable_key(compare->memory->feed->town, event, day, &delay.key))
		return 0; /* an id too long to name a connection by was not decoded in the first place */
	int result = array_push(compare->news->tell, n, compare->cap_tell, delay);
	compare->news->n_tell = (uint32_t)n;
	return result;
}

/* Everything said from the first difference on: it takes the place of what was known there. */
static int tell_from(struct compare *compare, uint32_t event, uint32_t day, const struct state *state,
		     const struct words *known, const struct words *said)
{
	uint32_t first = 0, replaced = 0;
	while (first < said->n && said->items[first].event <= event)
		first++;
	for (uint32_t i = 0; i < known->n; i++)
		replaced += known->items[i].event >= event;
	uint32_t n = said->n - first + 1, more = n > replaced ? n - replaced : 0;
	if (more > compare->room) {
		compare->news->n_no_room++;
		return 0;
	}
	if (compare->news->n_tell + n > compare->rules->most) {
		compare->news->n_left++;
		return 0;
	}
	compare->room -= more;
	compare->news->n_trips++;
	int result = tell(compare, event, day, state);
	for (uint32_t i = first; i < said->n && !result; i++) {
		const struct feed_trip_delay *word = &said->items[i];
		struct state next = {word->arrival_late_s, word->departure_late_s, word->cancelled, word->skipped};
		result = tell(compare, word->event, day, &next);
	}
	return result;
}

/* From where on the message speaks: a trip that was cancelled and is no longer runs from its first stop on. */
static uint32_t speaks_from(const struct words *known, const struct words *said)
{
	uint32_t from = said->items[0].event;
	for (uint32_t i = 0; i < known->n && !said->items[0].cancelled; i++)
		if (known->items[i].cancelled && known->items[i].event < from)
			from = known->items[i].event;
	return from;
}

/* said: at least one entry. */
static int compare_trip(struct compare *compare, const struct words *known, const struct words *said)
{
	uint32_t day = said->items[0].day, trip = trip_of(compare, &said->items[0]);
	uint32_t end = compare->timetable->trip_first[trip + 1], from = speaks_from(known, said);
	struct along old = {.words = *known}, new = {.words = *said};
	for (uint32_t event = compare->timetable->trip_first[trip]; event < end; event++) {
		struct state was = step(&old, event), is = step(&new, event);
		int passed = leaves(compare, event, day, is.departure_late_s) < compare->now - PASSED_MS &&
			     leaves(compare, event, day, was.departure_late_s) < compare->now - PASSED_MS;
		if (event >= from && !passed && differ(compare, &was, &is))
			return tell_from(compare, event, day, &is, known, said);
	}
	return 0;
}

/* ---- old words ---- */

static int by_trip(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	return x->trip < y->trip ? -1 : x->trip > y->trip;
}

/* When the feed last said something of a trip that is known to be not on time. */
static instant_ms last_seen(const struct compare *compare, uint32_t day, uint32_t trip)
{
	const struct seen wanted = {day, trip, 0};
	const struct seen *found =
		compare->memory->n_seen > 0
			? bsearch(&wanted, compare->memory->seen, compare->memory->n_seen, sizeof wanted, by_trip)
			: NULL;
	return found ? found->at : compare->now;
}

/* The last stop's arrival was long ago. */
static int is_over(const struct compare *compare, const struct words *known)
{
	const struct feed_trip_delay *last = &known->items[known->n - 1];
	uint32_t end = compare->timetable->trip_first[trip_of(compare, last) + 1] - 1;
	return leaves(compare, end, last->day, last->departure_late_s) < compare->now - PASSED_MS;
}

static int note_seen(struct compare *compare, uint32_t day, uint32_t trip, instant_ms at)
{
	return array_push(compare->seen, compare->n_seen, compare->cap_seen, (struct seen){day, trip, at});
}

static int end_words(struct compare *compare, const struct words *known)
{
	const struct state on_time = {0};
	uint32_t before = compare->news->n_trips;
	int result = is_over(compare, known) ? 0
					     : tell_from(compare, known->items[0].event, known->items[0].day, &on_time,
							 known, &(struct words){0});
	compare->news->n_ended += compare->news->n_trips - before;
	return result;
}

static int known_trip(struct compare *compare, const struct words *known, const struct words *said, instant_ms said_at)
{
	uint32_t day = known->items[0].day, trip = trip_of(compare, &known->items[0]);
	instant_ms at = last_seen(compare, day, trip), old = compare->now - compare->rules->expire_ms;
	if (said->n > 0 && said_at > at)
		at = said_at;
	if (note_seen(compare, day, trip, at))
		return ERR_MEMORY;
	if (at <= old)
		return end_words(compare, known);
	return said->n > 0 && said_at > old ? compare_trip(compare, known, said) : 0;
}

static int new_trip(struct compare *compare, const struct words *said, instant_ms said_at)
{
	const struct words none = {0};
	uint32_t before = compare->news->n_trips;
	if (said_at <= compare->now - compare->rules->expire_ms)
		return 0;
	int result = compare_trip(compare, &none, said);
	if (!result && compare->news->n_trips > before)
		result = note_seen(compare, said->items[0].day, trip_of(compare, &said->items[0]), said_at);
	return result;
}

/* ---- all ---- */

static int by_place(const void *a, const void *b, void *self)
{
	const struct feed_trip_delay *x = a, *y = b;
	const uint32_t *event_trip = ((const struct compare *)self)->timetable->event_trip;
	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	if (event_trip[x->event] != event_trip[y->event])
		return event_trip[x->event] < event_trip[y->event] ? -1 : 1;
	if (x->event != y->event)
		return x->event < y->event ? -1 : 1;
	return x->departure_late_s < y->departure_late_s ? -1 : x->departure_late_s > y->departure_late_s;
}

/* Keeps what this timetable knows, in order. */
static uint32_t find_known(const struct compare *compare, struct feed_trip_delay *known, uint32_t n)
{
	const struct town *town = compare->memory->feed->town;
	const struct timetable *timetable = compare->timetable;
	const char *feed = town_text(town, timetable->feed_name[compare->memory->feed->feed]);
	uint32_t kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct feed_trip_delay delay = known[i];
		uint32_t trip = strcmp(delay.key.feed, feed) == 0
					? match_trip(compare->memory->feed, delay.key.trip_id, delay.key.start_s)
					: NONE;
		delay.day = timetable_day(timetable, delay.key.yyyymmdd);
		if (trip == NONE || timetable->trip_start_s[trip] != delay.key.start_s || delay.day == NONE)
			continue;
		delay.event = timetable->trip_first[trip];
		while (delay.event < timetable->trip_first[trip + 1] &&
		       timetable->time_sequence[delay.event] != delay.key.stop_sequence)
			delay.event++;
		if (delay.event < timetable->trip_first[trip + 1])
			known[kept++] = delay;
	}
	if (kept > 0)
		qsort_r(known, kept, sizeof *known, by_place, (void *)(uintptr_t)compare);
	return kept;
}

/* Of a stop that a message names twice the later time holds. Returns a sorted copy, or NULL. */
static struct feed_trip_delay *sort_said(const struct compare *compare, const struct feed_message *message,
					 uint32_t *ret_n)
{
	uint32_t n = message ? message->n_delays : 0, kept = 0;
	struct feed_trip_delay *said = malloc(((size_t)n + 1) * sizeof *said);
	if (!said || n == 0) {
		*ret_n = 0;
		return said;
	}
	memcpy(said, message->delays, n * sizeof *said);
	/* qsort_r of glibc is a stable merge sort unless memory is short: then the first of two words may win instead
	 */
	qsort_r(said, n, sizeof *said, by_place, (void *)(uintptr_t)compare);
	for (uint32_t i = 0; i < n; i++) {
		if (i + 1 < n && said[i].day == said[i + 1].day && said[i].event == said[i + 1].event)
			continue;
		said[kept++] = said[i];
	}
	*ret_n = kept;
	return said;
}

static struct words take_words(const struct compare *compare, const struct feed_trip_delay *items, uint32_t n)
{
	uint32_t m = 0;
	while (m < n && items[m].day == items[0].day && trip_of(compare, &items[m]) == trip_of(compare, &items[0]))
		m++;
	return (struct words){items, m};
}

/* Which of the two comes first: -1 known, 1 said, 0 both are of the same trip. */
static int order(const struct compare *compare, const struct words *known, const struct words *said)
{
	if (known->n == 0 || said->n == 0)
		return known->n > 0 ? -1 : 1;
	struct seen a = {known->items[0].day, trip_of(compare, &known->items[0]), 0};
	struct seen b = {said->items[0].day, trip_of(compare, &said->items[0]), 0};
	return by_trip(&a, &b);
}

static int merge(struct compare *compare, const struct feed_trip_delay *known, uint32_t n_known,
		 const struct feed_trip_delay *said, uint32_t n_said, instant_ms said_at)
{
	const struct words none = {0};
	uint32_t k = 0, s = 0;
	int result = 0;
	while ((k < n_known || s < n_said) && !result) {
		struct words a = take_words(compare, known + k, n_known - k);
		struct words b = take_words(compare, said + s, n_said - s);
		int which = order(compare, &a, &b);
		if (which <= 0)
			result = known_trip(compare, &a, which == 0 ? &b : &none, said_at);
		else
			result = new_trip(compare, &b, said_at);
		k += which <= 0 ? a.n : 0;
		s += which >= 0 ? b.n : 0;
	}
	return result;
}

int feed_compare(struct feed_memory *memory, const struct feed_message *message, struct feed_trip_delay *known,
		 uint32_t n_known, instant_ms now, const struct feed_rules *rules, struct feed_news *ret_news)
{
	struct feed_news news = {0};
	struct compare compare = {.memory = memory,
				  .timetable = &memory->feed->town->timetable,
				  .rules = rules,
				  .now = now,
				  .news = &news,
				  .room = rules->room};
	uint32_t n_said;
	instant_ms said_at = message ? message->at : INSTANT_NONE;
	struct feed_trip_delay *said = sort_said(&compare, message, &n_said);
	int result = said ? 0 : ERR_MEMORY;
	n_known = find_known(&compare, known, n_known);
	if (!result)
		result = merge(&compare, known, n_known, said, n_said, said_at < now ? said_at : now);
	free(said);
	if (result) {
		free(compare.seen);
		feed_news_free(&news);
		return result;
	}
	free(memory->seen);
	memory->seen = compare.seen;
	memory->n_seen = compare.n_seen;
	news.n_late = (uint32_t)compare.n_seen;
	*ret_news = news;
	return 0;
}
