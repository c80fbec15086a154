/* The command line of vehicle-agent. */
#ifndef ZUB_VEHICLE_OPTIONS_H
#define ZUB_VEHICLE_OPTIONS_H

#include "err.h"
#include "wire.h"
#include <stdint.h>

struct vehicle_options {
	const char *town, *name, *connect, *server_key, *key, *state, *class_name, *start;
	uint32_t vehicle;
	uint8_t spaces[WIRE_SPACES_MAX];
	uint32_t battery_wh, charge_w, slow_permille, doors_ms;
	uint16_t battery_permille;
	int console;  /* buttons, codes and faults typed on standard input */
	int key_only; /* make the key, print the public one, end */
	int quiet;
};
extern const char options_usage[];
/* ERR_USAGE with the reason in detail. */
int options_read(int argc, char **argv, struct vehicle_options *ret_options, struct err_detail *detail);

#endif
