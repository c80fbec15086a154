// link: zub_log
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"

static void lines_up_to_the_level(void **state)
{
	(void)state;
	char text[4096] = "", level[16], when[32], rest[64];
	FILE *file = tmpfile();
	int old = dup(STDERR_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	log_open("mapc", LOG_WARNING);
	log_line(LOG_INFO, "not shown");
	log_line(LOG_WARNING, "%d stops left out", 3);
	log_line(LOG_ERROR, "%3000d", 1); /* longer than a line may be: cut */
	dup2(old, STDERR_FILENO);
	close(old);
	rewind(file);
	size_t n = fread(text, 1, sizeof text - 1, file);
	fclose(file);
	assert_int_equal(sscanf(text, "%15s %31s %63[^\n]", level, when, rest), 3);
	assert_string_equal(level, "warning");
	assert_int_equal(strlen(when), strlen("2022-06-07T08:00:00Z"));
	assert_string_equal(rest, "mapc: 3 stops left out");
	assert_true(n > 2000 && n < 2200 && text[n - 1] == '\n');
	assert_null(strstr(text, "not shown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lines_up_to_the_level)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
