/* The virtual world: the dispatcher's core, dock and journal and the vehicles' agents and bodies, the very code of the live
 * service, behind a virtual clock and a virtual network; riders from demand. Discrete events, seeded: same seed, same bytes.
 * An independent checker (checker.h) watches all the time. */
#ifndef ZUB_WORLD_H
#define ZUB_WORLD_H

#include "checker.h"
#include "core.h"
#include "demand.h"
#include "err.h"
#include "store.h"
#include "town.h"

#define WORLD_FAULTS_MAX 64
#define WORLD_VEHICLES_MAX 4096

struct world_fault {
	instant_ms at;
	uint32_t vehicle;              /* 1 .. */
	uint8_t kind;                  /* enum body_fault; 255 = the link drops for duration_ms */
	uint32_t duration_ms;          /* 0 = for good */
};

struct world_options {
	uint64_t seed;
	instant_ms from, to;           /* demand and service; riders aboard at the end are driven home */
	uint32_t n_vehicles;
	uint8_t spaces[TOWN_SPACES_MAX];
	char class_name[32];
	struct core_settings core;
	uint32_t latency_ms_min, latency_ms_max, loss_permille, repeat_permille;
	uint32_t n_faults;
	struct world_fault faults[WORLD_FAULTS_MAX];
	uint32_t check_every;          /* core_check after every so many commands; 0 = only at the end */
};
void world_default(struct world_options *options);

struct world;
/* town, demand, store are borrowed until close. */
int world_open(struct world **ret_world, const struct world_options *options, const struct town *town, const struct demand *demand,
	       struct store *store, struct err_detail *detail);
void world_close(struct world *world);
/* Runs to the end. progress (may be NULL) is called once per simulated hour. ERR_BROKEN: a checker found something. */
int world_run(struct world *world, void (*progress)(void *self, instant_ms now), void *self, struct err_detail *detail);
const struct core *world_core(const struct world *world);
const struct checker *world_checker(const struct world *world);

#endif
