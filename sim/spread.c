#include "spread.h"

#include <math.h>

double spread_t95(uint32_t degrees)
{
	static const double table[] = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281,
				       2.2010,	2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860,
				       2.0796,	2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423};
	const double z = 1.959964, n = degrees;
	if (degrees == 0)
		return NAN;
	if (degrees <= 30)
		return table[degrees - 1];
	/* Cornish and Fisher's expansion of t around the normal quantile (Abramowitz and Stegun 26.7.5) */
	return z + (z * z * z + z) / (4 * n) + (5 * pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * n * n);
}

static void add(struct spread *spread, double value, double *mean, double *squares)
{
	if (isnan(value))
		return;
	double before = value - *mean; /* Welford's update: no cancellation */
	spread->n++;
	*mean += before / spread->n;
	*squares += before * (value - *mean);
	if (spread->n == 1 || value < spread->least)
		spread->least = value;
	if (spread->n == 1 || value > spread->most)
		spread->most = value;
}

static struct spread finish(struct spread spread, double mean, double squares)
{
	if (spread.n == 0)
		return spread;
	spread.mean = mean;
	if (spread.n < 2)
		return spread;
	spread.sd = sqrt(squares / (spread.n - 1));
	double half = spread_t95(spread.n - 1) * spread.sd / sqrt(spread.n);
	spread.low = mean - half;
	spread.high = mean + half;
	return spread;
}

static struct spread nothing(void)
{
	return (struct spread){.mean = NAN, .sd = NAN, .low = NAN, .high = NAN, .least = NAN, .most = NAN};
}

struct spread spread_of(const double *values, uint32_t n)
{
	struct spread spread = nothing();
	double mean = 0, squares = 0;
	for (uint32_t i = 0; i < n; i++)
		add(&spread, values[i], &mean, &squares);
	return finish(spread, mean, squares);
}

struct spread spread_paired(const double *a, const double *b, uint32_t n)
{
	struct spread spread = nothing();
	double mean = 0, squares = 0;
	for (uint32_t i = 0; i < n; i++)
		add(&spread, b[i] - a[i], &mean, &squares);
	return finish(spread, mean, squares);
}
