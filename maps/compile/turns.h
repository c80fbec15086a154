/* Turn rows of the road network: restrictions, barriers, destination-only roads, signals, U-turns. */
#ifndef ZUB_TURNS_H
#define ZUB_TURNS_H

#include "roads.h"

/* Fills the turn columns of build->town.road, and its n_turns, n_turn_arcs. Restrictions that make no sense are
 * reported. */
int turns_build(struct build *build, const struct roads *roads, const struct town_settings *settings);
/* Empty turn columns (walk network, imported graphs). */
int turns_none(struct build *build, struct network *network);

/* Main strongly connected part (the longest) of each class over arcs, pairs of arcs that a turn row forbids left out:
 * fills main_mask. Reports what lies outside. `label`: "road", "walk". */
int components_build(struct build *build, struct network *network, const char *const *class_names, const char *label);

#endif
