/* The inner loops, included once per processor (cch_kernel_*.c): plain C that the compiler vectorises. */
#include "cch.h"
#include "route_hubs.h"

#include <string.h>

static void relax(cch_label *restrict row, const cch_label *restrict from, cch_label add, uint32_t n)
{
	for (uint32_t j = 0; j < n; j++) {
		cch_label way = add + from[j];
		row[j] = way < row[j] ? way : row[j];
	}
}

/* The last vertex to go leaves its result elsewhere. */
static void eliminate(cch_label *front, uint32_t n_rows, uint32_t n_cols, uint32_t n_out, cch_label *restrict rest)
{
	uint32_t last = n_out - 1, n_rest = n_cols - n_out;
	for (uint32_t i = 0; i < last; i++) {
		const cch_label *from = front + (size_t)i * n_cols;
		for (uint32_t p = i + 1; p < n_rows; p++) {
			cch_label *row = front + (size_t)p * n_cols, add = row[i];
			if (add < CCH_INFINITE)
				relax(row + i + 1, from + i + 1, add, n_cols - i - 1);
		}
	}
	const cch_label *from = front + (size_t)last * n_cols + n_out;
	for (uint32_t p = n_out; p < n_rows; p++, rest += n_rest) {
		const cch_label *row = front + (size_t)p * n_cols + n_out;
		cch_label add = row[-1];
		for (uint32_t q = 0; q < n_rest; q++) {
			cch_label way = add + from[q];
			rest[q] = way < row[q] ? way : row[q];
		}
	}
}

static cch_label meet(const cch_label *a, const cch_label *b, uint32_t n)
{
	cch_label best = 2 * CCH_INFINITE;
	for (uint32_t i = 0; i < n; i++) {
		cch_label way = a[i] + b[i];
		best = way < best ? way : best;
	}
	return best < CCH_INFINITE ? best : CCH_INFINITE;
}

static void perfect(cch_label *front, uint32_t n, uint32_t i, const cch_label *up, const cch_label *down)
{
	cch_label *row = front + (size_t)i * n + i + 1;
	uint32_t n_up = n - i - 1;
	for (uint32_t q = 0; q < n_up; q++)
		row[q] = up[q];
	for (uint32_t y = 0; y < n_up; y++) {
		cch_label *from = front + (size_t)(y + i + 1) * n + i + 1;
		if (up[y] < CCH_INFINITE)
			relax(row, from, up[y], n_up);
		cch_label way = meet(from, down, n_up);
		from[-1] = way < down[y] ? way : down[y];
	}
}

static void join(int32_t *restrict best, const int32_t *restrict row, int32_t add, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		int32_t way = add + row[i];
		best[i] = way < best[i] ? way : best[i];
	}
}

static void lanes(int32_t *restrict best, const int32_t *restrict table, const struct route_hub *hub, uint32_t n,
		  uint32_t n_lanes)
{
	for (uint32_t at = 0; at < n_lanes; at += 16) {
		int32_t least[16];
		for (int l = 0; l < 16; l++)
			least[l] = ROUTE_HUB_FAR;
		for (uint32_t i = 0; i < n; i++) {
			const int32_t *row = table + (size_t)hub[i].vertex * n_lanes + at;
			for (int l = 0; l < 16; l++) {
				int32_t way = hub[i].time + row[l];
				least[l] = way < least[l] ? way : least[l];
			}
		}
		for (int l = 0; l < 16; l++)
			best[at + (uint32_t)l] = least[l];
	}
}

/* Four neighbours of a row at a time. */
typedef int32_t cch_four __attribute__((vector_size(16)));

static inline void four_hubs(const int32_t *row, cch_four *ret_times)
{
	cch_four v, is_hub;
	memcpy(&v, row, sizeof v);
	is_hub = -(v & 1);
	*ret_times = ((v >> 1) & is_hub) | (ROUTE_HUB_FAR & ~is_hub);
}

static void columns(int32_t *restrict table, const int32_t *const *row, uint32_t n_lanes, uint32_t n_rows,
		    int32_t *restrict least)
{
	for (uint32_t d = 0; d < n_rows; d += 4) {
		cch_four all = ROUTE_HUB_FAR - (cch_four){0};
		for (uint32_t l = 0; l < n_lanes; l += 4) {
			int32_t *to = table + (size_t)d * n_lanes + l;
			cch_four a, b, c, e;
			four_hubs(row[l] + d, &a);
			four_hubs(row[l + 1] + d, &b);
			four_hubs(row[l + 2] + d, &c);
			four_hubs(row[l + 3] + d, &e);
			cch_four ab = a < b, ce = c < e;
			ab = (a & ab) | (b & ~ab);
			ce = (c & ce) | (e & ~ce);
			cch_four is_ab = ab < ce;
			ab = (ab & is_ab) | (ce & ~is_ab);
			is_ab = ab < all;
			all = (ab & is_ab) | (all & ~is_ab);
			cch_four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
			cch_four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
			cch_four ce_low = __builtin_shufflevector(c, e, 0, 4, 1, 5);
			cch_four ce_high = __builtin_shufflevector(c, e, 2, 6, 3, 7);
			a = __builtin_shufflevector(ab_low, ce_low, 0, 1, 4, 5);
			b = __builtin_shufflevector(ab_low, ce_low, 2, 3, 6, 7);
			c = __builtin_shufflevector(ab_high, ce_high, 0, 1, 4, 5);
			e = __builtin_shufflevector(ab_high, ce_high, 2, 3, 6, 7);
			memcpy(to, &a, sizeof a);
			memcpy(to + n_lanes, &b, sizeof b);
			memcpy(to + 2 * (size_t)n_lanes, &c, sizeof c);
			memcpy(to + 3 * (size_t)n_lanes, &e, sizeof e);
		}
		memcpy(least + d, &all, sizeof all);
	}
}
