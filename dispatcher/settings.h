/* The dispatcher's settings: one table (settings.c) of name, type, unit, range, default; `dispatcher settings` prints
 * it as the manual page. Read from YAML, then overridden by --set name=value. */
#ifndef ZUB_SETTINGS_H
#define ZUB_SETTINGS_H

#include "command.h"
#include "err.h"
#include <stdio.h>

#define SETTINGS_TEXT 256

struct settings {
	char town[SETTINGS_TEXT], store[SETTINGS_TEXT], fleet[SETTINGS_TEXT], state_folder[SETTINGS_TEXT];
	int64_t area;
	int64_t clock_start; /* 0 = the real clock */
	int64_t clock_speed_permille;
	char http_address[64], http_web[SETTINGS_TEXT], http_public_url[SETTINGS_TEXT];
	int64_t http_port, http_connections_max;
	char pages_privacy[SETTINGS_TEXT], pages_imprint[SETTINGS_TEXT], pages_reports[SETTINGS_TEXT];
	char link_endpoint[SETTINGS_TEXT];
	int64_t link_heartbeat_ms, link_lost_after_ms, link_valid_ms;
	int64_t snapshot_every;					   /* commands */
	int64_t telemetry_keep_ms, identity_keep_ms, ride_keep_ms; /* 0 = never erased */
	int64_t telemetry;					   /* 1: keep raw vehicle reports */
	char feeds_trip_updates[1024];
	int64_t streets_live;
	int64_t improve_period_ms, improve_iterations; /* 0 = off */
	int64_t feeds_poll_ms, feeds_timeout_ms, feeds_bytes_max, feeds_expire_ms, feeds_least_ms, feeds_invented;
	/* the core's: see command.h, struct core_settings */
	int64_t vehicles_max, rides_max, offer_hold_ms, reserve_ms, message_ms, freeze_ms, closed_keep_ms, rebalance_ms,
		charger_slots, fair_gap, fair_wait_ms, clean_every_ms, clean_ms, clean_early_ms, clean_slots;
	int64_t battery_wh, charge_w, battery_reserve_permille;
	int64_t weight_vehicle, weight_wait, weight_ride, weight_walk;
};

void settings_default(struct settings *settings);
/* path may be NULL. Errors by file, line, column. */
int settings_read(struct settings *settings, const char *path, struct err_detail *detail);
/* "http.port=8080" */
int settings_set(struct settings *settings, const char *assignment, struct err_detail *detail);
/* The same, told of each error (check-settings); the file is read to its end and the first code returned. */
int settings_read_all(struct settings *settings, const char *path, void (*tell)(void *self, const char *text),
		      void *self, struct err_detail *detail);
void settings_print_manual(FILE *out);
/* What is in force, one line a setting, YAML; those that are not the default are marked. */
void settings_print_effective(const struct settings *settings, FILE *out);
/* Sizes and weights for a new journal; service-time values follow the clock's speed. */
void settings_core(const struct settings *settings, struct core_settings *ret_core);

/* The fleet file: vehicles with their numbers, public keys, class, spaces, depot, shift. */
#define FLEET_MAX 4096
struct fleet_vehicle {
	uint32_t number;
	char name[CORE_WHO_MAX], class_name[32], public_key[41];
	uint8_t spaces[TOWN_SPACES_MAX], step_free, simulated;
	struct geo_point depot;
	uint32_t line; /* where it stands in the file */
};
struct fleet {
	uint32_t n;
	struct fleet_vehicle *vehicles; /* freed by fleet_free */
};
int fleet_read(struct fleet *fleet, const char *path, struct err_detail *detail);
/* The same, told of each error; what is right is in the fleet all the same, to be freed by fleet_free. */
int fleet_read_all(struct fleet *fleet, const char *path, void (*tell)(void *self, const char *text), void *self,
		   struct err_detail *detail);
void fleet_free(struct fleet *fleet);

#endif
