/* A bump allocator over one block taken at start-up. Nothing is freed singly; arena_close frees all.
 * Memory handed out is zeroed and aligned to 16. Pure users (core, agent) get everything they need from one arena. */
#ifndef ZUB_ARENA_H
#define ZUB_ARENA_H

#include <stddef.h>

struct arena {
	char *base;
	size_t size;
	size_t used;
	int owned; /* base came from arena_open and is freed by arena_close */
};

/* Errors: ERR_MEMORY. */
int arena_open(struct arena *arena, size_t size);
/* Uses the caller's memory (borrowed until arena_close), zeroed by arena_take as it is handed out. */
void arena_wrap(struct arena *arena, void *memory, size_t size);
void arena_close(struct arena *arena);

/* NULL when the arena is full or count * size overflows. */
void *arena_take(struct arena *arena, size_t count, size_t size);

#endif
