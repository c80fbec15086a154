/* Mapbox vector tiles (MVT 2.1) of a town, made from its town file: no outside tiles. Layers: water, green, built,
 * rail, roads, stops, transit_stops, houses. Clipped with a margin and simplified by zoom. Not part of any decision:
 * floats are fine here. */
#ifndef ZUB_TILES_H
#define ZUB_TILES_H

#include "err.h"
#include "town.h"
#include <stddef.h>
#include <stdint.h>

#define TILES_ZOOM_MAX 16 /* pages zoom in further on these */

struct tiles;
/* The town is borrowed until tiles_close. ERR_MEMORY. */
int tiles_open(struct tiles **ret_tiles, const struct town *town);
void tiles_close(struct tiles *tiles);
/* The tile's bytes, borrowed until the next call; *ret_n = 0: an empty tile. ERR_RANGE (no such tile), ERR_MEMORY. */
int tiles_get(struct tiles *tiles, uint32_t z, uint32_t x, uint32_t y, const void **ret_bytes, size_t *ret_n);

#endif
