/* Service time. A real clock follows CLOCK_REALTIME but never steps back. A set clock starts at an instant and runs at
 * a speed; after a restart it resumes at the last journaled instant. */
#ifndef ZUB_CLOCK_H
#define ZUB_CLOCK_H

#include "units.h"

struct clock {
	instant_ms start;      /* 0 = real */
	int64_t wall_start_ms; /* monotonic, when start was set */
	uint32_t speed_permille;
	instant_ms last; /* highest instant given out */
};
/* start 0: the real clock. resume_at: last journaled instant, or INSTANT_NONE at the very first start. */
void clock_open(struct clock *clock, instant_ms start, uint32_t speed_permille, instant_ms resume_at);
/* Never less than what was given out before. */
instant_ms clock_now(struct clock *clock);
/* Wall milliseconds until service time reaches `at`, 0 when it has. */
int64_t clock_wall_until(struct clock *clock, instant_ms at);
/* Monotonic milliseconds, for time-outs. */
int64_t clock_wall_ms(void);
/* Seconds since 1970 by the calendar, whatever the service time: for epochs. */
uint32_t clock_calendar_s(void);
int64_t clock_calendar_ms(void);

#endif
