/* Addressable 4-ary min-heap of uint32 items keyed by uint64, ties to the lower item. Memory from an arena at start-up.
 * Items are 0 .. n_items - 1; each is in the heap at most once. */
#ifndef ZUB_HEAP_H
#define ZUB_HEAP_H

#include <stdint.h>

struct arena;
struct heap {
	uint64_t *keys;	     /* by heap position */
	uint32_t *items;     /* by heap position */
	uint32_t *positions; /* by item; NONE = not in the heap */
	uint32_t n;
	uint32_t n_items;
};
int heap_open(struct heap *heap, struct arena *arena, uint32_t n_items); /* ERR_MEMORY */
/* Inserts, or lowers the key of an item that is in the heap; a higher key is ignored. */
void heap_push(struct heap *heap, uint32_t item, uint64_t key);
/* The least (key, item); NONE when empty. ret_key may be NULL. */
uint32_t heap_pop(struct heap *heap, uint64_t *ret_key);
/* Empties in time proportional to what is left inside. */
void heap_clear(struct heap *heap);

#endif
