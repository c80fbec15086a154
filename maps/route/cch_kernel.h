/* The inner loops, included once per processor (cch_kernel_*.c): plain C that the compiler vectorises. */
#include "cch.h"

static void relax(cch_label *restrict row, const cch_label *restrict from, cch_label add, uint32_t n)
{
	for (uint32_t j = 0; j < n; j++) {
		cch_label way = add + from[j];
		row[j] = way < row[j] ? way : row[j];
	}
}

static void eliminate(cch_label *front, uint32_t n, uint32_t n_out)
{
	for (uint32_t i = 0; i < n_out; i++) {
		const cch_label *from = front + (size_t)i * n;
		for (uint32_t p = i + 1; p < n; p++) {
			cch_label *row = front + (size_t)p * n, add = row[i];
			if (add < CCH_INFINITE)
				relax(row + i + 1, from + i + 1, add, n - i - 1);
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
