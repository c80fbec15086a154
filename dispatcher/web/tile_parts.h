/* Inside zub_tiles: points in the tile's own units, clipping, and the tile as it is being written. */
#ifndef ZUB_TILE_PARTS_H
#define ZUB_TILE_PARTS_H

#include <stddef.h>
#include <stdint.h>

#define TILE_EXTENT 4096
#define TILE_MARGIN 80 /* drawn beyond the edge, so that wide lines meet */

struct tile_point { /* units of the tile; may lie far outside before clipping */
	int32_t x, y;
};
struct tile_points { /* grows; owned by its user */
	struct tile_point *items;
	size_t n, cap;
};

/* ---- tile_clip.c ---- */
/* Calls each(self, points, n) for every piece of the line inside the tile and its margin (n >= 2). */
int tile_clip_line(const struct tile_point *points, size_t n, struct tile_points *scratch,
		   int (*each)(void *self, const struct tile_point *points, size_t n), void *self);
/* The ring (not closed by a repeated point) cut to the tile and its margin; into `ring`, using `scratch`. ERR_MEMORY.
 */
int tile_clip_ring(const struct tile_point *points, size_t n, struct tile_points *ring, struct tile_points *scratch);
/* Leaves out points that lie nearer than `tolerance` to the line through their neighbours (Douglas and Peucker 1973);
 * returns how many stay, first and last always. Equal neighbours are left out too. */
size_t tile_simplify(struct tile_point *points, size_t n, uint32_t tolerance);

/* ---- tile_write.c ---- */
struct tile_writer;
enum tile_layer {
	TILE_WATER,
	TILE_RIVER,
	TILE_GREEN,
	TILE_RAIL,
	TILE_BUILT,
	TILE_ROADS,
	TILE_STOPS,
	TILE_TRANSIT,
	TILE_HOUSES,
	TILE_LAYERS
};
enum tile_type { TILE_POINT = 1, TILE_LINE = 2, TILE_POLYGON = 3 };
struct tile_tag { /* one attribute; the key and the text are borrowed until tile_writer_finish */
	const char *key;
	const char *text; /* NULL: a number */
	uint64_t number;
};
int tile_writer_open(struct tile_writer **ret_writer);
void tile_writer_close(struct tile_writer *writer);
void tile_writer_begin(struct tile_writer *writer);
/* One feature of one part; ERR_MEMORY. A polygon is turned so that its outer ring winds as the specification asks. */
int tile_writer_add(struct tile_writer *writer, enum tile_layer layer, enum tile_type type,
		    const struct tile_point *points, size_t n, uint64_t id, const struct tile_tag *tags, size_t n_tags);
/* The bytes, malloc'ed, taken by the caller. ERR_MEMORY. */
int tile_writer_finish(struct tile_writer *writer, void **ret_bytes, size_t *ret_n);

#endif
