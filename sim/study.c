#include "study.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "hash.h"

/* ---- who it is ---- */

static void name_of(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/'), *begin = slash ? slash + 1 : path, *dot = strrchr(begin, '.');
	snprintf(name, size, "%.*s", (int)(dot && dot > begin ? dot - begin : (long)strlen(begin)), begin);
}

static void attribute(struct study *study)
{
	const struct timetable *timetable = &study->town->timetable;
	snprintf(study->attribution, sizeof study->attribution, "%s", town_text(study->town, study->town->attribution));
	for (uint32_t feed = 0; feed < timetable->n_feeds; feed++)
		study->invented |= timetable->feed_invented[feed] != 0;
}

static int hash_names(struct study *study)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	if (!out)
		return ERR_MEMORY;
	scenario_write(study->scenario, 0, out);
	if (fclose(out)) {
		free(text);
		return ERR_MEMORY;
	}
	uint64_t low = hash_bytes(text, n, 1), high = hash_bytes(text, n, 2);
	snprintf(study->scenario_hash, sizeof study->scenario_hash, "%016" PRIx64 "%016" PRIx64, high, low);
	for (int i = 0; i < TOWN_HASH_BYTES; i++)
		snprintf(study->town_hash + 2 * i, 3, "%02x", study->town->hash[i]);
	free(text);
	return ERR_OK;
}

/* ---- groups ---- */

/* A day that a checker stopped halfway must not pull the means of whole ones; alone it is shown as far as it came. */
static const struct day *counted_day(const struct sweep *sweep, uint32_t run)
{
	for (uint32_t i = 0; i < sweep->n && sweep->runs[run].code; i++)
		if (!sweep->runs[i].code)
			return NULL;
	return sweep->runs[run].day;
}

static int add_group(struct study *study, uint8_t kind, uint32_t which, const char *name)
{
	struct study_group group = {.kind = kind, .which = which};
	const uint32_t n = study->sweep->n;
	double values[INDICATORS_MAX];
	snprintf(group.name, sizeof group.name, "%s", name);
	group.values = malloc((size_t)n_indicators * n * sizeof *group.values);
	if (!group.values || array_push(study->groups, study->n_groups, study->cap_groups, group)) {
		free(group.values);
		return ERR_MEMORY;
	}
	for (uint32_t run = 0; run < n; run++) {
		const struct day *day = counted_day(study->sweep, run);
		if (day && indicators_of(day, kind, which, values))
			return ERR_MEMORY;
		for (uint32_t i = 0; i < n_indicators; i++)
			group.values[i * n + run] = day ? values[i] : NAN;
	}
	return ERR_OK;
}

static void mark_hours(const struct day *day, uint8_t *seen)
{
	for (uint32_t i = 0; i < day->n_rides; i++)
		seen[day_hour_of(day, day->rides[i].trip->ask_at)] = 1;
	for (uint32_t h = 0; h < DAY_HOURS_MAX; h++)
		if (day->hours[h].driven_mm)
			seen[day_hour_of(day, day->midnight + (instant_ms)h * HOUR_MS)] = 1;
}

static int add_hours(struct study *study)
{
	uint8_t seen[DAY_HOURS_MAX] = {0};
	char name[32];
	int code = ERR_OK;
	for (uint32_t run = 0; run < study->sweep->n; run++)
		if (study->sweep->runs[run].day)
			mark_hours(study->sweep->runs[run].day, seen);
	for (uint32_t hour = 0; hour < DAY_HOURS_MAX && !code; hour++) {
		snprintf(name, sizeof name, "%02u", hour);
		if (seen[hour])
			code = add_group(study, GROUP_HOUR, hour, name);
	}
	return code;
}

static int need_occurs(const struct study *study, uint32_t need)
{
	for (uint32_t run = 0; run < study->sweep->n; run++) {
		const struct demand *demand = &study->sweep->runs[run].demand;
		for (uint32_t i = 0; i < demand->n; i++)
			if (demand->trips[i].need_count[need])
				return 1;
	}
	return 0;
}

static int add_needs(struct study *study)
{
	int code = add_group(study, GROUP_NEED, GROUP_NO_NEED, "none");
	for (uint32_t need = 1; need < study->town->n_needs && !code; need++)
		if (need_occurs(study, need))
			code = add_group(study, GROUP_NEED, need, town_text(study->town, study->town->need_name[need]));
	return code;
}

int study_open(struct study *study, const struct scenario *scenario, const char *path, const struct town *town,
	       const struct sweep *sweep)
{
	memset(study, 0, sizeof *study);
	study->scenario = scenario;
	study->town = town;
	study->sweep = sweep;
	name_of(path, study->name, sizeof study->name);
	attribute(study);
	int code = hash_names(study);
	if (!code)
		code = add_group(study, GROUP_ALL, 0, "all");
	if (!code)
		code = add_hours(study);
	return code ? code : add_needs(study);
}

void study_close(struct study *study)
{
	for (size_t i = 0; i < study->n_groups; i++)
		free(study->groups[i].values);
	free(study->groups);
	memset(study, 0, sizeof *study);
}

const double *study_values(const struct study *study, const struct study_group *group, uint32_t indicator)
{
	return group->values + (size_t)indicator * study->sweep->n;
}

struct spread study_spread(const struct study *study, const struct study_group *group, uint32_t indicator)
{
	return spread_of(study_values(study, group, indicator), study->sweep->n);
}

double study_mean(const struct study *study, const struct study_group *group, const char *indicator)
{
	uint32_t i = indicator_find(indicator);
	return i == NONE ? NAN : study_spread(study, group, i).mean;
}
