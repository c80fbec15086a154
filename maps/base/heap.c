#include "heap.h"

#include <assert.h>
#include <string.h>

#include "arena.h"
#include "err.h"
#include "units.h"

#define ARITY 4u

int heap_open(struct heap *heap, struct arena *arena, uint32_t n_items)
{
	struct heap opened = {.n_items = n_items};
	opened.keys = arena_take(arena, n_items, sizeof *opened.keys);
	opened.items = arena_take(arena, n_items, sizeof *opened.items);
	opened.positions = arena_take(arena, n_items, sizeof *opened.positions);
	if (!opened.keys || !opened.items || !opened.positions)
		return ERR_MEMORY;
	memset(opened.positions, 0xff, n_items * sizeof *opened.positions);
	*heap = opened;
	return 0;
}

static int before(uint64_t key_a, uint32_t item_a, uint64_t key_b, uint32_t item_b)
{
	return key_a != key_b ? key_a < key_b : item_a < item_b;
}

static void place(struct heap *heap, uint32_t position, uint32_t item, uint64_t key)
{
	heap->keys[position] = key;
	heap->items[position] = item;
	heap->positions[item] = position;
}

static void sift_up(struct heap *heap, uint32_t position, uint32_t item, uint64_t key)
{
	while (position) {
		uint32_t parent = (position - 1) / ARITY;
		if (!before(key, item, heap->keys[parent], heap->items[parent]))
			break;
		place(heap, position, heap->items[parent], heap->keys[parent]);
		position = parent;
	}
	place(heap, position, item, key);
}

static uint32_t least_child(const struct heap *heap, uint32_t position)
{
	uint64_t first = (uint64_t)position * ARITY + 1;
	if (first >= heap->n)
		return NONE;
	uint32_t least = (uint32_t)first;
	for (uint64_t child = first + 1; child < first + ARITY && child < heap->n; child++)
		if (before(heap->keys[child], heap->items[child], heap->keys[least], heap->items[least]))
			least = (uint32_t)child;
	return least;
}

static void sift_down(struct heap *heap, uint32_t position, uint32_t item, uint64_t key)
{
	for (;;) {
		uint32_t child = least_child(heap, position);
		if (child == NONE || !before(heap->keys[child], heap->items[child], key, item))
			break;
		place(heap, position, heap->items[child], heap->keys[child]);
		position = child;
	}
	place(heap, position, item, key);
}

void heap_push(struct heap *heap, uint32_t item, uint64_t key)
{
	assert(item < heap->n_items);
	uint32_t position = heap->positions[item];
	if (position == NONE)
		position = heap->n++;
	else if (heap->keys[position] <= key)
		return;
	sift_up(heap, position, item, key);
}

static uint32_t heap_top(const struct heap *heap, uint64_t *ret_key)
{
	if (!heap->n)
		return NONE;
	if (ret_key)
		*ret_key = heap->keys[0];
	return heap->items[0];
}

uint32_t heap_pop(struct heap *heap, uint64_t *ret_key)
{
	uint32_t top = heap_top(heap, ret_key);
	if (top == NONE)
		return NONE;
	heap->positions[top] = NONE;
	uint32_t last = --heap->n;
	if (last)
		sift_down(heap, 0, heap->items[last], heap->keys[last]);
	return top;
}

void heap_clear(struct heap *heap)
{
	for (uint32_t i = 0; i < heap->n; i++)
		heap->positions[heap->items[i]] = NONE;
	heap->n = 0;
}
