#include "strings.h"
#include "array.h"
#include "err.h"
#include "hash.h"
#include "units.h"
#include <stdlib.h>
#include <string.h>

#define TABLE_START 1024

int strings_open(struct strings *strings)
{
	*strings = (struct strings){.n_table = TABLE_START};
	strings->table = calloc(TABLE_START, sizeof *strings->table);
	if (!strings->table || array_reserve(strings->first, 2, strings->cap_first) ||
	    strings_put(strings, "", 0) == NONE) {
		strings_close(strings);
		return ERR_MEMORY;
	}
	return ERR_OK;
}

void strings_close(struct strings *strings)
{
	free(strings->first);
	free(strings->bytes);
	free(strings->table);
	*strings = (struct strings){0};
}

/* The slot that holds the text, or the free one where it belongs. */
static size_t slot_of(const struct strings *strings, const char *text, size_t n)
{
	size_t slot = hash_bytes(text, n, 0) & (strings->n_table - 1);

	while (strings->table[slot]) {
		uint32_t string = strings->table[slot] - 1;
		uint32_t first = strings->first[string];
		size_t length = strings->first[string + 1] - first - 1;

		if (length == n && memcmp(strings->bytes + first, text, n) == 0)
			break;
		slot = (slot + 1) & (strings->n_table - 1);
	}
	return slot;
}

static int grow_table(struct strings *strings)
{
	size_t n_table = strings->n_table * 2;
	uint32_t *table = calloc(n_table, sizeof *table);

	if (!table)
		return ERR_MEMORY;
	free(strings->table);
	strings->table = table;
	strings->n_table = n_table;
	for (uint32_t i = 0; i < strings->n; i++) {
		uint32_t first = strings->first[i];

		table[slot_of(strings, strings->bytes + first, strings->first[i + 1] - first - 1)] = i + 1;
	}
	return ERR_OK;
}

uint32_t strings_put(struct strings *strings, const char *text, size_t n)
{
	size_t slot = slot_of(strings, text, n);

	if (strings->table[slot])
		return strings->table[slot] - 1;
	if (strings->n_bytes + n + 1 >= UINT32_MAX || (strings->n * 2 >= strings->n_table && grow_table(strings)) ||
	    array_reserve(strings->first, strings->n + 2, strings->cap_first) ||
	    array_reserve(strings->bytes, strings->n_bytes + n + 1, strings->cap_bytes))
		return NONE;
	slot = slot_of(strings, text, n);
	memcpy(strings->bytes + strings->n_bytes, text, n);
	strings->bytes[strings->n_bytes + n] = '\0';
	strings->first[strings->n] = (uint32_t)strings->n_bytes;
	strings->n_bytes += n + 1;
	strings->first[strings->n + 1] = (uint32_t)strings->n_bytes;
	strings->table[slot] = (uint32_t)++strings->n;
	return (uint32_t)strings->n - 1;
}

uint32_t strings_find(const struct strings *strings, const char *text)
{
	uint32_t entry = strings->table[slot_of(strings, text, strlen(text))];

	return entry ? entry - 1 : NONE;
}

const char *strings_text(const struct strings *strings, uint32_t string)
{
	return string == NONE ? "" : strings->bytes + strings->first[string];
}
