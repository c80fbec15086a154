/* What came out of a sweep: every figure of every group (all, each hour, each need) for each seed. The files and the
 * page are written from this. */
#ifndef ZUB_STUDY_H
#define ZUB_STUDY_H

#include "indicators.h"
#include "spread.h"
#include "sweep.h"

struct study_group {
	uint8_t kind;	/* enum indicator_group */
	uint32_t which; /* hour, need */
	char name[32];	/* "all", "07", "wheelchair", "none" */
	double *values; /* [n_indicators * n_runs], row = indicator */
};
struct study {
	const struct scenario *scenario; /* resolved; borrowed */
	const struct town *town;	 /* borrowed */
	const struct sweep *sweep;	 /* borrowed */
	char name[64];			 /* of the scenario: its file name without folder and ending */
	char scenario_hash[33];		 /* of all that it says but town, trips and seed */
	char town_hash[65];
	char attribution[768];	    /* map and feeds */
	uint8_t invented;	    /* a feed's times are */
	struct study_group *groups; /* the first is "all"; then hours ascending, needs */
	size_t n_groups, cap_groups;
};
/* Runs that did not begin, or did not end beside others that did, count as unknown. ERR_MEMORY. study_close after any
 * return. */
int study_open(struct study *study, const struct scenario *scenario, const char *path, const struct town *town,
	       const struct sweep *sweep);
void study_close(struct study *study);
const double *study_values(const struct study *study, const struct study_group *group, uint32_t indicator);
struct spread study_spread(const struct study *study, const struct study_group *group, uint32_t indicator);
/* The mean over the seeds of a figure by name. */
double study_mean(const struct study *study, const struct study_group *group, const char *indicator);

#endif
