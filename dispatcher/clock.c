#include "clock.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

uint32_t clock_calendar_s(void)
{
	return (uint32_t)(read_ms(CLOCK_REALTIME) / 1000);
}

int64_t clock_calendar_ms(void)
{
	return read_ms(CLOCK_REALTIME);
}

void clock_open(struct clock *clock, instant_ms start, uint32_t speed_permille, instant_ms resume_at)
{
	clock->start = start;
	if (start && resume_at != INSTANT_NONE)
		clock->start = resume_at;
	clock->wall_start_ms = clock_wall_ms();
	clock->speed_permille = start ? speed_permille : 1000;
	clock->last = resume_at != INSTANT_NONE ? resume_at : 0;
}

instant_ms clock_now(struct clock *clock)
{
	instant_ms now =
		clock->start ? clock->start + (clock_wall_ms() - clock->wall_start_ms) * clock->speed_permille / 1000
			     : read_ms(CLOCK_REALTIME);
	if (now > clock->last)
		clock->last = now;
	return clock->last;
}

int64_t clock_wall_until(struct clock *clock, instant_ms at)
{
	instant_ms now = clock_now(clock);
	if (at <= now)
		return 0;
	if (at - now > DAY_MS)
		return DAY_MS;
	return (at - now) * 1000 / clock->speed_permille + 1;
}
