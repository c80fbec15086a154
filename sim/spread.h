/* Several seeds of one scenario are a sample: mean, spread, and how sure one may be of the mean. Pure. */
#ifndef ZUB_SPREAD_H
#define ZUB_SPREAD_H

#include <stdint.h>

struct spread {
	uint32_t n;	  /* values that are known; NAN counts as not known */
	double mean, sd;  /* sample standard deviation (n - 1); NAN when it needs more values */
	double low, high; /* 95 % confidence interval of the mean by Student's t with n - 1 degrees of freedom; NAN for
			     n < 2 */
	double least, most;
};
/* All NAN when n is 0. */
struct spread spread_of(const double *values, uint32_t n);
/* Of the differences b[i] - a[i]: what common random numbers are for. */
struct spread spread_paired(const double *a, const double *b, uint32_t n);
/* Two-sided 95 % quantile of Student's t; degrees >= 1. Exact to four digits up to 30, then to about 1e-4. */
double spread_t95(uint32_t degrees);

#endif
