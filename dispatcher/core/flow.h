/* Minimum-cost flow between few: who goes where. Exact, in integers; the same answer on every machine. */
#ifndef ZUB_FLOW_H
#define ZUB_FLOW_H

#include <stdint.h>

#define FLOW_LEFT_MAX 256
#define FLOW_RIGHT_MAX 64
#define FLOW_STAYS UINT32_MAX

/* Each of n_left goes to one of n_right places or stays (cost 0); place p takes at most room[p]. The sum of
 * cost[left * n_right + right] of those that go is the least possible; a cost may be negative. ret_right[n_left]: the
 * place, or FLOW_STAYS. Costs within +-2^40. */
void flow_assign(const int64_t *cost, uint32_t n_left, const uint32_t *room, uint32_t n_right, uint32_t *ret_right);

#endif
