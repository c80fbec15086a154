#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "err.h"

#define ALIGNMENT ((size_t)16)

int arena_open(struct arena *arena, size_t size)
{
	void *base = malloc(size ? size : 1);
	if (!base)
		return ERR_MEMORY;
	*arena = (struct arena){.base = base, .size = size, .owned = 1};
	return 0;
}

void arena_wrap(struct arena *arena, void *memory, size_t size)
{
	*arena = (struct arena){.base = memory, .size = size};
}

void arena_close(struct arena *arena)
{
	if (arena->owned)
		free(arena->base);
	*arena = (struct arena){0};
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	if (!arena->base || __builtin_mul_overflow(count, size, &bytes))
		return NULL;
	uintptr_t here = (uintptr_t)arena->base + arena->used;
	size_t skip = (size_t)(-here & (ALIGNMENT - 1));
	size_t left = arena->size - arena->used;
	if (skip > left || bytes > left - skip)
		return NULL;
	char *memory = arena->base + arena->used + skip;
	arena->used += skip + bytes;
	memset(memory, 0, bytes);
	return memory;
}
