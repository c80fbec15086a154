/* Which turns lead left across oncoming traffic, and which are sharp: by the shape of the streets where they meet.
 * Traffic keeps right. */
#ifndef ZUB_TURN_ANGLES_H
#define ZUB_TURN_ANGLES_H

#include "network.h"

struct turn_angles {
	const struct network *road;
	uint32_t *first_in, *in_arc; /* [n_nodes + 1], [n_arcs] by head */
};

int turn_angles_open(struct turn_angles *ret_angles, const struct network *road); /* ERR_MEMORY; close it then too */
void turn_angles_close(struct turn_angles *angles);
/* By more than 45 degrees to the left, where somebody may come the other way. No U-turn is one. */
int turn_is_left_across(const struct turn_angles *angles, uint32_t from, uint32_t to);
/* By more than 120 degrees to either side. No U-turn is one. */
int turn_is_sharp(const struct turn_angles *angles, uint32_t from, uint32_t to);

#endif
