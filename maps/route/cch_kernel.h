/* The inner loops, included once per processor (cch_kernel_*.c): plain C that the compiler vectorises. */
#include "cch.h"

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
