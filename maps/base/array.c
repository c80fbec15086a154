#include "array.h"

#include <stdlib.h>
#include <string.h>

void *array_grow(void *items, size_t *cap, size_t need, size_t item_size)
{
	size_t wanted = *cap ? *cap : 8;
	while (wanted < need)
		if (__builtin_mul_overflow(wanted, (size_t)2, &wanted))
			return NULL;
	size_t bytes;
	if (__builtin_mul_overflow(wanted, item_size, &bytes))
		return NULL;
	char *moved = realloc(items, bytes);
	if (!moved)
		return NULL;
	memset(moved + *cap * item_size, 0, (wanted - *cap) * item_size);
	*cap = wanted;
	return moved;
}
