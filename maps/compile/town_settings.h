/* Town settings: the YAML file of mapc build --town. Everything has a default, so the file may be absent or name only
 * what differs. A row of the tables in town_settings.c per setting: name, type, range, default, help. */
#ifndef ZUB_TOWN_SETTINGS_H
#define ZUB_TOWN_SETTINGS_H

#include "build.h"
#include "classes.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TOWN_ATTRIBUTION "\xc2\xa9 OpenStreetMap contributors" /* unless the settings say otherwise */

struct settings_space {
	char name[32];
};

struct settings_need {
	char key[32];
	char label_de[64], label_en[64];
	uint8_t space[TOWN_SPACES_MAX];
	int64_t boarding_ms;
	int64_t step_free, is_person; /* 0, 1 */
};

struct settings_profile {
	char name[64];
	uint8_t days;	 /* bit 0 = Monday; 0 = a condition */
	uint8_t classes; /* bit c = it is about class c */
	int64_t from_s, to_s, slow_permille, speed_kmh, is_condition;
	uint32_t permille[ROAD_KINDS]; /* 0 = closed */
};

struct settings_stop {
	char name[128];
	struct geo_point point;
	uint8_t step_free; /* 0 unknown, 1 yes, 2 no */
};

struct town_settings {
	char name[128], time_zone[64], crs[128], attribution[256], generated[128];
	char phone[64], fallback_name[128], fallback_phone[64], privacy_text[2048], imprint_text[2048];
	int64_t pickup_window_ms, arrival_extra_ms, arrival_extra_permille, ride_time_extra_ms, ride_time_permille,
		stop_ms, walk_max_m, walk_mm_per_s, no_show_wait_ms, coming_extra_ms, prebook_max_ms, wait_max_ms,
		transfer_ms, fare_cents, door_to_door, service_from_s, service_to_s;
	/* automatic virtual stops, besides those listed */
	int64_t stops_automatic, stops_at_transit, stops_spacing_m, stops_most;
	char stops_step_free[16]; /* unknown, yes, no: of automatic stops that no source says more about */
	struct class_rules classes[NETWORK_CLASSES_MAX];
	uint32_t n_classes;
	struct settings_space spaces[TOWN_SPACES_MAX];
	uint32_t n_spaces;
	struct settings_need needs[TOWN_NEEDS_MAX];
	uint32_t n_needs;
	struct settings_profile profiles[TOWN_PROFILES_MAX];
	uint32_t n_profiles;
	struct settings_stop *stops;
	size_t n_stops, cap_stops;
	struct geo_point *area_points; /* rings one after the other */
	size_t n_area_points, cap_area_points;
	uint32_t *area_first; /* [n_area_rings + 1] when n_area_rings > 0 */
	size_t n_area_rings, cap_area_first;
};

/* All defaults. ERR_MEMORY. */
int town_settings_default(struct town_settings *settings);
/* Defaults, then what the file says. Errors name file, line and column. On failure there is nothing to close. */
int town_settings_read(struct town_settings *settings, const char *path, struct err_detail *detail);
int town_settings_read_text(struct town_settings *settings, const char *text, size_t n, const char *name,
			    struct err_detail *detail);
void town_settings_close(struct town_settings *settings);
/* Writes all but stops into build->town (texts, rules, classes, needs, profiles, area). */
int town_settings_store(const struct town_settings *settings, struct build *build);

/* `mapc settings`: the manual page of a town's settings. */
void town_settings_manual(FILE *out);

#endif
