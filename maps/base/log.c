#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static const char *program_name = "zubringer";
static enum log_level level_max = LOG_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_open(const char *program, enum log_level level)
{
	program_name = program;
	level_max = level;
}

void log_line(enum log_level level, const char *format, ...)
{
	if (level > level_max)
		return;
	char line[2048], when[32] = "";
	struct timespec now;
	struct tm utc;
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	/* One call a line, so that lines of several threads do not mix. */
	fprintf(stderr, "%s %s %s: %s\n", level_names[level], when, program_name, line);
}
