/* What looks wrong in a compiled town: for people who maintain the map. */
#ifndef ZUB_CHECK_H
#define ZUB_CHECK_H

#include "town.h"

enum check_kind {
	CHECK_ISLAND,	   /* a class may drive there, but not from the main part and back */
	CHECK_RESTRICTION, /* the same, and only because of forbidden turns */
	CHECK_FAST,	   /* faster than the class, or the law, or the kind of road lets one believe */
	CHECK_SLOW,	   /* slower than walking */
	CHECK_STOP,	   /* a virtual stop that no class serves */
	CHECK_TRANSIT,	   /* a stop of the timetable within the map, with no road near */
	CHECK_KINDS
};
extern const char *const check_names[CHECK_KINDS]; /* "island", ... */

enum check_way { CHECK_NO_WAY_IN = 1, CHECK_NO_WAY_OUT = 2 };

struct check_fault {
	enum check_kind kind;
	uint32_t class_index; /* NONE: concerns all */
	uint32_t first, n;    /* arcs, in struct check */
	uint32_t stop;	      /* of the town, of the timetable; NONE */
	uint32_t ways;	      /* islands: enum check_way */
	uint32_t speed_kmh;   /* fast, slow */
	uint32_t turn;	      /* restriction: a forbidden row between it and the main part; NONE */
	uint64_t length_mm;
	struct geo_point point; /* where to look */
};

struct check {
	struct check_fault *faults; /* by kind, class, then lowest arc or stop */
	size_t n_faults, cap_faults;
	uint32_t *arcs;
	size_t n_arcs, cap_arcs;
};

/* Errors: ERR_MEMORY. check_free in any case. */
int check_town(struct check *check, const struct town *town);
void check_free(struct check *check);

#endif
