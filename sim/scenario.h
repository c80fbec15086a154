/* A scenario: one YAML file that says which town, when, how many vehicles, what demand, which faults. May extend
 * another file. */
#ifndef ZUB_SCENARIO_H
#define ZUB_SCENARIO_H

#include "demand.h"
#include "err.h"
#include "world.h"
#include <stdio.h>

struct scenario {
	char town[256];	 /* town file; relative to the scenario's folder unless absolute */
	char trips[256]; /* CSV of trips, "" = drawn */
	char from[64];	 /* first instant, "" = 06:00 of the timetable's busiest day */
	int64_t minutes; /* of demand */
	struct demand_options demand;
	struct world_options world;
};
void scenario_default(struct scenario *scenario);
/* Errors by file, line, column. */
int scenario_read(struct scenario *scenario, const char *path, struct err_detail *detail);
/* Once the town is open: sets beginning and end of demand and world, and the faults' instants. ERR_FORMAT,
 * ERR_NOT_FOUND. */
int scenario_resolve(struct scenario *scenario, const struct town *town, struct err_detail *detail);
/* The wishes of this scenario's seed: read, or drawn. */
int scenario_demand(const struct scenario *scenario, const struct town *town, struct demand *demand,
		    struct err_detail *detail);
/* One assignment from the command line ("vehicles=20"). */
int scenario_set(struct scenario *scenario, const char *assignment, struct err_detail *detail);
/* All that the scenario says, as a scenario file that says it again: defaults, parents and --set resolved.
 * with_places: also what is not the scenario's own: town, trips and seed. */
void scenario_write(const struct scenario *scenario, int with_places, FILE *out);
/* The manual page of all names. */
void scenario_print_manual(FILE *out);

#endif
