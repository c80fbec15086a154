/* The planner's figures as JSON, with the names planners know and the unit in the name. Definitions stand at checker.h.
 */
#ifndef ZUB_FIGURES_H
#define ZUB_FIGURES_H

#include "checker.h"
#include "core.h"
#include <jansson.h>

/* A new reference. */
json_t *figures_json(const struct checker_figures *figures, uint64_t empty_mm, uint64_t loaded_mm);

#endif
