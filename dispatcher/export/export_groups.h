/* Counting people without showing a single one: items fall into groups, and a group is only shown when it has at least
 * EXPORT_GROUP_MIN people. Requests of the same client in the same group are one person; those of the operator's desk
 * (client 0) come from different callers, each is one. */
#ifndef ZUB_EXPORT_GROUPS_H
#define ZUB_EXPORT_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#define EXPORT_GROUP_MIN 5

struct group_key { /* compared number by number; unused ones are 0 */
	int32_t what, a, b, c, d;
};
struct group_item {
	struct group_key key;
	uint64_t client;
};
struct group {
	struct group_key key;
	uint32_t n, people;
};

/* Sorts the items and makes their groups, ascending by key; ret_groups has room for n. Returns how many. */
size_t groups_of(struct group_item *items, size_t n, struct group *ret_groups);
/* Groups that add up to a total which can be known: when the only hidden ones could be told from the others, the
 * smallest shown one is hidden too. people[n]: of each group; ret_shown[n]: 1 = may be shown. Empty groups are shown.
 */
void groups_shown(const uint32_t *people, size_t n, uint8_t *ret_shown);

#endif
