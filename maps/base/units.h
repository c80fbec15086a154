/* Units and ids used everywhere. Angles are integers of 1e-7 degrees (WGS84), lengths mm, times ms. */
#ifndef ZUB_UNITS_H
#define ZUB_UNITS_H

#include <stddef.h>
#include <stdint.h>

typedef int64_t instant_ms; /* milliseconds since 1970-01-01T00:00:00Z */

#define NONE UINT32_MAX		 /* "no index" in every uint32_t index column */
#define TIME_INFINITE UINT32_MAX /* a travel time: not allowed or not reachable */
#define INSTANT_NONE INT64_MIN

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
