#include "export_groups.h"

#include <stdlib.h>
#include <string.h>

static int by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_key(const struct group_key *a, const struct group_key *b)
{
	const int32_t x[] = {a->what, a->a, a->b, a->c, a->d}, y[] = {b->what, b->a, b->b, b->c, b->d};
	for (int i = 0; i < 5; i++)
		if (x[i] != y[i])
			return by_number(x[i], y[i]);
	return 0;
}

static int by_key_and_client(const void *a, const void *b)
{
	const struct group_item *x = a, *y = b;
	int order = by_key(&x->key, &y->key);
	return order ? order : (x->client > y->client) - (x->client < y->client);
}

size_t groups_of(struct group_item *items, size_t n, struct group *ret_groups)
{
	size_t n_groups = 0;
	if (n)
		qsort(items, n, sizeof *items, by_key_and_client);
	for (size_t i = 0; i < n; i++) {
		int fresh = !i || by_key(&items[i].key, &items[i - 1].key);
		if (fresh)
			ret_groups[n_groups++] = (struct group){.key = items[i].key};
		struct group *group = &ret_groups[n_groups - 1];
		group->n++;
		group->people += fresh || !items[i].client || items[i].client != items[i - 1].client;
	}
	return n_groups;
}

void groups_shown(const uint32_t *people, size_t n, uint8_t *ret_shown)
{
	uint64_t hidden = 0;
	for (size_t i = 0; i < n; i++) {
		ret_shown[i] = !people[i] || people[i] >= EXPORT_GROUP_MIN;
		hidden += ret_shown[i] ? 0 : people[i];
	}
	while (hidden && hidden < EXPORT_GROUP_MIN) {
		size_t smallest = n;
		for (size_t i = 0; i < n; i++)
			if (ret_shown[i] && people[i] && (smallest == n || people[i] < people[smallest]))
				smallest = i;
		if (smallest == n)
			return;
		ret_shown[smallest] = 0;
		hidden += people[smallest];
	}
}
