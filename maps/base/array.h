/* Growing arrays for tools (never in the core): three plain variables `items, n, cap` and one macro.
 *   uint32_t *arcs = NULL; size_t n_arcs = 0, cap_arcs = 0;
 *   if (array_push(arcs, n_arcs, cap_arcs, 7)) return ERR_MEMORY;      (free(arcs) at the end) */
#ifndef ZUB_ARRAY_H
#define ZUB_ARRAY_H

#include <stddef.h>

/* Makes room for at least `need` items of `item_size` bytes, doubling. Returns the (moved) items, or NULL when out of
 * memory (the old items stay valid). New room is zeroed. */
void *array_grow(void *items, size_t *cap, size_t need, size_t item_size);

/* Appends one item; evaluates to 0, or ERR_MEMORY with everything unchanged. */
#define array_push(items, n, cap, ...) \
	(array_reserve(items, (n) + 1, cap) ? 2 /* ERR_MEMORY */ : ((items)[(n)++] = (__VA_ARGS__), 0))

/* Room for `need` items; evaluates to 0 or ERR_MEMORY. */
#define array_reserve(items, need, cap)                                                            \
	(__extension__({                                                                           \
		int array_failed_ = 0;                                                             \
		if ((need) > (cap)) {                                                              \
			void *array_moved_ = array_grow((items), &(cap), (need), sizeof *(items)); \
			if (array_moved_)                                                          \
				(items) = array_moved_;                                            \
			else                                                                       \
				array_failed_ = 2;                                                 \
		}                                                                                  \
		array_failed_;                                                                     \
	}))

#endif
