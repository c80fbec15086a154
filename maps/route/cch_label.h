/* Labels of the contraction hierarchy: (time, distance) in one number, so that adding and comparing labels is adding
 * and comparing lexicographically. Sums of two labels never overflow; a sum with an infinite one is no better than
 * infinite. Bounds: paths under 2^30 ms (12 days) and under 4,294 km. With CCH_TIME_ONLY a label is the time alone. */
#ifndef ZUB_CCH_LABEL_H
#define ZUB_CCH_LABEL_H

#include "route.h"

#ifdef CCH_TIME_ONLY
typedef int32_t cch_label;
#define CCH_INFINITE ((cch_label)0x3fffffff)
#else
typedef int64_t cch_label;
#define CCH_INFINITE ((cch_label)0x3fffffffffffffff)
#endif

static inline cch_label cch_label_of(uint64_t time_ms, uint32_t dist_mm)
{
	if (time_ms >= 0x3fffffff)
		return CCH_INFINITE;
#ifdef CCH_TIME_ONLY
	(void)dist_mm;
	return (cch_label)time_ms;
#else
	return (cch_label)(time_ms << 32 | dist_mm);
#endif
}

static inline cch_label cch_label_min(cch_label a, cch_label b)
{
	return a < b ? a : b;
}

static inline struct route_result cch_label_result(cch_label label)
{
	if (label >= CCH_INFINITE)
		return (struct route_result){TIME_INFINITE, 0};
#ifdef CCH_TIME_ONLY
	return (struct route_result){(uint32_t)label, 0};
#else
	return (struct route_result){(uint32_t)(label >> 32), (uint32_t)label};
#endif
}

#endif
