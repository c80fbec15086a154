/* Small towns for tests, drawn as text. In the drawing
 *
 *     A---B>>>C        letters (all but v) and + are junctions; + has no name, a letter stands once
 *     |   ^   |        - |  two-way streets       > < ^ v  one-way streets (one such sign makes the whole street
 * one-way) D---E---F        = :  two-way streets where nobody may stop
 *
 * one character is `metres_per_char` long (default 10 m) in both directions, so A-B above is 40 m. Lengths are exact, x
 * grows to the right, y upward; the first character is the origin (49.4 N, 8.68 E). Class 0 is "shuttle" at 18 km/h = 5
 * m/s (10 m in 2,000 ms); with `van` there is class 1 "van" at 36 km/h. The walk network has the same nodes and
 * streets, each walkable both ways at 1,300 mm/s. Turns are free, U-turns too, unless `turns` says otherwise.
 *
 * Spaces: seat, wheelchair, luggage. Needs: seat, companion (a seat), wheelchair, walker (seat and luggage), pram
 * (luggage), dog (no space). Rules are the defaults of town.h with service around the clock. A mistake in a drawing
 * ends the test. */
#ifndef ZUB_DRAWN_TOWN_H
#define ZUB_DRAWN_TOWN_H

#include "arena.h"
#include "town.h"

struct drawn_options {
	const char *drawing;
	uint32_t metres_per_char; /* 0 = 10 */
	int van;		  /* a second class */
	/* "ABC" forbids driving A, B, C one after the other (any number of junctions from three on), "ABA" a U-turn at
	 * B; "ABC:5000" makes it cost 5,000 ms. Separated by spaces. NULL = none. Holds for all classes. */
	const char *turns;
	/* Virtual stops: "AB" in the middle of the street from A to B, "AB30" 30 m along it; then optionally ? (unknown
	 * access) or ! (steps), then =id (serves this timetable stop): "AB CD20? EF=S1". The stop's name is what stands
	 * before ? ! =. NULL = none. */
	const char *stops;
	/* Lines "stop ID LETTER" and "trip ID ROUTE STOP TIME STOP TIME ...", TIME = 08:00, 08:00:30, or
	 * arrival/departure 08:00/08:02. Feed "drawn", every trip runs every day, stop_sequence 1, 2, ... NULL = no
	 * trips. */
	const char *timetable;
	/* One profile of the day for each line "mon tue 07:00 09:00 1500" (days, hours, permille for every road), or
	 * one condition for "condition snow 1500"; a second number is for = and : streets (0 closes them), which are
	 * tertiary, all others residential. NULL = none. */
	const char *profiles;
	uint32_t first_day; /* yyyymmdd, 0 = 20220607 (a Tuesday) */
	uint32_t n_days;    /* 0 = 14; midnight is 22:00 UTC of the day before (CEST all the time) */
};

#define DRAWN_DAY_START INT64_C(1654552800000) /* 2022-06-07 00:00 +02:00: day_start[0] with the default first_day */

struct drawn_town {
	struct town town;
	struct arena arena;
	uint32_t node_of_letter[128]; /* NONE = not drawn */
};

void drawn_town_open(struct drawn_town *drawn, const struct drawn_options *options);
/* A drawing and nothing else. */
void drawn_town_plain(struct drawn_town *drawn, const char *drawing);
void drawn_town_close(struct drawn_town *drawn);

uint32_t drawn_node(const struct drawn_town *drawn, char letter);
/* The arc from one junction straight to the next. */
uint32_t drawn_arc(const struct drawn_town *drawn, char from, char to);
struct spot drawn_spot(const struct drawn_town *drawn, char from, char to, uint32_t metres);
struct geo_xy drawn_xy(const struct drawn_town *drawn, char letter);
struct geo_point drawn_point(const struct drawn_town *drawn, char letter);
/* Coordinates of any place of the plane, as the drawing has them. */
struct geo_point drawn_point_of(struct geo_xy xy);
/* The virtual stop of this name, the timetable stop of this id; end the test when there is none. */
uint32_t drawn_stop(const struct drawn_town *drawn, const char *name);
uint32_t drawn_transit_stop(const struct drawn_town *drawn, const char *id);
/* "08:15" or "08:15:30" of the first day (day = 0) or a later one, as an instant. */
instant_ms drawn_instant(const struct drawn_town *drawn, uint32_t day, const char *time);

#endif
