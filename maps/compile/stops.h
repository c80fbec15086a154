/* Virtual stops: those of the settings, at transit stops, and spread along streets where one may stop. */
#ifndef ZUB_STOPS_H
#define ZUB_STOPS_H

#include "build.h"
#include "osm.h"
#include "town_settings.h"

/* Networks, addresses and timetable must be final. */
int stops_build(struct build *build, const struct osm *osm, const struct town_settings *settings);

#endif
